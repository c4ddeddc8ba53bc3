#pragma once
// Orders and questions in Coinbase's words. Pure: how a request is signed and sent comes later. All amounts are texts
// in plain digits.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/framework/query.hpp"

namespace busbar::coinbase {

using gateway::Params;

enum class Security { Public, Signed };

struct Request {
  std::string method;
  std::string path;       // /api/v3/brokerage/...
  Params query = {};      // in the order in which it is sent; no part of what is signed
  std::string body = {};  // JSON; empty where there is none
  Security security = Security::Signed;

  std::string target() const;  // path and query
};

// ---- Orders

// What Coinbase cannot do is refused in words: Unsupported; what an order cannot be: InvalidOrder. Amounts are brought
// to the instrument's steps as order.rounding says. `now_ns` is Coinbase's time: it has no Day, so the end of the day,
// UTC, is sent.
Result<Request> encode_place(const NewOrder& order, const Instrument& instrument, std::string_view venue_order_id,
                             Timestamp now_ns);
// What it would cost, and whether it would be taken.
Result<Request> encode_preview(const NewOrder& order, const Instrument& instrument, Timestamp now_ns);
// Coinbase's own kind of order that the bus has no word for: it leaves at its limit, or at the market once stop_px is
// reached. `order` is a limit order with a stop_px.
Result<Request> encode_bracket(const NewOrder& order, const Instrument& instrument, std::string_view venue_order_id,
                               Timestamp now_ns);
Result<Request> encode_preview_bracket(const NewOrder& order, const Instrument& instrument, Timestamp now_ns);

// Both are said, whatever changes: a size that is left out is read as 0. `size` counts what is filled already.
Request encode_edit(std::string_view broker_order_id, Decimal size, Decimal price);
Request encode_preview_edit(std::string_view broker_order_id, Decimal size, Decimal price);

inline constexpr std::size_t cancels_max = 100;  // in one request; Coinbase names no bound
Request encode_cancel(const std::vector<std::string>& broker_order_ids);

// ---- Questions. An absent part is not sent.

struct OrdersQuery {
  std::vector<std::string> order_ids;
  std::vector<std::string> product_ids;
  std::vector<std::string> order_status;
  std::optional<std::uint32_t> limit;
  std::string start_date;  // RFC 3339
  std::string end_date;
  std::string order_side;
  std::string cursor;  // of the page before, with all else as it was then
  std::string product_type;
  std::string sort_by;
};
struct FillsQuery {
  std::vector<std::string> order_ids;
  std::vector<std::string> trade_ids;
  std::vector<std::string> product_ids;
  std::string start_sequence_timestamp;  // RFC 3339
  std::string end_sequence_timestamp;
  std::optional<std::uint32_t> limit;
  std::string cursor;
  std::string sort_by;
};
struct ProductsQuery {
  std::optional<std::uint32_t> limit;
  std::optional<std::uint32_t> offset;
  std::string product_type;
  std::vector<std::string> product_ids;
  std::optional<bool> get_tradability_status;
  std::optional<bool> get_all_products;
};
// Times in s; 0 leaves one open.
struct Window {
  std::int64_t start_s = 0;
  std::int64_t end_s = 0;
  std::optional<std::uint32_t> limit;
};
inline constexpr std::uint32_t orders_page = 250;
inline constexpr std::uint32_t fills_page = 250;
inline constexpr std::uint32_t fills_usual = 100;  // no text says how many it gives at most; not asked for a number, so many
inline constexpr std::uint32_t accounts_page = 250;
inline constexpr std::uint32_t market_trades_max = 100;  // no text says how many it gives
inline constexpr std::uint32_t candles_max = 300;  // in one answer, as older texts say; newer ones say 350

Request encode_get_order(std::string_view broker_order_id);
Request encode_list_orders(const OrdersQuery& query);
Request encode_list_fills(const FillsQuery& query);
Request encode_accounts(std::optional<std::uint32_t> limit, std::string_view cursor = {});
Request encode_account(std::string_view uuid);
Request encode_portfolios(std::string_view portfolio_type = {});
Request encode_portfolio(std::string_view uuid, std::string_view currency = {});  // what it holds
Request encode_key_permissions();
Request encode_transaction_summary(std::string_view product_type = {});  // the fees of this account
Request encode_time();

// Market data has public twins, below /market and without a signature; their answers may be a second old.
Request encode_products(const ProductsQuery& query, Security security = Security::Signed);
Request encode_product(std::string_view product_id, std::optional<bool> get_tradability_status = {},
                       Security security = Security::Signed);
Request encode_product_book(std::string_view product_id, std::optional<std::uint32_t> limit,
                            Security security = Security::Signed);
Request encode_best_bid_ask(const std::vector<std::string>& product_ids);
Request encode_candles(std::string_view product_id, std::string_view granularity, const Window& window,
                       Security security = Security::Signed);
Request encode_market_trades(std::string_view product_id, const Window& window, Security security = Security::Signed);

// ONE_MINUTE, ... nullopt for a length that Coinbase has no bars of.
std::optional<std::string_view> granularity_of(std::uint32_t bar_interval_ms);

// ---- WebSockets

enum class Subscription { Start, End };

// One channel in a message. No product_ids: the channel has none, or all of them are meant. An empty token is left out.
std::string encode_subscription(Subscription what, std::string_view channel,
                                const std::optional<std::vector<std::string>>& product_ids, std::string_view token);
bool needs_token(std::string_view channel);
// What brings the picture of a channel anew after a gap: a new snapshot comes with the new subscription.
std::vector<std::string> encode_resubscription(std::string_view channel, const std::vector<std::string>& product_ids,
                                               std::string_view token);
// level2, market_trades, ... nullopt for what no channel brings. Candles there are of five minutes only.
std::optional<std::string_view> channel_of(Channel channel, std::uint32_t bar_interval_ms);

}  // namespace busbar::coinbase
