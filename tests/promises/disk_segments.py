"""A9: log and journal go from segment to segment under load, with three readers following; then each is killed just as a
new segment is made. A10: a reader that dies, and one that is stopped, within a transaction: the journal stays small.
A12: there is one writer, and it writes on a file system of this machine.

  disk_segments.py [--rolls 10] [--kills 20] [--stopped SECONDS] [--writers N] [--rate N] [--seed N]"""
import argparse
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
from stack import BIN, Failed, Process, Stack, check, compare_all, program, wait_for, wait_synced  # noqa: E402
import wire  # noqa: E402

from disk_load import Disturber, Load  # noqa: E402
import disk_trace  # noqa: E402
import size  # noqa: E402

MEBIBYTE = 1 << 20
PAUSE_LIMIT_MS = 250
FREED_LIMIT_S = 5.0
GROWTH_LIMIT = 1.5
HELD_BYTES_MAX = 6 * MEBIBYTE
READERS = 3
REMOTE = {"NFS": "6969", "FUSE": "65735546", "CIFS": "ff534d42", "9p": "1021997"}


def segments_of(folder, ending=""):
    """Names of segments, by their first sequence; also of one that is being made."""
    try:
        return {name for name in os.listdir(folder) if name[:20].isdigit() and name[20:] in (ending, ending + ".new")}
    except FileNotFoundError:
        return set()


class Small(Stack):
    """Segments of eight mebibytes, or smaller ones where less is written."""

    def __init__(self, journal_segment, **more):
        self.journal_segment = journal_segment
        super().__init__("segments", **more)

    def write_config(self):
        super().write_config()
        self.set_segment(268435456, self.journal_segment)

    def set_segment(self, old, new):
        text = self.config.read_text()
        check(text.count(f"\nsegment_bytes = {old}\n") == 1, text)
        self.config.write_text(text.replace(f"\nsegment_bytes = {old}\n", f"\nsegment_bytes = {new}\n"))

    @property
    def log(self):
        return self.folder / "router/log"

    @property
    def archive(self):
        return self.folder / "audit/core"


class Watch(threading.Thread):
    """Asks the router again and again how far log and journal have come: so a pause is seen, and whether a roll made it."""

    def __init__(self, stack):
        super().__init__(daemon=True)
        self.stack, self.stops, self.error = stack, False, None
        self.moved = {"log": [], "journal": []}   # when the last durable record became another
        self.rolled = {"log": [], "journal": []}  # when a segment was first seen

    def run(self):
        try:
            asker = wire.Req(self.stack.endpoint("orders"), "cli")
            last, seen = {}, {"log": segments_of(self.stack.log, ".log"), "journal": segments_of(self.stack.archive)}
            while not self.stops:
                answer = asker.ask("Query", kind="Status")["status"]
                now = time.monotonic()
                for what, field in (("log", "durable_sequence"), ("journal", "audited_sequence")):
                    if last.get(what) != answer[field]:
                        last[what] = answer[field]
                        self.moved[what].append(now)
                for what, found in (("log", segments_of(self.stack.log, ".log")),
                                    ("journal", segments_of(self.stack.archive))):
                    if found - seen[what]:
                        self.rolled[what].append(now)
                    seen[what] |= {name[:20] + (".log" if what == "log" else "") for name in found} | found
                time.sleep(0.004)
            asker.close()
        except Exception as error:  # told to the main thread
            self.error = error

    def pauses_ms(self, what):
        """For each roll the longest time without progress that touches it."""
        moved = self.moved[what]
        out = []
        for roll in self.rolled[what]:
            near = [i for i in range(1, len(moved)) if moved[i - 1] < roll + 0.05 and moved[i] > roll - 0.05]
            out.append(max(((moved[i] - moved[i - 1]) * 1000 for i in near), default=0))
        return out


class RollKiller(Disturber):
    """Kills whoever is making a segment, at that moment."""

    def end(self, name):
        self.wait_for_roll(*((self.stack.archive, "") if name == "auditd-core" else (self.stack.log, ".log")))
        self.stack.processes[name].kill()

    def wait_for_roll(self, folder, ending):
        seen, end = segments_of(folder, ending), time.monotonic() + 60
        while not segments_of(folder, ending) - seen:
            check(time.monotonic() < end, "no new segment in", folder)
            time.sleep(0.0005)
        time.sleep(self.chance.choice([0, 0, 0.0005, 0.002, 0.005]))


class Tail:
    """A reader in a process of its own, which follows."""

    def __init__(self, stack, number):
        self.file = stack.folder / f"tail{number}"
        command = [str(BIN / "busbar"), "--config", str(stack.config), "--json", "journal", "tail", "-n", "1", "-f"]
        self.process = Process(f"tail{number}", command, self.file)
        self.process.start()

    def sequences(self, of_last_bytes=0):
        with open(self.file, "rb") as file:
            if of_last_bytes:
                file.seek(-min(of_last_bytes, os.fstat(file.fileno()).st_size), os.SEEK_END)
            lines = file.read().rpartition(b"\n")[0]
        return list(map(int, re.findall(rb'^\{"stream":"core","sequence":(\d+),', lines, re.MULTILINE)))

    def stop(self, last):
        wait_for("a reader to have followed", lambda: max(self.sequences(100_000), default=0) >= last)
        check(self.process.is_running(), "a reader ended:", self.process.tail(3)[-500:])
        self.process.kill()
        found = self.sequences()
        check(found == list(range(found[0], found[0] + len(found))) and found[-1] >= last,
              "a reader missed something between", found[0], "and", last)
        return len(found)


def rolls(stack, load, options):
    """A9."""
    begin = time.monotonic()
    tails = [Tail(stack, i) for i in range(READERS)]
    load.padding = options.padding
    watch = Watch(stack)
    watch.start()
    rate = load.run(lambda: watch.error or min(map(len, watch.rolled.values())) >= options.rolls)
    watch.stops = True
    watch.join()
    check(watch.error is None, watch.error)
    pauses = {what: sorted(watch.pauses_ms(what)) for what in watch.rolled}
    for what, found in pauses.items():
        # Two cores are shared by all of this, and any pause of the machine counts: the middle is held to the limit.
        check(statistics.median(found) <= PAUSE_LIMIT_MS and found[-1] <= 4 * PAUSE_LIMIT_MS,
              "pauses of the", what, "in ms:", found)

    killer = RollKiller(stack, options.kills, random.Random(options.seed + 1))
    killer.start()
    load.run(lambda: killer.done >= killer.times)
    check(killer.error is None, killer.error)
    load.padding = 0
    wait_synced(stack)
    verified = stack.busbar("journal", "verify", "core")[1][0]
    check(verified["good"], verified)
    followed = [tail.stop(verified["last_sequence"]) for tail in tails]
    at = " and ".join(f"{len(found)} of the {what} "
                      f"(pause {statistics.median(found):.0f} ms in the middle, {found[-1]:.0f} ms at most)"
                      for what, found in pauses.items())
    print(f"A9: rolls at {rate:.0f} orders/s: {at}; limit {PAUSE_LIMIT_MS} ms; "
          f"segments of {stack.journal_segment // MEBIBYTE} MiB\n"
          f"A9: {killer.done} kills -9 within a roll, back after {statistics.median(killer.back):.2f} s in the middle; "
          f"chain whole over {verified['segments']} segments, {verified['records']} records; {READERS} readers followed "
          f"{min(followed)} records at least, none missing; {time.monotonic() - begin:.0f} s", flush=True)


def disk_of(folder):
    return sum(file.stat().st_blocks * 512 for file in folder.glob("*/data.mdb"))


class Growth:
    """Of the journal's files, against the records that came."""

    def __init__(self, stack):
        self.stack = stack
        self.begin = self.now()

    def now(self):
        last = wait_synced(self.stack)
        return last, disk_of(self.stack.archive)

    def end(self, frames):
        last, bytes_now = self.now()
        all_frames = frames()
        payload = sum(len(frame) for frame in all_frames[self.begin[0]:last])
        return (bytes_now - self.begin[1]) / payload, payload


def held_reader(stack, name):
    """busbar journal replay, stopped within its transaction."""
    hold = stack.folder / f"hold-{name}"
    hold.touch()
    first = stack.busbar("status")[1][0]["status"]["audited_sequence"]
    command = [str(BIN / "busbar"), "--config", str(stack.config), "--json", "journal", "replay", "--first", str(first)]
    process = Process(name, command, stack.folder / f"{name}.log")
    process.environment = disk_trace.environment([], "", hold=hold)
    process.start()

    def is_stopped():
        return Path(f"/proc/{process.popen.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    wait_for("the reader to stand still", is_stopped, pause=0.002)
    check(not hold.exists(), "it was not stopped where it should be")
    return process


def readers(stack, load, options):
    """A10."""
    begin = time.monotonic()
    auditd = stack.processes["auditd-core"]
    auditd.stop()
    stack.set_segment(stack.journal_segment, 1 << 30)  # one large segment, so that no roll helps
    auditd.start()
    before = segments_of(stack.archive)
    load.padding = options.padding
    load.run(lambda: segments_of(stack.archive) - before)  # the small one is full
    load.padding = 0

    def frames():
        return disk_trace.records(stack.endpoint("audit_core"))

    def trade(seconds):
        end = time.monotonic() + seconds
        load.run(lambda: time.monotonic() > end)

    trade(1)
    growth = Growth(stack)
    trade(options.quiet)
    quiet, _ = growth.end(frames)

    growth = Growth(stack)
    log = Path(auditd.log)
    dead = held_reader(stack, "killed")
    told = log.stat().st_size
    dead.kill()
    killed = time.monotonic()
    load.run(lambda: b"freed the slots of 1 dead reader" in log.read_bytes()[told:] or time.monotonic() - killed > 10)
    freed = time.monotonic() - killed
    check(freed <= FREED_LIMIT_S, "the dead reader's slot was freed after", round(freed, 1), "s")
    trade(options.quiet)
    after_death, dead_payload = growth.end(frames)

    growth = Growth(stack)
    stopped = held_reader(stack, "stopped")
    segments = segments_of(stack.archive)
    trade(options.stopped)
    behind_stopped, stopped_payload = growth.end(frames)
    made = len(segments_of(stack.archive) - segments)
    stopped.popen.send_signal(signal.SIGCONT)
    check(stopped.popen.wait(60) == 0, "the reader that was stopped could not go on:", stopped.tail())
    print(f"A10: a reader killed within its transaction: slot freed after {freed:.2f} s (limit {FREED_LIMIT_S:.0f} s)\n"
          f"A10: bytes on disk for each byte of records: {quiet:.2f} with no reader, {after_death:.2f} around the death, "
          f"{behind_stopped:.2f} behind a reader stopped within its transaction for {options.stopped:.0f} s "
          f"({stopped_payload / MEBIBYTE:.0f} MiB of records, {made} new segments; limit {GROWTH_LIMIT}); "
          f"{time.monotonic() - begin:.0f} s", flush=True)
    for ratio, payload in ((after_death, dead_payload), (behind_stopped, stopped_payload)):
        # What LMDB needs for a byte of records, when nobody reads, is not the readers' doing. And behind one that is
        # stopped a segment grows by some mebibytes before the next is begun, which counts in a short run only.
        grown = ratio - HELD_BYTES_MAX / payload
        check(grown <= GROWTH_LIMIT * max(1, quiet), "the journal grew by", round(ratio, 2),
              "bytes for each of the records,", round(quiet, 2), "when nobody reads")


def writers(stack, load, options):
    """A12."""
    begin = time.monotonic()
    first = stack.processes["auditd-core"]
    command = [str(program("busbar-auditd")), "--config", str(stack.config), "--stream", "core"]
    refusals, took = 0, []
    reason = f"another busbar-auditd (process {first.popen.pid}) writes this journal"

    def start_another():
        nonlocal refusals
        at = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        took.append(time.monotonic() - at)
        check(done.returncode == 1 and reason in done.stderr, "a second writer:", done.returncode, done.stderr)
        refusals += 1

    def run():
        while refusals < options.writers:
            start_another()

    before = wait_synced(stack)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    load.run(lambda: not thread.is_alive())
    check(refusals == options.writers, refusals, "of", options.writers, "were refused")
    after = wait_synced(stack)
    check(first.is_running() and after > before, "the first writer was disturbed")
    for name, magic in REMOTE.items():
        environment = {**os.environ, **disk_trace.environment([stack.folder / "audit"], "", statfs=magic)}
        elsewhere = subprocess.run([command[0], *command[1:-1], "tape"], capture_output=True, text=True, timeout=60,
                                   env=environment)
        check(elsewhere.returncode == 1 and f"lies on {name}; a journal needs a local file system" in elsewhere.stderr,
              name, elsewhere.returncode, elsewhere.stderr)
        reading = subprocess.run([str(BIN / "busbar"), "--config", str(stack.config), "journal", "tail"],
                                 capture_output=True, text=True, timeout=60, env=environment)
        check(reading.returncode != 0 and f"lies on {name}" in reading.stderr, name, reading.returncode, reading.stderr)
    print(f"A12: a second auditd refused {refusals}/{options.writers} with the reason, "
          f"after {statistics.median(took) * 1000:.0f} ms in the middle; "
          f"the first one took {after - before} records meanwhile; refused on {', '.join(REMOTE)}; "
          f"{time.monotonic() - begin:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rolls", type=int, default=size.times(10, 10))
    parser.add_argument("--kills", type=int, default=size.times(20, 10))
    parser.add_argument("--stopped", type=float, default={"full": 60, "ci": 8, "sanitizer": 2}[size.SIZE])
    parser.add_argument("--quiet", type=float, default={"full": 20, "ci": 3, "sanitizer": 1}[size.SIZE])
    parser.add_argument("--writers", type=int, default=size.times(100))
    parser.add_argument("--padding", type=int, default={"full": 0}.get(size.SIZE, 12288))
    parser.add_argument("--rate", type=float, default=size.ORDERS_PER_SECOND)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    print(f"A9: seed {options.seed}", flush=True)
    full = size.SIZE == "full"
    router = f"log_segment_bytes = {(8 if full else 2) * MEBIBYTE}\nlog_limit_bytes = {256 * MEBIBYTE}"
    with Small((8 if full else 4) * MEBIBYTE, router=router, seed=options.seed % 1000 + 1, recv_window_ms=1000) as stack:
        stack.venue.move(20)
        load = Load(stack, random.Random(options.seed), options.rate)
        rolls(stack, load, options)
        readers(stack, load, options)
        writers(stack, load, options)
        stack.venue.move(0)
        load.settle(60)
        wait_synced(stack)
        known = {o["client_order_id"] for o in stack.busbar("orders", "--all", client="alpha")[1]}
        check(not set(load.sent) - known, "lost:", sorted(set(load.sent) - known)[:10])
        names = [a["client_order_id"] for a in stack.venue.arrivals("order.place")]
        check(len(names) == len(set(names)), "sent twice:", [n for n in set(names) if names.count(n) > 1])
        orders = compare_all(stack)
        verified = stack.busbar("journal", "verify", "core")[1][0]
        check(verified["good"], verified)
        print(f"A9: in all {len(load.sent)} orders, {orders} at the venue, 0 lost, 0 twice, "
              f"states as in the venue's book; {verified['records']} records verified "
              f"over {verified['segments']} segments", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"A9: {failure}")
