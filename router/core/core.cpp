#include "router/core/core.hpp"

#include <cassert>

#include <openssl/evp.h>

#include "router/core/market_hours.hpp"
#include "router/core/names.hpp"
#include "router/core/turn.hpp"

namespace busbar::router {
namespace {

using Hash = std::array<std::uint8_t, 32>;

// SHA-256 of what it is fed, gathered into blocks because the state is fed a few bytes at a time.
class Hasher {
 public:
  Hasher() : context_{EVP_MD_CTX_new()} {
    const bool is_ready = context_ != nullptr && EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) == 1;
    assert(is_ready);
  }
  ~Hasher() { EVP_MD_CTX_free(context_); }
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void operator()(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    if (used_ + size > block_.size()) flush();
    if (size > block_.size()) return update(bytes, size);
    std::copy(bytes, bytes + size, block_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ += size;
  }
  Hash finish() {
    flush();
    Hash hash{};
    unsigned size = 0;
    const bool is_done = EVP_DigestFinal_ex(context_, hash.data(), &size) == 1 && size == hash.size();
    assert(is_done);
    return hash;
  }

 private:
  void flush() {
    update(block_.data(), used_);
    used_ = 0;
  }
  void update(const void* data, std::size_t size) {
    const bool is_taken = EVP_DigestUpdate(context_, data, size) == 1;
    assert(is_taken);
  }

  EVP_MD_CTX* context_;
  std::array<std::uint8_t, 4096> block_;
  std::size_t used_ = 0;
};

struct Appender {
  Bytes& out;
  void operator()(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    out.insert(out.end(), bytes, bytes + size);
  }
};

constexpr std::array<char, 8> magic = {'B', 'B', 'C', 'O', 'R', 'E', '0', '1'};

// A snapshot is what the state's hash is taken over, and that hash: one thing to compare, one proof of integrity.
template <class Sink>
void write(Sink& sink, const State& state) {
  Writer<Sink> writer{sink};
  sink(magic.data(), magic.size());
  writer(core_version, state);
}

Hash digest_of(std::span<const std::uint8_t> bytes) {
  Hasher hasher;
  hasher(bytes.data(), bytes.size());
  return hasher.finish();
}

void fire(Turn& turn, const Timer& timer) {
  State& state = turn.state;
  Order* order = find_order(state, timer.id);
  const Reason late{
      ErrorCode::RateLimited, {}, {}, {}, {}, words("no room within the broker's limits before it expired")};
  switch (timer.kind) {
    case TimerKind::ExpirePlace:
      if (order && order->queue_number != 0) refuse_unsent(turn, *order, late);
      return;
    case TimerKind::ExpireReplace: {
      const auto* replace = find(state.replaces, timer.id);
      if (order && replace && replace->pending.queue_number != 0 && replace->pending.expire_ns < turn.now) {
        end_replace(turn, *order, late, 0);
      }
      return;
    }
    case TimerKind::Pump:
      state.gateways.at(timer.name).pump_ns = 0;
      return pump(turn, timer.name);
    case TimerKind::Ask:
      if (order) on_ask_due(turn, *order);
      return;
    case TimerKind::EndLease:
      return end_lease(turn, timer.id);
    case TimerKind::EndSession: {
      const Party party{timer.name, cut<32>(view(timer.key))};
      state.sessions.at(party).end_ns = 0;
      return on_session_lost(turn, party, "it did not come back after the router's start");
    }
    case TimerKind::ForgetOrder:
      return forget(turn, timer.id);
    case TimerKind::ForgetCancelAll: {
      const ClientKey key{timer.name, timer.key};
      state.known.erase(key);
      state.cancel_alls.erase(key);
      return;
    }
    case TimerKind::Open:
      if (order) on_open_due(turn, *order);
      return;
    case TimerKind::ForgetFill: {
      const auto fill = state.fills.find({timer.name, timer.key});
      if (fill == state.fills.end() || fill->second.order_id != 0) return;  // it has found its order
      state.unmatched_fills.erase({{{timer.name, fill->second.symbol}, fill->second.broker_order_id}, timer.key});
      state.fills.erase(fill);
      return;
    }
  }
}

// What is due at the record's time happens before the record, so that every decision depends on record times alone.
void fire_due(Turn& turn) {
  auto& timers = turn.state.timers;
  while (!timers.empty() && timers.begin()->at_ns <= turn.now) {
    const Timer timer = *timers.begin();
    timers.erase(timers.begin());
    fire(turn, timer);
  }
}

void make_room(State& state) {
  state.memory.make_room();
  state.named_orders.make_room();
  state.orders_at_broker.make_room();
}

void dispatch(Turn& turn) {
  const Body& body = turn.input.message->body;
  const auto is = [&]<class... T>(std::variant<T...>*) { return (std::holds_alternative<T>(body) || ...); };
  using FromShell = std::variant<Configuration, CoreStart, Tick, Connected, Disconnected, SendFailed>;
  using FromGateway = std::variant<GatewayHello, VenueReport, SessionState, Instruments, RateUsage, Reconciled>;
  if (is(static_cast<FromShell*>(nullptr))) {
    on_shell_message(turn);
  } else if (is(static_cast<FromGateway*>(nullptr))) {
    on_gateway_message(turn);
  } else {
    return on_client_message(turn);
  }
  // Hardly an order waits for one of these, so memory for the next ones is taken here.
  if (!std::holds_alternative<VenueReport>(body)) make_room(turn.state);
}

}  // namespace

void arm(Turn& turn, Timer timer) { turn.state.timers.insert(timer); }
void disarm(Turn& turn, const Timer& timer) {
  if (const auto at = turn.state.timers.find(timer); at != turn.state.timers.end()) turn.state.timers.erase(at);
}

std::array<std::uint8_t, 32> hash_of(const State& state) {
  Hasher hasher;
  write(hasher, state);
  return hasher.finish();
}

void apply(State& state, const Input& input, std::vector<Decision>& out) {
  assert(input.message != nullptr && input.sequence > state.sequence && input.time_ns >= state.now_ns);
  state.sequence = input.sequence;
  state.now_ns = input.time_ns;
  Turn turn{state, input, out, input.time_ns};
  fire_due(turn);
  dispatch(turn);
}

struct Core::State : router::State {};

Core::Core() : state_{std::make_unique<State>()} {}
Core::~Core() = default;
Core::Core(Core&&) noexcept = default;
Core& Core::operator=(Core&&) noexcept = default;

void Core::apply(const Input& input, std::vector<Decision>& out) { router::apply(*state_, input, out); }

std::optional<Timestamp> Core::next_deadline() const {
  return state_->timers.empty() ? std::nullopt : std::optional{state_->timers.begin()->at_ns};
}

std::uint64_t Core::last_sequence() const { return state_->sequence; }

Bytes Core::snapshot() const {
  Bytes bytes;
  Appender appender{bytes};
  write<Appender>(appender, *state_);
  const Hash hash = digest_of(bytes);
  bytes.insert(bytes.end(), hash.begin(), hash.end());
  return bytes;
}

std::array<std::uint8_t, 32> Core::state_hash() const { return router::hash_of(*state_); }

Result<Core> Core::restore(std::span<const std::uint8_t> bytes) {
  const auto refuse = [](std::string_view reason) {
    return Error{ErrorCode::InvalidMessage, "snapshot: " + std::string{reason}};
  };
  constexpr std::size_t least = magic.size() + sizeof(core_version) + sizeof(Hash);
  if (bytes.size() < least) return refuse("too short");
  const auto content = bytes.first(bytes.size() - sizeof(Hash));
  if (!std::equal(magic.begin(), magic.end(), content.begin())) return refuse("not a snapshot of the core");
  const Hash hash = digest_of(content);
  if (!std::equal(hash.begin(), hash.end(), bytes.last(sizeof(Hash)).begin()))
    return refuse("damaged: its SHA-256 differs");

  Reader reader{content.subspan(magic.size())};
  std::uint32_t version = 0;
  reader(version);
  if (version != core_version) {
    return Error{ErrorCode::Unsupported,
                 "snapshot: of core version " + std::to_string(version) + ", this is " + std::to_string(core_version)};
  }
  Core core;
  reader(static_cast<router::State&>(*core.state_));
  if (!reader.error().empty()) return refuse(reader.error());
  if (!reader.is_at_end()) return refuse("bytes behind the end");
  settle_names(*core.state_);
  make_room(*core.state_);
  core.state_->venue_names = VenueNames{view(core.state_->config.journal_id)};
  return core;
}

std::uint64_t Core::last_report(const Name& gateway, std::uint64_t incarnation) const {
  const Gateway* known = find(state_->gateways, gateway);
  return known && known->incarnation == incarnation ? known->last_report : 0;
}

std::uint64_t Core::last_session_report(const Name& client, const Name& session) const {
  const Session* known = find(state_->sessions, Party{client, session});
  return known ? known->last_report : 0;
}

bool Core::is_configured() const { return state_->is_configured; }

Answer Core::answer(const Query& query) const { return router::answer(*state_, query); }

}  // namespace busbar::router
