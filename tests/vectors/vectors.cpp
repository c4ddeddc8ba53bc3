#include "tests/vectors/vectors.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace busbar::vectors {

namespace {

const json::value* at_path(const json::object& root, std::string_view path) {
  const json::object* object = &root;
  while (true) {
    const auto dot = path.find('.');
    const json::value* value = object->if_contains(path.substr(0, dot));
    if (value == nullptr || dot == std::string_view::npos) return value;
    object = value->if_object();
    if (object == nullptr) return nullptr;
    path.remove_prefix(dot + 1);
  }
}

const OutOfScope* find_out_of_scope(const json::object& a_case, const std::vector<OutOfScope>& table) {
  for (const OutOfScope& entry : table) {
    const json::value* value = at_path(a_case, entry.member);
    if (value == nullptr) continue;
    if (entry.value.empty()) return &entry;
    const json::string* text = value->if_string();
    const std::string searched = text != nullptr ? std::string{*text} : json::serialize(*value);
    if (searched.find(entry.value) != std::string::npos) return &entry;
  }
  return nullptr;
}

// Wraps every number that is no integer in quotes.
std::string numbers_as_text(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 16);
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      out += c;
      if (c == '\\' && i + 1 < text.size()) out += text[++i];
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c != '-' && (c < '0' || c > '9')) {
      out += c;
      continue;
    }
    const std::size_t end = std::min(text.find_first_not_of("+-.0123456789eE", i), text.size());
    const std::string_view number = text.substr(i, end - i);
    const bool is_integer = number.find_first_of(".eE") == std::string_view::npos;
    out.append(is_integer ? "" : "\"").append(number).append(is_integer ? "" : "\"");
    i = end - 1;
  }
  return out;
}

// Calls `found` for each string member of one of the names, anywhere in the value.
void each_member(json::value& value, const std::vector<std::string_view>& names,
                 const std::function<void(std::string_view, json::value&)>& found) {
  if (json::array* array = value.if_array()) {
    for (json::value& element : *array) each_member(element, names, found);
  } else if (json::object* object = value.if_object()) {
    for (auto& member : *object) {
      const std::string_view name{member.key().data(), member.key().size()};
      if (member.value().is_string() && std::find(names.begin(), names.end(), name) != names.end()) {
        found(name, member.value());
      } else {
        each_member(member.value(), names, found);
      }
    }
  }
}

// Calls `found` with the first row of each array of rows, and the name of the member that it is.
void each_first_row(json::value& value, std::string_view name,
                    const std::function<void(std::string_view, json::array&)>& found) {
  if (json::array* array = value.if_array()) {
    if (!array->empty() && array->front().is_array()) return found(name, array->front().get_array());
    for (json::value& element : *array) each_first_row(element, name, found);
  } else if (json::object* object = value.if_object()) {
    for (auto& member : *object) {
      each_first_row(member.value(), {member.key().data(), member.key().size()}, found);
    }
  }
}

}  // namespace

std::string text_of(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

void Case::mismatch(std::string_view field, std::string_view expected, std::string_view got) {
  failed_ = true;
  std::printf("  %.*s %s: %.*s: expected %.*s, got %.*s\n", static_cast<int>(file_.size()), file_.data(),
              text_of(json_, "id").c_str(), static_cast<int>(field.size()), field.data(),
              static_cast<int>(expected.size()), expected.data(), static_cast<int>(got.size()), got.data());
}

void Case::compare(const json::value& expected, const json::value& got, const std::string& path) {
  if (const json::object* members = expected.if_object(); members != nullptr && got.is_object()) {
    for (const auto& member : *members) {
      const std::string_view name{member.key().data(), member.key().size()};
      if (std::find(other_opinions.begin(), other_opinions.end(), name) != other_opinions.end()) continue;
      const std::string inner = path + "." + std::string{name};
      if (const json::value* value = got.get_object().if_contains(name)) {
        compare(member.value(), *value, inner);
      } else {
        mismatch(inner, json::serialize(member.value()), "nothing");
      }
    }
    return;
  }
  if (const json::array* elements = expected.if_array(); elements != nullptr && got.is_array()) {
    if (elements->size() != got.get_array().size()) {
      mismatch(path, std::to_string(elements->size()) + " elements", std::to_string(got.get_array().size()));
      return;
    }
    for (std::size_t i = 0; i < elements->size(); ++i) {
      compare((*elements)[i], got.get_array()[i], path + "[" + std::to_string(i) + "]");
    }
    return;
  }
  if (!(expected == got)) mismatch(path, json::serialize(expected), json::serialize(got));
}

std::optional<std::filesystem::path> folder() {
  if (const char* named = std::getenv("BUSBAR_VECTORS"); named != nullptr && *named != '\0') return named;
  const std::filesystem::path beside = BUSBAR_VECTORS_DEFAULT;
  if (std::filesystem::is_directory(beside)) return beside;
  return std::nullopt;
}

json::value load(const std::filesystem::path& file) {
  std::ifstream stream{file, std::ios::binary};
  if (!stream) throw std::runtime_error{file.string() + ": cannot be read"};
  const std::string text{std::istreambuf_iterator<char>{stream}, {}};
  return json::parse(numbers_as_text(text));
}

bool walk(const std::filesystem::path& folder, const std::string& family, const std::string& file,
          const std::vector<OutOfScope>& out_of_scope, const std::function<void(Case&)>& check) {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t not_ours = 0;
  std::string trouble;
  try {
    const json::value document = load(folder / family / (file + ".json"));
    for (const json::value& value : document.at("cases").as_array()) {
      Case a_case{value.as_object(), file};
      if (const OutOfScope* entry = find_out_of_scope(a_case.json(), out_of_scope)) {
        ++not_ours;
        std::printf("  %s %s: out of scope: %.*s\n", file.c_str(), text_of(a_case.json(), "id").c_str(),
                    static_cast<int>(entry->why.size()), entry->why.data());
        continue;
      }
      try {
        check(a_case);
      } catch (const std::exception& error) {
        a_case.mismatch("case", "a case of the file's format", error.what());
      }
      ++(a_case.has_failed() ? failed : passed);
    }
  } catch (const std::exception& error) {
    trouble = error.what();
  }
  std::printf("vectors %s/%s: %zu passed, %zu failed, %zu out of scope\n", family.c_str(), file.c_str(), passed, failed,
              not_ours);
  if (!trouble.empty()) std::printf("  %s: %s\n", file.c_str(), trouble.c_str());
  const bool is_empty = passed + failed + not_ours == 0;
  if (is_empty) std::printf("  %s: not one case found\n", file.c_str());
  return failed == 0 && !is_empty && trouble.empty();
}

void Collection::file(const std::string& name, const std::function<void(Case&)>& check) {
  walk_one(family_, name, check);
}

void Collection::file_of_another(const std::string& family, const std::string& name,
                                 const std::function<void(Case&)>& check) {
  if (std::filesystem::exists(folder_ / family / (name + ".json"))) walk_one(family, name, check);
}

void Collection::walk_one(const std::string& family, const std::string& name, const std::function<void(Case&)>& check) {
  is_all_good_ &= walk(folder_, family, name, out_of_scope_, [&](Case& a_case) {
    a_case.other_opinions = other_opinions_;
    check(a_case);
  });
}

void Collection::file_if_there(const std::string& name, const std::function<void(Case&)>& check) {
  file_of_another(family_, name, check);
}

int run(const std::string& family, const std::vector<OutOfScope>& out_of_scope,
        const std::vector<std::string_view>& other_opinions, const std::function<void(Collection&)>& check_all) {
  try {
    const auto data = folder();
    if (!data || !std::filesystem::is_directory(*data / family)) {
      std::puts("SKIPPED: no vectors: BUSBAR_VECTORS is not set, and there is no folder of them beside the source tree");
      return 0;
    }
    Collection collection{*data, family, out_of_scope, other_opinions};
    check_all(collection);
    return collection.is_all_good() ? 0 : 1;
  } catch (const std::exception& error) {
    std::printf("%s_vectors: %s\n", family.c_str(), error.what());
    return 1;
  }
}

std::vector<Spoiled> spoil(std::string_view text, const std::vector<std::string_view>& members) {
  json::value original = json::parse(json::string_view{text.data(), text.size()});
  std::size_t places = 0;
  each_member(original, members, [&](std::string_view, json::value&) { ++places; });
  std::vector<Spoiled> copies;
  for (std::size_t place = 0; place < places; ++place) {
    json::value copy = original;
    std::size_t seen = 0;
    std::string member;
    each_member(copy, members, [&](std::string_view name, json::value& value) {
      if (seen++ != place) return;
      member = name;
      value = 1;
    });
    copies.push_back({.member = std::move(member), .text = json::serialize(copy)});
  }
  return copies;
}

std::vector<Spoiled> spoil_rows(std::string_view text, const std::vector<Place>& places) {
  json::value original = json::parse(json::string_view{text.data(), text.size()});
  std::size_t rows = 0;
  each_first_row(original, {}, [&](std::string_view, json::array&) { ++rows; });
  std::vector<Spoiled> copies;
  for (std::size_t row = 0; row < rows; ++row) {
    for (const Place& place : places) {
      json::value copy = original;
      std::size_t seen = 0;
      std::string member;
      each_first_row(copy, {}, [&](std::string_view name, json::array& values) {
        if (seen++ != row || place.at >= values.size() || !values[place.at].is_string()) return;
        member = place.name.empty() ? name : place.name;
        values[place.at] = 1;
      });
      if (!member.empty()) copies.push_back({.member = std::move(member), .text = json::serialize(copy)});
    }
  }
  return copies;
}

}  // namespace busbar::vectors
