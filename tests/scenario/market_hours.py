"""What becomes of an order when its market's bell rings, through all processes: their clock is set to some seconds before a
bell in November 2026, whatever the day is. Around it lie a holiday, the 26th, and half a day, the 27th."""
import os
import sys
import time
from datetime import datetime
from functools import wraps
from pathlib import Path

import wire
from stack import PATIENCE, Failed, Number, Stack, check, run, wait_for

BROKER = sys.argv.pop() if sys.argv[-1] in ("alpaca", "ibkr") else "alpaca"
SYMBOL = "AAPL"
CLOCK = Path(os.environ.get("BUSBAR_LIB", "build/release/lib")).resolve() / "libbusbar_shift_clock.so"
OPENING, CLOSING, FRIDAY = "2026-11-25T14:30:00Z", "2026-11-25T21:00:00Z", "2026-11-27T14:30:00Z"
POLICIES = {"queue": "queue", "extended": "extended"}  # of these accounts; the broker's namesake refuses
LEADS_S = 12, 30, 90  # from the start to the bell
s_ns = 10**9


def ns_of(text):
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()) * s_ns


class BellStack(Stack):
    """Three accounts of one broker, each with a way of its own, and the broker's own calendar."""

    def __init__(self, name, bell, lead_s):
        self.bell_ns = ns_of(bell)
        self.ahead_ns = self.bell_ns - lead_s * s_ns - time.time_ns()
        super().__init__(f"hours-{name}-{BROKER}", accounts=(BROKER, *POLICIES), venue='hours = "calendar"')

    def write_config(self, file=None, bus=""):
        super().write_config(file, bus)
        text = (file or self.config).read_text()
        for account, policy in POLICIES.items():
            text = text.replace(f"[accounts.{account}]\n", f'[accounts.{account}]\nmarket_closed = "{policy}"\n')
        (file or self.config).write_text(text)

    def now_ns(self):
        return time.time_ns() + self.ahead_ns

    def left_s(self):
        return (self.bell_ns - self.now_ns()) / s_ns

    was_in_time = False

    def is_in_time(self):
        """Called where all is done that comes before the bell."""
        check(self.left_s() > 0, "all of this is before the bell:", self.left_s())
        self.was_in_time = True

    def wait_for_bell(self):
        wait_for("the bell", lambda: self.left_s() < 0, self.left_s() + 5)

    def send(self, name, account, *more, price="180", **how):
        """The first durable report."""
        how = {"can_fail": True, **how}
        return self.busbar("order", "buy", "4", SYMBOL, "--limit", price, "--tif", "day", "--id", name, "--account", account,
                           "--no-wait", *more, **how)[1][-1]

    def until(self, name, status, client="cli"):
        def is_so():
            order = self.busbar("order", name, client=client)[1][0]
            return order["order_status"] == status and order
        return wait_for(f"{name} to be {status}", is_so)

    def is_closed(self, order, opens):
        check(order["order_status"] == "Rejected" and order["error"] == "MARKET_CLOSED", order)
        check(order["nearest_legal"] == opens, order)

    def at_venue(self, name, client="cli"):
        order = self.busbar("order", name, client=client)[1][0]
        return self.venue.order(order["venue_order_id"])

    def is_outside(self, name):
        words = self.at_venue(name)["words"]
        return words["extended_hours" if BROKER == "alpaca" else "outsideRTH"]


def before(name, bell):
    """Runs it so long before the bell that there is time for what comes first; with more of it where that was not enough."""
    def run_before(scenario):
        @wraps(scenario)
        def run_it():
            for lead_s in LEADS_S:
                stack = BellStack(name, bell, lead_s)
                os.environ.update(LD_PRELOAD=str(CLOCK), BUSBAR_CLOCK_AHEAD_NS=str(stack.ahead_ns))
                wire.now = stack.now_ns
                try:
                    with stack:
                        stack.venue.stand_still()
                        scenario(stack)
                        return check(stack.busbar("journal", "recheck")[0] == 0, "recheck")
                except Failed:
                    if stack.was_in_time or stack.left_s() > 2 or lead_s == LEADS_S[-1]:
                        raise
                print(f"{name}: the bell rang {lead_s} s after the start, too soon for this machine", flush=True)
        return run_it
    return run_before


@before("opening", OPENING)
def at_the_opening_each_goes_its_way(stack):
    dealer = stack.dealer("bell")
    dealer.hello()
    stack.is_closed(stack.send("refused", BROKER), OPENING)
    check(stack.send("waits", "queue")["order_status"] == "PendingNew")
    check(stack.send("withdrawn", "queue")["order_status"] == "PendingNew")
    for name, expires_s in (("too-short", -1), ("long-enough", 10)):
        dealer.send("NewOrder", expire_time_ns=stack.bell_ns + expires_s * s_ns,
                    **wire.new_order(name, "Buy", "4", account="queue", symbol=SYMBOL, price="180", time_in_force="Day"))
    check(dealer.pump(PATIENCE, lambda: dealer.status_of("too-short") == "Rejected"), dealer.reports_of("too-short"))
    check(dealer.reports_of("too-short")[-1]["error"] == "MarketClosed", dealer.reports_of("too-short"))
    check(dealer.pump(PATIENCE, lambda: dealer.status_of("long-enough") == "PendingNew"), dealer.reports_of("long-enough"))
    stack.busbar("cancel", "withdrawn")
    stack.send("early", "extended")
    stack.until("early", "New")
    check(stack.is_outside("early"), "it works before the opening:", stack.at_venue("early"))
    stack.venue.trade("SELL", "4", "180", symbol=SYMBOL)
    stack.until("early", "Filled")
    check(len(stack.venue.arrivals("order.place")) == 1, "what waits waits here", stack.venue.arrivals("order.place"))
    stack.is_in_time()
    for name, client in (("waits", "cli"), ("long-enough", "alpha")):
        order = stack.until(name, "New", client)
        check(stack.at_venue(name, client)["is_open"], order)
    for arrival in stack.venue.arrivals("order.place")[1:]:
        late_s = (int(arrival["arrival_ns"]) - stack.bell_ns) / s_ns
        check(0 <= late_s < 5, late_s, "s after the opening came", arrival)
    check(not stack.is_outside("waits"), stack.at_venue("waits"))
    stack.until("withdrawn", "Canceled")
    stack.send("now", BROKER)
    stack.until("now", "New")
    check(len(stack.venue.arrivals("order.place")) == 4, stack.venue.arrivals("order.place"))


@before("close", CLOSING)
def at_the_close_each_goes_its_way(stack):
    for account in (BROKER, *POLICIES):
        stack.send(f"{account}-before", account)
        stack.until(f"{account}-before", "New")
        check(not stack.is_outside(f"{account}-before"), "within the hours it is one of them")
    stack.is_in_time()
    stack.wait_for_bell()
    stack.is_closed(stack.send("refused", BROKER), FRIDAY)
    waits = stack.send("waits", "queue")
    check(waits["order_status"] == "PendingNew" and FRIDAY in waits["text"], waits)
    stack.send("late", "extended")
    stack.until("late", "New")
    check(stack.is_outside("late"), "it works behind the close:", stack.at_venue("late"))
    for account in (BROKER, *POLICIES):
        stack.until(f"{account}-before", "Expired")  # before it could be filled in place of the late one
    stack.venue.trade("SELL", "4", "180", symbol=SYMBOL)
    check(Number(stack.until("late", "Filled")["cum_qty"]) == 4)
    check(len(stack.venue.arrivals("order.place")) == 4, stack.venue.arrivals("order.place"))


@before("holiday", OPENING)
def one_whose_market_does_not_open_after_all_expires_while_it_waits(stack):
    dealer = stack.dealer("bell")
    dealer.hello()
    dealer.send("NewOrder", expire_time_ns=stack.bell_ns + 60 * s_ns,
                **wire.new_order("today", "Buy", "4", account="queue", symbol=SYMBOL, price="180", time_in_force="Day"))
    check(dealer.pump(PATIENCE, lambda: dealer.status_of("today") == "PendingNew"), dealer.reports_of("today"))
    check(stack.send("patient", "queue")["order_status"] == "PendingNew")
    # A day of mourning: the calendar has lost it. It comes with the list of symbols, when the gateway starts as well.
    stack.venue.control_call("POST", "/hours", holidays=["2026-11-25", "2026-11-26"])
    stack.processes["gateway"].stop()
    stack.restart("gateway")
    check(dealer.pump(PATIENCE, lambda: dealer.status_of("today") == "Rejected"), dealer.reports_of("today"))
    report = dealer.reports_of("today")[-1]
    check(report["error"] == "MarketClosed" and "did not open" in report["text"], report)
    stack.wait_ready()
    stack.is_in_time()
    stack.wait_for_bell()
    stack.is_closed(stack.send("refused", BROKER), FRIDAY)
    stack.until("patient", "PendingNew")
    check(not stack.venue.arrivals("order.place"), stack.venue.arrivals("order.place"))


if __name__ == "__main__":
    run(at_the_opening_each_goes_its_way, at_the_close_each_goes_its_way,
        one_whose_market_does_not_open_after_all_expires_while_it_waits)
