#include "services/catalog/usage/performance.h"

#include <cmath>

#include "libs/base/status.h"
#include "services/catalog/usage/domain/credit.h"
#include "services/catalog/usage/store/credit_store.h"
#include "services/catalog/usage/store/use_store.h"

namespace finalmile::catalog::usage {
namespace {

void Set(const domain::Credit& credit, v1::AssetPerformance& performance) {
  performance.set_set(credit.set);
  performance.set_held(credit.held);
  performance.set_expected(credit.expected);
  performance.set_lift(credit.lift);
  performance.set_lift_low(credit.interval.low);
  performance.set_lift_high(credit.interval.high);
  performance.set_matured(credit.matured);
}

void SetIncremental(const domain::Arm& offered, const domain::Arm& withheld,
                    v1::AssetPerformance& performance) {
  const std::optional<domain::Effect> effect = domain::IncrementalEffect(offered, withheld);
  if (!effect) return;
  v1::AssetPerformance::Incremental& incremental = *performance.mutable_incremental();
  incremental.set_value(effect->value);
  incremental.set_low(effect->interval.low);
  incremental.set_high(effect->interval.high);
  incremental.set_offered(offered.matured);
  incremental.set_withheld(withheld.matured);
}

}  // namespace

absl::StatusOr<std::map<store::VersionKey, v1::AssetPerformance>> Performances(
    storage::Transaction& transaction, const std::vector<store::VersionKey>& keys) {
  ASSIGN_OR_RETURN(const std::vector<domain::CellCount> all, store::ReadAllCells(transaction));
  ASSIGN_OR_RETURN(auto cells, store::ReadCells(transaction, keys));
  ASSIGN_OR_RETURN(auto figures, store::ReadFigures(transaction, keys));
  ASSIGN_OR_RETURN(auto ratings, store::ReadRatings(transaction, keys));
  ASSIGN_OR_RETURN(auto arms, store::ReadArms(transaction, keys));
  const domain::HeldRates rates(all);
  std::map<store::VersionKey, v1::AssetPerformance> performances;
  for (const store::VersionKey& key : keys) {
    v1::AssetPerformance& performance = performances[key];
    performance.set_asset("assets/" + key.first);
    performance.set_version(key.second);
    const store::Figures& counted = figures[key];
    performance.set_offered(counted.offered);
    performance.set_used(counted.used);
    performance.set_viewed(counted.viewed);
    const double seconds = std::floor(counted.viewed_seconds);
    performance.mutable_viewed_time()->set_seconds(static_cast<int64_t>(seconds));
    performance.mutable_viewed_time()->set_nanos(
        static_cast<int32_t>((counted.viewed_seconds - seconds) * 1e9));
    Set(domain::Judge(cells[key], rates), performance);
    SetIncremental(arms[{key, false}], arms[{key, true}], performance);
    const store::Rating& rating = ratings[key];
    performance.set_ratings(rating.count);
    if (rating.count > 0) {
      performance.set_rating(static_cast<double>(rating.sum) / static_cast<double>(rating.count));
    }
  }
  return performances;
}

}  // namespace finalmile::catalog::usage
