#pragma once
// The venue's requests, the same for REST and for the WebSocket API: checks in the documented order, one function per
// operation. It knows no connection: a call comes in, a reply goes out, events go to whoever was named at construction.
// The table of operations stands in operations.cpp, what they do in the api_*.cpp beside it.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "tools/venue/binance/limits.hpp"
#include "tools/venue/binance/listen_keys.hpp"
#include "tools/venue/binance/order_reader.hpp"
#include "tools/venue/binance/params.hpp"
#include "tools/venue/binance/shapes.hpp"
#include "tools/venue/engine.hpp"
#include "tools/venue/history.hpp"

namespace busbar::venue::binance {

struct Key {
  std::string api_key;
  std::string secret;  // HMAC secret or public key in PEM
  AccountId account = 0;
  bool may_trade = true;  // or may read only
  bool is_revoked = false;
  std::vector<std::string> addresses;  // from which it works; empty: from everywhere
};

// What sets one market of the family apart from another.
struct Features {
  bool has_listen_keys = false;   // announced as gone from the main market
  bool has_subscriptions = true;  // to an account's events over the WebSocket API
  bool has_amend = true;
  bool has_order_lists = true;  // all but the oldest kind of pair
  bool has_wallet = true;       // /sapi beside /api
  bool has_older_filters = false;
  bool has_newer_members = true;
};

struct Call {
  Params params;
  std::string api_key;
  std::string payload;  // what was signed
  std::string address;  // of the caller, for the limits
  TimeUnit unit = TimeUnit::Milliseconds;
  std::optional<AccountId> session_account;  // of a logged-on WebSocket, when key and signature were left out
  std::string session_key;
};

struct Reply {
  unsigned status = 200;
  boost::json::value body;             // result, or {code, msg}
  int code = 0;                        // negative for an error
  TimeUs retry_at = 0;                 // of 429 and 418
  std::optional<AccountId> account{};  // who called, when that was proven
  bool counts_orders = false;          // show the order counts
};

// Stream: a key without a signature. Trade: signed, by a key that may trade.
enum class Security : std::uint8_t { None, Key, Stream, Signed, Trade };

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
  bool Features::*needs = nullptr;
};

class Api {
 public:
  using OnEvents = std::function<void(const Events&)>;
  Api(Engine& engine, History& history, Limits& limits, std::vector<Key> keys, std::function<TimeUs()> now,
      OnEvents on_events, const Features& features = {}, std::uint64_t seed = 1);

  const Operation* by_name(std::string_view name) const;
  const Operation* by_path(std::string_view method, std::string_view path) const;

  Reply perform(const Operation& operation, Call& call);
  Reply authenticate(Call& call, Security security);  // status 200 and the account, or the error
  TimeUs now() const { return now_(); }
  Limits& limits() { return limits_; }
  const std::string& name_of(AccountId account) const { return engine_.accounts()[account].name; }
  const Features& features() const { return features_; }
  ListenKeys& listen_keys() { return listen_keys_; }
  std::vector<Key>& keys() { return keys_; }
  // The key behind a session or subscription, or nothing once it may not be used any more.
  const Key* usable_key(std::string_view api_key, std::string_view address) const;
  // Orders younger than this are not found by look-ups: a venue whose memory lags behind its engine.
  std::function<bool(const Order&)> is_hidden = [](const Order&) { return false; };

  static Reply failure(const ApiError& error);
  static Reply too_many(const Limits::Verdict& verdict, const LimitSettings& settings);
  // Takes away what a market without the newer members does not say.
  void trim(boost::json::value& body) const;

 private:
  friend struct Operations;
  Reply ping(Call&, AccountId);
  Reply time(Call&, AccountId);
  Reply exchange_info(Call&, AccountId);
  Reply no_contracts(Call&, AccountId);
  Reply depth(Call&, AccountId);
  Reply trades(Call&, AccountId);
  Reply historical_trades(Call&, AccountId);
  Reply aggregate_trades(Call&, AccountId);
  Reply bars(Call&, AccountId);
  Reply average(Call&, AccountId);
  Reply day_ticker(Call&, AccountId);
  Reply price_ticker(Call&, AccountId);
  Reply book_ticker(Call&, AccountId);
  Reply window_ticker(Call&, AccountId);
  Reply trading_day_ticker(Call&, AccountId);
  Reply execution_rules(Call&, AccountId);
  Reply reference_price(Call&, AccountId);
  Reply place(Call&, AccountId);
  Reply test(Call&, AccountId);
  Reply cancel(Call&, AccountId);
  Reply cancel_all(Call&, AccountId);
  Reply cancel_replace(Call&, AccountId);
  Reply amend(Call&, AccountId);
  Reply place_old_oco(Call&, AccountId);
  Reply place_oco(Call&, AccountId);
  Reply place_oto(Call&, AccountId);
  Reply place_otoco(Call&, AccountId);
  Reply cancel_list(Call&, AccountId);
  Reply list_status(Call&, AccountId);
  Reply open_lists(Call&, AccountId);
  Reply all_lists(Call&, AccountId);
  Reply order_status(Call&, AccountId);
  Reply open_orders(Call&, AccountId);
  Reply all_orders(Call&, AccountId);
  Reply my_trades(Call&, AccountId);
  Reply prevented_matches(Call&, AccountId);
  Reply amendments(Call&, AccountId);
  Reply allocations(Call&, AccountId);
  Reply filters(Call&, AccountId);
  Reply account_status(Call&, AccountId);
  Reply commission(Call&, AccountId);
  Reply order_limits(Call&, AccountId);
  Reply open_listen_key(Call&, AccountId);
  Reply extend_listen_key(Call&, AccountId);
  Reply close_listen_key(Call&, AccountId);
  Reply coins(Call&, AccountId);
  Reply trade_fees(Call&, AccountId);
  Reply nothing(Call&, AccountId);

  std::optional<SymbolId> symbol(Params& params, bool is_required);
  std::vector<SymbolId> symbols(Params& params, bool& is_single);
  Reply tickers(Call& call, const std::function<boost::json::object(SymbolId)>& shape);
  std::optional<SymbolStatus> read_status(Params& params);
  bool read_is_mini(Params& params);
  Reply last_of_trades(Call& call, bool has_from_id);
  struct Wanted {
    SymbolId symbol = 0;
    NewOrder order;
    ResponseType response = ResponseType::Ack;
  };
  std::optional<Wanted> read_wanted(Call& call, AccountId account);
  ResponseType read_response_type(Params& params, ResponseType fallback);
  std::optional<ApiError> admit_orders(AccountId account, std::int64_t count);
  void refuse_by_filters(Params& params, AccountId account, SymbolId symbol, const std::vector<NewOrder>& orders,
                         std::size_t lists);
  Reply place(const Wanted& wanted, AccountId account, TimeUnit unit);
  // An order or an order list, as a request names it.
  struct OrderName {
    std::optional<std::int64_t> id;
    std::optional<std::string> client_id;
  };
  struct CancelWanted {
    SymbolId symbol = 0;
    OrderName order;
    std::string own_name;
    CancelRestriction restriction = CancelRestriction::None;
  };
  Reply cancel(const CancelWanted& wanted, AccountId account, TimeUnit unit);
  CancelRestriction read_restriction(Params& params);
  OrderName read_name(Params& params, std::string_view id_name, std::string_view client_id_name);
  // Null with the reason in `error`.
  const Order* find_order(AccountId account, SymbolId symbol, const OrderName& name, bool is_cancel,
                          std::optional<ApiError>& error);
  Reply place_list(Call& call, AccountId account, SymbolId symbol, NewOrderList wanted);
  boost::json::object canceled_list(const OrderList& list, const Events& events, TimeUs now, TimeUnit unit) const;
  void publish(const Events& events);

  Engine& engine_;
  History& history_;
  Limits& limits_;
  std::vector<Key> keys_;
  std::function<TimeUs()> now_;
  OnEvents on_events_;
  Features features_;
  ListenKeys listen_keys_;
};

// Request times may be in milliseconds or microseconds; nobody lives in the year 5138.
inline TimeUs from_stamp(std::int64_t time) { return time >= 100'000'000'000'000 ? time : time * 1'000; }

}  // namespace busbar::venue::binance
