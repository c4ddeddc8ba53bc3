#include "gateways/framework/spot_adapter.hpp"

#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "bus/topic.hpp"

namespace busbar::gateway {

namespace {

constexpr std::int64_t s_ns = 1'000'000'000;
constexpr std::int64_t doubt_interval_ns = 10 * s_ns;
constexpr std::int64_t list_life_ns = 3600 * s_ns;
constexpr std::chrono::minutes list_interval{1};  // a list that did not come is asked for again so soon

}  // namespace

SpotAdapter::SpotAdapter(AdapterContext context, std::string broker)
    : context_{std::move(context)},
      broker_{std::move(broker)},
      refresh_{context_.loop, list_interval, [this] { return refresh(); }} {}

// ---- what is traded

asio::awaitable<Result<void>> SpotAdapter::load_instruments() {
  auto list = co_await fetch_instruments();
  if (!list) co_return list.error();
  symbols_.assign(*std::move(list));
  loaded_at_ns_ = boottime_now_ns();
  context_.events.on_instruments(symbols_.all());
  co_return Result<void>{};
}

asio::awaitable<void> SpotAdapter::refresh() {
  if (boottime_now_ns() - loaded_at_ns_ < list_life_ns) co_return;
  if (const auto loaded = co_await load_instruments(); !loaded) {
    spdlog::warn("{}: instruments: {}", view(context_.account), loaded.error().text);
  }
}

asio::awaitable<Result<std::vector<Instrument>>> SpotAdapter::instruments() {
  if (symbols_.all().empty()) {
    if (const auto loaded = co_await load_instruments(); !loaded) co_return loaded.error();
  }
  co_return symbols_.all();
}

Error SpotAdapter::not_listed(std::string_view symbol) const {
  return {ErrorCode::InvalidSymbol, broker_ + " lists no " + std::string{symbol}};
}

Result<Symbol> SpotAdapter::normalize_symbol(std::string_view broker_symbol) const {
  const Instrument* instrument = symbols_.by_broker_symbol(broker_symbol);
  if (instrument == nullptr) return not_listed(broker_symbol);
  return instrument->symbol;
}

Result<Symbol> SpotAdapter::to_broker_symbol(std::string_view symbol) const {
  const Instrument* instrument = symbols_.by_symbol(symbol);
  if (instrument == nullptr) return not_listed(symbol);
  return instrument->broker_symbol;
}

Symbol SpotAdapter::our_symbol(std::string_view broker_symbol) const {
  const Instrument* instrument = symbols_.by_broker_symbol(broker_symbol);
  return instrument != nullptr ? instrument->symbol : cut<32>(broker_symbol);
}

// ---- what is held

asio::awaitable<Result<std::vector<Position>>> SpotAdapter::positions() {
  co_return std::vector<Position>{};  // spot has balances and no positions
}

// ---- what is told

void SpotAdapter::on_doubt(std::string what) {
  spdlog::error("{}: {}", view(context_.account), what);
  VenueReport alarm;
  alarm.event = VenueEvent::Unreadable;
  alarm.text = cut<256>(to_words(what));
  context_.events.on_report(std::move(alarm));
  if (!std::exchange(is_doubt_compared_, true)) spawn(context_.loop, compare());
}

// Not for each of many, but behind the last of them.
asio::awaitable<void> SpotAdapter::compare() {
  const Timestamp due = last_doubt_ns_ == 0 ? 0 : last_doubt_ns_ + doubt_interval_ns;
  if (const Timestamp left = due - boottime_now_ns(); left > 0) {
    co_await pause(context_.loop, std::chrono::ceil<std::chrono::milliseconds>(std::chrono::nanoseconds{left}));
  }
  last_doubt_ns_ = boottime_now_ns();
  is_doubt_compared_ = false;
  context_.events.on_order_stream_up();
}

std::function<void(SessionStateKind, std::string, Timestamp)> SpotAdapter::tell_state(Events::Part part) {
  return [this, part](SessionStateKind state, std::string reason, Timestamp deadline_ns) {
    context_.events.on_state(part, state, std::move(reason), deadline_ns);
  };
}

void SpotAdapter::tell_book(const BookSides& sides, const Symbol& symbol, Timestamp time_ns,
                            Timestamp receive_time_ns) {
  Book book;
  book.symbol = symbol;
  book.is_snapshot = true;
  book.bids = sides.bids(book_levels);
  book.asks = sides.asks(book_levels);
  book.venue_time_ns = time_ns;
  book.receive_time_ns = receive_time_ns;
  context_.events.on_book(std::move(book));
}

}  // namespace busbar::gateway
