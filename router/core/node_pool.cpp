#include "router/core/node_pool.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

#include <sanitizer/asan_interface.h>  // an erased node is out of bounds there, as after delete; elsewhere nothing

namespace busbar::router {

void NodePool::make_room() {
  if (used_ < slabs_.size()) return;
  spare_ = std::clamp(total_, slab_min, slab_max);
  slabs_.push_back(std::make_unique_for_overwrite<std::byte[]>(spare_));
  total_ += spare_;
}

void* NodePool::do_allocate(std::size_t size, std::size_t alignment) {
  assert(alignment <= grain && size <= block_max);
  const std::size_t grains = (size + grain - 1) / grain;
  const std::size_t bytes = grains * grain;
  if (Free* block = free_[grains]) {
    ASAN_UNPOISON_MEMORY_REGION(block, bytes);
    free_[grains] = block->next;
    return block;
  }
  if (bytes > left_) {  // what is left of the slab is lost: less than one block
    make_room();
    next_ = slabs_[used_++].get();
    left_ = spare_;
  }
  left_ -= bytes;
  return std::exchange(next_, next_ + bytes);
}

void NodePool::do_deallocate(void* block, std::size_t size, std::size_t) {
  const std::size_t grains = (size + grain - 1) / grain;
  free_[grains] = ::new (block) Free{free_[grains]};
  ASAN_POISON_MEMORY_REGION(block, grains * grain);
}

}  // namespace busbar::router
