#pragma once
// Every reader of what comes from Interactive Brokers, or from who holds its keys, under the letter that chooses it:
// the fuzzer's first byte, and the name of its seeds. Each says whether it took the text; what it took is carried on to
// facts, instruments and quotes.

#include <string_view>

#include "gateways/framework/utc.hpp"
#include "gateways/ibkr/auth.hpp"
#include "gateways/ibkr/cookies.hpp"
#include "gateways/ibkr/decode.hpp"
#include "gateways/ibkr/decode_market.hpp"
#include "gateways/ibkr/errors.hpp"
#include "gateways/ibkr/facts.hpp"
#include "gateways/ibkr/hours.hpp"
#include "gateways/ibkr/instruments.hpp"
#include "gateways/ibkr/order_book.hpp"
#include "gateways/ibkr/read.hpp"
#include "tests/fuzz/decoder.hpp"

namespace busbar::fuzz {

using namespace busbar::ibkr;

inline const Symbol symbol{"AAPL"};

inline void check(const ibkr::Order& order) {
  const UpdateFact said = fact_of(order, symbol);
  if (said.fact && (!said.unknown.empty() || said.fact->order_status == OrderStatus::Unset)) __builtin_trap();
  const auto state = state_of(order, symbol, VenueSource::Probe);
  if (state && (state->order_status == OrderStatus::Unset || !state->cum_qty)) __builtin_trap();
}

inline void check(const Execution& execution) {
  const VenueReport fact = fill_of(execution, Instrument{}, VenueSource::Reconcile);
  if (fact.event == VenueEvent::Fill && (!fact.last_qty || !fact.last_px)) __builtin_trap();
}

inline void check(const MarketFields& fields) {
  (void)quote_of(fields, symbol);
  if (ticker_of(fields, symbol).has_value() != fields.has_prices()) __builtin_trap();
}

inline bool live_orders(std::string_view text) {
  const auto live = decode_live_orders(text);
  if (!live) return false;
  OrderBook book;  // whose a child is its parent tells, wherever it stands
  for (const ibkr::Order& order : live->orders) {
    check(order);
    (void)book.merge(order);
  }
  return true;
}

inline bool whatif(std::string_view text) {
  const auto said = decode_whatif(text);
  if (said && preview_of(*said, {}, {}).is_accepted != said->error.empty()) __builtin_trap();
  return said.has_value();
}

inline bool order_status(std::string_view text) {
  const auto order = decode_order_status(text);
  if (order) check(*order);
  return order.has_value();
}

inline bool trades(std::string_view text) {
  const auto executions = decode_trades(text);
  if (!executions) return false;
  for (const Execution& execution : *executions) check(execution);
  return true;
}

inline bool submitted(std::string_view text) {
  const auto submitted = decode_submitted(text);
  if (!submitted) return false;
  const auto fact = fact_of_placed(*submitted, NewOrder{}, symbol, "V1");
  if (fact.has_value() == (submitted->kind == Submitted::Kind::Question)) __builtin_trap();
  if (fact && fact->event == VenueEvent::Accepted && fact->broker_order_id.empty()) __builtin_trap();
  for (const Question& question : submitted->questions) {
    if (fact_of_declined(question, NewOrder{}, symbol, "V1").event != VenueEvent::Rejected) __builtin_trap();
    for (const std::string& id : question.message_ids) (void)meaning_of(id);
    if (AnswerPolicy{}.says_yes(question.message_ids)) __builtin_trap();  // nothing is confirmed that nobody allowed
  }
  return true;
}

inline bool cancelled(std::string_view text) {
  const auto answer = decode_cancel(text);
  if (!answer) return false;
  const VenueReport fact = fact_of_cancelled(*answer, symbol, "V1", answer->order_id);
  if (answer->accepted == (fact.error != ErrorCode::None)) __builtin_trap();
  return true;
}

inline bool error(std::string_view text) {
  for (const std::uint32_t status : {200, 400, 401, 403, 404, 410, 429, 500, 503}) {
    for (const std::string_view path :
         {"/iserver/account/A/orders", "/iserver/account/order/status/1", "/trsrv/secdef"}) {
      const Judged read = judge("GET", path, status, text);
      const Judged write = judge("POST", path, status, text);
      if (read.verdict == Verdict::Unknown) __builtin_trap();  // asking does nothing
      if ((write.verdict == Verdict::Ok) != (read.verdict == Verdict::Ok)) __builtin_trap();
      if (read.verdict == Verdict::Ok && status != 200) __builtin_trap();
      (void)is_worth_asking_again(read);
      (void)wants_session(read);
      (void)wants_accounts_first(read);
    }
  }
  const auto error = decode_error(text);
  if (error && !explained(*error).starts_with(error->text)) __builtin_trap();
  return error.has_value();
}

struct Checked {
  void operator()(const QuoteFrame& frame) const { check(frame.fields); }
  void operator()(const OrdersFrame& frame) const {
    for (const ibkr::Order& order : frame.orders) check(order);
  }
  void operator()(const ExecutionsFrame& frame) const {
    for (const Execution& execution : frame.executions) check(execution);
  }
  void operator()(const LedgerFrame& frame) const { (void)balances_of(frame.rows); }
  template <class Other>
  void operator()(const Other&) const {}
};

inline bool frame(std::string_view text) {
  const auto frame = decode_frame(text);
  if (frame) std::visit(Checked{}, *frame);
  return frame.has_value();
}

inline bool snapshot(std::string_view text) {
  const auto all = decode_snapshot(text);
  if (!all) return false;
  for (const MarketFields& fields : *all) check(fields);
  return true;
}

inline bool history(std::string_view text) {
  const auto history = decode_history(text);
  if (!history) return false;
  for (const HistoryBar& bar : history->bars) (void)bar_of(bar, *history, symbol, true);
  return true;
}

inline bool ledger(std::string_view text) {
  const auto rows = decode_ledger(text);
  if (rows) (void)balances_of(*rows);
  return rows.has_value();
}

inline bool positions(std::string_view text) {
  const auto rows = decode_positions(text);
  if (!rows) return false;
  for (const PositionRow& row : *rows) (void)position_of(row, symbol);
  return true;
}

inline bool secdefs(std::string_view text) {
  const auto secdefs = decode_secdefs(text);
  if (!secdefs) return false;
  for (const SecDef& secdef : *secdefs) (void)instrument_of(secdef);
  return true;
}

inline bool schedule(std::string_view text) {
  const auto said = decode_trading_schedule(text);
  if (!said) return false;
  for (const TradingSession& session : sessions_of(*said)) {
    if (session.open_ns >= session.close_ns || session.open_ns < 0) __builtin_trap();
  }
  return true;
}

inline bool rules(std::string_view text) {
  const auto rules = decode_rules(text);
  if (!rules) return false;
  const SecDef stock{.conid = 1,
                     .ticker = "AAPL",
                     .currency = "USD",
                     .asset_class = "STK",
                     .name = {},
                     .listing_exchange = {},
                     .is_us = true,
                     .increments = {}};
  const auto instrument = instrument_of(stock, *rules);
  if (!instrument || !instrument->lot_size || !instrument->lot_size->is_positive()) __builtin_trap();
  return true;
}

inline bool stocks(std::string_view text) {
  const auto lists = decode_stocks(text);
  if (!lists) return false;
  for (const StockList& list : *lists) (void)us_listing(list);
  return true;
}

inline bool futures(std::string_view text) {
  const auto futures = decode_futures(text);
  if (!futures) return false;
  const Wanted es = *wanted_of("ES");
  if (futures_instead(es, *futures).code != ErrorCode::InvalidSymbol) __builtin_trap();
  return true;
}

// A symbol of the configuration, against definitions of contracts.
inline bool wanted(std::string_view text) {
  const auto wanted = wanted_of(text);
  if (!wanted) return false;
  if (wanted->symbol.empty() || spellings_of(*wanted).empty()) __builtin_trap();
  if (choose(*wanted, {})) __builtin_trap();
  return true;
}

inline bool cookie(std::string_view text) {
  Cookies cookies;
  cookies.take(text);
  if (cookies.header().find_first_of("\r\n") != std::string::npos) __builtin_trap();
  return !cookies.header().empty();
}

inline bool date(std::string_view text) {
  const auto time = gateway::parse_http_date(text);
  if (time && *time % 1'000'000'000 != 0) __builtin_trap();
  return time.has_value();
}

inline bool amount(std::string_view text) {
  const auto exact = amount_of(text);
  const auto cut = cut_amount_of(text);
  if (exact && (!cut || *cut != *exact)) __builtin_trap();
  return exact.has_value();
}

// The other half of an exchange comes from outside.
inline bool exchanged(std::string_view text) {
  static const Secret random = KeyExchange::make_random();
  static const auto exchange =
      KeyExchange::of("ed2c6805029feda17723343878c774e28c0dd574b1a579d19a748d4ae2928b69", 2, random);
  const auto shared = exchange->shared(text);
  if (!shared) return false;
  const Secret token = live_session_token(*shared, Secret{"x"});
  if (shared->is_empty() || is_proven(token, "TESTCONS", text)) __builtin_trap();
  return true;
}

inline bool key(std::string_view text) {
  const auto key = RsaKey::of(text, "key");
  if (!key) return false;
  if (key->sign("x").empty()) __builtin_trap();
  (void)key->decrypt("AAAA");
  return true;
}

inline bool bytes(std::string_view text) {
  const auto hex = decode_hex(text, "hex");
  if (hex && hex_of(*hex).bytes().size() != text.size()) __builtin_trap();
  return decode_base64(text, "base64").has_value();
}

inline bool done(std::string_view text) { return is_done(text); }

inline constexpr std::string_view family = "ibkr";
inline constexpr Decoder decoders[] = {
    {'o', live_orders},
    {'O', order_status},
    {'t', trades},
    {'p', submitted},
    {'c', cancelled},
    {'f', whatif},
    {'e', error},
    {'w', frame},
    {'q', snapshot},
    {'h', history},
    {'l', ledger},
    {'L', only<decode_summary>},
    {'b', only<decode_account_summary>},
    {'g', only<decode_segments>},
    {'P', positions},
    {'x', secdefs},
    {'r', rules},
    {'H', schedule},
    {'s', stocks},
    {'S', only<decode_search>},
    {'C', only<decode_conids>},
    {'i', only<decode_contract_info>},
    {'a', only<decode_accounts>},
    {'A', only<decode_portfolio_accounts>},
    {'d', only<decode_selected_account>},
    {'z', only<decode_session_status>},
    {'T', only<decode_tickle>},
    {'V', only<decode_sso_status>},
    {'D', done},
    {'R', only<decode_request_token>},
    {'W', only<decode_access_token>},
    {'Y', only<decode_live_session>},
    {'F', futures},
    {'N', wanted},
    {'K', cookie},
    {'G', date},
    {'n', amount},
    {'X', exchanged},
    {'k', key},
    {'B', bytes},
};

}  // namespace busbar::fuzz
