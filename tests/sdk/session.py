"""A trading session with somebody's SDK on a venue in a box, on an account that Busbar trades as well. Every answer and
every frame is compared, field by field, with the venue's own book and with Busbar's journal, which has heard of the SDK's
orders from the venue, as the SDK hears of Busbar's. The differences are printed and decide the exit status: 0 none, 1 some,
2 could not run.

What stands here knows no broker. A broker's frame says what is traded there and what is compared with what; a session file
brings a Client with its verbs.
"""

import os
import sys
import time
import traceback
import uuid
from decimal import Decimal as Number
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
import compare  # noqa: E402
import wire  # noqa: E402
from stack import wait_for, wait_synced  # noqa: E402


class Refused(Exception):
    """What the venue said no to, in its own words."""


class Client:
    """A library under test: every verb answers in facts, or raises Refused with what the venue said."""

    name = version = ""
    has_reasons = True  # whether its errors hold the venue's reason
    hears_each = True  # status of an order, also of those that come together

    def __init__(self, venue):
        self.venue = venue

    def new_id(self):
        return str(uuid.uuid4())

    def close(self):
        pass


class Venue:
    """Where an SDK goes, as whom; and what is true there."""

    def __init__(self, stack, symbol, credentials="main.cred"):
        self.control, self.ca, self.symbol = stack.venue, stack.venue.ca, symbol
        self.port = stack.venue.rest.rpartition(":")[2]
        self.host = "localhost:" + self.port
        self.keys = dict(line.split(" = ", 1) for line in (stack.folder / credentials).read_text().splitlines())
        self.api_key, self.secret = self.keys.get("api_key"), self.keys.get("secret")

    def book(self):
        return self.control.book("main")

    def house(self, side, quantity, price=None):
        self.control.trade(side, quantity, price, symbol=self.symbol)


class Comparison:
    """Notes what was compared. `theirs` is always the venue's."""

    symbol = separator = ""  # as the venue writes it, and what stands between the two of a pair
    id_within = []  # what makes an id unique beside itself
    fill = "fill"

    def __init__(self, stack, name, version):
        self.stack, self.name, self.version = stack, name, version
        self.req = stack.req()
        self.differences = []
        self.compared = 0

    def note(self, found, count=1):
        self.compared += count
        self.differences += found

    def check(self, what, holds):
        self.note([] if holds else [f"{what}: no"])

    def check_facts(self, what, ours, theirs, who=None):
        who = who or self.name
        if ours and not compare.shared(ours, theirs):
            self.note([f"{what}: nothing that {who} says can be compared"])
        self.note(compare.differences(what, who, ours, "the venue", theirs), compare.shared(ours, theirs))

    def check_set(self, what, key, ours, theirs, who=None):
        self.note(compare.set_differences(what, key, who or self.name, ours, "the venue", theirs), sum(map(len, ours)))

    def check_balances(self, ours, theirs, who=None):
        self.check(f"{who or self.name} knows {sorted(ours)} of {sorted(theirs)}", set(ours) == set(theirs))
        for asset in ours.keys() & theirs.keys():
            self.check_facts(f"balance {asset}", ours[asset], theirs[asset], who)

    def levels(self, book, limit):
        levels = next(s for s in book["symbols"] if s["symbol"] == self.symbol)
        return {side: compare.levels(levels[side][:limit]) for side in ("bids", "asks")}, levels["last"]

    def of_journal(self, journal):
        """Busbar's orders and fills."""
        return compare.orders_of_journal(journal, self.separator), compare.trades_of_journal(journal, self.separator)

    @staticmethod
    def under_first_names(journal, orders):
        """As a broker has them that changes an order where it is, and goes on calling it by the first of our names."""
        first = {}
        for report in compare.published(journal):
            if report.get("broker_order_id"):
                first.setdefault(report["broker_order_id"], report.get("venue_order_id"))
        for order in orders:
            order["client_order_id"] = first[order["order_id"]]
        return orders

    def journal_differences(self, *told):
        """What Busbar published of all these orders and fills, from its journal, against what others say: (who, orders, fills).
        Returns differences and how many facts there were."""
        wait_synced(self.stack)
        orders, fills = self.of_journal(self.stack.journal())
        found = []
        for who, their_orders, their_fills in told:
            for what, key, ours, theirs in (("order", "order_id", orders, their_orders),
                                            (self.fill, "trade_id", fills, their_fills)):
                found += compare.set_differences(what, [*self.id_within, key], "the journal", ours, who, theirs)
        return found, len(told) * (sum(map(len, orders)) + sum(map(len, fills)))

    def wait_for(self, **statuses):
        def are_so():
            ours = {o["client_order_id"]: o["order_status"]
                    for o in self.stack.busbar("orders", "--all", client="alpha")[1]}
            return all(ours.get(name) == status for name, status in statuses.items())
        wait_for(f"Busbar's orders to be {statuses}", are_so)


class Session(Comparison):
    """With one client, whose every verb waits for its answer. Descendants know the facts of their venue's book."""

    def __init__(self, stack, venue, client):
        super().__init__(stack, client.name, client.version)
        self.venue, self.client, self.symbol = venue, client, venue.symbol

    def check_order(self, what, order):
        found = [e for e in self.orders_of_book() if e["order_id"] == order["order_id"]]
        if len(found) != 1:
            return self.note([f"{what}: {self.name}'s order {order['order_id']} is {len(found)} times there"])
        self.check_facts(f"{what}, order {order['order_id']}", order, found[0])

    def refused(self, what, reason, verb, *arguments, **more):
        try:
            verb(*arguments, **more)
        except Refused as refused:
            is_right = reason in str(refused) or not self.client.has_reasons
            return self.check(f"{what} is refused with {reason} and not {refused}", is_right)
        self.note([f"{what}: {self.name} has no error at all"])

    def until(self, compared):
        """Streams and journal hear of it a moment later: asks until there is no difference, then notes what is left."""
        end = time.monotonic() + (60 if not self.differences else 2)
        while True:
            found, count = compared()
            if not found or time.monotonic() > end:
                return self.note(found, count)
            time.sleep(0.05)

    def busbar(self, kind, **fields):
        answer = self.req.ask(kind, **fields)
        self.check(f"Busbar takes {fields['client_order_id']}: {answer}", answer.get("error") == "None_")

    def trade_as_busbar(self, pair, size, rests, replaced, sale, low):
        """Orders of Busbar's on the same account, of so many times `size` at these prices: what the SDK says of them is
        compared like its own."""
        def qty(times):
            return compare.amount(Number(size) * times)

        def order(name, side, times, price=None):
            self.busbar("NewOrder", **wire.new_order(name, side, qty(times), pair, price=price))

        def house(side, times, price):
            self.venue.control.trade(side, qty(times), price, symbol=self.symbol)

        order("J1", "Buy", 20, rests)
        order("J2", "Buy", 3)
        self.wait_for(J1="New", J2="Filled")
        house("SELL", 4, rests)
        self.wait_for(J1="PartiallyFilled")
        self.busbar("ReplaceOrder", client_order_id="J3", orig_client_order_id="J1", order_qty=Number(qty(15)),
                    price=Number(replaced))
        self.wait_for(J3="PartiallyFilled")
        order("J4", "Sell", 10, sale)
        self.wait_for(J4="New")
        house("BUY", 10, sale)
        self.wait_for(J4="Filled")
        self.busbar("CancelOrder", client_order_id="J5", orig_client_order_id="J3")
        order("J6", "Buy", 2, low)
        self.wait_for(J3="Canceled", J6="New")

    def check_orders(self, orders, fills):
        """All of them, as the client, the book and the journal know them."""
        theirs, their_fills = self.orders_of_book(), self.fills_of_book()
        self.check_set("order", ["order_id"], orders, theirs)
        self.check_set("fill", ["trade_id"], fills, their_fills)
        self.until(lambda: self.journal_differences((self.name, orders, fills), ("the venue", theirs, their_fills)))

    def levels_of_book(self, limit):
        return self.levels(self.venue.book(), limit)

    def heard_of_orders(self, ours):
        """By id: what was said of each at last."""
        theirs = {o["order_id"]: o for o in self.orders_of_book()}
        found = [f"order {one}: nothing was heard of it" for one in theirs.keys() - ours.keys()]
        for order_id in theirs.keys() & ours.keys():
            found += compare.differences(f"order {order_id} heard of", self.name, ours[order_id], "the venue",
                                         theirs[order_id])
        return found

    def heard_of_market(self, heard, *pairs):
        """Each with what it is, what was heard of it and what is in the book; and the trades that everybody is told of."""
        found = [text for what, ours, theirs in pairs
                 for text in compare.differences(f"{what} heard of", self.name, ours, "the venue", theirs)]
        found += [f"nothing was heard of {name}" for name in self.client.channels if not getattr(heard, name)]
        public = {trade["trade_id"]: trade for trade in self.client.trades()}
        found += [f"trade {one}: {heard.trades.get(one)} on the stream, not {public[one]}" for one in public
                  if heard.trades.get(one) != public[one]]
        return found, sum(compare.shared(ours, theirs) for _, ours, theirs in pairs) + len(public)


def main(name, make_session, make_stack, *arguments, **more):
    """The whole of a session file's program. usage: *_session.py VENUE_PROGRAM"""
    (program, ) = sys.argv[1:]
    try:
        with make_stack(*arguments, venue_program=program, rate=0, seed=20261126, **more) as stack:
            # Where an SDK has no word of its own for a CA, its HTTP or WebSocket library listens to these.
            for listens in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
                os.environ[listens] = stack.venue.ca
            session = make_session(stack)
            session.run()
    except Exception as error:  # a session that breaks off has compared nothing, and must not look like a difference
        print(f"{name} session: {type(error).__name__}: {error}", file=sys.stderr)
        traceback.print_exc()
        sys.exit(2)
    print(f"{session.name} {session.version} against {program} and Busbar's journal: {session.compared} facts compared, "
          f"{len(session.differences)} differences")
    for difference in session.differences:
        print("  " + difference)
    sys.exit(1 if session.differences else 0)
