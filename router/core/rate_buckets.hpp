#pragma once
// How much a broker lets us ask: weighted buckets, named and limited by the gateways' hellos, drawn from before a
// command is sent, raised by what the broker's own headers count. All of it is core state, so a restart remembers what
// was used and who has banned us. Windows are cut by record time alone.

#include <array>
#include <cstdint>
#include <limits>
#include <memory_resource>
#include <map>
#include <span>
#include <tuple>

#include "router/core/canonical.hpp"

namespace busbar::router {

// In the order of service.
enum class RequestKind : std::uint8_t { Cancel, Replace, Place, Ask, MAX = Ask };
std::string_view name_of(RequestKind kind);  // as RateCost.request spells it: cancel, replace, place, ask

inline constexpr Timestamp never = std::numeric_limits<Timestamp>::max();

// One limit over one window length. A slot is a whole window where windows are aligned to the clock, a sixteenth of one
// where they slide; a sliding window is counted with all slots it touches and one more, for what is on its way, so that
// no window at the broker is fuller than it looks from here.
class Bucket {
 public:
  void limit_to(std::uint64_t limit, std::uint64_t interval_ns, bool aligned);
  // Is there room for `cost` at `now` when no more than `most` of the window may be used?
  bool has_room(std::uint64_t cost, std::uint64_t most, Timestamp now) const;
  void draw(std::uint64_t cost, Timestamp now);
  // The broker says so much is used: only ever raises. Of a window just begun, a count that fits the one before is its
  // echo.
  void raise(std::uint64_t used, Timestamp now);
  void block_until(Timestamp until) { blocked_until_ns_ = until > blocked_until_ns_ ? until : blocked_until_ns_; }
  // When will `cost` fit at the earliest, if nobody else draws? never: not even into an empty window.
  Timestamp earliest(std::uint64_t cost, std::uint64_t most, Timestamp now) const;

  std::uint64_t used(Timestamp now) const;
  std::uint64_t limit() const { return limit_; }
  Timestamp blocked_until_ns() const { return blocked_until_ns_; }

  template <class A>
  friend void fields(A& a, typename A::template Ref<Bucket> x) {
    a(x.limit_, x.interval_ns_, x.is_aligned_, x.blocked_until_ns_, x.slot_, x.slots_, x.tail_, x.previous_);
  }

 private:
  static constexpr std::int64_t slices = 16;
  std::int64_t slot_ns() const;
  std::int64_t edge_ns() const;
  void move_to(Timestamp now);

  std::uint64_t limit_ = std::numeric_limits<std::uint64_t>::max();
  std::int64_t interval_ns_ = 1'000'000'000;
  bool is_aligned_ = false;
  Timestamp blocked_until_ns_ = 0;
  std::int64_t slot_ = 0;                             // number of the newest slot
  std::array<std::uint64_t, slices + 2> slots_{};     // by number modulo; aligned: only the first is used
  std::uint64_t tail_ = 0;      // aligned: drawn at the window's very end, so the broker may count it in the next
  std::uint64_t previous_ = 0;  // aligned: what the window before had used
};

struct BucketKey {
  Name bucket;
  Name scope;
  std::uint64_t interval_ms = 0;
  friend bool operator<(const BucketKey& a, const BucketKey& b) {
    return std::tie(a.bucket, a.scope, a.interval_ms) < std::tie(b.bucket, b.scope, b.interval_ms);
  }
};

template <class A>
void fields(A& a, typename A::template Ref<BucketKey> x) {
  a(x.bucket, x.scope, x.interval_ms);
}

// Who asks: which limits apply, and what its request costs. Both as its gateway declared them.
struct Rate {
  std::span<const RateLimit> limits;
  std::span<const RateCost> costs;
  std::span<const GatewayAccount> accounts;  // a scope that is the name of another account is not drawn from
  Name account;
  RequestKind kind = RequestKind::Place;
  std::uint32_t count = 1;  // of requests that must leave together
};

class RateBuckets {
 public:
  explicit RateBuckets(std::pmr::memory_resource* memory) : buckets_{memory} {}

  void declare(std::span<const RateLimit> limits);
  void use(const RateUsage& usage, Timestamp now);
  // Draws from every bucket the request costs, or from none. Only cancels may use the last `reserve_percent`.
  bool draw(const Rate& rate, std::uint32_t reserve_percent, Timestamp now);
  Timestamp earliest(const Rate& rate, std::uint32_t reserve_percent, Timestamp now) const;

  const std::pmr::map<BucketKey, Bucket>& all() const { return buckets_; }

  template <class A>
  friend void fields(A& a, typename A::template Ref<RateBuckets> x) {
    a(x.buckets_);
  }

 private:
  std::pmr::map<BucketKey, Bucket> buckets_;
};

}  // namespace busbar::router
