#include <stdexcept>
#include <string>

#include "gateways/binance/auth.hpp"
#include "gateways/binance/encode.hpp"
#include "tests/vectors/binance_checks.hpp"

namespace busbar::vectors {

using namespace busbar::binance;

namespace {

std::string param_text(const json::value& value) {
  return value.is_string() ? std::string{value.get_string()} : json::serialize(value);
}

Params params_of(const json::object& object) {
  Params params;
  for (const auto& member : object) params.emplace_back(member.key(), param_text(member.value()));
  return params;
}

std::string bytes_of(const std::string& hex) {
  std::string bytes;
  if (hex.size() % 2 != 0) throw std::runtime_error{"hex of an odd length"};
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    std::size_t used = 0;
    bytes += static_cast<char>(std::stoul(hex.substr(i, 2), &used, 16));
    if (used != 2) throw std::runtime_error{"no hex: " + hex.substr(i, 2)};
  }
  return bytes;
}

}  // namespace

void check_signature(Case& a_case) {
  const json::object& given = a_case.given();
  const std::string key_type = text_of(given, "key_type");
  std::string passphrase = text_of(given, "passphrase");
  if (passphrase.empty()) passphrase = text_of(given, "private_key_passphrase");
  const auto signer = key_type == "HMAC" ? Signer::hmac(text_of(given, "secret"))
                                         : Signer::private_key(text_of(given, "private_key_pem"), passphrase);
  if (!is_decoded(a_case, signer)) return;

  std::string query = text_of(given, "query");
  std::string payload;
  if (const json::value* params = given.if_contains("params"); params != nullptr && params->is_array()) {
    Params ordered;
    for (const json::value& pair : params->get_array()) {
      ordered.emplace_back(param_text(pair.as_array().at(0)), param_text(pair.as_array().at(1)));
    }
    query = query_of(ordered);
    payload = rest_payload(query, "");
  } else if (params != nullptr && params->is_object()) {
    payload = ws_payload(params_of(params->get_object()));
    check_spelling(a_case, text_of(given, "method"), params->get_object());
  } else if (given.contains("payload")) {
    payload = text_of(given, "payload");
  } else {
    payload = rest_payload(query, text_of(given, "body"));
  }
  const std::string signature = signer->sign(payload);
  json::object got;
  got["payload"] = payload;
  got["signature"] = signature;
  got["signature_percent_encoded"] = percent_encode(signature);
  got["url_query"] = with_signature(query, signature);
  got["header"] = json::object{{api_key_header, text_of(given, "api_key")}};
  a_case.compare(a_case.expected(), got);
}

void check_spelling(Case& a_case, std::string_view method, const json::object& params) {
  const std::string payload = ws_payload(params_of(params));
  const json::value request = json::parse(encode_ws_request("1", method, params_of(params)));
  const std::string again = ws_payload(params_of(request.at("params").as_object()));
  if (again != payload) a_case.mismatch("sent", payload, again);
}

void check_hmac(Case& a_case) {
  const json::object& given = a_case.json();
  const auto signer = Signer::hmac(bytes_of(text_of(given, "key_hex")));
  if (!is_decoded(a_case, signer)) return;
  const std::string expected = text_of(given, "mac_hex");
  const std::string signature = signer->sign(bytes_of(text_of(given, "data_hex")));
  const bool is_cut = given.contains("truncated_to_bits");
  if ((is_cut ? signature.substr(0, expected.size()) : signature) != expected) {
    a_case.mismatch("mac_hex", expected, signature);
  }
}

}  // namespace busbar::vectors
