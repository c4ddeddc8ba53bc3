#include "bus/command_line.hpp"

#include <type_traits>

#include <CLI/CLI.hpp>

namespace busbar {
namespace {

template <class T>
bool is_default_worth_showing(const T& value) {
  if constexpr (std::is_arithmetic_v<T>) {
    return value != T{};
  } else if constexpr (std::is_same_v<T, std::string>) {
    return !value.empty();
  } else {
    return false;
  }
}

}  // namespace

Argument Argument::required() { return option_->required(), *this; }
Argument Argument::one_of(std::vector<std::string> words) {
  return option_->transform(CLI::IsMember(std::move(words), CLI::ignore_case)), *this;
}
Argument Argument::existing_file() { return option_->check(CLI::ExistingFile), *this; }
Argument Argument::within(std::int64_t least, std::int64_t most) { return option_->check(CLI::Range(least, most)), *this; }
Argument Argument::excludes(const std::string& other) { return option_->excludes(command_->get_option(other)), *this; }
Argument Argument::needs(const std::string& other) { return option_->needs(command_->get_option(other)), *this; }
Argument Argument::from_environment(const std::string& variable) { return option_->envname(variable), *this; }

Subcommand Subcommand::subcommand(const std::string& name, const std::string& help) const {
  return Subcommand{app_->add_subcommand(name, help)};
}

template <class T>
Argument Subcommand::option(const std::string& name, T& value, const std::string& help) const {
  CLI::Option* option = app_->add_option(name, value, help);
  if (is_default_worth_showing(value)) option->capture_default_str();
  // --limit "$price" of a script without a price must not become an order without a limit.
  if (name.starts_with('-')) option->check([](const std::string& text) { return std::string{text.empty() ? "is empty" : ""}; });
  return {app_, option};
}
template Argument Subcommand::option(const std::string&, std::string&, const std::string&) const;
template Argument Subcommand::option(const std::string&, std::uint16_t&, const std::string&) const;
template Argument Subcommand::option(const std::string&, std::uint32_t&, const std::string&) const;
template Argument Subcommand::option(const std::string&, std::uint64_t&, const std::string&) const;
template Argument Subcommand::option(const std::string&, double&, const std::string&) const;
template Argument Subcommand::option(const std::string&, std::optional<std::uint16_t>&, const std::string&) const;
template Argument Subcommand::option(const std::string&, std::optional<std::int64_t>&, const std::string&) const;
template Argument Subcommand::option(const std::string&, std::vector<std::string>&, const std::string&) const;

Argument Subcommand::flag(const std::string& name, bool& value, const std::string& help) const {
  return {app_, app_->add_flag(name, value, help)};
}
void Subcommand::run(std::function<void()> when_named) const { app_->callback(std::move(when_named)); }
void Subcommand::require_subcommands(int least, int most) const {
  app_->require_subcommand(static_cast<std::size_t>(least), static_cast<std::size_t>(most));
}
void Subcommand::fallthrough() const { app_->fallthrough(); }
void Subcommand::footer(const std::string& text) const { app_->footer(text); }
bool Subcommand::is_named() const { return app_->parsed(); }
bool Subcommand::has_named_subcommand() const { return !app_->get_subcommands().empty(); }

CommandLine::CommandLine(const std::string& program, const std::string& purpose)
    : Subcommand{nullptr}, root_{std::make_unique<CLI::App>(purpose, program)} {
  app_ = root_.get();
  app_->set_version_flag("--version", program + " " BUSBAR_VERSION);
}

CommandLine::~CommandLine() = default;

std::optional<int> CommandLine::parse(int argc, char** argv, int wrong) {
  try {
    root_->parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    return root_->exit(error) == 0 ? 0 : wrong;
  }
}

namespace {

// "busbar journal" => "show tail ... --json", for each command that there is.
void add_cases(const CLI::App& command, const std::string& path, const std::string& inherited, std::string& paths,
               std::string& words) {
  std::string options = inherited;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) options += " --" + name;
  }
  std::string all;
  for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; })) {
    if (below->get_name().empty()) continue;
    all += " " + below->get_name();
    paths += "|\"" + path + " " + below->get_name() + "\"";
    add_cases(*below, path + " " + below->get_name(), command.get_fallthrough() ? options : inherited, paths, words);
  }
  words += "    \"" + path + "\") words=\"" + all.substr(all.empty() ? 0 : 1) + options + "\" ;;\n";
}

}  // namespace

std::string CommandLine::bash_completion() const {
  const std::string program = root_->get_name();
  std::string paths;
  std::string words;
  add_cases(*root_, program, "", paths, words);
  return "_" + program + "() {\n  local word words path=\"" + program +
         "\"\n  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    case \"$path $word\" in\n      " +
         paths.substr(1) + ") path=\"$path $word\" ;;\n    esac\n  done\n  case \"$path\" in\n" + words +
         "  esac\n  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n}\ncomplete -o "
         "default -F _" +
         program + " " + program + "\n";
}

Argument add_config_option(const Subcommand& command, std::string& file) {
  if (file.empty()) file = "/etc/busbar/busbar.toml";
  return command.option("--config", file, "the configuration file");
}

}  // namespace busbar
