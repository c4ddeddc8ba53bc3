#include "router/replay.hpp"

#include <algorithm>

#include "bus/codec.hpp"

namespace busbar::router {
namespace {

Header header_of(const Header& input, Timestamp time_ns) {
  Header header;
  header.environment = input.environment;
  header.sender = "router";
  header.send_time_ns = time_ns;
  return header;
}

// Of the configuration that the core has seen; empty when it has seen none.
Name journal_of(const Core& core) {
  Query query;
  query.kind = QueryKind::Status;
  return core.answer(query).status->journal_id;
}

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string in_words(const PlaceCommand& place) {
  std::string words = " " + std::string{view(place.command.venue_order_id)} + " ";
  words += name_of(place.order.side);
  if (place.order.order_qty) words += " " + to_string(*place.order.order_qty);
  if (place.order.price) words += " at " + to_string(*place.order.price);
  return words;
}

// A decision in the words of a person who must tell two of them apart.
std::string in_words(std::span<const std::uint8_t> payload) {
  const auto record = decode(payload);
  if (!record) return record.error().text;
  const auto* output = std::get_if<Output>(&record->body);
  if (!output) return std::string{name_of(record->body)};
  std::string words = "to " + std::string{name_of(output->destination)} + " " + std::string{view(output->peer)};
  if (!output->session.empty())
    words += "/" + std::string{view(output->session)} + " #" + number(output->report_number);
  if (output->drop_copy) words += " and the drop copy";
  const auto message = decode(output->message);
  if (!message) return words + ": " + message.error().text;
  words += ": " + std::string{name_of(message->body)};
  if (const auto* report = std::get_if<ExecutionReport>(&message->body)) {
    words += " of order " + number(report->order_id) + " " + std::string{name_of(report->exec_type)} + ", " +
             std::string{name_of(report->order_status)};
    if (report->order_qty) words += ", order_qty " + to_string(*report->order_qty);
    if (report->cum_qty) words += ", cum_qty " + to_string(*report->cum_qty);
    if (report->price) words += ", price " + to_string(*report->price);
    if (report->error != ErrorCode::None)
      words += ", " + std::string{name_of(report->error)} + " " + std::string{view(report->text)};
  }
  if (const auto* place = std::get_if<PlaceCommand>(&message->body)) words += in_words(*place);
  if (const auto* list = std::get_if<PlaceListCommand>(&message->body)) {
    for (const PlaceCommand& place : list->commands) words += in_words(place);
  }
  return words;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace

Bytes encode_decision(const Header& input, Timestamp input_time_ns, const Decision& decision) {
  Header header = header_of(input, input_time_ns);
  header.session = decision.session;
  header.correlation_id = decision.correlation_id;
  return encode(header, decision.body);
}

std::span<const std::uint8_t> encode_output(const Header& input, Timestamp input_time_ns, std::uint64_t input_sequence,
                                            std::uint32_t index, const Decision& decision, Bytes& message) {
  Output output;
  output.input_sequence = input_sequence;
  output.index = index;
  output.core_version = core_version;
  output.destination = decision.destination;
  output.peer = decision.peer;
  output.session = decision.session;
  output.report_number = decision.report_number;
  output.drop_copy = decision.drop_copy;
  output.message.swap(message);
  const auto payload = encode_here(header_of(input, input_time_ns), output);
  message.swap(output.message);
  return payload;
}

Replay::Replay(Core core, std::uint64_t through)
    : core_{std::move(core)}, through_{through}, last_input_ns_{core_.answer({}).as_of_ns} {}

std::string Difference::text() const {
  return "record " + number(sequence) + " (output " + number(index) + " of input " + number(input_sequence) +
         "): recorded " + recorded + "; decided " + decided;
}

Result<void> Replay::feed(const Record& record) {
  if (record.header.sequence != through_ + 1) {
    return Error{ErrorCode::Internal,
                 "record " + number(record.header.sequence) + " where " + number(through_ + 1) + " should come"};
  }
  Result<void> fed;  // of what was not read, nothing is known and nothing was decided
  if (record.kind() == RecordKind::Input) fed = feed_input(record);
  if (record.kind() == RecordKind::Output) fed = feed_output(record);
  if (!fed) return fed;
  through_ = record.header.sequence;
  last_time_ns_ = record.header.time_ns;
  return fed;
}

Result<void> Replay::feed_input(const Record& record) {
  const std::uint64_t sequence = record.header.sequence;
  const auto message = decode(record.payload);
  if (!message) return Error{ErrorCode::InvalidMessage, "record " + number(sequence) + ": " + message.error().text};
  if (const auto* start = std::get_if<CoreStart>(&message->body); start && start->core_version != core_version) {
    return Error{ErrorCode::Unsupported, "from record " + number(sequence) + " on core version " +
                                             number(start->core_version) + " decided, and this is version " +
                                             number(core_version)};
  }
  // Whoever writes records would never do these; well framed they may be all the same, and the core asserts them.
  if (record.header.time_ns < last_input_ns_) {
    return Error{ErrorCode::InvalidMessage, "record " + number(sequence) + ": its time is before that of the records before it"};
  }
  if (const auto* config = std::get_if<Configuration>(&message->body)) {
    if (const Name known = journal_of(core_); !known.empty() && known != config->journal_id) {
      return Error{ErrorCode::InvalidMessage, "record " + number(sequence) + ": is of journal " +
                                                  std::string{view(config->journal_id)} + ", and those before it of journal " +
                                                  std::string{view(known)}};
    }
  }
  last_input_ns_ = record.header.time_ns;
  ++inputs_;
  decisions_.clear();
  core_.apply({sequence, record.header.time_ns, record.header.wall_ns, &*message}, decisions_);
  std::uint32_t index = 0;
  for (Decision& decision : decisions_) {
    Unrecorded& open = open_.emplace_back();
    open.input_sequence = sequence;
    open.index = index++;
    open.message = encode_decision(message->header, record.header.time_ns, decision);
    const auto payload =
        encode_output(message->header, record.header.time_ns, sequence, open.index, decision, open.message);
    open.payload.assign(payload.begin(), payload.end());
    open.decision = std::move(decision);
  }
  return {};
}

Result<void> Replay::feed_output(const Record& record) {
  ++outputs_;
  if (!open_.empty() && std::equal(record.payload.begin(), record.payload.end(), open_.front().payload.begin(),
                                   open_.front().payload.end())) {
    open_.pop_front();
    return {};
  }
  Difference difference;
  difference.sequence = record.header.sequence;
  difference.recorded = in_words(record.payload);
  difference.decided = open_.empty() ? "nothing" : in_words(open_.front().payload);
  if (const auto message = decode(record.payload); message && std::holds_alternative<Output>(message->body)) {
    const auto& output = std::get<Output>(message->body);
    difference.input_sequence = output.input_sequence;
    difference.index = output.index;
    if (output.core_version != core_version) {
      return Error{ErrorCode::Unsupported, "record " + number(record.header.sequence) +
                                               " was decided by core version " + number(output.core_version) +
                                               ", and this is version " + number(core_version)};
    }
  }
  if (difference.recorded == difference.decided) {  // told apart by their bytes only
    const auto& decided = open_.front().payload;
    const auto at = std::mismatch(record.payload.begin(), record.payload.end(), decided.begin(), decided.end()).first;
    const auto offset = static_cast<std::size_t>(at - record.payload.begin());
    const auto around = [offset](std::span<const std::uint8_t> bytes) {
      const std::size_t start = std::min(offset, bytes.size());
      return " [" + number(bytes.size()) + " bytes, at " + number(offset) + ": " +
             hex(bytes.subspan(start, std::min<std::size_t>(16, bytes.size() - start))) + "]";
    };
    difference.recorded += around(record.payload);
    difference.decided += around(decided);
  }
  const std::string text = difference.text();
  difference_ = std::move(difference);
  return Error{ErrorCode::Conflict, text};
}

Result<ReplaySummary> replay(audit::JournalReader& journal, std::uint64_t last) {
  ReplaySummary summary;
  summary.first_sequence = journal.first_sequence();
  if (summary.first_sequence > 1) {
    return Error{ErrorCode::Internal, "the journal begins with record " + number(summary.first_sequence) +
                                          "; the core can only be fed from record 1"};
  }
  if (last == 0) last = journal.last_sequence();
  Replay replay;
  if (last > 0) {
    Result<void> fed;
    const auto read = journal.read(1, last, [&](const audit::JournalRecord& record) {
      fed = replay.feed(record.record);
      return fed.has_value();
    });
    if (!read) return read.error();
    if (!fed && !replay.difference()) return fed.error();
  }
  summary.last_sequence = replay.through();
  summary.inputs = replay.inputs();
  summary.outputs = replay.outputs();
  summary.open = replay.open().size();
  summary.state_hash = replay.core().state_hash();
  summary.difference = replay.difference();
  return summary;
}

}  // namespace busbar::router
