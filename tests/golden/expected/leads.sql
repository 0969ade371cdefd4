CREATE TABLE activities (
  source TEXT NOT NULL,
  activity_id TEXT NOT NULL,
  lead TEXT NOT NULL,
  type TEXT NOT NULL,
  event_time BIGINT NOT NULL,
  record_time BIGINT NOT NULL,
  subject TEXT NOT NULL,
  count BIGINT NOT NULL,
  seconds DOUBLE PRECISION NOT NULL,
  outbound BOOLEAN NOT NULL,
  automated BOOLEAN NOT NULL,
  properties TEXT NOT NULL, clock_ahead BOOLEAN NOT NULL DEFAULT FALSE,
  PRIMARY KEY (source, activity_id)
);

CREATE INDEX activities_by_lead ON activities (lead, event_time);

CREATE TABLE aged (
  lead TEXT PRIMARY KEY,
  policy BIGINT NOT NULL,
  activities BIGINT NOT NULL,
  until BIGINT NOT NULL,
  short_value DOUBLE PRECISION NOT NULL,
  short_time BIGINT NOT NULL,
  long_value DOUBLE PRECISION NOT NULL,
  long_time BIGINT NOT NULL,
  limits BLOB NOT NULL,
  last_hand_raise BIGINT
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

CREATE TABLE crossings (
  id TEXT PRIMARY KEY,
  lead TEXT NOT NULL,
  ready_seq BIGINT NOT NULL,
  cycle BIGINT NOT NULL,
  lane TEXT NOT NULL,
  hand_raise BOOLEAN NOT NULL,
  grade TEXT NOT NULL,
  policy BIGINT NOT NULL,
  fit DOUBLE PRECISION NOT NULL,
  engagement DOUBLE PRECISION NOT NULL,
  reasons TEXT NOT NULL,
  time BIGINT NOT NULL,
  end_time BIGINT,
  quiet_until BIGINT,
  label BIGINT,
  due_time BIGINT
);

CREATE INDEX crossings_by_due ON crossings (due_time) WHERE due_time IS NOT NULL;

CREATE INDEX crossings_by_lead ON crossings (lead, ready_seq);

CREATE TABLE deleted_activities (
  source TEXT NOT NULL,
  activity_id TEXT NOT NULL,
  lead TEXT NOT NULL,
  type TEXT NOT NULL,
  event_time BIGINT NOT NULL,
  subject TEXT NOT NULL,
  count BIGINT NOT NULL,
  delete_time BIGINT NOT NULL,
  caller TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (source, activity_id)
);

CREATE INDEX deleted_activities_by_lead ON deleted_activities (lead, delete_time);

CREATE INDEX deleted_activities_by_time ON deleted_activities (event_time);

CREATE TABLE erased_identities (
  digest TEXT PRIMARY KEY,
  erase_time BIGINT NOT NULL
);

CREATE TABLE external_ids (
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  lead TEXT NOT NULL,
  PRIMARY KEY (source, id)
);

CREATE INDEX external_ids_by_id ON external_ids (id);

CREATE INDEX external_ids_by_lead ON external_ids (lead);

CREATE TABLE fact_history (
  lead TEXT NOT NULL,
  version BIGINT NOT NULL,
  record_time BIGINT NOT NULL,
  gates BIGINT NOT NULL,
  facts TEXT NOT NULL,
  PRIMARY KEY (lead, version)
);

CREATE TABLE import_changes (
  import BIGINT NOT NULL,
  identity TEXT NOT NULL,
  lead TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (import, identity)
);

CREATE INDEX import_changes_by_lead ON import_changes (lead);

CREATE TABLE imports (
  caller TEXT NOT NULL,
  request_id TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  start_time BIGINT NOT NULL,
  acknowledged_line BIGINT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  unchanged BIGINT NOT NULL,
  activities BIGINT NOT NULL,
  rejected BIGINT NOT NULL, move_time BIGINT, aged BIGINT NOT NULL DEFAULT 0, number BIGINT, source TEXT NOT NULL DEFAULT '', file_name TEXT NOT NULL DEFAULT '', undo_time BIGINT, not_taken BIGINT NOT NULL DEFAULT 0, conflicts BIGINT NOT NULL DEFAULT 0, kept_denials BIGINT NOT NULL DEFAULT 0, fallen_counters BIGINT NOT NULL DEFAULT 0, known_activities BIGINT NOT NULL DEFAULT 0, repeated_rows BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (caller, request_id)
);

CREATE UNIQUE INDEX imports_by_number ON imports (number);

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
  created BOOLEAN NOT NULL,
  version BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  gates BIGINT NOT NULL,
  stage BIGINT NOT NULL,
  policy BIGINT NOT NULL,
  fit DOUBLE PRECISION NOT NULL,
  short_value DOUBLE PRECISION NOT NULL,
  short_time BIGINT NOT NULL,
  short_key DOUBLE PRECISION,
  long_value DOUBLE PRECISION NOT NULL,
  long_time BIGINT NOT NULL,
  long_key DOUBLE PRECISION,
  limits BLOB NOT NULL,
  last_hand_raise BIGINT,
  grade TEXT NOT NULL,
  lane TEXT NOT NULL,
  by_hand_raise BOOLEAN NOT NULL,
  last_crossing BIGINT,
  hand_raise_used BIGINT,
  due_time BIGINT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
, recount BIGINT, told_time BIGINT, told_policy BIGINT NOT NULL DEFAULT 0, outcome_time BIGINT, history_time BIGINT, ended_time BIGINT, quiet_until BIGINT, cycle BIGINT NOT NULL DEFAULT 0, last_ready_seq BIGINT NOT NULL DEFAULT 0, request_ended BOOLEAN NOT NULL DEFAULT FALSE, request_claimed BOOLEAN NOT NULL DEFAULT FALSE, erased BOOLEAN NOT NULL DEFAULT FALSE, merged_into TEXT NOT NULL DEFAULT '');

CREATE INDEX leads_by_due ON leads (due_time) WHERE due_time IS NOT NULL;

CREATE INDEX leads_by_policy ON leads (policy, id) WHERE created;

CREATE INDEX leads_by_rank ON leads (
  (CAST(ceil(fit) AS BIGINT)),
  (-(
  short_value * power(CAST(2 AS DOUBLE PRECISION), CAST(short_time - 1767225600000000 AS DOUBLE PRECISION) / 2592000000000) +
  long_value * power(CAST(2 AS DOUBLE PRECISION), CAST(long_time - 1767225600000000 AS DOUBLE PRECISION) / 2592000000000))),
  (-fit),
  id
) WHERE created AND gates = 0;

CREATE INDEX leads_by_recount ON leads (id) WHERE recount IS NOT NULL;

CREATE TABLE opportunities (
  lead TEXT NOT NULL,
  id TEXT NOT NULL,
  state BIGINT NOT NULL,
  amount DOUBLE PRECISION,
  currency TEXT NOT NULL,
  update_time BIGINT NOT NULL,
  PRIMARY KEY (lead, id)
);

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

CREATE TABLE policies (
  number BIGINT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL UNIQUE,
  content BLOB NOT NULL,
  publish_time BIGINT NOT NULL
);

CREATE TABLE profiles (
  lead TEXT PRIMARY KEY,
  given_name TEXT NOT NULL,
  family_name TEXT NOT NULL,
  email TEXT NOT NULL,
  phone TEXT NOT NULL,
  company TEXT NOT NULL,
  company_domain TEXT NOT NULL,
  owner TEXT NOT NULL,
  lead_source TEXT NOT NULL,
  campaign TEXT NOT NULL,
  outcome BIGINT NOT NULL,
  attributes TEXT NOT NULL,
  permissions TEXT NOT NULL
, arrival_time BIGINT, outcome_time BIGINT, name_key TEXT NOT NULL DEFAULT '');

CREATE INDEX profiles_by_email ON profiles (email) WHERE email <> '';

CREATE INDEX profiles_by_name ON profiles (name_key) WHERE name_key <> '';

CREATE TABLE requests (
  caller TEXT NOT NULL,
  request_id TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  reply BLOB NOT NULL,
  expire_time BIGINT NOT NULL,
  PRIMARY KEY (caller, request_id)
);

CREATE INDEX requests_by_expiry ON requests (expire_time);

CREATE TABLE sales_facts (
  key TEXT PRIMARY KEY,
  lead TEXT NOT NULL,
  ready_seq BIGINT NOT NULL,
  cycle BIGINT NOT NULL,
  state BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  return_reason BIGINT NOT NULL,
  qualified BOOLEAN,
  time BIGINT NOT NULL
);

CREATE INDEX sales_facts_by_lead ON sales_facts (lead);

CREATE INDEX sales_facts_by_time ON sales_facts (time);

CREATE TABLE schema_migrations (component TEXT NOT NULL, version BIGINT NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL, change TEXT NOT NULL DEFAULT 'contract', PRIMARY KEY (component, version));

CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  secret BLOB NOT NULL,
  create_time BIGINT NOT NULL
);

CREATE TABLE source_rows (
  source TEXT NOT NULL,
  identity TEXT NOT NULL,
  lead TEXT NOT NULL,
  import BIGINT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (source, identity)
);

CREATE INDEX source_rows_by_lead ON source_rows (lead);

