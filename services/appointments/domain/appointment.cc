#include "services/appointments/domain/appointment.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace finalmile::appointments::domain {
namespace {

constexpr int64_t kBriefBit = int64_t{1} << kReminders.size();

Refusal WrongState(std::string message) { return {Refusal::Kind::kState, "WRONG_STATE", std::move(message)}; }

Refusal NotYours(const Appointment& appointment) {
  return {Refusal::Kind::kOwner, "NOT_YOURS",
          fmt::format("the meeting is {}'s, set by {}; a manager can say it for them", appointment.host,
                      appointment.setter)};
}

bool IsOf(const Appointment& appointment, const Actor& actor) {
  return actor.manager || actor.name == appointment.host || actor.name == appointment.setter;
}

AppointmentState StateOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kHeld:
      return AppointmentState::kHeld;
    case Outcome::kGuestNoShow:
      return AppointmentState::kGuestNoShow;
    case Outcome::kHostNoShow:
      return AppointmentState::kHostNoShow;
    default:
      return AppointmentState::kCancelled;
  }
}

void End(Appointment& appointment, Outcome outcome, absl::Time now) {
  if (appointment.state == AppointmentState::kGuestNoShow) appointment.guest_missed = false;
  if (outcome == Outcome::kGuestNoShow) appointment.guest_missed = true;
  appointment.state = StateOf(outcome);
  appointment.cancelled_by = outcome == Outcome::kCancelledByGuest ? CancelledBy::kGuest
                             : outcome == Outcome::kCancelledByUs  ? CancelledBy::kUs
                                                                   : CancelledBy::kNobody;
  if (appointment.state != AppointmentState::kCancelled) appointment.cancel_reason.clear();
  if (outcome != Outcome::kHeld) {
    appointment.qualified.reset();
    appointment.qualify_reason.clear();
  }
  appointment.outcome_time = now;
  appointment.outcome_missing = 0;
}

std::optional<Refusal> CheckTime(const Appointment& appointment, Outcome outcome, absl::Time now) {
  if (now >= EarliestTimeOf(appointment, outcome)) return std::nullopt;
  return Refusal{Refusal::Kind::kState, "TOO_EARLY",
                 "the meeting has not come so far: wait until earliest_time"};
}

// Books a time: reminders that are past are passed over.
void Plan(Appointment& appointment, const Interval& meeting, absl::Time now) {
  appointment.start = meeting.start;
  appointment.end = meeting.end;
  appointment.booked = now;
  appointment.reminded = 0;
  appointment.conflict = false;
  for (size_t i = 0; i < kReminders.size(); ++i) {
    if (meeting.start - kReminders[i] <= now) appointment.reminded |= int64_t{1} << i;
  }
}

}  // namespace

bool IsPlanned(const Appointment& appointment) {
  return appointment.state == AppointmentState::kScheduled ||
         appointment.state == AppointmentState::kConfirmed;
}

std::optional<Outcome> OutcomeOf(const Appointment& appointment) {
  switch (appointment.state) {
    case AppointmentState::kHeld:
      return Outcome::kHeld;
    case AppointmentState::kGuestNoShow:
      return Outcome::kGuestNoShow;
    case AppointmentState::kHostNoShow:
      return Outcome::kHostNoShow;
    case AppointmentState::kCancelled:
      return appointment.cancelled_by == CancelledBy::kGuest ? Outcome::kCancelledByGuest
                                                             : Outcome::kCancelledByUs;
    default:
      return std::nullopt;
  }
}

bool IsCredited(const Appointment& appointment) {
  const std::optional<Outcome> outcome = OutcomeOf(appointment);
  return outcome != Outcome::kGuestNoShow && outcome != Outcome::kCancelledByGuest;
}

bool IsRecoverable(const Appointment& appointment, absl::Time now) {
  return !IsPlanned(appointment) && appointment.state != AppointmentState::kHeld &&
         now < appointment.outcome_time + kRecoverWithin;
}

Appointment Set(std::string host, std::string setter, const Interval& meeting, absl::Time now) {
  Appointment appointment;
  appointment.host = std::move(host);
  appointment.setter = std::move(setter);
  Plan(appointment, meeting, now);
  return appointment;
}

AppointmentResult Confirm(Appointment& appointment) {
  if (!IsPlanned(appointment)) return WrongState("only a planned meeting can be confirmed");
  if (appointment.state == AppointmentState::kConfirmed) return AppointmentEvents();
  appointment.state = AppointmentState::kConfirmed;
  return AppointmentEvents{MeetingConfirmed{}};
}

AppointmentResult Reply(Appointment& appointment, int64_t sequence, PartStat partstat, bool available) {
  if (!IsPlanned(appointment)) return WrongState("only to a planned meeting a reply is taken");
  const bool current = sequence == appointment.sequence;
  AppointmentEvents events{ReplyRecorded{sequence, partstat, current}};
  if (!current) return events;
  appointment.partstat = partstat;
  if (partstat == PartStat::kAccepted && available && appointment.state == AppointmentState::kScheduled) {
    appointment.state = AppointmentState::kConfirmed;
    events.emplace_back(MeetingConfirmed{});
  }
  return events;
}

AppointmentResult Reschedule(Appointment& appointment, std::string host, const Interval& meeting,
                             absl::Time now) {
  if (!IsPlanned(appointment) && !IsRecoverable(appointment, now)) {
    return WrongState(
        "only a meeting that is planned, or that was cancelled or missed less than 30 days ago, can be "
        "rescheduled");
  }
  MeetingRescheduled event{appointment.host, appointment.start, OutcomeOf(appointment)};
  appointment.state = AppointmentState::kScheduled;
  appointment.cancelled_by = CancelledBy::kNobody;
  appointment.cancel_reason.clear();
  appointment.host = std::move(host);
  ++appointment.sequence;
  appointment.partstat = PartStat::kNeedsAction;
  appointment.outcome_time = absl::InfinitePast();
  appointment.outcome_missing = 0;
  Plan(appointment, meeting, now);
  return AppointmentEvents{std::move(event)};
}

AppointmentResult Cancel(Appointment& appointment, CancelledBy by, std::string reason, absl::Time now) {
  if (!IsPlanned(appointment)) return WrongState("only a planned meeting can be cancelled");
  if (now >= appointment.start)
    return WrongState("the meeting has begun: record its outcome, or correct it later");
  End(appointment, by == CancelledBy::kGuest ? Outcome::kCancelledByGuest : Outcome::kCancelledByUs, now);
  appointment.cancel_reason = std::move(reason);
  ++appointment.sequence;
  return AppointmentEvents{MeetingEnded{}};
}

AppointmentEvents Erase(Appointment& appointment, absl::Time now) {
  AppointmentResult result = Cancel(appointment, CancelledBy::kUs, "erased", now);
  auto* events = std::get_if<AppointmentEvents>(&result);
  return events != nullptr ? std::move(*events) : AppointmentEvents();
}

absl::Time EarliestTimeOf(const Appointment& appointment, Outcome outcome) {
  switch (outcome) {
    case Outcome::kHeld:
      return appointment.start;
    case Outcome::kGuestNoShow:
      return appointment.start + kGuestGrace;
    case Outcome::kHostNoShow:
      return appointment.start + kHostGrace;
    default:
      return absl::InfinitePast();
  }
}

AppointmentResult RecordOutcome(Appointment& appointment, Outcome outcome, const Actor& actor,
                                absl::Time now) {
  if (!IsOf(appointment, actor)) return NotYours(appointment);
  if (!IsPlanned(appointment))
    return WrongState("the meeting has an outcome or was cancelled; it can be corrected");
  if (auto refusal = CheckTime(appointment, outcome, now)) return *std::move(refusal);
  End(appointment, outcome, now);
  return AppointmentEvents{MeetingEnded{}};
}

AppointmentResult Amend(Appointment& appointment, Outcome outcome, const Actor& actor,
                        const WorkingHours& hours, absl::Time now) {
  if (!IsOf(appointment, actor)) return NotYours(appointment);
  const std::optional<Outcome> before = OutcomeOf(appointment);
  if (!before) return WrongState("the meeting has no outcome yet: record it");
  if (*before == outcome) return AppointmentEvents();
  if (auto refusal = CheckTime(appointment, outcome, now)) return *std::move(refusal);
  if (!actor.manager && now > EndOfWorkingDay(hours, appointment.outcome_time, kAmendDays)) {
    return Refusal{Refusal::Kind::kState, "TOO_LATE",
                   "the outcome was recorded more than five working days ago; a manager can correct it"};
  }
  End(appointment, outcome, now);
  return AppointmentEvents{OutcomeAmended{*before, outcome}};
}

AppointmentResult Qualify(Appointment& appointment, bool qualified, std::string reason, const Actor& actor,
                          const WorkingHours& hours, absl::Time now) {
  if (!actor.manager && actor.name != appointment.host) return NotYours(appointment);
  if (appointment.state != AppointmentState::kHeld) return WrongState("only a held meeting is qualified");
  if (appointment.qualified == qualified && appointment.qualify_reason == reason) return AppointmentEvents();
  QualificationRecorded event{appointment.qualified,
                              now > EndOfWorkingDay(hours, appointment.start, kQualifyDays)};
  appointment.qualified = qualified;
  appointment.qualify_reason = std::move(reason);
  return AppointmentEvents{event};
}

std::optional<Refusal> CheckScore(const Appointment& appointment, bool own, const Actor& actor) {
  if (own && actor.name != appointment.host) return NotYours(appointment);
  if (!own && actor.name == appointment.host) {
    return Refusal{Refusal::Kind::kOwner, "NOT_YOURS", "a host scores as SOURCE_SELF, not as a coach"};
  }
  if (appointment.state != AppointmentState::kHeld) return WrongState("only a held conversation is scored");
  return std::nullopt;
}

AppointmentEvents Visit(Appointment& appointment, bool remind, absl::Time now) {
  AppointmentEvents events;
  if (!IsPlanned(appointment)) return events;
  for (size_t i = 0; i < kReminders.size(); ++i) {
    const int64_t bit = int64_t{1} << i;
    if ((appointment.reminded & bit) != 0 || appointment.start - kReminders[i] > now) continue;
    appointment.reminded |= bit;
    if (remind && now < appointment.start) events.emplace_back(ReminderDue{kReminders[i]});
  }
  if ((appointment.reminded & kBriefBit) == 0 && appointment.start - kBrief <= now) {
    appointment.reminded |= kBriefBit;
    if (now < appointment.start) events.emplace_back(BriefDue{});
  }
  for (int level = appointment.outcome_missing + 1; level <= static_cast<int>(kOutcomeMissing.size());
       ++level) {
    if (appointment.end + kOutcomeMissing[level - 1] > now) break;
    events.emplace_back(OutcomeIsMissing{appointment.outcome_missing = level});
  }
  return events;
}

absl::Time NextDue(const Appointment& appointment) {
  if (!IsPlanned(appointment)) return absl::InfiniteFuture();
  absl::Time due = absl::InfiniteFuture();
  for (size_t i = 0; i < kReminders.size(); ++i) {
    if ((appointment.reminded & int64_t{1} << i) == 0) due = std::min(due, appointment.start - kReminders[i]);
  }
  if ((appointment.reminded & kBriefBit) == 0) due = std::min(due, appointment.start - kBrief);
  if (appointment.outcome_missing < static_cast<int>(kOutcomeMissing.size()))
    due = std::min(due, appointment.end + kOutcomeMissing[appointment.outcome_missing]);
  return due;
}

}  // namespace finalmile::appointments::domain
