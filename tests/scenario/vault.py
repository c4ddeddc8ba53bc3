"""A vault's life: made, filled by pipe and by keyboard, used by gateways, rotated, copied for recovery; and what is
refused. Secrets are shown nowhere on the way."""
import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

from stack import BIN, Stack, check, run, wait_for
import wire

PASSPHRASE = "a passphrase for the deep box"


class Vaulted(Stack):
    """The gateway's accounts name entries of a vault."""

    def write_config(self, file=None, bus=""):
        super().write_config(file, bus)
        text = self.config.read_text()
        for account in self.accounts:
            text = text.replace(f'credentials = "{self.folder}/{account}.cred"', f'credentials = "vault:{account}"')
        self.config.write_text(text + self.vault_table())
        self.vault("init")
        self.vault("set", "main", data=self.cred("main"))
        second = self.keys["second"]
        typed = type_at([*self.command("vault", "set", "second")],
                        [("second: api_key: ", second["api_key"]), ("second: secret: ", second["secret"]),
                         ("second: passphrase (none: Enter): ", "")])
        check(second["secret"] not in typed and second["api_key"] not in typed, "what was typed is shown")

    def vault_table(self, key=None, name="vault"):
        kept = self.folder / "kept" / f"{name}.generation"
        return (f'\n[vault]\nfile = "{self.folder}/{name}/vault"\ngeneration_file = "{kept}"\n'
                f'key = "{key or f"file:{self.folder}/{name}.key"}"\n')

    def secrets_in(self, content):
        return [account for account, key in self.keys.items() if any(s.encode() in content for s in key.values())]

    def cred(self, account):
        return (self.folder / f"{account}.cred").read_bytes()

    def command(self, *arguments, config=None):
        return [str(BIN / "busbar"), "--config", str(config or self.config), *map(str, arguments)]

    def vault(self, *arguments, data=b"", code=0, says="", config=None, environment=None):
        """Runs it; what it printed, stdout and stderr."""
        command = self.command("vault", *arguments, config=config)
        done = subprocess.run(command, input=data, capture_output=True, timeout=60, start_new_session=True,
                              env={**os.environ, **(environment or {})})
        said = (done.stdout + done.stderr).decode()
        check(not self.secrets_in(said.encode()), "a secret is shown by", *arguments, ":", said)
        check(done.returncode == code, *arguments, "ended with", done.returncode, said)
        check(says in said, *arguments, "did not say", says, "but", said)
        return said

    def entries(self, **more):
        return {line["name"]: line for line in map(json.loads, self.vault("list", "--json", **more).splitlines())}

    def other(self, name, key):
        """A configuration with another vault."""
        config = self.folder / f"{name}.toml"
        config.write_text(f'environment = "paper"\n{self.vault_table(key, name)}')
        return config


def type_at(command, answers, code=0):
    """At a terminal: each (prompt, what is typed then). Returns what the terminal showed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(command[0], command)
    shown = b""
    for prompt, text in answers:
        end = time.monotonic() + 60
        while prompt.encode() not in shown.replace(b"\r", b""):
            check(time.monotonic() < end, "no prompt", prompt, "but", shown)
            if select.select([terminal], [], [], 0.1)[0]:
                shown += read(terminal)
        wait_for("the echo to be off", lambda: not echoes(terminal))
        os.write(terminal, text.encode() + b"\n")
        shown += b"\n"
    while True:
        piece = read(terminal)
        if not piece:
            break
        shown += piece
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    check(status == code, *command, "ended with", status, shown.decode())
    return shown.decode()


def read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # everybody has closed it
        return b""


def echoes(terminal):
    import termios
    return termios.tcgetattr(terminal)[3] & termios.ECHO


def trades(stack, name):
    for account in stack.accounts:
        order = f"{name}-{account}"
        stack.req().ask("NewOrder", **wire.new_order(order, "Buy", "0.01", account=account, price=30000))
        wait_for("the order to work",
                 lambda: stack.busbar("order", order, client="alpha")[1][0]["order_status"] == "New")


def restarted(stack):
    stack.processes["gateway"].stop()
    stack.restart("gateway")
    stack.wait_ready()


def refuses_to_start(stack, says):
    command = [str(BIN / "busbar-gateway-binance"), "--config", str(stack.config), "--name", "binance"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    check(done.returncode == 1 and says in done.stderr, "a gateway with a bad vault:", done)
    check(not stack.secrets_in(done.stderr.encode()), "a secret is shown")


def rotates(stack):
    before = stack.entries()
    check(before.keys() == {"main", "second"}, before)
    stack.vault("rotate")
    after = stack.entries()
    for name, entry in after.items():
        check(int(entry["version"]) > int(before[name]["version"]), name, "is sealed by the same key:", entry)
        check(entry["set"] == before[name]["set"] and entry["sealed"] > entry["set"], name, before[name], entry)
    stack.vault("rotate", "second")
    check(stack.entries()["main"] == after["main"] != after["second"] != stack.entries()["second"], "rotate second")
    key = stack.folder / "vault.key"
    old = key.read_bytes()
    stack.vault("rotate", "--master")
    check(key.read_bytes() != old and key.stat().st_mode & 0o777 == 0o400, "another key, for us alone")
    check(not key.with_suffix(".key.new").exists(), "the new key is in place")


def refuses(stack):
    """Wrong uses, each with what is said and where."""
    stack.vault("init", code=1, says="there is a vault already")
    stack.vault("set", "main", data=b"api_key = x\nsecret_file = y.pem\n", code=1,
                says="line 2: secret_file names a file")
    stack.vault("set", "main", data=b"api_key = x\n", code=1, says="secret is missing")
    stack.vault("set", "main", data=b"", code=1, says="nothing was piped in")
    stack.vault("set", "main", data=b"#" * 17000, code=1, says="more than 16384 bytes")
    stack.vault("set", "no name", data=stack.cred("main"), code=1, says='"no name" is no name')
    stack.vault("rm", "nobody", code=1, says='there is no entry "nobody"')
    stack.vault("rotate", "nobody", code=1, says='there is no entry "nobody"')
    stack.vault("list", "more", code=2)
    stack.vault("list", config=stack.other("absent", None), code=1, says="absent/vault: No such file")
    same = stack.folder / "same.toml"
    same.write_text('[vault]\nfile = "/a/vault"\ngeneration_file = "/a/generation"\n')
    stack.vault("list", config=same, code=2, says="same.toml:3: vault.generation_file: must lie in another folder")
    same.write_text('[vault]\nkey = "secret"\n')
    stack.vault("list", config=same, code=2, says="same.toml:2: vault.key:")
    key = stack.folder / "vault.key"
    key.chmod(0o600)
    stack.vault("list", code=1, says="vault.key: must have mode 0400")
    key.chmod(0o400)


def tampered(stack):
    """Also what a gateway is told of it."""
    file = stack.folder / "vault" / "vault"
    good, older = file.read_bytes(), file.read_bytes()
    place = good.index(b"second") + 20
    file.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1:])
    stack.vault("list", code=1, says='entry "second", version')
    refuses_to_start(stack, 'entry "second", version')
    file.write_bytes(good)
    stack.vault("rotate")
    newest = file.read_bytes()
    file.write_bytes(older)
    stack.vault("list", code=1, says="an older copy")
    refuses_to_start(stack, "an older copy")
    stack.vault("--accept-older", "list", says="second")
    stack.vault("rotate", "--accept-older")
    stack.vault("list", says="second")
    file.write_bytes(newest)
    stack.vault("list", code=1, says="an older copy")
    stack.vault("rotate", "--accept-older")


def recovers(stack):
    """To another vault, opened by another kind of master key."""
    copy = stack.folder / "recovery"
    stack.vault("export-for-recovery", copy, data=b"too short\n", code=1, says="12 characters")
    stack.vault("export-for-recovery", copy, data=PASSPHRASE.encode() + b"\n")
    stack.vault("export-for-recovery", copy, data=PASSPHRASE.encode() + b"\n", code=1, says="is there already")
    content = copy.read_bytes()
    check(not stack.secrets_in(content), "a secret in the recovery file")
    given = stack.folder / "given"
    given.mkdir()
    for name, text in (("box", os.urandom(32).hex()), ("box.new", os.urandom(32).hex()),
                       ("vault.passphrase", PASSPHRASE + "\n")):
        (given / name).write_text(text)
        (given / name).chmod(0o400)
    systemd = {"CREDENTIALS_DIRECTORY": str(given)}
    second = stack.other("second", "credential:box")
    stack.vault("init", "--from-recovery", copy, data=b"a wrong passphrase", code=1, says="another passphrase",
                config=second, environment=systemd)
    stack.vault("init", "--from-recovery", copy, data=PASSPHRASE.encode(), config=second, environment=systemd)
    check(stack.entries(config=second, environment=systemd).keys() == {"main", "second"}, "all of it is back")
    stack.vault("list", config=second, code=1, says="systemd has given this process none")
    stack.vault("rotate", "--master", config=second, environment=systemd)
    (given / "box.new").rename(given / "box")
    stack.vault("list", config=second, environment=systemd, says="main")
    stack.vault("rotate", "--master", config=second, environment=systemd, code=1, says="box.new: No such file")
    # By a passphrase that systemd hands over, then by one that is typed.
    third = stack.other("third", "passphrase")
    stack.vault("init", config=third, environment=systemd)
    stack.vault("set", "main", config=third, environment=systemd, data=stack.cred("main"))
    stack.vault("list", config=third, code=1, says="there is no terminal to type it at")
    file = stack.folder / "third/vault"
    shown = type_at(stack.command("vault", "list", config=third), [(f"passphrase of {file}: ", PASSPHRASE)])
    check("main" in shown and PASSPHRASE not in shown, shown)
    type_at(stack.command("vault", "list", config=third), [(f"passphrase of {file}: ", "another passphrase")], code=1)
    new = f"new passphrase of {file}"
    type_at(stack.command("vault", "rotate", "--master", config=third),
            [(f"passphrase of {file}: ", PASSPHRASE), (f"{new}: ", "another passphrase"),
             (f"{new}, again: ", "another pasphrase")], code=1)
    type_at(stack.command("vault", "rotate", "--master", config=third),
            [(f"passphrase of {file}: ", PASSPHRASE), (f"{new}: ", "another passphrase"),
             (f"{new}, again: ", "another passphrase")])
    type_at(stack.command("vault", "list", config=third), [(f"passphrase of {file}: ", "another passphrase")])


def main():
    with Vaulted("vault", accounts=("main", "second")) as stack:
        trades(stack, "first")
        rotates(stack)
        restarted(stack)
        trades(stack, "rotated")
        refuses(stack)
        recovers(stack)
        tampered(stack)
        stack.vault("rm", "second")
        refuses_to_start(stack, 'entry "second": there is no entry "second"')
        stack.vault("set", "second", data=stack.cred("second"))
        restarted(stack)
        trades(stack, "again")
        for file in stack.folder.rglob("*"):
            is_known = file.suffix in (".cred", ) or "venue" in file.relative_to(stack.folder).parts[0]
            if file.is_file() and not is_known:
                check(not stack.secrets_in(file.read_bytes()), "a secret in", file)


if __name__ == "__main__":
    run(main)
