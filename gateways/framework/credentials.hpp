#pragma once
// What proves to a broker who we are: a key, or the client of a login. Read from the vault, or from a file that only its
// owner may read; never shown, wiped after use.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "bus/result.hpp"
#include "gateways/framework/vault/store.hpp"

namespace busbar::gateway {

using vault::Secret;

struct Credentials {
  Secret api_key;
  Secret secret;
  Secret passphrase;  // opens `secret` where that is an encrypted key

  // In place of a key: who we are to a broker whose accounts are reached by a person's login (OAuth 2.0), and where the
  // tokens of that login are kept.
  Secret client_id;
  Secret client_secret;
  std::optional<vault::Place> kept_in;
  std::string tokens;  // the entry
  bool is_login() const { return !client_id.is_empty(); }

  // In place of a key as well: OAuth 1.0a, whose tokens are good for long and whose requests are signed.
  struct Consumer {
    Secret key;
    Secret access_token;         // with its secret, or neither where a login has yet to bring them
    Secret access_token_secret;  // as it was given out: encrypted for us, base64
    Secret signature_key;        // RSA, PEM
    Secret encryption_key;       // RSA, PEM
    Secret dh_prime;             // hex
  };
  Consumer consumer;
  bool is_consumer() const { return !consumer.key.is_empty(); }
  // Nothing at all: the broker is reached by a program on this host that has logged in.
  bool is_none() const { return api_key.is_empty() && secret.is_empty() && !is_login() && !is_consumer(); }
};

// Lines `api_key = ...` and `secret = ...`, both required, and `passphrase = ...`; or `client_id = ...`, and `client_secret =
// ...` where the broker gives one out; or `consumer_key`, `signature_key`, `encryption_key`, `dh_prime`, and `access_token` with
// `access_token_secret`. # starts a comment. A value that begins with "-----BEGIN " goes on to the line that begins
// with "-----END ". In a file a key of many lines may also be named by `secret_file = ...` (or `signature_key_file`, `encryption_key_file`), a path beside it; elsewhere `folder`
// is empty and none can be. A refusal names the line, no value.
Result<Credentials> parse_credentials(std::string_view text, const std::filesystem::path& folder);

// The same in a file: a regular one, of ours or of root, with mode 0400 or 0600; in the folder of systemd's credentials also
// 0440, which is how they come. Throws std::runtime_error naming file and line.
Credentials load_credentials(const std::filesystem::path& file);

// What accounts name as their `credentials`: "vault:NAME", or a file's path. The vault is opened once, when it is first
// named, and gone with this.
class CredentialsSource {
 public:
  explicit CredentialsSource(vault::Place place) : place_{std::move(place)} {}
  Credentials load(const std::string& named);  // throws std::runtime_error

 private:
  vault::Place place_;
  std::optional<vault::Vault> vault_;
};

}  // namespace busbar::gateway
