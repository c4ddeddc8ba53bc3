#include "bus/topic.hpp"

namespace busbar {
namespace {

struct Interval {
  std::string_view name;
  std::uint32_t ms;
};

constexpr std::uint32_t s = 1'000, m = 60 * s, h = 60 * m, d = 24 * h;
constexpr Interval intervals[] = {{"1s", s},     {"1m", m},     {"3m", 3 * m}, {"5m", 5 * m},   {"15m", 15 * m},
                                  {"30m", 30 * m}, {"1h", h},   {"2h", 2 * h}, {"4h", 4 * h},   {"6h", 6 * h},
                                  {"8h", 8 * h}, {"12h", 12 * h}, {"1d", d},   {"3d", 3 * d},   {"1w", 7 * d}};

std::string_view prefix_of(Channel channel) {
  switch (channel) {
    case Channel::Quote: return "quote.";
    case Channel::Trade: return "trade.";
    case Channel::Bar: return "bar.";
    case Channel::Book: return "book.";
    case Channel::Ticker: return "ticker.";
    case Channel::Unset: break;
  }
  return {};
}

}  // namespace

std::optional<std::string_view> interval_name(std::uint32_t interval_ms) {
  for (const Interval& interval : intervals) {
    if (interval.ms == interval_ms) return interval.name;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> interval_of(std::string_view name) {
  for (const Interval& interval : intervals) {
    if (interval.name == name) return interval.ms;
  }
  return std::nullopt;
}

std::string interval_names() {
  std::string names;
  for (const Interval& interval : intervals) names.append(names.empty() ? "" : " ").append(interval.name);
  return names;
}

std::string topic_of(Channel channel, std::string_view source, std::string_view symbol, std::uint32_t bar_interval_ms) {
  std::string topic{prefix_of(channel)};
  if (topic.empty()) return topic;
  if (channel == Channel::Bar) {
    const auto interval = interval_name(bar_interval_ms);
    if (!interval) return {};
    topic.append(*interval).append(".");
  }
  return topic.append(source).append(".").append(symbol);
}

bool is_topic_of(std::string_view topic, Channel channel, std::string_view source, std::string_view symbol,
                 std::uint32_t bar_interval_ms) {
  const auto take = [&topic](std::string_view part) {
    const bool is_there = topic.starts_with(part);
    if (is_there) topic.remove_prefix(part.size());
    return is_there;
  };
  const std::string_view prefix = prefix_of(channel);
  if (prefix.empty() || !take(prefix)) return false;
  if (channel == Channel::Bar) {
    const auto interval = interval_name(bar_interval_ms);
    if (!interval || !take(*interval) || !take(".")) return false;
  }
  return take(source) && take(".") && topic == symbol;
}

}  // namespace busbar
