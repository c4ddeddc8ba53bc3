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
enum class TimeInForce : std::uint8_t { GoodTillCancel, ImmediateOrCancel, FillOrKill };
enum class SelfTrade : std::uint8_t { None, ExpireTaker, ExpireMaker, ExpireBoth };
enum class Status : std::uint8_t { New, PartiallyFilled, Filled, Canceled, Expired, ExpiredInMatch };
enum class ExpiryReason : std::uint8_t { None, Rejected, UnfilledImmediate, UnfilledFillOrKill, InsufficientLiquidity };
enum class ExecutionType : std::uint8_t { New, Trade, Canceled, Expired, TradePrevention };
enum class SymbolStatus : std::uint8_t { Trading, Halt, Break };
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
  bool stop_market_allowed = true;  // many symbols list only the limit forms of stops
  Decimal start_price;
};

struct NewOrder {
  std::string client_order_id;  // empty: the engine makes one
  Side side = Side::Buy;
  OrderType type = OrderType::Limit;
  TimeInForce time_in_force = TimeInForce::GoodTillCancel;
  SelfTrade self_trade = SelfTrade::ExpireMaker;
  Decimal qty;        // zero for a market order by quote quantity
  Decimal quote_qty;  // market orders only
  Decimal price;
  Decimal stop_price;
  std::optional<std::int64_t> strategy_id;
  std::optional<std::int64_t> strategy_type;
};

struct Order {
  std::uint64_t id = 0;  // unique within its symbol only
  SymbolId symbol = 0;
  AccountId account = 0;
  std::string client_order_id;
  Side side = Side::Buy;
  OrderType type = OrderType::Limit;
  TimeInForce time_in_force = TimeInForce::GoodTillCancel;
  SelfTrade self_trade = SelfTrade::None;
  Decimal qty, quote_qty, price, stop_price;
  Decimal executed, cum_quote;
  Decimal locked;  // of what it spends, still reserved
  Status status = Status::New;
  ExpiryReason expiry = ExpiryReason::None;
  TimeUs created = 0, updated = 0, working = 0;  // working 0: not on the book yet
  std::optional<std::int64_t> strategy_id, strategy_type;
  Decimal prevented_qty;
  std::int64_t prevented_match_id = -1;

  bool is_open() const { return status == Status::New || status == Status::PartiallyFilled; }
  bool is_stop() const {
    return type == OrderType::StopLoss || type == OrderType::StopLossLimit || type == OrderType::TakeProfit ||
           type == OrderType::TakeProfitLimit;
  }
  bool is_waiting_for_trigger() const { return is_stop() && working == 0; }
  bool is_priced() const {
    return type != OrderType::Market && type != OrderType::StopLoss && type != OrderType::TakeProfit;
  }
};

struct Fill {
  std::uint64_t trade_id = 0;
  Decimal price, qty, quote;
  Decimal commission;
  std::string commission_asset;
  bool is_maker = false;
};

// One event in an order's life, with the order as it stood right after it.
struct Execution {
  ExecutionType type = ExecutionType::New;
  Order order;
  std::uint64_t id = 0;
  TimeUs time = 0;
  std::string cancel_id;     // a cancel's own name
  std::optional<Fill> fill;  // of a Trade
  Decimal prevented_qty;     // of a TradePrevention: what would have traded, at which price, against which order
  Decimal prevented_price;
  std::uint64_t counter_order = 0;
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
  std::map<AccountId, std::set<std::string>> balances;  // assets that may have changed
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
  TimeUs updated = 0;
};

class Engine {
 public:
  explicit Engine(std::vector<Symbol> symbols);

  AccountId open_account(std::string name, Decimal maker_rate, Decimal taker_rate, bool keeps_history);
  void deposit(AccountId account, const std::string& asset, Decimal amount, TimeUs now);  // negative: a withdrawal

  // Places, matches, triggers. The order as it stands after all that.
  Outcome<Order> place(AccountId account, SymbolId symbol, const NewOrder& wanted, TimeUs now, Events& events);
  Outcome<Order> cancel(AccountId account, SymbolId symbol, std::uint64_t order_id, const std::string& cancel_id,
                        CancelRestriction restriction, TimeUs now, Events& events);
  void set_status(SymbolId symbol, SymbolStatus status) { books_[symbol].symbol.status = status; }

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
    std::uint64_t next_order_id = 0, next_trade_id = 0, update_id = 0, next_prevented_id = 1;
    Decimal last_price, low, high;  // low and high since triggers were last looked at
  };

  template <class Visitor>  // visits the opposite side's orders, best first, until it answers false
  void walk(const Book& book, Side taker_side, Visitor visit) const;
  bool crosses(const Book& book, const Order& order, Decimal price) const;
  bool can_afford(const Book& book, const Order& order) const;
  bool is_fillable(const Book& book, const Order& order) const;
  void work(Book& book, Order& order, TimeUs now, Events& events);  // match, then rest or expire
  void match(Book& book, Order& taker, TimeUs now, Events& events);
  void fill(Book& book, Order& taker, bool completes, Order& maker, Decimal qty, TimeUs now, Events& events);
  void settle(Book& book, Order& order, bool completes, const Fill& traded, TimeUs now, Events& events);
  void trigger(Book& book, TimeUs now, Events& events);
  void rest(Book& book, Order& order, Events& events);
  void unrest(Book& book, Order& order, Events& events);
  void finish(Book& book, Order& order, Status status, TimeUs now, Events& events);
  void prevent(Book& book, Order& order, Decimal qty, Decimal price, std::uint64_t counter, TimeUs now, Events& events);
  void lock(Order& order, Decimal amount, Events& events);
  void change_level(Book& book, Side side, Decimal price, Decimal difference, Events& events);
  void tell(ExecutionType type, const Order& order, TimeUs now, Events& events);
  void forget_finished(Book& book, const std::set<std::uint64_t>& ids);
  Balance& balance(AccountId account, const std::string& asset, Events& events);
  const std::string& spends(const Book& book, const Order& order) const;
  std::string make_client_order_id();

  std::vector<Book> books_;
  std::vector<Account> accounts_;
  std::vector<std::vector<AccountTrade>> trades_of_;
  std::uint64_t next_execution_id_ = 5'000'000'000;
  std::uint64_t next_made_id_ = 1;
  std::set<std::uint64_t> finished_house_orders_;  // of the book being worked on
};

}  // namespace busbar::venue
