// A16: eight publishers talk to one router, on a host whose wall clock is set back and forward by an hour again and again.
// An archive of the test's own sees each record: the sequence has no gap, record time follows the true time and never goes
// back, every publisher's messages stand in the order in which it said them. Orders wait for the broker's limit, and carry an
// expiry by the wall clock of the moment: none may be refused for a clock that was set, and none that is late may pass.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <deque>
#include <map>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bus/record.hpp"
#include "tests/promises/size.hpp"
#include "tests/unit/bus/loop.hpp"
#include "tests/unit/bus/random.hpp"
#include "tests/unit/router/bench.hpp"

namespace {
std::atomic<std::int64_t> wall_set_by_ns{0};  // how far the wall clock of this program is from the true one
}

// Ours comes before the C library's for all that this program is made of.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const auto done = static_cast<int>(syscall(SYS_clock_gettime, clock, time));
  if (done == 0 && clock == CLOCK_REALTIME) {
    const std::int64_t ns = time->tv_sec * 1'000'000'000 + time->tv_nsec + wall_set_by_ns;
    *time = {ns / 1'000'000'000, ns % 1'000'000'000};
  }
  return done;
}

namespace busbar::promises {
namespace {

namespace asio = boost::asio;
using namespace busbar::literals;
using router::test::Router;

constexpr std::int64_t s = 1'000'000'000;
constexpr std::int64_t hour = 3600 * s;
constexpr int publishers = 8;
constexpr std::uint64_t orders_per_second = 1500;  // what the broker allows
constexpr std::size_t open_max = 250;              // messages of one publisher that are not answered yet

Timestamp true_now_ns() { return wall_now_ns() - wall_set_by_ns; }

Header header_of(std::string_view sender, std::string_view session, std::uint64_t sequence) {
  Header header;
  header.environment = Environment::Paper;
  header.sender = cut<32>(sender);
  header.session = cut<32>(session);
  header.sequence = header.correlation_id = sequence;
  header.send_time_ns = wall_now_ns();
  return header;
}

// Takes every record and looks at it once.
class Archive {
 public:
  Archive(asio::io_context& loop, const std::string& address)
      : endpoint_{loop, bus::Kind::Router, {.frame_size_max = bus::audit_frame_size_max}} {
    endpoint_.bind(address);
    endpoint_.on_message([this](const bus::RoutingId& peer, std::string_view, std::span<const std::uint8_t> bytes) {
      const auto message = decode(bytes);
      ASSERT_TRUE(message) << message.error().text;
      if (const auto* append = std::get_if<AuditAppend>(&message->body)) take(append->records);
      static_cast<void>(endpoint_.send(peer, encode(header_of("auditd", "", 0), AuditState{.stream = "core", .next_sequence = next_})));
    });
  }

  std::uint64_t records() const { return next_ - 1; }
  std::uint64_t inputs() const { return inputs_; }
  std::int64_t farthest_ns() const { return farthest_ns_; }
  bool is_in_ns() const { return is_in_ns_; }
  int walls_seen() const { return walls_seen_; }

 private:
  void take(std::span<const std::uint8_t> frames) {
    while (!frames.empty()) {
      const auto frame = read_frame(frames);
      ASSERT_TRUE(frame) << frame.error().text;
      frames = frames.subspan(frame->size);
      const RecordHeader& header = frame->record.header;
      if (header.sequence < next_) continue;  // sent again
      ASSERT_EQ(header.sequence, next_) << "a gap";
      ++next_;
      ASSERT_GE(header.time_ns, last_time_ns_) << "record " << header.sequence << ": record time goes back";
      last_time_ns_ = header.time_ns;
      is_in_ns_ = is_in_ns_ || header.time_ns % 1000 != 0;
      farthest_ns_ = std::max(farthest_ns_, std::abs(true_now_ns() - header.time_ns));
      const std::int64_t ahead_ns = header.wall_ns - header.time_ns;
      const int ahead = ahead_ns > hour / 2 ? 1 : ahead_ns < -hour / 2 ? -1 : 0;
      if (std::exchange(last_ahead_, ahead) != ahead) ++walls_seen_;
      if (frame->record.kind() == RecordKind::Input) look_at(frame->record);
    }
  }

  void look_at(const Record& record) {
    const auto message = decode(record.payload);
    ASSERT_TRUE(message) << message.error().text;
    const Header& said = message->header;
    if (said.session.empty() || !view(said.sender).starts_with("publisher")) return;
    ++inputs_;
    ASSERT_EQ(said.sequence, last_of_[said.sender] + 1) << view(said.sender) << " said it in another order";
    last_of_[said.sender] = said.sequence;
  }

  bus::Endpoint endpoint_;
  std::uint64_t next_ = 1;
  std::uint64_t inputs_ = 0;
  Timestamp last_time_ns_ = 0;
  std::int64_t farthest_ns_ = 0;
  int last_ahead_ = 0;  // in hours
  int walls_seen_ = 0;
  bool is_in_ns_ = false;
  std::map<Name, std::uint64_t> last_of_;
};

// A broker with a limit, that fills each order at once.
class Gateway {
 public:
  Gateway(asio::io_context& loop, const Router& router) : endpoint_{loop, bus::Kind::Dealer} {
    endpoint_.on_message([this](const bus::RoutingId&, std::string_view, std::span<const std::uint8_t> bytes) {
      const auto message = decode(bytes);
      ASSERT_TRUE(message) << message.error().text;
      if (std::holds_alternative<GatewayWelcome>(message->body)) on_welcome();
      if (const auto* place = std::get_if<PlaceCommand>(&message->body)) on_place(*place);
    });
    endpoint_.connect(router.options.bus.gateways);
    GatewayHello hello;
    hello.gateway = hello.broker = "binance";
    hello.incarnation = 7;
    hello.version = "1";
    hello.accounts = {{"main", {}, 0, 0, 0}};
    hello.capabilities.order_types = {OrderType::Limit};
    hello.capabilities.times_in_force = {TimeInForce::GoodTillCancel};
    hello.capabilities.absence_rule = {15'000, 2, false};
    hello.capabilities.fill_quantity = FillQuantity::Incremental;
    hello.rate_limits = {{"orders", "main", 1000, orders_per_second, false}};
    hello.rate_costs = {{"place", "orders", 1}};
    say(hello);
  }

  bool is_welcome() const { return is_welcome_; }
  std::size_t placed() const { return placed_; }
  std::uint64_t late() const { return late_; }  // came after the time that its command names
  std::uint64_t most_in_a_second() const { return most_; }

 private:
  void say(Body body) { ASSERT_TRUE(endpoint_.send(encode(header_of("binance", "7", ++sequence_), body))); }

  void on_welcome() {
    is_welcome_ = true;
    SessionState state;
    state.gateway = "binance";
    state.account = "main";
    state.state = state.order_stream = state.rest = state.market_data = SessionStateKind::Ok;
    state.reconciled = true;
    say(state);
    Instrument btc;
    btc.symbol = "BTC/USDT";
    btc.broker_symbol = "BTCUSDT";
    btc.status = TradingStatus::Trading;
    btc.order_types = {OrderType::Limit};
    btc.tick_size = "0.01"_d;
    btc.lot_size = "0.001"_d;
    say(Instruments{"binance", 0, true, {btc}});
  }

  // Counted by the router's own time, as the limit is.
  void on_place(const PlaceCommand& place) {
    ++placed_;
    const Timestamp sent = place.command.send_time_ns;
    if (sent > place.command.expire_time_ns) ++late_;
    window_.push_back(sent);
    while (window_.front() <= sent - s) window_.pop_front();
    most_ = std::max<std::uint64_t>(most_, window_.size());
    VenueReport fill;
    fill.report_number = placed_;
    fill.incarnation = 7;
    fill.command_id = place.command.command_id;
    fill.event = VenueEvent::Fill;
    fill.source = VenueSource::Stream;
    fill.account = place.command.account;
    fill.symbol = place.command.symbol;
    fill.venue_order_id = place.command.venue_order_id;
    fill.broker_order_id = fill.trade_id = cut<64>("t" + std::to_string(placed_));
    fill.side = place.order.side;
    fill.last_qty = place.order.order_qty;
    fill.last_px = place.order.price;
    say(fill);
  }

  bus::Endpoint endpoint_;
  std::uint64_t sequence_ = 0;
  std::size_t placed_ = 0;
  std::uint64_t late_ = 0;
  std::uint64_t most_ = 0;
  std::deque<Timestamp> window_;
  bool is_welcome_ = false;
};

class Publisher {
 public:
  struct Counts {
    std::uint64_t orders = 0, filled = 0, expired = 0, acknowledged = 0;
    std::string wrong;  // the first refusal that should not be
  };

  Publisher(asio::io_context& loop, const Router& router, int number, std::uint64_t total, Random& random)
      : name_{"publisher" + std::to_string(number)}, total_{total}, random_{random}, endpoint_{loop, bus::Kind::Dealer} {
    endpoint_.on_message([this](const bus::RoutingId&, std::string_view, std::span<const std::uint8_t> bytes) {
      const auto message = decode(bytes);
      ASSERT_TRUE(message) << message.error().text;
      on_message(*message);
    });
    endpoint_.on_batch_end([this] { speak(); });
    endpoint_.connect(router.options.bus.orders);
    Hello hello;
    hello.heartbeat_interval_ms = 60'000;
    say(hello);
  }

  bool is_done() const { return sequence_ == total_ && open_ == 0; }
  std::uint64_t said() const { return sequence_; }
  const Counts& counts() const { return counts_; }

 private:
  void say(const Body& body, Timestamp expire_ns = 0) {
    Header header = header_of(name_, "s", sequence_ + 1);
    header.expire_time_ns = expire_ns;
    if (endpoint_.send(encode(header, body))) ++sequence_;
  }

  void on_message(const Message& message) {
    if (std::holds_alternative<Welcome>(message.body)) return;
    if (std::holds_alternative<SubscribeAck>(message.body)) {
      ++counts_.acknowledged;
      --open_;
      return;
    }
    const auto* report = std::get_if<ExecutionReport>(&message.body);
    if (report == nullptr) {
      if (counts_.wrong.empty()) counts_.wrong = std::string{name_of(message.body)};
      return;
    }
    const bool is_late = view(report->client_order_id).starts_with("late");
    if (report->order_status == OrderStatus::Filled && !is_late) {
      ++counts_.filled;
      --open_;
    } else if (report->order_status == OrderStatus::Rejected || report->order_status == OrderStatus::Expired) {
      --open_;
      if (is_late && report->error == ErrorCode::Expired) ++counts_.expired;
      else if (counts_.wrong.empty()) counts_.wrong = std::string{name_of(report->error)} + ": " + std::string{view(report->text)};
    } else if (is_late && counts_.wrong.empty()) {
      counts_.wrong = "an order that came too late was taken";
    }
  }

  void speak() {
    while (sequence_ < total_ && open_ < open_max) {
      ++open_;
      if (!random_.one_in(16)) {
        say(Subscribe{.source = "main", .symbol = "BTC/USDT", .channel = Channel::Quote});
        continue;
      }
      const bool is_late = random_.one_in(20);
      NewOrder order = router::test::limit((is_late ? "late" : "o") + std::to_string(sequence_));
      ++counts_.orders;
      say(order, wall_now_ns() + (is_late ? -s / 5 : 20 * s));
    }
  }

  const std::string name_;
  const std::uint64_t total_;
  Random& random_;
  bus::Endpoint endpoint_;
  std::uint64_t sequence_ = 0;
  std::size_t open_ = 0;
  Counts counts_;
};

TEST(Order, IsTotalWhateverTheWallClockDoes) {
  const auto total = static_cast<std::uint64_t>(times(10'000'000, 200'000));
  Random random;
  std::printf("A16: seed %llu (BUSBAR_SEED repeats it)\n", static_cast<unsigned long long>(random.seed()));
  asio::io_context inside{1};
  asio::io_context outside{1};
  Router router{inside};
  router.options.configuration.heartbeat_interval_ms = 60'000;
  router.options.configuration.clients.clear();
  for (int i = 0; i < publishers; ++i) {
    router.options.configuration.clients.push_back({cut<32>("publisher" + std::to_string(i)), {"*"}, true, false});
  }
  router.log_options.segment_bytes = 32u << 20;
  router.log_options.limit_bytes = 1u << 30;
  router.start();
  std::thread thread{[&] { inside.run(); }};
  Archive archive{outside, router.options.bus.audit_core};
  Gateway gateway{outside, router};
  run_until(outside, [&] { return gateway.is_welcome(); });

  // Each is told to speak by the welcome it gets, and by every answer.
  const auto begin = std::chrono::steady_clock::now();
  std::deque<Publisher> all;
  for (int i = 0; i < publishers; ++i) all.emplace_back(outside, router, i, total / publishers, random);
  const auto said = [&] {
    std::uint64_t sum = 0;
    for (const Publisher& publisher : all) sum += publisher.said();
    return sum;
  };
  int settings = 0;
  std::uint64_t next_setting = total / 16;
  run_until(outside, [&] {
    if (said() >= next_setting) {
      next_setting += total / 16;
      constexpr std::int64_t to[] = {-hour, 0, hour, 0};
      wall_set_by_ns = to[settings++ % 4];
    }
    return std::all_of(all.begin(), all.end(), [](const Publisher& publisher) { return publisher.is_done(); });
  }, std::chrono::seconds{total / 1000 + 60});
  run_until(outside, [&] { return archive.inputs() == said(); });
  const double lasted = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  asio::post(inside, [&] { router.shell->stop([&] { inside.stop(); }); });
  thread.join();
  wall_set_by_ns = 0;

  Publisher::Counts counts;
  for (const Publisher& publisher : all) {
    const auto& its = publisher.counts();
    counts.orders += its.orders;
    counts.filled += its.filled;
    counts.expired += its.expired;
    counts.acknowledged += its.acknowledged;
    if (counts.wrong.empty()) counts.wrong = its.wrong;
  }
  std::printf("A16: %llu messages of %d publishers in %.1f s (%llu orders, %llu of them late), the clock set %d times by 1 h: %llu "
              "records without a gap, record time at most %lld ms from the true one; %llu filled, %llu refused as late, 0 wrongly; at "
              "most %llu orders in any second (limit %llu)\n",
              static_cast<unsigned long long>(archive.inputs()), publishers, lasted, static_cast<unsigned long long>(counts.orders),
              static_cast<unsigned long long>(counts.orders - counts.filled), settings,
              static_cast<unsigned long long>(archive.records()), static_cast<long long>(archive.farthest_ns() / 1'000'000),
              static_cast<unsigned long long>(counts.filled), static_cast<unsigned long long>(counts.expired),
              static_cast<unsigned long long>(gateway.most_in_a_second()), static_cast<unsigned long long>(orders_per_second));
  EXPECT_EQ(counts.wrong, "") << "a wrong refusal";
  EXPECT_EQ(counts.filled + counts.expired, counts.orders);
  EXPECT_EQ(counts.filled, gateway.placed());
  EXPECT_GT(counts.expired, 0u);
  EXPECT_EQ(gateway.late(), 0u);
  EXPECT_LE(gateway.most_in_a_second(), orders_per_second);
  EXPECT_GE(settings, 15);
  EXPECT_GE(archive.walls_seen(), settings) << "the wall clock beside each record is the one that was set";
  EXPECT_TRUE(archive.is_in_ns());
  EXPECT_LT(archive.farthest_ns(), 30 * s) << "record time is UTC";
}

}  // namespace
}  // namespace busbar::promises
