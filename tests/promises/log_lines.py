"""D19: whatever text a client, a broker or a configuration brings, each event is one line of a log, escaped, of at most
4 KiB.

  log_lines.py"""
import inspect
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenario"))
from stack import BIN, PATIENCE, Failed, Stack, check, program, run, wait_for  # noqa: E402
import wire  # noqa: E402
import zmq  # noqa: E402

import size  # noqa: E402

LINE_MAX = 4096
FORGED = "1999-12-31T23:59:59.999Z busbar-router critical: FORGED"  # a line that nobody may find at a line's beginning
ODD = {
    "line feed": f"a\n{FORGED}\n",
    "carriage return": f"a\r\n{FORGED}\r",
    "terminal": "\x1b[2J\x1b]0;owned\x07\x1b[31mred \x9b1m \x7f\x08",
    "NUL": f"a\0b\0{FORGED}",
    "separators": f"a\u2028{FORGED}\u2029\x85\x0b\x0c \u202e txet",
    "long": "L" * 1_000_000,
    "long and odd": f"\n{FORGED}" * 17_000,
}
LEVELS = "trace|debug|info|warning|error|critical"
HEAD = re.compile(rf"(\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z busbar-[a-z-]+ ({LEVELS})|<[2-7]>.)".encode())
START_UP = re.compile(rb"busbar-[a-z-]+: ")


def wrong_lines(log, heads=(HEAD, START_UP)):
    """What is wrong with the lines of a log."""
    out = []
    for line in log.split(b"\n")[:-1]:
        if not any(head.match(line) for head in heads) or line.startswith(FORGED.encode()):
            out.append(f"is no event: {line[:120]!r}")
        elif len(line) + 1 > LINE_MAX:
            out.append(f"has {len(line) + 1} bytes: {line[:120]!r}")
        else:
            try:
                text = line.decode()
            except UnicodeDecodeError:
                out.append(f"is not UTF-8: {line[:120]!r}")
                continue
            if len(text.splitlines()) > 1 or any(ord(c) < 32 or 127 <= ord(c) < 160 or c == "\u202e" for c in text):
                out.append(f"is not escaped: {line[:120]!r}")
    if log and not log.endswith(b"\n"):
        out.append(f"does not end: {log[-120:]!r}")
    return out


# ---- what comes over the bus


def texts_of(kind):
    """The members of a table that are texts."""
    return re.findall(r"self\.(\w+) = None  # type: str", inspect.getsource(wire.table(kind).__init__))


def message(kind, member, text, sender="alpha", session="odd", **given):
    """A message whose one member is odd: of its body, or `sender` and `session` of its header."""
    body = wire.body(kind, **given)
    for other in texts_of(kind):
        if getattr(body, other) is None:
            setattr(body, other, "x")
    out = wire.table("Message")()
    out.header = wire.body("Header", environment="Paper", sender=sender, session=session, sequence=1, correlation_id=1,
                           send_time_ns=wire.now())
    target = out.header if member in ("sender", "session") else body
    setattr(target, member, text)
    out.bodyType = getattr(wire.wire("Body"), kind)
    out.body = body
    builder = wire.flatbuffers.Builder(1024)
    builder.Finish(out.Pack(builder), file_identifier=wire.IDENTIFIER)
    return bytes(builder.Output())


def short(text):
    """As a message may be large: with its other members it has to stay below 1 MiB."""
    return text[:900_000]


FROM_CLIENTS = ("Hello", "Logout", "NewOrder", "CancelOrder", "ReplaceOrder", "CancelAll", "CancelOrderList", "Subscribe",
                "Unsubscribe", "Query", "Heartbeat")
FROM_GATEWAYS = ("GatewayHello", "VenueReport", "Instruments", "SessionState", "RateUsage", "Reconciled", "Reject", "Answer",
                 "Heartbeat")
TO_AUDITD = ("AuditState", "AuditQuery", "Hello", "Tape")
TO_THE_HUB = ("Quote", "Trade", "Bar", "Book", "Ticker")


def say_odd_things(endpoint, kinds, sender, session="odd", hello=None, given=None, kind_of_socket=zmq.DEALER):
    """Each odd text in each text of each message. A peer whose message is refused for its size may be cut off: hence a
    connection for each text."""
    count = 0
    for text in ODD.values():
        socket = wire.CONTEXT.socket(kind_of_socket)
        socket.setsockopt(zmq.LINGER, 2000)
        socket.setsockopt(zmq.SNDHWM, 0)
        socket.connect(endpoint)
        if hello:
            socket.send(hello)
        for kind in kinds:
            members = texts_of(kind) + ["sender", "session"]
            for member in members if len(text) < 10_000 else members[:1]:
                more = given(kind) if given else {}
                data = message(kind, member, short(text), sender, session, **more)
                topic = short(text).encode()[:200].replace(b"\0", b"") + b"\0" * 16
                socket.send(topic[:len(topic) // 16 * 16] + data if kind_of_socket == zmq.PUB else data)
                count += 1
        socket.send(b"BBUS" + text.encode()[:1000])  # and something that is no message at all
        socket.close()
    return count


def orders_like_these(kind):
    if kind == "NewOrder":
        return wire.new_order("odd", "Buy", "0.01", price=30000)
    return {}


# ---- what a broker says


def broker_says_odd_things(stack):
    dealer = stack.dealer("odd-broker")
    dealer.hello()
    venue, count = stack.venue, 0

    def order():
        nonlocal count
        count += 1
        dealer.send("NewOrder", **wire.new_order(f"B{count}", "Buy", "0.01", price=30000 + count))
        check(dealer.pump(60, lambda: dealer.status_of(f"B{count}") not in (None, "PendingNew")), "B", count, "is not answered")

    every = 1 if size.SIZE == "full" else 3  # all members with each text, or each member with some
    for i, text in enumerate(ODD.values()):
        error = json.dumps({"code": -2010, "msg": text})
        for status, body in ((400, error), (400, text or " "), (502, text), (400, json.dumps({"code": -9999, "msg": text}))):
            venue.fault("answer_instead", endpoint="order.place", next=1, status=status, body=body)
            order()
            order()
        for member in ("status", "clientOrderId", "symbol", "side", "type", "fills.commissionAsset")[i % every::every]:
            venue.fault("alter_answer", endpoint="order.place", member=member, value=text, next=1)
            order()
            order()
        for member in ("X", "x", "c", "C", "r", "s", "N", "S", "o", "i")[i % every::every]:
            venue.fault("alter_event", stream="orders", event="executionReport", member=member, value=text, next=1)
            order()
        venue.clear_faults()
    # What it says to a gateway that connects goes to the log; two at a start, as it tries again later each time.
    texts = list(ODD.values())
    for some in (texts[i:i + 2] for i in range(0, len(texts), 2)):
        for text in some:
            venue.fault("answer_instead", endpoint="GET /api/v3/exchangeInfo", status=401, next=1,
                        body=json.dumps({"code": -2015, "msg": text}))
        seen = failed_connects(stack)
        stack.processes["gateway"].kill()
        stack.restart("gateway")
        wait_for("the broker's word in the log", lambda: failed_connects(stack) >= seen + len(some))
        venue.clear_faults()
    return count


def failed_connects(stack):
    return Path(stack.processes["gateway"].log).read_bytes().count(b": connect: ")


# ---- what a configuration says


def toml(text):
    return json.dumps(text).replace("\\u007f", "\\u007F")


def configurations(config):
    """The same configuration with something odd in it: a key, a value, a name, or what is no TOML. Seventeen for each text, so
    that every seventh of all has each text, and each place."""
    for text in ODD.values():
        quoted = toml(text)
        yield f"{config}\n[{quoted}]\nx = 1\n"
        yield f"{config}\n[clients.{quoted}]\naccounts = []\n"
        yield f"{quoted} = 1\n{config}"
        yield config.replace('environment = "paper"', f"environment = {quoted}")
        yield config.replace("order_ttl_ms = ", f"order_ttl_ms = {quoted} #")
        yield config.replace("[audit]\ndirectory = ", f"[audit]\ndirectory = {quoted} #")
        yield config.replace("[accounts.main]", f"[accounts.{quoted}]")
        yield config.replace('gateway = "binance"', f"gateway = {quoted}")
        yield config.replace('broker = "binance"', f"broker = {quoted}")
        yield config.replace('rest = "', f'rest = {quoted} #"')
        yield config.replace('ca_file = "', f'ca_file = {quoted} #"')
        yield config.replace('credentials = "', f'credentials = {quoted} #"')
        yield config.replace("[bus]\ndirectory = ", f"[bus]\ndirectory = {quoted} #")
        yield config + f"\n[log]\nlevel = {quoted}\n"
        yield config + "\n" + text
        yield config + f'\nx = "{text}"\n'
        yield config + f"\nx = {text}\n"


PROGRAMS = (("busbar-router", ), ("busbar-auditd", "--stream", "core"), ("busbar-hub", ),
            ("busbar-gateway-binance", "--name", "binance"))


def start_with(file, command):
    """Whether it starts, and what it says. One that starts has met nothing odd in what it reads, has a log, where a warning may
    come first (of a disk that is filling), and is stopped."""
    with subprocess.Popen([str(program(command[0])), "--config", str(file), *command[1:]], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as process:
        first = process.stderr.readline()
        starts = HEAD.match(first) is not None
        if starts:
            process.kill()
        try:
            return starts, first + process.communicate(timeout=PATIENCE)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failed(f"{command[0]} neither starts nor ends after {first!r}") from None


def configurations_bring_odd_texts(stack):
    folder = stack.folder / "odd"
    folder.mkdir()
    # Its own folders and sockets, should one start.
    config = stack.config.read_text().replace(str(stack.run_folder), str(folder / "run")).replace(
        f"{stack.folder}/router", str(folder / "router")).replace(f"{stack.folder}/audit", str(folder / "audit"))
    (folder / "run").mkdir()
    refused, whole, wrong = 0, b"", []
    odd = list(configurations(config))
    for i in range(0, len(odd), len(odd) // size.times(len(odd), len(odd) // 7)):
        (folder / "odd.toml").write_text(odd[i])
        for command in PROGRAMS:
            starts, said = start_with(folder / "odd.toml", command)
            refused += not starts
            wrong += [f"{command[0]} {what}" for what in wrong_lines(said)]
            whole += said
    check(not wrong, len(wrong), "lines at a start:\n ", "\n  ".join(wrong[:10]))
    return refused, whole


def each_event_is_one_line():
    begin = time.monotonic()
    with Stack("log-lines", symbols='[log]\nlevel = "trace"\n', venue="") as stack:
        hub = stack.processes["hub"]  # one of them as under systemd
        hub.kill()
        hub.environment = {"JOURNAL_STREAM": "8:1"}
        hub.start()
        stack.venue.stand_still()
        said = say_odd_things(stack.endpoint("orders"), FROM_CLIENTS, "alpha", given=orders_like_these,
                              hello=message("Hello", "sender", "alpha"))
        said += say_odd_things(stack.endpoint("gateways"), FROM_GATEWAYS, "binance", session="1")
        for stream in ("core", "tape", "market"):
            said += say_odd_things(stack.endpoint(f"audit_{stream}"), TO_AUDITD, "router")
        said += say_odd_things(stack.endpoint("quotes_in"), TO_THE_HUB, "binance", kind_of_socket=zmq.PUB)
        orders = broker_says_odd_things(stack)
        shown = b""
        for arguments in (("orders", "--all"), ("status", ), ("journal", "tail", "-n", "2000")):
            done = subprocess.run([str(BIN / "busbar"), "--config", str(stack.config), *arguments], capture_output=True)
            shown += done.stdout + done.stderr
        check(not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\n1999", shown), "a command shows what is not escaped:",
              re.search(rb".{40}([\x00-\x08\x0b-\x1f\x7f]|\n1999).{40}", shown, re.DOTALL))
        refused, whole = configurations_bring_odd_texts(stack)
        logs = {name: Path(process.log).read_bytes() for name, process in stack.processes.items()}
        wrong = [f"{name}'s line {what}" for name, log in logs.items() for what in wrong_lines(log)]
        check(not wrong, len(wrong), "lines:\n ", "\n  ".join(wrong[:10]))
        # The test would have seen it: what was brought stands there, escaped and cut.
        whole += b"".join(logs.values())
        for trace in (rb"\n1999-12-31T", rb"\x1b[2J", rb"\x00b", rb"LLLL... (1000"):
            check(trace in whole, "no log tells of", trace)
        longest = max(len(line) + 1 for line in whole.split(b"\n"))
        lines = sum(log.count(b"\n") for log in logs.values())
        print(f"D19: {said} messages, {orders} orders answered oddly and {refused} refused starts with {len(ODD)} odd texts: "
              f"{lines} lines of {len(logs)} processes, each one event, escaped, {longest} bytes at most (limit {LINE_MAX}); "
              f"{time.monotonic() - begin:.1f} s", flush=True)


if __name__ == "__main__":
    run(each_event_is_one_line)
