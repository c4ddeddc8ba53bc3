#pragma once
// The symbol filters of the documentation: which one, if any, an order would fail. Pure.

#include <optional>
#include <string_view>

#include "tools/venue/engine.hpp"

namespace busbar::venue::binance {

struct FilterContext {
  Decimal average_price;        // of the last five minutes, or the last price
  std::size_t open_orders = 0;  // of this account on this symbol
  std::size_t stop_orders = 0;
  std::size_t iceberg_orders = 0;
  Decimal position;                // free and locked base, and what open buy orders will bring
  bool has_older_filters = false;  // PERCENT_PRICE and MIN_NOTIONAL in place of their successors
};

// What the account has open on the symbol.
FilterContext filter_context(const Engine& engine, AccountId account, SymbolId symbol);

// "PRICE_FILTER", "LOT_SIZE", ... in the order in which they are asked.
std::optional<std::string_view> failed_filter(const Symbol& symbol, const NewOrder& order,
                                              const FilterContext& context);

}  // namespace busbar::venue::binance
