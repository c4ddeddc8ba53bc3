#include "tools/venue/binance/api.hpp"

#include <algorithm>

#include "tools/venue/amount.hpp"
#include "tools/venue/binance/signature.hpp"

namespace busbar::venue::binance {
namespace {

namespace json = boost::json;

bool is_key_format(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
}

Reply not_permitted() { return Api::failure({-2015, "Invalid API-key, IP, or permissions for action.", 401}); }

}  // namespace

Api::Api(Engine& engine, History& history, Limits& limits, std::vector<Key> keys, std::function<TimeUs()> now,
         OnEvents on_events, const Features& features, std::uint64_t seed)
    : engine_{engine}, history_{history}, limits_{limits}, keys_{std::move(keys)}, now_{std::move(now)},
      on_events_{std::move(on_events)}, features_{features}, listen_keys_{seed} {}

Reply Api::failure(const ApiError& error) {
  Reply reply;
  reply.status = error.status;
  reply.code = error.code;
  reply.retry_at = error.retry_at;
  reply.body = json::object{{"code", error.code}, {"msg", error.text}};
  return reply;
}

Reply Api::too_many(const Limits::Verdict& verdict, const LimitSettings& settings) {
  if (verdict.kind == Limits::Verdict::Banned) {
    return failure({-1003,
                    "Way too much request weight used; IP banned until " + std::to_string(verdict.retry_at / 1'000) +
                        ". Please use WebSocket Streams for live updates to avoid bans.",
                    418, verdict.retry_at});
  }
  return failure(
      {-1003,
       "Too much request weight used; current limit is " + std::to_string(settings.weight_per_minute) +
           " request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.",
       429, verdict.retry_at});
}

Reply Api::perform(const Operation& operation, Call& call) {
  const std::int64_t weight = operation.weight(call.params);
  const Limits::Verdict verdict = limits_.admit(call.address, weight, now_());
  if (verdict.kind != Limits::Verdict::Pass) return too_many(verdict, limits_.settings());
  AccountId account = 0;
  const bool is_signed_call = operation.security == Security::Signed || operation.security == Security::Trade;
  if (is_signed_call) {
    const Reply proof = authenticate(call, operation.security);
    if (proof.code != 0) return proof;
    account = *proof.account;
    if (operation.security == Security::Trade && !engine_.accounts()[account].may_trade) {
      const int code = operation.method == "DELETE" ? -2011 : -2010;
      return failure({code, "This account may not place or cancel orders."});
    }
  } else if (operation.security != Security::None) {
    for (const char* name : {"timestamp", "signature", "recvWindow"}) call.params.forget(name);
  }
  if (operation.security == Security::Stream) {
    const std::string& sent = call.api_key.empty() ? call.session_key : call.api_key;
    if (!is_key_format(sent)) return failure({-2014, "API-key format invalid.", 401});
    const Key* key = usable_key(sent, call.address);
    if (key == nullptr) return not_permitted();
    account = key->account;
  }
  Reply reply = (this->*operation.run)(call, account);
  if (is_signed_call) reply.account = account;
  if (operation.is_free_on_success && reply.code == 0) limits_.refund(call.address, weight, now_());
  if (!features_.has_newer_members) trim(reply.body);
  return reply;
}

const Key* Api::usable_key(std::string_view api_key, std::string_view address) const {
  const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const Key& k) { return k.api_key == api_key; });
  if (key == keys_.end() || key->is_revoked) return nullptr;
  const bool is_from_there = key->addresses.empty() ||
                             std::find(key->addresses.begin(), key->addresses.end(), address) != key->addresses.end();
  return is_from_there ? &*key : nullptr;
}

void Api::trim(json::value& body) const {
  if (json::array* list = body.if_array()) {
    for (json::value& element : *list) trim(element);
  } else if (json::object* object = body.if_object()) {
    for (const char* name : {"expiryReason", "eR", "preventedMatches", "otoAllowed", "opoAllowed", "amendAllowed",
                             "pegInstructionsAllowed", "permissionSets", "preventSor", "uid"}) {
      object->erase(name);
    }
    for (auto& member : *object) trim(member.value());
  }
}

Reply Api::authenticate(Call& call, Security security) {
  Params& params = call.params;
  const bool by_session = call.session_account && !params.has("signature");
  if (!by_session) {
    if (!is_key_format(call.api_key)) return failure({-2014, "API-key format invalid.", 401});
    params.required_text("signature");
  }
  const std::int64_t timestamp = params.required_integer("timestamp");
  const std::optional<std::string> window_text = params.text("recvWindow");
  if (params.error()) return failure(*params.error());

  const Key* key = usable_key(by_session ? call.session_key : call.api_key, call.address);
  Reply proof;
  proof.account = call.session_account;
  if (!by_session) {
    if (key == nullptr) return not_permitted();
    if (!is_signed(key->secret, call.payload, params.peek("signature"))) {
      return failure({-1022, "Signature for this request is not valid."});
    }
    proof.account = key->account;
  }
  if (key == nullptr || (security == Security::Trade && !key->may_trade)) return not_permitted();

  TimeUs window = 5'000'000;
  if (window_text) {
    const auto milliseconds = Decimal::parse(*window_text);
    if (!milliseconds || milliseconds->is_negative() || milliseconds->normalized().exponent() < -3) {
      return failure(
          {-1100, "Illegal characters found in parameter 'recvWindow'; legal range is '^\\d{1,5}(\\.\\d{1,3})?$'."});
    }
    if (*milliseconds > Decimal{60'000, 0}) {
      return failure({-1102, "'recvWindow' contains unexpected value. Cannot be greater than 60000."});
    }
    const Decimal micros = times(*milliseconds, Decimal{1'000, 0}).normalized();
    window = micros.mantissa();
    for (int exponent = micros.exponent(); exponent > 0; --exponent) window *= 10;
  }
  const TimeUs sent = from_stamp(timestamp);
  const TimeUs server = now_();
  if (sent >= server + 1'000'000) {
    return failure({-1021, "Timestamp for this request was 1000ms ahead of the server's time."});
  }
  if (server - sent > window) return failure({-1021, "Timestamp for this request is outside of the recvWindow."});
  return proof;
}

void Api::publish(const Events& events) { on_events_(events); }

std::optional<SymbolId> Api::symbol(Params& params, bool is_required) {
  const std::optional<std::string> name =
      is_required ? std::optional{params.required_text("symbol")} : params.text("symbol");
  if (!name || params.error()) return std::nullopt;
  const auto id = engine_.symbol_by_name(*name);
  if (!id) {
    const bool is_legal =
        name->size() <= 20 && std::all_of(name->begin(), name->end(), [](char c) {
          return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c < 0;
        });
    if (is_legal) params.refuse(-1121, "Invalid symbol.");
    else params.refuse(-1100, "Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'.");
  }
  return id;
}

// One by `symbol`, some by `symbols`, or all.
std::vector<SymbolId> Api::symbols(Params& params, bool& is_single) {
  is_single = false;
  if (params.has("symbol") && params.has("symbols")) {
    params.refuse(-1128, "Combination of optional parameters invalid.");
    return {};
  }
  if (const auto one = symbol(params, false)) {
    is_single = true;
    return {*one};
  }
  std::vector<SymbolId> result;
  if (const auto names = params.list("symbols")) {
    for (const std::string& name : *names) {
      const auto id = engine_.symbol_by_name(name);
      if (!id) {
        params.refuse(-1121, "Invalid symbol.");
      } else if (std::find(result.begin(), result.end(), *id) != result.end()) {
        params.refuse(-1151, "Symbol is present multiple times in the list.");
      } else {
        result.push_back(*id);
      }
    }
    return result;
  }
  for (SymbolId id = 0; id < engine_.symbol_count(); ++id) result.push_back(id);
  return result;
}

Reply Api::ping(Call& call, AccountId) {
  call.params.finish_none();
  if (call.params.error()) return failure(*call.params.error());
  return {200, json::object{}};
}

Reply Api::time(Call& call, AccountId) {
  call.params.finish_none();
  if (call.params.error()) return failure(*call.params.error());
  return {200, json::object{{"serverTime", stamp(now_(), call.unit)}}};
}

Reply Api::exchange_info(Call& call, AccountId) {
  Params& params = call.params;
  bool is_single = false;
  const bool names_symbols = params.has("symbol") || params.has("symbols");
  const std::vector<SymbolId> ids = symbols(params, is_single);
  std::vector<std::string> permissions{"SPOT"};
  if (params.has("permissions")) {
    if (params.peek("permissions").starts_with('[')) permissions = params.list("permissions").value_or(permissions);
    else permissions = {params.required_text("permissions")};
    if (names_symbols) params.refuse(-1128, "Combination of optional parameters invalid.");
  }
  // An older market has not read what it does not know, and says so.
  const bool shows_permissions = !features_.has_newer_members || params.flag("showPermissionSets").value_or(true);
  const auto status_name = params.text("symbolStatus");
  const auto status = status_name ? symbol_status_named(*status_name) : std::nullopt;
  if (status_name && !status) params.refuse(-1122, "Invalid symbolStatus.");
  if (status_name && names_symbols) params.refuse(-1128, "Combination of optional parameters invalid.");
  params.finish();
  if (params.error()) return failure(*params.error());

  json::array list;
  const bool is_spot = std::find(permissions.begin(), permissions.end(), "SPOT") != permissions.end();
  for (const SymbolId id : ids) {
    if (!is_spot || (status && engine_.symbol(id).status != *status)) continue;
    list.push_back(symbol_info(engine_.symbol(id), shows_permissions, features_.has_older_filters));
  }
  return {200, json::object{{"timezone", "UTC"},
                            {"serverTime", stamp(now_(), call.unit)},
                            {"rateLimits", rate_limits(limits_.settings())},
                            {"exchangeFilters", json::array{}},
                            {"symbols", std::move(list)}}};
}

// This venue has no futures; an SDK that asks for all markets learns so.
Reply Api::no_contracts(Call& call, AccountId) {
  return {200, json::object{{"timezone", "UTC"},
                            {"serverTime", stamp(now_(), call.unit)},
                            {"rateLimits", json::array{}},
                            {"exchangeFilters", json::array{}},
                            {"assets", json::array{}},
                            {"symbols", json::array{}}}};
}

Reply Api::nothing(Call&, AccountId) { return {200, json::array{}}; }

}  // namespace busbar::venue::binance
