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
#include "tools/venue/exchange.hpp"

namespace busbar::venue::coinbase {

struct KeySettings {
  std::string name;
  PublicKey key;
  Permissions permissions;
};

struct AccountSettings {
  std::string name;
  std::vector<KeySettings> keys;
  std::vector<std::string> access_tokens;  // of OAuth 2.0, good until they are revoked
  bool may_trade = true;
  Decimal maker_rate{6, -3}, taker_rate{8, -3};
  std::vector<std::pair<std::string, Decimal>> balances;
};

struct Settings : ExchangeSettings {
  std::vector<AliasSettings> aliases;
  std::vector<AccountSettings> accounts;
  LimitSettings limits;
  Rules rules;
  StreamSettings streams;
  LoginSettings login;
};

class Venue final : public Exchange {
 public:
  Venue(boost::asio::io_context& loop, const Settings& settings);

  void on_request(Request request, std::function<void(Response)> respond) override;
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
  Login& login() { return login_; }
  std::size_t answer_for_user(bool is_yes);  // those whose browsers wait for consent; says how many
  const std::string& last_refusal() const { return last_refusal_; }

 private:
  void on_tick(TimeUs now) override;
  void each_connection(const Visit& visit) const override;
  void log_in(Request request, std::function<void(Response)> respond);
  Response response_of(Fate fate, const Faults::Plan& plan, bool is_replaced, Reply reply) const;

  Settings settings_;
  Api api_;
  Login login_;
  std::vector<std::function<void()>> asked_;  // browsers that wait for the user's word
  std::vector<std::shared_ptr<StreamConnection>> connections_;
  std::string last_refusal_;                    // of a token: why
};

}  // namespace busbar::venue::coinbase
