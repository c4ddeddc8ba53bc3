#include "gateways/binance/instruments.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "gateways/binance/read.hpp"

namespace busbar::binance {

namespace {

constexpr std::size_t symbols_max = 50000;

void read_filter(const json::object& object, SymbolInfo& info, Complaint& complaint) {
  Reader reader{object, "filter", complaint};
  const std::string type = reader.text("filterType");
  if (type == "PRICE_FILTER") {
    info.min_price = reader.decimal("minPrice");
    info.max_price = reader.decimal("maxPrice");
    info.tick_size = reader.decimal("tickSize");
  } else if (type == "LOT_SIZE") {
    info.min_qty = reader.decimal("minQty");
    info.max_qty = reader.decimal("maxQty");
    info.step_size = reader.decimal("stepSize");
  } else if (type == "MARKET_LOT_SIZE") {
    info.market_min_qty = reader.decimal("minQty");
    info.market_max_qty = reader.decimal("maxQty");
    info.market_step_size = reader.decimal("stepSize");
  } else if (type == "NOTIONAL") {
    info.notional_filter = type;
    info.min_notional = reader.decimal("minNotional");
    info.max_notional = reader.maybe_decimal("maxNotional");
    info.min_notional_applies_to_market = reader.maybe_flag("applyMinToMarket").value_or(false);
    info.max_notional_applies_to_market = reader.maybe_flag("applyMaxToMarket").value_or(false);
  } else if (type == "MIN_NOTIONAL" && !info.notional_filter) {  // NOTIONAL says the same and more
    info.notional_filter = type;
    info.min_notional = reader.decimal("minNotional");
    info.min_notional_applies_to_market = reader.maybe_flag("applyToMarket").value_or(false);
  } else if (type == "ICEBERG_PARTS") {
    info.iceberg_parts_max = reader.maybe_integer("limit");
  } else if (type == "TRAILING_DELTA") {
    info.trailing_above_min = reader.maybe_integer("minTrailingAboveDelta");
    info.trailing_above_max = reader.maybe_integer("maxTrailingAboveDelta");
    info.trailing_below_min = reader.maybe_integer("minTrailingBelowDelta");
    info.trailing_below_max = reader.maybe_integer("maxTrailingBelowDelta");
  }
}

SymbolInfo read_symbol(const json::object& object, Complaint& complaint) {
  Reader reader{object, "symbol", complaint};
  SymbolInfo info;
  info.symbol = reader.text("symbol");
  info.status = reader.text("status");
  info.base = reader.text("baseAsset");
  info.quote = reader.text("quoteAsset");
  if (const json::array* types = reader.maybe_array("orderTypes")) {
    for (const json::value& type : *types) {
      if (!type.is_string() || type.get_string().size() > text_max) {
        complaint.add("symbol", "orderTypes", "an element that is no string");
        break;
      }
      info.order_types.emplace_back(type.get_string().data(), type.get_string().size());
    }
  }
  info.can_iceberg = reader.maybe_flag("icebergAllowed").value_or(false);
  info.can_quote_order_qty = reader.maybe_flag("quoteOrderQtyMarketAllowed").value_or(false);
  info.can_trailing_stop = reader.maybe_flag("allowTrailingStop").value_or(false);
  info.can_trade_spot = reader.maybe_flag("isSpotTradingAllowed").value_or(true);
  // Binance.US and older lists know less of these: what is not said to be allowed is not.
  const auto can_oto = reader.maybe_flag("otoAllowed");
  info.can_oto = can_oto.value_or(false);
  // Who does not know OTO has pairs of the oldest kind alone, at another path, and they are not spoken here.
  info.can_oco = reader.maybe_flag("ocoAllowed").value_or(false) && can_oto.has_value();
  info.can_cancel_replace = reader.maybe_flag("cancelReplaceAllowed").value_or(false);
  info.can_amend = reader.maybe_flag("amendAllowed").value_or(false);
  info.base_precision = reader.maybe_integer("baseAssetPrecision").value_or(8);
  info.quote_precision =
      reader.maybe_integer("quoteAssetPrecision").value_or(reader.maybe_integer("quotePrecision").value_or(8));
  if (const json::array* filters = reader.maybe_array("filters")) {
    for (const json::value& filter : *filters) {
      // An empty object stands in documentation where filters are left out; what has no type cannot be a rule.
      const json::object* rule = filter.if_object();
      if (rule != nullptr && rule->contains("filterType")) read_filter(*rule, info, complaint);
    }
  }
  return info;
}

// `interval` letter and number of a limit, as ms; 0 when unknown.
std::uint64_t interval_ms(std::string_view interval, std::int64_t count) {
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> units{
      {{"SECOND", 1000}, {"MINUTE", 60000}, {"HOUR", 3600000}, {"DAY", 86400000}}};
  if (count <= 0 || count > 1000000) return 0;
  for (const auto& [name, ms] : units) {
    if (name == interval) return ms * static_cast<std::uint64_t>(count);
  }
  return 0;
}

std::optional<RateLimit> read_rate_limit(const json::object& object, Complaint& complaint) {
  if (object.empty()) return std::nullopt;
  Reader reader{object, "rateLimits", complaint};
  const std::string type = reader.text("rateLimitType");
  const std::uint64_t interval = interval_ms(reader.text("interval"), reader.integer("intervalNum"));
  const std::int64_t limit = reader.integer("limit");
  if (bucket_of(type).empty() || interval == 0 || limit <= 0) return std::nullopt;
  return RateLimit{.bucket = cut<32>(bucket_of(type)),
                   .scope = {},
                   .interval_ms = interval,
                   .limit = static_cast<std::uint64_t>(limit),
                   .aligned = true};
}

TradingStatus status_of(const SymbolInfo& info) {
  constexpr std::array<std::pair<std::string_view, TradingStatus>, 9> statuses{{
      {"TRADING", TradingStatus::Trading},
      {"END_OF_DAY", TradingStatus::Closed},
      {"HALT", TradingStatus::Halted},
      {"BREAK", TradingStatus::Halted},
      {"CANCEL_ONLY", TradingStatus::CancelOnly},
      {"PRE_TRADING", TradingStatus::PreOpen},
      {"AUCTION_MATCH", TradingStatus::PreOpen},
      {"POST_TRADING", TradingStatus::Closed},
      {"PENDING_TRADING", TradingStatus::PreOpen},
  }};
  if (!info.can_trade_spot) return TradingStatus::Halted;
  for (const auto& [name, status] : statuses) {
    if (name == info.status) return status;
  }
  return TradingStatus::Halted;  // a status never seen is none to trade in
}

std::optional<OrderType> order_type_of(std::string_view type) {
  constexpr std::array<std::pair<std::string_view, OrderType>, 6> types{{
      {"MARKET", OrderType::Market},
      {"LIMIT", OrderType::Limit},
      {"STOP_LOSS", OrderType::Stop},
      {"STOP_LOSS_LIMIT", OrderType::StopLimit},
      {"TAKE_PROFIT", OrderType::MarketIfTouched},
      {"TAKE_PROFIT_LIMIT", OrderType::LimitIfTouched},
  }};
  for (const auto& [name, order_type] : types) {
    if (name == type) return order_type;
  }
  return std::nullopt;  // LIMIT_MAKER is a limit order that is post_only
}

// Zero switches a part of a filter off.
std::optional<Decimal> rule(const std::optional<Decimal>& value) {
  return value && value->is_positive() ? value : std::nullopt;
}

// A bound on a count; 0 where there is none.
std::uint32_t bound(std::int64_t value) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(value, 0, std::numeric_limits<std::uint32_t>::max()));
}

// The narrower of two upper bounds, of which zero is none.
std::int64_t narrower_max(std::int64_t a, std::int64_t b) {
  return a <= 0 || b <= 0 ? std::max(a, b) : std::min(a, b);
}

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::uint8_t precision(std::int64_t digits) {
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>(digits, 0, 18));
}

}  // namespace

Result<SymbolInfo> decode_symbol(std::string_view symbol_json) {
  const auto value = parse_json(symbol_json);
  if (!value) return value.error();
  if (!value->is_object()) return Error{ErrorCode::InvalidMessage, "symbol: no object"};
  Complaint complaint;
  SymbolInfo info = read_symbol(value->get_object(), complaint);
  if (!complaint.text.empty()) return Error{ErrorCode::InvalidMessage, complaint.text};
  return info;
}

Result<ExchangeInfo> decode_exchange_info(std::string_view body) {
  const auto value = parse_json(body, 64u << 20);
  if (!value) return value.error();
  if (!value->is_object()) return Error{ErrorCode::InvalidMessage, "exchangeInfo: no object"};
  Complaint complaint;
  Reader reader{value->get_object(), "exchangeInfo", complaint};
  ExchangeInfo info;
  info.server_time = reader.integer("serverTime");
  if (const json::array* limits = reader.maybe_array("rateLimits")) {
    for (const json::value& limit : *limits) {
      if (!limit.is_object()) continue;
      if (auto read = read_rate_limit(limit.get_object(), complaint)) info.rate_limits.push_back(*std::move(read));
    }
  }
  const json::array* symbols = reader.maybe_array("symbols");
  if (symbols == nullptr) complaint.add("exchangeInfo", "symbols", "missing");
  if (symbols != nullptr && symbols->size() > symbols_max) complaint.add("exchangeInfo", "symbols", "too many");
  if (!complaint.text.empty()) return Error{ErrorCode::InvalidMessage, complaint.text};
  info.symbols.reserve(symbols->size());
  for (const json::value& symbol : *symbols) {
    Complaint about_symbol;
    if (!symbol.is_object()) {
      info.complaints.emplace_back("symbols.element: no object");
      continue;
    }
    SymbolInfo read = read_symbol(symbol.get_object(), about_symbol);
    if (about_symbol.text.empty()) {
      info.symbols.push_back(std::move(read));
    } else {
      info.complaints.push_back(read.symbol + ": " + about_symbol.text);
    }
  }
  return info;
}

std::optional<Instrument> instrument_of(const SymbolInfo& info) {
  const std::string name = info.base + "/" + info.quote;
  if (info.symbol.empty() || info.base.empty() || info.quote.empty()) return std::nullopt;
  if (name.size() > Symbol{}.max_size() || info.symbol.size() > Symbol{}.max_size()) return std::nullopt;
  Instrument instrument;
  instrument.symbol = cut<32>(name);
  instrument.broker_symbol = cut<32>(info.symbol);
  // Assets may be named in any script since 2025-12; a Name on the bus may not, and the symbol says it as well.
  if (is_printable_ascii(info.base)) instrument.base = cut<32>(info.base);
  if (is_printable_ascii(info.quote)) instrument.quote = cut<32>(info.quote);
  instrument.status = status_of(info);
  for (const std::string& type : info.order_types) {
    if (const auto order_type = order_type_of(type)) instrument.order_types.push_back(*order_type);
  }
  instrument.tick_size = rule(info.tick_size);
  instrument.min_price = rule(info.min_price);
  instrument.max_price = rule(info.max_price);
  instrument.lot_size = rule(info.step_size);
  instrument.min_qty = rule(info.min_qty);
  instrument.max_qty = rule(info.max_qty);
  instrument.market_lot_size = rule(info.market_step_size);
  instrument.market_min_qty = rule(info.market_min_qty);
  instrument.market_max_qty = rule(info.market_max_qty);
  instrument.min_notional = rule(info.min_notional);
  instrument.max_notional = rule(info.max_notional);
  instrument.min_notional_applies_to_market = info.min_notional_applies_to_market;
  instrument.max_notional_applies_to_market = info.max_notional_applies_to_market;
  instrument.can_iceberg = info.can_iceberg;
  instrument.can_cash_order_qty = info.can_quote_order_qty;
  instrument.can_trailing_stop = info.can_trailing_stop;
  instrument.can_replace = info.can_cancel_replace;
  instrument.can_amend = info.can_amend;
  instrument.can_oco = info.can_oco;
  instrument.can_oto = info.can_oto;
  instrument.iceberg_parts_max = bound(info.iceberg_parts_max.value_or(0));
  // On which side of the price an order triggers follows from type and side; what holds for both is allowed for each.
  instrument.trailing_delta_min_bps =
      bound(std::max(info.trailing_above_min.value_or(0), info.trailing_below_min.value_or(0)));
  instrument.trailing_delta_max_bps =
      bound(narrower_max(info.trailing_above_max.value_or(0), info.trailing_below_max.value_or(0)));
  instrument.base_precision = precision(info.base_precision);
  instrument.quote_precision = precision(info.quote_precision);
  return instrument;
}

std::string_view bucket_of(std::string_view rate_limit_type) {
  if (rate_limit_type == "REQUEST_WEIGHT") return "weight";
  if (rate_limit_type == "ORDERS") return "orders";
  if (rate_limit_type == "RAW_REQUESTS") return "raw";
  return {};
}

std::uint64_t interval_ms_of(std::string_view suffix) {
  if (suffix.size() < 2 || suffix.size() > 7) return 0;
  std::int64_t count = 0;
  for (const char c : suffix.substr(0, suffix.size() - 1)) {
    if (c < '0' || c > '9') return 0;
    count = count * 10 + (c - '0');
  }
  switch (suffix.back()) {
    case 's': case 'S': return interval_ms("SECOND", count);
    case 'm': case 'M': return interval_ms("MINUTE", count);
    case 'h': case 'H': return interval_ms("HOUR", count);
    case 'd': case 'D': return interval_ms("DAY", count);
    default: return 0;
  }
}

}  // namespace busbar::binance
