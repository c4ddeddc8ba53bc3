"""ibind, over OAuth 1.0a: it gets its live session token from the venue, and listens on the WebSocket."""

import os
import tempfile
import time
from importlib.metadata import version

os.environ.setdefault("IBIND_LOGS_DIR", tempfile.mkdtemp(prefix="ibind-"))
os.environ.update(IBIND_LOG_TO_FILE="false", IBIND_LOG_TO_CONSOLE="false")

from ibkr_session import (CONID, CURRENCIES, SYMBOL, Client, Refused, compare, main, market_of_snapshot,  # noqa: E402
                          order_of_answer, order_of_status, trade_of_answer)

from ibind import (ExternalBrokerError, IbkrClient, IbkrWsClient, OrderRequest, QuestionType, events,  # noqa: E402
                   subscriptions)
from ibind.client.ibkr_definitions import snapshot_by_key  # noqa: E402
from ibind.oauth.oauth1a import OAuth1aConfig  # noqa: E402

QUESTIONS = {"o163": QuestionType.PRICE_PERCENTAGE_CONSTRAINT, "o354": QuestionType.MISSING_MARKET_DATA}


class Ibind(Client):
    name = "ibind"
    version = version("ibind")
    declined = "You are submitting an order without market data"  # it has no no: an answer that is missing ends it

    def __init__(self, venue):
        super().__init__(venue)
        # It leaves what is asked for in an address out of its signature, which IBKR takes; and it names IBKR's host whatever
        # the base URL says, so the venue has to be told which host was meant.
        venue.control.control_call("POST", "/rules", query_signed=False, hosts=[f"localhost:{venue.port}"])
        keys = {name: value.replace("\\n", "\n") for name, value in venue.keys.items()}
        oauth = OAuth1aConfig(
            oauth_rest_url=f"https://localhost:{venue.port}/v1/api/", access_token=keys["access_token"],
            access_token_secret=keys["access_token_secret"], consumer_key=keys["consumer_key"], dh_prime=keys["dh_prime"],
            encryption_key=keys["encryption_key"], signature_key=keys["signature_key"])
        self.rest = IbkrClient(account_id=venue.account_id, use_oauth=True, oauth_config=oauth,
                               auto_register_shutdown=False)
        assert any(s["account"] == "main.sdk" and s["has_live_session_token"] and s["is_open"] for s in venue.sessions())
        assert self.rest.check_health()
        assert self.rest.receive_brokerage_accounts().data["accounts"] == [venue.account_id]
        self.rest.portfolio_accounts()
        self.socket = None

    def call(self, verb, *arguments, **more):
        try:
            data = getattr(self.rest, verb)(*arguments, **more).data
        except (ExternalBrokerError, RuntimeError, ValueError) as error:
            raise Refused(str(error)) from error
        if isinstance(data, dict) and "error" in data:
            raise Refused(data["error"])
        return data

    def request(self, name, side, kind, qty, price, stop_price, tif):
        number = {"LMT": (price, None), "MKT": (None, None), "STP": (stop_price, None), "STOP_LIMIT": (price, stop_price)}
        first, second = (float(each) if each else None for each in number[kind])
        return OrderRequest(conid=CONID, side=side, quantity=qty, order_type=kind, acct_id=self.venue.account_id,
                            price=first, aux_price=second, tif=tif, coid=name)

    def place(self, name, side, kind, qty, price=None, stop_price=None, tif="DAY", answers=()):
        placed = self.call("place_order", [self.request(name, side, kind, qty, price, stop_price, tif)],
                           {QUESTIONS[each]: True for each in answers})
        assert placed["local_order_id"] == name, placed
        return placed["order_id"]

    def modify(self, order_id, name, side, kind, qty, price, tif="DAY"):
        assert self.call("modify_order", order_id, self.request(name, side, kind, qty, price, None, tif),
                         {})["order_id"] == order_id

    def cancel(self, order_id):
        assert str(self.call("cancel_order", order_id)["order_id"]) == order_id

    def query(self, order_id):
        return order_of_status(self.call("order_status", order_id))

    def orders(self):
        """The first time the list only wakes."""
        while True:
            answer = self.call("live_orders")
            if answer["snapshot"]:
                return list(map(order_of_answer, answer["orders"]))

    def fills(self):
        return list(map(trade_of_answer, self.call("trades")))

    def money(self):
        ledger = self.call("get_ledger")
        return {currency: compare.amount(ledger[currency]["cashbalance"]) for currency in CURRENCIES}

    def positions(self):
        return {row["contractDesc"]: compare.amount(row["position"]) for row in self.call("positions")}

    def rules(self):
        conid = self.call("stock_conid_by_symbol", SYMBOL)[SYMBOL]
        definition, = self.call("security_definition_by_conid", [str(conid)])["secdef"]
        rules = self.call("info_and_rules_by_conid", str(conid), True)["rules"]
        return {"conid": str(conid), "tick": compare.amount(rules["increment"]),
                "step": compare.amount(rules["sizeIncrement"]), "currency": definition["currency"],
                "exchange": definition["listingExchange"]}

    def quote(self):
        """The first time a contract only wakes."""
        while True:
            (body, ) = self.call("live_marketdata_snapshot", str(CONID), ["31", "84", "85", "86", "88"])
            if "31" in body:
                return market_of_snapshot(body)
            time.sleep(0.1)

    def bars(self):
        return self.call("marketdata_history_by_conid", str(CONID), "1min", period="1d")["data"]

    def listen(self, heard):
        class Sink:
            def emit(self, event):
                if isinstance(event, events.Orders):
                    heard.said.add("orders")
                    for change in event.data["args"]:
                        heard.take_order(change)
                elif isinstance(event, events.Trades):
                    heard.said.add("trades")
                    for trade in event.data["args"]:
                        heard.take_trade(trade)
                elif isinstance(event, events.MarketData):
                    heard.take_quote({str(snapshot_by_key[name]): value for name, value in event.data.items()})

        self.socket = IbkrWsClient(account_id=self.venue.account_id, url=f"wss://localhost:{self.venue.port}/v1/api/ws",
                                   ibkr_client=self.rest, use_oauth=True, access_token=self.venue.keys["access_token"],
                                   cacert=self.venue.ca, sink=Sink())
        self.socket.start()
        handles = [self.socket.subscribe(each) for each in (
            subscriptions.OrdersSubscription(), subscriptions.TradesSubscription(),
            subscriptions.MarketDataSubscription(conid=str(CONID), fields=["31", "84", "85", "86", "88"]))]
        assert not self.socket.wait_all(handles, 10), "a subscription was not confirmed"

    def close(self):
        if self.socket is not None:
            self.socket.shutdown()
        self.rest.close()


if __name__ == "__main__":
    main(Ibind)
