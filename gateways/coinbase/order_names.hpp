#pragma once
// Names of orders, and what lists show of them.

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "bus/messages.hpp"
#include "gateways/coinbase/facts.hpp"
#include "gateways/framework/order_names.hpp"

namespace busbar::coinbase {

using gateway::OrderNames;

// There is no look-up by our name, so that an order in doubt costs a list. After a crash many are in doubt at once: what a
// complete list of a product's orders shows holds for all of them.
class CompleteLists {
 public:
  // A list of all orders born since then, begun at `begun_ns`: whose name is not known now was not there.
  void add(const std::string& product_id, Timestamp since_ns, Timestamp begun_ns) {
    lists_[product_id] = {since_ns, begun_ns};
  }
  // When the last list was begun, if it lacks every order of this product born at `born_ns` or later whose name is not
  // known, and was not begun before `as_of_ns`.
  std::optional<Timestamp> without(const std::string& product_id, Timestamp born_ns, Timestamp as_of_ns) const {
    const auto found = lists_.find(product_id);
    const bool tells =
        found != lists_.end() && found->second.since_ns <= born_ns && found->second.begun_ns >= as_of_ns;
    return tells ? std::optional{found->second.begun_ns} : std::nullopt;
  }

 private:
  struct List {
    Timestamp since_ns = 0;
    Timestamp begun_ns = 0;
  };
  std::map<std::string, List> lists_;  // the last one, by product
};

// An order that is edited in place keeps both its names: the last edit that was asked for, with our name for it, by Coinbase's
// name for the order. As many as are worth remembering.
class Edits {
 public:
  struct Edit {
    std::string venue_order_id;  // empty: it was refused
    Terms wanted;
    bool is_recalled = false;  // asked for by another life of this gateway, or not: it may have cancelled and placed
  };
  explicit Edits(std::size_t most = 100'000) : most_{most} {}

  void want(const std::string& broker_order_id, Edit edit) {
    refused(broker_order_id);
    ids_[edit.venue_order_id] = broker_order_id;
    if (edits_.insert_or_assign(broker_order_id, std::move(edit)).second) oldest_first_.push_back(broker_order_id);
    if (oldest_first_.size() <= most_) return;
    refused(oldest_first_.front());
    edits_.erase(oldest_first_.front());
    oldest_first_.pop_front();
  }
  // What is told of the order's terms may be of before all the same.
  void refused(const std::string& broker_order_id) {
    const auto found = edits_.find(broker_order_id);
    if (found == edits_.end()) return;
    ids_.erase(found->second.venue_order_id);
    found->second.venue_order_id.clear();
  }
  const Edit* of(const std::string& broker_order_id) const {
    const auto found = edits_.find(broker_order_id);
    return found == edits_.end() ? nullptr : &found->second;
  }
  // Coinbase's name for the order of which this is an edit; empty where there is none.
  std::string broker_order_id(std::string_view venue_order_id) const {
    const auto found = ids_.find(std::string{venue_order_id});
    return found == ids_.end() ? std::string{} : found->second;
  }

 private:
  std::size_t most_;
  std::map<std::string, Edit> edits_;
  std::map<std::string, std::string> ids_;  // Coinbase's, by our name for the edit
  std::deque<std::string> oldest_first_;
};

}  // namespace busbar::coinbase
