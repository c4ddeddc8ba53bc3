#include "bus/audit_feed.hpp"

#include <cassert>
#include <cstring>
#include <utility>

#include <boost/asio/post.hpp>
#include <flatbuffers/flatbuffers.h>
#include <spdlog/spdlog.h>

#include "bus/audit_append.hpp"
#include "schemas/message_generated.h"

namespace busbar::bus {
namespace {

constexpr std::size_t batch_bytes_max = 256u << 10;
constexpr auto tick_interval = std::chrono::milliseconds{250};  // while something is to be tried again
constexpr auto tick_rest = std::chrono::milliseconds{1000};
constexpr auto silence_max = std::chrono::milliseconds{2000};  // auditd acknowledges each second; after two, it is asked
constexpr int stop_ticks_max = 8;
constexpr std::size_t spares_max = 16;
constexpr int quiet_ticks_min = 3;

std::chrono::steady_clock::time_point next_multiple(std::chrono::milliseconds interval) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::steady_clock::time_point{now - now % interval + interval};
}

RecordHeader header_of(std::span<const std::uint8_t> frame) {
  RecordHeader header;
  std::memcpy(&header, frame.data(), sizeof header);
  return header;
}

}  // namespace

// Made first, the records lie at the end: here none, and then their size stands instead of none's.
Bytes audit_append_head(const Header& header, std::string_view stream, std::uint64_t first_sequence, std::uint32_t count,
                        std::size_t size) {
  flatbuffers::FlatBufferBuilder builder{audit_append_head_max};
  const std::uint8_t none = 0;
  const auto records = builder.CreateVector(&none, 0);
  const auto name = builder.CreateString(stream);
  const auto append = wire::CreateAuditAppend(builder, name, first_sequence, count, records);
  const auto sender = builder.CreateString(view(header.sender));
  const auto session = builder.CreateString(view(header.session));
  const auto sealed = wire::CreateHeader(builder, header.schema_version, header.environment, sender, session, 0, 0,
                                         header.send_time_ns);
  wire::FinishMessageBuffer(builder, wire::CreateMessage(builder, sealed, wire::Body::AuditAppend, append.Union()));
  Bytes head{builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
  const auto length = flatbuffers::EndianScalar(static_cast<flatbuffers::uoffset_t>(size));
  std::memcpy(head.data() + head.size() - sizeof length, &length, sizeof length);
  return head;
}

AuditFeed::AuditFeed(asio::io_context& loop, AuditFeedOptions options)
    : options_{std::move(options)},
      endpoint_{loop, Kind::Dealer, {.linger_ms = 200, .immediate = true, .frame_size_max = audit_frame_size_max}},
      timer_{loop},
      gathering_{loop} {
  endpoint_.on_message([this](const RoutingId&, std::string_view, std::span<const std::uint8_t> bytes) { on_bytes(bytes); });
  endpoint_.on_peer([this] {
    if (endpoint_.can_send()) ask();  // what was under way may be lost
  });
  endpoint_.connect(options_.address);
  tick();
}

void AuditFeed::append(std::span<const std::uint8_t> message, RecordTime time, std::chrono::milliseconds patience) {
  ++appended_;
  if (waiting_.empty() || waiting_.back().bytes.size() >= batch_bytes_max) waiting_.push_back(new_batch());
  add(waiting_.back(), time, message);
  waiting_bytes_ += frame_size(message.size());
  if (held_bytes() > options_.bytes_max) drop_oldest();
  if (patience.count() == 0 || waiting_bytes_ >= batch_bytes_max) return schedule_pump();
  pump_within(patience);
}

AuditFeed::Batch AuditFeed::new_batch() {
  Batch batch;
  if (!spares_.empty()) {
    batch.bytes = std::move(spares_.back());
    spares_.pop_back();
  }
  batch.bytes.resize(audit_append_head_max);
  batch.begin = audit_append_head_max;
  return batch;
}

void AuditFeed::keep_spare(Bytes&& bytes) {
  if (spares_.size() >= spares_max || bytes.capacity() > 4 * batch_bytes_max) return;
  bytes.clear();
  spares_.push_back(std::move(bytes));
}

void AuditFeed::add(Batch& batch, RecordTime time, std::span<const std::uint8_t> message) const {
  RecordHeader head;
  head.time_ns = time.time_ns;
  head.wall_ns = time.wall_ns;
  head.kind = static_cast<std::uint8_t>(options_.kind);
  append_unnumbered(batch.bytes, head, message);
  ++batch.count;
}

void AuditFeed::drop_oldest() {
  if (!std::exchange(is_losing_, true)) {
    dropped_before_ = dropped_;
    spdlog::warn("auditd does not take {}: more than {} bytes wait, so the oldest are let go", view(options_.stream),
                 options_.bytes_max);
  }
  while (!waiting_.empty() && held_bytes() > options_.bytes_max) {
    Batch& oldest = waiting_.front();
    const std::size_t size = frame_size(header_of(oldest.message()).size);
    oldest.begin += size;
    waiting_bytes_ -= size;
    if (--oldest.count == 0) {
      keep_spare(std::move(oldest.bytes));
      waiting_.pop_front();
    }
    ++dropped_;
    ++dropped_unnoted_;
  }
}

void AuditFeed::stop(std::function<void()> done) {
  done_ = std::move(done);
  ticks_to_stop_ = stop_ticks_max;
  arm_tick();
  schedule_pump();
  finish_if_done();
}

void AuditFeed::finish_if_done() {
  if (!done_ || (ticks_to_stop_ > 0 && !(waiting_.empty() && sent_.empty()))) return;
  timer_.cancel();
  gathering_.cancel();
  std::exchange(done_, nullptr)();
}

// One life of a DEALER connection and one of auditd need not begin together, so auditd is asked until it answers. It hears
// which record is the oldest we still have, for one whose journal was lost would wait for the first.
void AuditFeed::ask() {
  is_known_ = false;
  heard_ = std::chrono::steady_clock::now();
  arm_tick();
  const std::uint64_t oldest = sent_.empty() ? next_sequence_ : sent_.front().last - sent_.front().count + 1;
  static_cast<void>(endpoint_.send(encode(header(), AuditState{.stream = options_.stream, .next_sequence = oldest})));
}

void AuditFeed::tick() {
  if (!is_known_ || (!sent_.empty() && std::chrono::steady_clock::now() - heard_ > silence_max)) ask();
  has_resent_ = has_asked_to_stop_ = false;
  look_at_losses();
  if (held_bytes() < batch_bytes_max) spares_.clear();
  if (!is_gathering_ || unsent_batches_ > 0 || done_) schedule_pump();
  tick_at_ = std::chrono::steady_clock::time_point::max();
  arm_tick();
}

// Sooner than was thought, if there is more to do than was thought.
void AuditFeed::arm_tick() {
  const bool is_waiting = !is_known_ || unsent_batches_ > 0 || has_resent_ || done_;
  const auto at = is_waiting ? std::chrono::steady_clock::now() + tick_interval : next_multiple(tick_rest);
  if (at >= tick_at_) return;
  tick_at_ = at;
  timer_.expires_at(at);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    if (ticks_to_stop_ > 0) --ticks_to_stop_;
    tick();
    finish_if_done();
  });
}

void AuditFeed::on_bytes(std::span<const std::uint8_t> bytes) {
  const auto message = decode(bytes);
  if (!message) {
    spdlog::warn("auditd {}: {}", view(options_.stream), message.error().text);
    return;
  }
  if (message->header.environment != options_.environment) return;
  const auto* state = std::get_if<AuditState>(&message->body);
  if (state != nullptr && state->stream == options_.stream) on_state(state->next_sequence);
}

void AuditFeed::on_state(std::uint64_t next_sequence) {
  const bool was_known = std::exchange(is_known_, true);
  bool has_moved = false;
  while (!sent_.empty() && sent_.front().last < next_sequence) {
    acknowledged_ = sent_.front().last;
    sent_bytes_ -= sent_.front().size();
    keep_spare(std::move(sent_.front().bytes));
    sent_.pop_front();
    if (unsent_batches_ > sent_.size()) unsent_batches_ = sent_.size();
    has_moved = true;
  }
  heard_ = std::chrono::steady_clock::now();
  // An answer to our question, or one that acknowledges nothing: auditd waits for what it says. Several in a row say it once.
  if (!was_known || (!has_moved && !has_resent_)) {
    unsent_batches_ = sent_.size();
    has_resent_ = true;
    arm_tick();
  }
  if (!is_gathering_ || unsent_batches_ > 0 || done_) schedule_pump();
  finish_if_done();
}

void AuditFeed::pump_within(std::chrono::milliseconds patience) {
  if (std::exchange(is_gathering_, true)) return;
  gathering_.expires_at(next_multiple(patience));
  gathering_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    is_gathering_ = false;
    schedule_pump();
  });
}

void AuditFeed::schedule_pump() {
  if (is_pump_scheduled_) return;
  is_pump_scheduled_ = true;
  asio::post(timer_.get_executor(), [this] {
    is_pump_scheduled_ = false;
    pump();
  });
}

void AuditFeed::pump() {
  if (!is_known_) return;
  for (;;) {
    for (; unsent_batches_ > 0; --unsent_batches_) {
      if (!endpoint_.send(sent_[sent_.size() - unsent_batches_].message())) return arm_tick();  // tries again
    }
    if (waiting_.empty() || sent_bytes_ >= options_.bytes_max / 2) break;
    make_batch();
  }
  // Asked, it syncs and answers at once; else it takes its time.
  if (done_ && !sent_.empty() && !std::exchange(has_asked_to_stop_, true)) ask();
}

void AuditFeed::make_batch() {
  if (dropped_unnoted_ > 0) note_gap();
  Batch batch = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_bytes_ -= batch.size();
  number(batch);
}

void AuditFeed::number(Batch& batch) {
  const std::uint64_t first = next_sequence_;
  for (std::span rest = std::span{batch.bytes}.subspan(batch.begin); !rest.empty();) {
    rest = rest.subspan(number_frame(rest, next_sequence_++));
  }
  const Bytes head = audit_append_head(header(), view(options_.stream), first, batch.count, batch.size());
  assert(next_sequence_ - first == batch.count && head.size() <= batch.begin);
  batch.begin -= head.size();
  std::memcpy(batch.bytes.data() + batch.begin, head.data(), head.size());
  batch.last = next_sequence_ - 1;
  if (sent_.empty()) heard_ = std::chrono::steady_clock::now();
  sent_bytes_ += batch.size();
  sent_.push_back(std::move(batch));
  ++unsent_batches_;
}

// Whoever reads the tape shall know that something is missing here. Quotes say so themselves, by their sequence.
void AuditFeed::note_gap() {
  if (options_.kind == RecordKind::Tape) {
    const RecordHeader next = header_of(waiting_.front().message());
    const Tape note{.gateway = options_.sender,
                    .direction = TapeDirection::Received,
                    .channel = TapeChannel::Rest,
                    .error = std::to_string(dropped_unnoted_) + " records were let go before this one: the archive could not be reached",
                    .time_ns = next.wall_ns};
    Batch batch = new_batch();
    add(batch, {next.time_ns, next.wall_ns}, encode(header(), note));
    number(batch);
  }
  dropped_unnoted_ = 0;
}

// Of an archive that is only too slow this would else be said with every batch.
void AuditFeed::look_at_losses() {
  quiet_ticks_ = dropped_ == dropped_at_tick_ && dropped_unnoted_ == 0 ? quiet_ticks_ + 1 : 0;
  dropped_at_tick_ = dropped_;
  if (!is_losing_ || quiet_ticks_ < quiet_ticks_min) return;
  is_losing_ = false;
  spdlog::warn("auditd takes {} again; {} records were let go", view(options_.stream), dropped_ - dropped_before_);
}

Header AuditFeed::header() const {
  return {.environment = options_.environment, .sender = options_.sender, .session = options_.session, .send_time_ns = wall_now_ns()};
}

}  // namespace busbar::bus
