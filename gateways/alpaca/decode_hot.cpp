#include "gateways/alpaca/decode_hot.hpp"

#include <charconv>
#include <string>

#include <simdjson.h>

#include "gateways/framework/utc.hpp"

namespace busbar::alpaca {

namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::SUCCESS;

constexpr std::size_t hot_frame_max = 1u << 20, hot_text_max = 256, hot_messages_max = 5000, conditions_max = 32;

bool read_hot_text(ondemand::value& value, std::string& text) {
  std::string_view found;
  if (value.get_string().get(found) != SUCCESS || found.size() > hot_text_max) return false;
  text = found;
  return true;
}

// The digits of a number as JSON has them: no zeros in front.
bool read_hot_digits(ondemand::value& value, std::string_view& digits) {
  digits = value.raw_json_token();
  digits = digits.substr(0, digits.find_last_not_of(" \t\r\n") + 1);
  std::string_view plain = digits;
  if (plain.starts_with('-')) plain.remove_prefix(1);
  const bool has_zero_in_front = plain.size() > 1 && plain[0] == '0' && plain[1] >= '0' && plain[1] <= '9';
  return !plain.empty() && plain[0] >= '0' && plain[0] <= '9' && !has_zero_in_front && digits.size() <= hot_text_max;
}

bool read_hot_amount(ondemand::value& value, Decimal& amount) {
  std::string_view digits;
  if (!read_hot_digits(value, digits)) return false;
  const auto number = Decimal::parse(digits);
  if (number) amount = *number;
  return number.has_value();
}
bool read_hot_amount(ondemand::value& value, std::optional<Decimal>& amount) {
  return read_hot_amount(value, amount.emplace());
}

bool read_hot_count(ondemand::value& value, std::int64_t& count) {
  std::string_view digits;
  if (!read_hot_digits(value, digits)) return false;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  return error == std::errc{} && end == digits.data() + digits.size();
}

bool read_hot_time(ondemand::value& value, Timestamp& time) {
  std::string_view text;
  if (value.get_string().get(text) != SUCCESS || text.size() > hot_text_max) return false;
  time = gateway::parse_utc(text).value_or(0);
  return true;
}

bool read_hot_conditions(ondemand::value& value, std::vector<std::string>& conditions) {
  ondemand::array array;
  if (value.get_array().get(array) != SUCCESS) return false;
  conditions.clear();
  for (auto element : array) {
    ondemand::value condition;
    if (std::move(element).get(condition) != SUCCESS || conditions.size() == conditions_max) return false;
    if (!read_hot_text(condition, conditions.emplace_back())) return false;
  }
  return true;
}

// Which of a message's members have been seen, as bits; -1: it is not as documented.
constexpr int hot_bit(bool is_read, int bit) { return is_read ? bit : -1; }

int read_hot_member(std::string_view name, ondemand::value& value, MarketTrade& trade) {
  if (name == "S") return hot_bit(read_hot_text(value, trade.symbol), 1);
  if (name == "p") return hot_bit(read_hot_amount(value, trade.price), 2);
  if (name == "s") return hot_bit(read_hot_amount(value, trade.size), 4);
  if (name == "t") return hot_bit(read_hot_time(value, trade.time), 0);
  if (name == "x") return hot_bit(read_hot_text(value, trade.exchange), 0);
  if (name == "z") return hot_bit(read_hot_text(value, trade.tape), 0);
  if (name == "tks") return hot_bit(read_hot_text(value, trade.taker_side), 0);
  if (name == "c") return hot_bit(read_hot_conditions(value, trade.conditions), 0);
  std::int64_t id = 0;
  if (name != "i" || !read_hot_count(value, id)) return -1;
  trade.id = std::to_string(id);
  return 0;
}
constexpr int all_of_trade = 7;

int read_hot_member(std::string_view name, ondemand::value& value, MarketQuote& quote) {
  if (name == "S") return hot_bit(read_hot_text(value, quote.symbol), 1);
  if (name == "bp") return hot_bit(read_hot_amount(value, quote.bid), 0);
  if (name == "bs") return hot_bit(read_hot_amount(value, quote.bid_size), 0);
  if (name == "ap") return hot_bit(read_hot_amount(value, quote.ask), 0);
  if (name == "as") return hot_bit(read_hot_amount(value, quote.ask_size), 0);
  if (name == "t") return hot_bit(read_hot_time(value, quote.time), 0);
  if (name == "c") return hot_bit(read_hot_conditions(value, quote.conditions), 0);
  std::string unused;
  const bool is_known = name == "bx" || name == "ax" || name == "z";
  return is_known ? hot_bit(read_hot_text(value, unused), 0) : -1;
}

int read_hot_member(std::string_view name, ondemand::value& value, MarketBar& bar) {
  if (name == "S") return hot_bit(read_hot_text(value, bar.symbol), 1);
  if (name == "o") return hot_bit(read_hot_amount(value, bar.open), 2);
  if (name == "h") return hot_bit(read_hot_amount(value, bar.high), 4);
  if (name == "l") return hot_bit(read_hot_amount(value, bar.low), 8);
  if (name == "c") return hot_bit(read_hot_amount(value, bar.close), 16);
  if (name == "v") return hot_bit(read_hot_amount(value, bar.volume), 32);
  if (name == "t") return hot_bit(read_hot_time(value, bar.time), 64);
  if (name == "n") return hot_bit(read_hot_count(value, bar.trade_count.emplace()), 0);
  std::string_view digits;
  if (name != "vw" || !read_hot_digits(value, digits) || !Decimal::parse(digits)) return -1;
  bar.vwap = digits;
  return 0;
}
constexpr int all_of_bar = 127;

bool begin_hot_message(std::string_view type, DataMessage& message) {
  if (type == "t") {
    message.emplace<MarketTrade>();
  } else if (type == "q") {
    message.emplace<MarketQuote>();
  } else if (type == "b" || type == "u" || type == "d") {
    message.emplace<MarketBar>().kind = type;
  }
  return message.index() != 0;
}

// What it is comes first, and everything is read: nothing is skipped unseen.
bool read_hot_message(ondemand::object& object, DataMessage& message) {
  bool has_begun = false;
  int seen = 0;
  for (auto each : object) {
    ondemand::field field;
    std::string_view name, type;
    if (std::move(each).get(field) != SUCCESS || field.unescaped_key().get(name) != SUCCESS) return false;
    if (!has_begun) {
      if (name != "T" || field.value().get_string().get(type) != SUCCESS) return false;
      has_begun = begin_hot_message(type, message);
      if (!has_begun) return false;
      continue;
    }
    auto* const trade = std::get_if<MarketTrade>(&message);
    auto* const quote = std::get_if<MarketQuote>(&message);
    const int bit = trade   ? read_hot_member(name, field.value(), *trade)
                    : quote ? read_hot_member(name, field.value(), *quote)
                            : read_hot_member(name, field.value(), std::get<MarketBar>(message));
    if (bit < 0) return false;
    seen |= bit;
  }
  if (const auto* trade = std::get_if<MarketTrade>(&message)) return seen == all_of_trade && !trade->symbol.empty();
  if (const auto* quote = std::get_if<MarketQuote>(&message)) return !quote->symbol.empty();
  const auto* bar = std::get_if<MarketBar>(&message);
  return bar != nullptr && seen == all_of_bar && !bar->symbol.empty();
}

}  // namespace

bool read_hot(std::string_view frame, std::vector<DataMessage>& messages) {
  static thread_local ondemand::parser parser;
  static thread_local std::string padded;
  if (!frame.starts_with('[') || frame.size() > hot_frame_max) return false;
  padded.reserve(frame.size() + simdjson::SIMDJSON_PADDING);
  padded.assign(frame);
  ondemand::document document;
  ondemand::array array;
  if (parser.iterate(padded.data(), padded.size(), padded.capacity()).get(document) != SUCCESS) return false;
  if (document.get_array().get(array) != SUCCESS) return false;
  for (auto each : array) {
    ondemand::object object;
    if (each.get_object().get(object) != SUCCESS || messages.size() == hot_messages_max) return false;
    if (!read_hot_message(object, messages.emplace_back())) return false;
  }
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;  // nothing stands behind it
}

}  // namespace busbar::alpaca
