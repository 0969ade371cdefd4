#include "services/leads/store/schema.h"

namespace finalmile::leads::store {
namespace {

// leads is the hot row of a lead: what every activity reads, locks and writes. It exists as a stub (created =
// FALSE) when an activity comes before its lead. profiles is what only people and fit read.
//
// Every table is bounded (the sweeper is timers::HistorySweeper):
//   leads, profiles, external_ids   the leads there are; at most 16 external ids each
//   aged                            a row per lead with activities that are no longer kept one by one
//   activities                      430 days after they happened; then the sweeper adds them up in aged
//   fact_history                    per lead the versions of the last 400 days, and the one before them
//   imports                         400 days after the import last moved on
//   source_rows                     a row per (source, identity) of an import, as long as its lead
//   import_changes                  90 days after the import last moved on
//   deleted_activities              430 days after the activity happened
//   crossings                       400 days after the lead became sales-ready
//   opportunities                   16 a lead
//   erased_identities               of those who were erased, at most 18 each; for ever, as their leads' rows
//   sales_facts                     400 days after the request or meeting was last heard of
//   policies                        published by people, so they stay few; kept for ever
constexpr storage::Migration kMigrations[] = {
    {1, "leads", R"sql(
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
  limits {bytes} NOT NULL,
  last_hand_raise BIGINT,
  grade TEXT NOT NULL,
  lane TEXT NOT NULL,
  by_hand_raise BOOLEAN NOT NULL,
  last_crossing BIGINT,
  hand_raise_used BIGINT,
  due_time BIGINT,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX leads_by_fit ON leads (fit DESC, id) WHERE created AND gates = 0;
CREATE INDEX leads_by_short ON leads (short_key DESC, id) WHERE short_key IS NOT NULL AND created AND gates = 0;
CREATE INDEX leads_by_long ON leads (long_key DESC, id) WHERE long_key IS NOT NULL AND created AND gates = 0;
CREATE INDEX leads_by_due ON leads (due_time) WHERE due_time IS NOT NULL;
CREATE INDEX leads_by_policy ON leads (policy, id) WHERE created;
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
);
CREATE TABLE external_ids (
  source TEXT NOT NULL,
  id TEXT NOT NULL,
  lead TEXT NOT NULL,
  PRIMARY KEY (source, id)
);
CREATE INDEX external_ids_by_lead ON external_ids (lead);
CREATE TABLE fact_history (
  lead TEXT NOT NULL,
  version BIGINT NOT NULL,
  record_time BIGINT NOT NULL,
  gates BIGINT NOT NULL,
  facts TEXT NOT NULL,
  PRIMARY KEY (lead, version)
);
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
  properties TEXT NOT NULL,
  PRIMARY KEY (source, activity_id)
);
CREATE INDEX activities_by_lead ON activities (lead, event_time);
CREATE TABLE policies (
  number BIGINT PRIMARY KEY NOT NULL,
  name TEXT NOT NULL UNIQUE,
  content {bytes} NOT NULL,
  publish_time BIGINT NOT NULL
);
CREATE TABLE imports (
  caller TEXT NOT NULL,
  request_id TEXT NOT NULL,
  fingerprint {bytes} NOT NULL,
  start_time BIGINT NOT NULL,
  acknowledged_line BIGINT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  unchanged BIGINT NOT NULL,
  activities BIGINT NOT NULL,
  rejected BIGINT NOT NULL,
  PRIMARY KEY (caller, request_id)
);
)sql"},
    // leads.recount: NULL, or the event time up to which the rescorer has counted the activities of a lead
    // that has too many of them for one transaction (store::LeadState::recount). imports.move_time: when
    // it last moved on; NULL where an older program began it. imports.aged: activities that came too late.
    {2, "bounds", R"sql(
ALTER TABLE leads ADD COLUMN recount BIGINT;
CREATE INDEX leads_by_recount ON leads (id) WHERE recount IS NOT NULL;
CREATE TABLE aged (
  lead TEXT PRIMARY KEY,
  policy BIGINT NOT NULL,
  activities BIGINT NOT NULL,
  until BIGINT NOT NULL,
  short_value DOUBLE PRECISION NOT NULL,
  short_time BIGINT NOT NULL,
  long_value DOUBLE PRECISION NOT NULL,
  long_time BIGINT NOT NULL,
  limits {bytes} NOT NULL,
  last_hand_raise BIGINT
);
ALTER TABLE imports ADD COLUMN move_time BIGINT;
ALTER TABLE imports ADD COLUMN aged BIGINT NOT NULL DEFAULT 0;
)sql",
     storage::Change::kExpand},
    // When the score of a lead was last told, and under which policy (store::LeadState).
    {3, "told", R"sql(
ALTER TABLE leads ADD COLUMN told_time BIGINT;
ALTER TABLE leads ADD COLUMN told_policy BIGINT NOT NULL DEFAULT 0;
)sql",
     storage::Change::kExpand},
    // leads.outcome_time and history_time: domain::ReadinessInput. The leads that were closed before and
    // opened all the same fall due, so that they cool. profiles.name_key: domain::NameKey; '' until a lead
    // that an older program wrote is written again. source_rows and import_changes: domain::SourceRow and
    // domain::ImportChange. imports.number: NULL where an older program began it.
    {4, "identity", R"sql(
ALTER TABLE leads ADD COLUMN outcome_time BIGINT;
ALTER TABLE leads ADD COLUMN history_time BIGINT;
UPDATE leads SET outcome_time = update_time WHERE id IN (SELECT lead FROM profiles WHERE outcome <> 0);
UPDATE leads SET due_time = update_time WHERE outcome_time IS NOT NULL AND lane <> '';
ALTER TABLE profiles ADD COLUMN arrival_time BIGINT;
ALTER TABLE profiles ADD COLUMN outcome_time BIGINT;
UPDATE profiles SET outcome_time = (SELECT l.outcome_time FROM leads AS l WHERE l.id = profiles.lead) WHERE outcome <> 0;
ALTER TABLE profiles ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
CREATE INDEX profiles_by_email ON profiles (email) WHERE email <> '';
CREATE INDEX profiles_by_name ON profiles (name_key) WHERE name_key <> '';
CREATE INDEX external_ids_by_id ON external_ids (id);
ALTER TABLE activities ADD COLUMN clock_ahead BOOLEAN NOT NULL DEFAULT FALSE;
CREATE TABLE source_rows (
  source TEXT NOT NULL,
  identity TEXT NOT NULL,
  lead TEXT NOT NULL,
  import BIGINT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (source, identity)
);
CREATE INDEX source_rows_by_lead ON source_rows (lead);
CREATE TABLE import_changes (
  import BIGINT NOT NULL,
  identity TEXT NOT NULL,
  lead TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (import, identity)
);
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
ALTER TABLE imports ADD COLUMN number BIGINT;
ALTER TABLE imports ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN file_name TEXT NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN undo_time BIGINT;
ALTER TABLE imports ADD COLUMN not_taken BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN conflicts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN kept_denials BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN fallen_counters BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN known_activities BIGINT NOT NULL DEFAULT 0;
ALTER TABLE imports ADD COLUMN repeated_rows BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX imports_by_number ON imports (number);
)sql",
     storage::Change::kExpand},
    // What sales makes of leads (store::LeadState). Leads that crossed before are in their first cycle.
    {5, "sales", R"sql(
ALTER TABLE leads ADD COLUMN ended_time BIGINT;
ALTER TABLE leads ADD COLUMN quiet_until BIGINT;
ALTER TABLE leads ADD COLUMN cycle BIGINT NOT NULL DEFAULT 0;
ALTER TABLE leads ADD COLUMN last_ready_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE leads ADD COLUMN request_ended BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE leads ADD COLUMN request_claimed BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE leads SET cycle = 1 WHERE last_crossing IS NOT NULL;
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
CREATE INDEX crossings_by_lead ON crossings (lead, ready_seq);
CREATE INDEX crossings_by_due ON crossings (due_time) WHERE due_time IS NOT NULL;
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
CREATE TABLE opportunities (
  lead TEXT NOT NULL,
  id TEXT NOT NULL,
  state BIGINT NOT NULL,
  amount DOUBLE PRECISION,
  currency TEXT NOT NULL,
  update_time BIGINT NOT NULL,
  PRIMARY KEY (lead, id)
);
ALTER TABLE leads ADD COLUMN erased BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE leads ADD COLUMN merged_into TEXT NOT NULL DEFAULT '';
CREATE TABLE erased_identities (
  digest TEXT PRIMARY KEY,
  erase_time BIGINT NOT NULL
);
CREATE INDEX import_changes_by_lead ON import_changes (lead);
CREATE INDEX sales_facts_by_lead ON sales_facts (lead);
CREATE INDEX sales_facts_by_time ON sales_facts (time);
)sql",
     storage::Change::kExpand},
    // The lists of domain::TopSearch, an expression so that programs of every release keep it up to date: the
    // band, then domain::EngagementRank, fit and id. Programs that know only the three lists of before still
    // find the best leads, but look through all of them.
    {6, "rank", R"sql(
CREATE INDEX leads_by_rank ON leads (
  (CAST(ceil(fit) AS BIGINT)),
  (-(
  short_value * power(CAST(2 AS DOUBLE PRECISION), CAST(short_time - 1767225600000000 AS DOUBLE PRECISION) / 2592000000000) +
  long_value * power(CAST(2 AS DOUBLE PRECISION), CAST(long_time - 1767225600000000 AS DOUBLE PRECISION) / 2592000000000))),
  (-fit),
  id
) WHERE created AND gates = 0;
DROP INDEX leads_by_fit;
DROP INDEX leads_by_short;
DROP INDEX leads_by_long;
)sql",
     storage::Change::kExpand},
};

}  // namespace

std::span<const storage::Migration> Migrations() { return kMigrations; }

}  // namespace finalmile::leads::store
