#pragma once
// What happened while nobody listened: open orders and fills of one account, asked for and passed on as facts. What
// they mean is the core's matter: it knows which orders it believed open, and counts a fill it has once.

#include <functional>
#include <set>
#include <vector>

#include "gateways/framework/adapter.hpp"

namespace busbar::gateway {

struct ReconcileTask {
  Name account;
  std::set<Symbol> symbols;     // beside those of open orders and positions
  Timestamp trades_since_ns = 0;
  std::function<void(VenueReport)> report;
};

// Every fact has been reported when it answers. Nothing is said to be reconciled when any question failed.
asio::awaitable<Result<Reconciled>> reconcile(Adapter& adapter, ReconcileTask task);

}  // namespace busbar::gateway
