#include "gateways/coinbase/user_stream.hpp"

#include <functional>

#include "gateways/coinbase/encode.hpp"
#include "gateways/coinbase/errors.hpp"
#include "gateways/framework/redact.hpp"
#include "gateways/framework/words.hpp"

namespace busbar::coinbase {

namespace {

constexpr std::string_view channel = "user";

}  // namespace

UserStream::UserStream(gateway::AdapterContext& context, gateway::RestLine& rest, const Credential& credential,
                       const CoinbaseConfig& config, Handlers handlers)
    : rest_{rest},
      credential_{credential},
      handlers_{std::move(handlers)},
      stream_{context.loop,
              context.tls,
              config.user_stream,
              config.stream_options,
              context.tape,
              rest.random(),
              {.find_url = {},
               .prepare = [this](auto link) { return subscribe(std::move(link)); },
               .on_text = std::bind_front(&UserStream::on_text, this),
               .on_up = handlers_.on_up,
               .keep_alive = {},
               .on_state = handlers_.on_state}} {}

// A token each, though the second channel would do without: connections without one are limited more narrowly.
asio::awaitable<Result<void>> UserStream::subscribe(gateway::Stream::LinkPtr link) {
  const auto message = [&](std::string_view name, std::string_view token) {
    return encode_subscription(Subscription::Start, name, std::nullopt, token);
  };
  const std::string token = credential_.stream_token(rest_.broker_time_ns());
  if (!link->send(message("heartbeats", credential_.stream_token(rest_.broker_time_ns())),
                  message("heartbeats", gateway::cut_mark))) {
    co_return Error{ErrorCode::ConnectionError, "the subscription could not be sent"};
  }
  const Link::Answer answer =
      co_await link->request(std::string{channel}, message(channel, token), message(channel, gateway::cut_mark));
  if (!answer.text) co_return Error{ErrorCode::ConnectionError, "no answer to the subscription"};
  const auto frame = decode_frame(*answer.text);
  if (!frame) co_return frame.error();
  if (frame->error) {
    const ErrorCode code = unified_stream_error(*frame->error);
    // It says the same to a wrong token and to a wrong clock: the next try has the right time.
    if (code == ErrorCode::AuthenticationFailed) static_cast<void>(co_await rest_.measure_clock(true));
    co_return Error{code, "Coinbase answers: " + *frame->error};
  }
  co_return Result<void>{};
}

void UserStream::on_text(Link& link, std::string_view text, Timestamp receive_time_ns, gateway::About& about) {
  const auto frame = decode_frame(text);
  if (!frame) return handlers_.on_doubt("user stream: " + frame.error().text);
  if (frame->error) {
    if (!link.on_answer(std::string{channel}, text, about)) link.replace("Coinbase says: " + *frame->error, false);
    return;
  }
  const auto took = frame->sequence_num ? count_.on_frame(&link, *frame->sequence_num) : Sequence::Took::InOrder;
  if (took == Sequence::Took::Old) return;
  for (const Frame::Event& event : frame->events) {
    if (const auto* subscriptions = std::get_if<SubscriptionsEvent>(&event)) {
      if (subscriptions->subscriptions.contains(std::string{channel})) {
        link.on_answer(std::string{channel}, text, about);
      }
    } else if (const auto* user = std::get_if<UserEvent>(&event)) {
      for (const UserOrder& order : user->orders) {
        if (user->orders.size() == 1) about.venue_order_id = gateway::printable<64>(order.client_order_id);
        stream_.seen(order.order_id);
        handlers_.on_order(order, user->type == "snapshot", frame->time_ns, receive_time_ns);
      }
    }
  }
  if (took == Sequence::Took::Gap) handlers_.on_gap();
}

}  // namespace busbar::coinbase
