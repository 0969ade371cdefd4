#include "services/appointments/changes/host_turn.h"

#include <algorithm>
#include <map>

#include "libs/base/status.h"
#include "services/appointments/changes/request_batch.h"
#include "services/appointments/domain/routing.h"
#include "services/appointments/store/appointment_store.h"
#include "services/appointments/store/mastery_store.h"
#include "services/appointments/store/team_store.h"

namespace finalmile::appointments::changes {
namespace {

using storage::Transaction;

// What routing counts in one month.
struct Routing {
  std::string month;
  std::map<std::string, store::Assigned> assigned;

  domain::Candidate CandidateOf(const store::HostRow& row) const {
    const auto found = assigned.find(row.id);
    const store::Assigned counted = found == assigned.end() ? store::Assigned() : found->second;
    return {row.id, row.host.weight, static_cast<double>(counted.count),
            row.calibration_month == month ? row.calibration : 0, counted.last};
  }
};

absl::StatusOr<Routing> ReadRouting(Transaction& transaction, absl::Time time) {
  ASSIGN_OR_RETURN(const domain::WorkingHours hours, ReadHours(transaction));
  Routing routing{RoutingMonth(hours.zone, time), {}};
  ASSIGN_OR_RETURN(routing.assigned, store::AssignedIn(transaction, routing.month));
  return routing;
}

}  // namespace

std::string RoutingMonth(absl::TimeZone zone, absl::Time time) {
  return absl::FormatTime("%Y-%m", time, zone);
}

absl::StatusOr<std::vector<store::HostRow>> InTurn(Transaction& transaction,
                                                   std::vector<store::HostRow> hosts,
                                                   const std::string& situation, absl::Time now) {
  // It is answered with the routing.
  ASSIGN_OR_RETURN(const storage::Deferred mastered, store::DeferMastery(transaction, situation));
  ASSIGN_OR_RETURN(const Routing routing, ReadRouting(transaction, now));
  const domain::SituationMastery mastery = store::MasteryIn(*mastered);
  const auto weighed = [&](const store::HostRow& row) {
    domain::Candidate candidate = routing.CandidateOf(row);
    candidate.weight = domain::EffectiveWeight(candidate.weight, mastery, candidate.host);
    return candidate;
  };
  std::sort(hosts.begin(), hosts.end(), [&](const store::HostRow& a, const store::HostRow& b) {
    return domain::RoutesBefore(weighed(a), weighed(b));
  });
  return hosts;
}

absl::Status Calibrate(Transaction& transaction, store::HostRow& host, absl::Time time) {
  ASSIGN_OR_RETURN(const Routing routing, ReadRouting(transaction, time));
  ASSIGN_OR_RETURN(const std::vector<store::HostRow> routed, store::RoutedHosts(transaction));
  std::vector<domain::Candidate> others;
  for (const store::HostRow& other : routed) {
    if (other.id != host.id) others.push_back(routing.CandidateOf(other));
  }
  // What the host has had this month counts already.
  host.calibration =
      std::max(0., domain::CalibrationOf(host.host.weight, others) - routing.CandidateOf(host).assigned);
  host.calibration_month = routing.month;
  return absl::OkStatus();
}

}  // namespace finalmile::appointments::changes
