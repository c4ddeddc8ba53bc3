#pragma once
// What IBKR's program on this host wants to be told again: it keeps its sessions in cookies. Pure.

#include <map>
#include <string>
#include <string_view>

namespace busbar::ibkr {

class Cookies {
 public:
  // The value of a Set-Cookie header. An empty value, or an age of zero, ends it.
  void take(std::string_view set_cookie) {
    const std::string_view pair = set_cookie.substr(0, set_cookie.find(';'));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0 || set_cookie.size() > size_max) return;
    const std::string_view value = pair.substr(equals + 1);
    const bool is_printable = pair.find_first_of("\r\n") == std::string_view::npos;
    const bool is_over = value.empty() || set_cookie.find("Max-Age=0") != std::string_view::npos;
    std::string name{pair.substr(0, equals)};
    if (is_over) {
      values_.erase(name);
    } else if (is_printable && (values_.contains(name) || values_.size() < most)) {
      values_.insert_or_assign(std::move(name), std::string{value});
    }
  }
  // name=value; name=value
  std::string header() const {
    std::string text;
    for (const auto& [name, value] : values_) text.append(text.empty() ? "" : "; ").append(name).append("=").append(value);
    return text;
  }

 private:
  static constexpr std::size_t size_max = 4'096;
  static constexpr std::size_t most = 32;
  std::map<std::string, std::string> values_;
};

}  // namespace busbar::ibkr
