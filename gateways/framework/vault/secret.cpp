#include "gateways/framework/vault/secret.hpp"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

#include <openssl/crypto.h>

namespace busbar::vault {

namespace {

// OpenSSL's secure heap: locked, between guard pages, and left out of dumps. What it has no room for lies in ordinary
// memory, and is wiped all the same.
std::uint8_t* allocate(std::size_t size) {
  [[maybe_unused]] static const int made = CRYPTO_secure_malloc_init(std::size_t{1} << 20, 16);
  void* memory = OPENSSL_secure_zalloc(size);
  if (memory == nullptr) memory = OPENSSL_zalloc(size);
  if (memory == nullptr) throw std::bad_alloc{};
  return static_cast<std::uint8_t*>(memory);
}

}  // namespace

Secret::Secret(std::string_view text) {
  if (text.empty()) return;
  *this = of_size(text.size());
  std::copy(text.begin(), text.end(), data_);
}

Secret Secret::of_size(std::size_t size) {
  Secret secret;
  if (size == 0) return secret;
  secret.data_ = allocate(size);
  secret.size_ = size;
  return secret;
}

Secret::Secret(Secret&& other) noexcept
    : data_{std::exchange(other.data_, nullptr)}, size_{std::exchange(other.size_, 0)} {}

Secret& Secret::operator=(Secret other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

void Secret::shorten(std::size_t size) {
  assert(size <= size_);
  if (size == size_) return;
  *this = Secret{reveal().substr(0, size)};
}

void Secret::wipe() noexcept {
  if (data_ == nullptr) return;
  if (CRYPTO_secure_allocated(data_) != 0) {
    OPENSSL_secure_clear_free(data_, size_);
  } else {
    OPENSSL_clear_free(data_, size_);
  }
}

}  // namespace busbar::vault
