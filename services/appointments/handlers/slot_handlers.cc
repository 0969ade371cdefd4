#include "services/appointments/handlers/slot_handlers.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "libs/base/status.h"
#include "libs/base/zone.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "libs/storage/columns.h"
#include "services/appointments/changes/host_times.h"
#include "services/appointments/changes/host_turn.h"
#include "services/appointments/store/host_store.h"

namespace finalmile::appointments::handlers {
namespace {

using storage::Transaction;

constexpr int kMostNamed = 20;
constexpr int kStandardLimit = 20;
constexpr int kMostLimit = 200;
constexpr absl::Duration kStandardLength = absl::Minutes(30);
constexpr absl::Duration kStandardWindow = absl::Hours(24 * 14);
constexpr absl::Duration kLongestWindow = absl::Hours(24 * 31);
constexpr char kWall[] = "%Y-%m-%dT%H:%M%Ez";

// What was asked for, with what was left out filled in.
struct Wanted {
  std::vector<std::string> hosts;
  absl::Duration length = kStandardLength;
  domain::Interval within;
  std::optional<absl::TimeZone> guest_zone;
  size_t limit = kStandardLimit;
};

absl::StatusOr<Wanted> WantedOf(const v1::FindSlotsRequest& request, absl::Time now) {
  Wanted wanted;
  rpc::FieldViolations violations;
  if (request.hosts_size() > kMostNamed)
    violations.Add("hosts", fmt::format("must have at most {} entries", kMostNamed));
  for (const std::string& name : request.hosts()) wanted.hosts.push_back(rpc::IdIn(name));
  wanted.hosts = storage::SortedUnique(std::move(wanted.hosts));
  if (request.has_duration()) wanted.length = rpc::FromDuration(request.duration());
  if (wanted.length < domain::kShortestMeeting || wanted.length > domain::kLongestMeeting ||
      wanted.length % absl::Minutes(1) != absl::ZeroDuration())
    violations.Add("duration", "must be 5 to 480 whole minutes");
  wanted.within.start = request.has_start_time() ? rpc::FromTimestamp(request.start_time()) : now;
  wanted.within.end =
      request.has_end_time() ? rpc::FromTimestamp(request.end_time()) : wanted.within.start + kStandardWindow;
  if (wanted.within.end <= wanted.within.start || wanted.within.end - wanted.within.start > kLongestWindow)
    violations.Add("end_time", "must be after start_time, by at most 31 days");
  if (!request.guest_zone().empty()) {
    const absl::StatusOr<absl::TimeZone> zone = LoadZone(request.guest_zone());
    if (zone.ok()) {
      wanted.guest_zone = *zone;
    } else {
      violations.Add("guest_zone", std::string(zone.status().message()));
    }
  }
  if (request.limit() < 0 || request.limit() > kMostLimit)
    violations.Add("limit", fmt::format("must be 0 to {}", kMostLimit));
  if (request.limit() > 0) wanted.limit = static_cast<size_t>(request.limit());
  RETURN_IF_ERROR(violations.ToStatus());
  return wanted;
}

// The hosts that are asked for, in the order of their turn.
absl::StatusOr<std::vector<store::HostRow>> HostsOf(Transaction& transaction, const Wanted& wanted,
                                                    absl::Time now) {
  std::vector<store::HostRow> hosts;
  if (wanted.hosts.empty()) {
    ASSIGN_OR_RETURN(hosts, store::RoutedHosts(transaction));
  } else {
    ASSIGN_OR_RETURN(hosts, store::ReadHosts(transaction, wanted.hosts));
    for (const std::string& id : wanted.hosts) {
      const auto found =
          std::find_if(hosts.begin(), hosts.end(), [&](const store::HostRow& row) { return row.id == id; });
      if (found == hosts.end()) return rpc::NotFound("hosts/" + id, "host");
      if (!found->host.active) {
        return rpc::Error(absl::StatusCode::kFailedPrecondition, "HOST_INACTIVE",
                          fmt::format("hosts/{} gets no meetings at present", id), {{"host", "hosts/" + id}});
      }
    }
  }
  // No situation is known yet, by which mastery would weigh.
  return changes::InTurn(transaction, std::move(hosts), "", now);
}

v1::Slot SlotOf(const changes::HostTimes& host, absl::Time start, const Wanted& wanted) {
  const absl::TimeZone zone = host.rules.hours.zone;
  v1::Slot slot;
  slot.set_host("hosts/" + host.row.id);
  *slot.mutable_start_time() = rpc::ToTimestamp(start);
  *slot.mutable_end_time() = rpc::ToTimestamp(start + wanted.length);
  slot.set_host_wall_time(absl::FormatTime(kWall, start, zone));
  if (wanted.guest_zone) slot.set_guest_wall_time(absl::FormatTime(kWall, start, *wanted.guest_zone));
  slot.set_repeated_hour(zone.At(absl::ToCivilSecond(start, zone)).kind ==
                         absl::TimeZone::TimeInfo::REPEATED);
  return slot;
}

}  // namespace

absl::StatusOr<v1::FindSlotsResponse> SlotHandlers::FindSlots(rpc::CallContext& context,
                                                              const v1::FindSlotsRequest& request) {
  const absl::Time now = d_.clock.Now();
  ASSIGN_OR_RETURN(const Wanted wanted, WantedOf(request, now));
  return outbox::Read<v1::FindSlotsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::FindSlotsResponse> {
        ASSIGN_OR_RETURN(const std::vector<store::HostRow> hosts, HostsOf(transaction, wanted, now));
        ASSIGN_OR_RETURN(const std::vector<changes::HostTimes> times,
                         changes::ReadHostTimes(transaction, hosts, wanted.within, now));
        v1::FindSlotsResponse response;
        for (const changes::FreeTime& one :
             changes::FreeTimes(times, wanted.length, wanted.within, now, wanted.limit))
          *response.add_slots() = SlotOf(times[one.host], one.start, wanted);
        *response.mutable_as_of() = rpc::ToTimestamp(now);
        return response;
      });
}

}  // namespace finalmile::appointments::handlers
