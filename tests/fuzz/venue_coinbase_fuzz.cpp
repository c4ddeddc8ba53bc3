// Whatever a client sends to the Coinbase venue in a box: a body becomes an order or the broker's refusal, and a token
// is proven or not.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <boost/json.hpp>

#include "tools/venue/coinbase/config.hpp"
#include "tools/venue/coinbase/key.hpp"
#include "tools/venue/coinbase/login.hpp"
#include "tools/venue/coinbase/order_reader.hpp"

using namespace busbar;
using namespace busbar::venue;
using namespace busbar::venue::coinbase;
using namespace busbar::literals;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Engine engine{default_symbols(), Commission::InQuote};
  static const Products products{engine, {{"BTC-USDC", "BTC-USD", "USDC"}}};
  static const PublicKey key = public_key_from("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  boost::system::error_code error;
  const auto body = boost::json::parse(text, error);
  if (!error && body.is_object()) {
    Refused refused;
    const auto order =
        read_order(body.get_object(), {products, engine, 1'700'000'000'000'000, 86'400'000'000, "0.008"_d}, refused);
    if (!order && !refused.is_bad_request && refused.reason.empty()) std::abort();
    if (order && order->order.qty.is_zero() && order->order.quote_qty.is_zero()) std::abort();
  }
  const TokenVerdict verdict =
      check_token(text, {1'700'000'000'000'000, 0, 120'000'000, {"GET api.coinbase.com/"}}, [](auto) { return key; });
  if (verdict.token || verdict.fault.empty()) std::abort();  // nobody guesses a signature
  static_cast<void>(public_key_from(text));
  static_cast<void>(form_fields(text));
  return 0;
}
