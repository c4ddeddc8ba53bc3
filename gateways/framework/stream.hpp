#pragma once
// A WebSocket conversation with a broker, kept up: opened anew after each loss with growing, jittered pauses; renewed
// before the broker ends it, two connections overlapping so that no event falls between; and not believed because a
// socket is open: what was expected and did not come means that it is lost. What is said on it is its owner's.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateways/framework/retry.hpp"
#include "gateways/framework/sessions.hpp"

namespace busbar::gateway {

struct StreamOptions {
  std::chrono::milliseconds silence_max{30'000};
  std::chrono::milliseconds ping_interval{0};          // of brokers who say nothing by themselves; 0: never
  std::chrono::milliseconds life{std::chrono::hours{24}};  // what the broker grants a connection
  std::chrono::milliseconds renew_after{std::chrono::hours{23}};
  std::chrono::milliseconds overlap{5'000};
  std::chrono::milliseconds answer_max{10'000};  // to a request
  std::chrono::milliseconds event_max{10'000};   // from an order's acceptance to its first event
  std::chrono::milliseconds keep_alive_interval{std::chrono::minutes{25}};
  TapeChannel channel = TapeChannel::OrderStream;
  std::vector<std::pair<std::string, std::string>> headers = {};  // of each handshake; no secrets
  bool sends_binary = false;
};

// Names that are wanted on a connection, asked for in batches and slowly, as brokers want it.
struct Subscribing {
  std::function<std::string(bool is_more, const std::vector<std::string>& names, std::int64_t id)> encode;
  std::chrono::milliseconds interval{350};
  std::size_t batch_max = 200;
  std::size_t names_max = 1024;
};

class Stream {
 public:
  // One connection of it.
  class Link {
   public:
    Link(asio::io_context& loop, TlsContext& tls, const Url& url, const StreamOptions& options, OnTape tape);
    // False when nothing was sent. `redacted` is for the tape.
    [[nodiscard]] bool send(std::string text, std::string redacted = {}, About about = {});
    struct Answer {
      bool is_sent = false;
      std::optional<std::string> text;  // nullopt: none came in time, or the connection ended
    };
    asio::awaitable<Answer> request(std::string id, std::string text, std::string redacted = {}, About about = {});
    // By the owner's on_text, when it reads an answer: hands it to who waits, and says what it is about. False: nobody
    // waits.
    bool on_answer(const std::string& id, std::string_view text, About& about);
    // To be opened anew. Not trusted: events have been lost on it, so what comes after is no continuation.
    void replace(std::string why, bool is_trusted = true);
    bool is_closed() const { return is_closed_; }

   private:
    friend class Stream;
    struct Waiting {
      explicit Waiting(asio::io_context& loop) : timer{loop} {}
      asio::steady_timer timer;
      About about;
      std::optional<std::string> text;
    };
    void on_closed(std::string reason);

    asio::io_context& loop_;
    std::chrono::milliseconds answer_max_;
    std::chrono::nanoseconds silence_max_;
    WebSocket socket_;
    asio::steady_timer wake_;     // of keep_up: something below has changed
    asio::steady_timer changed_;  // of keep_subscribed: what is wanted has
    asio::steady_timer alive_;    // of keep_alive
    std::map<std::string, std::shared_ptr<Waiting>> waiting_;
    std::set<std::string> subscribed_;
    std::string why_replace_;
    SessionStateKind end_state_ = SessionStateKind::Down;  // or Stale: nobody has hung up, but data have stopped
    bool is_closed_ = false;
    bool is_trusted_ = true;
  };
  using LinkPtr = std::shared_ptr<Link>;

  struct Handlers {
    // Where the next connection goes, for brokers that name a new place each time. May be empty.
    std::function<asio::awaitable<Result<Url>>()> find_url;
    // Makes a new connection useful: logs on, subscribes. Its error closes it. May be empty.
    std::function<asio::awaitable<Result<void>>(LinkPtr link)> prepare;
    // `about` is to be filled in where the text is about an order: the tape is indexed by it.
    std::function<void(Link& link, std::string_view text, Timestamp receive_time_ns, About& about)> on_text;
    std::function<void()> on_up;  // there may be a gap before
    // What the broker wants to hear now and then; its error ends the connection. May be empty.
    std::function<asio::awaitable<Result<void>>()> keep_alive;
    std::function<void(SessionStateKind, std::string reason, Timestamp deadline_ns)> on_state;
  };

  Stream(asio::io_context& loop, TlsContext& tls, Url url, StreamOptions options, OnTape tape, Random random,
         Handlers handlers);

  // The first connection, whose failure is the caller's to tell; then keeps itself up.
  asio::awaitable<Result<void>> start();
  void start_unwaited();  // the first failure is one like any other
  asio::awaitable<void> stop();

  LinkPtr link() const { return current_; }  // null before the first

  // The broker has accepted this: there must be an event of it.
  void expect(std::string id);
  void seen(const std::string& id) { expected_.erase(id); }

  void subscribe_by(Subscribing how) { subscribing_ = std::move(how); }  // before start()
  bool want(const std::string& name);  // false when a connection takes no more
  void unwant(const std::string& name);

 private:
  asio::awaitable<Result<LinkPtr>> open();
  void adopt(LinkPtr link);
  bool is_alive() const { return current_ && !current_->is_closed_ && current_->is_trusted_; }
  asio::awaitable<void> keep_up();
  void tell_failure(const Error& error);
  asio::awaitable<void> keep_subscribed(LinkPtr link);
  asio::awaitable<void> close_later(LinkPtr link);
  asio::awaitable<void> keep_alive(LinkPtr link);
  asio::awaitable<void> watch_expected();
  std::chrono::milliseconds jitter(std::chrono::milliseconds most);

  asio::io_context& loop_;
  TlsContext& tls_;
  Url url_;
  StreamOptions options_;
  OnTape tape_;
  Random random_;
  Handlers handlers_;
  Subscribing subscribing_;
  std::set<std::string> wanted_;
  LinkPtr current_;
  LinkPtr closing_;  // while two overlap
  asio::steady_timer pause_;
  asio::steady_timer expect_timer_;
  std::map<std::string, std::chrono::steady_clock::time_point> expected_;
  Timestamp life_ends_ns_ = 0;  // of current_
  std::int64_t requests_ = 0;
  int running_ = 0;  // coroutines
  bool is_stopping_ = false;
};

}  // namespace busbar::gateway
