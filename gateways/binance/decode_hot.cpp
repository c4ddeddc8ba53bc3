#include "gateways/binance/decode_hot.hpp"

#include <utility>

#include "gateways/framework/hot_json.hpp"

namespace busbar::binance {

namespace {

using hot::Cursor;
using hot::member;
using hot::MemberName;

constexpr unsigned all_of_one = 0b111111;  // each of the three has six members that are needed

int read_member(char name, Cursor& from, BookTicker& ticker) {
  switch (name) {
    case 'u': return member(1, from, ticker.update_id);
    case 's': return member(2, from, ticker.symbol);
    case 'b': return member(4, from, ticker.bid);
    case 'B': return member(8, from, ticker.bid_qty);
    case 'a': return member(16, from, ticker.ask);
    case 'A': return member(32, from, ticker.ask_qty);
    default: return 0;
  }
}

int read_member(char name, Cursor& from, TradeEvent& trade) {
  switch (name) {
    case 's': return member(1, from, trade.symbol);
    case 't': return member(2, from, trade.trade_id);
    case 'p': return member(4, from, trade.price);
    case 'q': return member(8, from, trade.qty);
    case 'T': return member(16, from, trade.trade_time);
    case 'm': return member(32, from, trade.buyer_is_maker);
    default: return 0;
  }
}

// [["4.00000000","431.00000000"],...]: price and quantity.
bool read_levels(Cursor& from, std::vector<BookLevel>& levels) {
  return hot::read_list(from, hot::list_max, levels, [](Cursor& pair, BookLevel& level) {
    return pair.take('[') && hot::read(pair, level.price) && pair.take(',') && hot::read(pair, level.qty) && pair.take(']') &&
           !level.qty.is_negative();
  });
}

int read_member(char name, Cursor& from, DepthUpdateEvent& update) {
  switch (name) {
    case 's': return member(1, from, update.symbol);
    case 'E': return member(2, from, update.event_time);
    case 'U': return member(4, from, update.first_update_id);
    case 'u': return member(8, from, update.final_update_id);
    case 'b': return member(16, read_levels(from, update.bids));
    case 'a': return member(32, read_levels(from, update.asks));
    default: return 0;
  }
}

// The documented members of one event, and with each what the frame is called, which is said no second time.
template <class Event>
bool read_event(Cursor& cursor, Event& event) {
  constexpr unsigned not_needed = 64;
  Cursor from = cursor;
  bool is_named = false;
  const bool is_read = hot::read_members(from, all_of_one, [&](MemberName name, Cursor& each) {
    if (name.letter() != 'e') return read_member(name.letter(), each, event);
    if (std::exchange(is_named, true)) return -1;
    return member(not_needed, each.skip_value());
  });
  cursor = from;
  return is_read;
}

// What names itself does so first. The one of the three that does not is the bookTicker.
bool read_data(Cursor& from, MarketFrame& frame) {
  Cursor ahead = from;
  std::string_view name;
  if (!ahead.take_word(R"({"e":)")) {
    frame.name = "bookTicker";
    return read_event(from, frame.what.emplace<BookTicker>());
  }
  if (!hot::read(ahead, name)) return false;
  frame.name = name;
  if (name == "trade") return read_event(from, frame.what.emplace<TradeEvent>());
  if (name != "depthUpdate") return false;
  auto& update = frame.what.emplace<DepthUpdateEvent>();
  return read_event(from, update) && update.first_update_id >= 0 && update.final_update_id >= update.first_update_id;
}

// Bare, or wrapped: {"stream":...,"data":{...}}.
bool read_wrapped(Cursor& from, MarketFrame& frame) {
  if (!from.take_word(R"({"stream":)")) return read_data(from, frame);
  return hot::read(from, frame.stream) && from.take_word(R"(,"data":)") && read_data(from, frame) && from.take('}');
}

// ---- The answer to an order

int read_member(MemberName name, Cursor& from, OrderFill& fill) {
  if (name == "price") return member(1, from, fill.price);
  if (name == "qty") return member(2, from, fill.qty);
  if (name == "commission") return member(4, from, fill.commission);
  if (name == "commissionAsset") return member(8, from, fill.commission_asset);
  if (name == "tradeId") return member(16, from, fill.trade_id);
  return 0;
}

bool read_fills(Cursor& from, std::vector<OrderFill>& fills) {
  return hot::read_list(from, hot::list_max, fills, [](Cursor& each, OrderFill& fill) {
    return hot::read_members(each, 0b11111, [&fill](MemberName name, Cursor& it) { return read_member(name, it, fill); });
  });
}

std::optional<Decimal>* amount_of(Order& order, MemberName name) {
  if (name == "price") return &order.price;
  if (name == "origQty") return &order.orig_qty;
  if (name == "executedQty") return &order.executed_qty;
  if (name == "origQuoteOrderQty") return &order.orig_quote_order_qty;
  if (name == "cummulativeQuoteQty") return &order.cum_quote_qty;
  return nullptr;
}

std::optional<std::string>* text_of(Order& order, MemberName name) {
  if (name == "status") return &order.status;
  if (name == "timeInForce") return &order.time_in_force;
  if (name == "type") return &order.type;
  if (name == "side") return &order.side;
  if (name == "selfTradePreventionMode") return &order.self_trade_prevention_mode;
  return nullptr;
}

// What each order that was placed is answered with. What only some are is left to the strict reader, and so is what is new.
int read_member(MemberName name, Cursor& from, Order& order) {
  constexpr unsigned not_needed = 8;
  if (std::optional<Decimal>* const amount = amount_of(order, name)) return member(not_needed, from, *amount);
  if (std::optional<std::string>* const text = text_of(order, name)) return member(not_needed, from, *text);
  if (name == "symbol") return member(1, from, order.symbol);
  if (name == "orderId") return member(2, from, order.order_id);
  if (name == "clientOrderId") return member(4, from, order.client_order_id);
  if (name == "orderListId") return member(not_needed, from, order.order_list_id);
  if (name == "transactTime") return member(not_needed, from, order.transact_time);
  if (name == "workingTime") return member(not_needed, from, order.working_time);
  return name == "fills" ? member(not_needed, read_fills(from, order.fills.emplace())) : -1;
}

}  // namespace

bool read_hot(std::string_view text, Order& order) {
  Cursor from{text};
  const auto read_one = [&](MemberName name, Cursor& each) { return read_member(name, each, order); };
  return text.size() <= hot::frame_max && hot::read_members(from, 0b111, read_one) && from.is_at_end();
}

bool read_hot(std::string_view text, MarketFrame& frame) {
  Cursor from{text};
  return text.size() <= hot::frame_max && read_wrapped(from, frame) && from.is_at_end();
}

}  // namespace busbar::binance
