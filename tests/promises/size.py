"""How much of a promise's full figure a run shows. BUSBAR_SIZE: full, ci (the default), or sanitizer: a tenth of ci."""
import os

SIZE = os.environ.get("BUSBAR_SIZE", "ci")
if SIZE not in ("full", "ci", "sanitizer"):
    raise SystemExit(f"BUSBAR_SIZE: '{SIZE}' is none of full, ci, sanitizer")

# A sanitizer's build, unoptimised, keeps no time; it has to keep everything else.
KEEPS_TIME = SIZE != "sanitizer"

# L: orders per second over all gateways, and quotes per second.
ORDERS_PER_SECOND = {"full": 2000, "ci": 500, "sanitizer": 100}[SIZE]
QUOTES_PER_SECOND = 10 * ORDERS_PER_SECOND


def times(full, ci=None):
    """How often: the full figure, what CI runs (2 % of it, 10 at least, unless said), or a tenth of that."""
    ci = ci or max(10, full // 50)
    return {"full": full, "ci": ci, "sanitizer": max(1, ci // 10)}[SIZE]
