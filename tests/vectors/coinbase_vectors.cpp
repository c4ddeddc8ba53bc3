// Coinbase's vectors against the shipped encoders, decoders, tokens and errors.

#include <cstdio>
#include <exception>
#include <filesystem>
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

int run() {
  const auto data = folder();
  if (!data || !std::filesystem::is_directory(*data / "coinbase")) {
    std::puts("SKIPPED: no vectors: BUSBAR_VECTORS is not set, and there is no folder of them beside the source tree");
    return 0;
  }
  bool all_good = true;
  const auto file = [&](const std::string& name, void (*check)(Case&)) {
    if (!std::filesystem::exists(*data / "coinbase" / (name + ".json"))) return;  // not every collection has all
    all_good &= walk(*data, "coinbase", name, out_of_scope, [&](Case& a_case) {
      a_case.other_opinions = other_opinions;
      check(a_case);
    });
  };
  file("jwt", check_coinbase_token);
  file("order_requests", check_coinbase_request);
  file("other_requests", check_coinbase_request);
  file("ws_subscribe_requests", check_coinbase_subscription);
  file("create_order_replies", check_coinbase_placed);
  file("cancel_replies", check_coinbase_cancelled);
  file("errors", check_coinbase_error);
  file("http_outcomes", check_coinbase_outcome);
  file("fills", check_coinbase_fills);
  file("products", check_coinbase_products);
  file("rest_responses", check_coinbase_answer);
  file("ws_market_frames", check_coinbase_market_frame);
  file("ws_user_frames", check_coinbase_user_frame);
  file("ws_sequence", check_coinbase_sequence);
  file("user_fill_deltas", check_coinbase_fill_deltas);
  return all_good ? 0 : 1;
}

}  // namespace

}  // namespace busbar::vectors

int main() {
  try {
    return busbar::vectors::run();
  } catch (const std::exception& error) {
    std::printf("coinbase_vectors: %s\n", error.what());
    return 1;
  }
}
