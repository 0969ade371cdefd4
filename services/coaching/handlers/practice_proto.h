#pragma once

#include <string>
#include <vector>

#include "finalmile/coaching/v1/practice.pb.h"
#include "services/coaching/changes/published_tracks.h"
#include "services/coaching/changes/rep_batch.h"
#include "services/coaching/store/practice_store.h"
#include "services/coaching/store/rep_store.h"

// Practices, mastery, assignments and certificates on the wire. Pure functions.
namespace finalmile::coaching::handlers {

// Without what was said, analysis and reviews.
v1::Practice ToProto(const store::PracticeRow& row);
// Without comments.
v1::Review ToProto(const store::ReviewRow& row);
v1::Assignment ToProto(const store::AssignmentRow& row);
v1::Certificate ToProto(const store::CertificateRow& row);
// `record` is what its last events said; `mastery` is as of `now`.
v1::Mastery ToProto(const std::string& rep, const changes::PublishedTrack& track, const MasteryRecord& record,
                    const Mastery& mastery, absl::Time now);

}  // namespace finalmile::coaching::handlers
