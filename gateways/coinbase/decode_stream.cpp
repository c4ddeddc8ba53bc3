#include "gateways/coinbase/decode_stream.hpp"

#include <charconv>

#include "gateways/coinbase/decode_hot.hpp"
#include "gateways/coinbase/read.hpp"
#include "gateways/framework/utc.hpp"

namespace busbar::coinbase {

namespace {

// A count, which is written as a text or as a number.
std::optional<std::int64_t> maybe_count(const json::object& object, std::string_view what, std::string_view member,
                                        Complaint& complaint) {
  const json::value* value = object.if_contains(member);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (const std::int64_t* number = value->if_int64()) return *number;
  const json::string* text = value->if_string();
  if (text == nullptr) {
    complaint.add_type(what, member, *value, "a whole number of 64 bits");
    return std::nullopt;
  }
  if (text->empty()) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size()) {
    complaint.add(what, member, "no whole number of 64 bits");
    return std::nullopt;
  }
  return number;
}

UserOrder read_user_order(const json::object& object, Complaint& complaint) {
  Reader reader{object, "user", complaint};
  UserOrder order;
  order.order_id = reader.text("order_id");
  order.client_order_id = text_or_empty(reader, "client_order_id");
  order.product_id = text_or_empty(reader, "product_id");
  order.status = text_or_empty(reader, "status");
  order.order_side = reader.maybe_text("order_side");
  order.order_type = reader.maybe_text("order_type");
  order.time_in_force = reader.maybe_text("time_in_force");
  order.cumulative_quantity = reader.maybe_amount("cumulative_quantity");
  order.leaves_quantity = reader.maybe_amount("leaves_quantity");
  static_cast<void>(reader.maybe_cut("avg_price"));  // a complaint, if it is no number
  order.avg_price = text_or_empty(reader, "avg_price");
  order.total_fees = reader.maybe_cut("total_fees");
  order.filled_value = reader.maybe_cut("filled_value");
  order.number_of_fills = maybe_count(object, "user", "number_of_fills", complaint);
  order.limit_price = reader.maybe_amount("limit_price");
  order.stop_price = reader.maybe_amount("stop_price");
  order.reject_reason = reader.maybe_text("reject_reason");
  order.cancel_reason = reader.maybe_text("cancel_reason");
  order.trigger_status = reader.maybe_text("trigger_status");
  order.creation_time = reader.maybe_text("creation_time");
  return order;
}

TickerUpdate read_ticker(const json::object& object, Complaint& complaint) {
  Reader reader{object, "ticker", complaint};
  TickerUpdate ticker;
  ticker.product_id = reader.text("product_id");
  ticker.price = reader.decimal("price");
  ticker.volume_24_h = reader.maybe_cut("volume_24_h");
  ticker.low_24_h = reader.maybe_amount("low_24_h");
  ticker.high_24_h = reader.maybe_amount("high_24_h");
  ticker.best_bid = reader.maybe_amount("best_bid");
  ticker.best_bid_quantity = reader.maybe_amount("best_bid_quantity");
  ticker.best_ask = reader.maybe_amount("best_ask");
  ticker.best_ask_quantity = reader.maybe_amount("best_ask_quantity");
  ticker.percent_24_h = text_or_empty(reader, "price_percent_chg_24_h");
  return ticker;
}

Level2Update read_level(const json::object& object, Complaint& complaint) {
  Reader reader{object, "level2", complaint};
  const std::string side = reader.text("side");
  if (side != "bid" && side != "offer") complaint.add("level2", "side", "neither bid nor offer");
  Level2Update update{.is_bid = side == "bid",
                      .level = {.price = reader.decimal("price_level"), .qty = reader.decimal("new_quantity")}};
  if (update.level.qty.is_negative()) complaint.add("level2", "new_quantity", "below zero");
  return update;
}

ProductStatus read_status(const json::object& object, Complaint& complaint) {
  Reader reader{object, "status", complaint};
  return {.id = reader.text("id"),
          .product_type = text_or_empty(reader, "product_type"),
          .base_currency = text_or_empty(reader, "base_currency"),
          .quote_currency = text_or_empty(reader, "quote_currency"),
          .base_increment = reader.maybe_amount("base_increment"),
          .quote_increment = reader.maybe_amount("quote_increment"),
          .min_market_funds = reader.maybe_amount("min_market_funds"),
          .status = text_or_empty(reader, "status"),
          .status_message = text_or_empty(reader, "status_message")};
}

template <class Read>
auto read_list(Reader& reader, std::string_view member, Complaint& complaint, std::size_t most, Read read) {
  std::vector<decltype(read(std::declval<const json::object&>(), complaint))> elements;
  if (const json::array* list = needed_list(reader, "event", member, complaint)) {
    elements = read_each(*list, member, complaint, most,
                         [&](const json::object& element) { return read(element, complaint); });
  }
  return elements;
}

SubscriptionsEvent read_subscriptions(Reader& reader, Complaint& complaint) {
  SubscriptionsEvent event;
  const json::object* channels = object_of(reader, "subscriptions");
  if (channels == nullptr) return event;
  for (const auto& channel : *channels) {
    std::vector<std::string>& names = event.subscriptions[std::string{channel.key()}];
    const json::array* list = channel.value().if_array();
    if (list == nullptr) continue;
    for (const json::value& name : *list) {
      const json::string* text = name.if_string();
      if (text == nullptr || text->size() > text_max) {
        complaint.add("subscriptions", "channel", "an element that is no short text");
        return event;
      }
      names.emplace_back(text->data(), text->size());
    }
  }
  return event;
}

Frame::Event read_event(std::string_view channel, const json::object& object, Complaint& complaint) {
  Reader reader{object, "event", complaint};
  const std::string type = text_or_empty(reader, "type");
  if (channel == "user") return UserEvent{type, read_list(reader, "orders", complaint, all_max, read_user_order)};
  if (channel == "l2_data") {
    return Level2Event{type, reader.text("product_id"),
                       read_list(reader, "updates", complaint, levels_max, read_level)};
  }
  if (channel == "ticker" || channel == "ticker_batch") {
    return TickerEvent{type, read_list(reader, "tickers", complaint, all_max, read_ticker)};
  }
  if (channel == "market_trades") {
    return TradesEvent{type, read_list(reader, "trades", complaint, all_max, read_market_trade)};
  }
  if (channel == "candles") return CandlesEvent{type, read_list(reader, "candles", complaint, all_max, read_candle)};
  if (channel == "status") return StatusEvent{type, read_list(reader, "products", complaint, all_max, read_status)};
  if (channel == "heartbeats") {
    return HeartbeatEvent{maybe_count(object, "heartbeat", "heartbeat_counter", complaint).value_or(0)};
  }
  if (channel == "subscriptions") return read_subscriptions(reader, complaint);
  return OtherEvent{type};
}

Frame read_frame(const json::object& object, Complaint& complaint) {
  Reader reader{object, "frame", complaint};
  Frame frame;
  if (reader.maybe_text("type") == "error") {
    const json::value* message = object.if_contains("message");
    const json::string* text = message == nullptr ? nullptr : message->if_string();
    frame.error = text == nullptr ? std::string{} : std::string{text->data(), std::min(text->size(), text_max)};
    return frame;
  }
  frame.channel = reader.text("channel");
  frame.sequence_num = reader.maybe_integer("sequence_num");
  constexpr std::int64_t most = 1LL << 53;  // no connection lives to count so far
  if (frame.sequence_num && (*frame.sequence_num < 0 || *frame.sequence_num > most)) {
    complaint.add("frame", "sequence_num", "no count of frames");
  }
  frame.timestamp = text_or_empty(reader, "timestamp");
  frame.time_ns = gateway::parse_utc(frame.timestamp).value_or(0);
  frame.has_client_id = reader.has("client_id");
  if (const json::array* events = list_of(reader, "events")) {
    frame.events = read_each(*events, "events", complaint, list_max,
                             [&](const json::object& event) { return read_event(frame.channel, event, complaint); });
  }
  return frame;
}

}  // namespace

Result<Frame> decode_frame(std::string_view text) {
  Result<Frame> frame{boost::system::in_place_value};  // read where it is wanted, and not moved there
  if (!read_hot(text, *frame)) frame = decode_object(text, "frame", read_frame, frame_max);
  return frame;
}

}  // namespace busbar::coinbase
