#include "tools/busbar/story.hpp"

#include <cstdio>

#include <boost/json/serialize.hpp>

#include "bus/codec.hpp"
#include "bus/topic.hpp"
#include "tools/busbar/json.hpp"

namespace busbar::tool {

namespace {

template <class T>
std::string words(const T& value) {
  if constexpr (std::is_same_v<T, Decimal>) {
    return to_string(value);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return std::to_string(value);
  } else if constexpr (std::is_enum_v<T>) {
    return std::string{name_of(value)};
  } else {
    return std::string{value.data(), value.size()};
  }
}

// " key=value", or nothing when there is no value.
template <class T>
std::string pair(const char* key, const T& value) {
  if constexpr (requires { value.has_value(); }) {
    return value ? pair(key, *value) : "";
  } else {
    const std::string text = words(value);
    return text.empty() || text == "0" || text == "NONE" || text == "None" || text == "Unset"
               ? ""
               : " " + std::string{key} + "=" + text;
  }
}

std::string said(const std::string& text) { return text.empty() ? "" : " \"" + text + "\""; }

std::string said(const NewOrder& m) {
  return words(m.client_order_id) + " " + words(m.account) + " " + words(m.symbol) + " " + words(m.side) + " " +
         (m.order_qty        ? words(*m.order_qty)
          : m.cash_order_qty ? words(*m.cash_order_qty) + " cash"
                             : "?") +
         " " + words(m.order_type) + pair("price", m.price) + pair("stop_px", m.stop_px) + " " +
         words(m.time_in_force) + (m.post_only ? " post_only" : "") +
         (m.rounding == Rounding::Refuse ? "" : " rounding=" + words(m.rounding));
}

std::string command(const Command& m) {
  return " command " + words(m.command_id) + (m.possible_resend ? " possible_resend" : "") + " order " +
         words(m.order_id) + pair("leg", m.leg) + " as " + words(m.venue_order_id);
}

struct Teller {
  std::string operator()(const NewOrder& m) const { return said(m); }
  std::string operator()(const CancelOrder& m) const {
    return words(m.client_order_id) + pair("orig_client_order_id", m.orig_client_order_id) +
           pair("order_id", m.order_id);
  }
  std::string operator()(const ReplaceOrder& m) const {
    return words(m.client_order_id) + pair("orig_client_order_id", m.orig_client_order_id) +
           pair("order_id", m.order_id) + pair("order_qty", m.order_qty) + pair("price", m.price) +
           pair("stop_px", m.stop_px);
  }
  std::string operator()(const CancelAll& m) const {
    return words(m.client_order_id) + " " + words(m.account) + pair("symbol", m.symbol) + pair("side", m.side);
  }
  std::string operator()(const NewOrderList& m) const {
    std::string out = words(m.list_id) + " " + words(m.list_type);
    for (const NewOrder& order : m.orders) out += "\n      " + said(order);
    return out;
  }
  std::string operator()(const CancelOrderList& m) const {
    return words(m.client_order_id) + pair("list_id", m.list_id);
  }
  std::string operator()(const ExecutionReport& m) const {
    return words(m.exec_type) + ", order " + words(m.order_id) + " " + words(m.client_order_id) +
           (m.list_id.empty() ? "" : " of list " + words(m.list_id)) + " is " + words(m.order_status) +
           pair("last_qty", m.last_qty) + pair("last_px", m.last_px) +
           pair("cum_qty", m.cum_qty) + pair("leaves_qty", m.leaves_qty) + pair("avg_px", m.avg_px) +
           pair("trade_id", m.trade_id) + pair("error", m.error) + pair("field", m.field) + pair("value", m.value) +
           pair("nearest_legal", m.nearest_legal) + pair("broker_code", m.broker_code) + said(words(m.text));
  }
  std::string operator()(const Reject& m) const {
    return words(m.error) + pair("field", m.field) + pair("value", m.value) + said(words(m.text));
  }
  std::string operator()(const PlaceCommand& m) const { return command(m.command).substr(1) + ": " + said(m.order); }
  std::string operator()(const PlaceListCommand& m) const {
    std::string out = words(m.list_type) + " as " + words(m.venue_list_id);
    for (const PlaceCommand& each : m.commands) out += "\n      " + (*this)(each);
    return out;
  }
  std::string operator()(const CancelCommand& m) const { return command(m.command).substr(1); }
  std::string operator()(const ReplaceCommand& m) const {
    return command(m.command).substr(1) + ": " + said(m.order) + pair("orig_order_qty", m.orig_order_qty) +
           pair("cum_qty", m.cum_qty) +
           (m.is_decrease ? " is_decrease" : "");
  }
  std::string operator()(const AskCommand& m) const { return command(m.command).substr(1); }
  std::string operator()(const VenueReport& m) const {
    return words(m.event) + " by " + words(m.source) + pair("command", m.command_id) + pair("as", m.venue_order_id) +
           pair("broker_order_id", m.broker_order_id) + pair("status", m.order_status) + pair("last_qty", m.last_qty) +
           pair("last_px", m.last_px) + pair("cum_qty", m.cum_qty) + pair("trade_id", m.trade_id) +
           pair("commission", m.commission) + pair("commission_asset", m.commission_asset) + pair("error", m.error) +
           pair("broker_code", m.broker_code) + said(words(m.text));
  }
  std::string operator()(const Quote& m) const {
    return words(m.source) + " " + words(m.symbol) + pair("bid_qty", m.bid_qty) + pair("bid_px", m.bid_px) +
           pair("ask_px", m.ask_px) + pair("ask_qty", m.ask_qty);
  }
  std::string operator()(const Bar& m) const {
    const std::string_view interval = interval_name(m.interval_ms).value_or("?");
    return words(m.source) + " " + words(m.symbol) + " " + std::string{interval} + " from " +
           time_text(m.open_time_ns) + pair("open", m.open) + pair("high", m.high) + pair("low", m.low) +
           pair("close", m.close) + pair("volume", m.volume) + (m.is_final ? " final" : "");
  }
  std::string operator()(const Book& m) const {
    const auto best = [](const char* side, const std::vector<BookLevel>& levels) {
      return levels.empty() ? std::string{} : pair(side, to_string(levels[0].qty) + "@" + to_string(levels[0].price));
    };
    return words(m.source) + " " + words(m.symbol) + (m.is_snapshot ? " snapshot, " : ", ") + words(m.bids.size()) +
           " bids, " + words(m.asks.size()) + " asks" + best("first_bid", m.bids) + best("first_ask", m.asks);
  }
  std::string operator()(const Ticker& m) const {
    return words(m.source) + " " + words(m.symbol) + pair("last_px", m.last_px) + pair("open_px", m.open_px) +
           pair("high_px", m.high_px) + pair("low_px", m.low_px) + pair("volume", m.volume) +
           pair("quote_volume", m.quote_volume);
  }
  std::string operator()(const Answer& m) const {
    std::string out = words(m.kind) + pair("error", m.error) + said(words(m.text));
    for (const ExecutionReport& order : m.orders) {
      out += "\n      order " + words(order.order_id) + " " + words(order.client_order_id) + " is " +
             words(order.order_status);
    }
    return out;
  }
  std::string operator()(const Instruments& m) const {
    return words(m.gateway) + ", page " + words(m.page) + ", " + words(m.instruments.size()) + " instruments";
  }
  std::string operator()(const Tick&) const { return ""; }
  std::string operator()(const Tape& m) const {
    const bool is_sent = m.direction == TapeDirection::Sent;
    std::string out = is_sent ? "sent " : "received ";
    out += words(m.channel);
    if (is_sent) {
      out += " " + words(m.method) + (m.method.empty() ? "" : " ") + m.target;
    } else {
      if (m.status != 0) out += " HTTP " + words(m.status);
      if (m.elapsed_ns != 0) {
        char text[32];
        std::snprintf(text, sizeof text, " after %.3f ms", static_cast<double>(m.elapsed_ns) / 1e6);
        out += text;
      }
    }
    if (!m.error.empty()) out += said(m.error);
    const auto indent = [&out](std::string_view text) {
      while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (!line.empty()) out += "\n      " + to_words(line);  // a terminal does what a stranger's bytes say
        text.remove_prefix(std::min(end + 1, text.size()));
      }
    };
    indent(m.headers);
    indent({reinterpret_cast<const char*>(m.body.data()), m.body.size()});
    return out;
  }
  template <class T>
  std::string operator()(const T& m) const {
    json::object fields = to_json(Body{m});
    fields.erase("type");
    return json::serialize(fields);
  }
};

}  // namespace

std::string describe(const Body& body) {
  const std::string text = std::visit(Teller{}, body);
  if (std::holds_alternative<Tape>(body)) return text;
  return std::string{name_of(body)} + (text.empty() ? "" : " " + text);
}

std::string describe(const Record& record) {
  const auto message = decode(record.payload);
  if (!message) return "(not readable: " + message.error().text + ")";
  const auto* output = std::get_if<Output>(&message->body);
  if (!output) {
    return record.kind() == RecordKind::Input ? "from " + words(message->header.sender) + ": " + describe(message->body)
                                              : describe(message->body);
  }
  const auto inner = decode(output->message);
  const std::string what = inner ? describe(inner->body) : "(not readable: " + inner.error().text + ")";
  const std::string both = (output->drop_copy ? " and the drop copy: " : ": ") + what;
  switch (output->destination) {
    case Destination::Session: return "to " + words(output->peer) + " session " + words(output->session) + both;
    case Destination::Request: return "answer to " + words(output->peer) + both;
    case Destination::Gateway: return "to gateway " + words(output->peer) + ": " + what;
    case Destination::DropCopy: return "to the drop copy: " + what;
    case Destination::Status: return "status: " + what;
    case Destination::Unset: break;
  }
  return what;
}

}  // namespace busbar::tool
