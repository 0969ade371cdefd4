#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "services/coaching/domain/ids.h"
#include "services/coaching/domain/practice/memory.h"
#include "services/coaching/domain/practice/practice.h"

namespace finalmile::coaching {

// Whether a rep masters a track: three days with a practice of 7.5 or better within 30 days, one of them
// reviewed by a coach; until the rep is likely to have forgotten it, the track changes so that it has to be
// mastered anew, or a review takes one of the days away.

inline constexpr double kMasteringScore = 7.5;
inline constexpr size_t kMasteringDays = 3;
// Calendar days, the first and the last included.
inline constexpr int kMasteringWindow = 30;
// A rehearsal is due when the retrievability has fallen to the first; mastery lapses at the second, and not
// before kShortestMastery.
inline constexpr double kRehearseAt = .9;
inline constexpr double kForgottenAt = .8;
inline constexpr absl::Duration kShortestMastery = absl::Hours(24 * 30);

// A submitted practice as mastery sees it.
struct PracticeFact {
  // The practice's: among those of one moment the smaller comes first.
  PracticeId id;
  absl::Time time;
  absl::CivilDay day;
  int64_t track_version = 0;
  double score = 0;
  // A coach reviewed it, so that the score is theirs.
  bool coach_reviewed = false;

  friend bool operator==(const PracticeFact&, const PracticeFact&) = default;
};
PracticeFact FactOf(PracticeId id, const Practice& practice);

// The numbers are those of the contract.
enum class MasteryState { kNone = 1, kMastered = 2, kLapsed = 3 };
enum class LapseReason { kForgotten = 1, kNewVersion = 2, kCorrected = 3 };

// Follows from all practices of a rep at a track, whatever the order in which they arrived.
struct Mastery {
  // kNone, kMastered, or kLapsed where the track was forgotten.
  MasteryState state = MasteryState::kNone;
  // Days that count within the 30 that end with the last of them, in order; after a lapse they are counted
  // anew.
  std::vector<absl::CivilDay> days;
  // A coach reviewed one of these days at 7.5 or better.
  bool coach_reviewed = false;
  // When the last practice took place that counts, and the track's version then; InfinitePast: none does.
  absl::Time counted_time = absl::InfinitePast();
  int64_t counted_version = 0;
  // When the practice took place that made it mastered, and the track's version then; InfinitePast: never.
  absl::Time mastered_time = absl::InfinitePast();
  int64_t mastered_version = 0;
  // nullopt: there is no practice.
  std::optional<Memory> memory;
  PracticeId last_practice;
  absl::Time last_time = absl::InfinitePast();
  // While mastered; else InfiniteFuture.
  absl::Time rehearsal_time = absl::InfiniteFuture();
  // While mastered, when it will lapse; once lapsed, when it did; else InfiniteFuture.
  absl::Time lapse_time = absl::InfiniteFuture();

  friend bool operator==(const Mastery&, const Mastery&) = default;
};
// `certificate_version`: days count from this version of the track on, which asked for mastery anew; all
// practices count for the memory.
Mastery MasteryOf(std::vector<PracticeFact> practices, int64_t certificate_version, absl::Time now);
// The probability that the rep remembers the track now. Needs a memory.
double RetrievabilityAt(const Mastery& mastery, absl::Time now);

// Keeps what the last events said of it.
struct MasteryRecord {
  MasteryState state = MasteryState::kNone;
  // Why it lapsed last; nullopt: it never did.
  std::optional<LapseReason> lapse_reason;
  // The track's certificate version when it was mastered.
  int64_t certificate_version = 0;
  // The practice after which a rehearsal was called for.
  PracticeId rehearsed;

  friend bool operator==(const MasteryRecord&, const MasteryRecord&) = default;
};

// A change of practices, of the track or of the time tells these, in their order.
struct Mastered {};
struct RehearsalCalled {
  double retrievability = 0;
};
struct Lapsed {
  LapseReason reason = LapseReason::kForgotten;
};
using MasteryEvent = std::variant<Mastered, RehearsalCalled, Lapsed>;

// Brings the record up to `mastery`, as MasteryOf gave it for this certificate version at `now`. Doing so
// again tells nothing.
std::vector<MasteryEvent> Update(MasteryRecord& record, const Mastery& mastery, int64_t certificate_version,
                                 absl::Time now);
// When to look again if nothing else happens; InfiniteFuture: never.
absl::Time NextDue(const MasteryRecord& record, const Mastery& mastery);

}  // namespace finalmile::coaching
