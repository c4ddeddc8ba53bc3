#include <functional>
#include <stdexcept>
#include <string>

#include "gateways/coinbase/decode.hpp"
#include "gateways/coinbase/decode_market.hpp"
#include "gateways/coinbase/decode_stream.hpp"
#include "gateways/coinbase/errors.hpp"
#include "gateways/coinbase/facts.hpp"
#include "gateways/coinbase/instruments.hpp"
#include "gateways/framework/json_reader.hpp"
#include "gateways/framework/utc.hpp"
#include "tests/vectors/coinbase_checks.hpp"

namespace busbar::vectors {

using namespace busbar::coinbase;

namespace {

json::value plain(const std::optional<Decimal>& value) {
  return value ? json::value(to_string(*value)) : json::value(nullptr);
}
json::value plain(const std::optional<std::string>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::object as_json(const Order& order) {
  json::object object{{"order_id", order.order_id},
                      {"client_order_id", order.client_order_id},
                      {"product_id", order.product_id},
                      {"side", order.side},
                      {"status", order.status},
                      {"order_type", plain(order.order_type)},
                      {"time_in_force", plain(order.time_in_force)},
                      {"filled_size", plain(order.filled_size)},
                      {"average_filled_price", plain(order.average_filled_price)},
                      {"total_fees", plain(order.total_fees)},
                      {"filled_value", plain(order.filled_value)},
                      {"completion_percentage", plain(order.completion_percentage)},
                      {"reject_reason", plain(order.reject_reason)},
                      {"created_time", plain(order.created_time)},
                      {"last_fill_time", plain(order.last_fill_time)}};
  json::array& names = object["configuration"].emplace_array();
  for (const std::string& name : order.configuration_names) names.emplace_back(name);
  return object;
}

json::object as_json(const Fill& fill) {
  return {{"trade_id", fill.trade_id},
          {"entry_id", fill.entry_id},
          {"order_id", fill.order_id},
          {"product_id", fill.product_id},
          {"side", fill.side},
          {"price", to_string(fill.price)},
          {"size", to_string(fill.size)},
          {"commission", to_string(fill.commission)},
          {"liquidity_indicator", fill.liquidity_indicator},
          {"trade_time", fill.trade_time},
          {"trade_type", fill.trade_type},
          {"size_in_quote", fill.size_in_quote}};
}

json::object as_json(const Product& product) {
  json::object object{{"product_id", product.product_id},
                      {"base_increment", plain(product.base_increment)},
                      {"quote_increment", plain(product.quote_increment)},
                      {"price_increment", plain(product.price_increment)},
                      {"base_min_size", plain(product.base_min_size)},
                      {"base_max_size", plain(product.base_max_size)},
                      {"quote_min_size", plain(product.quote_min_size)},
                      {"quote_max_size", plain(product.quote_max_size)},
                      {"status", product.status},
                      {"product_type", product.product_type},
                      {"base_currency_id", plain(product.base_currency)},
                      {"quote_currency_id", plain(product.quote_currency)},
                      {"trading_disabled", product.trading_disabled},
                      {"is_disabled", product.is_disabled},
                      {"cancel_only", product.cancel_only},
                      {"limit_only", product.limit_only},
                      {"post_only", product.post_only},
                      {"auction_mode", product.auction_mode},
                      {"view_only", product.view_only},
                      {"alias", product.alias}};
  json::array& names = object["alias_to"].emplace_array();
  for (const std::string& name : product.alias_to) names.emplace_back(name);
  return object;
}

// ---- As ccxt would have it: numbers by value, whole ones without a point

json::value as_number(Decimal value) {
  const Decimal normal = value.normalized();
  const std::string text = to_string(normal);
  return normal.exponent() >= 0 ? json::value(std::stoll(text)) : json::value(text);
}
json::value as_number(const std::optional<Decimal>& value) { return value ? as_number(*value) : json::value(nullptr); }

struct Names {
  std::string base, quote, symbol;
};
Names names_of(const std::string& product_id) {
  const std::size_t dash = product_id.find('-');
  const std::string base = product_id.substr(0, dash);
  if (product_id.ends_with("-PERP-INTX")) return {base, "USDC", base + "/USDC:USDC"};
  const std::string quote = dash == std::string::npos ? "" : product_id.substr(dash + 1);
  return {base, quote, base + "/" + quote};
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::int64_t ms_of(std::string_view time) { return gateway::parse_utc(time).value_or(0) / 1'000'000; }

Instrument instrument_named(const std::string& product_id) {
  const Names names = names_of(product_id);
  Instrument instrument;
  instrument.symbol = cut<32>(names.symbol);
  instrument.broker_symbol = cut<32>(product_id);
  instrument.quote = cut<32>(names.quote);
  return instrument;
}

// By way of our facts.
json::object as_ccxt_trade(const Fill& fill) {
  const VenueReport fact = fill_of(fill, instrument_named(fill.product_id), {}, VenueSource::Reconcile);
  json::object fee{{"cost", as_number(fact.commission)}, {"currency", view(fact.commission_asset)}};
  return {{"id", fill.trade_id},
          {"order", view(fact.broker_order_id)},
          {"timestamp", fact.transact_time_ns / 1'000'000},
          {"symbol", view(fact.symbol)},
          {"side", fact.side == Side::Buy ? "buy" : "sell"},
          {"takerOrMaker", fact.liquidity == Liquidity::Maker   ? json::value("maker")
                           : fact.liquidity == Liquidity::Taker ? json::value("taker")
                                                                : json::value(nullptr)},
          {"price", as_number(fact.last_px)},
          {"amount", as_number(fact.last_qty)},
          {"cost", as_number(multiply(*fact.last_qty, *fact.last_px))},
          {"fee", std::move(fee)}};
}

json::object as_ccxt_order(Case& a_case, const Order& order) {
  const Instrument instrument = instrument_named(order.product_id);
  const auto fact = state_of(order, instrument.symbol, VenueSource::Reconcile);
  if (!is_decoded(a_case, fact)) return {};
  const auto status = fact->order_status;
  const char* word = status == OrderStatus::Filled     ? "closed"
                     : status == OrderStatus::Canceled ? "canceled"
                     : status == OrderStatus::Expired  ? "canceled"
                     : status == OrderStatus::Rejected ? "rejected"
                                                       : "open";
  const std::string tif = order.time_in_force.value_or("");
  json::object fee{{"cost", plain(order.total_fees)}, {"currency", view(instrument.quote)}};
  json::object object{{"id", view(fact->broker_order_id)},
                      {"clientOrderId", view(fact->venue_order_id)},
                      {"timestamp", ms_of(order.created_time.value_or(""))},
                      {"symbol", view(fact->symbol)},
                      {"type", lower(order.order_type.value_or(""))},
                      {"side", fact->side == Side::Buy ? "buy" : "sell"},
                      {"filled", as_number(fact->cum_qty)},
                      {"cost", as_number(fact->cum_quote_qty)},
                      {"average", as_number(order.average_filled_price)},
                      {"price", as_number(fact->price ? fact->price : order.average_filled_price)},
                      {"status", word},
                      {"fee", std::move(fee)}};
  object["timeInForce"] = tif == "IMMEDIATE_OR_CANCEL"    ? "IOC"
                          : tif == "FILL_OR_KILL"         ? "FOK"
                          : tif == "GOOD_UNTIL_DATE_TIME" ? "GTD"
                                                          : "GTC";
  if (fact->order_qty && fact->cum_qty) {
    object["amount"] = as_number(fact->order_qty);
    object["remaining"] = as_number(subtract(*fact->order_qty, *fact->cum_qty));
  }
  return object;
}

json::object as_ccxt_ticker(const MarketTrades& said) {
  const MarketTrade& last = said.trades.at(0);
  return {{"symbol", names_of(last.product_id).symbol},
          {"timestamp", ms_of(last.time)},
          {"bid", as_number(said.best_bid)},
          {"ask", as_number(said.best_ask)},
          {"last", as_number(last.price)},
          {"close", as_number(last.price)}};
}

// ---- Any answer, by what stands in it

const std::vector<std::string_view> order_amounts = {"filled_size", "average_filled_price", "filled_value",
                                                     "total_fees", "completion_percentage"};

using Decoded = Result<void>;
template <auto Decode>
Decoded only(std::string_view body) {
  if (const auto result = Decode(body); !result) return result.error();
  return Decoded{};
}
Decoded products(std::string_view body) {
  const auto list = decode_products(body);
  if (!list) return list.error();
  if (!list->complaints.empty()) return Error{ErrorCode::InvalidMessage, list->complaints.front()};
  return Decoded{};
}

struct Shape {
  std::string_view member;  // what tells it
  Decoded (*decode)(std::string_view body);
  std::vector<std::string_view> amounts;
};
const std::vector<Shape> shapes = {
    {"order", only<decode_order>, order_amounts},
    {"orders", only<decode_orders>, order_amounts},
    {"fills", only<decode_fills>, {"price", "size", "commission"}},
    {"pricebook", only<decode_product_book>, {"price", "size"}},
    {"pricebooks", only<decode_best_bid_ask>, {"price", "size"}},
    {"candles", only<decode_candles>, {"open", "high", "low", "close", "volume"}},
    {"trades", only<decode_market_trades>, {"price", "size", "best_bid", "best_ask"}},
    {"accounts", only<decode_wallets>, {"value"}},
    {"account", only<decode_wallet>, {"value"}},
    {"products", products, {"base_increment", "price_increment", "base_min_size"}},
    {"product_id", only<decode_product>, {"base_increment", "price_increment", "base_min_size"}},
    {"portfolios", only<decode_portfolios>, {}},
    {"can_trade", only<decode_key_permissions>, {}},
    {"fee_tier", only<decode_fees>, {"maker_fee_rate", "taker_fee_rate"}},
    {"epochMillis", only<decode_time>, {"epochMillis"}},
};

}  // namespace

void check_coinbase_placed(Case& a_case) {
  const std::string body = text_of(a_case.given(), "body");
  const auto placed = decode_placed(body);
  if (!is_decoded(a_case, placed)) return;
  json::object got{{"success", placed->success}};
  const VenueReport fact = fact_of_placed(*placed, NewOrder{.order_type = OrderType::Limit}, "BTC/USD", "V1");
  if (placed->success) {
    got["order_id"] = placed->order_id;
    got["client_order_id"] = plain(placed->client_order_id);
    got["product_id"] = plain(placed->product_id);
    got["side"] = plain(placed->side);
    if (fact.event != VenueEvent::Accepted) a_case.mismatch("fact", "Accepted", "another one");
  } else {
    got["reason"] = placed->reason;
    got["message"] = plain(placed->message);
    got["unified"] = name_of(unified_reason(placed->reason));
    if (fact.event != VenueEvent::Rejected) a_case.mismatch("fact", "Rejected", "another one");
  }
  a_case.compare(a_case.expected(), got);
  refuses(a_case, spoil(body, {"success"}), decode_placed);
}

void check_coinbase_cancelled(Case& a_case) {
  const json::object& expected = a_case.expected().as_object();
  if (!a_case.given().contains("body")) {  // a word alone: what it means
    const Cancelled cancelled{.order_id = {},
                              .success = expected.at("success").as_bool(),
                              .failure_reason = text_of(expected, "failure_reason")};
    const VenueReport fact = fact_of_cancelled(cancelled, "BTC/USD", "V1");
    const bool is_refused = fact.event == VenueEvent::CancelRejected && fact.error != ErrorCode::None;
    if (is_refused == cancelled.success) a_case.mismatch("fact", "what the reply says", "another one");
    return;
  }
  const auto results = decode_cancelled(text_of(a_case.given(), "body"));
  if (!is_decoded(a_case, results)) return;
  json::array list;
  for (const Cancelled& result : *results) {
    list.push_back(json::object{
        {"order_id", result.order_id}, {"success", result.success}, {"failure_reason", result.failure_reason}});
  }
  json::object got;
  if (!results->empty()) {
    got["success"] = results->front().success;
    got["failure_reason"] = results->front().failure_reason;
  }
  got["results"] = std::move(list);
  a_case.compare(a_case.expected(), got);
}

void check_coinbase_error(Case& a_case) {
  const json::object& given = a_case.given();
  const json::object& expected = a_case.expected().as_object();
  json::object got;
  if (given.contains("ws_frame")) {
    const auto frame = decode_frame(text_of(given, "ws_frame"));
    if (!is_decoded(a_case, frame)) return;
    got["is_error"] = frame->error.has_value();
    got["message"] = plain(frame->error);
    got["unified"] = name_of(unified_stream_error(frame->error.value_or("")));
    return a_case.compare(expected, got);
  }
  const auto status = static_cast<std::uint32_t>(given.at("http_status").as_int64());
  const Judged judged = judge_read(status, text_of(given, "body"), text_of(given, "request"));
  const bool is_refused_key =
      judged.error == ErrorCode::AuthenticationFailed || judged.error == ErrorCode::PermissionDenied;
  got["auth_error"] = is_refused_key;
  got["rate_limited"] = judged.verdict == Verdict::RateLimited;
  got["retryable"] = is_worth_asking_again(judged);
  got["unified"] = name_of(judged.error);
  // PERMISSION_DENIED is our own, finer word for what the table calls AUTHENTICATION_FAILED.
  if (judged.error == ErrorCode::PermissionDenied &&
      text_of(expected, "unified") == name_of(ErrorCode::AuthenticationFailed)) {
    got["unified"] = name_of(ErrorCode::AuthenticationFailed);
  }
  if (judged.broker) got["error_id"] = judged.broker->id;
  a_case.compare(expected, got);
}

void check_coinbase_outcome(Case& a_case) {
  const json::object& given = a_case.given();
  const json::object& expected = a_case.expected().as_object();
  const std::string request = text_of(given, "request");
  const auto status = static_cast<std::uint32_t>(given.at("http_status").as_int64());
  const std::string body = text_of(given, "body");
  const bool is_read = request.starts_with("GET");
  const Judged judged = is_read ? judge_read(status, body, request) : judge_write(status, body, request);
  if (const json::value* attempts = expected.if_contains("attempts")) {
    // A write is sent once, whatever comes back; a read may be asked again where the table says so.
    const bool is_once = !is_read || !is_worth_asking_again(judged);
    if (is_once != (attempts->as_int64() == 1))
      a_case.mismatch("attempts", json::serialize(*attempts), is_once ? "1" : "more");
  }
  json::object got;
  const bool is_unknown = judged.verdict == Verdict::Unknown;
  got["outcome"] = is_unknown ? "unknown" : judged.verdict == Verdict::Ok ? "accepted" : "rejected";
  got["reject_to_client"] = !is_unknown && judged.verdict != Verdict::Ok;
  got["unified"] = name_of(judged.error);
  json::object wanted = expected;
  wanted.erase("attempts");
  a_case.compare(wanted, got);
}

void check_coinbase_fills(Case& a_case) {
  const std::string body = text_of(a_case.given(), "body");
  const auto page = decode_fills(body);
  if (!is_decoded(a_case, page)) return;
  const bool is_ccxt = a_case.expected().is_array();
  json::array fills;
  for (const Fill& fill : page->fills) fills.push_back(is_ccxt ? as_ccxt_trade(fill) : as_json(fill));
  if (is_ccxt) return a_case.compare(a_case.expected(), fills);
  json::object got{{"cursor", page->cursor}};
  got["fills"] = std::move(fills);
  a_case.compare(a_case.expected(), got);
  refuses(a_case, spoil(body, {"price", "size", "commission"}), decode_fills);
}

void check_coinbase_products(Case& a_case) {
  const std::string body = text_of(a_case.given(), "body");
  const bool is_list = json::parse(body).as_object().contains("products");
  std::vector<Product> listed;
  if (is_list) {
    const auto list = decode_products(body);
    if (!is_decoded(a_case, list)) return;
    for (const std::string& complaint : list->complaints) a_case.mismatch("product", "to be decoded", complaint);
    listed = list->products;
    json::array all;
    for (const Product& product : listed) all.push_back(as_json(product));
    json::object got;
    got["products"] = std::move(all);
    a_case.compare(a_case.expected(), got);
  } else {
    const auto product = decode_product(body);
    if (!is_decoded(a_case, product)) return;
    a_case.compare(a_case.expected(), as_json(*product));
    listed.push_back(*product);
    refuses(a_case, spoil(body, {"base_increment", "quote_increment", "price_increment", "base_min_size"}),
            decode_product);
  }
  for (const Product& product : listed) {
    if (product.product_type != "SPOT" || !product.base_currency) continue;
    const auto instrument = instrument_of(product);
    if (!instrument) {
      a_case.mismatch("instrument", "one", "none");
    } else if (instrument->tick_size != product.price_increment || instrument->lot_size != product.base_increment ||
               view(instrument->symbol) != *product.base_currency + "/" + product.quote_currency.value_or("")) {
      a_case.mismatch("instrument", product.product_id, view(instrument->symbol));
    }
  }
}

void check_coinbase_answer(Case& a_case) {
  const std::string body = text_of(a_case.given(), "body");
  const auto value = reading::parse_json(body);
  if (!is_decoded(a_case, value)) return;
  const json::object* object = value->if_object();
  for (const Shape& shape : shapes) {
    if (object == nullptr || !object->contains(shape.member)) continue;
    if (!is_decoded(a_case, shape.decode(body))) return;
    refuses(a_case, spoil(body, shape.amounts), shape.decode);
    break;
  }
  const json::object* expected = a_case.expected().if_object();
  if (expected != nullptr && expected->contains("must_parse_as_json")) return;
  if (const auto time = decode_time(body); time && expected != nullptr && expected->contains("epoch_ms")) {
    return a_case.compare(a_case.expected(), json::object{{"epoch_ms", *time}});
  }
  if (const auto order = decode_order(body)) {
    if (expected == nullptr || !expected->contains("order")) {
      return a_case.compare(a_case.expected(), as_ccxt_order(a_case, *order));
    }
    json::object got;
    got["order"] = as_json(*order);
    return a_case.compare(a_case.expected(), got);
  }
  if (const auto page = decode_orders(body)) {
    const bool is_ccxt = expected == nullptr;
    json::array orders;
    for (const Order& order : page->orders) orders.push_back(is_ccxt ? as_ccxt_order(a_case, order) : as_json(order));
    if (is_ccxt) return a_case.compare(a_case.expected(), orders);
    json::object got{{"has_next", page->has_next}, {"cursor", page->cursor}};
    got["orders"] = std::move(orders);
    return a_case.compare(a_case.expected(), got);
  }
  if (const auto said = decode_market_trades(body); said && !said->trades.empty()) {
    return a_case.compare(a_case.expected(), as_ccxt_ticker(*said));
  }
  throw std::runtime_error{"no decoder for such an answer"};
}

}  // namespace busbar::vectors
