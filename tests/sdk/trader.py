"""What a session asks of an SDK: traders that place, query and cancel, and streams that are listened to. Every answer
is in the facts of compare.py.
"""

import asyncio
import contextlib
import inspect
import os
from decimal import Decimal as Number

import compare

SYMBOL, PAIR = "BTCUSDT", "BTC/USDT"  # the venue's name for it, and everybody else's


class Refused(Exception):
    """What the venue said no to, in its own words; the SDK's error is the cause."""

    def __init__(self, code, text):
        super().__init__(code, text)
        self.code, self.text = code, text


async def settled(answer):
    """Half of the SDKs' calls have to be awaited."""
    return await answer if inspect.isawaitable(answer) else answer


class Trader:
    """One way to trade through an SDK. Every verb answers in the facts of compare.py, or raises Refused."""

    name = ""
    account = "main"  # the one that Busbar trades as well
    is_followed = False  # also heard on the SDK's streams
    can_amend = False
    can_link = False  # orders to each other, in a list
    can_hide = False  # most of an order, or let its stop trail the market

    async def averages(self):
        """What else the SDK can tell of the market: facts that follow from the trades."""
        return {}

    async def rates(self):
        """The commission rates of the account."""
        return {}

    async def test(self, *order):
        """An order that is looked at and never placed."""

    def names_well(self, refusal, error):
        """Whether the SDK raised the error that it documents for this refusal."""
        return True


class PlainTrader(Trader):
    """For SDKs that hand the venue's answers on as they are: one operation is one method."""

    can_amend = True
    can_link = True
    can_hide = True

    async def ask(self, operation, **parameters):
        raise NotImplementedError

    async def rules(self):
        symbols = (await self.ask("exchangeInfo"))["symbols"]
        return {symbol["symbol"]: compare.rules_of_answer(symbol) for symbol in symbols}

    async def place(self, side, type, qty, price=None, stop_price=None, time_in_force=None, client_order_id=None):
        return compare.order_of_answer(await self.ask(
            "order.place", **self.order(side, type, qty, price, stop_price, time_in_force, client_order_id)))

    async def place_iceberg(self, side, qty, shown_qty, price):
        return compare.order_of_answer(await self.ask(
            "order.place", icebergQty=shown_qty, **self.order(side, "LIMIT", qty, price)))

    async def place_trailing(self, side, qty, price, delta):
        return compare.order_of_answer(await self.ask(
            "order.place", trailingDelta=delta, **self.order(side, "STOP_LOSS_LIMIT", qty, price)))

    def order(self, side, type, qty, price=None, stop_price=None, time_in_force=None, client_order_id=None):
        has_time_in_force = type in ("LIMIT", "STOP_LOSS_LIMIT")
        return compare.told(symbol=SYMBOL, side=side, type=type, quantity=qty, price=price, stopPrice=stop_price,
                            timeInForce=(time_in_force or "GTC") if has_time_in_force else None,
                            newClientOrderId=client_order_id)

    async def test(self, *order):
        await self.ask("order.test", **self.order(*order))

    async def query(self, order_id):
        return compare.order_of_answer(await self.ask("order.status", symbol=SYMBOL, orderId=int(order_id)))

    async def query_by_name(self, client_order_id):
        return compare.order_of_answer(await self.ask("order.status", symbol=SYMBOL, origClientOrderId=client_order_id))

    async def cancel(self, order_id):
        return compare.order_of_answer(await self.ask("order.cancel", symbol=SYMBOL, orderId=int(order_id)))

    async def cancel_all(self):
        await self.ask("openOrders.cancelAll", symbol=SYMBOL)

    async def replace(self, old, qty, price):
        answer = await self.ask("order.cancelReplace", cancelReplaceMode="STOP_ON_FAILURE",
                                cancelOrderId=int(old["order_id"]), **self.order(old["side"], "LIMIT", qty, price))
        return compare.order_of_answer(answer["newOrderResponse"])

    async def amend(self, order_id, qty):
        answer = await self.ask("order.amend.keepPriority", symbol=SYMBOL, orderId=int(order_id), newQty=qty)
        return compare.order_of_answer({**answer["amendedOrder"], "origClientOrderId": None})  # the name it had before

    async def amendments(self, order_id):
        answer = await self.ask("order.amendments", symbol=SYMBOL, orderId=int(order_id))
        return [(compare.amount(one["origQty"]), compare.amount(one["newQty"])) for one in answer]

    async def link(self, side, qty, above, below, stop):
        """One cancels the other: a limit above the market, a stop below it."""
        return self.linked(await self.ask(
            "orderList.place.oco", symbol=SYMBOL, side=side, quantity=qty, aboveType="LIMIT_MAKER", abovePrice=above,
            belowType="STOP_LOSS_LIMIT", belowPrice=below, belowStopPrice=stop, belowTimeInForce="GTC"))

    async def chain(self, qty, price, then_price):
        """One triggers the other: a limit to buy, and once it is filled a limit to sell."""
        return self.linked(await self.ask(
            "orderList.place.oto", symbol=SYMBOL, workingType="LIMIT", workingSide="BUY", workingPrice=price,
            workingQuantity=qty, workingTimeInForce="GTC", pendingType="LIMIT", pendingSide="SELL",
            pendingPrice=then_price, pendingQuantity=qty, pendingTimeInForce="GTC"))

    @staticmethod
    def linked(answer):
        return str(answer["orderListId"]), [compare.order_of_answer(o) for o in answer["orderReports"]]

    async def unlink(self, list_id):
        answer = await self.ask("orderList.cancel", symbol=SYMBOL, orderListId=int(list_id))
        return [compare.order_of_answer(o) for o in answer["orderReports"]]

    async def list_status(self, list_id):
        """How the list stands, and the orders in it."""
        answer = await self.ask("orderList.status", orderListId=int(list_id))
        return answer["listOrderStatus"], sorted(str(order["orderId"]) for order in answer["orders"])

    async def open_lists(self):
        return [str(one["orderListId"]) for one in await self.ask("openOrderLists.status")]

    async def orders(self):
        return [compare.order_of_answer(o) for o in await self.ask("allOrders", symbol=SYMBOL)]

    async def open_orders(self):
        return [compare.order_of_answer(o) for o in await self.ask("openOrders.status", symbol=SYMBOL)]

    async def closed_orders(self):
        return [order for order in await self.orders() if order["unified_status"] == "closed"]

    async def trades(self):
        return [compare.trade_of_answer(t) for t in await self.ask("myTrades", symbol=SYMBOL)]

    async def balances(self):
        return compare.balances_of_answer(await self.ask("account.status"))

    async def book(self, limit):
        answer = await self.ask("depth", symbol=SYMBOL, limit=limit)
        return {side: compare.levels(answer[side]) for side in ("bids", "asks")}

    async def quote(self):
        best = await self.ask("ticker.book", symbol=SYMBOL)
        return compare.quote(best["bidPrice"], best["bidQty"], best["askPrice"], best["askQty"])

    async def ticker(self):
        day = await self.ask("ticker.24hr", symbol=SYMBOL)
        names = {"last": "lastPrice", "bid": "bidPrice", "ask": "askPrice", "open": "openPrice", "high": "highPrice",
                 "low": "lowPrice", "volume": "volume"}
        return {name: day[theirs] for name, theirs in names.items()}

    async def public_trades(self):
        return [compare.public_trade_of_answer(t) for t in await self.ask("trades.recent", symbol=SYMBOL, limit=1000)]

    async def averages(self):
        trades = await self.ask("trades.aggregate", symbol=SYMBOL, limit=1000)
        return {"last": (await self.ask("ticker.price", symbol=SYMBOL))["price"],
                "average": (await self.ask("avgPrice", symbol=SYMBOL))["price"],
                "volume": sum(Number(trade["q"]) for trade in trades)}

    async def rates(self):
        return (await self.ask("account.commission", symbol=SYMBOL))["standardCommission"]

    async def bars(self):
        rows = await self.ask("klines", symbol=SYMBOL, interval="1m", limit=1000)
        return [{"close": row[4], "volume": row[5]} for row in rows]


class Sdk:
    """A library under test: its traders, and what it hears on streams."""

    name = ""
    version = ""
    signer = None  # or a Signer, and then the venue has an account of that name

    async def open(self, stack):
        """Returns the traders."""
        raise NotImplementedError

    async def close(self):
        pass

    async def stranger(self):
        """A trader with the right key and a wrong secret."""
        raise NotImplementedError

    def streams(self, heard, trader):
        """A context in which all that streams say, of the market and of the trader's account, goes into `heard`."""
        raise NotImplementedError


class Heard:
    """What streams said, in facts."""

    def __init__(self):
        self.orders, self.trades, self.public_trades = [], [], []
        self.lists = {}
        self.balances, self.book, self.quote, self.ticker, self.bar = {}, {}, {}, {}, {}

    def take_user_event(self, event):
        """In the venue's one-letter names."""
        if event["e"] == "executionReport":
            self.orders.append(compare.order_of_event(event))
            if event["x"] == "TRADE":
                self.trades.append(compare.trade_of_event(event))
        elif event["e"] == "listStatus":
            self.lists[str(event["g"])] = event["L"]
        elif event["e"] == "outboundAccountPosition":
            for balance in event["B"]:
                self.balances[balance["a"]] = {"free": balance["f"], "locked": balance["l"]}

    def take_quote(self, event):
        self.quote = compare.quote(event["b"], event["B"], event["a"], event["A"])

    def take_ticker(self, event):
        self.ticker = {"last": event["c"], "bid": event["b"], "ask": event["a"]}

    def silent(self):
        return [name for name, said in vars(self).items() if not said and name != "lists"]


class Signer:
    """A customer of the venue whose key is Ed25519: only such a one can log a session on. Not Busbar's."""

    def __init__(self):
        from Crypto.PublicKey import ECC  # came with the SDK
        key = ECC.generate(curve="Ed25519")
        self.api_key = os.urandom(32).hex()
        self.private = key.export_key(format="PEM")
        self.public = key.public_key().export_key(format="PEM")


@contextlib.asynccontextmanager
async def pumping(*pumps):
    """Each pump runs for as long as the context does. One that ends before has failed, and says so."""
    tasks = [asyncio.ensure_future(pump) for pump in pumps]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        pending = set(tasks)
        while pending:  # asyncio before 3.12 can lose a cancellation in wait_for, so it is said until it is heard
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=0.1)
