#pragma once
// Folders and files that are made to stay. What is in a folder may be synced as often as one likes: after a power cut it is
// gone when the folder's own name, in the folder above, was never written out.

#include <cstdint>
#include <filesystem>
#include <span>
#include <system_error>

namespace busbar {

std::error_code sync_folder(const std::filesystem::path& folder);

// Makes it, and those above it that are not there, and syncs each name; also when it is there already, for whoever made
// it may have come to its end before the sync.
std::error_code make_folder(const std::filesystem::path& folder);

// Puts a file of this content in place of the one there is, if any: a crash or a power cut leaves the one or the other, and
// after a good return the new one. It is made beside it, with `.draft` behind its name. One process at a time.
std::error_code replace_file(const std::filesystem::path& file, std::span<const std::uint8_t> content, unsigned mode);

}  // namespace busbar
