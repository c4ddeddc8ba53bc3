#pragma once
// The broker's requests: who asks, how often, whether the session they need is there, and one function per operation. It
// knows no connection: a request comes in, a reply goes out, events go to whoever was named at construction. The table of
// operations stands in api.cpp, what they do in the api_*.cpp beside it.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "tools/venue/history.hpp"
#include "tools/venue/ibkr/identity.hpp"
#include "tools/venue/ibkr/ledger.hpp"
#include "tools/venue/ibkr/limits.hpp"
#include "tools/venue/ibkr/session.hpp"
#include "tools/venue/ibkr/shapes.hpp"
#include "tools/venue/market_hours.hpp"

namespace busbar::venue::ibkr {

struct Rules {
  SessionRules session;
  QuestionRules questions;
  TimeUs cancel_delay = 0;  // between a cancel's answer and its effect
  bool is_paper = true;
};

// What a test has arranged for an account's next orders.
struct Arranged {
  std::vector<std::string> questions;  // asked one after the other
  bool insists = false;                // even if they were suppressed
  std::int64_t asks = 0;               // so many orders
  std::string error;                   // the answer, for so many orders
  std::int64_t refuses = 0;
  std::string inactive;                // why they are taken, and do not work; for so many orders
  std::int64_t inactivates = 0;
  std::string prompt;                  // its id, for so many orders
  std::int64_t prompts = 0;
};

struct User {
  std::string name;              // main; of another one for the same account main.NAME
  AccountId account = 0;
  std::string account_id;        // DU1234567
  Session session;
  bool is_at_gateway = false;    // logged in at the gateway program
  Arranged arranged;
};

struct Call {
  const Request* request = nullptr;
  std::vector<std::string> ids;  // what stands in the path, in order
  Fields query;
  boost::json::value body;
  AccountId account = 0;
  User* user = nullptr;
  bool is_at_gateway = false;

  std::string query_value(std::string_view name) const;  // the first; empty when absent
  std::vector<std::string> query_list(std::string_view name) const;  // "a,b"
  const boost::json::object& object() const;  // the body; an empty one where it is none
};

// What has to be there before: nothing above the login, the brokerage session, its list of accounts, or the portfolio's.
enum class Needs : std::uint8_t { Login, Session, Accounts, Portfolio };

class Api;
struct Operation {
  std::string_view name;
  std::string_view methods, path;  // "GET POST"; {} for what is named in it
  Needs needs;
  bool is_order;  // places, changes, cancels or answers a question: arrivals are recorded
  Pace pace;
  Reply (Api::*run)(const Call& call);
};

class Api {
 public:
  using OnEvents = std::function<void(const Events&)>;
  Api(Engine& engine, History& history, Contracts contracts, IdentityRules identity, const LimitSettings& limits,
      const Rules& rules, HoursSettings hours, std::uint64_t seed, std::function<TimeUs()> now, OnEvents on_events);

  const Operation* find(std::string_view method, std::string_view path, std::vector<std::string>& ids) const;
  Reply perform(const Operation& operation, Call& call);
  std::string client_order_id_of(const Operation& operation, const Call& call);  // for rules and records
  std::string account_named(const Request& request) const;  // whose request it says it is

  UserId add_user(AccountId account, std::string name, std::string account_id);
  std::map<UserId, User>& users() { return users_; }
  const std::string& account_id_of(AccountId account) const;
  User* user_of_session(std::string_view session_id);

  // What befalls a session from outside.
  void log_in_elsewhere(User& user);                    // a phone: ours is out
  void reset(User& user, TimeUs away);                  // by night
  void end_login(User& user);                           // only a person can bring it back
  void log_in_at_gateway(User& user);
  // What time brings: sessions that end, cancels that take effect.
  void on_tick();

  TimeUs now() const { return now_(); }
  Engine& engine() { return engine_; }
  const Engine& engine() const { return engine_; }
  const History& history() const { return history_; }
  Contracts& contracts() { return contracts_; }
  Identity& identity() { return identity_; }
  Ledger& ledger() { return ledger_; }
  const Ledger& ledger() const { return ledger_; }
  Limits& limits() { return limits_; }
  Rules& rules() { return rules_; }
  MarketHours& hours() { return hours_; }
  const Order& order_of(const Ticket& ticket) const;
  OrderFacts facts_of(const Ticket& ticket) const;
  boost::json::array live_orders(AccountId account) const;
  boost::json::array executions(AccountId account, std::int64_t days, bool is_frame) const;
  boost::json::object accounts_shape(const User& user) const;
  boost::json::object profit_and_loss(AccountId account) const;
  boost::json::array ledger_rows(AccountId account) const;      // of the topic sld
  boost::json::array summary_values(AccountId account) const;   // of the topic ssd
  boost::json::object history_shape(SymbolId symbol, const std::string& period, const std::string& bar,
                                    const std::string& start_time, const std::string& source) const;
  // Orders younger than this are not found by look-ups: a broker whose memory lags behind its engine.
  std::function<bool(const Order&)> is_hidden = [](const Order&) { return false; };
  // Said of an order without anything having happened in the engine.
  std::function<void(const Ticket&)> on_order_changed = [](const Ticket&) {};
  std::function<void(const Ticket&, const boost::json::object&)> on_prompt = [](const auto&, const auto&) {};
  std::function<void(const User&)> on_session_changed = [](const User&) {};

 private:
  friend struct Operations;
  Reply tickle(const Call&);
  Reply auth_status(const Call&);
  Reply init_session(const Call&);
  Reply reauthenticate(const Call&);
  Reply logout(const Call&);
  Reply validate(const Call&);
  Reply accounts(const Call&);
  Reply select_account(const Call&);

  Reply place(const Call&);
  Reply preview(const Call&);
  Reply modify(const Call&);
  Reply cancel(const Call&);
  Reply reply(const Call&);
  Reply answer_prompt(const Call&);
  Reply suppress(const Call&);
  Reply reset_suppressed(const Call&);
  Reply orders(const Call&);
  Reply order_status(const Call&);
  Reply trades(const Call&);
  Reply partitioned_pnl(const Call&);

  Reply portfolio_accounts(const Call&);
  Reply account_meta(const Call&);
  Reply portfolio_ledger(const Call&);
  Reply portfolio_summary(const Call&);
  Reply account_summary(const Call&);
  Reply positions(const Call&);
  Reply positions_anew(const Call&);
  Reply position(const Call&);
  Reply positions_by_conid(const Call&);
  Reply invalidate_positions(const Call&);

  Reply stocks(const Call&);
  Reply futures(const Call&);
  Reply definitions(const Call&);
  Reply all_conids(const Call&);
  Reply search(const Call&);
  Reply search_info(const Call&);
  Reply contract_info(const Call&);
  Reply contract_info_and_rules(const Call&);
  Reply contract_rules(const Call&);
  Reply trading_schedule(const Call&);
  Reply snapshot(const Call&);
  Reply market_history(const Call&);
  Reply unsubscribe(const Call&);
  Reply unsubscribe_all(const Call&);

  std::string reply_id();
  bool owns(const Call& call, const std::string& account_id) const { return call.user->account_id == account_id; }
  // Asks what is still to be asked, or does it.
  Reply go_on(const Call& call);
  Reply carry_out(const Call& call, Conversation conversation);
  Reply place_all(const Call& call, const std::vector<Wanted>& orders);
  Reply place_list(const Call& call, const std::vector<Wanted>& orders);
  // The ticket, or null and why not.
  Ticket* place_one(const Call& call, const Wanted& wanted, std::string& error);
  void let_go(Ticket& ticket);  // a prompt was answered, or the market opened
  // Shares of the United States have hours, everything else always trades.
  bool has_hours(SymbolId symbol) const;
  bool may_work(const Wanted& wanted) const;
  void follow_hours();
  void leave_market(Ticket& ticket);  // its hours are over: until tomorrow, or for ever
  std::string refusal_text(AccountId account, const Wanted& wanted, Refusal refusal) const;
  std::string change(Ticket& ticket, const Wanted& wanted);  // empty, or why not
  boost::json::object prompt_shape(const Ticket& ticket) const;
  std::vector<std::string> questions_for(const Call& call, const std::vector<Wanted>& orders, bool& insists);
  void cancel_now(Ticket& ticket);
  Decimal market_price(SymbolId symbol, Side side) const;  // on the other side, or the last
  boost::json::object position_shape(AccountId account, SymbolId symbol, std::string_view account_id) const;
  std::vector<SymbolId> held_symbols(AccountId account) const;
  Decimal value_in(AccountId account, std::string_view currency, bool with_positions) const;
  void publish(const Events& events) { on_events_(events); }

  Engine& engine_;
  History& history_;
  Contracts contracts_;
  Identity identity_;
  Ledger ledger_;
  Limits limits_;
  Rules rules_;
  MarketHours hours_;
  Phase phase_;
  std::uint64_t seed_;
  std::uint64_t next_reply_ = 1, next_session_ = 1;
  std::map<UserId, User> users_;
  std::function<TimeUs()> now_;
  OnEvents on_events_;
};

}  // namespace busbar::venue::ibkr
