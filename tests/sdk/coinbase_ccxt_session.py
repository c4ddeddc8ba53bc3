"""ccxt on Coinbase."""

from ccxt_client import CcxtClient
from coinbase_session import (Client, Refused, balances_of_answer, compare, main, order_of_answer,
                              order_of_frame, trade_of_answer)

import ccxt
import ccxt.pro

PAIR = "BTC/USD"


def settings(venue):
    """Nothing but base URLs, CA and credentials; numbers as texts, so that no digit is lost on the way."""
    return {"apiKey": venue.api_key, "secret": venue.secret.replace("\\n", "\n"), "requests_trust_env": True,
            "cafile": venue.ca, "number": str, "enableRateLimit": False}


def redirect(exchange, venue):
    exchange.urls["api"]["rest"] = f"https://{venue.host}"
    if "ws" in exchange.urls["api"]:
        exchange.urls["api"]["ws"] = f"wss://{venue.host}"
    return exchange


class Ccxt(CcxtClient, Client):
    symbol = PAIR
    unified = {"expired": "canceled", "failed": "canceled"}  # it has one word for all ends but the good one
    key_type = "ecdsa"  # ccxt.pro signs with no other
    twice_refused = "has failed"
    has_reasons = False  # it raises the venue's message, and some refusals have none
    channels = ("trades", "ticker")

    def __init__(self, venue):
        super().__init__(venue)
        self.exchange = redirect(ccxt.coinbase(settings(venue)), venue)

    def both(self, order):
        return self.agreed(order_of_answer(order["info"]), order)

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
        # Its order book counts with numbers.
        self.pump(redirect(ccxt.pro.coinbase({**settings(self.venue), "number": float}), self.venue), heard)
        heard.subscribed.add("user")  # ccxt does not tell

    def take_order(self, heard, body):
        heard.take_order(body)
        return order_of_frame(body)

    async def watch_ticker(self, heard):
        while True:
            ticker = await self.pro.watch_ticker(PAIR)
            heard.ticker = {"last": ticker["last"], "bid": ticker["bid"], "ask": ticker["ask"]}

    async def watch_book(self, heard):
        while True:
            book = await self.pro.watch_order_book(PAIR)
            heard.book = {name: {str(row[0]): str(row[1]) for row in book[side]}
                          for name, side in (("bid", "bids"), ("offer", "asks"))}


if __name__ == "__main__":
    main(Ccxt)
