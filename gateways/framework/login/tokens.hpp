#pragma once
// What an OAuth login ends with, and how it is kept: in the vault, in an entry of their own.

#include <functional>

#include "gateways/framework/vault/store.hpp"

namespace busbar::login {

struct Tokens {
  vault::Secret access;
  vault::Secret refresh;  // good for one refresh, with most brokers; empty where there is none
  Timestamp expires_at = 0;  // 0: it has no end of its own
};

vault::Secret write(const Tokens& tokens);
Result<Tokens> parse_tokens(std::string_view text);

class TokenStore {
 public:
  TokenStore(vault::Store store, std::string entry) : store_{std::move(store)}, entry_{std::move(entry)} {}
  Result<Tokens> read() const;  // empty before the first login
  // On disk when it returns well, and only then are the ones of before gone: use them from then on.
  Result<void> keep(const Tokens& tokens);
  Result<void> forget();  // well, too, where there are none

 private:
  vault::Store store_;
  std::string entry_;
};

}  // namespace busbar::login
