// Any orders at all: what is encoded is plain digits and known words, never an empty value and never a name twice; and
// what the WebSocket API is sent spells as what is signed.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

#include <boost/json.hpp>

#include "gateways/binance/encode.hpp"

using namespace busbar;
using namespace busbar::binance;

namespace {

struct Source {
  const std::uint8_t* data;
  std::size_t size;
  std::uint8_t next() {
    if (size == 0) return 0;
    --size;
    return *data++;
  }
  bool one_in(std::uint8_t count) { return next() % count == 0; }
  std::optional<Decimal> decimal() {
    if (next() % 2 == 0) return std::nullopt;
    std::uint64_t mantissa = 0;
    for (int i = next() % 8; i >= 0; --i) mantissa = mantissa << 8 | next();
    std::int64_t value;
    std::memcpy(&value, &mantissa, sizeof value);
    return Decimal{value, static_cast<int>(next() % 37) - 18};
  }
  std::optional<Decimal> step() {
    const auto value = decimal();
    return value && value->is_positive() ? value : std::nullopt;
  }
  NewOrder order() {
    NewOrder order;
    order.symbol = one_in(16) ? "ETH/USDT" : "BTC/USDT";
    order.side = static_cast<Side>(next() % 3);
    order.order_type = static_cast<OrderType>(next() % 7);
    order.time_in_force = static_cast<TimeInForce>(next() % 8);
    order.rounding = static_cast<Rounding>(next() % 4);
    order.self_trade_prevention = static_cast<SelfTradePrevention>(next() % 6);
    order.post_only = one_in(4);
    order.trailing_delta_bps = one_in(4) ? next() : 0;
    order.order_qty = decimal();
    order.cash_order_qty = decimal();
    order.price = decimal();
    order.stop_px = decimal();
    order.display_qty = decimal();
    return order;
  }
  Instrument instrument() {
    Instrument instrument;
    instrument.symbol = "BTC/USDT";
    instrument.broker_symbol = "BTCUSDT";
    instrument.tick_size = step();
    instrument.lot_size = step();
    instrument.can_iceberg = instrument.can_cash_order_qty = instrument.can_trailing_stop = true;
    instrument.can_replace = instrument.can_oco = instrument.can_oto = true;
    instrument.quote_precision = next() % 19;
    return instrument;
  }
};

void check_spelling(const Request& request) {
  const auto method = ws_method_of(request);
  if (!method) __builtin_trap();
  const auto sent = boost::json::parse(encode_ws_request("1", *method, request.params));
  Params again;
  for (const auto& member : sent.at("params").as_object()) {
    const boost::json::string* text = member.value().if_string();
    again.emplace_back(member.key(), text != nullptr ? std::string{*text} : boost::json::serialize(member.value()));
  }
  if (ws_payload(std::move(again)) != ws_payload(request.params)) __builtin_trap();
}

void check(const Result<Request>& request) {
  if (!request) {
    if (request.error().text.empty()) __builtin_trap();
    return;
  }
  std::vector<std::string_view> names;
  for (const auto& [name, value] : request->params) {
    if (value.empty() || percent_encode(value) != value || percent_encode(name) != name) __builtin_trap();
    names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) __builtin_trap();
  check_spelling(*request);
}

PlaceListCommand list_of(Source& bytes) {
  PlaceListCommand list;
  list.list_type = static_cast<OrderListType>(bytes.next() % 5);
  list.venue_list_id = "L1";
  for (int orders = bytes.next() % 5; orders > 0; --orders) {
    PlaceCommand command;
    command.command.venue_order_id = cut<64>("V" + std::to_string(orders));
    command.order = bytes.order();
    list.commands.push_back(std::move(command));
  }
  return list;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Source bytes{data, size};
  const Instrument instrument = bytes.instrument();
  switch (bytes.next() % 4) {
    case 0: check(encode_place(bytes.order(), instrument, "V1")); break;
    case 1:
      check(encode_cancel_replace(bytes.order(), instrument, bytes.one_in(4) ? "" : "V1", bytes.one_in(2) ? "" : "28",
                                  "V2", "C1", static_cast<CancelRestriction>(bytes.next() % 3)));
      break;
    case 2: check(encode_order_list(list_of(bytes), instrument)); break;
    default:
      if (const auto qty = bytes.step()) check(encode_amend("BTCUSDT", "V1", "28", *qty, "V2"));
      break;
  }
  return 0;
}
