#pragma once
// Every reader of what comes from Alpaca, under the letter that chooses it: the fuzzer's first byte, and the name of its
// seeds. Each says whether it took the text; what it took is carried on to facts and instruments.

#include <string_view>

#include <boost/json.hpp>

#include "gateways/alpaca/decode.hpp"
#include "gateways/alpaca/decode_hot.hpp"
#include "gateways/alpaca/decode_market.hpp"
#include "gateways/alpaca/errors.hpp"
#include "gateways/alpaca/facts.hpp"
#include "gateways/alpaca/hours.hpp"
#include "gateways/alpaca/lists.hpp"
#include "gateways/alpaca/wire.hpp"
#include "tests/fuzz/decoder.hpp"

namespace busbar::fuzz {

using namespace busbar::alpaca;

inline const Symbol symbol{"AAPL"};

// What MessagePack has become is what JSON would have been.
inline bool frame(std::string_view bytes) {
  const auto value = parse_frame(bytes);
  if (!value) return false;
  const auto again = parse_frame(boost::json::serialize(*value));
  if (!again || *again != *value) __builtin_trap();
  return true;
}

inline bool order(std::string_view text) {
  const auto order = decode_order(text);
  if (!order) return false;
  const auto state = state_of(*order, symbol, VenueSource::Probe);
  if (state && state->order_status == OrderStatus::Unset) __builtin_trap();
  const auto placed = fact_of_placed(*order, symbol), replaced = fact_of_replaced(*order, symbol);
  if (placed.has_value() != replaced.has_value()) __builtin_trap();
  if (placed && (placed->event == VenueEvent::Rejected) != (placed->error != ErrorCode::None)) __builtin_trap();
  return true;
}

inline void check(const TradeUpdate& update) {
  const UpdateFact said = fact_of(update, symbol);
  if (said.fact.has_value() != said.unknown.empty()) __builtin_trap();
  if (!said.fact || said.fact->event != VenueEvent::Fill) return;
  if (said.fact->trade_id.empty() || !said.fact->last_px || !said.fact->last_qty) __builtin_trap();
}

inline bool stream(std::string_view bytes) {
  const auto message = decode_stream(bytes);
  if (!message) return false;
  if (const auto* update = std::get_if<TradeUpdate>(&*message)) check(*update);
  return true;
}

inline bool event_line(std::string_view text) {
  const auto line = decode_event_line(text);
  if (!line) return false;
  if (line->kind == EventLine::Kind::Data) check(line->update);
  return true;
}

inline bool each_result(std::string_view text) {
  const auto results = decode_each_result(text);
  if (!results) return false;
  for (const EachResult& result : *results) {
    if (result.order && result.error) __builtin_trap();
    (void)unified_error(result.status, result.error);
  }
  return true;
}

inline bool error(std::string_view text) {
  const auto error = decode_error(text);
  for (const std::uint32_t status : {200, 400, 401, 403, 404, 422, 429, 503}) {
    for (const std::string_view path : {"/v2/orders", "/v2/assets/X", "/v2/positions/X"}) {
      const Judged write = judge_write(status, text, path);
      const Judged read = judge_read(status, text, path);
      if ((status == 200) != (write.verdict == Verdict::Ok) || read.verdict == Verdict::Unknown) __builtin_trap();
      (void)is_worth_asking_again(read);
    }
  }
  const std::string value{text};
  const RateHeaders headers = read_rate_headers({{"Retry-After", value}, {"X-RateLimit-Reset", value}});
  const std::int64_t hold_ms = hold_back_ms(headers, 1'700'000'000'000'000'000);
  if (hold_ms < 1'000 || hold_ms > 3'600'000) __builtin_trap();
  return error && explained(*error).starts_with(error->message);
}

inline bool account(std::string_view text) {
  const auto account = decode_account(text);
  if (!account) return false;
  (void)account_info_of(*account);
  (void)balances_of(*account);
  return true;
}

inline bool positions(std::string_view text) {
  const auto positions = decode_positions(text);
  if (!positions) return false;
  for (const PositionFacts& position : *positions) (void)position_of(position, symbol);
  return true;
}

inline bool assets(std::string_view text) {
  const auto list = decode_assets(text);
  if (!list) return false;
  for (const Asset& asset : list->assets) {
    const auto instrument = instrument_of(asset);
    if (instrument && instrument->lot_size && !instrument->lot_size->is_positive()) __builtin_trap();
  }
  return true;
}

struct Publish {
  void operator()(const MarketTrade& trade) const { (void)trade_of(trade, symbol); }
  void operator()(const MarketQuote& quote) const {
    const Quote told = quote_of(quote, symbol);
    if ((told.bid_px && !told.bid_px->is_positive()) || (told.ask_px && !told.ask_px->is_positive())) __builtin_trap();
  }
  void operator()(const MarketBar& bar) const { (void)bar_of(bar, symbol, 60'000); }
  void operator()(const MarketBook& book) const { (void)book_of(book, symbol); }
  void operator()(const StreamError& error) const {
    if (unified_stream_error(error.code) == ErrorCode::None) __builtin_trap();
    (void)is_final_stream_error(error.code);
  }
  template <class T>
  void operator()(const T&) const {}
};

inline bool data(std::string_view bytes) {
  if (std::vector<DataMessage> hot; read_hot(bytes, hot)) {  // nothing is read fast that is no JSON
    const auto value = parse_frame(bytes);
    if (!value || !value->is_array() || value->get_array().size() != hot.size()) __builtin_trap();
  }
  const auto messages = decode_data(bytes);
  if (!messages) return false;
  for (const DataMessage& message : *messages) std::visit(Publish{}, message);
  return true;
}

inline bool snapshots(std::string_view text) {
  const auto snapshots = decode_snapshots(text);
  if (!snapshots) return false;
  for (const Snapshot& snapshot : *snapshots) (void)ticker_of(snapshot, symbol);
  return true;
}

inline bool calendar(std::string_view text) {
  const auto days = decode_calendar(text);
  if (!days) return false;
  const auto hours = hours_of(*days);
  if (!hours) return true;
  for (const TradingSession& session : hours->sessions) {
    if (session.open_ns >= session.close_ns) __builtin_trap();
  }
  return true;
}

inline bool executions(std::string_view text) {
  const auto list = decode_executions(text);
  if (!list) return false;
  for (const Execution& execution : *list) {
    const VenueReport fill = fill_of(execution, symbol, "V", VenueSource::Reconcile);
    if (fill.trade_id.empty() || !fill.last_px || !fill.last_qty) __builtin_trap();
  }
  return true;
}

inline bool names(std::string_view text) {
  const auto list = names_in(text);
  if (list && list->joined() != text) __builtin_trap();
  (void)is_invented_name(text);
  return list.has_value();
}

inline constexpr std::string_view family = "alpaca";
inline constexpr Decoder decoders[] = {
    {'w', frame},
    {'o', order},
    {'O', only<decode_orders>},
    {'r', each_result},
    {'u', stream},
    {'l', event_line},
    {'e', error},
    {'a', account},
    {'p', only<decode_position>},
    {'P', positions},
    {'s', only<decode_asset>},
    {'S', assets},
    {'c', only<decode_clock>},
    {'C', calendar},
    {'f', executions},
    {'n', names},
    {'t', only<decode_token>},
    {'d', data},
    {'b', only<decode_bars>},
    {'q', only<decode_quotes>},
    {'T', only<decode_trades>},
    {'x', snapshots},
    {'k', only<decode_order_books>},
};

}  // namespace busbar::fuzz
