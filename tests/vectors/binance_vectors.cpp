// Binance's vectors against the shipped encoders, decoders, signatures and errors.

#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
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

int run() {
  const auto data = folder();
  if (!data) {
    std::puts("SKIPPED: no vectors: BUSBAR_VECTORS is not set, and there is no folder of them beside the source tree");
    return 0;
  }
  const auto instruments = recorded_instruments(*data);
  bool all_good = true;
  using Check = std::function<void(Case&)>;
  const auto file_of = [&](const std::string& family, const std::string& name, const Check& check) {
    all_good &= walk(*data, family, name, out_of_scope, [&](Case& a_case) {
      a_case.other_opinions = other_opinions;
      check(a_case);
    });
  };
  const auto file = [&](const std::string& name, const Check& check) { file_of("binance", name, check); };
  const auto file_if_there = [&](const std::string& family, const std::string& name, const Check& check) {
    if (std::filesystem::exists(*data / family / (name + ".json"))) file_of(family, name, check);
  };
  file("order_requests", [&](Case& a_case) { check_order_request(a_case, instruments); });
  file("rest_order_responses", check_order_response);
  file("user_stream_events", check_user_event);
  file("exchange_info_symbols", check_symbol);
  file("errors", check_error);
  file("signatures_rest", check_signature);
  // Not every collection has these.
  file_if_there("binance", "signatures_ws_api", check_signature);
  file_if_there("binance", "order_lifecycles", check_lifecycle);
  file_if_there("binance", "market_stream_frames", check_market_frame);
  file_if_there("binance", "stream_control", check_stream_control);
  file_if_there("binance", "depth_sync_sessions", check_depth_session);
  file_if_there("binance", "rest_account_market_responses", check_rest_answer);
  file_if_there("binance", "unmodelled_payloads", check_any_payload);
  file_if_there("binance", "ws_api_exchanges", check_ws_exchange);
  file_if_there("binance", "rate_limits", check_rate_limits);
  file_if_there("security", "hmac_rfc4231", check_hmac);
  return all_good ? 0 : 1;
}

}  // namespace

}  // namespace busbar::vectors

int main() {
  try {
    return busbar::vectors::run();
  } catch (const std::exception& error) {
    std::printf("binance_vectors: %s\n", error.what());
    return 1;
  }
}
