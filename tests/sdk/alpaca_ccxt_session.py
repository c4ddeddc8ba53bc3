"""ccxt on Alpaca, where it trades coins alone."""

from alpaca_session import (COINS, Client, balances_of_answers, compare, fill_of_answer, main, order_of_answer,
                            trade_of_answer)
from ccxt_client import CcxtClient

import ccxt
import ccxt.pro


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


class Ccxt(CcxtClient, Client):
    symbol = COINS.symbol
    unified = {"failed": "rejected"}
    market = COINS
    has_lists = False
    hears_fills = False  # its own trades are orders under another name
    channels = ("trades", "quote")

    def __init__(self, venue):
        super().__init__(venue)
        self.exchange = redirect(ccxt.alpaca(settings(venue)), venue)

    def both(self, order):
        raw = order_of_answer(order["info"])
        if raw["side"] != order["side"].upper() or order["symbol"] != COINS.symbol:
            raise AssertionError(f"ccxt's order is {order}")
        # For money: what has filled is the amount for it.
        return self.agreed(raw, order, qty="amount", price="price", stop_price="triggerPrice")

    def place(self, client_order_id, side, type, qty=None, price=None, stop_price=None, notional=None,
              time_in_force=None):
        more = compare.told(clientOrderId=client_order_id, timeInForce=(time_in_force or "gtc").upper(), cost=notional,
                            triggerPrice=stop_price)
        kind = "limit" if type == "stop_limit" else type
        return self.both(self.call("create_order", COINS.symbol, kind, side.lower(), qty, price, more))

    def replace(self, order_id, client_order_id, side, qty, price):
        more = {"clientOrderId": client_order_id}
        return self.both(self.call("edit_order", order_id, COINS.symbol, "limit", side.lower(), qty, price, more))

    def cancel(self, order_id):
        self.call("cancel_order", order_id, COINS.symbol)

    def query(self, order_id):
        return self.both(self.call("fetch_order", order_id, COINS.symbol))

    def orders(self, status):
        verb = {"all": "fetch_orders", "open": "fetch_open_orders", "closed": "fetch_closed_orders"}[status]
        return list(map(self.both, self.call(verb, COINS.symbol, None, 500)))

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
        # Its order book counts with numbers.
        self.pump(redirect(ccxt.pro.alpaca({**settings(self.venue), "number": float}), self.venue), heard)
        heard.is_listening = True  # ccxt does not tell

    def take_order(self, heard, body):
        facts = heard.orders[body["id"]] = order_of_answer(body)
        return facts

    async def watch_ticker(self, heard):
        while True:
            ticker = await self.pro.watch_ticker(COINS.symbol)
            heard.quote = compare.quote(*(ticker[name] for name in ("bid", "bidVolume", "ask", "askVolume")))

    async def watch_book(self, heard):
        while True:
            book = await self.pro.watch_order_book(COINS.symbol)
            heard.book = {side: compare.levels(book[side]) for side in ("bids", "asks")}


if __name__ == "__main__":
    main(Ccxt)
