"""A broker that has heard enough: it answers 429 or 418 and says for how long. Until then nothing is sent, by nobody, and
orders are refused, or wait within their time and go then. C4.

  broker_limits.py [BROKER...]

Without a broker it is Binance's and Coinbase's that are shown."""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
from stack import Stack, check, compare_all, wait_for  # noqa: E402
from load import first_symbol, spoken  # noqa: E402
import wire  # noqa: E402

import size  # noqa: E402

QUIET_S = 3
SHORT_NS = 1_000_000_000  # of an order that must not wait so long
# How orders travel, and what is answered. IBKR says no time: who goes over is shut out for as long as is known of it.
WAYS = {"binance": [("rest", 429), ("rest", 418), ("ws_api", 429), ("ws_api", 418)], "coinbase": [("rest", 429)],
        "alpaca": [("rest", 429)], "ibkr": [("rest", 429)]}
MORE = {"ws_api": 'orders = "ws_api"', "ibkr": f"penalty_ms = {1000 * QUIET_S}"}


class Way:
    def __init__(self, stack, broker, status):
        self.stack, self.status = stack, status
        self.symbol, self.price, self.quantity, self.step = first_symbol(broker)
        self.dealer = stack.dealer("limits")
        self.dealer.hello()
        self.count = self.short = self.long = 0
        self.refused_after = []

    def place(self, kind, seconds=30.0):
        name = f"{kind}{self.count}"
        self.count += 1
        price = self.price // 3 + self.count * self.step
        order = wire.new_order(name, "Buy", 10 * self.quantity, symbol=self.symbol, price=price)
        self.dealer.send("NewOrder", expire_time_ns=time.time_ns() + int(seconds * 1e9), **order)
        return name

    def becomes(self, names, *statuses, seconds=60.0):
        def others():
            return [n for n in names if self.dealer.status_of(n) not in statuses]
        check(self.dealer.pump(seconds, lambda: not others()), self.status,
              {n: self.dealer.reports_of(n)[-1:] for n in others()}, "are not", statuses)

    def early(self):
        rules = self.stack.venue.control_call("GET", "/faults")["faults"]
        check(sum(r["hits"] for r in rules) == 1, "the rule struck", rules)
        return sum(r["early"] for r in rules)

    def say_enough(self):
        """The venue has had enough; returns when it wants to hear again, monotonic clock."""
        self.stack.venue.fault("answer_instead", endpoint="order.place", next=1, status=self.status, retry_after_s=QUIET_S)
        told = self.place("told")
        self.becomes([told], "Rejected")
        check(self.dealer.reports_of(told)[-1]["error"] == "RateLimited", self.dealer.reports_of(told)[-1])
        return time.monotonic() + QUIET_S

    def round(self, restarts_router):
        venue = self.stack.venue
        resting = self.place("resting")
        self.becomes([resting], "New")
        before = len(venue.arrivals("order.place")) + 1  # with the one that is told
        self.say_enough()
        began = time.monotonic()
        short = [self.place("short", SHORT_NS / 1e9) for _ in range(20)]
        long = [self.place("long") for _ in range(5)]
        self.dealer.send("CancelOrder", client_order_id=f"cancel-{resting}", orig_client_order_id=resting)
        self.becomes(short, "Rejected", "Expired")
        self.refused_after.append(time.monotonic() - began)
        if restarts_router:  # what waits for a gateway that is lost is refused; that the broker wants quiet is in its books
            self.stack.processes["router"].kill()
            self.stack.restart("router")
            self.dealer.hello()
            self.becomes(long, "Rejected")
            refused, long = long, []
        ended = [self.dealer.reports_of(n)[-1] for n in short]
        check({r["error"] for r in ended} <= {"RateLimited", "Expired"}, {r["error"] for r in ended})
        # Questions are not passed on either: they are refused, or answered from what is known.
        self.stack.busbar("balances", can_fail=True)
        self.stack.busbar("book", self.symbol, can_fail=True)
        self.becomes(long, "New")
        if restarts_router:
            wait_for("the session to be well", lambda: self.stack.busbar("status", can_fail=True)[0] == 0)
            self.dealer.send("CancelOrder", client_order_id=f"again-{resting}", orig_client_order_id=resting)
            short += refused
        self.becomes([resting], "Canceled")
        check(self.early() == 0, self.early(), "requests came before the time that was given, after", self.status)
        arrived = [a["client_order_id"] for a in venue.arrivals("order.place")]
        check(len(arrived) == before + len(long) == len(set(arrived)), len(arrived), "arrived, and not", before + len(long))
        self.short += len(short)
        self.long += len(long)
        venue.clear_faults()


def run(broker, transport, status, rounds):
    more = MORE.get(transport, MORE.get(broker, ""))
    with Stack(f"limits-{broker}", broker=broker, order_ttl_ms=20_000, gateway=more, rate=0) as stack:
        stack.venue.stand_still()
        way = Way(stack, broker, status)
        for i in range(rounds):
            wait_for("the session to be well", lambda: stack.busbar("status", can_fail=True)[0] == 0)
            way.round(restarts_router=i % 2 == 1)
        compare_all(stack)
        return way


def main():
    brokers = sys.argv[1:] or ("binance", "coinbase")
    rounds = size.times(20, 2)
    short = long = count = 0
    slowest = 0.0
    for broker in brokers:
        for transport, status in WAYS[broker]:
            way = run(broker, transport, status, rounds)
            count += rounds
            short, long, slowest = short + way.short, long + way.long, max(slowest, *way.refused_after)
    print(f"C4: {count} times 429 or 418 with {QUIET_S} s to wait, from {' and '.join(map(spoken, brokers))}, by each way that "
          f"orders go: 0 requests of any kind before, a router killed meanwhile in half of them; {short} orders that could "
          f"not wait so long refused after {slowest:.2f} s at most, none of them sent; {long} good for longer, and the cancels, were sent then", flush=True)


if __name__ == "__main__":
    main()
