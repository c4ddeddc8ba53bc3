#pragma once
// One account at Binance Spot. Orders go by REST or the WebSocket API, events come by its user data or a listen key,
// quotes, trades, bars and books by the market streams. What may be decided without a socket is decided in encode,
// decode, facts and errors; what it does about orders is in orders.cpp.

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateways/binance/config.hpp"
#include "gateways/binance/facts.hpp"
#include "gateways/binance/instruments.hpp"
#include "gateways/binance/market_stream.hpp"
#include "gateways/binance/order_stream.hpp"
#include "gateways/binance/rest.hpp"
#include "gateways/framework/recent.hpp"
#include "gateways/framework/spot_adapter.hpp"

namespace busbar::binance {

Capabilities binance_capabilities(std::uint32_t recv_window_ms);
std::vector<RateCost> binance_rate_costs();

class BinanceAdapter final : public gateway::SpotAdapter {
 public:
  // Throws std::runtime_error when the secret cannot be used, for start-up.
  BinanceAdapter(BinanceConfig config, gateway::AdapterContext context);
  ~BinanceAdapter() override;

  const Capabilities& capabilities() const override { return capabilities_; }
  std::vector<RateLimit> rate_limits() const override { return rate_limits_; }
  std::vector<RateCost> rate_costs() const override { return binance_rate_costs(); }

  asio::awaitable<Result<void>> connect() override;
  asio::awaitable<void> disconnect() override;
  bool is_connected() const override { return is_connected_; }

  asio::awaitable<Result<std::vector<AccountInfo>>> accounts() override;
  asio::awaitable<Result<std::vector<Balance>>> balances() override;

  asio::awaitable<gateway::Facts> place(PlaceCommand command) override;
  asio::awaitable<gateway::Facts> place_list(PlaceListCommand list) override;
  asio::awaitable<gateway::Facts> cancel(CancelCommand command) override;
  asio::awaitable<gateway::Facts> replace(ReplaceCommand command) override;
  asio::awaitable<Result<gateway::Facts>> order_status(Command command) override;
  asio::awaitable<Result<gateway::Facts>> orders() override;
  asio::awaitable<Result<gateway::Facts>> trades(std::vector<Symbol> symbols, Timestamp since_ns) override;

  asio::awaitable<Result<Quote>> quote(Symbol symbol) override;
  asio::awaitable<Result<std::vector<Bar>>> history(Symbol symbol, std::uint32_t bar_interval_ms, Timestamp start_ns,
                                                    Timestamp end_ns) override;
  asio::awaitable<Result<Book>> book(Symbol symbol) override;
  asio::awaitable<Result<Ticker>> ticker(Symbol symbol) override;
  asio::awaitable<Result<std::vector<Trade>>> market_trades(Symbol symbol) override;
  asio::awaitable<Result<Preview>> preview(NewOrder order) override;
  asio::awaitable<Result<void>> subscribe(Symbol symbol, Channel channel, std::uint32_t bar_interval_ms) override;
  asio::awaitable<Result<void>> unsubscribe(Symbol symbol, Channel channel, std::uint32_t bar_interval_ms) override;

  Timestamp broker_time_ns() const override { return rest_.broker_time_ns(); }

 private:
  using OrderKey = std::pair<std::string, std::int64_t>;  // Binance counts orders per symbol

  asio::awaitable<Result<std::vector<Instrument>>> fetch_instruments() override;
  asio::awaitable<Result<Account>> account();
  // The order names of fills, which come with Binance's number alone.
  asio::awaitable<Result<std::string>> own_id(const std::string& broker_symbol, std::int64_t order_id);
  asio::awaitable<Result<gateway::Facts>> trades_of(Symbol symbol, std::string broker_symbol, Timestamp since_ns);
  asio::awaitable<Result<gateway::Facts>> fills_of(Order order, Symbol symbol, About whom);  // all of one order's
  asio::awaitable<Sent> send_write(Request request, About about, Timestamp expire_time_ns = 0);
  // Three ways to replace. Less quantity: an amendment. Nothing filled yet: one request that cancels and places, and
  // does neither when a fill comes first. Filled in part: a cancel, whose answer says how much is left to place.
  asio::awaitable<gateway::Facts> amend(ReplaceCommand command, Instrument instrument);
  asio::awaitable<gateway::Facts> cancel_replace(ReplaceCommand command, Instrument instrument);
  asio::awaitable<gateway::Facts> cancel_then_place(ReplaceCommand command, Instrument instrument);
  void took(const Order& order);  // an order that Binance has accepted
  // What the broker shall be told so that the order is for what the command says.
  asio::awaitable<Result<Decimal>> amended_qty(ReplaceCommand command, Instrument instrument);
  MarketStream::Handlers market_handlers();

  void on_event(const UserEvent& event, Timestamp receive_time_ns);
  void remember(const std::string& broker_symbol, std::int64_t order_id, const std::string& client_order_id);
  void note_prevented(const std::string& broker_symbol, std::int64_t order_id, const std::optional<Decimal>& qty);
  bool was_prevented(std::string_view broker_symbol, std::string_view broker_order_id) const;

  BinanceConfig config_;
  Capabilities capabilities_;
  gateway::HttpSession http_;
  Rest rest_;
  OrderStream order_stream_;
  MarketStream market_stream_;
  std::vector<RateLimit> rate_limits_;
  std::map<OrderKey, std::string> own_ids_;
  std::deque<OrderKey> own_ids_order_;  // oldest first: only so many are kept
  gateway::Recent made_smaller_{100'000};  // by self-trade prevention: Binance goes on counting what they were for
  bool is_connected_ = false;
  bool is_streaming_ = false;
};

}  // namespace busbar::binance
