#include "gateways/ibkr/decode.hpp"

#include <algorithm>

#include "gateways/ibkr/decode_order.hpp"

namespace busbar::ibkr {

namespace {

// The first of these members that is there.
std::string first_text(Reader& reader, std::initializer_list<std::string_view> members) {
  for (const std::string_view member : members) {
    if (auto text = reader.maybe_text(member)) return *std::move(text);
  }
  return {};
}
std::optional<Decimal> first_amount(Reader& reader, std::initializer_list<std::string_view> members) {
  for (const std::string_view member : members) {
    if (const auto amount = reader.maybe_amount(member)) return amount;
  }
  return std::nullopt;
}
std::optional<Decimal> first_cut(Reader& reader, std::initializer_list<std::string_view> members) {
  for (const std::string_view member : members) {
    if (const auto amount = reader.maybe_cut(member)) return amount;
  }
  return std::nullopt;
}

// Reads each object member of an object: what is keyed by an account, a currency or a symbol.
template <class Read>
void each_member(const json::object& object, std::string_view what, Complaint& complaint, Read read) {
  for (const auto& member : object) {
    const std::string name{member.key().data(), member.key().size()};
    if (const json::object* inner = member.value().if_object()) {
      Reader reader{*inner, what, complaint};
      read(name, reader);
    } else if (!member.value().is_null()) {
      complaint.add(what, name.substr(0, 64), "no object");
    }
  }
}

// Seconds since the epoch.
Timestamp read_seconds(Reader& reader, std::string_view member) {
  constexpr std::int64_t most = 9'000'000'000;  // in the year 2255: what a Timestamp carries
  constexpr std::int64_t second_ns = 1'000'000'000;
  const std::int64_t seconds = reader.integer(member);
  if (seconds >= 0 && seconds <= most) return seconds * second_ns;
  reader.complain(member, "no time");
  return 0;
}

void read_spans(Reader& day, std::string_view member, std::vector<TradingSpan>& into) {
  const json::array* spans = day.maybe_array(member);
  if (spans == nullptr) return;
  for (const TradingSpan& span : each_of(*spans, member, day.complaint(), [](Reader& reader) {
         return TradingSpan{.open_ns = read_seconds(reader, "opening"), .close_ns = read_seconds(reader, "closing")};
       })) {
    if (span.open_ns < span.close_ns) into.push_back(span);
  }
  constexpr std::size_t most = 1'000;  // of six days
  if (into.size() > most) day.complain(member, "too many");
}

Question read_question(Reader& reader) {
  return {.reply_id = reader.id("id"),
          .messages = reader.texts("message"),
          .message_ids = reader.texts("messageIds"),
          .is_suppressed = reader.maybe_flag("isSuppressed").value_or(false)};
}

Ack read_ack(Reader& reader) {
  return {.order_id = reader.text("order_id"),
          .client_order_id = reader.id_or_empty("local_order_id"),
          .status = reader.text_or_empty("order_status"),
          .text = reader.words("text"),
          .warning = reader.words("warning_message")};
}

Prompt read_prompt(Reader& reader) {
  return {.order_id = reader.text("orderId"),
          .request_id = reader.text_or_empty("reqId"),
          .message_id = reader.text_or_empty("messageId"),
          .text = reader.words("text"),
          .options = reader.texts("options")};
}

// One element of the answer: what it is shows in its members.
void read_submitted(Reader& reader, Submitted& submitted) {
  if (reader.maybe_flag("prompt").value_or(false) || (reader.has("reqId") && reader.has("options"))) {
    submitted.prompt = read_prompt(reader);
  } else if (reader.has("error")) {
    if (submitted.error.empty()) submitted.error = reader.words("error");
  } else if (reader.has("order_id")) {
    submitted.acks.push_back(read_ack(reader));
  } else {
    submitted.questions.push_back(read_question(reader));
  }
}

// An unanswered question stands above everything: nothing is placed. An ack stands above an error beside it.
Submitted::Kind kind_of(const Submitted& submitted) {
  if (!submitted.questions.empty()) return Submitted::Kind::Question;
  if (submitted.prompt) return Submitted::Kind::Prompt;
  return submitted.acks.empty() ? Submitted::Kind::Error : Submitted::Kind::Ack;
}

PositionRow read_position(Reader& reader) {
  return {.account = first_text(reader, {"acctId", "accountId"}),
          .conid = reader.maybe_integer("conid"),
          .description = first_text(reader, {"contractDesc", "description"}),
          .asset_class = first_text(reader, {"assetClass", "secType"}),
          .symbol = reader.text_or_empty("ticker"),
          .qty = reader.maybe_amount("position"),
          .avg_price = first_cut(reader, {"avgPrice", "avgCost"}),
          .market_price = first_cut(reader, {"mktPrice", "marketPrice"}),
          .market_value = first_cut(reader, {"mktValue", "marketValue"}),
          .currency = reader.text_or_empty("currency"),
          .unrealized_pnl = reader.maybe_cut("unrealizedPnl"),
          .realized_pnl = reader.maybe_cut("realizedPnl")};
}

Listing read_listing(Reader& reader) {
  return {.conid = reader.integer("conid"),
          .exchange = reader.text_or_empty("exchange"),
          .is_us = reader.maybe_flag("isUS").value_or(false)};
}

Company read_company(Reader& reader) {
  Company company{.name = reader.words("name"), .asset_class = reader.text_or_empty("assetClass"), .listings = {}};
  if (const json::array* contracts = reader.maybe_array("contracts")) {
    company.listings = each_of(*contracts, "contracts", reader.complaint(), read_listing);
  }
  return company;
}

std::vector<PriceStep> read_steps(Reader& reader) {
  const json::array* rules = reader.maybe_array("incrementRules");
  if (rules == nullptr) return {};
  return each_of(*rules, "incrementRules", reader.complaint(), [](Reader& rule) {
    return PriceStep{.lower_edge = rule.maybe_amount("lowerEdge").value_or(Decimal{}),
                     .increment = rule.amount("increment")};
  });
}

SecDef read_secdef(Reader& reader) {
  return {.conid = reader.integer("conid"),
          .ticker = reader.text_or_empty("ticker"),
          .currency = reader.text_or_empty("currency"),
          .asset_class = reader.text_or_empty("assetClass"),
          .name = reader.words("name"),
          .listing_exchange = reader.text_or_empty("listingExchange"),
          .is_us = reader.maybe_flag("isUS").value_or(false),
          .increments = read_steps(reader)};
}

ContractRules read_rules(Reader& reader) {
  return {.order_types = reader.texts("orderTypes"),
          .order_types_outside = reader.texts("orderTypesOutside"),
          .tif_types = reader.texts("tifTypes"),
          .cash_types = reader.texts("cqtTypes"),
          .increment = reader.maybe_amount("increment"),
          .size_increment = reader.maybe_amount("sizeIncrement"),
          .fraction_digits = reader.maybe_integer("fraqInt").value_or(0),
          .error = reader.words("error")};
}

}  // namespace

// ---- What REST and the WebSocket have in common

Order read_order(Reader& reader) {
  Order order;
  order.order_id = first_text(reader, {"orderId", "order_id"});
  if (order.order_id.empty()) reader.complain("orderId", "missing");
  order.client_order_id = reader.id_or_empty("order_ref");
  order.account = first_text(reader, {"acct", "account", "order_clearing_account"});
  order.conid = reader.maybe_integer("conid");
  order.symbol = first_text(reader, {"ticker", "symbol"});
  order.side = reader.text_or_empty("side");
  order.order_type = first_text(reader, {"orderType", "order_type", "origOrderType"});
  order.time_in_force = first_text(reader, {"timeInForce", "tif"});
  order.status = first_text(reader, {"status", "order_status"});
  order.price = first_amount(reader, {"price", "limit_price"});
  order.stop_price = first_amount(reader, {"stop_price", "auxPrice"});
  order.total_qty = first_amount(reader, {"totalSize", "total_size"});
  order.filled_qty = first_amount(reader, {"filledQuantity", "cum_fill", "filled_quantity"});
  order.remaining_qty = first_amount(reader, {"remainingQuantity", "remaining_quantity", "size"});
  order.avg_price = first_cut(reader, {"avgPrice", "average_price", "avg_fill_price"});
  order.last_execution_ns = reader.maybe_time_ms("lastExecutionTime_r");
  order.parent_order_id = first_text(reader, {"parentId", "parent_id"});
  const bool has_parent = order.parent_order_id != "0" && order.parent_order_id != "-1" && order.parent_order_id != order.order_id;
  if (!has_parent) order.parent_order_id.clear();
  order.oca_group = first_text(reader, {"ocaGroupId", "oca_group_id"});
  order.reason = reader.words("order_cancellation_by_system_reason");
  order.cannot_cancel = reader.maybe_flag("cannot_cancel_order");
  order.cannot_edit = reader.maybe_flag("order_not_editable");
  return order;
}

Execution read_execution(Reader& reader) {
  return {.execution_id = reader.id("execution_id"),
          .order_id = reader.text_or_empty("order_id"),
          .client_order_id = reader.id_or_empty("order_ref"),
          .account = first_text(reader, {"account", "accountCode"}),
          .conid = reader.maybe_integer("conid"),
          .symbol = reader.text_or_empty("symbol"),
          .side = reader.text_or_empty("side"),
          .qty = reader.maybe_amount("size"),
          .price = reader.maybe_amount("price"),
          .commission = reader.maybe_cut("commission"),
          .exchange = reader.text_or_empty("exchange"),
          .time_ns = reader.maybe_time_ms("trade_time_r")};
}

SessionStatus read_session_status(Reader& reader) {
  return {.authenticated = reader.maybe_flag("authenticated"),
          .connected = reader.maybe_flag("connected"),
          .established = reader.maybe_flag("established"),
          .competing = reader.maybe_flag("competing"),
          .message = reader.words("message"),
          .fail = reader.words("fail")};
}

Accounts read_accounts(Reader& reader) {
  return {.accounts = reader.texts("accounts"),
          .selected = reader.text_or_empty("selectedAccount"),
          .is_paper = reader.maybe_flag("isPaper")};
}

// ---- Orders

Result<LiveOrders> decode_live_orders(std::string_view body) {
  return decode_one(body, "live orders", [](Reader& reader) {
    LiveOrders live;
    live.snapshot = reader.maybe_flag("snapshot").value_or(false);
    if (const json::array* orders = reader.maybe_array("orders")) {
      live.orders = each_of(*orders, "order", reader.complaint(), read_order);
    } else if (!reader.has("orders")) {
      reader.complain("orders", "missing");
    }
    return live;
  });
}

Result<Order> decode_order_status(std::string_view body) { return decode_one(body, "order status", read_order); }

Result<std::vector<Execution>> decode_trades(std::string_view body) {
  return decode_each(body, "execution", read_execution);
}

Result<Submitted> decode_submitted(std::string_view body) {
  Submitted submitted;
  const auto elements = decode_each(body, "submitted", [&](Reader& reader) {
    read_submitted(reader, submitted);
    return 0;
  });
  if (!elements) return elements.error();
  if (elements->empty()) return reading::wrong_shape("submitted", "an empty list");
  submitted.kind = kind_of(submitted);
  return submitted;
}

Result<CancelAnswer> decode_cancel(std::string_view body) {
  return decode_one(body, "cancel", [](Reader& reader) {
    CancelAnswer answer;
    answer.message = reader.words(reader.has("error") ? "error" : "msg");
    answer.order_id = reader.text_or_empty("order_id");
    answer.accepted = !reader.has("error") && !answer.order_id.empty();
    if (!answer.accepted && !reader.has("error")) reader.complain("order_id", "missing");
    return answer;
  });
}

Money money_of(std::string_view text) {
  Money money;
  while (!text.empty() && money.currency.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (const auto number = cut_amount_of(word)) {
      if (!money.amount || *number > *money.amount) money.amount = number;
    } else if (word.size() == 3 && std::ranges::all_of(word, [](char c) { return c >= 'A' && c <= 'Z'; })) {
      money.currency = word;
    }
  }
  return money;
}

Result<WhatIf> decode_whatif(std::string_view body) {
  return decode_one(body, "preview", [](Reader& reader) {
    const auto money = [&](std::string_view part, std::string_view member) {
      const json::object* inner = reader.maybe_object(part);
      return inner == nullptr ? Money{} : money_of(Reader{*inner, part, reader.complaint()}.words(member));
    };
    WhatIf said{.amount = money("amount", "amount"),
                .commission = money("amount", "commission"),
                .total = money("amount", "total"),
                .initial_margin = money("initial", "after"),
                .maintenance_margin = money("maintenance", "after"),
                .warning = reader.words("warn"),
                .error = reader.words("error")};
    const bool says_anything = said.amount.amount || said.initial_margin.amount || !said.error.empty();
    if (!says_anything) reader.complain("amount", "missing");
    return said;
  });
}

// ---- The session

Result<SessionStatus> decode_session_status(std::string_view body) {
  return decode_one(body, "session", read_session_status);
}

Result<Tickle> decode_tickle(std::string_view body) {
  return decode_one(body, "tickle", [](Reader& reader) {
    Tickle tickle;
    tickle.session = reader.text_or_empty("session");
    tickle.sso_expires_in_ms = reader.maybe_integer("ssoExpires");
    const json::object* server = reader.maybe_object("iserver");
    if (server == nullptr) return tickle;
    Reader inner{*server, "iserver", reader.complaint()};
    if (const json::object* status = inner.maybe_object("authStatus")) {
      Reader told{*status, "authStatus", reader.complaint()};
      tickle.status = read_session_status(told);
    }
    return tickle;
  });
}

Result<SsoStatus> decode_sso_status(std::string_view body) {
  return decode_one(body, "sso", [](Reader& reader) {
    return SsoStatus{.is_good = reader.maybe_flag("RESULT").value_or(false),
                     .expires_in_ms = reader.maybe_integer("EXPIRES").value_or(0),
                     .user = reader.text_or_empty("USER_NAME")};
  });
}

bool is_done(std::string_view body) {
  const auto says_done = [](std::string_view text) { return text == "Success" || text == "Request was submitted"; };
  const auto value = reading::parse_exact_json(body, 1u << 16);
  if (!value) return says_done(body);
  if (const json::string* text = value->if_string()) return says_done({text->data(), text->size()});
  const json::object* object = value->if_object();
  if (object == nullptr || object->contains("error")) return false;
  for (const std::string_view member : {"unsubscribed", "success", "status", "confirmed", "set", "revoked"}) {
    const json::value* found = object->if_contains(member);
    if (found == nullptr) continue;
    if (const bool* flag = found->if_bool()) return *flag;
    return found->is_string();
  }
  return false;
}

// ---- Accounts

Result<Accounts> decode_accounts(std::string_view body) { return decode_one(body, "accounts", read_accounts); }

Result<std::vector<PortfolioAccount>> decode_portfolio_accounts(std::string_view body) {
  return decode_each(body, "account", [](Reader& reader) {
    PortfolioAccount account{.account = first_text(reader, {"accountId", "id"}),
                             .currency = reader.text_or_empty("currency"),
                             .type = reader.text_or_empty("type"),
                             .trading_type = reader.text_or_empty("tradingType")};
    if (account.account.empty()) reader.complain("accountId", "missing");
    return account;
  });
}

Result<SelectedAccount> decode_selected_account(std::string_view body) {
  return decode_one(body, "account", [](Reader& reader) {
    SelectedAccount selected;
    selected.is_set = reader.maybe_flag("set");
    selected.account = reader.text_or_empty("acctId");
    selected.message = reader.words("success");
    selected.accepted = selected.is_set.value_or(!selected.message.empty());
    return selected;
  });
}

Result<std::vector<LedgerRow>> decode_ledger(std::string_view body) {
  return decode_one(body, "ledger", [](Reader& reader) {
    std::vector<LedgerRow> rows;
    each_member(reader.object(), "ledger", reader.complaint(), [&](const std::string& currency, Reader& row) {
      rows.push_back({.currency = currency,
                      .cash = row.maybe_cut("cashbalance"),
                      .settled_cash = row.maybe_cut("settledcash"),
                      .net_liquidation = row.maybe_cut("netliquidationvalue"),
                      .unrealized_pnl = row.maybe_cut("unrealizedpnl"),
                      .realized_pnl = row.maybe_cut("realizedpnl")});
    });
    return rows;
  });
}

Result<std::vector<SummaryValue>> decode_summary(std::string_view body) {
  return decode_one(body, "summary", [](Reader& reader) {
    std::vector<SummaryValue> values;
    each_member(reader.object(), "summary", reader.complaint(), [&](const std::string& name, Reader& value) {
      values.push_back({.name = name,
                        .amount = value.maybe_cut("amount"),
                        .currency = value.text_or_empty("currency"),
                        .text = value.words("value")});
    });
    return values;
  });
}

Result<AccountSummary> decode_account_summary(std::string_view body) {
  return decode_one(body, "account summary", [](Reader& reader) {
    return AccountSummary{.net_liquidation = reader.maybe_cut("netLiquidationValue"),
                          .buying_power = reader.maybe_cut("buyingPower"),
                          .available_funds = reader.maybe_cut("availableFunds"),
                          .cash = reader.maybe_cut("totalCashValue")};
  });
}

Result<std::vector<Segment>> decode_segments(std::string_view body) {
  return decode_one(body, "segments", [](Reader& reader) {
    std::vector<Segment> segments;
    each_member(reader.object(), "segments", reader.complaint(), [&](const std::string& name, Reader& values) {
      Segment segment{.name = name, .values = {}};
      for (const auto& member : values.object()) {
        const std::string_view key{member.key().data(), member.key().size()};
        segment.values.emplace_back(key, values.words(key));
      }
      segments.push_back(std::move(segment));
    });
    return segments;
  });
}

Result<std::vector<PositionRow>> decode_positions(std::string_view body) {
  const auto value = reading::parse_exact_json(body, 32u << 20);
  if (!value) return value.error();
  Complaint complaint;
  std::vector<PositionRow> rows;
  if (const json::array* array = value->if_array()) {
    rows = each_of(*array, "position", complaint, read_position);
    return reading::answer(std::move(rows), complaint);
  }
  const json::object* by_account = value->if_object();
  if (by_account == nullptr || by_account->contains("error")) {
    return reading::wrong_shape("positions", "neither a list nor one for each account");
  }
  for (const auto& member : *by_account) {
    const std::string account{member.key().data(), member.key().size()};
    const json::array* array = member.value().if_array();
    if (array == nullptr) {
      complaint.add("positions", account.substr(0, 64), "no array");
      break;
    }
    for (PositionRow& row : each_of(*array, "position", complaint, read_position)) {
      if (row.account.empty()) row.account = account;
      rows.push_back(std::move(row));
    }
  }
  return reading::answer(std::move(rows), complaint);
}

// ---- Contracts

Result<std::vector<StockList>> decode_stocks(std::string_view body) {
  return decode_one(body, "stocks", [](Reader& reader) {
    std::vector<StockList> lists;
    for (const auto& member : reader.object()) {
      const std::string_view symbol{member.key().data(), member.key().size()};
      StockList list{.symbol = std::string{symbol}, .companies = {}};
      if (const json::array* companies = reader.maybe_array(symbol)) {
        list.companies = each_of(*companies, "stocks", reader.complaint(), read_company);
      }
      lists.push_back(std::move(list));
    }
    return lists;
  });
}

Result<std::vector<SearchMatch>> decode_search(std::string_view body) {
  return decode_each(body, "match", [](Reader& reader) {
    SearchMatch match{.conid = reader.integer("conid"),
                      .symbol = reader.text_or_empty("symbol"),
                      .description = reader.text_or_empty("description"),
                      .company = reader.words("companyName"),
                      .sec_types = {}};
    if (const json::array* sections = reader.maybe_array("sections")) {
      match.sec_types = each_of(*sections, "sections", reader.complaint(),
                                [](Reader& section) { return section.text_or_empty("secType"); });
    }
    return match;
  });
}

Result<std::vector<NamedConid>> decode_conids(std::string_view body) {
  return decode_each(body, "conids", [](Reader& reader) {
    return NamedConid{.ticker = reader.text_or_empty("ticker"),
                      .conid = reader.integer("conid"),
                      .exchange = reader.text_or_empty("exchange")};
  });
}

Result<std::vector<Future>> decode_futures(std::string_view body) {
  return decode_one(body, "futures", [](Reader& reader) {
    std::vector<Future> all;
    for (const auto& member : reader.object()) {
      const std::string_view symbol{member.key().data(), member.key().size()};
      const json::array* months = reader.maybe_array(symbol);
      if (months == nullptr) continue;
      auto futures = each_of(*months, "future", reader.complaint(), [](Reader& future) {
        return Future{.symbol = future.text_or_empty("symbol"),
                      .conid = future.integer("conid"),
                      .expiry = first_text(future, {"expirationDate", "ltd"})};
      });
      all.insert(all.end(), futures.begin(), futures.end());
    }
    return all;
  });
}

Result<std::vector<SecDef>> decode_secdefs(std::string_view body) {
  return decode_one(body, "secdefs", [](Reader& reader) {
    const json::array* list = reader.maybe_array("secdef");
    if (list != nullptr) return each_of(*list, "secdef", reader.complaint(), read_secdef);
    reader.complain("secdef", "missing");
    return std::vector<SecDef>{};
  });
}

Result<ContractInfo> decode_contract_info(std::string_view body) {
  return decode_one(body, "contract", [](Reader& reader) {
    const bool is_plain = reader.has("conid");
    ContractInfo info;
    info.conid = reader.integer(is_plain ? "conid" : "con_id");
    info.symbol = first_text(reader, {"symbol", "ticker"});
    info.currency = reader.text_or_empty("currency");
    info.exchange = reader.text_or_empty("exchange");
    info.instrument_type = reader.text_or_empty("instrument_type");
    if (const json::object* rules = reader.maybe_object("rules")) {
      Reader inner{*rules, "rules", reader.complaint()};
      info.rules = read_rules(inner);
    }
    return info;
  });
}

Result<TradingHours> decode_trading_schedule(std::string_view body) {
  return decode_one(body, "schedule", [](Reader& reader) {
    TradingHours hours;
    const json::object* days = reader.maybe_object("schedules");
    if (days == nullptr) {
      reader.complain("schedules", "missing");
      return hours;
    }
    each_member(*days, "schedule", reader.complaint(), [&](const std::string&, Reader& day) {
      read_spans(day, "liquid_hours", hours.liquid);
      read_spans(day, "extended_hours", hours.extended);
    });
    return hours;
  });
}

Result<ContractRules> decode_rules(std::string_view body) {
  return decode_one(body, "rules", [](Reader& reader) {
    if (const json::object* rules = reader.maybe_object("rules")) {
      Reader inner{*rules, "rules", reader.complaint()};
      return read_rules(inner);
    }
    return read_rules(reader);
  });
}

}  // namespace busbar::ibkr
