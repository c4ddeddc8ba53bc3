#include "gateways/coinbase/market_stream.hpp"

#include <algorithm>
#include <functional>

#include <spdlog/spdlog.h>

#include "gateways/coinbase/encode.hpp"
#include "gateways/coinbase/errors.hpp"

namespace busbar::coinbase {

namespace {

gateway::StreamOptions market_options(gateway::StreamOptions options) {
  options.channel = TapeChannel::MarketData;
  return options;
}

std::string name_of_stream(std::string_view channel, std::string_view product_id) {
  return std::string{channel} + " " + std::string{product_id};
}

// Ids are numbers that rise, written as texts.
bool is_later(const std::string& id, const std::string& last) {
  return id.size() != last.size() ? id.size() > last.size() : id > last;
}

}  // namespace

MarketStream::MarketStream(gateway::AdapterContext& context, gateway::RestLine& rest, const CoinbaseConfig& config,
                           Handlers handlers)
    : context_{context},
      handlers_{std::move(handlers)},
      stream_{context.loop,
              context.tls,
              config.market_stream,
              market_options(config.stream_options),
              context.tape,
              rest.random(),
              {.find_url = {},
               .prepare = [](gateway::Stream::LinkPtr link) -> asio::awaitable<Result<void>> {
                 if (!link->send(encode_subscription(Subscription::Start, "heartbeats", std::nullopt, {}))) {
                   co_return Error{ErrorCode::ConnectionError, "the subscription could not be sent"};
                 }
                 co_return Result<void>{};
               },
               .on_text = std::bind_front(&MarketStream::on_text, this),
               .on_up =
                   [this] {
                     for (auto& [product_id, book] : books_) book.reset();
                   },
               .keep_alive = {},
               .on_state = handlers_.on_state}} {
  // One channel a message, and eight messages a second from an address.
  stream_.subscribe_by({.encode = [this](bool is_more, const std::vector<std::string>& names,
                                         std::int64_t id) { return ask_for(is_more, names.front(), id); },
                        .interval = std::chrono::milliseconds{150},
                        .batch_max = 1});
}

Result<void> MarketStream::subscribe(const Symbol& symbol, std::string_view product_id, Channel channel,
                                     std::uint32_t bar_interval_ms) {
  const auto name = channel_of(channel, bar_interval_ms);
  if (!name) return Error{ErrorCode::Unsupported, "Coinbase streams bars of five minutes, and no others"};
  const std::string stream = name_of_stream(*name, product_id);
  if (!stream_.want(stream)) return Error{ErrorCode::Unsupported, "a connection takes no more subscriptions"};
  wanted_[stream].insert({symbol, channel});
  if (channel == Channel::Book) books_.try_emplace(std::string{product_id});
  return {};
}

void MarketStream::unsubscribe(const Symbol& symbol, std::string_view product_id, Channel channel,
                               std::uint32_t bar_interval_ms) {
  const auto name = channel_of(channel, bar_interval_ms);
  const auto found = name ? wanted_.find(name_of_stream(*name, product_id)) : wanted_.end();
  if (found == wanted_.end()) return;
  found->second.erase({symbol, channel});
  if (!found->second.empty()) return;
  stream_.unwant(found->first);
  wanted_.erase(found);
  if (channel == Channel::Book) books_.erase(std::string{product_id});
}

template <class Tell>
void MarketStream::tell(std::string_view channel, const std::string& product_id, Tell tell_one) const {
  const auto found = wanted_.find(name_of_stream(channel, product_id));
  if (found == wanted_.end()) return;
  for (const auto& [symbol, wanted] : found->second) tell_one(symbol, wanted);
}

std::string MarketStream::ask_for(bool is_more, const std::string& name, std::int64_t id) {
  const std::size_t space = name.find(' ');
  asked_ = {std::to_string(id), name.substr(0, space), name.substr(space + 1), is_more};
  return encode_subscription(is_more ? Subscription::Start : Subscription::End, asked_.channel,
                             std::vector<std::string>(1, asked_.product_id), {});
}

// Each answer tells all that there is.
bool MarketStream::is_answer(const SubscriptionsEvent& event) const {
  const auto channel = event.subscriptions.find(asked_.channel);
  const bool is_there = channel != event.subscriptions.end() &&
                        std::ranges::find(channel->second, asked_.product_id) != channel->second.end();
  return is_there == asked_.is_more;
}

void MarketStream::on_text(Link& link, std::string_view text, Timestamp receive_time_ns, gateway::About& about) {
  const auto frame = decode_frame(text);
  if (!frame) {
    spdlog::error("{}: market data: {}", view(context_.account), frame.error().text);
    return;
  }
  if (frame->error) {
    spdlog::error("{}: market data: Coinbase answers {}", view(context_.account), *frame->error);
    // It was too much, and is asked for again on another connection; or it is a no, and there is no more to come.
    if (unified_stream_error(*frame->error) != ErrorCode::RateLimited) link.on_answer(asked_.id, text, about);
    return;
  }
  const auto took = frame->sequence_num ? count_.on_frame(&link, *frame->sequence_num) : Sequence::Took::InOrder;
  if (took == Sequence::Took::Old) return;
  if (took == Sequence::Took::Gap) on_gap(link);
  for (const Frame::Event& event : frame->events) {
    const auto* subscriptions = std::get_if<SubscriptionsEvent>(&event);
    if (subscriptions != nullptr && is_answer(*subscriptions)) link.on_answer(asked_.id, text, about);
    on_event(event, frame->time_ns, receive_time_ns);
  }
}

void MarketStream::on_event(const Frame::Event& event, Timestamp time_ns, Timestamp receive_time_ns) {
  if (const auto* level2 = std::get_if<Level2Event>(&event)) {
    const auto book = books_.find(level2->product_id);
    if (book == books_.end() || !book->second.on_event(*level2)) return;
    tell("level2", level2->product_id, [&](const Symbol& symbol, Channel) {
      handlers_.on_book(book->second.sides(), symbol, time_ns, receive_time_ns);
    });
  } else if (const auto* tickers = std::get_if<TickerEvent>(&event)) {
    for (const TickerUpdate& ticker : tickers->tickers) {
      tell("ticker", ticker.product_id, [&](const Symbol& symbol, Channel channel) {
        handlers_.on_ticker(ticker, symbol, channel, time_ns, receive_time_ns);
      });
    }
  } else if (const auto* trades = std::get_if<TradesEvent>(&event)) {
    const bool is_snapshot = trades->type == "snapshot";
    const std::map<std::string, std::string> before =
        is_snapshot ? last_trade_ids_ : std::map<std::string, std::string>{};
    for (auto trade = trades->trades.rbegin(); trade != trades->trades.rend(); ++trade) {  // newest first
      std::string& last = last_trade_ids_[trade->product_id];
      if (!is_later(trade->trade_id, last)) continue;
      const bool is_of_before = is_snapshot && !before.contains(trade->product_id);  // when nobody listened yet
      last = trade->trade_id;
      if (is_of_before) continue;
      tell("market_trades", trade->product_id,
           [&](const Symbol& symbol, Channel) { handlers_.on_trade(*trade, symbol, receive_time_ns); });
    }
  } else if (const auto* candles = std::get_if<CandlesEvent>(&event)) {
    if (candles->type == "snapshot") return;  // bars of before
    for (const Candle& candle : candles->candles) {
      tell("candles", candle.product_id,
           [&](const Symbol& symbol, Channel) { handlers_.on_candle(candle, symbol, receive_time_ns); });
    }
  }
}

void MarketStream::on_gap(Link& link) {
  spdlog::warn("{}: market data: frames are missing", view(context_.account));
  constexpr std::size_t books_at_once = 3;  // two messages each
  if (books_.size() > books_at_once) return link.replace("frames are missing", false);
  for (auto& [product_id, book] : books_) {
    book.reset();
    for (std::string& message : encode_resubscription("level2", {product_id}, {})) {
      if (!link.send(std::move(message))) return link.replace("a subscription could not be renewed", false);
    }
  }
}

}  // namespace busbar::coinbase
