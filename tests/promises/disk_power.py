"""A6: a power cut at any moment. Router, archive and follower trade for a while, and every change of their disk is written
down. Then the disk is made as a power cut at many of those moments could have left it, and the real programs have to find
on it all that had left the house by then: every record whose outputs were on their way to a client or a gateway, and every
record that the archive had acknowledged. At some, the power fails once more while they recover.

  disk_power.py [--cuts N] [--orders N] [--seed N]"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
from stack import BIN, PLANTED, Failed, Process, Stack, check, program, wait_for, wait_synced  # noqa: E402
import wire  # noqa: E402

from disk_load import Load  # noqa: E402
import disk_trace  # noqa: E402
from disk_trace import OUTPUT, Ledger, frames_of, kind_of, records, sent_by  # noqa: E402
import size  # noqa: E402

def watched(folder, trace):
    """The environment of a process that is watched."""
    return disk_trace.environment([folder / "disk"], trace)


class Traced(Stack):
    """Small segments, so that there are many; each of the three that write is watched."""

    def add(self, name, *command):
        process = super().add(name, *command)
        if name in ("router", "auditd-core", "follower"):
            process.environment = watched(self.folder, self.trace)
        return process

    @property
    def trace(self):
        return self.folder / "trace"

    def write_config(self):
        super().write_config()
        text = self.config.read_text()
        for old, new in ((f"{self.folder}/router", f"{self.folder}/disk/router"),
                         (f"{self.folder}/audit", f"{self.folder}/disk/audit"),
                         ("segment_bytes = 268435456", "segment_bytes = 4194304"),
                         ("head_interval_ms = 1000", "head_interval_ms = 250")):
            check(old in text, old)
            text = text.replace(old, new)
        self.config.write_text(text)
        (self.folder / "disk/audit").mkdir(parents=True)
        self.first_disk = disk_trace.Disk(self.folder / "disk")


def chains_of(frames):
    """The journal's hash chain over the log's records (docs/journal_format.md)."""
    chain = hashlib.sha256(b"busbar journal 1\ncore\n").digest()
    out = {0: chain.hex()}
    for sequence in range(1, len(frames) + 1):
        chain = hashlib.sha256(chain + frames[sequence]).digest()
        out[sequence] = chain.hex()
    return out


# ---- Where the power fails.

def moments(events, count, chance):
    """So many moments: many of them in what is done seldom, and is hard."""
    def around(of, before, after):
        places = [i for i, event in enumerate(events) if of(event)]
        check(places, "nothing of that kind was done")
        return lambda: min(len(events) - 1, max(1, chance.choice(places) + chance.randint(-before, after)))

    first_word = next(i for i, event in enumerate(events) if event.kind == "o")
    lives = [events.index(next(e for e in events if e.process == process))
             for process in sorted({e.process for e in events}, key=[e.process for e in events].index)]
    kinds = [
        (10, lambda: chance.randint(1, first_word)),                                       # the first start
        (25, around(lambda e: e.kind == "r" and e.data[-4:] == b".log", 10, 10)),          # the log rolls
        (15, around(lambda e: e.path.endswith(".new"), 20, 60)),                           # the journal rolls
        (10, around(lambda e: "/snapshots" in e.path, 4, 4)),                              # a snapshot is written
        (10, lambda: min(len(events) - 1, chance.choice(lives) + chance.randint(1, 80))),  # a process starts
        (20, around(lambda e: e.kind == "o", 0, 1)),                                       # a word has just left
        (10, lambda: chance.randint(1, len(events) - 1)),                                  # anywhere
    ]
    draws = chance.choices([draw for _, draw in kinds], [weight for weight, _ in kinds], k=count)
    return sorted(draw() for draw in draws)


# ---- What is found afterwards.

class House:
    """Router and archive on a disk of their own, and nobody else."""

    def __init__(self, stack, folder, name="", environment=None):
        self.folder, self.run = folder, folder / "run"
        self.run.mkdir(exist_ok=True)
        text = stack.config.read_text()
        for old, new in ((f"{stack.folder}/disk", f"{folder}/disk"), (f"{stack.folder}/heads", f"{folder}/heads"),
                         (str(stack.run_folder), str(self.run))):
            text = text.replace(old, new)
        self.config = folder / "busbar.toml"
        self.config.write_text(text)
        self.processes = [
            Process("auditd-core", [str(program("busbar-auditd")), "--config", str(self.config), "--stream", "core"],
                    folder / f"auditd{name}.log"),
            Process("router", [str(program("busbar-router")), "--config", str(self.config)],
                    folder / f"router{name}.log")]
        for process in self.processes:
            process.environment = environment

    def __enter__(self):
        for process in self.processes:
            process.start()
        try:
            self.wait_caught_up()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            for process in reversed(self.processes):
                process.stop()
        else:
            self.kill()

    def kill(self):
        for process in self.processes:
            if process.is_running():
                process.kill()

    def wait_caught_up(self):
        asker = wire.Req(f"ipc://{self.run}/orders", "cli")

        def is_done():
            for process in self.processes:
                check(process.is_running(), process.name, "ended with", process.popen.returncode, process.tail())
            try:
                status = asker.ask("Query", timeout=0.2, kind="Status")["status"]
            except TimeoutError:
                return False
            return status["durable_sequence"] > 0 and status["audited_sequence"] >= max(status["last_sequence"],
                                                                                         status["durable_sequence"])
        try:
            wait_for("router and archive to agree", is_done, pause=0.01)
        finally:
            asker.close()

    def records(self):
        return records(f"ipc://{self.run}/audit_core")

    def verify(self):
        command = [str(BIN / "busbar"), "--config", str(self.config), "--json", "journal", "verify", "core"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.returncode, json.loads(done.stdout) if done.stdout else {"error": done.stderr}


class Judge:
    def __init__(self, stack, frames):
        self.stack, self.frames, self.chains = stack, frames, chains_of(frames)
        self.messages = {sequence: sent_by(frame)[1] for sequence, frame in frames.items() if kind_of(frame) == OUTPUT}

    def judge(self, folder, rests_on, acknowledged, left, seed, again):
        """What stands on this disk after the power is back. Fails with what is wrong."""
        house = House(self.stack, folder)
        code, journal = house.verify()
        if acknowledged or journal.get("last_sequence"):
            check(code == 0 and journal["good"], "journal verify:", code, journal)
            last = journal["last_sequence"]
            check(last >= acknowledged, "the archive acknowledged record", acknowledged, "and has", last)
            check(journal["chain"] == self.chains[last], "its records are not those that were written")
        if again:
            folder = self.fail_again(folder, seed)
            house = House(self.stack, folder)
        with house:
            found = house.records()
        same = 0
        while same < len(found) and found[same] == self.frames.get(same + 1):
            same += 1
        check(same >= rests_on, "record", rests_on, "had been acknowledged;", same, "survive,", len(found), "are there")
        again_made = {sent_by(frame)[1] for frame in found[same:] if kind_of(frame) == OUTPUT}
        there = {self.messages[s] for s in range(1, same + 1) if s in self.messages} | again_made
        check(left <= there, len(left - there), "messages that had left are in no record")
        code, journal = house.verify()
        check(code == 0 and journal["good"] and journal["last_sequence"] >= len(found), "afterwards:", code, journal)

    def fail_again(self, folder, seed):
        """They are recovering when the power fails once more."""
        disk = disk_trace.Disk(folder / "disk")
        house = House(self.stack, folder, environment=watched(folder, folder / "trace"))
        try:
            with house:
                house.kill()
                raise InterruptedError
        except InterruptedError:
            pass
        events = list(disk_trace.read(folder / "trace"))
        chance = random.Random(seed)
        for event in events[:chance.randint(1, len(events) - 1)]:
            disk.feed(event)
        second = folder / "again"
        second.mkdir()
        disk.cut(second / "disk", chance)
        return second


def trade(stack, chance, orders):
    """Orders for a while; in the middle router and archive are stopped and started."""
    load = Load(stack, chance, size.ORDERS_PER_SECOND)
    half = load.run(lambda: len(load.sent) >= orders // 2)
    load.settle(60)
    for name in ("follower", "router", "auditd-core"):
        stack.processes[name].stop()
    for name in ("auditd-core", "router", "follower"):
        stack.restart(name)
    stack.wait_ready()
    load.run(lambda: len(load.sent) >= orders)
    load.settle(60)
    wait_synced(stack)
    return half


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cuts", type=int, default=size.times(2000))
    parser.add_argument("--orders", type=int, default=max(400, size.times(6000, 1000)))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    print(f"A6: seed {options.seed}", flush=True)
    chance = random.Random(options.seed)
    begin = time.monotonic()
    images = Path(tempfile.mkdtemp(prefix="busbar-cuts-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    router = "log_segment_bytes = 1048576\nlog_limit_bytes = 33554432\nfollow_snapshot_records = 2000"
    try:
        with Traced("power", follow=True, router=router, seed=options.seed % 1000 + 1) as stack:
            stack.venue.move(20)
            rate = trade(stack, chance, options.orders)
            stack.stop()
            events = list(disk_trace.read(stack.trace))
            traded = time.monotonic() - begin
            cut_all(stack, events, images, options, chance, rate, traded)
    finally:
        shutil.rmtree(images, ignore_errors=True)


def cut_all(stack, events, images, options, chance, rate, traded):
    begin = time.monotonic()
    frames = frames_of(events)
    check(sorted(frames) == list(range(1, len(frames) + 1)), "the log was written with a gap")
    ledger, judge = Ledger(frames), Judge(stack, frames)
    disk = stack.first_disk
    rests_on, acknowledged, left = 0, 0, set()
    done, jobs, styles = 0, [], {}
    failures = []

    def finish(most):
        while len(jobs) > most:
            where, job, folder = jobs.pop(0)
            try:
                job.result()
                shutil.rmtree(folder)
            except Exception as error:
                kept = stack.folder / folder.name
                shutil.copytree(folder, kept, ignore=lambda path, names: [n for n in names if n == "run"])
                failures.append(f"cut {where}: {error} (kept in {kept})")

    places = moments(events, options.cuts, chance)
    read_ms = (time.monotonic() - begin) * 1000
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for at, event in enumerate(events):
            while done < len(places) and places[done] == at and not failures:
                folder = images / f"cut{done}"
                folder.mkdir()
                style = disk.cut(folder / "disk", chance)
                styles[style] = styles.get(style, 0) + 1
                # The power may fail while they recover: the processes' own second chance.
                arguments = (folder, rests_on, acknowledged, set(left), chance.randrange(1 << 32), done % 4 == 3)
                jobs.append((at, pool.submit(judge.judge, *arguments), folder))
                done += 1
                finish(3)
            disk.feed(event)
            if event.kind == "o":
                record, journaled, message = ledger.rests_on(event.data)
                rests_on, acknowledged = max(rests_on, record), max(acknowledged, journaled)
                if message:
                    left.add(message)
        finish(0)
    for stream in ("tape", "market"):  # nobody watched them
        shutil.rmtree(stack.folder / "disk/audit" / stream)
    if failures and PLANTED:  # they were to be found, and nobody looks into them
        shutil.rmtree(stack.folder, ignore_errors=True)
    check(not failures, len(failures), "of", done, "power cuts lost something:\n  ", "\n  ".join(failures))
    wrong = disk.differences()
    check(not wrong, "the trace does not tell all of what was written:", wrong)
    rolls = sum(e.kind == "r" and e.data[-4:] == b".log" for e in events)
    segments = sum(e.kind == "r" and e.path.endswith(".new") for e in events)
    snapshots = sum(e.kind == "r" and "/snapshots/" in e.path for e in events)
    kinds = ", ".join(f"{count} {style}" for style, count in sorted(styles.items()))
    print(f"A6: {done} power cuts ({kinds}; {done // 4} of them twice) in {len(events)} events: "
          f"opened {done}/{done}, every acknowledged record there, no gap\n"
          f"A6: {len(frames)} records, {rolls} segments of the log, {segments} of the journal, {snapshots} snapshots, "
          f"{len(left)} messages that had left, at {rate:.0f} orders/s; {traded:.0f} s of trade, {read_ms:.0f} ms to read, "
          f"{time.monotonic() - begin:.0f} s of cuts", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"A6: {failure}")
