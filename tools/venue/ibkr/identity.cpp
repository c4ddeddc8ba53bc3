#include "tools/venue/ibkr/identity.hpp"

#include <algorithm>

#include <boost/json/object.hpp>

#include "tools/venue/form.hpp"
#include "tools/venue/ibkr/numbers.hpp"

namespace busbar::venue::ibkr {
namespace {

namespace json = boost::json;

constexpr std::size_t nonce_max = 128;

std::string member(const std::map<std::string, std::string>& members, const std::string& name) {
  const auto found = members.find(name);
  return found == members.end() ? std::string{} : found->second;
}

std::string field(const Fields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

Reply refused(unsigned status, std::string_view error) {
  Reply reply;
  reply.status = status;
  reply.body = json::object{{"error", error}};
  if (status >= 400) reply.body.as_object()["statusCode"] = status;
  reply.refusal = error;
  return reply;
}

Reply unauthorized(std::string why) {
  Reply reply = refused(401, "not authenticated");
  reply.refusal = std::move(why);
  return reply;
}

std::string_view Identity::operation(std::string_view path) {
  if (path == "/authorize" || path == "/v1/api/oauth/authorize") return "oauth.authorize";
  if (path == "/v1/api/oauth/request_token") return "oauth.request_token";
  if (path == "/v1/api/oauth/access_token") return "oauth.access_token";
  if (path == "/v1/api/oauth/live_session_token") return "oauth.live_session_token";
  return {};
}

Consumer* Identity::consumer_named(const std::string& key) {
  for (Consumer& consumer : consumers_) {
    if (consumer.key == key) return &consumer;
  }
  return nullptr;
}

const AccessToken* Identity::token_named(std::string_view token) const {
  for (const AccessToken& known : tokens_) {
    if (known.token == token) return &known;
  }
  return nullptr;
}

std::optional<UserId> Identity::user_named(const Request& request) const {
  const auto members = members_of(request.header("authorization"));
  if (!members) return std::nullopt;
  const AccessToken* token = token_named(member(*members, "oauth_token"));
  return token == nullptr ? std::nullopt : std::optional{token->user};
}

std::string Identity::fault_of(const Members& members) {
  const std::string nonce = member(members, "oauth_nonce"), stamp = member(members, "oauth_timestamp"),
                    consumer = member(members, "oauth_consumer_key");
  if (members.contains("oauth_version")) return "oauth_version is not known here";
  if (nonce.empty() || nonce.size() > nonce_max) return "oauth_nonce is missing, or too long";
  if (nonce.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos) {
    return "oauth_nonce is not of letters and digits alone";
  }
  const auto stamped = integer_from(stamp);
  if (!stamped) return "oauth_timestamp is no number";
  const std::int64_t seconds = *stamped;
  if (seconds < 0 || seconds > 100'000'000'000) return "oauth_timestamp is not in seconds";
  const TimeUs now = now_();
  if (std::abs(seconds * second - now) > rules_.leeway) return "oauth_timestamp is too far from the clock";
  std::int64_t& newest = newest_[consumer];
  if ((newest - seconds) * second > rules_.backward) return "oauth_timestamp runs backwards";
  std::erase_if(nonces_, [&](const auto& seen) { return seen.second + 2 * rules_.leeway < now; });
  if (!nonces_.emplace(consumer + ' ' + nonce, now).second) return "oauth_nonce was used before";
  newest = std::max(newest, seconds);
  return {};
}

std::vector<std::string> Identity::signed_texts(const Request& request, const Members& members) const {
  Fields list;
  for (const auto& each : members) {
    if (each.first != "realm" && each.first != "oauth_signature") list.push_back(each);
  }
  if (request.header("content-type").starts_with("application/x-www-form-urlencoded")) {
    for (auto& each : form_fields(request.body)) list.push_back(std::move(each));
  }
  Fields with_query = list;
  for (auto& each : form_fields(request.query)) with_query.push_back(std::move(each));
  std::vector<std::string> hosts = rules_.hosts, texts;
  hosts.insert(hosts.begin(), std::string{request.header("host")});
  for (const std::string& host : hosts) {
    const std::string url = "https://" + host + request.path;
    texts.push_back(base_string(request.method, url, with_query));
    if (!rules_.is_query_signed && !request.query.empty()) texts.push_back(base_string(request.method, url, list));
  }
  return texts;
}

bool Identity::is_signed(const Request& request, const Members& members, const Consumer& consumer,
                         const std::string& prepend) const {
  const auto texts = signed_texts(request, members);
  return std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
    return is_signed_by(consumer.signature_key.get(), member(members, "oauth_signature"), prepend + text);
  });
}

std::optional<UserId> Identity::caller_of(const Request& request, std::string& why) {
  const auto refuse = [&](const char* reason) {
    why = reason;
    return std::nullopt;
  };
  const auto members = members_of(request.header("authorization"));
  if (!members) return refuse("no Authorization header of OAuth, or one that is malformed");
  Consumer* consumer = consumer_named(member(*members, "oauth_consumer_key"));
  if (consumer == nullptr || consumer->is_revoked) return refuse("oauth_consumer_key is nobody's");
  const std::string_view realm = consumer->key == "TESTCONS" ? "test_realm" : "limited_poa";
  if (member(*members, "realm") != realm) return refuse("realm is wrong");
  if (member(*members, "oauth_signature_method") != "HMAC-SHA256") return refuse("oauth_signature_method is wrong");
  const AccessToken* token = token_named(member(*members, "oauth_token"));
  if (token == nullptr || token->is_revoked || &consumers_[token->consumer] != consumer) {
    return refuse("oauth_token is no access token of this consumer");
  }
  if (token->live.empty() || now_() >= token->live_until) return refuse("there is no live session token, or it has run out");
  const std::string signature = member(*members, "oauth_signature");
  const auto texts = signed_texts(request, *members);
  const bool is_right = std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
    return hmac_sha256(token->live, text) == signature;
  });
  if (!is_right) return refuse("oauth_signature does not verify");
  if (std::string fault = fault_of(*members); !fault.empty()) {
    why = std::move(fault);
    return std::nullopt;
  }
  return token->user;
}

Reply Identity::answer(const Request& request) {
  if (operation(request.path) == "oauth.authorize") return authorize(request);
  if (request.method != "POST") return refused(405, "Method Not Allowed");
  const auto members = members_of(request.header("authorization"));
  if (!members) return unauthorized("no Authorization header of OAuth, or one that is malformed");
  Consumer* consumer = consumer_named(member(*members, "oauth_consumer_key"));
  if (consumer == nullptr || consumer->is_revoked || consumer->is_pending) {
    return refused(401, "id: 39687, error: invalid consumer");
  }
  const std::string_view realm = consumer->key == "TESTCONS" ? "test_realm" : "limited_poa";
  if (member(*members, "realm") != realm) return unauthorized("realm is wrong");
  if (member(*members, "oauth_signature_method") != "RSA-SHA256") return unauthorized("oauth_signature_method is wrong");
  const auto index = static_cast<std::size_t>(consumer - consumers_.data());
  AccessToken* token = nullptr;
  std::string prepend;
  const bool is_last = operation(request.path) == "oauth.live_session_token";
  if (is_last) {
    for (AccessToken& known : tokens_) {
      if (known.token == member(*members, "oauth_token") && known.consumer == index && !known.is_revoked) token = &known;
    }
    if (token == nullptr) return refused(401, "LST failed, error: No access secret key found");
    prepend = hex_of(token->secret);
  }
  if (!is_signed(request, *members, *consumer, prepend)) return unauthorized("oauth_signature does not verify");
  if (std::string fault = fault_of(*members); !fault.empty()) return unauthorized(std::move(fault));
  if (is_last) return live_session_token(*members, *token);
  if (operation(request.path) == "oauth.request_token") return request_token(*members, index);
  return access_token(*members, index);
}

Reply Identity::request_token(const Members& members, std::size_t consumer) {
  const std::string callback = member(members, "oauth_callback");
  if (callback.empty()) return refused(400, "oauth_callback is missing");
  const std::string token = hex_of(random_bytes(10));
  logins_[token] = {consumer, callback, {}};
  Reply reply;
  reply.body = json::object{{"oauth_token", token}};
  return reply;
}

// The user's browser: whoever comes here is logged in, and says yes unless told otherwise.
Reply Identity::authorize(const Request& request) {
  const Fields query = form_fields(request.query);
  const std::string token = field(query, "oauth_token");
  const auto login = logins_.find(token);
  if (login == logins_.end()) return refused(400, "oauth_token is not known");
  std::string target = field(query, "redirect_uri");
  if (target.empty()) target = login->second.callback;
  Reply reply;
  if (rules_.declines) {
    rules_.declines = false;
    logins_.erase(login);
    reply.refusal = "the user declined";
    reply.text = "<html><body>Access was denied.</body></html>";
    return reply;
  }
  login->second.verifier = hex_of(random_bytes(10));
  if (target == "oob") {  // to be typed over
    reply.text = "<html><body>Verifier: " + login->second.verifier + "</body></html>";
    return reply;
  }
  const std::string loopback = without_loopback_port(target);
  const bool is_home = loopback.starts_with("http://127.0.0.1") || loopback.starts_with("http://localhost") ||
                       target == login->second.callback;
  if (!is_home || target.find_first_of("\r\n ") != std::string::npos) return refused(400, "redirect_uri is not allowed");
  reply.status = 302;
  reply.location = target + (target.find('?') == std::string::npos ? '?' : '&') + "oauth_token=" + token +
                   "&oauth_verifier=" + login->second.verifier;
  return reply;
}

Reply Identity::access_token(const Members& members, std::size_t consumer) {
  const auto login = logins_.find(member(members, "oauth_token"));
  const bool is_right = login != logins_.end() && login->second.consumer == consumer &&
                        !login->second.verifier.empty() && login->second.verifier == member(members, "oauth_verifier");
  if (!is_right) return refused(401, "invalid verifier");
  logins_.erase(login);
  const Consumer& owner = consumers_[consumer];
  AccessToken token{hex_of(random_bytes(10)), random_bytes(32), consumer, owner.user, false, {}, 0};
  Reply reply;
  reply.body = json::object{{"is_paper", true},
                            {"oauth_token", token.token},
                            {"oauth_token_secret", encrypted(owner.encryption_key.get(), token.secret)}};
  tokens_.push_back(std::move(token));
  return reply;
}

Reply Identity::live_session_token(const Members& members, AccessToken& token) {
  const Consumer& consumer = consumers_[token.consumer];
  auto agreement = agree(member(members, "diffie_hellman_challenge"), consumer.dh_prime, token.secret);
  if (!agreement) return refused(400, "diffie_hellman_challenge is invalid");
  token.live = std::move(agreement->token);
  token.live_until = now_() + rules_.live_life;
  Reply reply;
  reply.body = json::object{{"diffie_hellman_response", agreement->response},
                            {"live_session_token_signature", token_signature(token.live, consumer.key)},
                            {"live_session_token_expiration", token.live_until / 1'000}};
  return reply;
}

}  // namespace busbar::venue::ibkr
