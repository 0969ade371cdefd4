#include "services/coaching/store/schema.h"

namespace finalmile::coaching::store {
namespace {

// Never edited once released: a change is a further migration.
//
// Each table is bounded:
//   talk_tracks          at most 1,000; they are never deleted, because practices and events name them
//   talk_track_versions  the published ones and the newest draft of each
//   talk_track_sources   at most 20 for each track
//   examples             at most 20 for each track; one whose consent has ended is deleted
constexpr storage::Migration kMigrations[] = {
    {1, "talk tracks", R"sql(
CREATE TABLE talk_tracks (
  id TEXT {sorted} PRIMARY KEY,
  revision BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  title TEXT NOT NULL,
  owner TEXT NOT NULL,
  language TEXT NOT NULL,
  situation TEXT NOT NULL,
  state BIGINT NOT NULL,
  latest_version BIGINT NOT NULL,
  published_version BIGINT NOT NULL,
  certificate_version BIGINT NOT NULL,
  publish_time BIGINT,
  sources_changed BOOLEAN NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX talk_tracks_by_situation ON talk_tracks (situation, id) WHERE published_version <> 0;
CREATE TABLE talk_track_versions (
  talk_track TEXT NOT NULL,
  version BIGINT NOT NULL,
  content {bytes} NOT NULL,
  publish_time BIGINT,
  create_time BIGINT NOT NULL,
  PRIMARY KEY (talk_track, version)
);
CREATE TABLE talk_track_sources (
  talk_track TEXT NOT NULL,
  asset TEXT NOT NULL,
  change BIGINT NOT NULL,
  asset_version BIGINT NOT NULL,
  change_time BIGINT,
  PRIMARY KEY (talk_track, asset)
);
CREATE INDEX talk_track_sources_by_asset ON talk_track_sources (asset, talk_track);
CREATE TABLE examples (
  id TEXT {sorted} PRIMARY KEY,
  talk_track TEXT NOT NULL,
  title TEXT NOT NULL,
  provenance BIGINT NOT NULL,
  consent_reference TEXT NOT NULL,
  audio_uri TEXT NOT NULL,
  turns {bytes} NOT NULL,
  turn_count BIGINT NOT NULL,
  due_time BIGINT,
  create_time BIGINT NOT NULL
);
CREATE INDEX examples_by_track ON examples (talk_track, create_time, id);
CREATE INDEX examples_by_due ON examples (due_time) WHERE due_time IS NOT NULL;
)sql"},
};

}  // namespace

std::span<const storage::Migration> Migrations() { return kMigrations; }

}  // namespace finalmile::coaching::store
