#include "gateways/ibkr/hours.hpp"

#include <algorithm>
#include <string>

#include "gateways/framework/words.hpp"

namespace busbar::ibkr {

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

Name market_of(std::string_view exchange, std::int64_t conid) {
  const std::string number = std::to_string(conid);
  return gateway::printable<32>(exchange.empty() ? number : std::string{exchange} + "@" + number);
}

}  // namespace busbar::ibkr
