// What an account has: money by currency, positions, and what they are worth.

#include <algorithm>

#include "tools/venue/amount.hpp"
#include "tools/venue/ibkr/api.hpp"
#include "tools/venue/ibkr/numbers.hpp"

namespace busbar::venue::ibkr {

namespace json = boost::json;

namespace {

constexpr std::size_t page_size = 100;

Decimal total_of(const Balance& balance) { return plus(balance.free, balance.locked); }

}  // namespace

// The engine's base assets are positions here, unless they are some contract's currency.
std::vector<SymbolId> Api::held_symbols(AccountId account) const {
  std::vector<SymbolId> held;
  const auto& balances = engine_.accounts()[account].balances;
  for (SymbolId id = 0; id < engine_.symbol_count(); ++id) {
    const Contract& contract = contracts_.of(id);
    const auto found = balances.find(engine_.symbol(id).base);
    if (contract.sec_type != "CASH" && found != balances.end() && !total_of(found->second).is_zero()) held.push_back(id);
  }
  return held;
}

Decimal Api::value_in(AccountId account, std::string_view currency, bool with_positions) const {
  const auto& balances = engine_.accounts()[account].balances;
  const auto cash = balances.find(std::string{currency});
  Decimal value = cash == balances.end() ? Decimal{} : total_of(cash->second);
  if (!with_positions) return value;
  for (const SymbolId id : held_symbols(account)) {
    const Symbol& rules = engine_.symbol(id);
    if (rules.quote == currency) value = plus(value, times(total_of(balances.at(rules.base)), engine_.last_price(id)));
  }
  return value;
}

Reply Api::portfolio_accounts(const Call& call) {
  call.user->session.has_asked_portfolio = true;
  Reply reply;
  reply.body = json::array{};
  Call of_account = call;
  of_account.ids = {call.user->account_id};
  reply.body.as_array().push_back(account_meta(of_account).body);
  return reply;
}

Reply Api::account_meta(const Call& call) {
  if (!owns(call, call.ids.front())) return refused(400, "Account not found");
  const std::string& id = call.user->account_id;
  json::object parent{{"mmc", json::array{}},  {"accountId", ""},     {"isMParent", false},
                      {"isMChild", false},     {"isMultiplex", false}};
  Reply reply;
  reply.body = json::object{{"id", id},
                            {"PrepaidCrypto-Z", false},
                            {"PrepaidCrypto-P", false},
                            {"brokerageAccess", true},
                            {"accountId", id},
                            {"accountVan", id},
                            {"accountTitle", call.user->name},
                            {"displayName", call.user->name},
                            {"accountAlias", nullptr},
                            {"accountStatus", 1'590'724'800'000},
                            {"currency", "USD"},
                            {"type", "DEMO"},
                            {"tradingType", "STKNOPT"},
                            {"businessType", "INDEPENDENT"},
                            {"category", ""},
                            {"ibEntity", "IBLLC-US"},
                            {"faclient", false},
                            {"clearingStatus", "O"},
                            {"covestor", false},
                            {"noClientTrading", false},
                            {"trackVirtualFXPortfolio", false},
                            {"acctCustType", "INDIVIDUAL"},
                            {"parent", std::move(parent)},
                            {"desc", id}};
  return reply;
}

json::array Api::ledger_rows(AccountId account) const {
  std::vector<std::string> currencies;
  const auto& balances = engine_.accounts()[account].balances;
  for (const auto& [asset, balance] : balances) {
    const bool is_position = [&, &asset = asset] {
      for (SymbolId id = 0; id < engine_.symbol_count(); ++id) {
        if (engine_.symbol(id).base == asset && contracts_.of(id).sec_type != "CASH") return true;
      }
      return false;
    }();
    if (!is_position) currencies.push_back(asset);
  }
  json::array rows;
  for (const std::string& currency : currencies) {
    Decimal unrealized, realized, stocks;
    for (const SymbolId id : held_symbols(account)) {
      const Symbol& rules = engine_.symbol(id);
      if (rules.quote != currency) continue;
      const Decimal value = times(total_of(balances.at(rules.base)), engine_.last_price(id));
      stocks = plus(stocks, value);
      const auto held = ledger_.holdings().find({account, id});
      if (held == ledger_.holdings().end()) continue;
      unrealized = plus(unrealized, minus(value, held->second.cost));
      realized = plus(realized, held->second.realized);
    }
    const Decimal cash = total_of(balances.at(currency));
    rows.push_back(json::object{{"currency", currency},
                                {"cashbalance", number(cash)},
                                {"settledcash", number(cash)},
                                {"stockmarketvalue", number(stocks)},
                                {"netliquidationvalue", number(plus(cash, stocks))},
                                {"unrealizedpnl", number(unrealized)},
                                {"realizedpnl", number(realized)}});
  }
  return rows;
}

Reply Api::portfolio_ledger(const Call& call) {
  if (!owns(call, call.ids.front())) return refused(400, "Account not found");
  json::object ledger;
  Reply reply;
  const auto ledger_of = [&](const json::object& row, const std::string& currency) {
    json::object shape{{"commoditymarketvalue", 0.0},
                       {"futuremarketvalue", 0.0},
                       {"settledcash", row.at("settledcash")},
                       {"exchangerate", 1},
                       {"sessionid", 1},
                       {"cashbalance", row.at("cashbalance")},
                       {"corporatebondsmarketvalue", 0.0},
                       {"warrantsmarketvalue", 0.0},
                       {"netliquidationvalue", row.at("netliquidationvalue")},
                       {"interest", 0.0},
                       {"unrealizedpnl", row.at("unrealizedpnl")},
                       {"stockmarketvalue", row.at("stockmarketvalue")},
                       {"moneyfunds", 0.0},
                       {"currency", currency},
                       {"realizedpnl", row.at("realizedpnl")},
                       {"funds", 0.0},
                       {"acctcode", call.user->account_id},
                       {"issueroptionsmarketvalue", 0.0},
                       {"key", "LedgerList"},
                       {"timestamp", now_() / 1'000'000},
                       {"severity", 0}};
    return shape;
  };
  json::object base{{"settledcash", 0.0},     {"cashbalance", 0.0},      {"netliquidationvalue", 0.0},
                    {"unrealizedpnl", 0.0},   {"stockmarketvalue", 0.0}, {"realizedpnl", 0.0}};
  for (const json::value& row : ledger_rows(call.account)) {
    const std::string currency{row.at("currency").get_string()};
    ledger[currency] = ledger_of(row.get_object(), currency);
    if (currency == "USD") base = row.get_object();  // what is in other currencies is not converted
  }
  ledger["BASE"] = ledger_of(base, "BASE");
  reply.body = std::move(ledger);
  return reply;
}

json::array Api::summary_values(AccountId account) const {
  const Decimal cash = value_in(account, "USD", false), all = value_in(account, "USD", true);
  const auto& balances = engine_.accounts()[account].balances;
  const auto usd = balances.find("USD");
  const Decimal free = usd == balances.end() ? Decimal{} : usd->second.free;
  json::array values;
  const auto add = [&](std::string_view name, Decimal amount) {
    values.push_back(json::object{{"name", name}, {"amount", number(amount)}, {"text", plain(amount)}});
  };
  add("netliquidation", all);
  add("totalcashvalue", cash);
  add("settledcash", cash);
  add("availablefunds", free);
  add("buyingpower", free);
  add("excessliquidity", free);
  add("equitywithloanvalue", all);
  add("grosspositionvalue", minus(all, cash));
  add("initmarginreq", {});
  add("maintmarginreq", {});
  add("cushion", Decimal{1, 0});
  return values;
}

Reply Api::portfolio_summary(const Call& call) {
  if (!owns(call, call.ids.front())) return refused(400, "Account not found");
  const auto entry = [&](const json::value& amount, const json::value& currency, const json::value& value) {
    return json::object{{"amount", amount},            {"currency", currency}, {"isNull", false},
                        {"timestamp", now_() / 1'000}, {"value", value},       {"severity", 0}};
  };
  json::object summary{{"accountcode", entry(0.0, nullptr, json::value(call.user->account_id))},
                       {"accounttype", entry(0.0, nullptr, "INDIVIDUAL")}};
  for (const json::value& value : summary_values(call.account)) {
    summary[value.at("name").get_string()] = entry(value.at("amount"), "USD", value.at("text"));
  }
  Reply reply;
  reply.body = std::move(summary);
  return reply;
}

Reply Api::account_summary(const Call& call) {
  if (!owns(call, call.ids.front())) return refused(400, "Account not found");
  json::object values;
  for (const json::value& value : summary_values(call.account)) values[value.at("name").get_string()] = value.at("amount");
  json::array cash;
  for (const json::value& row : ledger_rows(call.account)) {
    cash.push_back(json::object{{"currency", row.at("currency")},
                                {"balance", row.at("cashbalance")},
                                {"settledCash", row.at("settledcash")}});
  }
  Reply reply;
  reply.body = json::object{{"accountType", ""},
                            {"status", ""},
                            {"balance", values.at("totalcashvalue")},
                            {"SMA", 0.0},
                            {"buyingPower", values.at("buyingpower")},
                            {"availableFunds", values.at("availablefunds")},
                            {"excessLiquidity", values.at("excessliquidity")},
                            {"netLiquidationValue", values.at("netliquidation")},
                            {"equityWithLoanValue", values.at("equitywithloanvalue")},
                            {"regTLoan", 0.0},
                            {"securitiesGVP", values.at("grosspositionvalue")},
                            {"totalCashValue", values.at("totalcashvalue")},
                            {"accruedInterest", 0.0},
                            {"regTMargin", 0.0},
                            {"initialMargin", 0.0},
                            {"maintenanceMargin", 0.0},
                            {"cashBalances", std::move(cash)}};
  return reply;
}

json::object Api::position_shape(AccountId account, SymbolId symbol, std::string_view account_id) const {
  const Contract& contract = contracts_.of(symbol);
  const Symbol& rules = engine_.symbol(symbol);
  const auto& balances = engine_.accounts()[account].balances;
  const auto found = balances.find(rules.base);
  const Decimal qty = found == balances.end() ? Decimal{} : total_of(found->second);
  const Decimal price = engine_.last_price(symbol), value = times(price, qty);
  const auto known = ledger_.holdings().find({account, symbol});
  const Holding held = known == ledger_.holdings().end() ? Holding{qty, value, {}} : known->second;
  const Decimal average =
      held.qty.is_zero() ? Decimal{} : divide(held.cost, held.qty, places_max, Round::Nearest).value_or(Decimal{});
  return {{"acctId", account_id},
          {"conid", contract.conid},
          {"contractDesc", contract.symbol},
          {"position", number(qty)},
          {"mktPrice", number(price)},
          {"mktValue", number(value)},
          {"currency", rules.quote},
          {"avgCost", number(average)},
          {"avgPrice", number(average)},
          {"realizedPnl", number(held.realized)},
          {"unrealizedPnl", number(minus(value, times(average, qty)))},
          {"exchs", nullptr},
          {"expiry", contract.expiry.empty() ? json::value(nullptr) : json::value(contract.expiry)},
          {"putOrCall", nullptr},
          {"multiplier", number(Decimal{contract.multiplier, 0})},
          {"strike", "0"},
          {"exerciseStyle", nullptr},
          {"conExchMap", json::array{}},
          {"assetClass", contract.sec_type},
          {"undConid", contract.underlying_conid},
          {"model", ""},
          {"ticker", contract.ticker()},
          {"name", contract.name},
          {"isUS", contract.is_us()},
          {"isEventContract", false},
          {"fullName", contract.symbol},
          {"listingExchange", contract.exchange},
          {"countryCode", contract.country},
          {"type", contract.sec_type == "STK" ? json::value("COMMON") : json::value(nullptr)},
          {"hasOptions", false},
          {"pageSize", page_size}};
}

Reply Api::positions(const Call& call) {
  if (!owns(call, call.ids.front())) return refused(400, "Account not found");
  const std::string& page = call.ids[1];
  if (page.size() > 6 || page.find_first_not_of("0123456789") != std::string::npos) return refused(400, "invalid page");
  const auto held = held_symbols(call.account);
  json::array list;
  const std::size_t first = std::stoul(page) * page_size;
  for (std::size_t i = first; i < std::min(first + page_size, held.size()); ++i) {
    list.push_back(position_shape(call.account, held[i], call.user->account_id));
  }
  Reply reply;
  reply.body = std::move(list);
  return reply;
}

// The newer way, with other names.
Reply Api::positions_anew(const Call& call) {
  if (!owns(call, call.ids.front())) return refused(400, "Account not found");
  json::array list;
  for (const SymbolId symbol : held_symbols(call.account)) {
    const json::object old = position_shape(call.account, symbol, call.user->account_id);
    list.push_back(json::object{{"position", old.at("position")},
                                {"conid", std::to_string(contracts_.of(symbol).conid)},
                                {"avgCost", old.at("avgCost")},
                                {"avgPrice", old.at("avgPrice")},
                                {"currency", old.at("currency")},
                                {"description", old.at("contractDesc")},
                                {"isLastToLoq", false},
                                {"marketPrice", old.at("mktPrice")},
                                {"marketValue", old.at("mktValue")},
                                {"realizedPnl", old.at("realizedPnl")},
                                {"secType", old.at("assetClass")},
                                {"timestamp", now_() / 1'000'000},
                                {"unrealizedPnl", old.at("unrealizedPnl")},
                                {"assetClass", old.at("assetClass")},
                                {"sector", nullptr},
                                {"group", nullptr},
                                {"model", ""}});
  }
  Reply reply;
  reply.body = std::move(list);
  return reply;
}

Reply Api::position(const Call& call) {
  if (!owns(call, call.ids.front())) return refused(400, "Account not found");
  json::array list;
  for (const SymbolId symbol : held_symbols(call.account)) {
    if (std::to_string(contracts_.of(symbol).conid) == call.ids[1]) {
      list.push_back(position_shape(call.account, symbol, call.user->account_id));
    }
  }
  Reply reply;
  reply.body = std::move(list);
  return reply;
}

Reply Api::positions_by_conid(const Call& call) {
  Call of_account = call;
  of_account.ids = {call.user->account_id, call.ids.front()};
  Reply reply;
  reply.body = json::object{{call.user->account_id, position(of_account).body}};
  return reply;
}

Reply Api::invalidate_positions(const Call& call) {
  if (!owns(call, call.ids.front())) return refused(400, "Account not found");
  Reply reply;
  reply.body = json::object{{"message", "success"}};
  return reply;
}

json::object Api::profit_and_loss(AccountId account) const {
  Decimal unrealized, value;
  for (const SymbolId symbol : held_symbols(account)) {
    if (engine_.symbol(symbol).quote != "USD") continue;
    const auto& balances = engine_.accounts()[account].balances;
    const Decimal worth = times(total_of(balances.at(engine_.symbol(symbol).base)), engine_.last_price(symbol));
    const auto held = ledger_.holdings().find({account, symbol});
    value = plus(value, worth);
    if (held != ledger_.holdings().end()) unrealized = plus(unrealized, minus(worth, held->second.cost));
  }
  const Decimal all = value_in(account, "USD", true);
  return {{"rowType", 1},
          {"dpl", number(unrealized)},
          {"nl", number(all)},
          {"upl", number(unrealized)},
          {"el", number(value_in(account, "USD", false))},
          {"uel", number(value_in(account, "USD", false))},
          {"mv", number(value)}};
}

Reply Api::partitioned_pnl(const Call& call) {
  Reply reply;
  reply.body =
      json::object{{"upnl", json::object{{call.user->account_id + ".Core", profit_and_loss(call.account)}}}};
  return reply;
}

}  // namespace busbar::venue::ibkr
