#include "tools/venue/binance/api_connection.hpp"

#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "tools/venue/binance/signature.hpp"

namespace busbar::venue::binance {
namespace {

namespace json = boost::json;

constexpr std::size_t subscriptions_max = 1'000;
constexpr std::int64_t subscriptions_in_life_max = 65'535;

}  // namespace

ApiConnection::ApiConnection(boost::asio::io_context& loop, std::shared_ptr<Socket> socket,
                             const ConnectionSettings& settings, Faults& faults, Api& api, Options options,
                             Perform perform)
    : Connection{loop, std::move(socket), settings, faults, api.now()}, api_{api}, options_{std::move(options)},
      perform_{std::move(perform)} {}

void ApiConnection::on_text(std::string text) {
  boost::system::error_code error;
  const json::value message = json::parse(text, error);
  const json::object* request = message.if_object();
  if (error || request == nullptr) {
    return answer(nullptr, Api::failure({-1135, "Invalid JSON Request"}), options_.shows_rate_limits);
  }
  const json::value* id = request->if_contains("id");
  const json::value* method = request->if_contains("method");
  const json::value* params = request->if_contains("params");
  const bool has_id = id != nullptr && (id->is_string() || id->is_int64() || id->is_uint64() || id->is_null());
  if (!has_id) return answer(nullptr, Api::failure({-1135, "Invalid JSON Request"}), options_.shows_rate_limits);
  if (method == nullptr || !method->is_string() || (params != nullptr && !params->is_object() && !params->is_null())) {
    return answer(*id, Api::failure({-1135, "Invalid JSON Request"}), options_.shows_rate_limits);
  }

  if (logged_on_ && api_.usable_key(logged_on_key_, options_.address) == nullptr) {
    end_session();
    return answer(nullptr, Api::failure({-2015, "Invalid API-key, IP, or permissions for action.", 401}), false);
  }
  Call call;
  if (params != nullptr && params->is_object()) call.params = Params::from_json(params->get_object());
  call.payload = call.params.sorted_payload();
  bool shows_rate_limits = options_.shows_rate_limits;
  if (call.params.has("returnRateLimits")) {
    shows_rate_limits = call.params.peek("returnRateLimits") != "false";
    call.params.forget("returnRateLimits");
  }
  call.api_key = call.params.peek("apiKey");
  call.params.forget("apiKey");
  call.address = options_.address;
  call.unit = options_.unit;
  call.session_account = logged_on_;
  if (logged_on_) call.session_key = logged_on_key_;

  const std::string name{method->get_string()};
  if (const Operation* operation = api_.by_name(name)) {
    Request arrived;
    arrived.realtime_ns = realtime_ns();
    arrived.boottime_ns = boottime_ns();
    return perform_(*operation, std::move(call), arrived, *this,
                    [weak = weak_from_this(), id = *id, shows_rate_limits](const Reply& reply) {
                      if (const auto self = std::static_pointer_cast<ApiConnection>(weak.lock())) {
                        self->answer(id, reply, shows_rate_limits);
                      }
                    });
  }
  answer(*id, session(name, call), shows_rate_limits);
}

void ApiConnection::answer(const json::value& id, const Reply& reply, bool shows_rate_limits) {
  json::object frame;
  frame["id"] = id;
  frame["status"] = reply.status;
  if (reply.code == 0) {
    frame["result"] = reply.body;
  } else {
    json::object error = reply.body.get_object();
    if (reply.retry_at != 0 && !error.contains("data")) {
      error["data"] = {{"serverTime", stamp(api_.now(), options_.unit)},
                       {"retryAfter", stamp(reply.retry_at, options_.unit)}};
    }
    frame["error"] = std::move(error);
  }
  if (shows_rate_limits) {
    json::array limits;
    if (reply.counts_orders && reply.account) limits = order_counts(api_.limits(), *reply.account, api_.now());
    limits.push_back(weight_limit(api_.limits(), options_.address, api_.now()));
    frame["rateLimits"] = std::move(limits);
  }
  send(json::serialize(frame));
}

json::object ApiConnection::status() const {
  const auto or_null = [&](bool is_there, json::value value) { return is_there ? std::move(value) : json::value{}; };
  return {{"apiKey", or_null(logged_on_.has_value(), json::value(logged_on_key_))},
          {"authorizedSince", or_null(logged_on_.has_value(), stamp(authorized_since_, options_.unit))},
          {"connectedSince", stamp(connected_since(), options_.unit)},
          {"returnRateLimits", options_.shows_rate_limits},
          {"serverTime", stamp(api_.now(), options_.unit)},
          {"userDataStream", !subscriptions_.empty()}};
}

Reply ApiConnection::subscribe(AccountId account) {
  const bool is_active =
      std::any_of(subscriptions_.begin(), subscriptions_.end(), [&](const auto& s) { return s.second == account; });
  if (is_active) return Api::failure({-2035, "User Data Stream subscription already active."});
  if (subscriptions_.size() >= subscriptions_max || next_subscription_ >= subscriptions_in_life_max) {
    return Api::failure({-2042, "Maximum subscription ID reached for this connection."});
  }
  const std::int64_t id = next_subscription_++;
  subscriptions_[id] = account;
  return {200, json::object{{"subscriptionId", id}}};
}

void ApiConnection::end_subscription(std::int64_t id) {
  subscriptions_.erase(id);
  if (session_subscription_ == id) session_subscription_.reset();
  const json::object event{{"e", "eventStreamTerminated"}, {"E", stamp(api_.now(), options_.unit)}};
  send(json::serialize(json::object{{"subscriptionId", id}, {"event", event}}));
}

void ApiConnection::end_session() {
  if (session_subscription_) end_subscription(*session_subscription_);
  logged_on_.reset();
}

// The methods that concern this connection and not the exchange.
Reply ApiConnection::session(std::string_view method, Call& call) {
  if (method.starts_with("v3/")) method.remove_prefix(3);
  if (const auto verdict = api_.limits().admit(options_.address, 2, api_.now());
      verdict.kind != Limits::Verdict::Pass) {
    return Api::too_many(verdict, api_.limits().settings());
  }
  Params& params = call.params;
  if (method == "session.logon") {
    call.session_account.reset();
    Reply proof = api_.authenticate(call, Security::Signed);
    if (proof.code != 0) return proof;
    const KeyKind kind = kind_of(api_.usable_key(call.api_key, options_.address)->secret);
    if (kind != KeyKind::Ed25519) {
      return Api::failure({-4056, kind == KeyKind::Rsa ? "RSA API key is not supported."
                                                       : "HMAC_SHA256 API key is not supported."});
    }
    logged_on_ = proof.account;
    logged_on_key_ = call.api_key;
    authorized_since_ = api_.now();
    return {200, status()};
  }
  if (method == "session.status") return {200, status()};
  if (method == "session.logout") {
    end_session();
    return {200, status()};
  }
  if (method == "session.subscriptions") {
    json::array list;
    for (const auto& [id, unused] : subscriptions_) list.push_back(json::object{{"subscriptionId", id}});
    return {200, std::move(list)};
  }
  if (method.starts_with("userDataStream.") && !api_.features().has_subscriptions) {
    return Api::failure({-1020, "This operation is not supported."});
  }
  if (method == "userDataStream.subscribe") {
    if (!logged_on_) return Api::failure({-1002, "You are not authorized to execute this request.", 401});
    Reply reply = subscribe(*logged_on_);
    if (reply.code == 0) session_subscription_ = next_subscription_ - 1;
    return reply;
  }
  if (method == "userDataStream.subscribe.signature") {
    call.session_account.reset();
    const Reply proof = api_.authenticate(call, Security::Signed);
    if (proof.code != 0) return proof;
    params.finish();
    return params.error() ? Api::failure(*params.error()) : subscribe(*proof.account);
  }
  if (method == "userDataStream.unsubscribe") {
    const auto id = params.integer("subscriptionId");
    params.finish();
    if (params.error()) return Api::failure(*params.error());
    if (id ? !subscriptions_.contains(*id) : subscriptions_.empty()) {
      return Api::failure({-2036, "User Data Stream subscription not active."});
    }
    if (id) end_subscription(*id);
    while (!id && !subscriptions_.empty()) end_subscription(subscriptions_.begin()->first);
    return {200, json::object{}};
  }
  return Api::failure({-1020, "This operation is not supported."});
}

void ApiConnection::on_event(AccountId account, const std::function<json::object(TimeUnit)>& shape, TimeUs now) {
  for (const auto& [id, subscribed] : subscriptions_) {
    if (subscribed != account) continue;
    json::value payload = shape(options_.unit);
    const std::string name = event_name(payload);
    send_event(
        "orders", name, std::move(payload),
        [id = id](json::value event) -> json::value {
          return {{"subscriptionId", id}, {"event", std::move(event)}};
        },
        now, api_.name_of(account));
  }
}

void ApiConnection::announce_shutdown(TimeUs now) {
  send(json::serialize(json::object{{"event", {{"e", "serverShutdown"}, {"E", stamp(now, options_.unit)}}}}));
}

}  // namespace busbar::venue::binance
