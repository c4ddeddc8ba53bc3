#include "tools/venue/alpaca/trade_stream.hpp"

#include <boost/json/parse.hpp>

namespace busbar::venue::alpaca {

namespace json = boost::json;

std::optional<json::object> message_from(const std::string& text) {
  boost::system::error_code error;
  json::value parsed;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '{') {
    parsed = json::parse(text, error);
  } else if (auto unpacked = from_msgpack(text)) {
    parsed = std::move(*unpacked);
  }
  if (error || !parsed.is_object()) return std::nullopt;
  return std::move(parsed.get_object());
}

std::string word_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

TradeStream::TradeStream(boost::asio::io_context& loop, std::shared_ptr<Socket> socket,
                         const ConnectionSettings& settings, Faults& faults, Api& api, bool is_msgpack)
    : Connection{loop, std::move(socket), settings, faults, api.now()}, api_{api}, is_msgpack_{is_msgpack} {}

void TradeStream::send_value(const json::value& frame) {
  if (is_msgpack_) send_binary(to_msgpack(frame));
  else if (api_.rules().binary_frames) send_binary(to_json(frame));
  else send(to_json(frame));
}

void TradeStream::say(std::string_view stream, json::object data) {
  send_value(json::object{{"stream", stream}, {"data", std::move(data)}});
}

void TradeStream::on_text(std::string text) {
  const auto message = message_from(text);
  if (!message) return say("authorization", {{"action", ""}, {"message", "invalid message"}, {"status", "unauthorized"}});
  const std::string action = word_in(*message, "action");
  if (action == "authenticate" || action == "auth") return authenticate(*message, action);
  if (!account_) return say("authorization", {{"action", action}, {"status", "unauthorized"}});
  if (action == "listen") listen(*message);
}

void TradeStream::authenticate(const json::object& message, const std::string& action) {
  const json::value* inner = message.if_contains("data");
  const json::object none, &data = inner != nullptr && inner->is_object() ? inner->get_object() : none;
  std::optional<Api::Caller> caller;
  if (action == "auth") {
    const std::string key = word_in(message, "key"), secret = word_in(message, "secret");
    caller = key == "oauth" ? api_.caller_of_token(secret) : api_.caller_of_key(key, secret);
  } else if (data.contains("oauth_token")) {
    caller = api_.caller_of_token(word_in(data, "oauth_token"));
  } else {
    caller = api_.caller_of_key(word_in(data, "key_id"), word_in(data, "secret_key"));
  }
  account_.reset();
  if (caller) account_ = caller->account;
  json::object said{{"action", "authenticate"}, {"status", caller ? "authorized" : "unauthorized"}};
  if (!caller) said["message"] = "access key verification failed";
  say("authorization", std::move(said));
}

// The list takes the place of the former one, and is answered with what there is of it.
void TradeStream::listen(const json::object& message) {
  const json::value* data = message.if_contains("data");
  const json::value* streams = data != nullptr && data->is_object() ? data->get_object().if_contains("streams") : nullptr;
  listens_ = false;
  json::array known;
  if (streams != nullptr && streams->is_array()) {
    for (const json::value& name : streams->get_array()) {
      if (!name.is_string() || name.get_string() != "trade_updates" || listens_) continue;
      listens_ = true;
      known.emplace_back("trade_updates");
    }
  }
  say("listening", {{"streams", std::move(known)}});
}

void TradeStream::on_update(AccountId account, std::string_view event, const json::object& data, TimeUs now) {
  if (!listens_ || account_ != account) return;
  send_event(
      "orders", event, data,
      [](json::value wrapped) -> json::value {
        return json::object{{"stream", "trade_updates"}, {"data", std::move(wrapped)}};
      },
      now, api_.engine().accounts()[account].name);
}

}  // namespace busbar::venue::alpaca
