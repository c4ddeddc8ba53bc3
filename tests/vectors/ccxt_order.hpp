#pragma once
// A call of ccxt's unified createOrder, as our unified order. What ccxt means by its arguments is from its manual: a
// quantity is cut to the step, a price goes to the nearest tick, a market order with a price is one by amount.

#include <string>

#include <boost/json.hpp>

#include "bus/messages.hpp"

namespace busbar::vectors {

// `instrument` gives tick and step. Throws std::runtime_error for an argument that this does not know.
NewOrder order_of_ccxt(const boost::json::object& call, const Instrument& instrument);

}  // namespace busbar::vectors
