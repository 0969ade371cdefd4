#include "services/appointments/store/mastery_store.h"

#include <utility>

#include "libs/base/status.h"
#include "libs/storage/columns.h"

namespace finalmile::appointments::store {

const storage::Table<TalkTrackRow> kTalkTracks("talk_tracks", {"id"},
                                               {{"id", &TalkTrackRow::id},
                                                {"situation", &TalkTrackRow::situation},
                                                {"certificate_version", &TalkTrackRow::certificate_version}});

const storage::Table<MasteryRow> kMastery("mastery", {"talk_track", "rep"},
                                          {{"talk_track", &MasteryRow::talk_track},
                                           {"rep", &MasteryRow::rep},
                                           {"version", &MasteryRow::version}});

absl::StatusOr<std::vector<TalkTrackRow>> LockTalkTracks(storage::Transaction& transaction,
                                                         std::vector<std::string> ids) {
  ASSIGN_OR_RETURN(const storage::Deferred locked,
                   kTalkTracks.DeferLock(transaction, storage::SortedUnique(std::move(ids))));
  RETURN_IF_ERROR(transaction.Settle());
  return kTalkTracks.Records(*locked);
}

absl::Status DeleteMastery(storage::Transaction& transaction, const std::string& talk_track,
                           const std::string& rep) {
  return transaction.Defer("DELETE FROM mastery WHERE talk_track = $1 AND rep = $2", {talk_track, rep})
      .status();
}

absl::StatusOr<storage::Deferred> DeferMastery(storage::Transaction& transaction,
                                               const std::string& situation) {
  if (situation.empty()) return storage::Deferred(storage::Result());
  return transaction.Defer(R"sql(
SELECT DISTINCT COALESCE(m.rep, '') FROM talk_tracks AS t
LEFT JOIN mastery AS m ON m.talk_track = t.id AND m.version >= t.certificate_version
WHERE t.situation = $1)sql",
                           {situation});
}

domain::SituationMastery MasteryIn(const storage::Result& read) {
  domain::SituationMastery mastery;
  mastery.has_track = !read.rows.empty();
  for (const storage::Row& row : read.rows) mastery.mastered_by.insert(row.Text(0));
  return mastery;
}

}  // namespace finalmile::appointments::store
