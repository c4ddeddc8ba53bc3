#pragma once
// One JSON object being read. Binance documents amounts as strings and ids and times as numbers; the other type is
// refused by name, members nobody asks for are ignored, and names are compared as they are, for `c` and `C` are two
// members. The first complaint is remembered, so that a decoder reads straight down and asks once at the end.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "bus/messages.hpp"

namespace busbar::binance {

namespace json = boost::json;

inline constexpr std::size_t text_max = 256;  // no text member we read is longer; a body that has one is not Binance's

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
  bool has(std::string_view member) const { return object_.contains(member); }

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

}  // namespace busbar::binance
