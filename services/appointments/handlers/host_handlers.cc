#include "services/appointments/handlers/host_handlers.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/masks.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "libs/rpc/violations.h"
#include "libs/storage/columns.h"
#include "services/appointments/changes/host_turn.h"
#include "services/appointments/handlers/actor.h"
#include "services/appointments/handlers/weekly_proto.h"
#include "services/appointments/store/appointment_store.h"
#include "services/appointments/store/claim_store.h"
#include "services/appointments/store/host_store.h"
#include "services/appointments/store/team_store.h"

namespace finalmile::appointments::handlers {
namespace {

using storage::Transaction;

constexpr std::string_view kUpdatable[] = {"title",         "active",       "zone",     "weekly_hours",
                                           "buffer_before", "buffer_after", "notice",   "horizon_days",
                                           "daily_cap",     "weight",       "slot_step"};
// Time off that ended is kept for so long.
constexpr absl::Duration kKeepTimeOff = absl::Hours(24 * 30);

std::string NameOf(const std::string& id) { return "hosts/" + id; }

v1::Host ToProto(const store::HostRow& row) {
  v1::Host host;
  host.set_name(NameOf(row.id));
  host.set_etag(rpc::Etag(row.version));
  host.set_title(row.host.title);
  host.set_active(row.host.active);
  host.set_zone(row.host.zone);
  AddWeekly(row.host.weekly_hours, *host.mutable_weekly_hours());
  *host.mutable_buffer_before() = rpc::ToDuration(row.host.buffer_before);
  *host.mutable_buffer_after() = rpc::ToDuration(row.host.buffer_after);
  *host.mutable_notice() = rpc::ToDuration(row.host.notice);
  host.set_horizon_days(static_cast<int32_t>(row.host.horizon_days));
  host.set_daily_cap(static_cast<int32_t>(row.host.daily_cap));
  host.set_weight(row.host.weight);
  *host.mutable_slot_step() = rpc::ToDuration(row.host.slot_step);
  *host.mutable_create_time() = rpc::ToTimestamp(row.create_time);
  *host.mutable_update_time() = rpc::ToTimestamp(row.update_time);
  return host;
}

absl::StatusOr<domain::Host> FromProto(const v1::Host& host) {
  domain::Host result;
  result.title = host.title();
  result.active = host.active();
  result.zone = host.zone();
  result.weekly_hours = WeeklyOf(host.weekly_hours());
  result.buffer_before = rpc::FromDuration(host.buffer_before());
  result.buffer_after = rpc::FromDuration(host.buffer_after());
  result.notice = rpc::FromDuration(host.notice());
  result.horizon_days = host.horizon_days();
  result.daily_cap = host.daily_cap();
  result.slot_step = rpc::FromDuration(host.slot_step());
  result.weight = host.weight();
  RETURN_IF_ERROR(rpc::ToStatus(domain::Validate(result), "host"));
  return result;
}

v1::TimeOff ToProto(const store::TimeOffRow& row) {
  v1::TimeOff time_off;
  time_off.set_name("timeOff/" + row.id);
  time_off.set_host(NameOf(row.host));
  *time_off.mutable_start_time() = rpc::ToTimestamp(row.start_time);
  *time_off.mutable_end_time() = rpc::ToTimestamp(row.end_time);
  return time_off;
}

// Hosts change what is their own, managers everything.
absl::Status CheckOwn(const domain::Actor& actor, const std::string& host) {
  if (actor.manager || actor.name == host) return absl::OkStatus();
  return rpc::Error(absl::StatusCode::kPermissionDenied, "NOT_YOURS",
                    fmt::format("{} is another host; a manager can change it", NameOf(host)),
                    {{"host", NameOf(host)}});
}

absl::Status ManagerOnly(std::string_view what) {
  return rpc::Error(absl::StatusCode::kPermissionDenied, "MANAGER_ONLY",
                    fmt::format("only a manager {}", what));
}

// More meetings than a host can have in any time off that ends within kLongestTimeOff.
constexpr int kMostPlanned = 1000;
constexpr size_t kMostNamed = 5;

// The planned meetings of a host in `within`, locked.
absl::StatusOr<std::vector<store::AppointmentRow>> LockPlanned(Transaction& transaction,
                                                               const std::string& host,
                                                               const domain::Interval& within) {
  ASSIGN_OR_RETURN(const std::vector<store::AppointmentRow> planned,
                   store::PlannedOf(transaction, host, within, kMostPlanned));
  std::vector<domain::AppointmentId> ids;
  for (const store::AppointmentRow& row : planned) ids.push_back(row.id);
  if (ids.empty()) return std::vector<store::AppointmentRow>();
  ASSIGN_OR_RETURN(const storage::Deferred locked,
                   store::kAppointments.DeferLock(transaction, storage::SortedUnique(std::move(ids))));
  RETURN_IF_ERROR(transaction.Settle());
  ASSIGN_OR_RETURN(std::vector<store::AppointmentRow> rows, store::kAppointments.Records(*locked));
  std::erase_if(rows, [&](const store::AppointmentRow& row) {
    return row.appointment.host != host || !domain::IsPlanned(row.appointment) ||
           !within.Overlaps({row.appointment.start, row.appointment.end});
  });
  return rows;
}

absl::Status HasAppointments(const std::vector<store::AppointmentRow>& meetings) {
  std::vector<std::pair<std::string, std::string>> metadata = {{"count", std::to_string(meetings.size())}};
  for (size_t i = 0; i < std::min(meetings.size(), kMostNamed); ++i)
    metadata.emplace_back(fmt::format("appointment_{}", i + 1), domain::NameOf(meetings[i].id));
  return rpc::WithMetadata(
      rpc::Error(
          absl::StatusCode::kFailedPrecondition, "HAS_APPOINTMENTS",
          fmt::format("{} meetings are set in that time: reschedule them, or force it", meetings.size())),
      metadata);
}

absl::Status MarkConflicts(Transaction& transaction, std::vector<store::AppointmentRow>& meetings,
                           bool conflict, absl::Time now) {
  std::vector<const store::AppointmentRow*> changed;
  for (store::AppointmentRow& row : meetings) {
    if (row.appointment.conflict == conflict) continue;
    row.appointment.conflict = conflict;
    ++row.version;
    row.update_time = now;
    changed.push_back(&row);
  }
  return changed.empty() ? absl::OkStatus() : store::kAppointments.Update(transaction, changed);
}

absl::StatusOr<store::HostRow> Existing(Transaction& transaction, const std::string& id) {
  ASSIGN_OR_RETURN(std::vector<store::HostRow> rows, store::ReadHosts(transaction, {id}));
  if (rows.empty()) return rpc::NotFound(NameOf(id), "host");
  return std::move(rows.front());
}

// When a host who is away for so long is back and credited for it; InfiniteFuture: the host takes its turn as
// before.
absl::StatusOr<absl::Time> ReturnOf(const store::HostRow& host, const domain::Interval& away) {
  ASSIGN_OR_RETURN(const domain::HostRules rules, domain::RulesOf(host.host));
  const bool lengthy = domain::WorkingDaysWithin(rules.hours, away) >= domain::kLongAbsenceDays;
  return lengthy ? away.end : absl::InfiniteFuture();
}

// Deletes it; one of which a long absence has passed ends now.
absl::Status EndTimeOff(Transaction& transaction, store::TimeOffRow row, absl::Time now) {
  if (row.start_time < now && now < row.end_time) {
    ASSIGN_OR_RETURN(const store::HostRow host, Existing(transaction, row.host));
    ASSIGN_OR_RETURN(row.due_time, ReturnOf(host, {row.start_time, now}));
    row.end_time = now;
    if (row.due_time == now) return store::kTimeOff.Update(transaction, {{&row}});
  }
  return store::DeleteTimeOff(transaction, row.id);
}

}  // namespace

absl::StatusOr<v1::Host> HostHandlers::UpsertHost(rpc::CallContext& context,
                                                  const v1::UpsertHostRequest& request) {
  const domain::Actor actor = ActorOf(context);
  const std::string id = rpc::IdIn(request.host().name());
  RETURN_IF_ERROR(CheckOwn(actor, id));
  return outbox::Mutate<v1::Host>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::Host> {
        // The team's lock keeps two new hosts from passing the limit together.
        ASSIGN_OR_RETURN(const store::TeamRow team, store::LockTeam(transaction));
        ASSIGN_OR_RETURN(std::vector<store::HostRow> rows, store::LockHosts(transaction, {id}));
        const bool fresh = rows.empty();
        if (fresh) {
          if (!actor.manager) return ManagerOnly("makes a host");
          ASSIGN_OR_RETURN(const int64_t hosts, store::CountHosts(transaction));
          if (hosts >= domain::kMostHosts) {
            return rpc::Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_HOSTS",
                              fmt::format("there are {} hosts already", hosts));
          }
          rows.push_back({id, 0, domain::NewHost(team.team), 0, "", now, now});
        }
        store::HostRow& row = rows.front();
        RETURN_IF_ERROR(rpc::CheckEtag(request.host().etag(), row.version, request.host().name()));
        v1::Host merged = ToProto(row);
        RETURN_IF_ERROR(rpc::ApplyMask(request.update_mask(), kUpdatable, request.host(), merged));
        ASSIGN_OR_RETURN(domain::Host host, FromProto(merged));
        if (!actor.manager && domain::DiffersForManager(host, row.host))
          return ManagerOnly("changes active, horizon_days, daily_cap and weight");
        if (!fresh && host == row.host) return ToProto(row);
        const bool begins = host.active && (fresh || !row.host.active);
        row.host = std::move(host);
        if (begins) RETURN_IF_ERROR(changes::Calibrate(transaction, row, now));
        row.update_time = now;
        ++row.version;
        RETURN_IF_ERROR(fresh ? store::kHosts.Insert(transaction, {{&row}})
                              : store::kHosts.Update(transaction, {{&row}}));
        return ToProto(row);
      });
}

absl::StatusOr<v1::Host> HostHandlers::GetHost(rpc::CallContext& context, const v1::GetHostRequest& request) {
  const std::string id = rpc::IdIn(request.name());
  return outbox::Read<v1::Host>(context, d_.database,
                                [&](Transaction& transaction) -> absl::StatusOr<v1::Host> {
                                  ASSIGN_OR_RETURN(const store::HostRow row, Existing(transaction, id));
                                  return ToProto(row);
                                });
}

absl::StatusOr<v1::ListHostsResponse> HostHandlers::ListHosts(rpc::CallContext& context,
                                                              const v1::ListHostsRequest& request) {
  using Entries = std::vector<rpc::PageEntry<v1::Host>>;
  ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(context.answers(), request, {std::string()}));
  return outbox::Read<v1::ListHostsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListHostsResponse> {
        v1::ListHostsResponse response;
        ASSIGN_OR_RETURN(
            *response.mutable_next_page_token(),
            page.Fill(*response.mutable_hosts(),
                      [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
                        const std::string after = cursor.empty() ? "" : std::get<std::string>(cursor[0]);
                        ASSIGN_OR_RETURN(const std::vector<store::HostRow> rows,
                                         store::ListHosts(transaction, after, count));
                        Entries entries;
                        for (const store::HostRow& row : rows) entries.push_back({ToProto(row), {row.id}});
                        return entries;
                      }));
        return response;
      });
}

absl::StatusOr<v1::TimeOff> HostHandlers::SetTimeOff(rpc::CallContext& context,
                                                     const v1::SetTimeOffRequest& request) {
  const std::string id = rpc::IdIn(request.host());
  RETURN_IF_ERROR(CheckOwn(ActorOf(context), id));
  return outbox::Mutate<v1::TimeOff>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::TimeOff> {
        store::TimeOffRow row{NewUuid(d_.clock, d_.rng), id, rpc::StoredTime(request.start_time()),
                              rpc::StoredTime(request.end_time()), absl::InfiniteFuture()};
        rpc::FieldViolations violations;
        if (!request.has_start_time()) violations.Add("start_time", "is required");
        if (!request.has_end_time() || row.end_time <= row.start_time || row.end_time <= now ||
            row.end_time > now + domain::kLongestTimeOff)
          violations.Add("end_time", "must be after start_time and ahead, by at most 400 days");
        RETURN_IF_ERROR(violations.ToStatus());
        const domain::Interval away{row.start_time, row.end_time};
        // Meetings are locked before hosts; what comes between is found under the host's lock.
        ASSIGN_OR_RETURN(std::vector<store::AppointmentRow> meetings, LockPlanned(transaction, id, away));
        ASSIGN_OR_RETURN(const std::vector<store::HostRow> hosts, store::LockHosts(transaction, {id}));
        if (hosts.empty()) return rpc::NotFound(request.host(), "host");
        ASSIGN_OR_RETURN(row.due_time, ReturnOf(hosts.front(), away));
        ASSIGN_OR_RETURN(const int64_t ahead, store::CountTimeOff(transaction, id, now));
        if (ahead >= domain::kMostTimesOff) {
          return rpc::Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_TIMES_OFF",
                            fmt::format("{} times off of {} are ahead already", ahead, request.host()));
        }
        ASSIGN_OR_RETURN(const std::vector<store::AppointmentRow> now_planned,
                         store::PlannedOf(transaction, id, away, kMostPlanned));
        if (now_planned.size() != meetings.size()) return storage::Conflict("a meeting was booked meanwhile");
        if (!meetings.empty() && !request.force()) return HasAppointments(meetings);
        RETURN_IF_ERROR(MarkConflicts(transaction, meetings, true, now));
        RETURN_IF_ERROR(store::ReleaseHolds(transaction, id, away));
        RETURN_IF_ERROR(store::DeleteEndedTimeOff(transaction, id, now - kKeepTimeOff));
        RETURN_IF_ERROR(store::kTimeOff.Insert(transaction, {{&row}}));
        return ToProto(row);
      });
}

absl::StatusOr<v1::ListTimeOffResponse> HostHandlers::ListTimeOff(rpc::CallContext& context,
                                                                  const v1::ListTimeOffRequest& request) {
  using Entries = std::vector<rpc::PageEntry<v1::TimeOff>>;
  ASSIGN_OR_RETURN(const rpc::Page page,
                   rpc::Page::Of(context.answers(), request, {int64_t{}, std::string()}));
  const std::string id = rpc::IdIn(request.host());
  const absl::Time now = d_.clock.Now();
  return outbox::Read<v1::ListTimeOffResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListTimeOffResponse> {
        RETURN_IF_ERROR(Existing(transaction, id).status());
        v1::ListTimeOffResponse response;
        ASSIGN_OR_RETURN(
            *response.mutable_next_page_token(),
            page.Fill(*response.mutable_time_off(),
                      [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
                        const bool first = cursor.empty();
                        ASSIGN_OR_RETURN(
                            const std::vector<store::TimeOffRow> rows,
                            store::ListTimeOff(
                                transaction, id, now,
                                first ? absl::UnixEpoch() : FromMicros(std::get<int64_t>(cursor[0])),
                                first ? "" : std::get<std::string>(cursor[1]), count));
                        Entries entries;
                        for (const store::TimeOffRow& row : rows)
                          entries.push_back({ToProto(row), {ToMicros(row.start_time), row.id}});
                        return entries;
                      }));
        return response;
      });
}

absl::StatusOr<v1::TimeOff> HostHandlers::DeleteTimeOff(rpc::CallContext& context,
                                                        const v1::DeleteTimeOffRequest& request) {
  const domain::Actor actor = ActorOf(context);
  const std::string id = rpc::IdIn(request.name());
  return outbox::Mutate<v1::TimeOff>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::TimeOff> {
        ASSIGN_OR_RETURN(const storage::Deferred locked, store::kTimeOff.DeferLock(transaction, {id}));
        RETURN_IF_ERROR(transaction.Settle());
        ASSIGN_OR_RETURN(const std::vector<store::TimeOffRow> rows, store::kTimeOff.Records(*locked));
        if (rows.empty()) return rpc::NotFound(request.name(), "time_off");
        const store::TimeOffRow& row = rows.front();
        RETURN_IF_ERROR(CheckOwn(actor, row.host));
        RETURN_IF_ERROR(EndTimeOff(transaction, row, now));
        ASSIGN_OR_RETURN(std::vector<store::AppointmentRow> meetings,
                         LockPlanned(transaction, row.host, {row.start_time, row.end_time}));
        ASSIGN_OR_RETURN(const auto others, store::ReadTimeOff(transaction, {row.host},
                                                               {row.start_time - domain::kLongestMeeting,
                                                                row.end_time + domain::kLongestMeeting}));
        // Another time off may take them as well.
        std::erase_if(meetings, [&](const store::AppointmentRow& meeting) {
          const auto found = others.find(row.host);
          return found != others.end() &&
                 std::any_of(found->second.begin(), found->second.end(), [&](const domain::Interval& away) {
                   return away.Overlaps({meeting.appointment.start, meeting.appointment.end});
                 });
        });
        RETURN_IF_ERROR(MarkConflicts(transaction, meetings, false, now));
        return ToProto(row);
      });
}

}  // namespace finalmile::appointments::handlers
