#pragma once
// One WebSocket: whose session it shows, which topics it asked for, and what each of them tells when. Requests are short
// texts; what comes back is JSON. It can outlive its session, and then stays open and says nothing.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "tools/venue/connection.hpp"
#include "tools/venue/ibkr/api.hpp"

namespace busbar::venue::ibkr {

struct StreamSettings {
  TimeUs heartbeat = 10'000'000;
  TimeUs quote_interval = 500'000;     // at most so often for a contract
  TimeUs quote_life = 900'000'000;     // of a subscription to quotes: it ends without a word
  TimeUs keepalive_within = 120'000'000;  // without any text from the client the connection is closed
};

class StreamConnection final : public Connection {
 public:
  StreamConnection(boost::asio::io_context& loop, std::shared_ptr<Socket> socket, const ConnectionSettings& settings,
                   const StreamSettings& streams, Faults& faults, Api& api);

  void on_text(std::string text) override;
  // "market" until it asks for orders or trades.
  std::string_view stream() const override { return has_orders_ || has_trades_ ? "orders" : "market"; }
  void announce_shutdown(TimeUs) override {}  // the broker says nothing

  void log_in(const std::string& session_id);  // of a cookie, or of a text
  void on_order(const Ticket& ticket, const Order& order);  // as it stood then
  void on_fill(const Ticket& ticket, const AccountTrade& trade);
  void on_prompt(const Ticket& ticket, const boost::json::object& prompt);
  void on_session_changed(const User& user);
  void on_tenth_of_second(TimeUs now);
  void bulletin(const std::string& text);

 private:
  bool limits_messages() const override { return false; }
  void send_value(const boost::json::value& frame) override;
  // Whose frames these are; null when nobody's, or when the session is another one by now.
  User* user() const;
  void push(std::string_view stream, std::string_view topic, boost::json::value frame);
  void subscribe(std::string_view topic, const std::string& argument, const boost::json::object& options);
  void unsubscribe(std::string_view topic, const std::string& argument);
  void tell_status(const User& user);
  void tell_orders();
  void tell_account(TimeUs now);
  void tell_quotes(TimeUs now);

  struct Quotes {
    std::vector<std::string> fields;
    std::map<std::string, std::string> told;
    TimeUs since = 0, last = 0;
  };
  const StreamSettings& settings_;
  Api& api_;
  std::string session_id_;
  bool is_greeted_ = false, has_orders_ = false, has_trades_ = false, has_pnl_ = false, has_summary_ = false,
       has_ledger_ = false;
  std::map<std::int64_t, boost::json::object> told_orders_;  // as last told, by order id
  std::map<SymbolId, Quotes> quotes_;
  struct Bars {
    SymbolId symbol = 0;
    std::string period, bar, source, told;
  };
  std::map<std::string, Bars> bars_;  // by server id
  std::string told_pnl_, told_summary_, told_ledger_;
  TimeUs connected_ = 0, heard_ = 0, next_heartbeat_ = 0, next_account_ = 0;
};

}  // namespace busbar::venue::ibkr
