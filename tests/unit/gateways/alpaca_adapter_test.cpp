// What the acting half of the gateway declares, reads and remembers, without a line.

#include "gateways/alpaca/adapter.hpp"

#include <gtest/gtest.h>

#include "gateways/alpaca/hours.hpp"
#include "gateways/framework/utc.hpp"

namespace busbar::alpaca {
namespace {

using namespace busbar::literals;

AlpacaConfig config_of(std::string_view text, Environment environment) {
  ConfigTable table = ConfigFile::parse(std::string{text}, "test.toml");
  return read_config(table, environment);
}

TEST(AlpacaConfig, DefaultsAreAlpacasOwnHostsOfTheEnvironment) {
  const AlpacaConfig paper = config_of("", Environment::Paper), live = config_of("", Environment::Live);
  EXPECT_EQ(paper.rest.host, "paper-api.alpaca.markets");
  EXPECT_EQ(paper.order_stream.host + paper.order_stream.target, "paper-api.alpaca.markets/stream");
  EXPECT_EQ(live.rest.host, "api.alpaca.markets");
  EXPECT_EQ(live.order_stream.host, "api.alpaca.markets");
  for (const AlpacaConfig* each : {&paper, &live}) {  // these are the same for both
    EXPECT_EQ(each->data.host, "data.alpaca.markets");
    EXPECT_EQ(each->stock_stream.host + each->stock_stream.target, "stream.data.alpaca.markets/v2/iex");
    EXPECT_EQ(each->crypto_stream.target, "/v1beta3/crypto/us");
    EXPECT_EQ(each->login.scope, "trading data");
    EXPECT_EQ(each->requests_per_minute, 200u);
  }
  EXPECT_EQ(config_of("feed = \"sip\"", Environment::Live).stock_stream.target, "/v2/sip");
}

TEST(AlpacaConfig, PaperAndRealMoneyAreNeverMixedWhicheverKeyNamesThem) {
  const struct {
    const char* text;
    Environment environment;
    const char* key;
  } cases[] = {
      {"endpoint = \"production\"", Environment::Paper, "endpoint"},
      {"endpoint = \"paper\"", Environment::Live, "endpoint"},
      {"rest = \"https://api.alpaca.markets\"", Environment::Paper, "rest"},
      {"rest = \"https://paper-api.alpaca.markets/\"", Environment::Live, "rest"},
      {"order_stream = \"wss://api.alpaca.markets/stream\"", Environment::Paper, "order_stream"},
      {"order_stream = \"wss://paper-api.alpaca.markets/stream\"", Environment::Live, "order_stream"},
      {"endpoint = \"sandbox\"", Environment::Paper, "endpoint"},
      {"rest = \"http://localhost\"", Environment::Paper, "rest"},
      {"stock_stream = \"https://localhost\"", Environment::Paper, "stock_stream"},
      {"feed = \"nasdaq\"", Environment::Paper, "feed"},
      {"asset_classes = [\"us_option\"]", Environment::Paper, "asset_classes"},
      {"absence_ms = 999", Environment::Paper, "absence_ms"},
  };
  for (const auto& c : cases) {
    try {
      static_cast<void>(config_of(c.text, c.environment));
      ADD_FAILURE() << c.text;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string_view{error.what()}.find(c.key), std::string_view::npos) << error.what();
    }
  }
  EXPECT_EQ(config_of("rest = \"https://localhost:8443\"", Environment::Live).rest.port, "8443") << "somebody's own";
}

TEST(AlpacaAdapter, DeclaresWhatTheConfigurationThinksOfLostRequests) {
  const Capabilities can = alpaca_capabilities(120'000);
  EXPECT_EQ(can.absence_rule.bound_ms, 120'000u);
  EXPECT_EQ(can.absence_rule.look_ups, 2u);
  EXPECT_TRUE(can.can_order_lists);
  EXPECT_FALSE(can.can_post_only);
  EXPECT_LE(3 * can.venue_order_id_length + 2, 128u) << "three names and what is between them are one of Alpaca's";
  for (const Offer& offer : can.offers) {
    for (const TimeInForce time : offer.times_in_force) {
      EXPECT_NE(std::ranges::find(can.times_in_force, time), can.times_in_force.end());
    }
  }
}

Order order_of(std::string id, std::string name, std::string type) {
  Order order;
  order.id = std::move(id);
  order.client_order_id = std::move(name);
  order.type = std::move(type);
  return order;
}

PlaceListCommand list_of(OrderListType type, std::initializer_list<std::pair<const char*, OrderType>> orders) {
  PlaceListCommand list;
  list.list_type = type;
  for (const auto& [name, order_type] : orders) {
    PlaceCommand command;
    command.command.venue_order_id = cut<64>(name);
    command.order.order_type = order_type;
    list.commands.push_back(std::move(command));
  }
  return list;
}

TEST(AlpacaLists, TheOneThatIsSentBearsTheNamesOfAll) {
  using enum OrderType;
  const struct {
    PlaceListCommand list;
    const char* joined;
  } cases[] = {
      {list_of(OrderListType::OneCancelsOther, {{"V1", Limit}, {"V2", StopLimit}}), "V1..V2"},
      {list_of(OrderListType::OneCancelsOther, {{"V1", Stop}, {"V2", Limit}}), "V2..V1"},
      {list_of(OrderListType::OneTriggersOther, {{"V1", Limit}, {"V2", Limit}}), "V1.V2."},
      {list_of(OrderListType::OneTriggersOther, {{"V1", Limit}, {"V2", Stop}}), "V1..V2"},
      {list_of(OrderListType::OneTriggersOneCancelsOther, {{"V1", Limit}, {"V2", Limit}, {"V3", Stop}}), "V1.V2.V3"},
      {list_of(OrderListType::OneTriggersOneCancelsOther, {{"V1", Limit}, {"V2", Stop}, {"V3", Limit}}), "V1.V3.V2"},
  };
  for (const auto& c : cases) {
    const ListNames names = names_of_list(c.list);
    EXPECT_EQ(names.joined(), c.joined);
    const auto again = names_in(c.joined);
    ASSERT_TRUE(again) << c.joined;
    EXPECT_EQ(again->joined(), c.joined);
    for (const PlaceCommand& command : c.list.commands) EXPECT_TRUE(again->has(view(command.command.venue_order_id)));
    EXPECT_FALSE(again->has("")) << "what is not there is nobody's";
  }
  for (const char* none : {"V1", "V1.V2", "a.b.c.d", ".V2.V3", ""}) EXPECT_FALSE(names_in(none)) << none;
}

TEST(AlpacaLists, WhichIsWhichTheirTypesTellInWhateverOrderTheyCome) {
  Order bracket = order_of("P", "V1.V2.V3", "limit");
  bracket.legs = {order_of("L", "61e69015-8549-4bfd-b9c3-01e75843f47d", "stop_limit"),
                  order_of("T", "904837e3-3b76-47ec-b432-046db621571b", "limit")};
  const auto orders = orders_of_list(bracket, *names_in(bracket.client_order_id));
  ASSERT_EQ(orders.size(), 3u);
  EXPECT_EQ(orders[0].order->id + "=" + orders[0].venue_order_id, "P=V1");
  EXPECT_EQ(orders[1].order->id + "=" + orders[1].venue_order_id, "L=V3");
  EXPECT_EQ(orders[2].order->id + "=" + orders[2].venue_order_id, "T=V2");
  EXPECT_TRUE(is_invented_name(bracket.legs[0].client_order_id));
  EXPECT_FALSE(is_invented_name("B1-7c2e91f0-0000001"));
}

TEST(AlpacaFacts, AFillOfRestIsTheStreamsByItsName) {
  const auto list = decode_executions(R"([{
    "activity_type":"FILL","id":"20220202135509981::2d7be4ff-d1f3-43e9-856a-0f5cf5c5088e",
    "cum_qty":"1.5","leaves_qty":"0.5","price":"174.78","qty":"1","side":"sell_short","symbol":"AAPL",
    "transaction_time":"2022-02-02T18:55:09.981482Z","order_id":"b5abe576-6a8a-49f3-a353-46b72c1ccae9",
    "type":"partial_fill"}])");
  ASSERT_TRUE(list) << list.error().text;
  const VenueReport fill = fill_of(list->front(), Symbol{"AAPL"}, "V1", VenueSource::Reconcile);
  EXPECT_EQ(view(fill.trade_id), "2d7be4ff-d1f3-43e9-856a-0f5cf5c5088e");
  EXPECT_EQ(fill.side, Side::Sell);
  EXPECT_EQ(fill.order_status, OrderStatus::PartiallyFilled);
  EXPECT_EQ(fill.cum_qty, "1.5"_d);
  EXPECT_EQ(fill.transact_time_ns, *gateway::parse_utc("2022-02-02T18:55:09.981482Z"));
  EXPECT_FALSE(decode_executions(
      R"([{"id":"x::","order_id":"o","price":"1","qty":"1","transaction_time":"2022-02-02T18:55:09Z"}])"));
  EXPECT_FALSE(decode_executions(R"([{"id":"x::e","order_id":"o","price":"1","qty":"1"}])"));
}

TEST(AlpacaFacts, AFillUnderTwoNamesIsOneAndTwoFillsAreTwo) {
  const auto fill = [](const char* trade_id, Decimal cum_qty, Decimal qty) {
    VenueReport report;
    report.trade_id = cut<64>(trade_id);
    report.broker_order_id = "O";
    report.cum_qty = cum_qty;
    report.last_qty = qty;
    report.last_px = "10"_d;
    return report;
  };
  Executions executions{2};
  executions.on_stream(fill("a", "1"_d, "1"_d));
  EXPECT_EQ(view(executions.name_of(fill("a", "1"_d, "1"_d))), "a");
  EXPECT_EQ(view(executions.name_of(fill("another", "1.0"_d, "1"_d))), "a");
  EXPECT_EQ(view(executions.name_of(fill("more", "2"_d, "1"_d))), "more");
  EXPECT_EQ(view(executions.name_of(fill("larger", "1"_d, "0.5"_d))), "larger") << "it is not the same";
  // The stream may count in advance: what has a name of its own keeps it.
  executions.on_stream(fill("b", "1"_d, "1"_d));
  EXPECT_EQ(view(executions.name_of(fill("b", "1"_d, "1"_d))), "b");
  executions.on_stream(fill("c", "3"_d, "1"_d));
  EXPECT_EQ(view(executions.name_of(fill("another", "1"_d, "1"_d))), "another") << "the oldest is forgotten";
}

TEST(AlpacaHours, TheCalendarsDaysAreNewYorks) {
  const auto at = [](const char* text) { return *gateway::parse_utc(text); };
  EXPECT_EQ(new_york_time("2026-11-27", "09:30"), at("2026-11-27T14:30:00Z"));
  EXPECT_EQ(new_york_time("2026-07-06", "0930"), at("2026-07-06T13:30:00Z"));
  EXPECT_EQ(new_york_time("2026-03-06", "09:30"), at("2026-03-06T14:30:00Z")) << "the Friday before summer time";
  EXPECT_EQ(new_york_time("2026-03-09", "09:30"), at("2026-03-09T13:30:00Z"));
  EXPECT_EQ(new_york_time("2026-10-30", "16:00"), at("2026-10-30T20:00:00Z"));
  EXPECT_EQ(new_york_time("2026-11-02", "16:00"), at("2026-11-02T21:00:00Z"));
  for (const auto& [date, time] : {std::pair{"2026-02-30", "09:30"}, {"2026-1-1", "09:30"}, {"2026-01-02", "9:30"},
                                   {"2026-01-02", "09:61"}, {"0001-01-02", "09:30"}, {"2026/01/02", "09:30"}}) {
    EXPECT_FALSE(new_york_time(date, time)) << date << time;
  }
  const auto hours = hours_of({{.date = "2026-11-27", .open = "09:30", .close = "13:00", .session_open = "0400",
                                .session_close = "1700"},
                               {.date = "2026-11-25", .open = "09:30", .close = "16:00", .session_open = {},
                                .session_close = {}}});
  ASSERT_TRUE(hours) << hours.error().text;
  EXPECT_EQ(view(hours->market), "us_equity");
  ASSERT_EQ(hours->sessions.size(), 4u);
  EXPECT_EQ(hours->sessions[0].kind, TradingSessionKind::Regular) << "a day without the hours before and after";
  EXPECT_EQ(hours->sessions[1].kind, TradingSessionKind::Extended);
  EXPECT_EQ(hours->sessions[1].open_ns, at("2026-11-27T09:00:00Z"));
  EXPECT_EQ(hours->sessions[2].close_ns, at("2026-11-27T18:00:00Z")) << "half a day";
  EXPECT_EQ(hours->sessions[3].close_ns, at("2026-11-27T22:00:00Z"));
  EXPECT_FALSE(hours_of({{.date = "2026-11-27", .open = "16:00", .close = "09:30", .session_open = {}, .session_close = {}}}));
}

TEST(AlpacaHours, TheClockKnowsBetterOfThisMoment) {
  constexpr Timestamp minute = 60'000'000'000;
  MarketHours day;
  day.sessions = {{TradingSessionKind::Extended, 0, 10 * minute}, {TradingSessionKind::Regular, 10 * minute, 20 * minute}};
  Clock clock{.time = 12 * minute, .is_open = true, .next_open = 99 * minute, .next_close = 20 * minute};
  EXPECT_TRUE(agrees(day, clock));
  clock = {.time = 12 * minute, .is_open = false, .next_open = 15 * minute, .next_close = 20 * minute};
  EXPECT_FALSE(agrees(day, clock));
  const MarketHours halted = corrected(day, clock);
  EXPECT_TRUE(agrees(halted, clock));
  EXPECT_EQ(halted.sessions.at(1).open_ns, 15 * minute);
  clock.next_open = 99 * minute;
  EXPECT_EQ(corrected(day, clock).sessions.size(), 1u) << "it opens no more today";
  clock = {.time = 25 * minute, .is_open = true, .next_open = 99 * minute, .next_close = 30 * minute};
  const MarketHours longer = corrected(day, clock);
  EXPECT_TRUE(agrees(longer, clock));
  EXPECT_EQ(longer.sessions.back().close_ns, 30 * minute);
  // It ends sooner than planned, or later.
  for (const Timestamp close : {15 * minute, 90 * minute}) {
    clock = {.time = 12 * minute, .is_open = true, .next_open = 99 * minute, .next_close = close};
    EXPECT_FALSE(agrees(day, clock));
    const MarketHours told = corrected(day, clock);
    EXPECT_TRUE(agrees(told, clock));
    ASSERT_EQ(told.sessions.size(), 2u);
    EXPECT_EQ(told.sessions.back().open_ns, 10 * minute);
    EXPECT_EQ(told.sessions.back().close_ns, close);
  }
  clock.next_close = 11 * minute;  // it is open, and has closed: one of these is wrong, and the calendar stands
  EXPECT_EQ(corrected(day, clock).sessions.back().close_ns, 20 * minute);
}

}  // namespace
}  // namespace busbar::alpaca
