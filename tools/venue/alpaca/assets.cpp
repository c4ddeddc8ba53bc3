#include "tools/venue/alpaca/assets.hpp"

#include <algorithm>

#include "tools/venue/uuid.hpp"

namespace busbar::venue::alpaca {

std::string_view name_of(AssetClass asset_class) { return asset_class == AssetClass::Crypto ? "crypto" : "us_equity"; }

Assets::Assets(const Engine& engine, std::vector<AssetSettings> settings) : engine_{engine} {
  for (SymbolId symbol = 0; symbol < engine.symbol_count(); ++symbol) {
    Asset asset{{}, symbol};
    static_cast<AssetSettings&>(asset) = symbol < settings.size() ? std::move(settings[symbol]) : AssetSettings{};
    if (asset.id.empty()) asset.id = uuid_of(0, "asset " + engine.symbol(symbol).name, 0);
    if (asset.name.empty()) asset.name = engine.symbol(symbol).name;
    assets_.push_back(std::move(asset));
  }
}

const Asset* Assets::find(std::string_view name) const {
  const auto found = std::find_if(assets_.begin(), assets_.end(), [&](const Asset& asset) {
    return engine_.symbol(asset.symbol).name == name || asset.id == name || position_symbol(asset) == name;
  });
  return found == assets_.end() ? nullptr : &*found;
}

const Asset* Assets::of_holding(std::string_view base) const {
  const Asset* any = nullptr;
  for (const Asset& asset : assets_) {
    const Symbol& symbol = engine_.symbol(asset.symbol);
    if (symbol.base != base) continue;
    if (symbol.quote == "USD") return &asset;
    if (any == nullptr) any = &asset;
  }
  return any;
}

std::string Assets::position_symbol(const Asset& asset) const {
  std::string name = engine_.symbol(asset.symbol).name;
  if (asset.is_crypto()) std::erase(name, '/');
  return name;
}

}  // namespace busbar::venue::alpaca
