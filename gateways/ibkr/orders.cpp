// What an IBKR account does about orders: places them and answers what is asked about them, cancels, replaces, looks for them.
#include <algorithm>
#include <functional>

#include <spdlog/spdlog.h>

#include "gateways/framework/words.hpp"
#include "gateways/framework/writes.hpp"
#include "gateways/ibkr/adapter.hpp"
#include "gateways/ibkr/brackets.hpp"
#include "gateways/ibkr/encode.hpp"
#include "gateways/ibkr/errors.hpp"

namespace busbar::ibkr {

namespace {

using gateway::about;
using gateway::About;
using gateway::Facts;
using gateway::is_final;
using gateway::make_fact;
using gateway::not_sent;
using gateway::not_understood;
using gateway::printable;
using gateway::replace_refused;
using gateway::Sent;
using std::chrono::milliseconds;

constexpr int questions_most = 20;  // about one order
constexpr int warm_ups_most = 4;
constexpr std::uint32_t trade_days = 7;
constexpr milliseconds warm_up_pause{1'000};
// What a list shows holds for so long, but not for an order that may have come only after it was begun.
constexpr std::int64_t list_good_ns = 2'000'000'000;
constexpr std::int64_t arrival_ns = 1'000'000'000;

Judged judge(const Request& request, const Sent& sent) {
  return ibkr::judge(request.method, request.path, sent.http.status, sent.http.body);
}

bool has_ended(const Order& order) {
  const auto status = order_status_of(order.status, order.filled_qty && order.filled_qty->is_positive(), order.reason);
  return status && is_final(*status);
}

Error another_order(std::string_view what) {
  return {ErrorCode::InvalidMessage, std::string{what}.append(": another order's")};
}

}  // namespace

// ---- placing

// Of what the stream has told already nothing more need come.
void IbkrAdapter::took(const VenueReport& fact, const Command& command) {
  const std::string number{view(fact.broker_order_id)};
  if (number.empty()) return;
  const bool is_told = book_.by_number(number) != nullptr;
  book_.learn(number, std::string{view(command.venue_order_id)});
  if (!is_told) stream_.expect(number);
}

asio::awaitable<IbkrAdapter::Said> IbkrAdapter::converse(PlaceCommand command, Request request, About whom, Purpose purpose) {
  const Command& head = command.command;
  const bool is_new = purpose == Purpose::Place || purpose == Purpose::PlaceList;
  const VenueEvent refused = is_new ? VenueEvent::Rejected : VenueEvent::ReplaceRejected;
  const auto held = co_await order_turn_.take();
  for (int i = 0; i < questions_most; ++i) {
    const Sent sent = co_await rest_.send(make(request), whom, head.expire_time_ns);
    const Judged judged = judge(request, sent);
    if (!gateway::is_done(sent, judged)) co_return Said{gateway::failed(head, sent, refused, judged), {}};
    const auto submitted = decode_submitted(sent.http.body);
    if (!submitted) co_return Said{not_understood(head, sent, "an order", submitted), {}};
    if (submitted->kind == Submitted::Kind::Prompt) {
      Facts facts = co_await answer_prompt(command, *submitted->prompt, sent, purpose);
      co_return Said{std::move(facts), {}};
    }
    if (submitted->kind != Submitted::Kind::Question) {
      VenueReport fact = *fact_of_placed(*submitted, command.order, head.symbol, view(head.venue_order_id));
      if (fact.event == VenueEvent::Rejected) fact.event = refused;
      if (fact.event == VenueEvent::Accepted && purpose != Purpose::Change && purpose != Purpose::PlaceList) took(fact, head);
      stamp(fact, sent);
      co_return Said{Facts(1, std::move(fact)), submitted->acks};
    }
    const Question& question = submitted->questions.front();
    const bool is_yes = rules_.answers.says_yes(question.message_ids);
    request = encode_reply(question.reply_id, is_yes);
    if (is_yes) continue;
    // Nothing is done before the reply; and the next order shall find nobody waiting for one.
    VenueReport fact = fact_of_declined(question, command.order, head.symbol, view(head.venue_order_id));
    spdlog::warn("{}: IBKR asks about order {}, and the policy is no: {}", view(context_.account),
                 view(head.venue_order_id), view(fact.text));
    const Sent no = co_await rest_.send(make(request), whom);
    if (no.http.outcome != gateway::HttpOutcome::Answered) {
      fact.event = VenueEvent::Unknown;
      fact.order_status = OrderStatus::Unset;
      fact.error = ErrorCode::UnknownOutcome;
    } else if (fact.event == VenueEvent::Rejected) {
      fact.event = refused;
    }
    stamp(fact, no);
    co_return Said{Facts(1, std::move(fact)), {}};
  }
  VenueReport fact = make_fact(head, VenueEvent::Unknown, ErrorCode::UnknownOutcome, "IBKR does not stop asking about it");
  co_return Said{Facts(1, std::move(fact)), {}};
}

// The order is there, and waits for one of several words. Which of them means yes IBKR says nowhere but in its texts; so the
// policy says no word but the first, and of what it does not know a new order is taken back. One that was there before stays.
asio::awaitable<Facts> IbkrAdapter::answer_prompt(PlaceCommand command, Prompt prompt, Sent sent, Purpose purpose) {
  const Command& head = command.command;
  std::vector<std::string> ids(1, prompt.message_id);
  const bool is_yes = !prompt.options.empty() && rules_.answers.says_yes(ids);
  Submitted submitted{.kind = Submitted::Kind::Prompt, .acks = {}, .questions = {}, .prompt = prompt, .error = {}};
  VenueReport fact = *fact_of_placed(submitted, command.order, head.symbol, view(head.venue_order_id));
  if (purpose != Purpose::PlaceList) book_.learn(prompt.order_id, std::string{view(head.venue_order_id)});
  auto answer = is_yes                       ? Result<Request>{encode_prompt_answer(prompt.order_id, prompt.request_id, prompt.options.front())}
                : purpose != Purpose::Change ? encode_cancel(broker_account_, prompt.order_id)
                                             : Result<Request>{Error{}};
  if (answer) static_cast<void>(co_await rest_.send(make(*std::move(answer)), about(head)));
  stamp(fact, sent);
  co_return Facts(1, std::move(fact));  // how it stands is asked for
}

asio::awaitable<Facts> IbkrAdapter::place(PlaceCommand command) {
  const Command& head = command.command;
  const Instrument* instrument = symbols_.by_symbol(view(head.symbol));
  if (instrument == nullptr) co_return not_sent(head, not_listed(view(head.symbol)));
  const Ticket ticket{.account = broker_account_,
                      .venue_order_id = view(head.venue_order_id),
                      .ext_operator = operator_of(*instrument)};
  auto request = encode_place(command.order, *instrument, ticket);
  if (!request) co_return not_sent(head, request.error());
  book_.sent(std::string{view(head.venue_order_id)});
  About whom = about(head, command.order.client_order_id);
  Said said = co_await converse(std::move(command), *std::move(request), std::move(whom), Purpose::Place);
  co_return std::move(said.facts);
}

// Of a pair each bears its name. The children of a bracket bear none: which is which their types tell, for nobody says that IBKR
// answers in the order in which it was asked.
asio::awaitable<std::vector<std::optional<Ack>>> IbkrAdapter::sort_acks(PlaceListCommand list, std::vector<Ack> acks) {
  const std::vector<PlaceCommand>& commands = list.commands;
  std::vector<std::optional<Ack>> sorted(commands.size());
  if (list.list_type == OrderListType::OneCancelsOther) {
    for (std::size_t i = 0; i < commands.size(); ++i) {
      const auto own = std::ranges::find(acks, view(commands[i].command.venue_order_id), &Ack::client_order_id);
      if (own != acks.end()) sorted[i] = *own;
    }
    co_return sorted;
  }
  if (acks.size() != commands.size()) co_return sorted;
  const BracketNames names = names_of_bracket(list);
  const auto put = [&](std::size_t i, Ack ack) {
    ack.client_order_id = view(commands[i].command.venue_order_id);
    sorted[i] = std::move(ack);
  };
  auto parent = std::ranges::find(acks, names.joined(), &Ack::client_order_id);
  if (parent == acks.end()) parent = acks.begin();
  put(0, *parent);
  acks.erase(parent);
  if (acks.size() == 1) {
    put(1, acks.front());
    co_return sorted;
  }
  std::vector<Ack> refused;
  for (const Ack& ack : acks) {
    if (ack.order_id.empty() || ack.order_id == "-1") {
      refused.push_back(ack);
      continue;
    }
    const auto order = co_await get_order(ack.order_id);
    if (!order || !*order) continue;
    const std::string name = names.child_of(order_type_of((*order)->order_type));
    for (std::size_t i = 1; i < commands.size(); ++i) {
      if (view(commands[i].command.venue_order_id) == name) put(i, ack);
    }
  }
  for (std::size_t i = 1; i < commands.size(); ++i) {  // what was refused is what is left
    const bool is_clear = refused.size() == 2 || sorted[1] || sorted[2];
    if (sorted[i] || refused.empty() || !is_clear) continue;
    put(i, refused.back());
    refused.pop_back();
  }
  co_return sorted;
}

// As they stand by now: what was heard of them since is in the book.
void IbkrAdapter::tell_held_back() {
  if (lists_under_way_ > 0) return;
  for (const auto& [number, receive_time_ns] : std::exchange(held_back_, {})) {
    if (const Order* order = book_.by_number(number)) tell_order(*order, receive_time_ns);
  }
}

// Each has a name, by which it is answered for, and is found later.
asio::awaitable<Facts> IbkrAdapter::place_list(PlaceListCommand list) {
  const PlaceCommand first = list.commands.front();
  const Command& head = first.command;
  const Instrument* instrument = symbols_.by_symbol(view(head.symbol));
  auto request = instrument ? encode_place_list(list, *instrument, broker_account_)
                            : Result<Request>{not_listed(view(head.symbol))};
  Facts facts;
  if (!request) {
    for (const PlaceCommand& each : list.commands) facts.push_back(not_sent(each.command, request.error()).back());
    co_return facts;
  }
  About whom = about(head, first.order.client_order_id);
  for (const PlaceCommand& each : list.commands) book_.sent(std::string{view(each.command.venue_order_id)});
  const bool is_bracket = list.list_type != OrderListType::OneCancelsOther;
  ++lists_under_way_;
  const Said said = co_await converse(first, *std::move(request), std::move(whom), Purpose::PlaceList);
  const std::vector<std::optional<Ack>> acks = co_await sort_acks(list, said.acks);
  --lists_under_way_;
  for (std::size_t i = 0; i < list.commands.size(); ++i) {
    const PlaceCommand& each = list.commands[i];
    const Command& command = each.command;
    VenueReport fact = said.facts.back();
    const std::optional<Ack>& own = acks[i];
    if (own) {
      const Submitted alone{.kind = Submitted::Kind::Ack, .acks = {*own}, .questions = {}, .prompt = {}, .error = {}};
      fact = *fact_of_placed(alone, each.order, command.symbol, view(command.venue_order_id));
      fact.request_time_ns = said.facts.back().request_time_ns;
      fact.receive_time_ns = said.facts.back().receive_time_ns;
      if (fact.event == VenueEvent::Accepted) took(fact, command);
      if (is_bracket && fact.event == VenueEvent::Accepted) {
        if (i == 0) book_.learn(own->order_id, names_of_bracket(list).joined());
        else book_.hang_on(own->order_id, std::string{view(facts.front().broker_order_id)});
      }
    } else if (!said.acks.empty()) {
      fact = make_fact(command, VenueEvent::Unknown, ErrorCode::UnknownOutcome, "IBKR has answered, and does not name it");
      fact.request_time_ns = said.facts.back().request_time_ns;
    }
    if (said.acks.empty()) fact.broker_order_id = {};
    fact.command_id = command.command_id;
    fact.venue_order_id = command.venue_order_id;
    if (fact.side != Side::Unset) fact.side = each.order.side;  // what is said of all was said of the first
    facts.push_back(std::move(fact));
  }
  tell_held_back();
  co_return facts;
}

// Under no name, for IBKR takes each but once a day; and while nobody waits for a reply, which it might end.
asio::awaitable<Result<Preview>> IbkrAdapter::preview(NewOrder order) {
  const Instrument* instrument = symbols_.by_symbol(view(order.symbol));
  if (instrument == nullptr) co_return not_listed(view(order.symbol));
  const Instrument rules = *instrument;
  auto request = encode_preview(order, rules, {.account = broker_account_, .venue_order_id = {}, .ext_operator = operator_of(rules)});
  if (!request) co_return request.error();
  // A snapshot of the contract comes before it, IBKR says; whether that finds prices does not matter.
  const auto contract = contracts_.find(order.symbol);
  if (contract != contracts_.end()) {
    const std::vector<std::int64_t> conids(1, contract->second.conid);
    const std::vector<std::string> fields(1, std::string{field::last});
    static_cast<void>(co_await ask(encode_snapshot(conids, fields)));
  }
  const auto held = co_await order_turn_.take();
  const auto body = co_await ask(*std::move(request));
  if (!body) {
    if (const auto refused = gateway::refused_preview(body.error())) co_return *refused;
    co_return body.error();
  }
  const auto said = decode_whatif(*body);
  if (!said) co_return said.error();
  co_return preview_of(*said, order, rules);
}

// ---- cancel and replace

asio::awaitable<IbkrAdapter::Begun> IbkrAdapter::begin_cancel(Command command, About whom, VenueEvent refused,
                                                              Timestamp expire_time_ns) {
  Begun begun;
  begun.broker_order_id = std::string{view(command.broker_order_id)};
  if (begun.broker_order_id.empty()) begun.broker_order_id = book_.number_of(std::string{view(command.venue_order_id)});
  if (begun.broker_order_id.empty()) {  // it is cancelled by IBKR's number alone
    const auto listed = co_await list_live(rest_.broker_time_ns());
    if (!listed) {
      begun.facts = not_sent(command, listed.error());
      co_return begun;
    }
    const Order* order = in_live(view(command.venue_order_id), {});
    if (order == nullptr) {
      begun.facts.push_back(make_fact(command, refused, ErrorCode::OrderNotFound, "IBKR has no such order"));
      co_return begun;
    }
    begun.broker_order_id = order->order_id;
  }
  const Instrument* instrument = symbols_.by_symbol(view(command.symbol));
  auto request = encode_cancel(broker_account_, begun.broker_order_id,
                               instrument == nullptr ? std::string_view{} : operator_of(*instrument));
  if (!request) {
    begun.facts = not_sent(command, request.error());
    co_return begun;
  }
  const auto held = co_await order_turn_.take();
  const Sent sent = co_await rest_.send(make(*request), std::move(whom), expire_time_ns);
  const Judged judged = judge(*request, sent);
  if (!gateway::is_done(sent, judged)) {
    begun.facts = gateway::failed(command, sent, refused, judged);
    co_return begun;
  }
  const auto answer = decode_cancel(sent.http.body);
  const bool is_another = answer && !answer->order_id.empty() && answer->order_id != begun.broker_order_id;
  if (!answer || is_another) {
    begun.facts = not_understood(command, sent, "a cancel", answer);
    co_return begun;
  }
  VenueReport fact = fact_of_cancelled(*answer, command.symbol, view(command.venue_order_id), begun.broker_order_id);
  if (fact.event == VenueEvent::CancelRejected) fact.event = refused;
  const Order* known = book_.by_number(begun.broker_order_id);
  if (answer->accepted && (known == nullptr || !has_ended(*known))) stream_.expect(begun.broker_order_id);
  stamp(fact, sent);
  begun.facts.push_back(std::move(fact));
  co_return begun;
}

// That the cancel has begun is all that the answer says; how it ends the stream tells.
asio::awaitable<Facts> IbkrAdapter::cancel(CancelCommand command) {
  Begun begun = co_await begin_cancel(command.command, about(command.command), VenueEvent::CancelRejected, 0);
  if (begun.facts.back().event == VenueEvent::State) co_await cancel_group_of(begun.broker_order_id);
  co_return std::move(begun.facts);
}

// That of an order that is cancelled the group ends too IBKR does not say. Of one that has ended already it says so, and no more.
asio::awaitable<void> IbkrAdapter::cancel_group_of(std::string broker_order_id) {
  const std::vector<Order> others = book_.others_in_group_of(broker_order_id);
  for (const Order& other : others) {
    if (has_ended(other)) continue;
    auto request = encode_cancel(broker_account_, other.order_id);
    if (!request) continue;
    const auto held = co_await order_turn_.take();
    static_cast<void>(co_await rest_.send(make(*std::move(request)), {}));
  }
}

asio::awaitable<Result<IbkrAdapter::MaybeOrder>> IbkrAdapter::await_end(std::string broker_order_id) {
  constexpr int looks = 7;
  constexpr milliseconds first_pause{50};
  std::function<asio::awaitable<Result<MaybeOrder>>()> look = [this, broker_order_id] {
    return get_order(broker_order_id);
  };
  std::function<bool(const MaybeOrder&)> is_over = [](const MaybeOrder& order) { return order && has_ended(*order); };
  co_return co_await gateway::ask_until<MaybeOrder>(context_.loop, looks, first_pause, look, is_over);
}

// In place, where IBKR changes the order, and else by a cancel, whose end says how much is left to place.
asio::awaitable<Facts> IbkrAdapter::replace(ReplaceCommand command) {
  const Command& head = command.command;
  const Instrument* instrument = symbols_.by_symbol(view(head.symbol));
  if (instrument == nullptr) co_return not_sent(head, not_listed(view(head.symbol)));
  if (!command.order.order_qty || !command.orig_order_qty) {
    co_return not_sent(head, {ErrorCode::InvalidOrder, "order_qty: an order by amount cannot be replaced"});
  }
  std::string number{view(head.broker_order_id)};
  if (number.empty()) number = book_.number_of(std::string{view(command.orig_venue_order_id)});
  if (book_.is_of_bracket(number)) {
    co_return not_sent(head, {ErrorCode::Unsupported, "an order of a bracket is not replaced: the others hang on it"});
  }
  // What cannot be placed is refused while the old order still stands.
  const Ticket tried{.account = broker_account_, .venue_order_id = view(head.venue_order_id)};
  if (const auto request = encode_place(command.order, *instrument, tried); !request) {
    co_return not_sent(head, request.error());
  }
  const Instrument rules = *instrument;
  if (!config_.replaces_in_place) co_return co_await cancel_then_place(std::move(command), rules);
  const auto before = co_await find_to_change(command);
  if (!before) co_return not_sent(head, before.error());
  if (!*before) co_return co_await cancel_then_place(std::move(command), rules);
  Order order = **before;
  co_return co_await change_in_place(std::move(command), rules, std::move(order));
}

asio::awaitable<Result<IbkrAdapter::MaybeOrder>> IbkrAdapter::find_to_change(ReplaceCommand command) {
  const std::string ours{view(command.orig_venue_order_id)};
  std::string theirs{view(command.command.broker_order_id)};
  if (theirs.empty()) theirs = book_.number_of(ours);
  MaybeOrder found;
  if (!theirs.empty()) {
    auto told = co_await get_order(theirs);
    if (!told) co_return told.error();
    found = *std::move(told);
  }
  if (!found) {  // the answer about one order is of today's alone
    const auto listed = co_await list_live(rest_.broker_time_ns());
    if (!listed) co_return listed.error();
    if (const Order* live = in_live(ours, theirs)) found = *live;
  }
  const bool can_change = found && found->total_qty && found->filled_qty && !found->cannot_edit.value_or(false);
  co_return can_change || (found && has_ended(*found)) ? std::move(found) : MaybeOrder{};
}

// IBKR counts in what is filled, so that whatever is filled meanwhile no more is bought than was asked. What it answers is that
// it has taken the change: whether that was done shows in the order alone.
asio::awaitable<Facts> IbkrAdapter::change_in_place(ReplaceCommand command, Instrument rules, Order before) {
  const Command& head = command.command;
  const auto qty = before.total_qty ? total_to_ask_for(*before.total_qty, *command.orig_order_qty, *command.order.order_qty) : std::nullopt;
  if (has_ended(before) || !qty || !before.filled_qty || *qty <= *before.filled_qty) {
    co_return replace_refused(head, 0, {ErrorCode::OrderRejected, "the order ended before it could be replaced"});
  }
  command.order.order_qty = *qty;
  auto change = change_to(command.order, head.venue_order_id, rules);
  if (!change) co_return not_sent(head, change.error());
  const std::string reference = book_.reference_of(before.order_id);
  const Ticket ticket{.account = broker_account_, .venue_order_id = reference, .ext_operator = operator_of(rules)};
  auto request = encode_replace(before.order_id, command.order, rules, ticket);
  if (!request) co_return not_sent(head, request.error());

  change->asked_ns = rest_.broker_time_ns();
  changes_[before.order_id] = *change;
  About whom = about(head, command.order.client_order_id);
  PlaceCommand as_it_is{.command = head, .order = command.order};
  as_it_is.command.venue_order_id = printable<64>(reference);
  Said said = co_await converse(std::move(as_it_is), *std::move(request), std::move(whom), Purpose::Change);
  Facts facts = std::move(said.facts);
  VenueReport& last = facts.back();
  last.venue_order_id = head.venue_order_id;
  last.broker_order_id = printable<64>(before.order_id);
  if (last.event == VenueEvent::Accepted) {
    last = co_await await_change(std::move(command), *std::move(change), std::move(before), last);
  } else if (last.event != VenueEvent::Unknown) {
    changes_.erase(before.order_id);
  }
  co_return facts;
}

asio::awaitable<VenueReport> IbkrAdapter::await_change(ReplaceCommand command, Change change, Order before,
                                                       VenueReport taken) {
  constexpr int looks = 7;
  constexpr milliseconds first_pause{50};
  const std::string number = before.order_id;
  const auto is_waited_for = [this, number, name = change.venue_order_id] { return book_.name_of(number) != name; };
  std::function<asio::awaitable<Result<MaybeOrder>>()> look = [this, number] { return get_order(number); };
  std::function<bool(const MaybeOrder&)> is_over = [&](const MaybeOrder& order) {
    return !is_waited_for() || (order && (has_ended(*order) || is_too_large(change, before, *order)));
  };
  const auto found = co_await gateway::ask_until<MaybeOrder>(context_.loop, looks, first_pause, look, is_over);
  taken.order_status = OrderStatus::Unset;
  if (!is_waited_for()) {
    taken.event = VenueEvent::Replaced;
    taken.order_qty = change.qty;
    taken.price = change.price;
    co_return taken;
  }
  taken.event = VenueEvent::Unknown;
  taken.error = ErrorCode::UnknownOutcome;
  taken.text = gateway::words_of("IBKR has taken the change, and the order does not show it");
  if (!found || !*found) co_return taken;
  if (is_too_large(change, before, **found)) {
    on_doubt("order " + number + ": IBKR has made it " + to_string(*(*found)->total_qty) + " where " + to_string(*change.qty) +
             " were asked for; it is cancelled");
    if (auto request = encode_cancel(broker_account_, number)) {
      static_cast<void>(co_await rest_.send(make(*std::move(request)), about(command.command)));
    }
  } else if (has_ended(**found)) {
    changes_.erase(number);
    taken.event = VenueEvent::ReplaceRejected;
    taken.error = ErrorCode::OrderRejected;
    taken.text = gateway::words_of("the order ended before it could be replaced");
  }
  co_return taken;
}

// What was to change, and nothing of how the order was before.
void IbkrAdapter::recall(const ReplaceCommand& command) {
  const std::string number{view(command.command.broker_order_id)};
  const Instrument* instrument = symbols_.by_symbol(view(command.command.symbol));
  if (!config_.replaces_in_place || number.empty() || changes_.contains(number)) return;
  auto change = change_to(command.order, command.command.venue_order_id, instrument ? *instrument : Instrument{});
  if (!change) return;  // and it was never sent
  change->qty_before = command.orig_order_qty;
  if (change->qty == command.orig_order_qty) change->qty.reset();
  changes_[number] = *std::move(change);
}

const Order& IbkrAdapter::heard(const Order& change, Timestamp as_of_ns) {
  const Order& order = book_.merge(change, as_of_ns);
  const auto pending = changes_.find(order.order_id);
  if (pending != changes_.end() && as_of_ns >= pending->second.asked_ns && is_done(pending->second, order)) {
    book_.rename(order.order_id, pending->second.venue_order_id, as_of_ns);
    changes_.erase(pending);
  }
  return order;
}

asio::awaitable<Facts> IbkrAdapter::cancel_then_place(ReplaceCommand command, Instrument rules) {
  const Command& head = command.command;
  Command old = head;
  old.venue_order_id = command.orig_venue_order_id;
  old.send_time_ns = 0;
  Begun begun = co_await begin_cancel(old, about(head, command.order.client_order_id), VenueEvent::ReplaceRejected,
                                      head.expire_time_ns);
  VenueReport& said = begun.facts.back();
  if (said.event != VenueEvent::State) {
    said.venue_order_id = head.venue_order_id;
    co_return std::move(begun.facts);
  }
  const auto ended = co_await await_end(begun.broker_order_id);
  if (!ended || !*ended || !has_ended(**ended)) co_return gateway::cancel_takes_long(head, said.request_time_ns);
  Order order = **ended;
  order.client_order_id = std::string{view(command.orig_venue_order_id)};
  Facts facts;
  if (auto of_old = co_await facts_of_order(order, head.symbol, VenueSource::Rest)) {
    facts = *std::move(of_old);
    gateway::put_end_of_old(facts, command);
  }
  const Facts of_new = co_await place_what_is_left(std::move(command), rules, std::move(order), said.request_time_ns);
  facts.insert(facts.end(), of_new.begin(), of_new.end());
  co_return facts;
}

asio::awaitable<Facts> IbkrAdapter::place_what_is_left(ReplaceCommand command, Instrument rules, Order old,
                                                       Timestamp cancel_time_ns) {
  const Command& head = command.command;
  const bool was_canceled = order_status_of(old.status, false, old.reason) == OrderStatus::Canceled;
  const auto size = was_canceled ? old.total_qty : std::nullopt;
  const auto left = gateway::left_to_place(command, size, old.filled_qty, rest_.broker_time_ns());
  if (!left) co_return replace_refused(head, cancel_time_ns, left.error());
  command.order.order_qty = *left;
  const Ticket ticket{
      .account = broker_account_, .venue_order_id = view(head.venue_order_id), .ext_operator = operator_of(rules)};
  auto request = encode_place(command.order, rules, ticket);
  if (!request) co_return replace_refused(head, cancel_time_ns, request.error());
  About whom = about(head, command.order.client_order_id);
  book_.sent(std::string{view(head.venue_order_id)});
  PlaceCommand rest{.command = head, .order = command.order};
  Said said = co_await converse(std::move(rest), *std::move(request), std::move(whom), Purpose::PlaceTheRest);
  Facts facts = std::move(said.facts);
  VenueReport& fact = facts.back();
  if (fact.event == VenueEvent::Accepted) {
    fact.event = VenueEvent::Replaced;
    fact.order_qty = *left;
    fact.price = command.order.price;
  } else if (fact.broker_order_id == head.broker_order_id) {
    fact.broker_order_id = {};  // the old order's
  }
  co_return facts;
}

// ---- looking for orders

asio::awaitable<Result<IbkrAdapter::MaybeOrder>> IbkrAdapter::get_order(std::string broker_order_id) {
  const Timestamp asked_ns = rest_.broker_time_ns();
  const auto body = co_await ask(encode_order_status(broker_order_id));
  if (!body && body.error().code == ErrorCode::OrderNotFound) co_return MaybeOrder{};
  if (!body) co_return body.error();
  auto order = decode_order_status(*body);
  if (!order) co_return order.error();
  if (order->order_id != broker_order_id) co_return another_order("order");
  co_return MaybeOrder{heard(*order, asked_ns)};
}

// The first question of a session only wakes the list, which says so.
// Where it was not told whose they are, it has been seen to list none.
asio::awaitable<Result<std::vector<Order>>> IbkrAdapter::ask_live() {
  std::function<asio::awaitable<Result<LiveOrders>>()> look = [this]() -> asio::awaitable<Result<LiveOrders>> {
    const auto body = co_await ask(encode_live_orders(false, broker_account_));
    if (!body) co_return body.error();
    co_return decode_live_orders(*body);
  };
  std::function<bool(const LiveOrders&)> is_awake = [](const LiveOrders& said) { return said.snapshot; };
  auto said = co_await gateway::ask_until<LiveOrders>(context_.loop, warm_ups_most, warm_up_pause, look, is_awake);
  if (!said) co_return said.error();
  if (!said->snapshot) co_return Error{ErrorCode::ConnectionError, "live orders: the list does not wake up"};
  std::erase_if(said->orders, [this](const Order& order) { return !is_ours(order.account); });
  co_return std::move(said->orders);
}

asio::awaitable<Result<Timestamp>> IbkrAdapter::list_live(Timestamp as_of_ns) {
  std::function<bool()> is_known = [this, as_of_ns] {
    return live_begun_ns_ >= as_of_ns || (live_failure_ && live_failure_->first >= as_of_ns);
  };
  if (const auto held = co_await live_turn_.take(is_known)) {
    const Timestamp begun_ns = rest_.broker_time_ns();
    auto orders = co_await ask_live();
    live_failure_.reset();
    if (!orders) {
      live_failure_.emplace(begun_ns, orders.error());
      co_return orders.error();
    }
    live_.clear();
    for (const Order& order : *orders) static_cast<void>(heard(order, begun_ns));
    for (const Order& order : *orders) live_.push_back(*book_.by_number(order.order_id));  // whose a child is, its parent has told
    live_begun_ns_ = begun_ns;
  }
  if (live_begun_ns_ < as_of_ns && live_failure_) co_return live_failure_->second;
  co_return live_begun_ns_;
}

asio::awaitable<Result<Timestamp>> IbkrAdapter::list_executions(Timestamp as_of_ns) {
  std::function<bool()> is_known = [this, as_of_ns] {
    return executions_begun_ns_ >= as_of_ns || (executions_failure_ && executions_failure_->first >= as_of_ns);
  };
  if (const auto held = co_await executions_turn_.take(is_known)) {
    const Timestamp begun_ns = rest_.broker_time_ns();
    const auto body = co_await ask(encode_trades(trade_days));
    auto executions = body ? decode_trades(*body) : Result<std::vector<Execution>>{body.error()};
    executions_failure_.reset();
    if (!executions) {
      executions_failure_.emplace(begun_ns, executions.error());
      co_return executions.error();
    }
    std::erase_if(*executions, [this](const Execution& each) { return !is_ours(each.account); });
    executions_ = *std::move(executions);
    for (const Execution& each : executions_) static_cast<void>(book_.add(each));
    executions_begun_ns_ = begun_ns;
  }
  if (executions_begun_ns_ < as_of_ns && executions_failure_) co_return executions_failure_->second;
  co_return executions_begun_ns_;
}

const Order* IbkrAdapter::in_live(std::string_view venue_order_id, std::string_view broker_order_id) const {
  const auto found = std::ranges::find_if(live_, [&](const Order& order) {
    return broker_order_id.empty() ? order.client_order_id == venue_order_id : order.order_id == broker_order_id;
  });
  return found == live_.end() ? nullptr : &*found;
}

VenueReport IbkrAdapter::fact_of_execution(const Execution& execution, VenueSource source) const {
  const Instrument* listed = by_conid(execution.conid);
  Instrument instrument;
  if (listed != nullptr) {
    instrument = *listed;
  } else {  // of a contract that is in no list of ours it counts for the account all the same
    instrument.symbol = our_symbol(execution.conid ? std::to_string(*execution.conid) : execution.symbol);
  }
  VenueReport report = fill_of(execution, instrument, source);
  const bool is_of_bracket = names_in(execution.client_order_id).has_value();
  if (is_of_bracket && execution.order_id.empty()) {
    report.venue_order_id = printable<64>(our_name_in(execution.client_order_id));
  } else if (is_of_bracket || report.venue_order_id.empty()) {  // a child may be shown under the name of its parent
    report.venue_order_id = printable<64>(book_.name_of(execution.order_id));
  }
  return report;
}

Facts IbkrAdapter::fills_of(const std::string& broker_order_id, VenueSource source) const {
  Facts facts;
  for (const Execution& execution : book_.executions_of(broker_order_id)) {
    facts.push_back(fact_of_execution(execution, source));
  }
  std::ranges::stable_sort(facts, {}, &VenueReport::transact_time_ns);
  return facts;
}

std::optional<VenueReport> IbkrAdapter::new_terms_of(const Order& order, const VenueReport& state) {
  if (changes_.contains(order.order_id)) return std::nullopt;
  const bool is_news = book_.has_new_terms(order);
  return is_news || !order.oca_group.empty() ? terms_of(order, state) : std::nullopt;
}

// How it stands, behind its fills: those that the stream has told, or where they are not all, those that are listed.
asio::awaitable<Result<Facts>> IbkrAdapter::facts_of_order(Order order, Symbol symbol, VenueSource source) {
  auto state = state_of(order, symbol, source);
  if (!state) co_return state.error();
  if (state->cum_qty->is_positive()) {
    const auto told = sum_of(book_.executions_of(order.order_id));
    if (!told || *told < *state->cum_qty) {
      if (const auto listed = co_await list_executions(rest_.broker_time_ns()); !listed) co_return listed.error();
    }
  }
  Facts facts = fills_of(order.order_id, source);
  if (auto terms = new_terms_of(order, *state)) facts.push_back(*std::move(terms));
  facts.push_back(*std::move(state));
  co_return facts;
}

asio::awaitable<Result<Facts>> IbkrAdapter::order_status(Command command) {
  const std::string ours{view(command.venue_order_id)};
  const auto change = std::ranges::find_if(changes_, [&](const auto& each) { return each.second.venue_order_id == ours; });
  const std::string changing = change == changes_.end() ? std::string{} : change->first;
  if (!changing.empty()) {  // once it is done the order bears this name
    const auto looked = co_await get_order(changing);
    if (!looked) co_return looked.error();
  }
  std::string theirs = book_.number_of(ours);
  if (theirs.empty()) theirs = std::string{view(command.broker_order_id)};
  if (!theirs.empty()) {
    auto found = co_await get_order(theirs);
    if (!found) co_return found.error();
    if (*found) {
      Order order = **std::move(found);
      if (order.client_order_id.empty()) order.client_order_id = ours;
      co_return co_await facts_of_order(std::move(order), command.symbol, VenueSource::Probe);
    }
  }
  const Timestamp now = rest_.broker_time_ns();
  const Timestamp as_of_ns = std::min(now, std::max(now - list_good_ns, command.send_time_ns + arrival_ns));
  const auto live_ns = co_await list_live(as_of_ns);
  if (!live_ns) co_return live_ns.error();
  if (const Order* live = in_live(ours, theirs)) {
    co_return co_await facts_of_order(*live, command.symbol, VenueSource::Probe);
  }
  const auto executions_ns = co_await list_executions(as_of_ns);
  if (!executions_ns) co_return executions_ns.error();
  if (theirs.empty()) theirs = book_.number_of(ours);
  // Whose it is its parent's fills may tell alone, where IBKR lists the parent no more.
  if (!theirs.empty() && in_live({}, theirs) != nullptr) {
    co_return co_await facts_of_order(*book_.by_number(theirs), command.symbol, VenueSource::Probe);
  }
  Facts facts = theirs.empty() ? Facts{} : fills_of(theirs, VenueSource::Probe);
  if (facts.empty() && theirs.empty()) {
    const Order* known = book_.by_number(changing);
    const auto pending = changes_.find(changing);
    if (known != nullptr && pending != changes_.end() && is_unreadable(pending->second, *known)) {
      co_return Error{ErrorCode::InvalidMessage, "order " + changing + " is for " + to_string(known->total_qty.value_or(Decimal{})) +
                                                     ", which does not show whether it was changed"};
    }
    VenueReport nothing = make_fact(command, VenueEvent::NotFound, ErrorCode::OrderNotFound, "IBKR has no such order");
    nothing.source = VenueSource::Probe;
    nothing.transact_time_ns = std::min(*live_ns, *executions_ns);
    co_return Facts(1, std::move(nothing));
  }
  // It was there, and is among the live ones no more: what ends in one session of IBKR's the next one does not list.
  VenueReport ended = make_fact(command, VenueEvent::State, ErrorCode::None,
                                "IBKR lists it no more: it ended before the last night, and only its fills are told");
  ended.source = VenueSource::Probe;
  ended.broker_order_id = printable<64>(theirs);
  ended.order_status = OrderStatus::Expired;
  ended.cum_qty = sum_of(book_.executions_of(theirs));
  ended.is_working = false;
  facts.push_back(std::move(ended));
  co_return facts;
}

asio::awaitable<Result<Facts>> IbkrAdapter::orders() {
  if (const auto listed = co_await list_live(rest_.broker_time_ns()); !listed) co_return listed.error();
  Facts facts;
  for (const Order& order : live_) {
    if (has_ended(order)) continue;
    const std::string conid = order.conid ? std::to_string(*order.conid) : order.symbol;
    auto state = state_of(order, our_symbol(conid), VenueSource::Reconcile);
    if (!state) co_return state.error();
    if (auto terms = new_terms_of(order, *state)) facts.push_back(*std::move(terms));
    facts.push_back(*std::move(state));
  }
  co_return facts;
}

asio::awaitable<Result<Facts>> IbkrAdapter::trades(std::vector<Symbol> symbols, Timestamp since_ns) {
  if (const auto listed = co_await list_executions(rest_.broker_time_ns()); !listed) co_return listed.error();
  Facts facts;
  for (const Execution& execution : executions_) {
    if (execution.time_ns < since_ns) continue;
    VenueReport fact = fact_of_execution(execution, VenueSource::Reconcile);
    if (std::ranges::find(symbols, fact.symbol) != symbols.end()) facts.push_back(std::move(fact));
  }
  std::ranges::stable_sort(facts, {}, &VenueReport::transact_time_ns);  // told as they happened
  co_return facts;
}

// ---- word of orders

LiveStream::Handlers IbkrAdapter::stream_handlers() {
  return {.on_order = [this](const Order& change, Timestamp receive_time) { on_order(change, receive_time); },
          .on_execution = [this](const Execution& each, Timestamp receive_time) { on_execution(each, receive_time); },
          .on_quote = [this](const MarketFields& changed, Timestamp receive_time) { on_quote(changed, receive_time); },
          .on_status = [this](const SessionStatus& changed) { session_.on_status(changed); },
          .on_notification = [this](const Notification& said) { on_notification(said); },
          .on_doubt = [this](std::string what) { on_doubt(std::move(what)); },
          .on_up = [this] { context_.events.on_order_stream_up(); },
          .on_state =
              [this](SessionStateKind state, std::string reason, Timestamp deadline_ns) {  // one connection has both
                context_.events.on_state(gateway::Events::Part::OrderStream, state, reason, deadline_ns);
                context_.events.on_state(gateway::Events::Part::MarketData, state, std::move(reason), deadline_ns);
              }};
}

void IbkrAdapter::on_order(const Order& change, Timestamp receive_time_ns) {
  if (!is_ours(change.account)) return;
  const Order& order = heard(change, rest_.broker_time_ns());
  if (order.status.empty()) return;
  if (order.client_order_id.empty() && !order.parent_order_id.empty() && lists_under_way_ > 0) {
    held_back_[order.order_id] = receive_time_ns;
    return;
  }
  tell_order(order, receive_time_ns);
}

void IbkrAdapter::tell_order(const Order& order, Timestamp receive_time_ns) {
  if (!book_.is_news(order)) return;
  const std::string conid = order.conid ? std::to_string(*order.conid) : order.symbol;
  UpdateFact said = fact_of(order, our_symbol(conid));
  if (!said.unknown.empty()) return on_doubt("order " + order.order_id + ": " + said.unknown + " was never seen before");
  if (!said.fact) return;
  said.fact->receive_time_ns = receive_time_ns;
  if (auto terms = new_terms_of(order, *said.fact)) context_.events.on_report(*std::move(terms));
  context_.events.on_report(*std::move(said.fact));
}

void IbkrAdapter::on_execution(const Execution& execution, Timestamp receive_time_ns) {
  if (!is_ours(execution.account) || !book_.add(execution)) return;
  VenueReport report = fact_of_execution(execution, VenueSource::Stream);
  report.receive_time_ns = receive_time_ns;
  context_.events.on_report(std::move(report));
}

// Of an order that waits for a word we know when we place it; others may be from before, or somebody else's.
void IbkrAdapter::on_notification(const Notification& said) {
  spdlog::warn("{}: IBKR says{}: {}", view(context_.account),
               said.order_id.empty() ? "" : " of order " + said.order_id + (said.is_prompt ? ", which waits for an answer" : ""),
               to_words(said.text.empty() ? said.title : said.text));
}

}  // namespace busbar::ibkr
