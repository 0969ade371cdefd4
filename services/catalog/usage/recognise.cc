#include "services/catalog/usage/recognise.h"

#include <vector>

#include "libs/base/status.h"
#include "services/catalog/store/publication_store.h"

namespace finalmile::catalog::usage {

absl::StatusOr<Recognised> Recognise(storage::Transaction& transaction,
                                     const catalog::domain::Sketch& message) {
  Recognised recognised;
  if (message.shingles < catalog::domain::kMinShingles) return recognised;
  ASSIGN_OR_RETURN(const std::vector<catalog::domain::SketchCandidate> candidates,
                   catalog::store::FindSketches(transaction, catalog::domain::ProbeHashes(message)));
  const catalog::domain::BestMatch best = catalog::domain::FindBest(message, candidates);
  recognised.match = best.match;
  recognised.similarity = best.similarity;
  if (best.match == catalog::domain::Match::kNone) return recognised;
  recognised.asset = candidates[best.candidate].asset;
  recognised.version = candidates[best.candidate].version;
  return recognised;
}

absl::StatusOr<std::optional<double>> KeptOf(storage::Transaction& transaction,
                                             const catalog::domain::AssetId& asset, int64_t version,
                                             const catalog::domain::Sketch& message) {
  ASSIGN_OR_RETURN(const std::vector<catalog::domain::SketchCandidate> own,
                   catalog::store::ReadSketches(transaction, {{asset, version}}));
  if (own.empty() || own[0].sketch.shingles < catalog::domain::kMinShingles ||
      message.shingles < catalog::domain::kMinShingles) {
    return std::nullopt;
  }
  return catalog::domain::Containment(own[0].sketch, message);
}

}  // namespace finalmile::catalog::usage
