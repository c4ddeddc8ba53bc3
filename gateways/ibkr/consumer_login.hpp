#pragma once
// A person allows a consumer to trade: OAuth 1.0a in three steps. A request token is fetched ahead, for the address that a
// browser shall open is told at once; the browser comes back with it and with a verifier, and for both there is an access token,
// which is good until it is taken back. It is in the vault before it is used.

#include <optional>
#include <string>

#include "gateways/framework/login/disk.hpp"
#include "gateways/framework/login/tokens.hpp"
#include "gateways/framework/rest_line.hpp"
#include "gateways/ibkr/credential.hpp"

namespace busbar::ibkr {

namespace asio = gateway::asio;

class ConsumerLogin {
 public:
  // Reads what the vault has. Throws std::runtime_error, for start-up.
  ConsumerLogin(gateway::AdapterContext& context, gateway::RestLine& rest, Credential& credential, std::string authorize);

  // There may be one: the tokens would have a place to be kept.
  bool is_possible() const { return store_.has_value(); }
  std::string log_in() const;  // what a person has to do
  // Has a request token for the next who asks.
  asio::awaitable<Result<void>> prepare();
  Result<std::string> auth_url(const std::string& redirect_uri);
  asio::awaitable<Result<void>> handle_callback(std::string url);
  // IBKR has no place where a token is given back: it is forgotten here.
  asio::awaitable<Result<void>> forget();

 private:
  void prepare_beside();
  asio::awaitable<void> prepare_and_tell();
  asio::awaitable<Result<std::string>> post(Result<gateway::HttpRequest> request, std::string_view path);

  gateway::AdapterContext& context_;
  gateway::RestLine& rest_;
  Credential& credential_;
  std::string authorize_;
  std::optional<login::TokenStore> store_;
  login::Disk disk_;
  Secret request_token_;
  Timestamp request_token_until_ns_ = 0;  // CLOCK_BOOTTIME
  bool is_preparing_ = false;
};

}  // namespace busbar::ibkr
