#include "gateways/ibkr/read.hpp"

#include <algorithm>
#include <charconv>

namespace busbar::ibkr {

namespace {

constexpr std::int64_t per_ms = 1'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Commas stand before each three digits in front of the point, or nowhere.
std::optional<std::string> without_commas(std::string_view text) {
  if (text.find(',') == std::string_view::npos) return std::string{text};
  const std::size_t end = std::min(text.find_first_of(".eE"), text.size());
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ',') {
      digits += text[i];
      continue;
    }
    const bool is_in_place = i > 0 && i < end && is_digit(text[i - 1]) && (end - i) % 4 == 0;
    if (!is_in_place) return std::nullopt;
  }
  return digits;
}

std::optional<Decimal> parse(std::string text, bool may_cut) {
  if (const auto whole = Decimal::parse(text)) return whole;
  const std::size_t point = text.find('.');
  if (point == std::string::npos || text.find_first_of("eE") != std::string::npos) return std::nullopt;
  // Zeros behind the point are given up before a number is.
  while (text.size() > point && (may_cut || text.back() == '0' || text.back() == '.')) {
    text.pop_back();
    if (const auto shorter = Decimal::parse(text)) return shorter;
  }
  return std::nullopt;
}

std::optional<Decimal> amount_of(std::string_view text, bool may_cut) {
  auto digits = text.size() > 100 ? std::nullopt : without_commas(text);
  return digits ? parse(*std::move(digits), may_cut) : std::nullopt;
}

std::optional<std::int64_t> integer_of(const json::value& value) {
  if (const std::int64_t* number = value.if_int64()) return *number;
  const json::string* text = value.if_string();
  if (text == nullptr) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  return error == std::errc{} && end == text->data() + text->size() ? std::optional{number} : std::nullopt;
}

}  // namespace

std::optional<Decimal> amount_of(std::string_view text) { return amount_of(text, false); }
std::optional<Decimal> cut_amount_of(std::string_view text) { return amount_of(text, true); }

const json::value* Reader::find(std::string_view member) const {
  const json::value* value = object_.if_contains(member);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<std::string> Reader::maybe_text(std::string_view member, std::size_t most) {
  const json::value* value = find(member);
  if (value == nullptr) return std::nullopt;
  if (const std::int64_t* number = value->if_int64()) return std::to_string(*number);
  const json::string* text = value->if_string();
  if (text == nullptr) {
    complaint_.add_type(what_, member, *value, "a text or a number");
    return std::nullopt;
  }
  if (text->size() > most) {
    complain(member, "longer than " + std::to_string(most) + " bytes");
    return std::nullopt;
  }
  return text->empty() ? std::nullopt : std::optional{std::string{text->data(), text->size()}};
}

std::optional<std::string> Reader::maybe_text(std::string_view member) { return maybe_text(member, reading::text_max); }

std::string Reader::text(std::string_view member) {
  auto value = maybe_text(member);
  if (!value) complain(member, "missing");
  return value ? *std::move(value) : std::string{};
}

std::optional<std::string> Reader::maybe_id(std::string_view member) {
  const json::value* value = find(member);
  if (value == nullptr || value->is_string()) return maybe_text(member);
  complaint_.add_type(what_, member, *value, "a text");
  return std::nullopt;
}

std::string Reader::id(std::string_view member) {
  auto value = maybe_id(member);
  if (!value) complain(member, "missing");  // of two complaints the first is told
  return value ? *std::move(value) : std::string{};
}

std::string Reader::long_text(std::string_view member) {
  auto value = maybe_text(member, words_max);
  if (!value) complain(member, "missing");
  return value ? *std::move(value) : std::string{};
}

std::string Reader::words(std::string_view member) {
  const json::value* value = find(member);
  if (value == nullptr) return {};
  const json::string* text = value->if_string();
  std::string said = text != nullptr ? std::string{text->data(), text->size()} : json::serialize(*value);
  if (said.size() > words_max) said.resize(words_max);
  return said;
}

std::optional<std::int64_t> Reader::maybe_integer(std::string_view member) {
  const json::value* value = find(member);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  if (value == nullptr || (text != nullptr && text->empty())) return std::nullopt;
  const auto number = integer_of(*value);
  if (!number) complain(member, "no whole number of 64 bits");
  return number;
}

std::int64_t Reader::integer(std::string_view member) {
  const auto number = maybe_integer(member);
  if (!number) complain(member, "missing");
  return number.value_or(0);
}

std::optional<Decimal> Reader::number(std::string_view member, std::optional<Decimal> (*parse)(std::string_view)) {
  const json::value* value = find(member);
  if (value == nullptr) return std::nullopt;
  if (const std::int64_t* number = value->if_int64()) return Decimal{*number, 0};
  const json::string* text = value->if_string();
  if (text == nullptr) {
    complaint_.add_type(what_, member, *value, "a number");
    return std::nullopt;
  }
  if (text->empty()) return std::nullopt;
  const auto number = parse({text->data(), text->size()});
  if (!number) complain(member, "no decimal number of at most 18 digits");
  return number;
}

std::optional<Decimal> Reader::maybe_amount(std::string_view member) { return number(member, amount_of); }
std::optional<Decimal> Reader::maybe_cut(std::string_view member) { return number(member, cut_amount_of); }

Decimal Reader::amount(std::string_view member) {
  const auto number = maybe_amount(member);
  if (!number) complain(member, "missing");
  return number.value_or(Decimal{});
}

Timestamp Reader::maybe_time_ms(std::string_view member) {
  constexpr std::int64_t most = 9'000'000'000'000;  // what is later is no time in ms
  const std::int64_t ms = maybe_integer(member).value_or(0);
  if (ms >= 0 && ms <= most) return ms * per_ms;
  complain(member, "no time in ms");
  return 0;
}

Timestamp Reader::time_ms(std::string_view member) {
  if (!has(member)) complain(member, "missing");
  return maybe_time_ms(member);
}

std::optional<bool> Reader::maybe_flag(std::string_view member) {
  const json::value* value = find(member);
  if (value == nullptr) return std::nullopt;
  if (const bool* flag = value->if_bool()) return *flag;
  const json::string* text = value->if_string();
  if (text != nullptr && (*text == "true" || *text == "false")) return *text == "true";
  complaint_.add_type(what_, member, *value, "true or false");
  return std::nullopt;
}

const json::array* Reader::maybe_array(std::string_view member) {
  const json::value* value = find(member);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) complaint_.add_type(what_, member, *value, "an array");
  return value->if_array();
}

const json::object* Reader::maybe_object(std::string_view member) {
  const json::value* value = find(member);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) complaint_.add_type(what_, member, *value, "an object");
  return value->if_object();
}

std::vector<std::string> Reader::texts(std::string_view member) {
  const json::value* value = find(member);
  std::vector<std::string> all;
  const auto take = [&](const json::value& one) {
    const json::string* text = one.if_string();
    if (text == nullptr) return complaint_.add_type(what_, member, one, "a text");
    all.emplace_back(text->data(), std::min(text->size(), words_max));
  };
  if (value == nullptr) return all;
  const json::array* array = value->if_array();
  if (array == nullptr) {
    take(*value);
    return all;
  }
  if (array->size() > reading::list_max) {
    complain(member, "more than " + std::to_string(reading::list_max) + " elements");
    return all;
  }
  for (const json::value& one : *array) take(one);
  return all;
}

}  // namespace busbar::ibkr
