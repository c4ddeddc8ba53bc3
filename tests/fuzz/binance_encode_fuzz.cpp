// Any order at all: what is encoded is plain digits and known words, and never an empty value.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

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
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Source bytes{data, size};
  NewOrder order;
  order.side = static_cast<Side>(bytes.next() % 3);
  order.order_type = static_cast<OrderType>(bytes.next() % 7);
  order.time_in_force = static_cast<TimeInForce>(bytes.next() % 8);
  order.rounding = static_cast<Rounding>(bytes.next() % 4);
  order.self_trade_prevention = static_cast<SelfTradePrevention>(bytes.next() % 6);
  order.post_only = bytes.next() % 4 == 0;
  order.trailing_delta_bps = bytes.next() % 4 == 0 ? bytes.next() : 0;
  order.order_qty = bytes.decimal();
  order.cash_order_qty = bytes.decimal();
  order.price = bytes.decimal();
  order.stop_px = bytes.decimal();
  order.display_qty = bytes.decimal();
  Instrument instrument;
  instrument.symbol = "BTC/USDT";
  instrument.broker_symbol = "BTCUSDT";
  instrument.tick_size = bytes.step();
  instrument.lot_size = bytes.step();
  instrument.can_iceberg = instrument.can_cash_order_qty = instrument.can_trailing_stop = true;
  instrument.quote_precision = bytes.next() % 19;

  const auto request = encode_place(order, instrument, "V1");
  if (!request) {
    if (request.error().text.empty()) __builtin_trap();
    return 0;
  }
  for (const auto& [name, value] : request->params) {
    if (value.empty() || percent_encode(value) != value) __builtin_trap();
  }
  return 0;
}
