#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/base/violation.h"

namespace finalmile::catalog::domain {

// Mirrors AssetState.
enum class AssetState {
  kUnspecified = 0,
  kDraft = 1,
  kInReview = 2,
  kPublished = 3,
  kExpired = 4,
  kRetired = 5,
};

inline constexpr absl::Duration kReviewEvery = absl::Hours(24 * 180);
inline constexpr absl::Duration kReviewGrace = absl::Hours(24 * 14);

// When an asset was live, [from, to).
struct Period {
  absl::Time from;
  absl::Time to;
};

// The state of an asset: its newest version on the way to reps, and the version that reps are given.
struct Life {
  int64_t latest_version = 0;
  // State of the newest version: kDraft, kInReview, or kPublished once it was given to reps.
  AssetState latest = AssetState::kUnspecified;
  // Who approved the newest version; empty: nobody yet.
  std::string reviewer;

  // 0: none was ever published.
  int64_t published_version = 0;
  // State of the asset: kUnspecified (never published, nor retired), kPublished, kExpired, kRetired.
  AssetState shelf = AssetState::kUnspecified;
  // Times of the published version; it is live from the first until before the second.
  absl::Time publish_time = absl::InfinitePast();
  absl::Time expire_time = absl::InfiniteFuture();
  absl::Time review_time = absl::InfiniteFuture();
  // AssetReviewDue and ReviewOverdue were emitted for this review time.
  bool review_due_emitted = false;
  bool review_overdue_emitted = false;

  friend bool operator==(const Life&, const Life&) = default;
};

// The transitions change `life`, or refuse it and leave it as it was. Reasons: ASSET_INCOMPLETE, WRONG_STATE,
// REVIEWER_IS_OWNER, REVIEW_MISSING, PUBLISH_WINDOW_EMPTY, PUBLISH_WINDOW_GAP.

// A new asset, version 1, or new content for an old one: the next version, a draft. What is published stays.
void Write(Life& life);
// draft → in review, when nothing is missing.
absl::Status Submit(Life& life, const std::vector<Violation>& missing);
// in review → approved (still in review). The reviewer is not the owner.
absl::Status Approve(Life& life, std::string_view reviewer, std::string_view owner);
// in review → draft.
absl::Status SendBack(Life& life);

struct Publication {
  // Who reviewed it outside; empty: it was approved here.
  std::string reviewer = {};
  // Absent: at once.
  std::optional<absl::Time> publish_time = std::nullopt;
  // Absent: it does not expire.
  std::optional<absl::Time> expire_time = std::nullopt;
  // Absent: in 180 days.
  std::optional<absl::Time> review_time = std::nullopt;
};
// Gives the newest version to reps; once given, again, to set its window anew or to bring it back. While
// another version is live it takes its place at once: a publish time that is still to come is refused then.
absl::Status Publish(Life& life, const Publication& publication, std::string_view owner,
                     const std::vector<Violation>& missing, absl::Time now);

// Takes the asset from reps, whatever its state, unless it is retired already.
absl::Status Retire(Life& life);

// Whether reps are given the published version at `now`.
bool IsLive(const Life& life, absl::Time now);

// Whether reps may read a version in `state`: the `published` one from its publish time on, also when it has
// expired or was retired since, and a version in review, since they are its reviewers.
bool RepsMayRead(AssetState state, bool published, absl::Time publish_time, absl::Time now);

// A change that the passing of time makes.
enum class Due { kExpired, kReviewDue, kReviewOverdue };
// Moves `life` to `now`: what has fallen due since, in order. Visiting again at the same moment changes
// nothing.
std::vector<Due> Visit(Life& life, absl::Time now);
// When to visit next; InfiniteFuture: never.
absl::Time NextDue(const Life& life);

// The state of `version` as the API shows it. A version that was replaced, published or not, is retired.
AssetState StateOf(const Life& life, int64_t version);

}  // namespace finalmile::catalog::domain
