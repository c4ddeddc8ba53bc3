#include "router/core/rate_buckets.hpp"

#include <algorithm>
#include <cassert>

namespace busbar::router {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t ns_per_s = 1'000'000'000;

// What may be used of a limit by this kind of request.
std::uint64_t most_of(std::uint64_t limit, RequestKind kind, std::uint32_t reserve_percent) {
  if (kind == RequestKind::Cancel || limit == std::numeric_limits<std::uint64_t>::max()) return limit;
  const std::uint64_t percent = std::min<std::uint64_t>(reserve_percent, 100);
  return limit - (limit / 100 * percent + (limit % 100 * percent + 99) / 100);
}

// Calls visit(key, cost) for each bucket the request draws from, until one says false.
bool each_bucket(const Rate& rate, auto&& visit) {
  for (const RateCost& cost : rate.costs) {
    if (view(cost.request) != name_of(rate.kind)) continue;
    for (const RateLimit& limit : rate.limits) {
      if (limit.bucket != cost.bucket) continue;
      const BucketKey key{limit.bucket, limit.scope, limit.interval_ms};
      const bool is_anothers =
          limit.scope != rate.account &&
          std::ranges::any_of(rate.accounts, [&](const GatewayAccount& a) { return a.account == limit.scope; });
      if (!is_anothers && !visit(key, std::uint64_t{cost.cost} * rate.count)) return false;
    }
  }
  return true;
}

}  // namespace

std::string_view name_of(RequestKind kind) {
  constexpr std::string_view names[] = {"cancel", "replace", "place", "ask"};
  return names[static_cast<std::size_t>(kind)];
}

void Bucket::limit_to(std::uint64_t limit, std::uint64_t interval_ns, bool aligned) {
  const auto interval =
      static_cast<std::int64_t>(std::clamp<std::uint64_t>(interval_ns, 1, 366ull * 86'400 * ns_per_s));
  if (interval != interval_ns_ || aligned != is_aligned_) {
    slots_ = {};
    slot_ = 0;
    tail_ = previous_ = 0;
  }
  limit_ = limit;
  interval_ns_ = interval;
  is_aligned_ = aligned;
}

std::int64_t Bucket::slot_ns() const {
  return is_aligned_ ? interval_ns_ : std::max<std::int64_t>(1, (interval_ns_ + slices - 1) / slices);
}

// A command travels and clocks differ: what leaves this near a window's end may be counted in the next.
std::int64_t Bucket::edge_ns() const { return std::min(ns_per_s, interval_ns_ / 10); }

std::uint64_t Bucket::used(Timestamp now) const {
  Bucket then = *this;
  then.move_to(now);
  if (is_aligned_) return then.slots_[0];
  std::uint64_t sum = 0;
  for (const std::uint64_t slot : then.slots_) sum += slot;
  return sum;
}

void Bucket::move_to(Timestamp now) {
  const std::int64_t slot = now / slot_ns();
  if (slot <= slot_) return;
  if (is_aligned_) {
    const bool is_next = slot == slot_ + 1;
    previous_ = is_next ? slots_[0] : 0;
    slots_[0] = is_next ? tail_ : 0;
    tail_ = 0;
  } else {
    for (std::int64_t i = std::max(slot_ + 1, slot - slices - 1); i <= slot; ++i) {
      slots_[static_cast<std::size_t>(i % (slices + 2))] = 0;
    }
  }
  slot_ = slot;
}

bool Bucket::has_room(std::uint64_t cost, std::uint64_t most, Timestamp now) const {
  if (now < blocked_until_ns_) return false;
  const std::uint64_t already = used(now);
  return already <= most && cost <= most - already;
}

void Bucket::draw(std::uint64_t cost, Timestamp now) {
  move_to(now);
  slots_[is_aligned_ ? 0 : static_cast<std::size_t>(slot_ % (slices + 2))] += cost;
  if (is_aligned_ && now >= (slot_ + 1) * slot_ns() - edge_ns()) tail_ += cost;
}

void Bucket::raise(std::uint64_t total, Timestamp now) {
  move_to(now);
  const std::uint64_t known = used(now);
  if (total <= known) return;
  if (is_aligned_ && now < slot_ * slot_ns() + edge_ns() && total <= previous_) return;
  slots_[is_aligned_ ? 0 : static_cast<std::size_t>(slot_ % (slices + 2))] += total - known;
}

Timestamp Bucket::earliest(std::uint64_t cost, std::uint64_t most, Timestamp now) const {
  if (cost > most) return never;
  Timestamp at = std::max(now, blocked_until_ns_);
  // An aligned window may begin with the tail of the one before; a sliding one is empty after all its slots.
  for (std::int64_t tries = 0; tries <= slices + 3; ++tries) {
    if (has_room(cost, most, at)) return at;
    at = (at / slot_ns() + 1) * slot_ns();
  }
  return at;
}

void RateBuckets::declare(std::span<const RateLimit> limits) {
  for (const RateLimit& limit : limits) {
    const auto ns =
        std::min<std::uint64_t>(limit.interval_ms, std::numeric_limits<std::uint64_t>::max() / ns_per_ms) * ns_per_ms;
    buckets_[{limit.bucket, limit.scope, limit.interval_ms}].limit_to(limit.limit, ns, limit.aligned);
  }
}

void RateBuckets::use(const RateUsage& usage, Timestamp now) {
  bool is_known = false;
  for (auto& [key, bucket] : buckets_) {
    if (key.bucket != usage.bucket || key.scope != usage.scope) continue;
    is_known = true;
    bucket.block_until(usage.blocked_until_ns);
    if (key.interval_ms == usage.interval_ms) bucket.raise(usage.used, now);
  }
  // A ban in a bucket that nobody has declared yet is remembered for when somebody does.
  if (!is_known && usage.blocked_until_ns > now) {
    buckets_[{usage.bucket, usage.scope, usage.interval_ms}].block_until(usage.blocked_until_ns);
  }
}

bool RateBuckets::draw(const Rate& rate, std::uint32_t reserve_percent, Timestamp now) {
  const bool has_room = each_bucket(rate, [&](const BucketKey& key, std::uint64_t cost) {
    const auto at = buckets_.find(key);
    return at == buckets_.end() ||
           at->second.has_room(cost, most_of(at->second.limit(), rate.kind, reserve_percent), now);
  });
  if (!has_room) return false;
  each_bucket(rate, [&](const BucketKey& key, std::uint64_t cost) {
    if (const auto at = buckets_.find(key); at != buckets_.end()) at->second.draw(cost, now);
    return true;
  });
  return true;
}

Timestamp RateBuckets::earliest(const Rate& rate, std::uint32_t reserve_percent, Timestamp now) const {
  Timestamp latest = now;
  each_bucket(rate, [&](const BucketKey& key, std::uint64_t cost) {
    const auto at = buckets_.find(key);
    if (at != buckets_.end()) {
      latest =
          std::max(latest, at->second.earliest(cost, most_of(at->second.limit(), rate.kind, reserve_percent), now));
    }
    return latest != never;
  });
  return latest;
}

}  // namespace busbar::router
