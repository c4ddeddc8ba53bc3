"""The frame of a trading session with somebody's SDK on the Coinbase venue in a box, on an account that Busbar trades as
well. Every answer and every frame is compared, field by field, with the venue's own book and with Busbar's journal, which
has heard of the SDK's orders from the venue, as the SDK hears of Busbar's. The differences are printed and decide the exit
status: 0 none, 1 some, 2 could not run.

A session file brings a Client with its verbs; what is traded, and what is compared with what, stands here, once.
"""

import json
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

PRODUCT, SYMBOL = "BTC-USD", "BTC/USD"
RULES = {"tick": "0.01", "step": "0.000001", "qty_min": "0.000001", "notional_min": "1"}
STATUS = {"PENDING": "open", "OPEN": "open", "CANCEL_QUEUED": "open", "FILLED": "closed", "CANCELLED": "canceled",
          "EXPIRED": "expired", "FAILED": "failed"}
# The book tells an order that ended unfilled otherwise than the broker does.
BOOK_STATUS = {("EXPIRED", "NONE"): "expired", ("EXPIRED", "REJECTED"): "failed"}
TIME_IN_FORCE = {"GOOD_UNTIL_CANCELLED": "GTC", "GOOD_UNTIL_DATE_TIME": "GTC", "IMMEDIATE_OR_CANCEL": "IOC",
                 "FILL_OR_KILL": "FOK"}


class Refused(Exception):
    """What the venue said no to: the reason in its own word."""


# --- the facts --------------------------------------------------------------------------------------------------------


def order_of_book(entry, trades):
    facts = compare.order_of_book(entry)
    del facts["status"]
    is_money = entry["quote_qty"] != "0.00000000"
    facts["unified_status"] = BOOK_STATUS.get((entry["status"], entry["expiry_reason"]), facts["unified_status"])
    if entry["status"] in ("EXPIRED", "EXPIRED_IN_MATCH") and facts["unified_status"] == "expired":
        facts["unified_status"] = "expired" if entry["expiry_reason"] == "NONE" else "canceled"
    mine = [t for t in trades if t["order_id"] == entry["order_id"]]
    facts.update(fees=compare.amount(sum(Number(t["commission"]) for t in mine)), fills=str(len(mine)))
    if mine:
        facts["average"] = compare.price(Number(entry["cum_quote"]) / Number(entry["executed"]))
    if is_money:
        del facts["qty"]  # nobody asked for a quantity
    if entry["type"] == "MARKET":
        del facts["price"]
    return facts


def order_of_answer(body):
    """An order as REST tells it."""
    (kind, configuration), = body["order_configuration"].items()
    type_ = {"MARKET": "MARKET", "LIMIT": "LIMIT_MAKER" if configuration.get("post_only") else "LIMIT",
             "BRACKET": "LIMIT"}.get(body["order_type"])
    return compare.told(
        symbol=body["product_id"],
        order_id=body["order_id"],
        client_order_id=body["client_order_id"],
        side=body["side"],
        type=type_,
        time_in_force=TIME_IN_FORCE[body["time_in_force"]],
        price=compare.amount_of(configuration, "limit_price"),
        stop_price=compare.amount_of(configuration, "stop_price"),
        qty=compare.amount_of(configuration, "base_size"),
        executed=compare.amount(body["filled_size"]),
        cum_quote=compare.amount(body["filled_value"]),
        average=compare.price(body["average_filled_price"]) if Number(body["filled_size"]) else None,
        fees=compare.amount(body["total_fees"]),
        fills=body["number_of_fills"],
        unified_status=STATUS[body["status"]],
        created_ms=compare.milliseconds(body["created_time"]),
    )


def order_of_frame(body):
    """The same as the user channel tells it."""
    return compare.told(
        symbol=body["product_id"],
        order_id=body["order_id"],
        client_order_id=body["client_order_id"],
        side=body["order_side"],
        time_in_force=TIME_IN_FORCE[body["time_in_force"]],
        price=compare.amount(body["limit_price"]) if body["limit_price"] else None,
        executed=compare.amount(body["cumulative_quantity"]),
        cum_quote=compare.amount(body["filled_value"]),
        average=compare.price(body["avg_price"]) if Number(body["cumulative_quantity"]) else None,
        fees=compare.amount(body["total_fees"]),
        fills=body["number_of_fills"],
        unified_status=STATUS[body["status"]],
        created_ms=compare.milliseconds(body["creation_time"]),
    )


def trade_of_answer(body):
    in_quote = str(body["size_in_quote"]) == "True"
    return compare.told(
        symbol=body["product_id"],
        trade_id=body["trade_id"],
        entry_id=body["entry_id"],
        order_id=body["order_id"],
        side=body["side"],
        price=compare.amount(body["price"]),
        qty=None if in_quote else compare.amount(body["size"]),
        quote=compare.amount(body["size"]) if in_quote else None,
        commission=compare.amount(body["commission"]),
        is_maker=str(body["liquidity_indicator"] == "MAKER"),
        time_ms=compare.milliseconds(body["trade_time"]),
    )


def balances_of_answer(body):
    return {a["currency"]: {"free": compare.amount(a["available_balance"]["value"]),
                            "locked": compare.amount(a["hold"]["value"])} for a in body["accounts"]}


def rules_of_answer(body):
    return compare.told(tick=compare.amount(body["price_increment"]), step=compare.amount(body["base_increment"]),
                        qty_min=compare.amount(body["base_min_size"]),
                        notional_min=compare.amount(body["quote_min_size"]))


def book_of_answer(body):
    book = body["pricebook"]
    return {side: [f"{compare.amount(row['size'])} @ {compare.amount(row['price'])}" for row in book[side]]
            for side in ("bids", "asks")}


def public_trade_of_answer(body):
    """Its side is the maker's."""
    return compare.told(trade_id=str(body["trade_id"]), price=compare.amount(body["price"]),
                        qty=compare.amount(body["size"]), maker_side=body["side"],
                        time_ms=compare.milliseconds(body["time"]))


class Heard:
    """What streams said, in facts."""

    def __init__(self):
        self.orders, self.trades, self.complaints, self.numbers = [], {}, [], {}
        self.book = {"bid": {}, "offer": {}}
        self.ticker, self.candle, self.heartbeats, self.status = {}, {}, 0, []
        self.statuses = {}  # of each order, one after the other
        self.subscribed = set()  # channels that were confirmed

    def take(self, frame, connection="all"):
        """One frame, as text or parsed."""
        frame = json.loads(frame) if isinstance(frame, (str, bytes)) else frame
        if frame.get("type") == "error":
            return self.complaints.append(frame["message"])
        numbers = self.numbers.setdefault(connection, [])
        numbers.append(frame["sequence_num"])
        for event in frame["events"]:
            self.take_event(frame["channel"], event)

    def take_event(self, channel, event):
        if channel == "subscriptions":
            self.subscribed |= set(event["subscriptions"])
        elif channel == "user":
            for order in event["orders"]:
                self.take_order(order)
        elif channel == "l2_data":
            if event["type"] == "snapshot":
                self.book = {"bid": {}, "offer": {}}
            for update in event["updates"]:
                side = self.book[update["side"]]
                side[update["price_level"]] = update["new_quantity"]
                if Number(update["new_quantity"]) == 0:
                    del side[update["price_level"]]
        elif channel == "market_trades":
            for trade in event["trades"]:
                self.trades[trade["trade_id"]] = public_trade_of_answer(trade)
        elif channel == "ticker":
            for ticker in event["tickers"]:
                self.ticker = {"last": ticker["price"], "bid": ticker["best_bid"], "ask": ticker["best_ask"]}
        elif channel == "candles":
            for candle in event["candles"]:
                self.candle = {"close": candle["close"]}
        elif channel == "heartbeats":
            self.heartbeats += 1
        elif channel == "status":
            self.status += [product["id"] for product in event["products"]]

    def take_order(self, order):
        self.statuses.setdefault(order["order_id"], []).append(order["status"])
        self.orders.append(order_of_frame(order))

    def levels(self, limit):
        def rows(side, highest_first):
            best = sorted(self.book[side].items(), key=lambda row: Number(row[0]), reverse=highest_first)
            return [f"{compare.amount(qty)} @ {compare.amount(price)}" for price, qty in best[:limit]]
        return {"bids": rows("bid", True), "asks": rows("offer", False)}


class Client:
    """A library under test: every verb answers in the facts above, or raises Refused with the venue's reason."""

    name = version = ""
    key_type = "ed25519"
    has_reasons = True  # whether its errors hold the venue's reason
    hears_each = True  # status of an order, also of those that come together

    def __init__(self, venue):
        self.venue = venue

    def close(self):
        pass


class Venue:
    """Where an SDK goes, as whom; and what is true there."""

    def __init__(self, stack):
        self.control, self.ca = stack.venue, stack.venue.ca
        self.host = "localhost:" + stack.venue.rest.rpartition(":")[2]
        pairs = dict(line.split(" = ", 1) for line in (stack.folder / "main.cred").read_text().splitlines())
        self.api_key, self.secret = pairs["api_key"], pairs["secret"]

    def book(self, account="main"):
        return self.control.book(account)

    def house(self, side, quantity, price=None):
        self.control.trade(side, quantity, price, symbol=PRODUCT)


class Session:
    def __init__(self, stack, venue, client):
        self.stack, self.venue, self.client = stack, venue, client
        self.req = stack.req()
        self.differences = []
        self.compared = 0

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

    def trades_of_book(self):
        return [compare.trade_of_book(entry) for entry in self.venue.book()["trades"]]

    def check_order(self, what, order):
        found = [e for e in self.orders_of_book() if e["order_id"] == order["order_id"]]
        if len(found) != 1:
            return self.note([f"{what}: {self.client.name}'s order {order['order_id']} is {len(found)} times there"])
        self.check_facts(f"{what}, order {order['order_id']}", order, found[0])

    def placed(self, what, *order, **more):
        """Places, and asks for it again: the acknowledgement says little."""
        client_order_id = self.client.new_id()
        order_id = self.client.place(client_order_id, *order, **more)
        facts = self.client.query(order_id)
        self.check(f"{what} has the name it was given", facts["client_order_id"] == client_order_id)
        self.check_order(f"{what}, queried", facts)
        return order_id

    def refused(self, what, reason, verb, *arguments, **more):
        try:
            verb(*arguments, **more)
        except Refused as refused:
            is_right = reason in str(refused) or not self.client.has_reasons
            return self.check(f"{what} is refused with {reason} and not {refused}", is_right)
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
        for side, price in (("SELL", "67300"), ("SELL", "67350"), ("BUY", "67200"), ("BUY", "67150")):
            self.venue.house(side, "0.5", price)
        self.check_facts("rules", self.client.rules(), RULES)
        heard = Heard()
        self.client.listen(heard)
        try:
            self.until(lambda: ([] if "user" in heard.subscribed else ["the user channel was not confirmed"], 1))
            self.trade()
            self.busbar_trades()
            self.check_account()
            self.check_market()
            self.until(lambda: self.orders_heard(heard))
            self.until(lambda: self.market_heard(heard))
            self.check(f"{self.client.name} heard no complaint: {heard.complaints}", not heard.complaints)
            for connection, numbers in heard.numbers.items():
                self.check(f"the numbers of {connection} have no gap: {numbers[:20]}",
                           numbers == list(range(len(numbers))))
        finally:
            self.client.close()

    def trade(self):
        client, venue = self.client, self.venue
        # Filled in part, edited, filled a little more, cancelled.
        one = self.placed("a limit order", "BUY", "limit", "0.01", "67250")
        venue.house("SELL", "0.004", "67250")
        self.check_order("filled in part", client.query(one))
        client.edit(one, "BUY", "0.02", "67240.5")
        self.check_order("edited", client.query(one))
        venue.house("SELL", "0.003", "67240.5")
        client.cancel(one)
        facts = client.query(one)
        self.check_order("cancelled", facts)
        self.check("it ended cancelled with what had filled",
                   (facts["unified_status"], facts["executed"]) == ("canceled", "0.007"))
        # Filled as a whole, by the market and by us.
        two = self.placed("a post-only order", "SELL", "limit", "0.005", "67290", post_only=True)
        venue.house("BUY", "0.005", "67290")
        self.check_order("filled as maker", client.query(two))
        self.placed("a market purchase by money", "BUY", "market", money="500")
        self.placed("a market sale", "SELL", "market", "0.002")
        self.placed("immediate or cancel, in part", "BUY", "limit", "0.7", "67300", kind="ioc")
        self.placed("fill or kill, killed", "SELL", "limit", "5", "67200", kind="fok")
        self.placed("fill or kill, filled", "SELL", "limit", "0.1", "67200", kind="fok")
        # Waiting.
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        self.placed("good till a date", "BUY", "limit", "0.003", "60000", end_time=end)
        stop = self.placed("a stop limit", "SELL", "limit", "0.001", "66900", stop_price="67000")
        many = [self.placed("one of many", "BUY", "limit", "0.001", str(50000 + i)) for i in range(3)]
        client.cancel(many[0])
        # No.
        self.refused("a post-only order that would take", "INVALID_LIMIT_PRICE_POST_ONLY", client.place,
                     client.new_id(), "BUY", "limit", "0.001", "67350", post_only=True)
        self.refused("more than there is", "INSUFFICIENT_FUND", client.place, client.new_id(), "SELL", "limit",
                     "50", "70000")
        self.refused("a second cancel", client.twice_refused, client.cancel, many[0])
        self.refused("an order that nobody knows", "not found", client.query, str(uuid.uuid4()))
        # The stop comes to life.
        venue.house("SELL", "0.0001", "67000")
        self.check("the stop waits", client.query(stop)["unified_status"] == "open")
        again = client.new_id()
        known = client.place(again, "BUY", "limit", "0.002", "51000")
        self.check("the same name brings the same order",
                   client.place(again, "BUY", "limit", "0.002", "51000") == known)

    def busbar_trades(self):
        """Orders of Busbar's on the same account: what the SDK says of them is compared like its own."""
        self.busbar("NewOrder", **wire.new_order("J1", "Buy", "0.02", SYMBOL, price="67255"))
        self.busbar("NewOrder", **wire.new_order("J2", "Buy", "0.03", SYMBOL))
        self.wait_for(J1="New", J2="Filled")
        self.venue.house("SELL", "0.004", "67255")
        self.wait_for(J1="PartiallyFilled")
        self.busbar("ReplaceOrder", client_order_id="J3", orig_client_order_id="J1", order_qty=Number("0.015"),
                    price=Number("67254.5"))
        self.wait_for(J3="PartiallyFilled")
        self.busbar("NewOrder", **wire.new_order("J4", "Sell", "0.01", SYMBOL, price="67270"))
        self.wait_for(J4="New")
        self.venue.house("BUY", "0.01", "67270")
        self.wait_for(J4="Filled")
        self.busbar("CancelOrder", client_order_id="J5", orig_client_order_id="J3")
        self.busbar("NewOrder", **wire.new_order("J6", "Buy", "0.002", SYMBOL, price="52000"))
        self.wait_for(J3="Canceled", J6="New")

    def busbar(self, kind, **fields):
        answer = self.req.ask(kind, **fields)
        self.check(f"Busbar takes {fields['client_order_id']}: {answer}", answer.get("error") == "None_")

    def wait_for(self, **statuses):
        def are_so():
            ours = {o["client_order_id"]: o["order_status"]
                    for o in self.stack.busbar("orders", "--all", client="alpha")[1]}
            return all(ours.get(name) == status for name, status in statuses.items())
        wait_for(f"Busbar's orders to be {statuses}", are_so)

    def check_journal(self, orders, fills, their_orders, their_fills):
        """What Busbar published of all these orders and fills, from its journal, against what both others say."""
        trade_of = {fill["entry_id"]: fill["trade_id"] for fill in fills}

        def compared():
            wait_synced(self.stack)
            journal = self.stack.journal()
            ours, trades = compare.orders_of_journal(journal, "-"), compare.trades_of_journal(journal, "-")
            for trade in trades:  # Busbar names a fill by its entry, and the book by its trade
                trade["trade_id"] = trade_of.get(trade["trade_id"], trade["trade_id"])
            found = []
            for name, theirs, trades_there in ((self.client.name, orders, fills), ("the venue", their_orders, their_fills)):
                found += compare.set_differences("order", ["order_id"], "the journal", ours, name, theirs)
                found += compare.set_differences("fill", ["trade_id"], "the journal", trades, name, trades_there)
            return found, 2 * (sum(map(len, ours)) + sum(map(len, trades)))
        self.until(compared)

    def check_account(self):
        client = self.client
        theirs, trades = self.orders_of_book(), self.trades_of_book()
        orders, fills = client.orders(), client.fills()
        self.check_set("order", ["order_id"], orders, theirs)
        self.check_set("open order", ["order_id"], client.orders("OPEN"),
                       [o for o in theirs if o["unified_status"] == "open"])
        self.check_set("fill", ["trade_id"], fills, trades)
        self.check_journal(orders, fills, theirs, trades)
        balances = compare.balances_of_book(self.venue.book()["accounts"][0])
        ours = client.balances()
        self.check(f"it knows {sorted(ours)} of {sorted(balances)}", set(ours) == set(balances))
        for asset in ours.keys() & balances.keys():
            self.check_facts(f"balance {asset}", ours[asset], balances[asset])

    def levels_of_book(self, limit):
        levels = next(s for s in self.venue.book()["symbols"] if s["symbol"] == PRODUCT)
        return {side: compare.levels(levels[side][:limit]) for side in ("bids", "asks")}, levels["last"]

    def check_market(self):
        book, last = self.levels_of_book(5)
        self.check_facts("book", self.client.book(5), book)
        self.check_facts("quote", self.client.quote(), {side: rows[0] for side, rows in book.items()})
        candles = self.client.candles()
        self.check_facts("candles", {"close": candles[0]["close"]}, {"close": last})

    def orders_heard(self, heard):
        theirs = {o["order_id"]: o for o in self.orders_of_book()}
        last = {o["order_id"]: o for o in heard.orders}
        found = [f"order {one}: nothing was heard of it" for one in theirs.keys() - last.keys()]
        for order_id in theirs.keys() & last.keys():
            found += compare.differences(f"order {order_id} heard of", self.client.name, last[order_id], "the venue",
                                         theirs[order_id])
        if self.client.hears_each:
            found += [f"order {one}: began with {said[0]}" for one, said in heard.statuses.items()
                      if said[0] != "PENDING"]
        return found, sum(map(len, last.values()))

    def market_heard(self, heard):
        book, last = self.levels_of_book(5)
        bid, ask = (rows[0].split(" @ ")[1] for rows in book.values())
        pairs = [("book heard of", heard.levels(5), book), ("ticker heard of", heard.ticker,
                                                           {"last": last, "bid": bid, "ask": ask}),
                 ("candle heard of", heard.candle, {"close": last})]
        found = [text for what, ours, theirs in pairs
                 for text in compare.differences(what, self.client.name, ours, "the venue", theirs)]
        silent = [name for name in self.client.channels if not getattr(heard, name)]
        found += [f"nothing was heard of {name}" for name in silent]
        ours = {o["trade_id"]: o for o in heard.trades.values()}
        public = {o["trade_id"]: o for o in self.client.trades()}
        found += [f"trade {one}: {ours.get(one)} on the stream" for one in public if ours.get(one) != public[one]]
        return found, sum(compare.shared(a, b) for _, a, b in pairs) + len(public)


def main(make_client):
    """The whole of a session file's program. usage: coinbase_*_session.py VENUE_PROGRAM"""
    (program, ) = sys.argv[1:]
    try:
        with Stack("sdk-" + make_client.__name__, broker="coinbase", key_type=make_client.key_type, venue_program=program,
                   rate=0, seed=20261126) as stack:
            venue = Venue(stack)
            # Where an SDK has no word of its own for a CA, its HTTP or WebSocket library listens to these.
            os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"] = venue.ca
            os.environ["NODE_EXTRA_CA_CERTS"] = venue.ca
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
