#include "gateways/framework/login/redirect.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace busbar::login {

namespace {

constexpr std::size_t target_size_max = 8u << 10;

Error refuse(std::string text) { return {ErrorCode::AuthenticationFailed, std::move(text)}; }

std::optional<unsigned> hex_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

// As forms are encoded, a plus for a space.
std::optional<std::string> decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const bool is_whole = text.size() - i > 2;
    const auto high = is_whole ? hex_value(text[i + 1]) : std::nullopt;
    const auto low = is_whole ? hex_value(text[i + 2]) : std::nullopt;
    if (!high || !low) return std::nullopt;
    out += static_cast<char>(*high << 4 | *low);
    i += 2;
  }
  return out;
}

using Query = std::map<std::string, std::string, std::less<>>;

Result<Query> parse_query(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = decode(pair.substr(0, equals));
    const auto value = decode(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) return refuse("the redirect's query is not percent-encoded as it should be");
    if (!query.emplace(*name, *value).second) return refuse("the redirect says \"" + to_words(*name) + "\" twice");
  }
  return query;
}

}  // namespace

Result<vault::Secret> code_of(std::string_view target, const Expected& expected) {
  if (target.size() > target_size_max) return refuse("the redirect is longer than 8 KiB");
  const std::string_view path = target.substr(0, target.find('?'));
  if (path != expected.path) return refuse("the redirect goes to another page than " + expected.path);
  const auto query = parse_query(target.substr(std::min(path.size() + 1, target.size())));
  if (!query) return query.error();
  const auto value_of = [&](std::string_view name) {
    const auto found = query->find(name);
    return found == query->end() ? std::string_view{} : std::string_view{found->second};
  };
  // First the state: who does not know it may not even end our login with an error. OAuth 1.0a has the request token in its
  // place, which is of this login alone as well, and a verifier for a code.
  const auto state = query->contains("state") ? value_of("state") : value_of("oauth_token");
  if (expected.state.is_empty() || !vault::is_equal(vault::bytes_of(state), expected.state.bytes())) {
    return refuse("the redirect is not the answer to this login: its state is another one");
  }
  if (const auto error = value_of("error"); !error.empty()) {
    const auto description = value_of("error_description");
    return Error{ErrorCode::PermissionDenied,
                 "the broker says " + to_words(error) + (description.empty() ? "" : ": " + to_words(description))};
  }
  const auto code = query->contains("code") ? value_of("code") : value_of("oauth_verifier");
  if (code.empty()) return refuse("the redirect brings no code");
  return vault::Secret{code};
}

Result<vault::Secret> code_of_pasted(std::string_view address, const Expected& expected) {
  const std::size_t scheme = address.find("://");
  const std::size_t path = scheme == std::string_view::npos ? scheme : address.find('/', scheme + 3);
  if (path == std::string_view::npos) {
    return refuse("this is no address: http://127.0.0.1:…" + expected.path + "?code=…");
  }
  const std::string_view target = address.substr(path);
  return code_of(target.substr(0, target.find('#')), expected);
}

std::string parameter_of(std::string_view url, std::string_view name) {
  const auto query = parse_query(url.substr(std::min(url.find('?'), url.size() - 1) + 1));
  const auto found = query ? query->find(name) : Query::const_iterator{};
  return query && found != query->end() ? found->second : std::string{};
}

}  // namespace busbar::login
