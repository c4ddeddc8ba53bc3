#pragma once
// One connection of the WebSocket API: requests and answers by id, session logon, and subscriptions to the events of
// accounts.

#include <functional>
#include <map>

#include "tools/venue/binance/api.hpp"
#include "tools/venue/connection.hpp"

namespace busbar::venue::binance {

class ApiConnection final : public Connection {
 public:
  // Carries a request out, faults and all; `answer` may be called later, or never.
  using Answer = std::function<void(Reply)>;
  using Perform = std::function<void(const Operation& operation, Call call, const Request& arrived,
                                     ApiConnection& connection, Answer answer)>;
  struct Options {
    bool shows_rate_limits = true;
    TimeUnit unit = TimeUnit::Milliseconds;
    std::string address;
  };
  ApiConnection(boost::asio::io_context& loop, std::shared_ptr<Socket> socket, const ConnectionSettings& settings,
                Faults& faults, Api& api, Options options, Perform perform);

  void on_text(std::string text) override;
  std::string_view stream() const override { return "orders"; }
  void announce_shutdown(TimeUs now) override;
  bool limits_messages() const override { return false; }  // its requests have weights

  // An event of an account, to each of this connection's subscriptions to it.
  void on_event(AccountId account, const std::function<boost::json::object(TimeUnit)>& shape, TimeUs now);

 private:
  void answer(const boost::json::value& id, const Reply& reply, bool shows_rate_limits);
  Reply session(std::string_view method, Call& call);
  Reply subscribe(AccountId account);
  void end_subscription(std::int64_t id);  // and says so
  void end_session();
  boost::json::object status() const;

  Api& api_;
  Options options_;
  Perform perform_;
  std::optional<AccountId> logged_on_;
  std::string logged_on_key_;
  TimeUs authorized_since_ = 0;
  std::map<std::int64_t, AccountId> subscriptions_;
  std::optional<std::int64_t> session_subscription_;
  std::int64_t next_subscription_ = 0;
};

}  // namespace busbar::venue::binance
