#include "services/catalog/store/schema.h"

namespace finalmile::catalog::store {
namespace {

// assets is what is locked, listed and filtered; its title, owner, language and tags are those of the version
// that is shown. asset_versions never change but for the reviewer; a version is stored in two pieces, so that
// lists need not read bodies.
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
};

}  // namespace

std::span<const storage::Migration> Migrations() { return kMigrations; }

}  // namespace finalmile::catalog::store
