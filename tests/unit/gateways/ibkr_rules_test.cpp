// What the gateway decides without a socket: which contract is meant, when sessions end, how often it may ask, what it has heard.
#include <gtest/gtest.h>

#include "gateways/framework/utc.hpp"
#include "gateways/ibkr/config.hpp"
#include "gateways/ibkr/cookies.hpp"
#include "gateways/ibkr/credential.hpp"
#include "gateways/ibkr/encode.hpp"
#include "gateways/ibkr/order_book.hpp"

namespace busbar::ibkr {
namespace {

using namespace busbar::literals;
using gateway::parse_utc;

Timestamp at(std::string_view text) { return parse_utc(text).value_or(0); }

// ---- contracts

SecDef secdef(std::int64_t conid, std::string ticker, std::string currency, std::string asset_class,
              std::string exchange) {
  return {.conid = conid,
          .ticker = std::move(ticker),
          .currency = std::move(currency),
          .asset_class = std::move(asset_class),
          .name = {},
          .listing_exchange = std::move(exchange),
          .is_us = true,
          .increments = {}};
}

TEST(IbkrContracts, ASymbolSaysWhatIsLookedFor) {
  const auto stock = wanted_of("AAPL");
  ASSERT_TRUE(stock);
  EXPECT_EQ(stock->ticker, "AAPL");
  EXPECT_TRUE(stock->exchanges.empty());
  const auto abroad = wanted_of("RELIANCE.XNSE");
  ASSERT_TRUE(abroad);
  EXPECT_EQ(abroad->ticker, "RELIANCE");
  EXPECT_EQ(abroad->exchanges, std::vector<std::string>{"NSE"});
  EXPECT_EQ(abroad->symbol, Symbol{"RELIANCE.XNSE"});
  const auto share_class = wanted_of("BRK.B");  // B is no exchange
  ASSERT_TRUE(share_class);
  EXPECT_EQ(spellings_of(*share_class), (std::vector<std::string>{"BRK.B", "BRK B"}));
  const auto pair = wanted_of("BTC/USD");
  ASSERT_TRUE(pair && pair->is_pair());
  EXPECT_EQ(pair->currency, "USD");
  const auto named = wanted_of("ESZ6@649180671");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->conid, 649'180'671);
  EXPECT_EQ(named->symbol, Symbol{"ESZ6"});
  for (const char* wrong : {"", "A B", "A,B", "AAPL@", "AAPL@x", "AAPL@-1", "/USD", "BTC/",
                            "A123456789012345678901234567890123"}) {
    EXPECT_FALSE(wanted_of(wrong)) << wrong;
  }
}

TEST(IbkrContracts, ListingsAreOfTheUnitedStatesOrOfTheExchangeThatIsNamed) {
  const StockList aapl{.symbol = "AAPL",
                       .companies = {{"APPLE INC", "STK", {{265'598, "NASDAQ", true}, {38'708'077, "MEXI", false}}},
                                     {"APPLE INC-CDR", "STK", {{532'640'894, "TSE", false}}}}};
  EXPECT_EQ(candidates_in(*wanted_of("AAPL"), {aapl}), std::vector<std::int64_t>{265'598});
  EXPECT_EQ(candidates_in(*wanted_of("AAPL.XMEX"), {aapl}), std::vector<std::int64_t>{38'708'077});
  EXPECT_TRUE(candidates_in(*wanted_of("AAPL.XLON"), {aapl}).empty());
  EXPECT_TRUE(candidates_in(*wanted_of("AAP"), {aapl}).empty());
  const std::vector<SearchMatch> matches{{1, "BTC", "PAXOS", "", {"CRYPTO"}}, {2, "BTC", "NYSE", "", {"STK", "OPT"}}};
  EXPECT_EQ(candidates_in(*wanted_of("BTC/USD"), matches), std::vector<std::int64_t>{1});
}

TEST(IbkrContracts, OneIsTakenAndOfMoreNoneAndAllAreNamed) {
  const auto wanted = *wanted_of("SAN");
  const std::vector<SecDef> two{secdef(1, "SAN", "USD", "STK", "NYSE"), secdef(2, "SAN", "USD", "STK", "NASDAQ")};
  const auto none = choose(wanted, two);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::InvalidSymbol);
  EXPECT_EQ(none.error().text,
            "SAN is ambiguous: 1 (STK SAN NYSE USD), 2 (STK SAN NASDAQ USD); \"SAN@NUMBER\" says which");
  EXPECT_EQ(choose(*wanted_of("SAN@2"), two)->conid, 2);
  EXPECT_EQ(choose(wanted, {}).error().text, "SAN: IBKR has none such");
  // A pair is chosen by both of its names.
  const std::vector<SecDef> coins{secdef(3, "BTC", "USD", "CRYPTO", "PAXOS"), secdef(4, "BTC", "EUR", "CRYPTO", "PAXOS"),
                                  secdef(5, "BTC", "USD", "STK", "NYSE")};
  EXPECT_EQ(choose(*wanted_of("BTC/EUR"), coins)->conid, 4);
  EXPECT_EQ(choose(*wanted_of("BRK.B"), {secdef(6, "BRK B", "USD", "STK", "NYSE")})->conid, 6);
}

TEST(IbkrContracts, FuturesAreNamedByTheirNumbers) {
  const auto futures = decode_futures(
      R"({"ES":[{"symbol":"ES","conid":649180671,"underlyingConid":11004968,"expirationDate":20261218,"ltd":20261217},
                {"symbol":"ES","conid":649180678,"expirationDate":20270319}]})");
  ASSERT_TRUE(futures) << futures.error().text;
  EXPECT_EQ(futures_instead(*wanted_of("ES"), *futures).text,
            "ES is no stock, and there are futures: 649180671 (until 20261218), 649180678 (until 20270319); "
            "\"ES@NUMBER\" says which");
  EXPECT_TRUE(decode_futures(R"({"X":[]})")->empty());
  EXPECT_FALSE(decode_futures(R"({"ES":[{"symbol":"ES"}]})"));
}

TEST(IbkrContracts, AFutureNamesWhoIsBehindIt) {
  NewOrder order;
  order.side = Side::Buy;
  order.order_type = OrderType::Limit;
  order.time_in_force = TimeInForce::Day;
  order.order_qty = "1"_d;
  order.price = "5900.25"_d;
  const Instrument future = instrument_of("ESZ6", secdef(649'180'671, "ES", "USD", "FUT", "CME"), {});
  EXPECT_EQ(future.lot_size, "1"_d);
  const auto request =
      encode_place(order, future, {.account = "DU1", .venue_order_id = "V1", .ext_operator = "desk1"});
  ASSERT_TRUE(request) << request.error().text;
  EXPECT_NE(request->body.find(R"("manualIndicator":false,"extOperator":"desk1")"), std::string::npos) << request->body;
  EXPECT_EQ(encode_cancel("DU1", "7", "desk1")->target(),
            "/iserver/account/DU1/order/7?manualIndicator=false&extOperator=desk1");
}

// ---- when sessions end

TEST(IbkrReset, IsAtOneOClockOfTheRegionInSummerAndInWinter) {
  EXPECT_EQ(next_reset(Region::America, at("2026-01-15T05:59:59Z")), at("2026-01-15T06:00:00Z"));
  EXPECT_EQ(next_reset(Region::America, at("2026-01-15T06:00:00Z")), at("2026-01-16T06:00:00Z"));
  EXPECT_EQ(next_reset(Region::America, at("2026-07-15T12:00:00Z")), at("2026-07-16T05:00:00Z"));
  EXPECT_EQ(next_reset(Region::Europe, at("2026-01-15T12:00:00Z")), at("2026-01-16T00:00:00Z"));
  EXPECT_EQ(next_reset(Region::Europe, at("2026-07-15T12:00:00Z")), at("2026-07-15T23:00:00Z"));
  EXPECT_EQ(next_reset(Region::Asia, at("2026-07-15T12:00:00Z")), at("2026-07-15T17:00:00Z"));
  EXPECT_EQ(next_login_end(Region::America, at("2026-01-15T12:00:00Z")), at("2026-01-16T05:00:00Z"));
}

TEST(IbkrReset, FollowsTheClocksInTheNightInWhichTheyAreChanged) {
  // 8 March and 1 November 2026: one o'clock is before the change both times.
  EXPECT_EQ(next_reset(Region::America, at("2026-03-08T00:00:00Z")), at("2026-03-08T06:00:00Z"));
  EXPECT_EQ(next_reset(Region::America, at("2026-03-08T06:00:00Z")), at("2026-03-09T05:00:00Z"));
  EXPECT_EQ(next_reset(Region::America, at("2026-11-01T00:00:00Z")), at("2026-11-01T05:00:00Z"));
  EXPECT_EQ(next_reset(Region::America, at("2026-11-01T06:30:00Z")), at("2026-11-02T06:00:00Z"));
  EXPECT_EQ(next_reset(Region::Europe, at("2026-10-25T10:00:00Z")), at("2026-10-26T00:00:00Z"));
  for (Timestamp now = at("2026-01-01T00:00:00Z"); now < at("2027-01-01T00:00:00Z"); now += 3'600'000'000'000) {
    for (const Region region : {Region::America, Region::Europe, Region::Asia}) {
      const Timestamp next = next_reset(region, now);
      ASSERT_GT(next, now);
      ASSERT_LE(next - now, 26 * 3'600'000'000'000);
    }
  }
}

// ---- how often one may ask

TEST(IbkrPace, EachEndpointHasALimitOfItsOwn) {
  constexpr Timestamp s = 1'000'000'000;
  EndpointPace pace{published_paces()};
  EXPECT_EQ(pace.take("/iserver/account/orders", 0), 0);
  EXPECT_EQ(pace.take("/iserver/account/orders", s), 5 * s);
  EXPECT_EQ(pace.take("/iserver/account/orders", s), 10 * s) << "behind the one that waits";
  EXPECT_EQ(pace.take("/iserver/account/trades", s), s);
  EXPECT_EQ(pace.take("/iserver/account/order/status/1", s), s);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(pace.take("/iserver/marketdata/snapshot", s), s);
  EXPECT_EQ(pace.take("/iserver/marketdata/snapshot", s), 2 * s);
  EXPECT_EQ(pace.take("/iserver/account/orders", 60 * s), 60 * s);
  EXPECT_TRUE(pace.is_paced("/iserver/account/orders"));
  EXPECT_FALSE(pace.is_paced("/iserver/account/DU1/orders"));
}

// ---- what was heard

Order change(std::string order_id, std::string name, std::string status, std::optional<Decimal> filled) {
  Order order;
  order.order_id = std::move(order_id);
  order.client_order_id = std::move(name);
  order.status = std::move(status);
  order.filled_qty = filled;
  return order;
}

TEST(IbkrOrders, AChangeIsReadWithWhatWasToldBefore) {
  OrderBook book;
  Order first = change("7", "V1", "Submitted", "0"_d);
  first.total_qty = "10"_d;
  first.conid = 265'598;
  EXPECT_TRUE(book.is_news(book.merge(first)));
  EXPECT_FALSE(book.is_news(book.merge(change("7", "", "", {}))));
  const Order now = book.merge(change("7", "", "Filled", "10"_d));
  EXPECT_TRUE(book.is_news(now));
  EXPECT_EQ(now.client_order_id, "V1");
  EXPECT_EQ(now.total_qty, "10"_d);
  EXPECT_EQ(now.conid, 265'598);
  EXPECT_EQ(book.number_of("V1"), "7");
  EXPECT_EQ(book.name_of("7"), "V1");
}

TEST(IbkrOrders, AnExecutionCountsOnce) {
  OrderBook book;
  Execution execution{.execution_id = "a.01", .order_id = "7", .client_order_id = "V1", .qty = "3"_d};
  EXPECT_TRUE(book.add(execution));
  EXPECT_FALSE(book.add(execution));
  execution.execution_id = "b.01";
  EXPECT_TRUE(book.add(execution));
  EXPECT_EQ(sum_of(book.executions_of("7")), "6"_d);
  EXPECT_EQ(book.number_of("V1"), "7");
  EXPECT_TRUE(book.executions_of("8").empty());
  execution.order_id = {};  // as the stream may tell it
  EXPECT_FALSE(book.add(execution));
  execution.execution_id = "c.01";
  EXPECT_TRUE(book.add(execution));
  EXPECT_EQ(sum_of(book.executions_of("7")), "9"_d);
}

TEST(IbkrOrders, NoMoreAreRememberedThanAreWorthIt) {
  OrderBook book{2};
  for (const char* number : {"1", "2", "3"}) book.merge(change(number, std::string{"V"} + number, "Submitted", {}));
  EXPECT_EQ(book.by_number("1"), nullptr);
  EXPECT_EQ(book.number_of("V1"), "");
  EXPECT_EQ(book.number_of("V3"), "3");
}

TEST(IbkrCookies, AreToldAgainUntilTheyEnd) {
  Cookies cookies;
  cookies.take("api=abc; Path=/; Secure");
  cookies.take("x=1");
  cookies.take("nonsense");
  EXPECT_EQ(cookies.header(), "api=abc; x=1");
  cookies.take("api=def");
  cookies.take("x=; Max-Age=0");
  EXPECT_EQ(cookies.header(), "api=def");
  cookies.take("bad=a\r\nX: y");
  EXPECT_EQ(cookies.header(), "api=def");
}

// ---- configuration and credentials

IbkrConfig config_of(std::string_view text) {
  ConfigTable table = ConfigFile::parse(text, "gateway");
  IbkrConfig config = read_config(table);
  table.finish();
  return config;
}

std::string refusal_of(std::string_view text) {
  try {
    config_of(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

TEST(IbkrConfigured, BothWaysHaveTheirPlacesAndTheirPace) {
  const IbkrConfig straight = config_of("");
  EXPECT_EQ(straight.rest.host, "api.ibkr.com");
  EXPECT_EQ(straight.rest.target, "/v1/api");
  EXPECT_EQ(straight.stream.target, "/v1/api/ws");
  EXPECT_EQ(straight.requests_per_second, 50u);
  EXPECT_EQ(straight.competing, Competing::Yield);
  const IbkrConfig here = config_of("way = \"gateway\"\ncompeting = \"take_over\"\n");
  EXPECT_EQ(here.rest.host, "localhost");
  EXPECT_EQ(here.rest.port, "5000");
  EXPECT_EQ(here.requests_per_second, 10u);
  EXPECT_EQ(here.competing, Competing::TakeOver);
}

TEST(IbkrConfigured, AnAccountMayHaveRulesOfItsOwn) {
  const IbkrConfig config = config_of(R"(answers = ["price_percentage"]
symbols = ["AAPL", "ESZ6@649180671"]
[accounts.second]
broker_account = "DU2"
answers = ["o354"]
[accounts.third]
broker_account = "DU3"
[pace]
orders_ms = 100
)");
  EXPECT_TRUE(config.rules_for(Name{"main"}).answers.says_yes({"o163"}));
  EXPECT_FALSE(config.rules_for(Name{"second"}).answers.says_yes({"o163"}));
  EXPECT_TRUE(config.rules_for(Name{"second"}).answers.says_yes({"o354"}));
  EXPECT_TRUE(config.rules_for(Name{"third"}).answers.says_yes({"o163"}));
  EXPECT_EQ(config.rules_for(Name{"third"}).broker_account, "DU3");
  EXPECT_EQ(config.symbols.size(), 2u);
  EndpointPace pace{config.paces};
  pace.take("/iserver/account/orders", 0);
  EXPECT_EQ(pace.take("/iserver/account/orders", 0), 100'000'000);
}

TEST(IbkrConfigured, WhatIsWrongIsNamed) {
  EXPECT_NE(refusal_of("way = \"tws\"").find("way"), std::string::npos);
  EXPECT_NE(refusal_of("competing = \"fight\"").find("competing"), std::string::npos);
  EXPECT_NE(refusal_of("region = \"mars\"").find("region"), std::string::npos);
  EXPECT_NE(refusal_of("answers = [\"everything\"]").find("everything"), std::string::npos);
  EXPECT_NE(refusal_of("symbols = [\"AAPL\", \"AAPL@1\"]").find("twice"), std::string::npos);
  EXPECT_NE(refusal_of("symbols = [\"A B\"]").find("symbols"), std::string::npos);
  EXPECT_NE(refusal_of("rest = \"wss://x\"").find("https://"), std::string::npos);
  EXPECT_NE(refusal_of("[pace]\nhistory_ms = 1").find("history_ms"), std::string::npos);
}

TEST(IbkrCredential, IsOfTheWayThatIsTaken) {
  const gateway::Url rest = *gateway::parse_url("https://localhost:5000/v1/api");
  Credential here{{}, rest, Line::Gateway};
  EXPECT_TRUE(here.has_token());
  EXPECT_EQ(here.stream_target("/v1/api/ws"), "/v1/api/ws");
  gateway::HttpResponse answer;
  answer.headers = {{"content-type", "x"}, {"set-cookie", "api=abc; Path=/"}};
  here.take_cookies(answer);
  const auto http = here.whole(encode_tickle(), 0);
  EXPECT_EQ(http.target, "/v1/api/tickle");
  ASSERT_EQ(http.headers.size(), 1u);
  EXPECT_EQ(http.headers[0].second, "api=abc");
  ASSERT_EQ(http.secret_headers.size(), 1u);
  EXPECT_EQ(http.secret_headers[0], "Cookie");

  gateway::Credentials key;
  key.api_key = gateway::Secret{"k"};
  key.secret = gateway::Secret{"s"};
  EXPECT_THROW((Credential{key, rest, Line::Gateway}), std::runtime_error);
  EXPECT_THROW((Credential{key, rest, Line::OAuth}), std::runtime_error);
  EXPECT_THROW((Credential{{}, rest, Line::OAuth}), std::runtime_error);
}

TEST(HttpDate, IsAWholeSecondInUtc) {
  EXPECT_EQ(gateway::parse_http_date("Wed, 21 Oct 2015 07:28:00 GMT"), at("2015-10-21T07:28:00Z"));
  EXPECT_EQ(gateway::parse_http_date("Sun, 01 Feb 2026 23:59:59 GMT"), at("2026-02-01T23:59:59Z"));
  for (const char* wrong : {"", "Wed, 21 Oct 2015 07:28:00 CET", "Wed, 21 Okt 2015 07:28:00 GMT",
                            "Wed, 32 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 27:28:00 GMT",
                            "Wednesday, 21-Oct-15 07:28:00 GMT"}) {
    EXPECT_FALSE(gateway::parse_http_date(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace busbar::ibkr
