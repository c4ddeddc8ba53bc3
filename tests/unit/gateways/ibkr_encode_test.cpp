#include "gateways/ibkr/encode.hpp"

#include <functional>
#include <span>
#include <utility>

#include <gtest/gtest.h>

#include "gateways/ibkr/in_place.hpp"
#include "gateways/ibkr/order_book.hpp"

namespace busbar::ibkr {
namespace {

using namespace busbar::literals;

Instrument apple() {
  Instrument instrument;
  instrument.symbol = "AAPL";
  instrument.broker_symbol = "265598";
  instrument.tick_size = "0.01"_d;
  instrument.lot_size = "1"_d;
  instrument.quote_precision = 2;
  return instrument;
}

NewOrder with(std::function<void(NewOrder&)> change) {
  NewOrder order;
  order.side = Side::Buy;
  order.order_type = OrderType::Limit;
  order.time_in_force = TimeInForce::Day;
  order.order_qty = "10"_d;
  order.price = "190.50"_d;
  change(order);
  return order;
}

const Ticket ticket{.account = "DU1", .venue_order_id = "V1"};

TEST(IbkrEncode, WritesWhatTheOrderSaysInPlainDigits) {
  const struct {
    const char* what;
    NewOrder order;
    const char* part;
  } cases[] = {
      {"a limit", with([](NewOrder&) {}),
       R"("orderType":"LMT","outsideRTH":false,"price":190.5,"side":"BUY","tif":"DAY","quantity":10)"},
      {"a market order has no price", with([](NewOrder& o) { o.order_type = OrderType::Market, o.price.reset(); }),
       R"("orderType":"MKT","outsideRTH":false,"side":"BUY")"},
      {"a stop's own price is the stop",
       with([](NewOrder& o) { o.order_type = OrderType::Stop, o.price.reset(), o.stop_px = "180"_d; }),
       R"("orderType":"STP","outsideRTH":false,"price":180,"side")"},
      {"of a stop limit it is auxPrice",
       with([](NewOrder& o) { o.order_type = OrderType::StopLimit, o.stop_px = "191"_d; }),
       R"("orderType":"STOP_LIMIT","outsideRTH":false,"price":190.5,"auxPrice":191,)"},
      {"a trailing stop goes by percent",
       with([](NewOrder& o) { o.order_type = OrderType::Stop, o.price.reset(), o.trailing_delta_bps = 125; }),
       R"("orderType":"TRAIL","outsideRTH":false,"trailingType":"%","trailingAmt":1.25)"},
      {"extended hours", with([](NewOrder& o) { o.extended_hours = true; }), R"("outsideRTH":true)"},
      {"a sell until cancelled",
       with([](NewOrder& o) { o.side = Side::Sell, o.time_in_force = TimeInForce::GoodTillCancel; }),
       R"("side":"SELL","tif":"GTC")"},
      {"of the moment", with([](NewOrder& o) { o.time_in_force = TimeInForce::ImmediateOrCancel; }), R"("tif":"IOC")"},
      {"at the opening", with([](NewOrder& o) { o.time_in_force = TimeInForce::AtTheOpening; }), R"("tif":"OPG")"},
      {"what is off the grid is rounded as asked",
       with([](NewOrder& o) { o.price = "190.519"_d, o.rounding = Rounding::Down; }), R"("price":190.51,)"},
      {"large amounts have no exponent", with([](NewOrder& o) { o.order_qty = "1e9"_d; }), R"("quantity":1000000000})"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto request = encode_place(c.order, apple(), ticket);
    ASSERT_TRUE(request) << request.error().text;
    EXPECT_EQ(request->path, "/iserver/account/DU1/orders");
    EXPECT_TRUE(request->body.starts_with(R"({"orders":[{"acctId":"DU1","conid":265598,"cOID":"V1",)"))
        << request->body;
    EXPECT_NE(request->body.find(c.part), std::string::npos) << request->body;
  }
}

TEST(IbkrEncode, AnExchangeBehindTheConidIsPassedOn) {
  Instrument instrument = apple();
  instrument.broker_symbol = "265598@NASDAQ";
  EXPECT_NE(encode_place(with([](NewOrder&) {}), instrument, ticket)->body.find(R"("conidex":"265598@NASDAQ")"),
            std::string::npos);
}

TEST(IbkrEncode, AnAmountOfMoneyNeedsAnInstrumentThatTakesIt) {
  const NewOrder order = with([](NewOrder& o) {
    o.order_type = OrderType::Market, o.price.reset(), o.order_qty.reset(), o.cash_order_qty = "500.25"_d;
  });
  EXPECT_EQ(encode_place(order, apple(), ticket).error().text, "cash_order_qty: AAPL takes no orders by amount");
  Instrument coin = apple();
  coin.can_cash_order_qty = true;
  EXPECT_NE(encode_place(order, coin, ticket)->body.find(R"("cashQty":500.25)"), std::string::npos);
}

TEST(IbkrEncode, RefusesWhatIbkrCannotDoByName) {
  const struct {
    NewOrder order;
    ErrorCode code;
    const char* named;
  } cases[] = {
      {with([](NewOrder& o) { o.side = Side::Unset; }), ErrorCode::InvalidOrder, "side: "},
      {with([](NewOrder& o) { o.order_type = OrderType::Unset; }), ErrorCode::InvalidOrder, "order_type: "},
      {with([](NewOrder& o) { o.order_type = OrderType::MarketIfTouched; }), ErrorCode::Unsupported, "order_type: "},
      {with([](NewOrder& o) { o.time_in_force = TimeInForce::FillOrKill; }), ErrorCode::Unsupported, "time_in_force: "},
      {with([](NewOrder& o) { o.time_in_force = TimeInForce::GoodTillDate; }), ErrorCode::Unsupported,
       "time_in_force: "},
      {with([](NewOrder& o) {
         o.order_type = OrderType::StopLimit, o.stop_px = "1"_d, o.time_in_force = TimeInForce::ImmediateOrCancel;
       }),
       ErrorCode::Unsupported, "time_in_force: "},
      {with([](NewOrder& o) { o.price.reset(); }), ErrorCode::InvalidOrder, "price: missing"},
      {with([](NewOrder& o) { o.order_type = OrderType::Market; }), ErrorCode::InvalidOrder, "price: "},
      {with([](NewOrder& o) { o.stop_px = "1"_d; }), ErrorCode::InvalidOrder, "stop_px: "},
      {with([](NewOrder& o) { o.order_type = OrderType::Stop, o.price.reset(); }), ErrorCode::InvalidOrder,
       "stop_px: missing"},
      {with([](NewOrder& o) { o.trailing_delta_bps = 1; }), ErrorCode::Unsupported, "trailing_delta_bps: "},
      {with([](NewOrder& o) {
         o.order_type = OrderType::Stop, o.price.reset(), o.stop_px = "1"_d, o.trailing_delta_bps = 100;
       }),
       ErrorCode::Unsupported, "stop_px: "},
      {with([](NewOrder& o) {
         o.order_type = OrderType::Stop, o.price.reset(), o.stop_px = "1"_d, o.time_in_force = TimeInForce::AtTheOpening;
       }),
       ErrorCode::Unsupported, "time_in_force: "},
      {with([](NewOrder& o) { o.time_in_force = TimeInForce::AtTheClose; }), ErrorCode::Unsupported, "time_in_force: "},
      {with([](NewOrder& o) { o.extended_hours = true, o.time_in_force = TimeInForce::AtTheOpening; }),
       ErrorCode::Unsupported, "extended_hours: "},
      {with([](NewOrder& o) { o.post_only = true; }), ErrorCode::Unsupported, "post_only: "},
      {with([](NewOrder& o) { o.reduce_only = true; }), ErrorCode::Unsupported, "reduce_only: "},
      {with([](NewOrder& o) { o.display_qty = "1"_d; }), ErrorCode::Unsupported, "display_qty: "},
      {with([](NewOrder& o) { o.expire_date_ns = 1; }), ErrorCode::Unsupported, "expire_date_ns: "},
      {with([](NewOrder& o) { o.self_trade_prevention = SelfTradePrevention::ExpireBoth; }), ErrorCode::Unsupported,
       "self_trade_prevention: "},
      {with([](NewOrder& o) {
         o.order_type = OrderType::Stop, o.price.reset(), o.stop_px = "1"_d, o.extended_hours = true;
       }),
       ErrorCode::Unsupported, "extended_hours: "},
      {with([](NewOrder& o) { o.order_qty.reset(); }), ErrorCode::InvalidOrder, "order_qty: "},
      {with([](NewOrder& o) { o.cash_order_qty = "1"_d; }), ErrorCode::InvalidOrder, "order_qty: "},
      {with([](NewOrder& o) { o.order_qty = "0.5"_d; }), ErrorCode::InvalidOrder, "order_qty: 0.5 is no multiple of 1"},
      {with([](NewOrder& o) { o.order_qty = "-1"_d; }), ErrorCode::InvalidOrder,
       "order_qty: must be greater than zero"},
      {with([](NewOrder& o) { o.price = "190.501"_d; }), ErrorCode::InvalidOrder,
       "price: 190.501 is no multiple of 0.01"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.named);
    const auto request = encode_place(c.order, apple(), ticket);
    ASSERT_FALSE(request) << request->body;
    EXPECT_EQ(request.error().code, c.code);
    EXPECT_TRUE(request.error().text.starts_with(c.named)) << request.error().text;
  }
  Instrument listed = apple();
  listed.order_types = {OrderType::Market};
  EXPECT_EQ(encode_place(with([](NewOrder&) {}), listed, ticket).error().text,
            "order_type: AAPL takes no orders of this type");
}

TEST(IbkrEncode, ABracketIsRefusedWholeWithOneLegThatIsWrong) {
  const Instrument instrument = apple();
  const NewOrder good = with([](NewOrder&) {});
  const NewOrder bad = with([](NewOrder& o) { o.price = "0"_d; });
  const TicketOrder legs[] = {{good, instrument, ticket},
                              {bad, instrument, {.account = "DU1", .venue_order_id = {}, .parent_id = "V1"}}};
  EXPECT_EQ(encode_place_all("DU1", legs).error().text, "price: must be greater than zero");
  const auto alone = encode_place_all("DU1", std::span{legs}.first(1));
  EXPECT_EQ(alone->body, encode_place(good, instrument, ticket)->body);
}

// -1 would cancel all there is.
TEST(IbkrEncode, OrdersAreCancelledAndChangedByNumberAlone) {
  EXPECT_EQ(encode_cancel("DU1", "987654")->path, "/iserver/account/DU1/order/987654");
  const NewOrder order = with([](NewOrder&) {});
  for (const std::string_view id : {"", "-1", "1/2", "V1", "1 ", "%31"}) {
    EXPECT_EQ(encode_cancel("DU1", id).error().text, "broker_order_id: no number of an order of IBKR's") << id;
    EXPECT_FALSE(encode_replace(id, order, apple(), ticket)) << id;
  }
  EXPECT_FALSE(encode_cancel("", "1"));
  const auto change = encode_replace("11", order, apple(), ticket);
  EXPECT_EQ(change->path, "/iserver/account/DU1/order/11");
  EXPECT_TRUE(change->body.starts_with(R"({"acctId":"DU1",)")) << change->body;  // one ticket, and no list
}

TEST(IbkrEncode, APairIsAGroupEachUnderItsOwnName) {
  PlaceListCommand list;
  list.list_type = OrderListType::OneCancelsOther;
  for (const char* name : {"V1", "V2"}) {
    list.commands.push_back({.command = {}, .order = with([](NewOrder& o) { o.side = Side::Sell; })});
    list.commands.back().command.venue_order_id = name;
  }
  list.commands[1].order.order_type = OrderType::StopLimit;
  list.commands[1].order.stop_px = "180"_d;
  EXPECT_EQ(encode_place_list(list, apple(), "DU1").error().code, ErrorCode::Unsupported) << "not of every contract";
  Instrument instrument = apple();
  instrument.can_oco = true;
  const auto request = encode_place_list(list, instrument, "DU1");
  ASSERT_TRUE(request) << request.error().text;
  for (const char* part : {R"("cOID":"V1")", R"("cOID":"V2")", R"("quantity":10,"isSingleGroup":true},{)", R"("isSingleGroup":true}]})"}) {
    EXPECT_NE(request->body.find(part), std::string::npos) << request->body;
  }
  EXPECT_EQ(request->body.find("parentId"), std::string::npos);
  list.commands[0].order.time_in_force = TimeInForce::ImmediateOrCancel;
  EXPECT_EQ(encode_place_list(list, instrument, "DU1").error().code, ErrorCode::Unsupported);
}

TEST(IbkrEncode, ThatWhichTriggersOthersBearsTheNamesOfAll) {
  PlaceListCommand list;
  list.list_type = OrderListType::OneTriggersOneCancelsOther;
  for (const char* name : {"V1", "V2", "V3"}) {
    list.commands.push_back({.command = {}, .order = with([](NewOrder&) {})});
    list.commands.back().command.venue_order_id = name;
  }
  for (PlaceCommand& child : std::span{list.commands}.subspan(1)) child.order.side = Side::Sell;
  list.commands[1].order.order_type = OrderType::Stop;
  list.commands[1].order.stop_px = std::exchange(list.commands[1].order.price, std::nullopt);
  Instrument instrument = apple();
  instrument.can_oco = instrument.can_oto = true;
  const auto request = encode_place_list(list, instrument, "DU1");
  ASSERT_TRUE(request) << request.error().text;
  const std::string& body = request->body;
  EXPECT_NE(body.find(R"("cOID":"V1.V3.V2")"), std::string::npos) << body;
  EXPECT_EQ(body.find("cOID"), body.rfind("cOID")) << "the others have none: " << body;
  EXPECT_NE(body.find(R"("parentId":"V1.V3.V2","orderType":"STP")"), std::string::npos) << body;
  EXPECT_NE(body.find(R"("parentId":"V1.V3.V2","orderType":"LMT")"), std::string::npos) << body;
  EXPECT_EQ(body.find("isSingleGroup"), std::string::npos) << body;

  const PlaceListCommand whole = list;
  list.commands[1].order = list.commands[2].order;
  EXPECT_EQ(encode_place_list(list, instrument, "DU1").error().code, ErrorCode::Unsupported) << "who could tell them apart";
  list.commands.pop_back();
  EXPECT_EQ(encode_place_list(list, instrument, "DU1").error().code, ErrorCode::InvalidOrder);
  list.list_type = OrderListType::OneTriggersOther;
  EXPECT_NE(encode_place_list(list, instrument, "DU1")->body.find(R"("cOID":"V1.V2")"), std::string::npos);
  list = whole;
  list.list_type = OrderListType::Bracket;
  EXPECT_EQ(encode_place_list(list, instrument, "DU1").error().code, ErrorCode::Unsupported);
}

// As they were recorded: the children have no name, and may be told before their parent.
TEST(IbkrOrderBook, WhoseAChildIsItsParentAndItsTypeTell) {
  const auto shown_as = [](const char* number, const char* type, const char* name, const char* parent) {
    Order order;
    order.order_id = number;
    order.order_type = type;
    order.client_order_id = name;
    order.parent_order_id = parent;
    return order;
  };
  OrderBook book;
  EXPECT_EQ(book.merge(shown_as("15", "Stop", "", "13")).client_order_id, "");
  EXPECT_EQ(book.merge(shown_as("13", "Limit", "V1.V2.V3", "")).client_order_id, "V1");
  EXPECT_EQ(book.name_of("15"), "V3");
  EXPECT_EQ(book.merge(shown_as("14", "Limit", "", "13")).client_order_id, "V2");
  EXPECT_EQ(book.merge(shown_as("16", "Market", "", "13")).client_order_id, "") << "none of the two";
  EXPECT_EQ(book.number_of("V3"), "15");
  EXPECT_EQ(book.merge(shown_as("17", "Limit", "", "13")).client_order_id, "") << "somebody else's, on our order";
  EXPECT_EQ(book.number_of("V2"), "14");
  ASSERT_EQ(book.others_in_group_of("14").size(), 1u) << "theirs are not cancelled with ours";
  EXPECT_EQ(book.others_in_group_of("14").front().order_id, "15");
  EXPECT_TRUE(book.is_of_bracket("13") && book.is_of_bracket("14"));

  EXPECT_EQ(book.merge(shown_as("23", "Limit", "V4.V5", "")).client_order_id, "V4");
  EXPECT_EQ(book.merge(shown_as("24", "Market", "V4.V5", "23")).client_order_id, "V5") << "under its parent's name";
  EXPECT_EQ(book.number_of("V4"), "23");
  EXPECT_EQ(book.merge(shown_as("33", "Limit", "V6", "")).client_order_id, "V6");
  EXPECT_FALSE(book.is_of_bracket("33"));
  for (const char* name : {"", "V1", "V1.", ".V1", "V1..V3", "a.b.c.d"}) EXPECT_FALSE(names_in(name)) << name;
}

// ---- Changes in place

Order shown(std::string_view type, const char* qty, const char* price, const char* stop_price = "") {
  const auto amount = [](const char* text) { return *text == '\0' ? std::nullopt : Decimal::parse(std::string_view{text}); };
  Order order;
  order.order_id = "11";
  order.order_type = type;
  order.total_qty = amount(qty);
  order.price = amount(price);
  order.stop_price = amount(stop_price);
  return order;
}

TEST(IbkrInPlace, AnOrderShowsWhetherItWasChanged) {
  const auto change = change_to(with([](NewOrder& o) { o.price = "190.519"_d, o.rounding = Rounding::Down; }), "V2", apple());
  ASSERT_TRUE(change) << change.error().text;
  EXPECT_TRUE(is_done(*change, shown("Limit", "10.0", "190.51")));
  EXPECT_FALSE(is_done(*change, shown("Limit", "10.0", "190.50"))) << "as it was";
  EXPECT_FALSE(is_done(*change, shown("Limit", "11", "190.51")));
  EXPECT_FALSE(is_done(*change, shown("Limit", "10", ""))) << "nothing is told of its price";
  EXPECT_TRUE(is_unreadable(*change, shown("Limit", "10", ""))) << "which is not the same as no";
  EXPECT_FALSE(is_unreadable(*change, shown("Limit", "10", "190.50")));
  EXPECT_FALSE(change_to(with([](NewOrder& o) { o.price = "190.519"_d; }), "V2", apple())) << "off the grid";

  const auto stop = change_to(with([](NewOrder& o) { o.order_type = OrderType::Stop, o.price.reset(), o.stop_px = "180"_d; }),
                              "V2", apple());
  ASSERT_TRUE(stop);
  EXPECT_TRUE(is_done(*stop, shown("Stop", "10", "", "180.00")));
  EXPECT_FALSE(is_done(*stop, shown("Stop", "10", "180", "181")));
  Change trail = *stop;
  trail.stop_px.reset();
  EXPECT_TRUE(is_done(trail, shown("Trailing Stop", "10", "", "175"))) << "it moves by itself";
}

TEST(IbkrInPlace, AnotherLifeKnowsWhatWasAskedForAndNotWhatItWasBefore) {
  Change change = *change_to(with([](NewOrder& o) { o.order_qty = "8"_d; }), "V2", apple());
  change.qty_before = "10"_d;
  EXPECT_FALSE(is_unreadable(change, shown("Limit", "10", "190.50")));
  EXPECT_FALSE(is_unreadable(change, shown("Limit", "8", "190.50")));
  EXPECT_TRUE(is_unreadable(change, shown("Limit", "6", "190.50"))) << "it may have been placed for what another had left";
}

TEST(IbkrInPlace, MoreThanWasAskedForIsTooMuch) {
  const Change change = *change_to(with([](NewOrder& o) { o.order_qty = "8"_d; }), "V2", apple());
  const Order before = shown("Limit", "10", "190.50");
  EXPECT_FALSE(is_too_large(change, before, before)) << "it was not changed yet";
  EXPECT_FALSE(is_too_large(change, before, shown("Limit", "8", "190.50")));
  EXPECT_TRUE(is_too_large(change, before, shown("Limit", "12", "190.50"))) << "what was filled is not counted in";
}

TEST(IbkrInPlace, NoMoreIsAskedForThanTheClientWants) {
  EXPECT_EQ(total_to_ask_for("10"_d, "10"_d, "11"_d), "11"_d);
  EXPECT_EQ(total_to_ask_for("6"_d, "10"_d, "11"_d), "7"_d) << "it was placed for what another had left";
  EXPECT_EQ(total_to_ask_for("12"_d, "10"_d, "11"_d), "11"_d) << "somebody has made it larger";
}

TEST(IbkrOrderBook, ASlowAnswerDoesNotTakeAChangeBack) {
  OrderBook book;
  Order before = shown("Limit", "5", "180");
  book.merge(before, 100);
  Order after = before;
  after.price = "181"_d;
  after.total_qty = "6"_d;
  book.merge(after, 300);
  book.rename("11", "V1", 300);
  before.filled_qty = "1"_d;
  EXPECT_EQ(book.merge(before, 200).price, "181"_d) << "asked before, answered after";
  EXPECT_EQ(book.by_number("11")->total_qty, "6"_d);
  EXPECT_EQ(book.by_number("11")->filled_qty, "1"_d);
  EXPECT_EQ(book.merge(before, 400).price, "180"_d) << "somebody else has changed it";
}

TEST(IbkrOrderBook, AnOrderKeepsTheNameThatItHasByNow) {
  OrderBook book;
  Order order = shown("Stop", "10", "180");
  order.client_order_id = "V1";
  EXPECT_EQ(book.merge(order).stop_price, "180"_d) << "of a stop the price is the stop";
  book.rename("11", "V2", 0);
  EXPECT_EQ(book.merge(order).client_order_id, "V2") << "whatever IBKR calls it";
  EXPECT_EQ(book.reference_of("11"), "V1");
  EXPECT_EQ(book.number_of("V1"), "11");
  EXPECT_EQ(book.number_of("V2"), "11");
}

TEST(IbkrOrderBook, WhatAnOrderAsksForIsNewsWhereItIsNotWhatWasSent) {
  OrderBook book;
  Order order = shown("Limit", "10", "180");
  order.client_order_id = "V1";
  book.sent("V1");
  EXPECT_FALSE(book.has_new_terms(book.merge(order))) << "as it was sent";
  EXPECT_FALSE(book.has_new_terms(book.merge(order)));
  order.price = "181"_d;
  EXPECT_TRUE(book.has_new_terms(book.merge(order))) << "a person has changed it";
  EXPECT_FALSE(book.has_new_terms(book.merge(order)));
  book.rename("11", "V2", 0);
  order.price = "182"_d;
  EXPECT_FALSE(book.has_new_terms(book.merge(order))) << "we have";
  order.order_id = "12";
  order.client_order_id = "V3";
  EXPECT_TRUE(book.has_new_terms(book.merge(order))) << "of a life before";
}

TEST(IbkrOrderBook, WhatAnOrderAsksForIsToldBeforeHowItStands) {
  Order order = shown("Market", "6", "190.50");
  VenueReport state;
  state.order_qty = order.total_qty;
  state.order_status = OrderStatus::New;
  order.client_order_id = "V1";
  EXPECT_FALSE(terms_of(order, state)) << "it may be for an amount";
  order.order_type = "Limit";
  EXPECT_TRUE(terms_of(order, state));
  state.price = "0"_d;
  EXPECT_FALSE(terms_of(order, state)->price) << "none is shown";
  order.total_qty = "0"_d;
  EXPECT_FALSE(terms_of(order, state)) << "0 would be filled at once";
  order.total_qty = "6"_d;
  order.oca_group = "oco-11";
  const auto size = terms_of(order, state);
  ASSERT_TRUE(size);
  EXPECT_EQ(size->event, VenueEvent::Replaced);
  EXPECT_EQ(size->order_qty, "6"_d);
  EXPECT_EQ(size->order_status, OrderStatus::Unset);
  order.client_order_id.clear();
  EXPECT_FALSE(terms_of(order, state)) << "none of ours";
}

TEST(IbkrEncode, WhatBecomesPartOfAPathIsEncoded) {
  EXPECT_EQ(encode_reply("a/b", true).path, "/iserver/reply/a%2Fb");
  EXPECT_EQ(encode_reply("a", false).body, R"({"confirmed":false})");
  EXPECT_EQ(encode_positions("DU 1", 2).target(), "/portfolio/DU%201/positions/2");
  EXPECT_EQ(encode_snapshot({265598, 8314}, {"31", "84"}).target(),
            "/iserver/marketdata/snapshot?conids=265598%2C8314&fields=31%2C84");
  EXPECT_EQ(encode_live_orders(true, "DU1").target(), "/iserver/account/orders?force=true&accountId=DU1");
  EXPECT_EQ(encode_trades(30).target(), "/iserver/account/trades?days=7");
  EXPECT_EQ(encode_session_init(false).body, R"({"publish":true,"compete":false})");
  EXPECT_EQ(encode_prompt_answer("11", "7", "Do not use").body, R"({"reqId":"7","text":"Do not use","orderId":11})");
  EXPECT_EQ(encode_history({.conid = 1, .period = "1d", .bar = "1min", .outside_rth = true}).target(),
            "/iserver/marketdata/history?conid=1&period=1d&bar=1min&outsideRth=true");
}

TEST(IbkrEncode, BarsAreNamedByTheirLength) {
  EXPECT_EQ(bar_of_interval(60'000), "1min");
  EXPECT_EQ(bar_of_interval(86'400'000), "1d");
  EXPECT_FALSE(bar_of_interval(61'000));
}

TEST(IbkrEncode, SubscriptionsAreTexts) {
  EXPECT_EQ(encode_subscribe_orders(), "sor+{}");
  EXPECT_EQ(encode_unsubscribe_trades(), "utr");
  EXPECT_EQ(encode_subscribe_history({.conid = 1, .period = "1d", .bar = "5min", .outside_rth = false, .format = "%c"}),
            R"(smh+1+{"period":"1d","bar":"5min","outsideRTH":false,"format":"%c"})");
  EXPECT_EQ(encode_subscribe_ledger("DU1"), "sld+DU1+{}");
}

}  // namespace
}  // namespace busbar::ibkr
