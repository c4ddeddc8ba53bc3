#pragma once
// A matching engine with price-time priority for several symbols, and the accounts behind it. It knows no protocol, no
// clock and no chance: times are handed in, ids count up, so the same calls give the same trades. What happened goes
// into Events, in order, for whoever has to tell it to the world.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/system/result.hpp>

#include "bus/decimal.hpp"

namespace busbar::venue {

using TimeUs = std::int64_t;  // microseconds since the Unix epoch
using AccountId = std::size_t;
using SymbolId = std::size_t;

enum class Side : std::uint8_t { Buy, Sell };
enum class OrderType : std::uint8_t { Limit, Market, StopLoss, StopLossLimit, TakeProfit, TakeProfitLimit, LimitMaker };
constexpr bool is_stop(OrderType type) {
  return type == OrderType::StopLoss || type == OrderType::StopLossLimit || type == OrderType::TakeProfit ||
         type == OrderType::TakeProfitLimit;
}
constexpr bool is_priced(OrderType type) {
  return type != OrderType::Market && type != OrderType::StopLoss && type != OrderType::TakeProfit;
}
enum class TimeInForce : std::uint8_t { GoodTillCancel, ImmediateOrCancel, FillOrKill };
enum class SelfTrade : std::uint8_t { None, ExpireTaker, ExpireMaker, ExpireBoth, Decrement };
enum class Status : std::uint8_t { New, PartiallyFilled, Filled, Canceled, Expired, ExpiredInMatch, PendingNew };
enum class ExpiryReason : std::uint8_t {
  None,
  Rejected,
  UnfilledImmediate,
  UnfilledFillOrKill,
  InsufficientLiquidity,
  OcoTrigger,
  OtoPhaseOneExpired,
};
enum class ExecutionType : std::uint8_t { New, Trade, Canceled, Expired, TradePrevention, Replaced };
enum class SymbolStatus : std::uint8_t { Trading, Halt, Break, EndOfDay, CancelOnly };
enum class CancelRestriction : std::uint8_t { None, OnlyNew, OnlyPartiallyFilled };

// The trading rules of one symbol. A zero maximum or step asks nothing.
struct Symbol {
  std::string name;   // BTCUSDT
  std::string base;   // BTC
  std::string quote;  // USDT
  SymbolStatus status = SymbolStatus::Trading;
  Decimal price_min, price_max, tick;
  Decimal qty_min, qty_max, step;
  Decimal market_qty_max;
  Decimal notional_min, notional_max;
  Decimal percent_up, percent_down;  // price against the average, both sides alike
  std::int64_t orders_max = 200;
  std::int64_t stop_orders_max = 5;
  std::int64_t iceberg_orders_max = 50;
  std::int64_t iceberg_parts_max = 100;
  std::int64_t order_lists_max = 20;
  std::int64_t amends_max = 10;  // of one order
  std::int64_t trailing_delta_min = 10, trailing_delta_max = 2'000;  // basis points, above and below alike
  Decimal position_max;
  bool stop_market_allowed = true;  // many symbols list only the limit forms of stops
  bool iceberg_allowed = true, oco_allowed = true, oto_allowed = true, trailing_allowed = true;
  bool cancel_replace_allowed = true, amend_allowed = true, quote_qty_allowed = true;
  std::set<SelfTrade> self_trade_allowed{SelfTrade::None, SelfTrade::ExpireTaker, SelfTrade::ExpireMaker,
                                         SelfTrade::ExpireBoth, SelfTrade::Decrement};
  SelfTrade self_trade_default = SelfTrade::ExpireMaker;
  Decimal start_price;
};

struct NewOrder {
  std::string client_order_id;  // empty: the engine makes one
  Side side = Side::Buy;
  OrderType type = OrderType::Limit;
  TimeInForce time_in_force = TimeInForce::GoodTillCancel;
  SelfTrade self_trade = SelfTrade::ExpireMaker;
  Decimal qty;        // zero for a market order by quote quantity, whose size the book decides
  Decimal quote_qty;  // market orders only
  Decimal price;
  Decimal stop_price;
  Decimal iceberg_qty;                         // zero: all of it is shown
  std::optional<std::int64_t> trailing_delta;  // basis points
  std::optional<std::int64_t> strategy_id;
  std::optional<std::int64_t> strategy_type;
  std::string quote_asset;   // what it is settled in, where it is not the symbol's own
  bool is_rejected = false;  // once it is in the book, by a venue that takes an order and thinks better of it
  bool is_held = false;      // it waits outside of the book until it is released, whatever the market does
};

struct Order {
  std::uint64_t id = 0;  // unique within its symbol only
  SymbolId symbol = 0;
  AccountId account = 0;
  std::string client_order_id;
  std::string quote_asset;
  Side side = Side::Buy;
  OrderType type = OrderType::Limit;
  TimeInForce time_in_force = TimeInForce::GoodTillCancel;
  SelfTrade self_trade = SelfTrade::None;
  Decimal qty, quote_qty, price, stop_price, iceberg_qty;
  Decimal executed, cum_quote;
  Decimal locked;     // of what it spends, still reserved
  Decimal displayed;  // of what rests in the book, the part that is shown
  Status status = Status::New;
  ExpiryReason expiry = ExpiryReason::None;
  TimeUs created = 0, updated = 0, working = 0;  // working 0: not on the book yet
  std::optional<std::int64_t> strategy_id, strategy_type;
  Decimal prevented_qty;  // expired by self-trade prevention so far
  std::int64_t prevented_match_id = -1;
  std::optional<std::int64_t> trailing_delta;
  TimeUs trailing_since = 0;  // 0: it does not follow the price yet
  Decimal trailing_extreme;   // the best price since then
  std::uint64_t list = 0;     // the order list it belongs to; 0: none
  std::int64_t amends = 0;

  Decimal leaves() const;  // what could still trade
  bool is_open() const {
    return status == Status::New || status == Status::PartiallyFilled || status == Status::PendingNew;
  }
  bool is_stop() const { return venue::is_stop(type); }
  bool is_stop_loss() const { return type == OrderType::StopLoss || type == OrderType::StopLossLimit; }
  bool is_waiting_for_trigger() const { return is_stop() && working == 0 && status != Status::PendingNew; }
  // Where a pair or a trigger wants its price: above the market, or below.
  bool belongs_above() const { return is_stop_loss() == (side == Side::Buy); }
  bool is_priced() const { return venue::is_priced(type); }
};

struct Fill {
  std::uint64_t trade_id = 0;
  Decimal price, qty, quote;
  Decimal commission;
  std::string commission_asset;
  bool is_maker = false;
};

enum class Refusal : std::uint8_t {
  MarketClosed,
  DuplicateOrder,
  InsufficientBalance,
  WouldTriggerImmediately,
  WouldMatchImmediately,
  NoLiquidity,
  UnknownOrder,
  CancelRestricted,
  BadPrices,  // of an order list
  AmendIncreases,
  ChangesNothing,
};

// One event in an order's life, with the order as it stood right after it.
struct Execution {
  ExecutionType type = ExecutionType::New;
  Order order;
  std::uint64_t id = 0;
  TimeUs time = 0;
  std::string cancel_id;     // a cancel's own name
  std::string former_id;     // of a Replaced: the order's name until then
  std::optional<Fill> fill;  // of a Trade
  Decimal expired_qty;    // of a TradePrevention: what this order lost by it
  Decimal prevented_qty;  // and what would have traded, at which price, against which order
  Decimal prevented_price;
  std::uint64_t counter_order = 0;
  std::optional<Refusal> refusal;  // of a waiting order that was refused when its time had come
};

struct Trade {
  SymbolId symbol = 0;
  std::uint64_t id = 0;
  Decimal price, qty, quote;
  TimeUs time = 0;
  bool is_buyer_maker = false;
  std::uint64_t buy_order = 0, sell_order = 0, taker_order = 0;
};

// A fill as its account keeps it.
struct AccountTrade {
  SymbolId symbol = 0;
  AccountId account = 0;
  std::uint64_t order_id = 0;
  std::string client_order_id;
  Side side = Side::Buy;
  TimeUs time = 0;
  Fill fill;
};

// Two orders of one account that did not trade with each other.
struct PreventedMatch {
  SymbolId symbol = 0;
  AccountId account = 0;
  std::int64_t id = 0;
  std::uint64_t taker_order = 0, maker_order = 0;
  SelfTrade mode = SelfTrade::None;
  Decimal price;
  std::optional<Decimal> taker_prevented, maker_prevented;
  TimeUs time = 0;
};

struct Amendment {
  SymbolId symbol = 0;
  AccountId account = 0;
  std::uint64_t order_id = 0, execution_id = 0;
  std::string former_id, new_id;
  Decimal former_qty, new_qty;
  TimeUs time = 0;
};

// One-cancels-the-other: two orders on both sides of the market. One-triggers-the-other: a working order, and one
// order, or a pair of them, that starts once it is filled.
enum class Contingency : std::uint8_t { Oco, Oto };
struct NewOrderList {
  std::string client_id;  // empty: the engine makes one
  std::optional<NewOrder> working;
  std::vector<NewOrder> legs;  // a pair, or the one order that waits for `working`
};
struct OrderList {
  struct Leg {
    std::uint64_t order_id = 0;
    std::string client_order_id;
  };
  std::uint64_t id = 0;  // unique on the whole exchange
  SymbolId symbol = 0;
  AccountId account = 0;
  std::string client_id;
  Contingency contingency = Contingency::Oco;
  std::vector<Leg> legs;      // the working order first, then the stop loss
  bool is_triggered = false;  // its pending orders have started
  bool is_done = false;
  TimeUs updated = 0;
};
enum class ListEvent : std::uint8_t { ExecStarted, Updated, AllDone };
struct ListChange {
  OrderList list;
  ListEvent event = ListEvent::ExecStarted;
};

struct LevelChange {
  SymbolId symbol = 0;
  Side side = Side::Buy;
  Decimal price, qty;  // qty 0: the level is gone
  std::uint64_t update_id = 0;
};

struct Events {
  std::vector<Execution> executions;
  std::vector<Trade> trades;
  std::vector<LevelChange> levels;
  std::vector<ListChange> lists;
  std::map<AccountId, std::set<std::string>> balances;  // assets that may have changed
};

// value() on a refusal is a mistake of our own.
[[noreturn]] inline void throw_exception_from_error(Refusal, const boost::source_location&) { __builtin_trap(); }
template <class T>
using Outcome = boost::system::result<T, Refusal>;

struct Balance {
  Decimal free, locked;
};

struct Account {
  std::string name;
  Decimal maker_rate, taker_rate;
  std::map<std::string, Balance> balances;
  bool keeps_history = true;  // the house's finished orders are forgotten, or its quotes would fill the memory
  bool may_trade = true;
  TimeUs updated = 0;
};

// Out of what an order receives, or on top of what it pays: then always in the quote currency, and held with it.
enum class Commission : std::uint8_t { OfWhatIsReceived, InQuote };

class Engine {
 public:
  explicit Engine(std::vector<Symbol> symbols, Commission commission = Commission::OfWhatIsReceived);

  AccountId open_account(std::string name, Decimal maker_rate, Decimal taker_rate, bool keeps_history);
  void deposit(AccountId account, const std::string& asset, Decimal amount, TimeUs now);  // negative: a withdrawal

  // Places, matches, triggers. The order as it stands after all that.
  Outcome<Order> place(AccountId account, SymbolId symbol, const NewOrder& wanted, TimeUs now, Events& events);
  Outcome<Order> cancel(AccountId account, SymbolId symbol, std::uint64_t order_id, const std::string& cancel_id,
                        CancelRestriction restriction, TimeUs now, Events& events);
  // Less of an open order, which keeps its place. An empty name: the engine makes one.
  struct Amended {
    Order order;
    Amendment amendment;
  };
  Outcome<Amended> amend(AccountId account, SymbolId symbol, std::uint64_t order_id, const std::string& new_id,
                         Decimal new_qty, TimeUs now, Events& events);
  // Another quantity, another price, under the same name. Less of it keeps its place; everything else is matched anew.
  Outcome<Order> edit(AccountId account, SymbolId symbol, std::uint64_t order_id, Decimal new_qty, Decimal new_price,
                      TimeUs now, Events& events);
  // Into the book, or out of it again: for hours in which an order may not trade. A held order stays open, and pending.
  Outcome<Order> release(AccountId account, SymbolId symbol, std::uint64_t order_id, TimeUs now, Events& events);
  Outcome<Order> hold(AccountId account, SymbolId symbol, std::uint64_t order_id, Events& events);
  // A stop that is moved from outside.
  void move_stop(AccountId account, SymbolId symbol, std::uint64_t order_id, Decimal stop_price, Events& events);
  // Another order in the place of an open one, in two steps: what is between them may end the old one, and then the new
  // one is rejected. It may belong to a list, whose leg the new one becomes.
  Outcome<Order> prepare_replacement(AccountId account, SymbolId symbol, std::uint64_t order_id, const NewOrder& wanted,
                                     TimeUs now, Events& events);
  Outcome<Order> complete_replacement(AccountId account, SymbolId symbol, std::uint64_t order_id,
                                      std::uint64_t new_order_id, TimeUs now, Events& events);
  // Its time is over.
  Outcome<Order> expire(AccountId account, SymbolId symbol, std::uint64_t order_id, TimeUs now, Events& events);
  // The list and its orders as they stood before the pending ones could start.
  struct PlacedList {
    OrderList list;
    std::vector<Order> orders;
  };
  Outcome<PlacedList> place_list(AccountId account, SymbolId symbol, const NewOrderList& wanted, TimeUs now,
                                 Events& events);
  Outcome<OrderList> cancel_list(AccountId account, std::uint64_t list_id, const std::string& cancel_id, TimeUs now,
                                 Events& events);
  void set_status(SymbolId symbol, SymbolStatus status) { books_[symbol].symbol.status = status; }
  void rename(SymbolId symbol, std::string name) { books_[symbol].symbol.name = std::move(name); }  // its base stays
  void set_may_trade(AccountId account, bool may_trade) { accounts_[account].may_trade = may_trade; }

  const std::vector<Account>& accounts() const { return accounts_; }
  std::optional<AccountId> account_by_name(std::string_view name) const;
  std::size_t symbol_count() const { return books_.size(); }
  const Symbol& symbol(SymbolId id) const { return books_[id].symbol; }
  std::optional<SymbolId> symbol_by_name(std::string_view name) const;
  std::vector<std::string> assets() const;

  const Order* order(AccountId account, SymbolId symbol, std::uint64_t id) const;
  // The newest one under this name: names may be used again once their order has ended.
  const Order* order_by_client_id(AccountId account, SymbolId symbol, const std::string& client_order_id) const;
  std::vector<const Order*> orders(AccountId account, std::optional<SymbolId> symbol, bool open_only) const;
  const std::vector<AccountTrade>& account_trades(AccountId account) const { return trades_of_[account]; }
  const OrderList* order_list(AccountId account, std::uint64_t id) const;
  const OrderList* order_list_by_client_id(AccountId account, const std::string& client_id) const;  // the newest
  std::vector<const OrderList*> order_lists(AccountId account, bool open_only) const;
  const std::vector<PreventedMatch>& prevented_matches() const { return prevented_matches_; }
  const std::vector<Amendment>& amendments() const { return amendments_; }

  Decimal last_price(SymbolId symbol) const { return books_[symbol].last_price; }
  std::uint64_t update_id(SymbolId symbol) const { return books_[symbol].update_id; }
  using Levels = std::vector<std::pair<Decimal, Decimal>>;  // price, quantity; best first
  Levels levels(SymbolId symbol, Side side, std::size_t limit) const;

 private:
  struct Level {
    Decimal qty;
    std::deque<Order*> queue;
  };
  struct Book {
    Symbol symbol;
    std::map<Decimal, Level, std::greater<>> bids;
    std::map<Decimal, Level> asks;
    std::map<std::uint64_t, Order> orders;
    std::map<AccountId, std::set<std::uint64_t>> open;
    std::set<std::uint64_t> stops;  // waiting for their trigger
    std::map<std::pair<AccountId, std::string>, std::uint64_t> by_client_id;
    std::uint64_t next_order_id = 0, next_trade_id = 0, update_id = 0;
    std::int64_t next_prevented_id = 1;
    Decimal last_price;
    std::vector<Decimal> fresh_prices;  // traded since triggers were last looked at
  };

  template <class Visitor>  // visits the opposite side's orders, best first, until it answers false
  void walk(const Book& book, Side taker_side, Visitor visit) const;
  Order order_from(AccountId account, SymbolId symbol, const NewOrder& wanted, TimeUs now);
  bool is_duplicate(AccountId account, SymbolId symbol, const std::string& client_order_id) const;
  std::optional<Refusal> refusal_of(const Book& book, const Order& order) const;  // but for names and money
  Decimal qty_by_quote(const Book& book, const Order& order) const;
  bool can_afford(const Book& book, const Order& order) const;
  bool is_fillable(const Book& book, const Order& order) const;
  Order* open_order(Book& book, AccountId account, std::uint64_t order_id);
  Order& enter(Book& book, Order order);
  void start(Book& book, Order& order, TimeUs now, Events& events);  // wait for the trigger, or work
  void work(Book& book, Order& order, TimeUs now, Events& events);   // match, then rest or expire
  void match(Book& book, Order& taker, TimeUs now, Events& events);
  void fill(Book& book, Order& taker, bool completes, Order& maker, Decimal qty, TimeUs now, Events& events);
  void settle(Book& book, Order& order, bool completes, const Fill& traded, TimeUs now, Events& events);
  void prevent_self_trade(Book& book, Order& taker, Order& maker, Decimal qty, TimeUs now, Events& events);
  void prevent(Book& book, Order& order, Decimal amount, std::int64_t match_id, TimeUs now, Events& events);
  void trigger(Book& book, TimeUs now, Events& events);
  void trigger(Book& book, Order& due, TimeUs now, Events& events);
  void settle_consequences(Book& book, TimeUs now, Events& events);  // triggers, then lists, until all is quiet
  void rest(Book& book, Order& order, Events& events);
  void unrest(Book& book, Order& order, Events& events);
  void leave_queue(Book& book, Order& order);
  void withdraw(Book& book, Order& order, Events& events);  // from wherever it waits
  void finish(Book& book, Order& order, Status status, TimeUs now, Events& events);
  void expire(Book& book, Order& order, ExpiryReason reason, TimeUs now, Events& events);
  void cancel(Book& book, Order& order, const std::string& cancel_id, TimeUs now, Events& events);
  Decimal reservation(const Book& book, const Order& order) const;
  // What a buyer of so much money's worth has to have: rounded up when it is held, down when it is released.
  Decimal with_commission(const Order& order, Decimal quote, Round round) const;
  void reserve(Order& order, Decimal amount, Events& events);  // from now on this much, and not what it was before
  void change_level(Book& book, Side side, Decimal price, Decimal difference, Events& events);
  Execution& tell(ExecutionType type, const Order& order, TimeUs now, Events& events);
  void forget_finished(Book& book, const std::set<std::uint64_t>& ids);
  Balance& balance(AccountId account, const std::string& asset, Events& events);
  const std::string& spends(const Book& book, const Order& order) const;
  std::string make_client_order_id();

  Order* partner(Book& book, const Order& order);  // the other one of its pair
  std::optional<Refusal> refusal_of_pair(const Book& book, const Order& one, const Order& other) const;
  void reserve_pair(const Book& book, Order& one, Order& other, Events& events);
  void claim(Book& book, Order& order, TimeUs now, Events& events);  // it acts, so its partner is over
  void progress(Book& book, OrderList& list, TimeUs now, Events& events);
  void start_pending(Book& book, OrderList& list, TimeUs now, Events& events);
  void cancel_orders(Book& book, OrderList& list, const std::string& cancel_id, TimeUs now, Events& events);
  void tell(ListEvent event, OrderList& list, TimeUs now, Events& events);

  std::vector<Book> books_;
  Commission commission_;
  std::vector<Account> accounts_;
  std::vector<std::vector<AccountTrade>> trades_of_;
  std::uint64_t next_execution_id_ = 5'000'000'000;
  std::uint64_t next_made_id_ = 1;
  std::map<std::uint64_t, OrderList> lists_;
  std::map<AccountId, std::set<std::uint64_t>> open_lists_;
  std::map<std::pair<AccountId, std::string>, std::uint64_t> list_by_client_id_;
  std::uint64_t next_list_id_ = 1'000'001;
  std::set<std::uint64_t> touched_lists_;  // of the book being worked on
  std::vector<PreventedMatch> prevented_matches_;
  std::vector<Amendment> amendments_;
  std::set<std::uint64_t> finished_house_orders_;  // of the book being worked on
};

}  // namespace busbar::venue
