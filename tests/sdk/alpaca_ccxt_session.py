"""ccxt on Alpaca: its synchronous client over REST, ccxt.pro's streams. It trades coins alone. The venue's own answer, which
ccxt carries along, has to say the same as what ccxt makes of it."""

import asyncio
import contextlib
import threading

from alpaca_session import (COINS, ENDS, Client, Refused, balances_of_answers, compare, fill_of_answer, main,
                            order_of_answer, trade_of_answer)

import ccxt
import ccxt.pro

UNIFIED = {"failed": "rejected"}


def settings(venue):
    """Nothing but base URLs, CA and credentials; numbers as texts, so that no digit is lost on the way."""
    return {"apiKey": venue.api_key, "secret": venue.secret, "requests_trust_env": True, "cafile": venue.ca,
            "number": str, "enableRateLimit": False}


def redirect(exchange, venue):
    exchange.urls["api"].update({name: f"https://{venue.host}" for name in ("broker", "trader", "market")})
    if "ws" in exchange.urls["api"]:
        exchange.urls["api"]["ws"] = {"crypto": f"wss://{venue.host}/v1beta3/crypto/us",
                                      "trading": f"wss://{venue.host}/stream"}
    return exchange


def order_of_both(order):
    """What the answer says, once ccxt has been seen to say the same."""
    raw = order_of_answer(order["info"])
    pairs = {"order_id": "id", "client_order_id": "clientOrderId", "executed": "filled", "qty": "amount", "price": "price",
             "stop_price": "triggerPrice"}
    for theirs, ours in pairs.items():
        # For money: what has filled is the amount for it.
        if theirs in raw and order[ours] is not None and not compare.same(raw[theirs], order[ours]):
            raise AssertionError(f"ccxt's {ours} is {order[ours]} and the answer's {raw[theirs]}")
    if raw["side"] != order["side"].upper() or order["symbol"] != COINS.symbol:
        raise AssertionError(f"ccxt's order is {order}")
    unified = UNIFIED.get(raw["unified_status"], raw["unified_status"])
    if order["status"] != unified:
        raise AssertionError(f"ccxt's status is {order['status']} and the answer's {raw['unified_status']}")
    return raw


class Ccxt(Client):
    name, version = "ccxt", ccxt.__version__
    market = COINS
    has_lists = False
    hears_fills = False  # its own trades are orders under another name
    hears_each = False  # it keeps the last one
    channels = ("trades", "quote")

    def __init__(self, venue):
        super().__init__(venue)
        self.exchange = redirect(ccxt.alpaca(settings(venue)), venue)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.pumps = []

    def call(self, verb, *arguments):
        try:
            return getattr(self.exchange, verb)(*arguments)
        except ccxt.BaseError as error:
            raise Refused(str(error)) from error

    def place(self, client_order_id, side, type, qty=None, price=None, stop_price=None, notional=None,
              time_in_force=None):
        more = compare.told(clientOrderId=client_order_id, timeInForce=(time_in_force or "gtc").upper(), cost=notional,
                            triggerPrice=stop_price)
        kind = "limit" if type == "stop_limit" else type
        return order_of_both(self.call("create_order", COINS.symbol, kind, side.lower(), qty, price, more))

    def replace(self, order_id, client_order_id, side, qty, price):
        more = {"clientOrderId": client_order_id}
        return order_of_both(self.call("edit_order", order_id, COINS.symbol, "limit", side.lower(), qty, price, more))

    def cancel(self, order_id):
        self.call("cancel_order", order_id, COINS.symbol)

    def query(self, order_id):
        return order_of_both(self.call("fetch_order", order_id, COINS.symbol))

    def orders(self, status):
        verb = {"all": "fetch_orders", "open": "fetch_open_orders", "closed": "fetch_closed_orders"}[status]
        return list(map(order_of_both, self.call(verb, COINS.symbol, None, 500)))

    def fills(self):
        found = []
        for trade in self.call("fetch_my_trades", COINS.symbol):
            raw = fill_of_answer(trade["info"])
            same = {"price": trade["price"], "qty": trade["amount"]}
            assert trade["order"] == raw["order_id"] and not compare.differences("fill", "ccxt", same, "the answer", raw)
            found.append(raw)
        return found

    def balances(self):
        """Of dollars and coins alone: shares it leaves out, and cash it does not divide."""
        balance = self.call("fetch_balance")
        both = balances_of_answers(balance["info"]["account"], balance["info"]["positions"])
        for asset, total in balance["total"].items():
            whole = sum(compare.Decimal(part) for part in both[asset].values())
            assert compare.same(total, whole), f"ccxt has {total} {asset}, the answer {whole}"
        return both

    def check_rules(self, session):
        market = self.call("load_markets")[COINS.symbol]
        rules = {"tick": compare.amount(market["precision"]["price"]), "step": compare.amount(market["precision"]["amount"]),
                 "qty_min": compare.amount(market["limits"]["amount"]["min"])}
        session.check_facts("rules", rules, {"tick": "0.01", "step": "0.000001", "qty_min": "0.000001"})
        session.check("its clock goes", abs(self.exchange.fetch_time() - self.exchange.milliseconds()) < 60_000)

    def book(self, limit):
        book = self.call("fetch_order_book", COINS.symbol)
        return {side: compare.levels(book[side][:limit]) for side in ("bids", "asks")}

    def quote(self):
        ticker = self.call("fetch_ticker", COINS.symbol)
        return compare.quote(*(ticker[name] for name in ("bid", "bidVolume", "ask", "askVolume")))

    def trades(self):
        return [self.public_trade(trade) for trade in self.call("fetch_trades", COINS.symbol, 1, 1000)]

    @staticmethod
    def public_trade(trade):
        raw = trade_of_answer(trade["info"])
        assert compare.same(trade["price"], raw["price"]) and compare.same(trade["amount"], raw["qty"])
        return raw

    def bars(self):
        return [row[4] for row in self.call("fetch_ohlcv", COINS.symbol, "1m")]

    def listen(self, heard):
        self.thread.start()
        asyncio.run_coroutine_threadsafe(self.open(), self.loop).result(30)
        self.pumps = [asyncio.run_coroutine_threadsafe(pump, self.loop) for pump in (
            self.watch_orders(heard), self.watch_trades(heard), self.watch_ticker(heard), self.watch_book(heard))]
        # It does not tell when it is listened to; the venue says who is there.
        asyncio.run_coroutine_threadsafe(asyncio.sleep(1), self.loop).result()
        heard.is_listening = True

    async def open(self):
        # Its order book counts with numbers.
        self.pro = redirect(ccxt.pro.alpaca({**settings(self.venue), "number": float}), self.venue)
        await self.pro.load_markets()

    async def watch_orders(self, heard):
        while True:
            for order in await self.pro.watch_orders(COINS.symbol):
                facts = order_of_answer(order["info"])
                assert (order["id"], order["clientOrderId"]) == (facts["order_id"], facts["client_order_id"])
                assert ENDS.get(order["info"]["status"], "open") == facts["unified_status"]
                heard.orders[facts["order_id"]] = facts

    async def watch_trades(self, heard):
        while True:
            for trade in await self.pro.watch_trades(COINS.symbol):
                heard.trades[trade["id"]] = self.public_trade(trade)

    async def watch_ticker(self, heard):
        while True:
            ticker = await self.pro.watch_ticker(COINS.symbol)
            heard.quote = compare.quote(*(ticker[name] for name in ("bid", "bidVolume", "ask", "askVolume")))

    async def watch_book(self, heard):
        while True:
            book = await self.pro.watch_order_book(COINS.symbol)
            heard.book = {side: compare.levels(book[side]) for side in ("bids", "asks")}

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
