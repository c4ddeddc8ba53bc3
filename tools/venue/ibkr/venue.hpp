#pragma once
// The Client Portal Web API of Interactive Brokers in a box: the exchange, its accounts and its moving market behind REST
// and WebSocket, told apart by path. It wires the parts together; what they do stands in their own files.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tools/venue/ibkr/api.hpp"
#include "tools/venue/ibkr/stream_connection.hpp"
#include "tools/venue/rest_exchange.hpp"

namespace busbar::venue::ibkr {

struct UserSettings {
  std::string name;
  Consumer consumer;
  std::string access_token, access_token_secret;  // the secret as bytes; empty: a login has yet to bring them
};

struct AccountSettings : ExchangeAccount {
  AccountSettings() { maker_rate = taker_rate = Decimal{5, -5}; }
  std::string account_id;  // DU1234567
  std::vector<UserSettings> users;
};

struct Settings : ExchangeSettings {
  std::vector<Contract> contracts;  // one for each symbol
  std::vector<AccountSettings> accounts;
  IdentityRules identity;
  LimitSettings limits;
  Rules rules;
  HoursSettings hours;
  StreamSettings streams;
  std::string at_gateway;  // the user who is logged in at the gateway program from the start; empty: none
};

class Venue final : public RestExchange {
 public:
  Venue(boost::asio::io_context& loop, const Settings& settings);

  std::shared_ptr<SocketOwner> on_upgrade(const Request& request, std::shared_ptr<Socket> socket,
                                          Response& refusal) override;
  boost::json::value order_name(const Order& order) const override;
  boost::json::value trade_name(const AccountTrade& trade) const override;
  boost::json::object more_of(const Order& order) const override;

  // For the control interface.
  void publish(const Events& events) override;
  void tell_balances(AccountId, const std::string&, Decimal) override {}  // ledgers are asked for, or come by the second
  Api& api() { return api_; }
  void send_bulletin(const std::string& text);

 private:
  void on_tick(TimeUs now) override;
  void each_connection(const Visit& visit) const override;
  Task task_of(const std::shared_ptr<const Request>& request) override;
  Task identity_task(const std::shared_ptr<const Request>& request);
  Reply gateway_login(const Request& request);
  Reply faulty_reply(const Faults::Plan& plan) const override;
  std::string written(const boost::json::value& body) const override;
  void finish(const Reply&, Response& response) override { response.content_type = "application/json;charset=utf-8"; }

  Settings settings_;
  Api api_;
  std::vector<std::shared_ptr<StreamConnection>> connections_;
};

}  // namespace busbar::venue::ibkr
