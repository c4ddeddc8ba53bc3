#include "tools/venue/coinbase/login.hpp"

#include <algorithm>

#include <boost/json/serialize.hpp>
#include <openssl/evp.h>

namespace busbar::venue::coinbase {
namespace {

namespace json = boost::json;

constexpr std::size_t state_min = 8;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                           hex_digit(text[i + 2]) >= 0;
    if (is_escape) {
      result += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      result += text[i] == '+' ? ' ' : text[i];
    }
  }
  return result;
}

std::string encoded(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
                          c == '_' || c == '.' || c == '~';
    if (is_plain) {
      result += c;
    } else {
      result += '%';
      result += "0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4];
      result += "0123456789ABCDEF"[static_cast<unsigned char>(c) & 15];
    }
  }
  return result;
}

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

Response json_response(unsigned status, const json::object& body) {
  Response response;
  response.status = status;
  response.body = json::serialize(body);
  return response;
}

Response refused(unsigned status, std::string_view error, std::string_view description) {
  return json_response(status, {{"error", error}, {"error_description", description}});
}

std::string value_of(const std::map<std::string, std::string, std::less<>>& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string{} : found->second;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> form_fields(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> fields;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    fields.emplace_back(decoded(pair.substr(0, equals)), decoded(pair.substr(std::min(equals + 1, pair.size()))));
  }
  return fields;
}

std::string Login::make_token(std::string_view kind) {
  const std::string name = std::string{kind} + std::to_string(seed_);
  ++made_;
  std::string token = api_.ledger().uuid(name, made_) + api_.ledger().uuid(name, made_, 1);
  std::erase(token, '-');
  return token;
}

std::optional<Response> Login::answer(const Request& request) {
  const auto fields = [](std::string_view text) {
    Fields result;
    for (auto& [name, value] : form_fields(text)) result.emplace(std::move(name), std::move(value));
    return result;
  };
  if (request.method == "GET" && request.path == "/oauth2/auth") return ask_for_consent(fields(request.query));
  if (request.method != "POST") return std::nullopt;
  if (request.path == "/oauth2/token") return exchange(fields(request.body));
  if (request.path != "/oauth2/revoke") return std::nullopt;
  const std::string token = value_of(fields(request.body), "token");
  refreshes_.erase(token);
  std::erase_if(api_.bearers(), [&](const Bearer& bearer) { return bearer.token == token; });
  return json_response(200, {});
}

Response Login::ask_for_consent(const Fields& query) {
  const std::string redirect_uri = value_of(query, "redirect_uri"), state = value_of(query, "state");
  const auto account = api_.engine().account_by_name(settings_.account);
  if (value_of(query, "client_id") != settings_.client_id || redirect_uri.empty() || !account) {
    return refused(400, "invalid_request", "client_id or redirect_uri is not valid");
  }
  const auto send_back = [&](const std::string& what) {
    Response response;
    response.status = 302;
    const char mark = redirect_uri.find('?') == std::string::npos ? '?' : '&';
    response.headers.emplace_back("Location", redirect_uri + mark + what + "&state=" + encoded(state));
    return response;
  };
  if (value_of(query, "response_type") != "code" || state.size() < state_min) {
    return send_back("error=invalid_request");
  }
  const std::string challenge = value_of(query, "code_challenge");
  if (!challenge.empty() && value_of(query, "code_challenge_method") != "S256") {
    return send_back("error=invalid_request");
  }
  if (std::exchange(declines, false)) return send_back("error=access_denied");
  const std::string code = make_token("code");
  codes_[code] = {*account, redirect_uri, challenge, value_of(query, "scope"), api_.now() + settings_.code_life};
  return send_back("code=" + code);
}

Response Login::exchange(const Fields& form) {
  if (value_of(form, "client_id") != settings_.client_id ||
      value_of(form, "client_secret") != settings_.client_secret) {
    return refused(401, "invalid_client", "Client authentication failed.");
  }
  const std::string type = value_of(form, "grant_type");
  const auto take = [](std::map<std::string, Grant>& grants, const std::string& name) -> std::optional<Grant> {
    const auto found = grants.find(name);
    if (found == grants.end()) return std::nullopt;
    Grant grant = std::move(found->second);
    grants.erase(found);  // whatever comes of it: it works once
    return grant;
  };
  constexpr std::string_view invalid = "The provided authorization grant is invalid, expired or revoked.";
  if (type == "authorization_code") {
    const auto grant = take(codes_, value_of(form, "code"));
    const std::string challenge = challenge_of(value_of(form, "code_verifier"));
    const bool is_good = grant && api_.now() < grant->expires &&
                         grant->redirect_uri == value_of(form, "redirect_uri") &&
                         (grant->challenge.empty() || grant->challenge == challenge);
    return is_good ? tokens_for(*grant) : refused(400, "invalid_grant", invalid);
  }
  if (type == "refresh_token") {
    const auto grant = take(refreshes_, value_of(form, "refresh_token"));
    return grant ? tokens_for(*grant) : refused(400, "invalid_grant", invalid);
  }
  return refused(400, "unsupported_grant_type", "The authorization grant type is not supported.");
}

Response Login::tokens_for(const Grant& grant) {
  const std::string access = make_token("access");
  api_.bearers().push_back({access, grant.account, {}, api_.now() + settings_.access_life});
  json::object body{{"access_token", access},
                    {"token_type", "bearer"},
                    {"expires_in", settings_.access_life / 1'000'000},
                    {"scope", grant.scope}};
  if (grant.scope.find("offline_access") != std::string::npos) {
    const std::string refresh = make_token("refresh");
    refreshes_[refresh] = grant;
    body["refresh_token"] = refresh;
  }
  return json_response(200, body);
}

}  // namespace busbar::venue::coinbase
