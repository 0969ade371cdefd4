#include "libs/outbox/schema.h"

namespace finalmile::outbox {
namespace {

// Bounds. outbox: what the relay has not sent. consumer_offsets: a row for each consumer and partition.
// consumer_seqs: a row of about 100 bytes for each key of which the consumer has seen a record with a seq,
// kept for as long as the store, since a record may be repeated at any time; so as many as there are
// aggregates whose events it reads. parked: what a person has not decided about, and what waits for that.
// requests: one for each mutation of seven days, with a reply of at most kLargeReply. large_replies: those of
// kLargeReplyLifetime.
constexpr storage::Migration kMigrations[] = {
    {1, "delivery", R"sql(
CREATE TABLE outbox (
  id {identity},
  topic TEXT NOT NULL,
  key TEXT NOT NULL,
  value {bytes} NOT NULL,
  headers {bytes} NOT NULL
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
  value {bytes} NOT NULL,
  headers {bytes} NOT NULL,
  PRIMARY KEY (consumer, topic, partition, record_offset)
);
CREATE INDEX parked_by_key ON parked (consumer, topic, key, seq);
CREATE TABLE requests (
  caller TEXT NOT NULL,
  request_id TEXT NOT NULL,
  fingerprint {bytes} NOT NULL,
  reply {bytes} NOT NULL,
  expire_time BIGINT NOT NULL,
  PRIMARY KEY (caller, request_id)
);
CREATE INDEX requests_by_expiry ON requests (expire_time);
)sql"},
    // A key that is long or no text is named by its digest in `key` (see keys.h) and stands in `key_bytes`.
    // The version before writes the rows that it could write before, and reads them as before: where it meets
    // a name in place of a key, it parks the record, since the key fits no content.
    {2, "keys of any bytes", R"sql(
ALTER TABLE parked ADD COLUMN key_bytes {bytes};
CREATE INDEX parked_by_time ON parked (parked_time, consumer {sorted}, topic {sorted}, partition, record_offset);
CREATE INDEX parked_by_state ON parked (state, parked_time);
)sql",
     storage::Change::kExpand},
    {3, "secrets", R"sql(
CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  secret {bytes} NOT NULL,
  create_time BIGINT NOT NULL
);
)sql",
     storage::Change::kExpand},
    {4, "large replies", R"sql(
CREATE TABLE large_replies (
  caller TEXT NOT NULL,
  request_id TEXT NOT NULL,
  reply {bytes} NOT NULL,
  expire_time BIGINT NOT NULL,
  PRIMARY KEY (caller, request_id)
);
CREATE INDEX large_replies_by_expiry ON large_replies (expire_time);
)sql",
     storage::Change::kExpand},
    // For who asks whether an earlier event of a key is still to be sent.
    {5, "outbox by key", R"sql(
CREATE INDEX outbox_by_key ON outbox (key, id);
)sql",
     storage::Change::kExpand},
};

}  // namespace

std::span<const storage::Migration> Migrations() { return kMigrations; }

}  // namespace finalmile::outbox
