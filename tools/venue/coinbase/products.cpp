#include "tools/venue/coinbase/products.hpp"

#include <array>

namespace busbar::venue::coinbase {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> currencies{{
    {"BTC", "Bitcoin"},
    {"ETH", "Ethereum"},
    {"LTC", "Litecoin"},
    {"SOL", "Solana"},
    {"USD", "US Dollar"},
    {"EUR", "Euro"},
    {"USDC", "USDC"},
}};

}  // namespace

Products::Products(const Engine& engine, const std::vector<AliasSettings>& aliases) {
  for (SymbolId id = 0; id < engine.symbol_count(); ++id) {
    const Symbol& symbol = engine.symbol(id);
    products_.push_back({symbol.name, id, symbol.base, symbol.quote, {}, {}, {}});
  }
  for (const AliasSettings& alias : aliases) {
    Product product = *find(alias.of);
    product.id = alias.id;
    product.quote = alias.quote;
    product.alias = alias.of;
    products_[product.symbol].alias_to.push_back(alias.id);
    products_.push_back(std::move(product));
  }
}

const Product* Products::find(std::string_view id) const {
  for (const Product& product : products_) {
    if (product.id == id) return &product;
  }
  return nullptr;
}

Product* Products::find(std::string_view id) { return const_cast<Product*>(std::as_const(*this).find(id)); }

std::string currency_name(std::string_view code) {
  for (const auto& [known, name] : currencies) {
    if (known == code) return std::string{name};
  }
  return std::string{code};
}

bool is_fiat(std::string_view code) { return code == "USD" || code == "EUR" || code == "GBP"; }

}  // namespace busbar::venue::coinbase
