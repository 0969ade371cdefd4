#pragma once

#include <string>
#include <string_view>

#include "finalmile/v1/annotations.pb.h"
#include "services/coaching/domain/ids.h"

// The names of resources, as the contracts say how they are written. Pure functions.
namespace finalmile::coaching::changes {

std::string NameOf(const TalkTrackId& track);
std::string NameOf(const PracticeId& practice);
std::string ExampleName(std::string_view id);
// `rep` is the name of the principal.
std::string RepName(std::string_view rep);
std::string AssignmentName(std::string_view id);
std::string CertificateName(std::string_view id);
// The name of a meeting, which is another service's.
std::string AppointmentName(std::string_view id);
bool NamesAppointment(std::string_view name);

// What the names of a kind begin with: "talkTracks/", "reps/". They live as long as the program.
std::string_view TrackCollection();
std::string_view RepCollection();

}  // namespace finalmile::coaching::changes
