#include <functional>
#include <set>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateways/framework/login/encoding.hpp"
#include "gateways/framework/login/loopback.hpp"
#include "gateways/framework/login/pkce.hpp"
#include "gateways/framework/login/redirect.hpp"
#include "gateways/framework/login/tokens.hpp"
#include "tests/unit/bus/temporary_directory.hpp"

namespace busbar::login {
namespace {

TEST(Base32, RefusesWhatNoBytesEncode) {
  for (const char* good : {"", "MY======", "MY", "my", "MZXW6===", "MZXW6YTBOI======", "gezdgnbvgy3tqojq"}) {
    EXPECT_TRUE(decode_base32(good)) << good;
  }
  for (const char* bad : {"M", "MZX", "MZXW6Y", "MY=", "MY=====", "MY=======", "=", "========", "MZ======", "M1======",
                          "MY M", "MY======MY======", "MZXW6YTBOI=====", "M\n"}) {
    const auto decoded = decode_base32(bad);
    ASSERT_FALSE(decoded) << bad;
    EXPECT_EQ(decoded.error().text.find("base32: "), 0u);
  }
}

TEST(Pkce, DrawsVerifiersThatItTakes) {
  std::set<std::string> drawn;
  for (int i = 0; i < 100; ++i) {
    const auto verifier = draw_verifier();
    EXPECT_EQ(verifier.reveal().size(), 43u);
    ASSERT_TRUE(challenge_of(verifier.reveal()));
    drawn.insert(*challenge_of(verifier.reveal()));
  }
  EXPECT_EQ(drawn.size(), 100u);
}

TEST(Redirect, TakesTheAnswerToThisLoginAndNoOther) {
  const Expected expected{"/callback", vault::Secret{"drawn+1"}};
  const struct {
    const char* target;
    const char* outcome;
  } cases[] = {
      {"/callback?code=abc&state=drawn%2B1", "abc"},
      {"/callback?state=drawn%2b1&code=a%20b+c%2F&scope=x&iss=", "a b c/"},
      {"/callback?code=abc", "its state is another one"},
      {"/callback?code=abc&state=drawn+1", "its state is another one"},
      {"/callback?code=abc&state=drawn%2B1&state=drawn%2B1", "says \"state\" twice"},
      {"/callback?code=abc&code=abd&state=drawn%2B1", "says \"code\" twice"},
      {"/callback?state=drawn%2B1", "brings no code"},
      {"/callback?code=&state=drawn%2B1", "brings no code"},
      {"/callback", "its state is another one"},
      {"/Callback?code=abc&state=drawn%2B1", "another page than /callback"},
      {"/callback/?code=abc&state=drawn%2B1", "another page"},
      {"/favicon.ico", "another page"},
      {"http://127.0.0.1/callback?code=abc&state=drawn%2B1", "another page"},
      {"/callback?code=%4&state=drawn%2B1", "not percent-encoded"},
      {"/callback?code=%&state=drawn%2B1", "not percent-encoded"},
      {"/callback?state=drawn%2B1&code=%zz", "not percent-encoded"},
      {"/callback?error=access_denied&error_description=not%0anow&state=drawn%2B1", "says access_denied: not\\nnow"},
      {"/callback?error=access_denied", "its state is another one"},
      // OAuth 1.0a: the request token says whose answer it is.
      {"/callback?oauth_token=drawn%2B1&oauth_verifier=v%201", "v 1"},
      {"/callback?oauth_token=another&oauth_verifier=v", "its state is another one"},
      {"/callback?oauth_token=drawn%2B1", "brings no code"},
      {"/callback?state=another&oauth_token=drawn%2B1&oauth_verifier=v", "its state is another one"},
  };
  for (const auto& c : cases) {
    const auto code = code_of(c.target, expected);
    const std::string said = code ? std::string{code->reveal()} : code.error().text;
    EXPECT_TRUE(code ? said == c.outcome : said.find(c.outcome) != std::string::npos) << c.target << ": " << said;
    const auto pasted = code_of_pasted("http://127.0.0.1:4123" + std::string{c.target} + "#_", expected);
    EXPECT_EQ(pasted.has_value(), code.has_value()) << c.target;
  }
  EXPECT_FALSE(code_of("/callback?code=abc&state=", {"/callback", {}})) << "without a state nothing is expected";
  EXPECT_FALSE(code_of("/callback?code=abc&state=drawn%2B1&x=" + std::string(9000, 'x'), expected));
  for (const char* address : {"", "abc", "http://", "http://127.0.0.1", "/callback?code=abc&state=drawn%2B1"}) {
    EXPECT_FALSE(code_of_pasted(address, expected)) << address;
  }
}

TEST(Tokens, AreInTheVaultBeforeTheyAreUsed) {
  const TemporaryDirectory directory;
  const vault::Place place{directory.path() / "vault/vault", directory.path() / "kept/generation",
                           {vault::KeySource::Kind::File, directory.path() / "key"}};
  ASSERT_TRUE(vault::Store{place}.create([](vault::Vault&) -> Result<void> { return {}; }));
  TokenStore store{vault::Store{place}, "main.tokens"};
  ASSERT_TRUE(store.read());
  EXPECT_TRUE(store.read()->access.is_empty()) << "there are none before the first login";
  ASSERT_TRUE(store.keep({vault::Secret{"access-1"}, vault::Secret{"refresh-1"}, 1'800'000'000'000'000'000}));
  ASSERT_TRUE(store.keep({vault::Secret{"access-2"}, vault::Secret{"refresh-2"}, 1'800'000'000'000'000'001}));
  const auto tokens = TokenStore{vault::Store{place}, "main.tokens"}.read();
  ASSERT_TRUE(tokens) << tokens.error().text;
  EXPECT_EQ(tokens->access.reveal(), "access-2");
  EXPECT_EQ(tokens->refresh.reveal(), "refresh-2");
  EXPECT_EQ(tokens->expires_at, 1'800'000'000'000'000'001);
  ASSERT_TRUE(store.keep({vault::Secret{"access-3"}, {}, 0}));
  EXPECT_TRUE(store.read()->refresh.is_empty());
  EXPECT_FALSE(store.keep({vault::Secret{"access\n4"}, {}, 0}));
  EXPECT_FALSE(store.keep({{}, vault::Secret{"refresh"}, 0}));
  for (const char* text : {"", "tokens 1", "tokens 2\n1\na\nb", "tokens 1\nx\na\nb", "tokens 1\n1\n\nb",
                           "tokens 1\n1\na\nb\nc"}) {
    EXPECT_FALSE(parse_tokens(text)) << text;
  }
}

// ---- the page that the browser comes back to

int connect_to(const char* address, int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address, &place.sin_addr);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0) return fd;
  ::close(fd);
  return -1;
}

// The answer's status; "" when nobody listens or it was cut off.
std::string get(int port, const std::string& target, const std::string& method = "GET",
                const char* address = "127.0.0.1") {
  const int fd = connect_to(address, port);
  if (fd < 0) return "";
  const std::string request = method + " " + target + " HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_EQ(::send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  std::string answer(4096, '\0');
  const ssize_t got = ::recv(fd, answer.data(), answer.size(), 0);
  ::close(fd);
  return got > 12 ? answer.substr(9, 3) : "";
}

// What comes of a login while `browser` does this and that at the port.
std::string outcome_of(std::chrono::seconds patience, const std::function<void(int port)>& browser) {
  boost::asio::io_context loop{1};
  Loopback loopback{loop, "/callback"};
  const std::string address = loopback.address();
  EXPECT_EQ(address.find("http://127.0.0.1:"), 0u);
  const int port = std::stoi(address.substr(17));
  EXPECT_EQ(address, "http://127.0.0.1:" + std::to_string(port) + "/callback");
  std::string outcome;
  boost::asio::co_spawn(loop, loopback.wait(vault::Secret{"drawn"}, patience), [&](std::exception_ptr, Result<vault::Secret> code) {
    outcome = code ? std::string{code->reveal()} : "REFUSED: " + code.error().text;
  });
  std::thread outside{[&] { browser(port); }};
  loop.run();
  EXPECT_EQ(connect_to("127.0.0.1", port), -1) << "somebody listens still";
  outside.join();
  return outcome;
}

TEST(Loopback, WaitsForTheOneRedirectThatAnswersThisLogin) {
  EXPECT_EQ(outcome_of(std::chrono::seconds{10}, [](int port) {
    const int silent = connect_to("127.0.0.1", port);  // as browsers do
    EXPECT_EQ(get(port, "/favicon.ico"), "400");
    EXPECT_EQ(get(port, "/callback?code=stolen&state=guessed"), "400");
    EXPECT_EQ(get(port, "/callback?code=stolen"), "400");
    EXPECT_EQ(get(port, "/elsewhere?code=abc&state=drawn"), "400");
    EXPECT_EQ(get(port, "/callback?code=abc&state=drawn", "POST"), "405");
    EXPECT_EQ(get(port, "/callback?code=abc&state=drawn", "\x01"), "");
    EXPECT_EQ(get(port, "/callback?x=" + std::string(20'000, 'x')), "");
    EXPECT_EQ(get(port, "/callback?code=abc&state=drawn", "GET", "127.0.0.2"), "") << "another address of this host";
    EXPECT_EQ(get(port, "/callback?code=abc&state=drawn"), "200");
    EXPECT_NE(get(port, "/callback?code=second&state=drawn"), "200");
    ::close(silent);
  }), "abc");
}

TEST(Loopback, GivesUpWhenNobodyComes) {
  const auto other = [](int port) { EXPECT_EQ(get(port, "/callback?code=x&state=no"), "400"); };
  EXPECT_EQ(outcome_of(std::chrono::seconds{1}, other), "REFUSED: no browser has come back from this login within 1 s");
}

}  // namespace
}  // namespace busbar::login
