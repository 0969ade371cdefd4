#include "services/coaching/handlers/practice_proto.h"

#include "libs/rpc/etag.h"
#include "libs/rpc/timestamps.h"
#include "services/coaching/changes/names.h"

namespace finalmile::coaching::handlers {
namespace {

bool IsSet(absl::Time time) { return time != absl::InfiniteFuture() && time != absl::InfinitePast(); }

}  // namespace

v1::Practice ToProto(const store::PracticeRow& row) {
  v1::Practice practice;
  practice.set_name(changes::NameOf(row.id));
  practice.set_rep(changes::RepName(row.practice.rep));
  practice.set_talk_track(changes::NameOf(row.track));
  practice.set_state(static_cast<v1::Practice::State>(row.practice.state));
  *practice.mutable_practice_time() = rpc::ToTimestamp(row.practice.time);
  practice.set_etag(rpc::Etag(row.version));
  if (row.practice.state == PracticeState::kDraft) return practice;
  practice.set_version(row.practice.track_version);
  practice.set_practice_day(absl::FormatCivilTime(row.practice.day));
  practice.set_score(row.score);
  *practice.mutable_submit_time() = rpc::ToTimestamp(row.submit_time);
  return practice;
}

v1::Review ToProto(const store::ReviewRow& row) {
  v1::Review review;
  review.set_reviewer(row.review.reviewer);
  review.set_self(row.review.self);
  for (const auto& [criterion, level] : row.review.levels) {
    v1::CriterionLevel& one = *review.add_levels();
    one.set_criterion(criterion);
    one.set_level(level);
  }
  review.set_score(row.score);
  *review.mutable_review_time() = rpc::ToTimestamp(row.review.time);
  return review;
}

v1::Assignment ToProto(const store::AssignmentRow& row) {
  v1::Assignment assignment;
  assignment.set_name(changes::AssignmentName(row.id));
  assignment.set_rep(changes::RepName(row.rep));
  assignment.set_talk_track(changes::NameOf(row.track));
  assignment.set_kind(static_cast<v1::Assignment::Kind>(row.assignment.kind));
  assignment.set_state(static_cast<v1::Assignment::State>(row.assignment.state));
  assignment.set_criterion(row.criterion);
  for (const std::string& appointment : row.appointments)
    assignment.add_appointments(changes::AppointmentName(appointment));
  *assignment.mutable_assign_time() = rpc::ToTimestamp(row.assignment.assign_time);
  if (IsSet(row.assignment.due_time))
    *assignment.mutable_due_time() = rpc::ToTimestamp(row.assignment.due_time);
  assignment.set_by(row.by);
  if (!row.practice.empty()) assignment.set_practice(changes::NameOf(row.practice));
  return assignment;
}

v1::Certificate ToProto(const store::CertificateRow& row) {
  v1::Certificate certificate;
  certificate.set_name(changes::CertificateName(row.id));
  certificate.set_rep(changes::RepName(row.rep));
  certificate.set_talk_track(changes::NameOf(row.track));
  certificate.set_version(row.certificate.track_version);
  certificate.set_state(static_cast<v1::Certificate::State>(row.certificate.state));
  *certificate.mutable_issue_time() = rpc::ToTimestamp(row.certificate.issue_time);
  if (IsSet(row.certificate.valid_until))
    *certificate.mutable_valid_until() = rpc::ToTimestamp(row.certificate.valid_until);
  if (IsSet(row.certificate.withdrawn_time))
    *certificate.mutable_withdrawn_time() = rpc::ToTimestamp(row.certificate.withdrawn_time);
  return certificate;
}

v1::Mastery ToProto(const std::string& rep, const changes::PublishedTrack& track, const MasteryRecord& record,
                    const Mastery& mastery, absl::Time now) {
  v1::Mastery message;
  message.set_rep(changes::RepName(rep));
  message.set_talk_track(changes::NameOf(track.id));
  message.set_situation(track.situation);
  message.set_state(static_cast<v1::Mastery::State>(record.state));
  if (record.state == MasteryState::kLapsed && record.lapse_reason)
    message.set_lapse_reason(static_cast<v1::LapseReason>(*record.lapse_reason));
  for (const absl::CivilDay day : mastery.days) message.add_days(absl::FormatCivilTime(day));
  message.set_coach_reviewed(mastery.coach_reviewed);
  message.set_score_needed(kMasteringScore);
  message.set_days_needed(static_cast<int32_t>(kMasteringDays));
  if (mastery.memory) message.set_retrievability(RetrievabilityAt(mastery, now));
  if (record.state != MasteryState::kMastered) return message;
  if (IsSet(mastery.mastered_time))
    *message.mutable_mastered_time() = rpc::ToTimestamp(mastery.mastered_time);
  if (IsSet(mastery.rehearsal_time))
    *message.mutable_next_rehearsal_time() = rpc::ToTimestamp(mastery.rehearsal_time);
  if (IsSet(mastery.lapse_time)) *message.mutable_lapse_time() = rpc::ToTimestamp(mastery.lapse_time);
  message.set_rehearsal_due(mastery.rehearsal_time <= now);
  return message;
}

}  // namespace finalmile::coaching::handlers
