"""What users of other systems have suffered at brokers of shares, Alpaca and Interactive Brokers, and shall not suffer here.
Each is a test of its own name: complaints_shares.py complaint_14_... ibkr runs one, at Alpaca unless another is named."""
import time
from pathlib import Path

from alpaca_orders import by_hand
from complaints import BROKER, account_state, blocked, seconds_of, session, settled, tape
from ibkr_orders import Local
from session_ends import published, told
import stack as stacks
from stack import PATIENCE, Number, check, run, wait_for, wait_synced
import wire

IS_IBKR = BROKER == "ibkr"
SYMBOL = "AAPL"
BID = 100  # that nobody meets: the market is at 190


def Stack(name, **more):
    return stacks.Stack(f"{name}-{BROKER}", broker=BROKER, **more)


def place(dealer, name, quantity=10, price=BID, symbol=SYMBOL, **more):
    more = {"time_in_force": "Day", **more}
    dealer.send("NewOrder", **wire.new_order(name, "Buy", str(quantity), symbol=symbol, price=price, **more))


def cancel(dealer, request, name):
    dealer.send("CancelOrder", client_order_id=request, orig_client_order_id=name)


def replace(dealer, request, name, **more):
    dealer.send("ReplaceOrder", client_order_id=request, orig_client_order_id=name, **more)


def placed(dealer, *names, **more):
    for name in names:
        place(dealer, name, **more)
    for name in names:
        check(settled(dealer, name) == "New", name, dealer.reports_of(name))


def becomes(dealer, name, status, seconds=PATIENCE):
    check(dealer.pump(seconds, lambda: dealer.status_of(name) == status), name, "is", dealer.status_of(name), "and not", status,
          dealer.reports_of(name)[-2:])
    return dealer.reports_of(name)[-1]


def hears(dealer, name, seconds=PATIENCE, **fields):
    """The first report on it with these fields."""
    def found():
        return [r for r in dealer.reports_of(name) if all(r[key] == value for key, value in fields.items())]
    check(dealer.pump(seconds, found), "nothing like", fields, "of", name, "in", dealer.reports_of(name))
    return found()[0]


def fill(stack, quantity, price=BID):
    stack.venue.trade("SELL", quantity, price, symbol=SYMBOL)


def lose(stack, *events, **more):
    """The stream of orders stays up and says nothing of these."""
    for event in events:
        stack.venue.fault("silence", stream="orders", event=event, **more)


def now(stack, name):
    """How Busbar has it."""
    return stack.busbar("order", name, client="alpha")[1][0]


def is_in_order(stack):
    check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def looks(stack, broker_order_id):
    """When the broker was asked for this order, by its number."""
    return [seconds_of(m["time"]) for m in tape(stack, channel="Rest", direction="Sent", method="GET")
            if broker_order_id in m.get("target", "")]


def complaint_11_a_cumulative_quantity_is_no_increment():
    """Each word of a fill says how much there is in all, too; whoever takes that for what was added has too much."""
    with Stack("complaint-11") as stack:
        stack.venue.stand_still()
        held = {p["symbol"]: Number(p["qty"]) for p in stack.busbar("positions")[1]}[SYMBOL]
        dealer = session(stack)
        placed(dealer, "A")
        fill(stack, 1)
        becomes(dealer, "A", "PartiallyFilled")
        stack.venue.fault("duplicate", stream="orders", event="partial_fill", next=1, times=2)
        fill(stack, 2)
        lose(stack, "partial_fill", next=1)
        fill(stack, 3)  # nobody hears of it but by the next, which says how much there is by now
        fill(stack, 4)
        becomes(dealer, "A", "Filled")
        fills = [r for r in dealer.reports_of("A") if r["last_qty"]]
        check(sorted(r["last_qty"] for r in fills) == [1, 2, 3, 4], "each once:", fills)
        check(len({r["trade_id"] for r in fills}) == 4, fills)
        check(fills[0]["cum_qty"] == 1 and fills[-1]["cum_qty"] == 10, fills)
        check(all(r["leaves_qty"] == 10 - r["cum_qty"] for r in fills), fills)
        check(len(stack.venue.trades()) == 4, stack.venue.trades())
        after = {p["symbol"]: Number(p["qty"]) for p in stack.busbar("positions")[1]}[SYMBOL]
        check(after - held == 10, "held", held, "and", after)
        is_in_order(stack)


def complaint_14_a_cancel_of_what_is_gone_asks_once_and_ends():
    """It was filled a moment ago, and nobody heard of it: the cancel is repeated for ever, or kills the program."""
    fill_events = ("sor", "str") if IS_IBKR else ("fill", )
    with Stack("complaint-14") as stack:
        stack.venue.stand_still()
        dealer = session(stack)
        placed(dealer, "A", "B", price=BID)
        placed(dealer, "C", price=BID - 1)
        names = {name: now(stack, name) for name in "ABC"}
        lose(stack, *fill_events)
        fill(stack, 10)
        cancel(dealer, "A-1", "A")
        refused = hears(dealer, "A", exec_type="CancelRejected")
        check(refused["error"] in ("OrderNotFound", "OrderRejected", "TooLate") and refused["text"], refused)
        check(becomes(dealer, "A", "Filled")["cum_qty"] == 10, dealer.reports_of("A"))
        stack.venue.clear_faults()
        # Somebody else has cancelled it, say.
        if not IS_IBKR:
            lose(stack, "canceled")
            check(by_hand(stack, "DELETE", f"/v2/orders/{names['B']['broker_order_id']}")[0] == 204)
            cancel(dealer, "B-1", "B")
            becomes(dealer, "B", "Canceled")
            stack.venue.clear_faults()
        # And where only the refusal is wrong, the order works on, and the next cancel ends it.
        text = '{"error":"OrderID 1 doesn\'t exist"}' if IS_IBKR else '{"code":40410000,"message":"order not found for 1"}'
        stack.venue.fault("answer_instead", endpoint="order.cancel", next=1, status=400 if IS_IBKR else 404, body=text)
        cancel(dealer, "C-1", "C")
        refused = hears(dealer, "C", exec_type="CancelRejected")
        check(refused["order_status"] == "New" and refused["error"] == "OrderNotFound", refused)
        dealer.pump(3)  # somebody who repeats it would do so now
        sent = [a["client_order_id"] for a in stack.venue.arrivals("order.cancel")]
        gone = "A" if IS_IBKR else "ABB"  # one of them was by hand
        check(sorted(sent) == sorted(names[name]["venue_order_id"] for name in gone + "C"), "one cancel each:", sent)
        for name in set(gone):
            count = wait_for("its looks on the tape", lambda: len(looks(stack, names[name]["broker_order_id"])))
            check(1 <= count <= 3, name, "was asked for", count, "times")
        cancel(dealer, "C-2", "C")
        becomes(dealer, "C", "Canceled")
        # What has ended is known here, and no cancel of it leaves the house.
        cancel(dealer, "A-2", "A")
        hears(dealer, "A-2", exec_type="CancelRejected")
        check(len([a for a in stack.venue.arrivals("order.cancel") if a["client_order_id"] == names["A"]["venue_order_id"]]) == 1)
        placed(dealer, "D")
        is_in_order(stack)


def complaint_15_a_cancel_that_hangs_is_watched_and_stops_nothing():
    """The broker says pending_cancel, for minutes: the order can still fill, and the program must not die of it."""
    with Stack("complaint-15") as stack:
        stack.venue.stand_still()
        stack.venue.control_call("POST", "/rules", cancel_delay_ms=3_600_000)
        dealer = session(stack)
        placed(dealer, "A", "B")
        broker_order_id = now(stack, "A")["broker_order_id"]
        begin = time.time()
        cancel(dealer, "A-1", "A")
        report = becomes(dealer, "A", "PendingCancel")
        check(report["leaves_qty"] == 10, "it is exposure still", report)
        # It can still be filled, and is then exposed the less.
        fill(stack, 4)
        report = hears(dealer, "A", exec_type="Trade")
        check(report["order_status"] == "PendingCancel" and report["leaves_qty"] == 6, report)
        placed(dealer, "C", price=BID - 1)  # nothing else waits for it

        def asked_twice():
            found = [t for t in looks(stack, broker_order_id) if t > begin + 1.5]
            return len(found) >= 2 and found
        asked = wait_for("a second look", asked_twice, pause=0.5)
        dealer.pump(0.5)
        check(dealer.status_of("A") == "PendingCancel", dealer.reports_of("A")[-1])
        pauses = [after - before for before, after in zip(asked, asked[1:])]
        check(all(later > 1.5 * sooner for sooner, later in zip(pauses, pauses[1:])) and
              all(pause > 1.5 for pause in pauses), "growing pauses between looks:", pauses)
        check(len(stack.venue.arrivals("order.cancel")) == 1, "it is not sent again", stack.venue.arrivals("order.cancel"))
        # People see it, with its age.
        shown = next(o for o in stack.busbar("orders", client="alpha")[1] if o["client_order_id"] == "A")
        check(shown["order_status"] == "PendingCancel", shown)
        check("PendingCancel" in told(stack, "orders"), "people, too")
        # What it becomes in the end is what the broker says.
        fill(stack, 6)
        check(becomes(dealer, "A", "Filled")["cum_qty"] == 10, dealer.reports_of("A"))
        for process in ("router", "gateway"):
            check(stack.processes[process].is_running(), process)
        stack.venue.control_call("POST", "/rules", cancel_delay_ms=0)
        cancel(dealer, "B-1", "B")
        becomes(dealer, "B", "Canceled")
        is_in_order(stack)


def complaint_16_a_replace_that_is_said_to_have_failed_and_did_not():
    """An error is answered, the replaced order works under a new id, and nobody here knows it; or what was filled is bought
    again."""
    with Stack("complaint-16", gateway='replace = "in_place"') as stack:
        stack.venue.stand_still()
        dealer = session(stack)

        def follows(name, before, price):
            report = hears(dealer, name, order_status="New", price=Number(price))
            old, new = (stack.venue.order(now(stack, each)["venue_order_id"]) for each in (before, name))
            open_orders = [o for o in stack.venue.orders() if o["is_open"]]
            check(len(open_orders) == 1 and report["broker_order_id"] == open_orders[0]["order_id"], report, open_orders)
            return open_orders[0]

        placed(dealer, "A0")
        first = stack.venue.orders()[0]
        chain = [first["order_id"]]
        errors = ({"status": 500}, {"status": 504}, {"status": 422, "body": '{"code":42210000,"message":"order is not open"}'})
        for i, error in enumerate(errors):
            stack.venue.fault("answer_wrong", endpoint="order.replace", next=1, **error)
            replace(dealer, f"A{i + 1}", f"A{i}", price=Number(BID + 1 + i))
            order = follows(f"A{i + 1}", f"A{i}", BID + 1 + i)
            check(order["replaces"] == chain[-1], "no chain:", order)
            chain.append(order["order_id"])
        check(len(stack.venue.arrivals("order.replace")) == len(errors), "none was sent again")
        # A part is filled, and the replace is on its way before anybody knows: the whole is what was ordered, no more.
        last = f"A{len(errors)}"
        lose(stack, "partial_fill", next=1)
        fill(stack, 4, BID + len(errors))
        replace(dealer, "B", last, price=Number(BID + 9))
        hears(dealer, "B", order_status="PartiallyFilled", price=Number(BID + 9))
        left = [o for o in stack.venue.orders() if o["is_open"]]
        check(len(left) == 1 and Number(left[0]["qty"]) - Number(left[0]["executed"]) == 6, left)
        fill(stack, 6, BID + 9)
        check(becomes(dealer, "B", "Filled")["cum_qty"] == 10, dealer.reports_of("B"))
        check(sum(Number(t["qty"]) for t in stack.venue.trades()) == 10, stack.venue.trades())
        is_in_order(stack)


class PacedStack(stacks.Stack):
    """Its gateway keeps to what is published, and the broker to its word."""

    def gateway_table(self, name):
        return super().gateway_table(name).split(f"[gateways.{name}.pace]")[0]


def answered(stack, status):
    return tape(stack, channel="Rest", direction="Received", status=status)


def complaint_19_all_endpoints_share_one_limit():
    """Orders are counted, and the broker counts everything: with the questions it is too much, and orders and cancels fail."""
    limits = {"per_second": 10, "endpoint_times": 1, "penalty_s": 600, "endpoints_penalize": "true"} if IS_IBKR else {
        "requests_per_minute": 60}
    with PacedStack(f"complaint-19-{BROKER}", broker=BROKER, limits=limits, order_ttl_ms=2500) as stack:
        stack.venue.stand_still()
        dealer = session(stack)
        for i in range(60):
            place(dealer, f"A{i}", price=BID - i % 20)
            if i % 6 == 0:  # many questions between them
                stack.busbar("--timeout", "5", "balances", can_fail=True)
                stack.busbar("--timeout", "5", "positions", can_fail=True)
            dealer.pump(0.01)
        ended = {f"A{i}": settled(dealer, f"A{i}") for i in range(60)}
        refused = [dealer.reports_of(name)[-1] for name, status in ended.items() if status == "Rejected"]
        check("New" in ended.values() and refused, "there were no more than fit:", ended)
        check({r["error"] for r in refused} <= {"RateLimited", "Expired"}, {r["error"] for r in refused})
        check(not answered(stack, 429), "the broker had to say that it was too much", len(answered(stack, 429)))
        if not IS_IBKR:  # a minute has to pass there
            return
        dealer.pump(1)
        first = next(name for name, status in ended.items() if status == "New")
        cancel(dealer, "C", first)
        becomes(dealer, first, "Canceled")
        check(not answered(stack, 429), "the broker had to say that it was too much", len(answered(stack, 429)))


def complaint_19_a_429_closes_the_limit_for_everything_and_not_the_program():
    """Whoever goes on asking after a 429 is told so all the longer."""
    with Stack("complaint-19-429", accounts=("main", "other")) as stack:
        stack.venue.stand_still()
        dealer = session(stack)
        placed(dealer, "before")
        stack.venue.fault("answer_instead", endpoint="order.place", account="main", next=1, status=429, retry_after_s=3)
        place(dealer, "told")
        check(settled(dealer, "told") == "Rejected" and dealer.reports_of("told")[-1]["error"] == "RateLimited",
              dealer.reports_of("told"))
        closed = wait_for("the limit to be closed", lambda: blocked(stack))
        place(dealer, "meanwhile")
        code, _, _ = stack.busbar("balances", "main", can_fail=True)
        placed(dealer, "another's", account="other")  # keys are counted each by itself
        becomes(dealer, "meanwhile", "New")
        until = seconds_of(closed["blocked_until"])
        sent = [seconds_of(m["time"]) for m in tape(stack, channel="Rest", direction="Sent", account="main")]
        told = min(seconds_of(m["time"]) for m in wait_for("it on the tape", lambda: answered(stack, 429)))
        check(len(answered(stack, 429)) == 1, "one was enough")
        check(not [t for t in sent if told + 0.05 < t < until - 0.05], "something was asked meanwhile", sent, told, until)
        cancel(dealer, "C", "before")
        becomes(dealer, "before", "Canceled")
        is_in_order(stack)


def complaint_22_a_stream_that_knows_us_and_says_nothing_is_not_believed():
    """Next morning the socket connects, is authenticated, subscribes, and says nothing."""
    with Stack("complaint-22", gateway="order_event_ms = 3000") as stack:
        stack.venue.stand_still()
        dealer = session(stack)

        def opened():
            return len(tape(stack, channel="OrderStream", method="OPENED"))
        wait_for("one connection", lambda: opened() == 1)
        stack.venue.fault("withhold", stream="orders")
        for i, name in enumerate(("A", "B")):  # the next one is as deaf, and is not believed either
            placed(dealer, name)
            fill(stack, 10)
            check(becomes(dealer, name, "Filled")["cum_qty"] == 10, dealer.reports_of(name))
            wait_for("another connection", lambda: opened() >= 2 + i)
        log = Path(stack.processes["gateway"].log).read_text()
        check(log.count("was accepted, and no event of it came") >= 2, "it says why")
        stack.venue.clear_faults()
        status_is(stack, dealer=dealer, order_stream="Ok", reconciled=True)
        before = opened()
        placed(dealer, "C")
        fill(stack, 10)
        becomes(dealer, "C", "Filled", 8)
        dealer.pump(4.5)
        check(opened() == before, "one that speaks is believed")
        check(sum(Number(t["qty"]) for t in stack.venue.trades()) == 30, stack.venue.trades())
        is_in_order(stack)


def complaint_25_an_asset_that_is_renamed_stays_what_it_is():
    """A company gets another ticker, another company gets the old one, and the position is shown as the wrong one's."""
    with Stack("complaint-25") as stack:
        stack.venue.stand_still()
        held = {p["symbol"]: Number(p["qty"]) for p in stack.busbar("positions")[1]}
        dealer = session(stack)
        placed(dealer, "A", "B")
        stack.venue.control_call("POST", "/symbols", symbol=SYMBOL, rename="PEAR")
        stack.venue.control_call("POST", "/symbols", symbol="TSLA", rename=SYMBOL)
        # What is told under the new name is of the old order, by the asset's id.
        stack.venue.trade("SELL", 4, BID, symbol="PEAR")
        hears(dealer, "A", order_status="PartiallyFilled", cum_qty=Number(4))
        positions = {p["symbol"]: Number(p["qty"]) for p in stack.busbar("positions")[1]}
        check(positions[SYMBOL] == held[SYMBOL] + 4 and positions["TSLA"] == held["TSLA"], held, positions)
        # Until the next list a share's ticker means what it meant when it was listed, and not the company that has it now.
        placed(dealer, "before", symbol=SYMBOL)
        check(stack.venue.order(now(stack, "before")["venue_order_id"])["symbol"] == "PEAR", "it is the old company's")
        cancel(dealer, "before-1", "before")
        becomes(dealer, "before", "Canceled")
        # The list of the next hour, or of the next start, has the new names.
        stack.processes["gateway"].stop()
        stack.restart("gateway")
        stack.wait_ready()
        listed = wait_for("the new list", lambda: (names := {i["symbol"]: i for i in stack.busbar("symbols")[1]}) and "PEAR" in names
                          and names)
        check("TSLA" not in listed and SYMBOL in listed, listed.keys())
        positions = {p["symbol"]: Number(p["qty"]) for p in stack.busbar("positions")[1]}
        check(positions["PEAR"] == held[SYMBOL] + 4 and positions[SYMBOL] == held["TSLA"], held, positions)
        check(now(stack, "A")["symbol"] == now(stack, "B")["symbol"] == "PEAR", now(stack, "A"))
        # The orders of before go on under the new name; and the old ticker, which is another company now, is that one.
        stack.venue.trade("SELL", 6, BID, symbol="PEAR")
        check(becomes(dealer, "A", "Filled")["cum_qty"] == 10, dealer.reports_of("A"))
        cancel(dealer, "B-1", "B")
        becomes(dealer, "B", "Canceled")
        placed(dealer, "C", symbol=SYMBOL)
        placed(dealer, "D", symbol="PEAR")
        for name, symbol in (("C", SYMBOL), ("D", "PEAR")):
            check(stack.venue.order(now(stack, name)["venue_order_id"])["symbol"] == symbol, name)
        # A ticker that nobody else has got is an alias of what it has become.
        placed(dealer, "E", symbol="TSLA")
        check(stack.venue.order(now(stack, "E")["venue_order_id"])["symbol"] == SYMBOL, now(stack, "E"))
        is_in_order(stack)


def status_is(stack, seconds=PATIENCE, dealer=None, **wanted):
    def state():
        if dealer:  # whose session goes on meanwhile
            dealer.pump(0.05)
        s = account_state(stack)
        return all(s.get(key) == value for key, value in wanted.items()) and s
    return wait_for(f"{wanted}", state, seconds, 0.05)


def refused_here(stack, dealer, name, **more):
    """Refused, and nothing has left the house."""
    before = len(stack.venue.arrivals("order.place"))
    place(dealer, name, **more)
    check(settled(dealer, name) == "Rejected", dealer.reports_of(name))
    check(len(stack.venue.arrivals("order.place")) == before, stack.venue.arrivals("order.place"))
    return dealer.reports_of(name)[-1]


def complaint_26_competing_not_authenticated_and_not_connected_are_three():
    """"authenticated: false", says everything, whatever has happened: nobody knows whether to wait, to log in, or to go away."""
    with Stack("complaint-26", gateway="tickle_interval_ms = 1000") as stack:
        stack.venue.stand_still()
        dealer = session(stack)
        placed(dealer, "A")

        def sessions(**what):
            stack.venue.control_call("POST", "/sessions", account="main", **what)

        def is_well(name):
            status_is(stack, dealer=dealer, state="Ok", rest="Ok", order_stream="Ok", reconciled=True)
            placed(dealer, name)
        # Somebody else is logged in: it is left to them, as the policy says.
        sessions(compete=True)
        competing = status_is(stack, dealer=dealer, state="Competing", rest="Ok")
        check("somebody else is logged in" in competing["reason"] and "yield" in competing["reason"], competing)
        check("Competing" in refused_here(stack, dealer, "while-competing")["text"], dealer.reports[-1])
        dealer.pump(2)
        check(stack.venue.control_call("GET", "/sessions")["sessions"][0]["has_rival"], "and not taken from them")
        sessions(**{"yield": True})
        is_well("B")
        # IBKR has ended the session, and nobody is needed: it is begun anew.
        sessions(reset_ms=6000)  # longer than it takes to see it, and to try an order
        ended = status_is(stack, dealer=dealer, state="Down", rest="Ok")
        check("session" in ended["reason"] and "somebody" not in ended["reason"], ended)
        refused_here(stack, dealer, "while-ended")
        is_well("C")
        # IBKR knows us no more, and a person is needed.
        stack.venue.control_call("POST", "/keys", account="main", revoked=True)
        sessions(expire=True)
        unknown = status_is(stack, dealer=dealer, state="NeedsHuman")
        check("refuses the consumer" in unknown["reason"], unknown)
        refused_here(stack, dealer, "while-unknown")
        stack.venue.control_call("POST", "/keys", account="main", revoked=False)
        is_well("D")
        # There is no way to IBKR at all.
        stack.venue.control_call("POST", "/connections", refuse_ms=6000, reset=True)
        away = status_is(stack, dealer=dealer, state="Down", order_stream="Down")
        check(away["reason"] and not any(word in away["reason"] for word in ("session", "somebody", "consumer")), away)
        is_well("E")
        is_in_order(stack)


class AtNight(Local):
    """A login at IBKR's program ends at midnight in New York."""

    def write_config(self, file=None, bus=""):
        super().write_config(file, bus)
        config = file or self.config
        config.write_text(config.read_text().replace("[accounts.main]\n", "[accounts.main]\nsession_end_margin_s = 86400\n"))


def complaint_27_a_second_factor_is_asked_for_before_its_time_and_orders_do_not_outlive_it():
    """The login ends at night or on Sunday, nobody is told, and the connection never comes back."""
    with AtNight("complaint-27", "tickle_interval_ms = 1000") as stack:
        stack.venue.stand_still()
        stack.processes["gateway"].stop()
        stack.be_at(23, 30)
        stack.restart("gateway")
        state = status_is(stack, state="ExpiresAt", reconciled=True)
        left = seconds_of(state["deadline"]) - time.time() - stack.skew_ms / 1000
        check(20 * 60 < left < 31 * 60, "the deadline is midnight there:", left, state)
        check("a person has to log in again" in state["reason"], state)
        check("ends 20" in told(stack), told(stack))
        check(published(stack, lambda s: s["state"] == "ExpiresAt")["deadline_ns"], "for everyone on the bus")
        # What could outlive it is refused by now, and what cannot is not.
        dealer = session(stack)
        place(dealer, "outlives", time_in_force="GoodTillCancel")
        check(settled(dealer, "outlives") == "Rejected" and dealer.reports[-1]["error"] == "RiskLimit", dealer.reports[-1])
        place(dealer, "passes", time_in_force="ImmediateOrCancel")
        check(dealer.pump(60, lambda: dealer.status_of("passes") in ("Canceled", "Expired")), dealer.reports_of("passes"))
        # And then it is over: a person is needed, everybody is told, and nothing goes out.
        stack.venue.control_call("POST", "/sessions", account="main", expire=True)
        state = status_is(stack, dealer=dealer, state="NeedsHuman")
        check("second factor" in state["reason"], state)
        check(0 < seconds_of(state["deadline"]) - time.time() - stack.skew_ms / 1000 < 31 * 60, "by midnight:", state)
        check("NeedsHuman" in told(stack) or "needs" in told(stack).lower(), told(stack))
        check(published(stack, lambda s: s["state"] == "NeedsHuman")["reason"] == state["reason"], "for everyone on the bus")
        report = refused_here(stack, dealer, "late", time_in_force="ImmediateOrCancel")
        check("NeedsHuman" in report["text"], report)
        # It comes back by itself as soon as that person was there.
        stack.venue.control_call("POST", "/sessions", account="main", at_gateway=True)
        status_is(stack, dealer=dealer, order_stream="Ok", rest="Ok", reconciled=True)
        stack.venue.control_call("POST", "/clock", skew_ms=0)
        is_in_order(stack)


def complaint_29_an_order_that_is_swallowed_is_doubted_and_asked_for():
    """Of several orders at once one is lost without a word, and the program waits for it for ever."""
    with Stack("complaint-29", gateway="order_event_ms = 1000", token_life_s=3) as stack:
        stack.venue.stand_still()
        dealer = session(stack)
        # It is answered well, under a number, and then nothing is ever heard of it.
        swallowed = '[{"order_id":"1799796559","order_status":"PreSubmitted","encrypt_message":"1"}]'
        stack.venue.fault("answer_instead", endpoint="order.place", next=1, status=200, body=swallowed)
        for name in ("A", "B", "C"):
            place(dealer, name)
        for name in ("B", "C"):
            check(settled(dealer, name) == "New", dealer.reports_of(name))
        log = Path(stack.processes["gateway"].log)
        wait_for("the stream to be doubted", lambda: "was accepted, and no event of it came" in log.read_text())
        ended = dealer.pump(60, lambda: dealer.status_of("A") in wire.FINAL) and dealer.reports_of("A")[-1]
        check(ended and ended["cum_qty"] == 0 and ended["text"], "nobody has it:", dealer.reports_of("A"))
        # It is not answered at all.
        stack.venue.fault("hang_request", endpoint="order.place", next=1)
        place(dealer, "D")
        hears(dealer, "D", order_status="InDoubt")
        report = becomes(dealer, "D", "NeverSeen")
        check(report["text"], report)
        status_is(stack, dealer=dealer, state="Ok", order_stream="Ok", reconciled=True)
        placed(dealer, "E")
        arrived = [a["client_order_id"] for a in stack.venue.arrivals("order.place")]
        check(len(arrived) == len(set(arrived)) == 5, "each once:", arrived)
        check(len(stack.venue.orders()) == 3, stack.venue.orders())
        is_in_order(stack)


if __name__ == "__main__":
    run(*(test for name, test in list(globals().items()) if name.startswith("complaint_")))
