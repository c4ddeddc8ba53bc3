// What an operator's files and a vault hand over: credentials, private keys, addresses of brokers. Any bytes are read, or
// refused in words; and a refusal never repeats what the file says.

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <sys/stat.h>

#include "bus/text.hpp"
#include "gateways/binance/auth.hpp"
#include "gateways/framework/credentials.hpp"
#include "gateways/framework/sessions.hpp"
#include "tests/unit/bus/temporary_directory.hpp"

namespace {

void read_credentials(std::string_view text) {
  static const busbar::TemporaryDirectory directory;
  static const std::filesystem::path file = directory.path() / "fuzz.cred";
  {
    std::ofstream out{file, std::ios::binary | std::ios::trunc};
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
  }
  chmod(file.c_str(), 0600);
  try {
    const auto credentials = busbar::gateway::load_credentials(file);
    if (credentials.is_none()) std::abort();
    const bool has_key = !credentials.api_key.is_empty() && !credentials.secret.is_empty();
    if (!has_key && !credentials.is_login() && credentials.consumer.signature_key.is_empty()) std::abort();
  } catch (const std::runtime_error& error) {
    const std::string_view said = error.what();
    if (!said.starts_with(file.string()) && !said.starts_with(directory.path().string())) std::abort();
  }
}

void read_key(std::string_view text) {
  const std::size_t end = std::min(text.find('\0'), text.size());
  const auto signer = busbar::binance::Signer::private_key(text.substr(0, end), text.substr(end == text.size() ? end : end + 1));
  if (signer && signer->sign("x=1").empty()) std::abort();
  if (!signer && signer.error().text.empty()) std::abort();
}

void read_url(std::string_view text) {
  const auto url = busbar::gateway::parse_url(text);
  if (!url) return;
  if (url->host.empty() || url->port.empty() || !url->target.starts_with('/')) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data + 1), size - 1};
  switch (data[0] % 3) {
    case 0: read_credentials(text); break;
    case 1: read_key(text); break;
    default: read_url(text);
  }
  return 0;
}
