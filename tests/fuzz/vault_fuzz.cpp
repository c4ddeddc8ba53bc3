// The vault's file, and what is kept beside it: any bytes are read, or refused in words. Who fuzzes has the master key, or
// nothing would get past the trailer.

#include <cstdint>
#include <cstdlib>
#include <fstream>

#include <sys/stat.h>

#include "gateways/framework/vault/store.hpp"
#include "tests/unit/bus/temporary_directory.hpp"

using namespace busbar;
using namespace busbar::vault;

namespace {

const Master& master() {
  static const Master key{Derivation::Key, Secret{std::string(key_size, 'k')}};
  return key;
}

void check_refusal(const Error& error) {
  if (error.text.empty() || !is_words(error.text)) std::abort();
}

// With the check and the trailer that whoever has the key would write.
void mend(Bytes& file, const Contents& contents) {
  const auto check = hkdf(master().secret.bytes(), contents.wrap_salt, bytes_of("busbar vault 1: check"), 16);
  std::copy(check->bytes().begin(), check->bytes().end(), file.begin() + 112);
  const auto key = hkdf(master().secret.bytes(), contents.wrap_salt, bytes_of("busbar vault 1: file"), key_size);
  const auto trailer = hmac(key->bytes(), View{file}.first(file.size() - trailer_size));
  std::copy(trailer.begin(), trailer.end(), file.end() - trailer_size);
}

void read_vault(Bytes file) {
  const auto contents = parse(file);
  if (!contents) return check_refusal(contents.error());
  if (write(*contents).size() + trailer_size != file.size()) std::abort();
  if (contents->derivation == Derivation::Passphrase) return;  // half a second each
  mend(file, *contents);
  auto vault = Vault::open(file, master());
  if (!vault) std::abort();  // the header says nothing that the key does not
  for (const EntryInfo& entry : vault->list()) {
    if (const auto secret = vault->get(entry.name); !secret) check_refusal(secret.error());
  }
  if (const auto done = vault->set("main", Secret{"x"}, 1); !done) return check_refusal(done.error());
  const auto again = vault->write(2);
  if (!again || !Vault::open(*again, master())) std::abort();
}

// The master key's file, or the generation's, says something else.
void read_beside(std::string_view text, bool is_key) {
  static const TemporaryDirectory directory;
  static const Place place{directory.path() / "vault/vault", directory.path() / "kept/generation",
                           {KeySource::Kind::File, directory.path() / "key"}};
  static const bool is_made = Store{place}.create([](Vault&) -> Result<void> { return {}; }).has_value();
  if (!is_made) std::abort();
  const std::filesystem::path& file = is_key ? place.key.path : place.generation_file;
  std::filesystem::remove(file);
  std::ofstream{file, std::ios::binary}.write(text.data(), static_cast<std::streamsize>(text.size()));
  ::chmod(file.c_str(), 0400);
  if (const auto vault = Store{place}.read(); !vault) check_refusal(vault.error());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data + 1), size - 1};
  switch (data[0] % 4) {
    case 0: read_beside(text, false); break;
    case 1: read_beside(text, true); break;
    default: read_vault({data + 1, data + size});
  }
  return 0;
}
