"""The frame of a trading session with somebody's client on the Interactive Brokers venue in a box, on an account that
Busbar trades as well, under another user name: one name has one session. Every answer and every frame is compared, field by
field, with the venue's own book and with Busbar's journal, which has heard of the client's orders from the venue, as the
client hears of Busbar's. The differences are printed and decide the exit status: 0 none, 1 some, 2 could not run.

A session file brings a Client with its verbs; what is traded, and what is compared with what, stands here, once.
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
from stack import Stack, wait_for, wait_synced  # noqa: E402

SYMBOL, CONID = "AAPL", 265598
RULES = {"conid": str(CONID), "tick": "0.01", "step": "1", "currency": "USD", "exchange": "NASDAQ"}
STATUS = {"PendingSubmit": "open", "PreSubmitted": "open", "Submitted": "open", "PendingCancel": "open",
          "WarnState": "open", "Filled": "closed", "Cancelled": "canceled", "Inactive": "failed"}
TYPE = {"Limit": "LIMIT", "LIMIT": "LIMIT", "Market": "MARKET", "MARKET": "MARKET", "Stop": "STOP_LOSS", "STOP": "STOP_LOSS",
        "Stop Limit": "STOP_LOSS_LIMIT", "STOP_LIMIT": "STOP_LOSS_LIMIT"}
SIDE = {"BUY": "BUY", "SELL": "SELL", "B": "BUY", "S": "SELL"}
CURRENCIES = {"USD", "EUR", "INR"}


class Refused(Exception):
    """What the venue said no to: the reason in its own words."""


# --- the facts --------------------------------------------------------------------------------------------------------


def order_of_book(entry, trades):
    facts = compare.order_of_book(entry)
    for name in ("status", "time_in_force", "created_ms"):
        del facts[name]
    if entry["status"] in ("EXPIRED", "EXPIRED_IN_MATCH"):  # the rest of an order of the moment
        facts["unified_status"] = "failed" if entry["expiry_reason"] == "REJECTED" else "canceled"
    for name, is_there in (("price", entry["type"] in ("LIMIT", "STOP_LOSS_LIMIT")),
                           ("stop_price", entry["type"].startswith("STOP"))):
        if not is_there:
            del facts[name]
    mine = [t for t in trades if t["order_id"] == entry["order_id"]]
    facts.update(fees=compare.amount(sum(Number(t["commission"]) for t in mine)), fills=str(len(mine)),
                 left=compare.amount(Number(entry["qty"]) - Number(entry["executed"])))
    if mine:
        facts["average"] = compare.price(Number(entry["cum_quote"]) / Number(entry["executed"]))
    return facts


def trade_of_book(entry):
    facts = compare.trade_of_book(entry)
    facts["time_s"] = str(int(facts["time_ms"]) // 1000)  # its times are whole seconds
    del facts["is_maker"]
    return facts


def order_of_answer(body):
    """One of the live orders, or of the topic of orders once all its changes are put together."""
    type_ = TYPE[body["orderType"]]
    return compare.told(
        symbol=body["ticker"],
        order_id=str(body["orderId"]),
        client_order_id=body.get("order_ref"),
        side=SIDE[body["side"]],
        type=type_,
        price=compare.amount(body["price"]) if type_ in ("LIMIT", "STOP_LOSS_LIMIT") else None,
        stop_price=compare.amount(body["auxPrice"] if type_ == "STOP_LOSS_LIMIT" else body["price"])
        if type_.startswith("STOP") else None,
        qty=compare.amount(body["totalSize"]),
        executed=compare.amount(body["filledQuantity"]),
        left=compare.amount(body["remainingQuantity"]),
        average=compare.price(body["avgPrice"]) if Number(str(body["filledQuantity"])) else None,
        unified_status=STATUS[body["status"]],
    )


def order_of_status(body):
    """The same order when it is asked for alone, under other names."""
    return compare.told(
        symbol=body["symbol"],
        order_id=str(body["order_id"]),
        side=SIDE[body["side"]],
        type=TYPE[body["order_type"]],
        price=compare.amount(body["limit_price"]) if body.get("limit_price") else None,
        stop_price=compare.amount(body["stop_price"]) if body.get("stop_price") else None,
        qty=compare.amount(body["total_size"]),
        executed=compare.amount(body["cum_fill"]),
        left=compare.amount(body["size"]),
        average=compare.price(body["average_price"]) if body.get("average_price") else None,
        unified_status=STATUS[body["order_status"]],
    )


def trade_of_answer(body):
    return compare.told(
        symbol=body["symbol"],
        trade_id=body["execution_id"],
        order_id=str(body["order_id"]),
        side=SIDE[body["side"]],
        price=compare.amount(body["price"]),
        qty=compare.amount(body["size"]),
        quote=compare.amount(body["net_amount"]),
        commission=compare.amount(body["commission"]),
        time_s=str(body["trade_time_r"] // 1000),
    )


def market_of_snapshot(body):
    plain = {name: str(value).replace(",", "") for name, value in body.items()}
    return compare.told(last=compare.amount_of(plain, "31"), bid=compare.amount_of(plain, "84"),
                        ask=compare.amount_of(plain, "86"), bid_qty=compare.amount_of(plain, "88"),
                        ask_qty=compare.amount_of(plain, "85"))


class Heard:
    """What the stream said, in facts. Orders come once as a whole, and then only what has changed of them."""

    def __init__(self):
        self.orders, self.trades, self.quote, self.said = {}, {}, {}, set()

    def take_order(self, change):
        self.orders.setdefault(change["orderId"], {}).update(change)

    def take_trade(self, trade):
        self.trades[trade["execution_id"]] = trade_of_answer(trade)

    def take_quote(self, change):
        self.said.add("quote")
        self.quote.update(change)


class Client:
    """A library under test: every verb answers in the facts above, or raises Refused with the venue's reason."""

    name = version = ""
    streams = True
    at_gateway = False  # reaches the venue as IBKR's own program on this host does: without a signature

    def __init__(self, venue):
        self.venue = venue

    def close(self):
        pass


class Venue:
    """Where a client goes, as whom; and what is true there."""

    def __init__(self, stack):
        self.control, self.ca = stack.venue, stack.venue.ca
        self.port = stack.venue.rest.rpartition(":")[2]
        self.keys = dict(line.split(" = ", 1)
                         for line in (stack.folder / "venue" / "main.sdk.cred").read_text().splitlines())
        self.account_id = self.sessions()[0]["account_id"]

    def sessions(self):
        return self.control.control_call("GET", "/sessions")["sessions"]

    def book(self, account="main"):
        return self.control.book(account)

    def house(self, side, quantity, price=None):
        self.control.trade(side, quantity, price, symbol=SYMBOL)

    def ask(self, *ids):
        self.control.control_call("POST", "/questions", account="main.sdk", ids=list(ids))


class SdkStack(Stack):
    def venue_accounts(self, broker, accounts):
        return super().venue_accounts(broker, accounts) + "\n[venue.accounts.main.users.sdk]\n"


class Session:
    def __init__(self, stack, venue, client):
        self.stack, self.venue, self.client = stack, venue, client
        self.req = stack.req()
        self.differences = []
        self.compared = 0
        self.names = {}  # of orders, by number

    def note(self, found, count=1):
        self.compared += count
        self.differences += found

    def check(self, what, holds):
        self.note([] if holds else [f"{what}: no"])

    def check_facts(self, what, ours, theirs):
        if ours and not compare.shared(ours, theirs):
            self.note([f"{what}: nothing that {self.client.name} says can be compared"])
        self.note(compare.differences(what, self.client.name, ours, "the venue", theirs), compare.shared(ours, theirs))

    def check_set(self, what, key, ours, theirs):
        self.note(compare.set_differences(what, key, self.client.name, ours, "the venue", theirs),
                  sum(map(len, ours)))

    def orders_of_book(self):
        book = self.venue.book()
        return [order_of_book(entry, book["trades"]) for entry in book["orders"]]

    def check_order(self, what, order):
        found = [e for e in self.orders_of_book() if e["order_id"] == order["order_id"]]
        if len(found) != 1:
            return self.note([f"{what}: {self.client.name}'s order {order['order_id']} is {len(found)} times there"])
        self.check_facts(f"{what}, order {order['order_id']}", order, found[0])

    def placed(self, what, *order, **more):
        """Places, and asks for it again: the acknowledgement says little."""
        name = uuid.uuid4().hex
        order_id = self.client.place(name, *order, **more)
        self.names[order_id] = name
        self.check_order(f"{what}, queried", self.client.query(order_id))
        return order_id

    def refused(self, what, reason, verb, *arguments, **more):
        try:
            verb(*arguments, **more)
        except Refused as refused:
            return self.check(f"{what} is refused with {reason} and not {refused}", reason in str(refused))
        self.note([f"{what}: {self.client.name} has no error at all"])

    def until(self, compared):
        """Streams and journal hear of it a moment later: asks until there is no difference, then notes what is left."""
        end = time.monotonic() + (10 if not self.differences else 2)
        while True:
            found, count = compared()
            if not found or time.monotonic() > end:
                return self.note(found, count)
            time.sleep(0.05)

    def run(self):
        self.venue.control.stand_still()
        for side, price in (("SELL", "190.50"), ("SELL", "190.60"), ("BUY", "190.00"), ("BUY", "189.90")):
            self.venue.house(side, "100", price)
        self.check_facts("rules", self.client.rules(), RULES)
        heard = Heard()
        if self.client.streams:
            self.client.listen(heard)
            self.until(lambda: ([] if {"orders", "trades", "quote"} <= heard.said else [f"it only hears {heard.said}"], 1))
        try:
            self.trade()
            self.busbar_trades()
            self.check_account()
            self.check_market()
            if self.client.streams:
                self.until(lambda: self.heard_of(heard))
        finally:
            self.client.close()

    def trade(self):
        client, venue = self.client, self.venue
        # Filled in part, modified, filled a little more, cancelled.
        one = self.placed("a limit order", "BUY", "LMT", 10, "190.25")
        venue.house("SELL", "4", "190.25")
        self.check_order("queried, filled in part", client.query(one))
        client.modify(one, self.names[one], "BUY", "LMT", 20, "190.24")
        self.check_order("queried, modified", client.query(one))
        venue.house("SELL", "3", "190.24")
        client.cancel(one)
        facts = client.query(one)
        self.check_order("queried, cancelled", facts)
        self.check("it ended cancelled with what had filled",
                   (facts["unified_status"], facts["executed"]) == ("canceled", "7"))
        # Filled as a whole, by the market and by us.
        two = self.placed("a sale", "SELL", "LMT", 5, "190.40", tif="GTC")
        venue.house("BUY", "5", "190.40")
        self.check_order("queried, filled as maker", client.query(two))
        self.placed("a market purchase", "BUY", "MKT", 3)
        self.placed("a market sale", "SELL", "MKT", 2)
        self.placed("immediate or cancel, in part", "BUY", "LMT", 150, "190.50", tif="IOC")
        # Waiting for a trigger.
        self.placed("a stop", "SELL", "STP", 1, stop_price="150.00", tif="GTC")
        self.placed("a stop limit", "SELL", "STOP_LIMIT", 2, "149.50", stop_price="150.00", tif="GTC")
        # Questions: one by a rule, two of them one after the other, and one that is answered with no.
        self.placed("a price that is asked about", "BUY", "LMT", 1, "197.00", answers=["o163"])
        venue.ask("o354", "o163")
        self.placed("two questions", "BUY", "LMT", 1, "100.00", answers=["o354", "o163"])
        venue.ask("o354")
        self.refused("an order whose question is answered with no", client.declined, client.place, uuid.uuid4().hex, "BUY",
                     "LMT", 1, "100.00", answers=[])
        many = [self.placed("one of many", "BUY", "LMT", 1, f"{50 + i}.00") for i in range(3)]
        client.cancel(many[0])
        # No.
        self.refused("more than there is", "YOUR ORDER IS NOT ACCEPTED", client.place, uuid.uuid4().hex, "SELL", "LMT",
                     5000, "300.00")
        self.refused("a price off the grid", "minimum variation", client.place, uuid.uuid4().hex, "BUY", "LMT", 1, "100.001")
        self.refused("a name in use", "already registered", client.place, self.names[many[1]], "BUY", "LMT", 1, "60.00")
        self.refused("a second cancel", "doesn't exist", client.cancel, many[0])

    def busbar_trades(self):
        """Orders of Busbar's on the same account: what the client says of them is compared like its own."""
        self.busbar("NewOrder", **wire.new_order("J1", "Buy", "20", SYMBOL, price="190.30"))
        self.wait_for(J1="New")
        self.venue.house("SELL", "4", "190.30")
        self.wait_for(J1="PartiallyFilled")
        self.busbar("ReplaceOrder", client_order_id="J2", orig_client_order_id="J1", order_qty=Number("15"),
                    price=Number("190.29"))
        self.wait_for(J2="PartiallyFilled")
        self.busbar("NewOrder", **wire.new_order("J3", "Sell", "1", SYMBOL, price="190.45"))
        self.wait_for(J3="New")
        self.venue.house("BUY", "1", "190.45")
        self.wait_for(J3="Filled")
        self.busbar("CancelOrder", client_order_id="J4", orig_client_order_id="J2")
        self.busbar("NewOrder", **wire.new_order("J5", "Buy", "2", SYMBOL, price="52"))
        self.wait_for(J2="Canceled", J5="New")

    def busbar(self, kind, **fields):
        answer = self.req.ask(kind, **fields)
        self.check(f"Busbar takes {fields['client_order_id']}: {answer}", answer.get("error") == "None_")

    def wait_for(self, **statuses):
        def are_so():
            ours = {o["client_order_id"]: o["order_status"]
                    for o in self.stack.busbar("orders", "--all", client="alpha")[1]}
            return all(ours.get(name) == status for name, status in statuses.items())
        wait_for(f"Busbar's orders to be {statuses}", are_so, 20)

    def check_journal(self, orders, fills, their_orders, their_fills):
        """What Busbar published of all these orders and fills, from its journal, against what both others say."""

        def compared():
            wait_synced(self.stack)
            journal = self.stack.journal()
            ours, trades = compare.orders_of_journal(journal), compare.trades_of_journal(journal)
            for trade in trades:
                trade["time_s"] = str(int(trade.pop("time_ms")) // 1000)
            found = []
            for name, theirs, trades_there in ((self.client.name, orders, fills), ("the venue", their_orders, their_fills)):
                found += compare.set_differences("order", ["order_id"], "the journal", ours, name, theirs)
                found += compare.set_differences("fill", ["trade_id"], "the journal", trades, name, trades_there)
            return found, 2 * (sum(map(len, ours)) + sum(map(len, trades)))
        self.until(compared)

    def check_account(self):
        client = self.client
        theirs, trades = self.orders_of_book(), [trade_of_book(entry) for entry in self.venue.book()["trades"]]
        orders, fills = client.orders(), client.fills()
        self.check_set("order", ["order_id"], orders, theirs)
        self.check_set("fill", ["trade_id"], fills, trades)
        self.check_journal(orders, fills, theirs, trades)
        totals = {asset: compare.amount(Number(b["free"]) + Number(b["locked"]))
                  for asset, b in self.venue.book()["accounts"][0]["balances"].items()}
        self.check_facts("money", client.money(), {asset: totals[asset] for asset in CURRENCIES})
        positions = client.positions()
        self.check(f"it has {sorted(positions)}", sorted(positions) == ["AAPL", "BRK B", "BTC", "RELIANCE"])
        self.check_facts("positions", positions, {"BRK B": totals["BRK.B"], **totals})

    def check_market(self):
        levels = next(s for s in self.venue.book()["symbols"] if s["symbol"] == SYMBOL)
        (bid, ask), last = (levels[side][0] for side in ("bids", "asks")), levels["last"]
        theirs = {"last": compare.amount(last), "bid": compare.amount(bid[0]), "bid_qty": compare.amount(bid[1]),
                  "ask": compare.amount(ask[0]), "ask_qty": compare.amount(ask[1])}
        self.check_facts("quote", self.client.quote(), theirs)
        self.check_facts("bars", {"close": compare.amount(self.client.bars()[-1]["c"])}, {"close": compare.amount(last)})

    def heard_of(self, heard):
        book = self.venue.book()
        theirs = {o["order_id"]: o for o in self.orders_of_book()}
        found = [f"order {one}: nothing was heard of it" for one in theirs.keys() - {str(id_) for id_ in heard.orders}]
        ours = {str(id_): order_of_answer(body) for id_, body in heard.orders.items()}
        for order_id in theirs.keys() & ours.keys():
            found += compare.differences(f"order {order_id} heard of", self.client.name, ours[order_id], "the venue",
                                         theirs[order_id])
        found += compare.set_differences("fill heard of", ["trade_id"], self.client.name, list(heard.trades.values()),
                                         "the venue", [trade_of_book(entry) for entry in book["trades"]])
        levels = next(s for s in book["symbols"] if s["symbol"] == SYMBOL)
        found += compare.differences("quote heard of", self.client.name, market_of_snapshot(heard.quote), "the venue",
                                     {"last": compare.amount(levels["last"]), "bid": compare.amount(levels["bids"][0][0]),
                                      "ask": compare.amount(levels["asks"][0][0])})
        return found, sum(map(len, ours.values())) + sum(map(len, heard.trades.values())) + 3


def main(make_client):
    """The whole of a session file's program. usage: *_session.py VENUE_PROGRAM"""
    (program, ) = sys.argv[1:]
    try:
        rules = 'at_gateway = "main.sdk"' if make_client.at_gateway else ""
        with SdkStack("sdk-" + make_client.__name__, broker="ibkr", venue_program=program, rate=0, seed=20261126,
                      venue=rules) as stack:
            venue = Venue(stack)
            # Where a client has no word of its own for a CA, its HTTP library listens to these.
            os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"] = venue.ca
            client = make_client(venue)
            session = Session(stack, venue, client)
            session.run()
    except Exception as error:  # a session that breaks off has compared nothing, and must not look like a difference
        print(f"{make_client.name} session: {type(error).__name__}: {error}", file=sys.stderr)
        traceback.print_exc()
        sys.exit(2)
    print(f"{client.name} {client.version} against {program} and Busbar's journal: {session.compared} facts compared, "
          f"{len(session.differences)} differences")
    for difference in session.differences:
        print("  " + difference)
    sys.exit(1 if session.differences else 0)
