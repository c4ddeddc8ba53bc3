#include "gateways/binance/market_stream.hpp"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "gateways/binance/encode.hpp"
#include "gateways/framework/retry.hpp"

namespace busbar::binance {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds message_interval{350};  // under 3 a second leaves room for pongs
constexpr std::size_t batch_max = 200;         // names in one message
constexpr milliseconds short_life{10'000};

asio::awaitable<void> sleep(asio::steady_timer& timer, milliseconds time) {
  timer.expires_after(time);
  co_await timer.async_wait(no_throw);
}

}  // namespace

struct MarketStream::Connection {
  Connection(gateway::AdapterContext& context, const gateway::Url& url, gateway::WebSocketOptions options)
      : socket{context.loop, context.tls, url, options, context.tape}, wake{context.loop}, changed{context.loop} {}
  gateway::WebSocket socket;
  asio::steady_timer wake;     // of keep_up
  asio::steady_timer changed;  // of keep_subscribed: wanted streams, an answer
  std::set<std::string> subscribed;
  std::map<std::int64_t, steady_clock::time_point> unanswered;
  std::string why_replace;
  bool is_closed = false;
};

MarketStream::MarketStream(gateway::AdapterContext& context, Rest& rest, gateway::Url url, StreamOptions options,
                           Handlers handlers)
    : context_{context},
      rest_{rest},
      url_{std::move(url)},
      options_{options},
      handlers_{std::move(handlers)},
      pause_{context.loop} {}

void MarketStream::start() { asio::co_spawn(context_.loop, keep_up(), asio::detached); }

bool MarketStream::subscribe(const std::string& stream) {
  if (wanted_.size() >= streams_max && !wanted_.contains(stream)) return false;
  wanted_.insert(stream);
  if (current_) current_->changed.cancel();
  return true;
}

void MarketStream::unsubscribe(const std::string& stream) {
  wanted_.erase(stream);
  last_number_.erase(stream);
  if (current_) current_->changed.cancel();
}

asio::awaitable<MarketStream::Shared> MarketStream::open() {
  gateway::WebSocketOptions options;
  options.silence_max = options_.silence_max;
  options.channel = TapeChannel::MarketData;
  const auto connection = std::make_shared<Connection>(context_, url_, options);
  const std::weak_ptr<Connection> weak = connection;
  connection->socket.on_text([this, weak](std::string_view text, Timestamp receive_time_ns) {
    if (const Shared self = weak.lock()) on_text(*self, text, receive_time_ns);
  });
  connection->socket.on_closed([weak](std::string reason) {
    const Shared self = weak.lock();
    if (!self) return;
    self->is_closed = true;
    self->why_replace = std::move(reason);
    self->wake.cancel();
    self->changed.cancel();
  });
  const auto opened = co_await connection->socket.open();
  if (opened) co_return connection;
  handlers_.on_state(SessionStateKind::Down, opened.error().text, 0);
  co_return nullptr;
}

asio::awaitable<void> MarketStream::keep_up() {
  ++running_;
  constexpr std::int64_t day_ns = 86'400'000'000'000;
  gateway::Backoff backoff{milliseconds{500}, milliseconds{30'000}, [this] {
                             return static_cast<std::uint64_t>(rest_.jitter(milliseconds{1'000'000'000}).count());
                           }};
  while (!is_stopping_) {
    const Shared next = co_await open();
    if (is_stopping_) {
      if (next) next->socket.close();
      break;
    }
    if (!next) {
      co_await sleep(pause_, backoff.next());
      continue;
    }
    const Shared old = std::exchange(current_, next);
    const bool overlaps = old && !old->is_closed;
    if (!overlaps) last_number_.clear();  // another server may count anew
    asio::co_spawn(context_.loop, keep_subscribed(next), asio::detached);
    handlers_.on_state(SessionStateKind::Ok, {}, wall_now_ns() + day_ns);
    const auto since = steady_clock::now();
    if (overlaps) {
      co_await sleep(pause_, options_.overlap);
      old->socket.close();
    }
    const auto renew_at = since + options_.renew_after - rest_.jitter(options_.renew_after / 100);
    while (next->why_replace.empty() && !is_stopping_ && steady_clock::now() < renew_at) {
      next->wake.expires_at(renew_at);
      co_await next->wake.async_wait(no_throw);
    }
    if (is_stopping_) break;
    if (next->is_closed) handlers_.on_state(SessionStateKind::Down, next->why_replace, 0);
    if (steady_clock::now() - since >= short_life) {
      backoff.reset();
    } else {
      co_await sleep(pause_, backoff.next());
    }
  }
  --running_;
}

// Makes what is subscribed what is wanted, one message at a time.
asio::awaitable<void> MarketStream::keep_subscribed(Shared connection) {
  ++running_;
  while (!connection->is_closed && !is_stopping_) {
    std::vector<std::string> more;
    std::vector<std::string> less;
    std::set_difference(wanted_.begin(), wanted_.end(), connection->subscribed.begin(), connection->subscribed.end(),
                        std::back_inserter(more));
    std::set_difference(connection->subscribed.begin(), connection->subscribed.end(), wanted_.begin(), wanted_.end(),
                        std::back_inserter(less));
    const bool is_superseded = connection != current_;
    if ((more.empty() && less.empty()) || is_superseded) {
      if (is_superseded) break;
      auto next = steady_clock::now() + std::chrono::hours{1};
      for (const auto& [id, deadline] : connection->unanswered) next = std::min(next, deadline);
      connection->changed.expires_at(next);
      co_await connection->changed.async_wait(no_throw);
    } else {
      std::vector<std::string>& batch = more.empty() ? less : more;
      batch.resize(std::min(batch.size(), batch_max));
      const std::int64_t id = ++requests_;
      if (!connection->socket.send(encode_streams(more.empty() ? "UNSUBSCRIBE" : "SUBSCRIBE", batch, id))) break;
      for (const std::string& stream : batch) {
        if (more.empty()) {
          connection->subscribed.erase(stream);
        } else {
          connection->subscribed.insert(stream);
        }
      }
      connection->unanswered.emplace(id, steady_clock::now() + options_.answer_max);
      asio::steady_timer pace{context_.loop};
      co_await sleep(pace, message_interval);
    }
    const auto now = steady_clock::now();
    for (const auto& [id, deadline] : connection->unanswered) {
      if (deadline <= now && connection->why_replace.empty()) {
        connection->why_replace = "no answer to a subscription";
        connection->socket.close();
        connection->wake.cancel();
      }
    }
  }
  --running_;
}

bool MarketStream::is_new(const std::string& stream, std::int64_t number) {
  std::int64_t& last = last_number_[stream];
  if (number <= last) return false;
  last = number;
  return true;
}

void MarketStream::on_text(Connection& connection, std::string_view text, Timestamp receive_time_ns) {
  const auto frame = decode_market_frame(text);
  if (!frame) {
    spdlog::error("{}: market data: {}", view(context_.account), frame.error().text);
    return;
  }
  if (const auto* ticker = std::get_if<BookTicker>(&frame->what)) {
    if (is_new(ticker->symbol + "@bookTicker", ticker->update_id.value_or(0))) {
      handlers_.on_book_ticker(*ticker, receive_time_ns);
    }
  } else if (const auto* trade = std::get_if<TradeEvent>(&frame->what)) {
    if (is_new(trade->symbol + "@trade", trade->trade_id)) handlers_.on_trade(*trade, receive_time_ns);
  } else if (const auto* response = std::get_if<ControlResponse>(&frame->what)) {
    if (response->id) connection.unanswered.erase(*response->id);
    if (response->error) {
      spdlog::error("{}: market data: Binance answers {} {}", view(context_.account), response->error->code,
                    response->error->message);
    }
    connection.changed.cancel();
  } else if (std::holds_alternative<ServerShutdownEvent>(frame->what)) {
    if (connection.why_replace.empty()) connection.why_replace = "Binance will shut this server down";
    connection.wake.cancel();
  }
}

asio::awaitable<void> MarketStream::stop() {
  is_stopping_ = true;
  pause_.cancel();
  if (current_) {
    current_->wake.cancel();
    current_->changed.cancel();
    current_->socket.close();
  }
  for (int i = 0; i < 50 && running_ > 0; ++i) {
    asio::steady_timer timer{context_.loop, milliseconds{50}};
    co_await timer.async_wait(no_throw);
  }
}

}  // namespace busbar::binance
