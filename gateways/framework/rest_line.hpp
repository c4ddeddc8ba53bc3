#pragma once
// Requests to a broker over HTTPS, as far as all brokers are alike: a write is sent once and its answer handed back as
// it came, a read may be asked again; the broker's clock is kept; after a "not so often" nothing is sent for a while;
// and how the line and the key are is told. How a request looks and what an answer means is the broker's.

#include <chrono>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "gateways/framework/adapter.hpp"
#include "gateways/framework/clock_offset.hpp"
#include "gateways/framework/retry.hpp"
#include "gateways/framework/run.hpp"

namespace busbar::gateway {

struct Sent {
  HttpResponse http;
  Timestamp request_time_ns = 0;  // the broker's clock when it was signed
  bool is_held_back = false;      // NotSent because the broker wants to hear nothing from us for a while
};

// What becomes of a write to which the broker has said nothing; nullopt: it has, and its words are the adapter's to judge.
std::optional<VenueReport> unanswered(const Command& command, const Sent& sent);

class RestLine {
 public:
  // Makes the request anew for each try: a signature or a token is good for one.
  using Make = std::function<HttpRequest(Timestamp broker_time_ns)>;

  // What an answer means. No error: the body is the answer.
  struct Meaning {
    std::optional<Error> error;
    bool may_ask_again = false;  // the line failed, and not the question
    bool is_key_refused = false;
    std::chrono::milliseconds hold_back{0};  // so long the broker wants to hear nothing
  };
  struct Dialect {
    std::string broker;  // its name, for people
    RateUsage limit;     // what a holding back blocks: bucket, scope and interval
    std::function<Meaning(const HttpResponse& http, std::string_view target)> meaning;
    Make ask_time;
    std::function<Result<Timestamp>(std::string_view body)> time_of;
  };

  RestLine(HttpSession& http, AdapterContext& context, Dialect dialect);

  // `expire_time_ns`, in the broker's time: later nothing is written any more. 0: never too late.
  asio::awaitable<Sent> send(Make make, About about = {}, Timestamp expire_time_ns = 0);
  // The body of the answer, or why there is none.
  asio::awaitable<Result<std::string>> ask(Make make, About about = {});
  // Takes samples until the offset is known; with `anew`, old ones count for nothing.
  asio::awaitable<Result<void>> measure_clock(bool anew);

  Timestamp broker_time_ns() const;
  bool is_down() const { return failures_ >= failures_max; }
  Random random() {
    return [this] { return random_(); };
  }

 private:
  static constexpr int failures_max = 3;  // lines that broke, one after another

  std::optional<Sent> held_back() const;
  void note(const HttpResponse& http, std::string_view target);
  void note_health(const HttpResponse& http, bool is_key_refused);

  HttpSession& http_;
  AdapterContext& context_;
  Dialect dialect_;
  ClockOffset clock_;
  std::mt19937_64 random_{std::random_device{}()};
  Timestamp held_back_until_ns_ = 0;  // wall clock
  int failures_ = 0;
  int key_refusals_ = 0;
};

}  // namespace busbar::gateway
