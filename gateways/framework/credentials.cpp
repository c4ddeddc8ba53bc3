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
    Secret* const member = name == "api_key"         ? &credentials.api_key
                           : name == "secret"        ? &credentials.secret
                           : name == "passphrase"    ? &credentials.passphrase
                           : name == "client_id"     ? &credentials.client_id
                           : name == "client_secret" ? &credentials.client_secret
                                                     : nullptr;
    // A name that is not known is not told: a private key's own lines end in "=", and may stand here by mistake.
    if (member == nullptr && name != "secret_file") {
      return refuse("only api_key, secret, secret_file, passphrase, client_id and client_secret are known here");
    }
    if (value.empty()) return refuse(std::string{name} + " is empty");
    if (member == nullptr) {
      if (folder.empty()) {
        return refuse("secret_file names a file, and there is none beside this: put the key here, as `secret`");
      }
      auto secret = vault::read_private_file(folder / value, file_size_max, vault::Owner::UsOrRoot);
      if (!secret) return secret.error();
      credentials.secret = std::move(*secret);
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
  const auto is_missing = [](const char* name) {
    return Error{ErrorCode::InvalidMessage, std::string{name} + " is missing"};
  };
  const bool has_key = !credentials.api_key.is_empty() || !credentials.secret.is_empty();
  if (!has_key && !credentials.client_secret.is_empty() && !credentials.is_login()) return is_missing("client_id");
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
  if (!named.starts_with(prefix)) {
    auto credentials = load_credentials(named);
    if (!credentials.is_login()) return credentials;
    throw std::runtime_error{named + ": what a login brings is kept in the vault, and so is client_id: \"vault:NAME\""};
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
  if (credentials->is_login()) {
    credentials->kept_in = place_;
    credentials->tokens = entry + ".tokens";
  }
  return std::move(*credentials);
}

}  // namespace busbar::gateway
