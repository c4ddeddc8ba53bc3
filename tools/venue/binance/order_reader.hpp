#pragma once
// One order out of the parameters of a request: which of them its type needs, and which it must not have. The same for
// a plain order and for the legs of order lists, whose parameters only have longer names.

#include <string>

#include "tools/venue/binance/params.hpp"
#include "tools/venue/engine.hpp"

namespace busbar::venue::binance {

struct OrderNames {
  std::string side = "side", type = "type", time_in_force = "timeInForce", quantity = "quantity",
              quote_quantity = "quoteOrderQty", price = "price", stop_price = "stopPrice",
              trailing_delta = "trailingDelta", iceberg_qty = "icebergQty", client_order_id = "newClientOrderId",
              strategy_id = "strategyId", strategy_type = "strategyType";
  std::optional<OrderType> fixed_type;  // where the request does not say it
};
// "pendingAbove": pendingAboveType, pendingAbovePrice, ...; side and quantity are named by the caller.
OrderNames leg_names(const std::string& prefix, std::string side, std::string quantity);

// What is wrong goes into `params`; the order then means nothing.
NewOrder read_order(Params& params, const OrderNames& names, const Symbol& rules);
// Whether the symbol lists this kind of order; asked once all parameters are known to be in order.
void refuse_if_unsupported(Params& params, const NewOrder& order, const Symbol& rules);
// The self-trade prevention of a request, which all its orders share.
SelfTrade read_self_trade(Params& params, const Symbol& rules);

}  // namespace busbar::venue::binance
