#include "router/core/checks.hpp"

#include <algorithm>
#include <string>
#include <tuple>

#include "bus/clock.hpp"
#include "bus/codec.hpp"
#include "router/core/market_hours.hpp"
#include "router/core/symbols.hpp"

namespace busbar::router {

using busbar::name_of;  // of the wire's enums, beside our own

namespace {

Reason no(ErrorCode error, std::string_view field, std::string_view value, std::string_view nearest,
          std::string_view text) {
  return {error, cut<32>(field), cut<64>(value), cut<64>(nearest), {}, cut<256>(text)};
}

Reason no(ErrorCode error, std::string_view field, Decimal value, std::optional<Decimal> nearest,
          std::string_view text) {
  return no(error, field, to_string(value), nearest ? to_string(*nearest) : std::string{}, text);
}

bool is_market_like(OrderType type) {
  return type == OrderType::Market || type == OrderType::Stop || type == OrderType::MarketIfTouched;
}

bool is_triggered(OrderType type) {
  return type == OrderType::Stop || type == OrderType::StopLimit || type == OrderType::MarketIfTouched ||
         type == OrderType::LimitIfTouched;
}

template <class T>
bool has(const std::vector<T>& values, T value) {
  return std::ranges::find(values, value) != values.end();
}

// ---- The checks.

Verdict permission(Question& q) {
  return q.is_permitted ? std::nullopt : check_permission(q.state, q.party, q.order.account, true);
}

Verdict not_expired(Question& q) {
  if (q.now <= q.expire_ns) return {};
  const std::int64_t late_ms = (q.now - q.expire_ns) / 1'000'000;
  return no(ErrorCode::Expired, "expire_time_ns", std::to_string(q.expire_ns), {},
            "came " + std::to_string(late_ms) + " ms after its expiry");
}

Verdict check_gateway(const State& state, const Name& account, const AccountRule* rule, const Gateway* gateway);

Verdict gateway_up(Question& q) { return check_gateway(q.state, q.order.account, q.rule, q.gateway); }

Verdict required_fields(Question& q) {
  const NewOrder& o = q.order;
  if (o.order_qty && o.cash_order_qty) {
    return no(ErrorCode::InvalidOrder, "cash_order_qty", *o.cash_order_qty, {},
              "order_qty and cash_order_qty exclude each other");
  }
  if (!o.order_qty && !o.cash_order_qty) return no(ErrorCode::InvalidOrder, "order_qty", "", "", "is missing");
  if (o.cash_order_qty && o.order_type != OrderType::Market) {
    return no(ErrorCode::InvalidOrder, "cash_order_qty", *o.cash_order_qty, {}, "only a market order can name cash");
  }
  const bool needs_price = !is_market_like(o.order_type);
  if (needs_price && !o.price) return no(ErrorCode::InvalidOrder, "price", "", "", "is missing");
  if (!needs_price && o.price)
    return no(ErrorCode::InvalidOrder, "price", *o.price, {}, "this order type takes no price");
  if (is_triggered(o.order_type)) {
    if (!o.stop_px && o.trailing_delta_bps == 0) return no(ErrorCode::InvalidOrder, "stop_px", "", "", "is missing");
  } else {
    if (o.stop_px) return no(ErrorCode::InvalidOrder, "stop_px", *o.stop_px, {}, "this order type takes no trigger");
    if (o.trailing_delta_bps != 0) {
      return no(ErrorCode::InvalidOrder, "trailing_delta_bps", std::to_string(o.trailing_delta_bps), "0",
                "this order type takes no trailing distance");
    }
  }
  return {};
}

Verdict positive_values(Question& q) {
  const std::pair<std::string_view, const std::optional<Decimal>*> values[] = {
      {"order_qty", &q.order.order_qty},
      {"cash_order_qty", &q.order.cash_order_qty},
      {"price", &q.order.price},
      {"stop_px", &q.order.stop_px},
      {"display_qty", &q.order.display_qty}};
  for (const auto& [field, value] : values) {
    if (*value && !(*value)->is_positive())
      return no(ErrorCode::InvalidOrder, field, **value, {}, "must be more than 0");
  }
  return {};
}

Verdict consistent_options(Question& q) {
  const NewOrder& o = q.order;
  const bool at_once = o.time_in_force == TimeInForce::ImmediateOrCancel || o.time_in_force == TimeInForce::FillOrKill;
  if (o.post_only && (o.order_type != OrderType::Limit || at_once)) {
    return no(ErrorCode::InvalidOrder, "post_only", "true", "false", "only a resting limit order can be post-only");
  }
  const bool is_patient = o.time_in_force == TimeInForce::Day || o.time_in_force == TimeInForce::GoodTillCancel;
  if (o.extended_hours && (o.order_type != OrderType::Limit || !is_patient)) {
    return no(ErrorCode::InvalidOrder, "extended_hours", "true", "false",
              "only a limit order, Day or GoodTillCancel, works in the hours before and after");
  }
  if (o.display_qty) {
    if (is_market_like(o.order_type) || at_once || o.post_only) {
      return no(ErrorCode::InvalidOrder, "display_qty", *o.display_qty, {},
                "only a resting limit order can be an iceberg");
    }
    if (o.order_qty && *o.display_qty > *o.order_qty) {
      return no(ErrorCode::InvalidOrder, "display_qty", *o.display_qty, o.order_qty, "is more than order_qty");
    }
  }
  if ((o.expire_date_ns != 0) != (o.time_in_force == TimeInForce::GoodTillDate)) {
    return no(ErrorCode::InvalidOrder, "expire_date_ns", std::to_string(o.expire_date_ns), "",
              "belongs to GoodTillDate, which needs it");
  }
  if (o.expire_date_ns != 0 && o.expire_date_ns <= q.now) {
    return no(ErrorCode::InvalidOrder, "expire_date_ns", std::to_string(o.expire_date_ns), "", "lies in the past");
  }
  if (o.cancel_on_disconnect && q.party.session.empty() && !q.replaced) {
    return no(ErrorCode::InvalidOrder, "cancel_on_disconnect", "true", "false", "needs a session, and a REQ has none");
  }
  return {};
}

// What cannot be kept yet is refused: an instruction that is silently dropped is worse than none.
Verdict spoken_yet(Question& q) {
  if (q.order.reduce_only) {
    return no(ErrorCode::Unsupported, "reduce_only", "true", "false", "this version does not know positions");
  }
  if (q.order.approval_id != 0) {
    return no(ErrorCode::Unsupported, "approval_id", std::to_string(q.order.approval_id), "0",
              "this version knows no approvals");
  }
  return {};
}

// One form of words, whichever the broker.
Reason not_offered(const Gateway& gateway, std::string_view field, std::string_view value, std::string_view for_what) {
  std::string text = std::string{view(gateway.broker)} + " does not offer it";
  if (!for_what.empty()) text.append(" for ").append(for_what);
  return no(ErrorCode::Unsupported, field, value, "", text);
}

// How long an order of this type can work at the broker.
const std::vector<TimeInForce>& times_in_force(const Capabilities& can, const NewOrder& order) {
  if (order.post_only && !can.post_only_times_in_force.empty()) return can.post_only_times_in_force;
  const auto at = std::ranges::find(can.offers, order.order_type, &Offer::order_type);
  return at == can.offers.end() ? can.times_in_force : at->times_in_force;
}

Verdict capability(Question& q) {
  const NewOrder& o = q.order;
  const Gateway& gateway = *q.gateway;
  const Capabilities& can = gateway.capabilities;
  const auto lacks = [&](std::string_view field, std::string_view value, std::string_view for_what = {}) {
    return not_offered(gateway, field, value, for_what);
  };
  if (!has(can.order_types, o.order_type)) return lacks("order_type", name_of(o.order_type));
  if (!has(can.times_in_force, o.time_in_force)) return lacks("time_in_force", name_of(o.time_in_force));
  if (o.post_only && !can.can_post_only) return lacks("post_only", "true");
  if (!has(times_in_force(can, o), o.time_in_force)) {
    return lacks("time_in_force", name_of(o.time_in_force), o.post_only ? "post_only" : name_of(o.order_type));
  }
  if (o.self_trade_prevention != SelfTradePrevention::Unset && !can.can_prevent_self_trade) {
    return lacks("self_trade_prevention", name_of(o.self_trade_prevention));
  }
  if (o.cash_order_qty && !can.can_cash_order_qty) return lacks("cash_order_qty", to_string(*o.cash_order_qty));
  if (o.display_qty && !can.can_iceberg) return lacks("display_qty", to_string(*o.display_qty));
  if (o.trailing_delta_bps != 0 && !can.can_trailing_stop) {
    return lacks("trailing_delta_bps", std::to_string(o.trailing_delta_bps));
  }
  if (o.extended_hours && !can.can_extended_hours) return lacks("extended_hours", "true");
  constexpr std::uint32_t name_size = 19;  // of a venue_order_id
  if (can.venue_order_id_length < name_size) return lacks("venue_order_id", "19 characters");
  if (q.replaced && !can.can_replace) return lacks("order_id", "a replace");
  return {};
}

Verdict instrument_known(Question& q) {
  if (q.instrument) return {};
  const NoSymbol said = no_symbol(q.state, q.rule->gateway, view(q.order.symbol));
  return no(ErrorCode::InvalidSymbol, "symbol", view(q.order.symbol), said.nearest, said.text);
}

// What is said of the symbol, or of what it was called before, in this account and in all.
Verdict each_rule(const Question& q, auto&& ask) {
  if (q.state.symbol_rules.empty()) return {};
  return ask_by_names(q.state, q.rule->gateway, q.order.symbol, [&](const Symbol& symbol) -> Verdict {
    for (const Name& account : {q.order.account, Name{"*"}}) {
      const SymbolRule* rule = find(q.state.symbol_rules, SymbolKey{account, symbol});
      if (!rule) continue;
      if (Verdict verdict = ask(*rule)) return verdict;
    }
    return {};
  });
}

Verdict not_restricted(Question& q) {
  return each_rule(q, [&](const SymbolRule& rule) -> Verdict {
    if (!rule.restricted) return {};
    return no(ErrorCode::PermissionDenied, "symbol", view(q.order.symbol), "", "is on the restricted list");
  });
}

Verdict market_open(Question& q) {
  const Instrument& instrument = *q.instrument;
  if (instrument.status == TradingStatus::Trading) return {};
  return no(ErrorCode::MarketClosed, "symbol", view(q.order.symbol), "",
            "is " + std::string{name_of(instrument.status)} + " at the broker");
}

bool is_for_an_auction(const NewOrder& order) {
  return order.time_in_force == TimeInForce::AtTheOpening || order.time_in_force == TimeInForce::AtTheClose;
}

// Sent to work in the hours before and after: only an order that can rest there.
bool extend(Question& q, const MarketHours& hours) {
  const bool can_rest = q.order.order_type == OrderType::Limit && (q.order.time_in_force == TimeInForce::Day ||
                                                                    q.order.time_in_force == TimeInForce::GoodTillCancel);
  const bool is_extended = can_rest && q.gateway->capabilities.can_extended_hours &&
                           is_within(hours, TradingSessionKind::Extended, q.now);
  if (is_extended) q.order.extended_hours = true;
  return is_extended;
}

// Outside its market's hours an order goes the account's way. One for an auction belongs there, and a replace is of an order
// that the broker has.
Verdict market_hours(Question& q) {
  if (q.instrument->market.empty() || q.replaced || is_for_an_auction(q.order)) return {};
  const MarketHours* hours = hours_of(*q.gateway, *q.instrument);
  const auto opens_ns = hours ? next_open(*hours, q.order, q.now) : std::nullopt;
  if (opens_ns && *opens_ns <= q.now) return {};
  if (hours && q.rule->market_closed == MarketClosed::Extended && extend(q, *hours)) return {};
  const std::string market{view(q.instrument->market)};
  const auto refuse = [&](std::string_view why) {
    return no(ErrorCode::MarketClosed, "symbol", view(q.order.symbol), opens_ns ? utc_text(*opens_ns) : "",
              market + " is closed" + std::string{why});
  };
  if (!opens_ns) return refuse(", and when it opens is not known");
  if (q.rule->market_closed != MarketClosed::Queue) return refuse("");
  if (q.wait_until_ns == 0) return refuse(", and this cannot wait for it to open");
  const Timestamp end_ns = q.order.expire_date_ns != 0 ? std::min(q.wait_until_ns, q.order.expire_date_ns) : q.wait_until_ns;
  if (*opens_ns >= end_ns) return refuse(", and opens after the order's expiry");
  q.opens_ns = *opens_ns;
  return {};
}

Verdict instrument_offers(Question& q) {
  const Instrument& instrument = *q.instrument;
  const auto lacks = [&](std::string_view field, std::string_view value) {
    return not_offered(*q.gateway, field, value, view(q.order.symbol));
  };
  if (!instrument.order_types.empty() && !has(instrument.order_types, q.order.order_type)) {
    return lacks("order_type", name_of(q.order.order_type));
  }
  const auto can_last = [&](const std::vector<TimeInForce>& times) {
    return times.empty() || has(times, q.order.time_in_force);
  };
  if (!can_last(instrument.times_in_force)) return lacks("time_in_force", name_of(q.order.time_in_force));
  if (q.order.display_qty && !instrument.can_iceberg) return lacks("display_qty", to_string(*q.order.display_qty));
  if (q.order.cash_order_qty && !instrument.can_cash_order_qty) {
    return lacks("cash_order_qty", to_string(*q.order.cash_order_qty));
  }
  if (q.order.cash_order_qty && !can_last(instrument.cash_order_qty_times_in_force)) {
    return not_offered(*q.gateway, "time_in_force", name_of(q.order.time_in_force), "cash_order_qty");
  }
  if (q.order.trailing_delta_bps != 0 && !instrument.can_trailing_stop) {
    return lacks("trailing_delta_bps", std::to_string(q.order.trailing_delta_bps));
  }
  const auto& trailing = instrument.trailing_order_types;
  if (q.order.trailing_delta_bps != 0 && !trailing.empty() && !has(trailing, q.order.order_type)) {
    return not_offered(*q.gateway, "trailing_delta_bps", std::to_string(q.order.trailing_delta_bps),
                       name_of(q.order.order_type));
  }
  const bool can_be_amended = instrument.can_amend && q.replaced && is_decrease(q.replaced->order, q.order);
  if (q.replaced && !instrument.can_replace && !can_be_amended) {
    return lacks("order_id", instrument.can_amend ? "a replace but to less order_qty" : "a replace");
  }
  return {};
}

// How far a trailing stop may follow behind.
Verdict trailing_distance(Question& q) {
  const std::uint32_t distance = q.order.trailing_delta_bps;
  const Instrument& i = *q.instrument;
  const auto refuse = [&](std::uint32_t nearest, std::string_view text) {
    return no(ErrorCode::InvalidOrder, "trailing_delta_bps", std::to_string(distance), std::to_string(nearest),
              std::string{text} + " than " + std::to_string(nearest));
  };
  if (distance == 0) return {};
  if (distance < i.trailing_delta_min_bps) return refuse(i.trailing_delta_min_bps, "is less");
  if (i.trailing_delta_max_bps != 0 && distance > i.trailing_delta_max_bps)
    return refuse(i.trailing_delta_max_bps, "is more");
  return {};
}

// A step that asks something: absent and zero ask nothing.
std::optional<Decimal> step_of(const std::optional<Decimal>& step) {
  return step && step->is_positive() ? step : std::nullopt;
}

std::optional<Decimal> step_of_precision(std::uint8_t places) {
  if (places == 0 || places > -Decimal::exponent_min) return std::nullopt;
  return Decimal{1, -static_cast<int>(places)};
}

struct Range {
  std::optional<Decimal> step;
  std::optional<Decimal> least;
  std::optional<Decimal> most;
};

// The nearest value that the range would take: on a step, within the bounds, and more than zero.
std::optional<Decimal> nearest_in(const Range& range, Decimal value) {
  auto near = range.step ? round_to(value, *range.step, Round::Nearest) : value;
  if (near && range.step && !near->is_positive()) near = range.step;
  if (near && range.least && *near < *range.least)
    near = range.step ? round_to(*range.least, *range.step, Round::Up) : range.least;
  if (near && range.most && *near > *range.most)
    near = range.step ? round_to(*range.most, *range.step, Round::Down) : range.most;
  return near;
}

std::optional<Round> rounding_of(Rounding rounding) {
  switch (rounding) {
    case Rounding::Down: return Round::Down;
    case Rounding::Up: return Round::Up;
    case Rounding::Nearest: return Round::Nearest;
    case Rounding::Refuse: break;
  }
  return std::nullopt;
}

// Puts `value` on a step, if its client wants that, and holds it to the range.
Verdict fit(std::string_view field, std::optional<Decimal>& value, const Range& range, Rounding rounding) {
  if (!value) return {};
  if (range.step && !is_multiple(*value, *range.step)) {
    const auto round = rounding_of(rounding);
    const auto rounded = round ? round_to(*value, *range.step, *round) : std::nullopt;
    if (!rounded || !rounded->is_positive()) {
      return no(ErrorCode::InvalidOrder, field, *value, nearest_in(range, *value),
                "is no multiple of " + to_string(*range.step));
    }
    if (range.most && *value <= *range.most && *rounded > *range.most) {
      return no(ErrorCode::InvalidOrder, field, *value, nearest_in(range, *value),
                "rounded it would be more than " + to_string(*range.most));
    }
    value = rounded;
  }
  if (range.least && *value < *range.least) {
    return no(ErrorCode::InvalidOrder, field, *value, nearest_in(range, *value),
              "is less than " + to_string(*range.least));
  }
  if (range.most && *value > *range.most) {
    return no(ErrorCode::InvalidOrder, field, *value, nearest_in(range, *value),
              "is more than " + to_string(*range.most));
  }
  return {};
}

std::optional<Decimal> bound_of(const std::optional<Decimal>& bound) {  // brokers write 0 for "no such bound"
  return bound && bound->is_positive() ? bound : std::nullopt;
}

Verdict tick(Question& q) {
  const Instrument& instrument = *q.instrument;
  const auto range_at = [&](const std::optional<Decimal>& price) {
    Range range{step_of(instrument.tick_size), bound_of(instrument.min_price), bound_of(instrument.max_price)};
    if (price && instrument.low_price && *price < *instrument.low_price) range.step = step_of(instrument.low_tick_size);
    if (!range.step) range.step = step_of_precision(instrument.quote_precision);
    return range;
  };
  if (auto verdict = fit("price", q.order.price, range_at(q.order.price), q.order.rounding)) return verdict;
  return fit("stop_px", q.order.stop_px, range_at(q.order.stop_px), q.order.rounding);
}

Verdict lot(Question& q) {
  const Instrument& i = *q.instrument;
  Range range{step_of(i.lot_size), bound_of(i.min_qty), bound_of(i.max_qty)};
  if (!range.step) range.step = step_of_precision(i.base_precision);
  if (q.order.time_in_force == TimeInForce::Day && step_of(i.fraction_size)) range.step = i.fraction_size;
  if (auto verdict = fit("order_qty", q.order.order_qty, range, q.order.rounding)) return verdict;
  if (is_market_like(q.order.order_type)) {  // holds as well as the other, not instead
    const Range market{step_of(i.market_lot_size), bound_of(i.market_min_qty), bound_of(i.market_max_qty)};
    if (auto verdict = fit("order_qty", q.order.order_qty, market, q.order.rounding)) return verdict;
    if (q.order.order_qty && range.step && !is_multiple(*q.order.order_qty, *range.step)) {
      return no(ErrorCode::InvalidOrder, "order_qty", *q.order.order_qty, {},
                "lot_size and market_lot_size share no such step");
    }
  }
  if (auto verdict = fit("display_qty", q.order.display_qty, {range.step, {}, {}}, q.order.rounding)) return verdict;
  return fit("cash_order_qty", q.order.cash_order_qty, {step_of_precision(i.quote_precision), {}, {}},
             q.order.rounding);
}

// A replace that asks for less than what is filled already is a cancel in disguise, and a wrong one.
Verdict more_than_filled(Question& q) {
  if (!q.replaced || !q.order.order_qty || *q.order.order_qty > q.replaced->life.cum_qty) return {};
  return no(ErrorCode::InvalidOrder, "order_qty", *q.order.order_qty, {},
            to_string(q.replaced->life.cum_qty) + " are filled already; cancel instead");
}

// The price that an order's value is reckoned by: its own, else its trigger. A market order has none, and until
// reference prices are records its value cannot be known: such an order is held to quantity limits only.
std::optional<Decimal> price_of(const NewOrder& order) { return order.price ? order.price : order.stop_px; }

std::optional<Decimal> lot_step(const Instrument& instrument) {
  const auto step = step_of(instrument.lot_size);
  return step ? step : step_of_precision(instrument.base_precision);
}

// The quantity at which qty × price is `notional`, on a lot.
std::optional<Decimal> quantity_for(Decimal notional, Decimal price, const Instrument& instrument, Round round) {
  std::optional<Decimal> qty;
  for (int places = 18; places >= 0 && !qty; places -= 3) qty = divide(notional, price, places, round);
  const auto step = lot_step(instrument);
  if (qty && step) qty = round_to(*qty, *step, round);
  return qty && qty->is_positive() ? std::optional{qty->normalized()} : std::nullopt;
}

Verdict notional(Question& q) {
  const NewOrder& o = q.order;
  const Instrument& i = *q.instrument;
  const bool is_market = is_market_like(o.order_type);
  const auto least = !is_market || i.min_notional_applies_to_market ? bound_of(i.min_notional) : std::nullopt;
  const auto most = !is_market || i.max_notional_applies_to_market ? bound_of(i.max_notional) : std::nullopt;
  if (o.cash_order_qty) {
    if (least && *o.cash_order_qty < *least) {
      return no(ErrorCode::InvalidOrder, "cash_order_qty", *o.cash_order_qty, least, "is less than the least notional");
    }
    if (most && *o.cash_order_qty > *most) {
      return no(ErrorCode::InvalidOrder, "cash_order_qty", *o.cash_order_qty, most, "is more than the most notional");
    }
    return {};
  }
  if (!o.price) return {};
  if (least && is_product_below(*o.order_qty, *o.price, *least)) {
    return no(ErrorCode::InvalidOrder, "order_qty", *o.order_qty, quantity_for(*least, *o.price, i, Round::Up),
              "at " + to_string(*o.price) + " it is worth less than " + to_string(*least));
  }
  if (most && is_product_above(*o.order_qty, *o.price, *most)) {
    return no(ErrorCode::InvalidOrder, "order_qty", *o.order_qty, quantity_for(*most, *o.price, i, Round::Down),
              "at " + to_string(*o.price) + " it is worth more than " + to_string(*most));
  }
  return {};
}

// An iceberg comes into the broker's book in ceil(order_qty / display_qty) parts, and the broker takes only so many.
Verdict iceberg_parts(Question& q) {
  const NewOrder& o = q.order;
  const Instrument& i = *q.instrument;
  if (!o.display_qty || !o.order_qty || i.iceberg_parts_max == 0) return {};
  const Decimal most{i.iceberg_parts_max, 0};
  if (!is_product_below(*o.display_qty, most, *o.order_qty)) return {};
  return no(ErrorCode::InvalidOrder, "display_qty", *o.display_qty, quantity_for(*o.order_qty, most, i, Round::Up),
            "makes more than " + std::to_string(i.iceberg_parts_max) + " parts");
}

// Whether an order may still work at the broker at this time.
bool may_outlive(const NewOrder& order, Timestamp end_ns) {
  switch (order.time_in_force) {
    case TimeInForce::ImmediateOrCancel:
    case TimeInForce::FillOrKill: return false;
    case TimeInForce::GoodTillDate: return order.expire_date_ns >= end_ns;
    default: return order.order_type != OrderType::Market;
  }
}

// Who cannot be reached any more cannot cancel. Only ExpiresAt ends: what is Ok is renewed before its deadline. A replace is
// of an order that is there already.
Verdict ends_with_session(Question& q) {
  const std::int64_t margin_ns = q.rule->session_end_margin_ms * std::int64_t{1'000'000};
  if (margin_ns == 0 || q.replaced) return {};
  const SessionState& session = find(q.state.accounts, q.order.account)->session;
  if (session.state != SessionStateKind::ExpiresAt) return {};
  const Timestamp end_ns = std::max(session.deadline_ns, q.now);  // an end that is unknown is near
  if (end_ns - q.now > margin_ns || !may_outlive(q.order, end_ns)) return {};
  return no(ErrorCode::RiskLimit, "time_in_force", name_of(q.order.time_in_force), name_of(TimeInForce::ImmediateOrCancel),
            "the broker session ends in " + std::to_string((end_ns - q.now) / 1'000'000'000) +
                " s, and the order may outlive it: " + std::string{view(session.reason)});
}

// Our own limits: the account's, and those of the symbol in this account and in all. Every one of them holds.
Verdict each_limit(Question& q, auto&& ask) {
  if (const AccountRule* rule = q.rule) {
    if (auto verdict = ask(rule->max_order_qty, rule->max_order_notional, std::string_view{"the account's limit"}))
      return verdict;
  }
  return each_rule(q, [&](const SymbolRule& rule) {
    return ask(rule.max_order_qty, rule.max_order_notional, std::string_view{"the symbol's limit"});
  });
}

Verdict max_quantity(Question& q) {
  return each_limit(q, [&](const auto& max_qty, const auto&, std::string_view whose) -> Verdict {
    if (!max_qty || !q.order.order_qty || *q.order.order_qty <= *max_qty) return {};
    const auto step = lot_step(*q.instrument);
    const auto nearest = step ? round_to(*max_qty, *step, Round::Down) : max_qty;
    return no(ErrorCode::RiskLimit, "order_qty", *q.order.order_qty, nearest,
              "is more than " + std::string{whose} + " of " + to_string(*max_qty));
  });
}

Verdict max_notional(Question& q) {
  return each_limit(q, [&](const auto&, const auto& limit, std::string_view whose) -> Verdict {
    if (!limit) return {};
    const auto text = [&] { return "worth more than " + std::string{whose} + " of " + to_string(*limit); };
    if (q.order.cash_order_qty) {
      if (*q.order.cash_order_qty <= *limit) return {};
      return no(ErrorCode::RiskLimit, "cash_order_qty", *q.order.cash_order_qty, limit, text());
    }
    const auto price = price_of(q.order);
    if (!price || !is_product_above(*q.order.order_qty, *price, *limit)) return {};
    return no(ErrorCode::RiskLimit, "order_qty", *q.order.order_qty,
              quantity_for(*limit, *price, *q.instrument, Round::Down), "at " + to_string(*price) + " " + text());
  });
}

struct Check {
  std::string_view name;
  Verdict (*ask)(Question&);
};

// Asked in this order. Commented lines are the places where later checks will stand; nothing stands there now.
constexpr Check checks[] = {
    {"permission", permission},
    {"not_expired", not_expired},
    // kill state: firm, account, client, symbol
    {"gateway_up", gateway_up},
    {"required_fields", required_fields},
    {"positive_values", positive_values},
    {"consistent_options", consistent_options},
    {"spoken_yet", spoken_yet},
    {"capability", capability},
    {"instrument_known", instrument_known},
    {"not_restricted", not_restricted},
    {"market_open", market_open},
    {"market_hours", market_hours},
    {"ends_with_session", ends_with_session},
    {"instrument_offers", instrument_offers},
    {"trailing_distance", trailing_distance},
    {"tick", tick},
    {"lot", lot},
    {"iceberg_parts", iceberg_parts},
    {"more_than_filled", more_than_filled},
    {"notional", notional},
    {"max_quantity", max_quantity},
    {"max_notional", max_notional},
    // price collar: fails closed without a fresh reference price
    // repeat: the same content under another id within a window; allow_duplicate passes
    // message rate: per account, strategy and gateway; the broker's own limits are metered after all checks
    // (rate_buckets) open orders: count and value position and exposure: as if everything open were filled credit
    // self-trade
    // reduce-only: until then spoken_yet refuses it
    // repeated execution throttle
    // second factor: until then spoken_yet refuses approvals
};

}  // namespace

Verdict check(Question& question) {
  const State& state = question.state;
  question.rule = find(state.account_rules, question.order.account);
  if (question.rule) {
    question.gateway = find(state.gateways, question.rule->gateway);
    SymbolKey listed{question.rule->gateway, question.order.symbol};
    question.instrument = find(state.instruments, listed);
    if (!question.instrument) {
      question.order.symbol = listed.second = resolve(state, listed.first, question.order.symbol);
      question.instrument = find(state.instruments, listed);
    }
  }
  for (const Check& each : checks) {
    if (Verdict verdict = each.ask(question)) return verdict;
  }
  return {};
}

bool is_decrease(const NewOrder& order, const NewOrder& wanted) {
  const auto others = [](const NewOrder& o) {
    return std::tie(o.account, o.symbol, o.side, o.order_type, o.time_in_force, o.cash_order_qty, o.price, o.stop_px,
                    o.trailing_delta_bps, o.display_qty, o.expire_date_ns, o.post_only, o.reduce_only,
                    o.extended_hours, o.self_trade_prevention);
  };
  return order.order_qty && wanted.order_qty && *wanted.order_qty < *order.order_qty && others(order) == others(wanted);
}

Verdict check_permission(const State& state, const Party& party, const Name& account, bool trades) {
  const ClientRule* client = find(state.clients, party.client);
  if (!client) return no(ErrorCode::PermissionDenied, "sender", view(party.client), "", "is no client of this router");
  if (trades && !client->may_trade)
    return no(ErrorCode::PermissionDenied, "sender", view(party.client), "", "may not trade");
  const bool is_allowed =
      std::ranges::any_of(client->accounts, [&](const Name& a) { return a == account || view(a) == "*"; });
  if (!is_allowed) return no(ErrorCode::PermissionDenied, "account", view(account), "", "is not open to this client");
  if (!find(state.account_rules, account))
    return no(ErrorCode::PermissionDenied, "account", view(account), "", "is not configured");
  return {};
}

namespace {

Verdict check_gateway(const State& state, const Name& account, const AccountRule* rule, const Gateway* gateway) {
  if (!gateway || !gateway->is_connected) {
    return no(ErrorCode::GatewayDown, "account", view(account), "",
              "its gateway " + std::string{rule ? view(rule->gateway) : std::string_view{}} + " is not there");
  }
  const Account* known = find(state.accounts, account);
  const auto refuse = [&](std::string_view text, std::string_view reason = {}) {
    const std::string why = reason.empty() ? std::string{} : ": " + std::string{reason};
    return no(ErrorCode::ConnectionError, "account", view(account), "", std::string{text} + why);
  };
  if (!known || known->session.state == SessionStateKind::Unset)
    return refuse("its gateway has not spoken of the broker yet");
  const SessionState& session = known->session;
  using enum SessionStateKind;
  if (session.state == NeedsHuman || session.state == Competing || session.state == Down) {
    return refuse("the broker session is " + std::string{name_of(session.state)}, view(session.reason));
  }
  if (!is_up(session.rest)) return refuse("the broker cannot be asked", view(session.reason));
  // A gateway that may trade without one says so by a state that is up all the same.
  if (!is_up(session.order_stream) && !is_up(session.state))
    return refuse("the broker's order stream is not up", view(session.reason));
  if (!session.reconciled) return refuse("orders and fills are still being compared with the broker");
  return {};
}

}  // namespace

Verdict check_gateway(const State& state, const Name& account) {
  const AccountRule* rule = find(state.account_rules, account);
  return check_gateway(state, account, rule, rule ? find(state.gateways, rule->gateway) : nullptr);
}

std::vector<std::string_view> check_names() {
  std::vector<std::string_view> names;
  for (const Check& each : checks) names.push_back(each.name);
  return names;
}

}  // namespace busbar::router
