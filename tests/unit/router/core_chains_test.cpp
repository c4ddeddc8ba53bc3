#include "router/core/chains.hpp"

#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "router/core/node_pool.hpp"

namespace busbar::router::test {
namespace {

struct Item {
  std::string name;
  Link<Item> by_name;
};

TEST(Chains, FindWhatIsInAndNothingElseWhateverCameAndWent) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  NodePool pool;
  Chains<Item, &Item::by_name> chains{&pool};
  std::deque<Item> items;
  std::multimap<std::string, Item*> model;
  // Few hashes, so that chains are long, and what has the same hash is not the same.
  const auto hash = [](const std::string& name) { return hash_of_text(name) & 0xFF0000FF; };
  for (int i = 0; i < 20'000; ++i) {
    if (random() % 50 == 0) chains.make_room();
    const std::string name = "o" + std::to_string(random() % 5'000);
    if (random() % 3 != 0 || model.empty()) {
      items.push_back({name, {}});
      chains.insert(items.back(), hash(name));
      model.emplace(name, &items.back());
    } else if (const auto at = model.find(name); at != model.end()) {
      chains.erase(*at->second);
      EXPECT_FALSE(at->second->by_name.is_in);
      model.erase(at);
    }
    ASSERT_EQ(chains.size(), model.size());
    const std::string asked = "o" + std::to_string(random() % 6'000);
    std::set<Item*> found;
    chains.find(hash(asked), [&](Item& item) {
      if (item.name == asked) found.insert(&item);
      return false;
    });
    std::set<Item*> expected;
    for (auto [at, end] = model.equal_range(asked); at != end; ++at) expected.insert(at->second);
    ASSERT_EQ(found, expected) << asked;
  }
}

TEST(Chains, StayShortWhenNamesAreCounted) {
  NodePool pool;
  Chains<Item, &Item::by_name> chains{&pool};
  std::deque<Item> items;
  for (int i = 0; i < 50'000; ++i) {
    items.push_back({"order-" + std::to_string(i), {}});
    chains.insert(items.back(), hash_of_text(items.back().name));
  }
  std::size_t looked_at = 0;
  for (const Item& item : items) {
    chains.find(item.by_name.hash, [&](const Item& each) {
      ++looked_at;
      return each.name == item.name;
    });
  }
  EXPECT_LT(looked_at, items.size() + items.size() / 100);  // whole hashes are compared first, and they differ
  std::map<std::uint32_t, int> lengths;
  for (const Item& item : items) ++lengths[item.by_name.hash % 65'536];
  for (const auto& [bucket, length] : lengths) ASSERT_LT(length, 12) << bucket;
}

TEST(Chains, AHashSaysTheSameOnEveryMachine) {
  EXPECT_EQ(hash_of_text(""), hash_of_text(std::string_view{}));
  EXPECT_NE(hash_of_text("order-1"), hash_of_text("order-2"));
  EXPECT_NE(hash_of_text("order-12"), hash_of_text(std::string_view{"order-12\0", 9}));
  EXPECT_NE(hash_of_text("123456789"), hash_of_text("1234567890"));
}

}  // namespace
}  // namespace busbar::router::test
