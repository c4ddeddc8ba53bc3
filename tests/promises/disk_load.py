"""One client of one account, for the tests of disks: orders that rest and are cancelled, that fill, and some that are
wrong. They may be padded, so that a disk fills in seconds. And one who disturbs the daemons meanwhile."""
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
from stack import check, wait_for  # noqa: E402
import wire  # noqa: E402

from load import SETTLED, SYMBOLS, Session, Template  # noqa: E402

RESTING_MAX = 60


class Load:
    padding = 0  # bytes behind each order

    def __init__(self, stack, chance, rate):
        self.chance, self.rate = chance, rate
        self.session = Session(stack, "load")
        self.session.on_report = self.on_report
        self.session.on_welcome = lambda: self.again(0)
        self.templates = {}
        self.sent = {}        # client order id: its template; what was refused is taken out
        self.first_sent = {}
        self.unanswered = {}  # when it was last sent
        self.status = {}
        self.pending = set()  # taken, and no word yet from the broker
        self.resting = {}     # New, in order of age; of more than so many the oldest are cancelled
        self.kept = set()     # but these are left alone
        self.refused = set()
        self.placed = 0

    def on_report(self, name, original, status, exec_type):
        order = original or name
        if order not in self.sent:
            return
        self.unanswered.pop(order, None)
        self.status[order] = status
        (self.pending.add if status == "PendingNew" else self.pending.discard)(order)
        if status == "New" and order not in self.kept:
            self.resting[order] = None
        else:
            self.resting.pop(order, None)

    def template(self, kind, key, marks, **fields):
        if (kind, key) not in self.templates:
            self.templates[kind, key] = Template(kind, "alpha", "load", marks, **fields)
        return self.templates[kind, key]

    def place(self, name, symbol, side, what):
        price, quantity = SYMBOLS[symbol]
        far = int(price * (0.5 if side == "Buy" else 2))
        mark = "O" + 10 * "x"
        self.sent[name] = self.template("NewOrder", (symbol, side, what), [mark], **wire.new_order(
            mark, side, quantity, symbol, price={"rests": far, "fills": None, "wrong": "1.2345678"}[what]))
        self.first_sent[name] = time.monotonic()
        self.send(name)

    def send(self, name):
        self.unanswered[name] = time.monotonic()
        self.session.sequence += 1
        data = self.sent[name].fill(self.session.sequence, [name]) + bytes(self.padding)
        try:
            self.session.socket.send(data, wire.zmq.DONTWAIT)
        except wire.zmq.Again:
            pass  # it is said again, as what nobody answers is

    def place_any(self):
        kind = self.chance.random()
        self.place(f"O{self.placed:010}", self.chance.choice(list(SYMBOLS)), self.chance.choice(["Buy", "Sell"]),
                   "rests" if kind < 0.6 else "fills" if kind < 0.95 else "wrong")
        self.placed += 1

    def cancel(self, name, letter="C"):
        marks = ["C" + 10 * "t", "O" + 10 * "u"]
        template = self.template("CancelOrder", "", marks, client_order_id=marks[0], orig_client_order_id=marks[1])
        self.session.write(template, [letter + name[1:], name])

    def take(self):
        self.session.drain()
        for name, error, _ in self.session.unnumbered:
            check(error == "JournalDown", name, "was refused for", error)
            if name in self.unanswered:  # nobody has it, and nobody asks again
                del self.unanswered[name], self.sent[name]
                self.refused.add(name)
        self.session.unnumbered.clear()

    def again(self, patience=1.0):
        """What was not answered is said again, under its name: that is what a client does after a death."""
        now = time.monotonic()
        for name in [name for name, at in self.unanswered.items() if now - at > patience]:
            self.send(name)

    def run(self, is_over):
        """Orders per second that it came to."""
        begin, first, due_before = time.monotonic(), self.placed, 0
        while not is_over():
            now = time.monotonic()
            self.take()
            due = int((now - begin) * self.rate)
            # What this machine cannot bear is not sent: the rate is what it can.
            if len(self.unanswered) < self.rate and len(self.pending) < self.rate / 8:
                for _ in range(min(due - due_before, 50)):
                    self.place_any()
            due_before = due
            while len(self.resting) > RESTING_MAX:
                oldest = next(iter(self.resting))
                del self.resting[oldest]
                self.cancel(oldest)
            self.again()
            time.sleep(max(0.0, 0.01 - (time.monotonic() - now)))
        return (self.placed - first) / (time.monotonic() - begin)

    def wait(self, what, question, seconds=60):
        def is_so():
            self.session.pump(0.02)
            self.take()
            self.again()
            return question()

        wait_for(what, is_so, seconds, 0)

    def settle(self, seconds):
        self.wait("every order to be settled", lambda: all(self.status.get(name) in SETTLED for name in self.sent),
                  seconds)

    def rest(self, count):
        """Orders far from the market which are left alone."""
        names = [f"R{len(self.kept) + i:010}" for i in range(count)]
        self.kept.update(names)
        for name in names:
            self.place(name, "BTC/USDT", "Buy", "rests")
        self.wait("orders to rest", lambda: all(self.status.get(name) == "New" for name in names))
        return names

    def taken_since(self, moment):
        """Has an order been taken that was first sent since?"""
        return any(self.first_sent[name] > moment for name in list(reversed(self.status))[:1000])


class Disturber(threading.Thread):
    """Brings router and archive to their end in turn, so many times; starts each again and waits until it works again."""

    def __init__(self, stack, times, chance):
        super().__init__(daemon=True)
        self.stack, self.times, self.chance = stack, times, chance
        self.done, self.error = 0, None
        self.back = []  # seconds until it did its work again

    def end(self, name):
        """Sees to it that the daemon ends, and waits for that."""
        raise NotImplementedError

    def run(self):
        try:
            asker = wire.Req(self.stack.endpoint("orders"), "cli")
            while self.done < self.times:
                name = ("router", "auditd-core")[self.done % 2]
                process = self.stack.processes[name]
                before = wait_for("the router's status", lambda: self.status(asker))["audited_sequence"]
                self.end(name)
                begin = time.monotonic()
                process.start()
                while not self.is_back(asker, name, before):
                    check(process.is_running(), name, "ended with", process.popen.returncode, process.tail())
                    check(time.monotonic() - begin < 60, name, "is not back after 60 s", process.tail())
                self.back.append(time.monotonic() - begin)
                self.done += 1
        except Exception as error:  # told to the main thread
            self.error = error
            self.done = self.times
        threading.Event().wait()  # what this thread has started dies with it

    @staticmethod
    def status(asker):
        try:
            answer = asker.ask("Query", timeout=0.25, kind="Status")
        except TimeoutError:
            return None
        return answer["status"] if answer["type"] == "Answer" else None

    def is_back(self, asker, name, before):
        status = self.status(asker)
        return bool(status) and (name == "router" or status["audited_sequence"] > before)
