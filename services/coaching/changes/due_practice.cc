#include "services/coaching/changes/due_practice.h"

#include <algorithm>
#include <map>
#include <set>

#include "libs/base/status.h"
#include "services/coaching/changes/published_tracks.h"
#include "services/coaching/store/meeting_store.h"
#include "services/coaching/store/practice_store.h"

namespace finalmile::coaching::changes {
namespace {

using FactsByTrack = std::map<TalkTrackId, std::vector<PracticeFact>>;

DueReason ReasonOf(AssignmentKind kind) {
  switch (kind) {
    case AssignmentKind::kLowScore:
      return DueReason::kLowScore;
    case AssignmentKind::kRehearsal:
      return DueReason::kMeeting;
    default:
      return DueReason::kAssigned;
  }
}

absl::Status AddRehearsals(storage::Transaction& transaction, const std::string& rep,
                           const FactsByTrack& facts, absl::Time now, std::vector<DuePractice>& list) {
  ASSIGN_OR_RETURN(const std::vector<store::MasteryRow> masteries, store::ReadMasteries(transaction, rep));
  std::vector<TalkTrackId> mastered;
  for (const store::MasteryRow& row : masteries) {
    if (row.record.state == MasteryState::kMastered) mastered.push_back(row.track);
  }
  ASSIGN_OR_RETURN(const auto tracks, PublishedTracks(transaction, mastered));
  for (const auto& [id, track] : tracks) {
    const auto practised = facts.find(id);
    if (practised == facts.end()) continue;
    const Mastery mastery = MasteryOf(practised->second, track.certificate_version, now);
    if (mastery.state == MasteryState::kMastered && mastery.rehearsal_time <= now)
      list.push_back({id, DueReason::kRehearsal, std::nullopt, mastery.rehearsal_time, ""});
  }
  return absl::OkStatus();
}

absl::Status AddOffers(storage::Transaction& transaction, const std::string& rep, const FactsByTrack& facts,
                       std::vector<DuePractice>& list) {
  ASSIGN_OR_RETURN(const std::vector<store::ScoredMeeting> scored, store::LowScoresOf(transaction, rep));
  std::map<std::string, const store::MeetingRow*> meetings;
  std::vector<std::string> situations;
  for (const store::ScoredMeeting& one : scored) {
    if (!one.self) continue;
    meetings[one.meeting.id] = &one.meeting;
    situations.push_back(one.meeting.situation);
  }
  ASSIGN_OR_RETURN(const TracksBySituation tracks, PublishedTracksFor(transaction, std::move(situations)));
  std::vector<LowScore> scores;
  for (const store::ScoredMeeting& one : scored) {
    if (one.self)
      scores.push_back(
          {one.criterion, one.meeting.id, one.meeting.start_time, tracks.contains(one.meeting.situation)});
  }
  for (const LowPair& pair : PlanOf(std::move(scores), {}).wanted) {
    const store::MeetingRow& later = *meetings.at(pair.second);
    const TalkTrackId& track = tracks.at(later.situation).front().id;
    const auto practised = facts.find(track);
    const bool done = practised != facts.end() &&
                      std::any_of(practised->second.begin(), practised->second.end(),
                                  [&](const PracticeFact& fact) { return fact.time >= later.start_time; });
    if (!done)
      list.push_back({track, DueReason::kSelfScore, std::nullopt, absl::InfiniteFuture(), pair.criterion});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<DuePractice>> DuePracticeOf(storage::Transaction& transaction,
                                                       const std::string& rep, absl::Time now) {
  std::vector<DuePractice> list;
  ASSIGN_OR_RETURN(std::vector<store::AssignmentRow> assignments,
                   store::ReadAssignments(transaction, rep, {}));
  for (store::AssignmentRow& row : assignments) {
    if (!IsListed(row.assignment)) continue;
    DuePractice due{row.track, ReasonOf(row.assignment.kind), std::nullopt, row.assignment.due_time,
                    row.criterion};
    due.assignment = std::move(row);
    list.push_back(std::move(due));
  }
  ASSIGN_OR_RETURN(const FactsByTrack facts, store::ReadFacts(transaction, rep));
  RETURN_IF_ERROR(AddRehearsals(transaction, rep, facts, now, list));
  RETURN_IF_ERROR(AddOffers(transaction, rep, facts, list));
  return list;
}

}  // namespace finalmile::coaching::changes
