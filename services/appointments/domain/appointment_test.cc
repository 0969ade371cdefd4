#include "services/appointments/domain/appointment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/appointments/domain/zone.h"

namespace finalmile::appointments::domain {
namespace {

using ::testing::ElementsAre;

const Actor kHost = {"ben", false};
const Actor kSetter = {"kim", false};
const Actor kOther = {"lee", false};
const Actor kManager = {"mia", true};

// 2026-12-`day` of the zone UTC.
absl::Time At(int day, int hour, int minute = 0) {
  return absl::FromCivil(absl::CivilMinute(2026, 12, day, hour, minute), absl::UTCTimeZone());
}

WorkingHours Hours() {
  WorkingHours hours;
  hours.zone = absl::UTCTimeZone();
  for (int weekday = 1; weekday <= 5; ++weekday) hours.weekly.push_back({weekday, 9 * 60, 18 * 60});
  return hours;
}

// Thursday 2026-12-03, 15:00 to 15:30, booked on Tuesday at 10:00.
Appointment Planned() { return Set("ben", "kim", {At(3, 15), At(3, 15, 30)}, At(1, 10)); }

std::string ReasonOf(const AppointmentResult& result) {
  const auto* refusal = std::get_if<Refusal>(&result);
  return refusal == nullptr ? "" : refusal->reason;
}
size_t EventsOf(const AppointmentResult& result) {
  const auto* events = std::get_if<AppointmentEvents>(&result);
  return events == nullptr ? 0 : events->size();
}

Appointment Ended(Outcome outcome) {
  Appointment appointment = Planned();
  if (outcome == Outcome::kCancelledByGuest || outcome == Outcome::kCancelledByUs) {
    Cancel(appointment, outcome == Outcome::kCancelledByGuest ? CancelledBy::kGuest : CancelledBy::kUs, "",
           At(2, 10));
  } else {
    RecordOutcome(appointment, outcome, kHost, At(3, 16));
  }
  return appointment;
}

constexpr Outcome kOutcomes[] = {Outcome::kHeld, Outcome::kGuestNoShow, Outcome::kHostNoShow,
                                 Outcome::kCancelledByGuest, Outcome::kCancelledByUs};

TEST(AppointmentTest, IsSetScheduled) {
  const Appointment appointment = Planned();
  EXPECT_EQ(appointment.state, AppointmentState::kScheduled);
  EXPECT_EQ(appointment.sequence, 0);
  EXPECT_TRUE(IsPlanned(appointment));
  EXPECT_EQ(OutcomeOf(appointment), std::nullopt);
  EXPECT_TRUE(IsCredited(appointment));
}

TEST(AppointmentTest, ConfirmsOnce) {
  Appointment appointment = Planned();
  EXPECT_EQ(EventsOf(Confirm(appointment)), 1u);
  EXPECT_EQ(appointment.state, AppointmentState::kConfirmed);
  EXPECT_EQ(EventsOf(Confirm(appointment)), 0u);
  for (const Outcome outcome : kOutcomes) {
    appointment = Ended(outcome);
    EXPECT_EQ(ReasonOf(Confirm(appointment)), "WRONG_STATE");
  }
}

TEST(AppointmentTest, AReplyCountsForTheNewestSequence) {
  Appointment appointment = Planned();
  EXPECT_EQ(EventsOf(Reply(appointment, 0, PartStat::kTentative, true)), 1u);
  EXPECT_EQ(appointment.partstat, PartStat::kTentative);
  EXPECT_EQ(EventsOf(Reply(appointment, 0, PartStat::kAccepted, false)), 1u) << "the host is away";
  EXPECT_EQ(appointment.state, AppointmentState::kScheduled);
  EXPECT_EQ(EventsOf(Reply(appointment, 0, PartStat::kAccepted, true)), 2u);
  EXPECT_EQ(appointment.state, AppointmentState::kConfirmed);
  EXPECT_EQ(EventsOf(Reply(appointment, 0, PartStat::kDeclined, true)), 1u);
  EXPECT_EQ(appointment.state, AppointmentState::kConfirmed) << "it cancels nothing";
  Reschedule(appointment, "ben", {At(4, 15), At(4, 15, 30)}, At(2, 10));
  EXPECT_EQ(appointment.partstat, PartStat::kNeedsAction);
  EXPECT_EQ(EventsOf(Reply(appointment, 0, PartStat::kAccepted, true)), 1u);
  EXPECT_EQ(appointment.partstat, PartStat::kNeedsAction) << "it replies to the old time";
  EXPECT_EQ(appointment.state, AppointmentState::kScheduled);
}

TEST(AppointmentTest, MovesAndComesBackWithinThirtyDays) {
  Appointment appointment = Planned();
  const AppointmentResult moved = Reschedule(appointment, "ana", {At(4, 9), At(4, 10)}, At(2, 10));
  const auto& event = std::get<MeetingRescheduled>(std::get<AppointmentEvents>(moved)[0]);
  EXPECT_EQ(event.host_before, "ben");
  EXPECT_EQ(event.start_before, At(3, 15));
  EXPECT_EQ(event.recovered_from, std::nullopt);
  EXPECT_EQ(appointment.sequence, 1);
  EXPECT_EQ(appointment.host, "ana");
  EXPECT_EQ(appointment.end, At(4, 10));

  appointment = Ended(Outcome::kHeld);
  EXPECT_EQ(ReasonOf(Reschedule(appointment, "ben", {At(9, 9), At(9, 10)}, At(4, 9))), "WRONG_STATE");
  for (const Outcome outcome : kOutcomes) {
    if (outcome == Outcome::kHeld) continue;
    appointment = Ended(outcome);
    const absl::Time last = appointment.outcome_time + kRecoverWithin;
    Appointment late = appointment;
    EXPECT_EQ(ReasonOf(Reschedule(late, "ben", {last, last + absl::Hours(1)}, last)), "WRONG_STATE");
    EXPECT_EQ(late, appointment) << "a refusal changes nothing";
    const AppointmentResult back =
        Reschedule(appointment, "ben", {last, last + absl::Hours(1)}, last - absl::Microseconds(1));
    ASSERT_EQ(EventsOf(back), 1u);
    EXPECT_EQ(std::get<MeetingRescheduled>(std::get<AppointmentEvents>(back)[0]).recovered_from, outcome);
    EXPECT_TRUE(IsPlanned(appointment));
    EXPECT_EQ(appointment.cancelled_by, CancelledBy::kNobody);
  }
}

TEST(AppointmentTest, AMissedTimeIsRememberedUnlessItIsCorrected) {
  Appointment appointment = Ended(Outcome::kGuestNoShow);
  EXPECT_TRUE(appointment.guest_missed);
  Appointment corrected = appointment;
  Amend(corrected, Outcome::kHeld, kHost, Hours(), At(4, 9));
  EXPECT_FALSE(corrected.guest_missed);
  Reschedule(appointment, "ben", {At(7, 9), At(7, 10)}, At(4, 9));
  EXPECT_TRUE(appointment.guest_missed);
  RecordOutcome(appointment, Outcome::kHeld, kHost, At(7, 9));
  EXPECT_TRUE(appointment.guest_missed);
}

TEST(AppointmentTest, IsCancelledBeforeItsStart) {
  Appointment appointment = Planned();
  EXPECT_EQ(ReasonOf(Cancel(appointment, CancelledBy::kGuest, "ill", At(3, 15))), "WRONG_STATE");
  EXPECT_EQ(EventsOf(Cancel(appointment, CancelledBy::kGuest, "ill", At(3, 15) - absl::Microseconds(1))), 1u);
  EXPECT_EQ(appointment.sequence, 1);
  EXPECT_EQ(appointment.cancel_reason, "ill");
  EXPECT_EQ(OutcomeOf(appointment), Outcome::kCancelledByGuest);
  EXPECT_EQ(ReasonOf(Cancel(appointment, CancelledBy::kUs, "", At(2, 9))), "WRONG_STATE");
  EXPECT_EQ(ReasonOf(RecordOutcome(appointment, Outcome::kHeld, kHost, At(3, 16))), "WRONG_STATE");
}

TEST(AppointmentTest, AnOutcomeWaitsForItsTime) {
  struct Row {
    Outcome outcome;
    absl::Duration after;
  };
  for (const Row& row :
       {Row{Outcome::kHeld, absl::ZeroDuration()}, Row{Outcome::kGuestNoShow, absl::Minutes(10)},
        Row{Outcome::kHostNoShow, absl::Minutes(5)}}) {
    const absl::Time edge = At(3, 15) + row.after;
    const absl::Duration least = absl::Microseconds(1);
    Appointment appointment = Planned();
    EXPECT_EQ(EarliestTimeOf(appointment, row.outcome), edge);
    EXPECT_EQ(ReasonOf(RecordOutcome(appointment, row.outcome, kHost, edge - least)), "TOO_EARLY");
    EXPECT_EQ(EventsOf(RecordOutcome(appointment, row.outcome, kHost, edge)), 1u);
    EXPECT_EQ(OutcomeOf(appointment), row.outcome);
    appointment = Planned();
    EXPECT_EQ(EventsOf(RecordOutcome(appointment, row.outcome, kHost, edge + least)), 1u);
  }
}

TEST(AppointmentTest, OthersSayNothingOfIt) {
  Appointment appointment = Planned();
  EXPECT_EQ(ReasonOf(RecordOutcome(appointment, Outcome::kHeld, kOther, At(3, 16))), "NOT_YOURS");
  for (const Actor& actor : {kHost, kSetter, kManager}) {
    appointment = Planned();
    EXPECT_EQ(EventsOf(RecordOutcome(appointment, Outcome::kHeld, actor, At(3, 16))), 1u);
  }
  EXPECT_EQ(ReasonOf(Amend(appointment, Outcome::kGuestNoShow, kOther, Hours(), At(3, 17))), "NOT_YOURS");
  EXPECT_EQ(ReasonOf(Qualify(appointment, true, "", kSetter, Hours(), At(3, 17))), "NOT_YOURS");
}

TEST(AppointmentTest, IsCorrectedFromAnythingToAnything) {
  for (const Outcome before : kOutcomes) {
    for (const Outcome after : kOutcomes) {
      Appointment appointment = Ended(before);
      const AppointmentResult result = Amend(appointment, after, kHost, Hours(), At(4, 10));
      EXPECT_EQ(EventsOf(result), before == after ? 0u : 1u);
      EXPECT_EQ(OutcomeOf(appointment), after);
      if (before == after) continue;
      const auto& event = std::get<OutcomeAmended>(std::get<AppointmentEvents>(result)[0]);
      EXPECT_EQ(event.before, before);
      EXPECT_EQ(event.after, after);
      EXPECT_EQ(IsCredited(appointment),
                after != Outcome::kGuestNoShow && after != Outcome::kCancelledByGuest);
    }
  }
  Appointment appointment = Planned();
  EXPECT_EQ(ReasonOf(Amend(appointment, Outcome::kHeld, kHost, Hours(), At(3, 16))), "WRONG_STATE");
}

TEST(AppointmentTest, IsCorrectedWithinFiveWorkingDays) {
  // Recorded on Thursday; the fifth working day is Thursday the 10th, until 18:00.
  Appointment appointment = Ended(Outcome::kHeld);
  Appointment late = appointment;
  EXPECT_EQ(ReasonOf(Amend(late, Outcome::kGuestNoShow, kHost, Hours(), At(10, 18) + absl::Microseconds(1))),
            "TOO_LATE");
  EXPECT_EQ(
      EventsOf(Amend(late, Outcome::kGuestNoShow, kManager, Hours(), At(10, 18) + absl::Hours(24 * 60))), 1u);
  EXPECT_EQ(EventsOf(Amend(appointment, Outcome::kGuestNoShow, kHost, Hours(), At(10, 18))), 1u);
}

TEST(AppointmentTest, WhatIsNotHeldIsNotQualified) {
  Appointment appointment = Planned();
  EXPECT_EQ(ReasonOf(Qualify(appointment, true, "", kHost, Hours(), At(3, 16))), "WRONG_STATE");
  appointment = Ended(Outcome::kHeld);
  // Two working days: until Monday 18:00.
  const AppointmentResult first = Qualify(appointment, true, "", kHost, Hours(), At(7, 18));
  ASSERT_EQ(EventsOf(first), 1u);
  const auto& event = std::get<QualificationRecorded>(std::get<AppointmentEvents>(first)[0]);
  EXPECT_EQ(event.before, std::nullopt);
  EXPECT_FALSE(event.late);
  EXPECT_EQ(EventsOf(Qualify(appointment, true, "", kHost, Hours(), At(8, 9))), 0u);
  const AppointmentResult second =
      Qualify(appointment, false, "no-budget", kManager, Hours(), At(7, 18) + absl::Microseconds(1));
  EXPECT_EQ(std::get<QualificationRecorded>(std::get<AppointmentEvents>(second)[0]).before, true);
  EXPECT_TRUE(std::get<QualificationRecorded>(std::get<AppointmentEvents>(second)[0]).late);
  Amend(appointment, Outcome::kHostNoShow, kHost, Hours(), At(8, 9));
  EXPECT_EQ(appointment.qualified, std::nullopt);
  EXPECT_EQ(appointment.qualify_reason, "");
}

TEST(AppointmentTest, WhoMayScore) {
  Appointment appointment = Planned();
  EXPECT_EQ(CheckScore(appointment, false, kManager)->reason, "WRONG_STATE");
  appointment = Ended(Outcome::kHeld);
  EXPECT_EQ(CheckScore(appointment, true, kHost), std::nullopt);
  EXPECT_EQ(CheckScore(appointment, true, kOther)->reason, "NOT_YOURS");
  EXPECT_EQ(CheckScore(appointment, false, kHost)->reason, "NOT_YOURS");
  EXPECT_EQ(CheckScore(appointment, false, kOther), std::nullopt);
}

std::vector<std::string> Told(const AppointmentEvents& events) {
  std::vector<std::string> told;
  for (const AppointmentEvent& event : events) {
    if (const auto* reminder = std::get_if<ReminderDue>(&event))
      told.push_back("remind " + absl::FormatDuration(reminder->before_start));
    if (std::holds_alternative<BriefDue>(event)) told.emplace_back("brief");
    if (const auto* missing = std::get_if<OutcomeIsMissing>(&event))
      told.push_back("missing " + std::to_string(missing->level));
  }
  return told;
}

TEST(AppointmentTest, TimeTellsEachThingOnce) {
  Appointment appointment = Planned();
  std::vector<std::string> told;
  for (absl::Time due = NextDue(appointment); due != absl::InfiniteFuture(); due = NextDue(appointment)) {
    EXPECT_THAT(Told(Visit(appointment, true, due - absl::Microseconds(1))), ElementsAre());
    for (const std::string& one : Told(Visit(appointment, true, due)))
      told.push_back(absl::FormatTime("%d %H:%M ", due, absl::UTCTimeZone()) + one);
    EXPECT_THAT(Told(Visit(appointment, true, due)), ElementsAre()) << "a second visit";
  }
  EXPECT_THAT(told, ElementsAre("02 15:00 remind 24h", "03 14:00 remind 1h", "03 14:30 brief",
                                "04 15:30 missing 1", "06 15:30 missing 2"));
}

TEST(AppointmentTest, WhatIsPastAtBookingIsPassedOver) {
  // Twenty minutes ahead: no reminder, the brief at once.
  Appointment appointment = Set("ben", "kim", {At(3, 15), At(3, 15, 30)}, At(3, 14, 40));
  EXPECT_EQ(NextDue(appointment), At(3, 14, 30));
  EXPECT_THAT(Told(Visit(appointment, true, At(3, 14, 40))), ElementsAre("brief"));
  // The guest may not be written to.
  appointment = Planned();
  EXPECT_THAT(Told(Visit(appointment, false, At(2, 15))), ElementsAre());
  EXPECT_EQ(NextDue(appointment), At(3, 14));
  // Rescheduling begins anew; what was told of the old time counts no more.
  appointment = Planned();
  Visit(appointment, true, At(2, 15));
  Reschedule(appointment, "ben", {At(7, 15), At(7, 15, 30)}, At(2, 16));
  EXPECT_EQ(NextDue(appointment), At(6, 15));
  Cancel(appointment, CancelledBy::kUs, "", At(2, 17));
  EXPECT_EQ(NextDue(appointment), absl::InfiniteFuture());
}

}  // namespace
}  // namespace finalmile::appointments::domain
