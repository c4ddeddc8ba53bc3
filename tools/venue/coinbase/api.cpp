#include "tools/venue/coinbase/api.hpp"

#include <algorithm>

namespace busbar::venue::coinbase {

namespace json = boost::json;

// A class, for it names the private functions of another. What is more exact stands first.
struct Operations {
#define BROKERAGE "/api/v3/brokerage"
  static constexpr Operation all[] = {
      {"order.place", "POST", BROKERAGE "/orders", Access::Trade, true, &Api::place},
      {"order.preview", "POST", BROKERAGE "/orders/preview", Access::View, false, &Api::preview},
      {"order.cancel", "POST", BROKERAGE "/orders/batch_cancel", Access::Trade, true, &Api::cancel},
      {"order.edit", "POST", BROKERAGE "/orders/edit", Access::Trade, true, &Api::edit},
      {"order.edit_preview", "POST", BROKERAGE "/orders/edit_preview", Access::View, false, &Api::edit_preview},
      {"orders", "GET", BROKERAGE "/orders/historical/batch", Access::View, false, &Api::orders},
      {"fills", "GET", BROKERAGE "/orders/historical/fills", Access::View, false, &Api::fills},
      {"order.status", "GET", BROKERAGE "/orders/historical/{}", Access::View, false, &Api::order},
      {"accounts", "GET", BROKERAGE "/accounts", Access::View, false, &Api::accounts},
      {"account", "GET", BROKERAGE "/accounts/{}", Access::View, false, &Api::account},
      {"portfolios", "GET", BROKERAGE "/portfolios", Access::View, false, &Api::portfolios},
      {"portfolio", "GET", BROKERAGE "/portfolios/{}", Access::View, false, &Api::portfolio},
      {"transaction_summary", "GET", BROKERAGE "/transaction_summary", Access::View, false,
       &Api::transaction_summary},
      {"key_permissions", "GET", BROKERAGE "/key_permissions", Access::View, false, &Api::key_permissions},
      {"best_bid_ask", "GET", BROKERAGE "/best_bid_ask", Access::View, false, &Api::best_bid_ask},
      {"product_book", "GET", BROKERAGE "/product_book", Access::View, false, &Api::product_book},
      {"products", "GET", BROKERAGE "/products", Access::View, false, &Api::products},
      {"product", "GET", BROKERAGE "/products/{}", Access::View, false, &Api::product},
      {"candles", "GET", BROKERAGE "/products/{}/candles", Access::View, false, &Api::candles},
      {"trades", "GET", BROKERAGE "/products/{}/ticker", Access::View, false, &Api::trades},
      {"time", "GET", BROKERAGE "/time", Access::Public, false, &Api::time},
      {"product_book", "GET", BROKERAGE "/market/product_book", Access::Public, false, &Api::product_book},
      {"products", "GET", BROKERAGE "/market/products", Access::Public, false, &Api::products},
      {"product", "GET", BROKERAGE "/market/products/{}", Access::Public, false, &Api::product},
      {"candles", "GET", BROKERAGE "/market/products/{}/candles", Access::Public, false, &Api::candles},
      {"trades", "GET", BROKERAGE "/market/products/{}/ticker", Access::Public, false, &Api::trades},
      // Of the older API, what clients ask before they trade.
      {"currencies", "GET", "/v2/currencies", Access::Public, false, &Api::fiat_currencies},
      {"currencies.crypto", "GET", "/v2/currencies/crypto", Access::Public, false, &Api::crypto_currencies},
      {"exchange_rates", "GET", "/v2/exchange-rates", Access::Public, false, &Api::exchange_rates},
      {"old_time", "GET", "/v2/time", Access::Public, false, &Api::old_time},
  };
#undef BROKERAGE
};

Api::Api(Engine& engine, History& history, const std::vector<AliasSettings>& aliases, std::vector<Key> keys,
         std::vector<Bearer> bearers, const LimitSettings& limits, const Rules& rules, std::uint64_t seed,
         std::function<TimeUs()> now, OnEvents on_events)
    : engine_{engine}, history_{history}, products_{engine, aliases}, ledger_{seed}, limits_{limits}, rules_{rules},
      keys_{std::move(keys)}, bearers_{std::move(bearers)}, now_{std::move(now)}, on_events_{std::move(on_events)} {}

const Operation* Api::find(std::string_view method, std::string_view path, std::string& id) const {
  return operation_of(Operations::all, method, path, id);
}

Reply Api::failure(unsigned status, std::string_view error, std::string_view message) {
  Reply reply;
  reply.status = status;
  reply.body = json::object{{"error", error}, {"error_details", message}, {"message", message}};
  reply.refusal = message;
  return reply;
}

Reply Api::too_many() {
  Reply reply;
  reply.status = 429;
  reply.body = json::object{
      {"errors", json::array(1, json::object{{"id", "rate_limit_exceeded"}, {"message", "Too many requests"}})}};
  reply.refusal = "rate_limit_exceeded";
  return reply;
}

Reply Api::unauthorized(std::string why) {
  Reply reply;
  reply.status = 401;
  reply.text = "Unauthorized";
  reply.refusal = std::move(why);
  return reply;
}

Owner Api::owner_of(AccountId account) const {
  return {ledger_.uuid("user", account), ledger_.uuid("portfolio", account)};
}

FillName Api::fill_name(SymbolId symbol, std::uint64_t trade_id, std::uint64_t order_number) const {
  return {ledger_.uuid("entry " + std::to_string(symbol), trade_id, order_number),
          ledger_.uuid("trade " + std::to_string(symbol), trade_id)};
}

std::string Api::account_named(const Call& call) const {
  const std::string token{call.bearer_token()};
  if (token.empty()) return {};
  const std::string key_name = key_name_of(token);
  for (const Bearer& bearer : bearers_) {
    if (bearer.token == token) return engine_.accounts()[bearer.account].name;
  }
  for (const Key& key : keys_) {
    if (key.name == key_name) return engine_.accounts()[key.account].name;
  }
  return {};
}

std::optional<Api::Caller> Api::caller_of(std::string_view token, const std::vector<std::string>& uris,
                                          std::string& why) {
  const TimeUs time = now_();
  if (token.find('.') == std::string_view::npos) {
    if (uris.empty() && !rules_.streams_take_access_tokens) {
      why = "an access token for a stream, where a JSON Web Token is needed";
      return std::nullopt;
    }
    for (const Bearer& bearer : bearers_) {
      if (bearer.token != token) continue;
      if (bearer.expires == 0 || time < bearer.expires) return Caller{bearer.account, bearer.permissions};
      why = "the access token has expired";
      return std::nullopt;
    }
    why = "neither a token of three parts nor a known access token";
    return std::nullopt;
  }
  const Key* signer = nullptr;
  const auto key_of = [&](std::string_view name) -> PublicKey {
    for (const Key& key : keys_) {
      if (key.name == name && !key.is_revoked) signer = &key;
    }
    return signer == nullptr ? nullptr : signer->key;
  };
  const TokenVerdict verdict = check_token(token, {time, rules_.leeway, rules_.token_life_max, uris}, key_of);
  if (!verdict.token) {
    why = verdict.fault;
    return std::nullopt;
  }
  if (!uris.empty()) {  // each request has a token of its own; streams may send theirs again while it lives
    std::erase_if(nonces_, [&](const auto& seen) { return seen.second <= time; });
    if (!nonces_.emplace(signer->name + ' ' + verdict.token->nonce, verdict.token->expires).second) {
      why = "nonce was used before";
      return std::nullopt;
    }
  }
  return Caller{signer->account, signer->permissions};
}

Reply Api::perform(const Operation& operation, const Call& call) {
  std::optional<Caller> caller;
  Reply reply;
  std::int64_t most = limits_.settings().public_per_second;
  std::string who = "address " + call.address;
  if (operation.access != Access::Public) {
    std::vector<std::string> uris{call.method + ' ' + call.host + call.path};
    for (const std::string& host : rules_.hosts) uris.push_back(call.method + ' ' + host + call.path);
    std::string why = "no bearer token";
    if (!call.bearer_token().empty()) caller = caller_of(call.bearer_token(), uris, why);
    if (!caller) return unauthorized(std::move(why));
    most = limits_.settings().private_per_second;
    who = "user " + std::to_string(caller->account);
  }
  const std::int64_t left = limits_.left_after_one(who, most, now_());
  if (left < 0) {
    reply = too_many();
  } else if (caller && !(operation.access == Access::Trade ? caller->permissions.can_trade
                                                           : caller->permissions.can_view)) {
    reply = failure(403, "PERMISSION_DENIED", "Missing required scopes");
  } else if (operation.method == "POST" && !call.is_json) {
    reply = failure(400, "INVALID_ARGUMENT", "the body is no JSON object");
  } else {
    if (caller) last_permissions_ = caller->permissions;
    reply = (this->*operation.run)(call, caller ? caller->account : 0);
  }
  if (caller) reply.account = caller->account;
  reply.limit = most;
  reply.left = std::max<std::int64_t>(left, 0);
  return reply;
}

const Order& Api::order_of(const Ticket& ticket) const {
  return *engine_.order(ticket.account, ticket.symbol, ticket.number);
}

std::string Api::client_order_id_of(const Operation& operation, const Call& call) {
  const auto text = [](const json::value* value) {
    return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
  };
  if (operation.name == "order.place") return text(call.body.if_contains("client_order_id"));
  std::string order_id = call.id;
  if (operation.name == "order.edit") order_id = text(call.body.if_contains("order_id"));
  if (operation.name == "order.cancel") {
    const json::value* ids = call.body.if_contains("order_ids");
    if (ids != nullptr && ids->is_array() && !ids->get_array().empty()) order_id = text(&ids->get_array().front());
  }
  const Ticket* ticket = ledger_.find(order_id);
  return ticket == nullptr ? std::string{} : order_of(*ticket).client_order_id;
}

}  // namespace busbar::venue::coinbase
