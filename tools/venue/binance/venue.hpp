#pragma once
// Binance spot in a box: the exchange, its accounts and its moving market behind REST, WebSocket API and market
// streams, told apart by path. It wires the parts together; what they do stands in their own files.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "tools/venue/arrivals.hpp"
#include "tools/venue/binance/api.hpp"
#include "tools/venue/binance/api_connection.hpp"
#include "tools/venue/binance/stream_connection.hpp"
#include "tools/venue/engine.hpp"
#include "tools/venue/faults.hpp"
#include "tools/venue/history.hpp"
#include "tools/venue/market.hpp"
#include "tools/venue/server.hpp"

namespace busbar::venue::binance {

struct KeySettings {
  std::string api_key;
  std::string secret;
  bool may_trade = true;
  std::vector<std::string> addresses;  // empty: from everywhere
};

struct AccountSettings {
  std::string name;
  std::vector<KeySettings> keys;
  bool may_trade = true;
  Decimal maker_rate{1, -3}, taker_rate{1, -3};
  std::vector<std::pair<std::string, Decimal>> balances;
};

struct Settings {
  std::vector<Symbol> symbols;
  std::vector<AccountSettings> accounts;
  LimitSettings limits;
  ConnectionSettings connections;
  std::uint64_t seed = 1;
  std::int64_t market_steps_per_second = 10;  // 0: the market stands still
  std::string arrivals_file;
  std::string flavour = "binance", environment = "production";
  Features features;
};

class Venue final : public Handler {
 public:
  Venue(boost::asio::io_context& loop, const Settings& settings);

  void start();
  void stop();  // tells the connections and closes them

  void on_request(Request request, std::function<void(Response)> respond) override;
  std::shared_ptr<SocketOwner> on_upgrade(const Request& request, std::shared_ptr<Socket> socket,
                                          Response& refusal) override;
  bool takes_connections() const override { return now() >= refuses_until_; }

  // For the control interface.
  TimeUs now() const { return realtime_ns() / 1'000 + skew_us_; }
  void set_skew(TimeUs skew) { skew_us_ = skew; }
  void set_market_rate(std::int64_t steps_per_second);
  std::int64_t market_rate() const { return market_rate_; }
  void step_market(std::int64_t steps);
  void clear_market();
  void publish(const Events& events);
  void tell_balances(AccountId account, const std::string& asset, Decimal change);  // a deposit or withdrawal
  std::size_t close_streams(std::string_view stream, bool by_reset);
  std::size_t announce_shutdown(std::string_view stream);  // and goes on
  void refuse_connections_until(TimeUs time) { refuses_until_ = time; }
  void expire_listen_keys(std::optional<AccountId> account);
  Api& api() { return api_; }
  const Settings& settings() const { return settings_; }
  void set_connections(const ConnectionSettings& connections) { settings_.connections = connections; }
  Engine& engine() { return engine_; }
  Market& market() { return market_; }
  Limits& limits() { return limits_; }
  Faults& faults() { return faults_; }
  const Arrivals& arrivals() const { return arrivals_; }
  std::size_t connection_count(std::string_view stream) const;

 private:
  enum class Fate : std::uint8_t { Answered, Dropped, Hung };
  using Finish = std::function<void(Fate, Reply, std::optional<std::string> raw_body)>;
  void perform(const Operation& operation, Call call, std::string_view transport, const Request& arrived,
               Finish finish);
  void act(const Operation& operation, Call& call, std::optional<std::size_t> arrival, const Faults::Plan& plan,
           const Finish& finish);
  std::shared_ptr<SocketOwner> on_api_upgrade(const Request& request, std::shared_ptr<Socket> socket, TimeUnit unit);
  void tell_account(AccountId account, const std::function<boost::json::object(TimeUnit)>& shape, TimeUs time);
  void tell_expired_listen_keys();
  std::size_t each_connection(std::string_view stream, const std::function<void(Connection&)>& act);
  void tick();
  void move();

  boost::asio::io_context& loop_;
  Settings settings_;
  TimeUs skew_us_ = 0, refuses_until_ = 0;
  Engine engine_;
  History history_;
  Market market_;
  Limits limits_;
  Faults faults_;
  Arrivals arrivals_;
  Api api_;
  std::int64_t market_rate_;
  boost::asio::steady_timer tick_timer_, market_timer_;
  std::vector<std::shared_ptr<ApiConnection>> api_connections_;
  std::vector<std::shared_ptr<StreamConnection>> stream_connections_;
  std::vector<std::pair<Decimal, Decimal>> best_bids_, best_asks_;  // as last told
};

}  // namespace busbar::venue::binance
