#pragma once
// A ticket as customers write it, and the order that it asks for. Pure.

#include <string>

#include <boost/json/object.hpp>

#include "tools/venue/ibkr/contracts.hpp"

namespace busbar::venue::ibkr {

struct Wanted {
  SymbolId symbol = 0;
  std::string conidex;           // "265598", "265598@NASDAQ", as it was asked for
  std::string ticker, listing_exchange, currency;
  NewOrder order;
  std::string order_type;        // LMT, MKT, STP, STOP_LIMIT, TRAIL
  std::string tif;               // DAY, GTC, IOC, OPG
  bool outside_rth = false;
  std::string client_order_id;   // cOID
  std::string parent_id;         // the cOID of the order on whose fill this one waits
  bool is_single_group = false;  // one cancels the others
};

struct Refused {
  unsigned status = 200;
  std::string error;
};

// The order, or why not in the broker's words.
std::optional<Wanted> read_ticket(const boost::json::object& ticket, const Contracts& contracts,
                                  std::string_view account_id, Refused& refused);

}  // namespace busbar::venue::ibkr
