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
  // Where it occurs, for phrases: ascending, place × kFields + field. Forms of one word have one place.
  std::vector<uint32_t> places;
};

struct DocumentTerms {
  // How many words it has, repetitions counted.
  uint32_t length = 0;
  std::map<std::string, Occurrences, std::less<>> terms;
};

// As bytes, for keeping. DATA_LOSS: no such bytes.
std::string Encode(const DocumentTerms& document);
absl::StatusOr<DocumentTerms> DecodeTerms(std::string_view bytes);

// One word of a query. A document meets it that has one of the terms, or one of the phrases (its terms side
// by side), or a term that begins so. A phrase has at least one term.
struct Clause {
  std::vector<std::string> terms;
  std::vector<std::vector<std::string>> phrases;
  // Empty: none.
  std::string beginning;
};

// A matching document.
struct Scored {
  uint32_t document = 0;
  double score = 0;
  // How many clauses it meets, and how many of these in its title.
  uint32_t clauses = 1;
  uint32_t in_title = 0;
};

// The documents that meet all clauses, or any, in order of the document; their scores for the clauses are
// added up.
std::vector<Scored> MeetAll(std::span<const std::vector<Scored>> clauses);
std::vector<Scored> MeetAny(std::span<const std::vector<Scored>> clauses);
// Keeps those that meet at least half as many clauses as the one that meets most.
void KeepMost(std::vector<Scored>& found);
// Keeps those that meet at least `least` clauses.
void KeepMeeting(size_t least, std::vector<Scored>& found);
// Multiplies each score by the share of `clauses` that the document meets (the coordination factor of
// Lucene's classic similarity), and by 1 + the share that it meets in its title: weights alone do not tell a
// page about something from one that names it often, because BM25 saturates.
void WeighShares(size_t clauses, std::vector<Scored>& found);

// Which documents have which terms: an inverted index in memory, of two or three bytes for each term of each
// document and one or two for each place. Documents are numbers, from 0 in the order in which they came. Not
// thread-safe; const members may run beside each other.
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
  // The documents that meet the clause, in order. The score is that of the best of its terms and phrases, as
  // BM25 (k1 1.2, b 0.75; Robertson, Zaragoza 2009, doi:10.1561/1500000019) with weights for frequencies, and
  // rarity as Lucene has it, which is above 0 however many have the term. Of a title the first kTitleWords
  // count as such. Takes time linear in the documents that have one of the terms, some nanoseconds for each.
  std::vector<Scored> Find(const Clause& clause) const;
  static constexpr uint32_t kTitleWords = 32;

 private:
  // The list of one term: documents in order, as differences; weights; places.
  struct List {
    std::string bytes;
    uint32_t last = 0;
    // Documents that are present.
    uint32_t count = 0;
  };
  class Reader;

  std::vector<Scored> FindTerm(const List& list) const;
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
