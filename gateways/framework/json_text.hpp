#pragma once
// A JSON object that is written as it is known, with no tree before it: of texts, numbers, flags and objects. Members stand in the
// order in which they were added; nobody adds one twice.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace busbar::gateway {

class JsonText {
 public:
  JsonText& add(std::string_view name, std::string_view value) {
    begin(name);
    quote(value);
    return *this;
  }
  JsonText& add_number(std::string_view name, std::int64_t value) { return add_raw(name, std::to_string(value)); }
  JsonText& add_flag(std::string_view name, bool value) { return add_raw(name, value ? "true" : "false"); }
  JsonText& add_object(std::string_view name, const JsonText& value) { return add_raw(name, value.text()); }

  std::string text() const { return text_ + "}"; }

 private:
  JsonText& add_raw(std::string_view name, std::string_view value) {
    begin(name);
    text_.append(value);
    return *this;
  }
  void begin(std::string_view name) {
    if (text_.size() > 1) text_ += ',';
    quote(name);
    text_ += ':';
  }
  void quote(std::string_view value) {
    const auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
    if (std::ranges::all_of(value, is_plain)) {
      text_ += '"';
      text_.append(value) += '"';
    } else {
      text_ += boost::json::serialize(boost::json::string_view{value.data(), value.size()});
    }
  }

  std::string text_ = "{";
};

}  // namespace busbar::gateway
