#include <string>

#include "gateways/binance/decode.hpp"
#include "gateways/binance/encode.hpp"
#include "gateways/binance/errors.hpp"
#include "gateways/binance/instruments.hpp"
#include "tests/vectors/binance_checks.hpp"
#include "tests/vectors/binance_json.hpp"
#include "tests/vectors/ccxt_order.hpp"

namespace busbar::vectors {

using namespace busbar::binance;

namespace {

// Steps and ticks as Binance lists them today, for symbols that the recordings lack or have from years ago.
Instrument listed(std::string_view symbol, const Instruments& recorded) {
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

}  // namespace

void check_order_request(Case& a_case, const Instruments& recorded) {
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
    refuses(a_case, spoil(body, prices), [](std::string_view text) { return decode_orders(text); });
  } else {
    const auto order = decode_order(body);
    if (!is_decoded(a_case, order)) return;
    a_case.compare(a_case.expected(), as_json(*order));
    refuses(a_case, spoil(body, prices), [](std::string_view text) { return decode_order(text); });
  }
}

void check_symbol(Case& a_case) {
  const std::string text = text_of(a_case.given(), "symbol_json");
  const auto info = decode_symbol(text);
  if (!is_decoded(a_case, info)) return;
  a_case.compare(a_case.expected(), as_json(*info));
  const std::vector<std::string_view> rules = {"tickSize", "minPrice", "maxPrice",   "stepSize",
                                               "minQty",   "maxQty",   "minNotional"};
  refuses(a_case, spoil(text, rules), [](std::string_view copy) { return decode_symbol(copy); });
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
  got["code"] = error->code;
  got["unified"] = name_of(unified(error->code, error->message));
  if (const auto name = documented_name(error->code); !name.empty()) got["docs_name"] = name;
  a_case.compare(a_case.expected(), got);
}

}  // namespace busbar::vectors
