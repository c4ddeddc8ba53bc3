#include "tools/busbar/json.hpp"

#include <cstdio>
#include <ctime>
#include <type_traits>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "bus/codec.hpp"

namespace busbar::tool {

std::string time_text(Timestamp ns) {
  std::int64_t seconds = ns / 1'000'000'000;
  std::int64_t rest = ns % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  }
  const std::time_t when = seconds;
  std::tm utc{};
  gmtime_r(&when, &utc);
  char text[64];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + length, sizeof text - length, ".%09lldZ", static_cast<long long>(rest));
  return text;
}

std::string deadline_text(const SessionState& session, Timestamp now) {
  const bool is_ending = session.state == SessionStateKind::ExpiresAt;
  if (!is_ending && (session.state != SessionStateKind::Ok || session.deadline_ns == 0)) return {};
  if (session.deadline_ns == 0) return "ends any moment";
  std::string when = time_text(session.deadline_ns).substr(0, 19);
  when[10] = ' ';
  const std::int64_t left = (session.deadline_ns - now) / 1'000'000'000;
  const std::int64_t size = left < 0 ? -left : left;
  const std::string long_ = size < 120      ? std::to_string(size) + " s"
                            : size < 7'200   ? std::to_string(size / 60) + " min"
                            : size < 172'800 ? std::to_string(size / 3'600) + " h"
                                             : std::to_string(size / 86'400) + " days";
  return (is_ending ? "ends " : "renewed by ") + when + " UTC, " + (left < 0 ? long_ + " ago" : "in " + long_);
}

namespace {

struct Time {
  Timestamp ns;
};
struct Wide {  // beyond what a double holds exactly
  std::uint64_t value;
};

bool is_utf8(std::span<const std::uint8_t> bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::uint8_t lead = bytes[i];
    std::size_t more = 0;
    if (lead >= 0xC2 && lead < 0xE0) {
      more = 1;
    } else if ((lead & 0xF0) == 0xE0) {
      more = 2;
    } else if (lead >= 0xF0 && lead < 0xF5) {
      more = 3;
    } else if (lead >= 0x80) {
      return false;
    }
    if (bytes.size() - i <= more) return false;
    for (; more > 0; --more) {
      if ((bytes[++i] & 0xC0) != 0x80) return false;
    }
  }
  return true;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string out;
  for (const std::uint8_t byte : bytes) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

template <class T>
concept Named = std::is_enum_v<T> && requires(T value) {
  { name_of(value) } -> std::convertible_to<std::string_view>;
};

class Fields {
 public:
  explicit Fields(std::string_view type) { out_["type"] = type; }
  Fields() = default;

  template <class T>
  Fields& operator()(std::string_view key, const T& value) {
    if constexpr (std::is_same_v<T, Time>) {
      if (value.ns != 0) out_[key] = time_text(value.ns);
    } else if constexpr (std::is_same_v<T, Wide>) {
      if (value.value != 0) out_[key] = std::to_string(value.value);
    } else if constexpr (std::is_same_v<T, Decimal>) {
      out_[key] = to_string(value);
    } else if constexpr (std::is_same_v<T, ErrorCode>) {
      if (value != ErrorCode::None) out_[key] = name_of(value);
    } else if constexpr (Named<T>) {
      if (static_cast<int>(value) != 0 || std::is_same_v<T, Rounding>) out_[key] = name_of(value);
    } else if constexpr (std::is_same_v<T, FillQuantity>) {
      out_[key] = wire::EnumNameFillQuantity(value);
    } else if constexpr (std::is_arithmetic_v<T>) {
      out_[key] = value;
    } else if constexpr (std::is_same_v<T, Bytes>) {
      put(key, value);
    } else if constexpr (requires { value.has_value(); }) {
      if (value) (*this)(key, *value);
    } else if constexpr (requires { value.c_str(); }) {
      put(key, {reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});  // a broker's headers may be anything
    } else if constexpr (requires { value.begin(); }) {
      if (value.empty()) return *this;
      json::array list;
      for (const auto& item : value) list.push_back(element(item));
      out_[key] = std::move(list);
    } else {
      out_[key] = fields_of(value).out_;
    }
    return *this;
  }

  json::object take() { return std::move(out_); }

  // Every struct of bus/messages.hpp, field by field.
  static Fields fields_of(const NewOrder& m) {
    return Fields{"NewOrder"}("client_order_id", m.client_order_id)("account", m.account)("symbol", m.symbol)(
        "side", m.side)("order_type", m.order_type)("time_in_force", m.time_in_force)("order_qty", m.order_qty)(
        "cash_order_qty", m.cash_order_qty)("price", m.price)("stop_px", m.stop_px)(
        "trailing_delta_bps", m.trailing_delta_bps)("display_qty", m.display_qty)(
        "expire_date", Time{m.expire_date_ns})("post_only", m.post_only)("reduce_only", m.reduce_only)(
        "extended_hours", m.extended_hours)("rounding", m.rounding)("self_trade_prevention", m.self_trade_prevention)(
        "cancel_on_disconnect", m.cancel_on_disconnect)("allow_duplicate", m.allow_duplicate)("strategy", m.strategy)(
        "approval_id", m.approval_id);
  }
  static Fields fields_of(const CancelOrder& m) {
    return Fields{"CancelOrder"}("client_order_id", m.client_order_id)("orig_client_order_id", m.orig_client_order_id)(
        "order_id", m.order_id);
  }
  static Fields fields_of(const ReplaceOrder& m) {
    return Fields{"ReplaceOrder"}("client_order_id", m.client_order_id)("orig_client_order_id", m.orig_client_order_id)(
        "order_id", m.order_id)("order_qty", m.order_qty)("price", m.price)("stop_px", m.stop_px)("rounding",
                                                                                                  m.rounding);
  }
  static Fields fields_of(const CancelAll& m) {
    return Fields{"CancelAll"}("client_order_id", m.client_order_id)("account", m.account)("symbol", m.symbol)("side",
                                                                                                              m.side);
  }
  static Fields fields_of(const NewOrderList& m) {
    return Fields{"NewOrderList"}("list_id", m.list_id)("list_type", m.list_type)("orders", m.orders);
  }
  static Fields fields_of(const CancelOrderList& m) {
    return Fields{"CancelOrderList"}("client_order_id", m.client_order_id)("list_id", m.list_id);
  }
  static Fields fields_of(const ExecutionReport& m) {
    return Fields{"ExecutionReport"}("report_number", m.report_number)("client_order_id", m.client_order_id)(
        "orig_client_order_id", m.orig_client_order_id)("order_id", m.order_id)("exec_id", m.exec_id)(
        "exec_type", m.exec_type)("order_status", m.order_status)("account", m.account)("symbol", m.symbol)(
        "side", m.side)("order_type", m.order_type)("time_in_force", m.time_in_force)("order_qty", m.order_qty)(
        "cash_order_qty", m.cash_order_qty)("price", m.price)("stop_px", m.stop_px)("last_qty", m.last_qty)(
        "last_px", m.last_px)("cum_qty", m.cum_qty)("leaves_qty", m.leaves_qty)("avg_px", m.avg_px)(
        "commission", m.commission)("commission_asset", m.commission_asset)("liquidity", m.liquidity)(
        "venue_order_id", m.venue_order_id)("broker_order_id", m.broker_order_id)("trade_id", m.trade_id)(
        "transact_time", Time{m.transact_time_ns})("report_time", Time{m.report_time_ns})("error", m.error)(
        "field", m.field)("value", m.value)("nearest_legal", m.nearest_legal)("broker_code", m.broker_code)(
        "text", m.text)("is_working", m.is_working)("strategy", m.strategy)("list_id", m.list_id);
  }
  static Fields fields_of(const Reject& m) {
    return Fields{"Reject"}("ref_sequence", m.ref_sequence)("error", m.error)("field", m.field)("value", m.value)(
        "text", m.text);
  }
  static Fields fields_of(const Hello& m) {
    return Fields{"Hello"}("last_report", m.last_report)("heartbeat_interval_ms", m.heartbeat_interval_ms)(
        "cancel_on_disconnect", m.cancel_on_disconnect)("version", m.version);
  }
  static Fields fields_of(const Welcome& m) {
    return Fields{"Welcome"}("next_report", m.next_report)("lost_before", m.lost_before)(
        "heartbeat_interval_ms", m.heartbeat_interval_ms)("router_time", Time{m.router_time_ns})("version", m.version);
  }
  static Fields fields_of(const Heartbeat& m) {
    return Fields{"Heartbeat"}("time", Time{m.time_ns})("last_sequence", m.last_sequence)("last_report", m.last_report);
  }
  static Fields fields_of(const ResendRequest& m) { return Fields{"ResendRequest"}("first", m.first)("last", m.last); }
  static Fields fields_of(const Logout& m) { return Fields{"Logout"}("reason", m.reason); }
  static Fields fields_of(const SessionState& m) {
    return Fields{"SessionState"}("gateway", m.gateway)("account", m.account)("state", m.state)(
        "order_stream", m.order_stream)("rest", m.rest)("market_data", m.market_data)("deadline", Time{m.deadline_ns})(
        "reason", m.reason)("clock_offset_ns", m.clock_offset_ns)("reconciled", m.reconciled);
  }
  static Fields fields_of(const AbsenceRule& m) {
    return Fields{}("bound_ms", m.bound_ms)("look_ups", m.look_ups)("full_paging", m.full_paging);
  }
  static Fields fields_of(const Offer& m) {
    return Fields{}("order_type", m.order_type)("times_in_force", m.times_in_force);
  }
  static Fields fields_of(const Capabilities& m) {
    return Fields{}("order_types", m.order_types)("times_in_force", m.times_in_force)("can_replace", m.can_replace)(
        "can_post_only", m.can_post_only)("can_cash_order_qty", m.can_cash_order_qty)("can_iceberg", m.can_iceberg)(
        "can_trailing_stop", m.can_trailing_stop)("can_extended_hours", m.can_extended_hours)(
        "can_order_lists", m.can_order_lists)("has_order_book", m.has_order_book)("fill_quantity", m.fill_quantity)(
        "absence_rule", m.absence_rule)("venue_order_id_length", m.venue_order_id_length)("offers", m.offers)(
        "post_only_times_in_force", m.post_only_times_in_force)("can_prevent_self_trade", m.can_prevent_self_trade);
  }
  static Fields fields_of(const RateLimit& m) {
    return Fields{}("bucket", m.bucket)("scope", m.scope)("interval_ms", m.interval_ms)("limit", m.limit)("aligned",
                                                                                                          m.aligned);
  }
  static Fields fields_of(const RateCost& m) {
    return Fields{}("request", m.request)("bucket", m.bucket)("cost", m.cost);
  }
  static Fields fields_of(const RateUsage& m) {
    return Fields{"RateUsage"}("account", m.account)("bucket", m.bucket)("scope", m.scope)(
        "interval_ms", m.interval_ms)("used", m.used)("blocked_until", Time{m.blocked_until_ns});
  }
  static Fields fields_of(const GatewayAccount& m) {
    return Fields{}("account", m.account)("last_trade_id", m.last_trade_id)(
        "last_trade_time", Time{m.last_trade_time_ns})("epoch", m.epoch)("child_orders", m.child_orders);
  }
  static Fields fields_of(const GatewayHello& m) {
    return Fields{"GatewayHello"}("gateway", m.gateway)("incarnation", Wide{m.incarnation})("broker", m.broker)(
        "version", m.version)("accounts", m.accounts)("capabilities", m.capabilities)("rate_limits", m.rate_limits)(
        "rate_costs", m.rate_costs);
  }
  static Fields fields_of(const GatewayWelcome& m) {
    return Fields{"GatewayWelcome"}("incarnation", Wide{m.incarnation})("router_time", Time{m.router_time_ns})(
        "heartbeat_interval_ms", m.heartbeat_interval_ms)("last_report", m.last_report)("accounts", m.accounts)(
        "open_commands", m.open_commands);
  }
  static Fields fields_of(const Command& m) {
    return Fields{}("command_id", m.command_id)("incarnation", Wide{m.incarnation})("account_epoch", m.account_epoch)(
        "possible_resend", m.possible_resend)("order_id", m.order_id)("leg", m.leg)("venue_order_id", m.venue_order_id)(
        "broker_order_id", m.broker_order_id)("account", m.account)("symbol", m.symbol)(
        "send_time", Time{m.send_time_ns})("expire_time", Time{m.expire_time_ns});
  }
  static Fields fields_of(const PlaceCommand& m) {
    return Fields{"PlaceCommand"}("command", m.command)("order", m.order);
  }
  static Fields fields_of(const PlaceListCommand& m) {
    return Fields{"PlaceListCommand"}("list_type", m.list_type)("venue_list_id", m.venue_list_id)("commands",
                                                                                                  m.commands);
  }
  static Fields fields_of(const CancelCommand& m) {
    return Fields{"CancelCommand"}("command", m.command)("cancel_venue_order_id", m.cancel_venue_order_id);
  }
  static Fields fields_of(const ReplaceCommand& m) {
    return Fields{"ReplaceCommand"}("command", m.command)("orig_venue_order_id", m.orig_venue_order_id)(
        "order", m.order)("orig_order_qty", m.orig_order_qty)("cum_qty", m.cum_qty)("is_decrease", m.is_decrease);
  }
  static Fields fields_of(const AskCommand& m) { return Fields{"AskCommand"}("command", m.command); }
  static Fields fields_of(const VenueReport& m) {
    return Fields{"VenueReport"}("report_number", m.report_number)("incarnation", Wide{m.incarnation})(
        "command_id", m.command_id)("event", m.event)("source", m.source)("account", m.account)("symbol", m.symbol)(
        "venue_order_id", m.venue_order_id)("broker_order_id", m.broker_order_id)("side", m.side)(
        "order_qty", m.order_qty)("price", m.price)("order_status", m.order_status)("cum_qty", m.cum_qty)(
        "cum_quote_qty", m.cum_quote_qty)("trade_id", m.trade_id)("last_qty", m.last_qty)("last_px", m.last_px)(
        "commission", m.commission)("commission_asset", m.commission_asset)("liquidity", m.liquidity)(
        "is_working", m.is_working)("request_time", Time{m.request_time_ns})("transact_time", Time{m.transact_time_ns})(
        "receive_time", Time{m.receive_time_ns})("error", m.error)("broker_code", m.broker_code)("text", m.text);
  }
  static Fields fields_of(const ReportAck& m) { return Fields{"ReportAck"}("report_number", m.report_number); }
  static Fields fields_of(const Reconciled& m) {
    return Fields{"Reconciled"}("account", m.account)("open_orders", m.open_orders)("unknown_orders", m.unknown_orders)(
        "through_time", Time{m.through_time_ns});
  }
  static Fields fields_of(const Subscribe& m) {
    return Fields{"Subscribe"}("source", m.source)("symbol", m.symbol)("channel", m.channel)(
        "bar_interval_ms", m.bar_interval_ms)("lease_ms", m.lease_ms);
  }
  static Fields fields_of(const Unsubscribe& m) {
    return Fields{"Unsubscribe"}("source", m.source)("symbol", m.symbol)("channel", m.channel)("bar_interval_ms",
                                                                                               m.bar_interval_ms);
  }
  static Fields fields_of(const SubscribeAck& m) {
    return Fields{"SubscribeAck"}("source", m.source)("symbol", m.symbol)("channel", m.channel)("topic", m.topic)(
        "lease_until", Time{m.lease_until_ns});
  }
  static Fields fields_of(const SnapshotRequest& m) { return Fields{"SnapshotRequest"}("topic", m.topic); }
  static Fields fields_of(const Quote& m) {
    return Fields{"Quote"}("source", m.source)("symbol", m.symbol)("sequence", m.sequence)(
        "incarnation", Wide{m.incarnation})("bid_px", m.bid_px)("bid_qty", m.bid_qty)("ask_px", m.ask_px)(
        "ask_qty", m.ask_qty)("venue_time", Time{m.venue_time_ns})("receive_time", Time{m.receive_time_ns});
  }
  static Fields fields_of(const Trade& m) {
    return Fields{"Trade"}("source", m.source)("symbol", m.symbol)("sequence", m.sequence)(
        "incarnation", Wide{m.incarnation})("trade_id", m.trade_id)("price", m.price)("qty", m.qty)(
        "aggressor", m.aggressor)("venue_time", Time{m.venue_time_ns})("receive_time", Time{m.receive_time_ns});
  }
  static Fields fields_of(const Bar& m) {
    return Fields{"Bar"}("source", m.source)("symbol", m.symbol)("sequence", m.sequence)(
        "incarnation", Wide{m.incarnation})("interval_ms", m.interval_ms)("open_time", Time{m.open_time_ns})(
        "open", m.open)("high", m.high)("low", m.low)("close", m.close)("volume", m.volume)("is_final", m.is_final)(
        "receive_time", Time{m.receive_time_ns});
  }
  static Fields fields_of(const BookLevel& m) { return Fields{}("price", m.price)("qty", m.qty); }
  static Fields fields_of(const Book& m) {
    return Fields{"Book"}("source", m.source)("symbol", m.symbol)("sequence", m.sequence)(
        "incarnation", Wide{m.incarnation})("is_snapshot", m.is_snapshot)("bids", m.bids)("asks", m.asks)(
        "venue_time", Time{m.venue_time_ns})("receive_time", Time{m.receive_time_ns});
  }
  static Fields fields_of(const Ticker& m) {
    return Fields{"Ticker"}("source", m.source)("symbol", m.symbol)("sequence", m.sequence)(
        "incarnation", Wide{m.incarnation})("open_px", m.open_px)("high_px", m.high_px)("low_px", m.low_px)(
        "last_px", m.last_px)("volume", m.volume)("quote_volume", m.quote_volume)("venue_time", Time{m.venue_time_ns})(
        "receive_time", Time{m.receive_time_ns});
  }
  static Fields fields_of(const TradingSession& m) {
    return Fields{}("kind", m.kind)("open", Time{m.open_ns})("close", Time{m.close_ns});
  }
  static Fields fields_of(const MarketHours& m) { return Fields{}("market", m.market)("sessions", m.sessions); }
  static Fields fields_of(const Instrument& m) {
    return Fields{}("symbol", m.symbol)("broker_symbol", m.broker_symbol)("base", m.base)("quote", m.quote)(
        "status", m.status)("order_types", m.order_types)("tick_size", m.tick_size)("min_price", m.min_price)(
        "max_price", m.max_price)("lot_size", m.lot_size)("min_qty", m.min_qty)("max_qty", m.max_qty)(
        "market_lot_size", m.market_lot_size)("market_min_qty", m.market_min_qty)("market_max_qty", m.market_max_qty)(
        "min_notional", m.min_notional)("max_notional", m.max_notional)("min_notional_applies_to_market",
                                                                        m.min_notional_applies_to_market)(
        "max_notional_applies_to_market", m.max_notional_applies_to_market)("can_iceberg", m.can_iceberg)(
        "can_cash_order_qty", m.can_cash_order_qty)("can_trailing_stop", m.can_trailing_stop)(
        "base_precision", static_cast<std::uint32_t>(m.base_precision))(
        "quote_precision", static_cast<std::uint32_t>(m.quote_precision))("can_replace", m.can_replace)(
        "can_amend", m.can_amend)("can_oco", m.can_oco)("can_oto", m.can_oto)("iceberg_parts_max", m.iceberg_parts_max)(
        "trailing_delta_min_bps", m.trailing_delta_min_bps)("trailing_delta_max_bps", m.trailing_delta_max_bps)(
        "market", m.market)("times_in_force", m.times_in_force)(
        "cash_order_qty_times_in_force", m.cash_order_qty_times_in_force)("fraction_size", m.fraction_size)(
        "low_price", m.low_price)("low_tick_size", m.low_tick_size)("broker_id", m.broker_id)(
        "trailing_order_types", m.trailing_order_types);
  }
  static Fields fields_of(const Instruments& m) {
    return Fields{"Instruments"}("gateway", m.gateway)("page", m.page)("is_last", m.is_last)(
        "instruments", m.instruments)("as_of", Time{m.as_of_ns})("markets", m.markets);
  }
  static Fields fields_of(const AccountInfo& m) {
    return Fields{}("account", m.account)("gateway", m.gateway)("broker", m.broker)("environment", m.environment)(
        "broker_account", m.broker_account)("can_trade", m.can_trade)("maker_commission", m.maker_commission)(
        "taker_commission", m.taker_commission)("portfolios", m.portfolios);
  }
  static Fields fields_of(const Portfolio& m) {
    return Fields{}("portfolio", m.portfolio)("text", m.text)("portfolio_type", m.portfolio_type)("is_own", m.is_own)(
        "total", m.total)("cash", m.cash)("asset", m.asset);
  }
  static Fields fields_of(const Balance& m) { return Fields{}("asset", m.asset)("free", m.free)("locked", m.locked); }
  static Fields fields_of(const Position& m) { return Fields{}("symbol", m.symbol)("qty", m.qty)("avg_px", m.avg_px); }
  static Fields fields_of(const Query& m) {  // its url may hold a login's code, and is nobody's business
    return Fields{"Query"}("kind", m.kind)("account", m.account)("symbol", m.symbol)(
        "client_order_id", m.client_order_id)("order_id", m.order_id)("include_closed", m.include_closed)(
        "start_time", Time{m.start_time_ns})("end_time", Time{m.end_time_ns})("bar_interval_ms", m.bar_interval_ms)(
        "page_token", m.page_token)("page_size", m.page_size)("order", m.order);
  }
  static Fields fields_of(const GatewayStatus& m) {
    return Fields{}("gateway", m.gateway)("broker", m.broker)("incarnation", Wide{m.incarnation})(
        "connected", m.connected)("version", m.version)("last_heard", Time{m.last_heard_ns})("open_commands",
                                                                                             m.open_commands);
  }
  static Fields fields_of(const BucketStatus& m) {
    return Fields{}("bucket", m.bucket)("scope", m.scope)("interval_ms", m.interval_ms)("limit", m.limit)(
        "used", m.used)("queued", m.queued)("blocked_until", Time{m.blocked_until_ns});
  }
  static Fields fields_of(const RouterStatus& m) {
    return Fields{}("version", m.version)("core_version", m.core_version)("environment", m.environment)(
        "journal_id", m.journal_id)("last_sequence", m.last_sequence)("durable_sequence", m.durable_sequence)(
        "audited_sequence", m.audited_sequence)("state_hash", m.state_hash)("open_orders", m.open_orders)(
        "in_doubt", m.in_doubt)("sessions", m.sessions)("log_used_bytes", m.log_used_bytes)(
        "log_limit_bytes", m.log_limit_bytes)("accepts_orders", m.accepts_orders)("reason", m.reason);
  }
  static Fields fields_of(const Answer& m) {
    return Fields{"Answer"}("kind", m.kind)("error", m.error)("text", m.text)("next_page_token", m.next_page_token)(
        "as_of", Time{m.as_of_ns})("status", m.status)("gateways", m.gateways)("sessions", m.sessions)(
        "buckets", m.buckets)("orders", m.orders)("instruments", m.instruments)("accounts", m.accounts)(
        "balances", m.balances)("positions", m.positions)("quotes", m.quotes)("bars", m.bars)(
        "books", m.books)("tickers", m.tickers)("url", m.url)("trades", m.trades)(
        "previews", m.previews);
  }
  static Fields fields_of(const Preview& m) {
    return Fields{}("account", m.account)("symbol", m.symbol)("side", m.side)("is_accepted", m.is_accepted)(
        "error", m.error)("reason", m.reason)("text", m.text)("order_qty", m.order_qty)(
        "cash_order_qty", m.cash_order_qty)("avg_px", m.avg_px)("bid_px", m.bid_px)("ask_px", m.ask_px)(
        "slippage", m.slippage)("commission", m.commission)("commission_asset", m.commission_asset)(
        "order_total", m.order_total)("initial_margin", m.initial_margin)("maintenance_margin", m.maintenance_margin);
  }
  static Fields fields_of(const ClientRule& m) {
    return Fields{}("client", m.client)("accounts", m.accounts)("may_trade", m.may_trade)("may_kill", m.may_kill);
  }
  static Fields fields_of(const AccountRule& m) {
    return Fields{}("account", m.account)("gateway", m.gateway)("max_order_qty", m.max_order_qty)(
        "max_order_notional", m.max_order_notional)("session_end_margin_ms", m.session_end_margin_ms)(
        "market_closed", m.market_closed)("queue_for_open_ms", Wide{m.queue_for_open_ms});
  }
  static Fields fields_of(const SymbolRule& m) {
    return Fields{}("account", m.account)("symbol", m.symbol)("max_order_qty", m.max_order_qty)(
        "max_order_notional", m.max_order_notional)("restricted", m.restricted);
  }
  static Fields fields_of(const Configuration& m) {
    return Fields{"Configuration"}("environment", m.environment)("journal_id", m.journal_id)("clients", m.clients)(
        "accounts", m.accounts)("symbols", m.symbols)("order_ttl_ms", m.order_ttl_ms)(
        "heartbeat_interval_ms", m.heartbeat_interval_ms)("heartbeat_liveness", m.heartbeat_liveness)(
        "client_order_id_days", m.client_order_id_days)("rate_reserve_percent", m.rate_reserve_percent);
  }
  static Fields fields_of(const CoreStart& m) {
    return Fields{"CoreStart"}("core_version", m.core_version)("version", m.version);
  }
  static Fields fields_of(const Tick&) { return Fields{"Tick"}; }
  static Fields fields_of(const Connected& m) {
    return Fields{"Connected"}("peer", m.peer)("session", m.session)("incarnation", Wide{m.incarnation});
  }
  static Fields fields_of(const Disconnected& m) {
    return Fields{"Disconnected"}("peer", m.peer)("session", m.session)("incarnation", Wide{m.incarnation})(
        "is_gateway", m.is_gateway)("reason", m.reason);
  }
  static Fields fields_of(const SendFailed& m) {
    return Fields{"SendFailed"}("gateway", m.gateway)("command_id", m.command_id)("reason", m.reason);
  }
  static Fields fields_of(const Output& m) {
    Fields out{"Output"};
    out("input_sequence", m.input_sequence)("index", m.index)("core_version", m.core_version)(
        "destination", m.destination)("peer", m.peer)("session", m.session)("report_number", m.report_number)(
        "drop_copy", m.drop_copy);
    if (const auto inner = decode(m.message)) {
      out.out_["message"] = to_json(inner->body);
    } else {
      out.out_["message"] = json::object{{"error", inner.error().text}};
    }
    return out;
  }
  static Fields fields_of(const AuditState& m) {
    return Fields{"AuditState"}("stream", m.stream)("next_sequence", m.next_sequence)("text", m.text);
  }
  static Fields fields_of(const AuditAppend& m) {
    return Fields{"AuditAppend"}("stream", m.stream)("first_sequence", m.first_sequence)("count", m.count)(
        "bytes", m.records.size());
  }
  static Fields fields_of(const AuditQuery& m) {
    return Fields{"AuditQuery"}("stream", m.stream)("first_sequence", m.first_sequence)(
        "last_sequence", m.last_sequence)("client", m.client)("session", m.session)("first_report", m.first_report);
  }
  static Fields fields_of(const Tape& m) {
    return Fields{"Tape"}("gateway", m.gateway)("account", m.account)("incarnation", Wide{m.incarnation})(
        "exchange", m.exchange)("direction", m.direction)("channel", m.channel)("connection", m.connection)(
        "method", m.method)("target", m.target)("status", m.status)("headers", m.headers)("body", m.body)(
        "error", m.error)("time", Time{m.time_ns})("elapsed_ns", m.elapsed_ns)("order_id", m.order_id)(
        "client_order_id", m.client_order_id)("venue_order_id", m.venue_order_id);
  }

 private:
  void put(std::string_view key, std::span<const std::uint8_t> bytes) {
    if (bytes.empty()) return;
    if (is_utf8(bytes)) {
      out_[key] = std::string_view{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    } else {
      out_[std::string{key} + "_hex"] = hex(bytes);
    }
  }
  template <class T>
  static json::value element(const T& item) {
    if constexpr (std::is_enum_v<T>) {
      return json::value(name_of(item));
    } else if constexpr (requires { item.c_str(); }) {
      return json::value(std::string_view{item.data(), item.size()});
    } else {
      return fields_of(item).take();
    }
  }

  json::object out_;
};

}  // namespace

json::object to_json(const Body& body) {
  return std::visit([](const auto& m) { return Fields::fields_of(m).take(); }, body);
}

json::object to_json(const Quote& quote) { return Fields::fields_of(quote).take(); }

json::object to_json(const ExecutionReport& report) { return Fields::fields_of(report).take(); }

json::object to_json(const Balance& balance) { return Fields::fields_of(balance).take(); }

json::object to_json(const Instrument& instrument) { return Fields::fields_of(instrument).take(); }
json::object to_json(const AccountInfo& account) { return Fields::fields_of(account).take(); }
json::object to_json(const Position& position) { return Fields::fields_of(position).take(); }
json::object to_json(const Bar& bar) { return Fields::fields_of(bar).take(); }
json::object to_json(const Book& book) { return Fields::fields_of(book).take(); }
json::object to_json(const Ticker& ticker) { return Fields::fields_of(ticker).take(); }
json::object to_json(const Trade& trade) { return Fields::fields_of(trade).take(); }
json::object to_json(const Preview& preview) { return Fields::fields_of(preview).take(); }
json::object with_age(json::object line, const Answer& answer) {
  line["as_of"] = time_text(answer.as_of_ns);
  if (!answer.text.empty()) line["text"] = view(answer.text);
  return line;
}

json::object to_json(const Header& m) {
  return Fields{}("environment", m.environment)("sender", m.sender)("session", m.session)("sequence", m.sequence)(
             "correlation_id", m.correlation_id)("send_time", Time{m.send_time_ns})("expire_time",
                                                                                    Time{m.expire_time_ns})
      .take();
}

json::object to_json(std::string_view stream, const Record& record) {
  json::object out{
      {"stream", stream}, {"sequence", record.header.sequence}, {"time", time_text(record.header.time_ns)}};
  switch (record.kind()) {
    case RecordKind::Input: out["kind"] = "Input"; break;
    case RecordKind::Output: out["kind"] = "Output"; break;
    case RecordKind::Market: out["kind"] = "Market"; break;
    case RecordKind::Tape: out["kind"] = "Tape"; break;
    case RecordKind::Unread: out["kind"] = "Unread"; break;
    case RecordKind::Invalid: out["kind"] = "Invalid"; break;
  }
  if (const auto message = decode(record.payload)) {
    out["header"] = to_json(message->header);
    out["message"] = to_json(message->body);
  } else {
    out["error"] = message.error().text;
    if (record.kind() == RecordKind::Unread) out["payload_hex"] = hex(record.payload);
  }
  return out;
}

}  // namespace busbar::tool
