#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/catalog/domain/asset_id.h"

namespace finalmile::catalog::domain {

// A sketch is kept instead of a text. It shows how much of one text another one keeps, without giving the
// text away.
//
// The text is cut into shingles: every three words in a row, folded (case, accents, punctuation and layout do
// not count; in scripts without spaces a character is a word). No shingle spans a merge field, so a template
// and what was made of it share all shingles of the template. A sketch holds the `k` smallest 64-bit hashes
// of the distinct shingles (bottom-k: A. Broder, On the resemblance and containment of documents, SEQUENCES
// 1997; E. Cohen and H. Kaplan, Summarizing data using bottom-k sketches, PODC 2007). Up to k shingles it is
// exact. Hashes never change between releases: they are stored.
//
// How a store finds candidates: of each published version it keeps the whole sketch (Encode) in the version's
// row and the IndexedHashes as rows (hash BIGINT, asset, version) with an index on hash. For a message:
//
//   SELECT asset, version, COUNT(*) FROM sketch_hashes WHERE hash IN (ProbeHashes of the message)
//   GROUP BY asset, version ORDER BY COUNT(*) DESC, asset, version LIMIT kMaxCandidates
//
// then loads their sketches and takes the best by Containment. Both lists are bounded, whatever the texts.

inline constexpr size_t kShingleWords = 3;
// Hashes kept of an asset: standard error of containment p at most sqrt(p(1-p)/256), 0.03 at p = 0.5.
inline constexpr size_t kSketchSize = 256;
inline constexpr size_t kIndexedHashes = 32;
inline constexpr size_t kProbeHashes = 1'024;
inline constexpr size_t kMaxCandidates = 16;
// Texts with fewer shingles are too short to be recognised.
inline constexpr size_t kMinShingles = 5;

struct Sketch {
  // The smallest hashes of the distinct shingles, ascending.
  std::vector<uint64_t> hashes;
  // Distinct shingles of the text; hashes.size() where that is all of them.
  size_t shingles = 0;

  friend bool operator==(const Sketch&, const Sketch&) = default;
};

// The sketch of plain text (of an asset: ToPlainText of its body) with the `size` smallest hashes.
Sketch SketchOf(std::string_view text, size_t size = kSketchSize);
// The sketch with all shingles, for the text of a call, which is not kept.
Sketch WholeSketchOf(std::string_view text);

// The hashes of an asset's sketch that a store indexes, and those of a message that it looks up, as BIGINTs.
std::vector<int64_t> IndexedHashes(const Sketch& sketch);
std::vector<int64_t> ProbeHashes(const Sketch& sketch);

// The share of `part`'s shingles that occur in `whole`, 0 to 1, estimated where one of them is cut off; 0
// where `part` has fewer than kMinShingles.
double Containment(const Sketch& part, const Sketch& whole);
// How alike two texts are: the share of the shingles of both that occur in each, 0 to 1, estimated where one
// of them is cut off; 0 where either has fewer than kMinShingles.
double Resemblance(const Sketch& a, const Sketch& b);
// The `size` smallest hashes of a sketch.
Sketch Cut(Sketch sketch, size_t size);

// Mirrors Use.Match.
enum class Match { kUnspecified = 0, kToken = 1, kNearCopy = 2, kEdited = 3, kNone = 4 };
inline constexpr double kNearCopy = 0.95;
inline constexpr double kEdited = 0.5;
// A text that keeps less than this of an asset has it no more.
inline constexpr double kRecognisable = 0.3;
// How a message with this containment of the asset matches it.
Match MatchOf(double containment);

// A candidate of the store, with its sketch.
struct SketchCandidate {
  AssetId asset;
  int64_t version = 0;
  Sketch sketch;
};
struct BestMatch {
  Match match = Match::kNone;
  // Its index in `candidates`; meaningless for kNone.
  size_t candidate = 0;
  // The similarity of the best candidate, also when it is no match; 0 without candidates.
  double similarity = 0;
};
// The candidate that the message is made of: of those it keeps at least half of, the one it shares most
// shingles with (a greeting kept whole does not outweigh a letter kept by four fifths); where there is none,
// the one it keeps most of. Between equals the newer version wins, then the lesser name.
BestMatch FindBest(const Sketch& message, std::span<const SketchCandidate> candidates);

// As stored: shingles, then the hashes, 8 bytes each, little-endian.
std::string Encode(const Sketch& sketch);
// DATA_LOSS: no sketch.
absl::StatusOr<Sketch> DecodeSketch(std::string_view bytes);

}  // namespace finalmile::catalog::domain
