#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace finalmile::storage {
class Database;
}  // namespace finalmile::storage

// Full-text search over assets, in indexes of each replica's own.
namespace finalmile::catalog::search {

struct Facet {
  // "kind", "product", …
  std::string field;
  std::string value;

  auto operator<=>(const Facet&) const = default;  // NOLINT(modernize-use-nullptr): there is no null
};

// An asset as it is indexed, in plain texts.
struct Document {
  // "assets/{asset}".
  std::string asset;
  // Grows with every change of the document.
  int64_t version = 0;
  // BCP 47; decides about stems.
  std::string language;
  std::string title;
  // The values of all tags.
  std::string tags;
  std::string summary;
  // domain::ToPlainText of the body and the texts of the details.
  std::string body;
  std::vector<Facet> facets;
};

// A document to index, in place of an earlier version of it, or one to drop.
struct Change {
  // With `removed` only its asset counts.
  Document document;
  bool removed = false;
};

// Documents with at least one of `values` under `field` (as text::Fold compares them), or with none of them.
struct FacetFilter {
  std::string field;
  std::vector<std::string> values;
  bool exclude = false;
};

// Fewer matches than this are few: documents that lack a word join them.
inline constexpr size_t kFew = 10;
// In a query of so many words one may be missing though other documents have all.
inline constexpr size_t kWordsThatMayMiss = 3;

struct Query {
  // As it was typed. All words must occur, in any field. Where fewer than kFew documents have all of three or
  // more words, those that lack one of them are found too; where none has all, those that have most. A
  // document that lacks words scores by the share that it has. The last word may be the beginning of a word
  // (see ParseQuery). No text is wrong: there are no operators.
  std::string text;
  // All must hold.
  std::vector<FacetFilter> filters;
  size_t offset = 0;
  size_t limit = 10;
};

struct Hit {
  std::string asset;
  int64_t version = 0;
  // BM25 (Postings::Find) over the fields, weighted as kFieldWeights says, and more for words in the title
  // (WeighShares); higher is better. Comparable within one answer only.
  double score = 0;
  // MakeSnippet of the body, or of the summary where the body has none of the words.
  std::string snippet;
};

struct FacetCount {
  Facet facet;
  int64_t count = 0;
};

struct Answer {
  // By score, then by name.
  std::vector<Hit> hits;
  // Documents that match.
  int64_t total = 0;
  // No document has all words of the query: those that match have at least half as many as the one that has
  // most.
  bool partial = false;
  // Counts over all that match: by field, then by count, then by value; at most 20 values of each field.
  std::vector<FacetCount> facets;
  // The text with words that occur nowhere replaced by the nearest ones that do (Vocabulary::Nearest); empty:
  // none needed it, or nothing is near.
  std::string corrected;
};

// The index is in memory (Postings, names, facets, the vocabulary) and kept in a database of its own (an
// SQLite file that nobody else writes), from which it is read again at a restart; there are the texts too,
// compressed, for snippets. Documents are analysed by Analyzer. Thread-safe: searches run beside each other
// and beside one Apply, but for the moment in which it changes the memory.
class Index {
 public:
  // Makes what is absent, and empties an index that another analyzer built. `database` must outlive the
  // index.
  static absl::StatusOr<std::unique_ptr<Index>> Open(storage::Database& database, absl::Duration deadline);
  virtual ~Index() = default;

  // Applies the changes in order, all or none. A document not newer than the one indexed is passed over.
  // Later searches see them. INVALID_ARGUMENT for a document without asset, or with U+0000 in asset or
  // language.
  virtual absl::Status Apply(std::span<const Change> changes, absl::Duration deadline) = 0;

  // DEADLINE_EXCEEDED when it is not answered by `deadline` (steady).
  virtual absl::StatusOr<Answer> Search(const Query& query, absl::Duration deadline) const = 0;

  // Whether a document has the term, as Term::indexed.
  virtual bool HasTerm(const std::string& term) const = 0;

  // The version of an asset's document; 0: it is not indexed.
  virtual int64_t VersionOf(std::string_view asset) const = 0;
  virtual size_t size() const = 0;
};

}  // namespace finalmile::catalog::search
