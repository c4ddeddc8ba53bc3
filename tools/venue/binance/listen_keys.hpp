#pragma once
// The older way to an account's events: a key that names a stream, good for an hour at a time. Pure: the time is handed
// in, chance comes from a seed.

#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tools/venue/engine.hpp"

namespace busbar::venue::binance {

class ListenKeys {
 public:
  explicit ListenKeys(std::uint64_t seed) : random_{seed} {}

  std::string open(AccountId account, TimeUs now);  // the one it has already, for another hour, or a new one
  bool extend(AccountId account, const std::string& key, TimeUs now);
  bool close(AccountId account, const std::string& key, TimeUs now);
  std::optional<AccountId> account_of(const std::string& key, TimeUs now) const;
  void expire(std::optional<AccountId> account);  // its key, or everybody's
  std::vector<std::string> take_expired(TimeUs now);

 private:
  struct Entry {
    AccountId account = 0;
    TimeUs ends = 0;
  };
  std::map<std::string, Entry> entries_;
  std::mt19937_64 random_;
};

}  // namespace busbar::venue::binance
