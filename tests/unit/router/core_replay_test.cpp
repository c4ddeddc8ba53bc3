#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "router/core/names.hpp"
#include "router/core/turn.hpp"
#include "tests/promises/size.hpp"
#include "tests/unit/router/core_bench.hpp"

namespace busbar::router::test {
namespace {

struct Recorded {
  std::uint64_t sequence;
  Timestamp time;
  Message message;
};

Bytes bytes_of(const std::vector<Decision>& decisions) {
  Bytes all;
  for (const Decision& d : decisions) {
    Header header;
    header.environment = Environment::Paper;
    header.sender = "router";
    header.session = d.session;
    header.correlation_id = d.correlation_id;
    header.sequence = d.report_number;
    header.expire_time_ns = static_cast<Timestamp>(d.incarnation);
    const Bytes bytes = encode(header, d.body);
    all.push_back(static_cast<std::uint8_t>(d.destination));
    all.insert(all.end(), d.peer.begin(), d.peer.end());
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  return all;
}

// Says anything at any time: orders right and wrong, reports true and false, comings and goings, days of silence.
class Babbler {
 public:
  explicit Babbler(std::uint32_t seed) : random_{seed} {
    bench_.config.client_order_id_days = 2;
    bench_.hello.rate_limits = {{"orders", "main", 10'000, 400, true}, {"weight", "ip", 1'000, 300, false}};
    bench_.hello.rate_costs = {
        {"place", "orders", 1}, {"place", "weight", 1}, {"cancel", "weight", 1}, {"ask", "weight", 2}};
    bench_.on_input = [this](std::uint64_t sequence, Timestamp time, const Message& message) {
      inputs.push_back({sequence, time, message});
      expected.push_back(bytes_of(bench_.out));
      look(bench_.out);
    };
    bench_.open();
  }

  void say(std::size_t count) {
    while (inputs.size() < count) {
      bench_.now += below(40) == 0 ? below(5000) * ms : below(50) * ms;
      if (below(4000) == 0) bench_.now += below(60) * 3600 * second;
      bench_.expire = below(30) == 0 ? bench_.now + below(2000) * ms - 500 * ms : 0;
      if (const auto deadline = bench_.core.next_deadline(); deadline && *deadline <= bench_.now && below(3) == 0)
        bench_.tick();
      speak();
    }
  }

  const Core& core() const { return bench_.core; }

  std::vector<Recorded> inputs;
  std::vector<Bytes> expected;
  std::map<std::string, int> met;  // statuses and kinds of reports, to see that the babble is rich

 private:
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n)); }
  template <class T>
  const T& one_of(const std::vector<T>& values) {
    return values[static_cast<std::size_t>(below(static_cast<std::int64_t>(values.size())))];
  }

  void speak() {
    const auto what = below(1000);
    if (what < 220) return order();
    if (what < 250) return order_list_of_some_kind();
    if (what < 325) return cancel_something();
    if (what < 326) return cancel_all();
    if (what < 330) return cancel_list();
    if (what < 360) return replace_something();
    if (what < 930) return report();
    if (what < 940) return gateway_comes_or_goes();
    if (what < 950) return session_flips();
    if (what < 965) return client_comes_or_goes();
    if (what < 985) return subscribe();
    if (what < 990) return usage();
    if (what < 993) return configure();
    if (what < 994) {
      bench_.tell(CoreStart{core_version, "0.1.0"});
      return bench_.say_hello();
    }
    if (what < 997 && !commands_.empty()) {
      bench_.tell(SendFailed{"binance", one_of(commands_).command_id, "full"});
      return;
    }
    bench_.tick();
  }

  std::string session() { return one_of<std::string>({"", "", "s1", "s2"}); }
  std::string name() { return "o" + std::to_string(below(static_cast<std::int64_t>(names_ / 2) + 5)); }

  void order() {
    NewOrder o = limit(below(10) == 0 ? name() : "o" + std::to_string(++names_), below(2) == 0 ? Side::Buy : Side::Sell,
                       Decimal{1 + below(5000), -3}, Decimal{1'000'000 + below(4'000'000), below(20) == 0 ? -3 : -2});
    o.account = one_of<Name>({"main", "main", "main", "second", "third"});
    o.rounding = static_cast<Rounding>(below(4));
    if (below(10) == 0) {
      o.order_type = static_cast<OrderType>(1 + below(6));
      o.stop_px = Decimal{4'000'000, -2};
    }
    if (below(20) == 0)
      o.order_type = OrderType::Market, o.price.reset(), o.cash_order_qty = "50"_d, o.order_qty.reset();
    if (below(50) == 0) o.symbol = "NO/SUCH";
    const std::string from = session();
    o.cancel_on_disconnect = !from.empty() && below(4) == 0;
    bench_.client(o, from);
  }
  void order_list_of_some_kind() {
    const auto number = std::to_string(++names_);
    NewOrderList list = one_cancels_other("l" + number, "lp" + number, "ls" + number);
    if (below(3) != 0) {
      list.list_type = below(2) == 0 ? OrderListType::OneTriggersOneCancelsOther : OrderListType::OneTriggersOther;
      list.orders.insert(list.orders.begin(), limit("lb" + number));
      if (list.list_type == OrderListType::OneTriggersOther) list.orders.pop_back();
    }
    if (below(10) == 0) list.orders[static_cast<std::size_t>(below(2))].price = "1.001"_d;
    if (below(10) == 0) list.orders[1].client_order_id = cut<64>(name());
    if (below(20) == 0) list.list_type = static_cast<OrderListType>(1 + below(4));
    if (below(20) == 0) list.list_id = cut<64>("l" + std::to_string(below(200)));
    const std::string from = session();
    for (NewOrder& o : list.orders) {
      o.account = below(50) == 0 ? "second" : "main";
      o.cancel_on_disconnect = !from.empty() && below(4) == 0;
    }
    bench_.client(list, from);
    lists_.push_back(list);
    if (below(10) == 0) bench_.client(one_of(lists_), session());
  }
  void cancel_all() {
    CancelAll c{cut<64>("ca" + std::to_string(below(200))), one_of<Name>({"main", "second"}), {}, Side::Unset};
    if (below(2) == 0) c.side = below(2) == 0 ? Side::Buy : Side::Sell;
    if (below(4) == 0) c.symbol = one_of<Symbol>({"BTC/USDT", "NO/SUCH"});
    bench_.client(c, session());
  }
  void cancel_list() {
    if (lists_.empty()) return;
    CancelOrderList c{cut<64>("cl" + std::to_string(below(5) == 0 ? below(50) : ++names_)), one_of(lists_).list_id};
    bench_.client(c, session());
  }
  void cancel_something() {
    CancelOrder c = cancel("c" + std::to_string(below(10) == 0 ? below(50) : ++names_), name());
    if (below(5) == 0) c.orig_client_order_id.clear(), c.order_id = static_cast<std::uint64_t>(below(200));
    bench_.client(c, session());
  }
  void replace_something() {
    ReplaceOrder r;
    r.client_order_id = cut<64>("r" + std::to_string(++names_));
    r.orig_client_order_id = cut<64>(name());
    if (below(2) == 0) r.order_qty = Decimal{1 + below(5000), -3};
    if (below(2) == 0) r.price = Decimal{1'000'000 + below(4'000'000), -2};
    bench_.client(r, session());
  }

  void report() {
    if (commands_.empty()) return;
    // Mostly about the newest, for those are alive.
    const auto back = std::min<std::int64_t>(static_cast<std::int64_t>(commands_.size()), below(4) == 0 ? 2000 : 40);
    const Command& command = commands_[commands_.size() - 1 - static_cast<std::size_t>(below(back))];
    const auto event = static_cast<VenueEvent>(below(3) == 0   ? 1
                                               : below(3) == 0 ? 3
                                                               : 1 + below(static_cast<int>(VenueEvent::MAX)));
    bench_.reports = bench_.core.last_report("binance", bench_.hello.incarnation);  // some went unheard
    VenueReport r = bench_.fact(command, event);
    r.source = static_cast<VenueSource>(1 + below(5));
    if (below(3) == 0) r.command_id = 0;
    if (below(3) == 0) r.broker_order_id = cut<64>("b" + std::to_string(command.order_id));
    if (below(10) == 0) r.venue_order_id.clear();
    if (below(100) == 0) r.side = Side::Sell;
    if (below(100) == 0) r.price = "12345"_d;
    if (below(4) == 0) r.cum_qty = Decimal{below(3000), -3};
    if (below(200) == 0) r.report_number += 1;
    if (event == VenueEvent::State)
      r.order_status = static_cast<OrderStatus>(below(static_cast<int>(OrderStatus::MAX) + 1));
    if (event == VenueEvent::Fill || below(30) == 0) {
      r.trade_id = cut<64>("t" + std::to_string(below(5) == 0 ? below(1000) : ++trades_));
      r.last_qty = Decimal{1 + below(800), -3};
      r.last_px = Decimal{4'000'000 + below(1000), -2};
      r.order_status = below(3) == 0 ? OrderStatus::Filled : OrderStatus::PartiallyFilled;
    }
    if (event == VenueEvent::NotFound || event == VenueEvent::Unknown)
      r.request_time_ns = command.send_time_ns - 20 * second;
    if (event == VenueEvent::Rejected && below(4) == 0) r.error = ErrorCode::DuplicateOrder;
    bench_.report(r);
  }

  void gateway_comes_or_goes() {
    if (below(2) == 0) {
      bench_.tell(Disconnected{"binance", "", bench_.hello.incarnation, true, "gone"});
      if (below(2) == 0) return;
    }
    if (below(2) == 0) ++bench_.hello.incarnation, bench_.reports = 0;
    bench_.say_hello();
    for (const char* account : {"main", "second"}) bench_.gateway(Bench::session_state(account));
  }
  void session_flips() {
    SessionState s = Bench::session_state(one_of<std::string>({"main", "second", "third"}));
    if (below(3) == 0) s.order_stream = static_cast<SessionStateKind>(below(7));
    s.reconciled = below(4) != 0;
    bench_.gateway(s);
    bench_.gateway(Bench::session_state("main"));
  }
  void client_comes_or_goes() {
    const std::string s = one_of<std::string>({"s1", "s2"});
    if (below(3) == 0) bench_.tell(Disconnected{"alpha", cut<32>(s), 0, false, "gone"});
    Hello h;
    h.last_report = static_cast<std::uint64_t>(below(100));
    h.cancel_on_disconnect = below(3) == 0;
    bench_.client(h, s);
  }
  void subscribe() {
    const auto channel = static_cast<Channel>(1 + below(static_cast<int>(Channel::MAX)));
    const auto interval = one_of<std::uint32_t>({60'000, 60'000, 300'000, 7});
    if (below(3) == 0) {
      bench_.client(Unsubscribe{"main", "BTC/USDT", channel, interval}, session());
    } else {
      Subscribe s{"main", "BTC/USDT", channel, interval, static_cast<std::uint32_t>(below(20'000))};
      bench_.client(s, session());
    }
  }
  void usage() {
    RateUsage u{"main", "weight", "ip", 1'000, static_cast<std::uint64_t>(below(300)), 0};
    if (below(4) == 0) u.blocked_until_ns = bench_.now + below(3000) * ms;
    bench_.gateway(u);
  }
  void configure() {
    bench_.config.accounts[0].max_order_qty = below(2) == 0 ? std::optional{Decimal{below(6), 0}} : std::nullopt;
    bench_.config.accounts[1].gateway = below(2) == 0 ? "binance" : "kraken";
    bench_.tell(bench_.config);
    bench_.instruments({btc()});
  }

  // What every client may rely on.
  void look(const std::vector<Decision>& decisions) {
    for (const Decision& d : decisions) {
      if (const auto* p = std::get_if<PlaceCommand>(&d.body)) commands_.push_back(p->command);
      if (const auto* p = std::get_if<CancelCommand>(&d.body)) commands_.push_back(p->command);
      if (const auto* p = std::get_if<ReplaceCommand>(&d.body)) commands_.push_back(p->command);
      if (const auto* p = std::get_if<PlaceCommand>(&d.body); p && !p->command.possible_resend) {
        EXPECT_TRUE(placed_.insert(p->command.order_id).second) << "order " << p->command.order_id << " placed twice";
      }
      if (const auto* list = std::get_if<PlaceListCommand>(&d.body)) {
        ++met["list"];
        for (const PlaceCommand& p : list->commands) {
          commands_.push_back(p.command);
          EXPECT_FALSE(p.command.possible_resend) << "a list is sent once";
          EXPECT_TRUE(placed_.insert(p.command.order_id).second) << "order " << p.command.order_id << " placed twice";
        }
      }
      if (std::holds_alternative<Answer>(d.body)) ++met["cancel of all"];
      const auto* r = std::get_if<ExecutionReport>(&d.body);
      if (!r) continue;
      ++met[std::string{busbar::name_of(r->order_status)}];
      ++met[std::string{busbar::name_of(r->exec_type)}];
      if (has_alarm(*r)) ++met["alarm"];
      if (d.destination == Destination::Session) {
        EXPECT_EQ(r->report_number, d.report_number);
        EXPECT_EQ(r->report_number, ++numbers_[std::string{view(d.session)}]) << "dense per session";
      }
      if (r->order_id == 0) continue;
      if (d.drop_copy || d.destination == Destination::DropCopy) {
        EXPECT_TRUE(events_.insert(std::string{view(r->exec_id)}).second)
            << "one event, one name: " << view(r->exec_id);
      }
      if (is_final(r->order_status)) {
        EXPECT_EQ(r->leaves_qty, Decimal{});
      } else if (r->order_qty) {
        EXPECT_EQ(add(*r->cum_qty, *r->leaves_qty), r->order_qty) << busbar::name_of(r->order_status);
      }
    }
  }

  Bench bench_;
  std::mt19937 random_;
  std::uint64_t names_ = 0;
  std::uint64_t trades_ = 0;
  std::vector<Command> commands_;
  std::vector<NewOrderList> lists_;
  std::set<std::uint64_t> placed_;
  std::set<std::string> events_;
  std::map<std::string, std::uint64_t> numbers_;
};

TEST(Replay, TheSameInputsMakeTheSameDecisionsAlsoAfterASnapshotAnywhere) {
  for (const std::uint32_t seed : {20261125u, std::random_device{}()}) {
    const bool is_known = seed == 20261125u;
    const auto inputs = static_cast<std::size_t>(promises::times(is_known ? 20'000 : 6'000, is_known ? 20'000 : 6'000));
    std::printf("seed %u\n", seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Babbler babbler{seed};
    babbler.say(inputs);
    for (const char* word :
         {"New", "PartiallyFilled", "Filled", "Canceled", "Rejected", "Expired", "InDoubt", "NeverSeen",
          "PendingCancel", "PendingReplace", "Replaced", "CancelRejected", "ReplaceRejected", "alarm", "list",
          "cancel of all"}) {
      if (inputs == 20'000) {
        // Compilers draw in another order, and NeverSeen is the rarest of all.
        EXPECT_GT(babbler.met[word], std::string_view{word} == "NeverSeen" ? 1 : 5) << word << " hardly happened";
      }
    }

    std::mt19937 random{seed};
    Core again;
    std::vector<Decision> out;
    for (std::size_t i = 0; i < babbler.inputs.size(); ++i) {
      const Recorded& input = babbler.inputs[i];
      out.clear();
      again.apply({input.sequence, input.time, input.time, &input.message}, out);
      ASSERT_EQ(bytes_of(out), babbler.expected[i]) << "input " << input.sequence;
      if (random() % 1000 != 0) continue;
      const Bytes snapshot = again.snapshot();
      auto restored = Core::restore(snapshot);
      ASSERT_TRUE(restored) << restored.error().text;
      ASSERT_EQ(restored->snapshot(), snapshot);
      ASSERT_EQ(restored->state_hash(), again.state_hash());
      again = std::move(*restored);
    }
    EXPECT_EQ(again.state_hash(), babbler.core().state_hash());
    EXPECT_EQ(again.next_deadline(), babbler.core().next_deadline());
    EXPECT_EQ(again.last_sequence(), babbler.inputs.back().sequence);
  }
}

TEST(Replay, TheStateHashIsTheSnapshotsLastBytes) {
  Bench bench;
  bench.open();
  const Bytes snapshot = bench.core.snapshot();
  const auto hash = bench.core.state_hash();
  EXPECT_TRUE(std::equal(hash.begin(), hash.end(), snapshot.end() - 32));
}

// A snapshot lists every name, each list in its order; most are found by their hash, and listed nowhere else.
TEST(Snapshot, TellsEveryNameAndWhatItTellsIsFound) {
  Babbler babbler{11};
  babbler.say(4'000);
  const Bytes snapshot = babbler.core().snapshot();
  State state;
  Reader reader{std::span{snapshot}.subspan(12, snapshot.size() - 12 - 32)};
  reader(state);
  ASSERT_TRUE(reader.error().empty()) << reader.error();
  const auto names = state.known.size();
  const auto broker_names = state.broker_orders.size();
  settle_names(state);
  EXPECT_GT(state.named_orders.size(), 500u);
  EXPECT_GT(state.orders_at_broker.size(), 100u);  // compilers draw in other orders
  EXPECT_GT(state.known.size(), 50u) << "requests have names too";

  const auto known = all_known(state);
  ASSERT_EQ(known.size(), names);
  for (const KnownEntry& each : known) {
    const auto found = find_known(state, *each.client, *each.id);
    ASSERT_TRUE(found) << view(*each.id);
    EXPECT_EQ(std::pair(found->type, found->order_id), std::pair(each.known.type, each.known.order_id)) << view(*each.id);
    const auto clients = clients_who_know(state, *each.id);
    EXPECT_EQ(std::count(clients.begin(), clients.end(), *each.client), 1) << view(*each.id);
  }
  EXPECT_TRUE(std::is_sorted(known.begin(), known.end(), [](const KnownEntry& a, const KnownEntry& b) {
    return LastFirst{}(ClientKey{*a.client, *a.id}, ClientKey{*b.client, *b.id});
  }));
  const auto at_broker = all_broker_orders(state);
  ASSERT_EQ(at_broker.size(), broker_names);
  for (const BrokerEntry& each : at_broker) {
    const Order* found = find_at_broker(state, *each.account, *each.symbol, *each.id);
    ASSERT_NE(found, nullptr) << view(*each.id);
    EXPECT_EQ(found->order_id, each.order_id) << view(*each.id);
  }
  EXPECT_TRUE(std::is_sorted(at_broker.begin(), at_broker.end(), [](const BrokerEntry& a, const BrokerEntry& b) {
    return LastFirst{}(BrokerKey{{*a.account, *a.symbol}, *a.id}, BrokerKey{{*b.account, *b.symbol}, *b.id});
  }));
  EXPECT_FALSE(find_known(state, "alpha", "nobody's"));
  EXPECT_EQ(find_at_broker(state, "main", "BTC/USDT", "nobody's"), nullptr);
}

TEST(Snapshot, DamageIsAnErrorAndNeverACrash) {
  Babbler babbler{7};
  babbler.say(400);
  const Bytes good = babbler.core().snapshot();
  ASSERT_TRUE(Core::restore(good));
  std::mt19937 random{7};
  for (int i = 0; i < 500; ++i) {
    Bytes bad = good;
    bad[random() % bad.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
    EXPECT_FALSE(Core::restore(bad));
  }
  for (std::size_t size = 0; size < good.size(); size += 1 + size / 7) {
    EXPECT_FALSE(Core::restore(std::span{good}.first(size)));
  }
  // Damage behind a right hash: someone who means it. Any answer will do but a crash.
  for (int i = 0; i < 2'000; ++i) {
    Bytes bad = good;
    for (std::uint32_t n = 1 + random() % 4; n > 0; --n)
      bad[random() % (bad.size() - 32)] = static_cast<std::uint8_t>(random());
    if (random() % 4 == 0)
      bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(random() % (bad.size() - 40)), bad.end() - 32);
    State state;
    Reader reader{std::span{bad}.subspan(12, bad.size() - 12 - 32)};
    reader(state);
  }
  Bytes other = good;
  other[8] ^= 1;  // the version
  EXPECT_FALSE(Core::restore(other));
}

// ---- Fills: repeated, reordered, early, from four sources, and still counted once.

TEST(Fills, AreCountedOnceHoweverTheyCome) {
  const std::uint32_t seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  const auto below = [&](std::uint32_t n) { return random() % n; };

  State state;
  Bench bench;
  std::vector<Decision> out;
  std::vector<Command> commands;
  std::uint64_t sequence = 0;
  bench.on_input = [&](std::uint64_t, Timestamp time, const Message& message) {
    const std::size_t from = out.size();
    apply(state, {++sequence, time, time, &message}, out);
    for (std::size_t i = from; i < out.size(); ++i) {
      if (const auto* place = std::get_if<PlaceCommand>(&out[i].body)) commands.push_back(place->command);
    }
    out.clear();
  };
  bench.open();

  constexpr std::uint32_t orders = 1'000;
  constexpr std::uint32_t fills = 20'000;
  struct Model {
    Decimal cum;
    std::uint64_t fills = 0;
  };
  std::map<std::uint64_t, Model> model;
  std::map<std::string, Decimal> net;
  for (std::uint32_t i = 0; i < orders; ++i) {
    NewOrder order = limit("A" + std::to_string(i), below(2) == 0 ? Side::Buy : Side::Sell, "100"_d);
    order.account = below(3) == 0 ? "second" : "main";
    bench.client(order);
  }
  ASSERT_EQ(commands.size(), orders);

  std::vector<VenueReport> said;
  for (std::uint32_t i = 0; i < fills; ++i) {
    const Command& command = commands[below(orders)];
    const Side side = state.orders.at(command.order_id).order.side;
    const Decimal qty{1 + static_cast<std::int64_t>(below(1000)), -3};
    VenueReport fill;
    fill.event = VenueEvent::Fill;
    fill.account = command.account;
    fill.symbol = command.symbol;
    fill.side = side;
    fill.trade_id = cut<64>("t" + std::to_string(i / 2));  // unique per account only
    if (below(2) == 0) fill.trade_id = cut<64>("u" + std::to_string(i));
    fill.last_qty = qty;
    fill.last_px = "50000"_d;
    fill.broker_order_id = cut<64>("b" + std::to_string(command.order_id));
    fill.transact_time_ns = bench.now;
    const auto is_same = [&](const VenueReport& r) { return r.trade_id == fill.trade_id && r.account == fill.account; };
    if (!said.empty() &&
        std::any_of(said.end() - std::min<std::ptrdiff_t>(20, std::ssize(said)), said.end(), is_same)) {
      fill.trade_id = cut<64>("v" + std::to_string(i));
    }
    Model& m = model[command.order_id];
    m.cum = *add(m.cum, qty);
    ++m.fills;
    Decimal& position = net[std::string{view(command.account)}];
    position = *(side == Side::Buy ? add(position, qty) : subtract(position, qty));
    for (std::uint32_t copies = 1 + below(5); copies > 0; --copies) {
      VenueReport copy = fill;
      copy.source = static_cast<VenueSource>(1 + below(4));
      if (copy.source != VenueSource::Reconcile)
        copy.venue_order_id = command.venue_order_id;  // trade lists name the broker's id only
      said.push_back(copy);
    }
  }
  for (const Command& command : commands) {  // acknowledgements lie anywhere between
    VenueReport accepted = bench.fact(command, VenueEvent::Accepted);
    accepted.broker_order_id = cut<64>("b" + std::to_string(command.order_id));
    said.push_back(accepted);
  }
  std::shuffle(said.begin(), said.end(), random);
  bench.reports = 0;
  for (VenueReport& report : said) {
    report.report_number = ++bench.reports;
    report.incarnation = bench.hello.incarnation;
    bench.gateway(report);
  }

  std::uint64_t counted = 0;
  for (const auto& [id, m] : model) {
    const Order& order = state.orders.at(id);
    EXPECT_EQ(order.life.cum_qty, m.cum) << "order " << id;
    counted += m.fills;
  }
  EXPECT_EQ(counted, fills);
  EXPECT_EQ(state.fills.size(), fills);
  EXPECT_TRUE(state.unmatched_fills.empty());
  for (const auto& [account, position] : net) {
    const Book& book = state.books.at({cut<32>(account), "BTC/USDT"});
    EXPECT_EQ(book.net_qty, position) << account;
    EXPECT_TRUE(book.is_exact);
  }
}

}  // namespace
}  // namespace busbar::router::test
