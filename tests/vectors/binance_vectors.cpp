// Binance's vectors against the shipped encode, decode, auth and errors.

#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>

#include "gateways/binance/auth.hpp"
#include "gateways/binance/decode.hpp"
#include "gateways/binance/encode.hpp"
#include "gateways/binance/errors.hpp"
#include "gateways/binance/facts.hpp"
#include "gateways/binance/instruments.hpp"
#include "tests/vectors/ccxt_order.hpp"
#include "tests/vectors/vectors.hpp"

namespace busbar::vectors {

namespace {

using namespace busbar::binance;

// What this build does not speak. One line per feature.
const std::vector<OutOfScope> out_of_scope = {
    {"given.ccxt_createOrder.params.test", "", "trying an order without placing it (order/test)"},
    {"given.section", "Test new order (TRADE)", "trying an order without placing it (order/test)"},
    {"given.ccxt_createOrder.params.marginMode", "", "margin trading"},
    {"given.ccxt_createOrder.params.sor", "", "smart order routing"},
    {"given.ccxt_createOrder.params.SOR", "", "smart order routing"},
    {"given.ccxt_createOrder.params.newOrderRespType", "", "other answers than FULL"},
};

// Members of `expected` that say what other programs would have called it.
const std::vector<std::string_view> other_opinions = {"unified_origin", "ccxt_exception", "jkorf_error_type",
                                                      "lean_steps"};

// ---- facts as JSON, under the names that the vectors use

json::value as_json(const Decimal& value) { return json::value(to_string(value)); }
json::value as_json(const std::string& value) { return json::value(value); }
json::value as_json(std::int64_t value) { return json::value(value); }
json::value as_json(bool value) { return json::value(value); }

template <class T>
void put(json::object& object, std::string_view name, const T& value) {
  object[name] = as_json(value);
}
template <class T>
void put(json::object& object, std::string_view name, const std::optional<T>& value) {
  if (value) object[name] = as_json(*value);
}

json::value as_json(const Order& order) {
  json::object object;
  put(object, "symbol", order.symbol);
  put(object, "order_list_id", order.order_list_id);
  if (!order.list_orders.empty()) return object;
  put(object, "order_id", order.order_id);
  put(object, "client_order_id", order.client_order_id);
  put(object, "orig_client_order_id", order.orig_client_order_id);
  put(object, "status", order.status);
  put(object, "type", order.type);
  put(object, "side", order.side);
  put(object, "time_in_force", order.time_in_force);
  put(object, "price", order.price);
  put(object, "stop_price", order.stop_price);
  put(object, "iceberg_qty", order.iceberg_qty);
  put(object, "orig_qty", order.orig_qty);
  put(object, "executed_qty", order.executed_qty);
  put(object, "cum_quote_qty", order.cum_quote_qty);
  put(object, "orig_quote_order_qty", order.orig_quote_order_qty);
  put(object, "transact_time", order.transact_time);
  put(object, "time", order.time);
  put(object, "update_time", order.update_time);
  put(object, "working_time", order.working_time);
  put(object, "is_working", order.is_working);
  put(object, "self_trade_prevention_mode", order.self_trade_prevention_mode);
  put(object, "expiry_reason", order.expiry_reason);
  if (order.fills) {
    json::array fills;
    for (const OrderFill& fill : *order.fills) {
      fills.push_back(json::object{{"price", to_string(fill.price)},
                                   {"qty", to_string(fill.qty)},
                                   {"commission", to_string(fill.commission)},
                                   {"commissionAsset", fill.commission_asset},
                                   {"tradeId", fill.trade_id}});
    }
    object["fills"] = std::move(fills);
  }
  return object;
}

json::array as_json(const std::vector<AssetBalance>& balances) {
  json::array array;
  for (const AssetBalance& balance : balances) {
    array.push_back(json::object{
        {"asset", balance.asset}, {"free", to_string(balance.free)}, {"locked", to_string(balance.locked)}});
  }
  return array;
}

void describe(json::object& object, const ExecutionReportEvent& report) {
  put(object, "symbol", report.symbol);
  put(object, "client_order_id", report.client_order_id);
  put(object, "orig_client_order_id", report.orig_client_order_id);
  put(object, "our_client_order_id", report.our_client_order_id());
  put(object, "side", report.side);
  put(object, "type", report.type);
  put(object, "time_in_force", report.time_in_force);
  put(object, "qty", report.qty);
  put(object, "price", report.price);
  put(object, "stop_price", report.stop_price);
  put(object, "iceberg_qty", report.iceberg_qty);
  put(object, "order_list_id", report.order_list_id);
  put(object, "execution_type", report.execution_type);
  put(object, "order_status", report.order_status);
  put(object, "reject_reason", report.reject_reason);
  put(object, "order_id", report.order_id);
  put(object, "last_qty", report.last_qty);
  put(object, "cum_qty", report.cum_qty);
  put(object, "last_price", report.last_price);
  put(object, "commission", report.commission);
  object["commission_asset"] = report.commission_asset ? json::value(*report.commission_asset) : json::value(nullptr);
  put(object, "transact_time", report.transact_time);
  put(object, "trade_id", report.trade_id);
  put(object, "execution_id", report.execution_id);
  put(object, "on_book", report.on_book);
  put(object, "is_maker", report.is_maker);
  put(object, "created_time", report.created_time);
  put(object, "cum_quote_qty", report.cum_quote_qty);
  put(object, "last_quote_qty", report.last_quote_qty);
  put(object, "quote_order_qty", report.quote_order_qty);
  put(object, "working_time", report.working_time);
  put(object, "self_trade_prevention_mode", report.self_trade_prevention_mode);
  put(object, "prevented_match_id", report.prevented_match_id);
  put(object, "prevented_qty", report.prevented_qty);
  put(object, "trailing_delta", report.trailing_delta);
  put(object, "expiry_reason", report.expiry_reason);
}

void describe(json::object& object, const AccountPositionEvent& position) {
  put(object, "update_time", position.update_time);
  put(object, "last_update", position.update_time);
  object["balances"] = as_json(position.balances);
}

void describe(json::object& object, const BalanceUpdateEvent& update) {
  put(object, "asset", update.asset);
  put(object, "delta", update.delta);
  put(object, "clear_time", update.clear_time);
}

void describe(json::object& object, const ListStatusEvent& status) {
  put(object, "symbol", status.symbol);
  put(object, "order_list_id", status.order_list_id);
  put(object, "contingency", status.contingency);
  put(object, "list_status_type", status.list_status_type);
  put(object, "list_order_status", status.list_order_status);
  put(object, "reject_reason", status.reject_reason);
  put(object, "list_client_order_id", status.list_client_order_id);
  put(object, "transact_time", status.transact_time);
  json::array orders;
  for (const ListStatusEvent::Leg& leg : status.orders) {
    orders.push_back(
        json::object{{"symbol", leg.symbol}, {"order_id", leg.order_id}, {"client_order_id", leg.client_order_id}});
  }
  object["orders"] = std::move(orders);
}

void describe(json::object& object, const ExternalLockEvent& lock) {
  put(object, "asset", lock.asset);
  put(object, "delta", lock.delta);
  put(object, "transact_time", lock.transact_time);
  put(object, "clear_time", lock.transact_time);
}

void describe(json::object& object, const ListenKeyExpiredEvent& expired) {
  put(object, "listen_key", expired.listen_key);
}
void describe(json::object&, const StreamTerminatedEvent&) {}
void describe(json::object&, const ServerShutdownEvent&) {}
void describe(json::object&, const UnknownEvent&) {}

json::value as_json(const UserFrame& frame) {
  json::object object;
  put(object, "event", frame.event.name);
  put(object, "event_time", frame.event.event_time);
  put(object, "stream", frame.stream);
  put(object, "subscription_id", frame.subscription_id);
  switch (frame.envelope) {
    case Envelope::Raw: object["envelope"] = "raw"; break;
    case Envelope::CombinedStream: object["envelope"] = "combined_stream"; break;
    case Envelope::WsApi: object["envelope"] = "ws_api"; break;
  }
  std::visit([&](const auto& what) { describe(object, what); }, frame.event.what);
  return object;
}

json::value as_json(const SymbolInfo& info) {
  json::object object;
  put(object, "symbol", info.symbol);
  put(object, "status", info.status);
  put(object, "base", info.base);
  put(object, "quote", info.quote);
  object["order_types"] = json::value_from(info.order_types);
  put(object, "tick_size", info.tick_size);
  put(object, "min_price", info.min_price);
  put(object, "max_price", info.max_price);
  put(object, "step_size", info.step_size);
  put(object, "min_qty", info.min_qty);
  put(object, "max_qty", info.max_qty);
  put(object, "market_step_size", info.market_step_size);
  put(object, "market_min_qty", info.market_min_qty);
  put(object, "market_max_qty", info.market_max_qty);
  put(object, "notional_filter", info.notional_filter);
  put(object, "min_notional", info.min_notional);
  put(object, "max_notional", info.max_notional);
  return object;
}

// ---- the files

template <class T>
bool is_decoded(Case& a_case, const Result<T>& result) {
  if (!result) a_case.mismatch("body", "to be decoded", result.error().text);
  return result.has_value();
}

// A copy with a price of the wrong JSON type must be refused, by the member's name.
template <class Decode>
void refuses_spoiled(Case& a_case, std::string_view text, const std::vector<std::string_view>& prices, Decode decode) {
  for (const Spoiled& copy : spoil(text, prices)) {
    const auto result = decode(copy.text);
    if (result) {
      a_case.mismatch(copy.member, "a number in its place to be refused", "it was taken");
    } else if (result.error().text.find("." + copy.member + ":") == std::string::npos) {
      a_case.mismatch(copy.member, "to be named in the refusal", result.error().text);
    }
  }
}

void check_order_response(Case& a_case) {
  const std::string body = text_of(a_case.given(), "body");
  const std::vector<std::string_view> prices = {"price", "stopPrice", "origQty", "executedQty", "cummulativeQuoteQty"};
  const auto first = body.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && body[first] == '[') {
    const auto orders = decode_orders(body);
    if (!is_decoded(a_case, orders)) return;
    json::array got;
    for (const Order& order : *orders) got.push_back(as_json(order));
    a_case.compare(a_case.expected(), got);
    refuses_spoiled(a_case, body, prices, [](std::string_view text) { return decode_orders(text); });
  } else {
    const auto order = decode_order(body);
    if (!is_decoded(a_case, order)) return;
    a_case.compare(a_case.expected(), as_json(*order));
    refuses_spoiled(a_case, body, prices, [](std::string_view text) { return decode_order(text); });
  }
}

void check_user_frame(Case& a_case, const std::string& text, const json::value& expected) {
  const auto frame = decode_user_frame(text);
  if (!is_decoded(a_case, frame)) return;
  a_case.compare(expected, as_json(*frame));
  const auto* report = std::get_if<ExecutionReportEvent>(&frame->event.what);
  if (report == nullptr) return;
  refuses_spoiled(a_case, text, {"p", "P", "L", "q", "l", "z"},
                  [](std::string_view copy) { return decode_user_frame(copy); });
  // Whatever it says is a fact about the order it names, or is kept apart as unknown; never silence.
  const EventFacts said = facts_of(*report, Symbol{"X/Y"});
  if (said.facts.empty() == said.unknown.empty()) {
    a_case.mismatch("facts", "facts or an unknown value", "neither or both");
  }
  for (const VenueReport& fact : said.facts) {
    if (fact.cum_qty && *fact.cum_qty != report->cum_qty) {
      a_case.mismatch("facts.cum_qty", to_string(report->cum_qty), "another");
    }
    if (view(fact.venue_order_id) != report->our_client_order_id()) {
      a_case.mismatch("facts.venue_order_id", report->our_client_order_id(), view(fact.venue_order_id));
    }
  }
}

void check_user_event(Case& a_case) { check_user_frame(a_case, text_of(a_case.given(), "frame"), a_case.expected()); }

void check_lifecycle(Case& a_case) {
  const json::array& frames = a_case.given().at("frames").as_array();
  const json::array& events = a_case.expected().at("events").as_array();
  if (frames.size() != events.size()) {
    a_case.mismatch("events", std::to_string(events.size()), std::to_string(frames.size()));
  }
  for (std::size_t i = 0; i < std::min(frames.size(), events.size()); ++i) {
    check_user_frame(a_case, std::string{frames[i].as_string()}, events[i]);
  }
}

void check_symbol(Case& a_case) {
  const std::string text = text_of(a_case.given(), "symbol_json");
  const auto info = decode_symbol(text);
  if (!is_decoded(a_case, info)) return;
  a_case.compare(a_case.expected(), as_json(*info));
  refuses_spoiled(a_case, text, {"tickSize", "minPrice", "maxPrice", "stepSize", "minQty", "maxQty", "minNotional"},
                  [](std::string_view copy) { return decode_symbol(copy); });
  const auto instrument = instrument_of(*info);
  if (!instrument) {
    a_case.mismatch("instrument", "one", "none");
  } else if (view(instrument->symbol) != info->base + "/" + info->quote || instrument->tick_size != info->tick_size) {
    a_case.mismatch("instrument", info->base + "/" + info->quote, view(instrument->symbol));
  }
}

void check_error(Case& a_case) {
  const auto error = decode_error(text_of(a_case.given(), "body"));
  if (!error) {
    a_case.mismatch("body", "an error", "none");
    return;
  }
  json::object got;
  put(got, "code", error->code);
  put(got, "unified", std::string{name_of(unified(error->code, error->message))});
  if (const auto name = documented_name(error->code); !name.empty()) put(got, "docs_name", std::string{name});
  a_case.compare(a_case.expected(), got);
}

std::string param_text(const json::value& value) {
  return value.is_string() ? std::string{value.get_string()} : json::serialize(value);
}

void check_signature(Case& a_case) {
  const json::object& given = a_case.given();
  const std::string key_type = text_of(given, "key_type");
  std::string passphrase = text_of(given, "passphrase");
  if (passphrase.empty()) passphrase = text_of(given, "private_key_passphrase");
  const auto signer = key_type == "HMAC" ? Signer::hmac(text_of(given, "secret"))
                                         : Signer::private_key(text_of(given, "private_key_pem"), passphrase);
  if (!is_decoded(a_case, signer)) return;

  std::string query = text_of(given, "query");
  std::string payload;
  if (const json::value* params = given.if_contains("params"); params != nullptr && params->is_array()) {
    Params ordered;
    for (const json::value& pair : params->get_array()) {
      ordered.emplace_back(param_text(pair.as_array().at(0)), param_text(pair.as_array().at(1)));
    }
    query = query_of(ordered);
    payload = rest_payload(query, "");
  } else if (params != nullptr && params->is_object()) {
    Params unsorted;
    for (const auto& member : params->get_object()) unsorted.emplace_back(member.key(), param_text(member.value()));
    payload = ws_payload(std::move(unsorted));
  } else if (given.contains("payload")) {
    payload = text_of(given, "payload");
  } else {
    payload = rest_payload(query, text_of(given, "body"));
  }
  const std::string signature = signer->sign(payload);
  json::object got;
  put(got, "payload", payload);
  put(got, "signature", signature);
  put(got, "signature_percent_encoded", percent_encode(signature));
  put(got, "url_query", with_signature(query, signature));
  got["header"] = json::object{{api_key_header, text_of(given, "api_key")}};
  a_case.compare(a_case.expected(), got);
}

// Steps and ticks as Binance lists them today, for symbols that the recordings lack or have from years ago.
Instrument listed(std::string_view symbol, const std::map<std::string, Instrument>& recorded) {
  struct Row {
    std::string_view symbol, step, tick;
  };
  constexpr Row rows[] = {
      {"BTC/USDT", "0.00001", "0.01"}, {"ETH/USDT", "0.0001", "0.01"}, {"LTC/USDT", "0.001", "0.01"},
      {"BNB/USDT", "0.001", "0.01"},   {"SOL/USDT", "0.001", "0.01"},  {"XRP/USDT", "0.1", "0.0001"},
      {"ADA/USDT", "0.1", "0.0001"},   {"DOGE/USDT", "1", "0.00001"},
  };
  Instrument instrument;
  instrument.symbol = cut<32>(symbol);
  std::string broker_symbol{symbol};
  std::erase(broker_symbol, '/');
  instrument.broker_symbol = cut<32>(broker_symbol);
  instrument.quote_precision = 8;
  if (const auto found = recorded.find(std::string{symbol}); found != recorded.end()) instrument = found->second;
  for (const Row& row : rows) {
    if (row.symbol != symbol) continue;
    instrument.lot_size = Decimal::parse(row.step);
    instrument.tick_size = Decimal::parse(row.tick);
  }
  instrument.order_types.clear();  // what a symbol takes is not what these cases are about
  instrument.can_iceberg = instrument.can_cash_order_qty = instrument.can_trailing_stop = true;
  return instrument;
}

void check_order_request(Case& a_case, const std::map<std::string, Instrument>& recorded) {
  const json::object& call = a_case.given().at("ccxt_createOrder").as_object();
  const Instrument instrument = listed(text_of(call, "symbol"), recorded);
  const auto request = encode_place(order_of_ccxt(call, instrument), instrument, "");
  if (!is_decoded(a_case, request)) return;

  const json::object& expected = a_case.expected().as_object();
  a_case.compare(expected.at("http_method"), json::value(request->method), "expected.http_method");
  if (!text_of(expected, "url").ends_with(request->path)) {
    a_case.mismatch("url", text_of(expected, "url"), request->path);
  }
  json::object got;
  for (const auto& [name, value] : request->params) got[name] = value;
  json::object wanted = expected.at("params").as_object();
  if (const json::value* ignored = expected.if_contains("ignored_params")) {
    for (const json::value& name : ignored->as_array()) {
      got.erase(name.as_string());
      wanted.erase(name.as_string());
    }
  }
  a_case.compare(wanted, got, "params");
  for (const auto& member : got) {
    if (!wanted.contains(member.key())) a_case.mismatch(member.key(), "nothing", json::serialize(member.value()));
  }
}

std::map<std::string, Instrument> recorded_instruments(const std::filesystem::path& folder) {
  std::map<std::string, Instrument> instruments;
  const std::filesystem::path file = folder / "binance" / "exchange_info_symbols.json";
  if (!std::filesystem::exists(file)) return instruments;
  const json::value document = load(file);
  for (const json::value& a_case : document.at("cases").as_array()) {
    const auto info = decode_symbol(text_of(a_case.at("given").as_object(), "symbol_json"));
    const auto instrument = info ? instrument_of(*info) : std::nullopt;
    if (instrument) instruments.emplace(std::string{view(instrument->symbol)}, *instrument);
  }
  return instruments;
}

int run() {
  const auto data = folder();
  if (!data) {
    std::puts("SKIPPED: no vectors: BUSBAR_VECTORS is not set, and there is no folder of them beside the source tree");
    return 0;
  }
  const auto instruments = recorded_instruments(*data);
  bool all_good = true;
  const auto file = [&](const std::string& name, const std::function<void(Case&)>& check) {
    all_good &= walk(*data, "binance", name, out_of_scope, [&](Case& a_case) {
      a_case.other_opinions = other_opinions;
      check(a_case);
    });
  };
  file("order_requests", [&](Case& a_case) { check_order_request(a_case, instruments); });
  file("rest_order_responses", check_order_response);
  file("user_stream_events", check_user_event);
  file("exchange_info_symbols", check_symbol);
  file("errors", check_error);
  file("signatures_rest", check_signature);
  // Not every collection has these.
  const auto is_there = [&](const char* name) { return std::filesystem::exists(*data / "binance" / name); };
  if (is_there("order_lifecycles.json")) file("order_lifecycles", check_lifecycle);
  if (is_there("signatures_ws_api.json")) file("signatures_ws_api", check_signature);
  return all_good ? 0 : 1;
}

}  // namespace

}  // namespace busbar::vectors

int main() {
  try {
    return busbar::vectors::run();
  } catch (const std::exception& error) {
    std::printf("binance_vectors: %s\n", error.what());
    return 1;
  }
}
