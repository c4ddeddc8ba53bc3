#include "gateways/framework/redact.hpp"

#include <algorithm>

namespace busbar::gateway {

std::string cut_parameters(std::string_view text, std::span<const std::string> names) {
  std::string out{text};
  for (const std::string& name : names) {
    for (std::size_t at = out.find(name); at != std::string::npos && !name.empty(); at = out.find(name, at)) {
      const bool is_first = at == 0 || out[at - 1] == '?' || out[at - 1] == '&';
      at += name.size();
      if (!is_first || at == out.size() || out[at] != '=') continue;
      const std::size_t end = std::min(out.find_first_of("?&", ++at), out.size());
      out.replace(at, end - at, cut_mark);
      at += cut_mark.size();
    }
  }
  return out;
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
  const std::string quoted = '"' + std::string{name} + '"';
  for (std::size_t at = text.find(quoted); at != std::string::npos; at = text.find(quoted, at)) {
    at += quoted.size();
    std::size_t value = text.find_first_not_of(" \t\r\n", at);
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
