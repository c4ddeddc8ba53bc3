#pragma once
// A frame as it is documented, and all that one wrong byte makes of it: for readers that are two, and must agree.

#include <string>
#include <string_view>

namespace busbar {

// Calls `check` with the frame whole, with each byte left out, doubled, or another in its place, and cut off behind each byte.
template <class Check>
void for_each_damaged(std::string_view frame, Check check) {
  constexpr std::string_view others = "\"\\{}[]:,.-+0195eEtTZa \n\x01\x7f\x80\xc3";
  check(std::string{frame});
  for (std::size_t at = 0; at < frame.size(); ++at) {
    const std::string begin{frame.substr(0, at)}, end{frame.substr(at + 1)};
    check(begin);
    check(begin + end);
    check(begin + frame[at] + frame[at] + end);
    for (const char other : others) check(begin + other + end);
  }
}

// The same frame, but for a member that nobody wants and only the strict reader can read.
inline std::string for_the_strict_reader(const std::string& frame) {
  const std::size_t begin = frame.find('{');
  return begin == std::string::npos ? frame : std::string{frame}.insert(begin + 1, R"("~":"\n",)");
}

}  // namespace busbar
