// Whatever a client sends to the Alpaca venue in a box: a body becomes an order, a change or the broker's refusal, a message
// is read as JSON or MessagePack, and a login sends nobody to where nobody registered.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "tools/venue/alpaca/api.hpp"
#include "tools/venue/alpaca/config.hpp"
#include "tools/venue/alpaca/login.hpp"
#include "tools/venue/alpaca/order_reader.hpp"
#include "tools/venue/alpaca/trade_stream.hpp"
#include "tools/venue/form.hpp"

using namespace busbar;
using namespace busbar::venue;
using namespace busbar::venue::alpaca;

namespace {

// An account that orders as it is told, in a market that stands still; begun anew when it has seen enough.
struct World {
  Engine engine{default_symbols().symbols, Commission::OfWhatIsReceived};
  History history{engine.symbol_count()};
  AccountId main = engine.open_account("main", {}, {}, true);
  Api api{engine, history, default_symbols().assets, {}, {}, {}, 1, [] { return TimeUs{1'764'000'000'000'000}; },
          [this](const Events& events) {
            for (const Execution& execution : events.executions) {
              api.ledger().apply(execution, engine.symbol(execution.order.symbol).base, execution.order.quote_asset);
            }
            if (!events.trades.empty()) api.on_trades(events.trades);
          }};
  World() {
    for (const char* asset : {"USD", "AAPL", "BTC"}) engine.deposit(main, asset, Decimal{1'000'000, 0}, 0);
    api.keys() = {{"key", "secret", main, true, false}};
    api.limits().set({INT32_MAX, INT32_MAX, 1, 0});
    api.on_tick();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static auto world = std::make_unique<World>();
  const std::string text{reinterpret_cast<const char*>(data), size};
  if (world->api.ledger().all().size() > 500) world = std::make_unique<World>();
  Api& api = world->api;

  if (const auto value = from_msgpack(text)) static_cast<void>(to_json(*value));
  static_cast<void>(message_from(text));
  static_cast<void>(date_from(text));
  boost::system::error_code error;
  const auto body = boost::json::parse(text, error);
  if (!error && body.is_object()) {
    Refused refused;
    const auto order = read_order(body.get_object(), {api.assets(), api.engine(), api.hours(), api.now()}, refused);
    if (order.has_value() == (refused.status != 0)) std::abort();  // one or the other, and never both
    if (order && order->order.qty.is_zero() && order->order.quote_qty.is_zero()) std::abort();
    Call call;
    call.key_id = "key";
    call.key_secret = "secret";
    call.body = body.get_object();
    std::string id;
    const Reply placed = api.perform(*api.find("POST", "/v2/orders", id), call);
    if (placed.status == 200 && !order) std::abort();
    if (placed.order_id.is_string()) {  // the same words once more, as a change of it; and then it is cancelled
      call.id = placed.order_id.get_string();
      static_cast<void>(api.perform(*api.find("PATCH", "/v2/orders/x", id), call));
      static_cast<void>(api.perform(*api.find("DELETE", "/v2/orders", id), call));
    }
  }
  Call question;
  question.key_id = "key";
  question.key_secret = "secret";
  question.query = form_fields(text);
  for (const char* path : {"/v2/orders", "/v2/account/activities", "/v2/calendar", "/v2/stocks/bars", "/v2/stocks/quotes",
                           "/v1beta3/crypto/us/trades", "/v1beta3/crypto/us/snapshots"}) {
    std::string id;
    if (api.perform(*api.find("GET", path, id), question).status >= 500) std::abort();
  }
  LoginSettings settings;
  settings.account = "main";
  Login login{api, settings};
  for (const char* method : {"GET", "POST"}) {
    Request request;
    request.method = method;
    request.path = *method == 'G' ? "/oauth/authorize" : "/oauth/token";
    request.query = request.body = text;
    request.headers.emplace_back("content-type", "application/x-www-form-urlencoded");
    const Reply reply = login.answer(request);
    const bool is_sent_home = without_loopback_port(reply.location).starts_with("http://127.0.0.1/callback?") ||
                              without_loopback_port(reply.location).starts_with("http://localhost/callback?");
    if (*method == 'G' ? !reply.location.empty() && !is_sent_home : reply.status < 400) std::abort();
  }
  return 0;
}
