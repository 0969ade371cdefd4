#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "finalmile/appointments/v1/appointment.pb.h"
#include "services/finalmile/commands/show_requests.h"
#include "services/finalmile/session.h"

// How meetings look to people.
namespace finalmile::cli {

// "scheduled", "cancelled by us: ill", "held, qualified".
std::string StateText(const appointments::v1::Appointment& meeting);
// The start and end on the user's wall, and the start on that of the host and of the guest where theirs show
// another time: "Thu 3 Dec 15:00–15:30 Madrid = 09:00 New York (host)".
std::string WhenText(const appointments::v1::Appointment& meeting, const Session& session);

// One row per meeting: when, who, company, host, setter, what became of it.
absl::Status ShowMeetings(const std::vector<appointments::v1::Appointment>& meetings, Session& session);
// One, after a change.
absl::Status ShowMeeting(const appointments::v1::Appointment& meeting, Session& session);

}  // namespace finalmile::cli
