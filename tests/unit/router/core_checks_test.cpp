#include <gtest/gtest.h>

#include "router/core/checks.hpp"
#include "router/core/notional.hpp"
#include "tests/unit/router/core_bench.hpp"

namespace busbar::router::test {
namespace {

struct Case {
  const char* what;
  std::function<void(Bench&, NewOrder&)> change;
  ErrorCode error = ErrorCode::None;
  const char* field = "";
  const char* value = "";
  const char* nearest = "";
};

using B = Bench;
using O = NewOrder;

void limit_account(Bench& b, const char* qty, const char* notional) {
  if (qty) b.config.accounts[0].max_order_qty = Decimal::parse(qty);
  if (notional) b.config.accounts[0].max_order_notional = Decimal::parse(notional);
  b.tell(b.config);
}

void limit_symbol(Bench& b, const char* account, const char* qty, const char* notional, bool restricted = false) {
  b.config.symbols.push_back({cut<32>(account), "BTC/USDT", qty ? Decimal::parse(qty) : std::nullopt,
                              notional ? Decimal::parse(notional) : std::nullopt, restricted});
  b.tell(b.config);
}

void with_instrument(Bench& b, const std::function<void(Instrument&)>& change) {
  Instrument i = btc();
  change(i);
  b.instruments({i});
}

void with_session(Bench& b, const std::function<void(SessionState&)>& change) {
  SessionState s = Bench::session_state("main");
  change(s);
  b.gateway(s);
}

// The session ends in so many seconds, 0: nobody knows when; and what is to be refused so many before.
void ending(Bench& b, std::int64_t seconds, std::uint32_t margin_s) {
  b.config.accounts[0].session_end_margin_ms = margin_s * 1'000;
  b.tell(b.config);
  with_session(b, [&](SessionState& s) {
    s.state = SessionStateKind::ExpiresAt;
    s.deadline_ns = seconds == 0 ? 0 : b.now + seconds * second;
  });
}

void till(NewOrder& o, Timestamp end_ns) {
  o.time_in_force = TimeInForce::GoodTillDate;
  o.expire_date_ns = end_ns;
}

void market(NewOrder& o) {
  o.order_type = OrderType::Market;
  o.price.reset();
}

void stop_limit(NewOrder& o) {
  o.order_type = OrderType::StopLimit;
  o.stop_px = "49000"_d;
}

void with_distance(Bench& b, std::uint32_t least, std::uint32_t most) {
  with_instrument(b, [&](Instrument& i) { i.trailing_delta_min_bps = least, i.trailing_delta_max_bps = most; });
}

void with_parts(Bench& b, std::uint32_t most) {
  with_instrument(b, [&](Instrument& i) { i.iceberg_parts_max = most; });
}

void with_trailing(Bench& b, OrderType type) {
  with_instrument(b, [&](Instrument& i) { i.trailing_order_types = {type}; });
}

void with_low_prices(Bench& b) {
  with_instrument(b, [](Instrument& i) { i.low_price = "1"_d, i.low_tick_size = "0.0001"_d; });
}

void with_fractions(Bench& b) {
  with_instrument(b, [](Instrument& i) { i.fraction_size = "0.0000001"_d; });
}

void by_amount(NewOrder& o) {
  market(o);
  o.order_qty.reset();
  o.cash_order_qty = "100"_d;
}

void trailing(NewOrder& o, std::uint32_t distance) {
  stop_limit(o);
  o.stop_px.reset();
  o.trailing_delta_bps = distance;
}

using enum ErrorCode;

const std::vector<Case> cases = {
    {"an ordinary order passes", [](B&, O&) {}},

    // Permission
    {"an account not configured", [](B&, O& o) { o.account = "nowhere"; }, PermissionDenied, "account", "nowhere"},

    // Expiry
    {"at its expiry it passes", [](B& b, O&) { b.expire = b.now; }},
    {"one ns after its expiry", [](B& b, O&) { b.expire = b.now - 1; }, Expired, "expire_time_ns", nullptr},
    {"unsaid, a second after sending", [](B& b, O&) { b.travel = 1 * second; }},
    {"... and a ns", [](B& b, O&) { b.travel = 1 * second + 1; }, Expired, "expire_time_ns", nullptr},

    // Gateway and session
    {"a gateway that was never there", [](B&, O& o) { o.account = "third"; }, GatewayDown, "account", "third"},
    {"a gateway that was lost",
     [](B& b, O&) { b.tell(Disconnected{"binance", "7", 7, true, {}}); }, GatewayDown, "account", "main"},
    {"REST down", [](B& b, O&) { with_session(b, [](auto& s) { s.rest = SessionStateKind::Down; }); },
     ConnectionError, "account", "main"},
    {"order stream down", [](B& b, O&) { with_session(b, [](auto& s) { s.state = s.order_stream = SessionStateKind::Down; }); },
     ConnectionError, "account", "main"},
    {"order stream stale", [](B& b, O&) { with_session(b, [](auto& s) { s.state = s.order_stream = SessionStateKind::Stale; }); },
     ConnectionError, "account", "main"},
    {"market data down is no reason",
     [](B& b, O&) { with_session(b, [](auto& s) { s.market_data = SessionStateKind::Down; }); }},
    {"a session that ends soon is up",
     [](B& b, O&) { with_session(b, [](auto& s) { s.rest = SessionStateKind::ExpiresAt; }); }},
    {"a human is needed", [](B& b, O&) { with_session(b, [](auto& s) { s.state = SessionStateKind::NeedsHuman; }); },
     ConnectionError, "account", "main"},
    {"it may outlive the session, says nobody", [](B& b, O&) { ending(b, 1, 0); }},
    {"it may outlive the session, which ends too soon", [](B& b, O&) { ending(b, 600, 600); }, RiskLimit,
     "time_in_force", "GoodTillCancel", "ImmediateOrCancel"},
    {"... and which ends a second later", [](B& b, O&) { ending(b, 601, 600); }},
    {"... at a moment that nobody knows", [](B& b, O&) { ending(b, 0, 600); }, RiskLimit, "time_in_force", "GoodTillCancel",
     "ImmediateOrCancel"},
    {"... and is renewed by then",
     [](B& b, O&) { ending(b, 1, 600), with_session(b, [&](auto& s) { s.deadline_ns = b.now + second; }); }},
    {"the day is no shorter", [](B& b, O& o) { ending(b, 1, 600), o.time_in_force = TimeInForce::Day; }, RiskLimit,
     "time_in_force", "Day", "ImmediateOrCancel"},
    {"a date after the session's end",
     [](B& b, O& o) { ending(b, 60, 600), till(o, b.now + 60 * second); }, RiskLimit, "time_in_force", "GoodTillDate",
     "ImmediateOrCancel"},
    {"a date before it", [](B& b, O& o) { ending(b, 60, 600), till(o, b.now + 59 * second); }},
    {"what does not rest outlives nothing",
     [](B& b, O& o) { ending(b, 1, 600), o.time_in_force = TimeInForce::ImmediateOrCancel; }},
    {"nor does a market order", [](B& b, O& o) { ending(b, 1, 600), market(o); }},
    {"not reconciled", [](B& b, O&) { with_session(b, [](auto& s) { s.reconciled = false; }); },
     ConnectionError, "account", "main"},

    // Which fields an order type needs and forbids
    {"limit without price", [](B&, O& o) { o.price.reset(); }, InvalidOrder, "price"},
    {"market with price", [](B&, O& o) { o.order_type = OrderType::Market; }, InvalidOrder, "price", "50000"},
    {"market", [](B&, O& o) { market(o); }},
    {"neither quantity nor cash", [](B&, O& o) { o.order_qty.reset(); }, InvalidOrder, "order_qty"},
    {"both", [](B&, O& o) { o.cash_order_qty = "10"_d; }, InvalidOrder, "cash_order_qty", "10"},
    {"cash in a market order", [](B&, O& o) { market(o), o.order_qty.reset(), o.cash_order_qty = "10"_d; }},
    {"cash in a limit order", [](B&, O& o) { o.order_qty.reset(), o.cash_order_qty = "10"_d; }, InvalidOrder,
     "cash_order_qty", "10"},
    {"stop without trigger", [](B&, O& o) { stop_limit(o), o.stop_px.reset(); }, InvalidOrder, "stop_px"},
    {"stop limit", [](B&, O& o) { stop_limit(o); }},
    {"trailing stop", [](B&, O& o) { stop_limit(o), o.stop_px.reset(), o.trailing_delta_bps = 100; }},
    {"limit with trigger", [](B&, O& o) { o.stop_px = "1"_d; }, InvalidOrder, "stop_px", "1"},
    {"limit that trails", [](B&, O& o) { o.trailing_delta_bps = 5; }, InvalidOrder, "trailing_delta_bps", "5", "0"},
    {"price of zero", [](B&, O& o) { o.price = Decimal{}; }, InvalidOrder, "price", "0"},
    {"price below zero", [](B&, O& o) { o.price = "-1"_d; }, InvalidOrder, "price", "-1"},
    {"post-only at once", [](B&, O& o) { o.post_only = true, o.time_in_force = TimeInForce::ImmediateOrCancel; },
     InvalidOrder, "post_only", "true", "false"},
    {"post-only", [](B&, O& o) { o.post_only = true; }},
    {"iceberg", [](B&, O& o) { o.display_qty = "0.1"_d; }},
    {"iceberg that shows more than all", [](B&, O& o) { o.display_qty = "2"_d; },
     InvalidOrder, "display_qty", "2", "1"},
    {"a date without GoodTillDate", [](B& b, O& o) { o.expire_date_ns = b.now + 1; }, InvalidOrder, "expire_date_ns",
     nullptr},
    {"GoodTillDate without a date", [](B&, O& o) { o.time_in_force = TimeInForce::GoodTillDate; }, InvalidOrder,
     "expire_date_ns", "0"},
    {"GoodTillDate", [](B& b, O& o) { o.time_in_force = TimeInForce::GoodTillDate, o.expire_date_ns = b.now + 1; }},
    {"GoodTillDate that is over",
     [](B& b, O& o) { o.time_in_force = TimeInForce::GoodTillDate, o.expire_date_ns = b.now; },
     InvalidOrder, "expire_date_ns", nullptr},
    {"extended hours of a limit order", [](B&, O& o) { o.extended_hours = true; }},
    {"extended hours of a market order", [](B&, O& o) { market(o), o.extended_hours = true; }, InvalidOrder,
     "extended_hours", "true", "false"},
    {"extended hours of an order of the moment",
     [](B&, O& o) { o.extended_hours = true, o.time_in_force = TimeInForce::FillOrKill; }, InvalidOrder, "extended_hours",
     "true", "false"},
    {"cancel on disconnect of a REQ", [](B&, O& o) { o.cancel_on_disconnect = true; }, InvalidOrder,
     "cancel_on_disconnect", "true", "false"},

    // What is not spoken yet is refused, not forgotten
    {"reduce only", [](B&, O& o) { o.reduce_only = true; }, Unsupported, "reduce_only", "true", "false"},
    {"an approval", [](B&, O& o) { o.approval_id = 3; }, Unsupported, "approval_id", "3", "0"},

    // Capabilities
    {"an order type the broker lacks",
     [](B& b, O& o) { b.hello.capabilities.order_types = {OrderType::Limit}, b.say_hello(), market(o); }, Unsupported,
     "order_type", "Market"},
    {"a time in force the broker lacks",
     [](B& b, O&) { b.hello.capabilities.times_in_force = {TimeInForce::Day}, b.say_hello(); }, Unsupported,
     "time_in_force", "GoodTillCancel"},
    {"post-only the broker lacks",
     [](B& b, O& o) { b.hello.capabilities.can_post_only = false, b.say_hello(), o.post_only = true; },
     Unsupported, "post_only", "true"},
    {"a time in force the broker lacks for this type",
     [](B& b, O& o) { b.hello.capabilities.offers = {{OrderType::Market, {TimeInForce::ImmediateOrCancel}}},
       b.say_hello(), market(o); },
     Unsupported, "time_in_force", "GoodTillCancel"},
    {"and for this type alone",
     [](B& b, O&) { b.hello.capabilities.offers = {{OrderType::Market, {TimeInForce::ImmediateOrCancel}}},
       b.say_hello(); }},
    {"a time in force the broker lacks for post-only orders",
     [](B& b, O& o) { b.hello.capabilities.post_only_times_in_force = {TimeInForce::Day}, b.say_hello(),
       o.post_only = true; },
     Unsupported, "time_in_force", "GoodTillCancel"},
    {"and for those alone",
     [](B& b, O&) { b.hello.capabilities.post_only_times_in_force = {TimeInForce::Day}, b.say_hello(); }},
    {"a self-trade prevention the broker lacks",
     [](B& b, O& o) { b.hello.capabilities.can_prevent_self_trade = false, b.say_hello(),
       o.self_trade_prevention = SelfTradePrevention::ExpireTaker; },
     Unsupported, "self_trade_prevention", "ExpireTaker"},
    {"names too long for the broker", [](B& b, O&) { b.hello.capabilities.venue_order_id_length = 18, b.say_hello(); },
     Unsupported, "venue_order_id", nullptr},

    // Instrument
    {"a symbol nobody lists", [](B&, O& o) { o.symbol = "BTC/NONE"; }, InvalidSymbol, "symbol", "BTC/NONE"},
    {"the broker's own spelling is no symbol of ours", [](B&, O& o) { o.symbol = "BTCUSDT"; }, InvalidSymbol, "symbol",
     "BTCUSDT"},
    {"other case is another symbol", [](B&, O& o) { o.symbol = "btc/usdt"; }, InvalidSymbol, "symbol", "btc/usdt"},
    {"restricted in this account", [](B& b, O&) { limit_symbol(b, "main", nullptr, nullptr, true); }, PermissionDenied,
     "symbol", "BTC/USDT"},
    {"restricted everywhere", [](B& b, O&) { limit_symbol(b, "*", nullptr, nullptr, true); },
     PermissionDenied, "symbol",
     "BTC/USDT"},
    {"restricted elsewhere", [](B& b, O&) { limit_symbol(b, "second", nullptr, nullptr, true); }},
    {"halted", [](B& b, O&) { with_instrument(b, [](auto& i) { i.status = TradingStatus::Halted; }); }, MarketClosed,
     "symbol", "BTC/USDT"},
    {"cancels only", [](B& b, O&) { with_instrument(b, [](auto& i) { i.status = TradingStatus::CancelOnly; }); },
     MarketClosed, "symbol", "BTC/USDT"},
    {"an order type not offered for it",
     [](B& b, O&) { with_instrument(b, [](auto& i) { i.order_types = {OrderType::Market}; }); },
     Unsupported, "order_type", "Limit"},

    {"a time in force not offered for it",
     [](B& b, O&) { with_instrument(b, [](auto& i) { i.times_in_force = {TimeInForce::ImmediateOrCancel}; }); },
     Unsupported, "time_in_force", "GoodTillCancel"},
    {"a time in force that is offered for it",
     [](B& b, O&) { with_instrument(b, [](auto& i) { i.times_in_force = {TimeInForce::GoodTillCancel}; }); }},
    {"a time in force not offered for amounts",
     [](B& b, O& o) { with_instrument(b, [](auto& i) { i.cash_order_qty_times_in_force = {TimeInForce::Day}; }),
       by_amount(o); },
     Unsupported, "time_in_force", "GoodTillCancel"},
    {"a time in force that is offered for amounts",
     [](B& b, O& o) { with_instrument(b, [](auto& i) { i.cash_order_qty_times_in_force = {TimeInForce::Day}; }),
       by_amount(o), o.time_in_force = TimeInForce::Day; }},
    {"and for those alone",
     [](B& b, O&) { with_instrument(b, [](auto& i) { i.cash_order_qty_times_in_force = {TimeInForce::Day}; }); }},

    // Ticks
    {"on the finer tick of low prices", [](B& b, O& o) { with_low_prices(b), o.price = "0.9999"_d, o.order_qty = "600"_d; }},
    {"off it", [](B& b, O& o) { with_low_prices(b), o.price = "0.99991"_d, o.order_qty = "600"_d; }, InvalidOrder, "price",
     "0.99991", "0.9999"},
    {"the price that is low no more has the other tick", [](B& b, O& o) { with_low_prices(b), o.price = "1.0001"_d; },
     InvalidOrder, "price", "1.0001", "1.00"},
    {"on the tick", [](B&, O& o) { o.price = "50000.01"_d; }},
    {"off the tick", [](B&, O& o) { o.price = "50000.014"_d; }, InvalidOrder, "price", "50000.014", "50000.01"},
    {"off the tick, nearer above", [](B&, O& o) { o.price = "50000.016"_d; },
     InvalidOrder, "price", "50000.016", "50000.02"},
    {"a trigger off the tick", [](B&, O& o) { stop_limit(o), o.stop_px = "49000.001"_d; }, InvalidOrder, "stop_px",
     "49000.001", "49000.00"},
    // How far a trailing stop may follow
    {"at the least distance",
     [](B& b, O& o) { with_distance(b, 10, 2000), trailing(o, 10); }},
    {"of a type that follows", [](B& b, O& o) { with_trailing(b, OrderType::StopLimit), trailing(o, 100); }},
    {"of a type that does not", [](B& b, O& o) { with_trailing(b, OrderType::Stop), trailing(o, 100); }, Unsupported,
     "trailing_delta_bps", "100"},
    {"closer than that", [](B& b, O& o) { with_distance(b, 10, 2000), trailing(o, 9); }, InvalidOrder,
     "trailing_delta_bps", "9", "10"},
    {"at the most distance", [](B& b, O& o) { with_distance(b, 10, 2000), trailing(o, 2000); }},
    {"farther than that", [](B& b, O& o) { with_distance(b, 10, 2000), trailing(o, 2001); }, InvalidOrder,
     "trailing_delta_bps", "2001", "2000"},
    {"no bound is known", [](B& b, O& o) { with_distance(b, 0, 0), trailing(o, 4'000'000'000); }},
    {"what does not trail has no distance", [](B& b, O&) { with_distance(b, 10, 2000); }},

    {"at the least price", [](B&, O& o) { o.price = "0.01"_d, o.order_qty = "600"_d; }},
    {"below a tick", [](B&, O& o) { o.price = "0.004"_d; }, InvalidOrder, "price", "0.004", "0.01"},
    {"at the highest price", [](B&, O& o) { o.price = "1000000"_d; }},
    {"a tick above the highest price", [](B&, O& o) { o.price = "1000000.01"_d; }, InvalidOrder, "price", "1000000.01",
     "1000000"},
    {"digits, where there is no tick",
     [](B& b, O& o) { with_instrument(b, [](auto& i) { i.tick_size.reset(); i.quote_precision = 3; }),
       o.price = "50000.0001"_d; },
     InvalidOrder, "price", "50000.0001", "50000.000"},

    // Lots
    {"part of a lot, for the day",
     [](B& b, O& o) { with_fractions(b), o.order_qty = "1.0000001"_d, o.time_in_force = TimeInForce::Day; }},
    {"part of that part",
     [](B& b, O& o) { with_fractions(b), o.order_qty = "1.00000001"_d, o.time_in_force = TimeInForce::Day; }, InvalidOrder,
     "order_qty", "1.00000001", "1.0000000"},
    {"part of a lot, for longer", [](B& b, O& o) { with_fractions(b), o.order_qty = "1.0000001"_d; }, InvalidOrder,
     "order_qty", "1.0000001", "1.000"},
    {"on the lot", [](B&, O& o) { o.order_qty = "1.001"_d; }},
    {"off the lot", [](B&, O& o) { o.order_qty = "1.0014"_d; }, InvalidOrder, "order_qty", "1.0014", "1.001"},
    {"less than a lot", [](B&, O& o) { o.order_qty = "0.0001"_d; }, InvalidOrder, "order_qty", "0.0001", "0.001"},
    {"below the least quantity",
     [](B& b, O& o) { with_instrument(b, [](auto& i) { i.min_qty = "0.005"_d; }), o.order_qty = "0.004"_d; },
     InvalidOrder, "order_qty", "0.004", "0.005"},
    {"at the highest quantity", [](B&, O& o) { o.order_qty = "9000"_d, o.price = "1"_d; }},
    {"a lot above the highest quantity", [](B&, O& o) { o.order_qty = "9000.001"_d, o.price = "1"_d; }, InvalidOrder,
     "order_qty", "9000.001", "9000"},
    {"a market order has a second lot size",
     [](B& b, O& o) { with_instrument(b, [](auto& i) { i.market_lot_size = "0.5"_d; }), market(o),
       o.order_qty = "1.25"_d; },
     InvalidOrder, "order_qty", "1.25", "1.5"},
    {"a market order has a second highest quantity",
     [](B& b, O& o) { with_instrument(b, [](auto& i) { i.market_max_qty = "2"_d; }), market(o),
       o.order_qty = "2.001"_d; },
     InvalidOrder, "order_qty", "2.001", "2"},
    {"which is none of a limit order's",
     [](B& b, O& o) { with_instrument(b, [](auto& i) { i.market_max_qty = "2"_d; }), o.order_qty = "3"_d; }},
    {"a step of zero asks nothing",
     [](B& b, O& o) { with_instrument(b, [](auto& i) { i.market_lot_size = Decimal{}; }), market(o); }},

    // Icebergs
    {"as many parts as are taken", [](B& b, O& o) { with_parts(b, 10), o.display_qty = "0.1"_d; }},
    {"a part more", [](B& b, O& o) { with_parts(b, 10), o.display_qty = "0.099"_d; }, InvalidOrder, "display_qty",
     "0.099", "0.1"},
    {"the last part is a small one",
     [](B& b, O& o) { with_parts(b, 10), o.display_qty = "0.1"_d, o.order_qty = "1.001"_d; },
     InvalidOrder, "display_qty", "0.1", "0.101"},
    {"the nearest that is a lot", [](B& b, O& o) { with_parts(b, 3), o.display_qty = "0.333"_d; }, InvalidOrder,
     "display_qty", "0.333", "0.334"},
    {"any number of parts, where no bound is known", [](B& b, O& o) { with_parts(b, 0), o.display_qty = "0.001"_d; }},

    // Value
    {"at the least notional", [](B&, O& o) { o.order_qty = "0.01"_d, o.price = "500"_d; }},
    {"below it", [](B&, O& o) { o.order_qty = "0.01"_d, o.price = "499.99"_d; },
     InvalidOrder, "order_qty", "0.01", "0.011"},
    {"at the highest notional", [](B&, O& o) { o.order_qty = "9"_d, o.price = "1000000"_d; }},
    {"above it", [](B&, O& o) { o.order_qty = "9.001"_d, o.price = "1000000"_d; },
     InvalidOrder, "order_qty", "9.001", "9"},
    {"cash below the least notional",
     [](B&, O& o) { market(o), o.order_qty.reset(), o.cash_order_qty = "4.99"_d; },
     InvalidOrder, "cash_order_qty", "4.99", "5"},
    {"cash with too many digits",
     [](B& b, O& o) {
       with_instrument(b, [](auto& i) { i.quote_precision = 2; }), market(o), o.order_qty.reset(),
         o.cash_order_qty = "10.001"_d;
     },
     InvalidOrder, "cash_order_qty", "10.001", "10.00"},

    // Our own limits
    {"at the account's quantity", [](B& b, O&) { limit_account(b, "1", nullptr); }},
    {"a lot over it", [](B& b, O& o) { limit_account(b, "1", nullptr), o.order_qty = "1.001"_d; },
     RiskLimit, "order_qty",
     "1.001", "1"},
    {"at the account's notional", [](B& b, O&) { limit_account(b, nullptr, "50000"); }},
    {"a tick over it", [](B& b, O& o) { limit_account(b, nullptr, "50000"), o.price = "50000.01"_d; }, RiskLimit,
     "order_qty", "1", "0.999"},
    {"over the symbol's quantity", [](B& b, O&) { limit_symbol(b, "main", "0.9995", nullptr); }, RiskLimit, "order_qty",
     "1", "0.999"},
    {"over the symbol's notional everywhere", [](B& b, O&) { limit_symbol(b, "*", nullptr, "49999.99"); }, RiskLimit,
     "order_qty", "1", "0.999"},
    {"another account's limit is none of ours", [](B& b, O&) { limit_symbol(b, "second", "0.1", "1"); }},
    {"a market order has no price to be valued by", [](B& b, O& o) { limit_account(b, nullptr, "1"), market(o); }},
    {"but cash has",
     [](B& b, O& o) { limit_account(b, nullptr, "9"), market(o), o.order_qty.reset(), o.cash_order_qty = "10"_d; },
     RiskLimit, "cash_order_qty", "10", "9"},
    {"a stop is valued by its trigger",
     [](B& b, O& o) { limit_account(b, nullptr, "48999.99"), market(o),
       o.order_type = OrderType::Stop, o.stop_px = "49000"_d; },
     RiskLimit, "order_qty", "1", "0.999"},
    {"a product that fits no int64 is compared all the same",
     [](B& b, O& o) {
       with_instrument(b, [](auto& i) {
         i = {};
         i.symbol = "BTC/USDT", i.status = TradingStatus::Trading;
       });
       limit_account(b, nullptr, "1000000000000000000");
       o.order_qty = Decimal{999'999'999'999'999'999, 0}, o.price = Decimal{999'999'999'999'999'999, 0};
     },
     RiskLimit, "order_qty", "999999999999999999", "1.000000000000000001"},
};

TEST(Checks, TakeWhatIsAtALimitAndRefuseOneStepOverItWithFieldValueAndNearestLegal) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Bench bench;
    bench.open();
    bench.travel = 1 * ms;
    NewOrder order = limit("A1");
    c.change(bench, order);
    for (const char* account : {"main", "second"}) {  // a new hello forgets nothing, but says so
      if (std::string_view{c.what}.find("lacks") != std::string_view::npos)
        bench.gateway(Bench::session_state(account));
    }
    bench.client(order);
    const ExecutionReport reply = bench.reply();
    EXPECT_EQ(reply.error, c.error) << busbar::name_of(reply.error) << ": " << view(reply.field) << " "
                                    << view(reply.text);
    EXPECT_EQ(reply.order_status, c.error == ErrorCode::None ? OrderStatus::PendingNew : OrderStatus::Rejected);
    EXPECT_EQ(bench.commands().size(), c.error == ErrorCode::None ? 1u : 0u);
    EXPECT_EQ(view(reply.field), std::string_view{c.field});
    if (c.value) {
      EXPECT_EQ(view(reply.value), std::string_view{c.value});
    }
    EXPECT_EQ(view(reply.nearest_legal), std::string_view{c.nearest});
    // The nearest legal value is legal: sent in its place, it passes that check.
    const auto nearest = Decimal::parse(view(reply.nearest_legal));
    const auto member = view(reply.field) == "price"         ? &NewOrder::price
                        : view(reply.field) == "order_qty"   ? &NewOrder::order_qty
                        : view(reply.field) == "display_qty" ? &NewOrder::display_qty
                                                             : nullptr;
    if (nearest && member) {
      order.client_order_id = "A2";
      order.*member = nearest;
      bench.client(order);
      EXPECT_NE(view(bench.reply().field), std::string_view{c.field}) << view(bench.reply().text);
    }
  }
}

struct RoundingCase {
  Rounding rounding;
  const char* price;
  const char* qty;
  const char* rounded_price;  // nullptr: refused
  const char* rounded_qty;
};

TEST(Checks, RoundOnlyWhenToldToAndNeverToZeroOrOverALimit) {
  const RoundingCase rounding_cases[] = {
      {Rounding::Refuse, "50000.016", "1", nullptr, nullptr},
      {Rounding::Down, "50000.019", "1.0019", "50000.01", "1.001"},
      {Rounding::Up, "50000.011", "1.0011", "50000.02", "1.002"},
      {Rounding::Nearest, "50000.014", "1.0016", "50000.01", "1.002"},
      {Rounding::Nearest, "50000.015", "1.0015", "50000.02", "1.002"},
      {Rounding::Down, "50000", "0.0009", nullptr, nullptr},      // would be nothing
      {Rounding::Up, "1", "9000.0001", nullptr, nullptr},         // was too much already
      {Rounding::Up, "999999.999", "1", "1000000.00", "1"},       // reaches the limit, and stops there
  };
  for (const RoundingCase& c : rounding_cases) {
    SCOPED_TRACE(std::string{busbar::name_of(c.rounding)} + " " + c.price + " " + c.qty);
    Bench bench;
    bench.open();
    NewOrder order = limit("A1", Side::Buy, *Decimal::parse(c.qty), *Decimal::parse(c.price));
    order.rounding = c.rounding;
    bench.client(order);
    ASSERT_EQ(bench.commands().size(), c.rounded_price ? 1u : 0u) << view(bench.reply().text);
    if (!c.rounded_price) continue;
    EXPECT_EQ(bench.reply().price, Decimal::parse(c.rounded_price));
    EXPECT_EQ(bench.reply().order_qty, Decimal::parse(c.rounded_qty));
    // What was rounded is still the same order when its client sends it again.
    bench.client(order);
    EXPECT_EQ(bench.reply().exec_type, ExecType::OrderStatus);
  }
}

TEST(Checks, AskPermissionFirst) {
  Bench bench;
  bench.open();
  const auto refused = [&](std::string_view client, std::string_view account) {
    NewOrder order = limit("A1");
    order.account = cut<32>(account);
    order.symbol = "NO/SUCH";
    bench.client(order, "", client);
    return bench.reply().error == ErrorCode::PermissionDenied && bench.commands().empty();
  };
  EXPECT_TRUE(refused("stranger", "main"));
  EXPECT_TRUE(refused("viewer", "main")) << "may not trade";
  EXPECT_TRUE(refused("beta", "main")) << "not its account";
  EXPECT_FALSE(refused("beta", "second"));
  EXPECT_EQ(check_names().front(), "permission");
}

TEST(Notional, ComparesProductsExactly) {
  EXPECT_FALSE(is_product_above("0.1"_d, "0.2"_d, "0.02"_d));
  EXPECT_TRUE(is_product_above("0.1"_d, "0.2"_d, "0.0199999999999999"_d));
  EXPECT_TRUE(is_product_below("0.1"_d, "0.2"_d, "0.0200000000000001"_d));
  const Decimal large{std::numeric_limits<std::int64_t>::max(), 18};
  EXPECT_TRUE(is_product_above(large, large, large));
  EXPECT_FALSE(is_product_below(large, large, large));
  const Decimal small{1, -18};
  EXPECT_TRUE(is_product_below(small, small, small));
  EXPECT_FALSE(is_product_above(small, Decimal{}, Decimal{}));
  EXPECT_FALSE(is_product_below(small, Decimal{}, Decimal{}));
}

TEST(Notional, AveragesToNearestAtTwelvePlaces) {
  const auto average = [](std::vector<std::pair<Decimal, Decimal>> fills) {
    Notional paid;
    Decimal qty;
    for (const auto& [q, px] : fills) {
      paid.add(q, px);
      qty = *add(qty, q);
    }
    return paid.average(qty);
  };
  EXPECT_EQ(average({{"1"_d, "100"_d}, {"2"_d, "101"_d}}), "100.666666666667"_d);
  EXPECT_EQ(average({{"3"_d, "100"_d}}), "100"_d);
  EXPECT_EQ(average({{"0.00000003"_d, "1"_d}, {"0.00000003"_d, "2"_d}}), "1.5"_d);
  EXPECT_EQ(average({{"3"_d, "1000000000.1"_d}, {"3"_d, "1000000000.2"_d}}), "1000000000.15"_d)
      << "fewer places, where twelve do not fit";
  EXPECT_EQ(average({{"1"_d, "-37.63"_d}}), "-37.63"_d);
  EXPECT_FALSE(average({}));
}

}  // namespace
}  // namespace busbar::router::test
