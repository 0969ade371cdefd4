#include "services/coaching/domain/tracks/life.h"

namespace finalmile::coaching {

void Write(Life& life) { ++life.latest_version; }

bool Publish(Life& life, bool recertify, bool sources_changed, absl::Time now) {
  if (life.published_version == life.latest_version && !recertify && !sources_changed) return false;
  if (recertify || life.published_version == 0) life.certificate_version = life.latest_version;
  life.published_version = life.latest_version;
  life.publish_time = now;
  return true;
}

bool Recertifies(const Life& before, const Life& after) {
  return before.certificate_version != after.certificate_version;
}

TrackState StateOf(const Life& life, int64_t version) {
  if (version == life.published_version) return TrackState::kPublished;
  return version > life.published_version ? TrackState::kDraft : TrackState::kReplaced;
}

int64_t ShownVersion(const Life& life) {
  return life.published_version != 0 ? life.published_version : life.latest_version;
}

bool TakeChange(Source& source, const Source& change, const Life& life) {
  if (change.change_time <= life.publish_time) return false;
  source = change;
  return true;
}

}  // namespace finalmile::coaching
