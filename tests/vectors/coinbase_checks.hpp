#pragma once
// One check per file of Coinbase's vectors, each over the shipped encoders and decoders alone.

#include "tests/vectors/vectors.hpp"

namespace busbar::vectors {

// ---- requests (coinbase_requests.cpp)
void check_coinbase_request(Case& a_case);
void check_coinbase_subscription(Case& a_case);
void check_coinbase_token(Case& a_case);

// ---- answers of REST (coinbase_answers.cpp)
void check_coinbase_placed(Case& a_case);
void check_coinbase_cancelled(Case& a_case);
void check_coinbase_error(Case& a_case);
void check_coinbase_outcome(Case& a_case);
void check_coinbase_fills(Case& a_case);
void check_coinbase_products(Case& a_case);
void check_coinbase_answer(Case& a_case);

// ---- streams (coinbase_streams.cpp)
void check_coinbase_market_frame(Case& a_case);
void check_coinbase_user_frame(Case& a_case);
void check_coinbase_sequence(Case& a_case);
void check_coinbase_fill_deltas(Case& a_case);

}  // namespace busbar::vectors
