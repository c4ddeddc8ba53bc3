#pragma once
// The venue's back door for tests and `busbar-venue ctl`: plain HTTP on the loopback address, JSON in and out. It
// arranges what a broker would never let one arrange, and tells the truth about what happened.

#include "tools/venue/binance/venue.hpp"
#include "tools/venue/server.hpp"

namespace busbar::venue::binance {

class Control final : public Handler {
 public:
  explicit Control(Venue& venue) : venue_{venue} {}
  void on_request(Request request, std::function<void(Response)> respond) override;
  std::shared_ptr<SocketOwner> on_upgrade(const Request&, std::shared_ptr<Socket>) override { return nullptr; }

 private:
  boost::json::value answer(const Request& request);  // throws std::invalid_argument
  boost::json::object book(const std::string& account) const;
  boost::json::object status() const;
  boost::json::object house_order(const boost::json::object& wanted);
  boost::json::object deposit(const boost::json::object& wanted);
  boost::json::object limits(const boost::json::object& wanted);

  Venue& venue_;
};

}  // namespace busbar::venue::binance
