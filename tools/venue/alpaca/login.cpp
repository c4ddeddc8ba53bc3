#include "tools/venue/alpaca/login.hpp"

namespace busbar::venue::alpaca {

namespace json = boost::json;

std::string_view Login::operation(const Request& request) const {
  if (request.method == "GET" && request.path == "/oauth/authorize") return "login.consent";
  if (request.method == "POST" && request.path == "/oauth/token") return "login.exchange";
  return {};
}

Reply Login::answer(const Request& request) {
  const bool is_consent = request.method == "GET";
  Fields fields;
  if (read(request, fields)) return Api::failure(422, 40010001, "invalid_request");
  if (is_consent) return ask_for_consent(fields);
  if (!request.header("content-type").starts_with("application/x-www-form-urlencoded")) {
    return Api::failure(422, 40010001, "invalid_request");
  }
  return exchange(fields);
}

// Who is not registered is shown a page and never sent anywhere.
Reply Login::ask_for_consent(const Fields& query) {
  const auto account = api_.engine().account_by_name(settings_.account);
  if (value_of(query, "client_id") != settings_.client_id || !account) {
    return Api::failure(401, 40110000, "invalid_client");
  }
  const std::string redirect_uri = value_of(query, "redirect_uri");
  if (!is_registered(redirect_uri)) return Api::failure(422, 40010001, "invalid redirect_uri");
  if (value_of(query, "response_type") != "code") return sent_back(query, "error=unsupported_response_type");
  const std::string scope = value_of(query, "scope");
  for (const std::string& one : scopes_in(scope)) {
    if (one != "account:write" && one != "trading" && one != "data") return sent_back(query, "error=invalid_scope");
  }
  if (std::exchange(declines, false)) return sent_back(query, "error=access_denied");
  const std::string code = api_.ledger().uuid("code", ++made_);
  codes_[code] = {*account, redirect_uri, scope, api_.now() + settings_.code_life};
  return sent_back(query, "code=" + code);
}

// A code works once, whatever comes of it.
Reply Login::exchange(const Fields& form) {
  if (!is_client(form)) return Api::failure(401, 40110000, "invalid_client");
  if (value_of(form, "grant_type") != "authorization_code") return Api::failure(422, 40010001, "unsupported_grant_type");
  const auto found = codes_.find(value_of(form, "code"));
  if (found == codes_.end()) return Api::failure(422, 40010001, "invalid_grant");
  const Grant grant = std::move(found->second);
  codes_.erase(found);
  if (api_.now() >= grant.expires || grant.redirect_uri != value_of(form, "redirect_uri")) {
    return Api::failure(422, 40010001, "invalid_grant");
  }
  const std::string token = api_.ledger().uuid("access token", ++made_);
  api_.bearers().push_back(
      {token, grant.account, has_scope(grant.scope, "trading"), has_scope(grant.scope, "data"), true});
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
