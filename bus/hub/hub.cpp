#include "bus/hub/hub.hpp"

#include <flatbuffers/flatbuffers.h>
#include <spdlog/spdlog.h>

#include "bus/topic.hpp"
#include "schemas/message_generated.h"

namespace busbar::hub {
namespace {

constexpr std::chrono::milliseconds audit_gather{500};  // of what auditd syncs a little later anyway
constexpr std::size_t message_size_max = 64u << 10;  // a quote has some 200 bytes; this bounds what topics_max may hold

// What says where a message belongs.
struct MarketData {
  Environment environment = Environment::Unset;
  Channel channel = Channel::Unset;
  std::string_view source;
  std::string_view symbol;
  std::uint32_t bar_interval_ms = 0;
};

template <class T>
void read(const T& data, Channel channel, MarketData& out) {
  out.channel = channel;
  out.source = {data.source()->data(), data.source()->size()};
  out.symbol = {data.symbol()->data(), data.symbol()->size()};
}

// Of what is no message, or none of market data, there is no channel.
MarketData read(std::span<const std::uint8_t> bytes) {
  constexpr flatbuffers::uoffset_t depth_max = 8;
  constexpr flatbuffers::uoffset_t tables_max = 64;
  MarketData out;
  flatbuffers::Verifier verifier{bytes.data(), bytes.size(), depth_max, tables_max};
  if (!wire::VerifyMessageBuffer(verifier)) return out;
  const wire::Message& message = *wire::GetMessage(bytes.data());
  if (message.body() == nullptr || message.header()->schema_version() != 1) return out;
  out.environment = message.header()->environment();
  switch (message.body_type()) {
    case wire::Body::Quote: read(*message.body_as_Quote(), Channel::Quote, out); break;
    case wire::Body::Trade: read(*message.body_as_Trade(), Channel::Trade, out); break;
    case wire::Body::Book: read(*message.body_as_Book(), Channel::Book, out); break;
    case wire::Body::Ticker: read(*message.body_as_Ticker(), Channel::Ticker, out); break;
    case wire::Body::Bar:
      read(*message.body_as_Bar(), Channel::Bar, out);
      out.bar_interval_ms = message.body_as_Bar()->interval_ms();
      break;
    default: break;
  }
  return out;
}

}  // namespace

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
  in_.on_batch_end([this] { time_.reset(); });
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
  const MarketData data = read(bytes);
  if (data.environment != config_.environment ||
      !is_topic_of(topic, data.channel, data.source, data.symbol, data.bar_interval_ms)) {
    return drop(topic, bytes);
  }
  ++forwarded_;
  static_cast<void>(out_.forward(in_));
  if (!time_) time_ = clock_.now();
  audit_.append(bytes, *time_, audit_gather);
  keep_last_value(topic, bytes);
}

void Hub::drop(std::string_view topic, std::span<const std::uint8_t> bytes) {
  if (dropped_++ != 0) return;
  const auto message = decode(bytes);
  spdlog::warn("what came under the topic {} is dropped: {}", topic,
               !message                                                   ? message.error().text
               : message->header.environment != config_.environment ? "it is of the other environment"
                                                                     : "it is not what the topic says");
}

void Hub::keep_last_value(std::string_view topic, std::span<const std::uint8_t> bytes) {
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
