"""The Interactive Brokers venue over real sockets: OAuth 1.0a in every part, sessions, questions, the shape of its answers
against recorded ones, topics, pacing, faults.

usage: venue_ibkr_wire_test.py BUSBAR_VENUE. Needs nothing but Python's own library.
"""

import json
import os
import tempfile
import time
import urllib.parse
from decimal import Decimal

from venue import VECTORS, VenueTest, WebSocket, main
from venue_ibkr_client import Client, encoded

AAPL, ACCOUNT = 265598, "DU1234567"
ORDERS = f"iserver/account/{ACCOUNT}/orders"
RECORDED = VECTORS / "ibkr"
FOLDER = tempfile.TemporaryDirectory()  # of keys and certificates, which are made once


def ticket(price=100, quantity=1, side="BUY", kind="LMT", **more):
    return {"conid": AAPL, "side": side, "orderType": kind, "price": price, "quantity": quantity, "tif": "DAY", **more}


class IbkrTest(VenueTest):
    folder = FOLDER
    settings = ""  # more tables

    def setUp(self):
        self.start("ibkr", "[venue]\nmarket_steps_per_second = 0\n[venue.limits]\nper_second = 1000\nendpoint_times = 1000\n"
                   + self.settings)
        self.client = Client(self.venue, os.path.join(FOLDER.name, "main.cred"))

    def open(self):
        """All that has to be there before an order."""
        self.assertEqual(self.client.ask_for_live_session()[0], 200)
        self.good("POST", "iserver/auth/ssodh/init", {"publish": True, "compete": True})
        self.good("GET", "iserver/accounts")
        self.good("GET", "portfolio/accounts")

    def quiet(self):
        """Nobody but the house, with one price on each side."""
        self.venue.ask("POST", "/market", {"clear": True})
        self.house("SELL", "100", "190.50")
        self.house("BUY", "100", "190.00")

    def good(self, method, path, body=None, query="", **more):
        status, answer = self.client.ask(method, path, body, query, **more)
        self.assertEqual(status, 200, (path, answer))
        return answer

    def bad(self, status, text, method, path, body=None, query=""):
        answer = self.client.ask(method, path, body, query)
        self.assertEqual(answer[0], status, answer)
        self.assertIn(text, str(answer[1]))

    def place(self, *arguments, **more):
        answer = self.good("POST", ORDERS, {"orders": [ticket(*arguments, **more)]})
        self.assertIn("order_id", answer[0], answer)
        return answer[0]["order_id"]

    def status(self, order_id):
        return self.good("GET", f"iserver/account/order/status/{order_id}")

    def live(self):
        while True:
            answer = self.good("GET", "iserver/account/orders")
            if answer["snapshot"]:
                return {str(order["orderId"]): order for order in answer["orders"]}

    def house(self, side, quantity, price):
        self.venue.ask("POST", "/orders", {"symbol": "AAPL", "side": side, "quantity": quantity, "price": price})

    def control(self, path, **body):
        return self.venue.ask("POST", path, {"account": "main", **body})

    def unauthorized(self):
        return self.venue.ask("GET", "/status")["last_unauthorized"]

    def stream(self, *topics):
        stream = WebSocket(self.venue, "/v1/api/ws?oauth_token=" + self.client.keys["access_token"])
        self.addCleanup(stream.close)
        stream.send({"session": self.good("POST", "tickle")["session"]})
        stream.until(lambda frame: frame.get("topic") == "sts")
        for topic in topics:
            stream.send_frame(1, topic.encode())
        return stream

    @staticmethod
    def next_of(stream, topic):
        return stream.until(lambda frame: str(frame.get("topic")).startswith(topic))[-1]


class OAuthTest(IbkrTest):
    def test_every_part_of_a_signed_request_is_checked(self):
        self.open()
        for name, value, why in (("oauth_consumer_key", "NOBODYHERE", "nobody's"), ("oauth_token", "00", "no access token"),
                                 ("oauth_timestamp", str(int(time.time()) - 4000), "too far"),
                                 ("oauth_timestamp", str(int(time.time() * 1000)), "not in seconds"),
                                 ("oauth_timestamp", "soon", "no number"), ("oauth_nonce", "", "missing"),
                                 ("oauth_nonce", "a-b", "letters and digits"), ("oauth_version", "1.0", "oauth_version"),
                                 ("oauth_signature_method", "RSA-SHA256", "oauth_signature_method")):
            self.client.more = {name: value}
            self.bad(401, "not authenticated", "GET", "iserver/accounts")
            self.assertIn(why, self.unauthorized(), name)
        # A nonce is good once.
        self.client.more = {"oauth_nonce": "once"}
        self.good("GET", "iserver/accounts")
        self.client.more = {"oauth_nonce": "once"}
        self.bad(401, "not authenticated", "GET", "iserver/accounts")
        # Nothing signed, and another key.
        self.assertEqual(self.client.send("GET", "/v1/api/iserver/accounts")[0], 401)
        live, self.client.live = self.client.live, b"x" * 20
        self.bad(401, "not authenticated", "GET", "iserver/accounts")
        self.assertIn("does not verify", self.unauthorized())
        self.client.live = live
        self.good("GET", "iserver/accounts")

    def test_what_is_asked_for_in_the_address_is_signed(self):
        self.open()
        path, query = "trsrv/stocks", "symbols=AAPL%2CSAN"
        self.assertEqual(set(self.good("GET", path, query=query)), {"AAPL", "SAN"})

        def without():
            header = self.client.header("GET", "/v1/api/" + path, "", "HMAC-SHA256", lambda text: __import__("hmac").new(
                self.client.live, text, "sha256").digest())
            return self.client.send("GET", "/v1/api/" + path, query=query, headers={"Authorization": header})[0]
        self.assertEqual(without(), 401)
        self.venue.ask("POST", "/rules", {"query_signed": False})  # as IBKR takes it today
        self.assertEqual(without(), 200)

    def test_a_live_session_token_needs_the_right_keys(self):
        status, answer = self.client.ask_for_live_session()
        self.assertEqual(status, 200, answer)
        self.assertGreater(answer["live_session_token_expiration"], time.time() * 1000 + 80_000_000)
        for number in range(12):  # half of all numbers need a zero before them
            self.assertEqual(self.client.ask_for_live_session()[0], 200, number)
        for more, text in (({"diffie_hellman_challenge": "0f"}, "diffie_hellman_challenge"),
                           ({"diffie_hellman_challenge": "1"}, "diffie_hellman_challenge"),
                           ({"oauth_token": "00"}, "No access secret key found"),
                           ({"oauth_consumer_key": "NOBODYHERE"}, "id: 39687, error: invalid consumer")):
            self.client.more = more
            status, body = self.client.ask_for_live_session()
            self.assertIn(status, (400, 401))
            self.assertIn(text, body)
        # The wrong encryption key shows in the signature.
        self.client.secret = bytes(32)
        self.assertEqual(self.client.ask_for_live_session()[0], 401)

    def test_a_consumer_that_is_new_or_taken_back_is_invalid(self):
        for change in ("pending", "revoked"):
            self.control("/keys", **{change: True})
            self.assertIn("invalid consumer", self.client.ask_for_live_session()[1])
            self.control("/keys", **{change: False})
        self.assertEqual(self.client.ask_for_live_session()[0], 200)
        self.control("/keys", token_revoked=True)
        self.bad(401, "not authenticated", "POST", "tickle")

    def test_a_login_brings_another_access_token(self):
        def step(path, **more):
            header = self.client.header("POST", path, "", "RSA-SHA256", self.client.sign_rsa, more)
            status, _, body = self.client.send("POST", path, headers={"Authorization": header, "Content-Length": "0"})
            return status, json.loads(body)
        status, answer = step("/v1/api/oauth/request_token", oauth_callback="oob", oauth_token=None)
        self.assertEqual(status, 200, answer)
        token, home = answer["oauth_token"], "http://127.0.0.1:9/home"
        status, headers, _ = self.client.send("GET", "/authorize", query=f"oauth_token={token}&redirect_uri={encoded(home)}")
        self.assertEqual(status, 302)
        self.assertTrue(headers["location"].startswith(home + "?"), headers)
        back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(headers["location"]).query))
        self.assertEqual(step("/v1/api/oauth/access_token", oauth_token=token, oauth_verifier="wrong")[0], 401)
        status, answer = step("/v1/api/oauth/access_token", oauth_token=token, oauth_verifier=back["oauth_verifier"])
        self.assertEqual(status, 200, answer)
        self.assertEqual(step("/v1/api/oauth/access_token", oauth_token=token,
                              oauth_verifier=back["oauth_verifier"])[0], 401, "twice")
        self.client.take_token(answer["oauth_token"], answer["oauth_token_secret"])
        self.open()
        # Nobody is sent anywhere else, and a user may say no.
        token = step("/v1/api/oauth/request_token", oauth_callback="oob", oauth_token=None)[1]["oauth_token"]
        self.assertEqual(self.client.send("GET", "/authorize", query=f"oauth_token={token}&redirect_uri=http://evil/")[0], 400)
        self.venue.ask("POST", "/rules", {"declines": True})
        self.assertIn("denied", self.client.send("GET", "/authorize", query=f"oauth_token={token}")[2])


class SessionTest(IbkrTest):
    settings = "[venue.session]\nheartbeat_ms = 200\n"

    def test_the_two_tiers(self):
        self.assertEqual(self.client.ask_for_live_session()[0], 200)
        self.assertFalse(self.good("POST", "iserver/auth/status")["authenticated"])
        self.bad(400, "no bridge", "GET", "iserver/accounts")
        self.bad(500, "publish", "POST", "iserver/auth/ssodh/init", {"compete": True})
        self.venue.ask("POST", "/rules", {"established_after_ms": 300})
        answer = self.good("POST", "iserver/auth/ssodh/init", {"publish": True, "compete": True})
        self.assertEqual((answer["authenticated"], answer["established"]), (True, False))
        self.bad(500, "Please query /accounts first", "GET", "iserver/account/orders")
        self.assertEqual(self.good("GET", "iserver/accounts")["accounts"], [ACCOUNT])
        self.bad(500, "first", "GET", f"portfolio/{ACCOUNT}/ledger")
        self.good("GET", "portfolio/accounts")
        self.good("GET", f"portfolio/{ACCOUNT}/ledger")
        end = time.monotonic() + 60
        while not self.good("POST", "iserver/auth/status")["established"]:
            self.assertLess(time.monotonic(), end)
        self.assertEqual(self.good("POST", "logout"), {"status": True})
        self.assertFalse(self.good("POST", "tickle")["iserver"]["authStatus"]["authenticated"])

    def test_one_name_has_one_session_in_all_the_world(self):
        self.open()
        stream = self.stream()
        self.control("/sessions", compete=True)
        frame = self.next_of(stream, "sts")["args"]
        self.assertEqual((frame["authenticated"], frame["competing"]), (False, True))
        self.assertTrue(self.good("POST", "iserver/auth/status")["competing"])
        self.bad(401, "not authenticated", "GET", "iserver/accounts")
        lost = self.good("POST", "iserver/auth/ssodh/init", {"publish": True, "compete": False})
        self.assertEqual((lost["authenticated"], lost["competing"]), (False, True))
        won = self.good("POST", "iserver/auth/ssodh/init", {"publish": True, "compete": True})
        self.assertEqual((won["authenticated"], won["competing"]), (True, False))
        self.assertTrue(self.next_of(stream, "sts")["args"]["authenticated"])
        self.bad(500, "Please query /accounts first", "GET", "iserver/account/orders")

    def test_the_night_takes_all_that_was_arranged(self):
        self.open()
        self.good("POST", "iserver/questions/suppress", {"messageIds": ["o163"]})
        stream = self.stream("sor+{}")
        self.next_of(stream, "sor")
        self.control("/sessions", reset_ms=2000)
        self.bad(503, "", "GET", "iserver/accounts")
        self.assertFalse(self.good("POST", "tickle")["iserver"]["authStatus"]["connected"])
        end = time.monotonic() + 60
        while self.client.ask("POST", "iserver/auth/ssodh/init", {"publish": True, "compete": True})[0] != 200:
            self.assertLess(time.monotonic(), end)
        self.good("GET", "iserver/accounts")
        self.assertEqual(self.venue.ask("GET", "/sessions")["sessions"][0]["suppressed"], [])
        self.place()
        self.next_of(stream, "system")  # its heart beats
        frames = stream.until(lambda frame: "hb" in frame)
        self.assertFalse([frame for frame in frames if frame.get("topic") == "sor"], "what was subscribed is gone")
        # A login that is over needs a person, and another live session token.
        self.control("/sessions", expire=True)
        self.bad(401, "not authenticated", "POST", "tickle")
        self.open()

    def test_who_says_nothing_is_forgotten(self):
        self.open()
        self.venue.ask("POST", "/rules", {"idle_s": 1})
        end = time.monotonic() + 60
        while self.client.ask("GET", "iserver/accounts")[0] == 200:
            self.assertLess(time.monotonic(), end)
        status = self.good("POST", "tickle")["iserver"]["authStatus"]
        self.assertEqual((status["connected"], status["authenticated"]), (True, False))

    def test_at_the_gateway_program_a_person_logs_in(self):
        def ask(path):
            return self.client.send("GET", "/v1/api/" + path)
        self.assertEqual(ask("iserver/accounts")[0], 401)
        self.assertEqual(self.client.send("GET", "/sso/Login", query="user_name=nobody")[0], 401)
        status, headers, body = self.client.send("GET", "/sso/Login", query="user_name=main")
        self.assertEqual((status, body), (200, "Client login succeeds"))
        self.assertTrue(headers["set-cookie"].startswith("api="))
        status, headers, body = ask("iserver/accounts")
        self.assertEqual(status, 200, body)
        self.assertIn("set-cookie", headers)
        self.assertEqual(ask("trsrv/stocks")[0], 200)
        self.control("/sessions", expire=True)
        self.assertEqual(ask("iserver/accounts")[0], 401)

    def test_what_stands_before_it_wants_names_and_lengths(self):
        self.open()
        self.assertEqual(self.client.ask("GET", "iserver/accounts", headers={"User-Agent": ""})[0], 403)
        self.bad(404, "", "GET", "iserver/nothing")


class OrderTest(IbkrTest):
    def setUp(self):
        super().setUp()
        self.open()
        self.quiet()

    def test_an_order_from_its_first_word_to_its_last(self):
        self.assertEqual(self.good("GET", "iserver/account/orders"), {"orders": [], "snapshot": False})
        order_id = self.place(190.10, 10, cOID="mine")
        self.house("SELL", "4", "190.10")
        order, status = self.live()[order_id], self.status(order_id)
        self.assertEqual((order["status"], order["filledQuantity"], order["remainingQuantity"], order["order_ref"]),
                         ("Submitted", 4.0, 6.0, "mine"))
        self.assertEqual((status["order_status"], status["cum_fill"], status["size"]), ("Submitted", "4.0", "6.0"))
        self.assertNotIn("order_ref", status)
        # Modified: the whole ticket again, and the number stays.
        answer = self.good("POST", f"iserver/account/{ACCOUNT}/order/{order_id}", ticket(190.05, 12, cOID="mine"))
        self.assertEqual(answer[0]["order_id"], order_id)
        self.assertEqual((self.live()[order_id]["price"], self.live()[order_id]["totalSize"]), ("190.05", 12.0))
        answer = self.good("DELETE", f"iserver/account/{ACCOUNT}/order/{order_id}")
        self.assertEqual(answer, {"msg": "Request was submitted", "order_id": int(order_id), "conid": AAPL, "account": ACCOUNT})
        self.assertEqual((self.live()[order_id]["status"], self.live()[order_id]["timeInForce"]), ("Cancelled", "CLOSE"))
        for method, body in (("DELETE", None), ("POST", ticket())):
            self.bad(200, f"OrderID {order_id} doesn't exist", method, f"iserver/account/{ACCOUNT}/order/{order_id}", body)
        self.bad(200, "OrderID 17 doesn't exist", "DELETE", f"iserver/account/{ACCOUNT}/order/17")
        self.bad(503, "", "GET", "iserver/account/order/status/17")
        trade, = self.good("GET", "iserver/account/trades")
        self.assertEqual((trade["size"], trade["price"], trade["side"], trade["order_ref"], str(trade["order_id"])),
                         (4.0, "190.10", "B", "mine", order_id))
        self.assertEqual(self.venue.book()["trades"][0]["trade_id"], trade["execution_id"])

    def test_a_name_is_taken_for_a_day(self):
        order_id = self.place(cOID="name")
        text = "Order couldn't be submitted: Local order ID=name is already registered."
        self.bad(200, text, "POST", ORDERS, {"orders": [ticket(cOID="name")]})
        self.good("DELETE", f"iserver/account/{ACCOUNT}/order/{order_id}")
        self.bad(200, text, "POST", ORDERS, {"orders": [ticket(cOID="name")]})
        self.venue.ask("POST", "/clock", {"skew_ms": 86_500_000})
        self.venue.ask("POST", "/rules", {"idle_s": 1_000_000, "clock_leeway_s": 100_000})
        self.client.more = {}
        if self.client.ask("POST", "tickle")[0] != 200:
            self.open()
        self.place(cOID="name")
        self.assertEqual(len(self.venue.book()["orders"]), 2)

    def test_minus_one_cancels_everything(self):
        for price in (100, 101):
            self.place(price)
        self.good("DELETE", f"iserver/account/{ACCOUNT}/order/-1")
        self.assertEqual({order["status"] for order in self.live().values()}, {"Cancelled"})

    def test_what_is_no_order_is_said_in_words(self):
        for order, status, text in (
                ({**ticket(), "conid": None}, 400, "conid or conidex is required"),
                ({**ticket(), "conid": 1}, 200, "invalid conid"), (ticket(100.001), 200, "minimum variation of 0.01"),
                (ticket(quantity=0.5), 200, "minimum variation of 1"), (ticket(price=None), 200, "invalid order price fields"),
                (ticket(kind="MKT", outsideRTH=True), 200, "Outside Regular Trading Hours"),
                (ticket(kind="FUNNY"), 200, "invalid order type"), ({**ticket(), "tif": "FOK"}, 200, "invalid tif"),
                (ticket(side="SHORT"), 200, "invalid side"), (ticket(acctId="U1"), 200, "invalid account"),
                (ticket(price=190, quantity=40000), 200, "MUST EXCEED THE INITIAL MARGIN")):
            self.bad(status, text, "POST", ORDERS, {"orders": [order]})
        self.bad(200, "one at a time", "POST", ORDERS, {"orders": [ticket(), ticket()]})
        self.bad(400, "not yours", "POST", "iserver/account/U1/orders", {"orders": [ticket()]})
        self.assertEqual(self.venue.book()["orders"], [])

    def test_questions_come_one_after_the_other(self):
        (question, ) = self.good("POST", ORDERS, {"orders": [ticket(200, cOID="q")]})
        self.assertEqual(question["messageIds"], ["o163"])
        self.assertIn("Percentage constraint of 3%", question["message"][0])
        self.assertEqual(self.venue.book()["orders"], [])
        self.control("/questions", ids=["o354", "o99999"])
        (first, ) = self.good("POST", ORDERS, {"orders": [ticket(cOID="r")]})
        self.bad(400, f"reply id not found: '{question['id']}'", "POST", f"iserver/reply/{question['id']}", {"confirmed": True})
        (second, ) = self.good("POST", f"iserver/reply/{first['id']}", {"confirmed": True})
        self.assertEqual((first["messageIds"], second["messageIds"]), (["o354"], ["o99999"]))
        (acknowledged, ) = self.good("POST", f"iserver/reply/{second['id']}", {"confirmed": True})
        self.assertEqual(acknowledged["local_order_id"], "r")
        outcomes = [(a["operation"], a["outcome"], a["client_order_id"]) for a in self.venue.ask("GET", "/arrivals")["arrivals"]
                    if a["operation"].startswith("order.")]
        self.assertEqual(outcomes[-3:], [("order.reply", "refused", ""), ("order.reply", "asked", "r"),
                                         ("order.reply", "accepted", "r")])
        # With no it is dropped, and its name is still free.
        (question, ) = self.good("POST", ORDERS, {"orders": [ticket(200, cOID="q")]})
        self.bad(200, "Order not confirmed", "POST", f"iserver/reply/{question['id']}", {"confirmed": False})
        # What is suppressed is not asked, unless somebody insists.
        self.good("POST", "iserver/questions/suppress", {"messageIds": ["o163", "o354"]})
        self.place(195.99, cOID="q")
        self.control("/questions", ids=["o354"], insists=True)
        (question, ) = self.good("POST", ORDERS, {"orders": [ticket(cOID="s")]})
        self.venue.ask("POST", "/rules", {"reply_within_s": 0})
        end = time.monotonic() + 60
        while self.venue.ask("GET", "/sessions")["sessions"][0]["asking"]:
            self.assertLess(time.monotonic(), end)
        self.bad(400, "reply id not found", "POST", f"iserver/reply/{question['id']}", {"confirmed": True})

    def test_prompts_and_inactive_orders(self):
        self.control("/orders/fail", prompt="p12")
        answer = self.good("POST", ORDERS, {"orders": [ticket(cOID="p")]})[0]
        self.assertTrue(answer["prompt"])
        self.assertEqual(self.status(answer["orderId"])["order_status"], "WarnState")
        self.bad(400, "none of the options", "POST", "iserver/notification", {"orderId": answer["orderId"], "text": "What?"})
        said = self.good("POST", "iserver/notification",
                         {"orderId": answer["orderId"], "reqId": answer["reqId"], "text": answer["options"][0]})
        self.assertEqual(said, "Success")
        self.assertEqual(self.status(answer["orderId"])["order_status"], "Submitted")
        self.control("/orders/fail", inactive="no margin")
        answer = self.good("POST", ORDERS, {"orders": [ticket()]})[0]
        self.assertEqual(answer["order_status"], "Inactive")
        self.assertEqual(self.live()[answer["order_id"]]["order_cancellation_by_system_reason"], "no margin")
        self.control("/orders/fail", error="No trading permissions.")
        self.bad(200, "No trading permissions.", "POST", ORDERS, {"orders": [ticket()]})

    def test_a_closed_market_lets_orders_wait(self):
        self.venue.ask("POST", "/symbols", {"symbol": "AAPL", "status": "BREAK"})
        order_id = self.place(195)
        self.assertEqual(self.status(order_id)["order_status"], "PreSubmitted")
        self.venue.ask("POST", "/symbols", {"symbol": "AAPL", "status": "TRADING"})
        end = time.monotonic() + 60
        while self.status(order_id)["order_status"] != "Filled":
            self.assertLess(time.monotonic(), end)

    def test_an_order_for_the_opening_waits_for_one(self):
        first = self.place(195, 4, tif="OPG")
        self.assertEqual(self.status(first)["order_status"], "PreSubmitted", "it has been open for long")
        self.good("DELETE", f"iserver/account/{ACCOUNT}/order/{first}")
        self.venue.ask("POST", "/hours", {"hours": "closed"})
        waits = [self.place(190.50, 104, tif="OPG"), self.place(180, 4, tif="OPG")]
        self.assertEqual([self.status(each)["order_status"] for each in waits], ["PreSubmitted"] * 2)
        self.venue.ask("POST", "/hours", {"hours": "open"})
        end = time.monotonic() + 60
        while [self.status(each)["order_status"] for each in waits] != ["Cancelled"] * 2:  # what it leaves of them ends
            self.assertLess(time.monotonic(), end)
        self.assertEqual([self.status(each)["cum_fill"] for each in waits], ["100.0", "0.0"])

    def test_a_stop_may_trail(self):
        def trailing(percent, quantity):
            return ticket(None, quantity, "SELL", "TRAIL", trailingType="%", trailingAmt=percent, tif="GTC")
        near, far = [self.good("POST", ORDERS, {"orders": [trailing(percent, 2)]})[0]["order_id"] for percent in (0.1, 1)]
        order = self.live()[near]
        self.assertEqual((order["status"], order["orderType"], order["price"]), ("PreSubmitted", "Trailing Stop", ""))
        self.good("POST", f"iserver/account/{ACCOUNT}/order/{near}", trailing(0.1, 1))
        self.assertEqual(self.status(near)["total_size"], "1.0")
        self.house("BUY", "1", "190.50")
        self.assertEqual(self.status(near)["order_status"], "PreSubmitted")
        self.house("SELL", "1", "190.00")  # a quarter of a percent below
        self.assertEqual([self.status(each)["order_status"] for each in (near, far)], ["Filled", "PreSubmitted"])

    def test_stops_and_brackets(self):
        stop = self.place(180, side="SELL", kind="STP")
        order = self.live()[stop]
        self.assertEqual((order["status"], order["orderType"], order["price"]), ("PreSubmitted", "Stop", "180.00"))
        self.good("POST", f"iserver/account/{ACCOUNT}/order/{stop}", ticket(179, 1, "SELL", "STP"))
        self.assertEqual(self.status(stop)["stop_price"], "179.00")
        children = [ticket(180, 5, "SELL", "STP", parentId="parent"), ticket(200, 5, "SELL", parentId="parent")]
        acks = self.good("POST", ORDERS, {"orders": [ticket(190.10, 5, cOID="parent"), *children]})
        parent, *ids = [ack["order_id"] for ack in acks]
        live = self.live()
        self.assertEqual({str(live[i]["parentId"]) for i in ids}, {parent})
        self.assertEqual([live[i]["status"] for i in (parent, *ids)], ["Submitted", "PreSubmitted", "PreSubmitted"])
        self.house("SELL", "5", "190.10")
        self.house("BUY", "105", "200")
        live = self.live()
        self.assertEqual([live[i]["status"] for i in (parent, *ids)], ["Filled", "Cancelled", "Filled"])

    def test_of_a_group_one_cancels_the_other(self):
        def group(price, *names):
            return {"orders": [ticket(price, 5, "SELL", cOID=names[0], isSingleGroup=True),
                               ticket(180, 5, "SELL", "STP", cOID=names[1], isSingleGroup=True)]}
        acks = self.good("POST", ORDERS, group(200, "profit", "loss"))
        self.assertEqual([ack["local_order_id"] for ack in acks], ["profit", "loss"])
        profit, loss = [ack["order_id"] for ack in acks]
        live = self.live()
        self.assertEqual(live[profit]["ocaGroupId"], live[loss]["ocaGroupId"])
        self.assertEqual(self.status(loss)["oca_group_id"], live[loss]["ocaGroupId"])
        self.house("BUY", "105", "200")
        live = self.live()
        self.assertEqual([live[each]["status"] for each in (profit, loss)], ["Filled", "Cancelled"])
        profit, loss = [ack["order_id"] for ack in self.good("POST", ORDERS, group(210, "profit 2", "loss 2"))]
        self.good("DELETE", f"iserver/account/{ACCOUNT}/order/{loss}")
        self.assertEqual(self.live()[profit]["status"], "Cancelled")
        self.bad(200, "no bracket and no group", "POST", ORDERS, {"orders": [ticket(100), ticket(101)]})

    def test_a_cancel_may_take_its_time(self):
        self.venue.ask("POST", "/rules", {"cancel_delay_ms": 300})
        order_id = self.place()
        self.good("DELETE", f"iserver/account/{ACCOUNT}/order/{order_id}")
        self.assertEqual(self.status(order_id)["order_status"], "PendingCancel")
        end = time.monotonic() + 60
        while self.status(order_id)["order_status"] != "Cancelled":
            self.assertLess(time.monotonic(), end)

    def test_its_answers_have_the_members_of_recorded_ones(self):
        filled, waiting = self.place(195, quantity=2), self.place(100, cOID="w", tif="GTC")
        live = self.live()
        shapes = {"live_orders": live[filled], "order_status": self.status(filled),
                  "trades": self.good("GET", "iserver/account/trades")[0]}
        # Of other kinds of orders, or of other programs.
        others = {"position", "exchange", "taxOptimizerId", "totalCashSize", "submitter", "useriD", "exit_strategy",
                  "parentId", "ocaGroupId", "order_cancellation_by_system_reason", "use_price_mgmt_algo", "account_allocation_name"}
        for name, ours in shapes.items():
            for case in json.loads((RECORDED / f"{name}.json").read_text())["cases"]:
                body = json.loads(case["given"]["response"]["body_text"])
                rows = body["orders"] if name == "live_orders" else body if isinstance(body, list) else [body]
                for row in rows:
                    missing = {m for m in row if m not in ours and m not in live[waiting] and m not in others
                               and not m.startswith("exit_strategy")}
                    self.assertEqual(missing, set(), case["id"])
                    for member, value in row.items():
                        if member in ours and value not in (None, "") and ours[member] is not None:
                            kinds = {type(value), type(ours[member])}
                            self.assertTrue(len(kinds) == 1 or kinds == {int, float}, (case["id"], member, ours[member]))

    def test_faults_go_by_the_names_of_the_others(self):
        self.venue.ask("POST", "/faults", {"kind": "drop_answer", "endpoint": "order.place", "client_order_id": "lost", "next": 1})
        with self.assertRaises((ConnectionError, OSError)):
            self.client.ask("POST", ORDERS, {"orders": [ticket(cOID="lost1")]})
        self.assertEqual([o["client_order_id"] for o in self.venue.book()["orders"]], ["lost1"])
        for status in (401, 429, 500, 502, 503):
            self.venue.ask("POST", "/faults", {"kind": "answer_instead", "endpoint": "orders", "status": status, "next": 1})
            self.assertEqual(self.client.ask("GET", "iserver/account/orders")[0], status)
        self.venue.ask("POST", "/faults", {"kind": "alter_answer", "endpoint": "order.status", "member": "order_status",
                                           "value": "MELTED", "next": 1})
        order_id = str(self.venue.book()["orders"][0]["order_id"])
        self.assertEqual(self.status(order_id)["order_status"], "MELTED")
        self.venue.ask("POST", "/faults", {"kind": "hide_orders", "ms": 60000})
        self.assertEqual(self.live(), {})


class MarketTest(IbkrTest):
    settings = "[venue.session]\nheartbeat_ms = 200\nquote_interval_ms = 20\n"

    def setUp(self):
        super().setUp()
        self.open()
        self.quiet()

    def test_a_contract_wakes_before_it_answers(self):
        query = f"conids={AAPL}&fields=31,84,86"
        self.assertEqual(self.good("GET", "iserver/marketdata/snapshot", query=query), [{"conid": AAPL, "conidEx": str(AAPL)}])
        (answer, ) = self.good("GET", "iserver/marketdata/snapshot", query=query)
        self.assertEqual((answer["31"], answer["6509"][0]), ("190.25", "R"))
        self.assertLess(Decimal(answer["84"]), Decimal(answer["86"]))
        self.assertEqual(self.good("POST", "iserver/marketdata/unsubscribe", {"conid": AAPL}), {"success": True})
        self.bad(500, "unknown", "POST", "iserver/marketdata/unsubscribe", {"conid": AAPL})
        self.house("BUY", "3", "195")
        bars = self.good("GET", "iserver/marketdata/history", query=f"conid={AAPL}&period=1d&bar=1min")
        self.assertEqual(Decimal(str(bars["data"][-1]["v"])) * bars["volumeFactor"], 3)

    def test_contracts_are_found_by_number(self):
        stocks = self.good("GET", "trsrv/stocks", query="symbols=AAPL,SAN,NONE")
        self.assertEqual([c["contracts"][0]["exchange"] for c in stocks["SAN"]], ["SBF", "BM"])
        self.assertEqual(stocks["NONE"], [])
        months = self.good("GET", "trsrv/futures", query="symbols=ES")["ES"]
        self.assertEqual([m["expirationDate"] for m in months], [20261218, 20270319])
        rows = self.good("GET", "trsrv/secdef", query="conids=44652144,12087792")["secdef"]
        self.assertEqual([(r["ticker"], r["currency"], r["assetClass"]) for r in rows],
                         [("RELIANCE", "INR", "STK"), ("EUR", "USD", "CASH")])
        self.assertEqual(self.good("GET", "iserver/secdef/search", query="symbol=BTC")[0]["conid"], "479624278")
        rules = self.good("GET", f"iserver/contract/{AAPL}/info-and-rules", query="isBuy=true")["rules"]
        self.assertEqual((rules["increment"], rules["sizeIncrement"]), (0.01, 1))
        self.assertIn("limit", rules["orderTypes"])
        self.venue.ask("POST", "/symbols", {"symbol": "AAPL", "rename": "APPL"})
        self.assertEqual(self.good("GET", "trsrv/secdef", query=f"conids={AAPL}")["secdef"][0]["ticker"], "APPL")

    def test_the_stream_tells_all_once_and_then_what_changes(self):
        first = self.place(190.10, 10, cOID="a")
        stream = WebSocket(self.venue, "/v1/api/ws?oauth_token=" + self.client.keys["access_token"])
        self.addCleanup(stream.close)
        self.assertEqual(stream.receive(), {"message": "waiting for session"})
        stream.send({"session": self.good("POST", "tickle")["session"]})
        topics = [stream.receive()["topic"] for _ in range(3)]
        self.assertEqual(topics, ["system", "act", "sts"])
        for text in ("sor+{}", "str+{}", f'smd+{AAPL}+{{"fields":["31","84"]}}'):
            stream.send_frame(1, text.encode())
        (order, ) = self.next_of(stream, "sor")["args"]
        self.assertEqual((order["orderId"], order["status"], order["order_ref"]), (int(first), "Submitted", "a"))
        self.assertEqual(self.next_of(stream, "str")["args"], [])
        quote = self.next_of(stream, "smd")
        self.assertEqual((quote["topic"], quote["31"], quote["conid"]), (f"smd+{AAPL}", "190.25", AAPL))
        self.house("SELL", "4", "190.10")
        fill, = self.next_of(stream, "str")["args"]
        self.assertEqual((fill["size"], fill["conid"], fill["order_ref"]), (4.0, str(AAPL), "a"))
        change, = self.next_of(stream, "sor")["args"]
        self.assertEqual((change["filledQuantity"], change["orderId"]), (4.0, int(first)))
        self.assertNotIn("status", change)
        self.assertNotIn("ticker", change)
        quote = stream.until(lambda frame: "31" in frame)[-1]
        self.assertEqual(quote["31"], "190.10")
        stream.send_frame(1, b"tic")
        self.assertTrue(self.next_of(stream, "tic")["alive"])
        stream.send_frame(1, b"uor+{}")
        self.assertEqual(stream.until(lambda f: "message" in f)[-1], {"message": "Unsubscribed"})
        stream.send_frame(1, b"sxx+{}")
        self.assertEqual(stream.until(lambda f: "error" in f)[-1]["topic"], "sxx")
        self.assertIn("hb", self.next_of(stream, "system"))
        for text, topic in ((f"sld+{ACCOUNT}+{{}}", "sld"), (f"ssd+{ACCOUNT}+{{}}", "ssd"), ("spl", "spl"),
                            (f'smh+{AAPL}+{{"period":"1d","bar":"1min"}}', "smh")):
            stream.send_frame(1, text.encode())
            self.assertTrue(self.next_of(stream, topic))

    def test_what_an_account_has(self):
        self.place(195, 10)
        ledger = self.good("GET", f"portfolio/{ACCOUNT}/ledger")
        self.assertEqual(set(ledger), {"USD", "EUR", "INR", "BASE"})
        self.assertLess(ledger["USD"]["cashbalance"], 1_000_000)
        rows = {row["contractDesc"]: row for row in self.good("GET", f"portfolio/{ACCOUNT}/positions/0")}
        self.assertEqual(rows["AAPL"]["position"], 1010.0)
        self.assertEqual(self.good("GET", f"portfolio/{ACCOUNT}/positions/1"), [])
        self.assertEqual(self.good("GET", f"portfolio2/{ACCOUNT}/positions")[0]["conid"], str(AAPL))
        summary = self.good("GET", f"portfolio/{ACCOUNT}/summary")
        self.assertEqual(Decimal(str(summary["totalcashvalue"]["amount"])), Decimal(str(ledger["USD"]["cashbalance"])))


class PacingTest(IbkrTest):
    settings = ""

    def setUp(self):
        super().setUp()
        self.open()

    def test_an_endpoint_may_be_asked_so_often(self):
        self.venue.ask("POST", "/limits", {"endpoint_times": 1})
        self.good("GET", "iserver/account/orders")  # this one only wakes it
        self.good("GET", "iserver/account/orders")
        self.bad(429, "Too many", "GET", "iserver/account/orders")
        self.good("POST", "iserver/auth/status")  # and nobody is punished for it
        self.venue.ask("POST", "/limits", {"endpoints_penalize": True})
        self.bad(429, "Too many", "GET", "iserver/account/orders")
        self.bad(429, "Too many", "POST", "iserver/auth/status")
        self.venue.ask("POST", "/limits", {"release": True})
        self.good("POST", "iserver/auth/status")

    def test_too_much_of_all_together_is_the_penalty_box(self):
        self.venue.ask("POST", "/limits", {"per_second": 3, "penalty_s": 1})
        statuses = [self.client.ask("POST", "iserver/auth/status")[0] for _ in range(20)]
        self.assertIn(429, statuses)
        self.assertEqual(statuses[-1], 429)
        self.venue.ask("POST", "/limits", {"per_second": 1000})
        end = time.monotonic() + 60
        while self.client.ask("POST", "iserver/auth/status")[0] == 429:
            self.assertLess(time.monotonic(), end)


if __name__ == "__main__":
    main()
