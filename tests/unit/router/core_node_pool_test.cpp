#include "router/core/node_pool.hpp"

#include <cstring>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace busbar::router::test {
namespace {

TEST(NodePool, WhatANodeLeavesIsTheNextOnesOfItsSize) {
  NodePool pool;
  void* first = pool.allocate(200);
  void* second = pool.allocate(200);
  pool.deallocate(first, 200);
  pool.deallocate(second, 200);
  EXPECT_NE(pool.allocate(300), first);
  EXPECT_EQ(pool.allocate(193), second);  // sizes are counted in steps of 16
  EXPECT_EQ(pool.allocate(208), first);
}

TEST(NodePool, BlocksAreAlignedAndNeverShareAByte) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  NodePool pool;
  struct Block {
    std::size_t size;
    int mark;
  };
  std::map<unsigned char*, Block> blocks;
  for (int i = 0; i < 100'000; ++i) {
    if (random() % 100 == 0) pool.make_room();
    if (random() % 3 != 0 || blocks.empty()) {
      const std::size_t size = 1 + random() % 2000;
      auto* block = static_cast<unsigned char*>(pool.allocate(size));
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t), 0u);
      std::memset(block, i & 255, size);
      ASSERT_TRUE(blocks.emplace(block, Block{size, i & 255}).second);
      continue;
    }
    auto at = blocks.lower_bound(blocks.begin()->first + random() % (1u << 20));
    if (at == blocks.end()) at = blocks.begin();
    for (std::size_t k = 0; k < at->second.size; ++k) ASSERT_EQ(at->first[k], at->second.mark);
    pool.deallocate(at->first, at->second.size);
    blocks.erase(at);
  }
  EXPECT_GT(blocks.size(), 10'000u);
}

TEST(NodePool, HoldsTheNodesOfContainers) {
  NodePool pool;
  pool.make_room();
  std::pmr::map<int, std::array<char, 1500>> orders{&pool};
  std::pmr::set<int> names{&pool};
  for (int i = 0; i < 5'000; ++i) {
    orders[i].fill(static_cast<char>(i));
    names.insert(-i);
    if (i % 2 == 0) orders.erase(i / 2);
  }
  for (const auto& [i, bytes] : orders) ASSERT_EQ(bytes[1499], static_cast<char>(i));
  EXPECT_EQ(names.size(), 5'000u);
}

}  // namespace
}  // namespace busbar::router::test
