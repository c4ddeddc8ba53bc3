#pragma once
// An answer too long for one message, in pages. The rest is kept for a minute under a token, so that all pages are of
// one moment.

#include <deque>
#include <optional>
#include <string>

#include "bus/messages.hpp"

namespace busbar::gateway {

class Pages {
 public:
  // The first page of `whole`, which has one list filled; the others are kept.
  Answer split(Answer whole, std::uint32_t page_size, Timestamp now);
  // nullopt: no such token, or not any more.
  std::optional<Answer> next(std::string_view token, Timestamp now);

 private:
  struct Rest {
    std::string token;
    Timestamp kept_at = 0;
    std::deque<Answer> pages;
  };
  std::deque<Rest> rests_;
  std::uint64_t last_token_ = 0;
};

}  // namespace busbar::gateway
