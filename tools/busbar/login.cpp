// busbar login ACCOUNT: a person allows Busbar to trade, at the broker's own page, until busbar logout. The account's gateway
// does both, for it alone writes the account's part of the vault: no token and no verifier comes here, and the code that does
// is good for nothing without the verifier.
#include <cstdio>
#include <cstdlib>

#include <boost/asio/co_spawn.hpp>
#include <boost/json/serialize.hpp>
#include <fcntl.h>
#include <spawn.h>

#include "bus/daemon.hpp"
#include "gateways/framework/login/loopback.hpp"
#include "gateways/framework/login/oauth.hpp"
#include "gateways/framework/query.hpp"
#include "tools/busbar/client.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/terminal.hpp"

namespace busbar::tool {

namespace {

using vault::Secret;

constexpr std::chrono::seconds answer_most{20};  // the gateway asks the broker meanwhile
constexpr std::size_t pasted_size_max = 8u << 10;

struct Options {
  std::string account;
  bool headless = false;
  bool renew = false;
  std::uint32_t wait_s = 600;
};

// Where there is a screen. What another user sees of its command line is an address that ends no login but this one.
void open_browser(const std::string& url) {
  const char* browser = std::getenv("BROWSER");
  const bool has_screen = std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr;
  if (browser == nullptr && !has_screen) return;
  std::string program = browser != nullptr ? browser : "xdg-open";
  std::string address = url;
  char* const command[] = {program.data(), address.data(), nullptr};
  posix_spawn_file_actions_t quiet;
  ::posix_spawn_file_actions_init(&quiet);
  for (const int file : {0, 1, 2}) ::posix_spawn_file_actions_addopen(&quiet, file, "/dev/null", O_RDWR, 0);
  pid_t child = 0;
  ::posix_spawnp(&child, program.c_str(), &quiet, nullptr, command, environ);  // or the address is opened by hand
  ::posix_spawn_file_actions_destroy(&quiet);
}

void show(const Tool& tool, const Options& options, const std::string& url) {
  if (tool.json) {
    std::puts(json::serialize(json::object{{"url", url}}).c_str());
  } else if (options.headless) {
    std::printf("Open this address in a browser on any machine:\n\n%s\n\nIt ends at a page of 127.0.0.1 that is not there. "
                "Paste that page's address here, or the code in it.\n", url.c_str());
  } else {
    std::printf("Open this address in a browser on this host; where there is none, --headless.\n\n%s\n\n", url.c_str());
  }
  std::fflush(stdout);
}

std::string callback_of(const std::string& redirect_uri, std::string_view code, const std::string& state) {
  return redirect_uri + "?code=" + gateway::percent_encode(code) + "&state=" + gateway::percent_encode(state);
}

Result<std::string> pasted_callback(const std::string& redirect_uri, const std::string& state) {
  auto pasted = is_typed_at() ? ask("address or code (not shown)", false) : read_piped(pasted_size_max);
  if (!pasted) return pasted.error();
  std::string_view text = pasted->reveal();
  text = text.substr(0, text.find_last_not_of(" \r\n") + 1);
  if (text.find("://") != std::string_view::npos) return std::string{text};
  return callback_of(redirect_uri, text, state);
}

Result<std::string> browsers_callback(boost::asio::io_context& loop, login::Loopback& loopback, const Options& options,
                                      const std::string& redirect_uri, const std::string& state) {
  Result<Secret> code = Error{};
  boost::asio::co_spawn(loop, loopback.wait(Secret{state}, std::chrono::seconds{options.wait_s}),
                        [&](std::exception_ptr error, Result<Secret> outcome) {
                          if (error) std::rethrow_exception(error);
                          code = std::move(outcome);
                          loop.stop();  // connections that said nothing are not waited for
                        });
  loop.run();
  if (!code) return code.error();
  return callback_of(redirect_uri, code->reveal(), state);
}

// With the question for the address as `query`.
Exit by_browser(Client& client, const Tool& tool, const Options& options, Query query) {
  boost::asio::io_context loop{1};
  std::optional<login::Loopback> loopback{std::in_place, loop, std::string{login::callback_path}};
  const std::string redirect_uri = loopback->address();
  if (options.headless) loopback.reset();
  query.url = redirect_uri;
  const Asked begun = ask_all(client, query);
  if (!begun.answer) return begun.exit;
  const std::string& url = begun.answer->url;
  std::string state = login::parameter_of(url, "state");
  if (state.empty()) state = login::parameter_of(url, "oauth_token");  // OAuth 1.0a
  show(tool, options, url);
  if (!options.headless) open_browser(url);
  auto callback = options.headless ? pasted_callback(redirect_uri, state)
                                   : browsers_callback(loop, *loopback, options, redirect_uri, state);
  if (!callback) return fail(Exit::No, callback.error().text);
  query.kind = QueryKind::HandleCallback;
  query.url = *std::move(callback);
  const Asked ended = ask_all(client, query);
  return ended.exit == Exit::Unreachable ? Exit::Unknown : ended.exit;
}

Exit change_login(Tool& tool, const Options& options, QueryKind kind, const std::string& done) {
  keep_memory_private();
  tool.load();
  tool.timeout = std::max<std::chrono::milliseconds>(tool.timeout, answer_most);
  Client client{tool};
  Query query;
  query.account = tool.account_or_only(options.account);
  query.kind = kind;
  const bool is_new = kind == QueryKind::AuthUrl;
  const Exit exit = is_new ? by_browser(client, tool, options, query) : ask_all(client, query).exit;
  if (exit != Exit::Ok) return exit;
  const std::string name{view(query.account)};
  std::puts(tool.json ? json::serialize(json::object{{"account", name}, {"done", done}}).c_str()
                      : (name + ": " + done).c_str());
  return Exit::Ok;
}

Exit log_in(Tool& tool, const Options& options) {
  return options.renew ? change_login(tool, options, QueryKind::RefreshToken, "renewed")
                       : change_login(tool, options, QueryKind::AuthUrl, "logged in");
}

Exit log_out(Tool& tool, const Options& options) {
  return change_login(tool, options, QueryKind::RevokeToken, "logged out");
}

}  // namespace

void add_login(const Subcommand& app, Tool& tool) {
  auto options = std::make_shared<Options>();
  const Subcommand command = app.subcommand("login", "Log an account in at its broker, by a browser");
  command.footer("The broker asks a person, whose browser comes back to a page of this command on 127.0.0.1. The account's\n"
                 "credentials are an entry of the vault with client_id and client_secret; its gateway has to run.");
  command.option("ACCOUNT", options->account, "Whose login; needed when there are several accounts");
  command.flag("--headless", options->headless, "No browser here: paste where another one ended");
  command.flag("--renew", options->renew, "Fetch new tokens for the login there is").excludes("--headless");
  command.option("--wait", options->wait_s, "Seconds that the browser may take, 600 at most").within(1, 600);
  command.run([options, &tool] { tool.action = [options, &tool] { return log_in(tool, *options); }; });
  const Subcommand out = app.subcommand("logout", "End an account's login: its broker takes the tokens back");
  out.footer("What rests at the broker stays there and can no longer be cancelled from here: busbar cancel-all goes before.");
  out.option("ACCOUNT", options->account, "Whose login; needed when there are several accounts");
  out.run([options, &tool] { tool.action = [options, &tool] { return log_out(tool, *options); }; });
}

}  // namespace busbar::tool
