#include "tools/busbar/terminal.hpp"

#include <cerrno>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <openssl/ui.h>
#include <unistd.h>

namespace busbar::tool {

namespace {

constexpr int typed_size_max = 4000;  // a terminal gives 4095 bytes of a line

bool has_terminal() {
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal >= 0) ::close(terminal);
  return terminal >= 0 || is_typed_at();
}

Error refuse(std::string text) { return {ErrorCode::InvalidMessage, std::move(text)}; }

}  // namespace

bool is_typed_at() { return ::isatty(STDIN_FILENO) == 1; }

Result<vault::Secret> ask(const std::string& prompt, bool is_new) {
  if (!has_terminal()) return refuse(prompt + ": there is no terminal to type it at");
  struct Free {
    void operator()(UI* ui) const { UI_free(ui); }
  };
  const std::unique_ptr<UI, Free> ui{UI_new_method(UI_OpenSSL())};
  auto typed = vault::Secret::of_size(typed_size_max + 1);
  auto again = vault::Secret::of_size(typed_size_max + 1);
  const auto text = [](vault::Secret& secret) { return reinterpret_cast<char*>(secret.bytes().data()); };
  const std::string first = prompt + ": ";
  const std::string second = prompt + ", again: ";
  if (!ui || UI_add_input_string(ui.get(), first.c_str(), 0, text(typed), 0, typed_size_max) < 0 ||
      (is_new && UI_add_verify_string(ui.get(), second.c_str(), 0, text(again), 0, typed_size_max, text(typed)) < 0)) {
    return refuse(prompt + ": the terminal cannot be had");
  }
  if (UI_process(ui.get()) != 0) {
    return refuse(prompt + (is_new ? ": not typed, or not the same twice" : ": not typed"));
  }
  typed.shorten(std::strlen(text(typed)));
  return typed;
}

Result<vault::Secret> read_piped(std::size_t size_max) {
  auto piped = vault::Secret::of_size(size_max + 1);
  std::size_t size = 0;
  while (size < piped.bytes().size()) {
    const ssize_t got = ::read(STDIN_FILENO, piped.bytes().data() + size, piped.bytes().size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refuse(std::string{"standard input: "} + std::strerror(errno));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > size_max) return refuse("standard input: more than " + std::to_string(size_max) + " bytes");
  if (size == 0) return refuse("standard input: nothing was piped in");
  piped.shorten(size);
  return piped;
}

}  // namespace busbar::tool
