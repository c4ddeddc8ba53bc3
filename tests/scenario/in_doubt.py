"""Answers that never come: the order is in doubt, the broker is asked, nothing is sent again, and the end is true."""
import time

from stack import Number, Stack, check, compare_all, run, wait_for
import wire


def stack_in_silence(name):
    return Stack(name, recv_window_ms=1000)


def place(stack, dealer, name, **more):
    dealer.send("NewOrder", **wire.new_order(name, "Buy", "0.01", **more))


def statuses(dealer, name):
    return [r["order_status"] for r in dealer.reports_of(name)]


def arrived_once(stack):
    seen = [a["client_order_id"] for a in stack.venue.arrivals("order.place")]
    check(len(seen) == len(set(seen)), "sent twice:", seen)


def answers_are_lost_after_accepting():
    with stack_in_silence("lost-answers") as stack:
        stack.venue.stand_still()
        dealer = stack.dealer("s1")
        dealer.hello()
        cases = [("drop_answer", {}), ("answer_wrong", {"status": 502}), ("answer_wrong", {"status": 504}),
                 ("answer_wrong", {"status": 503}), ("delay_answer", {"ms": 3000})]
        for with_stream in (True, False):
            if not with_stream:
                stack.venue.fault("silence", stream="orders")
            for i, (kind, more) in enumerate(cases):
                name = f"L{i}{'s' if with_stream else 'q'}"
                stack.venue.fault(kind, endpoint="order.place", next=1, **more)
                begin = time.monotonic()
                place(stack, dealer, name, price=30000 + i)
                dealer.pump(60, lambda: dealer.status_of(name) == "New")
                seconds = time.monotonic() - begin
                check(dealer.status_of(name) == "New", name, kind, statuses(dealer, name))
                check("Rejected" not in statuses(dealer, name) and "NeverSeen" not in statuses(dealer, name),
                      statuses(dealer, name))
                if not with_stream and kind != "delay_answer":
                    check("InDoubt" in statuses(dealer, name), name, kind, statuses(dealer, name))
                # A18 keeps to five seconds: here it has to be found, and not to end by the absence rule.
                check(seconds < 10 + more.get("ms", 0) / 1000, name, kind, "took", seconds)
                # One that is answered, or the gateway would hold orders back from a broker that answers none.
                place(stack, dealer, "G" + name, price=20000 + i)
                dealer.pump(60, lambda: dealer.status_of("G" + name) == "New")
                check(dealer.status_of("G" + name) == "New", name, statuses(dealer, "G" + name))
        # A market order that was filled while nobody could tell.
        stack.venue.trade("SELL", "1", "51000")
        stack.venue.fault("drop_answer", endpoint="order.place", next=1)
        place(stack, dealer, "M1")
        dealer.pump(60, lambda: dealer.status_of("M1") == "Filled")
        check(
            dealer.status_of("M1") == "Filled" and dealer.reports_of("M1")[-1]["avg_px"] == 51000,
            dealer.reports_of("M1"))
        check(
            sum(r["last_qty"] or 0 for r in dealer.reports_of("M1")) == Number("0.01"),
            "a fill is missing or counted twice")
        # A cancel whose answer is lost.
        stack.venue.fault("drop_answer", endpoint="order.cancel", next=1)
        dealer.send("CancelOrder", client_order_id="C1", orig_client_order_id="L0s")
        dealer.pump(60, lambda: dealer.status_of("L0s") == "Canceled")
        check(dealer.status_of("L0s") == "Canceled", statuses(dealer, "L0s"))
        stack.venue.clear_faults()
        arrived_once(stack)
        check(compare_all(stack) == 21, "21 orders")


def a_lost_request_ends_by_the_absence_rule_and_not_before():
    with stack_in_silence("lost-request") as stack:
        stack.venue.stand_still()
        dealer = stack.dealer("s1")
        dealer.hello()
        stack.venue.fault("drop_request", endpoint="order.place", next=1)
        begin = time.time()
        place(stack, dealer, "N1", price=30000)
        dealer.pump(60, lambda: dealer.status_of("N1") == "InDoubt")
        check(dealer.status_of("N1") == "InDoubt", statuses(dealer, "N1"))
        dealer.pump(60, lambda: dealer.status_of("N1") == "NeverSeen")
        lasted = time.time() - begin
        check(dealer.status_of("N1") == "NeverSeen", statuses(dealer, "N1"), lasted)
        # recv_window 1 s and the broker's 10 s: before that the request could still have acted.
        check(lasted >= 11, "given up after", lasted)
        check(not stack.venue.orders(), stack.venue.orders())
        arrived_once(stack)
        stack.busbar("journal", "recheck")


def a_memory_that_lags_is_not_an_absence():
    with stack_in_silence("lagging") as stack:
        stack.venue.stand_still()
        dealer = stack.dealer("s1")
        dealer.hello()
        stack.venue.fault("silence", stream="orders")
        stack.venue.fault("hide_orders", ms=4000)
        stack.venue.fault("drop_answer", endpoint="order.place", next=1)
        place(stack, dealer, "H1", price=30000)
        dealer.pump(60, lambda: dealer.status_of("H1") == "New")
        check(statuses(dealer, "H1") == ["PendingNew", "InDoubt", "New"], statuses(dealer, "H1"))
        arrived_once(stack)
        check(compare_all(stack) == 1, "one order")


if __name__ == "__main__":
    run(answers_are_lost_after_accepting, a_lost_request_ends_by_the_absence_rule_and_not_before,
        a_memory_that_lags_is_not_an_absence)
