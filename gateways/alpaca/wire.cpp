#include "gateways/alpaca/wire.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <string>
#include <utility>

#include <boost/json.hpp>
#include <simdjson.h>

#include "bus/messages.hpp"
#include "gateways/framework/exact_json.hpp"
#include "gateways/framework/utc.hpp"

namespace busbar::alpaca {

namespace {

namespace json = boost::json;

constexpr int depth_max = 12;  // as with JSON

// Of orders, executions and assets.
constexpr std::array<std::string_view, 8> ids{"id",           "client_order_id", "order_id", "asset_id",
                                              "execution_id", "replaced_by",     "replaces", "account_id"};
bool is_id(std::string_view name) { return std::ranges::find(ids, name) != ids.end(); }

// The shortest digits that read back as the same number, in plain notation.
template <class Number>
std::string digits_of(Number number) {
  std::array<char, 400> text;
  std::to_chars_result done{};
  if constexpr (std::is_floating_point_v<Number>) {
    done = std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  } else {
    done = std::to_chars(text.data(), text.data() + text.size(), number);
  }
  return {text.data(), done.ptr};
}

void put_integers_as_text(json::value& value) {
  if (const std::int64_t* number = value.if_int64()) {
    value = digits_of(*number);
  } else if (const std::uint64_t* large = value.if_uint64()) {
    value = digits_of(*large);
  } else if (json::array* array = value.if_array()) {
    for (json::value& element : *array) put_integers_as_text(element);
  } else if (json::object* object = value.if_object()) {
    for (auto& member : *object) {
      if (!is_id(member.key()) || !member.value().is_number()) put_integers_as_text(member.value());
    }
  }
}

// One value of MessagePack (its specification's names for formats). The libraries for it that Debian has are none for us:
// one conflicts with this Boost, one cannot read times, and one makes doubles of what were floats.
class MessagePack {
 public:
  explicit MessagePack(std::string_view bytes) : rest_{bytes}, size_{bytes.size()} {}

  Result<json::value> whole() {
    json::value value = read(depth_max);
    if (error_.empty() && !rest_.empty()) fail("more after its end");
    if (!error_.empty()) return Error{ErrorCode::InvalidMessage, "no MessagePack: " + error_};
    return value;
  }

 private:
  void fail(std::string_view reason) {
    if (error_.empty()) error_ = "at byte " + std::to_string(size_ - rest_.size()) + ": " + std::string{reason};
    rest_ = {};  // nothing more is read
  }

  std::string_view take(std::size_t size) {
    if (size > rest_.size()) {
      fail("it ends within a value");
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  template <class Unsigned>
  Unsigned number() {
    Unsigned value = 0;
    for (const char byte : take(sizeof(Unsigned))) {
      value = static_cast<Unsigned>((std::uint64_t{value} << 8) | static_cast<unsigned char>(byte));
    }
    return value;
  }
  template <class Signed, class Unsigned>
  std::string signed_digits() {
    return digits_of(static_cast<std::int64_t>(static_cast<Signed>(number<Unsigned>())));
  }

  json::value text(std::size_t size) {
    const std::string_view bytes = take(size);
    if (!simdjson::validate_utf8(bytes.data(), bytes.size())) fail("a text that is not UTF-8");
    return json::value(json::string_view{bytes.data(), bytes.size()});
  }

  json::value array(std::size_t size, int depth) {
    json::array elements;  // as many as there are bytes for, whatever it says
    for (std::size_t i = 0; i < size && error_.empty(); ++i) elements.push_back(read(depth));
    return elements;
  }

  json::value map(std::size_t size, int depth) {
    json::object members;
    for (std::size_t i = 0; i < size && error_.empty(); ++i) {
      const json::value name = read(depth);
      if (!name.is_string()) fail("a name that is no text");
      if (!error_.empty()) break;
      const bool is_number_for_id = is_id(name.get_string()) && begins_number();
      json::value value = read(depth);
      if (is_number_for_id) value = 0;  // that it is one is all that matters
      members[name.get_string()] = std::move(value);
    }
    return members;
  }
  bool begins_number() const {
    const int format = rest_.empty() ? 0xC0 : static_cast<unsigned char>(rest_.front());
    return format < 0x80 || format >= 0xE0 || (format >= 0xCA && format <= 0xD3);
  }

  // Of all extensions times alone have a meaning here.
  json::value extension(std::size_t size) {
    const auto type = static_cast<std::int8_t>(number<std::uint8_t>());
    if (type != -1) {
      take(size);
      return nullptr;
    }
    std::uint32_t ns = 0;
    std::int64_t seconds = 0;
    if (size == 4) {
      seconds = number<std::uint32_t>();
    } else if (size == 8) {
      const auto both = number<std::uint64_t>();
      ns = static_cast<std::uint32_t>(both >> 34);
      seconds = static_cast<std::int64_t>(both & 0x3'FFFF'FFFF);
    } else if (size == 12) {
      ns = number<std::uint32_t>();
      seconds = static_cast<std::int64_t>(number<std::uint64_t>());
    } else {
      fail("a time of " + std::to_string(size) + " bytes");
    }
    constexpr std::int64_t most = 9'000'000'000;  // about as far as 64 bits of ns go
    if (ns > 999'999'999 || seconds > most || seconds < -most) fail("a time out of range");
    if (!error_.empty()) return nullptr;
    std::string text = gateway::utc_text(seconds * 1'000'000'000);
    text.pop_back();  // the Z
    const std::string fraction = digits_of(ns);
    return json::value(text + "." + std::string(9 - fraction.size(), '0') + fraction + "Z");
  }

  json::value read(int depth) {
    if (depth == 0) fail("deeper than " + std::to_string(depth_max) + " levels");
    const auto format = number<std::uint8_t>();
    if (!error_.empty()) return nullptr;
    if (format < 0x80) return json::value(digits_of(unsigned{format}));
    if (format < 0x90) return map(format & 0x0F, depth - 1);
    if (format < 0xA0) return array(format & 0x0F, depth - 1);
    if (format < 0xC0) return text(format & 0x1F);
    if (format >= 0xE0) return json::value(digits_of(static_cast<int>(static_cast<std::int8_t>(format))));
    switch (format) {
      case 0xC0: return nullptr;
      case 0xC2: return false;
      case 0xC3: return true;
      case 0xC4: return take(number<std::uint8_t>()), nullptr;  // bin: nothing that we read is of these
      case 0xC5: return take(number<std::uint16_t>()), nullptr;
      case 0xC6: return take(number<std::uint32_t>()), nullptr;
      case 0xC7: return extension(number<std::uint8_t>());
      case 0xC8: return extension(number<std::uint16_t>());
      case 0xC9: return extension(number<std::uint32_t>());
      case 0xCA: return json::value(digits_of(std::bit_cast<float>(number<std::uint32_t>())));
      case 0xCB: return json::value(digits_of(std::bit_cast<double>(number<std::uint64_t>())));
      case 0xCC: return json::value(digits_of(unsigned{number<std::uint8_t>()}));
      case 0xCD: return json::value(digits_of(unsigned{number<std::uint16_t>()}));
      case 0xCE: return json::value(digits_of(number<std::uint32_t>()));
      case 0xCF: return json::value(digits_of(number<std::uint64_t>()));
      case 0xD0: return json::value(signed_digits<std::int8_t, std::uint8_t>());
      case 0xD1: return json::value(signed_digits<std::int16_t, std::uint16_t>());
      case 0xD2: return json::value(signed_digits<std::int32_t, std::uint32_t>());
      case 0xD3: return json::value(signed_digits<std::int64_t, std::uint64_t>());
      case 0xD4: return extension(1);
      case 0xD5: return extension(2);
      case 0xD6: return extension(4);
      case 0xD7: return extension(8);
      case 0xD8: return extension(16);
      case 0xD9: return text(number<std::uint8_t>());
      case 0xDA: return text(number<std::uint16_t>());
      case 0xDB: return text(number<std::uint32_t>());
      case 0xDC: return array(number<std::uint16_t>(), depth - 1);
      case 0xDD: return array(number<std::uint32_t>(), depth - 1);
      case 0xDE: return map(number<std::uint16_t>(), depth - 1);
      case 0xDF: return map(number<std::uint32_t>(), depth - 1);
      default: break;
    }
    fail("a byte that begins no value");
    return nullptr;
  }

  std::string_view rest_;
  std::size_t size_;
  std::string error_;
};

void put_size(std::string& out, std::size_t size, unsigned char small, std::size_t small_max, unsigned char large) {
  if (size <= small_max) {
    out.push_back(static_cast<char>(small | size));
  } else {
    out.push_back(static_cast<char>(large));
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(size >> shift & 0xFF));
  }
}

void put_text(std::string& out, std::string_view text) {
  put_size(out, text.size(), 0xA0, 31, 0xDB);
  out.append(text);
}

void pack(std::string& out, const json::value& value) {
  if (const json::string* text = value.if_string()) {
    put_text(out, *text);
  } else if (const json::array* list = value.if_array()) {
    put_size(out, list->size(), 0x90, 15, 0xDD);
    for (const json::value& element : *list) pack(out, element);
  } else if (const json::object* object = value.if_object()) {
    put_size(out, object->size(), 0x80, 15, 0xDF);
    for (const auto& member : *object) {
      put_text(out, member.key());
      pack(out, member.value());
    }
  } else {
    out.push_back(static_cast<char>(0xC0));
  }
}

}  // namespace

std::string packed(std::string_view text) {
  std::string out;
  pack(out, json::parse(text));
  return out;
}

Result<json::value> parse_body(std::string_view body, std::size_t size_max) {
  auto value = reading::parse_exact_json(body, size_max, ids);
  if (value) put_integers_as_text(*value);
  return value;
}

Result<json::value> parse_frame(std::string_view frame) {
  const bool is_json = frame.empty() || static_cast<unsigned char>(frame.front()) < 0x80;
  if (is_json) return parse_body(frame, frame_max);
  if (frame.size() > frame_max) {
    return Error{ErrorCode::InvalidMessage, "a frame of " + std::to_string(frame.size()) + " bytes, at most " +
                                                std::to_string(frame_max) + " are read"};
  }
  return MessagePack{frame}.whole();
}

}  // namespace busbar::alpaca
