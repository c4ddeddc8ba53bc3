#pragma once
// One JSON object being read. Brokers document amounts as strings and ids and times as numbers; the other type is
// refused by name, members nobody asks for are ignored, and names are compared as they are, for `c` and `C` are two
// members. The first complaint is remembered, so that a decoder reads straight down and asks once at the end.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "bus/messages.hpp"

namespace busbar::reading {

namespace json = boost::json;

inline constexpr std::size_t text_max = 256;  // no text member we read is longer; a body that has one is not the broker's

// What is wrong with what was read: "order.price: a number where a string is documented". Empty when nothing is.
struct Complaint {
  std::string text;
  void add(std::string_view what, std::string_view member, std::string_view reason);
  void add_type(std::string_view what, std::string_view member, const json::value& found, std::string_view documented);
};

class Reader {
 public:
  Reader(const json::object& object, std::string_view what, Complaint& complaint)
      : object_{object}, what_{what}, complaint_{complaint} {}

  // Required members: absent ones are complained about, and an empty value is answered.
  std::string text(std::string_view member);
  std::int64_t integer(std::string_view member);
  Decimal decimal(std::string_view member);
  bool flag(std::string_view member);
  // A sum over many trades, which may have more digits than a Decimal: then nullopt, and no complaint.
  std::optional<Decimal> total(std::string_view member);

  // Members that may be absent. null is absence only where maybe_text is asked.
  std::optional<std::string> maybe_text(std::string_view member);
  std::optional<std::int64_t> maybe_integer(std::string_view member);
  std::optional<Decimal> maybe_decimal(std::string_view member);
  std::optional<bool> maybe_flag(std::string_view member);
  const json::array* maybe_array(std::string_view member);
  const json::object* maybe_object(std::string_view member);
  // Amounts of brokers to whom an empty text and null are absence as well. `maybe_cut` is for means and sums: they may have
  // more digits than a Decimal, and what does not fit is cut off behind the point.
  std::optional<Decimal> maybe_amount(std::string_view member);
  std::optional<Decimal> maybe_cut(std::string_view member);
  bool has(std::string_view member) const { return object_.contains(member); }
  bool is_null(std::string_view member) const {
    const json::value* value = object_.if_contains(member);
    return value != nullptr && value->is_null();
  }

 private:
  void complain(std::string_view member, std::string_view reason) { complaint_.add(what_, member, reason); }

  const json::object& object_;
  std::string_view what_;
  Complaint& complaint_;
};

// One value, where it has no name of its own: an element of an array. `member` is what the complaint calls it.
std::int64_t read_integer(const json::value& value, std::string_view what, std::string_view member,
                          Complaint& complaint);
Decimal read_decimal(const json::value& value, std::string_view what, std::string_view member, Complaint& complaint);

// Bytes to a JSON value, within bounds of size and depth. The error says what a person needs: it is no JSON, or too
// large.
Result<json::value> parse_json(std::string_view body, std::size_t size_max = 4u << 20);

// ---- What every decoder does before and after it reads: bytes to an object or an array of them, and the first complaint to
// an error.

inline constexpr std::size_t list_max = 5000;  // elements; the largest documented limit is that of the order book
inline constexpr std::size_t all_max = 20000;  // of one for each asset or symbol

inline Error wrong_shape(std::string_view what, std::string_view reason) {
  return Error{ErrorCode::InvalidMessage, std::string{what} + ": " + std::string{reason}};
}

template <class T>
Result<T> answer(T value, const Complaint& complaint) {
  if (!complaint.text.empty()) return Error{ErrorCode::InvalidMessage, complaint.text};
  return value;
}

// Reads each object of an array with `read`, up to `most` of them.
template <class Read>
auto read_each(const json::array& array, std::string_view what, Complaint& complaint, std::size_t most, Read read) {
  using Element = decltype(read(std::declval<const json::object&>()));
  std::vector<Element> elements;
  if (array.size() > most) {
    complaint.add(what, "size", "more than " + std::to_string(most) + " elements");
    return elements;
  }
  elements.reserve(array.size());
  for (const json::value& value : array) {
    const json::object* object = value.if_object();
    if (object == nullptr) {
      complaint.add(what, "element", "no object");
      break;
    }
    elements.push_back(read(*object));
  }
  return elements;
}

// Parses a body that must be one object, and reads it.
template <class Read>
auto decode_object(std::string_view body, std::string_view what, Read read, std::size_t size_max = 4u << 20)
    -> Result<decltype(read(std::declval<const json::object&>(), std::declval<Complaint&>()))> {
  const auto value = parse_json(body, size_max);
  if (!value) return value.error();
  const json::object* object = value->if_object();
  if (object == nullptr) return wrong_shape(what, "no object");
  Complaint complaint;
  auto result = read(*object, complaint);
  return answer(std::move(result), complaint);
}

template <class Read>
auto decode_array(std::string_view body, std::string_view what, Read read, std::size_t most = list_max)
    -> Result<std::vector<decltype(read(std::declval<const json::object&>(), std::declval<Complaint&>()))>> {
  const auto value = parse_json(body, 32u << 20);
  if (!value) return value.error();
  const json::array* array = value->if_array();
  if (array == nullptr) return wrong_shape(what, "no array");
  Complaint complaint;
  auto result =
      read_each(*array, what, complaint, most, [&](const json::object& object) { return read(object, complaint); });
  return answer(std::move(result), complaint);
}

}  // namespace busbar::reading
