"""One order, trade or balance as several parties tell it, reduced to plain facts and compared field by field.

A fact is a text. Amounts are compared by value, so "0.10000000" and "0.1" agree and "0.1" and "0.11" do not; a fact that
a party does not tell is left out and compared with nobody.
"""

from decimal import Decimal, InvalidOperation

CCXT_STATUS = {
    "NEW": "open",
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


def told(**facts):
    return {name: value for name, value in facts.items() if value is not None}


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
        qty=amount(entry["qty"]),
        executed=amount(entry["executed"]),
        cum_quote=amount(entry["cum_quote"]),
        status=entry["status"],
        unified_status=CCXT_STATUS[entry["status"]],
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
    )


def balances_of_book(entry):
    return {asset: {"free": amount(b["free"]), "locked": amount(b["locked"])} for asset, b in entry["balances"].items()}


# --- what Busbar's journal says: the execution reports it published, the last of each order and one of each fill ---------

JOURNAL_STATUS = {
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
        and record["message"]["destination"] == "DropCopy"
        and record["message"]["message"]["type"] == "ExecutionReport"
    ]


def orders_of_journal(journal):
    last = {}
    for report in published(journal):
        if report.get("broker_order_id"):
            last[report["symbol"], report["broker_order_id"]] = report
    return [
        told(
            symbol=report["symbol"].replace("/", ""),
            order_id=report["broker_order_id"],
            client_order_id=report["venue_order_id"],
            side=report["side"].upper(),
            price=amount(report["price"]) if "price" in report else None,
            qty=amount(report["order_qty"]) if "order_qty" in report else None,
            executed=amount(report.get("cum_qty", "0")),
            unified_status=JOURNAL_STATUS[report["order_status"]],
        )
        for report in last.values()
    ]


def trades_of_journal(journal):
    return [
        told(
            symbol=report["symbol"].replace("/", ""),
            trade_id=report["trade_id"].rpartition(":")[2],
            order_id=report["broker_order_id"],
            side=report["side"].upper(),
            price=amount(report["last_px"]),
            qty=amount(report["last_qty"]),
            commission=amount(report["commission"]),
            commission_asset=report["commission_asset"],
            is_maker=str(report["liquidity"] == "Maker"),
        )
        for report in published(journal)
        if report["exec_type"] == "Trade"
    ]


# --- what ccxt says: its unified order, and the venue's answer that it carries along ----------------------------------


def order_of_ccxt(order):
    info = order["info"]
    is_priced = (order["type"] or "").startswith("limit")
    return told(
        symbol=info["symbol"],
        order_id=order["id"],
        client_order_id=info.get("origClientOrderId") or order["clientOrderId"],
        side=order["side"].upper(),
        type=info["type"],
        time_in_force=info["timeInForce"],
        price=amount(order["price"]) if is_priced else amount(info["price"]),
        qty=amount(order["amount"]),
        executed=amount(order["filled"]),
        cum_quote=amount(order["cost"]),
        status=info["status"],
        unified_status=order["status"],
    )


def trade_of_ccxt(trade):
    return told(
        symbol=trade["info"]["symbol"],
        trade_id=trade["id"],
        order_id=trade["order"],
        side=trade["side"].upper(),
        price=amount(trade["price"]),
        qty=amount(trade["amount"]),
        quote=amount(trade["cost"]),
        commission=amount(trade["fee"]["cost"]),
        commission_asset=trade["fee"]["currency"],
        is_maker=str(trade["takerOrMaker"] == "maker"),
    )


def balances_of_ccxt(balance):
    return {
        asset: {"free": amount(balance["free"][asset]), "locked": amount(balance["used"][asset])}
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
