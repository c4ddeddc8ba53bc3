"""A trading session with ccxt as it comes from its registry, on an account that Busbar trades as well. Every answer is
compared with the venue's own book and with Busbar's journal, which has heard of ccxt's orders from the venue, as ccxt
hears of Busbar's. The differences are printed and decide the exit status: 0 none, 1 some, 2 could not run.

usage: ccxt_session.py VENUE_PROGRAM
"""

import asyncio
import contextlib
import os
import sys
import time
import traceback
from pathlib import Path

import ccxt
import ccxt.pro

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
import compare  # noqa: E402
import wire  # noqa: E402
from stack import Stack, wait_for, wait_synced  # noqa: E402

SYMBOL = "BTC/USDT"


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
        exchange.urls["api"]["ws"] = moved(streams, venue.rest.replace("https", "wss"))
    return exchange


class Session:
    def __init__(self, stack):
        self.stack = stack
        self.venue = stack.venue
        self.differences = []
        self.compared = 0
        self.exchange = redirect(ccxt.binance(settings(stack)), stack.venue)

    def note(self, found, count=1):
        self.compared += count
        self.differences += found

    def check(self, what, holds):
        self.note([] if holds else [f"{what}: no"])

    def check_order(self, what, order):
        entries = [
            e
            for e in self.venue.orders("main")
            if str(e["order_id"]) == order["id"] and e["symbol"] == order["info"]["symbol"]
        ]
        if len(entries) != 1:
            return self.note([f"{what}: order {order['id']} is {len(entries)} times in the venue's book"])
        theirs, ours = compare.order_of_book(entries[0]), compare.order_of_ccxt(order)
        self.note(compare.differences(f"{what}, order {order['id']}", "ccxt", ours, "the venue", theirs), len(ours))

    def check_all(self):
        book = self.venue.book("main")
        orders = [compare.order_of_ccxt(o) for o in self.exchange.fetch_orders(SYMBOL)]
        self.note(
            compare.set_differences(
                "order",
                ["symbol", "order_id"],
                "ccxt",
                orders,
                "the venue",
                [compare.order_of_book(e) for e in book["orders"]],
            ),
            12 * len(orders),
        )
        still_open = [compare.order_of_ccxt(o) for o in self.exchange.fetch_open_orders(SYMBOL)]
        self.note(
            compare.set_differences(
                "open order",
                ["symbol", "order_id"],
                "ccxt",
                still_open,
                "the venue",
                [compare.order_of_book(e) for e in book["orders"] if e["is_open"]],
            ),
            12 * len(still_open),
        )
        trades = [compare.trade_of_ccxt(t) for t in self.exchange.fetch_my_trades(SYMBOL)]
        self.note(
            compare.set_differences(
                "trade",
                ["symbol", "trade_id"],
                "ccxt",
                trades,
                "the venue",
                [compare.trade_of_book(e) for e in book["trades"]],
            ),
            10 * len(trades),
        )
        self.check_journal(orders, trades, book)
        ours = compare.balances_of_ccxt(self.exchange.fetch_balance())
        theirs = compare.balances_of_book(book["accounts"][0])
        self.note(
            [f"balances: ccxt knows {sorted(ours)}, the venue {sorted(theirs)}"] if set(ours) != set(theirs) else []
        )
        for asset in ours.keys() & theirs.keys():
            self.note(compare.differences(f"balance {asset}", "ccxt", ours[asset], "the venue", theirs[asset]), 2)

    def check_journal(self, orders, trades, book):
        """What Busbar published of all these orders and fills, from its journal, against what both others say."""
        sides = [
            ("ccxt", orders, trades),
            ("the venue", *([of(e) for e in book[kind]] for of, kind in
                            ((compare.order_of_book, "orders"), (compare.trade_of_book, "trades")))),
        ]
        end = time.monotonic() + (1 if self.differences else 10)
        while True:  # the journal hears of it a moment later
            wait_synced(self.stack)
            journal = self.stack.journal()
            ours, fills = compare.orders_of_journal(journal), compare.trades_of_journal(journal)
            found = []
            for name, theirs, their_trades in sides:
                found += compare.set_differences("order", ["symbol", "order_id"], "the journal", ours, name, theirs)
                found += compare.set_differences("trade", ["symbol", "trade_id"], "the journal", fills, name, their_trades)
            if not found or time.monotonic() > end:
                return self.note(found, 2 * (sum(map(len, ours)) + sum(map(len, fills))))

    def expect(self, what, error, call, *arguments):
        try:
            call(*arguments)
        except error:
            return self.note([])
        except ccxt.BaseError as other:
            return self.note([f"{what}: {type(other).__name__} instead of {error}: {other}"])
        self.note([f"{what}: no error at all"])

    def run(self):
        exchange, venue = self.exchange, self.venue
        markets = exchange.load_markets()
        self.check("four markets", sorted(markets) == ["BNB/USDT", "BTC/USDT", "ETH/USDT", "LTC/USDT"])
        self.check("tick size", compare.amount(markets[SYMBOL]["precision"]["price"]) == "0.01")
        self.check("step size", compare.amount(markets[SYMBOL]["precision"]["amount"]) == "0.00001")
        self.check("least notional", compare.amount(markets[SYMBOL]["limits"]["cost"]["min"]) == "5")
        self.check_all()

        best = exchange.fetch_order_book(SYMBOL, 5)["bids"][0][0]
        ticker = exchange.fetch_ticker(SYMBOL)
        self.check("ticker and book agree on the best bid", compare.same(best, ticker["bid"]))
        price = exchange.price_to_precision(SYMBOL, float(best) + 0.01)

        placed = exchange.create_order(SYMBOL, "limit", "buy", "0.01", price)
        self.check_order("placed", placed)
        self.check_order("queried", exchange.fetch_order(placed["id"], SYMBOL))
        self.check_all()

        venue.trade("SELL", "0.004", price, time_in_force="IOC")
        partial = exchange.fetch_order(placed["id"], SYMBOL)
        self.check("filled in part", compare.same(partial["filled"], "0.004"))
        self.check_order("filled in part", partial)
        self.check_all()

        self.check_order("canceled", exchange.cancel_order(placed["id"], SYMBOL))
        self.check_order("queried after the cancel", exchange.fetch_order(placed["id"], SYMBOL))
        self.expect("canceled again", ccxt.OrderNotFound, exchange.cancel_order, placed["id"], SYMBOL)

        bought = exchange.create_order(SYMBOL, "market", "buy", "0.1")
        self.check_order("bought at the market", bought)
        self.check_order("queried", exchange.fetch_order(bought["id"], SYMBOL))
        sold = exchange.create_order(SYMBOL, "market", "sell", "0.02")
        self.check_order("sold at the market", exchange.fetch_order(sold["id"], SYMBOL))
        expired = exchange.create_order(
            SYMBOL,
            "limit",
            "buy",
            "0.01",
            exchange.price_to_precision(SYMBOL, float(best) * 0.9),
            {"timeInForce": "IOC"},
        )
        self.check_order("immediate or cancel that finds nothing", expired)
        post_only = exchange.create_order(
            SYMBOL,
            "limit",
            "sell",
            "0.01",
            exchange.price_to_precision(SYMBOL, float(best) * 1.1),
            {"postOnly": True, "clientOrderId": "post-only-1"},
        )
        self.check_order("post only", exchange.fetch_order(post_only["id"], SYMBOL))
        stop = exchange.create_order(
            SYMBOL,
            "limit",
            "sell",
            "0.01",
            exchange.price_to_precision(SYMBOL, float(best) * 0.8),
            {"stopLossPrice": exchange.price_to_precision(SYMBOL, float(best) * 0.9)},
        )
        self.check_order("stop limit", exchange.fetch_order(stop["id"], SYMBOL))
        self.check_all()

        low = exchange.price_to_precision(SYMBOL, float(best) * 0.9)
        self.expect(
            "more than there is", ccxt.InsufficientFunds, exchange.create_order, SYMBOL, "limit", "buy", "100", low
        )
        self.expect(
            "below the least notional",
            (ccxt.InvalidOrder, ccxt.BadRequest),
            exchange.create_order,
            SYMBOL,
            "limit",
            "buy",
            "0.00001",
            low,
        )
        self.expect(
            "a name in use",
            ccxt.ExchangeError,
            exchange.create_order,
            SYMBOL,
            "limit",
            "buy",
            "0.01",
            low,
            {"clientOrderId": "post-only-1", "timeInForce": "GTC"},
        )
        self.expect("an order that never was", ccxt.OrderNotFound, exchange.fetch_order, "1", SYMBOL)
        stranger = redirect(ccxt.binance({**settings(self.stack), "secret": "wrong"}), venue)
        self.expect("a wrong secret", ccxt.AuthenticationError, stranger.fetch_balance)
        exchange.cancel_all_orders(SYMBOL)
        self.check_all()
        self.busbar_trades(best)
        asyncio.run(self.watch())
        self.check_all()

    def busbar_trades(self, best):
        """Orders of Busbar's on the same account: what ccxt says of them is compared like its own."""
        req = self.stack.req()
        price = self.exchange.price_to_precision(SYMBOL, float(best) + 0.02)
        rests = req.ask("NewOrder", **wire.new_order("J1", "Buy", "0.02", price=price))
        bought = req.ask("NewOrder", **wire.new_order("J2", "Buy", "0.03"))
        self.check("both were taken", rests["order_status"] == bought["order_status"] == "PendingNew")
        self.wait_for(J1="New", J2="Filled")
        self.venue.trade("SELL", "0.004", price, time_in_force="IOC")
        self.wait_for(J1="PartiallyFilled")
        self.check_all()
        req.ask("CancelOrder", client_order_id="J3", orig_client_order_id="J1")
        self.wait_for(J1="Canceled")
        self.check_all()

    def wait_for(self, **statuses):
        def are_so():
            ours = {o["client_order_id"]: o["order_status"]
                    for o in self.stack.busbar("orders", "--all", client="alpha")[1]}
            return all(ours[name] == status for name, status in statuses.items())
        wait_for(f"Busbar's orders to be {statuses}", are_so)

    async def watch(self):
        """The same library over WebSockets: quotes and trades move, and an order's events arrive."""
        watcher = redirect(ccxt.pro.binance(settings(self.stack)), self.venue)
        try:
            await watcher.load_markets()
            before = self.venue.control_call("GET", "/status")
            orders = asyncio.ensure_future(watcher.watch_orders(SYMBOL))
            trades = asyncio.ensure_future(watcher.watch_trades(SYMBOL))
            for _ in range(100):
                now = self.venue.control_call("GET", "/status")
                if all(now[streams] > before[streams] for streams in ("market_streams", "order_streams")):
                    break
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.5)  # the subscriptions themselves can't be seen from outside
            bought = await watcher.create_order(SYMBOL, "market", "buy", "0.01")
            heard = await asyncio.wait_for(orders, 10)
            self.check("the stream tells of the order", any(order["id"] == bought["id"] for order in heard))
            told = await asyncio.wait_for(trades, 10)
            self.check("the stream tells of the trade", len(told) > 0 and told[-1]["symbol"] == SYMBOL)
            bid = await asyncio.wait_for(self.moved(watcher), 10)
            self.check("quotes move", bid is not None)
        finally:
            with contextlib.suppress(AttributeError):  # Debian 12's asyncio aborts a TLS transport that is closed already
                await watcher.close()

    async def moved(self, watcher):
        ticking = asyncio.ensure_future(watcher.watch_bids_asks([SYMBOL]))
        while not ticking.done():
            self.venue.control_call("POST", "/market", step=10)
            await asyncio.sleep(0.1)
        return ticking.result()[SYMBOL]["bid"]


def main():
    (program, ) = sys.argv[1:]
    with Stack("ccxt", venue_program=program, rate=0, seed=20261125) as stack:
        os.environ["REQUESTS_CA_BUNDLE"] = stack.venue.ca
        session = Session(stack)
        session.run()
    print(
        f"ccxt {ccxt.__version__} against {program} and Busbar's journal: {session.compared} facts compared, "
        f"{len(session.differences)} differences"
    )
    for difference in session.differences:
        print("  " + difference)
    return 1 if session.differences else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (
        Exception
    ) as error:  # a session that breaks off has compared nothing, and must not look like a difference found
        print(f"ccxt_session: {type(error).__name__}: {error}", file=sys.stderr)
        traceback.print_exc()
        sys.exit(2)
