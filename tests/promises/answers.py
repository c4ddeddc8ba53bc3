"""Orders and what is answered to them: said often, answered never, come too late, filled twice, and to nobody.

  answers.py once|lost_rest|lost_ws|late|fills [BROKER...] [--seed N]

once: A17 (by the bus). lost_rest, lost_ws: A18, orders by REST and by Binance's WebSocket API. late: A19 and B3. fills: A20.
lost_rest and fills are at the brokers that are named, and without one at Binance and Coinbase."""
import argparse
import collections
import datetime
import random
import re
import signal
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
from stack import Number, Stack, check, compare_all, wait_for, wait_synced  # noqa: E402
import wire  # noqa: E402

from crash import absence_s  # noqa: E402
from load import OF_SHARES, Template, first_symbol, product, spoken  # noqa: E402
import size  # noqa: E402


class Session(wire.Dealer):
    """Finds what was reported of an order at once, among however many."""

    def __init__(self, stack, name):
        super().__init__(stack.endpoint("orders"), "alpha", name)
        self.by_name = collections.defaultdict(list)
        stack.clients.append(self)
        self.hello()

    def take(self, data):
        before = len(self.reports)
        super().take(data)
        for report in self.reports[before:]:
            self.by_name[report["client_order_id"]].append(report)

    def reports_of(self, client_order_id):
        return self.by_name.get(client_order_id, [])

    def all_become(self, names, *statuses, seconds):
        """Waits for it, and looks at each report once."""
        waiting = {n for n in names if self.status_of(n) not in statuses}
        seen = len(self.reports)

        def look():
            nonlocal seen
            waiting.difference_update([r["client_order_id"] for r in self.reports[seen:] if r["order_status"] in statuses])
            seen = len(self.reports)
            return not waiting
        check(self.pump(seconds, look), len(waiting), "orders are not", "/".join(sorted(statuses)), "after", seconds, "s:",
              {n: self.status_of(n) for n in list(waiting)[:8]})


class Arrivals:
    """Orders that arrived at the venues, read as they grow. None may arrive twice."""

    def __init__(self, stack):
        self.stack, self.names, self.seen = stack, set(), collections.Counter()

    def look(self):
        placed = []
        for venue in self.stack.venues:
            new = venue.control_call("GET", f"/arrivals?since={self.seen[venue.broker]}")["arrivals"]
            self.seen[venue.broker] += len(new)
            placed += [a["client_order_id"] for a in new if a["operation"] == "order.place"]
        twice = [n for n, count in collections.Counter(placed).items() if count > 1 or n in self.names]
        check(not twice, "sent twice:", len(twice), "orders:", twice[:10])
        self.names.update(placed)
        return len(self.names)


# ---- A17: one name, one order


class Asker(wire.Req):
    """Without a session: asks now, and reads the answer later."""

    def encode(self, fields):
        self.correlation += 1
        return wire.encode("NewOrder", {"environment": self.environment, "sender": self.client, "send_time_ns": wire.now(),
                                        "correlation_id": self.correlation}, **fields)

    def answer_about(self, name):
        check(self.socket.poll(60_000), "no answer about", name)
        return wire.decode(self.socket.recv())[2]


class Speaker(Session):
    def encode(self, fields):
        self.sequence += 1
        return wire.encode("NewOrder", {"environment": self.environment, "sender": self.client, "send_time_ns": wire.now(),
                                        "session": self.session, "sequence": self.sequence}, **fields)

    def answer_about(self, name):
        check(self.pump(60, lambda: len(self.reports_of(name)) > self.before), self.session, "was not answered about", name)
        return self.reports_of(name)[self.before]

    before = 0  # reports of that order that are no answer to what is said now


class Crowd:
    """One client, speaking through several sessions and several sockets that have none."""

    def __init__(self, stack, chance, sessions=5, askers=5):
        self.chance = chance
        self.sessions = [Speaker(stack, f"crowd{i}") for i in range(sessions)]
        self.askers = [Asker(stack.endpoint("orders"), "alpha") for _ in range(askers)]
        stack.clients += self.askers

    def hello(self):
        for session in self.sessions:
            session.hello()
            session.pump(0.5)  # what it has missed comes first

    def say_at_once(self, bodies):
        """One order's bodies, each by another of the crowd; returns what each was answered first."""
        name = bodies[0]["client_order_id"]
        for session in self.sessions:
            session.before = len(session.reports_of(name))
        speakers = self.chance.sample(self.sessions + self.askers, len(bodies))
        messages = [speaker.encode(body) for speaker, body in zip(speakers, bodies)]
        for speaker, message in zip(speakers, messages):
            speaker.socket.send(message)
        return [speaker.answer_about(name) for speaker in speakers]


def order_of(name, is_other=False):
    return wire.new_order(name, "Buy", "0.001", price=31000 if is_other else 30000)


def one_order_each(crowd, names, winners, chance):
    """Says each name several times at once, some with another body. Returns how often."""
    said = 0
    for name in names:
        others = [chance.random() < 0.25 for _ in range(chance.randint(2, 10))]
        answers = crowd.say_at_once([order_of(name, is_other) for is_other in others])
        said += len(answers)
        refused = [a["error"] == "Conflict" for a in answers]
        check(all(a["error"] == "None_" or no for a, no in zip(answers, refused)), name, answers)
        taken = {is_other for is_other, no in zip(others, refused) if not no}
        check(taken or name in winners, name, "was taken in no shape:", answers)
        if taken:
            winners.setdefault(name, (next(iter(taken)), next(a["order_id"] for a, no in zip(answers, refused) if not no)))
        shape, order_id = winners[name]
        check(refused == [is_other != shape for is_other in others], name, "was taken in two shapes:", answers)
        same = {(a["order_id"], a["price"]) for a, no in zip(answers, refused) if not no}
        check(same <= {(order_id, order_of(name, shape)["price"])}, name, "got two answers:", same)
    return said


def once(chance):
    names = [f"I{i}" for i in range(size.times(10_000, 200))]
    with Stack("once", venue="[venue.symbols.BTCUSDT]\nbase = \"BTC\"\nquote = \"USDT\"\ntick = \"0.01\"\n"
               "step = \"0.00001\"\nstart_price = \"50000\"\norders_max = 100000\n") as stack:
        stack.venue.stand_still()
        stack.venue.control_call("POST", "/deposit", account="main", asset="USDT", amount="100000000")
        crowd = Crowd(stack, chance)
        winners = {}
        said = one_order_each(crowd, names, winners, chance)
        arrivals = Arrivals(stack)
        wait_for("every order to arrive", lambda: arrivals.look() >= len(names))
        wait_synced(stack)
        stack.processes["router"].kill()
        stack.restart("router")
        crowd.hello()
        again = one_order_each(crowd, names, winners, chance)
        wait_synced(stack)
        count = arrivals.look()
        check(count == len(names), count, "orders arrived of", len(names))
        check(compare_all(stack) == len(names), "the venue's book")
        print(f"A17: {len(names)} names said {said} times, and {again} times after kill -9 of the router: {count} broker "
              f"requests, the same answer for the same body, CONFLICT for another", flush=True)


# ---- A18: the answer is lost

# What the order stream tells them by; Alpaca's has a word for each thing that happens, and nothing else.
ORDER_EVENTS = {"binance": ("executionReport", ), "coinbase": ("user", ), "alpaca": ("", ), "ibkr": ("sor", "str")}
# Those of them that another one always follows: what is told after its successor would else be told never.
FOLLOWED = {**ORDER_EVENTS, "alpaca": ("pending_new", "partial_fill"), "ibkr": ("sor", )}
LOST = {"drop": ("drop_answer", {}), "502": ("answer_wrong", {"status": 502}), "wait": ("delay_answer", {"ms": 60_000})}
KNOWN = {"New", "PartiallyFilled", "Filled"}


class Lost:
    """Rounds of orders, one an account, whose answers are all lost in the same way."""

    def __init__(self, stack, chance, transport):
        self.stack, self.chance, self.transport = stack, chance, transport
        self.dealer = Session(stack, "lost")
        self.count = 0
        self.arrivals = Arrivals(stack)
        self.sent = {}   # name: when, wall clock
        self.doubted = []  # seconds until a doubt was told
        self.right = []    # seconds until the state was right, since the venue showed it

    def place(self, account):
        name = f"L{self.count}"
        self.count += 1
        self.sent[name] = time.time()
        symbol, price, quantity, step = first_symbol(self.stack.broker_of(account))
        self.dealer.send("NewOrder", **wire.new_order(name, "Buy", quantity, symbol, account,
                                                      price=price // 3 + self.count % 5000 * step))
        return name

    def is_ready(self):
        states = self.stack.busbar("status", can_fail=True)[1][0]["sessions"]
        return all(s["state"] == "Ok" and s["order_stream"] == "Ok" and s["reconciled"] for s in states)

    def good_ones(self):
        """Answered as they should be: else the gateway would hold orders back from a broker that answers none."""
        self.dealer.pump(0)
        wait_for("the sessions to be well", self.is_ready, 60, 0.05)
        self.dealer.all_become([self.place(a) for a in self.stack.accounts], "New", seconds=60)

    def lose(self, how, mode):
        """mode: the order stream tells of the orders; or it is silent; or look-ups do not show them either, for a while."""
        self.good_ones()
        kind, more = LOST[how]
        hidden = 2.0 if mode == "hidden" else 0.0
        for venue in self.stack.venues:
            if mode != "told":
                for event in ORDER_EVENTS[venue.broker]:
                    venue.fault("withhold", stream="orders", event=event)
            if hidden:
                venue.fault("hide_orders", ms=int(hidden * 1000))
            venue.fault(kind, endpoint="order.place", transport=self.transport, next=len(venue.accounts), **more)
        names = {self.place(account): time.monotonic() for account in self.stack.accounts}
        first_doubt, first_right = {}, {}

        def look():
            for name in names:
                statuses = [r["order_status"] for r in self.dealer.reports_of(name)]
                if "InDoubt" in statuses:
                    first_doubt.setdefault(name, time.monotonic() - names[name])
                if statuses and statuses[-1] in KNOWN:
                    first_right.setdefault(name, time.monotonic() - names[name])
            return len(first_right) == len(names)
        is_right = self.dealer.pump(30, look)
        wrong = {n: [r["order_status"] for r in self.dealer.reports_of(n)] for n in names if n not in first_right}
        check(is_right, how, mode, "not right after 30 s:", wrong)
        for name in names:
            statuses = [r["order_status"] for r in self.dealer.reports_of(name)]
            check(not {"Rejected", "NeverSeen", "Expired", "Canceled"} & set(statuses), how, mode, name, statuses)
            if mode != "told":
                check(name in first_doubt, how, mode, name, "was never in doubt:", statuses)
        self.arrivals.look()
        self.doubted += first_doubt.values()
        self.right += [seconds - hidden for seconds in first_right.values()]
        for venue in self.stack.venues:
            venue.clear_faults()

    def lose_requests(self):
        """They never arrive: in doubt at once."""
        self.good_ones()
        for venue in self.stack.venues:
            venue.fault("drop_request", endpoint="order.place", transport=self.transport, next=len(venue.accounts))
        begin = time.monotonic()
        names = {self.place(a): a for a in self.stack.accounts}
        self.dealer.pump(60, lambda: all(self.dealer.status_of(n) not in (None, "PendingNew") for n in names))
        self.arrivals.look()
        self.dealer.all_become(names, "InDoubt", seconds=0)
        self.doubted.append(time.monotonic() - begin)
        for venue in self.stack.venues:
            venue.clear_faults()
        return names

    def ends_by_absence(self, accounts):
        """Orders, and whose they were: how long after they could no longer act each was given up."""
        bounds = {name: absence_s(self.stack, account) for name, account in accounts.items()}
        self.dealer.all_become(bounds, "NeverSeen", seconds=max(bounds.values()) + 20)
        ends = {n: self.dealer.reports_of(n)[-1]["report_time_ns"] / 1e9 - self.sent[n] - bounds[n] for n in bounds}
        check(min(ends.values()) >= 0, "given up while they could still act:", ends)
        return list(ends.values())

    def check_alarms(self):
        """What a person is told: a line in the router's log, not later than 5 s after the order was sent."""
        orders = {r["order_id"]: r["client_order_id"] for r in self.dealer.reports}
        doubts = {r["client_order_id"] for r in self.dealer.reports if r["order_status"] == "InDoubt"}
        told = {}
        for line in Path(self.stack.processes["router"].log).read_text().splitlines():
            found = re.match(r"(\S+)Z busbar-router critical: ALARM: order (\d+) .* is InDoubt", line)
            if found:
                name = orders[int(found[2])]
                at = datetime.datetime.fromisoformat(found[1] + "+00:00").timestamp()
                told.setdefault(name, at - self.sent[name])
        check(doubts <= told.keys(), "no alarm about", list(doubts - told.keys())[:5])
        check(max(told.values()) <= 5, "an alarm came after", max(told.values()), "s")
        return max(told.values())


def lost(chance, transport, names):
    is_rest = transport == "rest"
    each = 10 if is_rest else 4
    brokers = [b for b in names for _ in range(each)]
    accounts = tuple(f"a{i}" for i in range(len(brokers)))
    rounds = -(-(size.times(1000, 20) if is_rest else size.times(100, 8)) // each)
    rounds = max(rounds, 2)
    gateway = "order_event_ms = 600000\n" + ("" if is_rest else 'orders = "ws_api"')
    with Stack(f"lost-{transport}", accounts=accounts, gateways=brokers, brokers=brokers, recv_window_ms=1000,
               gateway=gateway) as stack:
        for venue in stack.venues:
            venue.stand_still()
        run = Lost(stack, chance, transport)
        counts = {}
        never_there = run.lose_requests()
        for how in LOST:
            modes = ["hidden", "silent"] + [chance.choice(["told", "silent", "hidden"]) for _ in range(rounds - 2)]
            for mode in modes[:rounds]:
                run.lose(how, mode)
            counts[how] = rounds * each
        ends = run.ends_by_absence(never_there)
        run.arrivals.look()
        alarm = run.check_alarms()
        check(max(run.doubted) <= 5, "in doubt only after", max(run.doubted), "s")
        check(max(run.right) <= 5, "right only", max(run.right), "s after the venue showed it")
        orders = compare_all(stack)
        check(orders == run.count - len(ends), orders, "orders at the venue of", run.count)
        stack.busbar("journal", "recheck")
        where = f"REST, at {' and at '.join(map(spoken, names))}" if is_rest else "the WebSocket API"
        print(f"A18: by {where}, answers lost at each: " +
              ", ".join(f"{count} by {how}" for how, count in counts.items()) +
              f"; 0 sent again; in doubt after {statistics.median(run.doubted):.2f} s in the middle, "
              f"{max(run.doubted):.2f} s at most, alarm {alarm:.2f} s at most (limit 5 s); right "
              f"{statistics.median(run.right):.2f} s in the middle, {max(run.right):.2f} s at most after the venue showed "
              f"it (limit 5 s); {len(ends)} requests lost: ended by the absence rule {min(ends):.1f} to {max(ends):.1f} s "
              "after they could still act", flush=True)


# ---- A19 and B3: nobody is there, or not in time


class Refused:
    """Orders to a gateway that takes none: how soon each is refused."""

    def __init__(self, stack, milliseconds):
        self.session, self.milliseconds = Session(stack, "refused"), milliseconds
        self.names, self.taken = [], []

    def ask(self, why, account):
        """Before the first is refused some may be taken: until the line is seen to be broken."""
        name = f"D{len(self.names) + len(self.taken)}"
        begin = time.monotonic()
        self.session.send("NewOrder", **wire.new_order(name, "Buy", "0.001", account=account, price=30000))
        is_refused = self.session.pump(60 if self.milliseconds[why] else 1, lambda: self.session.status_of(name) == "Rejected")
        if not is_refused and not self.milliseconds[why]:
            return self.taken.append(name)
        check(is_refused, why, self.session.reports_of(name))
        self.milliseconds[why].append((time.monotonic() - begin) * 1000)
        self.names.append(name)
        return check(self.session.reports_of(name)[-1]["error"] == "GatewayDown", why, self.session.reports_of(name))


class Burst:
    """Orders as fast as can be."""

    def __init__(self, dealer):
        self.dealer, self.count = dealer, 0
        name = self.name(0)
        self.template = Template("NewOrder", dealer.client, dealer.session, [name], **order_of(name))

    def name(self, i):
        return f"Q{i:06}"

    def send(self, count):
        names = [self.name(i) for i in range(self.count, self.count + count)]
        self.count += count
        for name in names:
            self.dealer.sequence += 1
            self.dealer.socket.send(self.template.fill(self.dealer.sequence, [name]))
        return names


class TwoGateways(Stack):
    """One of them is never started, so all is never well. Orders live a second, as they do unless told otherwise."""

    def __init__(self, router=""):
        super().__init__("late", order_ttl_ms=1000, recv_window_ms=1000, router=router,
                         symbols='[accounts.ghost]\ngateway = "ghost"\ncredentials = "/nowhere"')

    life = None  # of the gateway, in which the router knows it

    def wait_ready(self, seconds=60.0):
        """For the gateway that there is, and a life of it that was not there before."""
        def question():
            lines = self.busbar("--timeout", "1", "status", can_fail=True)[1]
            status = lines[0] if lines else {}
            is_well = all(s["state"] == "Ok" and s["reconciled"] for s in status.get("sessions", []))
            lives = {g["incarnation"] for g in status.get("gateways", []) if g["connected"]} - {self.life}
            return is_well and lives
        self.life = wait_for("the gateway that there is", question, seconds, 0.1).pop()


def journaled(stack, names, error):
    """Each of them was answered so, in the journal."""
    wait_synced(stack)
    told = collections.defaultdict(set)
    for record in stack.journal("core"):
        message = record["message"]
        if record["kind"] == "Output" and message["message"]["type"] == "ExecutionReport":
            told[message["message"]["client_order_id"]].add(message["message"].get("error"))
    missing = [n for n in names if error not in told[n]]
    check(not missing, len(missing), "orders have no", error, "in the journal:", {n: told[n] for n in missing[:5]})


def full(refusals, milliseconds):
    """A frozen gateway whose silence is noticed after 10 s, and whose queue takes 100 orders beyond what the socket does."""
    with TwoGateways("gateway_queue_max = 100\nheartbeat_interval_ms = 5000") as stack:
        refused = Refused(stack, milliseconds)
        dealer = Session(stack, "burst")
        stack.processes["gateway"].popen.send_signal(signal.SIGSTOP)
        begin = time.monotonic()
        Burst(dealer).send(2000)
        check(dealer.pump(7, lambda: dealer.reports and dealer.reports[-1]["error"] == "GatewayDown"), "it is not full")
        while len(milliseconds["full"]) < refusals and time.monotonic() - begin < 8:
            refused.ask("full", "main")
        check(milliseconds["full"], "nothing was asked of a full gateway")
        said = stack.busbar("balances", "--account", "main", can_fail=True)[2]
        check("does not take it" in said, "a question to a full gateway is answered:", said)
        stack.processes["gateway"].popen.send_signal(signal.SIGCONT)
        journaled(stack, refused.names, "GATEWAY_DOWN")


def late(chance):
    count = size.times(1000, 1000)
    refusals = size.times(1000, 100)
    milliseconds = collections.defaultdict(list)
    full(refusals, milliseconds)
    with TwoGateways() as stack:
        gateway = stack.processes["gateway"]
        stack.venue.stand_still()
        refused = Refused(stack, milliseconds)
        dealer = Session(stack, "queue")
        burst = Burst(dealer)
        for _ in range(refusals):
            refused.ask("never there", "ghost")

        # Stopped for 5 s with orders queued.
        gateway.popen.send_signal(signal.SIGSTOP)
        begin = time.monotonic()
        queued = burst.send(count)
        dealer.pump(max(begin + 5 - time.monotonic(), 0))
        gateway.popen.send_signal(signal.SIGCONT)
        dealer.all_become(queued, *wire.FINAL, seconds=60)
        errors = collections.Counter(dealer.reports_of(n)[-1]["error"] for n in queued)
        check(errors == {"Expired": count}, "queued, and not answered EXPIRED:", errors)
        arrived = Arrivals(stack)
        check(arrived.look() == 0, "late orders reached the venue:", arrived.names)

        # Not running: refused at once, and nothing of it comes when it is started.
        stack.life = None
        stack.wait_ready()
        gateway.kill()
        while len(refused.milliseconds["down"]) < refusals:
            refused.ask("down", "main")
        stack.restart("gateway")
        stack.wait_ready()
        check(arrived.look() == 0, "late orders reached the venue:", arrived.names)

        # Killed with orders that it had not read: nobody knows that they were not sent, so they are asked for.
        dealer.hello()  # it was silent meanwhile
        gateway.popen.send_signal(signal.SIGSTOP)
        unread = burst.send(size.times(100, 20))
        dealer.all_become(unread, "PendingNew", seconds=60)
        gateway.kill()
        stack.restart("gateway")
        stack.wait_ready()
        dealer.send("NewOrder", **wire.new_order("fresh", "Buy", "0.001", price=30000))
        dealer.all_become(["fresh"], "New", seconds=60)
        dealer.all_become(unread, "NeverSeen", seconds=60)
        check(arrived.look() == 1, "late orders reached the venue:", arrived.names)

        journaled(stack, queued, "EXPIRED")
        journaled(stack, refused.names, "GATEWAY_DOWN")
        wait_for("all but one order to have ended", lambda: len(stack.busbar("orders")[1]) == 1)
        print(f"A19: gateway stopped 5 s with {len(queued)} orders queued: 0 reached the venue, {len(queued)} EXPIRED in "
              f"the journal; {len(unread)} unread by a gateway that was killed: 0 reached the venue, ended by the absence rule",
              flush=True)
    for why, each in milliseconds.items():
        check(statistics.median(each) <= 50, why, "refused only after", statistics.median(each), "ms")
        print(f"B3: gateway {why}: {len(each)} of {len(each)} refused GATEWAY_DOWN, {statistics.median(each):.1f} ms in the "
              f"middle (limit 50 ms), {max(each):.1f} ms at most, all journaled, 0 pending", flush=True)


# ---- A20: each fill counts once


class Fills:
    """At one broker: orders of ours that rest and are swept in pieces, and orders of ours that sweep. The stream repeats and
    shuffles."""

    def __init__(self, stack, chance, account, dealer):
        self.stack, self.chance, self.account, self.dealer = stack, chance, account, dealer
        self.venue, self.broker = stack.venue_for(account), stack.broker_of(account)
        self.symbol, self.price, self.quantity, _ = first_symbol(self.broker)
        self.base, self.quote = self.symbol.split("/") if "/" in self.symbol else (self.symbol, "USD")
        self.fills = 0
        self.count = 0

    def place(self, side, quantity, price=None):
        name = f"{self.account}{self.count}"
        self.count += 1
        self.dealer.send("NewOrder", **wire.new_order(name, side, quantity, self.symbol, self.account, price))
        return name

    def trade(self, side, pieces, **more):
        self.venue.trade(side, pieces * self.quantity, str(self.price), product(self.broker, self.symbol), **more)

    def wait_final(self, names):
        self.dealer.all_become(names, "Filled", seconds=60)
        self.fills += sum(r["exec_type"] == "Trade" for n in names for r in self.dealer.reports_of(n))

    def are_swept(self):
        side, house = self.chance.choice([("Buy", "SELL"), ("Sell", "BUY")])
        sizes = [self.chance.randint(2, 5) for _ in range(40)]
        names = [self.place(side, n * self.quantity, self.price) for n in sizes]
        self.dealer.all_become(names, "New", "PartiallyFilled", "Filled", seconds=60)
        left = sum(sizes)
        while left:
            piece = min(left, self.chance.randint(1, 12))
            self.trade(house, piece, time_in_force="IOC")
            left -= piece
        self.wait_final(names)

    def sweep(self):
        side, house = self.chance.choice([("Buy", "SELL"), ("Sell", "BUY")])
        pieces = self.chance.randint(5, 15)
        for _ in range(pieces):
            self.trade(house, 1)
        self.wait_final([self.place(side, pieces * self.quantity, self.price if self.chance.random() < 0.5 else None)])

    def of_venue(self):
        return [t for t in self.venue.trades(self.account) if t["client_order_id"]]

    def reports(self):
        return [r for r in self.dealer.reports if r["client_order_id"].startswith(self.account)]

    def wait_told(self):
        """Until the last fill is, on its way here; what is told beyond that compare() finds."""
        made = len(self.of_venue())
        self.dealer.pump(60, lambda: sum(r["exec_type"] == "Trade" for r in self.reports()) >= made)

    def compare(self, when):
        """Fill by fill, and what they add up to."""
        trades = self.of_venue()
        made = sorted((t["client_order_id"], Number(t["price"]), Number(t["qty"])) for t in trades)
        told = sorted((r["venue_order_id"], Number(r["last_px"]), Number(r["last_qty"])) for r in self.reports()
                      if r["exec_type"] == "Trade")
        check(told == made, when, "fills differ:", len(told), "here,", len(made), "at the venue")
        names = [r["trade_id"] for r in self.reports() if r["exec_type"] == "Trade"]
        check(len(set(names)) == len(names), when, "a fill was counted twice:", names)
        if self.broker == "binance":  # Coinbase's book names a trade, and its list of fills each side's entry
            check(set(names) == {f"{t['symbol']}:{t['trade_id']}" for t in trades}, when, "fills have other names")
        orders = [o for o in self.stack.busbar("orders", "--all", client="alpha")[1] if o["account"] == self.account]
        position = lambda rows: sum(q if side == "BUY" else -q for side, q in rows)  # noqa: E731
        by_orders = position((o["side"].upper(), Number(o.get("cum_qty", "0"))) for o in orders)
        by_fills = position((t["side"], Number(t["qty"])) for t in trades)
        check(by_orders == by_fills, when, "position", by_orders, "here,", by_fills, "at the venue")
        account = next(a for a in self.venue.book(self.account)["accounts"] if a["account"] == self.account)
        if self.broker in OF_SHARES:
            ours = {p["symbol"]: Number(p["qty"]) for p in self.stack.busbar("positions", "--account", self.account)[1]}
        else:
            ours = {b["asset"]: Number(b["free"]) + Number(b.get("locked", "0"))
                    for b in self.stack.busbar("balances", "--account", self.account)[1]}
        theirs = account["balances"][self.base]
        check(ours[self.base] == Number(theirs["free"]) + Number(theirs["locked"]), when, ours, theirs)
        return len(trades), by_fills


def fills_before_answers(stack):
    """By account: how many fills a gateway told of before the answer to their order."""
    answered, early = set(), collections.Counter()
    for record in stack.journal():
        report = record["message"] if record["kind"] == "Input" else {}
        if report.get("type") != "VenueReport":
            continue
        if report["event"] == "Fill":
            early[report["account"]] += report["venue_order_id"] not in answered
        elif report["source"] == "Rest":
            answered.add(report["venue_order_id"])
    return early


def fills(chance, brokers):
    wanted = size.times(100_000, 2000)
    # The streams repeat what they say up to four times, and shuffle it; half the orders are answered after their fills.
    with Stack("fills", accounts=brokers, gateways=brokers, brokers=brokers) as stack:
        dealer = Session(stack, "fills")
        runs = [Fills(stack, chance, account, dealer) for account in stack.accounts]
        for run in runs:
            venue = run.venue
            venue.stand_still()
            for asset, amount in ((run.base, str(10_000_000 * run.quantity)), (run.quote, "500000000")):
                venue.control_call("POST", "/deposit", account=run.account, asset=asset, amount=amount)
            for event in ORDER_EVENTS[run.broker]:
                for times, probability in ((1, 0.6), (1, 0.5), (2, 0.4)):
                    venue.fault("duplicate", stream="orders", event=event, times=times, probability=probability)
            for event in FOLLOWED[run.broker]:
                venue.fault("reorder", stream="orders", event=event, probability=0.3)
            venue.fault("delay_answer", endpoint="order.place", ms=20 if run.broker == "binance" else 50, probability=0.5)
        while sum(run.fills for run in runs) < wanted:
            run = min(runs, key=lambda run: run.fills)
            run.sweep() if chance.random() < 0.6 else run.are_swept()
        wait_synced(stack)
        early = fills_before_answers(stack)
        said = []
        for run in runs:
            hits = collections.Counter()
            for fault in run.venue.control_call("GET", "/faults")["faults"]:
                hits[fault["kind"]] += fault["hits"]
            run.venue.clear_faults()
            run.wait_told()
            count, position = run.compare("at the end,")
            check(early[run.account] or size.SIZE == "sanitizer", "no fill was told before the answer to its order at", run.broker)
            said.append(f"{spoken(run.broker)}: {count} fills of {run.count} orders, {hits['duplicate']} events "
                        f"repeated, {hits['reorder']} out of order, {early[run.account]} fills before their order "
                        f"was acknowledged: 0 counted twice, position {position} as in the venue's book")
        compare_all(stack)
        # The fills come once more, from the brokers' lists this time, to gateways and a router that are new.
        for name in (*stack.gateway_names, "router"):
            stack.processes[name].kill()
            stack.restart(name)
        stack.wait_ready()
        dealer.hello()
        dealer.pump(1)  # what is told twice would be told by now
        for run in runs:
            run.wait_told()
            run.compare("after kill -9 of gateways and router,")
        compare_all(stack)
        stack.busbar("journal", "recheck")
        print(f"A20: {'; '.join(said)}; also after kill -9 of gateways and router", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("row", choices=["once", "lost_rest", "lost_ws", "late", "fills"])
    parser.add_argument("brokers", nargs="*", default=("binance", "coinbase"))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    print(f"answers {options.row}: seed {options.seed}, size {size.SIZE}", flush=True)
    chance = random.Random(options.seed)
    rows = {"once": once, "late": late, "fills": lambda c: fills(c, options.brokers),
            "lost_rest": lambda c: lost(c, "rest", options.brokers), "lost_ws": lambda c: lost(c, "ws", ("binance", ))}
    rows[options.row](chance)


if __name__ == "__main__":
    main()
