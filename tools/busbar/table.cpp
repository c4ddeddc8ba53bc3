#include "tools/busbar/table.hpp"

#include <algorithm>

namespace busbar::tool {

namespace {

// Characters as a terminal shows them, near enough: UTF-8 continuation bytes take no room.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(width_of(column.title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < columns_.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  const auto put = [&](std::size_t i, std::string_view cell) {
    const std::size_t padding = widths[i] - width_of(cell);
    if (i > 0) out += "  ";
    if (columns_[i].is_number) out.append(padding, ' ');
    out += cell;
    if (!columns_[i].is_number && i + 1 < columns_.size()) out.append(padding, ' ');
  };
  const auto end_line = [&] {
    while (!out.empty() && out.back() == ' ') out.pop_back();
    out += '\n';
  };
  for (std::size_t i = 0; i < columns_.size(); ++i) put(i, columns_[i].title);
  end_line();
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < columns_.size(); ++i) put(i, row[i]);
    end_line();
  }
  return out;
}

}  // namespace busbar::tool
