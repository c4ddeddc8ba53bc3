"""L, the load that promises are kept under: one client trades over four gateways, two at Binance and two at Coinbase, or at Alpaca
and IBKR, while quotes flow through the hub.

Orders that rest and are cancelled, one by one or all at once; orders that fill, that are replaced, that go in pairs, and
some that are wrong. What each became is kept, so that afterwards nothing can be missing."""
import multiprocessing
import os
import random
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
from stack import BIN, Number, Stack, check, wait_for  # noqa: E402
import wire  # noqa: E402
import zmq  # noqa: E402

import size  # noqa: E402

ACCOUNTS = ("first", "second", "third", "fourth")
GATEWAYS = ("binance1", "binance2", "binance3", "binance4")  # where the links to one broker are the matter
SYMBOLS = {"BTC/USDT": (60000, "0.001"), "ETH/USDT": (3000, "0.01"), "BNB/USDT": (500, "0.1"), "LTC/USDT": (70, "1")}
SYMBOLS_AT = {"binance": SYMBOLS,
              "coinbase": {"BTC/USD": (60000, "0.001"), "ETH/USD": (3000, "0.01"), "LTC/USD": (70, "1")},
              "alpaca": {"AAPL": (190, "2"), "TSLA": (340, "2"), "BTC/USD": (60000, "0.002")},
              "ibkr": {"AAPL": (190, "2"), "BRK.B": (410, "2")}}
OF_SHARES = ("alpaca", "ibkr")
SETTLED = wire.FINAL | {"New", "PartiallyFilled"}
RESTING_MAX = 60  # orders that are left alone; of more, the oldest are cancelled
QUOTES_BY_MARKET = 20  # steps a second of the venue's own market; the rest of the quotes is published to the hub
REPORT, WELCOME = (getattr(wire.wire("Body"), name) for name in ("ExecutionReport", "Welcome"))
STATUSES, EXEC_TYPES = wire.names("OrderStatus"), wire.names("ExecType")


def four_gateways(name, seed, at=("binance", "coinbase"), **more):
    """Two accounts at each of two brokers with the venues' limits raised, a gateway for each."""
    brokers = [broker for broker in at for _ in range(2)]
    return Stack(name, accounts=ACCOUNTS, gateways=[f"{b}{i % 2 + 1}" for i, b in enumerate(brokers)], brokers=brokers,
                 seed=seed % 1000 + 1, **{"recv_window_ms": 1000, **more})


def product(broker, symbol):
    """As the broker's venue calls it."""
    if broker == "ibkr":
        return symbol.removesuffix("/USD").replace(".", " ")
    return symbol.replace("/", {"binance": "", "coinbase": "-", "alpaca": "/"}[broker])


def spoken(broker):
    return "IBKR" if broker == "ibkr" else broker.capitalize()


def first_symbol(broker):
    """(symbol, about its price, a small quantity, a step between prices)."""
    symbol, (price, quantity) = next(iter(SYMBOLS_AT[broker].items()))
    return symbol, price, Number(quantity), Number("0.01") if broker in OF_SHARES else Number(1)


def drawn_seed():
    return random.SystemRandom().randrange(1 << 32)


class Template:
    """A message encoded once. What differs from order to order stands in it under a mark, and is written over: a message
    costs microseconds then, and L is for Busbar to bear and not for Python."""
    SEQUENCE, SENT, EXPIRES = 0x7A7A7A7A7A7A7A01, 0x7A7A7A7A7A7A7A02, 0x7A7A7A7A7A7A7A03

    def __init__(self, kind, client, session, names=(), **fields):
        header = {"environment": "Paper", "sender": client, "session": session, "sequence": self.SEQUENCE,
                  "correlation_id": 0, "send_time_ns": self.SENT, "expire_time_ns": self.EXPIRES}
        self.bytes = wire.encode(kind, header, **fields)
        self.sequence, self.sent, self.expires = (self.place(struct.pack("<q", mark)) for mark in
                                                  (self.SEQUENCE, self.SENT, self.EXPIRES))
        self.names = [self.place(name.encode()) for name in names]

    def place(self, mark):
        check(self.bytes.count(mark) == 1, "a mark that is not unique:", mark)
        return self.bytes.index(mark)

    def fill(self, sequence, names=(), expire_time_ns=0):
        out = bytearray(self.bytes)
        struct.pack_into("<q", out, self.sequence, sequence)
        struct.pack_into("<q", out, self.sent, time.time_ns())
        struct.pack_into("<q", out, self.expires, expire_time_ns)
        for at, name in zip(self.names, names):
            out[at:at + len(name)] = name.encode()
        return bytes(out)


class Session(wire.Dealer):
    """A session that reads of a report only what a trader's ledger needs."""
    heartbeat_ms = 1000  # as one has it that asks for nothing else

    def __init__(self, stack, name, client="alpha", endpoint=None):
        super().__init__(endpoint or stack.endpoint("orders"), client, name)
        stack.clients.append(self)
        self.unnumbered = []  # refused before they became a record: (client order id, error, when)
        self.hellos = {}      # by their sequence: the last report that was known then
        self.on_report = lambda *report: None
        self.on_welcome = lambda: None
        self.hello()

    def send(self, kind, /, **fields):
        if kind == "Hello":
            self.hellos[self.sequence + 1] = fields["last_report"]
        return super().send(kind, **fields)

    def take(self, data):
        message = wire.wire("Message").GetRootAs(data, 0)
        if message.BodyType() != REPORT:
            super().take(data)
            if message.BodyType() == WELCOME:
                known = self.hellos.pop(message.Header().CorrelationId(), 0)
                check(self.next_report > known, known + 1 - self.next_report,
                      "reports that a client had were lost: it knew", known, "and the router goes on with",
                      self.next_report)
                self.on_welcome()
            return None
        self.last_heard = time.monotonic()
        body, report = message.Body(), wire.wire("ExecutionReport")()
        report.Init(body.Bytes, body.Pos)
        number, name, original = report.ReportNumber(), report.ClientOrderId(), report.OrigClientOrderId()
        if number == 0:
            self.unnumbered.append((name.decode(), wire.names("ErrorCode")[report.Error()], time.monotonic()))
            return None
        check(number == self.next_report, "report", number, "came where", self.next_report, "is due")
        self.next_report += 1
        if number > self.last_report:
            self.last_report = number
            self.on_report(name.decode(), (original or b"").decode(), STATUSES[report.OrderStatus()],
                           EXEC_TYPES[report.ExecType()])
        return None

    def write(self, template, names=(), expire_time_ns=0):
        self.sequence += 1
        try:
            self.socket.send(template.fill(self.sequence, names, expire_time_ns), zmq.DONTWAIT)
        except zmq.Again:
            return False
        return True

    def drain(self, most=2000):
        """Everything that has arrived, and the heartbeats that are due."""
        self.pump(0.001)
        for _ in range(most):
            try:
                self.take(self.socket.recv(zmq.DONTWAIT))
            except zmq.Again:
                return


class Load:
    def __init__(self, stack, chance, rate=None, session="load", endpoint=None):
        self.stack, self.chance, self.rate = stack, chance, rate or size.ORDERS_PER_SECOND
        self.session = Session(stack, session, endpoint=endpoint)
        self.session.on_report = self.on_report
        self.session.on_welcome = lambda: self.again(0)
        self.sent = {}       # client order id: (kind, template, names); the second of a pair was in the first one's message
        self.last_sent = {}
        self.first_sent = {}
        self.sends = {}      # every time it was said, by the wall clock in ns
        self.status = {}     # of every order, by the name it was given first
        self.roots = {}      # the name that a replace gave an order: its first one
        self.resting = {}    # New, and nothing is asked of them; in order of age
        self.pairs = {}      # the orders of a pair: its list's name
        self.requests = {"NewOrder": 0, "NewOrderList": 0, "ReplaceOrder": 0, "CancelOrder": 0, "CancelAll": 0,
                         "CancelOrderList": 0}
        self.unanswered = set()
        self.pending = {account: set() for account in stack.accounts}  # taken, and no word yet of what became of it
        self.account_of = {}
        self.shares = [1] * len(stack.accounts)  # of the orders, by account
        self.doubts = {}     # orders that were InDoubt: [(since when, until when, what it was then)], the last perhaps open
        self.answered = 0
        self.placed = self.skipped = 0
        self.templates = {}
        for account in stack.accounts:
            self.session.send("Subscribe", source=account, symbol=next(iter(self.symbols(account))), channel="Quote")

    def symbols(self, account):
        return SYMBOLS_AT[self.stack.broker_of(account)]

    # What comes back.
    def on_report(self, name, original, status, exec_type):
        root = self.roots.get(original or name, original or name)
        if exec_type == "Replaced" or root not in self.sent:
            root = self.roots.get(name, root)
        if root not in self.sent:
            return  # a cancel-all's own
        if root in self.unanswered:
            self.unanswered.discard(root)
            self.answered += 1
        self.note_doubt(root, status)
        self.status[root] = status
        change = set.add if status == "PendingNew" else set.discard
        change(self.pending[self.account_of[root]], root)
        if status == "New":
            self.resting[root] = name if exec_type == "Replaced" else original or name  # the name it bears now
        else:
            self.resting.pop(root, None)

    def note_doubt(self, root, status):
        now, before = time.monotonic(), self.status.get(root)
        if status == "InDoubt" and before != "InDoubt":
            self.doubts.setdefault(root, []).append((now, None, None))
        elif status != "InDoubt" and before == "InDoubt":
            self.doubts[root][-1] = (self.doubts[root][-1][0], now, status)

    # What goes out.
    def template(self, kind, key, names, **fields):
        if (kind, key) not in self.templates:
            self.templates[kind, key] = Template(kind, "alpha", self.session.session, names, **fields)
        return self.templates[kind, key]

    def write(self, kind, template, names):
        self.requests[kind] += 1
        self.session.write(template, names)
        if kind.startswith("New"):
            for name in names if kind == "NewOrder" else names[1:]:
                self.sends.setdefault(name, []).append(time.time_ns())

    def place(self, always=False):
        i, self.placed = self.placed, self.placed + 1
        account = self.chance.choices(self.stack.accounts, self.shares)[0]
        symbol, (price, quantity) = self.chance.choice(list(self.symbols(account).items()))
        # What this machine cannot bear is not sent: the rate is what it can.
        is_behind = len(self.pending[account]) > self.rate / 8 or len(self.unanswered) > self.rate
        if is_behind and not always:
            self.skipped += 1
            return None
        side, kind = self.chance.choice(["Buy", "Sell"]), self.chance.random()
        what = "rests" if kind < 0.6 else "fills" if kind < 0.92 else "pair" if kind < 0.95 else "wrong"
        if what == "pair" and self.stack.broker_of(account) != "binance":  # others have none, or of another kind
            what = "rests"
        if what == "pair":
            return self.place_pair(f"{i:010}", account, symbol, price, quantity)
        far = int(Number(price) * (Number("0.5") if side == "Buy" else 2))
        mark = "O" + 10 * "x"
        template = self.template("NewOrder", (account, symbol, side, what), [mark], **wire.new_order(
            mark, side, quantity, symbol, account, {"rests": far, "fills": None, "wrong": "1.2345678"}[what]))
        return self.send(account, f"O{i:010}", "NewOrder", template, [f"O{i:010}"])

    def place_pair(self, i, account, symbol, price, quantity):
        """One cancels the other: a limit above the market, a stop below."""
        marks = ["L" + 10 * "z", "O" + 10 * "y" + "a", "O" + 10 * "y" + "b"]
        take = wire.new_order(marks[1], "Sell", quantity, symbol, account, price * 2)
        stop = {**wire.new_order(marks[2], "Sell", quantity, symbol, account, price // 2 - 1),
                "order_type": "StopLimit", "stop_px": Number(price // 2)}
        template = self.template("NewOrderList", (account, symbol), marks, list_id=marks[0],
                                 list_type="OneCancelsOther",
                                 orders=[wire.body("NewOrder", **order) for order in (take, stop)])
        names = [f"L{i}", f"O{i}a", f"O{i}b"]
        self.pairs.update({name: names[0] for name in names[1:]})
        self.send(account, names[1], "NewOrderList", template, names)
        self.send(account, names[2], "", template, names)  # in the same message

    def send(self, account, name, kind, template, names):
        self.unanswered.add(name)
        self.account_of[name] = account
        self.sent[name] = (kind, template, names)
        self.first_sent[name] = self.last_sent[name] = time.monotonic()
        if kind:
            self.write(kind, template, names)

    def replace(self, root, name):
        """To another price, or to a smaller quantity."""
        template = self.sent[root][1]
        account, symbol, side, _ = next(key for (kind, key), t in self.templates.items() if t is template)
        price, quantity = self.symbols(account)[symbol]
        marks = ["R" + 10 * "v", len(name) * "w"]
        if self.chance.random() < 0.5:
            change = {"price": Number(int(price * (0.6 if side == "Buy" else 1.9)))}
        else:
            change = {"order_qty": Number(quantity) / 2}
        new_name = f"R{self.requests['ReplaceOrder']:010}"
        self.roots[new_name] = root
        template = self.template("ReplaceOrder", (symbol, side, *change), marks, client_order_id=marks[0],
                                 orig_client_order_id=marks[1], **change)
        self.write("ReplaceOrder", template, [new_name, name])

    def cancel(self, root, name):
        i = self.requests["CancelOrder"] + self.requests["CancelOrderList"]
        marks = ["C" + 10 * "t", "O" + 10 * "u"]
        if root in self.pairs:
            kind, name = "CancelOrderList", self.pairs[root]
            template = self.template(kind, "", marks, client_order_id=marks[0], list_id=marks[1])
        else:
            kind = "CancelOrder"
            template = self.template(kind, "", marks, client_order_id=marks[0], orig_client_order_id=marks[1])
        self.write(kind, template, [f"C{i:010}", name])

    def disturb_resting(self):
        """Of those that rest, the oldest are cancelled beyond a number, and now and then one is replaced."""
        while len(self.resting) > RESTING_MAX:
            root = next(iter(self.resting))
            name = self.resting.pop(root)
            if root not in self.pairs and self.chance.random() < 0.1:
                self.replace(root, name)
            else:
                self.cancel(root, name)

    def cancel_all(self):
        i = self.requests["CancelAll"]
        account = self.chance.choice(self.stack.accounts)
        symbol = self.chance.choice(list(self.symbols(account)))
        mark = "A" + 10 * "s"
        template = self.template("CancelAll", (account, symbol), [mark], client_order_id=mark, account=account,
                                 symbol=symbol)
        self.write("CancelAll", template, [f"A{i:010}"])

    def again(self, patience=1.0):
        """What was not answered is said again, under its name: that is what a client does after a death."""
        now = time.monotonic()
        for name in list(self.unanswered):
            if now - self.last_sent[name] > patience:
                kind, template, names = self.sent[name]
                self.last_sent[name] = now
                if kind:
                    self.write(kind, template, names)

    def run(self, is_over):
        """Orders per second that it came to."""
        begin = last_all = last_again = time.monotonic()
        first, first_skipped = self.placed, self.skipped
        while not is_over():
            now = time.monotonic()
            self.session.drain()
            due = int((now - begin) * self.rate) - (self.placed - first)
            if self.session.hello_again:  # the router does not know us yet: nothing is said to it but hello
                self.placed, self.skipped, due = self.placed + due, self.skipped + due, 0
            for _ in range(min(due, 50)):
                self.place()
            if not self.session.hello_again:
                self.disturb_resting()
            if now - last_again > 0.2:
                last_again = now
                self.again()
            if now - last_all > 2:
                last_all = now
                self.cancel_all()
            time.sleep(max(0.0, 0.01 - (time.monotonic() - now)))
        return (self.placed - first - self.skipped + first_skipped) / (time.monotonic() - begin)

    def drain_until(self, is_so, seconds):
        end = time.monotonic() + seconds
        while not is_so():
            check(time.monotonic() < end, "waited", seconds, "s in vain")
            self.session.drain()

    def open_ones(self):
        return {n: self.status.get(n) for n in self.sent if self.status.get(n) not in SETTLED}

    def settle(self, seconds):
        def is_settled():
            self.session.pump(0.05)
            self.session.drain()
            self.again()
            return not self.open_ones()
        try:
            wait_for("every order to be settled", is_settled, seconds, 0)
        finally:
            if open_ones := self.open_ones():
                print("not settled:", dict(list(open_ones.items())[:20]), "of", len(open_ones), flush=True)


class Quotes:
    """What the load has of market data: quotes published onto the hub's quotes_in, as gateways do it, by a process of its
    own. Taking 5,000 changes a second through the venue's TLS and four gateways would measure the venue."""

    def __init__(self, stack, rate=None):
        self.process = multiprocessing.get_context("spawn").Process(
            target=publish_quotes, args=(stack.endpoint("quotes_in"), rate or size.QUOTES_PER_SECOND, os.getpid()),
            daemon=True)
        self.process.start()

    def stop(self):
        self.process.terminate()
        self.process.join()


def publish_quotes(endpoint, rate, parent):
    socket = wire.CONTEXT.socket(zmq.PUB)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(endpoint)
    header = {"environment": "Paper", "sender": "quotes"}
    messages = []
    for i in range(50):
        symbol = f"Q{i}/USDT"
        data = wire.encode("Quote", header, source="quotes", symbol=symbol, sequence=Template.SEQUENCE,
                           bid_px=Number("100.01"), ask_px=Number("100.02"), bid_qty=Number("1.5"),
                           ask_qty=Number("2.5"), receive_time_ns=Template.SENT)
        topic = f"quote.quotes.{symbol}".encode()
        topic += bytes(16 - len(topic) % 16)
        places = [len(topic) + data.index(struct.pack("<q", mark)) for mark in (Template.SEQUENCE, Template.SENT)]
        messages.append((bytearray(topic + data), places))
    begin, sent = time.monotonic(), 0
    while os.getppid() == parent:
        for _ in range(min(int((time.monotonic() - begin) * rate) - sent, 1000)):
            message, places = messages[sent % len(messages)]
            struct.pack_into("<q", message, places[0], sent // len(messages) + 1)
            struct.pack_into("<q", message, places[1], time.time_ns())
            socket.send(bytes(message), zmq.DONTWAIT)
            sent += 1
        time.sleep(0.005)
