#pragma once
// One check per file of Binance's vectors, each over the shipped encoders and decoders alone.

#include <map>
#include <string>

#include "bus/messages.hpp"
#include "tests/vectors/vectors.hpp"

namespace busbar::vectors {

using Instruments = std::map<std::string, Instrument>;

// ---- orders (binance_orders.cpp)
void check_order_request(Case& a_case, const Instruments& recorded);
void check_order_response(Case& a_case);
void check_error(Case& a_case);
void check_symbol(Case& a_case);

// ---- signatures (binance_signatures.cpp)
void check_signature(Case& a_case);
void check_hmac(Case& a_case);
// What the WebSocket API is sent must spell as what was signed, whatever JSON type a value has there.
void check_spelling(Case& a_case, std::string_view method, const json::object& params);

// ---- streams (binance_streams.cpp)
void check_user_event(Case& a_case);
void check_lifecycle(Case& a_case);
void check_market_frame(Case& a_case);
void check_stream_control(Case& a_case);
void check_depth_session(Case& a_case);

// ---- answers of either API (binance_answers.cpp)
void check_rest_answer(Case& a_case);  // of an endpoint whose decoder ships
void check_any_payload(Case& a_case);  // of one that nobody here asks: it may at least do no harm
void check_ws_exchange(Case& a_case);
void check_rate_limits(Case& a_case);

}  // namespace busbar::vectors
