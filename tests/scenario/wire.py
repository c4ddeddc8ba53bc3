"""The bus from Python: messages as dictionaries with the schema's names, decimals as decimal.Decimal, enums by name."""
import importlib
import os
import re
import sys
import time
from decimal import Decimal as Number

sys.path.insert(0, os.environ.get("BUSBAR_PYTHON", "build/release/generated/python"))
import flatbuffers  # noqa: E402
import zmq  # noqa: E402

IDENTIFIER = b"BBUS"


def wire(name):
    return getattr(importlib.import_module("busbar.wire." + name), name)


def table(name):
    return getattr(importlib.import_module("busbar.wire." + name), name + "T")


def names(enum):
    return {value: key for key, value in vars(wire(enum)).items() if not key.startswith("_")}


def value(enum, name):
    return getattr(wire(enum), "None_" if name == "None" and hasattr(wire(enum), "None_") else name)


BODIES = names("Body")

# Which enum a field is of; a field with this name means the same in every table.
ENUMS = {
    "environment": "Environment", "side": "Side", "order_type": "OrderType", "time_in_force": "TimeInForce",
    "rounding": "Rounding", "order_status": "OrderStatus", "exec_type": "ExecType", "liquidity": "Liquidity",
    "self_trade_prevention": "SelfTradePrevention", "error": "ErrorCode", "kind": "QueryKind", "channel": "Channel",
    "event": "VenueEvent", "state": "SessionStateKind", "order_stream": "SessionStateKind",
    "rest": "SessionStateKind", "market_data": "SessionStateKind", "list_type": "OrderListType",
}


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def snake(name):
    return re.sub(r"([A-Z])", lambda m: "_" + m.group(1).lower(), name)


def decimal(number):
    sign, digits, exponent = Number(number).as_tuple()
    out = table("Decimal")()
    out.mantissa = (-1 if sign else 1) * int("".join(map(str, digits)))
    out.exponent = exponent
    return out


def body(kind, /, **fields):
    out = table(kind)()
    for name, content in fields.items():
        attribute = camel(name)
        if not hasattr(out, attribute):
            raise AttributeError(f"{kind} has no {name}")
        if isinstance(content, Number):
            content = decimal(content)
        elif name in ENUMS and isinstance(content, str):
            content = value(ENUMS[name], content)
        setattr(out, attribute, content)
    return out


def encode(kind, header, /, **fields):
    message = table("Message")()
    message.header = body("Header", **header)
    message.bodyType = getattr(wire("Body"), kind)
    message.body = body(kind, **fields)
    builder = flatbuffers.Builder(512)
    builder.Finish(message.Pack(builder), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def plain(name, content):
    if content is None or isinstance(content, (int, float, bool)) and name not in ENUMS:
        return content
    if isinstance(content, bytes):
        return content.decode()
    if type(content).__name__ == "DecimalT":
        return Number(content.mantissa).scaleb(content.exponent)
    if name in ENUMS and isinstance(content, int):
        return names(ENUMS[name]).get(content, content)
    if isinstance(content, (list, tuple)):
        return [plain("", item) for item in content]
    if hasattr(content, "tolist"):  # numpy, where it is installed
        return bytes(content.tolist())
    return {snake(key): plain(snake(key), item) for key, item in vars(content).items()}


def decode(data):
    """(header, kind, fields)"""
    if data[4:8] != IDENTIFIER:
        raise ValueError("not a message of the bus")
    message = table("Message").InitFromObj(wire("Message").GetRootAs(data, 0))
    return plain("", message.header), BODIES[message.bodyType], plain("", message.body)


def now():
    return time.time_ns()


CONTEXT = zmq.Context()


class Req:
    """One question, one answer; no session. A lost answer raises TimeoutError."""

    def __init__(self, endpoint, client, environment="Paper"):
        self.endpoint, self.client, self.environment, self.correlation = endpoint, client, environment, 0
        self.socket = None
        self.open()

    def open(self):
        self.socket = CONTEXT.socket(zmq.REQ)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(self.endpoint)

    def ask(self, kind, /, timeout=60.0, expire_time_ns=0, **fields):
        self.correlation += 1
        header = {"environment": self.environment, "sender": self.client, "correlation_id": self.correlation,
                  "send_time_ns": now(), "expire_time_ns": expire_time_ns}
        self.socket.send(encode(kind, header, **fields))
        if self.socket.poll(timeout * 1000):
            _, kind_of_answer, answer = decode(self.socket.recv())
            answer["type"] = kind_of_answer
            return answer
        # A new socket for the next question, which this one would refuse to take.
        self.socket.close()
        self.open()
        raise TimeoutError(f"{kind}: no answer in {timeout} s")

    def close(self):
        self.socket.close()


class Dealer:
    """A session: hello, then orders out and numbered reports in. Keeps every report it was given."""
    heartbeat_ms = 60_000  # asked for, so that a test that waits for something else meanwhile keeps its session

    def __init__(self, endpoint, client, session, environment="Paper", last_report=0):
        self.client, self.session, self.environment = client, session, environment
        self.last_report = last_report
        self.next_report = 0
        self.is_stubborn = True  # pump() says hello by itself when the router asks for it
        self.reports = []       # ExecutionReports as they came
        self.others = []        # (kind, fields) of everything else but heartbeats
        self.welcome = None
        self.sequence = 0
        self.last_beat = 0.0
        self.last_heard = time.monotonic()
        self.hello_again = False
        self.last_hello = 0.0
        self.socket = CONTEXT.socket(zmq.DEALER)
        # libzmq 4.3.4 can abort when a peer dies while its input is stopped at the high-water mark: never stop it here.
        self.socket.setsockopt(zmq.RCVHWM, 0)
        self.socket.setsockopt(zmq.LINGER, 0)
        # No ZMTP heartbeats: libzmq 4.3.4 aborts (assertion !_io_error in stream_engine_base.cpp) when one is due on a
        # connection that broke while its queue was full. Ours, in pump(), are enough.
        self.socket.setsockopt(zmq.RECONNECT_IVL, 20)
        self.socket.setsockopt(zmq.RECONNECT_IVL_MAX, 200)
        self.socket.connect(endpoint)

    def send(self, kind, /, expire_time_ns=0, **fields):
        self.sequence += 1
        header = {"environment": self.environment, "sender": self.client, "session": self.session,
                  "sequence": self.sequence, "correlation_id": self.sequence, "send_time_ns": now(),
                  "expire_time_ns": expire_time_ns}
        try:
            self.socket.send(encode(kind, header, **fields), zmq.DONTWAIT)
        except zmq.Again:
            return False
        return True

    def hello(self, timeout=60.0):
        """Says hello until it is welcomed; a router that is just starting takes a moment."""
        self.welcome = None
        end = time.monotonic() + timeout
        while self.welcome is None:
            if time.monotonic() > end:
                raise TimeoutError("no welcome")
            self.say_hello()
            self.pump(0.3, lambda: self.welcome is not None)
        return self.welcome

    def say_hello(self):
        self.send("Hello", last_report=self.last_report, heartbeat_interval_ms=self.heartbeat_ms)

    def take(self, data):
        _, kind, fields = decode(data)
        self.last_heard = time.monotonic()
        if kind == "ExecutionReport":
            # After each welcome the numbers are dense. What was seen before comes again when hello was said twice.
            if fields["report_number"] != self.next_report:
                raise AssertionError(f"report {fields['report_number']} came where {self.next_report} is due")
            self.next_report += 1
            if fields["report_number"] > self.last_report:
                self.last_report = fields["report_number"]
                self.reports.append(fields)
        elif kind == "Welcome":
            self.welcome = fields
            self.next_report = fields["next_report"]
            self.hello_again = False
        elif kind != "Heartbeat":
            self.others.append((kind, fields))
            if kind == "Reject" and fields["error"] == "HelloNeeded" and self.welcome is not None:
                self.hello_again = self.is_stubborn

    def pump(self, seconds, until=lambda: False):
        """Receives for so long, or until it holds; heartbeats meanwhile."""
        end = time.monotonic() + seconds
        while not until():
            left = end - time.monotonic()
            if left <= 0:
                return until()
            if time.monotonic() - self.last_beat > 0.5:
                self.last_beat = time.monotonic()
                self.send("Heartbeat", time_ns=now(), last_report=self.last_report)
            if self.hello_again and time.monotonic() - self.last_hello > 0.2:
                self.last_hello = time.monotonic()
                self.say_hello()
            if self.socket.poll(min(left, 0.1) * 1000):
                self.take(self.socket.recv())
        return True

    def reports_of(self, client_order_id):
        return [r for r in self.reports if client_order_id in (r["client_order_id"], r["orig_client_order_id"])]

    def status_of(self, client_order_id):
        found = self.reports_of(client_order_id)
        return found[-1]["order_status"] if found else None

    def close(self):
        self.socket.close()


def new_order(client_order_id, side, quantity, symbol="BTC/USDT", account="main", price=None, **more):
    fields = {"client_order_id": client_order_id, "account": account, "symbol": symbol, "side": side,
              "order_type": "Limit" if price else "Market", "order_qty": Number(quantity), **more}
    if price:
        fields["price"] = Number(price)
    return fields


FINAL = {"Filled", "Canceled", "Rejected", "Expired", "Replaced", "NeverSeen"}
