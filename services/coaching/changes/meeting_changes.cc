#include "services/coaching/changes/meeting_changes.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"

namespace finalmile::coaching::changes {
namespace {

using appointments::v1::AppointmentEvent;
using appointments::v1::ConversationScored;
using appointments::v1::OutcomeCorrected;

template <class Event>
void Plan(const Event& event, store::MeetingRow& meeting) {
  meeting.host = event.host();
  meeting.situation = event.situation();
  meeting.start_time = rpc::StoredTime(event.start_time());
  meeting.due_time = meeting.start_time + kKeepMeetings;
}

void End(store::MeetingRow& meeting, bool held) {
  meeting.planned = false;
  meeting.held = held;
}

}  // namespace

bool Concerns(const AppointmentEvent& event) {
  switch (event.event_case()) {
    case AppointmentEvent::kAppointmentSet:
    case AppointmentEvent::kAppointmentRescheduled:
    case AppointmentEvent::kAppointmentHeld:
    case AppointmentEvent::kAppointmentNoShow:
    case AppointmentEvent::kAppointmentCancelled:
    case AppointmentEvent::kOutcomeCorrected:
    case AppointmentEvent::kConversationScored:
      return true;
    default:
      return false;
  }
}

store::MeetingRow& MeetingChanges::Known(const std::string& id) {
  store::MeetingRow& meeting = meetings_[id];
  meeting.id = id;
  return meeting;
}

void MeetingChanges::Take(const AppointmentEvent& event) {
  const std::string id = rpc::IdIn(event.key());
  // A correction alone says too little of a meeting that is long over, or was never heard of.
  if (event.has_outcome_corrected() && !meetings_.contains(id)) return;
  store::MeetingRow& meeting = Known(id);
  if (!meeting.host.empty()) hosts_[meeting.host] = TraceScope::Current();
  switch (event.event_case()) {
    case AppointmentEvent::kAppointmentSet:
      Plan(event.appointment_set(), meeting);
      meeting.planned = true;
      break;
    case AppointmentEvent::kAppointmentRescheduled:
      Plan(event.appointment_rescheduled(), meeting);
      meeting.planned = true;
      meeting.held = false;
      break;
    case AppointmentEvent::kAppointmentHeld:
      Plan(event.appointment_held(), meeting);
      End(meeting, true);
      break;
    case AppointmentEvent::kAppointmentNoShow:
      Plan(event.appointment_no_show(), meeting);
      End(meeting, false);
      break;
    case AppointmentEvent::kAppointmentCancelled:
      Plan(event.appointment_cancelled(), meeting);
      End(meeting, false);
      break;
    case AppointmentEvent::kOutcomeCorrected:
      End(meeting, event.outcome_corrected().after() == OutcomeCorrected::OUTCOME_HELD);
      break;
    default:
      // A conversation that is scored was held.
      if (meeting.host.empty()) {
        Plan(event.conversation_scored(), meeting);
        End(meeting, true);
      }
      scored_.insert(meeting.host);
      break;
  }
  hosts_[meeting.host] = TraceScope::Current();
  if (event.has_conversation_scored()) return;
  changed_.insert(id);
  scored_.insert(meeting.host);
}

absl::Status MeetingChanges::TakeScore(const std::string& id, const ConversationScored& scored) {
  RETURN_IF_ERROR(store::DeleteLowScores(transaction_, id, scored.source(), scored.rater()));
  std::map<std::string, store::LowScoreRow> rows;
  for (const appointments::v1::CriterionScore& criterion : scored.criteria()) {
    if (criterion.score() <= kFailingScore)
      rows[criterion.id()] = {id, scored.source(), scored.rater(), criterion.id()};
  }
  std::vector<const store::LowScoreRow*> low;
  for (const auto& [criterion, row] : rows) low.push_back(&row);
  return store::kLowScores.Insert(transaction_, low);
}

absl::Status MeetingChanges::Apply(const std::vector<outbox::TracedEvent<AppointmentEvent>>& events) {
  std::vector<std::string> ids;
  for (const auto& [event, trace] : events) ids.push_back(rpc::IdIn(event.key()));
  ids = storage::SortedUnique(std::move(ids));
  ASSIGN_OR_RETURN(meetings_, store::ReadMeetings(transaction_, ids));
  for (const auto& [event, trace] : events) {
    const TraceScope scope(trace);
    Take(event);
    if (event.has_conversation_scored())
      RETURN_IF_ERROR(TakeScore(rpc::IdIn(event.key()), event.conversation_scored()));
  }
  std::vector<const store::MeetingRow*> rows;
  for (const auto& [id, meeting] : meetings_) rows.push_back(&meeting);
  RETURN_IF_ERROR(store::kMeetings.InsertOrUpdate(transaction_, rows));

  std::vector<std::string> hosts;
  for (const auto& [host, trace] : hosts_) hosts.push_back(host);
  RETURN_IF_ERROR(reps_.LockReps(std::move(hosts)));
  for (const auto& [host, trace] : hosts_) reps_.Find(host)->trace = trace;
  for (const std::string& id : changed_) {
    const store::MeetingRow& meeting = meetings_.at(id);
    // A track may be published meanwhile by a transaction that does not see the meeting.
    if (meeting.planned && !meeting.situation.empty()) reps_.Find(meeting.host)->again = true;
  }
  for (const std::string& host : scored_) RETURN_IF_ERROR(FollowLowScores(*reps_.Find(host)));
  return absl::OkStatus();
}

absl::Status MeetingChanges::FollowLowScores(RepBatch::Entry& host) {
  ASSIGN_OR_RETURN(const std::vector<store::ScoredMeeting> scored,
                   store::LowScoresOf(transaction_, host.row.id));
  std::map<std::string, std::string> situations;
  std::vector<std::string> names;
  for (const store::ScoredMeeting& one : scored) {
    situations[one.meeting.id] = one.meeting.situation;
    names.push_back(one.meeting.situation);
  }
  ASSIGN_OR_RETURN(const TracksBySituation tracks, PublishedTracksFor(transaction_, std::move(names)));
  std::vector<LowScore> scores;
  for (const store::ScoredMeeting& one : scored) {
    if (!one.self)
      scores.push_back(
          {one.criterion, one.meeting.id, one.meeting.start_time, tracks.contains(one.meeting.situation)});
  }
  std::set<LowPair> practised;
  for (const Kept<store::AssignmentRow>& kept : host.assignments) {
    if (kept.row.assignment.kind == AssignmentKind::kLowScore &&
        kept.row.assignment.state == AssignmentState::kDone)
      practised.insert(store::PairOf(kept.row));
  }
  const std::vector<LowPair> wanted = PlanOf(std::move(scores), practised).wanted;
  std::set<LowPair> listed;
  for (Kept<store::AssignmentRow>& kept : host.assignments) {
    if (kept.row.assignment.kind != AssignmentKind::kLowScore || !IsListed(kept.row.assignment)) continue;
    const LowPair pair = store::PairOf(kept.row);
    if (std::find(wanted.begin(), wanted.end(), pair) == wanted.end()) {
      reps_.Withdraw(kept);
    } else {
      listed.insert(pair);
    }
  }
  for (const LowPair& pair : wanted) {
    if (listed.contains(pair)) continue;
    store::AssignmentRow draft;
    draft.track = tracks.at(situations.at(pair.second)).front().id;
    draft.cause = store::CauseOf(pair);
    draft.assignment.kind = AssignmentKind::kLowScore;
    draft.criterion = pair.criterion;
    draft.appointments = {pair.first, pair.second};
    draft.by = kByMeetings;
    reps_.Assign(host, std::move(draft));
  }
  return absl::OkStatus();
}

}  // namespace finalmile::coaching::changes
