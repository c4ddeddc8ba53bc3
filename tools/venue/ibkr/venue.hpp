#pragma once
// The Client Portal Web API of Interactive Brokers in a box: the exchange, its accounts and its moving market behind REST
// and WebSocket, told apart by path. It wires the parts together; what they do stands in their own files.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tools/venue/exchange.hpp"
#include "tools/venue/ibkr/api.hpp"
#include "tools/venue/ibkr/stream_connection.hpp"

namespace busbar::venue::ibkr {

struct UserSettings {
  std::string name;
  Consumer consumer;
  std::string access_token, access_token_secret;  // the secret as bytes; empty: a login has yet to bring them
};

struct AccountSettings {
  std::string name;
  std::string account_id;  // DU1234567
  std::vector<UserSettings> users;
  bool may_trade = true;
  Decimal maker_rate, taker_rate;
  std::vector<std::pair<std::string, Decimal>> balances;
};

struct Settings : ExchangeSettings {
  std::vector<Contract> contracts;  // one for each symbol
  std::vector<AccountSettings> accounts;
  IdentityRules identity;
  LimitSettings limits;
  Rules rules;
  StreamSettings streams;
  std::string at_gateway;  // the user who is logged in at the gateway program from the start; empty: none
};

class Venue final : public Exchange {
 public:
  Venue(boost::asio::io_context& loop, const Settings& settings);

  void on_request(Request request, std::function<void(Response)> respond) override;
  std::shared_ptr<SocketOwner> on_upgrade(const Request& request, std::shared_ptr<Socket> socket,
                                          Response& refusal) override;
  boost::json::value order_name(const Order& order) const override;
  boost::json::value trade_name(const AccountTrade& trade) const override;

  // For the control interface.
  void publish(const Events& events) override;
  void tell_balances(AccountId, const std::string&, Decimal) override {}  // ledgers are asked for, or come by the second
  Api& api() { return api_; }
  void send_bulletin(const std::string& text);
  const std::string& last_refusal() const { return last_refusal_; }

 private:
  void on_tick(TimeUs now) override;
  void each_connection(const Visit& visit) const override;
  bool is_gateway_page(const Request& request) const;
  void answer_identity(Request request, std::function<void(Response)> respond);
  Response gateway_login(const Request& request);
  Response response_of(Fate fate, const Faults::Plan& plan, bool is_replaced, Reply reply) const;

  Settings settings_;
  Api api_;
  std::vector<std::shared_ptr<StreamConnection>> connections_;
  std::string last_refusal_;  // of a signature: why
};

}  // namespace busbar::venue::ibkr
