#pragma once
// The broker's requests: who asks, how often, and one function per operation. It knows no connection: a call comes in, a
// reply goes out, events go to whoever was named at construction. The table of operations stands in api.cpp, what they do
// in the api_*.cpp beside it.

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "tools/venue/coinbase/key.hpp"
#include "tools/venue/coinbase/ledger.hpp"
#include "tools/venue/coinbase/limits.hpp"
#include "tools/venue/coinbase/order_reader.hpp"
#include "tools/venue/coinbase/products.hpp"
#include "tools/venue/coinbase/shapes.hpp"
#include "tools/venue/engine.hpp"
#include "tools/venue/history.hpp"

namespace busbar::venue::coinbase {

struct Permissions {
  bool can_view = true, can_trade = true, can_transfer = false;
};

struct Key {
  std::string name;  // organizations/.../apiKeys/...
  PublicKey key;
  AccountId account = 0;
  Permissions permissions;
  bool is_revoked = false;
};

// Of OAuth 2.0: whoever holds it acts for the account.
struct Bearer {
  std::string token;
  AccountId account = 0;
  Permissions permissions;
  TimeUs expires = 0;        // 0: never
  std::uint64_t grant = 0;   // of the login that brought it; 0: of the settings
};

struct Rules {
  std::vector<std::string> hosts{"api.coinbase.com"};  // besides the one that was called
  TimeUs leeway = 30'000'000;                          // of a client's clock that is ahead
  TimeUs token_life_max = 120'000'000;
  TimeUs end_time_max = 90LL * 86'400'000'000;
  bool streams_take_access_tokens = true;              // the broker does not say whether
  TimeUs edit_delay = 0;                               // between an edit's answer and its effect
  TimeUs cancel_delay = 0;                             // between a cancel's answer and its effect
};

using Call = RestCall;
using Reply = RestReply;

enum class Access : std::uint8_t { Public, View, Trade };

class Api;
struct Operation {
  std::string_view name;
  std::string_view method, path;  // {} for what is named in it
  Access access;
  bool is_order;  // places, edits or cancels: arrivals are recorded
  Reply (Api::*run)(const Call& call, AccountId account);
};

class Api {
 public:
  using OnEvents = std::function<void(const Events&)>;
  Api(Engine& engine, History& history, const std::vector<AliasSettings>& aliases, std::vector<Key> keys,
      std::vector<Bearer> bearers, const LimitSettings& limits, const Rules& rules, std::uint64_t seed,
      std::function<TimeUs()> now, OnEvents on_events);

  // The operation, and what its path names in `id`.
  const Operation* find(std::string_view method, std::string_view path, std::string& id) const;
  Reply perform(const Operation& operation, const Call& call);
  std::string client_order_id_of(const Operation& operation, const Call& call);  // for rules and records

  // Who sends this; or nothing, and why. A stream's token names no uri.
  struct Caller {
    AccountId account = 0;
    Permissions permissions;
  };
  // Whose key or access token comes with a request, proven or not; empty for nobody's.
  std::string account_named(const Call& call) const;
  std::optional<Caller> caller_of(std::string_view token, const std::vector<std::string>& uris, std::string& why);

  // What time brings: orders that end, cancels that take effect.
  void on_tick();
  // After trades: brackets whose stop was reached.
  void follow_brackets();

  TimeUs now() const { return now_(); }
  Owner owner_of(AccountId account) const;
  FillName fill_name(SymbolId symbol, std::uint64_t trade_id, std::uint64_t order_number) const;
  Engine& engine() { return engine_; }
  const History& history() const { return history_; }
  Products& products() { return products_; }
  Ledger& ledger() { return ledger_; }
  const Ledger& ledger() const { return ledger_; }
  Limits& limits() { return limits_; }
  Rules& rules() { return rules_; }
  std::vector<Key>& keys() { return keys_; }
  std::vector<Bearer>& bearers() { return bearers_; }
  // How many of an account's next orders are taken and then fail, and why.
  void fail_next(AccountId account, std::int64_t count, std::string reason) {
    failures_[account] = {count, std::move(reason)};
  }
  // Orders younger than this are not found by look-ups: a broker whose memory lags behind its engine.
  std::function<bool(const Order&)> is_hidden = [](const Order&) { return false; };
  // Said of an order without anything having happened in the engine: a cancel that waits.
  std::function<void(const Order&)> on_order_changed = [](const Order&) {};

  // {"error","error_details","message"}
  static Reply failure(unsigned status, std::string_view error, std::string_view message);
  static Reply too_many();
  static Reply unauthorized(std::string why);

 private:
  friend struct Operations;
  Reply time(const Call&, AccountId);
  Reply products(const Call&, AccountId);
  Reply product(const Call&, AccountId);
  Reply candles(const Call&, AccountId);
  Reply trades(const Call&, AccountId);
  Reply product_book(const Call&, AccountId);
  Reply best_bid_ask(const Call&, AccountId);
  Reply accounts(const Call&, AccountId);
  Reply account(const Call&, AccountId);
  Reply portfolios(const Call&, AccountId);
  Reply portfolio(const Call&, AccountId);
  Reply transaction_summary(const Call&, AccountId);
  Reply key_permissions(const Call&, AccountId);
  Reply place(const Call&, AccountId);
  Reply preview(const Call&, AccountId);
  Reply cancel(const Call&, AccountId);
  Reply edit(const Call&, AccountId);
  Reply edit_preview(const Call&, AccountId);
  Reply orders(const Call&, AccountId);
  Reply order(const Call&, AccountId);
  Reply fills(const Call&, AccountId);
  Reply fiat_currencies(const Call&, AccountId);
  Reply crypto_currencies(const Call&, AccountId);
  Reply exchange_rates(const Call&, AccountId);
  Reply old_time(const Call&, AccountId);

  ReaderContext reader_context(AccountId account) const;
  boost::json::object created(const Ticket& ticket, const Order& order) const;
  Reply not_created(const Refused& refused, const Call& call) const;
  std::string cancel_one(AccountId account, const std::string& order_id);  // empty, or why not
  void cancel_now(const Ticket& ticket);
  struct EditWanted {
    Ticket* ticket = nullptr;
    Decimal size, price;
  };
  // The reason why not; empty when it may be done.
  Outcome<Order> apply_edit(Ticket& ticket, Decimal size, Decimal price, Events& events);
  std::string read_edit(const Call& call, AccountId account, EditWanted& wanted);
  boost::json::object portfolio_shape(AccountId account) const;
  boost::json::object account_shape(AccountId account, const std::string& asset) const;
  const Order& order_of(const Ticket& ticket) const;
  void publish(const Events& events) { on_events_(events); }

  Engine& engine_;
  History& history_;
  Products products_;
  Ledger ledger_;
  Limits limits_;
  Rules rules_;
  std::vector<Key> keys_;
  std::vector<Bearer> bearers_;
  std::map<std::string, TimeUs> nonces_;  // of tokens seen, until they end
  std::map<AccountId, std::pair<std::int64_t, std::string>> failures_;
  std::function<TimeUs()> now_;
  OnEvents on_events_;
  Permissions last_permissions_;  // of the call that is running
};

}  // namespace busbar::venue::coinbase
