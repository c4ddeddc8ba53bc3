#include "tools/venue/binance/listen_keys.hpp"

#include <string_view>

namespace busbar::venue::binance {
namespace {
constexpr TimeUs hour = 3'600'000'000;
}

std::string ListenKeys::open(AccountId account, TimeUs now) {
  for (auto& [key, entry] : entries_) {
    if (entry.account != account || now >= entry.ends) continue;
    entry.ends = now + hour;
    return key;
  }
  constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string key;
  while (key.size() < 64) key += alphabet[random_() % alphabet.size()];
  entries_[key] = {account, now + hour};
  return key;
}

bool ListenKeys::extend(AccountId account, const std::string& key, TimeUs now) {
  if (account_of(key, now) != account) return false;
  entries_[key].ends = now + hour;
  return true;
}

bool ListenKeys::close(AccountId account, const std::string& key, TimeUs now) {
  return account_of(key, now) == account && entries_.erase(key) != 0;
}

std::optional<AccountId> ListenKeys::account_of(const std::string& key, TimeUs now) const {
  const auto found = entries_.find(key);
  if (found == entries_.end() || now >= found->second.ends) return std::nullopt;
  return found->second.account;
}

void ListenKeys::expire(std::optional<AccountId> account) {
  for (auto& [unused, entry] : entries_) {
    if (!account || entry.account == *account) entry.ends = 0;
  }
}

std::vector<std::string> ListenKeys::take_expired(TimeUs now) {
  std::vector<std::string> expired;
  for (const auto& [key, entry] : entries_) {
    if (now >= entry.ends) expired.push_back(key);
  }
  for (const std::string& key : expired) entries_.erase(key);
  return expired;
}

}  // namespace busbar::venue::binance
