#include "gateways/framework/reconcile.hpp"

namespace busbar::gateway {

asio::awaitable<Result<Reconciled>> reconcile(Adapter& adapter, ReconcileTask task) {
  Reconciled done;
  done.account = task.account;
  done.through_time_ns = adapter.broker_time_ns();  // before the first question: what comes later, the stream tells

  Result<Facts> orders = co_await adapter.orders();
  if (!orders) co_return orders.error();
  for (const VenueReport& order : *orders) task.symbols.insert(order.symbol);
  const Result<std::vector<Position>> positions = co_await adapter.positions();
  if (positions) {
    for (const Position& position : *positions) task.symbols.insert(position.symbol);
  } else if (positions.error().code != ErrorCode::Unsupported) {
    co_return positions.error();
  }
  std::vector<Symbol> symbols{task.symbols.begin(), task.symbols.end()};
  Result<Facts> fills = co_await adapter.trades(std::move(symbols), task.trades_since_ns);
  if (!fills) co_return fills.error();

  // Fills first: an order's state then finds its quantity already counted.
  for (Facts* const facts : {&*fills, &*orders}) {
    for (VenueReport& fact : *facts) {
      fact.account = task.account;
      fact.source = VenueSource::Reconcile;
      task.report(std::move(fact));
    }
  }
  done.open_orders = static_cast<std::uint32_t>(orders->size());
  co_return done;
}

}  // namespace busbar::gateway
