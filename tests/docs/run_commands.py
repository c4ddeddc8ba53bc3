"""Runs what the docs show: every command of the pages below, in the order of the page.

  run_commands.py host    on a host with a real systemd, installed by the page's own commands: all of them
  run_commands.py stack   beside processes without systemd: those of blocks that need no host
  run_commands.py         the first where such a host can be booted, else the second

Fails when a command ends otherwise than the page says, when more commands than one say that they are not run, or when
one stands in a block that is not fenced for commands. BUSBAR_VERBOSE=1 shows each with what it printed."""
import itertools
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "systemd")]
from page import ROOT, Reader, Shell, blocks, shown  # noqa: E402
from booted import Skipped  # noqa: E402
from host import INSTALLING, Host  # noqa: E402
from stack import BIN, Number, Stack, check, wait_for  # noqa: E402
import wire  # noqa: E402

PAGES = [ROOT / "docs" / page for page in ("operations.md", "order_path.md", "journal_format.md", "vault.md")]
DOUBT = "An order is InDoubt"
NOT_RUN_MAX = 1  # commands that say of themselves that they are not run
LOOKS_LIKE_A_COMMAND = re.compile(r"^(busbar|systemctl|journalctl|install|scripts/|cmake|openssl|python3|rm|mv|cd) ?")


class Doubt:
    """An order whose answer is lost, and which the broker does not show for a while."""

    def __init__(self, orders, venue):
        self.orders, self.venue = orders, venue
        self.before = {(DOUBT, 0): self.begin, ("Stop trading", 0): self.end}

    def is_in(self, status):
        answer = wire.Req(self.orders(), "cli").ask("Query", kind="Order", client_order_id="lost-1")
        return any(order["order_status"] == status for order in answer.get("orders") or ())

    def begin(self):
        self.venue().fault("silence", stream="orders")
        self.venue().fault("hide_orders", ms=4000)
        self.venue().fault("drop_answer", endpoint="order.place", next=1)
        order = wire.new_order("lost-1", "Buy", "0.01", "BTC/USDT", price=50000)
        wire.Req(self.orders(), "cli").ask("NewOrder", **order)
        wait_for("the doubt", lambda: self.is_in("InDoubt"))

    def end(self):
        self.venue().clear_faults()
        wait_for("the order to be found", lambda: self.is_in("New"))


def vault_beside(stack):
    """What the page's commands for a host have made there."""
    table = f'[vault]\nfile = "{stack.folder}/vault/vault"\ngeneration_file = "{stack.folder}/vault.generation"\n'
    stack.config.write_text(f'{stack.config.read_text()}\n{table}key = "file:{stack.folder}/vault.key"\n')
    stack.busbar("vault", "init")
    with open(stack.folder / "main.cred", "rb") as credentials:
        command = [BIN / "busbar", "--config", stack.config, "vault", "set", "main"]
        subprocess.run(command, stdin=credentials, check=True)


def all_fenced():
    """A command that stands in a block of another kind would not be run."""
    for page in PAGES:
        for block in blocks(page):
            for line in block.text.splitlines():
                is_overlooked = block.words[:1] != ["sh"] and LOOKS_LIKE_A_COMMAND.match(line)
                check(not is_overlooked, f"{page}: not fenced as ```sh:", line)


def read_all(reader, pages, wanted):
    for page in pages:
        there = [block for block in shown(page) if wanted(block)]
        before = reader.ran
        begin = time.monotonic()
        for block in there:
            reader.read(block)
        print(f"{page.name}: {reader.ran - before} commands run in {time.monotonic() - begin:.1f} s", flush=True)
    for command in reader.not_run:
        print(f"{command.place}: {command.text}", flush=True)
    check(len(reader.not_run) <= NOT_RUN_MAX, len(reader.not_run), "commands are not run")


def beside_a_stack():
    all_fenced()
    with Stack("docs", follow=True, rate=50) as stack:
        environment = {**os.environ, "BUSBAR_CONFIG": str(stack.config), "TMPDIR": str(stack.folder),
                       "PATH": f"{BIN}:{os.environ['PATH']}"}
        doubt = Doubt(lambda: stack.endpoint("orders"), lambda: stack.venue)
        before = {**doubt.before, ("Rotating", 0): lambda: vault_beside(stack)}
        with Reader(lambda user: Shell(cwd=ROOT, env=environment), before) as reader:
            read_all(reader, PAGES, lambda block: "host" not in block.words)


class SmallHost(Host):
    """Not yet installed, and with a small disk for all that it keeps."""
    DISK = 96 << 20

    def __init__(self):
        super().__init__("docs", self.small, is_installed=False, rate=50)
        self.before |= {
            (INSTALLING, 0): self.bring_disk_and_key,
            ("When a daemon dies or hangs", 0): self.bring_pager,
            **Doubt(lambda: self.orders, lambda: self.outside.venue).before,
            ("The disk is full", 0): self.fill_disk,
            ("The journal", 0): lambda: self.path("/var/lib/busbar/audit/not-ours").unlink(),  # room for the other pages
        }

    @staticmethod
    def small(config):
        for line, instead in (("log_segment_bytes = 67108864", "log_segment_bytes = 1048576"),
                              ("log_limit_bytes = 1073741824", "log_limit_bytes = 3145728"),
                              ("head_interval_ms = 5000", "head_interval_ms = 1000\nsegment_bytes = 16777216")):
            check(line in config, "the example configuration has no", line)
            config = config.replace(line, instead)
        return config

    def bring_disk_and_key(self):
        self.run("mount", "-t", "tmpfs", "-o", f"size={self.DISK}", "small", "/var/lib/busbar")
        self.bring_key()

    def bring_pager(self):
        self.write("/usr/local/bin/page-me", '#!/bin/sh\necho "paged: $1"\n', 0o755)

    def fill_disk(self):
        """Two segments of market data, something that is not Busbar's, and orders until the log has no room for more."""
        market = self.path("/var/lib/busbar/audit/market")
        self.run("busbar", "quotes", "BTC/USDT", "-n", "20", user="alice")
        while len(list(market.glob("0*"))) < 2:  # each time twice as much
            self.run("busbar", "journal", "replay", "--stream", "market", "--speed", "1000000", "--to",
                     "ipc:///run/busbar/quotes_in", user="busbar")
        with open(market.parent / "not-ours", "wb") as file:
            wait_for("a full disk", lambda: self.takes_all(file))
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(self.fill_log, range(16)))

    @staticmethod
    def takes_all(file):
        """All space but half a MiB; not, when somebody else was quicker."""
        disk = os.fstatvfs(file.fileno())
        try:
            os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize - (512 << 10))
        except OSError:
            return False
        return True

    def fill_log(self, number):
        """Orders that are a record and nothing at the broker, until they are refused for another reason."""
        asker = wire.Req(self.orders, "cli")
        for i in itertools.count():
            wrong = wire.new_order(f"fills-{number}-{i}", "Buy", "0.01", "BTC/USDT", price=Number("1.2345678"))
            answer = asker.ask("NewOrder", **wrong)
            if answer["error"] == "JournalDown":
                return asker.close()
            check(answer["order_status"] == "Rejected", answer["order_status"], answer["error"], answer["text"])


def on_a_host():
    all_fenced()
    with SmallHost() as host, Reader(host.shell, host.before) as reader:
        read_all(reader, PAGES, lambda block: True)
        said = host.run("journalctl", "--no-pager", "-t", "busbar-failed")[1]
        check("paged: busbar-test" in said, "nobody was paged:", said)


def main():
    where = sys.argv[1:]
    if where not in ([], ["host"], ["stack"]):
        sys.exit(__doc__)
    try:
        if where != ["stack"]:
            return on_a_host()
    except Skipped as reason:
        if where:
            sys.exit(f"no host: {reason}")
        print(f"without the commands that need a host: {reason}", flush=True)
    beside_a_stack()


if __name__ == "__main__":
    main()
