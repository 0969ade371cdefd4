#include "services/coaching/changes/names.h"

#include "finalmile/coaching/v1/practice.pb.h"
#include "finalmile/coaching/v1/talk_track.pb.h"
#include "libs/rpc/resource_name.h"

namespace finalmile::coaching::changes {
namespace {

using finalmile::v1::ResourceName;

const ResourceName& Tracks() {
  static const ResourceName& form = rpc::FormOf<v1::TalkTrack>("name");
  return form;
}
const ResourceName& Practices() {
  static const ResourceName& form = rpc::FormOf<v1::Practice>("name");
  return form;
}
const ResourceName& Examples() {
  static const ResourceName& form = rpc::FormOf<v1::Example>("name");
  return form;
}
const ResourceName& Reps() {
  static const ResourceName& form = rpc::FormOf<v1::Practice>("rep");
  return form;
}
const ResourceName& Assignments() {
  static const ResourceName& form = rpc::FormOf<v1::Assignment>("name");
  return form;
}
const ResourceName& Certificates() {
  static const ResourceName& form = rpc::FormOf<v1::Certificate>("name");
  return form;
}
const ResourceName& Appointments() {
  static const ResourceName& form = rpc::FormOf<v1::Assignment>("appointments");
  return form;
}

}  // namespace

std::string NameOf(const TalkTrackId& track) { return rpc::NameOf(track.text(), Tracks()); }
std::string NameOf(const PracticeId& practice) { return rpc::NameOf(practice.text(), Practices()); }
std::string ExampleName(std::string_view id) { return rpc::NameOf(id, Examples()); }
std::string RepName(std::string_view rep) { return rpc::NameOf(rep, Reps()); }
std::string AssignmentName(std::string_view id) { return rpc::NameOf(id, Assignments()); }
std::string CertificateName(std::string_view id) { return rpc::NameOf(id, Certificates()); }
std::string AppointmentName(std::string_view id) { return rpc::NameOf(id, Appointments()); }
bool NamesAppointment(std::string_view name) { return rpc::Fits(name, Appointments()); }

std::string_view TrackCollection() { return rpc::CollectionOf(Tracks()); }
std::string_view RepCollection() { return rpc::CollectionOf(Reps()); }

}  // namespace finalmile::coaching::changes
