#include "services/appointments/changes/host_times.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/storage/columns.h"
#include "services/appointments/changes/host_turn.h"
#include "services/appointments/changes/request_batch.h"
#include "services/appointments/store/appointment_store.h"
#include "services/appointments/store/claim_store.h"

namespace finalmile::appointments::changes {
namespace {

using domain::Interval;
using domain::SlotProblem;
using storage::Transaction;

// Locked at once where the request names no host: the first of them that is still free is taken.
constexpr size_t kMostLocked = 8;
constexpr size_t kAlternatives = 5;
// The whole of the days that an interval touches, in any zone.
constexpr absl::Duration kDay = absl::Hours(36);
constexpr absl::Duration kFarthest = absl::Hours(24 * (domain::kLongestHorizonDays + 2));

std::string HostName(const std::string& id) { return "hosts/" + id; }

absl::Status ErrorOf(SlotProblem problem) {
  const auto failed = [](std::string_view reason, std::string_view message) {
    return rpc::Error(absl::StatusCode::kFailedPrecondition, reason, message);
  };
  switch (problem) {
    case SlotProblem::kOutsideHours:
      return failed("OUTSIDE_HOURS",
                    "the meeting does not begin at a step of the host's hours, or ends after them");
    case SlotProblem::kNoticeTooShort:
      return failed("NOTICE_TOO_SHORT", "the meeting begins sooner than the host wants to know of it");
    case SlotProblem::kBeyondHorizon:
      return failed("BEYOND_HORIZON", "the host cannot be booked so many days ahead");
    case SlotProblem::kCapReached:
      return failed("CAP_REACHED", "the host has as many meetings on that day as can be");
    case SlotProblem::kTaken:
      break;
  }
  return rpc::Error(absl::StatusCode::kAborted, "SLOT_TAKEN", "the time is taken");
}

std::optional<SlotProblem> ProblemOf(const HostTimes& host, const SlotRequest& request) {
  return domain::ProblemOf(host.rules, host.load, request.meeting.start,
                           request.meeting.end - request.meeting.start, request.asked);
}

// What is read of hosts beside their rows, in one round trip with whatever is deferred before it.
struct Reading {
  storage::Deferred away;
  storage::Deferred claims;
};

absl::StatusOr<Reading> DeferReading(Transaction& transaction, const std::vector<std::string>& ids,
                                     const Interval& within, absl::Time now) {
  const Interval reach{within.start - kDay, within.end + kDay};
  ASSIGN_OR_RETURN(storage::Deferred away, store::DeferTimeOff(transaction, ids, reach));
  ASSIGN_OR_RETURN(storage::Deferred claims, store::DeferClaims(transaction, ids, reach, now));
  return Reading{std::move(away), std::move(claims)};
}

absl::StatusOr<std::vector<HostTimes>> TimesOf(const std::vector<store::HostRow>& hosts,
                                               const Reading& reading, const std::vector<std::string>& own) {
  store::TimeOffByHost away = store::TimeOffIn(*reading.away);
  ASSIGN_OR_RETURN(store::ClaimsByHost claims, store::ClaimsIn(*reading.claims));
  std::vector<HostTimes> times;
  for (const store::HostRow& row : hosts) {
    ASSIGN_OR_RETURN(domain::HostRules rules, domain::RulesOf(row.host));
    domain::HostLoad load{std::move(away[row.id]), {}};
    for (const store::ClaimRow& claim : claims[row.id]) {
      if (std::find(own.begin(), own.end(), claim.id) != own.end()) continue;
      load.busy.push_back(claim.busy);
      ++load.claims_on[domain::DayAt(rules.hours, claim.meeting.start)];
    }
    times.push_back({row, std::move(rules), std::move(load)});
  }
  return times;
}

// The hosts, locked, with what they have. The lock is a statement of its own before those that look, which
// see what was committed while it waited; all travel together, so that the lock is held for little longer
// than it takes to decide.
absl::StatusOr<std::vector<HostTimes>> LockTimes(Transaction& transaction,
                                                 const std::vector<std::string>& ids,
                                                 const SlotRequest& request, absl::Time now) {
  ASSIGN_OR_RETURN(const storage::Deferred locked,
                   store::kHosts.DeferLock(transaction, storage::SortedUnique(ids)));
  ASSIGN_OR_RETURN(const Reading reading, DeferReading(transaction, ids, request.meeting, now));
  RETURN_IF_ERROR(transaction.Settle());
  ASSIGN_OR_RETURN(std::vector<store::HostRow> rows, store::kHosts.Records(*locked));
  std::sort(rows.begin(), rows.end(), [&](const store::HostRow& a, const store::HostRow& b) {
    return std::find(ids.begin(), ids.end(), a.id) < std::find(ids.begin(), ids.end(), b.id);
  });
  return TimesOf(rows, reading, request.own);
}

absl::Status Inactive(const std::string& host) {
  return rpc::Error(absl::StatusCode::kFailedPrecondition, "HOST_INACTIVE",
                    fmt::format("{} gets no meetings at present", HostName(host)),
                    {{"host", HostName(host)}});
}

// The routed hosts, in the order in which they get the meeting.
absl::StatusOr<std::vector<store::HostRow>> Candidates(Transaction& transaction, const SlotRequest& request,
                                                       absl::Time now) {
  ASSIGN_OR_RETURN(std::vector<store::HostRow> hosts, store::RoutedHosts(transaction));
  ASSIGN_OR_RETURN(hosts, InTurn(transaction, std::move(hosts), request.situation, now));
  std::stable_partition(hosts.begin(), hosts.end(),
                        [&](const store::HostRow& row) { return row.id == request.first; });
  return hosts;
}

absl::StatusOr<HostTimes> LockNamed(Transaction& transaction, const SlotRequest& request, absl::Time now) {
  ASSIGN_OR_RETURN(std::vector<HostTimes> times, LockTimes(transaction, {request.host}, request, now));
  if (times.empty()) return rpc::NotFound(HostName(request.host), "host");
  if (!times.front().row.host.active) return Inactive(request.host);
  const std::optional<SlotProblem> problem = ProblemOf(times.front(), request);
  if (!problem) return std::move(times.front());
  return WithAlternatives(transaction, ErrorOf(*problem), request, now);
}

absl::StatusOr<HostTimes> LockRouted(Transaction& transaction, const SlotRequest& request, absl::Time now) {
  // The team's lock serialises routing: the next one counts this meeting.
  RETURN_IF_ERROR(store::LockTeam(transaction).status());
  ASSIGN_OR_RETURN(const std::vector<store::HostRow> hosts, Candidates(transaction, request, now));
  if (hosts.empty()) {
    return rpc::Error(absl::StatusCode::kFailedPrecondition, "NO_HOST",
                      "no active host takes meetings that name no host");
  }
  ASSIGN_OR_RETURN(const std::vector<HostTimes> times,
                   ReadHostTimes(transaction, hosts, request.meeting, now, request.own));
  std::vector<std::string> free;
  SlotProblem nearest = SlotProblem::kOutsideHours;
  for (const HostTimes& host : times) {
    const std::optional<SlotProblem> problem = ProblemOf(host, request);
    if (problem) nearest = std::max(nearest, *problem);
    if (!problem && free.size() < kMostLocked) free.push_back(host.row.id);
  }
  if (free.empty()) return WithAlternatives(transaction, ErrorOf(nearest), request, now);
  ASSIGN_OR_RETURN(std::vector<HostTimes> again, LockTimes(transaction, free, request, now));
  for (HostTimes& host : again) {
    if (host.row.host.active && !ProblemOf(host, request)) return std::move(host);
  }
  return storage::Conflict("the hosts that were free were taken meanwhile");
}

}  // namespace

absl::StatusOr<std::vector<HostTimes>> ReadHostTimes(Transaction& transaction,
                                                     const std::vector<store::HostRow>& hosts,
                                                     const Interval& within, absl::Time now,
                                                     const std::vector<std::string>& own) {
  std::vector<std::string> ids;
  for (const store::HostRow& row : hosts) ids.push_back(row.id);
  ASSIGN_OR_RETURN(const Reading reading, DeferReading(transaction, ids, within, now));
  RETURN_IF_ERROR(transaction.Settle());
  return TimesOf(hosts, reading, own);
}

std::vector<FreeTime> FreeTimes(const std::vector<HostTimes>& hosts, absl::Duration length,
                                const Interval& within, absl::Time now, size_t limit) {
  std::vector<FreeTime> free;
  for (size_t i = 0; i < hosts.size(); ++i) {
    for (const absl::Time start :
         domain::FreeStarts(hosts[i].rules, hosts[i].load, length, within, now, limit))
      free.push_back({start, i});
  }
  std::sort(free.begin(), free.end(), [](const FreeTime& a, const FreeTime& b) {
    return std::tie(a.start, a.host) < std::tie(b.start, b.host);
  });
  if (free.size() > limit) free.resize(limit);
  return free;
}

absl::StatusOr<HostTimes> LockSlot(Transaction& transaction, const SlotRequest& request, absl::Time now) {
  return request.host.empty() ? LockRouted(transaction, request, now) : LockNamed(transaction, request, now);
}

absl::Status WithAlternatives(Transaction& transaction, absl::Status error, const SlotRequest& request,
                              absl::Time now) {
  const Interval ahead{now, now + kFarthest};
  const absl::Duration length = request.meeting.end - request.meeting.start;
  const auto find = [&](const std::vector<store::HostRow>& hosts)
      -> absl::StatusOr<std::vector<std::pair<std::string, std::string>>> {
    ASSIGN_OR_RETURN(const std::vector<HostTimes> times,
                     ReadHostTimes(transaction, hosts, ahead, now, request.own));
    const Interval after{std::max(now, request.meeting.start), ahead.end};
    std::vector<FreeTime> free = FreeTimes(times, length, after, now, kAlternatives);
    if (free.empty()) free = FreeTimes(times, length, ahead, now, kAlternatives);
    std::vector<std::pair<std::string, std::string>> metadata;
    for (const FreeTime& one : free) {
      metadata.emplace_back(fmt::format("alternative_{}", metadata.size() + 1),
                            absl::FormatTime("%Y-%m-%dT%H:%M:%SZ ", one.start, absl::UTCTimeZone()) +
                                HostName(times[one.host].row.id));
    }
    return metadata;
  };
  std::vector<std::pair<std::string, std::string>> metadata;
  if (!request.host.empty()) {
    ASSIGN_OR_RETURN(const std::vector<store::HostRow> named, store::ReadHosts(transaction, {request.host}));
    ASSIGN_OR_RETURN(metadata, find(named));
  }
  if (metadata.empty()) {
    ASSIGN_OR_RETURN(const std::vector<store::HostRow> all, Candidates(transaction, request, now));
    ASSIGN_OR_RETURN(metadata, find(all));
  }
  return rpc::WithMetadata(std::move(error), metadata);
}

}  // namespace finalmile::appointments::changes
