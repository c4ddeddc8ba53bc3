#include "router/sessions.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <spdlog/spdlog.h>

namespace busbar::router {
namespace {

// What a client may ask for; outside of it a heartbeat is noise, or silence.
constexpr std::uint32_t interval_min_ms = 50;
constexpr std::uint32_t interval_max_ms = 60'000;

}  // namespace

Sessions::Session& Sessions::session(const Name& client, const Name& name) {
  if (Session* known = find(client, name)) return *known;
  Session& session = sessions_[{client, name}];
  session.client = client;
  session.name = name;
  return session;
}

Sessions::Session* Sessions::find(const Name& client, const Name& name) {
  if (last_ != nullptr && last_->client == client && last_->name == name) return last_;
  const auto at = sessions_.find({client, name});
  return at == sessions_.end() ? nullptr : last_ = &at->second;
}

bool Sessions::hear(const Header& header, const bus::RoutingId& peer, Timestamp now_ns) {
  Session* session = find(header.sender, header.session);
  if (!session || !session->is_bound || session->peer != peer) return false;
  session->heard_ns = now_ns;
  return true;
}

void Sessions::on_hello(const Header& header, const Hello& hello, const bus::RoutingId& peer, Timestamp now_ns) {
  Session& session = this->session(header.sender, header.session);
  session.peer = peer;
  session.is_bound = true;
  session.is_live = false;
  session.heard_ns = now_ns;
  const std::uint32_t interval = std::clamp(hello.heartbeat_interval_ms, interval_min_ms, interval_max_ms);
  session.silence_max_ns = std::int64_t{interval} * options_.liveness * 1'000'000;
}

void Sessions::on_logout(const Header& header) {
  if (Session* session = find(header.sender, header.session)) session->is_bound = session->is_live = false;
}

void Sessions::on_welcome(const Name& client, const Name& name, const bus::RoutingId& peer, std::uint64_t next_report,
                          std::uint64_t last_report, std::span<const std::uint8_t> bytes) {
  Session& session = this->session(client, name);
  if (!session.is_bound || session.peer != peer) return;  // a newer Hello has come since
  session.sent = next_report - 1;
  session.is_live = wiring_.send(session.peer, bytes);
  if (!session.is_live) return;
  const std::uint64_t kept_from = session.ring.empty() ? last_report + 1 : session.ring.front().number;
  if (next_report < kept_from) {
    session.may_fetch_again = session.is_fetching;
    if (!session.is_fetching) wiring_.fetch(client, name, next_report);
    session.is_fetching = true;
    return;
  }
  pump(session);
}

void Sessions::on_report(const Name& client, const Name& name, std::uint64_t number, std::uint64_t record,
                         Bytes bytes) {
  Session& session = this->session(client, name);
  ring_bytes_ += bytes.size();
  session.ring.push_back({number, record, std::move(bytes)});
  order_.push_back(&session);
  pump(session);
  trim();
}

void Sessions::send_unnumbered(const Name& client, const Name& name, std::span<const std::uint8_t> bytes) {
  Session* session = find(client, name);
  if (session && session->is_live && !wiring_.send(session->peer, bytes)) session->is_live = false;
}

bool Sessions::send_next(Session& session, std::uint64_t number, std::span<const std::uint8_t> bytes) {
  if (wiring_.send(session.peer, bytes)) {
    session.sent = number;
    return true;
  }
  // It resumes with a Hello, which its next message is asked for.
  ++lagging_;
  session.is_live = session.is_bound = false;
  spdlog::warn("session {}/{} takes no more reports; it was sent up to {}", view(session.client), view(session.name),
               session.sent);
  return false;
}

void Sessions::skip_to(Session& session, std::uint64_t number) {
  spdlog::error("reports {} to {} of session {}/{} are in no archive", session.sent + 1, number - 1, view(session.client),
                view(session.name));
  session.sent = number - 1;
}

void Sessions::pump(Session& session) {
  if (!session.is_live || session.is_fetching || session.ring.empty()) return;
  const std::uint64_t first = session.ring.front().number;
  if (session.sent + 1 < first) skip_to(session, first);
  for (std::size_t i = session.sent + 1 - first; i < session.ring.size(); ++i) {
    if (!send_next(session, session.ring[i].number, session.ring[i].bytes)) return;
  }
}

void Sessions::on_fetched(const Name& client, const Name& name, std::uint64_t number,
                          std::span<const std::uint8_t> bytes) {
  Session* session = find(client, name);
  if (!session || !session->is_live || !session->is_fetching || number <= session->sent) return;
  if (number != session->sent + 1) {
    if (session->fetched_from == 0) session->fetched_from = number;
    return;
  }
  if (send_next(*session, number, bytes)) session->may_fetch_again = true;
}

void Sessions::on_fetch_end(const Name& client, const Name& name) {
  Session* session = find(client, name);
  if (!session) return;
  session->is_fetching = false;
  const std::uint64_t from = std::exchange(session->fetched_from, 0);
  if (!session->is_live) return;
  const std::uint64_t next = session->sent + 1;
  const bool is_in_ring = !session->ring.empty() && next >= session->ring.front().number;
  const bool is_behind_a_gap = !is_in_ring && from > next && (session->ring.empty() || from < session->ring.front().number);
  // The ring may have let go of more while this was on its way.
  const bool is_to_come = session->may_fetch_again && !is_in_ring && (is_behind_a_gap || !session->ring.empty());
  // What the oldest segments held is gone with them; what the others hold is not.
  if (!is_to_come && is_behind_a_gap) skip_to(*session, from);
  if (!is_to_come && !is_behind_a_gap) return pump(*session);
  session->may_fetch_again = false;
  session->is_fetching = true;
  wiring_.fetch(client, name, session->sent + 1);
}

void Sessions::set_audited(std::uint64_t record) {
  audited_ = record;
  trim();
}

void Sessions::trim() {
  while (ring_bytes_ > options_.ring_bytes_max && !order_.empty() && order_.front()->ring.front().record <= audited_) {
    Session& session = *order_.front();
    ring_bytes_ -= session.ring.front().bytes.size();
    session.ring.pop_front();
    order_.pop_front();
  }
}

std::vector<Sessions::Silent> Sessions::take_silent(Timestamp now_ns) {
  std::vector<Silent> silent;
  for (auto& [key, session] : sessions_) {
    if (!session.is_bound || now_ns - session.heard_ns <= session.silence_max_ns) continue;
    session.is_bound = session.is_live = false;
    silent.push_back({session.client, session.name});
  }
  return silent;
}

Timestamp Sessions::next_silence_ns() const {
  Timestamp next_ns = std::numeric_limits<Timestamp>::max();
  for (const auto& [key, session] : sessions_) {
    if (session.is_bound) next_ns = std::min(next_ns, session.heard_ns + session.silence_max_ns + 1);
  }
  return next_ns;
}

std::uint64_t Sessions::last_sent(const Header& header) const {
  const auto at = sessions_.find({header.sender, header.session});
  return at == sessions_.end() ? 0 : at->second.sent;
}

std::uint32_t Sessions::connected() const {
  return static_cast<std::uint32_t>(
      std::count_if(sessions_.begin(), sessions_.end(), [](const auto& entry) { return entry.second.is_bound; }));
}

}  // namespace busbar::router
