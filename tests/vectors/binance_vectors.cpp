// Binance's vectors against the shipped encoders, decoders, signatures and errors.

#include <filesystem>
#include <string>
#include <vector>

#include "gateways/binance/instruments.hpp"
#include "tests/vectors/binance_checks.hpp"

namespace busbar::vectors {

namespace {

// What this build does not speak. One line per feature.
const std::vector<OutOfScope> out_of_scope = {
    {"given.ccxt_createOrder.params.test", "", "trying an order without placing it (order/test)"},
    {"given.section", "Test new order (TRADE)", "trying an order without placing it (order/test)"},
    {"given.ccxt_createOrder.params.marginMode", "", "margin trading"},
    {"given.ccxt_createOrder.params.sor", "", "smart order routing"},
    {"given.ccxt_createOrder.params.SOR", "", "smart order routing"},
    {"given.ccxt_createOrder.params.newOrderRespType", "", "other answers than FULL"},
    {"given.endpoint", "/order/test", "trying an order without placing it (order/test)"},
    {"given.endpoint", "/sapi/", "wallet and margin accounts"},
    {"hash", "sha224", "Binance signs with SHA-256 alone"},
    {"hash", "sha384", "Binance signs with SHA-256 alone"},
    {"hash", "sha512", "Binance signs with SHA-256 alone"},
};

// Members of `expected` that say what other programs would have called it.
const std::vector<std::string_view> other_opinions = {"unified_origin", "ccxt_exception", "jkorf_error_type",
                                                      "lean_steps", "meaning"};

Instruments recorded_instruments(const std::filesystem::path& folder) {
  Instruments instruments;
  const std::filesystem::path file = folder / "binance" / "exchange_info_symbols.json";
  if (!std::filesystem::exists(file)) return instruments;
  const json::value document = load(file);
  for (const json::value& a_case : document.at("cases").as_array()) {
    const auto info = binance::decode_symbol(text_of(a_case.at("given").as_object(), "symbol_json"));
    const auto instrument = info ? binance::instrument_of(*info) : std::nullopt;
    if (instrument) instruments.emplace(std::string{view(instrument->symbol)}, *instrument);
  }
  return instruments;
}

void check_all(Collection& all) {
  const auto instruments = recorded_instruments(all.folder());
  all.file("order_requests", [&](Case& a_case) { check_order_request(a_case, instruments); });
  all.file("rest_order_responses", check_order_response);
  all.file("user_stream_events", check_user_event);
  all.file("exchange_info_symbols", check_symbol);
  all.file("errors", check_error);
  all.file("signatures_rest", check_signature);
  // Not every collection has these.
  all.file_if_there("signatures_ws_api", check_signature);
  all.file_if_there("order_lifecycles", check_lifecycle);
  all.file_if_there("market_stream_frames", check_market_frame);
  all.file_if_there("stream_control", check_stream_control);
  all.file_if_there("depth_sync_sessions", check_depth_session);
  all.file_if_there("rest_account_market_responses", check_rest_answer);
  all.file_if_there("unmodelled_payloads", check_any_payload);
  all.file_if_there("ws_api_exchanges", check_ws_exchange);
  all.file_if_there("rate_limits", check_rate_limits);
  all.file_of_another("security", "hmac_rfc4231", check_hmac);
}

}  // namespace

}  // namespace busbar::vectors

int main() {
  using namespace busbar::vectors;
  return run("binance", out_of_scope, other_opinions, check_all);
}
