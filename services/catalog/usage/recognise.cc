#include "services/catalog/usage/recognise.h"

#include <vector>

#include "libs/base/status.h"
#include "services/catalog/store/sketch_store.h"

namespace finalmile::catalog::usage {

absl::StatusOr<Recognised> Recognise(storage::Transaction& transaction, const domain::Sketch& message) {
  Recognised recognised;
  if (message.shingles < domain::kMinShingles) return recognised;
  ASSIGN_OR_RETURN(const std::vector<domain::SketchCandidate> candidates,
                   store::FindSketches(transaction, domain::ProbeHashes(message)));
  const domain::BestMatch best = domain::FindBest(message, candidates);
  recognised.match = best.match;
  recognised.similarity = best.similarity;
  if (best.match == domain::Match::kNone) return recognised;
  recognised.asset = candidates[best.candidate].asset;
  recognised.version = candidates[best.candidate].version;
  return recognised;
}

absl::StatusOr<std::optional<double>> KeptOf(storage::Transaction& transaction, const std::string& asset,
                                             int64_t version, const domain::Sketch& message) {
  ASSIGN_OR_RETURN(const std::vector<domain::SketchCandidate> own,
                   store::ReadSketches(transaction, {{asset, version}}));
  if (own.empty() || own[0].sketch.shingles < domain::kMinShingles ||
      message.shingles < domain::kMinShingles) {
    return std::nullopt;
  }
  return domain::Containment(own[0].sketch, message);
}

}  // namespace finalmile::catalog::usage
