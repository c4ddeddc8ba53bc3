#pragma once
// exchangeInfo: which symbols there are, by which rules they trade, and how often one may ask. Pure; names are taken
// from the list and never made by cutting a symbol apart.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/framework/symbol_map.hpp"

namespace busbar::binance {

using gateway::SymbolMap;

// One symbol as Binance lists it. Rules of filters it does not list are absent; a zero is kept, and means "asks
// nothing".
struct SymbolInfo {
  std::string symbol;
  std::string status;
  std::string base;
  std::string quote;
  std::vector<std::string> order_types;
  std::optional<Decimal> tick_size;
  std::optional<Decimal> min_price;
  std::optional<Decimal> max_price;
  std::optional<Decimal> step_size;
  std::optional<Decimal> min_qty;
  std::optional<Decimal> max_qty;
  std::optional<Decimal> market_step_size;
  std::optional<Decimal> market_min_qty;
  std::optional<Decimal> market_max_qty;
  std::optional<std::string> notional_filter;  // NOTIONAL, or MIN_NOTIONAL where the list is older
  std::optional<Decimal> min_notional;
  std::optional<Decimal> max_notional;
  bool min_notional_applies_to_market = false;
  bool max_notional_applies_to_market = false;
  bool can_iceberg = false;
  bool can_quote_order_qty = false;
  bool can_trailing_stop = false;
  bool can_trade_spot = true;
  bool can_oco = false;
  bool can_oto = false;
  bool can_cancel_replace = false;
  bool can_amend = false;
  std::optional<std::int64_t> iceberg_parts_max;
  // Basis points: of what triggers above the price, and of what triggers below it.
  std::optional<std::int64_t> trailing_above_min;
  std::optional<std::int64_t> trailing_above_max;
  std::optional<std::int64_t> trailing_below_min;
  std::optional<std::int64_t> trailing_below_max;
  std::int64_t base_precision = 8;
  std::int64_t quote_precision = 8;
};

struct ExchangeInfo {
  std::int64_t server_time = 0;  // ms
  std::vector<RateLimit> rate_limits;  // scope left empty
  std::vector<SymbolInfo> symbols;
  std::vector<std::string> complaints;  // symbols that could not be read, and why; the others are still good
};

Result<SymbolInfo> decode_symbol(std::string_view symbol_json);
Result<ExchangeInfo> decode_exchange_info(std::string_view body);

// nullopt for names that the bus cannot carry.
std::optional<Instrument> instrument_of(const SymbolInfo& info);

// The bucket that a rateLimitType counts: weight, orders, raw. Empty for one never seen.
std::string_view bucket_of(std::string_view rate_limit_type);
// "1m" or "10S" of a header name, in ms; 0 for anything else.
std::uint64_t interval_ms_of(std::string_view suffix);

}  // namespace busbar::binance
