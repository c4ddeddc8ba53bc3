// Keeps a number of orders in flight for a while, and says how long each took and how many came back a second. An order is
// back when the report that the broker has it is here; at a floor, when its own bytes are.
//   orders busbar|floor ADDRESS IN_FLIGHT,... SECONDS

#include <chrono>
#include <string_view>
#include <thread>

#include "bus/clock.hpp"
#include "bus/codec.hpp"
#include "tools/bench/order_words.hpp"
#include "tools/bench/sockets.hpp"

namespace busbar::bench {
namespace {

constexpr const char* session = "load";
constexpr std::int64_t patience_ns = 60'000'000'000;

// Whom the orders are sent to: a router, which takes a conversation, or a floor, which takes anything.
class Conversation {
 public:
  Conversation(const std::string& address, bool is_busbar) : is_busbar_{is_busbar} {
    socket_.connect(address);
    if (is_busbar) open();
  }

  void send_order(std::uint64_t number) { socket_.send(new_order(builder_, session, number, wall_now_ns())); }

  enum class Heard { Nothing, Other, OrderIsBack };
  Heard receive(bool waits) {
    Part part;
    while (!part.receive(socket_, waits)) {
      if (!waits) return Heard::Nothing;
    }
    if (!is_busbar_) return Heard::OrderIsBack;
    const wire::Message& message = *wire::GetMessage(part.bytes().data());
    const auto* report = message.body_as_ExecutionReport();
    if (report != nullptr && report->exec_type() == ExecType::New) return Heard::OrderIsBack;
    if (report != nullptr && report->exec_type() == ExecType::Rejected) {
      fail("an order was refused: " + (report->text() ? report->text()->str() : std::string{}));
    }
    const auto* reject = message.body_as_Reject();
    if (reject != nullptr) fail("a message was refused: " + (reject->text() ? reject->text()->str() : std::string{}));
    return Heard::Other;
  }

  // Until the archive has what was written so far: what is left to do for one window is not paid for by the next.
  void settle() {
    if (!is_busbar_) return;
    const std::uint64_t goal = status().durable_sequence;
    wait_for("waited too long for the archive", [&] { return status().audited_sequence >= goal; });
  }

 private:
  void say(const Body& body) {
    Header header;
    header.environment = Environment::Paper;
    header.sender = client_name;
    header.session = session;
    header.send_time_ns = wall_now_ns();
    socket_.send(encode(header, body));
  }

  template <class T>
  T expect() {
    for (;;) {
      Part part;
      require(part.receive(socket_, true), "zmq_msg_recv");
      auto message = decode(part.bytes());
      if (!message) fail(message.error().text);
      if (auto* found = std::get_if<T>(&message->body)) return std::move(*found);
    }
  }

  Answer ask(QueryKind kind) {
    Query query;
    query.kind = kind;
    say(query);
    return expect<Answer>();
  }
  RouterStatus status() { return *ask(QueryKind::Status).status; }

  template <class Question>
  static void wait_for(const char* what, Question question) {
    const std::int64_t end_ns = now_ns() + patience_ns;
    while (!question()) {
      if (now_ns() > end_ns) fail(what);
      std::this_thread::sleep_for(std::chrono::milliseconds{50});  // each question is work for the router
    }
  }

  void open() {
    Hello hello;
    hello.heartbeat_interval_ms = 60'000;
    hello.version = BUSBAR_VERSION;
    say(hello);
    expect<Welcome>();
    wait_for("waited too long for the gateway", [&] {
      const Answer answer = ask(QueryKind::Accounts);
      return !answer.accounts.empty() && answer.accounts.front().can_trade;
    });
  }

  bool is_busbar_;
  Socket socket_{ZMQ_DEALER};
  Builder builder_;
};

class Load {
 public:
  explicit Load(Conversation& conversation) : conversation_{conversation} {}

  void run(std::size_t in_flight, std::int64_t duration_ns) {
    run_until(in_flight, now_ns() + duration_ns / 5, nullptr);
    conversation_.settle();
    Latencies latencies;
    const std::int64_t begin_ns = now_ns();
    const std::int64_t end_ns = run_until(in_flight, begin_ns + duration_ns, &latencies);
    print_window(in_flight, latencies, end_ns - begin_ns);
    conversation_.settle();
  }

 private:
  // Orders come back in the order in which they were sent, so a ring of times is enough. Returns when the last came back.
  std::int64_t run_until(std::size_t in_flight, std::int64_t end_ns, Latencies* latencies) {
    const std::uint64_t first = sent_;
    std::int64_t time_ns = now_ns();
    while (time_ns < end_ns || back_ < sent_) {
      for (; time_ns < end_ns && sent_ - back_ < in_flight; ++sent_) {
        sent_ns_[sent_ % sent_ns_.size()] = time_ns = now_ns();
        conversation_.send_order(sent_ + 1);
      }
      // One is waited for, and all that are there with it are taken.
      for (bool waits = true; back_ < sent_; waits = false) {
        const auto heard = conversation_.receive(waits);
        if (heard == Conversation::Heard::Nothing) break;
        if (heard == Conversation::Heard::Other) continue;
        time_ns = now_ns();
        if (latencies != nullptr) latencies->add(time_ns - sent_ns_[back_ % sent_ns_.size()]);
        ++back_;
      }
    }
    require(sent_ > first, "nothing was sent");
    return time_ns;
  }

  Conversation& conversation_;
  std::vector<std::int64_t> sent_ns_ = std::vector<std::int64_t>(4096);
  std::uint64_t sent_ = 0;
  std::uint64_t back_ = 0;
};

}  // namespace
}  // namespace busbar::bench

int main(int argc, char** argv) {
  using namespace busbar::bench;
  const std::string_view whom = argc == 5 ? argv[1] : "";
  if (whom != "busbar" && whom != "floor") fail("orders busbar|floor ADDRESS IN_FLIGHT,... SECONDS");
  Conversation conversation{argv[2], whom == "busbar"};
  Load load{conversation};
  for (const std::size_t in_flight : numbers(argv[3])) {
    load.run(in_flight, static_cast<std::int64_t>(std::strtod(argv[4], nullptr) * 1e9));
  }
}
