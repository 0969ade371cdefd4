#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "services/coaching/changes/rep_batch.h"

namespace finalmile::coaching::changes {

// Meetings are kept so long after their start; scores that come later count no more.
inline constexpr absl::Duration kKeepMeetings = absl::Hours(24 * 90);

// Whether an event changes anything here.
bool Concerns(const appointments::v1::AppointmentEvent& event);

// Brings hosts to practise by their meetings: a rehearsal before a meeting in a situation that the host has
// not mastered, and a track after two low scores. Lives inside one transaction; not thread-safe.
class MeetingChanges {
 public:
  // `by`: who assigns. Everything outlives it.
  MeetingChanges(storage::Transaction& transaction, RepBatch& reps, std::string_view by)
      : transaction_(transaction), reps_(reps), by_(by) {}

  // Takes events in their order, all of which concern it, and assigns. The batch has locked no rep yet, and
  // is not written.
  absl::Status Apply(const std::vector<appointments::v1::AppointmentEvent>& events);

 private:
  void Take(const appointments::v1::AppointmentEvent& event);
  absl::Status TakeScore(const std::string& id, const appointments::v1::ConversationScored& scored);
  // The meeting as it is known, made where it is not.
  store::MeetingRow& Known(const std::string& id);
  void Rehearse(const store::MeetingRow& meeting, const TracksBySituation& tracks);
  absl::Status FollowLowScores(RepBatch::Entry& host);

  storage::Transaction& transaction_;
  RepBatch& reps_;
  const std::string by_;
  std::map<std::string, store::MeetingRow> meetings_;
  // Chains whose time, host or outcome has changed, and hosts whose scores have.
  std::set<std::string> changed_;
  std::set<std::string> scored_;
  // All hosts, also those that a meeting had before.
  std::set<std::string> hosts_;
};

}  // namespace finalmile::coaching::changes
