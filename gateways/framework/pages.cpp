#include "gateways/framework/pages.hpp"

#include <algorithm>

namespace busbar::gateway {

namespace {

constexpr std::int64_t kept_ns = 60'000'000'000;
constexpr std::size_t rests_max = 16;
constexpr std::uint32_t page_size_max = 1000;

// Moves the list in pieces behind the head of the answer.
template <class T>
void cut_list(std::deque<Answer>& pages, const Answer& head, std::vector<T> Answer::*list, std::vector<T>& all,
              std::size_t size) {
  for (std::size_t at = 0; at < all.size(); at += size) {
    Answer page = head;
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(at);
    const auto last = all.begin() + static_cast<std::ptrdiff_t>(std::min(at + size, all.size()));
    (page.*list).assign(std::make_move_iterator(first), std::make_move_iterator(last));
    pages.push_back(std::move(page));
  }
}

}  // namespace

Answer Pages::split(Answer whole, std::uint32_t page_size, Timestamp now) {
  const std::size_t size = std::clamp(page_size, 1u, page_size_max);
  Answer head;
  head.kind = whole.kind;
  head.as_of_ns = whole.as_of_ns;
  head.text = whole.text;
  head.url = whole.url;
  std::deque<Answer> pages;
  cut_list(pages, head, &Answer::orders, whole.orders, size);
  cut_list(pages, head, &Answer::accounts, whole.accounts, size);
  cut_list(pages, head, &Answer::balances, whole.balances, size);
  cut_list(pages, head, &Answer::positions, whole.positions, size);
  cut_list(pages, head, &Answer::quotes, whole.quotes, size);
  cut_list(pages, head, &Answer::bars, whole.bars, size);
  cut_list(pages, head, &Answer::books, whole.books, size);
  cut_list(pages, head, &Answer::tickers, whole.tickers, size);
  cut_list(pages, head, &Answer::trades, whole.trades, size);
  cut_list(pages, head, &Answer::previews, whole.previews, size);
  if (pages.empty()) return head;
  Answer first = std::move(pages.front());
  pages.pop_front();
  if (pages.empty()) return first;
  const std::string token = "p" + std::to_string(++last_token_);
  first.next_page_token = cut<64>(token);
  rests_.push_back({token, now, std::move(pages)});
  if (rests_.size() > rests_max) rests_.pop_front();
  return first;
}

std::optional<Answer> Pages::next(std::string_view token, Timestamp now) {
  std::erase_if(rests_, [&](const Rest& rest) { return now - rest.kept_at > kept_ns; });
  const auto rest = std::find_if(rests_.begin(), rests_.end(), [&](const Rest& r) { return r.token == token; });
  if (rest == rests_.end()) return std::nullopt;
  Answer page = std::move(rest->pages.front());
  rest->pages.pop_front();
  rest->kept_at = now;
  if (rest->pages.empty()) {
    rests_.erase(rest);
  } else {
    page.next_page_token = cut<64>(token);
  }
  return page;
}

}  // namespace busbar::gateway
