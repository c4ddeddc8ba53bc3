#include "router/core/node_pool.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

#include <sys/mman.h>
#include <sanitizer/asan_interface.h>  // an erased node is out of bounds there, as after delete; elsewhere nothing

namespace busbar::router {
namespace {

constexpr std::align_val_t slab_alignment{std::size_t{2} << 20};
constexpr std::size_t huge_from = std::size_t{4} << 20;  // a small state takes no more than it needs

}  // namespace

void NodePool::Slab::operator()(std::byte* slab) const { ::operator delete(slab, slab_alignment); }

void NodePool::make_room() {
  if (used_ < slabs_.size()) return;
  spare_ = std::clamp(total_, slab_min, slab_max);
  slabs_.emplace_back(static_cast<std::byte*>(::operator new(spare_, slab_alignment)));
  // A state that grows touches two new kilobytes an order: better by pages of two megabytes than by pages of four kilobytes.
  if (spare_ >= huge_from) ::madvise(slabs_.back().get(), spare_, MADV_HUGEPAGE);
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
