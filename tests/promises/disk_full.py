"""A8: first the journal's disk is full, then the log's. Each is 64 MiB and fills under load. Somebody is told at 80 %,
new orders are refused at 95 %, cancels are taken all the same, nobody dies; and when there is space again, orders are
taken again.

  disk_full.py [--rate N] [--mebibytes 64] [--seed N]

The journal fills first, and its archive waits: so the log fills behind it, as it does when an archive is away. The disks
are small file systems in memory, in a mount namespace that ends with the test."""
import argparse
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
from stack import Failed, Stack, check, compare_all, wait_for, wait_synced  # noqa: E402

from disk_load import Load  # noqa: E402
import disk_trace  # noqa: E402
import size  # noqa: E402

RESUME_LIMIT_S = 2.0


def in_namespace():
    """Starts this test anew where it may mount; says why not where it can't."""
    if os.environ.get("BUSBAR_NAMESPACE"):
        return
    unshare = ["unshare", "--mount", "--propagation", "private"]
    if os.geteuid() != 0:
        unshare = ["unshare", "--user", "--map-root-user", "--mount"]
    mount = ["sh", "-c", "mount -t tmpfs -o size=1m tmpfs /mnt && mount -o remount,size=2m /mnt"]
    probe = subprocess.run(unshare + mount, capture_output=True, text=True)
    if probe.returncode != 0:
        print("SKIPPED: no file system of a size of its own can be mounted here:", probe.stderr.strip())
        sys.exit(0)
    os.environ["BUSBAR_NAMESPACE"] = "1"
    os.execvp(unshare[0], unshare + [sys.executable, "-B", *sys.argv])


class OnSmallDisks(Stack):
    def __init__(self, mebibytes, **more):
        self.mebibytes = mebibytes
        super().__init__("full", **more)

    @property
    def log_disk(self):
        return self.folder / "router"

    @property
    def journal_disk(self):
        return self.folder / "audit/core"

    def write_config(self):
        super().write_config()
        for disk in (self.log_disk, self.journal_disk):
            disk.mkdir(parents=True)
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.mebibytes}m", "tmpfs", disk], check=True)

    def grow(self, disk, mebibytes):
        subprocess.run(["mount", "-o", f"remount,size={mebibytes}m", disk], check=True)
        return time.monotonic()

    def stop(self):
        super().stop()
        for disk in (self.log_disk, self.journal_disk):
            subprocess.run(["umount", disk], check=True)

    def status(self):
        return self.busbar("status", can_fail=True)[1][0]["status"]

    def said(self, process, pattern):
        return re.search(pattern, Path(self.processes[process].log).read_text(errors="replace"))


def used_percent(disk):
    status = os.statvfs(disk)
    used = status.f_blocks - status.f_bfree
    return 100 * used / (used + status.f_bavail)


def refused_at_95(stack, load):
    """Trades until the log takes no order. Returns how full the log and its disk were."""
    before = len(load.refused)
    load.run(lambda: len(load.refused) > before)
    status = stack.status()
    share = 100 * status["log_used_bytes"] / status["log_limit_bytes"]
    check(not status["accepts_orders"] and "JOURNAL_DOWN" in status["reason"], status)
    check(95 <= share < 98, "refused with the log at", round(share, 1), "%")
    return share, used_percent(stack.log_disk)


def cancel(load, names):
    """While no order is taken. The broker may refuse a cancel that this machine brings too late; it is said again."""
    left = names
    for letter in "KLMN":
        for name in left:
            load.cancel(name, letter)
        end = time.monotonic() + 5
        load.wait("cancels", lambda: time.monotonic() > end or all(load.status[n] == "Canceled" for n in left))
        left = [name for name in left if load.status[name] != "Canceled"]
        if not left:
            return
    check(False, len(left), "of", len(names), "were not cancelled while orders are refused")


def resumed_after(load, freed):
    """Seconds from there being space until an order was taken that was sent since."""
    load.run(lambda: load.taken_since(freed) or time.monotonic() - freed > 20)
    taken = time.monotonic() - freed
    check(taken <= RESUME_LIMIT_S, "orders were taken again after", round(taken, 2), "s")
    return taken


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=size.ORDERS_PER_SECOND)
    parser.add_argument("--mebibytes", type=int, default=64)
    parser.add_argument("--padding", type=int, default={"full": 0, "ci": 32768, "sanitizer": 131072}[size.SIZE])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    in_namespace()
    options = parser.parse_args()
    print(f"A8: seed {options.seed}", flush=True)
    chance = random.Random(options.seed)
    begin = time.monotonic()
    with OnSmallDisks(options.mebibytes, router="log_segment_bytes = 1048576", seed=options.seed % 1000 + 1) as stack:
        stack.venue.move(20)
        pids = {name: process.popen.pid for name, process in stack.processes.items()}
        load = Load(stack, chance, options.rate)
        load.padding = options.padding

        kept = [load.rest(10), load.rest(10)]
        load.run(lambda: stack.said("auditd-core", "cannot write: .*no space left"))
        journal_full = used_percent(stack.journal_disk)
        warned = stack.said("auditd-core", r"the disk is filling: (\d+) %")
        check(warned and 80 <= int(warned[1]) < 95, "the archive warned:", warned)

        log_full = refused_at_95(stack, load)
        filling = stack.said("router", r"the log is filling: (\d+) of (\d+) bytes")
        check(filling, "the router did not warn")
        log_warned = 100 * int(filling[1]) / int(filling[2])
        check(80 <= log_warned < 90, "the router warned at", log_warned, "%")
        cancel(load, kept[0])
        check(not stack.status()["accepts_orders"], "orders were taken meanwhile")

        log_resumed = resumed_after(load, stack.grow(stack.log_disk, options.mebibytes * 5 // 4))
        refused_at_95(stack, load)
        cancel(load, kept[1])
        journal_resumed = resumed_after(load, stack.grow(stack.journal_disk, options.mebibytes * 16))
        wait_for("the archive to write again", lambda: stack.said("auditd-core", "writing again; nothing was lost"))

        stack.venue.move(0)
        load.settle(60)
        wait_synced(stack, 60)
        for name, pid in pids.items():
            process = stack.processes[name]
            check(process.is_running() and process.popen.pid == pid, name, "did not live through it", process.tail())
        known = {o["client_order_id"] for o in stack.busbar("orders", "--all", client="alpha")[1]}
        check(not set(load.sent) - known, "lost:", sorted(set(load.sent) - known)[:10])
        orders = compare_all(stack)
        verified = stack.busbar("journal", "verify", "core")[1][0]
        check(verified["good"], verified)
        inputs = [disk_trace.payload_of(frame) for frame in disk_trace.records(stack.endpoint("audit_core"))
                  if disk_trace.kind_of(frame) == disk_trace.INPUT]
        bodies = filter(None, (disk_trace.body_of(payload, "CancelOrder") for payload in inputs))
        journaled = {body.ClientOrderId().decode() for body in bodies}
        cancels = {"K" + name[1:] for name in kept[0] + kept[1]}
        check(cancels <= journaled, "cancels that are not journaled:", cancels - journaled)
        print(f"A8: journal on {options.mebibytes} MiB: warned at {warned[1]} %, waits at {journal_full:.1f} %, "
              f"the log takes over; space again: orders taken after {journal_resumed:.2f} s (limit {RESUME_LIMIT_S:.0f} s)\n"
              f"A8: log on {options.mebibytes} MiB: warned at {log_warned:.1f} %, "
              f"new orders refused at {log_full[0]:.1f} % (its disk {log_full[1]:.1f} %), "
              f"{len(cancels)} cancels taken and journaled meanwhile; "
              f"space again: orders taken after {log_resumed:.2f} s\n"
              f"A8: {len(load.sent)} orders taken, {len(load.refused)} refused, {orders} at the venue, "
              f"0 lost, 0 crashes, {verified['records']} records verified; {time.monotonic() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"A8: {failure}")
