#pragma once
// A core on the bench: a conversation partner that stamps inputs, and a market of one instrument to talk about.

#include <functional>
#include <string>
#include <vector>

#include "bus/codec.hpp"
#include "router/core/core.hpp"
#include "router/core/order.hpp"

namespace busbar::router::test {

using namespace busbar::literals;

inline constexpr Timestamp second = 1'000'000'000;
inline constexpr Timestamp ms = 1'000'000;
inline constexpr Timestamp start_time = 1'790'000'000 * second;

inline Instrument btc() {
  Instrument i;
  i.symbol = "BTC/USDT";
  i.broker_symbol = "BTCUSDT";
  i.base = "BTC";
  i.quote = "USDT";
  i.status = TradingStatus::Trading;
  i.tick_size = "0.01"_d;
  i.min_price = "0.01"_d;
  i.max_price = "1000000"_d;
  i.lot_size = "0.001"_d;
  i.min_qty = "0.001"_d;
  i.max_qty = "9000"_d;
  i.min_notional = "5"_d;
  i.max_notional = "9000000"_d;
  i.min_notional_applies_to_market = true;
  i.can_iceberg = true;
  i.can_cash_order_qty = true;
  i.can_trailing_stop = true;
  i.can_replace = true;
  i.can_oco = true;
  i.can_oto = true;
  i.base_precision = 8;
  i.quote_precision = 8;
  return i;
}

inline Capabilities everything() {
  Capabilities c;
  for (int t = 1; t <= static_cast<int>(OrderType::MAX); ++t) c.order_types.push_back(static_cast<OrderType>(t));
  for (int t = 1; t <= static_cast<int>(TimeInForce::MAX); ++t) c.times_in_force.push_back(static_cast<TimeInForce>(t));
  c.can_replace = c.can_post_only = c.can_cash_order_qty = c.can_iceberg = c.can_trailing_stop = c.can_extended_hours =
      true;
  c.can_order_lists = c.can_prevent_self_trade = true;
  c.fill_quantity = FillQuantity::Incremental;
  c.absence_rule = {15'000, 2, false};
  return c;
}

inline NewOrder limit(std::string_view id, Side side = Side::Buy, Decimal qty = "1"_d, Decimal price = "50000"_d) {
  NewOrder o;
  o.client_order_id = cut<64>(id);
  o.account = "main";
  o.symbol = "BTC/USDT";
  o.side = side;
  o.order_type = OrderType::Limit;
  o.time_in_force = TimeInForce::GoodTillCancel;
  o.order_qty = qty;
  o.price = price;
  return o;
}

inline CancelOrder cancel(std::string_view id, std::string_view of) {
  CancelOrder c;
  c.client_order_id = cut<64>(id);
  c.orig_client_order_id = cut<64>(of);
  return c;
}

inline NewOrder stop_limit(std::string_view id, Side side = Side::Sell, Decimal stop_px = "48000"_d,
                           Decimal price = "47900"_d) {
  NewOrder o = limit(id, side, "1"_d, price);
  o.order_type = OrderType::StopLimit;
  o.stop_px = stop_px;
  return o;
}

inline NewOrderList order_list(std::string_view id, OrderListType type, std::vector<NewOrder> orders) {
  return {cut<64>(id), type, std::move(orders)};
}
// Take profit at 52000, or stop the loss at 48000.
inline NewOrderList one_cancels_other(std::string_view id, std::string_view profit = "P1",
                                      std::string_view stop = "S1") {
  return order_list(id, OrderListType::OneCancelsOther,
                    {limit(profit, Side::Sell, "1"_d, "52000"_d), stop_limit(stop)});
}
// Buy, then sell as above.
inline NewOrderList one_triggers_both(std::string_view id) {
  return order_list(id, OrderListType::OneTriggersOneCancelsOther,
                    {limit("B1"), limit("P1", Side::Sell, "1"_d, "52000"_d), stop_limit("S1")});
}

class Bench {
 public:
  using Decisions = std::vector<Decision>;

  Bench() {
    config.environment = Environment::Paper;
    config.journal_id = "journal-1";
    config.clients = {
        {"alpha", {"*"}, true, false}, {"beta", {"second"}, true, false}, {"viewer", {"*"}, false, false}};
    config.accounts = {{"main", "binance", {}, {}}, {"second", "binance", {}, {}}, {"third", "kraken", {}, {}}};
    hello.gateway = "binance";
    hello.incarnation = 7;
    hello.broker = "binance";
    hello.version = "1";
    hello.accounts = {{"main", {}, 0, 0, 0}, {"second", {}, 0, 0, 0}};
    hello.capabilities = everything();
  }

  // A router that has just started, with its gateway there and the broker's session proven.
  void open() {
    tell(CoreStart{core_version, "0.1.0"});
    tell(config);
    say_hello();
    for (const char* account : {"main", "second"}) gateway(session_state(account));
    instruments({btc()});
  }

  void say_hello() { gateway(hello); }
  void instruments(std::vector<Instrument> list) {
    Instruments page;
    page.gateway = "binance";
    page.is_last = true;
    page.instruments = std::move(list);
    gateway(page);
  }

  static SessionState session_state(std::string_view account) {
    SessionState s;
    s.gateway = "binance";
    s.account = cut<32>(account);
    s.state = s.order_stream = s.rest = s.market_data = SessionStateKind::Ok;
    s.reconciled = true;
    return s;
  }

  const Decisions& tell(Body body) { return feed("router", "", std::move(body)); }
  const Decisions& gateway(Body body) { return feed("binance", std::to_string(hello.incarnation), std::move(body)); }
  const Decisions& client(Body body, std::string_view session = "", std::string_view name = "alpha") {
    return feed(name, session, std::move(body));
  }
  const Decisions& tick() { return tell(Tick{}); }

  const Decisions& feed(std::string_view sender, std::string_view session, Body body) {
    Message message;
    message.header.environment = Environment::Paper;
    message.header.sender = cut<32>(sender);
    message.header.session = cut<32>(session);
    message.header.correlation_id = 1000 + sequence;
    message.header.send_time_ns = now - clock_offset - travel;
    message.header.expire_time_ns = expire;
    message.body = std::move(body);
    return feed(message);
  }
  const Decisions& feed(const Message& message) {
    out.clear();
    ++sequence;
    core.apply({sequence, now, now - clock_offset, &message}, out);
    if (on_input) on_input(sequence, now, message);
    return out;
  }

  // A report about the order of a command, numbered on.
  VenueReport fact(const Command& command, VenueEvent event) {
    VenueReport r;
    r.report_number = ++reports;
    r.incarnation = hello.incarnation;
    r.event = event;
    r.source = VenueSource::Rest;
    r.account = command.account;
    r.symbol = command.symbol;
    r.venue_order_id = command.venue_order_id;
    r.command_id = command.command_id;
    r.transact_time_ns = now;
    return r;
  }
  VenueReport fill(const Command& command, std::string_view trade_id, Decimal qty, Decimal px) {
    VenueReport r = fact(command, VenueEvent::Fill);
    r.command_id = 0;
    r.source = VenueSource::Stream;
    r.trade_id = cut<64>(trade_id);
    r.last_qty = qty;
    r.last_px = px;
    r.side = Side::Buy;
    return r;
  }
  const Decisions& report(VenueReport r) { return gateway(std::move(r)); }

  // Places an order by REQ and answers with the command it made.
  Command place(const NewOrder& order) {
    client(order);
    return command();
  }
  Command working(const NewOrder& order) {
    const Command command = place(order);
    report(fact(command, VenueEvent::Accepted));
    return command;
  }

  // ---- Looking at the last decisions

  template <class T>
  std::vector<T> to(Destination destination) const {
    std::vector<T> found;
    for (const Decision& d : out) {
      if (d.destination == destination && std::holds_alternative<T>(d.body)) found.push_back(std::get<T>(d.body));
    }
    return found;
  }
  // As the drop copy hears them: of a decision that goes to a session as well, without its number there.
  std::vector<ExecutionReport> drop_copy() const {
    std::vector<ExecutionReport> found;
    for (const Decision& d : out) {
      if (!d.drop_copy && d.destination != Destination::DropCopy) continue;
      found.push_back(std::get<ExecutionReport>(d.body));
      found.back().report_number = 0;
    }
    return found;
  }
  ExecutionReport last() const { return drop_copy().empty() ? ExecutionReport{} : drop_copy().back(); }
  ExecutionReport reply() const {
    const auto found = to<ExecutionReport>(Destination::Request);
    return found.size() == 1 ? found.front() : ExecutionReport{};
  }
  // Of a cancel of all.
  Answer answered() const {
    const auto found = to<Answer>(Destination::Request);
    return found.size() == 1 ? found.front() : Answer{};
  }
  Reject rejected() const {
    const auto found = to<Reject>(Destination::Request);
    return found.size() == 1 ? found.front() : Reject{};
  }
  std::vector<Command> commands() const {
    std::vector<Command> found;
    for (const Decision& d : out) {
      if (const auto* c = std::get_if<PlaceCommand>(&d.body)) found.push_back(c->command);
      if (const auto* list = std::get_if<PlaceListCommand>(&d.body)) {
        for (const PlaceCommand& c : list->commands) found.push_back(c.command);
      }
      if (const auto* c = std::get_if<CancelCommand>(&d.body)) found.push_back(c->command);
      if (const auto* c = std::get_if<ReplaceCommand>(&d.body)) found.push_back(c->command);
      if (const auto* c = std::get_if<AskCommand>(&d.body)) found.push_back(c->command);
    }
    return found;
  }
  Command command() const { return commands().empty() ? Command{} : commands().front(); }

  // The order as a query shows it.
  ExecutionReport order(std::string_view id) const {
    Query query;
    query.kind = QueryKind::Order;
    query.client_order_id = cut<64>(id);
    const Answer answer = core.answer(query);
    return answer.orders.empty() ? ExecutionReport{} : answer.orders.front();
  }
  OrderStatus status(std::string_view id) const { return order(id).order_status; }

  // Lets time pass, with a Tick at each deadline on the way; all decisions on the way are kept.
  Decisions wait(Timestamp duration) {
    Decisions all;
    const Timestamp end = now + duration;
    while (core.next_deadline() && *core.next_deadline() <= end) {
      now = std::max(now, *core.next_deadline());
      tick();
      all.insert(all.end(), out.begin(), out.end());
    }
    now = end;
    out = all;
    return all;
  }

  Core core;
  Configuration config;
  GatewayHello hello;
  Timestamp now = start_time;
  Timestamp travel = 1 * ms;
  Timestamp clock_offset = 0;  // of record time to the wall clock, which was set back
  Timestamp expire = 0;
  std::uint64_t sequence = 0;
  std::uint64_t reports = 0;
  Decisions out;
  std::function<void(std::uint64_t, Timestamp, const Message&)> on_input;
};

inline bool has_alarm(const ExecutionReport& report) {
  return view(report.text).find("ALARM") != std::string_view::npos;
}

}  // namespace busbar::router::test
