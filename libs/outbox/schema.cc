#include "libs/outbox/schema.h"

namespace finalmile::outbox {
namespace {

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
};

}  // namespace

std::span<const storage::Migration> Migrations() { return kMigrations; }

}  // namespace finalmile::outbox
