#pragma once
// An adapter against its broker's venue in the same process: real TLS, real sockets, one loop. What it says is recorded, and
// the venue's back door arranges what happens to it.

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "bus/config.hpp"
#include "gateways/framework/adapter.hpp"
#include "tools/venue/certificate.hpp"
#include "tools/venue/server.hpp"

namespace busbar::gateway::test {

using namespace std::chrono_literals;

struct Recorder final : Events {
  std::vector<VenueReport> reports;
  std::vector<Quote> quotes;
  std::vector<Trade> trades;
  std::vector<Bar> bars;
  std::vector<Book> books;
  std::vector<Ticker> tickers;
  std::vector<RateUsage> usages;
  std::vector<Instrument> instruments;
  std::vector<MarketHours> markets;
  std::map<Part, std::vector<SessionStateKind>> states;  // each once, until there is another
  std::map<Part, std::string> reasons;
  Timestamp deadline_ns = 0;  // of the login
  std::size_t ups = 0;
  std::int64_t offset_ns = 0;

  void on_report(VenueReport report) override { reports.push_back(std::move(report)); }
  void on_quote(Quote quote) override { quotes.push_back(std::move(quote)); }
  void on_trade(Trade trade) override { trades.push_back(std::move(trade)); }
  void on_bar(Bar bar) override { bars.push_back(std::move(bar)); }
  void on_book(Book book) override { books.push_back(std::move(book)); }
  void on_ticker(Ticker ticker) override { tickers.push_back(std::move(ticker)); }
  void on_usage(RateUsage usage) override { usages.push_back(std::move(usage)); }
  void on_instruments(std::vector<Instrument> list) override { instruments = std::move(list); }
  void on_market_hours(std::vector<MarketHours> hours) override { markets = std::move(hours); }
  void on_state(Part part, SessionStateKind state, std::string reason, Timestamp deadline) override {
    auto& known = states[part];
    if (known.empty() || known.back() != state) known.push_back(state);
    reasons[part] = std::move(reason);
    if (part == Part::Login) deadline_ns = deadline;
  }
  void on_clock_offset(std::int64_t offset) override { offset_ns = offset; }
  void on_order_stream_up() override { ++ups; }

  SessionStateKind login() const {
    const auto found = states.find(Part::Login);
    return found == states.end() ? SessionStateKind::Unset : found->second.back();
  }
  std::size_t count(VenueEvent event) const {
    return static_cast<std::size_t>(std::ranges::count(reports, event, &VenueReport::event));
  }
};

inline std::vector<VenueEvent> names(const Facts& facts) {
  std::vector<VenueEvent> list;
  for (const VenueReport& fact : facts) list.push_back(fact.event);
  return list;
}
using Names = std::vector<VenueEvent>;

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "busbar-adapter-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no temporary folder"};
    path_ = name;
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Of a broker's Settings, Venue and Control, and its Adapter, which a descendant makes.
template <class Settings, class Venue, class Control, class Adapter>
class LiveAdapter : public testing::Test {
 protected:
  explicit LiveAdapter(Settings (*settings_in)(const std::filesystem::path& folder))
      : made_{venue::make_certificates(folder_.path())},
        settings_{settings_in(folder_.path())},
        venue_{loop_, settings_},
        control_{venue_},
        server_{loop_, venue_, "127.0.0.1", 0, venue::TlsFiles{made_.certificate.string(), made_.key.string()}},
        tls_{made_.ca.string()},
        place_{"127.0.0.1:" + std::to_string(server_.port())} {
    venue_.start();
  }

  ~LiveAdapter() override {
    if (adapter_) run(adapter_->disconnect());
    venue_.stop();
    server_.stop();
    loop_.run_for(50ms);
  }

  AdapterContext context(const char* broker, Credentials credentials, Environment environment = Environment::Paper) {
    return {.loop = loop_,
            .tls = tls_,
            .events = events_,
            .tape = [this](Tape tape) { tape_.push_back(std::move(tape)); },
            .gateway = broker,
            .account = "main",
            .environment = environment,
            .credentials = std::move(credentials)};
  }
  void connect_made() {
    const auto connected = run(adapter_->connect());
    ASSERT_TRUE(connected) << connected.error().text;
    control("POST", "/market", R"({"clear":true})");  // nobody trades but us and whom we ask to
  }

  template <class T>
  T run(boost::asio::awaitable<T> task) {
    std::exception_ptr thrown;
    bool is_done = false;
    if constexpr (std::is_void_v<T>) {
      boost::asio::co_spawn(loop_, std::move(task), [&](std::exception_ptr e) { thrown = e, is_done = true; });
      EXPECT_TRUE(until([&] { return is_done; }));
      if (thrown) std::rethrow_exception(thrown);
    } else {
      std::optional<T> value;
      boost::asio::co_spawn(loop_, std::move(task),
                            [&](std::exception_ptr e, T v) { thrown = e, value.emplace(std::move(v)), is_done = true; });
      EXPECT_TRUE(until([&] { return is_done; }));
      if (thrown) std::rethrow_exception(thrown);
      return *std::move(value);
    }
  }
  // Runs the loop until it is so; false after a time in which it must have been.
  template <class Condition>
  bool until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      if (loop_.stopped()) loop_.restart();
      loop_.run_one_for(20ms);
    }
    return true;
  }
  boost::json::value control(std::string method, std::string path, std::string body = {}) {
    std::string answer;
    venue::Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.body = std::move(body);
    control_.on_request(std::move(request), [&](venue::Response response) {
      EXPECT_EQ(response.status, 200u) << response.body;
      answer = std::move(response.body);
    });
    return boost::json::parse(answer);
  }
  void fault(std::string rule) { control("POST", "/faults", std::move(rule)); }
  std::size_t orders_at_venue() { return control("GET", "/book").at("orders").as_array().size(); }

  static PlaceCommand purchase(const Symbol& symbol, std::string_view venue_order_id, Decimal qty, Decimal price) {
    PlaceCommand place;
    place.command.command_id = 1;
    place.command.order_id = 1;
    place.command.venue_order_id = cut<64>(venue_order_id);
    place.command.account = "main";
    place.command.symbol = symbol;
    place.order.client_order_id = "A1";
    place.order.account = "main";
    place.order.symbol = symbol;
    place.order.side = Side::Buy;
    place.order.order_type = OrderType::Limit;
    place.order.order_qty = qty;
    place.order.price = price;
    return place;
  }

  TempFolder folder_;
  boost::asio::io_context loop_{1};
  venue::Certificates made_;
  Settings settings_;
  Venue venue_;
  Control control_;
  venue::Server server_;
  TlsContext tls_;
  std::string place_;  // host and port
  Recorder events_;
  std::vector<Tape> tape_;
  std::unique_ptr<Adapter> adapter_;
};

}  // namespace busbar::gateway::test
