CREATE TABLE arms (
  asset TEXT NOT NULL,
  version BIGINT NOT NULL,
  withheld BOOLEAN NOT NULL,
  matured BIGINT NOT NULL,
  held BIGINT NOT NULL,
  PRIMARY KEY (asset, version, withheld)
);

CREATE TABLE asset_tags (
  asset TEXT NOT NULL,
  field TEXT NOT NULL,
  value TEXT NOT NULL, folded TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (asset, field, value)
);

CREATE TABLE asset_versions (
  asset TEXT NOT NULL,
  version BIGINT NOT NULL,
  head BLOB NOT NULL,
  body BLOB NOT NULL,
  reviewer TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  PRIMARY KEY (asset, version)
);

CREATE TABLE assets (
  id TEXT  PRIMARY KEY,
  revision BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  state BIGINT NOT NULL,
  title TEXT NOT NULL,
  owner TEXT NOT NULL,
  language TEXT NOT NULL,
  source TEXT NOT NULL,
  path TEXT NOT NULL,
  digest BLOB NOT NULL,
  latest_version BIGINT NOT NULL,
  latest_state BIGINT NOT NULL,
  reviewer TEXT NOT NULL,
  published_version BIGINT NOT NULL,
  shelf BIGINT NOT NULL,
  publish_time BIGINT,
  expire_time BIGINT,
  review_time BIGINT,
  review_due_told BOOLEAN NOT NULL,
  review_overdue_told BOOLEAN NOT NULL,
  due_time BIGINT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
, reason TEXT NOT NULL DEFAULT '', tags_revision BIGINT NOT NULL DEFAULT 0);

CREATE INDEX assets_by_due ON assets (due_time) WHERE due_time IS NOT NULL;

CREATE INDEX assets_by_source ON assets (source, id) WHERE source <> '';

CREATE TABLE cells (
  asset TEXT NOT NULL,
  version BIGINT NOT NULL,
  grade TEXT NOT NULL,
  stage TEXT NOT NULL,
  matured BIGINT NOT NULL,
  set_count BIGINT NOT NULL,
  held BIGINT NOT NULL,
  PRIMARY KEY (asset, version, grade, stage)
);

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

CREATE TABLE credits (
  asset TEXT NOT NULL,
  version BIGINT NOT NULL,
  grade TEXT NOT NULL,
  stage TEXT NOT NULL,
  matured BIGINT NOT NULL,
  set_count BIGINT NOT NULL,
  held BIGINT NOT NULL,
  PRIMARY KEY (asset, version, grade, stage)
);

CREATE TABLE gaps (
  id TEXT  PRIMARY KEY,
  seq BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  need TEXT NOT NULL,
  situation TEXT NOT NULL,
  competitor TEXT NOT NULL,
  persona TEXT NOT NULL,
  kind BIGINT NOT NULL,
  origin BIGINT NOT NULL,
  state BIGINT NOT NULL,
  asked BIGINT NOT NULL,
  askers TEXT NOT NULL,
  asset TEXT NOT NULL,
  reason TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  ask_time BIGINT NOT NULL,
  ship_time BIGINT,
  first_use_time BIGINT
, close_time BIGINT);

CREATE INDEX gaps_by_asked ON gaps (asked DESC, id);

CREATE INDEX gaps_closed ON gaps (close_time) WHERE state IN (4, 5) AND need <> '';

CREATE INDEX gaps_open ON gaps (origin) WHERE state IN (1, 2);

CREATE INDEX gaps_searched ON gaps (ask_time) WHERE origin = 2 AND state = 1;

CREATE INDEX gaps_shipped ON gaps (asset) WHERE state = 3;

CREATE TABLE large_replies (
  caller TEXT NOT NULL,
  request_id TEXT NOT NULL,
  reply BLOB NOT NULL,
  expire_time BIGINT NOT NULL,
  PRIMARY KEY (caller, request_id)
);

CREATE INDEX large_replies_by_expiry ON large_replies (expire_time);

CREATE TABLE leads (
  lead TEXT  PRIMARY KEY,
  erased BOOLEAN NOT NULL
, named_time BIGINT NOT NULL DEFAULT 0, cycle BIGINT NOT NULL DEFAULT 0, cycle_ended BOOLEAN NOT NULL DEFAULT FALSE, merged_into TEXT NOT NULL DEFAULT '', history TEXT NOT NULL DEFAULT '');

CREATE INDEX leads_by_time ON leads (named_time) WHERE NOT erased;

CREATE TABLE live_periods (
  asset TEXT NOT NULL,
  from_time BIGINT NOT NULL,
  to_time BIGINT,
  version BIGINT NOT NULL,
  PRIMARY KEY (asset, from_time)
);

CREATE INDEX live_periods_by_end ON live_periods (to_time);

CREATE TABLE meeting_touches (
  chain TEXT NOT NULL,
  asset TEXT NOT NULL,
  version BIGINT NOT NULL,
  grade TEXT NOT NULL,
  stage TEXT NOT NULL, told_time BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (chain, asset, version)
);

CREATE TABLE meetings (
  chain TEXT  PRIMARY KEY,
  lead TEXT NOT NULL,
  was_set BOOLEAN NOT NULL,
  held BOOLEAN NOT NULL,
  matured BOOLEAN NOT NULL,
  set_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
, left_out BOOLEAN NOT NULL DEFAULT FALSE);

CREATE INDEX meetings_by_lead ON meetings (lead);

CREATE INDEX meetings_by_time ON meetings (update_time);

CREATE TABLE offers (
  id TEXT PRIMARY KEY,
  asset TEXT NOT NULL,
  version BIGINT NOT NULL,
  lead TEXT NOT NULL,
  slot BIGINT NOT NULL,
  propensity DOUBLE PRECISION NOT NULL,
  grade TEXT NOT NULL,
  stage TEXT NOT NULL,
  situation TEXT NOT NULL,
  offer_time BIGINT NOT NULL,
  trial BOOLEAN NOT NULL,
  chain TEXT NOT NULL,
  matured BOOLEAN NOT NULL
, counted BOOLEAN NOT NULL DEFAULT FALSE, kind BIGINT NOT NULL DEFAULT 0, cycle BIGINT NOT NULL DEFAULT 0);

CREATE INDEX offers_by_chain ON offers (chain) WHERE chain <> '';

CREATE INDEX offers_by_lead ON offers (lead, asset, version);

CREATE INDEX offers_by_time ON offers (offer_time);

CREATE INDEX offers_to_count ON offers (offer_time) WHERE trial AND kind <> 0 AND NOT counted;

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  topic TEXT NOT NULL,
  key TEXT NOT NULL,
  value BLOB NOT NULL,
  headers BLOB NOT NULL
);

CREATE INDEX outbox_by_key ON outbox (key, id);

CREATE TABLE own_text_hashes (
  hash BIGINT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (hash, id)
);

CREATE INDEX own_text_hashes_by_text ON own_text_hashes (id);

CREATE TABLE own_texts (
  id TEXT  PRIMARY KEY,
  lead TEXT NOT NULL,
  rep TEXT NOT NULL,
  sketch BLOB NOT NULL,
  asked BOOLEAN NOT NULL,
  use_time BIGINT NOT NULL
);

CREATE INDEX own_texts_by_lead ON own_texts (lead);

CREATE INDEX own_texts_by_time ON own_texts (use_time);

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

CREATE TABLE permissions (
  lead TEXT NOT NULL,
  channel BIGINT NOT NULL,
  allowed BOOLEAN NOT NULL,
  since BIGINT NOT NULL, inherited BOOLEAN NOT NULL DEFAULT FALSE,
  PRIMARY KEY (lead, channel)
);

CREATE TABLE ratings (
  asset TEXT NOT NULL,
  version BIGINT NOT NULL,
  rater TEXT NOT NULL,
  rating BIGINT NOT NULL,
  rate_time BIGINT NOT NULL,
  PRIMARY KEY (asset, version, rater)
);

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

CREATE TABLE signing_keys (
  name TEXT PRIMARY KEY,
  secret BLOB NOT NULL,
  create_time BIGINT NOT NULL
);

CREATE TABLE sketch_hashes (
  hash BIGINT NOT NULL,
  asset TEXT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (hash, asset, version)
);

CREATE TABLE sketches (
  asset TEXT NOT NULL,
  version BIGINT NOT NULL,
  sketch BLOB NOT NULL,
  PRIMARY KEY (asset, version)
);

CREATE TABLE trial_arms (
  kind BIGINT NOT NULL,
  withheld BOOLEAN NOT NULL,
  matured BIGINT NOT NULL,
  held BIGINT NOT NULL,
  PRIMARY KEY (kind, withheld)
);

CREATE TABLE uses (
  id TEXT  PRIMARY KEY,
  asset TEXT NOT NULL,
  version BIGINT NOT NULL,
  found BIGINT NOT NULL,
  similarity DOUBLE PRECISION NOT NULL,
  misuses BIGINT NOT NULL,
  gap TEXT NOT NULL,
  rep TEXT NOT NULL,
  lead TEXT NOT NULL,
  channel TEXT NOT NULL,
  grade TEXT NOT NULL,
  stage TEXT NOT NULL,
  situation TEXT NOT NULL,
  use_time BIGINT NOT NULL,
  chain TEXT NOT NULL,
  matured BOOLEAN NOT NULL
, counted BOOLEAN NOT NULL DEFAULT FALSE, message TEXT NOT NULL DEFAULT '');

CREATE INDEX uses_by_asset ON uses (asset, use_time) WHERE asset <> '';

CREATE INDEX uses_by_lead ON uses (lead, asset, version);

CREATE UNIQUE INDEX uses_by_message ON uses (lead, message) WHERE message <> '';

CREATE INDEX uses_by_time ON uses (use_time);

CREATE INDEX uses_misused ON uses (use_time, id) WHERE misuses <> 0;

CREATE INDEX uses_to_count ON uses (use_time) WHERE asset <> '' AND NOT counted;

CREATE TABLE version_figures (
  asset TEXT NOT NULL,
  version BIGINT NOT NULL,
  offered BIGINT NOT NULL,
  used BIGINT NOT NULL,
  viewed BIGINT NOT NULL,
  viewed_seconds DOUBLE PRECISION NOT NULL,
  last_use_time BIGINT NOT NULL,
  PRIMARY KEY (asset, version)
);

