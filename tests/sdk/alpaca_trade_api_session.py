"""@alpacahq/alpaca-trade-api, the broker's SDK for node: REST, the stream of updates, and market data in MessagePack, in a
process of its own."""

from alpaca_session import (SHARES, Client, balances_of_answers, compare, fill_of_answer, main, order_of_answer,
                            quote_of_answer, trade_of_answer)
from node_client import NodeClient


def trade_of_sdk(body):
    return trade_of_answer({"i": body["ID"], "p": body["Price"], "s": body["Size"]})


def quote_of_sdk(body):
    return quote_of_answer({"bp": body["BidPrice"], "bs": body["BidSize"], "ap": body["AskPrice"], "as": body["AskSize"]})


class AlpacaTradeApi(NodeClient, Client):
    name = "@alpacahq/alpaca-trade-api"
    program = "alpaca_trade_api_client.mjs"
    channels = ("trades", "quote")

    def __init__(self, venue):
        self.complaints = []
        super().__init__(venue)

    def hear(self, said):
        if said["kind"] == "update":
            self.heard.take_update(said["body"])
        elif said["kind"] == "trade":
            trade = trade_of_sdk(said["body"])
            self.heard.trades[trade["trade_id"]] = trade
        elif said["kind"] == "quote":
            self.heard.quote = quote_of_sdk(said["body"])
        else:
            self.complaints.append(said["body"])

    def place(self, client_order_id, side, type, qty=None, price=None, stop_price=None, notional=None,
              time_in_force=None, order_class=None, take_profit=None, stop_loss=None, trail_percent=None,
              extended_hours=None):
        order = compare.told(symbol=SHARES.symbol, side=side.lower(), type=type, client_order_id=client_order_id, qty=qty,
                             notional=notional, limit_price=price, stop_price=stop_price, order_class=order_class,
                             trail_percent=trail_percent, extended_hours=extended_hours,
                             time_in_force=time_in_force or ("day" if notional or type == "market" else "gtc"))
        if order_class:
            order.update(take_profit={"limit_price": take_profit}, stop_loss={"stop_price": stop_loss})
        return order_of_answer(self.call("createOrder", order))

    def replace(self, order_id, client_order_id, side, qty, price):
        change = compare.told(qty=qty, limit_price=price, client_order_id=client_order_id)
        return order_of_answer(self.call("replaceOrder", order_id, change))

    def cancel(self, order_id):
        self.call("cancelOrder", order_id)

    def query(self, order_id):
        order = order_of_answer(self.call("getOrder", order_id))
        same = order_of_answer(self.call("getOrderByClientId", order["client_order_id"]))
        assert order == same, f"{order} by its id is {same} by its name"
        return order

    def orders(self, status):
        return list(map(order_of_answer, self.call("getOrders", {"status": status, "limit": 500,
                                                                 "symbols": SHARES.symbol})))

    def fills(self):
        return [fill_of_answer(body) for body in self.call("getAccountActivities", {"activityTypes": ["FILL"]})]

    def balances(self):
        return balances_of_answers(self.call("getAccount"), self.call("getPositions"))

    def check_rules(self, session):
        asset = self.call("getAsset", SHARES.symbol)
        session.check("the share is tradable and can be divided", asset["tradable"] and asset["fractionable"])
        session.check("it is in the list", asset in self.call("getAssets", {"status": "active"}))
        clock = self.call("getClock")
        session.check("the market is open", clock["is_open"])
        day = clock["timestamp"][:10]
        session.check("today has hours", [d["date"] for d in self.call("getCalendar", {"start": day, "end": day})] == [day])

    def quote(self):
        return quote_of_sdk(self.call("getLatestQuote", SHARES.symbol))

    def trades(self):
        return list(map(trade_of_sdk, self.call("getTradesV2", SHARES.symbol, {"limit": 1000})))

    def bars(self):
        return [bar["ClosePrice"] for bar in self.call("getBarsV2", SHARES.symbol, {"timeframe": "1Min"})]

    def listen(self, heard):
        self.heard = heard
        self.call("listen")
        heard.is_listening = True

    def close(self):
        super().close()
        if self.complaints:
            raise RuntimeError(f"its streams complain: {self.complaints}")


if __name__ == "__main__":
    main(AlpacaTradeApi)
