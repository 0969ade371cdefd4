#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"

namespace finalmile::catalog::search {

// The words of the indexed documents, with the number of documents each occurs in. Not thread-safe.
class Vocabulary {
 public:
  // `documents` may be negative; a word that occurs in none is forgotten.
  void Add(std::string_view word, int64_t documents);
  bool Contains(std::string_view word) const { return words_.contains(word); }
  bool ContainsPrefix(std::string_view prefix) const;
  size_t size() const { return words_.size(); }

  // The word nearest to one that occurs nowhere, within the forgiven edits; of equally near ones that of most
  // documents, then the first by spelling. Empty: there is none. Words with digits are never corrected: a
  // number that occurs nowhere is no slip. Nor is the first letter, unless it was swapped with the second:
  // "high" is not "sigh". Linear in the words of similar length.
  std::string Nearest(std::string_view word) const;

  // Up to `most` words that begin with `prefix`, those of most documents first.
  std::vector<std::string> WithPrefix(std::string_view prefix, size_t most) const;

 private:
  absl::btree_map<std::string, int64_t, std::less<>> words_;
};

}  // namespace finalmile::catalog::search
