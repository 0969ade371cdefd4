#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/storage/table.h"

namespace finalmile::coaching::store {

// A meeting, by its chain, as the events of appointments tell of it. It names no lead.
struct MeetingRow {
  std::string id;
  std::string host;
  std::string situation;
  absl::Time start_time = absl::UnixEpoch();
  // It is ahead, or nobody has said what became of it.
  bool planned = false;
  // Its scores count.
  bool held = false;
  // When it is deleted.
  absl::Time due_time = absl::InfiniteFuture();

  friend bool operator==(const MeetingRow&, const MeetingRow&) = default;
};
extern const storage::Table<MeetingRow> kMeetings;
// Those that exist, by id.
absl::StatusOr<std::map<std::string, MeetingRow>> ReadMeetings(storage::Transaction& transaction,
                                                               const std::vector<std::string>& ids);
// Those of a host that are planned, the earliest first.
absl::StatusOr<std::vector<MeetingRow>> PlannedMeetings(storage::Transaction& transaction,
                                                        const std::string& host);
// Deletes meetings with their low scores. Deferred.
absl::Status DeleteMeetings(storage::Transaction& transaction, const std::vector<std::string>& ids);

// One criterion of a meeting on which one rater gave kFailingScore or less. The source is a number of
// ConversationScored.Source; the guest has no name.
struct LowScoreRow {
  std::string meeting;
  int64_t source = 0;
  std::string rater;
  std::string criterion;
};
extern const storage::Table<LowScoreRow> kLowScores;
// Deletes those of a rater's earlier score of a meeting. Deferred.
absl::Status DeleteLowScores(storage::Transaction& transaction, const std::string& meeting, int64_t source,
                             const std::string& rater);

// A low score with the meeting it is of.
struct ScoredMeeting {
  std::string criterion;
  bool self = false;
  MeetingRow meeting;
};
// Low scores of meetings that were held: those of one host, and the newest of all hosts without what they
// said of themselves.
absl::StatusOr<std::vector<ScoredMeeting>> LowScoresOf(storage::Transaction& transaction,
                                                       const std::string& host);
absl::StatusOr<std::vector<ScoredMeeting>> AllLowScores(storage::Transaction& transaction, int limit);

}  // namespace finalmile::coaching::store
