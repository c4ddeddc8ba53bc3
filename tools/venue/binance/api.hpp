#pragma once
// The venue's requests, the same for REST and for the WebSocket API: checks in the documented order, one function per
// operation. It knows no connection: a call comes in, a reply goes out, events go to whoever was named at construction.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "tools/venue/binance/limits.hpp"
#include "tools/venue/binance/params.hpp"
#include "tools/venue/binance/shapes.hpp"
#include "tools/venue/engine.hpp"
#include "tools/venue/history.hpp"

namespace busbar::venue::binance {

struct Key {
  std::string api_key;
  std::string secret;  // HMAC secret or public key in PEM
  AccountId account = 0;
};

struct Call {
  Params params;
  std::string api_key;
  std::string payload;  // what was signed
  std::string address;  // of the caller, for the limits
  TimeUnit unit = TimeUnit::Milliseconds;
  std::optional<AccountId> session_account;  // of a logged-on WebSocket, when key and signature were left out
};

struct Reply {
  unsigned status = 200;
  boost::json::value body;             // result, or {code, msg}
  int code = 0;                        // negative for an error
  TimeUs retry_at = 0;                 // of 429 and 418
  std::optional<AccountId> account{};  // who called, when that was proven
  bool counts_orders = false;          // show the order counts
};

enum class Security : std::uint8_t { None, Key, Signed };

class Api;
struct Operation {
  std::string_view name;    // of the WebSocket API; empty when only REST has it
  std::string_view method;  // of REST; empty when only the WebSocket API has it
  std::string_view path;
  Security security;
  bool is_free_on_success;
  bool is_order;  // places or cancels: arrivals are recorded
  std::int64_t (*weight)(const Params& params);
  Reply (Api::*run)(Call& call, AccountId account);
};

class Api {
 public:
  using OnEvents = std::function<void(const Events&)>;
  Api(Engine& engine, History& history, Limits& limits, std::vector<Key> keys, std::function<TimeUs()> now,
      OnEvents on_events);

  static const Operation* by_name(std::string_view name);
  static const Operation* by_path(std::string_view method, std::string_view path);

  Reply perform(const Operation& operation, Call& call);
  Reply authenticate(Call& call);  // status 200 and the account, or the error
  TimeUs now() const { return now_(); }
  Limits& limits() { return limits_; }
  // Orders younger than this are not found by look-ups: a venue whose memory lags behind its engine.
  std::function<bool(const Order&)> is_hidden = [](const Order&) { return false; };

  static Reply failure(const ApiError& error);

 private:
  friend struct Operations;
  Reply ping(Call&, AccountId);
  Reply time(Call&, AccountId);
  Reply exchange_info(Call&, AccountId);
  Reply no_contracts(Call&, AccountId);
  Reply depth(Call&, AccountId);
  Reply trades(Call&, AccountId);
  Reply aggregate_trades(Call&, AccountId);
  Reply bars(Call&, AccountId);
  Reply average(Call&, AccountId);
  Reply day_ticker(Call&, AccountId);
  Reply price_ticker(Call&, AccountId);
  Reply book_ticker(Call&, AccountId);
  Reply place(Call&, AccountId);
  Reply test(Call&, AccountId);
  Reply cancel(Call&, AccountId);
  Reply cancel_all(Call&, AccountId);
  Reply order_status(Call&, AccountId);
  Reply open_orders(Call&, AccountId);
  Reply all_orders(Call&, AccountId);
  Reply my_trades(Call&, AccountId);
  Reply account_status(Call&, AccountId);
  Reply commission(Call&, AccountId);
  Reply order_limits(Call&, AccountId);
  Reply coins(Call&, AccountId);
  Reply nothing(Call&, AccountId);

  std::optional<SymbolId> symbol(Params& params, bool is_required);
  std::vector<SymbolId> symbols(Params& params, bool& is_single);
  Reply tickers(Call& call, const std::function<boost::json::object(SymbolId)>& shape);
  struct Wanted {
    SymbolId symbol = 0;
    NewOrder order;
    ResponseType response = ResponseType::Ack;
  };
  std::optional<Wanted> read_order(Call& call, AccountId account);
  const Order* find_order(Params& params, AccountId account, SymbolId symbol, bool is_cancel);
  void publish(const Events& events);

  Engine& engine_;
  History& history_;
  Limits& limits_;
  std::vector<Key> keys_;
  std::function<TimeUs()> now_;
  OnEvents on_events_;
};

// "1m", "1h", ...: the length in microseconds; nothing for what is no interval. Months are taken as 30 days.
std::optional<TimeUs> interval_length(std::string_view name);

}  // namespace busbar::venue::binance
