#include <algorithm>
#include <stdexcept>
#include <string>

#include "gateways/ibkr/decode_market.hpp"
#include "gateways/ibkr/encode.hpp"
#include "gateways/ibkr/errors.hpp"
#include "gateways/ibkr/facts.hpp"
#include "tests/vectors/ibkr_checks.hpp"

namespace busbar::vectors {

using namespace busbar::ibkr;

namespace {

std::string body_of(Case& a_case) { return text_of(a_case.given().at("response").as_object(), "body_text"); }

std::string lower(std::string_view text) {
  std::string small{text};
  for (char& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c == ' ' ? '_' : c;
  return small;
}

// An object in which what is absent is left out.
struct Writer {
  json::object object;
  void put(std::string_view name, const std::optional<Decimal>& value) {
    if (value) object[name] = to_string(*value);
  }
  void put(std::string_view name, const std::string& text) {
    if (!text.empty()) object[name] = text;
  }
  void put(std::string_view name, const std::optional<std::int64_t>& value) {
    if (value) object[name] = *value;
  }
  void put(std::string_view name, const std::optional<bool>& value) {
    if (value) object[name] = *value;
  }
  void put_time(std::string_view name, Timestamp time) {
    if (time != 0) object[name] = time;
  }
};

json::array array_of(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

template <class T, class Describe>
json::array all_of(const std::vector<T>& elements, Describe describe) {
  json::array array;
  for (const T& element : elements) array.emplace_back(describe(element));
  return array;
}

const char* word_of(OrderStatus status) { return wire::EnumNameOrderStatus(status); }

const char* word_of(Side side) { return side == Side::Buy ? "buy" : "sell"; }

std::string type_word(const std::string& native) {
  if (native.find("rail") != std::string::npos || native.find("RAIL") != std::string::npos) return lower(native);
  switch (order_type_of(native)) {
    case OrderType::Market: return "market";
    case OrderType::Limit: return "limit";
    case OrderType::Stop: return "stop";
    case OrderType::StopLimit: return "stop_limit";
    default: return lower(native);
  }
}

// Where several words are right, the case names them: then its first member takes the one that was told.
void accept(json::value& expected, const json::value& got, std::string_view member) {
  if (json::array* array = expected.if_array(); array != nullptr && got.is_array()) {
    for (std::size_t i = 0; i < std::min(array->size(), got.get_array().size()); ++i) {
      accept((*array)[i], got.get_array()[i], member);
    }
    return;
  }
  json::object* object = expected.if_object();
  if (object == nullptr || !got.is_object()) return;
  const std::string list = std::string{member} + "_accept";
  if (const json::value* words = object->if_contains(list)) {
    const json::value* told = got.get_object().if_contains(member);
    for (const json::value& word : words->as_array()) {
      if (told != nullptr && word == *told) (*object)[member] = word;
    }
    object->erase(list);
  }
  for (auto& each : *object) {
    if (const json::value* inner = got.get_object().if_contains(each.key())) accept(each.value(), *inner, member);
  }
}

void compare(Case& a_case, const json::value& got) {
  json::value expected = a_case.expected();
  accept(expected, got, "status");
  accept(expected, got, "unified");
  a_case.compare(expected, got);
}

template <class T, class Describe>
void compare_decoded(Case& a_case, const Result<T>& decoded, Describe describe) {
  if (is_decoded(a_case, decoded)) compare(a_case, describe(*decoded));
}

// By way of our facts.
json::object as_json(const ibkr::Order& order) {
  Writer out;
  out.put("order_id", order.order_id);
  out.put("client_order_id", order.client_order_id);
  out.put("account", order.account);
  out.put("conid", order.conid);
  out.put("symbol", order.symbol);
  if (side_of(order.side) != Side::Unset) out.object["side"] = word_of(side_of(order.side));
  if (!order.order_type.empty()) out.object["type"] = type_word(order.order_type);
  out.put("price_text", order.price);
  out.put("limit_price", order.price);
  out.put("stop_price", order.stop_price);
  out.put("time_in_force_native", order.time_in_force);
  out.put("time_in_force", lower(order.time_in_force));
  out.put("total_qty", order.total_qty);
  out.put("filled_qty", order.filled_qty);
  out.put("remaining_qty", order.remaining_qty);
  out.put("avg_price", order.avg_price);
  out.put("status_native", order.status);
  out.put("parent_order_id", order.parent_order_id);
  out.put("oca_group", order.oca_group);
  out.put("reason", order.reason);
  out.put("cannot_cancel", order.cannot_cancel);
  out.put_time("last_execution_ns", order.last_execution_ns);
  const UpdateFact told = fact_of(order, "X");
  if (told.fact) out.object["status"] = word_of(told.fact->order_status);
  return out.object;
}

json::object as_json(const Execution& execution) {
  const VenueReport fill = fill_of(execution, Instrument{}, VenueSource::Reconcile);
  Writer out;
  out.put("execution_id", execution.execution_id);
  out.put("order_id", std::string{view(fill.broker_order_id)});
  out.put("client_order_id", std::string{view(fill.venue_order_id)});
  out.put("account", execution.account);
  out.put("conid", execution.conid);
  out.put("symbol", execution.symbol);
  if (fill.side != Side::Unset) out.object["side"] = word_of(fill.side);
  out.put("last_qty", fill.last_qty);
  out.put("last_px", fill.last_px);
  out.put("commission", fill.commission);
  out.put("exchange", execution.exchange);
  out.put_time("t_ns", fill.transact_time_ns);
  return out.object;
}

json::object as_json(const Ack& ack) {
  Writer out;
  out.put("order_id", ack.order_id);
  out.put("client_order_id", ack.client_order_id);
  out.put("status_native", ack.status);
  if (const auto status = order_status_of(ack.status, false)) out.object["status"] = word_of(*status);
  out.put("warning", ack.warning);
  if (!ack.text.empty()) {
    out.object["error"] = json::object{{"text", ack.text}, {"unified", name_of(unified_rejection(ack.text))}};
  }
  return out.object;
}

json::object as_json(const Question& question) {
  return {{"reply_id", question.reply_id},
          {"message_ids", array_of(question.message_ids)},
          {"messages", array_of(question.messages)},
          {"suppressed", question.is_suppressed}};
}

json::object as_json(const MarketFields& fields) {
  Writer out;
  out.object["conid"] = fields.conid;
  out.object["has_prices"] = fields.has_prices();
  out.put_time("t_ns", fields.updated_ns);
  out.put("last", fields.last);
  out.put("bid", fields.bid);
  out.put("ask", fields.ask);
  out.put("bid_size", fields.bid_size);
  out.put("ask_size", fields.ask_size);
  out.put("last_size", fields.last_size);
  out.put("high", fields.high);
  out.put("low", fields.low);
  out.put("open", fields.open);
  out.put("close", fields.close);
  out.put("prior_close", fields.prior_close);
  out.put("mark", fields.mark);
  out.put("change", fields.change);
  out.put("change_pct", fields.change_percent);
  out.put("volume", fields.volume);
  out.put("volume_exact", fields.exact_volume);
  out.put("symbol", fields.symbol);
  out.put("company", fields.company);
  out.put("availability", fields.availability);
  out.object["halted"] = fields.is_halted;
  out.object["is_prior_close"] = fields.is_prior_close;
  return out.object;
}

void put_status(Writer& out, const SessionStatus& status) {
  out.put("authenticated", status.authenticated);
  out.put("connected", status.connected);
  out.put("established", status.established);
  out.put("competing", status.competing);
  out.put("message", status.message);
  out.put("fail", status.fail);
  out.object["ready_to_trade"] = status.may_trade();
}

void put_accounts(Writer& out, const Accounts& accounts) {
  out.object["accounts"] = array_of(accounts.accounts);
  out.put("selected", accounts.selected);
  out.put("is_paper", accounts.is_paper);
}

json::object as_json(const PositionRow& row) {
  Writer out;
  out.put("account", row.account);
  out.put("conid", row.conid);
  out.put("description", row.description);
  out.put("asset_class", row.asset_class);
  out.put("signed_qty", row.qty);
  out.put("avg_price", row.avg_price);
  out.put("market_price", row.market_price);
  out.put("market_value", row.market_value);
  out.put("currency", row.currency);
  out.put("unrealized_pl", row.unrealized_pnl);
  out.put("realized_pl", row.realized_pnl);
  return out.object;
}

json::object as_json(const Notification& item) {
  Writer out;
  out.object["prompt"] = item.is_prompt;
  out.put("id", item.id);
  out.put("order_id", item.order_id);
  out.put("request_id", item.request_id);
  out.put("title", item.title);
  out.put("text", item.text);
  out.put("url", item.url);
  if (!item.options.empty()) out.object["options"] = array_of(item.options);
  return out.object;
}

json::object as_json(const LedgerRow& row) {
  Writer out;
  out.put("cash", row.cash);
  out.put("settled_cash", row.settled_cash);
  out.put("net_liquidation", row.net_liquidation);
  out.put("unrealized_pl", row.unrealized_pnl);
  out.put("realized_pl", row.realized_pnl);
  return out.object;
}

json::object by_currency(const std::vector<LedgerRow>& rows) {
  json::object all;
  for (const LedgerRow& row : rows) all[row.currency] = as_json(row);
  return all;
}

json::object by_name(const std::vector<SummaryValue>& values) {
  json::object all;
  for (const SummaryValue& value : values) {
    Writer out;
    out.put("amount", value.amount);
    out.put("currency", value.currency);
    out.put("value", value.text);
    all[value.name] = std::move(out.object);
  }
  return all;
}

json::object as_json(const History& history) {
  const auto bar = [](const HistoryBar& said) {
    Writer out;
    out.put_time("t_ns", said.time_ns);
    out.put("o", said.open);
    out.put("h", said.high);
    out.put("l", said.low);
    out.put("c", said.close);
    out.put("v", said.volume);
    return out.object;
  };
  json::object object{{"symbol", history.symbol},
                      {"bar_seconds", history.bar_seconds},
                      {"volume_factor", history.volume_factor},
                      {"price_factor", history.price_factor},
                      {"count", history.bars.size()}};
  if (!history.bars.empty()) {
    object["first"] = bar(history.bars.front());
    object["last"] = bar(history.bars.back());
  }
  return object;
}

struct Describe {
  json::object operator()(const QuoteFrame& frame) const { return with("quote", as_json(frame.fields)); }
  json::object operator()(const OrdersFrame& frame) const {
    return {{"kind", "order_updates"},
            {"orders", all_of(frame.orders, [](const ibkr::Order& order) { return as_json(order); })}};
  }
  json::object operator()(const ExecutionsFrame& frame) const {
    return {{"kind", "executions"},
            {"executions", all_of(frame.executions, [](const Execution& one) { return as_json(one); })}};
  }
  json::object operator()(const PnlFrame& frame) const {
    json::object rows;
    for (const PnlRow& row : frame.rows) {
      Writer out;
      out.put("daily_pl", row.daily);
      out.put("unrealized_pl", row.unrealized);
      out.put("realized_pl", row.realized);
      out.put("net_liquidation", row.net_liquidation);
      out.put("excess_liquidity", row.excess_liquidity);
      out.put("market_value", row.market_value);
      rows[row.key] = std::move(out.object);
    }
    json::object object{{"kind", "pnl"}};
    object["rows"] = std::move(rows);
    return object;
  }
  json::object operator()(const SystemFrame& frame) const {
    Writer out;
    out.put_time("heartbeat_ns", frame.heartbeat_ns);
    out.put("user", frame.user);
    return with("system", std::move(out.object));
  }
  json::object operator()(const StatusFrame& frame) const {
    Writer out;
    put_status(out, frame.status);
    return with("auth_status", std::move(out.object));
  }
  json::object operator()(const AccountsFrame& frame) const {
    Writer out;
    put_accounts(out, frame.accounts);
    return with("accounts", std::move(out.object));
  }
  json::object operator()(const NotificationsFrame& frame) const { return items("notifications", frame.items); }
  json::object operator()(const BulletinsFrame& frame) const { return items("bulletins", frame.items); }
  json::object operator()(const LedgerFrame& frame) const {
    json::object object{{"kind", "ledger"}, {"account", frame.account}};
    object["by_currency"] = by_currency(frame.rows);
    return object;
  }
  json::object operator()(const SummaryFrame& frame) const {
    json::object object{{"kind", "account_summary"}, {"account", frame.account}};
    object["summary"] = by_name(frame.values);
    return object;
  }
  json::object operator()(const HistoryFrame& frame) const {
    json::object object = with("history", as_json(frame.history));
    object["conid"] = frame.conid;
    object["server_id"] = frame.server_id;
    return object;
  }
  json::object operator()(const KeepaliveFrame& frame) const {
    return {{"kind", "keepalive"}, {"alive", frame.is_alive}};
  }
  json::object operator()(const EchoFrame&) const { return {{"kind", "echo"}}; }
  json::object operator()(const SessionWantedFrame&) const { return {{"kind", "session_wanted"}}; }
  json::object operator()(const MessageFrame& frame) const { return {{"kind", "message"}, {"text", frame.text}}; }
  json::object operator()(const ErrorFrame& frame) const {
    return {{"kind", "error"}, {"topic", frame.topic}, {"text", frame.text}, {"code", frame.code}};
  }
  json::object operator()(const OtherFrame& frame) const { return {{"kind", "other"}, {"topic", frame.topic}}; }

 private:
  static json::object with(std::string_view kind, json::object object) {
    object["kind"] = kind;
    return object;
  }
  static json::object items(std::string_view kind, const std::vector<Notification>& list) {
    json::object object{{"kind", kind}};
    object["items"] = all_of(list, [](const Notification& item) { return as_json(item); });
    return object;
  }
};

const char* kind_word(Submitted::Kind kind) {
  switch (kind) {
    case Submitted::Kind::Ack: return "ack";
    case Submitted::Kind::Question: return "question";
    case Submitted::Kind::Prompt: return "prompt";
    case Submitted::Kind::Error: return "error";
  }
  return "";
}

json::object as_json(Case& a_case, const Submitted& submitted) {
  json::object got{{"kind", kind_word(submitted.kind)}};
  got["orders"] = all_of(submitted.acks, [](const Ack& ack) { return as_json(ack); });
  got["questions"] = all_of(submitted.questions, [](const Question& question) { return as_json(question); });
  if (!submitted.error.empty()) {
    got["error"] = json::object{{"text", submitted.error}, {"unified", name_of(unified_rejection(submitted.error))}};
  }
  if (submitted.prompt) {
    const Prompt& prompt = *submitted.prompt;
    Writer out;
    out.put("order_id", prompt.order_id);
    out.put("request_id", prompt.request_id);
    out.put("id", prompt.message_id);
    out.put("message_id", prompt.message_id);
    out.put("text", prompt.text);
    out.object["options"] = array_of(prompt.options);
    for (const auto& member : out.object) got[member.key()] = member.value();
    got["prompt"] = std::move(out.object);
  }
  const bool has_fact = fact_of_placed(submitted, NewOrder{}, "X", "V1").has_value();
  if (has_fact == (submitted.kind == Submitted::Kind::Question))
    a_case.mismatch("fact", "one, but of a question", "not so");
  return got;
}

json::object rules_json(const ContractRules& rules) {
  Writer out;
  out.object["order_types"] = array_of(rules.order_types);
  out.object["tif_types"] = array_of(rules.tif_types);
  out.put("increment", rules.increment);
  out.put("size_increment", rules.size_increment);
  out.put("error", rules.error);
  return out.object;
}

}  // namespace

// ---- Orders

void check_ibkr_submitted(Case& a_case) {
  compare_decoded(a_case, decode_submitted(body_of(a_case)),
                  [&](const Submitted& submitted) { return as_json(a_case, submitted); });
}

// As a gateway goes: each question that the case answers is answered by the encoder, under an account's policy.
void check_ibkr_conversation(Case& a_case) {
  json::object got;
  std::int64_t replies = 0;
  std::string wanted_path;
  for (const json::value& step : a_case.given().at("steps").as_array()) {
    const json::object& at = step.as_object();
    const json::value* asked = at.if_contains("request");
    const std::string path = asked == nullptr ? "/iserver/account/A/orders" : text_of(asked->as_object(), "path");
    if (!wanted_path.empty()) {
      ++replies;
      if (path != wanted_path) a_case.mismatch("reply", path, wanted_path);
      wanted_path.clear();
    }
    const json::object& response = at.at("response").as_object();
    const std::string body = text_of(response, "body_text");
    const Judged judged = judge("POST", path, static_cast<std::uint32_t>(response.at("status").as_int64()), body);
    if (judged.verdict != Verdict::Ok) {
      got["unified"] = name_of(judged.error);
      got["must_ask_broker"] = judged.verdict == Verdict::Unknown;
      got["status"] = judged.verdict == Verdict::Unknown ? "InDoubt" : "Rejected";
      continue;
    }
    const auto submitted = decode_submitted(body);
    if (!is_decoded(a_case, submitted)) return;
    for (const Question& question : submitted->questions) {
      const auto policy = AnswerPolicy::of(question.message_ids);
      const bool is_yes = policy && policy->says_yes(question.message_ids);
      wanted_path = encode_reply(question.reply_id, is_yes).path;
    }
    if (const auto fact = fact_of_placed(*submitted, NewOrder{}, "X", "V1")) {
      got["order_id"] = view(fact->broker_order_id);
      got["status"] = word_of(fact->order_status);
      if (fact->error != ErrorCode::None) got["unified"] = name_of(fact->error);
    }
  }
  got["replies_sent"] = replies;
  compare(a_case, got);
}

void check_ibkr_cancelled(Case& a_case) {
  compare_decoded(a_case, decode_cancel(body_of(a_case)), [&](const CancelAnswer& answer) {
    const VenueReport fact = fact_of_cancelled(answer, "X", "V1", answer.order_id);
    const bool is_final = fact.order_status == OrderStatus::Canceled;
    Writer out;
    out.object["accepted"] = fact.event == VenueEvent::State;
    out.object["final"] = is_final;
    out.put("order_id", answer.order_id);
    out.put("message", answer.message);
    if (!answer.accepted) {
      out.object["error"] = json::object{{"text", answer.message}, {"unified", name_of(fact.error)}};
    }
    return out.object;
  });
}

void check_ibkr_question(Case& a_case) {
  compare_decoded(a_case, decode_submitted(body_of(a_case)), [&](const Submitted& submitted) {
    json::object got{{"kind", kind_word(submitted.kind)}};
    const std::vector<std::string> ids =
        submitted.prompt ? std::vector{submitted.prompt->message_id} : submitted.questions.at(0).message_ids;
    got["message_ids"] = array_of(ids);
    got["meaning"] = meaning_of(ids.at(0));
    return got;
  });
}

void check_ibkr_live_orders(Case& a_case) {
  compare_decoded(a_case, decode_live_orders(body_of(a_case)), [&](const LiveOrders& live) {
    for (const ibkr::Order& order : live.orders) {
      const auto state = state_of(order, "X", VenueSource::Reconcile);
      if (!state) a_case.mismatch("state", "one of a known status", state.error().text);
    }
    json::object got{{"snapshot", live.snapshot}};
    got["orders"] = all_of(live.orders, [](const ibkr::Order& order) { return as_json(order); });
    return got;
  });
}

void check_ibkr_order_status(Case& a_case) {
  compare_decoded(a_case, decode_order_status(body_of(a_case)), [](const ibkr::Order& order) {
    json::object got;
    got["order"] = as_json(order);
    return got;
  });
}

void check_ibkr_trades(Case& a_case) {
  compare_decoded(a_case, decode_trades(body_of(a_case)), [](const std::vector<Execution>& executions) {
    json::object got;
    got["executions"] = all_of(executions, [](const Execution& one) { return as_json(one); });
    return got;
  });
}

void check_ibkr_error(Case& a_case) {
  const json::object& request = a_case.given().at("request").as_object();
  const json::object& response = a_case.given().at("response").as_object();
  const auto status = response.at("status").as_int64();
  const Judged judged = judge(text_of(request, "method"), text_of(request, "path"), static_cast<std::uint32_t>(status),
                              text_of(response, "body_text"));
  json::object error{
      {"http_status", status}, {"text", judged.broker ? judged.broker->text : ""}, {"unified", name_of(judged.error)}};
  json::object got;
  got["error"] = std::move(error);
  compare(a_case, got);
}

// ---- The session

void check_ibkr_session(Case& a_case) {
  const std::string path = text_of(a_case.given().at("request").as_object(), "path");
  const std::string body = body_of(a_case);
  Writer out;
  if (path.find("/tickle") != std::string::npos) {
    const auto tickle = decode_tickle(body);
    if (!is_decoded(a_case, tickle)) return;
    out.put("session", tickle->session);
    out.put("sso_expires_in_ms", tickle->sso_expires_in_ms);
    put_status(out, tickle->status);
  } else if (path.find("/sso/") != std::string::npos) {
    const auto sso = decode_sso_status(body);
    if (!is_decoded(a_case, sso)) return;
    out.object["ok"] = sso->is_good;
    out.object["expires_in_ms"] = sso->expires_in_ms;
    out.put("user", sso->user);
  } else if (path.find("/auth/") != std::string::npos) {
    const auto status = decode_session_status(body);
    if (!is_decoded(a_case, status)) return;
    put_status(out, *status);
  } else {
    out.object["ok"] = is_done(body);
  }
  compare(a_case, out.object);
}

// ---- Accounts

void check_ibkr_account(Case& a_case) {
  const std::string path = text_of(a_case.given().at("request").as_object(), "path");
  const std::string body = body_of(a_case);
  if (path.find("/portfolio/") != std::string::npos) {
    return compare_decoded(a_case, decode_portfolio_accounts(body), [](const std::vector<PortfolioAccount>& list) {
      json::object got;
      got["accounts"] = all_of(list, [](const PortfolioAccount& account) {
        return json::object{{"account", account.account},
                            {"currency", account.currency},
                            {"type", account.type},
                            {"trading_type", account.trading_type}};
      });
      return got;
    });
  }
  if (path.ends_with("/accounts")) {
    return compare_decoded(a_case, decode_accounts(body), [](const Accounts& accounts) {
      Writer out;
      put_accounts(out, accounts);
      return out.object;
    });
  }
  compare_decoded(a_case, decode_selected_account(body), [](const SelectedAccount& selected) {
    Writer out;
    out.object["accepted"] = selected.accepted;
    out.put("set", selected.is_set);
    out.put("selected", selected.account);
    out.put("message", selected.message);
    return out.object;
  });
}

void check_ibkr_balance(Case& a_case) {
  const std::string path = text_of(a_case.given().at("request").as_object(), "path");
  const std::string body = body_of(a_case);
  if (path.ends_with("/ledger")) {
    return compare_decoded(a_case, decode_ledger(body), [&](const std::vector<LedgerRow>& rows) {
      for (const Balance& balance : balances_of(rows)) {
        if (view(balance.asset) == "BASE") a_case.mismatch("balances", "currencies", "BASE");
      }
      json::object got;
      got["by_currency"] = by_currency(rows);
      return got;
    });
  }
  if (path.starts_with("/portfolio/")) {
    return compare_decoded(a_case, decode_summary(body), [](const std::vector<SummaryValue>& values) {
      json::object got;
      got["summary"] = by_name(values);
      return got;
    });
  }
  if (path.ends_with("/summary")) {
    return compare_decoded(a_case, decode_account_summary(body), [](const AccountSummary& summary) {
      Writer out;
      out.put("net_liquidation", summary.net_liquidation);
      out.put("buying_power", summary.buying_power);
      out.put("available_funds", summary.available_funds);
      out.put("cash", summary.cash);
      return out.object;
    });
  }
  compare_decoded(a_case, decode_segments(body), [](const std::vector<Segment>& segments) {
    std::vector<std::string> names;
    json::object got;
    for (const Segment& segment : segments) {
      names.push_back(segment.name);
      json::object& values = got[segment.name].emplace_object();
      for (const auto& [name, text] : segment.values) values[name] = text;
    }
    std::sort(names.begin(), names.end());
    got["segments"] = array_of(names);
    return got;
  });
}

void check_ibkr_position(Case& a_case) {
  compare_decoded(a_case, decode_positions(body_of(a_case)), [](const std::vector<PositionRow>& rows) {
    json::object by_account;
    json::array all;
    for (const PositionRow& row : rows) {
      json::value& list = by_account[row.account];
      if (list.is_null()) list.emplace_array();
      list.as_array().push_back(as_json(row));
      all.push_back(as_json(row));
    }
    json::object got;
    got["positions"] = std::move(all);
    got["by_account"] = std::move(by_account);
    return got;
  });
}

// ---- Contracts

void check_ibkr_contract(Case& a_case) {
  const std::string path = text_of(a_case.given().at("request").as_object(), "path");
  const std::string body = body_of(a_case);
  const auto is_about = [&](std::string_view part) { return path.find(part) != std::string::npos; };
  if (is_about("/trsrv/stocks")) {
    return compare_decoded(a_case, decode_stocks(body), [](const std::vector<StockList>& lists) {
      json::object by_symbol;
      for (const StockList& list : lists) {
        by_symbol[list.symbol] = all_of(list.companies, [](const Company& company) {
          json::object one{{"name", company.name}};
          one["conids"] = all_of(company.listings, [](const Listing& listing) {
            return json::object{{"conid", listing.conid}, {"exchange", listing.exchange}, {"is_us", listing.is_us}};
          });
          return one;
        });
      }
      json::object got;
      got["by_symbol"] = std::move(by_symbol);
      return got;
    });
  }
  if (is_about("/secdef/search")) {
    return compare_decoded(a_case, decode_search(body), [](const std::vector<SearchMatch>& matches) {
      json::object got;
      got["matches"] = all_of(matches, [](const SearchMatch& match) {
        Writer out;
        out.object["conid"] = match.conid;
        out.put("symbol", match.symbol);
        out.put("description", match.description);
        out.object["has_stock"] =
            std::find(match.sec_types.begin(), match.sec_types.end(), "STK") != match.sec_types.end();
        return out.object;
      });
      return got;
    });
  }
  if (is_about("/trsrv/all-conids")) {
    return compare_decoded(a_case, decode_conids(body), [](const std::vector<NamedConid>& conids) {
      json::object got;
      got["conids"] = all_of(conids, [](const NamedConid& one) {
        return json::object{{"ticker", one.ticker}, {"conid", one.conid}, {"exchange", one.exchange}};
      });
      return got;
    });
  }
  if (is_about("/trsrv/secdef")) {
    return compare_decoded(a_case, decode_secdefs(body), [&](const std::vector<SecDef>& secdefs) {
      json::object got;
      got["secdefs"] = all_of(secdefs, [&](const SecDef& secdef) {
        const auto instrument = instrument_of(secdef);
        if (secdef.asset_class == "STK" && secdef.is_us && !instrument) a_case.mismatch("instrument", "one", "none");
        Writer out;
        out.object["conid"] = secdef.conid;
        out.put("ticker", secdef.ticker);
        out.put("currency", secdef.currency);
        out.put("asset_class", secdef.asset_class);
        out.object["increments"] = all_of(secdef.increments, [](const PriceStep& step) {
          return json::object{{"lower_edge", to_string(step.lower_edge)}, {"increment", to_string(step.increment)}};
        });
        return out.object;
      });
      return got;
    });
  }
  if (path.ends_with("/contract/rules")) return compare_decoded(a_case, decode_rules(body), rules_json);
  compare_decoded(a_case, decode_contract_info(body), [](const ContractInfo& info) {
    json::object got = info.rules ? rules_json(*info.rules) : json::object{};
    got["conid"] = info.conid;
    got["symbol"] = info.symbol;
    got["currency"] = info.currency;
    return got;
  });
}

// ---- Market data and the WebSocket

void check_ibkr_snapshot(Case& a_case) {
  compare_decoded(a_case, decode_snapshot(body_of(a_case)), [&](const std::vector<MarketFields>& all) {
    for (const MarketFields& fields : all) {
      if (ticker_of(fields, "X").has_value() != fields.has_prices())
        a_case.mismatch("ticker", "one with prices", "not so");
    }
    json::object got;
    got["quotes"] = all_of(all, [](const MarketFields& fields) { return as_json(fields); });
    return got;
  });
}

void check_ibkr_history(Case& a_case) {
  compare_decoded(a_case, decode_history(body_of(a_case)), [](const History& history) { return as_json(history); });
}

void check_ibkr_frame(Case& a_case) {
  compare_decoded(a_case, decode_frame(text_of(a_case.given(), "frame_text")),
                  [](const Frame& frame) { return std::visit(Describe{}, frame); });
}

}  // namespace busbar::vectors
