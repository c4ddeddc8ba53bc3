#pragma once
// The desk of the archive: takes in the records of one stream over the bus, has them journaled, and says so once they are
// synced; answers questions for records. One loop, one thread: what a turn of the loop brought is one commit.
// docs/journal_format.md, "How records get there", says what producers may rely on.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "audit/config.hpp"
#include "audit/journal.hpp"
#include "bus/endpoint.hpp"

namespace busbar::audit {

class Archive {
 public:
  // `on_broken` hears of a failed sync or a damaged journal: the process has to end, at once and with an error.
  // Throws std::runtime_error when the journal or the endpoint cannot be opened.
  Archive(boost::asio::io_context& loop, const Config& config, std::function<void(std::string_view)> on_broken);

  // Writes and acknowledges what it has, signs a last head, and stops asking for the loop's time.
  void stop();

  std::string address() const { return endpoint_.address(); }
  std::string_view trouble() const { return trouble_; }  // why it cannot write at the moment; empty when it can

 private:
  using Clock = std::chrono::steady_clock;

  // Producers of `market` and `tape` count for themselves, each life from 1.
  struct Producer {
    std::uint64_t next = 1;  // what is awaited; what lies before is journaled or pending
    Clock::time_point gap_since{};  // since when something is missing before what it sends
  };
  using Producers = std::map<std::string, Producer, std::less<>>;  // nodes stay: pending records point to the names

  // Who is to be told how far the journal reaches, once what is pending is synced and it is due; with words, at once.
  using Listener = std::pair<bus::RoutingId, std::string>;  // and which producer it is; empty in `core`
  struct Owed {
    std::uint64_t correlation_id = 0;
    std::string text;
    int attempts = 0;
    Clock::time_point due{};
  };
  struct Append {  // an AuditAppend, its records where they came
    std::uint64_t first_sequence;
    std::uint32_t count;
    std::span<const std::uint8_t> records;
  };
  struct Pending {
    std::size_t offset;
    std::size_t size;
    std::string_view producer;
    std::uint64_t producer_next;
  };
  struct Query {
    bus::RoutingId peer;
    std::uint64_t correlation_id = 0;
    std::uint64_t next = 0;
    std::uint64_t last = 0;
    std::optional<std::vector<std::uint64_t>> sequences;  // of one session's reports, else the whole span
    std::size_t done = 0;  // of `sequences`
    Bytes unsent;          // the message that goes next
    bool is_last = false;  // and nothing follows it
    Clock::time_point progress = Clock::now();
  };

  void on_message(const bus::RoutingId& peer, std::span<const std::uint8_t> bytes);
  void on_other(const bus::RoutingId& peer, std::span<const std::uint8_t> bytes);
  bool is_ours(const bus::RoutingId& peer, const Header& header);  // false: and it has been told
  void on_state(const bus::RoutingId& peer, const Header& header, const AuditState& state);
  void on_append(const bus::RoutingId& peer, const Header& header, const Append& append);
  void on_query(const bus::RoutingId& peer, const Header& header, const AuditQuery& query);
  void reject(const bus::RoutingId& peer, const Header& header, ErrorCode code, std::string_view field, std::string_view text);
  void reject_stream(const bus::RoutingId& peer, const Header& header);

  // Each takes what is good and new, and returns what is wrong with the first record that is not; empty when all is well.
  std::string take_core(const Append& append);
  std::string take_counted(Producers::iterator producer, const Append& append);
  std::string misplaced(const Record& record, std::uint64_t sequence) const;
  std::string compare(const Frame& frame, std::span<const std::uint8_t> bytes);
  void keep(std::size_t size, std::string_view producer, std::uint64_t producer_next);
  Producers::iterator producer_of(const Header& header);

  bool is_core() const { return config_.stream == "core"; }
  std::uint64_t awaited() const { return writer_.next_sequence() + pending_.size(); }
  void commit();
  Owed& owe(Listener listener, std::chrono::milliseconds delay);
  void tell_all();
  bool tell(const Listener& listener, const Owed& owed);
  Bytes sealed(const Body& body, std::uint64_t correlation_id) const;

  void serve();
  bool serve_page(Query& query);  // false: it is done
  Result<AuditAppend> next_page(Query& query);
  void schedule_serve(std::chrono::milliseconds delay);

  void on_tick();
  void look_around(std::chrono::milliseconds interval);
  void arm_tick();
  void on_head();
  void look_at_disk();
  void look_after_readers();

  Config config_;
  std::function<void(std::string_view)> on_broken_;
  JournalWriter writer_;
  std::optional<JournalReader> reader_;
  bus::Endpoint endpoint_;
  boost::asio::steady_timer tick_;
  Clock::time_point tick_at_{};
  Clock::time_point looked_{};  // at the disk, and at readers
  boost::asio::steady_timer head_;
  boost::asio::steady_timer serve_;

  Bytes pending_bytes_;
  std::vector<Pending> pending_;
  std::vector<Entry> batch_;  // the same, while it is written
  Clock::time_point pending_since_{};
  Producers producers_;
  std::map<Listener, Owed> owed_;
  std::map<bus::RoutingId, Clock::time_point> refused_;  // when a peer was last told what is wrong
  std::deque<Query> queries_;
  std::string trouble_;
  Clock::time_point reject_logged_{};
  bool is_broken_ = false;
  bool is_stopping_ = false;
  bool was_filling_ = false;
  std::uint64_t not_indexed_ = 0;
};

}  // namespace busbar::audit
