"""What each broker offers, as the running system tells it: the gateway's hello, which is in the journal, and its list of
symbols. The table of docs/brokers.md says the same, or this fails; with --write it is written.

usage: support.py [--write]"""
import sys
from pathlib import Path

from stack import LIMITS, Stack, check, run, wait_synced
import wire

DOCS = Path(__file__).resolve().parents[2] / "docs" / "brokers.md"
BEGIN, END = "<!-- support: begin -->\n", "<!-- support: end -->\n"
TRIGGERED = ("Stop", "StopLimit", "MarketIfTouched", "LimitIfTouched")
AT_ONCE = ("ImmediateOrCancel", "FillOrKill")


def words(enum):
    """Of an enum of the schema, in its order."""
    return [name for value, name in sorted(wire.names(enum).items()) if value != 0]


class Support:
    """Of one account, and of the symbol that has most."""

    def __init__(self, stack):
        wait_synced(stack)
        hellos = [m for r in stack.journal() if (m := r.get("message") or {}).get("type") == "GatewayHello"]
        self.broker, self.can = hellos[-1]["broker"], hellos[-1]["capabilities"]
        listed = [i for i in stack.busbar("symbols", "--account", stack.accounts[0])[1] if i["status"] == "Trading"]
        self.instrument = max(listed, key=lambda i: len(i["order_types"]))

    def times_in_force(self, order_type, post_only=False):
        times = self.can["times_in_force"]
        if order_type not in self.can["order_types"] or order_type not in self.instrument["order_types"]:
            return []
        of_type = [offer["times_in_force"] for offer in self.can.get("offers", []) if offer["order_type"] == order_type]
        if post_only:
            own = self.can.get("post_only_times_in_force") or (of_type or [times])[0]
            of_type = [own if self.can["can_post_only"] else []]
        of_symbol = self.instrument.get("times_in_force") or times
        return [name for name in words("TimeInForce") if name in times and name in of_symbol
                and name in (of_type or [times])[0]]

    def trailing_order_types(self):
        return self.instrument.get("trailing_order_types") or TRIGGERED

    def cash_times_in_force(self):
        times = self.times_in_force("Market") if self.has("can_cash_order_qty") else []
        return [name for name in times if name in (self.instrument.get("cash_order_qty_times_in_force") or times)]

    def has(self, what):
        """Where the broker and its symbol both have a say."""
        return self.can[what] and self.instrument.get(what, True)

    def offers(self, order):
        wants = {"cash_order_qty": "can_cash_order_qty", "display_qty": "can_iceberg",
                 "trailing_delta_bps": "can_trailing_stop", "extended_hours": "can_extended_hours",
                 "self_trade_prevention": "can_prevent_self_trade"}
        times = (self.cash_times_in_force() if order.get("cash_order_qty") else
                 self.times_in_force(order["order_type"], order.get("post_only", False)))
        return (order["time_in_force"] in times
                and not (order.get("trailing_delta_bps") and order["order_type"] not in self.trailing_order_types())
                and not order.get("reduce_only") and all(self.has(can) for field, can in wants.items() if order.get(field)))

    def offers_list(self, list_type):
        can = {"OneCancelsOther": ["can_oco"], "OneTriggersOther": ["can_oto"],
               "OneTriggersOneCancelsOther": ["can_oco", "can_oto"]}
        return list_type in can and self.can["can_order_lists"] and all(self.instrument[c] for c in can[list_type])

    def rows(self):
        """(what, how), in the words of the bus."""
        rule = self.can["absence_rule"]
        yield from ((order_type, ", ".join(self.times_in_force(order_type))) for order_type in words("OrderType"))
        yield "Limit, `post_only`", ", ".join(self.times_in_force("Limit", post_only=True))
        for what, can in (("`cash_order_qty`", "can_cash_order_qty"), ("`display_qty`", "can_iceberg"),
                          ("`trailing_delta_bps`", "can_trailing_stop"), ("`extended_hours`", "can_extended_hours"),
                          ("`self_trade_prevention`", "can_prevent_self_trade"), ("replace", "can_replace"),
                          ("order book", "has_order_book")):
            yield what, "yes" if self.has(can) else ""
        yield from ((name, "yes" if self.offers_list(name) else "") for name in words("OrderListType"))
        yield "fills are told", "as sums" if self.can["fill_quantity"] == "Cumulative" else "one by one"
        yield "a lost order cannot act after", f"{rule['bound_ms'] / 1000:g} s" if rule["bound_ms"] else "not published"


def table(supports):
    columns = [dict(support.rows()) for support in supports]
    lines = ["| | " + " | ".join(support.broker for support in supports) + " |", "| --- " * (len(columns) + 1) + "|"]
    lines += [f"| {what} | " + " | ".join(column[what] or "no" for column in columns) + " |" for what in columns[0]]
    return "\n".join(lines) + "\n"


def the_docs_show_what_the_gateways_tell():
    supports = []
    for broker in LIMITS:
        with Stack("support", accounts=(broker, ), recv_window_ms=5000, token_life_s=120) as stack:  # as unconfigured
            supports.append(Support(stack))
    told, page = table(supports), DOCS.read_text(encoding="utf-8")
    print(told, end="")
    shown = page[page.index(BEGIN) + len(BEGIN):page.index(END)]
    if "--write" in sys.argv:
        DOCS.write_text(page.replace(BEGIN + shown, BEGIN + told), encoding="utf-8")
    else:
        check(shown == told, f"{DOCS} shows another table; {sys.argv[0]} --write writes it")


if __name__ == "__main__":
    if "--write" in sys.argv:
        the_docs_show_what_the_gateways_tell()
    else:
        run(the_docs_show_what_the_gateways_tell)
