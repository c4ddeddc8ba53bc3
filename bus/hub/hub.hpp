#pragma once
// Forwards market data from gateways to subscribers, keeps the last message of each topic, and gives it to whoever subscribes
// late. Nothing goes the other way: what subscribers ask for stays here, and gateways publish what the router let them.
// A message that is not market data of this environment under its own topic is dropped and counted. It is read where it lies,
// and no further than that: prices are for the receivers, each of which decodes what it gets.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "bus/audit_feed.hpp"
#include "bus/clock.hpp"
#include "bus/endpoint.hpp"
#include "bus/hub/config.hpp"

namespace busbar::hub {

class Hub {
 public:
  // `life` names this life of the process to auditd. Throws for an address that cannot be bound.
  Hub(boost::asio::io_context& loop, const Config& config, const Name& life);

  void stop(std::function<void()> done);  // auditd gets what it has not yet

  std::uint64_t forwarded() const { return forwarded_; }
  std::uint64_t dropped() const { return dropped_ + in_.dropped(); }
  std::size_t topics() const { return last_values_.size(); }

 private:
  void on_market_data(std::string_view topic, std::span<const std::uint8_t> bytes);
  void drop(std::string_view topic, std::span<const std::uint8_t> bytes);
  void keep_last_value(std::string_view topic, std::span<const std::uint8_t> bytes);
  void on_subscription(std::string_view prefix);
  void send_last_values();

  Config config_;
  RecordClock clock_;
  std::optional<RecordTime> time_;  // of what came in one turn of the loop
  bus::Endpoint in_;
  bus::Endpoint out_;
  bus::AuditFeed audit_;
  std::map<std::string, Bytes, std::less<>> last_values_;
  std::set<std::string, std::less<>> asked_;  // prefixes subscribed to in this turn of the loop
  std::uint64_t forwarded_ = 0;
  std::uint64_t dropped_ = 0;
  bool is_full_ = false;
};

}  // namespace busbar::hub
