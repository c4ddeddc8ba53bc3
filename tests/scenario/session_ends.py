"""What ends a broker session is known before it does: its deadline is published, orders that may outlive it are refused where
that is wanted, and who has to act is told."""
import subprocess
import time

import zmq

from coinbase_orders import SYMBOL as COINBASE_SYMBOL
from degradation import LinedStack, account_state, place, until_state, until_status
from stack import BIN, PATIENCE, Stack, check, run, wait_for
import wire


def published(stack, until, seconds=PATIENCE):
    """Session states of the account as the drop copy has them, until one is as wanted."""
    socket = wire.CONTEXT.socket(zmq.SUB)
    socket.connect(stack.endpoint("reports"))
    socket.subscribe(b"status.main\0")
    try:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if socket.poll(left * 1000):
                frame = socket.recv()
                _, _, message = wire.decode(frame[(len(b"status.main") // 16 + 1) * 16:])  # its topic is padded with NULs
                if until(message):
                    return message
        raise AssertionError("nothing of the kind was published")
    finally:
        socket.close(0)


def told(stack, what="status"):
    """What people are told."""
    command = [str(BIN / "busbar"), "--config", str(stack.config), "--client", "cli", "--timeout", "30", what]
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout


class EndingStack(LinedStack):
    """Its streams are renewed every eleven seconds, and no order may rest that could outlive the session."""

    def write_config(self, file=None, bus=""):
        super().write_config()
        text = self.config.read_text().replace("[accounts.main]\n", "[accounts.main]\nsession_end_margin_s = 90000\n")
        self.config.write_text(text)


def a_stream_that_cannot_be_renewed_ends_and_nothing_may_outlive_it():
    with EndingStack("session-ends", gateway="stream_renew_ms = 11000") as stack:
        stack.venue.stand_still()
        state = account_state(stack)
        check(state["state"] == "Ok" and state["deadline"], "what is renewed tells until when:", state)
        check("renewed by " in told(stack), told(stack))
        check(place(stack, "before", 30000)["order_status"] == "New", "nobody minds an end that is renewed")
        stack.order_stream.is_cut = True  # the line that is there works on
        state = until_state(stack, state="ExpiresAt", order_stream="ExpiresAt", rest="Ok")
        check("cannot be renewed" in state["reason"] and state["reconciled"], state)
        text = told(stack)
        check("ends 20" in text and " UTC, in 23 h" in text, text)
        report = place(stack, "outlives", 29000)
        check(report["order_status"] == "Rejected" and report["error"] == "RISK_LIMIT", report)
        check("may outlive it" in report["text"] and "cannot be renewed" in report["text"], report)
        lines = stack.busbar("order", "buy", "0.01", "BTC/USDT", "--limit", "29000", "--tif", "ioc", "--id", "now",
                             can_fail=True)[1]
        check(lines[-1]["order_status"] in ("Canceled", "Expired"), "what does not rest passes", lines[-1])
        stack.busbar("cancel", "before")
        until_status(stack, "before", "Canceled")
        stack.order_stream.is_cut = False
        until_state(stack, state="Ok", order_stream="Ok", reconciled=True)
        check(place(stack, "after", 28000)["order_status"] == "New", account_state(stack))
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def a_key_that_is_refused_needs_a_person(broker, symbol):
    with Stack(f"key-refused-{broker}", broker=broker) as stack:
        stack.venue.stand_still()

        def order(name):
            return stack.busbar("order", "buy", "0.01", symbol, "--limit", "30000", "--id", name, can_fail=True)[1][-1]

        check(order("before")["order_status"] == "New")
        stack.venue.control_call("POST", "/keys", account="main", revoked=True)
        for i in range(2):
            report = order(f"refused-{i}")
            # What the gateway asks by itself meanwhile may be the second that is refused.
            is_known = i > 0 and report["error"] == "CONNECTION_ERROR" and "NeedsHuman" in report["text"]
            check(report["order_status"] == "Rejected" and (report["error"] == "AUTHENTICATION_FAILED" or is_known), report)
        state = until_state(stack, rest="NeedsHuman", state="NeedsHuman")
        check("authentication failed" in state["reason"] and "revoked or expired" in state["reason"], state)
        check(published(stack, lambda s: s["state"] == "NeedsHuman")["reason"] == state["reason"], "for everyone")
        report = order("not-sent")
        check(report["error"] == "CONNECTION_ERROR" and "NeedsHuman" in report["text"], report)
        stack.venue.control_call("POST", "/keys", account="main", revoked=False)
        until_state(stack, seconds=120, rest="Ok", state="Ok", reconciled=True)
        check(order("after")["order_status"] == "New")


def a_key_that_binance_refuses():
    a_key_that_is_refused_needs_a_person("binance", "BTC/USDT")


def a_key_that_coinbase_refuses():
    a_key_that_is_refused_needs_a_person("coinbase", COINBASE_SYMBOL)


def a_key_that_alpaca_refuses():
    a_key_that_is_refused_needs_a_person("alpaca", "BTC/USD")


if __name__ == "__main__":
    run(a_stream_that_cannot_be_renewed_ends_and_nothing_may_outlive_it, a_key_that_binance_refuses,
        a_key_that_coinbase_refuses, a_key_that_alpaca_refuses)
