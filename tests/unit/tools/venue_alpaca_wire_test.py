"""The Alpaca venue over real sockets: the shape of its answers against recorded ones, both kinds of stream in JSON and
MessagePack, hours, faults.

usage: venue_alpaca_wire_test.py BUSBAR_VENUE. Needs nothing but Python's own library.
"""

import http.client
import json
import struct
import threading
import unittest
import urllib.parse

from venue import VECTORS, VenueTest, WebSocket, lacks, main

RECORDED = VECTORS / "alpaca"


def unpacked(data, at=0):
    """As much of MessagePack as the venue writes: the value and where it ends."""
    kind = data[at]
    at += 1

    def several(count, at):
        found = []
        for _ in range(count):
            value, at = unpacked(data, at)
            found.append(value)
        return found, at

    def number(form, at):
        return struct.unpack_from(">" + form, data, at)[0], at + struct.calcsize(form)
    if kind <= 0x7F:
        return kind, at
    if kind <= 0x8F:
        flat, at = several(2 * (kind & 15), at)
        return dict(zip(flat[::2], flat[1::2])), at
    if kind <= 0x9F:
        return several(kind & 15, at)
    if kind <= 0xBF or kind == 0xD9:
        size = kind & 31
        if kind == 0xD9:
            size, at = number("B", at)
        return data[at:at + size].decode(), at + size
    if kind == 0xDE:
        size, at = number("H", at)
        flat, at = several(2 * size, at)
        return dict(zip(flat[::2], flat[1::2])), at
    if kind == 0xD7:
        bits, at = number("Q", at + 1)
        return (bits & (1 << 34) - 1) * 10**9 + (bits >> 34), at
    simple = {0xC0: None, 0xC2: False, 0xC3: True}
    if kind in simple:
        return simple[kind], at
    return number({0xCB: "d", 0xCC: "B", 0xCD: "H", 0xCE: "I", 0xCF: "Q", 0xD3: "q"}[kind], at)


class Stream(WebSocket):
    """Frames of both kinds; what they hold is told by their looks."""

    def __init__(self, venue, target, content_type=None):
        self.content_type, self.opcode = content_type, None
        super().__init__(venue, target + (f" HTTP/1.1\r\nContent-Type: {content_type}\r\nX-Rest:" if content_type else ""))

    def receive(self):
        self.opcode, payload = self.receive_frame()
        if payload is None:
            return None
        return json.loads(payload) if payload[:1] in (b"{", b"[") else unpacked(payload)[0]


class AlpacaTest(VenueTest):
    head = ""  # of [venue]
    limits = "data_connections = 2\n"

    def setUp(self):
        self.make_folder()
        credentials = self.write("key.cred", "api_key = PKTEST\nsecret = s3cret\naccess_token = t0ken\n")
        self.start("alpaca", f'[venue]\n{self.head}[venue.limits]\n{self.limits}[venue.accounts.main]\n'
                   f'credentials = "{credentials}"\n', "--market-rate", "0")

    def rest(self, method, path, body=None, headers=None, timeout=60):
        keys = {"APCA-API-KEY-ID": "PKTEST", "APCA-API-SECRET-KEY": "s3cret"} if headers is None else headers
        return self.venue.request(method, path, None if body is None else json.dumps(body), keys, timeout)

    def get(self, path):
        status, _, body = self.rest("GET", path)
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def place(self, **more):
        order = {"symbol": "AAPL", "qty": "10", "side": "buy", "type": "limit", "time_in_force": "day",
                 "limit_price": "150", **more}
        status, _, body = self.rest("POST", "/v2/orders", {k: v for k, v in order.items() if v is not None})
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def updates(self, content_type=None, **login):
        stream = Stream(self.venue, "/stream", content_type)
        self.addCleanup(stream.close)
        stream.send({"action": "authenticate", "data": login or {"key_id": "PKTEST", "secret_key": "s3cret"}})
        self.assertEqual(stream.receive()["data"]["status"], "authorized")
        stream.send({"action": "listen", "data": {"streams": ["trade_updates", "no_such"]}})
        self.assertEqual(stream.receive(), {"stream": "listening", "data": {"streams": ["trade_updates"]}})
        return stream

    def data(self, feed="/v2/iex", content_type=None, key="PKTEST", secret="s3cret"):
        stream = Stream(self.venue, feed, content_type)
        self.addCleanup(stream.close)
        self.assertEqual(stream.receive(), [{"T": "success", "msg": "connected"}])
        stream.send({"action": "auth", "key": key, "secret": secret})
        return stream

    def trade(self, price="150", qty="10"):
        self.venue.ask("POST", "/market", {"clear": True})
        for side in ("BUY", "SELL"):
            self.venue.ask("POST", "/orders", {"symbol": "AAPL", "side": side, "quantity": qty, "price": price})

    def book(self):
        return self.venue.book()["orders"]


@unittest.skipUnless(RECORDED.is_dir(), "SKIPPED: no recorded payloads here")
class Shapes(AlpacaTest):
    """Every member of a recorded answer or frame is in ours, of the same type."""

    def cases(self, file, *kinds):
        with open(RECORDED / file, encoding="utf-8") as opened:
            for case in json.load(opened)["cases"]:
                if case["source"]["kind"] in kinds:
                    yield case

    def compare(self, what, sample, ours, but=()):
        found = [text for text in lacks(sample, ours, alike={int: float}) if not any(name in text for name in but)]
        self.assertEqual(found, [], what)

    def test_answers(self):
        order = self.place(order_class="bracket", take_profit={"limit_price": "160"}, stop_loss={"stop_price": "140"})
        for case in self.cases("order_submit.json", "recorded"):
            self.compare(case["id"], json.loads(case["given"]["response"]["body_text"]), order)
        orders = self.get("/v2/orders?nested=true")
        for case in self.cases("order_entity.json", "recorded"):
            sample = json.loads(case["given"]["response"]["body_text"])
            self.compare(case["id"], sample, orders if isinstance(sample, list) else orders[0])
        for case in self.cases("account.json", "recorded", "documented"):
            self.compare(case["id"], json.loads(case["given"]["response"]["body_text"]), self.get("/v2/account"),
                         # One recording shouts, one document has text for a number.
                         but=("ACCOUNT_NUMBER", "daytrade_count", "pending_transfer_out"))
        for case in self.cases("assets.json", "recorded"):
            sample = json.loads(case["given"]["response"]["body_text"])
            sample = sample[0] if isinstance(sample, list) else sample
            ours = self.get("/v2/assets/" + ("BTC%2FUSD" if sample["class"] == "crypto" else "AAPL"))
            self.compare(case["id"], sample, ours)
        for case in self.cases("positions.json", "recorded", "documented"):
            sample = json.loads(case["given"]["response"]["body_text"])
            ours = self.get("/v2/positions")
            self.compare(case["id"], sample, ours if isinstance(sample, list) else ours[0])
        for case in self.cases("clock_calendar.json", "recorded"):
            sample = json.loads(case["given"]["response"]["body_text"])
            ours = self.get("/v2/clock") if isinstance(sample, dict) else self.get("/v2/calendar")
            self.compare(case["id"], sample if isinstance(sample, dict) else sample[:1], ours)

    def test_market_data(self):
        self.trade()
        latest = {"trade": "trades", "quote": "quotes"}
        for case in self.cases("rest_quotes_trades.json", "recorded"):
            sample = json.loads(case["given"]["response"]["body_text"])
            for name, path in latest.items():
                if name in sample:
                    self.compare(case["id"], sample, self.get(f"/v2/stocks/AAPL/{path}/latest"))
        snapshot = self.get("/v2/stocks/AAPL/snapshot")
        for case in self.cases("rest_snapshots.json", "documented"):
            sample = json.loads(case["given"]["response"]["body_text"])
            if "latestQuote" in sample and "bx" in sample["latestQuote"]:
                self.compare(case["id"], sample, snapshot)
        bars = self.get("/v2/stocks/bars?symbols=AAPL,TSLA&timeframe=1Min")
        self.assertEqual(set(bars["bars"]), {"AAPL"}, "without a trade no bar")
        self.assertEqual(bars["next_page_token"], None)
        self.assertEqual(bars["bars"]["AAPL"][0]["c"], 150)
        self.assertEqual(self.get("/v2/stocks/TSLA/bars?timeframe=1Day")["bars"], None)

    def test_updates(self):
        stream = self.updates()
        self.place()
        frames = [stream.receive(), stream.receive()]
        self.assertEqual(stream.opcode, 2, "the paper host sends binary frames")
        self.assertEqual([frame["data"]["event"] for frame in frames], ["pending_new", "new"])
        for case in self.cases("trade_updates.json", "recorded", "documented", "sdk-test"):
            sample = json.loads(case["given"]["frame_text"])
            if sample.get("data", {}).get("event") == "new":
                self.compare(case["id"], sample, frames[1])


class Streams(AlpacaTest):
    def test_a_fill_in_both_manners(self):
        text, packed = self.updates(), self.updates(content_type="application/msgpack")
        order = self.place()
        self.venue.ask("POST", "/market", {"clear": True})
        self.venue.ask("POST", "/orders", {"symbol": "AAPL", "side": "SELL", "quantity": "10", "price": "150"})

        def is_last(frame):
            return frame["data"].get("event") in ("fill", "partial_fill")
        one, other = text.until(is_last)[-1]["data"], packed.until(is_last)[-1]["data"]
        self.assertEqual(one, other)
        self.assertEqual((one["order"]["id"], one["price"], one["position_qty"]), (order["id"], "150", "10010"))
        [trade] = self.venue.book()["trades"]
        self.assertEqual(one["execution_id"], trade["trade_id"])

    def test_who_may_listen(self):
        stream = Stream(self.venue, "/stream")
        self.addCleanup(stream.close)
        stream.send({"action": "listen", "data": {"streams": ["trade_updates"]}})
        self.assertEqual(stream.receive()["data"], {"action": "listen", "status": "unauthorized"})
        stream.send({"action": "authenticate", "data": {"key_id": "PKTEST", "secret_key": "wrong"}})
        self.assertEqual(stream.receive()["data"]["message"], "access key verification failed")
        stream.send({"action": "auth", "key": "PKTEST", "secret": "s3cret"})
        self.assertEqual(stream.receive()["data"]["status"], "authorized")
        self.updates(oauth_token="t0ken")

    def test_market_data(self):
        text, packed = self.data(), self.data(content_type="application/msgpack")
        for stream in (text, packed):
            self.assertEqual(stream.receive(), [{"T": "success", "msg": "authenticated"}])
            stream.send({"action": "subscribe", "trades": ["AAPL"], "quotes": ["*"]})
            [said] = stream.receive()
            self.assertEqual((said["trades"], said["quotes"], said["bars"]), (["AAPL"], ["*"], []))
        self.venue.ask("POST", "/market", {"clear": True})
        self.trade("190.07", "3")

        def is_trade(frame):
            return frame[0]["T"] == "t"
        [one], [other] = text.until(is_trade)[-1], packed.until(is_trade)[-1]
        self.assertEqual((one["p"], one["s"], one["S"]), (190.07, 3, "AAPL"))
        self.assertEqual({**one, "t": None}, {**other, "t": None})
        self.assertIsInstance(other["t"], int)

    def test_no_in_its_words(self):
        stream = Stream(self.venue, "/v2/iex")
        self.addCleanup(stream.close)
        stream.receive()
        for message, code in (({"action": "subscribe", "trades": ["AAPL"]}, 401), ({"action": "dance"}, 400),
                              ({"action": "auth", "key": "PKTEST", "secret": "wrong"}, 402)):
            stream.send(message)
            self.assertEqual(stream.receive()[0]["code"], code)
        first = self.data()
        first.receive()
        first.send({"action": "subscribe", "trades": [f"S{i}" for i in range(31)]})
        self.assertEqual(first.receive()[0]["code"], 405)
        first.send({"action": "auth", "key": "PKTEST", "secret": "s3cret"})
        self.assertEqual(first.receive()[0]["code"], 403)
        first.send({"action": "subscribe", "orderbooks": ["AAPL"]})
        self.assertEqual(first.receive()[0]["code"], 410)
        self.data().receive()
        self.assertEqual(self.data().receive()[0]["code"], 406, "a third one is too many")

    def test_coins_have_a_book(self):
        stream = self.data("/v1beta3/crypto/us", key="oauth", secret="t0ken")
        stream.receive()
        stream.send({"action": "subscribe", "orderbooks": ["BTC/USD"]})
        stream.receive()
        [book] = stream.receive()
        self.assertTrue(book["r"] and book["b"] and book["a"])
        self.venue.ask("POST", "/orders", {"symbol": "BTC/USD", "side": "BUY", "quantity": "1", "price": "60000"})
        [change] = stream.receive()
        self.assertEqual((change["b"], change["a"]), ([{"p": 60000, "s": 1}], []))

    def test_a_halt_is_told(self):
        stream = self.data()
        stream.receive()
        stream.send({"action": "subscribe", "statuses": ["AAPL"]})
        stream.receive()
        self.venue.ask("POST", "/symbols", {"symbol": "AAPL", "status": "HALT"})
        self.assertEqual(stream.receive()[0]["sc"], "H")
        self.assertEqual(self.place(limit_price="200")["status"], "accepted")
        self.venue.ask("POST", "/symbols", {"symbol": "AAPL", "status": "TRADING"})
        self.assertEqual(stream.receive()[0]["sc"], "T")
        self.assertEqual(self.book()[0]["status"], "FILLED")


class Arranged(AlpacaTest):
    limits = "requests_per_minute = 100\n"

    def test_headers_and_pages(self):
        status, headers, _ = self.rest("GET", "/v2/account")
        self.assertEqual((status, headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]), (200, "100", "99"))
        self.assertEqual(int(headers["x-ratelimit-reset"]) % 60, 0)
        self.assertEqual(len(headers["x-request-id"]), 32)
        status, _, body = self.rest("GET", "/v2/account", headers={})
        self.assertEqual((status, body[:6]), (401, "<html>"))
        self.assertEqual(self.rest("GET", "/v2/account", headers={"Authorization": "Bearer t0ken"})[0], 200)
        self.assertEqual(self.rest("GET", "/v2/nothing")[0], 404)
        names = [self.place(limit_price=str(100 + i))["id"] for i in range(4)]
        page = self.get("/v2/orders?limit=3")
        self.assertEqual([order["id"] for order in page], names[:0:-1])
        after = urllib.parse.quote(page[-1]["submitted_at"])
        self.assertEqual([o["id"] for o in self.get(f"/v2/orders?after={after}&direction=asc")], names[2:])

    def test_a_lost_answer(self):
        self.fault(kind="drop_answer", endpoint="order.place", next=1)
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            self.place(client_order_id="lost")
        self.assertEqual(self.get("/v2/orders:by_client_order_id?client_order_id=lost")["status"], "new")
        status, _, body = self.rest("POST", "/v2/orders", {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "limit",
                                                           "time_in_force": "day", "limit_price": "1",
                                                           "client_order_id": "lost"})
        self.assertEqual((status, json.loads(body)["code"]), (422, 40010001))

    def test_other_faults(self):
        self.fault(kind="answer_instead", endpoint="DELETE /v2/orders/{}", status=429, retry_after_s=7, next=1)
        order = self.place()
        status, headers, body = self.rest("DELETE", "/v2/orders/" + order["id"])
        self.assertEqual((status, headers["retry-after"], json.loads(body)["code"]), (429, "7", 42910000))
        self.fault(kind="answer_wrong", endpoint="order.cancel", status=504, next=1)
        self.assertEqual(self.rest("DELETE", "/v2/orders/" + order["id"])[0], 504)
        self.assertEqual(self.get("/v2/orders/" + order["id"])["status"], "canceled", "it was acted on")
        self.fault(kind="hide_orders", ms=60000)
        self.assertEqual(self.rest("GET", "/v2/orders/" + self.place()["id"])[0], 404)

    def test_withheld_and_altered_events(self):
        stream = self.updates()
        self.fault(kind="withhold", stream="orders", event="pending_new")
        self.fault(kind="alter_event", stream="orders", event="new", member="order.status", value="melted")
        self.place()
        frame = stream.receive()["data"]
        self.assertEqual((frame["event"], frame["order"]["status"]), ("new", "melted"))

    def test_orders_that_are_taken_and_rejected_or_said_to_be_anything(self):
        stream = self.updates()
        self.venue.ask("POST", "/orders/reject", {"account": "main"})
        order = self.place()
        self.assertEqual(order["status"], "pending_new")
        self.assertEqual(stream.receive()["data"]["event"], "rejected")
        other = self.place()
        stream.until(lambda frame: frame["data"]["event"] == "new")
        self.venue.ask("POST", "/orders/status", {"order_id": other["id"], "status": "done_for_day"})
        self.assertEqual(stream.receive()["data"]["event"], "done_for_day")
        self.assertEqual(self.get("/v2/orders/" + other["id"])["status"], "done_for_day")

    def test_a_cancel_that_takes_its_time(self):
        self.venue.ask("POST", "/rules", {"cancel_delay_ms": 300})
        stream, order = self.updates(), self.place()
        self.assertEqual(self.rest("DELETE", "/v2/orders/" + order["id"])[0], 204)
        self.assertEqual(self.get("/v2/orders/" + order["id"])["status"], "pending_cancel")
        events = [frame["data"]["event"] for frame in stream.until(lambda f: f["data"]["event"] == "canceled")]
        self.assertEqual(events, ["pending_new", "new", "pending_cancel", "canceled"])

    def test_hours_that_a_test_sets(self):
        told = self.venue.ask("POST", "/hours", {"hours": "calendar", "at": "2026-11-27T12:59:59-05:00"})
        self.assertTrue(told["is_open"])
        order = self.place(limit_price="150")
        self.assertFalse(self.venue.ask("POST", "/hours", {"at": "2026-11-27T13:00:01-05:00"})["is_open"])
        self.assertEqual(self.get("/v2/orders/" + order["id"])["status"], "expired")
        self.assertEqual(self.get("/v2/clock")["next_open"], "2026-11-30T09:30:00-05:00")
        waits = self.place(limit_price="200")
        self.assertEqual(waits["status"], "accepted")
        self.venue.ask("POST", "/hours", {"hours": "open"})
        self.assertEqual(self.get("/v2/orders/" + waits["id"])["status"], "filled")

    def test_a_login(self):
        query = urllib.parse.urlencode({"response_type": "code", "client_id": "busbar", "state": "12345678",
                                        "redirect_uri": "http://127.0.0.1:1/callback", "scope": "trading data"})
        self.venue.ask("POST", "/login", {"asks_user": True})
        answers = []
        browser = threading.Thread(target=lambda: answers.append(self.rest("GET", "/oauth/authorize?" + query)))
        browser.start()
        while self.venue.ask("POST", "/login", {"approve": True})["answered"] == 0:
            pass
        browser.join()
        [(status, headers, _)] = answers
        self.assertEqual(status, 302)
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(headers["location"]).query)["code"][0]
        form = urllib.parse.urlencode({"grant_type": "authorization_code", "code": code, "client_id": "busbar",
                                       "client_secret": "venue-client-secret",
                                       "redirect_uri": "http://127.0.0.1:1/callback"})
        tokens = json.loads(self.venue.request("POST", "/oauth/token", form,
                                               {"Content-Type": "application/x-www-form-urlencoded"})[2])
        self.assertEqual((tokens["token_type"], tokens["scope"]), ("bearer", "trading data"))
        bearer = {"Authorization": "Bearer " + tokens["access_token"]}
        self.assertEqual(self.rest("GET", "/v2/account", headers=bearer)[0], 200)
        self.venue.ask("POST", "/tokens", {"revoke": True})
        self.assertEqual(self.rest("GET", "/v2/account", headers=bearer)[0], 401)


if __name__ == "__main__":
    main(verbosity=1)
