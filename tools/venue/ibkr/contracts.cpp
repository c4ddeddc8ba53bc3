#include "tools/venue/ibkr/contracts.hpp"

#include <algorithm>
#include <array>

#include "tools/venue/ibkr/numbers.hpp"

namespace busbar::venue::ibkr {
namespace {

namespace json = boost::json;

// DEC26 of 20261218.
std::string month_of(std::string_view expiry) {
  constexpr std::array<std::string_view, 12> names{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                   "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
  if (expiry.size() != 8) return {};
  const int month = (expiry[4] - '0') * 10 + (expiry[5] - '0');
  if (month < 1 || month > 12) return {};
  return std::string{names[static_cast<std::size_t>(month - 1)]} + std::string{expiry.substr(2, 2)};
}

std::string upper(std::string_view text) {
  std::string result{text};
  for (char& c : result) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return result;
}

json::value text_or_null(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

}  // namespace

int places_of(Decimal tick) { return std::max(0, -tick.normalized().exponent()); }

std::optional<SymbolId> Contracts::find(std::int64_t conid) const {
  for (SymbolId id = 0; id < all_.size(); ++id) {
    if (all_[id].conid == conid) return id;
  }
  return std::nullopt;
}

// A company for each name, with its listings.
json::object Contracts::stocks(const std::vector<std::string>& symbols) const {
  json::object answer;
  for (const std::string& wanted : symbols) {
    json::array companies;
    for (const Contract& contract : all_) {
      if (contract.sec_type != "STK" || contract.symbol != wanted) continue;
      json::object listing{{"conid", contract.conid}, {"exchange", contract.exchange}, {"isUS", contract.is_us()}};
      const auto known = std::find_if(companies.begin(), companies.end(), [&](const json::value& company) {
        return company.at("name") == json::value(contract.name);
      });
      if (known != companies.end()) {
        known->at("contracts").as_array().push_back(std::move(listing));
        continue;
      }
      companies.push_back(json::object{{"name", contract.name},
                                       {"chineseName", nullptr},
                                       {"assetClass", "STK"},
                                       {"contracts", json::array(1, std::move(listing))}});
    }
    answer[wanted] = std::move(companies);
  }
  return answer;
}

json::object Contracts::futures(const std::vector<std::string>& symbols) const {
  json::object answer;
  for (const std::string& wanted : symbols) {
    json::array months;
    for (const Contract& contract : all_) {
      if (contract.sec_type != "FUT" || contract.underlying != wanted) continue;
      const std::int64_t date = std::stoll(contract.expiry);
      months.push_back(json::object{{"symbol", wanted},
                                    {"conid", contract.conid},
                                    {"underlyingConid", contract.underlying_conid},
                                    {"expirationDate", date},
                                    {"ltd", date},
                                    {"shortFuturesCutOff", date},
                                    {"longFuturesCutOff", date}});
    }
    answer[wanted] = std::move(months);
  }
  return answer;
}

json::array Contracts::search(std::string_view symbol, bool by_name, std::string_view sec_type) const {
  json::array found;
  std::vector<std::string> underlyings;
  for (const Contract& contract : all_) {
    const bool is_future = contract.sec_type == "FUT";
    const std::string& shown = is_future ? contract.underlying : contract.symbol;
    const bool matches = by_name ? upper(contract.name).find(upper(symbol)) != std::string::npos
                                 : upper(shown) == upper(symbol) || upper(contract.ticker()) == upper(symbol);
    if (!matches || (!sec_type.empty() && sec_type != contract.sec_type && !(is_future && sec_type == "IND"))) continue;
    json::object section{{"secType", contract.sec_type}};
    std::int64_t conid = contract.conid;
    if (is_future) {  // one entry for all its months
      if (std::find(underlyings.begin(), underlyings.end(), shown) != underlyings.end()) continue;
      underlyings.push_back(shown);
      std::string months;
      for (const Contract& other : all_) {
        if (other.underlying == shown) months.append(months.empty() ? "" : ";").append(month_of(other.expiry));
      }
      section["months"] = months;
      section["exchange"] = contract.exchange;
      conid = contract.underlying_conid;
    }
    found.push_back(json::object{{"conid", std::to_string(conid)},
                                 {"companyHeader", contract.name + " - " + contract.exchange},
                                 {"companyName", contract.name},
                                 {"symbol", shown},
                                 {"description", contract.exchange},
                                 {"restricted", nullptr},
                                 {"sections", json::array(1, std::move(section))}});
  }
  return found;
}

json::object Contracts::definition(SymbolId symbol) const {
  const Contract& contract = all_[symbol];
  const Symbol& rules = engine_.symbol(symbol);
  json::object increment{{"lowerEdge", 0.0}, {"increment", number(rules.tick)}};
  return {{"conid", contract.conid},
          {"currency", rules.quote},
          {"name", contract.name},
          {"assetClass", contract.sec_type},
          {"expiry", text_or_null(contract.expiry)},
          {"lastTradingDay", text_or_null(contract.expiry)},
          {"group", nullptr},
          {"putOrCall", nullptr},
          {"sector", nullptr},
          {"sectorGroup", nullptr},
          {"strike", "0"},
          {"ticker", contract.sec_type == "FUT" ? contract.underlying : contract.ticker()},
          {"undConid", contract.underlying_conid},
          {"multiplier", number(Decimal{contract.multiplier, 0})},
          {"type", contract.sec_type == "STK" ? json::value("COMMON") : json::value(nullptr)},
          {"hasOptions", false},
          {"fullName", contract.symbol},
          {"isUS", contract.is_us()},
          {"isEventContract", false},
          {"incrementRules", json::array(1, std::move(increment))},
          {"listingExchange", contract.exchange},
          {"countryCode", contract.country}};
}

json::object Contracts::info(SymbolId symbol) const {
  const Contract& contract = all_[symbol];
  const bool is_stock = contract.sec_type == "STK";
  return {{"cfi_code", ""},
          {"symbol", contract.sec_type == "FUT" ? contract.underlying : contract.ticker()},
          {"cusip", nullptr},
          {"expiry_full", text_or_null(contract.expiry)},
          {"con_id", contract.conid},
          {"maturity_date", text_or_null(contract.expiry)},
          {"instrument_type", contract.sec_type},
          {"has_related_contracts", false},
          {"trading_class", contract.symbol},
          {"valid_exchanges", is_stock && contract.is_us() ? "SMART," + contract.exchange : contract.exchange},
          {"allow_sell_long", false},
          {"is_zero_commission_security", false},
          {"local_symbol", contract.symbol},
          {"contract_clarification_type", nullptr},
          {"classifier", nullptr},
          {"currency", engine_.symbol(symbol).quote},
          {"text", nullptr},
          {"underlying_con_id", contract.underlying_conid},
          {"r_t_h", is_stock},
          {"multiplier",
           contract.multiplier == 0 ? json::value(nullptr) : json::value(std::to_string(contract.multiplier))},
          {"underlying_issuer", nullptr},
          {"contract_month", text_or_null(contract.expiry.substr(0, 6))},
          {"company_name", contract.name},
          {"smart_available", is_stock},
          {"exchange", is_stock ? "SMART" : contract.exchange}};
}

json::object Contracts::section_info(SymbolId symbol) const {
  const Contract& contract = all_[symbol];
  return {{"conid", contract.conid},
          {"symbol", contract.sec_type == "FUT" ? contract.underlying : contract.ticker()},
          {"secType", contract.sec_type},
          {"exchange", contract.exchange},
          {"listingExchange", contract.listing_exchange()},
          {"right", "?"},
          {"strike", 0.0},
          {"currency", engine_.symbol(symbol).quote},
          {"cusip", nullptr},
          {"coupon", "No Coupon"},
          {"desc1", contract.symbol},
          {"desc2", month_of(contract.expiry)},
          {"maturityDate", text_or_null(contract.expiry)},
          {"multiplier", std::to_string(contract.multiplier)},
          {"tradingClass", contract.symbol},
          {"validExchanges", contract.exchange}};
}

json::object Contracts::trading_rules(SymbolId symbol, std::string_view account_id, Decimal price) const {
  const Contract& contract = all_[symbol];
  const Symbol& rules = engine_.symbol(symbol);
  const bool is_stock = contract.sec_type == "STK", has_outside = is_stock && contract.is_us();
  json::array outside;
  if (has_outside) outside = {"limit", "stop_limit"};
  const auto whole_or_not = [](Decimal value) {  // 100, and 0.0001
    if (value.normalized().exponent() < 0) return number(value);
    return json::value(std::stoll(plain(value)));
  };
  json::object increment{{"lowerEdge", 0.0}, {"increment", number(rules.tick)}};
  return {{"algoEligible", is_stock},
          {"allOrNoneEligible", false},
          {"overnightEligible", false},
          {"costReport", false},
          {"canTradeAcctIds", json::array(1, json::value(account_id))},
          {"error", nullptr},
          {"orderTypes", json::array{"limit", "market", "stop", "stop_limit", "trailing_stop"}},
          {"ibAlgoTypes", json::array{}},
          {"fraqTypes", json::array{}},
          {"forceOrderPreview", false},
          {"cqtTypes", contract.sec_type == "CRYPTO" ? json::array{"market"} : json::array{}},
          {"orderDefaults", json::object{{"LMT", json::object{{"LP", plain(price)}}}}},
          {"orderTypesOutside", std::move(outside)},
          {"defaultSize", whole_or_not(is_stock ? Decimal{100, 0} : rules.qty_min)},
          {"cashSize", 0.0},
          {"sizeIncrement", whole_or_not(rules.step)},
          {"tifTypes", has_outside ? json::array{"IOC/MARKET,LIMIT", "DAY/o", "GTC/o", "OPG/LIMIT,MARKET"}
                                   : json::array{"IOC/MARKET,LIMIT", "DAY", "GTC"}},
          {"tifDefaults", json::object{{"TIF", "DAY"}, {"SIZE", is_stock ? "100.00" : "1.00"}}},
          {"limitPrice", number(price)},
          {"stopprice", number(price)},
          {"orderOrigination", nullptr},
          {"preview", true},
          {"displaySize", nullptr},
          {"fraqInt", places_of(rules.step)},
          {"cashCcy", rules.quote},
          {"cashQtyIncr", nullptr},
          {"priceMagnifier", nullptr},
          {"negativeCapable", false},
          {"incrementType", 1},
          {"incrementRules", json::array(1, std::move(increment))},
          {"hasSecondary", is_stock},
          {"increment", number(rules.tick)},
          {"incrementDigits", places_of(rules.tick)}};
}

json::array Contracts::conids(std::string_view exchange) const {
  json::array list;
  for (const Contract& contract : all_) {
    if (contract.sec_type == "STK" && contract.exchange == exchange) {
      list.push_back(
          json::object{{"ticker", contract.symbol}, {"conid", contract.conid}, {"exchange", contract.exchange}});
    }
  }
  return list;
}

}  // namespace busbar::venue::ibkr
