"""A real systemd, booted for a test: PID 1 of its own namespaces, gone with the test. Never the systemd of this machine.

Needs root, unshare(2) and a cgroup2 tree that can be written to; Skipped says what of it is not there."""
import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenario"))
from stack import check, wait_for  # noqa: E402

UNSHARE = ["unshare", "--cgroup", "--mount", "--propagation", "private", "--uts", "--ipc", "--pid", "--fork",
           "--kill-child=SIGKILL"]
ENDED = -1


class Skipped(Exception):
    pass


def cgroup2():
    """Where the cgroup2 tree is mounted."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    raise Skipped("no cgroup2 tree is mounted")


class Booted:
    """with Booted("name") as system: system.run("systemctl", "start", ...). At a failure the system's journal is printed."""

    def __init__(self, name, seen=None):
        self.name = name
        self.seen = seen or {}  # folders of this machine at another place inside: {inside: outside}
        self.folder = Path(tempfile.mkdtemp(prefix=f"busbar-{name}-"))
        self.log = self.folder / "boot.log"
        self.cgroup = None
        self.popen = None
        self.pid = None  # of its PID 1, as this machine counts
        atexit.register(self.end)

    def __enter__(self):
        try:
            self.boot()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None:
            self.tell()
        self.end()

    def boot(self):
        if os.geteuid() != 0:
            raise Skipped("not root")
        for program in ("unshare", "nsenter", "/lib/systemd/systemd"):
            if shutil.which(program) is None:
                raise Skipped(f"there is no {program}")
        self.cgroup = cgroup2() / f"busbar-{self.name}-{os.getpid()}"
        try:
            self.cgroup.mkdir()
        except OSError as error:
            self.cgroup = None
            raise Skipped(f"no cgroup can be made: {error}") from error
        places = [str(path) for pair in self.seen.items() for path in pair]
        join = 'echo $$ >"$0/cgroup.procs" && exec "$@"'
        with open(self.log, "wb") as log:
            # Dies with this test: unshare by its parent's death, the namespaces with unshare.
            self.popen = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "bash", "-c", join, self.cgroup, *UNSHARE,
                                           HERE / "boot", self.folder, *places],
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.pid = wait_for("the namespaces", self.first_process, pause=0.005)
        if self.pid == ENDED:
            raise Skipped("no system can be booted here: " + (self.log.read_text().strip().splitlines() or ["?"])[-1])
        # Degraded: a unit of this machine, which is none of ours, cannot run in here.
        wait_for("the system to run", lambda: self.state() in ("running", "degraded"), pause=0.02)

    def first_process(self):
        """The pid once it has become systemd; ENDED when it could not."""
        if self.popen.poll() is not None:
            return ENDED
        try:
            children = Path(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children").read_text().split()
            return children and Path(f"/proc/{children[0]}/comm").read_text() == "systemd\n" and int(children[0])
        except OSError:  # it has just ended
            return None

    def end(self):
        if self.popen is not None:
            self.popen.kill()  # and with it every process and mount of the namespaces
            self.popen.wait()
            self.popen = None
        if self.cgroup is not None:
            wait_for("the last process to go", lambda: "populated 0" in (self.cgroup / "cgroup.events").read_text())
            for folder, _, _ in os.walk(self.cgroup, topdown=False):
                os.rmdir(folder)
            self.cgroup = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def tell(self):
        print(f"--- {self.name} failed; the journal of its system ends:", file=sys.stderr)
        print(self.run("journalctl", "--no-pager", "-n", 80, "-o", "short-precise", can_fail=True)[1], file=sys.stderr)

    # Talking to it.
    def enter(self, *command, user=None):
        """The command line that runs `command` inside."""
        become = ["runuser", "-u", user, "--"] if user else []
        return ["nsenter", "-t", str(self.pid), "-a", "--", *become, *map(str, command)]

    def run(self, *command, can_fail=False, user=None, seconds=180):
        """(exit code, stdout, stderr)"""
        done = subprocess.run(self.enter(*command, user=user), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=seconds, cwd="/")
        check(can_fail or done.returncode == 0, *command, "ended with", done.returncode, done.stderr, done.stdout)
        return done.returncode, done.stdout.strip(), done.stderr.strip()

    def state(self):
        return self.run("systemctl", "is-system-running", can_fail=True)[1]

    def systemctl(self, *arguments, can_fail=False, seconds=180):
        return self.run("systemctl", *arguments, can_fail=can_fail, seconds=seconds)

    def show(self, unit, *properties):
        """What systemd says of a unit, by property."""
        return self.show_all([unit], *properties)[unit]

    def show_all(self, units, *properties):
        """The same of several units, by unit."""
        said = self.run("systemctl", "show", *units, "-p", ",".join(properties))[1].split("\n\n")
        return {unit: dict(line.split("=", 1) for line in text.splitlines()) for unit, text in zip(units, said)}

    def path(self, place):
        """A file of its root, as this machine sees it."""
        return Path(f"/proc/{self.pid}/root") / str(place).lstrip("/")

    def write(self, place, text, mode=0o644):
        self.path(place).parent.mkdir(parents=True, exist_ok=True)
        self.path(place).touch(mode)
        self.path(place).write_text(text)

    def drop_in(self, unit, text, name="test"):
        """What an operator writes with systemctl edit."""
        self.write(f"/etc/systemd/system/{unit}.d/{name}.conf", text)
        self.systemctl("daemon-reload")

    def undo_drop_in(self, unit, name="test"):
        self.path(f"/etc/systemd/system/{unit}.d/{name}.conf").unlink()
        self.systemctl("daemon-reload")

    def main_process(self, unit):
        """The pid of a service's main process, as this machine counts; None when it has none."""
        inside = self.show(unit, "MainPID", "ControlGroup")
        if inside["MainPID"] == "0":
            return None
        for pid in (self.cgroup / inside["ControlGroup"].lstrip("/") / "cgroup.procs").read_text().split():
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            if next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[-1] == inside["MainPID"]:
                return int(pid)
        return None


def or_skip(main):
    """main(), but a machine that cannot boot a system says why, and that is no failure."""
    try:
        main()
    except Skipped as reason:
        print(f"SKIPPED: {reason}")
