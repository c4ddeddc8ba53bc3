#pragma once
// One WebSocket: which channels it asked for, and what each of them tells when. Everything it sends but errors has a
// number, counted per connection over all channels.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "tools/venue/coinbase/api.hpp"
#include "tools/venue/connection.hpp"

namespace busbar::venue::coinbase {

struct StreamSettings {
  TimeUs subscribe_within = 5'000'000;  // of connecting
  TimeUs idle_max = 90'000'000;         // without a frame, before the broker hangs up
  std::size_t snapshot_orders_max = 50; // of the user channel, per frame
};

class StreamConnection final : public Connection {
 public:
  StreamConnection(boost::asio::io_context& loop, std::shared_ptr<Socket> socket, const ConnectionSettings& settings,
                   const StreamSettings& streams, Faults& faults, Api& api, std::string address);

  void on_text(std::string text) override;
  std::string_view stream() const override { return account_ ? "orders" : "market"; }
  void announce_shutdown(TimeUs) override {}  // the broker says nothing

  void on_events(const Events& events, const std::vector<SymbolId>& new_tops, TimeUs now);
  void on_order(const Order& order, const Ticket& ticket, std::string_view status, TimeUs now);
  void on_restrictions(const Product& product, TimeUs now);
  void on_tenth_of_second(TimeUs now);

 private:
  bool limits_messages() const override { return false; }
  void subscribe(const std::string& channel, const std::set<std::string>& product_ids, TimeUs now);
  void unsubscribe(const std::string& channel, const std::set<std::string>& product_ids);
  void confirm(TimeUs now);
  void send_error(std::string_view message);
  void push(const std::string& channel, boost::json::object event, TimeUs now);
  void push_list(const std::string& channel, std::string_view type, std::string_view member, boost::json::array list,
                 TimeUs now);
  void send_snapshot(const std::string& channel, const std::set<std::string>& product_ids, TimeUs now);
  void send_open_orders(TimeUs now);
  void push_candles(TimeUs now);
  bool has(const std::string& channel) const { return channels_.contains(channel); }
  bool has(const std::string& channel, const std::string& product_id) const;

  const StreamSettings& settings_;
  Api& api_;
  std::string address_;
  std::map<std::string, std::set<std::string>> channels_;  // with their products; the user's may name none: all
  std::optional<AccountId> account_;                       // whose orders it tells
  std::uint64_t next_sequence_ = 0, heartbeats_ = 0;
  TimeUs connected_ = 0, last_sent_ = 0, next_heartbeat_ = 0, next_batch_ = 0, next_candles_ = 0;
  bool was_subscribed_ = false;
  std::set<std::string> batch_;                     // products whose ticker changed since the last batch
  std::map<std::string, std::string> last_candles_;  // as last told
};

}  // namespace busbar::venue::coinbase
