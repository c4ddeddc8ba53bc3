"""What users of other systems have suffered at a broker like Binance or Coinbase, and shall not suffer here. Each is a test of
its own name: complaints.py complaint_17_... [coinbase] runs one, at Binance unless another is named."""
import datetime
import subprocess
import sys
import time
from pathlib import Path

import stack as stacks
from stack import LIMITS, PATIENCE, Number, check, compare_all, program, run, wait_for
import wire

BROKER = sys.argv.pop() if sys.argv[-1] in LIMITS else "binance"
IS_COINBASE = BROKER == "coinbase"
SYMBOL, PRODUCT = ("BTC/USD", "BTC-USD") if IS_COINBASE else ("BTC/USDT", "BTCUSDT")


def Stack(name, **more):
    return stacks.Stack(f"{name}-{BROKER}", broker=BROKER, **more)


def session(stack, name="s1", client="alpha"):
    dealer = stack.dealer(name, client)
    dealer.hello()
    return dealer


def place(dealer, name, price=30000, account="main", **more):
    dealer.send("NewOrder", **wire.new_order(name, "Buy", "0.01", symbol=SYMBOL, price=price, account=account, **more))


def settled(dealer, name, seconds=PATIENCE):
    ended = wire.FINAL | {"New", "PartiallyFilled"}
    check(dealer.pump(seconds, lambda: dealer.status_of(name) in ended), name, "is", dealer.status_of(name))
    return dealer.status_of(name)


def account_state(stack, account="main"):
    answer = stack.busbar("status", can_fail=True)[1][0]
    return next(s for s in answer["sessions"] if s["account"] == account)


def buckets(stack, name):
    return [b for b in stack.busbar("status", can_fail=True)[1][0]["buckets"] if b["bucket"] == name]


def blocked(stack):
    """The bucket that is closed now, if one is."""
    return next((b for b in stack.busbar("status", can_fail=True)[1][0]["buckets"]
                 if b.get("blocked_until") and seconds_of(b["blocked_until"]) > time.time()), None)


def seconds_of(text):
    """Of a time as busbar prints it."""
    whole, fraction = text.rstrip("Z").split(".")
    return datetime.datetime.fromisoformat(whole + "+00:00").timestamp() + float("0." + fraction)


def refusals(stack):
    """Arrivals that the venue turned away for their number."""
    return [a for a in stack.venue.arrivals() if a.get("code") in (-1003, -1015, 429)]


def fill(stack, price, quantity="0.01"):
    stack.venue.trade("SELL", quantity, price, symbol=PRODUCT)


def filled(dealer, name):
    return sum(r["last_qty"] or 0 for r in dealer.reports_of(name))


def tape(stack, **wanted):
    records = [r["message"] for r in stack.journal("tape")]
    return [m for m in records if all(m.get(key) == value for key, value in wanted.items())]


def complaint_17_one_ledger_for_all_clients_and_accounts_kept_over_restarts():
    """An address is banned because two programs each kept to the limit by themselves."""
    limits = {"private_per_second": 30} if IS_COINBASE else {"orders_per_10_seconds": 40}
    ttl_ms = 1500 if IS_COINBASE else 9000  # less than all of them take
    with Stack("complaint-17", accounts=("main", "other"), order_ttl_ms=ttl_ms, limits=limits) as stack:
        stack.venue.stand_still()
        first, second = session(stack), session(stack, "s2", "cli")
        names = []
        for i in range(60):  # more than fit, from two clients at once
            for dealer, account in ((first, "main"), (second, "main")):
                names.append((dealer, name := f"{account}{id(dealer) % 97}-{i}"))
                place(dealer, name, price=20000 + i, account=account)
        ended = [settled(dealer, name) for dealer, name in names]
        check("New" in ended and "Rejected" in ended, {s: ended.count(s) for s in ended})
        refused = [r for dealer in (first, second) for r in dealer.reports if r["order_status"] == "Rejected"]
        errors = {r["error"] for r in refused}  # one whose turn comes at the last moment may expire on its way
        check({"RateLimited"} <= errors <= {"RateLimited", "Expired"}, errors)
        check(not refusals(stack), "the venue had to refuse", refusals(stack)[:3])

        if IS_COINBASE:  # a second is over before a router is back, but what it was told to wait for is not
            stack.venue.fault("answer_instead", endpoint="order.place", next=1, status=429, retry_after_s=6)
            place(first, "told", price=19000)
            check(settled(first, "told") == "Rejected", first.reports_of("told"))
            before = wait_for("the bucket to be closed", lambda: blocked(stack))
        else:
            place(first, "fill", price=19000)
            settled(first, "fill")
            before = max(int(b["used"]) for b in buckets(stack, "orders"))  # of a day: ten seconds are over meanwhile
            check(before >= ended.count("New"), before, "used for", ended.count("New"), "orders")
        stack.processes["router"].kill()
        stack.restart("router")
        stack.wait_ready()
        if IS_COINBASE:  # whether or not that time is over by now
            after = buckets(stack, before["bucket"])
            check(before["blocked_until"] in [b.get("blocked_until") for b in after], "forgotten:", before, "then", after)
        else:
            after = max(int(b["used"]) for b in buckets(stack, "orders"))
            check(after >= before, "the ledger was forgotten:", before, "used, then", after)


def complaint_18_bursts_of_subscriptions_are_paced():
    """A client asks for everything at once, and the broker closes the connection, then bans the address."""
    # Binance takes five messages a second on a connection; Coinbase eight from an address, with its heartbeats among them.
    most, limits = (7, {"messages_per_second": 8}) if IS_COINBASE else (4, {})
    with Stack("complaint-18", limits=limits) as stack:
        dealer = session(stack)
        symbols = [i["symbol"] for i in stack.busbar("symbols")[1]]
        kinds = [("Quote", 0), ("Trade", 0), ("Book", 0), ("Ticker", 0), ("Bar", 300_000)]
        if not IS_COINBASE:
            kinds += [("Bar", 60_000), ("Bar", 3_600_000)]
        for symbol in symbols:
            for channel, interval in kinds:
                dealer.send("Subscribe", source="main", symbol=symbol, channel=channel, bar_interval_ms=interval)
                dealer.pump(0.05)

        def all_taken():
            dealer.pump(0.05)
            return len([o for o in dealer.others if o[0] == "SubscribeAck"]) == len(symbols) * len(kinds)
        wait_for("every subscription to be taken", all_taken)

        def sent():
            return tape(stack, channel="MarketData", direction="Sent", method="TEXT")
        least = 13 if IS_COINBASE else 2  # four channels of three products, one a message
        wait_for("the streams to be asked for", lambda: len(sent()) >= least and account_state(stack)["market_data"] == "Ok")
        quotes = stack.busbar("quotes", *symbols, "-n", "8", "--seconds", "60")[1]
        check(len(quotes) == 8, quotes)
        times = sorted(seconds_of(t["time"]) for t in sent())
        worst = max(sum(begin <= t < begin + 1 for t in times) for begin in times)
        check(worst <= most, worst, "messages within a second")
        lost = tape(stack, method="CLOSED")
        check(not lost, "a connection was lost:", lost)
        check("rate limit" not in Path(stack.processes["gateway"].log).read_text(), "there were too many")


def complaint_19_a_429_pauses_its_bucket_and_not_the_process():
    """One limit counts everything together; who goes on after a 429 is banned, cancels and all."""
    with Stack("complaint-19", accounts=("main", "other") if IS_COINBASE else ("main", )) as stack:
        stack.venue.stand_still()
        dealer = session(stack)
        place(dealer, "before")
        check(settled(dealer, "before") == "New", dealer.reports)
        stack.venue.fault("answer_instead", endpoint="order.place", next=1, status=429, retry_after_s=3)
        place(dealer, "told")
        check(settled(dealer, "told") == "Rejected" and dealer.reports_of("told")[-1]["error"] == "RateLimited",
              dealer.reports_of("told"))
        closed = wait_for("the bucket to be closed", lambda: blocked(stack))
        arrived = len(stack.venue.arrivals())
        place(dealer, "meanwhile")
        dealer.pump(0.5)
        by_now = len(stack.venue.arrivals())
        if blocked(stack):
            check(by_now == arrived, "something was sent to a broker that wants to hear nothing")
        if IS_COINBASE:  # it counts users
            begin, until = time.time(), seconds_of(closed["blocked_until"])
            place(dealer, "another", account="other")
            check(settled(dealer, "another") == "New", dealer.reports_of("another"))
            name = dealer.reports_of("another")[-1]["venue_order_id"]
            at = next(a["arrival_ns"] for a in stack.venue.arrivals("order.place") if a["client_order_id"] == name) / 1e9
            check(at < until or begin > until - 1, "the other waited as well:", at - until)
        # Meanwhile it is heard of: a session that has been silent for long is over.
        check(dealer.pump(60, lambda: not blocked(stack)), "the bucket stays closed")
        place(dealer, "after")
        check(settled(dealer, "after") == "New", dealer.reports_of("after"))
        check(settled(dealer, "meanwhile") in ("New", "Rejected"), dealer.reports_of("meanwhile"))
        check(len(refusals(stack)) <= 1, "gone on after a 429:", refusals(stack))


def a_user_channel_that_ends_is_renewed_and_nothing_is_missed():
    """Coinbase has no listen keys; a connection of the user channel ends all the same, in time or by a deployment."""
    with Stack("complaint-20", gateway="stream_renew_ms = 1500") as stack:
        stack.venue.stand_still()
        dealer = session(stack)
        place(dealer, "resting")
        check(settled(dealer, "resting") == "New", dealer.reports)
        for _ in range(5):  # over a renewal, or two
            fill(stack, "30000", "0.001")
            dealer.pump(1)
        for reset in (False, True):
            stack.venue.control_call("POST", "/streams/close", stream="orders", reset=reset)
            fill(stack, "30000", "0.002")  # whether or not its event is heard
            dealer.pump(1)
        fill(stack, "30000", "0.001")
        check(dealer.pump(60, lambda: dealer.status_of("resting") == "Filled"), dealer.reports_of("resting"))
        check(filled(dealer, "resting") == Number("0.01"), "once, and once only")
        wait_for("the order stream to be back", lambda: account_state(stack)["order_stream"] == "Ok"
                 and account_state(stack)["reconciled"])
        # The archive of the tape syncs once a second: what counts is what had happened by now.
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
        records = wait_for("the tape to be synced", lambda: (all_of := tape(stack)) and all_of[-1]["time"] > now and all_of)
        opened = [m for m in records if (m.get("channel"), m.get("method")) == ("OrderStream", "OPENED") and m["time"] <= now]
        check(len(opened) >= 4, "renewed and opened again only", len(opened), "times")
        place(dealer, "later", price=29000)
        check(settled(dealer, "later") == "New", dealer.reports_of("later"))
        compare_all(stack)


def complaint_20_a_listen_key_that_dies_is_noticed_and_nothing_is_missed():
    """The listen key ends after an hour or by another program's doing; order events stop, and nobody is told."""
    if IS_COINBASE:
        return a_user_channel_that_ends_is_renewed_and_nothing_is_missed()
    with Stack("complaint-20", gateway='user_data = "listen_key"', venue="listen_keys = true") as stack:
        stack.venue.stand_still()
        dealer = session(stack)
        place(dealer, "resting")
        check(settled(dealer, "resting") == "New", dealer.reports)
        stack.venue.control_call("POST", "/listen-keys/expire")
        fill(stack, "30000")  # whether or not its event is heard
        check(dealer.pump(60, lambda: dealer.status_of("resting") == "Filled"), dealer.reports_of("resting"))
        check(filled(dealer, "resting") == Number("0.01"), "once, and once only")
        wait_for("the order stream to be back", lambda: account_state(stack)["order_stream"] == "Ok"
                 and account_state(stack)["reconciled"])
        place(dealer, "later", price=29000)
        check(settled(dealer, "later") == "New", dealer.reports_of("later"))
        compare_all(stack)


def complaint_21_a_socket_without_data_is_replaced_and_said_to_be_stale():
    """The socket is up, nothing comes, and the strategy looks healthy."""
    with Stack("complaint-21", gateway="stream_silence_ms = 1500") as stack:
        stack.venue.control_call("POST", "/connections", ping_interval_ms=500)
        wait_for("pings", lambda: account_state(stack)["order_stream"] == "Ok")
        dealer = session(stack)
        dealer.send("Subscribe", source="main", symbol=SYMBOL, channel="Quote")
        dealer.pump(0.5)
        check(len(stack.busbar("quotes", SYMBOL, "-n", "3", "--seconds", "60")[1]) == 3, "quotes move")
        stack.venue.control_call("POST", "/connections", ping_interval_ms=3_600_000)  # the sockets stay up
        stack.venue.fault("silence")  # heartbeats as well, where the broker has them
        stack.venue.move(0)
        wait_for("the silence to be noticed", lambda: (s := account_state(stack))["order_stream"] in ("Down", "Stale")
                 and "silence" in s.get("reason", ""))
        stack.venue.clear_faults()
        stack.venue.control_call("POST", "/connections", ping_interval_ms=500)
        stack.venue.move(5)
        wait_for("new connections", lambda: account_state(stack)["order_stream"] == "Ok"
                 and account_state(stack)["market_data"] == "Ok")
        check(len(stack.busbar("quotes", SYMBOL, "-n", "3", "--seconds", "60")[1]) == 3, "quotes move again")


def complaint_22_a_stream_that_says_nothing_of_an_accepted_order_is_not_believed():
    """Next morning the socket connects, is authenticated, subscribes, and says nothing."""
    with Stack("complaint-22", gateway="order_event_ms = 1000") as stack:
        stack.venue.stand_still()
        dealer = session(stack)
        stack.venue.fault("withhold", stream="orders", event="user" if IS_COINBASE else "executionReport")
        place(dealer, "unheard")
        check(settled(dealer, "unheard") == "New", "by its answer:", dealer.reports_of("unheard"))
        # A new one may be there within a tenth of a second: sooner than one can ask.
        log = Path(stack.processes["gateway"].log)
        wait_for("the stream to be disbelieved", lambda: "was accepted, and no event of it came" in log.read_text())
        stack.venue.clear_faults()
        fill(stack, "30000")
        check(dealer.pump(60, lambda: dealer.status_of("unheard") == "Filled"), dealer.reports_of("unheard"))
        wait_for("the order stream", lambda: account_state(stack)["order_stream"] == "Ok")
        compare_all(stack)


def complaint_23_a_clock_that_drifts_is_measured_and_no_order_lost_or_doubled():
    """-1021, or 401, for days: 'my clock is fine'."""
    # Of a token's two minutes Coinbase takes what is within them, and half a minute before.
    far, near = (130, 40) if IS_COINBASE else (30, 4)
    with Stack("complaint-23", venue="idle_ms = 3600000" if IS_COINBASE else "") as stack:  # a jump is no idleness
        stack.venue.stand_still()
        dealer = session(stack)
        for i, skew in enumerate((far * 1000, -far * 1000, near * 1000, 0)):
            stack.venue.control_call("POST", "/clock", skew_ms=skew)
            place(dealer, f"D{i}", price=20000 + i)
            if settled(dealer, f"D{i}") == "Rejected":  # not accepted, and not sent again: but the next one is right
                check(dealer.reports_of(f"D{i}")[-1]["broker_code"] == ("HTTP401" if IS_COINBASE else "-1021"),
                      dealer.reports_of(f"D{i}"))
            place(dealer, f"E{i}", price=20000 + i)
            check(settled(dealer, f"E{i}") == "New", skew, dealer.reports_of(f"E{i}"))
        wait_for("the clock to be known as right again", lambda: abs(int(account_state(stack)["clock_offset_ns"])) < 1e9)
        stack.venue.control_call("POST", "/clock", skew_ms=-far * 1000)
        place(dealer, "shown", price=19000)
        settled(dealer, "shown")
        wait_for("the offset to be shown", lambda: abs(int(account_state(stack)["clock_offset_ns"]) + far * 1e9) < 2e9)
        arrived = [a["client_order_id"] for a in stack.venue.arrivals("order.place")]
        check(len(arrived) == len(set(arrived)) == 9, "each once:", arrived)
        stack.venue.control_call("POST", "/clock", skew_ms=0)


def complaint_24_precision_is_refused_here_with_the_nearest_legal_value():
    """LOT_SIZE, PRICE_FILTER, MIN_NOTIONAL: a rejection from far away that says nothing."""
    with Stack("complaint-24") as stack:
        stack.venue.stand_still()
        req = stack.req()
        cases = [({"price": "30000.123"}, "price", "30000.12"), ({"quantity": "0.0100000001"}, "order_qty", "0.01"),
                 ({"quantity": "0.00001", "price": "30000"}, "order_qty", None)]
        for i, (wrong, field, nearest) in enumerate(cases):
            fields = {"price": "30000", "quantity": "0.01", **wrong}
            report = req.ask("NewOrder", **wire.new_order(f"P{i}", "Buy", fields["quantity"], symbol=SYMBOL,
                                                          price=fields["price"]))
            check(report["order_status"] == "Rejected" and report["error"] == "InvalidOrder" and report["field"] == field
                  and report["value"], report)
            check(nearest is None or Number(report["nearest_legal"]) == Number(nearest), report)
            check(report["nearest_legal"], "a value that would have been taken", report)
        check(not stack.venue.arrivals("order.place"), "none of them left the house")
        report = req.ask("NewOrder", **wire.new_order("P9", "Buy", "0.0100000001", symbol=SYMBOL, price="30000.123",
                                                      rounding="Down"))
        check(report["order_status"] in ("PendingNew", "New"), report)
        check(Number(report["price"]) == Number("30000.12") and Number(report["order_qty"]) == Number("0.01"), report)


def complaint_33_what_is_meant_for_paper_never_reaches_real_money():
    """Sandbox mode sent orders to the real broker."""
    with Stack("complaint-33") as stack:
        stack.venue.stand_still()
        paper = stack.config.read_text()
        # A gateway of paper refuses the broker's own host, and says why.
        other = stack.folder / "real.toml"
        rest = next(line for line in paper.splitlines() if line.startswith("rest = "))
        other.write_text(paper.replace(rest + "\n", ""))
        gateway = [str(program(f"busbar-gateway-{BROKER}")), "--config", str(other)]
        done = subprocess.run(gateway, capture_output=True, text=True, timeout=60)
        check(done.returncode != 0 and "is real money, and this environment is paper" in done.stderr + done.stdout, done)
        # A message says for which of the two it is, and the router of the one refuses the other.
        live = stack.req()
        live.environment = "Live"
        refused = live.ask("NewOrder", **wire.new_order("L0", "Buy", "0.01", symbol=SYMBOL, price=30000))
        check(refused["error"] == "InvalidMessage" and refused["field"] == "environment", refused)
        # And so it does a gateway: no account of it is ready, and no order goes there.
        dealer = session(stack)
        place(dealer, "before")
        check(settled(dealer, "before") == "New", dealer.reports)
        stack.processes["gateway"].stop()
        log = Path(stack.processes["gateway"].log)
        stack.config.write_text(paper.replace('environment = "paper"', 'environment = "live"', 1))
        stack.restart("gateway")
        wait_for("the gateway to be there", lambda: log.read_text().count("started, incarnation") == 2)
        stack.config.write_text(paper)
        wait_for("the gateway to be refused", lambda: "this router is Paper" in log.read_text())
        place(dealer, "after")
        check(settled(dealer, "after") == "Rejected", dealer.reports_of("after"))
        check(dealer.reports_of("after")[-1]["error"] in ("GatewayDown", "ConnectionError"), dealer.reports_of("after")[-1])
        check(len(stack.venue.arrivals("order.place")) == 1, stack.venue.arrivals())


if __name__ == "__main__":
    run(complaint_17_one_ledger_for_all_clients_and_accounts_kept_over_restarts,
        complaint_18_bursts_of_subscriptions_are_paced,
        complaint_19_a_429_pauses_its_bucket_and_not_the_process,
        complaint_20_a_listen_key_that_dies_is_noticed_and_nothing_is_missed,
        complaint_21_a_socket_without_data_is_replaced_and_said_to_be_stale,
        complaint_22_a_stream_that_says_nothing_of_an_accepted_order_is_not_believed,
        complaint_23_a_clock_that_drifts_is_measured_and_no_order_lost_or_doubled,
        complaint_24_precision_is_refused_here_with_the_nearest_legal_value,
        complaint_33_what_is_meant_for_paper_never_reaches_real_money)
