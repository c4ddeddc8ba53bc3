"""What is ccxt's own in a session with it, whichever broker it speaks to: its synchronous client over REST, and ccxt.pro's
streams on a loop of their own in a thread. The venue's own answer, which ccxt carries along, has to say the same as what
ccxt makes of it.
"""

import asyncio
import contextlib
import threading

from session import Refused, compare, wait_for

import ccxt


class CcxtClient:
    name, version = "ccxt", ccxt.__version__
    symbol = ""  # in ccxt's spelling
    hears_each = False  # it keeps the last one
    unified = {}  # ccxt's words for statuses, where they are not ours

    def __init__(self, venue):
        super().__init__(venue)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.pumps = []

    def call(self, verb, *arguments):
        try:
            return getattr(self.exchange, verb)(*arguments)
        except ccxt.BaseError as error:
            raise Refused(str(error)) from error

    def agreed(self, raw, order, **may_be_missing):
        """The answer's facts, once ccxt has been seen to say the same under its own names."""
        names = {"order_id": "id", "client_order_id": "clientOrderId", "executed": "filled", **may_be_missing}
        for theirs, ours in names.items():
            if theirs in may_be_missing and (theirs not in raw or order[ours] is None):
                continue
            if str(raw[theirs]) != str(order[ours]) and not compare.same(raw[theirs], order[ours]):
                raise AssertionError(f"ccxt's {ours} is {order[ours]} and the answer's {raw[theirs]}")
        if order["status"] != self.unified.get(raw["unified_status"], raw["unified_status"]):
            raise AssertionError(f"ccxt's status is {order['status']} and the answer's {raw['unified_status']}")
        return raw

    def pump(self, pro, heard):
        """Listens to everything. ccxt does not tell when it is listened to, and the venue how many streams it has."""
        self.pro = pro
        before = self.streams()
        self.thread.start()
        asyncio.run_coroutine_threadsafe(pro.load_markets(), self.loop).result(120)
        self.pumps = [asyncio.run_coroutine_threadsafe(watch(heard), self.loop) for watch in (
            self.watch_orders, self.watch_trades, self.watch_ticker, self.watch_book)]
        wait_for("ccxt's stream of orders at the venue", lambda: self.streams() > before)
        asyncio.run_coroutine_threadsafe(asyncio.sleep(1), self.loop).result()  # the last of what it asks for there

    def streams(self):
        return self.venue.control.control_call("GET", "/status")["order_streams"]

    async def watch_orders(self, heard):
        while True:
            for order in await self.pro.watch_orders(self.symbol):
                facts = self.take_order(heard, order["info"])
                assert (order["id"], order["clientOrderId"]) == (facts["order_id"], facts["client_order_id"])

    async def watch_trades(self, heard):
        while True:
            for trade in await self.pro.watch_trades(self.symbol):
                heard.trades[trade["id"]] = self.public_trade(trade)

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
