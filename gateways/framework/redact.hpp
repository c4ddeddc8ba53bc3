#pragma once
// Cuts secrets out of what goes to the wire tape.

#include <span>
#include <string>
#include <string_view>

#include "bus/messages.hpp"

namespace busbar::gateway {

inline constexpr std::string_view cut_mark = "[cut]";

// A query string or form with the values of these parameters cut out: "a=1&signature=[cut]". Names compare exactly.
std::string cut_parameters(std::string_view text, std::span<const std::string_view> names);
void append_cut(Bytes& out, std::string_view text, std::span<const std::string_view> names);  // the same, behind what there is

// Every occurrence of a known secret cut out. Texts of less than 4 characters are no secrets.
void cut_secret(std::string& text, std::string_view secret);
void cut_secret(Bytes& text, std::string_view secret);

// The text values of this member cut out of JSON, wherever it stands: {"listenKey":"[cut]"}.
void cut_json_member(std::string& text, std::string_view name);
void cut_json_member(Bytes& text, std::string_view name);

}  // namespace busbar::gateway
