"""coinbase-api, from npm: CBAdvancedTradeClient and WebsocketClient, in a process of their own under node."""

import json

from coinbase_session import (PRODUCT, Client, Refused, balances_of_answer, book_of_answer, main, order_of_answer,
                              public_trade_of_answer, rules_of_answer, trade_of_answer)
from node_client import NodeClient


class CoinbaseApi(NodeClient, Client):
    name = "coinbase-api"
    program = "coinbase_api_client.mjs"
    twice_refused = "DUPLICATE_CANCEL_REQUEST"
    channels = ("trades", "ticker", "candle", "heartbeats", "status")

    def hear(self, said):
        if self.heard and ("sequence_num" in said["frame"] or said["frame"].get("type") == "error"):
            self.heard.take(said["frame"], said["connection"])

    def new_id(self):
        return self.call("newId")

    def place(self, client_order_id, side, kind_of_price, qty=None, price=None, post_only=None, money=None, kind="gtc",
              end_time=None, stop_price=None):
        limit = {"base_size": qty, "limit_price": price}
        if kind_of_price == "market":
            configuration = {"market_market_ioc": {"quote_size": money} if money else {"base_size": qty}}
        elif stop_price:
            direction = "STOP_DIRECTION_STOP_" + ("UP" if side == "BUY" else "DOWN")
            configuration = {"stop_limit_stop_limit_gtc": {**limit, "stop_price": stop_price,
                                                           "stop_direction": direction}}
        elif end_time:
            configuration = {"limit_limit_gtd": {**limit, "end_time": end_time}}
        elif kind == "gtc":
            configuration = {"limit_limit_gtc": {**limit, "post_only": bool(post_only)}}
        else:
            configuration = {"sor_limit_ioc" if kind == "ioc" else f"limit_limit_{kind}": limit}
        answer = self.call("submitOrder", client_order_id=client_order_id, product_id=PRODUCT, side=side,
                           order_configuration=configuration)
        if not answer["success"]:
            raise Refused(json.dumps(answer["error_response"]))
        return answer["success_response"]["order_id"]

    def edit(self, order_id, side, qty, price):
        answer = self.call("updateOrder", order_id=order_id, size=qty, price=price)
        if not answer["success"]:
            raise Refused(json.dumps(answer["errors"]))

    def cancel(self, order_id):
        (result, ) = self.call("cancelOrders", order_ids=[order_id])["results"]
        if not result["success"]:
            raise Refused(result["failure_reason"])

    def query(self, order_id):
        return order_of_answer(self.call("getOrder", order_id=order_id)["order"])

    def orders(self, status=None):
        more = {"order_status": [status]} if status else {}
        return list(map(order_of_answer, self.call("getOrders", product_ids=[PRODUCT], **more)["orders"]))

    def fills(self):
        return list(map(trade_of_answer, self.call("getFills", product_ids=[PRODUCT])["fills"]))

    def balances(self):
        return balances_of_answer(self.call("getAccounts", limit=250))

    def rules(self):
        assert self.call("getApiKeyPermissions")["can_trade"]
        return rules_of_answer(self.call("getProduct", product_id=PRODUCT))

    def book(self, limit):
        return book_of_answer(self.call("getProductBook", product_id=PRODUCT, limit=limit))

    def quote(self):
        (book, ) = self.call("getBestBidAsk", product_ids=[PRODUCT])["pricebooks"]
        return {side: rows[0] for side, rows in book_of_answer({"pricebook": book}).items()}

    def trades(self):
        return list(map(public_trade_of_answer, self.call("getMarketTrades", product_id=PRODUCT, limit=100)["trades"]))

    def candles(self):
        now = int(self.call("getServerTime")["epochSeconds"])
        return self.call("getProductCandles", product_id=PRODUCT, start=str(now - 3600), end=str(now),
                         granularity="ONE_MINUTE")["candles"]

    def listen(self, heard):
        self.heard = heard
        products = {"product_ids": [PRODUCT]}
        for topic in ("heartbeats", "level2", "ticker", "market_trades", "candles", "status"):
            self.call("subscribe", key="advTradeMarketData",
                      topic={"topic": topic, "payload": {} if topic == "heartbeats" else products})
        for topic in ("user", "heartbeats"):
            self.call("subscribe", key="advTradeUserData", topic={"topic": topic, "payload": {}})


if __name__ == "__main__":
    main(CoinbaseApi)
