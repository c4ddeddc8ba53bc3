#pragma once
// What answers of REST and frames of the streams have in common.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateways/alpaca/wire.hpp"
#include "gateways/framework/go_json.hpp"
#include "gateways/framework/utc.hpp"

namespace busbar::alpaca {

using namespace reading;

// Words for people, and tokens of pages: longer than any other text may be.
inline std::string long_text(const json::object& object, std::string_view member, std::size_t most = 4096) {
  const json::value* value = object.if_contains(member);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string{} : std::string{text->data(), std::min(text->size(), most)};
}

inline std::optional<Timestamp> time_of(Reader& reader, std::string_view what, std::string_view member,
                                        Complaint& complaint) {
  const auto text = reader.maybe_text(member);
  if (!text || text->empty()) return std::nullopt;
  const auto time = gateway::parse_utc(*text);
  if (!time) complaint.add(what, member, "no time of RFC 3339");
  return time;
}

// Texts, or one alone in its place.
inline std::vector<std::string> texts_of(const json::object& object, std::string_view what, std::string_view member,
                                         Complaint& complaint) {
  std::vector<std::string> texts;
  const json::value* value = object.if_contains(member);
  if (value == nullptr || value->is_null()) return texts;
  const auto take = [&](const json::value& element) {
    const json::string* text = element.if_string();
    const bool is_good = text != nullptr && text->size() <= text_max && texts.size() < all_max;
    if (is_good) texts.emplace_back(text->data(), text->size());
    if (!is_good) complaint.add(what, member, "an element that is no short text");
    return is_good;
  };
  if (const json::array* array = value->if_array()) {
    for (const json::value& element : *array) {
      if (!take(element)) break;
    }
  } else {
    take(*value);
  }
  return texts;
}

// What is read of a body, or of a frame, that must be one object.
template <class Read>
auto read_one(const Result<json::value>& value, std::string_view what, Read read)
    -> Result<decltype(read(std::declval<const json::object&>(), std::declval<Complaint&>()))> {
  if (!value) return value.error();
  const json::object* object = value->if_object();
  if (object == nullptr) return wrong_shape(what, "no object");
  Complaint complaint;
  auto result = read(*object, complaint);
  return answer(std::move(result), complaint);
}

template <class Read>
auto read_list(const Result<json::value>& value, std::string_view what, Read read)
    -> Result<std::vector<decltype(read(std::declval<const json::object&>(), std::declval<Complaint&>()))>> {
  if (!value) return value.error();
  const json::array* array = value->if_array();
  if (array == nullptr) return wrong_shape(what, "no array");
  Complaint complaint;
  auto result =
      read_each(*array, what, complaint, all_max, [&](const json::object& object) { return read(object, complaint); });
  return answer(std::move(result), complaint);
}

}  // namespace busbar::alpaca
