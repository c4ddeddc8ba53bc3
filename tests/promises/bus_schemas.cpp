// B13: programs of two earlier schemas, made from those schemas by flatc, read every message of today, as far as they know it,
// and write it again as they would have. Today's code reads what they wrote, field by field. What is of a schema yet to come is
// refused as that, and tells who asked. (What the router does with it: bus_junk.py.)

#include <cstdio>
#include <set>

#include <gtest/gtest.h>

#include "before1/message_generated.h"
#include "before2/message_generated.h"
#include "schemas/message_generated.h"
#include "tests/promises/bus_messages.hpp"
#include "tests/promises/size.hpp"

namespace busbar::promises {
namespace {

// How many fields a table had in a schema.
struct Before {
  const char* name;
  bool (*verify)(flatbuffers::Verifier&);
  std::uint8_t last_body;
  // Reads a message into that schema's own structs and writes it from them.
  Bytes (*rewrite)(const Bytes&);
  std::size_t (*fields)(std::string_view table);
};

// clang-format off
#define BUSBAR_EVERY_TABLE(table)                                                                                              \
  table(Header) table(NewOrder) table(CancelOrder) table(ReplaceOrder) table(CancelAll) table(NewOrderList)                   \
  table(CancelOrderList) table(ExecutionReport) table(Reject) table(Hello) table(Welcome) table(Heartbeat)                    \
  table(ResendRequest) table(Logout) table(SessionState) table(AbsenceRule) table(Capabilities) table(RateLimit)              \
  table(RateCost) table(RateUsage) table(GatewayAccount) table(GatewayHello) table(GatewayWelcome) table(Command)             \
  table(PlaceCommand) table(CancelCommand) table(ReplaceCommand) table(AskCommand) table(VenueReport) table(ReportAck)        \
  table(Reconciled) table(Subscribe) table(Unsubscribe) table(SubscribeAck) table(SnapshotRequest) table(Quote) table(Trade)  \
  table(Bar) table(Book) table(Instrument) table(Instruments) table(AccountInfo) table(Balance) table(Position) table(Query)  \
  table(GatewayStatus) table(BucketStatus) table(RouterStatus) table(Answer) table(ClientRule) table(AccountRule)             \
  table(SymbolRule) table(Configuration) table(CoreStart) table(Tick) table(Connected) table(Disconnected) table(SendFailed)  \
  table(Output) table(AuditState) table(AuditAppend) table(AuditQuery) table(Tape)
// clang-format on

#define BUSBAR_FIELDS(T) \
  if (table == #T) return schema::T##TypeTable()->num_elems;
#define BUSBAR_NAME(T) \
  std::string_view name_of_table(const T&) { return #T; }

BUSBAR_EVERY_TABLE(BUSBAR_NAME)
// Tables that neither schema had: they come in no message that those could read.
std::string_view name_of_table(const PlaceListCommand&) { return "PlaceListCommand"; }
std::string_view name_of_table(const Ticker&) { return "Ticker"; }
std::string_view name_of_table(const Offer&) { return "Offer"; }
std::string_view name_of_table(const MarketHours&) { return "MarketHours"; }
std::string_view name_of_table(const TradingSession&) { return "TradingSession"; }
std::string_view name_of_table(const Portfolio&) { return "Portfolio"; }
std::string_view name_of_table(const Preview&) { return "Preview"; }

#define BUSBAR_BEFORE(which, its_name)                                                                 \
  Before which##_schema() {                                                                            \
    namespace schema = busbar::which;                                                                  \
    return {its_name, [](flatbuffers::Verifier& verifier) { return schema::VerifyMessageBuffer(verifier); }, \
            static_cast<std::uint8_t>(schema::Body::MAX),                                              \
            [](const Bytes& bytes) -> Bytes {                                                          \
              const auto message = schema::UnPackMessage(bytes.data());                                \
              flatbuffers::FlatBufferBuilder builder;                                                  \
              schema::FinishMessageBuffer(builder, schema::CreateMessage(builder, message.get()));     \
              return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};     \
            },                                                                                         \
            [](std::string_view table) -> std::size_t {                                                \
              BUSBAR_EVERY_TABLE(BUSBAR_FIELDS)                                                        \
              return more_fields_of_##which(table);                                                    \
            }};                                                                                        \
  }

std::size_t more_fields_of_before1(std::string_view) { return 0; }
std::size_t more_fields_of_before2(std::string_view table) {
  namespace schema = busbar::before2;
  BUSBAR_FIELDS(PlaceListCommand)
  BUSBAR_FIELDS(Ticker)
  return 0;
}
BUSBAR_BEFORE(before1, "schemas/baseline")
BUSBAR_BEFORE(before2, "schemas_before")

// Is `now`, read from what was written before, all of `then` that the schema of before knew, and for the rest nothing?
class Comparison {
 public:
  explicit Comparison(const Before& before) : before_{before} {}
  std::string difference;

  template <class T>
  void compare(const T& now, const T& then, const std::string& where) {
    if constexpr (std::is_same_v<T, Decimal>) {
      differ(now.mantissa() != then.mantissa() || now.exponent() != then.exponent(), where);
    } else if constexpr (std::is_same_v<T, BookLevel>) {
      compare(now.price, then.price, where);
      compare(now.qty, then.qty, where);
    } else if constexpr (requires { now.c_str(); } || !std::is_class_v<T> || std::is_same_v<T, Bytes>) {
      differ(now != then, where);
    } else if constexpr (requires { now.has_value(); }) {
      differ(now.has_value() != then.has_value(), where);
      if (now && then) compare(*now, *then, where);
    } else if constexpr (requires { now.begin(); }) {
      differ(now.size() != then.size(), where);
      for (std::size_t i = 0; i < std::min(now.size(), then.size()); ++i) compare(now[i], then[i], where);
    } else {
      fields(now, then);
    }
  }

 private:
  void differ(bool does, const std::string& where) {
    if (does && difference.empty()) difference = where;
  }

  template <class T>
  void fields(const T& now, const T& then) {
    const std::string table{name_of_table(now)};
    [[maybe_unused]] const std::size_t known = before_.fields(table);
    [[maybe_unused]] const T nothing{};
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (compare(boost::pfr::get<I>(now), I < known ? boost::pfr::get<I>(then) : boost::pfr::get<I>(nothing),
               table + ", field " + std::to_string(I) + (I < known ? "" : ", which it did not have")),
       ...);
    }(std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
  }

  const Before& before_;
};

bool is_read_by(const Before& before, const Bytes& bytes) {
  flatbuffers::Verifier verifier{bytes.data(), bytes.size()};
  return before.verify(verifier);
}

std::uint8_t body_type(const Bytes& bytes) { return static_cast<std::uint8_t>(wire::GetMessage(bytes.data())->body_type()); }

void exchange(const Before& before, std::int64_t rounds, Random& random) {
  std::set<std::string_view> kinds, unknown;
  std::int64_t messages = 0;
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (std::size_t index = 0; index < std::variant_size_v<AnyBody>; ++index) {
      const Message message{draw_header(random), draw_body(random, index)};
      const Bytes bytes = encode(message);
      if (!decode(bytes)) continue;  // more than a message may hold
      const std::string_view name = name_of(message.body);
      ASSERT_TRUE(is_read_by(before, bytes)) << name << " of today is no message to " << before.name;
      if (body_type(bytes) > before.last_body) {
        unknown.insert(name);
        continue;
      }
      const Bytes written = before.rewrite(bytes);
      const auto decoded = decode(written);
      ASSERT_TRUE(decoded) << name << " of " << before.name << ": " << decoded.error().text;
      ASSERT_EQ(decoded->body.index(), index);
      Comparison comparison{before};
      comparison.compare(decoded->header, message.header, "");
      std::visit([&](const auto& body) { comparison.compare(body, std::get<std::decay_t<decltype(body)>>(message.body), ""); },
                 decoded->body);
      ASSERT_EQ(comparison.difference, "") << name << " of " << before.name;
      kinds.insert(name);
      ++messages;
    }
  }
  std::printf("B13: %s: %lld messages of %zu kinds written by it are read as they were meant, and it reads today's; %zu kinds of "
              "today it did not know\n",
              before.name, static_cast<long long>(messages), kinds.size(), unknown.size());
  EXPECT_EQ(kinds.size() + unknown.size(), std::variant_size_v<AnyBody>);
}

TEST(Schemas, TheTwoOfBeforeAreReadAndReadUs) {
  Random random;
  std::printf("B13: seed %llu (BUSBAR_SEED repeats it)\n", static_cast<unsigned long long>(random.seed()));
  const auto rounds = times(2'000, 40);
  exchange(before1_schema(), rounds, random);
  exchange(before2_schema(), rounds, random);
}

TEST(Schemas, WhatIsYetToComeIsRefusedAsThatAndTellsWhoAsked) {
  int refused = 0;
  for (int type = static_cast<int>(wire::Body::MAX) + 1; type <= 255; ++type) {
    flatbuffers::FlatBufferBuilder builder;
    const auto text = builder.CreateString("what nobody knows yet");
    const auto start = builder.StartTable();
    builder.AddOffset(4, text);
    builder.AddElement<std::uint64_t>(6, 77, 0);
    const flatbuffers::Offset<void> body{builder.EndTable(start)};
    const auto header = wire::CreateHeaderDirect(builder, 1, wire::Environment::Paper, "alpha", "s1", 5, 42);
    wire::FinishMessageBuffer(builder, wire::CreateMessage(builder, header, static_cast<wire::Body>(type), body));
    const std::span<const std::uint8_t> bytes{builder.GetBufferPointer(), builder.GetSize()};
    const auto message = decode(bytes);
    ASSERT_FALSE(message);
    ASSERT_EQ(message.error().code, ErrorCode::Unsupported) << message.error().text;
    const auto asked = decode_header(bytes);
    ASSERT_TRUE(asked);
    ASSERT_EQ(asked->correlation_id, 42u);
    ++refused;
  }
  std::printf("B13: %d kinds of a schema yet to come: all UNSUPPORTED, each tells who asked\n", refused);
}

}  // namespace
}  // namespace busbar::promises
