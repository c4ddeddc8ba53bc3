#pragma once
// From the body of a create or preview request to an order of the engine, or the broker's refusal. Pure.

#include <optional>
#include <string>

#include <boost/json/object.hpp>

#include "tools/venue/coinbase/products.hpp"
#include "tools/venue/engine.hpp"

namespace busbar::venue::coinbase {

// A body of the wrong form is a bad request, HTTP 400; a well-formed order that is not taken is a failure, HTTP 200.
struct Refused {
  bool is_bad_request = false;
  std::string reason;   // of a failure: its name, PREVIEW_... when it was the preview that found it
  std::string message;
};

struct WantedOrder {
  const Product* product = nullptr;
  NewOrder order;
  std::string kind;                   // "limit_limit_gtc"
  boost::json::object configuration;  // its members
  Decimal quote_size;
  TimeUs end_time = 0;
  std::optional<Decimal> stop_trigger;
};

struct ReaderContext {
  const Products& products;
  const Engine& engine;
  TimeUs now = 0;
  TimeUs end_time_max = 0;  // how far ahead an order may end
  Decimal taker_rate;       // a purchase by money pays its fee out of it
};

// The order, or nothing with the reason in `refused`.
std::optional<WantedOrder> read_order(const boost::json::object& body, const ReaderContext& context, Refused& refused);

// Plain digits with at most one point, as the broker wants its amounts.
std::optional<Decimal> plain_amount(std::string_view text);

}  // namespace busbar::venue::coinbase
