#include "gateways/framework/symbol_map.hpp"

namespace busbar::gateway {

void SymbolMap::assign(std::vector<Instrument> instruments) {
  instruments_ = std::move(instruments);
  by_symbol_.clear();
  by_broker_symbol_.clear();
  for (std::size_t i = 0; i < instruments_.size(); ++i) {
    by_symbol_.emplace(view(instruments_[i].symbol), i);
    by_broker_symbol_.emplace(view(instruments_[i].broker_symbol), i);
  }
}

const Instrument* SymbolMap::by_symbol(std::string_view symbol) const {
  const auto found = by_symbol_.find(symbol);
  return found == by_symbol_.end() ? nullptr : &instruments_[found->second];
}

const Instrument* SymbolMap::by_broker_symbol(std::string_view broker_symbol) const {
  const auto found = by_broker_symbol_.find(broker_symbol);
  return found == by_broker_symbol_.end() ? nullptr : &instruments_[found->second];
}

}  // namespace busbar::gateway
