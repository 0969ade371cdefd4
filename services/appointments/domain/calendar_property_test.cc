#include <gtest/gtest.h>
#include <libical/ical.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <memory>
#include <sstream>

#include "libs/base/text.h"
#include "services/appointments/domain/calendar_file.h"

// What we print is what another program reads: libical, which mail programs use. It is asked for grammar and
// text, not for instants (they are in UTC).
namespace finalmile::appointments::domain {
namespace {

using Component = std::unique_ptr<icalcomponent, void (*)(icalcomponent*)>;

// Characters that mean something to the format, and such of two, three and four bytes.
rc::Gen<std::string> AnyText() {
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(
                          rc::gen::elementOf(std::vector<std::string>{"a",
                                                                      "B",
                                                                      " ",
                                                                      ",",
                                                                      ";",
                                                                      ":",
                                                                      "\\",
                                                                      "\"",
                                                                      "^",
                                                                      "'",
                                                                      "\n",
                                                                      "é",
                                                                      "ß",
                                                                      "ﬁ",
                                                                      "東",
                                                                      "🚚",
                                                                      "BEGIN:VEVENT",
                                                                      "n",
                                                                      "\r\nATTENDEE:mailto:x@example.com",
                                                                      "=",
                                                                      "0"})),
                      [](const std::vector<std::string>& parts) {
                        std::string text;
                        for (const std::string& part : parts) text += part;
                        return text;
                      });
}

// As libical has it: one sign for a line break, no spaces at the ends; what is blank is left out by us.
std::string AsRead(std::string text) {
  if (Trim(text).empty()) return "";
  for (size_t at; (at = text.find("\r\n")) != std::string::npos;) text.replace(at, 2, "\n");
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

CalendarMeeting MeetingWith(const std::string& summary, const std::string& description,
                            const std::string& name) {
  CalendarMeeting meeting;
  meeting.uid = "0193a7c0-5b1e-7c3a-9a53-2f6f0e7d1b11@finalmile.example";
  meeting.sequence = 3;
  meeting.stamp = absl::FromUnixSeconds(1'796'100'000);
  meeting.start = absl::FromUnixSeconds(1'796'306'400);
  meeting.end = meeting.start + absl::Minutes(30);
  meeting.summary = summary;
  meeting.description = description;
  meeting.organizer_name = name;
  meeting.organizer_email = "meetings@finalmile.example";
  meeting.attendees = {{name, "ana@example.com", false}};
  return meeting;
}

RC_GTEST_PROP(CalendarFileProperty, LibicalReadsWhatWasWritten, ()) {
  const std::string summary = *AnyText();
  const std::string description = "x" + *AnyText();
  const std::string name = *AnyText();
  const std::string file = InvitationOf(MeetingWith(summary, description, name));

  const Component calendar(icalparser_parse_string(file.c_str()), &icalcomponent_free);
  const bool parsed = calendar != nullptr;
  RC_ASSERT(parsed);
  RC_ASSERT(icalcomponent_count_errors(calendar.get()) == 0);
  RC_ASSERT(icalcomponent_count_components(calendar.get(), ICAL_VEVENT_COMPONENT) == 1);
  icalcomponent* event = icalcomponent_get_first_component(calendar.get(), ICAL_VEVENT_COMPONENT);
  RC_ASSERT(icalcomponent_count_properties(event, ICAL_ATTENDEE_PROPERTY) == 1);
  RC_ASSERT(icalcomponent_get_sequence(event) == 3);
  const char* read = icalcomponent_get_summary(event);
  RC_ASSERT(AsRead(summary) == std::string(read == nullptr ? "" : read));
  RC_ASSERT(AsRead(description) == std::string(icalcomponent_get_description(event)));
  RC_ASSERT(icaltime_as_timet(icalcomponent_get_dtstart(event)) == 1'796'306'400);
  const std::string attendee =
      icalproperty_get_attendee(icalcomponent_get_first_property(event, ICAL_ATTENDEE_PROPERTY));
  RC_ASSERT(attendee == "mailto:ana@example.com");
}

RC_GTEST_PROP(CalendarFileProperty, NoLineIsTooLongOrCutInACharacter, ()) {
  const std::string file = InvitationOf(MeetingWith(*AnyText(), *AnyText(), *AnyText()));
  std::istringstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    RC_ASSERT(line.ends_with('\r'));
    line.pop_back();
    RC_ASSERT(line.size() <= 75u);
    RC_ASSERT(IsUtf8(line));
  }
  RC_ASSERT(InvitationOf(MeetingWith("a", "b", "c")) == InvitationOf(MeetingWith("a", "b", "c")));
}

}  // namespace
}  // namespace finalmile::appointments::domain
