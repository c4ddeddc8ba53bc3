#pragma once
// Memory for the nodes of the state's containers. What an erased node leaves behind goes to the next one of its size; a
// new one is cut from a slab. Slabs are taken from the system in make_room(), ahead of need, so that no order waits for
// that.

#include <array>
#include <cstddef>
#include <memory>
#include <memory_resource>
#include <vector>

namespace busbar::router {

class NodePool : public std::pmr::memory_resource {
 public:
  // Takes a slab when none lies ready. It is as large as all before it, so that there is room to double what the state
  // holds, up to slab_max; memory that is not used yet costs address space alone.
  void make_room();

 private:
  struct Free {
    Free* next;
  };
  struct Slab {  // how one is given back
    void operator()(std::byte* slab) const;
  };
  void* do_allocate(std::size_t size, std::size_t alignment) override;
  void do_deallocate(void* block, std::size_t size, std::size_t alignment) override;
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }

  static constexpr std::size_t grain = alignof(std::max_align_t);
  static constexpr std::size_t block_max = 4096;
  static constexpr std::size_t slab_min = std::size_t{1} << 20;
  static constexpr std::size_t slab_max = std::size_t{64} << 20;

  std::array<Free*, block_max / grain + 1> free_{};  // by size, in grains
  std::byte* next_ = nullptr;                        // what is left of the newest slab that is in use
  std::size_t left_ = 0;
  std::vector<std::unique_ptr<std::byte, Slab>> slabs_;
  std::size_t used_ = 0;      // slabs in use; one behind them lies ready
  std::size_t spare_ = 0;     // its size
  std::size_t total_ = 0;     // bytes of all slabs
};

}  // namespace busbar::router
