#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "finalmile/appointments/v1/appointment_event.pb.h"
#include "libs/base/trace_context.h"
#include "libs/outbox/envelope.h"
#include "services/coaching/changes/rep_batch.h"

namespace finalmile::coaching::changes {

// Meetings are kept so long after their start; scores that come later count no more.
inline constexpr absl::Duration kKeepMeetings = absl::Hours(24 * 90);

// Whether an event changes anything here.
bool Concerns(const appointments::v1::AppointmentEvent& event);

// Keeps what happens to meetings, before which RepBatch has hosts rehearse, and brings hosts to practise
// after two low scores. Lives inside one transaction; not thread-safe.
class MeetingChanges {
 public:
  // The references outlive it.
  MeetingChanges(storage::Transaction& transaction, RepBatch& reps)
      : transaction_(transaction), reps_(reps) {}

  // Takes events in their order, all of which concern it, and assigns. The batch has locked no rep yet, and
  // is not written.
  absl::Status Apply(const std::vector<outbox::TracedEvent<appointments::v1::AppointmentEvent>>& events);

 private:
  void Take(const appointments::v1::AppointmentEvent& event);
  absl::Status TakeScore(const std::string& id, const appointments::v1::ConversationScored& scored);
  // The meeting as it is known, made where it is not.
  store::MeetingRow& Known(const std::string& id);
  absl::Status FollowLowScores(RepBatch::Entry& host);

  storage::Transaction& transaction_;
  RepBatch& reps_;
  std::map<std::string, store::MeetingRow> meetings_;
  // Chains whose time, host or outcome has changed, and hosts whose scores have.
  std::set<std::string> changed_;
  std::set<std::string> scored_;
  // All hosts, also those that a meeting had before, with the trace of what concerned them last.
  std::map<std::string, std::optional<TraceContext>> hosts_;
};

}  // namespace finalmile::coaching::changes
