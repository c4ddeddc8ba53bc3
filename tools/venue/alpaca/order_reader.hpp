#pragma once
// From the body of a new or a changed order to what the engine takes, or the broker's refusal in its own words. Pure. What
// depends on other orders and on money is asked elsewhere.

#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "tools/venue/alpaca/assets.hpp"
#include "tools/venue/engine.hpp"
#include "tools/venue/market_hours.hpp"

namespace busbar::venue::alpaca {

// Codes travel on statuses that they don't name: 40010001 comes with 422.
struct Refused {
  unsigned status = 0;  // 0: not refused
  std::int64_t code = 0;
  std::string message;
  boost::json::object extras;
};
Refused invalid(std::string message);        // 422, 40010001: the request is not well formed
Refused unprocessable(std::string message);  // 422, 42210000: it breaks a rule
Refused forbidden(std::string message, boost::json::object extras = {});  // 403, 40310000

struct WantedOrder {
  const Asset* asset = nullptr;
  NewOrder order;             // without `is_held`
  std::vector<NewOrder> legs; // of a bracket, an oco or an oto: the profit before the loss; their names are the broker's
  std::string type, time_in_force, order_class;
  bool extended_hours = false;
  std::optional<Decimal> notional, trail_price, trail_percent;
};

struct ReaderContext {
  const Assets& assets;
  const Engine& engine;
  const MarketHours& hours;
  TimeUs now = 0;
};

std::optional<WantedOrder> read_order(const boost::json::object& body, const ReaderContext& context, Refused& refused);

// What a replacement changes.
struct WantedChange {
  std::optional<Decimal> qty, limit_price, stop_price, trail;
  std::string time_in_force, client_order_id;
};
std::optional<WantedChange> read_change(const boost::json::object& body, const Asset& asset, const Engine& engine,
                                        Refused& refused);

// A price that one may name: in whole cents from a dollar on, in hundredths of cents below.
bool is_price_on_grid(Decimal price);

// A number that is written as one or as text. Nothing where it is neither, or too large or too fine.
std::optional<Decimal> amount_in(const boost::json::value& value);

}  // namespace busbar::venue::alpaca
