#pragma once
// What stands behind the question mark, or in a form.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace busbar::gateway {

using Params = std::vector<std::pair<std::string, std::string>>;

// UTF-8, everything but A-Z a-z 0-9 - _ . ~ as %XX.
std::string percent_encode(std::string_view text);
void append_encoded(std::string& query, std::string_view text);  // the same, behind what there is
// name=value&..., in the order given, values percent-encoded. With room for so many letters behind it.
std::string query_of(const Params& params, std::size_t room = 0);

}  // namespace busbar::gateway
