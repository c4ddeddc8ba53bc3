#pragma once
// Members as servers written in Go have them: what is empty is null.

#include <optional>
#include <string>
#include <string_view>

#include "gateways/framework/json_reader.hpp"

namespace busbar::reading {

inline const json::array* list_of(Reader& reader, std::string_view member) {
  return reader.is_null(member) ? nullptr : reader.maybe_array(member);
}
inline const json::object* object_of(Reader& reader, std::string_view member) {
  return reader.is_null(member) ? nullptr : reader.maybe_object(member);
}
inline std::optional<bool> flag_of(Reader& reader, std::string_view member) {
  return reader.is_null(member) ? std::nullopt : reader.maybe_flag(member);
}
inline std::string text_or_empty(Reader& reader, std::string_view member) {
  return reader.maybe_text(member).value_or("");
}

}  // namespace busbar::reading
