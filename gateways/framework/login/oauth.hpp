#pragma once
// OAuth 2.0 in words (RFC 6749, 7636): what a browser and the token endpoint are asked, and what the answers mean. Pure.

#include <string>
#include <string_view>

#include "gateways/framework/login/tokens.hpp"

namespace busbar::login {

// "http://127.0.0.1:41234/callback": the one place where our logins end. Anything else would give a code to somebody else.
inline constexpr std::string_view callback_path = "/callback";
bool is_loopback(std::string_view redirect_uri);

struct Client {
  vault::Secret id;
  vault::Secret secret;  // empty with brokers that give none out
};

std::string authorization_url(std::string_view authorize, const Client& client, std::string_view redirect_uri,
                              std::string_view scope, std::string_view state, std::string_view challenge);

// Forms for the token endpoint, and for the one where tokens are given back (RFC 7009). Whoever sends them keeps
// `secret_parameters` and `secret_members` off the tape.
std::string exchange_form(const Client& client, std::string_view code, std::string_view redirect_uri,
                          std::string_view verifier);
std::string refresh_form(const Client& client, std::string_view refresh_token);
std::string revocation_form(const Client& client, std::string_view token);
inline constexpr std::string_view secret_parameters[] = {"client_secret", "code", "code_verifier", "refresh_token", "token"};
inline constexpr std::string_view secret_members[] = {"access_token", "refresh_token", "id_token"};

// AuthenticationFailed: the endpoint has said no in OAuth's own words, and will say so tomorrow. Any other error may be a
// server in trouble, and says nothing about our tokens. An answer without a refresh token leaves that member empty; one that
// tells no end either is of a token that is good until it is taken back.
Result<Tokens> tokens_of_answer(unsigned status, std::string_view body, Timestamp asked_at);
inline bool is_well(unsigned status) { return status >= 200 && status <= 299; }
Result<void> revocation_of_answer(unsigned status, std::string_view body);

}  // namespace busbar::login
