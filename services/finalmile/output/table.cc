#include "services/finalmile/output/table.h"

#include <algorithm>

#include "services/finalmile/output/text.h"

namespace finalmile::cli {
namespace {

constexpr size_t kGap = 2;
// A column is not cut to fewer columns than this.
constexpr size_t kNarrowest = 8;

void Append(std::string& line, std::string_view cell, size_t width, Align align) {
  const std::string shown = Shorten(cell, std::max<size_t>(width, 1));
  const std::string padding(width - std::min(width, DisplayWidth(shown)), ' ');
  line += align == Align::kRight ? padding + shown : shown + padding;
}

}  // namespace

void Table::Add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = Printable(cell);
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::vector<size_t> Table::Widths(size_t limit) const {
  std::vector<size_t> widths;
  size_t total = 0;
  for (size_t i = 0; i < columns_.size(); ++i) {
    size_t width = DisplayWidth(columns_[i].header);
    for (const auto& row : rows_) width = std::max(width, DisplayWidth(row[i]));
    widths.push_back(width);
    total += width + (i > 0 ? kGap : 0);
  }
  // The widest column that may shrink gives way first.
  while (limit > 0 && total > limit) {
    size_t* widest = nullptr;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const size_t least = std::max(kNarrowest, DisplayWidth(columns_[i].header));
      if (columns_[i].shrinks && widths[i] > least && (widest == nullptr || widths[i] > *widest))
        widest = &widths[i];
    }
    if (widest == nullptr) break;
    --*widest;
    --total;
  }
  return widths;
}

std::string Table::Format(const TableStyle& style) const {
  const std::vector<size_t> widths = Widths(style.width);
  std::string text;
  const auto add_line = [&](const auto& cell_at, bool bold) {
    std::string line;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) line.append(kGap, ' ');
      Append(line, cell_at(i), widths[i], columns_[i].align);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += bold ? "\033[1m" + line + "\033[0m\n" : line + "\n";
  };
  add_line([&](size_t i) { return columns_[i].header; }, style.colour);
  for (const auto& row : rows_) {
    add_line([&](size_t i) { return std::string_view(row[i]); }, false);
  }
  return text;
}

}  // namespace finalmile::cli
