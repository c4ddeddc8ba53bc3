// The adapter against a venue in the same process: real TLS, real sockets, one loop.
#include "gateways/binance/adapter.hpp"

#include <set>

#include "tests/unit/gateways/live_adapter.hpp"
#include "tools/venue/binance/config.hpp"
#include "tools/venue/binance/control.hpp"
#include "tools/venue/binance/venue.hpp"

namespace busbar::binance {
namespace {

using namespace busbar::literals;
using namespace std::chrono_literals;
using gateway::Facts;
using gateway::test::Names;
using gateway::test::names;
using Part = gateway::Events::Part;

venue::binance::Settings still_market(const std::filesystem::path& folder) {
  ConfigTable root = ConfigFile::parse("", "venue");
  venue::binance::Settings settings = venue::binance::load_settings(root, folder);
  settings.market_steps_per_second = 0;
  settings.features.has_listen_keys = true;
  return settings;
}

class BinanceLive : public gateway::test::LiveAdapter<venue::binance::Settings, venue::binance::Venue,
                                                      venue::binance::Control, BinanceAdapter> {
 protected:
  explicit BinanceLive(decltype(still_market) settings_in = still_market) : LiveAdapter{settings_in} {
    ConfigTable table = ConfigFile::parse("rest = \"https://" + place_ + "\"\nws_api = \"wss://" + place_ +
                                              "/ws-api/v3\"\nstreams = \"wss://" + place_ + "\"\n",
                                          "gateway");
    config_ = read_config(table, Environment::Paper);
  }

  void make() {
    const auto& key = settings_.accounts.at(0).keys.at(0);
    adapter_ = std::make_unique<BinanceAdapter>(
        config_, context("binance", {gateway::Secret{key.api_key}, gateway::Secret{key.secret}, {}}));
  }
  void connect() {
    make();
    connect_made();
  }

  static PlaceCommand limit(std::string_view venue_order_id, Decimal qty = "1"_d, Decimal price = "60000"_d) {
    return purchase("BTC/USDT", venue_order_id, qty, price);
  }
  static CancelCommand cancel_of(const PlaceCommand& place) {
    CancelCommand cancel;
    cancel.command = place.command;
    cancel.cancel_venue_order_id = cut<64>(std::string{view(place.command.venue_order_id)} + "c");
    return cancel;
  }

  BinanceConfig config_;
};

TEST_F(BinanceLive, ConnectingLoadsInstrumentsMeasuresTheClockAndProvesTheKey) {
  connect();
  EXPECT_TRUE(adapter_->is_connected());
  EXPECT_EQ(events_.instruments.size(), 4u);
  EXPECT_EQ(events_.ups, 1u);
  EXPECT_EQ(view(*adapter_->normalize_symbol("BTCUSDT")), "BTC/USDT");
  EXPECT_FALSE(adapter_->to_broker_symbol("NONE/SUCH"));
  bool has_orders_limit = false;
  for (const RateLimit& limit : adapter_->rate_limits()) {
    has_orders_limit |= limit.bucket == "orders" && limit.scope == "main";
    EXPECT_EQ(limit.scope, limit.bucket == "orders" ? "main" : "binance-ip");
  }
  EXPECT_TRUE(has_orders_limit);
  const auto balances = run(adapter_->balances());
  ASSERT_TRUE(balances) << balances.error().text;
  EXPECT_FALSE(balances->empty());
  const auto accounts = run(adapter_->accounts());
  ASSERT_TRUE(accounts);
  EXPECT_TRUE(accounts->at(0).can_trade);
  EXPECT_TRUE(std::any_of(events_.usages.begin(), events_.usages.end(), [](const RateUsage& usage) {
    return usage.bucket == "weight" && usage.interval_ms == 60000;
  }));
}

TEST_F(BinanceLive, AWrongKeyIsRefusedInWordsThatSayWhatToDo) {
  settings_.accounts.at(0).keys.at(0).secret = "wrong";
  make();
  const auto connected = run(adapter_->connect());
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ErrorCode::AuthenticationFailed);
  EXPECT_NE(connected.error().text.find("does the secret belong to this key"), std::string::npos) << connected.error().text;
}

TEST_F(BinanceLive, AnOrderIsPlacedFilledInPartAskedForAndCancelled) {
  connect();
  const PlaceCommand place = limit("V1");
  const Facts placed = run(adapter_->place(place));
  ASSERT_EQ(names(placed), Names{VenueEvent::Accepted}) << view(placed.back().text);
  EXPECT_GT(placed[0].request_time_ns, 0);
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Accepted) == 1; }));

  control("POST", "/orders", R"({"symbol":"BTCUSDT","side":"SELL","quantity":"0.4","price":"60000"})");
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Fill) == 1; }));
  const VenueReport streamed = events_.reports.back();
  EXPECT_EQ(view(streamed.venue_order_id), "V1");
  EXPECT_EQ(*streamed.last_qty, "0.4"_d);
  EXPECT_EQ(streamed.liquidity, Liquidity::Maker);

  const auto status = run(adapter_->order_status(place.command));
  ASSERT_TRUE(status) << status.error().text;
  ASSERT_EQ(names(*status), (Names{VenueEvent::Fill, VenueEvent::State}));
  EXPECT_EQ(status->at(0).trade_id, streamed.trade_id);
  EXPECT_EQ(status->at(1).order_status, OrderStatus::PartiallyFilled);
  EXPECT_EQ(*status->at(1).cum_qty, "0.4"_d);

  const auto open = run(adapter_->orders());
  ASSERT_TRUE(open) << open.error().text;
  ASSERT_EQ(open->size(), 1u);
  EXPECT_EQ(view(open->at(0).symbol), "BTC/USDT");

  const Facts cancelled = run(adapter_->cancel(cancel_of(place)));
  ASSERT_EQ(names(cancelled), Names{VenueEvent::Canceled});
  EXPECT_EQ(view(cancelled[0].venue_order_id), "V1");
  EXPECT_EQ(*cancelled[0].cum_qty, "0.4"_d);
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Canceled) == 1; }));
  EXPECT_EQ(view(events_.reports.back().venue_order_id), "V1");

  const Facts again = run(adapter_->cancel(cancel_of(place)));
  ASSERT_EQ(names(again), Names{VenueEvent::CancelRejected});
  EXPECT_EQ(again[0].error, ErrorCode::OrderNotFound);
  EXPECT_EQ(view(again[0].broker_code), "-2011");
}

TEST_F(BinanceLive, FillsAreFoundAgainWithTheNamesOfTheirOrders) {
  connect();
  const Timestamp before = adapter_->broker_time_ns() - 60'000'000'000;
  run(adapter_->place(limit("V1")));
  control("POST", "/orders", R"({"symbol":"BTCUSDT","side":"SELL","quantity":"0.4","price":"60000"})");
  control("POST", "/orders", R"({"symbol":"BTCUSDT","side":"SELL","quantity":"0.6","price":"60000"})");
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Fill) == 2; }));
  run(adapter_->disconnect());
  make();  // another life, which has never heard of the order
  ASSERT_TRUE(run(adapter_->connect()));
  const auto fills = run(adapter_->trades({Symbol{"BTC/USDT"}, Symbol{"NONE/SUCH"}}, before));
  ASSERT_TRUE(fills) << fills.error().text;
  ASSERT_EQ(fills->size(), 2u);
  EXPECT_EQ(view(fills->at(0).venue_order_id), "V1");
  EXPECT_EQ(*fills->at(1).last_qty, "0.6"_d);
}

// Binance shows 500 trades of an order unless it is asked for more, and never more than 1000.
TEST_F(BinanceLive, AnOrderTellsAllItsFillsHoweverManyThereAre) {
  connect();
  const PlaceCommand place = limit("V1", "2"_d);
  run(adapter_->place(place));
  constexpr std::size_t fills = 1001;
  for (std::size_t i = 0; i < fills; ++i) {
    control("POST", "/orders", R"({"symbol":"BTCUSDT","side":"SELL","quantity":"0.001","price":"60000"})");
  }
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Fill) == fills; }));
  const auto status = run(adapter_->order_status(place.command));
  ASSERT_TRUE(status) << status.error().text;
  ASSERT_EQ(status->size(), fills + 1);
  EXPECT_EQ(*status->back().cum_qty, "1.001"_d);
  std::set<std::string_view> trades;
  for (const VenueReport& fact : *status) trades.insert(view(fact.trade_id));
  EXPECT_EQ(trades.size(), fills + 1);  // and the state, which is none
  // A list that gives the same page again and again is an error, and not asked for for ever.
  std::string page = "[";
  for (int i = 0; i < 1000; ++i) {
    page += (i > 0 ? "," : "");
    page += R"({\"symbol\":\"BTCUSDT\",\"id\":7,\"orderId\":1,\"price\":\"1\",\"qty\":\"1\",\"quoteQty\":\"1\",)"
            R"(\"commission\":\"0\",\"commissionAsset\":\"BNB\",\"time\":1,\"isBuyer\":true,\"isMaker\":true})";
  }
  fault(R"({"kind":"answer_instead","endpoint":"GET /api/v3/myTrades","status":200,"next":5,"body":")" + page + "]\"}");
  const auto endless = run(adapter_->order_status(place.command));
  ASSERT_FALSE(endless);
  EXPECT_NE(endless.error().text.find("does not go on"), std::string::npos) << endless.error().text;
}

TEST_F(BinanceLive, AMarketOrderTellsItsFillsAtOnceAndTheStreamTellsTheSame) {
  connect();
  control("POST", "/orders", R"({"symbol":"BTCUSDT","side":"SELL","quantity":"0.5","price":"60000"})");
  PlaceCommand place = limit("V1", "0.5"_d);
  place.order.order_type = OrderType::Market;
  place.order.price.reset();
  const Facts facts = run(adapter_->place(place));
  ASSERT_EQ(names(facts), (Names{VenueEvent::Accepted, VenueEvent::Fill})) << view(facts.back().text);
  EXPECT_EQ(facts[1].order_status, OrderStatus::Filled);
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Fill) == 1; }));
  EXPECT_EQ(events_.reports.back().trade_id, facts[1].trade_id);
}

TEST_F(BinanceLive, ARefusalIsARejectionWithBinancesWords) {
  connect();
  const Facts facts = run(adapter_->place(limit("V1", "9000"_d)));
  ASSERT_EQ(names(facts), Names{VenueEvent::Rejected});
  EXPECT_NE(facts[0].error, ErrorCode::UnknownOutcome);
  EXPECT_FALSE(facts[0].text.empty());
  PlaceCommand day = limit("V2");
  day.order.time_in_force = TimeInForce::Day;
  const Facts unspoken = run(adapter_->place(day));
  ASSERT_EQ(names(unspoken), Names{VenueEvent::NotSent});
  EXPECT_EQ(unspoken[0].error, ErrorCode::Unsupported);
  EXPECT_EQ(orders_at_venue(), 0u);
}

TEST_F(BinanceLive, ALostAnswerIsUnknownAndAskingTells) {
  connect();
  fault(R"({"kind":"drop_answer","endpoint":"order.place","next":1})");
  const PlaceCommand taken = limit("V1");
  const Facts lost = run(adapter_->place(taken));
  ASSERT_EQ(names(lost), Names{VenueEvent::Unknown});
  EXPECT_GT(lost[0].request_time_ns, 0);
  const auto found = run(adapter_->order_status(taken.command));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(names(*found), Names{VenueEvent::State});

  fault(R"({"kind":"drop_request","endpoint":"order.place","next":1})");
  const PlaceCommand never = limit("V2");
  ASSERT_EQ(names(run(adapter_->place(never))), Names{VenueEvent::Unknown});
  const auto missing = run(adapter_->order_status(never.command));
  ASSERT_TRUE(missing) << missing.error().text;
  ASSERT_EQ(names(*missing), Names{VenueEvent::NotFound});
  EXPECT_GT(missing->at(0).transact_time_ns, 0);

  fault(R"({"kind":"answer_wrong","endpoint":"order.place","status":503,"next":1})");
  EXPECT_EQ(names(run(adapter_->place(limit("V3")))), Names{VenueEvent::Unknown});
  EXPECT_EQ(orders_at_venue(), 2u);
}

// COMPLAINTS 23: clock drift.
TEST_F(BinanceLive, AWrongClockIsMeasuredAnewAndNothingIsSentTwice) {
  connect();
  control("POST", "/clock", R"({"skew_ms":20000})");
  const Facts refused = run(adapter_->place(limit("V1")));
  ASSERT_EQ(names(refused), Names{VenueEvent::Rejected}) << view(refused.back().text);
  EXPECT_EQ(view(refused[0].broker_code), "-1021");
  const Facts facts = run(adapter_->place(limit("V2")));
  ASSERT_EQ(names(facts), Names{VenueEvent::Accepted}) << view(facts.back().text);
  EXPECT_EQ(orders_at_venue(), 1u);
  EXPECT_NEAR(static_cast<double>(events_.offset_ns), 20e9, 1e9);
  control("POST", "/clock", R"({"skew_ms":-20000})");
  EXPECT_TRUE(run(adapter_->orders()));
}

// COMPLAINTS 17 and 19: limits count an address, and a 429 is not gone on after.
TEST_F(BinanceLive, AfterA429NothingIsSentUntilBinanceWantsToHearUsAgain) {
  connect();
  fault(R"({"kind":"answer_instead","endpoint":"order.place","status":429,"retry_after_s":30,"next":1})");
  const Facts refused = run(adapter_->place(limit("V1")));
  ASSERT_EQ(names(refused), Names{VenueEvent::Rejected});
  EXPECT_EQ(refused[0].error, ErrorCode::RateLimited);
  const auto blocked = std::find_if(events_.usages.begin(), events_.usages.end(),
                                    [](const RateUsage& usage) { return usage.blocked_until_ns != 0; });
  ASSERT_NE(blocked, events_.usages.end());
  const Facts held = run(adapter_->place(limit("V2")));
  ASSERT_EQ(names(held), Names{VenueEvent::NotSent});
  EXPECT_EQ(held[0].error, ErrorCode::RateLimited);
  const auto asked = run(adapter_->orders());
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, ErrorCode::RateLimited);
}

// COMPLAINTS 20: order events stop.
TEST_F(BinanceLive, ALostOrderStreamComesBackAndSaysThatEventsMayBeMissing) {
  connect();
  control("POST", "/streams/close", R"({"stream":"orders","reset":true})");
  ASSERT_TRUE(until([&] { return events_.ups == 2; }));
  const std::vector<SessionStateKind> expected{SessionStateKind::Ok, SessionStateKind::Down, SessionStateKind::Ok};
  EXPECT_EQ(events_.states[Part::OrderStream], expected);
  run(adapter_->place(limit("V1")));
  EXPECT_TRUE(until([&] { return events_.count(VenueEvent::Accepted) == 1; }));
}

// COMPLAINTS 21: the socket is up, and no data comes.
TEST_F(BinanceLive, AStreamThatDoesNotTellOfAnAcceptedOrderIsNotBelieved) {
  config_.stream_options.event_max = 200ms;
  connect();
  fault(R"({"kind":"silence","stream":"orders"})");
  ASSERT_EQ(names(run(adapter_->place(limit("V1")))), Names{VenueEvent::Accepted});
  EXPECT_TRUE(until([&] { return events_.ups == 2; }));
}

TEST_F(BinanceLive, RenewingOverlapsSoThatNothingIsMissedAndNothingToldTwice) {
  config_.stream_options.renew_after = 300ms;
  config_.stream_options.overlap = 5000ms;
  connect();
  ASSERT_TRUE(until([&] { return venue_.connection_count("orders") >= 2; }));
  run(adapter_->place(limit("V1")));
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Accepted) >= 1; }));
  control("POST", "/orders", R"({"symbol":"BTCUSDT","side":"SELL","quantity":"1","price":"60000"})");
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Fill) >= 1; }));
  run(adapter_->balances());  // a round trip later both connections have told
  EXPECT_EQ(events_.count(VenueEvent::Accepted), 1u);
  EXPECT_EQ(events_.count(VenueEvent::Fill), 1u);
  EXPECT_EQ(events_.ups, 1u);
  EXPECT_EQ(events_.states[Part::OrderStream], std::vector<SessionStateKind>{SessionStateKind::Ok});
}

TEST_F(BinanceLive, AnEventThatComesTwiceIsToldOnce) {
  connect();
  fault(R"({"kind":"duplicate","stream":"orders"})");
  run(adapter_->place(limit("V1")));
  control("POST", "/orders", R"({"symbol":"BTCUSDT","side":"SELL","quantity":"1","price":"60000"})");
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Fill) >= 1; }));
  run(adapter_->balances());
  EXPECT_EQ(events_.count(VenueEvent::Fill), 1u);
}

// COMPLAINTS 18 and 21: subscriptions are paced, and made again after a loss.
TEST_F(BinanceLive, MarketDataIsSubscribedInBatchesAndAgainAfterALoss) {
  connect();
  const auto unknown = run(adapter_->subscribe(Symbol{"NONE/SUCH"}, Channel::Quote, 0));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::InvalidSymbol);
  for (const char* symbol : {"BTC/USDT", "ETH/USDT", "BNB/USDT", "LTC/USDT"}) {
    ASSERT_TRUE(run(adapter_->subscribe(cut<32>(symbol), Channel::Quote, 0)));
    ASSERT_TRUE(run(adapter_->subscribe(cut<32>(symbol), Channel::Trade, 0)));
  }
  control("POST", "/market", R"({"steps_per_second":50})");
  ASSERT_TRUE(until([&] { return !events_.quotes.empty() && !events_.trades.empty(); }));
  EXPECT_NE(view(events_.quotes.back().symbol).find('/'), std::string_view::npos);
  control("POST", "/streams/close", R"({"stream":"market","reset":true})");
  ASSERT_TRUE(until([&] { return events_.states[Part::MarketData].size() >= 3; }));
  events_.quotes.clear();
  EXPECT_TRUE(until([&] { return !events_.quotes.empty(); }));
  const auto asked = run(adapter_->quote(Symbol{"BTC/USDT"}));
  ASSERT_TRUE(asked) << asked.error().text;
  EXPECT_GT(*asked->ask_px, *asked->bid_px);
}

ReplaceCommand replace_of(const PlaceCommand& place, std::string_view venue_order_id, std::uint32_t leg) {
  ReplaceCommand replace;
  replace.command = place.command;
  replace.command.command_id = 2;
  replace.command.leg = leg;
  replace.command.venue_order_id = cut<64>(venue_order_id);
  replace.orig_venue_order_id = place.command.venue_order_id;
  replace.order = place.order;
  replace.orig_order_qty = place.order.order_qty;
  replace.cum_qty = Decimal{};
  return replace;
}

TEST_F(BinanceLive, AnUntouchedOrderIsReplacedInOneRequest) {
  connect();
  const PlaceCommand place = limit("V1");
  run(adapter_->place(place));
  ReplaceCommand replace = replace_of(place, "V1r", 1);
  replace.order.price = "59000"_d;
  replace.order.order_qty = "2"_d;
  const Facts facts = run(adapter_->replace(replace));
  ASSERT_EQ(names(facts), (Names{VenueEvent::Canceled, VenueEvent::Replaced})) << view(facts.back().text);
  EXPECT_EQ(view(facts[0].venue_order_id), "V1");
  EXPECT_EQ(view(facts[1].venue_order_id), "V1r");
  const auto status = run(adapter_->order_status(replace.command));
  ASSERT_TRUE(status) << status.error().text;
  EXPECT_EQ(*status->back().order_qty, "2"_d);
  EXPECT_EQ(*status->back().price, "59000"_d);
}

TEST_F(BinanceLive, AFillThatComesFirstStopsTheReplace) {
  connect();
  const PlaceCommand place = limit("V1");
  run(adapter_->place(place));
  control("POST", "/orders", R"({"symbol":"BTCUSDT","side":"SELL","quantity":"0.4","price":"60000"})");
  ReplaceCommand replace = replace_of(place, "V1r", 1);  // it does not know of the fill yet
  replace.order.order_qty = "2"_d;
  const Facts facts = run(adapter_->replace(replace));
  ASSERT_EQ(names(facts), Names{VenueEvent::ReplaceRejected}) << view(facts.back().text);
  const auto open = run(adapter_->orders());
  ASSERT_EQ(open->size(), 1u) << "nothing more is bought than was asked for";
  EXPECT_EQ(view(open->at(0).venue_order_id), "V1");
}

TEST_F(BinanceLive, AnOrderFilledInPartIsReplacedByWhatWasLeft) {
  connect();
  const PlaceCommand place = limit("V1");
  run(adapter_->place(place));
  control("POST", "/orders", R"({"symbol":"BTCUSDT","side":"SELL","quantity":"0.4","price":"60000"})");
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Fill) == 1; }));
  control("POST", "/orders", R"({"symbol":"BTCUSDT","side":"SELL","quantity":"0.1","price":"60000"})");
  ReplaceCommand replace = replace_of(place, "V1r", 1);
  replace.cum_qty = "0.4"_d;  // and 0.1 more by now: the broker's count is what counts
  replace.order.order_qty = "1.5"_d;
  replace.order.price = "59000"_d;
  const Facts facts = run(adapter_->replace(replace));
  ASSERT_EQ(names(facts), (Names{VenueEvent::Canceled, VenueEvent::Replaced})) << view(facts.back().text);
  EXPECT_EQ(*facts[0].cum_qty, "0.5"_d);
  const auto open = run(adapter_->orders());
  ASSERT_EQ(open->size(), 1u);
  EXPECT_EQ(*open->at(0).order_qty, "1"_d) << "1.5 in all, 0.5 of it filled";

  ReplaceCommand less = replace_of(place, "V1s", 2);
  less.orig_venue_order_id = "V1r";
  less.orig_order_qty = "1.5"_d;
  less.order.order_qty = "0.5"_d;  // no more than what is filled
  less.order.price = "59000"_d;
  less.cum_qty = "0.4"_d;
  const Facts ended = run(adapter_->replace(less));
  ASSERT_EQ(names(ended), (Names{VenueEvent::Canceled, VenueEvent::ReplaceRejected})) << view(ended.back().text);
  EXPECT_TRUE(run(adapter_->orders())->empty());
}

TEST_F(BinanceLive, LessQuantityIsAnAmendmentThatKeepsItsPlace) {
  connect();
  const PlaceCommand place = limit("V1");
  const Facts placed = run(adapter_->place(place));
  ReplaceCommand replace = replace_of(place, "V1a", 1);
  replace.order.order_qty = "0.6"_d;
  replace.is_decrease = true;
  const Facts facts = run(adapter_->replace(replace));
  ASSERT_EQ(names(facts), Names{VenueEvent::Replaced}) << view(facts.back().text);
  EXPECT_EQ(view(facts[0].venue_order_id), "V1a");
  EXPECT_EQ(facts[0].broker_order_id, placed[0].broker_order_id) << "the same order";
  EXPECT_EQ(*run(adapter_->orders())->at(0).order_qty, "0.6"_d);
}

// Binance goes on counting what the order was placed for: the amendment must leave what was asked for all the same.
TEST_F(BinanceLive, LessOfAnOrderThatPreventionMadeSmallerIsAsMuchAsAskedFor) {
  connect();
  const PlaceCommand place = limit("V1");
  const Facts placed = run(adapter_->place(place));
  PlaceCommand other = limit("V2", "0.4"_d);
  other.order.side = Side::Sell;
  other.order.self_trade_prevention = SelfTradePrevention::Decrement;
  run(adapter_->place(other));
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Replaced) == 1 && events_.count(VenueEvent::Expired) == 1; }))
      << "one is told as smaller, and the end of the other";
  const auto amended = [&](const PlaceCommand& former, std::string_view name, std::uint32_t leg, Decimal from, Decimal to) {
    ReplaceCommand replace = replace_of(former, name, leg);
    replace.command.broker_order_id = placed[0].broker_order_id;
    replace.orig_order_qty = from;
    replace.order.order_qty = to;
    replace.is_decrease = true;
    return run(adapter_->replace(replace));
  };
  const std::size_t told = events_.reports.size();
  const Facts facts = amended(place, "V1a", 1, "0.6"_d, "0.5"_d);
  ASSERT_EQ(names(facts), Names{VenueEvent::Replaced}) << view(facts.back().text);
  EXPECT_EQ(*facts[0].order_qty, "0.5"_d);
  ASSERT_TRUE(until([&] { return events_.reports.size() > told; }));
  EXPECT_EQ(events_.reports[told].event, VenueEvent::Replaced);
  EXPECT_EQ(*events_.reports[told].order_qty, "0.5"_d) << "the stream says the same";
  PlaceCommand once = place;
  once.command.venue_order_id = "V1a";
  const Facts again = amended(once, "V1b", 2, "0.5"_d, "0.3"_d);
  ASSERT_EQ(names(again), Names{VenueEvent::Replaced}) << view(again.back().text);
  EXPECT_EQ(*again[0].order_qty, "0.3"_d);
  control("POST", "/orders", R"({"symbol":"BTCUSDT","side":"SELL","quantity":"0.3","price":"60000"})");
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Fill) == 1; }));
  EXPECT_EQ(events_.reports.back().order_status, OrderStatus::Filled) << "as much was left as was asked for";
}

TEST_F(BinanceLive, AnAmendmentAfterAReconnectStillKnowsWhatWasPrevented) {
  connect();
  const PlaceCommand place = limit("V1");
  const Facts placed = run(adapter_->place(place));
  PlaceCommand other = limit("V2", "0.4"_d);
  other.order.side = Side::Sell;
  other.order.self_trade_prevention = SelfTradePrevention::Decrement;
  run(adapter_->place(other));
  run(adapter_->disconnect());
  connect();  // another life, which learns it from the open orders
  run(adapter_->orders());
  ReplaceCommand replace = replace_of(place, "V1a", 1);
  replace.command.broker_order_id = placed[0].broker_order_id;
  replace.orig_order_qty = "0.6"_d;
  replace.order.order_qty = "0.5"_d;
  replace.is_decrease = true;
  const Facts facts = run(adapter_->replace(replace));
  ASSERT_EQ(names(facts), Names{VenueEvent::Replaced}) << view(facts.back().text);
  EXPECT_EQ(*facts[0].order_qty, "0.5"_d);
}

TEST_F(BinanceLive, AReplaceWhoseAnswerIsLostIsUnknownAndAskingTells) {
  connect();
  const PlaceCommand place = limit("V1");
  run(adapter_->place(place));
  fault(R"({"kind":"drop_answer","endpoint":"order.cancelReplace","next":1})");
  ReplaceCommand replace = replace_of(place, "V1r", 1);
  replace.order.price = "59000"_d;
  ASSERT_EQ(names(run(adapter_->replace(replace))), Names{VenueEvent::Unknown});
  const auto found = run(adapter_->order_status(replace.command));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(names(*found), Names{VenueEvent::State});
}

TEST_F(BinanceLive, AnOrderListIsPlacedWholeAndOneLegCancelsTheOther) {
  connect();
  control("POST", "/orders", R"({"symbol":"BTCUSDT","side":"BUY","quantity":"5","price":"60000"})");
  control("POST", "/orders", R"({"symbol":"BTCUSDT","side":"SELL","quantity":"5","price":"60001"})");
  control("POST", "/orders", R"({"symbol":"BTCUSDT","side":"SELL","quantity":"0.1","price":"60000"})");  // a last price
  PlaceListCommand list;
  list.list_type = OrderListType::OneCancelsOther;
  list.venue_list_id = "L1";
  list.commands = {limit("V1", "1"_d, "61000"_d), limit("V2", "1"_d)};
  list.commands[0].order.side = Side::Sell;
  list.commands[1].command.command_id = 2;
  list.commands[1].command.order_id = 2;
  list.commands[1].order.client_order_id = "A2";
  list.commands[1].order.side = Side::Sell;
  list.commands[1].order.order_type = OrderType::StopLimit;
  list.commands[1].order.stop_px = "59000"_d;
  list.commands[1].order.price = "58900"_d;
  const Facts facts = run(adapter_->place_list(list));
  ASSERT_EQ(names(facts), (Names{VenueEvent::Accepted, VenueEvent::Accepted})) << view(facts.back().text);
  EXPECT_EQ(facts[0].command_id, 1u);
  EXPECT_EQ(facts[1].command_id, 2u);
  EXPECT_EQ(run(adapter_->orders())->size(), 2u);
  ASSERT_EQ(names(run(adapter_->cancel(cancel_of(list.commands[0])))), Names{VenueEvent::Canceled});
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Canceled) == 2; })) << "Binance takes both away";
  EXPECT_TRUE(run(adapter_->orders())->empty());
}

venue::binance::Settings us_market(const std::filesystem::path& folder) {
  venue::binance::Settings settings = still_market(folder);
  settings.features = {.has_listen_keys = true,
                       .has_subscriptions = false,
                       .has_amend = false,
                       .has_order_lists = false,
                       .has_older_filters = true,
                       .has_newer_members = false};
  return settings;
}

class BinanceUs : public BinanceLive {
 protected:
  BinanceUs() : BinanceLive{us_market} {
    ConfigTable table = ConfigFile::parse("endpoints = \"us\"\nrest = \"https://" + place_ + "\"\nstreams = \"wss://" + place_ + "\"\n",
                                          "gateway");
    config_ = read_config(table, Environment::Live);
  }
};

TEST_F(BinanceUs, NothingIsSaidThatBinanceUsDoesNotKnow) {
  connect();
  ASSERT_EQ(events_.instruments.size(), 4u);
  EXPECT_FALSE(events_.instruments.front().can_oco);  // its pairs are of the oldest kind, which nobody here speaks
  const auto balances = run(adapter_->balances());
  ASSERT_TRUE(balances) << balances.error().text;
  EXPECT_FALSE(balances->empty());
  const PlaceCommand place = limit("V1");
  ASSERT_EQ(names(run(adapter_->place(place))), Names{VenueEvent::Accepted});
  control("POST", "/orders", R"({"symbol":"BTCUSDT","side":"SELL","quantity":"0.4","price":"60000"})");
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Fill) == 1; }));
  const auto status = run(adapter_->order_status(place.command));
  ASSERT_TRUE(status) << status.error().text;
  EXPECT_EQ(names(*status), (Names{VenueEvent::Fill, VenueEvent::State}));
  EXPECT_EQ(names(run(adapter_->cancel(cancel_of(place)))), Names{VenueEvent::Canceled});
}

class BinanceByWsApi : public BinanceLive {
 protected:
  BinanceByWsApi() {
    config_.orders_by = OrdersBy::WsApi;
    config_.stream_options.answer_max = 1000ms;
  }
  std::size_t placed_by(std::string_view transport) {
    std::size_t count = 0;
    const boost::json::value all = control("GET", "/arrivals");
    for (const auto& arrival : all.at("arrivals").as_array()) {
      count += arrival.at("transport").as_string() == transport ? 1 : 0;
    }
    return count;
  }
};

TEST_F(BinanceByWsApi, OrdersGoOverTheWebSocketApiAndByRestWhileItIsAway) {
  connect();
  const PlaceCommand place = limit("V1");
  ASSERT_EQ(names(run(adapter_->place(place))), Names{VenueEvent::Accepted});
  EXPECT_EQ(placed_by("ws"), 1u);
  PlaceCommand late = limit("V8");
  late.command.expire_time_ns = adapter_->broker_time_ns() - 1;
  const Facts too_late = run(adapter_->place(late));
  ASSERT_EQ(names(too_late), Names{VenueEvent::NotSent});
  EXPECT_EQ(too_late[0].error, ErrorCode::Expired);
  EXPECT_EQ(placed_by("ws") + placed_by("rest"), 1u);
  const Facts refused = run(adapter_->place(limit("V9", "9000"_d)));
  ASSERT_EQ(names(refused), Names{VenueEvent::Rejected});
  EXPECT_FALSE(refused[0].broker_code.empty());
  ReplaceCommand replace = replace_of(place, "V1r", 1);
  replace.order.price = "59000"_d;
  ASSERT_EQ(names(run(adapter_->replace(replace))), (Names{VenueEvent::Canceled, VenueEvent::Replaced}));
  fault(R"({"kind":"hang_answer","endpoint":"order.place","next":1})");
  const Facts lost = run(adapter_->place(limit("V2")));
  EXPECT_EQ(names(lost), Names{VenueEvent::Unknown});
  control("POST", "/streams/close", R"({"stream":"orders","reset":true})");
  ASSERT_TRUE(until([&] { return events_.states[Part::OrderStream].back() == SessionStateKind::Down; }));
  ASSERT_EQ(names(run(adapter_->place(limit("V3")))), Names{VenueEvent::Accepted});
  EXPECT_EQ(placed_by("rest"), 1u);
  for (const Tape& tape : tape_) {
    const std::string body{tape.body.begin(), tape.body.end()};
    EXPECT_EQ(body.find(settings_.accounts.at(0).keys.at(0).api_key), std::string::npos);
  }
  EXPECT_TRUE(std::any_of(tape_.begin(), tape_.end(), [](const Tape& tape) {
    return tape.channel == TapeChannel::OrderStream && tape.direction == TapeDirection::Sent &&
           view(tape.venue_order_id) == "V1";
  })) << "the tape tells whose order it was";
}

TEST_F(BinanceLive, AListenKeyIsTheOlderWayToTheSameEvents) {
  config_.user_data_by = UserDataBy::ListenKey;
  connect();
  run(adapter_->place(limit("V1")));
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Accepted) == 1; }));
  control("POST", "/listen-keys/expire");
  ASSERT_TRUE(until([&] { return events_.ups == 2; })) << "a gap is said to be one";
  control("POST", "/orders", R"({"symbol":"BTCUSDT","side":"SELL","quantity":"1","price":"60000"})");
  EXPECT_TRUE(until([&] { return events_.count(VenueEvent::Fill) == 1; }));
  for (const Tape& tape : tape_) {
    const std::string whole = tape.target + std::string{tape.body.begin(), tape.body.end()};
    const auto key = whole.find("\"listenKey\":\"");
    if (key != std::string::npos && tape.channel == TapeChannel::Rest) {
      EXPECT_EQ(whole.substr(key, 20), R"("listenKey":"[cut]"})");
    }
  }
}

TEST_F(BinanceLive, TheMarketsLatestTradesAndATriedOrderAreAsked) {
  connect();
  static_cast<void>(run(adapter_->place(limit("V1"))));
  control("POST", "/orders", R"({"symbol":"BTCUSDT","side":"SELL","quantity":"0.5","price":"60000"})");
  const auto trades = run(adapter_->market_trades("BTC/USDT"));
  ASSERT_TRUE(trades) << trades.error().text;
  ASSERT_FALSE(trades->empty());
  EXPECT_EQ(trades->back().qty, "0.5"_d);
  EXPECT_EQ(trades->back().price, "60000"_d);
  EXPECT_EQ(trades->back().aggressor, Side::Sell);
  const std::size_t before = orders_at_venue();
  const auto good = run(adapter_->preview(limit("V2").order));
  ASSERT_TRUE(good) << good.error().text;
  EXPECT_TRUE(good->is_accepted);
  NewOrder of_client = limit("V3").order;
  of_client.client_order_id = "momentum.v2/7";  // Binance's names have fewer letters; it would be placed under one of ours
  const auto named = run(adapter_->preview(of_client));
  ASSERT_TRUE(named) << named.error().text;
  EXPECT_TRUE(named->is_accepted) << view(named->reason);
  const auto far = run(adapter_->preview(limit("V4", "1"_d, "1"_d).order));
  ASSERT_TRUE(far) << far.error().text;
  EXPECT_FALSE(far->is_accepted);
  EXPECT_EQ(far->error, ErrorCode::InvalidOrder);
  EXPECT_FALSE(far->reason.empty());
  EXPECT_EQ(orders_at_venue(), before);
}

TEST_F(BinanceLive, BooksBarsAndTickersAreToldAndAsked) {
  connect();
  control("POST", "/market", R"({"steps_per_second":50})");
  for (const auto& [channel, interval] : {std::pair{Channel::Book, 0u}, {Channel::Ticker, 0u}, {Channel::Bar, 60'000u}}) {
    ASSERT_TRUE(run(adapter_->subscribe(Symbol{"BTC/USDT"}, channel, interval)));
  }
  EXPECT_FALSE(run(adapter_->subscribe(Symbol{"BTC/USDT"}, Channel::Bar, 61'000)));
  ASSERT_TRUE(until([&] { return events_.books.size() >= 3 && !events_.bars.empty() && !events_.tickers.empty(); }));
  for (const Book& book : events_.books) {
    ASSERT_FALSE(book.bids.empty());
    ASSERT_FALSE(book.asks.empty());
    EXPECT_LT(book.bids.front().price, book.asks.front().price);
    EXPECT_TRUE(std::is_sorted(book.bids.begin(), book.bids.end(), [](auto& a, auto& b) { return a.price > b.price; }));
  }
  EXPECT_EQ(events_.bars.back().interval_ms, 60'000u);
  EXPECT_GE(*events_.tickers.back().high_px, *events_.tickers.back().low_px);
  const auto bars = run(adapter_->history(Symbol{"BTC/USDT"}, 60'000, 0, 0));
  ASSERT_TRUE(bars) << bars.error().text;
  ASSERT_FALSE(bars->empty());
  EXPECT_FALSE(bars->back().is_final);
  EXPECT_GE(*bars->back().high, *bars->back().low);
  const auto book = run(adapter_->book(Symbol{"BTC/USDT"}));
  ASSERT_TRUE(book) << book.error().text;
  EXPECT_LT(book->bids.front().price, book->asks.front().price);
  const auto ticker = run(adapter_->ticker(Symbol{"BTC/USDT"}));
  ASSERT_TRUE(ticker) << ticker.error().text;
  EXPECT_TRUE(ticker->last_px);
}

TEST(BinanceConfig, PlacesAreNamedAndPaperNeverMeetsRealMoney) {
  const auto read = [](std::string text, Environment environment) {
    ConfigTable table = ConfigFile::parse(std::move(text), "gateway");
    return read_config(table, environment);
  };
  EXPECT_EQ(read("", Environment::Live).rest.host, "api.binance.com");
  EXPECT_EQ(read("endpoints = \"testnet\"", Environment::Paper).rest.host, "testnet.binance.vision");
  EXPECT_EQ(read("endpoints = \"us\"", Environment::Live).user_data_by, UserDataBy::ListenKey);
  EXPECT_THROW(read("", Environment::Paper), ConfigError);
  EXPECT_THROW(read("endpoints = \"testnet\"", Environment::Live), ConfigError);
  EXPECT_THROW(read("endpoints = \"moon\"", Environment::Live), ConfigError);
  EXPECT_THROW(read("endpoints = \"us\"\norders = \"ws_api\"", Environment::Live), ConfigError);
}

TEST_F(BinanceLive, NoSecretReachesTheTape) {
  connect();
  run(adapter_->place(limit("V1")));
  run(adapter_->orders());
  const std::string key = settings_.accounts.at(0).keys.at(0).api_key;
  const std::string secret = settings_.accounts.at(0).keys.at(0).secret;
  ASSERT_FALSE(tape_.empty());
  for (const Tape& tape : tape_) {
    const std::string whole = tape.target + tape.headers + std::string{tape.body.begin(), tape.body.end()};
    EXPECT_EQ(whole.find(key), std::string::npos);
    EXPECT_EQ(whole.find(secret), std::string::npos);
    const auto signature = whole.find("signature=");
    if (signature != std::string::npos) { EXPECT_EQ(whole.substr(signature, 15), "signature=[cut]"); }
  }
}

}  // namespace
}  // namespace busbar::binance
