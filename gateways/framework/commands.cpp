#include "gateways/framework/commands.hpp"

#include <algorithm>

namespace busbar::gateway {

namespace {

constexpr std::size_t facts_max = 64;      // kept of one command, for saying them again
constexpr std::size_t forgotten_max = 100'000;

bool is_new_order(CommandKind kind) { return kind == CommandKind::Place || kind == CommandKind::Replace; }

}  // namespace

Verdict CommandBook::judge(CommandKind kind, const Command& command, const Circumstances& circumstances) {
  if (const auto known = heard_.find(command.command_id); known != heard_.end()) {
    if (!known->second.is_closed) return {};
    return {Verdict::Act::Answer, known->second.facts, {}};
  }
  const bool is_forgotten = command.command_id < forgotten_below_ || forgotten_.contains(command.command_id);
  // Closed long ago, and its facts were durable: should anyone still ask, the broker knows.
  if (is_forgotten) return ask(command);

  if (!circumstances.is_account_ours) {
    const std::string account{view(command.account)};
    return refuse(command, ErrorCode::InvalidOrder, "this gateway does not serve account " + account);
  }
  if (!circumstances.is_environment_right) {
    return refuse(command, ErrorCode::InvalidMessage, "the command is meant for another environment");
  }
  if (kind == CommandKind::Ask) return ask(command);
  if (command.incarnation != incarnation_) return ask(command);  // only the broker knows what another life did
  const std::optional<Timestamp> now = circumstances.router_now;
  const bool has_expired = command.expire_time_ns != 0 && now && *now > command.expire_time_ns;
  if (command.possible_resend) {
    return has_expired ? refuse(command, ErrorCode::Expired, "it never arrived here while there was time")
                       : refuse(command, ErrorCode::NotSent, "it never arrived here, and will not be taken any more");
  }

  // What rests here is cancelled here, wherever the account has gone.
  if (is_new_order(kind) && circumstances.account_epoch && command.account_epoch != *circumstances.account_epoch) {
    return refuse(command, ErrorCode::NotSent, "the account has moved since: it is meant for epoch " +
                                                   std::to_string(command.account_epoch) + ", and this is " +
                                                   std::to_string(*circumstances.account_epoch));
  }
  if (command.expire_time_ns != 0) {
    if (!now) {
      return refuse(command, ErrorCode::Expired, "the router's time is not known well enough");
    }
    if (has_expired) {
      const auto late_ms = (*now - command.expire_time_ns) / 1'000'000;
      return refuse(command, ErrorCode::Expired, "it came " + std::to_string(late_ms) + " ms too late");
    }
  }
  if (is_new_order(kind)) {
    if (circumstances.no_new_orders) {
      return refuse(command, circumstances.no_new_orders->code, circumstances.no_new_orders->text);
    }
    const std::pair leg{command.order_id, command.leg};
    if (!legs_.insert(leg).second) {
      // The Knight rule. "Not sent" would be a lie about the order: it was, under another command.
      Verdict verdict = ask(command);
      verdict.alarm = "command " + std::to_string(command.command_id) + " would send order " +
                      std::to_string(leg.first) + " leg " + std::to_string(leg.second) + " a second time: refused";
      return verdict;
    }
    const std::optional<Error> refusal = circumstances.ask_account ? circumstances.ask_account() : std::nullopt;
    if (refusal) {
      legs_.erase(leg);
      return refuse(command, refusal->code, refusal->text);
    }
    legs_by_age_.push_back(leg);
    if (legs_by_age_.size() > legs_max_) {
      legs_.erase(legs_by_age_.front());
      legs_by_age_.pop_front();
    }
  }
  heard_.emplace(command.command_id, Entry{});
  return {Verdict::Act::Do, {}, {}};
}

void CommandBook::on_facts(std::uint64_t command_id, const Facts& facts, bool is_closed) {
  const auto known = heard_.find(command_id);
  if (known == heard_.end()) return;
  Entry& entry = known->second;
  entry.facts.insert(entry.facts.end(), facts.begin(), facts.end());
  if (entry.facts.size() > facts_max) {
    entry.facts.erase(entry.facts.begin(), entry.facts.end() - static_cast<std::ptrdiff_t>(facts_max));
  }
  if (is_closed && !entry.is_closed) close(command_id, entry);
}

std::size_t CommandBook::open() const { return heard_.size() - closed_.size(); }

Verdict CommandBook::refuse(const Command& command, ErrorCode error, std::string_view text) {
  Verdict verdict{Verdict::Act::Answer, {make_fact(command, VenueEvent::NotSent, error, text)}, {}};
  Entry& entry = heard_[command.command_id];
  entry.facts = verdict.facts;
  close(command.command_id, entry);
  return verdict;
}

Verdict CommandBook::ask(const Command& command) {
  heard_.emplace(command.command_id, Entry{});
  return {Verdict::Act::Ask, {}, {}};
}

void CommandBook::close(std::uint64_t command_id, Entry& entry) {
  entry.is_closed = true;
  closed_.push_back(command_id);
  while (closed_.size() > closed_max_) {
    heard_.erase(closed_.front());
    forgotten_.insert(closed_.front());
    closed_.pop_front();
  }
  // Ids rise, so the oldest of many are below anything that may still come for the first time.
  while (forgotten_.size() > forgotten_max) {
    forgotten_below_ = *forgotten_.begin() + 1;
    forgotten_.erase(forgotten_.begin());
  }
}

}  // namespace busbar::gateway
