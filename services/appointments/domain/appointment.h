#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/refusal.h"
#include "services/appointments/domain/meeting_request.h"
#include "services/appointments/domain/working_hours.h"

namespace finalmile::appointments::domain {

// A meeting with a lead: one chain of changes of time and host. Transitions are pure: they change the
// appointment and return what is to be told, or refuse and leave it as it was. That its time is free is for
// the caller to see to.

// The numbers are those of the contract.
enum class AppointmentState {
  kScheduled = 1,
  kConfirmed = 2,
  kHeld = 3,
  kGuestNoShow = 4,
  kHostNoShow = 5,
  kCancelled = 6,
};
enum class CancelledBy { kNobody = 0, kGuest = 1, kUs = 2 };
enum class PartStat { kNeedsAction = 1, kAccepted = 2, kDeclined = 3, kTentative = 4 };
enum class Outcome {
  kHeld = 1,
  kGuestNoShow = 2,
  kHostNoShow = 3,
  kCancelledByGuest = 4,
  kCancelledByUs = 5,
};

// What was not held can be rescheduled for so long.
inline constexpr absl::Duration kRecoverWithin = absl::Hours(24 * 30);
// A no-show is one from then on after the start.
inline constexpr absl::Duration kGuestGrace = absl::Minutes(10);
inline constexpr absl::Duration kHostGrace = absl::Minutes(5);
// Nobody has said what became of a meeting, so long after its end.
inline constexpr std::array<absl::Duration, 2> kOutcomeMissing = {absl::Hours(24), absl::Hours(72)};
// The guest is reminded so long before the start.
inline constexpr std::array<absl::Duration, 2> kReminders = {absl::Hours(24), absl::Hours(1)};
// The host is told what to know.
inline constexpr absl::Duration kBrief = absl::Minutes(30);
// Hosts and setters correct outcomes within so many working days.
inline constexpr int kAmendDays = 5;
// To qualify later than this many working days after the start is late.
inline constexpr int kQualifyDays = 2;

struct Appointment {
  AppointmentState state = AppointmentState::kScheduled;
  CancelledBy cancelled_by = CancelledBy::kNobody;
  std::string cancel_reason;
  // It counts the chain: one more with each change of time or host, and with the cancellation.
  int64_t sequence = 0;
  // Principal names.
  std::string host;
  std::string setter;
  absl::Time start;
  absl::Time end;
  PartStat partstat = PartStat::kNeedsAction;
  // When this sequence was booked.
  absl::Time booked;
  // When it ended: its outcome or cancellation was recorded or corrected last; InfinitePast: it has not.
  absl::Time outcome_time = absl::InfinitePast();
  // 0, 1 or 2: as kOutcomeMissing.
  int outcome_missing = 0;
  // Reminders of this sequence: bit n is set once reminder n is sent or passed over; bit 2 is the brief.
  int64_t reminded = 0;
  // The guest did not come to an earlier time of it, or to this one.
  bool guest_missed = false;
  // Time off was forced over it.
  bool conflict = false;
  std::optional<bool> qualified;
  std::string qualify_reason;

  friend bool operator==(const Appointment&, const Appointment&) = default;
};

// It is ahead, or nobody has said what became of it.
bool IsPlanned(const Appointment& appointment);
// What an ended one came to; nullopt while it is planned.
std::optional<Outcome> OutcomeOf(const Appointment& appointment);
// Whether it counts as assigned to its host: not where the guest did not come or cancelled.
bool IsCredited(const Appointment& appointment);
// Whether Reschedule may bring it back at `now`.
bool IsRecoverable(const Appointment& appointment, absl::Time now);

// What a transition tells, in its order.
struct MeetingSet {};
struct MeetingConfirmed {};
struct ReplyRecorded {
  int64_t sequence = 0;
  PartStat partstat = PartStat::kNeedsAction;
  // It replies to the newest sequence.
  bool current = false;
};
struct MeetingRescheduled {
  std::string host_before;
  absl::Time start_before;
  // What it had come to; nullopt: it was planned.
  std::optional<Outcome> recovered_from;
};
// Its outcome is in the appointment.
struct MeetingEnded {};
struct OutcomeAmended {
  Outcome before = Outcome::kHeld;
  Outcome after = Outcome::kHeld;
};
struct QualificationRecorded {
  std::optional<bool> before;
  bool late = false;
};
struct ReminderDue {
  absl::Duration before_start;
};
struct BriefDue {};
struct OutcomeIsMissing {
  int level = 1;
};
using AppointmentEvent =
    std::variant<MeetingSet, MeetingConfirmed, ReplyRecorded, MeetingRescheduled, MeetingEnded,
                 OutcomeAmended, QualificationRecorded, ReminderDue, BriefDue, OutcomeIsMissing>;
using AppointmentEvents = std::vector<AppointmentEvent>;
using AppointmentResult = std::variant<AppointmentEvents, Refusal>;

// A new chain.
Appointment Set(std::string host, std::string setter, const Interval& meeting, absl::Time now);

// No event where it is confirmed. WRONG_STATE.
AppointmentResult Confirm(Appointment& appointment);
// An accepted one of the newest sequence confirms as well, where `available`. WRONG_STATE.
AppointmentResult Reply(Appointment& appointment, int64_t sequence, PartStat partstat, bool available);
// To another time or host, or back from an end that is recoverable. WRONG_STATE.
AppointmentResult Reschedule(Appointment& appointment, std::string host, const Interval& meeting,
                             absl::Time now);
// Before the start. WRONG_STATE.
AppointmentResult Cancel(Appointment& appointment, CancelledBy by, std::string reason, absl::Time now);
// The lead was erased: a planned one that is ahead is cancelled by us.
AppointmentEvents Erase(Appointment& appointment, absl::Time now);

// One of the first three outcomes, by its host, its setter or a manager. NOT_YOURS, WRONG_STATE, TOO_EARLY
// (EarliestTimeOf).
AppointmentResult RecordOutcome(Appointment& appointment, Outcome outcome, const Actor& actor,
                                absl::Time now);
// From when on an outcome can be recorded.
absl::Time EarliestTimeOf(const Appointment& appointment, Outcome outcome);
// Any outcome in place of the one there is; no event for the same. `hours` are the team's. NOT_YOURS,
// WRONG_STATE, TOO_EARLY, TOO_LATE.
AppointmentResult Amend(Appointment& appointment, Outcome outcome, const Actor& actor,
                        const WorkingHours& hours, absl::Time now);
// By its host or a manager; no event for the same again. NOT_YOURS, WRONG_STATE.
AppointmentResult Qualify(Appointment& appointment, bool qualified, std::string reason, const Actor& actor,
                          const WorkingHours& hours, absl::Time now);
// Whether the actor may say how the conversation went: a manager or coach for the coach's score (`own`
// false), its host for their own. NOT_YOURS, WRONG_STATE.
std::optional<Refusal> CheckScore(const Appointment& appointment, bool own, const Actor& actor);

// What has fallen due by `now`. Visiting again at the same moment changes nothing. `remind`: the guest may be
// written to.
AppointmentEvents Visit(Appointment& appointment, bool remind, absl::Time now);
// When to visit next; InfiniteFuture: never.
absl::Time NextDue(const Appointment& appointment);

}  // namespace finalmile::appointments::domain
