#pragma once
// Both ways between our names and a broker's, as of the last list.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bus/messages.hpp"

namespace busbar::gateway {

class SymbolMap {
 public:
  void assign(std::vector<Instrument> instruments);
  const Instrument* by_symbol(std::string_view symbol) const;
  const Instrument* by_broker_symbol(std::string_view broker_symbol) const;
  const std::vector<Instrument>& all() const { return instruments_; }

 private:
  std::vector<Instrument> instruments_;
  std::map<std::string, std::size_t, std::less<>> by_symbol_;
  std::map<std::string, std::size_t, std::less<>> by_broker_symbol_;
};

}  // namespace busbar::gateway
