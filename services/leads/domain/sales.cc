#include "services/leads/domain/sales.h"

#include <algorithm>

namespace finalmile::leads::domain {
namespace {

constexpr int64_t kMostAttempts = 8;

bool IsMeeting(const SalesFact& fact) { return fact.state >= SalesState::kScheduled; }

template <class Predicate>
bool Any(std::span<const SalesFact> facts, int64_t cycle, Predicate holds) {
  return std::any_of(facts.begin(), facts.end(),
                     [&](const SalesFact& fact) { return fact.cycle == cycle && holds(fact); });
}

Label LabelOfReturn(const SalesFact& request) {
  switch (request.return_reason) {
    case ReturnReason::kNoNeed:
    case ReturnReason::kBadTiming:
      return Label::kNotHeld;
    case ReturnReason::kBadFit:
      return request.attempts > 0 ? Label::kNotHeld : Label::kLeftOut;
    case ReturnReason::kUnreachable:
      return request.attempts >= kMostAttempts ? Label::kNotHeld : Label::kLeftOut;
    default:
      return Label::kLeftOut;
  }
}

}  // namespace

bool HasEnded(const SalesFact& fact) {
  return fact.state == SalesState::kReturned || fact.state == SalesState::kRecycled ||
         fact.state == SalesState::kClosed;
}

Stage StageOf(Stage stage, int64_t cycle, std::span<const SalesFact> facts) {
  if (stage == Stage::kWon || stage == Stage::kLost) return stage;
  for (const SalesFact& fact : facts) cycle = std::max(cycle, fact.cycle);
  const auto any = [&](auto holds) { return Any(facts, cycle, holds); };
  if (any([](const SalesFact& fact) { return fact.state == SalesState::kHeld && fact.qualified == true; }))
    return Stage::kQualified;
  if (any([](const SalesFact& fact) { return fact.state == SalesState::kHeld; })) return Stage::kMeetingHeld;
  if (any([](const SalesFact& fact) { return fact.state == SalesState::kScheduled; }))
    return Stage::kMeetingSet;
  const bool ended = any(HasEnded);
  // It is to be booked again.
  if (any(IsMeeting)) return ended ? Stage::kRecycled : Stage::kMeetingSet;
  if (any([](const SalesFact& fact) {
        return fact.state == SalesState::kClaimed || fact.state == SalesState::kWorking;
      })) {
    return Stage::kAccepted;
  }
  if (any([](const SalesFact& fact) { return fact.state == SalesState::kOpen; })) return Stage::kSalesReady;
  return ended ? Stage::kRecycled : stage;
}

Label LabelOf(std::span<const SalesFact> facts) {
  const auto any = [&](SalesState state) {
    return std::any_of(facts.begin(), facts.end(),
                       [&](const SalesFact& fact) { return fact.state == state; });
  };
  if (any(SalesState::kHeld)) return Label::kHeld;
  // A meeting that is still to come was not held in time.
  if (any(SalesState::kHostNoShow) || any(SalesState::kCancelledByUs) || any(SalesState::kScheduled))
    return Label::kLeftOut;
  if (any(SalesState::kGuestNoShow) || any(SalesState::kCancelledByGuest)) return Label::kNotHeld;
  for (const SalesFact& fact : facts) {
    if (fact.state == SalesState::kReturned) return LabelOfReturn(fact);
    if (fact.state == SalesState::kRecycled) return Label::kNotHeld;
  }
  return Label::kLeftOut;
}

}  // namespace finalmile::leads::domain
