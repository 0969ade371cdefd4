#pragma once

#include <fmt/format.h>

#include <string>

#include "absl/status/statusor.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "services/finalmile/flags.h"
#include "services/finalmile/lead_name.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// Which meeting a verb is about.
struct MeetingTarget {
  std::string meeting;
  std::string lead;

  void Declare(Flags& flags) {
    flags.Text("--meeting", "NAME", meeting,
               "the meeting (your own: the one that began last, else the next)");
    flags.Text("--lead", "LEAD", lead, fmt::format("the lead whose meeting it is: {}", kLeadHelp));
  }
  absl::StatusOr<appointments::v1::Appointment> Find(Session& session) const {
    appointments::v1::GetAppointmentRequest get;
    get.set_name(meeting.empty() ? "appointments/-" : FullName());
    if (meeting.empty() && !lead.empty()) {
      ASSIGN_OR_RETURN(*get.mutable_lead(), ResolveLead(session, lead));
    }
    auto found =
        session.Call<appointments::v1::Appointment>("appointments.v1.AppointmentService/GetAppointment", get);
    if (rpc::ReasonOf(found.status()) == "NO_CURRENT_APPOINTMENT")
      return absl::NotFoundError("you have no planned meeting; name one with --lead or --meeting");
    return found;
  }
  absl::StatusOr<std::string> Name(Session& session) const {
    if (!meeting.empty()) return FullName();
    ASSIGN_OR_RETURN(const appointments::v1::Appointment found, Find(session));
    return found.name();
  }

 private:
  std::string FullName() const {
    return meeting.starts_with("appointments/") ? meeting : "appointments/" + meeting;
  }
};

}  // namespace finalmile::cli
