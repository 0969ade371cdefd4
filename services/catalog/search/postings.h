#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

namespace finalmile::catalog::search {

// The fields of a document, and what an occurrence counts in each: title, tags, summary, body.
inline constexpr size_t kFields = 4;
inline constexpr uint32_t kFieldWeights[kFields] = {10, 5, 3, 1};

// How one document has one term.
struct Occurrences {
  // The sum of the weights of the fields it occurs in, once for each time.
  uint32_t weight = 0;
  // Where a pair of characters occurs, since those are searched as phrases: ascending, place × kFields +
  // field. Empty for other terms.
  std::vector<uint32_t> places;
};

struct DocumentTerms {
  // How many terms it has, repetitions counted.
  uint32_t length = 0;
  std::map<std::string, Occurrences, std::less<>> terms;
};

// As bytes, for keeping. DATA_LOSS: no such bytes.
std::string Encode(const DocumentTerms& document);
absl::StatusOr<DocumentTerms> DecodeTerms(std::string_view bytes);

// A document meets it that has one of the terms; or all of them, side by side; or one that begins with the
// first.
struct Clause {
  enum class Kind { kAny, kPhrase, kBeginning };
  Kind kind = Kind::kAny;
  std::vector<std::string> terms;
};

// A matching document.
struct Scored {
  uint32_t document = 0;
  double score = 0;
};

// Which documents have which terms: an inverted index in memory, of two or three bytes for each term of each
// document. Documents are numbers, from 0 in the order in which they came. Not thread-safe; const members may
// run beside each other.
class Postings {
 public:
  // Gives the next number.
  uint32_t Add(const DocumentTerms& document);
  // `terms` as they were added.
  void Remove(uint32_t document, const DocumentTerms& terms);
  // The numbers given so far, removed ones included.
  uint32_t size() const { return static_cast<uint32_t>(lengths_.size()); }
  uint32_t removed() const { return size() - present_; }
  // Forgets removed documents: the others move up, in order.
  void Compact();

  // Whether a document has the term.
  bool Has(const std::string& term) const;
  // The documents that have every clause, in order; none where there is no clause. The score is BM25 (k1 1.2,
  // b 0.75; Robertson, Zaragoza 2009, doi:10.1561/1500000019) with weights for frequencies, added up over the
  // terms. Takes time linear in the documents that have one of the terms, some nanoseconds for each.
  std::vector<Scored> Find(std::span<const Clause> clauses) const;

 private:
  // The list of one term: documents in order, as differences; weights; places.
  struct List {
    std::string bytes;
    uint32_t last = 0;
    // Documents that are present.
    uint32_t count = 0;
  };
  class Reader;

  std::vector<Scored> FindOne(const Clause& clause) const;
  std::vector<Scored> FindAny(const std::vector<const List*>& lists) const;
  std::vector<Scored> FindPhrase(std::span<const std::string> terms) const;
  const List* Lookup(const std::string& term) const;
  double Rarity(size_t documents) const;
  double Score(double rarity, uint32_t document, uint32_t weight) const;
  static void Append(uint32_t document, const Occurrences& occurrences, List& list);

  absl::flat_hash_map<std::string, List> lists_;
  // By document; 0: removed.
  std::vector<uint32_t> lengths_;
  uint32_t present_ = 0;
  uint64_t total_length_ = 0;
};

}  // namespace finalmile::catalog::search
