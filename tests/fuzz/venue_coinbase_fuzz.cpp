// Whatever a client sends to the Coinbase venue in a box: a body becomes an order or the broker's refusal, and a token
// is proven or not.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <boost/json.hpp>

#include "tools/venue/coinbase/api.hpp"
#include "tools/venue/coinbase/config.hpp"
#include "tools/venue/coinbase/key.hpp"
#include "tools/venue/coinbase/login.hpp"
#include "tools/venue/coinbase/order_reader.hpp"
#include "tools/venue/form.hpp"

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
  // A login with any bytes: no tokens, and never sent to where nobody registered.
  static Engine accounts{default_symbols(), Commission::InQuote};
  static History history{default_symbols().size()};
  static Api api{accounts, history, {},  {}, {}, {}, {}, 1, [] { return TimeUs{1}; }, [](const Events&) {}};
  static Login login{api, [] {
                       accounts.open_account("main", "0"_d, "0"_d, true);
                       LoginSettings settings;
                       settings.account = "main";
                       return settings;
                     }(), 1};
  for (const char* method : {"GET", "POST"}) {
    Request request;
    request.method = method;
    request.path = *method == 'G' ? "/oauth2/auth" : "/oauth2/token";
    request.query = request.body = text;
    request.headers.emplace_back("content-type", "application/x-www-form-urlencoded");
    static_cast<void>(login.operation(request));
    const Reply reply = login.answer(request);
    const bool is_sent_home = without_loopback_port(reply.location).starts_with("http://127.0.0.1/callback?") ||
                              without_loopback_port(reply.location).starts_with("http://localhost/callback?");
    if (*method == 'G' ? !reply.location.empty() && !is_sent_home : reply.status < 400) std::abort();
  }
  return 0;
}
