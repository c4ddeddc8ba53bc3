#pragma once
// Finds items by a hash of what they are called. Each carries its own link, so that an item costs a pointer here and no name
// is kept twice. The table grows by a bucket with each item (linear hashing: W. Litwin, 1980), so that no order waits while all
// that are known are moved. Order of iteration says nothing: what leaves the core in an order is sorted where it leaves.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <new>
#include <string_view>
#include <vector>

namespace busbar::router {

// The same on every machine, and no secret: whoever may name orders may slow down his own router.
inline std::uint32_t hash_of_text(std::string_view text) {
  constexpr std::uint64_t golden = 0x9E3779B97F4A7C15;  // 2^64 divided by the golden ratio: no bit stays where it is
  std::uint64_t sum = text.size();
  const auto mix = [&sum](std::uint64_t word) {
    sum = (sum ^ word) * golden;
    sum ^= sum >> 32;
  };
  std::uint64_t word = 0;
  for (; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
    std::memcpy(&word, text.data(), sizeof word);
    mix(word);
  }
  word = 0;
  for (const char c : text) word = word << 8 | static_cast<unsigned char>(c);
  mix(word);
  return static_cast<std::uint32_t>(sum);
}

template <class Item>
struct Link {
  Item* next = nullptr;
  std::uint32_t hash = 0;
  bool is_in = false;
};

template <class Item, Link<Item> Item::* link>
class Chains {
 public:
  explicit Chains(std::pmr::memory_resource* memory) : memory_{memory} {}
  Chains(const Chains&) = delete;
  Chains& operator=(const Chains&) = delete;

  void insert(Item& item, std::uint32_t hash) {
    if (count_ == buckets_) add_bucket();
    ++count_;
    Item*& first = bucket(index_of(hash));
    item.*link = {first, hash, true};
    first = &item;
  }

  void erase(Item& item) {
    Item** at = &bucket(index_of((item.*link).hash));
    while (*at != &item) at = &((*at)->*link).next;
    *at = (item.*link).next;
    item.*link = {};
    --count_;
  }

  // The first of them that `is` says is meant.
  template <class Is>
  Item* find(std::uint32_t hash, const Is& is) const {
    if (count_ == 0) return nullptr;
    for (Item* at = bucket(index_of(hash)); at != nullptr; at = (at->*link).next) {
      if ((at->*link).hash == hash && is(*at)) return at;
    }
    return nullptr;
  }

  std::size_t size() const { return count_; }

  // Ahead of need: of the pages the list grows here; the pages themselves are blocks of the pool.
  void make_room() {
    if (pages_.size() + pages_ahead > pages_.capacity()) pages_.reserve(2 * (pages_.size() + pages_ahead));
  }

 private:
  static constexpr std::size_t page_size = 4096 / sizeof(Item*);
  static constexpr std::size_t pages_ahead = 32;
  using Page = std::array<Item*, page_size>;

  Item*& bucket(std::size_t index) { return (*pages_[index / page_size])[index % page_size]; }
  Item* bucket(std::size_t index) const { return (*pages_[index / page_size])[index % page_size]; }

  // As many bits of the hash as the last bucket's number has; of what would lie behind that, one less.
  std::size_t index_of(std::uint32_t hash) const {
    const std::size_t width = std::bit_ceil(buckets_);
    const std::size_t index = hash & (width - 1);
    return index < buckets_ ? index : index - width / 2;
  }

  // Of the bucket that has one bit less, it takes what belongs to it now.
  void add_bucket() {
    if (buckets_ % page_size == 0)
      pages_.push_back(::new (memory_->allocate(sizeof(Page), alignof(Page))) Page{});
    const std::size_t added = buckets_++;
    if (added == 0) return;
    Item** at = &bucket(added - std::bit_floor(added));
    Item*& taken = bucket(added);
    while (Item* item = *at) {
      Link<Item>& its = item->*link;
      if (index_of(its.hash) != added) {
        at = &its.next;
        continue;
      }
      *at = its.next;
      its.next = taken;
      taken = item;
    }
  }

  std::pmr::memory_resource* memory_;  // a pool, which takes its pages back when it ends
  std::vector<Page*> pages_;
  std::size_t buckets_ = 0;
  std::size_t count_ = 0;
};

}  // namespace busbar::router
