#include "tools/venue/coinbase/login.hpp"

#include <algorithm>

#include <boost/json/serialize.hpp>
#include <openssl/evp.h>

#include "tools/venue/form.hpp"

namespace busbar::venue::coinbase {
namespace {

namespace json = boost::json;

constexpr std::size_t state_min = 8;
constexpr std::string_view between_scopes = ", ";  // the broker's commas, the standard's blanks

// S256 of RFC 7636.
std::string challenge_of(std::string_view verifier) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(verifier.data(), verifier.size(), digest, &size, EVP_sha256(), nullptr);
  std::string text((size + 2) / 3 * 4, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), digest, static_cast<int>(size));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  return text;
}

// The characters and lengths of RFC 7636, section 4.1, which are a challenge's, too.
bool is_pkce_text(std::string_view text) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  return text.size() >= 43 && text.size() <= 128 && text.find_first_not_of(plain) == text.npos;
}

Reply refused(unsigned status, std::string_view error, std::string_view description) {
  Reply reply;
  reply.status = status;
  reply.body = json::object{{"error", error}, {"error_description", description}};
  reply.refusal = description;
  return reply;
}

constexpr std::string_view invalid_grant =
    "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the "
    "authorization request, or was issued to another client.";

}  // namespace

std::string Login::make_token(std::string_view kind) {
  const std::string name = std::string{kind} + std::to_string(seed_);
  ++made_;
  std::string token = api_.ledger().uuid(name, made_) + api_.ledger().uuid(name, made_, 1);
  std::erase(token, '-');
  return token;
}

std::string_view Login::operation(const Request& request) const {
  if (request.method == "GET" && request.path == "/oauth2/auth") return "login.consent";
  if (request.method != "POST") return {};
  if (request.path == "/oauth2/revoke") return "login.revoke";
  if (request.path != "/oauth2/token") return {};
  for (const auto& [name, value] : form_fields(request.body)) {
    if (name == "grant_type" && value == "refresh_token") return "login.refresh";
  }
  return "login.exchange";
}

Reply Login::answer(const Request& request) {
  const bool is_consent = request.method == "GET";
  Fields fields;
  if (const auto twice = read(request, fields)) {
    return refused(400, "invalid_request", "The request includes the parameter " + *twice + " more than once.");
  }
  if (is_consent) return ask_for_consent(fields);
  if (!request.header("content-type").starts_with("application/x-www-form-urlencoded")) {
    return refused(400, "invalid_request", "The body must be application/x-www-form-urlencoded.");
  }
  if (!is_client(fields)) {
    return refused(401, "invalid_client",
                   "Client authentication failed due to unknown client, no client authentication included, or "
                   "unsupported authentication method.");
  }
  return request.path == "/oauth2/token" ? exchange(fields) : revoke(value_of(fields, "token"));
}

Reply Login::ask_for_consent(const Fields& query) {
  const std::string redirect_uri = value_of(query, "redirect_uri"), state = value_of(query, "state");
  const auto account = api_.engine().account_by_name(settings_.account);
  if (value_of(query, "client_id") != settings_.client_id || !account) {
    return refused(401, "invalid_client", "The requested OAuth 2.0 Client does not exist.");
  }
  if (!is_registered(redirect_uri)) {  // never sent there: who knows whose it is
    return refused(400, "invalid_request", "The redirect uri included is not valid.");
  }
  const auto send_refusal = [&](std::string_view error, std::string_view description) {
    return sent_back(query, "error=" + std::string{error} + "&error_description=" + encoded(description));
  };
  if (value_of(query, "response_type") != "code") {
    return send_refusal("unsupported_response_type", "The only response type is code.");
  }
  if (state.size() < state_min) {
    return send_refusal("invalid_state", "The state must be at least 8 characters long.");
  }
  const std::string challenge = value_of(query, "code_challenge");
  if (challenge.empty() ? settings_.is_pkce_needed
                        : value_of(query, "code_challenge_method") != "S256" || !is_pkce_text(challenge)) {
    return send_refusal("invalid_request", "A code_challenge of the code_challenge_method S256 is needed.");
  }
  const std::string scope = value_of(query, "scope");
  for (const std::string& one : scopes_in(scope, between_scopes)) {
    if (one == "offline_access" || one.starts_with("wallet:")) continue;
    return send_refusal("invalid_scope", "The requested scope is invalid, unknown, or malformed.");
  }
  if (std::exchange(declines, false)) return send_refusal("access_denied", "The resource owner denied the request.");
  const std::string code = make_token("code");
  codes_[code] = {++consents_, *account, redirect_uri, challenge, scope, api_.now() + settings_.code_life};
  return sent_back(query, "code=" + code);
}

// Whatever comes of it: it works once.
std::optional<Login::Grant> Login::take(Grants& grants, const std::string& name) const {
  const auto found = grants.find(name);
  if (found == grants.end()) return std::nullopt;
  Grant grant = std::move(found->second);
  grants.erase(found);
  if (api_.now() >= grant.expires) return std::nullopt;
  return grant;
}

Reply Login::exchange(const Fields& form) {
  const std::string type = value_of(form, "grant_type");
  if (type == "authorization_code") {
    const auto grant = take(codes_, value_of(form, "code"));
    const std::string verifier = value_of(form, "code_verifier");
    const bool is_proven = grant && (grant->challenge.empty() ||
                                     (is_pkce_text(verifier) && grant->challenge == challenge_of(verifier)));
    if (!is_proven || grant->redirect_uri != value_of(form, "redirect_uri")) {
      return refused(400, "invalid_grant", invalid_grant);
    }
    return tokens_for(*grant);
  }
  if (type == "refresh_token") {
    const auto grant = take(refreshes_, value_of(form, "refresh_token"));
    return grant ? tokens_for(*grant) : refused(401, "invalid_grant", invalid_grant);  // the broker's status for it
  }
  return refused(400, "unsupported_grant_type",
                 "The authorization grant type is not supported by the authorization server.");
}

Reply Login::tokens_for(const Grant& grant) {
  const std::string access = make_token("access");
  const Permissions permissions{has_scope(grant.scope, settings_.view_scope, between_scopes),
                                has_scope(grant.scope, settings_.trade_scope, between_scopes), false};
  api_.bearers().push_back({access, grant.account, permissions, api_.now() + settings_.access_life, grant.number});
  Reply reply;
  reply.account = grant.account;
  json::object body{{"access_token", access},
                    {"token_type", "bearer"},
                    {"expires_in", settings_.access_life / 1'000'000},
                    {"scope", grant.scope}};
  if (has_scope(grant.scope, "offline_access", between_scopes)) {
    const std::string refresh = make_token("refresh");
    refreshes_[refresh] = grant;
    refreshes_[refresh].expires = api_.now() + settings_.refresh_life;
    body["refresh_token"] = refresh;
  }
  reply.body = std::move(body);
  return reply;
}

// Well in any case (RFC 7009). With a refresh token goes all that its consent brought.
Reply Login::revoke(const std::string& token) {
  const auto refresh = refreshes_.find(token);
  const std::uint64_t grant = refresh == refreshes_.end() ? 0 : refresh->second.number;
  std::erase_if(api_.bearers(), [&](const Bearer& bearer) {
    return bearer.token == token || (grant != 0 && bearer.grant == grant);
  });
  refreshes_.erase(token);
  Reply reply;
  reply.body = json::object{};
  return reply;
}

void Login::withdraw() {
  codes_.clear();
  refreshes_.clear();
  std::erase_if(api_.bearers(), [](const Bearer& bearer) { return bearer.grant != 0; });
}

void Login::end_refresh_tokens() {
  for (auto& [name, grant] : refreshes_) grant.expires = api_.now();
}

}  // namespace busbar::venue::coinbase
