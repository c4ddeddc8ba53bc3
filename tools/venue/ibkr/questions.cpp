#include "tools/venue/ibkr/questions.hpp"

#include <algorithm>

#include "tools/venue/amount.hpp"
#include "tools/venue/ibkr/numbers.hpp"

namespace busbar::venue::ibkr {
namespace {

namespace json = boost::json;

Decimal value_of(const Wanted& wanted, Decimal market) {
  const Decimal price = wanted.order.price.is_zero() ? market : wanted.order.price;
  return times(price, wanted.order.qty);
}

bool is_worse_by(Decimal price, Decimal market, Decimal percent, Side side) {
  const Decimal allowance = times(market, times(percent, Decimal{1, -2}));
  return side == Side::Buy ? price > plus(market, allowance) : price < minus(market, allowance);
}

bool is_stop_order(const Wanted& wanted) { return venue::is_stop(wanted.order.type); }

std::string ending() { return "\nAre you sure you want to submit this order?"; }

}  // namespace

std::vector<std::string> questions_about(const Wanted& wanted, const QuestionRules& rules, Decimal market) {
  const NewOrder& order = wanted.order;
  std::vector<std::string> found;
  for (const std::string& id : rules.asked) {
    const bool is_due = id == "o163"     ? !market.is_zero() && !order.price.is_zero() && !is_stop_order(wanted) &&
                                           is_worse_by(order.price, market, rules.price_percent, order.side)
                        : id == "o383"   ? order.qty > rules.size_max
                        : id == "o451"   ? value_of(wanted, market) > rules.value_max
                        : id == "o10151" ? order.type == OrderType::Market
                        : id == "o10152" ? is_stop_order(wanted)
                        : id == "o10164" ? !order.quote_qty.is_zero()
                        : id == "o403"   ? !market.is_zero() && !order.price.is_zero() &&
                                           !is_worse_by(market, order.price, {}, order.side)
                                         : id == "o354";
    if (is_due) found.push_back(id);
  }
  return found;
}

std::string text_of_question(std::string_view id, const Wanted& wanted, const QuestionRules& rules) {
  const std::string what = std::string{wanted.order.side == Side::Buy ? "BUY " : "SELL "} + plain(wanted.order.qty) +
                           ' ' + wanted.ticker + ' ' + wanted.listing_exchange;
  if (id == "o163") {
    return "The following order \"" + what + " @ " + plain(wanted.order.price) +
           "\" price exceeds \nthe Percentage constraint of " + plain(rules.price_percent) + "%." + ending();
  }
  if (id == "o354") {
    return "You are submitting an order without market data. We strongly recommend against this as it may result in "
           "erroneous and unexpected trades." +
           ending();
  }
  if (id == "o382") return "The following order \"" + what + "\" exceeds the Tick Size Limit of 500." + ending();
  if (id == "o383") {
    return "The following order \"" + what + "\" size exceeds the Size Limit of " + with_commas(rules.size_max, 0) +
           '.' + ending();
  }
  if (id == "o403") return "This order will most likely trigger and fill immediately." + ending();
  if (id == "o451") {
    return "The following order \"" + what + "\" value estimate of " +
           with_commas(times(wanted.order.price, wanted.order.qty), 2) + ' ' + wanted.currency +
           " exceeds \nthe Total Value Limit of " + with_commas(rules.value_max, 0) + ' ' + wanted.currency + '.' +
           ending();
  }
  if (id == "o10138") return "The following order size modification exceeds the size modification limit." + ending();
  if (id == "o10151") {
    return "<h4>Market Order Confirmation</h4>A Market Order is an instruction to trade your order at any available price "
           "in the marketplace. It is not guaranteed a specific execution price." +
           ending();
  }
  if (id == "o10152") {
    return "<h4>Stop Variant Order Confirmation</h4>A Stop Order - i.e. a Stop (Market) Order - is an instruction to buy or sell "
           "at the market price once your trigger (\"stop\") price is reached." +
           ending();
  }
  if (id == "o10164") {
    return "Traders are responsible for understanding cash quantity details, which are provided on a best efforts basis "
           "only.";
  }
  if (id == "o10331") return "You are about to submit a stop order. Please be aware of the various stop order types available and "
                                "the risks associated with each one." + ending();
  return "This is question " + std::string{id} + " about \"" + what + "\"." + ending();
}

json::array question_shape(const Conversation& conversation, const QuestionRules& rules) {
  const std::string& id = conversation.questions.front();
  const std::string text = text_of_question(id, conversation.orders.front(), rules);
  return json::array(1, json::object{{"id", conversation.reply_id},
                                     {"message", json::array(1, json::value(text))},
                                     {"isSuppressed", false},
                                     {"messageIds", json::array(1, json::value(id))},
                                     {"messageOptions", json::array{"Yes", "No"}}});
}

}  // namespace busbar::venue::ibkr
