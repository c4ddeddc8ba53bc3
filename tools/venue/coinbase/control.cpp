#include "tools/venue/coinbase/control.hpp"

#include <stdexcept>

namespace busbar::venue::coinbase {

namespace json = boost::json;

Control::Control(Venue& venue) : venue::Control{venue}, venue_{venue} {
  offer({"POST", "/limits", "any key of [venue.limits]",
         [this](const auto& body, const auto&) { return set_limits(body); }});
  offer({"POST", "/rules", "cancel_delay_ms, clock_leeway_s, hosts",
         [this](const auto& body, const auto&) { return set_rules(body); }});
  offer({"POST", "/symbols",
         "symbol; status; trading_disabled, is_disabled, view_only, auction_mode, cancel_only, limit_only, post_only",
         [this](const auto& body, const auto&) { return set_product(body); }});
  offer({"GET", "/keys", "the keys, without any secret", [this](const auto&, const auto&) { return get_keys(); }});
  offer({"POST", "/keys", "account or api_key; revoked, can_view, can_trade, can_transfer",
         [this](const auto& body, const auto&) { return set_keys(body); }});
  offer({"POST", "/tokens", "expire: access tokens end now; revoke: they are forgotten",
         [this](const auto& body, const auto&) { return set_tokens(body); }});
  offer({"POST", "/login", "declines: the next user says no; account: who consents; access_life_s",
         [this](const auto& body, const auto&) { return set_login(body); }});
  offer({"POST", "/orders/fail", "account, reject_reason, next: so many orders are taken and then fail",
         [this](const auto& body, const auto&) { return fail_orders(body); }});
}

json::value Control::set_limits(const json::object& body) {
  LimitSettings settings = venue_.api().limits().settings();
  settings.private_per_second = integer_of(body, "private_per_second", settings.private_per_second);
  settings.public_per_second = integer_of(body, "public_per_second", settings.public_per_second);
  settings.connections_per_second = integer_of(body, "connections_per_second", settings.connections_per_second);
  settings.messages_per_second = integer_of(body, "messages_per_second", settings.messages_per_second);
  venue_.api().limits().set(settings);
  return json::object{{"private_per_second", settings.private_per_second},
                      {"public_per_second", settings.public_per_second},
                      {"connections_per_second", settings.connections_per_second},
                      {"messages_per_second", settings.messages_per_second}};
}

json::value Control::set_rules(const json::object& body) {
  Rules& rules = venue_.api().rules();
  rules.cancel_delay = integer_of(body, "cancel_delay_ms", rules.cancel_delay / 1'000) * 1'000;
  rules.leeway = integer_of(body, "clock_leeway_s", rules.leeway / 1'000'000) * 1'000'000;
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
  const std::string api_key = text_of(body, "api_key", {});
  std::optional<AccountId> account;
  if (body.contains("account") || api_key.empty()) account = account_of(body);
  for (Key& key : venue_.api().keys()) {
    if ((account && key.account != *account) || (!api_key.empty() && key.name != api_key)) continue;
    key.is_revoked = flag_if_given(body, "revoked").value_or(key.is_revoked);
    key.permissions.can_view = flag_if_given(body, "can_view").value_or(key.permissions.can_view);
    key.permissions.can_trade = flag_if_given(body, "can_trade").value_or(key.permissions.can_trade);
    key.permissions.can_transfer = flag_if_given(body, "can_transfer").value_or(key.permissions.can_transfer);
  }
  return get_keys();
}

json::value Control::set_tokens(const json::object& body) {
  auto& bearers = venue_.api().bearers();
  if (flag_of(body, "revoke")) bearers.clear();
  if (flag_of(body, "expire")) {
    for (Bearer& bearer : bearers) bearer.expires = venue_.now();
  }
  return json::object{{"tokens", bearers.size()}};
}

json::value Control::set_login(const json::object& body) {
  Login& login = venue_.login();
  login.declines = flag_if_given(body, "declines").value_or(login.declines);
  login.settings().access_life =
      integer_of(body, "access_life_s", login.settings().access_life / 1'000'000) * 1'000'000;
  if (body.contains("account")) {
    static_cast<void>(account_of(body));
    login.settings().account = required(body, "account");
  }
  return json::object{{"client_id", login.settings().client_id}, {"account", login.settings().account}};
}

json::value Control::fail_orders(const json::object& body) {
  venue_.api().fail_next(account_of(body), integer_of(body, "next", 1), text_of(body, "reject_reason", "HOLD_FAILURE"));
  return json::object{};
}

json::object Control::status() const {
  json::object status = venue::Control::status();
  status["last_unauthorized"] = venue_.last_refusal();
  return status;
}

}  // namespace busbar::venue::coinbase
