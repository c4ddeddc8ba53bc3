"""Links that break: between client and router, router and each gateway, router and auditd, each gateway and its broker,
by a fault proxy in each of them. See PROMISES B6.

  partitions.py [--seconds N] [--seed N]"""
import argparse
import random
import socket
import statistics
import sys
import threading
import time
from pathlib import Path

from load import ACCOUNTS, GATEWAYS, Load, QUOTES_BY_MARKET, Quotes, Stack, check, drawn_seed
from afterwards import Aftermath
from crash import Watch, settle, until
from proxy import Proxies
import size

VENUE_LINKS = ("rest", "ws_api", "streams")
# One-way and both ways; what drops bytes of a stream breaks it, so a loss of 10 % is a reset at every tenth piece.
FAULTS = [("cut", {}), ("stall", {}), ("stall_up", {}), ("stall_down", {}), ("delay", {"least": 20, "most": 500}),
          ("reset", {"share": 0.1})]
CORE_PLACES = [["client"], ["auditd"]]
QUIET = ("delay", "reset")  # what is slow, or broken for a moment, need not be told of
# What Binance keeps silent about for 20 s is found sooner here, so that a run needs no minutes: its ping comes each second.
GATEWAY = "stream_silence_ms = 3000\norder_event_ms = 3000"
VENUE = "[venue.connections]\nping_interval_ms = 1000"


def places(gateway):
    """What breaks together: the way to the router, all ways to the broker, or one of them."""
    return [[f"{gateway} router"], [f"{gateway} {link}" for link in VENUE_LINKS], [f"{gateway} rest"],
            [f"{gateway} ws_api"]]


def is_quiet(mode, place):
    """On a stream everything comes from the broker: that our way to it is blocked does not show, and harms nothing."""
    return mode in QUIET or (mode == "stall_up" and all(link.split()[-1] in ("ws_api", "streams") for link in place))


class Linked(Stack):
    def start_venue(self):
        super().start_venue()
        self.run_folder.mkdir(exist_ok=True)
        listeners = {(g, k): socket.create_server(("127.0.0.1", 0)) for g in GATEWAYS for k in VENUE_LINKS}
        self.ports = {link: listener.getsockname()[1] for link, listener in listeners.items()}
        links = {f"{g} {k}": (listeners[g, k], ("127.0.0.1", port_of(url)))
                 for g in GATEWAYS for k, url in super(Linked, self).venue_of(g).items()}
        links |= {f"{g} router": (self.path(f"gateways-{g}"), self.path("gateways")) for g in GATEWAYS}
        links["client"] = (self.path("orders-client"), self.path("orders"))
        links["auditd"] = (self.path("audit_core-router"), self.path("audit_core"))
        self.proxies = Proxies(links)

    def path(self, name):
        return str(self.run_folder / name)

    def venue_of(self, gateway):
        return {k: with_port(url, self.ports[gateway, k]) for k, url in super().venue_of(gateway).items()}

    def config_of(self, process):
        return self.folder / f"{process}.toml"

    def write_config(self, file=None, bus=""):
        super().write_config()
        super().write_config(self.config_of("hub"))
        super().write_config(self.config_of("router"), f'audit_core = "ipc://{self.path("audit_core-router")}"')
        for process, gateway in zip(self.gateway_names, GATEWAYS):
            super().write_config(self.config_of(process), f'gateways = "ipc://{self.path("gateways-" + gateway)}"')


def port_of(url):
    return int(url.split("//")[1].split("/")[0].split(":")[1])


def with_port(url, port):
    return url.replace(f":{port_of(url)}", f":{port}")


class Breaker(threading.Thread):
    """Breaks links of one place, one fault after the other, and waits each time for somebody to say so."""

    def __init__(self, stack, load, chance, places, is_over, sign):
        super().__init__(daemon=True)
        self.stack, self.load, self.chance, self.places, self.is_over = stack, load, chance, places, is_over
        self.sign = sign      # (watch, place) -> from now on: is it known that something is wrong?
        self.asks_by_orders = places != CORE_PLACES
        self.noticed, self.injections, self.error = [], 0, None
        self.is_done = False
        self.start()

    def run(self):
        try:
            watch = Watch(self.stack)
            faults = self.chance.sample(FAULTS, len(FAULTS))
            while not self.is_over():
                (mode, options), place = faults[self.injections % len(faults)], self.chance.choice(self.places)
                self.injections += 1
                self.inject(watch, mode, options, place)
                time.sleep(self.chance.uniform(0.5, 1.0))
        except Exception as error:  # told to the main thread
            self.error = error
        self.is_done = True

    def inject(self, watch, mode, options, place):
        is_known = self.sign(watch, place)
        begin = time.monotonic()
        for link in place:
            self.stack.proxies.set(link, mode, **options)
        lasts = self.chance.uniform(1, 3)
        if not is_quiet(mode, place):
            self.noticed.append((self.notice(is_known, f"{mode} of {place} to be noticed"), mode, place))
        time.sleep(max(0.0, begin + lasts - time.monotonic()))
        for link in place:
            self.stack.proxies.set(link)

    def notice(self, is_known, what):
        """How long it takes. What only an order finds out, as of a way up that is blocked, counts from when the client, whose
        own link breaks too, can send one."""
        begin = time.monotonic()

        def is_known_by_now():
            nonlocal begin
            if self.asks_by_orders and (self.load.session.hello_again
                                        or time.monotonic() - self.load.session.last_heard > 1):
                begin = time.monotonic()
            return is_known()
        until(is_known_by_now, what, 10)
        return time.monotonic() - begin


def swizzle(stack, chance, seconds):
    """All links are cut one by one, in one order, and mended in another."""
    names = stack.proxies.names
    for mode in ("cut", "pass"):
        for name in chance.sample(names, len(names)):
            stack.proxies.set(name, mode)
            time.sleep(seconds / len(names))


def lines(process, words):
    return Path(process.log).read_text(errors="replace").count(words)


def gateway_sign(stack, load, gateway):
    account = ACCOUNTS[GATEWAYS.index(gateway)]
    process = stack.processes[stack.gateway_names[GATEWAYS.index(gateway)]]

    def sign(watch, place):
        """The router says that the gateway, or its session with the broker, is not well, or that an order is in doubt;
        or the gateway says that it has lost the router."""
        since, before = time.monotonic(), lines(process, "nothing is placed until")

        def is_known():
            answer = watch.status()
            if answer:
                g = next(g for g in answer["gateways"] if g["gateway"] == gateway)
                s = next(s for s in answer["sessions"] if s["account"] == account)
                if not g["connected"] or s["state"] != "Ok" or not s["reconciled"] or s["market_data"] != "Ok":
                    return True
            return (any(d[-1][0] > since for n, d in list(load.doubts.items()) if load.account_of[n] == account)
                    or lines(process, "nothing is placed until") > before)
        return is_known
    return sign


def core_sign(stack, load):
    def sign(watch, place):
        router = stack.processes["router"]
        if "client" in place:  # it hears nothing any more, not even a heartbeat, or is not known any more
            return lambda: time.monotonic() - load.session.last_heard > 1.5 or load.session.hello_again
        def is_silent():
            return lines(router, "the archive is silent") >= lines(router, "the archive has records up to")
        until(lambda: not is_silent(), "the archive to be heard after the cut before this one")
        return is_silent
    return sign


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=size.times(3600, 20))
    parser.add_argument("--rate", type=float)
    parser.add_argument("--seed", type=int, default=drawn_seed())
    options = parser.parse_args()
    print(f"partitions: seed {options.seed}", flush=True)
    begin = time.monotonic()
    with Linked("partitions", accounts=ACCOUNTS, gateways=GATEWAYS, seed=options.seed % 1000 + 1, recv_window_ms=1000,
                follow=True, gateway=GATEWAY, venue=VENUE, order_ttl_ms=2000) as stack:
        stack.venue.move(QUOTES_BY_MARKET)
        load = Load(stack, random.Random(options.seed), options.rate, endpoint=f"ipc://{stack.path('orders-client')}")
        quotes = Quotes(stack)
        over = time.monotonic() + options.seconds

        def is_over():
            return time.monotonic() > over

        breakers = [Breaker(stack, load, random.Random(options.seed + i), places(g), is_over, gateway_sign(stack, load, g))
                    for i, g in enumerate(GATEWAYS)]
        breakers.append(Breaker(stack, load, random.Random(options.seed + 9), CORE_PLACES, is_over,
                                core_sign(stack, load)))
        load.run(lambda: all(b.is_done for b in breakers) or any(b.error for b in breakers))
        for breaker in breakers:
            if breaker.error:
                raise breaker.error
        last = threading.Thread(target=swizzle, args=(stack, random.Random(options.seed), 4), daemon=True)
        last.start()
        load.run(lambda: not last.is_alive())
        lasted = time.monotonic() - begin
        rate = len(load.sent) / lasted
        settled = settle(stack, load, quotes)
        aftermath = Aftermath(stack, load)
        noticed = [n for b in breakers for n in b.noticed]
        seconds = [n[0] for n in noticed]
        check(max(seconds) <= 5, "noticed late:", max(noticed))
        injections = sum(b.injections for b in breakers)
        print(f"B6: {injections} faults on {len(stack.proxies.names)} links and all of them swizzled, in {lasted:.0f} "
              f"s at {rate:.0f} orders/s, settled {settled:.1f} s later; {aftermath.line(load)}\n"
              f"B6: {len(noticed)} cuts and stalls noticed after p50 {statistics.median(seconds):.2f} s, at most "
              f"{max(seconds):.2f} s ({max(noticed)[1]} of {', '.join(max(noticed)[2])}; limit 5 s)", flush=True)
        stack.proxies.stop()
    print(f"{time.monotonic() - begin:.1f} s", flush=True)


if __name__ == "__main__":
    main()
    sys.exit(0)
