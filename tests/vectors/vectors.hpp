#pragma once
// Recorded and published data of brokers, walked case by case: a file's cases, what they expect, and what we made of
// them. Knows nothing of any broker. The data is not part of the repository: BUSBAR_VECTORS names its folder.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "bus/result.hpp"

namespace busbar::vectors {

namespace json = boost::json;

// What a build does not speak yet. Decided by a member of the case, and by its value where one is named: never by file
// or id.
struct OutOfScope {
  std::string_view member;  // "given.key_type"
  std::string_view value;   // what its text contains; empty: whatever it is
  std::string_view why;
};

// One case being looked at.
class Case {
 public:
  Case(const json::object& json, std::string_view file) : json_{json}, file_{file} {}

  const json::object& given() const { return json_.at("given").as_object(); }
  const json::value& expected() const { return json_.at("expected"); }
  const json::object& json() const { return json_; }

  // Every member of `expected` must be in `got` and equal; what more there is in `got` does not matter.
  void compare(const json::value& expected, const json::value& got, const std::string& path = "expected");
  void mismatch(std::string_view field, std::string_view expected, std::string_view got);
  bool has_failed() const { return failed_; }

  // Members of `expected` that somebody else's opinion fills: not compared.
  std::vector<std::string_view> other_opinions;

 private:
  const json::object& json_;
  std::string_view file_;
  bool failed_ = false;
};

// The folder that BUSBAR_VECTORS names, or the one beside the source tree; nullopt when there is neither.
std::optional<std::filesystem::path> folder();

// A file's text as JSON in which numbers with a point or an exponent are strings of their own digits: no float comes
// near.
json::value load(const std::filesystem::path& file);

// Walks one file and prints its line. False when a case failed or there was none.
bool walk(const std::filesystem::path& folder, const std::string& family, const std::string& file,
          const std::vector<OutOfScope>& out_of_scope, const std::function<void(Case&)>& check);

// Everything of one broker, or of one subject, file by file.
class Collection {
 public:
  // `other_opinions`: see Case.
  Collection(std::filesystem::path folder, std::string family, std::vector<OutOfScope> out_of_scope,
             std::vector<std::string_view> other_opinions)
      : folder_{std::move(folder)}, family_{std::move(family)}, out_of_scope_{std::move(out_of_scope)},
        other_opinions_{std::move(other_opinions)} {}

  const std::filesystem::path& folder() const { return folder_; }  // of all collections
  void file(const std::string& name, const std::function<void(Case&)>& check);
  void file_if_there(const std::string& name, const std::function<void(Case&)>& check);  // not everybody has it
  void file_of_another(const std::string& family, const std::string& name, const std::function<void(Case&)>& check);
  bool is_all_good() const { return is_all_good_; }

 private:
  void walk_one(const std::string& family, const std::string& name, const std::function<void(Case&)>& check);

  std::filesystem::path folder_;
  std::string family_;
  std::vector<OutOfScope> out_of_scope_;
  std::vector<std::string_view> other_opinions_;
  bool is_all_good_ = true;
};

// A test's whole program: skipped where there are no vectors.
int run(const std::string& family, const std::vector<OutOfScope>& out_of_scope,
        const std::vector<std::string_view>& other_opinions, const std::function<void(Collection&)>& check_all);

// A text member of an object, empty when absent.
std::string text_of(const json::object& object, std::string_view member);

// Copies of a JSON text in which one of `members` has become a number, one copy for each place where a string stood.
struct Spoiled {
  std::string member;
  std::string text;
};
std::vector<Spoiled> spoil(std::string_view text, const std::vector<std::string_view>& members);

// The same for values without names, in the first row of each array of rows: [["4.00","431.00"],...]. A place is named
// as given here, or else as the member that the rows stand in.
struct Place {
  std::size_t at;
  std::string_view name;
};
std::vector<Spoiled> spoil_rows(std::string_view text, const std::vector<Place>& places);

// ---- for checks of decoders

// Was it decoded? The case fails with the decoder's words when not.
template <class T>
bool is_decoded(Case& a_case, const Result<T>& result) {
  if (!result) a_case.mismatch("body", "to be decoded", result.error().text);
  return result.has_value();
}

// Each copy must be refused by `decode`, in words that name the member.
template <class Decode>
void refuses(Case& a_case, const std::vector<Spoiled>& copies, Decode decode) {
  for (const Spoiled& copy : copies) {
    const auto result = decode(copy.text);
    if (result) {
      a_case.mismatch(copy.member, "a number in its place to be refused", "it was taken");
    } else if (result.error().text.find("." + copy.member + ":") == std::string::npos) {
      a_case.mismatch(copy.member, "to be named in the refusal", result.error().text);
    }
  }
}

}  // namespace busbar::vectors
