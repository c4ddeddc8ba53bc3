#pragma once
// What proves to a broker who we are. Read from a file that only its owner may read, never shown, wiped after use.

#include <filesystem>
#include <string>
#include <string_view>

namespace busbar::gateway {

// A text that is overwritten when it goes. Nothing prints it.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_{std::move(value)} {}
  ~Secret() { wipe(); }
  Secret(const Secret& other) = default;
  Secret(Secret&& other) noexcept : value_{other.value_} { other.wipe(); }
  Secret& operator=(const Secret& other) = default;
  Secret& operator=(Secret&& other) noexcept;

  std::string_view reveal() const { return value_; }
  bool is_empty() const { return value_.empty(); }

 private:
  void wipe() noexcept;
  std::string value_;
};

struct Credentials {
  Secret api_key;
  Secret secret;
  Secret passphrase;  // opens `secret` where that is an encrypted key
};

// Lines `api_key = ...` and `secret = ...`, both required, and `passphrase = ...`; # starts a comment. A key of many
// lines is named by `secret_file = ...`, a path beside this file. Files must be regular ones, of ours or of root, with
// mode 0400 or 0600; in the folder of systemd's credentials also 0440, which is how they come. Throws std::runtime_error naming file and line, never a value.
Credentials load_credentials(const std::filesystem::path& file);

}  // namespace busbar::gateway
