"""alpaca-py, the official SDK: TradingClient and TradingStream, StockHistoricalDataClient, and StockDataStream, which talks
MessagePack. Its models are strict; what they make of an answer is compared."""

import logging
import threading
import time
from importlib.metadata import version

from alpaca_session import (SHARES, Client, Refused, balances_of_answers, compare, fill_of_answer, main, order_of_answer,
                            quote_of_answer, trade_of_answer)

from alpaca.common.exceptions import APIError
from alpaca.data.enums import DataFeed
from alpaca.data.historical import CryptoHistoricalDataClient, StockHistoricalDataClient
from alpaca.data.live import StockDataStream
from alpaca.data.requests import (CryptoLatestOrderbookRequest, StockBarsRequest, StockLatestQuoteRequest,
                                  StockSnapshotRequest, StockTradesRequest)
from alpaca.data.timeframe import TimeFrame
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import AssetClass, OrderClass, OrderSide, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (GetAssetsRequest, GetCalendarRequest, GetOrdersRequest, LimitOrderRequest,
                                     MarketOrderRequest, ReplaceOrderRequest, StopLimitOrderRequest, StopLossRequest,
                                     TakeProfitRequest, TrailingStopOrderRequest)
from alpaca.trading.stream import TradingStream


def order_of_model(order):
    return order_of_answer(order.model_dump(mode="json"))


def quote_of_model(quote):
    return quote_of_answer({"bp": quote.bid_price, "bs": quote.bid_size, "ap": quote.ask_price, "as": quote.ask_size})


def trade_of_model(trade):
    return trade_of_answer({"i": trade.id, "p": trade.price, "s": trade.size})


class Complaints(logging.Handler):
    """It only logs what goes wrong on its streams."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.texts = []

    def emit(self, record):
        self.texts.append(record.getMessage())


class AlpacaPy(Client):
    name = "alpaca-py"
    version = version("alpaca-py")
    channels = ("trades", "quote")

    def __init__(self, venue):
        super().__init__(venue)
        base = f"https://{venue.host}"
        keys = (venue.api_key, venue.secret)
        self.trading = TradingClient(*keys, url_override=base)
        self.stocks = StockHistoricalDataClient(*keys, url_override=base)
        self.coins = CryptoHistoricalDataClient(url_override=base)
        self.updates = TradingStream(*keys, url_override=f"wss://{venue.host}/stream")
        self.data = StockDataStream(*keys, feed=DataFeed.IEX, url_override=f"wss://{venue.host}/v2/iex")
        self.complaints = Complaints()
        logging.getLogger("alpaca").addHandler(self.complaints)
        self.threads = []

    def call(self, verb, *arguments, **more):
        try:
            return getattr(self.trading, verb)(*arguments, **more)
        except APIError as error:
            raise Refused(str(error)) from error

    def place(self, client_order_id, side, type, qty=None, price=None, stop_price=None, notional=None,
              time_in_force=None, order_class=None, take_profit=None, stop_loss=None, trail_percent=None,
              extended_hours=None):
        # By money only for a day.
        time_in_force = time_in_force or ("day" if notional or type == "market" else "gtc")
        more = compare.told(symbol=SHARES.symbol, side=OrderSide(side.lower()), client_order_id=client_order_id,
                            qty=float(qty) if qty else None, notional=float(notional) if notional else None,
                            time_in_force=TimeInForce(time_in_force), extended_hours=extended_hours,
                            limit_price=float(price) if price else None,
                            stop_price=float(stop_price) if stop_price else None,
                            trail_percent=float(trail_percent) if trail_percent else None)
        if order_class:
            more.update(order_class=OrderClass(order_class), take_profit=TakeProfitRequest(limit_price=float(take_profit)),
                        stop_loss=StopLossRequest(stop_price=float(stop_loss)))
        kind = {"market": MarketOrderRequest, "limit": LimitOrderRequest, "stop_limit": StopLimitOrderRequest,
                "trailing_stop": TrailingStopOrderRequest}[type]
        return order_of_model(self.call("submit_order", kind(**more)))

    def replace(self, order_id, client_order_id, side, qty, price):
        change = compare.told(qty=int(qty) if qty else None, limit_price=float(price), client_order_id=client_order_id)
        return order_of_model(self.call("replace_order_by_id", order_id, ReplaceOrderRequest(**change)))

    def cancel(self, order_id):
        self.call("cancel_order_by_id", order_id)

    def query(self, order_id):
        order = order_of_model(self.call("get_order_by_id", order_id))
        same = order_of_model(self.call("get_order_by_client_id", order["client_order_id"]))
        assert order == same, f"{order} by its id is {same} by its name"
        return order

    def orders(self, status):
        """In pages of five, from the oldest on."""
        found, after = [], None
        while True:
            page = self.call("get_orders", GetOrdersRequest(status=QueryOrderStatus(status), limit=5, after=after,
                                                            direction="asc", symbols=[SHARES.symbol]))
            found += map(order_of_model, page)
            if len(page) < 5:
                return found
            after = page[-1].submitted_at

    def fills(self):
        """In pages of five, from the newest on."""
        found, token = [], None
        while True:
            more = {"page_token": token} if token else {}
            page = self.trading.get("/account/activities/FILL", {"page_size": 5, **more})
            found += [fill_of_answer(body) for body in page if body["symbol"] == SHARES.symbol]
            if len(page) < 5:
                return found
            token = page[-1]["id"]

    def balances(self):
        positions = [position.model_dump(mode="json") for position in self.call("get_all_positions")]
        one = self.call("get_open_position", "AAPL").model_dump(mode="json")
        assert one in positions, f"{one} is not among {positions}"
        return balances_of_answers(self.call("get_account").model_dump(mode="json"), positions)

    def check_rules(self, session):
        share = self.call("get_asset", SHARES.symbol)
        session.check("the share is tradable and can be divided", share.tradable and share.fractionable)
        shares = self.call("get_all_assets", GetAssetsRequest(asset_class=AssetClass.US_EQUITY))
        session.check("it is in the list", share.id in [asset.id for asset in shares])
        coins = self.call("get_all_assets", GetAssetsRequest(asset_class=AssetClass.CRYPTO))
        session.check("coins have steps", all(asset.min_trade_increment > 0 for asset in coins))
        clock = self.call("get_clock")
        session.check("the market is open", clock.is_open and clock.next_close > clock.timestamp)
        days = self.call("get_calendar", GetCalendarRequest(start=clock.timestamp.date(), end=clock.timestamp.date()))
        session.check("today has hours", len(days) == 1 and days[0].open < days[0].close)
        books = self.coins.get_crypto_latest_orderbook(CryptoLatestOrderbookRequest(symbol_or_symbols="BTC/USD"))
        session.check("coins have a book", isinstance(books["BTC/USD"].bids, list))

    def quote(self):
        latest = self.stocks.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols=SHARES.symbol))
        snapshot = self.stocks.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols=SHARES.symbol))
        assert snapshot[SHARES.symbol].latest_quote == latest[SHARES.symbol], "the snapshot has another quote"
        return quote_of_model(latest[SHARES.symbol])

    def trades(self):
        found = self.stocks.get_stock_trades(StockTradesRequest(symbol_or_symbols=SHARES.symbol))
        return list(map(trade_of_model, found[SHARES.symbol]))

    def bars(self):
        found = self.stocks.get_stock_bars(StockBarsRequest(symbol_or_symbols=SHARES.symbol, timeframe=TimeFrame.Minute))
        return [bar.close for bar in found[SHARES.symbol]]

    def listen(self, heard):
        async def on_update(update):
            heard.take_update(update.model_dump(mode="json"))

        async def on_trade(trade):
            heard.trades[str(trade.id)] = trade_of_model(trade)

        async def on_quote(quote):
            heard.quote = quote_of_model(quote)

        self.updates.subscribe_trade_updates(on_update)
        self.data.subscribe_trades(on_trade, SHARES.symbol)
        self.data.subscribe_quotes(on_quote, SHARES.symbol)
        for stream in (self.updates, self.data):
            self.threads.append(threading.Thread(target=stream.run, daemon=True))
            self.threads[-1].start()
        end = time.monotonic() + 60
        while not (self.updates._running and self.data._running) and time.monotonic() < end:  # it tells nobody
            time.sleep(0.02)
        heard.is_listening = self.updates._running

    def close(self):
        for stream in (self.updates, self.data):
            stream.stop()
        for thread in self.threads:
            thread.join(10)
        if self.complaints.texts:
            raise RuntimeError(f"alpaca-py logged {self.complaints.texts}")


if __name__ == "__main__":
    main(AlpacaPy)
