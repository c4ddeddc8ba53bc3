"""The frame of a session on the Alpaca venue: see session.py. A session file says which market it trades as well."""

import uuid
from decimal import Decimal as Number

import session
from session import Refused, compare  # noqa: F401
from stack import Stack

# Everything else is open.
ENDS = {"filled": "closed", "canceled": "canceled", "replaced": "canceled", "expired": "expired", "rejected": "failed"}
BOOK_ENDS = {"NONE": "expired", "REJECTED": "failed"}  # the others are cancelled by what happened to them


class Market:
    """One symbol, and what is much of it: prices and sizes are counted from here."""

    def __init__(self, symbol, base, step, unit, is_crypto):
        self.symbol, self.base, self.step, self.unit, self.is_crypto = symbol, Number(base), Number(step), unit, is_crypto

    def price(self, steps):
        return compare.amount(self.base + self.step * Number(str(steps)))

    def qty(self, units):
        return compare.amount(Number(self.unit) * Number(str(units)))


SHARES = Market("AAPL", "190", "1", "1", False)
COINS = Market("BTC/USD", "67000", "50", "0.01", True)


# --- the facts --------------------------------------------------------------------------------------------------------


def order_of_book(entry):
    words, is_money = entry["words"], entry["quote_qty"] != "0.00000000"
    status = compare.UNIFIED_STATUS[entry["status"]]
    if status == "expired":
        status = BOOK_ENDS.get(entry["expiry_reason"], "canceled")
    return compare.told(
        symbol=entry["symbol"],
        order_id=entry["order_id"],
        client_order_id=entry["client_order_id"],
        side=entry["side"],
        type=words["type"],
        time_in_force=words["time_in_force"],
        order_class=words["order_class"],
        extended_hours=str(words["extended_hours"]),
        price=compare.amount(entry["price"]) if Number(entry["price"]) else None,
        stop_price=compare.amount(entry["stop_price"]) if Number(entry["stop_price"]) else None,
        qty=None if is_money else compare.amount(entry["qty"]),
        executed=compare.amount(entry["executed"]),
        cum_quote=compare.amount(entry["cum_quote"]),
        average=compare.price(Number(entry["cum_quote"]) / Number(entry["executed"])) if Number(
            entry["executed"]) else None,
        unified_status=status,
        replaces=entry["replaces"],
        replaced_by=entry["replaced_by"],
        created_ms=str(entry["created_us"] // 1000),
    )


def order_of_answer(body):
    """An order as REST and the stream tell it."""
    money = body.get("notional") is not None
    return compare.told(
        symbol=body["symbol"],
        order_id=str(body["id"]),
        client_order_id=body["client_order_id"],
        side=body["side"].upper(),
        type=body["type"],
        time_in_force=body["time_in_force"],
        order_class="" if body["order_class"] == "simple" else body["order_class"],
        extended_hours=str(body["extended_hours"]),
        price=compare.amount_of(body, "limit_price"),
        stop_price=compare.amount_of(body, "stop_price"),
        qty=None if money else compare.amount_of(body, "qty"),
        executed=compare.amount(body["filled_qty"]),
        average=compare.price(body["filled_avg_price"]) if body["filled_avg_price"] is not None else None,
        unified_status=ENDS.get(body["status"], "open"),
        replaces=str(body["replaces"] or ""),
        replaced_by=str(body["replaced_by"] or ""),
        created_ms=compare.milliseconds(body["created_at"]),
    )


def fill_of_book(entry):
    facts = compare.trade_of_book(entry)
    del facts["commission_asset"]
    return facts


def fill_of_answer(body):
    """An activity, whose id ends with the execution's."""
    return compare.told(
        symbol=body["symbol"],
        trade_id=body["id"].rpartition("::")[2],
        order_id=str(body["order_id"]),
        side=body["side"].upper(),
        price=compare.amount(body["price"]),
        qty=compare.amount(body["qty"]),
        time_ms=compare.milliseconds(body["transaction_time"]),
    )


def fill_of_update(body):
    """The same as the stream tells it."""
    return compare.told(
        symbol=body["order"]["symbol"],
        trade_id=str(body["execution_id"]),
        order_id=str(body["order"]["id"]),
        side=body["order"]["side"].upper(),
        price=compare.amount(body["price"]),
        qty=compare.amount(body["qty"]),
        time_ms=compare.milliseconds(body["timestamp"]),
    )


def balances_of_answers(account, positions):
    free, cash = Number(str(account["buying_power"])), Number(str(account["cash"]))
    found = {"USD": {"free": compare.amount(free), "locked": compare.amount(cash - free)}}
    for position in positions:
        is_pair = position["asset_class"] == "crypto"
        asset = position["symbol"].removesuffix("USD") if is_pair else position["symbol"]
        qty, available = Number(str(position["qty"])), Number(str(position["qty_available"]))
        found[asset] = {"free": compare.amount(available), "locked": compare.amount(qty - available)}
    return found


def trade_of_answer(body):
    return compare.told(trade_id=str(body["i"]), price=compare.amount(body["p"]), qty=compare.amount(body["s"]))


def quote_of_answer(body):
    return compare.quote(body["bp"], body["bs"], body["ap"], body["as"])


class Heard:
    """What streams said, in facts."""

    def __init__(self):
        self.orders, self.fills, self.trades, self.quote, self.book = {}, {}, {}, {}, {}
        self.events = {}  # of each order, one after the other
        self.is_listening = False

    def take_update(self, body):
        """Of an order, as the venue says it."""
        order = body["order"]
        self.orders[str(order["id"])] = order_of_answer(order)
        self.events.setdefault(str(order["id"]), []).append(body["event"])
        if body["event"] in ("fill", "partial_fill"):
            fill = fill_of_update(body)
            self.fills[fill["trade_id"]] = fill

    def take_trade(self, body):
        self.trades[str(body["i"])] = trade_of_answer(body)

    def take_quote(self, body):
        self.quote = quote_of_answer(body)


class Client(session.Client):
    market = SHARES
    has_lists = True  # brackets and trailing stops
    hears_fills = True  # each by itself

    def book(self, limit):
        """Of crypto alone."""
        return None


class Venue(session.Venue):
    def __init__(self, stack, market):
        super().__init__(stack, market.symbol)
        self.market = market

    def house(self, side, units, steps=None):
        super().house(side, self.market.qty(units), self.market.price(steps) if steps is not None else None)


class Session(session.Session):
    separator = "/"

    def __init__(self, stack, make_client):
        venue = Venue(stack, make_client.market)
        super().__init__(stack, venue, make_client(venue))
        self.market = venue.market

    def orders_of_book(self):
        orders = [order_of_book(entry) for entry in self.venue.book()["orders"]]
        return [order for order in orders if order["symbol"] == self.market.symbol]

    def fills_of_book(self):
        fills = [fill_of_book(entry) for entry in self.venue.book()["trades"]]
        return [fill for fill in fills if fill["symbol"] == self.market.symbol]

    def of_journal(self, journal):
        """Of an order of somebody else's that was replaced Busbar tells what took its place, and no more of itself."""
        orders, fills = super().of_journal(journal)
        ours = {report["broker_order_id"] for report in compare.published(journal)
                if report.get("order_id") and report.get("broker_order_id")}
        left = {o["order_id"] for o in self.orders_of_book() if o["replaced_by"]} - ours
        for order in orders:
            if order["order_id"] in left:
                del order["unified_status"]
        return orders, fills

    def placed(self, what, *order, **more):
        """Places, and asks for it again by both of its names: the acknowledgement was said before anything happened."""
        client_order_id = self.client.new_id()
        said = self.client.place(client_order_id, *order, **more)
        self.check(f"{what} has the name it was given", said["client_order_id"] == client_order_id)
        self.check(f"{what} is open when it is taken", said["unified_status"] == "open")
        self.check_order(f"{what}, queried", self.client.query(said["order_id"]))
        return said["order_id"]

    def run(self):
        self.venue.control.stand_still()
        for side, steps in (("SELL", 1), ("SELL", 2), ("BUY", -1), ("BUY", -2)):
            self.venue.house(side, 50, steps)
        market, heard = self.market, Heard()
        self.client.listen(heard)
        try:
            self.until(lambda: ([] if heard.is_listening else ["the stream of updates was not confirmed"], 1))
            self.client.check_rules(self)
            self.trade()
            if self.client.has_lists:
                self.trade_lists()
            self.be_refused()
            self.trade_as_busbar(self.symbol, market.unit, *(market.price(steps) for steps in (0.55, 0.54, 0.7, -20)))
            self.check_account()
            self.check_market()
            self.until(lambda: self.orders_heard(heard))
            self.until(lambda: self.market_heard(heard))
        finally:
            self.client.close()

    def trade(self):
        client, venue, market = self.client, self.venue, self.market
        # Filled in part, replaced, filled a little more, cancelled.
        one = self.placed("a limit order", "BUY", "limit", market.qty(10), market.price(0.5))
        venue.house("SELL", 4, 0.5)
        self.check_order("filled in part", client.query(one))
        name = client.new_id()
        changed = client.replace(one, name, "BUY", market.qty(20), market.price(0.4))
        self.check("a replacement has the name it was given", changed["client_order_id"] == name)
        self.check("a replacement names what it replaces", changed["replaces"] == one)
        two = changed["order_id"]
        old = client.query(one)
        self.check_order("replaced", old)
        self.check("the old one names the new one", old["replaced_by"] == two)
        self.check_order("the new one", client.query(two))
        venue.house("SELL", 3, 0.4)
        client.cancel(two)
        facts = client.query(two)
        self.check_order("cancelled", facts)
        self.check("it ended cancelled with what had filled",
                   (facts["unified_status"], facts["executed"]) == ("canceled", market.qty(3)))
        # Filled as a whole, by the market and by us.
        three = self.placed("a sale that waits", "SELL", "limit", market.qty(5), market.price(0.8))
        venue.house("BUY", 5, 0.8)
        self.check_order("filled as maker", client.query(three))
        self.placed("a market purchase by money", "BUY", "market", notional="500")
        self.placed("a market sale", "SELL", "market", market.qty(2))
        self.placed("immediate or cancel, in part", "BUY", "limit", market.qty(60), market.price(1), time_in_force="ioc")
        if not market.is_crypto:
            self.placed("fill or kill, killed", "SELL", "limit", market.qty(500), market.price(-1), time_in_force="fok")
            self.placed("fill or kill, filled", "SELL", "limit", market.qty(5), market.price(-1), time_in_force="fok")
        # Waiting.
        many = [self.placed("one of many", "BUY", "limit", market.qty(1), market.price(-20 - i)) for i in range(3)]
        client.cancel(many[0])
        self.refused("a second cancel", "canceled", client.cancel, many[0])
        client.cancel(many[1])
        client.cancel(many[2])
        stop = self.placed("a stop limit", "SELL", "stop_limit", market.qty(2), market.price(-9), market.price(-8))
        self.check("the stop waits", client.query(stop)["unified_status"] == "open")
        client.cancel(stop)

    def trade_lists(self):
        """Orders with others under them, whose names the broker makes up, and one that follows the price."""
        client, market = self.client, self.market
        entry = client.place(client.new_id(), "BUY", "market", market.qty(2), order_class="bracket",
                             take_profit=market.price(9), stop_loss=market.price(-9))
        legs = [order for order in self.orders_of_book() if order.get("order_class") == "bracket"]
        self.check(f"a bracket is three orders: {legs}", len(legs) == 3)
        for leg in legs:
            self.check_order("of a bracket", client.query(leg["order_id"]))
        self.check("the entry has filled", client.query(entry["order_id"])["unified_status"] == "closed")
        profit = next(leg for leg in legs if leg["type"] == "limit")
        changed = client.replace(profit["order_id"], client.new_id(), "SELL", None, market.price(10))
        self.check_order("a leg, replaced", client.query(changed["order_id"]))
        client.cancel(changed["order_id"])
        for leg in legs:
            self.check_order("after a leg was cancelled", client.query(leg["order_id"]))
        trailing = client.place(client.new_id(), "SELL", "trailing_stop", market.qty(1), trail_percent="5")
        self.check_order("a stop that follows", client.query(trailing["order_id"]))
        client.cancel(trailing["order_id"])
        late = self.placed("for the extended hours, too", "BUY", "limit", market.qty(1), market.price(-25),
                           time_in_force="day", extended_hours=True)
        client.cancel(late)

    def be_refused(self):
        client, market = self.client, self.market
        name, far = client.new_id(), market.price(-30)
        first = client.place(name, "BUY", "limit", market.qty(2), far)
        self.refused("a second order of that name", "client_order_id must be unique", client.place, name, "BUY", "limit",
                     market.qty(2), far)
        self.refused("a sale that would meet a purchase of ours", "potential wash trade", client.place, client.new_id(),
                     "SELL", "limit", market.qty(1), far)
        client.cancel(first["order_id"])
        self.refused("more than there is", "insufficient", client.place, client.new_id(), "BUY", "limit",
                     market.qty(50000), market.price(0))
        self.refused("an order that nobody knows", "order not found", client.query, str(uuid.uuid4()))
        if not market.is_crypto:
            self.refused("less than a cent", "sub-penny increment", client.place, client.new_id(), "BUY", "limit", "1",
                         "150.255")
            self.refused("a part of a share for long", "fractional orders must be DAY", client.place, client.new_id(),
                         "BUY", "limit", "1.5", far)

    def check_account(self):
        client = self.client
        self.check_orders(client.orders("all"), client.fills())
        for status in ("open", "closed"):
            self.check_set(f"{status} order", ["order_id"], client.orders(status),
                           [o for o in self.orders_of_book() if (o["unified_status"] == "open") == (status == "open")])
        self.check_balances(client.balances(), compare.balances_of_book(self.venue.book()["accounts"][0]))

    def check_market(self):
        book, last = self.levels_of_book(5)
        if self.market.is_crypto:
            self.check_facts("book", self.client.book(5), book)
        self.check_facts("quote", self.client.quote(), {side: rows[0] for side, rows in book.items()})
        self.check_facts("bars", {"close": self.client.bars()[-1]}, {"close": last})

    def orders_heard(self, heard):
        found = self.heard_of_orders(heard.orders)
        if self.client.hears_fills:
            found += compare.set_differences("fill heard of", ["trade_id"], self.name, list(heard.fills.values()),
                                             "the venue", self.fills_of_book())
        if self.client.hears_each:
            begins = {"pending_new", "new", "held"}
            found += [f"order {one}: began with {said[0]}" for one, said in heard.events.items() if said[0] not in begins]
        return found, sum(map(len, heard.orders.values())) + sum(map(len, heard.fills.values()))

    def market_heard(self, heard):
        book, _ = self.levels_of_book(5)
        pairs = [("quote", heard.quote, {side: rows[0] for side, rows in book.items()})]
        if heard.book:
            pairs.append(("book", {side: rows[:5] for side, rows in heard.book.items()}, book))
        return self.heard_of_market(heard, *pairs)


def main(make_client):
    session.main(make_client.name, lambda stack: Session(stack, make_client), Stack, "sdk-" + make_client.__name__,
                 broker="alpaca", venue='wash_trades = "crossing"')
