#pragma once
// The router's line to the archive (busbar-auditd, stream core): durable records in order, from where the archive says,
// with a bounded window on the way; and questions for the reports of a session that the router itself no longer has.
// Either side may die at any time: the archive's word after it is where the feed goes on.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include <boost/asio/io_context.hpp>

#include "bus/endpoint.hpp"
#include "router/log.hpp"

namespace busbar::router {

class CoreFeed {
 public:
  struct Wiring {
    std::function<void(std::uint64_t sequence)> on_audited;  // everything up to here is in the archive
    std::function<void(const Name& client, const Name& session, std::uint64_t number,
                       std::span<const std::uint8_t> message)>
        on_report;
    std::function<void(const Name& client, const Name& session)> on_fetch_end;
  };
  CoreFeed(boost::asio::io_context& loop, const std::string& address, Environment environment, Log& log,
           const std::filesystem::path& log_directory, Wiring wiring);

  // More may be durable, or some time has passed (boottime). Cheap when there is nothing to do.
  void tick(Timestamp now_ns);
  void fetch(const Name& client, const Name& session, std::uint64_t first_report);

  std::uint64_t audited() const { return audited_; }
  bool is_heard() const { return is_heard_; }

 private:
  struct Fetch {
    Name client;
    Name session;
    std::uint64_t first_report = 0;
    Timestamp asked_ns = 0;  // 0: not yet
  };
  void on_bytes(std::span<const std::uint8_t> bytes);
  void on_state(const Header& header, const AuditState& state);
  void on_records(Fetch& fetch, const AuditAppend& append);
  void ask_position();
  void feed();
  Header header() const;
  bool send(const Body& body, std::uint64_t correlation_id);
  bool send_records(std::uint64_t first_sequence, std::uint32_t count);

  bus::Endpoint endpoint_;
  Environment environment_;
  Log& log_;
  LogReader reader_;
  Wiring wiring_;

  Bytes records_;  // those that are being sent, behind room for what they are sent with
  Timestamp now_ns_ = 0;
  bool is_heard_ = false;    // it answered, and its last word is not too old
  bool is_refused_ = false;  // it wants what this log cannot give; told once
  std::uint64_t next_ = 0;   // the next record to send, 0: where it stands is not known
  std::uint64_t audited_ = 0;
  std::uint64_t window_bytes_ = 0;
  std::deque<std::pair<std::uint64_t, std::size_t>> window_;  // last sequence and size of what is on its way
  Timestamp asked_ns_ = 0;
  Timestamp progress_ns_ = 0;  // when its word last changed, or the window was last empty
  std::uint64_t next_fetch_ = 1;
  std::map<std::uint64_t, Fetch> fetches_;  // by correlation id
};

}  // namespace busbar::router
