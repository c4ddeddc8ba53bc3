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

// Key: the API key stands in the header, and nothing is signed.
enum class Security { Public, Key, Signed };

struct Request {
  std::string method;
  std::string path;
  Params params;  // in the order in which they are sent
  Security security = Security::Signed;
};

// ---- Orders

// What Binance cannot do is refused in words: Unsupported; what an order cannot be: InvalidOrder. Amounts are brought
// to the instrument's steps as order.rounding says, and with Refuse (the router has rounded already) only checked.
Result<Request> encode_place(const NewOrder& order, const Instrument& instrument, std::string_view venue_order_id);
Result<Request> encode_test(const NewOrder& order, const Instrument& instrument);  // the same, and nothing is placed

// An order is named by our id, and by Binance's as well where we have it: then the two are compared over there.
Request encode_cancel(std::string_view broker_symbol, std::string_view venue_order_id, std::string_view broker_order_id,
                      std::string_view cancel_venue_order_id);

// Which state the old order must be in for its cancel to be done. With OnlyNew, one that has filled in part meanwhile
// stays as it is, and no more is bought than was asked for.
enum class CancelRestriction { None, OnlyNew, OnlyPartiallyFilled };

// The old order goes and another comes in one request, the second only if the first was done. order.order_qty is what
// shall work anew: Binance does not take off what the old order has filled.
Result<Request> encode_cancel_replace(const NewOrder& order, const Instrument& instrument,
                                      std::string_view orig_venue_order_id, std::string_view broker_order_id,
                                      std::string_view venue_order_id, std::string_view cancel_venue_order_id,
                                      CancelRestriction restriction);
// To less, keeping its place in the queue. new_qty counts what is filled already.
Request encode_amend(std::string_view broker_symbol, std::string_view orig_venue_order_id,
                     std::string_view broker_order_id, Decimal new_qty, std::string_view venue_order_id);

// An OCO of two orders on either side of the price, an OTO of one that works and one that waits, or an OTOCO of one
// that works and such a pair that waits; the one that works comes first. Which of a pair is above follows from types
// and side.
Result<Request> encode_order_list(const PlaceListCommand& list, const Instrument& instrument);
Request encode_cancel_list(std::string_view broker_symbol, std::string_view venue_list_id,
                           std::string_view cancel_venue_order_id = {});
Request encode_query_list(std::string_view venue_list_id);

// ---- Questions

Request encode_query_order(std::string_view broker_symbol, std::string_view venue_order_id,
                           std::string_view broker_order_id);
Request encode_open_orders();  // all symbols: 80 of weight
Request encode_trades_of_order(std::string_view broker_symbol, std::string_view broker_order_id, std::int64_t from_trade_id);
Request encode_trades_since(std::string_view broker_symbol, std::int64_t start_time_ms);  // oldest first; 0: the newest
Request encode_trades_from(std::string_view broker_symbol, std::int64_t trade_id);
Request encode_account(bool omits_zeros = true);
Request encode_order_count();  // unfilled orders, as far as they count against the limits
Request encode_time();
Request encode_exchange_info(bool omits_permissions = true);
Request encode_book_ticker(std::string_view broker_symbol);
Request encode_ticker_24h(std::string_view broker_symbol);
Request encode_depth(std::string_view broker_symbol, std::uint32_t limit);  // levels of each side: at most 5000
// Oldest first. interval: 1m, 1h, ... Times of opening, both included; 0 leaves one open. At most 1000.
Request encode_klines(std::string_view broker_symbol, std::string_view interval, std::int64_t start_ms,
                      std::int64_t end_ms, std::uint32_t limit);
Request encode_recent_trades(std::string_view broker_symbol, std::uint32_t limit);  // everybody's; at most 1000

// The user stream as it once was at Binance and still is at Binance.US: a key that names the stream, kept alive every
// half hour.
Request encode_listen_key_start();
Request encode_listen_key_keepalive(std::string_view listen_key);
Request encode_listen_key_close(std::string_view listen_key);

// ---- The WebSocket API

// The method that does there what the request does here, with the same params. nullopt where there is none.
std::optional<std::string_view> ws_method_of(const Request& request);
// Values that Binance documents as numbers go as numbers and truth values as such; every one spells as it was signed.
std::string encode_ws_request(std::string_view id, std::string_view method, const Params& params);
// What session.logon and userDataStream.subscribe.signature want, before their signature. A logon needs an Ed25519 key.
Params encode_session_logon_params(std::string_view api_key, std::int64_t timestamp_ms, std::uint32_t recv_window_ms);
Params encode_user_stream_params(std::string_view api_key, std::int64_t timestamp_ms, std::uint32_t recv_window_ms);
std::string encode_session_status(std::string_view id);
std::string encode_session_logout(std::string_view id);

// ---- Market streams

// SUBSCRIBE or UNSUBSCRIBE of market streams.
std::string encode_streams(std::string_view method, const std::vector<std::string>& streams, std::int64_t id);
// btcusdt@bookTicker, @trade, @depth@100ms, @ticker, @kline_1m; stream names are lower case, and ASCII alone has a
// lower case here. nullopt for a bar of no interval that Binance has.
std::optional<std::string> stream_name(std::string_view broker_symbol, Channel channel,
                                       std::uint32_t bar_interval_ms = 0);

}  // namespace busbar::binance
