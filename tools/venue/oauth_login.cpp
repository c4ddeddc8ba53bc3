#include "tools/venue/oauth_login.hpp"

#include <algorithm>

#include "tools/venue/form.hpp"

namespace busbar::venue {

std::optional<std::string> OAuthLogin::read(const Request& request, Fields& fields) {
  for (auto& [name, value] : form_fields(request.method == "GET" ? request.query : request.body)) {
    if (!fields.emplace(name, std::move(value)).second) return name;
  }
  return std::nullopt;
}

std::string OAuthLogin::value_of(const Fields& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string{} : found->second;
}

bool OAuthLogin::is_client(const Fields& form) {
  return value_of(form, "client_id") == settings().client_id &&
         value_of(form, "client_secret") == settings().client_secret;
}

bool OAuthLogin::is_registered(std::string_view redirect_uri) {
  const std::string wanted = without_loopback_port(redirect_uri);
  const auto& all = settings().redirect_uris;
  return std::any_of(all.begin(), all.end(),
                     [&](const std::string& known) { return without_loopback_port(known) == wanted; });
}

RestReply OAuthLogin::sent_back(const Fields& query, const std::string& what) {
  const std::string redirect_uri = value_of(query, "redirect_uri"), state = value_of(query, "state");
  RestReply reply;
  reply.status = 302;
  reply.location = redirect_uri + (redirect_uri.find('?') == std::string::npos ? '?' : '&') + what;
  if (!state.empty()) reply.location += "&state=" + encoded(state);
  return reply;
}

std::vector<std::string> scopes_in(std::string_view text, std::string_view between) {
  std::vector<std::string> scopes;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(between), text.size());
    if (end > 0) scopes.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return scopes;
}

bool has_scope(std::string_view text, std::string_view wanted, std::string_view between) {
  const auto scopes = scopes_in(text, between);
  return wanted.empty() || std::find(scopes.begin(), scopes.end(), wanted) != scopes.end();
}

}  // namespace busbar::venue
