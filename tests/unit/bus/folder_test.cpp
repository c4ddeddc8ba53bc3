#include "bus/folder.hpp"

#include <cstdlib>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace busbar {
namespace {

namespace fs = std::filesystem;

TEST(Folder, IsMadeWithThoseAboveItAndMayBeThereAlready) {
  std::string pattern = (fs::temp_directory_path() / "folder_XXXXXX").string();
  const fs::path place = ::mkdtemp(pattern.data());
  EXPECT_FALSE(make_folder(place / "a/b/c"));
  EXPECT_TRUE(fs::is_directory(place / "a/b/c"));
  EXPECT_FALSE(make_folder(place / "a/b/c"));
  std::ofstream{place / "file"} << "x";
  EXPECT_TRUE(make_folder(place / "file/d"));
  EXPECT_EQ(sync_folder(place / "nowhere"), std::errc::no_such_file_or_directory);
  fs::remove_all(place);
}

}  // namespace
}  // namespace busbar
