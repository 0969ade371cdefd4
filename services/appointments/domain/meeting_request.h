#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/refusal.h"
#include "services/appointments/domain/working_hours.h"

namespace finalmile::appointments::domain {

// A lead that sales is to meet: from the crossing that made it sales-ready to the meeting, or to the reason
// why there is none. Transitions are pure: they change the request and return what is to be told, or refuse
// and leave it as it was. None needs to know who else holds requests.

enum class RequestState {
  kOpen = 1,
  kClaimed = 2,
  kWorking = 3,
  kSet = 4,
  kReturned = 5,
  kRecycled = 6,
  kClosed = 7,
};

enum class ReturnReason {
  kBadFit = 1,
  kNoNeed = 2,
  kBadTiming = 3,
  kWrongPerson = 4,
  kUnreachable = 5,
  kBadData = 6,
  kDuplicate = 7,
  kCustomer = 8,
  kOptedOut = 9,
};

enum class CloseReason { kCooled = 1, kGated = 2, kErased = 3, kMerged = 4, kQuiet = 5 };

// Attempts of one window, counted from the claim or from the meeting that was not held.
inline constexpr int kMostAttempts = 8;
inline constexpr int kFewestChannels = 2;
inline constexpr int kWindowDays = 12;
// A lead nobody reached is left alone for so long.
inline constexpr absl::Duration kRecycleFor = absl::Hours(24 * 90);
inline constexpr absl::Duration kLongestSnooze = absl::Hours(24 * 14);
// A callback defers the end of a window by this at most.
inline constexpr absl::Duration kLongestCallback = absl::Hours(24 * 30);
// Before so many attempts nobody says that a lead cannot be reached.
inline constexpr int kAttemptsToGiveUp = 3;

// Working time in which a lead is to be answered: 5 minutes for a hand-raise, 1 hour for A1 and A2, else 4.
absl::Duration ResponseTime(bool hand_raise, std::string_view grade);

// One addend of a score, as finalmile.leads.v1.Reason.
struct Reason {
  std::string part;
  std::string name;
  std::string text;
  double points = 0;
  int count = 0;
  // InfinitePast: none.
  absl::Time last_time = absl::InfinitePast();

  friend bool operator==(const Reason&, const Reason&) = default;
};

// The crossing that a request answers: what was known of the lead then.
struct Crossing {
  // Sequence number of the LeadBecameSalesReady.
  int64_t ready_seq = 0;
  int cycle = 0;
  std::string lane;
  bool hand_raise = false;
  std::string grade;
  double score = 0;
  std::optional<double> probability;
  std::vector<Reason> reasons;
  // Facts of the lead that are not known.
  std::vector<std::string> missing;
  std::string situation;
  std::string lead_source;
  std::string campaign;
  // The moment of the lead's own act: the time to answer counts from it.
  absl::Time ready_time;

  friend bool operator==(const Crossing&, const Crossing&) = default;
};

struct MeetingRequest {
  RequestState state = RequestState::kOpen;
  // It is worked again because its meeting was not held.
  bool rebook = false;
  // The newest one; a hand-raise stays one, and its ready_time is the first one's.
  Crossing crossing;
  // Empty: nobody has claimed it.
  std::string setter;
  absl::Time claim_time = absl::InfinitePast();
  // Its meeting was held: nothing is left to do.
  bool held = false;
  // The time to answer: it began at `response_start`, and is over at `deadline`.
  absl::Time response_start;
  absl::Duration response_time;
  absl::Time deadline;
  // The deadline that the first attempt has, or had, to keep.
  absl::Time first_deadline;
  // 0: its owner's; 1: its deadline has passed, and the whole team sees it; 2: the manager does.
  int level = 0;
  // When the window of attempts began; InfinitePast: it has not.
  absl::Time window_start = absl::InfinitePast();
  int window_attempts = 0;
  // Channels of the window, by their number in the contract.
  std::set<int> channels;
  int attempts = 0;
  // The earliest attempt by its own time; InfiniteFuture: there was none.
  absl::Time first_attempt_time = absl::InfiniteFuture();
  absl::Time snooze_until = absl::InfinitePast();
  absl::Time callback_at = absl::InfinitePast();
  // The lead's interest has faded meanwhile.
  bool cooled = false;
  // The lead raised its hand again while its meeting was set.
  absl::Time raised_again_time = absl::InfinitePast();
  // The lead is left alone until then; InfinitePast: it is not.
  absl::Time quiet_until = absl::InfinitePast();
  std::optional<ReturnReason> return_reason;
  std::optional<CloseReason> close_reason;

  friend bool operator==(const MeetingRequest&, const MeetingRequest&) = default;
};

// Whether somebody may still do something about it: open, claimed, working, or set while its meeting is not
// held.
bool IsActive(const MeetingRequest& request);
// The earliest attempt was made by the deadline; nullopt: there was none.
std::optional<bool> WithinResponseTime(const MeetingRequest& request);
// Nobody has tried to reach the lead since it is to be answered.
bool IsUnanswered(const MeetingRequest& request);
// When the window of attempts of a claimed request ends. InfiniteFuture: it is not claimed.
absl::Time EndOfWindow(const MeetingRequest& request, const WorkingHours& hours);

// What a transition tells, in its order.
struct Requested {
  // "ready", "raised", "rebook".
  std::string_view cause;
};
struct Claimed {
  bool by_booking = false;
};
struct Reassigned {
  std::string from;
  // Empty: the queue.
  std::string to;
};
struct AttemptLogged {
  // Counted from 1 over the life of the request.
  int number = 0;
  bool first = false;
  // The earliest attempt by its own time was made by the deadline.
  bool within_response_time = false;
};
struct Returned {
  ReturnReason reason;
};
struct Recycled {
  absl::Time until;
};
struct Closed {
  CloseReason reason;
};
struct Overdue {
  int level = 1;
};
using RequestEvent =
    std::variant<Requested, Claimed, Reassigned, AttemptLogged, Returned, Recycled, Closed, Overdue>;
using RequestEvents = std::vector<RequestEvent>;
using RequestResult = std::variant<RequestEvents, Refusal>;

// Who acts, and whether as a manager, who may act for everybody.
struct Actor {
  std::string name;
  bool manager = false;
};

// A new request. `hours` are the team's, here and below.
MeetingRequest Open(const Crossing& crossing, const WorkingHours& hours);

// The lead became sales-ready again while the request is active.
RequestEvents CrossAgain(MeetingRequest& request, const Crossing& crossing, const WorkingHours& hours);
// The lead cooled, from the crossing `ready_seq`; a crossing that is not the request's own changes nothing.
RequestEvents Cool(MeetingRequest& request, int64_t ready_seq, bool gated);
// The lead was erased or merged into another.
RequestEvents Close(MeetingRequest& request, CloseReason reason);

// ALREADY_CLAIMED, WRONG_STATE. No event where it is the actor's already.
RequestResult Claim(MeetingRequest& request, const Actor& actor, absl::Time now);

struct Attempt {
  int channel = 0;
  absl::Time time;
  // InfinitePast: none was asked for.
  absl::Time callback_at = absl::InfinitePast();
};
// An attempt to reach the lead; of an open request it is a claim as well. The last attempt of a window on
// channels enough recycles the request, unless a callback is ahead. NOT_YOURS, WRONG_STATE.
RequestResult LogAttempt(MeetingRequest& request, const Actor& actor, const Attempt& attempt, absl::Time now);

// Leaves it out of the queue until `until`; its deadline stays. FIRST_ATTEMPT_DUE, NOT_YOURS, WRONG_STATE.
RequestResult Snooze(MeetingRequest& request, const Actor& actor, absl::Time until);

// The lead is left alone until `until`; InfinitePast: for as long as the reason says. TOO_FEW_ATTEMPTS,
// NOT_YOURS, WRONG_STATE.
RequestResult Return(MeetingRequest& request, const Actor& actor, ReturnReason reason, absl::Time until,
                     absl::Time now);

// Gives it to another setter, or back to the queue where `to` is empty. The deadline stays. WRONG_STATE.
RequestResult Reassign(MeetingRequest& request, std::string_view to, absl::Time now);

// A meeting with the lead was booked by `setter`: it is set, and claimed where nobody had.
RequestEvents Book(MeetingRequest& request, std::string_view setter, absl::Time now);

// Its meeting was held.
void Hold(MeetingRequest& request);

// Its meeting was cancelled, or the guest or the host did not come.
RequestEvents Rebook(MeetingRequest& request, bool host_no_show, const WorkingHours& hours, absl::Time now);

// What has fallen due by `now`. Visiting again at the same moment changes nothing.
RequestEvents Visit(MeetingRequest& request, const WorkingHours& hours, absl::Time now);
// When to visit next; InfiniteFuture: never.
absl::Time NextDue(const MeetingRequest& request, const WorkingHours& hours);

}  // namespace finalmile::appointments::domain
