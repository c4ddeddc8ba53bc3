#pragma once
// One WebSocket of market data: a feed, who it is, which symbols it asked for in which channels, and what each of them
// tells when. Frames are lists, in JSON or MessagePack.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/venue/alpaca/api.hpp"
#include "tools/venue/connection.hpp"

namespace busbar::venue::alpaca {

class DataStream final : public Connection {
 public:
  // `peers`: how many others of an account are there on the same feed.
  DataStream(boost::asio::io_context& loop, std::shared_ptr<Socket> socket, const ConnectionSettings& settings,
             Faults& faults, Api& api, std::string feed, bool is_msgpack,
             std::function<std::int64_t(AccountId, const std::string& feed)> peers);

  void on_text(std::string text) override;
  std::string_view stream() const override { return "market"; }
  void announce_shutdown(TimeUs) override {}

  void greet();
  bool is_of(AccountId account, const std::string& feed) const {
    return !is_closed() && account_ == account && feed_ == feed;
  }
  void on_events(const Events& events, const std::vector<SymbolId>& new_tops, TimeUs now);
  void on_halt(const Asset& asset, TimeUs now);
  void on_tenth_of_second(TimeUs now);

 private:
  bool limits_messages() const override { return false; }
  void send_value(const boost::json::value& frame) override;
  void say(std::string_view kind, std::string_view text, std::int64_t code = 0);
  void authenticate(const boost::json::object& message);
  void change(const boost::json::object& message, bool adds);
  void confirm();
  bool wants(const std::string& channel, const Asset& asset) const;
  void push(std::string_view kind, const Asset& asset, boost::json::object fields, TimeUs now);
  void push_bars(TimeUs now);

  Api& api_;
  std::string feed_;  // "iex", "sip", ...; "crypto"
  bool is_msgpack_, is_crypto_;
  std::function<std::int64_t(AccountId, const std::string&)> peers_;
  std::optional<AccountId> account_;
  std::map<std::string, std::set<std::string>> channels_;  // with their symbols; "*" is all of them
  TimeUs connected_ = 0, last_minute_ = 0;
  bool is_refused_ = false;
};

}  // namespace busbar::venue::alpaca
