#include "tools/venue/alpaca/wire.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdlib>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "tools/venue/time_text.hpp"

namespace busbar::venue::alpaca {
namespace {

namespace json = boost::json;

constexpr char number_mark = '\1', moment_mark = '\2';
constexpr int depth_max = 16;

void write_json(std::string& out, const json::value& value) {
  if (const json::string* text = value.if_string()) {
    if (!text->empty() && text->front() == number_mark) out.append(text->data() + 1, text->size() - 1);
    else if (!text->empty() && text->front() == moment_mark) {
      const auto time = std::strtoll(text->c_str() + 1, nullptr, 10);
      out += '"' + rfc3339(time, 9) + '"';
    } else out += json::serialize(*text);
  } else if (const json::array* list = value.if_array()) {
    out += '[';
    for (const json::value& each : *list) {
      if (&each != list->data()) out += ',';
      write_json(out, each);
    }
    out += ']';
  } else if (const json::object* object = value.if_object()) {
    out += '{';
    bool is_first = true;
    for (const auto& member : *object) {
      if (!std::exchange(is_first, false)) out += ',';
      out += json::serialize(json::string{member.key()}) + ':';
      write_json(out, member.value());
    }
    out += '}';
  } else {
    out += json::serialize(value);
  }
}

class Packer {
 public:
  void write(const json::value& value) {
    switch (value.kind()) {
      case json::kind::null: return byte(0xC0);
      case json::kind::bool_: return byte(value.get_bool() ? 0xC3 : 0xC2);
      case json::kind::int64: return integer(value.get_int64());
      case json::kind::uint64: return unsigned_integer(value.get_uint64());
      case json::kind::double_: return real(value.get_double());
      case json::kind::string: return string(value.get_string());
      case json::kind::array: {
        const json::array& list = value.get_array();
        head(list.size(), 0x90, 15, 0xDC);
        for (const json::value& each : list) write(each);
        return;
      }
      case json::kind::object: {
        const json::object& object = value.get_object();
        head(object.size(), 0x80, 15, 0xDE);
        for (const auto& member : object) {
          text(member.key());
          write(member.value());
        }
        return;
      }
    }
  }
  std::string out;

 private:
  void byte(unsigned value) { out += static_cast<char>(value); }
  template <class Integer>
  void big_endian(Integer value) {
    for (int shift = static_cast<int>(sizeof value) * 8 - 8; shift >= 0; shift -= 8) {
      byte(static_cast<unsigned>(value >> shift) & 0xFF);
    }
  }
  void head(std::size_t size, unsigned small, std::size_t small_max, unsigned large) {
    if (size <= small_max) return byte(small | static_cast<unsigned>(size));
    byte(size <= 0xFFFF ? large : large + 1);
    if (size <= 0xFFFF) big_endian(static_cast<std::uint16_t>(size));
    else big_endian(static_cast<std::uint32_t>(size));
  }
  void text(std::string_view value) {
    if (value.size() > 31 && value.size() <= 0xFF) {
      byte(0xD9);
      byte(static_cast<unsigned>(value.size()));
    } else {
      head(value.size(), 0xA0, 31, 0xDA);
    }
    out += value;
  }
  void unsigned_integer(std::uint64_t value) {
    if (value <= 0x7F) return byte(static_cast<unsigned>(value));
    if (value <= 0xFF) return byte(0xCC), byte(static_cast<unsigned>(value));
    if (value <= 0xFFFF) return byte(0xCD), big_endian(static_cast<std::uint16_t>(value));
    if (value <= 0xFFFFFFFF) return byte(0xCE), big_endian(static_cast<std::uint32_t>(value));
    byte(0xCF);
    big_endian(value);
  }
  void integer(std::int64_t value) {
    if (value >= 0) return unsigned_integer(static_cast<std::uint64_t>(value));
    byte(0xD3);
    big_endian(static_cast<std::uint64_t>(value));
  }
  void real(double value) {
    byte(0xCB);
    big_endian(std::bit_cast<std::uint64_t>(value));
  }
  void string(const json::string& value) {
    if (value.empty() || (value.front() != number_mark && value.front() != moment_mark)) {
      return text({value.data(), value.size()});
    }
    const char* begin = value.data() + 1;
    const char* end = value.data() + value.size();
    std::int64_t whole = 0;
    const bool is_whole = std::from_chars(begin, end, whole).ptr == end;
    if (value.front() == moment_mark) return time(whole);
    if (is_whole) return integer(whole);
    double number = 0;
    std::from_chars(begin, end, number);
    real(number);
  }
  // Timestamp 64: thirty bits of nanoseconds, then seconds.
  void time(TimeUs value) {
    byte(0xD7);
    byte(0xFF);
    const auto nanoseconds = static_cast<std::uint64_t>(value % 1'000'000 * 1'000);
    big_endian(nanoseconds << 34 | static_cast<std::uint64_t>(value / 1'000'000));
  }
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : bytes_{bytes} {}
  bool is_done() const { return bytes_.empty(); }

  std::optional<json::value> read(int depth) {
    const auto first = take(1);
    if (!first || depth > depth_max) return std::nullopt;
    const unsigned kind = static_cast<unsigned char>(first->front());
    if (kind <= 0x7F) return json::value(static_cast<std::int64_t>(kind));
    if (kind <= 0x8F) return map(kind & 0x0F, depth);
    if (kind <= 0x9F) return list(kind & 0x0F, depth);
    if (kind <= 0xBF) return text(kind & 0x1F);
    if (kind >= 0xE0) return json::value(static_cast<std::int64_t>(kind) - 256);
    switch (kind) {
      case 0xC0: return json::value(nullptr);
      case 0xC2: return json::value(false);
      case 0xC3: return json::value(true);
      case 0xCB: {
        const auto bits = big_endian(8);
        if (!bits) return std::nullopt;
        return json::value(std::bit_cast<double>(*bits));
      }
      case 0xCC:
      case 0xCD:
      case 0xCE:
      case 0xCF: {
        const auto value = big_endian(std::size_t{1} << (kind - 0xCC));
        return value ? std::optional{json::value(*value)} : std::nullopt;
      }
      case 0xD0:
      case 0xD1:
      case 0xD2:
      case 0xD3: {
        const std::size_t width = std::size_t{1} << (kind - 0xD0);
        const auto bits = big_endian(width);
        if (!bits) return std::nullopt;
        const int unused = static_cast<int>(64 - 8 * width);
        return json::value(static_cast<std::int64_t>(*bits << unused) >> unused);
      }
      case 0xD9:
      case 0xDA:
      case 0xDB: return sized(std::size_t{1} << (kind - 0xD9), [&](std::size_t size) { return text(size); });
      case 0xDC:
      case 0xDD: return sized(kind == 0xDC ? 2 : 4, [&](std::size_t size) { return list(size, depth); });
      case 0xDE:
      case 0xDF: return sized(kind == 0xDE ? 2 : 4, [&](std::size_t size) { return map(size, depth); });
      default: return std::nullopt;
    }
  }

 private:
  std::optional<std::string_view> take(std::size_t size) {
    if (bytes_.size() < size) return std::nullopt;
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  std::optional<std::uint64_t> big_endian(std::size_t size) {
    const auto taken = take(size);
    if (!taken) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : *taken) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  template <class Read>
  std::optional<json::value> sized(std::size_t width, Read read_it) {
    const auto size = big_endian(width);
    return size ? read_it(static_cast<std::size_t>(*size)) : std::nullopt;
  }
  std::optional<json::value> text(std::size_t size) {
    const auto taken = take(size);
    return taken ? std::optional{json::value(json::string{*taken})} : std::nullopt;
  }
  std::optional<json::value> list(std::size_t size, int depth) {
    if (size > bytes_.size()) return std::nullopt;  // each of them takes a byte at least
    json::array result;
    while (result.size() < size) {
      auto each = read(depth + 1);
      if (!each) return std::nullopt;
      result.push_back(std::move(*each));
    }
    return json::value(std::move(result));
  }
  std::optional<json::value> map(std::size_t size, int depth) {
    if (size > bytes_.size()) return std::nullopt;
    json::object result;
    for (std::size_t i = 0; i < size; ++i) {
      const auto key = read(depth + 1);
      auto value = key && key->is_string() ? read(depth + 1) : std::nullopt;
      if (!value) return std::nullopt;
      result[key->get_string()] = std::move(*value);
    }
    return json::value(std::move(result));
  }

  std::string_view bytes_;
};

}  // namespace

std::string plain(Decimal value) { return to_string(value.normalized()); }

Decimal product(Decimal a, Decimal b) {
  for (int places = 8; places >= 0; --places) {
    const auto rounded = divide(a, Decimal{1, 0}, places, Round::Nearest);
    const auto exact = rounded ? multiply(rounded->normalized(), b.normalized()) : std::nullopt;
    const auto result = exact ? divide(*exact, Decimal{1, 0}, std::min(places, 8), Round::Nearest) : std::nullopt;
    if (result) return result->normalized();
  }
  return {};
}

Decimal quotient(Decimal a, Decimal b, int places) {
  for (; places > 0; --places) {
    if (const auto result = divide(a, b, places, Round::Nearest)) return result->normalized();
  }
  return {};
}

json::value number(Decimal value) { return json::value(number_mark + plain(value)); }

json::value moment(TimeUs time) { return json::value(moment_mark + std::to_string(time)); }

std::string to_json(const json::value& value) {
  std::string out;
  write_json(out, value);
  return out;
}

std::string to_msgpack(const json::value& value) {
  Packer packer;
  packer.write(value);
  return std::move(packer.out);
}

std::optional<json::value> from_msgpack(std::string_view bytes) {
  Unpacker unpacker{bytes};
  auto value = unpacker.read(0);
  return unpacker.is_done() ? std::move(value) : std::nullopt;
}

}  // namespace busbar::venue::alpaca
