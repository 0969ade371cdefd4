#include "services/appointments/handlers/team_handlers.h"

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/masks.h"
#include "libs/rpc/violations.h"
#include "services/appointments/handlers/weekly_proto.h"
#include "services/appointments/store/request_store.h"
#include "services/appointments/store/team_store.h"

namespace finalmile::appointments::handlers {
namespace {

using storage::Transaction;

constexpr std::string_view kUpdatable[] = {"zone", "weekly_hours", "holidays", "organizer_domain"};

v1::Team ToProto(const store::TeamRow& row) {
  v1::Team team;
  team.set_name(row.id);
  team.set_etag(rpc::Etag(row.version));
  team.set_zone(row.team.zone);
  AddWeekly(row.team.weekly_hours, *team.mutable_weekly_hours());
  for (const absl::CivilDay& day : row.team.holidays) team.add_holidays(absl::FormatCivilTime(day));
  team.set_organizer_domain(row.team.organizer_domain);
  return team;
}

absl::StatusOr<domain::Team> FromProto(const v1::Team& team) {
  domain::Team result{team.zone(), WeeklyOf(team.weekly_hours()), {}, team.organizer_domain()};
  std::vector<Violation> violations;
  for (int i = 0; i < team.holidays_size(); ++i) {
    absl::CivilDay day;
    if (absl::ParseCivilTime(team.holidays(i), &day)) {
      result.holidays.insert(day);
    } else {
      violations.push_back({fmt::format("holidays[{}]", i), "must be a date such as 2026-12-25"});
    }
  }
  for (Violation& violation : domain::Validate(result)) violations.push_back(std::move(violation));
  RETURN_IF_ERROR(rpc::ToStatus(violations, "team"));
  return result;
}

absl::Status CheckName(std::string_view name) {
  return name == domain::kDefaultTeam ? absl::OkStatus() : rpc::NotFound(name, "team");
}

}  // namespace

absl::StatusOr<v1::Team> TeamHandlers::GetTeam(rpc::CallContext& context, const v1::GetTeamRequest& request) {
  RETURN_IF_ERROR(CheckName(request.name()));
  return outbox::Read<v1::Team>(context, d_.database,
                                [&](Transaction& transaction) -> absl::StatusOr<v1::Team> {
                                  ASSIGN_OR_RETURN(const store::TeamRow row, store::ReadTeam(transaction));
                                  return ToProto(row);
                                });
}

absl::StatusOr<v1::Team> TeamHandlers::UpdateTeam(rpc::CallContext& context,
                                                  const v1::UpdateTeamRequest& request) {
  RETURN_IF_ERROR(CheckName(request.team().name()));
  return outbox::Mutate<v1::Team>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::Team> {
        ASSIGN_OR_RETURN(store::TeamRow row, store::LockTeam(transaction));
        RETURN_IF_ERROR(rpc::CheckEtag(request.team().etag(), row.version, request.team().name()));
        v1::Team merged = ToProto(row);
        RETURN_IF_ERROR(rpc::ApplyMask(request.update_mask(), kUpdatable, request.team(), merged));
        ASSIGN_OR_RETURN(domain::Team team, FromProto(merged));
        if (team == row.team) return ToProto(row);
        row.team = std::move(team);
        ++row.version;
        RETURN_IF_ERROR(store::kTeams.Update(transaction, {{&row}}));
        RETURN_IF_ERROR(store::VisitAll(transaction, now));
        return ToProto(row);
      });
}

}  // namespace finalmile::appointments::handlers
