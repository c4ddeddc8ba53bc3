#pragma once
// What a broker keeps of its orders beside the engine, found by the broker's name, the engine's number and the customer's
// name. A ticket stays where it is. Ticket has members index, account, order_id and number.

#include <deque>
#include <map>
#include <string>
#include <utility>

#include "tools/venue/engine.hpp"

namespace busbar::venue {

template <class Ticket>
class Tickets {
 public:
  std::deque<Ticket>& all() { return tickets_; }  // oldest first
  const std::deque<Ticket>& all() const { return tickets_; }

  template <class OrderId>
  Ticket* find(const OrderId& order_id) {
    return at(by_id_, order_id);
  }
  Ticket* find(SymbolId symbol, std::uint64_t number) { return at(by_number_, std::pair{symbol, number}); }
  const Ticket* find(SymbolId symbol, std::uint64_t number) const {
    return const_cast<Tickets*>(this)->find(symbol, number);
  }
  Ticket* find_by_client_id(AccountId account, const std::string& client_order_id) {
    return at(by_client_id_, std::pair{account, client_order_id});
  }
  const Ticket* find_by_client_id(AccountId account, const std::string& client_order_id) const {
    return const_cast<Tickets*>(this)->find_by_client_id(account, client_order_id);
  }

 protected:
  // Under its name; without one of the customer's it is found by the others alone.
  Ticket& add(AccountId account, decltype(Ticket::order_id) order_id, const std::string& client_order_id) {
    Ticket& ticket = tickets_.emplace_back();
    ticket.index = tickets_.size() - 1;
    ticket.account = account;
    ticket.order_id = std::move(order_id);
    by_id_[ticket.order_id] = ticket.index;
    if (!client_order_id.empty()) by_client_id_[{account, client_order_id}] = ticket.index;
    return ticket;
  }
  void bind(Ticket& ticket, SymbolId symbol, std::uint64_t number) {
    ticket.number = number;
    by_number_[{symbol, number}] = ticket.index;
  }

 private:
  template <class Index, class Key>
  Ticket* at(const Index& index, const Key& key) {
    const auto found = index.find(key);
    return found == index.end() ? nullptr : &tickets_[found->second];
  }

  std::deque<Ticket> tickets_;
  std::map<decltype(Ticket::order_id), std::size_t, std::less<>> by_id_;
  std::map<std::pair<SymbolId, std::uint64_t>, std::size_t> by_number_;
  std::map<std::pair<AccountId, std::string>, std::size_t> by_client_id_;
};

}  // namespace busbar::venue
