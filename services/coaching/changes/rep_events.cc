#include "services/coaching/changes/rep_events.h"

#include "libs/rpc/timestamps.h"
#include "services/coaching/changes/names.h"

namespace finalmile::coaching::changes {
namespace {

template <class Event>
void Fill(const store::CertificateRow& row, Event& event) {
  event.set_certificate(CertificateName(row.id));
  event.set_talk_track(NameOf(row.track));
  event.set_version(row.certificate.track_version);
  if (row.certificate.valid_until != absl::InfiniteFuture())
    *event.mutable_valid_until() = rpc::ToTimestamp(row.certificate.valid_until);
}

struct Filler {
  const PublishedTrack& track;
  const Mastery& mastery;
  v1::CoachingEvent& envelope;

  void operator()(const Mastered&) const {
    v1::TalkTrackMastered& event = Begin(*envelope.mutable_talk_track_mastered());
    event.set_version(mastery.mastered_version);
    *event.mutable_mastered_time() = rpc::ToTimestamp(mastery.mastered_time);
    *event.mutable_next_rehearsal_time() = rpc::ToTimestamp(mastery.rehearsal_time);
    *event.mutable_lapse_time() = rpc::ToTimestamp(mastery.lapse_time);
  }
  void operator()(const RehearsalCalled& called) const {
    Begin(*envelope.mutable_rehearsal_due()).set_retrievability(called.retrievability);
  }
  void operator()(const Lapsed& lapsed) const {
    Begin(*envelope.mutable_mastery_lapsed()).set_reason(static_cast<v1::LapseReason>(lapsed.reason));
  }

  template <class Event>
  Event& Begin(Event& event) const {
    event.set_talk_track(NameOf(track.id));
    event.set_situation(track.situation);
    return event;
  }
};

}  // namespace

void FillAssigned(const store::AssignmentRow& row, v1::PracticeAssigned& event) {
  event.set_assignment(AssignmentName(row.id));
  event.set_talk_track(NameOf(row.track));
  event.set_kind(static_cast<v1::Assignment::Kind>(row.assignment.kind));
  event.set_criterion(row.criterion);
  if (row.assignment.due_time != absl::InfiniteFuture())
    *event.mutable_due_time() = rpc::ToTimestamp(row.assignment.due_time);
  for (const std::string& appointment : row.appointments)
    event.add_appointments(AppointmentName(appointment));
  event.set_by(row.by);
}

void FillCertificate(const store::CertificateRow& row, v1::CertificateIssued& event) { Fill(row, event); }
void FillCertificate(const store::CertificateRow& row, v1::CertificateExpired& event) { Fill(row, event); }

void FillEvent(const PublishedTrack& track, const Mastery& mastery, const MasteryEvent& event,
               v1::CoachingEvent& envelope) {
  std::visit(Filler{track, mastery, envelope}, event);
}

}  // namespace finalmile::coaching::changes
