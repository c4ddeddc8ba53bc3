"""What a broker answers is input: of the wrong shape, too large, without end, about somebody else's order, with numbers
that no number holds. Nobody crashes, what may have been done is asked for, and memory stays within bounds. D21.

  odd_answers.py [BROKER...]

Without a broker it is Binance's and Coinbase's that are shown."""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
from stack import Number, Stack, check, compare_all, wait_for  # noqa: E402
import wire  # noqa: E402

SYMBOLS = {"binance": ("BTC/USDT", "BTCUSDT"), "coinbase": ("BTC/USD", "BTC-USD"), "alpaca": ("AAPL", "AAPL"),
           "ibkr": ("AAPL", "AAPL")}
QUANTITIES = {"binance": "0.01", "coinbase": "0.01", "alpaca": "1", "ibkr": "1"}
# The first order's price, and how much more the next one offers.
PRICES = {"binance": ("20000", "1"), "coinbase": ("20000", "1"), "alpaca": ("100", "0.01"), "ibkr": ("100", "0.01")}
# Where an order in doubt is asked for.
ASKED = {"binance": "order.status", "coinbase": "orders", "alpaca": "order.by_client_id", "ibkr": "orders"}
HUGE = "9" * 400
HTML = "<html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"
MANY = 100_000_000
MIB = 1 << 20
# Of an answer 32 or 64 MiB are read, while a buffer grows by doubling, from where the first piece left it: three times as much at
# worst, beside what malloc has kept of the answers before; of IBKR's 32. A frame may have 16 MiB.
MEMORY = {"gateway": {"binance": 224 * MIB, "coinbase": 288 * MIB, "alpaca": 288 * MIB, "ibkr": 192 * MIB},
          "router": 32 * MIB, "auditd-tape": 96 * MIB}
LEFT = 96 * MIB  # of it a while later: what malloc keeps for the next time

# Instead of what the venue had to say: whoever gets this knows nothing.
BODIES = [{"body": b} for b in ("[]", "null", "7", '"x"', "{}", '{"a":', "\x00\x01\x02", HTML, "{" * 5000, HUGE, "1e-400",
                                " ")] + [
    {"body": "[", "bytes": 2_000_000}, {"body": '{"a":', "bytes": 2_000_000}, {"body": "x", "bytes": 20_000_000},
    {"body": HTML, "bytes": MANY}]
# One member of a good answer is another: (name, what it becomes, whether the answer may still be understood).
ANSWERS = {
    "binance": [("clientOrderId", "somebody-elses", False), ("clientOrderId", 7, False), ("clientOrderId", None, False),
                ("orderId", "x", False), ("orderId", 1e300, False), ("orderId", -1, True), ("orderId", [], False),
                ("orderId", HUGE, False), ("status", "MELTED", True), ("status", {}, False), ("price", "1e-400", False),
                ("price", "1e400", False), ("price", 1e308, False), ("price", HUGE, False), ("origQty", "1e-400", False),
                ("executedQty", "NaN", False), ("executedQty", {}, False), ("transactTime", "soon", False),
                ("transactTime", 1e30, False), ("fills", {}, False)],
    "coinbase": [("success", "yes", False), ("success", None, False), ("success_response", [], False),
                 ("success_response", None, True), ("success_response.client_order_id", "somebody-elses", False),
                 ("success_response.client_order_id", 7, False), ("success_response.order_id", 7, False),
                 ("success_response.order_id", {}, False), ("success_response.product_id", [], False),
                 ("success_response.side", 1e300, False)],
    "alpaca": [("client_order_id", "somebody-elses", False), ("client_order_id", 7, False), ("client_order_id", None, False),
               ("id", 7, False), ("id", [], False), ("id", None, False), ("id", HUGE, False), ("status", "MELTED", True),
               ("status", {}, False), ("symbol", [], False), ("qty", "1e400", False), ("qty", {}, False),
               ("limit_price", "1e-400", False), ("limit_price", HUGE, False), ("filled_qty", "NaN", False),
               ("filled_qty", {}, False), ("filled_avg_price", "1e400", False), ("legs", 7, False)],
    "ibkr": [("order_id", {}, False), ("order_id", [], False), ("order_id", 1e300, False), ("order_id", None, False),
             ("order_id", HUGE, False), ("order_status", "MELTED", True), ("order_status", {}, False),
             ("local_order_id", "somebody-elses", False), ("local_order_id", 7, False), ("local_order_id", [], False)],
}
# The same of an event: what it has said, or should have, is found out by comparing.
EVENTS = {
    "binance": ("executionReport", [("l", "1e-400"), ("L", "1e400"), ("z", HUGE), ("i", "x"), ("c", "somebody-elses"),
                                    ("X", "MELTED"), ("x", 7), ("t", 1e300), ("T", "soon"), ("q", []), ("n", "-1e400"), ("s", {})]),
    "coinbase": ("user", [("orders.cumulative_quantity", "1e-400"), ("orders.cumulative_quantity", HUGE),
                          ("orders.cumulative_quantity", {}), ("orders.avg_price", "1e400"), ("orders.order_id", 7),
                          ("orders.client_order_id", "somebody-elses"), ("orders.status", "MELTED"), ("orders.status", []),
                          ("orders.total_fees", "NaN"), ("orders.product_id", 1e300), ("orders", {}), ("type", 7)]),
    "alpaca": ("fill", [("data.qty", "1e-400"), ("data.price", "1e400"), ("data.price", []), ("data.execution_id", 7),
                        ("data.event", "melted"), ("data.event", 7), ("data.timestamp", 1e300),
                        ("data.order.client_order_id", "somebody-elses"), ("data.order.filled_qty", HUGE),
                        ("data.order.status", "MELTED"), ("data.order.id", {}), ("data.order", []), ("data", 7),
                        ("stream", 7)]),
    "ibkr": ("str", [("args.size", "1e-400"), ("args.size", {}), ("args.price", "1e400"), ("args.price", []),
                     ("args.execution_id", 7), ("args.execution_id", 7.5), ("args.execution_id", {}), ("args.order_id", 1e300),
                     ("args.order_ref", "somebody-elses"), ("args.order_ref", 7), ("args.side", 7),
                     ("args.trade_time_r", "soon"), ("args.commission", HUGE), ("args.conid", "x"), ("args", {}),
                     ("topic", 7)]),
}
# Who may not tell of a new order either: these events, or all.
TELLS = {"binance": {"event": "executionReport"}, "coinbase": {"event": "user"}}
FRAMES = [{"text": t} for t in ("[]", "null", HTML, '{"channel":7}', '{"e":7}', '{"result":[],"id":"x","status":"y"}',
                                "{" * 5000, HUGE, '{"channel":"user","events":{}}', '{"stream":7,"data":[]}')] + [
    {"text": "[", "bytes": 4_000_000}, {"text": "x", "bytes": MANY}]


def peak_of(process):
    text = Path(f"/proc/{process.popen.pid}/status").read_text()
    return {name: int(text.split(name + ":")[1].split()[0]) * 1024 for name in ("VmHWM", "VmRSS")}


class Oddities:
    def __init__(self, stack, broker):
        self.stack, self.broker = stack, broker
        self.symbol, self.product = SYMBOLS[broker]
        self.quantity = QUANTITIES[broker]
        self.dealer = stack.dealer("odd")
        self.dealer.hello()
        self.pids = {name: p.popen.pid for name, p in stack.processes.items()}
        self.before = {name: peak_of(p) for name, p in stack.processes.items()}
        self.count = self.doubted = self.slowest = 0
        self.what = "nothing odd"

    def is_well(self):
        self.dealer.pump(0.05)  # a session that is not heard of is over
        states = self.stack.busbar("status", can_fail=True)[1][0]["sessions"]
        return states and all(s["state"] == "Ok" and s["order_stream"] == "Ok" and s["reconciled"] for s in states)

    def await_well(self):
        # The breaker holds orders back from a broker that has answered none for a while; and so does a stream that is new.
        wait_for("the session to be well", self.is_well, pause=0.05)

    def place(self):
        self.await_well()
        name = f"O{self.count}"
        self.count += 1
        first, step = (Number(p) for p in PRICES[self.broker])
        price = first + step * self.count
        self.dealer.send("NewOrder", **wire.new_order(name, "Buy", self.quantity, symbol=self.symbol, price=price))
        return name

    def statuses(self, name):
        return [r["order_status"] for r in self.dealer.reports_of(name)]

    def becomes(self, name, status, seconds=60.0):
        begin = time.monotonic()
        check(self.dealer.pump(seconds, lambda: self.dealer.status_of(name) == status), self.what, name, "is not", status,
              "but", self.statuses(name), self.dealer.reports_of(name)[-1:])
        self.slowest = max(self.slowest, time.monotonic() - begin)

    def good_one(self):
        """An order with nothing odd about it: or the breaker would hold back all that follow."""
        name = self.place()
        self.becomes(name, "New")
        return name

    def odd_answer(self, endpoint, rule, must_doubt, good=None):
        self.what = f"{endpoint} answered with {str(rule)[:120]}"
        venue = self.stack.venue
        odd = venue.fault(endpoint=endpoint, next=1, **rule)
        if endpoint == "order.place":
            if must_doubt:  # nobody else shall tell
                venue.fault("withhold", stream="orders", **TELLS.get(self.broker, {}))
            name = self.place()
        else:
            name = good
            self.dealer.send("CancelOrder", client_order_id=f"C{self.count}", orig_client_order_id=name)
            self.count += 1
        self.becomes(name, "New" if endpoint == "order.place" else "Canceled")
        doubted = "InDoubt" in self.statuses(name)
        self.doubted += doubted
        check(doubted or not must_doubt, self.what, "was believed:", self.statuses(name))
        check(not {"Rejected", "NeverSeen"} & set(self.statuses(name)), self.what, self.statuses(name))
        rules = {r["id"]: r for r in venue.control_call("GET", "/faults")["faults"]}
        check(rules[odd]["hits"] == 1, self.what, "did not strike")
        venue.clear_faults()

    def answers(self):
        wrong = "answer_wrong"
        for rule in BODIES:
            self.odd_answer("order.place", {"kind": wrong, "status": 200, **rule}, True)
            self.odd_answer("order.cancel", {"kind": wrong, "status": 200, **rule}, False, self.good_one())
        for rule in ({"kind": wrong, "status": 502, "body": HTML}, {"kind": wrong, "status": 500, "body": HUGE},
                     {"kind": "endless"}):
            self.odd_answer("order.place", rule, True)
            self.good_one()
        for member, value, may_be_understood in ANSWERS[self.broker]:
            rule = {"kind": "alter_answer", "member": member, "value": value}
            self.odd_answer("order.place", rule, not may_be_understood)
            self.good_one()

    def answers_to_questions(self):
        """In doubt, and whoever is asked says something odd: that is not 'there is none'."""
        venue = self.stack.venue
        for body in ("{}", "[]", HTML, HUGE, '{"orders":[{"order_id":7}]}'):
            self.what = f"asked for, and answered with {body[:60]}"
            # Nobody else shall tell; but a stream that misses frames is compared, and while that is answered oddly nothing goes.
            self.await_well()
            venue.fault("withhold", stream="orders", **TELLS.get(self.broker, {}))
            venue.fault("drop_answer", endpoint="order.place", next=1)
            odd = venue.fault("answer_wrong", endpoint=ASKED[self.broker], status=200, body=body)
            name = self.place()
            self.becomes(name, "InDoubt")
            wait_for("the question", lambda: next(r for r in venue.control_call("GET", "/faults")["faults"]
                                                  if r["id"] == odd)["hits"] >= 2)
            self.dealer.pump(0.2)
            check(self.dealer.status_of(name) == "InDoubt", self.what, self.statuses(name))
            venue.clear_faults()
            self.becomes(name, "New")
            self.doubted += 1
            self.good_one()

    def events(self):
        """One after the other, each about the fill of an order of its own; what they had to say is found by comparing."""
        event, alterations = EVENTS[self.broker]
        orders = [(self.good_one(), member, value) for member, value in alterations]
        for name, member, value in reversed(orders):  # the best price is met first
            price = str(self.dealer.reports_of(name)[-1]["price"])
            self.stack.venue.fault("alter_event", stream="orders", event=event, member=member, value=value, next=1)
            self.stack.venue.trade("SELL", self.quantity, price, symbol=self.product)
            self.dealer.pump(0.05)
            self.stack.venue.clear_faults()
        for name, member, value in orders:
            self.what = f"{event}.{member} = {str(value)[:40]}"
            self.becomes(name, "Filled")
            told = sum(r["last_qty"] or 0 for r in self.dealer.reports_of(name))
            check(told == Number(self.quantity), self.what, told, "by its fills")

    def frames(self):
        for stream in ("orders", "market"):
            for frame in FRAMES:
                self.what = f"a frame of {stream}: {str(frame)[:60]}"
                self.stack.venue.control_call("POST", "/streams/send", stream=stream, **frame)
                self.dealer.pump(0.05)
            self.dealer.hello()  # what the venue has to send at last takes longer than a session may be silent
            self.good_one()

    def check_memory(self):
        figures = []
        for name, process in self.stack.processes.items():
            check(process.popen.pid == self.pids[name] and process.is_running(), name, "has ended")
        time.sleep(2)
        for name, limit in MEMORY.items():
            limit = limit[self.broker] if isinstance(limit, dict) else limit
            now, before = peak_of(self.stack.processes[name]), self.before[name]
            peak, left = now["VmHWM"] - before["VmRSS"], now["VmRSS"] - before["VmRSS"]
            check(peak <= limit and left <= LEFT, name, "grew by", peak // MIB, "MiB, and kept", left // MIB)
            figures.append(f"{name} {peak // MIB} MiB at the height, {left // MIB} left")
        return ", ".join(figures)


def run(broker):
    with Stack(f"odd-{broker}", broker=broker, gateway="order_event_ms = 600000", rate=0, order_ttl_ms=10_000) as stack:
        stack.venue.stand_still()
        stack.busbar("quotes", SYMBOLS[broker][0], "-n", "1", "--seconds", "1", can_fail=True)
        odd = Oddities(stack, broker)
        odd.answers()
        odd.answers_to_questions()
        odd.events()
        odd.frames()
        compare_all(stack)
        memory = odd.check_memory()
        kinds = 2 * len(BODIES) + 3 + len(ANSWERS[broker]) + 5
        print(f"D21: {broker}: {kinds} odd answers to orders, cancels and questions, {len(EVENTS[broker][1])} odd events, "
              f"{2 * len(FRAMES)} odd frames: 0 crashes, {odd.doubted} orders in doubt until asked for, all as in the venue's "
              f"book after {odd.slowest:.1f} s at most, each sent once; {memory}", flush=True)


if __name__ == "__main__":
    for each in sys.argv[1:] or ("binance", "coinbase"):
        run(each)
