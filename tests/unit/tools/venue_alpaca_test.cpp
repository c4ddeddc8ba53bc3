#include "tools/venue/alpaca/api.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "tools/venue/alpaca/config.hpp"
#include "tools/venue/alpaca/login.hpp"
#include "tools/venue/alpaca/trade_stream.hpp"

namespace busbar::venue::alpaca {
namespace {

namespace json = boost::json;
using namespace busbar::literals;

TimeUs at(std::string_view text) { return time_from(text).value(); }

// A venue without sockets: requests go straight to the API.
struct VenueAlpaca : testing::Test {
  TimeUs clock = at("2026-11-25T10:00:00-05:00");  // a Wednesday; the day after is Thanksgiving, the next closes early
  Engine engine{default_symbols().symbols, Commission::OfWhatIsReceived};
  History history{engine.symbol_count()};
  AccountId main = engine.open_account("main", {}, {}, true);
  AccountId other = engine.open_account("other", {}, {}, true);
  std::vector<std::string> said;  // events of main's orders, as the stream would have them
  Api api{engine,
          history,
          default_symbols().assets,
          {},
          {},
          {},
          7,
          [this] { return clock; },
          [this](const Events& events) { publish(events); }};

  VenueAlpaca() {
    api.keys() = {{"PK1", "secret", main, true, false}, {"PK2", "other", other, true, false}};
    for (const AccountId account : {main, other}) {
      for (const auto& [asset, amount] : {std::pair{"USD", "100000"_d}, {"AAPL", "1000"_d}, {"BTC", "10"_d}}) {
        engine.deposit(account, asset, amount, 0);
        api.ledger().deposit(account, asset, amount, "100"_d);
      }
    }
    api.on_tick();
    for (const auto& [side, price] : {std::pair{Side::Buy, "190.00"_d}, {Side::Sell, "191.00"_d}}) {
      house(side, "100"_d, price);
    }
  }
  void publish(const Events& events) {
    for (const Trade& trade : events.trades) history.add(trade);
    for (const Execution& execution : events.executions) {
      api.ledger().apply(execution, engine.symbol(execution.order.symbol).base, execution.order.quote_asset);
      const Ticket* ticket = api.ledger().find(execution.order.symbol, execution.order.id);
      if (ticket != nullptr && ticket->account == main) said.emplace_back(shown_status(execution.order, *ticket));
    }
    if (!events.trades.empty()) api.on_trades(events.trades);
  }
  void house(Side side, Decimal qty, Decimal price, SymbolId symbol = 0) {
    NewOrder order;
    order.side = side;
    order.qty = qty;
    order.price = price;
    order.self_trade = SelfTrade::None;
    Events events;
    ASSERT_TRUE(engine.place(other, symbol, order, clock, events));
    publish(events);
    api.remember_top(symbol);
  }
  Reply ask(std::string method, const std::string& target, json::object body = {}) {
    Call call;
    call.method = std::move(method);
    call.path = target.substr(0, target.find('?'));
    if (call.path.size() < target.size()) {
      std::string query = target.substr(call.path.size() + 1);
      for (std::size_t begin = 0; begin < query.size();) {
        const std::size_t end = std::min(query.find('&', begin), query.size()), equals = query.find('=', begin);
        call.query.emplace_back(query.substr(begin, equals - begin), query.substr(equals + 1, end - equals - 1));
        begin = end + 1;
      }
    }
    call.body = std::move(body);
    call.key_id = "PK1";
    call.key_secret = "secret";
    const Operation* operation = api.find(call.method, call.path, call.id);
    EXPECT_NE(operation, nullptr) << target;
    return operation == nullptr ? Reply{} : api.perform(*operation, call);
  }
  static json::object limit(std::string_view qty = "10", std::string_view price = "150", std::string_view side = "buy") {
    return {{"symbol", "AAPL"}, {"qty", qty},  {"side", side}, {"type", "limit"}, {"time_in_force", "day"},
            {"limit_price", price}};
  }
  static json::object with(json::object body, json::object more) {
    for (auto& member : more) body[member.key()] = member.value();
    return body;
  }
  json::object placed(json::object body) {
    Reply reply = ask("POST", "/v2/orders", std::move(body));
    EXPECT_EQ(reply.status, 200U) << json::serialize(reply.body);
    return reply.status == 200 ? reply.body.get_object() : json::object{{"id", ""}};
  }
  static std::string text(const json::object& body, std::string_view name) {
    const json::value& value = body.at(name);
    return value.is_string() ? std::string{value.get_string()} : json::serialize(value);
  }
  std::string status(const json::object& order) {
    return text(ask("GET", "/v2/orders/" + text(order, "id")).body.get_object(), "status");
  }
  void set_hours(Hours hours, std::string_view market_time = {}) {
    json::object body{{"hours", name_of(hours)}};
    if (!market_time.empty()) body["at"] = market_time;
    api.hours().set(body, clock);
    api.on_tick();
  }
};

TEST_F(VenueAlpaca, SaysNoInTheBrokersWords) {
  struct Case {
    const char* what;
    json::object body;
    unsigned status;
    std::int64_t code;
    std::string message;
  };
  const json::object market{{"symbol", "AAPL"}, {"side", "buy"}, {"type", "market"}, {"time_in_force", "day"}};
  const json::object coin{{"symbol", "BTC/USD"}, {"side", "buy"}, {"type", "limit"}, {"time_in_force", "gtc"},
                          {"qty", "0.01"}, {"limit_price", "60000"}};
  const Case cases[] = {
      {"no such symbol", with(limit(), {{"symbol", "FACEBOOK"}}), 422, 40010001, "could not find asset \"FACEBOOK\""},
      {"no limit", with(limit(), {{"limit_price", nullptr}}), 422, 40010001, "limit orders require a limit price"},
      {"a stop too many", with(limit(), {{"stop_price", "150"}}), 422, 40010001, "limit orders require only limit price"},
      {"both sizes", with(market, {{"qty", "1"}, {"notional", "5"}}), 422, 40010001,
       "only one of qty or notional is accepted"},
      {"less than nothing", limit("-1"), 422, 40010001, "qty must be > 0"},
      {"half a cent", limit("1", "290.123"), 422, 42210000,
       "invalid limit_price 290.123. sub-penny increment does not fulfill minimum pricing criteria"},
      {"a part for long", with(limit("1.5"), {{"time_in_force", "gtc"}}), 422, 42210000,
       "fractional orders must be DAY orders"},
      {"a name too long", with(limit(), {{"client_order_id", std::string(129, 'x')}}), 422, 40010001,
       "client_order_id must be no more than 128 characters"},
      {"the market before breakfast", with(market, {{"qty", "1"}, {"extended_hours", true}}), 422, 42210000,
       "extended hours order must be DAY or GTC limit orders"},
      {"more than the money", limit("10000", "150"), 403, 40310000, "insufficient buying power"},
      {"more than the shares", limit("2000", "200", "sell"), 403, 40310000,
       "insufficient qty available for order (requested: 2000, available: 1000)"},
      {"shares that it has none of", with(limit("1", "500", "sell"), {{"symbol", "TSLA"}}), 403, 40310000,
       "account is not allowed to short"},
      {"a stop behind the market", {{"symbol", "AAPL"}, {"side", "sell"}, {"type", "stop"}, {"time_in_force", "day"},
                                    {"qty", "1"}, {"stop_price", "1000"}}, 422, 42210000,
       "stop price must be less than current price"},
      {"no trail", {{"symbol", "AAPL"}, {"side", "sell"}, {"type", "trailing_stop"}, {"time_in_force", "day"},
                    {"qty", "1"}}, 422, 40010001, "trailing stop orders must specify one of trail_price or trail_percent"},
      {"a profit that is none", with(limit("1", "150"), {{"order_class", "bracket"},
                                                         {"take_profit", json::object{{"limit_price", "150"}}},
                                                         {"stop_loss", json::object{{"stop_price", "140"}}}}),
       422, 42210000, "take_profit.limit_price must be >= base_price + 0.01"},
      {"coins for a day", with(coin, {{"time_in_force", "day"}}), 422, 42210000, "invalid crypto time_in_force"},
      {"a stop of coins", with(coin, {{"type", "stop"}}), 422, 40010001, "invalid order type for crypto order"},
      {"next to nothing", with(coin, {{"qty", "0.0001"}}), 403, 40310000,
       "cost basis must be >= minimal amount of order 10"},
      {"coins it has not", with(coin, {{"side", "sell"}, {"qty", "11"}}), 403, 40310000,
       "insufficient balance for BTC (requested: 11, available: 10)"},
      {"at the opening while it is open", with(market, {{"qty", "1"}, {"time_in_force", "opg"}}), 403, 40310000,
       "opg orders must be submitted after 7:00pm and before 9:28am"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const Reply reply = ask("POST", "/v2/orders", c.body);
    ASSERT_EQ(reply.status, c.status) << json::serialize(reply.body);
    EXPECT_EQ(reply.body.at("code").as_int64(), c.code);
    EXPECT_EQ(reply.body.at("message").as_string(), c.message);
  }
  EXPECT_TRUE(api.ledger().all().empty()) << "what was refused is no order";
}

TEST_F(VenueAlpaca, ANameIsTakenForEver) {
  const auto order = placed(with(limit(), {{"client_order_id", "once"}}));
  ASSERT_EQ(ask("DELETE", "/v2/orders/" + text(order, "id")).status, 204U);
  const Reply again = ask("POST", "/v2/orders", with(limit(), {{"client_order_id", "once"}}));
  EXPECT_EQ(again.status, 422U);
  EXPECT_EQ(again.body.at("message").as_string(), "client_order_id must be unique");
  EXPECT_EQ(ask("DELETE", "/v2/orders/" + text(order, "id")).body.at("message").as_string(),
            "order is already in \"canceled\" state");
}

TEST_F(VenueAlpaca, OrdersOfBothSidesMayNotMeet) {
  placed(limit("1", "150"));
  EXPECT_EQ(ask("POST", "/v2/orders", limit("1", "150", "sell")).status, 403U);
  EXPECT_EQ(ask("POST", "/v2/orders", with(limit("1", "150", "sell"), {{"type", "market"}, {"limit_price", nullptr}}))
                .body.at("reject_reason").as_string(), "opposite side limit order exists");
  EXPECT_EQ(ask("POST", "/v2/orders", limit("1", "200", "sell")).status, 200U) << "far apart they may";
  api.rules().wash_trades = WashTrades::All;
  EXPECT_EQ(ask("POST", "/v2/orders", limit("1", "140")).status, 403U);
}

TEST_F(VenueAlpaca, AReplacementIsAnotherOrderOfTheWholeQuantity) {
  const auto old = placed(limit("10", "190.50"));
  house(Side::Sell, "4"_d, "190.50"_d);
  const Reply reply = ask("PATCH", "/v2/orders/" + text(old, "id"), {{"limit_price", "189.5"}});
  ASSERT_EQ(reply.status, 200U) << json::serialize(reply.body);
  const json::object& fresh = reply.body.get_object();
  EXPECT_EQ(text(fresh, "replaces"), text(old, "id"));
  EXPECT_EQ(text(fresh, "qty"), "10") << "not what was left";
  EXPECT_EQ(text(fresh, "filled_qty"), "0");
  EXPECT_NE(text(fresh, "client_order_id"), text(old, "client_order_id"));
  const auto before = ask("GET", "/v2/orders/" + text(old, "id")).body.get_object();
  EXPECT_EQ(text(before, "status"), "replaced");
  EXPECT_EQ(text(before, "replaced_by"), text(fresh, "id"));
  EXPECT_EQ(text(before, "filled_qty"), "4");
  EXPECT_EQ(ask("PATCH", "/v2/orders/" + text(fresh, "id"), {{"qty", "10"}}).body.at("message").as_string(),
            "order parameters are not changed");
  EXPECT_EQ(ask("PATCH", "/v2/orders/" + text(old, "id"), {{"qty", "5"}}).body.at("message").as_string(),
            "only open orders can be replaced");
  EXPECT_EQ(ask("PATCH", "/v2/orders/" + text(fresh, "id"), {{"qty", "80000"}}).status, 403U);
  EXPECT_EQ(status(fresh), "new") << "a refused change changes nothing";
}

TEST_F(VenueAlpaca, WhatFillsMeanwhileRejectsItsReplacement) {
  api.rules().replace_delay = 1'000'000;
  const auto old = placed(limit("10", "190.50"));
  const auto fresh = ask("PATCH", "/v2/orders/" + text(old, "id"), {{"qty", "20"}}).body.get_object();
  EXPECT_EQ(status(old), "pending_replace");
  EXPECT_EQ(status(fresh), "accepted");
  EXPECT_EQ(ask("DELETE", "/v2/orders/" + text(old, "id")).status, 422U);
  house(Side::Sell, "10"_d, "190.50"_d);
  clock += 1'000'000;
  api.on_tick();
  EXPECT_EQ(status(old), "filled");
  EXPECT_EQ(status(fresh), "rejected");
}

TEST_F(VenueAlpaca, ABracketIsThreeOrders) {
  const json::object bracket{{"order_class", "bracket"},
                             {"take_profit", json::object{{"limit_price", "200"}}},
                             {"stop_loss", json::object{{"stop_price", "180"}}}};
  const auto entry = placed(with(limit("10", "190.50"), bracket));
  const auto legs = entry.at("legs").get_array();
  ASSERT_EQ(legs.size(), 2U);
  const json::object profit = legs[0].get_object(), loss = legs[1].get_object();
  EXPECT_EQ(text(profit, "type") + ' ' + text(loss, "type"), "limit stop");
  EXPECT_EQ(status(profit) + ' ' + status(loss), "held held");
  EXPECT_NE(text(profit, "client_order_id"), text(loss, "client_order_id"));
  house(Side::Sell, "4"_d, "190.50"_d);
  EXPECT_EQ(status(profit), "held") << "until the entry is filled wholly";
  house(Side::Sell, "6"_d, "190.50"_d);
  EXPECT_EQ(status(entry) + ' ' + status(profit) + ' ' + status(loss), "filled new held");
  const auto moved = ask("PATCH", "/v2/orders/" + text(profit, "id"), {{"limit_price", "190.75"}}).body.get_object();
  EXPECT_EQ(status(moved), "new");
  house(Side::Buy, "10"_d, "190.75"_d);
  EXPECT_EQ(status(moved) + ' ' + status(loss), "filled canceled");
}

TEST_F(VenueAlpaca, AParentTakesItsLegsAlong) {
  const auto entry = placed(with(limit("10", "150"), {{"order_class", "oto"},
                                                      {"stop_loss", json::object{{"stop_price", "140"}}}}));
  const json::object leg = entry.at("legs").get_array()[0].get_object();
  EXPECT_EQ(ask("GET", "/v2/orders?nested=true").body.get_array().size(), 1U);
  EXPECT_EQ(ask("GET", "/v2/orders").body.get_array().size(), 2U);
  ASSERT_EQ(ask("DELETE", "/v2/orders").status, 207U);
  EXPECT_EQ(status(entry) + ' ' + status(leg), "canceled canceled");
}

TEST_F(VenueAlpaca, ATrailingStopFollowsThePriceUpAndNotDown) {
  const auto stop = placed({{"symbol", "AAPL"}, {"qty", "5"}, {"side", "sell"}, {"type", "trailing_stop"},
                            {"time_in_force", "gtc"}, {"trail_price", "5"}});
  EXPECT_EQ(text(stop, "stop_price"), "185.25");
  const auto trade_at = [&](Decimal price) {
    house(Side::Sell, "1"_d, price);
    house(Side::Buy, "1"_d, price);
  };
  trade_at("190.90"_d);
  const auto followed = ask("GET", "/v2/orders/" + text(stop, "id")).body.get_object();
  EXPECT_EQ(text(followed, "hwm") + ' ' + text(followed, "stop_price"), "190.9 185.9");
  trade_at("190.20"_d);
  EXPECT_EQ(text(ask("GET", "/v2/orders/" + text(stop, "id")).body.get_object(), "stop_price"), "185.9");
  house(Side::Buy, "50"_d, "185.80"_d);
  house(Side::Sell, "101"_d, "185.80"_d);  // through the bids
  EXPECT_EQ(status(stop), "filled");
}

TEST_F(VenueAlpaca, OutsideOfItsHoursAnOrderWaits) {
  set_hours(Hours::Calendar, "2026-11-26T12:00:00-05:00");  // Thanksgiving
  EXPECT_FALSE(ask("GET", "/v2/clock").body.at("is_open").as_bool());
  EXPECT_EQ(ask("GET", "/v2/clock").body.at("next_close").as_string(), "2026-11-27T13:00:00-05:00") << "a half day";
  const auto day = placed(limit("10", "191"));
  const auto now = placed(with(limit("10", "191"), {{"time_in_force", "ioc"}}));
  const auto early = placed(with(limit("1", "191"), {{"extended_hours", true}}));
  EXPECT_EQ(text(day, "status"), "accepted");
  EXPECT_EQ(status(now), "canceled") << "nobody is there at once";
  EXPECT_EQ(ask("PATCH", "/v2/orders/" + text(day, "id"), {{"qty", "11"}}).body.at("message").as_string(),
            "unable to replace order, order isn't sent to exchange yet");
  EXPECT_EQ(ask("POST", "/v2/orders", {{"symbol", "BTC/USD"}, {"qty", "0.01"}, {"side", "buy"}, {"type", "limit"},
                                       {"time_in_force", "gtc"}, {"limit_price", "60000"}})
                .body.at("status").as_string(), "pending_new") << "coins always trade";
  set_hours(Hours::Calendar, "2026-11-27T08:00:00-05:00");
  EXPECT_EQ(status(early) + ' ' + status(day), "filled accepted") << "before the opening only who said so";
  set_hours(Hours::Calendar, "2026-11-27T09:30:00-05:00");
  EXPECT_EQ(status(day), "filled");
  const auto unfilled = placed(limit("10", "150"));
  const auto lasting = placed(with(limit("10", "151"), {{"time_in_force", "gtc"}}));
  const auto late = placed(with(limit("10", "152"), {{"extended_hours", true}}));
  EXPECT_EQ(text(unfilled, "expires_at"), rfc3339(clock + at("2026-11-27T13:00:00-05:00") - at("2026-11-27T09:30:00-05:00")));
  set_hours(Hours::Calendar, "2026-11-27T13:00:00-05:00");
  EXPECT_EQ(status(unfilled) + ' ' + status(lasting) + ' ' + status(late), "expired new new");
  set_hours(Hours::Calendar, "2026-11-27T17:00:00-05:00");
  EXPECT_EQ(status(lasting) + ' ' + status(late), "new expired");
  set_hours(Hours::Calendar, "2026-11-30T09:30:00-05:00");
  house(Side::Sell, "110"_d, "151"_d);
  EXPECT_EQ(status(lasting), "filled");
}

TEST_F(VenueAlpaca, TheCalendarKnowsHolidaysAndHalfDays) {
  set_hours(Hours::Calendar);
  const auto days = ask("GET", "/v2/calendar?start=2026-11-25&end=2026-11-30").body.get_array();
  ASSERT_EQ(days.size(), 3U);
  EXPECT_EQ(text(days[0].get_object(), "date") + ' ' + text(days[0].get_object(), "close"), "2026-11-25 16:00");
  EXPECT_EQ(text(days[1].get_object(), "date") + ' ' + text(days[1].get_object(), "close"), "2026-11-27 13:00");
  EXPECT_EQ(text(days[2].get_object(), "date"), "2026-11-30");
  EXPECT_EQ(new_york_time(at("2026-03-08T06:59:59Z"), 0), "2026-03-08T01:59:59-05:00");
  EXPECT_EQ(new_york_time(at("2026-03-08T07:00:00Z"), 0), "2026-03-08T03:00:00-04:00");
  EXPECT_EQ(new_york_time(at("2026-11-01T06:00:00Z"), 0), "2026-11-01T01:00:00-05:00");
}

// At midnight too: what the calendar's HH:MM cannot say of the last minute of a day, the clock does.
TEST_F(VenueAlpaca, WhatIsAlwaysOpenDoesNotCloseTonight) {
  for (const char* time : {"12:00:00", "23:58:30", "23:59:30"}) {
    const std::string now = std::string{"2026-11-25T"} + time + "-05:00";
    set_hours(Hours::Open, now);
    const auto shown = ask("GET", "/v2/clock").body.get_object();
    EXPECT_TRUE(shown.at("is_open").as_bool());
    EXPECT_GE(at(text(shown, "next_close")), at(now) + 23 * 3'600'000'000) << now;
  }
}

// Some regular minute a day has to have; it is half a day away from whoever asks.
TEST_F(VenueAlpaca, WhatIsAlwaysExtendedIsNotRegularSoon) {
  for (const char* time : {"00:00:30", "11:59:30", "12:00:30", "23:58:30", "23:59:30"}) {
    const std::string now = std::string{"2026-11-25T"} + time + "-05:00";
    set_hours(Hours::Extended, now);
    EXPECT_FALSE(ask("GET", "/v2/clock").body.at("is_open").as_bool());
    const auto day = ask("GET", "/v2/calendar?start=2026-11-25&end=2026-11-25").body.get_array().at(0).get_object();
    const auto opens = at("2026-11-25T" + text(day, "open") + ":00-05:00"), closes = at("2026-11-25T" + text(day, "close") + ":00-05:00");
    EXPECT_EQ(closes - opens, 60'000'000);
    EXPECT_GT(std::min(std::abs(opens - at(now)), std::abs(closes - at(now))), 11 * 3'600'000'000) << now;
  }
}

TEST_F(VenueAlpaca, AtTheCloseIsAtTheClose) {
  set_hours(Hours::Calendar, "2026-11-25T15:00:00-05:00");
  const auto closing = placed({{"symbol", "AAPL"}, {"qty", "5"}, {"side", "buy"}, {"type", "market"},
                               {"time_in_force", "cls"}});
  EXPECT_EQ(status(closing), "accepted");
  set_hours(Hours::Calendar, "2026-11-25T15:55:00-05:00");
  EXPECT_EQ(ask("POST", "/v2/orders", {{"symbol", "AAPL"}, {"qty", "5"}, {"side", "buy"}, {"type", "market"},
                                       {"time_in_force", "cls"}}).status, 403U);
  set_hours(Hours::Calendar, "2026-11-25T16:00:00-05:00");
  EXPECT_EQ(status(closing), "filled");
}

TEST_F(VenueAlpaca, WhoAsksIsCheckedStrictly) {
  std::string id;
  const Operation* account = api.find("GET", "/v2/account", id);
  Call call;
  EXPECT_TRUE(api.perform(*account, call).text.starts_with("<html>")) << "without a key not even JSON";
  call.key_id = "PK1";
  call.key_secret = "other";
  EXPECT_EQ(api.perform(*account, call).body.at("code").as_int64(), 40110000);
  call.key_secret = "secret";
  EXPECT_EQ(api.perform(*account, call).status, 200U);
  api.limits().set({2, 200, 1, 30});
  EXPECT_EQ(api.perform(*account, call).left, 0);
  const Reply limited = api.perform(*account, call);
  EXPECT_EQ(limited.status, 429U);
  EXPECT_EQ(limited.reset_s, clock / 60'000'000 * 60 + 60);
  clock += 60'000'000;
  EXPECT_EQ(api.perform(*account, call).status, 200U);
  api.keys()[0].is_revoked = true;
  EXPECT_EQ(api.perform(*account, call).status, 401U);
}

TEST_F(VenueAlpaca, ALoginBringsATokenForWhatItsScopesSay) {
  LoginSettings settings;
  settings.account = "main";
  Login login{api, settings};
  const auto go = [&](const std::string& method, const std::string& fields) {
    Request request;
    request.method = method;
    request.path = method == "GET" ? "/oauth/authorize" : "/oauth/token";
    (method == "GET" ? request.query : request.body) = fields;
    request.headers.emplace_back("content-type", "application/x-www-form-urlencoded");
    return login.answer(request);
  };
  const std::string where = "&client_id=busbar&redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fcallback";
  EXPECT_EQ(go("GET", "response_type=code&client_id=busbar&redirect_uri=http%3A%2F%2Fevil.example").status, 422U);
  const Reply consent = go("GET", "response_type=code&state=abc&scope=account%3Awrite%20data" + where);
  const std::string location = consent.location;
  ASSERT_TRUE(location.starts_with("http://127.0.0.1:4711/callback?code=") && location.ends_with("&state=abc"));
  const std::string code = location.substr(location.find("code=") + 5, 36);
  const std::string exchange = "grant_type=authorization_code&client_secret=venue-client-secret&code=" + code + where;
  EXPECT_EQ(go("POST", "grant_type=authorization_code&client_secret=wrong&code=" + code + where).status, 401U);
  const Reply tokens = go("POST", exchange);
  ASSERT_EQ(tokens.status, 200U);
  EXPECT_FALSE(tokens.body.get_object().contains("refresh_token"));
  EXPECT_EQ(go("POST", exchange).status, 422U) << "a code works once";
  std::string id;
  Call call;
  call.authorization = "Bearer " + text(tokens.body.get_object(), "access_token");
  EXPECT_EQ(api.perform(*api.find("GET", "/v2/account", id), call).status, 200U);
  call.body = limit();
  EXPECT_EQ(api.perform(*api.find("POST", "/v2/orders", id), call).status, 403U) << "trading was not asked for";
  login.withdraw();
  EXPECT_EQ(api.perform(*api.find("GET", "/v2/account", id), call).status, 401U);
}

TEST_F(VenueAlpaca, PositionsKnowWhatTheyCost) {
  placed(with(limit("100", "191"), {}));
  const auto position = ask("GET", "/v2/positions/AAPL").body.get_object();
  EXPECT_EQ(text(position, "qty"), "1100");
  EXPECT_EQ(text(position, "cost_basis"), "119100") << "a thousand at 100 and a hundred at 191";
  EXPECT_EQ(text(position, "avg_entry_price"), "108.272727273");
  EXPECT_EQ(ask("GET", "/v2/positions/TSLA").body.at("message").as_string(), "position does not exist");
  EXPECT_EQ(text(ask("GET", "/v2/positions/BTCUSD").body.get_object(), "symbol"), "BTCUSD");
  const auto sale = ask("DELETE", "/v2/positions/AAPL?percentage=50").body.get_object();
  EXPECT_EQ(text(sale, "qty"), "550");
  const auto fills = ask("GET", "/v2/account/activities/FILL").body.get_array();
  ASSERT_EQ(fills.size(), 2U);
  EXPECT_EQ(text(fills[1].get_object(), "type"), "fill");
  EXPECT_EQ(ask("GET", "/v2/account/activities/FFFFF").body.at("message").as_string(), "invalid activity type: FFFFF");
}

TEST(VenueAlpacaWire, WritesNumbersAsTheyAre) {
  const json::value frame = json::array{json::object{{"T", "t"}, {"p", number("67250.10"_d)}, {"t", moment(1'614'870'977'000'001)}}};
  EXPECT_EQ(to_json(frame), R"([{"T":"t","p":67250.1,"t":"2021-03-04T15:16:17.000001000Z"}])");
  const std::string packed = to_msgpack(frame);
  EXPECT_EQ(packed.substr(0, 5), "\x91\x83\xA1T\xA1");
  EXPECT_NE(packed.find("\xD7\xFF"), std::string::npos) << "a time is a timestamp";
}

TEST(VenueAlpacaWire, ReadsWhatClientsPack) {
  const json::value message = json::object{{"action", "subscribe"}, {"trades", json::array{"AAPL", "BRK.B"}}, {"n", 70'000},
                                           {"is", true}, {"none", nullptr}, {"x", 1.5}, {"less", -3}};
  EXPECT_EQ(from_msgpack(to_msgpack(message)).value().at("trades"), message.at("trades"));
  EXPECT_EQ(message_from(to_msgpack(json::object{{"action", "auth"}})).value().at("action").as_string(), "auth");
  EXPECT_FALSE(from_msgpack(std::string("\xDF\xFF\xFF\xFF\xFF", 5))) << "more members than bytes";
  EXPECT_FALSE(from_msgpack(std::string(100, '\x91'))) << "too deep";
  EXPECT_FALSE(from_msgpack("\x01\x01")) << "more than one";
}

}  // namespace
}  // namespace busbar::venue::alpaca
