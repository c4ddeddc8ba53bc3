#include "gateways/framework/exact_json.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

namespace busbar::reading {

namespace {

namespace json = boost::json;
using json::error_code;
using json::string_view;

// What the library's own parser does, but for numbers that are not whole.
struct Handler {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  json::value_stack stack;
  std::span<const std::string_view> texts;
  std::string name;          // of the member that is read
  std::string name_in_part;  // one with escapes comes in parts

  explicit Handler(std::span<const std::string_view> texts_due) : texts{texts_due} { stack.reset(); }
  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t size, error_code&) { return stack.push_object(size), true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t size, error_code&) { return stack.push_array(size), true; }
  bool on_key_part(string_view text, std::size_t, error_code&) {
    name_in_part.append(text);
    stack.push_chars(text);
    return true;
  }
  bool on_key(string_view text, std::size_t, error_code&) {
    name = std::exchange(name_in_part, {}).append(text);
    stack.push_key(text);
    return true;
  }
  bool on_string_part(string_view text, std::size_t, error_code&) { return stack.push_chars(text), true; }
  bool on_string(string_view text, std::size_t, error_code&) { return stack.push_string(text), true; }
  bool on_number_part(string_view, error_code&) { return true; }  // of a body in pieces, and ours is whole
  bool on_int64(std::int64_t number, string_view, error_code&) { return stack.push_int64(number), true; }
  bool on_uint64(std::uint64_t number, string_view, error_code&) { return stack.push_uint64(number), true; }
  bool on_double(double number, string_view digits, error_code&) {
    if (std::ranges::find(texts, name) == texts.end()) {
      stack.push_string(digits);
    } else {
      stack.push_double(number);
    }
    return true;
  }
  bool on_bool(bool flag, error_code&) { return stack.push_bool(flag), true; }
  bool on_null(error_code&) { return stack.push_null(), true; }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }
};

}  // namespace

Result<json::value> parse_exact_json(std::string_view body, std::size_t size_max,
                                     std::span<const std::string_view> texts) {
  if (body.size() > size_max) {
    return Error{ErrorCode::InvalidMessage, "a body of " + std::to_string(body.size()) + " bytes, at most " +
                                                std::to_string(size_max) + " are read"};
  }
  json::parse_options options;
  options.max_depth = 12;
  json::basic_parser<Handler> parser{options, texts};
  error_code error;
  const std::size_t read = parser.write_some(false, body.data(), body.size(), error);
  if (!error && read < body.size()) error = json::error::extra_data;
  if (error) return Error{ErrorCode::InvalidMessage, "no JSON: " + error.message()};
  return parser.handler().stack.release();
}

}  // namespace busbar::reading
