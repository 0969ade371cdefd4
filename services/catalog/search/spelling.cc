#include "services/catalog/search/spelling.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "libs/text/edit_distance.h"

namespace finalmile::catalog::search {
namespace {

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

bool BeginAlike(std::u32string_view a, std::u32string_view b) {
  return a[0] == b[0] || (a.size() > 1 && b.size() > 1 && a[0] == b[1] && a[1] == b[0]);
}

bool HasDigit(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

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
  const std::u32string letters = text::Letters(word);
  const size_t forgiven = text::ForgivenEdits(letters.size());
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
    const std::u32string candidate_letters = text::Letters(candidate);
    if (!BeginAlike(letters, candidate_letters)) continue;
    const size_t distance = text::EditDistance(letters, candidate_letters, std::min(forgiven, best_distance));
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
