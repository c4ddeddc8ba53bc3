"""coinbase-advanced-py, the official SDK: RESTClient, WSClient and WSUserClient."""

from importlib.metadata import version

import coinbase_session
from coinbase_session import (PRODUCT, Client, Refused, balances_of_answer, book_of_answer, main, order_of_answer,
                              public_trade_of_answer, rules_of_answer, trade_of_answer)

from coinbase.rest import RESTClient
from coinbase.websocket import WebsocketResponse, WSClient, WSUserClient
from requests.exceptions import HTTPError


class CoinbaseAdvancedPy(Client):
    name = "coinbase-advanced-py"
    version = version("coinbase-advanced-py")
    twice_refused = "DUPLICATE_CANCEL_REQUEST"
    channels = ("trades", "ticker", "candle", "heartbeats", "status")

    def __init__(self, venue):
        super().__init__(venue)
        self.rest = RESTClient(api_key=venue.api_key, api_secret=venue.secret, base_url=venue.host)
        self.sockets = []

    def call(self, verb, *arguments, **more):
        try:
            return getattr(self.rest, verb)(*arguments, **more).to_dict()
        except HTTPError as error:
            raise Refused(error.response.text) from error

    def place(self, client_order_id, side, kind_of_price, qty=None, price=None, post_only=None, money=None, kind="gtc",
              end_time=None, stop_price=None):
        more = {"client_order_id": client_order_id, "product_id": PRODUCT, "side": side}
        if kind_of_price == "market":
            answer = self.call("market_order", **more, **({"quote_size": money} if money else {"base_size": qty}))
        elif stop_price:
            direction = "STOP_DIRECTION_STOP_" + ("UP" if side == "BUY" else "DOWN")
            answer = self.call("stop_limit_order_gtc", **more, base_size=qty, limit_price=price, stop_price=stop_price,
                               stop_direction=direction)
        else:
            verb = "limit_order_gtd" if end_time else f"limit_order_{kind}"
            if kind == "gtc":
                more["post_only"] = bool(post_only)
            if end_time:
                more["end_time"] = end_time
            answer = self.call(verb, **more, base_size=qty, limit_price=price)
        if not answer["success"]:
            raise Refused(str(answer["error_response"]))
        return answer["success_response"]["order_id"]

    def edit(self, order_id, side, qty, price):
        assert not self.call("preview_edit_order", order_id, size=qty, price=price)["errors"]
        answer = self.call("edit_order", order_id, size=qty, price=price)
        if not answer["success"]:
            raise Refused(str(answer["errors"]))

    def cancel(self, order_id):
        (result, ) = self.call("cancel_orders", [order_id])["results"]
        if not result["success"]:
            raise Refused(result["failure_reason"])

    def query(self, order_id):
        return order_of_answer(self.call("get_order", order_id)["order"])

    def orders(self, status=None):
        """In pages of three."""
        found, cursor = [], None
        while True:
            page = self.call("list_orders", product_ids=[PRODUCT], order_status=[status] if status else None, limit=3,
                             cursor=cursor)
            found += map(order_of_answer, page["orders"])
            if not page["has_next"]:
                return found
            cursor = page["cursor"]

    def fills(self):
        found, cursor = [], None
        while True:
            page = self.call("get_fills", product_ids=[PRODUCT], limit=3, cursor=cursor)
            found += map(trade_of_answer, page["fills"])
            if not page["cursor"]:
                return found
            cursor = page["cursor"]

    def balances(self):
        found, cursor = {}, None
        while True:
            page = self.call("get_accounts", limit=2, cursor=cursor)
            found.update(balances_of_answer(page))
            if not page["has_next"]:
                return found
            cursor = page["cursor"]

    def rules(self):
        assert self.call("get_api_key_permissions")["can_trade"]
        assert self.call("get_unix_time")["epoch_millis"]
        return rules_of_answer(self.call("get_product", PRODUCT))

    def book(self, limit):
        return book_of_answer(self.call("get_product_book", PRODUCT, limit))

    def quote(self):
        (book, ) = self.call("get_best_bid_ask", [PRODUCT])["pricebooks"]
        return {side: rows[0] for side, rows in book_of_answer({"pricebook": book}).items()}

    def trades(self):
        return list(map(public_trade_of_answer, self.call("get_market_trades", PRODUCT, 100)["trades"]))

    def candles(self):
        now = int(self.call("get_unix_time")["epoch_seconds"])
        return self.call("get_candles", PRODUCT, str(now - 3600), str(now), "ONE_MINUTE")["candles"]

    def listen(self, heard):
        for name, kind, channels in (
                ("user", WSUserClient, ["user", "heartbeats"]),
                ("market", WSClient, ["heartbeats", "level2", "ticker", "market_trades", "candles", "status"])):
            def take(text, name=name):
                if '"channel"' in text:
                    frame = WebsocketResponse(coinbase_session.json.loads(text))  # its types are strict
                    assert frame.channel and frame.events is not None
                heard.take(text, name)
            socket = kind(api_key=self.venue.api_key, api_secret=self.venue.secret, on_message=take, retry=False,
                          base_url=f"wss://{self.venue.host}")
            socket.open()
            socket.subscribe([PRODUCT], channels)
            self.sockets.append(socket)

    def close(self):
        for socket in self.sockets:
            socket.close()


if __name__ == "__main__":
    main(CoinbaseAdvancedPy)
