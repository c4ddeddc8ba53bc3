#pragma once
// A market that moves by itself: the house quotes both sides around a price that walks at random, and now and then
// takes. All chance comes from one seed, so the same seed and the same number of steps give the same market.

#include <cstdint>
#include <random>
#include <vector>

#include "tools/venue/engine.hpp"

namespace busbar::venue {

class Market {
 public:
  // Opens the accounts "maker", "taker" and "house" with more money than any test can take from them.
  Market(Engine& engine, std::uint64_t seed, TimeUs now);

  void quote_all(TimeUs now, Events& events);  // every symbol once, so that the book is never empty at the start
  void step(TimeUs now, Events& events);       // one symbol moves; one time in three somebody takes
  void clear(TimeUs now, Events& events);      // takes all the house's quotes out of the book
  AccountId house() const { return house_; }

 private:
  void quote(SymbolId symbol, TimeUs now, Events& events);
  void cancel_quotes(SymbolId symbol, TimeUs now, Events& events);
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  Engine& engine_;
  std::mt19937_64 random_;
  AccountId maker_ = 0, taker_ = 0, house_ = 0;
  std::vector<std::int64_t> mid_ticks_;
};

}  // namespace busbar::venue
