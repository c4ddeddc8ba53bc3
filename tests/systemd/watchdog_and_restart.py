"""D18: what systemd does when a daemon of ours dies, hangs, cannot start, or keeps failing. With one order that rests at the
broker, which has to be there after all of it.

  watchdog_and_restart.py [--kills N] [--freezes N] [--seed N]"""
import argparse
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "promises")]
import booted  # noqa: E402
import size  # noqa: E402
import wire  # noqa: E402
from host import AUDITDS, FOLLOWER, GATEWAY, HUB, ROUTER, UNITS, Host, check, wait_for  # noqa: E402
from stack import compare_all, wait_synced  # noqa: E402

# Who is there before whom.
ORDER = [*((auditd, ROUTER) for auditd in AUDITDS), (AUDITDS[0], FOLLOWER), (ROUTER, GATEWAY)]


def each(host, name, units=UNITS):
    """One property of each unit."""
    return {unit: said[name] for unit, said in host.show_all(units, name).items()}


def stamps(host, name, units=UNITS):
    """When each unit's `name` was, in seconds of CLOCK_MONOTONIC."""
    return {unit: int(at) / 1e6 for unit, at in each(host, name, units).items()}


def limit_s(host):
    """WatchdogSec + 1 s."""
    seconds = set(each(host, "WatchdogUSec").values())
    check(seconds == {"10s"}, "WatchdogSec", seconds)
    return 11.0


def forget_failures(host):
    """The start limit counts from here; each part of this test is a minute of its own."""
    host.systemctl("reset-failed", *UNITS)


class Back:
    """How long it took until a unit was started again, and until it was ready, by systemd's own clock."""

    def __init__(self, begin, started, ready):
        self.started, self.ready = started - begin, ready - begin


def back_after(host, victims, begin):
    """Waits until each of {unit: pid} runs under another pid."""
    def is_back():
        now = host.show_all(victims, "MainPID", "ActiveState")
        return all(n["ActiveState"] == "active" and n["MainPID"] not in ("0", victims[u]) for u, n in now.items())
    wait_for("all to run again", is_back, pause=0.05)
    started = stamps(host, "ExecMainStartTimestampMonotonic", victims)
    ready = stamps(host, "ActiveEnterTimestampMonotonic", victims)
    return {unit: Back(begin, started[unit], ready[unit]) for unit in victims}


def starts_in_order(host):
    active, started = stamps(host, "ActiveEnterTimestampMonotonic"), stamps(host, "ExecMainStartTimestampMonotonic")
    for first, second in ORDER:
        check(active[first] <= started[second], first, "was ready at", active[first], "and", second, "started at",
              started[second])


def killed(host, chance, times):
    """kill -9 of one after the other."""
    took = []
    for _ in range(times):
        for unit in chance.sample(UNITS, len(UNITS)):
            pid = host.show(unit, "MainPID")["MainPID"]
            begin = time.monotonic()
            os.kill(host.main_process(unit), signal.SIGKILL)
            took.append(back_after(host, {unit: pid}, begin)[unit])
        forget_failures(host)
    return took


def frozen_or_hanging(host, times):
    """SIGSTOP of all but the hub, and meanwhile a hub that hangs in its start: how long until each was started again."""
    frozen, hanging = [], []
    for _ in range(times):
        host.drop_in(HUB, "[Service]\nExecStart=\nExecStart=/usr/bin/sleep infinity\n")
        before = each(host, "MainPID")
        os.kill(host.main_process(HUB), signal.SIGKILL)
        wait_for("a hub that hangs", lambda: host.show(HUB, "SubState")["SubState"] == "start", pause=0.01)
        hung = stamps(host, "ExecMainStartTimestampMonotonic")[HUB]
        begin = time.monotonic()
        for unit in UNITS:
            if unit != HUB:
                os.kill(host.main_process(unit), signal.SIGSTOP)
        host.undo_drop_in(HUB)
        took = back_after(host, before, begin)
        hanging.append(took.pop(HUB).started + begin - hung)
        frozen += [back.started for back in took.values()]
        forget_failures(host)
    return frozen, hanging


def alarms(host):
    """What busbar-failed@ has said, as the system journal has it."""
    said = host.run("journalctl", "-t", "busbar-failed", "-o", "json", "--no-pager")[1].splitlines()
    return [(entry["PRIORITY"], entry["MESSAGE"]) for entry in map(json.loads, said)]


def given_up(host):
    """A configuration that nobody can read: each exits with 1, five times, and then stays down; a person is told."""
    host.drop_in("busbar-failed@.service", "[Service]\nExecStart=/usr/bin/echo a person is told of %i\n")
    check(not alarms(host), alarms(host))
    config = host.path("/etc/busbar/busbar.toml").read_text()
    begin = time.monotonic()
    host.write("/etc/busbar/busbar.toml", config + "\n[misspelt\n")
    host.systemctl("restart", "busbar.target")
    wait_for("all to be given up", lambda: set(each(host, "ActiveState").values()) == {"failed"}, pause=0.1)
    took = time.monotonic() - begin
    for unit in UNITS:
        end = host.show(unit, "Result", "ExecMainStatus", "NRestarts")
        check(end["ExecMainStatus"] == "1" and end["NRestarts"] == "5", unit, end)
        said = host.run("journalctl", "-u", unit, "-o", "cat", "--no-pager", "-n", "40")[1]
        check("busbar.toml:" in said, unit, "did not say what is wrong:", said)
    wait_for("the alarms", lambda: len(alarms(host)) == 2 * len(UNITS))
    for unit in UNITS:
        name = unit.removesuffix(".service")
        about = [(priority, text) for priority, text in alarms(host) if f"{name} " in f"{text} "]
        check(len(about) == 2 and {priority for priority, _ in about} == {"1"}, unit, about)

    host.write("/etc/busbar/busbar.toml", config)
    forget_failures(host)
    host.systemctl("start", "busbar.target")
    host.wait_ready()
    return took


def stopped(host):
    """All of it, in order, each by itself with 0."""
    begin = time.monotonic()
    host.systemctl("stop", "busbar.target", "busbar-*")
    took = time.monotonic() - begin
    at, left = stamps(host, "InactiveEnterTimestampMonotonic"), stamps(host, "ActiveExitTimestampMonotonic")
    for unit in UNITS:
        end = host.show(unit, "Result", "ExecMainCode", "ExecMainStatus", "ActiveState")
        exited = {"Result": "success", "ExecMainCode": "1", "ExecMainStatus": "0", "ActiveState": "inactive"}
        check(end == exited, unit, end)
        check(at[unit] - left[unit] <= 5, unit, "took", at[unit] - left[unit], "s to stop")
    for first, second in ORDER:
        check(at[second] <= left[first], second, "went at", at[second], "and", first, "was asked to at", left[first])
    return took


def make_records(host, orders):
    """Refused orders: two records each and nothing at the broker."""
    asker = wire.Req(host.orders, "cli")
    for i in range(orders):
        wrong = wire.new_order(f"wrong-{i}", "Buy", "0.01", "BTC/USDT", price=wire.Number("1.2345678"))
        answer = asker.ask("NewOrder", **wrong)
        check(answer["order_status"] == "Rejected", "it was to be refused:", answer["order_status"], answer["error"])


def long_start(host):
    """A router that has everything to replay tells so, each thousand records, to whoever waits for it to be ready."""
    host.run("rm", "-r", "/var/lib/busbar/router/snapshots")
    place = host.path("/run/busbar/notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(place))
        place.chmod(0o666)
        told.settimeout(60)
        command = host.enter("env", "NOTIFY_SOCKET=/run/busbar/notify", "busbar-router", "--config",
                             "/etc/busbar/busbar.toml", user="busbar")
        router = subprocess.Popen(command, cwd="/", stderr=subprocess.DEVNULL)
        said = []
        while "READY=1" not in said:
            said += told.recv(4096).decode().splitlines()
        router.kill()
        router.wait()
    return sum(line.startswith("EXTEND_TIMEOUT_USEC=") for line in said)


def rests(host):
    return [o["client_order_id"] for o in host.outside.busbar("orders")[1]] == ["rests"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=size.times(50, ci=2), help="of each unit")
    parser.add_argument("--freezes", type=int, default=size.times(10, ci=1), help="of each unit, all at once")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    with Host("D18") as host:
        print(f"D18: seed {options.seed}", flush=True)
        limit = limit_s(host)
        starts_in_order(host)
        host.run("busbar", "order", "buy", "0.01", "BTC/USDT", "--limit", "30000", "--id", "rests", user="alice")
        make_records(host, 600)
        kills = killed(host, random.Random(options.seed), options.kills)
        ready = [back.ready for back in kills]
        check(max(ready) <= limit, "after kill -9:", ready)
        host.wait_ready()
        check(rests(host), host.outside.busbar("orders", "--all")[1])

        frozen, hanging = frozen_or_hanging(host, options.freezes)
        check(max(frozen) <= limit, "after SIGSTOP:", frozen)
        check(max(hanging) <= limit, "after a start that hangs:", hanging)
        host.wait_ready()
        check(rests(host), host.outside.busbar("orders", "--all")[1])

        gone = given_up(host)
        check(gone <= 30, "given up after", gone)
        check(rests(host), host.outside.busbar("orders", "--all")[1])
        wait_synced(host.outside)
        check(compare_all(host.outside) == 1, host.outside.venue.orders())
        stopping = stopped(host)
        extended = long_start(host)
        check(extended > 0, "a router that replays did not say so")
        p50 = statistics.median
        print(f"D18: {len(kills)} kill -9: ready again after p50 {p50(ready):.2f} s, max {max(ready):.2f} s; "
              f"{len(frozen)} SIGSTOP: started again after p50 {p50(frozen):.1f} s, max {max(frozen):.1f} s; "
              f"{len(hanging)} hang in start: max {max(hanging):.1f} s (limit {limit:.0f} s: WatchdogSec + 1 s)\n"
              f"D18: exit 1 five times: {len(UNITS)} of {len(UNITS)} units given up within {gone:.1f} s (limit 30 s), "
              f"{len(UNITS)} alarms; started and stopped in order; all stopped with 0 in {stopping:.2f} s; a router "
              f"that replays asked {extended} times for more time")


if __name__ == "__main__":
    booted.or_skip(main)
