"""The demonstration itself; scripts/demo has built what it needs. Every line is made from what `busbar --json` said."""
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/scenario"))
from stack import BIN, Failed, Number, Stack, check, compare_all, differences, wait_for, wait_synced  # noqa: E402

FOLDER = ROOT / "build/demo"
PIDS = FOLDER / "pids"


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def stop_what_runs():
    """SIGTERM to what an earlier --keep left behind; only to programs that are ours."""
    if not PIDS.exists():
        return []
    stopped = []
    for line in PIDS.read_text().splitlines():
        name, pid, program = line.split(maxsplit=2)
        try:
            if os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)") != program:
                continue  # the number belongs to somebody else by now
            os.kill(int(pid), signal.SIGTERM)
            stopped.append((name, int(pid)))
        except OSError:
            continue
    for name, pid in stopped:
        wait_for(f"{name} to stop", lambda: not is_alive(pid), 10)
    PIDS.unlink()
    return [name for name, _ in stopped]


def title(text):
    print(f"\n── {text}", flush=True)


def control_port(stack):
    return stack.venue.control.rsplit(":", 1)[1]


class Shown:
    """Runs busbar, shows the command, and shows what the JSON said in columns of the fields asked for."""

    def __init__(self, stack):
        self.stack = stack

    def __call__(self, *arguments, fields, can_fail=False, last=True):
        print("$ busbar " + shlex.join(map(str, arguments)) + " --json")
        code, lines, _ = self.stack.busbar(*arguments, can_fail=can_fail)
        self.rows(lines[-1:] if last else lines, fields)
        return code, lines

    @staticmethod
    def rows(lines, fields):
        def cell(line, field):
            for part in field.split("."):
                line = line.get(part, "") if isinstance(line, dict) else ""
            return {True: "yes", False: "no"}.get(line, str(line)) if isinstance(line, bool) else str(line)
        table = [fields] + [[cell(line, field) for field in fields] for line in lines]
        widths = [max(len(row[i]) for row in table) for i in range(len(fields))]
        for row in table:
            print("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())
        sys.stdout.flush()

    def venue(self, method, path, body=""):
        print(f"$ busbar-venue ctl --port {control_port(self.stack)} {method} {path} {shlex.quote(body)}")


ORDER = [
    "order_id", "client_order_id", "symbol", "side", "order_qty", "price", "order_status", "cum_qty", "leaves_qty",
    "avg_px"
]


def agrees(stack, order):
    """The broker's own book about this order, beside ours."""
    book = stack.venue.book("main")
    theirs = next((o for o in book["orders"] if o["client_order_id"] == order["venue_order_id"]), None)
    trades = [t for t in book["trades"] if t["client_order_id"] == order["venue_order_id"]]
    wrong = differences(order, theirs, trades)
    check(not wrong, "the venue's book says otherwise:", "; ".join(wrong))
    print(f"  the venue's own book agrees: {theirs['client_order_id']} {theirs['status']}, "
          f"{theirs['executed']} of {theirs['qty']} done")


def tell(record):
    """One line, or for the wire a few, about a record of journal show."""
    message = record["message"]
    time_of_day = record["wall"][11:26]
    if record["stream"] == "tape":
        sent = message["direction"] == "Sent"
        status = f"HTTP {message['status']}" if message["status"] else "frame"
        what = f"{message.get('method', '')} {message.get('target', '')}" if sent else status
        print(f"  {time_of_day}  tape {record['sequence']:>4}  {'sent' if sent else 'received'} {what}")
        for text in (message.get("headers", ""), message.get("body", "")):
            for line in filter(None, map(str.strip, text.splitlines())):
                print(f"      {line[:160]}{'…' if len(line) > 160 else ''}")
        return
    inner = message["message"] if record["kind"] == "Output" else message
    kind = inner["type"]
    who = "from " + record["header"]["sender"]
    if record["kind"] == "Output":
        who = "to " + message.get("peer", message["destination"])
    inner = {**inner, **inner.get("command", {}), **inner.get("order", {})}
    facts = {
        k: inner[k]
        for k in ("client_order_id", "orig_client_order_id", "command_id", "venue_order_id", "exec_type", "event",
                  "order_status", "side", "order_qty", "price", "last_qty", "last_px", "cum_qty", "leaves_qty",
                  "trade_id", "error", "text") if inner.get(k) not in (None, "", "Unset")
    }
    told = " ".join(f"{k}={v}" for k, v in facts.items())
    print(f"  {time_of_day}  core {record['sequence']:>4}  {who}: {kind} {told}")


def demonstrate(stack):
    busbar = Shown(stack)
    title("Everything is up")
    busbar("status",
           fields=["status.environment", "status.accepts_orders", "status.durable_sequence", "status.audited_sequence"])
    busbar("symbols",
           "BTC/USDT",
           fields=["symbol", "broker_symbol", "tick_size", "lot_size", "min_qty", "min_notional"])

    title("Quotes move")
    _, quotes = busbar("quotes", "BTC/USDT", "-n", 6, "--seconds", 30, last=False,
                       fields=["receive_time", "symbol", "sequence", "bid_qty", "bid_px", "ask_px", "ask_qty"])
    check(len({(q["bid_px"], q["ask_px"], q["bid_qty"], q["ask_qty"]) for q in quotes}) > 1, "no quote moved")

    title("A limit order: placed, filled in part, the rest cancelled")
    stack.venue.move(0)  # for a moment, so that what fills is what we say
    bid, ask = stack.venue.best()
    price = ((bid + ask) / 2).quantize(Number("0.01")) if ask - bid > Number("0.02") else bid
    busbar("order", "buy", "0.01", "BTC/USDT", "--limit", price, "--id", "demo-1", fields=ORDER)
    busbar.venue(
        "POST", "/orders",
        f'{{"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.004", "price": "{price}", "time_in_force": "IOC"}}')
    stack.venue.trade("SELL", "0.004", price, time_in_force="IOC")
    wait_for("the fill", lambda: stack.busbar("order", "demo-1")[1][0]["order_status"] == "PartiallyFilled")
    _, lines = busbar("order", "demo-1", fields=ORDER)
    agrees(stack, lines[-1])
    _, lines = busbar("cancel", "demo-1", fields=ORDER)
    check(lines[-1]["order_status"] == "Canceled" and Number(lines[-1]["cum_qty"]) == Number("0.004"), lines[-1])
    agrees(stack, lines[-1])

    title("A market order, filled")
    _, lines = busbar("order", "buy", "0.02", "BTC/USDT", "--id", "demo-2", "--wait", fields=ORDER)
    check(lines[-1]["order_status"] == "Filled", lines[-1])
    agrees(stack, lines[-1])

    title("An order that the broker would not take: refused here, and never sent")
    arrivals = len(stack.venue.arrivals())
    code, lines = busbar("order", "buy", "0.01", "BTC/USDT", "--limit", f"{price}5", "--id", "demo-3", can_fail=True,
                         fields=["client_order_id", "order_status", "error", "field", "value", "nearest_legal", "text"])
    check(code == 1 and lines[-1]["field"] == "price" and lines[-1]["nearest_legal"], lines[-1])
    check(len(stack.venue.arrivals()) == arrivals, "the venue heard of a refused order")

    title("What the account holds")
    _, lines = busbar("balances", last=False, fields=["account", "asset", "free", "locked"])
    truth = stack.venue.book("main")["accounts"][0]["balances"]
    for line in lines:
        theirs = truth.get(line["asset"])
        check(theirs and Number(theirs["free"]) == Number(line["free"]), line["asset"], line, theirs)
    print("  the venue's own book agrees")

    title("The journal, about the first order: request, decision, bytes on the wire with the secrets cut out, answers")
    wait_synced(stack)
    wait_for("the wire in the tape",
             lambda: sum(r["stream"] == "tape" for r in stack.busbar("journal", "show", "demo-1")[1]) >= 4)
    print("$ busbar journal show demo-1 --json")
    _, story, _ = stack.busbar("journal", "show", "demo-1")
    for record in story:
        tell(record)
    check(any(r["stream"] == "tape" and r["message"]["direction"] == "Sent" for r in story),
          "the bytes sent are missing")
    secrets = [value for key in stack.keys.values() for value in key.values()]
    check(not any(secret in str(story) for secret in secrets), "a secret stands in the journal")

    title("The journal is whole, and the core would decide the same again")
    _, lines = busbar("journal",
                      "verify",
                      last=False,
                      fields=["stream", "good", "records", "heads", "attested_sequence"])
    check(all(line["good"] for line in lines), lines)
    _, lines = busbar("journal", "recheck", fields=["agrees", "inputs", "outputs", "last_sequence"])
    check(lines[-1]["agrees"], lines)
    print(f"  all {compare_all(stack, 'main')} orders are as the venue's own book has them")
    stack.venue.move(5)


def main():
    keep = "--keep" in sys.argv
    stopped = stop_what_runs()
    if "--stop" in sys.argv:
        print("stopped: " + ", ".join(stopped) if stopped else "nothing was running")
        return 0
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    begin = time.monotonic()
    stack = Stack("demo", folder=FOLDER, follow=True, recv_window_ms=5000, outlives=keep)
    try:
        stack.start()
        demonstrate(stack)
        if keep:
            PIDS.write_text("".join(f"{p.name} {p.popen.pid} {p.command[0]}\n"
                                    for p in reversed(stack.processes.values())))
            stack.leave_running()
            title("Everything is left running")
            print(
                f"  export BUSBAR_CONFIG={stack.config} PATH={BIN}:$PATH\n  busbar status\n  busbar quotes BTC/USDT\n"
                f"  busbar order buy 0.001 BTC/USDT\n"
                f"  export PYTHONPATH={os.environ['BUSBAR_PYTHON']}\n"
                f"  /usr/bin/python3 docs/examples/order.py {stack.endpoint('orders')}\n"
                f"  busbar-venue ctl --port {control_port(stack)} GET /book\n  scripts/demo --stop\n"
                f"  logs and journal: {FOLDER}")
        else:
            stack.stop()
            title("Everything stopped by itself, with exit code 0")
    except (Failed, subprocess.SubprocessError, OSError) as error:
        stack.tell(error)
        stack.kill_all()
        print(f"scripts/demo: failed: {error}", file=sys.stderr)
        return 1
    print(f"\ndemo: all as it should be, in {time.monotonic() - begin:.0f} s; the folder is {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
