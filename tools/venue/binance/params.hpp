#pragma once
// The parameters of one request. Each is asked for by name; the first thing wrong with any of them is the answer the
// caller gets, with the venue's code and text.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "tools/venue/binance/names.hpp"

namespace busbar::venue::binance {

class Params {
 public:
  // Query first: a name in both places counts where it stands in the query.
  static Params from_form(std::string_view query, std::string_view body);
  static Params from_json(const boost::json::object& params);

  bool has(std::string_view name) const { return find(name) != nullptr; }
  std::string peek(std::string_view name) const;  // without counting as read; empty when absent
  void forget(std::string_view name);             // a member that is no parameter of any method

  std::optional<std::string> text(std::string_view name);
  std::string required_text(std::string_view name);
  std::optional<Decimal> decimal(std::string_view name);  // not negative, at most 8 places
  Decimal required_decimal(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name);
  std::int64_t required_integer(std::string_view name);
  std::size_t limit(std::size_t fallback = 500, std::size_t most = 1'000);  // of a list; what is above is cut
  std::optional<bool> flag(std::string_view name);
  std::optional<std::string> client_order_id(std::string_view name);
  std::optional<std::vector<std::string>> list(std::string_view name);  // ["A","B"]
  void require_one_of(std::string_view first, std::string_view second);
  void refuse_if_sent(std::string_view name);
  void finish();       // what nobody read is too much
  void finish_none();  // for requests without any parameter

  void refuse(int code, std::string text);  // kept when it is the first
  const std::optional<ApiError>& error() const { return error_; }

  // As sent, without key and signature, for the record.
  boost::json::object as_json() const;
  // Sorted by name, without the signature: what the WebSocket API signs.
  std::string sorted_payload() const;

 private:
  struct Param {
    std::string name, value;
    bool is_read = false;
  };
  const Param* find(std::string_view name) const;
  std::optional<std::string> matching(std::string_view name, bool (*fits)(std::string_view), std::string_view range);
  void add(std::string_view part, std::size_t first);

  std::vector<Param> params_;
  std::optional<ApiError> error_;
};

}  // namespace busbar::venue::binance
