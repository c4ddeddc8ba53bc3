// B12: messages of every kind, whole at first, are broken where their schema says that something stands: enums, decimals,
// texts, lengths, offsets, tables of fields; and anywhere. Whatever the codec takes of them is judged again here, by other
// means, and nothing that a message may not hold may be in it.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include <flatbuffers/reflection_generated.h>
#include <gtest/gtest.h>

#include "tests/promises/bus_messages.hpp"
#include "tests/promises/size.hpp"
#include "tests/unit/bus/temporary_directory.hpp"

namespace busbar::promises {
namespace {

// ---- Where things stand in a buffer, by the schema that flatc has written down.

std::string compile_schema() {
  const TemporaryDirectory out;
  const std::string command = "flatc --binary --schema -I " BUSBAR_SCHEMAS " -o " + out.path().string() + " " BUSBAR_SCHEMAS "/message.fbs";
  if (std::system(command.c_str()) != 0) return {};
  std::ifstream in{out.path() / "message.bfbs", std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

struct Places {
  std::vector<std::size_t> enums;     // one byte each, the union's type among them
  std::vector<std::size_t> decimals;  // eight bytes mantissa, then the exponent
  std::vector<std::size_t> numbers;
  std::vector<std::size_t> texts;     // an offset to a string
  std::vector<std::size_t> vectors;   // an offset to a vector
  std::vector<std::size_t> tables;    // where a table begins
  std::vector<std::size_t> offsets;   // to a table
};

class Map {
 public:
  explicit Map(const reflection::Schema& schema) : schema_{schema} {}

  // Of a well-formed message.
  Places of(const Bytes& bytes) const {
    Places places;
    table(bytes, read<std::uint32_t>(bytes, 0), *schema_.root_table(), places);
    return places;
  }

  template <class T>
  static T read(const Bytes& bytes, std::size_t at) {
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
  }
  static std::size_t follow(const Bytes& bytes, std::size_t at) { return at + read<std::uint32_t>(bytes, at); }

 private:
  const reflection::Object& object(const reflection::Type& type) const {
    return *schema_.objects()->Get(static_cast<flatbuffers::uoffset_t>(type.index()));
  }

  void table(const Bytes& bytes, std::size_t at, const reflection::Object& what, Places& places) const {
    places.tables.push_back(at);
    const auto fields = static_cast<std::size_t>(static_cast<std::int64_t>(at) - read<std::int32_t>(bytes, at));
    const auto size = read<std::uint16_t>(bytes, fields);
    for (const auto* field : *what.fields()) {
      const auto behind = field->offset() < size ? read<std::uint16_t>(bytes, fields + field->offset()) : std::uint16_t{0};
      if (behind != 0) place(bytes, at + behind, *field, places);
    }
  }

  void place(const Bytes& bytes, std::size_t at, const reflection::Field& field, Places& places) const {
    const reflection::Type& type = *field.type();
    switch (type.base_type()) {
      case reflection::String: places.texts.push_back(at); return;
      case reflection::Vector: return vector(bytes, at, type, places);
      case reflection::Union: return body(bytes, at, places);
      case reflection::Obj:
        if (object(type).is_struct()) {
          places.decimals.push_back(at);
        } else {
          places.offsets.push_back(at);
          table(bytes, follow(bytes, at), object(type), places);
        }
        return;
      default: (type.index() >= 0 ? places.enums : places.numbers).push_back(at);
    }
  }

  // The schema has one union: the body, and its type is the message's second field.
  void body(const Bytes& bytes, std::size_t at, Places& places) const {
    const std::size_t message = read<std::uint32_t>(bytes, 0);
    const auto fields = static_cast<std::size_t>(static_cast<std::int64_t>(message) - read<std::int32_t>(bytes, message));
    const auto type = bytes[message + read<std::uint16_t>(bytes, fields + 6)];
    const auto* member = schema_.enums()->LookupByKey("busbar.wire.Body")->values()->LookupByKey(type);
    places.offsets.push_back(at);
    if (member != nullptr && type != 0) table(bytes, follow(bytes, at), object(*member->union_type()), places);
  }

  void vector(const Bytes& bytes, std::size_t at, const reflection::Type& type, Places& places) const {
    places.vectors.push_back(at);
    const std::size_t start = follow(bytes, at);
    const auto count = read<std::uint32_t>(bytes, start);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t element = start + 4 + i * 4;
      if (type.element() == reflection::String) {
        places.texts.push_back(element);
      } else if (type.element() == reflection::Obj && object(type).is_struct()) {
        places.decimals.push_back(start + 4 + i * 32);
        places.decimals.push_back(places.decimals.back() + 16);
      } else if (type.element() == reflection::Obj) {
        places.offsets.push_back(element);
        table(bytes, follow(bytes, element), object(type), places);
      } else if (type.index() >= 0) {
        places.enums.push_back(start + 4 + i);
      }
    }
  }

  const reflection::Schema& schema_;
};

// ---- Breaking one

class Breaker {
 public:
  Breaker(Random& random, const Places& places, Bytes& bytes) : random_{random}, places_{places}, bytes_{bytes} {}

  void break_it() {
    switch (random_.between(0, 12)) {
      case 0: return at(places_.enums, [&](std::size_t place) { write(place, byte()); });
      case 1: return at(places_.decimals, [&](std::size_t place) { decimal(place); });
      case 2: return at(places_.numbers, [&](std::size_t place) { write(place, byte()); });
      case 3: return at(places_.texts, [&](std::size_t place) { another_text(place); });
      case 4: return at(places_.texts, [&](std::size_t place) { inside_text(Map::follow(bytes_, place)); });
      case 5: return at(places_.texts, [&](std::size_t place) { write(Map::follow(bytes_, place), length(place)); });
      case 6: return at(places_.vectors, [&](std::size_t place) { write(Map::follow(bytes_, place), length(place)); });
      case 7: return at(places_.offsets, [&](std::size_t place) { write(place, offset(place)); });
      case 8: return at(random_.one_in(2) ? places_.texts : places_.vectors, [&](std::size_t place) { write(place, offset(place)); });
      case 9: return at(places_.tables, [&](std::size_t place) { fields_of(place); });
      case 10: return write(any_place(), byte());
      case 11: return bytes_.resize(random_.one_in(2) ? any_place() : bytes_.size() + any_place() % 64);
      default: return write(any_place() / 4 * 4, static_cast<std::uint32_t>(random_.bits()));
    }
  }

 private:
  template <class Act>
  void at(const std::vector<std::size_t>& places, Act act) {
    if (places.empty()) return write(any_place(), byte());
    act(places[static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(places.size()) - 1))]);
  }
  std::size_t any_place() { return static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(bytes_.size()) - 1)); }
  std::uint8_t byte() {
    if (random_.one_in(2)) return static_cast<std::uint8_t>(random_.between(0, 60));
    return static_cast<std::uint8_t>(random_.bits());
  }
  // What was cut off before is not there to be changed.
  template <class T>
  void write(std::size_t place, T value) {
    if (place < bytes_.size() && sizeof value <= bytes_.size() - place) std::memcpy(bytes_.data() + place, &value, sizeof value);
  }
  template <class T>
  T one_of(std::initializer_list<T> values) {
    return values.begin()[random_.between(0, static_cast<std::int64_t>(values.size()) - 1)];
  }

  void decimal(std::size_t place) {
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    if (random_.one_in(2)) write(place, one_of<std::int64_t>({0, -1, 1, least, -(least + 1), -1'000'000}));
    if (random_.one_in(2)) write(place + 8, one_of<std::int8_t>({-128, -19, -18, 18, 19, 127, 0}));
  }

  std::uint32_t length(std::size_t place) {
    if (place + 4 > bytes_.size()) return 0;
    const std::size_t start = Map::follow(bytes_, place);
    const auto now = start + 4 <= bytes_.size() ? Map::read<std::uint32_t>(bytes_, start) : 0;
    return one_of<std::uint32_t>({0, now - 1, now + 1, now + 4, now * 2, 0x7fffffff, 0xffffffff, 0x20000000,
                                  static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(random_.bits())});
  }

  std::uint32_t offset(std::size_t place) {
    const auto other = [&](const std::vector<std::size_t>& places) {
      return places.empty() ? 0u : static_cast<std::uint32_t>(places[static_cast<std::size_t>(random_.bits() % places.size())] - place);
    };
    return one_of<std::uint32_t>({0, 1, 4, 0x80000000, 0xfffffffc, other(places_.tables), other(places_.texts),
                                  static_cast<std::uint32_t>(bytes_.size() - place), static_cast<std::uint32_t>(any_place())});
  }

  // A table's list of where its fields stand; or where that list is.
  void fields_of(std::size_t table) {
    if (table + 4 > bytes_.size()) return;
    if (random_.one_in(8)) return write(table, static_cast<std::int32_t>(random_.between(-64, 64)));
    const auto fields = static_cast<std::size_t>(static_cast<std::int64_t>(table) - Map::read<std::int32_t>(bytes_, table));
    const std::size_t entry = fields + 2 * static_cast<std::size_t>(random_.between(0, 20));
    write(entry, random_.one_in(3) ? std::uint16_t{0} : static_cast<std::uint16_t>(random_.between(0, 160)));
  }

  static constexpr std::string_view strange[] = {
      "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xE2\x82", "\x80", "\xE0\x80\xAF",
      "\x1b[2J", "\n", "\x7F", "\xC2\x85", " ", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", std::string_view{"\0", 1}};

  void another_text(std::size_t place) {
    std::string text(static_cast<std::size_t>(one_of<int>({0, 1, 31, 32, 33, 63, 64, 65, 96, 97, 256, 257, 1000, 70000})), 'a');
    if (random_.one_in(2)) {
      const std::string_view odd = strange[static_cast<std::size_t>(random_.bits() % std::size(strange))];
      text.replace(0, std::min(text.size(), odd.size()), odd);
    }
    bytes_.resize((bytes_.size() + 3) / 4 * 4);
    const auto size = static_cast<std::uint32_t>(text.size());
    const std::size_t start = bytes_.size();
    bytes_.resize(start + 4 + size + 1);
    write(start, size);
    std::memcpy(bytes_.data() + start + 4, text.data(), text.size());
    write(place, static_cast<std::uint32_t>(start - place));
  }

  void inside_text(std::size_t start) {
    if (start + 4 > bytes_.size()) return;
    const std::string_view odd = strange[static_cast<std::size_t>(random_.bits() % std::size(strange))];
    const std::size_t size = Map::read<std::uint32_t>(bytes_, start);
    if (size < odd.size() || start + 4 + size > bytes_.size()) return;
    const std::size_t from = static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(size - odd.size())));
    std::memcpy(bytes_.data() + start + 4 + from, odd.data(), odd.size());
  }

  Random& random_;
  const Places& places_;
  Bytes& bytes_;
};

// ---- Judging what was taken, without the codec's own means

// The Unicode Standard, table 3-7: which bytes may follow one another.
bool is_utf8(std::string_view text) {
  const auto in = [&](std::size_t i, unsigned least, unsigned most) {
    return i < text.size() && static_cast<unsigned char>(text[i]) >= least && static_cast<unsigned char>(text[i]) <= most;
  };
  std::size_t i = 0;
  while (i < text.size()) {
    if (in(i, 0x00, 0x7F)) i += 1;
    else if (in(i, 0xC2, 0xDF) && in(i + 1, 0x80, 0xBF)) i += 2;
    else if (in(i, 0xE0, 0xE0) && in(i + 1, 0xA0, 0xBF) && in(i + 2, 0x80, 0xBF)) i += 3;
    else if (in(i, 0xED, 0xED) && in(i + 1, 0x80, 0x9F) && in(i + 2, 0x80, 0xBF)) i += 3;
    else if (in(i, 0xE1, 0xEF) && !in(i, 0xED, 0xED) && in(i + 1, 0x80, 0xBF) && in(i + 2, 0x80, 0xBF)) i += 3;
    else if (in(i, 0xF0, 0xF0) && in(i + 1, 0x90, 0xBF) && in(i + 2, 0x80, 0xBF) && in(i + 3, 0x80, 0xBF)) i += 4;
    else if (in(i, 0xF1, 0xF3) && in(i + 1, 0x80, 0xBF) && in(i + 2, 0x80, 0xBF) && in(i + 3, 0x80, 0xBF)) i += 4;
    else if (in(i, 0xF4, 0xF4) && in(i + 1, 0x80, 0x8F) && in(i + 2, 0x80, 0xBF) && in(i + 3, 0x80, 0xBF)) i += 4;
    else return false;
  }
  return true;
}

class Judge {
 public:
  // Empty: it holds nothing that it may not.
  const std::string& verdict() const { return verdict_; }
  std::size_t tables() const { return tables_; }
  std::size_t text_bytes() const { return text_bytes_; }

  template <class T>
  void judge(const T& value, std::size_t depth) {
    if constexpr (std::is_enum_v<T>) {
      check(static_cast<std::int64_t>(value) <= most(value), "an enum out of range");
    } else if constexpr (std::is_same_v<T, Decimal>) {
      check(value.exponent() >= -18 && value.exponent() <= 18, "an exponent out of range");
    } else if constexpr (std::is_arithmetic_v<T>) {
      static_assert(!std::is_floating_point_v<T>, "NaN and infinity have no place to stand");
    } else if constexpr (std::is_same_v<T, std::string>) {
      text_bytes_ += value.size();  // the tape's raw text: any bytes
    } else if constexpr (requires { value.c_str(); }) {
      text_bytes_ += value.size();
      check(value.size() <= T{}.max_size(), "a text longer than its limit");
      check(is_utf8(view(value)), "a text that is not UTF-8");
      check(std::none_of(value.begin(), value.end(), [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; }), "a control character");
    } else if constexpr (requires { value.has_value(); }) {
      if (value) judge(*value, depth);
    } else if constexpr (std::is_same_v<T, Bytes>) {
      return;
    } else if constexpr (requires { value.begin(); }) {
      for (const auto& element : value) judge(element, depth);
    } else if constexpr (std::is_same_v<T, BookLevel>) {
      judge(value.price, depth);
      judge(value.qty, depth);
      check(!value.qty.is_negative(), "a quantity below 0");
    } else {
      ++tables_;
      check(depth + 1 <= 8, "tables deeper than 8");
      quantities_of(value);
      boost::pfr::for_each_field(value, [&](const auto& field) { judge(field, depth + 1); });
    }
  }

 private:
  void check(bool is_so, const char* what) {
    if (!is_so && verdict_.empty()) verdict_ = what;
  }

  // The last value of each enum as its schema spells it.
  static std::int64_t most(Channel) { return static_cast<int>(Channel::Ticker); }
  static std::int64_t most(Destination) { return static_cast<int>(Destination::Status); }
  static std::int64_t most(Environment) { return static_cast<int>(Environment::Paper); }
  static std::int64_t most(ErrorCode) { return static_cast<int>(ErrorCode::Internal); }
  static std::int64_t most(ExecType) { return static_cast<int>(ExecType::Suspended); }
  static std::int64_t most(FillQuantity) { return static_cast<int>(FillQuantity::Incremental); }
  static std::int64_t most(Liquidity) { return static_cast<int>(Liquidity::Taker); }
  static std::int64_t most(MarketClosed) { return static_cast<int>(MarketClosed::Extended); }
  static std::int64_t most(OrderListType) { return static_cast<int>(OrderListType::Bracket); }
  static std::int64_t most(OrderStatus) { return static_cast<int>(OrderStatus::NeverSeen); }
  static std::int64_t most(OrderType) { return static_cast<int>(OrderType::LimitIfTouched); }
  static std::int64_t most(QueryKind) { return static_cast<int>(QueryKind::Preview); }
  static std::int64_t most(Rounding) { return static_cast<int>(Rounding::Nearest); }
  static std::int64_t most(SelfTradePrevention) { return static_cast<int>(SelfTradePrevention::Decrement); }
  static std::int64_t most(SessionStateKind) { return static_cast<int>(SessionStateKind::Down); }
  static std::int64_t most(Side) { return static_cast<int>(Side::Sell); }
  static std::int64_t most(TapeChannel) { return static_cast<int>(TapeChannel::MarketData); }
  static std::int64_t most(TapeDirection) { return static_cast<int>(TapeDirection::Received); }
  static std::int64_t most(TimeInForce) { return static_cast<int>(TimeInForce::AtTheClose); }
  static std::int64_t most(TradingSessionKind) { return static_cast<int>(TradingSessionKind::Extended); }
  static std::int64_t most(TradingStatus) { return static_cast<int>(TradingStatus::Closed); }
  static std::int64_t most(VenueEvent) { return static_cast<int>(VenueEvent::Unreadable); }
  static std::int64_t most(VenueSource) { return static_cast<int>(VenueSource::Gateway); }

  // An order asks for more than nothing; what is told of one is at least nothing.
  void is_more(const std::optional<Decimal>& qty) { check(!qty || qty->mantissa() > 0, "an order's quantity of 0 or less"); }
  void is_some(const std::optional<Decimal>& qty) { check(!qty || qty->mantissa() >= 0, "a quantity below 0"); }
  template <class... Qty>
  void are_some(const Qty&... qtys) {
    (is_some(qtys), ...);
  }
  void quantities_of(const NewOrder& m) {
    is_more(m.order_qty);
    is_more(m.cash_order_qty);
    is_more(m.display_qty);
  }
  void quantities_of(const ReplaceOrder& m) { is_more(m.order_qty); }
  void quantities_of(const ExecutionReport& m) { are_some(m.order_qty, m.cash_order_qty, m.last_qty, m.cum_qty, m.leaves_qty); }
  void quantities_of(const VenueReport& m) { are_some(m.order_qty, m.cum_qty, m.cum_quote_qty, m.last_qty); }
  void quantities_of(const ReplaceCommand& m) { are_some(m.orig_order_qty, m.cum_qty); }
  void quantities_of(const Quote& m) { are_some(m.bid_qty, m.ask_qty); }
  void quantities_of(const Trade& m) { is_some(m.qty); }
  void quantities_of(const Bar& m) { is_some(m.volume); }
  void quantities_of(const Preview& m) { are_some(m.order_qty, m.cash_order_qty); }
  void quantities_of(const Ticker& m) { are_some(m.volume, m.quote_volume); }
  void quantities_of(const AccountRule& m) { are_some(m.max_order_qty, m.max_order_notional); }
  void quantities_of(const SymbolRule& m) { are_some(m.max_order_qty, m.max_order_notional); }
  void quantities_of(const Instrument& m) {
    are_some(m.tick_size, m.lot_size, m.min_qty, m.max_qty, m.market_lot_size, m.market_min_qty, m.market_max_qty, m.min_notional,
             m.max_notional);
  }
  template <class Other>
  void quantities_of(const Other&) {}

  std::string verdict_;
  std::size_t tables_ = 1;  // the Message itself
  std::size_t text_bytes_ = 0;
};

std::string judge(const Message& message, const Bytes& bytes, const Map& map) {
  Judge judge;
  judge.judge(message.header, 1);
  std::visit([&](const auto& body) { judge.judge(body, 1); }, message.body);
  if (!judge.verdict().empty()) return judge.verdict();
  const std::string_view name = name_of(message.body);
  const bool is_list = name == "Answer" || name == "Instruments" || name == "Configuration" || name.starts_with("Gateway");
  if (judge.tables() > (is_list ? 4096 + 2 : 64)) return "more tables than a message may have";
  // Nothing was cut to fit: what was taken has as many bytes of text as what came.
  std::size_t sent = 0;
  for (const std::size_t text : map.of(bytes).texts) sent += Map::read<std::uint32_t>(bytes, Map::follow(bytes, text));
  return sent == judge.text_bytes() ? "" : "a text that is not what was sent";
}

TEST(Codec, TakesNothingThatAMessageMayNotHold) {
  const std::string schema = compile_schema();
  ASSERT_FALSE(schema.empty()) << "flatc did not compile the schemas";
  const Map map{*reflection::GetSchema(schema.data())};
  Random random;
  std::printf("B12: seed %llu (BUSBAR_SEED repeats it)\n", static_cast<unsigned long long>(random.seed()));
  const auto total = times(10'000'000, 200'000);
  constexpr int of_each = 8;
  std::int64_t broken = 0, taken = 0, refused = 0;
  Bytes bytes;
  while (broken < total) {
    const auto index = static_cast<std::size_t>(random.between(0, std::variant_size_v<AnyBody> - 1));
    const Message whole{draw_header(random), draw_body(random, index)};
    const Bytes original = encode(whole);
    const auto as_it_was = decode(original);
    if (!as_it_was) {  // too many tables or bytes
      ++refused;
      continue;
    }
    ASSERT_EQ(judge(*as_it_was, original, map), "") << name_of(whole.body) << ", unbroken";
    const Places places = map.of(original);
    for (int i = 0; i < of_each; ++i, ++broken) {
      bytes = original;
      Breaker breaker{random, places, bytes};
      for (auto n = random.between(1, 3); n > 0 && !bytes.empty(); --n) breaker.break_it();
      static_cast<void>(decode_header(bytes));
      const auto message = decode(bytes);
      if (!message) {
        ASSERT_TRUE(is_utf8(message.error().text) && !message.error().text.empty());
        continue;
      }
      ++taken;
      ASSERT_EQ(judge(*message, bytes, map), "") << name_of(message->body) << " after " << broken << " broken messages";
    }
  }
  std::printf("B12: %lld broken messages of %zu kinds: %lld refused, %lld taken, 0 of them with an enum out of range, a quantity "
              "<= 0, a text too long or not UTF-8, more than 64 tables or 8 levels\n",
              static_cast<long long>(broken), std::variant_size_v<AnyBody>, static_cast<long long>(broken - taken),
              static_cast<long long>(taken));
  EXPECT_GT(taken, total / 100) << "when nearly nothing is taken, little is judged";
  EXPECT_GT(broken - taken, total / 100);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace busbar::promises
