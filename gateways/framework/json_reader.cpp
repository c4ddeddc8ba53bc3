#include "gateways/framework/json_reader.hpp"

#include <limits>

namespace busbar::reading {

namespace {

std::string_view kind_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: return "null";
    case json::kind::bool_: return "a truth value";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_: return "a number";
    case json::kind::string: return "a string";
    case json::kind::array: return "an array";
    case json::kind::object: return "an object";
  }
  return "something else";
}

// Digits are kept as sent where they fit; zeros behind the point are given up before a number is.
std::optional<Decimal> decimal_of(std::string_view text) {
  if (const auto value = Decimal::parse(text)) return value;
  if (text.find('.') == std::string_view::npos) return std::nullopt;
  while (text.ends_with('0')) text.remove_suffix(1);
  if (text.ends_with('.')) text.remove_suffix(1);
  return Decimal::parse(text);
}

}  // namespace

void Complaint::add(std::string_view what, std::string_view member, std::string_view reason) {
  if (!text.empty()) return;
  text.append(what).append(".").append(member).append(": ").append(reason);
}

void Complaint::add_type(std::string_view what, std::string_view member, const json::value& found,
                         std::string_view documented) {
  if (!text.empty()) return;
  add(what, member, std::string{kind_name(found)} + " where " + std::string{documented} + " is documented");
}

std::int64_t read_integer(const json::value& value, std::string_view what, std::string_view member,
                          Complaint& complaint) {
  if (const std::int64_t* number = value.if_int64()) return *number;
  complaint.add_type(what, member, value, "a whole number of 64 bits");
  return 0;
}

Decimal read_decimal(const json::value& value, std::string_view what, std::string_view member, Complaint& complaint) {
  const json::string* text = value.if_string();
  if (text == nullptr) {
    complaint.add_type(what, member, value, "a string");
    return {};
  }
  const auto number = decimal_of({text->data(), text->size()});
  if (!number) complaint.add(what, member, "no decimal number of at most 18 digits");
  return number.value_or(Decimal{});
}

std::optional<std::string> Reader::maybe_text(std::string_view member) {
  const json::value* value = object_.if_contains(member);
  if (value == nullptr || value->is_null()) return std::nullopt;
  const json::string* text = value->if_string();
  if (text == nullptr) {
    complaint_.add_type(what_, member, *value, "a string");
    return std::nullopt;
  }
  if (text->size() > text_max) {
    complain(member, "longer than " + std::to_string(text_max) + " bytes");
    return std::nullopt;
  }
  return std::string{text->data(), text->size()};
}

std::string Reader::text(std::string_view member) {
  auto value = maybe_text(member);
  if (!value) complain(member, "missing");
  return value ? *std::move(value) : std::string{};
}

std::optional<std::int64_t> Reader::maybe_integer(std::string_view member) {
  const json::value* value = object_.if_contains(member);
  if (value == nullptr) return std::nullopt;
  return read_integer(*value, what_, member, complaint_);
}

std::int64_t Reader::integer(std::string_view member) {
  const auto value = maybe_integer(member);
  if (!value) complain(member, "missing");
  return value.value_or(0);
}

std::optional<Decimal> Reader::maybe_decimal(std::string_view member) {
  const json::value* value = object_.if_contains(member);
  if (value == nullptr) return std::nullopt;
  return read_decimal(*value, what_, member, complaint_);
}

Decimal Reader::decimal(std::string_view member) {
  const auto value = maybe_decimal(member);
  if (!value) complain(member, "missing");
  return value.value_or(Decimal{});
}

std::optional<Decimal> Reader::total(std::string_view member) {
  const std::string digits = text(member);
  const auto number = decimal_of(digits);
  if (!number && (digits.empty() || digits.find_first_not_of("0123456789.") != std::string::npos)) {
    complain(member, "no decimal number");
  }
  return number;
}

std::optional<Decimal> Reader::maybe_amount(std::string_view member) {
  const auto digits = maybe_text(member);
  if (!digits || digits->empty()) return std::nullopt;
  const auto number = decimal_of(*digits);
  if (!number) complain(member, "no decimal number of at most 18 digits");
  return number;
}

std::optional<Decimal> Reader::maybe_cut(std::string_view member) {
  auto digits = maybe_text(member);
  if (!digits || digits->empty()) return std::nullopt;
  auto number = decimal_of(*digits);
  const std::size_t point = digits->find('.');
  while (!number && point < digits->size() && digits->find_first_of("eE") == std::string::npos) {
    digits->pop_back();
    number = decimal_of(*digits);
  }
  if (!number) complain(member, "no decimal number of at most 18 digits before the point");
  return number;
}

std::optional<bool> Reader::maybe_flag(std::string_view member) {
  const json::value* value = object_.if_contains(member);
  if (value == nullptr) return std::nullopt;
  if (const bool* flag = value->if_bool()) return *flag;
  complaint_.add_type(what_, member, *value, "true or false");
  return std::nullopt;
}

bool Reader::flag(std::string_view member) {
  const auto value = maybe_flag(member);
  if (!value) complain(member, "missing");
  return value.value_or(false);
}

const json::array* Reader::maybe_array(std::string_view member) {
  const json::value* value = object_.if_contains(member);
  if (value == nullptr) return nullptr;
  if (const json::array* array = value->if_array()) return array;
  complaint_.add_type(what_, member, *value, "an array");
  return nullptr;
}

const json::object* Reader::maybe_object(std::string_view member) {
  const json::value* value = object_.if_contains(member);
  if (value == nullptr) return nullptr;
  if (const json::object* object = value->if_object()) return object;
  complaint_.add_type(what_, member, *value, "an object");
  return nullptr;
}

Result<json::value> parse_json(std::string_view body, std::size_t size_max) {
  if (body.size() > size_max) {
    return Error{ErrorCode::InvalidMessage, "a body of " + std::to_string(body.size()) + " bytes, at most " +
                                                std::to_string(size_max) + " are read"};
  }
  json::parse_options options;
  options.max_depth = 12;  // the deepest documented answer has 6 levels
  json::error_code error;
  json::value value = json::parse(body, error, {}, options);
  if (error) return Error{ErrorCode::InvalidMessage, "no JSON: " + error.message()};
  return value;
}

}  // namespace busbar::reading
