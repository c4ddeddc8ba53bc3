"""ccxt on Coinbase: its synchronous client over REST, ccxt.pro's streams. The venue's own answer, which ccxt carries
along, has to say the same as what ccxt makes of it."""

import asyncio
import contextlib
import threading
import uuid

from coinbase_session import (PRODUCT, STATUS, Client, Refused, balances_of_answer, book_of_answer, compare, main,
                              order_of_answer, order_of_frame, trade_of_answer)

import ccxt
import ccxt.pro

PAIR = "BTC/USD"
UNIFIED = {"expired": "canceled", "failed": "canceled"}  # ccxt has one word for all ends but the good one


def settings(venue):
    """Nothing but base URLs, CA and credentials; numbers as texts, so that no digit is lost on the way."""
    return {"apiKey": venue.api_key, "secret": venue.secret.replace("\\n", "\n"), "requests_trust_env": True,
            "cafile": venue.ca, "number": str, "enableRateLimit": False}


def redirect(exchange, venue):
    exchange.urls["api"]["rest"] = f"https://{venue.host}"
    if "ws" in exchange.urls["api"]:
        exchange.urls["api"]["ws"] = f"wss://{venue.host}"
    return exchange


class Ccxt(Client):
    name, version = "ccxt", ccxt.__version__
    key_type = "ecdsa"  # ccxt.pro signs with no other
    twice_refused = "has failed"
    has_reasons = False  # it raises the venue's message, and some refusals have none
    hears_each = False  # it keeps the last one
    channels = ("trades", "ticker")

    def __init__(self, venue):
        super().__init__(venue)
        self.exchange = redirect(ccxt.coinbase(settings(venue)), venue)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def new_id(self):
        return str(uuid.uuid4())

    def call(self, verb, *arguments):
        try:
            return getattr(self.exchange, verb)(*arguments)
        except ccxt.BaseError as error:
            raise Refused(str(error)) from error

    def both(self, order):
        """What ccxt says, and where it says nothing of its own, what it carries along."""
        raw = order_of_answer(order["info"])
        for theirs, ours in {"order_id": "id", "client_order_id": "clientOrderId", "executed": "filled"}.items():
            if str(raw[theirs]) != str(order[ours]) and not compare.same(raw[theirs], order[ours]):
                raise AssertionError(f"ccxt's {ours} is {order[ours]} and the answer's {raw[theirs]}")
        unified = UNIFIED.get(raw["unified_status"], raw["unified_status"])
        if order["status"] != unified:
            raise AssertionError(f"ccxt's status is {order['status']} and the answer's {raw['unified_status']}")
        return raw

    def place(self, client_order_id, side, kind_of_price, qty=None, price=None, post_only=None, money=None, kind="gtc",
              end_time=None, stop_price=None):
        more = {"client_order_id": client_order_id}  # in the venue's word: its own it does not hand on
        if money:
            more["cost"] = money
        if post_only:
            more["postOnly"] = True
        if kind != "gtc":
            more["timeInForce"] = kind.upper()
        if end_time:
            more.update(timeInForce="GTD", end_time=end_time)
        if stop_price:
            more["stopLossPrice"] = stop_price
        return self.call("create_order", PAIR, kind_of_price, side.lower(), qty or "0", price, more)["id"]

    def edit(self, order_id, side, qty, price):
        answer = self.call("edit_order", order_id, PAIR, "limit", side.lower(), qty, price)
        if answer["info"]["success"] is not True:
            raise Refused(str(answer["info"]))

    def cancel(self, order_id):
        self.call("cancel_order", order_id, PAIR)

    def query(self, order_id):
        return self.both(self.call("fetch_order", order_id, PAIR))

    def orders(self, status=None):
        found = self.call("fetch_open_orders", PAIR) if status else self.call("fetch_orders", PAIR)
        return list(map(self.both, found))

    def fills(self):
        return [trade_of_answer(trade["info"]) for trade in self.call("fetch_my_trades", PAIR)]

    def balances(self):
        balance = self.call("fetch_balance", {"v3": True})
        ours = {asset: compare.told(free=compare.amount_of(balance["free"], asset),
                                    locked=compare.amount_of(balance["used"], asset)) for asset in balance["total"]}
        if ours != balances_of_answer(balance["info"]):
            raise AssertionError(f"ccxt's balances {ours} are not the answer's")
        return ours

    def rules(self):
        market = self.call("load_markets")[PAIR]
        return {"tick": compare.amount(market["precision"]["price"]),
                "step": compare.amount(market["precision"]["amount"]),
                "qty_min": compare.amount(market["limits"]["amount"]["min"]),
                "notional_min": compare.amount(market["limits"]["cost"]["min"])}

    def book(self, limit):
        book = self.call("fetch_order_book", PAIR, limit)
        return {side: compare.levels(book[side]) for side in ("bids", "asks")}

    def quote(self):
        best = self.call("fetch_bids_asks", [PAIR])[PAIR]
        return {"bids": compare.levels([(best["bid"], best["bidVolume"])])[0],
                "asks": compare.levels([(best["ask"], best["askVolume"])])[0]}

    def trades(self):
        return [self.public_trade(trade) for trade in self.call("fetch_trades", PAIR, None, 100)]

    @staticmethod
    def public_trade(trade):
        """ccxt hands the maker's side on as the trade's, and so do we."""
        return compare.told(trade_id=trade["id"], price=compare.amount(trade["price"]),
                            qty=compare.amount(trade["amount"]), maker_side=trade["side"].upper(),
                            time_ms=str(trade["timestamp"]))

    def candles(self):
        rows = self.call("fetch_ohlcv", PAIR, "1m")
        return [{"close": row[4]} for row in reversed(rows)]

    def listen(self, heard):
        self.thread.start()
        ready = asyncio.run_coroutine_threadsafe(self.open(), self.loop)
        ready.result(30)
        self.pumps = [asyncio.run_coroutine_threadsafe(pump, self.loop) for pump in (
            self.watch_orders(heard), self.watch_trades(heard), self.watch_ticker(heard), self.watch_book(heard))]
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.5), self.loop).result()
        heard.subscribed.add("user")  # ccxt does not tell

    async def open(self):
        # Its order book counts with numbers.
        self.pro = redirect(ccxt.pro.coinbase({**settings(self.venue), "number": float}), self.venue)
        await self.pro.load_markets()

    async def watch_orders(self, heard):
        while True:
            for order in await self.pro.watch_orders(PAIR):
                facts = order_of_frame(order["info"])
                assert (order["id"], order["clientOrderId"]) == (facts["order_id"], facts["client_order_id"])
                assert STATUS[order["info"]["status"]] == facts["unified_status"]
                heard.take_order(order["info"])

    async def watch_trades(self, heard):
        while True:
            for trade in await self.pro.watch_trades(PAIR):
                heard.trades[trade["id"]] = self.public_trade(trade)

    async def watch_ticker(self, heard):
        while True:
            ticker = await self.pro.watch_ticker(PAIR)
            heard.ticker = {"last": ticker["last"], "bid": ticker["bid"], "ask": ticker["ask"]}

    async def watch_book(self, heard):
        while True:
            book = await self.pro.watch_order_book(PAIR)
            heard.book = {name: {str(row[0]): str(row[1]) for row in book[side]}
                          for name, side in (("bid", "bids"), ("offer", "asks"))}

    def close(self):
        """A pump that ended before has failed, and says so."""
        failed = [pump.exception() for pump in self.pumps if pump.done()]

        async def end():
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()
            with contextlib.suppress(Exception):  # Debian 12's asyncio aborts a TLS transport that is closed already
                await asyncio.wait_for(self.pro.close(), 2)

        with contextlib.suppress(Exception):
            asyncio.run_coroutine_threadsafe(end(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        if failed:
            raise failed[0]


if __name__ == "__main__":
    main(Ccxt)
