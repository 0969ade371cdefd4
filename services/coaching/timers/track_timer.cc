#include "services/coaching/timers/track_timer.h"

#include "libs/base/status.h"
#include "services/coaching/store/rep_store.h"

namespace finalmile::coaching::timers {

absl::Status TrackTimer::Visit(storage::Transaction& transaction, const std::vector<TalkTrackId>& ids,
                               absl::Time now) {
  ASSIGN_OR_RETURN(const storage::Deferred locked,
                   store::kTracks.DeferLock(transaction, storage::SortedUnique(ids)));
  RETURN_IF_ERROR(transaction.Settle());
  ASSIGN_OR_RETURN(std::vector<store::TrackRow> tracks, store::kTracks.Records(*locked));
  std::erase_if(tracks, [&](const store::TrackRow& track) { return track.due_time > now; });
  std::vector<TalkTrackId> published;
  for (store::TrackRow& track : tracks) {
    published.push_back(track.id);
    track.due_time = absl::InfiniteFuture();
  }
  RETURN_IF_ERROR(store::VisitRepsOf(transaction, published, now));
  return store::SetDueTimes(transaction, tracks);
}

}  // namespace finalmile::coaching::timers
