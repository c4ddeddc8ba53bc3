"""B5: the router is killed with kill -9, and a real systemd starts it again. How long until every gateway is registered
again, and an order reaches the broker? Four gateways of one account each, a hundred orders that rest at the broker.

  router_restart.py [--kills N]"""
import argparse
import math
import os
import signal
import statistics
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "promises")]
import booted  # noqa: E402
import size  # noqa: E402
import wire  # noqa: E402
from host import ROUTER, Host, check, wait_for  # noqa: E402
from stack import compare_all, wait_synced  # noqa: E402

MORE = ["second", "third", "fourth"]  # gateways beside "binance", and their accounts
LIMIT_S = 1.0


def with_more_gateways(text):
    """The configuration with three more gateways of the same broker, an account each."""
    _, _, gateway = text.partition("[gateways.binance]\n")
    gateway = gateway.partition("\n[")[0]
    return text + "".join(f"""
[accounts.{name}]
gateway = "{name}"
credentials = "/etc/busbar/{name}.cred"
[gateways.{name}]
{gateway}
""" for name in MORE)


class FourGateways(Host):
    def edit_config(self):
        super().edit_config()
        for name in MORE:
            key = self.outside.keys[name]
            self.write(f"/etc/busbar/{name}.cred", f"api_key = {key['api_key']}\nsecret = {key['secret']}\n", 0o600)
            self.run("chown", "busbar", f"/etc/busbar/{name}.cred")
            self.drop_in(f"busbar-gateway@{name}.service", "[Service]\nExecStart=\nExecStart="
                         "/usr/bin/busbar-gateway-binance --config /etc/busbar/busbar.toml --name %i\n")
            self.systemctl("enable", f"busbar-gateway@{name}")
        # Killed more often than a host would bear: the start limit is not what is shown here.
        self.drop_in(ROUTER, "[Unit]\nStartLimitIntervalSec=0\n")


def registered(asker):
    """The incarnations of the gateways that the router speaks with, or none when it does not answer."""
    try:
        answer = asker.ask("Query", timeout=0.05, kind="Status")
    except TimeoutError:
        return set()
    return {g["incarnation"] for g in answer.get("gateways") or () if g["connected"]}


def kill(host, asker, lives, times):
    """The seconds from each kill until the same four lives are registered again, rising."""
    took = []
    for _ in range(times):
        pid = host.main_process(ROUTER)
        begin = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        wait_for("every gateway", lambda: registered(asker) == lives, pause=0.005)
        took.append(time.monotonic() - begin)
        check(host.main_process(ROUTER) != pid, "it was not killed")
    return sorted(took)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=size.times(200))
    options = parser.parse_args()
    with FourGateways("B5", config=with_more_gateways, accounts=("main", *MORE)) as host:
        asker = wire.Req(host.orders, "cli")
        lives = wait_for("four gateways", lambda: (r := registered(asker)) and len(r) == 4 and r)
        for i in range(100):
            order = wire.new_order(f"R{i}", "Buy", "0.001", account=["main", *MORE][i % 4], price=30000)
            answer = asker.ask("NewOrder", **order)
            check(answer["order_status"] == "PendingNew", answer)
        wait_for("them to rest", lambda: sum(o["is_open"] for o in host.outside.venue.orders()) == 100)

        times = kill(host, asker, lives, options.kills)
        p50, p99 = statistics.median(times), times[math.ceil(len(times) * 0.99) - 1]
        print(f"B5: {options.kills} kill -9 of the router under systemd, 4 gateways registered again after "
              f"p50 {p50:.2f} s, p99 {p99:.2f} s, max {times[-1]:.2f} s (limit {LIMIT_S} s)", flush=True)
        check((p99 if size.SIZE == "full" else p50) <= LIMIT_S, "registered again after", times)
        restarts = int(host.show(ROUTER, "NRestarts")["NRestarts"])
        check(restarts == options.kills, restarts, "restarts")
        wait_synced(host.outside)
        check(compare_all(host.outside) == 100, "the venue has other orders than ours")


if __name__ == "__main__":
    booted.or_skip(main)
