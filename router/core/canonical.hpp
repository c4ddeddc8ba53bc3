#pragma once
// The canonical encoding of the core's state: the one description per struct, `fields(archive, value)`, is used to
// write a snapshot, to hash the state and to read a snapshot back. Little-endian, lengths before contents, maps in
// their order; two equal states have equal bytes, on every machine. Reading trusts nothing: what does not fit is an
// error, never a crash.

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "bus/messages.hpp"

namespace busbar::router {

// Wire enums name their least and largest value; so do the core's own.
template <class T>
concept BoundedEnum = std::is_enum_v<T> && requires { T::MAX; };

// Turns values into bytes for `Sink`, a thing that takes (const void*, size).
template <class Sink>
class Writer {
 public:
  static constexpr bool is_reading = false;
  template <class T>
  using Ref = const T&;

  explicit Writer(Sink& sink) : sink_{sink} {}

  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }

 private:
  void put(bool value) { integer(static_cast<std::uint8_t>(value)); }
  void put(std::integral auto value) { integer(static_cast<std::make_unsigned_t<decltype(value)>>(value)); }
  template <BoundedEnum T>
  void put(T value) {
    put(static_cast<std::underlying_type_t<T>>(value));
  }
  void put(const Decimal& value) {
    put(value.mantissa());
    put(static_cast<std::int8_t>(value.exponent()));
  }
  template <std::size_t N>
  void put(const Text<N>& value) {
    put(static_cast<std::uint16_t>(value.size()));
    sink_(value.data(), value.size());
  }
  template <class T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <class T, std::size_t N>
  void put(const std::array<T, N>& values) {
    for (const T& value : values) put(value);
  }
  template <class A, class B>
  void put(const std::pair<A, B>& value) {
    put(value.first);
    put(value.second);
  }
  template <class T>
    requires requires(const T& t) { t.size(), t.begin(), t.end(); typename T::allocator_type; }
  void put(const T& values) {
    put(static_cast<std::uint64_t>(values.size()));
    for (const auto& value : values) put(value);
  }
  template <class T>
    requires std::is_class_v<T> && requires(Writer& self, const T& t) { fields(self, t); }
  void put(const T& value) {
    fields(*this, value);
  }

  template <std::unsigned_integral T>
  void integer(T value) {
    std::array<std::uint8_t, sizeof(T)> bytes;
    for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
    sink_(bytes.data(), bytes.size());
  }

  Sink& sink_;
};

// Reads what a Writer wrote. After the first thing that does not fit nothing more is read, and error() says what it
// was.
class Reader {
 public:
  static constexpr bool is_reading = true;
  template <class T>
  using Ref = T&;

  explicit Reader(std::span<const std::uint8_t> bytes) : bytes_{bytes} {}

  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  std::string_view error() const { return error_; }
  bool is_at_end() const { return bytes_.empty(); }
  void refuse(std::string_view reason) {
    if (error_.empty()) error_ = reason;
  }

 private:
  void get(bool& value) {
    const auto byte = integer<std::uint8_t>();
    if (byte > 1) refuse("a flag is neither 0 nor 1");
    value = byte == 1;
  }
  template <std::integral T>
  void get(T& value) {
    value = static_cast<T>(integer<std::make_unsigned_t<T>>());
  }
  template <BoundedEnum T>
  void get(T& value) {
    std::underlying_type_t<T> number{};
    get(number);
    if (number > static_cast<std::underlying_type_t<T>>(T::MAX)) return refuse("an enum is out of range");
    value = static_cast<T>(number);
  }
  void get(Decimal& value) {
    std::int64_t mantissa = 0;
    std::int8_t exponent = 0;
    get(mantissa);
    get(exponent);
    const auto decimal = Decimal::from_parts(mantissa, exponent);
    if (!decimal) return refuse("a decimal's exponent is out of range");
    value = *decimal;
  }
  template <std::size_t N>
  void get(Text<N>& value) {
    const auto size = integer<std::uint16_t>();
    if (size > N) return refuse("a text is too long");
    const auto taken = take(size);
    value.assign(reinterpret_cast<const char*>(taken.data()), taken.size());
  }
  template <class T>
  void get(std::optional<T>& value) {
    bool has_value = false;
    get(has_value);
    value.reset();
    if (has_value) get(value.emplace());
  }
  template <class T, std::size_t N>
  void get(std::array<T, N>& values) {
    for (T& value : values) get(value);
  }
  template <class A, class B>
  void get(std::pair<A, B>& value) {
    get(value.first);
    get(value.second);
  }
  template <class T, class A>
  void get(std::vector<T, A>& values) {
    values.clear();
    for (std::uint64_t left = count(); left > 0 && error_.empty(); --left) get(values.emplace_back());
  }
  template <class K, class V, class C, class A>
  void get(std::map<K, V, C, A>& values) {
    values.clear();
    for (std::uint64_t left = count(); left > 0 && error_.empty(); --left) {
      K key{};
      get(key);
      if (!values.empty() && !values.key_comp()(values.rbegin()->first, key)) return refuse("a map is not in order");
      get(values.emplace_hint(values.end(), std::piecewise_construct, std::forward_as_tuple(key), std::tuple<>{})
              ->second);
    }
  }
  template <class K, class C, class A>
  void get(std::set<K, C, A>& values) {
    values.clear();
    for (std::uint64_t left = count(); left > 0 && error_.empty(); --left) {
      K key{};
      get(key);
      if (!values.empty() && !(*values.rbegin() < key)) return refuse("a set is not in order");
      values.emplace_hint(values.end(), key);
    }
  }
  template <class T>
    requires std::is_class_v<T> && requires(Reader& self, T& t) { fields(self, t); }
  void get(T& value) {
    fields(*this, value);
  }

  // Every element has at least a byte, so a count larger than what is left is a lie.
  std::uint64_t count() {
    const auto number = integer<std::uint64_t>();
    if (number <= bytes_.size()) return number;
    refuse("a count is larger than the bytes that are left");
    return 0;
  }
  std::span<const std::uint8_t> take(std::size_t size) {
    if (size > bytes_.size()) {
      refuse("the bytes end early");
      bytes_ = {};
    }
    if (!error_.empty()) return {};
    const auto taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }
  template <std::unsigned_integral T>
  T integer() {
    std::uint64_t value = 0;
    const auto taken = take(sizeof(T));
    for (std::size_t i = 0; i < taken.size(); ++i) value |= std::uint64_t{taken[i]} << (8 * i);
    return static_cast<T>(value);
  }

  std::span<const std::uint8_t> bytes_;
  std::string_view error_;
};

// ---- The bus's structs that the state keeps.

template <class A>
void fields(A& a, typename A::template Ref<NewOrder> x) {
  a(x.client_order_id, x.account, x.symbol, x.side, x.order_type, x.time_in_force, x.order_qty, x.cash_order_qty,
    x.price, x.stop_px, x.trailing_delta_bps, x.display_qty, x.expire_date_ns, x.post_only, x.reduce_only,
    x.extended_hours, x.rounding, x.self_trade_prevention, x.cancel_on_disconnect, x.allow_duplicate, x.strategy,
    x.approval_id);
}

template <class A>
void fields(A& a, typename A::template Ref<CancelOrder> x) {
  a(x.client_order_id, x.orig_client_order_id, x.order_id);
}

template <class A>
void fields(A& a, typename A::template Ref<ReplaceOrder> x) {
  a(x.client_order_id, x.orig_client_order_id, x.order_id, x.order_qty, x.price, x.stop_px, x.rounding);
}

template <class A>
void fields(A& a, typename A::template Ref<CancelAll> x) {
  a(x.client_order_id, x.account, x.symbol, x.side);
}

template <class A>
void fields(A& a, typename A::template Ref<SessionState> x) {
  a(x.gateway, x.account, x.state, x.order_stream, x.rest, x.market_data, x.deadline_ns, x.reason, x.clock_offset_ns,
    x.reconciled);
}

template <class A>
void fields(A& a, typename A::template Ref<AbsenceRule> x) {
  a(x.bound_ms, x.look_ups, x.full_paging);
}

template <class A>
void fields(A& a, typename A::template Ref<Offer> x) {
  a(x.order_type, x.times_in_force);
}

template <class A>
void fields(A& a, typename A::template Ref<Capabilities> x) {
  a(x.order_types, x.times_in_force, x.can_replace, x.can_post_only, x.can_cash_order_qty, x.can_iceberg,
    x.can_trailing_stop, x.can_extended_hours, x.can_order_lists, x.has_order_book, x.fill_quantity, x.absence_rule,
    x.venue_order_id_length, x.offers, x.post_only_times_in_force, x.can_prevent_self_trade);
}

template <class A>
void fields(A& a, typename A::template Ref<RateLimit> x) {
  a(x.bucket, x.scope, x.interval_ms, x.limit, x.aligned);
}

template <class A>
void fields(A& a, typename A::template Ref<RateCost> x) {
  a(x.request, x.bucket, x.cost);
}

template <class A>
void fields(A& a, typename A::template Ref<TradingSession> x) {
  a(x.kind, x.open_ns, x.close_ns);
}

template <class A>
void fields(A& a, typename A::template Ref<MarketHours> x) {
  a(x.market, x.sessions);
}

template <class A>
void fields(A& a, typename A::template Ref<Instrument> x) {
  a(x.symbol, x.broker_symbol, x.base, x.quote, x.status, x.order_types, x.tick_size, x.min_price, x.max_price,
    x.lot_size, x.min_qty, x.max_qty, x.market_lot_size, x.market_min_qty, x.market_max_qty, x.min_notional,
    x.max_notional, x.min_notional_applies_to_market, x.max_notional_applies_to_market, x.can_iceberg,
    x.can_cash_order_qty, x.can_trailing_stop, x.base_precision, x.quote_precision, x.can_replace, x.can_amend,
    x.can_oco, x.can_oto, x.iceberg_parts_max, x.trailing_delta_min_bps, x.trailing_delta_max_bps, x.market,
    x.times_in_force, x.cash_order_qty_times_in_force, x.fraction_size, x.low_price, x.low_tick_size, x.broker_id,
    x.trailing_order_types);
}

template <class A>
void fields(A& a, typename A::template Ref<ClientRule> x) {
  a(x.client, x.accounts, x.may_trade, x.may_kill);
}

template <class A>
void fields(A& a, typename A::template Ref<AccountRule> x) {
  a(x.account, x.gateway, x.max_order_qty, x.max_order_notional, x.session_end_margin_ms, x.market_closed,
    x.queue_for_open_ms);
}

template <class A>
void fields(A& a, typename A::template Ref<SymbolRule> x) {
  a(x.account, x.symbol, x.max_order_qty, x.max_order_notional, x.restricted);
}

template <class A>
void fields(A& a, typename A::template Ref<Configuration> x) {
  a(x.environment, x.journal_id, x.clients, x.accounts, x.symbols, x.order_ttl_ms, x.heartbeat_interval_ms,
    x.heartbeat_liveness, x.client_order_id_days, x.rate_reserve_percent);
}

template <class A>
void fields(A& a, typename A::template Ref<Subscribe> x) {
  a(x.source, x.symbol, x.channel, x.bar_interval_ms, x.lease_ms);
}

}  // namespace busbar::router
