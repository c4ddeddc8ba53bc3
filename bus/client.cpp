#include "bus/client.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "bus/clock.hpp"

namespace busbar::bus {
namespace {

constexpr int silent_ticks_max = 3;  // heartbeats missed before a peer is given up

}  // namespace

Client::Client(asio::io_context& loop, ClientOptions options) : loop_{loop}, options_{std::move(options)}, timer_{loop} {
  connect();
}

void Client::connect() {
  endpoint_.emplace(loop_, Kind::Req);
  endpoint_->on_message([this](const RoutingId&, std::string_view, std::span<const std::uint8_t> bytes) {
    auto message = decode(bytes);
    if (message && message->header.correlation_id != correlation_id_) return;  // to a question that was given up
    answer_ = std::move(message);
    timer_.cancel();
  });
  endpoint_->connect(options_.address);
}

asio::awaitable<Result<Message>> Client::request(Body body) {
  answer_.reset();
  const Header header{.environment = options_.environment,
                      .sender = options_.client,
                      .correlation_id = ++correlation_id_,
                      .send_time_ns = wall_now_ns()};
  if (!endpoint_->send(encode(header, body))) {
    co_return Error{ErrorCode::ConnectionError, options_.address + ": cannot be sent to"};
  }
  timer_.expires_after(options_.timeout);
  co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  if (!answer_) {
    connect();  // libzmq 4.3.4 aborts when the peer of a question that was given up dies later: that socket is used no more
    co_return Error{ErrorCode::UnknownOutcome, options_.address + ": no answer within " +
                                                   std::to_string(options_.timeout.count()) + " ms"};
  }
  Result<Message> answer = *std::exchange(answer_, std::nullopt);
  if (answer && answer->header.environment != options_.environment) {
    co_return Error{ErrorCode::InvalidMessage, options_.address + ": the answer is of the other environment"};
  }
  co_return answer;
}

ClientSession::ClientSession(asio::io_context& loop, SessionOptions options, Events events)
    : options_{std::move(options)},
      events_{std::move(events)},
      endpoint_{loop, Kind::Dealer, {.immediate = true}},  // an order never waits for a router to come back
      timer_{loop} {
  endpoint_.on_message([this](const RoutingId&, std::string_view, std::span<const std::uint8_t> bytes) { on_bytes(bytes); });
}

void ClientSession::start() {
  endpoint_.connect(options_.address);
  say_hello();
  tick();
}

void ClientSession::stop() {
  timer_.cancel();
  static_cast<void>(send_now(Logout{}, 0, 0));
  set_up(false);
}

bool ClientSession::send(const Body& body, std::uint64_t correlation_id, Timestamp expire_time_ns) {
  return is_up_ && send_now(body, correlation_id, expire_time_ns);
}

bool ClientSession::send_now(const Body& body, std::uint64_t correlation_id, Timestamp expire_time_ns) {
  const Header header{.environment = options_.environment,
                      .sender = options_.client,
                      .session = options_.session,
                      .sequence = sequence_ + 1,
                      .correlation_id = correlation_id,
                      .send_time_ns = wall_now_ns(),
                      .expire_time_ns = expire_time_ns};
  if (!endpoint_.send(encode(header, body))) return false;
  ++sequence_;
  return true;
}

// Starts the conversation, or goes on with it on whatever connection there is now: what is missing comes again.
void ClientSession::say_hello() {
  sequence_ = 0;
  silent_ticks_ = 0;
  set_up(false);
  static_cast<void>(send_now(Hello{.last_report = options_.last_report,
                                   .heartbeat_interval_ms = options_.heartbeat_interval_ms,
                                   .cancel_on_disconnect = options_.cancel_on_disconnect,
                                   .version = BUSBAR_VERSION},
                             0, 0));
}

void ClientSession::set_up(bool is_up) {
  if (std::exchange(is_up_, is_up) != is_up) events_.on_state(is_up);
}

void ClientSession::tick() {
  timer_.expires_after(std::chrono::milliseconds{options_.heartbeat_interval_ms});
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    if (!is_up_ || ++silent_ticks_ > silent_ticks_max) {
      say_hello();
    } else {
      static_cast<void>(send_now(Heartbeat{.time_ns = wall_now_ns(), .last_report = options_.last_report}, 0, 0));
    }
    tick();
  });
}

void ClientSession::on_bytes(std::span<const std::uint8_t> bytes) {
  const auto message = decode(bytes);
  if (!message) {
    spdlog::warn("{}: {}", options_.address, message.error().text);
    return;
  }
  if (message->header.environment != options_.environment) {
    spdlog::error("{}: the router is of the other environment", options_.address);
    return;
  }
  silent_ticks_ = 0;
  if (const auto* welcome = std::get_if<Welcome>(&message->body)) return on_welcome(*welcome);
  if (const auto* report = std::get_if<ExecutionReport>(&message->body)) return on_execution_report(*message, *report);
  if (std::holds_alternative<Heartbeat>(message->body)) return;
  const auto* reject = std::get_if<Reject>(&message->body);
  if (reject != nullptr && reject->error == ErrorCode::HelloNeeded) {
    if (is_up_) say_hello();  // several messages may be answered so, and one hello is enough
    return;
  }
  events_.on_answer(*message);
}

void ClientSession::on_welcome(const Welcome& welcome) {
  if (welcome.lost_before > options_.last_report + 1) {
    const std::uint64_t first = std::exchange(options_.last_report, welcome.lost_before - 1) + 1;
    events_.on_lost(first, welcome.lost_before - 1);
  }
  set_up(true);
}

void ClientSession::on_execution_report(const Message& message, const ExecutionReport& report) {
  if (report.report_number == 0) return events_.on_answer(message);  // the present state, because we asked
  if (report.report_number <= options_.last_report) return;
  if (report.report_number > options_.last_report + 1) {
    if (is_up_) {
      spdlog::warn("{}: reports {} to {} are missing", options_.address, options_.last_report + 1, report.report_number - 1);
      say_hello();
    }
    return;
  }
  options_.last_report = report.report_number;
  events_.on_report(report);
}

}  // namespace busbar::bus
