#include "bus/config.hpp"

#include <fstream>
#include <iterator>
#include <map>
#include <set>

// toml++ 3.3 asserts of any file what it then tests and refuses in words; without the assertions the words are heard.
#define TOML_ASSERT(condition) static_cast<void>(0)
// And what it believes never to happen does: any é that stands where a space might be.
#include <toml++/impl/forward_declarations.h>
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE return false
#include <toml++/impl/unicode.h>
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE __builtin_unreachable()
#include <toml++/toml.h>

#include "bus/text.hpp"

namespace busbar {

struct ConfigTable::Node {
  std::string file;
  std::string path;  // "gateways.binance", empty for the root
  std::shared_ptr<const toml::table> whole;  // of the file: a copy of a part would not know its lines any more
  const toml::table* values = nullptr;
  std::set<std::string, std::less<>> asked;
  std::map<std::string, std::shared_ptr<Node>, std::less<>> tables;

  std::string place(std::string_view key) const {
    const auto* node = values->get(key);
    const auto line = node != nullptr ? node->source().begin.line : values->source().begin.line;
    return file + ":" + std::to_string(line == 0 ? 1 : line) + ": " + to_words((path.empty() ? "" : path + ".") + std::string{key});
  }

  const toml::node* ask(std::string_view key) {
    asked.emplace(key);
    return values->get(key);
  }

  std::shared_ptr<Node> sub_table(std::string_view key, const toml::table& from) {
    auto node = std::make_shared<Node>();
    node->file = file;
    node->path = path.empty() ? std::string{key} : path + "." + std::string{key};
    node->whole = whole;
    node->values = &from;
    return tables.emplace(key, std::move(node)).first->second;
  }

  void finish_here() const {
    for (const auto& [key, value] : *values) {
      if (!asked.contains(key.str())) {
        throw ConfigError{place(key.str()) + ": nobody knows this key; is it misspelt?"};
      }
    }
  }

  void finish() const {
    finish_here();
    for (const auto& [key, table] : tables) table->finish();
  }
};

namespace {

std::string found(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "a list";
    case toml::node_type::string: return "the text \"" + to_words(node.value_or(std::string{})) + "\"";
    case toml::node_type::integer: return "the number " + std::to_string(node.value_or(std::int64_t{0}));
    case toml::node_type::floating_point: return "a floating-point number";
    case toml::node_type::boolean: return node.value_or(false) ? "true" : "false";
    default: return "a date or time";
  }
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > Name{}.max_size()) return false;
  for (const char c : text) {
    if (c <= ' ' || c > '~') return false;
  }
  return true;
}

}  // namespace

ConfigTable::ConfigTable(std::shared_ptr<Node> node) : node_{std::move(node)} {}

void ConfigTable::refuse(std::string_view key, std::string_view reason) const {
  throw ConfigError{node_->place(key) + ": " + to_words(reason)};
}

std::string ConfigTable::text(std::string_view key) {
  const auto* node = node_->ask(key);
  if (node == nullptr) refuse(key, "is missing");
  if (!node->is_string()) refuse(key, "a text in quotes is wanted, not " + found(*node));
  return node->value_or(std::string{});
}

std::string ConfigTable::text(std::string_view key, std::string fallback) {
  return node_->ask(key) != nullptr ? text(key) : fallback;
}

std::int64_t ConfigTable::integer(std::string_view key, std::int64_t least, std::int64_t most) {
  const auto* node = node_->ask(key);
  if (node == nullptr) refuse(key, "is missing");
  if (!node->is_integer()) refuse(key, "a whole number is wanted, not " + found(*node));
  const auto value = node->value_or(std::int64_t{0});
  if (value < least) refuse(key, std::to_string(value) + " is too small, at least " + std::to_string(least));
  if (value > most) refuse(key, std::to_string(value) + " is too large, at most " + std::to_string(most));
  return value;
}

std::int64_t ConfigTable::integer(std::string_view key, std::int64_t least, std::int64_t most, std::int64_t fallback) {
  return node_->ask(key) != nullptr ? integer(key, least, most) : fallback;
}

bool ConfigTable::flag(std::string_view key, bool fallback) {
  const auto* node = node_->ask(key);
  if (node == nullptr) return fallback;
  if (!node->is_boolean()) refuse(key, "true or false is wanted, not " + found(*node));
  return node->value_or(false);
}

std::optional<Decimal> ConfigTable::decimal(std::string_view key) {
  const auto* node = node_->ask(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_string()) refuse(key, "a decimal number in quotes is wanted, such as \"0.5\", not " + found(*node));
  const auto value = Decimal::parse(node->value_or(std::string{}));
  if (!value) refuse(key, found(*node) + " is not a decimal number");
  return value;
}

std::vector<std::string> ConfigTable::texts(std::string_view key, std::vector<std::string> fallback) {
  const auto* node = node_->ask(key);
  if (node == nullptr) return fallback;
  const auto* list = node->as_array();
  if (list == nullptr) refuse(key, "a list of texts is wanted, not " + found(*node));
  std::vector<std::string> texts;
  for (const auto& element : *list) {
    if (!element.is_string()) refuse(key, "a list of texts is wanted, and one of them is " + found(element));
    texts.push_back(element.value_or(std::string{}));
  }
  return texts;
}

Name ConfigTable::name(std::string_view key) {
  const std::string value = text(key);
  if (!is_name(value)) {
    refuse(key, "\"" + to_words(value) + "\" is no name: 1 to 32 printable ASCII characters without spaces");
  }
  return Name{value.data(), value.size()};
}

Name ConfigTable::name(std::string_view key, std::string_view fallback) {
  return node_->ask(key) != nullptr ? name(key) : Name{fallback.data(), fallback.size()};
}

bool ConfigTable::has(std::string_view key) const { return node_->values->contains(key); }

ConfigTable ConfigTable::table(std::string_view key) {
  const auto* node = node_->ask(key);
  if (const auto known = node_->tables.find(key); known != node_->tables.end()) return ConfigTable{known->second};
  static const toml::table empty;
  if (node != nullptr && !node->is_table()) refuse(key, "a table is wanted, not " + found(*node));
  return ConfigTable{node_->sub_table(key, node != nullptr ? *node->as_table() : empty)};
}

std::vector<std::pair<Name, ConfigTable>> ConfigTable::tables(std::string_view key) {
  ConfigTable parent = table(key);
  std::vector<std::pair<Name, ConfigTable>> found_tables;
  for (const auto& [name, value] : *parent.node_->values) {
    const std::string_view text = name.str();
    if (text.empty() || text.size() > Name{}.max_size() || !is_words(text) || text.find(' ') != text.npos) {
      parent.refuse(text, "is no name: 1 to 32 bytes of UTF-8 without spaces");
    }
    found_tables.emplace_back(Name{text.data(), text.size()}, parent.table(text));
  }
  return found_tables;
}

void ConfigTable::ignore(std::string_view key) { node_->ask(key); }

void ConfigTable::ignore_others() {
  for (const char* table : {"environment", "log", "bus", "router", "audit", "hub", "clients", "accounts", "symbols", "gateways",
                            "vault", "venue"}) {
    ignore(table);
  }
}

void ConfigTable::finish() const { node_->finish(); }

void ConfigTable::finish_here() const { node_->finish_here(); }

ConfigTable ConfigFile::parse(std::string_view text, std::string_view name) {
  auto node = std::make_shared<ConfigTable::Node>();
  node->file = name;
  try {
    node->whole = std::make_shared<const toml::table>(toml::parse(text, name));
    node->values = node->whole.get();
  } catch (const toml::parse_error& error) {
    throw ConfigError{std::string{name} + ":" + std::to_string(error.source().begin.line) + ": " +
                      to_words(error.description())};
  }
  return ConfigTable{std::move(node)};
}

ConfigTable ConfigFile::load(const std::filesystem::path& file) {
  std::error_code error;
  constexpr std::uintmax_t size_max = 16u << 20;
  const auto size = std::filesystem::file_size(file, error);
  if (error) throw ConfigError{file.string() + ": " + error.message()};
  if (size > size_max) throw ConfigError{file.string() + ": is larger than 16 MiB"};
  std::ifstream in{file, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (!in) throw ConfigError{file.string() + ": cannot be read"};
  return parse(text, file.string());
}

BusConfig bus_config(ConfigTable& root) {
  ConfigTable bus = root.table("bus");
  const std::string directory = bus.text("directory", "/run/busbar");
  if (!directory.starts_with('/')) bus.refuse("directory", "\"" + directory + "\" is not an absolute path");
  const auto endpoint = [&](std::string_view key) {
    const std::string address = bus.text(key, "ipc://" + directory + "/" + std::string{key});
    if (!address.starts_with("ipc://") && !address.starts_with("tcp://")) {
      bus.refuse(key, "\"" + address + "\" is no endpoint: ipc:///path or tcp://host:port");
    }
    return address;
  };
  return {endpoint("orders"),     endpoint("gateways"),   endpoint("reports"),      endpoint("quotes_in"),
          endpoint("quotes_out"), endpoint("audit_core"), endpoint("audit_market"), endpoint("audit_tape")};
}

Environment environment_config(ConfigTable& root) {
  const std::string text = root.text("environment");
  if (text == "live") return Environment::Live;
  if (text == "paper") return Environment::Paper;
  root.refuse("environment", "\"" + text + "\" is neither \"live\" nor \"paper\"");
}

}  // namespace busbar
