#include "gateways/ibkr/instruments.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace busbar::ibkr {

namespace {

constexpr std::size_t named_most = 6;

struct Market {
  std::string_view mic;
  std::string_view exchange;
};
// IBKR's names for exchanges; some have several.
constexpr Market markets[] = {
    {"XNAS", "NASDAQ"}, {"XNYS", "NYSE"},   {"ARCX", "ARCA"},  {"XASE", "AMEX"},  {"BATS", "BATS"},   {"XNSE", "NSE"},
    {"XBOM", "BSE"},    {"XLON", "LSE"},    {"XLON", "LSEETF"}, {"XETR", "IBIS"}, {"XETR", "IBIS2"},  {"XFRA", "FWB"},
    {"XPAR", "SBF"},    {"XAMS", "AEB"},    {"XBRU", "ENEXT.BE"}, {"XLIS", "BVL"}, {"XMIL", "BVME"},  {"XMAD", "BM"},
    {"XSWX", "EBS"},    {"XVTX", "VIRTX"},  {"XWBO", "VSE"},   {"XSTO", "SFB"},   {"XCSE", "CPH"},    {"XHEL", "HEX"},
    {"XOSL", "OSE"},    {"XWAR", "WSE"},    {"XTSE", "TSE"},   {"XTSX", "VENTURE"}, {"XMEX", "MEXI"}, {"XTKS", "TSEJ"},
    {"XHKG", "SEHK"},   {"XSES", "SGX"},    {"XASX", "ASX"},   {"XKRX", "KSE"},   {"XTAE", "TASE"},
};

bool fits(std::string_view text) {
  return !text.empty() && text.size() <= Symbol{}.max_size() &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != ','; });
}

std::optional<std::int64_t> conid_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc{} && end == text.data() + text.size() && number > 0;
  return is_number ? std::optional{number} : std::nullopt;
}

std::string shown(const SecDef& secdef) {
  std::string text = std::to_string(secdef.conid) + " (" + secdef.asset_class + " " + secdef.ticker + " " +
                     secdef.listing_exchange + " " + secdef.currency;
  if (!secdef.name.empty()) text.append(", ").append(secdef.name);
  return text + ")";
}

Error none_or_many(const Wanted& wanted, std::string_view what, const std::vector<std::string>& candidates) {
  const std::string name{view(wanted.symbol)};
  if (candidates.empty()) return {ErrorCode::InvalidSymbol, name + ": IBKR has none such"};
  std::string text = name + std::string{what};
  for (std::size_t i = 0; i < std::min(candidates.size(), named_most); ++i) {
    text.append(i == 0 ? ": " : ", ").append(candidates[i]);
  }
  if (candidates.size() > named_most) text += ", and " + std::to_string(candidates.size() - named_most) + " more";
  return {ErrorCode::InvalidSymbol, text + "; \"" + name + "@NUMBER\" says which"};
}

}  // namespace

Result<Wanted> wanted_of(std::string_view symbol) {
  const auto refuse = [&](std::string_view why) {
    return Error{ErrorCode::InvalidSymbol, "\"" + std::string{symbol} + "\" " + std::string{why}};
  };
  Wanted wanted;
  if (const std::size_t at = symbol.find('@'); at != std::string_view::npos) {
    const auto conid = conid_in(symbol.substr(at + 1));
    if (!conid) return refuse("has no number of a contract behind the @");
    wanted.conid = *conid;
    symbol = symbol.substr(0, at);
  }
  if (!fits(symbol)) return refuse("is no symbol: 1 to 32 printable letters, without commas");
  wanted.symbol = cut<32>(symbol);
  wanted.ticker = symbol;
  if (wanted.conid != 0) return wanted;
  if (const std::size_t slash = symbol.find('/'); slash != std::string_view::npos) {
    wanted.ticker = symbol.substr(0, slash);
    wanted.currency = symbol.substr(slash + 1);
    if (wanted.ticker.empty() || wanted.currency.empty()) return refuse("is no pair");
    return wanted;
  }
  const std::size_t dot = symbol.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return wanted;
  for (const Market& market : markets) {
    if (market.mic == symbol.substr(dot + 1)) wanted.exchanges.emplace_back(market.exchange);
  }
  if (!wanted.exchanges.empty()) wanted.ticker = symbol.substr(0, dot);
  return wanted;
}

std::vector<std::string> spellings_of(const Wanted& wanted) {
  std::vector<std::string> spellings(1, wanted.ticker);
  std::string spaced = wanted.ticker;
  std::ranges::replace(spaced, '.', ' ');
  if (spaced != wanted.ticker) spellings.push_back(std::move(spaced));
  return spellings;
}

std::vector<std::int64_t> candidates_in(const Wanted& wanted, const std::vector<StockList>& stocks) {
  const auto spellings = spellings_of(wanted);
  std::set<std::int64_t> conids;
  for (const StockList& list : stocks) {
    if (std::ranges::find(spellings, list.symbol) == spellings.end()) continue;
    for (const Company& company : list.companies) {
      for (const Listing& listing : company.listings) {
        const bool is_meant = wanted.exchanges.empty()
                                  ? listing.is_us
                                  : std::ranges::find(wanted.exchanges, listing.exchange) != wanted.exchanges.end();
        if (is_meant) conids.insert(listing.conid);
      }
    }
  }
  return {conids.begin(), conids.end()};
}

std::vector<std::int64_t> candidates_in(const Wanted&, const std::vector<SearchMatch>& matches) {
  std::set<std::int64_t> conids;
  for (const SearchMatch& match : matches) {
    const bool is_pair = std::ranges::any_of(
        match.sec_types, [](const std::string& type) { return type == "CASH" || type == "CRYPTO"; });
    if (is_pair && match.conid > 0) conids.insert(match.conid);
  }
  return {conids.begin(), conids.end()};
}

Result<SecDef> choose(const Wanted& wanted, const std::vector<SecDef>& candidates) {
  const auto spellings = spellings_of(wanted);
  const auto is_meant = [&](const SecDef& secdef) {
    if (wanted.conid != 0) return secdef.conid == wanted.conid;
    if (wanted.is_pair()) {
      return (secdef.asset_class == "CASH" || secdef.asset_class == "CRYPTO") && secdef.ticker == wanted.ticker &&
             secdef.currency == wanted.currency;
    }
    return secdef.asset_class == "STK" && std::ranges::find(spellings, secdef.ticker) != spellings.end();
  };
  std::vector<const SecDef*> meant;
  for (const SecDef& candidate : candidates) {
    if (is_meant(candidate)) meant.push_back(&candidate);
  }
  if (meant.size() == 1) return *meant.front();
  std::vector<std::string> named;
  for (const SecDef* candidate : meant) named.push_back(shown(*candidate));
  return none_or_many(wanted, " is ambiguous", named);
}

Error futures_instead(const Wanted& wanted, const std::vector<Future>& futures) {
  std::vector<std::string> named;
  for (const Future& future : futures) named.push_back(std::to_string(future.conid) + " (until " + future.expiry + ")");
  return none_or_many(wanted, " is no stock, and there are futures", named);
}

}  // namespace busbar::ibkr
