#include "gateways/alpaca/market_stream.hpp"

#include <functional>

#include <spdlog/spdlog.h>

#include "gateways/alpaca/encode.hpp"
#include "gateways/alpaca/errors.hpp"
#include "gateways/framework/words.hpp"

namespace busbar::alpaca {

namespace {

constexpr std::string_view logging_in = "login";
constexpr std::string_view book_channel = "orderbooks";

// Another connection beside the first is refused, so that none can take over from it; and nobody says that one has an end.
gateway::StreamOptions market_options(gateway::StreamOptions options) {
  options.channel = TapeChannel::MarketData;
  options.life = options.renew_after = std::chrono::hours{24 * 365};
  return options;
}

std::string name_of_stream(std::string_view channel, std::string_view broker_symbol) {
  return std::string{channel} + " " + std::string{broker_symbol};
}

std::string_view channel_of_bar(const MarketBar& bar) { return bar.kind == "d" ? "dailyBars" : "bars"; }

}  // namespace

MarketStream::MarketStream(gateway::AdapterContext& context, gateway::RestLine& rest, const Credential& credential,
                           const AlpacaConfig& config, gateway::Url url, Handlers handlers)
    : context_{context},
      credential_{credential},
      is_msgpack_{config.is_msgpack},
      handlers_{std::move(handlers)},
      stream_{context.loop,
              context.tls,
              std::move(url),
              market_options(config.stream_options),
              context.tape,
              rest.random(),
              {.find_url = {},
               .prepare = [this](auto link) { return log_in(std::move(link)); },
               .on_text = std::bind_front(&MarketStream::on_text, this),
               .on_up = [this] { books_.clear(); },
               .keep_alive = {},
               .on_state = handlers_.on_state}} {
  stream_.subscribe_by({.encode = [this](bool is_more, const std::vector<std::string>& names,
                                         std::int64_t id) { return ask_for(is_more, names, id); },
                        .interval = std::chrono::milliseconds{100},
                        .batch_max = 200});
}

Result<void> MarketStream::subscribe(const Instrument& instrument, Channel channel, std::uint32_t bar_interval_ms) {
  const auto name = channel_of(channel, class_of(instrument), bar_interval_ms);
  if (!name) {
    return Error{ErrorCode::Unsupported, "Alpaca streams quotes, trades, bars of a minute or a day, and books of crypto"};
  }
  const std::string stream = name_of_stream(*name, view(instrument.broker_symbol));
  if (!stream_.want(stream)) return Error{ErrorCode::Unsupported, "a connection takes no more subscriptions"};
  wanted_[stream] = instrument.symbol;
  if (!std::exchange(is_started_, true)) stream_.start_unwaited();
  return {};
}

void MarketStream::unsubscribe(const Instrument& instrument, Channel channel, std::uint32_t bar_interval_ms) {
  const auto name = channel_of(channel, class_of(instrument), bar_interval_ms);
  if (!name) return;
  const std::string stream = name_of_stream(*name, view(instrument.broker_symbol));
  if (wanted_.erase(stream) == 0) return;
  stream_.unwant(stream);
  if (channel == Channel::Book) books_.erase(std::string{view(instrument.broker_symbol)});
}

std::string MarketStream::ask_for(bool is_more, const std::vector<std::string>& names, std::int64_t id) {
  asked_ = std::to_string(id);
  SymbolsByChannel symbols;
  for (const std::string& name : names) {  // in order, and so channel by channel
    const std::size_t space = name.find(' ');
    const std::string channel = name.substr(0, space);
    if (symbols.empty() || symbols.back().first != channel) symbols.push_back({channel, {}});
    symbols.back().second.push_back(name.substr(space + 1));
  }
  const Subscription what = is_more ? Subscription::Start : Subscription::End;
  return in_format({encode_subscription(what, symbols), {}}, is_msgpack_).text;
}

asio::awaitable<Result<void>> MarketStream::log_in(gateway::Stream::LinkPtr link) {
  Credential::Message message = in_format(credential_.data_login(), is_msgpack_);
  const Link::Answer in =
      co_await link->request(std::string{logging_in}, std::move(message.text), std::move(message.redacted));
  if (!in.text) co_return Error{ErrorCode::ConnectionError, "no answer to the login of market data"};
  const auto said = decode_data(*in.text);
  if (!said) co_return said.error();
  for (const DataMessage& each : *said) {
    if (const auto* error = std::get_if<StreamError>(&each)) {
      co_return Error{unified_stream_error(error->code),
                      "Alpaca answers " + std::to_string(error->code) + " " + to_words(error->message)};
    }
  }
  co_return Result<void>{};
}

const Symbol* MarketStream::symbol_of(std::string_view channel, const std::string& broker_symbol) const {
  const auto found = wanted_.find(name_of_stream(channel, broker_symbol));
  return found == wanted_.end() ? nullptr : &found->second;
}

void MarketStream::on_text(Link& link, std::string_view text, Timestamp receive_time_ns, gateway::About& about) {
  const auto messages = decode_data(text);
  if (!messages) {
    spdlog::error("{}: market data: {}", view(context_.account), messages.error().text);
    return;
  }
  for (const DataMessage& each : *messages) on_message(link, each, text, receive_time_ns, about);
}

void MarketStream::on_message(Link& link, const DataMessage& message, std::string_view text, Timestamp receive_time_ns,
                              gateway::About& about) {
  if (const auto* quote = std::get_if<MarketQuote>(&message)) {
    if (const Symbol* symbol = symbol_of("quotes", quote->symbol)) handlers_.on_quote(*quote, *symbol, receive_time_ns);
  } else if (const auto* trade = std::get_if<MarketTrade>(&message)) {
    if (const Symbol* symbol = symbol_of("trades", trade->symbol)) handlers_.on_trade(*trade, *symbol, receive_time_ns);
  } else if (const auto* bar = std::get_if<MarketBar>(&message)) {
    const Symbol* symbol = symbol_of(channel_of_bar(*bar), bar->symbol);
    if (symbol != nullptr) handlers_.on_bar(*bar, *symbol, receive_time_ns);
  } else if (const auto* book = std::get_if<MarketBook>(&message)) {
    on_book(*book, receive_time_ns);
  } else if (const auto* success = std::get_if<Success>(&message)) {
    if (success->message == "authenticated") link.on_answer(std::string{logging_in}, text, about);
  } else if (std::get_if<Subscribed>(&message) != nullptr) {
    link.on_answer(asked_, text, about);
  } else if (const auto* error = std::get_if<StreamError>(&message)) {
    on_error(link, *error, text, about);
  }
}

void MarketStream::on_error(Link& link, const StreamError& error, std::string_view text, gateway::About& about) {
  if (link.on_answer(std::string{logging_in}, text, about)) return;  // who logs in tells it
  const std::string why = std::to_string(error.code) + " " + to_words(error.message);
  spdlog::error("{}: market data: Alpaca answers {}", view(context_.account), why);
  // A no to what was asked for last is its answer. Otherwise the connection is not what it was.
  constexpr std::int64_t slow_client = 407, internal = 500;
  if (error.code != slow_client && error.code != internal && link.on_answer(asked_, text, about)) return;
  link.replace("Alpaca says: " + why, false);
}

void MarketStream::on_book(const MarketBook& said, Timestamp receive_time_ns) {
  const Symbol* symbol = symbol_of(book_channel, said.symbol);
  if (symbol == nullptr) return;
  auto book = books_.find(said.symbol);
  if (said.is_whole) {
    book = books_.try_emplace(said.symbol).first;
    book->second.clear();
  }
  if (book == books_.end()) return;  // a change of what has not been told yet
  for (const BookLevel& level : said.bids) book->second.set_bid(level);
  for (const BookLevel& level : said.asks) book->second.set_ask(level);
  handlers_.on_book(book->second, *symbol, said.time, receive_time_ns);
}

}  // namespace busbar::alpaca
