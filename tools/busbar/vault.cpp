// busbar vault: the credentials of accounts, set, listed and rotated. What is in the vault is never shown.
#include <cstdio>

#include <boost/json/serialize.hpp>

#include "bus/clock.hpp"
#include "bus/daemon.hpp"
#include "bus/folder.hpp"
#include "gateways/framework/credentials.hpp"
#include "gateways/framework/vault/private_file.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/table.hpp"
#include "tools/busbar/terminal.hpp"
#include "tools/busbar/tool.hpp"

namespace busbar::tool {

namespace {

using vault::Secret;
using vault::Store;
using vault::Vault;

struct Options {
  bool accept_older = false;
  std::string name;
  std::vector<std::string> names;
  std::string file;
  bool master = false;
};

Store store_of(const Tool& tool, const Options& options) {
  keep_memory_private();
  ConfigTable root = ConfigFile::load(tool.config_file);
  Store store{vault::vault_config(root), ask};
  if (options.accept_older) store.accept_older();
  return store;
}

Exit told(const Result<void>& result) { return result ? Exit::Ok : fail(Exit::No, to_line(result.error().text)); }

// Of a file for recovery: its own, never the vault's.
Result<vault::Master> recovery_passphrase(const std::string& file, bool is_new) {
  auto passphrase = is_typed_at() ? ask("passphrase of " + file, is_new) : read_piped(1024);
  if (!passphrase) return passphrase.error();
  passphrase->shorten(std::min(passphrase->reveal().find_last_not_of("\r\n") + 1, passphrase->bytes().size()));
  return vault::Master{vault::Derivation::Passphrase, std::move(*passphrase)};
}

Result<void> fill_from(const std::string& file, Vault& vault) {
  const auto refuse = [&](const Error& error) { return Error{error.code, file + ": " + error.text}; };
  const auto bytes = vault::read_private_file(file, vault::file_size_max, vault::Owner::UsOrRoot);
  if (!bytes) return bytes.error();
  if (const auto contents = vault::parse(bytes->bytes()); !contents) return refuse(contents.error());
  const auto master = recovery_passphrase(file, false);
  if (!master) return master.error();
  const auto recovery = Vault::open(bytes->bytes(), *master);
  if (!recovery) return refuse(recovery.error());
  for (const vault::EntryInfo& entry : recovery->list()) {
    const auto secret = recovery->get(entry.name);
    if (!secret) return refuse(secret.error());
    if (auto done = vault.set(entry.name, *secret, entry.set_at); !done) return done;
  }
  return {};
}

Exit init(const Tool& tool, const Options& options) {
  return told(store_of(tool, options).create([&](Vault& vault) -> Result<void> {
    return options.file.empty() ? Result<void>{} : fill_from(options.file, vault);
  }));
}

// What parse_credentials() reads, typed field by field.
Result<Secret> type_credentials(const std::string& name) {
  std::string_view newline = "";
  Secret text;
  for (const std::string field : {"api_key", "secret", "passphrase"}) {
    const bool may_be_empty = field == "passphrase";
    const auto typed = ask(name + ": " + field + (may_be_empty ? " (none: Enter)" : ""), false);
    if (!typed) return typed;
    if (typed->is_empty() && may_be_empty) continue;
    auto longer = Secret::of_size(text.bytes().size() + newline.size() + field.size() + 3 + typed->bytes().size());
    auto end = longer.bytes().begin();
    using Parts = std::initializer_list<std::string_view>;
    for (const std::string_view part : Parts{text.reveal(), newline, field, " = ", typed->reveal()}) {
      end = std::copy(part.begin(), part.end(), end);
    }
    text = std::move(longer);
    newline = "\n";
  }
  return text;
}

Exit set(const Tool& tool, const Options& options) {
  const Store place = store_of(tool, options);  // a wrong configuration is said before anything is typed
  auto secret = is_typed_at() ? type_credentials(options.name) : read_piped(vault::secret_size_max);
  if (!secret) return fail(Exit::No, secret.error().text);
  if (const auto credentials = gateway::parse_credentials(secret->reveal(), {}); !credentials) {
    return fail(Exit::No, "the credentials of \"" + to_words(options.name) + "\": " + credentials.error().text);
  }
  Store store = place;
  return told(store.change([&](Vault& vault) { return vault.set(options.name, *secret, wall_now_ns()); }));
}

Exit list(const Tool& tool, const Options& options) {
  const auto vault = store_of(tool, options).read();
  if (!vault) return fail(Exit::No, to_line(vault.error().text));
  Table table{{{"NAME"}, {"VERSION", true}, {"SET"}, {"SEALED"}}};
  for (const vault::EntryInfo& entry : vault->list()) {
    const std::string set_at = time_text(entry.set_at);
    const std::string sealed_at = time_text(entry.sealed_at);
    if (tool.json) {
      std::puts(json::serialize(json::object{{"name", entry.name}, {"version", std::to_string(entry.version)},
                                             {"set", set_at}, {"sealed", sealed_at}}).c_str());
    }
    table.add({entry.name, std::to_string(entry.version), set_at, sealed_at});
  }
  if (!tool.json) std::fputs(table.text().c_str(), stdout);
  return Exit::Ok;
}

Exit remove(const Tool& tool, const Options& options) {
  return told(store_of(tool, options).change([&](Vault& vault) -> Result<void> {
    if (vault.remove(options.name)) return {};
    return Error{ErrorCode::InvalidMessage, "there is no entry \"" + to_words(options.name) + "\""};
  }));
}

Exit rotate(const Tool& tool, const Options& options) {
  Store store = store_of(tool, options);
  if (options.master) return told(store.change_master());
  return told(store.change([&](Vault& vault) -> Result<void> {
    if (options.names.empty()) return vault.rotate_all(wall_now_ns());
    for (const std::string& name : options.names) {
      if (auto done = vault.rotate(name, wall_now_ns()); !done) return done;
    }
    return {};
  }));
}

Exit export_for_recovery(const Tool& tool, const Options& options) {
  auto vault = store_of(tool, options).read();
  if (!vault) return fail(Exit::No, to_line(vault.error().text));
  if (std::filesystem::exists(options.file)) return fail(Exit::No, options.file + ": is there already");
  auto master = recovery_passphrase(options.file, true);
  if (!master) return fail(Exit::No, master.error().text);
  if (const auto done = vault->change_master(std::move(*master)); !done) return told(done);
  const auto file = vault->write(wall_now_ns());
  if (!file) return fail(Exit::No, file.error().text);
  const auto error = replace_file(std::filesystem::absolute(options.file), *file, 0400);
  return error ? fail(Exit::No, options.file + ": " + error.message()) : Exit::Ok;
}

}  // namespace

void add_vault(const Subcommand& app, Tool& tool) {
  const Subcommand vault =
      app.subcommand("vault", "Credentials of accounts, encrypted in one file: [vault] of the configuration");
  vault.footer("Secrets are typed, unseen, or piped in: busbar vault set main < main.cred. An account takes them by\n"
               "credentials = \"vault:main\".");
  auto options = std::make_shared<Options>();
  vault.flag("--accept-older", options->accept_older, "Take a vault that is older than the newest there has been");
  vault.require_subcommands(1, 1);
  vault.fallthrough();
  const auto command = [&](const char* name, const char* help, Exit (*what)(const Tool&, const Options&)) {
    const Subcommand made = vault.subcommand(name, help);
    made.run([options, what, &tool] { tool.action = [options, what, &tool] { return what(tool, *options); }; });
    return made;
  };
  command("init", "Make an empty vault, and its key file where the configuration names one that is not there", init)
      .option("--from-recovery", options->file, "Fill it from a file of export-for-recovery")
      .existing_file();
  command("set", "Put in the credentials of an account, or others in their place", set)
      .option("NAME", options->name, "The entry")
      .required();
  command("list", "Names, versions and times; no secrets", list);
  command("rm", "Take an entry out", remove).option("NAME", options->name, "The entry").required();
  const Subcommand rotating = command(
      "rotate", "Other keys: a data key for each entry, and what wraps them; with --master, the master key", rotate);
  rotating.option("NAME", options->names, "These entries alone");
  rotating.flag("--master", options->master, "Another master key: key file, credential NAME.new, or passphrase")
      .excludes("NAME");
  command("export-for-recovery", "Write all entries to a file that a passphrase opens, for init --from-recovery",
          export_for_recovery)
      .option("FILE", options->file, "The file, not yet there")
      .required();
}

}  // namespace busbar::tool
