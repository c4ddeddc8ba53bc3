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
  std::shared_ptr<SocketOwner> on_upgrade(const Request&, std::shared_ptr<Socket>, Response&) override {
    return nullptr;
  }

 private:
  struct Call;  // one of the words it understands
  static const std::vector<Call>& calls();
  boost::json::value answer(const Request& request);  // throws std::invalid_argument, or out_of_range for no such thing

  boost::json::value help(const boost::json::object& body, Params& query);
  boost::json::value get_status(const boost::json::object& body, Params& query);
  boost::json::value get_book(const boost::json::object& body, Params& query);
  boost::json::value get_arrivals(const boost::json::object& body, Params& query);
  boost::json::value get_faults(const boost::json::object& body, Params& query);
  boost::json::value add_fault(const boost::json::object& body, Params& query);
  boost::json::value clear_faults(const boost::json::object& body, Params& query);
  boost::json::value remove_fault(const std::string& id);
  boost::json::value move_market(const boost::json::object& body, Params& query);
  boost::json::value house_order(const boost::json::object& body, Params& query);
  boost::json::value deposit(const boost::json::object& body, Params& query);
  boost::json::value limits(const boost::json::object& body, Params& query);
  boost::json::value ban(const boost::json::object& body, Params& query);
  boost::json::value set_symbol(const boost::json::object& body, Params& query);
  boost::json::value set_clock(const boost::json::object& body, Params& query);
  boost::json::value set_account(const boost::json::object& body, Params& query);
  boost::json::value get_keys(const boost::json::object& body, Params& query);
  boost::json::value set_keys(const boost::json::object& body, Params& query);
  boost::json::value expire_listen_keys(const boost::json::object& body, Params& query);
  boost::json::value close_streams(const boost::json::object& body, Params& query);
  boost::json::value announce_shutdown(const boost::json::object& body, Params& query);
  boost::json::value set_connections(const boost::json::object& body, Params& query);

  AccountId account_of(const boost::json::object& body) const;
  boost::json::object book(const std::string& account) const;
  boost::json::object status() const;

  Venue& venue_;
};

}  // namespace busbar::venue::binance
