#include "tools/venue/binance/control.hpp"

#include <stdexcept>

namespace busbar::venue::binance {

namespace json = boost::json;

Control::Control(Venue& venue) : venue::Control{venue}, venue_{venue} {
  offer({"POST", "/limits", "any key of [venue.limits]",
         [this](const auto& body, const auto&) { return limits(body); }});
  offer({"POST", "/ban", "address, seconds: 418 from now on",
         [this](const auto& body, const auto&) { return ban(body); }});
  offer({"POST", "/symbols", "symbol, status", [this](const auto& body, const auto&) { return set_symbol(body); }});
  offer({"GET", "/keys", "the keys without their secrets", [this](const auto&, const auto&) { return get_keys(); }});
  offer({"POST", "/keys", "account or api_key; revoked, may_trade, addresses",
       [this](const auto& body, const auto&) { return set_keys(body); }});
  offer({"POST", "/listen-keys/expire", "account, or everybody's",
       [this](const auto& body, const auto&) { return expire_listen_keys(body); }});
}

json::value Control::set_symbol(const json::object& body) {
  const auto symbol = venue_.engine().symbol_by_name(required(body, "symbol"));
  const auto wanted = symbol_status_named(required(body, "status"));
  if (!symbol) throw std::invalid_argument{"symbol: no such symbol"};
  if (!wanted) throw std::invalid_argument{"status: TRADING, HALT, BREAK, END_OF_DAY or CANCEL_ONLY"};
  venue_.engine().set_status(*symbol, *wanted);
  return json::object{};
}

json::value Control::ban(const json::object& body) {
  const std::int64_t seconds = integer_of(body, "seconds", 120);
  if (seconds < 0 || seconds > 259'200) throw std::invalid_argument{"seconds: 0 to 259200"};
  const TimeUs until = venue_.now() + seconds * 1'000'000;
  venue_.limits().ban(text_of(body, "address", "127.0.0.1"), until);
  return json::object{{"until_ms", until / 1'000}};
}

json::value Control::get_keys() const {
  json::array list;
  for (const Key& key : venue_.api().keys()) {
    json::array addresses;
    for (const std::string& address : key.addresses) addresses.emplace_back(address);
    list.push_back(json::object{{"api_key", key.api_key},
                                {"account", venue_.engine().accounts()[key.account].name},
                                {"may_trade", key.may_trade},
                                {"revoked", key.is_revoked},
                                {"addresses", std::move(addresses)}});
  }
  return json::object{{"keys", std::move(list)}};
}

json::value Control::set_keys(const json::object& body) {
  const auto is_meant = is_meant_by(body);
  const auto is_revoked = flag_if_given(body, "revoked");
  const auto may_trade = flag_if_given(body, "may_trade");
  const auto addresses = texts_if_given(body, "addresses");
  for (Key& key : venue_.api().keys()) {
    if (!is_meant(key.account, key.api_key)) continue;
    if (is_revoked) key.is_revoked = *is_revoked;
    if (may_trade) key.may_trade = *may_trade;
    if (addresses) key.addresses = *addresses;
  }
  return get_keys();
}

json::value Control::expire_listen_keys(const json::object& body) {
  venue_.expire_listen_keys(body.contains("account") ? std::optional{account_of(body)} : std::nullopt);
  return json::object{};
}

json::value Control::limits(const json::object& wanted) {
  LimitSettings settings = venue_.limits().settings();
  set_numbers(wanted, limit_numbers, settings);
  venue_.limits().set(settings);
  return json::object{{"rate_limits", rate_limits(settings)}};
}

}  // namespace busbar::venue::binance
