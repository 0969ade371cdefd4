#include "services/catalog/usage/performance.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "libs/base/status.h"
#include "services/catalog/usage/domain/lift.h"
#include "services/catalog/usage/store/credit_store.h"
#include "services/catalog/usage/store/meeting_store.h"
#include "services/catalog/usage/store/use_store.h"

namespace finalmile::catalog::usage {
namespace {

using domain::CellCount;
using store::VersionKey;

// The figures of all assets together.
const VersionKey kAll = {};

// What figures of several versions are made of.
class Book {
 public:
  static absl::StatusOr<Book> Read(storage::Transaction& transaction, std::vector<VersionKey> keys) {
    // Those of the asset are left out of what is expected of its versions.
    const size_t count = keys.size();
    for (size_t i = 0; i < count; ++i) keys.emplace_back(keys[i].first, 0);
    keys.push_back(kAll);
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    Book book;
    ASSIGN_OR_RETURN(book.cells_, store::ReadCells(transaction, keys));
    // The sums know meetings that are not kept any more.
    for (const CellCount& cell : book.cells_[kAll]) book.meetings_ = book.meetings_ || cell.set > 0;
    if (book.meetings_) return book;
    ASSIGN_OR_RETURN(book.meetings_, store::AnyMeeting(transaction));
    return book;
  }

  Performance Judge(const VersionKey& key) {
    Performance performance;
    v1::AssetPerformance& figures = performance.figures;
    figures.set_asset(catalog::domain::AssetName(key.first));
    figures.set_version(key.second);
    const std::vector<CellCount>& uses = cells_[key];
    if (uses.empty()) return performance;
    const domain::HeldRates others(cells_[kAll], cells_[{key.first, 0}]);
    const domain::Credit credit = domain::Judge(uses, others);
    figures.set_matured(credit.matured);
    // Without meetings on record it is not known what anything led to.
    if (credit.matured == 0 || !meetings_) return performance;
    performance.rank = credit.rank;
    figures.set_set(credit.set);
    figures.set_held(credit.held);
    if (credit.expected) figures.set_expected(*credit.expected);
    if (!credit.lift) return performance;
    figures.set_lift(credit.lift->value);
    figures.set_lift_low(credit.lift->interval.low);
    figures.set_lift_high(credit.lift->interval.high);
    return performance;
  }

 private:
  std::map<VersionKey, std::vector<CellCount>> cells_;
  bool meetings_ = false;
};

void Set(const store::Figures& counted, v1::AssetPerformance& figures) {
  figures.set_offered(counted.offered);
  figures.set_used(counted.used);
  figures.set_viewed(counted.viewed);
  const double seconds = std::floor(counted.viewed_seconds);
  figures.mutable_viewed_time()->set_seconds(static_cast<int64_t>(seconds));
  figures.mutable_viewed_time()->set_nanos(static_cast<int32_t>((counted.viewed_seconds - seconds) * 1e9));
}

void Set(const store::Rating& rating, v1::AssetPerformance& figures) {
  figures.set_ratings(rating.count);
  if (rating.count > 0) {
    figures.set_rating(static_cast<double>(rating.sum) / static_cast<double>(rating.count));
  }
}

bool Before(const v1::AssetPerformance& a, const v1::AssetPerformance& b) {
  const auto place = [](const v1::AssetPerformance& one) {
    return std::tuple(!one.has_lift(), -one.lift(), -one.matured(), -one.used(), -one.offered());
  };
  return std::tuple(place(a), a.asset()) < std::tuple(place(b), b.asset());
}

// `meetings`: some are on record.
v1::Effect EffectOf(int64_t kind, const domain::Arm& offered, const domain::Arm& withheld, bool meetings) {
  v1::Effect effect;
  effect.set_kind(static_cast<v1::AssetKind>(kind));
  effect.set_offered(offered.matured);
  effect.set_withheld(withheld.matured);
  if (!meetings) return effect;
  effect.set_offered_held(offered.held);
  effect.set_withheld_held(withheld.held);
  if (const auto known = domain::EffectOf(offered, withheld)) {
    effect.set_value(known->value);
    effect.set_low(known->interval.low);
    effect.set_high(known->interval.high);
  }
  return effect;
}

}  // namespace

absl::StatusOr<std::map<VersionKey, Performance>> Performances(storage::Transaction& transaction,
                                                               const std::vector<VersionKey>& keys) {
  ASSIGN_OR_RETURN(Book book, Book::Read(transaction, keys));
  ASSIGN_OR_RETURN(auto figures, store::ReadFigures(transaction, keys));
  ASSIGN_OR_RETURN(auto ratings, store::ReadRatings(transaction, keys));
  std::map<VersionKey, Performance> performances;
  for (const VersionKey& key : keys) {
    Performance& performance = performances[key];
    performance = book.Judge(key);
    Set(figures[key], performance.figures);
    Set(ratings[key], performance.figures);
  }
  return performances;
}

absl::StatusOr<std::vector<v1::AssetPerformance>> AssetPerformances(storage::Transaction& transaction,
                                                                    int limit) {
  ASSIGN_OR_RETURN(const auto figures, store::MostUsed(transaction, limit));
  std::vector<VersionKey> keys;
  std::vector<catalog::domain::AssetId> assets;
  for (const auto& [asset, counted] : figures) {
    keys.emplace_back(asset, 0);
    assets.push_back(asset);
  }
  ASSIGN_OR_RETURN(Book book, Book::Read(transaction, keys));
  ASSIGN_OR_RETURN(auto ratings, store::ReadAssetRatings(transaction, assets));
  std::vector<v1::AssetPerformance> performances;
  for (const auto& [asset, counted] : figures) {
    performances.push_back(book.Judge({asset, 0}).figures);
    Set(counted, performances.back());
    Set(ratings[asset], performances.back());
  }
  std::sort(performances.begin(), performances.end(), &Before);
  return performances;
}

absl::StatusOr<std::vector<v1::Effect>> Effects(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(auto arms, store::ReadArms(transaction));
  // The sums know meetings that are not kept any more.
  ASSIGN_OR_RETURN(bool meetings, store::AnyMeeting(transaction));
  for (const auto& [key, arm] : arms) meetings = meetings || arm.held > 0;
  std::map<int64_t, std::pair<domain::Arm, domain::Arm>> kinds;
  for (const auto& [key, arm] : arms) {
    // 0: all kinds.
    for (const int64_t kind : {int64_t{0}, key.first}) {
      domain::Arm& sum = key.second ? kinds[kind].second : kinds[kind].first;
      sum.matured += arm.matured;
      sum.held += arm.held;
    }
  }
  std::vector<v1::Effect> effects;
  for (const auto& [kind, both] : kinds) effects.push_back(EffectOf(kind, both.first, both.second, meetings));
  return effects;
}

}  // namespace finalmile::catalog::usage
