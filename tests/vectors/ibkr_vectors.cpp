// Interactive Brokers' vectors against the shipped signatures, encoders, decoders and errors.

#include <string>
#include <vector>

#include "tests/vectors/ibkr_checks.hpp"

namespace busbar::vectors {

namespace {

// What this build does not speak. One line per feature.
const std::vector<OutOfScope> out_of_scope = {
    {"given.order.trailing_type", "amt", "trailing by an amount: the bus trails by hundredths of a percent"},
    {"given.order.type", "trailing_stop_limit", "types of order that the bus has no word for"},
    {"given.order.type", "midprice", "types of order that the bus has no word for"},
    {"given.order.strategy", "", "algorithms of the broker's"},
    {"given.order.fx_qty", "", "conversion of currencies"},
    {"given.order.is_ccy_conv", "", "conversion of currencies"},
    {"given.order.manual_indicator", "", "futures"},
};

void check_all(Collection& all) {
  all.file_if_there("oauth_percent_encoding", check_ibkr_percent_encoding);
  all.file_if_there("oauth_base_string", check_ibkr_base_string);
  all.file_if_there("oauth_authorization_header", check_ibkr_authorization);
  all.file_if_there("oauth_end_to_end", check_ibkr_end_to_end);
  all.file_if_there("oauth_hmac_signature", check_ibkr_hmac);
  all.file_if_there("oauth_k_bytes", check_ibkr_number_bytes);
  all.file_if_there("oauth_lst", check_ibkr_live_session_token);
  all.file_if_there("oauth_token_responses", check_ibkr_token_answer);
  all.file_if_there("order_request", check_ibkr_order_request);
  all.file_if_there("ws_requests", check_ibkr_stream_request);
  all.file_if_there("order_submit", check_ibkr_submitted);
  all.file_if_there("order_modify", check_ibkr_submitted);
  all.file_if_there("order_reply", check_ibkr_submitted);
  all.file_if_there("order_conversation", check_ibkr_conversation);
  all.file_if_there("order_cancel", check_ibkr_cancelled);
  all.file_if_there("question_messages", check_ibkr_question);
  all.file_if_there("live_orders", check_ibkr_live_orders);
  all.file_if_there("order_status", check_ibkr_order_status);
  all.file_if_there("trades", check_ibkr_trades);
  all.file_if_there("errors", check_ibkr_error);
  all.file_if_there("session", check_ibkr_session);
  all.file_if_there("accounts", check_ibkr_account);
  all.file_if_there("balances", check_ibkr_balance);
  all.file_if_there("positions", check_ibkr_position);
  all.file_if_there("contracts", check_ibkr_contract);
  all.file_if_there("md_snapshot", check_ibkr_snapshot);
  all.file_if_there("md_history", check_ibkr_history);
  all.file_if_there("ws_frames", check_ibkr_frame);
}

}  // namespace

}  // namespace busbar::vectors

int main() {
  using namespace busbar::vectors;
  return run("ibkr", out_of_scope, {}, check_all);
}
