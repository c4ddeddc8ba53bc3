#include "gateways/alpaca/order_stream.hpp"

#include <algorithm>

#include "gateways/alpaca/encode.hpp"
#include "gateways/framework/words.hpp"

namespace busbar::alpaca {

namespace {

// What is waited for on a new connection, one after the other.
constexpr std::string_view authorization = "authorization";
constexpr std::string_view listening = "listening";
constexpr std::string_view trade_updates = "trade_updates";

}  // namespace

OrderStream::OrderStream(gateway::AdapterContext& context, gateway::RestLine& rest, const Credential& credential,
                         const AlpacaConfig& config, Handlers handlers)
    : credential_{credential},
      is_msgpack_{config.is_msgpack},
      handlers_{std::move(handlers)},
      stream_{context.loop,
              context.tls,
              config.order_stream,
              config.stream_options,
              context.tape,
              rest.random(),
              {.find_url = {},
               .prepare = [this](auto link) { return log_in(std::move(link)); },
               .on_text = std::bind_front(&OrderStream::on_text, this),
               .on_up = handlers_.on_up,
               .keep_alive = {},
               .on_state = handlers_.on_state}} {}

asio::awaitable<Result<void>> OrderStream::log_in(gateway::Stream::LinkPtr link) {
  Credential::Message login = in_format(credential_.order_login(), is_msgpack_);
  const Link::Answer in =
      co_await link->request(std::string{authorization}, std::move(login.text), std::move(login.redacted));
  if (!in.text) co_return Error{ErrorCode::ConnectionError, "no answer to the login of the order stream"};
  const auto said = decode_stream(*in.text);
  if (!said) co_return said.error();
  const auto* const authorized = std::get_if<Authorization>(&*said);
  if (authorized == nullptr || !authorized->is_authorized) {
    const std::string why = authorized == nullptr ? std::string{} : to_words(authorized->message);
    co_return Error{ErrorCode::AuthenticationFailed,
                    "Alpaca refuses the login of the order stream" + (why.empty() ? "" : ": " + why)};
  }
  const std::vector<std::string> streams(1, std::string{trade_updates});
  Credential::Message listen = in_format({encode_listen(streams), {}}, is_msgpack_);
  const Link::Answer heard =
      co_await link->request(std::string{listening}, std::move(listen.text), std::move(listen.redacted));
  if (!heard.text) co_return Error{ErrorCode::ConnectionError, "no answer to what the order stream shall tell"};
  const auto listens = decode_stream(*heard.text);
  if (!listens) co_return listens.error();
  const auto* const now = std::get_if<Listening>(&*listens);
  if (now == nullptr || std::ranges::find(now->streams, trade_updates) == now->streams.end()) {
    co_return Error{ErrorCode::ConnectionError, "the order stream does not listen to trade_updates" +
                                                    (now == nullptr ? std::string{} : " " + to_words(now->error))};
  }
  co_return Result<void>{};
}

void OrderStream::on_text(Link& link, std::string_view text, Timestamp receive_time_ns, gateway::About& about) {
  const auto message = decode_stream(text);
  if (!message) return handlers_.on_doubt("order stream: " + message.error().text);
  if (const auto* update = std::get_if<TradeUpdate>(&*message)) {
    if (update->order) seen(update->order->id);
    about.venue_order_id = gateway::printable<64>(handlers_.on_update(*update, receive_time_ns));
  } else if (const auto* said = std::get_if<Authorization>(&*message)) {
    // Unasked, or in answer to a request to listen: this connection is logged in no more.
    const bool is_awaited = link.on_answer(std::string{authorization}, text, about);
    if (!is_awaited && !link.on_answer(std::string{listening}, text, about) && !said->is_authorized) {
      link.replace("Alpaca says that the login is none any more", false);
    }
  } else if (std::get_if<Listening>(&*message) != nullptr) {
    link.on_answer(std::string{listening}, text, about);
  }
}

}  // namespace busbar::alpaca
