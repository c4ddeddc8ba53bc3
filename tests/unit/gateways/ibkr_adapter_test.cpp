// The adapter against a venue in the same process: real TLS, real sockets, one loop.
#include "gateways/ibkr/adapter.hpp"

#include "tests/unit/gateways/live_adapter.hpp"
#include "tools/venue/ibkr/config.hpp"
#include "tools/venue/ibkr/control.hpp"
#include "tools/venue/ibkr/venue.hpp"

namespace busbar::ibkr {
namespace {

using namespace busbar::literals;
using namespace std::chrono_literals;
using gateway::Facts;
using gateway::test::Names;
using gateway::test::names;
using Part = gateway::Events::Part;

venue::ibkr::Settings still_market(const std::filesystem::path& folder) {
  ConfigTable root = ConfigFile::parse("[venue]\nmarket_steps_per_second = 0\n", "venue");
  venue::ibkr::Settings settings = venue::ibkr::load_settings(root, folder);
  settings.limits.per_second = settings.limits.gateway_per_second = settings.limits.endpoint_times = 100'000;
  return settings;
}

class IbkrLive : public gateway::test::LiveAdapter<venue::ibkr::Settings, venue::ibkr::Venue, venue::ibkr::Control,
                                                   IbkrAdapter> {
 protected:
  IbkrLive() : LiveAdapter{still_market} {}

  void make(std::string more = {}, Environment environment = Environment::Paper) {
    const std::string place = place_ + "/v1/api";
    ConfigTable table = ConfigFile::parse("rest = \"https://" + place + "\"\nstream = \"wss://" + place +
                                              "/ws\"\nsymbols = [\"AAPL\", \"BRK.B\", \"RELIANCE.XNSE\", \"EUR/USD\", \"SAN\"]\n"
                                              "tickle_interval_ms = 200\n" +
                                              more + "[pace]\norders_ms = 1\ntrades_ms = 1\nportfolio_ms = 1\ntickle_ms = 1\n",
                                          "gateway");
    adapter_ = std::make_unique<IbkrAdapter>(
        read_config(table), context("ibkr", gateway::load_credentials(folder_.path() / "main.cred"), environment));
  }
  void connect(std::string more = {}) {
    make(std::move(more));
    connect_made();
  }

  void session(std::string what) { control("POST", "/sessions", R"({"account":"main",)" + what + "}"); }

  void sell(std::string_view qty, std::string_view price = "100") {
    control("POST", "/orders", R"({"symbol":"AAPL","side":"SELL","quantity":")" + std::string{qty} + R"(","price":")" +
                                   std::string{price} + R"("})");
  }
  void ask(std::string_view id) { control("POST", "/questions", R"({"account":"main","ids":[")" + std::string{id} + R"("]})"); }
  Decimal filled() const {
    Decimal sum;
    for (const VenueReport& report : events_.reports) {
      if (report.event == VenueEvent::Fill) sum = *add(sum, *report.last_qty);
    }
    return sum;
  }

  static ReplaceCommand cheaper(const PlaceCommand& place, const Id& broker_order_id) {
    ReplaceCommand replace;
    replace.command = place.command;
    replace.command.leg = 1;
    replace.command.venue_order_id = "V2";
    replace.command.broker_order_id = broker_order_id;
    replace.orig_venue_order_id = place.command.venue_order_id;
    replace.orig_order_qty = place.order.order_qty;
    replace.order = place.order;
    replace.order.price = "99"_d;
    return replace;
  }

  static PlaceCommand limit(std::string_view venue_order_id, Decimal qty = "10"_d, Decimal price = "100"_d) {
    PlaceCommand place = purchase("AAPL", venue_order_id, qty, price);
    place.order.time_in_force = TimeInForce::Day;
    return place;
  }
};

TEST_F(IbkrLive, ConnectingMakesATokenASessionAndAList) {
  connect();
  EXPECT_TRUE(adapter_->is_connected());
  EXPECT_EQ(events_.login(), SessionStateKind::Ok);
  EXPECT_GT(events_.deadline_ns, adapter_->broker_time_ns());
  EXPECT_GE(events_.ups, 1u);
  ASSERT_EQ(events_.instruments.size(), 4u);
  EXPECT_EQ(view(*adapter_->to_broker_symbol("RELIANCE.XNSE")), "44652144");
  EXPECT_EQ(view(*adapter_->normalize_symbol("72063691")), "BRK.B");
  // SAN is listed twice, and neither of both in the United States.
  ASSERT_EQ(events_.count(VenueEvent::Unreadable), 1u);
  EXPECT_NE(std::string{view(events_.reports.back().text)}.find("SAN: IBKR has none such"), std::string::npos);
  const auto accounts = run(adapter_->accounts());
  ASSERT_TRUE(accounts && accounts->at(0).can_trade);
  EXPECT_TRUE(view(accounts->at(0).broker_account).starts_with("DU"));
  const auto balances = run(adapter_->balances());
  ASSERT_TRUE(balances) << balances.error().text;
  EXPECT_FALSE(balances->empty());
  const auto positions = run(adapter_->positions());
  ASSERT_TRUE(positions) << positions.error().text;
  EXPECT_TRUE(std::ranges::any_of(*positions, [](const Position& each) { return each.symbol == Symbol{"AAPL"}; }));
}

TEST_F(IbkrLive, AnOrderIsPlacedFilledInPartAskedForAndCancelled) {
  connect();
  PlaceCommand place = limit("V1");
  const Facts placed = run(adapter_->place(place));
  ASSERT_EQ(names(placed), Names{VenueEvent::Accepted}) << view(placed.back().text);
  EXPECT_FALSE(placed[0].broker_order_id.empty());
  control("POST", "/orders", R"({"symbol":"AAPL","side":"SELL","quantity":"4","price":"100"})");
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Fill) == 1; }));
  const auto fill = std::ranges::find(events_.reports, VenueEvent::Fill, &VenueReport::event);
  EXPECT_EQ(view(fill->venue_order_id), "V1");
  EXPECT_EQ(fill->last_qty, "4"_d);
  EXPECT_EQ(view(fill->commission_asset), "USD");

  place.command.broker_order_id = placed[0].broker_order_id;
  const auto status = run(adapter_->order_status(place.command));
  ASSERT_TRUE(status) << status.error().text;
  ASSERT_EQ(names(*status), (Names{VenueEvent::Fill, VenueEvent::State}));
  EXPECT_EQ(status->at(0).trade_id, fill->trade_id);
  EXPECT_EQ(status->at(1).order_status, OrderStatus::PartiallyFilled);

  const auto open = run(adapter_->orders());
  ASSERT_TRUE(open) << open.error().text;
  ASSERT_EQ(open->size(), 1u);
  EXPECT_EQ(view(open->at(0).venue_order_id), "V1");

  CancelCommand cancel;
  cancel.command = place.command;
  cancel.command.broker_order_id = {};  // it is known by both names
  const Facts begun = run(adapter_->cancel(cancel));
  ASSERT_EQ(names(begun), Names{VenueEvent::State});
  EXPECT_EQ(begun[0].order_status, OrderStatus::PendingCancel);
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Canceled) == 1; }));
  const Facts again = run(adapter_->cancel(cancel));
  ASSERT_EQ(names(again), Names{VenueEvent::CancelRejected});
  EXPECT_EQ(again[0].error, ErrorCode::OrderNotFound);
}

TEST_F(IbkrLive, WhoComesLaterFindsOrdersAndFillsByOurName) {
  connect();
  const Timestamp before = adapter_->broker_time_ns() - 60'000'000'000;
  run(adapter_->place(limit("V1")));
  run(adapter_->place(limit("V2", "5"_d, "99"_d)));
  control("POST", "/orders", R"({"symbol":"AAPL","side":"SELL","quantity":"10","price":"100"})");
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Fill) == 1; }));
  run(adapter_->disconnect());
  make();  // another life, which has never heard of them
  ASSERT_TRUE(run(adapter_->connect()));
  const auto fills = run(adapter_->trades({Symbol{"AAPL"}}, before));
  ASSERT_TRUE(fills) << fills.error().text;
  ASSERT_EQ(fills->size(), 1u);
  EXPECT_EQ(view(fills->at(0).venue_order_id), "V1");
  const auto filled = run(adapter_->order_status(limit("V1").command));
  ASSERT_TRUE(filled) << filled.error().text;
  ASSERT_EQ(names(*filled), (Names{VenueEvent::Fill, VenueEvent::State}));
  EXPECT_EQ(filled->at(1).order_status, OrderStatus::Filled);
  const auto live = run(adapter_->order_status(limit("V2").command));
  ASSERT_TRUE(live) << live.error().text;
  EXPECT_EQ(live->back().order_status, OrderStatus::New);
  const auto nothing = run(adapter_->order_status(limit("V3").command));
  ASSERT_TRUE(nothing) << nothing.error().text;
  ASSERT_EQ(names(*nothing), Names{VenueEvent::NotFound});
  EXPECT_GT(nothing->back().transact_time_ns, before);
  // Where the account is not named IBKR has been seen to list nothing; and that would prove absence.
  const auto accounts = run(adapter_->accounts());
  ASSERT_TRUE(accounts);
  const std::string named = "accountId=" + std::string{view(accounts->front().broker_account)};
  std::size_t lists = 0;
  for (const Tape& each : tape_) {
    if (each.target.find("/iserver/account/orders") == std::string::npos) continue;
    EXPECT_TRUE(each.target.ends_with(named)) << each.target;
    ++lists;
  }
  EXPECT_GT(lists, 0u);
}

TEST_F(IbkrLive, QuestionsAreAnsweredByThePolicyOneOrderAtATime) {
  connect("answers = [\"price_percentage\"]\n");
  control("POST", "/questions", R"({"account":"main","ids":["o163"],"next":3})");
  std::size_t accepted = 0;
  for (const char* name : {"V1", "V2", "V3"}) {
    boost::asio::co_spawn(loop_, adapter_->place(limit(name)), [&](std::exception_ptr, const Facts& facts) {
      accepted += facts.back().event == VenueEvent::Accepted ? 1 : 0;
    });
  }
  ASSERT_TRUE(until([&] { return accepted == 3; }));
  control("POST", "/questions", R"({"account":"main","ids":["o88888"]})");
  const Facts refused = run(adapter_->place(limit("V4")));
  ASSERT_EQ(names(refused), Names{VenueEvent::Rejected});
  EXPECT_EQ(view(refused[0].broker_code), "o88888");
  EXPECT_NE(std::string{view(refused[0].text)}.find("not confirmed"), std::string::npos);
  EXPECT_EQ(orders_at_venue(), 3u);
}

TEST_F(IbkrLive, ALostAnswerIsUnknownAndOneThatWasNeverSentIsNot) {
  connect();
  fault(R"({"kind":"drop_answer","endpoint":"order.place","next":1})");
  const Facts lost = run(adapter_->place(limit("V1")));
  ASSERT_EQ(names(lost), Names{VenueEvent::Unknown});
  EXPECT_GT(lost[0].request_time_ns, 0);
  const auto found = run(adapter_->order_status(limit("V1").command));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->back().order_status, OrderStatus::New);
  PlaceCommand wrong = limit("V2");
  wrong.order.time_in_force = TimeInForce::FillOrKill;
  const Facts unspoken = run(adapter_->place(wrong));
  ASSERT_EQ(names(unspoken), Names{VenueEvent::NotSent});
  EXPECT_EQ(unspoken[0].error, ErrorCode::Unsupported);
  PlaceCommand late = limit("V3");
  late.command.expire_time_ns = adapter_->broker_time_ns() - 1'000'000'000;
  EXPECT_EQ(names(run(adapter_->place(late))), Names{VenueEvent::NotSent});
  EXPECT_EQ(orders_at_venue(), 1u);
}

TEST_F(IbkrLive, AReplaceCanBeACancelAndTheRestAnew) {
  connect("replace = \"cancel_first\"\n");
  const PlaceCommand place = limit("V1");
  const Facts placed = run(adapter_->place(place));
  sell("4");
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Fill) == 1; }));
  const Facts facts = run(adapter_->replace(cheaper(place, placed[0].broker_order_id)));
  ASSERT_EQ(facts.back().event, VenueEvent::Replaced) << view(facts.back().text);
  EXPECT_EQ(facts.back().order_qty, "6"_d);
  EXPECT_EQ(view(facts.back().venue_order_id), "V2");
  EXPECT_NE(facts.back().broker_order_id, placed[0].broker_order_id);
  const auto canceled = std::ranges::find(facts, VenueEvent::Canceled, &VenueReport::event);
  ASSERT_NE(canceled, facts.end());
  EXPECT_EQ(view(canceled->venue_order_id), "V1");
  EXPECT_EQ(canceled->cum_qty, "4"_d);
}

TEST_F(IbkrLive, AReplaceIsDoneInPlaceAndCountsWhatIsFilled) {
  connect("answers = [\"price_percentage\"]\n");
  const PlaceCommand place = limit("V1");
  const Facts placed = run(adapter_->place(place));
  sell("4");
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Fill) == 1; }));
  ask("o163");
  ReplaceCommand replace = cheaper(place, placed[0].broker_order_id);
  replace.order.order_qty = "12"_d;
  const Facts facts = run(adapter_->replace(replace));
  ASSERT_EQ(names(facts), Names{VenueEvent::Replaced}) << view(facts.back().text);
  EXPECT_EQ(facts[0].order_qty, "12"_d);
  EXPECT_EQ(facts[0].price, "99"_d);
  EXPECT_EQ(view(facts[0].venue_order_id), "V2");
  EXPECT_EQ(facts[0].broker_order_id, placed[0].broker_order_id);
  EXPECT_EQ(orders_at_venue(), 1u);
  // From now on it is told by the new name, whatever IBKR calls it, and again once it is replaced once more.
  const auto open = run(adapter_->orders());
  ASSERT_TRUE(open) << open.error().text;
  ASSERT_EQ(open->size(), 1u);
  EXPECT_EQ(view(open->at(0).venue_order_id), "V2");
  ReplaceCommand again = replace;
  again.command.venue_order_id = "V3";
  again.orig_venue_order_id = "V2";
  again.orig_order_qty = "12"_d;
  again.order.order_qty = "11"_d;
  const Facts smaller = run(adapter_->replace(again));
  ASSERT_EQ(names(smaller), Names{VenueEvent::Replaced}) << view(smaller.back().text);
  sell("20", "99");
  ASSERT_TRUE(until([&] { return filled() == "11"_d; })) << "and never more than that";
  EXPECT_EQ(orders_at_venue(), 1u);
}

TEST_F(IbkrLive, AReplaceThatIsRefusedLeavesTheOrderAsItWas) {
  connect();
  const PlaceCommand place = limit("V1");
  const Facts placed = run(adapter_->place(place));
  ask("o88888");
  const Facts asked = run(adapter_->replace(cheaper(place, placed[0].broker_order_id)));
  ASSERT_EQ(names(asked), Names{VenueEvent::ReplaceRejected});
  EXPECT_EQ(view(asked[0].broker_code), "o88888");
  EXPECT_NE(std::string{view(asked[0].text)}.find("This is question o88888"), std::string::npos) << view(asked[0].text);
  control("POST", "/orders/fail", R"({"account":"main","error":"We cannot accept an order at the limit price you selected."})");
  const Facts refused = run(adapter_->replace(cheaper(place, placed[0].broker_order_id)));
  ASSERT_EQ(names(refused), Names{VenueEvent::ReplaceRejected});
  ReplaceCommand less = cheaper(place, placed[0].broker_order_id);
  sell("4");
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Fill) == 1; }));
  less.order.order_qty = "4"_d;
  EXPECT_EQ(names(run(adapter_->replace(less))), Names{VenueEvent::ReplaceRejected}) << "so much is filled";
  const auto status = run(adapter_->order_status(place.command));
  ASSERT_TRUE(status) << status.error().text;
  EXPECT_EQ(status->back().price, "100"_d);
  EXPECT_EQ(view(status->back().venue_order_id), "V1");
}

TEST_F(IbkrLive, WhetherALostReplaceWasDoneTheOrderTells) {
  connect();
  const PlaceCommand place = limit("V1");
  const Facts placed = run(adapter_->place(place));
  ReplaceCommand replace = cheaper(place, placed[0].broker_order_id);
  Command question = replace.command;
  question.broker_order_id = {};
  fault(R"({"kind":"drop_request","endpoint":"order.modify","next":1})");
  ASSERT_EQ(names(run(adapter_->replace(replace))), Names{VenueEvent::Unknown});
  const auto nothing = run(adapter_->order_status(question));
  ASSERT_TRUE(nothing) << nothing.error().text;
  EXPECT_EQ(names(*nothing), Names{VenueEvent::NotFound});
  const auto old = run(adapter_->order_status(place.command));
  ASSERT_TRUE(old) << old.error().text;
  EXPECT_EQ(view(old->back().venue_order_id), "V1");
  EXPECT_EQ(old->back().price, "100"_d);

  fault(R"({"kind":"drop_answer","endpoint":"order.modify","next":1})");
  ASSERT_EQ(names(run(adapter_->replace(replace))), Names{VenueEvent::Unknown});
  const auto done = run(adapter_->order_status(question));
  ASSERT_TRUE(done) << done.error().text;
  ASSERT_EQ(names(*done), Names{VenueEvent::State});
  EXPECT_EQ(view(done->back().venue_order_id), "V2");
  EXPECT_EQ(done->back().price, "99"_d);

  // Another life has but what the router says again.
  replace.command.venue_order_id = "V3";
  replace.orig_venue_order_id = "V2";
  replace.order.order_qty = "8"_d;
  fault(R"({"kind":"drop_answer","endpoint":"order.modify","next":1})");
  ASSERT_EQ(names(run(adapter_->replace(replace))), Names{VenueEvent::Unknown});
  run(adapter_->disconnect());
  make();
  ASSERT_TRUE(run(adapter_->connect()));
  // The stream speaks before the router does, and under the first name: so it is told what the order asks for by now.
  ASSERT_TRUE(until([&] {
    return std::ranges::any_of(events_.reports, [](const VenueReport& each) {
      return each.event == VenueEvent::Replaced && view(each.venue_order_id) == "V1" && each.order_qty == "8"_d && each.price == "99"_d;
    });
  }));
  question.venue_order_id = "V3";
  adapter_->recall(replace);
  const auto recalled = run(adapter_->order_status(question));
  ASSERT_TRUE(recalled) << recalled.error().text;
  ASSERT_EQ(names(*recalled), Names{VenueEvent::State});
  EXPECT_EQ(view(recalled->back().venue_order_id), "V3");
  EXPECT_EQ(recalled->back().order_qty, "8"_d);
}

PlaceListCommand pair(const PlaceCommand& profit, const PlaceCommand& loss) {
  PlaceListCommand list;
  list.list_type = OrderListType::OneCancelsOther;
  list.commands = {profit, loss};
  std::uint64_t id = 70;
  for (PlaceCommand& each : list.commands) {
    each.command.command_id = ++id;
    each.order.side = Side::Sell;
    each.order.time_in_force = TimeInForce::GoodTillCancel;
  }
  list.commands[1].order.order_type = OrderType::StopLimit;
  list.commands[1].order.stop_px = list.commands[1].order.price;
  return list;
}

TEST_F(IbkrLive, OfAPairOneCancelsTheOther) {
  connect();
  const Facts placed = run(adapter_->place_list(pair(limit("V1", "10"_d, "210"_d), limit("V2", "10"_d, "170"_d))));
  ASSERT_EQ(names(placed), (Names{VenueEvent::Accepted, VenueEvent::Accepted})) << view(placed.back().text);
  EXPECT_EQ(placed[0].command_id, 71u);
  EXPECT_EQ(placed[1].command_id, 72u);
  EXPECT_EQ(view(placed[1].venue_order_id), "V2");
  EXPECT_NE(placed[0].broker_order_id, placed[1].broker_order_id);
  control("POST", "/orders", R"({"symbol":"AAPL","side":"BUY","quantity":"10","price":"210"})");
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Canceled) == 1 && filled() == "10"_d; }));

  // Each is found by its name when the answer is lost; and the cancel of one is that of both.
  fault(R"({"kind":"drop_answer","endpoint":"order.place","next":1})");
  const Facts lost = run(adapter_->place_list(pair(limit("V3", "10"_d, "220"_d), limit("V4", "10"_d, "170"_d))));
  ASSERT_EQ(names(lost), (Names{VenueEvent::Unknown, VenueEvent::Unknown}));
  EXPECT_GT(lost[1].request_time_ns, 0);
  for (const char* name : {"V3", "V4"}) {
    const auto found = run(adapter_->order_status(limit(name).command));
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_EQ(found->back().order_status, OrderStatus::New);
    EXPECT_EQ(view(found->back().venue_order_id), name);
  }
  CancelCommand cancel;
  cancel.command = limit("V4").command;
  ASSERT_EQ(names(run(adapter_->cancel(cancel))), Names{VenueEvent::State});
  ASSERT_TRUE(until([&] { return events_.count(VenueEvent::Canceled) == 3; }));
}

// An entry, and the pair that waits for it.
PlaceListCommand bracket(const PlaceCommand& entry, const PlaceCommand& profit, const PlaceCommand& loss) {
  PlaceListCommand list = pair(profit, loss);
  list.list_type = OrderListType::OneTriggersOneCancelsOther;
  list.commands.insert(list.commands.begin(), entry);
  list.commands.front().command.command_id = 70;
  return list;
}

TEST_F(IbkrLive, OneTriggersAPairOfWhichOneCancelsTheOther) {
  connect("answers = [\"price_percentage\"]\n");
  const auto filled_of = [&](std::string_view name) {
    return std::ranges::any_of(events_.reports, [&](const VenueReport& each) {
      return each.event == VenueEvent::Fill && view(each.venue_order_id) == name && each.last_qty == "10"_d;
    });
  };
  const auto is_cancelled = [&](std::string_view name) {
    return std::ranges::any_of(events_.reports, [&](const VenueReport& each) {
      return each.event == VenueEvent::Canceled && view(each.venue_order_id) == name;
    });
  };
  ask("o163");
  // The loss is named before the profit: they are told apart by what they are.
  PlaceListCommand list = bracket(limit("V1"), limit("V2", "10"_d, "210"_d), limit("V3", "10"_d, "80"_d));
  std::swap(list.commands[1], list.commands[2]);
  const Facts placed = run(adapter_->place_list(list));
  ASSERT_EQ(names(placed), (Names{VenueEvent::Accepted, VenueEvent::Accepted, VenueEvent::Accepted})) << view(placed.back().text);
  EXPECT_EQ(placed[1].command_id, 72u);
  EXPECT_EQ(view(placed[1].venue_order_id), "V3");
  EXPECT_EQ(placed[1].is_working, false) << "it waits";
  ReplaceCommand replace = cheaper(limit("V1"), placed[0].broker_order_id);
  EXPECT_EQ(run(adapter_->replace(replace)).back().error, ErrorCode::Unsupported) << "the others hang on it";
  sell("10");
  ASSERT_TRUE(until([&] { return filled_of("V1"); }));
  control("POST", "/orders", R"({"symbol":"AAPL","side":"BUY","quantity":"10","price":"210"})");
  ASSERT_TRUE(until([&] { return filled_of("V2") && is_cancelled("V3"); }));

  // Found by their names when the answer is lost, by this life and by another one; and cancelled with their parent.
  fault(R"({"kind":"drop_answer","endpoint":"order.place","next":1})");
  const Facts lost = run(adapter_->place_list(bracket(limit("V4"), limit("V5", "10"_d, "220"_d), limit("V6", "10"_d, "80"_d))));
  ASSERT_EQ(names(lost), (Names{VenueEvent::Unknown, VenueEvent::Unknown, VenueEvent::Unknown}));
  for (int life = 0; life < 2; ++life) {
    for (const auto& [name, price] : {std::pair{"V4", "100"_d}, std::pair{"V5", "220"_d}, std::pair{"V6", "80"_d}}) {
      const auto found = run(adapter_->order_status(limit(name).command));
      ASSERT_TRUE(found) << found.error().text;
      EXPECT_EQ(view(found->back().venue_order_id), name);
      EXPECT_EQ(found->back().price, price);
    }
    if (life == 1) break;
    run(adapter_->disconnect());
    make();
    ASSERT_TRUE(run(adapter_->connect()));
  }
  const auto open = run(adapter_->orders());
  ASSERT_TRUE(open) << open.error().text;
  for (const VenueReport& each : *open) EXPECT_FALSE(each.venue_order_id.empty());
  CancelCommand cancel;
  cancel.command = limit("V4").command;
  ASSERT_EQ(names(run(adapter_->cancel(cancel))), Names{VenueEvent::State});
  ASSERT_TRUE(until([&] { return is_cancelled("V4") && is_cancelled("V5") && is_cancelled("V6"); }));
}

TEST_F(IbkrLive, OneTriggersAnotherAndWhatIsRefusedOfItIsToldOfIt) {
  connect();
  PlaceListCommand list = bracket(limit("V1"), limit("V2", "10"_d, "210"_d), limit("V3"));
  list.list_type = OrderListType::OneTriggersOther;
  list.commands.pop_back();
  const Facts placed = run(adapter_->place_list(list));
  ASSERT_EQ(names(placed), (Names{VenueEvent::Accepted, VenueEvent::Accepted})) << view(placed.back().text);
  CancelCommand cancel;
  cancel.command = list.commands[1].command;  // the one that waits, and not its parent
  ASSERT_EQ(names(run(adapter_->cancel(cancel))), Names{VenueEvent::State});
  ASSERT_TRUE(until([&] {
    return std::ranges::any_of(events_.reports, [](const VenueReport& each) {
      return each.event == VenueEvent::Canceled && view(each.venue_order_id) == "V2";
    });
  }));

  ask("o451");
  const Facts declined = run(adapter_->place_list(bracket(limit("V4"), limit("V5", "10"_d, "220"_d), limit("V6", "10"_d, "80"_d))));
  EXPECT_EQ(names(declined), (Names{VenueEvent::Rejected, VenueEvent::Rejected, VenueEvent::Rejected}));
  EXPECT_EQ(declined[0].side, Side::Buy);
  EXPECT_EQ(declined[2].side, Side::Sell) << "else it is taken for another's order";

  list.commands[0].command.venue_order_id = "V7";
  list.commands[1].command.venue_order_id = "V8";
  fault(R"({"kind":"answer_instead","endpoint":"order.place","next":1,"status":200,"body":"[{\"order_id\":\"987\",)"
        R"(\"order_status\":\"PreSubmitted\",\"local_order_id\":\"V7.V8\"},{\"order_id\":\"-1\",\"order_status\":\"Failed\",)"
        R"(\"text\":\"no such price\"}]"})");
  const Facts by_leg = run(adapter_->place_list(list));
  ASSERT_EQ(names(by_leg), (Names{VenueEvent::Accepted, VenueEvent::Rejected}));
  EXPECT_EQ(view(by_leg[0].broker_order_id), "987");
  EXPECT_EQ(view(by_leg[1].text), "no such price");
  EXPECT_TRUE(by_leg[1].broker_order_id.empty());
}

// Filled yesterday, and IBKR lists it no more: its fills alone tell whose its child is, which is alive.
TEST_F(IbkrLive, AChildIsFoundWhoseParentIsListedNoMore) {
  connect();
  fault(R"({"kind":"answer_instead","endpoint":"orders","next":1,"status":200,"body":"{\"orders\":[{\"orderId\":902,\"parentId\":901,)"
        R"(\"conid\":265598,\"orderType\":\"Limit\",\"price\":\"210\",\"side\":\"SELL\",\"status\":\"Submitted\",\"totalSize\":10,)"
        R"(\"filledQuantity\":0}],\"snapshot\":true}"})");
  fault(R"({"kind":"answer_instead","endpoint":"trades","next":1,"status":200,"body":"[{\"execution_id\":\"0000e0d5.6576fd38.01.01\",)"
        R"(\"order_id\":901,\"order_ref\":\"V1.V2.V3\",\"conid\":265598,\"side\":\"B\",\"size\":10,\"price\":\"100\",)"
        R"(\"trade_time_r\":1702317649000}]"})");
  const auto found = run(adapter_->order_status(limit("V2").command));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(found->back().order_status, OrderStatus::New) << view(found->back().text);
  EXPECT_EQ(view(found->back().venue_order_id), "V2");
  EXPECT_EQ(view(found->back().broker_order_id), "902");
}

TEST_F(IbkrLive, APreviewSaysWhatAnOrderWouldComeToAndPlacesNone) {
  connect();
  const auto said = run(adapter_->preview(limit("V0").order));
  ASSERT_TRUE(said) << said.error().text;
  EXPECT_TRUE(said->is_accepted) << view(said->reason);
  EXPECT_EQ(view(said->text), "");  // as of a contract whose prices were asked for
  EXPECT_EQ(said->cash_order_qty, "1000"_d);
  ASSERT_TRUE(said->commission && said->order_total);
  EXPECT_EQ(*said->order_total, *add("1000"_d, *said->commission));
  EXPECT_EQ(view(said->commission_asset), "USD");
  EXPECT_EQ(said->initial_margin, "1000"_d);
  EXPECT_EQ(said->maintenance_margin, "1000"_d);
  const auto dear = run(adapter_->preview(limit("V0", "9000"_d, "1000"_d).order));
  ASSERT_TRUE(dear) << dear.error().text;
  EXPECT_FALSE(dear->is_accepted);
  EXPECT_EQ(dear->error, ErrorCode::InsufficientFunds) << view(dear->reason);
  EXPECT_NE(view(dear->reason).find("MUST EXCEED THE INITIAL MARGIN"), std::string_view::npos);
  EXPECT_EQ(run(adapter_->preview([] {
              NewOrder order = limit("V0").order;
              order.post_only = true;
              return order;
            }())).error().code, ErrorCode::Unsupported);
  const auto open = run(adapter_->orders());
  ASSERT_TRUE(open);
  EXPECT_TRUE(open->empty());
}

// One connection has both; what is of an order goes to the archive at once.
TEST_F(IbkrLive, QuotesAreMarketDataOnTheTapeAndOrdersAreNot) {
  connect();
  ASSERT_TRUE(run(adapter_->subscribe("AAPL", Channel::Quote, 0)));
  ASSERT_EQ(names(run(adapter_->place(limit("V1")))), Names{VenueEvent::Accepted});
  const auto has = [&](TapeChannel channel, TapeDirection direction, std::string_view part) {
    return std::ranges::any_of(tape_, [&](const Tape& each) {
      const std::string body(each.body.begin(), each.body.end());
      return each.channel == channel && each.direction == direction && body.find(part) != std::string::npos;
    });
  };
  ASSERT_TRUE(until([&] {
    return has(TapeChannel::MarketData, TapeDirection::Received, "\"smd+265598\"") &&
           has(TapeChannel::OrderStream, TapeDirection::Received, "\"order_ref\":\"V1\"");
  }));
  EXPECT_TRUE(has(TapeChannel::MarketData, TapeDirection::Sent, "smd+265598+"));
  EXPECT_FALSE(has(TapeChannel::OrderStream, TapeDirection::Received, "smd+265598"));
  EXPECT_FALSE(has(TapeChannel::MarketData, TapeDirection::Received, "\"sor\""));
}

TEST_F(IbkrLive, ASessionThatSomebodyElseTakesIsLeftOrTakenBack) {
  connect();
  session(R"("compete":true)");
  ASSERT_TRUE(until([&] { return events_.login() == SessionStateKind::Competing; }));
  EXPECT_NE(events_.reasons[Part::Login].find("somebody else"), std::string::npos);
  EXPECT_FALSE(run(adapter_->accounts())->at(0).can_trade);
  session(R"("yield":true)");
  ASSERT_TRUE(until([&] { return events_.login() == SessionStateKind::Ok; }));
  run(adapter_->disconnect());

  connect("competing = \"take_over\"\n");
  session(R"("compete":true)");
  const std::size_t ups = events_.ups;
  ASSERT_TRUE(until([&] { return events_.ups > ups && events_.login() == SessionStateKind::Ok; }));
  EXPECT_FALSE(control("GET", "/sessions").at("sessions").at(0).at("has_rival").as_bool());
}

TEST_F(IbkrLive, ATokenThatHasEndedIsMadeAnewAndARefusedConsumerNeedsAHuman) {
  connect();
  session(R"("expire":true)");
  ASSERT_TRUE(until([&] { return events_.login() == SessionStateKind::Down; }));
  ASSERT_TRUE(until([&] { return events_.login() == SessionStateKind::Ok; }));
  control("POST", "/keys", R"({"account":"main","revoked":true})");
  session(R"("expire":true)");
  ASSERT_TRUE(until([&] { return events_.login() == SessionStateKind::NeedsHuman; }));
  EXPECT_NE(events_.reasons[Part::Login].find("invalid consumer"), std::string::npos) << events_.reasons[Part::Login];
}

TEST_F(IbkrLive, HoursComeWithTheContractsAndWithoutAScheduleNoneAreKnown) {
  control("POST", "/hours", R"({"hours":"calendar","at":"2026-11-25T10:00:00-05:00"})");
  control("POST", "/faults", R"({"kind":"answer_wrong","endpoint":"contract.schedule","next":1,"status":500})");
  connect();
  const auto market = [&](std::string_view symbol) {
    const auto found = std::ranges::find(events_.instruments, symbol, [](const Instrument& each) { return view(each.symbol); });
    return found == events_.instruments.end() ? "no such contract" : std::string{view(found->market)};
  };
  EXPECT_EQ(market("AAPL"), "") << "IBKR has said nothing of it";
  EXPECT_EQ(market("BRK.B"), "NYSE@72063691");
  EXPECT_EQ(market("RELIANCE.XNSE"), "NSE@44652144");
  const auto hours = std::ranges::find(events_.markets, "NYSE@72063691", [](const MarketHours& each) { return view(each.market); });
  ASSERT_NE(hours, events_.markets.end());
  const auto regular = std::ranges::count(hours->sessions, TradingSessionKind::Regular, &TradingSession::kind);
  EXPECT_EQ(regular, 6);
  EXPECT_EQ(hours->sessions.size(), 18u) << "and before and after each";
}

TEST_F(IbkrLive, RealMoneyIsNotTradedWherePaperIsMeant) {
  make({}, Environment::Live);
  const auto connected = run(adapter_->connect());
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ErrorCode::PermissionDenied);
  EXPECT_NE(connected.error().text.find("is a paper account"), std::string::npos) << connected.error().text;
  EXPECT_EQ(events_.login(), SessionStateKind::NeedsHuman);
  run(adapter_->disconnect());
  make("broker_account = \"DU9\"\n");
  const auto another = run(adapter_->connect());
  ASSERT_FALSE(another);
  EXPECT_NE(another.error().text.find("DU9 is none of these: DU"), std::string::npos) << another.error().text;
}

TEST_F(IbkrLive, QuotesComeByTheStreamAndByAsking) {
  connect();
  control("POST", "/orders", R"({"symbol":"AAPL","side":"BUY","quantity":"7","price":"190"})");
  control("POST", "/orders", R"({"symbol":"AAPL","side":"SELL","quantity":"8","price":"191"})");
  ASSERT_TRUE(run(adapter_->subscribe("AAPL", Channel::Quote, 0)));
  ASSERT_TRUE(until([&] { return !events_.quotes.empty(); }));
  EXPECT_EQ(events_.quotes.back().bid_px, "190"_d);
  EXPECT_EQ(events_.quotes.back().ask_px, "191"_d);
  const auto quote = run(adapter_->quote("AAPL"));
  ASSERT_TRUE(quote) << quote.error().text;
  EXPECT_EQ(quote->ask_qty, "8"_d);
  EXPECT_FALSE(run(adapter_->subscribe("AAPL", Channel::Book, 0)));
  EXPECT_FALSE(run(adapter_->quote("NONE")));
  EXPECT_TRUE(run(adapter_->unsubscribe("AAPL", Channel::Quote, 0)));
}

TEST_F(IbkrLive, TheTapeShowsNothingThatProvesWhoWeAre) {
  connect();
  run(adapter_->place(limit("V1")));
  const auto credentials = gateway::load_credentials(folder_.path() / "main.cred");
  ASSERT_FALSE(tape_.empty());
  for (const Tape& each : tape_) {
    const std::string text = each.target + each.headers + each.error + std::string(each.body.begin(), each.body.end());
    EXPECT_EQ(text.find(credentials.consumer.access_token_secret.reveal()), std::string::npos);
    EXPECT_EQ(text.find("OAuth realm"), std::string::npos);
    EXPECT_EQ(text.find("\"session\":\"") == std::string::npos || text.find("\"session\":\"[cut]\"") != std::string::npos, true)
        << text;
  }
}

}  // namespace
}  // namespace busbar::ibkr
