#include "tools/venue/ibkr/numbers.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>

#include "tools/venue/amount.hpp"

namespace busbar::venue::ibkr {
namespace {

namespace json = boost::json;

// Java's way: always a point, no exponent in the sizes that occur here.
std::string shortest(double value) {
  char text[400];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr;
  std::string digits{text, end};
  if (digits.find('.') == std::string::npos) digits += ".0";
  return digits;
}

void write(const json::value& value, std::string& out) {
  if (const json::object* object = value.if_object()) {
    out += '{';
    bool is_first = true;
    for (const auto& [name, member] : *object) {
      if (!is_first) out += ',';
      is_first = false;
      out += json::serialize(name);
      out += ':';
      write(member, out);
    }
    out += '}';
  } else if (const json::array* array = value.if_array()) {
    out += '[';
    for (const json::value& element : *array) {
      if (&element != array->begin()) out += ',';
      write(element, out);
    }
    out += ']';
  } else if (const double* number = value.if_double()) {
    out += shortest(*number);
  } else {
    out += json::serialize(value);
  }
}

struct Handler {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();
  using Code = boost::system::error_code;
  using Text = json::string_view;

  json::value_stack stack;

  Handler() { stack.reset(); }
  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return true; }
  bool on_object_end(std::size_t size, Code&) { return stack.push_object(size), true; }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t size, Code&) { return stack.push_array(size), true; }
  bool on_key_part(Text text, std::size_t, Code&) { return stack.push_chars(text), true; }
  bool on_key(Text text, std::size_t, Code&) { return stack.push_key(text), true; }
  bool on_string_part(Text text, std::size_t, Code&) { return stack.push_chars(text), true; }
  bool on_string(Text text, std::size_t, Code&) { return stack.push_string(text), true; }
  bool on_number_part(Text, Code&) { return true; }  // of a text in pieces, and ours is whole
  bool on_int64(std::int64_t number, Text, Code&) { return stack.push_int64(number), true; }
  bool on_uint64(std::uint64_t number, Text, Code&) { return stack.push_uint64(number), true; }
  bool on_double(double, Text digits, Code&) {
    double nearest = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), nearest);
    return stack.push_double(nearest), true;
  }
  bool on_bool(bool flag, Code&) { return stack.push_bool(flag), true; }
  bool on_null(Code&) { return stack.push_null(), true; }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }
};

}  // namespace

json::value parsed(std::string_view text) {
  json::parse_options options;
  options.max_depth = 12;
  json::basic_parser<Handler> parser{options};
  boost::system::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (error || read < text.size()) return nullptr;
  return parser.handler().stack.release();
}

std::string text_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

std::optional<std::int64_t> integer_from(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{number} : std::nullopt;
}

std::optional<Decimal> decimal_from(const json::value& number) {
  if (const std::int64_t* whole = number.if_int64()) return Decimal::from_parts(*whole, 0);
  if (const double* value = number.if_double()) return Decimal::parse(shortest(*value));
  return std::nullopt;
}

json::value number(Decimal value) {
  const std::string text = to_string(value.normalized());
  double wire = 0;
  std::from_chars(text.data(), text.data() + text.size(), wire);
  return wire;
}

std::string plain(Decimal value) { return to_string(value.normalized()); }

std::string written(const json::value& value) {
  std::string text;
  write(value, text);
  return text;
}

std::string with_commas(Decimal value, int places) {
  std::string text = fixed(value.absolute(), places);
  const std::size_t point = std::min(text.find('.'), text.size());
  for (std::size_t at = point; at > 3; at -= 3) text.insert(at - 3, ",");
  return (value.is_negative() ? "-" : "") + text;
}

}  // namespace busbar::venue::ibkr
