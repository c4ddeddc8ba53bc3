// Alpaca's vectors against the shipped encoders, decoders and errors.

#include <algorithm>
#include <string>
#include <vector>

#include "bus/decimal.hpp"
#include "tests/vectors/alpaca_checks.hpp"

namespace busbar::vectors {

namespace {

// What this build does not speak. One line per feature.
const std::vector<OutOfScope> out_of_scope = {
    {"given.order.legs", "", "several legs of options in one order"},
    {"given.order.order_class", "mleg", "several legs of options in one order"},
    {"given.order.position_intent", "", "options: whether a position is opened or closed"},
    {"given.order.advanced_instructions", "", "Elite smart routing"},
};

// Members of `expected` that say what other programs made of it, and remarks.
const std::vector<std::string_view> other_opinions = {"source_says", "meaning"};

std::string number_text(const json::value& value) {
  if (const std::int64_t* number = value.if_int64()) return std::to_string(*number);
  const json::string* text = value.if_string();
  return text != nullptr ? std::string{*text} : std::string{};
}

bool is_same_number(const json::value& one, const json::value& other) {
  const auto first = Decimal::parse(number_text(one)), second = Decimal::parse(number_text(other));
  return first && second && *first == *second;
}

// `expected`, with what counts as right put in the place of what is named first.
json::value as_accepted(const json::value& expected, const json::value& got, bool by_value) {
  if (const json::object* members = expected.if_object(); members != nullptr && got.is_object()) {
    constexpr std::string_view suffix = "_accept";
    json::object accepted;
    for (const auto& member : *members) {
      const std::string_view name{member.key()};
      if (name.ends_with(suffix)) continue;
      const json::value* found = got.get_object().if_contains(name);
      if (member.value().is_null() && found == nullptr) continue;  // nothing is wanted, and nothing is there
      const json::value* choices = members->if_contains(std::string{name}.append(suffix));
      const bool is_chosen = found != nullptr && choices != nullptr && choices->is_array() &&
                             std::count(choices->get_array().begin(), choices->get_array().end(), *found) > 0;
      accepted[name] = is_chosen          ? *found
                       : found != nullptr ? as_accepted(member.value(), *found, by_value)
                                          : member.value();
    }
    return accepted;
  }
  if (const json::array* elements = expected.if_array(); elements != nullptr && got.is_array()) {
    json::array accepted;
    for (std::size_t i = 0; i < elements->size(); ++i) {
      const bool is_there = i < got.get_array().size();
      accepted.push_back(is_there ? as_accepted((*elements)[i], got.get_array()[i], by_value) : (*elements)[i]);
    }
    return accepted;
  }
  const bool is_one_text = expected.is_string() != got.is_string();
  return (is_one_text || by_value) && is_same_number(expected, got) ? got : expected;
}

void check_all(Collection& all) {
  all.file_if_there("order_request", check_alpaca_order_request);
  all.file_if_there("order_replace", check_alpaca_replace);
  all.file_if_there("url_request", check_alpaca_url);
  all.file_if_there("stream_request", check_alpaca_stream_request);
  all.file_if_there("oauth", check_alpaca_login);
  for (const char* name :
       {"account", "assets", "cancel_all", "clock_calendar", "errors", "order_cancel", "order_entity", "order_submit",
        "positions", "rest_bars", "rest_quotes_trades", "rest_snapshots"}) {
    all.file_if_there(name, check_alpaca_answer);
  }
  all.file_if_there("recorded_session", check_alpaca_session);
  all.file_if_there("rate_limit_headers", check_alpaca_rate_headers);
  for (const char* name : {"data_stream", "msgpack_frames", "trade_updates", "trade_event_names"}) {
    all.file_if_there(name, check_alpaca_frame);
  }
  all.file_if_there("sse", check_alpaca_event_line);
}

}  // namespace

void compare_alpaca(Case& a_case, const json::value& got, bool by_value) {
  a_case.compare(as_accepted(a_case.expected(), got, by_value), got);
}

}  // namespace busbar::vectors

int main() {
  using namespace busbar::vectors;
  return run("alpaca", out_of_scope, other_opinions, check_all);
}
