#pragma once
// One connection of the market streams: which streams it asked for, and what each sends when.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "tools/venue/connection.hpp"
#include "tools/venue/binance/shapes.hpp"

namespace busbar::venue::binance {

class StreamConnection final : public Connection {
 public:
  struct Options {
    std::vector<std::string> streams;
    bool is_combined = false;
    TimeUnit unit = TimeUnit::Milliseconds;
    // Whose events the stream of this name carries, when it is a listen key.
    std::function<std::optional<AccountId>(const std::string& name)> account_of;
  };
  StreamConnection(boost::asio::io_context& loop, std::shared_ptr<Socket> socket, const ConnectionSettings& settings,
                   Faults& faults, const Engine& engine, const History& history, Options options, TimeUs now);

  void on_text(std::string text) override;
  std::string_view stream() const override { return has_account_events() ? "orders" : "market"; }
  void announce_shutdown(TimeUs now) override;
  bool limits_messages() const override { return true; }

  void on_events(const Events& events, const std::vector<SymbolId>& new_tops, TimeUs now);
  void on_tenth_of_second(TimeUs now);
  void on_account_event(AccountId account, const std::function<boost::json::object(TimeUnit)>& shape, TimeUs now);
  void on_listen_key_expired(const std::string& key, TimeUs now);
  bool has_account_events() const;

 private:
  enum class Kind : std::uint8_t {
    Trade,
    AggregateTrade,
    BookTicker,
    Depth,
    PartialDepth,
    Ticker,
    MiniTicker,
    AllMiniTickers,
    WindowTicker,
    AllWindowTickers,
    Bars,
    Average,
    Account,
    Nothing
  };
  struct Subscription {
    std::string name;
    Kind kind = Kind::Nothing;
    SymbolId symbol = 0;
    std::size_t levels = 0;
    std::optional<Interval> interval;  // of bars, or the window of a ticker
    TimeUs zone = 0;
    TimeUs bar_open = 0;  // of the bar last told
    AccountId account = 0;
    TimeUs period = 0, next_due = 0;
    std::uint64_t last_update = 0;
    std::map<std::pair<Side, Decimal>, Decimal> changes;
  };
  Subscription parse(std::string name, TimeUs now) const;
  void subscribe(const std::string& name, TimeUs now);
  void push(const Subscription& subscription, boost::json::value payload, TimeUs now);
  boost::json::object window_event(const Subscription& subscription, SymbolId symbol, TimeUs now) const;
  void push_bars(Subscription& subscription, TimeUs now);
  void on_control_message(const boost::json::object& message);

  const Engine& engine_;
  const History& history_;
  Options options_;
  std::vector<Subscription> subscriptions_;
  TimeUs now_;
};

}  // namespace busbar::venue::binance
