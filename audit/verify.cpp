#include "audit/verify.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <map>
#include <new>
#include <set>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/journal.hpp"

namespace busbar::audit {

namespace {

namespace fs = std::filesystem;

enum class Outcome : int { Reading, Good, Bad, CouldNotLook };

// What the child has found so far, in memory that both see: it stays readable when the child is stopped by a damaged page.
struct Findings {
  Outcome outcome = Outcome::Reading;
  std::uint64_t first_sequence = 0;
  std::uint64_t next_sequence = 0;  // the record being looked at
  std::uint64_t records = 0;
  std::uint64_t segments = 0;
  std::uint64_t heads = 0;
  std::uint64_t attested_sequence = 0;
  std::uint64_t first_bad_sequence = 0;  // 0: no single one
  Hash chain{};
  char stream[64] = {};
  char text[1024] = {};
};

template <std::size_t N>
void copy_text(char (&place)[N], std::string_view text) {
  const std::size_t size = std::min(text.size(), N - 1);
  std::memcpy(place, text.data(), size);
  place[size] = '\0';
}

class SharedFindings {
 public:
  SharedFindings() {
    void* memory = ::mmap(nullptr, sizeof(Findings), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) findings_ = new (memory) Findings;
  }
  ~SharedFindings() {
    if (findings_) ::munmap(findings_, sizeof(Findings));
  }
  SharedFindings(const SharedFindings&) = delete;
  SharedFindings& operator=(const SharedFindings&) = delete;
  Findings* get() const { return findings_; }

 private:
  Findings* findings_ = nullptr;
};

struct Heads {
  std::multimap<std::uint64_t, Head> by_sequence;
  std::string text;  // what is wrong with one of them; empty when all are well
  std::uint64_t bad_sequence = 0;
};

// A line without its end is what a crash left, or is being written now. Other streams' heads may stand in the file as well.
Result<void> read_file(const fs::path& file, std::string_view stream, const PublicKey& key, std::set<std::string>& seen,
                       Heads& heads) {
  std::ifstream lines{file};
  if (!lines) return Error{ErrorCode::Internal, file.string() + ": cannot open: " + std::strerror(errno)};
  std::string line;
  for (int number = 1; std::getline(lines, line) && !lines.eof(); ++number) {
    if (!seen.insert(line).second) continue;
    const std::string place = file.string() + ":" + std::to_string(number) + ": ";
    const auto head = parse_head(line);
    if (!head) {
      if (heads.text.empty()) heads.text = place + head.error().text;
      continue;
    }
    if (head->stream != stream) continue;
    std::string wrong;
    if (head->public_key != key) wrong = "the head at record " + std::to_string(head->sequence) + " is signed by another key";
    else if (!is_signed(*head)) wrong = "the signature of the head at record " + std::to_string(head->sequence) + " is wrong";
    if (!wrong.empty()) {
      if (heads.text.empty()) {
        heads.text = place + wrong;
        heads.bad_sequence = head->sequence;
      }
      continue;
    }
    heads.by_sequence.emplace(head->sequence, *head);
  }
  return {};
}

Result<Heads> read_heads(const fs::path& directory, std::string_view stream, const VerifyOptions& options) {
  std::vector<fs::path> files = options.head_files;
  std::error_code error;
  if (fs::exists(directory / "heads.jsonl", error)) files.insert(files.begin(), directory / "heads.jsonl");
  Heads heads;
  if (files.empty()) return heads;
  std::optional<PublicKey> key = options.public_key;
  if (!key) {
    const auto own = read_public_key(directory / "signing.pub");
    if (!own) return own.error();
    key = *own;
  }
  std::set<std::string> seen;  // most heads stand in both places
  for (const fs::path& file : files) {
    if (const auto read = read_file(file, stream, *key, seen, heads); !read) return read.error();
  }
  return heads;
}

// The child's work: the chain from the first record to the last, each head compared as it is passed.
class Walk {
 public:
  explicit Walk(Findings& found) : found_{found} {}

  void run(const fs::path& directory, const VerifyOptions& options) {
    auto reader = JournalReader::open(directory);
    if (!reader) return could_not(reader.error());
    copy_text(found_.stream, reader->stream());
    // Heads before records: a journal that is being written then holds all that its heads speak of.
    auto heads = read_heads(directory, reader->stream(), options);
    if (!heads) return could_not(heads.error());
    heads_ = std::move(*heads);
    const auto segments = reader->segments();
    if (!segments) return could_not(segments.error());
    found_.segments = segments->size();
    if (!begin(segments->front(), reader->stream())) return;
    next_head_ = heads_.by_sequence.lower_bound(found_.next_sequence);
    // What is appended while we look is left for the next time.
    for (const SegmentInfo& segment : *segments) {
      if (segment.first_sequence != found_.next_sequence) {
        return bad(found_.next_sequence, "record " + std::to_string(found_.next_sequence) +
                                             " is missing: the next segment begins with " +
                                             std::to_string(segment.first_sequence));
      }
      if (segment.previous != found_.chain) {
        return bad(segment.first_sequence, "segment " + std::to_string(segment.first_sequence) +
                                               " does not continue the chain of the one before");
      }
      if (segment.last_sequence < segment.first_sequence) continue;
      const auto read = reader->read(segment.first_sequence, segment.last_sequence,
                                     [this](const JournalRecord& record) { return take(record); });
      if (found_.outcome != Outcome::Reading) return;
      if (!read) return bad(found_.next_sequence, read.error().text);
      if (found_.next_sequence != segment.last_sequence + 1) {
        return bad(found_.next_sequence, "record " + std::to_string(found_.next_sequence) + " is missing");
      }
    }
    end();
  }

 private:
  // The first segment either begins with the stream itself or where a signed head vouches for what was before.
  bool begin(const SegmentInfo& first, std::string_view stream) {
    found_.first_sequence = first.first_sequence;
    found_.next_sequence = first.first_sequence;
    found_.chain = first.previous;
    if (first.first_sequence == 1) {
      if (first.previous != chain_.genesis(stream)) {
        bad(1, "the first segment does not begin the chain of the stream " + std::string{stream});
        return false;
      }
      return true;
    }
    const auto [head, end] = heads_.by_sequence.equal_range(first.first_sequence - 1);
    if (head == end) {
      bad(first.first_sequence - 1, "the journal begins at record " + std::to_string(first.first_sequence) +
                                        " and no signed head vouches for the records before");
      return false;
    }
    return agree(head, end);
  }

  using HeadIterator = std::multimap<std::uint64_t, Head>::const_iterator;

  bool agree(HeadIterator head, HeadIterator end) {
    for (; head != end; ++head) {
      if (head->second.chain != found_.chain) {
        bad(found_.attested_sequence + 1,
            "the chain at record " + std::to_string(head->first) + " is not the one that was signed: a record from " +
                std::to_string(found_.attested_sequence + 1) + " to " + std::to_string(head->first) +
                " was changed and hashed anew");
        return false;
      }
      ++found_.heads;
      found_.attested_sequence = head->first;
    }
    return true;
  }

  bool take(const JournalRecord& record) {
    const std::uint64_t sequence = record.record.header.sequence;
    const Hash chain = chain_.next(found_.chain, record.frame);
    if (chain != record.chain) {
      bad(sequence, "record " + std::to_string(sequence) + ": the chain is broken: it, or the one before, was changed");
      return false;
    }
    found_.chain = chain;
    ++found_.records;
    found_.next_sequence = sequence + 1;
    if (next_head_ == heads_.by_sequence.end() || next_head_->first != sequence) return true;
    const auto after = heads_.by_sequence.upper_bound(sequence);
    if (!agree(next_head_, after)) return false;
    next_head_ = after;
    return true;
  }

  void end() {
    if (next_head_ != heads_.by_sequence.end()) {
      const Head& head = heads_.by_sequence.rbegin()->second;
      return bad(found_.next_sequence, "the journal ends before record " + std::to_string(found_.next_sequence) +
                                           ", but a head was signed at record " + std::to_string(head.sequence) +
                                           ": its tail was cut, or an old copy was put back");
    }
    if (!heads_.text.empty()) return bad(heads_.bad_sequence, heads_.text);
    found_.outcome = Outcome::Good;
  }

  void bad(std::uint64_t sequence, std::string_view text) {
    found_.first_bad_sequence = sequence;
    copy_text(found_.text, text);
    found_.outcome = Outcome::Bad;
  }

  void could_not(const Error& error) {
    if (error.code == ErrorCode::InvalidMessage) return bad(found_.next_sequence, error.text);
    copy_text(found_.text, error.text);
    found_.outcome = Outcome::CouldNotLook;
  }

  Findings& found_;
  Heads heads_;
  HeadIterator next_head_;
  Chain chain_;
};

[[noreturn]] void run_child(const fs::path& directory, const VerifyOptions& options, Findings& found) {
  // A damaged page may stop this process; that is an answer, and needs neither a core file nor words on stderr.
  for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) std::signal(signal, SIG_DFL);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  if (const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC); null >= 0) ::dup2(null, STDERR_FILENO);
  Walk{found}.run(directory, options);
  ::_exit(0);
}

}  // namespace

Result<VerifySummary> verify(const fs::path& directory, const VerifyOptions& options) {
  const SharedFindings shared;
  Findings* found = shared.get();
  if (!found) return Error{ErrorCode::Internal, "no memory to verify in"};
  const pid_t child = ::fork();
  if (child < 0) return Error{ErrorCode::Internal, std::string{"cannot fork: "} + std::strerror(errno)};
  if (child == 0) run_child(directory, options, *found);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }

  VerifySummary summary;
  summary.stream = found->stream;
  summary.first_sequence = found->records == 0 ? 0 : found->first_sequence;
  summary.last_sequence = found->records == 0 ? 0 : found->next_sequence - 1;
  summary.records = found->records;
  summary.segments = found->segments;
  summary.heads = found->heads;
  summary.attested_sequence = found->attested_sequence;
  summary.chain = found->chain;
  summary.text = found->text;
  switch (found->outcome) {
    case Outcome::Good:
      summary.is_good = true;
      return summary;
    case Outcome::Bad:
      if (found->first_bad_sequence != 0) summary.first_bad_sequence = found->first_bad_sequence;
      return summary;
    case Outcome::CouldNotLook:
      return Error{ErrorCode::Internal, summary.text};
    case Outcome::Reading:
      break;
  }
  // The child was stopped in the middle: the database's own structure is damaged.
  if (found->next_sequence != 0) summary.first_bad_sequence = found->next_sequence;
  summary.text = "the database's pages are damaged at record " + std::to_string(found->next_sequence) + ": reading them " +
                 (WIFSIGNALED(status) ? "was stopped by signal " + std::to_string(WTERMSIG(status)) : "failed");
  return summary;
}

int exit_code(const Result<VerifySummary>& result) {
  if (!result) return 2;
  return result->is_good ? 0 : 1;
}

}  // namespace busbar::audit
