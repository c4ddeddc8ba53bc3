#pragma once
// Orders whose fate is unknown, and when to ask for them again. Pure: it is told the time and what the broker said.
// Nothing but the broker's evidence ends the asking: found, or not found often enough after its bound. "Could not ask"
// counts for nothing.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "gateways/framework/facts.hpp"

namespace busbar::gateway {

// The slice of the rate limits that a gateway keeps for its own questions, so that no flood of orders starves them.
class TokenBucket {
 public:
  TokenBucket(double per_second, double most) : per_second_{per_second}, most_{most}, tokens_{most} {}
  bool take(Timestamp now);
  Timestamp next(Timestamp now) const;  // when there will be one

 private:
  void fill(Timestamp now);
  double per_second_;
  double most_;
  double tokens_;
  Timestamp filled_at_ = 0;
};

class InDoubt {
 public:
  explicit InDoubt(AbsenceRule rule) : rule_{rule} {}

  // request_time_ns: the signed time stamp of the lost request in the broker's clock; when unknown, the command's
  // expiry. false: that order is being asked for already, and its answer is this one's too.
  [[nodiscard]] bool add(CommandKind kind, const Command& command, Timestamp request_time_ns, Timestamp now);
  // The command that has waited longest beyond its time. It is being asked for until on_answer().
  std::optional<Command> take_due(Timestamp now);
  std::optional<Timestamp> next_due() const;

  struct Answer {
    Facts facts;  // to be reported
    bool is_settled = false;
  };
  // asked_at: the broker's time when the question left, for what it answers was true then or later.
  Answer on_answer(std::uint64_t command_id, Result<Facts> answer, Timestamp asked_at, Timestamp now);

  // Something was heard of an order meanwhile, from a stream or a list. The commands that it settles, which are asked for no more.
  std::vector<std::uint64_t> on_news(const VenueReport& news);

  // Before then, by the broker's clock, the order did not exist; 0: that is not known.
  Timestamp birth_of(const Id& venue_order_id) const;

  std::size_t size() const { return doubts_.size(); }
  bool contains(std::uint64_t command_id) const { return doubts_.contains(command_id); }

 private:
  struct Doubt {
    CommandKind kind;
    Command command;
    Timestamp request_time_ns;
    unsigned asked = 0;
    unsigned conclusive = 0;  // looks after the bound that found nothing, or found a cancel without effect
    Timestamp conclusive_at = 0;  // what the last of them was true of: one list is one look, however often it is asked
    Timestamp next = 0;
    bool is_running = false;
  };
  bool is_beyond_bound(const Doubt& doubt, Timestamp asked_at) const;
  void put_off(Doubt& doubt, Timestamp asked_at, Timestamp now) const;

  AbsenceRule rule_;
  std::map<std::uint64_t, Doubt> doubts_;
};

}  // namespace busbar::gateway
