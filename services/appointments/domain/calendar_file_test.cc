#include "services/appointments/domain/calendar_file.h"

#include <gtest/gtest.h>

#include <sstream>

namespace finalmile::appointments::domain {
namespace {

absl::Time Utc(absl::CivilSecond civil) { return absl::FromCivil(civil, absl::UTCTimeZone()); }

CalendarMeeting Meeting() {
  CalendarMeeting meeting;
  meeting.uid = "0193a7c0-5b1e-7c3a-9a53-2f6f0e7d1b11@finalmile.example";
  meeting.sequence = 2;
  meeting.stamp = Utc(absl::CivilSecond(2026, 12, 1, 9, 15, 0));
  meeting.start = Utc(absl::CivilSecond(2026, 12, 3, 14, 0, 0));
  meeting.end = Utc(absl::CivilSecond(2026, 12, 3, 14, 30, 0));
  meeting.summary = "Erstgespräch: Fracht; Kosten, Zeit \\ Müller & Søn";
  meeting.description =
      "Thursday 3 December 2026\n15:00 Berlin (UTC+1)\r\n09:00 New York (UTC-5)\rDial in: "
      "https://meet.example/r?a=1;b=2,c\nÜber 30 % weniger Leerlauf – größer, schöner, weiter: 🚚🚚🚚🚚🚚🚚🚚🚚🚚🚚🚚🚚";
  meeting.organizer_name = "Kim Lee";
  meeting.organizer_email = "meetings@finalmile.example";
  meeting.attendees = {{"Ruiz, \"Ana\" Ñandú^1", "ana@example.com", false}};
  return meeting;
}

std::vector<std::string> LinesOf(const std::string& file) {
  std::vector<std::string> lines;
  std::istringstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    EXPECT_TRUE(line.ends_with('\r')) << line;
    if (!line.empty()) line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

// What a reader has after unfolding and unescaping the property.
std::string ValueOf(const std::string& file, const std::string& property) {
  std::string unfolded;
  for (const std::string& line : LinesOf(file)) {
    unfolded += line.starts_with(' ') ? line.substr(1) : "\n" + line;
  }
  const size_t begin = unfolded.find("\n" + property + ":");
  if (begin == std::string::npos) return "absent";
  const size_t from = begin + property.size() + 2;
  const std::string value = unfolded.substr(from, unfolded.find('\n', from) - from);
  std::string text;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\') {
      ++i;
      text += value[i] == 'n' ? '\n' : value[i];
    } else {
      text += value[i];
    }
  }
  return text;
}

TEST(CalendarFileTest, AnInvitationIsWrittenAsReadersTakeIt) {
  std::string expected =
      R"(BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//FinalMile//appointments 1//EN
CALSCALE:GREGORIAN
METHOD:REQUEST
BEGIN:VEVENT
UID:0193a7c0-5b1e-7c3a-9a53-2f6f0e7d1b11@finalmile.example
SEQUENCE:2
DTSTAMP:20261201T091500Z
DTSTART:20261203T140000Z
DTEND:20261203T143000Z
SUMMARY:Erstgespräch: Fracht\; Kosten\, Zeit \\ Müller & Søn
DESCRIPTION:Thursday 3 December 2026\n15:00 Berlin (UTC+1)\n09:00 New York@
 (UTC-5)\nDial in: https://meet.example/r?a=1\;b=2\,c\nÜber 30 % weniger L
 eerlauf – größer\, schöner\, weiter: 🚚🚚🚚🚚🚚🚚🚚🚚
 🚚🚚🚚🚚
STATUS:CONFIRMED
TRANSP:OPAQUE
ORGANIZER;CN=Kim Lee:mailto:meetings@finalmile.example
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=
 TRUE;CN="Ruiz, ^'Ana^' Ñandú^^1":mailto:ana@example.com
END:VEVENT
END:VCALENDAR
)";
  std::string with_breaks;
  for (const char c : expected) {
    if (c == '\n') with_breaks += '\r';
    // A space that would stand at the end of a line of this file.
    with_breaks += c == '@' && with_breaks.ends_with("New York") ? ' ' : c;
  }
  EXPECT_EQ(InvitationOf(Meeting()), with_breaks);
}

TEST(CalendarFileTest, ACancellationNamesTheSameMeeting) {
  CalendarMeeting meeting = Meeting();
  meeting.cancelled = true;
  meeting.sequence = 3;
  const std::string file = InvitationOf(meeting);
  EXPECT_EQ(ValueOf(file, "METHOD"), "CANCEL");
  EXPECT_EQ(ValueOf(file, "STATUS"), "CANCELLED");
  EXPECT_EQ(ValueOf(file, "SEQUENCE"), "3");
  EXPECT_EQ(ValueOf(file, "UID"), meeting.uid);
  EXPECT_EQ(ValueOf(file, "DTSTART"), "20261203T140000Z");
}

TEST(CalendarFileTest, LinesAreShortAndNoCharacterIsCut) {
  for (size_t length = 1; length < 200; ++length) {
    for (const char* character : {"a", "é", "漢", "🚚", ",", "\\"}) {
      CalendarMeeting meeting = Meeting();
      meeting.summary.clear();
      for (size_t i = 0; i < length; ++i) meeting.summary += i % 7 == 0 ? "x" : character;
      const std::string file = InvitationOf(meeting);
      EXPECT_EQ(ValueOf(file, "SUMMARY"), meeting.summary);
      for (const std::string& line : LinesOf(file)) {
        EXPECT_LE(line.size(), 75u);
        const std::string_view begin = std::string_view(line).substr(line.starts_with(' ') ? 1 : 0);
        EXPECT_FALSE(!begin.empty() && (static_cast<unsigned char>(begin[0]) & 0xc0) == 0x80) << line;
      }
    }
  }
}

TEST(CalendarFileTest, NoTextBeginsALineOfItsOwn) {
  CalendarMeeting meeting = Meeting();
  const std::string hostile = "x\r\nATTENDEE:mailto:m@example.com\nDTSTART:20300101T000000Z\x01\x7f";
  meeting.uid = meeting.summary = meeting.description = hostile;
  meeting.organizer_name = meeting.organizer_email = hostile;
  meeting.attendees = {{hostile, hostile, true}};
  int attendees = 0, starts = 0;
  for (const std::string& line : LinesOf(InvitationOf(meeting))) {
    attendees += line.starts_with("ATTENDEE");
    starts += line.starts_with("DTSTART");
  }
  EXPECT_EQ(attendees, 1);
  EXPECT_EQ(starts, 1);
}

TEST(CalendarFileTest, ACalendarHoldsNobodysAddress) {
  const std::string file = CalendarOf("Kim; Lee", {Meeting(), Meeting()});
  EXPECT_EQ(ValueOf(file, "X-WR-CALNAME"), "Kim; Lee");
  EXPECT_EQ(ValueOf(file, "METHOD"), "absent");
  EXPECT_EQ(file.find("mailto:"), std::string::npos);
  size_t events = 0;
  for (const std::string& line : LinesOf(file)) events += line == "BEGIN:VEVENT" ? 1 : 0;
  EXPECT_EQ(events, 2u);
}

}  // namespace
}  // namespace finalmile::appointments::domain
