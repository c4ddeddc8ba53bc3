#pragma once
// One check per kind of Interactive Brokers' vectors, each over the shipped words alone.

#include "tests/vectors/vectors.hpp"

namespace busbar::vectors {

// ---- what is signed and sent (ibkr_requests.cpp)
void check_ibkr_percent_encoding(Case& a_case);
void check_ibkr_base_string(Case& a_case);
void check_ibkr_authorization(Case& a_case);
void check_ibkr_end_to_end(Case& a_case);
void check_ibkr_hmac(Case& a_case);
void check_ibkr_number_bytes(Case& a_case);
void check_ibkr_live_session_token(Case& a_case);
void check_ibkr_token_answer(Case& a_case);
void check_ibkr_order_request(Case& a_case);
void check_ibkr_stream_request(Case& a_case);

// ---- what comes back (ibkr_answers.cpp)
void check_ibkr_submitted(Case& a_case);
void check_ibkr_conversation(Case& a_case);
void check_ibkr_cancelled(Case& a_case);
void check_ibkr_question(Case& a_case);
void check_ibkr_live_orders(Case& a_case);
void check_ibkr_order_status(Case& a_case);
void check_ibkr_trades(Case& a_case);
void check_ibkr_error(Case& a_case);
void check_ibkr_session(Case& a_case);
void check_ibkr_account(Case& a_case);
void check_ibkr_balance(Case& a_case);
void check_ibkr_position(Case& a_case);
void check_ibkr_contract(Case& a_case);
void check_ibkr_snapshot(Case& a_case);
void check_ibkr_history(Case& a_case);
void check_ibkr_frame(Case& a_case);

}  // namespace busbar::vectors
