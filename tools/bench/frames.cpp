// What a gateway does with a frame of market data. Decoding beside simdjson, which only parses the same bytes; and from the
// frame that was read to the quote, trade or book that ZeroMQ has taken: decoding, our own terms, the book kept, FlatBuffers,
// zmq_send, with a subscriber listening. Frames of both brokers, all different, as they come.
//   frames FRAMES PAIRS

#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <simdjson.h>

#include "bus/clock.hpp"
#include "bus/codec.hpp"
#include "bus/endpoint.hpp"
#include "bus/topic.hpp"
#include "gateways/binance/decode_market.hpp"
#include "gateways/binance/depth_book.hpp"
#include "gateways/binance/market_facts.hpp"
#include "gateways/coinbase/decode_stream.hpp"
#include "gateways/coinbase/facts.hpp"
#include "gateways/coinbase/level2_book.hpp"
#include "tools/bench/measure.hpp"

namespace busbar::bench {
namespace {

namespace asio = boost::asio;

constexpr std::size_t frames_kept = 512;
constexpr std::size_t book_levels = 100;  // of each side, as the adapters tell them

// Numbers that differ, of one length.
std::string amount(std::size_t i, int whole, int digits) {
  std::string text = std::to_string(whole + static_cast<int>(i * 7919 % 997)) + ".";
  for (int k = 0; k < digits; ++k) text += static_cast<char>('0' + (i * 31 + static_cast<std::size_t>(k) * 17) % 10);
  return text;
}

std::string levels(std::size_t i, std::size_t count, bool is_bid) {
  std::string text = "[";
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t price = is_bid ? 65'000 - (i * 3 + k) % 900 : 65'001 + (i * 3 + k) % 900;
    text += (k != 0 ? ",[\"" : "[\"") + std::to_string(price) + ".01000000\",\"" + amount(i + k, 1, 8) + "\"]";
  }
  return text + "]";
}

std::string book_ticker(std::size_t i) {
  return R"({"stream":"btcusdt@bookTicker","data":{"u":)" + std::to_string(400'900'217 + i) + R"(,"s":"BTCUSDT","b":")" +
         amount(i, 65'000, 8) + R"(","B":")" + amount(i, 31, 8) + R"(","a":")" + amount(i, 66'001, 8) + R"(","A":")" +
         amount(i, 40, 8) + R"("}})";
}

std::string trade(std::size_t i) {
  return R"({"stream":"btcusdt@trade","data":{"e":"trade","E":1672515782136,"s":"BTCUSDT","t":)" +
         std::to_string(12'345'678 + i) + R"(,"p":")" + amount(i, 65'000, 8) + R"(","q":")" + amount(i, 1, 8) +
         R"(","T":1672515782136,"m":true,"M":true}})";
}

std::string depth(std::size_t i) {
  return R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1672515782136,"s":"BTCUSDT","U":)" +
         std::to_string(2 * i + 1) + R"(,"u":)" + std::to_string(2 * i + 2) + R"(,"b":)" + levels(i, 12, true) +
         R"(,"a":)" + levels(i, 12, false) + "}}";
}

std::string coinbase_frame(std::size_t i, const char* channel, const std::string& event) {
  return R"({"channel":")" + std::string{channel} +
         R"(","client_id":"","timestamp":"2023-02-09T20:32:50.714964855Z","sequence_num":)" + std::to_string(i) +
         R"(,"events":[)" + event + "]}";
}

std::string ticker(std::size_t i) {
  return coinbase_frame(
      i, "ticker",
      R"({"type":"update","tickers":[{"type":"ticker","product_id":"BTC-USD","price":")" + amount(i, 65'000, 2) +
          R"(","volume_24_h":")" + amount(i, 16'000, 8) + R"(","low_24_h":")" + amount(i, 64'000, 2) +
          R"(","high_24_h":")" + amount(i, 66'000, 2) + R"(","low_52_w":"15460","high_52_w":"73700.12",)" +
          R"("price_percent_chg_24_h":"-4.15775596190603","best_bid":")" + amount(i, 65'000, 2) +
          R"(","best_bid_quantity":")" + amount(i, 1, 8) + R"(","best_ask":")" + amount(i, 66'000, 2) +
          R"(","best_ask_quantity":")" + amount(i, 2, 8) + R"("}]})");
}

std::string level2(std::size_t i) {
  std::string updates;
  const std::size_t count = i == 0 ? 400 : 12;
  for (std::size_t k = 0; k < count; ++k) {
    const bool is_bid = k % 2 == 0;
    const std::size_t price = is_bid ? 65'000 - (i * 3 + k) % 900 : 65'001 + (i * 3 + k) % 900;
    updates += std::string{k != 0 ? "," : ""} + R"({"side":")" + (is_bid ? "bid" : "offer") +
               R"(","event_time":"2023-02-09T20:32:50.714964Z","price_level":")" + std::to_string(price) +
               R"(.73","new_quantity":")" + amount(i + k, 1, 8) + R"("})";
  }
  return coinbase_frame(i, "l2_data",
                        R"({"type":")" + std::string{i == 0 ? "snapshot" : "update"} +
                            R"(","product_id":"BTC-USD","updates":[)" + updates + "]}");
}

std::string market_trades(std::size_t i) {
  return coinbase_frame(i, "market_trades",
                        R"({"type":"update","trades":[{"trade_id":")" + std::to_string(12'345'678 + i) +
                            R"(","product_id":"BTC-USD","price":")" + amount(i, 65'000, 2) + R"(","size":")" +
                            amount(i, 1, 8) + R"(","side":"SELL","time":"2023-02-09T20:32:50.714964Z"}]})");
}

// ---- From a frame to the wire

class Wire {
 public:
  Wire() : quotes_{loop_, bus::Kind::Pub}, listener_{loop_, bus::Kind::Sub} {
    const std::string address = "ipc:///tmp/busbar-bench-frames-" + std::to_string(getpid());
    listener_.bind(address);
    listener_.subscribe("");
    quotes_.connect(address);
    loop_.run_for(std::chrono::milliseconds{200});
  }
  template <class T>
  void publish(Channel channel, T tick, Timestamp receive_time_ns) {
    tick.source = "main";
    tick.incarnation = 1;
    tick.sequence = ++sequence_;
    tick.receive_time_ns = receive_time_ns;
    Header header;
    header.environment = Environment::Paper;
    header.sender = "bench";
    header.session = "1";
    header.send_time_ns = wall_now_ns();
    const std::string topic = topic_of(channel, "main", view(tick.symbol));
    is_all_taken_ = quotes_.publish(topic, encode(header, Body{std::move(tick)})) && is_all_taken_;
  }
  void settle() { loop_.poll(); }
  bool is_all_taken() const { return is_all_taken_; }

 private:
  asio::io_context loop_{1};
  bus::Endpoint quotes_, listener_;
  std::uint64_t sequence_ = 0;
  bool is_all_taken_ = true;
};

Book book_of(const gateway::BookSides& sides, const Symbol& symbol) {
  Book book;
  book.symbol = symbol;
  book.is_snapshot = true;
  book.bids = sides.bids(book_levels);
  book.asks = sides.asks(book_levels);
  return book;
}

const Symbol btc_usdt{"BTC/USDT"};
const Symbol btc_usd{"BTC/USD"};

struct Binance {
  static auto decode(const std::string& text) { return binance::decode_market_frame(text); }
  void tell(const binance::MarketFrame& frame, Wire& wire, Timestamp time) {
    if (const auto* ticker = std::get_if<binance::BookTicker>(&frame.what)) {
      wire.publish(Channel::Quote, binance::quote_of(*ticker, btc_usdt), time);
    } else if (const auto* trade = std::get_if<binance::TradeEvent>(&frame.what)) {
      wire.publish(Channel::Trade, binance::trade_of(*trade, btc_usdt), time);
    } else if (const auto* update = std::get_if<binance::DepthUpdateEvent>(&frame.what)) {
      if (!book.is_synced()) {
        book.on_update(*update);
        const binance::DepthSnapshot snapshot{
            .last_update_id = update->final_update_id, .bids = deep(65'000, -1), .asks = deep(65'001, 1)};
        require(book.on_snapshot(snapshot).is_taken, "frames: no snapshot");
      } else {
        book.on_update(*update);
      }
      wire.publish(Channel::Book, book_of(book.sides(), btc_usdt), time);
    }
  }
  static std::vector<BookLevel> deep(std::int64_t from, std::int64_t step) {
    std::vector<BookLevel> side;
    for (std::int64_t i = 0; i < 1000; ++i) {
      side.push_back({.price = Decimal{from + i * step, 0}, .qty = Decimal{1 + i, -3}});
    }
    return side;
  }
  binance::DepthBook book;
};

struct Coinbase {
  static auto decode(const std::string& text) { return coinbase::decode_frame(text); }
  void tell(const coinbase::Frame& frame, Wire& wire, Timestamp time) {
    for (const auto& event : frame.events) {
      if (const auto* level2 = std::get_if<coinbase::Level2Event>(&event)) {
        require(book.on_event(*level2), "frames: a book without a snapshot");
        wire.publish(Channel::Book, book_of(book.sides(), btc_usd), time);
      } else if (const auto* tickers = std::get_if<coinbase::TickerEvent>(&event)) {
        for (const auto& one : tickers->tickers) {
          wire.publish(Channel::Quote, coinbase::quote_of(one, btc_usd, frame.time_ns), time);
        }
      } else if (const auto* trades = std::get_if<coinbase::TradesEvent>(&event)) {
        for (const auto& one : trades->trades) wire.publish(Channel::Trade, coinbase::trade_of(one, btc_usd), time);
      }
    }
  }
  coinbase::Level2Book book;
};

// ---- Measuring

template <class Act>
double nanoseconds_each(std::size_t count, Act act) {
  const std::int64_t begin_ns = thread_ns();
  for (std::size_t i = 0; i < count; ++i) act(i);
  return static_cast<double>(thread_ns() - begin_ns) / static_cast<double>(count);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

template <class Broker>
void measure(const char* name, std::string (*make)(std::size_t), std::size_t count, std::size_t pairs, Wire& wire) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < frames_kept; ++i) texts.push_back(make(i));
  simdjson::dom::parser parser;
  std::vector<double> ours, floor, ratios;
  std::size_t good = 0;
  const std::size_t first = 1;  // the snapshot is no frame like the others
  const auto text = [&](std::size_t i) -> const std::string& { return texts[first + i % (frames_kept - first)]; };
  for (std::size_t pair = 0; pair < pairs + 1; ++pair) {  // the first warms up
    const double decoded = nanoseconds_each(count, [&](std::size_t i) { good += Broker::decode(text(i)).has_value(); });
    const double parsed =
        nanoseconds_each(count, [&](std::size_t i) { good += parser.parse(text(i)).error() == simdjson::SUCCESS; });
    if (pair == 0) continue;
    ours.push_back(decoded);
    floor.push_back(parsed);
    ratios.push_back(decoded / parsed);
  }
  require(good == 2 * count * (pairs + 1), "frames: a frame could not be decoded");
  std::printf("{\"words\": \"decode %s, beside simdjson's parse\", \"ours\": %.1f, \"floor\": %.1f, "
              "\"ratio\": %.3f, \"unit\": \"ns\"}\n",
              name, median(ours), median(floor), median(ratios));

  Broker broker;
  Latencies latencies;
  for (std::size_t i = 0; i < std::max<std::size_t>(frames_kept, std::min<std::size_t>(count, 20'000)); ++i) {
    const std::string whole = i < frames_kept ? texts[i] : make(i);
    const std::int64_t begin_ns = now_ns();
    const auto frame = Broker::decode(whole);
    broker.tell(*frame, wire, wall_now_ns());
    latencies.add(now_ns() - begin_ns);
    wire.settle();
  }
  require(wire.is_all_taken(), "frames: ZeroMQ did not take all");
  std::printf("{\"frame\": \"%s\", \"p50_us\": %.2f, \"p99_us\": %.2f}\n", name,
              latencies.percentile_us(50), latencies.percentile_us(99));
  std::fflush(stdout);
}

}  // namespace
}  // namespace busbar::bench

int main(int argc, char** argv) {
  using namespace busbar::bench;
  if (argc != 3) fail("frames FRAMES PAIRS");
  const std::size_t count = std::strtoull(argv[1], nullptr, 10), pairs = std::strtoull(argv[2], nullptr, 10);
  Wire wire;
  measure<Binance>("Binance bookTicker", book_ticker, count, pairs, wire);
  measure<Binance>("Binance trade", trade, count, pairs, wire);
  measure<Binance>("Binance depth", depth, count, pairs, wire);
  measure<Coinbase>("Coinbase ticker", ticker, count, pairs, wire);
  measure<Coinbase>("Coinbase level2", level2, count, pairs, wire);
  measure<Coinbase>("Coinbase market_trades", market_trades, count, pairs, wire);
}
