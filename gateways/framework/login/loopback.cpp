#include "gateways/framework/login/loopback.hpp"

#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "bus/byte_stream.hpp"

namespace busbar::login {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using error_code = boost::system::error_code;

namespace {

constexpr std::chrono::seconds request_patience{5};  // browsers open connections that they never use
constexpr int connections_max = 16;

auto into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

http::response<http::string_body> page(http::status status, std::string text) {
  http::response<http::string_body> answer{status, 11};
  answer.set(http::field::content_type, "text/plain; charset=utf-8");
  answer.set(http::field::cache_control, "no-store");
  answer.set("Referrer-Policy", "no-referrer");
  answer.keep_alive(false);
  answer.body() = std::move(text) + "\n";
  answer.prepare_payload();
  return answer;
}

}  // namespace

struct Loopback::State {
  State(asio::io_context& loop, std::string path)
      : expected{std::move(path), {}},
        acceptor{loop, tcp::endpoint{asio::ip::address_v4::loopback(), 0}},
        patience{loop} {}

  static asio::awaitable<void> accept(std::shared_ptr<State> self);
  static asio::awaitable<void> serve(std::shared_ptr<State> self, ByteStream stream);
  http::response<http::string_body> answer(const http::request<http::empty_body>& request);

  Expected expected;
  tcp::acceptor acceptor;
  asio::steady_timer patience;
  std::optional<Result<vault::Secret>> outcome;
  int connections = 0;
};

asio::awaitable<void> Loopback::State::accept(std::shared_ptr<State> self) {
  while (true) {
    error_code error;
    tcp::socket socket = co_await self->acceptor.async_accept(into(error));
    if (error) co_return;
    if (self->connections == connections_max) continue;  // dropped
    ++self->connections;
    asio::co_spawn(self->acceptor.get_executor(), serve(self, ByteStream{std::move(socket), nullptr}), asio::detached);
  }
}

asio::awaitable<void> Loopback::State::serve(std::shared_ptr<State> self, ByteStream stream) {
  error_code error;
  boost::beast::flat_buffer buffer;
  http::request_parser<http::empty_body> parser;
  parser.header_limit(16u << 10);
  stream.expires_after(request_patience);
  co_await http::async_read(stream, buffer, parser, into(error));
  if (!error) {
    const auto answer = self->answer(parser.get());
    co_await http::async_write(stream, answer, into(error));
  }
  --self->connections;
  if (self->outcome) self->patience.cancel();  // the browser has been told before we are gone
}

http::response<http::string_body> Loopback::State::answer(const http::request<http::empty_body>& request) {
  if (request.method() != http::verb::get) {
    return page(http::status::method_not_allowed, "Busbar waits for a redirect here.");
  }
  if (outcome) return page(http::status::gone, "This login has its answer already.");
  auto found = code_of({request.target().data(), request.target().size()}, expected);
  if (!found && found.error().code != ErrorCode::PermissionDenied) {
    return page(http::status::bad_request, found.error().text);
  }
  outcome = std::move(found);
  if (!*outcome) return page(http::status::ok, outcome->error().text);
  return page(http::status::ok, "Busbar has what it needs. This page may be closed.");
}

Loopback::Loopback(asio::io_context& loop, std::string path)
    : state_{std::make_shared<State>(loop, std::move(path))} {}

Loopback::~Loopback() {
  error_code ignored;
  state_->acceptor.close(ignored);
  state_->patience.cancel();
}

std::string Loopback::address() const {
  return "http://127.0.0.1:" + std::to_string(state_->acceptor.local_endpoint().port()) + state_->expected.path;
}

asio::awaitable<Result<vault::Secret>> Loopback::wait(vault::Secret expected_state, std::chrono::seconds patience) {
  const auto state = state_;
  state->expected.state = std::move(expected_state);
  state->patience.expires_after(patience);
  asio::co_spawn(state->acceptor.get_executor(), State::accept(state), asio::detached);
  error_code error;
  co_await state->patience.async_wait(into(error));
  state->acceptor.close(error);
  if (!state->outcome) {
    co_return Error{ErrorCode::AuthenticationFailed,
                    "no browser has come back from this login within " + std::to_string(patience.count()) + " s"};
  }
  co_return *std::move(state->outcome);
}

}  // namespace busbar::login
