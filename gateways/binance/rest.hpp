#pragma once
// Requests to Binance over HTTPS: stamped with Binance's own time, signed, sent, and what the answer's headers say
// about limits passed on. A write is sent once and its answer handed back as it came; a read may be asked again.

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "gateways/binance/auth.hpp"
#include "gateways/binance/encode.hpp"
#include "gateways/framework/adapter.hpp"
#include "gateways/framework/clock_offset.hpp"
#include "gateways/framework/retry.hpp"
#include "gateways/framework/rest_line.hpp"
#include "gateways/framework/run.hpp"

namespace busbar::binance {

namespace asio = boost::asio;

using gateway::About;
using gateway::Sent;

// What a header says: "x-mbx-used-weight-1m", "42". nullopt for other headers.
std::optional<RateUsage> usage_of(std::string_view header, std::string_view value, const Name& account);
// Limits on weight and raw requests count an address, limits on orders an account.
Name scope_of(std::string_view bucket, const Name& account);

class Rest {
 public:
  Rest(gateway::HttpSession& http, gateway::AdapterContext& context, Signer signer, std::uint32_t recv_window_ms);

  // `expire_time_ns`, in Binance's time: later nothing is written any more. 0: never too late.
  asio::awaitable<Sent> send(Request request, About about, Timestamp expire_time_ns = 0);
  // Binance wants to hear nothing from this address for a while: what becomes of a request meanwhile.
  std::optional<Sent> held_back() const;
  // What any answer says about limits, and about the line and the key.
  void note(const gateway::HttpResponse& http);
  // The body of the answer, or why there is none. OrderNotFound only where Binance knows of no such order (-2013);
  // Expired for one that is archived (-2026), Conflict where two names given do not fit together (-2039): those orders
  // there are or were.
  asio::awaitable<Result<std::string>> ask(Request request, About about = {});

  // Takes samples until the offset is known; with `anew`, old ones count for nothing.
  asio::awaitable<Result<void>> measure_clock(bool anew);
  Timestamp broker_time_ns() const;
  std::int64_t timestamp_ms() const { return broker_time_ns() / 1'000'000; }

  const Signer& signer() const { return signer_; }
  // Whatever Binance says may repeat the key that it is about, and its words go on into reports, states and logs.
  void cut_secrets(std::string& text) const;
  std::string_view api_key() const { return context_.credentials.api_key.reveal(); }
  std::uint32_t recv_window_ms() const { return recv_window_ms_; }
  std::chrono::milliseconds jitter(std::chrono::milliseconds most);
  gateway::Random random() {
    return [this] { return random_(); };
  }
  bool is_down() const { return failures_ >= failures_max; }

 private:
  static constexpr int failures_max = 3;  // lines that broke, one after another

  void put_params(gateway::HttpRequest& http, Request request, Timestamp time_ns) const;
  void note_health(const gateway::HttpResponse& http, bool is_refused_key);

  gateway::HttpSession& http_;
  gateway::AdapterContext& context_;
  Signer signer_;
  std::uint32_t recv_window_ms_;
  gateway::ClockOffset clock_;
  std::mt19937_64 random_{std::random_device{}()};
  Timestamp held_back_until_ns_ = 0;  // wall clock
  int failures_ = 0;
  int key_refusals_ = 0;
};

}  // namespace busbar::binance
