"""D11: secrets are never shown. Canaries in accounts of every kind of key, and of each kind of login, go through all flows, errors
and crashes included, with logs at their most talkative. Then everything that Busbar wrote, said or left in /proc is searched for
them: as they are, in base64, in hexadecimal and encoded for a URL.

  canaries.py [--seed N]"""
import argparse
import base64
import json
import os
import random
import resource
import signal
import ssl
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
sys.path[:] = [os.path.abspath(p) for p in sys.path]
from stack import BIN, Number, Stack, check, program, wait_for, wait_synced  # noqa: E402
from load import first_symbol, product  # noqa: E402
from login import get  # noqa: E402
import wire  # noqa: E402
import zmq  # noqa: E402

# Named for how each signs, or what is wrong with it. Coinbase's are a CDP key, one of the older kind, and a person's login;
# Alpaca's a key and a login; IBKR's a consumer of OAuth 1.0a with its access token, and one for which a person gets that.
BROKER_OF = {"hmac": "binance", "rsa": "binance", "ed25519": "binance", "listen": "binance", "unknown": "binance",
             "cdp": "coinbase", "pem": "coinbase", "login": "coinbase", "key": "alpaca", "token": "alpaca",
             "consumer": "ibkr", "allowed": "ibkr"}
ACCOUNTS = tuple(BROKER_OF)
KEY_TYPES = {"cdp": "ed25519", "pem": "ecdsa"}
CONSUMERS = ("consumer", "allowed")
LOGINS = ("login", "token", "allowed")
GATEWAYS = tuple(f"gw-{account}" for account in ACCOUNTS)
IN_VAULT = ("hmac", *LOGINS)
WINDOW = 24  # so many characters of a secret are a hit: texts are cut, and a cut one is a secret still


class Canaries:
    """Secrets by name, and in which shapes each is looked for."""

    def __init__(self):
        self.needles = {}

    def add(self, name, secret):
        secret = secret.encode() if isinstance(secret, str) else secret
        shapes = {secret, secret.hex().encode(), secret.hex().upper().encode(), secret.swapcase(),
                  urllib.parse.quote_from_bytes(secret, safe="").encode()}
        for shift in range(3):  # base64 of a text that has it somewhere
            coded = base64.b64encode(b"\0" * shift + secret)
            shapes.add(coded[4 if shift else 0:len(coded) // 4 * 4 - 4])
            shapes.add(coded[4 if shift else 0:len(coded) // 4 * 4 - 4].translate(bytes.maketrans(b"+/", b"-_")))
        for shape in shapes:
            for part in {shape[:WINDOW], shape[-WINDOW:]}:
                check(len(part) >= 16, name, "is too short to be looked for")
                self.needles[part] = name

    def add_key(self, name, pem):
        """A private key: its lines as they stand in the file, and what they mean."""
        lines = [line for line in pem.decode().splitlines() if line and "-----" not in line]
        for line in lines[1:-1] or lines:
            self.add(name, line)
        der = base64.b64decode("".join(lines))
        for part in (der[len(der) // 2:len(der) // 2 + 32], der[-32:]):
            self.add(name, part)

    def find(self, where, data):
        return [f"{name} in {where}" for needle, name in self.needles.items() if needle in data]


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, check=True).stdout


class Secretive(Stack):
    """A gateway for each kind of key, and one whose key the venue does not know."""

    def __init__(self, canaries):
        self.canaries = canaries
        self.passphrases = {"rsa": os.urandom(24).hex(), "ed25519": os.urandom(24).hex()}
        self.client_secret = os.urandom(24).hex()
        # What each login gives out, one after the other.
        self.tokens = {"login": [{"access_token": os.urandom(32).hex(), "refresh_token": os.urandom(32).hex()} for _ in range(2)],
                       "token": [{"access_token": os.urandom(32).hex()}]}
        super().__init__("canaries", accounts=ACCOUNTS, gateways=GATEWAYS, brokers=tuple(BROKER_OF.values()),
                         symbols='[log]\nlevel = "trace"\n', router="log_segment_bytes = 1048576")
        for account, key in self.keys.items():
            if account in (*KEY_TYPES, *LOGINS, *CONSUMERS):
                continue
            canaries.add(f"{account}'s API key", key["api_key"])
            if account not in self.passphrases:
                canaries.add(f"{account}'s secret", key["secret"])
        for account, passphrase in self.passphrases.items():
            canaries.add(f"{account}'s passphrase", passphrase)
        canaries.add("the client's secret", self.client_secret)
        for account, given in self.tokens.items():
            for i, tokens in enumerate(given):
                for kind, token in tokens.items():
                    canaries.add(f"{account}'s {kind} {i}", token)

    def start_venue(self):
        os.chdir(self.folder)  # where a core file would be left
        for account, passphrase in self.passphrases.items():
            kind = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if account == "rsa" else ["ed25519"]
            plain = openssl("genpkey", "-algorithm", *kind)
            locked = openssl("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", f"pass:{passphrase}", data=plain)
            self.canaries.add_key(f"{account}'s private key", plain)
            self.canaries.add_key(f"{account}'s locked private key", locked)
            (self.folder / f"{account}.pub").write_bytes(openssl("pkey", "-pubout", data=plain))
            self.write_secret(f"{account}.key", locked)
        super().start_venue()
        for account in KEY_TYPES:
            lines = dict(line.split(" = ", 1) for line in (self.folder / f"{account}.cred").read_text().splitlines())
            self.keys[account]["api_key"] = lines["api_key"]  # in base64 it is part of each token
            self.canaries.add(f"{account}'s API key", lines["api_key"])
            if account == "pem":
                self.canaries.add_key("pem's private key", lines["secret"].replace("\\n", "\n").encode())
            else:
                self.canaries.add(f"{account}'s secret", lines["secret"])
                self.canaries.add(f"{account}'s seed", base64.b64decode(lines["secret"])[:32])
        # The venue has read public keys and secrets; what a gateway reads is another file.
        for account, passphrase in self.passphrases.items():
            self.write_secret(f"{account}.cred", f"api_key = {self.keys[account]['api_key']}\nsecret_file = {account}.key\n"
                              f"passphrase = {passphrase}\n".encode())
        for account in ("login", "token"):
            self.write_secret(f"{account}.cred", f"client_id = busbar\nclient_secret = {self.client_secret}\n".encode())
            self.keys[account]["api_key"] = self.tokens[account][0]["access_token"]
        for account in CONSUMERS:
            self.start_consumer(account)
        self.write_secret("tokens.cred", json.dumps(self.tokens).encode())

    def start_consumer(self, account):
        """As IBKR gives it out; for one of them a person gets the access token."""
        file = self.folder / f"{account}.cred"
        lines = dict(line.split(" = ", 1) for line in file.read_text().splitlines())
        for name in ("signature_key", "encryption_key"):
            self.canaries.add_key(f"{account}'s {name}", lines[name].replace("\\n", "\n").encode())
        pem = self.write_secret(f"{account}.key", lines["encryption_key"].replace("\\n", "\n").encode())
        secret = base64.b64decode(lines["access_token_secret"])
        for name, value in (("access token", lines["access_token"]), ("access token's secret", lines["access_token_secret"]),
                            ("access token's secret, decrypted", openssl("pkeyutl", "-decrypt", "-inkey", pem, data=secret))):
            self.canaries.add(f"{account}'s {name}", value)
        self.keys[account]["api_key"] = lines["access_token"]
        if account in LOGINS:
            self.tokens[account] = [{"oauth_token": lines.pop("access_token"),
                                     "oauth_token_secret": lines.pop("access_token_secret"), "is_paper": True}]
            self.write_secret(file.name, "".join(f"{name} = {value}\n" for name, value in lines.items()).encode())

    def venue_accounts(self, broker, accounts):
        if broker in ("binance", "ibkr"):
            return super().venue_accounts(broker, accounts)
        self.write_secret(f"venue-{broker}/client_secret", self.client_secret.encode())
        of_login = f'client_secret_file = "{self.folder}/venue-{broker}/client_secret"'
        if broker == "alpaca":
            token = self.tokens["token"][0]["access_token"]
            file = self.write_secret("venue-alpaca/token.cred", f"access_token = {token}\n".encode())
            return (super().venue_accounts(broker, ["key"]) + f'\n[venue.accounts.token]\ncredentials = "{file}"\n'
                    f'[venue.login]\naccount = "token"\n{of_login}\n')
        keys = "\n".join(f'[venue.accounts.{a}]\nkey_type = "{KEY_TYPES[a]}"' for a in KEY_TYPES)
        for name, tokens in zip(("login", "next"), self.tokens["login"]):  # it takes them, whoever gives them out
            self.write_secret(f"venue-coinbase/{name}.cred", f"access_token = {tokens['access_token']}\n".encode())
        return f"""{keys}
[venue.accounts.login.keys.next]
credentials = "{self.folder}/venue-coinbase/next.cred"
[venue.login]
account = "login"
{of_login}
"""

    def write_secret(self, name, content):
        file = self.folder / name
        file.touch(mode=0o600)
        file.write_bytes(content)
        return file

    def add(self, name, *command):
        if name == "venue":  # it knows no "unknown", and verifies two accounts by public keys
            config = self.folder / "venue.toml"
            text = config.read_text().replace("[venue]\n", "[venue]\nlisten_keys = true\n")
            text = text.replace(f'[venue.accounts.unknown]\ncredentials = "{self.folder}/unknown.cred"', "")
            for account in self.passphrases:
                file = self.folder / "venue" / f"{account}.cred"
                file.touch(mode=0o600)
                file.write_text(f"api_key = {self.keys[account]['api_key']}\n"
                                f"public_key_file = {self.folder}/{account}.pub\n")
                text = text.replace(f"{self.folder}/{account}.cred", str(file))
            config.write_text(text)
        return super().add(name, *command)

    def write_config(self, file=None, bus=""):
        """The first account's keys come out of a vault, and so does the client of the login."""
        super().write_config(file, bus)
        text = self.config.read_text()
        for account in IN_VAULT:
            named = f'credentials = "{self.folder}/{account}.cred"'
            check(named in text, "the configuration of stack.py has changed")
            text = text.replace(named, f'credentials = "vault:{account}"')
        self.config.write_text(f'''{text}
[vault]
file = "{self.folder}/vault/vault"
generation_file = "{self.folder}/vault.generation"
key = "file:{self.folder}/vault.key"
''')
        vault = [str(BIN / "busbar"), "--config", str(self.config), "vault"]
        subprocess.run([*vault, "init"], check=True)
        for account in IN_VAULT:
            with open(self.folder / f"{account}.cred", "rb") as secret:
                subprocess.run([*vault, "set", account], stdin=secret, check=True)

    def gateway_table(self, name):
        account = name.removeprefix("gw-")
        rest = self.venue_for(account).rest
        self.gateway = {"rsa": 'key_type = "private_key"', "ed25519": 'key_type = "private_key"\norders = "ws_api"',
                        "listen": 'user_data = "listen_key"',
                        "login": f'login_authorize = "{rest}/oauth2/auth"\nlogin_token = "{rest}/oauth2/token"',
                        "token": f'login_authorize = "{rest}/oauth/authorize"\nlogin_token = "{rest}/oauth/token"',
                        "allowed": f'login_authorize = "{rest}/authorize"'}.get(account, "")
        return super().gateway_table(name)

    def sessions(self):
        _, lines, _ = self.busbar("--timeout", "1", "status", can_fail=True)
        return {s["account"]: s for s in lines[0].get("sessions", [])} if lines else {}

    def wait_ready(self, seconds=60.0):
        """All but the one of a key that nobody knows, and the logins that nobody has begun."""
        good = set(ACCOUNTS) - {"unknown", *LOGINS}
        wait_for(f"{len(good)} accounts to be well", lambda: good <= {
            a for a, s in self.sessions().items() if s["state"] == "Ok" and s["reconciled"]}, seconds, 0.1)

    def wait_login(self, account, state, reason="", seconds=60.0):
        wait_for(f"{account} to be {state}: {reason}", lambda: (s := self.sessions().get(account))
                 and s["state"] == state and reason in s.get("reason", "")
                 and (s["reconciled"] or state != "Ok"), seconds, 0.1)

    def own_files(self):
        """What Busbar wrote: everything but the secrets' own files, and what is the venues'."""
        for file in self.folder.rglob("*"):
            first = file.relative_to(self.folder).parts[0].split(".")[0]
            if file.is_file() and first not in self.venue_names and file.suffix not in (".cred", ".key", ".pub"):
                yield file


def written(file):
    """A file without what was never written: segments are sparse, and prewritten with zeros."""
    out = []
    with open(file, "rb") as data:
        end, at = data.seek(0, os.SEEK_END), 0
        while at < end:
            try:
                at = os.lseek(data.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            hole = os.lseek(data.fileno(), at, os.SEEK_HOLE)
            while at < hole:
                data.seek(at)
                block = data.read(min(1 << 16, hole - at))
                if block.strip(b"\0"):
                    out.append(block)
                at += len(block)
    return b"".join(out)


class Said:
    """Everything that came over the bus or out of a command, with where it came from."""

    def __init__(self, stack):
        self.stack, self.pieces = stack, []
        self.reports = wire.CONTEXT.socket(zmq.SUB)
        self.reports.setsockopt(zmq.SUBSCRIBE, b"")
        self.reports.connect(stack.endpoint("reports"))

    def take_reports(self):
        while self.reports.poll(0):
            self.pieces.append(("the drop copy", self.reports.recv()))

    def command(self, *arguments):
        for how in ((), ("--json", )):
            done = subprocess.run([str(BIN / "busbar"), "--config", str(self.stack.config), *how, *map(str, arguments)],
                                  capture_output=True, timeout=60)
            self.pieces.append((f"busbar {' '.join(map(str, arguments))}", done.stdout + done.stderr))

    def processes(self):
        for name, process in self.stack.processes.items():
            if name in self.stack.venue_names or not process.is_running():
                continue
            # What it was started with it shows nobody but root.
            for part in ("cmdline", "environ", "status") if os.geteuid() == 0 else ("cmdline", "status"):
                self.pieces.append((f"/proc of {name}: {part}", Path(f"/proc/{process.popen.pid}/{part}").read_bytes()))


def trade(stack, dealer, chance):
    """The life of orders on each account, and everything that goes wrong with an answer. Returns an order's name."""
    count = 0

    def place(account, share, pieces=10):
        """A bid of so many hundredths of the price, and a little more each time."""
        nonlocal count
        count += 1
        symbol, price, quantity, step = first_symbol(stack.broker_of(account))
        dealer.send("NewOrder", **wire.new_order(f"S{count}", "Buy", pieces * quantity, symbol, account,
                                                 price * share // 100 + count * step))
        return f"S{count}"

    def settled(name, seconds=60):
        check(dealer.pump(seconds, lambda: dealer.status_of(name) in wire.FINAL | {"New", "PartiallyFilled"}), name, "is",
              dealer.status_of(name))
        return dealer.status_of(name)

    good = [a for a in ACCOUNTS if a != "unknown"]
    for account in good:
        broker = stack.broker_of(account)
        symbol, price, quantity, step = first_symbol(broker)
        name = place(account, 50)
        check(settled(name) == "New", account, dealer.reports_of(name)[-1])
        stack.venue_for(account).trade("SELL", 4 * quantity, str(price // 2), product(broker, symbol), time_in_force="IOC")
        dealer.send("ReplaceOrder", client_order_id=f"R{count}", orig_client_order_id=name, order_qty=20 * quantity,
                    price=price // 2 + (count - 1) * step)
        dealer.send("CancelOrder", client_order_id=f"C{count}", orig_client_order_id=name)
        check(settled(place(account, 50, 9_000_000)) == "Rejected", "too dear")
        dealer.send("CancelOrder", client_order_id=f"N{count}", orig_client_order_id="nobody")
    for account in good:  # the broker says the key itself, in an error of every size
        key = stack.keys[account]["api_key"]
        for text in (f"Invalid API-key {key}, try {key} again", f"{'x' * 3000} {key} {key}"):
            # By REST as a body; over the WebSocket API the venue says it in its own frame.
            body = {"binance": {"code": -2015, "msg": text}, "coinbase": {"error": "unknown", "message": text},
                    "alpaca": {"code": 40310000, "message": text}, "ibkr": {"error": text}}
            stack.venue_for(account).fault("answer_instead", endpoint="order.place", account=account, next=1, status=400,
                                           transport="rest", body=json.dumps(body[stack.broker_of(account)]))
            settled(place(account, 40))
    for kind, more in (("drop_answer", {}), ("answer_wrong", {"status": 502}), ("drop_request", {})):
        for account in good:
            stack.venue_for(account).fault(kind, endpoint="order.place", account=account, next=1, **more)
            place(account, 33)
        dealer.pump(1.5)
    for venue in stack.venues:
        venue.clear_faults()
        if venue.broker != "ibkr":  # its stamps may not run backwards afterwards
            venue.control_call("POST", "/clock", skew_ms=90_000)
    for account in good:
        place(account, 35)
    dealer.pump(1)
    for venue in stack.venues:
        if venue.broker != "ibkr":
            venue.control_call("POST", "/clock", skew_ms=0)
    stack.venue.control_call("POST", "/listen-keys/expire")  # whose stream names the key once more
    dealer.pump(1)
    for venue in stack.venues:
        venue.control_call("POST", "/streams/close", reset=True)
    dealer.pump(1)
    return "S1"


def listen_key(stack):
    """As the venue tells it to whoever has the API key: the one that the gateway uses."""
    request = urllib.request.Request(f"{stack.venue.rest}/api/v3/userDataStream", method="POST",
                                     headers={"X-MBX-APIKEY": stack.keys["listen"]["api_key"]})
    with urllib.request.urlopen(request, timeout=60, context=ssl.create_default_context(cafile=stack.venue.ca)) as answer:
        return json.load(answer)["listenKey"]


class TheLogin:
    """Begun by a person, refused, renewed and taken back where there is such a thing. The tokens are the test's, said in the
    venue's name; the codes are the venue's own."""

    def __init__(self, stack, said, canaries, account):
        self.stack, self.said, self.canaries, self.account = stack, said, canaries, account
        self.venue, self.is_consumer = stack.venue_for(account), account in CONSUMERS

    def say(self, operation, status, **body):
        endpoint = "oauth.access_token" if self.is_consumer else f"login.{operation}"
        self.venue.fault("answer_instead", endpoint=endpoint, status=status, body=json.dumps(body))

    def say_tokens(self, operation, number):
        self.tokens = self.stack.tokens[self.account][number]
        has_end = {"expires_in": 3600} if "refresh_token" in self.tokens else {}
        self.say(operation, 200, **self.tokens, token_type="bearer", **has_end)

    def say_no(self, operation, secret):
        """With a secret in its words, and once more where they are cut."""
        self.say(operation, 400, error="invalid_request",
                 error_description=f"{secret} {'x' * (124 - len(secret))} {secret}")

    def command(self, name, *arguments, says):
        before = len(self.said.pieces)
        self.said.command(name, self.account, *arguments)
        for _, text in self.said.pieces[before:]:
            check(says in text, name, arguments, "says", text)

    REFUSED = b"invalid_request"

    def command_begun(self):
        """IBKR is asked for a request token first, and until it has given one out there is no address."""
        command = [str(BIN / "busbar"), "--config", str(self.stack.config), "--json", "login", self.account, "--headless"]

        def begun():
            popen = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            popen.first_line = popen.stdout.readline()
            if not popen.first_line:
                self.said.pieces.append(("busbar login", b"".join(popen.communicate())))
            return popen.first_line and popen
        return wait_for("a login to begin", begun, pause=0.2)

    def begin(self, number):
        """Refused, and begun again."""
        for is_good in (False, True):
            with self.command_begun() as popen:
                line = popen.first_line
                location = get(json.loads(line)["url"], self.venue.ca)[1]
                code = urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)[
                    "oauth_verifier" if self.is_consumer else "code"][0]
                self.canaries.add("a code", code)
                self.venue.clear_faults()
                if is_good:
                    self.say_tokens("exchange", number)
                else:
                    self.say_no("exchange", code)
                out, err = popen.communicate(location.encode(), timeout=60)
            self.said.pieces.append(("busbar login", line + out + err))
            check((b"logged in" if is_good else self.REFUSED) in out + err, out, err)
        self.stack.wait_login(self.account, "Ok")

    def renew(self, number):
        self.say_tokens("refresh", number)
        self.command("login", "--renew", says=b"renewed")
        self.venue.clear_faults()
        self.say_no("refresh", self.tokens["refresh_token"])
        self.command("login", "--renew", says=b"the broker says invalid_request")
        self.stack.wait_login(self.account, "NeedsHuman", "the broker says invalid_request")

    def end(self):
        if self.account == "login":  # the others' tokens nobody takes back but the person, at the broker
            for secret in (self.stack.client_secret, *self.tokens.values()):
                self.say_no("revoke", secret)
                self.command("logout", says=b"the broker says invalid_request")
                self.venue.clear_faults()
        self.command("logout", says=b"logged out")
        self.stack.wait_login(self.account, "NeedsHuman", f"busbar login {self.account}")


def starts_that_fail(stack, said, canaries):
    """A gateway whose credentials are wrong says so in a line, and nothing of them."""
    config = stack.config.read_text()
    pem = (stack.folder / "rsa.key").read_bytes()
    key = stack.keys["rsa"]["api_key"]
    wrong_passphrase = os.urandom(24).hex()
    canaries.add("a wrong passphrase", wrong_passphrase)
    loose = base64.b64encode(os.urandom(47)).decode()  # as the last line of a key ends, in "="
    canaries.add("a loose line of a key", loose)
    consumer = (stack.folder / "consumer.cred").read_bytes()
    cdp_key = (stack.folder / "pem.cred").read_text().splitlines()
    cdp_secret = next(line for line in cdp_key if line.startswith("secret"))
    cases = {
        "rsa": {
            "passphrase": f"api_key = {key}\nsecret_file = rsa.key\npassphrase = {wrong_passphrase}\n".encode(),
            "no passphrase": f"api_key = {key}\nsecret_file = rsa.key\n".encode(),
            "pasted": f"api_key = {key}\nsecret = ".encode() + pem,
            "loose": f"api_key = {key}\n{loose}\nsecret = {key}\n".encode(),
            "no key": f"api_key = {key}\nsecret = {stack.keys['hmac']['secret']}\n".encode(),
            "swapped": f"{key} = api_key\n".encode(),
        },
        "pem": {
            "half": "\n".join(cdp_key).encode()[:-100] + b"\n",
            "pasted": "\n".join(cdp_key).replace("secret = ", "").replace("\\n", "\n").encode(),
            "no key": f"api_key = {stack.keys['cdp']['api_key']}\nsecret = {stack.keys['hmac']['secret']}\n".encode(),
            "secret alone": f"{cdp_secret}\n".encode(),
            "no vault": (stack.folder / "login.cred").read_bytes(),
            "a client's secret alone": (stack.folder / "login.cred").read_bytes().splitlines()[1],
        },
        "key": {
            "swapped": f"{stack.keys['key']['secret']} = secret\n".encode(),
            "loose": f"api_key = {stack.keys['key']['api_key']}\n{loose}\nsecret = {stack.keys['key']['secret']}\n".encode(),
            "no vault": (stack.folder / "token.cred").read_bytes(),
            "a secret alone": f"secret = {stack.keys['key']['secret']}\n".encode(),
        },
        "consumer": {
            "half": consumer[:-100] + b"\n",
            "pasted": consumer.replace(b"signature_key = ", b"").replace(b"\\n", b"\n"),
            "another key": consumer.replace(b"encryption_key", b"other").replace(b"signature_key", b"encryption_key"),
            "a key of another kind": f"api_key = {stack.keys['key']['api_key']}\nsecret = {stack.keys['key']['secret']}\n".encode(),
            "no vault": (stack.folder / "allowed.cred").read_bytes(),
        },
    }
    for account, contents in cases.items():
        gateway = [str(program(f"busbar-gateway-{stack.broker_of(account)}")), "--config", str(stack.folder / "wrong.toml"),
                   "--name", f"gw-{account}"]
        for what, content in contents.items():
            stack.write_secret("wrong.cred", content)
            wrong = config.replace(f"{stack.folder}/{account}.cred", f"{stack.folder}/wrong.cred")
            (stack.folder / "wrong.toml").write_text(wrong)
            done = subprocess.run(gateway, capture_output=True, timeout=60)
            check(done.returncode == 1, account, what, "started:", done)
            said.pieces.append((f"a start with wrong credentials: {account}, {what}", done.stdout + done.stderr))


def crash(stack, name):
    """As a failed assertion ends a process."""
    process = stack.processes[name]
    process.popen.send_signal(signal.SIGABRT)
    process.popen.wait(60)
    check(process.popen.returncode == -signal.SIGABRT, name, "ended with", process.popen.returncode)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    print(f"canaries: seed {options.seed}", flush=True)
    chance = random.Random(options.seed)
    begin = time.monotonic()
    canaries = Canaries()
    with Secretive(canaries) as stack:
        said = Said(stack)
        for venue in stack.venues:
            venue.stand_still()
        dealer = stack.dealer("canaries")
        dealer.hello()
        canaries.add("a listen key", listen_key(stack))
        logins = [TheLogin(stack, said, canaries, account) for account in LOGINS]
        for each in logins:
            each.begin(0)
        login = logins[0]
        for account, symbol in (("key", "AAPL"), ("key", "BTC/USD"), ("consumer", "AAPL")):
            said.command("quotes", symbol, "--account", account, "-n", "1", "--seconds", "1")
        order = trade(stack, dealer, chance)
        canaries.add("the next listen key", listen_key(stack))
        said.command("status")
        said.command("vault", "list")
        said.command("vault", "rotate")
        said.processes()
        for arguments in (("orders", "--all"), ("accounts", ), ("symbols", ), ("order", order)):
            said.command(*arguments)
        for account in ACCOUNTS:
            for what in ("balances", "positions"):
                said.command(what, "--account", account)
        login.renew(1)
        login.begin(1)
        for account in ("hmac", "cdp", "key", "consumer"):
            stack.venue_for(account).control_call("POST", "/keys", account=account, revoked=True)
            for _ in range(3):
                said.command("balances", "--account", account)
        wait_synced(stack, 30)
        for stream in ("core", "tape", "market"):
            said.command("journal", "replay", "--stream", stream)
        for name in ("1", "2", "3", order):
            said.command("journal", "show", name)
        starts_that_fail(stack, said, canaries)

        crashed = [name for name in stack.processes if name not in stack.venue_names]
        for name in crashed:
            crash(stack, name)
        cores = list(stack.folder.glob("core*"))
        for name in crashed:
            stack.restart(name)
        wait_for("all to be up again", lambda: stack.busbar("--timeout", "1", "status", can_fail=True)[1], pause=0.1)
        dealer.pump(1)
        said.take_reports()
        said.command("status")
        said.processes()
        for each in logins:
            stack.wait_login(each.account, "Ok")
            each.end()
        said.command("status")
        wait_for("the tape of the login, and of its end", lambda: said.command("journal", "replay", "--stream", "tape")
                 or all(path in said.pieces[-1][1] for path in (
                     b"/oauth2/token", b"/oauth2/revoke", b"/oauth/token", b"/oauth/access_token")), 20, 0.2)
        said.pieces += [("a report", repr(r).encode()) for r in dealer.reports + dealer.others]

        hits, sizes = [], {"files": 0, "bytes": 0}
        for file in stack.own_files():
            data = written(file)
            sizes["files"] += 1
            sizes["bytes"] += len(data)
            hits += canaries.find(file.relative_to(stack.folder), data)
        for where, data in said.pieces:
            sizes["bytes"] += len(data)
            hits += canaries.find(where, data)
        # The search itself can find: what the gateway reads has each of them.
        known = set()
        for file in stack.folder.glob("*.cred"):
            known |= {hit.split(" in ")[0] for hit in canaries.find("", file.read_bytes())}
        check(len(known) >= 27, "the search finds too little where the secrets are:", known)
        check(not hits, len(hits), "secrets are shown:", *sorted(set(hits))[:12])
        check(not cores, "memory was left in", cores)
        names = set(canaries.needles.values())
        print(f"D11: {len(names)} canaries in {len(canaries.needles)} shapes: 0 hits in {sizes['files']} files and "
              f"{len(said.pieces)} answers, {sizes['bytes'] / 1e6:.1f} MB; {len(crashed)} crashes left no core file; "
              f"{time.monotonic() - begin:.1f} s", flush=True)


if __name__ == "__main__":
    # Were it for this limit, each crash would leave a core file.
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    main()
