#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "libs/outbox/aggregates.h"
#include "services/coaching/changes/names.h"
#include "services/coaching/changes/track_proto.h"

namespace finalmile::coaching::changes {

// The one way in which talk tracks change: calls and events of the catalog lock rows, say what happened, and
// write. Each change counts the track's revision up by one. Lives inside one transaction; not thread-safe.
class TrackBatch {
  // The batch keeps this beside each row.
  struct Work {
    // The newest version, where it was needed.
    std::optional<TalkTrack> latest;
    // A version to be written; it takes the place of a draft where the newest one is one.
    std::optional<store::VersionRow> version;
    bool published = false;
    // Those of the published version; read once they are needed.
    std::optional<std::vector<Source>> sources;
    bool sources_written = false;
  };
  using Tracks = outbox::Aggregates<store::TrackRow, v1::CoachingEvent, Work>;

 public:
  using Entry = Tracks::Entry;

  // The references outlive the batch.
  TrackBatch(storage::Transaction& transaction, const outbox::EventContext& context)
      : transaction_(transaction),
        context_(context),
        tracks_(transaction, store::kTracks, TrackCollection(), context) {}

  // Locks the rows of these tracks; once per batch. Absent ones are left out.
  absl::Status Lock(std::vector<TalkTrackId> ids) { return tracks_.Lock(std::move(ids)); }
  // A locked or new track; null when it is absent.
  Entry* Find(const TalkTrackId& id) { return tracks_.Find(id); }
  // The newest content of a locked or new track. Valid until its next change.
  absl::StatusOr<const TalkTrack*> Latest(Entry& entry);

  // A new track under an id that was locked and found absent. `content` is normalised and valid, as in
  // Change.
  void Create(const TalkTrackId& id, TalkTrack content);
  // Other content is a new version, a draft; the same as the newest version's changes nothing.
  absl::Status Change(Entry& entry, TalkTrack content);
  // Gives the newest version to reps. FAILED_PRECONDITION / INCOMPLETE.
  absl::Status Publish(Entry& entry, bool recertify);
  // Takes what became of the source assets `changes`, the earliest change of each asset first.
  absl::Status TakeChanges(Entry& entry, const std::vector<Source>& changes);

  // Writes rows, versions, sources and events of what was changed. ABORTED when a track that was created here
  // was created by another transaction meanwhile: Transact runs the function again.
  absl::Status Write();

 private:
  absl::Status LoadSources(Entry& entry);
  // Counts the revision; the batch calls it once at each change of a track.
  void Touch(Entry& entry);
  void WriteVersion(Entry& entry, TalkTrack content);
  // Takes over the fields that filters read from the newest version, where that is the one shown.
  void Show(Entry& entry);

  storage::Transaction& transaction_;
  const outbox::EventContext context_;
  Tracks tracks_;
};

}  // namespace finalmile::coaching::changes
