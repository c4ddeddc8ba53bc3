"""What is Coinbase's own about orders: through all processes, against a Coinbase in a box."""
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


def a_replace_is_a_cancel_and_the_rest_anew():
    with coinbase("anew") as stack:
        stack.venue.stand_still()
        stack.busbar("order", "buy", "1", SYMBOL, "--limit", "30000", "--id", "A")
        stack.venue.trade("SELL", "0.25", "30000", symbol="BTC-USD")
        wait_for("the fill", lambda: Number(status_of(stack, "A")["cum_qty"]) == Number("0.25"))
        order = stack.busbar("replace", "A", "--limit", "29000", "--id", "B")[1][-1]
        check([Number(order[k]) for k in ("order_qty", "cum_qty", "leaves_qty")] == [1, Number("0.25"), Number("0.75")], order)
        left = [o for o in stack.venue.orders() if o["is_open"]]
        check(len(left) == 1 and Number(left[0]["qty"]) == Number("0.75") and Number(left[0]["price"]) == 29000, left)
        stack.venue.trade("SELL", "0.75", "29000", symbol="BTC-USD")
        until(stack, "B", "Filled")
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
        stack.busbar("cancel", "A")
        until(stack, "A", "Canceled")
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def questions_are_answered():
    with coinbase("questions") as stack:
        balances = {b["asset"]: b for b in stack.busbar("balances")[1]}
        check("USD" in balances and "BTC" in balances, balances)
        check(stack.busbar("accounts")[1][0]["can_trade"], "the key may trade")
        book = stack.busbar("book", SYMBOL)[1][0]
        check(book["bids"] and Number(book["bids"][0]["price"]) < Number(book["asks"][0]["price"]), book)
        # A minute that has just begun has none.
        bars = wait_for("a bar", lambda: stack.busbar("history", SYMBOL, "--interval", "1m", "--since", "2h", "-n", 3)[1])
        check(Number(bars[0]["high"]) >= Number(bars[0]["low"]), bars)
        # Two products, one book: data of both comes under the one's name.
        for symbol in (SYMBOL, "BTC/USDC"):
            check(len(stack.busbar("quotes", symbol, "-n", "3", "--seconds", "60")[1]) == 3, "quotes of", symbol)


if __name__ == "__main__":
    run(an_order_lives_from_its_first_word_to_its_last_fill, a_replace_is_a_cancel_and_the_rest_anew,
        an_order_in_doubt_is_found_in_the_list_of_all, what_was_filled_while_nobody_listened_is_found,
        questions_are_answered)
