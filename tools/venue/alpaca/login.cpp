#include "tools/venue/alpaca/login.hpp"

#include <algorithm>

#include "tools/venue/form.hpp"

namespace busbar::venue::alpaca {
namespace {

namespace json = boost::json;

std::string field_of(const std::map<std::string, std::string, std::less<>>& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string{} : found->second;
}

// Between blanks.
std::vector<std::string> scopes_of(const std::string& text) {
  std::vector<std::string> scopes;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (end > begin) scopes.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return scopes;
}

bool is_among(const std::vector<std::string>& scopes, std::string_view scope) {
  return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
}

}  // namespace

std::string_view Login::operation(const Request& request) const {
  if (request.method == "GET" && request.path == "/oauth/authorize") return "login.consent";
  if (request.method == "POST" && request.path == "/oauth/token") return "login.exchange";
  return {};
}

Reply Login::answer(const Request& request) {
  const bool is_consent = request.method == "GET";
  Fields fields;
  for (auto& [name, value] : form_fields(is_consent ? request.query : request.body)) {
    if (!fields.emplace(name, std::move(value)).second) return Api::failure(422, 40010001, "invalid_request");
  }
  if (is_consent) return ask_for_consent(fields);
  if (!request.header("content-type").starts_with("application/x-www-form-urlencoded")) {
    return Api::failure(422, 40010001, "invalid_request");
  }
  return exchange(fields);
}

// Who is not registered is shown a page and never sent anywhere.
Reply Login::ask_for_consent(const Fields& query) {
  const std::string redirect_uri = field_of(query, "redirect_uri"), state = field_of(query, "state");
  const auto account = api_.engine().account_by_name(settings_.account);
  const bool is_known = std::any_of(settings_.redirect_uris.begin(), settings_.redirect_uris.end(), [&](const auto& uri) {
    return without_loopback_port(uri) == without_loopback_port(redirect_uri);
  });
  if (field_of(query, "client_id") != settings_.client_id || !account) {
    return Api::failure(401, 40110000, "invalid_client");
  }
  if (!is_known) return Api::failure(422, 40010001, "invalid redirect_uri");
  const auto send_back = [&](const std::string& what) {
    Reply reply;
    reply.status = 302;
    const char mark = redirect_uri.find('?') == std::string::npos ? '?' : '&';
    reply.location = redirect_uri + mark + what;
    if (!state.empty()) reply.location += "&state=" + encoded(state);
    return reply;
  };
  if (field_of(query, "response_type") != "code") return send_back("error=unsupported_response_type");
  const std::string scope = field_of(query, "scope");
  for (const std::string& one : scopes_of(scope)) {
    if (one != "account:write" && one != "trading" && one != "data") return send_back("error=invalid_scope");
  }
  if (std::exchange(declines, false)) return send_back("error=access_denied");
  const std::string code = api_.ledger().uuid("code", ++made_);
  codes_[code] = {*account, redirect_uri, scope, api_.now() + settings_.code_life};
  return send_back("code=" + code);
}

// A code works once, whatever comes of it.
Reply Login::exchange(const Fields& form) {
  const bool is_client = field_of(form, "client_id") == settings_.client_id &&
                         field_of(form, "client_secret") == settings_.client_secret;
  if (!is_client) return Api::failure(401, 40110000, "invalid_client");
  if (field_of(form, "grant_type") != "authorization_code") return Api::failure(422, 40010001, "unsupported_grant_type");
  const auto found = codes_.find(field_of(form, "code"));
  if (found == codes_.end()) return Api::failure(422, 40010001, "invalid_grant");
  const Grant grant = std::move(found->second);
  codes_.erase(found);
  if (api_.now() >= grant.expires || grant.redirect_uri != field_of(form, "redirect_uri")) {
    return Api::failure(422, 40010001, "invalid_grant");
  }
  const std::string token = api_.ledger().uuid("access token", ++made_);
  const auto scopes = scopes_of(grant.scope);
  api_.bearers().push_back({token, grant.account, is_among(scopes, "trading"), is_among(scopes, "data"), true});
  Reply reply;
  reply.account = grant.account;
  reply.body = json::object{{"access_token", token}, {"token_type", "bearer"}, {"scope", grant.scope}};
  return reply;
}

void Login::withdraw() {
  codes_.clear();
  std::erase_if(api_.bearers(), [](const Bearer& bearer) { return bearer.is_of_login; });
}

}  // namespace busbar::venue::alpaca
