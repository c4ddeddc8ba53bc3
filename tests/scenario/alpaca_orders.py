"""What is Alpaca's own about orders: through all processes, against an Alpaca in a box."""
import json
import ssl
import time
import urllib.error
import urllib.request
from threading import Thread

import wire
from degradation import Line
from login import LoginStack, get, log_in
from stack import PATIENCE, Number, Stack, check, run, wait_for, wait_synced

SYMBOL = "AAPL"
IN_PLACE = 'replace = "in_place"'


def alpaca(name, **more):
    return Stack(name, accounts=("alpaca", ), **more)


def status_of(stack, name):
    for client in ("cli", "alpha"):
        code, lines, _ = stack.busbar("order", name, client=client, can_fail=True)
        if code == 0:
            return lines[0]
    return {"order_status": None}


def until(stack, name, status, seconds=PATIENCE, **fields):
    def is_so():
        order = status_of(stack, name)
        return order["order_status"] == status and all(
            Number(order.get(field, "0")) == Number(value) for field, value in fields.items()) and order
    return wait_for(f"{name} to be {status} with {fields}", is_so, seconds)


def limit(stack, name, price, *more, side="buy", qty="4", symbol=SYMBOL, **how):
    return stack.busbar("order", side, qty, symbol, "--limit", price, "--id", name, *more, **how)[1][-1]


def fills_of(stack):
    wait_synced(stack)
    reports = [m for r in stack.journal() if (m := r.get("message") or {}).get("type") == "VenueReport"]
    return [report for report in reports if report["event"] == "Fill"]


def is_in_order(stack):
    check(stack.busbar("journal", "recheck")[0] == 0, "recheck")


def by_hand(stack, method, path, body=None):
    """What somebody else does with the account's key: (status, answer)."""
    keys = stack.keys[stack.accounts[0]]
    request = urllib.request.Request(stack.venue.rest + path, method=method,
                                     data=json.dumps(body).encode() if body else None,
                                     headers={"APCA-API-KEY-ID": keys["api_key"], "APCA-API-SECRET-KEY": keys["secret"],
                                              "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE, context=ssl.create_default_context(cafile=stack.venue.ca)) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def an_order_lives_and_each_of_its_fills_is_one():
    with alpaca("lives") as stack:
        stack.venue.stand_still()
        check(limit(stack, "A", "180")["order_status"] == "New")
        stack.venue.trade("SELL", "1", "180", symbol=SYMBOL)
        until(stack, "A", "PartiallyFilled", cum_qty=1)
        # While nobody listens there is another; and then REST tells of both, and the stream had told of the first.
        stack.processes["gateway"].kill()
        stack.venue.trade("SELL", "1", "180", symbol=SYMBOL)
        stack.restart("gateway")
        stack.wait_ready()
        until(stack, "A", "PartiallyFilled", cum_qty=2)
        stack.venue.trade("SELL", "2", "180", symbol=SYMBOL)
        order = until(stack, "A", "Filled", cum_qty=4)
        check(Number(order["avg_px"]) == 180, order)
        fills = fills_of(stack)
        check(len({f["trade_id"] for f in fills}) == 3, fills)
        check(len(stack.venue.trades()) == 3, stack.venue.trades())
        is_in_order(stack)


def a_replace_is_a_chain_and_of_a_part_the_rest_anew():
    with alpaca("chain", gateway=IN_PLACE) as stack:
        stack.venue.stand_still()
        limit(stack, "A", "180")
        for name, before, price in (("B", "A", "181"), ("C", "B", "179")):
            order = stack.busbar("replace", before, "--limit", price, "--id", name)[1][-1]
            check(order["order_status"] == "New" and Number(order["price"]) == Number(price), order)
        first, second, third = stack.venue.orders()
        check(second["replaces"] == first["order_id"] and third["replaces"] == second["order_id"], "no chain:", third)
        check(status_of(stack, "C")["broker_order_id"] == third["order_id"], third)
        # Filled in part: what is left is placed anew, and nothing is bought twice.
        stack.venue.trade("SELL", "1", "179", symbol=SYMBOL)
        until(stack, "C", "PartiallyFilled", cum_qty=1)
        order = stack.busbar("replace", "C", "--limit", "178", "--qty", "6", "--id", "D")[1][-1]
        check([Number(order[k]) for k in ("order_qty", "cum_qty", "leaves_qty")] == [6, 1, 5], order)
        left = [o for o in stack.venue.orders() if o["is_open"]]
        check(len(left) == 1 and Number(left[0]["qty"]) == 5 and Number(left[0]["price"]) == 178, left)
        stack.venue.trade("SELL", "5", "178", symbol=SYMBOL)
        until(stack, "D", "Filled", cum_qty=6)
        is_in_order(stack)


def a_fill_that_crosses_a_replace_is_not_bought_again():
    with alpaca("crossed") as stack:
        stack.venue.stand_still()
        limit(stack, "A", "180")
        stack.venue.control_call("POST", "/rules", cancel_delay_ms=600)
        asked = Thread(target=stack.busbar, args=("replace", "A", "--limit", "181", "--id", "B"))
        asked.start()
        wait_for("the cancel to be under way", lambda: stack.venue.arrivals("order.cancel"))
        stack.venue.trade("SELL", "1", "180", symbol=SYMBOL)
        until(stack, "B", "PartiallyFilled", price=181, order_qty=4, cum_qty=1)
        left = [o for o in stack.venue.orders() if o["is_open"]]
        check(len(left) == 1 and Number(left[0]["qty"]) == 3, left)
        asked.join()
        stack.venue.trade("SELL", "3", "181", symbol=SYMBOL)
        until(stack, "B", "Filled", cum_qty=4)
        check(sum(Number(t["qty"]) for t in stack.venue.trades()) == 4, stack.venue.trades())
        check(not stack.venue.arrivals("order.replace"), "Alpaca's own replace would have had the whole quantity")
        is_in_order(stack)


def what_others_replace_stays_ours():
    with alpaca("others") as stack:
        stack.venue.stand_still()
        limit(stack, "A", "180")
        before = status_of(stack, "A")["broker_order_id"]
        status, successor = by_hand(stack, "PATCH", f"/v2/orders/{before}", {"limit_price": "181"})
        check(status == 200, status, successor)
        order = wait_for("the other price", lambda: Number((o := status_of(stack, "A"))["price"]) == 181 and o)
        check(order["broker_order_id"] == successor["id"], order)
        stack.venue.trade("SELL", "4", "181", symbol=SYMBOL)
        until(stack, "A", "Filled", cum_qty=4)
        is_in_order(stack)


def an_answer_that_is_lost_is_asked_for():
    with alpaca("doubt", gateway=IN_PLACE) as stack:
        stack.venue.stand_still()
        stack.venue.fault("drop_answer", endpoint="order.place", next=1)
        limit(stack, "A", "180", can_fail=True)
        check(until(stack, "A", "New")["broker_order_id"], "found by its name")
        stack.venue.fault("drop_answer", endpoint="order.replace", next=1)
        stack.busbar("replace", "A", "--limit", "181", "--id", "B", can_fail=True)
        until(stack, "B", "New", price=181)
        stack.venue.fault("drop_answer", endpoint="order.cancel", next=1)
        stack.busbar("cancel", "B", can_fail=True)
        until(stack, "B", "Canceled")
        check(len(stack.venue.orders()) == 2, "each was sent once", stack.venue.orders())
        is_in_order(stack)


def one_that_never_arrived_is_told_as_never_seen():
    with alpaca("absent") as stack:
        stack.venue.stand_still()
        stack.venue.fault("drop_request", endpoint="order.place", next=1)
        begin = time.monotonic()
        limit(stack, "A", "180", can_fail=True)
        until(stack, "A", "NeverSeen")
        check(time.monotonic() - begin > 5, "not before it could act no more")
        check(not stack.venue.orders(), stack.venue.orders())


def send_list(stack, dealer, list_type, list_id, *orders):
    dealer.send("NewOrderList", list_id=list_id, list_type=list_type,
                orders=[wire.body("NewOrder", account="alpaca", symbol=SYMBOL, time_in_force="GoodTillCancel",
                                  order_qty=Number(4), **order) for order in orders])
    return [order["client_order_id"] for order in orders]


def bracket(prefix, price="180"):
    return ({"client_order_id": f"{prefix}1", "side": "Buy", "order_type": "Limit", "price": Number(price)},
            {"client_order_id": f"{prefix}2", "side": "Sell", "order_type": "Limit", "price": Number("200")},
            {"client_order_id": f"{prefix}3", "side": "Sell", "order_type": "Stop", "stop_px": Number("170")})


def a_list_of_which_one_order_bears_the_names_of_all():
    with alpaca("lists") as stack:
        stack.venue.stand_still()
        dealer = stack.dealer("lists")
        dealer.hello()
        for name in send_list(stack, dealer, "OneTriggersOneCancelsOther", "LX", *bracket("X")):
            until(stack, name, "New")
        check(not status_of(stack, "X2")["is_working"], "it waits for its parent", status_of(stack, "X2"))
        stack.venue.trade("SELL", "4", "180", symbol=SYMBOL)
        until(stack, "X1", "Filled", cum_qty=4)
        wait_for("its exits to work", lambda: status_of(stack, "X2")["is_working"])
        # After a crash the others are known by Alpaca's names, which the router has.
        stack.processes["gateway"].kill()
        stack.restart("gateway")
        stack.wait_ready()
        stack.venue.trade("BUY", "4", "200", symbol=SYMBOL)
        until(stack, "X2", "Filled", cum_qty=4)
        until(stack, "X3", "Canceled")
        # A cancel of one ends all.
        for name in send_list(stack, dealer, "OneTriggersOneCancelsOther", "LY", *bracket("Y")):
            until(stack, name, "New")
        stack.busbar("cancel", "Y1", client="alpha")
        for name in ("Y1", "Y2", "Y3"):
            until(stack, name, "Canceled")
        is_in_order(stack)


def a_list_whose_answer_is_lost_is_found_order_by_order():
    for is_killed in (False, True):
        with alpaca("list-doubt") as stack:
            stack.venue.stand_still()
            dealer = stack.dealer("lists")
            dealer.hello()
            kind = "hang_answer" if is_killed else "drop_answer"
            stack.venue.fault(kind, endpoint="order.place", next=1)
            names = send_list(stack, dealer, "OneTriggersOneCancelsOther", "LX", *bracket("X"))
            wait_for("the list at the venue", lambda: len(stack.venue.orders()) == 3)
            if is_killed:  # in another life nothing is left of it but what stands in the name of one of them
                stack.processes["gateway"].kill()
                stack.restart("gateway")
                stack.wait_ready()
            ids = {until(stack, name, "New")["broker_order_id"] for name in names}
            check(ids == {o["order_id"] for o in stack.venue.orders()}, ids, stack.venue.orders())
            stack.venue.trade("SELL", "4", "180", symbol=SYMBOL)
            until(stack, names[0], "Filled", cum_qty=4)
            stack.venue.trade("BUY", "4", "200", symbol=SYMBOL)
            until(stack, names[1], "Filled", cum_qty=4)
            until(stack, names[2], "Canceled")
            is_in_order(stack)


def by_amount_and_in_parts_of_a_share():
    with alpaca("parts") as stack:
        stack.venue.stand_still()
        stack.venue.trade("SELL", "10", "190", symbol=SYMBOL)
        stack.busbar("order", "buy", "95", SYMBOL, "--cash", "--tif", "day", "--id", "A")
        order = until(stack, "A", "Filled", cum_qty="0.5")
        check(Number(order["avg_px"]) == 190, order)
        stack.busbar("order", "buy", "0.25", SYMBOL, "--limit", "190", "--tif", "day", "--id", "B")
        until(stack, "B", "Filled", cum_qty="0.25")
        # For longer than a day there are whole shares alone.
        code, lines, text = stack.busbar("order", "buy", "0.25", SYMBOL, "--limit", "190", "--id", "C", can_fail=True)
        check(code != 0 and lines[-1]["error"] == "INVALID_ORDER" and lines[-1]["field"] == "order_qty", lines, text)
        code, lines, text = stack.busbar("order", "buy", "95", SYMBOL, "--cash", "--id", "D", can_fail=True)
        check(code != 0 and lines[-1]["error"] == "UNSUPPORTED" and lines[-1]["field"] == "time_in_force", lines, text)
        check(len(stack.venue.arrivals("order.place")) == 2, stack.venue.arrivals("order.place"))
        # A price has cents, and below a dollar four digits.
        code, lines, _ = stack.busbar("order", "buy", "1", SYMBOL, "--limit", "190.005", "--id", "E", can_fail=True)
        check(code != 0 and lines[-1]["field"] == "price", lines)
        order = stack.busbar("order", "buy", "2000", SYMBOL, "--limit", "0.9999", "--id", "F")[1][-1]
        check(order["order_status"] == "New", order)
        stack.busbar("cancel", "F")
        until(stack, "F", "Canceled")
        is_in_order(stack)


def outside_the_hours():
    with alpaca("hours", venue='hours = "closed"') as stack:
        stack.venue.stand_still()
        # The exchange is closed, and the account's way is to refuse; what always trades goes.
        code, lines, _ = stack.busbar("order", "buy", "4", SYMBOL, "--limit", "180", "--id", "A", can_fail=True)
        check(code != 0 and lines[-1]["error"] == "MARKET_CLOSED" and lines[-1]["nearest_legal"], lines)
        check(limit(stack, "B", "60000", symbol="BTC/USD", qty="0.5")["order_status"] == "New")
        # For the opening: Alpaca keeps it until then, and does not replace it before.
        check(limit(stack, "C", "180", "--tif", "opening")["order_status"] == "New")
        check(not status_of(stack, "C")["is_working"], status_of(stack, "C"))
        stack.busbar("replace", "C", "--limit", "179", "--id", "D")
        until(stack, "D", "New", price=179)
        stack.venue.hours("open")
        until(stack, "D", "Canceled")  # nobody sold to it
        # The clock is asked every minute, and when Busbar starts.
        stack.processes["gateway"].stop()
        stack.restart("gateway")
        stack.wait_ready()
        check(limit(stack, "E", "180", "--tif", "day", "--extended-hours")["order_status"] == "New")
        check(stack.venue.order(status_of(stack, "E")["venue_order_id"])["words"]["extended_hours"], stack.venue.orders())
        is_in_order(stack)


class LinedStack(Stack):
    """The streams go by a line of their own."""

    def write_config(self):
        self.line = Line(self.venue.streams)
        direct, self.venue.streams = self.venue.streams, self.line.url
        super().write_config()
        self.venue.streams = direct


def while_the_order_stream_is_down_entries_are_refused_and_cancels_go():
    with LinedStack("stream", accounts=("alpaca", )) as stack:
        stack.venue.stand_still()
        limit(stack, "A", "180")
        limit(stack, "B", "179")
        stack.line.cut()
        def session():
            return stack.busbar("status", can_fail=True)[1][0]["sessions"][0]
        wait_for("the stream to be down", lambda: session()["order_stream"] == "Down")
        code, lines, _ = stack.busbar("order", "buy", "4", SYMBOL, "--limit", "178", "--id", "C", can_fail=True)
        check(code != 0 and lines[-1]["error"] == "CONNECTION_ERROR", lines)
        stack.busbar("cancel", "B", "--no-wait")
        wait_for("the cancel at the venue", lambda: not stack.venue.order(status_of(stack, "B")["venue_order_id"])["is_open"])
        stack.venue.trade("SELL", "4", "180", symbol=SYMBOL)
        stack.line.mend()
        stack.wait_ready()
        until(stack, "A", "Filled", cum_qty=4)
        until(stack, "B", "Canceled")
        check(len({f["trade_id"] for f in fills_of(stack)}) == len(stack.venue.trades()) > 0, stack.venue.trades())
        check(limit(stack, "D", "178")["order_status"] == "New")
        is_in_order(stack)


def questions_are_answered():
    with alpaca("questions") as stack:
        positions = {p["symbol"]: p for p in stack.busbar("positions")[1]}
        check("AAPL" in positions and "BTC/USD" in positions, "pairs bear their own name:", positions)
        check({b["asset"] for b in stack.busbar("balances")[1]} == {"USD"}, "cash")
        check(stack.busbar("accounts")[1][0]["can_trade"], "the account may trade")
        for symbol in (SYMBOL, "BTC/USD"):
            quote = stack.busbar("quote", symbol)[1][0]
            check(Number(quote["bid_px"]) < Number(quote["ask_px"]), quote)
            bars = wait_for("bars", lambda: stack.busbar("history", symbol, "--interval", "1m", "-n", 3)[1])
            check(Number(bars[0]["high"]) >= Number(bars[0]["low"]), bars)
            check(Number(stack.busbar("ticker", symbol)[1][0]["last_px"]) > 0, symbol)
            traded = wait_for("trades", lambda: stack.busbar("trades", symbol, "-n", 2)[1])
            check(Number(traded[-1]["price"]) > 0 and traded == sorted(traded, key=lambda t: t["venue_time"]), traded)
            check(len(stack.busbar("quotes", symbol, "-n", "3", "--seconds", "60")[1]) == 3, "quotes of", symbol)
        book = stack.busbar("book", "BTC/USD")[1][0]
        check(Number(book["bids"][0]["price"]) < Number(book["asks"][0]["price"]), book)
        code, _, text = stack.busbar("book", SYMBOL, can_fail=True)
        check(code != 0 and "UNSUPPORTED" in text, text)
        code, _, text = stack.busbar("preview", "buy", "1", SYMBOL, can_fail=True)
        check(code != 0 and "UNSUPPORTED" in text, text)
        # Alpaca may give less than it was asked for, though there is more.
        stack.venue.stand_still()
        whole = [t["trade_id"] for t in stack.busbar("trades", SYMBOL)[1]]
        check(len(whole) > 4, whole)
        stack.venue.control_call("POST", "/limits", data_page=len(whole) // 2)
        check([t["trade_id"] for t in stack.busbar("trades", SYMBOL)[1]] == whole, "those of the later pages are missing")


def streams_may_speak_messagepack():
    with alpaca("msgpack", gateway='stream_format = "msgpack"') as stack:
        stack.venue.stand_still()
        limit(stack, "A", "180")
        stack.venue.trade("SELL", "4", "180", symbol=SYMBOL)
        until(stack, "A", "Filled", cum_qty=4)
        stack.venue.move(10)
        for symbol in (SYMBOL, "BTC/USD"):
            quotes = stack.busbar("quotes", symbol, "-n", "3", "--seconds", "60")[1]
            check(len(quotes) == 3, "quotes of", symbol)
            check(all(len(q[side].partition(".")[2]) <= 2 for q in quotes for side in ("bid_px", "ask_px")),
                  "a price keeps the digits that it has", quotes)
        wait_synced(stack)
        taped = [m for r in stack.journal("tape") if (m := r.get("message") or {}).get("method") == "BINARY"]
        check(taped and not [m for m in taped if stack.keys["alpaca"]["secret"] in json.dumps(m)], "frames, and no secret")


def crypto_always_trades():
    with alpaca("crypto", venue='hours = "closed"') as stack:
        stack.venue.stand_still()
        pair = "BTC/USD"
        check(limit(stack, "A", "60000", symbol=pair, qty="0.5")["order_status"] == "New")
        order = stack.busbar("replace", "A", "--limit", "60001", "--id", "B")[1][-1]
        check(order["order_status"] == "New" and Number(order["price"]) == 60001, order)
        stack.venue.trade("SELL", "0.2", "60001", symbol=pair)
        until(stack, "B", "PartiallyFilled", cum_qty="0.2")
        stack.busbar("replace", "B", "--limit", "60002", "--id", "C")
        stack.venue.trade("SELL", "0.3", "60002", symbol=pair)
        until(stack, "C", "Filled", cum_qty="0.5")
        # Missed by the stream: the account's activities have it under the pair's own name.
        limit(stack, "D", "60000", symbol=pair, qty="0.5")
        stack.processes["gateway"].kill()
        stack.venue.trade("SELL", "0.5", "60000", symbol=pair)
        stack.restart("gateway")
        stack.wait_ready()
        until(stack, "D", "Filled", cum_qty="0.5")
        code, lines, _ = stack.busbar("order", "buy", "0.5", pair, "--limit", "60000", "--tif", "day", "--id", "E",
                                      can_fail=True)
        check(code != 0 and lines[-1]["error"] == "UNSUPPORTED" and lines[-1]["field"] == "time_in_force", lines)
        is_in_order(stack)


def the_limit_is_kept_by_all_who_share_it():
    with alpaca("limit", limits={"requests_per_minute": 60}) as stack:
        stack.venue.stand_still()
        refused = 0
        for i in range(80):
            code, lines, text = stack.busbar("order", "buy", "1", SYMBOL, "--limit", "180", "--id", f"A{i}", "--no-wait",
                                             can_fail=True)
            refused += code != 0
        placed = wait_for("what went", lambda: len(stack.venue.orders()) > 20 and len(stack.venue.orders()))
        arrivals = stack.venue.arrivals()
        check(not [a for a in arrivals if a["outcome"] == "limited" or "429" in str(a["outcome"])], "nothing was too much")
        times = [a["arrival_ns"] for a in arrivals]
        worst = max(sum(begin <= t < begin + 60 * 10**9 for t in times) for begin in times)
        check(worst <= 60, worst, "orders in a minute")
        print(f"limit of 60: {placed} orders went, {refused} were refused at once")


def lists_go_on_behind_their_first_page():
    with alpaca("pages", order_ttl_ms=60_000) as stack:  # a slow build takes its time for so many
        stack.venue.stand_still()
        dealer = stack.dealer("pages")
        dealer.hello()
        count = 520  # Alpaca gives 500 orders a page, and 100 fills
        for i in range(count):
            dealer.send("NewOrder", client_order_id=f"A{i}", account="alpaca", symbol=SYMBOL, side="Buy", order_type="Limit",
                        time_in_force="GoodTillCancel", order_qty=Number(1), price=Number("170"))
        check(dealer.pump(60, lambda: len(stack.venue.orders()) == count), "not all came to the venue")
        limit(stack, "B", "180", qty="150")
        stack.processes["gateway"].kill()
        for _ in range(120):
            stack.venue.trade("SELL", "1", "180", symbol=SYMBOL)
        stack.restart("gateway")
        stack.wait_ready()
        until(stack, "B", "PartiallyFilled", cum_qty=120)
        wait_synced(stack)
        told = [m for r in stack.journal() if (m := r.get("message") or {}).get("type") == "Reconciled"]
        check(told[-1]["open_orders"] == count + 1 and told[-1]["unknown_orders"] == 0, told[-1])
        check(len({f["trade_id"] for f in fills_of(stack)}) == 120, "each fill once")
        is_in_order(stack)


def events_that_come_twice_or_late_count_once():
    with alpaca("twice") as stack:
        stack.venue.stand_still()
        stack.venue.fault("duplicate", stream="orders", probability=1)
        stack.venue.fault("reorder", stream="orders", probability=0.5)
        limit(stack, "A", "180")
        for _ in range(4):
            stack.venue.trade("SELL", "1", "180", symbol=SYMBOL)
        until(stack, "A", "Filled", cum_qty=4)
        limit(stack, "B", "179")
        stack.busbar("replace", "B", "--limit", "178", "--id", "C")
        stack.busbar("cancel", "C")
        until(stack, "C", "Canceled", cum_qty=0)
        check(len({f["trade_id"] for f in fills_of(stack)}) == 4, fills_of(stack))
        is_in_order(stack)


def market_data_that_are_down_stop_no_trading():
    with alpaca("data-down") as stack:
        stack.venue.stand_still()
        stack.venue.fault("drop_request", endpoint="latest_quotes", probability=1)
        code, _, _ = stack.busbar("--timeout", "20", "quote", SYMBOL, can_fail=True)
        check(code != 0, "the quote did not come")
        check(limit(stack, "A", "180")["order_status"] == "New")
        check(stack.busbar("status")[1][0]["sessions"][0]["rest"] == "Ok", "trading is well")


class AlpacaLogin(LoginStack):
    """The account's credentials are a client, and no key."""

    def __init__(self, name):
        super().__init__(name, broker="alpaca", life_s=None)

    def gateway_table(self, name):
        return Stack.gateway_table(self, name) + f"""login_authorize = "{self.venue.rest}/oauth/authorize"
login_token = "{self.venue.rest}/oauth/token"
"""


def a_login_takes_the_place_of_a_key():
    with AlpacaLogin("login") as stack:
        stack.venue.stand_still()
        check(not stack.session().get("deadline"), "it has no end", stack.session())
        order = stack.busbar("order", "buy", "4", SYMBOL, "--limit", "180", "--id", "A")[1][-1]
        check(order["order_status"] == "New", order)
        stack.venue.trade("SELL", "4", "180", symbol=SYMBOL)
        until(stack, "A", "Filled", cum_qty=4)
        stack.venue.move(10)
        check(len(stack.busbar("quotes", SYMBOL, "-n", "2", "--seconds", "60")[1]) == 2, "quotes by a login")
        stack.venue.stand_still()
        # In another life out of the vault; and what the user takes back is over.
        stack.processes["gateway"].stop()
        stack.restart("gateway")
        stack.wait_ready()
        stack.tokens(revoke=True)
        for _ in range(3):
            stack.busbar("balances", can_fail=True)
        stack.wait_state("NeedsHuman", "login's token")


if __name__ == "__main__":
    run(an_order_lives_and_each_of_its_fills_is_one, a_replace_is_a_chain_and_of_a_part_the_rest_anew,
        a_fill_that_crosses_a_replace_is_not_bought_again,
        what_others_replace_stays_ours, an_answer_that_is_lost_is_asked_for, one_that_never_arrived_is_told_as_never_seen,
        a_list_of_which_one_order_bears_the_names_of_all, a_list_whose_answer_is_lost_is_found_order_by_order,
        by_amount_and_in_parts_of_a_share, outside_the_hours,
        while_the_order_stream_is_down_entries_are_refused_and_cancels_go, questions_are_answered,
        lists_go_on_behind_their_first_page, events_that_come_twice_or_late_count_once,
        market_data_that_are_down_stop_no_trading, streams_may_speak_messagepack, crypto_always_trades,
        the_limit_is_kept_by_all_who_share_it, a_login_takes_the_place_of_a_key)
