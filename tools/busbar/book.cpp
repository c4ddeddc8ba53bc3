// busbar book SYMBOL: the order book, asked at the broker now; busbar ticker SYMBOL: its last 24 hours.
#include <algorithm>
#include <cstdio>

#include <boost/json/serialize.hpp>

#include "tools/busbar/client.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/orders.hpp"
#include "tools/busbar/table.hpp"

namespace busbar::tool {

namespace {

struct BookOptions {
  std::string symbol, account;
  std::uint32_t depth = 10;
};

Asked ask(Tool& tool, QueryKind kind, const BookOptions& options) {
  Query query{.kind = kind};
  query.symbol = cut<32>(options.symbol);
  return ask_of_account(tool, options.account, query);
}

Exit show_book(Tool& tool, const BookOptions& options) {
  Asked asked = ask(tool, QueryKind::Book, options);
  if (!asked.answer) return asked.exit;
  if (asked.answer->books.empty()) return fail(Exit::No, "the broker has no book for " + options.symbol);
  Book& book = asked.answer->books.front();
  const auto shorten = [&](std::vector<BookLevel>& levels) {
    if (levels.size() > options.depth) levels.resize(options.depth);
  };
  shorten(book.bids);
  shorten(book.asks);
  if (tool.json) {
    std::puts(json::serialize(to_json(book)).c_str());
    return Exit::Ok;
  }
  Table table{{{"BID QTY", true}, {"BID", true}, {"ASK", true}, {"ASK QTY", true}}};
  for (std::size_t i = 0; i < std::max(book.bids.size(), book.asks.size()); ++i) {
    const bool has_bid = i < book.bids.size();
    const bool has_ask = i < book.asks.size();
    table.add({has_bid ? to_string(book.bids[i].qty) : "", has_bid ? to_string(book.bids[i].price) : "",
               has_ask ? to_string(book.asks[i].price) : "", has_ask ? to_string(book.asks[i].qty) : ""});
  }
  std::fputs(table.text().c_str(), stdout);
  return Exit::Ok;
}

Exit show_ticker(Tool& tool, const BookOptions& options) {
  const Asked asked = ask(tool, QueryKind::Ticker, options);
  if (!asked.answer) return asked.exit;
  Table table{{{"SYMBOL"}, {"OPEN", true}, {"HIGH", true}, {"LOW", true}, {"LAST", true}, {"VOLUME", true},
               {"QUOTE VOLUME", true}}};
  for (const Ticker& ticker : asked.answer->tickers) {
    if (tool.json) std::puts(json::serialize(to_json(ticker)).c_str());
    table.add({std::string{view(ticker.symbol)}, cell(ticker.open_px), cell(ticker.high_px), cell(ticker.low_px),
               cell(ticker.last_px), cell(ticker.volume), cell(ticker.quote_volume)});
  }
  if (!tool.json) std::fputs(table.text().c_str(), stdout);
  return Exit::Ok;
}

}  // namespace

void add_book(const Subcommand& app, Tool& tool) {
  auto options = std::make_shared<BookOptions>();
  const Subcommand command = app.subcommand("book", "Show the order book, asked at the broker now");
  command.option("SYMBOL", options->symbol, "BTC/USDT").required();
  command.option("--depth", options->depth, "Levels of each side");
  command.option("--account", options->account, "At whose broker; needed when there are several accounts");
  command.run([options, &tool] { tool.action = [options, &tool] { return show_book(tool, *options); }; });
}

void add_ticker(const Subcommand& app, Tool& tool) {
  auto options = std::make_shared<BookOptions>();
  const Subcommand command = app.subcommand("ticker", "Show the last 24 hours, asked at the broker now");
  command.option("SYMBOL", options->symbol, "BTC/USDT").required();
  command.option("--account", options->account, "At whose broker; needed when there are several accounts");
  command.run([options, &tool] { tool.action = [options, &tool] { return show_ticker(tool, *options); }; });
}

}  // namespace busbar::tool
