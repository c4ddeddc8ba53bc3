"""ccxt: its synchronous client over REST, ccxt.pro over the WebSocket API, and ccxt.pro's streams."""

import contextlib
import json

from binance_session import compare, main
from trader import PAIR, Refused, Sdk, Trader, pumping, settled

import ccxt
import ccxt.pro

ERRORS = {
    "unknown order": ccxt.OrderNotFound,
    "no such order": ccxt.OrderNotFound,
    "nothing replaced": ccxt.ExchangeError,
    "too little money": ccxt.InsufficientFunds,
    "too small": (ccxt.InvalidOrder, ccxt.BadRequest),
    "a name in use": ccxt.ExchangeError,
    "a wrong secret": ccxt.AuthenticationError,
}


def settings(stack):
    """Nothing but base URLs, CA and credentials; numbers as texts, so that no digit is lost on the way."""
    return {
        "apiKey": stack.keys["main"]["api_key"],
        "secret": stack.keys["main"]["secret"],
        "requests_trust_env": True,
        "cafile": stack.venue.ca,
        "number": str,
        "enableRateLimit": False,
    }


def redirect(exchange, venue):
    def moved(urls, base):
        return {
            name: moved(url, base) if isinstance(url, dict) else base + "/" + url.split("/", 3)[3]
            for name, url in urls.items()
        }

    api = exchange.urls["api"]
    streams = api.pop("ws", None)
    exchange.urls["api"] = moved({name: url for name, url in api.items() if url.count("/") > 2}, venue.rest)
    if streams:
        exchange.urls["api"]["ws"] = moved(streams, venue.streams)
        # ccxt knows a spot stream by the word "stream" in its address, which is in the real host's name.
        exchange.urls["api"]["ws"]["spot"] = venue.streams + "/ws/stream"
        exchange.urls["api"]["ws"]["ws-api"]["spot"] = venue.ws_api
    return exchange


def quote_of(tickers):
    best = tickers[PAIR]
    return compare.quote(best["bid"], best["bidVolume"], best["ask"], best["askVolume"])


class CcxtTrader(Trader):
    """ccxt's verbs, with "_ws" behind them for the WebSocket API. What ccxt has no such verb for goes over REST."""

    def __init__(self, exchange, suffix=""):
        self.exchange, self.suffix = exchange, suffix
        self.name = "ccxt" + suffix
        self.is_followed = not suffix

    async def call(self, verb, *arguments, is_rest_only=False):
        method = getattr(self.exchange, verb + ("" if is_rest_only else self.suffix))
        try:
            return await settled(method(*arguments))
        except ccxt.BaseError as error:
            text = str(error).removeprefix("binance ")  # the venue's answer, or its text alone where ccxt knows it
            answer = json.loads(text) if text.startswith("{") else {"msg": text}
            raise Refused(answer.get("code"), answer["msg"]) from error

    def names_well(self, refusal, error):
        return isinstance(error, ERRORS[refusal])

    async def rules(self):
        markets = await self.call("load_markets", is_rest_only=True)
        return {
            market["id"]: {
                "tick": compare.amount(market["precision"]["price"]),
                "step": compare.amount(market["precision"]["amount"]),
                "notional_min": compare.amount(market["limits"]["cost"]["min"]),
            }
            for market in markets.values()
        }

    async def place(self, side, type, qty, price=None, stop_price=None, time_in_force=None, client_order_id=None):
        kind = "market" if type == "MARKET" else "limit"
        if self.suffix:  # hands on whatever it is given, so it has to be in the venue's words
            more = compare.told(stopPrice=stop_price, timeInForce=time_in_force, newClientOrderId=client_order_id)
            kind = type if type == "LIMIT_MAKER" else kind
        else:
            more = compare.told(stopLossPrice=stop_price, timeInForce=time_in_force, clientOrderId=client_order_id,
                                postOnly=True if type == "LIMIT_MAKER" else None)
        return compare.order_of_ccxt(await self.call("create_order", PAIR, kind, side.lower(), qty, price, more))

    async def query(self, order_id):
        return compare.order_of_ccxt(await self.call("fetch_order", order_id, PAIR))

    async def query_by_name(self, client_order_id):
        return compare.order_of_ccxt(await self.call("fetch_order", "", PAIR, {"origClientOrderId": client_order_id}))

    async def cancel(self, order_id):
        return compare.order_of_ccxt(await self.call("cancel_order", order_id, PAIR))

    async def cancel_all(self):
        await self.call("cancel_all_orders", PAIR)

    async def replace(self, old, qty, price):
        side = old["side"].lower()
        return compare.order_of_ccxt(await self.call("edit_order", old["order_id"], PAIR, "limit", side, qty, price))

    async def orders(self):
        return [compare.order_of_ccxt(o) for o in await self.call("fetch_orders", PAIR)]

    async def open_orders(self):
        return [compare.order_of_ccxt(o) for o in await self.call("fetch_open_orders", PAIR)]

    async def closed_orders(self):
        return [compare.order_of_ccxt(o) for o in await self.call("fetch_closed_orders", PAIR)]

    async def trades(self):
        return [compare.trade_of_ccxt(t) for t in await self.call("fetch_my_trades", PAIR)]

    async def balances(self):
        # fetch_balance_ws reads a spot account as one of contracts, and finds nothing in it.
        return compare.balances_of_ccxt(await self.call("fetch_balance", is_rest_only=True))

    async def book(self, limit):
        book = await self.call("fetch_order_book", PAIR, limit, is_rest_only=True)
        return {side: compare.levels(book[side]) for side in ("bids", "asks")}

    async def quote(self):
        return quote_of(await self.call("fetch_bids_asks", [PAIR], is_rest_only=True))

    async def ticker(self):
        ticker = await self.call("fetch_ticker", PAIR, is_rest_only=True)
        names = ("last", "bid", "ask", "open", "high", "low")
        return {"volume": ticker["baseVolume"], **{name: ticker[name] for name in names}}

    async def public_trades(self):
        trades = await self.call("fetch_trades", PAIR, None, 1000, {"fetchTradesMethod": "publicGetTrades"},
                                 is_rest_only=True)
        return [compare.public_trade_of_ccxt(t) for t in trades]

    async def bars(self):
        return [{"close": bar[4], "volume": bar[5]} for bar in await self.call("fetch_ohlcv", PAIR, "1m", None, 1000)]


class Ccxt(Sdk):
    name = "ccxt"
    version = ccxt.__version__

    async def open(self, stack):
        self.stack = stack
        self.pro = redirect(ccxt.pro.binance(settings(stack)), stack.venue)
        await self.pro.load_markets()
        return [CcxtTrader(redirect(ccxt.binance(settings(stack)), stack.venue)), CcxtTrader(self.pro, "_ws")]

    async def close(self):
        with contextlib.suppress(AttributeError):  # Debian 12's asyncio aborts a TLS transport that is closed already
            await self.pro.close()

    async def stranger(self):
        return CcxtTrader(redirect(ccxt.binance({**settings(self.stack), "secret": "wrong"}), self.stack.venue))

    @contextlib.asynccontextmanager
    async def streams(self, heard, trader):
        async def orders():
            while True:
                heard.orders += map(compare.order_of_ccxt, await self.pro.watch_orders(PAIR))

        async def trades():
            while True:
                heard.trades += map(compare.trade_of_ccxt, await self.pro.watch_my_trades(PAIR))

        async def balances():
            while True:
                heard.balances.update(compare.balances_of_ccxt(await self.pro.watch_balance()))

        async def public_trades():
            while True:
                heard.public_trades += map(compare.public_trade_of_ccxt, await self.pro.watch_trades(PAIR))

        async def book():
            while True:
                book = await self.pro.watch_order_book(PAIR)
                heard.book = {side: compare.levels(book[side]) for side in ("bids", "asks")}

        async def quote():
            while True:
                heard.quote = quote_of(await self.pro.watch_bids_asks([PAIR]))

        async def ticker():
            while True:
                ticker = await self.pro.watch_ticker(PAIR, {"name": "ticker"})
                heard.ticker = {name: ticker[name] for name in ("last", "bid", "ask")}

        async def bar():
            while True:
                heard.bar = {"close": (await self.pro.watch_ohlcv(PAIR, "1m"))[-1][4]}

        async with pumping(orders(), trades(), balances(), public_trades(), book(), quote(), ticker(), bar()):
            yield


if __name__ == "__main__":
    main(Ccxt())
