"""The frame of a session on the Interactive Brokers venue: see session.py. The client has another user name than Busbar:
one name has one session."""

import uuid
from decimal import Decimal as Number

import session
from session import Refused, compare  # noqa: F401
from stack import Stack

SYMBOL, CONID = "AAPL", 265598
RULES = {"conid": str(CONID), "tick": "0.01", "step": "1", "currency": "USD", "exchange": "NASDAQ"}
STATUS = {"PendingSubmit": "open", "PreSubmitted": "open", "Submitted": "open", "PendingCancel": "open",
          "WarnState": "open", "Filled": "closed", "Cancelled": "canceled", "Inactive": "failed"}
TYPE = {"Limit": "LIMIT", "LIMIT": "LIMIT", "Market": "MARKET", "MARKET": "MARKET", "Stop": "STOP_LOSS", "STOP": "STOP_LOSS",
        "Stop Limit": "STOP_LOSS_LIMIT", "STOP_LIMIT": "STOP_LOSS_LIMIT"}
SIDE = {"BUY": "BUY", "SELL": "SELL", "B": "BUY", "S": "SELL"}
CURRENCIES = {"USD", "EUR", "INR"}


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


class Client(session.Client):
    streams = True
    at_gateway = False  # reaches the venue as IBKR's own program on this host does: without a signature


class Venue(session.Venue):
    def __init__(self, stack):
        super().__init__(stack, SYMBOL, "venue/main.sdk.cred")
        self.account_id = self.sessions()[0]["account_id"]

    def sessions(self):
        return self.control.control_call("GET", "/sessions")["sessions"]

    def ask(self, *ids):
        self.control.control_call("POST", "/questions", account="main.sdk", ids=list(ids))


class SdkStack(Stack):
    def venue_accounts(self, broker, accounts):
        return super().venue_accounts(broker, accounts) + "\n[venue.accounts.main.users.sdk]\n"


class Session(session.Session):
    def __init__(self, stack, make_client):
        venue = Venue(stack)
        super().__init__(stack, venue, make_client(venue))
        self.names = {}  # of orders, by number

    def orders_of_book(self):
        book = self.venue.book()
        return [order_of_book(entry, book["trades"]) for entry in book["orders"]]

    def fills_of_book(self):
        return [trade_of_book(entry) for entry in self.venue.book()["trades"]]

    def of_journal(self, journal):
        orders, fills = super().of_journal(journal)
        for fill in fills:
            fill["time_s"] = str(int(fill.pop("time_ms")) // 1000)
        return self.under_first_names(journal, orders), fills

    def placed(self, what, *order, **more):
        """Places, and asks for it again: the acknowledgement says little."""
        name = uuid.uuid4().hex
        order_id = self.client.place(name, *order, **more)
        self.names[order_id] = name
        self.check_order(f"{what}, queried", self.client.query(order_id))
        return order_id

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
            self.trade_as_busbar(SYMBOL, "1", "190.30", "190.29", "190.45", "52")
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

    def check_account(self):
        client = self.client
        self.check_orders(client.orders(), client.fills())
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
        ours = {str(id_): order_of_answer(body) for id_, body in heard.orders.items()}
        found = self.heard_of_orders(ours)
        found += compare.set_differences("fill heard of", ["trade_id"], self.name, list(heard.trades.values()),
                                         "the venue", self.fills_of_book())
        levels = next(s for s in book["symbols"] if s["symbol"] == SYMBOL)
        found += compare.differences("quote heard of", self.name, market_of_snapshot(heard.quote), "the venue",
                                     {"last": compare.amount(levels["last"]), "bid": compare.amount(levels["bids"][0][0]),
                                      "ask": compare.amount(levels["asks"][0][0])})
        return found, sum(map(len, ours.values())) + sum(map(len, heard.trades.values())) + 3


def main(make_client):
    session.main(make_client.name, lambda stack: Session(stack, make_client), SdkStack, "sdk-" + make_client.__name__,
                 broker="ibkr", venue='at_gateway = "main.sdk"' if make_client.at_gateway else "")
