#include "audit/head.hpp"

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "bus/folder.hpp"

namespace busbar::audit {

namespace {

namespace json = boost::json;

constexpr char digits[] = "0123456789abcdef";

template <std::size_t N>
bool from_hex(std::string_view text, std::array<std::uint8_t, N>& out) {
  if (text.size() != 2 * N) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    // Lower case only: a head has one spelling.
    const char* digit = text[i] == '\0' ? nullptr : std::strchr(digits, text[i]);
    if (!digit) return false;
    const auto value = static_cast<std::uint8_t>(digit - digits);
    std::uint8_t& byte = out[i / 2];
    byte = i % 2 == 0 ? static_cast<std::uint8_t>(value << 4) : static_cast<std::uint8_t>(byte | value);
  }
  return true;
}

struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

Error failed(const std::filesystem::path& file, const char* verb, int code) {
  return Error{ErrorCode::JournalDown, file.string() + ": cannot " + verb + ": " + std::strerror(code)};
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// A line is at most a few hundred bytes; what a crash tore off it is shorter still.
bool cut_torn_line(int fd) {
  const off_t size = ::lseek(fd, 0, SEEK_END);
  if (size <= 0) return size == 0;
  char tail[4096];
  const off_t start = size > off_t{sizeof tail} ? size - off_t{sizeof tail} : 0;
  const ssize_t got = ::pread(fd, tail, static_cast<std::size_t>(size - start), start);
  if (got != size - start) return false;
  if (tail[got - 1] == '\n') return true;
  const void* line_end = ::memrchr(tail, '\n', static_cast<std::size_t>(got));
  if (!line_end && start > 0) return false;
  const off_t keep = line_end ? start + (static_cast<const char*>(line_end) - tail) + 1 : 0;
  return ::ftruncate(fd, keep) == 0;
}

std::string pem_of(EVP_PKEY* key, bool is_private) {
  BIO* memory = BIO_new(BIO_s_mem());
  assert(memory);
  const int written = is_private ? PEM_write_bio_PrivateKey(memory, key, nullptr, nullptr, 0, nullptr, nullptr)
                                 : PEM_write_bio_PUBKEY(memory, key);
  assert(written == 1);
  static_cast<void>(written);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string pem{data, static_cast<std::size_t>(size)};
  BIO_free(memory);
  return pem;
}

Result<void> write_file(const std::filesystem::path& file, std::string_view text, unsigned mode) {
  const auto error = replace_file(file, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, mode);
  if (error) return failed(file, "write", error.value());
  return {};
}

std::optional<std::uint64_t> to_number(const json::value& value) {
  if (value.is_uint64()) return value.get_uint64();
  if (value.is_int64() && value.get_int64() >= 0) return static_cast<std::uint64_t>(value.get_int64());
  return std::nullopt;
}

}  // namespace

std::string to_hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string signing_text(const Head& head) {
  return "busbar head 1\n" + head.stream + "\n" + std::to_string(head.sequence) + "\n" + std::to_string(head.time_ns) +
         "\n" + to_hex(head.chain) + "\n";
}

bool is_signed(const Head& head) {
  EVP_PKEY* key =
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, head.public_key.data(), head.public_key.size());
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const std::string text = signing_text(head);
  const bool good = key && context && EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, key) == 1 &&
                    EVP_DigestVerify(context, head.signature.data(), head.signature.size(),
                                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return good;
}

std::string to_json(const Head& head) {
  // Stream names are plain words (letters, digits), so nothing needs escaping.
  return R"({"stream":")" + head.stream + R"(","sequence":)" + std::to_string(head.sequence) + R"(,"time_ns":)" +
         std::to_string(head.time_ns) + R"(,"chain_hash":")" + to_hex(head.chain) + R"(","public_key":")" +
         to_hex(head.public_key) + R"(","signature":")" + to_hex(head.signature) + R"("})";
}

Result<Head> parse_head(std::string_view line) {
  const auto wrong = [](std::string_view what) {
    return Error{ErrorCode::InvalidMessage, "not a signed head: " + std::string{what}};
  };
  json::error_code error;
  const json::value parsed = json::parse(line, error);
  if (error || !parsed.is_object()) return wrong("not a JSON object");
  const json::object& object = parsed.get_object();
  const auto text = [&object](std::string_view name) -> std::string_view {
    const json::value* value = object.if_contains(name);
    return value && value->is_string() ? std::string_view{value->get_string()} : std::string_view{};
  };
  const auto number = [&object](std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value ? to_number(*value) : std::nullopt;
  };
  Head head;
  head.stream = text("stream");
  if (head.stream.empty()) return wrong("stream");
  const auto sequence = number("sequence");
  if (!sequence) return wrong("sequence");
  head.sequence = *sequence;
  const auto time = number("time_ns");
  if (!time) return wrong("time_ns");
  head.time_ns = static_cast<Timestamp>(*time);
  if (!from_hex(text("chain_hash"), head.chain)) return wrong("chain_hash");
  if (!from_hex(text("public_key"), head.public_key)) return wrong("public_key");
  if (!from_hex(text("signature"), head.signature)) return wrong("signature");
  return head;
}

Result<void> append_line(const std::filesystem::path& file, std::string_view line) {
  const Descriptor opened{::open(file.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640)};
  if (opened.fd < 0) return failed(file, "open", errno);
  if (::flock(opened.fd, LOCK_EX) != 0) return failed(file, "lock", errno);
  if (!cut_torn_line(opened.fd)) return failed(file, "read the end of", errno);
  const bool is_new = ::lseek(opened.fd, 0, SEEK_END) == 0;
  if (!write_all(opened.fd, std::string{line} + "\n")) return failed(file, "write", errno);
  if (::fdatasync(opened.fd) != 0) return failed(file, "sync", errno);
  if (is_new) {
    if (const auto error = sync_folder(file.parent_path())) return failed(file.parent_path(), "sync", error.value());
  }
  return {};
}

Result<PublicKey> read_public_key(const std::filesystem::path& file) {
  std::FILE* opened = std::fopen(file.c_str(), "re");
  if (!opened) return failed(file, "open", errno);
  EVP_PKEY* key = PEM_read_PUBKEY(opened, nullptr, nullptr, nullptr);
  std::fclose(opened);
  PublicKey raw{};
  std::size_t size = raw.size();
  const bool good = key && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 &&
                    EVP_PKEY_get_raw_public_key(key, raw.data(), &size) == 1 && size == raw.size();
  EVP_PKEY_free(key);
  if (!good) return Error{ErrorCode::Internal, file.string() + ": not an Ed25519 public key in PEM"};
  return raw;
}

void SigningKey::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<SigningKey> SigningKey::open(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "signing.key";
  SigningKey key;
  struct ::stat status;
  if (::stat(file.c_str(), &status) != 0) {
    if (errno != ENOENT) return failed(file, "look at", errno);
    key.key_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    if (!key.key_) return Error{ErrorCode::Internal, file.string() + ": cannot make a key"};
    if (const auto written = write_file(file, pem_of(key.key_.get(), true), 0600); !written) return written.error();
  } else {
    if ((status.st_mode & 077) != 0) {
      return Error{ErrorCode::Internal, file.string() + ": others may read or write it; its mode must be 0600"};
    }
    std::FILE* opened = std::fopen(file.c_str(), "re");
    if (!opened) return failed(file, "open", errno);
    char no_passphrase[] = "";  // or OpenSSL would ask on the terminal
    key.key_.reset(PEM_read_PrivateKey(opened, nullptr, nullptr, no_passphrase));
    std::fclose(opened);
    if (!key.key_ || EVP_PKEY_get_id(key.key_.get()) != EVP_PKEY_ED25519) {
      return Error{ErrorCode::Internal, file.string() + ": not an Ed25519 private key in PEM"};
    }
  }
  std::size_t size = key.public_key_.size();
  EVP_PKEY_get_raw_public_key(key.key_.get(), key.public_key_.data(), &size);
  const std::filesystem::path public_file = directory / "signing.pub";
  if (!std::filesystem::exists(public_file)) {
    if (const auto written = write_file(public_file, pem_of(key.key_.get(), false), 0644); !written) {
      return written.error();
    }
  }
  return key;
}

void SigningKey::sign(Head& head) const {
  head.public_key = public_key_;
  const std::string text = signing_text(head);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::size_t size = head.signature.size();
  const bool done = context && EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key_.get()) == 1 &&
                    EVP_DigestSign(context, head.signature.data(), &size,
                                   reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
  assert(done && size == head.signature.size());
  static_cast<void>(done);
  EVP_MD_CTX_free(context);
}

}  // namespace busbar::audit
