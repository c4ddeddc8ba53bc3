#include "gateways/framework/credentials.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "gateways/framework/vault/private_file.hpp"

namespace busbar::gateway {

namespace {

constexpr std::size_t file_size_max = 64u << 10;

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string_view cut_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

// By its name in a file. Where a key of many lines stands, a file may be named in its place: NAME_file.
Secret* member_of(Credentials& credentials, std::string_view name) {
  Credentials::Consumer& consumer = credentials.consumer;
  const std::pair<std::string_view, Secret*> members[] = {
      {"api_key", &credentials.api_key},
      {"secret", &credentials.secret},
      {"passphrase", &credentials.passphrase},
      {"client_id", &credentials.client_id},
      {"client_secret", &credentials.client_secret},
      {"consumer_key", &consumer.key},
      {"access_token", &consumer.access_token},
      {"access_token_secret", &consumer.access_token_secret},
      {"signature_key", &consumer.signature_key},
      {"encryption_key", &consumer.encryption_key},
      {"dh_prime", &consumer.dh_prime},
  };
  const auto found = std::ranges::find(members, name, &std::pair<std::string_view, Secret*>::first);
  return found == std::end(members) ? nullptr : found->second;
}

std::string_view named_by_file(std::string_view name) {
  for (const std::string_view key : {"secret", "signature_key", "encryption_key"}) {
    if (name.starts_with(key) && name.substr(key.size()) == "_file") return key;
  }
  return {};
}

Error is_missing(std::string_view name) {
  return {ErrorCode::InvalidMessage, std::string{name} + " is missing"};
}

std::optional<Error> incomplete(const Credentials::Consumer& consumer) {
  if (consumer.signature_key.is_empty()) return is_missing("signature_key");
  if (consumer.encryption_key.is_empty()) return is_missing("encryption_key");
  if (consumer.dh_prime.is_empty()) return is_missing("dh_prime");
  if (consumer.access_token.is_empty() == consumer.access_token_secret.is_empty()) return std::nullopt;
  return is_missing(consumer.access_token.is_empty() ? "access_token" : "access_token_secret");
}

}  // namespace

Result<Credentials> parse_credentials(std::string_view text, const std::filesystem::path& folder) {
  Credentials credentials;
  int line = 0;
  const auto refuse = [&](const std::string& reason) {
    return Error{ErrorCode::InvalidMessage, "line " + std::to_string(line) + ": " + reason};
  };
  for (std::string_view rest = text; !rest.empty();) {
    ++line;
    const std::string_view entry = trim(cut_line(rest));
    if (entry.empty() || entry.front() == '#') continue;
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) return refuse("expected `name = value`");
    const std::string_view name = trim(entry.substr(0, equals));
    std::string_view value = trim(entry.substr(equals + 1));
    Secret* member = member_of(credentials, name);
    const std::string_view by_file = named_by_file(name);
    // A name that is not known is not told: a private key's own lines end in "=", and may stand here by mistake.
    if (member == nullptr && by_file.empty()) {
      return refuse(
          "only api_key, secret, secret_file, passphrase, client_id and client_secret are known here; and of OAuth 1.0a "
          "consumer_key, access_token, access_token_secret, signature_key, encryption_key, each of both with _file, and "
          "dh_prime");
    }
    if (value.empty()) return refuse(std::string{name} + " is empty");
    if (member == nullptr) {
      if (folder.empty()) {
        return refuse(std::string{name} + " names a file, and there is none beside this: put the key here, as `" +
                      std::string{by_file} + "`");
      }
      auto secret = vault::read_private_file(folder / value, file_size_max, vault::Owner::UsOrRoot);
      if (!secret) return secret.error();
      *member_of(credentials, by_file) = std::move(*secret);
      continue;
    }
    // With \n for its line breaks a PEM stands on one line: whoever reads the key knows that.
    const bool is_whole = value.find("-----END ") != std::string_view::npos;
    if (value.starts_with("-----BEGIN ") && !is_whole) {
      const int begin = line;
      std::string_view last;
      while (!last.starts_with("-----END ")) {
        if (rest.empty()) {
          line = begin;
          return refuse(std::string{name} + " begins with -----BEGIN and has no line -----END");
        }
        last = trim(cut_line(rest));
        ++line;
      }
      const char* const end = rest.empty() ? text.data() + text.size() : rest.data();
      value = {value.data(), static_cast<std::size_t>(end - value.data())};
    }
    *member = Secret{value};
  }
  const bool has_key = !credentials.api_key.is_empty() || !credentials.secret.is_empty();
  if (!has_key && !credentials.client_secret.is_empty() && !credentials.is_login()) return is_missing("client_id");
  if (credentials.is_consumer()) {
    if (has_key || credentials.is_login()) {
      return Error{ErrorCode::InvalidMessage, "either a key, api_key and secret, or a consumer, consumer_key"};
    }
    if (auto missing = incomplete(credentials.consumer)) return *std::move(missing);
    return credentials;
  }
  if (credentials.is_login()) {
    if (!has_key) return credentials;
    return Error{ErrorCode::InvalidMessage, "either a key, api_key and secret, or a login's client, client_id"};
  }
  if (credentials.api_key.is_empty()) return is_missing("api_key");
  if (credentials.secret.is_empty()) return is_missing("secret");
  return credentials;
}

Credentials load_credentials(const std::filesystem::path& path) {
  const auto text = vault::read_private_file(path, file_size_max, vault::Owner::UsOrRoot);
  if (!text) throw std::runtime_error{text.error().text};
  auto credentials = parse_credentials(text->reveal(), path.parent_path());
  if (!credentials) throw std::runtime_error{path.string() + ": " + credentials.error().text};
  return std::move(*credentials);
}

Credentials CredentialsSource::load(const std::string& named) {
  constexpr std::string_view prefix = "vault:";
  if (named == "none") return {};
  if (!named.starts_with(prefix)) {
    auto credentials = load_credentials(named);
    const bool has_to_log_in = credentials.is_consumer() && credentials.consumer.access_token.is_empty();
    if (!credentials.is_login() && !has_to_log_in) return credentials;
    throw std::runtime_error{named + ": what a login brings is kept in the vault, and so is the client: \"vault:NAME\""};
  }
  if (!vault_) {
    auto opened = vault::Store{place_}.read();
    if (!opened) throw std::runtime_error{opened.error().text};
    vault_ = std::move(*opened);
  }
  const std::string entry = named.substr(prefix.size());
  const auto refuse = [&](const Error& error) {
    return std::runtime_error{place_.file.string() + ": entry \"" + entry + "\": " + error.text};
  };
  const auto secret = vault_->get(entry);
  if (!secret) throw refuse(secret.error());
  auto credentials = parse_credentials(secret->reveal(), {});
  if (!credentials) throw refuse(credentials.error());
  if (credentials->is_login() || credentials->is_consumer()) {
    credentials->kept_in = place_;
    credentials->tokens = entry + ".tokens";
  }
  return std::move(*credentials);
}

}  // namespace busbar::gateway
