#include "gateways/ibkr/hours.hpp"

#include <algorithm>
#include <string>

#include "gateways/framework/words.hpp"

namespace busbar::ibkr {

namespace {

bool is_same(const std::vector<TradingSession>& one, const std::vector<TradingSession>& other) {
  return std::ranges::equal(one, other, [](const TradingSession& a, const TradingSession& b) {
    return a.kind == b.kind && a.open_ns == b.open_ns && a.close_ns == b.close_ns;
  });
}

}  // namespace

std::vector<TradingSession> sessions_of(const TradingHours& said) {
  std::vector<TradingSession> sessions;
  std::vector<TradingSpan> regular = said.liquid;
  std::ranges::sort(regular, {}, &TradingSpan::open_ns);
  for (const TradingSpan& span : regular) {
    sessions.push_back({TradingSessionKind::Regular, span.open_ns, span.close_ns});
  }
  for (const TradingSpan& span : said.extended) {
    Timestamp open_ns = span.open_ns;
    const auto add_until = [&](Timestamp close_ns) {
      if (open_ns < close_ns) sessions.push_back({TradingSessionKind::Extended, open_ns, close_ns});
    };
    for (const TradingSpan& within : regular) {
      if (within.close_ns <= open_ns || within.open_ns >= span.close_ns) continue;
      add_until(within.open_ns);
      open_ns = within.close_ns;
    }
    add_until(span.close_ns);
  }
  std::ranges::sort(sessions, {}, &TradingSession::open_ns);
  return sessions;
}

Name market_of(std::vector<MarketHours>& markets, std::string_view exchange, std::int64_t conid,
               std::vector<TradingSession> sessions) {
  const std::string number = std::to_string(conid);
  const std::string names[] = {exchange.empty() ? number : std::string{exchange}, std::string{exchange} + "@" + number};
  for (const std::string& name : names) {
    const Name market = gateway::printable<32>(name);
    const auto known = std::ranges::find(markets, market, &MarketHours::market);
    if (known == markets.end()) {
      markets.push_back({market, std::move(sessions)});
      return market;
    }
    if (is_same(known->sessions, sessions)) return market;
  }
  return gateway::printable<32>(number);  // one contract, told twice with other hours: it has none
}

}  // namespace busbar::ibkr
