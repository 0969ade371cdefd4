#include "services/@name@/store/schema.h"

namespace finalmile::@name@::store {
namespace {

// Never edited once released: a change is a further migration, with storage::Change::kExpand unless programs of the
// release before cannot work with it.
constexpr storage::Migration kMigrations[] = {
    {1, "@table@", R"sql(
CREATE TABLE @table@ (
  id TEXT {sorted} PRIMARY KEY,
  version BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  lead TEXT NOT NULL,
  due_time BIGINT,
  deleted BOOLEAN NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL
);
CREATE INDEX @table@_by_due ON @table@ (due_time) WHERE due_time IS NOT NULL;
CREATE INDEX @table@_by_lead ON @table@ (lead) WHERE lead <> '';
)sql"},
};

}  // namespace

std::span<const storage::Migration> Migrations() { return kMigrations; }

}  // namespace finalmile::@name@::store
