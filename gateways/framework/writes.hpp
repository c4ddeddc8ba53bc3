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

// What was left at the moment of the cancel, more or less by what the order shall be more or less.
inline std::optional<Decimal> left_to_place(const ReplaceCommand& command, const std::optional<Decimal>& size,
                                            const std::optional<Decimal>& filled) {
  const auto unfilled = size && filled ? subtract(*size, *filled) : std::nullopt;
  const auto change = subtract(*command.order.order_qty, *command.orig_order_qty);
  return unfilled && change ? add(*unfilled, *change) : std::nullopt;
}

// Of its second half. The first was done meanwhile, and the absence rule counts from the expiry.
inline bool is_too_late(const Command& command, Timestamp broker_time_ns) {
  return command.expire_time_ns != 0 && broker_time_ns > command.expire_time_ns;
}
inline constexpr std::string_view too_late_to_place =
    "the cancel took longer than the replace was good for: what was left is not placed";

}  // namespace busbar::gateway
