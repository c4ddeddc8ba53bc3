#pragma once
// A folder that is made to stay. What is in it may be synced as often as one likes: after a power cut it is gone when the
// folder's own name, in the folder above, was never written out.

#include <filesystem>
#include <system_error>

namespace busbar {

std::error_code sync_folder(const std::filesystem::path& folder);

// Makes it, and those above it that are not there, and syncs each name; also when it is there already, for whoever made
// it may have come to its end before the sync.
std::error_code make_folder(const std::filesystem::path& folder);

}  // namespace busbar
