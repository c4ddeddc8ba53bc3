#include "router/core_feed.hpp"

#include <algorithm>
#include <cassert>

#include <spdlog/spdlog.h>

#include "bus/audit_append.hpp"
#include "bus/clock.hpp"
#include "bus/codec.hpp"

namespace busbar::router {
namespace {

constexpr std::size_t window_bytes_max = 4u << 20;
constexpr std::size_t append_bytes_max = 512u << 10;
constexpr std::int64_t ask_interval_ns = 500'000'000;
// no word for what is on its way: it may have died, so it is asked again
constexpr std::int64_t stall_ns = 1'000'000'000;
constexpr std::int64_t fetch_patience_ns = 5'000'000'000;

bus::EndpointOptions options() {
  bus::EndpointOptions options;
  options.immediate = true;  // the log holds what cannot go now
  options.frame_size_max = bus::audit_frame_size_max;
  return options;
}

}  // namespace

CoreFeed::CoreFeed(boost::asio::io_context& loop, const std::string& address, Environment environment, Log& log,
                   const std::filesystem::path& log_directory, Wiring wiring)
    : endpoint_{loop, bus::Kind::Dealer, options()},
      environment_{environment},
      log_{log},
      reader_{log_directory, false},  // the archive checks what it takes
      wiring_{std::move(wiring)} {
  endpoint_.on_message(
      [this](const bus::RoutingId&, std::string_view, std::span<const std::uint8_t> bytes) { on_bytes(bytes); });
  endpoint_.on_peer([this] {
    asked_ns_ = 0;
    tick(boottime_now_ns());
  });
  endpoint_.connect(address);
}

Header CoreFeed::header() const {
  Header header;
  header.environment = environment_;
  header.sender = "router";
  header.send_time_ns = wall_now_ns();
  return header;
}

bool CoreFeed::send(const Body& body, std::uint64_t correlation_id) {
  Header header = this->header();
  header.correlation_id = correlation_id;
  return endpoint_.send(encode_here(header, body));
}

// They lie where they leave from, and what they are sent with is laid out in the room before them.
bool CoreFeed::send_records(std::uint64_t first_sequence, std::uint32_t count) {
  const std::size_t size = records_.size() - bus::audit_append_head_max;
  const Bytes head = bus::audit_append_head(header(), "core", first_sequence, count, size);
  assert(head.size() <= bus::audit_append_head_max);
  const std::size_t begin = bus::audit_append_head_max - head.size();
  std::copy(head.begin(), head.end(), records_.begin() + static_cast<std::ptrdiff_t>(begin));
  return endpoint_.send(std::span{records_}.subspan(begin));
}

void CoreFeed::ask_position() {
  if (asked_ns_ != 0 && now_ns_ - asked_ns_ < ask_interval_ns) return;
  asked_ns_ = now_ns_;
  AuditState question;
  question.stream = "core";
  static_cast<void>(send(question, 0));
}

void CoreFeed::tick(Timestamp now_ns) {
  now_ns_ = now_ns;
  // What cannot even be sent waits as well: a line that broke while nothing was on it takes nothing.
  const bool waits = !window_.empty() || (next_ != 0 && next_ <= log_.durable_sequence());
  if (!waits) progress_ns_ = now_ns;
  if (waits && now_ns - progress_ns_ > stall_ns) {
    if (is_heard_) spdlog::warn("the archive is silent; what is durable from record {} on waits for it", audited_ + 1);
    is_heard_ = false;
    next_ = 0;
    window_.clear();
    window_bytes_ = 0;
  }
  if (next_ == 0) ask_position();
  feed();
  for (auto& [id, fetch] : fetches_) {
    if (fetch.asked_ns != 0 && now_ns - fetch.asked_ns < fetch_patience_ns) continue;
    AuditQuery query;
    query.stream = "core";
    query.client = fetch.client;
    query.session = fetch.session;
    query.first_report = fetch.first_report;
    if (send(query, id)) fetch.asked_ns = now_ns;
  }
}

void CoreFeed::feed() {
  const std::uint64_t durable = log_.durable_sequence();
  while (next_ != 0 && next_ <= durable && window_bytes_ < window_bytes_max) {
    auto chunk = reader_.read(next_, durable, append_bytes_max, std::move(records_), bus::audit_append_head_max);
    if (!chunk) {
      if (!std::exchange(is_refused_, true)) spdlog::error("the archive cannot be fed: {}", chunk.error().text);
      next_ = 0;
      return;
    }
    records_ = std::move(chunk->frames);
    const std::uint64_t last = chunk->first_sequence + chunk->count - 1;
    const std::size_t size = records_.size() - bus::audit_append_head_max;
    if (!send_records(chunk->first_sequence, chunk->count)) return;
    if (window_.empty()) progress_ns_ = now_ns_;
    window_.emplace_back(last, size);
    window_bytes_ += size;
    next_ = last + 1;
  }
}

void CoreFeed::fetch(const Name& client, const Name& session, std::uint64_t first_report) {
  fetches_[next_fetch_++] = {client, session, first_report, 0};
  tick(boottime_now_ns());
}

void CoreFeed::on_bytes(std::span<const std::uint8_t> bytes) {
  const auto message = decode(bytes);
  if (!message) return spdlog::error("a message of the archive was dropped: {}", message.error().text);
  if (const auto* state = std::get_if<AuditState>(&message->body)) return on_state(message->header, *state);
  if (const auto* append = std::get_if<AuditAppend>(&message->body)) {
    const auto fetch = fetches_.find(message->header.correlation_id);
    if (fetch != fetches_.end()) on_records(fetch->second, *append);
    return;
  }
  if (const auto* reject = std::get_if<Reject>(&message->body)) {
    spdlog::error("the archive refused: {} {}", name_of(reject->error), view(reject->text));
  }
}

void CoreFeed::on_state(const Header& header, const AuditState& state) {
  if (header.correlation_id != 0) {
    const auto fetch = fetches_.find(header.correlation_id);
    if (fetch == fetches_.end()) return;
    const Fetch ended = std::move(fetch->second);
    fetches_.erase(fetch);
    return wiring_.on_fetch_end(ended.client, ended.session);
  }
  if (state.next_sequence == 0) return;
  if (!is_heard_) spdlog::info("the archive has records up to {}", state.next_sequence - 1);
  is_heard_ = true;
  progress_ns_ = now_ns_ = boottime_now_ns();
  if (state.next_sequence > log_.durable_sequence() + 1) {
    if (!std::exchange(is_refused_, true)) {
      spdlog::error("the archive wants record {}, and the log ends with {}: they are not of one router",
                    state.next_sequence, log_.durable_sequence());
    }
    return;
  }
  // Below what is on its way it is a receipt; with words it is a gap, and the feed goes back.
  if (!state.text.empty()) spdlog::warn("the archive wants record {}: {}", state.next_sequence, view(state.text));
  const bool is_progress = state.next_sequence > audited_ + 1;
  if (next_ == 0 || state.next_sequence > next_ || !state.text.empty()) {
    next_ = state.next_sequence;
    window_.clear();
    window_bytes_ = 0;
  }
  while (!window_.empty() && window_.front().first < state.next_sequence) {
    window_bytes_ -= window_.front().second;
    window_.pop_front();
  }
  if (is_progress) {
    audited_ = state.next_sequence - 1;
    is_refused_ = false;
    wiring_.on_audited(audited_);
  }
  feed();
}

void CoreFeed::on_records(Fetch& fetch, const AuditAppend& append) {
  fetch.asked_ns = boottime_now_ns();
  std::span<const std::uint8_t> rest = append.records;
  while (!rest.empty()) {
    const auto frame = read_frame(rest);
    if (!frame) return spdlog::error("a record of the archive cannot be read: {}", frame.error().text);
    rest = rest.subspan(frame->size);
    const auto record = decode(frame->record.payload);
    const auto* output = record ? std::get_if<Output>(&record->body) : nullptr;
    if (!output || output->destination != Destination::Session) continue;
    if (output->peer != fetch.client || output->session != fetch.session || output->report_number < fetch.first_report)
      continue;
    wiring_.on_report(fetch.client, fetch.session, output->report_number, output->message);
  }
}

}  // namespace busbar::router
