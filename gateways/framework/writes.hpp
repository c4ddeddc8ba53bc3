#pragma once
// What becomes of writes, as far as brokers are alike: of one that was refused, of an answer that nobody understands, and of
// a replace that cancels and places. How an answer is judged is the broker's.

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include <spdlog/spdlog.h>

#include "gateways/framework/facts.hpp"
#include "gateways/framework/rest_line.hpp"
#include "gateways/framework/words.hpp"

namespace busbar::gateway {

// `judged` is a broker's own: a verdict, our word for it, and what the broker said.
template <class Judged>
bool is_done(const Sent& sent, const Judged& judged) {
  return sent.http.outcome == HttpOutcome::Answered && judged.verdict == decltype(judged.verdict)::Ok;
}

template <class Judged>
Facts failed(const Command& command, const Sent& sent, VenueEvent refused, const Judged& judged) {
  using Verdict = decltype(judged.verdict);
  const std::string status = std::to_string(sent.http.status);
  const Refusal said{.is_unknown = judged.verdict == Verdict::Unknown || judged.verdict == Verdict::Ok,
                     .error = judged.error,
                     .text = judged.broker ? explained(*judged.broker) : "HTTP " + status,
                     .broker_code = judged.broker ? code_of(*judged.broker) : "HTTP" + status};
  return failed(command, sent, refused, said);
}

// It was taken, and we do not know what was said about it: that is asked for. Whoever answers may mix things up, and what is
// said about another order is no answer.
template <class T>
Facts not_understood(const Command& command, const Sent& sent, std::string_view to_what, const Result<T>& answer) {
  spdlog::error("{}: answer to {}: {}", view(command.account), to_what, answer ? "another order's" : answer.error().text);
  const std::string status = std::to_string(sent.http.status);
  return failed(command, sent, VenueEvent::Unknown, Refusal{.text = "HTTP " + status, .broker_code = "HTTP" + status});
}

// A broker's no to a preview, which is an answer, too; nullopt for what says nothing of the order.
inline std::optional<Preview> refused_preview(const Error& error) {
  using enum ErrorCode;
  constexpr ErrorCode of_the_order[] = {InsufficientFunds, InvalidSymbol, MarketClosed, OrderRejected, InvalidOrder, Unsupported,
                                        RiskLimit};
  if (std::ranges::find(of_the_order, error.code) == std::end(of_the_order)) return std::nullopt;
  Preview preview;
  preview.error = error.code;
  preview.reason = words_of(error.text);
  return preview;
}

// The old order's cancel has begun, and the new one is not placed.
inline Facts replace_refused(const Command& command, Timestamp cancel_time_ns, const Error& why) {
  VenueReport fact = make_fact(command, VenueEvent::ReplaceRejected, why.code, why.text);
  fact.broker_order_id = {};
  fact.request_time_ns = cancel_time_ns;
  return Facts(1, std::move(fact));
}
// It may end a moment from now.
inline Facts cancel_takes_long(const Command& command, Timestamp cancel_time_ns) {
  return replace_refused(command, cancel_time_ns,
                         {ErrorCode::UnknownOutcome, "the cancel of the old order takes long: nothing was placed"});
}

// The old order was canceled by us, under the name that it had.
inline void put_end_of_old(Facts& facts, const ReplaceCommand& command) {
  VenueReport& state = facts.back();
  state.venue_order_id = command.orig_venue_order_id;
  if (state.order_status == OrderStatus::Canceled) state.event = VenueEvent::Canceled;
}

// What was left of an order of this size at the moment of the cancel, more or less by what it shall be more or less; or why
// nothing is placed. The absence rule counts from the expiry.
inline Result<Decimal> left_to_place(const ReplaceCommand& command, const std::optional<Decimal>& size,
                                     const std::optional<Decimal>& filled, Timestamp broker_time_ns) {
  const auto unfilled = size && filled ? subtract(*size, *filled) : std::nullopt;
  const auto change = subtract(*command.order.order_qty, *command.orig_order_qty);
  const auto left = unfilled && change ? add(*unfilled, *change) : std::nullopt;
  if (!left || !left->is_positive()) return Error{ErrorCode::OrderRejected, "the order ended before it could be replaced"};
  if (command.command.expire_time_ns != 0 && broker_time_ns > command.command.expire_time_ns) {
    return Error{ErrorCode::Expired, "the cancel took longer than the replace was good for: what was left is not placed"};
  }
  return *left;
}

}  // namespace busbar::gateway
