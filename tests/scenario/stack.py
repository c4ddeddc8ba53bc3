"""All processes of Busbar against a broker in a box, in a folder of their own: started, asked, killed, stopped."""
import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from decimal import Decimal as Number
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import wire  # noqa: E402

BIN = Path(os.environ.get("BUSBAR_BIN", "build/release/bin")).resolve()
PLANTED = os.environ.get("BUSBAR_PLANTED")  # a folder of programs with a mistake in them, which a test has to find
# The venues in a box, and limits so wide that only a test that means to runs into them.
LIMITS = {
    "binance": {"weight_per_minute": 1000000, "raw_per_5_minutes": 10000000, "orders_per_10_seconds": 100000,
                "orders_per_day": 10000000, "connections_per_5_minutes": 1000000},
    "coinbase": {"private_per_second": 100000, "public_per_second": 100000, "connections_per_second": 100000,
                 "messages_per_second": 100000},
    "alpaca": {"requests_per_minute": 1000000, "data_per_minute": 1000000, "data_connections": 1000, "stream_symbols": 0},
    "ibkr": {"per_second": 100000, "gateway_per_second": 100000, "endpoint_times": 100000, "penalty_s": 0},
}
# Whoever tests both sides of a market trades with himself.
VENUES = {"alpaca": 'wash_trades = "off"'}
# Seconds. A wait that ends early costs nothing, and two slow cores, which others use as well, may take long.
PATIENCE = 60.0
DAEMONS = ["auditd-core", "auditd-tape", "auditd-market", "router", "hub", "gateway"]


class Failed(AssertionError):
    pass


def program(name):
    planted = Path(PLANTED or "/nowhere") / name
    return planted if planted.exists() else BIN / name


def check(condition, *what):
    if not condition:
        raise Failed(" ".join(str(part) for part in what))


def wait_for(what, question, seconds=PATIENCE, pause=None):
    """Asks until the answer is true, and returns it. What takes long to ask, a program that has to start, is asked more rarely:
    asking must not take the processor from what is awaited. Who measures by it says the pause."""
    end = time.monotonic() + seconds
    while True:
        asked = time.monotonic()
        answer = question()
        if answer:
            return answer
        now = time.monotonic()
        check(now < end, "waited", seconds, "s for", what)
        time.sleep(max(0.02, 2 * (now - asked)) if pause is None else pause)


class Process:
    def __init__(self, name, command, log, outlives=False):
        self.name, self.command, self.log = name, command, log
        # Whoever is killed leaves nothing running: a process dies with the thread that started it.
        self.wrapper = [] if outlives else ["setpriv", "--pdeathsig", "KILL"]
        self.environment = None
        self.popen = None
        self.starts = 0

    def start(self, first_line=False):
        self.starts += 1
        with open(self.log, "ab") as log:
            self.popen = subprocess.Popen(self.wrapper + self.command, stdin=subprocess.DEVNULL, stderr=log,
                                          stdout=subprocess.PIPE if first_line else log,
                                          env={**os.environ, **(self.environment or {})}, start_new_session=True)
        if first_line:
            line = self.popen.stdout.readline().decode()
            check(line, self.name, "said nothing:", self.tail())
            return line
        return self

    def is_running(self):
        return self.popen is not None and self.popen.poll() is None

    def kill(self):
        self.popen.kill()
        self.popen.wait()

    def stop(self, seconds=PATIENCE / 2):
        """SIGTERM: it has to end by itself, with 0. How soon is A22's subject."""
        if self.popen is None:
            return
        begin = time.monotonic()
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise Failed(f"{self.name} did not stop within {seconds} s; see {self.log}")
        check(self.popen.returncode == 0, self.name, "ended with", self.popen.returncode, "after",
              round(time.monotonic() - begin, 2), "s; see", self.log)

    def tail(self, lines=15):
        try:
            said = Path(self.log).read_text(errors="replace").splitlines()
            return "\n".join([line for line in said if "signed head" not in line][-lines:])
        except OSError:
            return ""


class Venue:
    """The broker in a box, by its control interface: what it holds to be true, what arrived, what shall go wrong."""

    def __init__(self, line, broker="binance", accounts=()):
        host = "127.0.0.1"
        self.broker, self.accounts = broker, accounts
        self.rest = f"https://{host}:{line['port']}"
        self.ws_api = f"wss://{host}:{line.get('ws_api_port', line['port'])}/ws-api/v3"
        self.streams = f"wss://{host}:{line.get('stream_port', line['port'])}"
        self.control = f"http://{host}:{line['control']}"
        self.ca = line["ca"]

    @property
    def urls(self):
        """As a gateway's table names them."""
        if self.broker == "coinbase":
            return {"rest": self.rest, "market_stream": self.streams + "/", "user_stream": self.streams + "/"}
        if self.broker == "ibkr":
            return {"rest": self.rest + "/v1/api", "stream": self.streams + "/v1/api/ws"}
        if self.broker == "alpaca":
            return {"rest": self.rest, "data": self.rest, "order_stream": self.streams + "/stream",
                    "stock_stream": self.streams + "/v2/iex", "crypto_stream": self.streams + "/v1beta3/crypto/us"}
        return {"rest": self.rest, "ws_api": self.ws_api, "streams": self.streams}

    def call(self, method, url, headers=None, data=None):
        request = urllib.request.Request(url, method=method, headers=headers or {}, data=data)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise Failed(f"{method} {url.split('?')[0]}: {error.code} {error.read().decode()}") from error
        return json.loads(text) if text else None

    # What the venue's engine holds to be true, told under names of its own.
    def book(self, account=None):
        return self.control_call("GET", "/book" + (f"?account={account}" if account else ""))

    def orders(self, account=None):
        return self.book(account)["orders"]

    def order(self, venue_order_id, account=None):
        found = [o for o in self.orders(account) if o["client_order_id"] == venue_order_id]
        check(len(found) <= 1, "the venue has", len(found), "orders", venue_order_id)
        return found[0] if found else None

    def trades(self, account=None):
        return self.book(account)["trades"]

    def best(self, symbol="BTCUSDT"):
        levels = next(s for s in self.book()["symbols"] if s["symbol"] == symbol)
        return tuple(Number(levels[side][0][0]) if levels[side] else None for side in ("bids", "asks"))

    def stand_still(self):
        """No order but ours and those we make: then what fills is known beforehand."""
        self.control_call("POST", "/market", steps_per_second=0)
        self.control_call("POST", "/market", clear=True)

    def hours(self, word):
        """Of what trades in sessions: open, extended, closed; or calendar, as on that day."""
        return self.control_call("POST", "/hours", hours=word)

    def move(self, steps_per_second):
        self.control_call("POST", "/market", steps_per_second=steps_per_second)

    def trade(self, side, quantity, price=None, symbol="BTCUSDT", **more):
        """The other side of our order."""
        body = {"side": side, "quantity": str(quantity), "symbol": symbol, **more}
        if price is not None:
            body["price"] = str(price)
        return self.control_call("POST", "/orders", **body)

    def control_call(self, method, path, **body):
        data = json.dumps(body).encode() if body else None
        return self.call(method, f"{self.control}{path}", {"Content-Type": "application/json"}, data)

    def arrivals(self, operation=None):
        found = self.control_call("GET", "/arrivals")["arrivals"]
        return [a for a in found if operation in (None, a["operation"])]

    def fault(self, kind, **rule):
        return self.control_call("POST", "/faults", kind=kind, **rule)["id"]

    def clear_faults(self):
        self.control_call("DELETE", "/faults")


class Stack:
    """with Stack("name") as stack: ... At the end each process must stop by itself; at a failure the folder is kept.
    There is one gateway for all accounts, or with `gateways` one for each: their names, in the order of the accounts.
    The broker is the one that the first account is named after, unless it is said; with `brokers` each gateway has one of its
    own, and each broker a venue."""

    def __init__(self,
                 name,
                 accounts=("main", ),
                 gateways=None,
                 router="",
                 symbols="",
                 venue_options=(),
                 preload=None,
                 order_ttl_ms=5000,
                 recv_window_ms=2000,
                 follow=False,
                 seed=7,
                 folder=None,
                 rate=5,
                 venue_program="busbar-venue",
                 outlives=False,
                 limits=None,
                 gateway="",
                 venue="",
                 broker=None,
                 brokers=None,
                 token_life_s=5,
                 key_type="ed25519"):
        self.name = name
        broker = broker or (accounts[0] if accounts[0] in LIMITS else "binance")
        gateways = gateways or (broker, )
        check(len(gateways) in (1, len(accounts)), len(gateways), "gateways for", len(accounts), "accounts")
        self.accounts, self.gateways = accounts, tuple(dict.fromkeys(gateways))
        self.gateways_by_account = dict(zip(accounts, gateways if len(gateways) > 1 else gateways * len(accounts)))
        self.brokers = dict(zip(gateways, brokers or [broker] * len(gateways)))  # by gateway
        self.folder = folder or Path(tempfile.mkdtemp(prefix=f"busbar-{name}-"))
        # A socket's path has 107 bytes at most.
        short = len(str(self.folder)) < 85
        self.run_folder = self.folder / "run" if short else Path(tempfile.mkdtemp(prefix="busbar-"))
        self.limits = {b: {**LIMITS[b], **(limits or {})} for b in self.brokers.values()}
        self.gateway, self.venue_lines = gateway, venue  # more lines of their tables
        self.key_type = key_type  # of the keys that Coinbase's venue makes
        self.keys = {a: {"api_key": os.urandom(32).hex(), "secret": os.urandom(32).hex()} for a in accounts}
        self.options = {
            "router": router,
            "symbols": symbols,
            "order_ttl_ms": order_ttl_ms,
            "recv_window_ms": recv_window_ms,
            "token_life_s": token_life_s
        }
        self.venue_options = list(venue_options)
        self.preload = preload
        self.follow = follow
        self.seed, self.rate, self.venue_program, self.outlives = seed, rate, venue_program, outlives
        self.config = self.folder / "busbar.toml"
        self.processes = {}
        self.venues = []
        self.clients = []
        atexit.register(self.kill_all)

    def __enter__(self):
        try:
            self.start()
        except BaseException as error:
            self.tell(error)
            raise
        return self

    def __exit__(self, kind, error, trace):
        for client in self.clients:
            client.close()
        if kind is not None:
            self.tell(error)
            self.kill_all()
            if PLANTED:  # it was to fail: nobody will look for the reason
                shutil.rmtree(self.folder, ignore_errors=True)
            return
        try:
            self.stop()
        except BaseException as failure:
            self.tell(failure)
            self.kill_all()
            raise
        shutil.rmtree(self.folder, ignore_errors=True)

    def tell(self, error):
        # What failed first: who reads a log that was cut has that at least.
        print(f"--- {self.name} failed: {error}\n--- everything is kept in {self.folder}", file=sys.stderr)
        for process in self.processes.values():
            state = "runs" if process.is_running(
            ) else f"ended with {process.popen.returncode if process.popen else None}"
            print(f"--- {process.name} {state}\n{process.tail()}", file=sys.stderr)

    def kill_all(self):
        for process in self.processes.values():
            if process.is_running():
                process.kill()

    def leave_running(self):
        """Whoever ends this process does not end the others."""
        atexit.unregister(self.kill_all)

    @property
    def venue(self):
        """The first broker's."""
        return self.venues[0]

    # Starting and stopping.
    def add(self, name, *command):
        process = Process(name, [str(part) for part in command], self.folder / f"{name}.log", self.outlives)
        self.processes[name] = process
        return process

    def start(self):
        self.start_venue()
        self.write_config()
        for stream in ("core", "tape", "market"):
            self.add(f"auditd-{stream}", program("busbar-auditd"), "--config", self.config, "--stream", stream)
        self.add("router", program("busbar-router"), "--config", self.config_of("router"))
        if self.preload:
            self.processes["router"].environment = {
                "LD_PRELOAD": str(self.preload),
                "BUSBAR_SYNC_TIMES": str(self.sync_times)
            }
        self.add("hub", program("busbar-hub"), "--config", self.config_of("hub"))
        for name, gateway in zip(self.gateway_names, self.gateways):
            self.add(name, program(f"busbar-gateway-{self.brokers[gateway]}"), "--config", self.config_of(name), "--name",
                     gateway)
        if self.follow:
            self.add("follower", program("busbar-router"), "--config", self.config, "--follow")
        for name, process in self.processes.items():
            if name not in self.venue_names:
                process.start()
        self.wait_ready()

    def start_venue(self):
        for name, broker in zip(self.venue_names, dict.fromkeys(self.brokers.values())):
            (self.folder / name).mkdir()
            accounts = [a for a in self.accounts if self.broker_of(a) == broker]
            limits = "\n".join(f"{limit} = {value}" for limit, value in self.limits[broker].items())
            config = self.folder / f"{name}.toml"
            config.write_text(f"""[venue]
seed = {self.seed}
market_steps_per_second = {self.rate}
{"" if "wash_trades" in self.venue_lines else VENUES.get(broker, "")}
{self.venue_lines}
[venue.limits]
{limits}
{self.venue_accounts(broker, accounts)}
""")
            process = self.add(name, program(self.venue_program), broker, "--config", config, "--tls-dir",
                               self.folder / name, "--arrivals", self.folder / f"{name}.arrivals", *self.venue_options)
            line = json.loads(process.start(first_line=True))
            self.venues.append(Venue(line, broker, accounts))
            if broker in ("coinbase", "ibkr"):
                for account in accounts:
                    self.write_credentials(account, Path(line["credentials"][account]).read_text())

    def venue_accounts(self, broker, accounts):
        """Binance's customers bring their keys, the others make them."""
        if broker == "ibkr":
            return "\n".join(f"[venue.accounts.{a}]" for a in accounts)
        if broker == "coinbase":
            return "\n".join(f'[venue.accounts.{a}]\nkey_type = "{self.key_type}"' for a in accounts)
        for account in accounts:
            self.write_credentials(account, "api_key = {api_key}\nsecret = {secret}\n".format(**self.keys[account]))
        return "\n".join(f'[venue.accounts.{a}]\ncredentials = "{self.folder}/{a}.cred"' for a in accounts)

    def write_credentials(self, account, text):
        file = self.folder / f"{account}.cred"
        file.touch(mode=0o600)
        file.write_text(text)

    @property
    def sync_times(self):
        return self.folder / "sync_times"

    def endpoint(self, name):
        return f"ipc://{self.run_folder}/{name}"

    @property
    def gateway_names(self):
        """Of their processes."""
        return [f"gateway-{g}" for g in self.gateways] if len(self.gateways) > 1 else ["gateway"]

    @property
    def venue_names(self):
        """Of their processes."""
        return ["venue", *(f"venue-{broker}" for broker in list(dict.fromkeys(self.brokers.values()))[1:])]

    def gateway_of(self, account):
        return self.gateways_by_account[account]

    def broker_of(self, account):
        return self.brokers[self.gateway_of(account)]

    def venue_for(self, account):
        return next(venue for venue in self.venues if account in venue.accounts)

    # What a stack with something between its processes tells each of them otherwise.
    def config_of(self, process):
        return self.config

    def venue_of(self, gateway):
        return next(venue for venue in self.venues if venue.broker == self.brokers[gateway]).urls

    def write_config(self, file=None, bus=""):
        self.run_folder.mkdir(exist_ok=True)
        accounts = "\n".join(
            f'[accounts.{a}]\ngateway = "{self.gateway_of(a)}"\ncredentials = "{self.folder}/{a}.cred"'
            for a in self.accounts)
        (file or self.config).write_text(f"""environment = "paper"
[bus]
directory = "{self.run_folder}"
{bus}
[router]
state = "{self.folder}/router"
order_ttl_ms = {self.options['order_ttl_ms']}
{self.options['router']}
[audit]
directory = "{self.folder}/audit"
segment_bytes = 268435456
head_interval_ms = 1000
head_file = "{self.folder}/heads.jsonl"
[clients.alpha]
accounts = ["*"]
[clients.cli]
accounts = ["*"]
[clients.viewer]
accounts = ["*"]
may_trade = false
{accounts}
{self.options['symbols']}
{"".join(map(self.gateway_table, self.gateways))}""")

    def gateway_table(self, name):
        urls = "\n".join(f'{key} = "{url}"' for key, url in self.venue_of(name).items())
        broker = self.brokers[name]
        ca = next(venue for venue in self.venues if venue.broker == broker).ca
        if broker == "ibkr":
            return self.ibkr_table(name, urls, ca)
        if broker == "alpaca":
            return self.alpaca_table(name, urls, ca)
        key = "recv_window_ms" if broker == "binance" else "token_life_s"  # so long a request may be under way
        # A test that is about limits tells both sides of them.
        most = min(10000, self.limits[broker].get("private_per_second", 0))
        # An order takes more requests there, and a load makes more of them than any account may.
        limit = "" if broker == "binance" else f"private_per_second = {most}\nconnections_max = 32"
        return f"""[gateways.{name}]
broker = "{broker}"
{urls}
ca_file = "{ca}"
{key} = {self.options[key]}
{limit}
probes_per_second = 100
{self.gateway}
"""

    def alpaca_table(self, name, urls, ca):
        limits = self.limits["alpaca"]
        return f"""[gateways.{name}]
broker = "alpaca"
{urls}
ca_file = "{ca}"
absence_ms = {1000 * self.options['token_life_s']}
requests_per_minute = {min(1000000, limits.get("requests_per_minute", 200))}
data_per_minute = {min(1000000, limits.get("data_per_minute", 200))}
connections_max = 32
probes_per_second = 100
{self.gateway}
"""

    def ibkr_table(self, name, urls, ca):
        """It trades what it is told to, and asks each endpoint as seldom as it must, unless it is told otherwise."""
        most = min(10000, self.limits["ibkr"].get("per_second", 10000))
        symbols = 'symbols = ["AAPL", "BRK.B", "RELIANCE.XNSE", "BTC/USD", "EUR/USD"]'
        return f"""[gateways.{name}]
broker = "ibkr"
{urls}
ca_file = "{ca}"
lost_after_ms = {min(60000, 1000 * self.options['token_life_s'])}
requests_per_second = {most}
connections_max = 32
probes_per_second = 100
{"" if "symbols = " in self.gateway else symbols}
{self.gateway}
[gateways.{name}.pace]
orders_ms = 100
trades_ms = 100
portfolio_ms = 100
tickle_ms = 100
snapshot_ms = 100
"""

    def lives(self):
        """Of each gateway, by its own word: which life its newest is; None until it has said so."""
        found = {}
        for name, gateway in zip(self.gateway_names, self.gateways):
            process = self.processes[name]
            said = re.findall(r"started, incarnation (\d+)", process.log.read_text(errors="replace"))
            found[gateway] = said[-1] if len(said) == process.starts else None
        return found

    def wait_ready(self, seconds=PATIENCE):
        """All is well; and what the router says of a gateway is not of a life before its newest."""
        def question():
            for process in self.processes.values():
                check(process.is_running(), process.name, "ended with",
                      process.popen.returncode if process.popen else None)
            code, lines, _ = self.busbar("--timeout", "1", "status", can_fail=True)
            known = {g["gateway"]: str(g["incarnation"]) for g in lines[0]["gateways"]} if code == 0 else {}
            return code == 0 and self.lives().items() <= known.items() and lines[0]
        return wait_for("busbar status to say that all is well", question, seconds, 0.1)

    def stop(self):
        for name in ("follower", *self.gateway_names, "hub", "router", "auditd-core", "auditd-tape", "auditd-market",
                     *self.venue_names):
            if name in self.processes:
                self.processes[name].stop()

    def restart(self, name):
        self.processes[name].start()

    # Talking to it.
    def busbar(self, *arguments, can_fail=False, client="cli"):
        """(exit code, JSON lines, stderr); a code other than 0 fails unless it was expected. It waits for an answer, and for
        what becomes of an order, longer than people do, unless it is said how long."""
        command = [
            str(BIN / "busbar"), "--config",
            str(self.config), "--client", client, "--json",
            *(() if "--timeout" in arguments else ("--timeout", PATIENCE / 2)), *arguments
        ]
        command = [str(part) for part in command]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        check(can_fail or done.returncode == 0, " ".join(command), "ended with", done.returncode, done.stderr,
              done.stdout)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.strip()

    def req(self, client="alpha"):
        self.clients.append(wire.Req(self.endpoint("orders"), client))
        return self.clients[-1]

    def dealer(self, session, client="alpha", **more):
        self.clients.append(wire.Dealer(self.endpoint("orders"), client, session, **more))
        return self.clients[-1]

    def journal(self, stream="core"):
        """Every record of a stream, as busbar prints it."""
        return self.busbar("journal", "replay", "--stream", stream)[1]


def wait_synced(stack, seconds=PATIENCE):
    """Waits until auditd has synced every record that the router has written so far."""
    def status():
        return stack.busbar("status", can_fail=True)[1][0]["status"]
    now = status()
    goal = max(now["last_sequence"], now["durable_sequence"])
    wait_for(f"record {goal} in the journal", lambda: status()["audited_sequence"] >= goal, seconds)
    return goal


VENUE_STATUS = {"NEW": "New", "PARTIALLY_FILLED": "PartiallyFilled", "FILLED": "Filled", "CANCELED": "Canceled",
                "REJECTED": "Rejected", "EXPIRED": "Expired", "EXPIRED_IN_MATCH": "Expired"}
VENUE_TYPE = {
    "LIMIT": "Limit",
    "LIMIT_MAKER": "Limit",
    "MARKET": "Market",
    "STOP_LOSS": "Stop",
    "STOP_LOSS_LIMIT": "StopLimit",
    "TAKE_PROFIT": "MarketIfTouched",
    "TAKE_PROFIT_LIMIT": "LimitIfTouched"
}
VENUE_TIME_IN_FORCE = {"GTC": "GoodTillCancel", "IOC": "ImmediateOrCancel", "FOK": "FillOrKill"}


def differences(ours, theirs, trades):
    """One order field by field: our last report on it (JSON of busbar) against the venue's own row and its trades."""
    if theirs is None:
        return ["the venue does not have it"]
    executed, quote = Number(theirs["executed"]), Number(theirs["cum_quote"])
    pairs = [("status", ours["order_status"], VENUE_STATUS[theirs["status"]]),
             ("account", ours["account"], theirs["account"]),
             ("venue_order_id", ours.get("venue_order_id"), theirs["client_order_id"]),
             ("broker_order_id", ours.get("broker_order_id"), str(theirs["order_id"])),
             ("side", ours["side"].upper(), theirs["side"]),
             ("order_type", ours["order_type"], VENUE_TYPE[theirs["type"]]),
             ("symbol", ours["symbol"].replace("/", ""), theirs["symbol"].translate({ord("-"): None, ord("/"): None, ord(" "): "."})),
             ("order_qty", Number(ours.get("order_qty", "0")), Number(theirs["qty"])),
             ("price", Number(ours.get("price", "0")), Number(theirs["price"])),
             ("cum_qty", Number(ours.get("cum_qty", "0")), executed),
             ("cum_qty and trades", Number(ours.get("cum_qty", "0")), sum(Number(t["qty"]) for t in trades)),
             ("leaves_qty", Number(ours.get("leaves_qty",
                                            "0")), Number(theirs["qty"]) - executed if theirs["is_open"] else 0)]
    if theirs["type"] != "MARKET":
        pairs.append(("time_in_force", ours["time_in_force"], VENUE_TIME_IN_FORCE[theirs["time_in_force"]]))
    if executed:
        pairs.append(("avg_px", round(Number(ours.get("avg_px", "0")), 8), round(quote / executed, 8)))
    return [f"{name}: {a} here, {b} at the venue" for name, a, b in pairs if a != b]


def by_our_names(ours, book):
    """A broker that changes an order where it is goes on calling it by the first of our names: its own says whose it is."""
    now = {(o["account"], o.get("broker_order_id")): o["venue_order_id"] for o in ours.values()}
    renamed = {}
    for order in book["orders"]:
        name = now.get((order["account"], str(order["order_id"])), "")
        if name[:-3] == order["client_order_id"][:-3] and order["client_order_id"] not in ours:
            renamed[order["client_order_id"]] = name
    for each in book["orders"] + book["trades"]:
        each["client_order_id"] = renamed.get(each["client_order_id"], each["client_order_id"])
    return book


def compare_all(stack, account=None, replaced=()):
    """Every order Busbar ever gave the venues, and all they have. Returns how many they have; fails with all differences. Of
    those that were replaced under another name nothing may be left but that they were cancelled before they filled."""
    ours = {o["venue_order_id"]: o for o in stack.busbar("orders", "--all")[1] if o.get("venue_order_id")}
    count, wrong = 0, []
    for venue in stack.venues:
        book = by_our_names(ours, venue.book(account))
        for theirs in book["orders"]:
            if theirs["client_order_id"] not in ours and not (theirs["client_order_id"] in replaced and theirs["status"]
                                                              == "CANCELED" and Number(theirs["executed"]) == 0):
                wrong.append(f"{theirs['client_order_id']}: the venue has it, Busbar does not know it")
        at_venue = {o["client_order_id"]: o for o in book["orders"]}
        count += len(at_venue)
        trades = {}
        for trade in book["trades"]:
            trades.setdefault(trade["client_order_id"], []).append(trade)
        for venue_order_id, order in ours.items():
            if order["account"] not in venue.accounts:
                continue
            if venue_order_id not in at_venue and order["order_status"] in ("Rejected", "NeverSeen", "Expired") and Number(
                    order.get("cum_qty", "0")) == 0:
                continue
            wrong += [
                f"{order['order_id']} {venue_order_id} {d}"
                for d in differences(order, at_venue.get(venue_order_id), trades.get(venue_order_id, []))
            ]
    check(not wrong, len(wrong), "differences between Busbar and the venues' books:\n ", "\n  ".join(wrong[:40]))
    return count


def run(*scenarios):
    """Runs each, says how long it took, and ends the process with the number that failed."""
    wanted = sys.argv[1:]
    unknown = set(wanted) - {scenario.__name__ for scenario in scenarios}
    if unknown:
        sys.exit(f"no such scenario: {', '.join(sorted(unknown))}")
    failed = 0
    for scenario in scenarios:
        if wanted and scenario.__name__ not in wanted:
            continue
        begin = time.monotonic()
        try:
            scenario()
            print(f"ok    {scenario.__name__}  {time.monotonic() - begin:.1f} s", flush=True)
        except Exception as error:
            failed += 1
            import traceback
            traceback.print_exc()
            print(f"FAIL  {scenario.__name__}  {error}", flush=True)
    sys.exit(1 if failed else 0)
