// Alpaca's vectors against the shipped encoders, decoders and errors.

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
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

int run() {
  const auto data = folder();
  if (!data || !std::filesystem::is_directory(*data / "alpaca")) {
    std::puts("SKIPPED: no vectors: BUSBAR_VECTORS is not set, and there is no folder of them beside the source tree");
    return 0;
  }
  bool all_good = true;
  const auto file = [&](const std::string& name, void (*check)(Case&)) {
    if (!std::filesystem::exists(*data / "alpaca" / (name + ".json"))) return;  // not every collection has all
    all_good &= walk(*data, "alpaca", name, out_of_scope, [&](Case& a_case) {
      a_case.other_opinions = other_opinions;
      check(a_case);
    });
  };
  file("order_request", check_alpaca_order_request);
  file("order_replace", check_alpaca_replace);
  file("url_request", check_alpaca_url);
  file("stream_request", check_alpaca_stream_request);
  file("oauth", check_alpaca_login);
  for (const char* name :
       {"account", "assets", "cancel_all", "clock_calendar", "errors", "order_cancel", "order_entity", "order_submit",
        "positions", "rest_bars", "rest_quotes_trades", "rest_snapshots"}) {
    file(name, check_alpaca_answer);
  }
  file("recorded_session", check_alpaca_session);
  file("rate_limit_headers", check_alpaca_rate_headers);
  for (const char* name : {"data_stream", "msgpack_frames", "trade_updates", "trade_event_names"}) {
    file(name, check_alpaca_frame);
  }
  file("sse", check_alpaca_event_line);
  return all_good ? 0 : 1;
}

}  // namespace

void compare_alpaca(Case& a_case, const json::value& got, bool by_value) {
  a_case.compare(as_accepted(a_case.expected(), got, by_value), got);
}

}  // namespace busbar::vectors

int main() {
  try {
    return busbar::vectors::run();
  } catch (const std::exception& error) {
    std::printf("alpaca_vectors: %s\n", error.what());
    return 1;
  }
}
