#include "services/catalog/store/schema.h"

namespace finalmile::catalog::store {
namespace {

// assets is what is locked, listed and filtered; its title, owner, language and tags are those of the version
// that is shown. asset_versions never change but for the reviewer; a version is stored in two pieces, so that
// lists need not read bodies.
//
// Each table is bounded:
//   assets, asset_versions, asset_tags    by what authors and imports write; they are never deleted, because
//                                         uses and events name versions. A version has at most 1 MiB of body
//   live_periods, sketches, sketch_hashes one row, one row and at most 32 rows for each publication
//   version_figures, credits              one row and at most 17 × 5 rows for each version; credits have as
//   many
//                                         again for each asset
//   trial_arms                            two rows for each kind
//   arms, cells                           what the release before counted; nothing reads them
//   own_texts, own_text_hashes            swept after 90 days; at most 16 hashes for each text
//   ratings                               one row for each rater and version
//   uses, offers, meetings (and touches)  swept after 400 days
//   leads                                 swept 400 days after the lead was last named, with at most 8 grades
//   and
//                                         8 stages each; the mark of an erased one stays, so that nothing is
//                                         recorded of it again, and so does that of a merged one
//   permissions                           one row for each channel of a lead, until it is erased
//   gaps                                  at most 1,000 open ones of searches, which are declined after 90
//                                         days, and 10,000 others; a closed one keeps a row without its
//                                         words, because its events go on counting
//   signing_keys                          one row, which nothing reads since its key is in the secrets of the
//                                         outbox (see the migration "use token key")
constexpr storage::Migration kMigrations[] = {
    {1, "assets", R"sql(
CREATE TABLE assets (
  id TEXT {sorted} PRIMARY KEY,
  revision BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  state BIGINT NOT NULL,
  title TEXT NOT NULL,
  owner TEXT NOT NULL,
  language TEXT NOT NULL,
  source TEXT NOT NULL,
  path TEXT NOT NULL,
  digest {bytes} NOT NULL,
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
);
CREATE INDEX assets_by_due ON assets (due_time) WHERE due_time IS NOT NULL;
CREATE INDEX assets_by_source ON assets (source, id) WHERE source <> '';
CREATE TABLE asset_versions (
  asset TEXT NOT NULL,
  version BIGINT NOT NULL,
  head {bytes} NOT NULL,
  body {bytes} NOT NULL,
  reviewer TEXT NOT NULL,
  create_time BIGINT NOT NULL,
  PRIMARY KEY (asset, version)
);
CREATE TABLE asset_tags (
  asset TEXT NOT NULL,
  field TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (asset, field, value)
);
CREATE TABLE signing_keys (
  name TEXT PRIMARY KEY,
  secret {bytes} NOT NULL,
  create_time BIGINT NOT NULL
);
)sql"},
    // The usage of assets. Rows that grow with calls (uses, offers, meetings) are swept after a time, see
    // usage/timers/usage_sweeper.h; sums stay. Each version ever published has a sketch and its hashes, each
    // publication a live period. cells of asset '' are the sums over all versions.
    {2, "usage", R"sql(
CREATE TABLE live_periods (
  asset TEXT NOT NULL,
  from_time BIGINT NOT NULL,
  to_time BIGINT,
  version BIGINT NOT NULL,
  PRIMARY KEY (asset, from_time)
);
CREATE INDEX live_periods_by_end ON live_periods (to_time);
INSERT INTO live_periods (asset, from_time, to_time, version)
  SELECT id, publish_time, expire_time, published_version FROM assets
  WHERE shelf = 3 AND publish_time IS NOT NULL;
CREATE TABLE sketches (
  asset TEXT NOT NULL,
  version BIGINT NOT NULL,
  sketch {bytes} NOT NULL,
  PRIMARY KEY (asset, version)
);
CREATE TABLE sketch_hashes (
  hash BIGINT NOT NULL,
  asset TEXT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (hash, asset, version)
);
CREATE TABLE uses (
  id TEXT {sorted} PRIMARY KEY,
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
);
CREATE INDEX uses_by_asset ON uses (asset, use_time) WHERE asset <> '';
CREATE INDEX uses_by_lead ON uses (lead, asset, version);
CREATE INDEX uses_by_time ON uses (use_time);
CREATE INDEX uses_misused ON uses (use_time, id) WHERE misuses <> 0;
CREATE INDEX uses_to_mature ON uses (use_time) WHERE asset <> '' AND chain = '' AND NOT matured;
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
CREATE TABLE ratings (
  asset TEXT NOT NULL,
  version BIGINT NOT NULL,
  rater TEXT NOT NULL,
  rating BIGINT NOT NULL,
  rate_time BIGINT NOT NULL,
  PRIMARY KEY (asset, version, rater)
);
CREATE TABLE gaps (
  id TEXT {sorted} PRIMARY KEY,
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
);
CREATE INDEX gaps_by_asked ON gaps (asked DESC, id);
CREATE INDEX gaps_shipped ON gaps (asset) WHERE state = 3;
CREATE INDEX gaps_searched ON gaps (ask_time) WHERE origin = 2 AND state = 1;
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
);
CREATE INDEX offers_by_lead ON offers (lead, asset, version);
CREATE INDEX offers_by_time ON offers (offer_time);
CREATE INDEX offers_by_chain ON offers (chain) WHERE chain <> '';
CREATE INDEX offers_to_mature ON offers (offer_time) WHERE trial AND chain = '' AND NOT matured;
CREATE TABLE arms (
  asset TEXT NOT NULL,
  version BIGINT NOT NULL,
  withheld BOOLEAN NOT NULL,
  matured BIGINT NOT NULL,
  held BIGINT NOT NULL,
  PRIMARY KEY (asset, version, withheld)
);
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
CREATE TABLE meetings (
  chain TEXT {sorted} PRIMARY KEY,
  lead TEXT NOT NULL,
  was_set BOOLEAN NOT NULL,
  held BOOLEAN NOT NULL,
  matured BOOLEAN NOT NULL,
  set_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX meetings_to_mature ON meetings (set_time) WHERE was_set AND NOT matured;
CREATE INDEX meetings_by_time ON meetings (update_time);
CREATE TABLE meeting_touches (
  chain TEXT NOT NULL,
  asset TEXT NOT NULL,
  version BIGINT NOT NULL,
  grade TEXT NOT NULL,
  stage TEXT NOT NULL,
  PRIMARY KEY (chain, asset, version)
);
)sql",
     storage::Change::kExpand},
    // The row of a lead is locked by whatever names the lead, so that nothing of it is written behind its
    // erasure, whose mark stays. Without the mark the row is nothing but the lock.
    {3, "leads", R"sql(
CREATE TABLE leads (
  lead TEXT {sorted} PRIMARY KEY,
  erased BOOLEAN NOT NULL
);
CREATE TABLE permissions (
  lead TEXT NOT NULL,
  channel BIGINT NOT NULL,
  allowed BOOLEAN NOT NULL,
  since BIGINT NOT NULL,
  PRIMARY KEY (lead, channel)
);
CREATE INDEX meetings_by_lead ON meetings (lead);
)sql",
     storage::Change::kExpand},
    // The words that people typed are kept here alone and can be erased. A gap that was closed before this
    // has no close time until the sweeper gives it one. named_time is when a lead was last named, to the day.
    {4, "words", R"sql(
ALTER TABLE assets ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE gaps ADD COLUMN close_time BIGINT;
CREATE INDEX gaps_closed ON gaps (close_time) WHERE state IN (4, 5) AND need <> '';
CREATE INDEX gaps_open ON gaps (origin) WHERE state IN (1, 2);
ALTER TABLE leads ADD COLUMN named_time BIGINT NOT NULL DEFAULT 0;
CREATE INDEX leads_by_time ON leads (named_time) WHERE NOT erased;
)sql",
     storage::Change::kExpand},
    // The key of use tokens is now where the library keeps such keys. It stays the same, so that tokens that
    // were given out before remain valid; signing_keys keeps it for the release before.
    {5, "use token key", R"sql(
INSERT INTO secrets (name, secret, create_time)
SELECT name, secret, create_time FROM signing_keys
WHERE TRUE
ON CONFLICT (name) DO NOTHING;
)sql",
     storage::Change::kExpand},
    // Figures by maturity. What is not counted yet is counted anew, by the maturity timer: credits and
    // trial_arms begin empty, and hold nothing that was counted by another rule. credits of version 0 are the
    // sums over all versions of the asset, those of asset '' over all assets. uses.chain, uses.matured,
    // offers.chain, offers.matured and meetings.matured are the release before's. A trial of kind 0 is of
    // that release, which offered what it withheld: it does not count. message is a digest of the message's
    // id. A told_time of 0 is that release's too.
    {6, "figures by maturity", R"sql(
ALTER TABLE uses ADD COLUMN counted BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE uses ADD COLUMN message TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX uses_by_message ON uses (lead, message) WHERE message <> '';
CREATE INDEX uses_to_count ON uses (use_time) WHERE asset <> '' AND NOT counted;
DROP INDEX uses_to_mature;
ALTER TABLE offers ADD COLUMN counted BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE offers ADD COLUMN kind BIGINT NOT NULL DEFAULT 0;
ALTER TABLE offers ADD COLUMN cycle BIGINT NOT NULL DEFAULT 0;
CREATE INDEX offers_to_count ON offers (offer_time) WHERE trial AND kind <> 0 AND NOT counted;
DROP INDEX offers_to_mature;
ALTER TABLE leads ADD COLUMN cycle BIGINT NOT NULL DEFAULT 0;
ALTER TABLE leads ADD COLUMN cycle_ended BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE meetings ADD COLUMN left_out BOOLEAN NOT NULL DEFAULT FALSE;
DROP INDEX meetings_to_mature;
ALTER TABLE meeting_touches ADD COLUMN told_time BIGINT NOT NULL DEFAULT 0;
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
CREATE TABLE trial_arms (
  kind BIGINT NOT NULL,
  withheld BOOLEAN NOT NULL,
  matured BIGINT NOT NULL,
  held BIGINT NOT NULL,
  PRIMARY KEY (kind, withheld)
);
CREATE TABLE own_texts (
  id TEXT {sorted} PRIMARY KEY,
  lead TEXT NOT NULL,
  rep TEXT NOT NULL,
  sketch {bytes} NOT NULL,
  asked BOOLEAN NOT NULL,
  use_time BIGINT NOT NULL
);
CREATE INDEX own_texts_by_time ON own_texts (use_time);
CREATE INDEX own_texts_by_lead ON own_texts (lead);
CREATE TABLE own_text_hashes (
  hash BIGINT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (hash, id)
);
CREATE INDEX own_text_hashes_by_text ON own_text_hashes (id);
)sql",
     storage::Change::kExpand},
    // Tags are compared by `folded`. What was written before has none, nor the tags that come from the fields
    // of a kind: ShelfWatch writes the tags of every asset whose tags_revision is behind its revision anew.
    {7, "folded tags", R"sql(
ALTER TABLE assets ADD COLUMN tags_revision BIGINT NOT NULL DEFAULT 0;
ALTER TABLE asset_tags ADD COLUMN folded TEXT NOT NULL DEFAULT '';
)sql",
     storage::Change::kExpand},
    // history has the newest grades and stages of a lead with their times, as JSON; '': nothing was heard
    // yet. merged_into is the lead that has what was kept under this one's name. A permission is inherited
    // where it is a denial that another lead brought along.
    {8, "stages of leads", R"sql(
ALTER TABLE leads ADD COLUMN merged_into TEXT NOT NULL DEFAULT '';
ALTER TABLE leads ADD COLUMN history TEXT NOT NULL DEFAULT '';
ALTER TABLE permissions ADD COLUMN inherited BOOLEAN NOT NULL DEFAULT FALSE;
)sql",
     storage::Change::kExpand},
};

}  // namespace

std::span<const storage::Migration> Migrations() { return kMigrations; }

}  // namespace finalmile::catalog::store
