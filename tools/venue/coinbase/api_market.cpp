// What anybody may ask about the market. Most of it is there twice: for customers, and for everybody below /market.

#include <algorithm>
#include <array>
#include <cstdlib>

#include "tools/venue/amount.hpp"
#include "tools/venue/coinbase/api.hpp"

namespace busbar::venue::coinbase {

namespace json = boost::json;

namespace {

constexpr TimeUs second = 1'000'000, minute = 60 * second, hour = 60 * minute;
constexpr std::size_t candles_max = 350, trades_usual = 100, trades_max = 1'000, levels_max = 5'000;
constexpr std::array<std::pair<std::string_view, TimeUs>, 9> granularities{{{"ONE_MINUTE", minute},
                                                                           {"FIVE_MINUTE", 5 * minute},
                                                                           {"FIFTEEN_MINUTE", 15 * minute},
                                                                           {"THIRTY_MINUTE", 30 * minute},
                                                                           {"ONE_HOUR", hour},
                                                                           {"TWO_HOUR", 2 * hour},
                                                                           {"FOUR_HOUR", 4 * hour},
                                                                           {"SIX_HOUR", 6 * hour},
                                                                           {"ONE_DAY", 24 * hour}}};

Reply unknown_product() { return Api::failure(404, "NOT_FOUND", "valid product_id is required"); }

std::size_t limit_of(const Call& call, std::size_t usual, std::size_t most) {
  const std::string text = call.query_value("limit");
  const bool is_number = !text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == text.npos;
  const std::size_t limit = is_number ? std::stoul(text) : usual;
  return limit == 0 ? usual : std::min(limit, most);
}

std::optional<TimeUs> seconds_of(const Call& call, std::string_view name) {
  const std::string text = call.query_value(name);
  if (text.empty() || text.size() > 12 || text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
  return std::stoll(text) * second;
}

}  // namespace

Reply Api::time(const Call&, AccountId) {
  const TimeUs now = now_();
  Reply reply;
  reply.body = json::object{{"iso", rfc3339(now, 0)},
                            {"epochSeconds", std::to_string(now / second)},
                            {"epochMillis", std::to_string(now / 1'000)}};
  return reply;
}

Reply Api::products(const Call& call, AccountId) {
  const auto ids = call.query_values("product_ids");
  const std::string type = call.query_value("product_type");
  const std::size_t offset = static_cast<std::size_t>(std::strtoul(call.query_value("offset").c_str(), nullptr, 10));
  const std::size_t limit = limit_of(call, SIZE_MAX, SIZE_MAX);
  json::array list;
  std::size_t index = 0;
  for (const Product& product : products_.all()) {
    const bool is_wanted = (ids.empty() || ids.contains(product.id)) && (type.empty() || type == "SPOT");
    if (!is_wanted || index++ < offset || list.size() == limit) continue;
    list.push_back(product_shape(engine_, history_, product, now_()));
  }
  Reply reply;
  const auto count = static_cast<std::int64_t>(list.size());
  reply.body = json::object{{"products", std::move(list)}, {"num_products", count}, {"pagination", nullptr}};
  return reply;
}

Reply Api::product(const Call& call, AccountId) {
  const Product* product = products_.find(call.id);
  if (product == nullptr) return unknown_product();
  Reply reply;
  reply.body = product_shape(engine_, history_, *product, now_());
  return reply;
}

Reply Api::candles(const Call& call, AccountId) {
  const Product* product = products_.find(call.id);
  if (product == nullptr) return unknown_product();
  const std::string wanted = call.query_value("granularity");
  const auto granularity = std::find_if(granularities.begin(), granularities.end(),
                                        [&](const auto& each) { return each.first == wanted; });
  const auto start = seconds_of(call, "start"), end = seconds_of(call, "end");
  if (granularity == granularities.end()) return failure(400, "INVALID_ARGUMENT", "granularity is not valid");
  if (!start || !end || *start > *end) return failure(400, "INVALID_ARGUMENT", "start and end are unix seconds");
  if (static_cast<std::size_t>((*end - *start) / granularity->second) > candles_max) {
    return failure(400, "INVALID_ARGUMENT", "number of candles requested should be less than 350");
  }
  json::array list;
  const std::size_t limit = limit_of(call, candles_max, candles_max);
  const auto bars = history_.bars(product->symbol, periods_of(granularity->second), now_());
  for (auto bar = bars.rbegin(); bar != bars.rend() && list.size() < limit; ++bar) {
    if (bar->trades > 0 && bar->open_time >= *start && bar->open_time <= *end) list.push_back(candle_shape(*bar));
  }
  Reply reply;
  reply.body = json::object{{"candles", std::move(list)}};
  return reply;
}

Reply Api::trades(const Call& call, AccountId) {
  const Product* product = products_.find(call.id);
  if (product == nullptr) return unknown_product();
  const auto start = seconds_of(call, "start"), end = seconds_of(call, "end");
  const std::size_t limit = limit_of(call, trades_usual, trades_max);
  json::array list;
  const auto& trades = history_.trades(product->symbol);
  for (auto trade = trades.rbegin(); trade != trades.rend() && list.size() < limit; ++trade) {
    if ((start && trade->time < *start) || (end && trade->time > *end + second)) continue;
    list.push_back(rest_trade(*trade, *product));
  }
  const auto best = [&](Side side) {
    const auto levels = engine_.levels(product->symbol, side, 1);
    return levels.empty() ? std::string{} : plain(levels.front().first);
  };
  Reply reply;
  reply.body = json::object{
      {"trades", std::move(list)}, {"best_bid", best(Side::Buy)}, {"best_ask", best(Side::Sell)}};
  return reply;
}

Reply Api::product_book(const Call& call, AccountId) {
  const Product* product = products_.find(call.query_value("product_id"));
  if (product == nullptr) return unknown_product();
  const std::string step = call.query_value("aggregation_price_increment");
  const auto aggregation = step.empty() ? Decimal{} : plain_amount(step);
  if (!aggregation) return failure(400, "INVALID_ARGUMENT", "aggregation_price_increment is no number");
  Reply reply;
  reply.body = json::object{
      {"pricebook",
       price_book(engine_, *product, limit_of(call, levels_max, levels_max), *aggregation, now_())}};
  const auto bids = engine_.levels(product->symbol, Side::Buy, 1);
  const auto asks = engine_.levels(product->symbol, Side::Sell, 1);
  if (!bids.empty() && !asks.empty()) {
    const Decimal spread = minus(asks.front().first, bids.front().first);
    const auto middle = divide(plus(asks.front().first, bids.front().first), Decimal{2, 0}, 9, Round::Nearest);
    const auto share = middle ? divide(spread, *middle, 12, Round::Nearest) : std::nullopt;
    json::object& body = reply.body.get_object();
    body["last"] = plain(engine_.last_price(product->symbol));
    body["mid_market"] = middle ? plain(*middle) : "";
    body["spread_bps"] = share ? plain(Decimal{share->mantissa(), share->exponent() + 4}) : "";
    body["spread_absolute"] = plain(spread);
  }
  return reply;
}

Reply Api::best_bid_ask(const Call& call, AccountId) {
  const auto ids = call.query_values("product_ids");
  json::array books;
  for (const Product& product : products_.all()) {
    if (ids.empty() || ids.contains(product.id)) books.push_back(price_book(engine_, product, 1, {}, now_()));
  }
  Reply reply;
  reply.body = json::object{{"pricebooks", std::move(books)}};
  return reply;
}

Reply Api::fiat_currencies(const Call&, AccountId) {
  json::array list;
  for (const std::string& asset : engine_.assets()) {
    if (!is_fiat(asset)) continue;
    list.push_back(json::object{{"id", asset}, {"name", currency_name(asset)}, {"min_size", "0.01000000"}});
  }
  Reply reply;
  reply.body = json::object{{"data", std::move(list)}};
  return reply;
}

Reply Api::crypto_currencies(const Call&, AccountId) {
  json::array list;
  for (const std::string& asset : engine_.assets()) {
    if (is_fiat(asset)) continue;
    list.push_back(json::object{{"asset_id", ledger_.uuid("asset " + asset, 0)},
                                {"code", asset},
                                {"name", currency_name(asset)},
                                {"color", "#F7931A"},
                                {"sort_index", list.size() + 100},
                                {"exponent", places_max},
                                {"type", "crypto"},
                                {"address_regex", "^.*$"}});
  }
  Reply reply;
  reply.body = json::object{{"data", std::move(list)}};
  return reply;
}

Reply Api::exchange_rates(const Call&, AccountId) {
  json::object rates;
  for (const std::string& asset : engine_.assets()) {
    const Product* product = products_.find(asset + "-USD");
    const auto rate = product == nullptr
                          ? std::optional{Decimal{1, 0}}
                          : divide(Decimal{1, 0}, engine_.last_price(product->symbol), 12, Round::Nearest);
    if (rate) rates[asset] = plain(*rate);
  }
  Reply reply;
  json::object data{{"currency", "USD"}, {"rates", std::move(rates)}};
  reply.body = json::object{{"data", std::move(data)}};
  return reply;
}

Reply Api::old_time(const Call&, AccountId) {
  Reply reply;
  json::object data{{"iso", rfc3339(now_(), 0)}, {"epoch", now_() / second}};
  reply.body = json::object{{"data", std::move(data)}};
  return reply;
}

}  // namespace busbar::venue::coinbase
