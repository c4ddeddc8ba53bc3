// What an account may ask about itself and its orders, and about what may be traded when.

#include <algorithm>
#include <charconv>
#include <set>

#include "tools/venue/alpaca/api.hpp"
#include "tools/venue/amount.hpp"

namespace busbar::venue::alpaca {

namespace json = boost::json;

namespace {

constexpr std::size_t orders_usual = 50, orders_max = 500, activities_max = 100;
constexpr TimeUs one_day = 86'400'000'000;

std::optional<std::size_t> count_in(const std::string& text, std::size_t usual, std::size_t most) {
  if (text.empty()) return usual;
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0 || value > most) return std::nullopt;
  return value;
}

// A date is its New York midnight.
std::optional<TimeUs> moment_in(const std::string& text) {
  if (text.size() != 10) return time_from(text);
  const auto date = date_from(text);
  return date ? std::optional{new_york_midnight(*date)} : std::nullopt;
}

std::set<std::string> listed(const std::string& text) {
  std::set<std::string> result;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) result.insert(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

// "20220202135509981::<uuid>": New York's time in milliseconds.
std::string activity_id(TimeUs time, const std::string& uuid) {
  std::string digits = new_york_time(time, 3).substr(0, 23);
  std::erase_if(digits, [](char c) { return c < '0' || c > '9'; });
  return digits + "::" + uuid;
}

const std::set<std::string> activity_types{"FILL", "TRANS", "MISC", "ACATC", "ACATS", "CFEE", "CSD",  "CSW", "DIV",
                                           "FEE",  "INT",   "JNL",  "JNLC",  "JNLS",  "MA",   "NC",   "OPASN",
                                           "OPEXP", "OPXRC", "PTC", "PTR",   "REORG", "SC",   "SSO",  "SSP"};

}  // namespace

Reply Api::order(const Call& call, AccountId account) {
  const bool is_uuid = call.id.size() == 36 && std::count(call.id.begin(), call.id.end(), '-') == 4;
  if (!is_uuid) return failure(invalid("order_id is missing"));
  const Ticket* ticket = own(account, call.id);
  if (ticket == nullptr || is_hidden(order_of(*ticket))) {
    return failure(404, 40410000, "order not found for " + call.id);
  }
  Reply reply;
  reply.body = shape(*ticket, true);
  return reply;
}

Reply Api::order_by_client_id(const Call& call, AccountId account) {
  const std::string name = call.query_value("client_order_id");
  const Ticket* ticket = ledger_.find_by_client_id(account, name);
  if (ticket == nullptr || is_hidden(order_of(*ticket))) {
    return failure(404, 40410000, "order not found for " + name);
  }
  Reply reply;
  reply.body = shape(*ticket, true);
  return reply;
}

// By the time they were submitted; both bounds are outside.
Reply Api::orders(const Call& call, AccountId account) {
  const auto limit = count_in(call.query_value("limit"), orders_usual, orders_max);
  if (!limit) return failure(invalid("limit must be between 1 and 500"));
  std::string status = call.query_value("status");
  if (status.empty()) status = "open";
  if (status != "open" && status != "closed" && status != "all") return failure(invalid("invalid status"));
  const std::string direction = call.query_value("direction"), side = call.query_value("side");
  if (!direction.empty() && direction != "asc" && direction != "desc") return failure(invalid("invalid direction"));
  std::optional<TimeUs> after, until;
  for (const auto& [name, bound] : {std::pair{"after", &after}, std::pair{"until", &until}}) {
    const std::string text = call.query_value(name);
    if (text.empty()) continue;
    *bound = moment_in(text);
    if (!*bound) return failure(invalid(std::string{name} + " must be a timestamp"));
  }
  const auto symbols = listed(call.query_value("symbols")), classes = listed(call.query_value("asset_class"));
  const std::string nested = call.query_value("nested");
  const bool is_nested = nested == "true" || nested == "1" || nested == "True";
  const auto bound_of = [&](const char* name) -> std::optional<std::size_t> {
    const Ticket* ticket = ledger_.find(call.query_value(name));
    return ticket == nullptr ? std::nullopt : std::optional{ticket->index};
  };
  const auto before_order = bound_of("before_order_id"), after_order = bound_of("after_order_id");
  const auto has_status = [&](const Ticket& ticket) {
    return status == "all" || order_of(ticket).is_open() == (status == "open");
  };
  const auto fits = [&](const Ticket& ticket) {
    if (ticket.account != account || !has_status(ticket)) return false;
    const bool is_under_another = is_nested && ticket.parent && has_status(ledger_.all()[*ticket.parent]);
    if (is_under_another) return false;
    const Order& order = order_of(ticket);
    if (is_hidden(order)) return false;
    if ((after && order.created <= *after) || (until && order.created >= *until)) return false;
    if ((before_order && ticket.index >= *before_order) || (after_order && ticket.index <= *after_order)) return false;
    const Asset& asset = assets_.of(ticket.symbol);
    const std::string& symbol = engine_.symbol(ticket.symbol).name;
    const bool is_asked =
        symbols.empty() || symbols.contains(symbol) || symbols.contains(assets_.position_symbol(asset));
    if (!is_asked || (!side.empty() && side != (order.side == Side::Buy ? "buy" : "sell"))) return false;
    return classes.empty() || classes.contains(std::string{name_of(asset.asset_class)});
  };
  json::array list;
  const auto& tickets = ledger_.all();
  for (std::size_t i = 0; i < tickets.size() && list.size() < *limit; ++i) {
    const Ticket& ticket = direction == "asc" ? tickets[i] : tickets[tickets.size() - 1 - i];
    if (fits(ticket)) list.push_back(shape(ticket, is_nested));
  }
  Reply reply;
  reply.body = std::move(list);
  return reply;
}

Decimal Api::free(AccountId account, const std::string& asset) const {
  const auto& balances = engine_.accounts()[account].balances;
  const auto found = balances.find(asset);
  return found == balances.end() ? Decimal{} : found->second.free;
}

// Where there was no trade before today: what it began with.
Decimal Api::last_day_price(SymbolId symbol) const {
  const TimeUs midnight = new_york_midnight(new_york_date(now_()));
  Decimal price = engine_.symbol(symbol).start_price;
  for (const Trade& trade : history_.trades(symbol)) {
    if (trade.time < midnight) price = trade.price;
  }
  return price;
}

Reply Api::account(const Call&, AccountId account) {
  const Account& engines = engine_.accounts()[account];
  Decimal cash, free_cash, market_value, last_value;
  for (const auto& [asset, balance] : engines.balances) {
    const Decimal all = plus(balance.free, balance.locked);
    if (asset == "USD") {
      cash = all;
      free_cash = balance.free;
    } else if (const Asset* traded = assets_.of_holding(asset)) {
      market_value = plus(market_value, product(all, engine_.last_price(traded->symbol)));
      last_value = plus(last_value, product(all, last_day_price(traded->symbol)));
    }
  }
  const std::string equity = plain(plus(cash, market_value)), spendable = plain(free_cash);
  const std::string id = ledger_.uuid("account", account);
  Reply reply;
  reply.body = json::object{{"id", id},
                            {"admin_configurations", json::object{}},
                            {"user_configurations", nullptr},
                            {"account_number", "PA" + std::to_string(300'000'000 + account)},
                            {"status", "ACTIVE"},
                            {"crypto_status", "ACTIVE"},
                            {"currency", "USD"},
                            {"buying_power", spendable},
                            {"regt_buying_power", spendable},
                            {"daytrading_buying_power", "0"},
                            {"effective_buying_power", spendable},
                            {"non_marginable_buying_power", spendable},
                            {"options_buying_power", spendable},
                            {"bod_dtbp", "0"},
                            {"cash", plain(cash)},
                            {"accrued_fees", "0"},
                            {"pending_transfer_in", "0"},
                            {"portfolio_value", equity},
                            {"pattern_day_trader", false},
                            {"trading_blocked", false},
                            {"transfers_blocked", false},
                            {"account_blocked", false},
                            {"created_at", rfc3339(1'704'189'600'000'000)},
                            {"trade_suspended_by_user", !engines.may_trade},
                            {"multiplier", "1"},
                            {"shorting_enabled", false},
                            {"equity", equity},
                            {"last_equity", plain(plus(cash, last_value))},
                            {"long_market_value", plain(market_value)},
                            {"short_market_value", "0"},
                            {"position_market_value", plain(market_value)},
                            {"initial_margin", plain(market_value)},
                            {"maintenance_margin", plain(market_value)},
                            {"last_maintenance_margin", plain(last_value)},
                            {"sma", "0"},
                            {"daytrade_count", 0},
                            {"balance_asof", date_text(new_york_date(now_() - one_day))},
                            {"crypto_tier", 1},
                            {"options_approved_level", 0},
                            {"options_trading_level", 0},
                            {"intraday_adjustments", "0"},
                            {"pending_reg_taf_fees", "0"}};
  return reply;
}

Reply Api::configurations(const Call&, AccountId account) {
  Reply reply;
  reply.body = json::object{{"dtbp_check", "entry"},
                            {"trade_confirm_email", "all"},
                            {"suspend_trade", !engine_.accounts()[account].may_trade},
                            {"no_shorting", true},
                            {"fractional_trading", true},
                            {"max_margin_multiplier", "1"},
                            {"max_options_trading_level", 0},
                            {"pdt_check", "entry"},
                            {"disable_overnight_trading", true},
                            {"ptp_no_exception_entry", false}};
  return reply;
}

Reply Api::activities_of_type(const Call& call, AccountId account) {
  if (!activity_types.contains(call.id)) return failure(invalid("invalid activity type: " + call.id));
  Call asked = call;
  asked.query.emplace_back("activity_types", call.id);
  return activities(asked, account);
}

Reply Api::activities(const Call& call, AccountId account) {
  const auto types = listed(call.query_value("activity_types"));
  for (const std::string& type : types) {
    if (!activity_types.contains(type)) return failure(invalid("invalid activity type: " + type));
  }
  const auto limit = count_in(call.query_value("page_size"), activities_max, activities_max);
  if (!limit) return failure(invalid("page_size must be between 1 and 100"));
  std::optional<TimeUs> after, until;
  for (const auto& [name, bound] : {std::pair{"after", &after}, std::pair{"until", &until}}) {
    const std::string text = call.query_value(name);
    if (text.empty()) continue;
    *bound = moment_in(text);
    if (!*bound) return failure(invalid(std::string{name} + " must be a timestamp"));
  }
  if (const std::string text = call.query_value("date"); !text.empty()) {
    const auto date = date_from(text);
    if (!date) return failure(invalid("date must be a date"));
    after = new_york_midnight(*date) - 1;
    until = new_york_midnight(*date + std::chrono::days{1});
  }
  const std::string direction = call.query_value("direction"), token = call.query_value("page_token");
  std::vector<json::object> fills;
  std::map<std::pair<SymbolId, std::uint64_t>, Decimal> done;
  if (types.empty() || types.contains("FILL")) {
    for (const AccountTrade& trade : engine_.account_trades(account)) {
      const Ticket* ticket = ledger_.find(trade.symbol, trade.order_id);
      if (ticket == nullptr) continue;
      Decimal& cum = done[{trade.symbol, trade.order_id}];
      cum = plus(cum, trade.fill.qty);
      if ((after && trade.time <= *after) || (until && trade.time >= *until)) continue;
      const Order& order = order_of(*ticket);
      const bool is_last = order.status == Status::Filled && cum == order.executed;
      const Decimal whole = ticket->notional ? order.executed : order.qty;
      fills.push_back({{"id", activity_id(trade.time, fill_uuid(trade.symbol, trade.fill.trade_id, trade.order_id))},
                       {"activity_type", "FILL"},
                       {"transaction_time", rfc3339(trade.time)},
                       {"type", is_last ? "fill" : "partial_fill"},
                       {"price", plain(trade.fill.price)},
                       {"qty", plain(trade.fill.qty)},
                       {"side", trade.side == Side::Buy ? "buy" : "sell"},
                       {"symbol", engine_.symbol(trade.symbol).name},
                       {"leaves_qty", plain(minus(whole, cum))},
                       {"order_id", ticket->order_id},
                       {"cum_qty", plain(cum)},
                       {"order_status", is_last ? "filled" : "partially_filled"}});
    }
  }
  if (direction != "asc") std::reverse(fills.begin(), fills.end());
  auto first = fills.begin();
  if (!token.empty()) {
    first = std::find_if(fills.begin(), fills.end(),
                         [&](const json::object& fill) { return fill.at("id").get_string() == token; });
    if (first == fills.end()) return failure(invalid("invalid page_token"));
    ++first;
  }
  json::array list;
  for (; first != fills.end() && list.size() < *limit; ++first) list.push_back(std::move(*first));
  Reply reply;
  reply.body = std::move(list);
  return reply;
}

json::object Api::position_of(AccountId account, const std::string& base, const Asset& asset) const {
  return position_shape(asset, assets_.position_symbol(asset), ledger_.holding(account, base), free(account, base),
                        engine_.last_price(asset.symbol), last_day_price(asset.symbol));
}

Reply Api::positions(const Call&, AccountId account) {
  json::array list;
  for (const auto& [base, balance] : engine_.accounts()[account].balances) {
    const Asset* asset = base == "USD" ? nullptr : assets_.of_holding(base);
    if (asset == nullptr || !ledger_.holding(account, base).qty.is_positive()) continue;
    list.push_back(position_of(account, base, *asset));
  }
  Reply reply;
  reply.body = std::move(list);
  return reply;
}

// What an account holds under a name, be it a symbol or an asset's id.
std::optional<std::string> Api::held_as(AccountId account, const std::string& name, const Asset*& asset) const {
  const Asset* named = assets_.find(name);
  if (named == nullptr) return std::nullopt;
  const std::string& base = engine_.symbol(named->symbol).base;
  asset = assets_.of_holding(base);
  if (asset == nullptr || !ledger_.holding(account, base).qty.is_positive()) return std::nullopt;
  return base;
}

Reply Api::position(const Call& call, AccountId account) {
  if (assets_.find(call.id) == nullptr) return failure(404, 40410000, "symbol not found: " + call.id);
  const Asset* asset = nullptr;
  const auto base = held_as(account, call.id, asset);
  if (!base) return failure(404, 40410000, "position does not exist");
  Reply reply;
  reply.body = position_of(account, *base, *asset);
  return reply;
}

Reply Api::close_position(const Call& call, AccountId account) {
  const Asset* asset = nullptr;
  const auto base = held_as(account, call.id, asset);
  if (!base) return failure(404, 40410000, "position does not exist");
  const Decimal all = ledger_.holding(account, *base).qty, step = engine_.symbol(asset->symbol).step;
  const std::string qty = call.query_value("qty"), percentage = call.query_value("percentage");
  if (!qty.empty() && !percentage.empty()) return failure(invalid("only one of qty or percentage is accepted"));
  std::optional<Decimal> wanted = all;
  if (!qty.empty()) wanted = amount_in(json::value(qty));
  if (!percentage.empty()) {
    wanted = amount_in(json::value(percentage));
    if (wanted && *wanted > Decimal{100, 0}) wanted.reset();
    if (wanted) wanted = product(all, times(*wanted, Decimal{1, -2}));
  }
  if (wanted) wanted = round_to(*wanted, step, Round::Down);
  if (!wanted || !wanted->is_positive()) return failure(invalid("qty must be > 0"));
  WantedOrder order;
  order.asset = asset;
  order.type = "market";
  order.time_in_force = asset->is_crypto() ? "gtc" : "day";
  order.order.type = OrderType::Market;
  order.order.side = Side::Sell;
  order.order.qty = *wanted;
  return submit(account, std::move(order));
}

Reply Api::close_positions(const Call& call, AccountId account) {
  json::array results;
  if (call.query_value("cancel_orders") == "true") {
    const Reply all_canceled = cancel_all(call, account);
    for (const json::value& canceled : all_canceled.body.get_array()) {
      json::object result = canceled.get_object();
      results.push_back(json::object{{"symbol", result.at("id")}, {"status", result.at("status")}});
    }
  }
  const Reply all = positions(call, account);
  for (const json::value& position : all.body.get_array()) {
    Call one = call;
    one.id = std::string{position.at("symbol").get_string()};
    one.query.clear();
    Reply closed = close_position(one, account);
    results.push_back(json::object{{"symbol", one.id}, {"status", closed.status}, {"body", std::move(closed.body)}});
  }
  Reply reply;
  reply.status = 207;
  reply.body = std::move(results);
  return reply;
}

Reply Api::list_assets(const Call& call, AccountId) {
  const std::string status = call.query_value("status"), asset_class = call.query_value("asset_class"),
                    exchange = call.query_value("exchange");
  json::array list;
  for (const Asset& asset : assets_.all()) {
    const bool is_asked = (status.empty() || status == "active" || status == "all") &&
                          (asset_class.empty() || asset_class == name_of(asset.asset_class)) &&
                          (exchange.empty() || exchange == asset.exchange);
    if (is_asked) list.push_back(asset_shape(asset, engine_.symbol(asset.symbol)));
  }
  Reply reply;
  reply.body = std::move(list);
  return reply;
}

Reply Api::asset(const Call& call, AccountId) {
  const Asset* asset = assets_.find(call.id);
  if (asset == nullptr) return failure(404, 40410000, "asset not found for " + call.id);
  Reply reply;
  reply.body = asset_shape(*asset, engine_.symbol(asset->symbol));
  return reply;
}

Reply Api::clock(const Call&, AccountId) {
  const MarketHours::Clock clock = hours_.clock(now_());
  Reply reply;
  reply.body = json::object{{"timestamp", new_york_time(clock.timestamp, 9)},
                            {"is_open", clock.is_open},
                            {"next_open", new_york_time(clock.next_open, 0)},
                            {"next_close", new_york_time(clock.next_close, 0)}};
  return reply;
}

Reply Api::calendar(const Call& call, AccountId) {
  using std::chrono::days;
  const auto today = new_york_date(hours_.market_time(now_()));
  auto start = today - days{365}, end = today + days{365};
  for (const auto& [name, bound] : {std::pair{"start", &start}, std::pair{"end", &end}}) {
    const std::string text = call.query_value(name);
    const auto date = text.empty() ? std::optional{*bound} : date_from(text);
    if (!date) return failure(invalid(std::string{name} + " must be a date"));
    *bound = *date;
  }
  if (end - start > days{20'000}) return failure(invalid("the range is too long"));
  json::array list;
  for (auto date = start; date <= end; date += days{1}) {
    const auto session = hours_.session(date, now_());
    if (!session) continue;
    list.push_back(json::object{{"date", date_text(date)},
                                {"open", session->open_text},
                                {"close", session->close_text},
                                {"session_open", session->session_open},
                                {"session_close", session->session_close}});
  }
  Reply reply;
  reply.body = std::move(list);
  return reply;
}

}  // namespace busbar::venue::alpaca
