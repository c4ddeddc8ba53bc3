#include "bus/codec.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>

#include <flatbuffers/flatbuffers.h>

#include "schemas/message_generated.h"

// Every table of the schema and its fields, once. Required fields must be there: a text not empty, an enum not Unset. From
// these lists come decode and encode; the unit test fills every field of every struct, so that none can be forgotten.
// (For the macro's recursion see P. Mazières, "Recursive macros with C++20 __VA_OPT__"; it reaches 256 fields.)
#define BUSBAR_PARENTHESES ()
#define BUSBAR_EXPAND(...) BUSBAR_EXPAND3(BUSBAR_EXPAND3(BUSBAR_EXPAND3(BUSBAR_EXPAND3(__VA_ARGS__))))
#define BUSBAR_EXPAND3(...) BUSBAR_EXPAND2(BUSBAR_EXPAND2(BUSBAR_EXPAND2(BUSBAR_EXPAND2(__VA_ARGS__))))
#define BUSBAR_EXPAND2(...) BUSBAR_EXPAND1(BUSBAR_EXPAND1(BUSBAR_EXPAND1(BUSBAR_EXPAND1(__VA_ARGS__))))
#define BUSBAR_EXPAND1(...) __VA_ARGS__
#define BUSBAR_EACH(macro, ...) __VA_OPT__(BUSBAR_EXPAND(BUSBAR_EACH_STEP(macro, __VA_ARGS__)))
#define BUSBAR_EACH_STEP(macro, first, ...) macro(first) __VA_OPT__(BUSBAR_EACH_AGAIN BUSBAR_PARENTHESES(macro, __VA_ARGS__))
#define BUSBAR_EACH_AGAIN() BUSBAR_EACH_STEP
#define BUSBAR_UNWRAP(...) __VA_ARGS__

#define BUSBAR_READ_REQUIRED(f) && get<true, alphabet_of(#f)>(in, #f, table.f(), out.f)
#define BUSBAR_READ_OPTIONAL(f) && get<false, alphabet_of(#f)>(in, #f, table.f(), out.f)
#define BUSBAR_MAKE_REQUIRED(f) [[maybe_unused]] const auto f##_ = make<true>(builder, value.f);
#define BUSBAR_MAKE_OPTIONAL(f) [[maybe_unused]] const auto f##_ = make<false>(builder, value.f);
// Wide fields first, so that none is padded.
#define BUSBAR_ADD_WIDE(f) if constexpr (width_of<decltype(f##_)> == 8) put(out, &Builder::add_##f, f##_);
#define BUSBAR_ADD_MIDDLE(f) if constexpr (width_of<decltype(f##_)> == 4) put(out, &Builder::add_##f, f##_);
#define BUSBAR_ADD_NARROW(f) if constexpr (width_of<decltype(f##_)> < 4) put(out, &Builder::add_##f, f##_);
#define BUSBAR_ADD(macro, required, optional) \
  BUSBAR_EACH(macro, BUSBAR_UNWRAP required) BUSBAR_EACH(macro, BUSBAR_UNWRAP optional)
#define BUSBAR_VISIT_REQUIRED(f) outside<true>(visitor, value.f);
#define BUSBAR_VISIT_OPTIONAL(f) outside<false>(visitor, value.f);
#define BUSBAR_VISIT_WIDE(f) if constexpr (inside_width<decltype(value.f)> == 8) visitor.value(value.f, blank.f);
#define BUSBAR_VISIT_MIDDLE(f) if constexpr (inside_width<decltype(value.f)> == 4) visitor.value(value.f, blank.f);
#define BUSBAR_VISIT_NARROW(f) if constexpr (inside_width<decltype(value.f)> > 0 && inside_width<decltype(value.f)> < 4) visitor.value(value.f, blank.f);

#define BUSBAR_TABLE(T, required, optional)                                                                          \
  [[maybe_unused]] bool read(Reader& in, const wire::T& table, T& out) {                                             \
    const TableName name{in, #T};                                                                                    \
    static_cast<void>(table);                                                                                        \
    return true BUSBAR_EACH(BUSBAR_READ_REQUIRED, BUSBAR_UNWRAP required)                                            \
        BUSBAR_EACH(BUSBAR_READ_OPTIONAL, BUSBAR_UNWRAP optional) && check(in, out);                                 \
  }                                                                                                                  \
  [[maybe_unused]] Offset<wire::T> write(Builder& builder, const T& value) {                                         \
    static_cast<void>(value);                                                                                        \
    BUSBAR_EACH(BUSBAR_MAKE_REQUIRED, BUSBAR_UNWRAP required)                                                        \
    BUSBAR_EACH(BUSBAR_MAKE_OPTIONAL, BUSBAR_UNWRAP optional)                                                        \
    return add<wire::T>(builder, [&]<class Builder>(Builder& out) {                                                  \
      static_cast<void>(out);                                                                                        \
      BUSBAR_ADD(BUSBAR_ADD_WIDE, required, optional)                                                                \
      BUSBAR_ADD(BUSBAR_ADD_MIDDLE, required, optional)                                                              \
      BUSBAR_ADD(BUSBAR_ADD_NARROW, required, optional)                                                              \
    });                                                                                                              \
  }                                                                                                                  \
  template <class Visitor>                                                                                           \
  [[maybe_unused]] void visit(Visitor& visitor, const T& value) { /* in the order in which write() comes by */       \
    static_cast<void>(visitor);                                                                                      \
    static_cast<void>(value);                                                                                        \
    [[maybe_unused]] static const T blank{};                                                                         \
    BUSBAR_EACH(BUSBAR_VISIT_REQUIRED, BUSBAR_UNWRAP required)                                                       \
    BUSBAR_EACH(BUSBAR_VISIT_OPTIONAL, BUSBAR_UNWRAP optional)                                                       \
    BUSBAR_ADD(BUSBAR_VISIT_WIDE, required, optional)                                                                \
    BUSBAR_ADD(BUSBAR_VISIT_MIDDLE, required, optional)                                                              \
    BUSBAR_ADD(BUSBAR_VISIT_NARROW, required, optional)                                                              \
  }

// Every enum: name_of() and the word for it in an error.
#define BUSBAR_ENUM(E)                                                    \
  std::string_view name_of(E value) { return wire::EnumName##E(value); }  \
  namespace {                                                             \
  constexpr std::string_view type_name(E) { return #E; }                  \
  }

namespace busbar {

BUSBAR_ENUM(Channel)
BUSBAR_ENUM(Destination)
BUSBAR_ENUM(Environment)
BUSBAR_ENUM(ExecType)
BUSBAR_ENUM(Liquidity)
BUSBAR_ENUM(MarketClosed)
BUSBAR_ENUM(OrderListType)
BUSBAR_ENUM(OrderStatus)
BUSBAR_ENUM(OrderType)
BUSBAR_ENUM(QueryKind)
BUSBAR_ENUM(Rounding)
BUSBAR_ENUM(SelfTradePrevention)
BUSBAR_ENUM(SessionStateKind)
BUSBAR_ENUM(Side)
BUSBAR_ENUM(TapeChannel)
BUSBAR_ENUM(TapeDirection)
BUSBAR_ENUM(TimeInForce)
BUSBAR_ENUM(TradingSessionKind)
BUSBAR_ENUM(TradingStatus)
BUSBAR_ENUM(VenueEvent)
BUSBAR_ENUM(VenueSource)

namespace {

using flatbuffers::Offset;

struct Builder final : flatbuffers::FlatBufferBuilder {  // a type of our own, so that write() below is found by it
  using FlatBufferBuilder::FlatBufferBuilder;
  std::vector<flatbuffers::uoffset_t>* ends = nullptr;  // where each value lies, counted from the end, for whoever asks
  void note(flatbuffers::uoffset_t end) {
    if (ends != nullptr) ends->push_back(end);
  }
};

constexpr std::string_view type_name(ErrorCode) { return "ErrorCode"; }
constexpr std::string_view type_name(FillQuantity) { return "FillQuantity"; }

// ---- Reading: what does not fit its struct is an error that names the table and the field.

struct Reader {
  std::string_view table;
  Error error;
  std::size_t elements_left = 0;  // bytes of them
};

// Names the table that is being read, and the one around it again afterwards.
class TableName {
 public:
  TableName(Reader& in, std::string_view table) : in_{in}, around_{std::exchange(in.table, table)} {}
  ~TableName() { in_.table = around_; }
  TableName(const TableName&) = delete;
  TableName& operator=(const TableName&) = delete;

 private:
  Reader& in_;
  std::string_view around_;
};

[[gnu::noinline, gnu::cold]] bool refuse(Reader& in, std::string_view field, std::string_view reason, ErrorCode code = ErrorCode::InvalidMessage) {
  in.error = {code, std::string{in.table} + "." + std::string{field} + ": " + std::string{reason}};
  return false;
}

// The same where the reason has to be put together, which is no part of reading what is right.
template <class Reason>
  requires std::is_invocable_v<const Reason&>
[[gnu::noinline, gnu::cold]] bool refuse(Reader& in, std::string_view field, const Reason& reason) {
  return refuse(in, field, reason());
}

// What a text may be made of. Names are compared and printed everywhere, so they are plain; symbols and assets may be written
// in any script, since venues list such; words are for people.
enum class Alphabet { Plain, Mark, Words };

constexpr bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  for (const auto candidate : names) {
    if (name == candidate) return true;
  }
  return false;
}

constexpr Alphabet alphabet_of(std::string_view field) {
  if (is_one_of(field, {"symbol", "broker_symbol", "base", "quote", "asset", "commission_asset", "topic"})) return Alphabet::Mark;
  if (is_one_of(field, {"text", "reason", "value", "nearest_legal", "broker_code", "version"})) return Alphabet::Words;
  return Alphabet::Plain;
}

bool is_plain(std::string_view text) {
  // Eight bytes at a time. A byte's highest bit is set when it is no ASCII, by one more when it is DEL, and taken away by '!'
  // when it is less than that.
  constexpr std::uint64_t each = 0x0101010101010101;
  constexpr std::uint64_t highest = each * 0x80;
  for (; text.size() >= sizeof(std::uint64_t); text.remove_prefix(sizeof(std::uint64_t))) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    if (((word | (word + each) | ~((word | highest) - each * '!')) & highest) != 0) return false;
  }
  for (const char c : text) {
    if (c <= ' ' || c > '~') return false;
  }
  return true;
}

template <Alphabet alphabet>
bool get_text(Reader& in, std::string_view field, const flatbuffers::String& text, std::size_t size_max) {
  const std::string_view view{text.c_str(), text.size()};
  if (view.size() > size_max) {
    return refuse(in, field, [&] { return std::to_string(view.size()) + " bytes are more than " + std::to_string(size_max); });
  }
  switch (alphabet) {
    case Alphabet::Plain:
      return is_plain(view) || refuse(in, field, "is not printable ASCII without spaces");
    case Alphabet::Mark:
      return (is_words(view) && view.find(' ') == view.npos) || refuse(in, field, "is not UTF-8 without spaces and control characters");
    case Alphabet::Words:
      return is_words(view) || refuse(in, field, "is not UTF-8 without control characters");
  }
  return false;
}

template <bool required, Alphabet alphabet, std::size_t N>
bool get(Reader& in, std::string_view field, const flatbuffers::String* text, Text<N>& out) {
  const std::size_t size = text != nullptr ? text->size() : 0;
  if (size == 0) {
    out.clear();
    return !required || refuse(in, field, "is missing");
  }
  if (!get_text<alphabet>(in, field, *text, N)) return false;
  out.assign(text->c_str(), size);
  return true;
}

// Raw text of the wire tape: any bytes, bounded by the message.
template <bool, Alphabet>
bool get(Reader&, std::string_view, const flatbuffers::String* text, std::string& out) {
  if (text != nullptr) out.assign(text->c_str(), text->size());
  return true;
}

template <bool required, Alphabet, class Enum>
  requires std::is_enum_v<Enum>
bool get(Reader& in, std::string_view field, Enum value, Enum& out) {
  if (value > Enum::MAX) {
    return refuse(in, field, [value] {
      return std::to_string(static_cast<unsigned>(value)) + " is no " + std::string{type_name(value)};
    });
  }
  if constexpr (required) {
    if (value == Enum::MIN) return refuse(in, field, "is missing");
  }
  out = value;
  return true;
}

template <bool, Alphabet, class Number>
  requires std::is_arithmetic_v<Number>
bool get(Reader&, std::string_view, Number value, Number& out) {
  out = value;
  return true;
}

// Quantities, sizes and limits are amounts; prices, fees and positions may stand below zero.
constexpr bool is_amount(std::string_view table, std::string_view field) {
  return field.ends_with("_qty") || field.ends_with("_size") || field.ends_with("_notional") || field.ends_with("volume") ||
         (table == "Trade" && field == "qty");
}

template <bool, Alphabet>
bool get(Reader& in, std::string_view field, const wire::Decimal* value, std::optional<Decimal>& out) {
  out.reset();
  if (value == nullptr) return true;
  out = Decimal::from_parts(value->mantissa(), value->exponent());
  if (!out) return refuse(in, field, [value] { return "exponent " + std::to_string(value->exponent()) + " is not -18 to 18"; });
  if (out->is_negative() && is_amount(in.table, field)) return refuse(in, field, [&] { return to_string(*out) + " is negative"; });
  return true;
}

// Many tables may name one list, which would be taken for each of them: a megabyte would become gigabytes. Whoever writes each
// list once never has more of their elements than bytes.
bool take_elements(Reader& in, std::string_view field, std::size_t bytes) {
  if (bytes > in.elements_left) return refuse(in, field, "its elements stand in several tables");
  in.elements_left -= bytes;
  return true;
}

template <bool, Alphabet>
bool get(Reader& in, std::string_view field, const flatbuffers::Vector<const wire::BookLevel*>* levels, std::vector<BookLevel>& out) {
  out.clear();
  if (levels == nullptr) return true;
  if (!take_elements(in, field, levels->size() * sizeof(wire::BookLevel))) return false;
  out.reserve(levels->size());
  for (const wire::BookLevel* level : *levels) {
    const auto price = Decimal::from_parts(level->price().mantissa(), level->price().exponent());
    const auto qty = Decimal::from_parts(level->qty().mantissa(), level->qty().exponent());
    if (!price || !qty) return refuse(in, field, "an exponent is not -18 to 18");
    if (qty->is_negative()) return refuse(in, field, to_string(*qty) + " is negative");
    out.push_back({*price, *qty});
  }
  return true;
}

template <bool, Alphabet>
bool get(Reader&, std::string_view, const flatbuffers::Vector<std::uint8_t>* bytes, Bytes& out) {
  out.clear();
  if (bytes != nullptr) out.assign(bytes->begin(), bytes->end());
  return true;
}

template <bool, Alphabet alphabet, class Enum>
  requires std::is_enum_v<Enum>
bool get(Reader& in, std::string_view field, const flatbuffers::Vector<Enum>* values, std::vector<Enum>& out) {
  out.clear();
  if (values == nullptr) return true;
  if (values->size() > static_cast<std::size_t>(Enum::MAX)) return refuse(in, field, "names one more than once");
  for (const Enum value : *values) {
    if (!get<true, alphabet>(in, field, value, out.emplace_back())) return false;
  }
  return true;
}

template <bool, Alphabet alphabet, std::size_t N>
bool get(Reader& in, std::string_view field, const flatbuffers::Vector<Offset<flatbuffers::String>>* texts,
         std::vector<Text<N>>& out) {
  out.clear();
  if (texts == nullptr) return true;
  if (!take_elements(in, field, texts->size() * sizeof(flatbuffers::uoffset_t))) return false;
  out.reserve(texts->size());
  for (const flatbuffers::String* text : *texts) {
    if (!get<true, alphabet>(in, field, text, out.emplace_back())) return false;
  }
  return true;
}

// Tables inside tables. read() of each is declared by its BUSBAR_TABLE below, and found where get() is used.
template <bool, Alphabet, class Wire, class Struct>
  requires std::is_class_v<Struct>
bool get(Reader& in, std::string_view, const Wire* table, Struct& out) {
  out = {};
  return table == nullptr || read(in, *table, out);
}

template <bool, Alphabet, class Wire, class Struct>
bool get(Reader& in, std::string_view, const Wire* table, std::optional<Struct>& out) {
  out.reset();
  return table == nullptr || read(in, *table, out.emplace());
}

template <bool, Alphabet, class Wire, class Struct>
bool get(Reader& in, std::string_view, const flatbuffers::Vector<Offset<Wire>>* tables, std::vector<Struct>& out) {
  out.clear();
  if (tables == nullptr) return true;
  out.reserve(tables->size());
  for (const Wire* table : *tables) {
    if (!read(in, *table, out.emplace_back())) return false;
  }
  return true;
}

// What the fields of one table say together.
template <class T>
bool check(Reader&, const T&) {
  return true;
}

bool check_positive(Reader& in, std::string_view field, const std::optional<Decimal>& value) {
  return !value || value->is_positive() || refuse(in, field, [&] { return to_string(*value) + " is not more than 0"; });
}

bool check(Reader& in, const NewOrder& order) {
  return check_positive(in, "order_qty", order.order_qty) && check_positive(in, "cash_order_qty", order.cash_order_qty) &&
         check_positive(in, "display_qty", order.display_qty);
}

bool check(Reader& in, const ReplaceOrder& order) { return check_positive(in, "order_qty", order.order_qty); }

// ---- Writing: make() puts what lies outside the table, put() what lies inside. A report has forty fields and most are not
// there, so what asks that is no call of its own.

template <bool required, std::size_t N>
[[gnu::always_inline]] inline Offset<flatbuffers::String> make(Builder& builder, const Text<N>& text) {
  if (text.empty() && !required) return 0;
  const auto made = builder.CreateString(text.data(), text.size());
  builder.note(made.o);
  return made;
}

template <bool>
Offset<flatbuffers::String> make(Builder& builder, const std::string& text) {
  if (text.empty()) return 0;
  const auto made = builder.CreateString(text);
  builder.note(made.o);
  return made;
}

template <bool, class Scalar>
  requires std::is_arithmetic_v<Scalar> || std::is_enum_v<Scalar>
Scalar make(Builder&, Scalar value) {
  return value;
}

wire::Decimal wire_decimal(Decimal value) { return {value.mantissa(), static_cast<std::int8_t>(value.exponent())}; }

template <bool>
std::optional<wire::Decimal> make(Builder&, const std::optional<Decimal>& value) {
  if (!value) return std::nullopt;
  return wire_decimal(*value);
}

template <bool>
Offset<flatbuffers::Vector<const wire::BookLevel*>> make(Builder& builder, const std::vector<BookLevel>& levels) {
  if (levels.empty()) return 0;
  const auto put = [](std::size_t at, wire::BookLevel* out, const std::vector<BookLevel>* from) {
    *out = wire::BookLevel{wire_decimal((*from)[at].price), wire_decimal((*from)[at].qty)};
  };
  return builder.CreateVectorOfStructs<wire::BookLevel>(levels.size(), put, &levels);
}

template <bool required>
Offset<flatbuffers::Vector<std::uint8_t>> make(Builder& builder, const Bytes& bytes) {
  if (bytes.empty() && !required) return 0;
  builder.ForceVectorAlignment(bytes.size(), sizeof(std::uint8_t), 8);  // often a message itself, to be read where it lies
  const auto made = builder.CreateVector(bytes);
  builder.note(made.o);
  return made;
}

template <bool, class Enum>
  requires std::is_enum_v<Enum>
Offset<flatbuffers::Vector<Enum>> make(Builder& builder, const std::vector<Enum>& values) {
  if (values.empty()) return 0;
  return builder.CreateVectorScalarCast<std::underlying_type_t<Enum>>(values.data(), values.size()).o;
}

template <bool, std::size_t N>
Offset<flatbuffers::Vector<Offset<flatbuffers::String>>> make(Builder& builder, const std::vector<Text<N>>& texts) {
  if (texts.empty()) return 0;
  std::vector<Offset<flatbuffers::String>> offsets;
  offsets.reserve(texts.size());
  for (const auto& text : texts) offsets.push_back(builder.CreateString(text.data(), text.size()));
  return builder.CreateVector(offsets);
}

template <bool, class Struct>
  requires std::is_class_v<Struct>
auto make(Builder& builder, const Struct& value) {
  return write(builder, value);
}

template <bool, class Struct>
auto make(Builder& builder, const std::optional<Struct>& value) -> decltype(write(builder, *value)) {
  return value ? write(builder, *value) : 0;
}

template <bool required, class Struct>
  requires std::is_class_v<Struct>
auto make(Builder& builder, const std::vector<Struct>& values) {
  using Table = decltype(write(builder, values.front()));
  if (values.empty() && !required) return Offset<flatbuffers::Vector<Table>>{};
  std::vector<Table> tables;
  tables.reserve(values.size());
  for (const auto& value : values) tables.push_back(write(builder, value));
  return builder.CreateVector(tables);
}

template <class T>
inline constexpr std::size_t width_of = sizeof(std::remove_cv_t<T>);
template <class T>
inline constexpr std::size_t width_of<const Offset<T>> = 4;
template <>
inline constexpr std::size_t width_of<const std::optional<wire::Decimal>> = 8;

// What is as the schema has it anyway is not put, and not noted.
template <class Out, class Scalar>
[[gnu::always_inline]] inline void put(Out& out, void (Out::*add)(Scalar), Scalar value) {
  const auto before = out.fbb_.GetSize();
  (out.*add)(value);
  if (out.fbb_.GetSize() != before) static_cast<Builder&>(out.fbb_).note(out.fbb_.GetSize());
}

template <class Out>
[[gnu::always_inline]] inline void put(Out& out, void (Out::*add)(const wire::Decimal*), const std::optional<wire::Decimal>& value) {
  if (!value) return;
  (out.*add)(&*value);
  static_cast<Builder&>(out.fbb_).note(out.fbb_.GetSize());
}

template <class Out, class T>
[[gnu::always_inline]] inline void put(Out& out, void (Out::*add)(Offset<T>), const Offset<T>& value) {
  if (!value.IsNull()) (out.*add)(value);
}

template <class Table>
Offset<Table> add(Builder& builder, auto fields) {
  typename Table::Builder out{builder};
  fields(out);
  return out.Finish();
}

// ---- Messages of one shape: with the same fields, and texts as long, they differ in their values alone. The builder lays
// out the first of a shape, and one after it is that buffer with its own values in their places.

// What there is, and how long it is.
class Shape {
 public:
  template <bool>
  void text(const char*, std::size_t size) {
    add(size);
  }
  template <class Scalar>
  void value(Scalar value, Scalar blank) {
    add(value != blank);
  }
  void value(const std::optional<Decimal>& value, const std::optional<Decimal>&) { add(value.has_value()); }

  std::string_view view() const { return {reinterpret_cast<const char*>(parts_.data()), size_ * sizeof parts_[0]}; }
  std::size_t hash() const {
    constexpr std::uint64_t golden = 0x9E3779B97F4A7C15;  // 2^64 divided by the golden ratio: no bit stays where it is
    std::uint64_t sum = 0;
    for (std::size_t at = 0; at < size_; at += 2) sum = (sum ^ (std::uint64_t{parts_[at + 1]} << 32 | parts_[at])) * golden;
    return sum >> 32;
  }

 private:
  void add(std::size_t part) {
    parts_[size_++] = static_cast<std::uint32_t>(part);
    parts_[size_] = 0;
  }

  std::array<std::uint32_t, 128> parts_;  // three tables have not half as many fields
  std::size_t size_ = 0;
};

// Puts values where others of the same shape lie.
class Values {
 public:
  Values(std::uint8_t* bytes, const std::uint32_t* place) : bytes_{bytes}, place_{place} {}
  template <bool required>
  void text(const char* text, std::size_t size) {
    if (!required && size == 0) return;
    std::memcpy(bytes_ + *place_++ + sizeof(flatbuffers::uoffset_t), text, size);
  }
  template <class Scalar>
  void value(Scalar value, Scalar blank) {
    if (value != blank) flatbuffers::WriteScalar(bytes_ + *place_++, value);
  }
  void value(const std::optional<Decimal>& value, const std::optional<Decimal>&) {
    if (!value) return;
    const wire::Decimal decimal = wire_decimal(*value);
    std::memcpy(bytes_ + *place_++, &decimal, sizeof decimal);
  }
  const std::uint32_t* place() const { return place_; }

 private:
  std::uint8_t* bytes_;
  const std::uint32_t* place_;
};

template <bool required, class Visitor, std::size_t N>
void outside(Visitor& visitor, const Text<N>& text) {
  visitor.template text<required>(text.data(), text.size());
}

template <bool required, class Visitor>
void outside(Visitor& visitor, const std::string& text) {
  visitor.template text<required>(text.data(), text.size());
}

template <bool required, class Visitor>
void outside(Visitor& visitor, const Bytes& bytes) {
  visitor.template text<required>(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

template <bool, class Visitor, class Scalar>
  requires std::is_arithmetic_v<Scalar> || std::is_enum_v<Scalar>
void outside(Visitor&, Scalar) {}

template <bool, class Visitor>
void outside(Visitor&, const std::optional<Decimal>&) {}

template <bool, class Visitor, class Struct>
  requires std::is_class_v<Struct>
void outside(Visitor& visitor, const Struct& value) {
  visit(visitor, value);
}

// Of what lies inside its table; what does not is 0.
template <class T>
inline constexpr std::size_t inside_size = std::is_arithmetic_v<T> || std::is_enum_v<T> ? sizeof(T) : 0;
template <>
inline constexpr std::size_t inside_size<std::optional<Decimal>> = 8;
template <class T>
inline constexpr std::size_t inside_width = inside_size<std::remove_cv_t<T>>;

// ---- The tables. One that lies inside another comes first.

BUSBAR_TABLE(Header, (environment, sender), (schema_version, session, sequence, correlation_id, send_time_ns, expire_time_ns))

BUSBAR_TABLE(NewOrder, (client_order_id, account, symbol, side, order_type, time_in_force),
             (order_qty, cash_order_qty, price, stop_px, trailing_delta_bps, display_qty, expire_date_ns, post_only,
              reduce_only, extended_hours, rounding, self_trade_prevention, cancel_on_disconnect, allow_duplicate, strategy,
              approval_id))
BUSBAR_TABLE(CancelOrder, (client_order_id), (orig_client_order_id, order_id))
BUSBAR_TABLE(ReplaceOrder, (client_order_id), (orig_client_order_id, order_id, order_qty, price, stop_px, rounding))
BUSBAR_TABLE(CancelAll, (client_order_id, account), (symbol, side))
BUSBAR_TABLE(NewOrderList, (list_id, list_type, orders), ())
BUSBAR_TABLE(CancelOrderList, (client_order_id, list_id), ())

BUSBAR_TABLE(ExecutionReport, (client_order_id, exec_id, exec_type, order_status),
             (report_number, orig_client_order_id, order_id, account, symbol, side, order_type, time_in_force, order_qty,
              cash_order_qty, price, stop_px, last_qty, last_px, cum_qty, leaves_qty, avg_px, commission, commission_asset,
              liquidity, venue_order_id, broker_order_id, trade_id, transact_time_ns, report_time_ns, error, field, value,
              nearest_legal, broker_code, text, is_working, strategy, list_id))
BUSBAR_TABLE(Reject, (error), (ref_sequence, field, value, text))

BUSBAR_TABLE(Hello, (), (last_report, heartbeat_interval_ms, cancel_on_disconnect, version))
BUSBAR_TABLE(Welcome, (), (next_report, lost_before, heartbeat_interval_ms, router_time_ns, version))
BUSBAR_TABLE(Heartbeat, (), (time_ns, last_sequence, last_report))
BUSBAR_TABLE(ResendRequest, (), (first, last))
BUSBAR_TABLE(Logout, (), (reason))
BUSBAR_TABLE(SessionState, (gateway, account, state),
             (order_stream, rest, market_data, deadline_ns, reason, clock_offset_ns, reconciled))

BUSBAR_TABLE(AbsenceRule, (), (bound_ms, look_ups, full_paging))
BUSBAR_TABLE(Offer, (order_type), (times_in_force))
BUSBAR_TABLE(Capabilities, (),
             (order_types, times_in_force, can_replace, can_post_only, can_cash_order_qty, can_iceberg, can_trailing_stop,
              can_extended_hours, can_order_lists, has_order_book, fill_quantity, absence_rule, venue_order_id_length,
              offers, post_only_times_in_force, can_prevent_self_trade))
BUSBAR_TABLE(RateLimit, (bucket, scope), (interval_ms, limit, aligned))
BUSBAR_TABLE(RateCost, (request, bucket), (cost))
BUSBAR_TABLE(RateUsage, (account, bucket, scope), (interval_ms, used, blocked_until_ns))
BUSBAR_TABLE(GatewayAccount, (account), (last_trade_id, last_trade_time_ns, epoch, child_orders))
BUSBAR_TABLE(GatewayHello, (gateway, broker, version, accounts, capabilities), (incarnation, rate_limits, rate_costs))
BUSBAR_TABLE(GatewayWelcome, (),
             (incarnation, router_time_ns, heartbeat_interval_ms, last_report, accounts, open_commands))
BUSBAR_TABLE(Command, (venue_order_id, account, symbol),
             (command_id, incarnation, account_epoch, possible_resend, order_id, leg, broker_order_id, send_time_ns,
              expire_time_ns))
BUSBAR_TABLE(PlaceCommand, (command, order), ())
BUSBAR_TABLE(CancelCommand, (command), (cancel_venue_order_id))
BUSBAR_TABLE(PlaceListCommand, (list_type, venue_list_id, commands), ())
BUSBAR_TABLE(ReplaceCommand, (command, orig_venue_order_id, order), (orig_order_qty, cum_qty, is_decrease))
BUSBAR_TABLE(AskCommand, (command), ())
BUSBAR_TABLE(VenueReport, (event, account),
             (report_number, incarnation, command_id, source, symbol, venue_order_id, broker_order_id, side, order_qty, price,
              order_status, cum_qty, cum_quote_qty, trade_id, last_qty, last_px, commission, commission_asset, liquidity,
              is_working, request_time_ns, transact_time_ns, receive_time_ns, error, broker_code, text))
BUSBAR_TABLE(ReportAck, (), (report_number))
BUSBAR_TABLE(Reconciled, (account), (open_orders, unknown_orders, through_time_ns))

BUSBAR_TABLE(Subscribe, (source, symbol, channel), (bar_interval_ms, lease_ms))
BUSBAR_TABLE(Unsubscribe, (source, symbol, channel), (bar_interval_ms))
BUSBAR_TABLE(SubscribeAck, (source, symbol, channel, topic), (lease_until_ns))
BUSBAR_TABLE(SnapshotRequest, (topic), ())
BUSBAR_TABLE(Quote, (source, symbol),
             (sequence, incarnation, bid_px, bid_qty, ask_px, ask_qty, venue_time_ns, receive_time_ns))
BUSBAR_TABLE(Trade, (source, symbol),
             (sequence, incarnation, trade_id, price, qty, aggressor, venue_time_ns, receive_time_ns))

BUSBAR_TABLE(Bar, (source, symbol),
             (sequence, incarnation, interval_ms, open_time_ns, open, high, low, close, volume, is_final, receive_time_ns))
BUSBAR_TABLE(Book, (source, symbol), (sequence, incarnation, is_snapshot, bids, asks, venue_time_ns, receive_time_ns))
BUSBAR_TABLE(Ticker, (source, symbol),
             (sequence, incarnation, open_px, high_px, low_px, last_px, volume, quote_volume, venue_time_ns, receive_time_ns))

BUSBAR_TABLE(TradingSession, (kind), (open_ns, close_ns))
BUSBAR_TABLE(MarketHours, (market), (sessions))
BUSBAR_TABLE(Instrument, (symbol, broker_symbol),
             (base, quote, status, order_types, tick_size, min_price, max_price, lot_size, min_qty, max_qty, market_lot_size,
              market_min_qty, market_max_qty, min_notional, max_notional, min_notional_applies_to_market,
              max_notional_applies_to_market, can_iceberg, can_cash_order_qty, can_trailing_stop, base_precision,
              quote_precision, can_replace, can_amend, can_oco, can_oto, iceberg_parts_max, trailing_delta_min_bps,
              trailing_delta_max_bps, market, times_in_force, cash_order_qty_times_in_force, fraction_size, low_price,
              low_tick_size, broker_id, trailing_order_types))
BUSBAR_TABLE(Instruments, (gateway), (page, is_last, instruments, as_of_ns, markets))
BUSBAR_TABLE(Portfolio, (portfolio), (text, portfolio_type, is_own, total, cash, asset))
BUSBAR_TABLE(AccountInfo, (account),
             (gateway, broker, environment, broker_account, can_trade, maker_commission, taker_commission, portfolios))
BUSBAR_TABLE(Balance, (asset), (free, locked))
BUSBAR_TABLE(Position, (symbol), (qty, avg_px))

BUSBAR_TABLE(Query, (kind),
             (account, symbol, client_order_id, order_id, include_closed, start_time_ns, end_time_ns, bar_interval_ms,
              page_token, page_size, url, order))
BUSBAR_TABLE(GatewayStatus, (gateway), (broker, incarnation, connected, version, last_heard_ns, open_commands))
BUSBAR_TABLE(BucketStatus, (bucket, scope), (interval_ms, limit, used, queued, blocked_until_ns))
BUSBAR_TABLE(RouterStatus, (),
             (version, core_version, environment, journal_id, last_sequence, durable_sequence, audited_sequence, state_hash,
              open_orders, in_doubt, sessions, log_used_bytes, log_limit_bytes, accepts_orders, reason))
BUSBAR_TABLE(Preview, (account, symbol),
             (side, is_accepted, error, reason, text, order_qty, cash_order_qty, avg_px, bid_px, ask_px, slippage, commission,
              commission_asset, order_total, initial_margin, maintenance_margin))
BUSBAR_TABLE(Answer, (kind),
             (error, text, next_page_token, as_of_ns, status, gateways, sessions, buckets, orders, instruments, accounts,
              balances, positions, quotes, bars, books, tickers, url, trades, previews))

BUSBAR_TABLE(ClientRule, (client), (accounts, may_trade, may_kill))
BUSBAR_TABLE(AccountRule, (account, gateway), (max_order_qty, max_order_notional, session_end_margin_ms, market_closed, queue_for_open_ms))
BUSBAR_TABLE(SymbolRule, (account, symbol), (max_order_qty, max_order_notional, restricted))
BUSBAR_TABLE(Configuration, (environment, journal_id),
             (clients, accounts, symbols, order_ttl_ms, heartbeat_interval_ms, heartbeat_liveness, client_order_id_days,
              rate_reserve_percent))
BUSBAR_TABLE(CoreStart, (version), (core_version))
BUSBAR_TABLE(Tick, (), ())
BUSBAR_TABLE(Connected, (peer), (session, incarnation))
BUSBAR_TABLE(Disconnected, (peer), (session, incarnation, is_gateway, reason))
BUSBAR_TABLE(SendFailed, (gateway), (command_id, reason))
BUSBAR_TABLE(Output, (destination, message), (input_sequence, index, core_version, peer, session, report_number, drop_copy))
BUSBAR_TABLE(AuditState, (stream), (next_sequence, text))
BUSBAR_TABLE(AuditAppend, (stream, records), (first_sequence, count))
BUSBAR_TABLE(AuditQuery, (stream), (first_sequence, last_sequence, client, session, first_report))
BUSBAR_TABLE(Tape, (gateway, direction, channel),
             (account, incarnation, exchange, connection, method, target, status, headers, body, error, time_ns, elapsed_ns,
              order_id, client_order_id, venue_order_id))

// ---- The union: a body's place in it is its wire::Body number.

#define BUSBAR_BODIES                                                                                                \
  NewOrder, CancelOrder, ReplaceOrder, ExecutionReport, Reject, Hello, Welcome, Heartbeat, ResendRequest, Logout,    \
      SessionState, GatewayHello, GatewayWelcome, PlaceCommand, CancelCommand, ReplaceCommand, AskCommand, VenueReport,\
      ReportAck, Reconciled, RateUsage, Subscribe, Unsubscribe, SubscribeAck, SnapshotRequest, Quote, Trade, Instruments,\
      Query, Answer, Configuration, CoreStart, Tick, Connected, Disconnected, SendFailed, Output, AuditState, AuditAppend,\
      AuditQuery, Tape, CancelAll, NewOrderList, CancelOrderList, PlaceListCommand, Bar, Book, Ticker

#define BUSBAR_WIRE_BODY(T) constexpr wire::Body wire_body(const T&) { return wire::Body::T; }
BUSBAR_EACH(BUSBAR_WIRE_BODY, BUSBAR_BODIES)

// What comes with each order is verified and read in one piece: in pieces, half of the time goes into calls.
template <class T>
inline constexpr bool comes_with_orders = std::is_same_v<T, NewOrder> || std::is_same_v<T, VenueReport>;

template <class T, class Wire>
bool read_whole(Reader& in, const Wire& table, T& out) {
  return read(in, table, out);
}

template <class T, class Wire>
  requires comes_with_orders<T>
[[gnu::flatten, gnu::noinline]] bool read_whole(Reader& in, const Wire& table, T& out) {
  return read(in, table, out);
}

bool read_body(Reader& in, const wire::Message& message, Body& out) {
  const void* body = message.body();
  switch (message.body_type()) {
#define BUSBAR_READ_BODY(T) \
  case wire::Body::T: return read_whole(in, *static_cast<const wire::T*>(body), out.emplace<T>(Fresh<T>{}));
    BUSBAR_EACH(BUSBAR_READ_BODY, BUSBAR_BODIES)
    case wire::Body::NONE:
      return refuse(in, "body", "is missing");
    default:
      break;
  }
  const auto number = static_cast<unsigned>(message.body_type());
  return message.body_type() <= wire::Body::MAX
             ? refuse(in, "body", std::string{wire::EnumNameBody(message.body_type())} + " is not spoken here", ErrorCode::Unsupported)
             : refuse(in, "body", std::to_string(number) + " is of a later schema", ErrorCode::Unsupported);
}

bool read_header(Reader& in, const wire::Header& table, Header& out) {
  const TableName name{in, "Header"};
  constexpr std::uint16_t schema_version = 1;
  if (table.schema_version() > schema_version) {
    return refuse(in, "schema_version", std::to_string(table.schema_version()) + " is later than 1", ErrorCode::Unsupported);
  }
  if (table.schema_version() < schema_version) return refuse(in, "schema_version", "0 is no version");
  return read(in, table, out);
}

// FlatBuffers read through pointers, so their start must be aligned; ZeroMQ promises nothing of the kind.
std::span<const std::uint8_t> align(std::span<const std::uint8_t> bytes) {
  constexpr std::uintptr_t alignment = 8;
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignment == 0) return bytes;
  thread_local std::vector<std::uint64_t> copy;
  copy.resize((bytes.size() + 7) / 8);
  std::memcpy(copy.data(), bytes.data(), bytes.size());
  return {reinterpret_cast<const std::uint8_t*>(copy.data()), bytes.size()};
}

bool check_size_max(Reader& in, std::size_t size, std::size_t size_max) {
  return size <= size_max || refuse(in, "size", std::to_string(size) + " bytes are more than " + std::to_string(size_max));
}

bool check_size(Reader& in, std::span<const std::uint8_t> bytes) {
  constexpr std::size_t size_min = 24;  // less holds no Message, and the identifier lies in the first twelve bytes
  if (!check_size_max(in, bytes.size(), audit_message_size_max)) return false;
  if (bytes.size() < size_min) return refuse(in, "size", std::to_string(bytes.size()) + " bytes are too few");
  if (!wire::MessageBufferHasIdentifier(bytes.data())) return refuse(in, "identifier", "is not BBUS");
  return true;
}

constexpr flatbuffers::uoffset_t tables_max = 64;  // an order has three
constexpr flatbuffers::uoffset_t tables_of_lists_max = 4096;

flatbuffers::Verifier verifier_of(std::span<const std::uint8_t> bytes, flatbuffers::uoffset_t count_max = tables_max) {
  constexpr flatbuffers::uoffset_t depth_max = 8;
  return flatbuffers::Verifier{bytes.data(), bytes.size(), depth_max, count_max};
}

// A page of an Answer, what a gateway or a configuration lists: these hold tables by the thousand, and nothing else does.
bool is_list(wire::Body type) {
  return type == wire::Body::Answer || type == wire::Body::Instruments || type == wire::Body::Configuration ||
         type == wire::Body::GatewayHello || type == wire::Body::GatewayWelcome;
}

// What a field of a table points to, of which nothing else is known yet; null: nothing.
template <class T>
const T* target_of(const flatbuffers::Verifier& verifier, const flatbuffers::Table* table, flatbuffers::voffset_t field) {
  return table != nullptr && table->VerifyOffset(verifier, field) ? table->GetPointer<const T*>(field) : nullptr;
}

// The verifier counts tables, and looks at a list of texts as often as a table names it: of a megabyte for minutes. Only the
// clients of a Configuration list texts. Are they more than the bytes hold?
bool lists_texts_again(std::span<const std::uint8_t> bytes) {
  using Offsets = flatbuffers::Vector<flatbuffers::uoffset_t>;
  auto verifier = verifier_of(bytes, tables_of_lists_max);
  const auto table_at = [&verifier](const flatbuffers::Table* table) -> const flatbuffers::Table* {
    if (table == nullptr || !table->VerifyTableStart(verifier)) return nullptr;
    verifier.EndTable();  // or each would count as one inside the one before
    return table;
  };
  const auto root = verifier.VerifyOffset(0);
  const auto* message = root == 0 ? nullptr : table_at(reinterpret_cast<const flatbuffers::Table*>(bytes.data() + root));
  const bool is_configuration =
      message != nullptr && message->VerifyField<std::uint8_t>(verifier, wire::Message::VT_BODY_TYPE, 1) &&
      message->GetField<std::uint8_t>(wire::Message::VT_BODY_TYPE, 0) == static_cast<std::uint8_t>(wire::Body::Configuration);
  if (!is_configuration) return false;
  const auto* body = table_at(target_of<flatbuffers::Table>(verifier, message, wire::Message::VT_BODY));
  const auto* clients = target_of<Offsets>(verifier, body, wire::Configuration::VT_CLIENTS);
  if (clients == nullptr || !verifier.VerifyVector(clients)) return false;
  std::size_t texts = 0;
  for (const std::uint8_t* at = clients->Data(); at != clients->Data() + clients->size() * sizeof(flatbuffers::uoffset_t);
       at += sizeof(flatbuffers::uoffset_t)) {
    const auto offset = verifier.VerifyOffset(at, 0);
    const auto* client = offset == 0 ? nullptr : table_at(reinterpret_cast<const flatbuffers::Table*>(at + offset));
    if (client == nullptr) break;  // no further looks the verifier
    const auto* accounts = target_of<Offsets>(verifier, client, wire::ClientRule::VT_ACCOUNTS);
    if (accounts != nullptr && verifier.VerifyVector(accounts)) texts += accounts->size();
  }
  return texts * sizeof(flatbuffers::uoffset_t) > bytes.size();
}

// As the generated verifier of a message does it.
template <class T, wire::Body type>
[[gnu::flatten, gnu::noinline]] bool has_form(std::span<const std::uint8_t> bytes) {
  auto verifier = verifier_of(bytes);
  const auto root = verifier.VerifyOffset(0);
  const auto* table = reinterpret_cast<const flatbuffers::Table*>(bytes.data() + root);
  if (root == 0 || !table->VerifyTableStart(verifier) || !table->VerifyOffsetRequired(verifier, wire::Message::VT_HEADER) ||
      !table->VerifyField<std::uint8_t>(verifier, wire::Message::VT_BODY_TYPE, 1) ||
      !table->VerifyOffsetRequired(verifier, wire::Message::VT_BODY)) {
    return false;
  }
  const auto& message = *wire::GetMessage(bytes.data());
  return message.body_type() == type && verifier.VerifyTable(message.header()) &&
         static_cast<const T*>(message.body())->Verify(verifier);
}

bool check_form(Reader& in, std::span<const std::uint8_t> bytes) {
  constexpr std::size_t much = 4096;  // bytes; less is looked at in no time, however often
  if (bytes.size() > much && lists_texts_again(bytes)) return refuse(in, "bytes", "list texts in several tables");
  const bool is_of_an_order = has_form<wire::NewOrder, wire::Body::NewOrder>(bytes) ||
                              has_form<wire::VenueReport, wire::Body::VenueReport>(bytes);
  if (is_of_an_order) return true;
  if (auto verifier = verifier_of(bytes); wire::VerifyMessageBuffer(verifier)) return true;
  if (auto verifier = verifier_of(bytes, tables_of_lists_max); !wire::VerifyMessageBuffer(verifier)) {
    return refuse(in, "bytes", "are not a well-formed buffer");
  }
  return is_list(wire::GetMessage(bytes.data())->body_type()) ||
         refuse(in, "bytes", "hold more than " + std::to_string(tables_max) + " tables");
}

bool read_message(Reader& in, std::span<const std::uint8_t> bytes, Message& out) {
  if (!check_size(in, bytes)) return false;
  bytes = align(bytes);
  if (!check_form(in, bytes)) return false;
  const wire::Message& message = *wire::GetMessage(bytes.data());
  const std::size_t size_max = message.body_type() == wire::Body::AuditAppend ? audit_message_size_max : message_size_max;
  return check_size_max(in, bytes.size(), size_max) && read_header(in, *message.header(), out.header) &&
         read_body(in, message, out.body);
}

}  // namespace

Result<Message> decode(std::span<const std::uint8_t> bytes) {
  Reader in{"Message", {}, bytes.size()};
  Result<Message> result{Fresh<Message>{}};  // and no other is returned, or this one would be moved
  if (!read_message(in, bytes, *result)) result = in.error;
  return result;
}

Result<Header> decode_header(std::span<const std::uint8_t> bytes) {
  Reader in{"Message", {}, 0};
  if (!check_size(in, bytes)) return in.error;
  bytes = align(bytes);
  auto verifier = verifier_of(bytes);
  // By hand what VerifyMessageBuffer does, but for the header only: the body may be the reason why we are asked.
  const auto root = verifier.VerifyOffset(0);
  const auto* message = reinterpret_cast<const flatbuffers::Table*>(bytes.data() + root);
  if (root == 0 || !message->VerifyTableStart(verifier) || !message->VerifyOffsetRequired(verifier, wire::Message::VT_HEADER) ||
      !verifier.VerifyTable(wire::GetMessage(bytes.data())->header())) {
    refuse(in, "header", "is not well-formed");
    return in.error;
  }
  Header header;
  if (!read(in, *wire::GetMessage(bytes.data())->header(), header)) return in.error;
  return header;
}

namespace {

template <class T>
std::span<const std::uint8_t> build(Builder& builder, const Header& header, const T& body) {
  builder.Clear();
  const auto header_offset = write(builder, header);
  const auto body_offset = write(builder, body).Union();
  wire::MessageBuilder message{builder};
  message.add_header(header_offset);
  message.add_body(body_offset);
  message.add_body_type(wire_body(body));
  wire::FinishMessageBuffer(builder, message.Finish());
  return {builder.GetBufferPointer(), builder.GetSize()};
}

template <class T>
std::span<const std::uint8_t> lay_out(const Header& header, const T& body) {
  thread_local Builder builder{4096};
  return build(builder, header, body);
}

template <class T>
std::span<const std::uint8_t> seal(const Header& header, const T& body) {
  return lay_out(header, body);
}

// A message as it was laid out, for those of its shape.
struct Layout {
  std::string shape;
  Bytes bytes;
  std::vector<std::uint32_t> places;  // of its values
};

// No two frames of the market are as long.
template <class T>
bool has_its_own_shape(const T&) {
  return false;
}
bool has_its_own_shape(const Tape& tape) { return tape.channel == TapeChannel::MarketData; }

// The messages of an order's way, of which thousands have one shape.
template <class T>
  requires(std::is_same_v<T, NewOrder> || std::is_same_v<T, PlaceCommand> || std::is_same_v<T, VenueReport> ||
           std::is_same_v<T, ExecutionReport> || std::is_same_v<T, Output> || std::is_same_v<T, Tape>)
std::span<const std::uint8_t> seal(const Header& header, const T& body) {
  constexpr std::size_t layouts_max = 64;
  constexpr std::size_t size_max = 4096;  // what is larger is rare, and mostly a list
  if (has_its_own_shape(body)) return lay_out(header, body);
  thread_local std::array<Layout, layouts_max> layouts;
  Shape shape;
  visit(shape, header);
  visit(shape, body);
  Layout& layout = layouts[shape.hash() % layouts_max];
  if (layout.shape != shape.view()) {
    thread_local Builder builder{4096};
    std::vector<flatbuffers::uoffset_t> ends;
    builder.ends = &ends;
    const auto built = build(builder, header, body);
    builder.ends = nullptr;
    if (built.size() > size_max) return built;
    layout.shape = shape.view();
    layout.bytes.assign(built.begin(), built.end());
    layout.places.clear();
    for (const auto end : ends) layout.places.push_back(static_cast<std::uint32_t>(built.size() - end));
  }
  Values values{layout.bytes.data(), layout.places.data()};
  visit(values, header);
  visit(values, body);
  assert(values.place() == layout.places.data() + layout.places.size());
  return layout.bytes;
}

}  // namespace

std::span<const std::uint8_t> encode_here(const Header& header, const Body& body) {
  return std::visit([&header](const auto& value) { return seal(header, value); }, body);
}

std::span<const std::uint8_t> encode_here(const Header& header, const Output& output) { return seal(header, output); }

void encode(const Header& header, const Body& body, Bytes& out) {
  const auto bytes = encode_here(header, body);
  out.assign(bytes.begin(), bytes.end());
}

Bytes encode(const Header& header, const Body& body) {
  Bytes out;
  encode(header, body, out);
  return out;
}

Bytes encode(const Message& message) { return encode(message.header, message.body); }

std::string_view name_of(const Body& body) {
  return wire::EnumNameBody(std::visit([](const auto& value) { return wire_body(value); }, body));
}

}  // namespace busbar
