#pragma once
// The wiring of a gateway process: the line to the router, the accounts with their adapters, quotes to the hub, raw
// traffic to the archive. It judges commands by the book (commands.hpp) and hands them to accounts (account.hpp).

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateways/framework/account.hpp"
#include "gateways/framework/commands.hpp"
#include "gateways/framework/pages.hpp"
#include "gateways/framework/router_link.hpp"
#include "gateways/framework/run.hpp"

namespace busbar::gateway {

struct GatewayOptions {
  Name name;
  std::string broker;
  Environment environment = Environment::Unset;
  std::string gateways_address;   // the router's
  std::string quotes_in_address;  // the hub's
  bool trade_without_order_stream = false;
  std::set<Symbol> reconcile_symbols;
  std::uint32_t probes_per_second = 5;
  std::chrono::milliseconds tick{50};   // between two looks while something waits to be done
  std::chrono::milliseconds rest{500};  // while nothing does: its multiples, at which archives are fed as well
  std::chrono::milliseconds subscription_kept{30'000};  // after nobody wants it any more
  std::function<Timestamp()> wall;
  std::function<Timestamp()> boottime;
  Random random;
};

using TapeSink = std::function<void(Tape&&)>;

class Gateway final : public AccountOwner {
 public:
  Gateway(asio::io_context& loop, GatewayOptions options, TapeSink tape);
  ~Gateway();
  std::uint64_t incarnation() const { return incarnation_; }

  // Before start(): one adapter an account.
  void add_account(const Name& account, TlsContext& tls, Credentials credentials, const MakeAdapter& make);
  void start();
  // Takes no new command, lets what is under way end and its reports be acknowledged, 2.4 s at most; then `done`.
  void stop(std::function<void()> done);

  void report(VenueReport report) override;
  bool tell(const Body& body) override;
  bool is_up() override;
  std::optional<Timestamp> router_now() const override;
  void on_command_facts(std::uint64_t command_id, const Facts& facts, bool is_closed) override;
  void on_quote(const Name& account, Quote quote) override;
  void on_trade(const Name& account, Trade trade) override;
  void on_bar(const Name& account, Bar bar) override;
  void on_book(const Name& account, Book book) override;
  void on_ticker(const Name& account, Ticker ticker) override;
  void on_usage(RateUsage usage) override;
  void on_instruments(std::vector<Instrument> instruments) override;
  void on_market_hours(std::vector<MarketHours> markets) override;
  void on_first_try(const Name& account) override;
  void on_connected(const Name& account) override;

 private:
  struct Subscription {
    bool is_active = false;   // the adapter has said yes
    bool is_busy = false;     // a coroutine is about it
    Timestamp drop_at = 0;    // 0: wanted
  };
  using SubscriptionKey = std::tuple<Name, Symbol, Channel, std::uint32_t>;  // account, and how long a bar lasts

  GatewayHello make_hello() const;
  bool is_ready() const { return tried_ >= accounts_.size(); }
  void start_accounts();
  void on_ban(const RateUsage& usage, std::int64_t left_ns);
  void on_welcome(const GatewayWelcome& welcome);
  void on_message(Message message);
  void on_command(CommandKind kind, Message message, const Command& command);
  void on_list(PlaceListCommand list, bool is_environment_right);
  Verdict judge(CommandKind kind, const Command& command, bool is_environment_right);
  void tell_facts(const Facts& facts);
  void on_subscribe(const Subscribe& subscribe);
  void on_unsubscribe(const Unsubscribe& unsubscribe);
  void let_go(Subscription& subscription);
  void drop_subscriptions();
  asio::awaitable<void> keep_subscribed(SubscriptionKey key);
  asio::awaitable<void> answer(Query query, std::uint64_t correlation_id);
  asio::awaitable<Answer> ask_broker(Query query);
  asio::awaitable<Result<void>> ask_account(Account& account, Query& query, Answer& answer);
  asio::awaitable<Result<void>> ask_what_is_held(Account& account, const Query& query, Answer& answer);
  asio::awaitable<Result<void>> ask_market(Account& account, const Query& query, Answer& answer);
  asio::awaitable<Result<void>> ask_preview(Account& account, const Query& query, Answer& answer);
  asio::awaitable<Result<void>> ask_venue_lists(Account& account, const Query& query, Answer& answer);
  asio::awaitable<Result<void>> ask_login(Account& account, Query& query, Answer& answer);
  template <class T>
  asio::awaitable<Result<void>> read(std::function<asio::awaitable<Result<T>>()> ask, std::function<void(T)> put);
  void remember(Answer& answer, const Name& account);
  void drop_unreadable(std::vector<Instrument>& instruments) const;
  void send_instruments();
  void tell_answer(Answer answer, std::uint64_t correlation_id);
  template <class T>
  void publish(std::string topic, const Name& account, T tick);
  void on_tape(Tape&& tape, const Name& account, const Credentials& credentials);
  Account* find(const Name& account);
  asio::awaitable<void> keep_ticking();
  std::chrono::nanoseconds until_due();
  asio::awaitable<void> wind_down(std::function<void()> done);

  asio::io_context& loop_;
  GatewayOptions options_;
  TapeSink tape_;
  std::uint64_t incarnation_;
  CommandBook book_;
  RouterLink link_;
  bus::Endpoint quotes_;
  std::map<Name, std::unique_ptr<Account>> accounts_;
  std::size_t tried_ = 0;
  std::vector<Instrument> instruments_;
  std::vector<MarketHours> markets_;
  Timestamp instruments_as_of_ns_ = 0;
  std::shared_ptr<HeldBack> held_back_ = std::make_shared<HeldBack>();
  std::map<std::pair<Name, Name>, RateUsage> blocked_;  // by bucket and scope: told again at each welcome
  std::map<SubscriptionKey, Subscription> subscriptions_;
  std::map<std::string, std::uint64_t> topic_sequences_;
  Pages pages_;
  std::map<std::pair<Name, QueryKind>, Answer> last_answers_;  // of the account: told, with their age, when it cannot be asked
  asio::steady_timer timer_;  // of keep_ticking: cancelled, it looks at once
  bool is_started_ = false;
  bool is_stopping_ = false;
};

}  // namespace busbar::gateway
