"""kill -9 of one process at many random points while orders flow. Afterwards nothing may be lost, nothing may have
arrived twice, all that the broker heard of was on disk before it heard, and we, journal and venue tell the same.

  faults.py router|auditd|gateway [--kills 50] [--rate N] [--seed N]

The rate is a quarter of 2,000 orders/s: 500, or for the one gateway of four that is killed here, 125."""
import argparse
import bisect
import os
import random
import statistics
import sys
import threading
import time
from pathlib import Path

from stack import BIN, Number, Stack, check, compare_all, wait_for, wait_synced
import wire

SYMBOLS = {"BTC/USDT": (60000, "0.001"), "ETH/USDT": (3000, "0.01"), "BNB/USDT": (500, "0.1"), "LTC/USDT": (70, "1")}
SETTLED = wire.FINAL | {"New", "PartiallyFilled"}


class Killer(threading.Thread):
    """Kills at random moments, starts again at once, and waits until the process has found back."""

    def __init__(self, stack, victim, kills, chance):
        super().__init__(daemon=True)
        self.stack, self.victim, self.kills, self.chance = stack, victim, kills, chance
        self.done = 0
        self.error = None
        self.back = []  # seconds until it did its work again

    def run(self):
        try:
            asker = wire.Req(self.stack.endpoint("orders"), "cli")
            while self.done < self.kills:
                time.sleep(self.chance.uniform(0.05, 0.9))
                process = self.stack.processes[self.victim]
                check(process.is_running(), self.victim, "ended by itself with", process.popen.returncode,
                      process.tail())
                before = self.lives(asker)
                process.kill()
                begin = time.monotonic()
                process.start()
                while not self.is_back(asker, before):
                    check(time.monotonic() - begin < 30, self.victim, "is not back after 30 s")
                self.back.append(time.monotonic() - begin)
                self.done += 1
        except Exception as error:  # told to the main thread
            self.error = error
            self.done = self.kills
        threading.Event().wait()  # what this thread has started dies with it

    def status(self, asker):
        try:
            answer = asker.ask("Query", timeout=0.25, kind="Status")
        except TimeoutError:
            return None
        return answer if answer["type"] == "Answer" else None

    def lives(self, asker):
        """Which life of a gateway the router speaks with, and what of the stream auditd has synced."""
        answer = wait_for("the router's status", lambda: self.status(asker), 5)
        return {g["incarnation"] for g in answer["gateways"]}, answer["status"]["audited_sequence"]

    def is_back(self, asker, before):
        answer = self.status(asker)
        if not answer:
            return False
        if self.victim == "gateway":
            return ({g["incarnation"]
                     for g in answer["gateways"]} != before[0] and all(g["connected"] for g in answer["gateways"])
                    and all(s["state"] == "Ok" and s["reconciled"] for s in answer["sessions"]))
        if self.victim.startswith("auditd"):
            return answer["status"]["audited_sequence"] > before[1]
        return True


class Load:
    """One client that trades: orders that rest and are cancelled, orders that fill, and some that are wrong."""

    def __init__(self, stack, chance, rate):
        self.stack, self.chance, self.rate = stack, chance, rate
        self.dealer = stack.dealer("load")
        self.dealer.hello()
        self.sent = {}      # client order id: fields
        self.last_sent = {}
        self.cancels = {}   # order: cancel's id
        self.status = {}
        self.seen = 0

    def take_reports(self):
        for report in self.dealer.reports[self.seen:]:
            self.status[report["orig_client_order_id"] or report["client_order_id"]] = report["order_status"]
        self.seen = len(self.dealer.reports)

    def place(self, i):
        symbol, (price, quantity) = self.chance.choice(list(SYMBOLS.items()))
        kind = self.chance.random()
        side = self.chance.choice(["Buy", "Sell"])
        if kind < 0.6:
            far = Number(price) * (Number("0.5") if side == "Buy" else 2)
            fields = wire.new_order(f"O{i}", side, quantity, symbol, price=int(far))
        elif kind < 0.95:
            fields = wire.new_order(f"O{i}", side, quantity, symbol)
        else:
            fields = wire.new_order(f"O{i}", side, quantity, symbol, price="1.2345678")
        self.send(fields)

    def send(self, fields):
        name = fields["client_order_id"]
        self.sent[name] = fields
        self.last_sent[name] = time.monotonic()
        self.dealer.send("NewOrder", **fields)

    def cancel_some(self):
        resting = [n for n, s in self.status.items() if s == "New" and n not in self.cancels]
        for name in resting[:max(0, len(resting) - 60)] + [n for n in resting[-60:] if self.chance.random() < 0.2]:
            self.cancels[name] = f"C{name}"
            self.dealer.send("CancelOrder", client_order_id=f"C{name}", orig_client_order_id=name)

    def is_behind(self):
        """Answers wait to be read: whoever asks again before reading them only adds to them, without end."""
        return bool(self.dealer.socket.poll(0))

    def again(self):
        """What was not answered is said again, under its name: that is what a client does after a death."""
        if self.is_behind():
            return
        now = time.monotonic()
        for name, fields in self.sent.items():
            if name not in self.status and now - self.last_sent[name] > 1.0:
                self.send(fields)

    def run(self, is_over):
        i = 0
        begin = time.monotonic()
        while not is_over():
            due = int((time.monotonic() - begin) * self.rate) - i
            is_late = due > 20 or len(self.sent) - len(self.status) > 2 * self.rate
            for _ in range(0 if is_late and self.is_behind() else min(due, 20)):
                self.place(i)
                i += 1
            if is_late:  # this machine cannot: the rate is what it can
                begin = time.monotonic() - i / self.rate
            self.dealer.pump(0.02)
            self.take_reports()
            self.cancel_some()
            if i % 10 == 0:
                self.again()
        return i / (time.monotonic() - begin)

    def settle(self, seconds):
        def is_settled():
            self.dealer.pump(0.2)
            self.take_reports()
            self.again()
            return all(self.status.get(n) in SETTLED for n in self.sent)
        try:
            wait_for("every order to be settled", is_settled, seconds, 0)
        finally:
            open_ones = {n: self.status.get(n) for n in self.sent if self.status.get(n) not in SETTLED}
            if open_ones:
                print("not settled:", dict(list(open_ones.items())[:20]), "of", len(open_ones), flush=True)


def synced_at(file):
    """For each record the moment (CLOCK_BOOTTIME) from which it was on disk: [(last sequence, ns)], rising."""
    waiting, out = 0, []
    for line in file.read_text().splitlines():
        kind, *numbers = line.split()
        if kind == "w":
            waiting = int(numbers[1])
        elif waiting > (out[-1][0] if out else 0):
            out.append((waiting, int(numbers[0])))
    return out


def written_before_sent(stack, journal):
    """Every arrival of an order at the venue: was the record it stands on synced before? Returns the margins in ns."""
    causes = {}
    for record in journal:
        message = record["message"]
        if record["kind"] == "Output" and message["message"]["type"] == "PlaceCommand":
            command = message["message"]["command"]
            if not command["possible_resend"]:
                causes.setdefault(command["venue_order_id"], message["input_sequence"])
    times = synced_at(stack.sync_times)
    lasts = [last for last, _ in times]
    margins = []
    for arrival in stack.venue.arrivals("order.place"):
        cause = causes.get(arrival["client_order_id"])
        check(cause, "the venue heard of", arrival["client_order_id"], "which the journal never sent")
        at = bisect.bisect_left(lasts, cause)
        check(at < len(times), "record", cause, "was never synced, and its order arrived")
        margins.append(arrival["boottime_ns"] - times[at][1])
    check(min(margins, default=1) > 0, "an order arrived", -min(margins, default=0), "ns before its record was synced")
    return margins


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("victim", choices=["router", "auditd", "gateway"])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    options.rate = options.rate or (125 if options.victim == "gateway" else 500)
    print(f"faults {options.victim}: seed {options.seed}, {options.kills} kills, {options.rate} orders/s", flush=True)
    chance = random.Random(options.seed)
    preload = Path(os.environ.get("BUSBAR_LIB", BIN)) / "libbusbar_sync_times.so"
    with Stack(f"faults-{options.victim}",
               preload=preload,
               follow=True,
               seed=options.seed % 1000 + 1,
               recv_window_ms=1000) as stack:
        stack.venue.move(20)
        if options.victim == "gateway":  # half of the deaths fall between request and answer
            stack.venue.fault("delay_answer", endpoint="order.place", probability=0.5, ms=150)
        victim = "auditd-core" if options.victim == "auditd" else options.victim
        load = Load(stack, chance, options.rate)
        killer = Killer(stack, victim, options.kills, random.Random(options.seed + 1))
        begin = time.monotonic()
        killer.start()
        rate = load.run(lambda: killer.done >= options.kills)
        check(killer.error is None, killer.error)
        lasted = time.monotonic() - begin
        stack.venue.clear_faults()
        stack.venue.move(0)
        load.settle(120)
        settled = time.monotonic() - begin - lasted

        wait_synced(stack, 30)
        known = {o["client_order_id"]: o for o in stack.busbar("orders", "--all", client="alpha")[1]}
        lost = [n for n in load.sent if n not in known]
        check(not lost, len(lost), "orders are lost:", lost[:10])
        names = [a["client_order_id"] for a in stack.venue.arrivals("order.place")]
        check(len(names) == len(set(names)), "sent twice:", [n for n in set(names) if names.count(n) > 1])
        orders = compare_all(stack)
        journal = stack.journal("core")
        sequences = [r["sequence"] for r in journal]
        check(sequences == list(range(1, len(sequences) + 1)), "the journal has a gap")
        in_journal = {
            r["message"]["client_order_id"]
            for r in journal if r["kind"] == "Input" and r["message"]["type"] == "NewOrder"
        }
        check(not set(load.sent) - in_journal, "not in the journal:", list(set(load.sent) - in_journal)[:10])
        margins = written_before_sent(stack, journal)
        verified = stack.busbar("journal", "verify", "core")[1][0]
        rechecked = stack.busbar("journal", "recheck")[1][0]
        doubts = sum(r["kind"] == "Output" and r["message"]["message"]["type"] == "ExecutionReport"
                     and r["message"]["message"]["exec_type"] == "InDoubt" and r["message"]["destination"] == "Session"
                     for r in journal)
        back = sorted(killer.back)
        print(
            f"faults {options.victim}: {killer.done} kills in {lasted:.1f} s at {rate:.0f} orders/s, "
            f"settled {settled:.1f} s later\n"
            f"  {len(load.sent)} orders, {orders} at the venue, {len(names)} arrivals: 0 lost, 0 twice, "
            f"all states as in the venue's book\n"
            f"  {len(margins)} of {len(margins)} arrivals after their record was synced, "
            f"by {min(margins) / 1e6:.2f} ms at least, {statistics.median(margins) / 1e6:.2f} ms in the middle\n"
            f"  back after {statistics.median(back):.2f} s in the middle, {back[-1]:.2f} s at most; "
            f"{doubts} times in doubt\n"
            f"  {verified['records']} records verified, {rechecked['outputs']} decisions rechecked",
            flush=True)


if __name__ == "__main__":
    main()
    sys.exit(0)
