#include "services/appointments/domain/calendar_file.h"

#include <fmt/format.h>

#include "libs/base/text.h"

namespace finalmile::appointments::domain {
namespace {

// Octets of a line without its line break, RFC 5545, 3.1.
constexpr size_t kLine = 75;

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool ContinuesCharacter(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// One content line, folded before a character where it is too long.
void AppendLine(std::string& file, std::string_view line) {
  for (size_t room = kLine; line.size() > room; room = kLine - 1) {
    size_t cut = room;
    while (cut > 0 && ContinuesCharacter(line[cut])) --cut;
    file.append(line.substr(0, cut)).append("\r\n ");
    line.remove_prefix(cut);
  }
  file.append(line).append("\r\n");
}

// The value of a TEXT property, RFC 5545, 3.3.11.
std::string Text(std::string_view text) {
  std::string value;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (c == '\r' || c == '\n') {
      value += "\\n";
    } else if (!IsControl(c)) {
      if (c == '\\' || c == ';' || c == ',') value += '\\';
      value += c;
    }
  }
  return value;
}

// The value of a parameter, RFC 6868; in quotes where it holds a sign that ends one.
std::string Parameter(std::string_view text) {
  std::string value;
  for (const char c : text) {
    if (c == '^') {
      value += "^^";
    } else if (c == '"') {
      value += "^'";
    } else if (c == '\n') {
      value += "^n";
    } else if (c == '\\') {
      // It means nothing there, and readers take it for an escape all the same.
      value += '/';
    } else if (!IsControl(c)) {
      value += c;
    }
  }
  return value.find_first_of(":;,") == std::string::npos ? value : fmt::format("\"{}\"", value);
}

std::string Address(std::string_view email) {
  std::string address = "mailto:";
  for (const char c : email) {
    if (!IsControl(c)) address += c;
  }
  return address;
}

std::string Utc(absl::Time time) { return absl::FormatTime("%Y%m%dT%H%M%SZ", time, absl::UTCTimeZone()); }

// Readers take a property or a parameter without a value for a fault.
void AppendText(std::string& file, std::string_view property, std::string_view text) {
  if (!Trim(text).empty()) AppendLine(file, fmt::format("{}:{}", property, Text(text)));
}
std::string CommonName(std::string_view name) {
  return Trim(name).empty() ? std::string() : ";CN=" + Parameter(name);
}

void Begin(std::string& file) {
  AppendLine(file, "BEGIN:VCALENDAR");
  AppendLine(file, "VERSION:2.0");
  AppendLine(file, "PRODID:-//FinalMile//appointments 1//EN");
  AppendLine(file, "CALSCALE:GREGORIAN");
}

void AppendEvent(std::string& file, const CalendarMeeting& meeting, bool with_people) {
  AppendLine(file, "BEGIN:VEVENT");
  AppendLine(file, fmt::format("UID:{}", Text(meeting.uid)));
  AppendLine(file, fmt::format("SEQUENCE:{}", meeting.sequence));
  AppendLine(file, fmt::format("DTSTAMP:{}", Utc(meeting.stamp)));
  AppendLine(file, fmt::format("DTSTART:{}", Utc(meeting.start)));
  AppendLine(file, fmt::format("DTEND:{}", Utc(meeting.end)));
  AppendText(file, "SUMMARY", meeting.summary);
  AppendText(file, "DESCRIPTION", meeting.description);
  AppendLine(file, meeting.cancelled ? "STATUS:CANCELLED" : "STATUS:CONFIRMED");
  AppendLine(file, "TRANSP:OPAQUE");
  if (with_people) {
    AppendLine(file, fmt::format("ORGANIZER{}:{}", CommonName(meeting.organizer_name),
                                 Address(meeting.organizer_email)));
    for (const Attendee& attendee : meeting.attendees) {
      AppendLine(file,
                 fmt::format("ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;{}{}:{}",
                             attendee.accepted ? "PARTSTAT=ACCEPTED" : "PARTSTAT=NEEDS-ACTION;RSVP=TRUE",
                             CommonName(attendee.name), Address(attendee.email)));
    }
  }
  AppendLine(file, "END:VEVENT");
}

}  // namespace

std::string InvitationOf(const CalendarMeeting& meeting) {
  std::string file;
  Begin(file);
  AppendLine(file, meeting.cancelled ? "METHOD:CANCEL" : "METHOD:REQUEST");
  AppendEvent(file, meeting, /*with_people=*/true);
  AppendLine(file, "END:VCALENDAR");
  return file;
}

std::string CalendarOf(std::string_view name, const std::vector<CalendarMeeting>& meetings) {
  std::string file;
  Begin(file);
  AppendLine(file, fmt::format("X-WR-CALNAME:{}", Text(name)));
  for (const CalendarMeeting& meeting : meetings) AppendEvent(file, meeting, /*with_people=*/false);
  AppendLine(file, "END:VCALENDAR");
  return file;
}

}  // namespace finalmile::appointments::domain
