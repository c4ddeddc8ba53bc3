#pragma once
// One JSON object of IBKR's being read. The same member comes as a number here and as a text there, sizes have commas,
// and
// "" and null are absence: all of that is taken. What is of another kind altogether is refused by name. The first
// complaint is remembered, so that a decoder reads straight down. An id that IBKR documents as a text is taken as one
// alone: fills and orders are told apart by it, and 7 is none of theirs.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateways/framework/exact_json.hpp"
#include "gateways/framework/json_reader.hpp"

namespace busbar::ibkr {

namespace json = boost::json;
using reading::Complaint;
using reading::read_each;

// The ids that are texts, of which no number may become one.
inline constexpr std::array<std::string_view, 4> ids{"execution_id", "order_ref", "local_order_id", "id"};
inline constexpr std::size_t words_max = 4096;  // of texts for people, and of keys in base64

// "1,300", "-57520.0", "1.0E7". nullopt for what is no number, has commas out of place, or does not fit.
std::optional<Decimal> amount_of(std::string_view text);
// The same; digits behind the point are cut off where there are more than a Decimal holds.
std::optional<Decimal> cut_amount_of(std::string_view text);

class Reader {
 public:
  Reader(const json::object& object, std::string_view what, Complaint& complaint)
      : object_{object}, what_{what}, complaint_{complaint} {}

  // Absent: complained about.
  std::string text(std::string_view member);
  std::string id(std::string_view member);  // a text; what is a number here and a text there is for text()
  std::string long_text(std::string_view member);
  std::int64_t integer(std::string_view member);
  Decimal amount(std::string_view member);
  Timestamp time_ms(std::string_view member);

  // Absent, null or "": nullopt.
  std::optional<std::string> maybe_text(std::string_view member);
  std::string text_or_empty(std::string_view member) { return maybe_text(member).value_or(""); }
  std::optional<std::string> maybe_id(std::string_view member);
  std::string id_or_empty(std::string_view member) { return maybe_id(member).value_or(""); }
  std::string words(std::string_view member);  // for people: cut, and empty where it is absent
  std::optional<std::int64_t> maybe_integer(std::string_view member);
  std::optional<Decimal> maybe_amount(std::string_view member);
  std::optional<Decimal> maybe_cut(std::string_view member);  // for means and sums
  std::optional<bool> maybe_flag(std::string_view member);
  Timestamp maybe_time_ms(std::string_view member);  // 0 where it is absent
  const json::array* maybe_array(std::string_view member);
  const json::object* maybe_object(std::string_view member);
  std::vector<std::string> texts(std::string_view member);  // an array of them, or one

  bool has(std::string_view member) const { return find(member) != nullptr; }
  void complain(std::string_view member, std::string_view reason) { complaint_.add(what_, member, reason); }
  Complaint& complaint() { return complaint_; }
  const json::object& object() const { return object_; }

 private:
  const json::value* find(std::string_view member) const;
  std::optional<std::string> maybe_text(std::string_view member, std::size_t most);
  std::optional<Decimal> number(std::string_view member, std::optional<Decimal> (*parse)(std::string_view));

  const json::object& object_;
  std::string_view what_;
  Complaint& complaint_;
};

// A body that must be one object.
template <class Read>
auto decode_one(std::string_view body, std::string_view what, Read read)
    -> Result<decltype(read(std::declval<Reader&>()))> {
  const auto value = reading::parse_exact_json(body, 4u << 20, ids);
  if (!value) return value.error();
  const json::object* object = value->if_object();
  if (object == nullptr) return reading::wrong_shape(what, "no object");
  Complaint complaint;
  Reader reader{*object, what, complaint};
  auto result = read(reader);
  return reading::answer(std::move(result), complaint);
}

// Each object of an array.
template <class Read>
auto each_of(const json::array& array, std::string_view what, Complaint& complaint, Read read) {
  return read_each(array, what, complaint, reading::all_max, [&](const json::object& object) {
    Reader reader{object, what, complaint};
    return read(reader);
  });
}

// A body that must be an array of objects, or one object alone: IBKR prints single ones without their brackets.
template <class Read>
auto decode_each(std::string_view body, std::string_view what, Read read)
    -> Result<std::vector<decltype(read(std::declval<Reader&>()))>> {
  const auto value = reading::parse_exact_json(body, 32u << 20, ids);
  if (!value) return value.error();
  Complaint complaint;
  std::vector<decltype(read(std::declval<Reader&>()))> all;
  if (const json::array* array = value->if_array()) {
    all = each_of(*array, what, complaint, read);
  } else if (const json::object* object = value->if_object()) {
    Reader reader{*object, what, complaint};
    all.push_back(read(reader));
  } else {
    return reading::wrong_shape(what, "neither an array nor an object");
  }
  return reading::answer(std::move(all), complaint);
}

}  // namespace busbar::ibkr
