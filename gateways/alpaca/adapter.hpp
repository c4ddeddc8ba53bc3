#pragma once
// One account at Alpaca. Orders go by REST, word of them comes by the stream of trade updates, market data by REST and by
// streams of their own, one for shares and one for crypto. What may be decided without a socket is decided in encode, decode,
// facts, lists and errors; what it does about orders is in orders.cpp, what it answers about markets in market.cpp.

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateways/alpaca/config.hpp"
#include "gateways/alpaca/credential.hpp"
#include "gateways/alpaca/errors.hpp"
#include "gateways/alpaca/executions.hpp"
#include "gateways/alpaca/facts.hpp"
#include "gateways/alpaca/lists.hpp"
#include "gateways/alpaca/market_stream.hpp"
#include "gateways/alpaca/order_stream.hpp"
#include "gateways/framework/order_names.hpp"
#include "gateways/framework/rest_line.hpp"
#include "gateways/framework/spot_adapter.hpp"
#include "gateways/framework/tasks.hpp"

namespace busbar::alpaca {

Capabilities alpaca_capabilities(std::uint32_t absence_ms);

class AlpacaAdapter final : public gateway::SpotAdapter {
 public:
  AlpacaAdapter(AlpacaConfig config, gateway::AdapterContext context);
  ~AlpacaAdapter() override;

  const Capabilities& capabilities() const override { return capabilities_; }
  std::vector<RateLimit> rate_limits() const override {
    return alpaca::rate_limits(context_.account, config_.requests_per_minute, config_.data_per_minute);
  }
  std::vector<RateCost> rate_costs() const override { return alpaca::rate_costs(); }

  asio::awaitable<Result<void>> connect() override;
  asio::awaitable<void> disconnect() override;
  bool is_connected() const override { return is_connected_; }

  Result<std::string> auth_url(std::string redirect_uri) override;
  asio::awaitable<Result<void>> handle_callback(std::string url) override;
  asio::awaitable<Result<void>> refresh_token() override;
  asio::awaitable<Result<void>> revoke_token() override;

  asio::awaitable<Result<std::vector<AccountInfo>>> accounts() override;
  asio::awaitable<Result<std::vector<Balance>>> balances() override;
  asio::awaitable<Result<std::vector<Position>>> positions() override;

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
  asio::awaitable<Result<void>> subscribe(Symbol symbol, Channel channel, std::uint32_t bar_interval_ms) override;
  asio::awaitable<Result<void>> unsubscribe(Symbol symbol, Channel channel, std::uint32_t bar_interval_ms) override;

  Timestamp broker_time_ns() const override { return rest_.broker_time_ns(); }

 private:
  using MaybeOrder = std::optional<Order>;

  gateway::RestLine::Make make(Request request) const;
  asio::awaitable<Result<std::string>> ask(Request request, gateway::About about = {});
  template <class T>
  asio::awaitable<Result<std::vector<T>>> history_of(History what, AssetClass of, HistoryQuery query,
                                                     Result<Page<T>> (*decode)(std::string_view));
  gateway::RestLine::Dialect dialect(std::string_view bucket);
  std::unique_ptr<login::AccessToken> make_login();
  asio::awaitable<Result<void>> prove_login();
  asio::awaitable<Result<std::vector<Instrument>>> fetch_instruments() override;
  asio::awaitable<Result<void>> load_hours();
  void tell_hours(MarketHours hours);
  MarketStream& stream_of(const Instrument& instrument);
  MarketStream::Handlers market_handlers(std::size_t stream);
  const Instrument* listed(const Symbol& symbol) const { return symbols_.by_symbol(view(symbol)); }

  // By Alpaca's id where it is known, or by our name; and what has taken its place, if that happened.
  asio::awaitable<Result<MaybeOrder>> find_order(Command command);
  asio::awaitable<Result<MaybeOrder>> get_order(Request request);
  asio::awaitable<Result<MaybeOrder>> find_in_lists(Command command);
  asio::awaitable<Result<MaybeOrder>> get_list(ListNames names, std::string venue_order_id);
  asio::awaitable<Result<std::vector<Order>>> list_orders(OrdersQuery query);
  asio::awaitable<Result<std::vector<Execution>>> list_executions(Timestamp since_ns, std::string order_id,
                                                                  std::optional<Decimal> until_cum_qty);
  asio::awaitable<Result<gateway::Facts>> facts_of_order(Order order, VenueSource source);
  asio::awaitable<Result<std::string>> broker_id_of(Command command);
  asio::awaitable<Result<Order>> await_end(std::string broker_order_id);  // of a cancel that has begun

  // A cancel was refused or its answer lost, and this is the fact; or it has begun.
  asio::awaitable<VenueReport> begin_cancel(Command command, std::string broker_order_id, gateway::About about,
                                            VenueEvent refused, Timestamp expire_time_ns);
  asio::awaitable<gateway::Facts> cancel_then_place(ReplaceCommand command, Instrument rules, std::string broker_order_id,
                                                    bool is_listed);
  asio::awaitable<gateway::Facts> place_what_is_left(ReplaceCommand command, Instrument rules, Order old,
                                                     Timestamp cancel_time_ns);
  void took(const Order& order);

  // Ours, or empty where the order is none of ours.
  std::string our_name(const Order& order);
  Symbol symbol_of(const Order& order) const { return symbol_of(order.asset_id, order.symbol); }
  Symbol symbol_of(const std::string& asset_id, const std::string& symbol) const;
  Result<VenueReport> state(const Order& order, VenueSource source);
  std::string on_update(const TradeUpdate& update, Timestamp receive_time_ns);
  void on_replaced(const Order& old, Timestamp receive_time_ns);
  asio::awaitable<void> tell_successor(Order old);
  void tell_held_back();

  bool trades_now(const Order& order) const;

  AlpacaConfig config_;
  Capabilities capabilities_;
  std::unique_ptr<login::AccessToken> login_;  // none where there is a key
  Credential credential_;
  gateway::HttpSession http_;
  gateway::RestLine rest_;
  gateway::HttpSession data_http_;
  gateway::RestLine data_;
  OrderStream order_stream_;
  MarketStream stock_stream_;
  MarketStream crypto_stream_;
  std::array<std::string, 2> market_troubles_;  // of these two
  std::optional<Clock> clock_;
  std::optional<MarketHours> hours_;  // as they were told
  std::map<std::string, Symbol> assets_;  // by Alpaca's id, which stays when an asset is renamed
  std::map<std::string, Symbol> pairs_;   // by the name that some answers have for them: BTCUSD
  gateway::OrderNames names_;
  Executions executions_;
  std::map<std::string, ListNames> lists_;      // whose fate is not known yet, by the name that was sent
  std::map<std::string, std::string> replacing_;  // our name of what takes the place of Alpaca's order
  std::deque<std::pair<TradeUpdate, Timestamp>> held_back_;  // until the answer to a list tells whose they are
  int lists_under_way_ = 0;
  bool is_connected_ = false;
  bool is_streaming_ = false;
};

}  // namespace busbar::alpaca
