#include "gateways/framework/redact.hpp"

#include <algorithm>

namespace busbar::gateway {

std::string cut_parameters(std::string_view text, std::span<const std::string> names) {
  if (names.empty()) return std::string{text};
  std::string out;
  out.reserve(text.size());
  std::size_t question = text.find('?');
  for (std::size_t at = 0;;) {
    if (question < at) question = text.find('?', at);
    const std::size_t end = std::min({text.find('&', at), question, text.size()});
    const std::string_view one = text.substr(at, end - at);
    const std::size_t value = one.find('=') + 1;  // 0: it has none
    const bool is_secret = value != 0 && std::ranges::find(names, one.substr(0, value - 1)) != names.end();
    out.append(is_secret ? one.substr(0, value) : one).append(is_secret ? cut_mark : std::string_view{});
    if (end == text.size()) return out;
    out += text[end];
    at = end + 1;
  }
}

void cut_secret(std::string& text, std::string_view secret) {
  if (secret.size() < 4) return;
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + cut_mark.size())) {
    text.replace(at, secret.size(), cut_mark);
  }
}

void cut_secret(Bytes& text, std::string_view secret) {
  const std::string_view words{reinterpret_cast<const char*>(text.data()), text.size()};
  if (secret.size() < 4 || words.find(secret) == std::string_view::npos) return;
  std::string cut{words};
  cut_secret(cut, secret);
  text.assign(cut.begin(), cut.end());
}

void cut_json_member(std::string& text, std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string::npos && !name.empty(); at = text.find(name, at)) {
    const bool is_whole = at != 0 && text[at - 1] == '"' && text.size() > at + name.size() && text[at + name.size()] == '"';
    at += name.size() + (is_whole ? 1 : 0);
    std::size_t value = is_whole ? text.find_first_not_of(" \t\r\n", at) : std::string::npos;
    if (value == std::string::npos || text[value] != ':') continue;
    value = text.find_first_not_of(" \t\r\n", value + 1);
    if (value == std::string::npos || text[value] != '"') continue;
    std::size_t end = ++value;
    while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
    text.replace(value, std::min(end, text.size()) - value, cut_mark);
    at = value;
  }
}

}  // namespace busbar::gateway
