#include "services/appointments/handlers/calendar_handlers.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/status.h"
#include "libs/base/zone.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/resource_name.h"
#include "services/appointments/domain/calendar_file.h"
#include "services/appointments/store/appointment_store.h"
#include "services/appointments/store/host_store.h"
#include "services/appointments/store/team_store.h"

namespace finalmile::appointments::handlers {
namespace {

using storage::Transaction;

constexpr size_t kMostOfName = 256;
constexpr size_t kMostOfDescription = 4000;
constexpr int kMostChanges = 1000;
constexpr int kMostInFeed = 1000;
// Meetings that are over, and cancelled ones, stay in the feed for so long.
constexpr absl::Duration kKeepInFeed = absl::Hours(24 * 30);

// One @ between a local part and a domain with a dot; nothing that could begin another address, parameter or
// line.
bool IsAddress(std::string_view text) {
  constexpr std::string_view kNever = " \t\r\n\"(),:;<>[\\]";
  const size_t at = text.find('@');
  return text.size() <= 254 && at != std::string_view::npos && at > 0 && text.rfind('@') == at &&
         text.find('.', at) != std::string_view::npos && text.back() != '.' && text[at + 1] != '.' &&
         text.find_first_of(kNever) == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c != 0x7f; });
}

void CheckPerson(const std::string& field, const v1::InvitedPerson& person, bool required,
                 rpc::FieldViolations& violations) {
  if (!required && person.email().empty() && person.name().empty()) return;
  if (!IsAddress(person.email())) violations.Add(field + ".email", "must be an e-mail address");
  if (person.name().size() > kMostOfName) violations.Add(field + ".name", "must have at most 256 bytes");
}

absl::Status Check(const v1::GetInviteRequest& request) {
  rpc::FieldViolations violations;
  CheckPerson("organizer", request.organizer(), true, violations);
  CheckPerson("host", request.host(), true, violations);
  CheckPerson("guest", request.guest(), true, violations);
  CheckPerson("former_host", request.former_host(), false, violations);
  if (request.description().size() > kMostOfDescription)
    violations.Add("description", fmt::format("must have at most {} bytes", kMostOfDescription));
  return violations.ToStatus();
}

// "Berlin" of Europe/Berlin.
std::string CityOf(std::string_view zone) {
  std::string city(zone.substr(zone.rfind('/') + 1));
  std::replace(city.begin(), city.end(), '_', ' ');
  return city;
}

// "UTC+1", "UTC-3:30", "UTC".
std::string OffsetText(absl::Time time, absl::TimeZone zone) {
  const int minutes = zone.At(time).offset / 60;
  if (minutes == 0) return "UTC";
  const int size = std::abs(minutes);
  return fmt::format("UTC{}{}{}", minutes < 0 ? '-' : '+', size / 60,
                     size % 60 == 0 ? "" : fmt::format(":{:02}", size % 60));
}

// The start on one wall: "15:00 Berlin (UTC+1)", with the day where `day` is set.
std::string WallText(absl::Time start, const std::string& zone_name, bool day) {
  const auto zone = LoadZone(zone_name);
  if (!zone.ok()) return "";
  std::string text =
      absl::FormatTime("%H:%M ", start, *zone) + CityOf(zone_name) + " (" + OffsetText(start, *zone) + ")";
  if (day) text = absl::FormatTime("%A %-d %B %Y\n", start, *zone) + text;
  return text;
}

std::string SummaryOf(const store::AppointmentRow& row) {
  if (!row.title.empty()) return row.title;
  return row.situation.empty() ? "Meeting" : "Meeting: " + row.situation;
}

std::string DescriptionOf(const store::AppointmentRow& row, const std::string& more) {
  const absl::Time start = row.appointment.start;
  std::string text = WallText(start, row.zone, /*day=*/true);
  if (!row.guest_zone.empty() && row.guest_zone != row.zone) {
    const auto host = LoadZone(row.zone);
    const auto guest = LoadZone(row.guest_zone);
    const bool other_day =
        host.ok() && guest.ok() && absl::ToCivilDay(start, *host) != absl::ToCivilDay(start, *guest);
    text += "\n" + WallText(start, row.guest_zone, other_day);
  }
  return more.empty() ? text : text + "\n" + more;
}

domain::CalendarMeeting MeetingOf(const store::AppointmentRow& row, const store::TeamRow& team) {
  const domain::Appointment& meeting = row.appointment;
  domain::CalendarMeeting entry;
  entry.uid = fmt::format("{}@{}", row.id, team.team.organizer_domain);
  entry.sequence = meeting.sequence;
  entry.cancelled = meeting.state == domain::AppointmentState::kCancelled;
  entry.stamp = entry.cancelled ? meeting.outcome_time : meeting.booked;
  entry.start = meeting.start;
  entry.end = meeting.end;
  entry.summary = SummaryOf(row);
  entry.description = DescriptionOf(row, "");
  return entry;
}

// Whom the meeting was with before its newest sequence, where that has another host; else empty.
absl::StatusOr<std::string> FormerHost(Transaction& transaction, const store::AppointmentRow& row) {
  ASSIGN_OR_RETURN(const std::vector<store::ChangeRow> changes,
                   store::ListChanges(transaction, row.id, 0, kMostChanges));
  std::string before;
  for (const store::ChangeRow& change : changes) {
    if (change.sequence == row.appointment.sequence) break;
    before = change.host;
  }
  return before == row.appointment.host ? std::string() : before;
}

}  // namespace

absl::StatusOr<v1::GetInviteResponse> CalendarHandlers::GetInvite(rpc::CallContext& context,
                                                                  const v1::GetInviteRequest& request) {
  RETURN_IF_ERROR(Check(request));
  return outbox::Read<v1::GetInviteResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::GetInviteResponse> {
        ASSIGN_OR_RETURN(
            const std::vector<store::AppointmentRow> rows,
            store::ReadAppointments(transaction, {domain::AppointmentId(rpc::IdIn(request.name()))}));
        if (rows.empty()) return rpc::NotFound(request.name(), "appointment");
        const store::AppointmentRow& row = rows.front();
        ASSIGN_OR_RETURN(const store::TeamRow team, store::ReadTeam(transaction));
        domain::CalendarMeeting meeting = MeetingOf(row, team);
        meeting.description = DescriptionOf(row, request.description());
        meeting.organizer_name = request.organizer().name();
        meeting.organizer_email = request.organizer().email();
        meeting.attendees = {{request.host().name(), request.host().email(), true},
                             {request.guest().name(), request.guest().email(), false}};
        v1::GetInviteResponse response;
        response.set_content(domain::InvitationOf(meeting));
        response.set_content_type(
            fmt::format("text/calendar; charset=UTF-8; method={}", meeting.cancelled ? "CANCEL" : "REQUEST"));
        response.set_file_name("invite.ics");
        ASSIGN_OR_RETURN(const std::string former, FormerHost(transaction, row));
        if (former.empty()) return response;
        response.set_former_host("hosts/" + former);
        if (request.former_host().email().empty()) return response;
        meeting.cancelled = true;
        meeting.attendees = {{request.former_host().name(), request.former_host().email(), true}};
        response.set_former_host_content(domain::InvitationOf(meeting));
        return response;
      });
}

absl::StatusOr<v1::GetCalendarFeedResponse> CalendarHandlers::GetCalendarFeed(
    rpc::CallContext& context, const v1::GetCalendarFeedRequest& request) {
  const std::string host = rpc::IdIn(request.host());
  const absl::Time now = d_.clock.Now();
  return outbox::Read<v1::GetCalendarFeedResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::GetCalendarFeedResponse> {
        ASSIGN_OR_RETURN(const std::vector<store::HostRow> hosts, store::ReadHosts(transaction, {host}));
        if (hosts.empty()) return rpc::NotFound(request.host(), "host");
        ASSIGN_OR_RETURN(const store::TeamRow team, store::ReadTeam(transaction));
        ASSIGN_OR_RETURN(const std::vector<store::AppointmentRow> rows,
                         store::MeetingsSince(transaction, host, now - kKeepInFeed, kMostInFeed));
        std::vector<domain::CalendarMeeting> meetings;
        for (const store::AppointmentRow& row : rows) {
          // Nothing of an erased lead's meeting is shown.
          if (!row.lead.empty()) meetings.push_back(MeetingOf(row, team));
        }
        v1::GetCalendarFeedResponse response;
        response.set_content(domain::CalendarOf(host, meetings));
        response.set_content_type("text/calendar; charset=UTF-8");
        return response;
      });
}

}  // namespace finalmile::appointments::handlers
