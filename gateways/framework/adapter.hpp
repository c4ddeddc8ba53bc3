#pragma once
// One account at one broker, seen from the bus: the trade's verbs as coroutines, by value, for the caller may be gone
// on resume. The framework (gateway.cpp) owns everything that brokers have in common: the link to the router, held
// reports, resend-means-ask, probing of orders in doubt, reconciliation, the wire tape. An adapter owns what is one
// broker's.

#include <cstdint>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "bus/messages.hpp"

namespace busbar::gateway {

namespace asio = boost::asio;

// What an adapter tells between questions. Called on the loop's thread; never blocks.
class Events {
 public:
  virtual ~Events() = default;
  virtual void on_report(VenueReport report) = 0;  // report_number, incarnation, account and receive time are filled in
  virtual void on_quote(Quote quote) = 0;          // sequence, incarnation and source (the account) are filled in
  virtual void on_trade(Trade trade) = 0;
  virtual void on_bar(Bar bar) = 0;
  virtual void on_book(Book book) = 0;             // whole, as far as it is told at all
  virtual void on_ticker(Ticker ticker) = 0;
  virtual void on_usage(RateUsage usage) = 0;      // blocked_until_ns by our wall clock; it is turned into router time
  virtual void on_instruments(std::vector<Instrument> instruments) = 0;  // the whole list, at connect and refresh
  // Of the markets that instruments name: all of them, for some days ahead, before the list itself and whenever they change.
  virtual void on_market_hours(std::vector<MarketHours> markets) = 0;
  enum class Part { Rest, OrderStream, MarketData, Login };  // what is told about the last is why the others may not work
  // The deadline of an Ok is that by which it renews itself; that of ExpiresAt is its end, 0 for any moment: tell it as soon as
  // renewing fails or nothing renews it, for orders that may outlive the session are judged by it.
  virtual void on_state(Part part, SessionStateKind state, std::string reason, Timestamp deadline_ns = 0) = 0;
  virtual void on_clock_offset(std::int64_t broker_minus_ours_ns) = 0;
  // The order stream is (back) up: events between are missing, so orders and fills are compared now.
  virtual void on_order_stream_up() = 0;
};

// A command's expiry is in the broker's time here, as broker_time_ns() tells it: after that nothing of it is written any more.
// The answer to a command: facts in the order they happened. The last one closes the command (any event but Sent).
// No answer from the broker is one fact: VenueEvent::Unknown, with request_time_ns.
using Facts = std::vector<VenueReport>;

// What shows who we are, where it is no key and no login of OAuth 2.0.
enum class Proof { None, Consumer };  // a program on this host has logged in; OAuth 1.0a

class Adapter {
 public:
  virtual ~Adapter() = default;
  virtual bool takes(Proof) const { return false; }

  virtual const Capabilities& capabilities() const = 0;
  virtual std::vector<RateLimit> rate_limits() const = 0;  // known after connect()
  virtual std::vector<RateCost> rate_costs() const = 0;

  // Loads instruments, measures the clock, proves the credentials with a private call, opens the order stream.
  // After success it keeps its streams up by itself until disconnect().
  virtual asio::awaitable<Result<void>> connect() = 0;
  virtual asio::awaitable<void> disconnect() = 0;
  virtual bool is_connected() const = 0;

  // Brokers with logins answer these; others say Unsupported. A login begins with an address for a person's browser, which
  // comes back to `redirect_uri`, and ends with the address that it came with. None of these three is asked twice.
  // After revoke_token() there is none, at the broker nor in the vault; an error leaves what there is, to be asked again.
  virtual Result<std::string> auth_url(std::string redirect_uri);
  virtual asio::awaitable<Result<void>> handle_callback(std::string url);
  virtual asio::awaitable<Result<void>> refresh_token();
  virtual asio::awaitable<Result<void>> revoke_token();

  virtual asio::awaitable<Result<std::vector<AccountInfo>>> accounts() = 0;
  virtual asio::awaitable<Result<std::vector<Balance>>> balances() = 0;
  virtual asio::awaitable<Result<std::vector<Position>>> positions() = 0;

  virtual asio::awaitable<Facts> place(PlaceCommand command) = 0;
  // Orders that the broker ties to each other: the facts of all of them, each with the command_id of its command.
  virtual asio::awaitable<Facts> place_list(PlaceListCommand list);
  // A send_time_ns that is not 0: the order did not exist before, by the broker's clock.
  virtual asio::awaitable<Facts> cancel(CancelCommand command) = 0;
  virtual asio::awaitable<Facts> replace(ReplaceCommand command) = 0;
  // A replace that another life of the gateway may have sent. What became of it order_status() is asked, which gets its command
  // alone; where the broker changes an order in place, and it keeps its names, only what was to change tells whether it was done.
  virtual void recall(const ReplaceCommand&) {}
  // Where does the order stand? State, preceded by its fills; or NotFound. An error is "could not ask", never "not
  // found", which speaks of its transact_time_ns. And of send_time_ns as above.
  virtual asio::awaitable<Result<Facts>> order_status(Command command) = 0;
  // Every open order as State, with broker and venue ids.
  virtual asio::awaitable<Result<Facts>> orders() = 0;
  // Fills since (and including) a time, of the symbols given, as Fill.
  virtual asio::awaitable<Result<Facts>> trades(std::vector<Symbol> symbols, Timestamp since_ns) = 0;

  virtual asio::awaitable<Result<Quote>> quote(Symbol symbol) = 0;
  // Oldest first, by opening time, both ends included; an end of 0 is open. As many as the broker gives in one answer.
  virtual asio::awaitable<Result<std::vector<Bar>>> history(Symbol symbol, std::uint32_t bar_interval_ms,
                                                            Timestamp start_ns, Timestamp end_ns);
  virtual asio::awaitable<Result<Book>> book(Symbol symbol);
  virtual asio::awaitable<Result<Ticker>> ticker(Symbol symbol);
  // The market's latest, oldest first: as many as the broker gives in one answer.
  virtual asio::awaitable<Result<std::vector<Trade>>> market_trades(Symbol symbol);
  // What would come of an order. One that the broker would refuse is an answer, too.
  virtual asio::awaitable<Result<Preview>> preview(NewOrder order);
  // bar_interval_ms is 0 for what is no bar.
  virtual asio::awaitable<Result<void>> subscribe(Symbol symbol, Channel channel, std::uint32_t bar_interval_ms) = 0;
  virtual asio::awaitable<Result<void>> unsubscribe(Symbol symbol, Channel channel, std::uint32_t bar_interval_ms) = 0;

  virtual asio::awaitable<Result<std::vector<Instrument>>> instruments() = 0;
  virtual Result<Symbol> normalize_symbol(std::string_view broker_symbol) const = 0;
  virtual Result<Symbol> to_broker_symbol(std::string_view symbol) const = 0;

  // The broker's clock now, as far as it is known.
  virtual Timestamp broker_time_ns() const = 0;
};

}  // namespace busbar::gateway
