#pragma once
// A word through the venue's back door, for people and scripts.

#include <cstdint>
#include <string>

namespace busbar::venue {

// Sends one request to the control interface on 127.0.0.1 and prints the answer on stdout. 0 when it was 2xx, else 1.
int run_ctl(std::uint16_t port, const std::string& method, const std::string& path, const std::string& body);

}  // namespace busbar::venue
