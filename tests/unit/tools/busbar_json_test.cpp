#include "tools/busbar/json.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "bus/codec.hpp"
#include "tests/promises/bus_messages.hpp"
#include "tools/busbar/story.hpp"

namespace busbar::tool {
namespace {

using namespace busbar::literals;

NewOrder limit_order() {
  NewOrder order;
  order.client_order_id = Id{"A1"};
  order.account = Name{"main"};
  order.symbol = Symbol{"BTC/USDT"};
  order.side = Side::Buy;
  order.order_type = OrderType::Limit;
  order.order_qty = "0.01000000"_d;
  order.price = "50000.10"_d;
  return order;
}

TEST(Json, KeepsEveryDigitAndLeavesOutWhatWasNotGiven) {
  const json::object out = to_json(Body{limit_order()});
  EXPECT_EQ(out.at("type").as_string(), "NewOrder");
  EXPECT_EQ(out.at("order_qty").as_string(), "0.01000000");
  EXPECT_EQ(out.at("price").as_string(), "50000.10");
  EXPECT_EQ(out.at("side").as_string(), "Buy");
  EXPECT_EQ(out.at("time_in_force").as_string(), "GoodTillCancel");
  for (const char* absent : {"stop_px", "cash_order_qty", "expire_date", "strategy", "self_trade_prevention"}) {
    EXPECT_FALSE(out.contains(absent)) << absent;
  }
}

// Changes each field of a message alone, at any depth, and names those whose change does not show.
class Changes {
 public:
  Changes(Random& random, Body& body) : random_{random}, body_{body} {}

  template <class T>
  void of(T& value, const std::string& path) {
    if constexpr (std::is_aggregate_v<T> && !requires { value.c_str(); }) {
      boost::pfr::for_each_field(value, [&](auto& field, std::size_t i) { of(field, path + "." + std::to_string(i)); });
    } else if constexpr (requires { value.has_value(); }) {
      of(value.value(), path);
    } else if constexpr (requires { value.front().c_str(); } || !requires { value.emplace_back(); } ||
                         std::is_same_v<T, Bytes> || std::is_same_v<T, std::string>) {
      const T before = value;
      const json::object shown = to_json(body_);
      while (value == before) promises::fill(random_, value);
      if (to_json(body_) == shown) hidden.push_back(path);
      value = before;
    } else {
      of(value.empty() ? value.emplace_back() : value.front(), path + "[]");
    }
  }

  std::vector<std::string> hidden;

 private:
  Random& random_;
  Body& body_;
};

TEST(Json, ShowsEachFieldOfEachMessageButAQuestionsUrl) {
  Random random;
  BUSBAR_TRACE_SEED(random);
  for (std::size_t i = 0; i < std::variant_size_v<AnyBody>; ++i) {
    Body body = promises::draw_body(random, i);
    Changes changes{random, body};
    std::visit([&](auto& message) { changes.of(message, std::string{name_of(body)}); }, body);
    // It may hold a login's code.
    const auto expected = std::holds_alternative<Query>(body) ? std::vector<std::string>{"Query.11"} : std::vector<std::string>{};
    EXPECT_EQ(changes.hidden, expected);
  }
}

TEST(Json, SaysTimesInUtcWithNineDigits) {
  EXPECT_EQ(time_text(0), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(time_text(1'764'094'800'123'456'789), "2025-11-25T18:20:00.123456789Z");
  EXPECT_EQ(time_text(-1), "1969-12-31T23:59:59.999999999Z");
}

TEST(Json, WritesWideIdentitiesAsTextForADoubleWouldRoundThem) {
  VenueReport report;
  report.incarnation = 9'007'199'254'740'993;
  EXPECT_EQ(to_json(Body{report}).at("incarnation").as_string(), "9007199254740993");
}

TEST(Json, ShowsTheMessageInsideADecision) {
  PlaceCommand place;
  place.command.command_id = 5;
  place.command.order_id = 17;
  place.command.venue_order_id = Id{"x17"};
  place.command.account = Name{"main"};
  place.command.symbol = Symbol{"BTC/USDT"};
  place.order = limit_order();
  Header header;
  header.environment = Environment::Paper;
  header.sender = Name{"router"};
  Output output;
  output.input_sequence = 3;
  output.core_version = 1;
  output.destination = Destination::Gateway;
  output.peer = Name{"binance"};
  output.message = encode(header, place);
  const Bytes payload = encode(header, output);
  Record record;
  record.header.sequence = 4;
  record.header.kind = static_cast<std::uint8_t>(RecordKind::Output);
  record.payload = payload;
  const json::object out = to_json("core", record);
  EXPECT_EQ(out.at("kind").as_string(), "Output");
  const json::object& message = out.at("message").at("message").as_object();
  EXPECT_EQ(message.at("type").as_string(), "PlaceCommand");
  EXPECT_EQ(message.at("order").at("price").as_string(), "50000.10");
  EXPECT_EQ(describe(record),
            "to gateway binance: PlaceCommand command 5 order 17 as x17: A1 main BTC/USDT Buy 0.01000000 Limit "
            "price=50000.10 GoodTillCancel");
}

TEST(Json, ShowsEachOrderOfAListAndEachLevelOfABook) {
  NewOrderList list;
  list.list_id = Id{"L1"};
  list.list_type = OrderListType::OneTriggersOther;
  list.orders = {limit_order(), limit_order()};
  const json::object out = to_json(Body{list});
  EXPECT_EQ(out.at("list_type").as_string(), "OneTriggersOther");
  ASSERT_EQ(out.at("orders").as_array().size(), 2u);
  EXPECT_EQ(out.at("orders").at(1).at("price").as_string(), "50000.10");
  const std::string order = "\n      A1 main BTC/USDT Buy 0.01000000 Limit price=50000.10 GoodTillCancel";
  EXPECT_EQ(describe(Body{list}), "NewOrderList L1 OneTriggersOther" + order + order);

  Book book;
  book.source = Name{"main"};
  book.symbol = Symbol{"BTC/USDT"};
  book.bids = {{"50000.10"_d, "0.5"_d}, {"50000.00"_d, "0"_d}};
  const json::object levels = to_json(Body{book});
  EXPECT_EQ(levels.at("bids").at(0).at("price").as_string(), "50000.10");
  EXPECT_EQ(levels.at("bids").at(1).at("qty").as_string(), "0");
  EXPECT_EQ(describe(Body{book}), "Book main BTC/USDT, 2 bids, 0 asks first_bid=0.5@50000.10");

  Bar bar;
  bar.source = Name{"main"};
  bar.symbol = Symbol{"BTC/USDT"};
  bar.interval_ms = 60'000;
  bar.close = "50000"_d;
  EXPECT_EQ(describe(Body{bar}), "Bar main BTC/USDT 1m from 1970-01-01T00:00:00.000000000Z close=50000");
}

TEST(Json, TellsCancelsOfManyInALine) {
  EXPECT_EQ(describe(Body{CancelAll{"C1", "main", "BTC/USDT", Side::Sell}}),
            "CancelAll C1 main symbol=BTC/USDT side=Sell");
  EXPECT_EQ(describe(Body{CancelAll{"C1", "main", {}, Side::Unset}}), "CancelAll C1 main");
  EXPECT_EQ(describe(Body{CancelOrderList{"C1", "L1"}}), "CancelOrderList C1 list_id=L1");
  Answer answer;
  answer.kind = QueryKind::Orders;
  answer.text = Words{"1 orders"};
  answer.orders.resize(1);
  answer.orders[0].order_id = 7;
  answer.orders[0].client_order_id = Id{"A1"};
  answer.orders[0].order_status = OrderStatus::PendingCancel;
  EXPECT_EQ(describe(Body{answer}), "Answer Orders \"1 orders\"\n      order 7 A1 is PendingCancel");
}

TEST(Json, SaysWhatIsWrongWithARecordThatCannotBeRead) {
  const Bytes payload{1, 2, 3, 4, 5, 6, 7, 8};
  Record record;
  record.header.kind = static_cast<std::uint8_t>(RecordKind::Input);
  record.payload = payload;
  EXPECT_FALSE(to_json("core", record).at("error").as_string().empty());
  EXPECT_NE(describe(record).find("not readable"), std::string::npos);
}

TEST(Json, WritesBytesThatAreNoTextInHex) {
  Tape tape;
  tape.gateway = Name{"binance"};
  tape.body = {0xff, 0x00, 0x41};
  EXPECT_EQ(to_json(Body{tape}).at("body_hex").as_string(), "ff0041");
  tape.body = {0x7b, 0x7d};
  EXPECT_EQ(to_json(Body{tape}).at("body").as_string(), "{}");
  tape.body = {0xe2, 0x82};  // a character cut short
  EXPECT_EQ(to_json(Body{tape}).at("body_hex").as_string(), "e282");
  tape.headers = "server: caf\xe9\n";
  EXPECT_EQ(to_json(Body{tape}).at("headers_hex").as_string(), "7365727665723a20636166e90a");
  tape.headers = "server: café\n";
  EXPECT_EQ(to_json(Body{tape}).at("headers").as_string(), "server: café\n");
}

TEST(Story, ATerminalGetsNoControlCharactersOfABroker) {
  constexpr std::string_view bytes = "one\x1b[2Jtwo\r\nthree\xff";
  Tape tape;
  tape.body.assign(bytes.begin(), bytes.end());
  const std::string text = describe(Body{tape});
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
  EXPECT_EQ(text.find('\xff'), std::string::npos) << text;
  EXPECT_NE(text.find("\n      three"), std::string::npos) << text;
}

TEST(Json, ADeadlineIsSaidWithItsTimeAndHowLongThatIs) {
  constexpr Timestamp now = 1'764'161'400'000'000'000;  // 2025-11-26 12:50
  SessionState session;
  const auto said = [&](SessionStateKind state, std::int64_t seconds) {
    session.state = state;
    session.deadline_ns = now + seconds * 1'000'000'000;
    return deadline_text(session, now);
  };
  using enum SessionStateKind;
  EXPECT_EQ(said(ExpiresAt, 90), "ends 2025-11-26 12:51:30 UTC, in 90 s");
  EXPECT_EQ(said(ExpiresAt, 2'460), "ends 2025-11-26 13:31:00 UTC, in 41 min");
  EXPECT_EQ(said(ExpiresAt, -30), "ends 2025-11-26 12:49:30 UTC, 30 s ago");
  EXPECT_EQ(said(Ok, 82'800), "renewed by 2025-11-27 11:50:00 UTC, in 23 h");
  EXPECT_EQ(said(Ok, 547 * 86'400), "renewed by 2027-05-27 12:50:00 UTC, in 547 days");
  EXPECT_EQ(said(Down, 90), "") << "what it will not reach is no deadline";
  session.deadline_ns = 0;
  session.state = ExpiresAt;
  EXPECT_EQ(deadline_text(session, now), "ends any moment");
  session.state = Ok;
  EXPECT_EQ(deadline_text(session, now), "");
}

}  // namespace
}  // namespace busbar::tool
