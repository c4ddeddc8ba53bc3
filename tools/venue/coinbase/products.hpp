#pragma once
// What can be traded: a product for each symbol of the engine, and aliases, which share another product's book and
// settle in a currency of their own.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/venue/engine.hpp"

namespace busbar::venue::coinbase {

struct AliasSettings {
  std::string id;     // BTC-USDC
  std::string of;     // BTC-USD
  std::string quote;  // USDC
};

// What a product does not let one do at present.
struct Restrictions {
  std::string status = "online";
  bool trading_disabled = false, is_disabled = false, view_only = false, auction_mode = false;
  bool cancel_only = false, limit_only = false, post_only = false;
};

struct Product {
  std::string id;
  SymbolId symbol = 0;
  std::string base, quote;
  std::string alias;                  // the product whose book this one shares; empty: its own
  std::vector<std::string> alias_to;  // the others that share this one's
  Restrictions restrictions;

  bool is_tradable() const {
    return !restrictions.trading_disabled && !restrictions.is_disabled && !restrictions.view_only &&
           restrictions.status == "online";
  }
};

class Products {
 public:
  Products(const Engine& engine, const std::vector<AliasSettings>& aliases);

  const std::vector<Product>& all() const { return products_; }
  const Product* find(std::string_view id) const;
  Product* find(std::string_view id);
  // The one under which market data of a symbol is told: never an alias.
  const Product& of(SymbolId symbol) const { return products_[symbol]; }

 private:
  std::vector<Product> products_;  // those of the symbols first, in their order
};

// "Bitcoin" for BTC; the code itself where nobody taught us the name.
std::string currency_name(std::string_view code);
bool is_fiat(std::string_view code);

}  // namespace busbar::venue::coinbase
