#pragma once
// One account at Coinbase Advanced Trade. Orders go by REST, word of them comes by the user channel and their fills by
// REST, market data by the market channels. What may be decided without a socket is decided in encode, decode, facts
// and errors; what it does about orders is in orders.cpp.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateways/coinbase/config.hpp"
#include "gateways/coinbase/credential.hpp"
#include "gateways/coinbase/cumulative.hpp"
#include "gateways/coinbase/facts.hpp"
#include "gateways/coinbase/instruments.hpp"
#include "gateways/coinbase/market_stream.hpp"
#include "gateways/coinbase/order_names.hpp"
#include "gateways/coinbase/user_stream.hpp"
#include "gateways/framework/rest_line.hpp"
#include "gateways/framework/spot_adapter.hpp"
#include "gateways/framework/tasks.hpp"

namespace busbar::coinbase {

Capabilities coinbase_capabilities(std::int64_t life_s = token_life_s);

class CoinbaseAdapter final : public gateway::SpotAdapter {
 public:
  // Throws std::runtime_error when the secret cannot be used, for start-up.
  CoinbaseAdapter(CoinbaseConfig config, gateway::AdapterContext context);
  ~CoinbaseAdapter() override;

  const Capabilities& capabilities() const override { return capabilities_; }
  std::vector<RateLimit> rate_limits() const override {
    return coinbase::rate_limits(config_.limits, context_.account);
  }
  std::vector<RateCost> rate_costs() const override { return coinbase::rate_costs(); }

  asio::awaitable<Result<void>> connect() override;
  asio::awaitable<void> disconnect() override;
  bool is_connected() const override { return is_connected_; }

  Result<std::string> auth_url(std::string redirect_uri) override;
  asio::awaitable<Result<void>> handle_callback(std::string url) override;
  asio::awaitable<Result<void>> refresh_token() override;
  asio::awaitable<Result<void>> revoke_token() override;

  asio::awaitable<Result<std::vector<AccountInfo>>> accounts() override;
  asio::awaitable<Result<std::vector<Balance>>> balances() override;

  asio::awaitable<gateway::Facts> place(PlaceCommand command) override;
  asio::awaitable<gateway::Facts> cancel(CancelCommand command) override;
  asio::awaitable<gateway::Facts> replace(ReplaceCommand command) override;
  void recall(const ReplaceCommand& command) override;
  asio::awaitable<Result<gateway::Facts>> order_status(Command command) override;
  asio::awaitable<Result<gateway::Facts>> orders() override;
  asio::awaitable<Result<gateway::Facts>> trades(std::vector<Symbol> symbols, Timestamp since_ns) override;

  asio::awaitable<Result<Quote>> quote(Symbol symbol) override;
  asio::awaitable<Result<std::vector<Bar>>> history(Symbol symbol, std::uint32_t bar_interval_ms, Timestamp start_ns,
                                                    Timestamp end_ns) override;
  asio::awaitable<Result<Book>> book(Symbol symbol) override;
  asio::awaitable<Result<Ticker>> ticker(Symbol symbol) override;
  asio::awaitable<Result<std::vector<Trade>>> market_trades(Symbol symbol) override;
  asio::awaitable<Result<busbar::Preview>> preview(NewOrder order) override;
  asio::awaitable<Result<void>> subscribe(Symbol symbol, Channel channel, std::uint32_t bar_interval_ms) override;
  asio::awaitable<Result<void>> unsubscribe(Symbol symbol, Channel channel, std::uint32_t bar_interval_ms) override;

  Timestamp broker_time_ns() const override { return rest_.broker_time_ns(); }

 private:
  using MaybeOrder = std::optional<Order>;

  gateway::RestLine::Make make(Request request);
  asio::awaitable<Result<std::string>> ask(Request request, gateway::About about = {});
  std::unique_ptr<login::AccessToken> make_login();
  asio::awaitable<std::vector<busbar::Portfolio>> portfolios(std::string own_uuid);
  asio::awaitable<Result<void>> prove_login();
  asio::awaitable<Result<std::vector<Instrument>>> fetch_instruments() override;

  // By Coinbase's name where it is known, or by ours out of all orders since it was born, or of the last days where that
  // is not known: there is no look-up by it.
  // An order that is not found was not there at `as_of_ns`, which is not before what was asked for.
  struct Sought {
    MaybeOrder order;
    Timestamp as_of_ns = 0;
  };
  asio::awaitable<Result<Sought>> find_order(Command command, Timestamp as_of_ns);
  asio::awaitable<Result<MaybeOrder>> find_in_list(std::string venue_order_id, std::string product_id,
                                                   Timestamp since_ns);
  Timestamp earliest_birth(Timestamp send_time_ns) const;
  asio::awaitable<Result<MaybeOrder>> get_order(std::string broker_order_id);
  // All of them, or, with `wanted`, no page beyond the one that has an order of this name.
  asio::awaitable<Result<std::vector<Order>>> list_orders(OrdersQuery query, std::string wanted = {});
  asio::awaitable<Result<std::vector<Fill>>> list_fills(FillsQuery query);
  asio::awaitable<Result<gateway::Facts>> facts_of_order(Order order, Symbol symbol, VenueSource source);
  // Of a cancel or an edit that has begun: how the order stands as soon as it is so, or after the last look.
  asio::awaitable<Result<Order>> await_order(std::string broker_order_id, std::function<bool(const Order&)> is_so);
  // Cancels that come together leave in one request, whose answer has a word for each.
  struct CancelBatch {
    gateway::Turn turn;
    std::vector<std::string> broker_order_ids = {};
    bool has_left = false;
    gateway::Sent sent = {};
    Result<std::vector<Cancelled>> results = Error{};
  };
  asio::awaitable<std::shared_ptr<const CancelBatch>> send_with_others(std::string broker_order_id, gateway::About about);
  asio::awaitable<std::shared_ptr<const CancelBatch>> send_alone(std::string broker_order_id, gateway::About about,
                                                                 Timestamp expire_time_ns);
  asio::awaitable<void> send(std::shared_ptr<CancelBatch> batch, gateway::About about, Timestamp expire_time_ns);
  // A cancel was refused or its answer lost, and these are the facts; or it has begun, and this is the order's name
  // there.
  struct Begun {
    gateway::Facts facts;
    std::string broker_order_id;
  };
  // A replace in place; no facts where Coinbase cannot, and the order stands as before.
  asio::awaitable<gateway::Facts> edit(ReplaceCommand command);
  asio::awaitable<gateway::Facts> facts_of_edited(ReplaceCommand command, gateway::Sent sent, std::string broker_order_id);
  asio::awaitable<Result<gateway::Facts>> edit_status(Command command, std::string broker_order_id);
  void put_terms(VenueReport& state, const Order& order) const;
  asio::awaitable<gateway::Facts> cancel_then_place(ReplaceCommand command, Instrument rules);
  asio::awaitable<Begun> begin_cancel(Command command, gateway::About about, VenueEvent refused);
  // The second half of a replace, whose old order has ended like that.
  asio::awaitable<gateway::Facts> place_what_is_left(ReplaceCommand command, Instrument rules, Order old,
                                                     Timestamp cancel_time_ns);
  void took(const Placed& placed, const Command& command);

  void on_order(const UserOrder& order, bool is_snapshot, Timestamp time_ns, Timestamp receive_time_ns);
  asio::awaitable<void> fetch_fills();
  asio::awaitable<void> tell_edited(std::string broker_order_id);  // by somebody else
  MarketStream::Handlers market_handlers();

  const Instrument* by_broker_symbol(std::string_view broker_symbol) const {
    return symbols_.by_broker_symbol(broker_symbol);
  }
  std::string book_product_of(const Instrument& instrument) const;

  CoinbaseConfig config_;
  Capabilities capabilities_;
  std::unique_ptr<login::AccessToken> login_;  // none where there is a key
  Credential credential_;
  gateway::HttpSession http_;
  gateway::RestLine rest_;
  UserStream user_stream_;
  MarketStream market_stream_;
  std::map<std::string, std::string> aliases_;  // whose book under which product
  OrderNames names_;
  Edits edits_;
  std::shared_ptr<CancelBatch> gathering_;  // takes more cancels
  CompleteLists complete_lists_;
  // By product, out of its last list, and by our name: that they have ended stays true.
  std::map<std::string, std::map<std::string, Order>> ended_;
  gateway::Turn list_turn_{context_.loop};
  std::optional<std::pair<Timestamp, Error>> list_failure_;  // of the last list, and when it was begun
  CumulativeFills cumulative_;
  // Orders, by Coinbase's name, of which more is filled than is told, and its last word of them.
  std::map<std::string, VenueReport> wants_fills_;
  bool is_fetching_fills_ = false;
  bool is_connected_ = false;
  bool is_streaming_ = false;
};

}  // namespace busbar::coinbase
