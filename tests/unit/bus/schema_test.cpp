// The wire format of the past must be read by every later build: schemas may only grow at their ends. What flatc --conform
// does not see (a last field or enum value that is gone) is looked for here.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <flatbuffers/reflection_generated.h>
#include <gtest/gtest.h>

#include "tests/unit/bus/temporary_directory.hpp"

namespace busbar {
namespace {

namespace fs = std::filesystem;

const fs::path schemas = BUSBAR_SCHEMAS;
const fs::path baseline = schemas / "baseline";

// What the command said on both outputs; empty when it ended well.
std::string complaint_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  char buffer[4096];
  for (std::size_t size; (size = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, size);
  if (pclose(pipe) == 0) return {};
  return text.empty() ? "failed" : text;
}

std::string compile(const fs::path& directory, const fs::path& out) {
  const std::string complaint = complaint_of("flatc --binary --schema -I " + directory.string() + " -o " + out.string() + " " +
                                             (directory / "message.fbs").string());
  EXPECT_EQ(complaint, "");
  std::ifstream in{out / "message.bfbs", std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::string missing(const std::string& old_bytes, const std::string& new_bytes) {
  const auto* old_schema = reflection::GetSchema(old_bytes.data());
  const auto* new_schema = reflection::GetSchema(new_bytes.data());
  for (const auto* old_table : *old_schema->objects()) {
    const auto* table = new_schema->objects()->LookupByKey(old_table->name()->c_str());
    if (table == nullptr) return old_table->name()->str() + " is gone";
    for (const auto* field : *old_table->fields()) {
      const auto* same = table->fields()->LookupByKey(field->name()->c_str());
      if (same == nullptr) return old_table->name()->str() + "." + field->name()->str() + " is gone";
      if (same->required() != field->required()) return old_table->name()->str() + "." + field->name()->str() + " changed its being required";
    }
    if (!old_table->is_struct()) {
      for (const auto* field : *table->fields()) {
        if (field->required() && old_table->fields()->LookupByKey(field->name()->c_str()) == nullptr) {
          return table->name()->str() + "." + field->name()->str() + " is new and required: the past never wrote it";
        }
      }
    }
  }
  for (const auto* old_enum : *old_schema->enums()) {
    const auto* same = new_schema->enums()->LookupByKey(old_enum->name()->c_str());
    if (same == nullptr) return old_enum->name()->str() + " is gone";
    for (const auto* value : *old_enum->values()) {
      const auto* now = same->values()->LookupByKey(value->value());
      if (now == nullptr || now->name()->str() != value->name()->str()) {
        return old_enum->name()->str() + "." + value->name()->str() + " is gone";
      }
    }
  }
  return {};
}

// Empty when `directory` holds schemas that read everything written by those of the baseline.
std::string breach_in(const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator{baseline}) {
    if (entry.path().extension() != ".fbs") continue;
    const fs::path file = directory / entry.path().filename();
    if (!fs::exists(file)) return file.string() + " is gone";
    const std::string complaint =
        complaint_of("flatc --conform " + entry.path().string() + " --conform-includes " + baseline.string() + " -I " +
                     directory.string() + " " + file.string());
    if (!complaint.empty()) return complaint;
  }
  const TemporaryDirectory was;
  const TemporaryDirectory is;
  return missing(compile(baseline, was.path()), compile(directory, is.path()));
}

TEST(Schema, ReadsWhatTheBaselineWrote) { EXPECT_EQ(breach_in(schemas), ""); }

TEST(Schema, ABreakingChangeIsRefusedAndAGrowingOneIsNot) {
  const struct {
    const char* what;
    const char* file;
    const char* from;
    const char* to;
    const char* complaint;  // a part of it
  } cases[] = {
      {"a field is removed", "order.fbs", "  post_only: bool;", "", "offsets differ for field: reduce_only"},
      {"the last field is removed", "order.fbs", "  approval_id: ulong;                  // an approval that", "  //",
       "busbar.wire.NewOrder.approval_id is gone"},
      {"a field changes its type", "order.fbs", "  price: Decimal;", "  price: string;", "types differ for field: price"},
      {"a default changes", "order.fbs", "= GoodTillCancel;", "= Day;", "defaults differ for field: time_in_force"},
      {"an enum is reordered", "common.fbs", "Unset, Buy, Sell", "Unset, Sell, Buy", "values differ for enum"},
      {"the last enum value is removed", "common.fbs", "Unset, Maker, Taker", "Unset, Maker", "busbar.wire.Liquidity.Taker is gone"},
      {"a body moves", "message.fbs", "CancelOrder, ReplaceOrder, CancelAll", "ReplaceOrder, CancelOrder, CancelAll", "values differ for enum"},
      {"a new field is required", "session.fbs", "  reason: string;\n}\n\nenum", "  reason: string;\n  more: string (required);\n}\n\nenum",
       "busbar.wire.Logout.more is new and required"},
      {"a field is added at the end", "session.fbs", "  reason: string;\n}\n\nenum", "  reason: string;\n  more: string;\n}\n\nenum", ""},
      {"a body is added at the end", "message.fbs", "Tape, SignedHead", "Tape, SignedHead, Balance", ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const TemporaryDirectory changed;
    for (const auto& entry : fs::directory_iterator{schemas}) {
      if (entry.path().extension() == ".fbs") fs::copy(entry.path(), changed.path());
    }
    const fs::path file = changed.path() / c.file;
    std::ifstream in{file};
    std::string text{std::istreambuf_iterator<char>{in}, {}};
    const auto at = text.find(c.from);
    ASSERT_NE(at, text.npos);
    text.replace(at, std::string{c.from}.size(), c.to);
    std::ofstream{file} << text;
    const std::string breach = breach_in(changed.path());
    if (*c.complaint == '\0') {
      EXPECT_EQ(breach, "");
    } else {
      EXPECT_NE(breach.find(c.complaint), breach.npos) << breach;
    }
  }
}

}  // namespace
}  // namespace busbar
