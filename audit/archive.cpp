#include "audit/archive.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <flatbuffers/flatbuffers.h>
#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "bus/codec.hpp"
#include "schemas/message_generated.h"

namespace busbar::audit {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t commit_bytes_max = 4 << 20;
constexpr std::size_t relaxed_bytes_max = 1 << 20;  // then with all that has come meanwhile
constexpr std::size_t page_bytes_max = 256 << 10;
constexpr std::size_t queries_max = 256;
constexpr milliseconds relaxed_interval{200};
constexpr milliseconds receipt_delay{450};  // in relaxed streams: with the next commit after that
constexpr milliseconds retry_interval{100};  // of what the disk or a peer did not take
constexpr milliseconds look_interval{1'000};  // at the disk, and at readers, while nothing is written
constexpr milliseconds look_least{100};       // and before it is
constexpr milliseconds refusal_interval{200};
constexpr milliseconds reject_log_interval{1'000};
constexpr milliseconds gap_patience{1'000};
constexpr int filling_percent = 80;  // of the disk: somebody should make room, or take old segments away
constexpr milliseconds query_patience{10'000};
constexpr milliseconds serve_retry{10};
constexpr int tell_attempts_max = 100;
constexpr std::size_t producers_max = 10'000;

bus::EndpointOptions options() {
  bus::EndpointOptions options;
  options.send_queue_max = 64;  // of pages, to one peer
  options.frame_size_max = bus::audit_frame_size_max;
  return options;
}

JournalWriter open_writer(const Config& config) {
  auto writer = JournalWriter::open({config.directory, config.stream, config.segment_bytes, config.head_file,
                                     [](std::string_view line) { spdlog::info("signed head {}", line); }});
  if (!writer) throw std::runtime_error{writer.error().text};
  return std::move(*writer);
}

// nullptr: something else, or there is something wrong with it, and decode() has the words for that.
const wire::AuditAppend* append_in(std::span<const std::uint8_t> bytes) {
  constexpr flatbuffers::uoffset_t depth_max = 8;
  constexpr flatbuffers::uoffset_t tables_max = 64;
  constexpr std::size_t size_min = 24;  // these three as in bus/codec.cpp
  if (bytes.size() < size_min || bytes.size() > audit_message_size_max) return nullptr;
  flatbuffers::Verifier verifier{bytes.data(), bytes.size(), depth_max, tables_max};
  if (!wire::VerifyMessageBuffer(verifier)) return nullptr;
  const wire::Message& message = *wire::GetMessage(bytes.data());
  return message.header()->schema_version() == 1 ? message.body_as_AuditAppend() : nullptr;
}

RecordKind kind_of(std::string_view stream) { return stream == "market" ? RecordKind::Market : RecordKind::Tape; }

std::string record_text(std::uint64_t sequence, std::string_view what) {
  const std::string name = "record " + std::to_string(sequence);
  return what.starts_with(name) ? std::string{what} : name + ": " + std::string{what};
}

}  // namespace

Archive::Archive(boost::asio::io_context& loop, const Config& config, std::function<void(std::string_view)> on_broken)
    : config_{config},
      on_broken_{std::move(on_broken)},
      writer_{open_writer(config)},
      endpoint_{loop, bus::Kind::Router, options()},
      tick_{loop},
      head_{loop},
      serve_{loop} {
  endpoint_.on_message([this](const bus::RoutingId& peer, std::string_view, std::span<const std::uint8_t> bytes) {
    on_message(peer, bytes);
  });
  endpoint_.on_batch_end([this] {
    if (is_core() || pending_bytes_.size() >= relaxed_bytes_max) commit();
    tell_all();
    arm_tick();
  });
  endpoint_.bind(config.address);
  on_tick();
  on_head();
}

void Archive::stop() {
  is_stopping_ = true;
  endpoint_.pause();
  commit();
  tell_all();
  if (!is_broken_) {
    if (const auto signed_head = writer_.sign_head(); !signed_head) spdlog::warn("no last head: {}", signed_head.error().text);
  }
  tick_.cancel();
  head_.cancel();
  serve_.cancel();
}

// ---- what comes in

// Nearly all that comes are records, and they are taken from where they lie.
void Archive::on_message(const bus::RoutingId& peer, std::span<const std::uint8_t> bytes) {
  const wire::AuditAppend* append = append_in(bytes);
  if (append == nullptr) return on_other(peer, bytes);
  const auto header = decode_header(bytes);
  if (!header) return reject(peer, Header{}, header.error().code, "", header.error().text);
  if (!is_ours(peer, *header)) return;
  if (append->stream()->string_view() != config_.stream) return reject_stream(peer, *header);
  on_append(peer, *header, {append->first_sequence(), append->count(), {append->records()->data(), append->records()->size()}});
}

void Archive::on_other(const bus::RoutingId& peer, std::span<const std::uint8_t> bytes) {
  const auto message = decode(bytes);
  if (!message) {
    const auto header = decode_header(bytes);
    return reject(peer, header ? *header : Header{}, message.error().code, "", message.error().text);
  }
  const Header& header = message->header;
  if (!is_ours(peer, header)) return;
  if (const auto* state = std::get_if<AuditState>(&message->body)) return on_state(peer, header, *state);
  if (const auto* query = std::get_if<AuditQuery>(&message->body)) return on_query(peer, header, *query);
  reject(peer, header, ErrorCode::Unsupported, "body", "an archive does not take " + std::string{name_of(message->body)});
}

bool Archive::is_ours(const bus::RoutingId& peer, const Header& header) {
  if (header.environment == config_.environment) return true;
  reject(peer, header, ErrorCode::InvalidMessage, "environment", "this archive is " + std::string{name_of(config_.environment)});
  return false;
}

void Archive::reject_stream(const bus::RoutingId& peer, const Header& header) {
  reject(peer, header, ErrorCode::InvalidMessage, "stream", "this archive keeps the stream " + config_.stream);
}

void Archive::reject(const bus::RoutingId& peer, const Header& header, ErrorCode code, std::string_view field,
                     std::string_view text) {
  if (const auto now = Clock::now(); now - reject_logged_ >= reject_log_interval) {
    reject_logged_ = now;
    spdlog::warn("refused a message of {}: {} {}", view(header.sender), field, text);
  }
  Reject answer;
  answer.ref_sequence = header.sequence;
  answer.error = code;
  answer.field = cut<32>(field);
  answer.text = cut<256>(text);
  static_cast<void>(endpoint_.send(peer, sealed(answer, header.correlation_id)));
}

// A question. One that names a number also says: that is the oldest record I still have.
void Archive::on_state(const bus::RoutingId& peer, const Header& header, const AuditState& state) {
  if (view(state.stream) != config_.stream) return reject_stream(peer, header);
  std::string name;
  if (!is_core()) {
    const auto producer = producer_of(header);
    if (state.next_sequence > producer->second.next) {
      spdlog::warn("records {} to {} of {} are lost: it no longer has them", producer->second.next, state.next_sequence - 1,
                   view(header.sender));
      producer->second.next = state.next_sequence;
      producer->second.gap_since = {};
    }
    name = producer->first;
    commit();  // so that the answer covers what came before the question
  }
  Owed& owed = owe({peer, name}, milliseconds{0});
  owed.correlation_id = header.correlation_id;
}

void Archive::on_append(const bus::RoutingId& peer, const Header& header, const Append& append) {
  std::string name;
  std::string wrong;
  if (is_core()) {
    wrong = take_core(append);
  } else {
    const auto producer = producer_of(header);
    wrong = take_counted(producer, append);
    name = producer->first;
  }
  if (!wrong.empty()) {
    // What was on its way behind a gap is refused as well; saying it each time would have the sender start over each time.
    const auto now = Clock::now();
    auto& told = refused_[peer];
    if (now - told < refusal_interval) return;
    told = now;
    spdlog::warn("refused records of {}: {}", view(header.sender), wrong);
  }
  const bool is_patient = !is_core() && wrong.empty();
  owe({peer, name}, is_patient ? receipt_delay : milliseconds{0}).text = std::move(wrong);
  if (pending_bytes_.size() < (is_core() ? commit_bytes_max : relaxed_bytes_max)) return;
  // Whoever sends so much has but a few seconds' worth under way.
  for (auto& [listener, owed] : owed_) owed.due = Clock::now();
  if (pending_bytes_.size() >= commit_bytes_max) commit();
}

Archive::Owed& Archive::owe(Listener listener, milliseconds delay) {
  const auto due = Clock::now() + delay;
  Owed& owed = owed_.try_emplace(std::move(listener), Owed{.due = due}).first->second;
  owed.due = std::min(owed.due, due);
  return owed;
}

std::string Archive::take_core(const Append& append) {
  std::span<const std::uint8_t> rest = append.records;
  std::uint64_t sequence = append.first_sequence;
  for (std::uint32_t i = 0; i < append.count; ++i, ++sequence) {
    const auto frame = read_frame(rest);
    if (!frame) return record_text(sequence, frame.error().text);
    const auto bytes = rest.first(frame->size);
    rest = rest.subspan(frame->size);
    if (std::string wrong = misplaced(frame->record, sequence); !wrong.empty()) return wrong;
    if (sequence > awaited()) {
      return "record " + std::to_string(awaited()) + " is awaited, not " + std::to_string(sequence);
    }
    if (sequence < awaited()) {
      if (std::string wrong = compare(*frame, bytes); !wrong.empty()) return wrong;
    } else {
      pending_bytes_.insert(pending_bytes_.end(), bytes.begin(), bytes.end());
      keep(frame->size, {}, 0);
    }
  }
  return rest.empty() ? "" : "there are more bytes than " + std::to_string(append.count) + " records";
}

// A record that comes again has to be the one that is there: else two routers' histories would be mixed.
std::string Archive::compare(const Frame& frame, std::span<const std::uint8_t> bytes) {
  const std::uint64_t sequence = frame.record.header.sequence;
  bool is_same = false;
  if (sequence >= writer_.next_sequence()) {
    const Pending& pending = pending_[sequence - writer_.next_sequence()];
    const auto there = std::span{pending_bytes_}.subspan(pending.offset, pending.size);
    is_same = std::equal(there.begin(), there.end(), bytes.begin(), bytes.end());
  } else {
    if (!reader_) {
      auto reader = JournalReader::open(config_.directory);
      if (!reader) return record_text(sequence, reader.error().text);
      reader_.emplace(std::move(*reader));
    }
    if (sequence < reader_->first_sequence()) return {};  // kept elsewhere by now
    const auto read = reader_->read(sequence, sequence, [&](const JournalRecord& record) {
      is_same = std::equal(record.frame.begin(), record.frame.end(), bytes.begin(), bytes.end());
      return false;
    });
    if (!read) return record_text(sequence, read.error().text);
  }
  return is_same ? "" : record_text(sequence, "it differs from the one that is journaled");
}

Archive::Producers::iterator Archive::producer_of(const Header& header) {
  std::string name{view(header.sender)};
  name += '\0';
  name += view(header.session);
  const auto known = producers_.find(name);
  if (known != producers_.end()) return known;
  Producer producer;
  if (const auto position = writer_.position(name)) producer.next = position->next;
  return producers_.emplace(std::move(name), producer).first;
}

// Empty: it has its place in this stream, and is the one that is due.
std::string Archive::misplaced(const Record& record, std::uint64_t sequence) const {
  if (record.header.sequence != sequence) {
    return record_text(sequence, "its frame says it is record " + std::to_string(record.header.sequence));
  }
  const bool is_of_core = record.kind() != RecordKind::Market && record.kind() != RecordKind::Tape;
  if (is_core() && !is_of_core) return record_text(sequence, "it is neither an input nor an output");
  if (!is_core() && record.kind() != kind_of(config_.stream)) return record_text(sequence, "it is no record of this stream");
  return {};
}

std::string Archive::take_counted(Producers::iterator known, const Append& append) {
  Producer& producer = known->second;
  if (append.first_sequence > producer.next) {
    const auto now = Clock::now();
    if (producer.gap_since == Clock::time_point{}) producer.gap_since = now;
    if (now - producer.gap_since < gap_patience) {
      return "record " + std::to_string(producer.next) + " is awaited, not " + std::to_string(append.first_sequence);
    }
    // It was told, and still begins later: what is missing is gone.
    spdlog::warn("records {} to {} of {} are lost", producer.next, append.first_sequence - 1,
                 std::string_view{known->first}.substr(0, known->first.find('\0')));
    producer.next = append.first_sequence;
  }
  producer.gap_since = {};
  std::span<const std::uint8_t> rest = append.records;
  std::uint64_t sequence = append.first_sequence;
  for (std::uint32_t i = 0; i < append.count; ++i, ++sequence) {
    const bool is_new = sequence >= producer.next;  // or it was heard before
    const std::size_t before = pending_bytes_.size();
    const auto frame = is_new ? append_renumbered(pending_bytes_, rest, awaited()) : read_frame(rest);
    if (!frame) return record_text(sequence, frame.error().text);
    if (std::string wrong = misplaced(frame->record, sequence); !wrong.empty()) {
      pending_bytes_.resize(before);
      return wrong;
    }
    rest = rest.subspan(frame->size);
    if (!is_new) continue;
    keep(frame->size, known->first, sequence + 1);
    producer.next = sequence + 1;
  }
  return rest.empty() ? "" : "there are more bytes than " + std::to_string(append.count) + " records";
}

// What pending_bytes_ now ends with.
void Archive::keep(std::size_t size, std::string_view producer, std::uint64_t producer_next) {
  if (pending_.empty()) pending_since_ = Clock::now();
  pending_.push_back({pending_bytes_.size() - size, size, producer, producer_next});
}

// ---- what goes to disk

void Archive::commit() {
  if (pending_.empty() || is_broken_) return;
  look_around(look_least);
  batch_.clear();
  for (const Pending& record : pending_) {
    batch_.push_back({std::span{pending_bytes_}.subspan(record.offset, record.size), record.producer, record.producer_next});
  }
  const std::uint64_t first = writer_.next_sequence();
  const auto appended = writer_.append(batch_);
  const auto written = static_cast<std::ptrdiff_t>(writer_.next_sequence() - first);
  pending_.erase(pending_.begin(), pending_.begin() + written);
  if (appended) {
    pending_bytes_.clear();
    if (!trouble_.empty()) {
      spdlog::info("writing again; nothing was lost");
      trouble_.clear();
      if (!is_stopping_) endpoint_.resume();
    }
    return tell_all();
  }
  if (appended.error().code != ErrorCode::JournalDown) {
    is_broken_ = true;
    endpoint_.pause();
    return on_broken_(appended.error().text);
  }
  // What was received is kept and tried again. What comes meanwhile waits at the senders, who keep it until it is acknowledged.
  if (trouble_.empty()) spdlog::error("cannot write: {}", appended.error().text);
  trouble_ = appended.error().text;
  endpoint_.pause();
}

void Archive::tell_all() {
  if (is_broken_) return;
  const auto now = Clock::now();
  for (auto it = owed_.begin(); it != owed_.end();) {
    const bool waits = (!pending_.empty() && it->second.text.empty()) || (it->second.due > now && !is_stopping_);
    const bool is_done = !waits && (tell(it->first, it->second) || ++it->second.attempts >= tell_attempts_max);
    it = is_done ? owed_.erase(it) : std::next(it);
  }
}

// Says only what is synced.
bool Archive::tell(const Listener& listener, const Owed& owed) {
  const auto& [peer, name] = listener;
  AuditState state;
  state.stream = cut<32>(config_.stream);
  state.next_sequence = writer_.next_sequence();
  if (!is_core()) {
    const auto position = writer_.position(name);
    state.next_sequence = position ? position->next : 1;
    // With nothing pending, what is awaited may lie further still: behind records that are lost.
    const auto producer = producers_.find(name);
    if (pending_.empty() && producer != producers_.end()) state.next_sequence = producer->second.next;
  }
  state.text = cut<256>(owed.text);
  return endpoint_.send(peer, sealed(state, owed.correlation_id));
}

Bytes Archive::sealed(const Body& body, std::uint64_t correlation_id) const {
  Header header;
  header.environment = config_.environment;
  header.sender = cut<32>("auditd");
  header.correlation_id = correlation_id;
  header.send_time_ns = wall_now_ns();
  return encode(header, body);
}

// ---- what is asked for

void Archive::on_query(const bus::RoutingId& peer, const Header& header, const AuditQuery& query) {
  if (view(query.stream) != config_.stream) return reject_stream(peer, header);
  if (queries_.size() >= queries_max) {
    return reject(peer, header, ErrorCode::RateLimited, "", "too many questions are open, ask again later");
  }
  Query job;
  job.peer = peer;
  job.correlation_id = header.correlation_id;
  job.next = query.first_sequence;
  job.last = query.last_sequence == 0 ? writer_.next_sequence() - 1 : query.last_sequence;
  if (!reader_) {
    auto reader = JournalReader::open(config_.directory);
    if (!reader) return reject(peer, header, ErrorCode::Internal, "", reader.error().text);
    reader_.emplace(std::move(*reader));
  }
  if (!query.client.empty()) {
    auto found = reader_->find_session_reports(view(query.client), view(query.session), query.first_report);
    if (!found) return reject(peer, header, ErrorCode::Internal, "", found.error().text);
    std::erase_if(*found, [&job](std::uint64_t sequence) { return sequence < job.next || sequence > job.last; });
    job.sequences = std::move(*found);
  } else {
    job.next = std::max({job.next, reader_->first_sequence(), std::uint64_t{1}});
  }
  queries_.push_back(std::move(job));
  if (queries_.size() == 1) schedule_serve(milliseconds{0});
}

void Archive::schedule_serve(milliseconds delay) {
  serve_.expires_after(delay);
  serve_.async_wait([this](const boost::system::error_code& error) {
    if (!error) serve();
  });
}

// One page of one question per turn, so that records coming in never wait behind a long answer.
void Archive::serve() {
  if (queries_.empty()) return;
  Query query = std::move(queries_.front());
  queries_.pop_front();
  const bool is_open = serve_page(query);
  const bool is_blocked = is_open && !query.unsent.empty();
  if (is_open) queries_.push_back(std::move(query));
  if (!queries_.empty()) schedule_serve(is_blocked ? serve_retry : milliseconds{0});
}

bool Archive::serve_page(Query& query) {
  if (query.unsent.empty()) {
    const auto page = next_page(query);
    query.is_last = !page || page->count == 0;
    if (query.is_last) {
      AuditState end;
      end.stream = cut<32>(config_.stream);
      end.next_sequence = query.next;
      if (!page) end.text = cut<256>(page.error().text);
      query.unsent = sealed(end, query.correlation_id);
    } else {
      query.unsent = sealed(*page, query.correlation_id);
    }
  }
  const auto now = Clock::now();
  if (!endpoint_.send(query.peer, query.unsent)) return now - query.progress < query_patience;
  query.unsent.clear();
  query.progress = now;
  return !query.is_last;
}

Result<AuditAppend> Archive::next_page(Query& query) {
  AuditAppend page;
  page.stream = cut<32>(config_.stream);
  const auto take = [&page, &query](const JournalRecord& record) {
    if (page.count == 0) page.first_sequence = record.record.header.sequence;
    page.records.insert(page.records.end(), record.frame.begin(), record.frame.end());
    ++page.count;
    query.next = record.record.header.sequence + 1;
    return page.records.size() < page_bytes_max;
  };
  if (!query.sequences) {
    if (query.next > query.last) return page;
    if (const auto read = reader_->read(query.next, query.last, take); !read && page.count == 0) return read.error();
    return page;
  }
  while (query.done < query.sequences->size() && page.records.size() < page_bytes_max) {
    const std::uint64_t sequence = (*query.sequences)[query.done];
    if (const auto read = reader_->read(sequence, sequence, take); !read) {
      if (page.count == 0) return read.error();
      return page;
    }
    ++query.done;
  }
  return page;
}

// ---- what time brings

void Archive::on_tick() {
  if (is_stopping_ || is_broken_) return;
  if (!pending_.empty() && (!trouble_.empty() || Clock::now() - pending_since_ >= relaxed_interval)) commit();
  tell_all();
  look_around(look_interval);
  tick_at_ = Clock::time_point::max();
  arm_tick();
}

void Archive::look_around(milliseconds interval) {
  const auto now = Clock::now();
  if (now - looked_ < interval) return;
  looked_ = now;
  look_after_readers();
  look_at_disk();
}

void Archive::arm_tick() {
  if (is_stopping_ || is_broken_) return;
  const auto now = Clock::now();
  auto at = looked_ + look_interval;
  if (!pending_.empty()) at = std::min(at, trouble_.empty() ? pending_since_ + relaxed_interval : now + retry_interval);
  for (const auto& [listener, owed] : owed_) {
    if (pending_.empty()) at = std::min(at, owed.due > now ? owed.due : now + retry_interval);
  }
  if (at >= tick_at_) return;
  tick_at_ = at;
  tick_.expires_at(at);
  tick_.async_wait([this](const boost::system::error_code& error) {
    if (!error) on_tick();
  });
}

void Archive::on_head() {
  if (is_stopping_ || is_broken_) return;
  if (const auto signed_head = writer_.sign_head(); !signed_head) {
    spdlog::error("a head did not get to every place: {}", signed_head.error().text);
  }
  if (const std::uint64_t unread = writer_.not_indexed(); unread != not_indexed_) {
    spdlog::warn("{} records could not be read for their ids and are found by sequence only", unread - not_indexed_);
    not_indexed_ = unread;
  }
  head_.expires_after(milliseconds{config_.head_interval_ms});
  head_.async_wait([this](const boost::system::error_code& error) {
    if (!error) on_head();
  });
}

void Archive::look_at_disk() {
  const int used = writer_.disk_used_percent();
  if (const bool is_filling = used >= filling_percent; is_filling != was_filling_) {
    was_filling_ = is_filling;
    if (is_filling) {
      spdlog::warn("the disk is filling: {} % of it is used; the journal has records up to {}", used,
                   writer_.next_sequence() - 1);
    } else {
      spdlog::info("the disk has room again");
    }
  }
}

void Archive::look_after_readers() {
  if (const int freed = writer_.look_after_readers(); freed > 0) spdlog::info("freed the slots of {} dead readers", freed);
  // What they counted stands in the journal; here it is only kept at hand.
  if (pending_.empty() && producers_.size() > producers_max) producers_.clear();
  std::erase_if(refused_, [now = Clock::now()](const auto& told) { return now - told.second > refusal_interval; });
}

}  // namespace busbar::audit
