// Whatever a client sends to the broker in a box: forms and JSON become parameters and an order, or the venue's own refusal.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <boost/json.hpp>

#include "tools/venue/binance/order_reader.hpp"

using namespace busbar;
using namespace busbar::venue;
using namespace busbar::venue::binance;
using namespace busbar::literals;

namespace {

Symbol rules() {
  Symbol symbol;
  symbol.name = "BTCUSDT";
  symbol.base = "BTC";
  symbol.quote = "USDT";
  symbol.price_min = symbol.tick = "0.01"_d;
  symbol.price_max = "1000000"_d;
  symbol.qty_min = symbol.step = "0.00001"_d;
  symbol.qty_max = symbol.market_qty_max = "9000"_d;
  symbol.notional_min = "5"_d;
  symbol.notional_max = "9000000"_d;
  return symbol;
}

void read(Params params) {
  static const Symbol symbol = rules();
  static_cast<void>(params.sorted_payload());
  static_cast<void>(params.integer("timestamp"));
  static_cast<void>(params.list("symbols"));
  static_cast<void>(params.flag("computeCommissionRates"));
  const auto order = read_order(params, OrderNames{}, symbol);
  static_cast<void>(read_self_trade(params, symbol));
  if (!params.error()) refuse_if_unsupported(params, order, symbol);
  params.finish();
  if (params.error() && params.error()->text.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const std::size_t line = std::min(text.find('\n'), text.size());
  read(Params::from_form(text.substr(0, line), text.substr(std::min(line + 1, text.size()))));
  boost::system::error_code error;
  const auto json = boost::json::parse(text, error);
  if (!error && json.is_object()) read(Params::from_json(json.get_object()));
  return 0;
}
