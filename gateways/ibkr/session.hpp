#pragma once
// The session at IBKR, kept: the live session token, and above it the brokerage session, of which a name has one in all the
// world. It is begun, tickled each minute, begun again after the nightly reset, and either taken back from or left to somebody
// else who logs in under our name. What a person has to do is said.

#include <functional>
#include <string>

#include "gateways/framework/rest_line.hpp"
#include "gateways/framework/tasks.hpp"
#include "gateways/ibkr/config.hpp"
#include "gateways/ibkr/credential.hpp"

namespace busbar::ibkr {

namespace asio = gateway::asio;

class Session {
 public:
  struct Handlers {
    // A brokerage session has begun, and knows nothing of what was said in the one before: accounts, suppressed questions.
    std::function<asio::awaitable<Result<void>>()> prepare;
    std::function<void(std::string why)> on_renewed;  // what hangs on the old one is worth nothing any more
    std::function<void(SessionStateKind, std::string reason, Timestamp deadline_ns)> on_state;
  };

  Session(gateway::AdapterContext& context, gateway::RestLine& rest, Credential& credential, const IbkrConfig& config,
          Handlers handlers);

  // The first. Told as a state as well where it is no fault of the line.
  asio::awaitable<Result<void>> begin();
  void start() { keeper_.start(); }
  void stop() { keeper_.stop(); }

  // By a person's wish: until the next begin() nothing is tried.
  void end(std::string why);
  // Something was said that lets one think that there is none.
  void doubt(std::string why);
  void on_status(const SessionStatus& changed);  // out of the stream: what has changed
  bool is_up() const { return is_up_; }
  const std::string& id() const { return id_; }  // what the stream is opened with

 private:
  asio::awaitable<void> keep();
  asio::awaitable<Result<void>> open();
  asio::awaitable<Result<void>> ready_token();
  asio::awaitable<Result<void>> make_token();
  asio::awaitable<Result<SessionStatus>> ask_status();
  asio::awaitable<Result<SessionStatus>> init();
  asio::awaitable<Result<SessionStatus>> until_established(SessionStatus status);
  asio::awaitable<Result<std::string>> tickle();  // why the session is over; empty: it lives
  asio::awaitable<void> renew_token();
  asio::awaitable<Result<std::string>> post(Request request);
  Error failed(Error error);
  void lose(std::string why);
  void tell_up();

  gateway::AdapterContext& context_;
  gateway::RestLine& rest_;
  Credential& credential_;
  const IbkrConfig& config_;
  Handlers handlers_;
  gateway::Turn turn_;
  gateway::Periodic keeper_;
  gateway::Backoff backoff_;
  std::string id_;
  std::string doubt_;         // why it is to be looked at
  Timestamp token_ends_ns_ = 0;
  Timestamp token_due_ns_ = 0;   // to be renewed
  Timestamp login_ends_ns_ = 0;  // of a person's, as it was told last
  Timestamp tickle_at_ns_ = 0;   // CLOCK_BOOTTIME
  Timestamp retry_at_ns_ = 0;    // CLOCK_BOOTTIME
  Timestamp up_since_ns_ = 0;    // CLOCK_BOOTTIME
  bool is_up_ = false;
  bool has_begun_ = false;
};

}  // namespace busbar::ibkr
