#pragma once
// What stands behind the question mark, or in a form.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace busbar::gateway {

using Params = std::vector<std::pair<std::string, std::string>>;

// UTF-8, everything but A-Z a-z 0-9 - _ . ~ as %XX.
std::string percent_encode(std::string_view text);
// name=value&..., in the order given, values percent-encoded.
std::string query_of(const Params& params);

}  // namespace busbar::gateway
