#include "tools/venue/ibkr/stream_connection.hpp"

#include <algorithm>

#include "tools/venue/ibkr/numbers.hpp"

namespace busbar::venue::ibkr {

namespace json = boost::json;

StreamConnection::StreamConnection(boost::asio::io_context& loop, std::shared_ptr<Socket> socket,
                                   const ConnectionSettings& settings, const StreamSettings& streams, Faults& faults,
                                   Api& api)
    : Connection{loop, std::move(socket), settings, faults, api.now()}, settings_{streams}, api_{api},
      connected_{api.now()}, heard_{connected_}, next_heartbeat_{connected_ + streams.heartbeat} {}

void StreamConnection::send_value(const json::value& frame) { send(written(frame)); }

User* StreamConnection::user() const {
  if (session_id_.empty()) return nullptr;
  User* found = api_.user_of_session(session_id_);
  return found != nullptr && found->session.is_open ? found : nullptr;
}

void StreamConnection::push(std::string_view stream, std::string_view topic, json::value frame) {
  const User* whose = session_id_.empty() ? nullptr : api_.user_of_session(session_id_);
  send_event(stream, topic, std::move(frame), [](json::value event) { return event; }, api_.now(),
             whose == nullptr ? std::string_view{} : std::string_view{api_.engine().accounts()[whose->account].name});
}

void StreamConnection::log_in(const std::string& session_id) {
  User* found = api_.user_of_session(session_id);
  if (found == nullptr) {
    if (!is_greeted_) push("orders", "message", json::object{{"message", "waiting for session"}});
    return;
  }
  session_id_ = session_id;
  is_greeted_ = true;
  push("orders", "system",
       json::object{{"topic", "system"}, {"success", found->name}, {"isFT", false}, {"isPaper", api_.rules().is_paper}});
  push("orders", "act", json::object{{"topic", "act"}, {"args", api_.accounts_shape(*found)}});
  tell_status(*found);
}

void StreamConnection::tell_status(const User& user) {
  const Session& session = user.session;
  push("orders", "sts",
       json::object{{"topic", "sts"},
                    {"args", json::object{{"authenticated", session.is_open},
                                          {"competing", session.has_rival},
                                          {"connected", api_.now() >= session.away_until},
                                          {"message", ""},
                                          {"fail", ""},
                                          {"serverName", "JifN19053"},
                                          {"serverVersion", "Build 10.25.0p, Dec 5, 2023 5:48:12 PM"},
                                          {"username", user.name}}}});
}

// "smd+265598+{...}": what is wanted, of which, and how.
void StreamConnection::on_text(std::string text) {
  heard_ = api_.now();
  if (text == "tic") {
    const User* whose = user();
    return push("orders", "tic",
                json::object{{"topic", "tic"},
                             {"alive", whose != nullptr},
                             {"id", session_id_},
                             {"lastAccessed", api_.now() / 1'000}});
  }
  if (text == "ech+hb") return send(text);
  if (text.starts_with('{')) {
    const json::value message = parsed(text);
    return log_in(message.is_object() ? text_in(message.get_object(), "session") : std::string{});
  }
  const std::size_t first = std::min(text.find('+'), text.size());
  const std::string topic = text.substr(0, first);
  std::string rest = text.substr(std::min(first + 1, text.size())), argument;
  if (!rest.starts_with('{')) {
    const std::size_t plus = std::min(rest.find('+'), rest.size());
    argument = rest.substr(0, plus);
    rest = rest.substr(std::min(plus + 1, rest.size()));
  }
  const json::value options = rest.empty() ? json::value(json::object{}) : parsed(rest);
  if (!options.is_object()) {
    return push("orders", "error", json::object{{"error", "invalid message"}, {"code", 400}, {"topic", topic}});
  }
  if (user() == nullptr) {
    if (!is_greeted_) return push("orders", "message", json::object{{"message", "waiting for session"}});
    return;  // it is dead, and does not say so
  }
  if (topic.starts_with('s')) return subscribe(topic, argument, options.get_object());
  if (topic.starts_with('u')) return unsubscribe(topic, argument);
  push("orders", "error", json::object{{"error", "unknown topic"}, {"code", 400}, {"topic", topic}});
}

void StreamConnection::subscribe(std::string_view topic, const std::string& argument, const json::object& options) {
  const User& whose = *user();
  const auto refuse = [&](std::string_view error) {
    push("orders", "error", json::object{{"error", error}, {"code", 500}, {"topic", topic}});
  };
  const auto symbol_of = [&]() -> std::optional<SymbolId> {
    const auto conid = integer_from(argument.substr(0, argument.find('@')));
    return conid ? api_.contracts().find(*conid) : std::nullopt;
  };
  if (topic == "smd") {
    const auto symbol = symbol_of();
    if (!symbol) return refuse("unknown conid");
    Quotes quotes;
    if (const json::value* fields = options.if_contains("fields"); fields != nullptr && fields->is_array()) {
      for (const json::value& each : fields->get_array()) {
        if (each.is_string()) quotes.fields.emplace_back(each.get_string());
      }
    }
    quotes.since = api_.now();
    quotes_[*symbol] = std::move(quotes);
    return tell_quotes(api_.now());
  }
  if (topic == "sor") {
    has_orders_ = true;
    return tell_orders();
  }
  if (topic == "str") {
    has_trades_ = true;
    const json::value* only = options.if_contains("realtimeUpdatesOnly");
    if (only != nullptr && only->is_bool() && only->get_bool()) return;
    const json::value* days = options.if_contains("days");
    const std::int64_t span = days != nullptr && days->is_int64() ? std::clamp<std::int64_t>(days->get_int64(), 1, 7) : 1;
    const AccountId account = whose.account;
    return push("orders", "str", json::object{{"topic", "str"}, {"args", api_.executions(account, span, true)}});
  }
  if (topic == "spl") has_pnl_ = true;
  else if (topic == "ssd") has_summary_ = argument == whose.account_id;
  else if (topic == "sld") has_ledger_ = argument == whose.account_id;
  else if (topic == "smh") {
    const auto symbol = symbol_of();
    if (!symbol) return refuse("unknown conid");
    std::string id = std::to_string(20'962'328 + *symbol);
    bars_[id] = {*symbol, text_in(options, "period"), text_in(options, "bar"), text_in(options, "source"), {}};
  } else {
    return refuse("unknown topic");
  }
  next_account_ = 0;  // told at once
  tell_account(api_.now());
}

void StreamConnection::unsubscribe(std::string_view topic, const std::string& argument) {
  if (topic == "umd") {
    const auto conid = integer_from(argument);
    if (const auto symbol = conid ? api_.contracts().find(*conid) : std::nullopt) quotes_.erase(*symbol);
  } else if (topic == "uor") {
    has_orders_ = false;
    told_orders_.clear();
  } else if (topic == "utr") {
    has_trades_ = false;
  } else if (topic == "upl") {
    has_pnl_ = false;
  } else if (topic == "usd") {
    has_summary_ = false;
  } else if (topic == "uld") {
    has_ledger_ = false;
  } else if (topic == "umh") {
    bars_.erase(argument);
    return push("market", "message", json::object{{"message", "Unsubscribed " + argument}});
  }
  if (topic == "usd" || topic == "uld") {
    const char* which = topic == "usd" ? "unsubscribed from summary" : "unsubscribed from ledger";
    return push("orders", "message", json::object{{"result", which}});
  }
  push("orders", "message", json::object{{"message", "Unsubscribed"}});
}

// One full list, then changes only.
void StreamConnection::tell_orders() {
  json::array list = api_.live_orders(user()->account);
  told_orders_.clear();
  for (const json::value& order : list) told_orders_[order.at("orderId").get_int64()] = order.get_object();
  push("orders", "sor", json::object{{"topic", "sor"}, {"args", std::move(list)}});
}

void StreamConnection::on_order(const Ticket& ticket, const Order& order) {
  const User* whose = user();
  if (!has_orders_ || whose == nullptr || ticket.account != whose->account) return;
  const OrderFacts facts{order, ticket, api_.contracts(), whose->account_id};
  json::object now = live_order(facts);
  json::object& told = told_orders_[ticket.order_id];
  json::object change;
  for (const auto& [name, value] : now) {
    const json::value* before = told.if_contains(name);
    const bool names_it = name == "acct" || name == "orderId" || name == "conid" || name == "conidex";
    if (names_it || before == nullptr || *before != value) change[name] = value;
  }
  told = std::move(now);
  push("orders", "sor", json::object{{"topic", "sor"}, {"args", json::array(1, std::move(change))}});
}

void StreamConnection::on_fill(const Ticket& ticket, const AccountTrade& trade) {
  const User* whose = user();
  if (!has_trades_ || whose == nullptr || ticket.account != whose->account) return;
  push("orders", "str",
       json::object{{"topic", "str"}, {"args", json::array(1, execution(trade, api_.facts_of(ticket), true))}});
}

void StreamConnection::on_prompt(const Ticket& ticket, const json::object& prompt) {
  const User* whose = user();
  if (whose == nullptr || ticket.account != whose->account) return;
  push("orders", "ntf", json::object{{"topic", "ntf"}, {"args", json::array(1, prompt)}});
}

void StreamConnection::on_session_changed(const User& changed) {
  if (session_id_ != changed.session.id) return;
  if (!changed.session.is_open) {  // what was subscribed is gone with it
    has_orders_ = has_trades_ = has_pnl_ = has_summary_ = has_ledger_ = false;
    told_orders_.clear();
    quotes_.clear();
    bars_.clear();
  }
  tell_status(changed);
}

void StreamConnection::bulletin(const std::string& text) {
  push("orders", "blt",
       json::object{{"topic", "blt"}, {"args", json::object{{"id", "201"}, {"message", text}}}});
}

void StreamConnection::tell_quotes(TimeUs now) {
  for (auto& [symbol, quotes] : quotes_) {
    if (now - quotes.last < settings_.quote_interval || now - quotes.since > settings_.quote_life) continue;
    json::object frame;
    const json::object fields =
        market_fields(api_.engine(), api_.history(), api_.contracts(), symbol, quotes.fields, now);
    for (const auto& [name, value] : fields) {
      const std::string text{value.get_string()};
      std::string& told = quotes.told[name];
      if (told == text) continue;
      told = text;
      frame[name] = value;
    }
    if (frame.empty()) continue;
    quotes.last = now;
    const std::string topic = "smd+" + std::to_string(api_.contracts().of(symbol).conid);
    const std::string server_id = "q" + std::to_string(symbol);
    frame["server_id"] = server_id;
    frame["6119"] = server_id;
    frame["6509"] = "RpB";
    frame["conid"] = api_.contracts().of(symbol).conid;
    frame["conidEx"] = std::to_string(api_.contracts().of(symbol).conid);
    frame["_updated"] = now / 1'000;
    frame["topic"] = topic;
    push("market", "smd", std::move(frame));
  }
}

void StreamConnection::tell_account(TimeUs now) {
  if (now < next_account_) return;
  next_account_ = now + second;
  const User& whose = *user();
  const AccountId account = whose.account;
  const auto tell = [&](const char* stream, const std::string& name, json::object frame, std::string& told) {
    std::string text = written(frame);
    if (std::exchange(told, text) != text) push(stream, name, std::move(frame));
  };
  if (has_pnl_) {
    tell("orders", "spl",
         json::object{{"topic", "spl"},
                      {"args", json::object{{whose.account_id + ".Core", api_.profit_and_loss(account)}}}},
         told_pnl_);
  }
  if (has_summary_) {
    const std::int64_t time = now / second;
    json::array values(1, json::object{{"key", "AccountCode"}, {"timestamp", time}, {"value", whose.account_id}});
    for (const json::value& value : api_.summary_values(account)) {
      values.push_back(json::object{{"key", value.at("name")},
                                    {"timestamp", time},
                                    {"currency", "USD"},
                                    {"monetaryValue", value.at("amount")},
                                    {"severity", 0},
                                    {"value", value.at("text")}});
    }
    json::object frame{{"topic", "ssd+" + whose.account_id}, {"result", std::move(values)}};
    std::string text = written(frame);
    while (text.find(",\"timestamp\":") != std::string::npos) {  // time alone is no news
      const std::size_t at = text.find(",\"timestamp\":");
      text.erase(at, text.find_first_of(",}", at + 1) - at);
    }
    if (std::exchange(told_summary_, text) != text) push("orders", "ssd", std::move(frame));
  }
  if (has_ledger_) {
    json::array rows;
    for (const json::value& row : api_.ledger_rows(account)) {
      rows.push_back(json::object{{"key", "LedgerList" + std::string{row.at("currency").get_string()}},
                                  {"acctCode", whose.account_id},
                                  {"secondKey", row.at("currency")},
                                  {"cashbalance", row.at("cashbalance")},
                                  {"settledCash", row.at("settledcash")},
                                  {"netLiquidationValue", row.at("netliquidationvalue")},
                                  {"unrealizedPnl", row.at("unrealizedpnl")},
                                  {"realizedPnl", row.at("realizedpnl")},
                                  {"severity", 0}});
    }
    tell("orders", "sld", json::object{{"topic", "sld+" + whose.account_id}, {"result", std::move(rows)}},
         told_ledger_);
  }
  for (auto& [id, bars] : bars_) {
    json::object frame = api_.history_shape(bars.symbol, bars.period, bars.bar, {}, bars.source);
    const std::string conid = std::to_string(api_.contracts().of(bars.symbol).conid);
    frame["topic"] = "smh+" + conid;
    frame["conid"] = conid;
    std::string text = written(frame.at("data"));
    if (std::exchange(bars.told, text) == text) continue;
    push("market", "smh", std::move(frame));
  }
}

void StreamConnection::on_tenth_of_second(TimeUs now) {
  if (now - heard_ > settings_.keepalive_within) return close(1000, "no keepalive");
  if (now >= next_heartbeat_) {
    next_heartbeat_ = now + settings_.heartbeat;
    push("orders", "system", json::object{{"topic", "system"}, {"hb", now / 1'000}});
  }
  if (user() == nullptr) return;
  tell_quotes(now);
  tell_account(now);
}

}  // namespace busbar::venue::ibkr
