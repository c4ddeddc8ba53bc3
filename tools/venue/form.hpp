#pragma once
// What stands in queries and forms, and in the addresses to which a login sends a browser back.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace busbar::venue {

// "a=1&b=%20" into its members.
std::vector<std::pair<std::string, std::string>> form_fields(std::string_view text);
std::string decoded(std::string_view text);  // of percent signs, and plus signs for blanks
std::string encoded(std::string_view text);

// Without the port where that is the client's to choose: http://127.0.0.1:41234/callback (RFC 8252, section 7.3).
std::string without_loopback_port(std::string_view uri);

}  // namespace busbar::venue
