#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "absl/time/time.h"
#include "services/leads/domain/lead.h"

// What sales makes of a lead that became sales-ready, as the appointments service tells it. Pure; nothing
// depends on the order in which requests and meetings are heard of.
namespace finalmile::leads::domain {

enum class SalesState {
  // States of a meeting request.
  kOpen = 1,
  kClaimed = 2,
  kWorking = 3,
  kReturned = 5,
  kRecycled = 6,
  kClosed = 7,
  // States of a meeting.
  kScheduled = 11,
  kHeld = 12,
  kGuestNoShow = 13,
  kHostNoShow = 14,
  kCancelledByGuest = 15,
  kCancelledByUs = 16,
};

// As finalmile.appointments.v1.ReturnReason, with the same numbers.
enum class ReturnReason {
  kNone = 0,
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

// The newest that was told of one request or meeting.
struct SalesFact {
  // "meetingRequests/…" or "appointments/…".
  std::string key;
  LeadId lead;
  // The crossing that it answers, by the seq of its event; 0: none.
  int64_t ready_seq = 0;
  int64_t cycle = 0;
  SalesState state = SalesState::kOpen;
  // A request has these two.
  int64_t attempts = 0;
  ReturnReason return_reason = ReturnReason::kNone;
  // A meeting that was held has it; absent: nobody has said.
  std::optional<bool> qualified;
  // When it happened.
  absl::Time time = absl::UnixEpoch();

  friend bool operator==(const SalesFact&, const SalesFact&) = default;
};

// Nobody works on the request any more.
bool HasEnded(const SalesFact& fact);

// The stage of a lead that is at `stage` in `cycle`: won and lost stay; else what the facts of that cycle, or
// of a later one, say; none says anything: `stage`.
Stage StageOf(Stage stage, int64_t cycle, std::span<const SalesFact> facts);

// What a crossing came to, for the model that learns from it: decided kMaturity after it.
enum class Label {
  // Cannot say: a host no-show, our cancellation, never attempted, opted out, and so on.
  kLeftOut = 0,
  kNotHeld = 1,
  kHeld = 2,
};
inline constexpr absl::Duration kMaturity = absl::Hours(24 * 30);
// Held: 1. Not held: a guest's no-show or cancellation without recovery, a refusal after an attempt,
// exhausted attempts. `facts` are those of one crossing's cycle.
Label LabelOf(std::span<const SalesFact> facts);

}  // namespace finalmile::leads::domain
