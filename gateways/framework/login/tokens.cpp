#include "gateways/framework/login/tokens.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "bus/clock.hpp"

namespace busbar::login {

namespace {

constexpr std::string_view magic = "tokens 1";

Error refuse(std::string text) { return {ErrorCode::InvalidMessage, std::move(text)}; }

std::string_view cut_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  return line;
}

}  // namespace

// Four lines: what this is, when they expire, the access token, the refresh token.
vault::Secret write(const Tokens& tokens) {
  const std::string expires_at = std::to_string(tokens.expires_at);
  const std::array<std::string_view, 7> parts{magic, "\n", expires_at, "\n", tokens.access.reveal(), "\n",
                                              tokens.refresh.reveal()};
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  auto text = vault::Secret::of_size(size);
  auto end = text.bytes().begin();
  for (const std::string_view part : parts) end = std::copy(part.begin(), part.end(), end);
  return text;
}

Result<Tokens> parse_tokens(std::string_view text) {
  if (cut_line(text) != magic) return refuse("these are no tokens");
  Tokens tokens;
  const std::string_view time = cut_line(text);
  const auto [end, error] = std::from_chars(time.data(), time.data() + time.size(), tokens.expires_at);
  if (error != std::errc{} || end != time.data() + time.size()) return refuse("the tokens have no time to expire");
  tokens.access = vault::Secret{cut_line(text)};
  tokens.refresh = vault::Secret{cut_line(text)};
  if (tokens.access.is_empty() || !text.empty()) return refuse("the tokens are not two lines");
  return tokens;
}

Result<Tokens> TokenStore::read() const {
  const auto vault = store_.read();
  if (!vault) return vault.error();
  if (!vault->has(entry_)) return Tokens{};
  const auto text = vault->get(entry_);
  if (!text) return text.error();
  return parse_tokens(text->reveal());
}

Result<void> TokenStore::keep(const Tokens& tokens) {
  for (const vault::Secret* token : {&tokens.access, &tokens.refresh}) {
    if (token->reveal().find('\n') != std::string_view::npos) return refuse("a token of more than one line");
  }
  if (tokens.access.is_empty()) return refuse("no access token");
  return store_.change([&](vault::Vault& vault) { return vault.set(entry_, write(tokens), wall_now_ns()); });
}

Result<void> TokenStore::forget() {
  return store_.change([&](vault::Vault& vault) -> Result<void> {
    vault.remove(entry_);
    return {};
  });
}

}  // namespace busbar::login
