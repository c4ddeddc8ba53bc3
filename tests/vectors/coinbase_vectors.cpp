// Coinbase's vectors against the shipped encoders, decoders, tokens and errors.

#include <string>
#include <vector>

#include "tests/vectors/coinbase_checks.hpp"

namespace busbar::vectors {

namespace {

// What this build does not speak. One line per feature.
const std::vector<OutOfScope> out_of_scope = {
    {"given.sdk_call.kwargs.leverage", "", "derivatives: leverage and margin"},
    {"given.sdk_call.kwargs.margin_type", "", "derivatives: leverage and margin"},
    {"given.sdk_call.method", "close_position", "derivatives: closing positions"},
    {"given.sdk_call.method", "futures", "derivatives: futures"},
    {"given.sdk_call.method", "perps", "derivatives: perpetual futures"},
    {"given.sdk_call.method", "intraday_margin", "derivatives: leverage and margin"},
    {"given.sdk_call.method", "margin_window", "derivatives: leverage and margin"},
    {"given.sdk_call.method", "multi_asset_collateral", "derivatives: leverage and margin"},
    {"given.sdk_call.method", "allocate_portfolio", "derivatives: leverage and margin"},
    {"given.sdk_call.method", "create_portfolio", "making and closing portfolios, moving money"},
    {"given.sdk_call.method", "edit_portfolio", "making and closing portfolios, moving money"},
    {"given.sdk_call.method", "delete_portfolio", "making and closing portfolios, moving money"},
    {"given.sdk_call.method", "move_portfolio_funds", "making and closing portfolios, moving money"},
    {"given.sdk_call.method", "convert", "converting currencies"},
    {"given.sdk_call.method", "payment_method", "payment methods"},
    {"given.ccxt_method", "withdraw", "making and closing portfolios, moving money"},
    {"given.ccxt_method", "fetchPosition", "derivatives: perpetual futures"},
    {"given.args", ":USDC", "derivatives: perpetual futures"},
    {"expected.path", "/v2/", "the older interface, v2"},
    {"given.body", "\"resource_path\"", "the older interface, v2"},
};

// Members of `expected` that say what other programs would have called it, and remarks.
const std::vector<std::string_view> other_opinions = {"unified_origin", "ccxt_exception", "note", "status_reports"};

void check_all(Collection& all) {
  all.file_if_there("jwt", check_coinbase_token);
  all.file_if_there("order_requests", check_coinbase_request);
  all.file_if_there("other_requests", check_coinbase_request);
  all.file_if_there("ws_subscribe_requests", check_coinbase_subscription);
  all.file_if_there("create_order_replies", check_coinbase_placed);
  all.file_if_there("cancel_replies", check_coinbase_cancelled);
  all.file_if_there("errors", check_coinbase_error);
  all.file_if_there("http_outcomes", check_coinbase_outcome);
  all.file_if_there("fills", check_coinbase_fills);
  all.file_if_there("products", check_coinbase_products);
  all.file_if_there("rest_responses", check_coinbase_answer);
  all.file_if_there("ws_market_frames", check_coinbase_market_frame);
  all.file_if_there("ws_user_frames", check_coinbase_user_frame);
  all.file_if_there("ws_sequence", check_coinbase_sequence);
  all.file_if_there("user_fill_deltas", check_coinbase_fill_deltas);
}

}  // namespace

}  // namespace busbar::vectors

int main() {
  using namespace busbar::vectors;
  return run("coinbase", out_of_scope, other_opinions, check_all);
}
