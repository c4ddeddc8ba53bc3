#include "tools/venue/connection.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/json/serialize.hpp>

namespace busbar::venue {

namespace asio = boost::asio;
namespace json = boost::json;

Connection::Connection(asio::io_context& loop, std::shared_ptr<Socket> socket, const ConnectionSettings& settings,
                       Faults& faults, TimeUs now)
    : loop_{loop}, socket_{std::move(socket)}, settings_{settings}, faults_{faults}, connected_{now}, last_ping_{now},
      last_pong_{now}, now_{now} {}

void Connection::on_control(bool is_pong) {
  if (is_pong) last_pong_ = now_;
  if (limits_messages() && !is_within_message_rate(now_)) close(1008, "Too many requests");
}

void Connection::tick(TimeUs now) {
  now_ = now;
  if (is_closed_) return;
  if (now - connected_ >= settings_.life_ms * 1'000) return close(1001, "24 hours are over");
  if (last_ping_ - last_pong_ > 0 && now - last_pong_ > settings_.pong_timeout_ms * 1'000) return reset();
  if (now - last_ping_ >= settings_.ping_interval_ms * 1'000) {
    last_ping_ = now;
    socket_->ping(std::to_string(now / 1'000));
  }
}

bool Connection::is_within_message_rate(TimeUs now) {
  if (now / 1'000'000 != messages_second_) {
    messages_second_ = now / 1'000'000;
    messages_ = 0;
  }
  return ++messages_ <= settings_.messages_per_second;
}

void Connection::send_value(const json::value& frame) { send(json::serialize(frame)); }

void Connection::send_event(std::string_view stream, std::string_view name, json::value event, Wrap wrap, TimeUs now,
                            std::string_view account) {
  const Faults::EventPlan plan = faults_.plan_event(stream, name, now, account);
  if (plan.is_withheld) return;
  for (const Faults::Alteration& alteration : plan.alterations) alter(event, alteration);
  const std::function<json::value()> frame = [wrap = std::move(wrap), event = std::move(event)] { return wrap(event); };
  if (plan.is_lost) return static_cast<void>(frame());
  const auto deliver = [this, plan, frame] {
    if (plan.is_reordered && !held_) {
      held_ = frame;
      return;
    }
    for (std::int64_t copy = 0; copy < plan.copies; ++copy) send_value(frame());
    if (const auto held = std::exchange(held_, nullptr)) send_value(held());
  };
  if (plan.delay.count() == 0) return deliver();
  const auto timer = std::make_shared<asio::steady_timer>(loop_, plan.delay);
  timer->async_wait([self = shared_from_this(), timer, deliver](boost::system::error_code) { deliver(); });
}

}  // namespace busbar::venue
