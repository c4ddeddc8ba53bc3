"""python-binance: Client and AsyncClient over REST, its WebSocket API, BinanceSocketManager and DepthCacheManager."""

import asyncio
import contextlib
import ssl
from decimal import Decimal as Number
from importlib.metadata import version

from binance_session import compare, main
from trader import SYMBOL, PlainTrader, Refused, Sdk, Signer, pumping, settled

import aiohttp
from binance import AsyncClient, BinanceSocketManager, Client, DepthCacheManager
from binance.exceptions import BinanceAPIException

METHODS = {
    "exchangeInfo": "get_exchange_info",
    "depth": "get_order_book",
    "ticker.24hr": "get_ticker",
    "ticker.book": "get_orderbook_ticker",
    "ticker.price": "get_symbol_ticker",
    "avgPrice": "get_avg_price",
    "trades.recent": "get_recent_trades",
    "trades.aggregate": "get_aggregate_trades",
    "klines": "get_klines",
    "order.place": "create_order",
    "order.test": "create_test_order",
    "order.status": "get_order",
    "order.cancel": "cancel_order",
    "order.cancelReplace": "cancel_replace_order",
    "openOrders.status": "get_open_orders",
    "openOrders.cancelAll": "cancel_all_open_orders",
    "allOrders": "get_all_orders",
    "myTrades": "get_my_trades",
    "account.status": "get_account",
    "account.commission": "v3_get_account_commission",
    "orderList.place.oco": "create_oco_order",
    "orderList.place.oto": "v3_post_order_list_oto",
    "orderList.cancel": "v3_delete_order_list",
    "orderList.status": "v3_get_order_list",
    "openOrderLists.status": "get_open_oco_orders",
}

SOCKET_METHODS = {
    **{operation: f"ws_{method}" for operation, method in METHODS.items()},
    "order.cancelReplace": "ws_cancel_and_replace_order",
    "orderList.place.oto": "ws_create_oto_order",
    "account.commission": "ws_get_commission_rates",
    "orderList.cancel": "ws_cancel_oco_order",
    "orderList.status": "ws_get_oco_order",
    "openOrderLists.status": "ws_get_oco_open_orders",
}


class PythonBinanceTrader(PlainTrader):
    can_amend = False

    def __init__(self, name, client, methods, account="main"):
        self.name, self.client, self.methods = f"python-binance's {name}", client, methods
        self.account = account
        self.is_followed = name == "AsyncClient"

    async def ask(self, operation, **parameters):
        try:
            return await settled(getattr(self.client, self.methods[operation])(**parameters))
        except BinanceAPIException as error:
            raise Refused(error.code, error.message) from error


class PythonBinance(Sdk):
    name = "python-binance"
    version = version("python-binance")
    signer = Signer()

    async def open(self, stack):
        venue = self.venue = stack.venue

        class Here:
            API_URL = venue.rest + "/api"
            MARGIN_API_URL = venue.rest + "/sapi"
            WS_API_URL = venue.ws_api
            STREAM_URL = venue.streams + "/"

        self.client_here = type("ClientHere", (Here, Client), {})
        self.manager_here = type("ManagerHere", (Here, BinanceSocketManager), {})
        self.keys, self.ca = stack.keys["main"], venue.ca
        context = ssl.create_default_context(cafile=venue.ca)
        self.client = await type("AsyncClientHere", (Here, AsyncClient), {}).create(
            self.keys["api_key"], self.keys["secret"],
            session_params={"connector": aiohttp.TCPConnector(ssl=context)})
        return [PythonBinanceTrader("Client", self.sync_client(self.keys["secret"]), METHODS),
                PythonBinanceTrader("AsyncClient", self.client, METHODS),
                PythonBinanceTrader("WebSocket API", self.client, SOCKET_METHODS),
                PythonBinanceTrader("Client with an Ed25519 key", self.sync_client(
                    None, api_key=self.signer.api_key, private_key=self.signer.private), METHODS, "signer")]

    def sync_client(self, secret, **more):
        key = {"api_key": self.keys["api_key"], "api_secret": secret, **more}
        return self.client_here(requests_params={"verify": self.ca}, **key)

    async def close(self):
        await self.closed(self.client.close_connection(), self.close_api_socket)

    async def close_api_socket(self):
        with contextlib.suppress(AttributeError):  # there is none any more
            await self.client.ws_api.ws.close()

    async def move_market(self):
        self.venue.control_call("POST", "/market", step=1)

    @staticmethod
    async def closed(closing, stir):
        """A reader sees that it shall end when something happens on its socket, or after 10 s: something happens. And
        not for ever: Debian 12's asyncio can lose a TLS transport that is aborted, whose end the library waits for."""
        tasks = [asyncio.ensure_future(closing)]
        for _ in range(50):
            await asyncio.wait(tasks[:1], timeout=0.1)
            if tasks[0].done():
                return
            tasks.append(asyncio.ensure_future(stir()))
        for task in tasks:
            task.cancel()

    async def stranger(self):
        return PythonBinanceTrader("Client", self.sync_client("wrong"), METHODS)

    @contextlib.asynccontextmanager
    async def streams(self, heard, trader):
        manager = self.manager_here(self.client)
        name = SYMBOL.lower()

        async def user_data(socket):
            while True:
                heard.take_user_event(await socket.recv())

        async def market(socket):
            while True:
                message = await socket.recv()
                stream, event = message["stream"].partition("@")[2], message["data"]
                if stream == "trade":
                    heard.public_trades.append(compare.public_trade_of_event(event))
                elif stream == "bookTicker":
                    heard.take_quote(event)
                elif stream == "ticker":
                    heard.take_ticker(event)
                else:
                    heard.bar = {"close": event["k"]["c"]}

        async def book(depth):
            while True:
                cache = await depth.recv()
                heard.book = {"bids": compare.levels(cache.get_bids()), "asks": compare.levels(cache.get_asks())}

        names = [f"{name}@{stream}" for stream in ("trade", "bookTicker", "ticker", "kline_1m")]
        depth = DepthCacheManager(self.client, SYMBOL, bm=manager, ws_interval=100, conv_type=Number)
        async with contextlib.AsyncExitStack() as sockets:
            user = await sockets.enter_async_context(manager.user_socket())
            multiplex = await sockets.enter_async_context(manager.multiplex_socket(names))
            await sockets.enter_async_context(depth)
            async with pumping(user_data(user), market(multiplex), book(depth)):
                yield
            await self.closed(sockets.aclose(), self.move_market)


if __name__ == "__main__":
    main(PythonBinance())
