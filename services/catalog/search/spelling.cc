#include "services/catalog/search/spelling.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <utility>

namespace finalmile::catalog::search {
namespace {

// Words are cut to 64 bytes before.
constexpr size_t kMaxLetters = 64;

// The code points of valid UTF-8; at most kMaxLetters.
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

size_t CountLetters(std::string_view word) {
  return static_cast<size_t>(std::count_if(
      word.begin(), word.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Which bytes a word has. One edit changes at most a few of them, so most words are ruled out by a bit count.
uint64_t Signature(std::string_view word) {
  uint64_t bits = 0;
  for (const char c : word) bits |= uint64_t{1} << (static_cast<unsigned char>(c) & 63);
  return bits;
}

bool HasDigit(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

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

void Vocabulary::Add(std::string_view word, int64_t documents) {
  if (documents == 0) return;
  auto found = words_.find(word);
  if (found == words_.end()) {
    if (documents > 0) words_.emplace(word, documents);
    return;
  }
  found->second += documents;
  if (found->second <= 0) words_.erase(found);
}

bool Vocabulary::ContainsPrefix(std::string_view prefix) const {
  const auto found = words_.lower_bound(prefix);
  return found != words_.end() && found->first.starts_with(prefix);
}

std::string Vocabulary::Nearest(std::string_view word) const {
  const std::u32string letters = Letters(word);
  const size_t forgiven = ForgivenEdits(letters.size());
  if (forgiven == 0 || HasDigit(word)) return "";
  const uint64_t signature = Signature(word);
  const bool ascii = word.size() == letters.size();
  std::string_view best;
  size_t best_distance = forgiven + 1;
  int64_t best_documents = 0;
  for (const auto& [candidate, documents] : words_) {
    // An edit moves at most one byte in and one out; of characters of several bytes, more.
    const size_t slack = forgiven * (ascii ? 1 : 4);
    if (candidate.size() + slack < word.size() || candidate.size() > word.size() + forgiven * 4) continue;
    if (ascii && std::popcount(signature & ~Signature(candidate)) > static_cast<int>(forgiven)) continue;
    const size_t count = CountLetters(candidate);
    if (count + forgiven < letters.size() || count > letters.size() + forgiven) continue;
    const size_t distance = EditDistance(letters, Letters(candidate), std::min(forgiven, best_distance));
    if (distance > forgiven || HasDigit(candidate)) continue;
    if (distance < best_distance || (distance == best_distance && documents > best_documents)) {
      best = candidate;
      best_distance = distance;
      best_documents = documents;
    }
  }
  return std::string(best);
}

std::vector<std::string> Vocabulary::WithPrefix(std::string_view prefix, size_t most) const {
  std::vector<std::pair<int64_t, std::string_view>> found;
  for (auto at = words_.lower_bound(prefix); at != words_.end() && at->first.starts_with(prefix); ++at) {
    found.emplace_back(-at->second, at->first);
  }
  const size_t count = std::min(most, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count), found.end());
  std::vector<std::string> words;
  for (size_t i = 0; i < count; ++i) words.emplace_back(found[i].second);
  return words;
}

}  // namespace finalmile::catalog::search
