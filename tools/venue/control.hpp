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

#include "tools/venue/number.hpp"
#include "tools/venue/rest_exchange.hpp"

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
  AccountId account_of(const boost::json::object& body) const;  // member "account"
  // Whether a key is meant: by "account", by "api_key", or by both.
  std::function<bool(AccountId, std::string_view)> is_meant_by(const boost::json::object& body) const;
  // declines, asks_user, account, and last approve.
  boost::json::value set_login(RestExchange& venue, const boost::json::object& body) const;

 private:
  boost::json::value answer(const Request& request);  // throws std::invalid_argument, or out_of_range for no such thing

  boost::json::value help() const;
  boost::json::object status() const;
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

// Those of the numbers that are given; returns all of them, as they are now.
template <class Settings, std::size_t count>
boost::json::object set_numbers(const boost::json::object& body, const Number<Settings> (&all)[count],
                                Settings& settings) {
  boost::json::object now;
  for (const Number<Settings>& number : all) {
    std::int64_t& member = settings.*number.member;
    member = integer_of(body, number.name, member / number.unit) * number.unit;
    now[number.name] = member / number.unit;
  }
  return now;
}

}  // namespace busbar::venue
