#include "bus/codec.hpp"

#include <cstring>
#include <limits>
#include <set>
#include <thread>

#include <boost/pfr.hpp>
#include <gtest/gtest.h>

#include "schemas/message_generated.h"
#include "tests/unit/bus/random.hpp"

namespace busbar {
namespace {

using namespace literals;

// ---- Any struct of messages.hpp, filled so that no field is what it is when left out, and compared field by field.

bool leaves_numbers = false;  // as a sender that has nothing to say in them

template <class Struct>
  requires std::is_aggregate_v<Struct>
void fill(Random& random, Struct& value);

template <std::size_t N>
void fill(Random& random, Text<N>& text) {
  text.clear();
  const auto size = random.one_in(4) ? N : static_cast<std::size_t>(random.between(1, N));
  while (text.size() < size) text += static_cast<char>(random.between('!', '~'));
}
void fill(Random& random, std::string& text) {
  for (auto size = random.between(1, 60); size > 0; --size) text += static_cast<char>(random.between(1, 127));
}
void fill(Random&, bool& value) { value = value == leaves_numbers; }
template <class Number>
  requires std::is_arithmetic_v<Number>
void fill(Random& random, Number& value) {
  const Number before = value;
  while (!leaves_numbers && value == before) value = static_cast<Number>(random.bits());
}
template <class Enum>
  requires std::is_enum_v<Enum>
void fill(Random& random, Enum& value) {
  const Enum before = value;
  while (value == before || value == Enum::MIN) value = static_cast<Enum>(random.between(1, static_cast<int>(Enum::MAX)));
}
void fill(Random& random, Decimal& value) {
  value = Decimal{random.between(1, std::numeric_limits<std::int64_t>::max()), static_cast<int>(random.between(-18, 18))};
}
template <class T>
void fill(Random& random, std::optional<T>& value) {
  if (!leaves_numbers) fill(random, value.emplace());
}
template <class T>
void fill(Random& random, std::vector<T>& values) {
  for (auto size = random.between(1, 3); size > 0; --size) fill(random, values.emplace_back());
}
template <class Struct>
  requires std::is_aggregate_v<Struct>
void fill(Random& random, Struct& value) {
  boost::pfr::for_each_field(value, [&](auto& field) { fill(random, field); });
}

// Other values in the same shape: the same fields, and texts as long.
template <class Struct>
  requires std::is_aggregate_v<Struct>
void vary(Random& random, Struct& value);

template <std::size_t N>
void vary(Random& random, Text<N>& text) {
  for (char& c : text) c = static_cast<char>(random.between('!', '~'));
}
void vary(Random& random, std::string& text) {
  for (char& c : text) c = static_cast<char>(random.between(1, 127));
}
void vary(Random&, bool&) {}
template <class Number>
  requires std::is_arithmetic_v<Number>
void vary(Random& random, Number& value) {
  if (value != 0) fill(random, value);
}
template <class Enum>
  requires std::is_enum_v<Enum>
void vary(Random& random, Enum& value) {
  if (value != Enum::MIN) value = static_cast<Enum>(random.between(1, static_cast<int>(Enum::MAX)));
}
void vary(Random& random, Decimal& value) { fill(random, value); }
template <class T>
void vary(Random& random, std::optional<T>& value) {
  if (value) vary(random, *value);
}
template <class T>
void vary(Random& random, std::vector<T>& values) {
  for (T& value : values) vary(random, value);
}
template <class Struct>
  requires std::is_aggregate_v<Struct>
void vary(Random& random, Struct& value) {
  boost::pfr::for_each_field(value, [&](auto& field) { vary(random, field); });
}

bool same(Decimal a, Decimal b) { return a.mantissa() == b.mantissa() && a.exponent() == b.exponent(); }
template <class T>
  requires(!std::is_aggregate_v<T>)
bool same(const T& a, const T& b) {
  return a == b;
}
template <class Struct>
  requires std::is_aggregate_v<Struct>
bool same(const Struct& a, const Struct& b);
template <class T>
bool same(const std::optional<T>& a, const std::optional<T>& b) {
  return a.has_value() == b.has_value() && (!a || same(*a, *b));
}
template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!same(a[i], b[i])) return false;
  }
  return true;
}
template <class Struct>
  requires std::is_aggregate_v<Struct>
bool same(const Struct& a, const Struct& b) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    [[maybe_unused]] const auto same_field = [](const auto& one, const auto& other, std::size_t index) {
      if (same(one, other)) return true;
      ADD_FAILURE() << "field " << index << " of " << boost::pfr::tuple_size_v<Struct>;
      return false;
    };
    bool all = true;
    ((all = same_field(boost::pfr::get<I>(a), boost::pfr::get<I>(b), I) && all), ...);
    return all;
  }(std::make_index_sequence<boost::pfr::tuple_size_v<Struct>>{});
}

Header draw_header(Random& random) {
  Header header;
  fill(random, header);
  header.schema_version = 1;
  return header;
}

template <std::size_t I = 0>
Body draw_body(Random& random, std::size_t index) {
  if constexpr (I < std::variant_size_v<AnyBody>) {
    if (I != index) return draw_body<I + 1>(random, index);
    std::variant_alternative_t<I, AnyBody> body;
    fill(random, body);
    return body;
  } else {
    return Tick{};
  }
}

NewOrder order() {
  NewOrder order;
  order.client_order_id = "A1";
  order.account = "main";
  order.symbol = "BTC/USDT";
  order.side = Side::Buy;
  order.order_type = OrderType::Limit;
  order.order_qty = "0.5"_d;
  order.price = "30000.10"_d;
  return order;
}

ExecutionReport report() {
  ExecutionReport report;
  report.client_order_id = "A1";
  report.exec_id = "E1";
  report.exec_type = ExecType::New;
  report.order_status = OrderStatus::New;
  return report;
}

Book book_with(Decimal qty) {
  Book book;
  book.source = "main";
  book.symbol = "BTC/USDT";
  book.bids = {{"30000"_d, "1"_d}};
  book.asks = {{"30001"_d, "1"_d}, {"30002"_d, qty}};
  return book;
}

Header header() {
  Header header;
  header.environment = Environment::Paper;
  header.sender = "alpha";
  header.sequence = 5;
  header.correlation_id = 77;
  return header;
}

std::string refusal(const Body& body) {
  const auto decoded = decode(encode(header(), body));
  return decoded ? "taken" : decoded.error().text;
}

template <class T, class Change>
std::string refusal_of(T body, Change change) {
  change(body);
  return refusal(body);
}

void expect_every_body_back() {
  Random random;
  BUSBAR_TRACE_SEED(random);
  for (int round = 0; round < 20; ++round) {
    for (std::size_t index = 0; index < std::variant_size_v<AnyBody>; ++index) {
      const Message message{draw_header(random), draw_body(random, index)};
      SCOPED_TRACE(name_of(message.body));
      ASSERT_EQ(message.body.index(), index);
      const Bytes bytes = encode(message);
      const auto decoded = decode(bytes);
      ASSERT_TRUE(decoded) << decoded.error().text;
      ASSERT_TRUE(same(decoded->header, message.header));
      ASSERT_EQ(decoded->body.index(), index);
      const bool is_same = std::visit(
          [&](const auto& body) { return same(body, std::get<std::decay_t<decltype(body)>>(decoded->body)); }, message.body);
      ASSERT_TRUE(is_same);
      ASSERT_EQ(encode(*decoded), bytes) << "the same message has the same bytes";
    }
  }
}

TEST(Codec, EveryFieldOfEveryBodyComesBack) { expect_every_body_back(); }

// What a struct has when nothing is said is what the schema has when nothing is written.
TEST(Codec, WhatIsLeftOutComesBackAsItWas) {
  leaves_numbers = true;
  expect_every_body_back();
  leaves_numbers = false;
}

// A message like one before it is made from that one's bytes; a thread that has made none lays it out anew.
void expect_the_bytes_of_the_builder() {
  Random random;
  BUSBAR_TRACE_SEED(random);
  for (int round = 0; round < 20; ++round) {
    for (std::size_t index = 0; index < std::variant_size_v<AnyBody>; ++index) {
      Message message{draw_header(random), draw_body(random, index)};
      SCOPED_TRACE(name_of(message.body));
      for (int other = 0; other < 3; ++other) {
        const Bytes bytes = encode(message);
        Bytes built;
        std::thread{[&] { built = encode(message); }}.join();
        ASSERT_EQ(bytes, built);
        vary(random, message.header);
        message.header.schema_version = 1;
        std::visit([&](auto& body) { vary(random, body); }, message.body);
      }
    }
  }
}

TEST(Codec, AMessageOfAKnownShapeHasTheBytesOfTheBuilder) {
  expect_the_bytes_of_the_builder();
  leaves_numbers = true;
  expect_the_bytes_of_the_builder();
  leaves_numbers = false;
}

TEST(Codec, TheNameIsTheSchemasAndNoBodyIsForgotten) {
  Random random;
  std::set<std::string_view> names;
  for (std::size_t index = 0; index < std::variant_size_v<AnyBody>; ++index) names.insert(name_of(draw_body(random, index)));
  EXPECT_EQ(names.size(), std::variant_size_v<AnyBody>);
  EXPECT_EQ(name_of(Body{NewOrder{}}), "NewOrder");
  EXPECT_EQ(name_of(Side::Buy), "Buy");
  EXPECT_EQ(name_of(ErrorCode::InsufficientFunds), "INSUFFICIENT_FUNDS");
  EXPECT_EQ(name_of(ErrorCode::UnknownOutcome), "UNKNOWN_OUTCOME");
  EXPECT_EQ(name_of(ErrorCode::Internal), "INTERNAL");
  EXPECT_EQ(name_of(ErrorCode::JournalDown), "JOURNAL_DOWN");
}

TEST(Codec, AnIdIsPlainInEachOfItsBytes) {
  for (std::size_t size = 1; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        const auto verdict = refusal_of(order(), [&](NewOrder& o) {
          o.client_order_id.assign(size, 'A');
          o.client_order_id[at] = static_cast<char>(byte);
        });
        ASSERT_EQ(verdict == "taken", byte > ' ' && byte <= '~') << byte << " at " << at << " of " << size;
      }
    }
  }
}

TEST(Codec, ARefusalNamesTableAndField) {
  const struct {
    const char* what;
    std::string got;
    const char* want;
  } cases[] = {
      {"a good order", refusal(order()), "taken"},
      {"no id", refusal_of(order(), [](NewOrder& o) { o.client_order_id.clear(); }), "NewOrder.client_order_id: is missing"},
      {"a space in an id", refusal_of(order(), [](NewOrder& o) { o.client_order_id = "A 1"; }),
       "NewOrder.client_order_id: is not printable ASCII without spaces"},
      {"an id that is not ASCII", refusal_of(order(), [](NewOrder& o) { o.account = "größe"; }),
       "NewOrder.account: is not printable ASCII without spaces"},
      {"a symbol in Chinese", refusal_of(order(), [](NewOrder& o) { o.symbol = "币安人生/USDT"; }), "taken"},
      {"a symbol that is not UTF-8", refusal_of(order(), [](NewOrder& o) { o.symbol = "\xFF/USDT"; }),
       "NewOrder.symbol: is not UTF-8 without spaces and control characters"},
      {"no side", refusal_of(order(), [](NewOrder& o) { o.side = Side::Unset; }), "NewOrder.side: is missing"},
      {"an unknown side", refusal_of(order(), [](NewOrder& o) { o.side = static_cast<Side>(7); }), "NewOrder.side: 7 is no Side"},
      {"an unknown order type", refusal_of(order(), [](NewOrder& o) { o.order_type = static_cast<OrderType>(200); }),
       "NewOrder.order_type: 200 is no OrderType"},
      {"an unknown rounding", refusal_of(order(), [](NewOrder& o) { o.rounding = static_cast<Rounding>(4); }),
       "NewOrder.rounding: 4 is no Rounding"},
      {"nothing to buy", refusal_of(order(), [](NewOrder& o) { o.order_qty = "0"_d; }), "NewOrder.order_qty: 0 is not more than 0"},
      {"less than nothing", refusal_of(order(), [](NewOrder& o) { o.order_qty = "-1"_d; }), "NewOrder.order_qty: -1 is negative"},
      {"a negative price", refusal_of(order(), [](NewOrder& o) { o.price = "-37.63"_d; }), "taken"},
      {"control characters for a person",
       refusal(Reject{1, ErrorCode::InvalidOrder, Name{}, Id{}, Words{"\x1b[2J"}}),
       "Reject.text: is not UTF-8 without control characters"},
      {"a price level of nothing", refusal(book_with("0"_d)), "taken"},
      {"a price level of less", refusal(book_with("-0.5"_d)), "Book.asks: -0.5 is negative"},
      {"a list of no kind", refusal(NewOrderList{.list_id = "L1", .orders = {order(), order()}}),
       "NewOrderList.list_type: is missing"},
      {"a list of very many orders", refusal(NewOrderList{"L1", OrderListType::OneCancelsOther, std::vector<NewOrder>(62, order())}),
       "Message.bytes: hold more than 64 tables"},
      {"a page of very many orders", refusal(Answer{.kind = QueryKind::Orders, .orders = std::vector<ExecutionReport>(1000, report())}),
       "taken"},
      {"a negative volume", refusal(Ticker{.source = "main", .symbol = "X", .volume = "-1"_d}), "Ticker.volume: -1 is negative"},
      {"an order inside a list",
       refusal_of(NewOrderList{"L1", OrderListType::OneCancelsOther, {order(), order()}},
                  [](NewOrderList& l) { l.orders[1].order_qty = "-1"_d; }),
       "NewOrder.order_qty: -1 is negative"},
      {"an order inside a command",
       refusal_of(PlaceCommand{Command{.venue_order_id = "v", .account = "main", .symbol = "X"}, order()},
                  [](PlaceCommand& c) { c.order.side = static_cast<Side>(9); }),
       "NewOrder.side: 9 is no Side"},
      {"an element of a list",
       refusal_of(Instruments{Name{"b"}, 0, true, {Instrument{.symbol = "A", .broker_symbol = "A"}}},
                  [](Instruments& i) { i.instruments[0].order_types = {OrderType::Limit, static_cast<OrderType>(99)}; }),
       "Instrument.order_types: 99 is no OrderType"},
  };
  for (const auto& c : cases) EXPECT_EQ(c.got, c.want) << c.what;
}

// What a struct of ours cannot hold, written by hand.
Bytes by_hand(const std::function<flatbuffers::Offset<wire::NewOrder>(flatbuffers::FlatBufferBuilder&)>& make_order,
              std::uint16_t version = 1, wire::Body type = wire::Body::NewOrder) {
  flatbuffers::FlatBufferBuilder builder;
  const auto body = make_order(builder);
  const auto head = wire::CreateHeaderDirect(builder, version, wire::Environment::Paper, "alpha", nullptr, 1, 42);
  wire::FinishMessageBuffer(builder, wire::CreateMessage(builder, head, type, body.Union()));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

auto order_with(const char* id, const wire::Decimal* qty) {
  return [id, qty](flatbuffers::FlatBufferBuilder& builder) {
    return wire::CreateNewOrderDirect(builder, id, "main", "BTC/USDT", wire::Side::Buy, wire::OrderType::Market,
                                      wire::TimeInForce::GoodTillCancel, qty);
  };
}

TEST(Codec, WhatNoStructCanHoldIsRefused) {
  const wire::Decimal one{1, 0};
  const wire::Decimal far{1, 19};
  EXPECT_TRUE(decode(by_hand(order_with("A1", &one))));
  EXPECT_EQ(decode(by_hand(order_with("A1", &far))).error().text, "NewOrder.order_qty: exponent 19 is not -18 to 18");
  const std::string long_id(65, 'x');
  EXPECT_EQ(decode(by_hand(order_with(long_id.c_str(), &one))).error().text, "NewOrder.client_order_id: 65 bytes are more than 64");
}

// Tables may share what they name, and a list that many of them share would be taken, and verified, once for each.
TEST(Codec, AListStandsInOneTable) {
  const auto finish = [](flatbuffers::FlatBufferBuilder& builder, wire::Body type, flatbuffers::Offset<void> body) {
    const auto head = wire::CreateHeaderDirect(builder, 1, wire::Environment::Paper, "alpha", nullptr, 1, 42);
    wire::FinishMessageBuffer(builder, wire::CreateMessage(builder, head, type, body));
    return Bytes{builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
  };
  const auto answer_with = [&](std::size_t books, std::size_t lists) {
    flatbuffers::FlatBufferBuilder builder;
    const std::vector<wire::BookLevel> levels(1000, wire::BookLevel{wire::Decimal{1, 0}, wire::Decimal{1, 0}});
    flatbuffers::Offset<flatbuffers::Vector<const wire::BookLevel*>> shared;
    std::vector<flatbuffers::Offset<wire::Book>> all;
    for (std::size_t i = 0; i < books; ++i) {
      if (i < lists) shared = builder.CreateVectorOfStructs(levels);
      const auto source = builder.CreateString("main");
      const auto symbol = builder.CreateString("X");
      wire::BookBuilder book{builder};
      book.add_source(source);
      book.add_symbol(symbol);
      book.add_bids(shared);
      all.push_back(book.Finish());
    }
    const auto list = builder.CreateVector(all);
    wire::AnswerBuilder answer{builder};
    answer.add_kind(wire::QueryKind::Book);
    answer.add_books(list);
    return finish(builder, wire::Body::Answer, answer.Finish().Union());
  };
  EXPECT_TRUE(decode(answer_with(20, 20)));
  EXPECT_EQ(decode(answer_with(1000, 1)).error().text, "Book.bids: its elements stand in several tables");

  const auto configuration_with = [&](std::size_t clients, std::size_t lists, std::size_t names, std::size_t without = 0) {
    flatbuffers::FlatBufferBuilder builder;
    const auto name = builder.CreateString("main");
    flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>> shared;
    std::vector<flatbuffers::Offset<wire::ClientRule>> all;
    for (std::size_t i = 0; i < clients; ++i) {
      if (i < lists) shared = builder.CreateVector(std::vector(names, name));
      wire::ClientRuleBuilder client{builder};
      client.add_client(name);
      if (i >= without) client.add_accounts(shared);
      all.push_back(client.Finish());
    }
    const auto list = builder.CreateVector(all);
    wire::ConfigurationBuilder configuration{builder};
    configuration.add_environment(wire::Environment::Paper);
    configuration.add_journal_id(name);
    configuration.add_clients(list);
    return finish(builder, wire::Body::Configuration, configuration.Finish().Union());
  };
  EXPECT_TRUE(decode(configuration_with(100, 100, 1000)));
  EXPECT_EQ(decode(configuration_with(60, 1, 10'000)).error().text, "Message.bytes: list texts in several tables");
  EXPECT_EQ(decode(configuration_with(4000, 1, 10'000)).error().text, "Message.bytes: list texts in several tables");
  EXPECT_EQ(decode(configuration_with(60, 1, 10'000, 20)).error().text, "Message.bytes: list texts in several tables");
  EXPECT_EQ(decode(configuration_with(20, 2, 100)).error().text, "ClientRule.accounts: its elements stand in several tables");
}

TEST(Codec, ALaterSchemaIsUnsupportedAndItsSenderStillKnown) {
  const wire::Decimal one{1, 0};
  const struct {
    Bytes bytes;
    const char* text;
  } cases[] = {
      {by_hand(order_with("A1", &one), 2), "Header.schema_version: 2 is later than 1"},
      {by_hand(order_with("A1", &one), 1, static_cast<wire::Body>(200)), "Message.body: 200 is of a later schema"},
      {by_hand(order_with("A1", &one), 1, wire::Body::Kill), "Message.body: Kill is not spoken here"},
  };
  for (const auto& c : cases) {
    // A Kill whose fields are an order's does not verify; then it is malformed, not unsupported.
    const auto decoded = decode(c.bytes);
    ASSERT_FALSE(decoded);
    if (decoded.error().code == ErrorCode::Unsupported) {
      EXPECT_EQ(decoded.error().text, c.text);
    } else {
      EXPECT_EQ(decoded.error().code, ErrorCode::InvalidMessage);
    }
    const auto head = decode_header(c.bytes);
    ASSERT_TRUE(head) << head.error().text;
    EXPECT_EQ(head->correlation_id, 42u);
    EXPECT_EQ(view(head->sender), "alpha");
  }
  EXPECT_EQ(decode(cases[0].bytes).error().code, ErrorCode::Unsupported);
  EXPECT_EQ(decode(cases[1].bytes).error().code, ErrorCode::Unsupported);
}

TEST(Codec, ReadsFromAnyAddress) {
  const Bytes bytes = encode(header(), order());
  Bytes shifted(bytes.size() + 8);
  for (std::size_t shift = 0; shift < 8; ++shift) {
    std::memcpy(shifted.data() + shift, bytes.data(), bytes.size());
    EXPECT_TRUE(decode(std::span{shifted}.subspan(shift, bytes.size())));
    EXPECT_TRUE(decode_header(std::span{shifted}.subspan(shift, bytes.size())));
  }
}

TEST(Codec, RefusesWhatIsTooLargeTooSmallOrSomethingElse) {
  EXPECT_EQ(decode({}).error().text, "Message.size: 0 bytes are too few");
  EXPECT_EQ(decode(Bytes(audit_message_size_max + 1)).error().text, "Message.size: 2097153 bytes are more than 2097152");
  EXPECT_EQ(decode(Bytes(64, 0x20)).error().text, "Message.identifier: is not BBUS");
  Tape tape{.gateway = "b", .direction = TapeDirection::Sent, .channel = TapeChannel::Rest};
  tape.body.resize(message_size_max);
  EXPECT_NE(refusal(tape).find("bytes are more than 1048576"), std::string::npos);
  AuditAppend append{.stream = "core", .first_sequence = 1, .count = 1};
  append.records.resize(message_size_max + 4096);
  EXPECT_EQ(refusal(append), "taken");
}

// What libFuzzer does for longer: whatever becomes of the bytes, decode answers, and what it takes can be written and read again.
TEST(Codec, MutatedBytesAreAnsweredAndWhatIsTakenHolds) {
  Random random;
  BUSBAR_TRACE_SEED(random);
  std::size_t taken = 0;
  for (int i = 0; i < 2000; ++i) {
    const auto index = static_cast<std::size_t>(random.between(0, std::variant_size_v<AnyBody> - 1));
    Bytes bytes = encode(draw_header(random), draw_body(random, index));
    for (auto n = random.between(1, 4); n > 0; --n) {
      auto& byte = bytes[static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(bytes.size()) - 1))];
      byte = static_cast<std::uint8_t>(random.one_in(2) ? random.bits() : byte + random.between(-2, 2));
    }
    if (random.one_in(8)) bytes.resize(static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(bytes.size()))));
    static_cast<void>(decode_header(bytes));
    const auto decoded = decode(bytes);
    if (!decoded) {
      ASSERT_FALSE(decoded.error().text.empty());
      continue;
    }
    ++taken;
    const auto again = decode(encode(*decoded));
    ASSERT_TRUE(again) << again.error().text;
  }
  EXPECT_GT(taken, 0u);
}

// Orders and reports are verified in one piece, and by no other rule than all else.
TEST(Codec, OrdersAndReportsAreWellFormedByTheSchemasOwnVerifier) {
  Random random;
  BUSBAR_TRACE_SEED(random);
  std::size_t refused = 0;
  for (int i = 0; i < 4000; ++i) {
    Body body = random.one_in(2) ? Body{NewOrder{}} : Body{VenueReport{}};
    std::visit([&](auto& value) { fill(random, value); }, body);
    Bytes bytes = encode(draw_header(random), body);
    for (auto n = random.between(0, 3); n > 0; --n) {
      auto& byte = bytes[static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(bytes.size()) - 1))];
      byte = static_cast<std::uint8_t>(random.one_in(2) ? random.bits() : byte + random.between(-8, 8));
    }
    if (random.one_in(8)) bytes.resize(static_cast<std::size_t>(random.between(24, static_cast<std::int64_t>(bytes.size()))));
    flatbuffers::Verifier verifier{bytes.data(), bytes.size(), 8, 64};
    const bool is_well_formed = wire::VerifyMessageBuffer(verifier);
    const auto decoded = decode(bytes);
    if (decoded) {
      ASSERT_TRUE(is_well_formed);
    } else if (decoded.error().text == "Message.bytes: are not a well-formed buffer") {
      ASSERT_FALSE(is_well_formed);
      ++refused;
    }
  }
  EXPECT_GT(refused, 100u);
}

}  // namespace
}  // namespace busbar
