"""Orders through every process: placed, filled in part, cancelled, refused, repeated; told the same by the venue."""
import json
import subprocess
import threading

from stack import BIN, Number, Stack, check, compare_all, differences, run, wait_for, wait_synced
import wire


def status_of(stack, order):
    return stack.busbar("order", order)[1][0]


def filled(stack, order, quantity):
    return wait_for(f"{quantity} of order {order} to be filled",
                    lambda: (o := status_of(stack, order)) and Number(o.get("cum_qty", "0")) == Number(quantity) and o)


def an_order_is_placed_filled_in_part_and_cancelled():
    with Stack("roundtrip") as stack:
        stack.venue.stand_still()
        code, lines, _ = stack.busbar("order", "buy", "0.01", "BTC/USDT", "--limit", "50000.10", "--id", "A1")
        placed = lines[-1]
        check(placed["order_status"] == "New", lines)
        theirs = stack.venue.order(placed["venue_order_id"])
        check(not differences(placed, theirs, []), differences(placed, theirs, []))

        stack.venue.trade("SELL", "0.004", "50000.10", time_in_force="IOC")
        part = filled(stack, "A1", "0.004")
        check(part["order_status"] == "PartiallyFilled" and Number(part["leaves_qty"]) == Number("0.006"), part)
        check(Number(part["avg_px"]) == Number("50000.10"), part)

        code, lines, _ = stack.busbar("cancel", "A1")
        check(lines[-1]["order_status"] == "Canceled" and Number(lines[-1]["cum_qty"]) == Number("0.004"), lines)

        stack.venue.trade("SELL", "0.5", "51000")
        code, lines, _ = stack.busbar("order", "buy", "0.02", "BTC/USDT", "--wait", "--id", "A2")
        check(lines[-1]["order_status"] == "Filled" and Number(lines[-1]["avg_px"]) == 51000, lines)

        # Refused here: nothing of it arrives at the venue.
        before = len(stack.venue.arrivals())
        code, lines, complaint = stack.busbar("order", "buy", "0.01", "BTC/USDT", "--limit", "50000.105", can_fail=True)
        no = lines[-1]
        check(code == 1 and no["order_status"] == "Rejected" and no["error"] == "INVALID_ORDER", code, no)
        check((no["field"], no["value"], Number(no["nearest_legal"])) in
              [("price", "50000.105", Number("50000.10")), ("price", "50000.105", Number("50000.11"))], no)
        code, lines, _ = stack.busbar("order", "buy", "0.01", "BTC/USDT", "--limit", "50000.105", "--rounding", "down")
        check(Number(lines[-1]["price"]) == Number("50000.10"), lines)
        stack.busbar("cancel", lines[-1]["order_id"])
        for bad in (["order", "buy", "1", "NOPE/USDT"], ["order", "buy", "0.00001", "BTC/USDT", "--limit", "100"]):
            code, lines, _ = stack.busbar(*bad, can_fail=True)
            check(code == 1, bad, code, lines)
        code, lines, _ = stack.busbar("order",
                                      "buy",
                                      "0.01",
                                      "BTC/USDT",
                                      "--limit",
                                      "50000",
                                      can_fail=True,
                                      client="viewer")
        check(code == 1 and lines[-1]["error"] == "PERMISSION_DENIED", code, lines)
        check(
            len(stack.venue.arrivals()) == before + 2, "the venue heard of more than the rounded order and its cancel")

        check(compare_all(stack) == 3, "three orders were placed")
        balances = {b["asset"]: b for b in stack.busbar("balances")[1]}
        truth = next(a for a in stack.venue.book("main")["accounts"])["balances"]
        for asset in ("BTC", "USDT"):
            check(Number(balances[asset]["free"]) == Number(truth[asset]["free"]), asset, balances[asset], truth[asset])
        the_journal_tells_all(stack)


def the_journal_tells_all(stack):
    synced = wait_synced(stack)
    order = status_of(stack, "A1")
    # The balances were asked for after all that is to tell of the order: at the start, and just now.
    wait_for("both sides of the wire in the tape", lambda: sum(
        "/api/v3/account" in r["message"].get("target", "") for r in stack.journal("tape")) >= 2)
    told = {"A1": stack.busbar("journal", "show", "A1")[1]}
    trade_id = next(r["message"]["trade_id"] for r in told["A1"]
                    if r["kind"] == "Input" and r["message"].get("trade_id"))
    for name in (order["order_id"], order["venue_order_id"], trade_id):
        told[name] = stack.busbar("journal", "show", name, *(["--by", "execution"] if name == trade_id else []))[1]
    told["a copy's"] = stack.busbar("journal", "--directory", stack.folder / "audit", "show", trade_id)[1]
    story = told["A1"]
    check(
        all([(r["stream"], r["sequence"]) for r in other] == [(r["stream"], r["sequence"]) for r in story]
            for other in told.values()), "each name of an order tells the same story", {
                k: len(v)
                for k, v in told.items()
            })
    kinds = [r["message"]["message"]["type"] if r["kind"] == "Output" else r["message"]["type"] for r in story]
    for kind in ("NewOrder", "PlaceCommand", "Tape", "VenueReport", "ExecutionReport", "CancelOrder", "CancelCommand"):
        check(kind in kinds, kind, "is missing in", kinds)
    check(kinds[0] == "NewOrder", "it begins with the request", kinds)
    check(kinds.index("PlaceCommand") < kinds.index("Tape"), "the decision stands before the bytes", kinds)
    tape = [r["message"] for r in story if r["stream"] == "tape"]
    sent = [t for t in tape if t["direction"] == "Sent"]
    check(any(order["venue_order_id"] in t["target"] + t.get("body", "") for t in sent),
          "the bytes sent name the order", sent)
    secrets = [value for key in stack.keys.values() for value in key.values()]
    everything = json.dumps(stack.journal("core")) + json.dumps(stack.journal("tape"))
    everything += "".join(p.log.read_text(errors="replace") for p in stack.processes.values())
    check(not any(secret in everything for secret in secrets), "a secret stands in the journal or in a log")
    code, lines, _ = stack.busbar("journal", "verify")
    check(all(line["good"] for line in lines), lines)
    code, lines, _ = stack.busbar("journal", "recheck")
    check(lines[0]["agrees"] and lines[0]["outputs"] > 0, lines)
    check(lines[0]["last_sequence"] >= synced, lines, synced)


def the_same_order_twice_is_one_order():
    with Stack("duplicates") as stack:
        stack.venue.stand_still()
        req = stack.req()
        order = wire.new_order("D1", "Buy", "0.01", price="40000")
        first = req.ask("NewOrder", **order)
        check(first["exec_type"] == "PendingNew", first)
        wait_for("the venue to have it", lambda: stack.venue.orders())
        again = [req.ask("NewOrder", **order) for _ in range(5)]
        check(all(a["order_id"] == first["order_id"] and a["exec_type"] == "OrderStatus" for a in again), again)
        other = req.ask("NewOrder", **{**order, "price": Number("40001")})
        check(other["exec_type"] == "Rejected" and other["error"] == "Conflict", other)
        # An id belongs to its client: another's is another order.
        theirs = stack.req("cli").ask("NewOrder", **order)
        check(theirs["order_id"] != first["order_id"], theirs)
        wait_for("two orders at the venue", lambda: len(stack.venue.orders()) == 2)

        # Many at once, on several connections, then once more after the router has been started again.
        reqs = [stack.req() for _ in range(4)]
        answers = []

        def ask(req, name):
            answers.append((name, req.ask("NewOrder", **wire.new_order(name, "Buy", "0.01",
                                                                       price="30000"))["order_id"]))
        for name in ("M1", "M2", "M3"):
            threads = [threading.Thread(target=ask, args=(r, name)) for r in reqs]
            [t.start() for t in threads]
            [t.join() for t in threads]
        # Whoever dies with an answer just given may not have sent the order yet, and it ends as never seen.
        wait_for("five orders at the venue", lambda: len(stack.venue.orders()) == 5)
        stack.processes["router"].kill()
        stack.restart("router")
        stack.wait_ready()
        for name in ("M1", "M2", "M3"):
            ask(stack.req(), name)
        ids = {name: {i for n, i in answers if n == name} for name in ("M1", "M2", "M3")}
        check(all(len(found) == 1 for found in ids.values()) and len(answers) == 15, ids)
        wait_for("all to be answered", lambda: all(o["order_status"] == "New" for o in stack.busbar("orders")[1]))
        check(compare_all(stack) == 5, "five orders")
        names = [a["client_order_id"] for a in stack.venue.arrivals("order.place")]
        check(len(names) == len(set(names)) == 5, "the venue heard an order twice:", names)


def an_archive_that_dies_while_nothing_flows_is_missed():
    with Stack("archive") as stack:
        stack.venue.stand_still()
        wait_synced(stack)
        stack.processes["auditd-core"].kill()
        stack.busbar("order", "buy", "0.01", "BTC/USDT", "--limit", "30000", "--id", "A1")
        wait_for("the router to miss it", lambda: "the archive is silent" in stack.processes["router"].log.read_text())
        stack.restart("auditd-core")
        wait_synced(stack)


def quotes_move():
    with Stack("quotes") as stack:
        stack.venue.move(50)
        _, lines, _ = stack.busbar("quotes", "BTC/USDT", "ETH/USDT", "-n", "20", "--seconds", "60")
        check({q["symbol"] for q in lines} == {"BTC/USDT", "ETH/USDT"}, lines)
        for symbol in ("BTC/USDT", "ETH/USDT"):
            of = [q for q in lines if q["symbol"] == symbol]
            numbers = [q["sequence"] for q in of]
            check(numbers == sorted(set(numbers)), symbol, "sequences", numbers)
        check(len({(q["bid_px"], q["ask_px"]) for q in lines}) > 2, "nothing moved", lines)
        check(all(Number(q["bid_px"]) < Number(q["ask_px"]) for q in lines), lines)
        # A late subscriber has the last value at once, though nothing moves any more.
        stack.venue.move(0)
        keeper = subprocess.Popen([BIN / "busbar", "--config", stack.config, "--json", "quotes", "BTC/USDT"],
                                  stdout=subprocess.PIPE)
        check(keeper.stdout.readline(), "the first has it")  # and can be interrupted from here on
        bid, ask = stack.venue.best()

        def is_last():
            _, lines, _ = stack.busbar("quotes", "BTC/USDT", "-n", "1", "--seconds", "60")
            return (Number(lines[0]["bid_px"]), Number(lines[0]["ask_px"])) == (bid, ask)
        wait_for("the last value", is_last)  # it may be on its way to the hub
        keeper.terminate()
        keeper.communicate(timeout=60)
        check(keeper.returncode == 0, "quotes ends with 0 when it is interrupted, and not", keeper.returncode)
        _, lines, _ = stack.busbar("quote", "BTC/USDT")
        check((Number(lines[0]["bid_px"]), Number(lines[0]["ask_px"])) == (bid, ask), lines, bid, ask)
        wait_for(
            "the market stream in the journal",
            lambda: any(r["message"]["type"] == "Quote"
                        for r in stack.busbar("journal", "tail", "--stream", "market", can_fail=True)[1]))


if __name__ == "__main__":
    run(an_order_is_placed_filled_in_part_and_cancelled, the_same_order_twice_is_one_order,
        an_archive_that_dies_while_nothing_flows_is_missed, quotes_move)
