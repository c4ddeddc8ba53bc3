"""What is Coinbase's own about orders: through all processes, against a Coinbase in a box."""
import json
from threading import Thread

import wire
from stack import Number, Stack, check, run, wait_for, wait_synced

SYMBOL = "BTC/USD"


def coinbase(name, **more):
    return Stack(name, broker="coinbase", **more)


def status_of(stack, name):
    return stack.busbar("order", name)[1][0]


def until(stack, name, status):
    return wait_for(f"{name} to be {status}",
                    lambda: (o := status_of(stack, name))["order_status"] == status and o)


def an_order_lives_from_its_first_word_to_its_last_fill():
    for key_type in ("ed25519", "ecdsa"):
        with coinbase("lives", key_type=key_type) as stack:
            stack.venue.stand_still()
            order = stack.busbar("order", "buy", "1", SYMBOL, "--limit", "30000", "--id", "A")[1][-1]
            check(order["order_status"] == "New", order)
            stack.venue.trade("SELL", "0.25", "30000", symbol="BTC-USD")
            wait_for("the first fill", lambda: Number(status_of(stack, "A")["cum_qty"]) == Number("0.25"))
            check(status_of(stack, "A")["order_status"] == "PartiallyFilled", status_of(stack, "A"))
            stack.venue.trade("SELL", "0.75", "30000", symbol="BTC-USD")
            order = until(stack, "A", "Filled")
            check(Number(order["avg_px"]) == 30000, order)
            stack.busbar("order", "sell", "1", SYMBOL, "--limit", "70000", "--id", "B")
            stack.busbar("cancel", "B")
            until(stack, "B", "Canceled")
            # Every fill is told once, with Coinbase's name, and a fee in dollars.
            wait_synced(stack)
            reports = [m for r in stack.journal() if (m := r.get("message") or {}).get("type") == "VenueReport"]
            fills = [report for report in reports if report["event"] == "Fill"]
            check(len({f["trade_id"] for f in fills}) == 2, fills)
            check({f["commission_asset"] for f in fills} == {"USD"}, fills)
            check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def replaced(stack, *arguments):
    """Replaces an order, and waits until it stands as asked."""
    order = stack.busbar("replace", *arguments)[1][-1]
    return until(stack, arguments[-1], "PartiallyFilled") if order["order_status"] == "PendingReplace" else order


def a_replace_edits_the_order_where_it_is():
    with coinbase("edits") as stack:
        stack.venue.stand_still()
        stack.busbar("order", "buy", "1", SYMBOL, "--limit", "30000", "--id", "A")
        stack.venue.trade("SELL", "0.25", "30000", symbol="BTC-USD")
        wait_for("the fill", lambda: Number(status_of(stack, "A")["cum_qty"]) == Number("0.25"))
        order = replaced(stack, "A", "--limit", "29000", "--id", "B")
        check([Number(order[k]) for k in ("order_qty", "cum_qty", "leaves_qty")] == [1, Number("0.25"), Number("0.75")], order)
        check(len(stack.venue.arrivals("order.edit")) == 1, stack.venue.arrivals())
        check(not stack.venue.arrivals("order.cancel"), stack.venue.arrivals())
        # Of an edit whose answer is lost the order itself tells; and after a crash another life of the gateway hears of it.
        stack.venue.fault("drop_answer", endpoint="order.edit", next=1)
        stack.busbar("replace", "B", "--limit", "28000", "--id", "C", can_fail=True)
        wait_for("the edit to be found", lambda: Number(status_of(stack, "A")["price"]) == 28000)
        stack.venue.fault("hang_answer", endpoint="order.edit", next=1)
        asked = Thread(target=stack.busbar, args=("replace", "C", "--limit", "27000", "--id", "D"), kwargs={"can_fail": True})
        asked.start()
        wait_for("the edit", lambda: [o for o in stack.venue.orders() if o["is_open"] and Number(o["price"]) == 27000])
        stack.processes["gateway"].kill()
        stack.venue.trade("SELL", "0.25", "27000", symbol="BTC-USD")
        stack.restart("gateway")
        stack.wait_ready()
        order = wait_for("the fill", lambda: Number((o := status_of(stack, "A"))["cum_qty"]) == Number("0.5") and o)
        wait_for("the replace", lambda: Number(status_of(stack, "A")["price"]) == 27000)
        asked.join()
        # What comes by the stream is of the order as it is now, whatever Coinbase calls it.
        stack.venue.trade("SELL", "1", "27000", symbol="BTC-USD")
        order = until(stack, "A", "Filled")
        check(Number(order["cum_qty"]) == 1, "bought as much as was asked for", order)
        check(len(stack.venue.arrivals("order.place")) == 1, stack.venue.arrivals())
        wait_synced(stack)
        told = [m for r in stack.journal() if (m := r.get("message") or {}).get("type") == "ExecutionReport"]
        check(not [m for m in told if "ALARM" in m.get("text", "")], [m for m in told if "ALARM" in m.get("text", "")])
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def what_cannot_be_edited_is_cancelled_and_the_rest_placed_anew():
    with coinbase("anew") as stack:
        stack.venue.stand_still()
        stack.busbar("order", "buy", "1", SYMBOL, "--limit", "30000", "--tif", "day", "--id", "A")
        stack.venue.trade("SELL", "0.25", "30000", symbol="BTC-USD")
        wait_for("the fill", lambda: Number(status_of(stack, "A")["cum_qty"]) == Number("0.25"))
        order = stack.busbar("replace", "A", "--limit", "29000", "--id", "B")[1][-1]
        check([Number(order[k]) for k in ("order_qty", "cum_qty", "leaves_qty")] == [1, Number("0.25"), Number("0.75")], order)
        left = [o for o in stack.venue.orders() if o["is_open"]]
        check(len(left) == 1 and Number(left[0]["qty"]) == Number("0.75") and Number(left[0]["price"]) == 29000, left)
        stack.venue.trade("SELL", "0.75", "29000", symbol="BTC-USD")
        until(stack, "B", "Filled")
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def resting(stack, count):
    """So many orders that rest, and who placed them."""
    stack.venue.stand_still()
    dealer = stack.dealer("s1")
    dealer.hello()
    names = [f"T{i}" for i in range(count)]
    for i, name in enumerate(names):
        dealer.send("NewOrder", **wire.new_order(name, "Buy", "0.01", SYMBOL, price=20000 + i))
    dealer.pump(60, lambda: all(dealer.status_of(name) == "New" for name in names))
    check(all(dealer.status_of(name) == "New" for name in names), dealer.reports[-3:])
    return dealer, names


def cancel_requests(stack):
    """Those that left, as lists of Coinbase's names of orders."""
    tape = [m for r in stack.journal("tape") if (m := r.get("message") or {}).get("type") == "Tape"]
    sent = [m for m in tape if m["direction"] == "Sent" and m.get("target", "").endswith("/batch_cancel")]
    return [json.loads(m["body"])["order_ids"] for m in sent]


def cancels_that_come_together_leave_together():
    with coinbase("together") as stack:
        dealer, names = resting(stack, 20)
        ids = {dealer.reports_of(name)[-1]["broker_order_id"] for name in names}
        dealer.send("CancelAll", client_order_id="all", account="main")
        dealer.pump(60, lambda: all(dealer.status_of(name) in wire.FINAL for name in names))
        check({dealer.status_of(name) for name in names} == {"Canceled"}, dealer.reports[-3:])
        sent = wait_for("the requests on the tape", lambda: (r := cancel_requests(stack)) and sum(map(len, r)) >= 20 and r)
        check(sorted(i for ids_of_one in sent for i in ids_of_one) == sorted(ids), "each was asked for once", sent)
        check(len(sent) <= 10, "20 cancels left in", len(sent), "requests")
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def each_cancel_of_many_has_an_end_of_its_own():
    with coinbase("own") as stack:
        dealer, names = resting(stack, 12)
        name_of = {dealer.reports_of(name)[-1]["broker_order_id"]: name for name in names}
        reasons = {i: "NOT_ALLOWED_TO_CANCEL" if n % 2 else "INVALID_CANCEL_PRODUCT_ID" for n, i in enumerate(name_of)}
        results = [{"success": False, "failure_reason": reasons[i], "order_id": i} for i in reversed(list(name_of))]
        stack.venue.fault("answer_instead", endpoint="order.cancel", status=200, body=json.dumps({"results": results}))
        dealer.send("CancelAll", client_order_id="all", account="main")

        def refused():
            return {r["orig_client_order_id"]: r for r in dealer.reports if r["exec_type"] == "CancelRejected"}

        dealer.pump(60, lambda: set(refused()) == set(names))
        check(set(refused()) == set(names), "refused:", set(refused()))
        sent = wait_for("the requests on the tape", lambda: (r := cancel_requests(stack)) and sum(map(len, r)) >= 12 and r)
        check(max(map(len, sent)) > 1, "one at a time", sent)  # the first may leave before the others have come
        for i, name in name_of.items():
            check(refused()[name]["broker_code"] == reasons[i], refused()[name], reasons[i])
        stack.venue.clear_faults()
        dealer.send("CancelAll", client_order_id="rest", account="main")
        dealer.pump(60, lambda: all(dealer.status_of(n) == "Canceled" for n in names))
        check({dealer.status_of(n) for n in names} == {"Canceled"}, dealer.reports[-3:])


def what_became_of_many_cancels_is_asked_for():
    with coinbase("lost") as stack:
        dealer, names = resting(stack, 12)
        stack.venue.fault("drop_answer", endpoint="order.cancel", next=1)
        dealer.send("CancelAll", client_order_id="all", account="main")
        dealer.pump(60, lambda: all(dealer.status_of(n) in wire.FINAL for n in names))
        check({dealer.status_of(n) for n in names} == {"Canceled"}, dealer.reports[-3:])
        sent = wait_for("the requests on the tape", lambda: (r := cancel_requests(stack)) and sum(map(len, r)) >= 12 and r)
        check(sum(map(len, sent)) == 12, "none was asked for again", sent)
        # One answer that was lost does not close the line.
        order = stack.busbar("order", "buy", "0.01", SYMBOL, "--limit", "30000", "--id", "next")[1][-1]
        check(order["order_status"] == "New", order)
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def an_order_in_doubt_is_found_in_the_list_of_all():
    with coinbase("doubt") as stack:
        stack.venue.stand_still()
        stack.venue.fault("drop_answer", endpoint="order.place", next=1)
        stack.busbar("order", "buy", "1", SYMBOL, "--limit", "30000", "--id", "A", can_fail=True)
        order = until(stack, "A", "New")
        check(order["broker_order_id"], order)
        check(len(stack.venue.orders()) == 1, "it was sent once", stack.venue.orders())
        stack.busbar("cancel", "A")
        until(stack, "A", "Canceled")


def what_was_filled_while_nobody_listened_is_found():
    with coinbase("away") as stack:
        stack.venue.stand_still()
        stack.busbar("order", "buy", "1", SYMBOL, "--limit", "30000", "--id", "A")
        stack.processes["gateway"].kill()
        stack.venue.trade("SELL", "0.5", "30000", symbol="BTC-USD")
        stack.restart("gateway")
        stack.wait_ready()
        wait_for("the fill", lambda: Number(status_of(stack, "A")["cum_qty"]) == Number("0.5"))
        # Coinbase may give fewer fills than it was asked for.
        stack.venue.control_call("POST", "/limits", fills_page=100)
        stack.processes["gateway"].kill()
        for _ in range(101):
            stack.venue.trade("SELL", "0.001", "30000", symbol="BTC-USD")
        stack.restart("gateway")
        stack.wait_ready()
        wait_for("the fills", lambda: Number(status_of(stack, "A")["cum_qty"]) == Number("0.601"))
        stack.busbar("cancel", "A")
        until(stack, "A", "Canceled")
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def questions_are_answered():
    with coinbase("questions") as stack:
        fill = stack.busbar("order", "buy", "0.01", SYMBOL, "--wait")[1][-1]
        listed = wait_for("the fill in the list", lambda: stack.busbar("fills", SYMBOL, "-n", 1)[1])
        check(listed[0]["broker_order_id"] == fill["broker_order_id"] and listed[0]["commission_asset"] == "USD", listed)
        balances = {b["asset"]: b for b in stack.busbar("balances")[1]}
        check("USD" in balances and "BTC" in balances, balances)
        account = stack.busbar("accounts")[1][0]
        check(account["can_trade"], "the key may trade")
        check([p["is_own"] for p in account["portfolios"]] == [True], account)
        check(Number(account["portfolios"][0]["total"]) > Number(account["portfolios"][0]["cash"]), account)
        traded = stack.busbar("trades", SYMBOL, "-n", 1)[1]
        check(traded[0]["source"] == "main" and Number(traded[0]["price"]) > 0, traded)
        before = len(stack.venue.arrivals("order.place"))
        said = stack.busbar("preview", "buy", "0.01", SYMBOL, "--limit", "30000")[1][0]
        check(said["is_accepted"] and Number(said["cash_order_qty"]) == 300 and Number(said["commission"]) > 0, said)
        code, said, _ = stack.busbar("preview", "buy", "1000", SYMBOL, "--limit", "30000", can_fail=True)
        check(code == 1 and said[0]["error"] == "INSUFFICIENT_FUNDS", code, said)
        check(len(stack.venue.arrivals("order.place")) == before, "a preview places nothing")
        book = stack.busbar("book", SYMBOL)[1][0]
        check(book["bids"] and Number(book["bids"][0]["price"]) < Number(book["asks"][0]["price"]), book)
        # A minute that has just begun has none.
        bars = wait_for("a bar", lambda: stack.busbar("history", SYMBOL, "--interval", "1m", "--since", "2h", "-n", 3)[1])
        check(Number(bars[0]["high"]) >= Number(bars[0]["low"]), bars)
        # Two products, one book: data of both comes under the one's name.
        for symbol in (SYMBOL, "BTC/USDC"):
            check(len(stack.busbar("quotes", symbol, "-n", "3", "--seconds", "60")[1]) == 3, "quotes of", symbol)


if __name__ == "__main__":
    run(an_order_lives_from_its_first_word_to_its_last_fill, a_replace_edits_the_order_where_it_is,
        what_cannot_be_edited_is_cancelled_and_the_rest_placed_anew,
        cancels_that_come_together_leave_together, each_cancel_of_many_has_an_end_of_its_own,
        what_became_of_many_cancels_is_asked_for, an_order_in_doubt_is_found_in_the_list_of_all,
        what_was_filled_while_nobody_listened_is_found,
        questions_are_answered)
