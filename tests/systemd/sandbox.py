"""D17: what each unit's sandbox keeps a program from, by systemd's own score and by trying it from inside."""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import booted  # noqa: E402
from host import AUDITDS, FOLLOWER, GATEWAY, HUB, ROUTER, SOURCE, UNITS, Host, check  # noqa: E402

EXPOSURE_MAX = 1.5
FAILED = "busbar-failed@busbar-router.service"
PROBE = f"{SOURCE}/build/release/bin/sandbox_probe"

# Where each may write. Everywhere else it may not, and not where another one may.
RUN, LOG, JOURNAL, HEADS = "/run/busbar", "/var/lib/busbar/router", "/var/lib/busbar/audit", "/var/lib/busbar/heads"
VAULT, GENERATION = "/var/lib/busbar/vault", "/var/lib/busbar/generation"
OWN = {ROUTER: [RUN, LOG, JOURNAL], FOLLOWER: [LOG, JOURNAL], HUB: [RUN], GATEWAY: [RUN, VAULT, GENERATION], FAILED: [],
       **{auditd: [RUN, JOURNAL, HEADS] for auditd in AUDITDS}}
NOBODYS = ["/etc/busbar", "/etc", "/usr/bin", "/var/lib/busbar", "/var/lib", "/var/log", "/srv", "/root", "/dev/shm",
           "/run", "/run/lock", "/proc/sys/kernel"]


def attempts(host, units, files, other):
    """What the probe was answered when run as each of these units, before its program."""
    line = f"{PROBE} {other} " + " ".join(files)
    for unit in units:
        host.write(f"/etc/systemd/system/{unit}.d/probe.conf",
                   f"[Service]\nExecStartPre={line}\nSyslogIdentifier=probe\n")
    host.systemctl("daemon-reload")
    host.systemctl("restart", *units)
    return {unit: said_by(host, unit) for unit in units}


def said_by(host, unit):
    this_time = "_SYSTEMD_INVOCATION_ID=" + host.show(unit, "InvocationID")["InvocationID"]
    done = host.run("journalctl", "--no-pager", "-t", "probe", "-o", "cat", this_time)[1]
    return [json.loads(each) for each in done.splitlines() if each.startswith('{"attempt"')]


def may_trace():
    """Does this kernel let a process trace another one of the same user?"""
    yama = Path("/proc/sys/kernel/yama/ptrace_scope")
    return not yama.exists() or yama.read_text().strip() == "0"


def exposure(line):
    """5.0 of "→ Overall exposure level for x.service: 5.0 MEDIUM"."""
    return float(line.rsplit(": ", 1)[1].split()[0])


def main():
    with Host("D17") as host:
        files = [f"{folder}/probe" for folder in (RUN, LOG, JOURNAL, HEADS, VAULT, GENERATION, *NOBODYS)]
        other = host.run("bash", "-c", "sleep 600 >/dev/null 2>&1 & echo $!", user="busbar")[1]
        # The same program as the same user and without a sandbox: what is refused below is refused by the sandbox.
        free = [json.loads(line) for line in host.run(PROBE, other, *files, user="busbar")[1].splitlines()]
        could = {a["attempt"] for a in free if not a["refused"]}
        writable = (RUN, LOG, JOURNAL, HEADS, VAULT, GENERATION, "/var/lib/busbar", "/dev/shm")
        writes = [f"write {folder}/probe" for folder in writable]
        for what in [*writes, *(["trace another process"] if may_trace() else []), "executable memory"]:
            check(what in could, "even without a sandbox:", what, free)

        units = [*UNITS, FAILED]
        live, offline, refused, granted = {}, {}, 0, 0
        for unit, answers in attempts(host, units, files, other).items():
            live[unit] = exposure(host.run("systemd-analyze", "security", "--no-pager", unit)[1].splitlines()[-1])
            offline[unit] = exposure(host.run("systemd-analyze", "security", "--no-pager", "--offline=yes",
                                              unit)[1].splitlines()[-1])
            check(max(live[unit], offline[unit]) <= EXPOSURE_MAX, unit, "is exposed", live[unit], offline[unit])
            check(len(answers) == len(free), unit, "made", len(answers), "attempts of", len(free), answers)
            may = {f"write {folder}/probe" for folder in OWN[unit]}
            for answer in answers:
                check(answer["refused"] == (answer["attempt"] not in may), unit, answer)
                refused += answer["refused"]
                granted += not answer["refused"]
        # Who is not in group busbar cannot even ask.
        check(host.run("busbar", "--timeout", "0.5", "status", user="nobody", can_fail=True)[0] == 3, "nobody may ask")
        failed = host.systemctl("list-units", "--failed", "--no-legend", "busbar*")[1]
        check(not failed, "failed:", failed)
        print(f"D17: {len(live)} units, exposure live {min(live.values())} to {max(live.values())}, "
              f"offline {min(offline.values())} to {max(offline.values())} (limit {EXPOSURE_MAX})\n"
              f"D17: from inside: {refused} of {refused} attempts refused (writes outside of their folders, ptrace, "
              f"new namespaces, mount, packet socket, executable memory), {granted} of {granted} writes to their own "
              f"folders done; without the sandbox {len(could)} of {len(free)} attempts of each succeed")


if __name__ == "__main__":
    booted.or_skip(main)
