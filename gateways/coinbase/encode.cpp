#include "gateways/coinbase/encode.hpp"

#include <boost/json.hpp>

namespace busbar::coinbase {

namespace {

namespace json = boost::json;

constexpr std::string_view prefix = "/api/v3/brokerage";

std::string path_of(std::string_view rest, Security security = Security::Signed) {
  std::string path{prefix};
  return path.append(security == Security::Public ? "/market" : "").append(rest);
}

// What becomes part of a path: an id with a slash in it would be another request.
std::string segment(std::string_view id) { return gateway::percent_encode(id); }

Request get(std::string path, Params query = {}, Security security = Security::Signed) {
  return {.method = "GET", .path = std::move(path), .query = std::move(query), .body = {}, .security = security};
}

// A query being written: what is absent is left out.
struct Query {
  Params params;

  void add(std::string_view name, std::string_view value) {
    if (!value.empty()) params.emplace_back(name, value);
  }
  void add(std::string_view name, const std::vector<std::string>& values) {
    for (const std::string& value : values) add(name, value);
  }
  void add(std::string_view name, std::optional<std::uint32_t> value) {
    if (value) add(name, std::to_string(*value));
  }
  void add_flag(std::string_view name, std::optional<bool> value) {
    if (value) add(name, *value ? "true" : "false");
  }
  void add_time(std::string_view name, std::int64_t seconds) {
    if (seconds > 0) add(name, std::to_string(seconds));
  }
};

}  // namespace

std::string Request::target() const { return query.empty() ? path : path + "?" + gateway::query_of(query); }

// ---- Orders and accounts

Request encode_get_order(std::string_view broker_order_id) {
  return get(path_of("/orders/historical/" + segment(broker_order_id)));
}

Request encode_list_orders(const OrdersQuery& asked) {
  Query query;
  query.add("order_ids", asked.order_ids);
  query.add("product_ids", asked.product_ids);
  query.add("order_status", asked.order_status);
  query.add("limit", asked.limit);
  query.add("start_date", asked.start_date);
  query.add("end_date", asked.end_date);
  query.add("order_side", asked.order_side);
  query.add("cursor", asked.cursor);
  query.add("product_type", asked.product_type);
  query.add("sort_by", asked.sort_by);
  return get(path_of("/orders/historical/batch"), std::move(query.params));
}

Request encode_list_fills(const FillsQuery& asked) {
  Query query;
  query.add("order_ids", asked.order_ids);
  query.add("trade_ids", asked.trade_ids);
  query.add("product_ids", asked.product_ids);
  query.add("start_sequence_timestamp", asked.start_sequence_timestamp);
  query.add("end_sequence_timestamp", asked.end_sequence_timestamp);
  query.add("limit", asked.limit);
  query.add("cursor", asked.cursor);
  query.add("sort_by", asked.sort_by);
  return get(path_of("/orders/historical/fills"), std::move(query.params));
}

Request encode_accounts(std::optional<std::uint32_t> limit, std::string_view cursor) {
  Query query;
  query.add("limit", limit);
  query.add("cursor", cursor);
  return get(path_of("/accounts"), std::move(query.params));
}

Request encode_account(std::string_view uuid) { return get(path_of("/accounts/" + segment(uuid))); }

Request encode_portfolios(std::string_view portfolio_type) {
  Query query;
  query.add("portfolio_type", portfolio_type);
  return get(path_of("/portfolios"), std::move(query.params));
}

Request encode_portfolio(std::string_view uuid, std::string_view currency) {
  Query query;
  query.add("currency", currency);
  return get(path_of("/portfolios/" + segment(uuid)), std::move(query.params));
}

Request encode_key_permissions() { return get(path_of("/key_permissions")); }

Request encode_transaction_summary(std::string_view product_type) {
  Query query;
  query.add("product_type", product_type);
  return get(path_of("/transaction_summary"), std::move(query.params));
}

Request encode_time() { return get(path_of("/time"), {}, Security::Public); }

// ---- Market data

Request encode_products(const ProductsQuery& asked, Security security) {
  Query query;
  query.add("limit", asked.limit);
  query.add("offset", asked.offset);
  query.add("product_type", asked.product_type);
  query.add("product_ids", asked.product_ids);
  query.add_flag("get_tradability_status", asked.get_tradability_status);
  query.add_flag("get_all_products", asked.get_all_products);
  return get(path_of("/products", security), std::move(query.params), security);
}

Request encode_product(std::string_view product_id, std::optional<bool> get_tradability_status, Security security) {
  Query query;
  query.add_flag("get_tradability_status", get_tradability_status);
  return get(path_of("/products/" + segment(product_id), security), std::move(query.params), security);
}

Request encode_product_book(std::string_view product_id, std::optional<std::uint32_t> limit, Security security) {
  Query query;
  query.add("product_id", product_id);
  query.add("limit", limit);
  return get(path_of("/product_book", security), std::move(query.params), security);
}

Request encode_best_bid_ask(const std::vector<std::string>& product_ids) {
  Query query;
  query.add("product_ids", product_ids);
  return get(path_of("/best_bid_ask"), std::move(query.params));
}

Request encode_candles(std::string_view product_id, std::string_view granularity, const Window& window,
                       Security security) {
  Query query;
  query.add_time("start", window.start_s);
  query.add_time("end", window.end_s);
  query.add("granularity", granularity);
  query.add("limit", window.limit);
  return get(path_of("/products/" + segment(product_id) + "/candles", security), std::move(query.params), security);
}

Request encode_market_trades(std::string_view product_id, const Window& window, Security security) {
  Query query;
  query.add("limit", window.limit);
  query.add_time("start", window.start_s);
  query.add_time("end", window.end_s);
  return get(path_of("/products/" + segment(product_id) + "/ticker", security), std::move(query.params), security);
}

std::optional<std::string_view> granularity_of(std::uint32_t bar_interval_ms) {
  struct Row {
    std::uint32_t minutes;
    std::string_view name;
  };
  constexpr Row rows[] = {{1, "ONE_MINUTE"}, {5, "FIVE_MINUTE"}, {15, "FIFTEEN_MINUTE"}, {30, "THIRTY_MINUTE"},
                          {60, "ONE_HOUR"},  {120, "TWO_HOUR"},  {360, "SIX_HOUR"},      {1440, "ONE_DAY"}};
  for (const Row& row : rows) {
    if (row.minutes * 60'000 == bar_interval_ms) return row.name;
  }
  return std::nullopt;
}

// ---- WebSockets

std::string encode_subscription(Subscription what, std::string_view channel,
                                const std::optional<std::vector<std::string>>& product_ids, std::string_view token) {
  json::object message{{"type", what == Subscription::Start ? "subscribe" : "unsubscribe"}};
  if (product_ids) {
    json::array& ids = message["product_ids"].emplace_array();
    for (const std::string& id : *product_ids) ids.emplace_back(id);
  }
  message["channel"] = channel;
  if (!token.empty()) message["jwt"] = token;
  return json::serialize(message);
}

bool needs_token(std::string_view channel) { return channel == "user" || channel == "futures_balance_summary"; }

std::vector<std::string> encode_resubscription(std::string_view channel, const std::vector<std::string>& product_ids,
                                               std::string_view token) {
  return {encode_subscription(Subscription::End, channel, product_ids, token),
          encode_subscription(Subscription::Start, channel, product_ids, token)};
}

std::optional<std::string_view> channel_of(Channel channel, std::uint32_t bar_interval_ms) {
  switch (channel) {
    case Channel::Quote:
    case Channel::Ticker:
      return "ticker";
    case Channel::Trade:
      return "market_trades";
    case Channel::Book:
      return "level2";
    case Channel::Bar:
      return bar_interval_ms == 300'000 ? std::optional<std::string_view>{"candles"} : std::nullopt;
    case Channel::Unset:
      break;
  }
  return std::nullopt;
}

}  // namespace busbar::coinbase
