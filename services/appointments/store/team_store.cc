#include "services/appointments/store/team_store.h"

#include "libs/base/status.h"
#include "services/appointments/store/encoding.h"

namespace finalmile::appointments::store {
namespace {

using domain::Team;
using storage::In;
using storage::Row;
using storage::Value;

}  // namespace

const storage::Table<TeamRow> kTeams(
    "teams", {"id"},
    {{"id", &TeamRow::id},
     {"version", &TeamRow::version},
     {"zone", In(&TeamRow::team, &Team::zone)},
     {"weekly_hours", "TEXT", [](const TeamRow& row) -> Value { return EncodeWeekly(row.team.weekly_hours); },
      [](const Row& row, size_t column, TeamRow& record) -> absl::Status {
        ASSIGN_OR_RETURN(record.team.weekly_hours, DecodeWeekly(row.Text(column)));
        return absl::OkStatus();
      }},
     {"holidays", "TEXT", [](const TeamRow& row) -> Value { return EncodeDays(row.team.holidays); },
      [](const Row& row, size_t column, TeamRow& record) -> absl::Status {
        ASSIGN_OR_RETURN(record.team.holidays, DecodeDays(row.Text(column)));
        return absl::OkStatus();
      }},
     {"organizer_domain", In(&TeamRow::team, &Team::organizer_domain)}});

absl::StatusOr<storage::Deferred> DeferTeam(storage::Transaction& transaction) {
  return kTeams.DeferRead(transaction, {std::string(domain::kDefaultTeam)});
}

absl::StatusOr<TeamRow> TeamIn(const storage::Result& read) {
  ASSIGN_OR_RETURN(const std::vector<TeamRow> rows, kTeams.Records(read));
  return rows.empty() ? TeamRow() : rows.front();
}

absl::StatusOr<TeamRow> ReadTeam(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(const storage::Deferred read, DeferTeam(transaction));
  RETURN_IF_ERROR(transaction.Settle());
  return TeamIn(*read);
}

absl::StatusOr<TeamRow> LockTeam(storage::Transaction& transaction) {
  const TeamRow standard;
  RETURN_IF_ERROR(kTeams.InsertAbsent(transaction, {{&standard}}));
  ASSIGN_OR_RETURN(const storage::Deferred locked,
                   kTeams.DeferLock(transaction, {std::string(domain::kDefaultTeam)}));
  RETURN_IF_ERROR(transaction.Settle());
  return TeamIn(*locked);
}

}  // namespace finalmile::appointments::store
