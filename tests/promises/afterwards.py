"""What has to be true after a load and whatever befell it: nothing lost, nothing twice, all on disk before it left, and
client, router, journal and venue tell the same."""
import bisect
import json
import subprocess
import time
from datetime import datetime

from load import BIN, check
from stack import Failed, compare_all, wait_synced

ASKING_S = 20  # until every order is equal again after the last fault
# The names that a request gives to orders at the venue.
ORDER_NAMES = ("newClientOrderId", "aboveClientOrderId", "belowClientOrderId", "workingClientOrderId",
               "pendingClientOrderId", "pendingAboveClientOrderId", "pendingBelowClientOrderId", "client_order_id")
PLACING = ("order.place", "order.replace", "order.cancelReplace", "order.amend.keepPriority", "orderList.place.oco")
READ = ('"type":"NewOrder', 'PlaceCommand"', 'ReplaceCommand"', 'PlaceListCommand"', '"type":"CoreStart"',
        '"type":"GatewayHello"', '"type":"SessionState"')


def ns_of(text):
    """2026-11-26T04:35:47.088567319Z, since the epoch."""
    seconds, _, fraction = text.rstrip("Z").partition(".")
    return int(datetime.fromisoformat(seconds + "+00:00").timestamp()) * 1_000_000_000 + int(fraction.ljust(9, "0"))


def replayed(stack):
    """Every record of the core's stream, a line each. There are two processors: the second half is printed meanwhile."""
    command = [str(BIN / "busbar"), "--config", str(stack.config), "--json", "journal", "replay"]
    half = stack.busbar("status", can_fail=True)[1][0]["status"]["audited_sequence"] // 2
    with open(stack.folder / "second_half", "w+") as rest:
        second = subprocess.Popen(command + ["--first", str(half + 1)], stdout=rest)
        with subprocess.Popen(command + ["--last", str(half)], stdout=subprocess.PIPE, text=True) as first:
            yield from first.stdout
        check(first.returncode == second.wait() == 0, "busbar journal replay failed")
        rest.seek(0)
        yield from rest


class Journal:
    """What of the core's stream the checks need, read once."""

    def __init__(self, stack):
        self.records = 0
        self.taken = {}       # client order id of every order that became a record: when it first did, in ns
        self.orders = {}      # venue order id: the client order id of the order as it was commanded
        self.successors = set()  # venue order ids of legs that a replace made
        self.causes = {}      # venue order id: the record that made its command, the first one without a mark
        self.sends = {}       # venue order id: how often it was commanded without a mark
        self.replaced = set() # venue order ids that got a successor
        self.too_early = []   # commands for an account that had not been compared with the broker
        self.reconciled, self.lives = set(), {}
        for line in replayed(stack):
            self.records += 1
            at = line.index('"sequence":') + 11
            sequence = int(line[at:line.index(",", at)])
            check(sequence == self.records, "the journal has a gap: after", self.records - 1, "comes", sequence)
            if any(part in line for part in READ):
                self.take(json.loads(line))

    def take(self, record):
        message = record["message"]
        if record["kind"] == "Output":
            if message["destination"] == "Gateway":
                self.on_command(message["input_sequence"], message["message"])
        elif message["type"] == "NewOrder":
            self.taken.setdefault(message["client_order_id"], ns_of(record["time"]))
        elif message["type"] == "NewOrderList":
            for order in message["orders"]:
                self.taken.setdefault(order["client_order_id"], ns_of(record["time"]))
        elif message["type"] == "CoreStart":
            self.reconciled.clear()
        elif message["type"] == "GatewayHello" and message.get("accounts"):  # before it connects it names none
            if self.lives.get(message["gateway"]) != message["incarnation"]:
                self.reconciled -= {a["account"] for a in message["accounts"]}
            self.lives[message["gateway"]] = message["incarnation"]
        elif message["type"] == "SessionState":
            is_good = message["state"] in ("Ok", "ExpiresAt") and message["reconciled"]
            (self.reconciled.add if is_good else self.reconciled.discard)(message["account"])

    def on_command(self, cause, message):
        for each in message["commands"] if message["type"] == "PlaceListCommand" else [message]:
            if each["type"] not in ("PlaceCommand", "ReplaceCommand"):
                continue
            command, name = each["command"], each["command"]["venue_order_id"]
            if each["type"] == "ReplaceCommand":
                self.replaced.add(each["orig_venue_order_id"])
                self.successors.add(name)
            if command["possible_resend"]:
                continue
            self.causes.setdefault(name, cause)
            self.orders[name] = each["order"]["client_order_id"]
            self.sends[name] = self.sends.get(name, 0) + 1
            if command["account"] not in self.reconciled:
                self.too_early.append(name)


class Aftermath:
    """The figures of all checks; each fails by itself."""

    def __init__(self, stack, load):
        # What a stream did not tell while it was away is asked for when it is back; that may still be under way.
        end = time.monotonic() + ASKING_S
        while True:
            load.session.pump(0.2)
            wait_synced(stack, 30)
            self.journal = Journal(stack)
            try:
                self.orders = compare_all(stack, replaced=self.journal.replaced)
                break
            except Failed:
                if time.monotonic() > end:
                    raise
        known = self.known_once_told(stack, load)
        missing = set(load.sent) - set(self.journal.taken)
        check(not missing, len(missing), "orders are not in the journal:", list(missing)[:10])
        lost = set(load.sent) - {load.roots.get(o["client_order_id"], o["client_order_id"]) for o in known.values()}
        check(not lost, len(lost), "orders are lost:", list(lost)[:10])
        _, wrong = self.told(load, known.values())
        check(not wrong, len(wrong), "orders are not what the client was told last:", list(wrong.items())[:10])

        self.arrivals = [a for venue in stack.venues for a in venue.arrivals() if a["operation"] in PLACING]
        names = [(name, a) for a in self.arrivals
                 for name in [a["params"][key] for key in ORDER_NAMES if key in a["params"]] or [a["client_order_id"]]]
        seen = set()
        twice = {n for n, _ in names if n in seen or seen.add(n)}
        check(not twice, len(twice), "orders were sent twice:", list(twice)[:10])
        again = [n for n, count in self.journal.sends.items() if count > 1]
        check(not again, len(again), "orders were commanded twice:", again[:10])
        early = self.journal.too_early
        check(not early, len(early), "commands left before their account was compared with the broker:", early[:10])
        self.names = names
        self.at_venue = {n for n, _ in names}
        self.verified = stack.busbar("journal", "verify", "core")[1][0]["records"]
        self.rechecked = stack.busbar("journal", "recheck")[1][0]["outputs"]

    @staticmethod
    def told(load, known):
        told = {load.roots.get(o["client_order_id"], o["client_order_id"]): o["order_status"] for o in known}
        return told, {n: (s, told[n]) for n, s in load.status.items() if s != told.get(n)}

    def known_once_told(self, stack, load):
        """The orders as the router has them, when the client has heard of all that. Reading the journal takes longer than a silent
        client is believed to live: it may have to resume its session first."""
        end = time.monotonic() + ASKING_S
        while True:
            load.session.pump(0.2)
            load.session.drain()
            known = {o["order_id"]: o for o in stack.busbar("orders", "--all", client="alpha")[1]}
            if not self.told(load, known.values())[1] or time.monotonic() > end:
                return known

    def line(self, load):
        return (f"{len(load.sent):,} orders, {load.requests['ReplaceOrder']:,} replaces, "
                f"{load.requests['NewOrderList']:,} pairs, {load.requests['CancelAll']:,} cancel-alls; "
                f"{len(self.arrivals):,} arrivals, {self.orders:,} orders at the venues: 0 lost, 0 sent twice, all "
                f"states equal; {self.verified:,} records verified, {self.rechecked:,} decisions rechecked")


def synced_at(file):
    """For each record the moment (CLOCK_BOOTTIME) from which it was on disk: [(last sequence, ns)], rising."""
    waiting, out = 0, []
    for line in file.read_text().splitlines():
        kind, *numbers = line.split()
        if kind == "w":
            waiting = int(numbers[1])
        elif waiting > (out[-1][0] if out else 0):
            out.append((waiting, int(numbers[0])))
    return out


def written_before_sent(stack, aftermath):
    """Every order that arrived at the venue: was the record it stands on synced before? Returns the margins in ns."""
    times = synced_at(stack.sync_times)
    lasts = [last for last, _ in times]
    margins = []
    for name, arrival in aftermath.names:
        cause = aftermath.journal.causes.get(name)
        check(cause, "the venue heard of", name, "which the journal never sent")
        at = bisect.bisect_left(lasts, cause)
        check(at < len(times), "record", cause, "was never synced, and its order arrived")
        margins.append(arrival["boottime_ns"] - times[at][1])
    early = [m for m in margins if m <= 0]
    check(margins and not early, f"{len(early)} orders arrived before their record was synced, by",
          -min(margins, default=0), "ns at most")
    return sorted(margins)
