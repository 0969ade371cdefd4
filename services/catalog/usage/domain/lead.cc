#include "services/catalog/usage/domain/lead.h"

#include <algorithm>

namespace finalmile::catalog::usage::domain {

std::string_view SaleStageOf(LeadStage stage) {
  switch (stage) {
    case LeadStage::kNew:
    case LeadStage::kSalesReady:
    case LeadStage::kAccepted:
    case LeadStage::kRecycled:
      return "prospecting";
    case LeadStage::kMeetingSet:
      return "discovery";
    case LeadStage::kMeetingHeld:
    case LeadStage::kQualified:
      return "evaluation";
    case LeadStage::kWon:
    case LeadStage::kLost:
      return "closing";
    case LeadStage::kUnspecified:
      break;
  }
  return {};
}

void Changes::Set(absl::Time since, std::string_view value) {
  std::erase_if(kept_, [&](const Change& change) { return change.since >= since; });
  const std::string_view last = kept_.empty() ? std::string_view() : kept_.back().value;
  if (last == value) return;
  kept_.push_back({since, std::string(value)});
  if (kept_.size() > kKept) kept_.erase(kept_.begin());
}

std::string Changes::At(absl::Time time) const {
  const auto after =
      std::find_if(kept_.begin(), kept_.end(), [&](const Change& change) { return change.since > time; });
  return after == kept_.begin() ? std::string() : std::prev(after)->value;
}

void ChangeStage(Lead& lead, LeadStage before, LeadStage after, absl::Time time) {
  if (lead.stages.kept().empty()) lead.stages.Set(absl::UnixEpoch(), SaleStageOf(before));
  lead.stages.Set(time, SaleStageOf(after));
}

void BeginCycle(Lead& lead, int64_t cycle) {
  if (cycle > 0) {
    lead.cycle = cycle - 1;
  } else if (lead.cycle_ended) {
    ++lead.cycle;
  }
  lead.cycle_ended = false;
}

}  // namespace finalmile::catalog::usage::domain
