#pragma once
// What orders are called: by their clients, and by the broker. An order's own name, and the one that the broker has for it
// now, stand in the order alone, where it is found by their hash; all others stand in maps.

#include <cstdint>
#include <optional>
#include <vector>

#include "router/core/state.hpp"

namespace busbar::router {

// ---- Of clients. A name stands for one thing of its client's; another client may have the same.

std::optional<Known> find_known(const State& state, const Name& client, const Id& id);
// Who has something of this name, in order.
std::vector<Name> clients_who_know(const State& state, const Id& id);
// A request or a list that has to do with the order `order_id`, 0 for none.
void remember(State& state, const Name& client, const Id& id, RequestType type, std::uint64_t order_id);
void remember(State& state, Order& order);  // by its owner's name for it

// ---- Of brokers

Order* find_at_broker(State& state, const Name& account, const Symbol& symbol, const Id& id);
// What the broker calls it now. It is not found by that before name_at_broker(), and by its former names as before.
void set_broker_order_id(State& state, Order& order, const Id& id);
// The order is found by that name from now on. false: something is found by it already.
bool name_at_broker(State& state, Order& order, const Id& id);
// Its instrument is called otherwise, and the broker's names lie under the symbol.
void move_broker_ids(State& state, Order& order, const Symbol& symbol);
// Puts the name that is found by its hash into the map: before what the hash stands for becomes another.
void put_broker_id_aside(State& state, Order& order);

// ----

void forget_names(State& state, Order& order);
// After a snapshot has been read: what the chains say better is taken out of the maps.
void settle_names(State& state);

}  // namespace busbar::router
