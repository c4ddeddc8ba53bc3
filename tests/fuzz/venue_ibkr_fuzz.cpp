// Whatever a client sends to the Interactive Brokers venue in a box: a body becomes an order or the broker's refusal, a
// number is written as it was read, and nobody guesses a signature.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tools/venue/ibkr/config.hpp"
#include "tools/venue/ibkr/identity.hpp"
#include "tools/venue/ibkr/numbers.hpp"
#include "tools/venue/ibkr/questions.hpp"

using namespace busbar;
using namespace busbar::venue;
using namespace busbar::venue::ibkr;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Engine engine{[] {
                               std::vector<venue::Symbol> symbols;
                               for (Listed& each : default_contracts()) symbols.push_back(std::move(each.rules));
                               return symbols;
                             }(), Commission::InQuote};
  static const Contracts contracts{engine, [] {
                                     std::vector<Contract> all;
                                     for (Listed& each : default_contracts()) all.push_back(std::move(each.contract));
                                     return all;
                                   }()};
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto body = parsed(text);
  if (body.is_object()) {
    Refused refused;
    const auto wanted = read_ticket(body.get_object(), contracts, "DU1", refused);
    if (!wanted && refused.error.empty()) std::abort();
    if (wanted) {
      if (wanted->order.qty.is_zero() && wanted->order.quote_qty.is_zero()) std::abort();
      for (const std::string& id : questions_about(*wanted, {}, contracts.rules(wanted->symbol).start_price)) {
        if (text_of_question(id, *wanted, {}).empty()) std::abort();
      }
    }
  }
  if (!body.is_null() && parsed(written(body)) != body) std::abort();

  static Identity identity{{}, [] { return TimeUs{1'700'000'000'000'000}; }};
  if (identity.consumers().empty()) {
    const RsaKey key = private_key_from(make_private_key());
    identity.consumers().push_back({"KEY", key, key, well_known_prime(), 0, false, false});
    identity.tokens().push_back({"t", "secret", 0, 0, false, "live", INT64_MAX});
  }
  for (const char* path : {"/authorize", "/v1/api/oauth/request_token", "/v1/api/oauth/live_session_token"}) {
    Request request;
    request.method = *path == '/' && path[1] == 'a' ? "GET" : "POST";
    request.path = path;
    request.query = request.body = text;
    request.headers.emplace_back("authorization", text);
    request.headers.emplace_back("content-type", "application/x-www-form-urlencoded");
    if (identity.answer(request).status < 400) std::abort();
    std::string why;
    if (identity.caller_of(request, why) || why.empty()) std::abort();
  }
  static_cast<void>(agree(text, well_known_prime(), "secret"));
  return 0;
}
