#include "gateways/binance/market_stream.hpp"

#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "gateways/binance/encode.hpp"
#include "gateways/framework/tasks.hpp"

namespace busbar::binance {

namespace {

constexpr std::uint32_t snapshot_levels = 1000;  // of each side: 50 of weight
constexpr std::int64_t snapshot_interval_ns = 1'000'000'000;

gateway::StreamOptions market_options(gateway::StreamOptions options) {
  options.channel = TapeChannel::MarketData;
  return options;
}

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace

MarketStream::MarketStream(gateway::AdapterContext& context, Rest& rest, const BinanceConfig& config,
                           Handlers handlers)
    : context_{context},
      rest_{rest},
      handlers_{std::move(handlers)},
      stream_{context.loop,
              context.tls,
              config.streams,
              market_options(config.stream_options),
              context.tape,
              rest.random(),
              {.find_url = {},
               .prepare = {},
               .on_text = std::bind_front(&MarketStream::on_text, this),
               .on_up =
                   [this] {
                     last_number_.clear();  // another server may count anew
                     for (auto& [symbol, kept] : books_) kept->book.reset();
                   },
               .keep_alive = {},
               .on_state = handlers_.on_state}} {
  stream_.subscribe_by({.encode = [](bool is_more, const std::vector<std::string>& names, std::int64_t id) {
    return encode_streams(is_more ? "SUBSCRIBE" : "UNSUBSCRIBE", names, id);
  }});
}

Result<void> MarketStream::subscribe(std::string_view broker_symbol, Channel channel, std::uint32_t bar_interval_ms) {
  const auto name = stream_name(broker_symbol, channel, bar_interval_ms);
  if (!name) return Error{ErrorCode::Unsupported, "Binance has no such stream"};
  if (!stream_.want(*name)) {
    return Error{ErrorCode::Unsupported,
                 "a connection to Binance takes " + std::to_string(streams_max) + " streams"};
  }
  if (channel == Channel::Book) books_.try_emplace(std::string{broker_symbol}, std::make_shared<Kept>());
  return {};
}

void MarketStream::unsubscribe(std::string_view broker_symbol, Channel channel, std::uint32_t bar_interval_ms) {
  if (const auto name = stream_name(broker_symbol, channel, bar_interval_ms)) stream_.unwant(*name);
  if (channel == Channel::Book) books_.erase(std::string{broker_symbol});
}

bool MarketStream::is_new(const std::string& key, std::int64_t number) {
  std::int64_t& last = last_number_[key];
  if (number <= last) return false;
  last = number;
  return true;
}

void MarketStream::on_text(gateway::Stream::Link& link, std::string_view text, Timestamp receive_time_ns,
                           gateway::About& about) {
  const auto frame = decode_market_frame(text);
  if (!frame) {
    spdlog::error("{}: market data: {}", view(context_.account), frame.error().text);
    return;
  }
  std::visit(
      Overloaded{
          [&](const BookTicker& ticker) {
            if (is_new(ticker.symbol + "@bookTicker", ticker.update_id.value_or(0))) {
              handlers_.on_book_ticker(ticker, receive_time_ns);
            }
          },
          [&](const TradeEvent& trade) {
            if (is_new(trade.symbol + "@trade", trade.trade_id)) handlers_.on_trade(trade, receive_time_ns);
          },
          [&](const KlineEvent& event) {
            const std::int64_t number = 2 * event.event_time + (event.is_closed ? 1 : 0);
            if (is_new(event.symbol + "@kline_" + event.interval, number)) handlers_.on_kline(event, receive_time_ns);
          },
          [&](const TickerEvent& event) {
            if (is_new(event.ticker.symbol + "@ticker", event.event_time)) handlers_.on_ticker(event, receive_time_ns);
          },
          [&](const DepthUpdateEvent& update) { on_depth(update, receive_time_ns); },
          [&](const ControlResponse& response) {
            if (response.id) link.on_answer(std::to_string(*response.id), text, about);
            if (response.error) {
              spdlog::error("{}: market data: Binance answers {} {}", view(context_.account), response.error->code,
                            response.error->message);
            }
          },
          [&](const ServerShutdownEvent&) { link.replace("Binance will shut this server down"); },
          [](const auto&) {},  // streams that nobody here subscribes to
      },
      frame->what);
}

// ---- books

void MarketStream::on_depth(const DepthUpdateEvent& update, Timestamp receive_time_ns) {
  const auto found = books_.find(update.symbol);
  if (found == books_.end()) return;
  Kept& kept = *found->second;
  const DepthBook::Took took = kept.book.on_update(update);
  if (took == DepthBook::Took::Applied) {
    handlers_.on_book(update.symbol, kept.book, update.event_time, receive_time_ns);
    return;
  }
  if (took == DepthBook::Took::Gap) {
    spdlog::warn("{}: the book of {} missed a change and is fetched anew", view(context_.account), update.symbol);
  }
  if (!kept.book.wants_snapshot() || kept.is_asking || boottime_now_ns() < kept.next_ask_ns) return;
  kept.is_asking = true;
  kept.next_ask_ns = boottime_now_ns() + snapshot_interval_ns;
  gateway::spawn(context_.loop, fetch_snapshot(update.symbol));
}

// One try: the next change asks again when it failed or was too old.
asio::awaitable<void> MarketStream::fetch_snapshot(std::string broker_symbol) {
  const std::weak_ptr<Kept> asked = books_.at(broker_symbol);
  const auto body = co_await rest_.ask(encode_depth(broker_symbol, snapshot_levels));
  const auto kept = asked.lock();  // gone when nobody wants it any more
  if (!kept) co_return;
  kept->is_asking = false;
  const auto snapshot = body ? decode_depth(*body) : Result<DepthSnapshot>{body.error()};
  if (!snapshot) {
    spdlog::warn("{}: the book of {}: {}", view(context_.account), broker_symbol, snapshot.error().text);
    co_return;
  }
  kept->book.on_snapshot(*snapshot);
}

}  // namespace busbar::binance
