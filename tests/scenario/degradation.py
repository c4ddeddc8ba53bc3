"""Half of the broker is away: each state is published, orders are refused where nobody could follow them, cancels pass,
and what happened meanwhile is found."""
import datetime
import selectors
import socket
import threading
import time

from stack import PATIENCE, Stack, check, compare_all, run, wait_for


class Line:
    """A TCP line to the venue that can be cut and mended."""

    def __init__(self, url):
        self.to = int(url.rsplit(":", 1)[1].split("/")[0])
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = url.replace(f":{self.to}", f":{self.listener.getsockname()[1]}")
        self.is_cut, self.pairs, self.lock = False, [], threading.Lock()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            near, _ = self.listener.accept()
            with self.lock:
                if self.is_cut:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self.to))
                self.pairs.append((near, far))
            threading.Thread(target=self.carry, args=(near, far), daemon=True).start()

    def carry(self, near, far):
        selector = selectors.DefaultSelector()
        selector.register(near, selectors.EVENT_READ, far)
        selector.register(far, selectors.EVENT_READ, near)
        try:
            while True:
                for key, _ in selector.select():
                    data = key.fileobj.recv(65536)
                    if not data:
                        return
                    key.data.sendall(data)
        except OSError:
            pass
        finally:
            near.close()
            far.close()

    def cut(self):
        with self.lock:
            self.is_cut = True
            for pair in self.pairs:
                for end in pair:
                    try:
                        end.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
            self.pairs.clear()

    def mend(self):
        with self.lock:
            self.is_cut = False


class LinedStack(Stack):
    """REST and the order stream each go by a line of their own."""

    def write_config(self):
        self.rest, self.order_stream = Line(self.venue.rest), Line(self.venue.ws_api)
        direct = self.venue.rest, self.venue.ws_api
        self.venue.rest, self.venue.ws_api = self.rest.url, self.order_stream.url
        super().write_config()
        self.venue.rest, self.venue.ws_api = direct


def account_state(stack):
    return stack.busbar("status", can_fail=True)[1][0]["sessions"][0]


def until_state(stack, seconds=PATIENCE, **parts):
    return wait_for(f"the account to be {parts}", lambda: (s := account_state(stack))
                    and all(s[part] == state for part, state in parts.items()) and s, seconds, 0.1)


def place(stack, name, price):
    lines = stack.busbar("order", "buy", "0.01", "BTC/USDT", "--limit", price, "--id", name, can_fail=True)[1]
    return lines[-1]


def is_refused(stack, name):
    report = place(stack, name, 28000)
    check(report["order_status"] == "Rejected" and report["error"] == "CONNECTION_ERROR", report)


def until_status(stack, name, status, seconds=PATIENCE):
    return wait_for(f"{name} to be {status}", lambda: stack.busbar("order", name)[1][0]["order_status"] == status, seconds)


def quotes_flow(stack):
    stack.venue.move(10)
    check(len(stack.busbar("quotes", "ETH/USDT", "-n", "3", "--seconds", "60")[1]) == 3, "quotes do not flow")
    stack.venue.stand_still()


def the_order_stream_is_down():
    with LinedStack("stream-down") as stack:
        stack.venue.stand_still()
        check(place(stack, "resting", 30000)["order_status"] == "New")
        check(place(stack, "goes", 29000)["order_status"] == "New")
        stack.order_stream.cut()
        until_state(stack, order_stream="Down", rest="Ok", state="Down")
        is_refused(stack, "refused")
        stack.busbar("cancel", "goes")
        quotes_flow(stack)
        stack.venue.trade("SELL", "0.01", "30000")  # nobody tells: it is asked for every ten seconds
        until_status(stack, "resting", "Filled")
        stack.order_stream.mend()
        state = until_state(stack, order_stream="Ok", state="Ok", reconciled=True)
        check(place(stack, "after", 27000)["order_status"] == "New", state)
        compare_all(stack)


def rest_is_down():
    with LinedStack("rest-down") as stack:
        stack.venue.stand_still()
        check(place(stack, "resting", 30000)["order_status"] == "New")
        stack.rest.cut()
        for _ in range(4):  # a question that fails says so, and after three the line is called down
            stack.busbar("--timeout", "20", "quote", "BTC/USDT", can_fail=True)
        until_state(stack, order_stream="Ok", rest="Down", state="Down")
        is_refused(stack, "refused")
        quotes_flow(stack)
        stack.venue.trade("SELL", "0.01", "30000")  # the stream tells
        until_status(stack, "resting", "Filled")
        stack.rest.mend()
        until_state(stack, rest="Ok", state="Ok", reconciled=True)
        check(place(stack, "after", 27000)["order_status"] == "New")
        compare_all(stack)


def both_are_down():
    with LinedStack("both-down") as stack:
        stack.venue.stand_still()
        check(place(stack, "resting", 30000)["order_status"] == "New")
        before = stack.busbar("balances")[1]
        stack.rest.cut()
        stack.order_stream.cut()
        for _ in range(4):
            stack.busbar("--timeout", "20", "quote", "BTC/USDT", can_fail=True)
        until_state(stack, order_stream="Down", rest="Down", state="Down")
        is_refused(stack, "refused")
        code, now, text = stack.busbar("--timeout", "20", "balances", can_fail=True)
        check(code == 0 and {b["asset"] for b in now} == {b["asset"] for b in before}, "what is known, with its age:", now)
        as_of = datetime.datetime.fromisoformat(now[0]["as_of"][:19] + "+00:00").timestamp()
        check(as_of < time.time() and "old" in now[0]["text"] and "as of" in text, now[0], text)
        stack.venue.trade("SELL", "0.01", "30000")
        stack.rest.mend()
        stack.order_stream.mend()
        until_state(stack, rest="Ok", order_stream="Ok", state="Ok", reconciled=True)
        until_status(stack, "resting", "Filled")
        check(place(stack, "after", 27000)["order_status"] == "New")
        compare_all(stack)


if __name__ == "__main__":
    run(the_order_stream_is_down, rest_is_down, both_are_down)
