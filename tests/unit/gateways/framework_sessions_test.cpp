#include "gateways/framework/sessions.hpp"

#include <future>
#include <optional>
#include <thread>

#include <signal.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "bus/clock.hpp"
#include "gateways/framework/redact.hpp"
#include "tests/unit/gateways/framework_run.hpp"
#include "tests/unit/gateways/framework_tls_server.hpp"

namespace busbar::gateway {
namespace {

using namespace std::chrono_literals;
using test::Peer;
using test::run;
using test::TlsServer;

const bool sigpipe_is_ignored = [] { return ::signal(SIGPIPE, SIG_IGN) != SIG_ERR; }();

struct Client {
  explicit Client(const TlsServer& server, HttpOptions options = {})
      : tls{server.ca_file()},
        session{loop, tls, *parse_url(server.url()), options,
                [this](Tape tape) { tapes.push_back(std::move(tape)); }} {}
  HttpResponse ask(HttpRequest request) {
    HttpResponse response = run(loop, session.request(std::move(request)));
    loop.poll();  // the tape has it after us
    return response;
  }
  HttpResponse get(std::string target = "/") { return ask({.method = "GET", .target = std::move(target)}); }

  asio::io_context loop{1};
  TlsContext tls;
  std::vector<Tape> tapes;
  HttpSession session;
};

void serve_ok(Peer& peer) {
  while (!peer.read_request().empty()) peer.answer("{}");
}

TEST(ParseUrl, TakesHttpsAndWssOnly) {
  const struct {
    const char* text;
    const char* host;
    const char* port;
    const char* target;
    bool is_websocket;
  } good[] = {
      {"https://api.binance.com", "api.binance.com", "443", "/", false},
      {"https://localhost:9443/api?x=1", "localhost", "9443", "/api?x=1", false},
      {"wss://stream.example:9443", "stream.example", "9443", "/", true},
      {"wss://ws.example:443/ws-api/v3", "ws.example", "443", "/ws-api/v3", true},
      {"https://127.0.0.1:1?x", "127.0.0.1", "1", "/?x", false},
  };
  for (const auto& c : good) {
    SCOPED_TRACE(c.text);
    const auto url = parse_url(c.text);
    ASSERT_TRUE(url);
    EXPECT_EQ(url->host, c.host);
    EXPECT_EQ(url->port, c.port);
    EXPECT_EQ(url->target, c.target);
    EXPECT_EQ(url->is_websocket, c.is_websocket);
  }
  for (const char* text : {"", "http://x", "ws://x", "https://", "https://x:0", "https://x:65536", "https://x:1a",
                           "https://u:p@x", "https://x/a b", "https://x/#a", "https://x y", "https://[::1]/"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_NE(url.error().text.find(text), std::string::npos);
  }
}

TEST(HttpSession, CarriesARequestAndItsAnswer) {
  std::promise<std::string> seen;
  TlsServer server{[&](Peer& peer) {
    seen.set_value(peer.read_request());
    peer.answer("{\"a\":1}", "X-MBX-Used-Weight: 7\r\nAZaz09-_^`|~.MNmn'ZA: 8\r\n");
    peer.read_request();
  }};
  Client client{server};
  const HttpResponse response = client.ask({.method = "POST",
                                            .target = "/api/v3/order",
                                            .headers = {{"X-MBX-APIKEY", "key"}},
                                            .body = "symbol=BTCUSDT",
                                            .content_type = "application/x-www-form-urlencoded"});
  ASSERT_EQ(response.outcome, HttpOutcome::Answered) << response.error;
  EXPECT_EQ(response.status, 200u);
  EXPECT_EQ(response.body, "{\"a\":1}");
  ASSERT_NE(response.header("x-mbx-used-weight"), nullptr);
  EXPECT_EQ(*response.header("x-mbx-used-weight"), "7");
  EXPECT_NE(response.header("azaz09-_^`|~.mnmn'za"), nullptr);  // letters alone, and all of them
  EXPECT_LE(response.sent_time_ns, response.received_time_ns);
  const std::string request = seen.get_future().get();
  EXPECT_TRUE(request.starts_with("POST /api/v3/order HTTP/1.1\r\nHost: localhost:"));
  EXPECT_NE(request.find("X-MBX-APIKEY: key\r\n"), std::string::npos);
  EXPECT_TRUE(request.ends_with("\r\n\r\nsymbol=BTCUSDT"));
}

TEST(HttpSession, ConnectsToNobodyItCannotVerify) {
  const struct {
    const char* what;
    test::ServerOptions options;
    bool knows_ca;
    const char* reason;
    std::vector<std::string> pins = {};
  } cases[] = {
      {"another key", {}, true, "pinned", {"sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}},
      {"wrong host name", {.host = "other.example"}, true, "not for this host name"},
      {"unknown CA", {}, false, "local issuer"},
      {"expired", {.is_expired = true}, true, "expired"},
      {"TLS 1.1", {.protocol_max = TLS1_1_VERSION}, true, "TLS with localhost"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    std::atomic<int> served = 0;
    TlsServer server{[&](Peer&) { ++served; }, c.options};
    asio::io_context loop{1};
    TlsContext tls{c.knows_ca ? server.ca_file() : std::string{}, c.pins};
    HttpSession session{loop, tls, *parse_url(server.url()), {}, {}};
    const HttpResponse response = run(loop, session.request({.method = "GET", .target = "/"}));
    EXPECT_EQ(response.outcome, HttpOutcome::NotSent);
    EXPECT_NE(response.error.find(c.reason), std::string::npos) << response.error;
    EXPECT_EQ(session.handshakes(), 0u);
    EXPECT_EQ(served, 0);
  }
}

TEST(HttpSession, APinIsASha256InBase64) {
  const std::string zeros(43, 'A');
  EXPECT_TRUE(is_pin("sha256/" + zeros + "="));
  for (const std::string& text : {zeros + "=", "sha1/" + zeros + "=", "sha256/" + zeros, "sha256/" + zeros + "A=",
                                  "sha256/" + zeros.substr(1) + " =", std::string{"sha256/="}, std::string{}}) {
    EXPECT_FALSE(is_pin(text)) << text;
  }
}

TEST(HttpSession, SpeaksTls12WhereTheServerKnowsNoNewer) {
  TlsServer server{serve_ok, {.protocol_max = TLS1_2_VERSION}};
  Client client{server};
  const HttpResponse response = client.get();
  EXPECT_EQ(response.outcome, HttpOutcome::Answered) << response.error;
}

TEST(HttpSession, ACaFileThatIsNoneStopsTheStart) {
  EXPECT_THROW(TlsContext{"/nonexistent/ca.pem"}, std::runtime_error);
}

TEST(HttpSession, ARefusedConnectionSentNothing) {
  TlsServer server{serve_ok};
  asio::io_context loop{1};
  TlsContext tls{server.ca_file()};
  HttpSession session{loop, tls, *parse_url("https://localhost:" + std::to_string(test::closed_port())), {}, {}};
  const HttpResponse response = run(loop, session.request({.method = "POST", .target = "/"}));
  EXPECT_EQ(response.outcome, HttpOutcome::NotSent);
  EXPECT_NE(response.error.find("connect localhost"), std::string::npos) << response.error;
}

// Says its word and waits until the client goes.
void stay(Peer& peer, const std::function<void()>& say) {
  say();
  peer.read(1);
}

TEST(HttpSession, AnythingButAWholeAnswerIsNoAnswer) {
  const struct {
    const char* what;
    std::function<void(Peer&)> serve;
  } cases[] = {
      {"closes before the answer", [](Peer&) {}},
      {"resets before the answer", [](Peer& peer) { peer.reset(); }},
      {"closes within the head", [](Peer& peer) { peer.write("HTTP/1.1 200 OK\r\nContent-"); }},
      {"closes within the body", [](Peer& peer) { peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"); }},
      {"no HTTP", [](Peer& peer) { peer.write("SSH-2.0-OpenSSH_9.2p1\r\n\r\n"); }},
      {"two lengths", [](Peer& peer) { stay(peer, [&] { peer.answer("{}", "Content-Length: 5\r\n"); }); }},
      {"too large", [](Peer& peer) { stay(peer, [&] { peer.answer(std::string(5000, 'x')); }); }},
      {"endless head",
       [](Peer& peer) { stay(peer, [&] { peer.write("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x')); }); }},
      {"resets within an answer without length",
       [](Peer& peer) {
         peer.write("HTTP/1.1 200 OK\r\n\r\n{}");
         peer.reset();
       }},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    TlsServer server{[&](Peer& peer) {
      peer.read_request();
      c.serve(peer);
    }};
    Client client{server, {.body_max = 4096}};
    const HttpResponse response = client.get();
    EXPECT_EQ(response.outcome, HttpOutcome::NoAnswer);
    EXPECT_FALSE(response.error.empty());
    ASSERT_FALSE(client.tapes.empty());
    EXPECT_EQ(client.tapes.back().error, response.error);
    EXPECT_EQ(server.accepted(), 1) << "a request that left is never repeated";
  }
}

TEST(HttpSession, WhatNeverBeginsAChunkIsNotKeptForEver) {
  TlsServer server{[](Peer& peer) {
    peer.read_request();
    stay(peer, [&] {
      peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=" + std::string(100'000, 'x'));
    });
  }};
  Client client{server, {.answer_timeout = 60s}};
  const HttpResponse response = client.get();
  EXPECT_EQ(response.outcome, HttpOutcome::NoAnswer);
  EXPECT_NE(response.error.find("header limit"), std::string::npos) << response.error;
}

TEST(HttpSession, ALateAnswerIsNoAnswer) {
  std::promise<void> over;
  TlsServer server{[&, is_over = over.get_future().share()](Peer& peer) {
    peer.read_request();
    is_over.wait();
  }};
  Client client{server, {.answer_timeout = 20ms}};
  const HttpResponse response = client.get();
  EXPECT_EQ(response.outcome, HttpOutcome::NoAnswer);
  over.set_value();
}

TEST(HttpSession, ARequestMayHavePatienceOfItsOwn) {
  std::promise<void> over;
  TlsServer server{[&, is_over = over.get_future().share()](Peer& peer) {
    peer.read_request();
    is_over.wait();
  }};
  Client client{server};
  HttpRequest request{.method = "POST", .target = "/"};
  request.answer_timeout = 20ms;
  EXPECT_EQ(client.ask(std::move(request)).outcome, HttpOutcome::NoAnswer);
  over.set_value();
}

TEST(HttpSession, WhatHasWaitedUntilItIsTooLateIsNotWritten) {
  std::atomic<int> requests = 0;
  TlsServer server{[&](Peer& peer) {
    for (; !peer.read_request().empty(); ++requests) peer.answer("{}");
  }};
  Client client{server};
  HttpRequest late{.method = "POST", .target = "/"};
  late.write_until_ns = boottime_now_ns() - 1;
  const HttpResponse response = client.ask(late);
  EXPECT_EQ(response.outcome, HttpOutcome::NotSent);
  EXPECT_TRUE(response.is_too_late);
  late.write_until_ns = boottime_now_ns() + 60'000'000'000;
  EXPECT_EQ(client.ask(late).outcome, HttpOutcome::Answered);
  EXPECT_EQ(requests, 1);
  EXPECT_EQ(client.session.handshakes(), 1u) << "the connection that it waited for is kept";
}

TEST(HttpSession, KeepsAConnectionOverManyRequests) {
  TlsServer server{serve_ok};
  Client client{server};
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.get().outcome, HttpOutcome::Answered);
  EXPECT_EQ(client.session.handshakes(), 1u);
}

TEST(HttpSession, AfterASilenceAFreshConnectionIsReady) {
  TlsServer server{serve_ok};
  HttpOptions options;
  options.connections_ready = 1;
  options.idle_max = 1500ms;
  Client client{server, options};
  ASSERT_EQ(client.get().outcome, HttpOutcome::Answered);
  test::run_until(client.loop, [&] { return client.session.handshakes() == 3; });  // two have aged
  EXPECT_EQ(client.get().outcome, HttpOutcome::Answered);
  EXPECT_EQ(client.session.handshakes(), 3u);
}

TEST(HttpSession, AWarmConnectionIsUsed) {
  TlsServer server{serve_ok};
  Client client{server};
  ASSERT_TRUE(run(client.loop, client.session.warm(2)));
  EXPECT_EQ(client.session.handshakes(), 2u);
  EXPECT_EQ(client.get().outcome, HttpOutcome::Answered);
  EXPECT_EQ(client.session.handshakes(), 2u);
}

TEST(HttpSession, AConnectionThatTheServerClosedIsReplacedBeforeAByteIsWritten) {
  for (const bool is_reset : {false, true}) {
    SCOPED_TRACE(is_reset);
    std::promise<void> answered;
    TlsServer server{[&, is_answered = answered.get_future().share()](Peer& peer) {
      if (peer.number > 1) return serve_ok(peer);
      peer.read_request();
      peer.answer("{}");
      is_answered.wait();
      if (is_reset) peer.reset();
    }};
    Client client{server};
    ASSERT_EQ(client.get().outcome, HttpOutcome::Answered);
    answered.set_value();
    while (server.closed() < 1) std::this_thread::yield();
    const HttpResponse response = client.ask({.method = "POST", .target = "/"});
    EXPECT_EQ(response.outcome, HttpOutcome::Answered) << response.error;
    EXPECT_EQ(client.session.handshakes(), 2u);
  }
}

TEST(HttpSession, AnAnswerNobodyAskedForIsNotTakenForTheNext) {
  std::promise<void> said;
  TlsServer server{[&](Peer& peer) {
    peer.read_request();
    peer.answer("first");
    if (peer.number == 1) {
      peer.answer("unasked");
      said.set_value();
    }
    while (!peer.read_request().empty()) peer.answer("second");
  }};
  Client client{server};
  EXPECT_EQ(client.get().body, "first");
  said.get_future().wait();
  EXPECT_EQ(client.get().body, "first") << "of a fresh connection";
}

TEST(HttpSession, AnOldConnectionIsNotUsedAgain) {
  TlsServer server{serve_ok};
  Client client{server, {.idle_max = 0ms}};
  for (int i = 0; i < 3; ++i) ASSERT_EQ(client.get().outcome, HttpOutcome::Answered);
  EXPECT_EQ(client.session.handshakes(), 3u);
}

TEST(HttpSession, NeverOpensMoreConnectionsThanAllowed) {
  TlsServer server{serve_ok};
  Client client{server, {.connections_max = 2}};
  int answered = 0;
  for (int i = 0; i < 20; ++i) {
    test::start(client.loop, client.session.request({.method = "GET", .target = "/"}),
                [&](HttpResponse response) { answered += response.outcome == HttpOutcome::Answered; });
  }
  test::run_until(client.loop, [&] { return answered == 20; });
  EXPECT_EQ(answered, 20);
  EXPECT_EQ(client.session.handshakes(), 2u);
}

TEST(HttpSession, SkipsInformationalAnswers) {
  TlsServer server{[](Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    peer.answer("{}");
    peer.read_request();
  }};
  Client client{server};
  const HttpResponse response = client.get();
  EXPECT_EQ(response.status, 200u);
}

TEST(HttpSession, ALineBreakIsNoSecondRequest) {
  TlsServer server{serve_ok};
  Client client{server};
  for (const HttpRequest& request : {
           HttpRequest{.method = "GET", .target = "/ HTTP/1.1\r\nX: y"},
           HttpRequest{.method = "GET\r\n", .target = "/"},
           HttpRequest{.method = "GET", .target = "/", .headers = {{"A", "b\r\nC: d"}}},
           HttpRequest{.method = "GET", .target = "/", .headers = {{"A\r\nC", "b"}}},
           HttpRequest{.method = "GET", .target = "/", .content_type = "x\ny"},
           HttpRequest{.method = "GET", .target = "relative"},
       }) {
    EXPECT_EQ(client.ask(request).outcome, HttpOutcome::NotSent);
  }
  EXPECT_EQ(client.session.handshakes(), 0u);
}

TEST(HttpSession, TheTapePairsRequestAndAnswerAndShowsNoSecret) {
  const std::string canary = "kEy-9f8e7d6c5b4a";
  const std::string signature = "5ig-0123456789abcdef";
  TlsServer server{[&](Peer& peer) {
    peer.read_request();
    peer.answer("you said " + canary, "X-Echo: " + canary + "\r\n");
    peer.read_request();
  }};
  Client client{server};
  const std::string query = "symbol=BTCUSDT&signature=" + signature;
  static constexpr std::string_view secret_headers[] = {"x-mbx-apikey"};
  static constexpr std::string_view secret_parameters[] = {"signature"};
  client.ask({.method = "POST",
              .target = "/api/v3/order?" + query,
              .headers = {{"X-MBX-APIKEY", canary}, {"Accept", "*/*"}},
              .body = query,
              .secret_headers = secret_headers,
              .secret_parameters = secret_parameters,
              .about = {.order_id = 7, .venue_order_id = Id{"v7"}}});
  ASSERT_EQ(client.tapes.size(), 2u);
  const Tape& sent = client.tapes[0];
  const Tape& received = client.tapes[1];
  EXPECT_EQ(sent.direction, TapeDirection::Sent);
  EXPECT_EQ(received.direction, TapeDirection::Received);
  EXPECT_EQ(sent.exchange, received.exchange);
  EXPECT_EQ(sent.connection, received.connection);
  EXPECT_NE(sent.connection, 0u);
  EXPECT_EQ(sent.target, "/api/v3/order?symbol=BTCUSDT&signature=[cut]");
  EXPECT_NE(sent.headers.find("X-MBX-APIKEY: [cut]\nAccept: */*\n"), std::string::npos) << sent.headers;
  EXPECT_EQ(received.status, 200u);
  EXPECT_GT(received.elapsed_ns, 0);
  EXPECT_EQ(received.order_id, 7u);
  EXPECT_EQ(received.venue_order_id, "v7");
  for (const Tape& tape : client.tapes) {
    const std::string all = tape.target + tape.headers + tape.error + std::string{tape.body.begin(), tape.body.end()};
    EXPECT_EQ(all.find(canary), std::string::npos) << all;
    EXPECT_EQ(all.find(signature), std::string::npos) << all;
  }
}

TEST(HttpSession, MayGoWhileARequestRuns) {
  std::promise<void> over;
  TlsServer server{[&, is_over = over.get_future().share()](Peer& peer) {
    peer.read_request();
    is_over.wait();
    peer.answer("{}");
  }};
  asio::io_context loop{1};
  TlsContext tls{server.ca_file()};
  auto session = std::make_unique<HttpSession>(loop, tls, *parse_url(server.url()), HttpOptions{}, OnTape{});
  std::optional<HttpResponse> response;
  test::start(loop, session->request({.method = "GET", .target = "/"}),
              [&](HttpResponse answer) { response = std::move(answer); });
  test::run_until(loop, [&] { return session->handshakes() == 1; });
  session.reset();
  over.set_value();
  test::run_until(loop, [&] { return response.has_value(); });
  EXPECT_EQ(response->outcome, HttpOutcome::Answered);
}

// ---- WebSocket

struct Socket {
  explicit Socket(const TlsServer& server, WebSocketOptions options = {})
      : tls{server.ca_file()},
        socket{std::make_unique<WebSocket>(loop, tls, *parse_url(server.url("wss", "/ws")), options,
                                           [this](Tape tape) { tapes.push_back(std::move(tape)); })} {
    socket->on_text([this](std::string_view text, Timestamp, About&) { texts.emplace_back(text); });
    socket->on_closed([this](std::string reason) { closed.push_back(std::move(reason)); });
  }
  void open() {
    const auto opened = run(loop, socket->open());
    ASSERT_TRUE(opened) << opened.error().text;
  }
  void run_to_end() {
    test::run_until(loop, [&] { return !closed.empty(); });
    loop.restart();
    loop.run();  // whatever else there is: nothing may be told twice
  }

  asio::io_context loop{1};
  TlsContext tls;
  std::vector<Tape> tapes;
  std::vector<std::string> texts;
  std::vector<std::string> closed;
  std::unique_ptr<WebSocket> socket;
};

void serve_echo(Peer& peer) {
  peer.accept_websocket();
  int opcode = 0;
  for (;;) {
    const std::string payload = peer.read_frame(&opcode);
    if (opcode == -1) return;
    if (opcode == 8) return peer.write_frame(8, payload);
    if (opcode == 1) peer.write_frame(1, payload);
  }
}

TEST(WebSocket, CarriesTextsBothWaysAndClosesInGoodOrder) {
  TlsServer server{serve_echo};
  Socket client{server};
  client.open();
  EXPECT_TRUE(client.socket->is_open());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(client.socket->send("text " + std::to_string(i)));
  ASSERT_TRUE(client.socket->send(std::string(20000, 'x')));
  test::run_until(client.loop, [&] { return client.texts.size() >= 51; });
  EXPECT_EQ(client.texts[49], "text 49");
  EXPECT_EQ(client.texts[50].size(), 20000u);
  client.socket->close();
  EXPECT_FALSE(client.socket->is_open());
  EXPECT_FALSE(client.socket->send("too late"));
  client.run_to_end();
  ASSERT_EQ(client.closed.size(), 1u);
  EXPECT_EQ(client.closed[0], "closed by us");
}

TEST(WebSocket, AnswersPingsWithTheirPayload) {
  std::promise<std::string> pong;
  TlsServer server{[&](Peer& peer) {
    peer.accept_websocket();
    peer.write_frame(9, "are you there");
    int opcode = 0;
    std::string payload = peer.read_frame(&opcode);
    pong.set_value(opcode == 10 ? payload : "no pong");
    peer.write_frame(1, "good");
    peer.read_frame(&opcode);
  }};
  Socket client{server};
  client.open();
  test::run_until(client.loop, [&] { return !client.texts.empty(); });
  EXPECT_EQ(pong.get_future().get(), "are you there");
}

TEST(WebSocket, SilenceIsADeadConnection) {
  TlsServer server{serve_echo};
  Socket client{server, {.silence_max = 30ms}};
  client.open();
  client.run_to_end();
  ASSERT_EQ(client.closed.size(), 1u);
  EXPECT_NE(client.closed[0].find("silence"), std::string::npos) << client.closed[0];
  EXPECT_FALSE(client.socket->is_open());
}

TEST(WebSocket, AQuietBrokerIsAskedWhetherItLives) {
  std::atomic<int> pings{0};
  TlsServer server{[&](Peer& peer) {
    peer.accept_websocket();
    int opcode = 0;
    for (;;) {
      const std::string payload = peer.read_frame(&opcode);
      if (opcode == -1) return;
      if (opcode == 8) return peer.write_frame(8, payload);
      if (opcode == 9 && ++pings <= 3) peer.write_frame(10, payload);  // and then it is dead
    }
  }};
  Socket client{server, {.silence_max = 2s, .ping_interval = 30ms}};
  client.open();
  client.run_to_end();
  EXPECT_GE(pings, 4) << "each was answered, and kept the connection alive";
  EXPECT_FALSE(client.socket->is_open());
}

TEST(WebSocket, AsksForWhatTheBrokerShallSpeakAndSendsItsLike) {
  std::promise<std::string> head;
  std::promise<int> kind;
  TlsServer server{[&](Peer& peer) {
    peer.accept_websocket([&](const std::string& request) { head.set_value(request); });
    int opcode = 0;
    peer.read_frame(&opcode);
    kind.set_value(opcode);
    peer.read_frame(&opcode);
  }};
  Socket client{server, {.headers = {{"Content-Type", "application/msgpack"}}, .sends_binary = true}};
  client.open();
  ASSERT_TRUE(client.socket->send("\x81", "{}"));
  test::run_until(client.loop, [&] { return client.tapes.size() >= 2; });
  EXPECT_NE(head.get_future().get().find("Content-Type: application/msgpack\r\n"), std::string::npos);
  EXPECT_EQ(kind.get_future().get(), 2);
  EXPECT_EQ(view(client.tapes.back().method), "BINARY");
}

TEST(WebSocket, SaysWhyTheBrokerClosed) {
  const struct {
    std::function<void(Peer&)> serve;
    const char* reason;
  } cases[] = {
      {[](Peer& peer) { peer.write_frame(8, std::string{"\x03\xe9", 2} + "24 hours"); }, "broker: 1001 24 hours"},
      {[](Peer& peer) { peer.write_frame(3, "no such frame"); }, ""},
      {[](Peer& peer) { peer.write_frame(1, std::string(5000, 'x')); }, ""},
      {[](Peer& peer) { peer.write_frame(1, "\xff\xfe no UTF-8"); }, ""},
      {[](Peer& peer) { peer.reset(); }, ""},
      {[](Peer&) {}, ""},
  };
  for (const auto& c : cases) {
    TlsServer server{[&](Peer& peer) {
      peer.accept_websocket();
      int opcode = 0;
      peer.read_frame(&opcode);
      c.serve(peer);
      if (c.reason != std::string_view{}) peer.read_frame(&opcode);
    }};
    Socket client{server, {.message_max = 4096}};
    client.open();
    ASSERT_TRUE(client.socket->send("hello"));
    client.run_to_end();
    ASSERT_EQ(client.closed.size(), 1u);
    EXPECT_FALSE(client.closed[0].empty());
    EXPECT_NE(client.closed[0].find(c.reason), std::string::npos) << client.closed[0];
    EXPECT_TRUE(client.texts.empty());
  }
}

TEST(WebSocket, AnAnswerOtherThanTheUpgradeIsAnError) {
  TlsServer server{[](Peer& peer) {
    peer.read_request();
    peer.answer("no");
  }};
  Socket client{server};
  const auto opened = run(client.loop, client.socket->open());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::ConnectionError);
  EXPECT_FALSE(client.socket->send("x"));
  client.loop.restart();
  client.loop.run();
  EXPECT_TRUE(client.closed.empty()) << "it never was open";
}

TEST(WebSocket, TheSendQueueHasAnEnd) {
  TlsServer server{serve_echo};
  Socket client{server, {.send_queue_max = 3}};
  client.open();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.socket->send("x"));
  EXPECT_FALSE(client.socket->send("one too many"));
}

TEST(WebSocket, MayGoAtAnyTime) {
  TlsServer server{serve_echo};
  {
    Socket client{server};
    client.open();
    client.socket.reset();
    client.loop.restart();
    client.loop.run();
    EXPECT_TRUE(client.closed.empty()) << "nobody is there to be told";
  }
  {
    Socket client{server};
    client.open();
    client.socket->on_text([&](std::string_view, Timestamp, About&) { client.socket.reset(); });
    ASSERT_TRUE(client.socket->send("x"));
    client.loop.restart();
    client.loop.run();
    EXPECT_EQ(client.socket, nullptr);
  }
  {
    Socket client{server};
    bool is_over = false;
    test::start(client.loop, client.socket->open(), [&](Result<void>) { is_over = true; });
    client.socket.reset();
    client.loop.run();
    EXPECT_TRUE(is_over);
  }
}

TEST(WebSocket, TheTapeHasEveryTextAndNoSecret) {
  TlsServer server{serve_echo};
  Socket client{server};
  client.open();
  ASSERT_TRUE(client.socket->send("{\"method\":\"ping\"}"));
  ASSERT_TRUE(client.socket->send("{}", "{\"signature\":\"[cut]\"}"));
  test::run_until(client.loop, [&] { return client.texts.size() >= 2; });
  std::vector<std::string> sent;
  std::vector<std::string> received;
  for (const Tape& tape : client.tapes) {
    if (tape.method != "TEXT") continue;
    (tape.direction == TapeDirection::Sent ? sent : received).emplace_back(tape.body.begin(), tape.body.end());
    EXPECT_EQ(tape.channel, TapeChannel::MarketData);
    EXPECT_GT(tape.time_ns, 0);
  }
  EXPECT_EQ(sent, (std::vector<std::string>{"{\"method\":\"ping\"}", "{\"signature\":\"[cut]\"}"}));
  EXPECT_EQ(received.size(), 2u);
}

TEST(Redact, CutsParametersWhereverTheyStand) {
  const std::vector<std::string_view> names{"signature", "key"};
  EXPECT_EQ(cut_parameters("/p?a=1&signature=x&b=2", names), "/p?a=1&signature=[cut]&b=2");
  EXPECT_EQ(cut_parameters("signature=x", names), "signature=[cut]");
  EXPECT_EQ(cut_parameters("/p?signature=x", names), "/p?signature=[cut]");
  EXPECT_EQ(cut_parameters("signature=a&key=&signature=b", names), "signature=[cut]&key=[cut]&signature=[cut]");
  EXPECT_EQ(cut_parameters("apikey=1&keys=2&a=key=3", names), "apikey=1&keys=2&a=key=3");
  EXPECT_EQ(cut_parameters("a=1&&signature", names), "a=1&&signature");
  EXPECT_EQ(cut_parameters("", names), "");
  EXPECT_EQ(cut_parameters("key=a=b?key=c&x=key", names), "key=[cut]?key=[cut]&x=key");
  EXPECT_EQ(cut_parameters("=key=1&=", names), "=key=1&=");
  Bytes bytes{'x'};
  append_cut(bytes, "a=1&key=2&b=3", names);
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "xa=1&key=[cut]&b=3");
  std::string text = "xx secret secret";
  cut_secret(text, "secret");
  EXPECT_EQ(text, "xx [cut] [cut]");
}

TEST(Redact, CutsAMemberOfJsonWhereverItStands) {
  const auto cut = [](std::string text) {
    Bytes bytes{text.begin(), text.end()};
    cut_json_member(text, "key");
    cut_json_member(bytes, "key");
    EXPECT_EQ(std::string(bytes.begin(), bytes.end()), text);
    return text;
  };
  EXPECT_EQ(cut(R"({"key":"a","x":[{"key" : "b\"c"}],"key":7})"), R"({"key":"[cut]","x":[{"key" : "[cut]"}],"key":7})");
  EXPECT_EQ(cut(R"({"keys":"a","akey":"b","x":"key","key":""})"), R"({"keys":"a","akey":"b","x":"key","key":"[cut]"})");
  EXPECT_EQ(cut(R"({"key":"not closed)"), R"({"key":"[cut])");
  EXPECT_EQ(cut(R"({"key")"), R"({"key")");
  EXPECT_EQ(cut("key"), "key");
  EXPECT_EQ(cut(""), "");
}

}  // namespace
}  // namespace busbar::gateway
