#pragma once
// What every decoder does before and after it reads: bytes to an object or an array of them, and the first complaint to
// an error.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateways/binance/reader.hpp"

namespace busbar::binance {

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

// What is read in more than one place.
BrokerError read_error(const json::object& object, Complaint& complaint);
std::vector<BookLevel> read_levels(const json::object& object, std::string_view what, std::string_view member,
                                   Complaint& complaint);

}  // namespace busbar::binance
