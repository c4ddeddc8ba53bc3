#pragma once
// Alpaca in a box: the exchange, its accounts and its moving market behind trading and market data, REST and WebSocket, told
// apart by path. It wires the parts together; what they do stands in their own files.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tools/venue/alpaca/api.hpp"
#include "tools/venue/alpaca/data_stream.hpp"
#include "tools/venue/alpaca/login.hpp"
#include "tools/venue/alpaca/trade_stream.hpp"
#include "tools/venue/rest_exchange.hpp"

namespace busbar::venue::alpaca {

struct KeySettings {
  std::string id, secret;
  bool may_trade = true;
};

struct AccountSettings : ExchangeAccount {
  std::vector<KeySettings> keys;
  std::vector<std::string> access_tokens;  // of OAuth 2.0, good until they are taken back
};

struct Settings : ExchangeSettings {
  std::vector<AssetSettings> assets;  // one for each symbol
  std::vector<AccountSettings> accounts;
  LimitSettings limits;
  HoursSettings hours;
  Rules rules;
  LoginSettings login;
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
  void tell_balances(AccountId account, const std::string& asset, Decimal change) override;
  Api& api() { return api_; }
  Login* login() override { return &login_; }

 private:
  void on_tick(TimeUs now) override;
  void each_connection(const Visit& visit) const override;
  void open_accounts();
  void tell(const Execution& execution);
  void tell(const Ticket& ticket, std::string_view event, boost::json::object order, TimeUs time,
            const Execution* execution);
  Task task_of(const std::shared_ptr<const Request>& request) override;
  Reply faulty_reply(const Faults::Plan& plan) const override;
  std::string written(const boost::json::value& body) const override;
  void finish(const Reply& reply, Response& response) override;

  Settings settings_;
  Api api_;
  Login login_;
  std::vector<std::shared_ptr<TradeStream>> trade_streams_;
  std::vector<std::shared_ptr<DataStream>> data_streams_;
  std::uint64_t requests_ = 0, said_ = 0;
};

}  // namespace busbar::venue::alpaca
