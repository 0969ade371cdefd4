#include "libs/text/edit_distance.h"

#include <algorithm>
#include <array>
#include <utility>

namespace finalmile::text {

std::u32string Letters(std::string_view word) {
  std::u32string letters;
  for (size_t at = 0; at < word.size() && letters.size() < kMaxLetters;) {
    const auto first = static_cast<unsigned char>(word[at++]);
    char32_t code = first;
    if (first >= 0x80) code = first >= 0xF0 ? first & 0x07 : first >= 0xE0 ? first & 0x0F : first & 0x1F;
    while (at < word.size() && (static_cast<unsigned char>(word[at]) & 0xC0) == 0x80) {
      code = code << 6 | (static_cast<unsigned char>(word[at++]) & 0x3F);
    }
    letters += code;
  }
  return letters;
}

size_t EditDistance(std::u32string_view a, std::u32string_view b, size_t limit) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > limit || b.size() > kMaxLetters) return limit + 1;
  std::array<std::array<size_t, kMaxLetters + 1>, 3> rows;
  for (size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i - 1) % 3];
    row[0] = i;
    size_t least = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], rows[(i - 2) % 3][j - 2] + 1);
      }
      least = std::min(least, row[j]);
    }
    // A swap reaches back two rows, and then one row above is small as well.
    if (least > limit + 1) return limit + 1;
  }
  return std::min(rows[a.size() % 3][b.size()], limit + 1);
}

size_t ForgivenEdits(size_t letters) { return letters >= 8 ? 2 : letters >= 4 ? 1 : 0; }

}  // namespace finalmile::text
