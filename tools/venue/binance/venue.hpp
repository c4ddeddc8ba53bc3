#pragma once
// Binance spot in a box: the exchange, its accounts and its moving market behind REST, WebSocket API and market
// streams, told apart by path. It wires the parts together; what they do stands in their own files.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tools/venue/binance/api.hpp"
#include "tools/venue/binance/api_connection.hpp"
#include "tools/venue/binance/stream_connection.hpp"
#include "tools/venue/exchange.hpp"

namespace busbar::venue::binance {

struct KeySettings {
  std::string api_key;
  std::string secret;
  bool may_trade = true;
  std::vector<std::string> addresses;  // empty: from everywhere
};

struct AccountSettings : ExchangeAccount {
  AccountSettings() { maker_rate = taker_rate = Decimal{1, -3}; }
  std::vector<KeySettings> keys;
};

struct Settings : ExchangeSettings {
  std::vector<AccountSettings> accounts;
  LimitSettings limits;
  std::string flavour = "binance", environment = "production";
  Features features;
};

class Venue final : public Exchange {
 public:
  Venue(boost::asio::io_context& loop, const Settings& settings);

  void on_request(Request request, std::function<void(Response)> respond) override;
  std::shared_ptr<SocketOwner> on_upgrade(const Request& request, std::shared_ptr<Socket> socket,
                                          Response& refusal) override;

  // For the control interface.
  void publish(const Events& events) override;
  void tell_balances(AccountId account, const std::string& asset, Decimal change) override;
  void expire_listen_keys(std::optional<AccountId> account);
  Api& api() { return api_; }
  boost::json::object more_status() const override {
    return {{"flavour", settings_.flavour}, {"environment", settings_.environment}};
  }
  Limits& limits() { return limits_; }

 private:
  using Finish = std::function<void(Fate, Reply, std::optional<std::string> raw_body)>;
  void perform(const Operation& operation, Call call, std::string_view transport, const Request& arrived,
               Finish finish);
  boost::json::object record_of(const Reply& reply) const;
  std::shared_ptr<SocketOwner> on_api_upgrade(const Request& request, std::shared_ptr<Socket> socket, TimeUnit unit);
  void tell_account(AccountId account, const std::function<boost::json::object(TimeUnit)>& shape, TimeUs time);
  void tell_expired_listen_keys();
  void on_tick(TimeUs now) override;
  void each_connection(const Visit& visit) const override;

  Settings settings_;
  Limits limits_;
  Api api_;
  std::vector<std::shared_ptr<ApiConnection>> api_connections_;
  std::vector<std::shared_ptr<StreamConnection>> stream_connections_;
};

}  // namespace busbar::venue::binance
