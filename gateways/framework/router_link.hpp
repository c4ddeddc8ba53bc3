#pragma once
// A gateway's line to the router: hello and welcome, heartbeats both ways, router time, and the reports that are held
// until the router has them on disk. Whatever is not about the line itself goes to the owner. Time is handed in; tick()
// is the owner's.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "bus/endpoint.hpp"
#include "gateways/framework/router_clock.hpp"

namespace busbar::gateway {

namespace asio = boost::asio;

struct LinkOptions {
  Name gateway;
  Environment environment = Environment::Unset;
  std::string address;
  std::uint64_t incarnation = 0;
  std::uint32_t liveness = 3;  // heartbeats that may be missed
  std::function<Timestamp()> boottime;
};

// One life of one process: 63 random bits of the operating system, never 0.
std::uint64_t draw_incarnation();

class RouterLink {
 public:
  struct Handlers {
    std::function<GatewayHello()> make_hello;
    std::function<bool()> is_ready;     // what a hello says is known: until then a welcome only makes us acquainted
    std::function<void()> on_acquainted;  // what the router remembers of bans has been told
    std::function<void(const GatewayWelcome&)> on_welcome;
    std::function<void(const RateUsage&, std::int64_t left_ns)> on_ban;  // for so long from now, before any welcome too
    std::function<void()> on_lost;
    std::function<void(Message)> on_message;  // commands, queries, subscriptions; of another environment too
  };

  RouterLink(asio::io_context& loop, LinkOptions options, Handlers handlers);

  // Says hello now, or again: what it said before has changed, or is known now.
  void hello();
  // Hello while nobody answers, heartbeats, reports without an acknowledgement. Wants to be called when next_due() has come, and
  // again several times a second while that does not move.
  void tick();
  Timestamp next_due() const;  // boottime; 0: at once

  // Welcomed, and heard within three heartbeats: otherwise nothing may be placed.
  bool is_up();
  std::optional<Timestamp> router_now() const;

  // Numbered, held until acknowledged, sent again until then.
  void report(VenueReport report);
  // Why the router could not read it, as words of a broker's may make it; nullopt: it can.
  std::optional<std::string> refusal_of(const Body& body) const;
  std::size_t held() const { return held_.size(); }
  // Sent once when the line is up; who must have it tells it again at the next welcome. False: it was not sent.
  bool tell(const Body& body, std::uint64_t correlation_id = 0);

 private:
  struct Held {
    VenueReport report;
    Timestamp sent_at = 0;  // 0: not yet
  };
  void on_bytes(std::span<const std::uint8_t> bytes);
  void on_welcome(const Header& header, const GatewayWelcome& welcome);
  void check_memory(std::uint64_t last_report) const;
  std::uint64_t ask(Timestamp now);
  std::optional<Timestamp> take_asked(std::uint64_t correlation_id);
  void on_heartbeat(const Header& header, const Heartbeat& heartbeat);
  void on_ack(std::uint64_t report_number);
  Timestamp next_heartbeat() const;
  std::int64_t silence_max_ns() const;
  void lose_if_silent();
  void lose_if_cut();
  void lose(std::string_view why);
  void send_held(Timestamp now, bool is_all);
  bool send(const Body& body, std::uint64_t correlation_id);

  LinkOptions options_;
  Handlers handlers_;
  bus::Endpoint endpoint_;
  RouterClock clock_;
  bool is_welcomed_ = false;
  bool is_acquainted_ = false;  // welcomed before we were ready: heartbeats, and nothing else
  bool wants_hello_ = false;
  bool is_cut_ = true;  // no connection, as of the last tick
  std::int64_t interval_ns_ = 1'000'000'000;
  Timestamp last_heard_ = 0;
  Timestamp last_hello_ = 0;
  Timestamp last_heartbeat_ = 0;
  std::uint64_t last_received_ = 0;  // header sequence of the router
  std::uint64_t sequence_ = 0;
  std::uint64_t next_report_ = 1;
  std::deque<Held> held_;
  std::map<std::uint64_t, Timestamp> asked_;  // hellos and heartbeats by correlation id: sent at
  std::uint64_t next_asked_ = 1;
  Timestamp first_hello_ = 0;  // of those without a welcome yet
};

}  // namespace busbar::gateway
