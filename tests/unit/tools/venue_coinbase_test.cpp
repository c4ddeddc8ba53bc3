#include "tools/venue/coinbase/api.hpp"

#include <memory>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "tools/venue/coinbase/config.hpp"
#include "tools/venue/coinbase/login.hpp"
#include "tools/venue/form.hpp"

namespace busbar::venue::coinbase {
namespace {

namespace json = boost::json;
using namespace busbar::literals;

constexpr std::string_view key_name = "organizations/venue/apiKeys/test";

std::string base64url(std::string_view raw) {
  std::string text((raw.size() + 2) / 3 * 4, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), reinterpret_cast<const unsigned char*>(raw.data()),
                  static_cast<int>(raw.size()));
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  while (text.ends_with('=')) text.pop_back();
  return text;
}

// A token as a client makes it, with whatever shall be wrong with it.
struct Signer {
  PublicKey key;  // the private half is in there
  explicit Signer(const std::string& secret) : key{public_key_from(secret)} {}
  bool is_ed25519() const { return EVP_PKEY_get_id(key.get()) == EVP_PKEY_ED25519; }

  std::string sign(std::string_view text, bool as_der = false) const {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
    EVP_DigestSignInit(context.get(), nullptr, is_ed25519() ? nullptr : EVP_sha256(), nullptr, key.get());
    std::string signature(128, '\0');
    std::size_t size = signature.size();
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                   reinterpret_cast<const unsigned char*>(text.data()), text.size());
    signature.resize(size);
    if (is_ed25519() || as_der) return signature;
    const auto* der = reinterpret_cast<const unsigned char*>(signature.data());
    const std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> both{
        d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(size)), ECDSA_SIG_free};
    std::string raw(64, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(both.get()), reinterpret_cast<unsigned char*>(raw.data()), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(both.get()), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
    return raw;
  }

  std::string token(const json::object& header, const json::object& claims, bool as_der = false) const {
    const std::string text = base64url(json::serialize(header)) + '.' + base64url(json::serialize(claims));
    return text + '.' + base64url(sign(text, as_der));
  }
};

// A venue without sockets: requests go straight to the API.
struct VenueCoinbase : testing::Test {
  static constexpr TimeUs start = 1'700'000'000'000'000;
  TimeUs clock = start;
  Engine engine{default_symbols(), Commission::InQuote};
  History history{engine.symbol_count()};
  AccountId main = engine.open_account("main", "0.006"_d, "0.008"_d, true);
  AccountId other = engine.open_account("other", {}, {}, true);
  std::string secret = make_ed25519_secret();
  Signer signer{secret};
  Events told;
  int nonce = 0;
  Api api{engine,
          history,
          {{"BTC-USDC", "BTC-USD", "USDC"}},
          {{std::string{key_name}, public_key_from(secret), main, {}, false}},
          {},
          {1'000, 1'000, 8, 8},
          {},
          7,
          [this] { return clock; },
          [this](const Events& events) { publish(events); }};

  VenueCoinbase() {
    for (const AccountId account : {main, other}) {
      engine.deposit(account, "USD", "100000"_d, 0);
      engine.deposit(account, "BTC", "10"_d, 0);
    }
    rest(Side::Buy, "1"_d, "67200"_d);
    rest(Side::Sell, "1"_d, "67300"_d);
  }
  void publish(const Events& events) {
    told = events;
    for (const Trade& trade : events.trades) history.add(trade);
    for (const Execution& execution : events.executions) api.ledger().apply(execution);
    if (!events.trades.empty()) api.follow_brackets();
  }
  void rest(Side side, Decimal qty, Decimal price) {
    NewOrder order;
    order.side = side;
    order.qty = qty;
    order.price = price;
    order.self_trade = SelfTrade::None;
    Events events;
    ASSERT_TRUE(engine.place(other, 0, order, clock, events));
    publish(events);
  }
  json::object header() {
    return {{"alg", signer.is_ed25519() ? "EdDSA" : "ES256"},
            {"kid", key_name},
            {"nonce", std::to_string(++nonce)},
            {"typ", "JWT"}};
  }
  json::object claims(const std::string& uri) const {
    const std::int64_t now = clock / 1'000'000;
    json::object claims{{"sub", key_name}, {"iss", "cdp"}, {"nbf", now}, {"exp", now + 120}};
    if (!uri.empty()) claims["uri"] = uri;
    return claims;
  }
  Reply ask(const std::string& method, const std::string& path, const std::string& query = {},
            const json::value& body = json::object{}) {
    return ask_with(signer.token(header(), claims(method + " api.coinbase.com" + path)), method, path, query, body);
  }
  Reply ask_with(const std::string& token, const std::string& method, const std::string& path,
                 const std::string& query = {}, const json::value& body = json::object{}) {
    Call call;
    call.method = method;
    call.path = path;
    call.host = "localhost:1";
    call.query = form_fields(query);
    call.authorization = "Bearer " + token;
    call.is_json = body.is_object();
    if (call.is_json) call.body = body.get_object();
    const Operation* operation = api.find(method, path, call.id);
    EXPECT_NE(operation, nullptr) << path;
    return api.perform(*operation, call);
  }
  static constexpr const char* base = "/api/v3/brokerage";
  json::object order(std::string id, std::string side, std::string kind, json::object members,
                     std::string product = "BTC-USD") const {
    json::object configuration;
    configuration[kind] = std::move(members);
    return {{"client_order_id", std::move(id)},
            {"product_id", std::move(product)},
            {"side", std::move(side)},
            {"order_configuration", std::move(configuration)}};
  }
  Reply place(const json::object& body) { return ask("POST", std::string{base} + "/orders", {}, body); }
  std::string placed(const json::object& body) {
    const Reply reply = place(body);
    EXPECT_TRUE(reply.body.at("success").as_bool()) << json::serialize(reply.body);
    return std::string{reply.body.at("order_id").as_string()};
  }
  json::object get(const std::string& order_id) {
    const Reply reply = ask("GET", std::string{base} + "/orders/historical/" + order_id);
    return reply.status == 200 ? reply.body.at("order").as_object() : json::object{};
  }
  static std::string text(const json::value& value, std::string_view name) {
    return std::string{value.at(name).as_string()};
  }
  std::string status(const std::string& order_id) { return text(get(order_id), "status"); }
  std::string edit(const std::string& order_id, const json::object& more) {
    json::object body = more;
    body["order_id"] = order_id;
    const Reply reply = ask("POST", std::string{base} + "/orders/edit", {}, body);
    if (reply.body.at("success").as_bool()) return {};
    const std::string reason = text(reply.body.at("errors").at(0), "edit_failure_reason");
    return reason.starts_with("UNKNOWN") ? text(reply.body.at("errors").at(0), "preview_failure_reason") : reason;
  }
  std::string cancel(const std::string& order_id) {
    json::object body{{"order_ids", json::array(1, json::value(order_id))}};
    const Reply reply = ask("POST", std::string{base} + "/orders/batch_cancel", {}, body);
    const json::value& result = reply.body.at("results").at(0);
    return result.at("success").as_bool() ? "" : text(result, "failure_reason");
  }
  Balance balance(const char* asset) const { return engine.accounts()[main].balances.at(asset); }
  static json::object limit(const char* size, const char* price) {
    return {{"base_size", size}, {"limit_price", price}};
  }
};

TEST(VenueCoinbaseKey, EveryFormOfASecretIsReadAndNothingElse) {
  const std::string raw = make_ed25519_secret(), sec1 = make_ecdsa_secret();
  std::string unfolded = sec1;
  for (std::size_t at = unfolded.find("\\n"); at != std::string::npos; at = unfolded.find("\\n")) {
    unfolded.replace(at, 2, "\n");
  }
  EXPECT_TRUE(public_key_from(raw));
  EXPECT_TRUE(public_key_from(raw.substr(0, 40) + "\n " + raw.substr(40))) << "white space means nothing";
  EXPECT_TRUE(public_key_from(sec1)) << "with \\n written out";
  EXPECT_TRUE(public_key_from(unfolded));
  for (const char* bad :
       {"", "secret", "AAAA", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"}) {
    EXPECT_FALSE(public_key_from(bad)) << bad;
  }
}

TEST_F(VenueCoinbase, ATokenIsCheckedInEveryPart) {
  const std::string path = std::string{base} + "/accounts", uri = "GET api.coinbase.com" + path;
  const auto verdict = [&](const json::object& head, const json::object& body, bool as_der = false) {
    const Reply reply = ask_with(signer.token(head, body, as_der), "GET", path);
    EXPECT_EQ(reply.status == 200, reply.refusal.empty());
    EXPECT_EQ(reply.text, reply.status == 200 ? "" : "Unauthorized");
    return reply.refusal;
  };
  const auto with = [](json::object object, std::string_view name, json::value value) {
    object[name] = std::move(value);
    return object;
  };
  const std::int64_t now = clock / 1'000'000;
  for (const std::string& made : {make_ed25519_secret(), make_ecdsa_secret()}) {
    signer = Signer{made};
    api.keys().front().key = public_key_from(made);
    SCOPED_TRACE(signer.is_ed25519());
    EXPECT_EQ(verdict(header(), claims(uri)), "");
    EXPECT_EQ(verdict(header(), claims("GET localhost:1" + path)), "") << "the host that was called";
    const json::object listed = with(claims(""), "uris", json::array(1, json::value(uri)));
    EXPECT_EQ(verdict(header(), listed), "");
    EXPECT_EQ(verdict(with(header(), "alg", "none"), claims(uri)), "alg is not that of the key");
    EXPECT_EQ(verdict(with(header(), "alg", signer.is_ed25519() ? "ES256" : "EdDSA"), claims(uri)),
              "alg is not that of the key");
    EXPECT_EQ(verdict(with(header(), "kid", "nobody"), claims(uri)), "kid is no key of anybody");
    EXPECT_EQ(verdict(with(header(), "typ", "JOSE"), claims(uri)), "typ is not JWT");
    EXPECT_EQ(verdict(with(header(), "nonce", ""), claims(uri)), "nonce is missing, or too long");
    EXPECT_EQ(verdict(header(), with(claims(uri), "sub", "nobody")), "sub is not the key's name");
    EXPECT_EQ(verdict(header(), with(claims(uri), "iss", "me")), "iss is not cdp");
    EXPECT_EQ(verdict(header(), with(claims(uri), "nbf", now + 31)), "nbf lies in the future");
    EXPECT_EQ(verdict(header(), with(claims(uri), "nbf", now + 30)), "");
    EXPECT_EQ(verdict(header(), with(claims(uri), "exp", now)), "exp has passed");
    EXPECT_EQ(verdict(header(), with(claims(uri), "exp", now + 121)), "exp is too long after nbf");
    EXPECT_EQ(verdict(header(), with(claims(uri), "exp", "soon")), "nbf or exp is missing");
    EXPECT_EQ(verdict(header(), claims("")), "uri is missing");
    for (const std::string& wrong : {"POST api.coinbase.com" + path, "GET https://api.coinbase.com" + path,
                                     uri + "?limit=1", "GET api.example.com" + path}) {
      EXPECT_EQ(verdict(header(), claims(wrong)), "uri is " + wrong + " and not GET localhost:1" + path);
    }
    const std::string token = signer.token(header(), claims(uri));
    EXPECT_EQ(ask_with(token, "GET", path).refusal, "");
    EXPECT_EQ(ask_with(token, "GET", path).refusal, "nonce was used before");
    EXPECT_EQ(ask_with(token + "A", "GET", path).status, 401U);
    EXPECT_EQ(ask_with(token.substr(0, token.size() / 2), "GET", path).status, 401U);
  }
  EXPECT_EQ(verdict(header(), claims(uri), true), "the signature has not 64 bytes") << "DER";
  EXPECT_EQ(ask_with("", "GET", path).status, 401U);
  std::string why;
  EXPECT_TRUE(api.caller_of(signer.token(header(), claims("")), {}, why)) << why;
  EXPECT_FALSE(api.caller_of(signer.token(header(), claims(uri)), {}, why));
  EXPECT_EQ(why, "a stream's token names no uri");
  clock += 121'000'000;
  api.keys().front().is_revoked = true;
  EXPECT_EQ(ask("GET", path).refusal, "kid is no key of anybody");
}

TEST_F(VenueCoinbase, APermissionThatIsMissingIsSaidInTheBrokersWords) {
  api.keys().front().permissions.can_trade = false;
  const Reply reply = place(order("a", "BUY", "limit_limit_gtc", limit("0.01", "60000")));
  EXPECT_EQ(reply.status, 403U);
  EXPECT_NE(json::serialize(reply.body).find(R"("error_details":"Missing required scopes")"), std::string::npos);
  EXPECT_EQ(ask("GET", std::string{base} + "/key_permissions").body.at("can_trade").as_bool(), false);
}

TEST_F(VenueCoinbase, EveryConfigurationBecomesTheOrderThatItSays) {
  struct Case {
    const char *side, *kind, *members, *status, *type, *time_in_force, *filled, *trigger;
  };
  const char* none = "INVALID_ORDER_TYPE";
  const Case cases[] = {
      {"BUY", "limit_limit_gtc", R"({"base_size":"0.01","limit_price":"60000"})", "OPEN", "LIMIT",
       "GOOD_UNTIL_CANCELLED", "0", none},
      {"SELL", "limit_limit_gtc", R"({"base_size":"0.01","limit_price":"67301","post_only":true})", "OPEN", "LIMIT",
       "GOOD_UNTIL_CANCELLED", "0", none},
      {"BUY", "limit_limit_gtd", R"({"base_size":"0.01","limit_price":"60000","end_time":"2023-11-14T22:15:00Z"})",
       "OPEN", "LIMIT", "GOOD_UNTIL_DATE_TIME", "0", none},
      {"BUY", "sor_limit_ioc", R"({"base_size":"0.01","limit_price":"67300"})", "FILLED", "LIMIT",
       "IMMEDIATE_OR_CANCEL", "0.01", none},
      {"BUY", "sor_limit_ioc", R"({"base_size":"0.01","limit_price":"67000"})", "CANCELLED", "LIMIT",
       "IMMEDIATE_OR_CANCEL", "0", none},
      {"SELL", "limit_limit_fok", R"({"base_size":"2","limit_price":"67200"})", "CANCELLED", "LIMIT", "FILL_OR_KILL",
       "0", none},
      {"SELL", "limit_limit_fok", R"({"base_size":"0.01","limit_price":"67200"})", "FILLED", "LIMIT", "FILL_OR_KILL",
       "0.01", none},
      {"SELL", "market_market_ioc", R"({"base_size":"0.02"})", "FILLED", "MARKET", "IMMEDIATE_OR_CANCEL", "0.02", none},
      {"BUY", "market_market_ioc", R"({"quote_size":"100"})", "FILLED", "MARKET", "IMMEDIATE_OR_CANCEL", "0.001474",
       none},
      {"SELL", "stop_limit_stop_limit_gtc",
       R"({"base_size":"0.01","limit_price":"66000","stop_price":"66500","stop_direction":"STOP_DIRECTION_STOP_DOWN"})",
       "OPEN", "STOP_LIMIT", "GOOD_UNTIL_CANCELLED", "0", "STOP_PENDING"},
      {"SELL", "stop_limit_stop_limit_gtd",
       R"({"base_size":"0.01","limit_price":"69000","stop_price":"69500","stop_direction":"STOP_DIRECTION_STOP_UP",)"
       R"("end_time":"2023-11-14T22:15:00Z"})",
       "OPEN", "STOP_LIMIT", "GOOD_UNTIL_DATE_TIME", "0", "STOP_PENDING"},
      {"SELL", "trigger_bracket_gtc", R"({"base_size":"0.01","limit_price":"70000","stop_trigger_price":"65000"})",
       "OPEN", "BRACKET", "GOOD_UNTIL_CANCELLED", "0", "STOP_PENDING"},
  };
  int count = 0;
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string{c.side} + ' ' + c.kind);
    const std::string id = "id-" + std::to_string(++count);
    const json::object shown = get(placed(order(id, c.side, c.kind, json::parse(c.members).as_object())));
    EXPECT_EQ(text(shown, "client_order_id"), id);
    EXPECT_EQ(text(shown, "status"), c.status);
    EXPECT_EQ(text(shown, "order_type"), c.type);
    EXPECT_EQ(text(shown, "time_in_force"), c.time_in_force);
    EXPECT_EQ(text(shown, "filled_size"), c.filled);
    EXPECT_EQ(text(shown, "trigger_status"), c.trigger);
    EXPECT_EQ(shown.at("order_configuration").as_object().begin()->key(), c.kind);
  }
}

TEST_F(VenueCoinbase, WhatIsRefusedIsRefusedWithTheBrokersReason) {
  const std::string past = rfc3339(clock - 1, 6), far = rfc3339(clock + 91LL * 86'400'000'000, 0);
  const auto end = [](const std::string& time) {
    json::object members = limit("0.01", "60000");
    members["end_time"] = time;
    return members;
  };
  const auto stop = [](const char* price, const char* direction) {
    json::object members = limit("0.01", "60000");
    members["stop_price"] = price;
    members["stop_direction"] = direction;
    return members;
  };
  const json::object good = limit("0.01", "60000");
  struct Case {
    json::object body;
    const char* reason;
  };
  const Case cases[] = {
      {order("r", "UP", "limit_limit_gtc", good), "INVALID_SIDE"},
      {order("r", "BUY", "limit_limit_gtc", good, "XYZ-USD"), "INVALID_PRODUCT_ID"},
      {order("r", "BUY", "market_market_fok", {{"base_size", "1"}}), "UNSUPPORTED_ORDER_CONFIGURATION"},
      {order("r", "BUY", "twap_limit_gtd", good), "UNSUPPORTED_ORDER_CONFIGURATION"},
      {order("r", "BUY", "limit_limit_gtc", limit("0.0000001", "60000")), "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL"},
      {order("r", "BUY", "limit_limit_gtc", limit("3401", "1")), "PREVIEW_INVALID_BASE_SIZE_TOO_LARGE"},
      {order("r", "BUY", "limit_limit_gtc", limit("0.0100001", "60000")), "INVALID_SIZE_PRECISION"},
      {order("r", "BUY", "limit_limit_gtc", limit("1E-2", "60000")), "INVALID_SIZE_PRECISION"},
      {order("r", "BUY", "limit_limit_gtc", limit("0.01", "60000.001")), "INVALID_PRICE_PRECISION"},
      {order("r", "BUY", "limit_limit_gtc", limit("0.01", "0")), "INVALID_LIMIT_PRICE"},
      {order("r", "BUY", "limit_limit_gtc", limit("0.00001", "60000")), "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL"},
      {order("r", "BUY", "limit_limit_gtd", end(past)), "INVALID_REQUEST"},
      {order("r", "BUY", "limit_limit_gtd", end(far)), "END_TIME_TOO_FAR_IN_FUTURE"},
      {order("r", "BUY", "market_market_ioc", {}), "PREVIEW_INVALID_ORDER_CONFIG"},
      {order("r", "BUY", "market_market_ioc", {{"quote_size", "1.001"}}), "INVALID_SIZE_PRECISION"},
      {order("r2", "BUY", "limit_limit_gtc", limit("1.6", "66000")), "PREVIEW_INSUFFICIENT_FUND"},
      {order("r", "BUY", "stop_limit_stop_limit_gtc", stop("68000", "STOP_DIRECTION_STOP_DOWN")),
       "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE"},
      {order("r", "BUY", "stop_limit_stop_limit_gtc", stop("60000", "STOP_DIRECTION_STOP_UP")),
       "PREVIEW_STOP_PRICE_BELOW_LAST_TRADE_PRICE"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(json::serialize(c.body));
    const Reply reply = place(c.body);
    EXPECT_EQ(reply.status, 200U);
    EXPECT_FALSE(reply.body.at("success").as_bool());
    EXPECT_EQ(reply.refusal, c.reason);
  }
  json::object post_only = limit("0.01", "67200");
  post_only["post_only"] = true;
  EXPECT_EQ(place(order("p", "SELL", "limit_limit_gtc", post_only)).refusal, "INVALID_LIMIT_PRICE_POST_ONLY");
  EXPECT_EQ(place(order("", "BUY", "limit_limit_gtc", good)).status, 400U);
  EXPECT_EQ(place(order("x", "BUY", "no_such_kind", good)).status, 400U);
  EXPECT_EQ(place(order("x", "BUY", "limit_limit_gtc", {{"base_size", 1}, {"limit_price", "1"}})).status, 400U)
      << "amounts are strings";
  EXPECT_EQ(ask("POST", std::string{base} + "/orders", {}, json::array{}).status, 400U);
  EXPECT_EQ(place(order("x", "BUY", "limit_limit_gtc", good, "BTC-USDC")).body.at("error_response").at("message"),
            "account is not available")
      << "no wallet for USDC";
}

TEST_F(VenueCoinbase, ANameThatWasUsedBringsTheOrderThatHasIt) {
  const std::string id = placed(order("same", "BUY", "limit_limit_gtc", limit("0.01", "60000")));
  EXPECT_EQ(placed(order("same", "SELL", "market_market_ioc", {{"base_size", "1"}})), id);
  cancel(id);
  EXPECT_EQ(placed(order("same", "BUY", "limit_limit_gtc", limit("0.01", "60000"))), id) << "also when it is over";
  EXPECT_EQ(api.ledger().all().size(), 1U);
}

TEST_F(VenueCoinbase, MoneyIsHeldWithItsFeeAndGivenBack) {
  const std::string id = placed(order("hold", "BUY", "limit_limit_gtc", limit("1", "60000")));
  EXPECT_EQ(balance("USD").locked, "60480"_d);
  EXPECT_EQ(text(get(id), "outstanding_hold_amount"), "60480");
  EXPECT_EQ(cancel(id), "");
  EXPECT_EQ(balance("USD").free, "100000"_d);
  placed(order("take", "BUY", "sor_limit_ioc", limit("0.1", "67300")));
  EXPECT_EQ(balance("USD").free, "93216.16"_d) << "6730 and 0.8 % of it";
  EXPECT_EQ(balance("BTC").free, "10.1"_d);
  const json::value fill = ask("GET", std::string{base} + "/orders/historical/fills").body.at("fills").at(0);
  EXPECT_EQ(text(fill, "commission"), "53.84");
  EXPECT_EQ(text(fill, "liquidity_indicator"), "TAKER");
}

TEST_F(VenueCoinbase, AnEditKeepsTheNameAndSaysWhyNot) {
  const std::string id = placed(order("edit", "BUY", "limit_limit_gtc", limit("0.01", "67250")));
  rest(Side::Sell, "0.004"_d, "67250"_d);
  EXPECT_EQ(edit(id, {{"price", "67250"}}), "INVALID_EDITED_SIZE") << "a missing size reads as zero";
  EXPECT_EQ(edit(id, {{"size", "0.01"}, {"price", "67250"}}), "EDIT_REQUEST_EQUAL_TO_ORIGINAL_REQUEST");
  EXPECT_EQ(edit(id, {{"size", "0.004"}, {"price", "67250"}}), "CANNOT_EDIT_TO_BELOW_FILLED_SIZE");
  EXPECT_EQ(edit(id, {{"size", "0.01"}, {"price", "67250.001"}}), "INVALID_EDITED_PRICE");
  EXPECT_EQ(edit(id, {{"size", "5"}, {"price", "67250"}}), "PREVIEW_INSUFFICIENT_FUND");
  EXPECT_EQ(edit("nobody", {{"size", "5"}, {"price", "67250"}}), "ORDER_NOT_FOUND");
  EXPECT_EQ(edit(id, {{"size", "0.02"}, {"price", "67240"}}), "");
  json::object shown = get(id);
  EXPECT_EQ(text(shown, "filled_size"), "0.004");
  EXPECT_EQ(shown.at("order_configuration").at("limit_limit_gtc").at("base_size"), "0.02");
  EXPECT_EQ(shown.at("edit_history").as_array().size(), 1U);
  EXPECT_EQ(engine.levels(0, Side::Buy, 1).front().second, "0.016"_d);
  EXPECT_EQ(edit(id, {{"size", "0.02"}, {"price", "67300"}}), "") << "into the market";
  EXPECT_EQ(status(id), "FILLED");
  EXPECT_EQ(edit(id, {{"size", "0.03"}, {"price", "67300"}}), "ONLY_OPEN_ORDERS_CAN_BE_EDITED");
  EXPECT_EQ(balance("USD").locked, Decimal{});
}

TEST_F(VenueCoinbase, AnEditMayTakeItsTimeAndAnOrderMayEndBefore) {
  api.rules().edit_delay = 1'000'000;
  const std::string id = placed(order("edit", "BUY", "limit_limit_gtc", limit("0.01", "67250")));
  EXPECT_EQ(edit(id, {{"size", "0.02"}, {"price", "67240"}}), "");
  EXPECT_EQ(status(id), "EDIT_QUEUED");
  EXPECT_EQ(edit(id, {{"size", "0.03"}, {"price", "67240"}}), "ORDER_IS_ALREADY_BEING_REPLACED");
  EXPECT_EQ(cancel(id), "ORDER_IS_BEING_REPLACED");
  EXPECT_TRUE(get(id).at("edit_history").as_array().empty());
  rest(Side::Sell, "0.004"_d, "67250"_d);
  EXPECT_EQ(text(get(id), "filled_size"), "0.004") << "at its old price meanwhile";
  clock += 1'000'000;
  api.on_tick();
  EXPECT_EQ(status(id), "OPEN");
  EXPECT_EQ(get(id).at("edit_history").as_array().size(), 1U);
  EXPECT_EQ(engine.levels(0, Side::Buy, 1).front(), (std::pair{"67240"_d, "0.016"_d}));
  EXPECT_EQ(edit(id, {{"size", "0.03"}, {"price", "67240"}}), "");
  rest(Side::Sell, "0.016"_d, "67240"_d);
  EXPECT_EQ(status(id), "FILLED");
  clock += 1'000'000;
  api.on_tick();
  EXPECT_EQ(text(get(id), "filled_size"), "0.02") << "it was gone by then";
}

TEST_F(VenueCoinbase, LessOfAnOrderKeepsItsPlaceAndMoreLosesIt) {
  const std::string first = placed(order("first", "BUY", "limit_limit_gtc", limit("0.02", "67210")));
  const std::string second = placed(order("second", "BUY", "limit_limit_gtc", limit("0.01", "67210")));
  EXPECT_EQ(edit(first, {{"size", "0.01"}, {"price", "67210"}}), "");
  rest(Side::Sell, "0.01"_d, "67210"_d);
  EXPECT_EQ(status(first), "FILLED");
  const std::string third = placed(order("third", "BUY", "limit_limit_gtc", limit("0.01", "67210")));
  EXPECT_EQ(edit(second, {{"size", "0.02"}, {"price", "67210"}}), "");
  rest(Side::Sell, "0.01"_d, "67210"_d);
  EXPECT_EQ(status(third), "FILLED");
  EXPECT_EQ(text(get(second), "filled_size"), "0");
}

TEST_F(VenueCoinbase, ACancelSaysWhyNotAndMayTakeItsTime) {
  EXPECT_EQ(cancel(""), "INVALID_CANCEL_REQUEST");
  EXPECT_EQ(cancel("nobody"), "UNKNOWN_CANCEL_ORDER");
  const std::string id = placed(order("c", "BUY", "limit_limit_gtc", limit("0.01", "67250")));
  api.rules().cancel_delay = 1'000'000;
  EXPECT_EQ(cancel(id), "");
  EXPECT_EQ(status(id), "CANCEL_QUEUED");
  EXPECT_EQ(cancel(id), "DUPLICATE_CANCEL_REQUEST");
  EXPECT_EQ(edit(id, {{"size", "0.02"}, {"price", "67250"}}), "CANNOT_EDIT_ORDER_PENDING_CANCEL");
  rest(Side::Sell, "0.004"_d, "67250"_d);
  clock += 1'000'000;
  api.on_tick();
  EXPECT_EQ(status(id), "CANCELLED");
  EXPECT_EQ(text(get(id), "filled_size"), "0.004");
  EXPECT_EQ(text(get(id), "cancel_message"), "User requested cancel");
}

TEST_F(VenueCoinbase, OrdersEndWithTheirTimeAndBracketsWithTheirStop) {
  json::object members = limit("0.01", "60000");
  members["end_time"] = rfc3339(clock + 60'000'000, 0);
  const std::string dated = placed(order("dated", "BUY", "limit_limit_gtd", members));
  json::object around = limit("0.01", "70000");
  around["stop_trigger_price"] = "65000";
  const std::string bracket = placed(order("bracket", "SELL", "trigger_bracket_gtc", around));
  clock += 59'000'000;
  api.on_tick();
  EXPECT_EQ(status(dated), "OPEN");
  clock += 1'000'000;
  api.on_tick();
  EXPECT_EQ(status(dated), "EXPIRED");
  EXPECT_EQ(balance("USD").locked, Decimal{});
  rest(Side::Sell, "1"_d, "67200"_d);  // what there was of bids
  rest(Side::Buy, "0.1"_d, "65000"_d);
  rest(Side::Sell, "0.05"_d, "65000"_d);
  EXPECT_EQ(status(bracket), "FILLED");
  EXPECT_EQ(text(get(bracket), "average_filled_price"), "65000");
  EXPECT_EQ(text(get(bracket), "trigger_status"), "STOP_TRIGGERED");
}

TEST_F(VenueCoinbase, AnOrderThatWasTakenCanStillFail) {
  api.fail_next(main, 1, "HOLD_FAILURE");
  const std::string id = placed(order("f", "BUY", "sor_limit_ioc", limit("0.01", "67300")));
  EXPECT_EQ(status(id), "FAILED");
  EXPECT_EQ(text(get(id), "reject_reason"), "HOLD_FAILURE");
  EXPECT_EQ(status(placed(order("g", "BUY", "sor_limit_ioc", limit("0.01", "67300")))), "FILLED");
}

TEST_F(VenueCoinbase, PagesHoldEveryOrderOnceWhileOthersArrive) {
  std::set<std::string> wanted;
  for (int i = 0; i < 7; ++i) {
    wanted.insert(placed(order("page-" + std::to_string(i), "BUY", "limit_limit_gtc", limit("0.01", "60000"))));
  }
  std::set<std::string> seen;
  std::string cursor;
  for (int page = 0; page < 4; ++page) {
    const Reply reply =
        ask("GET", std::string{base} + "/orders/historical/batch", "product_ids=BTC-USD&limit=2&cursor=" + cursor);
    for (const json::value& each : reply.body.at("orders").as_array()) {
      EXPECT_TRUE(seen.insert(text(each, "order_id")).second);
    }
    EXPECT_EQ(reply.body.at("has_next").as_bool(), page < 3);
    cursor = text(reply.body, "cursor");
    placed(order("late-" + std::to_string(page), "BUY", "limit_limit_gtc", limit("0.01", "60000")));
  }
  EXPECT_EQ(seen, wanted);
  EXPECT_EQ(cursor, "");
  const auto count = [&](const std::string& query) {
    return ask("GET", std::string{base} + "/orders/historical/batch", query).body.at("orders").as_array().size();
  };
  EXPECT_EQ(count("order_status=OPEN&order_status=FILLED"), 11U);
  EXPECT_EQ(count("order_status=FILLED"), 0U);
  EXPECT_EQ(count("product_ids=ETH-USD"), 0U);
  EXPECT_EQ(count("start_date=" + rfc3339(clock + 1)), 0U);
  EXPECT_EQ(ask("GET", std::string{base} + "/orders/historical/batch", "order_status=MELTED").status, 400U);
  EXPECT_EQ(ask("GET", std::string{base} + "/orders/historical/batch", "cursor=7").status, 400U);
}

TEST_F(VenueCoinbase, AnAliasSharesTheBookAndSettlesInItsOwnMoney) {
  engine.deposit(main, "USDC", "1000"_d, clock);
  const std::string id = placed(order("usdc", "BUY", "sor_limit_ioc", limit("0.01", "67300"), "BTC-USDC"));
  EXPECT_EQ(text(get(id), "product_id"), "BTC-USDC");
  EXPECT_EQ(balance("USDC").free, "321.616"_d);
  EXPECT_EQ(balance("USD").free, "100000"_d);
}

TEST_F(VenueCoinbase, WhoAsksTooOftenIsToldSo) {
  api.limits().set({2, 1, 8, 8});
  const auto status_of = [&](const char* path) { return ask("GET", std::string{base} + path).status; };
  EXPECT_EQ(status_of("/accounts"), 200U);
  EXPECT_EQ(status_of("/accounts"), 200U);
  EXPECT_EQ(ask("GET", std::string{base} + "/accounts").body,
            (json::object{{"errors", json::array(1, json::object{{"id", "rate_limit_exceeded"},
                                                                 {"message", "Too many requests"}})}}));
  EXPECT_EQ(status_of("/time"), 200U);
  EXPECT_EQ(status_of("/time"), 429U);
  clock += 1'000'000;
  EXPECT_EQ(status_of("/accounts"), 200U);
}

// A login against the fixture's venue: what a browser asks, and what a program does with what it brings back.
struct VenueCoinbaseLogin : VenueCoinbase {
  // The verifier and its challenge of RFC 7636, appendix B.
  static constexpr const char* verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  static constexpr const char* challenge =
      "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
  static constexpr const char* scope = "wallet:accounts:read,wallet:orders:create,offline_access";
  static constexpr const char* back = "http%3A%2F%2F127.0.0.1%3A9%2Fcallback";

  Login login{api, settings_of("main"), 1};
  static LoginSettings settings_of(const char* account) {
    LoginSettings settings;
    settings.account = account;
    return settings;
  }

  std::string asked(const char* state = "12345678") const {
    return std::string{"response_type=code&client_id=busbar&redirect_uri="} + back + "&scope=" + scope +
           "&state=" + state;
  }
  Reply consent(std::string query) {
    Request request;
    request.method = "GET";
    request.path = "/oauth2/auth";
    request.query = std::move(query);
    EXPECT_EQ(login.operation(request), "login.consent");
    return login.answer(request);
  }
  Reply post(const char* path, std::string body, const char* type = "application/x-www-form-urlencoded") {
    Request request;
    request.method = "POST";
    request.path = path;
    request.body = std::move(body);
    request.headers.emplace_back("content-type", type);
    return login.answer(request);
  }
  Reply token(const std::string& more) {
    return post("/oauth2/token", "client_id=busbar&client_secret=venue-client-secret&" + more);
  }
  Reply exchange(const std::string& code, const std::string& proof = verifier) {
    return token("grant_type=authorization_code&redirect_uri=" + std::string{back} + "&code=" + code +
                 "&code_verifier=" + proof);
  }
  Reply refresh(const std::string& refresh_token) {
    return token("grant_type=refresh_token&refresh_token=" + refresh_token);
  }
  std::string code_of(const Reply& reply) { return reply.location.substr(reply.location.find("code=") + 5, 64); }
  json::object tokens(const std::string& query) { return exchange(code_of(consent(query))).body.as_object(); }
  static std::string error_of(const Reply& reply) {
    EXPECT_FALSE(text(reply.body.as_object(), "error_description").empty());
    return std::to_string(reply.status) + ' ' + text(reply.body.as_object(), "error");
  }
  unsigned status_with(const std::string& access, const char* method = "GET", const char* path = "/accounts") {
    return ask_with(access, method, std::string{base} + path).status;
  }
};

TEST_F(VenueCoinbaseLogin, GivesTokensThatWorkOnce) {
  const Reply answer = consent(asked() + challenge);
  ASSERT_EQ(answer.status, 302U);
  const std::string code = code_of(answer);
  EXPECT_EQ(answer.location, "http://127.0.0.1:9/callback?code=" + code + "&state=12345678");
  const json::object first = exchange(code).body.as_object();
  ASSERT_TRUE(first.contains("access_token")) << json::serialize(first);
  EXPECT_EQ(first.at("expires_in"), 3'600);
  EXPECT_EQ(text(first, "token_type"), "bearer");
  EXPECT_EQ(text(first, "scope"), scope);
  const std::string access = text(first, "access_token");
  EXPECT_EQ(status_with(access), 200U);
  EXPECT_EQ(error_of(exchange(code)), "400 invalid_grant") << "a code works once";

  const json::object second = refresh(text(first, "refresh_token")).body.as_object();
  EXPECT_NE(text(second, "refresh_token"), text(first, "refresh_token"));
  EXPECT_EQ(error_of(refresh(text(first, "refresh_token"))), "401 invalid_grant") << "a refresh token works once";
  EXPECT_EQ(status_with(text(second, "access_token")), 200U);
  clock += 3'600'000'000;
  EXPECT_EQ(ask_with(access, "GET", std::string{base} + "/accounts").refusal, "the access token has expired");
  const json::object third = refresh(text(second, "refresh_token")).body.as_object();
  clock += login.settings().refresh_life;
  EXPECT_EQ(error_of(refresh(text(third, "refresh_token"))), "401 invalid_grant") << "nor does it live for ever";
}

TEST_F(VenueCoinbaseLogin, RefusesWhatIsNotAsTheStandardHasIt) {
  const struct {
    const char* what;
    std::string query, error;
  } queries[] = {
      {"no challenge", asked(), "invalid_request"},
      {"a challenge in the clear", asked() + "&code_challenge_method=plain&code_challenge=" + verifier,
       "invalid_request"},
      {"a challenge that is none", asked() + "&code_challenge_method=S256&code_challenge=x", "invalid_request"},
      {"a state that can be guessed", asked("1234567") + challenge, "invalid_state"},
  };
  for (const auto& [what, query, error] : queries) {
    const std::string location = consent(query).location;
    EXPECT_TRUE(location.starts_with("http://127.0.0.1:9/callback?error=" + error + "&error_description=")) << what;
  }
  std::string changed = asked() + challenge;
  changed.replace(changed.find(scope), std::string_view{scope}.size(), "everything");
  EXPECT_NE(consent(changed).location.find("error=invalid_scope&"), std::string::npos);
  changed = asked() + challenge;
  changed.replace(changed.find("response_type=code"), 18, "response_type=token");
  EXPECT_NE(consent(changed).location.find("error=unsupported_response_type&"), std::string::npos);

  // Nobody is sent to an address that nobody registered.
  changed = asked() + challenge;
  changed.replace(changed.find("callback"), 8, "evil");
  EXPECT_EQ(error_of(consent(changed)), "400 invalid_request");
  EXPECT_EQ(error_of(consent("client_id=other&" + std::string{challenge})), "401 invalid_client");
  EXPECT_EQ(error_of(consent(asked() + challenge + "&state=87654321")), "400 invalid_request") << "a parameter twice";

  EXPECT_EQ(error_of(post("/oauth2/token", "client_id=busbar&client_secret=guess&grant_type=refresh_token")),
            "401 invalid_client");
  EXPECT_EQ(error_of(post("/oauth2/token", "{}", "application/json")), "400 invalid_request");
  EXPECT_EQ(error_of(token("grant_type=password")), "400 unsupported_grant_type");
  EXPECT_EQ(error_of(exchange(code_of(consent(asked() + challenge)), std::string(43, 'x'))), "400 invalid_grant");
  EXPECT_EQ(error_of(exchange(code_of(consent(asked() + challenge)), "")), "400 invalid_grant");
  const std::string late = code_of(consent(asked() + challenge));
  clock += login.settings().code_life;
  EXPECT_EQ(error_of(exchange(late)), "400 invalid_grant");
}

TEST_F(VenueCoinbaseLogin, ATokenMayWhatItsScopesSay) {
  std::string query = asked() + challenge;
  query.replace(query.find(scope), std::string_view{scope}.size(), "wallet:accounts:read");
  const json::object given = tokens(query);
  EXPECT_FALSE(given.contains("refresh_token")) << "not asked for";
  EXPECT_EQ(status_with(text(given, "access_token")), 200U);
  EXPECT_EQ(status_with(text(given, "access_token"), "POST", "/orders"), 403U);
}

TEST_F(VenueCoinbaseLogin, WhatTheUserTakesBackIsGone) {
  const json::object first = tokens(asked() + challenge), second = tokens(asked() + challenge);
  const auto revoke = [&](const std::string& token) {
    return post("/oauth2/revoke", "client_id=busbar&client_secret=venue-client-secret&token=" + token).status;
  };
  EXPECT_EQ(error_of(post("/oauth2/revoke", "token=" + text(first, "access_token"))), "401 invalid_client");
  EXPECT_EQ(revoke("unknown"), 200U);
  EXPECT_EQ(revoke(text(first, "refresh_token")), 200U);
  EXPECT_EQ(status_with(text(first, "access_token")), 401U) << "the refresh token's access tokens go with it";
  EXPECT_EQ(status_with(text(second, "access_token")), 200U);
  EXPECT_EQ(login.refresh_token_count(), 1U);
  login.withdraw();
  EXPECT_EQ(status_with(text(second, "access_token")), 401U);
  EXPECT_EQ(error_of(refresh(text(second, "refresh_token"))), "401 invalid_grant");
  login.declines = true;
  EXPECT_NE(consent(asked() + challenge).location.find("error=access_denied&"), std::string::npos);
  EXPECT_EQ(consent(asked() + challenge).location.find("error="), std::string::npos) << "asked again, says yes";
}

TEST_F(VenueCoinbaseLogin, AStreamTakesAnAccessTokenUnlessTheRulesSayNo) {
  const std::string access = text(tokens(asked() + challenge), "access_token");
  std::string why;
  EXPECT_TRUE(api.caller_of(access, {}, why)) << why;
  api.rules().streams_take_access_tokens = false;
  EXPECT_FALSE(api.caller_of(access, {}, why));
  EXPECT_EQ(why, "an access token for a stream, where a JSON Web Token is needed");
  EXPECT_EQ(status_with(access), 200U);
}

TEST(VenueCoinbaseRedirect, AnyPortOfTheLoopbackAddressWillDo) {
  EXPECT_EQ(without_loopback_port("http://127.0.0.1:41234/callback"), "http://127.0.0.1/callback");
  EXPECT_EQ(without_loopback_port("http://localhost:1/callback"), "http://localhost/callback");
  EXPECT_EQ(without_loopback_port("http://[::1]:1/"), "http://[::1]/");
  for (const char* other : {"http://127.0.0.1.evil/callback", "http://127.0.0.1:80@evil/callback",
                            "https://127.0.0.1:1/callback", "http://127.0.0.1:x/callback", ""}) {
    EXPECT_EQ(without_loopback_port(other), other);
  }
}

TEST(VenueCoinbaseTime, IsReadInEveryFormOfRfc3339) {
  EXPECT_EQ(time_from("2023-11-14T22:13:20Z"), 1'700'000'000'000'000);
  EXPECT_EQ(time_from("2023-11-14T22:13:20.000001Z"), 1'700'000'000'000'001);
  EXPECT_EQ(time_from("2023-11-14T22:13:20.123456789Z"), 1'700'000'000'123'456);
  EXPECT_EQ(time_from("2023-11-15T00:13:20+02:00"), 1'700'000'000'000'000);
  for (const char* wrong : {"", "now", "2023-11-14", "2023-13-14T22:13:20Z", "2023-11-14T22:13:20",
                            "2023-11-14T25:13:20Z", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20Zulu"}) {
    EXPECT_FALSE(time_from(wrong)) << wrong;
  }
  EXPECT_EQ(rfc3339(1'700'000'000'123'456), "2023-11-14T22:13:20.123456Z");
  EXPECT_EQ(rfc3339(1'700'000'000'123'456, 9), "2023-11-14T22:13:20.123456000Z");
}

}  // namespace
}  // namespace busbar::venue::coinbase
