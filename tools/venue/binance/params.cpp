#include "tools/venue/binance/params.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace busbar::venue::binance {
namespace {

namespace json = boost::json;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_integer(std::string_view text) {
  return !text.empty() && text.size() <= 20 && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_decimal(std::string_view text) {
  const std::size_t point = text.find('.');
  return is_integer(text.substr(0, point)) && (point == std::string_view::npos || is_integer(text.substr(point + 1)));
}

bool is_client_order_id(std::string_view text) {
  return !text.empty() && text.size() <= 36 &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
}

int hex(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      result += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      result += text[i] == '+' ? ' ' : text[i];
    }
  }
  return result;
}

std::string plain(const json::value& value) {
  if (value.is_string()) return std::string{value.get_string()};
  if (value.is_double()) {  // the shortest digits that mean this number, never an exponent
    char digits[400];
    const auto end = std::to_chars(digits, digits + sizeof digits, value.get_double(), std::chars_format::fixed).ptr;
    return {digits, end};
  }
  return json::serialize(value);
}

// What stands before the first `mark`; with it taken away from `rest`.
std::string_view take_until(std::string_view& rest, char mark) {
  const std::size_t end = rest.find(mark);
  const std::string_view taken = rest.substr(0, end);
  rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
  return taken;
}

}  // namespace

Params Params::from_form(std::string_view query, std::string_view body) {
  Params params;
  params.add(query, 0);
  const std::size_t of_query = params.params_.size();
  params.add(body, of_query);
  return params;
}

void Params::add(std::string_view part, std::size_t first) {
  while (!part.empty()) {
    std::string_view pair = take_until(part, '&');
    if (pair.empty()) continue;
    std::string name = percent_decoded(take_until(pair, '='));
    std::string value = percent_decoded(pair);
    const auto same =
        std::find_if(params_.begin(), params_.end(), [&](const Param& param) { return param.name == name; });
    if (same == params_.end()) {
      params_.push_back({std::move(name), std::move(value)});
    } else if (static_cast<std::size_t>(same - params_.begin()) >= first) {
      refuse(-1101, "Duplicate values for a parameter detected.");
    }
  }
}

Params Params::from_json(const json::object& object) {
  Params params;
  for (const auto& [name, value] : object) params.params_.push_back({std::string{name}, plain(value)});
  return params;
}

const Params::Param* Params::find(std::string_view name) const {
  for (const Param& param : params_) {
    if (param.name == name) return &param;
  }
  return nullptr;
}

std::string Params::peek(std::string_view name) const {
  const Param* param = find(name);
  return param == nullptr ? std::string{} : param->value;
}

void Params::forget(std::string_view name) {
  std::erase_if(params_, [&](const Param& param) { return param.name == name; });
}

std::optional<std::string> Params::text(std::string_view name) {
  for (Param& param : params_) {
    if (param.name != name) continue;
    param.is_read = true;
    if (param.value.empty()) {
      refuse(-1105, "Parameter '" + param.name + "' was empty.");
      return std::nullopt;
    }
    return param.value;
  }
  return std::nullopt;
}

std::string Params::required_text(std::string_view name) {
  if (peek(name).empty()) {
    refuse(-1102, "Mandatory parameter '" + std::string{name} + "' was not sent, was empty/null, or malformed.");
  }
  return text(name).value_or(std::string{});
}

std::optional<std::string> Params::matching(std::string_view name, bool (*fits)(std::string_view),
                                            std::string_view range) {
  auto value = text(name);
  if (value && !fits(*value)) {
    refuse(-1100, "Illegal characters found in parameter '" + std::string{name} + "'; legal range is '" +
                      std::string{range} + "'.");
    return std::nullopt;
  }
  return value;
}

std::optional<Decimal> Params::decimal(std::string_view name) {
  const auto value = matching(name, is_decimal, R"(^([0-9]{1,20})(\.[0-9]{1,20})?$)");
  if (!value) return std::nullopt;
  const std::size_t point = value->find('.');
  std::string digits = *value;
  if (point != std::string::npos) {
    while (digits.back() == '0') digits.pop_back();
    if (digits.back() == '.') digits.pop_back();
    if (digits.size() > point + 1 + 8) {
      refuse(-1111, "Parameter '" + std::string{name} + "' has too much precision.");
      return std::nullopt;
    }
  }
  const auto number = Decimal::parse(digits);
  // Above this no product of price and quantity would fit; the venue has such a bound too, wherever it may lie.
  if (!number || *number > Decimal{90'000'000'000, 0}) {
    refuse(-1108, "Parameter '" + std::string{name} + "' overflowed.");
    return std::nullopt;
  }
  return number;
}

Decimal Params::required_decimal(std::string_view name) {
  if (peek(name).empty()) required_text(name);
  return decimal(name).value_or(Decimal{});
}

std::optional<std::int64_t> Params::integer(std::string_view name) {
  const auto value = matching(name, is_integer, "^[0-9]{1,20}$");
  if (!value) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc{}) {
    refuse(-1108, "Parameter '" + std::string{name} + "' overflowed.");
    return std::nullopt;
  }
  return number;
}

std::int64_t Params::required_integer(std::string_view name) {
  if (peek(name).empty()) required_text(name);
  return integer(name).value_or(0);
}

std::size_t Params::limit(std::size_t fallback, std::size_t most) {
  const auto wanted = integer("limit");
  if (!wanted) return fallback;
  if (*wanted == 0) refuse(-1130, "Data sent for parameter 'limit' is not valid.");
  return std::min(static_cast<std::size_t>(*wanted), most);
}

std::optional<bool> Params::flag(std::string_view name) {
  const auto value = text(name);
  if (!value) return std::nullopt;
  if (*value == "true" || *value == "TRUE") return true;
  if (*value == "false" || *value == "FALSE") return false;
  refuse(-1130, "Data sent for parameter '" + std::string{name} + "' is not valid.");
  return std::nullopt;
}

std::optional<std::string> Params::client_order_id(std::string_view name) {
  return matching(name, is_client_order_id, "^[a-zA-Z0-9-_]{1,36}$");
}

std::optional<std::vector<std::string>> Params::list(std::string_view name) {
  const auto value = text(name);
  if (!value) return std::nullopt;
  boost::system::error_code error;
  const json::value parsed = json::parse(*value, error);
  std::vector<std::string> result;
  bool is_valid = !error && parsed.is_array() && !parsed.get_array().empty();
  if (is_valid) {
    for (const json::value& element : parsed.get_array()) {
      if (!element.is_string()) is_valid = false;
      else result.emplace_back(element.get_string());
    }
  }
  if (!is_valid) {
    refuse(-1100, "Illegal characters found in parameter '" + std::string{name} +
                      R"('; legal range is '^\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\]$'.)");
    return std::nullopt;
  }
  return result;
}

void Params::require_one_of(std::string_view first, std::string_view second) {
  if (peek(first).empty() && peek(second).empty()) {
    refuse(-1102, "Param '" + std::string{first} + "' or '" + std::string{second} +
                      "' must be sent, but both were empty/null!");
  }
}

void Params::refuse_if_sent(std::string_view name) {
  if (has(name)) refuse(-1106, "Parameter '" + std::string{name} + "' sent when not required.");
}

void Params::finish() {
  const auto read = std::count_if(params_.begin(), params_.end(), [](const Param& param) { return param.is_read; });
  if (static_cast<std::size_t>(read) == params_.size()) return;
  refuse(-1104, "Not all sent parameters were read; read '" + std::to_string(read) + "' parameter(s) but was sent '" +
                    std::to_string(params_.size()) + "'.");
}

void Params::finish_none() {
  if (params_.empty()) return;
  refuse(-1101, "Too many parameters; expected '0' and received '" + std::to_string(params_.size()) + "'.");
}

void Params::refuse(int code, std::string text) {
  if (!error_) error_ = ApiError{code, std::move(text)};
}

json::object Params::as_json() const {
  json::object object;
  for (const Param& param : params_) {
    if (param.name != "signature" && param.name != "apiKey") object[param.name] = param.value;
  }
  return object;
}

std::string Params::sorted_payload() const {
  std::vector<const Param*> sorted;
  for (const Param& param : params_) {
    if (param.name != "signature") sorted.push_back(&param);
  }
  std::sort(sorted.begin(), sorted.end(), [](const Param* a, const Param* b) { return a->name < b->name; });
  std::string payload;
  for (const Param* param : sorted) {
    if (!payload.empty()) payload += '&';
    payload += param->name + '=' + param->value;
  }
  return payload;
}

}  // namespace busbar::venue::binance
