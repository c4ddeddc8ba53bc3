#pragma once
// A JSON object that is written as it is known, with no tree before it: of texts, numbers, flags and objects. Members stand in the
// order in which they were added; nobody adds one twice. Their names are ours, and have nothing in them that must be escaped.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json.hpp>

#include "gateways/framework/append_all.hpp"
#include "gateways/framework/hot_json.hpp"

namespace busbar::gateway {

class JsonText {
 public:
  JsonText() {
    text_.reserve(512);  // an order's, or a token's
    text_ = "{";
  }
  JsonText& add(std::string_view name, std::string_view value) {
    begin(name);
    quote(value);
    return *this;
  }
  JsonText& add_number(std::string_view name, std::int64_t value) { return add_raw(name, std::to_string(value)); }
  JsonText& add_flag(std::string_view name, bool value) { return add_raw(name, value ? "true" : "false"); }
  // An object in this one: what is added stands in it until it is closed.
  JsonText& open(std::string_view name) { return add_raw(name, "{"); }
  JsonText& close() {
    text_ += '}';
    return *this;
  }

  // The whole of it, and nothing is left.
  std::string take() { return std::move(close().text_); }

 private:
  JsonText& add_raw(std::string_view name, std::string_view value) {
    begin(name);
    text_.append(value);
    return *this;
  }
  void begin(std::string_view name) {
    if (text_.back() != '{') text_ += ',';
    append_all(text_, "\"", name, "\":");
  }
  void quote(std::string_view value) {
    if (hot::is_plain(value)) {
      append_all(text_, "\"", value, "\"");
    } else {
      text_ += boost::json::serialize(boost::json::string_view{value.data(), value.size()});
    }
  }

  std::string text_;
};

}  // namespace busbar::gateway
