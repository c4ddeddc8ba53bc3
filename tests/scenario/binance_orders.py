"""What Binance can do with orders beyond placing and cancelling one, and what busbar can ask: through all processes."""
import subprocess

from stack import BIN, Number, Stack, check, run, wait_for
import wire


def working(stack):
    return {o["client_order_id"]: o for o in stack.venue.orders() if o["is_open"]}


def an_order_is_replaced_in_three_ways():
    with Stack("replace") as stack:
        stack.venue.stand_still()
        stack.busbar("order", "buy", "1", "BTC/USDT", "--limit", "30000", "--id", "A")
        order = stack.busbar("replace", "A", "--limit", "29000", "--qty", "2", "--id", "B")[1][-1]
        check((Number(order["price"]), Number(order["order_qty"]), order["order_status"]) == (29000, 2, "New"), order)
        check([Number(o["price"]) for o in working(stack).values()] == [29000], "one order, at the new price", working(stack))

        before = next(iter(working(stack).values()))
        order = stack.busbar("replace", "B", "--qty", "1.5", "--id", "C")[1][-1]  # only less: an amendment
        after = next(iter(working(stack).values()))
        check(Number(order["order_qty"]) == Number("1.5") and after["order_id"] == before["order_id"], "the same order at Binance", after)

        stack.venue.trade("SELL", "0.5", "29000")
        wait_for("the fill", lambda: Number(stack.busbar("order", "C")[1][0]["cum_qty"]) == Number("0.5"))
        order = stack.busbar("replace", "C", "--limit", "28000", "--id", "D")[1][-1]  # cancelled, and the rest placed
        check([Number(order[k]) for k in ("order_qty", "cum_qty", "leaves_qty")] == [Number("1.5"), Number("0.5"), 1], order)
        left = next(iter(working(stack).values()))
        check(len(working(stack)) == 1 and Number(left["qty"]) == 1 and Number(left["price"]) == 28000, left)

        stack.venue.trade("SELL", "1", "28000")
        wait_for("the end", lambda: stack.busbar("order", "D")[1][0]["order_status"] == "Filled")
        order = stack.busbar("order", "D")[1][0]
        check(Number(order["cum_qty"]) == Number("1.5"), "not a coin more than was asked for:", order)
        code, _, text = stack.busbar("replace", "D", "--qty", "3", can_fail=True)
        check(code == 1 and "Filled" in text, code, text)
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def an_order_list_is_one_request_and_two_orders():
    with Stack("list") as stack:
        stack.venue.stand_still()
        stack.venue.trade("BUY", "0.1", "60000")
        stack.venue.trade("SELL", "0.1", "60000")  # a last price
        dealer = stack.dealer("s1")
        dealer.hello()
        profit = wire.body("NewOrder", **wire.new_order("take", "Sell", "1", price=61000))
        stop = wire.body("NewOrder", **{**wire.new_order("stop", "Sell", "1", price=58900), "order_type": "StopLimit",
                                        "stop_px": Number(59000)})
        dealer.send("NewOrderList", list_id="pair", list_type="OneCancelsOther", orders=[profit, stop])
        dealer.pump(60, lambda: all(dealer.status_of(n) == "New" for n in ("take", "stop")))
        check(len(working(stack)) == 2, working(stack), dealer.reports)
        check({r["list_id"] for r in dealer.reports} == {"pair"}, dealer.reports[-1])
        dealer.send("NewOrderList", list_id="pair", list_type="OneCancelsOther", orders=[profit, stop])
        dealer.pump(1)
        check(len(stack.venue.orders()) == 2, "the same list twice is one list")

        stack.venue.trade("BUY", "1", "61000")
        dealer.pump(60, lambda: dealer.status_of("take") == "Filled" and dealer.status_of("stop") in wire.FINAL)
        check(dealer.status_of("take") == "Filled" and dealer.status_of("stop") in ("Canceled", "Expired"),
              dealer.reports[-2:])
        check(not working(stack), "one has cancelled the other", working(stack))
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def an_order_list_by_the_command_line():
    with Stack("pair") as stack:
        stack.venue.stand_still()
        stack.venue.trade("BUY", "0.1", "60000")
        stack.venue.trade("SELL", "0.1", "60000")  # a last price
        pair = ("list", "oco", "sell", "1", "BTC/USDT", "--profit", "61000", "--stop", "59000", "--id", "pair")
        placed = stack.busbar(*pair, "--stop-limit", "58900")[1]
        check([o["client_order_id"] for o in placed] == ["pair-profit", "pair-stop"], placed)
        check({(o["order_status"], o["list_id"], o["side"]) for o in placed} == {("New", "pair", "Sell")}, placed)
        check([o["order_type"] for o in placed] == ["Limit", "StopLimit"], placed)
        again = stack.busbar(*pair, "--stop-limit", "58900")[1]
        check([o["order_id"] for o in again] == [o["order_id"] for o in placed] and len(working(stack)) == 2, "twice is once", again)
        check(stack.busbar(*pair, can_fail=True)[0] == 1, "another list under that name")
        ended = stack.busbar("cancel-list", "pair")[1]
        check({o["order_status"] for o in ended} <= {"Canceled", "Expired"} and len(ended) == 2, ended)
        check(not working(stack), working(stack))
        code, _, text = stack.busbar("cancel-list", "nobody", can_fail=True)
        check(code == 1 and "names no order list" in text, code, text)

        bracket = stack.busbar("list", "bracket", "buy", "0.5", "BTC/USDT", "--limit", "59500", "--profit", "62000",
                               "--stop", "58000", "--id", "three")[1]
        check([o["client_order_id"] for o in bracket] == ["three-entry", "three-profit", "three-stop"], bracket)
        check([o["side"] for o in bracket] == ["Buy", "Sell", "Sell"], bracket)
        stack.venue.trade("SELL", "0.5", "59500")
        wait_for("the fill to be told", lambda: stack.busbar("order", "three-entry")[1][0]["order_status"] == "Filled")
        check(len(working(stack)) == 2, "the exits work", working(stack))
        check(len(stack.busbar("cancel-list", "three")[1]) == 2 and not working(stack), working(stack))
        placed = stack.busbar("list", "oto", "buy", "0.5", "BTC/USDT", "--limit", "59500", "--profit", "62000", "--id",
                              "two")[1]
        check([o["client_order_id"] for o in placed] == ["two-entry", "two-profit"], placed)
        for wrong, option in ((("oco", "--limit", "1", "--profit", "2", "--stop", "1"), "--limit"),
                              (("oco", "--stop", "1"), "--profit"), (("oto", "--profit", "2"), "--limit"),
                              (("oto", "--limit", "1"), "--profit")):
            code, _, text = stack.busbar("list", wrong[0], "sell", "1", "BTC/USDT", *wrong[1:], can_fail=True)
            check(code == 2 and option in text, wrong, code, text)


def an_order_that_self_trade_prevention_made_smaller_is_told_smaller():
    with Stack("smaller") as stack:
        stack.venue.stand_still()
        stack.busbar("order", "sell", "1", "BTC/USDT", "--limit", "60000", "--id", "maker")
        _, seen, text = stack.busbar("order", "buy", "0.4", "BTC/USDT", "--limit", "60000", "--self-trade", "decrement",
                                     "--id", "taker", can_fail=True)
        check(seen[-1]["order_status"] == "Expired" and Number(seen[-1]["cum_qty"]) == 0, seen, text)

        def maker():
            return stack.busbar("order", "maker")[1][0]

        order = wait_for("the maker to be smaller", lambda: (o := maker()) and Number(o["leaves_qty"]) == Number("0.6") and o)
        check(Number(order["order_qty"]) == Number("0.6") and order["order_status"] == "New", order)
        stack.venue.trade("BUY", "0.2", "60000")
        order = wait_for("a fill", lambda: (o := maker()) and Number(o["cum_qty"]) == Number("0.2") and o)
        check(Number(order["leaves_qty"]) == Number("0.4"), order)
        # A gateway that comes back finds the same.
        stack.processes["gateway"].kill()
        stack.restart("gateway")
        stack.wait_ready()
        check(Number(maker()["leaves_qty"]) == Number("0.4"), maker())
        # More of it, though part of it is filled and part was prevented: never more than was asked for.
        stack.busbar("replace", "maker", "--qty", "0.8", "--id", "more")
        left = working(stack)
        check([Number(o["qty"]) - Number(o["executed"]) for o in left.values()] == [Number("0.6")], left)
        stack.venue.trade("BUY", "0.6", "60000")
        wait_for("its end", lambda: stack.busbar("order", "more")[1][0]["order_status"] == "Filled")
        check(not [r for r in stack.journal() if "foreign" in str(r)], "an alarm")
        check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def cancel_all_and_the_questions_of_the_command_line():
    with Stack("questions") as stack:
        for i in range(4):
            symbol, price = ("BTC/USDT", 40000 + i) if i < 3 else ("ETH/USDT", 2000)
            stack.busbar("order", "buy", "0.01", symbol, "--limit", price, "--id", f"R{i}")
        cancelled = stack.busbar("cancel-all", "--symbol", "BTC/USDT")[1]
        check({o["order_status"] for o in cancelled} == {"Canceled"} and len(cancelled) == 3, cancelled)
        check(len(stack.busbar("cancel-all")[1]) == 1 and not stack.busbar("cancel-all")[1], "the rest, and then none")

        account = stack.busbar("accounts")[1][0]
        check(account["can_trade"] and account["broker"] == "binance" and Number(account["taker_commission"]) > 0, account)
        check(stack.busbar("positions")[1] == [], "spot has balances")
        check(stack.busbar("balances")[1][0]["as_of"], "with its age")
        check(stack.busbar("symbols", "BTC/USDT")[1][0]["as_of"], "with its age")
        book = stack.busbar("book", "BTC/USDT", "--depth", 5)[1][0]
        check(len(book["bids"]) == len(book["asks"]) == 5, book)
        check(Number(book["bids"][0]["price"]) < Number(book["asks"][0]["price"]), book)
        ticker = stack.busbar("ticker", "BTC/USDT")[1][0]
        check(Number(ticker["low_px"]) <= Number(ticker["last_px"]) <= Number(ticker["high_px"]), ticker)
        traded = wait_for("trades", lambda: stack.busbar("trades", "BTC/USDT", "-n", 3)[1])
        check(1 <= len(traded) <= 3 and all(Number(t["price"]) > 0 for t in traded), traded)
        for i in range(201):  # a page has 200
            stack.venue.trade("BUY" if i % 2 else "SELL", "0.001")
        every, newest = stack.busbar("trades", "BTC/USDT")[1], stack.busbar("trades", "BTC/USDT", "-n", 1)[1]
        check(len(every) > 200 and int(every[-1]["trade_id"]) <= int(newest[0]["trade_id"]), len(every), every[-1], newest)
        check(stack.busbar("preview", "buy", "0.01", "BTC/USDT", "--limit", "50000")[1][0]["is_accepted"], "it would be taken")
        code, said, _ = stack.busbar("preview", "buy", "0.01", "BTC/USDT", "--limit", "1", can_fail=True)
        check(code == 1 and said[0]["error"] == "INVALID_ORDER" and said[0]["reason"], code, said)
        # A minute that has just begun has none.
        bars = wait_for("a bar", lambda: stack.busbar("history", "BTC/USDT", "--interval", "1m", "--since", "2h", "-n", 3)[1])
        check(1 <= len(bars) <= 3 and all(Number(b["low"]) <= Number(b["close"]) <= Number(b["high"]) for b in bars), bars)
        code, _, text = stack.busbar("history", "BTC/USDT", "--interval", "61s", can_fail=True)
        check(code == 2 and "--interval" in text, code, text)
        code, _, text = stack.busbar("history", "BTC/USDT", "--since", "yesterday", can_fail=True)
        check(code == 2 and "--since" in text, code, text)


def bash_completes_commands_and_options():
    def complete(*words):
        script = (f'eval "$({BIN}/busbar completion bash)"; COMP_WORDS=({" ".join(words)}); COMP_CWORD={len(words) - 1}; '
                  '_busbar; echo "${COMPREPLY[@]}"')
        return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.split()
    check({"cancel", "cancel-all", "cancel-list"} <= set(complete("busbar", "canc")), complete("busbar", "canc"))
    check({"--profit", "--stop-limit"} <= set(complete("busbar", "list", "--")), complete("busbar", "list", "--"))
    check("--limit" in complete("busbar", "order", "buy", "--li"), complete("busbar", "order", "buy", "--li"))
    check(set(complete("busbar", "journal", "re")) == {"replay", "recheck"}, complete("busbar", "journal", "re"))


if __name__ == "__main__":
    run(an_order_is_replaced_in_three_ways, an_order_list_is_one_request_and_two_orders, an_order_list_by_the_command_line,
        an_order_that_self_trade_prevention_made_smaller_is_told_smaller,
        cancel_all_and_the_questions_of_the_command_line, bash_completes_commands_and_options)
