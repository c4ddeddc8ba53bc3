#include "bus/hub/hub.hpp"

#include <spdlog/spdlog.h>

#include "bus/topic.hpp"

namespace busbar::hub {
namespace {

constexpr std::size_t message_size_max = 64u << 10;  // a quote has some 200 bytes; this bounds what topics_max may hold

template <class T>
std::string topic_of(Channel channel, const T& data, std::uint32_t bar_interval_ms = 0) {
  return busbar::topic_of(channel, view(data.source), view(data.symbol), bar_interval_ms);
}

}  // namespace

std::string topic_of(const Body& body) {
  if (const auto* quote = std::get_if<Quote>(&body)) return topic_of(Channel::Quote, *quote);
  if (const auto* trade = std::get_if<Trade>(&body)) return topic_of(Channel::Trade, *trade);
  if (const auto* bar = std::get_if<Bar>(&body)) return topic_of(Channel::Bar, *bar, bar->interval_ms);
  if (const auto* book = std::get_if<Book>(&body)) return topic_of(Channel::Book, *book);
  if (const auto* ticker = std::get_if<Ticker>(&body)) return topic_of(Channel::Ticker, *ticker);
  return {};
}

Hub::Hub(boost::asio::io_context& loop, const Config& config, const Name& life)
    : config_{config},
      clock_{0},
      in_{loop, bus::Kind::XSub, {.frame_size_max = message_size_max}},
      out_{loop, bus::Kind::XPub, {.send_queue_max = config.subscriber_queue_max}},
      audit_{loop,
             {.address = config.bus.audit_market,
              .stream = "market",
              .kind = RecordKind::Market,
              .environment = config.environment,
              .sender = "hub",
              .session = life,
              .bytes_max = config.audit_bytes_max}} {
  in_.on_message([this](const bus::RoutingId&, std::string_view topic, std::span<const std::uint8_t> bytes) {
    on_market_data(topic, bytes);
  });
  out_.on_subscription([this](std::string_view prefix, bool subscribed) {
    if (subscribed) on_subscription(prefix);
  });
  // Many subscriptions at once, as after a restart, are answered together: each last value once.
  out_.on_batch_end([this] { send_last_values(); });
  in_.bind(config.bus.quotes_in);
  in_.subscribe("");
  out_.bind(config.bus.quotes_out);
}

void Hub::stop(std::function<void()> done) {
  in_.pause();
  out_.pause();
  audit_.stop(std::move(done));
}

void Hub::on_market_data(std::string_view topic, std::span<const std::uint8_t> bytes) {
  const auto message = decode(bytes);
  const std::string own_topic = message ? topic_of(message->body) : std::string{};
  if (own_topic.empty() || message->header.environment != config_.environment || own_topic != topic) {
    if (dropped_++ == 0) {
      spdlog::warn("what came under the topic {} is dropped: {}", topic,
                   !message                                                   ? message.error().text
                   : message->header.environment != config_.environment ? "it is of the other environment"
                                                                         : "it is not what the topic says");
    }
    return;
  }
  ++forwarded_;
  static_cast<void>(out_.publish(topic, bytes));
  audit_.append(bytes, clock_.now());

  auto last = last_values_.find(topic);
  if (last == last_values_.end()) {
    if (last_values_.size() >= config_.topics_max) {
      if (!std::exchange(is_full_, true)) spdlog::warn("more than {} topics: of the others no last value is kept", config_.topics_max);
      return;
    }
    last = last_values_.emplace(topic, Bytes{}).first;
  }
  last->second.assign(bytes.begin(), bytes.end());
}

void Hub::on_subscription(std::string_view prefix) {
  constexpr std::size_t prefix_size_max = 256;  // longer than any topic, so nothing could begin so
  if (prefix.size() <= prefix_size_max) asked_.emplace(prefix);
}

// To everyone who subscribed to them: ZeroMQ sends to no one alone. A receiver knows by the sequence what it has had.
void Hub::send_last_values() {
  std::set<std::string_view> topics;
  for (const std::string& prefix : asked_) {
    const std::size_t end = prefix.find('\0');
    if (end != prefix.npos) {  // with its NUL, a topic as a whole
      if (const auto last = last_values_.find(std::string_view{prefix}.substr(0, end)); last != last_values_.end()) {
        topics.insert(last->first);
      }
      continue;
    }
    for (auto last = last_values_.lower_bound(prefix); last != last_values_.end() && last->first.starts_with(prefix); ++last) {
      topics.insert(last->first);
    }
  }
  asked_.clear();
  for (const std::string_view topic : topics) static_cast<void>(out_.publish(topic, last_values_.find(topic)->second));
}

}  // namespace busbar::hub
