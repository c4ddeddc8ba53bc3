#include "gateways/coinbase/decode.hpp"

#include <charconv>
#include <span>

#include "gateways/coinbase/decode_hot.hpp"
#include "gateways/coinbase/read.hpp"

namespace busbar::coinbase {

namespace {

// Words for people may be longer than any other text.
std::optional<std::string> words(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  if (text == nullptr) return std::nullopt;
  return std::string{text->data(), std::min(text->size(), text_max)};
}

OrderConfiguration read_configuration(std::string_view name, const json::object& members, Complaint& complaint) {
  Reader reader{members, "order_configuration", complaint};
  OrderConfiguration configuration;
  configuration.name = name;
  configuration.base_size = reader.maybe_amount("base_size");
  configuration.quote_size = reader.maybe_amount("quote_size");
  configuration.limit_price = reader.maybe_amount("limit_price");
  configuration.stop_price = reader.maybe_amount("stop_price");
  if (!configuration.stop_price) configuration.stop_price = reader.maybe_amount("stop_trigger_price");
  configuration.end_time = reader.maybe_text("end_time");
  configuration.post_only = reader.maybe_flag("post_only");
  return configuration;
}

// There is one, but the names of all are kept: two would be news.
void read_configurations(const json::object& configurations, Order& order, Complaint& complaint) {
  for (const auto& member : configurations) {
    if (!member.value().is_null()) order.configuration_names.emplace_back(member.key());
  }
  if (order.configuration_names.size() != 1) return;
  const std::string& name = order.configuration_names.front();
  if (const json::object* members = configurations.at(name).if_object()) {
    order.configuration = read_configuration(name, *members, complaint);
  } else {
    complaint.add("order", "order_configuration", "a configuration that is no object");
  }
}

Edit read_edit(const json::object& object, Complaint& complaint) {
  Reader reader{object, "edit_history", complaint};
  return {.price = reader.maybe_amount("price"),
          .size = reader.maybe_amount("size"),
          .replace_accept_timestamp = text_or_empty(reader, "replace_accept_timestamp")};
}

Order read_order(const json::object& object, Complaint& complaint) {
  Reader reader{object, "order", complaint};
  Order order;
  order.order_id = reader.text("order_id");
  order.client_order_id = text_or_empty(reader, "client_order_id");
  order.product_id = reader.text("product_id");
  order.side = text_or_empty(reader, "side");
  order.status = reader.text("status");
  order.order_type = reader.maybe_text("order_type");
  order.time_in_force = reader.maybe_text("time_in_force");
  if (const json::object* configurations = object_of(reader, "order_configuration")) {
    read_configurations(*configurations, order, complaint);
  }
  order.created_time = reader.maybe_text("created_time");
  order.last_fill_time = reader.maybe_text("last_fill_time");
  order.completion_percentage = reader.maybe_cut("completion_percentage");
  order.filled_size = reader.maybe_amount("filled_size");
  order.average_filled_price = reader.maybe_cut("average_filled_price");
  order.filled_value = reader.maybe_cut("filled_value");
  order.total_fees = reader.maybe_cut("total_fees");
  if (!reader.is_null("pending_cancel")) order.pending_cancel = reader.maybe_flag("pending_cancel");
  order.trigger_status = reader.maybe_text("trigger_status");
  order.reject_reason = reader.maybe_text("reject_reason");
  order.reject_message = words(object, "reject_message");
  order.cancel_message = words(object, "cancel_message");
  if (const json::array* edits = list_of(reader, "edit_history")) {
    order.edit_history = read_each(*edits, "edit_history", complaint, list_max,
                                   [&](const json::object& edit) { return read_edit(edit, complaint); });
  }
  return order;
}

Fill read_fill(const json::object& object, Complaint& complaint) {
  Reader reader{object, "fill", complaint};
  return {.entry_id = reader.text("entry_id"),
          .trade_id = reader.text("trade_id"),
          .order_id = reader.text("order_id"),
          .trade_time = reader.text("trade_time"),
          .trade_type = reader.maybe_text("trade_type").value_or("FILL"),
          .price = reader.decimal("price"),
          .size = reader.decimal("size"),
          .commission = reader.maybe_amount("commission").value_or(Decimal{}),
          .product_id = reader.text("product_id"),
          .liquidity_indicator = text_or_empty(reader, "liquidity_indicator"),
          .size_in_quote = reader.maybe_flag("size_in_quote").value_or(false),
          .side = reader.text("side")};
}

// The first reason that says something. A deprecated member is often the only one that does.
std::string reason_of(const json::object& object, std::span<const std::string_view> members, Complaint& complaint) {
  Reader reader{object, "error_response", complaint};
  std::string unknown;
  for (const std::string_view member : members) {
    std::string reason = text_or_empty(reader, member);
    if (reason.empty()) continue;
    if (!reason.starts_with("UNKNOWN")) return reason;
    if (unknown.empty()) unknown = std::move(reason);
  }
  return unknown;
}

Placed read_placed(const json::object& object, Complaint& complaint) {
  Reader reader{object, "placed", complaint};
  Placed placed;
  placed.success = reader.flag("success");  // failure_reason is there, and UNKNOWN, in a success too
  if (placed.success) {
    if (const json::object* success = object_of(reader, "success_response")) {
      Reader inner{*success, "success_response", complaint};
      placed.order_id = text_or_empty(inner, "order_id");
      placed.client_order_id = inner.maybe_text("client_order_id");
      placed.product_id = inner.maybe_text("product_id");
      placed.side = inner.maybe_text("side");
    }
    if (placed.order_id.empty()) placed.order_id = reader.text("order_id");
    if (placed.order_id.empty()) complaint.add("placed", "order_id", "empty");
    return placed;
  }
  if (const json::object* failure = object_of(reader, "error_response")) {
    constexpr std::string_view reasons[] = {"new_order_failure_reason", "error", "preview_failure_reason"};
    placed.reason = reason_of(*failure, reasons, complaint);
    placed.message = words(*failure, "message");
    placed.details = words(*failure, "error_details");
  }
  if (placed.reason.empty()) placed.reason = text_or_empty(reader, "failure_reason");
  return placed;
}

Edited read_edited(const json::object& object, Complaint& complaint) {
  Reader reader{object, "edited", complaint};
  Edited edited;
  edited.success = reader.flag("success");
  if (const json::object* success = object_of(reader, "success_response")) {
    Reader inner{*success, "success_response", complaint};
    edited.order_id = text_or_empty(inner, "order_id");
  }
  if (edited.success) return edited;
  constexpr std::string_view reasons[] = {"edit_failure_reason", "edit_order_failure_reason", "error",
                                          "preview_failure_reason"};
  if (const json::array* errors = list_of(reader, "errors")) {
    for (const json::value& error : *errors) {
      if (!error.is_object() || !edited.reason.empty()) continue;
      edited.reason = reason_of(error.get_object(), reasons, complaint);
    }
  }
  const json::object* failure = object_of(reader, "error_response");
  if (failure != nullptr && edited.reason.empty()) edited.reason = reason_of(*failure, reasons, complaint);
  return edited;
}

// Names, or what stands in their place.
std::vector<std::string> read_names(Reader& reader, std::string_view member) {
  std::vector<std::string> names;
  const json::array* list = list_of(reader, member);
  if (list == nullptr) return names;
  for (const json::value& each : *list) {
    const json::string* text = each.if_string();
    names.emplace_back(text != nullptr ? std::string{text->data(), std::min(text->size(), text_max)}
                                       : json::serialize(each).substr(0, text_max));
    if (names.size() >= 100) break;
  }
  return names;
}

Preview read_preview(const json::object& object, Complaint& complaint) {
  Reader reader{object, "preview", complaint};
  Preview preview;
  preview.errors = read_names(reader, "errs");
  preview.warnings = read_names(reader, "warning");
  preview.order_total = reader.maybe_cut("order_total");
  preview.commission_total = reader.maybe_cut("commission_total");
  preview.quote_size = reader.maybe_cut("quote_size");
  preview.base_size = reader.maybe_cut("base_size");
  preview.best_bid = reader.maybe_cut("best_bid");
  preview.best_ask = reader.maybe_cut("best_ask");
  preview.slippage = reader.maybe_cut("slippage");
  const bool is_estimate = reader.has("est_average_filled_price");
  preview.average_filled_price = reader.maybe_cut(is_estimate ? "est_average_filled_price" : "average_filled_price");
  preview.preview_id = reader.maybe_text("preview_id");
  return preview;
}

Decimal read_money(Reader& reader, std::string_view what, std::string_view member, Complaint& complaint) {
  const json::object* money = object_of(reader, member);
  if (money == nullptr) {
    complaint.add(what, member, "missing");
    return {};
  }
  return Reader{*money, member, complaint}.decimal("value");
}

Wallet read_wallet(const json::object& object, Complaint& complaint) {
  Reader reader{object, "account", complaint};
  return {.uuid = reader.text("uuid"),
          .currency = reader.text("currency"),
          .available = read_money(reader, "account", "available_balance", complaint),
          .hold = reader.has("hold") && !reader.is_null("hold") ? read_money(reader, "account", "hold", complaint)
                                                                : Decimal{},
          .is_active = reader.maybe_flag("active").value_or(true),
          .is_ready = reader.maybe_flag("ready").value_or(true)};
}

// A number that is written as a text.
std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Result<Order> decode_order(std::string_view body) {
  return decode_object(body, "order", [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "answer", complaint};
    const json::object* order = object_of(reader, "order");
    if (order == nullptr) {
      complaint.add("answer", "order", "missing");
      return Order{};
    }
    return read_order(*order, complaint);
  });
}

Result<OrdersPage> decode_orders(std::string_view body) {
  const auto read = [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "orders", complaint};
    OrdersPage page;
    if (const json::array* orders = needed_list(reader, "answer", "orders", complaint)) {
      page.orders = read_each(*orders, "orders", complaint, list_max,
                              [&](const json::object& order) { return read_order(order, complaint); });
    }
    page.has_next = reader.maybe_flag("has_next").value_or(false);
    page.cursor = text_or_empty(reader, "cursor");
    return page;
  };
  return decode_object(body, "orders", read, 32u << 20);
}

Result<FillsPage> decode_fills(std::string_view body) {
  const auto read = [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "fills", complaint};
    FillsPage page;
    if (const json::array* fills = needed_list(reader, "answer", "fills", complaint)) {
      page.fills = read_each(*fills, "fills", complaint, list_max,
                             [&](const json::object& fill) { return read_fill(fill, complaint); });
    }
    page.cursor = text_or_empty(reader, "cursor");
    return page;
  };
  return decode_object(body, "fills", read, 32u << 20);
}

Result<Placed> decode_placed(std::string_view body) {
  Result<Placed> placed{boost::system::in_place_value};
  if (!read_hot(body, *placed)) placed = decode_object(body, "placed", read_placed);
  return placed;
}

Result<std::vector<Cancelled>> decode_cancelled(std::string_view body) {
  return decode_object(body, "cancelled", [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "cancelled", complaint};
    std::vector<Cancelled> results;
    if (const json::array* list = needed_list(reader, "cancelled", "results", complaint)) {
      results = read_each(*list, "results", complaint, list_max, [&](const json::object& result) {
        Reader one{result, "results", complaint};
        return Cancelled{.order_id = text_or_empty(one, "order_id"),
                         .success = one.flag("success"),
                         .failure_reason = text_or_empty(one, "failure_reason")};
      });
    }
    return results;
  });
}

Result<Edited> decode_edited(std::string_view body) { return decode_object(body, "edited", read_edited); }

Result<Preview> decode_preview(std::string_view body) { return decode_object(body, "preview", read_preview); }

// ---- The account

Result<WalletsPage> decode_wallets(std::string_view body) {
  const auto read = [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "accounts", complaint};
    WalletsPage page;
    if (const json::array* wallets = needed_list(reader, "answer", "accounts", complaint)) {
      page.wallets = read_each(*wallets, "accounts", complaint, list_max,
                               [&](const json::object& wallet) { return read_wallet(wallet, complaint); });
    }
    page.has_next = reader.maybe_flag("has_next").value_or(false);
    page.cursor = text_or_empty(reader, "cursor");
    return page;
  };
  return decode_object(body, "accounts", read, 32u << 20);
}

Result<Wallet> decode_wallet(std::string_view body) {
  return decode_object(body, "account", [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "answer", complaint};
    const json::object* wallet = object_of(reader, "account");
    if (wallet == nullptr) {
      complaint.add("answer", "account", "missing");
      return Wallet{};
    }
    return read_wallet(*wallet, complaint);
  });
}

Result<std::vector<Portfolio>> decode_portfolios(std::string_view body) {
  return decode_object(body, "portfolios", [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "answer", complaint};
    std::vector<Portfolio> portfolios;
    if (const json::array* list = needed_list(reader, "answer", "portfolios", complaint)) {
      portfolios = read_each(*list, "portfolios", complaint, list_max, [&](const json::object& portfolio) {
        Reader one{portfolio, "portfolios", complaint};
        return Portfolio{.uuid = one.text("uuid"),
                         .name = text_or_empty(one, "name"),
                         .type = text_or_empty(one, "type"),
                         .is_deleted = one.maybe_flag("deleted").value_or(false)};
      });
    }
    return portfolios;
  });
}

Result<Breakdown> decode_breakdown(std::string_view body) {
  return decode_object(body, "breakdown", [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "answer", complaint};
    Breakdown said;
    const json::object* breakdown = object_of(reader, "breakdown");
    if (breakdown == nullptr) {
      complaint.add("answer", "breakdown", "missing");
      return said;
    }
    Reader inner{*breakdown, "breakdown", complaint};
    if (const json::object* portfolio = object_of(inner, "portfolio")) {
      Reader one{*portfolio, "portfolio", complaint};
      said.portfolio_uuid = text_or_empty(one, "uuid");
    }
    const json::object* balances = object_of(inner, "portfolio_balances");
    if (balances == nullptr) return said;
    Reader sums{*balances, "portfolio_balances", complaint};
    const auto amount = [&](std::string_view member) -> std::optional<Decimal> {
      const json::object* money = object_of(sums, member);
      if (money == nullptr) return std::nullopt;
      Reader one{*money, member, complaint};
      said.currency = text_or_empty(one, "currency");
      return one.maybe_cut("value");
    };
    said.total_cash_equivalent_balance = amount("total_cash_equivalent_balance");
    said.total_balance = amount("total_balance");
    return said;
  });
}

Result<KeyPermissions> decode_key_permissions(std::string_view body) {
  return decode_object(body, "key_permissions", [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "key_permissions", complaint};
    return KeyPermissions{.can_view = reader.flag("can_view"),
                          .can_trade = reader.flag("can_trade"),
                          .can_transfer = reader.maybe_flag("can_transfer").value_or(false),
                          .portfolio_uuid = text_or_empty(reader, "portfolio_uuid"),
                          .portfolio_type = text_or_empty(reader, "portfolio_type")};
  });
}

Result<Fees> decode_fees(std::string_view body) {
  return decode_object(body, "transaction_summary", [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "transaction_summary", complaint};
    Fees fees;
    if (const json::object* tier = object_of(reader, "fee_tier")) {
      Reader rates{*tier, "fee_tier", complaint};
      fees.maker = rates.maybe_amount("maker_fee_rate");
      fees.taker = rates.maybe_amount("taker_fee_rate");
    }
    return fees;
  });
}

Result<std::int64_t> decode_time(std::string_view body) {
  return decode_object(body, "time", [](const json::object& object, Complaint& complaint) {
    const auto ms = whole_number(Reader{object, "time", complaint}.text("epochMillis"));
    if (!ms) complaint.add("time", "epochMillis", "no whole number of 64 bits");
    return ms.value_or(0);
  });
}

}  // namespace busbar::coinbase
