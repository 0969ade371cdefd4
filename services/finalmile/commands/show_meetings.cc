#include "services/finalmile/commands/show_meetings.h"

#include <fmt/format.h>

#include <set>

#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/host_name.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/output/moment.h"

namespace finalmile::cli {
namespace {

using appointments::v1::Appointment;

// " = 09:00 New York (host)" where the clock there shows another time; empty: it does not, or the zone is not
// known here.
std::string OtherWall(const std::string& zone_name, absl::Time start, absl::TimeZone own,
                      std::string_view whose) {
  absl::TimeZone zone;
  if (zone_name.empty() || !absl::LoadTimeZone(zone_name, &zone)) return "";
  if (absl::ToCivilSecond(start, zone) == absl::ToCivilSecond(start, own)) return "";
  const bool same_day = absl::ToCivilDay(start, zone) == absl::ToCivilDay(start, own);
  return fmt::format(" = {} {} ({})", absl::FormatTime(same_day ? "%H:%M" : "%a %H:%M", start, zone),
                     PlaceOf(zone, start), whose);
}

std::string Who(const Appointment& meeting, const LeadsByName& leads) {
  if (meeting.lead().empty()) return "(erased)";
  const auto lead = leads.find(meeting.lead());
  return lead == leads.end() ? meeting.lead() : WhoIs(lead->second);
}

std::string Company(const Appointment& meeting, const LeadsByName& leads) {
  const auto lead = leads.find(meeting.lead());
  return lead == leads.end() || lead->second.company().empty() ? "-" : lead->second.company();
}

absl::StatusOr<LeadsByName> LeadsOf(Session& session, const std::vector<Appointment>& meetings) {
  std::set<std::string> names;
  for (const Appointment& meeting : meetings) names.insert(meeting.lead());
  return ReadLeads(session, names);
}

}  // namespace

std::string StateText(const Appointment& meeting) {
  std::string text = EnumText(Appointment::State_Name(meeting.state()), "STATE_");
  if (meeting.state() == Appointment::STATE_CANCELLED) {
    text += meeting.cancelled_by() == appointments::v1::CANCELLED_BY_GUEST ? " by the guest" : " by us";
    if (!meeting.cancel_reason().empty()) text += ": " + meeting.cancel_reason();
  }
  if (meeting.state() == Appointment::STATE_SCHEDULED &&
      meeting.partstat() > appointments::v1::PART_STAT_NEEDS_ACTION) {
    text +=
        ", the guest replied " + EnumText(appointments::v1::PartStat_Name(meeting.partstat()), "PART_STAT_");
  }
  if (meeting.has_qualified())
    text += meeting.qualified() ? ", qualified" : ", not qualified: " + meeting.qualify_reason();
  if (meeting.conflict()) text += ", THE HOST IS AWAY";
  if (meeting.zone_shifted())
    text += ", IT WAS AGREED AS " + meeting.wall_start().substr(11) + " " + meeting.zone();
  if (meeting.outcome_missing() > 0) text += ", NO OUTCOME YET";
  return text;
}

std::string WhenText(const Appointment& meeting, const Session& session) {
  const absl::TimeZone own = session.output.zone();
  const absl::Time start = rpc::FromTimestamp(meeting.start_time());
  const absl::Time end = rpc::FromTimestamp(meeting.end_time());
  std::string text = FormatMoment(start, session.clock.Now(), own);
  // Behind the start's hour and minute stands the place.
  const std::string hour = absl::FormatTime("%H:%M", start, own);
  text.replace(text.find(hour), hour.size(), hour + "–" + absl::FormatTime("%H:%M", end, own));
  return text + OtherWall(meeting.zone(), start, own, "host") +
         OtherWall(meeting.guest_zone(), start, own, "guest");
}

absl::Status ShowMeetings(const std::vector<Appointment>& meetings, Session& session) {
  ASSIGN_OR_RETURN(const LeadsByName leads, LeadsOf(session, meetings));
  Table table({{"when"},
               {"who", Align::kLeft, true},
               {"company", Align::kLeft, true},
               {"host"},
               {"setter"},
               {"state", Align::kLeft, true},
               {"name"}});
  for (const Appointment& meeting : meetings) {
    table.Add({WhenText(meeting, session), Who(meeting, leads), Company(meeting, leads),
               HostText(meeting.host()), meeting.setter(), StateText(meeting), meeting.name()});
  }
  session.output.Show(table);
  return absl::OkStatus();
}

absl::Status ShowMeeting(const Appointment& meeting, Session& session) {
  ASSIGN_OR_RETURN(const LeadsByName leads, LeadsOf(session, {meeting}));
  session.output.Line(fmt::format("{}  {}", StateText(meeting), WhenText(meeting, session)));
  session.output.Line(fmt::format("  {}, {}  host {}, set by {}  {}", Who(meeting, leads),
                                  Company(meeting, leads), HostText(meeting.host()), meeting.setter(),
                                  meeting.name()));
  return absl::OkStatus();
}

}  // namespace finalmile::cli
