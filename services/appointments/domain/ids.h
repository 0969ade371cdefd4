#pragma once

#include <string>
#include <string_view>

#include "libs/base/strong_id.h"

// How the service tells resources apart, its own and those of others.
namespace finalmile::appointments::domain {

// UUIDs, without the collection of the resource's name.
using AppointmentId = StrongId<struct AppointmentIdKind>;
using RequestId = StrongId<struct RequestIdKind>;

// A name is the collection with an id behind.
inline constexpr std::string_view kAppointmentCollection = "appointments/";
inline constexpr std::string_view kRequestCollection = "meetingRequests/";
inline std::string NameOf(const AppointmentId& id) { return std::string(kAppointmentCollection) + id.text(); }
inline std::string NameOf(const RequestId& id) { return std::string(kRequestCollection) + id.text(); }

// The name of a lead, which is another service's: "leads/{lead}".
using LeadName = StrongId<struct LeadNameKind>;

}  // namespace finalmile::appointments::domain
