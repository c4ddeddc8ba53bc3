#pragma once
// Resend means ask: which command is acted on, which is only asked about, which is answered from memory. Pure. The one
// promise: place and replace reach the adapter at most once per (order, leg) over all lives of a gateway, and never for
// a possible resend.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "gateways/framework/facts.hpp"

namespace busbar::gateway {

// What is so at the moment a command arrives.
struct Circumstances {
  std::optional<Timestamp> router_now;     // unknown: nothing that expires is started
  bool is_environment_right = true;
  bool is_account_ours = true;
  std::optional<std::uint32_t> account_epoch;  // as the router's welcome has it
  std::optional<Error> no_new_orders;      // why place and replace are refused now; cancels pass
  std::function<std::optional<Error>()> ask_account;  // the same, asked only for an order that would go otherwise
};

struct Verdict {
  enum class Act {
    Do,      // once, now, and never again
    Ask,     // where does the order stand? never act
    Answer,  // these facts are all there is to say
    Wait,    // it is being done or asked already, and will be answered
  };
  Act act = Act::Wait;
  Facts facts;
  std::string alarm;  // for the log, where something came that never should
};

class CommandBook {
 public:
  explicit CommandBook(std::uint64_t incarnation, std::size_t closed_max = 10'000, std::size_t legs_max = 1'000'000)
      : incarnation_{incarnation}, closed_max_{closed_max}, legs_max_{legs_max} {}

  Verdict judge(CommandKind kind, const Command& command, const Circumstances& circumstances);
  // What was done or found out about a command. `is_closed`: nothing more will follow.
  void on_facts(std::uint64_t command_id, const Facts& facts, bool is_closed);
  std::size_t open() const;

 private:
  struct Entry {
    Facts facts;
    bool is_closed = false;
  };
  Verdict refuse(const Command& command, ErrorCode error, std::string_view text);
  Verdict ask(const Command& command);
  void close(std::uint64_t command_id, Entry& entry);

  std::uint64_t incarnation_;
  std::size_t closed_max_;
  std::size_t legs_max_;
  std::map<std::uint64_t, Entry> heard_;
  std::deque<std::uint64_t> closed_;       // oldest first; what falls out is only known to have been heard
  std::set<std::uint64_t> forgotten_;      // heard, closed, facts let go
  std::uint64_t forgotten_below_ = 0;      // and so is everything below
  std::set<std::pair<std::uint64_t, std::uint32_t>> legs_;  // acted on
  std::deque<std::pair<std::uint64_t, std::uint32_t>> legs_by_age_;
};

}  // namespace busbar::gateway
