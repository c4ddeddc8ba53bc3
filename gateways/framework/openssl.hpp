#pragma once
// OpenSSL's objects, freed by who owns them.

#include <memory>

#include <openssl/evp.h>

namespace busbar::gateway {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freed<Free>>;

// Whether the private key signs (SHA-256, or Ed25519 by itself) what its public half confirms. A damaged one may be read well, and
// fail when it is used first.
bool can_sign(EVP_PKEY* key);

}  // namespace busbar::gateway
