"""What is Interactive Brokers' own about sessions and orders: through all processes, against an IBKR in a box."""
from datetime import datetime
from zoneinfo import ZoneInfo

import wire
from stack import PATIENCE, Number, Stack, check, run, wait_for, wait_synced

SYMBOL = "AAPL"
FAR = "100"  # a bid that nobody meets: the market is at 190


def ibkr(name, gateway="", **more):
    return Stack(name, broker="ibkr", gateway=gateway, **more)


def order(stack, *arguments, **more):
    return stack.busbar("order", *arguments, **more)


class Local(Stack):
    """Through IBKR's own program on this host, at which a person has logged in: there is nothing to show. That login ends at
    midnight in New York, and an hour before it says so: it is noon there."""

    def __init__(self, name, gateway="", **more):
        super().__init__(name, broker="ibkr", venue='at_gateway = "main"', gateway='way = "gateway"\n' + gateway, **more)

    def write_config(self, file=None, bus=""):
        super().write_config(file, bus)
        config = file or self.config
        config.write_text(config.read_text().replace(f'credentials = "{self.folder}/main.cred"', 'credentials = "none"'))
        self.be_at(12, 0)

    def be_at(self, hour, minute):
        there = datetime.now(ZoneInfo("America/New_York"))
        then = there.replace(hour=hour, minute=minute, second=0)
        self.skew_ms = int(1000 * (then.timestamp() - there.timestamp()))
        self.venue.control_call("POST", "/clock", skew_ms=self.skew_ms)


def status_of(stack, name):
    return stack.busbar("order", name)[1][0]


def until(stack, name, status):
    return wait_for(f"{name} to be {status}", lambda: (o := status_of(stack, name))["order_status"] == status and o)


def until_state(stack, state, seconds=PATIENCE):
    return wait_for(f"the account to be {state}",
                    lambda: (s := session_of(stack))["state"] == state and s, seconds, 0.1)


def session_of(stack):
    return next(s for s in stack.busbar("status", can_fail=True)[1][0]["sessions"] if s["account"] == stack.accounts[0])


def reports(stack, **wanted):
    wait_synced(stack)
    found = [m for r in stack.journal() if (m := r.get("message") or {}).get("type") == "VenueReport"]
    return [m for m in found if all(m.get(k) == v for k, v in wanted.items())]


def sessions(stack, **what):
    return stack.venue.control_call("POST", "/sessions", account=stack.accounts[0], **what)


def ask(stack, *ids, **more):
    stack.venue.control_call("POST", "/questions", account=stack.accounts[0], ids=list(ids), **more)


def arrivals(stack, operation):
    return stack.venue.arrivals(operation)


def an_order_lives_from_its_first_word_to_its_last_fill():
    with ibkr("lives") as stack:
        stack.venue.stand_still()
        placed = order(stack, "buy", "10", SYMBOL, "--limit", FAR, "--id", "A")[1][-1]
        check(placed["order_status"] == "New", placed)
        stack.venue.trade("SELL", "4", FAR, symbol=SYMBOL)
        wait_for("the first fill", lambda: Number(status_of(stack, "A")["cum_qty"]) == 4)
        check(status_of(stack, "A")["order_status"] == "PartiallyFilled", status_of(stack, "A"))
        stack.venue.trade("SELL", "6", FAR, symbol=SYMBOL)
        filled = until(stack, "A", "Filled")
        check(Number(filled["avg_px"]) == Number(FAR), filled)
        order(stack, "sell", "1", SYMBOL, "--limit", "300", "--id", "B")
        stack.busbar("cancel", "B")
        until(stack, "B", "Canceled")
        fills = reports(stack, event="Fill")
        check(len({f["trade_id"] for f in fills}) == 2, fills)
        check({f["commission_asset"] for f in fills} == {"USD"}, fills)
        # Other kinds of contracts, each found by its own kind of answer.
        for symbol, price in (("BRK.B", "100"), ("RELIANCE.XNSE", "1000"), ("EUR/USD", "0.5"), ("BTC/USD", "1000")):
            placed = order(stack, "buy", "1", symbol, "--limit", price)[1][-1]
            check(placed["order_status"] == "New", symbol, placed)
        check(len([o for o in stack.venue.orders() if o["is_open"]]) == 4, stack.venue.orders())
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def a_replace_is_done_in_place():
    with ibkr("in_place") as stack:
        stack.venue.stand_still()
        placed = order(stack, "buy", "10", SYMBOL, "--limit", FAR, "--id", "A")[1][-1]
        stack.venue.trade("SELL", "4", FAR, symbol=SYMBOL)
        wait_for("the fill", lambda: Number(status_of(stack, "A")["cum_qty"]) == 4)
        replaced = stack.busbar("replace", "A", "--limit", "99", "--id", "B")[1][-1]
        check([Number(replaced[k]) for k in ("order_qty", "cum_qty", "leaves_qty")] == [10, 4, 6], replaced)
        check(replaced["broker_order_id"] == placed["broker_order_id"], replaced)
        # Whether it was done when its answer was lost the order tells; and whether it was not.
        stack.venue.fault("drop_answer", endpoint="order.modify", next=1)
        stack.busbar("replace", "B", "--limit", "98", "--id", "C", can_fail=True)
        until(stack, "C", "PartiallyFilled")
        stack.venue.fault("drop_request", endpoint="order.modify", next=1)
        stack.busbar("replace", "C", "--limit", "97", "--id", "D", can_fail=True)
        until(stack, "C", "PartiallyFilled")
        only, = stack.venue.orders()
        check(Number(only["qty"]) == 10 and Number(only["price"]) == 98, only)
        # Another life hears of it under the first of its names.
        stack.processes["gateway"].kill()
        stack.restart("gateway")
        stack.wait_ready()
        stack.venue.trade("SELL", "6", "98", symbol=SYMBOL)
        filled = until(stack, "C", "Filled")
        check(Number(filled["cum_qty"]) == 10 and Number(filled["price"]) == 98, filled)
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def an_amount_of_money_buys_coins():
    with ibkr("cash") as stack:
        stack.venue.stand_still()
        stack.venue.trade("SELL", "0.1", "50000", symbol="BTC")
        client = stack.dealer("cash")
        client.hello()
        client.send("NewOrder", client_order_id="A", account=stack.accounts[0], symbol="BTC/USD", side="Buy",
                    order_type="Market", time_in_force="ImmediateOrCancel", cash_order_qty=Number(1000))
        filled = until(stack, "A", "Filled")
        check(Number(filled["cum_qty"]) == Number("0.02") and Number(filled["avg_px"]) == 50000, filled)
        client.send("NewOrder", client_order_id="B", account=stack.accounts[0], symbol=SYMBOL, side="Buy",
                    order_type="Market", time_in_force="Day", cash_order_qty=Number(1000))
        refused = until(stack, "B", "Rejected")
        check(refused["error"] == "UNSUPPORTED", "shares are bought by number", refused)
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def questions_are_answered_by_the_policy_and_what_is_unknown_stops_the_order():
    with ibkr("questions", 'answers = ["price_percentage", "o354"]') as stack:
        stack.venue.stand_still()
        # Two questions, one after the other, and both are answered with yes.
        ask(stack, "o163", "o354")
        placed = order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "yes")[1][-1]
        check(placed["order_status"] == "New", placed)
        check(len(arrivals(stack, "order.reply")) == 2, arrivals(stack, "order.reply"))
        # One that the policy knows and does not allow, and one that nobody has ever heard of.
        for name, question in (("no", "o451"), ("unheard", "o77777")):
            ask(stack, "o163", question)
            _, lines, _ = order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", name, can_fail=True)
            refused = lines[-1]
            check((refused["order_status"], refused["error"]) == ("Rejected", "ORDER_REJECTED"), refused)
            check("not confirmed" in refused["text"] and refused["broker_code"] == question, refused)
        check("o77777" in status_of(stack, "unheard")["text"], "the question's own text is kept", status_of(stack, "unheard"))
        check(len(stack.venue.orders()) == 1, "nothing of these was placed", stack.venue.orders())
        kept = [m["text"] for m in reports(stack, event="Rejected") if m.get("broker_code") == "o77777"]
        check(kept and "This is question o77777 about" in kept[0], "its text is in the journal", kept)
        # The next order finds nobody waiting.
        placed = order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "after")[1][-1]
        check(placed["order_status"] == "New", placed)
        # Orders that come together are asked about one after the other, and none of them takes the other's question away.
        ask(stack, "o163", next=6)
        client = stack.dealer("many")
        client.hello()
        for i in range(6):
            client.send("NewOrder", client_order_id=f"M{i}", account=stack.accounts[0], symbol=SYMBOL, side="Buy",
                        order_type="Limit", time_in_force="Day", order_qty=Number(1), price=Number(FAR))
        for i in range(6):
            until(stack, f"M{i}", "New")
        check(len([o for o in stack.venue.orders() if o["is_open"]]) == 8, stack.venue.orders())


def a_prompt_is_answered_or_its_order_is_taken_back():
    with ibkr("prompts", 'answers = ["disruptive_orders"]') as stack:
        stack.venue.stand_still()
        stack.venue.control_call("POST", "/orders/fail", account=stack.accounts[0], prompt="p12")
        order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "A", can_fail=True)
        until(stack, "A", "New")
        stack.venue.control_call("POST", "/orders/fail", account=stack.accounts[0], prompt="p13")
        order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "B", can_fail=True)
        until(stack, "B", "Canceled")
        check(len([o for o in stack.venue.orders() if o["is_open"]]) == 1, stack.venue.orders())


def what_ibkr_refuses_is_told_in_our_words():
    with ibkr("refusals") as stack:
        stack.venue.stand_still()
        for text, error in (("No trading permissions.", "PERMISSION_DENIED"),
                            ("YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY MUST EXCEED THE "
                             "INITIAL MARGIN [1 USD]", "INSUFFICIENT_FUNDS")):
            stack.venue.control_call("POST", "/orders/fail", account=stack.accounts[0], error=text)
            _, lines, _ = order(stack, "buy", "1", SYMBOL, "--limit", FAR, can_fail=True)
            check((lines[-1]["order_status"], lines[-1]["error"]) == ("Rejected", error), lines)
            check(text[:40] in lines[-1]["text"], lines)


def an_order_in_doubt_is_settled_by_its_name():
    with ibkr("doubt") as stack:
        stack.venue.stand_still()
        stack.venue.fault("drop_answer", endpoint="order.place", next=1)
        order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "A", can_fail=True)
        found = until(stack, "A", "New")
        check(found["broker_order_id"], found)
        check(len(stack.venue.orders()) == 1, "it was sent once", stack.venue.orders())
        stack.busbar("cancel", "A")
        until(stack, "A", "Canceled")
        # One that was filled before anybody knew of it is found as well, with its fill.
        stack.venue.trade("SELL", "1", FAR, symbol=SYMBOL)
        stack.venue.fault("drop_answer", endpoint="order.place", next=1)
        order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "B", can_fail=True)
        until(stack, "B", "Filled")
        # And one that never came is told as never seen, after its time.
        stack.venue.fault("drop_request", endpoint="order.place", next=1)
        order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "C", can_fail=True)
        until(stack, "C", "NeverSeen")
        # A reply whose answer is lost leaves the order in doubt, and it was placed.
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def a_lost_answer_to_a_reply_is_asked_for():
    with ibkr("reply", 'answers = ["o163"]') as stack:
        stack.venue.stand_still()
        ask(stack, "o163")
        stack.venue.fault("drop_answer", endpoint="order.reply", next=1)
        order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "A", can_fail=True)
        until(stack, "A", "New")
        ask(stack, "o163")
        stack.venue.fault("drop_request", endpoint="order.reply", next=1)
        order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "B", can_fail=True)
        until(stack, "B", "NeverSeen")
        check(len(stack.venue.orders()) == 1, stack.venue.orders())


def somebody_else_logs_in():
    with ibkr("yields") as stack:
        stack.venue.stand_still()
        order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "A")
        sessions(stack, compete=True)
        state = until_state(stack, "Competing")
        check("somebody else" in state["reason"], state)
        _, lines, _ = order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "B", can_fail=True)
        check(lines[-1]["order_status"] == "Rejected" and lines[-1]["error"] == "CONNECTION_ERROR", lines)
        sessions(stack, **{"yield": True})
        until_state(stack, "Ok")
        stack.wait_ready()
        order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "C")
        stack.busbar("cancel", "A")
        until(stack, "A", "Canceled")
    with ibkr("takes", 'competing = "take_over"') as stack:
        stack.venue.stand_still()
        order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "A")
        sessions(stack, compete=True)
        wait_for("the session to be taken back", lambda: not stack.venue.control_call("GET", "/sessions")["sessions"][0]["has_rival"])
        until_state(stack, "Ok")
        stack.wait_ready()
        order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "B")
        stack.venue.trade("SELL", "2", FAR, symbol=SYMBOL)
        until(stack, "A", "Filled")
        until(stack, "B", "Filled")


def the_night_is_survived():
    with ibkr("night", "tickle_interval_ms = 1000") as stack:
        stack.venue.stand_still()
        state = until_state(stack, "Ok")
        check(state["deadline"], "the next reset is a deadline", state)
        order(stack, "buy", "10", SYMBOL, "--limit", FAR, "--id", "A")
        sessions(stack, reset_ms=6000)  # longer than it takes to see it
        until_state(stack, "Down")
        stack.venue.trade("SELL", "4", FAR, symbol=SYMBOL)  # nobody hears of it
        until_state(stack, "Ok")
        wait_for("the fill of the night", lambda: Number(status_of(stack, "A")["cum_qty"]) == 4)
        stack.venue.trade("SELL", "6", FAR, symbol=SYMBOL)
        until(stack, "A", "Filled")
        # The login of a day is over as well: another live session token is made.
        sessions(stack, expire=True)
        wait_for("another token", lambda: (s := stack.venue.control_call("GET", "/sessions")["sessions"][0])["is_open"]
                 and s["has_live_session_token"])
        until_state(stack, "Ok")
        stack.wait_ready()
        order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "B")
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def a_consumer_that_is_refused_needs_a_human():
    with ibkr("refused", "tickle_interval_ms = 1000") as stack:
        stack.venue.control_call("POST", "/keys", account=stack.accounts[0], revoked=True)
        sessions(stack, expire=True)
        state = until_state(stack, "NeedsHuman")
        check("refuses the consumer" in state["reason"], state)
        stack.venue.control_call("POST", "/keys", account=stack.accounts[0], revoked=False)
        until_state(stack, "Ok", 120)


def a_person_logs_in_at_ibkrs_program():
    with Local("program", "tickle_interval_ms = 1000") as stack:
        stack.venue.stand_still()
        placed = order(stack, "buy", "10", SYMBOL, "--limit", FAR, "--id", "A")[1][-1]
        check(placed["order_status"] == "New", placed)
        check(until_state(stack, "Ok")["deadline"], "the login ends at midnight")
        sessions(stack, expire=True)
        state = until_state(stack, "NeedsHuman")
        check("a person has to" in state["reason"] and "second factor" in state["reason"], state)
        _, lines, _ = order(stack, "buy", "1", SYMBOL, "--limit", FAR, can_fail=True)
        check(lines[-1]["order_status"] == "Rejected", lines)
        stack.venue.trade("SELL", "10", FAR, symbol=SYMBOL)
        sessions(stack, at_gateway=True)
        until_state(stack, "Ok", 120)
        until(stack, "A", "Filled")
        stack.wait_ready()
        stack.busbar("order", "buy", "1", SYMBOL, "--limit", FAR, "--id", "B")
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def no_secret_is_on_the_tape():
    with ibkr("tape") as stack:
        stack.venue.stand_still()
        order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "A")
        stack.busbar("cancel", "A")
        until(stack, "A", "Canceled")
        secrets = dict(line.split(" = ", 1) for line in (stack.folder / "main.cred").read_text().splitlines())
        tape = wait_for("the tape", lambda: len(found := stack.journal("tape")) > 20 and "".join(map(str, found)))
        for name in ("access_token", "access_token_secret", "signature_key", "encryption_key"):
            check(secrets[name].strip() not in tape, name, "is on the tape")
        check("OAuth realm" not in tape and tape.count("[cut]") > 10, "what proves who we are is cut")


def what_the_stream_forgets_is_found():
    with ibkr("forgets", "order_event_ms = 1000") as stack:
        stack.venue.stand_still()
        # An order of which nothing is told: the stream is not believed, and orders are compared.
        stack.venue.fault("silence", event="sor")
        order(stack, "buy", "10", SYMBOL, "--limit", FAR, "--id", "A")
        # A new one may be there sooner than one can ask.
        log = stack.processes["gateway"].log
        wait_for("the stream to be doubted", lambda: "was accepted, and no event of it came" in log.read_text())
        stack.venue.clear_faults()
        stack.venue.trade("SELL", "10", FAR, symbol=SYMBOL)
        until(stack, "A", "Filled")
        stack.wait_ready()
        # Executions that are not told are asked for: the order's own word says how much there is.
        stack.venue.fault("silence", event="str", next=1)
        order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "B")
        stack.venue.trade("SELL", "1", FAR, symbol=SYMBOL)
        until(stack, "B", "Filled")
        # Told twice, it counts once.
        stack.venue.fault("duplicate", event="str", next=1, times=2)
        order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "C")
        stack.venue.trade("SELL", "1", FAR, symbol=SYMBOL)
        check(Number(until(stack, "C", "Filled")["cum_qty"]) == 1, status_of(stack, "C"))
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def what_was_filled_while_nobody_listened_is_found():
    with ibkr("away") as stack:
        stack.venue.stand_still()
        # A bracket, of which IBKR shows one order with a name: lost on its way back, and taken up by another life.
        stack.venue.fault("drop_answer", endpoint="order.place", next=1)
        dealer = stack.dealer("away")
        dealer.hello()
        legs = (("X1", "Buy", "Limit", {"price": Number(FAR)}), ("X2", "Sell", "Limit", {"price": Number("210")}),
                ("X3", "Sell", "Stop", {"stop_px": Number("80")}))
        dealer.send("NewOrderList", list_id="X", list_type="OneTriggersOneCancelsOther",
                    orders=[wire.body("NewOrder", client_order_id=name, account=stack.accounts[0], symbol=SYMBOL, side=side,
                                      order_type=order_type, time_in_force="GoodTillCancel", order_qty=Number(4), **prices)
                            for name, side, order_type, prices in legs])
        wait_for("the bracket at IBKR", lambda: len(stack.venue.orders()) == 3)
        stack.processes["gateway"].kill()
        stack.venue.trade("SELL", "4", FAR, symbol=SYMBOL)
        stack.restart("gateway")
        stack.wait_ready()
        until(stack, "X1", "Filled")
        until(stack, "X3", "New")
        stack.venue.trade("BUY", "4", "210", symbol=SYMBOL)
        check(Number(until(stack, "X2", "Filled")["cum_qty"]) == 4, status_of(stack, "X2"))
        until(stack, "X3", "Canceled")
        order(stack, "buy", "10", SYMBOL, "--limit", FAR, "--id", "A")
        stack.processes["gateway"].kill()
        stack.venue.trade("SELL", "5", FAR, symbol=SYMBOL)
        stack.restart("gateway")
        stack.wait_ready()
        wait_for("the fill", lambda: Number(status_of(stack, "A")["cum_qty"]) == 5)
        stack.busbar("cancel", "A")
        until(stack, "A", "Canceled")
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def too_often_is_paid_for_by_silence():
    with ibkr("penalty", "penalty_ms = 3000") as stack:
        stack.venue.stand_still()
        stack.venue.fault("answer_instead", endpoint="order.place", status=429, body="{}", next=1)
        _, lines, _ = order(stack, "buy", "1", SYMBOL, "--limit", FAR, can_fail=True)
        check((lines[-1]["order_status"], lines[-1]["error"]) == ("Rejected", "RATE_LIMITED"), lines)
        # The next waits for its end, and so does all that the gateway asks by itself.
        placed = order(stack, "buy", "1", SYMBOL, "--limit", FAR)[1][-1]
        check(placed["order_status"] == "New", placed)
        first, second = [a["arrival_ns"] for a in arrivals(stack, "order.place")]
        check(second - first > 2.9e9, "nothing is sent meanwhile", second - first)


def a_clock_that_drifts_is_measured():
    with ibkr("clock", "tickle_interval_ms = 1000") as stack:
        stack.venue.stand_still()
        order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", "A")
        for i, skew_ms in enumerate((3600000, 7200000)):  # each further than a stamp may be; backwards none may run
            stack.venue.control_call("POST", "/clock", skew_ms=skew_ms)
            wait_for("the new time", lambda: abs(int(session_of(stack)["clock_offset_ns"]) - skew_ms * 10**6) < 2 * 10**9)
            until_state(stack, "Ok")
            stack.wait_ready()
            placed = order(stack, "buy", "1", SYMBOL, "--limit", FAR, "--id", f"B{i}")[1][-1]
            check(placed["order_status"] == "New", placed)
        stack.venue.trade("SELL", "3", FAR, symbol=SYMBOL)
        for name in ("A", "B0", "B1"):
            until(stack, name, "Filled")
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def contract(name, conid, symbol, exchange, more=""):
    return f"""[venue.symbols.{name}]
conid = {conid}
symbol = "{symbol}"
exchange = "{exchange}"
base = "{name}"
quote = "USD"
tick = "0.01"
step = "1"
start_price = "10"
{more}
"""


def ambiguous_symbols_are_refused_with_their_candidates():
    contracts = (contract("DUPN", 101, "DUP", "NYSE") + contract("DUPQ", 102, "DUP", "NASDAQ") +
                 contract("SOLO", 103, "SOLO", "NYSE") +
                 contract("FUTZ", 104, "FUTZ", "CME", 'sec_type = "FUT"\nexpiry = "20261218"\nunderlying = "FUT"'))
    symbols = 'symbols = ["DUP", "SOLO", "FUT", "NONE", "MINE@102", "FUTZ6@104"]'
    with ibkr("symbols", symbols, venue=contracts) as stack:
        stack.venue.stand_still()
        listed = {i["symbol"]: i["broker_symbol"] for i in stack.busbar("symbols")[1]}
        check(listed == {"SOLO": "103", "MINE": "102", "FUTZ6": "104"}, listed)
        alarm = wait_for("the alarm", lambda: reports(stack, event="Unreadable"))[0]["text"]
        for part in ("DUP is ambiguous: 101 (STK DUP NYSE USD", "102 (STK DUP NASDAQ USD", "FUT is no stock", "104 (until 20261218)",
                     "NONE: IBKR has none such"):
            check(part in alarm, part, "is not in", alarm)
        _, lines, _ = order(stack, "buy", "1", "DUP", "--limit", "5", can_fail=True)
        check(lines[-1]["order_status"] == "Rejected" and lines[-1]["error"] == "INVALID_SYMBOL", lines)
        for symbol in ("MINE", "FUTZ6"):
            check(order(stack, "buy", "1", symbol, "--limit", "5")[1][-1]["order_status"] == "New", symbol)
        # A contract that gets another name keeps its number.
        stack.venue.control_call("POST", "/symbols", symbol="DUPQ", rename="NEW")
        stack.processes["gateway"].kill()
        stack.restart("gateway")
        stack.wait_ready()
        listed = wait_for("the new list", lambda: (names := {i["symbol"]: i["broker_symbol"] for i in stack.busbar(
            "symbols")[1]}) and "DUP" in names and names)
        check(listed["MINE"] == "102" and listed["DUP"] == "101", listed)


def questions_of_the_account_are_answered():
    with ibkr("answers") as stack:
        balances = {b["asset"]: b for b in stack.busbar("balances")[1]}
        check("USD" in balances, balances)
        positions = {p["symbol"]: p for p in stack.busbar("positions")[1]}
        check("AAPL" in positions and Number(positions["AAPL"]["qty"]) > 0, positions)
        account = stack.busbar("accounts")[1][0]
        check(account["can_trade"] and account["broker_account"].startswith("DU"), account)
        bars = wait_for("bars", lambda: stack.busbar("history", SYMBOL, "--interval", "1m", "--since", "2h", "-n", 3)[1], pause=0.5)
        check(Number(bars[0]["high"]) >= Number(bars[0]["low"]) and bars[0]["interval_ms"] == 60000, bars)
        check(len(stack.busbar("quotes", SYMBOL, "-n", "3", "--seconds", "60")[1]) == 3, "quotes")
        said = stack.busbar("preview", "buy", "10", SYMBOL, "--limit", FAR)[1][0]
        check(said["is_accepted"] and Number(said["initial_margin"]) == 1000 and said["commission_asset"] == "USD", said)
        check(not stack.venue.orders(), "a preview places nothing")


if __name__ == "__main__":
    run(an_order_lives_from_its_first_word_to_its_last_fill, a_replace_is_done_in_place,
        an_amount_of_money_buys_coins, questions_are_answered_by_the_policy_and_what_is_unknown_stops_the_order,
        a_prompt_is_answered_or_its_order_is_taken_back, what_ibkr_refuses_is_told_in_our_words,
        an_order_in_doubt_is_settled_by_its_name, a_lost_answer_to_a_reply_is_asked_for, somebody_else_logs_in,
        the_night_is_survived, a_consumer_that_is_refused_needs_a_human,
        a_person_logs_in_at_ibkrs_program, no_secret_is_on_the_tape, what_the_stream_forgets_is_found,
        what_was_filled_while_nobody_listened_is_found, too_often_is_paid_for_by_silence,
        a_clock_that_drifts_is_measured, ambiguous_symbols_are_refused_with_their_candidates, questions_of_the_account_are_answered)
