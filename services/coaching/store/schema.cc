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
//   practices            at most 1,000 submitted ones of each rep and track, and 20 drafts of each rep
//   practice_contents    one of each practice; practice_reviews: at most 100 of each
//   practice_reps        principals who have practised, or have meetings or assignments
//   practice_masteries   one of each rep and track
//   practice_certificates   one of each time that a rep came to master a track, and at most one of each
//                        practice after that
//   practice_assignments   those that are listed, and those that ended within 400 days
//   practice_meetings    those that began within 90 days, or are ahead, with their low scores
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
    {2, "practice", R"sql(
CREATE TABLE practice_reps (
  id TEXT {sorted} PRIMARY KEY,
  seq BIGINT NOT NULL,
  due_time BIGINT
);
CREATE INDEX practice_reps_by_due ON practice_reps (due_time) WHERE due_time IS NOT NULL;
CREATE TABLE practices (
  id TEXT {sorted} PRIMARY KEY,
  version BIGINT NOT NULL,
  rep TEXT NOT NULL,
  track TEXT NOT NULL,
  state BIGINT NOT NULL,
  practice_time BIGINT NOT NULL,
  practice_day TEXT NOT NULL,
  track_version BIGINT NOT NULL,
  analysis_score DOUBLE PRECISION NOT NULL,
  coverage DOUBLE PRECISION NOT NULL,
  score DOUBLE PRECISION NOT NULL,
  submit_time BIGINT
);
CREATE INDEX practices_by_rep ON practices (rep, track, state);
CREATE INDEX practices_by_track ON practices (track, state);
CREATE INDEX practices_by_time ON practices (practice_time, id);
CREATE INDEX practices_waiting ON practices (submit_time, id) WHERE state = 2;
CREATE TABLE practice_contents (
  practice TEXT PRIMARY KEY,
  content {bytes} NOT NULL,
  analysis {bytes} NOT NULL
);
CREATE TABLE practice_reviews (
  practice TEXT NOT NULL,
  number BIGINT NOT NULL,
  replaced BOOLEAN NOT NULL,
  reviewer TEXT NOT NULL,
  self BOOLEAN NOT NULL,
  review_time BIGINT NOT NULL,
  levels TEXT NOT NULL,
  score DOUBLE PRECISION NOT NULL,
  comments {bytes} NOT NULL,
  PRIMARY KEY (practice, number)
);
CREATE TABLE practice_masteries (
  rep TEXT NOT NULL,
  track TEXT NOT NULL,
  state BIGINT NOT NULL,
  lapse_reason BIGINT NOT NULL,
  certificate_version BIGINT NOT NULL,
  rehearsed TEXT NOT NULL,
  PRIMARY KEY (rep, track)
);
CREATE INDEX practice_masteries_by_track ON practice_masteries (track, state);
CREATE TABLE practice_certificates (
  id TEXT {sorted} PRIMARY KEY,
  rep TEXT NOT NULL,
  track TEXT NOT NULL,
  state BIGINT NOT NULL,
  track_version BIGINT NOT NULL,
  issue_time BIGINT NOT NULL,
  valid_until BIGINT,
  withdrawn_time BIGINT
);
CREATE INDEX practice_certificates_by_rep ON practice_certificates (rep, issue_time, id);
CREATE TABLE practice_assignments (
  id TEXT {sorted} PRIMARY KEY,
  rep TEXT NOT NULL,
  track TEXT NOT NULL,
  cause TEXT NOT NULL,
  kind BIGINT NOT NULL,
  state BIGINT NOT NULL,
  assign_time BIGINT NOT NULL,
  due_at BIGINT,
  end_time BIGINT,
  criterion TEXT NOT NULL,
  appointments TEXT NOT NULL,
  assigned_by TEXT NOT NULL,
  practice TEXT NOT NULL,
  UNIQUE (rep, track, cause)
);
CREATE INDEX practice_assignments_by_cause ON practice_assignments (cause);
CREATE INDEX practice_assignments_by_state ON practice_assignments (rep, state);
CREATE TABLE practice_meetings (
  id TEXT {sorted} PRIMARY KEY,
  host TEXT NOT NULL,
  situation TEXT NOT NULL,
  start_time BIGINT NOT NULL,
  planned BOOLEAN NOT NULL,
  held BOOLEAN NOT NULL,
  due_time BIGINT
);
CREATE INDEX practice_meetings_by_host ON practice_meetings (host, start_time);
CREATE INDEX practice_meetings_by_due ON practice_meetings (due_time) WHERE due_time IS NOT NULL;
CREATE TABLE practice_low_scores (
  meeting TEXT NOT NULL,
  source BIGINT NOT NULL,
  rater TEXT NOT NULL,
  criterion TEXT NOT NULL,
  PRIMARY KEY (meeting, source, rater, criterion)
);
)sql",
     storage::Change::kExpand},
    {3, "visits after a publication", R"sql(
ALTER TABLE talk_tracks ADD COLUMN due_time BIGINT;
CREATE INDEX talk_tracks_by_due ON talk_tracks (due_time) WHERE due_time IS NOT NULL;
)sql",
     storage::Change::kExpand},
};

}  // namespace

std::span<const storage::Migration> Migrations() { return kMigrations; }

}  // namespace finalmile::coaching::store
