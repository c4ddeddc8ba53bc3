// A gateway with no broker behind: it answers each order at once with the report that the broker has it on its book.
//   gateway ADDRESS

#include "bus/clock.hpp"
#include "bus/codec.hpp"
#include "tools/bench/order_words.hpp"
#include "tools/bench/sockets.hpp"

namespace busbar::bench {
namespace {

constexpr std::uint64_t incarnation = 1;
constexpr const char* session = "1";
constexpr long heartbeat_ms = 200;

using namespace literals;

class Gateway {
 public:
  explicit Gateway(const std::string& address) {
    socket_.connect(address);
    say_hello();
  }

  [[noreturn]] void run() {
    zmq_pollitem_t readable{socket_.get(), 0, ZMQ_POLLIN, 0};
    for (;;) {
      Part part;
      if (part.receive(socket_)) {
        hear(*wire::GetMessage(part.bytes().data()));
      } else if (zmq_poll(&readable, 1, heartbeat_ms) == 0) {
        say(Heartbeat{wall_now_ns(), 0, 0});
      }
    }
  }

 private:
  void hear(const wire::Message& message) {
    if (const auto* place = message.body_as_PlaceCommand()) {
      socket_.send(accepted(builder_, session, incarnation, ++reports_, wall_now_ns(), *place->command()));
    } else if (message.body_type() == wire::Body::GatewayWelcome) {
      open();
    } else if (const auto* reject = message.body_as_Reject()) {
      fail("gateway: the router refused: " + (reject->text() ? reject->text()->str() : std::string{}));
    }
  }

  void say(const Body& body) {
    Header header;
    header.environment = Environment::Paper;
    header.sender = gateway_name;
    header.session = session;
    header.send_time_ns = wall_now_ns();
    socket_.send(encode(header, body));
  }

  void say_hello() {
    GatewayHello hello;
    hello.gateway = gateway_name;
    hello.incarnation = incarnation;
    hello.broker = "bench";
    hello.version = BUSBAR_VERSION;
    hello.accounts = {{account_name, {}, 0, 0, 0}};
    hello.capabilities.order_types = {OrderType::Limit};
    hello.capabilities.times_in_force = {TimeInForce::GoodTillCancel};
    hello.capabilities.absence_rule = {15'000, 2, false};
    hello.capabilities.fill_quantity = FillQuantity::Incremental;
    say(hello);
  }

  void open() {
    Instrument instrument;
    instrument.symbol = symbol_name;
    instrument.broker_symbol = "BTCUSDT";
    instrument.base = "BTC";
    instrument.quote = "USDT";
    instrument.status = TradingStatus::Trading;
    instrument.order_types = {OrderType::Limit};
    instrument.tick_size = "0.01"_d;
    instrument.min_price = "0.01"_d;
    instrument.max_price = "1000000"_d;
    instrument.lot_size = "0.00001"_d;
    instrument.min_qty = "0.00001"_d;
    instrument.max_qty = "9000"_d;
    instrument.min_notional = "5"_d;
    instrument.max_notional = "9000000"_d;
    say(Instruments{gateway_name, 0, true, {instrument}, wall_now_ns()});
    SessionState state;
    state.gateway = gateway_name;
    state.account = account_name;
    state.state = state.order_stream = state.rest = state.market_data = SessionStateKind::Ok;
    state.reconciled = true;
    say(state);
  }

  Socket socket_{ZMQ_DEALER};
  Builder builder_;
  std::uint64_t reports_ = 0;
};

}  // namespace
}  // namespace busbar::bench

int main(int argc, char** argv) {
  if (argc != 2) busbar::bench::fail("gateway ADDRESS");
  busbar::bench::Gateway{argv[1]}.run();
}
