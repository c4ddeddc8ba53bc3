#pragma once
// Plain tables for people: columns as wide as their widest cell, numbers to the right, no colours, no lines.

#include <string>
#include <string_view>
#include <vector>

namespace busbar::tool {

struct Column {
  std::string title;
  bool is_number = false;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_{std::move(columns)} {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // Title line and rows; nothing but the title line when there are no rows.
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace busbar::tool
