#include "gateways/ibkr/decode_market.hpp"

#include <charconv>

#include "gateways/ibkr/decode_order.hpp"

namespace busbar::ibkr {

namespace {

// ---- Market data

// "C182.30": yesterday's close; "H12.50": before the halt; "0.54%", "+1.2".
std::string_view bare(std::string_view text) {
  if (!text.empty() && text.back() == '%') text.remove_suffix(1);
  if (!text.empty() && (text.front() == '+' || (text.front() >= 'A' && text.front() <= 'Z'))) text.remove_prefix(1);
  return text;
}

// "1,300", "24.2M": what the suffix stands for is multiplied.
std::optional<Decimal> size_of(std::string_view text) {
  constexpr std::pair<char, int> suffixes[] = {{'K', 3}, {'M', 6}, {'B', 9}, {'T', 12}};
  for (const auto& [suffix, zeros] : suffixes) {
    if (text.empty() || text.back() != suffix) continue;
    const auto number = amount_of(text.substr(0, text.size() - 1));
    return number ? Decimal::from_parts(number->mantissa(), number->exponent() + zeros) : std::nullopt;
  }
  return amount_of(text);
}

// A price with or without a letter in front. A letter alone says that there is none.
std::optional<Decimal> price(Reader& reader, std::string_view tag) {
  const auto text = reader.maybe_text(tag);
  if (!text || bare(*text).empty()) return std::nullopt;
  const auto number = amount_of(bare(*text));
  if (!number && *text != "N/A" && *text != "-") reader.complain(tag, "no price");
  return number;
}

std::optional<Decimal> size(Reader& reader, std::string_view tag) {
  const auto text = reader.maybe_text(tag);
  if (!text) return std::nullopt;
  const auto number = size_of(*text);
  if (!number && *text != "N/A" && *text != "-") reader.complain(tag, "no size");
  return number;
}

std::string printed_size(Reader& reader, std::string_view tag) {
  std::string text = reader.text_or_empty(tag);
  std::erase(text, ',');
  return text;
}

MarketFields read_fields(Reader& reader) {
  MarketFields fields;
  fields.conid = reader.maybe_integer("conid").value_or(0);
  fields.updated_ns = reader.maybe_time_ms("_updated");
  const std::string last = reader.text_or_empty(field::last);
  fields.is_prior_close = last.starts_with('C');
  fields.is_halted = last.starts_with('H');
  fields.last = price(reader, field::last);
  fields.bid = price(reader, field::bid);
  fields.ask = price(reader, field::ask);
  fields.bid_size = size(reader, field::bid_size);
  fields.ask_size = size(reader, field::ask_size);
  fields.last_size = size(reader, field::last_size);
  fields.high = price(reader, field::high);
  fields.low = price(reader, field::low);
  fields.open = price(reader, field::open);
  fields.close = price(reader, field::close);
  fields.prior_close = price(reader, field::prior_close);
  fields.mark = price(reader, field::mark);
  fields.change = price(reader, field::change);
  fields.change_percent = price(reader, field::change_percent);
  fields.exact_volume = size(reader, field::exact_volume);
  fields.volume = printed_size(reader, field::volume);
  fields.symbol = reader.text_or_empty(field::symbol);
  fields.company = reader.words(field::company);
  fields.availability = reader.text_or_empty(field::availability);
  return fields;
}

MarketFields read_snapshot(Reader& reader) {
  if (!reader.has("conid")) reader.complain("conid", "missing");
  return read_fields(reader);
}

HistoryBar read_bar(Reader& reader) {
  return {.time_ns = reader.time_ms("t"),
          .open = reader.amount("o"),
          .high = reader.amount("h"),
          .low = reader.amount("l"),
          .close = reader.amount("c"),
          .volume = reader.maybe_cut("v")};
}

History read_history(Reader& reader) {
  History history;
  history.symbol = reader.text_or_empty("symbol");
  history.bar_seconds = reader.maybe_integer("barLength").value_or(0);
  history.volume_factor = reader.maybe_integer("volumeFactor").value_or(1);
  history.price_factor = reader.maybe_integer("priceFactor").value_or(1);
  if (const json::array* bars = reader.maybe_array("data")) {
    history.bars = each_of(*bars, "data", reader.complaint(), read_bar);
  }
  return history;
}

// ---- Frames

// What stands behind the sign: ssd+DU123, smd+265598.
std::string argument_of(std::string_view topic) {
  const std::size_t plus = topic.find('+');
  return plus == std::string_view::npos ? std::string{} : std::string{topic.substr(plus + 1)};
}

std::int64_t conid_of(std::string_view topic) {
  const std::string argument = argument_of(topic);
  std::int64_t conid = 0;
  const auto [end, error] = std::from_chars(argument.data(), argument.data() + argument.size(), conid);
  return error == std::errc{} ? conid : 0;
}

QuoteFrame read_quote(Reader& reader, std::string_view topic) {
  QuoteFrame frame{read_fields(reader)};
  if (frame.fields.conid == 0) frame.fields.conid = conid_of(topic);
  if (frame.fields.conid == 0) reader.complain("conid", "missing, and not in the topic either");
  return frame;
}

// args is an array of objects, or one object; or there are no args, and the frame is the object.
template <class Read>
auto args_of(Reader& reader, std::string_view what, Read read) {
  std::vector<decltype(read(reader))> all;
  const json::value* args = reader.object().if_contains("args");
  if (args == nullptr) {
    all.push_back(read(reader));
    return all;
  }
  if (args->is_null()) return all;
  if (const json::array* array = args->if_array()) return each_of(*array, what, reader.complaint(), read);
  if (const json::object* object = args->if_object()) {
    Reader inner{*object, what, reader.complaint()};
    all.push_back(read(inner));
  } else {
    reader.complain("args", "neither an array nor an object");
  }
  return all;
}

PnlRow read_pnl_row(std::string key, Reader& values) {
  return {.key = std::move(key),
          .daily = values.maybe_cut("dpl"),
          .unrealized = values.maybe_cut("upl"),
          .realized = values.maybe_cut("rpl"),
          .net_liquidation = values.maybe_cut("nl"),
          .excess_liquidity = values.maybe_cut("el"),
          .market_value = values.maybe_cut("mv")};
}

PnlFrame read_pnl(Reader& reader) {
  PnlFrame frame;
  if (!reader.has("args")) {
    frame.rows.push_back(read_pnl_row(reader.text_or_empty("acctId"), reader));
    return frame;
  }
  const json::object* args = reader.maybe_object("args");
  if (args == nullptr) return frame;
  for (const auto& member : *args) {
    const std::string key{member.key().data(), member.key().size()};
    if (const json::object* row = member.value().if_object()) {
      Reader values{*row, "spl", reader.complaint()};
      frame.rows.push_back(read_pnl_row(key, values));
    } else {
      reader.complain("args", key.substr(0, 64) + " is no object");
    }
  }
  return frame;
}

Notification read_notification(Reader& reader) {
  Notification said;
  said.is_prompt = reader.maybe_flag("prompt").value_or(false);
  said.id = reader.text_or_empty(reader.has("messageId") ? "messageId" : "id");
  said.order_id = reader.text_or_empty("orderId");
  said.request_id = reader.text_or_empty("reqId");
  said.title = reader.words("title");
  said.text = reader.words(reader.has("text") ? "text" : "message");
  said.url = reader.words("url");
  said.options = reader.texts("options");
  return said;
}

// Capitals differ between the answer of REST and the frame.
std::optional<Decimal> either(Reader& reader, std::string_view member, std::string_view small) {
  return reader.maybe_cut(reader.has(member) ? member : small);
}

LedgerFrame read_ledger(Reader& reader, std::string_view topic) {
  LedgerFrame frame{.account = argument_of(topic), .rows = {}};
  const json::array* rows = reader.maybe_array("result");
  if (rows == nullptr) return frame;
  frame.rows = each_of(*rows, "sld", reader.complaint(), [](Reader& row) {
    return LedgerRow{.currency = row.text_or_empty(row.has("secondKey") ? "secondKey" : "key"),
                     .cash = either(row, "cashBalance", "cashbalance"),
                     .settled_cash = either(row, "settledCash", "settledcash"),
                     .net_liquidation = either(row, "netLiquidationValue", "netliquidationvalue"),
                     .unrealized_pnl = either(row, "unrealizedPnl", "unrealizedpnl"),
                     .realized_pnl = either(row, "realizedPnl", "realizedpnl")};
  });
  return frame;
}

SummaryFrame read_summary(Reader& reader, std::string_view topic) {
  SummaryFrame frame{.account = argument_of(topic), .values = {}};
  const json::array* values = reader.maybe_array("result");
  if (values == nullptr) return frame;
  frame.values = each_of(*values, "ssd", reader.complaint(), [](Reader& value) {
    return SummaryValue{.name = value.text_or_empty("key"),
                        .amount = value.maybe_cut("monetaryValue"),
                        .currency = value.text_or_empty("currency"),
                        .text = value.words("value")};
  });
  return frame;
}

HistoryFrame read_history_frame(Reader& reader, std::string_view topic) {
  return {.server_id = reader.text_or_empty(reader.has("serverId") ? "serverId" : "server_id"),
          .conid = conid_of(topic),
          .history = read_history(reader)};
}

SystemFrame read_system(Reader& reader) {
  return {.heartbeat_ns = reader.maybe_time_ms("hb"), .user = reader.text_or_empty("success")};
}

StatusFrame read_status(Reader& reader) {
  StatusFrame frame;
  if (const json::object* args = reader.maybe_object("args")) {
    Reader inner{*args, "sts", reader.complaint()};
    frame.status = read_session_status(inner);
  }
  return frame;
}

AccountsFrame read_accounts_frame(Reader& reader) {
  AccountsFrame frame;
  if (const json::object* args = reader.maybe_object("args")) {
    Reader inner{*args, "act", reader.complaint()};
    frame.accounts = read_accounts(inner);
  }
  return frame;
}

Frame read_topic(Reader& reader, const std::string& topic) {
  const std::string_view name = std::string_view{topic}.substr(0, topic.find('+'));
  if (name == "smd") return read_quote(reader, topic);
  if (name == "sor") return OrdersFrame{args_of(reader, "sor", read_order)};
  if (name == "str") return ExecutionsFrame{args_of(reader, "str", read_execution)};
  if (name == "spl") return read_pnl(reader);
  if (name == "system") return read_system(reader);
  if (name == "sts") return read_status(reader);
  if (name == "act") return read_accounts_frame(reader);
  if (name == "ntf") return NotificationsFrame{args_of(reader, "ntf", read_notification)};
  if (name == "blt") return BulletinsFrame{args_of(reader, "blt", read_notification)};
  if (name == "sld") return read_ledger(reader, topic);
  if (name == "ssd") return read_summary(reader, topic);
  if (name == "smh") return read_history_frame(reader, topic);
  if (name == "tic") return KeepaliveFrame{reader.maybe_flag("alive").value_or(true)};
  return OtherFrame{topic};
}

Frame read_frame(Reader& reader) {
  const std::string topic = reader.text_or_empty("topic");
  if (reader.has("error")) {
    return ErrorFrame{.topic = topic, .text = reader.words("error"), .code = reader.maybe_integer("code").value_or(0)};
  }
  if (!topic.empty()) return read_topic(reader, topic);
  const std::string message = reader.words("message");
  if (message == "waiting for session") return SessionWantedFrame{};
  if (message.empty()) reader.complain("topic", "missing, and no message either");
  return MessageFrame{message};
}

}  // namespace

Result<std::vector<MarketFields>> decode_snapshot(std::string_view body) {
  return decode_each(body, "snapshot", read_snapshot);
}

Result<History> decode_history(std::string_view body) {
  return decode_one(body, "history", [](Reader& reader) {
    if (!reader.has("data")) reader.complain("data", "missing");
    return read_history(reader);
  });
}

Result<Frame> decode_frame(std::string_view text) {
  if (text == "ech+hb") return Frame{EchoFrame{}};
  return decode_one(text, "frame", read_frame);
}

}  // namespace busbar::ibkr
