"""One order, trade or balance as several parties tell it, reduced to plain facts and compared field by field.

A fact is a text. Amounts are compared by value, so "0.10000000" and "0.1" agree and "0.1" and "0.11" do not; a fact
that a party does not tell is left out and compared with nobody.
"""

import calendar
import time
from decimal import Decimal, InvalidOperation

# What ccxt and Busbar call them, who have fewer words than the venue.
UNIFIED_STATUS = {
    "NEW": "open",
    "PENDING_NEW": "open",
    "PARTIALLY_FILLED": "open",
    "FILLED": "closed",
    "CANCELED": "canceled",
    "EXPIRED": "expired",
    "EXPIRED_IN_MATCH": "expired",
}


def amount(value):
    """The shortest plain text of an amount, however it was written."""
    text = format(Decimal(str(value)), "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def amount_of(body, name):
    return amount(body[name]) if body.get(name) is not None else None


def price(value):
    """A mean price, as exact as everybody tells it."""
    return amount(round(Decimal(str(value)), 6))


def milliseconds(text):
    """Of "2026-11-26T08:00:00.123456Z"."""
    whole, _, part = text.rstrip("Z").partition(".")
    return str(calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 1000 + int((part + "000")[:3]))


def told(**facts):
    return {name: value for name, value in facts.items() if value is not None}


def levels(rows):
    return [f"{amount(row[1])} @ {amount(row[0])}" for row in rows]


def quote(bid, bid_qty, ask, ask_qty):
    """The best level of each side."""
    return {"bids": levels([(bid, bid_qty)])[0], "asks": levels([(ask, ask_qty)])[0]}


# --- what the venue's own book says (GET /book of its control interface) --------------------------------------------


def order_of_book(entry):
    return told(
        symbol=entry["symbol"],
        order_id=str(entry["order_id"]),
        client_order_id=entry["client_order_id"],
        side=entry["side"],
        type=entry["type"],
        time_in_force=entry["time_in_force"],
        price=amount(entry["price"]),
        stop_price=amount(entry["stop_price"]),
        qty=amount(entry["qty"]),
        executed=amount(entry["executed"]),
        cum_quote=amount(entry["cum_quote"]),
        status=entry["status"],
        unified_status=UNIFIED_STATUS[entry["status"]],
        created_ms=str(entry["created_us"] // 1000),
    )


def trade_of_book(entry):
    return told(
        symbol=entry["symbol"],
        trade_id=str(entry["trade_id"]),
        order_id=str(entry["order_id"]),
        side=entry["side"],
        price=amount(entry["price"]),
        qty=amount(entry["qty"]),
        quote=amount(entry["quote"]),
        commission=amount(entry["commission"]),
        commission_asset=entry["commission_asset"],
        is_maker=str(entry["is_maker"]),
        time_ms=str(entry["time_us"] // 1000),
    )


def public_trade_of_book(entry):
    return told(
        trade_id=str(entry["trade_id"]),
        price=amount(entry["price"]),
        qty=amount(entry["qty"]),
        taker_side=entry["side"] if not entry["is_maker"] else {"BUY": "SELL", "SELL": "BUY"}[entry["side"]],
        time_ms=str(entry["time_us"] // 1000),
    )


def balances_of_book(entry):
    return {asset: {"free": amount(b["free"]), "locked": amount(b["locked"])} for asset, b in entry["balances"].items()}


# --- what Busbar's journal says: the reports it published, the last of each order and one of each fill ----------------

JOURNAL_STATUS = {
    "PendingNew": "open",
    "New": "open",
    "PartiallyFilled": "open",
    "Filled": "closed",
    "Canceled": "canceled",
    "Expired": "expired",
}


def published(journal):
    return [
        record["message"]["message"]
        for record in journal
        if record["kind"] == "Output"
        and (record["message"].get("drop_copy") or record["message"]["destination"] == "DropCopy")
        and record["message"]["message"]["type"] == "ExecutionReport"
    ]


def orders_of_journal(journal, separator=""):
    """One order of Busbar's is several of the venue's, one after the other: a replacement is a new one, of what the one
    before it left over."""
    last, current, filled_before, replaced, fills = {}, {}, {}, set(), {}
    for report in published(journal):
        key = report["symbol"], report.get("broker_order_id")
        if not key[1]:
            continue
        if report["exec_type"] == "Trade":
            fills.setdefault(key, []).append(report)
        before = current.get(report["order_id"]) if report.get("order_id") else None
        if before and before != key:
            replaced.add(before)
            filled_before[key] = Decimal(last[before].get("cum_qty", "0"))
        current[report.get("order_id")] = key
        last[key] = report
    return [order_of_report(report, fills.get(key, []), filled_before.get(key, 0), key in replaced, separator)
            for key, report in last.items()]


def order_of_report(report, fills, filled_before, is_replaced, separator):
    status = "Canceled" if is_replaced else report["order_status"]
    quote = sum((Decimal(fill["last_px"]) * Decimal(fill["last_qty"]) for fill in fills), Decimal(0))
    return told(
        symbol=report["symbol"].replace("/", separator),
        order_id=report["broker_order_id"],
        client_order_id=report.get("venue_order_id"),
        side=report["side"].upper(),
        price=amount_of(report, "price"),
        qty=amount(Decimal(report["order_qty"]) - filled_before) if "order_qty" in report else None,
        executed=amount(Decimal(report.get("cum_qty", "0")) - filled_before),
        cum_quote=amount(quote),
        average=price(report["avg_px"]) if "avg_px" in report and not filled_before else None,
        # Who hears of no commission does not know that there was none.
        fees=None if any("commission" not in fill for fill in fills) else amount(
            sum(Decimal(fill["commission"]) for fill in fills)),
        fills=str(len(fills)),
        unified_status=JOURNAL_STATUS.get(status, status),
    )


def trades_of_journal(journal, separator=""):
    return [
        told(
            symbol=report["symbol"].replace("/", separator),
            trade_id=report["trade_id"].rpartition(":")[2],
            order_id=report["broker_order_id"],
            side=report["side"].upper(),
            price=amount(report["last_px"]),
            qty=amount(report["last_qty"]),
            commission=amount_of(report, "commission"),
            commission_asset=report.get("commission_asset"),
            is_maker=str(report["liquidity"] == "Maker") if report.get("liquidity", "Unset") != "Unset" else None,
            time_ms=milliseconds(report["transact_time"]),
        )
        for report in published(journal)
        if report["exec_type"] == "Trade"
    ]


def balances_of_busbar(balances):
    return {b["asset"]: {"free": amount(b["free"]), "locked": amount(b["locked"])} for b in balances}


# --- what an SDK says that hands the venue's answers on under the venue's names: REST and WebSocket API ---------------


def order_of_answer(body):
    status = body.get("status")
    return told(
        symbol=body["symbol"],
        order_id=str(body["orderId"]),
        client_order_id=body.get("origClientOrderId") or body["clientOrderId"],  # a cancel has a name of its own
        side=body.get("side"),
        type=body.get("type"),
        time_in_force=body.get("timeInForce"),
        price=amount_of(body, "price"),
        stop_price=amount_of(body, "stopPrice"),
        qty=amount_of(body, "origQty") or amount_of(body, "qty"),  # the second after an amendment
        executed=amount_of(body, "executedQty"),
        cum_quote=amount_of(body, "cummulativeQuoteQty") or amount_of(body, "cumulativeQuoteQty"),
        status=status,
        unified_status=UNIFIED_STATUS.get(status, status),
        created_ms=str(body["time"]) if "time" in body else None,
    )


def trade_of_answer(body):
    return told(
        symbol=body["symbol"],
        trade_id=str(body["id"]),
        order_id=str(body["orderId"]),
        side="BUY" if body["isBuyer"] else "SELL",
        price=amount(body["price"]),
        qty=amount(body["qty"]),
        quote=amount(body["quoteQty"]),
        commission=amount(body["commission"]),
        commission_asset=body["commissionAsset"],
        is_maker=str(body["isMaker"]),
        time_ms=str(body["time"]),
    )


def public_trade_of_answer(body):
    return told(
        trade_id=str(body["id"]),
        price=amount(body["price"]),
        qty=amount(body["qty"]),
        taker_side="SELL" if body["isBuyerMaker"] else "BUY",
        time_ms=str(body["time"]),
    )


def balances_of_answer(body):
    return {b["asset"]: {"free": amount(b["free"]), "locked": amount(b["locked"])} for b in body["balances"]}


def rules_of_answer(body):
    filters = {f["filterType"]: f for f in body["filters"]}
    return told(
        tick=amount(filters["PRICE_FILTER"]["tickSize"]),
        step=amount(filters["LOT_SIZE"]["stepSize"]),
        notional_min=amount(filters["NOTIONAL"]["minNotional"]),
    )


# --- the same from streams, in the venue's one-letter names -----------------------------------------------------------


def order_of_event(event):
    is_amended = event["x"] == "REPLACED"  # "C" is then the name it had before
    return told(
        symbol=event["s"],
        order_id=str(event["i"]),
        client_order_id=event["c"] if is_amended else event.get("C") or event["c"],
        side=event["S"],
        type=event["o"],
        time_in_force=event["f"],
        price=amount(event["p"]),
        stop_price=amount(event["P"]),
        qty=amount(event["q"]),
        executed=amount(event["z"]),
        cum_quote=amount(event["Z"]),
        status=event["X"],
        unified_status=UNIFIED_STATUS.get(event["X"], event["X"]),
        created_ms=str(event["O"]),
    )


def trade_of_event(event):
    return told(
        symbol=event["s"],
        trade_id=str(event["t"]),
        order_id=str(event["i"]),
        side=event["S"],
        price=amount(event["L"]),
        qty=amount(event["l"]),
        quote=amount(event["Y"]),
        commission=amount(event["n"]),
        commission_asset=event["N"],
        is_maker=str(event["m"]),
        time_ms=str(event["T"]),
    )


def public_trade_of_event(event):
    return told(
        trade_id=str(event["t"]),
        price=amount(event["p"]),
        qty=amount(event["q"]),
        taker_side="SELL" if event["m"] else "BUY",
        time_ms=str(event["T"]),
    )


# --- what ccxt says: its unified order, and the venue's answer that it carries along ----------------------------------


def order_of_ccxt(order):
    info = order["info"]
    is_event = "e" in info  # of a stream: the venue's words have one letter there
    is_priced = (order["type"] or "").startswith("limit")
    return told(
        symbol=info["s" if is_event else "symbol"],
        order_id=order["id"],
        client_order_id=info.get("origClientOrderId") or order["clientOrderId"],
        side=order["side"].upper() if order["side"] else None,
        type=info.get("o" if is_event else "type"),
        time_in_force=info.get("f" if is_event else "timeInForce"),
        price=amount_of(order, "price") if is_priced else amount_of(info, "p" if is_event else "price"),
        stop_price=amount_of(order, "triggerPrice"),
        qty=amount_of(order, "amount"),
        executed=amount_of(order, "filled"),
        cum_quote=amount_of(order, "cost"),
        status=info.get("X" if is_event else "status"),
        unified_status=order["status"],
        created_ms=str(order["timestamp"]) if is_event or "time" in info else None,
    )


def trade_of_ccxt(trade):
    info = trade["info"]
    return told(
        symbol=info.get("symbol") or info["s"],
        trade_id=trade["id"],
        order_id=trade["order"],
        side=trade["side"].upper(),
        price=amount(trade["price"]),
        qty=amount(trade["amount"]),
        quote=amount(trade["cost"]),
        commission=amount(trade["fee"]["cost"]),
        commission_asset=trade["fee"]["currency"],
        is_maker=str(trade["takerOrMaker"] == "maker"),
        time_ms=str(trade["timestamp"]),
    )


def public_trade_of_ccxt(trade):
    return told(
        trade_id=trade["id"],
        price=amount(trade["price"]),
        qty=amount(trade["amount"]),
        taker_side=trade["side"].upper(),
        time_ms=str(trade["timestamp"]),
    )


def balances_of_ccxt(balance):
    return {
        asset: told(free=amount_of(balance["free"], asset), locked=amount_of(balance["used"], asset))
        for asset in balance["total"]
    }


# --- comparing --------------------------------------------------------------------------------------------------------


def same(left, right):
    if left == right:
        return True
    try:
        return Decimal(str(left)) == Decimal(str(right))
    except (InvalidOperation, TypeError):
        return False


def differences(what, left_name, left, right_name, right):
    """Sentences, one per fact that both tell and tell differently."""
    return [
        f"{what}: {name} is {left[name]} for {left_name} and {right[name]} for {right_name}"
        for name in left
        if name in right and not same(left[name], right[name])
    ]


def set_differences(what, key, left_name, left, right_name, right):
    """Two lists of facts that should hold the same things, told apart by the facts named in `key`."""

    def keyed(facts):
        return {tuple(fact[name] for name in key): fact for fact in facts}

    lefts, rights = keyed(left), keyed(right)
    found = [f"{what} {'/'.join(k)}: {left_name} has it and {right_name} has not" for k in lefts.keys() - rights.keys()]
    found += [
        f"{what} {'/'.join(k)}: {right_name} has it and {left_name} has not" for k in rights.keys() - lefts.keys()
    ]
    if len(lefts) != len(left) or len(rights) != len(right):
        found.append(f"{what}: one of them is told twice ({left_name} {len(left)}, {right_name} {len(right)})")
    for k in sorted(lefts.keys() & rights.keys()):
        found += differences(f"{what} {'/'.join(k)}", left_name, lefts[k], right_name, rights[k])
    return found


def shared(left, right):
    """How many facts both tell: what was compared."""
    return sum(name in right for name in left)
