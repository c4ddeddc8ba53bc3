// What other programs and Alpaca's documents send, against what our encoders make of the same wish.

#include <functional>
#include <map>
#include <stdexcept>
#include <string>

#include "gateways/alpaca/decode.hpp"
#include "gateways/alpaca/encode.hpp"
#include "gateways/alpaca/errors.hpp"
#include "gateways/framework/login/oauth.hpp"
#include "gateways/framework/login/redirect.hpp"
#include "tests/vectors/alpaca_checks.hpp"

namespace busbar::vectors {

using namespace busbar::alpaca;

namespace {

[[noreturn]] void unknown(std::string_view what, std::string_view name) {
  throw std::runtime_error{std::string{what} + " " + std::string{name} + " is not known"};
}

// Numbers are whole ones, or texts of their digits.
std::string plain(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  if (value == nullptr || value->is_null()) return {};
  return value->is_string() ? std::string{value->get_string()} : json::serialize(*value);
}

std::optional<Decimal> amount(const json::object& object, std::string_view member) {
  return Decimal::parse(plain(object, member));
}

std::vector<std::string> list(const json::object& object, std::string_view member) {
  std::vector<std::string> texts;
  if (const json::value* value = object.if_contains(member)) {
    for (const json::value& element : value->as_array()) texts.emplace_back(element.as_string());
  }
  return texts;
}

std::optional<std::uint32_t> count(const json::object& object, std::string_view member) {
  const std::string digits = plain(object, member);
  return digits.empty() ? std::nullopt : std::optional{static_cast<std::uint32_t>(std::stoul(digits))};
}

TimeInForce time_named(const std::string& name) {
  const std::map<std::string, TimeInForce> names = {{"day", TimeInForce::Day},
                                                    {"gtc", TimeInForce::GoodTillCancel},
                                                    {"ioc", TimeInForce::ImmediateOrCancel},
                                                    {"fok", TimeInForce::FillOrKill},
                                                    {"opg", TimeInForce::AtTheOpening},
                                                    {"cls", TimeInForce::AtTheClose}};
  if (name.empty()) return TimeInForce::Unset;
  const auto found = names.find(name);
  if (found == names.end()) unknown("time_in_force", name);
  return found->second;
}

OrderType type_named(const std::string& name) {
  const std::map<std::string, OrderType> names = {{"market", OrderType::Market},
                                                  {"limit", OrderType::Limit},
                                                  {"stop", OrderType::Stop},
                                                  {"stop_limit", OrderType::StopLimit},
                                                  {"trailing_stop", OrderType::Stop}};
  const auto found = names.find(name);
  if (found == names.end()) unknown("type", name);
  return found->second;
}

// Every step is one that these orders keep.
Instrument instrument_named(std::string_view symbol) {
  Instrument instrument;
  instrument.symbol = instrument.broker_symbol = cut<32>(symbol);
  return instrument;
}

std::uint32_t bps_of(Decimal percent) {
  const auto bps = multiply(percent, Decimal{100, 0});
  return bps ? static_cast<std::uint32_t>(std::stoul(to_string(bps->normalized()))) : 0;
}

// An order in neutral terms, as ours.
NewOrder order_of(const json::object& said) {
  NewOrder order;
  order.symbol = cut<32>(plain(said, "symbol"));
  order.side = plain(said, "side") == "sell" ? Side::Sell : Side::Buy;
  order.order_type = type_named(plain(said, "type"));
  order.time_in_force = time_named(plain(said, "time_in_force"));
  order.order_qty = amount(said, "quantity");
  order.cash_order_qty = amount(said, "notional");
  order.price = amount(said, "limit_price");
  order.stop_px = amount(said, "stop_price");
  order.extended_hours = plain(said, "extended_hours") == "true";
  if (const auto percent = amount(said, "trail_percent")) order.trailing_delta_bps = bps_of(*percent);
  return order;
}

// The ways out that an order carries, as orders of their own.
PlaceListCommand list_of(const json::object& said, const NewOrder& entry, const std::string& order_class) {
  PlaceListCommand list;
  list.list_type = order_class == "oco"   ? OrderListType::OneCancelsOther
                   : order_class == "oto" ? OrderListType::OneTriggersOther
                                          : OrderListType::OneTriggersOneCancelsOther;
  const bool is_pair = list.list_type == OrderListType::OneCancelsOther;
  const auto add = [&](const NewOrder& order) {
    PlaceCommand command;
    if (list.commands.empty()) command.command.venue_order_id = cut<64>(plain(said, "client_order_id"));
    command.order = order;
    list.commands.push_back(std::move(command));
  };
  NewOrder exit = entry;
  exit.price.reset();
  exit.stop_px.reset();
  if (!is_pair) {
    add(entry);
    exit.side = entry.side == Side::Buy ? Side::Sell : Side::Buy;
  }
  if (const auto profit = amount(said, "take_profit_limit_price")) {
    NewOrder leg = exit;
    leg.order_type = OrderType::Limit;
    leg.price = profit;
    add(leg);
  }
  if (const auto loss = amount(said, "stop_loss_stop_price")) {
    NewOrder leg = exit;
    leg.stop_px = loss;
    leg.price = amount(said, "stop_loss_limit_price");
    leg.order_type = leg.price ? OrderType::StopLimit : OrderType::Stop;
    add(leg);
  }
  return list;
}

Result<Request> place(const json::object& said) {
  const NewOrder order = order_of(said);
  const Instrument instrument = instrument_named(view(order.symbol));
  const std::string name = plain(said, "client_order_id");
  const std::string order_class = plain(said, "order_class");
  if (!order_class.empty() && order_class != "simple") {
    return encode_place_list(list_of(said, order, order_class), instrument);
  }
  if (const auto trail = amount(said, "trail_price")) return encode_trailing_stop(order, instrument, name, *trail);
  return encode_place(order, instrument, name);
}

// A body, with what it says by default when it is silent.
json::object body_of(const Request& request) {
  json::object body{{"extended_hours", false}, {"order_class", "simple"}};
  const json::value said = json::parse(request.body);
  for (const auto& member : said.as_object()) body[member.key()] = member.value();
  return body;
}

json::object as_json(const Request& request) {
  json::object got{{"method", request.method}, {"path", request.path}};
  if (!request.body.empty()) got["body"] = body_of(request);
  return got;
}

// A change in neutral terms, or the body that another program sent, as a replace of ours.
ReplaceCommand replace_of(const json::object& change, std::string_view broker_order_id) {
  ReplaceCommand command;
  command.command.broker_order_id = cut<64>(broker_order_id);
  command.command.venue_order_id = cut<64>(plain(change, "client_order_id"));
  NewOrder& order = command.order;
  order.order_qty = amount(change, "quantity");
  if (!order.order_qty) order.order_qty = amount(change, "qty");
  order.price = amount(change, "limit_price");
  order.stop_px = amount(change, "stop_price");
  order.time_in_force = time_named(plain(change, "time_in_force"));
  if (const auto trail = amount(change, "trail")) order.trailing_delta_bps = bps_of(*trail);
  return command;
}

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// ---- Addresses

// Which parameters stand behind the question mark, decoded.
json::object as_json(std::string_view url) {
  const std::size_t mark = std::min(url.find('?'), url.size());
  json::object got{{"address", url.substr(0, mark)}};
  for (std::string_view rest = url.substr(std::min(mark + 1, url.size())); !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    const std::string_view name = pair.substr(0, pair.find('='));
    got[name] = login::parameter_of(url, name);
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
  }
  return got;
}

AssetClass class_of_all(const std::vector<std::string>& symbols) {
  return symbols.empty() ? AssetClass::Equity : class_of(symbols.front());
}

HistoryQuery history_of(const json::object& asked) {
  return {.symbols = list(asked, "symbols"),
          .timeframe = plain(asked, "timeframe"),
          .start = plain(asked, "start"),
          .end = plain(asked, "end"),
          .limit = count(asked, "limit"),
          .adjustment = plain(asked, "adjustment"),
          .feed = plain(asked, "feed"),
          .sort = plain(asked, "sort"),
          .page_token = plain(asked, "page_token")};
}

Request list_orders(const json::object& asked) {
  OrdersQuery query{.status = plain(asked, "status"),
                    .limit = count(asked, "limit"),
                    .after = plain(asked, "after"),
                    .until = plain(asked, "until"),
                    .direction = plain(asked, "direction"),
                    .nested = {},
                    .symbols = list(asked, "symbols"),
                    .side = plain(asked, "side"),
                    .asset_class = plain(asked, "asset_class")};
  if (const std::string nested = plain(asked, "nested"); !nested.empty()) query.nested = nested == "true";
  return encode_list_orders(query);
}

Request market_request(const std::string& op, const json::object& asked) {
  const std::vector<std::string> symbols = list(asked, "symbols");
  const AssetClass kind = op.starts_with("crypto") ? AssetClass::Crypto : class_of_all(symbols);
  const std::string feed = plain(asked, "feed");
  const auto is_about = [&](std::string_view word) { return op.find(word) != std::string::npos; };
  if (is_about("snapshots")) return encode_snapshots(kind, symbols, feed);
  if (is_about("orderbook")) return encode_latest(Latest::OrderBooks, kind, symbols, feed);
  const bool is_latest = is_about("latest");
  if (is_about("bars")) {
    return is_latest ? encode_latest(Latest::Bars, kind, symbols, feed)
                     : encode_history(History::Bars, kind, history_of(asked));
  }
  if (is_about("quotes")) {
    return is_latest ? encode_latest(Latest::Quotes, kind, symbols, feed)
                     : encode_history(History::Quotes, kind, history_of(asked));
  }
  if (is_about("trades")) {
    return is_latest ? encode_latest(Latest::Trades, kind, symbols, feed)
                     : encode_history(History::Trades, kind, history_of(asked));
  }
  unknown("op", op);
}

Request request_of(const json::object& asked) {
  const std::string op = plain(asked, "op");
  const std::string order_id = plain(asked, "order_id"), symbol = plain(asked, "symbol");
  if (op == "get_order") return encode_get_order(order_id);
  if (op == "get_order_by_client_order_id") return encode_get_order_by_name(plain(asked, "client_order_id"));
  if (op == "cancel_order") return encode_cancel(order_id);
  if (op == "list_orders") return list_orders(asked);
  if (op == "get_account" || op == "account") return encode_account();
  if (op == "list_positions" || op == "positions") return encode_positions();
  if (op == "get_position" || op == "position") return encode_position(symbol);
  if (op == "get_asset" || op == "asset") return encode_asset(symbol);
  if (op == "get_clock" || op == "clock") return encode_clock();
  if (op == "get_calendar" || op == "calendar") return encode_calendar(plain(asked, "start"), plain(asked, "end"));
  if (op == "list_assets" || op == "assets") {
    return encode_assets({.status = plain(asked, "status"),
                          .asset_class = plain(asked, "asset_class"),
                          .exchange = plain(asked, "exchange"),
                          .attributes = plain(asked, "attributes")});
  }
  if (op == "list_activities" || op == "activities") {
    return encode_activities({.activity_types = plain(asked, "activity_types"),
                              .after = plain(asked, "after"),
                              .until = plain(asked, "until"),
                              .direction = plain(asked, "direction"),
                              .page_size = count(asked, "page_size"),
                              .page_token = plain(asked, "page_token")});
  }
  return market_request(op, asked);
}

void compare_frame(Case& a_case, const std::string& frame) {
  json::object got;
  got["frame"] = json::parse(frame);
  compare_alpaca(a_case, got);
}

// ---- Logins

login::Client client_of(const json::object& given) {
  return {.id = vault::Secret{text_of(given, "client_id")}, .secret = vault::Secret{text_of(given, "client_secret")}};
}

void check_authorize_url(Case& a_case) {
  const json::object& given = a_case.given();
  std::string scope;
  for (const std::string& one : list(given, "scopes")) scope += (scope.empty() ? "" : " ") + one;
  const std::string url = login::authorization_url(authorize_url, client_of(given), text_of(given, "redirect_uri"),
                                                   scope, text_of(given, "state"), "challenge");
  a_case.compare(as_json(text_of(a_case.expected().as_object(), "url")), as_json(url));
}

void check_token_exchange(Case& a_case) {
  const json::object& given = a_case.given();
  const std::string form =
      login::exchange_form(client_of(given), text_of(given, "code"), text_of(given, "redirect_uri"), "verifier");
  json::object got{{"method", "POST"}, {"url", token_url}, {"content_type", "application/x-www-form-urlencoded"}};
  got["form"] = as_json("?" + form);
  compare_alpaca(a_case, got);
}

void check_callback(Case& a_case) {
  const json::object& given = a_case.given();
  const std::string url = text_of(given, "callback_url");
  const std::size_t path = url.find('/', url.find("://") + 3);
  const login::Expected expected{.path = url.substr(path, url.find('?') - path),
                                 .state = vault::Secret{text_of(given, "expected_state")}};
  const auto code = login::code_of_pasted(url, expected);
  json::object got{{"ok", code.has_value()}, {"code", nullptr}};
  if (code) got["code"] = code->reveal();
  compare_alpaca(a_case, got);
}

void check_token_answer(Case& a_case) {
  const json::object& response = a_case.given().at("response").as_object();
  const std::string body = text_of(response, "body_text");
  const auto status = static_cast<std::uint32_t>(response.at("status").as_int64());
  if (judge_write(status, body).verdict != Verdict::Ok) return check_alpaca_answer(a_case);
  const auto token = decode_token(body);
  if (!is_decoded(a_case, token)) return;
  json::object got{
      {"access_token", token->access_token}, {"token_type", token->token_type}, {"refresh_token", nullptr}};
  json::array& scopes = got["scopes"].emplace_array();
  for (const std::string& scope : token->scopes) scopes.emplace_back(scope);
  compare_alpaca(a_case, got);
}

void check_use_of_token(Case& a_case) {
  const std::string token = text_of(a_case.given(), "access_token");
  json::object got;
  got["frame"] = json::parse(encode_stream_login_by_token(token));
  for (const auto& [name, value] : token_headers(token)) got["headers"].emplace_object()[name] = value;
  compare_alpaca(a_case, got);
}

}  // namespace

void check_alpaca_order_request(Case& a_case) {
  const auto request = place(a_case.given().at("order").as_object());
  if (!request) return a_case.mismatch("order", "a request", request.error().text);
  compare_alpaca(a_case, as_json(*request), true);
}

void check_alpaca_replace(Case& a_case) {
  const json::object& given = a_case.given();
  if (const json::value* change = given.if_contains("change")) {
    const auto request = encode_replace(replace_of(change->as_object(), "B1"), instrument_named("AAPL"));
    if (!request) return a_case.mismatch("change", "a request", request.error().text);
    json::object got = as_json(*request);
    if (request->path == "/v2/orders/B1") got["path"] = "/v2/orders/{order_id}";
    return compare_alpaca(a_case, got, true);
  }
  const json::object& sent = given.at("request").as_object();
  if (const std::string body = text_of(sent, "body_text"); !body.empty()) {
    const std::string path = text_of(sent, "path");
    const json::value change = json::parse(body);
    const auto request = encode_replace(replace_of(change.as_object(), last_part(path)), instrument_named("AAPL"));
    if (!request || request->path != path) {
      a_case.mismatch("request", path, request ? request->path : request.error().text);
    }
  }
  compare_alpaca(a_case, alpaca_answer(a_case, given, a_case.expected().as_object()));
}

void check_alpaca_url(Case& a_case) {
  const json::object& given = a_case.given();
  const json::object& expected = a_case.expected().as_object();
  const Request request = request_of(given);
  const auto environment = text_of(given, "env") == "paper" ? Environment::Paper : Environment::Live;
  const std::string method = text_of(expected, "method");
  if (request.method != method) a_case.mismatch("method", method, request.method);
  const std::string url = std::string{base_url(request.host, environment)} + request.target();
  a_case.compare(as_json(text_of(expected, "url")), as_json(url));
}

void check_alpaca_stream_request(Case& a_case) {
  const json::object& frame = a_case.expected().at("frame").as_object();
  const std::string action = text_of(frame, "action");
  const json::value* data = frame.if_contains("data");
  if (action == "listen") return compare_frame(a_case, encode_listen(list(data->as_object(), "streams")));
  if (action == "auth") {
    return compare_frame(a_case, encode_stream_login(text_of(frame, "key"), text_of(frame, "secret")));
  }
  if (action == "authenticate") {
    const json::object& keys = data->as_object();
    const std::string token = text_of(keys, "oauth_token");
    const std::string key_id = text_of(keys, "key_id"), secret = text_of(keys, "secret_key");
    return compare_frame(a_case, token.empty() ? encode_stream_login_by_data(key_id, secret)
                                               : encode_stream_login_by_token(token));
  }
  SymbolsByChannel symbols;
  for (const auto& member : frame) {
    if (member.value().is_array()) symbols.emplace_back(member.key(), list(frame, member.key()));
  }
  const auto what = text_of(a_case.given(), "intent") == "unsubscribe" ? Subscription::End : Subscription::Start;
  compare_frame(a_case, encode_subscription(what, symbols));
}

void check_alpaca_login(Case& a_case) {
  const json::object& given = a_case.given();
  if (given.contains("scopes")) return check_authorize_url(a_case);
  if (given.contains("code")) return check_token_exchange(a_case);
  if (given.contains("callback_url")) return check_callback(a_case);
  if (given.contains("response")) return check_token_answer(a_case);
  if (given.contains("access_token")) return check_use_of_token(a_case);
  throw std::runtime_error{"no step of a login that is known"};
}

}  // namespace busbar::vectors
