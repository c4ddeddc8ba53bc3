#pragma once
// Bytes that nobody else may see. They lie in memory that is not swapped out where the system permits, and are wiped when
// they go. Nothing prints them.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace busbar::vault {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text);
  static Secret of_size(std::size_t size);  // zeros, to be filled
  ~Secret() { wipe(); }
  Secret(const Secret& other) : Secret{other.reveal()} {}
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret other) noexcept;

  std::string_view reveal() const { return {reinterpret_cast<const char*>(data_), size_}; }
  std::span<const std::uint8_t> bytes() const { return {data_, size_}; }
  std::span<std::uint8_t> bytes() { return {data_, size_}; }
  bool is_empty() const { return size_ == 0; }
  void shorten(std::size_t size);  // what is behind is wiped

 private:
  void wipe() noexcept;
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace busbar::vault
