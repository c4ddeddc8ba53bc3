"""A client that dies goes on where it was: no report missing, none twice; over a router's death, from the archive."""
from stack import Stack, check, run, wait_for, wait_synced
import wire


def flow(stack, dealer, name, count, first=0):
    """Orders that rest; nobody waits for answers."""
    for i in range(first, first + count):
        dealer.send("NewOrder", **wire.new_order(f"{name}{i}", "Buy", "0.001", price=30000 + i))


def settled(stack, count):
    """Every order has been answered by the venue."""
    wait_for(f"{count} orders to be open",
             lambda: sum(o["order_status"] == "New" for o in stack.busbar("orders")[1]) == count, pause=0.2)


def together(first, rest):
    """Two lives of one client saw, together, each report exactly once."""
    numbers = [r["report_number"] for r in first + rest]
    check(numbers == list(range(1, len(numbers) + 1)), "reports are not dense:", numbers[:50])


def a_client_dies_and_resumes():
    with Stack("resume") as stack:
        stack.venue.stand_still()
        one = stack.dealer("s1")
        one.hello()
        flow(stack, one, "R", 30)
        one.pump(60, lambda: len(one.reports) >= 20)
        seen = list(one.reports)
        one.close()  # mid-flow: the rest is sent to nobody
        settled(stack, 30)

        two = stack.dealer("s1", last_report=one.last_report)
        welcome = two.hello()
        check(welcome["next_report"] == one.last_report + 1, welcome, one.last_report)
        two.pump(60, lambda: len(seen) + len(two.reports) >= 60)
        together(seen, two.reports)
        check(len(seen) + len(two.reports) == 60, "30 PendingNew and 30 New")
        # Who has seen nothing gets everything again, and the same.
        two.close()
        three = stack.dealer("s1")
        three.hello()
        three.pump(60, lambda: len(three.reports) >= 60)
        check([r["exec_id"] for r in three.reports] == [r["exec_id"] for r in seen + two.reports], "told differently")


def the_newest_hello_has_the_session():
    with Stack("takeover") as stack:
        stack.venue.stand_still()
        old = stack.dealer("s1")
        old.hello()
        new = stack.dealer("s1")
        new.hello()
        flow(stack, new, "T", 1)
        new.pump(60, lambda: len(new.reports) >= 2)
        old.is_stubborn = False
        old.pump(60, lambda: old.others)
        check(len(new.reports) == 2 and not old.reports, len(new.reports), len(old.reports))
        check(old.others and old.others[0][1]["error"] == "HelloNeeded", "the old connection is told:", old.others)
        stranger = stack.dealer("never-said-hello")
        flow(stack, stranger, "X", 1)
        stranger.pump(60, lambda: stranger.others)
        kind, reject = stranger.others[0]
        check(kind == "Reject" and reject["error"] == "HelloNeeded", stranger.others)


def over_a_router_restart():
    with Stack("resume-restart") as stack:
        stack.venue.stand_still()
        one = stack.dealer("s1")
        one.hello()
        flow(stack, one, "R", 20)
        one.pump(60, lambda: sum(one.status_of(f"R{i}") == "New" for i in range(20)) >= 7)
        stack.processes["router"].kill()
        stack.restart("router")
        # The same socket, the same session: hello, the rest, and what the router had not heard is sent again.
        one.hello()
        known = {r["client_order_id"] for r in one.reports}
        for i in range(20):
            if f"R{i}" not in known:
                one.send("NewOrder", **wire.new_order(f"R{i}", "Buy", "0.001", price=30000 + i))
        def is_answered(name):
            """One that the router took, and did not send before it died, ends as never seen."""
            last = (one.reports_of(name) or [{"order_status": None}])[-1]
            return last["order_status"] in ("New", "NeverSeen") or (last["order_status"] == "Rejected"
                                                                    and last["error"] in ("GatewayDown", "NotSent"))
        one.pump(60, lambda: all(is_answered(f"R{i}") for i in range(20)))
        check(all(is_answered(f"R{i}") for i in range(20)), {i: one.status_of(f"R{i}") for i in range(20)})
        numbered = [r["report_number"] for r in one.reports]
        check(numbered == list(range(1, len(numbered) + 1)), numbered)
        names = [a["client_order_id"] for a in stack.venue.arrivals("order.place")]
        open_ones = sum(one.status_of(f"R{i}") == "New" for i in range(20))
        check(len(names) == len(set(names)) == open_ones >= 7, names, open_ones)


def from_the_archive_when_the_ring_is_gone():
    # Many reports and several restarts: what the router no longer holds in memory comes from auditd.
    with Stack("resume-archive", follow=True,
               router="follow_snapshot_seconds = 1\nfollow_snapshot_records = 100") as stack:
        stack.venue.stand_still()
        one = stack.dealer("s1")
        one.hello()
        for batch in range(4):
            flow(stack, one, "R", 50, batch * 50)
            one.pump(60, lambda: len(one.reports) >= (batch + 1) * 100)
        check(len(one.reports) == 400, len(one.reports))
        wait_synced(stack)
        wait_for("a snapshot", lambda: list((stack.folder / "router" / "snapshots").glob("*.snap")))
        stack.processes["router"].stop()
        stack.restart("router")
        stack.wait_ready()
        two = stack.dealer("s1", last_report=3)
        welcome = two.hello()
        check(welcome["lost_before"] == 0, welcome)
        two.pump(60, lambda: len(two.reports) >= 397)
        check([r["exec_id"] for r in two.reports] == [r["exec_id"] for r in one.reports[3:]], "told differently",
              len(two.reports))


if __name__ == "__main__":
    run(a_client_dies_and_resumes, the_newest_hello_has_the_session, over_a_router_restart,
        from_the_archive_when_the_ring_is_gone)
