// Interactive Brokers' vectors against the shipped signatures, encoders, decoders and errors.

#include <cstdio>
#include <exception>
#include <filesystem>
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

int run() {
  const auto data = folder();
  if (!data || !std::filesystem::is_directory(*data / "ibkr")) {
    std::puts("SKIPPED: no vectors: BUSBAR_VECTORS is not set, and there is no folder of them beside the source tree");
    return 0;
  }
  bool all_good = true;
  const auto file = [&](const std::string& name, void (*check)(Case&)) {
    if (!std::filesystem::exists(*data / "ibkr" / (name + ".json"))) return;  // not every collection has all
    all_good &= walk(*data, "ibkr", name, out_of_scope, check);
  };
  file("oauth_percent_encoding", check_ibkr_percent_encoding);
  file("oauth_base_string", check_ibkr_base_string);
  file("oauth_authorization_header", check_ibkr_authorization);
  file("oauth_end_to_end", check_ibkr_end_to_end);
  file("oauth_hmac_signature", check_ibkr_hmac);
  file("oauth_k_bytes", check_ibkr_number_bytes);
  file("oauth_lst", check_ibkr_live_session_token);
  file("oauth_token_responses", check_ibkr_token_answer);
  file("order_request", check_ibkr_order_request);
  file("ws_requests", check_ibkr_stream_request);
  file("order_submit", check_ibkr_submitted);
  file("order_modify", check_ibkr_submitted);
  file("order_reply", check_ibkr_submitted);
  file("order_conversation", check_ibkr_conversation);
  file("order_cancel", check_ibkr_cancelled);
  file("question_messages", check_ibkr_question);
  file("live_orders", check_ibkr_live_orders);
  file("order_status", check_ibkr_order_status);
  file("trades", check_ibkr_trades);
  file("errors", check_ibkr_error);
  file("session", check_ibkr_session);
  file("accounts", check_ibkr_account);
  file("balances", check_ibkr_balance);
  file("positions", check_ibkr_position);
  file("contracts", check_ibkr_contract);
  file("md_snapshot", check_ibkr_snapshot);
  file("md_history", check_ibkr_history);
  file("ws_frames", check_ibkr_frame);
  return all_good ? 0 : 1;
}

}  // namespace

}  // namespace busbar::vectors

int main() {
  try {
    return busbar::vectors::run();
  } catch (const std::exception& error) {
    std::printf("ibkr_vectors: %s\n", error.what());
    return 1;
  }
}
