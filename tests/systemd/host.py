"""A host with Busbar on it, installed by the commands of docs/operations.md, started by a real systemd. The broker in a box
runs outside of it, on this machine's loopback; so does whoever asks, by the host's own sockets."""
import re
import sys

from booted import HERE, Booted

sys.path.insert(0, str(HERE.parent / "docs"))
from page import ROOT, Reader, Shell, shown  # noqa: E402
from stack import BIN, Stack, check, wait_for  # noqa: E402

SOURCE = "/usr/src/busbar"
AUDITDS = [f"busbar-auditd@{stream}.service" for stream in ("core", "market", "tape")]
ROUTER, HUB, FOLLOWER = "busbar-router.service", "busbar-hub.service", "busbar-router-follow.service"
GATEWAY = "busbar-gateway@binance.service"
UNITS = [*AUDITDS, ROUTER, HUB, FOLLOWER, GATEWAY]
INSTALLING = "Installing on a host"


class Outside(Stack):
    """The venue, and the command line of whoever looks at the host from outside."""

    def __init__(self, host, **more):
        super().__init__(host.name, **more)
        self.host = host

    def start(self):
        self.start_venue()

    def write_config(self):
        self.run_folder = self.host.path("/run/busbar")
        super().write_config()
        audit = f'directory = "{self.folder}/audit"'
        text = self.config.read_text()
        check(audit in text, "the configuration of stack.py has changed")
        self.config.write_text(text.replace(audit, f'directory = "{self.host.folder}/state/audit"'))

    def stop(self):
        self.processes["venue"].stop()


class Host(Booted):
    """with Host("name") as host: booted and installed, with the target and the gateway started and ready."""

    def __init__(self, name, config=None, is_installed=True, **more):
        super().__init__(name, {SOURCE: ROOT, f"{SOURCE}/build/release/bin": BIN})
        self.outside, self.more = None, more
        self.is_installed = is_installed  # else somebody reads the page to it
        self.change_config = config or (lambda text: text)
        self.before = {(INSTALLING, 0): self.bring_key, (INSTALLING, 1): self.edit_config}

    def boot(self):
        super().boot()
        self.outside = Outside(self, **self.more)
        try:
            self.outside.__enter__()
            if self.is_installed:
                self.install()
        except BaseException:
            self.tell()
            self.outside.kill_all()
            raise

    def __exit__(self, kind, error, trace):
        super().__exit__(kind, error, trace)
        self.outside.__exit__(kind, error, trace)

    def shell(self, user=None):
        shell = Shell(self.enter("bash", user=user), cwd="/")
        shell.run(f"cd {SOURCE}")
        return shell

    @property
    def orders(self):
        """The router's socket for clients, from outside."""
        return f"ipc://{self.path('/run/busbar/orders')}"

    def install(self):
        with Reader(self.shell, self.before) as reader:
            for block in shown(ROOT / "docs/operations.md"):
                if block.heading == INSTALLING:
                    reader.read(block)
        self.wait_ready()

    def bring_key(self):
        key = self.outside.keys["main"]
        self.write(f"{SOURCE}/main.cred", f"api_key = {key['api_key']}\nsecret = {key['secret']}\n", 0o600)
        self.run("useradd", "alice")

    def edit_config(self):
        """What the page asks the operator for: another broker's addresses than the example's."""
        venue = self.outside.venue
        self.write("/etc/busbar/venue.pem", open(venue.ca).read())
        text = self.path("/etc/busbar/busbar.toml").read_text()
        for key, value in {"environment": "paper", "rest": venue.rest, "ws_api": venue.ws_api,
                           "streams": f'{venue.streams}"\nca_file = "/etc/busbar/venue.pem'}.items():
            text, found = re.subn(rf'(?m)^{key} = ".*?"', f'{key} = "{value}"', text)
            check(found == 1, "the example configuration has", found, "lines", key)
        self.write("/etc/busbar/busbar.toml", self.change_config(text))
        self.outside.write_config()

    def wait_ready(self, seconds=60):
        def is_ready():
            return self.run("busbar", "--timeout", "1", "status", user="alice", can_fail=True)[0] == 0
        wait_for("busbar status to say that all is well", is_ready, seconds, 0.05)
