#pragma once
// What may be traded: a symbol of the engine under the broker's names for it, and what the broker says of it. Shares and
// crypto are told apart here and nowhere else.

#include <string>
#include <string_view>
#include <vector>

#include "tools/venue/engine.hpp"

namespace busbar::venue::alpaca {

enum class AssetClass : std::uint8_t { UsEquity, Crypto };
std::string_view name_of(AssetClass asset_class);  // "us_equity"

struct AssetSettings {
  std::string id;  // a UUID; empty: made up from the symbol
  AssetClass asset_class = AssetClass::UsEquity;
  std::string exchange = "NASDAQ";
  std::string name;
  bool tradable = true, fractionable = true;
};

struct Asset : AssetSettings {
  SymbolId symbol = 0;
  bool is_halted = false;  // by the control interface, whatever the hours
  bool is_crypto() const { return asset_class == AssetClass::Crypto; }
};

class Assets {
 public:
  // One for each symbol of the engine, in its order.
  Assets(const Engine& engine, std::vector<AssetSettings> settings);

  const std::vector<Asset>& all() const { return assets_; }
  Asset& of(SymbolId symbol) { return assets_[symbol]; }
  const Asset& of(SymbolId symbol) const { return assets_[symbol]; }
  // By "AAPL", "BTC/USD", "BTCUSD" or its id; null when there is none.
  const Asset* find(std::string_view name) const;
  // Where a holding is valued: the asset that is traded for dollars, or else any.
  const Asset* of_holding(std::string_view base) const;
  // "BTCUSD": positions leave the slash out.
  std::string position_symbol(const Asset& asset) const;

 private:
  const Engine& engine_;
  std::vector<Asset> assets_;
};

}  // namespace busbar::venue::alpaca
