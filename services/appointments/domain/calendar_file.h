#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace finalmile::appointments::domain {

// Meetings as iCalendar files (RFC 5545, with RFC 6868 for parameters and RFC 5546 for invitations). Times
// are in UTC: a single meeting needs no VTIMEZONE. Nothing depends on the moment of the call, so that the
// same meeting gives the same bytes. Text may hold anything: control characters are left out but for line
// breaks, and no text can begin a line of its own. Pure functions.

struct Attendee {
  std::string name;
  std::string email;
  // A host has accepted; a guest is asked.
  bool accepted = false;
};

struct CalendarMeeting {
  // The same for every version of a meeting.
  std::string uid;
  // Rises with every change.
  int64_t sequence = 0;
  // When that version was made.
  absl::Time stamp;
  absl::Time start;
  absl::Time end;
  std::string summary;
  std::string description;
  bool cancelled = false;
  std::string organizer_name;
  std::string organizer_email;
  std::vector<Attendee> attendees;
};

// What is sent to those who attend: a REQUEST, or a CANCEL of a meeting that was cancelled.
std::string InvitationOf(const CalendarMeeting& meeting);

// A calendar to subscribe to: meetings without attendees, cancelled ones among them.
std::string CalendarOf(std::string_view name, const std::vector<CalendarMeeting>& meetings);

}  // namespace finalmile::appointments::domain
