#include "tools/venue/binance/limits.hpp"

#include <algorithm>

namespace busbar::venue::binance {
namespace {
constexpr TimeUs second = 1'000'000;
constexpr TimeUs minute = 60 * second;
constexpr TimeUs day = 24 * 60 * minute;
TimeUs next(TimeUs now, TimeUs length) { return now - now % length + length; }
}  // namespace

std::int64_t& Limits::Counter::at(TimeUs now, TimeUs length) {
  if (const TimeUs current = now - now % length; start != current) {
    start = current;
    count = 0;
  }
  return count;
}

Limits::Verdict Limits::admit(const std::string& name, std::int64_t weight, TimeUs now) {
  Address& address = addresses_[name];
  if (now < address.banned_until) return {Verdict::Banned, address.banned_until};
  const TimeUs minute_before = address.weight.start;
  std::int64_t& used = address.weight.at(now, minute);
  if (address.weight.start != minute_before) address.strikes = 0;
  std::int64_t& raw = address.raw.at(now, 5 * minute);
  used += weight;
  ++raw;
  const bool is_raw = raw > settings_.raw_per_5_minutes;
  if (used <= settings_.weight_per_minute && !is_raw) return {};
  if (++address.strikes > settings_.strikes) {  // each ban is twice as long as the one before
    address.banned_until =
        now + settings_.ban_seconds * second * (std::int64_t{1} << std::min<std::int64_t>(address.bans++, 11));
    address.strikes = 0;
    return {Verdict::Banned, address.banned_until};
  }
  return {Verdict::TooMany, next(now, is_raw ? 5 * minute : minute)};
}

Limits::Verdict Limits::admit_connection(const std::string& name, TimeUs now) {
  Address& address = addresses_[name];
  if (now < address.banned_until) return {Verdict::Banned, address.banned_until};
  if (++address.connections.at(now, 5 * minute) <= settings_.connections_per_5_minutes) return {};
  return {Verdict::TooMany, next(now, 5 * minute)};
}

void Limits::ban(const std::string& address, TimeUs until) { addresses_[address].banned_until = until; }

void Limits::refund(const std::string& address, std::int64_t weight, TimeUs now) {
  std::int64_t& used = addresses_[address].weight.at(now, minute);
  used = std::max<std::int64_t>(0, used - weight);
}

std::int64_t Limits::used_weight(const std::string& address, TimeUs now) {
  return addresses_[address].weight.at(now, minute);
}

Limits::OrderVerdict Limits::admit_order(AccountId account, TimeUs now, std::int64_t orders) {
  const auto [ten_seconds, today] = order_counts(account, now);
  if (today + orders > settings_.orders_per_day) return {false, true, next(now, day)};
  if (ten_seconds + orders > settings_.orders_per_10_seconds) return {false, false, next(now, 10 * second)};
  return {};
}

void Limits::count_order(AccountId account, TimeUs now, std::int64_t orders) {
  orders_[account].ten_seconds.at(now, 10 * second) += orders;
  orders_[account].day.at(now, day) += orders;
}

void Limits::count_first_fill(AccountId account, TimeUs now) {
  for (std::int64_t* count : {&orders_[account].ten_seconds.at(now, 10 * second), &orders_[account].day.at(now, day)}) {
    *count = std::max<std::int64_t>(0, *count - 1);
  }
}

std::array<std::int64_t, 2> Limits::order_counts(AccountId account, TimeUs now) {
  return {orders_[account].ten_seconds.at(now, 10 * second), orders_[account].day.at(now, day)};
}

}  // namespace busbar::venue::binance
