#pragma once
// The messages of the bus as plain structs: what the schemas say, by value. bus/codec.hpp turns bytes into these and back.
// Meanings, units and bounds stand in the schemas, which are the dictionary. Times are ns since the epoch, UTC.

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "bus/decimal.hpp"
#include "bus/result.hpp"
#include "bus/text.hpp"
#include "schemas/account_generated.h"
#include "schemas/common_generated.h"
#include "schemas/gateway_generated.h"
#include "schemas/journal_generated.h"
#include "schemas/order_generated.h"
#include "schemas/query_generated.h"
#include "schemas/quote_generated.h"
#include "schemas/session_generated.h"

namespace busbar {

using Timestamp = std::int64_t;  // ns since the Unix epoch, UTC
using Bytes = std::vector<std::uint8_t>;

using wire::Channel;
using wire::Destination;
using wire::Environment;
using wire::ExecType;
using wire::FillQuantity;
using wire::Liquidity;
using wire::MarketClosed;
using wire::OrderListType;
using wire::OrderStatus;
using wire::OrderType;
using wire::QueryKind;
using wire::Rounding;
using wire::SelfTradePrevention;
using wire::SessionStateKind;
using wire::Side;
using wire::TapeChannel;
using wire::TapeDirection;
using wire::TimeInForce;
using wire::TradingSessionKind;
using wire::TradingStatus;
using wire::VenueEvent;
using wire::VenueSource;

struct Header {
  std::uint16_t schema_version = 1;
  Environment environment = Environment::Unset;
  Name sender;
  Name session;
  std::uint64_t sequence = 0;
  std::uint64_t correlation_id = 0;
  Timestamp send_time_ns = 0;
  Timestamp expire_time_ns = 0;
};

// ---- order.fbs

struct NewOrder {
  Id client_order_id;
  Name account;
  Symbol symbol;
  Side side = Side::Unset;
  OrderType order_type = OrderType::Unset;
  TimeInForce time_in_force = TimeInForce::GoodTillCancel;
  std::optional<Decimal> order_qty;
  std::optional<Decimal> cash_order_qty;
  std::optional<Decimal> price;
  std::optional<Decimal> stop_px;
  std::uint32_t trailing_delta_bps = 0;
  std::optional<Decimal> display_qty;
  Timestamp expire_date_ns = 0;
  bool post_only = false;
  bool reduce_only = false;
  bool extended_hours = false;
  Rounding rounding = Rounding::Refuse;
  SelfTradePrevention self_trade_prevention = SelfTradePrevention::Unset;
  bool cancel_on_disconnect = false;
  bool allow_duplicate = false;
  Name strategy;
  std::uint64_t approval_id = 0;
};

struct CancelOrder {
  Id client_order_id;
  Id orig_client_order_id;
  std::uint64_t order_id = 0;
};

struct ReplaceOrder {
  Id client_order_id;
  Id orig_client_order_id;
  std::uint64_t order_id = 0;
  std::optional<Decimal> order_qty;
  std::optional<Decimal> price;
  std::optional<Decimal> stop_px;
  Rounding rounding = Rounding::Refuse;
};

struct CancelAll {
  Id client_order_id;
  Name account;
  Symbol symbol;
  Side side = Side::Unset;
};

struct NewOrderList {
  Id list_id;
  OrderListType list_type = OrderListType::Unset;
  std::vector<NewOrder> orders;
};

struct CancelOrderList {
  Id client_order_id;
  Id list_id;
};

// ---- report.fbs

struct ExecutionReport {
  std::uint64_t report_number = 0;
  Id client_order_id;
  Id orig_client_order_id;
  std::uint64_t order_id = 0;
  Id exec_id;
  ExecType exec_type = ExecType::Unset;
  OrderStatus order_status = OrderStatus::Unset;
  Name account;
  Symbol symbol;
  Side side = Side::Unset;
  OrderType order_type = OrderType::Unset;
  TimeInForce time_in_force = TimeInForce::Unset;
  std::optional<Decimal> order_qty;
  std::optional<Decimal> cash_order_qty;
  std::optional<Decimal> price;
  std::optional<Decimal> stop_px;
  std::optional<Decimal> last_qty;
  std::optional<Decimal> last_px;
  std::optional<Decimal> cum_qty;
  std::optional<Decimal> leaves_qty;
  std::optional<Decimal> avg_px;
  std::optional<Decimal> commission;
  Name commission_asset;
  Liquidity liquidity = Liquidity::Unset;
  Id venue_order_id;
  Id broker_order_id;
  Id trade_id;
  Timestamp transact_time_ns = 0;
  Timestamp report_time_ns = 0;
  ErrorCode error = ErrorCode::None;
  Name field;
  Id value;
  Id nearest_legal;
  Name broker_code;
  Words text;
  bool is_working = false;
  Name strategy;
  Id list_id;
};

struct Reject {
  std::uint64_t ref_sequence = 0;
  ErrorCode error = ErrorCode::None;
  Name field;
  Id value;
  Words text;
};

// ---- session.fbs

struct Hello {
  std::uint64_t last_report = 0;
  std::uint32_t heartbeat_interval_ms = 1000;
  bool cancel_on_disconnect = false;
  Name version;
};

struct Welcome {
  std::uint64_t next_report = 0;
  std::uint64_t lost_before = 0;
  std::uint32_t heartbeat_interval_ms = 0;
  Timestamp router_time_ns = 0;
  Name version;
};

struct Heartbeat {
  Timestamp time_ns = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t last_report = 0;
};

struct ResendRequest {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

struct Logout {
  Words reason;
};

struct SessionState {
  Name gateway;
  Name account;
  SessionStateKind state = SessionStateKind::Unset;
  SessionStateKind order_stream = SessionStateKind::Unset;
  SessionStateKind rest = SessionStateKind::Unset;
  SessionStateKind market_data = SessionStateKind::Unset;
  Timestamp deadline_ns = 0;
  Words reason;
  std::int64_t clock_offset_ns = 0;
  bool reconciled = false;
};

// ---- gateway.fbs

struct AbsenceRule {
  std::uint32_t bound_ms = 0;
  std::uint32_t look_ups = 2;
  bool full_paging = false;
};

struct Offer {
  OrderType order_type = OrderType::Unset;
  std::vector<TimeInForce> times_in_force;
};

struct Capabilities {
  std::vector<OrderType> order_types;
  std::vector<TimeInForce> times_in_force;
  bool can_replace = false;
  bool can_post_only = false;
  bool can_cash_order_qty = false;
  bool can_iceberg = false;
  bool can_trailing_stop = false;
  bool can_extended_hours = false;
  bool can_order_lists = false;
  bool has_order_book = false;
  FillQuantity fill_quantity = FillQuantity::Unset;
  AbsenceRule absence_rule;
  std::uint32_t venue_order_id_length = 36;
  std::vector<Offer> offers;
  std::vector<TimeInForce> post_only_times_in_force;
  bool can_prevent_self_trade = false;
};

struct RateLimit {
  Name bucket;
  Name scope;
  std::uint64_t interval_ms = 0;
  std::uint64_t limit = 0;
  bool aligned = false;
};

struct RateCost {
  Name request;
  Name bucket;
  std::uint32_t cost = 0;
};

struct RateUsage {
  Name account;
  Name bucket;
  Name scope;
  std::uint64_t interval_ms = 0;
  std::uint64_t used = 0;
  Timestamp blocked_until_ns = 0;
};

struct GatewayAccount {
  Name account;
  Id last_trade_id;
  Timestamp last_trade_time_ns = 0;
  std::uint32_t epoch = 0;
  std::uint64_t child_orders = 0;
};

struct GatewayHello {
  Name gateway;
  std::uint64_t incarnation = 0;
  Name broker;
  Name version;
  std::vector<GatewayAccount> accounts;
  Capabilities capabilities;
  std::vector<RateLimit> rate_limits;
  std::vector<RateCost> rate_costs;
};

struct GatewayWelcome {
  std::uint64_t incarnation = 0;
  Timestamp router_time_ns = 0;
  std::uint32_t heartbeat_interval_ms = 0;
  std::uint64_t last_report = 0;
  std::vector<GatewayAccount> accounts;
  std::uint32_t open_commands = 0;
};

struct Command {
  std::uint64_t command_id = 0;
  std::uint64_t incarnation = 0;
  std::uint32_t account_epoch = 0;
  bool possible_resend = false;
  std::uint64_t order_id = 0;
  std::uint32_t leg = 0;
  Id venue_order_id;
  Id broker_order_id;
  Name account;
  Symbol symbol;
  Timestamp send_time_ns = 0;
  Timestamp expire_time_ns = 0;
};

struct PlaceCommand {
  Command command;
  NewOrder order;
};

struct PlaceListCommand {
  OrderListType list_type = OrderListType::Unset;
  Id venue_list_id;
  std::vector<PlaceCommand> commands;
};

struct CancelCommand {
  Command command;
  Id cancel_venue_order_id;
};

struct ReplaceCommand {
  Command command;
  Id orig_venue_order_id;
  NewOrder order;
  std::optional<Decimal> orig_order_qty;
  std::optional<Decimal> cum_qty;
  bool is_decrease = false;
};

struct AskCommand {
  Command command;
};

struct VenueReport {
  std::uint64_t report_number = 0;
  std::uint64_t incarnation = 0;
  std::uint64_t command_id = 0;
  VenueEvent event = VenueEvent::Unset;
  VenueSource source = VenueSource::Unset;
  Name account;
  Symbol symbol;
  Id venue_order_id;
  Id broker_order_id;
  Side side = Side::Unset;
  std::optional<Decimal> order_qty;
  std::optional<Decimal> price;
  OrderStatus order_status = OrderStatus::Unset;
  std::optional<Decimal> cum_qty;
  std::optional<Decimal> cum_quote_qty;
  Id trade_id;
  std::optional<Decimal> last_qty;
  std::optional<Decimal> last_px;
  std::optional<Decimal> commission;
  Name commission_asset;
  Liquidity liquidity = Liquidity::Unset;
  bool is_working = true;
  Timestamp request_time_ns = 0;
  Timestamp transact_time_ns = 0;
  Timestamp receive_time_ns = 0;
  ErrorCode error = ErrorCode::None;
  Name broker_code;
  Words text;
};

struct ReportAck {
  std::uint64_t report_number = 0;
};

struct Reconciled {
  Name account;
  std::uint32_t open_orders = 0;
  std::uint32_t unknown_orders = 0;
  Timestamp through_time_ns = 0;
};

// ---- quote.fbs

struct Subscribe {
  Name source;
  Symbol symbol;
  Channel channel = Channel::Unset;
  std::uint32_t bar_interval_ms = 0;
  std::uint32_t lease_ms = 60000;
};

struct Unsubscribe {
  Name source;
  Symbol symbol;
  Channel channel = Channel::Unset;
  std::uint32_t bar_interval_ms = 0;
};

struct SubscribeAck {
  Name source;
  Symbol symbol;
  Channel channel = Channel::Unset;
  Text<96> topic;
  Timestamp lease_until_ns = 0;
};

struct SnapshotRequest {
  Text<96> topic;
};

struct Quote {
  Name source;
  Symbol symbol;
  std::uint64_t sequence = 0;
  std::uint64_t incarnation = 0;
  std::optional<Decimal> bid_px;
  std::optional<Decimal> bid_qty;
  std::optional<Decimal> ask_px;
  std::optional<Decimal> ask_qty;
  Timestamp venue_time_ns = 0;
  Timestamp receive_time_ns = 0;
};

struct Trade {
  Name source;
  Symbol symbol;
  std::uint64_t sequence = 0;
  std::uint64_t incarnation = 0;
  Id trade_id;
  std::optional<Decimal> price;
  std::optional<Decimal> qty;
  Side aggressor = Side::Unset;
  Timestamp venue_time_ns = 0;
  Timestamp receive_time_ns = 0;
};

struct Bar {
  Name source;
  Symbol symbol;
  std::uint64_t sequence = 0;
  std::uint64_t incarnation = 0;
  std::uint32_t interval_ms = 0;
  Timestamp open_time_ns = 0;
  std::optional<Decimal> open;
  std::optional<Decimal> high;
  std::optional<Decimal> low;
  std::optional<Decimal> close;
  std::optional<Decimal> volume;
  bool is_final = false;
  Timestamp receive_time_ns = 0;
};

struct BookLevel {
  Decimal price;
  Decimal qty;
};

struct Book {
  Name source;
  Symbol symbol;
  std::uint64_t sequence = 0;
  std::uint64_t incarnation = 0;
  bool is_snapshot = false;
  std::vector<BookLevel> bids;
  std::vector<BookLevel> asks;
  Timestamp venue_time_ns = 0;
  Timestamp receive_time_ns = 0;
};

struct Ticker {
  Name source;
  Symbol symbol;
  std::uint64_t sequence = 0;
  std::uint64_t incarnation = 0;
  std::optional<Decimal> open_px;
  std::optional<Decimal> high_px;
  std::optional<Decimal> low_px;
  std::optional<Decimal> last_px;
  std::optional<Decimal> volume;
  std::optional<Decimal> quote_volume;
  Timestamp venue_time_ns = 0;
  Timestamp receive_time_ns = 0;
};

// ---- account.fbs

struct TradingSession {
  TradingSessionKind kind = TradingSessionKind::Unset;
  Timestamp open_ns = 0;
  Timestamp close_ns = 0;
};

struct MarketHours {
  Name market;
  std::vector<TradingSession> sessions;
};

struct Instrument {
  Symbol symbol;
  Symbol broker_symbol;
  Name base;
  Name quote;
  TradingStatus status = TradingStatus::Unset;
  std::vector<OrderType> order_types;
  std::optional<Decimal> tick_size;
  std::optional<Decimal> min_price;
  std::optional<Decimal> max_price;
  std::optional<Decimal> lot_size;
  std::optional<Decimal> min_qty;
  std::optional<Decimal> max_qty;
  std::optional<Decimal> market_lot_size;
  std::optional<Decimal> market_min_qty;
  std::optional<Decimal> market_max_qty;
  std::optional<Decimal> min_notional;
  std::optional<Decimal> max_notional;
  bool min_notional_applies_to_market = false;
  bool max_notional_applies_to_market = false;
  bool can_iceberg = false;
  bool can_cash_order_qty = false;
  bool can_trailing_stop = false;
  std::uint8_t base_precision = 0;
  std::uint8_t quote_precision = 0;
  bool can_replace = false;
  bool can_amend = false;
  bool can_oco = false;
  bool can_oto = false;
  std::uint32_t iceberg_parts_max = 0;
  std::uint32_t trailing_delta_min_bps = 0;
  std::uint32_t trailing_delta_max_bps = 0;
  Name market;
  std::vector<TimeInForce> times_in_force;
  std::vector<TimeInForce> cash_order_qty_times_in_force;
  std::optional<Decimal> fraction_size;
  std::optional<Decimal> low_price;
  std::optional<Decimal> low_tick_size;
  Id broker_id;
  std::vector<OrderType> trailing_order_types;
};

struct Instruments {
  Name gateway;
  std::uint32_t page = 0;
  bool is_last = false;
  std::vector<Instrument> instruments;
  Timestamp as_of_ns = 0;
  std::vector<MarketHours> markets;
};

struct Portfolio {
  Id portfolio;
  Words text;
  Name portfolio_type;
  bool is_own = false;
  std::optional<Decimal> total;
  std::optional<Decimal> cash;
  Name asset;
};

struct AccountInfo {
  Name account;
  Name gateway;
  Name broker;
  Environment environment = Environment::Unset;
  Id broker_account;
  bool can_trade = false;
  std::optional<Decimal> maker_commission;
  std::optional<Decimal> taker_commission;
  std::vector<Portfolio> portfolios;
};

struct Balance {
  Name asset;
  std::optional<Decimal> free;
  std::optional<Decimal> locked;
};

struct Position {
  Symbol symbol;
  std::optional<Decimal> qty;
  std::optional<Decimal> avg_px;
};

// ---- query.fbs

struct Query {
  QueryKind kind = QueryKind::Unset;
  Name account;
  Symbol symbol;
  Id client_order_id;
  std::uint64_t order_id = 0;
  bool include_closed = false;
  Timestamp start_time_ns = 0;
  Timestamp end_time_ns = 0;
  std::uint32_t bar_interval_ms = 0;
  Id page_token;
  std::uint32_t page_size = 200;
  std::string url;
  std::optional<NewOrder> order;
};

struct GatewayStatus {
  Name gateway;
  Name broker;
  std::uint64_t incarnation = 0;
  bool connected = false;
  Name version;
  Timestamp last_heard_ns = 0;
  std::uint32_t open_commands = 0;
};

struct BucketStatus {
  Name bucket;
  Name scope;
  std::uint64_t interval_ms = 0;
  std::uint64_t limit = 0;
  std::uint64_t used = 0;
  std::uint32_t queued = 0;
  Timestamp blocked_until_ns = 0;
};

struct RouterStatus {
  Name version;
  std::uint32_t core_version = 0;
  Environment environment = Environment::Unset;
  Name journal_id;
  std::uint64_t last_sequence = 0;
  std::uint64_t durable_sequence = 0;
  std::uint64_t audited_sequence = 0;
  Id state_hash;
  std::uint32_t open_orders = 0;
  std::uint32_t in_doubt = 0;
  std::uint32_t sessions = 0;
  std::uint64_t log_used_bytes = 0;
  std::uint64_t log_limit_bytes = 0;
  bool accepts_orders = false;
  Words reason;
};

struct Preview {
  Name account;
  Symbol symbol;
  Side side = Side::Unset;
  bool is_accepted = false;
  ErrorCode error = ErrorCode::None;
  Words reason;
  Words text;
  std::optional<Decimal> order_qty;
  std::optional<Decimal> cash_order_qty;
  std::optional<Decimal> avg_px;
  std::optional<Decimal> bid_px;
  std::optional<Decimal> ask_px;
  std::optional<Decimal> slippage;
  std::optional<Decimal> commission;
  Name commission_asset;
  std::optional<Decimal> order_total;
  std::optional<Decimal> initial_margin;
  std::optional<Decimal> maintenance_margin;
};

struct Answer {
  QueryKind kind = QueryKind::Unset;
  ErrorCode error = ErrorCode::None;
  Words text;
  Id next_page_token;
  Timestamp as_of_ns = 0;
  std::optional<RouterStatus> status;
  std::vector<GatewayStatus> gateways;
  std::vector<SessionState> sessions;
  std::vector<BucketStatus> buckets;
  std::vector<ExecutionReport> orders;
  std::vector<Instrument> instruments;
  std::vector<AccountInfo> accounts;
  std::vector<Balance> balances;
  std::vector<Position> positions;
  std::vector<Quote> quotes;
  std::vector<Bar> bars;
  std::vector<Book> books;
  std::vector<Ticker> tickers;
  std::string url;
  std::vector<Trade> trades;
  std::vector<Preview> previews;
};

// ---- journal.fbs

struct ClientRule {
  Name client;
  std::vector<Name> accounts;
  bool may_trade = true;
  bool may_kill = false;
};

struct AccountRule {
  Name account;
  Name gateway;
  std::optional<Decimal> max_order_qty;
  std::optional<Decimal> max_order_notional;
  std::uint32_t session_end_margin_ms = 0;
  MarketClosed market_closed = MarketClosed::Refuse;
  std::uint64_t queue_for_open_ms = 0;
};

struct SymbolRule {
  Name account;
  Symbol symbol;
  std::optional<Decimal> max_order_qty;
  std::optional<Decimal> max_order_notional;
  bool restricted = false;
};

struct Configuration {
  Environment environment = Environment::Unset;
  Name journal_id;
  std::vector<ClientRule> clients;
  std::vector<AccountRule> accounts;
  std::vector<SymbolRule> symbols;
  std::uint32_t order_ttl_ms = 1000;
  std::uint32_t heartbeat_interval_ms = 1000;
  std::uint32_t heartbeat_liveness = 3;
  std::uint32_t client_order_id_days = 30;
  std::uint32_t rate_reserve_percent = 10;
};

struct CoreStart {
  std::uint32_t core_version = 0;
  Name version;
};

struct Tick {};

struct Connected {
  Name peer;
  Name session;
  std::uint64_t incarnation = 0;
};

struct Disconnected {
  Name peer;
  Name session;
  std::uint64_t incarnation = 0;
  bool is_gateway = false;
  Words reason;
};

struct SendFailed {
  Name gateway;
  std::uint64_t command_id = 0;
  Words reason;
};

struct Output {
  std::uint64_t input_sequence = 0;
  std::uint32_t index = 0;
  std::uint32_t core_version = 0;
  Destination destination = Destination::Unset;
  Name peer;
  Name session;
  std::uint64_t report_number = 0;
  Bytes message;
  bool drop_copy = false;
};

struct AuditState {
  Name stream;
  std::uint64_t next_sequence = 0;
  Words text;
};

struct AuditAppend {
  Name stream;
  std::uint64_t first_sequence = 0;
  std::uint32_t count = 0;
  Bytes records;
};

struct AuditQuery {
  Name stream;
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  Name client;
  Name session;
  std::uint64_t first_report = 0;
};

struct Tape {
  Name gateway;
  Name account;
  std::uint64_t incarnation = 0;
  std::uint64_t exchange = 0;
  TapeDirection direction = TapeDirection::Unset;
  TapeChannel channel = TapeChannel::Unset;
  std::uint64_t connection = 0;
  Name method;
  std::string target;
  std::uint32_t status = 0;
  std::string headers;
  Bytes body;
  std::string error;
  Timestamp time_ns = 0;
  std::int64_t elapsed_ns = 0;
  std::uint64_t order_id = 0;
  Id client_order_id;
  Id venue_order_id;
};

// Every body this build speaks. The schema's others are answered UNSUPPORTED by name.
using AnyBody = std::variant<NewOrder, CancelOrder, ReplaceOrder, ExecutionReport, Reject, Hello, Welcome, Heartbeat,
                             ResendRequest, Logout, SessionState, GatewayHello, GatewayWelcome, PlaceCommand, CancelCommand,
                             ReplaceCommand, AskCommand, VenueReport, ReportAck, Reconciled, RateUsage, Subscribe, Unsubscribe,
                             SubscribeAck, SnapshotRequest, Quote, Trade, Instruments, Query, Answer, Configuration, CoreStart,
                             Tick, Connected, Disconnected, SendFailed, Output, AuditState, AuditAppend, AuditQuery, Tape,
                             CancelAll, NewOrderList, CancelOrderList, PlaceListCommand, Bar, Book, Ticker>;

template <class T, class... Bodies>
consteval bool is_alternative(const std::variant<Bodies...>*) {
  return (std::is_same_v<T, Bodies> || ...);
}

// One of them, read as any std::variant is (get_if, visit). How it is made, copied and ended is compiled once, in
// messages.cpp: left to every file, it is half of what the whole tree takes to build.
struct Body : AnyBody {
  Body();
  template <class T>
    requires(is_alternative<T>(static_cast<const AnyBody*>(nullptr)))
  Body(T value) : Body{} {
    set(std::move(value));
  }
  Body(const Body& other);
  Body(Body&& other) noexcept;
  Body& operator=(const Body& other);
  Body& operator=(Body&& other) noexcept;
  ~Body();

 private:
  template <class T>
  void set(T&& value);
};

struct Message {
  Header header;
  Body body;
};

// body.emplace<T>(Fresh<T>{}) makes a T as its members say; emplace<T>() would clear all of it first, a kilobyte of a report.
template <class T>
struct Fresh {
  operator T() const {
    T value;
    return value;
  }
};

}  // namespace busbar
