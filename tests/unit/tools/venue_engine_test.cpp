#include "tools/venue/engine.hpp"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "tools/venue/amount.hpp"
#include "tools/venue/market.hpp"

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
  const Order order = place(bob, by_quote);
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

}  // namespace
}  // namespace busbar::venue
