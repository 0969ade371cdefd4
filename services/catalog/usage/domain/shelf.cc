#include "services/catalog/usage/domain/shelf.h"

#include <algorithm>

#include "services/catalog/domain/merge.h"
#include "services/catalog/domain/sketch.h"
#include "services/catalog/domain/tags.h"

namespace finalmile::catalog::usage::domain {
namespace {

// Both are known and the value is not among the tags.
bool Outside(std::string_view value, const std::vector<std::string>& tags) {
  if (value.empty() || tags.empty()) return false;
  const std::string folded = catalog::domain::FoldTag(value);
  return std::none_of(tags.begin(), tags.end(),
                      [&](const std::string& tag) { return catalog::domain::FoldTag(tag) == folded; });
}

}  // namespace

absl::Duration LiveTime(std::span<const Period> live, absl::Time now) {
  std::vector<Period> periods(live.begin(), live.end());
  std::sort(periods.begin(), periods.end(), [](const Period& a, const Period& b) { return a.from < b.from; });
  absl::Duration sum;
  absl::Time counted = now - kShelfWindow;
  for (const Period& period : periods) {
    const absl::Time from = std::max(period.from, counted);
    const absl::Time to = std::min(period.to, now);
    if (to <= from) continue;
    sum += to - from;
    counted = to;
  }
  return sum;
}

bool OnShelf(std::span<const Period> live, absl::Time now) { return LiveTime(live, now) >= kShelfLife; }

bool IsUnused(const ShelfItem& item) { return item.uses == 0; }

bool IsMisused(const ShelfItem& item) { return 2 * item.misuses > item.uses; }

ShelfRate RateOf(std::span<const ShelfItem> shelf, bool recorded) {
  ShelfRate rate;
  rate.shelf = static_cast<int64_t>(shelf.size());
  rate.unused = std::count_if(shelf.begin(), shelf.end(), IsUnused);
  rate.misused = std::count_if(shelf.begin(), shelf.end(), IsMisused);
  if (rate.shelf > 0 && recorded)
    rate.rate = static_cast<double>(rate.unused + rate.misused) / static_cast<double>(rate.shelf);
  return rate;
}

std::vector<Misuse> MisusesOf(const UseFacts& use, const catalog::domain::Tags& tags) {
  std::vector<Misuse> misuses;
  if (use.time < use.live.from || use.time >= use.live.to) misuses.push_back(Misuse::kExpired);
  if (Outside(use.stage, tags.stages)) misuses.push_back(Misuse::kStage);
  if (Outside(use.persona, tags.personas) || Outside(use.industry, tags.industries)) {
    misuses.push_back(Misuse::kAudience);
  }
  if (use.denied) misuses.push_back(Misuse::kNoPermission);
  if (!catalog::domain::MergeFieldsOf(use.final_text).empty()) misuses.push_back(Misuse::kUnfilledField);
  if (use.kept.has_value() && *use.kept < catalog::domain::kRecognisable) misuses.push_back(Misuse::kEdited);
  return misuses;
}

}  // namespace finalmile::catalog::usage::domain
