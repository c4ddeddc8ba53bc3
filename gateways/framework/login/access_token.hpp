#pragma once
// An access token that is kept good: begun by a login, renewed before it ends, and in the vault before it is used. The
// refresh token that brings the next one works once: its successor is on disk before the old one is forgotten. What cannot be
// helped: where the broker has renewed and its answer is lost, the login is, too, and a person is asked for.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateways/framework/login/disk.hpp"
#include "gateways/framework/login/oauth.hpp"
#include "gateways/framework/login/redirect.hpp"
#include "gateways/framework/retry.hpp"
#include "gateways/framework/run.hpp"
#include "gateways/framework/tasks.hpp"

namespace busbar::login {

namespace asio = boost::asio;

// A login that a person has begun, until the one redirect that ends it.
struct Attempt {
  Expected expected;
  vault::Secret verifier;
  std::string redirect_uri;
  Timestamp until = 0;  // CLOCK_BOOTTIME
};

struct Provider {
  std::string broker;     // its name, for people
  std::string authorize;  // where browsers go
  gateway::Url token;     // where codes and refresh tokens go
  std::string revoke;     // at the same host, where tokens are given back; empty where that is done by hand
  std::string scope;
  std::function<asio::awaitable<Result<void>>()> prove;  // a private call
  std::chrono::seconds attempt_life{600};
  std::chrono::milliseconds trust{5'000};  // of a new token: answers to the one before come late
};

class AccessToken {
 public:
  // Reads what the vault has, and keeps all tokens off the context's tape. Throws std::runtime_error, for start-up.
  AccessToken(gateway::AdapterContext& context, Provider provider);
  ~AccessToken();

  // For the Authorization header; empty before the first login.
  std::string_view reveal() const { return tokens_.access.reveal(); }
  // Renews it from the first call on. An error: there is none to be had.
  asio::awaitable<Result<void>> ready();
  asio::awaitable<void> stop();  // lets a renewal end that is under way: half of one is a login lost
  // The broker has refused it before its time. True: it may be asked again with another one, once that is there.
  bool doubt();
  // Waits for the renewal that a doubt has brought about, or begins it. Without a doubt there is nothing to wait for.
  asio::awaitable<void> settle_doubt();

  Result<std::string> auth_url(const std::string& redirect_uri);
  asio::awaitable<Result<void>> handle_callback(std::string url);
  asio::awaitable<Result<void>> refresh();
  // Gives all tokens back to the broker, and forgets them. After an error they are where they were, to be given back again.
  asio::awaitable<Result<void>> revoke();

 private:
  class Known;  // tokens, codes, verifiers

  asio::awaitable<void> keep_good();
  bool is_due() const;  // a renewal, and nothing speaks against trying it now
  asio::awaitable<Result<void>> renew();
  asio::awaitable<Result<Tokens>> ask(std::string form);
  asio::awaitable<Result<gateway::HttpResponse>> post(std::string target, std::string form);
  asio::awaitable<Result<void>> give_back(const vault::Secret& token);
  asio::awaitable<Result<void>> write();  // `unwritten_`, and uses it from then on
  asio::awaitable<Result<void>> prove();
  void adopt(Tokens tokens);
  Error failed(Error error);
  bool is_over() const;
  std::string log_in() const;
  void tell_state();

  gateway::AdapterContext& context_;
  Provider provider_;
  Client client_;
  TokenStore store_;
  std::shared_ptr<Known> known_;
  gateway::HttpSession http_;
  gateway::Turn turn_;  // one renewal or login at a time
  gateway::Periodic keeper_;
  gateway::Backoff backoff_;
  Tokens tokens_;
  std::optional<Tokens> unwritten_;
  std::optional<Attempt> attempt_;
  Timestamp due_ = 0;         // wall clock
  Timestamp retry_at_ = 0;    // CLOCK_BOOTTIME
  Timestamp trusted_until_ = 0;  // CLOCK_BOOTTIME
  std::string trouble_;       // of the last try
  std::string refused_;       // why no try will do
  bool is_proving_ = false;
  bool is_doubted_ = false;
  Disk disk_;
};

}  // namespace busbar::login
