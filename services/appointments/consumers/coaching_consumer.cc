#include "services/appointments/consumers/coaching_consumer.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "finalmile/coaching/v1/coaching_event.pb.h"
#include "finalmile/v1/annotations.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/read_batch.h"
#include "libs/rpc/resource_name.h"
#include "services/appointments/store/mastery_store.h"

namespace finalmile::appointments::consumers {
namespace {

using coaching::v1::CoachingEvent;

// Whether the name is written as coaching's contract says of a field of `Message`.
template <class Message>
bool Names(const char* field, std::string_view name) {
  return rpc::Fits(
      name, Message::descriptor()->FindFieldByName(field)->options().GetExtension(finalmile::v1::resource));
}
bool NamesTrack(std::string_view name) { return Names<coaching::v1::TalkTrackMastered>("talk_track", name); }
bool NamesRep(std::string_view name) { return Names<coaching::v1::Mastery>("rep", name); }

// What a batch says in the end. A batch may have several events of one key.
struct Changes {
  std::vector<CoachingEvent> published;
  // By track and rep; version 0: it lapsed.
  std::map<std::pair<std::string, std::string>, store::MasteryRow> mastery;

  void Take(const std::string& rep, const std::string& track, int64_t version) {
    store::MasteryRow row{rpc::IdIn(track), rpc::IdIn(rep), version};
    mastery[{row.talk_track, row.rep}] = row;
  }
};

absl::Status WriteTracks(storage::Transaction& transaction, const std::vector<CoachingEvent>& published) {
  if (published.empty()) return absl::OkStatus();
  std::vector<std::string> ids;
  for (const CoachingEvent& event : published) ids.push_back(rpc::IdIn(event.key()));
  ASSIGN_OR_RETURN(const std::vector<store::TalkTrackRow> locked,
                   store::LockTalkTracks(transaction, std::move(ids)));
  std::map<std::string, store::TalkTrackRow> tracks;
  for (const store::TalkTrackRow& row : locked) tracks[row.id] = row;
  for (const CoachingEvent& event : published) {
    const coaching::v1::TalkTrackPublished& said = event.talk_track_published();
    store::TalkTrackRow& row = tracks[rpc::IdIn(event.key())];
    row.id = rpc::IdIn(event.key());
    row.situation = said.situation();
    if (said.recertify()) row.certificate_version = said.version();
  }
  std::vector<const store::TalkTrackRow*> rows;
  for (const auto& [id, row] : tracks) rows.push_back(&row);
  return store::kTalkTracks.InsertOrUpdate(transaction, rows);
}

}  // namespace

absl::Status CoachingConsumer::Apply(storage::Transaction& transaction, outbox::Batch& batch) {
  Changes changes;
  RETURN_IF_ERROR(outbox::ReadBatch<CoachingEvent>(
      batch, [&](size_t, const CoachingEvent& event, const events::Record& record) -> absl::Status {
        const bool published = event.has_talk_track_published();
        const bool mastered = event.has_talk_track_mastered();
        if (!published && !mastered && !event.has_mastery_lapsed()) return absl::OkStatus();
        const std::string& track = published  ? event.key()
                                   : mastered ? event.talk_track_mastered().talk_track()
                                              : event.mastery_lapsed().talk_track();
        if (event.key() != record.key || !NamesTrack(track) || (!published && !NamesRep(event.key())))
          return outbox::RecordFault("the event's key is not the record's, or it names no track or rep");
        if (published) {
          changes.published.push_back(event);
        } else {
          changes.Take(event.key(), track, mastered ? event.talk_track_mastered().version() : 0);
        }
        return absl::OkStatus();
      }));
  RETURN_IF_ERROR(WriteTracks(transaction, changes.published));
  std::vector<const store::MasteryRow*> mastered;
  for (const auto& [key, row] : changes.mastery) {
    if (row.version > 0)
      mastered.push_back(&row);
    else
      RETURN_IF_ERROR(store::DeleteMastery(transaction, row.talk_track, row.rep));
  }
  return store::kMastery.InsertOrUpdate(transaction, mastered);
}

}  // namespace finalmile::appointments::consumers
