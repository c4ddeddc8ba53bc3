"""Trades through the gateway that docs/adding-a-gateway.md shows: nothing of Busbar knew of its broker before."""
import os
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "scenario")]
from stack import BIN, Stack, check, run, wait_for  # noqa: E402
from tiny_broker import TinyBroker  # noqa: E402


class TinyStack(Stack):
    """The same processes, with Tiny and its gateway beside Binance's."""

    def write_config(self):
        self.tiny = TinyBroker(self.folder, key := os.urandom(16).hex())
        credentials = self.folder / "small.cred"
        credentials.touch(mode=0o600)
        credentials.write_text(f"api_key = {key}\nsecret = none\n")
        super().write_config()
        with open(self.config, "a") as config:
            config.write(f"""
[accounts.small]
gateway = "tiny"
credentials = "{credentials}"
[gateways.tiny]
broker = "tiny"
rest = "{self.tiny.url}"
ca_file = "{self.tiny.ca}"
trade_without_order_stream = true
probes_per_second = 100
""")
        self.add("tiny", BIN / "busbar-gateway-tiny", "--config", self.config)

    def stop(self):
        self.processes["tiny"].stop()
        super().stop()


def a_gateway_from_the_docs():
    with TinyStack("tiny") as stack:
        order = stack.busbar("order", "buy", "3", "TINY/EUR", "--limit", "2.50", "--account", "small", "--id", "one")[1][-1]
        check(order["order_status"] == "New", order)
        check(stack.tiny.orders[order["venue_order_id"]]["qty"] == "3", stack.tiny.orders)
        stack.busbar("cancel", "one")
        check(stack.tiny.orders[order["venue_order_id"]]["status"] == "cancelled", stack.tiny.orders)

        code, lines, text = stack.busbar("order", "buy", "3", "TINY/EUR", "--limit", "13", "--account", "small",
                                         can_fail=True)
        check(code == 1 and "not at this price" in text, code, lines, text)
        code, _, text = stack.busbar("order", "buy", "3", "TINY/EUR", "--account", "small", can_fail=True)
        check(code == 1 and "order_type" in text, "a market order is refused here, by the capabilities:", code, text)

        stack.tiny.drops = 1
        stack.busbar("order", "buy", "1", "TINY/EUR", "--limit", "2", "--account", "small", "--id", "lost", can_fail=True)
        found = wait_for("the lost answer to be asked for", lambda: next(
            (o for o in stack.busbar("order", "lost")[1] if o["order_status"] == "New"), None))
        check(stack.tiny.arrivals.count(found["venue_order_id"]) == 1, "sent twice:", stack.tiny.arrivals)


if __name__ == "__main__":
    run(a_gateway_from_the_docs)
