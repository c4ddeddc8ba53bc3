#include "router/shell.hpp"

#include <condition_variable>
#include <mutex>
#include <sstream>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "router/replay.hpp"
#include "tests/unit/router/bench.hpp"

namespace busbar::router::test {
namespace {

class ShellTest : public testing::Test {
 protected:
  void open() {
    router.start();
    gateway.emplace(loop, router, 7);
    gateway->hello();
  }

  asio::io_context loop{1};
  Router router{loop};
  std::optional<Gateway> gateway;
};

// A disk whose syncs wait until they are let go.
class HeldDisk : public Disk {
 public:
  int fdatasync(int file) override {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return !is_held_; });
    return Disk::fdatasync(file);
  }
  void hold(bool held) {
    const std::lock_guard lock{mutex_};
    is_held_ = held;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_held_ = false;
};

TEST_F(ShellTest, AnOrderGoesToItsGatewayAndItsReportsComeBack) {
  open();
  Client client{loop, router, "alpha", "s1"};
  EXPECT_EQ(client.hello().next_report, 1u);
  client.say(limit("A1"), 42);
  const auto received = client.expect<ExecutionReport>();
  EXPECT_EQ(received.order_status, OrderStatus::PendingNew);
  EXPECT_EQ(received.report_number, 1u);
  EXPECT_EQ(client.last_header.correlation_id, 42u);
  const auto place = gateway->expect<PlaceCommand>();
  EXPECT_EQ(place.order.client_order_id, "A1");
  EXPECT_EQ(place.command.incarnation, 7u);
  EXPECT_FALSE(place.command.possible_resend);
  gateway->accept(place.command);
  const auto accepted = client.expect<ExecutionReport>();
  EXPECT_EQ(accepted.order_status, OrderStatus::New);
  EXPECT_EQ(accepted.report_number, 2u);
  EXPECT_EQ(gateway->expect<ReportAck>().report_number, 1u);
}

TEST_F(ShellTest, NothingLeavesBeforeItsCauseIsDurable) {
  HeldDisk disk;
  router.start(disk);
  gateway.emplace(loop, router, 7);
  gateway->hello();
  Client client{loop, router, "alpha", "s1"};
  client.hello();
  run_until(loop, [&] { return router.log->durable_sequence() == router.log->last_sequence(); });
  disk.hold(true);
  const std::uint64_t before = router.log->last_sequence();
  client.say(limit("A1"));
  run_until(loop, [&] { return router.log->last_sequence() > before; });
  for (int i = 0; i < 20; ++i) loop.run_one_for(std::chrono::milliseconds{5});
  for (const Message& message : client.heard) EXPECT_FALSE(std::holds_alternative<ExecutionReport>(message.body));
  for (const Message& message : gateway->heard) EXPECT_FALSE(std::holds_alternative<PlaceCommand>(message.body));
  disk.hold(false);
  gateway->expect<PlaceCommand>();
  EXPECT_EQ(client.expect<ExecutionReport>().order_status, OrderStatus::PendingNew);
  router.crash();  // its log's thread goes before the disk does
}

TEST_F(ShellTest, ARequestGetsOneReply) {
  open();
  Request request{loop, router};
  request.say(limit("R1"), 9);
  const auto report = request.expect<ExecutionReport>();
  EXPECT_EQ(report.order_status, OrderStatus::PendingNew);
  EXPECT_EQ(report.report_number, 0u);
  EXPECT_EQ(request.last_header.correlation_id, 9u);
  const auto place = gateway->expect<PlaceCommand>();
  gateway->accept(place.command);
  gateway->expect<ReportAck>();
  // The same order again is the same order.
  request.say(limit("R1"));
  EXPECT_EQ(request.expect<ExecutionReport>().order_status, OrderStatus::New);
  request.say(limit("R1", "2"_d));
  EXPECT_EQ(request.expect<ExecutionReport>().error, ErrorCode::Conflict);
  request.say(cancel("R2", "R1"));
  EXPECT_EQ(request.expect<ExecutionReport>().order_status, OrderStatus::PendingCancel);
}

TEST_F(ShellTest, JunkIsAnsweredAndCounted) {
  open();
  Request request{loop, router};
  const std::vector<Bytes> junk{Bytes(3, 0xff), Bytes(100, 0), Bytes(5000, 0x41)};
  for (const Bytes& bytes : junk) {
    request.say_bytes(bytes);
    EXPECT_EQ(request.expect<Reject>().error, ErrorCode::InvalidMessage);
  }
  Bytes order = encode(request.header_, Body{limit("J1")});
  for (std::size_t i = 0; i < order.size(); i += 7) {
    Bytes broken = order;
    broken[i] ^= 0x55;
    request.heard.clear();
    request.say_bytes(broken);
    run_until(loop, [&] { return !request.heard.empty(); });
  }
  EXPECT_GE(router.shell->refused(), 3u);
  request.heard.clear();
  request.say(limit("J2"));
  EXPECT_EQ(request.expect<ExecutionReport>().order_status, OrderStatus::PendingNew);
}

TEST_F(ShellTest, RefusesWhatIsNotForHere) {
  open();
  struct Case {
    const char* what;
    Environment environment;
    const char* sender;
    const char* session;
    Body body;
    ErrorCode error;
  };
  const Case cases[] = {
      {"another environment", Environment::Live, "alpha", "", limit("X1"), ErrorCode::InvalidMessage},
      {"the router's own name", Environment::Paper, "router", "", limit("X2"), ErrorCode::PermissionDenied},
      {"a session that has not said Hello", Environment::Paper, "alpha", "s9", limit("X3"), ErrorCode::HelloNeeded},
      {"the shell's own words", Environment::Paper, "alpha", "", configuration(), ErrorCode::Unsupported},
      {"a gateway's words from a client", Environment::Paper, "alpha", "", Reconciled{"main", 0, 0, 0},
       ErrorCode::Unsupported},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Peer peer{loop, Kind::Dealer, router.options.bus.orders, c.sender, c.session};
    peer.header_.environment = c.environment;
    peer.say(c.body);
    EXPECT_EQ(peer.expect<Reject>().error, c.error);
  }
}

TEST_F(ShellTest, AClientThatComesBackGetsWhatItMissedOnceAndInOrder) {
  open();
  std::vector<std::uint64_t> numbers;
  PlaceCommand place;
  {
    Client client{loop, router, "alpha", "s1"};
    client.hello();
    client.say(limit("A1"));
    numbers.push_back(client.expect<ExecutionReport>().report_number);
    place = gateway->expect<PlaceCommand>();
  }
  gateway->accept(place.command);
  gateway->expect<ReportAck>();
  auto fill = gateway->report(place.command, VenueEvent::Fill);
  fill.trade_id = "t1";
  fill.last_qty = "0.4"_d;
  fill.last_px = "49999"_d;
  fill.side = Side::Buy;
  gateway->say(fill);
  gateway->expect<ReportAck>();

  Client again{loop, router, "alpha", "s1"};
  EXPECT_EQ(again.hello(1).next_report, 2u);
  fill = gateway->report(place.command, VenueEvent::Fill);
  fill.trade_id = "t2";
  fill.last_qty = "0.6"_d;
  fill.last_px = "49999"_d;
  fill.side = Side::Buy;
  gateway->say(fill);
  const OrderStatus statuses[] = {OrderStatus::New, OrderStatus::PartiallyFilled, OrderStatus::Filled};
  for (const OrderStatus status : statuses) {
    const auto report = again.expect<ExecutionReport>();
    EXPECT_EQ(report.order_status, status);
    numbers.push_back(report.report_number);
  }
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{1, 2, 3, 4}));
}

TEST_F(ShellTest, TheNewestHelloWinsTheSession) {
  open();
  Client first{loop, router, "alpha", "s1"};
  first.hello();
  Client second{loop, router, "alpha", "s1"};
  second.hello();
  first.say(limit("A1"));
  EXPECT_EQ(first.expect<Reject>().error, ErrorCode::HelloNeeded);
  second.say(limit("A2"));
  EXPECT_EQ(second.expect<ExecutionReport>().client_order_id, "A2");
}

TEST_F(ShellTest, ASilentClientIsARecordAndSaysHelloAgain) {
  open();
  Client client{loop, router, "alpha", "s1"};
  Hello hello;
  hello.heartbeat_interval_ms = 50;
  hello.cancel_on_disconnect = true;
  client.say(hello);
  client.expect<Welcome>();
  client.say(Heartbeat{}, 5);
  EXPECT_GT(client.expect<Heartbeat>().time_ns, 0);
  EXPECT_EQ(client.last_header.correlation_id, 5u);
  client.say(limit("A1"));
  const auto place = gateway->expect<PlaceCommand>();
  gateway->accept(place.command);
  gateway->on_message = [&](const Message&) {};
  gateway->expect<CancelCommand>();
  client.say(Heartbeat{});
  EXPECT_EQ(client.expect<Reject>().error, ErrorCode::HelloNeeded);
}

TEST_F(ShellTest, ASilentGatewayPutsItsOrdersInDoubtUntilItSaysHello) {
  open();
  Client client{loop, router, "alpha", "s1"};
  client.hello();
  client.say(limit("A1"));
  const auto place = gateway->expect<PlaceCommand>();
  client.expect<ExecutionReport>();
  EXPECT_EQ(client.expect<ExecutionReport>().order_status, OrderStatus::InDoubt);
  gateway->say(Heartbeat{});
  EXPECT_EQ(gateway->expect<Reject>().error, ErrorCode::HelloNeeded);
  EXPECT_EQ(gateway->hello().open_commands, 1u);
  const auto again = gateway->expect<PlaceCommand>();
  EXPECT_TRUE(again.command.possible_resend);
  EXPECT_EQ(again.command.command_id, place.command.command_id);
}

TEST_F(ShellTest, AnEarlierLifeOfAGatewayIsNotHeard) {
  open();
  Gateway newer{loop, router, 8};
  newer.hello();
  const std::uint64_t before = router.shell->refused();
  gateway->say(Heartbeat{});
  run_until(loop, [&] { return router.shell->refused() > before; });
  EXPECT_TRUE(gateway->heard.empty());
  Request request{loop, router};
  request.say(limit("A1"));
  EXPECT_EQ(newer.expect<PlaceCommand>().command.incarnation, 8u);
}

TEST_F(ShellTest, ARestartedRouterSendsOpenCommandsMarkedAndKnowsItsOrders) {
  open();
  Client client{loop, router, "alpha", "s1"};
  client.hello();
  for (const char* id : {"A1", "A2", "A3"}) client.say(limit(id));
  std::vector<Command> commands;
  for (int i = 0; i < 3; ++i) commands.push_back(gateway->expect<PlaceCommand>().command);
  std::uint64_t last = 0;
  for (int i = 0; i < 3; ++i) last = client.expect<ExecutionReport>().report_number;
  gateway->accept(commands[0]);
  gateway->expect<ReportAck>();
  last = client.expect<ExecutionReport>().report_number;
  EXPECT_EQ(last, 4u);

  router.crash();
  router.start();
  EXPECT_GT(router.recovered.replayed, 0u);
  Gateway back{loop, router, 7};
  const auto welcome = back.hello();
  EXPECT_EQ(welcome.last_report, 1u);
  EXPECT_EQ(welcome.open_commands, 2u);
  for (int i = 1; i < 3; ++i) {
    const auto place = back.expect<PlaceCommand>();
    EXPECT_TRUE(place.command.possible_resend);
    EXPECT_EQ(place.command.command_id, commands[static_cast<std::size_t>(i)].command_id);
  }
  Client again{loop, router, "alpha", "s1"};
  again.hello(2);
  std::uint64_t number = 2;
  // Two that it says it has not seen, and the doubts of the restart.
  for (const OrderStatus status :
       {OrderStatus::PendingNew, OrderStatus::New, OrderStatus::InDoubt, OrderStatus::InDoubt}) {
    const auto report = again.expect<ExecutionReport>();
    EXPECT_EQ(report.report_number, ++number);
    EXPECT_EQ(report.order_status, status);
  }
  again.say(limit("A1"));
  EXPECT_EQ(again.expect<ExecutionReport>().order_status, OrderStatus::New);
}

TEST_F(ShellTest, ARestartIsOneAlarmOfAnAccountHoweverManyOrdersItLeavesInDoubt) {
  open();
  Client client{loop, router, "alpha", "s1"};
  client.hello();
  for (int i = 1; i <= 7; ++i) {
    client.say(limit("A" + std::to_string(i)));
    gateway->expect<PlaceCommand>();
    client.expect<ExecutionReport>();
  }
  router.crash();
  std::ostringstream said;
  const auto logger = spdlog::default_logger();
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("router", std::make_shared<spdlog::sinks::ostream_sink_mt>(said)));
  router.start();
  spdlog::set_default_logger(logger);
  const std::string text = said.str();
  EXPECT_NE(text.find("ALARM: 7 orders of account main are InDoubt: gateway binance was lost: the router was started: "
                      "1 (A1), 2 (A2), 3 (A3), 4 (A4), 5 (A5), ..."),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("ALARM"), text.rfind("ALARM")) << text;
  Client again{loop, router, "alpha", "s1"};
  again.hello(7);
  for (int i = 1; i <= 7; ++i) EXPECT_EQ(again.expect<ExecutionReport>().order_status, OrderStatus::InDoubt);
}

TEST_F(ShellTest, WhatAGatewayWasAskedEndsWithItsLife) {
  open();
  Request request{loop, router};
  Query query;
  query.kind = QueryKind::Balances;
  query.account = "main";
  request.say(query);
  gateway->expect<Query>();
  Gateway newer{loop, router, 8};
  GatewayHello hello;
  hello.gateway = hello.broker = "binance";
  hello.incarnation = 8;
  hello.version = "1";
  newer.say(hello);
  newer.expect<GatewayWelcome>();
  EXPECT_EQ(request.expect<Answer>().error, ErrorCode::GatewayDown);
  request.say(query);
  EXPECT_EQ(request.expect<Answer>().error, ErrorCode::GatewayDown) << "it has not connected yet";
  request.say(limit("A1"));
  EXPECT_EQ(request.expect<ExecutionReport>().error, ErrorCode::GatewayDown);
  EXPECT_TRUE(newer.heard.empty());
  newer.hello();
  request.say(query);
  newer.expect<Query>();
}

// After a login, say: whoever made it come back asks at the same moment.
TEST_F(ShellTest, AQuestionWaitsForTheWelcomeOfAGatewayThatSaysHelloAgain) {
  HeldDisk disk;
  router.start(disk);
  gateway.emplace(loop, router, 7);
  gateway->hello();
  disk.hold(true);
  gateway->say(gateway->offer());
  gateway->say(Heartbeat{});
  gateway->expect<Heartbeat>();
  Request request{loop, router};
  Query query;
  query.kind = QueryKind::Balances;
  query.account = "main";
  request.say(query);
  Request later{loop, router};
  later.say(Query{.kind = QueryKind::Status});
  EXPECT_EQ(later.expect<Answer>().error, ErrorCode::None);
  EXPECT_TRUE(request.heard.empty());
  EXPECT_TRUE(gateway->heard.empty());
  disk.hold(false);
  gateway->expect<GatewayWelcome>();
  gateway->expect<Query>();
  Answer answer;
  answer.kind = QueryKind::Balances;
  gateway->say(answer, gateway->last_header.correlation_id);
  EXPECT_EQ(request.expect<Answer>().error, ErrorCode::None);
  router.crash();  // its log's thread goes before the disk does
}

TEST_F(ShellTest, DecisionsThatACrashKeptFromTheLogAreMadeAgain) {
  router.options.output_delay = std::chrono::hours{1};
  open();
  Request request{loop, router};
  request.say(limit("A1"));
  gateway->expect<PlaceCommand>();  // the input is durable, its outputs still wait for the next commit
  router.crash();
  router.options.output_delay = std::chrono::milliseconds{1};
  router.start();
  EXPECT_GT(router.recovered.made_again, 0u);
  run_until(loop, [&] { return router.log->durable_sequence() == router.log->last_sequence(); });

  // What is on disk now is what one core decides, without a gap.
  LogReader reader{router.options.log_directory};
  Replay replay;
  const auto chunk = reader.read(1, router.log->durable_sequence(), 100u << 20);
  ASSERT_TRUE(chunk) << chunk.error().text;
  std::span<const std::uint8_t> rest = chunk->frames;
  while (!rest.empty()) {
    const auto frame = read_frame(rest);
    ASSERT_TRUE(frame);
    const auto fed = replay.feed(frame->record);
    ASSERT_TRUE(fed) << fed.error().text;
    rest = rest.subspan(frame->size);
  }
  EXPECT_TRUE(replay.is_settled());
  EXPECT_EQ(replay.core().state_hash(), router.shell->core().state_hash());
}

// Well framed, and still not what a router writes: an error for whoever replays it, and no assertion.
TEST(Replay, RefusesWhatNoRouterWrites) {
  Header header;
  header.environment = Environment::Paper;
  header.sender = "router";
  CoreStart start;
  start.core_version = core_version;
  start.version = "0.1.0";
  Configuration mine = configuration();
  mine.journal_id = "mine";
  Configuration other = mine;
  other.journal_id = "other";
  const auto feed = [&](Replay& replay, Timestamp time_ns, const Body& body) -> std::string {
    const Bytes payload = encode(header, body);
    Record record{{.sequence = replay.through() + 1, .time_ns = time_ns, .kind = static_cast<std::uint8_t>(RecordKind::Input)},
                  payload};
    const auto fed = replay.feed(record);
    return fed ? "taken" : fed.error().text;
  };
  Replay replay;
  EXPECT_EQ(feed(replay, 100, Body{start}), "taken");
  EXPECT_EQ(feed(replay, 100, Body{mine}), "taken");
  EXPECT_EQ(feed(replay, 99, Body{Tick{}}), "record 3: its time is before that of the records before it");
  EXPECT_EQ(feed(replay, 101, Body{other}), "record 3: is of journal other, and those before it of journal mine");
  EXPECT_EQ(feed(replay, 101, Body{mine}), "taken");

  auto core = Core::restore(replay.core().snapshot());
  ASSERT_TRUE(core) << core.error().text;
  Replay later{std::move(*core), replay.through()};
  EXPECT_EQ(feed(later, 100, Body{Tick{}}), "record 4: its time is before that of the records before it");
  EXPECT_EQ(feed(later, 101, Body{Tick{}}), "taken");
}

TEST_F(ShellTest, AnAlteredDecisionKeepsTheRouterFromStarting) {
  open();
  Request request{loop, router};
  request.say(limit("A1"));
  request.expect<ExecutionReport>();
  gateway->expect<PlaceCommand>();
  run_until(loop, [&] { return router.log->durable_sequence() == router.log->last_sequence(); });
  // One more output that nobody decided, well framed.
  Output output;
  output.input_sequence = 3;
  output.core_version = core_version;
  output.destination = Destination::DropCopy;
  output.peer = "main";
  output.message = Bytes{1};
  Header header;
  header.environment = Environment::Paper;
  header.sender = "router";
  const std::uint64_t altered =
      router.log->append(RecordKind::Output, router.log->last_time_ns() + 1, 1, encode(header, Body{output}));
  router.log->commit();
  run_until(loop, [&] { return router.log->durable_sequence() >= altered; });
  router.crash();
  try {
    router.start();
    FAIL() << "it started";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string{error.what()}.find("record " + std::to_string(altered)), std::string::npos) << error.what();
    EXPECT_NE(std::string{error.what()}.find("decided nothing"), std::string::npos) << error.what();
  }
}

TEST_F(ShellTest, ALogThatIsNearlyFullRefusesOrdersAndTakesCancels) {
  router.log_options.limit_bytes = 3u << 20;
  open();
  Request request{loop, router};
  request.say(limit("A1"));
  request.expect<ExecutionReport>();
  gateway->accept(gateway->expect<PlaceCommand>().command);
  gateway->expect<ReportAck>();
  // Fill it from the side: records of another matter, each a message nobody decides anything about.
  const Bytes filler = encode(gateway->header_, Body{Reconciled{"nobody", 0, 0, 0}});
  while (router.log->accepts_orders()) gateway->say_bytes(filler), loop.run_one_for(std::chrono::milliseconds{5});
  request.say(limit("A2"));
  const auto refused = request.expect<ExecutionReport>();
  EXPECT_EQ(refused.error, ErrorCode::JournalDown);
  EXPECT_EQ(refused.order_status, OrderStatus::Rejected);
  request.say(NewOrderList{"L1", OrderListType::OneTriggersOther, {limit("L1a"), limit("L1b")}});
  const auto first_of_list = request.expect<ExecutionReport>();
  EXPECT_EQ(first_of_list.error, ErrorCode::JournalDown);
  EXPECT_EQ(first_of_list.client_order_id, "L1a");
  EXPECT_EQ(first_of_list.list_id, "L1");
  Query query;
  query.kind = QueryKind::Status;
  request.say(query);
  const auto status = request.expect<Answer>();
  ASSERT_TRUE(status.status);
  EXPECT_FALSE(status.status->accepts_orders);
  for (const char* id : {"A2", "L1a", "L1b"}) {  // refused at the door: the core has never heard of them
    Query known;
    known.kind = QueryKind::Order;
    known.client_order_id = cut<64>(id);
    request.say(known);
    EXPECT_EQ(request.expect<Answer>().error, ErrorCode::OrderNotFound) << id;
  }
  request.say(cancel("C1", "A1"));
  EXPECT_EQ(request.expect<ExecutionReport>().order_status, OrderStatus::PendingCancel);
  gateway->expect<CancelCommand>();
  request.say(CancelAll{"CA", "main", {}, Side::Unset});
  EXPECT_EQ(request.expect<Answer>().error, ErrorCode::None);
  // The archive takes what there is.
  router.log->set_audited(router.log->durable_sequence());
  request.say(limit("A3"));
  EXPECT_EQ(request.expect<ExecutionReport>().order_status, OrderStatus::PendingNew);
}

TEST_F(ShellTest, QueriesAreAnsweredWithinAClientsAccounts) {
  open();
  Request request{loop, router};
  request.say(limit("A1"));
  request.expect<ExecutionReport>();
  Query query;
  query.kind = QueryKind::Orders;
  request.say(query);
  EXPECT_EQ(request.expect<Answer>().orders.size(), 1u);
  query.kind = QueryKind::Status;
  request.say(query);
  const auto status = request.expect<Answer>();
  ASSERT_TRUE(status.status);
  EXPECT_TRUE(status.status->accepts_orders);
  EXPECT_GT(status.status->durable_sequence, 0u);
  EXPECT_EQ(status.status->journal_id, "0123456789abcdef");

  Request other{loop, router, "beta"};
  query.kind = QueryKind::Orders;
  other.say(query);
  EXPECT_TRUE(other.expect<Answer>().orders.empty());
  query.account = "main";
  other.say(query);
  EXPECT_EQ(other.expect<Answer>().error, ErrorCode::PermissionDenied);
  Request stranger{loop, router, "gamma"};
  stranger.say(query);
  EXPECT_EQ(stranger.expect<Answer>().error, ErrorCode::PermissionDenied);
}

TEST_F(ShellTest, QueriesForTheBrokerGoToItsGateway) {
  open();
  Request request{loop, router};
  Query query;
  query.kind = QueryKind::Balances;
  query.account = "main";
  request.say(query, 77);
  EXPECT_EQ(gateway->expect<Query>().account, "main");
  Answer balances;
  balances.kind = QueryKind::Balances;
  balances.balances = {{"BTC", "1.5"_d, "0"_d}};
  gateway->say(balances, gateway->last_header.correlation_id);
  const auto answer = request.expect<Answer>();
  ASSERT_EQ(answer.balances.size(), 1u);
  EXPECT_EQ(request.last_header.correlation_id, 77u);
  EXPECT_EQ(view(request.last_header.sender), "router");

  gateway.reset();
  run_until(loop, [&] {
    request.heard.clear();
    request.say(query);
    return request.expect<Answer>().error == ErrorCode::GatewayDown;
  });
}

TEST_F(ShellTest, EveryKindOfQuestionToTheBrokerGoesThere) {
  open();
  Request request{loop, router};
  for (const QueryKind kind : {QueryKind::Balances, QueryKind::Positions, QueryKind::Quote, QueryKind::Bars,
                               QueryKind::Book, QueryKind::Ticker, QueryKind::VenueOrders, QueryKind::VenueTrades,
                               QueryKind::AuthUrl, QueryKind::HandleCallback, QueryKind::RefreshToken,
                               QueryKind::RevokeToken, QueryKind::MarketTrades, QueryKind::Preview}) {
    SCOPED_TRACE(name_of(kind));
    Query query;
    query.kind = kind;
    request.say(query);
    EXPECT_EQ(request.expect<Answer>().error, ErrorCode::InvalidMessage) << "it needs an account";
    query.account = "main";
    query.bar_interval_ms = 60'000;
    request.say(query);
    const auto asked = gateway->expect<Query>();
    EXPECT_EQ(asked.kind, kind);
    EXPECT_EQ(asked.bar_interval_ms, 60'000u);
    Answer answer;
    answer.kind = kind;
    answer.text = "from the broker";
    gateway->say(answer, gateway->last_header.correlation_id);
    EXPECT_EQ(request.expect<Answer>().text, "from the broker");
  }
}

TEST_F(ShellTest, WhatAnAccountMayIsAskedAtItsBrokerAndAnsweredForBoth) {
  open();
  Request request{loop, router};
  Query query;
  query.kind = QueryKind::Accounts;
  request.say(query);
  ASSERT_EQ(request.expect<Answer>().accounts.size(), 1u) << "which there are, the router knows";
  EXPECT_TRUE(gateway->heard.empty());
  query.account = "main";
  Answer answer;
  answer.kind = QueryKind::Accounts;
  answer.accounts.resize(2);
  answer.accounts[0].account = "main";
  answer.accounts[0].broker_account = "4711";
  answer.accounts[0].can_trade = true;
  answer.accounts[1].account = "another";
  const auto ask = [&] {
    request.say(query);
    gateway->expect<Query>();
    gateway->say(answer, gateway->last_header.correlation_id);
    return request.expect<Answer>().accounts;
  };
  const auto accounts = ask();
  ASSERT_EQ(accounts.size(), 1u) << "that was not asked about";
  EXPECT_EQ(accounts[0].broker_account, "4711");
  EXPECT_TRUE(accounts[0].can_trade);
  SessionState state;
  state.gateway = "binance";
  state.account = "main";
  state.state = state.order_stream = state.rest = state.market_data = SessionStateKind::Ok;
  state.reconciled = false;
  gateway->say(state);
  EXPECT_FALSE(ask().at(0).can_trade) << "the broker would take orders, the router does not";
}

TEST_F(ShellTest, AListIsOneMessageToItsGatewayAndAllOfItFailsTogether) {
  open();
  Request request{loop, router};
  NewOrderList list;
  list.list_id = "L1";
  list.list_type = OrderListType::OneTriggersOther;
  list.orders = {limit("A1"), limit("A2")};
  request.say(list);
  EXPECT_EQ(request.expect<ExecutionReport>().list_id, "L1");
  const auto place = gateway->expect<PlaceListCommand>();
  ASSERT_EQ(place.commands.size(), 2u);
  gateway.reset();  // its socket is gone; the router has not missed a heartbeat yet
  list.list_id = "L2";
  list.orders = {limit("B1"), limit("B2")};
  request.say(list);
  request.expect<ExecutionReport>();
  for (const char* id : {"B1", "B2"}) {
    Query query;
    query.kind = QueryKind::Order;
    query.client_order_id = id;
    run_until(loop, [&] {
      request.say(query);
      const auto answer = request.expect<Answer>();
      return answer.orders.size() == 1 && answer.orders[0].order_status != OrderStatus::PendingNew;
    });
  }
}

TEST_F(ShellTest, ACancelOfAllIsAnsweredOnceAndItsReportsComeInTheSession) {
  open();
  Client client{loop, router, "alpha", "s1"};
  client.hello();
  for (const char* id : {"A1", "A2"}) {
    client.say(limit(id));
    gateway->accept(gateway->expect<PlaceCommand>().command);
  }
  Request request{loop, router};
  run_until(loop, [&] {
    Query query;
    query.kind = QueryKind::Orders;
    request.say(query);
    return request.expect<Answer>().orders.size() == 2;
  });
  request.say(CancelAll{"CA", "main", {}, Side::Unset}, 9);
  EXPECT_EQ(request.expect<Answer>().orders.size(), 2u);
  EXPECT_EQ(request.last_header.correlation_id, 9u);
  gateway->expect<CancelCommand>();
  gateway->expect<CancelCommand>();
  while (client.expect<ExecutionReport>().order_status != OrderStatus::PendingCancel) {
  }
  while (client.expect<ExecutionReport>().order_status != OrderStatus::PendingCancel) {
  }
}

TEST_F(ShellTest, ACommandThatCannotBeHandedOverFailsItsOrder) {
  open();
  Request request{loop, router};
  gateway.reset();  // its socket is gone; the router has not missed a heartbeat yet
  request.say(limit("A1"));
  request.expect<ExecutionReport>();
  Query query;
  query.kind = QueryKind::Order;
  query.client_order_id = "A1";
  run_until(loop, [&] {
    request.say(query);
    const auto answer = request.expect<Answer>();
    return answer.orders.size() == 1 && answer.orders[0].order_status != OrderStatus::PendingNew;
  });
}

TEST_F(ShellTest, StopsWithEverythingWrittenAndSent) {
  open();
  Client client{loop, router, "alpha", "s1"};
  client.hello();
  for (int i = 0; i < 50; ++i) client.say(limit("A" + std::to_string(i)));
  run_until(loop, [&] { return !client.heard.empty(); });
  bool is_stopped = false;
  router.shell->stop([&] { is_stopped = true; });
  run_until(loop, [&] { return is_stopped; });
  const std::uint64_t last = router.log->last_sequence();
  EXPECT_EQ(router.log->durable_sequence(), last);
  router.crash();
  router.start();
  EXPECT_EQ(router.recovered.made_again, 0u);
  EXPECT_EQ(router.recovered.replayed, last);
}

TEST_F(ShellTest, TheDropCopyHearsEveryReportOfAnAccount) {
  open();
  Endpoint drop_copy{loop, Kind::Sub};
  std::vector<std::string> statuses;
  drop_copy.on_message([&](const bus::RoutingId&, std::string_view topic, std::span<const std::uint8_t> bytes) {
    EXPECT_EQ(topic, "report.main");
    const auto message = decode(bytes);
    ASSERT_TRUE(message);
    const auto& report = std::get<ExecutionReport>(message->body);
    EXPECT_EQ(message->header.correlation_id, 0u);
    EXPECT_TRUE(message->header.session.empty()) << "what a client and its session say is theirs";
    EXPECT_EQ(report.report_number, 0u);
    statuses.emplace_back(name_of(report.order_status));
  });
  drop_copy.subscribe(std::string_view{"report.main\0", 12});
  drop_copy.connect(router.options.bus.reports);
  Client client{loop, router, "alpha", "s1"};
  client.hello();
  std::uint64_t orders = 0;
  run_until(loop, [&] {  // a subscription takes a moment to arrive
    client.say(limit("A" + std::to_string(++orders)));
    EXPECT_EQ(client.expect<ExecutionReport>().report_number, orders);
    return !statuses.empty();
  });
  EXPECT_EQ(statuses[0], "PendingNew");
}

}  // namespace
}  // namespace busbar::router::test
