#pragma once
// The clients' sessions as the shell sees them: which connection each has now, and which reports it still must hear.
// Every report goes into the session's ring and leaves from there in order of its number; what the ring has let go
// comes from the archive. So a client that reconnects, or was too slow, gets each report once, whoever died in between.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "bus/endpoint.hpp"
#include "bus/messages.hpp"

namespace busbar::router {

struct SessionsOptions {
  std::size_t ring_bytes_max = 64u << 20;  // of all sessions; what the archive does not hold yet is kept beyond it
  std::uint32_t liveness = 3;              // heartbeats that may be missed
};

class Sessions {
 public:
  struct Wiring {
    // False: the peer is gone or takes no more.
    std::function<bool(const bus::RoutingId& peer, std::span<const std::uint8_t> bytes)> send;
    // Asks the archive for a session's reports from `first_report`; on_fetched and then on_fetch_end follow.
    std::function<void(const Name& client, const Name& session, std::uint64_t first_report)> fetch;
  };
  Sessions(SessionsOptions options, Wiring wiring) : options_{options}, wiring_{std::move(wiring)} {}

  // A message of a session's connection. False: it has to say Hello first.
  bool hear(const Header& header, const bus::RoutingId& peer, Timestamp now_ns);
  // The newest Hello wins the connection. Reports flow when its Welcome has left.
  void on_hello(const Header& header, const Hello& hello, const bus::RoutingId& peer, Timestamp now_ns);
  void on_logout(const Header& header);

  // Released messages, in the order they were decided. `last_report` is the session's highest number as of the Welcome.
  void on_welcome(const Name& client, const Name& session, const bus::RoutingId& peer, std::uint64_t next_report,
                  std::uint64_t last_report, std::span<const std::uint8_t> bytes);
  void on_report(const Name& client, const Name& session, std::uint64_t number, std::uint64_t record, Bytes bytes);
  void send_unnumbered(const Name& client, const Name& session, std::span<const std::uint8_t> bytes);

  void on_fetched(const Name& client, const Name& session, std::uint64_t number, std::span<const std::uint8_t> bytes);
  void on_fetch_end(const Name& client, const Name& session);

  // Records up to here are in the archive, and the reports among them may leave the ring.
  void set_audited(std::uint64_t record);

  struct Silent {
    Name client;
    Name session;
  };
  // Sessions that have not been heard for as long as they may; their connections are given up.
  std::vector<Silent> take_silent(Timestamp now_ns);
  Timestamp next_silence_ns() const;  // when the next may be one, unless it is heard

  // The number of the last report that this connection was sent.
  std::uint64_t last_sent(const Header& header) const;
  std::uint32_t connected() const;
  std::uint64_t lagging() const { return lagging_; }  // how often a peer could take no more

 private:
  struct Kept {
    std::uint64_t number;
    std::uint64_t record;
    Bytes bytes;
  };
  struct Session {
    Name client;
    Name name;
    bus::RoutingId peer;
    bool is_bound = false;         // peer is the connection that said Hello last
    bool is_live = false;          // its Welcome has left
    bool is_fetching = false;      // older reports are on their way from the archive
    bool may_fetch_again = false;  // that brought some, or another Hello came meanwhile
    std::uint64_t fetched_from = 0;  // the first that came with others missing before it, 0 for none
    Timestamp heard_ns = 0;
    std::int64_t silence_max_ns = 0;
    std::uint64_t sent = 0;  // number of the last report sent on this connection
    std::deque<Kept> ring;   // dense, newest at the back
  };
  using Key = std::pair<Name, Name>;

  Session& session(const Name& client, const Name& name);
  Session* find(const Name& client, const Name& name);
  bool send_next(Session& session, std::uint64_t number, std::span<const std::uint8_t> bytes);
  void skip_to(Session& session, std::uint64_t number);
  void pump(Session& session);
  void trim();

  SessionsOptions options_;
  Wiring wiring_;
  std::map<Key, Session> sessions_;  // none is ever taken out
  Session* last_ = nullptr;          // that was looked for: what comes next is mostly of the same
  std::deque<Session*> order_;  // whose report entered a ring, oldest first
  std::size_t ring_bytes_ = 0;
  std::uint64_t audited_ = 0;
  std::uint64_t lagging_ = 0;
};

}  // namespace busbar::router
