#pragma once
// Requests to Binance over HTTPS: stamped with Binance's own time and signed; and what answers mean for the line, the key
// and the limits. Sending, asking again, waiting and the clock are the framework's.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateways/binance/auth.hpp"
#include "gateways/binance/encode.hpp"
#include "gateways/framework/rest_line.hpp"

namespace busbar::binance {

namespace asio = gateway::asio;

using gateway::About;
using gateway::Sent;

// What a header says: "x-mbx-used-weight-1m", "42". nullopt for other headers.
std::optional<RateUsage> usage_of(std::string_view header, std::string_view value, const Name& account);
// Limits on weight and raw requests count an address, limits on orders an account.
Name scope_of(std::string_view bucket, const Name& account);
// The limit that questions draw from.
bool is_weight_of_minute(std::string_view bucket, std::uint64_t interval_ms);

class Rest : public gateway::RestLine {
 public:
  Rest(gateway::HttpSession& http, gateway::AdapterContext& context, Signer signer, std::uint32_t recv_window_ms);

  asio::awaitable<Sent> send(Request request, About about, Timestamp expire_time_ns = 0) {
    return RestLine::send(make(std::move(request)), std::move(about), expire_time_ns);
  }
  // OrderNotFound only where Binance knows of no such order (-2013); Expired for one that is archived (-2026), Conflict where
  // two names given do not fit together (-2039): those orders there are or were.
  asio::awaitable<Result<std::string>> ask(Request request, About about = {}) {
    return RestLine::ask(make(std::move(request)), std::move(about));
  }

  const Signer& signer() const { return signer_; }
  std::string_view api_key() const { return api_key_; }
  std::uint32_t recv_window_ms() const { return recv_window_ms_; }
  std::int64_t timestamp_ms() const { return broker_time_ns() / 1'000'000; }

 private:
  Dialect whole_dialect(gateway::AdapterContext& context);
  Make make(Request request) const;
  // Signed where it must be, and where the method wants it: in the body or in the target.
  gateway::HttpRequest whole(const Request& request, Timestamp broker_time_ns) const;

  Signer signer_;
  std::string_view api_key_;
  std::uint32_t recv_window_ms_;
};

}  // namespace busbar::binance
