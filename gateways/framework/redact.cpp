#include "gateways/framework/redact.hpp"

#include <algorithm>

namespace busbar::gateway {

std::string cut_parameters(std::string_view text, std::initializer_list<std::string_view> names) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of("?&"), text.size());
    const std::string_view part = text.substr(0, end);
    const std::size_t equals = part.find('=');
    const bool has_value = equals != std::string_view::npos;
    if (has_value && std::find(names.begin(), names.end(), part.substr(0, equals)) != names.end()) {
      out.append(part.substr(0, equals + 1)).append(cut_mark);
    } else {
      out.append(part);
    }
    if (end < text.size()) out.push_back(text[end]);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

void cut_secret(std::string& text, std::string_view secret) {
  if (secret.size() < 4) return;
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + cut_mark.size())) {
    text.replace(at, secret.size(), cut_mark);
  }
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
