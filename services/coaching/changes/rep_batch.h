#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "libs/outbox/aggregates.h"
#include "services/coaching/changes/names.h"
#include "services/coaching/changes/published_tracks.h"
#include "services/coaching/store/meeting_store.h"
#include "services/coaching/store/practice_store.h"
#include "services/coaching/store/rep_store.h"

namespace finalmile::coaching::changes {

// Who assigns what meetings bring.
inline constexpr std::string_view kByMeetings = "coaching.appointments";

// Assignments that ended are kept so long.
inline constexpr absl::Duration kKeepEnded = absl::Hours(24 * 400);
// Assignments of one rep that are listed at once.
inline constexpr size_t kMostListed = 200;

// A row, and whether it is written.
template <class Row>
struct Kept {
  Row row;
  bool changed = false;
};

// The batch keeps this of a rep beside its row.
struct RepState {
  // Submitted practices, by track.
  std::map<TalkTrackId, std::vector<PracticeFact>> facts;
  // By track.
  std::map<TalkTrackId, Kept<store::MasteryRow>> masteries;
  // Those that store::ReadAssignments gives.
  std::vector<Kept<store::AssignmentRow>> assignments;
  // Those that store::ReadCertificates gives.
  std::vector<Kept<store::CertificateRow>> certificates;
  // Those that are planned.
  std::vector<store::MeetingRow> meetings;
  // The rep is looked at again once this transaction is committed.
  bool again = false;
};

// The one way in which anything of a rep changes: locks reps, has their facts changed, and at the end draws
// all conclusions: mastery and its lapses, certificates, rehearsals before meetings, what is overdue. They
// follow from the facts and the time, so that it makes no difference in which order facts arrive. Lives
// inside one transaction; not thread-safe.
class RepBatch : public outbox::Aggregates<store::RepRow, v1::CoachingEvent, RepState> {
 public:
  // Everything outlives the batch.
  RepBatch(storage::Transaction& transaction, const outbox::EventContext& context)
      : Aggregates(transaction, store::kReps, RepCollection(), context),
        transaction_(transaction),
        at_(context) {}

  // Locks reps, once for each batch, and adds those that are absent.
  absl::Status LockReps(std::vector<std::string> ids);

  // A practice was submitted or reviewed: it takes the place of what was known of it.
  void Take(Entry& rep, const TalkTrackId& track, PracticeFact fact);
  // Completes the assignments that the practice does.
  void Complete(Entry& rep, const TalkTrackId& track, const store::PracticeRow& practice);

  // The assignment of a cause; null where the rep has none.
  Kept<store::AssignmentRow>* Caused(Entry& rep, const TalkTrackId& track, const std::string& cause);
  // The first that is listed of a track and of this kind; null where there is none.
  const store::AssignmentRow* Listed(const Entry& rep, const TalkTrackId& track, AssignmentKind kind) const;
  size_t ListedCount(const Entry& rep) const;
  // Assigns: a withdrawn one of the same cause anew, else a new one. The draft has no id, rep and time.
  const store::AssignmentRow& Assign(Entry& rep, store::AssignmentRow draft);
  void Withdraw(Kept<store::AssignmentRow>& assignment);

  // The mastery of a track by the rep, as of the facts that are known.
  Mastery MasteryAt(const Entry& rep, const PublishedTrack& track) const;

  // Draws the conclusions and writes everything.
  absl::Status WriteAll();

  absl::Time now() const { return at_.now; }

 private:
  absl::Status Load(Entry& rep);
  absl::Status Conclude(Entry& rep, const std::map<TalkTrackId, PublishedTrack>& tracks,
                        const TracksBySituation& by_situation);
  // Returns when to look at the mastery again.
  absl::StatusOr<absl::Time> FollowMastery(Entry& rep, const PublishedTrack& track);
  void WithdrawCertificates(Entry& rep, const PublishedTrack& track);
  absl::Status Renew(Entry& rep, const PublishedTrack& track, const Mastery& mastery);
  // Issues a certificate of this version.
  absl::Status Certify(Entry& rep, const PublishedTrack& track, int64_t version);
  // A rehearsal before each meeting in a situation that has a track and that the rep has not mastered, and no
  // other one.
  void Rehearse(Entry& rep, const TracksBySituation& tracks);

  storage::Transaction& transaction_;
  const outbox::EventContext at_;
};

}  // namespace finalmile::coaching::changes
