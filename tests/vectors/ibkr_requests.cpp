#include <algorithm>
#include <stdexcept>
#include <string>

#include "gateways/framework/base64.hpp"
#include "gateways/framework/exact_json.hpp"
#include "gateways/ibkr/auth.hpp"
#include "gateways/ibkr/encode.hpp"
#include "tests/vectors/ibkr_checks.hpp"

namespace busbar::vectors {

using namespace busbar::ibkr;

namespace {

Params params_of(const json::object& object, std::string_view member) {
  Params params;
  const json::value* found = object.if_contains(member);
  if (found == nullptr) return params;
  for (const auto& each : found->as_object()) {
    const json::string* text = each.value().if_string();
    params.emplace_back(std::string{each.key()}, text ? std::string{*text} : json::serialize(each.value()));
  }
  return params;
}

SignedParts parts_of(const json::object& given) {
  SignedParts parts{.method = text_of(given, "method"),
                    .url = text_of(given, "url"),
                    .query = params_of(given, "query"),
                    .oauth = params_of(given, "oauth_params")};
  for (auto& field : params_of(given, "form")) parts.query.push_back(std::move(field));
  return parts;
}

// The key of another file, or a value that is no number, is an error of the case.
template <class T>
T good(Result<T> result) {
  if (!result) throw std::runtime_error{result.error().text};
  return *std::move(result);
}

Secret hex(const json::object& given, std::string_view member) {
  const std::string digits = text_of(given, member);
  return good(decode_hex(digits.size() % 2 == 0 ? digits : "0" + digits, member));
}

std::string base64_of(const Secret& secret) { return gateway::base64(secret.bytes()); }

// The exchange as it is given: challenge, K, and the token with its proof.
json::object exchanged(const json::object& given, const Secret& access_token_secret, Secret& token) {
  const auto generator = static_cast<std::uint32_t>(given.at("dh_generator").as_int64());
  const auto exchange = good(KeyExchange::of(text_of(given, "dh_prime_hex"), generator, hex(given, "dh_random_hex")));
  const Secret shared = good(exchange.shared(text_of(given, "dh_response_hex")));
  token = live_session_token(shared, access_token_secret);
  const std::string bits{hex_of(shared).reveal()};
  const std::size_t first = std::min(bits.find_first_not_of('0'), bits.size() - 1);
  const int top = std::stoi(bits.substr(first, 1), nullptr, 16);
  const auto top_bits = top >= 8 ? 4 : top >= 4 ? 3 : top >= 2 ? 2 : top;
  return {{"dh_challenge_hex", exchange.challenge()},
          {"k_bytes_length", shared.bytes().size()},
          {"k_bits", 4 * (bits.size() - first - 1) + static_cast<std::size_t>(top_bits)},
          {"live_session_token", base64_of(token)},
          {"valid", is_proven(token, text_of(given, "consumer_key"), text_of(given, "live_session_token_signature"))}};
}

std::int64_t seconds(const json::object& given) { return std::stoll(text_of(given, "oauth_timestamp")); }

// ---- Orders in neutral terms

std::string first_text(const json::object& object, std::initializer_list<std::string_view> members) {
  for (const std::string_view member : members) {
    const json::value* value = object.if_contains(member);
    if (value == nullptr || value->is_null()) continue;
    return value->is_string() ? std::string{value->get_string()} : json::serialize(*value);
  }
  return {};
}

std::optional<Decimal> amount_of(const json::object& object, std::initializer_list<std::string_view> members) {
  const std::string text = first_text(object, members);
  if (text.empty()) return std::nullopt;
  const auto amount = Decimal::parse(text);
  if (!amount) throw std::runtime_error{text + " is no amount"};
  return amount;
}

struct Neutral {
  NewOrder order;
  Instrument instrument;
  std::string client_order_id, parent, listing_exchange, referrer;
  Ticket ticket(std::string_view account, bool is_single_group = false) const {
    return {.account = account,
            .venue_order_id = client_order_id,
            .parent_id = parent,
            .listing_exchange = listing_exchange,
            .referrer = referrer,
            .is_single_group = is_single_group};
  }
};

OrderType type_of(const std::string& word) {
  if (word == "market") return OrderType::Market;
  if (word == "limit") return OrderType::Limit;
  if (word == "stop" || word == "trailing_stop") return OrderType::Stop;
  if (word == "stop_limit") return OrderType::StopLimit;
  throw std::runtime_error{word + " is no type of order"};
}

TimeInForce time_in_force_of(const std::string& word) {
  if (word == "day") return TimeInForce::Day;
  if (word == "gtc") return TimeInForce::GoodTillCancel;
  if (word == "ioc") return TimeInForce::ImmediateOrCancel;
  if (word == "opg") return TimeInForce::AtTheOpening;
  throw std::runtime_error{word + " is no time in force"};
}

Neutral neutral_of(const json::object& given) {
  Neutral neutral;
  NewOrder& order = neutral.order;
  order.side = text_of(given, "side") == "buy" ? Side::Buy : Side::Sell;
  order.order_type = type_of(text_of(given, "type"));
  order.time_in_force = time_in_force_of(first_text(given, {"time_in_force", "tif"}));
  order.order_qty = amount_of(given, {"quantity", "qty"});
  order.cash_order_qty = amount_of(given, {"cash_quantity", "cash_qty"});
  order.price = amount_of(given, {"limit_price", "price"});
  order.stop_px = amount_of(given, {"stop_price"});
  if (const auto trailing = amount_of(given, {"trailing_amount", "trailing_percent"})) {
    const auto bps = multiply(*trailing, Decimal{100, 0});
    order.trailing_delta_bps = static_cast<std::uint32_t>(std::stoul(to_string(bps.value())));
  }
  const json::value* outside = given.if_contains("outside_rth");
  order.extended_hours = outside != nullptr && outside->is_bool() && outside->get_bool();
  neutral.instrument.broker_symbol = cut<32>(first_text(given, {"conidex", "conid"}));
  neutral.instrument.can_cash_order_qty = true;
  neutral.instrument.quote_precision = 2;
  neutral.client_order_id = text_of(given, "client_order_id");
  neutral.parent = text_of(given, "parent");
  neutral.listing_exchange = text_of(given, "listing_exchange");
  neutral.referrer = text_of(given, "referrer");
  return neutral;
}

Request request_of(const json::object& given) {
  if (const json::value* order = given.if_contains("order")) {
    const json::object& asked = order->as_object();
    const std::string account = text_of(asked, "account");
    const bool is_bracket = asked.contains("bracket");
    const bool is_group = asked.contains("oca");
    if (!is_bracket && !is_group) {
      const Neutral one = neutral_of(asked);
      return good(encode_place(one.order, one.instrument, one.ticket(account)));
    }
    std::vector<Neutral> all;
    for (const json::value& leg : asked.at(is_bracket ? "bracket" : "oca").as_array()) {
      all.push_back(neutral_of(leg.as_object()));
    }
    std::vector<TicketOrder> legs;
    for (const Neutral& leg : all) legs.push_back({leg.order, leg.instrument, leg.ticket(account, is_group)});
    return good(encode_place_all(account, legs));
  }
  for (const std::string_view member : {"modify", "change", "replace"}) {
    const json::value* change = given.if_contains(member);
    if (change == nullptr) continue;
    const json::object& asked = change->as_object();
    const json::value* inner = asked.if_contains("order");
    const Neutral one = neutral_of(inner != nullptr ? inner->as_object() : asked);
    return good(
        encode_replace(text_of(asked, "order_id"), one.order, one.instrument, one.ticket(text_of(asked, "account"))));
  }
  if (const json::value* cancel = given.if_contains("cancel")) {
    const json::object& asked = cancel->as_object();
    return good(encode_cancel(text_of(asked, "account"), text_of(asked, "order_id")));
  }
  if (const json::value* reply = given.if_contains("reply")) {
    const json::object& asked = reply->as_object();
    const json::value* confirmed = asked.if_contains("confirmed");
    return encode_reply(first_text(asked, {"reply_id", "id"}), confirmed == nullptr || confirmed->as_bool());
  }
  if (const json::value* ids = given.if_contains("suppress")) {
    std::vector<std::string> all;
    for (const json::value& id : ids->as_array()) all.emplace_back(id.as_string());
    return encode_suppress(all);
  }
  throw std::runtime_error{"no encoder for such a request"};
}

// Numbers by value, sides in large letters; a conidex without an exchange is its conid.
void normalize(json::value& body) {
  if (json::array* array = body.if_array()) {
    for (json::value& each : *array) normalize(each);
    return;
  }
  json::object* object = body.if_object();
  if (object == nullptr) return;
  for (auto& member : *object) normalize(member.value());
  for (const std::string_view name : {"price", "auxPrice", "quantity", "cashQty", "trailingAmt"}) {
    if (json::value* number = object->if_contains(name)) {
      const std::string text = first_text(*object, {name});
      if (const auto amount = Decimal::parse(text)) *number = to_string(amount->normalized());
    }
  }
  if (json::value* side = object->if_contains("side")) {
    for (char& c : side->as_string()) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  const std::string conidex = text_of(*object, "conidex");
  if (!conidex.empty() && conidex.find('@') == std::string::npos) {
    object->erase("conidex");
    (*object)["conid"] = std::stoll(conidex);
  }
}

std::vector<std::string> texts_of(const json::object& given, std::string_view member) {
  std::vector<std::string> all;
  for (const json::value& each : given.at(member).as_array()) {
    all.push_back(each.is_string() ? std::string{each.get_string()} : json::serialize(each));
  }
  return all;
}

std::string frame_of(const json::object& given) {
  const std::string op = text_of(given, "op");
  const auto conid = [&] { return given.at("conid").as_int64(); };
  const auto account = [&] { return text_of(given, "account"); };
  if (op == "subscribe_quote") return encode_subscribe_quote(conid(), texts_of(given, "fields"));
  if (op == "unsubscribe_quote") return encode_unsubscribe_quote(conid());
  if (op == "subscribe_orders") return encode_subscribe_orders();
  if (op == "unsubscribe_orders") return encode_unsubscribe_orders();
  if (op == "subscribe_trades") {
    const json::value* realtime = given.if_contains("realtime_only");
    const json::value* days = given.if_contains("days");
    return encode_subscribe_trades(realtime != nullptr && realtime->as_bool(),
                                   days == nullptr ? 0 : static_cast<std::uint32_t>(days->as_int64()));
  }
  if (op == "unsubscribe_trades") return encode_unsubscribe_trades();
  if (op == "subscribe_pnl") return encode_subscribe_pnl();
  if (op == "unsubscribe_pnl") return encode_unsubscribe_pnl();
  if (op == "subscribe_account_summary") return encode_subscribe_summary(account());
  if (op == "unsubscribe_account_summary") return encode_unsubscribe_summary(account());
  if (op == "subscribe_account_ledger" || op == "subscribe_ledger") return encode_subscribe_ledger(account());
  if (op == "unsubscribe_account_ledger" || op == "unsubscribe_ledger") return encode_unsubscribe_ledger(account());
  if (op == "subscribe_history") {
    HistoryQuery asked{.conid = conid(),
                       .period = text_of(given, "period"),
                       .bar = text_of(given, "bar"),
                       .exchange = text_of(given, "exchange"),
                       .source = text_of(given, "source"),
                       .format = text_of(given, "format")};
    if (const json::value* outside = given.if_contains("outside_rth")) asked.outside_rth = outside->as_bool();
    return encode_subscribe_history(asked);
  }
  if (op == "unsubscribe_history") return encode_unsubscribe_history(first_text(given, {"server_id", "conid"}));
  if (op == "session") return encode_session(text_of(given, "session"));
  if (op == "keepalive" || op == "tic") return std::string{keepalive};
  if (op == "echo") return std::string{echo};
  throw std::runtime_error{"no encoder for " + op};
}

}  // namespace

// ---- What is signed

void check_ibkr_percent_encoding(Case& a_case) {
  a_case.compare(a_case.expected(),
                 json::object{{"encoded", gateway::percent_encode(text_of(a_case.given(), "text"))}});
}

void check_ibkr_base_string(Case& a_case) {
  const json::object& given = a_case.given();
  a_case.compare(a_case.expected(),
                 json::object{{"base_string", text_of(given, "prepend") + base_string(parts_of(given))}});
}

void check_ibkr_authorization(Case& a_case) {
  const json::object& given = a_case.given();
  const SignedParts parts = parts_of(given);
  const std::string text = base_string(parts);
  const RsaKey key = good(RsaKey::of(text_of(given, "signature_private_key_pem"), "signature key"));
  const Secret prepend = given.contains("prepend_hex") ? hex(given, "prepend_hex") : Secret{};
  const std::string signature = key.sign(text, prepend);
  a_case.compare(a_case.expected(),
                 json::object{{"base_string", text_of(given, "prepend_hex") + text},
                              {"signature", signature},
                              {"authorization", authorization(text_of(given, "realm"), parts.oauth, signature)}});
}

void check_ibkr_end_to_end(Case& a_case) {
  const json::object& given = a_case.given();
  const RsaKey encryption = good(RsaKey::of(text_of(given, "encryption_private_key_pem"), "encryption key"));
  const RsaKey signature_key = good(RsaKey::of(text_of(given, "signature_private_key_pem"), "signature key"));
  const Secret secret = good(encryption.decrypt(text_of(given, "access_token_secret")));
  Secret token;
  json::object got = exchanged(given, secret, token);
  const Consumer consumer{.key = text_of(given, "consumer_key"), .access_token = text_of(given, "access_token")};
  if (consumer.realm() != text_of(given, "realm")) a_case.mismatch("realm", text_of(given, "realm"), consumer.realm());
  SignedParts parts{.method = "POST",
                    .url = text_of(given, "url"),
                    .query = {},
                    .oauth = oauth_params(consumer, rsa_sha256, text_of(given, "oauth_nonce"), seconds(given),
                                          {{"diffie_hellman_challenge", text_of(got, "dh_challenge_hex")}})};
  const std::string text = base_string(parts);
  got["prepend_hex"] = hex_of(secret).reveal();
  got["base_string"] = text_of(got, "prepend_hex") + text;
  got["signature"] = signature_key.sign(text, secret);
  got["authorization"] = authorization(consumer.realm(), parts.oauth, text_of(got, "signature"));
  const json::object& expected = a_case.expected().as_object();
  if (const json::value* later = expected.if_contains("later_requests")) {
    json::array all;
    for (const json::value& each : later->as_array()) {
      const json::object& asked = each.at("given").as_object();
      SignedParts signed_parts = parts_of(asked);
      signed_parts.oauth = oauth_params(consumer, hmac_sha256, text_of(asked, "oauth_nonce"), seconds(asked));
      const std::string base = base_string(signed_parts);
      const std::string signature = sign(token, base);
      json::object one{{"given", asked}};
      one["expected"] = json::object{{"base_string", base},
                                     {"signature", signature},
                                     {"authorization", authorization(consumer.realm(), signed_parts.oauth, signature)}};
      all.push_back(std::move(one));
    }
    got["later_requests"] = std::move(all);
  }
  a_case.compare(a_case.expected(), got);
}

void check_ibkr_hmac(Case& a_case) {
  const json::object& given = a_case.given();
  const Secret token = good(decode_base64(text_of(given, "live_session_token"), "live_session_token"));
  const std::string signature = sign(token, text_of(given, "base_string"));
  a_case.compare(a_case.expected(),
                 json::object{{"signature", signature}, {"signature_encoded", gateway::percent_encode(signature)}});
}

void check_ibkr_number_bytes(Case& a_case) {
  const Secret bytes = good(number_bytes(text_of(a_case.given(), "k_hex")));
  a_case.compare(a_case.expected(), json::object{{"bytes_hex", hex_of(bytes).reveal()}});
}

void check_ibkr_live_session_token(Case& a_case) {
  Secret token;
  a_case.compare(a_case.expected(), exchanged(a_case.given(), hex(a_case.given(), "prepend_hex"), token));
}

void check_ibkr_token_answer(Case& a_case) {
  const std::string body = text_of(a_case.given().at("response").as_object(), "body_text");
  json::object got;
  if (const auto session = decode_live_session(body)) {
    got["dh_response_hex"] = session->diffie_hellman_response;
    got["signature"] = session->signature;
    got["expires_ns"] = session->expires_ns;
  } else if (const auto access = decode_access_token(body)) {
    got["is_paper"] = access->is_paper;
    got["access_token"] = access->token;
    const auto encrypted = decode_base64(access->secret, "oauth_token_secret");
    got["access_token_secret_bytes"] = good(encrypted).bytes().size();
  } else {
    const auto token = decode_request_token(body);
    if (!is_decoded(a_case, token)) return;
    got["request_token"] = *token;
    got["oauth_token"] = *token;
  }
  a_case.compare(a_case.expected(), got);
}

// ---- What is sent

void check_ibkr_order_request(Case& a_case) {
  const Request request = request_of(a_case.given());
  json::value expected = a_case.expected();
  json::object got{{"method", request.method}, {"path", request.path}, {"body", nullptr}};
  if (!request.body.empty()) got["body"] = good(reading::parse_exact_json(request.body));
  if (json::value* body = expected.as_object().if_contains("body")) {
    if (body->is_array()) got["body"] = json::value{got["body"].at("orders")};  // as the oldest pages print it
    normalize(*body);
  }
  normalize(got["body"]);
  a_case.compare(expected, got);
}

void check_ibkr_stream_request(Case& a_case) {
  a_case.compare(a_case.expected(), json::object{{"frame_text", frame_of(a_case.given())}});
}

}  // namespace busbar::vectors
