#pragma once
// One account of a gateway: its adapter, and all that stands between a command and the broker: the circuit breaker, the
// state of the session, orders in doubt, reconciliation. It decides nothing about commands (commands.hpp) and knows no
// bus (gateway.cpp).

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateways/framework/circuit_breaker.hpp"
#include "gateways/framework/facts.hpp"
#include "gateways/framework/in_doubt.hpp"
#include "gateways/framework/retry.hpp"

namespace busbar::gateway {

struct AccountOptions {
  Name gateway;
  Name account;
  bool trade_without_order_stream = false;
  std::set<Symbol> symbols;  // reconciled whether or not there are orders
  std::uint32_t probes_per_second = 5;
  std::chrono::milliseconds reconcile_interval{60'000};  // while all is well too: a stream can lose an event unnoticed
  std::chrono::milliseconds poll_interval{10'000};       // in its place while the order stream is down
  std::chrono::milliseconds connect_first{500};          // before the second try
  std::chrono::milliseconds connect_most{30'000};
  std::function<Timestamp()> wall;
  std::function<Timestamp()> boottime;
  Random random;
};

// Where what an account has to say goes.
class AccountOwner {
 public:
  virtual ~AccountOwner() = default;
  virtual void report(VenueReport report) = 0;     // held until the router has it
  virtual bool tell(const Body& body) = 0;         // once; false when there is no line
  virtual bool is_up() = 0;                        // the router has welcomed us
  virtual std::optional<Timestamp> router_now() const = 0;  // unknown until a short round trip has measured it
  virtual void on_command_facts(std::uint64_t command_id, const Facts& facts, bool is_closed) = 0;
  virtual void on_quote(const Name& account, Quote quote) = 0;
  virtual void on_trade(const Name& account, Trade trade) = 0;
  virtual void on_bar(const Name& account, Bar bar) = 0;
  virtual void on_book(const Name& account, Book book) = 0;
  virtual void on_ticker(const Name& account, Ticker ticker) = 0;
  virtual void on_usage(RateUsage usage) = 0;
  virtual void on_instruments(std::vector<Instrument> instruments) = 0;
  virtual void on_market_hours(std::vector<MarketHours> markets) = 0;
  virtual void on_first_try(const Name& account) = 0;  // connect() has answered, well or not
  virtual void on_connected(const Name& account) = 0;  // limits are known
};

class Account final : public Events {
 public:
  Account(asio::io_context& loop, AccountOptions options, AccountOwner& owner);
  void attach(std::unique_ptr<Adapter> adapter);  // before start()
  void start();
  // Says that no new order will be taken any more; those that are under way end.
  void announce_stop();
  asio::awaitable<void> stop();

  Adapter& adapter() { return *adapter_; }
  const Name& name() const { return options_.account; }
  // Why place and replace would be refused now. Asked once per order: a half-open breaker lets one through.
  std::optional<Error> no_new_orders();
  // Commands come with their expiry in router time, in which they are judged.
  void act(CommandKind kind, Message message);
  void act_on_list(PlaceListCommand list);
  void ask(CommandKind kind, const Command& command);
  std::optional<std::uint32_t> epoch() const { return epoch_; }  // none before the router has said it
  std::size_t running() const { return running_; }
  std::size_t in_doubt() const { return in_doubt_.size(); }

  void on_welcome(const GatewayAccount* account);
  SessionState state() const;
  void tick();

  void on_report(VenueReport report) override;
  void on_quote(Quote quote) override;
  void on_trade(Trade trade) override;
  void on_bar(Bar bar) override { owner_.on_bar(options_.account, std::move(bar)); }
  void on_book(Book book) override { owner_.on_book(options_.account, std::move(book)); }
  void on_ticker(Ticker ticker) override { owner_.on_ticker(options_.account, std::move(ticker)); }
  void on_usage(RateUsage usage) override;
  void on_instruments(std::vector<Instrument> instruments) override;
  void on_market_hours(std::vector<MarketHours> markets) override { owner_.on_market_hours(std::move(markets)); }
  void on_state(Part part, SessionStateKind state, std::string reason, Timestamp deadline_ns) override;
  void on_clock_offset(std::int64_t broker_minus_ours_ns) override;
  void on_order_stream_up() override;

 private:
  struct PartState {
    SessionStateKind state = SessionStateKind::Down;
    std::string reason = "not connected yet";
    Timestamp deadline_ns = 0;
    bool is_told = false;
  };
  asio::awaitable<void> keep_connected();
  asio::awaitable<void> run_command(CommandKind kind, Message message);
  asio::awaitable<void> run_list(PlaceListCommand list);
  void note_line(const VenueReport& last);
  Timestamp in_broker_time(Timestamp router_time_ns) const;
  void look_for(CommandKind kind, Command command, Timestamp request_time_ns);
  void settle(CommandKind kind, const Command& command, const Facts& facts);
  asio::awaitable<Facts> carry_out(CommandKind kind, const Message& message);
  asio::awaitable<Result<Facts>> order_status(Command command);
  asio::awaitable<void> probe(Command command);
  asio::awaitable<void> keep_reconciling();
  void want_reconcile();
  void start_probes();
  void report_all(const Facts& facts);
  void note_fill(const VenueReport& report);
  void publish_state();
  const PartState& part(Part which) const { return parts_[static_cast<std::size_t>(which)]; }
  PartState& part(Part which) { return parts_[static_cast<std::size_t>(which)]; }
  asio::awaitable<void> wait(std::chrono::milliseconds time);

  asio::io_context& loop_;
  AccountOptions options_;
  AccountOwner& owner_;
  std::unique_ptr<Adapter> adapter_;
  CircuitBreaker breaker_;
  Timestamp last_failed_request_ns_ = 0;
  InDoubt in_doubt_{AbsenceRule{}};
  TokenBucket probe_tokens_;
  std::array<PartState, 4> parts_;
  std::int64_t clock_offset_ns_ = 0;
  std::set<Symbol> symbols_;
  asio::steady_timer timer_;  // of keep_connected
  asio::steady_timer reconcile_timer_;
  bool is_connected_once_ = false;
  bool is_leaving_ = false;
  bool is_stopping_ = false;
  bool is_reconciled_ = false;
  bool is_reconciling_ = false;
  bool wants_reconcile_ = false;
  bool has_welcome_ = false;
  Timestamp last_reconcile_ = 0;
  Timestamp last_state_ = 0;
  Timestamp last_trade_time_ns_ = 0;
  std::uint64_t child_orders_ = 0;
  std::optional<std::uint32_t> epoch_;
  std::size_t running_ = 0;
  std::size_t probing_ = 0;
};

}  // namespace busbar::gateway
