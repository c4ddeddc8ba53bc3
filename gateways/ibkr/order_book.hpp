#pragma once
// Our orders as IBKR has told of them so far: the stream tells only what has changed, and at times not whose it is. Both
// names of each, for orders are cancelled by IBKR's number alone; and the executions that were heard of. As many as are
// worth remembering: what is forgotten is asked for. Pure.

#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateways/ibkr/brackets.hpp"
#include "gateways/ibkr/decode.hpp"
#include "gateways/ibkr/facts.hpp"

namespace busbar::ibkr {

class OrderBook {
 public:
  explicit OrderBook(std::size_t most = 100'000) : most_{most} {}

  // What is left out has not changed. The whole, as it is now. An answer to what was asked before the order was seen changed
  // (as_of_ns) may tell what it asked for until then.
  const Order& merge(Order change, Timestamp as_of_ns = std::numeric_limits<Timestamp>::max()) {
    Order& order = find_or_add(change.order_id);
    const auto renamed = renamed_ns_.find(change.order_id);
    if (renamed != renamed_ns_.end() && as_of_ns < renamed->second) {
      for (std::optional<Decimal> Order::*term : {&Order::price, &Order::stop_price, &Order::total_qty}) (change.*term).reset();
    }
    for (std::string Order::*text : {&Order::account, &Order::symbol, &Order::side, &Order::order_type,
                                     &Order::time_in_force, &Order::status, &Order::reason, &Order::oca_group,
                                     &Order::parent_order_id}) {
      if (!(change.*text).empty()) order.*text = change.*text;
    }
    for (std::optional<Decimal> Order::*amount : {&Order::price, &Order::stop_price, &Order::total_qty, &Order::filled_qty,
                                                  &Order::remaining_qty, &Order::avg_price}) {
      if (change.*amount) order.*amount = change.*amount;
    }
    // The lists call the stop of a stop order its price, the answer about one order does not.
    if (change.price && !change.stop_price && order_type_of(order.order_type) == OrderType::Stop) {
      order.stop_price = change.price;
    }
    if (change.conid) order.conid = change.conid;
    if (change.last_execution_ns != 0) order.last_execution_ns = change.last_execution_ns;
    if (change.cannot_edit) order.cannot_edit = change.cannot_edit;
    learn(order.order_id, change.client_order_id);
    name_child(order);
    return order;
  }
  // The name that IBKR has for it, which stays. We may call it otherwise by now.
  void learn(const std::string& order_id, const std::string& client_order_id) {
    if (order_id.empty() || client_order_id.empty()) return;
    if (const auto bracket = names_in(client_order_id)) return learn_bracket(order_id, *bracket);
    Order& order = find_or_add(order_id);
    if (order.client_order_id.empty()) order.client_order_id = client_order_id;
    references_.try_emplace(order_id, client_order_id);
    numbers_[client_order_id] = order_id;
  }
  // A child of this parent; empty: there is none.
  void hang_on(const std::string& order_id, const std::string& parent_order_id) {
    if (!parent_order_id.empty()) find_or_add(order_id).parent_order_id = parent_order_id;
  }
  // It was replaced in place, of which IBKR's name for it knows nothing.
  void rename(const std::string& order_id, const std::string& venue_order_id, Timestamp as_of_ns) {
    find_or_add(order_id).client_order_id = venue_order_id;
    renamed_ns_[order_id] = as_of_ns;
    numbers_[venue_order_id] = order_id;
    sent(venue_order_id);
  }
  // False: heard already. The stream leaves out IBKR's number of the order at times.
  bool add(const Execution& execution) {
    const std::string number = execution.order_id.empty() ? number_of(execution.client_order_id) : execution.order_id;
    if (number.empty()) return true;
    find_or_add(number);
    learn(number, execution.client_order_id);
    return executions_[number].emplace(execution.execution_id, execution).second;
  }
  // Whether it stands otherwise than it was told last: the stream repeats, and tells colours too.
  bool is_news(const Order& order) {
    const auto text = [](const std::optional<Decimal>& amount) { return amount ? to_string(*amount) : std::string{}; };
    std::string now = order.status + " " + text(order.filled_qty) + " " + text(order.total_qty) + " " + text(order.price) +
                      " " + order.reason;
    return std::exchange(told_[order.order_id], now) != now;
  }
  // An order of this name asks for what it was sent with: that need not be told.
  void sent(const std::string& venue_order_id) {
    if (sent_.size() >= most_) sent_.clear();
    sent_.insert(venue_order_id);
  }
  // Whether it asks for another quantity or price than it was told to: somebody else has changed it, or a life before this one.
  bool has_new_terms(const Order& order) {
    const auto text = [](const std::optional<Decimal>& amount) { return amount ? to_string(*amount) : std::string{}; };
    std::string now = text(order.total_qty) + " " + text(order.price);
    const bool is_as_sent = sent_.erase(order.client_order_id) > 0;
    return std::exchange(terms_[order.order_id], now) != now && !is_as_sent;
  }

  const Order* by_number(const std::string& order_id) const {
    const auto found = orders_.find(order_id);
    return found == orders_.end() ? nullptr : &found->second;
  }
  std::string number_of(const std::string& client_order_id) const { return find(numbers_, client_order_id); }
  bool is_of_bracket(const std::string& order_id) const {
    const Order* order = by_number(order_id);
    return brackets_.contains(order_id) || (order != nullptr && !order->parent_order_id.empty());
  }
  // The others of which one cancels the others, as far as they are known. What a person hangs on our order has no name.
  std::vector<Order> others_in_group_of(const std::string& order_id) const {
    const Order* own = by_number(order_id);
    std::vector<Order> others;
    if (own == nullptr || (own->oca_group.empty() && own->parent_order_id.empty())) return others;
    for (const auto& [number, order] : orders_) {
      const bool is_tied = (!order.oca_group.empty() && order.oca_group == own->oca_group) ||
                           (!order.parent_order_id.empty() && order.parent_order_id == own->parent_order_id &&
                            !order.client_order_id.empty());
      if (number != order_id && is_tied) others.push_back(order);
    }
    return others;
  }
  std::string reference_of(const std::string& order_id) const { return find(references_, order_id); }
  std::string name_of(const std::string& order_id) const {
    const Order* order = by_number(order_id);
    return order == nullptr ? std::string{} : order->client_order_id;
  }
  std::vector<Execution> executions_of(const std::string& order_id) const {
    std::vector<Execution> all;
    const auto found = executions_.find(order_id);
    if (found == executions_.end()) return all;
    for (const auto& [id, execution] : found->second) all.push_back(execution);
    return all;
  }

 private:
  using Names = std::map<std::string, std::string>;
  static std::string find(const Names& names, const std::string& key) {
    const auto found = names.find(key);
    return found == names.end() ? std::string{} : found->second;
  }
  // A child that is shown under the name of its parent is no parent.
  void learn_bracket(const std::string& order_id, const BracketNames& bracket) {
    const std::string known = number_of(bracket.parent);
    const bool is_child = !find_or_add(order_id).parent_order_id.empty() || (!known.empty() && known != order_id);
    if (is_child || !brackets_.try_emplace(order_id, bracket).second) return;
    learn(order_id, bracket.parent);
    numbers_[bracket.joined()] = order_id;
    for (auto& [number, order] : orders_) name_child(order);
  }
  void name_child(Order& order) {
    const auto bracket = brackets_.find(order.parent_order_id);
    if (bracket == brackets_.end() || !order.client_order_id.empty()) return;
    const std::string name = bracket->second.child_of(order_type_of(order.order_type));
    const std::string known = number_of(name);
    if (known.empty() || known == order.order_id) learn(order.order_id, name);  // a person may hang more on it
  }
  Order& find_or_add(const std::string& order_id) {
    const auto [at, is_new] = orders_.try_emplace(order_id);
    if (!is_new) return at->second;
    at->second.order_id = order_id;
    oldest_first_.push_back(order_id);
    if (oldest_first_.size() > most_) {
      const std::string oldest = std::move(oldest_first_.front());
      oldest_first_.pop_front();
      numbers_.erase(name_of(oldest));
      numbers_.erase(reference_of(oldest));
      references_.erase(oldest);
      if (const auto bracket = brackets_.find(oldest); bracket != brackets_.end()) {
        numbers_.erase(bracket->second.joined());
        brackets_.erase(bracket);
      }
      renamed_ns_.erase(oldest);
      executions_.erase(oldest);
      told_.erase(oldest);
      terms_.erase(oldest);
      orders_.erase(oldest);
    }
    return at->second;
  }

  std::size_t most_;
  std::map<std::string, Order> orders_;  // by IBKR's number
  Names numbers_;                        // by our name, and by IBKR's
  Names references_;                     // what IBKR calls ours, by its number
  std::map<std::string, BracketNames> brackets_;  // by IBKR's number of the order that triggers the others
  std::map<std::string, Timestamp> renamed_ns_;  // when what showed it was asked for, by IBKR's number
  std::map<std::string, std::map<std::string, Execution>> executions_;  // by IBKR's number, and by their id
  Names told_;   // by IBKR's number
  Names terms_;  // likewise
  std::set<std::string> sent_;  // our names of those whose terms are known
  std::deque<std::string> oldest_first_;
};

// The sum of what was executed; nullopt where one has no quantity.
inline std::optional<Decimal> sum_of(const std::vector<Execution>& executions) {
  std::optional<Decimal> sum = Decimal{};
  for (const Execution& execution : executions) {
    sum = sum && execution.qty ? add(*sum, *execution.qty) : std::nullopt;
  }
  return sum;
}

}  // namespace busbar::ibkr
