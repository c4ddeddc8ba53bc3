#include "gateways/framework/redact.hpp"

#include <algorithm>

namespace busbar::gateway {

namespace {

std::string_view words_of(const Bytes& text) { return {reinterpret_cast<const char*>(text.data()), text.size()}; }

void append(std::string& out, std::string_view text) { out.append(text); }
void append(Bytes& out, std::string_view text) {  // as bytes, which are copied at once
  const auto* const begin = reinterpret_cast<const std::uint8_t*>(text.data());
  out.insert(out.end(), begin, begin + text.size());
}

bool is_separator(char c) { return c == '&' || c == '?'; }

// Most texts have few of these parameters or none, so a name is looked for, and whether it is one is seen where it stands.
template <class Out>
void append_cut_parameters(Out& out, std::string_view text, std::span<const std::string_view> names) {
  std::size_t copied = 0;
  for (std::size_t at = text.find('='); at != text.npos; at = text.find('=', at + 1)) {
    for (const std::string_view name : names) {
      const bool begins = at == name.size() || (at > name.size() && is_separator(text[at - name.size() - 1]));
      const bool is_here = begins && text.substr(at - name.size(), name.size()) == name;
      if (!is_here) continue;
      append(out, text.substr(copied, at + 1 - copied));
      append(out, cut_mark);
      at = copied = std::min({text.find('&', at), text.find('?', at), text.size()});
      break;
    }
  }
  append(out, text.substr(copied));
}

}  // namespace

std::string cut_parameters(std::string_view text, std::span<const std::string_view> names) {
  std::string out;
  out.reserve(text.size());
  append_cut_parameters(out, text, names);
  return out;
}

void append_cut(Bytes& out, std::string_view text, std::span<const std::string_view> names) {
  out.reserve(out.size() + text.size());
  append_cut_parameters(out, text, names);
}

void cut_secret(std::string& text, std::string_view secret) {
  if (secret.size() < 4) return;
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + cut_mark.size())) {
    text.replace(at, secret.size(), cut_mark);
  }
}

void cut_secret(Bytes& text, std::string_view secret) {
  const std::string_view words = words_of(text);
  if (secret.size() < 4 || words.find(secret) == words.npos) return;
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

void cut_json_member(Bytes& text, std::string_view name) {
  const std::string_view words = words_of(text);
  if (words.find(name) == words.npos) return;
  std::string cut{words};
  cut_json_member(cut, name);
  text.assign(cut.begin(), cut.end());
}

}  // namespace busbar::gateway
