#include "gateways/binance/errors.hpp"

#include <gtest/gtest.h>

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

TEST(BinanceErrors, APersonIsToldWhatToDo) {
  const std::string key = explained({.code = -2015, .message = "Invalid API-key, IP, or permissions for action."});
  EXPECT_TRUE(key.starts_with("Invalid API-key, IP, or permissions for action. ("));
  for (const char* word : {"key", "address", "spot", "ban"}) EXPECT_NE(key.find(word), std::string::npos) << word;
  EXPECT_EQ(explained({.code = -1003, .message = "Way too much request weight used; IP banned until 1659146400000."}),
            "Way too much request weight used; IP banned until 1659146400000. (that is 2022-07-30 02:00:00 UTC)");
  EXPECT_EQ(explained({.code = -2013, .message = "Order does not exist."}), "Order does not exist.");
}

TEST(BinanceErrors, ABanEndsWhenTheTextSays) {
  EXPECT_EQ(banned_until_ms("IP(1.2.3.4) banned until 1659146400000. Please use"), 1659146400000);
  for (const char* text : {"", "banned", "IP banned until tomorrow", "IP banned until ", "banned until -5",
                           "banned until 99999999999999999999", "banned until 99999999999999"}) {
    EXPECT_EQ(banned_until_ms(text), std::nullopt) << text;
  }
}

TEST(BinanceErrors, NothingIsSentUntilTheLatestOfWhatWasSaid) {
  const std::int64_t now = 1659142907531;
  const BrokerError silent{.code = -1003, .message = "Too many requests."};
  const BrokerError ban{.code = -1003, .message = "IP banned until 1659146400000."};
  const BrokerError dated{.code = -1003, .message = "Too much", .retry_after_ms = 1659142909000};
  const struct {
    std::uint32_t status;
    std::optional<BrokerError> error;
    const char* retry_after;
    std::optional<std::int64_t> expected;
  } cases[] = {
      {200, silent, "30", std::nullopt},
      {400, ban, "30", std::nullopt},
      {429, silent, "30", now + 30'000},
      {429, std::nullopt, "30", now + 30'000},
      {429, dated, "", 1659142909000},
      {429, dated, "1", now + 1'469},
      {418, ban, "10", 1659146400000},
      {429, silent, "", now + 60'000},
      {418, std::nullopt, "soon", now + 120'000},
      {429, silent, "99999999999", now + 7 * 86'400'000LL},
      {429, BrokerError{.code = -1003, .message = "", .retry_after_ms = -5}, "", now},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(blocked_until_ms(c.status, c.error, c.retry_after, now), c.expected) << c.status << " " << c.retry_after;
  }
}

TEST(BinanceErrors, NotFoundIsOnlyBelievedFromAWholeAnswer) {
  EXPECT_EQ(judge_read(400, R"({"code":-2013,"msg":"Order does not exist."})").error, ErrorCode::OrderNotFound);
  EXPECT_EQ(judge_read(503, R"({"code":-2013,"msg":"Order does not exist."})").error, ErrorCode::ConnectionError);
  EXPECT_EQ(judge_read(404, "<html></html>").error, ErrorCode::ConnectionError);
  EXPECT_EQ(judge_read(400, R"({"code":-1007,"msg":"Timeout"})").error, ErrorCode::ConnectionError);
}

}  // namespace
}  // namespace busbar::binance
