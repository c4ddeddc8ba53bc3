#pragma once
// The hash chain of a stream: each record's hash covers the hash before it, so no record can change, go or come unseen.
// What it cannot see, a tail cut off or a chain made anew, the signed heads show (audit/head.hpp).

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

struct evp_md_ctx_st;

namespace busbar::audit {

using Hash = std::array<std::uint8_t, 32>;

class Chain {
 public:
  Chain();
  // What stands before the first record ever: SHA-256("busbar journal 1\n", stream, "\n").
  Hash genesis(std::string_view stream);
  // SHA-256(previous, frame), the frame with its header and its padding.
  Hash next(const Hash& previous, std::span<const std::uint8_t> frame);

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace busbar::audit
