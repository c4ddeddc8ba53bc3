#pragma once
// What adapters to spot exchanges have in common: a list of what is traded, kept fresh; balances and no positions; and what
// is done when something comes that nobody understands. How the list is asked for is the broker's.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gateways/framework/adapter.hpp"
#include "gateways/framework/book_sides.hpp"
#include "gateways/framework/run.hpp"
#include "gateways/framework/symbol_map.hpp"
#include "gateways/framework/tasks.hpp"

namespace busbar::gateway {

class SpotAdapter : public Adapter {
 public:
  asio::awaitable<Result<std::vector<Position>>> positions() override;
  asio::awaitable<Result<std::vector<Instrument>>> instruments() override;
  Result<Symbol> normalize_symbol(std::string_view broker_symbol) const override;
  Result<Symbol> to_broker_symbol(std::string_view symbol) const override;

 protected:
  SpotAdapter(AdapterContext context, std::string broker);

  virtual asio::awaitable<Result<std::vector<Instrument>>> fetch_instruments() = 0;
  asio::awaitable<Result<void>> load_instruments();
  void start_refreshing() { refresh_.start(); }
  void stop_refreshing() { refresh_.stop(); }

  Symbol our_symbol(std::string_view broker_symbol) const;  // the broker's own, cut, where it is in no list
  Error not_listed(std::string_view symbol) const;

  // Something came that we do not understand, perhaps word of an order of ours: it is on the tape, an alarm goes to the
  // journal, and what it may have said is found by comparing orders and fills, as after a loss of the stream.
  void on_doubt(std::string what);
  // For a stream's handlers.
  std::function<void(SessionStateKind, std::string reason, Timestamp deadline_ns)> tell_state(Events::Part part);
  // Whole each time, so that who comes late or misses one has it all the same.
  void tell_book(const BookSides& sides, const Symbol& symbol, Timestamp time_ns, Timestamp receive_time_ns);

  static constexpr std::size_t book_levels = 100;  // of each side

  AdapterContext context_;
  SymbolMap symbols_;

 private:
  asio::awaitable<void> refresh();
  asio::awaitable<void> compare();

  std::string broker_;
  Periodic refresh_;
  Timestamp loaded_at_ns_ = 0;  // CLOCK_BOOTTIME
  Timestamp last_doubt_ns_ = 0;     // when it was compared
  bool is_doubt_compared_ = false;  // or will be, in a moment
};

}  // namespace busbar::gateway
