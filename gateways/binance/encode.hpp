#pragma once
// Orders and questions in Binance's words. Pure: who the order is for, when it is sent and how it is signed come later.
// Superfluous parameters are errors at Binance, so nothing is written that the order does not say.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bus/messages.hpp"
#include "gateways/binance/auth.hpp"

namespace busbar::binance {

enum class Security { Public, Signed };

struct Request {
  std::string method;
  std::string path;
  Params params;  // in the order in which they are sent
  Security security = Security::Signed;
};

// What Binance cannot do is refused in words: Unsupported; what an order cannot be: InvalidOrder. Amounts are brought
// to the instrument's steps as order.rounding says, and with Refuse (the router has rounded already) only checked.
Result<Request> encode_place(const NewOrder& order, const Instrument& instrument, std::string_view venue_order_id);

// An order is named by our id, and by Binance's as well where we have it: then the two are compared over there.
Request encode_cancel(std::string_view broker_symbol, std::string_view venue_order_id, std::string_view broker_order_id,
                      std::string_view cancel_venue_order_id);
Request encode_query_order(std::string_view broker_symbol, std::string_view venue_order_id,
                           std::string_view broker_order_id);
Request encode_open_orders();  // all symbols: 80 of weight
Request encode_trades_of_order(std::string_view broker_symbol, std::string_view broker_order_id);
Request encode_trades_since(std::string_view broker_symbol, std::int64_t start_time_ms);  // oldest first; 0: the newest
Request encode_trades_from(std::string_view broker_symbol, std::int64_t trade_id);
Request encode_account();
Request encode_time();
Request encode_exchange_info();
Request encode_book_ticker(std::string_view broker_symbol);

// What userDataStream.subscribe.signature wants, before its signature.
Params encode_user_stream_params(std::string_view api_key, std::int64_t timestamp_ms, std::uint32_t recv_window_ms);
// A request of the WebSocket API. Values that are whole numbers of Binance's own kind (timestamp, recvWindow) go as
// numbers.
std::string encode_ws_request(std::string_view id, std::string_view method, const Params& params);
// SUBSCRIBE or UNSUBSCRIBE of market streams.
std::string encode_streams(std::string_view method, const std::vector<std::string>& streams, std::int64_t id);
// btcusdt@bookTicker; stream names are lower case, and ASCII alone has a lower case here.
std::optional<std::string> stream_name(std::string_view broker_symbol, Channel channel);

}  // namespace busbar::binance
