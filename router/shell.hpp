#pragma once
// The doors around the core. What arrives is judged, stamped, written and only then looked at by the core; what the
// core decides leaves when all records up to its cause are durable. The shell knows connections and waits; it decides
// nothing about an order but this one thing: when the log is nearly full, a new one is refused before it is stamped.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/container/deque.hpp>

#include "bus/clock.hpp"
#include "bus/config.hpp"
#include "bus/endpoint.hpp"
#include "router/core_feed.hpp"
#include "router/core/core.hpp"
#include "router/log.hpp"
#include "router/sessions.hpp"

namespace busbar::router {

namespace asio = boost::asio;

struct ShellOptions {
  BusConfig bus;
  std::filesystem::path log_directory;
  bool waits_for_archive = false;  // outputs wait for the archive's acknowledgement as well
  Configuration configuration;     // whole, with the journal's id
  SessionsOptions sessions;
  int gateway_queue_max = bus::EndpointOptions{}.send_queue_max;  // messages that wait for one gateway; then it is full
  // Outputs are written with the next input, or after this.
  std::chrono::milliseconds output_delay{5};
};

// A report whose record is in the log, for the ring: what recovery has read.
struct PastReport {
  Name client;
  Name session;
  std::uint64_t number = 0;
  std::uint64_t record = 0;
  Bytes message;
};

class Shell {
 public:
  // Binds its endpoints: throws std::runtime_error, for start-up. `last_record_ns` is the time of the newest record.
  Shell(asio::io_context& loop, ShellOptions options, Core core, Log& log, Timestamp last_record_ns,
        std::vector<PastReport> past_reports = {});
  ~Shell();
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  // Takes nothing more, makes durable what was taken, lets its outputs leave; then `done`.
  void stop(std::function<void()> done);

  const Core& core() const { return core_; }
  std::uint64_t refused() const { return refused_; }  // messages that could not be read or were not for here

 private:
  // One message that was stamped and waits for the end of its batch.
  struct Taken {
    std::uint64_t sequence = 0;
    Timestamp time_ns = 0;
    Timestamp wall_ns = 0;
    Message message;
    bus::RoutingId peer;
  };
  // One decision that waits for its cause to be durable.
  struct Release {
    std::uint64_t input = 0;
    Destination destination = Destination::Unset;
    Name peer;
    Name session;
    bus::RoutingId route;  // Request and Welcome: the connection that asked
    std::uint64_t report_number = 0;
    std::uint64_t record = 0;       // its own, an Output
    std::uint64_t incarnation = 0;  // Gateway
    bool is_welcome = false;        // Gateway: from it on it listens to more than its commands
    std::uint64_t command_id = 0;   // Gateway, of its first command
    std::uint64_t commands = 0;     // ... and how many it carries
    std::uint64_t next_report = 0;  // of a Welcome, 0 else
    std::uint64_t last_report = 0;  // of a Welcome: the session's highest
    bool drop_copy = false;         // a report that the drop copy hears too
    Bytes message;
  };
  // What a gateway may forget once it is durable.
  struct Acknowledgement {
    std::uint64_t input = 0;
    Name gateway;
    std::uint64_t incarnation = 0;
    std::uint64_t report_number = 0;
  };
  struct Line {  // to a gateway
    bus::RoutingId peer;
    std::uint64_t incarnation = 0;
    Name life;  // that number, as its messages carry it
    bool is_up = false;
    bool is_ready = false;    // its newest hello said what it offers
    bool is_welcome = false;  // and the Welcome to it has left
    std::uint64_t durable_report = 0;  // what it has not been told to be durable, 0 for nothing
    Timestamp heard_ns = 0;
    std::set<std::uint64_t> past;  // earlier lives, which are over
  };
  struct Asked {  // a query that waits for its turn, or for a gateway
    bus::RoutingId peer;
    Header header;
    Query query;
    Name gateway;  // that was asked
    Timestamp until_ns = 0;
    bool has_left = false;
  };

  // A handler that acts when its wait ended well and the shell is still there: one that was due just before it went is
  // called all the same.
  template <class Act>
  auto while_here(Act act) {
    return [here = std::weak_ptr<bool>{here_}, act = std::move(act)](const boost::system::error_code& error, auto&&...) {
      if (!error && !here.expired()) act();
    };
  }

  // Arrivals.
  void on_client_bytes(const bus::RoutingId& peer, std::span<const std::uint8_t> bytes);
  void on_client_message(const bus::RoutingId& peer, Message&& message, std::span<const std::uint8_t> bytes);
  Line* find_line(const Name& gateway);
  void on_gateway_bytes(const bus::RoutingId& peer, std::span<const std::uint8_t> bytes);
  void on_gateway_hello(const bus::RoutingId& peer, Message&& message, std::span<const std::uint8_t> bytes);
  void on_gateway_message(const bus::RoutingId& peer, Message&& message, std::span<const std::uint8_t> bytes);
  bool is_ours(const Header& header, bus::Endpoint& endpoint, const bus::RoutingId& peer);
  void reject(bus::Endpoint& endpoint, const bus::RoutingId& peer, const Header& asked, Reject reject);
  void reject_unreadable(bus::Endpoint& endpoint, const bus::RoutingId& peer, std::span<const std::uint8_t> bytes,
                         const Error& error);
  void keep_unread(std::span<const std::uint8_t> bytes, const Error& error);
  bool refuse_for_log(const bus::RoutingId& peer, const Message& message);
  void refuse(const bus::RoutingId& peer, const Header& asked, ExecutionReport report, std::string_view why);
  void answer_heartbeat(bus::Endpoint& endpoint, const bus::RoutingId& peer, const Header& header,
                        std::uint64_t last_report);

  // The way of a record.
  void take(const bus::RoutingId& peer, Message&& message, std::span<const std::uint8_t> bytes);
  void note(Body body);  // an input of our own
  void finish_batch();
  void decide(const Taken& taken, const RecordTime& time);
  void write_outputs();
  void wait_durable();
  void release();
  void deliver(Release& release);
  void deliver_to_gateway(Release& release);
  void publish(std::string_view kind, const Release& release);
  void acknowledge(std::uint64_t durable);
  void send_acknowledgements();

  // Time.
  void beat();
  void arm_beat(Timestamp at_ns);  // no later than then
  Timestamp next_beat_ns() const;
  std::int64_t heartbeat_ns() const;
  std::int64_t silence_max_ns() const;
  void look_for_silence(Timestamp now_ns);
  void give_up_questions(Timestamp now_ns);
  void watch_log();
  void arm_deadline();

  // Questions.
  void answer_queries();
  void answer(const Asked& asked, Answer answer);
  void answer_error(const Asked& asked, ErrorCode error, std::string_view text);
  void answer_query(Asked asked);
  void ask_gateway(Asked asked);
  void fill_status(Answer& answer) const;
  void forward(Asked asked, const Name& gateway);
  void send_forwarded(const Name& gateway);
  void on_forwarded_answer(const Header& header, Answer answer);

  Header header(Timestamp now_ns) const;
  bool may_see(const Name& client, const Name& account) const;
  Timestamp now();
  void finish_stop();

  ShellOptions options_;
  Core core_;
  Log& log_;
  RecordClock clock_;
  std::map<Name, ClientRule> clients_;
  std::map<Name, Name> gateway_of_;  // account to gateway
  bus::Endpoint orders_;
  bus::Endpoint gateways_;
  bus::Endpoint reports_;
  Sessions sessions_;
  CoreFeed audit_;

  std::vector<Taken> batch_;
  std::vector<Decision> decisions_;
  Bytes scratch_;
  // In blocks, for a deque of the standard library takes memory for each of these.
  boost::container::deque<Release, void, boost::container::deque_options_t<boost::container::block_size<64u>>> releases_;
  std::deque<Acknowledgement> acknowledgements_;
  std::map<Name, Line> lines_;  // as configured
  std::map<Name, Line>::value_type* last_line_ = nullptr;  // that was looked for: what comes next is mostly of the same
  std::vector<Asked> queries_;
  std::map<std::uint64_t, Asked> forwarded_;  // by our correlation id
  std::uint64_t next_forward_ = 1;
  std::vector<SendFailed> failures_;
  std::uint64_t refused_ = 0;
  bool is_paused_ = false;  // the disk is behind
  bool was_filling_ = false;
  bool was_refusing_ = false;

  asio::posix::stream_descriptor durable_;
  std::uint64_t durable_count_ = 0;
  asio::steady_timer beat_;
  Timestamp beat_at_ns_ = 0;
  Timestamp last_beat_ns_ = 0;
  asio::steady_timer deadline_;
  Timestamp armed_ns_ = 0;
  asio::steady_timer output_timer_;
  bool is_output_timed_ = false;
  std::function<void()> on_stopped_;
  std::shared_ptr<bool> here_ = std::make_shared<bool>(true);
};

}  // namespace busbar::router
