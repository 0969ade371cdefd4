#pragma once

#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "services/leads/domain/fading.h"
#include "services/leads/domain/policy.h"

namespace finalmile::leads::domain {

// How long a hand-raise that was not acted on lets a lead in.
inline constexpr absl::Duration kHandRaiseLife = absl::Hours(24 * 30);

// The part of a lead's readiness that is stored.
struct ReadinessState {
  // Grade at the last evaluation; empty: never evaluated.
  std::string grade;
  // The lane by which the lead is sales-ready now; empty: it is not.
  std::string lane;
  // `lane` is a hand-raise lane, or was one under an earlier policy.
  bool by_hand_raise = false;
  // When it last became sales-ready: the ready time while `lane` is set; kept after it cools.
  absl::Time last_crossing = absl::InfinitePast();
  // When it last stopped being sales-ready: it cooled, or its request ended.
  absl::Time ended = absl::InfinitePast();
  // Somebody claimed the request of the last crossing: its hand-raise is spent, whatever becomes of it.
  bool claimed = false;
  // Hand-raises up to this event time opened a request, and no gate gave them back.
  absl::Time hand_raise_used = absl::InfinitePast();

  friend bool operator==(const ReadinessState&, const ReadinessState&) = default;
};

struct BecameSalesReady {
  std::string lane;
  bool by_hand_raise = false;
};
// Sales-ready no more.
struct Cooled {
  enum class Cause { kFaded, kGated, kClosed };
  // The lane it was in.
  std::string lane;
  Cause cause = Cause::kFaded;
};
struct BandChanged {
  // Grades: "B2".
  std::string from;
  std::string to;
};
using Transition = std::variant<BecameSalesReady, Cooled, BandChanged>;

struct ReadinessInput {
  // The lead has a gate.
  bool gated = false;
  double fit = 0;
  Engagement engagement;
  // EngagementState::last_hand_raise.
  absl::Time last_hand_raise = absl::InfinitePast();
  // When the lead's outcome was known: it is closed, and only a hand-raise after it lets the lead in.
  // InfinitePast: there is none.
  absl::Time outcome_time = absl::InfinitePast();
  // What happened up to here is history (Lead::history_time), and lets nobody in.
  absl::Time history_time = absl::InfinitePast();
  // Sales leaves the lead alone until then: no scored lane lets it in. InfinitePast: it does not.
  absl::Time quiet_until = absl::InfinitePast();
};

struct Readiness {
  ReadinessState state;
  // In the order they happened: band, then readiness. Empty: nothing changed.
  std::vector<Transition> transitions;
  // E at the evaluation.
  double engagement = 0;
  // When to evaluate again if nothing else happens: an edge of the grade or cool_below is crossed by fading,
  // or the wait before crossing again ends. Later than `now`; InfiniteFuture: never.
  absl::Time next_due = absl::InfiniteFuture();
  // When E falls below the next edge of the grade; InfiniteFuture: never.
  absl::Time next_band_time = absl::InfiniteFuture();
};

// Moves a lead's readiness to `now`. Evaluating again at the same moment changes nothing.
//
// A lead with a known outcome is closed: if it is sales-ready, unless by a hand-raise after its outcome, it
// cools. With a gate no lead is sales-ready; one that is cools, whatever its lane, and gets back the
// hand-raise that let it in, unless its request was claimed: once the gate is lifted, within 30 days of that
// hand-raise, the lead crosses again. Otherwise the first lane whose conditions hold lets it in, hand-raise
// lanes before scored ones: a hand-raise lane while a hand-raise of the last 30 days opened no request; a
// scored lane unless the lead is left alone, or crossed, or was last sales-ready, less than recross_after
// ago.
//
// A lead that is sales-ready by a scored lane cools at E < cool_below, or a hand-raise moves it to the
// hand-raise lane. By a hand-raise it stays sales-ready until Close or a gate. Another hand-raise belongs to
// the same request, unless the crossing is recross_after ago: then it is a new one.
Readiness Evaluate(const Policy& policy, const ReadinessInput& input, const ReadinessState& before,
                   absl::Time now);

// Ends readiness at `now` because the request it opened was closed (worked off, returned, recycled): the lead
// may cross again, not before recross_after by a scored lane.
void Close(ReadinessState& state, absl::Time now);

// When a scored lane may let in a lead again that is not sales-ready.
absl::Time RecrossTime(const Policy& policy, const ReadinessState& state, absl::Time quiet_until);

}  // namespace finalmile::leads::domain
