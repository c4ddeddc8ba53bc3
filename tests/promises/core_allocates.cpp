// The warm core allocates nothing per order. Counted is every call of malloc and its kind while the core is at work: from
// (state, record) to (state, decisions), the state's containers included; the vector of decisions is the caller's, who
// uses it again and again, as the shell does. Orders are remembered for 30 days, so memory for new ones has to come from
// somewhere: the core takes it in slabs, ahead, with records that no order waits for. Those calls are counted apart.

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

#include "tests/unit/router/core_bench.hpp"

namespace {

std::uint64_t allocations = 0;  // of the whole program, which has one thread

}  // namespace

// Ours instead of the C library's; operator new calls them too.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) noexcept {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) noexcept {
  ++allocations;
  return __libc_realloc(old, size);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
  ++allocations;
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept { return memalign(alignment, size); }
int posix_memalign(void** out, std::size_t alignment, std::size_t size) noexcept {
  *out = memalign(alignment, size);
  return *out == nullptr ? ENOMEM : 0;
}
}

namespace busbar::router::test {
namespace {

constexpr std::uint64_t warm_up = 10'000;
constexpr std::uint64_t counted = 100'000;
constexpr Timestamp pace = ms;  // between orders

// Of this thread alone, for others may be at work beside it.
std::int64_t cpu_ns() {
  std::timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * second + time.tv_nsec;
}

Id numbered(std::string_view prefix, std::uint64_t number) {
  Id id = cut<64>(prefix);
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  id.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
  return id;
}

// A core as it stands in a router that trades: every limit is configured, its broker meters several windows, and clients
// speak by REQ and in a session.
class Market {
 public:
  Market() {
    bench_.config.accounts[0].max_order_qty = "100"_d;
    bench_.config.accounts[0].max_order_notional = "1000000"_d;
    bench_.config.symbols = {{"main", "BTC/USDT", "50"_d, "900000"_d, false}, {"*", "BTC/USDT", "60"_d, {}, false}};
    bench_.hello.rate_limits = {{"weight", {}, 60'000, 1'000'000'000, true},
                                {"raw", {}, 300'000, 1'000'000'000, true},
                                {"orders", "main", 10'000, 1'000'000'000, true},
                                {"orders", "main", 86'400'000, 1'000'000'000, true},
                                {"orders", "second", 10'000, 1'000'000'000, false}};
    bench_.hello.rate_costs = {{"place", "weight", 1},  {"place", "raw", 1},   {"place", "orders", 1},
                               {"cancel", "weight", 1}, {"cancel", "raw", 1},  {"replace", "weight", 1},
                               {"replace", "raw", 1},   {"replace", "orders", 1}, {"ask", "weight", 4}};
    bench_.open();
    SessionState state = Bench::session_state("main");
    state.reason = cut<256>("the listen key is renewed at 14:30, ahead of its end");
    bench_.gateway(state);
    bench_.client(Hello{}, "desk");
  }

  struct Tally {
    std::uint64_t inputs = 0;
    std::uint64_t decisions = 0;
    std::uint64_t allocations = 0;  // in records of orders: requests and reports
    std::uint64_t ahead = 0;        // in records that no order waits for
    std::int64_t cpu_ns = 0;        // in the core
  };
  Tally tally;

  void client(Body body, std::string_view session) { feed("alpha", session, std::move(body)); }
  void gateway(Body body) { feed("binance", "7", std::move(body)); }
  void report(VenueReport report) { gateway(std::move(report)); }

  // The core's deadlines on the way are met as the router meets them, by Ticks.
  void let_pass(Timestamp duration) {
    bench_.now += duration;
    if (const auto deadline = bench_.core.next_deadline(); deadline && *deadline <= bench_.now)
      feed("router", "", Tick{});
  }

  // The command that the last input has sent to the gateway.
  template <class T>
  const Command& command() const {
    for (const Decision& decision : decisions_) {
      if (const auto* command = std::get_if<T>(&decision.body)) return command->command;
    }
    ADD_FAILURE() << "no such command";
    std::abort();
  }
  OrderStatus last_status() const { return last_status_; }
  Bench& bench() { return bench_; }

 private:
  void feed(std::string_view sender, std::string_view session, Body body) {
    message_.header.environment = Environment::Paper;
    message_.header.sender = cut<32>(sender);
    message_.header.session = cut<32>(session);
    message_.header.correlation_id = ++bench_.sequence;
    message_.header.send_time_ns = bench_.now - bench_.travel;
    message_.body = std::move(body);
    decisions_.clear();

    const std::int64_t begin = cpu_ns();
    const std::uint64_t before = ::allocations;
    bench_.core.apply({bench_.sequence, bench_.now, bench_.now, &message_}, decisions_);
    const std::uint64_t made = ::allocations - before;
    tally.cpu_ns += cpu_ns() - begin;
    ++tally.inputs;
    tally.decisions += decisions_.size();
    const bool is_of_order =
        !std::holds_alternative<Tick>(message_.body) && !std::holds_alternative<RateUsage>(message_.body);
    (is_of_order ? tally.allocations : tally.ahead) += made;
    for (const Decision& decision : decisions_) {
      if (const auto* report = std::get_if<ExecutionReport>(&decision.body)) last_status_ = report->order_status;
    }
  }

  Bench bench_;
  OrderStatus last_status_ = OrderStatus::Unset;
  Message message_;
  std::vector<Decision> decisions_;
};

NewOrder order_of(std::uint64_t number) {
  NewOrder order = limit("", number % 2 == 0 ? Side::Buy : Side::Sell, "0.5"_d, "50000.25"_d);
  order.client_order_id = numbered("momentum-eu-2026-11-26-order-", number);
  if (number % 3 == 0) order.account = "second";
  return order;
}

std::string_view session_of(std::uint64_t number) { return number % 2 == 0 ? "desk" : ""; }

// What a gateway says of an order that has arrived: the answer to the request, and the same from the stream.
void accept(Market& market, const Command& command, std::uint64_t number) {
  VenueReport report = market.bench().fact(command, VenueEvent::Accepted);
  report.broker_order_id = numbered("", 7'000'000'000 + number);
  report.order_status = OrderStatus::New;
  market.report(report);
  report.report_number = ++market.bench().reports;
  report.source = VenueSource::Stream;
  report.command_id = 0;
  market.report(report);
}

void replace(Market& market, const NewOrder& order, std::uint64_t number) {
  ReplaceOrder replace;
  replace.client_order_id = numbered("momentum-eu-2026-11-26-replace-", number);
  replace.orig_client_order_id = order.client_order_id;
  replace.price = "50000.75"_d;
  market.client(replace, session_of(number));
  market.report(market.bench().fact(market.command<ReplaceCommand>(), VenueEvent::Replaced));
  EXPECT_EQ(market.last_status(), OrderStatus::New);
}

void rest_and_cancel(Market& market, std::uint64_t number) {
  const NewOrder order = order_of(number);
  market.client(order, session_of(number));
  accept(market, market.command<PlaceCommand>(), number);
  EXPECT_EQ(market.last_status(), OrderStatus::New);
  if (number % 4 == 0) replace(market, order, number);
  CancelOrder cancel;
  cancel.client_order_id = numbered("momentum-eu-2026-11-26-cancel-", number);
  cancel.orig_client_order_id = order.client_order_id;
  market.client(cancel, session_of(number));
  market.report(market.bench().fact(market.command<CancelCommand>(), VenueEvent::Canceled));
  EXPECT_EQ(market.last_status(), OrderStatus::Canceled);
}

void fill_in_two(Market& market, std::uint64_t number) {
  const NewOrder order = order_of(number);
  market.client(order, session_of(number));
  const Command command = market.command<PlaceCommand>();
  accept(market, command, number);
  for (const std::uint64_t part : {1, 2}) {
    VenueReport fill = market.bench().fill(command, "", part == 1 ? "0.2"_d : "0.3"_d, "50000.24"_d);
    fill.trade_id = numbered("", 10 * number + part);
    fill.broker_order_id = numbered("", 7'000'000'000 + number);
    fill.side = order.side;
    fill.commission = "0.00000137"_d;
    fill.commission_asset = "BNB";
    fill.cum_qty = part == 1 ? "0.2"_d : "0.5"_d;
    fill.order_status = part == 1 ? OrderStatus::PartiallyFilled : OrderStatus::Filled;
    market.report(fill);
  }
  EXPECT_EQ(market.last_status(), OrderStatus::Filled);
}

void expect_no_allocation(const char* what, void (*trade)(Market&, std::uint64_t)) {
  Market market;
  const auto run = [&](std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t number = first; number < first + count && !testing::Test::HasFailure(); ++number) {
      trade(market, number);
      if (number % 100 == 0) market.gateway(RateUsage{"main", "weight", {}, 60'000, number, 0});
      market.let_pass(pace);
    }
  };
  run(1, warm_up);
  market.tally = {};
  run(warm_up + 1, counted);
  const Market::Tally& tally = market.tally;
  const auto number = [](auto value) { return static_cast<unsigned long long>(value); };
  std::printf("warm core: %llu orders %s, %llu records, %llu decisions: %llu allocations in all, "
              "%llu for slabs taken ahead between them; %llu ns of CPU per record\n",
              number(counted), what, number(tally.inputs), number(tally.decisions), number(tally.allocations),
              number(tally.ahead), number(tally.cpu_ns / static_cast<std::int64_t>(tally.inputs)));
  EXPECT_EQ(tally.allocations, 0u);
  EXPECT_LE(tally.ahead, 20u);
  EXPECT_GE(tally.decisions, 4 * counted);
}

TEST(WarmCore, AllocatesNothingForOrdersThatRestAndAreCancelled) {
  expect_no_allocation("rested, a quarter replaced, and were cancelled", rest_and_cancel);
}
TEST(WarmCore, AllocatesNothingForOrdersThatAreFilled) { expect_no_allocation("filled in two parts", fill_in_two); }

}  // namespace
}  // namespace busbar::router::test
