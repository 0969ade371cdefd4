#include "services/finalmile/demo/why.h"

#include <set>

#include "libs/rpc/timestamps.h"

namespace finalmile::cli {
namespace {

using namespace leads::v1;

bool IsHandRaiseLane(const std::string& name, const Policy& policy) {
  for (const Lane& lane : policy.lanes()) {
    if (lane.name() == name) return lane.hand_raise();
  }
  return false;
}

}  // namespace

std::string WhyReady(const LeadBecameSalesReady& event, const Policy& policy) {
  std::set<std::string> hand_raises;
  if (IsHandRaiseLane(event.lane(), policy)) {
    for (const Signal& signal : policy.signals()) {
      if (signal.hand_raise()) hand_raises.insert(signal.name());
    }
  }
  const auto at = [](const Reason& reason) { return rpc::FromTimestamp(reason.last_time()); };
  const Reason* raised = nullptr;
  const Reason* crossed = nullptr;
  const Reason* largest = nullptr;
  for (const Reason& reason : event.reasons()) {
    if (reason.part() != "engagement") continue;
    if (hand_raises.contains(reason.name()) && (raised == nullptr || at(reason) > at(*raised)))
      raised = &reason;
    if (event.has_cause_time() && at(reason) == rpc::FromTimestamp(event.cause_time()) && crossed == nullptr)
      crossed = &reason;
    if (largest == nullptr || reason.points() > largest->points()) largest = &reason;
  }
  for (const Reason* reason : {raised, crossed, largest}) {
    if (reason != nullptr) return reason->text();
  }
  return "";
}

}  // namespace finalmile::cli
