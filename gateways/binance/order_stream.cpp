#include "gateways/binance/order_stream.hpp"

#include <algorithm>
#include <functional>

#include "bus/clock.hpp"
#include "gateways/binance/encode.hpp"
#include "gateways/binance/errors.hpp"
#include "gateways/binance/facts.hpp"
#include "gateways/framework/redact.hpp"

namespace busbar::binance {

namespace {

using gateway::HttpOutcome;

constexpr std::string_view is_key_or_signature[] = {"apiKey", "signature"};

// What REST says in headers, the WebSocket API says in the answer.
void add_limits(const WsResponse& response, gateway::HttpResponse& http) {
  for (const RateLimitCount& limit : response.rate_limits) {
    if (!limit.count) continue;
    const std::string_view prefix = limit.type == "REQUEST_WEIGHT" ? "x-mbx-used-weight-"
                                    : limit.type == "ORDERS"       ? "x-mbx-order-count-"
                                                                   : "";
    if (prefix.empty() || limit.interval.empty()) continue;
    std::string name{prefix};
    name += std::to_string(limit.interval_num);
    name += static_cast<char>(limit.interval.front() - 'A' + 'a');
    http.headers.emplace_back(std::move(name), std::to_string(*limit.count));
  }
}

// A listen key opens the account's events; Binance tells that one is over by naming it.
gateway::OnTape without_listen_keys(gateway::OnTape tape) {
  if (!tape) return tape;
  return [tape = std::move(tape)](Tape record) {
    std::string body{record.body.begin(), record.body.end()};
    gateway::cut_json_member(body, "listenKey");
    record.body.assign(body.begin(), body.end());
    tape(std::move(record));
  };
}

}  // namespace

OrderStream::OrderStream(gateway::AdapterContext& context, Rest& rest, const BinanceConfig& config, Handlers handlers)
    : rest_{rest},
      user_streams_{config.user_streams},
      user_data_by_{config.user_data_by},
      handlers_{std::move(handlers)},
      stream_{context.loop,
              context.tls,
              config.ws_api,
              config.stream_options,
              user_data_by_ == UserDataBy::ListenKey ? without_listen_keys(context.tape) : context.tape,
              rest.random(),
              user_data_by_ == UserDataBy::ListenKey
                  ? gateway::Stream::Handlers{.find_url = [this] { return new_listen_key(); },
                                              .prepare = {},
                                              .on_text = std::bind_front(&OrderStream::on_text, this),
                                              .on_up = handlers_.on_up,
                                              .keep_alive = [this] { return keep_listen_key(); },
                                              .on_state = handlers_.on_state}
                  : gateway::Stream::Handlers{.find_url = {},
                                              .prepare = [this](auto link) { return subscribe(std::move(link)); },
                                              .on_text = std::bind_front(&OrderStream::on_text, this),
                                              .on_up = handlers_.on_up,
                                              .keep_alive = {},
                                              .on_state = handlers_.on_state}} {}

// ---- by listen key

asio::awaitable<Result<gateway::Url>> OrderStream::new_listen_key() {
  const auto body = co_await rest_.ask(encode_listen_key_start());
  if (!body) co_return body.error();
  auto key = decode_listen_key(*body);
  if (!key) co_return key.error();
  listen_key_ = *std::move(key);
  gateway::Url url = user_streams_;
  url.target += "/" + listen_key_;
  co_return url;
}

asio::awaitable<Result<void>> OrderStream::keep_listen_key() {
  const auto body = co_await rest_.ask(encode_listen_key_keepalive(listen_key_));
  if (!body) co_return body.error();
  co_return Result<void>{};
}

// ---- over the WebSocket API

std::string OrderStream::broker_words(const BrokerError& error) const {
  std::string text = std::to_string(error.code) + " " + error.message;
  rest_.cut_secrets(text);
  return text;
}

std::pair<std::string, std::string> OrderStream::signed_request(std::string_view id, std::string_view method,
                                                                Params params, std::int64_t timestamp_ms) const {
  params.emplace_back("apiKey", rest_.api_key());
  params.emplace_back("recvWindow", std::to_string(rest_.recv_window_ms()));
  params.emplace_back("timestamp", std::to_string(timestamp_ms));
  params.emplace_back("signature", rest_.signer().sign(ws_payload(params)));
  std::string whole = encode_ws_request(id, method, params);
  for (auto& [name, value] : params) {
    if (std::ranges::find(is_key_or_signature, name) != std::end(is_key_or_signature)) value = gateway::cut_mark;
  }
  return {std::move(whole), encode_ws_request(id, method, params)};
}

asio::awaitable<Result<void>> OrderStream::subscribe(gateway::Stream::LinkPtr link) {
  const std::string id = std::to_string(++requests_);
  auto [whole, redacted] =
      signed_request(id, "userDataStream.subscribe.signature", {}, rest_.timestamp_ms());
  const Link::Answer answer = co_await link->request(id, std::move(whole), std::move(redacted));
  if (!answer.text) co_return Error{ErrorCode::ConnectionError, "no answer to the subscription"};
  const auto frame = decode_ws_api_frame(*answer.text);
  if (!frame) co_return frame.error();
  const WsResponse& response = std::get<WsResponse>(*frame);
  if (response.error) {
    if (response.error->code == -1021) co_await rest_.measure_clock(true);
    ErrorCode code = unified(response.error->code, response.error->message);
    if (response.error->code == -1021 || code == ErrorCode::UnknownOutcome) code = ErrorCode::ConnectionError;
    co_return Error{code, broker_words(*response.error)};
  }
  if (response.status != 200) {
    co_return Error{ErrorCode::ConnectionError, "status " + std::to_string(response.status) + " to the subscription"};
  }
  co_return Result<void>{};
}

asio::awaitable<std::optional<Sent>> OrderStream::send(Request request, About about, Timestamp expire_time_ns) {
  const auto link = stream_.link();
  const auto method = ws_method_of(request);
  if (!link || link->is_closed() || !method) co_return std::nullopt;
  if (auto held_back = co_await rest_.held_back(expire_time_ns)) co_return held_back;
  Sent sent;
  if (expire_time_ns != 0 && rest_.broker_time_ns() > expire_time_ns) {
    sent.http.is_too_late = true;
    sent.http.error = "it was too late when its turn came";
    co_return sent;
  }
  const std::int64_t timestamp_ms = rest_.timestamp_ms();
  sent.request_time_ns = timestamp_ms * ns_per_ms;
  sent.http.sent_time_ns = wall_now_ns();
  const std::string id = std::to_string(++requests_);
  auto [whole, redacted] = signed_request(id, *method, std::move(request.params), timestamp_ms);
  const Link::Answer answer = co_await link->request(id, std::move(whole), std::move(redacted), std::move(about));
  if (!answer.is_sent) co_return std::nullopt;
  sent.http.received_time_ns = wall_now_ns();
  sent.http.outcome = HttpOutcome::NoAnswer;
  sent.http.error = "no answer over the WebSocket API";
  if (answer.text) {
    const auto frame = decode_ws_api_frame(*answer.text);
    const auto* response = frame ? std::get_if<WsResponse>(&*frame) : nullptr;
    if (response) {
      sent.http.outcome = HttpOutcome::Answered;
      sent.http.error.clear();
      sent.http.status = static_cast<std::uint32_t>(response->status);
      sent.http.body = response->body();
      rest_.cut_secrets(sent.http.body);
      add_limits(*response, sent.http);
      if (response->error && response->error->retry_after_ms) {
        const std::int64_t seconds = (*response->error->retry_after_ms - rest_.timestamp_ms()) / 1000 + 1;
        sent.http.headers.emplace_back("retry-after", std::to_string(std::max<std::int64_t>(seconds, 0)));
      }
    }
  }
  rest_.note(sent.http, {}, true);
  co_return sent;
}

// ---- what comes

void OrderStream::on_text(Link& link, std::string_view text, Timestamp receive_time_ns, About& about) {
  if (user_data_by_ == UserDataBy::ListenKey) {
    const auto frame = decode_user_frame(text);
    if (!frame) return handlers_.on_doubt("order stream: " + frame.error().text);
    return on_event(link, frame->event, receive_time_ns, about);
  }
  const auto frame = decode_ws_api_frame(text);
  if (!frame) return handlers_.on_doubt("order stream: " + frame.error().text);
  const auto* response = std::get_if<WsResponse>(&*frame);
  if (!response) return on_event(link, std::get<UserFrame>(*frame).event, receive_time_ns, about);
  const bool is_awaited = response->id && link.on_answer(*response->id, text, about);
  if (!is_awaited && response->error) {  // {"id":null,"status":401,...}: the key is no longer good
    link.replace(broker_words(*response->error), false);
  }
}

void OrderStream::on_event(Link& link, const UserEvent& event, Timestamp receive_time_ns, About& about) {
  if (std::holds_alternative<ServerShutdownEvent>(event.what)) {
    link.replace("Binance will shut this server down");
  } else if (std::holds_alternative<StreamTerminatedEvent>(event.what)) {
    link.replace("Binance has ended the subscription", false);
  } else if (std::holds_alternative<ListenKeyExpiredEvent>(event.what)) {
    link.replace("the listen key has expired", false);
  } else {
    if (const auto* report = std::get_if<ExecutionReportEvent>(&event.what)) {
      about.venue_order_id = printable<64>(report->our_client_order_id());
      stream_.seen(report->our_client_order_id());
      seen_orders_.add(report->our_client_order_id());
      const std::string key = report->symbol + ':' + std::to_string(report->order_id) + ':' +
                              std::to_string(report->execution_id) + ':' + report->execution_type + ':' +
                              report->order_status;
      // Two connections overlap, or Binance repeats itself.
      if (report->execution_id != 0 && !seen_events_.add(key)) return;
    }
    handlers_.on_event(event, receive_time_ns);
  }
}

void OrderStream::expect(const std::string& venue_order_id) {
  if (!seen_orders_.contains(venue_order_id)) stream_.expect(venue_order_id);
}

}  // namespace busbar::binance
