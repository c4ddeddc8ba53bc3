#pragma once
// What stands on a command line, and how it is read. CLI11 does the work, in command_line.cpp alone: every file that sees its
// header takes eight seconds longer to compile.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace busbar {

// One option or positional argument, to say more about it.
class Argument {
 public:
  Argument required();
  Argument one_of(std::vector<std::string> words);  // spelled in whatever case; the value is the word as it stands here
  Argument existing_file();
  Argument within(std::int64_t least, std::int64_t most);
  Argument excludes(const std::string& other);
  Argument needs(const std::string& other);
  Argument from_environment(const std::string& variable);

 private:
  friend class Subcommand;
  Argument(CLI::App* command, CLI::Option* option) : command_{command}, option_{option} {}
  CLI::App* command_;
  CLI::Option* option_;
};

// A subcommand, or the program itself: a handle that may be copied, valid as long as its CommandLine.
class Subcommand {
 public:
  Subcommand subcommand(const std::string& name, const std::string& help) const;
  // "--name", "-n,--name", or "NAME" for what is told by its place. `value` is set when it is named, and stands in the help
  // as the default when it is not empty. Whoever names an option says something: an empty text is refused. T: std::string, an
  // integer, double, an optional or a vector of these as needed.
  template <class T>
  Argument option(const std::string& name, T& value, const std::string& help) const;
  Argument flag(const std::string& name, bool& value, const std::string& help) const;
  void run(std::function<void()> when_named) const;
  void require_subcommands(int least, int most) const;
  void fallthrough() const;  // options of the command above may stand behind this one's
  void footer(const std::string& text) const;
  bool is_named() const;
  bool has_named_subcommand() const;

 protected:
  explicit Subcommand(CLI::App* app) : app_{app} {}
  CLI::App* app_;
};

// The whole of it. --help and --version are there.
class CommandLine : public Subcommand {
 public:
  CommandLine(const std::string& program, const std::string& purpose);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // How the process ends at once: 0 after --help and --version, or `wrong` after an error, which has been printed.
  std::optional<int> parse(int argc, char** argv, int wrong = 1);
  // A bash function that completes its subcommands and options, for eval.
  std::string bash_completion() const;

 private:
  std::unique_ptr<CLI::App> root_;
};

// --config of a daemon.
Argument add_config_option(const Subcommand& command, std::string& file);

}  // namespace busbar
