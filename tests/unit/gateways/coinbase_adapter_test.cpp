// The adapter against a venue in the same process: real TLS, real sockets, one loop. A replace in place, and what becomes of it
// where its answer is lost.
#include "gateways/coinbase/adapter.hpp"

#include "bus/codec.hpp"
#include "tests/unit/gateways/live_adapter.hpp"
#include "tools/venue/coinbase/config.hpp"
#include "tools/venue/coinbase/control.hpp"
#include "tools/venue/coinbase/venue.hpp"

namespace busbar::coinbase {
namespace {

using namespace busbar::literals;
using gateway::Facts;
using gateway::test::Names;
using gateway::test::names;

venue::coinbase::Settings still_market(const std::filesystem::path& folder) {
  ConfigTable root = ConfigFile::parse("", "venue");
  venue::coinbase::Settings settings = venue::coinbase::load_settings(root, folder);
  settings.market_steps_per_second = 0;
  return settings;
}

class CoinbaseLive : public gateway::test::LiveAdapter<venue::coinbase::Settings, venue::coinbase::Venue,
                                                       venue::coinbase::Control, CoinbaseAdapter> {
 protected:
  CoinbaseLive() : LiveAdapter{still_market} {}

  CoinbaseConfig config_of(const std::string& more) const {
    ConfigTable table = ConfigFile::parse("rest = \"https://" + place_ + "\"\nmarket_stream = \"wss://" + place_ +
                                              "/\"\nuser_stream = \"wss://" + place_ + "/\"\n" + more,
                                          "gateway");
    return read_config(table, Environment::Paper);
  }
  void make(const std::string& more = {}) {
    adapter_ = std::make_unique<CoinbaseAdapter>(
        config_of(more),
        context("coinbase", gateway::load_credentials(folder_.path() / "main.cred")));
  }
  void connect(const std::string& more = {}) {
    make(more);
    connect_made();
  }

  static PlaceCommand limit(std::string_view venue_order_id, Decimal qty = "1"_d, Decimal price = "60000"_d) {
    return purchase("BTC/USD", venue_order_id, qty, price);
  }
  // As the router says it: the new leg's name, and of the old one its name and what Coinbase called it.
  static ReplaceCommand replace_of(const PlaceCommand& place, const Facts& placed, std::string_view name, Decimal qty,
                                   Decimal price) {
    ReplaceCommand replace;
    replace.command = place.command;
    replace.command.command_id = 2;
    replace.command.leg = 1;
    replace.command.venue_order_id = cut<64>(name);
    replace.command.broker_order_id = placed.back().broker_order_id;
    replace.orig_venue_order_id = place.command.venue_order_id;
    replace.order = place.order;
    replace.orig_order_qty = place.order.order_qty;
    replace.order.order_qty = qty;
    replace.order.price = price;
    return replace;
  }
  // Of a replace whose answer was lost.
  Result<Facts> look(const ReplaceCommand& replace) {
    Command question = replace.command;
    question.broker_order_id = {};
    return run(adapter_->order_status(question));
  }
  boost::json::object open_order() {
    boost::json::object found;
    const auto book = control("GET", "/book");
    for (const auto& each : book.at("orders").as_array()) {
      if (each.at("is_open").as_bool()) found = each.as_object();
    }
    return found;
  }
  std::optional<Decimal> open_price() { return Decimal::parse(open_order().at("price").as_string().c_str()); }
  void sell(const char* quantity, const char* price) {
    control("POST", "/orders", std::string{R"({"symbol":"BTC-USD","side":"SELL","quantity":")"} + quantity +
                                   R"(","price":")" + price + "\"}");
  }
  std::size_t asked(std::string_view operation) {
    std::size_t count = 0;
    const auto arrivals = control("GET", "/arrivals");
    for (const auto& each : arrivals.at("arrivals").as_array()) {
      count += each.at("operation").as_string() == operation ? 1 : 0;
    }
    return count;
  }
};

TEST_F(CoinbaseLive, AReplaceIsAnEditThatCountsWhatIsFilled) {
  connect();
  const PlaceCommand place = limit("V0");
  const Facts placed = run(adapter_->place(place));
  sell("0.25", "60000");
  const Facts facts = run(adapter_->replace(replace_of(place, placed, "V1", "0.5"_d, "59000"_d)));
  ASSERT_EQ(names(facts), Names{VenueEvent::Replaced}) << view(facts.back().text);
  EXPECT_EQ(facts[0].venue_order_id, "V1");
  EXPECT_EQ(facts[0].broker_order_id, placed.back().broker_order_id) << "it is the same order";
  EXPECT_EQ(facts[0].order_qty, "0.5"_d);
  EXPECT_EQ(facts[0].price, "59000"_d);
  EXPECT_EQ(asked("order.edit"), 1u);
  EXPECT_EQ(asked("order.cancel"), 0u);
  EXPECT_EQ(open_price(), "59000"_d);
  // No more than was asked for in all.
  sell("1", "59000");
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Fill) >= 2; }));
  Command question = place.command;
  question.venue_order_id = "V1";
  question.broker_order_id = placed.back().broker_order_id;
  const auto state = run(adapter_->order_status(question));
  ASSERT_TRUE(state) << state.error().text;
  EXPECT_EQ(state->back().order_status, OrderStatus::Filled);
  EXPECT_EQ(state->back().cum_qty, "0.5"_d);
}

TEST_F(CoinbaseLive, WhatIsToldOfAnEditedOrderSaysNoTermsThatMayBeOfBefore) {
  connect();
  const PlaceCommand place = limit("V0");
  const Facts placed = run(adapter_->place(place));
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Accepted) >= 1; }));
  EXPECT_EQ(events_.reports.back().price, "60000"_d);
  events_.reports.clear();
  const ReplaceCommand first = replace_of(place, placed, "V1", "1"_d, "59000"_d);
  ASSERT_EQ(names(run(adapter_->replace(first))), Names{VenueEvent::Replaced});
  sell("0.25", "59000");
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Fill) >= 1; }));
  for (const VenueReport& report : events_.reports) {
    EXPECT_FALSE(report.price) << name_of(report.event);
    EXPECT_EQ(report.broker_order_id, placed.back().broker_order_id);
  }
  // The list tells them under the name that the edit gave it, or not at all.
  const auto listed = run(adapter_->orders());
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->back().venue_order_id, "V1");
  EXPECT_EQ(listed->back().price, "59000"_d);
  // And again: the order bears the name of its first leg at Coinbase for ever.
  ReplaceCommand second = replace_of(place, placed, "V2", "2"_d, "58000"_d);
  second.orig_venue_order_id = "V1";
  second.orig_order_qty = "1"_d;
  EXPECT_EQ(names(run(adapter_->replace(second))), Names{VenueEvent::Replaced});
  EXPECT_EQ(open_price(), "58000"_d);
  EXPECT_EQ(orders_at_venue(), 1u);
}

TEST_F(CoinbaseLive, ALostAnswerIsFoundInTheOrderItself) {
  connect();
  const PlaceCommand place = limit("V0");
  const Facts placed = run(adapter_->place(place));
  const ReplaceCommand replace = replace_of(place, placed, "V1", "2"_d, "59000"_d);
  fault(R"({"kind":"drop_answer","endpoint":"order.edit","next":1})");
  ASSERT_EQ(names(run(adapter_->replace(replace))), Names{VenueEvent::Unknown});
  const auto found = look(replace);
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(names(*found), Names{VenueEvent::State});
  EXPECT_EQ(found->back().venue_order_id, "V1");
  EXPECT_EQ(found->back().order_qty, "2"_d);
  EXPECT_EQ(asked("order.edit"), 1u) << "it is never sent twice";
}

TEST_F(CoinbaseLive, WhatNeverArrivedIsNoEdit) {
  connect();
  const PlaceCommand place = limit("V0");
  const Facts placed = run(adapter_->place(place));
  const ReplaceCommand replace = replace_of(place, placed, "V1", "2"_d, "59000"_d);
  fault(R"({"kind":"drop_request","endpoint":"order.edit","next":1})");
  ASSERT_EQ(names(run(adapter_->replace(replace))), Names{VenueEvent::Unknown});
  const Timestamp before = adapter_->broker_time_ns();
  const auto found = look(replace);
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(names(*found), Names{VenueEvent::NotFound});
  EXPECT_EQ(found->back().venue_order_id, "V1");
  EXPECT_GE(found->back().transact_time_ns, before) << "it speaks of now";
  // The order itself stands as before, under its own name.
  Command question = place.command;
  question.broker_order_id = placed.back().broker_order_id;
  const auto old = run(adapter_->order_status(question));
  ASSERT_TRUE(old);
  EXPECT_EQ(old->back().venue_order_id, "V0");
  EXPECT_EQ(old->back().order_status, OrderStatus::New);
}

TEST_F(CoinbaseLive, AnEditThatWaitsIsInDoubtUntilItIsDone) {
  connect();
  const PlaceCommand place = limit("V0");
  const Facts placed = run(adapter_->place(place));
  control("POST", "/rules", R"({"edit_delay_ms":60000})");
  const ReplaceCommand replace = replace_of(place, placed, "V1", "2"_d, "59000"_d);
  EXPECT_EQ(names(run(adapter_->replace(replace))), Names{VenueEvent::Unknown});
  EXPECT_FALSE(look(replace)) << "neither done nor not";
  EXPECT_EQ(open_price(), "60000"_d);
  // It ends before it is done.
  sell("1", "60000");
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Fill) >= 1; }));
  const auto found = look(replace);
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->back().event, VenueEvent::NotFound);
}

TEST_F(CoinbaseLive, WhatSomebodyElseEditsIsToldWithItsNewTerms) {
  connect();
  const PlaceCommand place = limit("V0");
  const Facts placed = run(adapter_->place(place));
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Accepted) >= 1; }));
  events_.reports.clear();
  gateway::test::Recorder heard;
  gateway::AdapterContext mine = context("coinbase", gateway::load_credentials(folder_.path() / "main.cred"));
  CoinbaseAdapter other{config_of({}), gateway::AdapterContext{.loop = loop_,
                                                               .tls = tls_,
                                                               .events = heard,
                                                               .tape = {},
                                                               .gateway = mine.gateway,
                                                               .account = mine.account,
                                                               .environment = mine.environment,
                                                               .credentials = mine.credentials}};
  ASSERT_TRUE(run(other.connect()));
  ASSERT_EQ(names(run(other.replace(replace_of(place, placed, "X1", "2"_d, "59000"_d)))), Names{VenueEvent::Replaced});
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Replaced) == 1; }));
  const auto told = std::ranges::find(events_.reports, VenueEvent::Replaced, &VenueReport::event);
  EXPECT_EQ(told->venue_order_id, "V0");
  EXPECT_EQ(told->broker_order_id, placed.back().broker_order_id);
  EXPECT_EQ(told->order_qty, "2"_d);
  EXPECT_EQ(told->price, "59000"_d);
  for (const VenueReport& report : events_.reports) {
    EXPECT_TRUE(report.event == VenueEvent::Replaced || !report.price) << "what has another price is taken for another's order";
  }
  run(other.disconnect());
}

TEST_F(CoinbaseLive, AnotherLifeKnowsByTheCommandWhatWasToChange) {
  connect();
  const PlaceCommand place = limit("V0");
  const Facts placed = run(adapter_->place(place));
  const ReplaceCommand replace = replace_of(place, placed, "V1", "2"_d, "59000"_d);
  ASSERT_EQ(names(run(adapter_->replace(replace))), Names{VenueEvent::Replaced});
  run(adapter_->disconnect());
  events_.reports.clear();
  connect();
  adapter_->recall(replace);
  const auto found = look(replace);
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->back().venue_order_id, "V1");
  EXPECT_EQ(found->back().order_status, OrderStatus::New);
  for (const VenueReport& report : events_.reports) EXPECT_FALSE(report.price) << "a snapshot may be of an edited order";
  // Terms that it does not have: the other life has not got so far.
  ReplaceCommand another = replace_of(place, placed, "V2", "3"_d, "58000"_d);
  adapter_->recall(another);
  const auto none = look(another);
  ASSERT_TRUE(none) << none.error().text;
  EXPECT_EQ(none->back().event, VenueEvent::NotFound);
}

TEST_F(CoinbaseLive, WhatAnotherLifeCancelledAndPlacedAnewIsFoundByItsName) {
  connect("replace = \"cancel_first\"\n");
  const PlaceCommand place = limit("V0");
  const Facts placed = run(adapter_->place(place));
  const ReplaceCommand replace = replace_of(place, placed, "V1", "1"_d, "59000"_d);
  const Facts facts = run(adapter_->replace(replace));
  EXPECT_EQ(names(facts), (Names{VenueEvent::Canceled, VenueEvent::Replaced}));
  run(adapter_->disconnect());
  connect();
  adapter_->recall(replace);
  const auto found = look(replace);
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->back().venue_order_id, "V1");
  EXPECT_EQ(found->back().broker_order_id, facts.back().broker_order_id);
}

// It is replaced by a cancel and a new order, of which the life that was asked has sent neither.
TEST_F(CoinbaseLive, AStopThatWasToMoveAloneIsNotTakenForMoved) {
  connect();
  PlaceCommand place = limit("V0", "1"_d, "70000"_d);
  place.order.order_type = OrderType::StopLimit;
  place.order.stop_px = "69000"_d;
  const Facts placed = run(adapter_->place(place));
  ASSERT_EQ(names(placed), Names{VenueEvent::Accepted}) << view(placed.back().text);
  ReplaceCommand replace = replace_of(place, placed, "V1", "1"_d, "70000"_d);
  replace.order.stop_px = "69500"_d;
  adapter_->recall(replace);
  const auto found = look(replace);
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(names(*found), Names{VenueEvent::NotFound});
}

TEST_F(CoinbaseLive, WhatCannotBeEditedIsCancelledAndPlacedAnew) {
  connect();
  PlaceCommand place = limit("V0");
  place.order.time_in_force = TimeInForce::Day;
  const Facts placed = run(adapter_->place(place));
  const Facts day = run(adapter_->replace(replace_of(place, placed, "V1", "1"_d, "59000"_d)));
  EXPECT_EQ(names(day), (Names{VenueEvent::Canceled, VenueEvent::Replaced}));
  // What is left of an order is a smaller one at Coinbase: what our number means there, its name does not tell.
  const PlaceCommand next = limit("W0");
  const Facts rest = run(adapter_->place(next));
  ReplaceCommand of_the_rest = replace_of(next, rest, "W1", "3"_d, "59000"_d);
  of_the_rest.orig_order_qty = "2"_d;
  const Facts anew = run(adapter_->replace(of_the_rest));
  EXPECT_EQ(names(anew), (Names{VenueEvent::Canceled, VenueEvent::Replaced}));
  EXPECT_EQ(anew.back().order_qty, "2"_d) << "one more than it had";
  // Coinbase takes so many edits of an order and no more.
  const PlaceCommand last = limit("X0");
  const Facts third = run(adapter_->place(last));
  fault(R"({"kind":"answer_instead","endpoint":"order.edit","next":1,"status":200,"body":"{\"success\":false,\"errors\":[)"
        R"({\"edit_failure_reason\":\"EXCEEDED_MAX_ALLOWED_EDIT_REQUEST_COUNT\"}]}"})");
  EXPECT_EQ(names(run(adapter_->replace(replace_of(last, third, "X1", "1"_d, "58000"_d)))),
            (Names{VenueEvent::Canceled, VenueEvent::Replaced}));
}

TEST_F(CoinbaseLive, ARefusedEditLeavesTheOrderAsItWas) {
  connect();
  const PlaceCommand place = limit("V0");
  const Facts placed = run(adapter_->place(place));
  const Facts facts = run(adapter_->replace(replace_of(place, placed, "V1", "1"_d, "60000"_d)));
  ASSERT_EQ(names(facts), Names{VenueEvent::ReplaceRejected});
  EXPECT_EQ(facts[0].broker_code, "EDIT_REQUEST_EQUAL_TO_ORIGINAL_R");
  EXPECT_EQ(open_order().at("client_order_id").as_string(), "V0");
  const auto listed = run(adapter_->orders());
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->back().venue_order_id, "V0");
}

TEST_F(CoinbaseLive, AnOrderThatEndsBeforeItsEditIsNotReplaced) {
  connect();
  const PlaceCommand place = limit("V0");
  const Facts placed = run(adapter_->place(place));
  control("POST", "/rules", R"({"edit_delay_ms":60000})");
  std::optional<Facts> facts;
  boost::asio::co_spawn(loop_, adapter_->replace(replace_of(place, placed, "V1", "2"_d, "59000"_d)),
                        [&](std::exception_ptr, Facts said) { facts = std::move(said); });
  ASSERT_TRUE(until([&] { return asked("order.edit") == 1; }));
  sell("1", "60000");
  ASSERT_TRUE(until([&] { return facts.has_value(); }));
  ASSERT_EQ(names(*facts), Names{VenueEvent::ReplaceRejected}) << view(facts->back().text);
  EXPECT_EQ(facts->back().venue_order_id, "V1");
  EXPECT_EQ(asked("order.place"), 1u) << "nothing is placed instead";
}

// ---- what is asked

TEST_F(CoinbaseLive, TheMarketsLatestTradesAreToldOldestFirst) {
  connect();
  const PlaceCommand place = limit("V0");
  static_cast<void>(run(adapter_->place(place)));
  sell("0.25", "60000");
  sell("0.5", "60000");
  const auto trades = run(adapter_->market_trades("BTC/USD"));
  ASSERT_TRUE(trades) << trades.error().text;
  ASSERT_GE(trades->size(), 2u);
  EXPECT_EQ(trades->back().qty, "0.5"_d);
  EXPECT_EQ(trades->back().price, "60000"_d);
  EXPECT_EQ((*trades)[trades->size() - 2].qty, "0.25"_d);
  EXPECT_EQ(trades->back().aggressor, Side::Sell);
  EXPECT_FALSE(run(adapter_->market_trades("NO/SUCH")));
}

TEST_F(CoinbaseLive, APreviewSaysWhatAnOrderComesToAndPlacesNothing) {
  connect();
  const auto said = run(adapter_->preview(limit("V0", "0.5"_d).order));
  ASSERT_TRUE(said) << said.error().text;
  EXPECT_TRUE(said->is_accepted);
  EXPECT_EQ(said->order_qty, "0.5"_d);
  EXPECT_EQ(said->cash_order_qty, "30000"_d);
  EXPECT_EQ(said->commission, "240"_d);
  EXPECT_EQ(said->order_total, "30240"_d);
  EXPECT_EQ(said->commission_asset, "USD");
  const auto dear = run(adapter_->preview(limit("V0", "100"_d).order));
  ASSERT_TRUE(dear) << dear.error().text;
  EXPECT_FALSE(dear->is_accepted);
  EXPECT_EQ(dear->error, ErrorCode::InsufficientFunds);
  EXPECT_EQ(dear->reason, "PREVIEW_INSUFFICIENT_FUND");
  EXPECT_EQ(asked("order.place"), 0u);
  NewOrder stop = limit("V0").order;
  stop.order_type = OrderType::Stop;
  EXPECT_EQ(run(adapter_->preview(stop)).error().code, ErrorCode::Unsupported) << "Coinbase has no words for it";
}

TEST_F(CoinbaseLive, TheAccountTellsItsPortfolios) {
  connect();
  const auto infos = run(adapter_->accounts());
  ASSERT_TRUE(infos) << infos.error().text;
  const auto& portfolios = infos->front().portfolios;
  ASSERT_EQ(portfolios.size(), 1u);
  EXPECT_EQ(portfolios[0].text, "main");
  EXPECT_EQ(portfolios[0].portfolio_type, "DEFAULT");
  EXPECT_TRUE(portfolios[0].is_own);
  EXPECT_EQ(portfolios[0].portfolio, infos->front().broker_account);
  ASSERT_TRUE(portfolios[0].total && portfolios[0].cash);
  EXPECT_GT(*portfolios[0].total, *portfolios[0].cash);
  EXPECT_EQ(portfolios[0].asset, "USD");
}

}  // namespace
}  // namespace busbar::coinbase
