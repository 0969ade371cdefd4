#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/condition.h"
#include "libs/storage/table.h"
#include "services/coaching/domain/practice/mastery.h"
#include "services/coaching/domain/practice/practice.h"
#include "services/coaching/domain/practice/review_queue.h"

namespace finalmile::coaching::store {

// A practice without what was said in it. Reps are named by their principal.
struct PracticeRow {
  PracticeId id;
  // Grows with every change; its etag.
  int64_t version = 1;
  TalkTrackId track;
  // Its rubric is that of the track's version, and its reviews have a table of their own.
  coaching::Practice practice;
  // The analysis', 0 to 1.
  double coverage = 0;
  // The practice's, 1 to 10, with its reviews.
  double score = kLowestScore;
  // InfinitePast: it is a draft.
  absl::Time submit_time = absl::InfinitePast();
};

extern const storage::Table<PracticeRow> kPractices;

PracticeFact FactOf(const PracticeRow& row);

// Those that exist, in any order.
absl::StatusOr<std::vector<PracticeRow>> ReadPractices(storage::Transaction& transaction,
                                                       const std::vector<PracticeId>& ids);
// All submitted practices of a rep, by track.
absl::StatusOr<std::map<TalkTrackId, std::vector<PracticeFact>>> ReadFacts(storage::Transaction& transaction,
                                                                           const std::string& rep);
// Drafts of a rep, and submitted practices of one at a track.
absl::StatusOr<int64_t> CountDrafts(storage::Transaction& transaction, const std::string& rep);
absl::StatusOr<int64_t> CountSubmitted(storage::Transaction& transaction, const std::string& rep,
                                       const TalkTrackId& track);

// Which practices a list has: the caller's own, and where `others`, what others have submitted. The
// condition's parameters begin at kFirstListParameter. In order of practice_time and id, the newest first,
// behind them.
inline constexpr int kFirstListParameter = 6;
struct ListQuery {
  std::string caller;
  bool others = false;
  storage::Condition condition;
};
absl::StatusOr<std::vector<PracticeRow>> ListPractices(storage::Transaction& transaction,
                                                       const ListQuery& query, absl::Time before,
                                                       const std::string& id, int limit);

// Submitted practices that no coach has reviewed, in the order of ReviewedBefore, behind `after` (null: from
// the beginning). Meetings that begin at `now` or later count as ahead.
struct QueuedPractice {
  WaitingPractice waiting;
  PracticeRow row;
};
absl::StatusOr<std::vector<QueuedPractice>> ReadReviewQueue(storage::Transaction& transaction, absl::Time now,
                                                            const WaitingPractice* after, int limit);
// How many of these wait, by track.
absl::StatusOr<std::map<TalkTrackId, int64_t>> CountWaiting(storage::Transaction& transaction);

// Holds what was said in a practice, and how it compares with the track; messages of the contract,
// serialised.
struct ContentRow {
  PracticeId practice;
  std::string content;
  // Empty: it is a draft.
  std::string analysis;
};
extern const storage::Table<ContentRow> kContents;
absl::StatusOr<std::optional<ContentRow>> ReadContent(storage::Transaction& transaction,
                                                      const PracticeId& practice);

// A review. Those that a later one of the same reviewer has replaced are kept.
struct ReviewRow {
  PracticeId practice;
  // From 1.
  int64_t number = 0;
  bool replaced = false;
  Review review;
  // This review's alone, 1 to 10.
  double score = kLowestScore;
  // The comments on turns; a message of the contract, serialised.
  std::string comments;
};
extern const storage::Table<ReviewRow> kReviews;
// The newest of each reviewer, in order of reviewer.
absl::StatusOr<std::vector<ReviewRow>> ReadReviews(storage::Transaction& transaction,
                                                   const std::vector<PracticeId>& practices);
// Counts all that a practice has, those replaced as well.
absl::StatusOr<int64_t> CountReviews(storage::Transaction& transaction, const PracticeId& practice);
// Marks the reviews of a reviewer of a practice as replaced. Deferred.
absl::Status ReplaceReviews(storage::Transaction& transaction, const PracticeId& practice,
                            const std::string& reviewer);
// Levels that coaches gave to practices of these tracks that took place at `since` or later, by track: each
// practice with two coaches or more.
absl::StatusOr<std::map<TalkTrackId, std::vector<Unit>>> ReadUnits(storage::Transaction& transaction,
                                                                   const std::vector<TalkTrackId>& tracks,
                                                                   absl::Time since);

}  // namespace finalmile::coaching::store
