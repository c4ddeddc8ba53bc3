// A gateway between a router that the test plays and a broker that it scripts.
#include "gateways/framework/gateway.hpp"

#include <algorithm>

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "bus/codec.hpp"
#include "tests/unit/gateways/framework_run.hpp"
#include "tests/unit/gateways/framework_tls_server.hpp"

namespace busbar::gateway {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t second = 1000 * ms;

VenueReport fact(VenueEvent event, OrderStatus status = OrderStatus::Unset) {
  VenueReport f;
  f.event = event;
  f.order_status = status;
  return f;
}

// Says what it is told to say, and remembers what it was asked.
class FakeAdapter : public Adapter {
 public:
  explicit FakeAdapter(AdapterContext given) : context{std::move(given)} { rules.absence_rule = {15'000, 2, false}; }

  const Capabilities& capabilities() const override { return rules; }
  std::vector<RateLimit> rate_limits() const override { return limits; }
  std::vector<RateCost> rate_costs() const override { return {}; }
  asio::awaitable<Result<void>> connect() override {
    ++connects;
    if (const auto ban = context.held_back->find("ip"); ban != context.held_back->end()) ban_at_connect = ban->second;
    if (connect_error) co_return *connect_error;
    RateLimit limit;
    limit.bucket = "weight";
    limit.scope = "ip";
    limits = {limit};
    is_connected_ = true;
    context.events.on_state(Events::Part::OrderStream, SessionStateKind::Ok, "", 0);
    co_return Result<void>{};
  }
  asio::awaitable<void> disconnect() override {
    is_connected_ = false;
    co_return;
  }
  bool is_connected() const override { return is_connected_; }
  asio::awaitable<Result<std::vector<AccountInfo>>> accounts() override {
    std::vector<AccountInfo> infos(1);
    infos[0].can_trade = true;
    co_return infos;
  }
  asio::awaitable<Result<std::vector<Balance>>> balances() override {
    if (balance_errors-- > 0) co_return Error{ErrorCode::ConnectionError, "down"};
    std::vector<Balance> list(5);
    for (std::size_t i = 0; i < list.size(); ++i) list[i].asset = cut<32>("A" + std::to_string(i));
    co_return list;
  }
  asio::awaitable<Result<std::vector<Position>>> positions() override { co_return Error{ErrorCode::Unsupported, ""}; }
  asio::awaitable<Facts> place(PlaceCommand command) override {
    placed.push_back(command);
    while (is_holding) {
      asio::steady_timer timer{context.loop, 1ms};
      co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return on_place(command);
  }
  asio::awaitable<Facts> cancel(CancelCommand command) override {
    canceled.push_back(command);
    co_return on_cancel(command);
  }
  asio::awaitable<Facts> replace(ReplaceCommand) override { co_return Facts{fact(VenueEvent::Replaced)}; }
  asio::awaitable<Result<Facts>> order_status(Command command) override {
    asked.push_back(command);
    co_return on_ask(command);
  }
  asio::awaitable<Result<Facts>> orders() override {
    ++reconciles;
    if (orders_error) co_return *orders_error;
    co_return open_orders;
  }
  asio::awaitable<Result<Facts>> trades(std::vector<Symbol> symbols, Timestamp since) override {
    trades_symbols = std::move(symbols);
    trades_since = since;
    co_return fills;
  }
  asio::awaitable<Result<Quote>> quote(Symbol) override { co_return Quote{}; }
  asio::awaitable<Result<std::vector<Trade>>> market_trades(Symbol symbol) override {
    std::vector<Trade> list(2);
    list[1].trade_id = cut<64>(std::string{view(symbol)} + "-2");
    co_return list;
  }
  asio::awaitable<Result<Preview>> preview(NewOrder order) override {
    Preview said;
    said.order_qty = order.order_qty;
    said.is_accepted = true;
    co_return said;
  }
  asio::awaitable<Result<void>> subscribe(Symbol symbol, Channel, std::uint32_t) override {
    if (subscribe_errors-- > 0) co_return Error{ErrorCode::ConnectionError, "down"};
    subscribed.push_back(symbol);
    co_return Result<void>{};
  }
  asio::awaitable<Result<void>> unsubscribe(Symbol symbol, Channel, std::uint32_t) override {
    unsubscribed.push_back(symbol);
    co_return Result<void>{};
  }
  asio::awaitable<Result<std::vector<Instrument>>> instruments() override { co_return std::vector<Instrument>{}; }
  Result<Symbol> normalize_symbol(std::string_view symbol) const override { return cut<32>(symbol); }
  Result<Symbol> to_broker_symbol(std::string_view symbol) const override { return cut<32>(symbol); }
  Timestamp broker_time_ns() const override { return wall(); }

  AdapterContext context;
  std::function<Timestamp()> wall;
  Capabilities rules;
  std::vector<RateLimit> limits;
  std::optional<Error> connect_error;
  std::optional<Error> orders_error;
  int connects = 0;
  Timestamp ban_at_connect = 0;
  int reconciles = 0;
  int balance_errors = 0;
  int subscribe_errors = 0;
  bool is_connected_ = false;
  bool is_holding = false;
  std::vector<PlaceCommand> placed;
  std::vector<CancelCommand> canceled;
  std::vector<Command> asked;
  std::vector<Symbol> subscribed;
  std::vector<Symbol> unsubscribed;
  std::vector<Symbol> trades_symbols;
  Timestamp trades_since = 0;
  Facts open_orders;
  Facts fills;
  std::function<Facts(const PlaceCommand&)> on_place = [](const PlaceCommand&) {
    return Facts{fact(VenueEvent::Accepted)};
  };
  std::function<Facts(const CancelCommand&)> on_cancel = [](const CancelCommand&) {
    return Facts{fact(VenueEvent::Canceled)};
  };
  std::function<Result<Facts>(const Command&)> on_ask = [](const Command&) {
    return Facts{fact(VenueEvent::State, OrderStatus::New)};
  };
};

class GatewayTest : public testing::Test {
 protected:
  GatewayTest() : tls_{""}, router_{loop_, bus::Kind::Router}, hub_{loop_, bus::Kind::XSub} {
    spdlog::set_level(spdlog::level::off);
    router_.bind(address("gateways"));
    router_.on_message([this](const bus::RoutingId& peer, std::string_view, std::span<const std::uint8_t> bytes) {
      peer_ = peer;
      auto message = decode(bytes);
      ASSERT_TRUE(message) << message.error().text;
      on_message(std::move(*message));
    });
    hub_.bind(address("quotes_in"));
    hub_.on_message([this](const bus::RoutingId&, std::string_view topic, std::span<const std::uint8_t> bytes) {
      topics_.emplace_back(topic);
      auto message = decode(bytes);
      ASSERT_TRUE(message) << message.error().text;
      quotes_.push_back(std::get<Quote>(message->body));
    });
    hub_.subscribe("");
    options_.name = "binance";
    options_.broker = "binance";
    options_.environment = Environment::Paper;
    options_.gateways_address = address("gateways");
    options_.quotes_in_address = address("quotes_in");
    options_.probes_per_second = 100;
    options_.tick = options_.rest = 2ms;  // the clock stands still: nothing is ever due
    options_.wall = [this] { return wall(); };
    options_.boottime = [this] { return now(); };
    options_.random = [] { return std::uint64_t{0}; };
  }

  std::string address(const std::string& name) const { return "ipc://" + (dir_.path() / name).string(); }
  // Both clocks stand still until a test moves them: a machine that is busy is no router that is silent.
  Timestamp now() const { return boottime_began_ + skew_; }
  Timestamp wall() const { return wall_began_ + skew_; }
  Timestamp router_now() const { return now() + router_ahead; }

  void start(bool waits_for_welcome = true) {
    gateway_ = std::make_unique<Gateway>(loop_, options_, [this](Tape tape) { tapes_.push_back(std::move(tape)); });
    Credentials credentials{Secret{"canary-key"}, Secret{"canary-secret"}};
    gateway_->add_account(Name{"main"}, tls_, std::move(credentials), [this](AdapterContext context) {
      auto adapter = std::make_unique<FakeAdapter>(std::move(context));
      adapter_ = adapter.get();
      adapter->wall = options_.wall;
      set_up(*adapter);
      return adapter;
    });
    gateway_->start();
    if (waits_for_welcome) until([&] { return !reconciled_.empty(); });
  }

  void until(const std::function<bool()>& is_so) { test::run_until(loop_, is_so); }

  // The router's part.
  void on_message(Message message) {
    if (std::holds_alternative<GatewayHello>(message.body)) {
      hellos_.push_back(std::get<GatewayHello>(message.body));
      if (is_welcoming_) welcome(message.header.correlation_id);
    } else if (std::holds_alternative<Heartbeat>(message.body)) {
      ++heartbeats_;
      if (is_answering_) send(Heartbeat{router_now(), 0, 0}, message.header.correlation_id);
    } else if (const auto* report = std::get_if<VenueReport>(&message.body)) {
      arrived_.push_back(report->report_number);
      if (report->report_number != last_report_ + 1) return;
      last_report_ = report->report_number;
      reports_.push_back(*report);
      if (is_acknowledging_) send(ReportAck{last_report_});
    } else if (const auto* state = std::get_if<SessionState>(&message.body)) {
      states_.push_back(*state);
    } else if (const auto* done = std::get_if<Reconciled>(&message.body)) {
      reconciled_.push_back(*done);
    } else if (const auto* answer = std::get_if<Answer>(&message.body)) {
      answers_.push_back(*answer);
      correlations_.push_back(message.header.correlation_id);
    } else if (const auto* page = std::get_if<Instruments>(&message.body)) {
      instruments_.push_back(*page);
    } else if (const auto* usage = std::get_if<RateUsage>(&message.body)) {
      usages_.push_back(*usage);
    } else if (const auto* reject = std::get_if<Reject>(&message.body)) {
      rejects_.push_back(*reject);
    }
  }
  void welcome(std::uint64_t correlation_id) {
    GatewayWelcome welcome;
    welcome.incarnation = hellos_.back().incarnation;
    welcome.router_time_ns = router_now();
    welcome.heartbeat_interval_ms = 1000;
    welcome.last_report = last_report_;
    welcome.accounts = {told_account_};
    send(welcome, correlation_id);
    ++welcomes_;
  }
  void send(const Body& body, std::uint64_t correlation_id = 0, Environment environment = Environment::Paper) {
    Header header;
    header.environment = environment;
    header.sender = "router";
    header.send_time_ns = router_now();
    header.sequence = ++sequence_;
    header.correlation_id = correlation_id;
    ASSERT_TRUE(router_.send(peer_, encode(header, body)));
  }
  Command command(std::uint64_t id, std::uint64_t order_id = 0) {
    Command c;
    c.command_id = id;
    c.incarnation = gateway_->incarnation();
    c.order_id = order_id == 0 ? id : order_id;
    c.venue_order_id = cut<64>("v" + std::to_string(c.order_id));
    c.account = "main";
    c.symbol = "BTC/USDT";
    c.send_time_ns = router_now();
    c.expire_time_ns = router_now() + 10 * second;
    return c;
  }
  PlaceCommand place(Command c) {
    PlaceCommand p;
    p.command = c;
    p.order.client_order_id = "A1";
    p.order.account = "main";
    p.order.symbol = "BTC/USDT";
    p.order.side = Side::Buy;
    p.order.order_type = OrderType::Limit;
    p.order.order_qty = Decimal{1, 0};
    p.order.price = Decimal{50'000, 0};
    return p;
  }
  PlaceCommand place(std::uint64_t id, std::uint64_t order_id = 0) { return place(command(id, order_id)); }
  CancelCommand cancel(std::uint64_t id, std::uint64_t order_id) {
    CancelCommand c;
    c.command = command(id, order_id);
    return c;
  }
  std::vector<VenueEvent> events() const {
    std::vector<VenueEvent> out;
    for (const VenueReport& report : reports_) out.push_back(report.event);
    return out;
  }

  virtual void set_up(FakeAdapter&) {}

  static constexpr std::int64_t router_ahead = 1'000'000 * second;
  test::TempDir dir_;
  asio::io_context loop_{1};
  TlsContext tls_;
  bus::Endpoint router_;
  bus::Endpoint hub_;
  GatewayOptions options_;
  const Timestamp boottime_began_ = boottime_now_ns();
  const Timestamp wall_began_ = wall_now_ns();
  std::int64_t skew_ = 0;
  FakeAdapter* adapter_ = nullptr;

  bus::RoutingId peer_;
  bool is_welcoming_ = true;
  bool is_answering_ = true;
  bool is_acknowledging_ = true;
  int heartbeats_ = 0;
  int welcomes_ = 0;
  std::uint64_t sequence_ = 0;
  std::uint64_t last_report_ = 0;
  GatewayAccount told_account_ = [] {
    GatewayAccount account;
    account.account = "main";
    return account;
  }();
  std::vector<GatewayHello> hellos_;
  std::vector<VenueReport> reports_;
  std::vector<std::uint64_t> arrived_;
  std::vector<SessionState> states_;
  std::vector<Reconciled> reconciled_;
  std::vector<Answer> answers_;
  std::vector<std::uint64_t> correlations_;
  std::vector<Instruments> instruments_;
  std::vector<RateUsage> usages_;
  std::vector<Reject> rejects_;
  std::vector<std::string> topics_;
  std::vector<Quote> quotes_;
  std::vector<Tape> tapes_;
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(GatewayTest, SaysWhatItOffersOnceItKnowsItsLimits) {
  start();
  ASSERT_EQ(hellos_.size(), 2u);
  EXPECT_TRUE(hellos_[0].accounts.empty()) << "it had not connected";
  EXPECT_EQ(hellos_[0].incarnation, gateway_->incarnation());
  const GatewayHello& hello = hellos_[1];
  EXPECT_EQ(hello.gateway, "binance");
  EXPECT_EQ(hello.broker, "binance");
  EXPECT_EQ(hello.incarnation, gateway_->incarnation());
  ASSERT_EQ(hello.accounts.size(), 1u);
  EXPECT_EQ(hello.accounts[0].account, "main");
  EXPECT_EQ(hello.rate_limits.size(), 1u);
  EXPECT_EQ(hello.capabilities.absence_rule.bound_ms, 15'000u);
  ASSERT_FALSE(states_.empty());
  until([&] { return states_.back().reconciled; });
  EXPECT_EQ(states_.back().state, SessionStateKind::Ok);
}

TEST_F(GatewayTest, HearsOfABanBeforeItSpeaksToItsBroker) {
  is_welcoming_ = false;
  start(false);
  until([&] { return hellos_.size() >= 1; });
  RateUsage ban;
  ban.account = "main";
  ban.bucket = "weight";
  ban.scope = "ip";
  ban.blocked_until_ns = router_now() + 60 * second;
  send(ban);
  EXPECT_EQ(adapter_->connects, 0);
  welcome(0);
  until([&] { return adapter_->connects == 1; });
  EXPECT_EQ(adapter_->ban_at_connect, wall() + 60 * second);
  until([&] { return hellos_.size() >= 2; });
  send(place(1));  // it has connected, and nobody knows on what terms: this comes again, marked
  is_welcoming_ = true;
  skew_ += second;
  until([&] { return !reconciled_.empty(); });
  EXPECT_EQ(hellos_.back().accounts.size(), 1u);
  EXPECT_TRUE(adapter_->placed.empty());
  PlaceCommand again = place(1);
  again.command.possible_resend = true;
  send(again);
  until([&] { return reports_.size() >= 1; });
  EXPECT_EQ(reports_[0].event, VenueEvent::NotSent);
}

// It has changed its mind about limits, say; what is sent before the answer comes is taken.
TEST_F(GatewayTest, WhoSaysHelloAgainStillTakesOrders) {
  start();
  is_welcoming_ = false;
  gateway_->on_connected(Name{"main"});
  skew_ += second;
  until([&] { return hellos_.size() >= 3; });
  send(place(1));
  until([&] { return reports_.size() >= 1; });
  EXPECT_EQ(reports_[0].event, VenueEvent::Accepted);
  PlaceCommand again = place(1);
  again.command.possible_resend = true;
  send(again);
  is_welcoming_ = true;
  skew_ += second;
  const int welcomes = welcomes_;
  until([&] { return welcomes_ > welcomes; });
  EXPECT_EQ(adapter_->placed.size(), 1u);
}

TEST_F(GatewayTest, AnOrderForTheAccountBeforeItMovedIsNotPlaced) {
  told_account_.epoch = 2;
  start();
  send(place(1));
  until([&] { return reports_.size() >= 1; });
  EXPECT_EQ(reports_[0].event, VenueEvent::NotSent);
  PlaceCommand now = place(2);
  now.command.account_epoch = 2;
  send(now);
  until([&] { return reports_.size() >= 2; });
  EXPECT_EQ(reports_[1].event, VenueEvent::Accepted);
}

TEST_F(GatewayTest, AFactThatTheRouterCouldNotReadIsAnAlarmInItsPlace) {
  start();
  VenueReport wrong = fact(VenueEvent::Fill);
  wrong.venue_order_id = "v1";
  wrong.last_qty = Decimal{-1, 0};
  wrong.last_px = Decimal{1, 0};
  adapter_->context.events.on_report(wrong);
  wrong.venue_order_id = "\xff";
  adapter_->context.events.on_report(wrong);
  until([&] { return reports_.size() >= 2; });
  EXPECT_EQ(events(), (std::vector{VenueEvent::Unreadable, VenueEvent::Unreadable}));
  EXPECT_EQ(view(reports_[0].venue_order_id), "v1");
  EXPECT_NE(view(reports_[0].text).find("last_qty: -1 is negative"), std::string_view::npos) << view(reports_[0].text);
  EXPECT_TRUE(reports_[1].venue_order_id.empty());
}

TEST_F(GatewayTest, TwoLivesAreTwoIncarnations) {
  EXPECT_NE(draw_incarnation(), draw_incarnation());
  EXPECT_GT(draw_incarnation(), 0u);
  EXPECT_LT(draw_incarnation(), std::uint64_t{1} << 63);
}

TEST_F(GatewayTest, PlacesAnOrderOnceAndReportsIt) {
  start();
  send(place(1));
  send(place(1));
  until([&] { return !reports_.empty(); });
  send(place(1));
  until([&] { return reports_.size() >= 2; });  // three where the second came after the answer to the first
  EXPECT_EQ(adapter_->placed.size(), 1u);
  for (const VenueEvent event : events()) EXPECT_EQ(event, VenueEvent::Accepted);
  const VenueReport& report = reports_[0];
  EXPECT_EQ(report.command_id, 1u);
  EXPECT_EQ(report.incarnation, gateway_->incarnation());
  EXPECT_EQ(report.account, "main");
  EXPECT_EQ(report.symbol, "BTC/USDT");
  EXPECT_EQ(report.venue_order_id, "v1");
  EXPECT_GT(report.receive_time_ns, 0);
}

TEST_F(GatewayTest, AMarkedCommandIsAskedAndNeverPlaced) {
  start();
  Command mine = command(1);
  mine.possible_resend = true;
  send(place(mine));
  until([&] { return reports_.size() >= 1; });
  EXPECT_EQ(reports_[0].event, VenueEvent::NotSent);

  Command of_other_life = command(2);
  of_other_life.possible_resend = true;
  of_other_life.incarnation ^= 1;
  adapter_->on_ask = [&](const Command&) {
    if (adapter_->asked.size() == 1) return Facts{fact(VenueEvent::NotFound)};
    return Facts{fact(VenueEvent::State, OrderStatus::New)};
  };
  send(place(of_other_life));
  until([&] { return reports_.size() >= 2; });
  EXPECT_EQ(reports_[1].event, VenueEvent::NotFound);
  // The broker's clock is ours here; the router's is ahead.
  EXPECT_EQ(reports_[1].request_time_ns, wall() + of_other_life.expire_time_ns - router_now());
  EXPECT_GT(reports_[1].transact_time_ns, 0);
  skew_ += second;
  until([&] { return reports_.size() >= 3; });
  EXPECT_EQ(reports_[2].event, VenueEvent::State);
  EXPECT_EQ(reports_[2].source, VenueSource::Probe);
  EXPECT_EQ(reports_[2].command_id, 2u);
  EXPECT_TRUE(adapter_->placed.empty());
}

TEST_F(GatewayTest, AnAdapterIsToldInTheBrokersTimeWhenItIsTooLate) {
  start();
  const Command timely = command(1);
  send(place(timely));
  until([&] { return !adapter_->placed.empty(); });
  EXPECT_EQ(adapter_->placed[0].command.expire_time_ns, wall() + timely.expire_time_ns - router_now());
}

TEST_F(GatewayTest, AnExpiredCommandIsNotStarted) {
  start();
  Command late = command(1);
  late.expire_time_ns = router_now() - ms;
  send(place(late));
  until([&] { return reports_.size() >= 1; });
  EXPECT_EQ(reports_[0].event, VenueEvent::NotSent);
  EXPECT_EQ(reports_[0].error, ErrorCode::Expired);
  EXPECT_TRUE(adapter_->placed.empty());
}

TEST_F(GatewayTest, WhatWaitedWhileWeWereStoppedIsNotPlaced) {
  start();
  const int welcomes = welcomes_;
  for (std::uint64_t id = 1; id <= 20; ++id) send(place(id));
  skew_ += 12 * second;  // stopped, and continued
  until([&] { return welcomes_ > welcomes; });
  Command again = command(1);
  again.possible_resend = true;
  send(place(again));
  until([&] { return !reports_.empty(); });
  for (const VenueReport& report : reports_) EXPECT_EQ(report.event, VenueEvent::NotSent);
  EXPECT_TRUE(adapter_->placed.empty());
}

TEST_F(GatewayTest, TheOtherEnvironmentIsRefused) {
  start();
  send(place(1), 0, Environment::Live);
  until([&] { return reports_.size() >= 1; });
  EXPECT_EQ(reports_[0].event, VenueEvent::NotSent);
  EXPECT_EQ(reports_[0].error, ErrorCode::InvalidMessage);
  Query query;
  query.kind = QueryKind::Balances;
  query.account = "main";
  send(query, 5, Environment::Live);
  until([&] { return !rejects_.empty(); });
  EXPECT_EQ(rejects_[0].error, ErrorCode::InvalidMessage);
  EXPECT_EQ(rejects_[0].field, "environment");
  EXPECT_TRUE(adapter_->placed.empty());
}

TEST_F(GatewayTest, ALostAnswerIsAskedFor) {
  start();
  adapter_->on_place = [](const PlaceCommand&) {
    VenueReport unknown = fact(VenueEvent::Unknown);
    unknown.request_time_ns = 123;
    return Facts{unknown};
  };
  adapter_->on_ask = [&](const Command&) -> Result<Facts> {
    switch (adapter_->asked.size()) {
      case 1: return Error{ErrorCode::ConnectionError, "down\nagain"};
      case 2: return Facts{fact(VenueEvent::NotFound)};
      default: return Facts{fact(VenueEvent::State, OrderStatus::Filled)};
    }
  };
  send(place(1));
  for (std::size_t i = 1; i <= 4; ++i) {
    until([&] { return reports_.size() == i; });
    skew_ += second;
  }
  using enum VenueEvent;
  EXPECT_EQ(events(), (std::vector{Unknown, CouldNotAsk, NotFound, State}));
  EXPECT_EQ(reports_[1].text, "down\\nagain");
  EXPECT_EQ(reports_[2].request_time_ns, 123);
  EXPECT_EQ(adapter_->placed.size(), 1u);
  send(place(1));
  until([&] { return reports_.size() >= 8; });
  EXPECT_EQ(adapter_->placed.size(), 1u) << "and a copy gets the same story";
}

TEST_F(GatewayTest, AnAdapterThatThrowsLeavesTheOrderInDoubt) {
  start();
  adapter_->on_place = [](const PlaceCommand&) -> Facts { throw std::runtime_error{"a mistake"}; };
  send(place(1));
  until([&] { return reports_.size() >= 1; });
  EXPECT_EQ(reports_[0].event, VenueEvent::Unknown);
  EXPECT_EQ(reports_[0].text, "a mistake");
}

TEST_F(GatewayTest, ARefusedCancelTellsWhereTheOrderStandsFirst) {
  start();
  adapter_->on_cancel = [](const CancelCommand&) {
    VenueReport no = fact(VenueEvent::CancelRejected);
    no.text = "Unknown order sent.";
    return Facts{no};
  };
  adapter_->on_ask = [](const Command&) {
    return Facts{fact(VenueEvent::Fill), fact(VenueEvent::State, OrderStatus::Filled)};
  };
  send(cancel(7, 1));
  until([&] { return reports_.size() >= 3; });
  EXPECT_EQ(events(), (std::vector{VenueEvent::Fill, VenueEvent::State, VenueEvent::CancelRejected}));
  EXPECT_EQ(reports_[1].command_id, 0u);
  EXPECT_EQ(reports_[2].command_id, 7u);
}

TEST_F(GatewayTest, HoldsReportsUntilTheRouterHasThem) {
  start();
  is_acknowledging_ = false;
  send(place(1));
  send(place(2));
  until([&] { return arrived_.size() >= 2; });
  skew_ += 1100 * ms;
  until([&] { return arrived_.size() >= 4; });
  EXPECT_EQ(arrived_, (std::vector<std::uint64_t>{1, 2, 1, 2})) << "again, under the same numbers";

  last_report_ = 1;  // a router that came back with the first on disk
  const int welcomes = welcomes_;
  Reject reject;
  reject.error = ErrorCode::HelloNeeded;
  send(reject);
  until([&] { return welcomes_ > welcomes; });
  is_acknowledging_ = true;
  until([&] { return last_report_ == 2; });
  EXPECT_EQ(std::count(arrived_.begin() + 4, arrived_.end(), 1u), 0);
}

// A router whose log lost what it had called durable would take none of the later reports, for ever.
TEST_F(GatewayTest, EndsWhenTheRouterHasLostWhatItHadCalledDurable) {
  start();
  send(place(1));
  send(place(2));
  until([&] { return last_report_ == 2; });  // before the second, it took the acknowledgement of the first
  last_report_ = 0;
  Reject reject;
  reject.error = ErrorCode::HelloNeeded;
  send(reject);
  try {
    until([&] { return last_report_ == 2; });
    FAIL() << "it goes on";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string_view{error.what()}.find("the router has lost the reports 1 to 2"), std::string_view::npos);
  }
}

TEST_F(GatewayTest, ASilentRouterIsGreetedAgainAndNothingIsPlacedUntilItAnswers) {
  start();
  is_answering_ = false;
  is_welcoming_ = false;
  skew_ += 3100 * ms;
  const std::size_t hellos = hellos_.size();
  until([&] { return hellos_.size() > hellos; });
  send(place(1));
  is_welcoming_ = true;
  is_answering_ = true;
  skew_ += 1100 * ms;
  const int welcomes = welcomes_;
  until([&] { return welcomes_ > welcomes; });
  send(place(2));
  until([&] { return reports_.size() >= 1; });
  ASSERT_EQ(adapter_->placed.size(), 1u);
  EXPECT_EQ(adapter_->placed[0].command.command_id, 2u);
}

// Its clock stands still and its timer never fires: what happens wakes it.
TEST_F(GatewayTest, GreetsARouterAsSoonAsItIsThere) {
  options_.tick = options_.rest = 1h;
  start();
  EXPECT_TRUE(gateway_->is_up());
}

TEST_F(GatewayTest, ALostAnswerEndsItsRest) {
  options_.rest = 1h;
  start();
  adapter_->on_place = [](const PlaceCommand&) { return Facts{fact(VenueEvent::Unknown)}; };
  send(place(1));
  until([&] { return !reports_.empty(); });
  skew_ += second;
  until([&] { return !adapter_->asked.empty(); });
}

TEST_F(GatewayTest, WithoutAnOrderStreamOrdersAreRefusedAndCancelsPass) {
  start();
  adapter_->context.events.on_state(Events::Part::OrderStream, SessionStateKind::Stale, "silence", 0);
  until([&] { return states_.back().order_stream == SessionStateKind::Stale; });
  EXPECT_EQ(states_.back().state, SessionStateKind::Stale);
  EXPECT_FALSE(states_.back().reconciled);
  send(place(1));
  send(cancel(2, 9));
  until([&] { return reports_.size() >= 2; });
  EXPECT_EQ(events(), (std::vector{VenueEvent::NotSent, VenueEvent::Canceled}));
  EXPECT_EQ(reports_[0].error, ErrorCode::ConnectionError);
  EXPECT_NE(view(reports_[0].text).find("order stream"), std::string_view::npos);

  const int before = adapter_->reconciles;
  for (int i = 0; i < 11; ++i) {  // statuses are polled instead
    skew_ += second;
    const int seen = heartbeats_;
    until([&] { return heartbeats_ > seen; });
  }
  EXPECT_GT(adapter_->reconciles, before);

  const std::size_t done = reconciled_.size();
  adapter_->context.events.on_order_stream_up();
  until([&] { return reconciled_.size() > done && states_.back().reconciled; });
  send(place(3));
  until([&] { return reports_.size() >= 3; });
  EXPECT_EQ(reports_[2].event, VenueEvent::Accepted);
}

class WithoutStreamTest : public GatewayTest {
 protected:
  WithoutStreamTest() { options_.trade_without_order_stream = true; }
};

TEST_F(WithoutStreamTest, OrdersPassWhereTheConfigurationSaysSo) {
  start();
  adapter_->context.events.on_state(Events::Part::OrderStream, SessionStateKind::Down, "", 0);
  send(place(1));
  until([&] { return reports_.size() >= 1; });
  EXPECT_EQ(reports_[0].event, VenueEvent::Accepted);
}

TEST_F(GatewayTest, ABrokerThatDoesNotAnswerOpensTheBreakerButCancelsAreTried) {
  start();
  adapter_->on_place = [](const PlaceCommand&) {
    VenueReport no = fact(VenueEvent::NotSent);
    no.error = ErrorCode::ConnectionError;
    return Facts{no};
  };
  for (std::uint64_t id = 1; id <= 6; ++id) {
    send(place(id));
    until([&] { return reports_.size() == id; });
  }
  EXPECT_EQ(adapter_->placed.size(), 5u);
  EXPECT_EQ(reports_[5].event, VenueEvent::NotSent);
  EXPECT_EQ(reports_[5].error, ErrorCode::ConnectionError);
  adapter_->on_place = [](const PlaceCommand&) { return Facts{fact(VenueEvent::Accepted)}; };
  send(cancel(7, 1));
  until([&] { return reports_.size() >= 7; });
  EXPECT_EQ(adapter_->canceled.size(), 1u);
  send(place(8));
  until([&] { return reports_.size() >= 8; });
  EXPECT_EQ(reports_[7].event, VenueEvent::Accepted) << "the cancel's answer has closed it";
}

class AwayTest : public GatewayTest {
 protected:
  void set_up(FakeAdapter& adapter) override {
    adapter.connect_error = Error{ErrorCode::ConnectionError, "nobody there"};
  }
};

TEST_F(AwayTest, ABrokerThatIsAwayIsSaidToBeAndTriedAgain) {
  start(false);
  until([&] { return !states_.empty(); });
  EXPECT_EQ(states_.back().state, SessionStateKind::Down);
  EXPECT_EQ(states_.back().reason, "nobody there");
  send(place(1));
  until([&] { return reports_.size() >= 1; });
  EXPECT_EQ(reports_[0].error, ErrorCode::ConnectionError);
  adapter_->connect_error.reset();
  until([&] { return !states_.empty() && states_.back().reconciled; });
  skew_ += second;
  until([&] { return !hellos_.back().rate_limits.empty(); });  // hello again, with the limits it now knows
}

class ReconcileTest : public GatewayTest {
 protected:
  ReconcileTest() {
    options_.reconcile_symbols = {Symbol{"ETH/USDT"}};
    told_account_.last_trade_time_ns = 1'000'000 * second;
    told_account_.child_orders = 5;
  }
  void set_up(FakeAdapter& adapter) override {
    VenueReport open = fact(VenueEvent::State, OrderStatus::New);
    open.symbol = "BTC/USDT";
    open.venue_order_id = "v1";
    adapter.open_orders = {open};
    VenueReport fill = fact(VenueEvent::Fill);
    fill.symbol = "BTC/USDT";
    fill.trade_id = "t1";
    adapter.fills = {fill};
    adapter.orders_error = Error{ErrorCode::ConnectionError, "once"};
  }
};

TEST_F(ReconcileTest, TellsFillsAndOpenOrdersThenThatItIsDone) {
  start(false);
  until([&] { return adapter_ != nullptr && adapter_->reconciles > 0; });
  EXPECT_TRUE(reconciled_.empty()) << "not while a question failed";
  adapter_->orders_error.reset();
  until([&] { return !reconciled_.empty(); });
  EXPECT_EQ(events(), (std::vector{VenueEvent::Fill, VenueEvent::State}));
  EXPECT_EQ(reports_[0].source, VenueSource::Reconcile);
  EXPECT_EQ(reconciled_[0].open_orders, 1u);
  EXPECT_GT(reconciled_[0].through_time_ns, 0);
  EXPECT_EQ(adapter_->trades_symbols, (std::vector<Symbol>{Symbol{"BTC/USDT"}, Symbol{"ETH/USDT"}}));
  EXPECT_EQ(adapter_->trades_since, 1'000'000 * second - 60 * second);
}

TEST_F(GatewayTest, AnswersQuestionsInPages) {
  start();
  Query query;
  query.kind = QueryKind::Balances;
  query.account = "main";
  query.page_size = 3;
  adapter_->balance_errors = 2;  // reads are tried again
  send(query, 41);
  until([&] { return answers_.size() >= 1; });
  EXPECT_EQ(correlations_[0], 41u);
  EXPECT_EQ(answers_[0].kind, QueryKind::Balances);
  EXPECT_EQ(answers_[0].balances.size(), 3u);
  query.page_token = answers_[0].next_page_token;
  send(query, 42);
  until([&] { return answers_.size() >= 2; });
  EXPECT_EQ(answers_[1].balances.size(), 2u);
  EXPECT_TRUE(answers_[1].next_page_token.empty());
  send(query, 43);
  until([&] { return answers_.size() >= 3; });
  EXPECT_EQ(answers_[2].error, ErrorCode::InvalidMessage);
}

TEST_F(GatewayTest, AnswersWhatTheBrokerLists) {
  start();
  VenueReport open = fact(VenueEvent::State, OrderStatus::New);
  open.symbol = "BTC/USDT";
  open.broker_order_id = "77";
  adapter_->open_orders = {open};
  VenueReport fill = fact(VenueEvent::Fill);
  fill.symbol = "BTC/USDT";
  fill.trade_id = "t1";
  fill.broker_order_id = "77";
  fill.last_qty = Decimal{1, 0};
  adapter_->fills = {fill};
  const auto ask = [&](QueryKind kind, const char* symbol, const char* account = "main") {
    Query query;
    query.kind = kind;
    query.account = account;
    query.symbol = symbol;
    const std::size_t before = answers_.size();
    send(query, 1);
    until([&] { return answers_.size() > before; });
    return answers_.back();
  };
  EXPECT_EQ(ask(QueryKind::VenueOrders, "").orders.at(0).broker_order_id, "77");
  EXPECT_TRUE(ask(QueryKind::VenueOrders, "ETH/USDT").orders.empty());
  const Answer trades = ask(QueryKind::VenueTrades, "BTC/USDT");
  EXPECT_EQ(trades.orders.at(0).trade_id, "t1");
  EXPECT_EQ(trades.orders.at(0).exec_type, ExecType::Trade);
  EXPECT_EQ(ask(QueryKind::VenueTrades, "").error, ErrorCode::InvalidMessage);
  EXPECT_EQ(ask(QueryKind::Accounts, "").accounts.at(0).gateway, "binance");
  EXPECT_EQ(ask(QueryKind::Quote, "BTC/USDT").quotes.at(0).symbol, "BTC/USDT");
  EXPECT_EQ(ask(QueryKind::Positions, "").error, ErrorCode::Unsupported);
  EXPECT_EQ(ask(QueryKind::Bars, "BTC/USDT").error, ErrorCode::InvalidMessage) << "bars of no length";
  EXPECT_EQ(ask(QueryKind::Book, "BTC/USDT").error, ErrorCode::Unsupported) << "as the interface says by itself";
  EXPECT_EQ(ask(QueryKind::Balances, "", "nobody").error, ErrorCode::InvalidMessage);
}

TEST_F(GatewayTest, AnswersWhatTheMarketTradedAndWhatWouldComeOfAnOrder) {
  start();
  const auto ask = [&](Query query) {
    query.account = "main";
    query.symbol = "BTC/USDT";
    const std::size_t before = answers_.size();
    send(query, 1);
    until([&] { return answers_.size() > before; });
    return answers_.back();
  };
  const Answer trades = ask(Query{.kind = QueryKind::MarketTrades});
  ASSERT_EQ(trades.trades.size(), 2u);
  EXPECT_EQ(trades.trades[1].trade_id, "BTC/USDT-2");
  EXPECT_EQ(trades.trades[1].source, "main");
  EXPECT_EQ(trades.trades[1].symbol, "BTC/USDT");
  EXPECT_EQ(ask(Query{.kind = QueryKind::MarketTrades, .page_size = 1}).trades.size(), 1u);
  NewOrder order;
  order.client_order_id = "A1";
  order.account = "main";
  order.symbol = "BTC/USDT";
  order.side = Side::Sell;
  order.order_type = OrderType::Market;
  order.order_qty = Decimal{2, 0};
  const Answer preview = ask(Query{.kind = QueryKind::Preview, .order = order});
  ASSERT_EQ(preview.previews.size(), 1u);
  EXPECT_EQ(preview.previews[0].symbol, "BTC/USDT");
  EXPECT_EQ(preview.previews[0].side, Side::Sell);
  EXPECT_EQ(preview.previews[0].order_qty, (Decimal{2, 0}));
  EXPECT_TRUE(adapter_->placed.empty());
  EXPECT_EQ(ask(Query{.kind = QueryKind::Preview}).error, ErrorCode::InvalidMessage) << "of what order?";
  order.account = "other";
  EXPECT_EQ(ask(Query{.kind = QueryKind::Preview, .order = order}).error, ErrorCode::InvalidMessage);
}

TEST_F(GatewayTest, QuotesGoToTheHubWithDenseNumbers) {
  start();
  Quote quote;
  quote.symbol = "BTC/USDT";
  until([&] {
    adapter_->context.events.on_quote(quote);
    return quotes_.size() >= 3;
  });
  EXPECT_EQ(topics_[0], "quote.main.BTC/USDT");
  EXPECT_EQ(quotes_[1].sequence, quotes_[0].sequence + 1);
  EXPECT_EQ(quotes_[2].sequence, quotes_[0].sequence + 2);
  EXPECT_EQ(quotes_[0].source, "main");
  EXPECT_EQ(quotes_[0].incarnation, gateway_->incarnation());
}

TEST_F(GatewayTest, ASubscriptionOutlivesItsLastSubscriberByAMoment) {
  start();
  adapter_->subscribe_errors = 2;
  Subscribe subscribe;
  subscribe.source = "main";
  subscribe.symbol = "BTC/USDT";
  subscribe.channel = Channel::Quote;
  Unsubscribe unsubscribe;
  unsubscribe.source = "main";
  unsubscribe.symbol = "BTC/USDT";
  unsubscribe.channel = Channel::Quote;
  send(subscribe);
  send(subscribe);
  until([&] { return adapter_->subscribed.size() >= 1; });
  send(unsubscribe);
  send(subscribe);
  send(unsubscribe);
  const auto beat = [&] {
    const int seen = heartbeats_;
    skew_ += second;
    until([&] { return heartbeats_ > seen; });
  };
  for (int i = 0; i < 25; ++i) beat();
  EXPECT_TRUE(adapter_->unsubscribed.empty());
  for (int i = 0; i < 10; ++i) beat();
  EXPECT_EQ(adapter_->unsubscribed.size(), 1u);
  EXPECT_EQ(adapter_->subscribed.size(), 1u);
}

TEST_F(GatewayTest, InstrumentsAndBansAreToldAtEachWelcome) {
  start();
  std::vector<Instrument> list(1200);
  for (std::size_t i = 0; i < list.size(); ++i) {
    list[i].symbol = cut<32>("S" + std::to_string(i) + "/USDT");
    list[i].broker_symbol = list[i].symbol;
  }
  adapter_->context.events.on_market_hours({{"XNYS", {{TradingSessionKind::Regular, 1, 2}}}});
  adapter_->context.events.on_instruments(list);
  RateUsage usage;
  usage.bucket = "weight";
  usage.scope = "ip";
  usage.blocked_until_ns = wall() + 60 * second;
  adapter_->context.events.on_usage(usage);
  until([&] { return instruments_.size() >= 3 && usages_.size() >= 1; });
  EXPECT_FALSE(instruments_[0].is_last);
  EXPECT_TRUE(instruments_[2].is_last);
  EXPECT_EQ(instruments_[2].instruments.size(), 200u);
  EXPECT_TRUE(instruments_[0].markets.empty());
  ASSERT_EQ(instruments_[2].markets.size(), 1u);
  EXPECT_EQ(instruments_[2].markets[0].market, "XNYS");
  EXPECT_EQ(usages_[0].blocked_until_ns, router_now() + 60 * second);
  Reject reject;
  reject.error = ErrorCode::HelloNeeded;
  send(reject);
  until([&] { return instruments_.size() >= 6 && usages_.size() >= 2; });
  EXPECT_EQ(usages_[1].blocked_until_ns, usages_[0].blocked_until_ns);
}

// One line of a broker's list must not cost all others, nor must its many markets.
TEST_F(GatewayTest, WhatTheRouterCouldNotReadIsLeftOutOfTheList) {
  start();
  std::vector<Instrument> list(600);
  for (std::size_t i = 0; i < list.size(); ++i) {
    list[i].symbol = cut<32>("S" + std::to_string(i) + "/USDT");
    list[i].broker_symbol = list[i].symbol;
  }
  list[7].tick_size = Decimal{-1, -2};
  list[520].broker_symbol = "TWO WORDS";
  std::vector<MarketHours> markets;
  for (int i = 0; i < 300; ++i) {
    MarketHours& market = markets.emplace_back();
    market.market = cut<32>("M" + std::to_string(i));
    for (int day = 0; day < 18; ++day) market.sessions.push_back({TradingSessionKind::Regular, day * second, day * second + 1});
  }
  adapter_->context.events.on_instruments(list);
  adapter_->context.events.on_market_hours(markets);
  until([&] { return instruments_.size() >= 4; });
  std::size_t told = 0;
  for (std::size_t page = 2; page < 4; ++page) {
    for (const Instrument& each : instruments_[page].instruments) {
      EXPECT_NE(each.symbol, list[7].symbol);
      EXPECT_NE(each.symbol, list[520].symbol);
      ++told;
    }
  }
  EXPECT_EQ(told, 598u);
  ASSERT_TRUE(instruments_[3].is_last);
  ASSERT_EQ(instruments_[3].markets.size(), 300u);
  EXPECT_EQ(instruments_[3].markets[299].sessions.size(), 9u);
  EXPECT_EQ(instruments_[3].markets[299].sessions[8].open_ns, 8 * second) << "the next ones";
}

TEST_F(GatewayTest, AnAnswerThatTheRouterCouldNotReadIsAnErrorInItsPlace) {
  start();
  VenueReport open = fact(VenueEvent::State, OrderStatus::New);
  open.symbol = "BTC/USDT";
  open.broker_order_id = "77";
  open.order_qty = Decimal{-1, 0};
  adapter_->open_orders = {open};
  Query query;
  query.kind = QueryKind::VenueOrders;
  query.account = "main";
  send(query, 41);
  until([&] { return answers_.size() >= 1; });
  EXPECT_EQ(correlations_[0], 41u);
  EXPECT_EQ(answers_[0].kind, QueryKind::VenueOrders);
  EXPECT_EQ(answers_[0].error, ErrorCode::Internal);
  EXPECT_NE(view(answers_[0].text).find("order_qty: -1 is negative"), std::string_view::npos) << view(answers_[0].text);
}

TEST_F(GatewayTest, TheTapeShowsNoCredentialAndLosesNoByte) {
  start();
  Tape tape;
  tape.target = "/x?key=canary-key";
  tape.headers = "A: canary-secret\n";
  const std::string body = std::string(600'000, 'a') + "canary-secret" + std::string(600'000, 'b');
  tape.body.assign(body.begin(), body.end());
  adapter_->context.tape(Tape{tape});
  ASSERT_EQ(tapes_.size(), 3u);
  std::string all;
  for (const Tape& piece : tapes_) {
    EXPECT_EQ(piece.gateway, "binance");
    EXPECT_EQ(piece.account, "main");
    EXPECT_EQ(piece.incarnation, gateway_->incarnation());
    all.append(piece.body.begin(), piece.body.end());
    EXPECT_EQ((piece.target + piece.headers).find("canary"), std::string::npos);
  }
  EXPECT_EQ(all, std::string(600'000, 'a') + "[cut]" + std::string(600'000, 'b'));
}

TEST_F(GatewayTest, StopsWhenWhatIsUnderWayHasEnded) {
  start();
  adapter_->is_holding = true;
  send(place(1));
  until([&] { return adapter_->placed.size() >= 1; });
  bool is_done = false;
  gateway_->stop([&] { is_done = true; });
  send(place(2));
  until([&] { return reports_.size() >= 1; });
  EXPECT_EQ(reports_[0].event, VenueEvent::NotSent);
  EXPECT_FALSE(is_done);
  adapter_->is_holding = false;
  until([&] { return is_done; });
  EXPECT_EQ(events(), (std::vector{VenueEvent::NotSent, VenueEvent::Accepted}));
  EXPECT_FALSE(adapter_->is_connected());
}

}  // namespace
}  // namespace busbar::gateway
