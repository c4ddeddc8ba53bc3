#include "gateways/coinbase/level2_book.hpp"

namespace busbar::coinbase {

bool Level2Book::on_event(const Level2Event& event) {
  if (event.type == "snapshot") {
    reset();
    is_synced_ = true;
  }
  if (!is_synced_) return false;
  for (const Level2Update& update : event.updates) {
    if (update.is_bid) {
      sides_.set_bid(update.level);
    } else {
      sides_.set_ask(update.level);
    }
  }
  return true;
}

void Level2Book::reset() {
  sides_.clear();
  is_synced_ = false;
}

}  // namespace busbar::coinbase
