#include "gateways/coinbase/instruments.hpp"

#include <algorithm>

#include "gateways/coinbase/read.hpp"
#include "gateways/framework/words.hpp"

namespace busbar::coinbase {

namespace {

constexpr std::size_t products_max = 50'000;

bool flag(Reader& reader, std::string_view member) {
  return !reader.is_null(member) && reader.maybe_flag(member).value_or(false);
}

Product read_product(const json::object& object, Complaint& complaint) {
  Reader reader{object, "product", complaint};
  Product product;
  product.product_id = reader.text("product_id");
  product.base_currency = reader.maybe_text("base_currency_id");
  product.quote_currency = reader.maybe_text("quote_currency_id");
  product.product_type = text_or_empty(reader, "product_type");
  product.status = text_or_empty(reader, "status");
  product.base_increment = reader.maybe_amount("base_increment");
  product.quote_increment = reader.maybe_amount("quote_increment");
  product.price_increment = reader.maybe_amount("price_increment");
  product.base_min_size = reader.maybe_amount("base_min_size");
  product.base_max_size = reader.maybe_amount("base_max_size");
  product.quote_min_size = reader.maybe_amount("quote_min_size");
  product.quote_max_size = reader.maybe_amount("quote_max_size");
  product.trading_disabled = flag(reader, "trading_disabled");
  product.is_disabled = flag(reader, "is_disabled");
  product.cancel_only = flag(reader, "cancel_only");
  product.limit_only = flag(reader, "limit_only");
  product.post_only = flag(reader, "post_only");
  product.auction_mode = flag(reader, "auction_mode");
  product.view_only = flag(reader, "view_only");
  product.alias = text_or_empty(reader, "alias");
  product.price = reader.maybe_cut("price");
  product.volume_24h = reader.maybe_cut("volume_24h");
  if (const json::array* names = list_of(reader, "alias_to")) {
    for (const json::value& name : *names) {
      const json::string* text = name.if_string();
      if (text == nullptr || text->size() > text_max) {
        complaint.add("product", "alias_to", "an element that is no short text");
        break;
      }
      product.alias_to.emplace_back(text->data(), text->size());
    }
  }
  return product;
}

TradingStatus status_of(const Product& product) {
  if (product.status == "offline" || product.status == "delisted") return TradingStatus::Closed;
  if (product.trading_disabled || product.is_disabled || product.view_only) return TradingStatus::Halted;
  if (product.cancel_only) return TradingStatus::CancelOnly;
  if (product.auction_mode) return TradingStatus::PreOpen;
  const bool is_known = product.status.empty() || product.status == "online";
  return is_known ? TradingStatus::Trading : TradingStatus::Halted;  // a status never seen is none to trade in
}

// Zero asks nothing.
std::optional<Decimal> rule(const std::optional<Decimal>& value) {
  return value && value->is_positive() ? value : std::nullopt;
}

std::uint8_t places_of(const std::optional<Decimal>& step) {
  return step ? static_cast<std::uint8_t>(std::max(0, -step->normalized().exponent())) : std::uint8_t{8};
}

bool fits_name(std::string_view text) {
  return !text.empty() && text.size() <= Name{}.max_size() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

Result<Product> decode_product(std::string_view body) { return decode_object(body, "product", read_product); }

Result<ProductList> decode_products(std::string_view body) {
  const auto value = parse_json(body, 64u << 20);
  if (!value) return value.error();
  const json::object* object = value->if_object();
  if (object == nullptr) return wrong_shape("products", "no object");
  Complaint complaint;
  Reader reader{*object, "answer", complaint};
  const json::array* products = needed_list(reader, "answer", "products", complaint);
  if (products != nullptr && products->size() > products_max) complaint.add("answer", "products", "too many");
  if (!complaint.text.empty()) return Error{ErrorCode::InvalidMessage, complaint.text};
  ProductList list;
  if (products == nullptr) return list;
  for (const json::value& each : *products) {
    Complaint about_product;
    if (!each.is_object()) {
      list.complaints.emplace_back("products.element: no object");
      continue;
    }
    Product product = read_product(each.get_object(), about_product);
    if (about_product.text.empty()) {
      list.products.push_back(std::move(product));
    } else {
      list.complaints.push_back(product.product_id + ": " + about_product.text);
    }
  }
  return list;
}

std::optional<Instrument> instrument_of(const Product& product) {
  const std::string base = product.base_currency.value_or("");
  const std::string quote = product.quote_currency.value_or("");
  const bool is_spot = product.product_type.empty() || product.product_type == "SPOT";
  const std::string name = base + "/" + quote;
  if (!is_spot || !fits_name(base) || !fits_name(quote) || name.size() > Symbol{}.max_size()) return std::nullopt;
  if (product.product_id.empty() || product.product_id.size() > Symbol{}.max_size()) return std::nullopt;
  Instrument instrument;
  instrument.symbol = cut<32>(name);
  instrument.broker_symbol = cut<32>(product.product_id);
  instrument.base = cut<32>(base);
  instrument.quote = cut<32>(quote);
  instrument.status = status_of(product);
  instrument.order_types = {OrderType::Limit, OrderType::StopLimit, OrderType::LimitIfTouched};
  if (!product.limit_only && !product.post_only) instrument.order_types.push_back(OrderType::Market);
  instrument.tick_size = rule(product.price_increment ? product.price_increment : product.quote_increment);
  instrument.lot_size = rule(product.base_increment);
  instrument.min_qty = rule(product.base_min_size);
  instrument.max_qty = rule(product.base_max_size);
  instrument.min_notional = rule(product.quote_min_size);
  instrument.max_notional = rule(product.quote_max_size);
  instrument.min_notional_applies_to_market = instrument.max_notional_applies_to_market = true;
  instrument.can_cash_order_qty = !product.limit_only && !product.post_only;
  instrument.can_replace = true;
  instrument.base_precision = places_of(product.base_increment);
  instrument.quote_precision = places_of(product.quote_increment);
  return instrument;
}

std::string_view book_product(const Product& product) {
  return product.alias.empty() ? std::string_view{product.product_id} : std::string_view{product.alias};
}

std::vector<RateLimit> rate_limits(const Limits& limits, const Name& account) {
  const auto each_second = [](std::string_view bucket, const Name& scope, std::uint32_t limit) {
    return RateLimit{.bucket = cut<32>(bucket), .scope = scope, .interval_ms = 1000, .limit = limit, .aligned = false};
  };
  return {each_second("private", account, limits.private_per_second),
          each_second("public", Name{"coinbase-ip"}, limits.public_per_second)};
}

// A question is an order and its fills; a replace may be a cancel, the look whether it was done, and the new order. Cancels
// that wait leave together, so how many requests they are the gateway alone knows, and tells.
std::vector<RateCost> rate_costs() {
  return {{"place", "private", 1}, {"cancel", "private", 0}, {"replace", "private", 3}, {"ask", "private", 2}};
}

}  // namespace busbar::coinbase
