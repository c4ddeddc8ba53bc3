// Preloaded, it makes a program that never asks for a locale run in that of its environment, as if some library had asked.
#include <clocale>
#include <locale>
#include <stdexcept>

namespace {

[[gnu::constructor]] void take_the_environments_locale() {
  try {
    std::locale::global(std::locale{""});  // the C library's as well
  } catch (const std::runtime_error&) {
    std::setlocale(LC_ALL, "");
  }
}

}  // namespace
