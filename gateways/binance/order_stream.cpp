#include "gateways/binance/order_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "gateways/binance/errors.hpp"
#include "gateways/framework/redact.hpp"
#include "gateways/framework/retry.hpp"

namespace busbar::binance {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds short_life{10'000};  // a connection that ended sooner was no success

asio::awaitable<void> sleep(asio::steady_timer& timer, milliseconds time) {
  timer.expires_after(time);
  co_await timer.async_wait(no_throw);
}

}  // namespace

struct OrderStream::Connection {
  Connection(gateway::AdapterContext& context, const gateway::Url& url, gateway::WebSocketOptions options)
      : socket{context.loop, context.tls, url, options, context.tape}, wake{context.loop} {}
  gateway::WebSocket socket;
  asio::steady_timer wake;  // cancelled when something below has changed
  std::string request_id;
  std::optional<WsResponse> response;
  std::string why_replace;  // the stream is to be opened anew
  bool is_closed = false;
  bool is_trusted = true;   // false: events have been lost on it
};

OrderStream::OrderStream(gateway::AdapterContext& context, Rest& rest, gateway::Url url, StreamOptions options,
                         Handlers handlers)
    : context_{context},
      rest_{rest},
      url_{std::move(url)},
      options_{options},
      handlers_{std::move(handlers)},
      pause_{context.loop},
      expect_timer_{context.loop} {}

asio::awaitable<Result<OrderStream::Shared>> OrderStream::open() {
  gateway::WebSocketOptions options;
  options.silence_max = options_.silence_max;
  options.channel = TapeChannel::OrderStream;
  const auto connection = std::make_shared<Connection>(context_, url_, options);
  const std::weak_ptr<Connection> weak = connection;
  connection->socket.on_text([this, weak](std::string_view text, Timestamp receive_time_ns) {
    if (const Shared self = weak.lock()) on_text(*self, text, receive_time_ns);
  });
  connection->socket.on_closed([weak](std::string reason) {
    const Shared self = weak.lock();
    if (!self) return;
    self->is_closed = true;
    self->why_replace = std::move(reason);
    self->wake.cancel();
  });
  if (const auto opened = co_await connection->socket.open(); !opened) co_return opened.error();

  connection->request_id = std::to_string(++requests_);
  Params params = encode_user_stream_params(rest_.api_key(), rest_.timestamp_ms(), rest_.recv_window_ms());
  params.emplace_back("signature", rest_.signer().sign(ws_payload(params)));
  const auto text = [&] {
    return encode_ws_request(connection->request_id, "userDataStream.subscribe.signature", params);
  };
  const std::string whole = text();
  for (auto& [name, value] : params) {
    if (name == "apiKey" || name == "signature") value = gateway::cut_mark;
  }
  if (!connection->socket.send(whole, text())) {
    co_return Error{ErrorCode::ConnectionError, "the connection ended at once"};
  }

  const auto deadline = steady_clock::now() + options_.answer_max;
  while (!connection->response && !connection->is_closed && !is_stopping_ && steady_clock::now() < deadline) {
    connection->wake.expires_at(deadline);
    co_await connection->wake.async_wait(no_throw);
  }
  if (connection->is_closed) co_return Error{ErrorCode::ConnectionError, connection->why_replace};
  if (!connection->response) co_return Error{ErrorCode::ConnectionError, "no answer to the subscription"};
  const WsResponse& response = *connection->response;
  if (response.error) {
    if (response.error->code == -1021) co_await rest_.measure_clock(true);
    ErrorCode code = unified(response.error->code, response.error->message);
    if (response.error->code == -1021 || code == ErrorCode::UnknownOutcome) code = ErrorCode::ConnectionError;
    co_return Error{code, std::to_string(response.error->code) + " " + response.error->message};
  }
  if (response.status != 200) {
    co_return Error{ErrorCode::ConnectionError, "status " + std::to_string(response.status) + " to the subscription"};
  }
  co_return connection;
}

void OrderStream::on_text(Connection& connection, std::string_view text, Timestamp receive_time_ns) {
  const auto frame = decode_ws_api_frame(text);
  if (!frame) {
    handlers_.on_doubt("order stream: " + frame.error().text);
    return;
  }
  if (const auto* response = std::get_if<WsResponse>(&*frame)) {
    if (response->id == connection.request_id) {
      connection.response = *response;
    } else if (response->error) {  // {"id":null,"status":401,...}: the key is no longer good
      connection.why_replace = std::to_string(response->error->code) + " " + response->error->message;
      connection.is_trusted = false;
    }
    connection.wake.cancel();
    return;
  }
  const UserEvent& event = std::get<UserFrame>(*frame).event;
  if (std::holds_alternative<ServerShutdownEvent>(event.what)) {
    connection.why_replace = "Binance will shut this server down";
    connection.wake.cancel();
  } else if (std::holds_alternative<StreamTerminatedEvent>(event.what)) {
    connection.why_replace = "Binance has ended the subscription";
    connection.is_trusted = false;
    connection.wake.cancel();
  } else {
    if (const auto* report = std::get_if<ExecutionReportEvent>(&event.what)) {
      expected_.erase(report->our_client_order_id());
      seen_orders_.add(report->our_client_order_id());
      const std::string key = report->symbol + ':' + std::to_string(report->order_id) + ':' +
                              std::to_string(report->execution_id) + ':' + report->execution_type + ':' +
                              report->order_status;
      if (report->execution_id != 0 && !seen_events_.add(key))
        return;  // two connections overlap, or Binance repeats itself
    }
    handlers_.on_event(event, receive_time_ns);
  }
}

void OrderStream::adopt(Shared connection, bool overlaps) {
  const Shared old = std::exchange(current_, std::move(connection));
  constexpr std::int64_t day_ns = 86'400'000'000'000;
  handlers_.on_state(SessionStateKind::Ok, {}, wall_now_ns() + day_ns);
  if (overlaps) {
    asio::co_spawn(context_.loop, close_later(old), asio::detached);
  } else {
    if (old) old->socket.close();
    expected_.clear();
    handlers_.on_up();
  }
}

asio::awaitable<void> OrderStream::close_later(Shared connection) {
  ++running_;
  closing_ = connection;
  co_await sleep(connection->wake, options_.overlap);
  connection->socket.close();
  closing_.reset();
  --running_;
}

asio::awaitable<Result<void>> OrderStream::start() {
  auto first = co_await open();
  if (!first) co_return first.error();
  adopt(*std::move(first), false);
  asio::co_spawn(context_.loop, keep_up(), asio::detached);
  asio::co_spawn(context_.loop, watch_expected(), asio::detached);
  co_return Result<void>{};
}

asio::awaitable<void> OrderStream::keep_up() {
  ++running_;
  gateway::Backoff backoff{milliseconds{500}, milliseconds{30'000}, [this] {
                             return static_cast<std::uint64_t>(rest_.jitter(milliseconds{1'000'000'000}).count());
                           }};
  auto since = steady_clock::now();
  while (!is_stopping_) {
    // Each gateway in its own time, so that not all renew together.
    const auto renew_at = since + options_.renew_after - rest_.jitter(options_.renew_after / 100);
    while (current_->why_replace.empty() && !is_stopping_ && steady_clock::now() < renew_at) {
      current_->wake.expires_at(renew_at);
      co_await current_->wake.async_wait(no_throw);
    }
    if (is_stopping_) break;
    const auto is_alive = [&] { return !current_->is_closed && current_->is_trusted; };
    if (!is_alive()) handlers_.on_state(SessionStateKind::Down, current_->why_replace, 0);
    if (steady_clock::now() - since >= short_life) {
      backoff.reset();
    } else {
      co_await sleep(pause_, backoff.next());
    }
    while (!is_stopping_) {
      auto next = co_await open();
      if (is_stopping_) break;
      if (next) {
        adopt(*std::move(next), is_alive());
        since = steady_clock::now();
        break;
      }
      if (!is_alive()) {
        const bool needs_human = next.error().code == ErrorCode::AuthenticationFailed;
        handlers_.on_state(needs_human ? SessionStateKind::NeedsHuman : SessionStateKind::Down, next.error().text, 0);
      }
      spdlog::warn("{}: order stream: {}", view(context_.account), next.error().text);
      co_await sleep(pause_, backoff.next());
    }
  }
  --running_;
}

void OrderStream::expect(std::string_view venue_order_id) {
  std::string id{venue_order_id};
  if (!current_ || seen_orders_.contains(id)) return;
  expected_.emplace(std::move(id), steady_clock::now() + options_.event_max);
  expect_timer_.cancel();
}

asio::awaitable<void> OrderStream::watch_expected() {
  ++running_;
  while (!is_stopping_) {
    auto next = steady_clock::now() + std::chrono::hours{1};
    std::string missed;
    for (const auto& [id, deadline] : expected_) {
      if (deadline <= steady_clock::now()) missed = id;
      next = std::min(next, deadline);
    }
    if (!missed.empty()) {
      spdlog::warn("{}: order stream: no event of {} came", view(context_.account), missed);
      expected_.clear();
      if (current_->why_replace.empty()) current_->why_replace = "an order was accepted, and no event of it came";
      current_->is_trusted = false;
      current_->wake.cancel();
      continue;
    }
    expect_timer_.expires_at(next);
    co_await expect_timer_.async_wait(no_throw);
  }
  --running_;
}

asio::awaitable<void> OrderStream::stop() {
  is_stopping_ = true;
  pause_.cancel();
  expect_timer_.cancel();
  if (closing_) closing_->wake.cancel();
  if (current_) {
    current_->wake.cancel();
    current_->socket.close();
  }
  for (int i = 0; i < 50 && running_ > 0; ++i) {  // an opening under way may take its own time-out: 2.5 s are waited
    asio::steady_timer timer{context_.loop, milliseconds{50}};
    co_await timer.async_wait(no_throw);
  }
}

}  // namespace busbar::binance
