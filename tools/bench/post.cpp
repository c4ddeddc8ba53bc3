// What a gateway adds to an order's way to a broker: from the decoded command to the decoded answer, over a kept connection,
// beside the same bytes posted by bare Beast. The signature's own time is taken off, for it is the broker's wish. Both
// clients take turns against one server, a process of its own. What a gateway puts off until it has handed on the answer is
// not in the latency; it is in the CPU time, which is told as well.
//   post ORDERS PAIRS

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "bus/audit_feed.hpp"
#include "gateways/binance/decode.hpp"
#include "gateways/binance/facts.hpp"
#include "gateways/binance/rest.hpp"
#include "tools/bench/measure.hpp"
#include "tools/venue/certificate.hpp"

namespace busbar::bench {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using namespace literals;
using asio::ip::tcp;
using binance::Rest;
using gateway::Facts;
using Tls = asio::ssl::stream<tcp::socket>;

constexpr const char* venue_order_id = "bsb0123456789abcdef01";
constexpr const char* answer_body =
    R"({"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"bsb0123456789abcdef01",)"
    R"("transactTime":1507725176595,"price":"65123.45","origQty":"1.5","executedQty":"0.00000000",)"
    R"("origQuoteOrderQty":"0.000000","cummulativeQuoteQty":"0.00000000","status":"NEW","timeInForce":"GTC",)"
    R"("type":"LIMIT","side":"BUY","workingTime":1507725176595,"fills":[],"selfTradePreventionMode":"NONE"})";

// ---- The broker

asio::awaitable<void> answer_all(tcp::socket socket, asio::ssl::context& tls) {
  Tls stream{std::move(socket), tls};
  co_await stream.async_handshake(Tls::server, asio::use_awaitable);
  boost::beast::flat_buffer buffer;
  for (;;) {
    http::request<http::string_body> request;
    co_await http::async_read(stream, buffer, request, asio::use_awaitable);
    http::response<http::string_body> response{http::status::ok, request.version()};
    response.set(http::field::content_type, "application/json;charset=UTF-8");
    response.set("x-mbx-used-weight-1m", "12");
    response.set("x-mbx-order-count-10s", "3");
    response.keep_alive(request.keep_alive());
    response.body() = answer_body;
    response.prepare_payload();
    co_await http::async_write(stream, response, asio::use_awaitable);
  }
}

asio::awaitable<void> accept_all(tcp::acceptor& acceptor, asio::ssl::context& tls) {
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    socket.set_option(tcp::no_delay{true});
    const auto on_gone = [](const std::exception_ptr&) {};  // its client has ended
    asio::co_spawn(acceptor.get_executor(), answer_all(std::move(socket), tls), on_gone);
  }
}

class Server {
 public:
  explicit Server(const venue::Certificates& certificates) {
    acceptor_ = std::make_unique<tcp::acceptor>(loop_, tcp::endpoint{asio::ip::make_address("127.0.0.1"), 0});
    port_ = acceptor_->local_endpoint().port();
    child_ = fork();
    if (child_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    loop_.notify_fork(asio::io_context::fork_child);
    asio::ssl::context tls{asio::ssl::context::tls_server};
    tls.use_certificate_chain_file(certificates.certificate.string());
    tls.use_private_key_file(certificates.key.string(), asio::ssl::context::pem);
    asio::co_spawn(loop_, accept_all(*acceptor_, tls), asio::detached);
    loop_.run();
    std::_Exit(EXIT_FAILURE);
  }
  ~Server() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  asio::io_context loop_{1};
  std::unique_ptr<tcp::acceptor> acceptor_;
  std::uint16_t port_ = 0;
  pid_t child_ = -1;
};

// ---- The gateway's way

struct NobodyListens : gateway::Events {
  void on_report(VenueReport) override {}
  void on_quote(Quote) override {}
  void on_trade(Trade) override {}
  void on_bar(Bar) override {}
  void on_book(Book) override {}
  void on_ticker(Ticker) override {}
  void on_usage(RateUsage) override {}
  void on_instruments(std::vector<Instrument>) override {}
  void on_state(Part, SessionStateKind, std::string, Timestamp) override {}
  void on_clock_offset(std::int64_t) override {}
  void on_order_stream_up() override {}
};

Instrument instrument() {
  Instrument btc;
  btc.symbol = "BTC/USDT";
  btc.broker_symbol = "BTCUSDT";
  btc.tick_size = "0.01"_d;
  btc.lot_size = "0.00001"_d;
  return btc;
}

PlaceCommand command() {
  PlaceCommand place;
  place.command.command_id = 1;
  place.command.venue_order_id = venue_order_id;
  place.command.account = "main";
  place.command.symbol = "BTC/USDT";
  NewOrder& order = place.order;
  order.client_order_id = "order-1";
  order.account = "main";
  order.symbol = "BTC/USDT";
  order.side = Side::Buy;
  order.order_type = OrderType::Limit;
  order.order_qty = "1.5"_d;
  order.price = "65123.45"_d;
  return place;
}

gateway::Url url_of(std::uint16_t port) { return *gateway::parse_url("https://127.0.0.1:" + std::to_string(port)); }

// The parts of a gateway that an order passes, with its wire tape, whose archive is away.
class Gateway {
 public:
  Gateway(asio::io_context& loop, gateway::TlsContext& tls, std::uint16_t port, const std::filesystem::path& folder)
      : tape_{loop,
              {.address = "ipc://" + (folder / "tape").string(),
               .stream = "tape",
               .kind = RecordKind::Tape,
               .environment = Environment::Paper,
               .sender = "bench",
               .session = "1",
               .bytes_max = 64u << 20}},
        context_{loop,
                 tls,
                 events_,
                 [this](Tape tape) { keep(std::move(tape)); },
                 "bench",
                 "main",
                 Environment::Paper,
                 {gateway::Secret{std::string(64, 'k')}, gateway::Secret{std::string(64, 's')}, {}}},
        http_{loop, tls, url_of(port), {}, context_.tape},
        rest_{http_, context_, *binance::Signer::hmac(std::string(64, 's')), 5000} {}

  asio::awaitable<void> place() {
    const PlaceCommand place = command();
    auto request = binance::encode_place(place.order, instrument_, venue_order_id);
    if (!request) fail(request.error().text);
    gateway::About about;
    about.venue_order_id = place.command.venue_order_id;
    const binance::Sent sent = co_await rest_.send(*std::move(request), std::move(about));
    if (sent.http.outcome != gateway::HttpOutcome::Answered) fail("post: " + sent.http.error);
    const auto order = binance::decode_order(sent.http.body);
    if (!order) fail(order.error().text);
    const Facts facts = binance::facts_of_place(*order, place.command.symbol);
    require(!facts.empty() && facts.front().event == VenueEvent::Accepted, "post: the order was not accepted");
  }

  // What signing one such order takes, by itself.
  double signature_us() const {
    const std::string payload = std::string(220, 'p');
    constexpr int count = 20'000;
    const std::int64_t begin_ns = now_ns();
    std::size_t size = 0;
    for (int i = 0; i < count; ++i) size += rest_.signer().sign(payload).size();
    require(size > 0, "post: no signature");
    return static_cast<double>(now_ns() - begin_ns) / count / 1000;
  }
  std::uint64_t handshakes() const { return http_.handshakes(); }

 private:
  void keep(Tape tape) {
    Header header;
    header.environment = Environment::Paper;
    header.sender = "bench";
    tape_.append(encode(header, Body{std::move(tape)}), clock_.now());
  }

  NobodyListens events_;
  RecordClock clock_{0};
  bus::AuditFeed tape_;
  gateway::AdapterContext context_;
  gateway::HttpSession http_;
  Rest rest_;
  Instrument instrument_ = instrument();
};

// ---- Bare Beast, with an order's bytes

class Floor {
 public:
  Floor(asio::io_context& loop, asio::ssl::context& tls, std::uint16_t port) : stream_{loop, tls} {
    stream_.lowest_layer().connect({asio::ip::make_address("127.0.0.1"), port});
    stream_.lowest_layer().set_option(tcp::no_delay{true});
    stream_.handshake(Tls::client);
    request_.method(http::verb::post);
    request_.target("/api/v3/order");
    request_.version(11);
    request_.set(http::field::host, "127.0.0.1");
    request_.set(http::field::user_agent, "bench");
    request_.set(http::field::content_type, "application/x-www-form-urlencoded");
    request_.set(binance::api_key_header, std::string(64, 'k'));
    request_.body() = std::string(290, 'b');
    request_.prepare_payload();
  }

  asio::awaitable<void> place() {
    co_await http::async_write(stream_, request_, asio::use_awaitable);
    http::response<http::string_body> response;
    co_await http::async_read(stream_, buffer_, response, asio::use_awaitable);
    require(response.result_int() == 200, "post: no 200");
  }

 private:
  Tls stream_;
  boost::beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
};

template <class Way>
asio::awaitable<void> place_all(Way& way, std::size_t orders, Latencies& latencies) {
  for (std::size_t i = 0; i < orders; ++i) {
    const std::int64_t begin_ns = now_ns();
    co_await way.place();
    latencies.add(now_ns() - begin_ns);
    co_await asio::post(asio::use_awaitable);  // behind what was put off
  }
}

double cpu_time_us() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

struct Figures {
  double p50_us = 0;
  double cpu_us = 0;  // an order
};

template <class Way>
Figures place_all(asio::io_context& loop, Way& way, std::size_t orders) {
  Latencies latencies;
  const double begin_us = cpu_time_us();
  bool is_done = false;
  asio::co_spawn(loop, place_all(way, orders, latencies), [&](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
    is_done = true;
  });
  while (!is_done) loop.run_one();
  return {latencies.percentile_us(50), (cpu_time_us() - begin_us) / static_cast<double>(orders)};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Comparison {
  void add(double our, double floor) {
    ours_us.push_back(our);
    floor_us.push_back(floor);
    ratios.push_back(our / floor);
  }
  void print(const char* words) const {
    std::printf("{\"words\": \"%s\", \"ours\": %.2f, \"floor\": %.2f, \"ratio\": %.3f, \"unit\": \"us\"}\n", words,
                median(ours_us), median(floor_us), median(ratios));
  }
  std::vector<double> ours_us, floor_us, ratios;
};

void measure(std::size_t orders, std::size_t pairs) {
  spdlog::set_level(spdlog::level::off);  // the archive of the tape is away, and it is said once
  std::string folder = (std::filesystem::temp_directory_path() / "busbar-bench-XXXXXX").string();
  require(mkdtemp(folder.data()) != nullptr, "mkdtemp");
  {
    const venue::Certificates certificates = venue::make_certificates(folder);
    const Server server{certificates};
    asio::io_context loop{1};
    gateway::TlsContext trust{certificates.ca.string()};
    asio::ssl::context tls{asio::ssl::context::tls_client};
    Gateway ours{loop, trust, server.port(), folder};
    Floor floor{loop, tls, server.port()};
    place_all(loop, ours, orders / 10);
    place_all(loop, floor, orders / 10);
    const std::uint64_t handshakes = ours.handshakes();
    Comparison latency, cpu;
    for (std::size_t i = 0; i < pairs; ++i) {
      const Figures our = place_all(loop, ours, orders);
      const Figures least = place_all(loop, floor, orders);
      const double signature_us = ours.signature_us();
      latency.add(our.p50_us - signature_us, least.p50_us);
      cpu.add(our.cpu_us - signature_us, least.cpu_us);
    }
    latency.print("gateway, command to answer, p50");
    cpu.print("gateway, CPU time an order");
    std::printf("{\"handshakes\": %.4f}\n",
                static_cast<double>(ours.handshakes() - handshakes) / static_cast<double>(orders * pairs));
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace busbar::bench

int main(int argc, char** argv) {
  using namespace busbar::bench;
  if (argc != 3) fail("post ORDERS PAIRS");
  measure(std::strtoull(argv[1], nullptr, 10), std::strtoull(argv[2], nullptr, 10));
}
