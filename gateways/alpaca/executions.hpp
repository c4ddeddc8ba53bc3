#pragma once
// Fills that the stream has told. REST lists them again, and names them the same as far as anybody has seen; where it does not,
// the order and how much of it was filled with this fill tell that it is the same one, and it keeps its first name. Pure.

#include <cstddef>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "bus/messages.hpp"

namespace busbar::alpaca {

class Executions {
 public:
  explicit Executions(std::size_t most = 100'000) : most_{most} {}

  void on_stream(const VenueReport& fill) {
    if (!fill.cum_qty || !fill.last_qty || !fill.last_px || !told_.insert(fill.trade_id).second) return;
    const Key key{fill.broker_order_id, *fill.cum_qty};
    fills_.try_emplace(key, Fill{fill.trade_id, *fill.last_qty, *fill.last_px});
    oldest_first_.emplace_back(key, fill.trade_id);
    if (oldest_first_.size() <= most_) return;
    fills_.erase(oldest_first_.front().first);
    told_.erase(oldest_first_.front().second);
    oldest_first_.pop_front();
  }

  // The name under which a fill of REST is told.
  Id name_of(const VenueReport& fill) const {
    if (told_.contains(fill.trade_id) || !fill.cum_qty) return fill.trade_id;
    const auto found = fills_.find({fill.broker_order_id, *fill.cum_qty});
    const bool is_same = found != fills_.end() && found->second.qty == fill.last_qty && found->second.px == fill.last_px;
    return is_same ? found->second.trade_id : fill.trade_id;
  }

 private:
  using Key = std::pair<Id, Decimal>;
  struct Fill {
    Id trade_id;
    Decimal qty;
    Decimal px;
  };
  std::size_t most_;
  std::map<Key, Fill> fills_;
  std::set<Id> told_;
  std::deque<std::pair<Key, Id>> oldest_first_;
};

}  // namespace busbar::alpaca
