#include "gateways/framework/login/oauth.hpp"

#include <algorithm>

#include "gateways/framework/json_reader.hpp"
#include "gateways/framework/login/redirect.hpp"
#include "gateways/framework/query.hpp"

namespace busbar::login {

namespace {

namespace json = boost::json;

constexpr std::size_t answer_size_max = 64u << 10;
constexpr std::size_t token_size_max = 4096;
constexpr std::int64_t life_max_s = 10LL * 366 * 86'400;

using gateway::Params;

std::string form_of(const Client& client, Params params) {
  params.emplace_back("client_id", client.id.reveal());
  if (!client.secret.is_empty()) params.emplace_back("client_secret", client.secret.reveal());
  return gateway::query_of(params);
}

Error unreadable(std::string text) { return {ErrorCode::InvalidMessage, "the answer with the tokens: " + std::move(text)}; }

// As it will stand in a header: RFC 6750's characters are fewer still.
bool is_token(std::string_view text) {
  return text.size() <= token_size_max && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::string_view text_of(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  const json::string* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? std::string_view{*text} : std::string_view{};
}

// RFC 6749, section 5.2: all that it knows is about us. "temporarily_unavailable" and its like are not there.
bool is_final(std::string_view error) {
  constexpr std::string_view known[] = {"invalid_request",        "invalid_client",         "invalid_grant",
                                        "unauthorized_client",    "unsupported_grant_type", "invalid_scope",
                                        "access_denied"};
  return std::find(std::begin(known), std::end(known), error) != std::end(known);
}

Error refusal_of(unsigned status, std::string_view body) {
  const auto value = reading::parse_json(body, answer_size_max);
  const json::object* object = value ? value->if_object() : nullptr;
  std::string_view error = object != nullptr ? text_of(*object, "error") : std::string_view{};
  if (error.empty() && object != nullptr) error = text_of(*object, "message");  // of brokers whose errors all have one form
  if (status >= 500 || !is_final(error)) {
    return {status == 429 ? ErrorCode::RateLimited : ErrorCode::ConnectionError,
            "the token endpoint answers HTTP " + std::to_string(status)};
  }
  const std::string_view description = text_of(*object, "error_description");
  return {ErrorCode::AuthenticationFailed,
          "the broker says " + to_words(error) + (description.empty() ? "" : ": " + to_words(description.substr(0, 160)))};
}

}  // namespace

bool is_loopback(std::string_view redirect_uri) {
  constexpr std::string_view host = "http://127.0.0.1:";
  if (!redirect_uri.starts_with(host) || !redirect_uri.ends_with(callback_path)) return false;
  redirect_uri.remove_prefix(host.size());
  if (redirect_uri.size() < callback_path.size()) return false;
  const std::string_view port = redirect_uri.substr(0, redirect_uri.size() - callback_path.size());
  return !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string authorization_url(std::string_view authorize, const Client& client, std::string_view redirect_uri,
                              std::string_view scope, std::string_view state, std::string_view challenge) {
  const Params params{{"response_type", "code"},
                      {"client_id", std::string{client.id.reveal()}},
                      {"redirect_uri", std::string{redirect_uri}},
                      {"scope", std::string{scope}},
                      {"state", std::string{state}},
                      {"code_challenge", std::string{challenge}},
                      {"code_challenge_method", "S256"}};
  const char mark = authorize.find('?') == std::string_view::npos ? '?' : '&';
  return std::string{authorize} + mark + gateway::query_of(params);
}

std::string exchange_form(const Client& client, std::string_view code, std::string_view redirect_uri,
                          std::string_view verifier) {
  return form_of(client, {{"grant_type", "authorization_code"},
                          {"code", std::string{code}},
                          {"redirect_uri", std::string{redirect_uri}},
                          {"code_verifier", std::string{verifier}}});
}

std::string refresh_form(const Client& client, std::string_view refresh_token) {
  return form_of(client, {{"grant_type", "refresh_token"}, {"refresh_token", std::string{refresh_token}}});
}

std::string revocation_form(const Client& client, std::string_view token) {
  return form_of(client, {{"token", std::string{token}}});
}

Result<Tokens> tokens_of_answer(unsigned status, std::string_view body, Timestamp asked_at) {
  if (!is_well(status)) return refusal_of(status, body);
  const auto value = reading::parse_json(body, answer_size_max);
  const json::object* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return unreadable("no JSON object");
  reading::Complaint complaint;
  reading::Reader reader{*object, "answer", complaint};
  std::string type = reader.text("token_type");
  const auto life_s = reader.maybe_integer("expires_in");
  if (!complaint.text.empty()) return unreadable(complaint.text);
  std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::tolower(c); });
  if (type != "bearer") return unreadable("token_type is \"" + to_words(type) + "\", and bearer is wanted");
  const std::string_view access = text_of(*object, "access_token");
  const std::string_view refresh = text_of(*object, "refresh_token");
  if (access.empty() || !is_token(access)) return unreadable("access_token is no token");
  if (!is_token(refresh)) return unreadable("refresh_token is no token");
  if (!life_s && refresh.empty()) return Tokens{vault::Secret{access}, {}, 0};
  if (!life_s || *life_s < 1 || *life_s > life_max_s) return unreadable("expires_in is no time in seconds");
  return Tokens{vault::Secret{access}, vault::Secret{refresh}, asked_at + *life_s * 1'000'000'000};
}

Result<void> revocation_of_answer(unsigned status, std::string_view body) {
  return is_well(status) ? Result<void>{} : refusal_of(status, body);
}

}  // namespace busbar::login
