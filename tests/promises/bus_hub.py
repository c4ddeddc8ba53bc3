"""The hub and its subscribers. B1: one that is frozen while quotes flow costs the publisher, the other subscribers and the
orders beside nothing; when it goes on it sees by the numbers what it has missed, and has the last values at once. B2: one
that joins late has the last values and all that follows, without a gap between the two, and ends with what the model has.

  bus_hub.py              both
  (publish, subscribe, join: the processes that it starts)"""
import array
import collections
import json
import os
import random
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
import zmq  # noqa: E402
import size  # noqa: E402
import wire  # noqa: E402
from stack import Number, Stack, check, wait_for  # noqa: E402

RATE = {"full": 50_000, "ci": 10_000, "sanitizer": 1_000}[size.SIZE]        # quotes per second, B1
JOIN_RATE = {"full": 100_000, "ci": 10_000, "sanitizer": 1_000}[size.SIZE]  # and B2
PAUSE = {"full": 10.0, "ci": 4.0, "sanitizer": 4.0}[size.SIZE]
JOINS = size.times(200, 10)
QUEUE = max(2 * RATE, 2_000) if size.SIZE != "full" else 50_000  # of the hub for one subscriber: less than passes in a pause
ORDERS_PER_SECOND = size.ORDERS_PER_SECOND // 5
ACTIVE, QUIET = 20, 100  # topics that always change, and that never do
SEQUENCE, PRICE = 0x1122334455667788, 0x0807060504030201


def topic(kind, number):
    return f"quote.{kind}.S{number:03}".encode()


class Template:
    """A quote as it goes over the wire, with the places of its sequence and its price."""

    def __init__(self, kind, number):
        name = topic(kind, number)
        head = name + b"\0" * (16 - len(name) % 16)
        quote = wire.encode("Quote", {"environment": "Paper", "sender": "model"}, source=kind, symbol=f"S{number:03}",
                            sequence=SEQUENCE, incarnation=1, bid_px=Number(PRICE), bid_qty=Number(1))
        self.frame = bytearray(head + quote)
        self.sequence_at = self.frame.index(SEQUENCE.to_bytes(8, "little"))
        self.price_at = self.frame.index(PRICE.to_bytes(8, "little"))

    def fill(self, sequence, price):
        self.frame[self.sequence_at:self.sequence_at + 8] = sequence.to_bytes(8, "little")
        self.frame[self.price_at:self.price_at + 8] = price.to_bytes(8, "little")
        return self.frame


def price_of(number, sequence):
    """What the model says a quote is."""
    return (number * 1_000_003 + sequence * 7919) % 1_000_000_007 + 1


def command():
    """A line from whoever started this process, if there is one."""
    return sys.stdin.readline().split() if select.select([sys.stdin], [], [], 0)[0] else None


def say(**what):
    print(json.dumps(what), flush=True)


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else 0


def publish(endpoint, rate):
    """The nth message is of topic n % ACTIVE. Every 2,000 a barrier says in its price how many there have been."""
    socket = wire.CONTEXT.socket(zmq.XPUB)  # a PUB that is told who listens
    socket.setsockopt(zmq.SNDHWM, 1_000_000)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(endpoint)
    active = [Template("model", i) for i in range(ACTIVE)]
    barrier = Template("model", 999)
    quiet = [Template("quiet", i) for i in range(QUIET)]
    check(socket.poll(60_000), "the hub does not listen")  # what is published before that is forgotten
    for i, template in enumerate(quiet):
        socket.send(template.fill(1, price_of(i, 1)))
    sent, barriers, took = 0, 0, array.array("q")
    begin = phase = time.perf_counter()
    phase_sent = 0
    say(ready=True)
    clock = time.perf_counter_ns
    while True:
        asked = command()
        if asked and asked[0] == "phase":  # how it was since the last time
            now = time.perf_counter()
            say(sent=sent, rate=(sent - phase_sent) / (now - phase), p50=percentile(took, 0.5) / 1000, p99=percentile(took, 0.99) / 1000)
            phase, phase_sent, took = now, sent, array.array("q")
        elif asked and asked[0] == "rate":
            rate, begin = int(asked[1]), time.perf_counter() - sent / int(asked[1])
            say(rate=rate)
        due = int((time.perf_counter() - begin) * rate) - sent
        if due > rate:  # this machine cannot: the rate is what it can
            begin, due = time.perf_counter() - sent / rate, 0
        for _ in range(min(due, 500)):
            number, sequence = sent % ACTIVE, sent // ACTIVE + 1
            frame = active[number].fill(sequence, price_of(number, sequence))
            before = clock()
            socket.send(frame)
            took.append(clock() - before)
            sent += 1
            if sent % 2000 == 0:
                barriers += 1
                socket.send(barrier.fill(barriers, sent + 1))
        if due < 20:
            time.sleep(0.001)


class Reader:
    """What a subscriber has: per topic the last number and price, how many came, and which are missing."""

    def __init__(self):
        self.template = Template("model", 0)
        self.last, self.price, self.received, self.missing, self.gaps = {}, {}, {}, {}, 0
        self.barrier = None

    def take(self, frame):
        """The number of the topic, or None for a barrier."""
        name = frame[13:16]
        sequence = int.from_bytes(frame[self.template.sequence_at:self.template.sequence_at + 8], "little")
        price = int.from_bytes(frame[self.template.price_at:self.template.price_at + 8], "little")
        if name == b"999":
            self.barrier = (sequence, price - 1)
            return None
        number = int(name)
        last = self.last.get(number)
        if last is None:
            self.received[number] = self.missing[number] = 0
            last = sequence - 1
        if sequence <= last:  # a last value, sent again for someone else
            return number
        if sequence > last + 1:
            self.gaps += 1
            self.missing[number] += sequence - last - 1
        self.received[number] += 1
        self.last[number], self.price[number] = sequence, price
        return number


def subscribe(endpoint, queue):
    socket = wire.CONTEXT.socket(zmq.SUB)
    socket.setsockopt(zmq.RCVHWM, queue)
    socket.connect(endpoint)
    socket.setsockopt(zmq.SUBSCRIBE, b"quote.model.")
    reader = Reader()
    first = {}
    while True:
        for _ in range(200):
            if not socket.poll(5):
                break
            frame = socket.recv()
            number = reader.take(frame)
            if number is not None:
                first.setdefault(number, reader.last[number])
        asked = command()
        if asked and asked[0] == "report":
            say(received=sum(reader.received.values()), missing=sum(reader.missing.values()), gaps=reader.gaps,
                barrier=reader.barrier, whole=all(reader.received[i] + reader.missing[i] == reader.last[i] - first[i] + 1
                                                  for i in reader.last))
        elif asked and asked[0] == "snapshot":
            # On a connection of its own: on the old one they would stand behind all that waits there.
            begin, seen = time.perf_counter(), set()
            other = wire.CONTEXT.socket(zmq.SUB)
            other.connect(endpoint)
            other.setsockopt(zmq.SUBSCRIBE, b"quote.quiet.")
            while len(seen) < QUIET and other.poll(5000):
                seen.add(other.recv()[:16])
            other.close()
            say(seen=len(seen), ms=(time.perf_counter() - begin) * 1000)


class Child:
    """One of the above, in a process of its own."""

    def __init__(self, *arguments):
        self.popen = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", sys.executable, "-B", __file__, *map(str, arguments)],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        """Every question is answered: two lines at once would be read as one event."""
        print(*words, file=self.popen.stdin, flush=True)
        return self.hear()

    def hear(self):
        line = self.popen.stdout.readline()
        check(line, "a process of the test ended with", self.popen.poll())
        return json.loads(line)

    def signal(self, number):
        self.popen.send_signal(number)

    def end(self):
        self.popen.kill()
        self.popen.wait()


def resident(process, what="VmRSS"):
    for line in Path(f"/proc/{process.popen.pid}/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    raise AssertionError("no " + what)


class Orders(threading.Thread):
    """Orders over the router beside the storm; each has to come to its end."""

    def __init__(self, stack):
        super().__init__(daemon=True)
        self.dealer = stack.dealer("beside")
        self.dealer.hello()
        self.sent, self.is_over, self.error = 0, False, None
        self.start()

    def run(self):
        try:
            begin = time.monotonic()
            while not self.is_over:
                while self.sent < (time.monotonic() - begin) * ORDERS_PER_SECOND:
                    more = {"price": "30000", "time_in_force": "ImmediateOrCancel"} if self.sent % 2 else {}
                    side = "Buy" if more or self.sent % 4 else "Sell"
                    order = wire.new_order(f"Q{self.sent}", side, "0.001", **more)
                    check(self.dealer.send("NewOrder", **order), "an order was not taken")
                    self.sent += 1
                self.dealer.pump(0.02)
        except Exception as error:  # told to the main thread
            self.error = error

    def settle(self):
        """Every order has come to its end, half of them by an execution."""
        self.is_over = True
        self.join()
        check(self.error is None, self.error)

        def ends():
            return {r["client_order_id"]: r["order_status"] for r in self.dealer.reports if r["order_status"] in wire.FINAL}

        def is_settled():
            self.dealer.pump(0.1)
            return len(ends()) >= self.sent
        try:
            wait_for("the end of every order", is_settled, pause=0)
        finally:
            print("B1: orders ended", dict(collections.Counter(ends().values())), "of", self.sent, flush=True)
        check(set(ends().values()) == {"Filled", "Expired"}, "orders were refused")
        numbers = [r["report_number"] for r in self.dealer.reports]
        check(numbers == list(range(1, len(numbers) + 1)), "a report is missing")
        return len(numbers)


def slow_subscriber(stack, publisher):
    """B1"""
    hub = stack.processes["hub"]
    orders = Orders(stack)
    # The good one has room for what comes while the machine is busy elsewhere: it may be late, it misses nothing.
    good = Child("subscribe", stack.endpoint("quotes_out"), 1_000_000)
    slow = Child("subscribe", stack.endpoint("quotes_out"), 1000)
    wait_for("both subscribers to hear", lambda: good.ask("report")["received"] and slow.ask("report")["received"])
    publisher.ask("phase")
    time.sleep(PAUSE)
    baseline = publisher.ask("phase")
    before = resident(hub)
    slow.signal(signal.SIGSTOP)
    time.sleep(PAUSE)
    paused = publisher.ask("phase")
    after = resident(hub)
    slow.signal(signal.SIGCONT)

    def has_seen_gap():
        report = slow.ask("report")
        return report["gaps"] and report
    seen = wait_for("the slow one to see what it has missed", has_seen_gap)
    snapshots = sorted((slow.ask("snapshot") for _ in range(5)), key=lambda s: s["ms"])
    check(all(s["seen"] == QUIET for s in snapshots), "last values are missing:", snapshots)

    # Another second, and both have all that was sent, or know what they have missed.
    time.sleep(1.0)
    barrier = good.ask("report")["barrier"]
    final = wait_for("the slow one to be up to date", lambda: (r := slow.ask("report"))["barrier"][0] >= barrier[0] and r)
    well = good.ask("report")
    reports = orders.settle()
    check(well["missing"] == 0 and well["whole"], "the other subscriber has missed some:", well)
    check(final["whole"] and final["missing"] > 0, "its numbers do not tell what it has missed:", final)
    check(seen["whole"], "what came before the gap was noticed does not add up:", seen)
    growth = after - before
    ratio = paused["p99"] / max(baseline["p99"], 0.001)
    print(f"B1: paused {PAUSE:.0f} s at {paused['rate']:,.0f} quotes/s (aim {RATE:,}): publisher's send p99 {paused['p99']:.1f} us, "
          f"before {baseline['p99']:.1f} us: {ratio:.2f}x (aim 1.2x); hub grew by {growth:.1f} MB (limit 64)\n"
          f"B1: {final['missing']:,} missed in {final['gaps']} gaps, each seen by the first number after; the other subscriber "
          f"missed 0 of {well['received']:,}; last values of {QUIET} topics in {snapshots[2]['ms']:.0f} ms (limit 200), worst of "
          f"5 {snapshots[-1]['ms']:.0f} ms\nB1: {orders.sent} orders beside, {reports} reports, 0 lost", flush=True)
    check(growth <= 64 or size.SIZE == "sanitizer", "the hub grew by", growth, "MB")
    check(snapshots[2]["ms"] <= 200, "last values took", snapshots[2]["ms"], "ms")
    # The publisher hands to its own queue and knows no subscriber; on a machine of two cores the others' work shows in both
    # figures, so that only what blocking would look like is refused.
    check(paused["p99"] <= 1.2 * baseline["p99"] + 1000, "sends took", paused["p99"], "us")
    good.end()
    slow.end()


def join(stack, chance):
    """One late subscriber: how many messages it was given until it was up to date at a barrier."""
    reader = Reader()
    socket = wire.CONTEXT.socket(zmq.SUB)
    socket.setsockopt(zmq.RCVHWM, 0)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(stack.endpoint("quotes_out"))
    time.sleep(chance.uniform(0, 0.02))  # any moment between two messages
    if chance.random() < 0.5:
        socket.setsockopt(zmq.SUBSCRIBE, b"quote.model.")
    else:
        for i in [*range(ACTIVE), 999]:
            socket.setsockopt(zmq.SUBSCRIBE, topic("model", i) + b"\0")
    quiet = topic("quiet", chance.randrange(QUIET))
    socket.setsockopt(zmq.SUBSCRIBE, quiet + b"\0")
    has_quiet = False
    end = time.monotonic() + 60
    # The first barrier may be a last value too; the second is live for certain.
    barriers = set()
    while len(barriers) < 3 or not has_quiet:
        check(time.monotonic() < end and socket.poll(60_000), "nothing comes to a late subscriber")
        frame = socket.recv()
        if frame.startswith(quiet):
            has_quiet = True
        elif reader.take(frame) is None:
            barriers.add(reader.barrier[0])
    socket.close()
    sent = reader.barrier[1]
    for number in range(ACTIVE):
        model = (sent - number + ACTIVE - 1) // ACTIVE  # how many of the first `sent` are of this topic
        check(reader.missing[number] == 0, "topic", number, "has a gap of", reader.missing[number])
        check(reader.last[number] == model, "topic", number, "is at", reader.last[number], "and the model at", model)
        check(reader.price[number] == price_of(number, model), "topic", number, "is not what the model says")
    return sum(reader.received.values())


def late_joiners(stack, publisher, chance):
    """B2"""
    publisher.ask("rate", JOIN_RATE)
    publisher.ask("phase")
    begin = time.monotonic()
    received = [join(stack, chance) for _ in range(JOINS)]
    phase = publisher.ask("phase")
    print(f"B2: {JOINS} joins at {phase['rate']:,.0f} messages/s (aim {JOIN_RATE:,}): last values and what followed equal the model "
          f"{JOINS}/{JOINS}, {sum(received):,} messages, 0 gaps; {(time.monotonic() - begin) / JOINS:.2f} s each", flush=True)


def main():
    seed = int(os.environ.get("BUSBAR_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"B1: seed {seed}", flush=True)
    with Stack("bus-hub", symbols=f"[hub]\nsubscriber_queue_max = {QUEUE}", rate=20, recv_window_ms=20_000,
               order_ttl_ms=20_000, seed=seed % 1000 + 1) as stack:
        publisher = Child("publish", stack.endpoint("quotes_in"), RATE)
        check(publisher.hear()["ready"], "the publisher does not run")
        try:
            slow_subscriber(stack, publisher)
            late_joiners(stack, publisher, random.Random(seed))
        finally:
            publisher.end()


if __name__ == "__main__":
    if sys.argv[1:2] == ["publish"]:
        publish(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1:2] == ["subscribe"]:
        subscribe(sys.argv[2], int(sys.argv[3]))
    else:
        main()
