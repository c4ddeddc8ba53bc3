#include "gateways/framework/in_doubt.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace busbar::gateway {

namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::array<std::int64_t, 7> intervals = {200 * ms,  500 * ms,  1000 * ms, 2000 * ms,
                                                   4000 * ms, 8000 * ms, 15000 * ms};
constexpr std::int64_t interval_beyond_bound = 1000 * ms;  // the answer counts now, and somebody waits for it

}  // namespace

void TokenBucket::fill(Timestamp now) {
  if (filled_at_ != 0) tokens_ = std::min(most_, tokens_ + per_second_ * static_cast<double>(now - filled_at_) / 1e9);
  filled_at_ = now;
}

bool TokenBucket::take(Timestamp now) {
  fill(now);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

Timestamp TokenBucket::next(Timestamp now) const {
  return tokens_ >= 1 ? now : now + static_cast<std::int64_t>((1 - tokens_) / per_second_ * 1e9) + 1;
}

bool InDoubt::add(CommandKind kind, const Command& command, Timestamp request_time_ns, Timestamp now) {
  const auto is_same = [&](const auto& entry) { return entry.second.command.venue_order_id == command.venue_order_id; };
  if (kind == CommandKind::Ask && std::any_of(doubts_.begin(), doubts_.end(), is_same)) return false;
  // An AskCommand and the order of another life are asked for at once; "not found" right after a time-out says little.
  const bool is_urgent = kind == CommandKind::Ask || command.possible_resend;
  Doubt doubt{kind, command, request_time_ns};
  doubt.next = is_urgent ? now : now + intervals[0];
  // The broker's own name is the replaced order's; its successor has another, or none, and is asked for by ours.
  if (kind == CommandKind::Replace) doubt.command.broker_order_id = {};
  doubts_.try_emplace(command.command_id, std::move(doubt));
  return true;
}

Timestamp InDoubt::birth_of(const Id& venue_order_id) const {
  for (const auto& [id, doubt] : doubts_) {
    const bool is_new = doubt.kind == CommandKind::Place || doubt.kind == CommandKind::Replace;
    if (is_new && doubt.command.venue_order_id == venue_order_id) return doubt.command.send_time_ns;
  }
  return 0;
}

std::vector<std::uint64_t> InDoubt::on_news(const VenueReport& news) {
  std::vector<std::uint64_t> settled;
  const bool is_end = news.event == VenueEvent::Canceled || news.event == VenueEvent::Expired ||
                      (news.event == VenueEvent::State && is_final(news.order_status));
  const bool is_life = news.event == VenueEvent::Accepted || (news.event == VenueEvent::State && !is_end);
  if ((!is_end && !is_life) || news.venue_order_id.empty()) return settled;
  for (const auto& [id, doubt] : doubts_) {
    if (doubt.is_running || doubt.command.venue_order_id != news.venue_order_id) continue;
    // A live order says nothing yet about a cancel, nor one that is gone about its successor; and who asks may be missing fills,
    // which only the answer brings.
    if (doubt.kind == CommandKind::Place || (doubt.kind == CommandKind::Cancel && is_end)) settled.push_back(id);
  }
  for (const std::uint64_t id : settled) doubts_.erase(id);
  return settled;
}

std::optional<Command> InDoubt::take_due(Timestamp now) {
  Doubt* due = nullptr;
  for (auto& [id, doubt] : doubts_) {
    if (doubt.is_running || doubt.next > now) continue;
    // What is in doubt comes before what somebody only wants to be told.
    const auto rank = [](const Doubt& each) { return std::pair{each.kind == CommandKind::Ask, each.next}; };
    if (due == nullptr || rank(doubt) < rank(*due)) due = &doubt;
  }
  if (due == nullptr) return std::nullopt;
  due->is_running = true;
  return due->command;
}

std::optional<Timestamp> InDoubt::next_due() const {
  std::optional<Timestamp> next;
  for (const auto& [id, doubt] : doubts_) {
    if (!doubt.is_running && (!next || doubt.next < *next)) next = doubt.next;
  }
  return next;
}

bool InDoubt::is_beyond_bound(const Doubt& doubt, Timestamp asked_at) const {
  return rule_.bound_ms != 0 && asked_at > doubt.request_time_ns + rule_.bound_ms * ms;
}

void InDoubt::put_off(Doubt& doubt, Timestamp asked_at, Timestamp now) const {
  std::int64_t interval = intervals[std::min<std::size_t>(doubt.asked, intervals.size() - 1)];
  ++doubt.asked;
  if (rule_.bound_ms != 0) {
    // Not later than just after the bound, where looks begin to count.
    const std::int64_t left = doubt.request_time_ns + rule_.bound_ms * ms - asked_at;
    if (left <= 0) interval = std::min(interval, interval_beyond_bound);
    if (left > 0 && left < interval) interval = left + 100 * ms;
  }
  doubt.next = now + interval;
}

InDoubt::Answer InDoubt::on_answer(std::uint64_t command_id, Result<Facts> answer, Timestamp asked_at, Timestamp now) {
  const auto found = doubts_.find(command_id);
  if (found == doubts_.end()) return {};
  Doubt& doubt = found->second;
  doubt.is_running = false;
  // "Not found" out of a list speaks of when the list was begun.
  const bool has_own_time = answer && !answer->empty() && answer->back().event == VenueEvent::NotFound &&
                            answer->back().transact_time_ns != 0;
  if (has_own_time) asked_at = std::min(asked_at, answer->back().transact_time_ns);
  const unsigned look_ups = std::max(1u, rule_.look_ups);

  Answer out;
  if (!answer || answer->empty()) {
    const Error error = answer ? Error{ErrorCode::UnknownOutcome, "the adapter has no answer"} : answer.error();
    out.facts.push_back(make_fact(doubt.command, VenueEvent::CouldNotAsk, error.code, error.text));
  } else {
    out.facts = std::move(*answer);
    complete(out.facts, doubt.command);
  }
  // When the lost request was made the router knows itself where it only wants to be told where the order stands.
  const Timestamp request_time_ns = doubt.kind == CommandKind::Ask ? 0 : doubt.request_time_ns;
  for (VenueReport& fact : out.facts) {
    fact.source = VenueSource::Probe;
    if (fact.event == VenueEvent::NotFound || fact.event == VenueEvent::State) fact.request_time_ns = request_time_ns;
    if (fact.event == VenueEvent::NotFound) fact.transact_time_ns = asked_at;
  }

  const VenueReport last = out.facts.back();
  if (last.event == VenueEvent::NotFound) {
    if (is_beyond_bound(doubt, asked_at) && asked_at > std::exchange(doubt.conclusive_at, asked_at)) ++doubt.conclusive;
    out.is_settled = doubt.kind == CommandKind::Ask || doubt.conclusive >= look_ups;
  } else if (last.event == VenueEvent::State) {
    // A live order says nothing yet about a cancel that is under way.
    out.is_settled = doubt.kind != CommandKind::Cancel || is_final(last.order_status);
    if (!out.is_settled && is_beyond_bound(doubt, asked_at) && ++doubt.conclusive >= look_ups) {
      out.facts.push_back(make_fact(doubt.command, VenueEvent::CancelRejected, ErrorCode::NotSent,
                                    "the cancel never arrived: the order works beyond the time in which it could act"));
      out.facts.back().source = VenueSource::Probe;
      out.facts.back().request_time_ns = request_time_ns;
      out.facts.back().transact_time_ns = asked_at;
      out.is_settled = true;
    }
  }
  if (out.is_settled) {
    doubts_.erase(found);
  } else {
    put_off(doubt, asked_at, now);
  }
  return out;
}

}  // namespace busbar::gateway
