#include "gateways/ibkr/live_stream.hpp"

#include <functional>

#include <spdlog/spdlog.h>

#include "gateways/framework/redact.hpp"
#include "gateways/framework/words.hpp"
#include "gateways/ibkr/brackets.hpp"
#include "gateways/ibkr/encode.hpp"

namespace busbar::ibkr {

namespace {

// Quotes end without a word after a quarter of an hour.
constexpr std::chrono::minutes quotes_again{10};
constexpr std::string_view opening = "session";  // what is waited for

const std::vector<std::string>& quote_fields() {
  static const std::vector<std::string> fields = [] {
    std::vector<std::string> all;
    for (const std::string_view tag : {field::last, field::bid, field::ask, field::bid_size, field::ask_size, field::high,
                                       field::low, field::open, field::exact_volume, field::availability}) {
      all.emplace_back(tag);
    }
    return all;
  }();
  return fields;
}

// Orders and quotes come on one connection; on the tape quotes are market data, which waits for more of it.
gateway::OnTape by_topic(gateway::OnTape tape) {
  if (!tape) return tape;
  return [tape = std::move(tape)](Tape said) {
    const std::string_view body{reinterpret_cast<const char*>(said.body.data()), said.body.size()};
    if (is_of_quotes(body)) said.channel = TapeChannel::MarketData;
    tape(std::move(said));
  };
}

}  // namespace

// What was asked for, smd+265598+{...}, and what is told: {"topic":"smd+265598",...}, wherever the topic stands in it.
bool is_of_quotes(std::string_view text) {
  return text.starts_with("smd+") || text.starts_with("umd+") || text.find("\"topic\":\"smd+") != std::string_view::npos;
}

LiveStream::LiveStream(gateway::AdapterContext& context, gateway::RestLine& rest, const Credential& credential,
                       const Session& session, const IbkrConfig& config, Handlers handlers)
    : credential_{credential},
      session_{session},
      url_{config.stream},
      handlers_{std::move(handlers)},
      stream_{context.loop,
              context.tls,
              config.stream,
              config.stream_options,
              by_topic(context.tape),
              rest.random(),
              {.find_url = [this] { return find_url(); },
               .prepare = [this](auto link) { return prepare(std::move(link)); },
               .on_text = std::bind_front(&LiveStream::on_text, this),
               .on_up = handlers_.on_up,
               .keep_alive = [this] { return keep_alive(); },
               .on_state = handlers_.on_state}},
      again_{context.loop, quotes_again, [this] { return subscribe_again(); }} {}

asio::awaitable<void> LiveStream::stop() {
  again_.stop();
  co_await stream_.stop();
}

void LiveStream::renew(std::string why) {
  if (const auto link = stream_.link()) link->replace(std::move(why), false);
}

asio::awaitable<Result<gateway::Url>> LiveStream::find_url() {
  if (!session_.is_up()) co_return Error{ErrorCode::ConnectionError, "there is no session at IBKR to open it with"};
  gateway::Url url = url_;
  url.target = credential_.stream_target(url_.target);
  co_return url;
}

// IBKR says who is logged in once it knows the session; subscriptions it does not answer.
asio::awaitable<Result<void>> LiveStream::prepare(gateway::Stream::LinkPtr link) {
  const Link::Answer answer = co_await link->request(std::string{opening}, encode_session(session_.id()),
                                                     encode_session(gateway::cut_mark));
  if (!answer.text) co_return Error{ErrorCode::ConnectionError, "no answer to the session"};
  const auto frame = decode_frame(*answer.text);
  if (!frame) co_return frame.error();
  if (const auto* error = std::get_if<ErrorFrame>(&*frame)) {
    co_return Error{ErrorCode::ConnectionError, "IBKR answers: " + error->text};
  }
  bool is_sent = link->send(encode_subscribe_orders()) && link->send(encode_subscribe_trades());
  for (const std::int64_t conid : wanted_) is_sent = is_sent && link->send(encode_subscribe_quote(conid, quote_fields()));
  again_.start();
  if (!is_sent) co_return Error{ErrorCode::ConnectionError, "the subscriptions could not be sent"};
  co_return Result<void>{};
}

asio::awaitable<Result<void>> LiveStream::keep_alive() {
  const auto link = stream_.link();
  if (link && link->send(std::string{keepalive})) co_return Result<void>{};
  co_return Error{ErrorCode::ConnectionError, "the connection is gone"};
}

void LiveStream::subscribe(std::int64_t conid) {
  wanted_.insert(conid);
  const auto link = stream_.link();
  if (link && !link->send(encode_subscribe_quote(conid, quote_fields()))) return;  // the next connection has it
}

void LiveStream::unsubscribe(std::int64_t conid) {
  wanted_.erase(conid);
  const auto link = stream_.link();
  if (link && !link->send(encode_unsubscribe_quote(conid))) return;
}

asio::awaitable<void> LiveStream::subscribe_again() {
  const auto link = stream_.link();
  for (const std::int64_t conid : wanted_) {
    if (!link || !link->send(encode_subscribe_quote(conid, quote_fields()))) break;
  }
  co_return;
}

void LiveStream::on_error(Link& link, const ErrorFrame& error) {
  if (error.topic.starts_with("smd")) return spdlog::warn("market data: IBKR answers {}", error.text);
  link.replace("IBKR answers: " + error.topic + " " + error.text, false);
}

void LiveStream::on_text(Link& link, std::string_view text, Timestamp receive_time_ns, gateway::About& about) {
  const auto frame = decode_frame(text);
  if (!frame) return handlers_.on_doubt("stream: " + frame.error().text);
  if (const auto* quote = std::get_if<QuoteFrame>(&*frame)) return handlers_.on_quote(quote->fields, receive_time_ns);
  if (const auto* orders = std::get_if<OrdersFrame>(&*frame)) {
    if (orders->orders.size() == 1) {
      about.venue_order_id = gateway::printable<64>(our_name_in(orders->orders.front().client_order_id));
    }
    for (const bool is_child : {false, true}) {  // whose a child is, its parent tells
      for (const Order& order : orders->orders) {
        if (order.parent_order_id.empty() == is_child) continue;
        stream_.seen(order.order_id);
        handlers_.on_order(order, receive_time_ns);
      }
    }
  } else if (const auto* executions = std::get_if<ExecutionsFrame>(&*frame)) {
    for (const Execution& execution : executions->executions) {
      stream_.seen(execution.order_id);
      handlers_.on_execution(execution, receive_time_ns);
    }
  } else if (const auto* status = std::get_if<StatusFrame>(&*frame)) {
    if (status->status.authenticated.value_or(false)) link.on_answer(std::string{opening}, text, about);
    handlers_.on_status(status->status);
  } else if (const auto* system = std::get_if<SystemFrame>(&*frame)) {
    if (!system->user.empty()) link.on_answer(std::string{opening}, text, about);
  } else if (const auto* said = std::get_if<NotificationsFrame>(&*frame)) {
    for (const Notification& each : said->items) handlers_.on_notification(each);
  } else if (const auto* bulletins = std::get_if<BulletinsFrame>(&*frame)) {
    for (const Notification& each : bulletins->items) spdlog::info("IBKR's bulletin: {}", to_words(each.text));
  } else if (const auto* error = std::get_if<ErrorFrame>(&*frame)) {
    if (!link.on_answer(std::string{opening}, text, about)) on_error(link, *error);
  }
}

}  // namespace busbar::ibkr
