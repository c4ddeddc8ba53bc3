#include "tools/venue/engine.hpp"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "tools/venue/amount.hpp"
#include "tools/venue/market.hpp"
#include "tools/venue/settings.hpp"

namespace busbar::venue {
namespace {

using namespace busbar::literals;

Symbol symbol(std::string name, std::string base) {
  Symbol result;
  result.name = std::move(name);
  result.base = std::move(base);
  result.quote = "USDT";
  result.price_min = result.tick = "0.01"_d;
  result.price_max = "1000000"_d;
  result.qty_min = result.step = "0.001"_d;
  result.qty_max = "9000"_d;
  result.start_price = "100"_d;
  return result;
}

NewOrder limit(Side side, Decimal qty, Decimal price, TimeInForce time_in_force = TimeInForce::GoodTillCancel) {
  NewOrder order;
  order.side = side;
  order.qty = qty;
  order.price = price;
  order.time_in_force = time_in_force;
  return order;
}

NewOrder market(Side side, Decimal qty) {
  NewOrder order;
  order.side = side;
  order.type = OrderType::Market;
  order.qty = qty;
  return order;
}

NewOrder stop(OrderType type, Side side, Decimal qty, Decimal stop_price, Decimal price = {}) {
  NewOrder order = limit(side, qty, price);
  order.type = type;
  order.stop_price = stop_price;
  return order;
}

struct VenueEngine : testing::Test {
  Engine engine{{symbol("BTCUSDT", "BTC"), symbol("ETHUSDT", "ETH")}};
  AccountId alice = open("alice"), bob = open("bob");
  Events events;

  AccountId open(const char* name) {
    const AccountId id = engine.open_account(name, "0.001"_d, "0.001"_d, true);
    for (const char* asset : {"BTC", "ETH"}) engine.deposit(id, asset, "100"_d, 0);
    engine.deposit(id, "USDT", "10000"_d, 0);
    return id;
  }
  Order place(AccountId account, const NewOrder& order, SymbolId id = 0) {
    const auto placed = engine.place(account, id, order, 1, events);
    EXPECT_TRUE(placed);
    return placed ? *placed : Order{};
  }
  Refusal refused(AccountId account, const NewOrder& order) {
    const auto placed = engine.place(account, 0, order, 1, events);
    EXPECT_FALSE(placed);
    return placed ? Refusal::UnknownOrder : placed.error();
  }
  Order now(const Order& order) { return *engine.order(order.account, order.symbol, order.id); }
  Balance balance(AccountId account, const std::string& asset) { return engine.accounts()[account].balances.at(asset); }
};

TEST_F(VenueEngine, BetterPricesTradeFirstAndAtOnePriceTheEarlierOrder) {
  const Order late_price = place(alice, limit(Side::Sell, "1"_d, "101"_d));
  const Order first = place(alice, limit(Side::Sell, "1"_d, "100"_d));
  const Order second = place(alice, limit(Side::Sell, "1"_d, "100"_d));
  const Order taker = place(bob, limit(Side::Buy, "2.5"_d, "101"_d));

  EXPECT_EQ(taker.status, Status::Filled);
  EXPECT_EQ(taker.cum_quote, "250.5"_d) << "each trade is at the resting order's price";
  EXPECT_EQ(now(first).status, Status::Filled);
  EXPECT_EQ(now(second).status, Status::Filled);
  EXPECT_EQ(now(late_price).status, Status::PartiallyFilled);
  EXPECT_EQ(now(late_price).executed, "0.5"_d);
}

TEST_F(VenueEngine, TheCommissionIsTakenFromWhatIsReceived) {
  place(alice, limit(Side::Sell, "1"_d, "100"_d));
  place(bob, limit(Side::Buy, "1"_d, "100"_d));
  EXPECT_EQ(balance(bob, "BTC").free, "100.999"_d);
  EXPECT_EQ(balance(bob, "USDT").free, "9900"_d);
  EXPECT_EQ(balance(alice, "USDT").free, "10099.9"_d);
  EXPECT_EQ(balance(0, "BTC").free, "0.001"_d);
  EXPECT_EQ(balance(0, "USDT").free, "0.1"_d);
}

TEST_F(VenueEngine, ABuyReservesItsPriceAndGetsTheDifferenceBack) {
  place(alice, limit(Side::Sell, "1"_d, "90"_d));
  const Order buy = place(bob, limit(Side::Buy, "2"_d, "100"_d));
  EXPECT_EQ(balance(bob, "USDT").locked, "100"_d) << "one left at 100";
  EXPECT_EQ(balance(bob, "USDT").free, "9810"_d);
  ASSERT_TRUE(engine.cancel(bob, 0, buy.id, "", CancelRestriction::None, 2, events));
  EXPECT_EQ(balance(bob, "USDT").locked, "0"_d);
  EXPECT_EQ(balance(bob, "USDT").free, "9910"_d);
}

TEST_F(VenueEngine, WhatCannotWorkOnExpires) {
  place(alice, limit(Side::Sell, "1"_d, "100"_d));
  struct Case {
    const char* what;
    NewOrder order;
    ExpiryReason reason;
    Decimal executed;
  };
  const Case cases[] = {
      {"fill or kill that can't fill",
       limit(Side::Buy, "2"_d, "100"_d, TimeInForce::FillOrKill),
       ExpiryReason::UnfilledFillOrKill,
       {}},
      {"immediate or cancel that finds nothing",
       limit(Side::Buy, "1"_d, "99"_d, TimeInForce::ImmediateOrCancel),
       ExpiryReason::UnfilledImmediate,
       {}},
      {"immediate or cancel that finds a part", limit(Side::Buy, "2"_d, "100"_d, TimeInForce::ImmediateOrCancel),
       ExpiryReason::UnfilledImmediate, "1"_d},
      {"market order without a market", market(Side::Buy, "1"_d), ExpiryReason::InsufficientLiquidity, {}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const Order order = place(bob, c.order);
    EXPECT_EQ(order.status, Status::Expired);
    EXPECT_EQ(order.expiry, c.reason);
    EXPECT_EQ(order.executed, c.executed);
    EXPECT_EQ(balance(bob, "USDT").locked, "0"_d);
  }
}

TEST_F(VenueEngine, AMarketOrderByQuoteQuantitySpendsWholeSteps) {
  place(alice, limit(Side::Sell, "1"_d, "100"_d));
  place(alice, limit(Side::Sell, "1"_d, "101"_d));
  NewOrder by_quote = market(Side::Buy, {});
  by_quote.quote_qty = "150.05"_d;
  events = {};
  const Order order = place(bob, by_quote);
  for (const Execution& execution : events.executions) {
    const bool is_its = execution.order.id == order.id;
    EXPECT_TRUE(!is_its || execution.order.qty == "1.495"_d) << "known from its first event on";
  }
  EXPECT_EQ(order.status, Status::Filled);
  EXPECT_EQ(order.executed, "1.495"_d);
  EXPECT_EQ(order.qty, order.executed);
  EXPECT_EQ(order.cum_quote, "149.995"_d);
  by_quote.quote_qty = "1000"_d;
  EXPECT_EQ(place(bob, by_quote).status, Status::Expired) << "the book ran dry first";
  EXPECT_EQ(refused(bob, by_quote), Refusal::NoLiquidity);
}

TEST_F(VenueEngine, RefusesBeforeAnythingHappened) {
  place(alice, limit(Side::Sell, "1"_d, "100"_d));
  NewOrder named = limit(Side::Buy, "1"_d, "50"_d);
  named.client_order_id = "one";
  NewOrder maker = limit(Side::Buy, "1"_d, "100"_d);
  maker.type = OrderType::LimitMaker;
  place(bob, named);
  const std::size_t told = events.executions.size();
  EXPECT_EQ(refused(bob, named), Refusal::DuplicateOrder);
  EXPECT_EQ(refused(bob, maker), Refusal::WouldMatchImmediately);
  EXPECT_EQ(refused(bob, limit(Side::Buy, "1000"_d, "100"_d)), Refusal::InsufficientBalance);
  EXPECT_EQ(refused(bob, limit(Side::Sell, "101"_d, "100"_d)), Refusal::InsufficientBalance);
  EXPECT_EQ(refused(bob, stop(OrderType::StopLossLimit, Side::Buy, "1"_d, "99"_d, "99"_d)),
            Refusal::WouldTriggerImmediately);
  EXPECT_EQ(refused(bob, stop(OrderType::TakeProfit, Side::Buy, "1"_d, "101"_d)), Refusal::WouldTriggerImmediately);
  engine.set_status(0, SymbolStatus::Halt);
  EXPECT_EQ(refused(bob, limit(Side::Buy, "1"_d, "50"_d)), Refusal::MarketClosed);
  EXPECT_EQ(events.executions.size(), told);
}

TEST_F(VenueEngine, WhatIsRenamedGoesOnUnderItsNumber) {
  const Order resting = place(bob, limit(Side::Buy, "1"_d, "50"_d));
  engine.rename(0, "XBTUSDT");
  EXPECT_EQ(engine.symbol_by_name("XBTUSDT"), 0u);
  EXPECT_FALSE(engine.symbol_by_name("BTCUSDT"));
  place(alice, limit(Side::Sell, "1"_d, "50"_d));
  EXPECT_EQ(engine.order(bob, 0, resting.id)->status, Status::Filled);
  EXPECT_EQ(balance(bob, "BTC").free, "100.999"_d);  // less what the broker takes
}

TEST_F(VenueEngine, TheNameOfAnEndedOrderCanBeUsedAgain) {
  NewOrder named = limit(Side::Buy, "1"_d, "50"_d);
  named.client_order_id = "again";
  const Order first = place(bob, named);
  ASSERT_TRUE(engine.cancel(bob, 0, first.id, "", CancelRestriction::None, 2, events));
  const Order second = place(bob, named);
  EXPECT_NE(first.id, second.id);
  EXPECT_EQ(engine.order_by_client_id(bob, 0, "again")->id, second.id);
}

TEST_F(VenueEngine, AStopRestsUntilItsPriceTradesAndIsThenTheSameOrder) {
  const Order waiting = place(bob, stop(OrderType::StopLossLimit, Side::Buy, "1"_d, "105"_d, "106"_d));
  EXPECT_EQ(waiting.working, 0);
  EXPECT_EQ(balance(bob, "USDT").locked, "106"_d);
  place(alice, limit(Side::Sell, "1"_d, "105"_d));
  place(alice, limit(Side::Sell, "2"_d, "105.5"_d));
  events = {};
  place(bob, limit(Side::Buy, "1"_d, "105"_d));
  EXPECT_EQ(now(waiting).status, Status::Filled);
  EXPECT_EQ(now(waiting).cum_quote, "105.5"_d);
  const auto news = std::count_if(events.executions.begin(), events.executions.end(), [&](const Execution& e) {
    return e.type == ExecutionType::New && e.order.id == waiting.id && e.order.working != 0;
  });
  EXPECT_EQ(news, 1) << "a second New when it starts to work";
}

TEST_F(VenueEngine, ATriggeredMarketOrderThatCannotPayExpires) {
  const Order waiting = place(bob, stop(OrderType::StopLoss, Side::Buy, "90"_d, "101"_d));
  place(alice, limit(Side::Sell, "1"_d, "101"_d));
  place(alice, limit(Side::Sell, "90"_d, "300"_d));
  NewOrder take = limit(Side::Buy, "1"_d, "101"_d);
  place(alice, [&] {
    take.self_trade = SelfTrade::None;
    return take;
  }());
  EXPECT_EQ(now(waiting).status, Status::Expired);
  EXPECT_EQ(now(waiting).expiry, ExpiryReason::Rejected);
  EXPECT_EQ(balance(bob, "USDT").free, "10000"_d);
}

TEST_F(VenueEngine, OrdersOfOneAccountMeetAsTheModeSays) {
  struct Case {
    SelfTrade mode;
    Status maker, taker;
  };
  const Case cases[] = {
      {SelfTrade::None, Status::Filled, Status::Filled},
      {SelfTrade::ExpireMaker, Status::ExpiredInMatch, Status::New},
      {SelfTrade::ExpireTaker, Status::New, Status::ExpiredInMatch},
      {SelfTrade::ExpireBoth, Status::ExpiredInMatch, Status::ExpiredInMatch},
      {SelfTrade::Decrement, Status::ExpiredInMatch, Status::ExpiredInMatch},
  };
  for (const Case& c : cases) {
    const Order maker = place(alice, limit(Side::Sell, "1"_d, "100"_d));
    NewOrder taking = limit(Side::Buy, "1"_d, "100"_d);
    taking.self_trade = c.mode;
    const Order taker = place(alice, taking);
    EXPECT_EQ(now(maker).status, c.maker) << static_cast<int>(c.mode);
    EXPECT_EQ(taker.status, c.taker) << static_cast<int>(c.mode);
    for (const Order* open : engine.orders(alice, 0, true)) {
      static_cast<void>(engine.cancel(alice, 0, open->id, "", CancelRestriction::None, 2, events));
    }
    EXPECT_EQ(balance(alice, "USDT").locked, "0"_d);
    EXPECT_EQ(balance(alice, "BTC").locked, "0"_d);
  }
}

TEST_F(VenueEngine, ADecrementTakesTheSameFromBothAndEndsTheSmaller) {
  const Order maker = place(alice, limit(Side::Buy, "6"_d, "2"_d));
  events = {};
  NewOrder taking = limit(Side::Sell, "2"_d, "2"_d);
  taking.self_trade = SelfTrade::Decrement;
  const Order taker = place(alice, taking);
  EXPECT_EQ(taker.status, Status::ExpiredInMatch);
  EXPECT_EQ(taker.prevented_qty, "2"_d);
  EXPECT_EQ(now(maker).status, Status::New);
  EXPECT_EQ(now(maker).prevented_qty, "2"_d);
  EXPECT_EQ(engine.levels(0, Side::Buy, 1).front().second, "4"_d);
  EXPECT_EQ(balance(alice, "USDT").locked, "8"_d);
  EXPECT_TRUE(events.trades.empty());
  ASSERT_EQ(engine.prevented_matches().size(), 1U);
  const PreventedMatch& match = engine.prevented_matches().front();
  EXPECT_EQ(match.taker_order, taker.id);
  EXPECT_EQ(match.maker_order, maker.id);
  EXPECT_EQ(match.taker_prevented, "2"_d);
  EXPECT_EQ(match.maker_prevented, "2"_d);
  EXPECT_EQ(taker.prevented_match_id, now(maker).prevented_match_id) << "one match, whoever is asked";
  place(bob, limit(Side::Sell, "4"_d, "2"_d));
  EXPECT_EQ(now(maker).status, Status::Filled);
  EXPECT_EQ(balance(alice, "USDT").locked, "0"_d);
}

TEST_F(VenueEngine, AnIcebergShowsAPartAndEachNewPartGoesToTheEnd) {
  NewOrder iceberg = limit(Side::Sell, "5"_d, "100"_d);
  iceberg.iceberg_qty = "2"_d;
  const Order hidden = place(alice, iceberg);
  const Order behind = place(alice, limit(Side::Sell, "1"_d, "100"_d));
  EXPECT_EQ(engine.levels(0, Side::Sell, 1).front().second, "3"_d) << "two of five, and one";
  place(bob, limit(Side::Buy, "2"_d, "100"_d));
  EXPECT_EQ(now(behind).executed, "0"_d);
  EXPECT_EQ(engine.levels(0, Side::Sell, 1).front().second, "3"_d);
  place(bob, limit(Side::Buy, "1"_d, "100"_d));
  EXPECT_EQ(now(behind).status, Status::Filled) << "the second part came after it";
  EXPECT_EQ(now(hidden).executed, "2"_d);
  EXPECT_EQ(place(bob, limit(Side::Buy, "3"_d, "100"_d, TimeInForce::FillOrKill)).status, Status::Filled)
      << "what is hidden trades all the same";
  EXPECT_EQ(now(hidden).status, Status::Filled);
  EXPECT_TRUE(engine.levels(0, Side::Sell, 1).empty());
}

struct Move {
  Decimal price;
  bool is_triggered;
};

// The scenarios of the documentation, C to E and mirrored ones, one trade at a time.
TEST_F(VenueEngine, ATrailingStopFollowsThePriceAndTriggersOnTheWayBack) {
  struct Case {
    const char* what;
    OrderType type;
    Side side;
    Decimal stop_price;
    std::int64_t delta;
    std::vector<Move> moves;
  };
  const Case cases[] = {
      {"stop loss, buys", OrderType::StopLossLimit, Side::Buy, "110"_d, 500,
       {{"92.5"_d, false}, {"110"_d, false}, {"115"_d, false}, {"105"_d, false}, {"110.24"_d, false},
        {"110.25"_d, true}}},
      {"take profit, buys", OrderType::TakeProfitLimit, Side::Buy, "95"_d, 850,
       {{"105"_d, false}, {"95"_d, false}, {"92.5"_d, false}, {"97.5"_d, false}, {"95"_d, false}, {"100.37"_d, true}}},
      {"take profit, sells", OrderType::TakeProfitLimit, Side::Sell, "105"_d, 750,
       {{"104"_d, false}, {"97"_d, false}, {"105"_d, false}, {"112"_d, false}, {"104"_d, false}, {"103.6"_d, true}}},
      {"stop loss without a stop price, sells", OrderType::StopLossLimit, Side::Sell, {}, 700,
       {{"105"_d, false}, {"98.75"_d, false}, {"113.75"_d, false}, {"105.78"_d, true}}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Engine quiet{{symbol("BTCUSDT", "BTC")}};
    const AccountId owner = quiet.open_account("owner", {}, {}, true);
    const AccountId world = quiet.open_account("world", {}, {}, true);
    for (const AccountId account : {owner, world}) {
      quiet.deposit(account, "BTC", "100"_d, 0);
      quiet.deposit(account, "USDT", "100000"_d, 0);
    }
    const bool buys = c.side == Side::Buy;
    NewOrder order = stop(c.type, c.side, "1"_d, c.stop_price, buys ? "50"_d : "200"_d);  // will rest when it works
    order.trailing_delta = c.delta;
    Events happened;
    const auto placed = quiet.place(owner, 0, order, 1, happened);
    ASSERT_TRUE(placed);
    for (const Move& move : c.moves) {
      NewOrder trade = limit(Side::Sell, "0.01"_d, move.price);
      trade.self_trade = SelfTrade::None;
      ASSERT_TRUE(quiet.place(world, 0, trade, 2, happened));
      trade.side = Side::Buy;
      ASSERT_TRUE(quiet.place(world, 0, trade, 2, happened));
      EXPECT_EQ(quiet.order(owner, 0, placed->id)->working != 0, move.is_triggered) << to_string(move.price);
    }
  }
}

TEST_F(VenueEngine, AnAmendedOrderIsSmallerAndKeepsItsPlace) {
  const Order first = place(alice, limit(Side::Buy, "3"_d, "50"_d));
  const Order second = place(bob, limit(Side::Buy, "3"_d, "50"_d));
  events = {};
  const auto amended = engine.amend(alice, 0, first.id, "smaller", "1"_d, 2, events);
  ASSERT_TRUE(amended);
  EXPECT_EQ(amended->order.qty, "1"_d);
  EXPECT_EQ(amended->amendment.former_id, first.client_order_id);
  EXPECT_EQ(balance(alice, "USDT").locked, "50"_d);
  EXPECT_EQ(engine.levels(0, Side::Buy, 1).front().second, "4"_d);
  ASSERT_EQ(events.executions.size(), 1U);
  EXPECT_EQ(events.executions[0].type, ExecutionType::Replaced);
  EXPECT_EQ(engine.order_by_client_id(alice, 0, "smaller")->id, first.id);
  EXPECT_EQ(engine.order_by_client_id(alice, 0, first.client_order_id), nullptr);
  NewOrder sells = limit(Side::Sell, "1"_d, "50"_d, TimeInForce::ImmediateOrCancel);
  sells.self_trade = SelfTrade::None;
  place(bob, sells);
  EXPECT_EQ(now(first).status, Status::Filled);
  EXPECT_EQ(now(second).executed, "0"_d);

  const auto refusal = [&](std::uint64_t id, Decimal qty) {
    return engine.amend(bob, 0, id, "", qty, 3, events).error();
  };
  EXPECT_EQ(refusal(second.id, "3"_d), Refusal::ChangesNothing);
  EXPECT_EQ(refusal(second.id, "4"_d), Refusal::AmendIncreases);
  EXPECT_EQ(refusal(first.id, "1"_d), Refusal::UnknownOrder) << "another's";
}

struct VenueOrderLists : VenueEngine {
  NewOrder above = limit(Side::Sell, "2"_d, "110"_d);
  NewOrder below = stop(OrderType::StopLossLimit, Side::Sell, "2"_d, "90"_d, "89"_d);
  NewOrder working = limit(Side::Buy, "2"_d, "100"_d);

  VenueOrderLists() { above.type = OrderType::LimitMaker; }
  Engine::PlacedList place_list(const NewOrderList& wanted) {
    const auto placed = engine.place_list(alice, 0, wanted, 1, events);
    EXPECT_TRUE(placed) << (placed ? 0 : static_cast<int>(placed.error()));
    return placed ? *placed : Engine::PlacedList{};
  }
  Order leg(const Engine::PlacedList& placed, std::size_t index) { return now(placed.orders[index]); }
  void trade_at(Decimal price) {  // bob alone
    NewOrder order = limit(Side::Sell, "0.001"_d, price);
    order.self_trade = SelfTrade::None;
    place(bob, order);
    order.side = Side::Buy;
    place(bob, order);
  }
  bool is_done(const Engine::PlacedList& placed) { return engine.order_list(alice, placed.list.id)->is_done; }
};

TEST_F(VenueOrderLists, APairReservesOnceAndAFillOfOneEndsTheOther) {
  const auto pair = place_list({"pair", std::nullopt, {above, below}});
  ASSERT_EQ(pair.orders.size(), 2U);
  EXPECT_EQ(pair.orders[0].type, OrderType::StopLossLimit) << "the stop loss has the lower number";
  EXPECT_EQ(balance(alice, "BTC").locked, "2"_d);
  EXPECT_EQ(engine.order_list_by_client_id(alice, "pair")->contingency, Contingency::Oco);
  events = {};
  place(bob, limit(Side::Buy, "0.5"_d, "110"_d));
  EXPECT_EQ(leg(pair, 0).status, Status::Expired);
  EXPECT_EQ(leg(pair, 0).expiry, ExpiryReason::OcoTrigger);
  EXPECT_EQ(leg(pair, 1).status, Status::PartiallyFilled);
  EXPECT_EQ(balance(alice, "BTC").locked, "1.5"_d);
  EXPECT_FALSE(is_done(pair));
  place(bob, limit(Side::Buy, "1.5"_d, "110"_d));
  EXPECT_TRUE(is_done(pair));
  ASSERT_EQ(events.lists.size(), 1U);
  EXPECT_EQ(events.lists[0].event, ListEvent::AllDone);
  EXPECT_EQ(balance(alice, "BTC").locked, "0"_d);
}

TEST_F(VenueOrderLists, ATriggeredStopEndsTheOtherOfItsPair) {
  const auto pair = place_list({"", std::nullopt, {above, below}});
  trade_at("90"_d);
  EXPECT_EQ(leg(pair, 1).status, Status::Expired);
  EXPECT_EQ(leg(pair, 1).expiry, ExpiryReason::OcoTrigger);
  EXPECT_EQ(leg(pair, 0).status, Status::New);
  EXPECT_NE(leg(pair, 0).working, 0);
  EXPECT_TRUE(engine.levels(0, Side::Sell, 5).size() == 1U) << "only the stop's limit order is left in the book";
  EXPECT_EQ(balance(alice, "BTC").locked, "2"_d);
}

TEST_F(VenueOrderLists, ACancelOfOneIsACancelOfAll) {
  const auto pair = place_list({"", std::nullopt, {above, below}});
  events = {};
  ASSERT_TRUE(engine.cancel(alice, 0, pair.orders[1].id, "away", CancelRestriction::None, 2, events));
  for (std::size_t i : {0U, 1U}) EXPECT_EQ(leg(pair, i).status, Status::Canceled);
  ASSERT_EQ(events.executions.size(), 2U);
  for (const Execution& execution : events.executions) EXPECT_EQ(execution.cancel_id, "away");
  EXPECT_TRUE(is_done(pair));
  EXPECT_EQ(balance(alice, "BTC").locked, "0"_d);
  EXPECT_EQ(engine.cancel_list(alice, pair.list.id, "", 3, events).error(), Refusal::UnknownOrder);
}

TEST_F(VenueOrderLists, PricesOfAPairLieOnBothSidesOfTheMarket) {
  const auto refusal = [&](const NewOrder& one, const NewOrder& other) {
    return engine.place_list(alice, 0, {"", std::nullopt, {one, other}}, 1, events).error();
  };
  NewOrder low = above, high = below, named = above, same = below;
  low.price = "99"_d;
  EXPECT_EQ(refusal(low, below), Refusal::BadPrices);
  high.stop_price = "101"_d;
  EXPECT_EQ(refusal(above, high), Refusal::BadPrices);
  named.client_order_id = same.client_order_id = "one";
  EXPECT_EQ(refusal(named, same), Refusal::DuplicateOrder);
  NewOrder huge = above, much = below;
  huge.qty = much.qty = "101"_d;
  EXPECT_EQ(refusal(huge, much), Refusal::InsufficientBalance);
  EXPECT_TRUE(engine.orders(alice, 0, false).empty());
}

TEST_F(VenueOrderLists, APendingOrderStartsWhenTheWorkingOneIsFilledAndNotBefore) {
  const auto list = place_list({"", working, {below}});
  EXPECT_EQ(list.orders[1].status, Status::PendingNew);
  EXPECT_EQ(balance(alice, "BTC").locked, "0"_d) << "it reserves nothing yet";
  place(bob, limit(Side::Sell, "1"_d, "100"_d));
  EXPECT_EQ(leg(list, 1).status, Status::PendingNew);
  events = {};
  place(bob, limit(Side::Sell, "1"_d, "100"_d));
  EXPECT_EQ(leg(list, 0).status, Status::Filled);
  EXPECT_EQ(leg(list, 1).status, Status::New);
  EXPECT_EQ(balance(alice, "BTC").locked, "2"_d);
  EXPECT_FALSE(is_done(list));
  trade_at("90"_d);
  EXPECT_NE(leg(list, 1).working, 0) << "and is triggered as any other";
}

TEST_F(VenueOrderLists, AFilledWorkingOrderIsToldBeforeThePendingOneStarts) {
  place(bob, limit(Side::Sell, "2"_d, "100"_d));
  NewOrder at_market = market(Side::Sell, "2"_d);
  place(bob, limit(Side::Buy, "2"_d, "95"_d));
  const auto list = place_list({"", working, {at_market}});
  EXPECT_EQ(list.orders[0].status, Status::Filled);
  EXPECT_EQ(list.orders[1].status, Status::PendingNew);
  EXPECT_EQ(leg(list, 1).status, Status::Filled) << "but has long since traded";
  EXPECT_TRUE(is_done(list));
}

TEST_F(VenueOrderLists, AnEndOfTheWorkingOrderEndsThePendingOnes) {
  const auto cancelled = place_list({"", working, {above, below}});
  ASSERT_TRUE(engine.cancel(alice, 0, cancelled.orders[2].id, "", CancelRestriction::None, 2, events));
  for (std::size_t i : {0U, 1U, 2U}) EXPECT_EQ(leg(cancelled, i).status, Status::Canceled);

  working.time_in_force = TimeInForce::ImmediateOrCancel;
  const auto expired = place_list({"", working, {above, below}});
  EXPECT_EQ(leg(expired, 0).expiry, ExpiryReason::UnfilledImmediate);
  for (std::size_t i : {1U, 2U}) EXPECT_EQ(leg(expired, i).expiry, ExpiryReason::OtoPhaseOneExpired);
  EXPECT_TRUE(is_done(expired));
  EXPECT_EQ(balance(alice, "USDT").locked, "0"_d);
}

TEST_F(VenueOrderLists, APairThatWaitedIsAPairOnceItStarts) {
  const auto list = place_list({"", working, {above, below}});
  ASSERT_EQ(list.orders.size(), 3U);
  place(bob, limit(Side::Sell, "2"_d, "100"_d));
  EXPECT_EQ(leg(list, 1).status, Status::New);
  EXPECT_EQ(leg(list, 2).status, Status::New);
  EXPECT_EQ(balance(alice, "BTC").locked, "2"_d);
  place(bob, limit(Side::Buy, "2"_d, "110"_d));
  EXPECT_EQ(leg(list, 2).status, Status::Filled);
  EXPECT_EQ(leg(list, 1).expiry, ExpiryReason::OcoTrigger);
  EXPECT_TRUE(is_done(list));
}

TEST_F(VenueOrderLists, APendingOrderThatCannotStartExpiresWithTheReason) {
  NewOrder far = below;
  far.qty = "500"_d;
  const auto list = place_list({"", working, {far}});
  events = {};
  place(bob, limit(Side::Sell, "2"_d, "100"_d));
  EXPECT_EQ(leg(list, 1).expiry, ExpiryReason::Rejected);
  const auto told = std::find_if(events.executions.begin(), events.executions.end(),
                                 [](const Execution& execution) { return execution.refusal.has_value(); });
  ASSERT_NE(told, events.executions.end());
  EXPECT_EQ(told->refusal, Refusal::InsufficientBalance);
  EXPECT_TRUE(is_done(list));
}

TEST_F(VenueOrderLists, AnAmendOfOneOfAPairChangesBoth) {
  const auto pair = place_list({"", std::nullopt, {above, below}});
  events = {};
  ASSERT_TRUE(engine.amend(alice, 0, pair.orders[1].id, "smaller", "1"_d, 2, events));
  for (std::size_t i : {0U, 1U}) EXPECT_EQ(leg(pair, i).qty, "1"_d);
  EXPECT_EQ(balance(alice, "BTC").locked, "1"_d);
  ASSERT_EQ(events.lists.size(), 1U);
  EXPECT_EQ(events.lists[0].event, ListEvent::Updated);
  EXPECT_EQ(events.lists[0].list.legs[1].client_order_id, "smaller");
}

TEST_F(VenueEngine, IdsRepeatAcrossSymbols) {
  EXPECT_EQ(place(alice, limit(Side::Sell, "1"_d, "100"_d), 0).id,
            place(alice, limit(Side::Sell, "1"_d, "100"_d), 1).id);
}

std::int64_t whole(Decimal value, Decimal unit) {
  const Decimal count = divide(value, unit, 0, Round::Down)->normalized();
  std::int64_t result = count.mantissa();
  for (int exponent = count.exponent(); exponent > 0; --exponent) result *= 10;
  return result;
}

// The slowest engine that can be right: one list, searched anew for each match. Prices in ticks, quantities in steps.
class Reference {
 public:
  struct Resting {
    std::uint64_t id;
    bool buys;
    std::int64_t price, qty;
  };
  struct Match {
    std::uint64_t taker, maker;
    std::int64_t price, qty;
    friend bool operator==(const Match&, const Match&) = default;
  };
  std::vector<Match> take(std::uint64_t id, bool buys, std::int64_t price, std::int64_t qty, bool rests, bool kills) {
    std::vector<Match> matches;
    const std::vector<Resting> before = book_;
    while (qty > 0) {
      auto best = book_.end();
      for (auto it = book_.begin(); it != book_.end(); ++it) {
        if (it->buys == buys || (price != 0 && (buys ? it->price > price : it->price < price))) continue;
        if (best == book_.end() || (buys ? it->price < best->price : it->price > best->price)) best = it;
      }
      if (best == book_.end()) break;
      const std::int64_t part = std::min(qty, best->qty);
      matches.push_back({id, best->id, best->price, part});
      qty -= part;
      best->qty -= part;
      if (best->qty == 0) book_.erase(best);
    }
    if (kills && qty > 0) {
      book_ = before;
      return {};
    }
    if (rests && qty > 0) book_.push_back({id, buys, price, qty});
    return matches;
  }
  void remove(std::uint64_t id) {
    std::erase_if(book_, [&](const Resting& r) { return r.id == id; });
  }
  const std::vector<Resting>& book() const { return book_; }

 private:
  std::vector<Resting> book_;
};

TEST(VenueEngineProperty, TenThousandRandomOrdersTradeAsTheReferenceDoesAndNothingVanishes) {
  Engine engine{{symbol("BTCUSDT", "BTC")}};
  std::vector<AccountId> accounts;
  for (int i = 0; i < 4; ++i) {
    accounts.push_back(engine.open_account("account" + std::to_string(i), "0.001"_d, "0.00075"_d, true));
    engine.deposit(accounts.back(), "BTC", "1000000"_d, 0);
    engine.deposit(accounts.back(), "USDT", "100000000"_d, 0);
  }
  Reference reference;
  std::mt19937_64 random{20261125};
  const auto below = [&](std::uint64_t bound) { return static_cast<std::int64_t>(random() % bound); };
  std::vector<std::pair<AccountId, std::uint64_t>> open;

  for (int turn = 0; turn < 10'000; ++turn) {
    Events events;
    if (below(5) == 0 && !open.empty()) {
      const auto [account, id] = open[static_cast<std::size_t>(below(open.size()))];
      if (engine.cancel(account, 0, id, "", CancelRestriction::None, turn, events)) reference.remove(id);
      continue;
    }
    const AccountId account = accounts[static_cast<std::size_t>(below(accounts.size()))];
    const bool buys = below(2) == 0;
    const std::int64_t price = 9'900 + below(200), qty = 1 + below(5'000);
    const std::int64_t kind = below(10);  // 0: market, 1: immediate or cancel, 2: fill or kill, else good till cancel
    NewOrder order = kind == 0 ? market(buys ? Side::Buy : Side::Sell, Decimal{qty, -3})
                               : limit(buys ? Side::Buy : Side::Sell, Decimal{qty, -3}, Decimal{price, -2},
                                       kind == 1   ? TimeInForce::ImmediateOrCancel
                                       : kind == 2 ? TimeInForce::FillOrKill
                                                   : TimeInForce::GoodTillCancel);
    order.self_trade = SelfTrade::None;
    const auto placed = engine.place(account, 0, order, turn, events);
    ASSERT_TRUE(placed);
    const auto expected = reference.take(placed->id, buys, kind == 0 ? 0 : price, qty, kind > 2, kind == 2);
    std::vector<Reference::Match> happened;
    for (const Trade& trade : events.trades) {
      happened.push_back({trade.taker_order, trade.taker_order == trade.buy_order ? trade.sell_order : trade.buy_order,
                          whole(trade.price, Decimal{1, -2}), whole(trade.qty, Decimal{1, -3})});
    }
    ASSERT_EQ(happened, expected) << "turn " << turn;
    if (placed->is_open()) open.emplace_back(account, placed->id);

    const auto bids = engine.levels(0, Side::Buy, 1), asks = engine.levels(0, Side::Sell, 1);
    if (!bids.empty() && !asks.empty()) {
      ASSERT_LT(bids.front().first, asks.front().first) << "crossed at turn " << turn;
    }
    for (const auto& [asset, total] : {std::pair{"BTC", "4000000"_d}, std::pair{"USDT", "400000000"_d}}) {
      Decimal sum;
      for (const Account& holder : engine.accounts()) {
        const auto found = holder.balances.find(asset);
        if (found == holder.balances.end()) continue;
        ASSERT_FALSE(found->second.free.is_negative() || found->second.locked.is_negative());
        sum = plus(sum, plus(found->second.free, found->second.locked));
      }
      ASSERT_EQ(sum, total) << asset << " at turn " << turn;
    }
  }
  Decimal resting;
  for (const auto& r : reference.book()) resting = plus(resting, Decimal{r.qty, -3});
  Decimal in_book;
  for (const Side side : {Side::Buy, Side::Sell}) {
    for (const auto& [price, qty] : engine.levels(0, side, 1'000)) in_book = plus(in_book, qty);
  }
  EXPECT_EQ(in_book, resting);
}

// Every kind of order and list, amended, cancelled and triggered at random: whatever happens, money only moves, what is
// reserved belongs to an open order, and a list is done when its orders are.
TEST(VenueEngineProperty, WhateverHappensNothingVanishesAndNothingStaysReserved) {
  Engine engine{{symbol("BTCUSDT", "BTC")}};
  std::vector<AccountId> accounts;
  for (int i = 0; i < 3; ++i) {
    accounts.push_back(engine.open_account("account" + std::to_string(i), "0.001"_d, "0.00075"_d, true));
    engine.deposit(accounts.back(), "BTC", "300"_d, 0);
    engine.deposit(accounts.back(), "USDT", "30000"_d, 0);
  }
  std::mt19937_64 random{20261126};
  const auto below = [&](std::uint64_t bound) { return static_cast<std::int64_t>(random() % bound); };
  const auto size = [&] { return Decimal{1 + below(5'000), -3}; };
  const auto price = [&] { return Decimal{9'000 + below(2'000), -2}; };
  const auto any_order = [&](Side side, Decimal qty) {
    NewOrder order = limit(side, qty, price());
    order.type = static_cast<OrderType>(below(7));
    order.self_trade = static_cast<SelfTrade>(below(5));
    if (order.type == OrderType::Market || order.type == OrderType::StopLoss || order.type == OrderType::TakeProfit) {
      order.price = {};
    }
    const bool is_stop = order.type != OrderType::Limit && order.type != OrderType::Market &&
                         order.type != OrderType::LimitMaker;
    if (is_stop) order.stop_price = price();
    if (is_stop && below(3) == 0) order.trailing_delta = 10 + below(300);
    if (is_stop && order.trailing_delta && below(2) == 0) order.stop_price = {};
    if (order.type == OrderType::Limit) order.time_in_force = static_cast<TimeInForce>(below(8) < 6 ? 0 : below(3));
    if (!order.price.is_zero() && order.time_in_force == TimeInForce::GoodTillCancel && below(4) == 0) {
      order.iceberg_qty = least(qty, size());
    }
    return order;
  };
  const auto pair_of = [&](Side side, Decimal qty) {
    NewOrder maker = limit(side, qty, engine.last_price(0)), loss = maker;
    const Decimal away{1 + below(300), -2};
    const bool buys = side == Side::Buy;
    maker.type = OrderType::LimitMaker;
    maker.price = buys ? minus(maker.price, away) : plus(maker.price, away);
    loss.type = below(2) == 0 ? OrderType::StopLoss : OrderType::StopLossLimit;
    loss.stop_price = buys ? plus(loss.price, away) : minus(loss.price, away);
    loss.price = loss.type == OrderType::StopLoss ? Decimal{} : loss.stop_price;
    return std::vector<NewOrder>{maker, loss};
  };
  int lists = 0, amends = 0, prevented = 0, triggered = 0;
  for (int turn = 0; turn < 8'000; ++turn) {
    Events events;
    const AccountId account = accounts[static_cast<std::size_t>(below(accounts.size()))];
    const auto open = engine.orders(account, 0, true);
    const Side side = below(2) == 0 ? Side::Buy : Side::Sell;
    const std::int64_t what = below(10);
    if (what < 2 && !open.empty()) {
      const Order target = *open[static_cast<std::size_t>(below(open.size()))];
      if (what == 0) {
        ASSERT_TRUE(engine.cancel(account, 0, target.id, "", CancelRestriction::None, turn, events));
      } else if (engine.amend(account, 0, target.id, "", least(size(), target.qty), turn, events)) {
        ++amends;
      }
    } else if (what < 4) {
      NewOrderList wanted;
      const Decimal qty = size();
      if (below(3) != 0) {
        wanted.working = limit(side, qty, price(), static_cast<TimeInForce>(below(6) < 4 ? 0 : below(3)));
        const Side back = side == Side::Buy ? Side::Sell : Side::Buy;
        wanted.legs = below(2) == 0 ? pair_of(back, qty) : std::vector<NewOrder>{any_order(back, qty)};
      } else {
        wanted.legs = pair_of(side, qty);
      }
      if (engine.place_list(account, 0, wanted, turn, events)) ++lists;
    } else {
      NewOrder order = any_order(side, size());
      if (order.type == OrderType::Market && below(2) == 0) {
        order.quote_qty = times(std::exchange(order.qty, {}), "99"_d);
      }
      const auto placed = engine.place(account, 0, order, turn, events);
      const bool is_filled = placed && placed->status == Status::Filled;
      ASSERT_TRUE(!is_filled || placed->executed == minus(placed->qty, placed->prevented_qty)) << "turn " << turn;
    }
    for (const Execution& execution : events.executions) {
      if (execution.type == ExecutionType::TradePrevention) ++prevented;
      const bool works = execution.type == ExecutionType::New && execution.order.working != 0;
      if (works && execution.order.is_stop()) ++triggered;
    }
    for (const auto& [asset, total] : {std::pair{"BTC", "900"_d}, std::pair{"USDT", "90000"_d}}) {
      Decimal sum, reserved;
      for (const Account& holder : engine.accounts()) {
        const auto found = holder.balances.find(asset);
        if (found == holder.balances.end()) continue;
        ASSERT_FALSE(found->second.free.is_negative() || found->second.locked.is_negative()) << "turn " << turn;
        sum = plus(sum, plus(found->second.free, found->second.locked));
        reserved = plus(reserved, found->second.locked);
      }
      ASSERT_EQ(sum, total) << asset << " at turn " << turn;
      for (const AccountId each : accounts) {
        for (const Order* order : engine.orders(each, 0, true)) {
          const bool spends_it = (order->side == Side::Buy) == (std::string_view{asset} == "USDT");
          if (spends_it) reserved = minus(reserved, order->locked);
        }
      }
      ASSERT_TRUE(reserved.is_zero()) << asset << " at turn " << turn;
    }
  }
  for (const AccountId account : accounts) {
    for (const OrderList* list : engine.order_lists(account, false)) {
      const bool is_over = std::none_of(list->legs.begin(), list->legs.end(), [&](const OrderList::Leg& leg) {
        return engine.order(account, 0, leg.order_id)->is_open();
      });
      EXPECT_EQ(list->is_done, is_over) << list->id;
    }
    while (!engine.orders(account, 0, true).empty()) {
      Events events;
      const std::uint64_t id = engine.orders(account, 0, true).front()->id;
      ASSERT_TRUE(engine.cancel(account, 0, id, "", CancelRestriction::None, 9'000, events));
    }
    EXPECT_TRUE(engine.order_lists(account, true).empty());
    for (const auto& [asset, held] : engine.accounts()[account].balances) EXPECT_TRUE(held.locked.is_zero()) << asset;
  }
  EXPECT_TRUE(engine.levels(0, Side::Buy, 1).empty() && engine.levels(0, Side::Sell, 1).empty());
  for (const int count : {lists, amends, prevented, triggered}) EXPECT_GT(count, 50) << "or nothing was tried";
}

TEST_F(VenueEngine, AnOrderWhoseTimeIsOverExpiresWherever) {
  for (const NewOrder& wanted : {limit(Side::Buy, "1"_d, "90"_d),
                                 stop(OrderType::StopLossLimit, Side::Buy, "1"_d, "110"_d, "111"_d)}) {
    const Order order = place(bob, wanted);
    const auto expired = engine.expire(bob, 0, order.id, 2, events);
    ASSERT_TRUE(expired);
    EXPECT_EQ(expired->status, Status::Expired);
    EXPECT_EQ(expired->expiry, ExpiryReason::None);
    EXPECT_EQ(balance(bob, "USDT").locked, Decimal{});
    EXPECT_FALSE(engine.expire(bob, 0, order.id, 2, events)) << "once";
  }
}

// Fees on top of purchases, held with the money: edited, cancelled and expired at random by who has little, nothing
// vanishes, nothing is spent that is not there, and what is held belongs to open orders.
TEST(VenueEngineProperty, AFeeOnTopIsAlwaysPaidFor) {
  Engine engine{{symbol("BTCUSDT", "BTC")}, Commission::InQuote};
  std::vector<AccountId> accounts;
  for (int i = 0; i < 3; ++i) {
    accounts.push_back(engine.open_account("account" + std::to_string(i), "0.0061"_d, "0.0083"_d, true));
    engine.deposit(accounts.back(), "BTC", "5"_d, 0);
    engine.deposit(accounts.back(), "USDT", "500"_d, 0);
  }
  std::mt19937_64 random{20261127};
  const auto below = [&](std::uint64_t bound) { return static_cast<std::int64_t>(random() % bound); };
  const auto size = [&] { return Decimal{1 + below(3'000), -3}; };
  const auto price = [&] { return Decimal{9'500 + below(1'000), -2}; };
  std::map<std::string, int> happened;
  for (int turn = 0; turn < 20'000; ++turn) {
    Events events;
    const AccountId account = accounts[static_cast<std::size_t>(below(accounts.size()))];
    const auto open = engine.orders(account, 0, true);
    const Order* mine = open.empty() ? nullptr : open[static_cast<std::size_t>(below(open.size()))];
    const std::int64_t what = below(10);
    if (mine != nullptr && what < 2) {
      happened["edited"] += engine.edit(account, 0, mine->id, size(), price(), turn, events).has_value();
    } else if (mine != nullptr && what == 2) {
      happened["less"] +=
          engine.edit(account, 0, mine->id, minus(mine->qty, "0.001"_d), mine->price, turn, events).has_value();
    } else if (mine != nullptr && what == 3) {
      happened["expired"] += engine.expire(account, 0, mine->id, turn, events).has_value();
    } else if (mine != nullptr && what == 4) {
      happened["cancelled"] +=
          engine.cancel(account, 0, mine->id, "", CancelRestriction::None, turn, events).has_value();
    } else {
      const Side side = below(2) == 0 ? Side::Buy : Side::Sell;
      NewOrder order = what == 5 ? market(side, size()) : limit(side, size(), price());
      if (what == 6) order.type = OrderType::LimitMaker;
      if (what == 7) order = stop(OrderType::StopLossLimit, side, size(), price(), price());
      if (what == 8) {
        order = market(side, {});
        order.quote_qty = Decimal{1 + below(300), 0};
      }
      order.self_trade = static_cast<SelfTrade>(below(5));
      happened["placed"] += engine.place(account, 0, order, turn, events).has_value();
    }
    std::map<std::string, Decimal> totals;
    for (AccountId id = 0; id < engine.accounts().size(); ++id) {
      std::map<std::string, Decimal> held;
      for (const Order* order : engine.orders(id, 0, true)) {
        Decimal& sum = held[order->side == Side::Buy ? "USDT" : "BTC"];
        sum = plus(sum, order->locked);
      }
      for (const auto& [asset, balance] : engine.accounts()[id].balances) {
        ASSERT_FALSE(balance.free.is_negative()) << asset << " at turn " << turn;
        ASSERT_EQ(balance.locked, held[asset]) << asset << " at turn " << turn;
        totals[asset] = plus(totals[asset], plus(balance.free, balance.locked));
      }
    }
    ASSERT_EQ(totals["BTC"], "15"_d) << "turn " << turn;
    ASSERT_EQ(totals["USDT"], "1500"_d) << "turn " << turn;
    const auto bids = engine.levels(0, Side::Buy, 1), asks = engine.levels(0, Side::Sell, 1);
    if (!bids.empty() && !asks.empty()) {
      ASSERT_LT(bids.front().first, asks.front().first) << "crossed at turn " << turn;
    }
  }
  for (const char* what : {"placed", "edited", "less", "expired", "cancelled"}) EXPECT_GT(happened[what], 100) << what;
}

TEST(VenueMarket, TheSameSeedGivesTheSameMarket) {
  const auto run = [](std::uint64_t seed) {
    Engine engine{{symbol("BTCUSDT", "BTC"), symbol("ETHUSDT", "ETH")}};
    Market market{engine, seed, 0};
    Events events;
    market.quote_all(1, events);
    for (TimeUs step = 2; step < 300; ++step) market.step(step, events);
    std::string trace;
    for (const Trade& trade : events.trades) trace += fixed(trade.price) + 'x' + fixed(trade.qty) + ' ';
    return trace;
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
  EXPECT_GT(run(7).size(), 1'000U) << "somebody trades";
}

TEST(VenueMarket, QuotesBothSidesAndForgetsWhatItTookBack) {
  Engine engine{{symbol("BTCUSDT", "BTC")}};
  Market market{engine, 1, 0};
  Events events;
  market.quote_all(1, events);
  for (TimeUs step = 2; step < 200; ++step) market.step(step, events);
  EXPECT_GE(engine.levels(0, Side::Buy, 100).size(), 5U);
  EXPECT_GE(engine.levels(0, Side::Sell, 100).size(), 5U);
  EXPECT_LE(engine.orders(*engine.account_by_name("maker"), 0, false).size(), 20U);
  market.clear(300, events);
  EXPECT_TRUE(engine.levels(0, Side::Buy, 1).empty());
}

TEST(VenueMarket, WhatCostsAFewTicksHasFewPricesBelow) {
  Symbol cheap = symbol("CHEAP", "CHEAP");
  cheap.start_price = "0.05"_d;
  Engine engine{{cheap}};
  Market market{engine, 1, 0};
  Events events;
  market.quote_all(1, events);
  for (TimeUs step = 2; step < 200; ++step) market.step(step, events);
  const auto bids = engine.levels(0, Side::Buy, 100);
  EXPECT_LE(bids.size(), 5U);
  for (const auto& [price, qty] : bids) EXPECT_TRUE(price.is_positive());
  EXPECT_GE(engine.levels(0, Side::Sell, 100).size(), 5U);
}

TEST(VenueSettings, APriceThatNoOrderMayHaveIsRefused) {
  const auto read = [](const std::string& start_price) -> std::string {
    ConfigTable table = ConfigFile::parse(
        "base = \"B\"\nquote = \"Q\"\ntick = \"0.01\"\nstep = \"0.01\"\nprice_max = \"1000\"\nstart_price = \"" + start_price + "\"\n",
        "venue.toml");
    try {
      return to_string(read_rules("B", table).start_price);
    } catch (const ConfigError& error) {
      return error.what();
    }
  };
  EXPECT_EQ(read("1000"), "1000");
  EXPECT_EQ(read("1000.01"), "venue.toml:6: start_price: must not be above price_max");
  EXPECT_EQ(read("9000000000000000000"), "venue.toml:6: start_price: must not be above price_max");
}

}  // namespace
}  // namespace busbar::venue
