#pragma once

#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "services/coaching/changes/published_tracks.h"
#include "services/coaching/domain/practice/mastery.h"
#include "services/coaching/store/rep_store.h"

// Fills the events of reps.
namespace finalmile::coaching::changes {

void FillAssigned(const store::AssignmentRow& row, v1::PracticeAssigned& event);

void FillCertificate(const store::CertificateRow& row, v1::CertificateIssued& event);
void FillCertificate(const store::CertificateRow& row, v1::CertificateExpired& event);

// A change of mastery; `envelope` has everything else.
void FillEvent(const PublishedTrack& track, const Mastery& mastery, const MasteryEvent& event,
               v1::CoachingEvent& envelope);

}  // namespace finalmile::coaching::changes
