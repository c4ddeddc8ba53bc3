// The floors of a routed order: two hops of bare ZeroMQ with nothing done in between, and the same with a write-ahead log.
//   hops gateway ADDRESS                gives back what it gets
//   hops router FRONT BACK              passes on, both ways
//   hops journal FRONT BACK FILE        passes on what is on disk
//   hops orders FRONT BACK FILE         the same, but answers are neither written nor do they wait
// The log is as small as one can write it: a helper thread writes what has gathered into a file whose blocks were written
// before, and syncs it once. No checks, no decoding, no archive.

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tools/bench/sockets.hpp"

namespace busbar::bench {
namespace {

constexpr int batch_max = 200;

struct Passing {
  Part peer;
  Part body;
};

bool take(Socket& from, Passing& passing) { return passing.peer.receive(from) && passing.body.receive(from, true); }

void pass(Socket& to, Passing& passing) {
  passing.peer.send(to, true);
  passing.body.send(to, false);
}

[[noreturn]] void serve_gateway(const std::string& address) {
  Socket socket{ZMQ_ROUTER};
  socket.bind(address);
  for (;;) {
    for (bool more = true; more;) {
      Part part;
      part.receive(socket, true);
      more = part.has_more();
      part.send(socket, more);
    }
  }
}

int pass_all(Socket& from, Socket& to) {
  for (int count = 0; count < batch_max; ++count) {
    Passing passing;
    if (!take(from, passing)) return count;
    pass(to, passing);
  }
  return batch_max;
}

struct Hops {
  Hops(const std::string& front_address, const std::string& back_address) {
    front.bind(front_address);
    back.connect(back_address);
  }
  Socket front{ZMQ_ROUTER};
  Socket back{ZMQ_DEALER};
};

[[noreturn]] void route(Hops& hops) {
  std::array<zmq_pollitem_t, 2> readable{{{hops.front.get(), 0, ZMQ_POLLIN, 0}, {hops.back.get(), 0, ZMQ_POLLIN, 0}}};
  for (;;) {
    if (pass_all(hops.front, hops.back) + pass_all(hops.back, hops.front) == 0) {
      zmq_poll(readable.data(), readable.size(), -1);
    }
  }
}

class GroupCommit {
 public:
  explicit GroupCommit(const std::string& file)
      : file_{::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640)}, event_{::eventfd(0, EFD_NONBLOCK)} {
    require(file_ >= 0 && event_ >= 0, "the journal's file");
    const std::vector<char> zeros(1 << 20);
    for (off_t at = 0; at < file_size; at += static_cast<off_t>(zeros.size())) {
      require(::pwrite(file_, zeros.data(), zeros.size(), at) > 0, "the journal's blocks");
    }
    require(::fsync(file_) == 0, "fsync");
    thread_ = std::thread{[this] { run(); }};
    thread_.detach();
  }

  void append(std::span<const std::uint8_t> bytes) {
    gathered_.insert(gathered_.end(), bytes.begin(), bytes.end());
    ++appended_;
  }
  std::uint64_t appended() const { return appended_; }
  void commit() {
    if (gathered_.empty()) return;
    {
      const std::lock_guard lock{mutex_};
      if (waiting_.empty()) {
        waiting_.swap(gathered_);
      } else {
        waiting_.insert(waiting_.end(), gathered_.begin(), gathered_.end());
      }
      waiting_count_ = appended_;
    }
    gathered_.clear();
    work_.notify_one();
  }
  std::uint64_t durable() const { return durable_.load(std::memory_order_acquire); }
  int event() const { return event_; }
  void clear_event() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto size = ::read(event_, &count, sizeof count);
  }

 private:
  static constexpr off_t file_size = off_t{256} << 20;

  [[noreturn]] void run() {
    off_t at = 0;
    std::vector<std::uint8_t> writing;
    for (;;) {
      std::uint64_t count = 0;
      writing.clear();
      {
        std::unique_lock lock{mutex_};
        work_.wait(lock, [this] { return !waiting_.empty(); });
        writing.swap(waiting_);
        count = waiting_count_;
      }
      const auto size = static_cast<off_t>(writing.size());
      if (at + size > file_size) at = 0;
      require(::pwrite(file_, writing.data(), writing.size(), at) == size && ::fdatasync(file_) == 0, "the journal");
      at += size;
      durable_.store(count, std::memory_order_release);
      const std::uint64_t one = 1;
      [[maybe_unused]] const auto written = ::write(event_, &one, sizeof one);
    }
  }

  int file_;
  int event_;
  std::vector<std::uint8_t> gathered_;
  std::uint64_t appended_ = 0;
  std::mutex mutex_;
  std::condition_variable work_;
  std::vector<std::uint8_t> waiting_;
  std::uint64_t waiting_count_ = 0;
  std::atomic<std::uint64_t> durable_{0};
  std::thread thread_;
};

// What passes and leaves when all up to it is durable.
struct Held {
  std::uint64_t number;
  Socket* to;
  Passing passing;
};

int hold_all(Socket& from, Socket& to, GroupCommit& log, std::deque<Held>& held) {
  for (int count = 0; count < batch_max; ++count) {
    Passing passing;
    if (!take(from, passing)) return count;
    log.append(passing.body.bytes());
    held.push_back({log.appended(), &to, std::move(passing)});
  }
  return batch_max;
}

[[noreturn]] void route_write_ahead(Hops& hops, const std::string& file, bool answers_wait) {
  GroupCommit log{file};
  std::deque<Held> held;
  std::array<zmq_pollitem_t, 3> readable{{{hops.front.get(), 0, ZMQ_POLLIN, 0},
                                          {hops.back.get(), 0, ZMQ_POLLIN, 0},
                                          {nullptr, log.event(), ZMQ_POLLIN, 0}}};
  for (;;) {
    int count = hold_all(hops.front, hops.back, log, held);
    count += answers_wait ? hold_all(hops.back, hops.front, log, held) : pass_all(hops.back, hops.front);
    log.commit();
    for (; !held.empty() && held.front().number <= log.durable(); held.pop_front(), ++count) {
      pass(*held.front().to, held.front().passing);
    }
    if (count > 0) continue;
    zmq_poll(readable.data(), readable.size(), -1);
    if (readable[2].revents != 0) log.clear_event();
  }
}

}  // namespace
}  // namespace busbar::bench

int main(int argc, char** argv) {
  using namespace busbar::bench;
  const std::string_view role = argc > 2 ? argv[1] : "";
  if (role == "gateway") serve_gateway(argv[2]);
  if (argc < 4) fail("hops gateway ADDRESS | router FRONT BACK | journal FRONT BACK FILE | orders FRONT BACK FILE");
  Hops hops{argv[2], argv[3]};
  if (role == "router") route(hops);
  if (argc < 5) fail("hops: where is the journal's file to be?");
  route_write_ahead(hops, argv[4], role == "journal");
}
