#pragma once
// Coinbase Advanced Trade in a box: the exchange, its accounts and its moving market behind REST and WebSocket, told
// apart by path. It wires the parts together; what they do stands in their own files.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tools/venue/coinbase/api.hpp"
#include "tools/venue/coinbase/login.hpp"
#include "tools/venue/coinbase/stream_connection.hpp"
#include "tools/venue/rest_exchange.hpp"

namespace busbar::venue::coinbase {

struct KeySettings {
  std::string name;
  PublicKey key;
  Permissions permissions;
};

struct AccountSettings : ExchangeAccount {
  AccountSettings() { maker_rate = {6, -3}, taker_rate = {8, -3}; }
  std::vector<KeySettings> keys;
  std::vector<std::string> access_tokens;  // of OAuth 2.0, good until they are revoked
};

struct Settings : ExchangeSettings {
  std::vector<AliasSettings> aliases;
  std::vector<AccountSettings> accounts;
  LimitSettings limits;
  Rules rules;
  StreamSettings streams;
  LoginSettings login;
};

class Venue final : public RestExchange {
 public:
  Venue(boost::asio::io_context& loop, const Settings& settings);

  std::shared_ptr<SocketOwner> on_upgrade(const Request& request, std::shared_ptr<Socket> socket,
                                          Response& refusal) override;
  boost::json::value order_name(const Order& order) const override;
  boost::json::value trade_name(const AccountTrade& trade) const override;
  std::string symbol_name(const Order& order) const override;

  // For the control interface.
  void publish(const Events& events) override;
  void tell_balances(AccountId, const std::string&, Decimal) override {}  // no channel tells of money
  void tell_restrictions(const Product& product);
  Api& api() { return api_; }
  Login* login() override { return &login_; }

 private:
  void on_tick(TimeUs now) override;
  void each_connection(const Visit& visit) const override;
  Task task_of(const std::shared_ptr<const Request>& request) override;
  Reply faulty_reply(const Faults::Plan& plan) const override;
  std::string written(const boost::json::value& body) const override;
  void finish(const Reply& reply, Response& response) override;

  Settings settings_;
  Api api_;
  Login login_;
  std::vector<std::shared_ptr<StreamConnection>> connections_;
};

}  // namespace busbar::venue::coinbase
