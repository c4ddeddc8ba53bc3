// Writes the recorded payloads of a broker's vectors as seeds: each text under the letter of every decoder that takes it.
// Where there are no vectors it writes none, and the fuzzer begins from those in the source tree.

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/vectors/vectors.hpp"
#include BUSBAR_DECODERS

namespace {

namespace json = boost::json;

struct Writer {
  std::filesystem::path folder;
  std::size_t seeds = 0;

  void write(std::string_view text) {
    for (const busbar::fuzz::Decoder& decoder : busbar::fuzz::decoders) {
      if (!decoder.takes(text)) continue;
      std::ofstream seed{folder / ("vector" + std::to_string(seeds++)), std::ios::binary};
      seed.put(decoder.letter).write(text.data(), static_cast<std::streamsize>(text.size()));
      if (!seed) throw std::runtime_error{folder.string() + ": cannot be written"};
    }
  }

  // Payloads are texts, at whatever depth of what is given.
  void write_texts(const json::value& value) {
    if (const json::string* text = value.if_string()) {
      write({text->data(), text->size()});
    } else if (const json::array* array = value.if_array()) {
      for (const json::value& element : *array) write_texts(element);
    } else if (const json::object* object = value.if_object()) {
      for (const auto& member : *object) write_texts(member.value());
    }
  }
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::fputs("usage: decode_seeds FOLDER\n", stderr);
    return 2;
  }
  Writer writer{.folder = argv[1]};
  const auto data = busbar::vectors::folder();
  if (!data || !std::filesystem::is_directory(*data / busbar::fuzz::family)) {
    std::puts("no vectors, and so no seeds from them");
    return 0;
  }
  std::filesystem::create_directories(writer.folder);
  for (const auto& file : std::filesystem::directory_iterator{*data / busbar::fuzz::family}) {
    if (file.path().extension() != ".json") continue;
    const json::value document = busbar::vectors::load(file.path());
    for (const json::value& a_case : document.at("cases").as_array()) writer.write_texts(a_case.at("given"));
  }
  std::printf("%zu seeds in %s\n", writer.seeds, writer.folder.c_str());
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "decode_seeds: %s\n", error.what());
  return 1;
}
