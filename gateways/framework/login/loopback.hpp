#pragma once
// Where the browser comes back to at the end of a login: a page on 127.0.0.1, at a port of the system's, there until the one
// redirect has come that answers it (RFC 8252, section 7.3).

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "gateways/framework/login/redirect.hpp"

namespace busbar::login {

class Loopback {
 public:
  // Listens from here on, and expects nothing yet. Throws when there is no port to be had.
  Loopback(boost::asio::io_context& loop, std::string path);
  ~Loopback();

  std::string address() const;  // the redirect_uri of the login: http://127.0.0.1:41234/callback
  // The code of the redirect that answers this login, or the broker's no. Others are told that they do not, and waited on.
  // Nobody listens any more when it returns.
  boost::asio::awaitable<Result<vault::Secret>> wait(vault::Secret state, std::chrono::seconds patience);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace busbar::login
