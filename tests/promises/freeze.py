"""Processes that stand still: SIGSTOP and, seconds later, SIGCONT, while orders flow. See PROMISES B4.

  freeze.py [--rounds N] [--seconds N] [--seed N]"""
import argparse
import os
import random
import signal
import statistics
import sys
import threading
import time
from pathlib import Path

from load import check, drawn_seed, four_gateways, wait_for, wire
from afterwards import Aftermath
from crash import Watch, settle, start_load, until
import size
import zmq

TTL_MS = 1000      # what an order has when it says nothing: B4 and A19 are about this one
NOISE_S = 0.5      # what this test takes to look, on two cores that others use too
LATE_MS = 250      # for the clocks of client, router and broker to disagree, and for a request to be signed


class Freeze(threading.Thread):
    """One process stands still for so long. How long until somebody said so, and until it did its work again."""

    def __init__(self, stack, name, seconds):
        super().__init__(daemon=True)
        self.stack, self.name, self.lasts = stack, name, seconds
        self.noticed = self.back = self.error = None
        self.refused = None  # from when to when new orders had to be refused
        self.start()

    def run(self):
        try:
            self.freeze(Watch(self.stack))
        except Exception as error:  # told to the main thread
            self.error = error

    def freeze(self, watch):
        pid = self.stack.processes[self.name].popen.pid
        is_noticed = self.noticing(watch)
        begin = time.monotonic()
        os.kill(pid, signal.SIGSTOP)
        try:
            if is_noticed:
                self.noticed = until(is_noticed, f"{self.name} to be missed", self.lasts + 5)
            known = time.monotonic()
            time.sleep(max(0.0, begin + self.lasts - known))
            self.refused = known, time.monotonic()
        finally:
            os.kill(pid, signal.SIGCONT)
        if is_back := self.coming_back(watch):
            self.back = until(is_back, f"{self.name} to be back")

    def said(self, name, words):
        process = self.stack.processes[name]
        before = Path(process.log).read_text(errors="replace").count(words)
        return lambda: Path(process.log).read_text(errors="replace").count(words) > before

    def noticing(self, watch):
        if self.name in self.stack.gateway_names:
            gateway = self.stack.gateways[self.stack.gateway_names.index(self.name)]
            return lambda: any(g["gateway"] == gateway and not g["connected"]
                               for g in (watch.status() or {}).get("gateways", []))
        if self.name == "router":
            said = [self.said(name, "the router is silent") for name in self.stack.gateway_names]
            return lambda: all(each() for each in said)
        return self.said("router", "the archive is silent") if self.name == "auditd-core" else None

    def coming_back(self, watch):
        if self.name in self.stack.gateway_names:
            gateway = self.stack.gateways[self.stack.gateway_names.index(self.name)]
            return lambda: watch.is_ready([gateway])
        if self.name == "router":
            return watch.is_ready
        if self.name == "hub":
            return self.hears_quotes()
        if self.name == "auditd-core":
            before = watch.known()["status"]["last_sequence"]
            return lambda: (watch.audited() or 0) >= before
        return None

    def hears_quotes(self):
        socket = wire.CONTEXT.socket(zmq.SUB)
        socket.setsockopt(zmq.SUBSCRIBE, b"quote.")
        socket.connect(self.stack.endpoint("quotes_out"))
        return lambda: bool(socket.poll(0))


def groups(stack):
    """Who stands still at the same time: nobody who would have to notice another."""
    return [[*stack.gateway_names, "hub"], ["router"], ["auditd-core", "auditd-tape", "auditd-market"], ["router"]]


def check_refused(load, stack, freeze):
    """What was sent to an account whose gateway was missed has to be refused, all of it."""
    account = stack.accounts[stack.gateway_names.index(freeze.name)]
    begin, end = freeze.refused
    names = [n for n, at in load.first_sent.items() if load.account_of[n] == account and begin + 0.1 < at < end - 0.1]
    passed = {n: load.status[n] for n in names if load.status[n] != "Rejected"}
    check(not passed, len(passed), "orders for", account, "were taken, and its gateway stood still:",
          list(passed.items())[:5])
    return len(names)


def check_stale(load, aftermath):
    """How old the oldest order was when its request was signed, counted from when the client sent what the router took."""
    ages = []
    for name, arrival in aftermath.names:
        order = aftermath.journal.orders.get(name)
        if order is None or name in aftermath.journal.successors:
            continue
        taken = aftermath.journal.taken[order]
        # A router that stood still in the middle of its turn takes what came meanwhile with the time of before: the first copy.
        sent = max((at for at in load.sends[order] if at <= taken + LATE_MS * 1_000_000), default=min(load.sends[order]))
        # Coinbase's requests bear whole seconds: when it came tells as much, less what the way takes at most.
        signed = int(arrival["params"].get("timestamp", arrival["arrival_ns"] // 1_000_000 - LATE_MS))
        ages.append((signed - sent / 1e6, name, order))
    check(max(ages)[0] <= TTL_MS + LATE_MS, "a stale order reached the venue,", max(ages))
    return max(ages)[0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=size.times(50, 1))
    parser.add_argument("--seconds", type=float, default=10 if size.SIZE == "full" else 6)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--seed", type=int, default=drawn_seed())
    options = parser.parse_args()
    print(f"freeze: seed {options.seed}", flush=True)
    begin = time.monotonic()
    with four_gateways("freeze", options.seed, follow=True, order_ttl_ms=TTL_MS) as stack:
        load, quotes = start_load(stack, options)
        chance = random.Random(options.seed + 1)
        done = []
        for group in groups(stack) * options.rounds:
            pause = time.monotonic() + chance.uniform(0.3, 1.0)
            load.run(lambda: time.monotonic() > pause)
            freezes = [Freeze(stack, name, options.seconds) for name in group]
            load.run(lambda: not any(f.is_alive() for f in freezes))
            for freeze in freezes:
                if freeze.error:
                    raise freeze.error
            done += freezes
        settled = settle(stack, load, quotes)
        aftermath = Aftermath(stack, load)
        refused = sum(check_refused(load, stack, f) for f in done if f.name in stack.gateway_names)
        check(refused, "nothing was sent to a gateway that stood still")
        oldest = check_stale(load, aftermath)
        noticed = {f.name: f.noticed for f in done if f.noticed is not None}
        back = {f.name: f.back for f in done if f.back is not None}
        print(f"B4: {len(done)} times a process stood still for {options.seconds:.0f} s, settled {settled:.1f} s "
              f"later; {aftermath.line(load)}\n"
              f"B4: noticed after at most {max(noticed.values()):.2f} s ({max(noticed, key=noticed.get)}; limit 3.0 "
              f"s); {refused:,} of {refused:,} orders for a gateway that stood still refused from then on; the oldest "
              f"order that reached a venue had been sent {oldest:.0f} ms before it was signed (expiry {TTL_MS} ms)\n"
              f"B4: back after p50 {statistics.median(back.values()):.2f} s, at most {max(back.values()):.2f} s "
              f"({max(back, key=back.get)}; limit 2 s)", flush=True)
        check(max(noticed.values()) <= 3.0 + NOISE_S, "noticed late:", noticed)
        check(max(back.values()) <= 2.0 + NOISE_S, "back late:", back)
    print(f"{time.monotonic() - begin:.1f} s", flush=True)


if __name__ == "__main__":
    main()
    sys.exit(0)
