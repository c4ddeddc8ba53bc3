"""A15: one journal, replayed 20 times on what might be other machines: another time zone, another locale (put into
the programs by a preloaded object, for they never ask for one), another layout of memory, other bytes in fresh memory,
and later. The state is the same each time, and at every checkpoint it is that of the router which lived: also after a
kill -9, when it had begun with a snapshot of its follower.

  replay.py [--replays N] [--orders N] [--seed N]"""
import argparse
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
from load import ACCOUNTS, Load, drawn_seed  # noqa: E402
from stack import BIN, Stack, check, program, wait_for, wait_synced  # noqa: E402
import size  # noqa: E402

ORDERS_PER_SECOND = {"full": 500, "ci": 500, "sanitizer": 100}[size.SIZE]
ZONES = ["Asia/Tokyo", "America/St_Johns", "Pacific/Kiritimati", "Asia/Kathmandu", "Etc/GMT+12", "Australia/Lord_Howe",
         "Europe/Berlin", "Pacific/Marquesas", "America/New_York", "UTC"]
# Decimal commas, a dotless i; and groups of two, apostrophes, Arabic, which take a machine seconds to make.
LOCALES = ["de_DE.ISO-8859-1", "tr_TR.ISO-8859-9"]
if size.SIZE == "full":
    LOCALES += ["hi_IN.UTF-8", "fr_CH.UTF-8", "ar_SA.UTF-8"]


class Checkpoints:
    """What the live router said of its state: {last input: hash}; and the hashes of its follower's snapshots. A state
    whose last record is not on disk yet may die with the router, and another come by that number: it counts when it is."""

    def __init__(self, stack):
        self.stack, self.asker = stack, stack.req("cli")
        self.live, self.snapshots = {}, {}
        self.waiting = {}  # until their last record is on disk
        self.next = 0.0

    def take(self):
        try:
            answer = self.asker.ask("Query", timeout=1.0, kind="Status")
        except TimeoutError:
            return
        status = answer.get("status")
        if status and status["state_hash"]:
            self.waiting[status["last_sequence"]] = status["state_hash"]
            durable = [n for n in self.waiting if n <= status["durable_sequence"]]
            self.live.update({n: self.waiting.pop(n) for n in durable})
        for file in (self.stack.folder / "router" / "snapshots").glob("*.snap"):
            if int(file.stem) not in self.snapshots:
                try:
                    self.snapshots[int(file.stem)] = file.read_bytes()[-32:].hex()
                except FileNotFoundError:  # only the newest are kept
                    pass

    def take_now_and_then(self):
        if time.monotonic() > self.next:
            self.take()
            self.next = time.monotonic() + 0.4


def make_locales(folder):
    """This machine may have none but C: the others are made, for LOCPATH. Returns those that there are."""
    made = ["C", "C.UTF-8"]
    for name in LOCALES:
        language, letters = name.split(".")
        done = subprocess.run(["localedef", "-i", language, "-f", letters, str(folder / name)], capture_output=True,
                              check=False)
        if done.returncode in (0, 1):  # 1: with warnings
            made.append(name)
    return made


def other_machine(chance, number, locales, folder):
    """(words before a command, environment) of a machine that this one is not."""
    environment = {
        "TZ": ZONES[number % len(ZONES)],
        "LC_ALL": locales[number % len(locales)],
        "LANG": locales[number % len(locales)],
        "LOCPATH": str(folder),
        "MALLOC_PERTURB_": str(chance.randrange(1, 256)),
        "MALLOC_ARENA_TEST": "1",
        "HOME": "/nowhere",
        "PADDING": "x" * chance.randrange(60000),  # moves the stack
    }
    if size.SIZE != "sanitizer":  # which want to be loaded first
        environment["LD_PRELOAD"] = str(Path(os.environ.get("BUSBAR_LIB", BIN)) / "libbusbar_other_locale.so")
    return ["setarch", "-R"] if number % 2 else [], environment


def ask(command, environment):
    done = subprocess.run([*command], capture_output=True, text=True, env={**os.environ, **environment}, cwd="/",
                          timeout=300, check=False)
    check(done.returncode == 0, environment["TZ"], environment["LC_ALL"], *command, "ended with", done.returncode,
          done.stdout, done.stderr)
    return done.stdout


def trade(stack, chance, orders):
    """Trades so many orders, half of them before the router is killed and starts again. Returns the checkpoints."""
    stack.venue.move(20)
    load = Load(stack, chance, ORDERS_PER_SECOND)
    checkpoints = Checkpoints(stack)
    told = set()

    def on_report(*report):
        told.add(report[-1])
        load.on_report(*report)
    load.session.on_report = on_report

    def until(count):
        def is_over():
            checkpoints.take_now_and_then()
            return len(load.sent) >= count
        return is_over
    load.run(until(orders // 2))
    wait_for("a snapshot to start from", lambda: checkpoints.take() or checkpoints.snapshots)
    stack.processes["router"].kill()
    checkpoints.waiting.clear()
    stack.processes["router"].start()
    load.run(until(orders))
    stack.venue.move(0)
    load.settle(60)
    wait_synced(stack)
    wait_for("a last checkpoint", lambda: checkpoints.take() or not checkpoints.waiting)
    check({"New", "Trade", "Canceled", "Rejected", "Replaced"} <= told, "only this happened:", told)
    return load, checkpoints


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--replays", type=int, default=size.times(20, 20))
    # A live router does not stop for the hash of more than 5,000 orders.
    parser.add_argument("--orders", type=int, default=size.times(4500, 1000))
    parser.add_argument("--seed", type=int, default=drawn_seed())
    options = parser.parse_args()
    print(f"A15: seed {options.seed}", flush=True)
    chance = random.Random(options.seed)
    begin = time.monotonic()
    with Stack("replay", accounts=ACCOUNTS, follow=True, seed=options.seed % 1000 + 1,
               router="follow_snapshot_records = 2000") as stack:
        load, checkpoints = trade(stack, chance, options.orders)
        stack.stop()  # from here on the journal stays as it is
        traded = time.monotonic() - begin
        locales = make_locales(stack.folder)

        states, agreed = {}, 0
        for number in range(options.replays):
            before, environment = other_machine(chance, number, locales, stack.folder)
            told = ask([*before, program("busbar-router"), "--config", stack.config, "--check"], environment)
            found = re.search(r"(\d+) decisions agree, state ([0-9a-f]{64})", told)
            check(found, told)
            agreed, state = int(found[1]), found[2]
            states.setdefault(state, []).append(f"{environment['TZ']} {environment['LC_ALL']}")
        check(len(states) == 1, "one journal made", len(states), "states:", states)

        every = {**checkpoints.live, **checkpoints.snapshots}
        check(len(checkpoints.live) >= 3 and checkpoints.snapshots, "too few checkpoints:", len(checkpoints.live),
              "and", len(checkpoints.snapshots))
        wrong = []
        for number, (sequence, state) in enumerate(sorted(every.items())):
            before, environment = other_machine(chance, number, locales, stack.folder)
            told = ask([*before, program("busbar"), "--config", stack.config, "--json", "journal", "recheck",
                        "--last", str(sequence)], environment)
            if f'"state_hash":"{state}"' not in told:
                wrong.append(f"record {sequence}: the router had {state}, replayed it is {told}")
        check(not wrong, len(wrong), "of", len(every), "checkpoints differ:\n ", "\n  ".join(wrong[:10]))
        print(f"A15: {len(load.sent)} orders in {traded:.1f} s, {agreed} decisions; state {next(iter(states))[:16]} in "
              f"{options.replays} of {options.replays} replays, in {min(len(ZONES), options.replays)} time zones and "
              f"{min(len(locales), options.replays)} locales ({', '.join(locales)}); equal to the live state at "
              f"{len(checkpoints.live)} checkpoints and to {len(checkpoints.snapshots)} snapshots, a kill -9 between; "
              f"{time.monotonic() - begin:.1f} s in all", flush=True)


if __name__ == "__main__":
    main()
