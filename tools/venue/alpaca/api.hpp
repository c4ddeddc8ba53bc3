#pragma once
// The broker's requests: who asks, how often, and one function per operation. It knows no connection: a call comes in, a
// reply goes out, events go to whoever was named at construction. The table of operations stands in api.cpp, what they do
// in the api_*.cpp beside it.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "tools/venue/alpaca/assets.hpp"
#include "tools/venue/alpaca/ledger.hpp"
#include "tools/venue/alpaca/limits.hpp"
#include "tools/venue/alpaca/order_reader.hpp"
#include "tools/venue/alpaca/shapes.hpp"
#include "tools/venue/engine.hpp"
#include "tools/venue/history.hpp"
#include "tools/venue/market_hours.hpp"

namespace busbar::venue::alpaca {

struct Key {
  std::string id, secret;
  AccountId account = 0;
  bool may_trade = true;
  bool is_revoked = false;
};

// Of OAuth 2.0: whoever holds it acts for the account.
struct Bearer {
  std::string token;
  AccountId account = 0;
  bool may_trade = true, may_read_data = true;
  bool is_of_login = false;
};

enum class WashTrades : std::uint8_t { Crossing, All, Off };  // which orders of both sides are refused

struct Rules {
  TimeUs cancel_delay = 0, replace_delay = 0;  // between an answer and its effect
  WashTrades wash_trades = WashTrades::Crossing;
  bool has_sip = true;         // the account's plan has every exchange's data
  bool binary_frames = true;   // order updates in binary frames, as the paper host sends them
  TimeUs auth_within = 10'000'000;  // of connecting to market data
};

struct Call : RestCall {
  std::string key_id, key_secret;  // headers
};
using Reply = RestReply;

enum class Access : std::uint8_t { Read, Trade, Data, OpenData };  // OpenData: without a key, too

class Api;
struct Operation {
  std::string_view name;
  std::string_view method, path;  // {} for what is named in it
  Access access;
  bool is_order;  // places, replaces or cancels: arrivals are recorded
  Reply (Api::*run)(const Call& call, AccountId account);
};

class Api {
 public:
  using OnEvents = std::function<void(const Events&)>;
  Api(Engine& engine, History& history, std::vector<AssetSettings> assets, const HoursSettings& hours,
      const LimitSettings& limits, const Rules& rules, std::uint64_t seed, std::function<TimeUs()> now,
      OnEvents on_events);

  // The operation, and what its path names in `id`.
  const Operation* find(std::string_view method, std::string_view path, std::string& id) const;
  Reply perform(const Operation& operation, const Call& call);
  std::string client_order_id_of(const Operation& operation, const Call& call);  // for rules and records

  struct Caller {
    AccountId account = 0;
    bool may_trade = true, may_read_data = true;
  };
  std::optional<Caller> caller_of_key(std::string_view id, std::string_view secret) const;
  std::optional<Caller> caller_of_token(std::string_view token) const;
  // Whose key or access token comes with a request, proven or not; empty for nobody's.
  std::string account_named(const Call& call) const;

  // What time brings: sessions that open and close, cancels and replacements that take effect.
  void on_tick();
  // Stops that follow the price.
  void on_trades(const std::vector<Trade>& trades);
  void set_halted(SymbolId symbol, bool is_halted);
  void remember_top(SymbolId symbol);
  // A status that an open order is said to have, until something happens to it.
  void show(Ticket& ticket, std::string status);
  // How many of an account's next orders are taken and then rejected.
  void reject_next(AccountId account, std::int64_t count) { rejections_[account] = count; }

  TimeUs now() const { return now_(); }
  Engine& engine() { return engine_; }
  const Engine& engine() const { return engine_; }
  const History& history() const { return history_; }
  Assets& assets() { return assets_; }
  Ledger& ledger() { return ledger_; }
  const Ledger& ledger() const { return ledger_; }
  Limits& limits() { return limits_; }
  Rules& rules() { return rules_; }
  MarketHours& hours() { return hours_; }
  std::vector<Key>& keys() { return keys_; }
  std::vector<Bearer>& bearers() { return bearers_; }
  const Top& top(SymbolId symbol) const { return tops_[symbol].back(); }
  const Order& order_of(const Ticket& ticket) const;
  boost::json::object shape(const Ticket& ticket, bool is_nested = false) const;
  boost::json::object shape(const Ticket& ticket, const Order& as_of, std::string_view status) const;
  std::string fill_uuid(SymbolId symbol, std::uint64_t trade_id, std::uint64_t order_number) const;

  // Orders younger than this are not found by look-ups: a broker whose memory lags behind its engine.
  std::function<bool(const Order&)> is_hidden = [](const Order&) { return false; };
  // Said of an order without anything having happened in the engine.
  std::function<void(const Ticket&, std::string_view event)> on_order_said = [](const Ticket&, std::string_view) {};
  std::function<void(const Asset&)> on_halt = [](const Asset&) {};

  // {"code","message"}
  static Reply failure(unsigned status, std::int64_t code, std::string_view message);
  static Reply failure(const Refused& refused);
  static Reply too_many();
  static Reply unauthorized();
  static Reply without_key();  // what stands before the broker says so, in HTML

 private:
  friend struct Operations;
  Reply place(const Call&, AccountId);
  Reply cancel(const Call&, AccountId);
  Reply cancel_all(const Call&, AccountId);
  Reply replace(const Call&, AccountId);
  Reply order(const Call&, AccountId);
  Reply order_by_client_id(const Call&, AccountId);
  Reply orders(const Call&, AccountId);
  Reply account(const Call&, AccountId);
  Reply configurations(const Call&, AccountId);
  Reply activities(const Call&, AccountId);
  Reply activities_of_type(const Call&, AccountId);
  Reply positions(const Call&, AccountId);
  Reply position(const Call&, AccountId);
  Reply close_position(const Call&, AccountId);
  Reply close_positions(const Call&, AccountId);
  Reply list_assets(const Call&, AccountId);
  Reply asset(const Call&, AccountId);
  Reply clock(const Call&, AccountId);
  Reply calendar(const Call&, AccountId);
  Reply stock_bars(const Call&, AccountId);
  Reply stock_trades(const Call&, AccountId);
  Reply stock_quotes(const Call&, AccountId);
  Reply stock_latest_bars(const Call&, AccountId);
  Reply stock_latest_trades(const Call&, AccountId);
  Reply stock_latest_quotes(const Call&, AccountId);
  Reply stock_snapshots(const Call&, AccountId);
  Reply crypto_bars(const Call&, AccountId);
  Reply crypto_trades(const Call&, AccountId);
  Reply crypto_quotes(const Call&, AccountId);
  Reply crypto_latest_bars(const Call&, AccountId);
  Reply crypto_latest_trades(const Call&, AccountId);
  Reply crypto_latest_quotes(const Call&, AccountId);
  Reply crypto_latest_books(const Call&, AccountId);
  Reply crypto_snapshots(const Call&, AccountId);

  // Orders.
  Reply submit(AccountId account, WantedOrder wanted);
  Refused refusal_of_money(AccountId account, const WantedOrder& wanted) const;
  Refused refusal_of_wash_trade(AccountId account, const Asset& asset, const NewOrder& order,
                                const Ticket* except) const;
  Refused worded(Refusal refusal, AccountId account, const Asset& asset, const NewOrder& order) const;
  Ticket& open_ticket(const Order& placed, const WantedOrder& wanted);
  void open_legs(const Engine::PlacedList& placed, const WantedOrder& wanted, Ticket& parent);
  bool may_work(const Asset& asset, const Ticket& ticket) const;
  Waits waits_for(const Asset& asset, const WantedOrder& wanted) const;
  Refused cancel_one(Ticket& ticket);
  void cancel_now(Ticket& ticket);
  void finish_replacement(Ticket& ticket);
  void follow_hours();
  void set_statuses();
  void open_session();
  void close_session(Phase before, Phase after);
  void release(Ticket& ticket);
  void expire(Ticket& ticket);
  void hold(Ticket& ticket);
  void follow(Ticket& ticket, Decimal price);
  Ticket* own(AccountId account, const std::string& order_id);
  Refused refusal_of_change(const Ticket& ticket, const WantedChange& change) const;
  std::string invented_name();

  // What an account has.
  Decimal free(AccountId account, const std::string& asset) const;
  Decimal last_day_price(SymbolId symbol) const;
  boost::json::object position_of(AccountId account, const std::string& base, const Asset& asset) const;
  std::optional<std::string> held_as(AccountId account, const std::string& name, const Asset*& asset) const;

  // Market data. `of`: the class of assets that is asked about.
  enum class Series : std::uint8_t { Bars, Trades, Quotes };
  struct SeriesWanted {
    std::size_t limit = 1'000, skipped = 0;  // points
    TimeUs start = 0, end = 0;
    std::optional<Periods> periods{};  // of bars
    bool is_descending = false;
  };
  Refused read_series(const Call& call, AssetClass of, Series kind, SeriesWanted& wanted) const;
  boost::json::array points(const Asset& asset, Series kind, const SeriesWanted& wanted) const;
  Reply series(const Call& call, AssetClass of, Series kind) const;
  std::vector<Bar> traded_bars(const Asset& asset, const Periods& periods) const;
  Reply latest(const Call& call, AssetClass of, std::string_view member,
               const std::function<boost::json::value(const Asset&)>& shape_of) const;
  std::vector<const Asset*> asked_assets(const Call& call, AssetClass of) const;
  boost::json::value latest_bar(const Asset& asset) const;
  boost::json::value latest_trade(const Asset& asset) const;
  boost::json::value latest_quote(const Asset& asset) const;
  boost::json::object snapshot(const Asset& asset) const;
  void publish(const Events& events) { on_events_(events); }

  Engine& engine_;
  History& history_;
  Assets assets_;
  MarketHours hours_;
  Limits limits_;
  Rules rules_;
  Ledger ledger_;
  std::vector<Key> keys_;
  std::vector<Bearer> bearers_;
  std::map<AccountId, std::int64_t> rejections_;
  std::vector<std::deque<Top>> tops_;  // by symbol, the newest last
  std::optional<Phase> phase_;         // as last followed
  std::set<std::size_t> replacing_;    // tickets whose replacement is under way
  std::uint64_t invented_ = 0;
  std::function<TimeUs()> now_;
  OnEvents on_events_;
};

}  // namespace busbar::venue::alpaca
