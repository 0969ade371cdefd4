#include "services/coaching/changes/rep_batch.h"

#include <algorithm>

#include "libs/base/status.h"
#include "services/coaching/changes/rep_events.h"

namespace finalmile::coaching::changes {
namespace {

template <class Row>
std::vector<Kept<Row>> KeptOf(std::vector<Row> rows) {
  std::vector<Kept<Row>> kept;
  kept.reserve(rows.size());
  for (Row& row : rows) kept.push_back({std::move(row)});
  return kept;
}

template <class Row>
void Gather(const Kept<Row>& kept, std::vector<const Row*>& changed) {
  if (kept.changed) changed.push_back(&kept.row);
}

}  // namespace

absl::Status RepBatch::LockReps(std::vector<std::string> ids) {
  ids = storage::SortedUnique(std::move(ids));
  if (ids.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(Lock(ids));
  for (const std::string& id : ids) {
    if (Find(id) == nullptr) Add(id, Id::kChosen);
  }
  for (auto& [id, entry] : entries()) RETURN_IF_ERROR(Load(entry));
  return absl::OkStatus();
}

absl::Status RepBatch::Load(Entry& rep) {
  const std::string& id = rep.row.id;
  ASSIGN_OR_RETURN(rep.meetings, store::PlannedMeetings(transaction_, id));
  // A rep that is added has nothing else.
  if (!rep.locked) return absl::OkStatus();
  ASSIGN_OR_RETURN(rep.facts, store::ReadFacts(transaction_, id));
  ASSIGN_OR_RETURN(std::vector<store::MasteryRow> masteries, store::ReadMasteries(transaction_, id));
  for (store::MasteryRow& row : masteries) {
    const TalkTrackId track = row.track;
    rep.masteries[track] = {std::move(row)};
  }
  std::vector<std::string> meetings;
  for (const store::MeetingRow& meeting : rep.meetings) meetings.push_back(meeting.id);
  ASSIGN_OR_RETURN(std::vector<store::AssignmentRow> assignments,
                   store::ReadAssignments(transaction_, id, meetings));
  rep.assignments = KeptOf(std::move(assignments));
  ASSIGN_OR_RETURN(std::vector<store::CertificateRow> certificates,
                   store::ReadCertificates(transaction_, id));
  rep.certificates = KeptOf(std::move(certificates));
  return absl::OkStatus();
}

void RepBatch::Take(Entry& rep, const TalkTrackId& track, PracticeFact fact) {
  std::vector<PracticeFact>& facts = rep.facts[track];
  const auto known =
      std::find_if(facts.begin(), facts.end(), [&](const PracticeFact& one) { return one.id == fact.id; });
  if (known == facts.end()) {
    facts.push_back(std::move(fact));
  } else {
    *known = std::move(fact);
  }
}

void RepBatch::Complete(Entry& rep, const TalkTrackId& track, const store::PracticeRow& practice) {
  for (Kept<store::AssignmentRow>& kept : rep.assignments) {
    if (kept.row.track != track || !coaching::Complete(kept.row.assignment, practice.practice.time, at_.now))
      continue;
    kept.row.practice = practice.id;
    kept.changed = true;
  }
}

Kept<store::AssignmentRow>* RepBatch::Caused(Entry& rep, const TalkTrackId& track, const std::string& cause) {
  for (Kept<store::AssignmentRow>& kept : rep.assignments) {
    if (kept.row.track == track && kept.row.cause == cause) return &kept;
  }
  return nullptr;
}

const store::AssignmentRow* RepBatch::Listed(const Entry& rep, const TalkTrackId& track,
                                             AssignmentKind kind) const {
  for (const Kept<store::AssignmentRow>& kept : rep.assignments) {
    if (kept.row.track == track && kept.row.assignment.kind == kind && IsListed(kept.row.assignment))
      return &kept.row;
  }
  return nullptr;
}

size_t RepBatch::ListedCount(const Entry& rep) const {
  return static_cast<size_t>(
      std::count_if(rep.assignments.begin(), rep.assignments.end(),
                    [](const Kept<store::AssignmentRow>& kept) { return IsListed(kept.row.assignment); }));
}

const store::AssignmentRow& RepBatch::Assign(Entry& rep, store::AssignmentRow draft) {
  draft.rep = rep.row.id;
  draft.assignment.assign_time = at_.now;
  draft.assignment.state = AssignmentState::kOpen;
  Kept<store::AssignmentRow>* kept = Caused(rep, draft.track, draft.cause);
  draft.id = kept == nullptr ? NewUuid(at_.clock, at_.rng) : kept->row.id;
  if (draft.cause.empty()) draft.cause = draft.id;
  if (kept == nullptr) kept = &rep.assignments.emplace_back();
  kept->row = std::move(draft);
  kept->changed = true;
  FillAssigned(kept->row, *Emit(rep).mutable_practice_assigned());
  return kept->row;
}

void RepBatch::Withdraw(Kept<store::AssignmentRow>& assignment) {
  if (coaching::Withdraw(assignment.row.assignment, at_.now)) assignment.changed = true;
}

Mastery RepBatch::MasteryAt(const Entry& rep, const PublishedTrack& track) const {
  const auto facts = rep.facts.find(track.id);
  return MasteryOf(facts == rep.facts.end() ? std::vector<PracticeFact>() : facts->second,
                   track.certificate_version, at_.now);
}

absl::Status RepBatch::Certify(Entry& rep, const PublishedTrack& track, int64_t version) {
  ASSIGN_OR_RETURN(const TalkTrack content, ReadContent(transaction_, track.id, track.version));
  store::CertificateRow row;
  row.id = NewUuid(at_.clock, at_.rng);
  row.rep = rep.row.id;
  row.track = track.id;
  row.certificate = Issue(version, content.certificate_validity, at_.now);
  FillCertificate(row, *Emit(rep).mutable_certificate_issued());
  rep.certificates.push_back({std::move(row), true});
  return absl::OkStatus();
}

absl::Status RepBatch::Renew(Entry& rep, const PublishedTrack& track, const Mastery& mastery) {
  if (mastery.state != MasteryState::kMastered) return absl::OkStatus();
  std::vector<Certificate> certificates;
  for (const Kept<store::CertificateRow>& kept : rep.certificates) {
    if (kept.row.track == track.id) certificates.push_back(kept.row.certificate);
  }
  if (!RenewalDue(certificates, track.certificate_version, mastery.counted_time)) return absl::OkStatus();
  return Certify(rep, track, mastery.counted_version);
}

void RepBatch::WithdrawCertificates(Entry& rep, const PublishedTrack& track) {
  for (Kept<store::CertificateRow>& kept : rep.certificates) {
    // Those of earlier certificate versions were issued for other days.
    if (kept.row.track != track.id || kept.row.certificate.track_version < track.certificate_version)
      continue;
    const Certificate before = kept.row.certificate;
    coaching::Withdraw(kept.row.certificate, at_.now);
    kept.changed = kept.changed || kept.row.certificate != before;
  }
}

absl::StatusOr<absl::Time> RepBatch::FollowMastery(Entry& rep, const PublishedTrack& track) {
  const Mastery mastery = MasteryAt(rep, track);
  Kept<store::MasteryRow>& kept = rep.masteries[track.id];
  const store::MasteryRow before = kept.row;
  kept.row.rep = rep.row.id;
  kept.row.track = track.id;
  for (const MasteryEvent& event : Update(kept.row.record, mastery, track.certificate_version, at_.now)) {
    FillEvent(track, mastery, event, Emit(rep));
    if (std::holds_alternative<Mastered>(event))
      RETURN_IF_ERROR(Certify(rep, track, mastery.mastered_version));
    const auto* lapsed = std::get_if<Lapsed>(&event);
    if (lapsed != nullptr && lapsed->reason == LapseReason::kCorrected) WithdrawCertificates(rep, track);
  }
  RETURN_IF_ERROR(Renew(rep, track, mastery));
  kept.changed = kept.row != before;
  return NextDue(kept.row.record, mastery);
}

void RepBatch::Rehearse(Entry& rep, const TracksBySituation& tracks) {
  const auto masters = [&](const PublishedTrack& track) {
    // FollowMastery has brought it up to date.
    const auto kept = rep.masteries.find(track.id);
    return kept != rep.masteries.end() && kept->second.row.record.state == MasteryState::kMastered;
  };
  // By cause: the meetings that call for a rehearsal.
  std::map<std::string, const store::MeetingRow*> wanted;
  for (const store::MeetingRow& meeting : rep.meetings) {
    const auto found = tracks.find(meeting.situation);
    if (found != tracks.end() && std::none_of(found->second.begin(), found->second.end(), masters))
      wanted[store::CauseOfMeeting(meeting.id)] = &meeting;
  }
  for (Kept<store::AssignmentRow>& kept : rep.assignments) {
    if (kept.row.assignment.kind != AssignmentKind::kRehearsal) continue;
    const auto meeting = wanted.find(kept.row.cause);
    const bool of_situation = meeting != wanted.end() && [&] {
      const std::vector<PublishedTrack>& published = tracks.at(meeting->second->situation);
      return std::any_of(published.begin(), published.end(),
                         [&](const PublishedTrack& track) { return track.id == kept.row.track; });
    }();
    if (!of_situation) {
      Withdraw(kept);
      continue;
    }
    const Assignment before = kept.row.assignment;
    MoveDue(kept.row.assignment, meeting->second->start_time - kRehearsedBefore, at_.now);
    kept.changed = kept.changed || kept.row.assignment != before;
    if (kept.row.assignment.state != AssignmentState::kWithdrawn) wanted.erase(meeting);
  }
  for (const auto& [cause, meeting] : wanted) {
    const std::optional<absl::Time> due =
        RehearsalDue(meeting->start_time, meeting->planned, /*mastered=*/false, at_.now);
    if (!due) continue;
    store::AssignmentRow draft;
    draft.track = tracks.at(meeting->situation).front().id;
    draft.cause = cause;
    draft.assignment.kind = AssignmentKind::kRehearsal;
    draft.assignment.due_time = *due;
    draft.appointments = {meeting->id};
    draft.by = kByMeetings;
    Assign(rep, std::move(draft));
  }
}

absl::Status RepBatch::Conclude(Entry& rep, const std::map<TalkTrackId, PublishedTrack>& tracks,
                                const TracksBySituation& by_situation) {
  absl::Time due = rep.again ? at_.now : absl::InfiniteFuture();
  for (Kept<store::CertificateRow>& kept : rep.certificates) {
    if (!Expire(kept.row.certificate, at_.now)) continue;
    FillCertificate(kept.row, *Emit(rep).mutable_certificate_expired());
    kept.changed = true;
  }
  for (const auto& [id, facts] : rep.facts) {
    const auto track = tracks.find(id);
    if (track == tracks.end()) continue;
    ASSIGN_OR_RETURN(const absl::Time next, FollowMastery(rep, track->second));
    due = std::min(due, next);
  }
  for (const Kept<store::CertificateRow>& kept : rep.certificates)
    due = std::min(due, NextDue(kept.row.certificate));
  Rehearse(rep, by_situation);
  for (Kept<store::AssignmentRow>& kept : rep.assignments) {
    const Assignment before = kept.row.assignment;
    Visit(kept.row.assignment, at_.now);
    kept.changed = kept.changed || kept.row.assignment != before;
    due = std::min(due, NextDue(kept.row.assignment));
  }
  if (rep.row.due_time != due) rep.changed = true;
  rep.row.due_time = due;
  return absl::OkStatus();
}

absl::Status RepBatch::WriteAll() {
  std::vector<TalkTrackId> practised;
  std::vector<std::string> situations;
  for (const auto& [id, rep] : entries()) {
    for (const auto& [track, facts] : rep.facts) practised.push_back(track);
    for (const store::MeetingRow& meeting : rep.meetings) situations.push_back(meeting.situation);
  }
  ASSIGN_OR_RETURN(const auto tracks,
                   PublishedTracks(transaction_, storage::SortedUnique(std::move(practised))));
  ASSIGN_OR_RETURN(const TracksBySituation by_situation,
                   PublishedTracksFor(transaction_, std::move(situations)));
  std::vector<const store::MasteryRow*> masteries;
  std::vector<const store::AssignmentRow*> assignments;
  std::vector<const store::CertificateRow*> certificates;
  for (auto& [id, rep] : entries()) {
    RETURN_IF_ERROR(Conclude(rep, tracks, by_situation));
    for (const auto& [track, kept] : rep.masteries) Gather(kept, masteries);
    const size_t before = assignments.size();
    for (const auto& kept : rep.assignments) Gather(kept, assignments);
    for (const auto& kept : rep.certificates) Gather(kept, certificates);
    // Only what changes its list makes a rep's old assignments more.
    if (assignments.size() > before)
      RETURN_IF_ERROR(store::DeleteAssignments(transaction_, id, at_.now - kKeepEnded));
  }
  RETURN_IF_ERROR(store::kMasteries.InsertOrUpdate(transaction_, masteries));
  RETURN_IF_ERROR(store::kAssignments.InsertOrUpdate(transaction_, assignments));
  RETURN_IF_ERROR(store::kCertificates.InsertOrUpdate(transaction_, certificates));
  return Write();
}

}  // namespace finalmile::coaching::changes
