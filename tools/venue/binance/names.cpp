#include "tools/venue/binance/names.hpp"

namespace busbar::venue::binance {

// The reject reason of an execution report.
std::string_view name_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::InsufficientBalance: return "INSUFFICIENT_BALANCES";
    case Refusal::WouldTriggerImmediately: return "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY";
    case Refusal::WouldMatchImmediately: return "WOULD_MATCH_IMMEDIATELY";
    case Refusal::BadPrices: return "OCO_BAD_PRICES";
    default: return "NONE";
  }
}

ApiError error_of(Refusal refusal, Action action) {
  const int code = action == Action::Cancel ? -2011 : action == Action::Amend ? -2038 : -2010;
  return {code, std::string{text_of(refusal)}};
}

}  // namespace busbar::venue::binance
