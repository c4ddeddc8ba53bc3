#include "tools/venue/coinbase/control.hpp"

#include <stdexcept>

namespace busbar::venue::coinbase {

namespace json = boost::json;

Control::Control(Venue& venue) : venue::Control{venue}, venue_{venue} {
  offer({"POST", "/limits", "any key of [venue.limits]",
         [this](const auto& body, const auto&) { return set_limits(body); }});
  offer({"POST", "/rules", "cancel_delay_ms, edit_delay_ms, clock_leeway_s, hosts, stream_access_tokens",
         [this](const auto& body, const auto&) { return set_rules(body); }});
  offer({"POST", "/symbols",
         "symbol; status; trading_disabled, is_disabled, view_only, auction_mode, cancel_only, limit_only, post_only",
         [this](const auto& body, const auto&) { return set_product(body); }});
  offer({"GET", "/keys", "the keys, without any secret", [this](const auto&, const auto&) { return get_keys(); }});
  offer({"POST", "/keys", "account or api_key; revoked, can_view, can_trade, can_transfer",
         [this](const auto& body, const auto&) { return set_keys(body); }});
  offer({"POST", "/tokens",
         "expire: access tokens end now; expire_refresh: refresh tokens do; revoke: the user takes back all of them",
         [this](const auto& body, const auto&) { return set_tokens(body); }});
  offer({"POST", "/login",
         "declines: the next user says no; asks_user: browsers wait; approve: what those are told; account: who consents; "
         "access_life_s, refresh_life_s",
         [this](const auto& body, const auto&) {
           set_lives(body);
           return set_login(venue_, body);
         }});
  offer({"POST", "/orders/fail", "account, reject_reason, next: so many orders are taken and then fail",
         [this](const auto& body, const auto&) { return fail_orders(body); }});
}

json::value Control::set_limits(const json::object& body) {
  LimitSettings settings = venue_.api().limits().settings();
  json::object now = set_numbers(body, limit_numbers, settings);
  venue_.api().limits().set(settings);
  return now;
}

json::value Control::set_rules(const json::object& body) {
  Rules& rules = venue_.api().rules();
  rules.cancel_delay = integer_of(body, "cancel_delay_ms", rules.cancel_delay / 1'000) * 1'000;
  rules.edit_delay = integer_of(body, "edit_delay_ms", rules.edit_delay / 1'000) * 1'000;
  rules.leeway = integer_of(body, "clock_leeway_s", rules.leeway / 1'000'000) * 1'000'000;
  rules.streams_take_access_tokens =
      flag_if_given(body, "stream_access_tokens").value_or(rules.streams_take_access_tokens);
  if (const auto hosts = texts_if_given(body, "hosts")) rules.hosts = *hosts;
  return json::object{{"cancel_delay_ms", rules.cancel_delay / 1'000}, {"clock_leeway_s", rules.leeway / 1'000'000}};
}

json::value Control::set_product(const json::object& body) {
  Product* product = venue_.api().products().find(required(body, "symbol"));
  if (product == nullptr) throw std::invalid_argument{"symbol: no such product"};
  Restrictions& now = product->restrictions;
  now.status = text_of(body, "status", now.status);
  const std::pair<const char*, bool*> flags[] = {
      {"trading_disabled", &now.trading_disabled}, {"is_disabled", &now.is_disabled}, {"view_only", &now.view_only},
      {"auction_mode", &now.auction_mode},         {"cancel_only", &now.cancel_only}, {"limit_only", &now.limit_only},
      {"post_only", &now.post_only}};
  for (const auto& [name, flag] : flags) *flag = flag_if_given(body, name).value_or(*flag);
  venue_.tell_restrictions(*product);
  return json::object{};
}

json::value Control::get_keys() const {
  json::array list;
  for (const Key& key : venue_.api().keys()) {
    list.push_back(json::object{{"api_key", key.name},
                                {"account", venue_.engine().accounts()[key.account].name},
                                {"can_view", key.permissions.can_view},
                                {"can_trade", key.permissions.can_trade},
                                {"can_transfer", key.permissions.can_transfer},
                                {"revoked", key.is_revoked}});
  }
  return json::object{{"keys", std::move(list)}};
}

json::value Control::set_keys(const json::object& body) {
  const auto is_meant = is_meant_by(body);
  for (Key& key : venue_.api().keys()) {
    if (!is_meant(key.account, key.name)) continue;
    key.is_revoked = flag_if_given(body, "revoked").value_or(key.is_revoked);
    key.permissions.can_view = flag_if_given(body, "can_view").value_or(key.permissions.can_view);
    key.permissions.can_trade = flag_if_given(body, "can_trade").value_or(key.permissions.can_trade);
    key.permissions.can_transfer = flag_if_given(body, "can_transfer").value_or(key.permissions.can_transfer);
  }
  return get_keys();
}

json::value Control::set_tokens(const json::object& body) {
  auto& bearers = venue_.api().bearers();
  if (flag_of(body, "revoke")) {
    venue_.login()->withdraw();
    bearers.clear();
  }
  if (flag_of(body, "expire_refresh")) venue_.login()->end_refresh_tokens();
  if (flag_of(body, "expire")) {
    for (Bearer& bearer : bearers) bearer.expires = venue_.now();
  }
  return json::object{{"tokens", bearers.size()}, {"refresh_tokens", venue_.login()->refresh_token_count()}};
}

void Control::set_lives(const json::object& body) {
  LoginSettings settings = venue_.login()->settings();
  set_numbers(body, login_lives, settings);
  for (const Number<LoginSettings>& life : login_lives) {
    const std::int64_t seconds = settings.*life.member / life.unit;
    if (seconds < life.least || seconds > life.most) throw std::invalid_argument{std::string{life.name} + ": 1 to 1e9"};
  }
  venue_.login()->settings() = std::move(settings);
}

json::value Control::fail_orders(const json::object& body) {
  venue_.api().fail_next(account_of(body), integer_of(body, "next", 1), text_of(body, "reject_reason", "HOLD_FAILURE"));
  return json::object{};
}

}  // namespace busbar::venue::coinbase
