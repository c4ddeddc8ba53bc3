#pragma once
// OpenSSL's objects, freed by who owns them.

#include <memory>

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

}  // namespace busbar::gateway
