#pragma once
// Which contract is meant by a symbol of ours. IBKR knows contracts by number, a conid, and has many of one ticker: listings
// on other exchanges, in other currencies, and futures. What it answers decides; where it leaves more than one, none is taken,
// and all are named. Nothing is made by cutting a name of IBKR's apart. Pure.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/ibkr/decode.hpp"

namespace busbar::ibkr {

// A symbol of the configuration, and what is looked for: AAPL and BRK.B are of the United States, RELIANCE.XNSE of the
// exchange with this code (ISO 10383), BTC/USD a pair; ESZ6@495512563 is a name of one's own for one contract.
struct Wanted {
  Symbol symbol;
  std::string ticker;                  // or the first of a pair
  std::string currency;                // the second of a pair
  std::vector<std::string> exchanges;  // IBKR's names of one
  std::int64_t conid = 0;              // given, and then there is nothing to look for
  bool is_pair() const { return !currency.empty(); }
};
Result<Wanted> wanted_of(std::string_view symbol);

// As IBKR may write a ticker: it has BRK B for BRK.B.
std::vector<std::string> spellings_of(const Wanted& wanted);

// Out of IBKR's answers, who may be meant.
std::vector<std::int64_t> candidates_in(const Wanted& wanted, const std::vector<StockList>& stocks);
std::vector<std::int64_t> candidates_in(const Wanted& wanted, const std::vector<SearchMatch>& matches);

// The one that is meant. An error, InvalidSymbol, names the candidates where there are more, with what tells them apart.
Result<SecDef> choose(const Wanted& wanted, const std::vector<SecDef>& candidates);
// There is no stock of this name, but futures: IBKR alone says which is meant, by its number.
Error futures_instead(const Wanted& wanted, const std::vector<Future>& futures);

}  // namespace busbar::ibkr
