CREATE TABLE consumer_offsets (
  consumer TEXT NOT NULL,
  topic TEXT NOT NULL,
  partition BIGINT NOT NULL,
  next_offset BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  PRIMARY KEY (consumer, topic, partition)
);

CREATE TABLE consumer_seqs (
  consumer TEXT NOT NULL,
  topic TEXT NOT NULL,
  key TEXT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (consumer, topic, key)
);

CREATE TABLE examples (
  id TEXT  PRIMARY KEY,
  talk_track TEXT NOT NULL,
  title TEXT NOT NULL,
  provenance BIGINT NOT NULL,
  consent_reference TEXT NOT NULL,
  audio_uri TEXT NOT NULL,
  turns BLOB NOT NULL,
  turn_count BIGINT NOT NULL,
  due_time BIGINT,
  create_time BIGINT NOT NULL
);

CREATE INDEX examples_by_due ON examples (due_time) WHERE due_time IS NOT NULL;

CREATE INDEX examples_by_track ON examples (talk_track, create_time, id);

CREATE TABLE large_replies (
  caller TEXT NOT NULL,
  request_id TEXT NOT NULL,
  reply BLOB NOT NULL,
  expire_time BIGINT NOT NULL,
  PRIMARY KEY (caller, request_id)
);

CREATE INDEX large_replies_by_expiry ON large_replies (expire_time);

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  topic TEXT NOT NULL,
  key TEXT NOT NULL,
  value BLOB NOT NULL,
  headers BLOB NOT NULL
);

CREATE INDEX outbox_by_key ON outbox (key, id);

CREATE TABLE parked (
  consumer TEXT NOT NULL,
  topic TEXT NOT NULL,
  partition BIGINT NOT NULL,
  record_offset BIGINT NOT NULL,
  key TEXT NOT NULL,
  seq BIGINT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT NOT NULL,
  tries BIGINT NOT NULL,
  parked_time BIGINT NOT NULL,
  record_time BIGINT NOT NULL,
  value BLOB NOT NULL,
  headers BLOB NOT NULL, key_bytes BLOB,
  PRIMARY KEY (consumer, topic, partition, record_offset)
);

CREATE INDEX parked_by_key ON parked (consumer, topic, key, seq);

CREATE INDEX parked_by_state ON parked (state, parked_time);

CREATE INDEX parked_by_time ON parked (parked_time, consumer , topic , partition, record_offset);

CREATE TABLE practice_assignments (
  id TEXT  PRIMARY KEY,
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

CREATE TABLE practice_certificates (
  id TEXT  PRIMARY KEY,
  rep TEXT NOT NULL,
  track TEXT NOT NULL,
  state BIGINT NOT NULL,
  track_version BIGINT NOT NULL,
  issue_time BIGINT NOT NULL,
  valid_until BIGINT,
  withdrawn_time BIGINT
);

CREATE INDEX practice_certificates_by_rep ON practice_certificates (rep, issue_time, id);

CREATE TABLE practice_contents (
  practice TEXT PRIMARY KEY,
  content BLOB NOT NULL,
  analysis BLOB NOT NULL
);

CREATE TABLE practice_low_scores (
  meeting TEXT NOT NULL,
  source BIGINT NOT NULL,
  rater TEXT NOT NULL,
  criterion TEXT NOT NULL,
  PRIMARY KEY (meeting, source, rater, criterion)
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

CREATE TABLE practice_meetings (
  id TEXT  PRIMARY KEY,
  host TEXT NOT NULL,
  situation TEXT NOT NULL,
  start_time BIGINT NOT NULL,
  planned BOOLEAN NOT NULL,
  held BOOLEAN NOT NULL,
  due_time BIGINT
);

CREATE INDEX practice_meetings_by_due ON practice_meetings (due_time) WHERE due_time IS NOT NULL;

CREATE INDEX practice_meetings_by_host ON practice_meetings (host, start_time);

CREATE TABLE practice_reps (
  id TEXT  PRIMARY KEY,
  seq BIGINT NOT NULL,
  due_time BIGINT
);

CREATE INDEX practice_reps_by_due ON practice_reps (due_time) WHERE due_time IS NOT NULL;

CREATE TABLE practice_reviews (
  practice TEXT NOT NULL,
  number BIGINT NOT NULL,
  replaced BOOLEAN NOT NULL,
  reviewer TEXT NOT NULL,
  self BOOLEAN NOT NULL,
  review_time BIGINT NOT NULL,
  levels TEXT NOT NULL,
  score DOUBLE PRECISION NOT NULL,
  comments BLOB NOT NULL,
  PRIMARY KEY (practice, number)
);

CREATE TABLE practices (
  id TEXT  PRIMARY KEY,
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

CREATE INDEX practices_by_time ON practices (practice_time, id);

CREATE INDEX practices_by_track ON practices (track, state);

CREATE INDEX practices_waiting ON practices (submit_time, id) WHERE state = 2;

CREATE TABLE requests (
  caller TEXT NOT NULL,
  request_id TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  reply BLOB NOT NULL,
  expire_time BIGINT NOT NULL,
  PRIMARY KEY (caller, request_id)
);

CREATE INDEX requests_by_expiry ON requests (expire_time);

CREATE TABLE schema_migrations (component TEXT NOT NULL, version BIGINT NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL, change TEXT NOT NULL DEFAULT 'contract', PRIMARY KEY (component, version));

CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  secret BLOB NOT NULL,
  create_time BIGINT NOT NULL
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

CREATE TABLE talk_track_versions (
  talk_track TEXT NOT NULL,
  version BIGINT NOT NULL,
  content BLOB NOT NULL,
  publish_time BIGINT,
  create_time BIGINT NOT NULL,
  PRIMARY KEY (talk_track, version)
);

CREATE TABLE talk_tracks (
  id TEXT  PRIMARY KEY,
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
, due_time BIGINT);

CREATE INDEX talk_tracks_by_due ON talk_tracks (due_time) WHERE due_time IS NOT NULL;

CREATE INDEX talk_tracks_by_situation ON talk_tracks (situation, id) WHERE published_version <> 0;

