#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/storage/table.h"
#include "services/appointments/domain/routing.h"

// What coaching has said of talk tracks and of who has mastered them. Tracks and reps come in any order to
// each other, so that each has its table, and only routing brings them together.
namespace finalmile::appointments::store {

// A published talk track.
struct TalkTrackRow {
  // "new-fleet-manager" of talkTracks/new-fleet-manager.
  std::string id;
  std::string situation;
  // Mastery of earlier versions no longer counts; 0: that of any version does.
  int64_t certificate_version = 0;
};

extern const storage::Table<TalkTrackRow> kTalkTracks;

// That a rep has mastered a version of a talk track. A lapse deletes it.
struct MasteryRow {
  std::string talk_track;
  // The name of its principal: "kim" of reps/kim. Not every rep is a host, or is one yet.
  std::string rep;
  int64_t version = 0;
};

extern const storage::Table<MasteryRow> kMastery;

// Those that exist, locked in order.
absl::StatusOr<std::vector<TalkTrackRow>> LockTalkTracks(storage::Transaction& transaction,
                                                         std::vector<std::string> ids);
// Deferred.
absl::Status DeleteMastery(storage::Transaction& transaction, const std::string& talk_track,
                           const std::string& rep);
// Who has mastered at least one published track of the situation; empty: no situation, which has no track.
// Settle, then MasteryIn.
absl::StatusOr<storage::Deferred> DeferMastery(storage::Transaction& transaction,
                                               const std::string& situation);
domain::SituationMastery MasteryIn(const storage::Result& read);

}  // namespace finalmile::appointments::store
