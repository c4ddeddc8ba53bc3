// Whatever Binance's hosts may send: each decoder by turns. Nothing may crash, and what was decoded must make facts.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateways/binance/decode.hpp"
#include "gateways/binance/errors.hpp"
#include "gateways/binance/facts.hpp"
#include "gateways/binance/instruments.hpp"

using namespace busbar;
using namespace busbar::binance;

namespace {

const Symbol symbol{"BTC/USDT"};

void about_event(const UserFrame& frame) {
  const auto* report = std::get_if<ExecutionReportEvent>(&frame.event.what);
  if (report == nullptr) return;
  const EventFacts said = facts_of(*report, symbol);
  if (said.facts.empty() == said.unknown.empty()) __builtin_trap();
}

}  // namespace

// The first byte chooses the decoder, the rest is what came.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data + 1), size - 1};
  switch (data[0]) {
    case 'o':
      if (const auto order = decode_order(text)) {
        facts_of_place(*order, symbol);
        fact_of_cancel(*order, symbol, "V1");
        (void)state_of(*order, symbol, VenueSource::Probe);
      }
      break;
    case 'O': (void)decode_orders(text); break;
    case 't':
      if (const auto trades = decode_trades(text)) {
        for (const AccountTrade& trade : *trades) fill_of(trade, symbol, "V1", VenueSource::Reconcile);
      }
      break;
    case 'a': (void)decode_account(text); break;
    case 'e':
      if (const auto error = decode_error(text)) (void)unified(error->code, error->message);
      judge_write(400, text);
      judge_read(400, text);
      break;
    case 'u':
      if (const auto frame = decode_user_frame(text)) about_event(*frame);
      break;
    case 'w':
      if (const auto frame = decode_ws_api_frame(text)) {
        if (const auto* event = std::get_if<UserFrame>(&*frame)) about_event(*event);
      }
      break;
    case 'm': (void)decode_market_frame(text); break;
    case 's':
      if (const auto info = decode_symbol(text)) (void)instrument_of(*info);
      break;
    case 'x': (void)decode_exchange_info(text); break;
    default: break;
  }
  return 0;
}
