// What an account may ask about itself.

#include <algorithm>
#include <charconv>

#include "tools/venue/amount.hpp"
#include "tools/venue/coinbase/api.hpp"

namespace busbar::venue::coinbase {

namespace json = boost::json;

namespace {

constexpr std::size_t orders_max = 1'000, fills_usual = 100, accounts_usual = 49, accounts_max = 250;
constexpr std::uint64_t cursor_base = 700'000'000;  // so that nobody takes one for a position
const std::set<std::string> statuses{"PENDING", "OPEN",   "FILLED",        "CANCELLED",   "EXPIRED",
                                     "FAILED",  "QUEUED", "CANCEL_QUEUED", "EDIT_QUEUED", "UNKNOWN_ORDER_STATUS"};

// A number of `text`, or nothing; an empty text is `fallback`.
std::optional<std::uint64_t> number(const std::string& text, std::uint64_t fallback) {
  if (text.empty()) return fallback;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool asks_for(const std::set<std::string>& wanted, std::string_view value) {
  return wanted.empty() || wanted.contains(std::string{value});
}

// One page of a list: how many, and from where on.
struct Page {
  std::size_t limit = 0;
  std::uint64_t cursor = 0;
};
std::optional<Page> page_of(const Call& call, std::size_t usual, std::size_t most) {
  const auto limit = number(call.query_value("limit"), usual);
  const auto cursor = number(call.query_value("cursor"), 0);
  if (!limit || !cursor || *limit == 0 || (*cursor != 0 && *cursor < cursor_base)) return std::nullopt;
  return Page{std::min<std::size_t>(*limit, most), *cursor == 0 ? 0 : *cursor - cursor_base};
}
std::string cursor_at(std::uint64_t position) { return std::to_string(cursor_base + position); }

struct Window {
  std::optional<TimeUs> start, end;
  bool is_valid = true;
  bool holds(TimeUs time) const { return (!start || time >= *start) && (!end || time < *end); }
};
Window window_of(const Call& call, std::string_view start_name, std::string_view end_name) {
  Window window;
  const auto read = [&](std::string_view name, std::optional<TimeUs>& bound) {
    const std::string text = call.query_value(name);
    if (text.empty()) return;
    bound = time_from(text);
    window.is_valid = window.is_valid && bound;
  };
  read(start_name, window.start);
  read(end_name, window.end);
  return window;
}

}  // namespace

// Newest first. An order that is older than the page's last one stays where it is, however many come on top.
Reply Api::orders(const Call& call, AccountId account) {
  const auto page = page_of(call, orders_max, orders_max);
  const Window window = window_of(call, "start_date", "end_date");
  const auto order_ids = call.query_values("order_ids"), product_ids = call.query_values("product_ids"),
             wanted_statuses = call.query_values("order_status"), types = call.query_values("order_types"),
             sides = call.query_values("order_side"), times_in_force = call.query_values("time_in_forces");
  if (!page) return failure(400, "INVALID_ARGUMENT", "limit or cursor is not valid");
  if (!window.is_valid) return failure(400, "INVALID_ARGUMENT", "start_date and end_date must be RFC 3339");
  for (const std::string& status : wanted_statuses) {
    if (!statuses.contains(status)) return failure(400, "INVALID_ARGUMENT", "order_status is not valid: " + status);
  }
  const std::string product_type = call.query_value("product_type");
  const bool is_spot = product_type.empty() || product_type == "SPOT" || product_type == "UNKNOWN_PRODUCT_TYPE";
  const auto& tickets = ledger_.all();
  std::size_t index = page->cursor == 0 ? tickets.size() : std::min<std::size_t>(page->cursor, tickets.size());
  json::array list;
  const auto fits = [&](const Ticket& ticket) {  // what costs most is asked last: a list goes through all orders
    if (ticket.account != account) return false;
    const Order& order = order_of(ticket);
    if (!asks_for(order_ids, ticket.order_id) || !asks_for(product_ids, ticket.product_id) ||
        !asks_for(wanted_statuses, shown_status(order, ticket)) || !window.holds(order.created) || is_hidden(order)) {
      return false;
    }
    if (types.empty() && sides.empty() && times_in_force.empty()) return true;
    const json::object shape = order_shape(order, ticket, {});
    const auto member = [&](std::string_view name) { return std::string_view{shape.at(name).get_string()}; };
    return asks_for(types, member("order_type")) && asks_for(sides, member("side")) &&
           asks_for(times_in_force, member("time_in_force"));
  };
  while (index > 0 && list.size() < page->limit && is_spot) {
    const Ticket& ticket = tickets[--index];
    if (fits(ticket)) {
      list.push_back(order_shape(order_of(ticket), ticket, owner_of(account)));
    }
  }
  bool has_next = false;
  for (std::size_t rest = index; rest > 0 && is_spot && !has_next; --rest) {
    has_next = fits(tickets[rest - 1]);
  }
  Reply reply;
  reply.body = json::object{{"orders", std::move(list)},
                            {"sequence", "0"},
                            {"has_next", has_next},
                            {"cursor", has_next ? cursor_at(index) : ""},
                            {"proof_token_required", false}};
  return reply;
}

Reply Api::order(const Call& call, AccountId account) {
  const Ticket* ticket = ledger_.find(call.id);
  if (ticket == nullptr || ticket->account != account || is_hidden(order_of(*ticket))) {
    return failure(404, "unknown", "order with this orderID was not found");
  }
  Reply reply;
  reply.body = json::object{{"order", order_shape(order_of(*ticket), *ticket, owner_of(account))}};
  return reply;
}

Reply Api::fills(const Call& call, AccountId account) {
  const auto page = page_of(call, fills_usual, static_cast<std::size_t>(limits_.settings().fills_page));
  const Window window = window_of(call, "start_sequence_timestamp", "end_sequence_timestamp");
  if (!page) return failure(400, "INVALID_ARGUMENT", "limit or cursor is not valid");
  if (!window.is_valid) return failure(400, "INVALID_ARGUMENT", "the timestamps must be RFC 3339");
  std::set<std::string> order_ids = call.query_values("order_ids"), product_ids = call.query_values("product_ids");
  const std::set<std::string> trade_ids = call.query_values("trade_ids");
  order_ids.merge(call.query_values("order_id"));  // the older names of both
  product_ids.merge(call.query_values("product_id"));
  const auto& trades = engine_.account_trades(account);
  std::size_t index = page->cursor == 0 ? trades.size() : std::min<std::size_t>(page->cursor, trades.size());
  TimeUs oldest = order_ids.empty() ? 0 : now_();  // of these orders: no fill is older
  for (const std::string& id : order_ids) {
    if (const Ticket* ticket = ledger_.find(id)) oldest = std::min(oldest, order_of(*ticket).created);
  }
  json::array list;
  while (index > 0 && list.size() < page->limit) {
    const AccountTrade& trade = trades[--index];
    if (trade.time < oldest) {
      index = 0;
      break;
    }
    const Ticket* ticket = ledger_.find(trade.symbol, trade.order_id);
    if (!asks_for(order_ids, ticket->order_id) || !asks_for(product_ids, ticket->product_id) ||
        !window.holds(trade.time) || is_hidden(order_of(*ticket))) {
      continue;
    }
    const FillName name = fill_name(trade.symbol, trade.fill.trade_id, trade.order_id);
    if (asks_for(trade_ids, name.trade_id)) list.push_back(fill_shape(trade, *ticket, owner_of(account), name));
  }
  Reply reply;
  reply.body = json::object{{"fills", std::move(list)}, {"cursor", index > 0 ? cursor_at(index) : ""}};
  return reply;
}

json::object Api::account_shape(AccountId account, const std::string& asset) const {
  const auto& balances = engine_.accounts()[account].balances;
  const auto found = balances.find(asset);
  const Balance balance = found == balances.end() ? Balance{} : found->second;
  const auto amount = [&](Decimal value) { return json::object{{"value", plain(value)}, {"currency", asset}}; };
  return {{"uuid", ledger_.uuid("account " + asset, account)},
          {"name", asset + " Wallet"},
          {"currency", asset},
          {"available_balance", amount(balance.free)},
          {"default", true},
          {"active", true},
          {"created_at", "2023-06-07T17:30:40.425Z"},
          {"updated_at", rfc3339(engine_.accounts()[account].updated)},
          {"deleted_at", nullptr},
          {"type", is_fiat(asset) ? "ACCOUNT_TYPE_FIAT" : "ACCOUNT_TYPE_CRYPTO"},
          {"ready", true},
          {"hold", amount(balance.locked)},
          {"retail_portfolio_id", owner_of(account).portfolio_id},
          {"platform", "ACCOUNT_PLATFORM_CONSUMER"}};
}

Reply Api::accounts(const Call& call, AccountId account) {
  const auto page = page_of(call, accounts_usual, accounts_max);
  if (!page) return failure(400, "INVALID_ARGUMENT", "limit or cursor is not valid");
  json::array list;
  std::size_t index = 0;
  const auto& balances = engine_.accounts()[account].balances;
  for (const auto& [asset, unused] : balances) {
    if (index++ < page->cursor) continue;
    if (list.size() == page->limit) {
      --index;
      break;
    }
    list.push_back(account_shape(account, asset));
  }
  const bool has_next = index < balances.size();
  Reply reply;
  const auto size = static_cast<std::int64_t>(list.size());
  reply.body = json::object{{"accounts", std::move(list)},
                            {"has_next", has_next},
                            {"cursor", has_next ? cursor_at(index) : ""},
                            {"size", size}};
  return reply;
}

Reply Api::account(const Call& call, AccountId account) {
  for (const auto& [asset, unused] : engine_.accounts()[account].balances) {
    if (ledger_.uuid("account " + asset, account) != call.id) continue;
    Reply reply;
    reply.body = json::object{{"account", account_shape(account, asset)}};
    return reply;
  }
  return failure(404, "NOT_FOUND", "account with this uuid was not found");
}

json::object Api::portfolio_shape(AccountId account) const {
  return {{"name", engine_.accounts()[account].name},
          {"uuid", owner_of(account).portfolio_id},
          {"type", "DEFAULT"},
          {"deleted", false}};
}

Reply Api::portfolios(const Call& call, AccountId account) {
  json::array list;
  const std::string type = call.query_value("portfolio_type");
  if (type.empty() || type == "DEFAULT" || type == "UNDEFINED") list.push_back(portfolio_shape(account));
  Reply reply;
  reply.body = json::object{{"portfolios", std::move(list)}};
  return reply;
}

// What everything is worth stands in the first fiat currency's own units where a market tells, and else nowhere.
Reply Api::portfolio(const Call& call, AccountId account) {
  const std::string portfolio_id = owner_of(account).portfolio_id;
  if (call.id != portfolio_id) return failure(404, "NOT_FOUND", "portfolio not found");
  json::array positions;
  Decimal cash, crypto;
  const auto amount = [](Decimal value) { return json::object{{"value", plain(value)}, {"currency", "USD"}}; };
  for (const auto& [asset, balance] : engine_.accounts()[account].balances) {
    const Decimal total = plus(balance.free, balance.locked);
    const Product* product = products_.find(asset + "-USD");
    const Decimal price = is_fiat(asset) || asset == "USDC" ? Decimal{1, 0}
                          : product != nullptr              ? engine_.last_price(product->symbol)
                                                            : Decimal{};
    const Decimal worth = multiply(total.normalized(), price.normalized()).value_or(Decimal{});
    (is_fiat(asset) ? cash : crypto) = plus(is_fiat(asset) ? cash : crypto, worth);
    positions.push_back(json::object{
        {"asset", asset},
        {"account_uuid", ledger_.uuid("account " + asset, account)},
        {"total_balance_fiat", plain(worth)},
        {"total_balance_crypto", plain(total)},
        {"available_to_trade_fiat", plain(multiply(balance.free.normalized(), price.normalized()).value_or(Decimal{}))},
        {"available_to_trade_crypto", plain(balance.free)},
        {"allocation", "0"},
        {"cost_basis", amount({})},
        {"is_cash", is_fiat(asset)}});
  }
  json::object balances{{"total_balance", amount(plus(cash, crypto))},
                        {"total_futures_balance", amount({})},
                        {"total_cash_equivalent_balance", amount(cash)},
                        {"total_crypto_balance", amount(crypto)}};
  json::object breakdown{{"portfolio", portfolio_shape(account)},
                         {"portfolio_balances", std::move(balances)},
                         {"spot_positions", std::move(positions)},
                         {"perp_positions", json::array{}},
                         {"futures_positions", json::array{}}};
  Reply reply;
  reply.body = json::object{{"breakdown", std::move(breakdown)}};
  return reply;
}

Reply Api::transaction_summary(const Call&, AccountId account) {
  const Account& facts = engine_.accounts()[account];
  Decimal volume, fees;
  for (const AccountTrade& trade : engine_.account_trades(account)) {
    volume = plus(volume, trade.fill.quote);
    fees = plus(fees, trade.fill.commission);
  }
  json::object tier{{"pricing_tier", "Advanced 1"},
                    {"usd_from", "0"},
                    {"usd_to", "1000"},
                    {"taker_fee_rate", plain(facts.taker_rate)},
                    {"maker_fee_rate", plain(facts.maker_rate)},
                    {"aop_from", ""},
                    {"aop_to", ""}};
  Reply reply;
  reply.body = json::object{{"total_volume", plain(volume)},
                            {"total_fees", plain(fees)},
                            {"fee_tier", std::move(tier)},
                            {"margin_rate", nullptr},
                            {"goods_and_services_tax", nullptr},
                            {"advanced_trade_only_volume", plain(volume)},
                            {"advanced_trade_only_fees", plain(fees)},
                            {"coinbase_pro_volume", "0"},
                            {"coinbase_pro_fees", "0"},
                            {"total_balance", ""},
                            {"has_promo_fee", false}};
  return reply;
}

Reply Api::key_permissions(const Call&, AccountId account) {
  Reply reply;
  reply.body = json::object{{"can_view", last_permissions_.can_view},
                            {"can_trade", last_permissions_.can_trade},
                            {"can_transfer", last_permissions_.can_transfer},
                            {"portfolio_uuid", owner_of(account).portfolio_id},
                            {"portfolio_type", "DEFAULT"}};
  return reply;
}

}  // namespace busbar::venue::coinbase
