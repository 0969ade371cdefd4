#include "services/appointments/store/schema.h"

namespace finalmile::appointments::store {
namespace {

// Never edited once released: a change is a further migration. Every table is bounded:
//   - leads: those that became sales-ready or said what they permit; an erased one stays as a mark;
//   - meeting_requests: 400 days after they ended (changes::kKeepEnded); attempts: as long as their request;
//   - teams: one; hosts: domain::kMostHosts;
//   - time_off: domain::kMostTimesOff ahead of each host, and 30 days after they ended.
constexpr storage::Migration kMigrations[] = {
    {1, "meeting_requests", R"sql(
CREATE TABLE leads (
  id TEXT PRIMARY KEY,
  erased BOOLEAN NOT NULL,
  merged_into TEXT NOT NULL,
  last_ready_seq BIGINT NOT NULL,
  quiet_until BIGINT,
  allowed BIGINT NOT NULL,
  denied BIGINT NOT NULL
);
CREATE TABLE meeting_requests (
  id TEXT {sorted} PRIMARY KEY,
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
CREATE INDEX meeting_requests_by_state ON meeting_requests (state, setter) WHERE active;
CREATE INDEX meeting_requests_by_pick ON meeting_requests (setter, pick_time) WHERE active AND setter <> '';
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
CREATE TABLE teams (
  id TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  zone TEXT NOT NULL,
  weekly_hours TEXT NOT NULL,
  holidays TEXT NOT NULL,
  organizer_domain TEXT NOT NULL
);
)sql"},
    {2, "hosts", R"sql(
CREATE TABLE hosts (
  id TEXT {sorted} PRIMARY KEY,
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
);
CREATE TABLE time_off (
  id TEXT {sorted} PRIMARY KEY,
  host TEXT NOT NULL,
  start_time BIGINT NOT NULL,
  end_time BIGINT NOT NULL
);
CREATE INDEX time_off_by_host ON time_off (host, end_time);
)sql"},
};

}  // namespace

std::span<const storage::Migration> Migrations() { return kMigrations; }

}  // namespace finalmile::appointments::store
