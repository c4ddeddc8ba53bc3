"""The venue over real sockets: faults on REST, the WebSocket API and its events, market streams, pings and ends.

usage: venue_wire_test.py BUSBAR_VENUE. Needs nothing but Python's own library.
"""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import tempfile
import time
import urllib.parse
from decimal import Decimal

from venue import VenueTest, WebSocket, main

BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "60000"}


class BinanceTest(VenueTest):
    patience = 60  # seconds until an answer has never come

    options = ("--market-rate", "0")
    config = ""

    def setUp(self):
        self.make_folder()
        self.arrivals = os.path.join(self.folder.name, "arrivals")
        self.start("binance", self.config, "--arrivals", self.arrivals, *self.options)

    def sign(self, text):
        return hmac.new(self.venue.secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    def rest(self, method, path, **params):
        query = urllib.parse.urlencode({**params, "timestamp": int(time.time() * 1000)})
        return self.venue.request(method, f"{path}?{query}&signature={self.sign(query)}", None,
                                  {"X-MBX-APIKEY": self.venue.api_key}, self.patience)

    def rest_public(self, target):
        return self.venue.request("GET", target)[2]

    def place(self, name, **changes):
        return self.rest("POST", "/api/v3/order", **{**BUY, "newClientOrderId": name, **changes})

    def signed(self, **params):
        params = {**params, "apiKey": self.venue.api_key, "timestamp": int(time.time() * 1000)}
        return {**params, "signature": self.sign("&".join(f"{k}={params[k]}" for k in sorted(params)))}

    def user_stream(self):
        stream = WebSocket(self.venue, "/ws-api/v3")
        self.addCleanup(stream.close)
        answer = stream.ask({"id": "s", "method": "userDataStream.subscribe.signature", "params": self.signed()})
        self.assertEqual(answer["result"], {"subscriptionId": 0}, answer)
        return stream

    def market_stream(self, target):
        stream = WebSocket(self.venue, target)
        self.addCleanup(stream.close)
        return stream


class Faults(BinanceTest):
    def test_what_happened_does_not_depend_on_what_was_answered(self):
        place = "POST /api/v3/order"
        self.fault(kind="drop_answer", endpoint=place, client_order_id="acted-dropped")
        self.fault(kind="drop_request", endpoint=place, client_order_id="lost")
        self.fault(kind="hang_answer", endpoint="order.place", client_order_id="acted-hung")
        self.fault(kind="answer_wrong", endpoint=place, client_order_id="acted-502", status=502)
        self.fault(kind="answer_instead", endpoint=place, client_order_id="told-429", status=429, retry_after_s=7)
        for name, error in (
            ("acted-dropped", ConnectionError),
            ("lost", ConnectionError),
            ("acted-hung", TimeoutError),
        ):
            self.patience = 1 if error is TimeoutError else 60
            with self.assertRaises(error, msg=name):
                self.place(name)
        self.patience = 60
        status, headers, body = self.place("acted-502")
        self.assertEqual((status, headers["content-type"], body[:6]), (502, "text/html", "<html>"))
        status, headers, body = self.place("told-429")
        self.assertEqual((status, headers["retry-after"], json.loads(body)["code"]), (429, "7", -1003))
        self.assertEqual(self.place("plain")[0], 200)
        self.assertEqual(self.names(), ["acted-dropped", "acted-hung", "acted-502", "plain"])

        told = self.venue.ask("GET", "/arrivals")["arrivals"]
        self.assertEqual(
            [(a["client_order_id"], a["outcome"], a["answer"]) for a in told],
            [
                ("acted-dropped", "accepted", "dropped"),
                ("lost", "not acted on", "dropped"),
                ("acted-hung", "accepted", "never"),
                ("acted-502", "accepted", "wrong"),
                ("told-429", "not acted on", "wrong"),
                ("plain", "accepted", "sent"),
            ],
        )
        self.assertEqual([a["sequence"] for a in told], [1, 2, 3, 4, 5, 6])
        self.assertEqual(sorted(a["arrival_ns"] for a in told), [a["arrival_ns"] for a in told])
        self.assertNotIn("signature", told[0]["params"])
        with open(self.arrivals, encoding="utf-8") as file:
            self.assertEqual([json.loads(line) for line in file], told)

    def test_a_look_up_right_after_an_order_may_not_find_it(self):
        self.fault(kind="hide_orders", ms=2000)
        self.assertEqual(self.place("young")[0], 200)
        look_up = {"symbol": "BTCUSDT", "origClientOrderId": "young"}
        self.assertEqual(json.loads(self.rest("GET", "/api/v3/order", **look_up)[2])["code"], -2013)
        self.assertEqual(json.loads(self.rest("GET", "/api/v3/openOrders", symbol="BTCUSDT")[2]), [])
        end = time.monotonic() + 60
        while (found := json.loads(self.rest("GET", "/api/v3/order", **look_up)[2])).get("code") == -2013:
            self.assertLess(time.monotonic(), end)
        self.assertEqual(found["status"], "NEW")

    def test_counters_travel_in_headers(self):
        _, headers, _ = self.place("one")
        self.assertEqual((headers["x-mbx-order-count-10s"], headers["x-mbx-order-count-1d"]), ("1", "1"))
        _, headers, _ = self.rest("GET", "/api/v3/account")
        self.assertEqual(headers["x-mbx-used-weight-1m"], "20")
        self.assertNotIn("x-mbx-order-count-1d", headers)

    def test_the_clock_can_be_wrong(self):
        self.venue.ask("POST", "/clock", {"skew_ms": 6000})
        self.assertEqual(
            json.loads(self.place("late")[2])["msg"], "Timestamp for this request is outside of the recvWindow."
        )
        self.venue.ask("POST", "/clock", {"skew_ms": -6000})
        self.assertEqual(
            json.loads(self.place("early")[2])["msg"],
            "Timestamp for this request was 1000ms ahead of the server's time.",
        )


class WebSocketApi(BinanceTest):
    def test_an_order_and_its_events(self):
        stream = self.user_stream()
        answer = stream.ask({"id": 7, "method": "order.place", "params": self.signed(**BUY, newClientOrderId="by-ws")})
        self.assertEqual((answer["status"], answer["result"]["status"]), (200, "NEW"))
        self.assertEqual(
            [limit["rateLimitType"] for limit in answer["rateLimits"]], ["ORDERS", "ORDERS", "REQUEST_WEIGHT"]
        )
        self.venue.ask("POST", "/market", {"clear": True})
        self.venue.ask("POST", "/orders", {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.004", "price": "60000"})
        events = [m["event"] for m in stream.until(lambda m: m.get("event", {}).get("x") == "TRADE")]
        trade = events[-1]
        self.assertEqual(
            (trade["c"], trade["X"], trade["l"], trade["z"], trade["m"], trade["N"]),
            ("by-ws", "PARTIALLY_FILLED", "0.00400000", "0.00400000", True, "BTC"),
        )
        self.assertEqual((trade["n"], trade["L"], trade["Y"]), ("0.00000400", "60000.00000000", "240.00000000"))
        position = stream.until(lambda m: m["event"]["e"] == "outboundAccountPosition")[-1]["event"]
        self.assertEqual({b["a"] for b in position["B"]}, {"BTC", "USDT"})
        stream.send(
            {"id": 8, "method": "order.cancel", "params": self.signed(symbol="BTCUSDT", origClientOrderId="by-ws")}
        )
        texts = stream.until(lambda m: m.get("id") == 8)  # its event came first, on the same connection
        answer = texts[-1]
        self.assertEqual(answer["result"]["status"], "CANCELED")
        (gone,) = [m["event"] for m in texts if m.get("event", {}).get("x") == "CANCELED"]
        self.assertEqual((gone["C"], gone["c"]), ("by-ws", answer["result"]["clientOrderId"]))

    def test_subscriptions_have_an_end_and_errors_have_a_status(self):
        stream = self.user_stream()
        again = stream.ask({"id": 1, "method": "userDataStream.subscribe.signature", "params": self.signed()})
        self.assertEqual((again["status"], again["error"]["code"]), (400, -2035))
        self.assertEqual(stream.ask({"id": 2, "method": "session.subscriptions"})["result"], [{"subscriptionId": 0}])
        self.assertTrue(stream.ask({"id": 3, "method": "session.status"})["result"]["userDataStream"])
        self.assertEqual(stream.ask({"id": 4, "method": "userDataStream.unsubscribe"})["result"], {})
        self.assertEqual(stream.ask({"id": 5, "method": "userDataStream.unsubscribe"})["error"]["code"], -2036)
        self.place("unheard")
        self.assertTrue(stream.is_silent())
        self.assertEqual(
            stream.ask({"id": None, "method": "time", "params": {"returnRateLimits": False}}).keys(),
            {"id", "status", "result"},
        )
        self.assertEqual(stream.ask({"id": 6, "method": "no.such"})["status"], 400)

    def test_the_acknowledgement_can_come_last(self):
        stream = self.user_stream()
        self.fault(kind="delay_answer", endpoint="order.place", ms=300)
        stream.send({"id": 1, "method": "order.place", "params": self.signed(**BUY)})
        texts = stream.until(lambda text: text.get("id") == 1)
        self.assertEqual([t["event"]["e"] for t in texts[:-1]], ["executionReport", "outboundAccountPosition"])

    def test_events_can_be_doubled_swapped_and_lost(self):
        stream = self.user_stream()
        doubled = self.fault(kind="duplicate", stream="orders", times=2)
        self.place("doubled")
        texts = [stream.receive()["event"] for _ in range(6)]
        self.assertEqual([t["e"] for t in texts], ["executionReport"] * 3 + ["outboundAccountPosition"] * 3)
        self.venue.ask("DELETE", f"/faults/{doubled}")
        swapped = self.fault(kind="reorder", stream="orders", next=1)
        self.place("swapped")
        self.assertEqual(
            [stream.receive()["event"]["e"] for _ in range(2)], ["outboundAccountPosition", "executionReport"]
        )
        self.venue.ask("DELETE", f"/faults/{swapped}")
        self.fault(kind="silence", stream="orders")
        self.place("lost")
        self.assertTrue(stream.is_silent())
        self.venue.ask("DELETE", "/faults")
        self.place("heard")
        self.assertEqual(stream.receive()["event"]["c"], "heard")

    def test_streams_end_on_demand(self):
        stream = self.user_stream()
        self.assertEqual(self.venue.ask("POST", "/streams/close", {"stream": "orders"}), {"closed": 1})
        self.assertIsNone(stream.receive())
        self.assertEqual(stream.close_code, 1001)
        stream.close()
        while self.venue.ask("GET", "/status")["order_streams"]:
            time.sleep(0.02)
        stream = self.user_stream()
        self.assertEqual(self.venue.ask("POST", "/streams/close", {"reset": True}), {"closed": 1})
        with self.assertRaises(OSError):
            stream.receive()


class MarketStreams(BinanceTest):
    def test_snapshot_and_changes_make_the_venues_book(self):
        stream = self.market_stream("/ws/btcusdt@depth@100ms")
        self.venue.ask("POST", "/market", {"step": 20})
        snapshot = json.loads(self.rest_public("/api/v3/depth?symbol=BTCUSDT&limit=5000"))
        last = snapshot["lastUpdateId"]
        book = {side: {Decimal(p): Decimal(q) for p, q in snapshot[side]} for side in ("bids", "asks")}
        changes = []
        for _ in range(3):  # several changes, and not one of all steps together
            self.venue.ask("POST", "/market", {"step": 40})
            changes.append(stream.receive())
        now = json.loads(self.rest_public("/api/v3/depth?symbol=BTCUSDT&limit=5000"))
        previous = None
        while last < now["lastUpdateId"]:
            change = changes.pop(0) if changes else stream.receive()
            if previous is not None:
                self.assertEqual(change["U"], previous + 1)
            previous = change["u"]
            if change["u"] <= last:
                continue
            self.assertLessEqual(change["U"], last + 1)
            for side, name in (("bids", "b"), ("asks", "a")):
                for price, qty in change[name]:
                    if Decimal(qty):
                        book[side][Decimal(price)] = Decimal(qty)
                    else:
                        book[side].pop(Decimal(price), None)
            last = change["u"]
        for side in ("bids", "asks"):
            self.assertEqual(book[side], {Decimal(p): Decimal(q) for p, q in now[side]})

    def test_quotes_and_trades_move(self):
        stream = self.market_stream(
            "/stream?streams=btcusdt@bookTicker/btcusdt@trade/btcusdt@aggTrade/btcusdt@miniTicker/btcusdt@kline_1m"
        )
        self.venue.ask("POST", "/market", {"steps_per_second": 100})
        seen = {}
        while len(seen) < 5:
            text = stream.receive()
            seen[text["stream"]] = text["data"]
        self.assertEqual(set(seen["btcusdt@bookTicker"]), {"u", "s", "b", "B", "a", "A"})
        self.assertEqual(list(seen["btcusdt@trade"]), ["e", "E", "s", "t", "p", "q", "T", "m", "M"])
        self.assertEqual(seen["btcusdt@kline_1m"]["k"]["i"], "1m")

    def test_subscriptions_change_while_it_runs(self):
        stream = self.market_stream("/ws")
        self.assertEqual(
            stream.ask({"method": "SUBSCRIBE", "params": ["btcusdt@trade", "nosuch@trade", "BTCUSDT@trade"], "id": 1}),
            {"result": None, "id": 1},
        )
        self.assertEqual(stream.ask({"method": "UNSUBSCRIBE", "params": ["BTCUSDT@trade"], "id": 2})["result"], None)
        self.assertEqual(
            stream.ask({"method": "LIST_SUBSCRIPTIONS", "id": 3})["result"], ["btcusdt@trade", "nosuch@trade"]
        )
        self.assertEqual(
            stream.ask({"method": "GET_PROPERTY", "params": ["combined"], "id": 4}), {"result": False, "id": 4}
        )

    def test_a_frame_that_is_wrong_is_answered_in_the_documented_words(self):
        self.venue.ask("POST", "/connections", {"messages_per_second": 100})
        stream = self.market_stream("/ws")
        cases = [
            (
                {"method": "GET_PROPERTY", "params": ["colour"], "id": 7},
                {"code": 0, "msg": "Unknown property", "id": 7},
            ),
            (
                {"method": "SET_PROPERTY", "params": ["combined", 1], "id": 1},
                {"code": 1, "msg": "Invalid value type: expected Boolean"},
            ),
            (
                {"method": "SET_PROPERTY", "id": 1},
                {"code": 2, "msg": "Invalid request: property name must be a string"},
            ),
            (
                {"method": "SUBSCRIBE", "params": []},
                {"code": 2, "msg": "Invalid request: request ID must be an unsigned integer"},
            ),
            (
                {"method": "GET_PROPERTY", "params": ["combined", 1], "id": 1},
                {"code": 2, "msg": "Invalid request: too many parameters"},
            ),
        ]
        for request, answer in cases:
            stream.send(request)
            self.assertEqual(stream.receive(), answer)
        stream.send({"method": "DANCE", "id": 1})
        self.assertRegex(stream.receive()["msg"], "^Invalid request: unknown variant `?DANCE`?, expected one of ")
        stream.send({"id": 1})
        self.assertRegex(stream.receive()["msg"], "^Invalid request: missing field `method` at line 1 column")
        stream.send_frame(1, b"{")
        self.assertEqual(stream.receive()["code"], 3)

    def test_times_come_in_microseconds_when_asked_for(self):
        streams = "btcusdt@trade/!miniTicker@arr/btcusdt@kline_1s"
        stream = self.market_stream(f"/stream?streams={streams}&timeUnit=MICROSECOND")
        self.venue.ask("POST", "/market", {"steps_per_second": 100})
        seen = {}
        while len(seen) < 3:
            text = stream.receive()
            seen[text["stream"]] = text["data"]
        self.assertGreater(seen["btcusdt@trade"]["T"], 10**15)
        self.assertEqual({t["s"] for t in seen["!miniTicker@arr"]} >= {"BTCUSDT", "ETHUSDT"}, True)
        self.assertEqual(WebSocket(self.venue, "/ws/btcusdt@trade?timeUnit=HOURS").status, 400)

    def test_a_bar_is_told_as_closed_before_the_next_one(self):
        stream = self.market_stream("/ws/btcusdt@kline_1s")
        self.venue.ask("POST", "/market", {"steps_per_second": 100})
        bars = [stream.receive()["k"] for _ in range(6)]
        for bar, following in zip(bars, bars[1:]):
            if following["t"] != bar["t"]:
                self.assertTrue(bar["x"])
                self.assertEqual(following["t"], bar["T"] + 1)
        self.assertIn(True, [bar["x"] for bar in bars])

    def test_who_says_too_much_is_closed(self):
        stream = self.market_stream("/ws/btcusdt@trade")
        for i in range(20):
            stream.send({"method": "LIST_SUBSCRIPTIONS", "id": i})
        while stream.receive() is not None:
            pass
        self.assertEqual(stream.close_code, 1008)

    def test_an_unknown_path_is_no_stream(self):
        self.assertEqual(WebSocket(self.venue, "/nothing").status, 404)


class OnDemand(BinanceTest):
    """What a broker does once in a while, when a test needs it."""

    def test_what_stands_before_the_venue_can_say_no(self):
        self.fault(kind="answer_instead", endpoint="POST /api/v3/order", status=403, next=1)
        status, headers, body = self.place("blocked")
        self.assertEqual((status, headers["content-type"], "403 ERROR" in body), (403, "text/html", True))
        self.venue.ask("POST", "/ban", {"seconds": 90})
        status, headers, body = self.rest("GET", "/api/v3/account")
        self.assertEqual((status, int(headers["retry-after"]) in range(60, 91)), (418, True), headers)
        self.assertRegex(json.loads(body)["msg"], "^Way too much request weight used; IP banned until [0-9]{13}[.]")
        self.assertEqual(WebSocket(self.venue, "/ws-api/v3").status, 418)
        self.venue.ask("POST", "/ban", {"seconds": 0})
        self.assertEqual(self.rest("GET", "/api/v3/account")[0], 200)

    def test_connections_can_be_refused_and_counted(self):
        self.venue.ask("POST", "/connections", {"refuse_ms": 60000})
        with self.assertRaises(OSError):
            self.rest("GET", "/api/v3/account")
        self.venue.ask("POST", "/connections", {"refuse_ms": 0})
        self.assertEqual(self.rest("GET", "/api/v3/account")[0], 200)
        self.venue.ask("POST", "/limits", {"connections_per_5_minutes": 1})
        WebSocket(self.venue, "/ws/btcusdt@trade").close()
        self.assertEqual(WebSocket(self.venue, "/ws/btcusdt@trade").status, 429)

    def test_answers_and_events_can_be_altered(self):
        stream = self.user_stream()
        self.fault(kind="alter_answer", endpoint="order.place", member="orderId", value="12510000001", next=1)
        self.fault(kind="alter_event", event="executionReport", member="X", value="MELTED", next=1)
        self.fault(kind="alter_event", event="outboundAccountPosition", member="e", value="somethingNew", next=1)
        self.assertIsInstance(json.loads(self.place("odd")[2])["orderId"], str)
        self.assertEqual(stream.receive()["event"]["X"], "MELTED")
        self.assertEqual(stream.receive()["event"]["e"], "somethingNew")
        self.assertIsInstance(json.loads(self.place("even")[2])["orderId"], int)
        self.assertEqual(stream.receive()["event"]["X"], "NEW")

    def test_one_event_can_be_swallowed(self):
        stream = self.user_stream()
        self.fault(kind="silence", event="executionReport", next=1)
        self.place("unheard")
        self.place("heard")
        texts = [stream.receive()["event"] for _ in range(3)]
        self.assertEqual([t["e"] for t in texts].count("executionReport"), 1)
        self.assertEqual([t["c"] for t in texts if t["e"] == "executionReport"], ["heard"])

    def test_a_shutdown_can_be_announced_and_lives_changed(self):
        stream = self.market_stream("/stream?streams=btcusdt@trade")
        self.assertEqual(self.venue.ask("POST", "/streams/shutdown", {"stream": "market"}), {"told": 1})
        text = stream.receive()
        self.assertEqual((text["stream"], text["data"]["e"]), ("!serverShutdown", "serverShutdown"))
        self.assertEqual(stream.ask({"method": "LIST_SUBSCRIPTIONS", "id": 1})["result"], ["btcusdt@trade"])
        self.venue.ask("POST", "/connections", {"life_ms": 1})
        self.assertIsNone(stream.receive())

    def test_a_revoked_key_opens_nothing(self):
        self.assertEqual(self.rest("GET", "/api/v3/account")[0], 200)
        self.venue.ask("POST", "/keys", {"account": "main", "revoked": True})
        status, _, body = self.rest("GET", "/api/v3/account")
        self.assertEqual((status, json.loads(body)["code"]), (401, -2015))
        self.assertNotIn("secret", json.dumps(self.venue.ask("GET", "/keys")))

    def test_a_change_of_the_book_can_be_lost(self):
        stream = self.market_stream("/ws/btcusdt@depth@100ms")
        self.venue.ask("POST", "/market", {"step": 40})
        first = stream.receive()
        self.fault(kind="silence", event="depthUpdate", next=1)
        self.venue.ask("POST", "/market", {"step": 40})
        while not self.venue.ask("GET", "/faults")["faults"][0]["hits"]:
            time.sleep(0.02)
        self.venue.ask("POST", "/market", {"step": 40})
        self.assertGreater(stream.receive()["U"], first["u"] + 1)

    def test_the_back_door_tells_what_it_understands(self):
        lines = self.venue.ask("GET", "/help")
        self.assertIn("POST /listen-keys/expire", lines)
        self.assertIn("GET /book", lines)


class OrderLists(BinanceTest):
    PAIR = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "quantity": "0.01",
        "aboveType": "LIMIT_MAKER",
        "abovePrice": "70000",
        "belowType": "STOP_LOSS_LIMIT",
        "belowStopPrice": "60000",
        "belowPrice": "59000",
        "belowTimeInForce": "GTC",
    }

    def test_a_pair_by_websocket_and_its_events(self):
        stream = self.user_stream()
        stream.send({"id": 1, "method": "orderList.place.oco", "params": self.signed(**self.PAIR)})
        texts = stream.until(lambda text: text.get("id") == 1)
        self.assertEqual(texts[-1]["result"]["listOrderStatus"], "EXECUTING", texts[-1])
        (status,) = [t["event"] for t in texts[:-1] if t["event"]["e"] == "listStatus"]
        self.assertEqual((status["l"], status["g"]), ("EXEC_STARTED", texts[-1]["result"]["orderListId"]))
        self.venue.ask("POST", "/market", {"clear": True})
        self.venue.ask("POST", "/orders", {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01", "price": "70000"})
        texts = stream.until(lambda text: text.get("event", {}).get("l") == "ALL_DONE")
        reports = [t["event"] for t in texts if t["event"]["e"] == "executionReport"]
        self.assertEqual(
            [(r["x"], r["X"], r.get("eR")) for r in reports],
            [("EXPIRED", "EXPIRED", "OCO_TRIGGER"), ("TRADE", "FILLED", None)],
        )

    def test_a_half_done_replacement_says_which_half(self):
        stream = self.user_stream()
        params = self.signed(**BUY, cancelReplaceMode="ALLOW_FAILURE", cancelOrderId=1)
        answer = stream.ask({"id": 1, "method": "order.cancelReplace", "params": params})
        self.assertEqual((answer["status"], answer["error"]["code"]), (409, -2021))
        data = answer["error"]["data"]
        self.assertEqual((data["cancelResult"], data["newOrderResult"]), ("FAILURE", "SUCCESS"))
        self.assertEqual(data["cancelResponse"], {"code": -2011, "msg": "Unknown order sent."})
        self.assertEqual(data["newOrderResponse"]["status"], "NEW")


class ListenKeys(BinanceTest):
    config = '[venue]\nflavour = "binance.us"\n'

    def listen_key(self):
        answer = self.venue.request("POST", "/api/v3/userDataStream", None, {"X-MBX-APIKEY": self.venue.api_key})[2]
        return json.loads(answer)["listenKey"]

    def test_a_key_names_a_stream_until_it_expires(self):
        key = self.listen_key()
        bare, combined = self.market_stream(f"/ws/{key}"), self.market_stream(f"/stream?streams={key}")
        self.place("by-listen-key")
        self.assertEqual(bare.receive()["c"], "by-listen-key")
        self.assertEqual(bare.receive()["e"], "outboundAccountPosition")
        text = combined.receive()
        self.assertEqual((text["stream"], text["data"]["c"]), (key, "by-listen-key"))
        self.assertEqual(self.venue.ask("GET", "/status")["order_streams"], 2)
        self.venue.ask("POST", "/listen-keys/expire", {"account": "main"})
        text = bare.receive()
        self.assertEqual((text["e"], text["listenKey"]), ("listenKeyExpired", key))
        self.assertNotEqual(self.listen_key(), key)
        self.place("unheard")
        self.assertTrue(bare.is_silent())

    def test_this_market_knows_no_subscription(self):
        stream = self.market_stream("/ws-api/v3")
        answer = stream.ask({"id": "s", "method": "userDataStream.subscribe.signature", "params": self.signed()})
        self.assertEqual(answer["error"]["code"], -1020)


class Sessions(BinanceTest):
    """Ed25519, the one kind of key with which a session can be logged on."""

    def setUp(self):
        self.keys = tempfile.TemporaryDirectory()
        self.addCleanup(self.keys.cleanup)
        self.private = os.path.join(self.keys.name, "private.pem")
        public = os.path.join(self.keys.name, "public.pem")
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.private], check=True)
        subprocess.run(["openssl", "pkey", "-in", self.private, "-pubout", "-out", public], check=True)
        credentials = os.path.join(self.keys.name, "second.cred")
        with open(credentials, "w", encoding="utf-8") as file:
            file.write(f"api_key = {'E' * 64}\npublic_key_file = {public}\n")
        os.chmod(credentials, 0o600)
        self.config = f'[venue.accounts.main.keys.second]\ncredentials = "{credentials}"\n'
        super().setUp()

    def signed(self, **params):
        params = {**params, "apiKey": "E" * 64, "timestamp": int(time.time() * 1000)}
        path = os.path.join(self.keys.name, "payload")
        with open(path, "w", encoding="utf-8") as file:
            file.write("&".join(f"{k}={params[k]}" for k in sorted(params)))
        signature = subprocess.run(
            ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.private, "-in", path],
            check=True,
            capture_output=True,
        ).stdout
        return {**params, "signature": base64.b64encode(signature).decode()}

    def test_a_session_needs_no_more_signatures_until_its_key_is_revoked(self):
        stream = self.market_stream("/ws-api/v3")
        unsigned = {"timestamp": int(time.time() * 1000)}
        self.assertEqual(stream.ask({"id": 1, "method": "account.status", "params": unsigned})["status"], 401)
        refused = stream.ask({"id": 2, "method": "session.logon", "params": super().signed()})
        self.assertEqual(refused["error"]["code"], -4056, "an HMAC key")
        answer = stream.ask({"id": 3, "method": "session.logon", "params": self.signed()})
        self.assertEqual((answer["status"], answer["result"]["apiKey"]), (200, "E" * 64), answer)
        self.assertEqual(stream.ask({"id": 4, "method": "userDataStream.subscribe"})["result"], {"subscriptionId": 0})
        unsigned["timestamp"] = int(time.time() * 1000)
        stream.send({"id": 5, "method": "order.place", "params": {**BUY, **unsigned}})
        texts = stream.until(lambda text: text.get("id") == 5)
        self.assertEqual(texts[0]["event"]["x"], "NEW")
        self.venue.ask("POST", "/keys", {"api_key": "E" * 64, "revoked": True})
        stream.send({"id": 6, "method": "time"})
        texts = [stream.receive(), stream.receive()]
        self.assertEqual(texts[0]["event"]["e"], "eventStreamTerminated")
        self.assertEqual(
            texts[1],
            {
                "id": None,
                "status": 401,
                "error": {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."},
            },
        )
        self.assertIsNone(stream.ask({"id": 7, "method": "session.status"})["result"]["apiKey"])

    def test_logging_out_ends_its_stream(self):
        stream = self.market_stream("/ws-api/v3")
        stream.ask({"id": 1, "method": "session.logon", "params": self.signed()})
        stream.ask({"id": 2, "method": "userDataStream.subscribe"})
        stream.send({"id": 3, "method": "session.logout"})
        texts = stream.until(lambda text: text.get("id") == 3)
        self.assertEqual(texts[0]["event"]["e"], "eventStreamTerminated")
        self.assertFalse(texts[-1]["result"]["userDataStream"])


class Lives(BinanceTest):
    config = "[venue.connections]\nping_interval_ms = 200\npong_timeout_ms = 2000\nlife_ms = 6000\n"

    def test_a_connection_is_pinged_and_ends_after_its_day(self):
        stream = self.market_stream("/ws/nosuch@trade")
        self.assertIsNone(stream.receive())
        self.assertEqual(stream.close_code, 1001)
        self.assertGreaterEqual(stream.pings, 5)

    def test_who_answers_no_ping_is_cut_off(self):
        stream = WebSocket(self.venue, "/ws/nosuch@trade", answers_pings=False)
        begun = time.monotonic()
        with self.assertRaises(OSError):
            stream.receive()
        self.assertLess(time.monotonic() - begun, 5.8)

    def test_a_stop_is_announced(self):
        stream = self.user_stream()
        self.venue.process.terminate()
        self.assertEqual(stream.until(lambda text: "event" in text)[-1]["event"]["e"], "serverShutdown")
        self.assertIsNone(stream.receive())
        self.assertEqual(self.venue.process.wait(timeout=60), 0)


if __name__ == "__main__":
    main(verbosity=2, warnings="ignore")
