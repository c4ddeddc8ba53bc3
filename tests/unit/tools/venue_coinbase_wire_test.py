"""The Coinbase venue over real sockets: the shape of its answers against recorded ones, channels and their numbers,
faults, ends. Tokens and their signatures are tested where one can sign; here an access token does.

usage: venue_coinbase_wire_test.py BUSBAR_VENUE. Needs nothing but Python's own library.
"""

import json
import threading
import time
import unittest
import urllib.parse
import uuid
from decimal import Decimal

from venue import VECTORS, VenueTest, WebSocket, lacks, main

TOKEN = "0123456789abcdef"
BASE = "/api/v3/brokerage"
RECORDED = VECTORS / "coinbase"


def limit(size="0.01", price="60000", **more):
    return {"limit_limit_gtc": {"base_size": size, "limit_price": price, **more}}


class CoinbaseTest(VenueTest):
    head = ""  # of [venue]
    market_rate = "0"

    def setUp(self):
        self.make_folder()
        credentials = self.write("token.cred", f"access_token = {TOKEN}\n")
        self.start("coinbase", f'[venue]\n{self.head}[venue.limits]\nprivate_per_second = 1000\npublic_per_second = 1000\n'
                   f'connections_per_second = 100\nmessages_per_second = 100\n'
                   f'[venue.accounts.main]\ncredentials = "{credentials}"\n', "--market-rate", self.market_rate)

    def rest(self, method, path, body=None, token=TOKEN, timeout=60, **query):
        target = path + ("?" + urllib.parse.urlencode(query, doseq=True) if query else "")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.venue.request(method, target, None if body is None else json.dumps(body), headers, timeout)

    def get(self, path, **query):
        status, _, body = self.rest("GET", BASE + path, **query)
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def post(self, path, **body):
        status, _, answer = self.rest("POST", BASE + path, body)
        self.assertEqual(status, 200, answer)
        return json.loads(answer)

    def create(self, name=None, side="BUY", configuration=None, product="BTC-USD"):
        return self.post("/orders", client_order_id=name or str(uuid.uuid4()), product_id=product, side=side,
                         order_configuration=configuration or limit())

    def place(self, *order, **more):
        answer = self.create(*order, **more)
        self.assertTrue(answer["success"], answer)
        return answer["order_id"]

    def house(self, side, quantity, price):
        self.venue.ask("POST", "/orders", {"symbol": "BTC-USD", "side": side, "quantity": quantity, "price": price})

    def stream(self, *channels, token=TOKEN):
        stream = WebSocket(self.venue, "/")
        self.addCleanup(stream.close)
        for channel in channels:
            self.subscribe(stream, channel, token=token)
        return stream

    @staticmethod
    def subscribe(stream, channel, kind="subscribe", token=TOKEN, **more):
        products = {} if channel in ("user", "heartbeats") else {"product_ids": ["BTC-USD"]}
        stream.send({"type": kind, "channel": channel, **products, **({"jwt": token} if token else {}), **more})

    def confirmed(self, stream):
        """All frames up to the next confirmation."""
        return stream.until(lambda frame: frame.get("channel") == "subscriptions")


@unittest.skipUnless(RECORDED.is_dir(), "SKIPPED: no recorded payloads here")
class Shapes(CoinbaseTest):
    """Every member of a recorded answer or frame is in ours, of the same type."""

    # Of orders and accounts that spot has no word for, and members that one source alone has made up.
    elsewhere = ("order_configuration", "positions", "perpetual_futures_positions", "expiring_futures_positions")

    def cases(self, file):
        with open(RECORDED / file, encoding="utf-8") as opened:
            return json.load(opened)["cases"]

    def compare(self, name, sample, ours):
        found = [text for text in lacks(sample, ours)
                 if not any(part in text.split(" ")[0].replace("[]", "").split(".") for part in self.elsewhere)]
        self.assertEqual(found, [], name)

    def setUp(self):
        super().setUp()
        self.order_id = self.place("shape", configuration=limit("0.01", "67250"))
        self.house("SELL", "0.004", "67250")
        self.post("/orders/edit", order_id=self.order_id, size="0.02", price="67240")

    def test_answers(self):
        now = int(time.time())
        orders = self.get("/orders/historical/batch", limit=1)
        orders["orders"][0]["cursor"] = ""  # stood in each order for a while
        answers = {
            "order": self.get(f"/orders/historical/{self.order_id}"),
            "orders": orders,
            "pricebook": self.get("/product_book", product_id="BTC-USD"),
            "trades": self.get("/products/BTC-USD/ticker"),
            "candles": self.get("/products/BTC-USD/candles", start=now - 3600, end=now, granularity="ONE_MINUTE"),
            "iso": self.get("/time"),
            "accounts": self.get("/accounts"),
            "fills": self.get("/orders/historical/fills"),
            "products": self.get("/products"),
            "product_id": self.get("/market/products/BTC-USD"),
        }
        answers["fills"]["fills"][0]["cursor"] = ""
        count = 0
        for file in ("rest_responses.json", "fills.json", "products.json"):
            for case in self.cases(file):
                sample = json.loads(case["given"]["body"])
                ours = next((answer for name, answer in answers.items() if name in sample), None)
                self.assertIsNotNone(ours, f"{file}: {case['id']} is of no kind that is known here")
                self.compare(f"{file}: {case['id']}", sample, ours)
                count += 1
        self.assertGreater(count, 10)

    def test_answers_to_orders(self):
        placed = self.create(configuration=limit(price="50000"))
        refused = {
            "UNSUPPORTED_ORDER_CONFIGURATION": self.create(configuration={"market_market_fok": {"base_size": "1"}}),
            "INSUFFICIENT_FUND": self.create(configuration=limit("100", "67000")),
            "INVALID_LIMIT_PRICE_POST_ONLY": self.create(side="SELL",
                                                         configuration=limit("0.01", "60000", post_only=True)),
            "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE": self.create(configuration={"stop_limit_stop_limit_gtc": {
                "base_size": "0.01", "limit_price": "70000", "stop_price": "70005",
                "stop_direction": "STOP_DIRECTION_STOP_DOWN"}}),
        }
        for case in self.cases("create_order_replies.json"):
            sample = json.loads(case["given"]["body"])
            reason = case["expected"].get("reason")
            if sample["success"]:
                sample.pop("error_response", None)  # of an example that is both
                self.compare(case["id"], sample, placed)
            elif reason in refused:
                ours = refused[reason]
                self.compare(case["id"], sample, ours)
                for name, value in sample["error_response"].items():
                    self.assertEqual(ours["error_response"][name], value, f"{case['id']}: {name}")
        cancelled = self.post("/orders/batch_cancel", order_ids=[placed["order_id"], str(uuid.uuid4()), ""])
        for case in self.cases("cancel_replies.json"):
            if "body" in case["given"]:
                self.compare(case["id"], json.loads(case["given"]["body"]), cancelled)
        self.assertEqual([(r["success"], r["failure_reason"]) for r in cancelled["results"]],
                         [(True, "UNKNOWN_CANCEL_FAILURE_REASON"), (False, "UNKNOWN_CANCEL_ORDER"),
                          (False, "INVALID_CANCEL_REQUEST")])

    def test_errors(self):
        bodies = {(case["given"].get("http_status"), case["given"].get("body")) for case in
                  self.cases("errors.json")}
        status, _, body = self.rest("GET", f"{BASE}/orders/historical/{uuid.uuid4()}")
        self.assertIn((status, body), {(s, b) for s, b in bodies if s == 404})
        status, headers, body = self.rest("GET", f"{BASE}/accounts", token="wrong")
        self.assertEqual((status, body, headers["content-type"]), (401, "Unauthorized", "text/plain; charset=utf-8"))
        self.assertEqual(self.venue.ask("GET", "/status")["last_unauthorized"],
                         "neither a token of three parts nor a known access token")
        frames = {case["given"]["ws_frame"] for case in self.cases("errors.json") if "ws_frame" in case["given"]}
        for channel, token in (("no_such_channel", TOKEN), ("user", "a.b.c"), ("user", None)):
            stream = self.stream()
            self.subscribe(stream, channel, token=token)
            self.assertIn(json.dumps(stream.receive(), separators=(",", ":")), frames)

    def test_frames(self):
        stream = self.stream("user", "heartbeats", "level2", "ticker", "ticker_batch", "market_trades", "candles",
                             "status")
        seen = {}

        def complete(frame):
            seen.setdefault(frame["channel"], []).append(frame)
            return frame["channel"] == "heartbeats"

        stream.until(complete)
        self.house("SELL", "0.001", "67240")
        stream.until(complete)
        count = 0
        for file in ("ws_market_frames.json", "ws_user_frames.json"):
            for case in self.cases(file):
                sample = json.loads(case["given"]["frame"])
                if sample["channel"] == "subscriptions":
                    sample["events"] = [{"subscriptions": {}}]
                mine = [frame for frame in seen[sample["channel"]]
                        if not sample["events"][0].get("orders", True) or
                        frame["events"][0].get("orders", True)]
                self.compare(f"{file}: {case['id']}", sample, mine[0])
                count += 1
        self.assertGreater(count, 10)


class Rest(CoinbaseTest):
    def test_what_happened_does_not_depend_on_what_was_answered(self):
        endpoint = "POST /api/v3/brokerage/orders"
        for kind, name, more in (("drop_answer", "acted-dropped", {}), ("drop_request", "lost", {}),
                                 ("hang_answer", "acted-hung", {}), ("answer_wrong", "acted-502", {"status": 502}),
                                 ("answer_instead", "told-429", {"status": 429, "retry_after_s": 7}),
                                 ("alter_answer", "altered", {"member": "success", "value": "yes"})):
            self.fault(kind=kind, endpoint=endpoint, client_order_id=name, **more)

        def ask(name):
            body = {"client_order_id": name, "product_id": "BTC-USD", "side": "BUY", "order_configuration": limit()}
            return self.rest("POST", f"{BASE}/orders", body, timeout=1 if "hung" in name else 60)

        for name, error in (("acted-dropped", ConnectionError), ("lost", ConnectionError),
                            ("acted-hung", TimeoutError)):
            with self.assertRaises(error, msg=name):
                ask(name)
        status, headers, body = ask("acted-502")
        self.assertEqual((status, headers["content-type"], body[:6]), (502, "text/html", "<html>"))
        status, headers, body = ask("told-429")
        self.assertEqual((status, headers["retry-after"], json.loads(body)["errors"][0]["id"]),
                         (429, "7", "rate_limit_exceeded"))
        self.assertEqual(json.loads(ask("altered")[2])["success"], "yes")
        self.assertEqual(self.names(), ["acted-dropped", "acted-hung", "acted-502", "altered"])
        self.assertEqual([(a["operation"], a["client_order_id"], a["outcome"], a["answer"])
                          for a in self.venue.ask("GET", "/arrivals")["arrivals"]],
                         [("order.place", "acted-dropped", "accepted", "dropped"),
                          ("order.place", "lost", "not acted on", "dropped"),
                          ("order.place", "acted-hung", "accepted", "never"),
                          ("order.place", "acted-502", "accepted", "wrong"),
                          ("order.place", "told-429", "not acted on", "wrong"),
                          ("order.place", "altered", "accepted", "wrong")])

    def test_what_no_broker_should_say_can_be_said(self):
        place = "POST /api/v3/brokerage/orders"
        body = {"client_order_id": "x", "product_id": "BTC-USD", "side": "BUY", "order_configuration": limit()}
        self.fault(kind="answer_instead", endpoint=place, status=200, body='{"success":', next=1)
        self.assertEqual(self.rest("POST", f"{BASE}/orders", body)[::2], (200, '{"success":'))
        self.fault(kind="answer_wrong", endpoint=place, status=200, body="[1]", bytes=5_000_000, next=1)
        self.assertEqual(len(self.rest("POST", f"{BASE}/orders", body)[2]), 5_000_001)
        self.fault(kind="endless", endpoint=place, next=1)
        connection = self.venue.connect()
        self.addCleanup(connection.close)
        connection.request("POST", f"{BASE}/orders", json.dumps(body), {"Authorization": f"Bearer {TOKEN}"})
        self.assertEqual(connection.getresponse().read(3_000_000), b" " * 3_000_000)
        self.assertEqual(self.names(), ["x"])
        stream = self.stream("user")
        self.confirmed(stream)
        self.assertEqual(self.venue.ask("POST", "/streams/send", {"text": "[]", "bytes": 0})["told"], 1)
        self.assertEqual(stream.receive(), [])

    def test_a_look_up_right_after_an_order_may_not_find_it(self):
        self.fault(kind="hide_orders", ms=400)
        order_id = self.place("young")
        self.assertEqual(self.rest("GET", f"{BASE}/orders/historical/{order_id}")[0], 404)
        self.assertEqual(self.get("/orders/historical/batch")["orders"], [])
        end = time.monotonic() + 60
        while not (found := self.get("/orders/historical/batch")["orders"]):
            self.assertLess(time.monotonic(), end)
        self.assertEqual(found[0]["client_order_id"], "young")

    def test_limits_travel_in_headers_and_products_can_be_closed(self):
        self.venue.ask("POST", "/limits", {"private_per_second": 3})
        headers = self.rest("GET", f"{BASE}/accounts")[1]
        self.assertEqual((headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]), ("3", "2"))
        self.venue.ask("POST", "/limits", {"private_per_second": 1000})
        self.venue.ask("POST", "/symbols", {"symbol": "BTC-USD", "cancel_only": True})
        self.assertTrue(self.get("/products/BTC-USD")["cancel_only"])
        self.assertEqual(self.create()["error_response"]["new_order_failure_reason"], "ORDER_ENTRY_DISABLED")

    def test_the_clock_can_be_wrong_and_tokens_can_end(self):
        self.venue.ask("POST", "/clock", {"skew_ms": 90000})
        ahead = int(self.get("/time")["epochMillis"]) - int(time.time() * 1000)
        self.assertTrue(85000 < ahead < 95000, ahead)
        self.venue.ask("POST", "/tokens", {"expire": True})
        self.assertEqual(self.rest("GET", f"{BASE}/accounts")[0], 401)


class Logins(CoinbaseTest):
    """OAuth 2.0 as a browser and a program see it, and what can go wrong with it."""

    VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # and its challenge, of RFC 7636, appendix B
    ASKED = {"response_type": "code", "client_id": "busbar", "redirect_uri": "http://127.0.0.1:41234/callback",
             "scope": "wallet:accounts:read,wallet:orders:create,offline_access", "state": "drawn at random",
             "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}

    def consent(self, **more):
        status, headers, body = self.rest("GET", "/oauth2/auth", token=None, **{**self.ASKED, **more})
        self.assertEqual(status, 302, body)
        address, _, query = headers["location"].partition("?")
        self.assertEqual(address, self.ASKED["redirect_uri"])
        said = dict(urllib.parse.parse_qsl(query))
        self.assertEqual(said.pop("state"), self.ASKED["state"])
        return said

    def form(self, path, **fields):
        fields = {"client_id": "busbar", "client_secret": "venue-client-secret", **fields}
        status, headers, text = self.venue.request("POST", path, urllib.parse.urlencode(fields),
                                                   {"Content-Type": "application/x-www-form-urlencoded"})
        return status, json.loads(text) if headers["content-type"] == "application/json" else text

    def tokens(self):
        status, body = self.form("/oauth2/token", grant_type="authorization_code", code=self.consent()["code"],
                                 redirect_uri=self.ASKED["redirect_uri"], code_verifier=self.VERIFIER)
        self.assertEqual(status, 200, body)
        return body

    def refresh(self, tokens):
        return self.form("/oauth2/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"])

    def status_with(self, tokens):
        return self.rest("GET", f"{BASE}/accounts", token=tokens["access_token"])[0]

    def test_a_login_trades_until_its_token_ends_and_a_refresh_goes_on(self):
        self.venue.ask("POST", "/login", {"access_life_s": 60})
        first = self.tokens()
        self.assertEqual((first["expires_in"], self.status_with(first)), (60, 200))
        stream = self.stream("user", token=first["access_token"])
        self.assertEqual(self.confirmed(stream)[-1]["channel"], "subscriptions")
        self.venue.ask("POST", "/clock", {"skew_ms": 61000})
        self.assertEqual(self.status_with(first), 401)
        status, second = self.refresh(first)
        self.assertEqual((status, self.status_with(second)), (200, 200))
        status, body = self.refresh(first)
        self.assertEqual((status, body["error"]), (401, "invalid_grant"))

    def test_a_refresh_whose_answer_is_lost_has_used_up_its_token(self):
        first = self.tokens()
        self.fault(kind="drop_answer", endpoint="login.refresh", next=1)
        with self.assertRaises(OSError):
            self.refresh(first)
        self.assertEqual(self.refresh(first)[1]["error"], "invalid_grant")
        self.assertEqual(self.status_with(first), 200)  # until it ends

    def test_a_refresh_that_never_came_in_has_not(self):
        first = self.tokens()
        self.fault(kind="answer_instead", endpoint="login.refresh", next=1, status=502)
        self.assertEqual(self.refresh(first)[0], 502)
        self.fault(kind="drop_request", endpoint="POST /oauth2/token", next=1)
        with self.assertRaises(OSError):
            self.refresh(first)
        self.fault(kind="delay_answer", endpoint="login.refresh", next=1, ms=300)
        started = time.monotonic()
        self.assertEqual(self.refresh(first)[0], 200)
        self.assertGreater(time.monotonic() - started, 0.29)

    def test_a_user_says_yes_no_or_not_yet_and_may_take_it_back(self):
        self.venue.ask("POST", "/login", {"declines": True})
        self.assertEqual(self.consent()["error"], "access_denied")
        self.venue.ask("POST", "/login", {"asks_user": True})
        for is_yes, member in ((True, "code"), (False, "error")):
            said = []
            browser = threading.Thread(target=lambda: said.append(self.consent()), daemon=True)
            browser.start()
            end = time.monotonic() + 60
            while self.venue.ask("POST", "/login", {"approve": is_yes})["answered"] == 0:
                self.assertLess(time.monotonic(), end)
                self.assertEqual(said, [])
            browser.join(10)
            self.assertIn(member, said[0])
        self.venue.ask("POST", "/login", {"asks_user": False})
        tokens = self.tokens()
        self.assertEqual(self.venue.ask("POST", "/tokens", {"revoke": True}), {"tokens": 0, "refresh_tokens": 0})
        self.assertEqual(self.status_with(tokens), 401)
        self.assertEqual(self.refresh(tokens)[1]["error"], "invalid_grant")


class Streams(CoinbaseTest):
    def test_a_snapshot_comes_first_then_the_confirmation_then_what_happens(self):
        waiting = self.place("waiting")
        stream = self.stream("user")
        frames = self.confirmed(stream)
        self.assertEqual([f["channel"] for f in frames], ["user", "subscriptions"])
        self.assertEqual([o["order_id"] for o in frames[0]["events"][0]["orders"]], [waiting])
        self.place("new", configuration=limit("0.01", "67250"))
        self.house("SELL", "0.004", "67250")
        told = [stream.receive()["events"][0]["orders"][0] for _ in range(3)]
        self.assertEqual([(o["client_order_id"], o["status"], o["cumulative_quantity"], o["leaves_quantity"])
                          for o in told],
                         [("new", "PENDING", "0", "0.01"), ("new", "OPEN", "0", "0.01"),
                          ("new", "OPEN", "0.004", "0.006")])
        self.post("/orders/batch_cancel", order_ids=[told[0]["order_id"]])
        gone = stream.receive()["events"][0]["orders"][0]
        self.assertEqual((gone["status"], gone["leaves_quantity"], gone["total_fees"]), ("CANCELLED", "0", "1.614"))

    def test_numbers_run_over_all_channels_and_a_lost_frame_leaves_a_gap(self):
        stream = self.stream("level2", "heartbeats", "user")
        frames = [stream.receive() for _ in range(5)]
        self.fault(kind="withhold", stream="orders", event="user", next=1)  # the first of the two was never made
        self.place("unsaid")
        self.fault(kind="silence", stream="orders", event="user", next=2)
        self.place("lost")
        self.place("last")
        frames += stream.until(lambda f: f["channel"] == "user" and
                               f["events"][0].get("orders", [{}])[-1].get("client_order_id") == "last" and
                               f["events"][0]["orders"][-1]["status"] == "OPEN")
        numbers = [frame["sequence_num"] for frame in frames]
        missing = sorted(set(range(numbers[-1] + 1)) - set(numbers))
        self.assertEqual(len(missing), 2, numbers)
        self.assertEqual(numbers, sorted(numbers))
        said = [f["events"][0]["orders"][0]["client_order_id"] for f in frames
                if f["channel"] == "user" and f["events"][0]["orders"]]
        self.assertEqual(said, ["unsaid", "last", "last"])

    def test_frames_can_be_doubled_late_and_dead(self):
        stream = self.stream("user")
        self.confirmed(stream)
        self.fault(kind="duplicate", stream="orders", next=1, times=2)
        self.place("doubled")
        frames = [stream.receive() for _ in range(4)]
        self.assertEqual([f["sequence_num"] for f in frames], [2, 3, 4, 5])
        self.assertEqual([f["events"][0]["orders"][0]["status"] for f in frames], 3 * ["PENDING"] + ["OPEN"])
        self.subscribe(stream, "heartbeats")
        stream.until(lambda frame: frame["channel"] == "heartbeats")
        self.fault(kind="silence")
        self.place("unheard")
        self.assertTrue(stream.is_silent(1.5))

    def test_the_book_follows_and_an_alias_is_told_under_its_own_market(self):
        stream = self.stream()
        self.subscribe(stream, "level2", product_ids=["BTC-USDC"])
        snapshot, confirmation = self.confirmed(stream)
        event = snapshot["events"][0]
        self.assertEqual((snapshot["channel"], event["type"], event["product_id"]), ("l2_data", "snapshot", "BTC-USD"))
        self.assertEqual(confirmation["events"][0]["subscriptions"], {"level2": ["BTC-USD"]})
        book = {(u["side"], u["price_level"]): Decimal(u["new_quantity"]) for u in event["updates"]}
        for _ in range(20):
            self.venue.ask("POST", "/market", {"step": 1})
        self.place("mine", configuration=limit("0.01", "60000"))

        def take(frame):
            for update in frame["events"][0].get("updates", []):
                key = update["side"], update["price_level"]
                book[key] = Decimal(update["new_quantity"])
                if not book[key]:
                    del book[key]
            return ("bid", "60000") in book

        stream.until(take)
        told = self.get("/product_book", product_id="BTC-USD")["pricebook"]
        theirs = {(name, row["price"]): Decimal(row["size"]) for name, side in (("bid", "bids"), ("offer", "asks"))
                  for row in told[side]}
        self.assertEqual(book, theirs)

    def test_a_channel_that_is_left_is_silent(self):
        stream = self.stream("ticker", "user")
        self.confirmed(stream)
        self.confirmed(stream)
        self.subscribe(stream, "ticker", "unsubscribe")
        self.assertEqual(list(self.confirmed(stream)[-1]["events"][0]["subscriptions"]), ["user"])
        self.subscribe(stream, "user", "unsubscribe", token=None)
        self.assertEqual(stream.receive(), {"type": "error", "message": "authentication failure"})
        self.subscribe(stream, "user", "unsubscribe")
        self.confirmed(stream)
        self.place("unheard", configuration=limit("0.01", "67300"))
        self.assertTrue(stream.is_silent())

    def test_an_order_can_fail_after_it_was_taken(self):
        stream = self.stream("user")
        self.confirmed(stream)
        self.venue.ask("POST", "/orders/fail", {"account": "main", "reject_reason": "HOLD_FAILURE"})
        self.place("failing")
        told = [stream.receive()["events"][0]["orders"][0] for _ in range(2)]
        self.assertEqual([(o["status"], o["reject_reason"]) for o in told][1:], [("FAILED", "HOLD_FAILURE")])

    def test_connections_are_counted(self):
        self.venue.ask("POST", "/limits", {"connections_per_second": 2})
        statuses = [WebSocket(self.venue, "/").status for _ in range(8)]
        self.assertIn(429, statuses)
        self.assertEqual(WebSocket(self.venue, "/elsewhere").status, 404)


class Lives(CoinbaseTest):
    head = "subscribe_within_ms = 1500\nidle_ms = 1500\n"

    def test_who_asks_for_nothing_is_cut_off(self):
        stream = self.stream()
        self.assertIsNone(stream.receive())
        self.assertEqual(stream.close_code, 1008)

    def test_a_quiet_channel_is_closed_unless_there_are_heartbeats(self):
        quiet, alive = self.stream("ticker"), self.stream("ticker", "heartbeats")
        while quiet.receive():
            pass
        self.assertEqual(quiet.close_code, 1000)
        self.venue.ask("POST", "/connections", {"reset": True})
        with self.assertRaises((OSError, AssertionError)):
            while alive.receive():
                pass
            self.fail("closed politely")


if __name__ == "__main__":
    main(verbosity=2, warnings="ignore")
