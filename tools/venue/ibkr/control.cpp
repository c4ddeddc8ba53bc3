#include "tools/venue/ibkr/control.hpp"

#include <stdexcept>

#include "tools/venue/names.hpp"

namespace busbar::venue::ibkr {

namespace json = boost::json;

Control::Control(Venue& venue) : venue::Control{venue}, venue_{venue} {
  offer({"POST", "/limits", "any key of [venue.limits]; release: the penalty box is emptied",
         [this](const auto& body, const auto&) { return set_limits(body); }});
  offer({"POST", "/rules",
         "cancel_delay_ms; hosts, query_signed, clock_leeway_s, declines; idle_s, established_after_ms, reply_within_s",
         [this](const auto& body, const auto&) { return set_rules(body); }});
  offer({"POST", "/hours",
         "hours of shares of the United States: open, extended, closed or calendar; at: what the market's clock shows now; "
         "holidays, early_closes",
         [this](const auto& body, const auto&) { return set_hours(body); }});
  offer({"POST", "/symbols", "symbol; status; rename: the contract's symbol from now on, under the same conid",
         [this](const auto& body, const auto&) { return set_symbol(body); }});
  offer({"POST", "/questions",
         "account; ids, next: so many orders are asked these, one after the other; insists: even if they are suppressed; "
         "asked, price_percent, size_max, value_max: as in [venue.questions]",
         [this](const auto& body, const auto&) { return set_questions(body); }});
  offer({"POST", "/orders/fail",
         "account, next: so many orders get `error`, or are taken as Inactive for `inactive`, or wait for `prompt`",
         [this](const auto& body, const auto&) { return refuse_orders(body); }});
  offer({"GET", "/sessions", "who is logged in how, and what is being asked",
         [this](const auto&, const auto&) { return get_sessions(); }});
  offer({"POST", "/sessions",
         "account; compete: a phone logs in; yield: it goes; reset_ms: the nightly reset, of so long; drop: the brokerage "
         "session ends; expire: the login does, and a person is needed; at_gateway: that person came",
         [this](const auto& body, const auto&) { return set_sessions(body); }});
  offer({"GET", "/keys", "the consumers, without any secret", [this](const auto&, const auto&) { return get_keys(); }});
  offer({"POST", "/keys", "account; revoked, pending: its consumer; token_revoked: its access tokens",
         [this](const auto& body, const auto&) { return set_keys(body); }});
  offer({"POST", "/bulletins", "text", [this](const auto& body, const auto&) { return send_bulletin(body); }});
}

// Of several for one account, the first is named like it.
User& Control::user_of(const json::object& body) {
  const std::string name = required(body, "account");
  for (auto& [unused, user] : venue_.api().users()) {
    if (user.name == name) return user;
  }
  throw std::invalid_argument{"account: no such user"};
}

json::value Control::set_limits(const json::object& body) {
  Limits& limits = venue_.api().limits();
  LimitSettings settings = limits.settings();
  json::object now = set_numbers(body, limit_numbers, settings);
  settings.endpoints_penalize = flag_if_given(body, "endpoints_penalize").value_or(settings.endpoints_penalize);
  now["endpoints_penalize"] = settings.endpoints_penalize;
  limits.set(settings);
  if (flag_of(body, "release")) limits.release();
  return now;
}

json::value Control::set_rules(const json::object& body) {
  Rules& rules = venue_.api().rules();
  IdentityRules& identity = venue_.api().identity().rules();
  rules.cancel_delay = integer_of(body, "cancel_delay_ms", rules.cancel_delay / 1'000) * 1'000;
  rules.session.idle_max = integer_of(body, "idle_s", rules.session.idle_max / 1'000'000) * 1'000'000;
  rules.session.established_after =
      integer_of(body, "established_after_ms", rules.session.established_after / 1'000) * 1'000;
  rules.session.reply_within = integer_of(body, "reply_within_s", rules.session.reply_within / 1'000'000) * 1'000'000;
  identity.leeway = integer_of(body, "clock_leeway_s", identity.leeway / 1'000'000) * 1'000'000;
  identity.live_life = integer_of(body, "live_session_s", identity.live_life / 1'000'000) * 1'000'000;
  identity.is_query_signed = flag_if_given(body, "query_signed").value_or(identity.is_query_signed);
  identity.declines = flag_if_given(body, "declines").value_or(identity.declines);
  if (const auto hosts = texts_if_given(body, "hosts")) identity.hosts = *hosts;
  return json::object{{"cancel_delay_ms", rules.cancel_delay / 1'000}, {"query_signed", identity.is_query_signed}};
}

json::value Control::set_hours(const json::object& body) {
  venue_.api().hours().set(body, venue_.now());
  venue_.api().on_tick();
  return venue_.api().hours().told(venue_.now());
}

json::value Control::set_symbol(const json::object& body) {
  const auto symbol = venue_.engine().symbol_by_name(required(body, "symbol"));
  if (!symbol) throw std::invalid_argument{"symbol: no such contract"};
  if (body.contains("status")) {
    const auto status = symbol_status_named(required(body, "status"));
    if (!status) throw std::invalid_argument{"status: TRADING, HALT, BREAK, END_OF_DAY or CANCEL_ONLY"};
    venue_.engine().set_status(*symbol, *status);
  }
  if (body.contains("rename")) venue_.api().contracts().rename(*symbol, required(body, "rename"));
  return json::object{};
}

json::value Control::set_questions(const json::object& body) {
  QuestionRules& rules = venue_.api().rules().questions;
  if (const auto asked = texts_if_given(body, "asked")) rules.asked = *asked;
  const auto set = [&](std::string_view name, Decimal& member) {
    if (!body.contains(name)) return;
    const auto number = Decimal::parse(required(body, name));
    if (!number || number->is_negative()) throw std::invalid_argument{std::string{name} + ": no amount"};
    member = *number;
  };
  set("price_percent", rules.price_percent);
  set("size_max", rules.size_max);
  set("value_max", rules.value_max);
  if (const auto ids = texts_if_given(body, "ids")) {
    Arranged& arranged = user_of(body).arranged;
    arranged.questions = *ids;
    arranged.asks = integer_of(body, "next", 1);
    arranged.insists = flag_of(body, "insists");
  }
  json::array asked;
  for (const std::string& id : rules.asked) asked.emplace_back(id);
  return json::object{{"asked", std::move(asked)}};
}

json::value Control::refuse_orders(const json::object& body) {
  Arranged& arranged = user_of(body).arranged;
  const std::int64_t next = integer_of(body, "next", 1);
  if (body.contains("error")) {
    arranged.error = required(body, "error");
    arranged.refuses = next;
  }
  if (body.contains("inactive")) {
    arranged.inactive = required(body, "inactive");
    arranged.inactivates = next;
  }
  if (body.contains("prompt")) {
    arranged.prompt = required(body, "prompt");
    arranged.prompts = next;
  }
  return json::object{};
}

json::value Control::get_sessions() const {
  json::array list;
  Api& api = venue_.api();
  for (const auto& [id, user] : api.users()) {
    const Session& session = user.session;
    bool has_live_token = false;
    for (const AccessToken& token : api.identity().tokens()) {
      has_live_token = has_live_token || (token.user == id && !token.live.empty() && api.now() < token.live_until);
    }
    json::array suppressed, asking;
    for (const std::string& message : session.suppressed) suppressed.emplace_back(message);
    if (session.conversation) {
      for (const std::string& message : session.conversation->questions) asking.emplace_back(message);
    }
    list.push_back(json::object{{"account", user.name},
                                {"account_id", user.account_id},
                                {"has_live_session_token", has_live_token},
                                {"is_at_gateway", user.is_at_gateway},
                                {"is_open", session.is_open},
                                {"has_rival", session.has_rival},
                                {"has_asked_accounts", session.has_asked_accounts},
                                {"suppressed", std::move(suppressed)},
                                {"asking", std::move(asking)}});
  }
  return json::object{{"sessions", std::move(list)}};
}

json::value Control::set_sessions(const json::object& body) {
  Api& api = venue_.api();
  User& user = user_of(body);
  if (flag_of(body, "compete")) api.log_in_elsewhere(user);
  if (flag_of(body, "yield")) {
    user.session.has_rival = false;
    api.on_session_changed(user);
  }
  if (body.contains("reset_ms")) api.reset(user, integer_of(body, "reset_ms", 0) * 1'000);
  if (flag_of(body, "drop")) api.reset(user, 0);
  if (flag_of(body, "expire")) api.end_login(user);
  if (flag_of(body, "at_gateway")) api.log_in_at_gateway(user);
  return get_sessions();
}

json::value Control::get_keys() const {
  json::array list;
  for (const Consumer& consumer : venue_.api().identity().consumers()) {
    list.push_back(json::object{{"consumer_key", consumer.key},
                                {"account", venue_.api().users().at(consumer.user).name},
                                {"pending", consumer.is_pending},
                                {"revoked", consumer.is_revoked}});
  }
  return json::object{{"keys", std::move(list)}};
}

json::value Control::set_keys(const json::object& body) {
  const User& user = user_of(body);
  Identity& identity = venue_.api().identity();
  for (Consumer& consumer : identity.consumers()) {
    if (&venue_.api().users().at(consumer.user) != &user) continue;
    consumer.is_revoked = flag_if_given(body, "revoked").value_or(consumer.is_revoked);
    consumer.is_pending = flag_if_given(body, "pending").value_or(consumer.is_pending);
  }
  for (AccessToken& token : identity.tokens()) {
    if (&venue_.api().users().at(token.user) == &user) token.is_revoked = flag_if_given(body, "token_revoked").value_or(token.is_revoked);
  }
  return get_keys();
}

json::value Control::send_bulletin(const json::object& body) {
  venue_.send_bulletin(required(body, "text"));
  return json::object{};
}

}  // namespace busbar::venue::ibkr
