#include "gateways/binance/decode_hot.hpp"

#include "gateways/framework/hot_json.hpp"

namespace busbar::binance {

namespace {

using hot::element;
using hot::member;
using hot::MemberName;

constexpr unsigned all_of_one = 0b111111;  // each of the three has six members that are needed

int read_member(char name, element from, BookTicker& ticker) {
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

int read_member(char name, element from, TradeEvent& trade) {
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
bool read_levels(element from, std::vector<BookLevel>& levels) {
  return hot::read_list(from, hot::list_max, levels, [](element each, BookLevel& level) {
    hot::array pair;
    if (each.get(pair) != hot::SUCCESS || pair.size() < 2) return false;
    auto at = pair.begin();
    return hot::read(*at, level.price) && hot::read(*++at, level.qty) && !level.qty.is_negative();
  });
}

int read_member(char name, element from, DepthUpdateEvent& update) {
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

// What names itself does so first. The one of the three that does not is the bookTicker.
bool begin(char first_letter, element from, MarketFrame& frame) {
  if (first_letter != 'e') {
    frame.name = "bookTicker";
    frame.what.emplace<BookTicker>();
    return true;
  }
  if (!hot::read(from, frame.name)) return false;
  if (frame.name == "trade") {
    frame.what.emplace<TradeEvent>();
  } else if (frame.name == "depthUpdate") {
    frame.what.emplace<DepthUpdateEvent>();
  } else {
    return false;
  }
  return true;
}

// Streams call most of what they say by one letter.
int read_data_member(char name, element from, MarketFrame& frame) {
  constexpr unsigned not_needed = 64;
  const bool is_first = frame.name.empty();
  if (is_first && !begin(name, from, frame)) return -1;
  if (name == 'e') return is_first ? static_cast<int>(not_needed) : -1;
  if (auto* ticker = std::get_if<BookTicker>(&frame.what)) return read_member(name, from, *ticker);
  if (auto* trade = std::get_if<TradeEvent>(&frame.what)) return read_member(name, from, *trade);
  return read_member(name, from, std::get<DepthUpdateEvent>(frame.what));
}

// Bare, or wrapped: {"stream":...,"data":{...}}.
int read_outer_member(MemberName name, element from, MarketFrame& frame) {
  if (name == "stream") return frame.name.empty() ? member(128, from, frame.stream) : -1;
  if (!frame.stream) return read_data_member(name.letter(), from, frame);
  if (!(name == "data")) return 0;
  return member(all_of_one, hot::read_members(from, all_of_one, [&](MemberName inner, element each) {
                  return read_data_member(inner.letter(), each, frame);
                }));
}

}  // namespace

bool read_hot(std::string_view text, MarketFrame& frame) {
  hot::object root;
  const bool is_read = hot::parse(text, root) &&
                       hot::read_members(root, all_of_one, [&](MemberName name, element each) {
                         return read_outer_member(name, each, frame);
                       });
  const auto* update = std::get_if<DepthUpdateEvent>(&frame.what);
  return is_read &&
         (update == nullptr || (update->first_update_id >= 0 && update->final_update_id >= update->first_update_id));
}

}  // namespace busbar::binance
