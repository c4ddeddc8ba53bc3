// HttpSession: a pool of kept HTTPS connections to one host.
#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <limits>
#include <optional>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/verb.hpp>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include "bus/clock.hpp"
#include "gateways/framework/append_all.hpp"
#include "gateways/framework/hot_json.hpp"
#include "gateways/framework/redact.hpp"
#include "gateways/framework/tls_stream.hpp"

namespace busbar::gateway {

namespace http = beast::http;
using std::chrono::steady_clock;

namespace {

constexpr std::uint32_t header_size_max = 64u << 10;
constexpr int informational_max = 4;  // 1xx answers before the real one
constexpr std::size_t read_size = 16u << 10;  // a record of TLS
constexpr std::size_t header_usual = 48;      // name and value
constexpr std::chrono::milliseconds look_most{1'000};  // from one look at what is kept ready to the next
constexpr std::chrono::milliseconds look_rarely{30'000};

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

bool is_header_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~' && c != ':'; });
}

bool is_header_value(std::string_view text) {
  return hot::is_plain(text) || std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_hung_up(int fd) {
  pollfd ask{fd, POLLRDHUP, 0};
  return ::poll(&ask, 1, 0) != 0;  // POLLHUP and POLLERR answer unasked
}

bool is_target(std::string_view text) {
  return text.starts_with('/') && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// Eight letters at a time. Of a byte that is no ASCII nothing is changed.
void make_lower(std::string& text) {
  constexpr std::uint64_t each = 0x0101010101010101;
  constexpr std::uint64_t highest = each * 0x80;
  const auto lower = [](std::uint64_t word) {
    const std::uint64_t ascii = word & ~highest;
    const std::uint64_t is_letter = (ascii + each * (0x80 - 'A')) & ~(ascii + each * (0x7F - 'Z')) & ~word & highest;
    return word | is_letter >> 2;  // 0x20
  };
  std::size_t at = 0;
  for (std::uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    word = lower(word);
    std::memcpy(text.data() + at, &word, sizeof word);
  }
  for (; at < text.size(); ++at) text[at] = static_cast<char>(lower(static_cast<unsigned char>(text[at])));
}

// A line break in any of these would be a second request.
std::optional<std::string> what_is_wrong(const HttpRequest& request) {
  if (http::string_to_verb(request.method) == http::verb::unknown) return std::string{"the method is not HTTP's"};
  if (!is_target(request.target)) {
    return std::string{"the target must start with / and be printable ASCII without spaces"};
  }
  for (const auto& [name, value] : request.headers) {
    if (!is_header_name(name)) return std::string{"a header's name is not printable ASCII"};
    if (!is_header_value(value)) return "the value of header " + name + " is not printable ASCII";
  }
  if (!is_header_value(request.content_type)) return std::string{"the content type is not printable ASCII"};
  return std::nullopt;
}

using Headers = std::vector<std::pair<std::string, std::string>>;

bool is_secret(SecretNames secrets, std::string_view header) {
  return std::ranges::any_of(secrets, [header](std::string_view secret) { return equals_ignoring_case(secret, header); });
}

// What has to be cut out of everything that the tape gets of one exchange: the values of its secret headers, members of JSON.
template <class Text>
void cut_from(Text& text, const Headers& headers, SecretNames secret_headers, SecretNames secret_members) {
  if (text.empty()) return;
  for (const auto& [name, value] : headers) {
    if (is_secret(secret_headers, name)) cut_secret(text, value);
  }
  for (const std::string_view member : secret_members) cut_json_member(text, member);
}

std::string headers_of(const HttpRequest& request) {
  std::string text;
  text.reserve(request.headers.size() * header_usual);
  for (const auto& [name, value] : request.headers) {
    append_all(text, name, ": ", is_secret(request.secret_headers, name) ? cut_mark : std::string_view{value}, "\n");
  }
  return text;
}

// In one piece, so that it leaves in one record of TLS and one packet. Nothing in it has a line break of its own.
std::string written_out(const HttpRequest& request, const std::string& host) {
  std::string text;
  text.reserve(1024 + request.target.size() + request.body.size());
  const auto add = [&text](std::string_view name, std::string_view value) {
    append_all(text, name, ": ", value, "\r\n");
  };
  append_all(text, request.method, " ", request.target, " HTTP/1.1\r\n");
  add("Host", host);
  add("User-Agent", "busbar/" BUSBAR_VERSION);
  for (const auto& [name, value] : request.headers) add(name, value);
  if (!request.content_type.empty()) add("Content-Type", request.content_type);
  const bool has_body = !request.body.empty() || request.method == "POST" || request.method == "PUT";
  if (has_body) add("Content-Length", std::to_string(request.body.size()));
  append_all(text, "\r\n", request.body);
  return text;
}

// An answer as it comes: its parts go where they are wanted.
class AnswerParser : public http::basic_parser<false> {
 public:
  explicit AnswerParser(HttpResponse& response) : response_{response} {
    response_.headers.clear();
    response_.headers.reserve(headers_usual);
    response_.body.clear();
  }

 private:
  using Piece = beast::string_view;

  void on_response_impl(int status, Piece, int, error_code&) override { response_.status = static_cast<std::uint32_t>(status); }
  void on_field_impl(http::field, Piece name, Piece value, error_code&) override {
    make_lower(response_.headers.emplace_back(name, value).first);
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>& size, error_code&) override {
    if (size) response_.body.reserve(std::min<std::uint64_t>(*size, body_reserve_max));
  }
  std::size_t on_body_impl(Piece body, error_code&) override {
    response_.body.append(body.data(), body.size());
    return body.size();
  }
  std::size_t on_chunk_body_impl(std::uint64_t, Piece body, error_code& error) override { return on_body_impl(body, error); }
  void on_request_impl(http::verb, Piece, Piece, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_chunk_header_impl(std::uint64_t, Piece, error_code&) override {}
  void on_finish_impl(error_code&) override {}

  static constexpr std::size_t headers_usual = 16;
  static constexpr std::uint64_t body_reserve_max = 1u << 20;  // of what is only announced

  HttpResponse& response_;
};

// Nothing: more has to come. No error: all of the answer is there.
std::optional<error_code> read_what_came(beast::flat_buffer& buffer, http::basic_parser<false>& parser) {
  for (;;) {
    error_code error = http::error::need_more;
    if (buffer.size() != 0) buffer.consume(parser.put(buffer.data(), error));
    if (error && error != http::error::need_more) return error;
    if (parser.is_done()) return error_code{};
    // Of what begins a chunk Beast has no bound: it would wait for its end, and keep what comes.
    if (error && buffer.size() > header_size_max) return http::error::header_limit;
    if (error) return std::nullopt;
  }
}

// No more will come. That may be the end of what has no length.
error_code end_of(error_code error, http::basic_parser<false>& parser) {
  if (error != asio::error::eof) return error;
  if (!parser.got_some()) return http::error::end_of_stream;
  error = {};
  parser.put_eof(error);
  return error;
}

}  // namespace

const std::string* HttpResponse::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return &value;
  }
  return nullptr;
}

class HttpSession::Pool : public std::enable_shared_from_this<HttpSession::Pool> {
 public:
  Pool(asio::io_context& loop, TlsContext& tls, Url base, HttpOptions options, OnTape tape)
      : loop_{loop},
        tls_{tls},
        base_{std::move(base)},
        host_{host_header(base_)},
        options_{options},
        tape_{std::move(tape)},
        look_{loop} {}

  static asio::awaitable<HttpResponse> run(std::shared_ptr<Pool> pool, HttpRequest request);
  static asio::awaitable<Result<void>> warm(std::shared_ptr<Pool> pool, std::size_t count);
  void close() {
    tape_all();
    is_closed_ = true;
    idle_.clear();
    for (const auto& waiter : waiters_) waiter->timer.cancel();
    look_.cancel();
  }

  std::uint64_t handshakes = 0;

 private:
  struct Connection {
    std::unique_ptr<ByteStream> stream;
    beast::flat_buffer buffer;
    std::uint64_t number = next_connection();
    std::uint64_t requests = 0;
    steady_clock::time_point last_used = steady_clock::now();
  };
  using ConnectionPtr = std::unique_ptr<Connection>;

  // A place among connections_max, given back whatever happens.
  class Place {
   public:
    Place(Pool& pool, bool is_write) : pool_{pool}, is_write_{is_write} {
      ++pool_.busy_;
      pool_.busy_writes_ += is_write_;
    }
    ~Place() {
      --pool_.busy_;
      pool_.busy_writes_ -= is_write_;
      pool_.wake_one();
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    Pool& pool_;
    bool is_write_;
  };

  struct Waiter {
    asio::steady_timer timer;
    bool is_write;
  };
  // The first that may have the place.
  void wake_one() {
    const auto first = std::ranges::find_if(waiters_, [this](const auto& w) { return has_place(w->is_write); });
    if (first == waiters_.end()) return;
    (*first)->timer.cancel();
    waiters_.erase(first);
  }

  bool is_usable(Connection& connection) const;
  ConnectionPtr take_idle();
  void keep(ConnectionPtr connection);
  // What became of an order can be asked for however many are on their way.
  bool has_place(bool is_write) const {
    const std::size_t writes_max = std::max<std::size_t>(options_.connections_max, 2) - 1;
    return !is_closed_ && busy_ < options_.connections_max && (!is_write || busy_writes_ < writes_max);
  }
  static asio::awaitable<bool> wait_for_place(Pool& pool, bool is_write);
  static asio::awaitable<std::optional<Error>> open(Pool& pool, ConnectionPtr& out);
  static asio::awaitable<void> keep_ready(std::shared_ptr<Pool> pool);
  std::size_t fresh() const;

  struct Attempt {
    HttpOutcome outcome = HttpOutcome::NotSent;
    bool is_keepable = false;
    std::string error;
  };
  // One attempt at an exchange. The text is the request as it is written.
  static asio::awaitable<Attempt> exchange(Pool& pool, Connection& connection, const HttpRequest& request,
                                           const std::string& text, std::uint64_t number, HttpResponse& response);
  // An answer waits for its place on the tape until it has been handed on.
  struct Untaped {
    Tape tape;
    std::string body;
    Headers sent;  // with the secrets
    SecretNames secret_headers;
    SecretNames secret_members;
  };
  void tape_sent(const HttpRequest& request, std::uint64_t number, std::uint64_t connection, Timestamp time_ns) const;
  void tape_answer(HttpRequest&& request, std::uint64_t number, std::uint64_t connection, const HttpResponse& response,
                   std::int64_t elapsed_ns);
  void tape_all();

  asio::io_context& loop_;
  TlsContext& tls_;
  Url base_;
  std::string host_;
  HttpOptions options_;
  OnTape tape_;
  std::vector<Untaped> untaped_;
  std::size_t busy_ = 0;
  std::size_t busy_writes_ = 0;
  bool is_closed_ = false;
  bool is_kept_ready_ = false;
  asio::steady_timer look_;
  std::vector<ConnectionPtr> idle_;  // the newest last: it is used first, so the rest can age
  std::deque<std::shared_ptr<Waiter>> waiters_;
};

// A server that closed has said so to the kernel by now; asking costs no packet. Bytes that nobody asked for, on a
// connection that has served already, are the start of no answer of ours.
bool HttpSession::Pool::is_usable(Connection& connection) const {
  if (steady_clock::now() - connection.last_used > options_.idle_max) return false;
  SSL* const ssl = connection.stream->ssl();
  const bool has_read_ahead = SSL_has_pending(ssl) != 0 || BIO_ctrl_pending(SSL_get_rbio(ssl)) != 0;
  if (connection.requests != 0 && has_read_ahead) return false;
  std::array<char, 1> byte{};
  const int fd = connection.stream->socket().native_handle();
  const ssize_t size = ::recv(fd, byte.data(), byte.size(), MSG_PEEK | MSG_DONTWAIT);
  if (size == 0) return false;
  if (size < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
  // After a handshake come session tickets; with a close behind them the socket tells by its hang-up.
  return connection.requests == 0 && !is_hung_up(fd);
}

HttpSession::Pool::ConnectionPtr HttpSession::Pool::take_idle() {
  while (!idle_.empty()) {
    ConnectionPtr connection = std::move(idle_.back());
    idle_.pop_back();
    if (is_usable(*connection)) return connection;
  }
  return nullptr;
}

void HttpSession::Pool::keep(ConnectionPtr connection) {
  if (is_closed_ || connection->buffer.size() != 0) return;
  connection->last_used = steady_clock::now();
  idle_.push_back(std::move(connection));
}

asio::awaitable<bool> HttpSession::Pool::wait_for_place(Pool& pool, bool is_write) {
  const auto deadline = steady_clock::now() + pool.options_.connect_timeout;
  while (!pool.has_place(is_write) && !pool.is_closed_) {
    if (steady_clock::now() >= deadline) co_return false;
    const auto waiter = std::make_shared<Waiter>(Waiter{asio::steady_timer{pool.loop_, deadline}, is_write});
    pool.waiters_.push_back(waiter);
    co_await waiter->timer.async_wait(no_throw);
    std::erase(pool.waiters_, waiter);
  }
  co_return !pool.is_closed_;
}

asio::awaitable<std::optional<Error>> HttpSession::Pool::open(Pool& pool, ConnectionPtr& out) {
  if (pool.idle_.size() + pool.busy_ > pool.options_.connections_max && !pool.idle_.empty()) {
    pool.idle_.erase(pool.idle_.begin());
  }
  auto opened = co_await open_tls(pool.loop_, pool.tls_, pool.base_, pool.options_.connect_timeout);
  if (!opened) co_return opened.error();
  ++pool.handshakes;
  out = std::make_unique<Connection>();
  out->stream = std::move(*opened);
  co_return std::nullopt;
}

// Those that will still be good for a while.
std::size_t HttpSession::Pool::fresh() const {
  const auto is_fresh = [&](const ConnectionPtr& connection) {
    return steady_clock::now() - connection->last_used < options_.idle_max * 3 / 4;
  };
  return busy_ + static_cast<std::size_t>(std::ranges::count_if(idle_, is_fresh));
}

// Whoever comes after a silence finds a connection: what ages, and what the broker has closed, is replaced ahead of need.
// More and more slowly where that is in vain.
asio::awaitable<void> HttpSession::Pool::keep_ready(std::shared_ptr<Pool> pool) {
  const std::chrono::milliseconds look = std::min(look_most, pool->options_.idle_max / 4);
  const std::size_t wanted = std::min(pool->options_.connections_ready, pool->options_.connections_max);
  for (auto pause = look; !pool->is_closed_;) {
    pool->look_.expires_after(pause);
    co_await pool->look_.async_wait(no_throw);
    bool is_vain = false;  // the broker is away, or has closed what was to be kept
    std::erase_if(pool->idle_, [&](const ConnectionPtr& connection) {
      const bool has_aged = steady_clock::now() - connection->last_used > pool->options_.idle_max;
      const bool is_useless = !pool->is_usable(*connection);
      is_vain = is_vain || (is_useless && !has_aged);
      return is_useless;
    });
    while (!pool->is_closed_ && pool->fresh() < wanted) {
      ConnectionPtr connection;
      const auto failed = co_await open(*pool, connection);
      if (failed) {
        is_vain = true;
        break;
      }
      pool->keep(std::move(connection));
    }
    pause = is_vain ? std::min(pause * 2, look_rarely) : look;
  }
}

asio::awaitable<HttpSession::Pool::Attempt> HttpSession::Pool::exchange(Pool& pool, Connection& connection,
                                                                        const HttpRequest& request,
                                                                        const std::string& text, std::uint64_t number,
                                                                        HttpResponse& response) {
  Attempt attempt;
  ByteStream& transport = *connection.stream;
  const std::uint64_t written_before = transport.written();
  const bool is_patience_its_own = request.answer_timeout.count() != 0;
  transport.expires_after(is_patience_its_own ? request.answer_timeout : pool.options_.answer_timeout);
  error_code write_error;
  for (std::size_t written = 0; written < text.size() && !write_error;) {
    const auto [error, size] = co_await transport.async_write_some(asio::buffer(text) + written, no_throw);
    write_error = error;
    written += size;
  }
  // While the broker thinks. It goes to the archive before this loop waits for anything.
  pool.tape_sent(request, number, connection.number, response.sent_time_ns);
  if (write_error) {
    attempt.outcome = transport.written() == written_before ? HttpOutcome::NotSent : HttpOutcome::NoAnswer;
    attempt.error = "write: " + write_error.message();
    co_return attempt;
  }

  attempt.outcome = HttpOutcome::NoAnswer;
  ++connection.requests;
  HttpResponse answer;
  for (int i = 0; i <= informational_max; ++i) {
    AnswerParser parser{answer};
    parser.eager(true);
    parser.header_limit(header_size_max);
    parser.body_limit(pool.options_.body_max);
    if (request.method == "HEAD") parser.skip(true);
    std::optional<error_code> end = read_what_came(connection.buffer, parser);
    while (!end) {
      const auto [error, size] = co_await transport.async_read_some(connection.buffer.prepare(read_size), no_throw);
      connection.buffer.commit(size);
      end = error ? end_of(error, parser) : read_what_came(connection.buffer, parser);
    }
    if (*end) {
      attempt.error = "read: " + end->message();
      co_return attempt;
    }
    if (answer.status < 200 && answer.status != 101) continue;
    response.status = answer.status;
    response.headers = std::move(answer.headers);
    response.body = std::move(answer.body);
    attempt.is_keepable = parser.keep_alive() && answer.status != 101;
    attempt.outcome = HttpOutcome::Answered;
    transport.expires_never();
    co_return attempt;
  }
  attempt.error = "read: nothing but 1xx answers";
  co_return attempt;
}

void HttpSession::Pool::tape_sent(const HttpRequest& request, std::uint64_t number, std::uint64_t connection,
                                  Timestamp time_ns) const {
  if (!tape_) return;
  Tape tape;
  tape.exchange = number;
  tape.direction = TapeDirection::Sent;
  tape.channel = TapeChannel::Rest;
  tape.connection = connection;
  tape.method = cut<32>(request.method);
  tape.target = cut_parameters(request.target, request.secret_parameters);
  cut_from(tape.target, request.headers, request.secret_headers, request.secret_members);
  tape.headers = headers_of(request);
  append_cut(tape.body, request.body, request.secret_parameters);
  cut_from(tape.body, request.headers, request.secret_headers, request.secret_members);
  tape.time_ns = time_ns;
  tape.order_id = request.about.order_id;
  tape.client_order_id = request.about.client_order_id;
  tape.venue_order_id = request.about.venue_order_id;
  tape_(std::move(tape));
}

void HttpSession::Pool::tape_answer(HttpRequest&& request, std::uint64_t number, std::uint64_t connection,
                                    const HttpResponse& response, std::int64_t elapsed_ns) {
  if (!tape_) return;
  Untaped& untaped = untaped_.emplace_back(
      Untaped{{}, response.body, std::move(request.headers), request.secret_headers, request.secret_members});
  Tape& tape = untaped.tape;
  tape.exchange = number;
  tape.direction = TapeDirection::Received;
  tape.channel = TapeChannel::Rest;
  tape.connection = connection;
  tape.status = response.status;
  tape.headers.reserve(512);
  for (const auto& [name, value] : response.headers) {  // a cookie opens somebody's session
    append_all(tape.headers, name, ": ", name == "set-cookie" ? cut_mark : std::string_view{value}, "\n");
  }
  tape.error = response.error;
  tape.time_ns = response.received_time_ns;
  tape.elapsed_ns = elapsed_ns;
  tape.order_id = request.about.order_id;
  tape.client_order_id = request.about.client_order_id;
  tape.venue_order_id = request.about.venue_order_id;
  if (untaped_.size() == 1) asio::post(loop_, [pool = shared_from_this()] { pool->tape_all(); });
}

void HttpSession::Pool::tape_all() {
  std::vector<Untaped> all = std::exchange(untaped_, {});
  for (auto& [tape, body, sent, secret_headers, secret_members] : all) {
    append_cut(tape.body, body, {});
    cut_from(tape.headers, sent, secret_headers, secret_members);
    cut_from(tape.error, sent, secret_headers, secret_members);
    cut_from(tape.body, sent, secret_headers, secret_members);
    tape_(std::move(tape));
  }
  all.clear();
  if (untaped_.empty()) untaped_.swap(all);  // its memory serves the next ones
}

asio::awaitable<HttpResponse> HttpSession::Pool::run(std::shared_ptr<Pool> pool, HttpRequest request) {
  const std::uint64_t number = next_exchange();
  HttpResponse response;
  std::uint64_t connection_number = 0;
  Timestamp started_ns = boottime_now_ns();
  const bool is_write = request.method != "GET";
  const auto finish = [&](HttpOutcome outcome, std::string error) {  // the last thing that is done with the request
    response.outcome = outcome;
    response.error = std::move(error);
    response.received_time_ns = wall_now_ns();
    pool->tape_answer(std::move(request), number, connection_number, response, boottime_now_ns() - started_ns);
  };

  if (const auto wrong = what_is_wrong(request)) {
    finish(HttpOutcome::NotSent, *wrong);
    co_return response;
  }
  if (!pool->has_place(is_write) && !co_await wait_for_place(*pool, is_write)) {
    response.is_busy = !pool->is_closed_;
    finish(HttpOutcome::NotSent, pool->is_closed_ ? "the session is closed" : "all connections are busy");
    co_return response;
  }
  if (pool->options_.connections_ready != 0 && !std::exchange(pool->is_kept_ready_, true)) {
    asio::co_spawn(pool->loop_, keep_ready(pool), asio::detached);
  }
  const Place place{*pool, is_write};
  const std::string text = written_out(request, pool->host_);
  bool is_kept_allowed = true;
  for (;;) {
    ConnectionPtr connection = is_kept_allowed ? pool->take_idle() : nullptr;
    const bool is_kept = connection != nullptr;
    if (!connection) {
      const std::optional<Error> failed = co_await open(*pool, connection);
      if (failed) {
        response.sent_time_ns = 0;
        finish(HttpOutcome::NotSent, failed->text);
        co_return response;
      }
    }
    if (request.write_until_ns != 0 && boottime_now_ns() > request.write_until_ns) {
      response.is_too_late = true;
      finish(HttpOutcome::NotSent, "it waited for a connection until it was too late");
      pool->keep(std::move(connection));
      co_return response;
    }
    connection_number = connection->number;
    response.sent_time_ns = wall_now_ns();
    started_ns = boottime_now_ns();
    if (request.on_write) std::exchange(request.on_write, nullptr)(response.sent_time_ns);  // a second attempt is the same request
    const Attempt attempt = co_await exchange(*pool, *connection, request, text, number, response);
    if (attempt.outcome == HttpOutcome::NotSent && is_kept) {
      is_kept_allowed = false;  // the broker had closed it and nothing went out: a fresh one decides
      continue;
    }
    finish(attempt.outcome, attempt.error);
    if (attempt.is_keepable) pool->keep(std::move(connection));
    co_return response;
  }
}

asio::awaitable<Result<void>> HttpSession::Pool::warm(std::shared_ptr<Pool> pool, std::size_t count) {
  while (pool->idle_.size() + pool->busy_ < std::min(count, pool->options_.connections_max)) {
    const Place place{*pool, false};
    ConnectionPtr connection;
    const std::optional<Error> failed = co_await open(*pool, connection);
    if (failed) co_return *failed;
    pool->keep(std::move(connection));
  }
  co_return Result<void>{};
}

HttpSession::HttpSession(asio::io_context& loop, TlsContext& tls, Url base, HttpOptions options, OnTape tape)
    : pool_{std::make_shared<Pool>(loop, tls, std::move(base), options, std::move(tape))} {}

HttpSession::~HttpSession() { pool_->close(); }

asio::awaitable<HttpResponse> HttpSession::request(HttpRequest&& request) { return Pool::run(pool_, std::move(request)); }

asio::awaitable<Result<void>> HttpSession::warm(std::size_t count) { return Pool::warm(pool_, count); }

std::uint64_t HttpSession::handshakes() const { return pool_->handshakes; }

}  // namespace busbar::gateway
