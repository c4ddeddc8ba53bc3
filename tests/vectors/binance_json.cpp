#include "tests/vectors/binance_json.hpp"

namespace busbar::vectors {

namespace json = boost::json;
using namespace busbar::binance;

namespace {

json::value plain(const Decimal& value) { return json::value(to_string(value)); }
json::value plain(const std::string& value) { return json::value(value); }
json::value plain(std::int64_t value) { return json::value(value); }
json::value plain(bool value) { return json::value(value); }

template <class T>
void put(json::object& object, std::string_view name, const T& value) {
  object[name] = plain(value);
}
template <class T>
void put(json::object& object, std::string_view name, const std::optional<T>& value) {
  if (value) object[name] = plain(*value);
}

json::array plain(const std::vector<AssetBalance>& balances) {
  json::array array;
  for (const AssetBalance& balance : balances) {
    array.push_back(json::object{
        {"asset", balance.asset}, {"free", to_string(balance.free)}, {"locked", to_string(balance.locked)}});
  }
  return array;
}

void describe(json::object& object, const ExecutionReportEvent& report) {
  put(object, "symbol", report.symbol);
  put(object, "client_order_id", report.client_order_id);
  put(object, "orig_client_order_id", report.orig_client_order_id);
  put(object, "our_client_order_id", report.our_client_order_id());
  put(object, "side", report.side);
  put(object, "type", report.type);
  put(object, "time_in_force", report.time_in_force);
  put(object, "qty", report.qty);
  put(object, "price", report.price);
  put(object, "stop_price", report.stop_price);
  put(object, "iceberg_qty", report.iceberg_qty);
  put(object, "order_list_id", report.order_list_id);
  put(object, "execution_type", report.execution_type);
  put(object, "order_status", report.order_status);
  put(object, "reject_reason", report.reject_reason);
  put(object, "order_id", report.order_id);
  put(object, "last_qty", report.last_qty);
  put(object, "cum_qty", report.cum_qty);
  put(object, "last_price", report.last_price);
  put(object, "commission", report.commission);
  object["commission_asset"] = report.commission_asset ? json::value(*report.commission_asset) : json::value(nullptr);
  put(object, "transact_time", report.transact_time);
  put(object, "trade_id", report.trade_id);
  put(object, "execution_id", report.execution_id);
  put(object, "on_book", report.on_book);
  put(object, "is_maker", report.is_maker);
  put(object, "created_time", report.created_time);
  put(object, "cum_quote_qty", report.cum_quote_qty);
  put(object, "last_quote_qty", report.last_quote_qty);
  put(object, "quote_order_qty", report.quote_order_qty);
  put(object, "working_time", report.working_time);
  put(object, "self_trade_prevention_mode", report.self_trade_prevention_mode);
  put(object, "prevented_match_id", report.prevented_match_id);
  put(object, "prevented_qty", report.prevented_qty);
  put(object, "last_prevented_qty", report.last_prevented_qty);
  put(object, "counter_order_id", report.counter_order_id);
  put(object, "counter_symbol", report.counter_symbol);
  put(object, "trade_group_id", report.trade_group_id);
  put(object, "trailing_delta", report.trailing_delta);
  put(object, "trailing_time", report.trailing_time);
  put(object, "strategy_id", report.strategy_id);
  put(object, "strategy_type", report.strategy_type);
  put(object, "match_type", report.match_type);
  put(object, "allocation_id", report.allocation_id);
  put(object, "working_floor", report.working_floor);
  put(object, "used_sor", report.used_sor);
  put(object, "pegged_price", report.pegged_price);
  put(object, "expiry_reason", report.expiry_reason);
}

void describe(json::object& object, const AccountPositionEvent& position) {
  put(object, "update_time", position.update_time);
  put(object, "last_update", position.update_time);
  object["balances"] = plain(position.balances);
}

void describe(json::object& object, const BalanceUpdateEvent& update) {
  put(object, "asset", update.asset);
  put(object, "delta", update.delta);
  put(object, "clear_time", update.clear_time);
}

void describe(json::object& object, const ListStatusEvent& status) {
  put(object, "symbol", status.symbol);
  put(object, "order_list_id", status.order_list_id);
  put(object, "contingency", status.contingency);
  put(object, "list_status_type", status.list_status_type);
  put(object, "list_order_status", status.list_order_status);
  put(object, "reject_reason", status.reject_reason);
  put(object, "list_client_order_id", status.list_client_order_id);
  put(object, "transact_time", status.transact_time);
  json::array orders;
  for (const ListStatusEvent::Leg& leg : status.orders) {
    orders.push_back(
        json::object{{"symbol", leg.symbol}, {"order_id", leg.order_id}, {"client_order_id", leg.client_order_id}});
  }
  object["orders"] = std::move(orders);
}

void describe(json::object& object, const ExternalLockEvent& lock) {
  put(object, "asset", lock.asset);
  put(object, "delta", lock.delta);
  put(object, "transact_time", lock.transact_time);
  put(object, "clear_time", lock.transact_time);
}

void describe(json::object& object, const ListenKeyExpiredEvent& expired) {
  put(object, "listen_key", expired.listen_key);
}
void describe(json::object&, const StreamTerminatedEvent&) {}
void describe(json::object&, const ServerShutdownEvent&) {}
void describe(json::object&, const UnknownEvent&) {}

void describe(json::object& object, const WindowTicker& ticker) {
  put(object, "symbol", ticker.symbol);
  put(object, "open", ticker.open);
  put(object, "high", ticker.high);
  put(object, "low", ticker.low);
  put(object, "last", ticker.last);
  put(object, "volume", ticker.volume);
  put(object, "quote_volume", ticker.quote_volume);
  put(object, "bid", ticker.bid);
  put(object, "ask", ticker.ask);
}

void describe(json::object& object, const DepthSnapshot& depth) {
  put(object, "last_update_id", depth.last_update_id);
  object["bids"] = as_json(depth.bids);
  object["asks"] = as_json(depth.asks);
}

void describe(json::object& object, const BookTicker& ticker) {
  put(object, "symbol", ticker.symbol);
  put(object, "update_id", ticker.update_id);
  put(object, "bid", ticker.bid);
  put(object, "bid_qty", ticker.bid_qty);
  put(object, "ask", ticker.ask);
  put(object, "ask_qty", ticker.ask_qty);
}

void describe(json::object& object, const TradeEvent& trade) {
  put(object, "symbol", trade.symbol);
  put(object, "trade_id", trade.trade_id);
  put(object, "price", trade.price);
  put(object, "qty", trade.qty);
  put(object, "trade_time", trade.trade_time);
  put(object, "buyer_is_maker", trade.buyer_is_maker);
}

void describe(json::object& object, const AggregateTradeEvent& event) {
  put(object, "symbol", event.symbol);
  put(object, "agg_id", event.trade.id);
  put(object, "price", event.trade.price);
  put(object, "qty", event.trade.qty);
  put(object, "first_trade_id", event.trade.first_trade_id);
  put(object, "last_trade_id", event.trade.last_trade_id);
  put(object, "trade_time", event.trade.time);
  put(object, "buyer_is_maker", event.trade.buyer_is_maker);
}

void describe(json::object& object, const DepthUpdateEvent& update) {
  put(object, "symbol", update.symbol);
  put(object, "event_time", update.event_time);
  put(object, "first_update_id", update.first_update_id);
  put(object, "final_update_id", update.final_update_id);
  object["bids"] = as_json(update.bids);
  object["asks"] = as_json(update.asks);
}

void describe(json::object& object, const PartialDepthEvent& event) { describe(object, event.depth); }

void describe(json::object& object, const KlineEvent& event) {
  put(object, "symbol", event.symbol);
  put(object, "event_time", event.event_time);
  put(object, "interval", event.interval);
  put(object, "open_time", event.kline.open_time);
  put(object, "close_time", event.kline.close_time);
  put(object, "open", event.kline.open);
  put(object, "high", event.kline.high);
  put(object, "low", event.kline.low);
  put(object, "close", event.kline.close);
  put(object, "volume", event.kline.volume);
  put(object, "trades", event.kline.trades);
  put(object, "closed", event.is_closed);
}

void describe(json::object& object, const TickerEvent& event) { describe(object, event.ticker); }

void describe(json::object& object, const std::vector<TickerEvent>& events) {
  json::array tickers;
  for (const TickerEvent& event : events) {
    json::object ticker;
    describe(ticker, event);
    tickers.push_back(std::move(ticker));
  }
  object["tickers"] = std::move(tickers);
}

void describe(json::object& object, const AveragePriceEvent& event) {
  put(object, "symbol", event.symbol);
  put(object, "interval", event.interval);
  put(object, "price", event.price);
}

void describe(json::object& object, const ControlResponse& response) {
  put(object, "id", response.id);
  put(object, "ok", !response.error);
  if (response.error) put(object, "code", response.error->code);
  if (response.error) put(object, "msg", response.error->message);
  if (!response.result.empty()) object["result"] = json::parse(response.result);
}

void describe(json::object&, const OtherMarketEvent&) {}

}  // namespace

json::value as_json(const Order& order) {
  json::object object;
  put(object, "symbol", order.symbol);
  put(object, "order_list_id", order.order_list_id);
  if (!order.list_orders.empty()) return object;
  put(object, "order_id", order.order_id);
  put(object, "client_order_id", order.client_order_id);
  put(object, "orig_client_order_id", order.orig_client_order_id);
  put(object, "status", order.status);
  put(object, "type", order.type);
  put(object, "side", order.side);
  put(object, "time_in_force", order.time_in_force);
  put(object, "price", order.price);
  put(object, "stop_price", order.stop_price);
  put(object, "iceberg_qty", order.iceberg_qty);
  put(object, "orig_qty", order.orig_qty);
  put(object, "executed_qty", order.executed_qty);
  put(object, "cum_quote_qty", order.cum_quote_qty);
  put(object, "orig_quote_order_qty", order.orig_quote_order_qty);
  put(object, "transact_time", order.transact_time);
  put(object, "time", order.time);
  put(object, "update_time", order.update_time);
  put(object, "working_time", order.working_time);
  put(object, "is_working", order.is_working);
  put(object, "self_trade_prevention_mode", order.self_trade_prevention_mode);
  put(object, "trailing_delta", order.trailing_delta);
  put(object, "prevented_qty", order.prevented_qty);
  put(object, "expiry_reason", order.expiry_reason);
  if (order.fills) {
    json::array fills;
    for (const OrderFill& fill : *order.fills) {
      fills.push_back(json::object{{"price", to_string(fill.price)},
                                   {"qty", to_string(fill.qty)},
                                   {"commission", to_string(fill.commission)},
                                   {"commissionAsset", fill.commission_asset},
                                   {"tradeId", fill.trade_id}});
    }
    object["fills"] = std::move(fills);
  }
  return object;
}

json::value as_json(const UserFrame& frame) {
  json::object object;
  put(object, "event", frame.event.name);
  put(object, "event_time", frame.event.event_time);
  put(object, "stream", frame.stream);
  put(object, "subscription_id", frame.subscription_id);
  switch (frame.envelope) {
    case Envelope::Raw: object["envelope"] = "raw"; break;
    case Envelope::CombinedStream: object["envelope"] = "combined_stream"; break;
    case Envelope::WsApi: object["envelope"] = "ws_api"; break;
  }
  std::visit([&](const auto& what) { describe(object, what); }, frame.event.what);
  return object;
}

json::value as_json(const SymbolInfo& info) {
  json::object object;
  put(object, "symbol", info.symbol);
  put(object, "status", info.status);
  put(object, "base", info.base);
  put(object, "quote", info.quote);
  object["order_types"] = json::value_from(info.order_types);
  put(object, "tick_size", info.tick_size);
  put(object, "min_price", info.min_price);
  put(object, "max_price", info.max_price);
  put(object, "step_size", info.step_size);
  put(object, "min_qty", info.min_qty);
  put(object, "max_qty", info.max_qty);
  put(object, "market_step_size", info.market_step_size);
  put(object, "market_min_qty", info.market_min_qty);
  put(object, "market_max_qty", info.market_max_qty);
  put(object, "notional_filter", info.notional_filter);
  put(object, "min_notional", info.min_notional);
  put(object, "max_notional", info.max_notional);
  return object;
}

json::array as_json(const std::vector<BookLevel>& levels) {
  json::array array;
  for (const BookLevel& level : levels) {
    array.push_back(json::array{json::value(to_string(level.price)), json::value(to_string(level.qty))});
  }
  return array;
}

json::array as_json(const std::vector<RateLimitCount>& limits) {
  json::array array;
  for (const RateLimitCount& limit : limits) {
    json::object object;
    put(object, "type", limit.type);
    put(object, "interval", std::to_string(limit.interval_num) + limit.interval.substr(0, 1));
    put(object, "limit", limit.limit);
    put(object, "count", limit.count);
    array.push_back(std::move(object));
  }
  return array;
}

json::value as_json(const MarketFrame& frame) {
  json::object object;
  object["event"] = frame.name.empty() ? json::value{nullptr} : json::value(frame.name);
  put(object, "stream", frame.stream);
  object["envelope"] = frame.stream ? "combined_stream" : "raw";
  std::visit([&](const auto& what) { describe(object, what); }, frame.what);
  return object;
}

json::value as_json(const WsResponse& response) {
  json::object object;
  // The id is text here, whatever kind it had; the vectors keep the kind.
  put(object, "id", response.id);
  put(object, "status", response.status);
  put(object, "ok", !response.error);
  object["rate_limits"] = as_json(response.rate_limits);
  if (!response.error) return object;
  put(object, "error_code", response.error->code);
  put(object, "error_msg", response.error->message);
  put(object, "retry_after_ms", response.error->retry_after_ms);
  put(object, "server_time", response.error->server_time_ms);
  return object;
}

}  // namespace busbar::vectors
