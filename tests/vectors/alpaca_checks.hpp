#pragma once
// One check per kind of Alpaca's vectors, each over the shipped encoders and decoders alone.

#include "tests/vectors/vectors.hpp"

namespace busbar::vectors {

// Compares as the collection asks for it: a member named in `..._accept` may be any of those listed, and a number is the
// same as its text. `by_value`: amounts by their value (of requests), otherwise digit by digit.
void compare_alpaca(Case& a_case, const json::value& got, bool by_value = false);

// ---- requests (alpaca_requests.cpp)
void check_alpaca_order_request(Case& a_case);
void check_alpaca_replace(Case& a_case);
void check_alpaca_url(Case& a_case);
void check_alpaca_stream_request(Case& a_case);
void check_alpaca_login(Case& a_case);

// ---- answers of REST (alpaca_answers.cpp)
json::object alpaca_answer(Case& a_case, const json::object& given, const json::object& expected);
void check_alpaca_answer(Case& a_case);
void check_alpaca_session(Case& a_case);
void check_alpaca_rate_headers(Case& a_case);

// ---- streams (alpaca_answers.cpp)
void check_alpaca_frame(Case& a_case);
void check_alpaca_event_line(Case& a_case);

}  // namespace busbar::vectors
