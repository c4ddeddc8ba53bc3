#include "gateways/framework/stream.hpp"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "bus/clock.hpp"

namespace busbar::gateway {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds short_life{10'000};  // a connection that ended sooner was no success
constexpr milliseconds backoff_first{500};
constexpr milliseconds backoff_most{30'000};

asio::awaitable<void> sleep(asio::steady_timer& timer, milliseconds time) {
  timer.expires_after(time);
  co_await timer.async_wait(no_throw);
}

WebSocketOptions socket_options(const StreamOptions& options) {
  WebSocketOptions socket;
  socket.silence_max = options.silence_max;
  socket.ping_interval = options.ping_interval;
  socket.channel = options.channel;
  socket.headers = options.headers;
  socket.sends_binary = options.sends_binary;
  return socket;
}

}  // namespace

// ---- one connection

Stream::Link::Link(asio::io_context& loop, TlsContext& tls, const Url& url, const StreamOptions& options, OnTape tape)
    : loop_{loop},
      answer_max_{options.answer_max},
      silence_max_{options.silence_max},
      socket_{loop, tls, url, socket_options(options), std::move(tape)},
      wake_{loop},
      changed_{loop},
      alive_{loop} {}

bool Stream::Link::send(std::string text, std::string redacted, About about) {
  return !is_closed_ && socket_.send(std::move(text), std::move(redacted), std::move(about));
}

asio::awaitable<Stream::Link::Answer> Stream::Link::request(std::string id, std::string text, std::string redacted,
                                                            About about) {
  const auto waiting = std::make_shared<Waiting>(loop_);
  waiting->about = about;
  waiting_[id] = waiting;
  if (!send(std::move(text), std::move(redacted), std::move(about))) {
    waiting_.erase(id);
    co_return Answer{};
  }
  waiting->timer.expires_after(answer_max_);
  co_await waiting->timer.async_wait(no_throw);
  waiting_.erase(id);
  co_return Answer{true, std::move(waiting->text)};
}

bool Stream::Link::on_answer(const std::string& id, std::string_view text, About& about) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return false;
  about = found->second->about;
  found->second->text = text;
  found->second->timer.cancel();
  return true;
}

void Stream::Link::replace(std::string why, bool is_trusted) {
  if (why_replace_.empty()) why_replace_ = std::move(why);
  is_trusted_ = is_trusted_ && is_trusted;
  if (!is_trusted) end_state_ = SessionStateKind::Stale;
  wake_.cancel();
}

void Stream::Link::on_closed(std::string reason) {
  is_closed_ = true;
  if (wall_now_ns() - socket_.last_received_ns() >= silence_max_.count()) end_state_ = SessionStateKind::Stale;
  replace(std::move(reason));
  changed_.cancel();
  alive_.cancel();
  for (const auto& [id, waiting] : waiting_) waiting->timer.cancel();
}

// ---- the conversation

Stream::Stream(asio::io_context& loop, TlsContext& tls, Url url, StreamOptions options, OnTape tape, Random random,
               Handlers handlers)
    : loop_{loop},
      tls_{tls},
      url_{std::move(url)},
      options_{options},
      tape_{std::move(tape)},
      random_{std::move(random)},
      handlers_{std::move(handlers)},
      pause_{loop},
      expect_timer_{loop} {}

milliseconds Stream::jitter(milliseconds most) {
  return milliseconds{static_cast<std::int64_t>(random_() % (static_cast<std::uint64_t>(most.count()) + 1))};
}

asio::awaitable<Result<Stream::LinkPtr>> Stream::open() {
  if (handlers_.find_url) {
    auto found = co_await handlers_.find_url();
    if (!found) co_return found.error();
    url_ = *std::move(found);
  }
  const auto link = std::make_shared<Link>(loop_, tls_, url_, options_, tape_);
  const std::weak_ptr<Link> weak = link;
  link->socket_.on_text([this, weak](std::string_view text, Timestamp receive_time_ns, About& about) {
    if (const LinkPtr self = weak.lock()) handlers_.on_text(*self, text, receive_time_ns, about);
  });
  link->socket_.on_closed([weak](std::string reason) {
    if (const LinkPtr self = weak.lock()) self->on_closed(std::move(reason));
  });
  if (const auto opened = co_await link->socket_.open(); !opened) co_return opened.error();
  if (handlers_.prepare) {
    if (const auto prepared = co_await handlers_.prepare(link); !prepared) co_return prepared.error();
  }
  if (link->is_closed_) co_return Error{ErrorCode::ConnectionError, "the connection ended at once"};
  co_return link;
}

void Stream::adopt(LinkPtr link) {
  const bool overlaps = is_alive();
  const LinkPtr old = std::exchange(current_, std::move(link));
  life_ends_ns_ = wall_now_ns() + std::chrono::nanoseconds{options_.life}.count();
  handlers_.on_state(SessionStateKind::Ok, {}, life_ends_ns_);  // renewed before, by another that overlaps with it
  if (subscribing_.encode) asio::co_spawn(loop_, keep_subscribed(current_), asio::detached);
  if (handlers_.keep_alive) asio::co_spawn(loop_, keep_alive(current_), asio::detached);
  if (overlaps) {
    asio::co_spawn(loop_, close_later(old), asio::detached);
  } else {
    if (old) old->socket_.close();
    expected_.clear();
    if (handlers_.on_up) handlers_.on_up();
  }
}

asio::awaitable<void> Stream::close_later(LinkPtr link) {
  ++running_;
  closing_ = link;
  co_await sleep(link->wake_, options_.overlap);
  link->socket_.close();
  closing_.reset();
  --running_;
}

asio::awaitable<void> Stream::keep_alive(LinkPtr link) {
  ++running_;
  while (link == current_ && !link->is_closed_ && !is_stopping_) {
    co_await sleep(link->alive_, options_.keep_alive_interval);
    if (link != current_ || link->is_closed_ || is_stopping_) break;
    const auto done = co_await handlers_.keep_alive();
    // A line that fails for a moment is asked again in time; a no means that what we keep alive is gone.
    if (!done && done.error().code != ErrorCode::ConnectionError) link->replace(done.error().text, false);
  }
  --running_;
}

asio::awaitable<Result<void>> Stream::start() {
  auto first = co_await open();
  if (!first) co_return first.error();
  adopt(*std::move(first));
  start_unwaited();
  co_return Result<void>{};
}

void Stream::start_unwaited() {
  asio::co_spawn(loop_, keep_up(), asio::detached);
  asio::co_spawn(loop_, watch_expected(), asio::detached);
}

asio::awaitable<void> Stream::keep_up() {
  ++running_;
  Backoff backoff{backoff_first, backoff_most, random_};
  auto since = steady_clock::now();
  while (!is_stopping_) {
    if (current_) {
      // Each in its own time, so that not all renew together.
      const auto renew_at = since + options_.renew_after - jitter(options_.renew_after / 100);
      while (current_->why_replace_.empty() && !is_stopping_ && steady_clock::now() < renew_at) {
        current_->wake_.expires_at(renew_at);
        co_await current_->wake_.async_wait(no_throw);
      }
      if (is_stopping_) break;
      if (!is_alive()) handlers_.on_state(current_->end_state_, current_->why_replace_, 0);
      if (steady_clock::now() - since >= short_life) {
        backoff.reset();
      } else {
        co_await sleep(pause_, backoff.next());
      }
    }
    while (!is_stopping_) {
      auto next = co_await open();
      if (is_stopping_) {
        if (next) (*next)->socket_.close();
        break;
      }
      if (next) {
        adopt(*std::move(next));
        since = steady_clock::now();
        break;
      }
      tell_failure(next.error());
      co_await sleep(pause_, backoff.next());
    }
  }
  --running_;
}

// Nothing takes over from what still works, and that has its end: by its age, or, as it was told, any moment now.
void Stream::tell_failure(const Error& error) {
  using enum SessionStateKind;
  if (is_alive()) {
    const Timestamp end_ns = current_->why_replace_.empty() ? life_ends_ns_ : 0;
    return handlers_.on_state(ExpiresAt, "the connection cannot be renewed: " + error.text, end_ns);
  }
  handlers_.on_state(error.code == ErrorCode::AuthenticationFailed ? NeedsHuman : Down, error.text, 0);
}

// ---- what must come

void Stream::expect(std::string id) {
  if (!current_) return;
  expected_.emplace(std::move(id), steady_clock::now() + options_.event_max);
  expect_timer_.cancel();
}

asio::awaitable<void> Stream::watch_expected() {
  ++running_;
  while (!is_stopping_) {
    auto next = steady_clock::now() + std::chrono::hours{1};
    std::string missed;
    for (const auto& [id, deadline] : expected_) {
      if (deadline <= steady_clock::now()) missed = id;
      next = std::min(next, deadline);
    }
    if (!missed.empty()) {
      expected_.clear();
      current_->replace("order " + missed + " was accepted, and no event of it came", false);
      continue;
    }
    expect_timer_.expires_at(next);
    co_await expect_timer_.async_wait(no_throw);
  }
  --running_;
}

// ---- what is wanted

bool Stream::want(const std::string& name) {
  if (wanted_.size() >= subscribing_.names_max && !wanted_.contains(name)) return false;
  wanted_.insert(name);
  if (current_) current_->changed_.cancel();
  return true;
}

void Stream::unwant(const std::string& name) {
  wanted_.erase(name);
  if (current_) current_->changed_.cancel();
}

// Makes what is subscribed what is wanted, one message at a time.
asio::awaitable<void> Stream::keep_subscribed(LinkPtr link) {
  ++running_;
  while (!link->is_closed_ && !is_stopping_ && link == current_) {
    std::vector<std::string> more;
    std::vector<std::string> less;
    std::ranges::set_difference(wanted_, link->subscribed_, std::back_inserter(more));
    std::ranges::set_difference(link->subscribed_, wanted_, std::back_inserter(less));
    if (more.empty() && less.empty()) {
      link->changed_.expires_at(steady_clock::time_point::max());
      co_await link->changed_.async_wait(no_throw);
      continue;
    }
    const bool is_more = !more.empty();
    std::vector<std::string>& batch = is_more ? more : less;
    batch.resize(std::min(batch.size(), subscribing_.batch_max));
    for (const std::string& name : batch) {
      if (is_more) {
        link->subscribed_.insert(name);
      } else {
        link->subscribed_.erase(name);
      }
    }
    const std::int64_t id = ++requests_;
    const auto sent_at = steady_clock::now();
    const Link::Answer answer = co_await link->request(std::to_string(id), subscribing_.encode(is_more, batch, id));
    if (!answer.text) {
      link->replace("no answer to a subscription", false);
      link->socket_.close();
      break;
    }
    asio::steady_timer pace{loop_, sent_at + subscribing_.interval};
    co_await pace.async_wait(no_throw);
  }
  --running_;
}

asio::awaitable<void> Stream::stop() {
  is_stopping_ = true;
  pause_.cancel();
  expect_timer_.cancel();
  for (const LinkPtr& link : {closing_, current_}) {
    if (!link) continue;
    link->wake_.cancel();
    link->changed_.cancel();
    link->alive_.cancel();
    link->socket_.close();
  }
  for (int i = 0; i < 50 && running_ > 0; ++i) {  // an opening under way may take its own time-out: 2.5 s are waited
    asio::steady_timer timer{loop_, milliseconds{50}};
    co_await timer.async_wait(no_throw);
  }
}

}  // namespace busbar::gateway
