#include "gateways/binance/errors.hpp"

#include <gtest/gtest.h>

#include "gateways/binance/adapter.hpp"

namespace busbar::binance {
namespace {

TEST(BinanceErrors, TheTextDecidesWhereTheCodeDoesNot) {
  const struct {
    int code;
    const char* message;
    ErrorCode expected;
  } cases[] = {
      {-2010, "Account has insufficient balance for requested action.", ErrorCode::InsufficientFunds},
      {-2010, "Duplicate order sent.", ErrorCode::DuplicateOrder},
      {-1013, "Market is closed.", ErrorCode::MarketClosed},
      {-2011, "Unknown order sent.", ErrorCode::OrderNotFound},
      {-1013, "Filter failure: LOT_SIZE", ErrorCode::InvalidOrder},
      {-1013, "Filter failure: PERCENT_PRICE_BY_SIDE", ErrorCode::InvalidOrder},
      {-1013, "Filter failure: MAX_NUM_ORDERS", ErrorCode::OrderRejected},
      {-1013, "Filter failure: EXCHANGE_MAX_NUM_ALGO_ORDERS", ErrorCode::OrderRejected},
      {-2010, "Stop loss orders are not supported for this symbol.", ErrorCode::InvalidOrder},
      {-2010, "Quote order qty market orders are not support for this symbol.", ErrorCode::InvalidOrder},
      {-2010, "Something that was never said before", ErrorCode::OrderRejected},
      {-2038, "Order amend (quantity increase) is not supported.", ErrorCode::InvalidOrder},
      {-1121, "Duplicate order sent.", ErrorCode::InvalidSymbol},
      {-1150, "a code of the range about the request's form", ErrorCode::InvalidOrder},
      {-9999, "a code never seen", ErrorCode::UnknownOutcome},
      {0, "", ErrorCode::UnknownOutcome},
  };
  for (const auto& c : cases) EXPECT_EQ(unified(c.code, c.message), c.expected) << c.code << " " << c.message;
  EXPECT_EQ(documented_name(-1021), "INVALID_TIMESTAMP");
}

TEST(BinanceErrors, AWriteIsOnlyRefusedWhereNothingCanHaveHappened) {
  const struct {
    std::uint32_t status;
    const char* body;
    Verdict verdict;
    ErrorCode error;
  } cases[] = {
      {200, "{}", Verdict::Ok, ErrorCode::None},
      {400, R"({"code":-2010,"msg":"Account has insufficient balance for requested action."})", Verdict::Refused,
       ErrorCode::InsufficientFunds},
      {400, R"({"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."})", Verdict::WrongTime,
       ErrorCode::AuthenticationFailed},
      {400, R"({"code":-1007,"msg":"Timeout waiting for response from backend server."})", Verdict::Unknown,
       ErrorCode::UnknownOutcome},
      {400, R"({"code":-1000,"msg":"An unknown error occurred while processing the request."})", Verdict::Unknown,
       ErrorCode::UnknownOutcome},
      {400, R"({"code":-1001,"msg":"Internal error; unable to process your request. Please try again."})",
       Verdict::Unknown, ErrorCode::UnknownOutcome},
      {400, R"({"code":-9999,"msg":"never seen"})", Verdict::Unknown, ErrorCode::UnknownOutcome},
      {400, R"({"code":-2010,"msg":"Duplicate order sent."})", Verdict::Unknown, ErrorCode::UnknownOutcome},
      {503, R"({"code":-1000,"msg":"Unknown error, please check your request or try again later."})", Verdict::Unknown,
       ErrorCode::UnknownOutcome},
      {503, R"({"code":-2010,"msg":"Account has insufficient balance for requested action."})", Verdict::Unknown,
       ErrorCode::UnknownOutcome},
      {502, "<html>Bad Gateway</html>", Verdict::Unknown, ErrorCode::UnknownOutcome},
      {404, "<html>not ours</html>", Verdict::Unknown, ErrorCode::UnknownOutcome},
      {302, "", Verdict::Unknown, ErrorCode::UnknownOutcome},
      {403, "<html>firewall</html>", Verdict::Refused, ErrorCode::PermissionDenied},
      {429, R"({"code":-1015,"msg":"Too many new orders."})", Verdict::RateLimited, ErrorCode::RateLimited},
      {418, R"({"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."})", Verdict::RateLimited,
       ErrorCode::RateLimited},
      {429, "", Verdict::RateLimited, ErrorCode::RateLimited},
  };
  for (const auto& c : cases) {
    const Judged judged = judge_write(c.status, c.body);
    EXPECT_EQ(judged.verdict, c.verdict) << c.status << " " << c.body;
    EXPECT_EQ(judged.error, c.error) << c.status << " " << c.body;
  }
}

TEST(BinanceErrors, NotFoundIsOnlyBelievedFromAWholeAnswer) {
  EXPECT_EQ(judge_read(400, R"({"code":-2013,"msg":"Order does not exist."})").error, ErrorCode::OrderNotFound);
  EXPECT_EQ(judge_read(503, R"({"code":-2013,"msg":"Order does not exist."})").error, ErrorCode::ConnectionError);
  EXPECT_EQ(judge_read(404, "<html></html>").error, ErrorCode::ConnectionError);
  EXPECT_EQ(judge_read(400, R"({"code":-1007,"msg":"Timeout"})").error, ErrorCode::ConnectionError);
}

TEST(BinanceRest, HeadersTellWhatHasBeenUsed) {
  const Name account{"main"};
  const auto weight = usage_of("x-mbx-used-weight-1m", "321", account);
  ASSERT_TRUE(weight);
  EXPECT_EQ(view(weight->bucket), "weight");
  EXPECT_EQ(view(weight->scope), "binance-ip");
  EXPECT_EQ(weight->interval_ms, 60000u);
  EXPECT_EQ(weight->used, 321u);
  const auto orders = usage_of("x-mbx-order-count-10s", "12", account);
  ASSERT_TRUE(orders);
  EXPECT_EQ(view(orders->bucket), "orders");
  EXPECT_EQ(view(orders->scope), "main");
  for (const auto& [name, value] :
       {std::pair{"x-mbx-used-weight", "5"}, {"x-mbx-used-weight-1m", "many"}, {"date", "1"}}) {
    EXPECT_FALSE(usage_of(name, value, account)) << name;
  }
}

TEST(BinanceAdapter, DeclaresHowLongALostRequestCanStillAct) {
  const Capabilities capabilities = binance_capabilities(5000);
  EXPECT_EQ(capabilities.absence_rule.bound_ms, 15000u);
  EXPECT_EQ(capabilities.absence_rule.look_ups, 2u);
  EXPECT_FALSE(capabilities.can_replace);
  EXPECT_EQ(capabilities.venue_order_id_length, 36u);
}

TEST(BinanceAdapter, ForgetsTheOldestOfWhatItHasSeen) {
  Recent recent{2};
  EXPECT_TRUE(recent.add("a"));
  EXPECT_FALSE(recent.add("a"));
  EXPECT_TRUE(recent.add("b"));
  EXPECT_TRUE(recent.add("c"));
  EXPECT_FALSE(recent.contains("a"));
  EXPECT_TRUE(recent.contains("c"));
}

TEST(BinanceConfig, DefaultsAreBinancesOwnHostsAndWrongKeysAreNamed) {
  ConfigTable empty = ConfigFile::parse("", "test.toml");
  const BinanceConfig config = read_config(empty);
  EXPECT_EQ(config.rest.host, "api.binance.com");
  EXPECT_EQ(config.ws_api.target, "/ws-api/v3");
  EXPECT_EQ(config.streams.target, "/stream");
  EXPECT_EQ(config.streams.port, "9443");
  EXPECT_EQ(config.recv_window_ms, 5000u);
  for (const char* text : {"rest = \"http://api.binance.com\"", "ws_api = \"https://x\"", "recv_window_ms = 60001",
                           "key_type = \"rot13\""}) {
    ConfigTable table = ConfigFile::parse(text, "test.toml");
    EXPECT_THROW(read_config(table), ConfigError) << text;
  }
}

}  // namespace
}  // namespace busbar::binance
