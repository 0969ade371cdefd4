#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/table.h"
#include "services/coaching/domain/ids.h"
#include "services/coaching/domain/practice/assignment.h"
#include "services/coaching/domain/practice/certificate.h"
#include "services/coaching/domain/practice/low_scores.h"
#include "services/coaching/domain/practice/mastery.h"

namespace finalmile::coaching::store {

// A rep, whose row is locked by whoever changes anything of the rep: practices, reviews, assignments,
// mastery and certificates.
struct RepRow {
  // The name of the principal.
  std::string id;
  // The seq of the last event with this rep as key.
  int64_t seq = 0;
  // When time changes something of the rep; InfiniteFuture: never.
  absl::Time due_time = absl::InfiniteFuture();
};
extern const storage::Table<RepRow> kReps;
// These reps fall due at `now`; those that were due before it stay so. Deferred.
absl::Status VisitReps(storage::Transaction& transaction, const std::vector<std::string>& reps,
                       absl::Time now);
// As VisitReps, all reps to whom it matters that these tracks were published: who has practised one, who
// is to rehearse one before a meeting, and who has a meeting ahead in the situation of one. Deferred.
absl::Status VisitRepsOf(storage::Transaction& transaction, const std::vector<TalkTrackId>& tracks,
                         absl::Time now);

// The mastery of a track by a rep, as it was published last.
struct MasteryRow {
  std::string rep;
  TalkTrackId track;
  MasteryRecord record;

  friend bool operator==(const MasteryRow&, const MasteryRow&) = default;
};
extern const storage::Table<MasteryRow> kMasteries;
absl::StatusOr<std::vector<MasteryRow>> ReadMasteries(storage::Transaction& transaction,
                                                      const std::string& rep);
// How many reps there are in each state, by track.
absl::StatusOr<std::map<TalkTrackId, std::map<MasteryState, int64_t>>> CountMasteries(
    storage::Transaction& transaction);

struct CertificateRow {
  std::string id;
  std::string rep;
  TalkTrackId track;
  Certificate certificate;

  friend bool operator==(const CertificateRow&, const CertificateRow&) = default;
};
extern const storage::Table<CertificateRow> kCertificates;
// Those of a rep that are valid, and the last one of each track that has expired.
absl::StatusOr<std::vector<CertificateRow>> ReadCertificates(storage::Transaction& transaction,
                                                             const std::string& rep);
// Those of a rep, the newest first, behind (`before`, `id`).
absl::StatusOr<std::vector<CertificateRow>> ListCertificates(storage::Transaction& transaction,
                                                             const std::string& rep, absl::Time before,
                                                             const std::string& id, int limit);

struct AssignmentRow {
  std::string id;
  std::string rep;
  TalkTrackId track;
  Assignment assignment;
  // Names what it came from: no two assignments of a rep and track have the same cause. See the functions
  // below.
  std::string cause;
  // The criterion of a low score; else empty.
  std::string criterion;
  // Chains: the two meetings of low scores, the meeting that is rehearsed for.
  std::vector<std::string> appointments;
  std::string by;
  // Id of the practice that did it; may be empty.
  PracticeId practice;

  friend bool operator==(const AssignmentRow&, const AssignmentRow&) = default;
};
extern const storage::Table<AssignmentRow> kAssignments;
std::string CauseOf(const LowPair& pair);
std::string CauseOfMeeting(const std::string& appointment);
// The inverse of CauseOf(LowPair), for an assignment of a low score.
LowPair PairOf(const AssignmentRow& row);
// Those of a rep that are listed, all of low scores, and all for these meetings.
absl::StatusOr<std::vector<AssignmentRow>> ReadAssignments(storage::Transaction& transaction,
                                                           const std::string& rep,
                                                           const std::vector<std::string>& meetings);
// How many are listed, by track.
absl::StatusOr<std::map<TalkTrackId, int64_t>> CountListed(storage::Transaction& transaction);
// Deletes the assignments of a rep that ended before `ended`. Deferred.
absl::Status DeleteAssignments(storage::Transaction& transaction, const std::string& rep, absl::Time ended);

}  // namespace finalmile::coaching::store
