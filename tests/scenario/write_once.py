"""Write once, trade anywhere: one conversation for every broker, and nothing in it is one broker's but the account's name.

Every order type, time in force, side and shape of the schema is asked for. What the broker offers, by the word of its own
gateway, lives: filled in part, replaced, cancelled, triggered, filled; and between the steps the router and the gateway are
killed, and Busbar's books are compared with the venue's. What it does not offer is refused with UNSUPPORTED, in one form of
words, and what no broker could do with INVALID_ORDER: and neither arrives anywhere.

usage: write_once.py [ACCOUNT...]"""
import itertools
import re
import time

from stack import LIMITS, Number, Stack, check, run, wire
from support import AT_ONCE, TRIGGERED, Support, words

SHAPES = ("plain", "cash_order_qty", "post_only", "display_qty", "trailing_delta_bps", "self_trade_prevention",
          "extended_hours", "reduce_only")
PATIENT = ("Day", "GoodTillCancel")
AUCTIONS = ("AtTheOpening", "AtTheClose")
RESTS = ("New", "PartiallyFilled")
ENDED = ("Canceled", "Expired")  # brokers have one word or the other for what is left of an order of the moment


def has_limit(order):
    return order["order_type"] in ("Limit", "StopLimit", "LimitIfTouched")


def is_at_once(order):
    """It ends as soon as it is at work."""
    return not has_limit(order) or order["time_in_force"] in AT_ONCE


def is_for_an_auction(order):
    return order["time_in_force"] in AUCTIONS


def other_side(order):
    return "SELL" if order["side"] == "Buy" else "BUY"


def is_triggered(order):
    return order["order_type"] in TRIGGERED


def goes_up(order):
    """Whether it waits for the price to rise."""
    return (order["side"] == "Buy") == (order["order_type"] in ("Stop", "StopLimit"))


def contradicts_itself(shape, order):
    return (shape == "cash_order_qty" and order["order_type"] != "Market"
            or shape == "post_only" and (order["order_type"] != "Limit" or order["time_in_force"] in AT_ONCE)
            or shape == "display_qty" and is_at_once(order)
            or shape == "trailing_delta_bps" and not is_triggered(order)
            or shape == "extended_hours" and (order["order_type"] != "Limit" or order["time_in_force"] not in PATIENT))


class Walk:
    def __init__(self, stack, account):
        self.stack, self.account, self.venue = stack, account, stack.venue
        self.venue.stand_still()
        self.support = Support(stack)
        rules = self.support.instrument
        self.symbol, self.its_name = rules["symbol"], rules["broker_symbol"]
        self.tick, lot = Number(rules["tick_size"]), Number(rules["lot_size"])
        book = {s["symbol"]: s for s in self.venue.book()["symbols"]}
        self.its_name = self.its_name if self.its_name in book else self.symbol  # brokers with numbers have a name as well
        last = Number(book[self.its_name]["last"])
        self.step = self.round(last / 1000)
        self.middle = self.round(last)
        least = max(Number(rules.get("min_notional", 0)) / last, Number(rules.get("min_qty", 0)))
        self.unit = max((2 * least / lot).to_integral_value(rounding="ROUND_CEILING"), 1) * lot
        self.orders = {}  # by name, as they were sent; a replaced one under its newest name
        self.last, self.heard = {}, 0  # the last report on each, of those that were looked at
        self.dealer = stack.dealer("once")
        self.dealer.hello()
        self.count = 0

    def round(self, price):
        return (price / self.tick).to_integral_value() * self.tick

    def name(self):
        self.count += 1
        return f"W{self.count}"

    # Orders.
    def order(self, shape, order_type, time_in_force, side, level=0):
        """Of four units; so far from the middle that it waits there, on the side where it can: level is in steps."""
        order = {"client_order_id": self.name(), "account": self.account, "symbol": self.symbol, "side": side,
                 "order_type": order_type, "time_in_force": time_in_force, "order_qty": 4 * self.unit}
        away = self.step * level
        if is_triggered(order):
            order["stop_px"] = self.middle + (away if goes_up(order) else -away)
        if has_limit(order):
            slack = self.round(self.step / 2) if is_triggered(order) else -away
            order["price"] = order.get("stop_px", self.middle) + (slack if side == "Buy" else -slack)
        if time_in_force == "GoodTillDate":
            order["expire_date_ns"] = (int(time.time()) + 3600) * 10**9
        extra = {"cash_order_qty": self.round(4 * self.unit * self.middle), "post_only": True, "display_qty": self.unit,
                 "trailing_delta_bps": 500, "self_trade_prevention": "ExpireTaker", "extended_hours": True,
                 "reduce_only": True}
        if shape != "plain":
            order[shape] = extra[shape]
        if shape == "cash_order_qty":
            del order["order_qty"]
        if shape == "trailing_delta_bps":
            order.pop("stop_px", None)
        return order

    def every(self):
        """(shape, order) of the schema."""
        for shape, *kind in itertools.product(SHAPES, words("OrderType"), words("TimeInForce"), words("Side")):
            yield shape, self.order(shape, *kind, level=2)

    def offered(self):
        return [(shape, order) for shape, order in self.every()
                if not contradicts_itself(shape, order) and self.support.offers(order)]

    def send(self, order):
        self.dealer.send("NewOrder", **order)
        self.orders[order["client_order_id"]] = order

    def place(self, order, *statuses):
        self.send(order)
        return self.until(order["client_order_id"], *statuses)

    def last_of(self, name):
        for report in self.dealer.reports[self.heard:]:
            self.last.update({report["client_order_id"]: report, report["orig_client_order_id"]: report})
        self.heard = len(self.dealer.reports)
        return self.last.get(name, {"order_status": None})

    def until(self, name, *statuses, cum_qty=None):
        def is_so():
            last = self.last_of(name)
            return last["order_status"] in statuses and cum_qty in (None, last["cum_qty"])
        self.dealer.pump(60, is_so)
        check(is_so(), name, "is to be", "or".join(statuses), "with", cum_qty, "and is", self.last_of(name),
              "as it was sent:", self.orders.get(name))
        return self.last_of(name)

    def replace(self, order, **changes):
        """Under another name, which it has from now on."""
        name = self.name()
        self.dealer.send("ReplaceOrder", client_order_id=name, orig_client_order_id=order["client_order_id"], **changes)
        before = self.last_of(order["client_order_id"])
        self.dealer.pump(60, lambda: self.last_of(name)["order_status"] in RESTS)
        last = self.last_of(name)
        check(last["client_order_id"] == name and last["order_status"] in RESTS, "not replaced:", order, last)
        for field, wanted in {**changes, "cum_qty": before["cum_qty"]}.items():
            check(last[field] == wanted, field, "is to be", wanted, last)
        del self.orders[order["client_order_id"]]
        order.update(changes, client_order_id=name)
        self.orders[name] = order

    def cancel(self, order, cum_qty):
        self.dealer.send("CancelOrder", client_order_id=self.name(), orig_client_order_id=order["client_order_id"])
        self.until(order["client_order_id"], "Canceled", cum_qty=cum_qty)

    @staticmethod
    def farther(order, by):
        """Its prices, so much farther from the middle."""
        return {name: order[name] + (by if goes_up(order) else -by) for name in ("stop_px", "price") if name in order}

    # The market: the house trades with our orders, and with nobody.
    def house(self, side, units, price, time_in_force="GTC"):
        self.venue.trade(side, units * self.unit, price, symbol=self.its_name, time_in_force=time_in_force)

    def fill(self, order, units, *statuses, cum_units):
        """The best order on its side: nobody stands before it."""
        self.house(other_side(order), units, order["price"], "IOC")
        self.until(order["client_order_id"], *statuses, cum_qty=cum_units * self.unit)

    def trade_at(self, price):
        """The house with itself: a last price."""
        self.house("SELL", 1, price)
        self.house("BUY", 1, price, "IOC")

    def offer(self, order, units, price):
        """Something for an order of the moment."""
        self.house(other_side(order), units, price)

    def withdraw(self, order, price):
        """What is left of that."""
        self.house(order["side"].upper(), 8, price, "IOC")

    # Restart in the middle, and whether both books say the same.
    def restart(self):
        self.agree()
        for name in ("router", "gateway"):
            self.stack.processes[name].kill()
        for name in ("router", "gateway"):
            self.stack.restart(name)
        self.stack.wait_ready()
        self.dealer.hello()
        self.agree()

    def agree(self):
        """Each order of ours, one or more of the venue's one after another, has there what it has here."""
        self.dealer.pump(60, lambda: not self.differences())  # the last word may be on its way
        found = self.differences()
        check(not found, len(found), "differences between Busbar and the venue's book:\n ", "\n  ".join(found[:20]))

    def differences(self):
        book = self.venue.book(self.account)
        ours = {o["order_id"]: o for o in self.stack.busbar("orders", "--all")[1]}
        # Of orders that are tied to each other some brokers name the others themselves.
        order_of = {r[name]: r["order_id"] for name in ("broker_order_id", "venue_order_id") for r in self.dealer.reports
                    if r[name]}
        legs = {number: [] for number in ours}
        found = []
        for theirs in sorted(book["orders"], key=lambda o: o["created_us"]):
            name = next((n for n in (theirs["client_order_id"], str(theirs["order_id"])) if n in order_of), None)
            if name:
                legs[order_of[name]].append(theirs)
            else:
                found.append(f"{theirs['client_order_id']}: nobody ordered it")
        for number, order in ours.items():
            found += compare_legs(order, legs[number]) if legs[number] else (
                [] if order["order_status"] == "Rejected" else [f"{order}: the venue has it not"])
        return found + compare_trades(self.dealer.reports, book)


def compare_legs(ours, legs):
    last, executed = legs[-1], sum(Number(leg["executed"]) for leg in legs)
    is_open = ours["order_status"] in RESTS
    facts = [("is open", is_open, last["is_open"]), ("open legs", sum(leg["is_open"] for leg in legs), int(is_open)),
             ("cum_qty", Number(ours["cum_qty"]), executed),
             ("leaves_qty", Number(ours["leaves_qty"]), Number(last["qty"]) - Number(last["executed"]) if is_open else 0),
             ("broker_order_id", ours["broker_order_id"], str(last["order_id"])),
             ("side", ours["side"].upper(), last["side"]),
             ("price", Number(ours.get("price", 0)), Number(last["price"]))]
    if "stop_px" in ours or not last["type"].startswith("STOP"):  # that of one that trails moves by itself
        facts.append(("stop_px", Number(ours.get("stop_px", 0)), Number(last["stop_price"])))
    if executed:
        quote = sum(Number(leg["cum_quote"]) for leg in legs)
        facts.append(("avg_px", round(Number(ours["avg_px"]), 6), round(quote / executed, 6)))
    if "order_qty" in ours:
        facts.append(("is filled", ours["order_status"] == "Filled", executed == Number(ours["order_qty"])))
    return [f"{ours['client_order_id']}: {name} is {a} here and {b} at the venue" for name, a, b in facts if a != b]


def compare_trades(reports, book):
    """Every fill that was reported, once, and every trade of the venue's: of which order the broker's own name tells, for one
    that it changes where it is goes on under the first of ours."""
    number_of = {order["client_order_id"]: str(order["order_id"]) for order in book["orders"]}
    told = sorted((r["broker_order_id"], Number(r["last_px"]), Number(r["last_qty"])) for r in reports if r["exec_type"] == "Trade")
    made = sorted((number_of[t["client_order_id"]], Number(t["price"]), Number(t["qty"])) for t in book["trades"])
    return [] if told == made else [f"fills are {told} here and {made} at the venue"]


def levels(orders, first=2):
    """A level for each, of its own on its side: the first is the farthest, so that each is the best when it comes."""
    for side in ("Buy", "Sell"):
        own = [order for order in orders if order["side"] == side]
        yield from ((order, first + len(own) - i) for i, order in enumerate(own))


def what_is_not_offered_is_refused_with_one_code(walk):
    before, heard = len(walk.venue.arrivals()), len(walk.dealer.reports)
    wanted = {}
    for shape, order in walk.every():
        if contradicts_itself(shape, order):
            wanted[order["client_order_id"]] = "InvalidOrder", order
        elif not walk.support.offers(order):
            wanted[order["client_order_id"]] = "Unsupported", order
    for name, (_, order) in wanted.items():
        walk.send(order)
    walk.dealer.pump(60, lambda: len(walk.dealer.reports) - heard >= len(wanted))
    form = re.compile(re.escape(walk.support.broker) + r" does not offer it( for \S+)?|this version does not know positions")
    for name, (code, order) in wanted.items():
        report = walk.last_of(name)
        check((report["order_status"], report["error"]) == ("Rejected", code), order, report)
        check(report["field"] and report["value"] is not None, "what is refused, and its value, are named:", report)
        check(code != "Unsupported" or form.fullmatch(report["text"]), "other words than elsewhere:", report)
    for list_type in words("OrderListType"):
        if not walk.support.offers_list(list_type):
            for report in place_list(walk, list_type, "Rejected"):
                check(report["error"] == "Unsupported" and report["field"] == "list_type", report)
    check(len(walk.venue.arrivals()) == before, "nothing of it arrived at the venue")
    codes = [code for code, _ in wanted.values()]
    print(f"{walk.account}: refused, and nothing arrived: {codes.count('Unsupported')} not offered, "
          f"{codes.count('InvalidOrder')} that no broker could do", flush=True)


def place_list(walk, list_type, status):
    """Take the profit or stop the loss; and where one triggers, after a purchase."""
    orders = [walk.order("plain", "Limit", "GoodTillCancel", "Sell", 4),
              walk.order("plain", "StopLimit", "GoodTillCancel", "Sell", 6)]  # a loss for who has bought at level 4
    if list_type == "OneTriggersOther":
        orders = [walk.order("plain", "Limit", "GoodTillCancel", "Buy", 4), orders[0]]
    elif list_type in ("OneTriggersOneCancelsOther", "Bracket"):
        orders = [walk.order("plain", "Limit", "GoodTillCancel", "Buy", 4), *orders]
    list_id = walk.name()
    walk.dealer.send("NewOrderList", list_id=list_id, list_type=list_type,
                     orders=[wire.body("NewOrder", **order) for order in orders])
    reports = [walk.until(order["client_order_id"], status) for order in orders]
    if status != "Rejected":
        walk.dealer.send("CancelOrderList", client_order_id=walk.name(), list_id=list_id)
        for order in orders:
            walk.until(order["client_order_id"], *ENDED)
    return reports


def what_rests(walk, offered):
    """Filled in part, replaced, and cancelled or filled: with a restart after each step."""
    orders = [order for _, order in offered if order["order_type"] == "Limit" and not is_at_once(order)
              and not is_for_an_auction(order)]
    for order, level in levels(orders):
        away = walk.step * level
        order["price"] = walk.middle + (-away if order["side"] == "Buy" else away)
        walk.place(order, "New")
        walk.fill(order, 1, "PartiallyFilled", cum_units=1)
    walk.restart()
    for order in orders:
        nearer = walk.round(walk.step / 4)
        walk.replace(order, order_qty=5 * walk.unit, price=order["price"] + (nearer if order["side"] == "Buy" else -nearer))
    walk.restart()
    for i, order in enumerate(reversed(orders)):  # the best first
        if i % 2:
            walk.fill(order, 4, "Filled", cum_units=5)
        else:
            walk.fill(order, 1, "PartiallyFilled", cum_units=2)
            walk.cancel(order, 2 * walk.unit)
    walk.agree()
    return len(orders)


def what_waits_for_its_trigger(walk, offered):
    """A few at a time, for brokers let no more of them wait."""
    orders = [order for _, order in offered if is_triggered(order)]
    for i, first in enumerate(range(0, len(orders), 4)):
        wait_and_be_triggered(walk, orders[first:first + 4], restarts_early=i % 2 == 0)
    return len(orders)


def wait_and_be_triggered(walk, orders, restarts_early):
    """Replaced while they wait, and triggered, the nearest first; there is something for each, and not enough."""
    trailing = [order for order in orders if "trailing_delta_bps" in order]
    orders = [order for order in orders if order not in trailing]
    walk.trade_at(walk.middle)
    for i, order in enumerate(orders):
        order.update(walk.farther(order, i * walk.step))
    for order in orders + trailing:
        walk.place(order, "New")
    if restarts_early:
        walk.restart()
    for order in orders:
        walk.replace(order, **walk.farther(order, walk.round(walk.step / 4)))
    for order in trailing:
        walk.cancel(order, 0)
    if not restarts_early:
        walk.restart()
    for order in orders:
        price = order.get("price", order["stop_px"] + (walk.tick if order["side"] == "Buy" else -walk.tick))
        walk.offer(order, 1, price)
        walk.trade_at(order["stop_px"])
        if order["time_in_force"] == "FillOrKill":
            walk.until(order["client_order_id"], *ENDED, cum_qty=0)
        elif is_at_once(order):
            walk.until(order["client_order_id"], *ENDED, cum_qty=walk.unit)
        else:
            walk.until(order["client_order_id"], "PartiallyFilled", cum_qty=walk.unit)
            walk.cancel(order, walk.unit)
        walk.withdraw(order, price)
    walk.trade_at(walk.middle)
    walk.agree()


def what_is_of_the_moment(walk, offered):
    """There is a quarter of what it wants, and then all of it."""
    kinds = [(shape, order) for shape, order in offered if is_at_once(order) and not is_triggered(order)
             and not is_for_an_auction(order)]
    for (shape, like), units in itertools.product(kinds, (1, 8)):
        order = walk.order(shape, like["order_type"], like["time_in_force"], like["side"])
        walk.offer(order, units, walk.middle)
        if units == 8:
            last = walk.place(order, "Filled")
            check("order_qty" not in order or last["cum_qty"] == 4 * walk.unit, last)
        elif order["time_in_force"] == "FillOrKill":
            walk.place(order, *ENDED)
            walk.until(order["client_order_id"], *ENDED, cum_qty=0)
        else:
            walk.send(order)
            walk.until(order["client_order_id"], *ENDED, cum_qty=walk.unit)
        walk.withdraw(order, walk.middle)
    walk.restart()
    return len(kinds)


def what_waits_for_an_auction(walk, offered):
    """It is taken while that is to come, and may be cancelled until then; or is filled in it."""
    orders = [order for _, order in offered if is_for_an_auction(order)]
    for like in orders:
        is_opening = like["time_in_force"] == "AtTheOpening"
        for is_cancelled in (True, False):
            order = walk.order("plain", like["order_type"], like["time_in_force"], like["side"])
            walk.offer(order, 8, walk.middle)
            walk.venue.hours("closed" if is_opening else "open")
            walk.place(order, "New")
            check(walk.last_of(order["client_order_id"])["cum_qty"] == 0, "before its time", order)
            if is_cancelled:
                walk.cancel(order, 0)
            walk.venue.hours("open" if is_opening else "closed")
            if not is_cancelled:
                walk.until(order["client_order_id"], "Filled", cum_qty=4 * walk.unit)
            walk.venue.hours("open")
            walk.withdraw(order, walk.middle)
    if orders:
        walk.restart()
    return len(orders)


def trade(account):
    with Stack(f"once-{account}", accounts=(account, )) as stack:
        walk = Walk(stack, account)
        what_is_not_offered_is_refused_with_one_code(walk)
        offered = walk.offered()
        lived = [live(walk, offered) for live in (what_rests, what_waits_for_its_trigger, what_is_of_the_moment,
                                                   what_waits_for_an_auction)]
        check(sum(lived) == len(offered), lived, "of", len(offered), "lived")
        lists = [list_type for list_type in words("OrderListType") if walk.support.offers_list(list_type)]
        for list_type in lists:
            place_list(walk, list_type, "New")
        walk.agree()
        names = [a["client_order_id"] for a in walk.venue.arrivals() if a["operation"] == "order.place"]
        check(len(names) == len(set(names)), "an order arrived twice")
        check(not [o for o in walk.venue.orders(account) if o["is_open"]], "nothing is left")
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")
        print(f"{account}: {len(offered)} kinds of orders and {len(lists)} of lists lived as elsewhere, "
              f"{len(walk.venue.orders(account))} orders at the venue, in {walk.symbol}", flush=True)


def scenario(account):
    def run_it():
        trade(account)
    run_it.__name__ = account
    return run_it


if __name__ == "__main__":
    run(*map(scenario, LIMITS))
