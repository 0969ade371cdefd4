#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace finalmile::cli {

enum class Align { kLeft, kRight };

struct Column {
  std::string_view header;
  Align align = Align::kLeft;
  // Cut off with "…" where the table is wider than the terminal.
  bool shrinks = false;
};

struct TableStyle {
  // The table is fitted to so many columns; 0: as wide as it wants.
  size_t width = 0;
  // Bold headers (ANSI).
  bool colour = false;
};

// Rows of text in aligned columns, two spaces apart, without trailing spaces. Cells are made Printable.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // `cells` has one cell for each column.
  void Add(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }

  // Header and rows, each with its line end.
  std::string Format(const TableStyle& style) const;

 private:
  std::vector<size_t> Widths(size_t limit) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace finalmile::cli
