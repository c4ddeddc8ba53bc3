#include "router/core/names.hpp"

#include <gtest/gtest.h>

namespace busbar::router::test {
namespace {

class Names : public ::testing::Test {
 protected:
  Order& add(std::string_view client, std::string_view name, const Symbol& symbol = "BTC/USDT") {
    const std::uint64_t id = ++state.last_order_id;
    Order& order = state.orders.try_emplace(state.orders.end(), id)->second;
    order.order_id = id;
    order.owner.client = cut<32>(client);
    order.order.client_order_id = cut<64>(name);
    order.order.account = "main";
    order.order.symbol = symbol;
    remember(state, order);
    return order;
  }
  std::uint64_t known(std::string_view client, std::string_view name) const {
    const auto known = find_known(state, cut<32>(client), cut<64>(name));
    return known ? known->order_id : 0;
  }
  std::uint64_t at_broker(std::string_view id, const Symbol& symbol = "BTC/USDT") {
    const Order* order = find_at_broker(state, "main", symbol, cut<64>(id));
    return order ? order->order_id : 0;
  }
  State state;
};

TEST_F(Names, AreTheirClientsAndAnotherMayHaveTheSame) {
  Order& first = add("alpha", "A1");
  add("beta", "A1");
  remember(state, "alpha", "C1", RequestType::Cancel, first.order_id);
  EXPECT_EQ(known("alpha", "A1"), 1u);
  EXPECT_EQ(known("beta", "A1"), 2u);
  EXPECT_EQ(known("gamma", "A1"), 0u);
  EXPECT_EQ(find_known(state, "alpha", "C1")->type, RequestType::Cancel);
  EXPECT_EQ(clients_who_know(state, "A1"), (std::vector<Name>{"alpha", "beta"}));
  EXPECT_EQ(clients_who_know(state, "C1"), (std::vector<Name>{"alpha"}));

  // By the name that it was sent with, whatever it is called since.
  first.sent.keep(first.order);
  first.order.client_order_id = "R1";
  EXPECT_EQ(known("alpha", "A1"), 1u);
  EXPECT_EQ(known("alpha", "R1"), 0u);

  forget_names(state, first);
  EXPECT_EQ(known("alpha", "A1"), 0u);
  EXPECT_EQ(known("alpha", "C1"), 0u);
  EXPECT_EQ(known("beta", "A1"), 2u);
  EXPECT_TRUE(state.known.empty() && state.order_names.empty());
}

TEST_F(Names, OfTheBrokerLeadToTheirOrderAlsoWhenItHasAnother) {
  Order& order = add("alpha", "A1");
  set_broker_order_id(state, order, "b1");
  EXPECT_EQ(at_broker("b1"), 0u) << "not before it is named so";
  EXPECT_TRUE(name_at_broker(state, order, "b1"));
  EXPECT_FALSE(name_at_broker(state, order, "b1"));
  EXPECT_EQ(at_broker("b1"), 1u);
  EXPECT_EQ(at_broker("b1", "ETH/USDT"), 0u);

  set_broker_order_id(state, order, "b2");
  EXPECT_TRUE(name_at_broker(state, order, "b2"));
  EXPECT_TRUE(name_at_broker(state, order, "b3")) << "of a leg that is not the order's yet";
  set_broker_order_id(state, order, "b3");
  EXPECT_FALSE(name_at_broker(state, order, "b3"));
  for (const char* id : {"b1", "b2", "b3"}) EXPECT_EQ(at_broker(id), 1u) << id;

  Order& other = add("alpha", "A2");
  EXPECT_FALSE(name_at_broker(state, other, "b1")) << "that is the first one's";
  Order& elsewhere = add("alpha", "A3", "ETH/USDT");
  set_broker_order_id(state, elsewhere, "b1");
  EXPECT_TRUE(name_at_broker(state, elsewhere, "b1"));
  EXPECT_EQ(at_broker("b1", "ETH/USDT"), 3u);

  EXPECT_EQ(all_broker_orders(state).size(), 4u);
  EXPECT_EQ(all_order_broker_ids(state).size(), 4u);
  forget_names(state, order);
  for (const char* id : {"b1", "b2", "b3"}) EXPECT_EQ(at_broker(id), 0u) << id;
  EXPECT_EQ(at_broker("b1", "ETH/USDT"), 3u);
  EXPECT_TRUE(state.broker_orders.empty() && state.order_broker_ids.empty());
}

TEST_F(Names, OfTheBrokerGoWithTheSymbol) {
  Order& order = add("alpha", "A1");
  set_broker_order_id(state, order, "b1");
  name_at_broker(state, order, "b1");
  set_broker_order_id(state, order, "b2");
  name_at_broker(state, order, "b2");
  move_broker_ids(state, order, "XBT/USDT");
  order.sent.keep(order.order);
  order.order.symbol = "XBT/USDT";
  for (const char* id : {"b1", "b2"}) {
    EXPECT_EQ(at_broker(id), 0u) << id;
    EXPECT_EQ(at_broker(id, "XBT/USDT"), 1u) << id;
  }
  EXPECT_EQ(order.request().symbol, "BTC/USDT");

  // Who is called so there already goes on being found.
  Order& other = add("alpha", "A2", "ETH/USDT");
  set_broker_order_id(state, other, "b2");
  name_at_broker(state, other, "b2");
  move_broker_ids(state, other, "XBT/USDT");
  other.order.symbol = "XBT/USDT";
  EXPECT_EQ(at_broker("b2", "XBT/USDT"), 1u);
  EXPECT_EQ(all_broker_orders(state).size(), 2u);
  EXPECT_EQ(all_order_broker_ids(state).size(), 3u);
  forget_names(state, order);
  EXPECT_EQ(at_broker("b2", "XBT/USDT"), 0u);
}

// It has the name no more than it ever had; that the other has it now or had it once is all the same.
TEST_F(Names, WhoIsForgottenTakesNoOthersNameAlong) {
  Order& order = add("alpha", "A1");
  for (const char* id : {"b1", "b2"}) {
    set_broker_order_id(state, order, cut<64>(id));
    name_at_broker(state, order, cut<64>(id));
  }
  for (const char* id : {"b1", "b2"}) {
    Order& other = add("alpha", id, "ETH/USDT");
    set_broker_order_id(state, other, cut<64>(id));
    name_at_broker(state, other, cut<64>(id));
    move_broker_ids(state, other, "BTC/USDT");
    other.sent.keep(other.order);
    other.order.symbol = "BTC/USDT";
    forget_names(state, other);
    EXPECT_EQ(at_broker(id), 1u) << id;
  }
}

// What is written down for one must be written down for the other: 1.0 is 1.00, and still two numbers.
TEST(Sent, IsKeptUnlessItIsTheOrderToTheLastDigit) {
  NewOrder order;
  order.client_order_id = "A1";
  order.order_qty = Decimal{10, -1};
  NewOrder other = order;
  EXPECT_TRUE(is_identical(order, other));
  other.order_qty = Decimal{1, 0};
  EXPECT_EQ(order.order_qty, other.order_qty);
  EXPECT_FALSE(is_identical(order, other));
  other = order;
  other.strategy = "s";
  EXPECT_FALSE(is_identical(order, other));
  other = order;
  other.stop_px = Decimal{};
  EXPECT_FALSE(is_identical(order, other));
}

}  // namespace
}  // namespace busbar::router::test
