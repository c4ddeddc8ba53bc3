#include "gateways/framework/vault/format.hpp"

#include <algorithm>
#include <cassert>

namespace busbar::vault {

namespace {

constexpr std::string_view magic = "BBVAULT1";

Error refuse(std::string text) { return {ErrorCode::InvalidMessage, std::move(text)}; }

class Writer {
 public:
  void put(View bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }
  void number(std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<std::uint8_t>(value >> 8 * i));
  }
  Bytes out;
};

// The caller knows that there is enough.
class Reader {
 public:
  explicit Reader(View bytes) : rest_{bytes} {}
  View take(std::size_t size) {
    assert(size <= rest_.size());
    const View taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    const View bytes = take(size);
    for (std::size_t i = size; i-- > 0;) value = value << 8 | bytes[i];
    return value;
  }
  Timestamp time() { return static_cast<Timestamp>(number(8)); }
  template <std::size_t N>
  void into(std::array<std::uint8_t, N>& out) {
    const View bytes = take(N);
    std::copy(bytes.begin(), bytes.end(), out.begin());
  }

 private:
  View rest_;
};

bool is_zero(View bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::size_t size_of(const Entry& entry) {
  return entry_head_size + wrapped_size + entry.name.size() + entry.sealed.size();
}

void put_head(Writer& writer, const Entry& entry) {
  writer.number(size_of(entry), 4);
  writer.number(entry.name.size(), 1);
  writer.number(0, 3);
  writer.number(entry.version, 8);
  writer.number(static_cast<std::uint64_t>(entry.set_at), 8);
  writer.number(static_cast<std::uint64_t>(entry.sealed_at), 8);
}

std::string printable(View name) {
  return to_words({reinterpret_cast<const char*>(name.data()), name.size()});
}

// An entry at the front of `rest`, whose number from 1 is for the refusal.
Result<Entry> parse_entry(View rest, std::size_t number) {
  const std::string which = "entry " + std::to_string(number);
  const auto ends = [](const std::string& whose) { return refuse("the file ends within " + whose); };
  if (rest.size() < entry_head_size) return ends(which);
  Reader head{rest};
  const std::uint64_t size = head.number(4);
  const std::size_t name_size = head.number(1);
  const View zeros = head.take(3);
  Entry entry;
  entry.version = head.number(8);
  entry.set_at = head.time();
  entry.sealed_at = head.time();
  if (name_size < 1 || name_size > name_size_max || !is_zero(zeros)) {
    return refuse(which + " has no name: its head is altered");
  }
  const std::size_t before_secret = entry_head_size + wrapped_size + name_size;
  if (size < before_secret + seal_size + 1 || size > before_secret + seal_size + secret_size_max) {
    return refuse(which + " says it has " + std::to_string(size) + " bytes, which none has");
  }
  if (rest.size() < before_secret) return ends(which);
  const std::string named = which + ", \"" + printable(rest.subspan(entry_head_size + wrapped_size, name_size)) + "\",";
  if (rest.size() < size) return ends(named);
  Reader body{rest.subspan(entry_head_size, size - entry_head_size)};
  const View wrapped = body.take(wrapped_size);
  const View name = body.take(name_size);
  const View sealed = body.take(size - before_secret);
  entry.name.assign(name.begin(), name.end());
  entry.wrapped.assign(wrapped.begin(), wrapped.end());
  entry.sealed.assign(sealed.begin(), sealed.end());
  if (check_name(entry.name)) return refuse(named + " has a name that none can have");
  return entry;
}

}  // namespace

std::optional<Error> check_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"-_.:/"}.find(c) != std::string_view::npos;
  };
  if (!name.empty() && name.size() <= name_size_max && std::all_of(name.begin(), name.end(), is_allowed)) {
    return std::nullopt;
  }
  return refuse("\"" + to_words(name.substr(0, name_size_max)) +
                "\" is no name: 1 to 64 letters, digits and - _ . : /");
}

Bytes write(const Contents& contents) {
  std::size_t size = header_size + trailer_size;
  for (const Entry& entry : contents.entries) size += size_of(entry);
  Writer writer;
  writer.put(bytes_of(magic));
  writer.number(size, 4);
  writer.number(contents.entries.size(), 4);
  writer.put(contents.id);
  writer.number(contents.generation, 8);
  writer.number(static_cast<std::uint64_t>(contents.written_at), 8);
  writer.number(contents.wraps, 8);
  writer.number(static_cast<std::uint8_t>(contents.derivation), 1);
  writer.number(contents.cost.log2_n, 1);
  writer.number(contents.cost.r, 1);
  writer.number(contents.cost.p, 1);
  writer.number(0, 4);
  writer.put(contents.scrypt_salt);
  writer.put(contents.wrap_salt);
  writer.put(contents.check);
  assert(writer.out.size() == header_size);
  for (const Entry& entry : contents.entries) {
    put_head(writer, entry);
    writer.put(entry.wrapped);
    writer.put(bytes_of(entry.name));
    writer.put(entry.sealed);
  }
  return std::move(writer.out);
}

Bytes associated(const Id16& vault, const Entry& entry, char purpose) {
  Writer writer;
  writer.put(bytes_of(magic));
  writer.put(bytes_of({&purpose, 1}));
  writer.put(vault);
  put_head(writer, entry);
  writer.put(bytes_of(entry.name));
  return std::move(writer.out);
}

Result<Contents> parse(View file) {
  if (file.size() < header_size + trailer_size) {
    return refuse("the file has " + std::to_string(file.size()) + " bytes: too short for a vault");
  }
  if (file.size() > file_size_max) return refuse("the file is larger than any vault");
  Reader header{file};
  const View found = header.take(magic.size());
  if (!std::equal(found.begin(), found.end(), magic.begin())) {
    return refuse("this is no vault: it does not begin with BBVAULT1");
  }
  const std::uint64_t size = header.number(4);
  const std::uint64_t count = header.number(4);
  Contents contents;
  header.into(contents.id);
  contents.generation = header.number(8);
  contents.written_at = header.time();
  contents.wraps = header.number(8);
  const std::uint64_t derivation = header.number(1);
  contents.cost = {static_cast<std::uint8_t>(header.number(1)), static_cast<std::uint8_t>(header.number(1)),
                   static_cast<std::uint8_t>(header.number(1))};
  const View zeros = header.take(4);
  header.into(contents.scrypt_salt);
  header.into(contents.wrap_salt);
  header.into(contents.check);

  contents.derivation = static_cast<Derivation>(derivation);
  const bool has_key = contents.derivation == Derivation::Key;
  if (!has_key && contents.derivation != Derivation::Passphrase) {
    return refuse("the header names no way to the master key");
  }
  const bool has_cost = contents.cost.log2_n != 0 || contents.cost.r != 0 || contents.cost.p != 0;
  if (!is_zero(zeros) || (has_key && (has_cost || !is_zero(contents.scrypt_salt)))) {
    return refuse("the header is altered: what has to be zero is not");
  }
  if (contents.generation < 1 || contents.generation > generation_max) {
    return refuse("the header is altered: " + std::to_string(contents.generation) + " is no generation");
  }
  if (count > entries_max) return refuse("the header claims " + std::to_string(count) + " entries; 256 is the most");

  std::size_t at = header_size;
  const std::size_t end = file.size() - trailer_size;
  for (std::size_t number = 1; number <= count; ++number) {
    auto entry = parse_entry(file.subspan(at, end - at), number);
    if (!entry) return entry.error();
    if (!contents.entries.empty() && contents.entries.back().name >= entry->name) {
      return refuse("entry " + std::to_string(number) + ", \"" + entry->name + "\", stands behind \"" +
                    contents.entries.back().name + "\": exchanged, or there twice");
    }
    if (entry->version < 1 || entry->version > contents.generation) {
      return refuse("entry " + std::to_string(number) + ", \"" + entry->name + "\", has version " +
                    std::to_string(entry->version) + ", the file is generation " + std::to_string(contents.generation));
    }
    at += size_of(*entry);
    contents.entries.push_back(std::move(*entry));
  }
  if (size != file.size() || at != end) {
    return refuse("the file has " + std::to_string(file.size()) + " bytes, its header says " + std::to_string(size) +
                  ", its entries end at " + std::to_string(at + trailer_size));
  }
  return contents;
}

std::string hex(View bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

}  // namespace busbar::vault
