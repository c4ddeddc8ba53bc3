#pragma once
// One account at Interactive Brokers, by its Client Portal Web API: straight, or through IBKR's program on this host. Orders go
// by REST, with the questions that it asks about them; word of them comes by the WebSocket, and where that is silent by lists.
// What may be decided without a socket is decided in encode, decode, facts, errors and instruments; what it does about orders is
// in orders.cpp, about sessions in session.cpp.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateways/framework/rest_line.hpp"
#include "gateways/framework/spot_adapter.hpp"
#include "gateways/framework/tasks.hpp"
#include "gateways/ibkr/config.hpp"
#include "gateways/ibkr/consumer_login.hpp"
#include "gateways/ibkr/credential.hpp"
#include "gateways/ibkr/live_stream.hpp"
#include "gateways/ibkr/in_place.hpp"
#include "gateways/ibkr/order_book.hpp"
#include "gateways/ibkr/session.hpp"

namespace busbar::ibkr {

Capabilities ibkr_capabilities(std::uint32_t lost_after_ms);

class IbkrAdapter final : public gateway::SpotAdapter {
 public:
  // Throws std::runtime_error when the credentials cannot be used, for start-up.
  IbkrAdapter(IbkrConfig config, gateway::AdapterContext context);
  ~IbkrAdapter() override;

  bool takes(gateway::Proof) const override { return true; }
  const Capabilities& capabilities() const override { return capabilities_; }
  std::vector<RateLimit> rate_limits() const override;
  std::vector<RateCost> rate_costs() const override { return ibkr::rate_costs(); }

  asio::awaitable<Result<void>> connect() override;
  asio::awaitable<void> disconnect() override;
  bool is_connected() const override { return is_connected_; }

  Result<std::string> auth_url(std::string redirect_uri) override;
  asio::awaitable<Result<void>> handle_callback(std::string url) override;
  asio::awaitable<Result<void>> revoke_token() override;

  asio::awaitable<Result<std::vector<AccountInfo>>> accounts() override;
  asio::awaitable<Result<std::vector<Balance>>> balances() override;
  asio::awaitable<Result<std::vector<Position>>> positions() override;

  asio::awaitable<gateway::Facts> place(PlaceCommand command) override;
  asio::awaitable<gateway::Facts> place_list(PlaceListCommand list) override;
  asio::awaitable<Result<Preview>> preview(NewOrder order) override;
  asio::awaitable<gateway::Facts> cancel(CancelCommand command) override;
  asio::awaitable<gateway::Facts> replace(ReplaceCommand command) override;
  void recall(const ReplaceCommand& command) override;
  asio::awaitable<Result<gateway::Facts>> order_status(Command command) override;
  asio::awaitable<Result<gateway::Facts>> orders() override;
  asio::awaitable<Result<gateway::Facts>> trades(std::vector<Symbol> symbols, Timestamp since_ns) override;

  asio::awaitable<Result<Quote>> quote(Symbol symbol) override;
  asio::awaitable<Result<Ticker>> ticker(Symbol symbol) override;
  asio::awaitable<Result<std::vector<Bar>>> history(Symbol symbol, std::uint32_t bar_interval_ms, Timestamp start_ns,
                                                    Timestamp end_ns) override;
  asio::awaitable<Result<void>> subscribe(Symbol symbol, Channel channel, std::uint32_t bar_interval_ms) override;
  asio::awaitable<Result<void>> unsubscribe(Symbol symbol, Channel channel, std::uint32_t bar_interval_ms) override;

  Timestamp broker_time_ns() const override { return rest_.broker_time_ns(); }

 private:
  using MaybeOrder = std::optional<Order>;

  // ---- asking
  gateway::RestLine::Dialect dialect();
  gateway::RestLine::Meaning meaning_of(const gateway::HttpResponse& http, std::string_view target);
  gateway::RestLine::Make make(Request request) const;
  asio::awaitable<void> pace(std::string path);
  asio::awaitable<Result<std::string>> ask(Request request, gateway::About about = {});
  asio::awaitable<Result<void>> prepare_session();
  asio::awaitable<Result<std::string>> ask_portfolio(Request request);

  // ---- contracts
  asio::awaitable<Result<std::vector<Instrument>>> fetch_instruments() override;
  asio::awaitable<Result<SecDef>> find_contract(Wanted wanted);
  asio::awaitable<Result<void>> add_hours(std::int64_t conid, std::string exchange, Instrument& instrument,
                                          std::vector<MarketHours>& markets);
  asio::awaitable<Result<std::vector<SecDef>>> ask_secdefs(std::vector<std::int64_t> conids);
  asio::awaitable<Result<MarketFields>> snapshot(std::int64_t conid);
  std::string_view operator_of(const Instrument& instrument) const;

  // ---- orders
  // One conversation at a time: another order in between would end it. All that IBKR asks is answered by the account's policy.
  enum class Purpose { Place, PlaceTheRest, PlaceList, Change };
  struct Said {
    gateway::Facts facts;   // of the order that was asked for, or the first of them
    std::vector<Ack> acks;  // one for each, where they were taken or refused
  };
  // For each order of a list its ack, under its own name; nothing where IBKR has not said which is whose.
  asio::awaitable<std::vector<std::optional<Ack>>> sort_acks(PlaceListCommand list, std::vector<Ack> acks);
  void tell_held_back();
  asio::awaitable<Said> converse(PlaceCommand command, Request request, gateway::About whom, Purpose purpose);
  asio::awaitable<gateway::Facts> answer_prompt(PlaceCommand command, Prompt prompt, gateway::Sent sent, Purpose purpose);
  void took(const VenueReport& fact, const Command& command);
  asio::awaitable<void> cancel_group_of(std::string broker_order_id);
  struct Begun {
    gateway::Facts facts;
    std::string broker_order_id;
  };
  asio::awaitable<Begun> begin_cancel(Command command, gateway::About whom, VenueEvent refused, Timestamp expire_time_ns);
  asio::awaitable<Result<MaybeOrder>> await_end(std::string broker_order_id);
  asio::awaitable<gateway::Facts> cancel_then_place(ReplaceCommand command, Instrument rules);
  // Nothing: this order cannot be changed in place.
  asio::awaitable<Result<MaybeOrder>> find_to_change(ReplaceCommand command);
  asio::awaitable<gateway::Facts> change_in_place(ReplaceCommand command, Instrument rules, Order before);
  asio::awaitable<VenueReport> await_change(ReplaceCommand command, Change change, Order before, VenueReport taken);
  // What IBKR says of an order, under the name that we have for it by now.
  const Order& heard(const Order& change, Timestamp as_of_ns);
  asio::awaitable<gateway::Facts> place_what_is_left(ReplaceCommand command, Instrument rules, Order old,
                                                     Timestamp cancel_time_ns);
  // Nothing: IBKR has no word of it, which says nothing yet.
  asio::awaitable<Result<MaybeOrder>> get_order(std::string broker_order_id);
  // The live orders, or all executions of a week, as they were at `as_of_ns` or later; when the list was begun.
  asio::awaitable<Result<Timestamp>> list_live(Timestamp as_of_ns);
  asio::awaitable<Result<Timestamp>> list_executions(Timestamp as_of_ns);
  asio::awaitable<Result<std::vector<Order>>> ask_live();
  const Order* in_live(std::string_view venue_order_id, std::string_view broker_order_id) const;
  // To be told before how it stands, where it is news and no change of ours.
  std::optional<VenueReport> new_terms_of(const Order& order, const VenueReport& state);
  asio::awaitable<Result<gateway::Facts>> facts_of_order(Order order, Symbol symbol, VenueSource source);
  gateway::Facts fills_of(const std::string& broker_order_id, VenueSource source) const;
  VenueReport fact_of_execution(const Execution& execution, VenueSource source) const;

  // ---- what the stream tells
  LiveStream::Handlers stream_handlers();
  void on_order(const Order& change, Timestamp receive_time_ns);
  void tell_order(const Order& order, Timestamp receive_time_ns);
  void on_execution(const Execution& execution, Timestamp receive_time_ns);
  void on_quote(const MarketFields& changed, Timestamp receive_time_ns);
  void on_notification(const Notification& said);
  bool is_ours(const std::string& account) const { return account.empty() || account == broker_account_; }
  const Instrument* by_conid(std::optional<std::int64_t> conid) const;

  IbkrConfig config_;
  const OwnRules& rules_;
  Capabilities capabilities_;
  Credential credential_;
  EndpointPace pace_;
  gateway::HttpSession http_;
  gateway::RestLine rest_;
  ConsumerLogin login_;
  Session session_;
  LiveStream stream_;
  std::string broker_account_;  // DU123456
  bool is_portfolio_awake_ = false;
  gateway::Turn order_turn_{context_.loop};
  gateway::Turn history_turn_{context_.loop};

  std::map<Symbol, SecDef> contracts_;       // by our symbol: a number stays
  std::set<std::string> futures_;            // conids
  std::string refused_symbols_;              // as it was told last
  std::map<std::int64_t, std::vector<TradingSession>> sessions_;  // by conid: as IBKR has told them last
  std::set<std::int64_t> without_hours_;                          // as it was told
  std::map<std::int64_t, std::set<std::pair<Symbol, Channel>>> wanted_quotes_;  // by conid
  std::map<std::int64_t, MarketFields> quotes_;
  std::set<std::int64_t> told_delayed_;

  OrderBook book_;
  int lists_under_way_ = 0;
  std::map<std::string, Timestamp> held_back_;  // orders whose they are the answer to a list tells, and when IBKR spoke of them
  std::map<std::string, Change> changes_;  // under way or in doubt, by IBKR's number
  gateway::Turn live_turn_{context_.loop};
  std::vector<Order> live_;
  Timestamp live_begun_ns_ = 0;
  std::optional<std::pair<Timestamp, Error>> live_failure_;
  gateway::Turn executions_turn_{context_.loop};
  std::vector<Execution> executions_;
  Timestamp executions_begun_ns_ = 0;
  std::optional<std::pair<Timestamp, Error>> executions_failure_;
  bool is_connected_ = false;
  bool is_streaming_ = false;
};

}  // namespace busbar::ibkr
