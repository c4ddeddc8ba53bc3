#pragma once
// Messages of every kind with any content: what a test sends, old and new, whole and broken.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include <boost/pfr.hpp>

#include "bus/codec.hpp"
#include "tests/unit/bus/random.hpp"

namespace busbar::promises {

template <class Struct>
  requires std::is_aggregate_v<Struct>
void fill(Random& random, Struct& value);

template <std::size_t N>
void fill(Random& random, Text<N>& text) {
  text.clear();
  const auto size = random.one_in(8) ? N : static_cast<std::size_t>(random.between(1, std::min<std::int64_t>(N, 12)));
  while (text.size() < size) text += static_cast<char>('A' + random.bits() % 26);
}
inline void fill(Random& random, std::string& text) { text.assign(static_cast<std::size_t>(random.between(1, 40)), 'x'); }
inline void fill(Random&, bool& value) { value = !value; }
// Never what a field is when it is left out, so that one that is lost is seen.
template <class Number>
  requires std::is_arithmetic_v<Number>
void fill(Random& random, Number& value) {
  const Number before = value;
  while (value == before) value = static_cast<Number>(random.bits());
}
template <class Enum>
  requires std::is_enum_v<Enum>
void fill(Random& random, Enum& value) {
  const Enum before = value;
  while (value == before || value == Enum::MIN) value = static_cast<Enum>(random.between(1, static_cast<int>(Enum::MAX)));
}
inline void fill(Random& random, Decimal& value) {
  value = Decimal{random.between(1, std::numeric_limits<std::int64_t>::max()), static_cast<int>(random.between(-18, 18))};
}
template <class T>
void fill(Random& random, std::optional<T>& value) {
  fill(random, value.emplace());
}
template <class T>
void fill(Random& random, std::vector<T>& values) {
  auto size = random.between(1, 3);
  if (random.one_in(100)) size = random.between(0, random.one_in(4) ? 1500 : 70);
  if constexpr (std::is_enum_v<T>) size = std::min<std::int64_t>(size, static_cast<std::int64_t>(T::MAX));
  for (; size > 0; --size) fill(random, values.emplace_back());
}
template <class Struct>
  requires std::is_aggregate_v<Struct>
void fill(Random& random, Struct& value) {
  boost::pfr::for_each_field(value, [&](auto& field) { fill(random, field); });
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

inline Header draw_header(Random& random) {
  Header header;
  fill(random, header);
  header.schema_version = 1;
  return header;
}

}  // namespace busbar::promises
