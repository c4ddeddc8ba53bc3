#include <stdexcept>
#include <string>

#include "gateways/coinbase/cumulative.hpp"
#include "gateways/coinbase/decode_stream.hpp"
#include "gateways/coinbase/encode.hpp"
#include "gateways/coinbase/facts.hpp"
#include "gateways/coinbase/level2_book.hpp"
#include "tests/vectors/coinbase_checks.hpp"

namespace busbar::vectors {

using namespace busbar::coinbase;

namespace {

json::value text_or_null(const std::optional<Decimal>& value) {
  return value ? json::value(to_string(*value)) : json::value(nullptr);
}
json::value text_or_empty(const std::optional<Decimal>& value) { return json::value(value ? to_string(*value) : ""); }
json::value text_or_null(const std::optional<std::string>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::object as_json(const TickerUpdate& ticker) {
  return {{"product_id", ticker.product_id},
          {"price", to_string(ticker.price)},
          {"volume_24_h", text_or_null(ticker.volume_24_h)},
          {"low_24_h", text_or_null(ticker.low_24_h)},
          {"high_24_h", text_or_null(ticker.high_24_h)},
          {"best_bid", text_or_null(ticker.best_bid)},
          {"best_ask", text_or_null(ticker.best_ask)},
          {"best_bid_quantity", text_or_null(ticker.best_bid_quantity)},
          {"best_ask_quantity", text_or_null(ticker.best_ask_quantity)},
          {"price_percent_chg_24_h", ticker.percent_24_h}};
}

json::object as_json(const MarketTrade& trade) {
  return {{"trade_id", trade.trade_id},
          {"product_id", trade.product_id},
          {"price", to_string(trade.price)},
          {"size", to_string(trade.size)},
          {"side", trade.side},
          {"time", trade.time}};
}

json::object as_json(const Candle& candle) {
  return {{"start", std::to_string(candle.start_s)}, {"open", to_string(candle.open)},
          {"high", to_string(candle.high)},          {"low", to_string(candle.low)},
          {"close", to_string(candle.close)},        {"volume", to_string(candle.volume)},
          {"product_id", candle.product_id}};
}

json::object as_json(const ProductStatus& product) {
  return {{"id", product.id},
          {"product_type", product.product_type},
          {"base_currency", product.base_currency},
          {"quote_currency", product.quote_currency},
          {"base_increment", text_or_null(product.base_increment)},
          {"quote_increment", text_or_null(product.quote_increment)},
          {"min_market_funds", text_or_null(product.min_market_funds)},
          {"status", product.status},
          {"status_message", product.status_message}};
}

json::object as_json(const UserOrder& order) {
  return {{"order_id", order.order_id},
          {"client_order_id", order.client_order_id},
          {"product_id", order.product_id},
          {"status", order.status},
          {"order_side", text_or_null(order.order_side)},
          {"order_type", text_or_null(order.order_type)},
          {"time_in_force", text_or_null(order.time_in_force)},
          {"cumulative_quantity", text_or_empty(order.cumulative_quantity)},
          {"leaves_quantity", text_or_empty(order.leaves_quantity)},
          {"avg_price", order.avg_price},
          {"total_fees", text_or_empty(order.total_fees)},
          {"filled_value", text_or_empty(order.filled_value)},
          {"number_of_fills", order.number_of_fills ? std::to_string(*order.number_of_fills) : ""},
          {"limit_price", text_or_empty(order.limit_price)},
          {"stop_price", text_or_empty(order.stop_price)},
          {"reject_reason", text_or_null(order.reject_reason)},
          {"cancel_reason", text_or_null(order.cancel_reason)},
          {"trigger_status", text_or_null(order.trigger_status)},
          {"creation_time", text_or_null(order.creation_time)}};
}

template <class T>
json::array all_as_json(const std::vector<T>& elements) {
  json::array array;
  for (const T& element : elements) array.push_back(as_json(element));
  return array;
}

struct Describe {
  json::object operator()(const OtherEvent& event) const { return {{"type", event.type}}; }
  json::object operator()(const UserEvent& event) const {
    return {{"type", event.type}, {"orders", all_as_json(event.orders)}};
  }
  json::object operator()(const TickerEvent& event) const {
    return {{"type", event.type}, {"tickers", all_as_json(event.tickers)}};
  }
  json::object operator()(const Level2Event& event) const {
    json::array updates;
    for (const Level2Update& update : event.updates) {
      json::array row;
      row.emplace_back(update.is_bid ? "bid" : "offer");
      row.emplace_back(to_string(update.level.price));
      row.emplace_back(to_string(update.level.qty));
      updates.push_back(std::move(row));
    }
    json::object object{{"type", event.type}, {"product_id", event.product_id}};
    object["updates"] = std::move(updates);
    return object;
  }
  json::object operator()(const TradesEvent& event) const {
    return {{"type", event.type}, {"trades", all_as_json(event.trades)}};
  }
  json::object operator()(const CandlesEvent& event) const {
    return {{"type", event.type}, {"candles", all_as_json(event.candles)}};
  }
  json::object operator()(const StatusEvent& event) const {
    return {{"type", event.type}, {"products", all_as_json(event.products)}};
  }
  json::object operator()(const HeartbeatEvent& event) const {
    return {{"type", nullptr}, {"heartbeat_counter", std::to_string(event.counter)}};
  }
  json::object operator()(const SubscriptionsEvent& event) const {
    json::object channels;
    for (const auto& [channel, names] : event.subscriptions) {
      json::array& list = channels[channel].emplace_array();
      for (const std::string& name : names) list.emplace_back(name);
    }
    json::object object{{"type", nullptr}};
    object["subscriptions"] = std::move(channels);
    return object;
  }
};

json::object as_json(const Frame& frame) {
  json::array events;
  for (const Frame::Event& event : frame.events) events.push_back(std::visit(Describe{}, event));
  json::object object{
      {"channel", frame.channel}, {"timestamp", frame.timestamp}, {"has_client_id", frame.has_client_id}};
  if (frame.sequence_num) object["sequence_num"] = *frame.sequence_num;
  object["events"] = std::move(events);
  return object;
}

void check_frame(Case& a_case, const std::vector<std::string_view>& amounts) {
  const std::string text = text_of(a_case.given(), "frame");
  const auto frame = decode_frame(text);
  if (!is_decoded(a_case, frame)) return;
  a_case.compare(a_case.expected(), as_json(*frame));
  refuses(a_case, spoil(text, amounts), [](std::string_view copy) { return decode_frame(copy); });
}

}  // namespace

void check_coinbase_market_frame(Case& a_case) {
  check_frame(a_case, {"price", "size", "price_level", "new_quantity", "best_bid", "best_ask", "best_bid_quantity",
                       "best_ask_quantity", "volume_24_h"});
}

void check_coinbase_user_frame(Case& a_case) {
  check_frame(a_case,
              {"cumulative_quantity", "leaves_quantity", "avg_price", "total_fees", "limit_price", "filled_value"});
  const auto frame = decode_frame(text_of(a_case.given(), "frame"));
  if (!frame) return;
  for (const Frame::Event& event : frame->events) {
    for (const UserOrder& order : std::get<UserEvent>(event).orders) {
      const UpdateFact said = fact_of(order, "BTC/USD", frame->time_ns);
      if (said.fact.has_value() == !said.unknown.empty())
        a_case.mismatch("fact", "one, or what is unknown", "both or none");
      if (!order.status.empty() && !said.fact) a_case.mismatch("fact", "one of a known status", said.unknown);
    }
  }
}

void check_coinbase_sequence(Case& a_case) {
  const json::object& given = a_case.given();
  Sequence sequence;
  Level2Book book;
  book.on_event({.type = "snapshot", .product_id = {}, .updates = {}});
  std::int64_t gaps = 0;
  json::array sent;
  for (const json::value& number : given.at("connection_sequence_nums").as_array()) {
    if (sequence.on_frame(number.as_int64()) != Sequence::Took::Gap) continue;
    ++gaps;
    book.reset();
    const json::value* subscribed = given.if_contains("subscribed");
    if (subscribed == nullptr) continue;
    std::vector<std::string> ids;
    for (const json::value& id : subscribed->at("product_ids").as_array()) ids.emplace_back(id.as_string());
    for (const std::string& message : encode_resubscription(text_of(subscribed->as_object(), "channel"), ids, {})) {
      sent.push_back(json::parse(message));
    }
  }
  json::object got{{"gaps", gaps}, {"book_state_after_gap", book.is_synced() ? "synced" : "not synced"}};
  got["messages_sent"] = std::move(sent);
  a_case.compare(a_case.expected(), got);
}

void check_coinbase_fill_deltas(Case& a_case) {
  CumulativeFills cumulative;
  std::vector<FillDelta> fills;
  std::string order_id;
  for (const json::value& update : a_case.given().at("updates").as_array()) {
    // As a frame has it: what is derived is derived from what was decoded.
    json::array events;
    events.push_back(json::object{{"type", update.at("event_type")}});
    events.back().as_object()["orders"] = json::array(1, update.at("order"));
    json::object frame{{"channel", "user"}, {"timestamp", "2024-01-01T00:00:00Z"}, {"sequence_num", 0}};
    frame["events"] = std::move(events);
    const auto decoded = decode_frame(json::serialize(frame));
    if (!is_decoded(a_case, decoded)) return;
    const auto& event = std::get<UserEvent>(decoded->events.at(0));
    for (const UserOrder& order : event.orders) {
      order_id = order.order_id;
      const auto took = cumulative.on_update(order, event.type == "snapshot");
      if (!fact_of(order, "BTC/USD", decoded->time_ns).fact) a_case.mismatch("status", "a known one", order.status);
      if (took.fill) fills.push_back(*took.fill);
      const auto again = cumulative.on_update(order, event.type == "snapshot");
      if (again.fill) a_case.mismatch("update", "to be no news when it comes twice", "another fill");
    }
  }
  const json::array& expected = a_case.expected().at("fills").as_array();
  if (expected.size() != fills.size()) {
    a_case.mismatch("fills", std::to_string(expected.size()), std::to_string(fills.size()));
    return;
  }
  const auto same = [&](const json::value& fill, std::string_view member, Decimal got) {
    const auto wanted = Decimal::parse(text_of(fill.as_object(), member));
    if (!wanted || *wanted != got) a_case.mismatch(member, text_of(fill.as_object(), member), to_string(got));
  };
  for (std::size_t i = 0; i < fills.size(); ++i) {
    same(expected[i], "qty", fills[i].qty);
    same(expected[i], "price", fills[i].price);
    same(expected[i], "fee", fills[i].fee);
  }
  if (const json::value* tracked = a_case.expected().as_object().if_contains("tracked_filled_qty")) {
    const auto qty = cumulative.filled_qty(order_id);
    const auto wanted = Decimal::parse(std::string_view{tracked->as_string()});
    if (!qty || !wanted || *qty != *wanted)
      a_case.mismatch("tracked_filled_qty", tracked->as_string(), qty ? to_string(*qty) : "none");
  }
}

}  // namespace busbar::vectors
