#pragma once
// Every decoder of Binance's words under the letter that chooses it: the fuzzer's first byte, and the name of its
// seeds. Each says whether it took the text; what it took is carried on to facts, instruments and books.

#include <iterator>
#include <string_view>

#include "gateways/binance/decode.hpp"
#include "gateways/binance/decode_hot.hpp"
#include "gateways/binance/depth_book.hpp"
#include "gateways/binance/errors.hpp"
#include "gateways/binance/facts.hpp"
#include "gateways/binance/instruments.hpp"
#include "gateways/framework/json_reader.hpp"
#include "tests/fuzz/decoder.hpp"

namespace busbar::fuzz {

using namespace busbar::binance;

inline const Symbol symbol{"BTC/USDT"};

inline void about_event(const UserFrame& frame) {
  const auto* report = std::get_if<ExecutionReportEvent>(&frame.event.what);
  if (report == nullptr) return;
  const EventFacts said = facts_of(*report, symbol);
  if (said.facts.empty() == said.unknown.empty()) __builtin_trap();
}

inline bool order(std::string_view text) {
  if (Order hot; read_hot(text, hot) && !reading::parse_json(text)) __builtin_trap();  // nothing is read fast that is no JSON
  const auto order = decode_order(text);
  if (!order) return false;
  (void)facts_of_place(*order, symbol);
  (void)fact_of_cancel(*order, symbol, "V1");
  (void)state_of(*order, symbol, VenueSource::Probe);
  return true;
}

inline bool cancel_replace(std::string_view text) {
  const auto answer = decode_cancel_replace(text);
  if (!answer) return false;
  // A replace always has an outcome, and what it says of the order comes last.
  const auto facts = facts_of_cancel_replace(*answer, symbol, "V1", "V2");
  if (facts.empty() || facts.back().event == VenueEvent::Unset) __builtin_trap();
  return true;
}

inline bool amend(std::string_view text) {
  const auto amended = decode_amend(text);
  if (!amended) return false;
  if (facts_of_amend(*amended, symbol).size() != 1) __builtin_trap();
  return true;
}

inline bool order_list(std::string_view text) {
  const auto list = decode_order_list(text);
  if (!list) return false;
  for (const OrderList::Leg& leg : list->orders) (void)facts_of_leg(*list, symbol, leg.client_order_id);
  return true;
}

inline bool trades(std::string_view text) {
  const auto trades = decode_trades(text);
  if (!trades) return false;
  for (const AccountTrade& trade : *trades) (void)fill_of(trade, symbol, "V1", VenueSource::Reconcile);
  return true;
}

inline bool error(std::string_view text) {
  const auto error = decode_error(text);
  for (const std::uint32_t status : {200, 400, 401, 403, 404, 409, 418, 429, 500, 503, 504}) {
    if ((status == 200) != (judge_write(status, text).verdict == Verdict::Ok)) __builtin_trap();
    if (judge_read(status, text).verdict == Verdict::Unknown) __builtin_trap();
  }
  (void)blocked_until_ms(418, error, text.substr(0, 20), 1700000000000);
  if (!error) return false;
  (void)unified(error->code, error->message);
  (void)documented_name(error->code);
  if (!explained(*error).starts_with(error->message)) __builtin_trap();
  return true;
}

inline bool user_frame(std::string_view text) {
  const auto frame = decode_user_frame(text);
  if (frame) about_event(*frame);
  return frame.has_value();
}

inline bool ws_frame(std::string_view text) {
  const auto frame = decode_ws_api_frame(text);
  if (!frame) return false;
  if (const auto* event = std::get_if<UserFrame>(&*frame)) {
    about_event(*event);
  } else {  // what it keeps as text is JSON again
    const std::string& body = std::get<WsResponse>(*frame).body();
    (void)decode_order(body);
    (void)decode_cancel_replace(body);
  }
  return true;
}

inline bool market_frame(std::string_view text) {
  if (MarketFrame hot; read_hot(text, hot) && !reading::parse_json(text)) __builtin_trap();  // nothing is read fast that is no JSON
  const auto frame = decode_market_frame(text);
  if (!frame) return false;
  if (const auto* update = std::get_if<DepthUpdateEvent>(&frame->what)) {
    DepthBook book;
    book.on_update(*update);
    if (!book.on_snapshot({.last_update_id = update->first_update_id}).is_taken) __builtin_trap();
    if (book.last_update_id() != update->final_update_id) __builtin_trap();
  }
  return true;
}

inline bool depth(std::string_view text) {
  const auto snapshot = decode_depth(text);
  if (!snapshot) return false;
  DepthBook book;
  if (!book.on_snapshot(*snapshot).is_taken) __builtin_trap();
  const auto bids = book.bids();
  for (std::size_t i = 1; i < bids.size(); ++i) {
    if (bids[i].price >= bids[i - 1].price) __builtin_trap();
  }
  return true;
}

inline bool symbol_info(std::string_view text) {
  const auto info = decode_symbol(text);
  if (info) (void)instrument_of(*info);
  return info.has_value();
}

inline constexpr std::string_view family = "binance";
inline constexpr Decoder decoders[] = {
    {'o', order},
    {'O', only<decode_orders>},
    {'r', cancel_replace},
    {'A', amend},
    {'l', order_list},
    {'L', only<decode_order_lists>},
    {'t', trades},
    {'a', only<decode_account>},
    {'c', only<decode_commission>},
    {'n', only<decode_order_counts>},
    {'k', only<decode_listen_key>},
    {'z', only<decode_time>},
    {'e', error},
    {'u', user_frame},
    {'w', ws_frame},
    {'m', market_frame},
    {'d', depth},
    {'K', only<decode_klines>},
    {'b', only<decode_book_ticker>},
    {'B', only<decode_book_tickers>},
    {'y', only<decode_ticker_24h>},
    {'Y', only<decode_tickers_24h>},
    {'p', only<decode_price_ticker>},
    {'P', only<decode_price_tickers>},
    {'R', only<decode_recent_trades>},
    {'g', only<decode_aggregate_trades>},
    {'v', only<decode_average_price>},
    {'s', symbol_info},
    {'x', only<decode_exchange_info>},
};

}  // namespace busbar::fuzz
