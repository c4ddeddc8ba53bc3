#pragma once
// Every reader of what comes from Coinbase, or from who holds its keys, under the letter that chooses it: the fuzzer's
// first byte, and the name of its seeds. Each says whether it took the text; what it took is carried on to facts,
// instruments and books.

#include <string_view>

#include "gateways/coinbase/auth.hpp"
#include "gateways/coinbase/cumulative.hpp"
#include "gateways/coinbase/decode.hpp"
#include "gateways/coinbase/decode_hot.hpp"
#include "gateways/coinbase/decode_market.hpp"
#include "gateways/coinbase/decode_stream.hpp"
#include "gateways/coinbase/errors.hpp"
#include "gateways/coinbase/facts.hpp"
#include "gateways/coinbase/instruments.hpp"
#include "gateways/coinbase/level2_book.hpp"
#include "gateways/framework/json_reader.hpp"
#include "gateways/framework/utc.hpp"
#include "tests/fuzz/decoder.hpp"

namespace busbar::fuzz {

using namespace busbar::coinbase;

inline const Symbol symbol{"BTC/USD"};

inline bool order(std::string_view text) {
  const auto order = decode_order(text);
  if (!order) return false;
  const auto state = state_of(*order, symbol, VenueSource::Probe);
  if (state && state->order_status == OrderStatus::Unset) __builtin_trap();
  if (const auto terms = terms_of(*order); terms && (!terms->size.is_positive() || !terms->price.is_positive())) __builtin_trap();
  return true;
}

inline bool placed(std::string_view text) {
  if (Placed hot; read_hot(text, hot) && !reading::parse_json(text)) __builtin_trap();  // nothing is read fast that is no JSON
  const auto placed = decode_placed(text);
  if (!placed) return false;
  const VenueReport fact = fact_of_placed(*placed, NewOrder{}, symbol, "V1");
  if (placed->success != (fact.event == VenueEvent::Accepted)) __builtin_trap();
  if (placed->success == fact.broker_order_id.empty()) __builtin_trap();
  return true;
}

inline bool cancelled(std::string_view text) {
  const auto results = decode_cancelled(text);
  if (!results) return false;
  for (const Cancelled& result : *results) {
    const VenueReport fact = fact_of_cancelled(result, symbol, "V1");
    if (result.success == (fact.error != ErrorCode::None)) __builtin_trap();
  }
  return true;
}

inline bool edited(std::string_view text) {
  const auto edited = decode_edited(text);
  if (edited) (void)unified_edit_reason(edited->reason);
  return edited.has_value();
}

inline bool fills(std::string_view text) {
  const auto page = decode_fills(text);
  if (!page) return false;
  Instrument instrument;
  instrument.symbol = symbol;
  instrument.lot_size = Decimal{1, -8};
  for (const Fill& fill : page->fills) {
    const VenueReport fact = fill_of(fill, instrument, "V1", VenueSource::Reconcile);
    if (fact.event == VenueEvent::Fill && !fact.last_qty) __builtin_trap();
  }
  return true;
}

inline bool error(std::string_view text) {
  const auto error = decode_error(text);
  for (const std::uint32_t status : {200, 400, 401, 403, 404, 422, 429, 503}) {
    for (const std::string_view path : {"/orders", "/products", "/oauth2/token"}) {
      const Judged write = judge_write(status, text, path);
      const Judged read = judge_read(status, text, path);
      if ((status == 200) != (write.verdict == Verdict::Ok) || read.verdict == Verdict::Unknown) __builtin_trap();
      (void)is_worth_asking_again(read);
    }
  }
  (void)unified_stream_error(text);
  if (hold_back_ms(text) < 1000) __builtin_trap();
  (void)used_of(text, text, 30);
  if (!error) return false;
  (void)unified_reason(error->id);
  (void)unified_cancel_reason(error->id);
  if (!explained(*error).starts_with(error->id)) __builtin_trap();
  return true;
}

inline bool frame(std::string_view text) {
  if (Frame hot; read_hot(text, hot) && !reading::parse_json(text)) __builtin_trap();  // nothing is read fast that is no JSON
  const auto frame = decode_frame(text);
  if (!frame) return false;
  static CumulativeFills cumulative{100};
  Level2Book book;
  for (const Frame::Event& event : frame->events) {
    if (const auto* level2 = std::get_if<Level2Event>(&event)) {
      if (book.on_event(*level2) != book.is_synced()) __builtin_trap();
      const auto bids = book.sides().bids();
      for (std::size_t i = 1; i < bids.size(); ++i) {
        if (bids[i].price >= bids[i - 1].price) __builtin_trap();
      }
    }
    if (const auto* user = std::get_if<UserEvent>(&event)) {
      for (const UserOrder& order : user->orders) {
        const UpdateFact said = fact_of(order, symbol, frame->time_ns);
        if (said.fact.has_value() != said.unknown.empty()) __builtin_trap();
        const auto took = cumulative.on_update(order, user->type == "snapshot");
        if (took.fill && (!took.fill->qty.is_positive() || !took.fill->price.is_positive())) __builtin_trap();
      }
    }
    if (const auto* candles = std::get_if<CandlesEvent>(&event)) {
      for (const Candle& candle : candles->candles) (void)bar_of(candle, symbol, 300'000, true);
    }
  }
  return true;
}

inline bool book(std::string_view text) {
  const auto book = decode_product_book(text);
  if (book) (void)quote_of(*book, symbol);
  return book.has_value();
}

inline bool trades(std::string_view text) {
  const auto said = decode_market_trades(text);
  if (!said) return false;
  if (trades_of(*said, symbol).size() != said->trades.size()) __builtin_trap();
  return true;
}

inline bool preview(std::string_view text) {
  const auto said = decode_preview(text);
  if (!said) return false;
  const auto preview = preview_of(*said, Instrument{});
  if (preview.is_accepted != (preview.error == ErrorCode::None)) __builtin_trap();
  return true;
}

inline bool products(std::string_view text) {
  const auto list = decode_products(text);
  if (!list) return false;
  for (const Product& product : list->products) (void)instrument_of(product);
  return true;
}

inline bool key(std::string_view text) {
  const auto signer = Signer::of(text);
  if (!signer) return false;
  if (signer->sign("x").size() != 64) __builtin_trap();
  return true;
}

inline bool time(std::string_view text) {
  const auto time = gateway::parse_utc(text);
  if (!time) return false;
  constexpr std::int64_t per_s = 1'000'000'000;
  const std::int64_t whole = *time - ((*time % per_s) + per_s) % per_s;
  if (gateway::parse_utc(gateway::utc_text(whole)) != whole) __builtin_trap();
  return true;
}

inline constexpr std::string_view family = "coinbase";
inline constexpr Decoder decoders[] = {
    {'o', order},
    {'O', only<decode_orders>},
    {'p', placed},
    {'c', cancelled},
    {'E', edited},
    {'v', preview},
    {'f', fills},
    {'e', error},
    {'w', frame},
    {'b', book},
    {'B', only<decode_best_bid_ask>},
    {'K', only<decode_candles>},
    {'t', trades},
    {'x', products},
    {'s', only<decode_product>},
    {'a', only<decode_wallets>},
    {'A', only<decode_wallet>},
    {'P', only<decode_portfolios>},
    {'D', only<decode_breakdown>},
    {'m', only<decode_key_permissions>},
    {'F', only<decode_fees>},
    {'z', only<decode_time>},
    {'k', key},
    {'u', time},
};

}  // namespace busbar::fuzz
