#pragma once
// Chance for property tests: the seed is drawn anew each time and shown when a test fails, and BUSBAR_SEED repeats it.

#include <cstdint>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

namespace busbar {

inline std::uint64_t draw_seed() {
  if (const char* text = std::getenv("BUSBAR_SEED")) return std::strtoull(text, nullptr, 10);
  return std::random_device{}();
}

class Random {
 public:
  explicit Random(std::uint64_t seed = draw_seed()) : seed_{seed}, engine_{seed} {}
  std::uint64_t seed() const { return seed_; }
  std::uint64_t bits() { return engine_(); }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>{least, most}(engine_);
  }
  bool one_in(int n) { return between(1, n) == 1; }

 private:
  std::uint64_t seed_;
  std::mt19937_64 engine_;
};

}  // namespace busbar

#define BUSBAR_TRACE_SEED(random) SCOPED_TRACE("BUSBAR_SEED=" + std::to_string((random).seed()))
