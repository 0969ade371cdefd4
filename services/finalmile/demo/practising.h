#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "finalmile/appointments/v1/appointment_service.pb.h"
#include "finalmile/coaching/v1/practice_service.pb.h"
#include "libs/base/clock.h"
#include "libs/rpc/client.h"
#include "services/finalmile/output/output.h"
#include "services/finalmile/session.h"

namespace finalmile::cli {

// How a host of the sample learns to talk about the situation of its meetings: ben practises the talk track
// until he masters it, and rehearses when it is time; cora reviews; ana, the other host, does not practise.
// The same for equal meetings.
class Practising {
 public:
  // Channels on which everybody is who they are.
  struct Channels {
    rpc::Channel& admin;
    rpc::Channel& ben;
    rpc::Channel& cora;
  };
  // `clock` is the sample's. The references outlive it.
  Practising(Session& session, Channels channels, Clock& clock)
      : session_(session), channels_(channels), clock_(clock) {}

  // Makes and publishes the talk track.
  absl::Status Begin();
  // The end of a day, counted from 0, a Monday.
  absl::Status PlayDay(size_t day);
  // What ben has practised, what it changed for the meetings, and what ana was to rehearse.
  absl::Status Show(Output& output);

 private:
  template <class Response>
  absl::StatusOr<Response> Call(rpc::Channel& channel, std::string_view method,
                                const google::protobuf::Message& request) {
    return channel.Call<Response>("/finalmile." + std::string(method), request,
                                  {.timeout = session_.timeout});
  }
  // The next of what ben does until he masters the track.
  absl::Status PractiseNext();
  absl::Status ReviewAll();
  absl::Status RehearseIfDue();
  // Keeps what ana is to rehearse before her meetings.
  absl::Status NoteRehearsals();
  absl::Status ShowPractices(const coaching::v1::GetMasteryResponse& mastery,
                             const coaching::v1::ListCertificatesResponse& certificates, Session& at);
  // `meetings` are those in the track's situation.
  void ShowRouting(const coaching::v1::ListCertificatesResponse& certificates,
                   const appointments::v1::ListAppointmentsResponse& meetings, Session& at);
  void ShowRehearsals(const appointments::v1::ListAppointmentsResponse& meetings, Session& at);

  Session& session_;
  const Channels channels_;
  Clock& clock_;
  std::string track_;
  size_t practised_ = 0;
  // By the name of the assignment.
  std::map<std::string, coaching::v1::DuePractice> rehearsals_;
};

}  // namespace finalmile::cli
