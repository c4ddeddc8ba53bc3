"""What scripts stand on: the exit codes of busbar, and one JSON value per line. The router is a fake one."""
import json
import subprocess
import tempfile
import threading
from pathlib import Path

import wire
from stack import BIN, check, run
import zmq

REPORT = {
    "client_order_id": "A1", "exec_id": "1", "order_id": 17, "account": "main", "symbol": "BTC/USDT", "side": "Buy",
    "order_type": "Limit", "time_in_force": "GoodTillCancel", "order_qty": wire.Number("0.01"),
    "cum_qty": wire.Number(0), "leaves_qty": wire.Number("0.01")
}


class FakeRouter:
    """Answers by kind of question; None is silence, which is waited for so many seconds."""

    def __init__(self, patience=30, **answers):
        self.patience = patience
        self.folder = tempfile.TemporaryDirectory(prefix="busbar-cli-")
        self.answers = {"Heartbeat": ("Heartbeat", {}), **answers}
        self.asked = []
        self.endpoint = f"ipc://{self.folder.name}/orders"
        self.config = Path(self.folder.name) / "busbar.toml"
        self.config.write_text(
            f'environment = "paper"\n[bus]\ndirectory = "{self.folder.name}"\n[accounts.main]\ngateway = "binance"\n')
        self.is_stopping = False
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.socket = wire.CONTEXT.socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind(self.endpoint)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_stopping = True
        self.thread.join()
        self.socket.close()
        self.folder.cleanup()

    def serve(self):
        while not self.is_stopping:
            if not self.socket.poll(50):
                continue
            *envelope, data = self.socket.recv_multipart()
            header, kind, fields = wire.decode(data)
            self.asked.append((kind, fields))
            answer = self.answers.get(kind)
            if callable(answer):
                answer = answer(fields)
            if answer:
                reply = wire.encode(answer[0], {"environment": "Paper", "sender": "router",
                                                "correlation_id": header["correlation_id"]}, **answer[1])
                self.socket.send_multipart([*envelope, reply])

    def busbar(self, *arguments):
        done = subprocess.run([BIN / "busbar", "--config", self.config, "--timeout", str(self.patience), "--json",
                               *arguments], capture_output=True, text=True, timeout=120)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def expect(router, code, *arguments):
    got, lines, complaint = router.busbar(*arguments)
    check(got == code, arguments, "ended with", got, "instead of", code, complaint)
    return lines, complaint


def an_order_that_the_broker_took_is_0():
    statuses = iter(["PendingNew", "New"])
    def shown(_):
        order = wire.body("ExecutionReport", **{**REPORT, "exec_type": "OrderStatus", "order_status": next(statuses)})
        return "Answer", {"kind": "Order", "orders": [order]}

    pending = {**REPORT, "exec_type": "PendingNew", "order_status": "PendingNew"}
    with FakeRouter(NewOrder=("ExecutionReport", pending), Query=shown) as router:
        lines, _ = expect(router, 0, "order", "buy", "0.01", "BTC/USDT", "--limit", "50000", "--id", "A1")
        check([line["order_status"] for line in lines] == ["PendingNew", "New"], lines)
        kind, order = next(a for a in router.asked if a[0] == "NewOrder")
        check(str(order["order_qty"]) == "0.01" and order["price"] == 50000 and order["order_type"] == "Limit", order)


def a_refused_order_is_1_and_says_field_value_and_nearest_legal():
    refused = {**REPORT, "exec_type": "Rejected", "order_status": "Rejected", "error": "InvalidOrder", "field": "price",
               "value": "50000.001", "nearest_legal": "50000.00", "text": "not a whole number of ticks of 0.01"}
    with FakeRouter(NewOrder=("ExecutionReport", refused)) as router:
        lines, complaint = expect(router, 1, "order", "buy", "0.01", "BTC/USDT", "--limit", "50000.001")
        check(lines[0]["field"] == "price" and lines[0]["nearest_legal"] == "50000.00", lines)
        check("price=50000.001" in complaint and "50000.00" in complaint, complaint)


def an_order_that_expired_is_1_and_says_what_is_done():
    expired = {**REPORT, "exec_type": "Expired", "order_status": "Expired", "cum_qty": wire.Number("0.004"),
               "leaves_qty": wire.Number(0)}
    with FakeRouter(NewOrder=("ExecutionReport", expired)) as router:
        _, complaint = expect(router, 1, "order", "buy", "0.01", "BTC/USDT", "--id", "A1", "--wait")
        check("A1 is Expired" in complaint and "0.004" in complaint, complaint)


def a_wrong_command_line_is_2():
    with FakeRouter() as router:
        for arguments in (["nonsense"], ["order"], ["order", "buy", "0.01"], ["order", "buy", "1,5", "BTC/USDT"],
                          ["order", "buy", "1", "BTC/USDT", "--tif", "never"], ["orders", "--no-such-option"],
                          ["order", "buy", "1", "BTC/USDT", "--stop", "1", "--touched", "1"],
                          # A script's variable that is empty is no order at the market, and none for every symbol.
                          ["order", "buy", "1", "BTC/USDT", "--limit", ""], ["order", "buy", "1", "BTC/USDT", "--id", ""],
                          ["order", "buy", "1", "BTC/USDT", "--trailing-bps", "0"], ["cancel-all", "--symbol", ""]):
            expect(router, 2, *arguments)
        for patience in ("-1", "nan", "inf", "1e20"):
            router.patience = patience
            expect(router, 2, "order", "buy", "1", "BTC/USDT")
        router.patience = 30
        check(not router.asked, router.asked)
        router.config.write_text('environment = "tuesday"\n')
        expect(router, 2, "orders")


def a_silent_router_is_3_and_nothing_was_sent():
    with FakeRouter(1, Heartbeat=None) as router:
        expect(router, 3, "order", "buy", "0.01", "BTC/USDT", "--limit", "50000")
        expect(router, 3, "cancel", "17")
        check({kind for kind, _ in router.asked} <= {"Heartbeat"}, router.asked)
        expect(router, 3, "orders")


def a_lost_answer_is_4_for_the_order_may_be_live():
    with FakeRouter(3, NewOrder=None) as router:
        _, complaint = expect(router, 4, "order", "buy", "0.01", "BTC/USDT", "--limit", "50000", "--id", "A1")
        check("busbar order A1" in complaint, complaint)
    doubt = {**REPORT, "exec_type": "InDoubt", "order_status": "InDoubt"}
    with FakeRouter(NewOrder=("ExecutionReport", doubt)) as router:
        expect(router, 4, "order", "buy", "0.01", "BTC/USDT", "--limit", "50000")


def a_router_that_falls_silent_after_it_was_sent_is_4():
    def report(status):
        return "ExecutionReport", {**REPORT, "exec_type": status, "order_status": status}

    meant = {"kind": "Orders", "orders": [wire.body("ExecutionReport", **report("PendingCancel")[1])]}
    buy = ["order", "buy", "0.01", "BTC/USDT", "--limit", "50000", "--id", "A1"]
    with FakeRouter(3, NewOrder=report("PendingNew")) as router:
        _, complaint = expect(router, 4, *buy)
        check("busbar order 17" in complaint, complaint)
    # As good as silence, and sooner over.
    refused = {"kind": "Order", "error": "InvalidMessage", "text": "not now"}
    with FakeRouter(Query=("Answer", refused), NewOrder=report("PendingNew"), CancelOrder=report("PendingCancel"),
                    ReplaceOrder=report("PendingReplace"), NewOrderList=report("PendingNew"),
                    CancelAll=("Answer", meant)) as router:
        for arguments in (buy, [*buy, "--wait"], ["cancel", "A1"], ["replace", "A1", "--limit", "49000"], ["cancel-all"],
                          ["list", "oco", "sell", "1", "BTC/USDT", "--profit", "75000", "--stop", "60000"]):
            expect(router, 4, *arguments)


def digits_name_an_order_id_first_and_then_a_client_order_id():
    def answer(request):
        known = request["orig_client_order_id"] == "777"
        unknown = {"order_id": 0, "exec_type": "CancelRejected", "order_status": "Rejected", "error": "OrderNotFound"}
        return "ExecutionReport", {**REPORT, **({"exec_type": "Canceled", "order_status": "Canceled"} if known else unknown)}

    with FakeRouter(CancelOrder=answer) as router:
        expect(router, 0, "cancel", "777")
        _, complaint = expect(router, 1, "cancel", "778")
        names = [(r["order_id"], r["orig_client_order_id"]) for k, r in router.asked if k == "CancelOrder"]
        check(names == [(777, None), (0, "777"), (778, None), (0, "778")], names)
    too_late = {**REPORT, "exec_type": "CancelRejected", "order_status": "Filled", "error": "OrderNotFound"}
    with FakeRouter(CancelOrder=("ExecutionReport", too_late)) as router:
        expect(router, 1, "cancel", "17")
        check(sum(kind == "CancelOrder" for kind, _ in router.asked) == 1, router.asked)


def a_cancel_of_all_is_about_more_than_the_first_hundred():
    def orders(status, *ids):
        return [wire.body("ExecutionReport", **{**REPORT, "order_id": i, "exec_type": "OrderStatus", "order_status": status})
                for i in ids]

    asked_again = iter(["PendingCancel", "Canceled"])
    def shown(query):
        if query["order_id"]:
            return "Answer", {"kind": "Order", "orders": orders(next(asked_again), query["order_id"])}
        return "Answer", {"kind": "Order", "orders": orders("Canceled", 1) + orders("PendingCancel", 2)}

    first = {"kind": "Orders", "orders": orders("Canceled", 1), "next_page_token": "1"}
    with FakeRouter(CancelAll=("Answer", first), Query=shown) as router:
        lines, _ = expect(router, 0, "cancel-all")
        check([(o["order_id"], o["order_status"]) for o in lines] == [(1, "Canceled"), (2, "Canceled")], lines)
        request = next(fields for kind, fields in router.asked if kind == "CancelAll")
        query = next(fields for kind, fields in router.asked if kind == "Query")
        check(query["client_order_id"] == request["client_order_id"], request, query)


def an_unknown_order_is_1():
    with FakeRouter(Query=("Answer", {"kind": "Order", "error": "OrderNotFound"}),
                    CancelOrder=("Reject", {"error": "OrderNotFound", "text": "no such order"})) as router:
        expect(router, 1, "order", "17")
        expect(router, 1, "cancel", "A1")
        numbers = [(q["order_id"], q["client_order_id"]) for k, q in router.asked if k == "Query"]
        check(numbers == [(17, None), (0, "17")], numbers)


def status_is_about_the_accounts_and_the_gateways_that_serve_them():
    def status(**connected):
        return "Answer", {
            "kind": "Status", "status": wire.body("RouterStatus", accepts_orders=True),
            "gateways": [wire.body("GatewayStatus", gateway=name, connected=yes) for name, yes in connected.items()],
            "sessions": [wire.body("SessionState", account="main", gateway="binance", state="Ok", reconciled=True)]
        }
    for code, connected in ((0, {"binance": True}), (0, {"binance": True, "before": False}), (1, {"binance": False}),
                            (1, {"before": True})):
        with FakeRouter(Query=status(**connected)) as router:
            expect(router, code, "status")


def no_orders_of_an_account_that_is_not_there_is_1():
    with FakeRouter(Query=("Answer", {"kind": "Orders"})) as router:
        expect(router, 0, "orders", "--account", "main")
        _, complaint = expect(router, 1, "orders", "--account", "mian")
        check("mian" in complaint, complaint)


def pages_are_put_together():
    def page(query):
        order = wire.body("ExecutionReport", **{**REPORT, "order_id": 2 if query["page_token"] else 1,
                                                        "exec_type": "OrderStatus", "order_status": "New"})
        return "Answer", {"kind": "Orders", "orders": [order], "next_page_token": "" if query["page_token"] else "2"}
    with FakeRouter(Query=page) as router:
        lines, _ = expect(router, 0, "orders")
        check([line["order_id"] for line in lines] == [1, 2], lines)


if __name__ == "__main__":
    run(an_order_that_the_broker_took_is_0, a_refused_order_is_1_and_says_field_value_and_nearest_legal,
        an_order_that_expired_is_1_and_says_what_is_done, a_wrong_command_line_is_2, a_silent_router_is_3_and_nothing_was_sent,
        a_lost_answer_is_4_for_the_order_may_be_live, a_router_that_falls_silent_after_it_was_sent_is_4,
        digits_name_an_order_id_first_and_then_a_client_order_id, a_cancel_of_all_is_about_more_than_the_first_hundred,
        an_unknown_order_is_1, status_is_about_the_accounts_and_the_gateways_that_serve_them,
        no_orders_of_an_account_that_is_not_there_is_1, pages_are_put_together)
