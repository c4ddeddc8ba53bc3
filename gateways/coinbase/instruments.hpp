#pragma once
// Products: what can be traded, and by which rules. Pure; names of currencies are taken from the list and never made by
// cutting a product_id apart.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/framework/symbol_map.hpp"

namespace busbar::coinbase {

using gateway::SymbolMap;

// One product as Coinbase lists it.
struct Product {
  std::string product_id;
  std::optional<std::string> base_currency;
  std::optional<std::string> quote_currency;
  std::string product_type;                // SPOT, FUTURE
  std::string status;                      // online, offline, delisted, or nothing
  std::optional<Decimal> base_increment;   // the step of sizes
  std::optional<Decimal> quote_increment;  // of amounts in the quote currency
  std::optional<Decimal> price_increment;  // of prices; older answers lack it, and then it is quote_increment
  std::optional<Decimal> base_min_size;
  std::optional<Decimal> base_max_size;
  std::optional<Decimal> quote_min_size;
  std::optional<Decimal> quote_max_size;
  bool trading_disabled = false;
  bool is_disabled = false;
  bool cancel_only = false;
  bool limit_only = false;
  bool post_only = false;
  bool auction_mode = false;
  bool view_only = false;
  std::string alias;  // of BTC-USDC: BTC-USD, whose book it shares and under whose name market data comes
  std::vector<std::string> alias_to;  // and the other way round
  std::optional<Decimal> price;       // of the last trade
  std::optional<Decimal> volume_24h;  // in the base currency
};

struct ProductList {
  std::vector<Product> products;
  std::vector<std::string> complaints;  // products that could not be read, and why; the others are still good
};

Result<Product> decode_product(std::string_view body);
Result<ProductList> decode_products(std::string_view body);

// nullopt for what is no spot product, and for names that the bus cannot carry.
std::optional<Instrument> instrument_of(const Product& product);

// Under which product market data of this one comes.
std::string_view book_product(const Product& product);

// ---- Limits on how often one may ask. Coinbase tells none over the line: these are what its users have found, as
// data.
struct Limits {
  std::uint32_t private_per_second = 30;  // of a user
  std::uint32_t public_per_second = 10;   // of an address
};
std::vector<RateLimit> rate_limits(const Limits& limits, const Name& account);
std::vector<RateCost> rate_costs();

}  // namespace busbar::coinbase
