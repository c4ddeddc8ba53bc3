// What a gateway adds to an order's way to a broker: from the decoded command to the decoded answer, over a kept connection,
// beside the same bytes posted by bare Beast. The signature's own time is taken off, for it is the broker's wish; not so where
// it is made ahead, while nobody waits, and is not on the way. Both clients take turns against one server, a process of its own.
// What a gateway puts off until it has handed on the answer is not in the latency; it is in the CPU time, which is told as well.
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
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "bus/audit_feed.hpp"
#include "gateways/binance/decode.hpp"
#include "gateways/binance/facts.hpp"
#include "gateways/binance/rest.hpp"
#include "gateways/coinbase/credential.hpp"
#include "gateways/coinbase/decode.hpp"
#include "gateways/coinbase/errors.hpp"
#include "gateways/coinbase/facts.hpp"
#include "tools/bench/measure.hpp"
#include "tools/venue/certificate.hpp"

namespace busbar::bench {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using namespace literals;
using asio::ip::tcp;
using gateway::Facts;
using Tls = asio::ssl::stream<tcp::socket>;

constexpr const char* venue_order_id = "bsb0123456789abcdef01";
constexpr const char* binance_answer =
    R"({"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"bsb0123456789abcdef01",)"
    R"("transactTime":1507725176595,"price":"65123.45","origQty":"1.5","executedQty":"0.00000000",)"
    R"("origQuoteOrderQty":"0.000000","cummulativeQuoteQty":"0.00000000","status":"NEW","timeInForce":"GTC",)"
    R"("type":"LIMIT","side":"BUY","workingTime":1507725176595,"fills":[],"selfTradePreventionMode":"NONE"})";
constexpr const char* coinbase_answer =
    R"({"success":true,"success_response":{"order_id":"0000-00000-000001","product_id":"BTC-USD","side":"BUY",)"
    R"("client_order_id":"bsb0123456789abcdef01"},"order_configuration":{"limit_limit_gtc":{"base_size":"1.5",)"
    R"("limit_price":"65123.45","post_only":false}}})";

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
    const bool is_binance = request.find(binance::api_key_header) != request.end();
    if (is_binance) {
      response.set("x-mbx-used-weight-1m", "12");
      response.set("x-mbx-order-count-10s", "3");
    }
    response.keep_alive(request.keep_alive());
    response.body() = is_binance ? binance_answer : coinbase_answer;
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
  void on_market_hours(std::vector<MarketHours>) override {}
  void on_state(Part, SessionStateKind, std::string, Timestamp) override {}
  void on_clock_offset(std::int64_t) override {}
  void on_order_stream_up() override {}
};

Instrument instrument(const char* broker_symbol) {
  Instrument btc;
  btc.symbol = "BTC/USDT";
  btc.broker_symbol = broker_symbol;
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
class Line {
 public:
  Line(asio::io_context& loop, gateway::TlsContext& tls, std::uint16_t port, const std::filesystem::path& folder,
       gateway::HttpOptions options)
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
                 [this](Tape&& tape) { keep(std::move(tape)); },
                 "bench",
                 "main",
                 Environment::Paper,
                 {gateway::Secret{std::string(64, 'k')}, gateway::Secret{std::string(64, 's')}, {}}},
        url_{url_of(port)},
        http_{loop, tls, url_, options, context_.tape} {}
  std::uint64_t handshakes() const { return http_.handshakes(); }

 protected:
  static gateway::About about(const PlaceCommand& place) {
    return gateway::about(place.command, place.order.client_order_id);
  }

 private:
  void keep(Tape&& tape) {
    Header header;
    header.environment = Environment::Paper;
    header.sender = "bench";
    std::get<Tape>(body_) = std::move(tape);
    tape_.append(encode_here(header, body_), clock_.now());
  }

  NobodyListens events_;
  RecordClock clock_{0};
  Body body_{Tape{}};
  bus::AuditFeed tape_;

 protected:
  gateway::AdapterContext context_;
  gateway::Url url_;
  gateway::HttpSession http_;
};

// What one signature takes, by itself.
template <class Signer>
double signature_us(const Signer& signer, std::size_t size) {
  const std::string payload(size, 'p');
  constexpr int count = 5'000;
  const std::int64_t begin_ns = thread_ns();
  std::size_t signed_bytes = 0;
  for (int i = 0; i < count; ++i) signed_bytes += signer.sign(payload).size();
  require(signed_bytes > 0, "post: no signature");
  return static_cast<double>(thread_ns() - begin_ns) / count / 1000;
}

class Binance : public Line {
 public:
  static constexpr bool signs_ahead = false;

  Binance(asio::io_context& loop, gateway::TlsContext& tls, std::uint16_t port, const std::filesystem::path& folder,
          gateway::HttpOptions options = {})
      : Line{loop, tls, port, folder, options},
        rest_{http_, context_, *binance::Signer::hmac(std::string(64, 's')), 5000} {}

  asio::awaitable<void> place() {
    const PlaceCommand place = command();
    auto request = binance::encode_place(place.order, instrument_, venue_order_id);
    if (!request) fail(request.error().text);
    const gateway::Sent sent = co_await rest_.send(*std::move(request), about(place));
    if (sent.http.outcome != gateway::HttpOutcome::Answered) fail("post: " + sent.http.error);
    const auto order = binance::decode_order(sent.http.body);
    if (!order) fail(order.error().text);
    const Facts facts = binance::facts_of_place(*order, place.command.symbol);
    require(!facts.empty() && facts.front().event == VenueEvent::Accepted, "post: the order was not accepted");
  }
  double signature_us() const { return bench::signature_us(rest_.signer(), 220); }

 private:
  binance::Rest rest_;
  Instrument instrument_ = instrument("BTCUSDT");
};

std::string new_key() {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  BIO* const out = BIO_new(BIO_s_mem());
  require(key != nullptr && PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "post: no key");
  char* text = nullptr;
  const long size = BIO_get_mem_data(out, &text);
  const std::string pem(text, static_cast<std::size_t>(size));
  BIO_free(out);
  EVP_PKEY_free(key);
  return pem;
}

class Coinbase : public Line {
 public:
  static constexpr bool signs_ahead = true;  // so no signature is on an order's way, and none is taken off there

  Coinbase(asio::io_context& loop, gateway::TlsContext& tls, std::uint16_t port, const std::filesystem::path& folder,
           gateway::HttpOptions options = {})
      : Line{loop, tls, port, folder, options},
        pem_{new_key()},
        signer_{*coinbase::Signer::of(pem_)},
        credential_{*coinbase::Signer::of(pem_),
                    "organizations/" + std::string(36, 'o') + "/apiKeys/" + std::string(36, 'k'), url_},
        rest_{http_, context_, dialect()} {}

  asio::awaitable<void> place() {
    const PlaceCommand place = command();
    auto request = coinbase::encode_place(place.order, instrument_, venue_order_id, rest_.broker_time_ns());
    if (!request) fail(request.error().text);
    const gateway::Sent sent = co_await rest_.send(
        [this, &request](Timestamp now) { return credential_.whole(*request, now); }, about(place));
    if (sent.http.outcome != gateway::HttpOutcome::Answered) fail("post: " + sent.http.error);
    const auto placed = coinbase::decode_placed(sent.http.body);
    if (!placed) fail(placed.error().text);
    const VenueReport fact = coinbase::fact_of_placed(*placed, place.order, place.command.symbol, venue_order_id);
    require(fact.event == VenueEvent::Accepted, "post: the order was not accepted");
  }
  double signature_us() const { return bench::signature_us(signer_, 500); }

 private:
  gateway::RestLine::Dialect dialect() {
    gateway::RestLine::Dialect said;
    said.broker = "Coinbase";
    said.make_ahead = [this](Timestamp now) { credential_.make_ahead(now); };
    said.drop_ahead = [this] { credential_.drop_ahead(); };
    said.meaning = [](const gateway::HttpResponse& http, std::string_view target) {
      gateway::RestLine::Meaning meaning;
      const auto judged = coinbase::judge_read(http.status, http.body, target);
      if (judged.verdict != coinbase::Verdict::Ok) meaning.error = Error{judged.error, "refused"};
      return meaning;
    };
    return said;
  }

  std::string pem_;
  coinbase::Signer signer_;
  coinbase::Credential credential_;
  gateway::RestLine rest_;
  Instrument instrument_ = instrument("BTC-USD");
};

// ---- Bare Beast, with an order's bytes

class Floor {
 public:
  Floor(asio::io_context& loop, asio::ssl::context& tls, std::uint16_t port, bool is_binance) : stream_{loop, tls} {
    stream_.lowest_layer().connect({asio::ip::make_address("127.0.0.1"), port});
    stream_.lowest_layer().set_option(tcp::no_delay{true});
    stream_.handshake(Tls::client);
    request_.method(http::verb::post);
    request_.target(is_binance ? "/api/v3/order" : "/api/v3/brokerage/orders");
    request_.version(11);
    request_.set(http::field::host, "127.0.0.1");
    request_.set(http::field::user_agent, "bench");
    request_.set(http::field::content_type, is_binance ? "application/x-www-form-urlencoded" : "application/json");
    if (is_binance) {
      request_.set(binance::api_key_header, std::string(64, 'k'));
    } else {
      request_.set(http::field::authorization, "Bearer " + std::string(620, 't'));
    }
    request_.body() = std::string(is_binance ? 290 : 190, 'b');
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
  asio::co_spawn(loop, place_all(way, orders, latencies), [&](const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
    loop.stop();
  });
  loop.restart();
  loop.run();  // as a gateway's: a loop that is entered for each turn keeps no memory for the next one
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

template <class Way>
void compare(const char* broker, const Server& server, gateway::TlsContext& trust, const std::string& folder,
             std::size_t orders, std::size_t pairs) {
  asio::io_context loop{1};
  asio::ssl::context tls{asio::ssl::context::tls_client};
  Way ours{loop, trust, server.port(), folder};
  Floor floor{loop, tls, server.port(), std::is_same_v<Way, Binance>};
  place_all(loop, ours, orders / 10);
  place_all(loop, floor, orders / 10);
  const std::uint64_t handshakes = ours.handshakes();
  Comparison latency, cpu;
  for (std::size_t i = 0; i < pairs; ++i) {
    const Figures our = place_all(loop, ours, orders);
    const Figures least = place_all(loop, floor, orders);
    const double signature_us = ours.signature_us();
    latency.add(our.p50_us - (Way::signs_ahead ? 0 : signature_us), least.p50_us);
    cpu.add(our.cpu_us - signature_us, least.cpu_us);
  }
  latency.print((std::string{broker} + ", command to answer, p50").c_str());
  cpu.print((std::string{broker} + ", CPU time an order").c_str());
  std::printf("{\"words\": \"%s, TLS handshakes per order\", \"handshakes\": %.4f}\n", broker,
              static_cast<double>(ours.handshakes() - handshakes) / static_cast<double>(orders * pairs));
}

// The loop runs on while nobody asks for anything, longer than a connection is used for.
void after_idle(const Server& server, gateway::TlsContext& trust, const std::string& folder, std::size_t silences) {
  asio::io_context loop{1};
  gateway::HttpOptions options;
  options.idle_max = std::chrono::milliseconds{400};
  options.connections_ready = 2;
  Binance ours{loop, trust, server.port(), folder, options};
  place_all(loop, ours, 1);
  std::uint64_t handshakes = 0;
  for (std::size_t i = 0; i < silences; ++i) {
    loop.restart();
    loop.run_for(options.idle_max * 2);
    std::uint64_t before = ~std::uint64_t{0};
    while (before != ours.handshakes()) {  // none is under way that the order would be held to have paid
      before = ours.handshakes();
      loop.restart();
      loop.run_for(options.idle_max / 8);
    }
    place_all(loop, ours, 1);
    handshakes += ours.handshakes() - before;
  }
  std::printf("{\"words\": \"TLS handshakes of the first order after idle\", \"handshakes\": %.4f}\n",
              static_cast<double>(handshakes) / static_cast<double>(silences));
}

void measure(std::size_t orders, std::size_t pairs) {
  spdlog::set_level(spdlog::level::off);  // the archive of the tape is away, and it is said once
  std::string folder = (std::filesystem::temp_directory_path() / "busbar-bench-XXXXXX").string();
  require(mkdtemp(folder.data()) != nullptr, "mkdtemp");
  {
    const venue::Certificates certificates = venue::make_certificates(folder);
    const Server server{certificates};
    gateway::TlsContext trust{certificates.ca.string()};
    compare<Binance>("gateway, Binance", server, trust, folder, orders, pairs);
    compare<Coinbase>("gateway, Coinbase", server, trust, folder, orders, pairs);
    after_idle(server, trust, folder, std::max<std::size_t>(pairs, 3) * 2);
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
