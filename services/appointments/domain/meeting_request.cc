#include "services/appointments/domain/meeting_request.h"

#include <fmt/format.h>

#include <algorithm>

namespace finalmile::appointments::domain {
namespace {

constexpr absl::Duration kRebookTime = absl::Hours(4);
constexpr absl::Duration kRebookTimeAfterHost = absl::Hours(1);

bool IsHeldBySomebody(const MeetingRequest& request) {
  return request.state == RequestState::kClaimed || request.state == RequestState::kWorking;
}

Refusal WrongState(std::string_view message) {
  return {Refusal::Kind::kState, "WRONG_STATE", std::string(message)};
}

// What keeps the actor from working on a request that somebody holds.
std::optional<Refusal> CheckHolder(const MeetingRequest& request, const Actor& actor) {
  if (!IsHeldBySomebody(request)) return WrongState("the request is not being worked: claim it first");
  if (actor.manager || request.setter == actor.name) return std::nullopt;
  return Refusal{Refusal::Kind::kOwner, "NOT_YOURS",
                 fmt::format("{} works on it; a manager can reassign it", request.setter)};
}

void SetDeadline(MeetingRequest& request, absl::Time deadline) {
  request.deadline = deadline;
  if (request.attempts == 0) request.first_deadline = deadline;
}

void SetResponse(MeetingRequest& request, absl::Time start, absl::Duration time, const WorkingHours& hours) {
  request.response_start = start;
  request.response_time = time;
  request.level = 0;
  SetDeadline(request, AfterWorkingTime(hours, start, time));
}

void BeginWindow(MeetingRequest& request, absl::Time now) {
  request.window_start = now;
  request.window_attempts = 0;
  request.channels.clear();
  request.callback_at = absl::InfinitePast();
  request.snooze_until = absl::InfinitePast();
}

void GiveTo(MeetingRequest& request, std::string_view setter, absl::Time now) {
  request.setter = std::string(setter);
  request.claim_time = now;
  request.state = RequestState::kClaimed;
  BeginWindow(request, now);
}

absl::Time SecondDeadline(const MeetingRequest& request, const WorkingHours& hours) {
  return AfterWorkingTime(hours, request.response_start, 2 * request.response_time);
}

Recycled Recycle(MeetingRequest& request, absl::Time now) {
  request.state = RequestState::kRecycled;
  request.quiet_until = now + kRecycleFor;
  return {request.quiet_until};
}

// For how long a lead is left alone that was returned.
absl::Time QuietUntil(ReturnReason reason, absl::Time until, absl::Time now) {
  switch (reason) {
    case ReturnReason::kBadTiming:
      return until == absl::InfinitePast() ? now + kRecycleFor : until;
    case ReturnReason::kNoNeed:
    case ReturnReason::kUnreachable:
      return now + kRecycleFor;
    default:
      return absl::InfinitePast();
  }
}

}  // namespace

absl::Duration ResponseTime(bool hand_raise, std::string_view grade) {
  if (hand_raise) return absl::Minutes(5);
  return grade == "A1" || grade == "A2" ? absl::Hours(1) : absl::Hours(4);
}

bool IsActive(const MeetingRequest& request) {
  return request.state == RequestState::kOpen || IsHeldBySomebody(request) ||
         (request.state == RequestState::kSet && !request.held);
}

std::optional<bool> WithinResponseTime(const MeetingRequest& request) {
  if (request.attempts == 0) return std::nullopt;
  return request.first_attempt_time <= request.first_deadline;
}

bool IsUnanswered(const MeetingRequest& request) {
  if (request.state == RequestState::kOpen) return true;
  return IsHeldBySomebody(request) && request.window_attempts == 0;
}

absl::Time EndOfWindow(const MeetingRequest& request, const WorkingHours& hours) {
  if (!IsHeldBySomebody(request)) return absl::InfiniteFuture();
  const absl::Time end = EndOfWorkingDay(hours, request.window_start, kWindowDays);
  return std::max(end, std::min(request.callback_at, end + kLongestCallback));
}

MeetingRequest Open(const Crossing& crossing, const WorkingHours& hours) {
  MeetingRequest request;
  request.crossing = crossing;
  SetResponse(request, crossing.ready_time, ResponseTime(crossing.hand_raise, crossing.grade), hours);
  return request;
}

RequestEvents CrossAgain(MeetingRequest& request, const Crossing& crossing, const WorkingHours& hours) {
  if (!IsActive(request)) return {};
  request.cooled = false;
  if (request.state == RequestState::kSet) {
    request.crossing.ready_seq = crossing.ready_seq;
    request.raised_again_time = crossing.ready_time;
    return {};
  }
  const absl::Time ready_time = request.crossing.ready_time;
  const bool raised_before = request.crossing.hand_raise;
  request.crossing = crossing;
  request.crossing.ready_time = ready_time;
  request.crossing.hand_raise = raised_before || crossing.hand_raise;
  if (!crossing.hand_raise) return {Requested{"ready"}};
  request.snooze_until = absl::InfinitePast();
  const absl::Time before = request.deadline;
  const bool answered = !IsUnanswered(request);
  SetResponse(request, crossing.ready_time, ResponseTime(true, crossing.grade), hours);
  if (!answered) SetDeadline(request, std::min(before, request.deadline));
  return {Requested{"raised"}};
}

RequestEvents Cool(MeetingRequest& request, int64_t ready_seq, bool gated) {
  if (!IsActive(request) || ready_seq != request.crossing.ready_seq) return {};
  const bool open = request.state == RequestState::kOpen;
  if (gated && request.state != RequestState::kSet) return Close(request, CloseReason::kGated);
  if (!gated && open && !request.crossing.hand_raise) return Close(request, CloseReason::kCooled);
  request.cooled = true;
  return {};
}

RequestEvents Close(MeetingRequest& request, CloseReason reason) {
  if (!IsActive(request)) return {};
  request.state = RequestState::kClosed;
  request.close_reason = reason;
  return {Closed{reason}};
}

RequestResult Claim(MeetingRequest& request, const Actor& actor, absl::Time now) {
  if (IsHeldBySomebody(request)) {
    if (request.setter == actor.name) return RequestEvents{};
    return Refusal{Refusal::Kind::kFaster, "ALREADY_CLAIMED", fmt::format("{} was faster", request.setter)};
  }
  if (request.state != RequestState::kOpen) return WrongState("only an open request can be claimed");
  GiveTo(request, actor.name, now);
  return RequestEvents{Claimed{}};
}

RequestResult LogAttempt(MeetingRequest& request, const Actor& actor, const Attempt& attempt,
                         absl::Time now) {
  RequestEvents events;
  if (request.state == RequestState::kOpen) {
    GiveTo(request, actor.name, now);
    events.push_back(Claimed{});
  } else if (std::optional<Refusal> refusal = CheckHolder(request, actor)) {
    return *std::move(refusal);
  }
  const bool first = request.attempts == 0;
  request.state = RequestState::kWorking;
  ++request.attempts;
  ++request.window_attempts;
  request.channels.insert(attempt.channel);
  request.first_attempt_time = std::min(request.first_attempt_time, attempt.time);
  request.callback_at = attempt.callback_at;
  events.push_back(AttemptLogged{request.attempts, first, *WithinResponseTime(request)});
  if (request.window_attempts >= kMostAttempts &&
      static_cast<int>(request.channels.size()) >= kFewestChannels && request.callback_at <= now) {
    events.push_back(Recycle(request, now));
  }
  return events;
}

RequestResult Snooze(MeetingRequest& request, const Actor& actor, absl::Time until) {
  if (std::optional<Refusal> refusal = CheckHolder(request, actor)) return *std::move(refusal);
  if (IsUnanswered(request)) {
    return Refusal{Refusal::Kind::kState, "FIRST_ATTEMPT_DUE",
                   "try to reach the lead first; a request that nobody tried cannot wait"};
  }
  request.snooze_until = until;
  return RequestEvents{};
}

RequestResult Return(MeetingRequest& request, const Actor& actor, ReturnReason reason, absl::Time until,
                     absl::Time now) {
  if (request.state == RequestState::kOpen) {
    if (!actor.manager) return WrongState("claim the request first; only a manager returns an open one");
  } else if (std::optional<Refusal> refusal = CheckHolder(request, actor)) {
    return *std::move(refusal);
  }
  if (reason == ReturnReason::kUnreachable && request.attempts < kAttemptsToGiveUp) {
    return Refusal{Refusal::Kind::kState, "TOO_FEW_ATTEMPTS",
                   fmt::format("{} attempts were made; a lead is unreachable after {}", request.attempts,
                               kAttemptsToGiveUp)};
  }
  request.state = RequestState::kReturned;
  request.return_reason = reason;
  request.quiet_until = QuietUntil(reason, until, now);
  return RequestEvents{Returned{reason}};
}

RequestResult Reassign(MeetingRequest& request, std::string_view to, absl::Time now) {
  if (!IsHeldBySomebody(request)) return WrongState("nobody works on the request");
  if (request.setter == to) return RequestEvents{};
  const Reassigned reassigned{request.setter, std::string(to)};
  request.setter = std::string(to);
  if (to.empty()) {
    request.state = RequestState::kOpen;
    request.rebook = false;
  } else {
    request.window_start = request.claim_time = now;
  }
  return RequestEvents{reassigned};
}

RequestEvents Book(MeetingRequest& request, std::string_view setter, absl::Time now) {
  RequestEvents events;
  if (request.state == RequestState::kOpen) {
    GiveTo(request, setter, now);
    events.push_back(Claimed{.by_booking = true});
  }
  if (!IsHeldBySomebody(request)) return events;
  request.state = RequestState::kSet;
  request.rebook = false;
  return events;
}

void Hold(MeetingRequest& request) {
  if (request.state == RequestState::kSet) request.held = true;
}

RequestEvents Rebook(MeetingRequest& request, bool host_no_show, const WorkingHours& hours, absl::Time now) {
  if (request.state != RequestState::kSet) return {};
  request.state = RequestState::kWorking;
  request.held = false;
  request.rebook = true;
  BeginWindow(request, now);
  SetResponse(request, now, host_no_show ? kRebookTimeAfterHost : kRebookTime, hours);
  return {Requested{"rebook"}};
}

RequestEvents Visit(MeetingRequest& request, const WorkingHours& hours, absl::Time now) {
  RequestEvents events;
  if (IsUnanswered(request)) {
    if (request.level == 0 && request.deadline <= now) events.push_back(Overdue{request.level = 1});
    if (request.level == 1 && SecondDeadline(request, hours) <= now)
      events.push_back(Overdue{request.level = 2});
  }
  if (!IsHeldBySomebody(request) || EndOfWindow(request, hours) > now) return events;
  if (request.window_attempts > 0) {
    events.push_back(Recycle(request, now));
  } else {
    events.push_back(Reassigned{request.setter, ""});
    request.state = RequestState::kOpen;
    request.setter.clear();
    if (request.level < 2) events.push_back(Overdue{2});
    request.level = 2;
  }
  return events;
}

absl::Time NextDue(const MeetingRequest& request, const WorkingHours& hours) {
  absl::Time due = absl::InfiniteFuture();
  if (IsUnanswered(request)) {
    if (request.level == 0) due = request.deadline;
    if (request.level == 1) due = SecondDeadline(request, hours);
  }
  return IsHeldBySomebody(request) ? std::min(due, EndOfWindow(request, hours)) : due;
}

}  // namespace finalmile::appointments::domain
