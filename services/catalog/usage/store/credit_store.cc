#include "services/catalog/usage/store/credit_store.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "services/catalog/store/version_key.h"

namespace finalmile::catalog::usage::store {
namespace {

MeetingRow MeetingOf(const storage::Row& row) {
  MeetingRow meeting;
  meeting.chain = row.Text(0);
  meeting.lead = row.Text(1);
  meeting.outcome = {row.Bool(2), row.Bool(3), row.Bool(4)};
  meeting.set_time = FromMicros(row.Int(5));
  return meeting;
}

absl::Status ReadTouches(storage::Transaction& transaction, std::vector<MeetingRow>& meetings) {
  std::map<std::string, MeetingRow*> by_chain;
  std::vector<std::string> chains;
  for (MeetingRow& meeting : meetings) {
    by_chain[meeting.chain] = &meeting;
    chains.push_back(meeting.chain);
  }
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.ExecuteMany("SELECT t.chain, t.asset, t.version, t.grade, t.stage FROM {rows: chain TEXT} "
                              "AS r JOIN meeting_touches AS t ON t.chain = r.chain",
                              storage::IdRows(chains)));
  for (const storage::Row& row : result.rows) {
    by_chain.at(row.Text(0))->touches.push_back({row.Text(1), row.Int(2), row.Text(3), row.Text(4)});
  }
  return absl::OkStatus();
}

#define MEETING_COLUMNS "chain, lead, was_set, held, matured, set_time"

}  // namespace

absl::Status InsertOffers(storage::Transaction& transaction, const std::vector<OfferRow>& offers) {
  std::vector<storage::Row> rows;
  for (const OfferRow& offer : offers) {
    const bool drawn = offer.slot == domain::Slot::kRandom || offer.slot == domain::Slot::kWithheld;
    rows.push_back(storage::Row({offer.id, offer.asset, offer.version, offer.lead,
                                 static_cast<int64_t>(offer.slot), offer.propensity, offer.grade, offer.stage,
                                 offer.situation, ToMicros(offer.offer_time), drawn}));
  }
  return transaction
      .DeferMany(
          "INSERT INTO offers (id, asset, version, lead, slot, propensity, grade, stage, situation, "
          "offer_time, trial, chain, matured) SELECT r.id, r.asset, r.version, r.lead, r.slot, r.propensity, "
          "r.grade, r.stage, r.situation, r.offer_time, r.drawn AND NOT EXISTS (SELECT 1 FROM offers AS o "
          "WHERE o.lead = r.lead AND o.asset = r.asset AND o.version = r.version AND o.trial), '', FALSE "
          "FROM {rows: id TEXT, asset TEXT, version BIGINT, lead TEXT, slot BIGINT, propensity DOUBLE, grade "
          "TEXT, stage TEXT, situation TEXT, offer_time BIGINT, drawn BOOLEAN} AS r",
          rows)
      .status();
}

absl::StatusOr<std::optional<MeetingRow>> LockMeeting(storage::Transaction& transaction,
                                                      const std::string& chain) {
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.Execute("SELECT " MEETING_COLUMNS " FROM meetings WHERE chain = $1 {for_update}", {chain}));
  if (result.rows.empty()) return std::nullopt;
  std::vector<MeetingRow> meetings = {MeetingOf(result.rows[0])};
  RETURN_IF_ERROR(ReadTouches(transaction, meetings));
  return std::move(meetings[0]);
}

absl::Status WriteMeeting(storage::Transaction& transaction, const MeetingRow& meeting, absl::Time now) {
  const auto& [set, held, matured] = meeting.outcome;
  RETURN_IF_ERROR(
      transaction
          .Defer("INSERT INTO meetings (chain, lead, was_set, held, matured, set_time, update_time) VALUES "
                 "($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (chain) DO UPDATE SET was_set = excluded.was_set, "
                 "held = excluded.held, matured = excluded.matured, update_time = excluded.update_time",
                 {meeting.chain, meeting.lead, set, held, matured, ToMicros(meeting.set_time), ToMicros(now)})
          .status());
  RETURN_IF_ERROR(
      transaction.Defer("DELETE FROM meeting_touches WHERE chain = $1", {meeting.chain}).status());
  std::vector<storage::Row> rows;
  for (const domain::Touch& touch : meeting.touches) {
    rows.push_back(storage::Row({meeting.chain, touch.asset, touch.version, touch.grade, touch.stage}));
  }
  return transaction
      .DeferMany(
          "INSERT INTO meeting_touches (chain, asset, version, grade, stage) SELECT chain, asset, version, "
          "grade, stage FROM {rows: chain TEXT, asset TEXT, version BIGINT, grade TEXT, stage TEXT} AS r",
          rows)
      .status();
}

absl::Status ClaimUses(storage::Transaction& transaction, const std::string& chain, const std::string& lead,
                       absl::Time time, domain::Touch& touch, std::vector<domain::Touch>& matured) {
  ASSIGN_OR_RETURN(
      storage::Result uses,
      transaction.Execute("UPDATE uses SET chain = $1 WHERE lead = $2 AND asset = $3 AND version = $4 AND "
                          "chain = '' AND use_time <= $5 RETURNING use_time, grade, stage, matured",
                          {chain, lead, touch.asset, touch.version, ToMicros(time)}));
  int64_t first = std::numeric_limits<int64_t>::max();
  for (const storage::Row& row : uses.rows) {
    if (row.Bool(3)) matured.push_back({touch.asset, touch.version, row.Text(1), row.Text(2)});
    if (row.Int(0) >= first) continue;
    first = row.Int(0);
    touch.grade = row.Text(1);
    touch.stage = row.Text(2);
  }
  if (!uses.rows.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      storage::Result offers,
      transaction.Execute("SELECT grade, stage FROM offers WHERE lead = $1 AND asset = $2 AND "
                          "version = $3 AND slot <> $4 ORDER BY offer_time LIMIT 1",
                          {lead, touch.asset, touch.version, static_cast<int64_t>(domain::Slot::kWithheld)}));
  if (offers.rows.empty()) return absl::OkStatus();
  touch.grade = offers.rows[0].Text(0);
  touch.stage = offers.rows[0].Text(1);
  return absl::OkStatus();
}

absl::Status ClaimTrials(storage::Transaction& transaction, const std::string& chain, const std::string& lead,
                         absl::Time from, absl::Time to) {
  return transaction
      .Execute(
          "UPDATE offers SET chain = $1 WHERE lead = $2 AND trial AND chain = '' AND NOT matured AND "
          "offer_time > $3 AND offer_time <= $4",
          {chain, lead, ToMicros(from), ToMicros(to)})
      .status();
}

absl::StatusOr<std::vector<ArmKey>> TrialsOf(storage::Transaction& transaction, const std::string& chain) {
  ASSIGN_OR_RETURN(storage::Result result,
                   transaction.Execute(
                       "SELECT asset, version, slot FROM offers WHERE chain = $1 AND chain <> ''", {chain}));
  std::vector<ArmKey> arms;
  for (const storage::Row& row : result.rows) {
    arms.push_back({{row.Text(0), row.Int(1)}, row.Int(2) == static_cast<int64_t>(domain::Slot::kWithheld)});
  }
  return arms;
}

absl::StatusOr<std::vector<domain::Touch>> MatureUses(storage::Transaction& transaction, absl::Time time,
                                                      int limit) {
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.Execute("UPDATE uses SET matured = TRUE WHERE chain = '' AND NOT matured AND id IN (SELECT "
                          "id FROM uses WHERE asset <> '' AND chain = '' AND NOT matured AND use_time <= $1 "
                          "ORDER BY use_time LIMIT $2 {skip_locked}) RETURNING asset, version, grade, stage",
                          {ToMicros(time), int64_t{limit}}));
  std::vector<domain::Touch> touches;
  for (const storage::Row& row : result.rows) {
    touches.push_back({row.Text(0), row.Int(1), row.Text(2), row.Text(3)});
  }
  return touches;
}

absl::StatusOr<std::vector<ArmKey>> MatureTrials(storage::Transaction& transaction, absl::Time time,
                                                 int limit) {
  ASSIGN_OR_RETURN(storage::Result result,
                   transaction.Execute(
                       "UPDATE offers SET matured = TRUE WHERE chain = '' AND NOT matured AND id IN (SELECT "
                       "id FROM offers WHERE trial AND chain = '' AND NOT matured AND offer_time <= $1 "
                       "ORDER BY offer_time LIMIT $2 {skip_locked}) RETURNING asset, version, slot",
                       {ToMicros(time), int64_t{limit}}));
  std::vector<ArmKey> arms;
  for (const storage::Row& row : result.rows) {
    arms.push_back({{row.Text(0), row.Int(1)}, row.Int(2) == static_cast<int64_t>(domain::Slot::kWithheld)});
  }
  return arms;
}

absl::StatusOr<std::vector<MeetingRow>> LockUnknownMeetings(storage::Transaction& transaction,
                                                            absl::Time time, int limit) {
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.Execute("SELECT " MEETING_COLUMNS
                          " FROM meetings WHERE was_set AND NOT matured AND set_time <= $1 ORDER BY set_time "
                          "LIMIT $2 {skip_locked}",
                          {ToMicros(time), int64_t{limit}}));
  std::vector<MeetingRow> meetings;
  for (const storage::Row& row : result.rows) meetings.push_back(MeetingOf(row));
  RETURN_IF_ERROR(ReadTouches(transaction, meetings));
  return meetings;
}

absl::StatusOr<absl::Time> FirstToMature(storage::Transaction& transaction) {
  absl::Time first = absl::InfiniteFuture();
  for (const char* sql : {"SELECT MIN(use_time) FROM uses WHERE asset <> '' AND chain = '' AND NOT matured",
                          "SELECT MIN(offer_time) FROM offers WHERE trial AND chain = '' AND NOT matured",
                          "SELECT MIN(set_time) FROM meetings WHERE was_set AND NOT matured"}) {
    ASSIGN_OR_RETURN(storage::Result result, transaction.Execute(sql));
    first = std::min(first, storage::TimeOr(result.rows[0], 0, absl::InfiniteFuture()));
  }
  return first;
}

absl::Status AddCells(storage::Transaction& transaction, const std::vector<domain::CreditChange>& changes) {
  std::map<domain::Touch, std::tuple<int64_t, int64_t, int64_t>> sums;
  for (const domain::CreditChange& change : changes) {
    const domain::Touch all = {"", 0, change.touch.grade, change.touch.stage};
    for (const domain::Touch& touch : {change.touch, all}) {
      auto& [matured, set, held] = sums[touch];
      matured += change.matured;
      set += change.set;
      held += change.held;
    }
  }
  std::vector<storage::Row> rows;
  for (const auto& [touch, sum] : sums) {
    const auto& [matured, set, held] = sum;
    rows.push_back(storage::Row({touch.asset, touch.version, touch.grade, touch.stage, matured, set, held}));
  }
  return transaction
      .DeferMany(
          "INSERT INTO cells (asset, version, grade, stage, matured, set_count, held) SELECT asset, version, "
          "grade, stage, matured, set_count, held FROM {rows: asset TEXT, version BIGINT, grade TEXT, stage "
          "TEXT, matured BIGINT, set_count BIGINT, held BIGINT} AS r WHERE TRUE ON CONFLICT (asset, version, "
          "grade, stage) DO UPDATE SET matured = cells.matured + excluded.matured, set_count = "
          "cells.set_count + excluded.set_count, held = cells.held + excluded.held",
          rows)
      .status();
}

absl::Status AddArms(storage::Transaction& transaction, const std::map<ArmKey, domain::Arm>& changes) {
  std::vector<storage::Row> rows;
  rows.reserve(changes.size());
  for (const auto& [key, arm] : changes) {
    rows.push_back(storage::Row({key.first.first, key.first.second, key.second, arm.matured, arm.held}));
  }
  return transaction
      .DeferMany(
          "INSERT INTO arms (asset, version, withheld, matured, held) SELECT asset, version, withheld, "
          "matured, held FROM {rows: asset TEXT, version BIGINT, withheld BOOLEAN, matured BIGINT, held "
          "BIGINT} AS r WHERE TRUE ON CONFLICT (asset, version, withheld) DO UPDATE SET matured = "
          "arms.matured + excluded.matured, held = arms.held + excluded.held",
          rows)
      .status();
}

absl::StatusOr<std::map<VersionKey, std::vector<domain::CellCount>>> ReadCells(
    storage::Transaction& transaction, const std::vector<VersionKey>& keys) {
  ASSIGN_OR_RETURN(storage::Result result,
                   transaction.ExecuteMany(
                       "SELECT c.asset, c.version, c.grade, c.stage, c.matured, c.set_count, c.held FROM "
                       "{rows: asset TEXT, version BIGINT} AS r JOIN cells AS c ON c.asset = r.asset AND "
                       "c.version = r.version",
                       catalog::store::KeyRows(keys)));
  std::map<VersionKey, std::vector<domain::CellCount>> cells;
  for (const storage::Row& row : result.rows) {
    cells[{row.Text(0), row.Int(1)}].push_back(
        {row.Text(2), row.Text(3), row.Int(4), row.Int(5), row.Int(6)});
  }
  return cells;
}

absl::StatusOr<std::vector<domain::CellCount>> ReadAllCells(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(auto cells, ReadCells(transaction, {{"", 0}}));
  return std::move(cells[{"", 0}]);
}

absl::StatusOr<std::map<ArmKey, domain::Arm>> ReadArms(storage::Transaction& transaction,
                                                       const std::vector<VersionKey>& keys) {
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.ExecuteMany("SELECT a.asset, a.version, a.withheld, a.matured, a.held FROM {rows: asset "
                              "TEXT, version BIGINT} AS r JOIN arms AS a ON a.asset = r.asset AND a.version "
                              "= r.version",
                              catalog::store::KeyRows(keys)));
  std::map<ArmKey, domain::Arm> arms;
  for (const storage::Row& row : result.rows) {
    arms[{{row.Text(0), row.Int(1)}, row.Bool(2)}] = {row.Int(3), row.Int(4)};
  }
  return arms;
}

absl::StatusOr<int64_t> DeleteUsage(storage::Transaction& transaction, absl::Time time, int limit) {
  int64_t most = 0;
  for (const char* sql :
       {"DELETE FROM uses WHERE id IN (SELECT id FROM uses WHERE use_time < $1 ORDER BY use_time LIMIT $2)",
        "DELETE FROM offers WHERE id IN (SELECT id FROM offers WHERE offer_time < $1 ORDER BY offer_time "
        "LIMIT $2)"}) {
    ASSIGN_OR_RETURN(storage::Result result, transaction.Execute(sql, {ToMicros(time), int64_t{limit}}));
    most = std::max(most, result.affected);
  }
  ASSIGN_OR_RETURN(
      storage::Result meetings,
      transaction.Execute("DELETE FROM meetings WHERE chain IN (SELECT chain FROM meetings WHERE "
                          "update_time < $1 ORDER BY update_time LIMIT $2) RETURNING chain",
                          {ToMicros(time), int64_t{limit}}));
  std::vector<std::string> chains;
  for (const storage::Row& row : meetings.rows) chains.push_back(row.Text(0));
  RETURN_IF_ERROR(transaction
                      .DeferMany("DELETE FROM meeting_touches WHERE chain IN (SELECT r.chain FROM {rows: "
                                 "chain TEXT} AS r)",
                                 storage::IdRows(chains))
                      .status());
  return std::max<int64_t>(most, std::ssize(chains));
}

}  // namespace finalmile::catalog::usage::store
