#pragma once
// How often IBKR lets one ask each of its endpoints, beside all requests together, as data; and when the next may go. Whoever
// goes over is shut out with everybody behind the same address. Pure: the time is handed in.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "bus/messages.hpp"

namespace busbar::ibkr {

struct PaceRule {
  std::string path;  // without query: what begins so
  std::int64_t interval_ms = 0;
  std::uint32_t most = 1;  // in the interval
};

// As published; an operator's table may say otherwise.
inline std::vector<PaceRule> published_paces() {
  return {{"/iserver/marketdata/snapshot", 1'000, 10},
          {"/iserver/account/orders", 5'000, 1},
          {"/iserver/account/trades", 5'000, 1},
          {"/portfolio/accounts", 5'000, 1},
          {"/portfolio/subaccounts", 5'000, 1},
          {"/tickle", 1'000, 1},
          {"/sso/validate", 60'000, 1},
          {"/pa/", 900'000, 1}};
}

class EndpointPace {
 public:
  explicit EndpointPace(std::vector<PaceRule> rules) {
    for (PaceRule& rule : rules) endpoints_.push_back({std::move(rule), {}});
  }

  bool is_paced(std::string_view path) const {
    return std::ranges::any_of(endpoints_, [path](const Endpoint& each) { return path.starts_with(each.rule.path); });
  }
  // When this request may go, at `now_ns` or later: it is counted then.
  Timestamp take(std::string_view path, Timestamp now_ns) {
    for (Endpoint& each : endpoints_) {
      if (!path.starts_with(each.rule.path)) continue;
      const std::int64_t interval_ns = each.rule.interval_ms * 1'000'000;
      Timestamp at = now_ns;
      if (each.taken.size() >= each.rule.most) {
        at = std::max(at, each.taken.front() + interval_ns);
        each.taken.pop_front();
      }
      each.taken.push_back(at);
      return at;
    }
    return now_ns;
  }

 private:
  struct Endpoint {
    PaceRule rule;
    std::deque<Timestamp> taken;  // the last ones
  };
  std::vector<Endpoint> endpoints_;
};

}  // namespace busbar::ibkr
