// Quotes from one publisher to some subscribers, each of which takes all topics. Nothing is lost: the publisher is never more
// than `in_flight_max` quotes ahead of the slowest, so what is measured is how many are carried and not how many are dropped.
//   quotes proxy IN OUT                                   bare XSUB and XPUB, and nothing between: the floor of a hub
//   quotes measure IN OUT TOPICS SUBSCRIBERS SECONDS

#include <atomic>
#include <csignal>
#include <string_view>
#include <vector>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/clock.hpp"
#include "bus/codec.hpp"
#include "bus/topic.hpp"
#include "tools/bench/sockets.hpp"

namespace busbar::bench {
namespace {

using namespace literals;

constexpr std::uint64_t in_flight_max = 5000;
constexpr std::size_t subscribers_max = 100;
constexpr std::size_t topic_alignment = 16;

[[noreturn]] void serve_proxy(const std::string& in_address, const std::string& out_address) {
  Socket in{ZMQ_XSUB};
  Socket out{ZMQ_XPUB};
  in.bind(in_address);
  out.bind(out_address);
  zmq_proxy(in.get(), out.get(), nullptr);
  fail("the proxy ended");
}

// One frame, as it stands on the bus: the topic, a NUL and zeros, then the message.
Bytes quote_frame(std::size_t number) {
  Quote quote;
  quote.source = "main";
  quote.symbol = cut<32>("C" + std::to_string(number) + "/USDT");
  quote.sequence = 1;
  quote.incarnation = 1;
  quote.bid_px = "65123.45"_d;
  quote.bid_qty = "1.5"_d;
  quote.ask_px = "65123.46"_d;
  quote.ask_qty = "0.75"_d;
  quote.venue_time_ns = quote.receive_time_ns = wall_now_ns();
  Header header;
  header.environment = Environment::Paper;
  header.sender = "bench";
  header.send_time_ns = wall_now_ns();
  const std::string topic = topic_of(Channel::Quote, view(quote.source), view(quote.symbol), 0);
  Bytes frame{topic.begin(), topic.end()};
  frame.resize((frame.size() / topic_alignment + 1) * topic_alignment);
  const Bytes message = encode(header, quote);
  frame.insert(frame.end(), message.begin(), message.end());
  return frame;
}

// What the subscribers, each a process, have counted.
struct alignas(64) Counter {
  std::atomic<std::uint64_t> received;
};

class Counters {
 public:
  Counters() {
    constexpr int shared = MAP_SHARED | MAP_ANONYMOUS;
    void* const memory = mmap(nullptr, sizeof(Counter) * subscribers_max, PROT_READ | PROT_WRITE, shared, -1, 0);
    require(memory != MAP_FAILED, "mmap");
    counters_ = static_cast<Counter*>(memory);
  }
  Counter& operator[](std::size_t i) { return counters_[i]; }
  std::uint64_t slowest(std::size_t count) const {
    std::uint64_t least = counters_[0].received.load(std::memory_order_acquire);
    for (std::size_t i = 1; i < count; ++i) least = std::min(least, counters_[i].received.load(std::memory_order_acquire));
    return least;
  }

 private:
  Counter* counters_;
};

[[noreturn]] void subscribe(const std::string& out_address, Counter& counter) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  Socket socket{ZMQ_SUB};
  require(zmq_setsockopt(socket.get(), ZMQ_SUBSCRIBE, "quote.", 6) == 0, "ZMQ_SUBSCRIBE");
  socket.connect(out_address);
  for (std::uint64_t received = 0;;) {
    Part part;
    if (!part.receive(socket)) {
      counter.received.store(received, std::memory_order_release);
      part.receive(socket, true);
    }
    counter.received.store(++received, std::memory_order_release);
  }
}

class Publisher {
 public:
  Publisher(const std::string& address, std::size_t topics, std::size_t subscribers, Counters& counters)
      : subscribers_{subscribers}, counters_{counters} {
    for (std::size_t i = 0; i < topics; ++i) frames_.push_back(quote_frame(i));
    socket_.connect(address);
    join_all();
  }

  // How many were published, and all received.
  std::uint64_t run(std::int64_t duration_ns) {
    const std::uint64_t first = sent_;
    const std::int64_t end_ns = now_ns() + duration_ns;
    while (now_ns() < end_ns) {
      const std::uint64_t limit = std::min(counters_.slowest(subscribers_) + joining_ + in_flight_max, sent_ + 100);
      if (sent_ == limit) {
        usleep(50);
        continue;
      }
      while (sent_ < limit) socket_.send(frames_[sent_++ % frames_.size()]);
    }
    while (counters_.slowest(subscribers_) + joining_ < sent_) usleep(50);
    return sent_ - first;
  }

 private:
  // Subscriptions take a moment; what was sent before they were there is no loss.
  void join_all() {
    const std::int64_t end_ns = now_ns() + 10'000'000'000;
    while (counters_.slowest(subscribers_) == 0) {
      if (now_ns() > end_ns) fail("the subscribers hear nothing");
      socket_.send(frames_[sent_++ % frames_.size()]);
      usleep(20'000);
    }
    usleep(100'000);
    const std::uint64_t least = counters_.slowest(subscribers_);
    joining_ = sent_ - least;
  }

  std::size_t subscribers_;
  Counters& counters_;
  Socket socket_{ZMQ_PUB};
  std::vector<Bytes> frames_;
  std::uint64_t sent_ = 0;
  std::uint64_t joining_ = 0;  // sent before the last subscriber heard anything
};

void measure(const std::string& in_address, const std::string& out_address, std::size_t topics, std::size_t subscribers,
             std::int64_t duration_ns) {
  require(topics > 0 && subscribers > 0 && subscribers <= subscribers_max, "quotes: how many topics and subscribers?");
  Counters counters;
  std::vector<pid_t> children;
  for (std::size_t i = 0; i < subscribers; ++i) {
    const pid_t child = fork();
    if (child == 0) subscribe(out_address, counters[i]);
    children.push_back(child);
  }
  {
    Publisher publisher{in_address, topics, subscribers, counters};
    publisher.run(duration_ns / 5);
    const std::int64_t begin_ns = now_ns();
    const std::uint64_t published = publisher.run(duration_ns);
    const double seconds = static_cast<double>(now_ns() - begin_ns) / 1e9;
    std::printf("{\"in_flight\": %zu, \"rate\": %.1f, \"p50_us\": 0, \"p99_us\": 0}\n", subscribers,
                static_cast<double>(published * subscribers) / seconds);
  }
  for (const pid_t child : children) {
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
}

}  // namespace
}  // namespace busbar::bench

int main(int argc, char** argv) {
  using namespace busbar::bench;
  const std::string_view role = argc > 1 ? argv[1] : "";
  if (role == "proxy" && argc == 4) serve_proxy(argv[2], argv[3]);
  if (role != "measure" || argc != 7) fail("quotes proxy IN OUT | measure IN OUT TOPICS SUBSCRIBERS SECONDS");
  measure(argv[2], argv[3], std::strtoull(argv[4], nullptr, 10), std::strtoull(argv[5], nullptr, 10),
          static_cast<std::int64_t>(std::strtod(argv[6], nullptr) * 1e9));
}
