CREATE TABLE appointment_changes (
  appointment TEXT NOT NULL,
  number BIGINT NOT NULL,
  kind TEXT NOT NULL,
  time BIGINT NOT NULL,
  principal TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  state BIGINT NOT NULL,
  host TEXT NOT NULL,
  start_time BIGINT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (appointment, number)
);

CREATE TABLE appointments (
  id TEXT  PRIMARY KEY,
  version BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  lead TEXT NOT NULL,
  meeting_request TEXT NOT NULL,
  ready_seq BIGINT NOT NULL,
  cycle BIGINT NOT NULL,
  meeting_kind TEXT NOT NULL,
  situation TEXT NOT NULL,
  title TEXT NOT NULL,
  zone TEXT NOT NULL,
  wall_start TEXT NOT NULL,
  guest_zone TEXT NOT NULL,
  zone_shifted BOOLEAN NOT NULL,
  state BIGINT NOT NULL,
  planned BOOLEAN NOT NULL,
  cancelled_by BIGINT NOT NULL,
  cancel_reason TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  host TEXT NOT NULL,
  setter TEXT NOT NULL,
  start_time BIGINT NOT NULL,
  end_time BIGINT NOT NULL,
  partstat BIGINT NOT NULL,
  booked_time BIGINT NOT NULL,
  outcome_time BIGINT,
  outcome_missing BIGINT NOT NULL,
  reminded BIGINT NOT NULL,
  guest_missed BOOLEAN NOT NULL,
  conflict BOOLEAN NOT NULL,
  days_ahead BIGINT NOT NULL,
  qualified BIGINT NOT NULL,
  qualify_reason TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  first_attempt_time BIGINT,
  ready_time BIGINT,
  touches TEXT NOT NULL,
  routing_month TEXT NOT NULL,
  credited BOOLEAN NOT NULL,
  set_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  due_time BIGINT
);

CREATE INDEX appointments_by_days_ahead ON appointments (days_ahead, state) WHERE state IN (3, 4);

CREATE INDEX appointments_by_due ON appointments (due_time) WHERE due_time IS NOT NULL;

CREATE INDEX appointments_by_host ON appointments (host, start_time);

CREATE INDEX appointments_by_lead ON appointments (lead, set_time) WHERE lead <> '';

CREATE INDEX appointments_by_month ON appointments (routing_month, host, set_time) WHERE meeting_kind = 'initial' AND credited;

CREATE INDEX appointments_by_setter ON appointments (setter, start_time) WHERE planned;

CREATE INDEX appointments_by_start ON appointments (start_time, id);

CREATE TABLE attempts (
  request TEXT NOT NULL,
  number BIGINT NOT NULL,
  setter TEXT NOT NULL,
  channel BIGINT NOT NULL,
  disposition BIGINT NOT NULL,
  attempt_time BIGINT NOT NULL,
  callback_at BIGINT,
  talk_track TEXT NOT NULL,
  objection TEXT NOT NULL,
  not_permitted BOOLEAN NOT NULL,
  PRIMARY KEY (request, number)
);

CREATE TABLE claims (
  id TEXT  PRIMARY KEY,
  kind BIGINT NOT NULL,
  host TEXT NOT NULL,
  busy_start BIGINT NOT NULL,
  busy_end BIGINT NOT NULL,
  start_time BIGINT NOT NULL,
  end_time BIGINT NOT NULL,
  expire_time BIGINT,
  holder TEXT NOT NULL
);

CREATE INDEX claims_by_expiry ON claims (host, expire_time) WHERE expire_time IS NOT NULL;

CREATE INDEX claims_by_holder ON claims (holder) WHERE holder <> '';

CREATE INDEX claims_by_host ON claims (host, busy_start);

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

CREATE TABLE conversation_scores (
  appointment TEXT NOT NULL,
  source BIGINT NOT NULL,
  rater TEXT NOT NULL,
  criteria TEXT NOT NULL,
  time BIGINT NOT NULL,
  PRIMARY KEY (appointment, source, rater)
);

CREATE TABLE hosts (
  id TEXT  PRIMARY KEY,
  version BIGINT NOT NULL,
  title TEXT NOT NULL,
  active BOOLEAN NOT NULL,
  zone TEXT NOT NULL,
  weekly_hours TEXT NOT NULL,
  buffer_before BIGINT NOT NULL,
  buffer_after BIGINT NOT NULL,
  notice BIGINT NOT NULL,
  horizon_days BIGINT NOT NULL,
  daily_cap BIGINT NOT NULL,
  slot_step BIGINT NOT NULL,
  weight DOUBLE PRECISION NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
, calibration DOUBLE PRECISION NOT NULL DEFAULT 0, calibration_month TEXT NOT NULL DEFAULT '');

CREATE TABLE large_replies (
  caller TEXT NOT NULL,
  request_id TEXT NOT NULL,
  reply BLOB NOT NULL,
  expire_time BIGINT NOT NULL,
  PRIMARY KEY (caller, request_id)
);

CREATE INDEX large_replies_by_expiry ON large_replies (expire_time);

CREATE TABLE leads (
  id TEXT PRIMARY KEY,
  erased BOOLEAN NOT NULL,
  merged_into TEXT NOT NULL,
  last_ready_seq BIGINT NOT NULL,
  quiet_until BIGINT,
  allowed BIGINT NOT NULL,
  denied BIGINT NOT NULL
, permission_times TEXT NOT NULL DEFAULT '[]');

CREATE TABLE mastery (
  talk_track TEXT NOT NULL,
  rep TEXT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (talk_track, rep)
);

CREATE TABLE meeting_requests (
  id TEXT  PRIMARY KEY,
  version BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  lead TEXT NOT NULL,
  state BIGINT NOT NULL,
  active BOOLEAN NOT NULL,
  rebook BOOLEAN NOT NULL,
  held BOOLEAN NOT NULL,
  ready_seq BIGINT NOT NULL,
  lane TEXT NOT NULL,
  hand_raise BOOLEAN NOT NULL,
  grade TEXT NOT NULL,
  score DOUBLE PRECISION NOT NULL,
  probability DOUBLE PRECISION,
  situation TEXT NOT NULL,
  ready_time BIGINT NOT NULL,
  crossing TEXT NOT NULL,
  owner TEXT NOT NULL,
  setter TEXT NOT NULL,
  claim_time BIGINT,
  pick_time BIGINT,
  response_start BIGINT NOT NULL,
  response_time BIGINT NOT NULL,
  deadline BIGINT NOT NULL,
  first_deadline BIGINT NOT NULL,
  level BIGINT NOT NULL,
  window_start BIGINT,
  window_attempts BIGINT NOT NULL,
  channels BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  first_attempt_time BIGINT,
  snooze_until BIGINT,
  callback_at BIGINT,
  cooled BOOLEAN NOT NULL,
  raised_again_time BIGINT,
  appointment TEXT NOT NULL,
  return_reason BIGINT NOT NULL,
  close_reason BIGINT NOT NULL,
  quiet_until BIGINT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  due_time BIGINT
);

CREATE INDEX meeting_requests_by_due ON meeting_requests (due_time) WHERE due_time IS NOT NULL;

CREATE INDEX meeting_requests_by_lead ON meeting_requests (lead, create_time) WHERE lead <> '';

CREATE INDEX meeting_requests_by_pick ON meeting_requests (setter, pick_time) WHERE active AND setter <> '';

CREATE INDEX meeting_requests_by_state ON meeting_requests (state, setter) WHERE active;

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

CREATE TABLE talk_tracks (
  id TEXT  PRIMARY KEY,
  situation TEXT NOT NULL,
  certificate_version BIGINT NOT NULL
);

CREATE INDEX talk_tracks_by_situation ON talk_tracks (situation);

CREATE TABLE teams (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  zone TEXT NOT NULL,
  weekly_hours TEXT NOT NULL,
  holidays TEXT NOT NULL,
  organizer_domain TEXT NOT NULL
);

CREATE TABLE time_off (
  id TEXT  PRIMARY KEY,
  host TEXT NOT NULL,
  start_time BIGINT NOT NULL,
  end_time BIGINT NOT NULL
, due_time BIGINT);

CREATE INDEX time_off_by_due ON time_off (due_time) WHERE due_time IS NOT NULL;

CREATE INDEX time_off_by_host ON time_off (host, end_time);

CREATE TABLE touches (
  lead TEXT NOT NULL,
  subject TEXT NOT NULL,
  version BIGINT NOT NULL,
  time BIGINT NOT NULL,
  how TEXT NOT NULL,
  PRIMARY KEY (lead, time, subject, version, how)
);

