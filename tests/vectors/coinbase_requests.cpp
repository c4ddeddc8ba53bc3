// What other programs send for a call of theirs, against what our encoders make of the same call.

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "gateways/coinbase/auth.hpp"
#include "gateways/coinbase/encode.hpp"
#include "gateways/framework/utc.hpp"
#include "tests/vectors/ccxt_order.hpp"
#include "tests/vectors/coinbase_checks.hpp"

namespace busbar::vectors {

using namespace busbar::coinbase;

namespace {

constexpr Timestamp long_ago = 1'500'000'000'000'000'000;  // before every end_time of the calls

// A call's arguments under their names.
using Arguments = std::map<std::string, json::value, std::less<>>;

[[noreturn]] void unknown(std::string_view what, std::string_view name) {
  throw std::runtime_error{std::string{what} + " " + std::string{name} + " is not known"};
}

std::string text(const Arguments& arguments, std::string_view name) {
  const auto found = arguments.find(name);
  if (found == arguments.end() || found->second.is_null()) return {};
  const json::string* string = found->second.if_string();
  return string != nullptr ? std::string{*string} : json::serialize(found->second);
}

std::vector<std::string> texts(const Arguments& arguments, std::string_view name) {
  const auto found = arguments.find(name);
  if (found == arguments.end() || found->second.is_null()) return {};
  const json::array* array = found->second.if_array();
  if (array == nullptr) return {text(arguments, name)};
  std::vector<std::string> values;
  for (const json::value& value : *array) values.emplace_back(value.as_string());
  return values;
}

std::optional<std::uint32_t> number(const Arguments& arguments, std::string_view name) {
  const std::string digits = text(arguments, name);
  if (digits.empty()) return std::nullopt;
  return static_cast<std::uint32_t>(std::stoul(digits));
}

std::int64_t seconds(const Arguments& arguments, std::string_view name) {
  const std::string digits = text(arguments, name);
  return digits.empty() ? 0 : std::stoll(digits);
}

std::optional<Decimal> decimal(const Arguments& arguments, std::string_view name) {
  const std::string digits = text(arguments, name);
  return digits.empty() ? std::nullopt : Decimal::parse(digits);
}

// Every step is one that these calls keep.
Instrument product(std::string_view product_id) {
  Instrument instrument;
  instrument.symbol = cut<32>(product_id);
  instrument.broker_symbol = cut<32>(product_id);
  instrument.quote_precision = 8;
  return instrument;
}

// ---- The official SDK for Python

// The families of its methods that make orders, each with the names of its arguments behind product and side.
struct Family {
  std::string_view name;
  std::string_view configuration;
  std::vector<std::string_view> arguments;
};
const std::vector<Family> families = {
    {"market_order", "market_market_ioc", {"quote_size", "base_size"}},
    {"limit_order_ioc", "sor_limit_ioc", {"base_size", "limit_price"}},
    {"limit_order_gtc", "limit_limit_gtc", {"base_size", "limit_price", "post_only"}},
    {"limit_order_gtd", "limit_limit_gtd", {"base_size", "limit_price", "end_time", "post_only"}},
    {"limit_order_fok", "limit_limit_fok", {"base_size", "limit_price"}},
    {"stop_limit_order_gtc", "stop_limit_stop_limit_gtc", {"base_size", "limit_price", "stop_price", "stop_direction"}},
    {"stop_limit_order_gtd",
     "stop_limit_stop_limit_gtd",
     {"base_size", "limit_price", "stop_price", "end_time", "stop_direction"}},
    {"trigger_bracket_order_gtc", "trigger_bracket_gtc", {"base_size", "limit_price", "stop_trigger_price"}},
    {"trigger_bracket_order_gtd",
     "trigger_bracket_gtd",
     {"base_size", "limit_price", "stop_trigger_price", "end_time"}},
};

// What a configuration asks for, as our unified order.
NewOrder order_of(std::string_view configuration, const Arguments& arguments) {
  NewOrder order;
  order.side = text(arguments, "side") == "SELL" ? Side::Sell : Side::Buy;
  order.order_qty = decimal(arguments, "base_size");
  order.cash_order_qty = decimal(arguments, "quote_size");
  order.price = decimal(arguments, "limit_price");
  order.post_only = text(arguments, "post_only") == "true";
  order.order_type = OrderType::Limit;
  if (configuration.ends_with("_gtd")) {
    order.time_in_force = TimeInForce::GoodTillDate;
    order.expire_date_ns = gateway::parse_utc(text(arguments, "end_time")).value_or(0);
  } else if (configuration.ends_with("_ioc")) {
    order.time_in_force = TimeInForce::ImmediateOrCancel;
  } else if (configuration.ends_with("_fok")) {
    order.time_in_force = TimeInForce::FillOrKill;
  }
  if (configuration.starts_with("market")) order.order_type = OrderType::Market;
  if (configuration.starts_with("stop_limit")) {
    const bool is_up = text(arguments, "stop_direction") == "STOP_DIRECTION_STOP_UP";
    order.order_type = is_up == (order.side == Side::Buy) ? OrderType::StopLimit : OrderType::LimitIfTouched;
    order.stop_px = decimal(arguments, "stop_price");
  }
  if (configuration.starts_with("trigger_bracket")) order.stop_px = decimal(arguments, "stop_trigger_price");
  return order;
}

Result<Request> order_request(std::string_view configuration, const Arguments& arguments, bool is_preview) {
  const NewOrder order = order_of(configuration, arguments);
  const Instrument instrument = product(text(arguments, "product_id"));
  const std::string id = text(arguments, "client_order_id");
  if (configuration.starts_with("trigger_bracket")) {
    return is_preview ? encode_preview_bracket(order, instrument, long_ago)
                      : encode_bracket(order, instrument, id, long_ago);
  }
  return is_preview ? encode_preview(order, instrument, long_ago) : encode_place(order, instrument, id, long_ago);
}

struct Call {
  std::string method;
  const json::array& args;
  const json::object& kwargs;

  Arguments named(const std::vector<std::string_view>& names) const {
    if (args.size() > names.size()) throw std::runtime_error{method + ": more arguments than it has"};
    Arguments arguments;
    for (std::size_t i = 0; i < args.size(); ++i) arguments[std::string{names[i]}] = args[i];
    for (const auto& member : kwargs) arguments[std::string{member.key()}] = member.value();
    return arguments;
  }
};

// nullopt when the method makes no order.
std::optional<Result<Request>> order_of_sdk(const Call& call) {
  std::string_view method = call.method;
  const bool is_preview = method.starts_with("preview_");
  if (is_preview) method.remove_prefix(std::string_view{"preview_"}.size());
  std::vector<std::string_view> names;
  if (!is_preview) names.emplace_back("client_order_id");
  names.emplace_back("product_id");
  if (method == "create_order" || method == "order") {
    names.insert(names.end(), {"side", "order_configuration"});
    Arguments arguments = call.named(names);
    const json::object& outer = arguments.at("order_configuration").as_object();
    const std::string configuration{outer.begin()->key()};
    for (const auto& member : outer.begin()->value().as_object()) arguments[std::string{member.key()}] = member.value();
    return order_request(configuration, arguments, is_preview);
  }
  std::string side;
  if (method.ends_with("_buy")) side = "BUY";
  if (method.ends_with("_sell")) side = "SELL";
  if (side.empty()) names.emplace_back("side");
  method = method.substr(0, method.size() - (side.empty() ? 0 : side.size() + 1));
  for (const Family& family : families) {
    if (family.name != method) continue;
    const bool is_market_sell = method == "market_order" && side == "SELL";  // it has but one size
    if (is_market_sell) {
      names.emplace_back("base_size");
    } else {
      names.insert(names.end(), family.arguments.begin(), family.arguments.end());
    }
    Arguments arguments = call.named(names);
    if (!side.empty()) arguments["side"] = side;
    return order_request(family.configuration, arguments, is_preview);
  }
  return std::nullopt;
}

OrdersQuery orders_query(const Arguments& arguments) {
  return {.order_ids = texts(arguments, "order_ids"),
          .product_ids = texts(arguments, "product_ids"),
          .order_status = texts(arguments, "order_status"),
          .limit = number(arguments, "limit"),
          .start_date = text(arguments, "start_date"),
          .end_date = text(arguments, "end_date"),
          .order_side = text(arguments, "order_side"),
          .cursor = text(arguments, "cursor"),
          .product_type = text(arguments, "product_type"),
          .sort_by = text(arguments, "sort_by")};
}

FillsQuery fills_query(const Arguments& arguments) {
  return {.order_ids = texts(arguments, "order_ids"),
          .trade_ids = texts(arguments, "trade_ids"),
          .product_ids = texts(arguments, "product_ids"),
          .start_sequence_timestamp = text(arguments, "start_sequence_timestamp"),
          .end_sequence_timestamp = text(arguments, "end_sequence_timestamp"),
          .limit = number(arguments, "limit"),
          .cursor = text(arguments, "cursor"),
          .sort_by = text(arguments, "sort_by")};
}

Window window(const Arguments& arguments) {
  return {
      .start_s = seconds(arguments, "start"), .end_s = seconds(arguments, "end"), .limit = number(arguments, "limit")};
}

// The SDK says false for what was not asked for.
std::optional<bool> flag(const Arguments& arguments, std::string_view name) { return text(arguments, name) == "true"; }

Request question_of_sdk(const Call& call) {
  std::string method = call.method;
  const bool is_public = method.starts_with("get_public_");
  const Security security = is_public ? Security::Public : Security::Signed;
  if (is_public) method.erase(4, std::string_view{"public_"}.size());
  if (method == "get_order") return encode_get_order(text(call.named({"order_id"}), "order_id"));
  if (method == "list_orders") return encode_list_orders(orders_query(call.named({"order_ids", "product_ids"})));
  if (method == "get_fills")
    return encode_list_fills(fills_query(call.named({"order_ids", "trade_ids", "product_ids"})));
  if (method == "cancel_orders") return encode_cancel(texts(call.named({"order_ids"}), "order_ids"));
  if (method == "edit_order" || method == "preview_edit_order") {
    const Arguments arguments = call.named({"order_id", "size", "price"});
    const Decimal size = decimal(arguments, "size").value();
    const Decimal price = decimal(arguments, "price").value();
    return method == "edit_order" ? encode_edit(text(arguments, "order_id"), size, price)
                                  : encode_preview_edit(text(arguments, "order_id"), size, price);
  }
  if (method == "get_accounts") {
    const Arguments arguments = call.named({"limit", "cursor", "retail_portfolio_id"});
    return encode_accounts(number(arguments, "limit"), text(arguments, "cursor"));
  }
  if (method == "get_account") return encode_account(text(call.named({"account_uuid"}), "account_uuid"));
  if (method == "get_portfolios") return encode_portfolios(text(call.named({"portfolio_type"}), "portfolio_type"));
  if (method == "get_portfolio_breakdown") {
    const Arguments arguments = call.named({"portfolio_uuid", "currency"});
    return encode_portfolio(text(arguments, "portfolio_uuid"), text(arguments, "currency"));
  }
  if (method == "get_api_key_permissions") return encode_key_permissions();
  if (method == "get_transaction_summary") {
    return encode_transaction_summary(text(call.named({"product_type"}), "product_type"));
  }
  if (method == "get_unix_time") return encode_time();
  if (method == "get_products") {
    const Arguments arguments = call.named({"limit", "offset", "product_type", "product_ids"});
    return encode_products(
        {.limit = number(arguments, "limit"),
         .offset = number(arguments, "offset"),
         .product_type = text(arguments, "product_type"),
         .product_ids = texts(arguments, "product_ids"),
         .get_tradability_status = is_public ? std::nullopt : flag(arguments, "get_tradability_status"),
         .get_all_products = flag(arguments, "get_all_products")},
        security);
  }
  if (method == "get_product") {
    const Arguments arguments = call.named({"product_id", "get_tradability_status"});
    return encode_product(text(arguments, "product_id"),
                          is_public ? std::nullopt : flag(arguments, "get_tradability_status"), security);
  }
  if (method == "get_product_book") {
    const Arguments arguments = call.named({"product_id", "limit"});
    return encode_product_book(text(arguments, "product_id"), number(arguments, "limit"), security);
  }
  if (method == "get_best_bid_ask") return encode_best_bid_ask(texts(call.named({"product_ids"}), "product_ids"));
  if (method == "get_candles") {
    const Arguments arguments = call.named({"product_id", "start", "end", "granularity", "limit"});
    return encode_candles(text(arguments, "product_id"), text(arguments, "granularity"), window(arguments), security);
  }
  if (method == "get_market_trades") {
    const Arguments arguments = call.named({"product_id", "limit", "start", "end"});
    return encode_market_trades(text(arguments, "product_id"), window(arguments), security);
  }
  unknown("method", call.method);
}

// ---- ccxt

std::string product_of(std::string symbol) {
  std::replace(symbol.begin(), symbol.end(), '/', '-');
  return symbol;
}

const json::object& params_of(const json::array& args, std::size_t at) {
  static const json::object nothing;
  return args.size() > at && args[at].is_object() ? args[at].get_object() : nothing;
}

bool is_true(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_bool() && value->get_bool();
}

// A plain trigger waits for a better price there, where everywhere else it stops a loss; a market buy is by amount.
Result<Request> order_of_ccxt_call(const json::array& args) {
  const std::string symbol{args.at(0).as_string()};
  json::object params = params_of(args, 5);
  const bool is_preview = is_true(params, "preview") || is_true(params, "test");
  params.erase("preview");
  params.erase("test");
  for (const std::string_view plain : {"triggerPrice", "stopPrice"}) {
    if (const json::value* trigger = params.if_contains(plain)) {
      const json::value copy = *trigger;
      params["takeProfitPrice"] = copy;
      params.erase(plain);
    }
  }
  const json::value* wants_price = params.if_contains("createMarketBuyOrderRequiresPrice");
  if (wants_price != nullptr) {
    if (!wants_price->as_bool()) params["cost"] = args.at(3);
    params.erase("createMarketBuyOrderRequiresPrice");
  }
  json::object call{{"symbol", symbol}, {"type", args.at(1)}, {"side", args.at(2)}};
  if (args.size() > 3 && !params.contains("cost")) call["amount"] = args[3];
  if (args.size() > 4) call["price"] = args[4];
  call["params"] = std::move(params);
  const Instrument instrument = product(product_of(symbol));
  const NewOrder order = order_of_ccxt(call, instrument);
  return is_preview ? encode_preview(order, instrument, long_ago) : encode_place(order, instrument, "C1", long_ago);
}

Decimal decimal_of(const json::value& value) {
  const json::string* string = value.if_string();
  return Decimal::parse(string != nullptr ? std::string{*string} : json::serialize(value)).value();
}

std::vector<std::string> products_of(const json::value& symbols) {
  std::vector<std::string> ids;
  for (const json::value& symbol : symbols.as_array()) ids.push_back(product_of(std::string{symbol.as_string()}));
  return ids;
}

std::int64_t in_seconds(const json::value& ms) { return ms.as_int64() / 1000; }

Request candles_of_ccxt(const json::array& args) {
  const std::string interval = args.size() > 1 ? std::string{args[1].as_string()} : "1m";
  const std::uint32_t unit_ms = interval.back() == 'm' ? 60'000 : interval.back() == 'h' ? 3'600'000 : 86'400'000;
  const std::uint32_t interval_ms = static_cast<std::uint32_t>(std::stoul(interval)) * unit_ms;
  Window asked;
  if (args.size() > 3) {
    asked.start_s = in_seconds(args[2]);
    asked.end_s = asked.start_s + args[3].as_int64() * (interval_ms / 1000);
  }
  return encode_candles(product_of(std::string{args.at(0).as_string()}), granularity_of(interval_ms).value(), asked);
}

Request trades_of_ccxt(const json::array& args) {
  Window asked;
  if (args.size() > 1 && args[1].is_int64()) asked.start_s = in_seconds(args[1]);
  if (args.size() > 2 && args[2].is_int64()) asked.limit = static_cast<std::uint32_t>(args[2].as_int64());
  if (const json::value* until = params_of(args, 3).if_contains("until")) asked.end_s = in_seconds(*until);
  return encode_market_trades(product_of(std::string{args.at(0).as_string()}), asked);
}

Result<Request> request_of_ccxt(const std::string& method, const json::array& args) {
  const auto first = [&] { return std::string{args.at(0).as_string()}; };
  if (method == "createOrder") return order_of_ccxt_call(args);
  if (method == "createMarketBuyOrderWithCost") {
    json::array order{args.at(0), "market", "buy", nullptr, nullptr};
    order.push_back(json::object{{"cost", args.at(1)}});
    return order_of_ccxt_call(order);
  }
  if (method == "editOrder") {
    const bool is_preview = is_true(params_of(args, 6), "preview");
    return is_preview ? encode_preview_edit(first(), decimal_of(args.at(4)), decimal_of(args.at(5)))
                      : encode_edit(first(), decimal_of(args.at(4)), decimal_of(args.at(5)));
  }
  if (method == "cancelOrder") return encode_cancel({first()});
  if (method == "cancelOrders") {
    std::vector<std::string> ids;
    for (const json::value& id : args.at(0).as_array()) ids.emplace_back(id.as_string());
    return encode_cancel(ids);
  }
  if (method == "fetchOrder") return encode_get_order(first());
  if (method == "fetchOpenOrders") return encode_list_orders({.order_status = {"OPEN"}, .limit = 100});
  if (method == "fetchClosedOrders") return encode_list_orders({.order_status = {"FILLED"}, .limit = 100});
  if (method == "fetchCanceledOrders") return encode_list_orders({.order_status = {"CANCELLED"}, .limit = 100});
  if (method == "fetchBalance") return encode_accounts(accounts_page);
  if (method == "fetchBidsAsks") return encode_best_bid_ask(products_of(args.at(0)));
  if (method == "fetchTickers") return encode_products({.product_ids = products_of(args.at(0))});
  if (method == "fetchOrderBook") return encode_product_book(product_of(first()), std::nullopt);
  if (method == "fetchTicker") return encode_market_trades(product_of(first()), {.limit = 1});
  if (method == "fetchTrades") return trades_of_ccxt(args);
  if (method == "fetchOHLCV") return candles_of_ccxt(args);
  if (method == "fetchTime") return encode_time();
  unknown("ccxt_method", method);
}

// ---- Comparing

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

// The order of parameters says nothing.
std::vector<std::string> sorted_parts(std::string_view query) {
  std::vector<std::string> parts;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    parts.emplace_back(query.substr(0, end));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  std::sort(parts.begin(), parts.end());
  return parts;
}

void compare_query(Case& a_case, std::string_view expected, std::string_view got) {
  if (sorted_parts(expected) != sorted_parts(got)) a_case.mismatch("query", expected, got);
}

void compare_body(Case& a_case, const json::object& expected, std::string_view body) {
  json::object wanted = expected.at("body").as_object();
  json::object got = json::parse(json::string_view{body.data(), body.size()}).as_object();
  if (const json::value* ignored = expected.if_contains("ignored_body_keys")) {
    for (const json::value& name : ignored->as_array()) {
      wanted.erase(name.as_string());
      got.erase(name.as_string());
    }
  }
  if (!(json::value(wanted) == json::value(got)))
    a_case.mismatch("body", json::serialize(wanted), json::serialize(got));
}

}  // namespace

void check_coinbase_request(Case& a_case) {
  const json::object& given = a_case.given();
  std::optional<Result<Request>> request;
  if (const json::value* sdk = given.if_contains("sdk_call")) {
    const Call call{text_of(sdk->as_object(), "method"), sdk->at("args").as_array(), sdk->at("kwargs").as_object()};
    request = order_of_sdk(call);
    if (!request) request = question_of_sdk(call);
  } else {
    request = request_of_ccxt(text_of(given, "ccxt_method"), given.at("args").as_array());
  }
  if (!is_decoded(a_case, *request)) return;
  const Request& got = **request;
  const json::object& expected = a_case.expected().as_object();
  a_case.compare(expected.at("http_method"), json::value(got.method), "expected.http_method");
  const std::string path = text_of(expected, "path");
  const std::size_t question = std::min(path.find('?'), path.size());
  if (path.substr(0, question) != got.path) a_case.mismatch("path", path, got.path);
  const std::string query = gateway::query_of(got.query);
  if (expected.contains("query_lowercased")) {
    compare_query(a_case, text_of(expected, "query_lowercased"), lower(query));
  } else if (question < path.size()) {
    compare_query(a_case, path.substr(question + 1), query);
  }
  if (expected.contains("body")) compare_body(a_case, expected, got.body);
}

void check_coinbase_subscription(Case& a_case) {
  const json::object& given = a_case.given();
  const json::object& expected = a_case.expected().as_object();
  std::optional<std::vector<std::string>> product_ids;
  if (const json::value* ids = given.if_contains("product_ids"); ids != nullptr && ids->is_array()) {
    product_ids.emplace();
    for (const json::value& id : ids->get_array()) product_ids->emplace_back(id.as_string());
  }
  const bool is_whole = expected.contains("message");
  const json::object& wanted = expected.at(is_whole ? "message" : "message_without_jwt").as_object();
  const Subscription what = text_of(given, "action") == "unsubscribe" ? Subscription::End : Subscription::Start;
  const std::string channel = text_of(given, "channel");
  const json::value got = json::parse(encode_subscription(what, channel, product_ids, text_of(wanted, "jwt")));
  if (!(got == json::value(wanted))) a_case.mismatch("message", json::serialize(wanted), json::serialize(got));
  if (const json::value* required = expected.if_contains("jwt_required")) {
    a_case.compare(*required, needs_token(channel), "expected.jwt_required");
  }
}

namespace {

std::string decode_base64url(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  const std::size_t padding = (4 - text.size() % 4) % 4;
  text.append(padding, '=');
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) throw std::runtime_error{"no base64url"};
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

// By OpenSSL alone, with nothing of ours.
bool verifies(const std::string& public_key_pem, std::string_view signed_text, const std::string& signature) {
  const std::unique_ptr<BIO, int (*)(BIO*)> bio{
      BIO_new_mem_buf(public_key_pem.data(), static_cast<int>(public_key_pem.size())), BIO_free};
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key{PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr),
                                                           EVP_PKEY_free};
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  if (!key || signature.size() != 64) return false;
  const auto* raw = reinterpret_cast<const unsigned char*>(signature.data());
  std::string der = signature;
  const bool is_ec = EVP_PKEY_is_a(key.get(), "EC") == 1;
  if (is_ec) {
    const std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> parsed{ECDSA_SIG_new(), ECDSA_SIG_free};
    ECDSA_SIG_set0(parsed.get(), BN_bin2bn(raw, 32, nullptr), BN_bin2bn(raw + 32, 32, nullptr));
    der.resize(static_cast<std::size_t>(i2d_ECDSA_SIG(parsed.get(), nullptr)));
    auto* at = reinterpret_cast<unsigned char*>(der.data());
    i2d_ECDSA_SIG(parsed.get(), &at);
  }
  return EVP_DigestVerifyInit(context.get(), nullptr, is_ec ? EVP_sha256() : nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(der.data()), der.size(),
                          reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size()) == 1;
}

}  // namespace

void check_coinbase_token(Case& a_case) {
  const json::object& given = a_case.given();
  const json::object& expected = a_case.expected().as_object();
  const std::string target = given.contains("path") ? text_of(given, "path") : text_of(given, "path_and_query");
  const std::string uri =
      target.empty() ? std::string{} : token_uri(text_of(given, "method"), text_of(given, "host"), target);
  if (expected.contains("uri")) a_case.compare(expected.at("uri"), json::value(uri), "expected.uri");
  if (!given.contains("secret")) return;
  const std::string secret = text_of(given, "secret");
  const auto signer = Signer::of(secret);
  if (expected.contains("error")) {
    if (signer) a_case.mismatch("secret", "to be refused", "it was taken");
    if (!signer && signer.error().text.find(secret) != std::string::npos)
      a_case.mismatch("error", "no secret in it", "it");
    return;
  }
  if (!is_decoded(a_case, signer)) return;
  const std::string key_name = text_of(given, "api_key");
  const std::int64_t now_s = 1'700'000'000;
  const std::string nonce = make_nonce();
  const std::string token = make_token(*signer, key_name, uri, now_s, nonce);
  const std::size_t first = token.find('.');
  const std::size_t second = token.rfind('.');
  const json::object header = json::parse(decode_base64url(token.substr(0, first))).as_object();
  const json::object claims = json::parse(decode_base64url(token.substr(first + 1, second - first - 1))).as_object();
  if (expected.contains("header")) a_case.compare(expected.at("header"), header, "expected.header");
  if (expected.contains("claims")) a_case.compare(expected.at("claims"), claims, "expected.claims");
  if (claims.at("nbf").as_int64() != now_s)
    a_case.mismatch("nbf", std::to_string(now_s), json::serialize(claims.at("nbf")));
  if (const json::value* life = expected.if_contains("exp_minus_nbf")) {
    a_case.compare(*life, claims.at("exp").as_int64() - claims.at("nbf").as_int64(), "expected.exp_minus_nbf");
  }
  if (expected.contains("header_has_nonce") && text_of(header, "nonce") != nonce) {
    a_case.mismatch("nonce", nonce, text_of(header, "nonce"));
  }
  if (const json::value* absent = expected.if_contains("claims_absent")) {
    for (const json::value& name : absent->as_array()) {
      if (claims.contains(name.as_string())) a_case.mismatch(name.as_string(), "nothing", json::serialize(claims));
    }
  }
  const std::string pem = text_of(expected, "verifies_with_public_key_pem");
  if (!pem.empty() &&
      !verifies(pem, std::string_view{token}.substr(0, second), decode_base64url(token.substr(second + 1)))) {
    a_case.mismatch("signature", "one that the public key verifies", token.substr(second + 1));
  }
}

}  // namespace busbar::vectors
