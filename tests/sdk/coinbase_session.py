"""The frame of a session on the Coinbase venue: see session.py."""

import json
import time
import uuid
from decimal import Decimal as Number

import session
from session import Refused, compare  # noqa: F401
from stack import Stack

PRODUCT, SYMBOL = "BTC-USD", "BTC/USD"
RULES = {"tick": "0.01", "step": "0.000001", "qty_min": "0.000001", "notional_min": "1"}
STATUS = {"PENDING": "open", "OPEN": "open", "CANCEL_QUEUED": "open", "FILLED": "closed", "CANCELLED": "canceled",
          "EXPIRED": "expired", "FAILED": "failed"}
# The book tells an order that ended unfilled otherwise than the broker does.
BOOK_STATUS = {("EXPIRED", "NONE"): "expired", ("EXPIRED", "REJECTED"): "failed"}
TIME_IN_FORCE = {"GOOD_UNTIL_CANCELLED": "GTC", "GOOD_UNTIL_DATE_TIME": "GTC", "IMMEDIATE_OR_CANCEL": "IOC",
                 "FILL_OR_KILL": "FOK"}


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


class Client(session.Client):
    key_type = "ed25519"


class Session(session.Session):
    separator = "-"

    def __init__(self, stack, make_client):
        venue = session.Venue(stack, PRODUCT)
        super().__init__(stack, venue, make_client(venue))
        self.trade_of = {}  # Busbar names a fill by its entry, and the book by its trade

    def orders_of_book(self):
        book = self.venue.book()
        return [order_of_book(entry, book["trades"]) for entry in book["orders"]]

    def fills_of_book(self):
        return [compare.trade_of_book(entry) for entry in self.venue.book()["trades"]]

    def of_journal(self, journal):
        orders, fills = super().of_journal(journal)
        for fill in fills:
            fill["trade_id"] = self.trade_of.get(fill["trade_id"], fill["trade_id"])
        return self.under_first_names(journal, orders), fills

    def placed(self, what, *order, **more):
        """Places, and asks for it again: the acknowledgement says little."""
        client_order_id = self.client.new_id()
        order_id = self.client.place(client_order_id, *order, **more)
        facts = self.client.query(order_id)
        self.check(f"{what} has the name it was given", facts["client_order_id"] == client_order_id)
        self.check_order(f"{what}, queried", facts)
        return order_id

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
            self.trade_as_busbar(SYMBOL, "0.001", "67255", "67254.5", "67270", "52000")
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

    def check_account(self):
        client = self.client
        fills = client.fills()
        self.trade_of = {fill["entry_id"]: fill["trade_id"] for fill in fills}
        self.check_orders(client.orders(), fills)
        self.check_set("open order", ["order_id"], client.orders("OPEN"),
                       [o for o in self.orders_of_book() if o["unified_status"] == "open"])
        self.check_balances(client.balances(), compare.balances_of_book(self.venue.book()["accounts"][0]))

    def check_market(self):
        book, last = self.levels_of_book(5)
        self.check_facts("book", self.client.book(5), book)
        self.check_facts("quote", self.client.quote(), {side: rows[0] for side, rows in book.items()})
        candles = self.client.candles()
        self.check_facts("candles", {"close": candles[0]["close"]}, {"close": last})

    def orders_heard(self, heard):
        last = {o["order_id"]: o for o in heard.orders}
        found = self.heard_of_orders(last)
        if self.client.hears_each:
            found += [f"order {one}: began with {said[0]}" for one, said in heard.statuses.items()
                      if said[0] != "PENDING"]
        return found, sum(map(len, last.values()))

    def market_heard(self, heard):
        book, last = self.levels_of_book(5)
        bid, ask = (rows[0].split(" @ ")[1] for rows in book.values())
        return self.heard_of_market(heard, ("book", heard.levels(5), book), ("candle", heard.candle, {"close": last}),
                                    ("ticker", heard.ticker, {"last": last, "bid": bid, "ask": ask}))


def main(make_client):
    session.main(make_client.name, lambda stack: Session(stack, make_client), Stack, "sdk-" + make_client.__name__,
                 broker="coinbase", key_type=make_client.key_type)
