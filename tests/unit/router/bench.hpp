#pragma once
// A router in a folder of its own, with real sockets, and those it talks with: a gateway and clients that do as they
// are told.

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "bus/clock.hpp"
#include "bus/codec.hpp"
#include "router/recover.hpp"
#include "router/shell.hpp"

namespace busbar::router::test {

namespace fs = std::filesystem;
using namespace busbar::literals;
using bus::Endpoint;
using bus::Kind;

class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "router_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

inline NewOrder limit(std::string_view id, Decimal qty = "1"_d, Decimal price = "50000"_d) {
  NewOrder order;
  order.client_order_id = cut<64>(id);
  order.account = "main";
  order.symbol = "BTC/USDT";
  order.side = Side::Buy;
  order.order_type = OrderType::Limit;
  order.order_qty = qty;
  order.price = price;
  return order;
}

inline CancelOrder cancel(std::string_view id, std::string_view of) {
  CancelOrder request;
  request.client_order_id = cut<64>(id);
  request.orig_client_order_id = cut<64>(of);
  return request;
}

inline Configuration configuration() {
  Configuration config;
  config.environment = Environment::Paper;
  config.journal_id = "0123456789abcdef";
  config.clients = {{"alpha", {"*"}, true, false}, {"beta", {}, true, false}};
  config.accounts = {{"main", "binance", {}, {}}};
  config.heartbeat_interval_ms = 200;
  config.order_ttl_ms = 60'000;
  return config;
}

class Router {
 public:
  explicit Router(asio::io_context& loop) : loop_{loop} { options.configuration = configuration(); }
  ~Router() { crash(); }

  void start(Disk& disk = Disk::system()) {
    const fs::path bus = folder.path();
    options.bus.orders = "ipc://" + (bus / "orders").string();
    options.bus.gateways = "ipc://" + (bus / "gateways").string();
    options.bus.reports = "ipc://" + (bus / "reports").string();
    options.bus.audit_core = "ipc://" + (bus / "audit_core").string();
    options.log_directory = bus / "log";
    log_options.directory = options.log_directory;
    log = std::make_unique<Log>(log_options, disk);
    recovered = recover(
        {options.log_directory, bus / "snapshots", bus / "journal" / "core", options.configuration.journal_id}, *log);
    // ZeroMQ lets go of an address a moment after its socket is closed.
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!shell) {
      try {
        shell = std::make_unique<Shell>(loop_, options, std::move(recovered.core), *log, recovered.last_record_ns,
                                        recovered.past_reports);
      } catch (const std::runtime_error& error) {
        if (std::chrono::steady_clock::now() > patience ||
            std::string_view{error.what()}.find("in use") == std::string_view::npos)
          throw;
        log.reset();
        log = std::make_unique<Log>(log_options, disk);
        recovered = recover(
            {options.log_directory, bus / "snapshots", bus / "journal" / "core", options.configuration.journal_id},
            *log);
      }
    }
  }

  // As kill -9: nothing more is written, nothing more is sent.
  void crash() {
    shell.reset();
    log.reset();
  }

  Folder folder;
  ShellOptions options;
  LogOptions log_options{.directory = {}, .segment_bytes = 1u << 20, .limit_bytes = 4u << 20, .on_failure = {}};
  std::unique_ptr<Log> log;
  std::unique_ptr<Shell> shell;
  Recovered recovered;

 private:
  asio::io_context& loop_;
};

// Somebody on the bus who remembers what it is told.
class Peer {
 public:
  Peer(asio::io_context& loop, Kind kind, const std::string& address, std::string_view sender, std::string_view session)
      : loop_{loop}, endpoint_{loop, kind} {
    header_.environment = Environment::Paper;
    header_.sender = cut<32>(sender);
    header_.session = cut<32>(session);
    endpoint_.on_message([this](const bus::RoutingId&, std::string_view, std::span<const std::uint8_t> bytes) {
      auto message = decode(bytes);
      ASSERT_TRUE(message) << message.error().text;
      if (on_message) on_message(*message);
      heard.push_back(std::move(*message));
    });
    endpoint_.connect(address);
  }

  void say(Body body, std::uint64_t correlation_id = 0) {
    header_.correlation_id = correlation_id;
    ++header_.sequence;
    header_.send_time_ns = wall_now_ns();
    ASSERT_TRUE(endpoint_.send(encode(header_, body)));
  }
  void say_bytes(std::span<const std::uint8_t> bytes) { ASSERT_TRUE(endpoint_.send(bytes)); }

  // Lets the loop run until a message of this kind is there, and takes it and all before it.
  template <class T>
  T expect() {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (true) {
      while (!heard.empty()) {
        const Message message = heard.front();
        heard.erase(heard.begin());
        if (const T* found = std::get_if<T>(&message.body)) {
          last_header = message.header;
          return *found;
        }
      }
      if (std::chrono::steady_clock::now() > patience) {
        ADD_FAILURE() << "no such message within 60 s";
        return {};
      }
      loop_.run_one_for(std::chrono::milliseconds{20});
    }
  }

  Header header_;
  Header last_header;
  std::vector<Message> heard;
  std::function<void(const Message&)> on_message;

 private:
  asio::io_context& loop_;
  Endpoint endpoint_;
};

template <class Question>
void run_until(asio::io_context& loop, Question question) {
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (!question()) {
    ASSERT_LT(std::chrono::steady_clock::now(), patience) << "did not come true within 60 s";
    loop.run_one_for(std::chrono::milliseconds{20});
  }
}

class Gateway : public Peer {
 public:
  Gateway(asio::io_context& loop, const Router& router, std::uint64_t incarnation)
      : Peer{loop, Kind::Dealer, router.options.bus.gateways, "binance", std::to_string(incarnation)},
        incarnation_{incarnation} {}

  GatewayHello offer() const {
    GatewayHello hello;
    hello.gateway = "binance";
    hello.incarnation = incarnation_;
    hello.broker = "binance";
    hello.version = "1";
    hello.accounts = {{"main", {}, 0, 0, 0}};
    hello.capabilities.order_types = {OrderType::Limit, OrderType::Market};
    hello.capabilities.times_in_force = {TimeInForce::GoodTillCancel};
    hello.capabilities.can_order_lists = true;
    hello.capabilities.absence_rule = {15'000, 2, false};
    hello.capabilities.fill_quantity = FillQuantity::Incremental;
    return hello;
  }

  GatewayWelcome hello() {
    say(offer());
    const auto welcome = expect<GatewayWelcome>();
    SessionState state;
    state.gateway = "binance";
    state.account = "main";
    state.state = state.order_stream = state.rest = state.market_data = SessionStateKind::Ok;
    state.reconciled = true;
    say(state);
    Instrument btc;
    btc.symbol = "BTC/USDT";
    btc.broker_symbol = "BTCUSDT";
    btc.base = "BTC";
    btc.quote = "USDT";
    btc.status = TradingStatus::Trading;
    btc.order_types = {OrderType::Limit, OrderType::Market};
    btc.tick_size = "0.01"_d;
    btc.lot_size = "0.001"_d;
    btc.can_oto = true;
    say(Instruments{"binance", 0, true, {btc}});
    return welcome;
  }

  VenueReport report(const Command& command, VenueEvent event) {
    VenueReport report;
    report.report_number = ++reports_;
    report.incarnation = incarnation_;
    report.command_id = command.command_id;
    report.event = event;
    report.source = VenueSource::Rest;
    report.account = command.account;
    report.symbol = command.symbol;
    report.venue_order_id = command.venue_order_id;
    report.broker_order_id = cut<64>("b" + std::to_string(command.order_id));
    report.transact_time_ns = wall_now_ns();
    return report;
  }

  void accept(const Command& command) { say(report(command, VenueEvent::Accepted)); }

 private:
  std::uint64_t incarnation_;
  std::uint64_t reports_ = 0;
};

class Client : public Peer {
 public:
  Client(asio::io_context& loop, const Router& router, std::string_view name, std::string_view session)
      : Peer{loop, Kind::Dealer, router.options.bus.orders, name, session} {}

  Welcome hello(std::uint64_t last_report = 0) {
    Hello hello;
    hello.last_report = last_report;
    hello.heartbeat_interval_ms = 60'000;
    say(hello);
    return expect<Welcome>();
  }
};

class Request : public Peer {
 public:
  Request(asio::io_context& loop, const Router& router, std::string_view name = "alpha")
      : Peer{loop, Kind::Req, router.options.bus.orders, name, ""} {}
};

}  // namespace busbar::router::test
