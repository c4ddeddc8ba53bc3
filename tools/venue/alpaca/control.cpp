#include "tools/venue/alpaca/control.hpp"

#include <stdexcept>

#include "tools/venue/alpaca/config.hpp"

namespace busbar::venue::alpaca {

namespace json = boost::json;

Control::Control(Venue& venue) : venue::Control{venue}, venue_{venue} {
  offer({"POST", "/limits", "any key of [venue.limits]",
         [this](const auto& body, const auto&) { return set_limits(body); }});
  offer({"POST", "/rules", "cancel_delay_ms, replace_delay_ms, wash_trades, sip, binary_frames",
         [this](const auto& body, const auto&) { return set_rules(body); }});
  offer({"POST", "/hours",
         "hours: open, extended, closed or calendar; at: what the market's clock shows now; holidays, early_closes",
         [this](const auto& body, const auto&) { return set_hours(body); }});
  offer({"POST", "/symbols", "symbol; status: TRADING or HALT; tradable; rename: the asset's symbol from now on, under the same id",
         [this](const auto& body, const auto&) { return set_symbol(body); }});
  offer({"GET", "/keys", "the keys, without any secret", [this](const auto&, const auto&) { return get_keys(); }});
  offer({"POST", "/keys", "account or api_key; revoked, may_trade",
         [this](const auto& body, const auto&) { return set_keys(body); }});
  offer({"POST", "/tokens", "revoke: the user takes back what logins were allowed, and every other access token",
         [this](const auto& body, const auto&) { return set_tokens(body); }});
  offer({"POST", "/login",
         "declines: the next user says no; asks_user: browsers wait; approve: what those are told; account: who consents",
         [this](const auto& body, const auto&) { return set_login(venue_, body); }});
  offer({"POST", "/orders/reject", "account, next: so many orders are taken and then rejected",
         [this](const auto& body, const auto&) { return reject_orders(body); }});
  offer({"POST", "/orders/status", "order_id, status: what an open order is said to be until something happens to it",
         [this](const auto& body, const auto&) { return show_status(body); }});
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
  rules.replace_delay = integer_of(body, "replace_delay_ms", rules.replace_delay / 1'000) * 1'000;
  if (body.contains("wash_trades")) rules.wash_trades = wash_trades_named(required(body, "wash_trades"));
  rules.has_sip = flag_if_given(body, "sip").value_or(rules.has_sip);
  rules.binary_frames = flag_if_given(body, "binary_frames").value_or(rules.binary_frames);
  return json::object{{"cancel_delay_ms", rules.cancel_delay / 1'000},
                      {"replace_delay_ms", rules.replace_delay / 1'000},
                      {"sip", rules.has_sip},
                      {"binary_frames", rules.binary_frames}};
}

// What follows from it happens before this is answered.
json::value Control::set_hours(const json::object& body) {
  venue_.api().hours().set(body, venue_.now());
  venue_.api().on_tick();
  return venue_.api().hours().told(venue_.now());
}

json::value Control::set_symbol(const json::object& body) {
  const Asset* asset = venue_.api().assets().find(required(body, "symbol"));
  if (asset == nullptr) throw std::invalid_argument{"symbol: no such symbol"};
  const std::string status = text_of(body, "status", asset->is_halted ? "HALT" : "TRADING");
  if (status != "TRADING" && status != "HALT") throw std::invalid_argument{"status: TRADING or HALT"};
  Asset& changed = venue_.api().assets().of(asset->symbol);
  changed.tradable = flag_if_given(body, "tradable").value_or(changed.tradable);
  venue_.api().set_halted(asset->symbol, status == "HALT");
  if (body.contains("rename")) {
    const std::string name = required(body, "rename");
    if (venue_.api().assets().find(name) != nullptr) throw std::invalid_argument{"rename: there is one of this name"};
    venue_.engine().rename(asset->symbol, name);
  }
  return json::object{};
}

json::value Control::get_keys() const {
  json::array list;
  for (const Key& key : venue_.api().keys()) {
    list.push_back(json::object{{"api_key", key.id},
                                {"account", venue_.engine().accounts()[key.account].name},
                                {"may_trade", key.may_trade},
                                {"revoked", key.is_revoked}});
  }
  return json::object{{"keys", std::move(list)}};
}

json::value Control::set_keys(const json::object& body) {
  const auto is_meant = is_meant_by(body);
  for (Key& key : venue_.api().keys()) {
    if (!is_meant(key.account, key.id)) continue;
    key.is_revoked = flag_if_given(body, "revoked").value_or(key.is_revoked);
    key.may_trade = flag_if_given(body, "may_trade").value_or(key.may_trade);
  }
  return get_keys();
}

json::value Control::set_tokens(const json::object& body) {
  if (flag_of(body, "revoke")) {
    venue_.login()->withdraw();
    venue_.api().bearers().clear();
  }
  return json::object{{"tokens", venue_.api().bearers().size()}};
}

json::value Control::reject_orders(const json::object& body) {
  venue_.api().reject_next(account_of(body), integer_of(body, "next", 1));
  return json::object{};
}

json::value Control::show_status(const json::object& body) {
  Ticket* ticket = venue_.api().ledger().find(required(body, "order_id"));
  if (ticket == nullptr) throw std::invalid_argument{"order_id: no such order"};
  if (!venue_.api().order_of(*ticket).is_open()) throw std::invalid_argument{"order_id: the order has ended"};
  venue_.api().show(*ticket, required(body, "status"));
  return json::object{};
}

}  // namespace busbar::venue::alpaca
