#include "tools/venue/alpaca/api.hpp"

#include <algorithm>

namespace busbar::venue::alpaca {
namespace {

namespace json = boost::json;

constexpr std::size_t tops_max = 5'000;

}  // namespace

// A class, for it names the private functions of another. What is more exact stands first.
struct Operations {
#define STOCKS "/v2/stocks"
#define CRYPTO "/v1beta3/crypto/us"
  static constexpr Operation all[] = {
      {"order.place", "POST", "/v2/orders", Access::Trade, true, &Api::place},
      {"orders", "GET", "/v2/orders", Access::Read, false, &Api::orders},
      {"order.cancel_all", "DELETE", "/v2/orders", Access::Trade, true, &Api::cancel_all},
      {"order.by_client_id", "GET", "/v2/orders:by_client_order_id", Access::Read, false, &Api::order_by_client_id},
      {"order.status", "GET", "/v2/orders/{}", Access::Read, false, &Api::order},
      {"order.cancel", "DELETE", "/v2/orders/{}", Access::Trade, true, &Api::cancel},
      {"order.replace", "PATCH", "/v2/orders/{}", Access::Trade, true, &Api::replace},
      {"account", "GET", "/v2/account", Access::Read, false, &Api::account},
      {"configurations", "GET", "/v2/account/configurations", Access::Read, false, &Api::configurations},
      {"activities", "GET", "/v2/account/activities", Access::Read, false, &Api::activities},
      {"activities", "GET", "/v2/account/activities/{}", Access::Read, false, &Api::activities_of_type},
      {"positions", "GET", "/v2/positions", Access::Read, false, &Api::positions},
      {"position", "GET", "/v2/positions/{}", Access::Read, false, &Api::position},
      {"position.close", "DELETE", "/v2/positions/{}", Access::Trade, true, &Api::close_position},
      {"position.close_all", "DELETE", "/v2/positions", Access::Trade, true, &Api::close_positions},
      {"assets", "GET", "/v2/assets", Access::Read, false, &Api::list_assets},
      {"asset", "GET", "/v2/assets/{}", Access::Read, false, &Api::asset},
      {"clock", "GET", "/v2/clock", Access::Read, false, &Api::clock},
      {"calendar", "GET", "/v2/calendar", Access::Read, false, &Api::calendar},
      {"latest_bars", "GET", STOCKS "/bars/latest", Access::Data, false, &Api::stock_latest_bars},
      {"latest_trades", "GET", STOCKS "/trades/latest", Access::Data, false, &Api::stock_latest_trades},
      {"latest_quotes", "GET", STOCKS "/quotes/latest", Access::Data, false, &Api::stock_latest_quotes},
      {"snapshots", "GET", STOCKS "/snapshots", Access::Data, false, &Api::stock_snapshots},
      {"bars", "GET", STOCKS "/bars", Access::Data, false, &Api::stock_bars},
      {"trades", "GET", STOCKS "/trades", Access::Data, false, &Api::stock_trades},
      {"quotes", "GET", STOCKS "/quotes", Access::Data, false, &Api::stock_quotes},
      {"latest_bars", "GET", STOCKS "/{}/bars/latest", Access::Data, false, &Api::stock_latest_bars},
      {"latest_trades", "GET", STOCKS "/{}/trades/latest", Access::Data, false, &Api::stock_latest_trades},
      {"latest_quotes", "GET", STOCKS "/{}/quotes/latest", Access::Data, false, &Api::stock_latest_quotes},
      {"snapshots", "GET", STOCKS "/{}/snapshot", Access::Data, false, &Api::stock_snapshots},
      {"bars", "GET", STOCKS "/{}/bars", Access::Data, false, &Api::stock_bars},
      {"trades", "GET", STOCKS "/{}/trades", Access::Data, false, &Api::stock_trades},
      {"quotes", "GET", STOCKS "/{}/quotes", Access::Data, false, &Api::stock_quotes},
      {"bars", "GET", CRYPTO "/bars", Access::OpenData, false, &Api::crypto_bars},
      {"trades", "GET", CRYPTO "/trades", Access::OpenData, false, &Api::crypto_trades},
      {"quotes", "GET", CRYPTO "/quotes", Access::OpenData, false, &Api::crypto_quotes},
      {"latest_bars", "GET", CRYPTO "/latest/bars", Access::OpenData, false, &Api::crypto_latest_bars},
      {"latest_trades", "GET", CRYPTO "/latest/trades", Access::OpenData, false, &Api::crypto_latest_trades},
      {"latest_quotes", "GET", CRYPTO "/latest/quotes", Access::OpenData, false, &Api::crypto_latest_quotes},
      {"latest_books", "GET", CRYPTO "/latest/orderbooks", Access::OpenData, false, &Api::crypto_latest_books},
      {"snapshots", "GET", CRYPTO "/snapshots", Access::OpenData, false, &Api::crypto_snapshots},
  };
#undef STOCKS
#undef CRYPTO
};

Api::Api(Engine& engine, History& history, std::vector<AssetSettings> assets, const HoursSettings& hours,
         const LimitSettings& limits, const Rules& rules, std::uint64_t seed, std::function<TimeUs()> now,
         OnEvents on_events)
    : engine_{engine}, history_{history}, assets_{engine, std::move(assets)}, hours_{hours}, limits_{limits},
      rules_{rules}, ledger_{seed}, tops_(engine.symbol_count(), std::deque<Top>(1)), now_{std::move(now)},
      on_events_{std::move(on_events)} {}

const Operation* Api::find(std::string_view method, std::string_view path, std::string& id) const {
  return operation_of(Operations::all, method, path, id);
}

Reply Api::failure(unsigned status, std::int64_t code, std::string_view message) {
  return failure(Refused{status, code, std::string{message}, {}});
}

Reply Api::failure(const Refused& refused) {
  Reply reply;
  reply.status = refused.status;
  json::object body = refused.extras;
  if (refused.code != 0) body["code"] = refused.code;
  body["message"] = refused.message;
  reply.body = std::move(body);
  reply.refusal = refused.message;
  return reply;
}

Reply Api::too_many() { return failure(429, 42910000, "rate limit exceeded"); }

Reply Api::unauthorized() { return failure(401, 40110000, "request is not authorized"); }

Reply Api::without_key() {
  Reply reply;
  reply.status = 401;
  reply.text =
      "<html>\r\n<head><title>401 Authorization Required</title></head>\r\n<body>\r\n<center><h1>401 Authorization "
      "Required</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
  reply.refusal = "no key";
  return reply;
}

std::optional<Api::Caller> Api::caller_of_key(std::string_view id, std::string_view secret) const {
  for (const Key& key : keys_) {
    if (key.id == id && key.secret == secret && !key.is_revoked) return Caller{key.account, key.may_trade, true};
  }
  return std::nullopt;
}

std::optional<Api::Caller> Api::caller_of_token(std::string_view token) const {
  for (const Bearer& bearer : bearers_) {
    if (bearer.token == token) return Caller{bearer.account, bearer.may_trade, bearer.may_read_data};
  }
  return std::nullopt;
}

std::string Api::account_named(const Call& call) const {
  if (const auto caller = caller_of_token(call.bearer_token())) return engine_.accounts()[caller->account].name;
  for (const Key& key : keys_) {
    if (key.id == call.key_id) return engine_.accounts()[key.account].name;
  }
  return {};
}

Reply Api::perform(const Operation& operation, const Call& call) {
  const bool has_key = !call.key_id.empty() || !call.key_secret.empty(), has_token = !call.authorization.empty();
  const bool is_data = operation.access == Access::Data || operation.access == Access::OpenData;
  std::optional<Caller> caller;
  if (has_token) caller = caller_of_token(call.bearer_token());
  else if (has_key) caller = caller_of_key(call.key_id, call.key_secret);
  if (!caller && (has_key || has_token)) return unauthorized();
  if (!caller && operation.access != Access::OpenData) return without_key();

  Reply reply;
  const TimeUs time = now_();
  const std::int64_t most = is_data ? limits_.settings().data_per_minute : limits_.settings().requests_per_minute;
  const std::string who = caller ? "account " + std::to_string(caller->account) : "address " + call.address;
  const std::int64_t left = limits_.left_after_one(who + (is_data ? " data" : ""), most, time);
  if (left < 0) {
    reply = too_many();
  } else if (caller && (operation.access == Access::Trade ? !caller->may_trade : is_data && !caller->may_read_data)) {
    reply = failure(403, 0, "forbidden.");
  } else if (!call.is_json) {
    reply = failure(400, 40010000, "request body format is invalid");
  } else {
    reply = (this->*operation.run)(call, caller ? caller->account : 0);
  }
  if (caller) reply.account = caller->account;
  reply.limit = most;
  reply.left = std::max<std::int64_t>(left, 0);
  reply.reset_s = Limits::reset_s(time);
  return reply;
}

const Order& Api::order_of(const Ticket& ticket) const {
  return *engine_.order(ticket.account, ticket.symbol, ticket.number);
}

json::object Api::shape(const Ticket& ticket, const Order& as_of, std::string_view status) const {
  const Asset& asset = assets_.of(ticket.symbol);
  json::object result = order_shape(as_of, ticket, asset, engine_.symbol(ticket.symbol).name, status);
  // What was bought for money has a size once it is there.
  if (ticket.notional && as_of.status == Status::Filled) result["qty"] = plain(as_of.executed);
  return result;
}

json::object Api::shape(const Ticket& ticket, bool is_nested) const {
  const Order& order = order_of(ticket);
  json::object result = shape(ticket, order, shown_status(order, ticket));
  if (!is_nested || ticket.legs.empty()) return result;
  json::array legs;
  for (const std::size_t leg : ticket.legs) legs.push_back(shape(ledger_.all()[leg], false));
  result["legs"] = std::move(legs);
  return result;
}

std::string Api::fill_uuid(SymbolId symbol, std::uint64_t trade_id, std::uint64_t order_number) const {
  return ledger_.uuid("fill " + std::to_string(symbol), trade_id, order_number);
}

std::string Api::client_order_id_of(const Operation& operation, const Call& call) {
  if (operation.name == "order.by_client_id") return call.query_value("client_order_id");
  if (operation.name == "order.place" || operation.name == "order.replace") {
    const json::value* given = call.body.if_contains("client_order_id");
    if (given != nullptr && given->is_string()) return std::string{given->get_string()};
  }
  const Ticket* ticket = operation.path == "/v2/orders/{}" ? ledger_.find(call.id) : nullptr;
  return ticket == nullptr ? std::string{} : ticket->client_order_id;
}

void Api::remember_top(SymbolId symbol) {
  const auto best = [&](Side side) {
    const auto levels = engine_.levels(symbol, side, 1);
    return levels.empty() ? std::pair<Decimal, Decimal>{} : levels.front();
  };
  const auto [bid, bid_qty] = best(Side::Buy);
  const auto [ask, ask_qty] = best(Side::Sell);
  auto& tops = tops_[symbol];
  tops.push_back({bid, bid_qty, ask, ask_qty, now_()});
  if (tops.size() > tops_max) tops.pop_front();
}

void Api::set_halted(SymbolId symbol, bool is_halted) {
  Asset& asset = assets_.of(symbol);
  if (std::exchange(asset.is_halted, is_halted) != is_halted) on_halt(asset);
  follow_hours();
  set_statuses();
  open_session();
}

void Api::show(Ticket& ticket, std::string status) {
  ticket.shown = status;
  on_order_said(ticket, status);
}

}  // namespace busbar::venue::alpaca
