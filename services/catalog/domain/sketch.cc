#include "services/catalog/domain/sketch.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <tuple>
#include <utility>

#include "libs/base/text.h"
#include "libs/text/words.h"
#include "services/catalog/domain/merge.h"

namespace finalmile::catalog::domain {
namespace {

// The hashes of the words on one stretch without merge fields, three in a row at a time.
class Shingler {
 public:
  explicit Shingler(std::vector<uint64_t>& shingles) : shingles_(shingles) {}

  void Add(std::string_view word) {
    window_[count_ % kShingleWords] = StableHash(text::Fold(word));
    if (++count_ < kShingleWords) return;
    uint64_t hash = 0;
    for (size_t i = 0; i < kShingleWords; ++i) {
      hash = (hash ^ window_[(count_ + i) % kShingleWords]) * 0xff51afd7ed558ccd;
      hash ^= hash >> 33;
    }
    shingles_.push_back(hash);
  }

 private:
  std::vector<uint64_t>& shingles_;
  std::array<uint64_t, kShingleWords> window_ = {};
  size_t count_ = 0;
};

void AddShingles(std::string_view text, std::vector<uint64_t>& shingles) {
  Shingler shingler(shingles);
  text::WordReader words(text);
  text::WordSpan word;
  while (words.Next(word)) {
    const std::string_view run = text.substr(word.begin, word.end - word.begin);
    if (!word.unspaced) {
      shingler.Add(run);
      continue;
    }
    for (size_t at = 0; at < run.size();) {
      const size_t bytes = text::CharacterBytes(run, at);
      shingler.Add(run.substr(at, bytes));
      at += bytes;
    }
  }
}

std::vector<int64_t> Smallest(const Sketch& sketch, size_t count) {
  std::vector<int64_t> hashes;
  count = std::min(count, sketch.hashes.size());
  hashes.reserve(count);
  for (size_t i = 0; i < count; ++i) hashes.push_back(static_cast<int64_t>(sketch.hashes[i]));
  return hashes;
}

// Up to which hash the sketch is complete.
uint64_t Complete(const Sketch& sketch) {
  return sketch.hashes.size() < sketch.shingles ? sketch.hashes.back() : std::numeric_limits<uint64_t>::max();
}

void Append(uint64_t number, std::string& bytes) {
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(number >> shift);
}

uint64_t Read(std::string_view bytes, size_t at) {
  uint64_t number = 0;
  for (int i = 7; i >= 0; --i)
    number = number << 8 | static_cast<unsigned char>(bytes[at + static_cast<size_t>(i)]);
  return number;
}

}  // namespace

Sketch SketchOf(std::string_view text, size_t size) {
  Sketch sketch;
  for (const MergePiece& piece : SplitMergeFields(text)) {
    if (piece.field.empty()) AddShingles(piece.text, sketch.hashes);
  }
  std::sort(sketch.hashes.begin(), sketch.hashes.end());
  sketch.hashes.erase(std::unique(sketch.hashes.begin(), sketch.hashes.end()), sketch.hashes.end());
  sketch.shingles = sketch.hashes.size();
  return Cut(std::move(sketch), size);
}

Sketch WholeSketchOf(std::string_view text) { return SketchOf(text, std::numeric_limits<size_t>::max()); }

std::vector<int64_t> IndexedHashes(const Sketch& sketch) {
  return sketch.shingles < kMinShingles ? std::vector<int64_t>() : Smallest(sketch, kIndexedHashes);
}

std::vector<int64_t> ProbeHashes(const Sketch& sketch) { return Smallest(sketch, kProbeHashes); }

double Containment(const Sketch& part, const Sketch& whole) {
  if (part.shingles < kMinShingles || whole.hashes.empty()) return 0;
  // Below this both are complete, and part's hashes are a random sample of its shingles.
  const uint64_t limit = std::min(Complete(part), Complete(whole));
  size_t sample = 0;
  size_t common = 0;
  auto other = whole.hashes.begin();
  for (const uint64_t hash : part.hashes) {
    if (hash > limit) break;
    ++sample;
    while (other != whole.hashes.end() && *other < hash) ++other;
    if (other != whole.hashes.end() && *other == hash) ++common;
  }
  return sample == 0 ? 0 : static_cast<double>(common) / static_cast<double>(sample);
}

double Resemblance(const Sketch& a, const Sketch& b) {
  if (a.shingles < kMinShingles || b.shingles < kMinShingles) return 0;
  // Below this both are complete, and so is their union, of which the hashes are a random sample.
  const uint64_t limit = std::min(Complete(a), Complete(b));
  const auto complete = [&](const Sketch& sketch) {
    return std::upper_bound(sketch.hashes.begin(), sketch.hashes.end(), limit);
  };
  std::vector<uint64_t> common;
  std::set_intersection(a.hashes.begin(), complete(a), b.hashes.begin(), complete(b),
                        std::back_inserter(common));
  const auto both = static_cast<size_t>(complete(a) - a.hashes.begin() + complete(b) - b.hashes.begin());
  return static_cast<double>(common.size()) / static_cast<double>(both - common.size());
}

Sketch Cut(Sketch sketch, size_t size) {
  if (sketch.hashes.size() > size) sketch.hashes.resize(size);
  return sketch;
}

Match MatchOf(double containment) {
  if (containment >= kNearCopy) return Match::kNearCopy;
  return containment >= kEdited ? Match::kEdited : Match::kNone;
}

BestMatch FindBest(const Sketch& message, std::span<const SketchCandidate> candidates) {
  BestMatch best;
  const auto rank = [&](size_t i, double similarity) {
    const bool matches = MatchOf(similarity) != Match::kNone;
    const double shared = similarity * static_cast<double>(candidates[i].sketch.shingles);
    return std::tuple(matches, matches ? shared : similarity, candidates[i].version);
  };
  for (size_t i = 0; i < candidates.size(); ++i) {
    const double similarity = Containment(candidates[i].sketch, message);
    const auto mine = rank(i, similarity);
    const auto theirs = rank(best.candidate, best.similarity);
    if (i == 0 || mine > theirs ||
        (mine == theirs && candidates[i].asset < candidates[best.candidate].asset)) {
      best.candidate = i;
      best.similarity = similarity;
    }
  }
  best.match = MatchOf(best.similarity);
  return best;
}

std::string Encode(const Sketch& sketch) {
  std::string bytes;
  bytes.reserve(8 * (sketch.hashes.size() + 1));
  Append(sketch.shingles, bytes);
  for (const uint64_t hash : sketch.hashes) Append(hash, bytes);
  return bytes;
}

absl::StatusOr<Sketch> DecodeSketch(std::string_view bytes) {
  if (bytes.size() < 8 || bytes.size() % 8 != 0)
    return absl::DataLossError("a sketch is whole 8-byte numbers");
  Sketch sketch;
  sketch.shingles = Read(bytes, 0);
  for (size_t at = 8; at < bytes.size(); at += 8) sketch.hashes.push_back(Read(bytes, at));
  const bool ascending = std::is_sorted(sketch.hashes.begin(), sketch.hashes.end(), std::less_equal<>()) ||
                         sketch.hashes.size() < 2;
  if (!ascending || sketch.hashes.size() > sketch.shingles ||
      (sketch.shingles > 0 && sketch.hashes.empty())) {
    return absl::DataLossError("the hashes of a sketch must ascend, and be no more than its shingles");
  }
  return sketch;
}

}  // namespace finalmile::catalog::domain
