#pragma once
// The questions every new order and every replace is asked, in their order. The first no is the answer the client gets:
// our word for it, the field, its value, and the nearest value that would have been taken. Pure: nothing here changes
// the state; the only thing that changes is the order in question, which is rounded where its client said so.

#include <optional>
#include <string_view>

#include "router/core/state.hpp"

namespace busbar::router {

struct Question {
  const State& state;
  const Party& party;
  Timestamp now = 0;
  Timestamp expire_ns = 0;
  NewOrder& order;
  const Order* replaced = nullptr;  // the order that `order` shall replace
  bool is_permitted = false;        // that has been asked already
  Timestamp wait_until_ns = 0;      // for its market to open; 0: it cannot wait
  Timestamp opens_ns = 0;           // check() has let it wait for its market, which opens then; 0: it is open
  // What check() has found for it.
  const AccountRule* rule = nullptr;
  const Gateway* gateway = nullptr;
  const Instrument* instrument = nullptr;
};

using Verdict = std::optional<Reason>;  // the reason of a no

Verdict check(Question& question);
// The permission alone: may this client trade in this account? What a cancel is asked, and a subscription.
Verdict check_permission(const State& state, const Party& party, const Name& account, bool trades);
// Is this order, as it shall be, the same but for less quantity? Such a replace may keep its place in the broker's book.
bool is_decrease(const NewOrder& order, const NewOrder& wanted);
// Can an order be placed in this account now, as far as its gateway and its broker's session go?
Verdict check_gateway(const State& state, const Name& account);

// It works, if perhaps not for long.
inline bool is_up(SessionStateKind kind) {
  return kind == SessionStateKind::Ok || kind == SessionStateKind::ExpiresAt;
}

// The names of the checks in the order they are asked; for status and docs.
std::vector<std::string_view> check_names();

}  // namespace busbar::router
