"""The example of the README: a REQ socket and ten lines place an order."""
import os
import subprocess
import sys
from pathlib import Path

from stack import Stack, check, run, wait_for

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs/examples/order.py"


def ten_lines_place_an_order():
    with Stack("ten-lines") as stack:
        done = subprocess.run([sys.executable, "-B", EXAMPLE, stack.endpoint("orders")],
                              capture_output=True,
                              text=True,
                              timeout=60,
                              env={
                                  **os.environ, "PYTHONPATH": os.environ["BUSBAR_PYTHON"]
                              })
        check(done.returncode == 0 and done.stdout.startswith("order "), done)
        number = done.stdout.split()[1]
        order = wait_for("it to be filled", lambda:
                         (o := stack.busbar("order", number)[1][0])["order_status"] == "Filled" and o)
        check(order["client_order_id"] == "hello-1", order)
        check([o["client_order_id"] for o in stack.venue.orders()] == [order["venue_order_id"]], stack.venue.orders())


def the_readme_shows_it():
    check(EXAMPLE.read_text().strip() in (ROOT / "README.md").read_text(), "README.md does not show", EXAMPLE)


if __name__ == "__main__":
    run(the_readme_shows_it, ten_lines_place_an_order)
