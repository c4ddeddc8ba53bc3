#pragma once
// Orders and questions in Alpaca's words. Pure: how a request is authorized and sent comes later. All amounts are texts in
// plain digits.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/alpaca/facts.hpp"
#include "gateways/framework/query.hpp"

namespace busbar::alpaca {

using gateway::Params;

enum class Host { Trading, Data };

struct Request {
  std::string method;
  Host host = Host::Trading;
  std::string path;       // /v2/...
  Params query = {};      // in the order in which it is sent
  std::string body = {};  // JSON; empty where there is none

  std::string target() const;  // path and query
};

// Market data are the same for both; keys are not.
std::string_view base_url(Host host, Environment environment);
inline constexpr std::string_view authorize_url = "https://app.alpaca.markets/oauth/authorize";
inline constexpr std::string_view token_url = "https://api.alpaca.markets/oauth/token";

// What authorizes a request: a key, or the token of a login.
Params key_headers(std::string_view key_id, std::string_view secret);
Params token_headers(std::string_view access_token);

// ---- Orders

// What Alpaca cannot do is refused in words: Unsupported; what an order cannot be: InvalidOrder. Amounts are brought to the
// instrument's steps as order.rounding says; prices of shares to cents from 1 USD on. A Stop with a trailing_delta_bps is
// Alpaca's trailing_stop.
Result<Request> encode_place(const NewOrder& order, const Instrument& instrument, std::string_view venue_order_id);
// A distance in money, which the bus has no word for. `order` is a Stop without a stop_px.
Result<Request> encode_trailing_stop(const NewOrder& order, const Instrument& instrument,
                                     std::string_view venue_order_id, Decimal trail_price);
// oco, oto, bracket. One order carries the others within it: the first, or of a pair the one that takes the profit. It bears
// the names of all (lists.hpp), for Alpaca names the others itself, and the answer tells how.
Result<Request> encode_place_list(const PlaceListCommand& list, const Instrument& instrument);
// The order as it shall be: what it lacks stays as it is. A new order takes its place, under command.venue_order_id.
Result<Request> encode_replace(const ReplaceCommand& command, const Instrument& instrument);
Request encode_cancel(std::string_view broker_order_id);

// ---- Questions. An absent part is not sent.

struct OrdersQuery {
  std::string status;  // open, closed, all
  std::optional<std::uint32_t> limit;
  std::string after;  // RFC 3339; neither this nor `until` is included
  std::string until;
  std::string direction;  // asc, desc
  std::optional<bool> nested;
  std::vector<std::string> symbols;
  std::string side;
  std::string asset_class;
  std::string before_order_id;
  std::string after_order_id;
};
inline constexpr std::uint32_t orders_page = 500;
struct ActivitiesQuery {
  std::string activity_types;  // FILL
  std::string after;
  std::string until;
  std::string direction;
  std::optional<std::uint32_t> page_size;
  std::string page_token;  // the id of the last one
};
inline constexpr std::uint32_t activities_page = 100;
struct AssetsQuery {
  std::string status;  // active
  std::string asset_class;
  std::string exchange;
  std::string attributes;
};

Request encode_get_order(std::string_view broker_order_id);
Request encode_get_list(std::string_view broker_order_id);  // with the orders that it carries
Request encode_get_order_by_name(std::string_view venue_order_id);
Request encode_list_orders(const OrdersQuery& query);
Request encode_activities(const ActivitiesQuery& query);
Request encode_account();
Request encode_positions();
Request encode_position(std::string_view symbol_or_asset_id);
Request encode_assets(const AssetsQuery& query);
Request encode_asset(std::string_view symbol_or_asset_id);
Request encode_clock();
Request encode_calendar(std::string_view start, std::string_view end);  // days: 2024-01-15

// ---- Market data. What is asked for in one request is of one class.

enum class History { Bars, Quotes, Trades };
struct HistoryQuery {
  std::vector<std::string> symbols;
  std::string timeframe;  // of bars
  std::string start;      // RFC 3339, or a day
  std::string end;
  std::optional<std::uint32_t> limit;  // over all symbols
  std::string adjustment;              // of bars of shares
  std::string feed;                    // iex, sip, ...: of shares and options
  std::string sort;
  std::string page_token;
};
inline constexpr std::uint32_t history_page = 10'000;
enum class Latest { Bars, Quotes, Trades, OrderBooks };

Request encode_history(History what, AssetClass kind, const HistoryQuery& query);
Request encode_latest(Latest what, AssetClass kind, const std::vector<std::string>& symbols, std::string_view feed = {});
Request encode_snapshots(AssetClass kind, const std::vector<std::string>& symbols, std::string_view feed = {});

// 1Min, ... nullopt for a length that Alpaca has no bars of.
std::optional<std::string> timeframe_of(std::uint32_t bar_interval_ms);

// ---- Streams

// The stream of our orders takes either form of keys, and a token; that of market data the keys alone.
std::string encode_stream_login(std::string_view key_id, std::string_view secret);
std::string encode_stream_login_by_data(std::string_view key_id, std::string_view secret);  // of older documents
std::string encode_stream_login_by_token(std::string_view access_token);
// All that is wanted: it takes the place of what was listened to.
std::string encode_listen(const std::vector<std::string>& streams);

enum class Subscription { Start, End };
using SymbolsByChannel = std::vector<std::pair<std::string, std::vector<std::string>>>;
std::string encode_subscription(Subscription what, const SymbolsByChannel& symbols);
// quotes, trades, bars, orderbooks; nullopt for what no channel brings. Bars there are of a minute or of the day.
std::optional<std::string_view> channel_of(Channel channel, AssetClass kind, std::uint32_t bar_interval_ms);

}  // namespace busbar::alpaca
