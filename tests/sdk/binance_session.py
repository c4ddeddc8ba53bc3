"""The frame of a session on the Binance venue: see session.py. A session file brings an Sdk with its traders."""

import asyncio
import logging
import time
from decimal import Decimal as Number

import session
import wire
from session import compare
from stack import Stack
from trader import PAIR, SYMBOL, Heard, Refused

TICK = Number("0.01")
RULES = {"tick": "0.01", "step": "0.00001", "notional_min": "5"}
RATES = {"maker": "0.001", "taker": "0.001"}

REFUSALS = {
    "unknown order": (-2011, "Unknown order sent."),
    "no such order": (-2013, "Order does not exist."),
    "nothing replaced": (-2022, "Order cancel-replace failed."),
    "too little money": (-2010, "Account has insufficient balance for requested action."),
    "too small": (-1013, "Filter failure: NOTIONAL"),
    "a name in use": (-2010, "Duplicate order sent."),
    "a wrong secret": (-1022, "Signature for this request is not valid."),
}


class SdkStack(Stack):
    """The venue has one more customer, where the SDK brings a signer."""

    def __init__(self, name, signer, **more):
        super().__init__(name, **more)
        self.signer = signer

    def add(self, name, *command):
        if name == "venue" and self.signer:
            self.open_signer_account()
        return super().add(name, *command)

    def open_signer_account(self):
        public, credentials = self.folder / "signer.public.pem", self.folder / "signer.cred"
        public.write_text(self.signer.public)
        credentials.touch(mode=0o600)
        credentials.write_text(f"api_key = {self.signer.api_key}\npublic_key_file = {public}\n")
        with open(self.folder / "venue.toml", "a", encoding="utf-8") as config:
            config.write(f'[venue.accounts.signer]\ncredentials = "{credentials}"\n')


class Complaints(logging.Handler):
    """SDKs with typed answers only log it when one has another shape than they know."""

    WORDS = ("did not match", "Failed to parse", "Unknown user data", "unknown message", "Error in callback")

    def __init__(self):
        super().__init__(logging.WARNING)
        self.texts = []

    def emit(self, record):
        text = record.getMessage()
        if any(word in text for word in self.WORDS):
            self.texts.append(text)


class Session(session.Comparison):
    symbol = SYMBOL
    id_within = ["symbol"]
    fill = "trade"

    def __init__(self, stack, sdk):
        super().__init__(stack, sdk.name, sdk.version)
        self.sdk, self.venue = sdk, stack.venue
        self.lists = []  # that were opened, and are done

    def check_order(self, what, trader, order):
        book = [compare.order_of_book(e) for e in self.venue.orders(trader.account)]
        found = [e for e in book if (e["symbol"], e["order_id"]) == (order["symbol"], order["order_id"])]
        if len(found) != 1:
            return self.note([f"{what}: {trader.name}'s order {order['order_id']} is {len(found)} times in the book"])
        self.check_facts(f"{what}, order {order['order_id']}", order, found[0], trader.name)

    async def expect(self, what, refusal, trader, call):
        code, text = REFUSALS[refusal]
        try:
            await call
        except Refused as refused:
            said = compare.told(code=refused.code, text=refused.text)
            self.check_facts(f"{what} is refused", said, {"code": code, "text": text}, trader.name)
            return self.check(f"{what}: {trader.name} raises the right error, not {type(refused.__cause__).__name__}",
                              trader.names_well(refusal, refused.__cause__))
        self.note([f"{what}: {trader.name} has no error at all"])

    async def until(self, compared, seconds_min=0):
        """Streams and journal hear of it a moment later: asks until there is no difference, then notes what is left."""
        patience = 60 if not self.differences else 3 if len(self.differences) < 20 else 0
        end = time.monotonic() + max(patience, seconds_min)
        while True:
            found, count = compared()
            if not found or time.monotonic() > end:
                return self.note(found, count)
            await asyncio.sleep(0.1)

    # Comparing everything.
    async def check_all(self, trader, with_journal=True):
        book = self.venue.book(trader.account)
        theirs = [compare.order_of_book(e) for e in book["orders"] if e["symbol"] == SYMBOL]
        their_trades = [compare.trade_of_book(e) for e in book["trades"] if e["symbol"] == SYMBOL]
        orders, trades = await trader.orders(), await trader.trades()
        key = ["symbol", "order_id"]
        self.check_set("order", key, orders, theirs, trader.name)
        for status, ours in (("open", await trader.open_orders()), ("closed", await trader.closed_orders())):
            self.check_set(f"{status} order", key, ours, [o for o in theirs if o["unified_status"] == status], trader.name)
        self.check_set("trade", ["symbol", "trade_id"], trades, their_trades, trader.name)
        is_busbars = trader.account == "main"
        if is_busbars and with_journal:
            told = (trader.name, orders, trades), ("the venue", theirs, their_trades)
            await self.until(lambda: self.journal_differences(*told))
        balances = compare.balances_of_book(book["accounts"][0])
        self.check_balances(await trader.balances(), balances, trader.name)
        if is_busbars:
            self.check_balances(compare.balances_of_busbar(self.ask_busbar("Balances")), balances, "Busbar")

    def levels_of_venue(self, limit):
        return self.levels(self.venue.book("main"), limit)

    async def check_market(self, trader):
        """The market as anybody sees it. It stands still, so there is one right answer; Busbar is asked as well."""
        book, last = self.levels_of_venue(5)
        bid, ask = self.venue.best(SYMBOL)
        trades = await trader.public_trades()
        self.note(*self.public_trades_differences(trader, trades))
        day = {"last": last, "bid": bid, "ask": ask}
        if trades:
            prices, volume = [Number(trade["price"]) for trade in trades], sum(Number(trade["qty"]) for trade in trades)
            day.update(open=prices[0], high=max(prices), low=min(prices), volume=volume)
            money = sum(Number(trade["price"]) * Number(trade["qty"]) for trade in trades)
            average = (money / volume).quantize(Number("1e-8"))  # of the last five minutes: there was nothing before
            self.check_facts("averages", await trader.averages(), {"last": last, "average": average, "volume": volume},
                             trader.name)
        for who, told in ((trader.name, await self.market_of(trader)), ("Busbar", self.market_of_busbar())):
            self.check_facts("book", told["book"], book, who)
            self.check_facts("quote", told["quote"], {side: rows[0] for side, rows in book.items()}, who)
            self.check_facts("ticker", told["ticker"], day, who)
            if trades:
                bars = told["bars"]
                sums = {"close": bars[-1]["close"], "volume": sum(Number(bar["volume"]) for bar in bars)}
                self.check_facts("bars", sums, {"close": last, "volume": volume}, who)

    async def market_of(self, trader):
        return {"book": await trader.book(5), "quote": await trader.quote(), "ticker": await trader.ticker(),
                "bars": await trader.bars()}

    def market_of_busbar(self):
        book, quote, ticker = (self.ask_busbar(kind)[0] for kind in ("Book", "Quote", "Ticker"))
        return {
            "book": {side: compare.levels((level["price"], level["qty"]) for level in book[side][:5])
                     for side in ("bids", "asks")},
            "quote": compare.quote(*(quote[name] for name in ("bid_px", "bid_qty", "ask_px", "ask_qty"))),
            "ticker": {"volume": ticker["volume"],
                       **{name: ticker[name + "_px"] for name in ("last", "open", "high", "low")}},
            "bars": self.ask_busbar("Bars"),
        }

    def ask_busbar(self, kind):
        answer = self.req.ask("Query", kind=kind, account="main", symbol=PAIR, bar_interval_ms=60_000)
        if answer["error"] != "None_":
            raise Refused(answer["error"], f"Busbar, asked for {kind}: {answer['text']}")
        return answer[kind.lower().rstrip("s") + "s"]

    def public_trades_differences(self, trader, told, before=frozenset()):
        """The account's trades, as everybody was told of them. Returns differences and how many facts there were."""
        by_id = {trade["trade_id"]: trade for trade in told}
        found, count = [], 0
        for entry in self.venue.trades(trader.account):
            trade = compare.public_trade_of_book(entry)
            if entry["symbol"] != SYMBOL or trade["trade_id"] in before:
                continue
            count += len(trade)
            if trade["trade_id"] in by_id:
                found += compare.differences(f"public trade {trade['trade_id']}", trader.name,
                                             by_id[trade["trade_id"]], "the venue", trade)
            else:
                found.append(f"public trade {trade['trade_id']}: the venue has it and {trader.name} has not")
        return found, count

    # The conversation.
    def run(self):
        asyncio.run(self.converse())

    async def converse(self):
        complaints = Complaints()
        logging.getLogger().addHandler(complaints)
        traders = await self.sdk.open(self.stack)
        try:
            for trader in traders:
                await self.trade(trader)
            await self.expect("a stranger", "a wrong secret", *await self.ask_as_stranger())
            await self.busbar_trades(traders)
            for trader in traders:
                if trader.is_followed:
                    await self.follow(trader)
            for trader in traders:
                await self.check_all(trader)
                await self.go(trader, self.check_market)
        finally:
            await self.sdk.close()
        self.note([f"{self.sdk.name} complains: {text}" for text in dict.fromkeys(complaints.texts)])

    async def ask_as_stranger(self):
        stranger = await self.sdk.stranger()
        return stranger, stranger.balances()

    def price(self, factor):
        """A price so far from the best bid, on the grid of ticks."""
        return str((self.venue.best(SYMBOL)[0] * Number(factor)).quantize(TICK))

    async def trade(self, trader):
        rules = await trader.rules()
        self.check("four markets", sorted(rules) == ["BNBUSDT", "BTCUSDT", "ETHUSDT", "LTCUSDT"])
        self.check_facts("rules", rules[SYMBOL], RULES, trader.name)
        self.check_facts("rates", await trader.rates(), RATES, trader.name)
        await self.go(trader, self.check_market, self.place_and_cancel, self.replace, self.amend, self.place_all_kinds,
                      self.hide, self.be_refused, self.link, self.chain, self.cancel_all)
        await self.check_all(trader)
        await self.go(trader, self.check_market)

    async def go(self, trader, *steps):
        """A no where there should be a yes is a difference too, and the next step may still be gone."""
        for step in steps:
            try:
                await step(trader)
            except Refused as refused:
                self.note([f"{trader.name}, {step.__name__}: refused with {refused.code} {refused.text}"])

    async def place_and_cancel(self, trader):
        price = str(self.venue.best(SYMBOL)[0] + TICK)
        placed = await trader.place("BUY", "LIMIT", "0.01", price)
        self.check_order("placed", trader, placed)
        self.check_order("queried", trader, await trader.query(placed["order_id"]))
        self.venue.trade("SELL", "0.004", price, time_in_force="IOC")
        partial = await trader.query(placed["order_id"])
        self.check("filled in part", compare.same(partial["executed"], "0.004"))
        self.check_order("filled in part", trader, partial)
        await self.check_all(trader, with_journal=False)
        self.check_order("canceled", trader, await trader.cancel(placed["order_id"]))
        self.check_order("queried after the cancel", trader, await trader.query(placed["order_id"]))
        await self.expect("another cancel", "unknown order", trader, trader.cancel(placed["order_id"]))

    async def replace(self, trader):
        placed = await trader.place("BUY", "LIMIT", "0.01", self.price("0.97"))
        replaced = await trader.replace(placed, "0.02", self.price("0.98"))
        self.check_order("its replacement", trader, replaced)
        self.check_order("replaced", trader, await trader.query(placed["order_id"]))
        self.check("replaced is canceled", (await trader.query(placed["order_id"]))["status"] == "CANCELED")
        await self.expect("replacing what is gone", "nothing replaced", trader,
                          trader.replace(placed, "0.02", self.price("0.98")))
        first = await trader.place("BUY", "LIMIT", "0.01", str(self.venue.best(SYMBOL)[0] + TICK))
        self.venue.trade("SELL", "0.004", first["price"], time_in_force="IOC")
        rest = await trader.replace(first, "0.006", self.price("0.99"))
        self.check_order("filled in part and replaced", trader, await trader.query(first["order_id"]))
        self.check_order("the rest elsewhere", trader, await trader.query(rest["order_id"]))
        await self.check_all(trader, with_journal=False)
        await trader.cancel_all()

    async def amend(self, trader):
        if not trader.can_amend:
            return
        placed = await trader.place("BUY", "LIMIT", "0.02", self.price("0.97"))
        self.check_order("amended", trader, await trader.amend(placed["order_id"], "0.015"))
        amended = await trader.query(placed["order_id"])
        self.check("less than before", compare.same(amended["qty"], "0.015"))
        self.check_order("queried after the amendment", trader, amended)
        self.check("one amendment is on record", await trader.amendments(placed["order_id"]) == [("0.02", "0.015")])
        self.check_order("amended and canceled", trader, await trader.cancel(placed["order_id"]))

    async def place_all_kinds(self, trader):
        await trader.test("BUY", "LIMIT", "0.01", self.price("0.9"))
        bought = await trader.place("BUY", "MARKET", "0.1")
        self.check_order("bought at the market", trader, bought)
        self.check_order("queried", trader, await trader.query(bought["order_id"]))
        sold = await trader.place("SELL", "MARKET", "0.02")
        self.check_order("sold at the market", trader, await trader.query(sold["order_id"]))
        expired = await trader.place("BUY", "LIMIT", "0.01", self.price("0.9"), time_in_force="IOC")
        self.check_order("immediate or cancel that finds nothing", trader, expired)
        post_only = await trader.place("SELL", "LIMIT_MAKER", "0.01", self.price("1.1"), client_order_id="post-only-1")
        self.check_order("post only", trader, await trader.query(post_only["order_id"]))
        self.check_order("asked for by its name", trader, await trader.query_by_name("post-only-1"))
        stop = await trader.place("SELL", "STOP_LOSS_LIMIT", "0.01", self.price("0.8"), stop_price=self.price("0.9"))
        self.check_order("stop limit", trader, await trader.query(stop["order_id"]))
        await self.check_all(trader)

    async def hide(self, trader):
        if not trader.can_hide:
            return
        iceberg = await trader.place_iceberg("SELL", "0.02", "0.005", self.price("1.1"))
        self.check_order("mostly hidden", trader, await trader.query(iceberg["order_id"]))
        trailing = await trader.place_trailing("SELL", "0.01", self.price("0.8"), 500)
        self.check_order("trailing", trader, await trader.query(trailing["order_id"]))

    async def cancel_all(self, trader):
        await trader.cancel_all()

    async def be_refused(self, trader):
        low = self.price("0.9")
        await self.expect("more than there is", "too little money", trader, trader.place("BUY", "LIMIT", "100", low))
        await self.expect("next to nothing", "too small", trader, trader.place("BUY", "LIMIT", "0.00001", low))
        await self.expect("a second order of that name", "a name in use", trader,
                          trader.place("BUY", "LIMIT", "0.01", low, client_order_id="post-only-1"))
        await self.expect("a query for what never was", "no such order", trader, trader.query("1"))

    async def link(self, trader):
        if not trader.can_link:
            return
        await self.check_list(trader, *await trader.link("SELL", "0.01", self.price("1.1"), self.price("0.8"),
                                                         self.price("0.9")))

    async def chain(self, trader):
        if not trader.can_link:
            return
        await self.check_list(trader, *await trader.chain("0.01", self.price("0.9"), self.price("1.1")))

    async def check_list(self, trader, list_id, orders):
        self.check("two orders in the list", len(orders) == 2)
        for order in orders:
            self.check_order("in a list", trader, order)
        self.lists.append(list_id)
        ids = sorted(order["order_id"] for order in orders)
        self.check("the list executes", await trader.list_status(list_id) == ("EXECUTING", ids))
        self.check("the list is open", await trader.open_lists() == [list_id])
        await self.check_all(trader)
        for order in await trader.unlink(list_id):
            self.check_order("canceled with its list", trader, order)
        self.check("the list is done", await trader.list_status(list_id) == ("ALL_DONE", ids))
        self.check("no list is open", await trader.open_lists() == [])

    async def busbar_trades(self, traders):
        """Orders of Busbar's on the same account: what the SDK says of them is compared like its own."""
        req = self.req
        price = self.venue.best(SYMBOL)[0] + 2 * TICK
        rests = req.ask("NewOrder", **wire.new_order("J1", "Buy", "0.02", price=str(price)))
        bought = req.ask("NewOrder", **wire.new_order("J2", "Buy", "0.03"))
        self.check("both were taken", rests["order_status"] == bought["order_status"] == "PendingNew")
        self.wait_for(J1="New", J2="Filled")
        self.venue.trade("SELL", "0.004", price, time_in_force="IOC")
        self.wait_for(J1="PartiallyFilled")
        for trader in traders:
            await self.check_all(trader)
        req.ask("ReplaceOrder", client_order_id="J3", orig_client_order_id="J1", order_qty=Number("0.015"),
                price=price - TICK)
        self.wait_for(J3="PartiallyFilled")
        for trader in traders:
            await self.check_all(trader)
        req.ask("CancelOrder", client_order_id="J4", orig_client_order_id="J3")
        req.ask("NewOrder", **wire.new_order("J5", "Buy", "0.02", price=self.price("0.9")))
        self.wait_for(J3="Canceled", J5="New")
        req.ask("CancelAll", client_order_id="J6", account="main")
        self.wait_for(J5="Canceled")

    # Streams.
    async def follow(self, trader):
        heard = Heard()
        async with self.sdk.streams(heard, trader):
            await self.be_heard(trader, heard)
            before = self.venue.book(trader.account)
            old_orders = {str(e["order_id"]) for e in before["orders"]}
            old_trades = {str(e["trade_id"]) for e in before["trades"]}
            old_lists = len(self.lists)
            await self.go(trader, self.place_and_cancel, self.replace, self.amend, self.link, self.chain)
            sold = await trader.place("SELL", "MARKET", "0.05")
            self.check_order("sold at the market", trader, await trader.query(sold["order_id"]))
            if trader.account == "main":
                self.req.ask("NewOrder", **wire.new_order("J7", "Buy", "0.02"))
                self.wait_for(J7="Filled")
            self.venue.control_call("POST", "/market", step=50)
            await self.until(lambda: self.orders_heard(heard, trader, old_orders, old_trades), seconds_min=2)
            await self.until(lambda: self.lists_heard(heard, self.lists[old_lists:]))
            await self.until(lambda: self.public_trades_differences(trader, heard.public_trades, old_trades))
            await self.until(lambda: self.market_heard(heard))

    async def be_heard(self, trader, heard):
        """Something happens on every stream until each has said something: from outside nobody sees when they begin."""
        end = time.monotonic() + 60
        while heard.silent() and time.monotonic() < end:
            placed = await trader.place("BUY", "LIMIT", "0.001", str(self.venue.best(SYMBOL)[0] + TICK))
            self.venue.trade("SELL", "0.001", placed["price"], time_in_force="IOC")
            await asyncio.sleep(0.3)
        self.note([f"nothing was heard of {what}" for what in heard.silent()], len(vars(heard)))

    def orders_heard(self, heard, trader, old_orders, old_trades):
        book = self.venue.book(trader.account)
        last = {order["order_id"]: order for order in heard.orders if order["order_id"] not in old_orders}
        theirs = [compare.order_of_book(e) for e in book["orders"]]
        ours = list(last.values())
        found = compare.set_differences("order heard of", ["symbol", "order_id"], self.sdk.name, ours, "the venue",
                                        [order for order in theirs if order["order_id"] not in old_orders])
        trades = [trade for trade in heard.trades if trade["trade_id"] not in old_trades]
        theirs = [compare.trade_of_book(e) for e in book["trades"]]
        found += compare.set_differences("fill heard of", ["symbol", "trade_id"], self.sdk.name, trades, "the venue",
                                         [trade for trade in theirs if trade["trade_id"] not in old_trades])
        balances = compare.balances_of_book(book["accounts"][0])
        for asset, balance in heard.balances.items():
            found += compare.differences(f"balance {asset} heard of", self.sdk.name, balance, "the venue",
                                         balances[asset])
        return found, sum(map(len, ours)) + sum(map(len, trades)) + 2 * len(heard.balances)

    def lists_heard(self, heard, lists):
        missing = [f"list {one}: nothing was heard of it" for one in lists if one not in heard.lists]
        done = {one: "ALL_DONE" for one in lists}
        return missing + compare.differences("list heard of", self.sdk.name, heard.lists, "the venue", done), len(lists)

    def market_heard(self, heard):
        book, last = self.levels_of_venue(5)
        bid, ask = self.venue.best(SYMBOL)
        pairs = [("book heard of", {side: rows[:5] for side, rows in heard.book.items()}, book),
                 ("quote heard of", heard.quote, {side: rows[0] for side, rows in book.items()}),
                 ("ticker heard of", heard.ticker, {"last": last, "bid": bid, "ask": ask}),
                 ("bar heard of", heard.bar, {"close": last})]
        return ([text for what, ours, theirs in pairs
                 for text in compare.differences(what, self.sdk.name, ours, "the venue", theirs)],
                sum(compare.shared(ours, theirs) for _, ours, theirs in pairs))


def main(sdk):
    session.main(sdk.name, lambda stack: Session(stack, sdk), SdkStack, sdk.name, sdk.signer)
