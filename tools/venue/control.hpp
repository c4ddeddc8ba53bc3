#pragma once
// A venue's back door for tests and `busbar-venue ctl`: plain HTTP on the loopback address, JSON in and out. It arranges
// what a broker would never let one arrange, and tells the truth about what happened. What only one broker has to arrange
// is added by its descendant.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "tools/venue/exchange.hpp"
#include "tools/venue/server.hpp"

namespace busbar::venue {

class Control : public Handler {
 public:
  explicit Control(Exchange& exchange);
  void on_request(Request request, std::function<void(Response)> respond) override;
  std::shared_ptr<SocketOwner> on_upgrade(const Request&, std::shared_ptr<Socket>, Response&) override {
    return nullptr;
  }

 protected:
  using Query = std::map<std::string, std::string, std::less<>>;
  struct Call {
    std::string_view method, path, about;
    std::function<boost::json::value(const boost::json::object& body, const Query& query)> run;
  };
  void offer(Call call) { calls_.push_back(std::move(call)); }
  virtual boost::json::object status() const;
  AccountId account_of(const boost::json::object& body) const;  // member "account"

 private:
  boost::json::value answer(const Request& request);  // throws std::invalid_argument, or out_of_range for no such thing

  boost::json::value help() const;
  boost::json::value get_arrivals(const Query& query) const;
  boost::json::value remove_fault(const std::string& id);
  boost::json::value move_market(const boost::json::object& body);
  boost::json::value house_order(const boost::json::object& body);
  boost::json::value deposit(const boost::json::object& body);
  boost::json::value set_clock(const boost::json::object& body);
  boost::json::value set_connections(const boost::json::object& body);
  boost::json::object book(const std::string& account) const;
  boost::json::object truth(const Order& order) const;
  boost::json::object truth(const AccountTrade& trade) const;
  boost::json::object truth(const OrderList& list) const;

  Exchange& exchange_;
  std::vector<Call> calls_;
};

// Members of what was sent; std::invalid_argument says what is wrong with one.
std::string text_of(const boost::json::object& object, std::string_view name, std::string_view fallback);
std::string required(const boost::json::object& object, std::string_view name);
std::int64_t integer_of(const boost::json::object& object, std::string_view name, std::int64_t fallback);
bool flag_of(const boost::json::object& object, std::string_view name);
std::optional<bool> flag_if_given(const boost::json::object& object, std::string_view name);
std::optional<std::vector<std::string>> texts_if_given(const boost::json::object& object, std::string_view name);

}  // namespace busbar::venue
