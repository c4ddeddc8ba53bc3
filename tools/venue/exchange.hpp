#pragma once
// What every venue is, whichever broker it speaks: an engine, a market that moves by itself, a clock that may be wrong,
// faults on demand, and a record of what arrived. The broker's own words are its descendants'.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/value.hpp>

#include "tools/venue/arrivals.hpp"
#include "tools/venue/connection.hpp"
#include "tools/venue/engine.hpp"
#include "tools/venue/faults.hpp"
#include "tools/venue/history.hpp"
#include "tools/venue/market.hpp"
#include "tools/venue/server.hpp"

namespace busbar::venue {

// What every account has, whichever broker's it is.
struct ExchangeAccount {
  std::string name;
  bool may_trade = true;
  Decimal maker_rate{}, taker_rate{};
  std::vector<std::pair<std::string, Decimal>> balances{};
};

struct ExchangeSettings {
  std::vector<Symbol> symbols;
  ConnectionSettings connections;
  std::uint64_t seed = 1;
  std::int64_t market_steps_per_second = 10;  // 0: the market stands still
  std::string arrivals_file;
};

class Exchange : public Handler {
 public:
  Exchange(boost::asio::io_context& loop, const ExchangeSettings& settings, Commission commission);

  void start();
  virtual void stop();  // closes the connections
  bool takes_connections() const override { return now() >= refuses_until_; }
  std::int64_t date_us() const override { return now(); }

  // For the control interface.
  TimeUs now() const { return realtime_ns() / 1'000 + skew_us_; }
  void set_skew(TimeUs skew) { skew_us_ = skew; }
  void set_market_rate(std::int64_t steps_per_second);
  std::int64_t market_rate() const { return market_rate_; }
  void step_market(std::int64_t steps);
  void clear_market();
  virtual void publish(const Events& events) = 0;
  virtual void tell_balances(AccountId account, const std::string& asset, Decimal change) = 0;  // of a deposit
  std::size_t close_streams(std::string_view stream, bool by_reset);
  std::size_t announce_shutdown(std::string_view stream);  // and goes on
  std::size_t send_raw(std::string_view stream, const std::string& text);  // as no broker should
  void refuse_connections_until(TimeUs time) { refuses_until_ = time; }
  const ConnectionSettings& connections() const { return connections_; }
  void set_connections(const ConnectionSettings& connections) { connections_ = connections; }
  std::size_t connection_count(std::string_view stream) const;
  Engine& engine() { return engine_; }
  Market& market() { return market_; }
  Faults& faults() { return faults_; }
  const Arrivals& arrivals() const { return arrivals_; }

  virtual boost::json::object more_status() const { return {}; }  // what else there is to tell of the venue
  // The names under which the broker's customers know things; the engine's own numbers unless it has others.
  virtual boost::json::value order_name(const Order& order) const { return order.id; }
  virtual boost::json::value trade_name(const AccountTrade& trade) const { return trade.fill.trade_id; }
  virtual std::string symbol_name(const Order& order) const { return engine_.symbol(order.symbol).name; }
  // What else the broker knows of an order, for the book.
  virtual boost::json::object more_of(const Order&) const { return {}; }

 protected:
  AccountId open_account(const ExchangeAccount& account);
  // One request through its faults: acted on now, later or not at all, and answered now, later or never. `act` says what
  // is recorded of it; `finish` is not called for a request that hangs.
  enum class Fate : std::uint8_t { Answered, Dropped, Endless };
  struct Course {
    std::function<boost::json::object()> act;
    std::function<void(Fate, const Faults::Plan&, bool is_replaced)> finish;  // is_replaced: the answer is the plan's
  };
  void perform(const Faults::RequestFacts& facts, std::optional<Arrivals::Arrival> arrival, Course course);
  virtual void on_tick(TimeUs now) = 0;  // ten times a second
  using Visit = std::function<void(Connection&)>;
  virtual void each_connection(const Visit& visit) const = 0;
  // The symbols whose best bid or ask is another one than when this was asked last.
  std::vector<SymbolId> take_new_tops(const Events& events);
  boost::asio::io_context& loop() { return loop_; }

  Engine engine_;
  History history_;
  Faults faults_;

 private:
  void act(std::optional<std::size_t> arrival, const Faults::Plan& plan, const Course& course);
  std::size_t each_open(std::string_view stream, const Visit& visit) const;
  void tick();
  void move();

  boost::asio::io_context& loop_;
  ConnectionSettings connections_;
  TimeUs skew_us_ = 0, refuses_until_ = 0;
  Market market_;
  Arrivals arrivals_;
  std::int64_t market_rate_;
  std::vector<std::pair<Decimal, Decimal>> best_bids_, best_asks_;  // as last told
  boost::asio::steady_timer tick_timer_, market_timer_;
};

// The body that a rule wants, as long as it wants it.
std::string body_of(const Faults::Plan& plan);

// What stands before a venue says when something behind it is broken, or when it does not like the caller.
std::string gateway_page(unsigned status);

}  // namespace busbar::venue
