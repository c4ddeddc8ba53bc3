#pragma once
// Tokens made before they are wanted, for what an order waits for: signing one takes longer than all else about a request. Each
// is good for one request, as one that is made for it: it is given out once. It may be somewhat older, and so it ends earlier,
// never later, than one that is made when it is sent.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/crypto.h>

#include "bus/messages.hpp"

namespace busbar::coinbase {

// Where orders, cancels and edits are POSTed to, and how many of each may come at once. Cancels that do leave in one request.
struct PathAhead {
  std::string_view path;
  std::size_t tokens;
};
inline constexpr std::array<PathAhead, 3> paths_ahead{{{"/api/v3/brokerage/orders", 4},
                                                       {"/api/v3/brokerage/orders/batch_cancel", 1},
                                                       {"/api/v3/brokerage/orders/edit", 1}}};

class TokensAhead {
 public:
  // One moment by both clocks: Coinbase's, as far as we know it, and CLOCK_BOOTTIME.
  struct Moment {
    Timestamp broker_ns = 0;
    Timestamp boottime_ns = 0;
  };

  explicit TokensAhead(std::int64_t life_s) : age_max_ns_{std::min(life_s * s_ns / 4, age_most_ns)} {}
  TokensAhead(TokensAhead&&) = default;
  TokensAhead& operator=(TokensAhead&&) = delete;
  ~TokensAhead() { drop(); }

  // Where hardly any are left, or they will soon be too old, they are made. `sign` gives what stands for a path.
  template <class Sign>
  void make(Moment now, Sign sign) {
    for (std::size_t i = 0; i < paths_ahead.size(); ++i) {
      const auto& [path, most] = paths_ahead[i];
      std::vector<Made>& made = made_[i];
      while (!made.empty() && !is_good(made.front(), now, age_max_ns_ / 2)) wipe_first(made);
      if (made.size() > most / 4) continue;
      while (made.size() < most) made.push_back({sign(path), now});
    }
  }

  // The oldest. Nothing: there is none that is not too old, or what we hold for Coinbase's clock has moved since.
  std::string take(std::string_view path, Moment now) {
    const auto found = std::ranges::find(paths_ahead, path, &PathAhead::path);
    if (found == paths_ahead.end()) return {};
    std::vector<Made>& made = made_[static_cast<std::size_t>(found - paths_ahead.begin())];
    while (!made.empty() && !is_good(made.front(), now, age_max_ns_)) wipe_first(made);
    if (made.empty()) return {};
    std::string text = std::move(made.front().text);
    made.erase(made.begin());
    return text;
  }

  void drop() {
    for (std::vector<Made>& made : made_) {
      while (!made.empty()) wipe_first(made);
    }
  }

 private:
  static constexpr std::int64_t s_ns = 1'000'000'000;
  static constexpr std::int64_t age_most_ns = 30 * s_ns;
  static constexpr std::int64_t moved_max_ns = s_ns / 10;  // its times are whole seconds

  struct Made {
    std::string text;
    Moment at;
  };

  static bool is_good(const Made& made, Moment now, std::int64_t age_max_ns) {
    const std::int64_t age_ns = now.boottime_ns - made.at.boottime_ns;
    const std::int64_t moved_ns = now.broker_ns - made.at.broker_ns - age_ns;
    return age_ns >= 0 && age_ns <= age_max_ns && std::abs(moved_ns) <= moved_max_ns;
  }
  static void wipe_first(std::vector<Made>& made) {
    OPENSSL_cleanse(made.front().text.data(), made.front().text.size());
    made.erase(made.begin());
  }

  std::int64_t age_max_ns_;
  std::array<std::vector<Made>, paths_ahead.size()> made_;  // of each path, the oldest first
};

}  // namespace busbar::coinbase
