#pragma once
// Requests to a broker over HTTPS, as far as all brokers are alike: a write is sent once and its answer handed back as
// it came, a read may be asked again; the broker's clock is kept; after a "not so often" nothing is sent for a while;
// and how the line and the key are is told. How a request looks and what an answer means is the broker's.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "gateways/framework/adapter.hpp"
#include "gateways/framework/clock_offset.hpp"
#include "gateways/framework/request_pace.hpp"
#include "gateways/framework/retry.hpp"
#include "gateways/framework/run.hpp"
#include "gateways/framework/tasks.hpp"

namespace busbar::gateway {

struct Sent {
  HttpResponse http;
  std::string target;             // what was asked for
  Timestamp request_time_ns = 0;  // the broker's clock when it was signed
  bool is_held_back = false;      // NotSent because the broker wants to hear nothing from us for a while
};

// Which order a request is about.
inline About about(const Command& command, const Id& client_order_id = {}) {
  return {.order_id = command.order_id, .client_order_id = client_order_id, .venue_order_id = command.venue_order_id};
}
// When it was that the broker was asked for a fact, and when it answered.
void stamp(VenueReport& fact, const Sent& sent);

// What a broker said to a write that it did not do, or of which nobody knows whether it did.
struct Refusal {
  bool is_unknown = true;
  ErrorCode error = ErrorCode::UnknownOutcome;
  std::string text;
  std::string broker_code;
};
// What becomes of a write that was not answered well: by the line, or by what the broker said. `refused` is the event of a no.
Facts failed(const Command& command, const Sent& sent, VenueEvent refused, const Refusal& said);

class RestLine {
 public:
  // Makes the request anew for each try: a signature or a token is good for one.
  using Make = std::function<HttpRequest(Timestamp broker_time_ns)>;

  // What an answer means. No error: the body is the answer.
  struct Meaning {
    std::optional<Error> error;
    bool may_ask_again = false;  // the line failed, and not the question
    bool is_clock_wrong = false;  // it was signed at a time that the broker does not like
    bool is_key_refused = false;
    std::chrono::milliseconds hold_back{0};  // so long the broker wants to hear nothing
    std::optional<std::uint64_t> used;       // of the limit, as the broker counts
  };
  struct Dialect {
    std::string broker;  // its name, for people
    RateUsage limit;     // what a holding back blocks: bucket, scope and interval
    std::function<Meaning(const HttpResponse& http, std::string_view target)> meaning;
    std::function<void(const HttpResponse& http)> note_limits = {};  // what else an answer says about limits
    bool is_of_trading = true;  // how this line is, trading is; not so where market data have one of their own
    Make ask_time;
    std::function<Result<Timestamp>(std::string_view body)> time_of;
    std::function<Result<Timestamp>(const HttpResponse& http)> time_of_answer = {};  // instead, out of its headers
    // What the next writes will need and may be made before, as a signature: made when a write's answer has been handed on, and
    // looked after every two seconds. Dropped at once when an answer puts the key or the clock in doubt.
    std::function<void(Timestamp broker_time_ns)> make_ahead = {};
    std::function<void()> drop_ahead = {};
  };

  RestLine(HttpSession& http, AdapterContext& context, Dialect dialect);

  // `expire_time_ns`, in the broker's time: later nothing is written any more. 0: never too late. A write that came late and
  // with too many others waits for room in the limit.
  asio::awaitable<Sent> send(Make make, About about = {}, Timestamp expire_time_ns = 0);
  // For a write that the router has not metered: waits for room in the limit, and the router is told.
  asio::awaitable<void> await_write();
  // The body of the answer, or why there is none. Waits for room, and leaves some to commands; and, where a login's token was
  // refused, for the next one.
  asio::awaitable<Result<std::string>> ask(Make make, About about = {});
  // Takes samples until the offset is known; with `anew`, old ones count for nothing.
  asio::awaitable<Result<void>> measure_clock(bool anew);

  // From start() on the clock is measured each minute, and a line that is down is tried every two seconds.
  void start() { refresh_.start(); }
  void stop() { refresh_.stop(); }

  // What all requests together may use of the dialect's limit, as far as it is known; the broker counts so much of it.
  void limit_to(const RateLimit& limit);
  void note_used(std::uint64_t used) { pace_.raise(used, broker_time_ns()); }

  Timestamp broker_time_ns() const;
  // The broker wants to hear nothing for a while: what becomes of a request meanwhile. What is left of it is waited for where it
  // is no more than the router's clock may differ from ours, which lets orders go by its own, and where the request has the time.
  asio::awaitable<std::optional<Sent>> held_back(Timestamp expire_time_ns);
  // What an answer says about limits, and about the line and the key: also of one that came another way.
  void note(const HttpResponse& http, std::string_view target, bool is_private);
  // Whatever a broker says may repeat the key that it is about, and its words go on into reports, states and logs.
  void cut_secrets(std::string& text) const;
  Random random() {
    return [this] { return random_(); };
  }

 private:
  std::int64_t ban_left_ns() const;
  static constexpr int failures_max = 3;  // lines that broke, one after another

  asio::awaitable<void> refresh();
  void make_ahead_soon();
  asio::awaitable<std::optional<Error>> await_room(RequestPace::Kind kind, Timestamp expire_time_ns);
  void note_unmetered(std::uint64_t under_way);
  void note_health(const HttpResponse& http, bool is_key_refused, bool is_private);

  HttpSession& http_;
  AdapterContext& context_;
  Dialect dialect_;
  ClockOffset clock_;
  std::mt19937_64 random_{std::random_device{}()};
  Periodic refresh_;
  RequestPace pace_;
  std::uint64_t untold_ = 0;
  Timestamp clock_at_ns_ = 0;  // CLOCK_BOOTTIME: when it was measured last
  int failures_ = 0;
  int key_refusals_ = 0;
  std::shared_ptr<bool> is_making_ahead_ = std::make_shared<bool>(false);  // gone with the line
};

}  // namespace busbar::gateway
