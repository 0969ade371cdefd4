#include <fmt/format.h>

#include <memory>
#include <optional>

#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "libs/base/status.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/weekly_hours.h"

// The team in whose hours the time to answer counts.
namespace finalmile::cli {
namespace {

using namespace appointments::v1;

absl::StatusOr<ExitCode> Print(Session& session, const absl::StatusOr<Team>& team) {
  RETURN_IF_ERROR(team.status());
  if (session.output.json()) {
    session.output.Json(*team);
    return ExitCode::kOk;
  }
  session.output.Line(
      fmt::format("{}  zone {}, invitations of {}", team->name(), team->zone(), team->organizer_domain()));
  ShowHours(team->weekly_hours(), session.output);
  for (const std::string& day : team->holidays()) session.output.Line("  closed " + day);
  return ExitCode::kOk;
}

std::string TeamName(const std::string& text) { return text.starts_with("teams/") ? text : "teams/" + text; }

Action DeclareTeamShow(Flags& flags) {
  auto name = std::make_shared<std::string>("default");
  flags.OptionalArgument("TEAM", *name, "which (default)");
  return [name](Session& session) {
    GetTeamRequest request;
    request.set_name(TeamName(*name));
    return Print(session, session.Call<Team>("appointments.v1.AppointmentService/GetTeam", request));
  };
}

struct TeamFlags {
  std::string name = "default";
  std::optional<std::string> zone;
  std::vector<std::string> hours;
  std::vector<std::string> holidays;
  std::optional<std::string> domain;
};

absl::StatusOr<ExitCode> SetTeam(Session& session, const TeamFlags& flags) {
  UpdateTeamRequest request;
  Team& team = *request.mutable_team();
  team.set_name(TeamName(flags.name));
  const auto mask = [&](const char* path) { request.mutable_update_mask()->add_paths(path); };
  if (flags.zone) {
    team.set_zone(*flags.zone);
    mask("zone");
  }
  for (const std::string& hours : flags.hours)
    RETURN_IF_ERROR(ParseHours(hours, *team.mutable_weekly_hours()));
  if (!flags.hours.empty()) mask("weekly_hours");
  for (const std::string& day : flags.holidays) {
    if (day != "none") team.add_holidays(day);
  }
  if (!flags.holidays.empty()) mask("holidays");
  if (flags.domain) {
    team.set_organizer_domain(*flags.domain);
    mask("organizer_domain");
  }
  if (request.update_mask().paths().empty())
    return absl::InvalidArgumentError("nothing to change is given; see finalmile teams set --help");
  request.set_request_id(session.NewRequestId());
  return Print(session, session.Call<Team>("appointments.v1.AppointmentService/UpdateTeam", request));
}

Action DeclareTeamSet(Flags& flags) {
  auto given = std::make_shared<TeamFlags>();
  flags.OptionalArgument("TEAM", given->name, "which (default)");
  flags.Text("--zone", "ZONE", given->zone, "where the team works: Europe/Berlin");
  flags.Texts("--hours", "HOURS", given->hours,
              "'Mon-Fri 09:00-18:00'; all hours are replaced; may be repeated");
  flags.Texts("--holiday", "DAY", given->holidays,
              "2026-12-25; all are replaced; may be repeated; none: no day");
  flags.Text("--organizer-domain", "DOMAIN", given->domain, "what the ids of invitations end in");
  return [given](Session& session) { return SetTeam(session, *given); };
}

}  // namespace

void AddTeams(std::vector<Verb>& verbs) {
  verbs.push_back({"teams show", "the team's zone and hours", "finalmile teams show", DeclareTeamShow});
  verbs.push_back({"teams set", "change the team's zone and hours",
                   "finalmile teams set --zone Europe/Berlin --hours 'Mon-Fri 09:00-18:00'", DeclareTeamSet});
}

}  // namespace finalmile::cli
