#pragma once
// The instruments: what the engine trades under a name, the broker knows by a number, its conid, with an exchange and a
// currency. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "tools/venue/engine.hpp"

namespace busbar::venue::ibkr {

struct Contract {
  std::int64_t conid = 0;
  std::string symbol;            // AAPL, BRK B, EUR.USD: the engine knows it by the name in its settings
  std::string name;              // APPLE INC
  std::string sec_type = "STK";  // STK, CASH, CRYPTO, FUT
  std::string exchange;          // NASDAQ: where it is listed
  std::string listing;           // NASDAQ.NMS: the same in what is told of orders; empty: exchange
  std::string country = "US";
  std::string expiry;            // 20261218, of a future
  std::string underlying;        // ES, of a future
  std::int64_t underlying_conid = 0;
  std::int64_t multiplier = 0;

  bool is_us() const { return country == "US"; }
  const std::string& listing_exchange() const { return listing.empty() ? exchange : listing; }
  // EUR of EUR.USD, which is how orders name it; the symbol itself of anything else.
  std::string ticker() const { return sec_type == "CASH" ? symbol.substr(0, symbol.find('.')) : symbol; }
};

// One for each of the engine's symbols, in its order.
class Contracts {
 public:
  Contracts(const Engine& engine, std::vector<Contract> all) : engine_{engine}, all_{std::move(all)} {}

  const std::vector<Contract>& all() const { return all_; }
  const Contract& of(SymbolId symbol) const { return all_[symbol]; }
  std::optional<SymbolId> find(std::int64_t conid) const;
  const Symbol& rules(SymbolId symbol) const { return engine_.symbol(symbol); }
  const std::string& currency(SymbolId symbol) const { return rules(symbol).quote; }
  // Under another name from now on: the number stays.
  void rename(SymbolId symbol, std::string new_symbol) { all_[symbol].symbol = std::move(new_symbol); }

  // What the broker answers of them.
  boost::json::object stocks(const std::vector<std::string>& symbols) const;
  boost::json::object futures(const std::vector<std::string>& symbols) const;
  boost::json::array search(std::string_view symbol, bool by_name, std::string_view sec_type) const;
  boost::json::object definition(SymbolId symbol) const;  // of trsrv/secdef
  boost::json::object info(SymbolId symbol) const;
  boost::json::object section_info(SymbolId symbol) const;  // of iserver/secdef/info
  boost::json::object trading_rules(SymbolId symbol, std::string_view account_id, Decimal price) const;
  boost::json::array conids(std::string_view exchange) const;

 private:
  const Engine& engine_;
  std::vector<Contract> all_;
};

int places_of(Decimal tick);  // 2 of 0.01

}  // namespace busbar::venue::ibkr
