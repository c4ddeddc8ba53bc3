#include <algorithm>
#include <string>

#include "bus/topic.hpp"
#include "gateways/binance/decode.hpp"
#include "gateways/binance/depth_book.hpp"
#include "gateways/binance/encode.hpp"
#include "gateways/binance/facts.hpp"
#include "tests/vectors/binance_checks.hpp"
#include "tests/vectors/binance_json.hpp"

namespace busbar::vectors {

using namespace busbar::binance;

namespace {

void check_user_frame(Case& a_case, const std::string& text, const json::value& expected) {
  const auto frame = decode_user_frame(text);
  if (!is_decoded(a_case, frame)) return;
  a_case.compare(expected, as_json(*frame));
  const auto* report = std::get_if<ExecutionReportEvent>(&frame->event.what);
  if (report == nullptr) return;
  refuses(a_case, spoil(text, {"p", "P", "L", "q", "l", "z"}),
          [](std::string_view copy) { return decode_user_frame(copy); });
  // Whatever it says is a fact about the order it names, or is kept apart as unknown; never silence.
  const EventFacts said = facts_of(*report, Symbol{"X/Y"});
  if (said.facts.empty() == said.unknown.empty()) {
    a_case.mismatch("facts", "facts or an unknown value", "neither or both");
  }
  for (const VenueReport& fact : said.facts) {
    if (fact.cum_qty && *fact.cum_qty != report->cum_qty) {
      a_case.mismatch("facts.cum_qty", to_string(report->cum_qty), "another");
    }
    // An order that was amended bears its new name; in every other event the second name is the order's own.
    const std::string& name =
        fact.event == VenueEvent::Replaced ? report->client_order_id : report->our_client_order_id();
    if (view(fact.venue_order_id) != name) a_case.mismatch("facts.venue_order_id", name, view(fact.venue_order_id));
  }
}

// The prices and quantities that a decoder of this event reads.
std::vector<std::string_view> amounts_of(std::string_view event) {
  if (event == "trade" || event == "aggTrade") return {"p", "q"};
  if (event == "bookTicker") return {"b", "B", "a", "A"};
  if (event == "kline") return {"o", "h", "l", "c", "v"};
  if (event == "24hrTicker") return {"o", "h", "l", "c", "v", "b", "a"};
  if (event == "24hrMiniTicker") return {"o", "h", "l", "c", "v"};
  if (event == "avgPrice") return {"w"};
  return {};
}

// btcusdt@kline_1d, where it is a stream that the gateway subscribes to, in the gateway's own words.
std::optional<std::string> our_stream(std::string_view name) {
  const auto at = name.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  std::string symbol{name.substr(0, at)};
  for (char& c : symbol) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const std::string_view kind = name.substr(at + 1);
  if (kind == "bookTicker") return stream_name(symbol, Channel::Quote);
  if (kind == "trade") return stream_name(symbol, Channel::Trade);
  if (kind == "ticker") return stream_name(symbol, Channel::Ticker);
  if (kind == "depth@100ms") return stream_name(symbol, Channel::Book);
  if (!kind.starts_with("kline_")) return std::nullopt;
  const auto interval = interval_of(kind.substr(6));
  return interval ? stream_name(symbol, Channel::Bar, *interval) : std::nullopt;
}

// A request of the control channel, written again by the encoder.
void check_control_request(Case& a_case, const json::object& request) {
  const std::string method = text_of(request, "method");
  if (method != "SUBSCRIBE" && method != "UNSUBSCRIBE") return;  // the others are not asked
  std::vector<std::string> streams;
  for (const json::value& stream : request.at("params").as_array()) streams.emplace_back(stream.as_string());
  const json::value* id = request.if_contains("id");
  const std::int64_t number = id != nullptr && id->is_int64() ? id->get_int64() : 1;
  a_case.compare(request, json::parse(encode_streams(method, streams, number)), "request");
}

void check_control_response(Case& a_case, const std::string& text) {
  const auto frame = decode_market_frame(text);
  if (!is_decoded(a_case, frame)) return;
  if (!std::holds_alternative<ControlResponse>(frame->what)) {
    a_case.mismatch("response", "an answer of the control channel", frame->name);
    return;
  }
  json::object expected = a_case.expected().as_object();
  // An id may be text as well; the gateway's own are numbers, and it waits for no other.
  if (const json::value* id = expected.if_contains("id"); id != nullptr && !id->is_int64()) expected.erase("id");
  a_case.compare(expected, as_json(*frame));
}

}  // namespace

void check_user_event(Case& a_case) { check_user_frame(a_case, text_of(a_case.given(), "frame"), a_case.expected()); }

void check_lifecycle(Case& a_case) {
  const json::array& frames = a_case.given().at("frames").as_array();
  const json::array& events = a_case.expected().at("events").as_array();
  if (frames.size() != events.size()) {
    a_case.mismatch("events", std::to_string(events.size()), std::to_string(frames.size()));
  }
  for (std::size_t i = 0; i < std::min(frames.size(), events.size()); ++i) {
    check_user_frame(a_case, std::string{frames[i].as_string()}, events[i]);
  }
}

void check_market_frame(Case& a_case) {
  const std::string text = text_of(a_case.given(), "frame");
  const auto frame = decode_market_frame(text);
  if (!is_decoded(a_case, frame)) return;
  a_case.compare(a_case.expected(), as_json(*frame));
  const auto decode = [](std::string_view copy) { return decode_market_frame(copy); };
  refuses(a_case, spoil(text, amounts_of(frame->name)), decode);
  const bool has_levels = frame->name == "depthUpdate" || frame->name == "partialDepth";
  if (has_levels) refuses(a_case, spoil_rows(text, {{0, {}}, {1, {}}}), decode);
}

void check_stream_control(Case& a_case) {
  const json::object& given = a_case.given();
  if (const std::string request = text_of(given, "request"); !request.empty()) {
    check_control_request(a_case, json::parse(request).as_object());
  }
  if (const std::string response = text_of(given, "response"); !response.empty()) {
    check_control_response(a_case, response);
  }
  if (std::string response = text_of(given, "response_template"); !response.empty()) {
    for (auto at = response.find("%s"); at != std::string::npos; at = response.find("%s")) response.replace(at, 2, "1");
    check_control_response(a_case, response);
  }
  if (const std::string stream = text_of(given, "stream"); !stream.empty()) {
    a_case.compare(a_case.expected().at("request_without_id"), json::parse(encode_streams("SUBSCRIBE", {stream}, 1)));
    const auto ours = our_stream(stream);
    if (ours && *ours != stream) a_case.mismatch("stream", stream, *ours);
  }
}

void check_depth_session(Case& a_case) {
  const json::object& given = a_case.given();
  const auto snapshot = decode_depth(text_of(given, "snapshot"));
  if (!is_decoded(a_case, snapshot)) return;
  refuses(a_case, spoil_rows(text_of(given, "snapshot"), {{0, {}}, {1, {}}}),
          [](std::string_view copy) { return decode_depth(copy); });
  const auto time_of = [](const json::value& value) {  // seconds, as text where they have a point
    return Decimal::parse(value.is_string() ? std::string{value.get_string()} : json::serialize(value)).value();
  };
  const Decimal snapshot_time = time_of(given.at("snapshot_received_at"));

  DepthBook book;
  DepthBook::Synced synced;
  std::size_t applied = 0;
  std::size_t dropped = 0;
  std::size_t gaps = 0;
  bool has_asked = false;
  const auto ask = [&] {
    has_asked = true;
    synced = book.on_snapshot(*snapshot);
    if (!synced.is_taken) a_case.mismatch("snapshot", "to be no older than the first frame", "older");
  };
  for (const json::value& received : given.at("frames").as_array()) {
    if (!has_asked && time_of(received.at("at")) > snapshot_time) ask();
    const auto frame = decode_market_frame(std::string{received.at("frame").as_string()});
    if (!is_decoded(a_case, frame)) return;
    const auto* update = std::get_if<DepthUpdateEvent>(&frame->what);
    if (update == nullptr) continue;
    switch (book.on_update(*update)) {
      case DepthBook::Took::Applied: ++applied; break;
      case DepthBook::Took::Old: ++dropped; break;
      case DepthBook::Took::Gap: ++gaps; break;
      case DepthBook::Took::Held: break;
    }
  }
  if (!has_asked) ask();
  const auto levels = [](std::vector<BookLevel> side, std::size_t most) {
    side.resize(std::min(side.size(), most));
    return as_json(side);
  };
  const auto bids = book.bids();
  const auto asks = book.asks();
  json::object got{{"dropped_events", dropped + synced.dropped},
                   {"applied_events", applied + synced.applied},
                   {"gaps", gaps},
                   {"final_update_id", book.last_update_id()},
                   {"bid_levels", bids.size()},
                   {"ask_levels", asks.size()},
                   {"top5_bids", levels(bids, 5)},
                   {"top5_asks", levels(asks, 5)}};
  if (!bids.empty()) got["best_bid"] = levels(bids, 1).front();
  if (!asks.empty()) got["best_ask"] = levels(asks, 1).front();
  a_case.compare(a_case.expected(), got);
}

}  // namespace busbar::vectors
