#include <fmt/format.h>

#include <sstream>
#include <vector>

#include "finalmile/coaching/v1/practice_service.pb.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "tests/simulation/coaching_checks.h"
#include "tests/simulation/coaching_practice.h"

namespace finalmile::simulation {
namespace {

namespace v1 = coaching::v1;
using State = v1::Assignment::State;

// What falls due later than this before a check may not have been noticed yet.
constexpr absl::Duration kUnnoticed = absl::Seconds(10);
constexpr absl::Duration kRehearsedBefore = absl::Minutes(30);
constexpr absl::Duration kMeetingsKept = absl::Hours(24 * 90);

int64_t Micros(absl::Time time) { return time == absl::InfiniteFuture() ? INT64_MAX : ToMicros(time); }

bool IsListed(int64_t state) {
  return state == v1::Assignment::STATE_OPEN || state == v1::Assignment::STATE_OVERDUE;
}

// A row of the store.
struct Assigned {
  std::string id, rep, track;
  int64_t kind = 0;
  int64_t state = 0;
  absl::Time due;
  std::string criterion;
  std::vector<std::string> meetings;
  std::string practice;
};

std::vector<Assigned> ReadAssignments(Servers& servers) {
  std::vector<Assigned> assigned;
  for (const storage::Row& row :
       servers.Query("SELECT id, rep, track, kind, state, due_at, criterion, appointments, practice FROM "
                     "practice_assignments")) {
    const absl::Time due = row.Null(5) ? absl::InfiniteFuture() : FromMicros(row.Int(5));
    assigned.push_back(
        {row.Text(0), row.Text(1), row.Text(2), row.Int(3), row.Int(4), due, row.Text(6), {}, row.Text(8)});
    std::istringstream words(row.Text(7));
    for (std::string word; words >> word;) assigned.back().meetings.push_back(word);
  }
  return assigned;
}

class Check {
 public:
  Check(const CoachingStage& stage, const CoachingStories& stories)
      : stage_(stage),
        stories_(stories),
        now_(stage.simulation.clock().Now()),
        assigned_(ReadAssignments(stage.servers)) {}

  void CheckAll() {
    CheckMasteries();
    CheckCertificates();
    for (const Assigned& one : assigned_) CheckAssignment(one);
    CheckNoneIsLost();
    CheckRehearsals();
    for (const char* rep : kReps) CheckAnswers(rep);
    CheckTeam();
  }

 private:
  void Violated(std::string what) { stage_.Violated(std::move(what)); }
  std::vector<storage::Row> Query(const std::string& sql) { return stage_.servers.Query(sql); }

  Standing Now(const std::string& track, const TrackStory& story) {
    return StandingOf(story.practices, stories_.versions.at(track).back().second, now_);
  }
  // Nothing is about to change.
  bool IsStill(const Standing& standing) {
    for (const absl::Time time : {standing.rehearsal_time, standing.lapse_time}) {
      if (standing.state != Standing::State::kNone && absl::AbsDuration(time - now_) < kUnnoticed)
        return false;
    }
    return true;
  }

  void CheckMasteries() {
    std::map<std::pair<std::string, std::string>, storage::Row> rows;
    for (const storage::Row& row :
         Query("SELECT rep, track, state, lapse_reason, rehearsed FROM practice_masteries"))
      rows.emplace(std::pair(row.Text(0), row.Text(1)), row);
    for (const auto& [rep, story] : stories_.reps) {
      for (const auto& [track, told] : story.tracks) {
        const auto row = rows.find({rep, track});
        if (row == rows.end()) {
          Violated(fmt::format("reps/{}, {}: there is no mastery", rep, track));
        } else {
          CheckMastery(fmt::format("reps/{}, {}", rep, track), row->second, told, Now(track, told));
        }
      }
    }
  }

  void CheckMastery(const std::string& of, const storage::Row& row, const TrackStory& told,
                    const Standing& standing) {
    const auto state = static_cast<Standing::State>(row.Int(2));
    const bool mastered = state == Standing::State::kMastered;
    const bool lapsed = state == Standing::State::kLapsed;
    if (mastered != (told.state == Standing::State::kMastered))
      Violated(fmt::format("{}: topic and store differ about mastery", of));
    const bool reason_told = told.state == Standing::State::kLapsed && row.Int(3) == told.reason;
    const bool forgotten_since = told.may_be_forgotten && row.Int(3) == v1::LAPSE_REASON_FORGOTTEN;
    if (lapsed && !reason_told && !forgotten_since)
      Violated(fmt::format("{}: lapsed in the store with the reason {}", of, row.Int(3)));
    if (row.Text(4) != told.rehearsed)
      Violated(fmt::format("{}: topic and store differ about rehearsals", of));
    if (!IsStill(standing)) return;
    if (mastered != (standing.state == Standing::State::kMastered) ||
        (standing.state == Standing::State::kLapsed && !lapsed))
      Violated(fmt::format("{}: the state is {} rather than {}", of, row.Int(2),
                           static_cast<int>(standing.state)));
    if (mastered && standing.rehearsal_time < now_ && row.Text(4) != standing.last_practice)
      Violated(fmt::format("{}: no rehearsal was called for", of));
  }

  static bool HasState(const CertificateStory& told, int64_t state) {
    return told.state == state || (told.may_be_withdrawn && told.state == v1::Certificate::STATE_VALID &&
                                   state == v1::Certificate::STATE_WITHDRAWN);
  }

  void CheckCertificates() {
    std::map<std::string, CertificateStory> told;
    for (const auto& [rep, story] : stories_.reps)
      told.insert(story.certificates.begin(), story.certificates.end());
    size_t count = 0;
    for (const storage::Row& row :
         Query("SELECT id, track, state, track_version, valid_until, withdrawn_time FROM "
               "practice_certificates")) {
      ++count;
      const std::string name = "certificates/" + row.Text(0);
      const auto found = told.find(name);
      if (found == told.end() || found->second.track != row.Text(1) || !HasState(found->second, row.Int(2)) ||
          found->second.version != row.Int(3) ||
          (row.Null(4) ? INT64_MAX : row.Int(4)) != Micros(found->second.valid_until) ||
          row.Null(5) == (row.Int(2) == v1::Certificate::STATE_WITHDRAWN)) {
        Violated(fmt::format("{}: topic and store differ", name));
      } else if (row.Int(2) == v1::Certificate::STATE_VALID &&
                 found->second.valid_until < now_ - kUnnoticed) {
        Violated(fmt::format("{} has not expired", name));
      }
    }
    if (count != told.size()) Violated("the topic tells of certificates that are not there");
  }

  void CheckAssignment(const Assigned& one) {
    const std::string name = "assignments/" + one.id;
    static const RepStory kNone;
    const auto story = stories_.reps.find(one.rep);
    const auto& stories = (story == stories_.reps.end() ? kNone : story->second).assignments;
    const auto told = stories.find(name);
    if (told == stories.end() || told->second.assigned.talk_track() != "talkTracks/" + one.track ||
        told->second.assigned.kind() != one.kind || told->second.assigned.criterion() != one.criterion) {
      Violated(fmt::format("{}: topic and store differ", name));
      return;
    }
    const std::string& practice = told->second.practice;
    const bool done = one.state == v1::Assignment::STATE_DONE;
    const bool withdrawn = one.state == v1::Assignment::STATE_WITHDRAWN;
    if (done ? one.practice != practice || practice.empty() : !withdrawn && !practice.empty())
      Violated(fmt::format("{} is done by {} rather than {}", name, one.practice, practice));
    if (withdrawn && one.kind == v1::Assignment::KIND_ASSIGNED)
      Violated(fmt::format("{} is withdrawn", name));
    if (one.state == v1::Assignment::STATE_OPEN && one.due < now_ - kUnnoticed)
      Violated(fmt::format("{} is not overdue", name));
    if (one.state == v1::Assignment::STATE_OVERDUE && one.due > now_ + kUnnoticed)
      Violated(fmt::format("{} is overdue too early", name));
  }

  void CheckNoneIsLost() {
    std::map<std::string, std::pair<std::string, std::string>> stored;
    std::set<std::pair<std::string, std::string>> listed;
    for (const Assigned& one : assigned_) {
      stored["assignments/" + one.id] = {one.rep, one.track};
      if (one.kind == v1::Assignment::KIND_ASSIGNED && IsListed(one.state) &&
          !listed.emplace(one.rep, one.track).second)
        Violated(fmt::format("reps/{} is assigned {} twice", one.rep, one.track));
    }
    for (const auto& [name, of] : stage_.model.assigned) {
      const auto found = stored.find(name);
      if (found == stored.end() || found->second != of) Violated("lost: " + name);
    }
    for (const auto& [rep, story] : stories_.reps) {
      for (const auto& [name, one] : story.assignments) {
        if (!stored.contains(name)) Violated(fmt::format("{} is in the topic alone", name));
      }
    }
  }

  // Listed ones are those of meetings that are planned, for their hosts, in time.
  void CheckRehearsals() {
    std::map<std::string, int> rehearsed;
    for (const Assigned& one : assigned_) {
      if (one.kind != v1::Assignment::KIND_REHEARSAL) continue;
      const auto found = stage_.model.meetings.find(one.meetings.empty() ? "" : one.meetings[0]);
      if (found == stage_.model.meetings.end()) {
        Violated(fmt::format("assignments/{} is for no meeting", one.id));
        continue;
      }
      const MeetingModel& meeting = found->second;
      if (SituationOf(one.track) != meeting.situation)
        Violated(fmt::format("assignments/{} is for another situation", one.id));
      if (one.rep == meeting.host && one.state != v1::Assignment::STATE_WITHDRAWN) ++rehearsed[found->first];
      if (IsListed(one.state) &&
          (!meeting.planned || one.rep != meeting.host || one.due != meeting.start - kRehearsedBefore))
        Violated(fmt::format("assignments/{} is for a meeting that is not so", one.id));
    }
    for (const auto& [id, meeting] : stage_.model.meetings) {
      const int count = rehearsed[id];
      if (count > 1) Violated(fmt::format("appointments/{} is rehearsed {} times", id, count));
      if (count == 0 && meeting.planned && meeting.has_track && meeting.start > now_ + kUnnoticed &&
          !MayHaveMastered(meeting))
        Violated(fmt::format("appointments/{} is not rehearsed", id));
    }
  }

  // Since the meeting was planned.
  bool MayHaveMastered(const MeetingModel& meeting) {
    const auto story = stories_.reps.find(meeting.host);
    if (story == stories_.reps.end()) return false;
    for (const auto& [track, told] : story->second.tracks) {
      if (SituationOf(track) != meeting.situation) continue;
      if (told.state == Standing::State::kMastered || told.last_lapse >= meeting.plan_time - kMostJumps)
        return true;
    }
    return false;
  }

  void CheckAnswers(const std::string& rep) {
    v1::GetMasteryRequest request;
    request.set_rep("reps/" + rep);
    const absl::Time asked = stage_.simulation.clock().Now();
    const auto answer = stage_.As().Call<v1::GetMasteryResponse>("PracticeService/GetMastery", request);
    const absl::Time answered = stage_.simulation.clock().Now();
    const auto story = stories_.reps.find(rep);
    if (!answer || story == stories_.reps.end()) return;
    for (const v1::Mastery& mastery : answer->mastery()) {
      const std::string track = rpc::IdIn(mastery.talk_track());
      const auto told = story->second.tracks.find(track);
      if (told == story->second.tracks.end()) {
        Violated(fmt::format("reps/{} has practised {}", rep, track));
        continue;
      }
      const Standing standing = Now(track, told->second);
      if (!IsStill(standing)) continue;
      std::set<absl::CivilDay> days;
      for (const std::string& day : mastery.days()) {
        absl::CivilDay one;
        if (absl::ParseCivilTime(day, &one)) days.insert(one);
      }
      const bool mastered = mastery.state() == v1::Mastery::STATE_MASTERED;
      if (days != standing.days || mastery.retrievability() > RecallAt(standing, asked - kSkew) + 1e-9 ||
          mastery.retrievability() < RecallAt(standing, answered + kSkew) - 1e-9 ||
          mastered != (standing.state == Standing::State::kMastered) ||
          (mastered && mastery.rehearsal_due() != (standing.rehearsal_time <= now_)))
        Violated(fmt::format("reps/{}, {}: GetMastery answers something else", rep, track));
    }
  }

  // No draft is counted.
  void CheckTeam() {
    const auto team = stage_.As().Call<v1::GetTeamCoachingResponse>("PracticeService/GetTeamCoaching",
                                                                    v1::GetTeamCoachingRequest());
    if (!team) return;
    for (const auto& track : team->tracks()) {
      const std::string id = rpc::IdIn(track.talk_track());
      int practised = 0;
      int mastered = 0;
      int waiting = 0;
      int listed = 0;
      for (const auto& [rep, story] : stories_.reps) {
        const auto told = story.tracks.find(id);
        if (told == story.tracks.end()) continue;
        ++practised;
        mastered += told->second.state == Standing::State::kMastered ? 1 : 0;
        for (const PracticeFacts& facts : told->second.practices) waiting += facts.by_coach ? 0 : 1;
      }
      for (const Assigned& one : assigned_) listed += one.track == id && IsListed(one.state) ? 1 : 0;
      if (track.practised() != practised || track.mastered() != mastered ||
          track.waiting_for_review() != waiting || track.open_assignments() != listed)
        Violated(fmt::format("{} is counted wrongly for the team", id));
    }
  }

  const CoachingStage& stage_;
  const CoachingStories& stories_;
  const absl::Time now_;
  const std::vector<Assigned> assigned_;
};

}  // namespace

void CheckConclusions(const CoachingStage& stage, const CoachingStories& stories) {
  Check(stage, stories).CheckAll();
}

void CheckLowScorePractice(const CoachingStage& stage) {
  std::map<std::string, MeetingModel> kept;
  for (const auto& [id, meeting] : stage.model.meetings) {
    if (meeting.start + kMeetingsKept > stage.simulation.clock().Now()) kept[id] = meeting;
  }
  std::set<std::string> situations;
  for (const storage::Row& row :
       stage.servers.Query("SELECT id FROM talk_tracks WHERE published_version <> 0"))
    situations.insert(SituationOf(row.Text(0)));
  const std::vector<Assigned> assigned = ReadAssignments(stage.servers);
  for (const char* rep : kReps) {
    std::set<LowScores> done;
    std::set<LowScores> listed;
    for (const Assigned& one : assigned) {
      if (one.rep != rep || one.kind != v1::Assignment::KIND_LOW_SCORE || one.meetings.size() != 2) continue;
      const LowScores pair(one.criterion, one.meetings[0], one.meetings[1]);
      if (one.state == v1::Assignment::STATE_DONE) done.insert(pair);
      if (IsListed(one.state) && !listed.insert(pair).second)
        stage.Violated(fmt::format("reps/{} has one pair of low scores to practise twice", rep));
    }
    if (const auto wanted = WantedOf(kept, rep, done, situations); wanted != listed) {
      stage.Violated(fmt::format("reps/{} has {} pairs of low scores to practise rather than {}, or others",
                                 rep, listed.size(), wanted.size()));
    }
  }
}

}  // namespace finalmile::simulation
