"""ib-web-api, generated from IBKR's own description of its Web API: through IBKR's program on this host, at which a person
has logged in, without a signature. It has no WebSocket. Its types of answers are older than the API, and cannot hold an
empty price; so it hands them on unread."""

import json
import time
from importlib.metadata import version

from ibkr_session import (CONID, CURRENCIES, SYMBOL, Client, Refused, compare, main, market_of_snapshot, order_of_answer,
                          order_of_status, trade_of_answer)

import ib_web_api
from ib_web_api.rest import ApiException


class IbWebApi(Client):
    name = "ib-web-api"
    version = version("ib-web-api")
    streams = False
    at_gateway = True
    declined = "Order not confirmed"

    def __init__(self, venue):
        super().__init__(venue)
        configuration = ib_web_api.Configuration()
        configuration.host = f"https://localhost:{venue.port}/v1/api"
        configuration.ssl_ca_cert = venue.ca
        client = ib_web_api.ApiClient(configuration)
        self.account, self.contract, self.market = (ib_web_api.AccountApi(client), ib_web_api.ContractApi(client),
                                                    ib_web_api.MarketDataApi(client))
        self.order, self.portfolio, self.session, self.trade = (
            ib_web_api.OrderApi(client), ib_web_api.PortfolioApi(client), ib_web_api.SessionApi(client),
            ib_web_api.TradesApi(client))
        assert self.call(self.session.iserver_auth_status_post)["authenticated"]
        assert self.call(self.session.tickle_post)["session"]
        assert self.call(self.account.iserver_accounts_get)["accounts"] == [venue.account_id]
        self.call(self.portfolio.portfolio_accounts_get)

    def call(self, verb, *arguments, **more):
        try:
            answer = json.loads(verb(*arguments, _preload_content=False, **more).data)
        except ApiException as error:
            raise Refused(str(error.body)) from error
        if isinstance(answer, dict) and "error" in answer:
            raise Refused(answer["error"])
        return answer

    def request(self, name, side, kind, qty, price, stop_price, tif):
        number = {"LMT": (price, None), "MKT": (None, None), "STP": (stop_price, None), "STOP_LIMIT": (price, stop_price)}
        first, second = (float(each) if each else None for each in number[kind])
        return ib_web_api.OrderRequest(conid=CONID, side=side, quantity=qty, order_type=kind, price=first, aux_price=second,
                                       tif=tif, c_oid=name, acct_id=self.venue.account_id)

    def agreed(self, answer, answers=()):
        """Questions, one after the other, until there is an order."""
        while "order_id" not in answer[0]:
            (question, ) = answer
            is_good = set(question["messageIds"]) <= set(answers)
            answer = self.call(self.order.iserver_reply_replyid_post, ib_web_api.ReplyReplyidBody(confirmed=is_good),
                               question["id"])
        return answer[0]["order_id"]

    def place(self, name, side, kind, qty, price=None, stop_price=None, tif="DAY", answers=()):
        body = ib_web_api.AccountIdOrdersBody(orders=[self.request(name, side, kind, qty, price, stop_price, tif)])
        return self.agreed(self.call(self.order.iserver_account_account_id_orders_post, body, self.venue.account_id), answers)

    def modify(self, order_id, name, side, kind, qty, price, tif="DAY"):
        changed = self.request(name, side, kind, qty, price, None, tif)
        assert self.agreed(self.call(self.order.iserver_account_account_id_order_order_id_post, changed,
                                     self.venue.account_id, order_id)) == order_id

    def cancel(self, order_id):
        answer = self.call(self.order.iserver_account_account_id_order_order_id_delete, self.venue.account_id, order_id)
        assert str(answer["order_id"]) == order_id

    def query(self, order_id):
        return order_of_status(self.call(self.order.iserver_account_order_status_order_id_get, order_id))

    def orders(self):
        """The first time the list only wakes."""
        while True:
            answer = self.call(self.order.iserver_account_orders_get)
            if answer["snapshot"]:
                return list(map(order_of_answer, answer["orders"]))

    def fills(self):
        return list(map(trade_of_answer, self.call(self.trade.iserver_account_trades_get)))

    def money(self):
        ledger = self.call(self.portfolio.portfolio_account_id_ledger_get, self.venue.account_id)
        return {currency: compare.amount(ledger[currency]["cashbalance"]) for currency in CURRENCIES}

    def positions(self):
        rows = self.call(self.portfolio.portfolio_account_id_positions_page_id_get, self.venue.account_id, "0")
        return {row["contractDesc"]: compare.amount(row["position"]) for row in rows}

    def rules(self):
        (company, ) = self.call(self.contract.trsrv_stocks_get, SYMBOL)[SYMBOL]
        (listing, ) = [each for each in company["contracts"] if each["isUS"]]
        definition, = self.call(self.contract.trsrv_secdef_post, ib_web_api.TrsrvSecdefBody(conids=[listing["conid"]]))["secdef"]
        rules = self.call(self.contract.iserver_contract_conid_info_and_rules_get, str(listing["conid"]), True)["rules"]
        return {"conid": str(listing["conid"]), "tick": compare.amount(rules["increment"]),
                "step": compare.amount(rules["sizeIncrement"]), "currency": definition["currency"],
                "exchange": definition["listingExchange"]}

    def quote(self):
        """The first time a contract only wakes."""
        while True:
            (body, ) = self.call(self.market.iserver_marketdata_snapshot_get, str(CONID), fields="31,84,85,86,88")
            if "31" in body:
                return market_of_snapshot(body)
            time.sleep(0.1)

    def bars(self):
        return self.call(self.market.iserver_marketdata_history_get, str(CONID), "1d", bar="1min")["data"]


if __name__ == "__main__":
    main(IbWebApi)
