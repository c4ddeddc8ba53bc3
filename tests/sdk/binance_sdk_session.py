"""binance-sdk-spot, the official connector: REST, WebSocket API, market streams and user data. Its answers are typed,
and strictly: what has another shape than Binance's own it complains of, and a complaint is a difference."""

import contextlib
import re
import ssl
from importlib.metadata import version

from binance_session import compare, main
from trader import SYMBOL, PlainTrader, Refused, Sdk, Signer

from binance_common import errors
from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_sdk_spot.spot import Spot

REST_METHODS = {
    "exchangeInfo": "exchange_info",
    "depth": "depth",
    "ticker.24hr": "ticker24hr",
    "ticker.book": "ticker_book_ticker",
    "ticker.price": "ticker_price",
    "avgPrice": "avg_price",
    "trades.recent": "get_trades",
    "trades.aggregate": "agg_trades",
    "klines": "klines",
    "order.place": "new_order",
    "order.test": "order_test",
    "order.status": "get_order",
    "order.cancel": "delete_order",
    "order.cancelReplace": "order_cancel_replace",
    "order.amend.keepPriority": "order_amend_keep_priority",
    "openOrders.status": "get_open_orders",
    "openOrders.cancelAll": "delete_open_orders",
    "allOrders": "all_orders",
    "myTrades": "my_trades",
    "account.status": "get_account",
    "account.commission": "account_commission",
    "orderList.place.oco": "order_list_oco",
    "orderList.place.oto": "order_list_oto",
    "orderList.cancel": "delete_order_list",
    "openOrderLists.status": "open_order_list",
    "orderList.status": "get_order_list",
    "order.amendments": "order_amendments",
}


def snake(name):
    return re.sub(r"[A-Z]", lambda letter: "_" + letter.group(0).lower(), name)


def plain(answer):
    """The venue's names and values, out of the models."""
    if isinstance(answer, list):
        return [plain(item) for item in answer]
    return answer.to_dict() if hasattr(answer, "to_dict") else answer


def configured(kind, stack, **more):
    secret = {"api_key": stack.keys["main"]["api_key"], "api_secret": stack.keys["main"]["secret"]}
    context = ssl.create_default_context(cafile=stack.venue.ca)
    return kind(**{**secret, "https_agent": context, **more})


class RestTrader(PlainTrader):
    name = "binance-sdk-spot's REST"
    is_followed = True

    def __init__(self, stack, **more):
        self.api = Spot(config_rest_api=configured(ConfigurationRestAPI, stack, base_path=stack.venue.rest,
                                                   timeout=60_000, **more)).rest_api

    async def ask(self, operation, **parameters):
        try:
            answer = getattr(self.api, REST_METHODS[operation])(**{snake(n): v for n, v in parameters.items()})
        except (errors.BadRequestError, errors.UnauthorizedError, errors.NotFoundError) as error:
            raise Refused(error.status_code, error.error_message) from error
        return plain(answer.data())


class SocketTrader(PlainTrader):
    def __init__(self, name, connection, account="main"):
        self.name, self.connection, self.account = f"binance-sdk-spot's {name}", connection, account
        self.is_followed = account == "signer"

    async def ask(self, operation, **parameters):
        method = getattr(self.connection, snake(operation.replace(".", "_")).replace("ticker_24hr", "ticker24hr"))
        answer = (await method(**{snake(n): v for n, v in parameters.items()})).data()
        if isinstance(answer, dict):
            raise Refused(answer["error"]["code"], answer["error"]["msg"])
        answer = getattr(answer, "actual_instance", answer)
        # The model of exchangeInfo does not know the envelope, and keeps the result among what it does not know.
        return plain(answer.result if hasattr(answer, "result") else answer.additional_properties["result"])

    async def unlink(self, list_id):
        """The model of this answer has lost origClientOrderId, and clientOrderId is the name of the cancel."""
        return [{name: fact for name, fact in order.items() if name != "client_order_id"}
                for order in await super().unlink(list_id)]


class BinanceSdk(Sdk):
    name = "binance-sdk-spot"
    version = version("binance-sdk-spot")
    signer = Signer()

    async def open(self, stack):
        self.stack = stack
        self.client = Spot(
            config_ws_api=configured(ConfigurationWebSocketAPI, stack, stream_url=stack.venue.ws_api),
            config_ws_streams=configured(ConfigurationWebSocketStreams, stack, stream_url=stack.venue.streams),
        )
        self.api = await self.client.websocket_api.create_connection()
        key = {"api_key": self.signer.api_key, "api_secret": None, "private_key": self.signer.private}
        self.session = await Spot(config_ws_api=configured(
            ConfigurationWebSocketAPI, stack, stream_url=stack.venue.ws_api, **key)).websocket_api.create_connection()
        await self.session.session_logon()  # requests are not signed from here on
        return [RestTrader(stack), SocketTrader("WebSocket API", self.api),
                SocketTrader("logged-on session", self.session, "signer")]

    async def close(self):
        await self.api.close_connection()
        await self.session.close_connection()

    async def stranger(self):
        return RestTrader(self.stack, api_secret="wrong")

    @contextlib.asynccontextmanager
    async def streams(self, heard, trader):
        def take_book(book):
            heard.book = {side: compare.levels(plain(book)[side]) for side in ("bids", "asks")}

        def take_bar(event):
            heard.bar = {"close": plain(event)["k"]["c"]}

        def take_user_event(event):
            model = event.actual_instance  # its type says which event it is; the name itself is not kept
            name = type(model).__name__
            heard.take_user_event({"e": name[0].lower() + name[1:], **plain(model)})

        symbol = SYMBOL.lower()
        market = await self.client.websocket_streams.create_connection()
        try:
            (await market.trade(symbol=symbol)).on(
                "message", lambda event: heard.public_trades.append(compare.public_trade_of_event(plain(event))))
            (await market.book_ticker(symbol=symbol)).on("message", lambda event: heard.take_quote(plain(event)))
            (await market.ticker(symbol=symbol)).on("message", lambda event: heard.take_ticker(plain(event)))
            (await market.kline(symbol=symbol, interval="1m")).on("message", take_bar)
            (await market.partial_book_depth(symbol=symbol, levels="10", update_speed="100ms")).on("message", take_book)
            if trader.account == "signer":
                user = await self.session.user_data_stream_subscribe()
            else:
                user = await self.api.user_data_stream_subscribe_signature()
            user.stream.on("message", take_user_event)
            yield
        finally:
            await market.close_connection()


if __name__ == "__main__":
    main(BinanceSdk())
