#include "services/leads/store/lead_store.h"

#include <cmath>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "services/leads/store/encoding.h"

namespace finalmile::leads::store {
namespace {

#define LEAD_COLUMNS                                                                                       \
  "id, created, version, seq, gates, stage, policy, fit, short_value, short_time, short_key, long_value, " \
  "long_time, "                                                                                            \
  "long_key, limits, last_hand_raise, grade, lane, by_hand_raise, last_crossing, hand_raise_used, "        \
  "due_time, create_time, "                                                                                \
  "update_time, recount"

#define LEAD_ROWS                                                                                            \
  "{rows: id TEXT, created BOOLEAN, version BIGINT, seq BIGINT, gates BIGINT, stage BIGINT, policy BIGINT, " \
  "fit DOUBLE, "                                                                                             \
  "short_value DOUBLE, short_time BIGINT, short_key DOUBLE, long_value DOUBLE, long_time BIGINT, long_key "  \
  "DOUBLE, "                                                                                                 \
  "limits BYTES, last_hand_raise BIGINT, grade TEXT, lane TEXT, by_hand_raise BOOLEAN, last_crossing "       \
  "BIGINT, "                                                                                                 \
  "hand_raise_used BIGINT, due_time BIGINT, create_time BIGINT, update_time BIGINT, "                        \
  "recount BIGINT}"

using storage::OptionalMicros;
using storage::TimeOr;

storage::Value Key(double key) {
  if (std::isinf(key)) return std::monostate();
  return key;
}

storage::Row ToRow(const LeadState& lead) {
  const domain::Engagement& engagement = lead.engagement.engagement;
  return storage::Row({lead.id,
                       lead.created,
                       lead.version,
                       lead.seq,
                       lead.gates,
                       lead.stage,
                       lead.policy,
                       lead.fit,
                       engagement.short_half_life.value,
                       ToMicros(engagement.short_half_life.time),
                       Key(domain::RankKey(engagement.short_half_life, domain::kShortHalfLife)),
                       engagement.long_half_life.value,
                       ToMicros(engagement.long_half_life.time),
                       Key(domain::RankKey(engagement.long_half_life, domain::kLongHalfLife)),
                       storage::Bytes{lead.engagement.limits.Encode()},
                       OptionalMicros(lead.engagement.last_hand_raise),
                       lead.readiness.grade,
                       lead.readiness.lane,
                       lead.readiness.by_hand_raise,
                       OptionalMicros(lead.readiness.last_crossing),
                       OptionalMicros(lead.readiness.hand_raise_used),
                       OptionalMicros(lead.due_time),
                       ToMicros(lead.create_time),
                       ToMicros(lead.update_time),
                       OptionalMicros(lead.recount)});
}

LeadState FromRow(const storage::Row& row) {
  LeadState lead;
  lead.id = row.Text(0);
  lead.created = row.Bool(1);
  lead.version = row.Int(2);
  lead.seq = row.Int(3);
  lead.gates = row.Int(4);
  lead.stage = row.Int(5);
  lead.policy = row.Int(6);
  lead.fit = row.Real(7);
  lead.engagement.engagement.short_half_life = {row.Real(8), FromMicros(row.Int(9))};
  lead.engagement.engagement.long_half_life = {row.Real(11), FromMicros(row.Int(12))};
  if (auto limits = domain::LimitState::Decode(row.Blob(14)); limits.ok()) {
    lead.engagement.limits = *std::move(limits);
  } else {
    lead.policy = 0;  // under no policy: whoever touches the lead computes it anew
  }
  lead.engagement.last_hand_raise = TimeOr(row, 15, absl::InfinitePast());
  lead.readiness.grade = row.Text(16);
  lead.readiness.lane = row.Text(17);
  lead.readiness.by_hand_raise = row.Bool(18);
  lead.readiness.last_crossing = TimeOr(row, 19, absl::InfinitePast());
  lead.readiness.hand_raise_used = TimeOr(row, 20, absl::InfinitePast());
  lead.due_time = TimeOr(row, 21, absl::InfiniteFuture());
  lead.create_time = FromMicros(row.Int(22));
  lead.update_time = FromMicros(row.Int(23));
  lead.recount = TimeOr(row, 24, absl::InfinitePast());
  return lead;
}

absl::StatusOr<std::vector<LeadState>> Select(storage::Transaction& transaction,
                                              const std::vector<std::string>& ids, std::string_view sql) {
  ASSIGN_OR_RETURN(storage::Result result, transaction.ExecuteMany(sql, IdRows(ids)));
  return LeadsOf(result);
}

absl::Status Write(storage::Transaction& transaction, std::string_view sql,
                   const std::vector<const LeadState*>& leads) {
  std::vector<storage::Row> rows;
  rows.reserve(leads.size());
  for (const LeadState* lead : leads) rows.push_back(ToRow(*lead));
  return transaction.DeferMany(sql, rows).status();
}

absl::StatusOr<std::vector<std::string>> Ids(absl::StatusOr<storage::Result> result) {
  if (!result.ok()) return result.status();
  std::vector<std::string> ids;
  for (const storage::Row& row : result->rows) ids.push_back(row.Text(0));
  return ids;
}

}  // namespace

absl::StatusOr<storage::Deferred> LockLeads(storage::Transaction& transaction,
                                            const std::vector<std::string>& ids) {
  return transaction.DeferMany(
      "SELECT " LEAD_COLUMNS
      " FROM leads WHERE id IN (SELECT r.lead FROM {rows: lead TEXT} AS r) ORDER BY id {for_update}",
      IdRows(ids));
}

std::vector<LeadState> LeadsOf(const storage::Result& locked) {
  std::vector<LeadState> leads;
  leads.reserve(locked.rows.size());
  for (const storage::Row& row : locked.rows) leads.push_back(FromRow(row));
  return leads;
}

absl::StatusOr<std::vector<LeadState>> ReadLeads(storage::Transaction& transaction,
                                                 const std::vector<std::string>& ids) {
  return Select(transaction, ids,
                "SELECT " LEAD_COLUMNS " FROM leads WHERE id IN (SELECT r.lead FROM {rows: lead TEXT} AS r)");
}

absl::Status InsertStubs(storage::Transaction& transaction, const std::vector<std::string>& ids) {
  const LeadState blank;
  std::vector<LeadState> stubs(ids.size(), blank);
  std::vector<const LeadState*> pointers;
  for (size_t i = 0; i < ids.size(); ++i) {
    stubs[i].id = ids[i];
    pointers.push_back(&stubs[i]);
  }
  return Write(transaction,
               "INSERT INTO leads (" LEAD_COLUMNS ") SELECT r.* FROM " LEAD_ROWS
               " AS r WHERE TRUE ON CONFLICT DO NOTHING",
               pointers);
}

absl::Status InsertLeads(storage::Transaction& transaction, const std::vector<const LeadState*>& leads) {
  return Write(transaction, "INSERT INTO leads (" LEAD_COLUMNS ") SELECT r.* FROM " LEAD_ROWS " AS r", leads);
}

absl::Status UpdateLeads(storage::Transaction& transaction, const std::vector<const LeadState*>& leads) {
  return Write(
      transaction,
      "UPDATE leads SET created = r.created, version = r.version, seq = r.seq, gates = r.gates, stage = "
      "r.stage, policy = "
      "r.policy, fit = r.fit, short_value = r.short_value, short_time = r.short_time, short_key = "
      "r.short_key, "
      "long_value = r.long_value, long_time = r.long_time, long_key = r.long_key, limits = r.limits, "
      "last_hand_raise = "
      "r.last_hand_raise, grade = r.grade, lane = r.lane, by_hand_raise = r.by_hand_raise, last_crossing = "
      "r.last_crossing, hand_raise_used = r.hand_raise_used, due_time = r.due_time, create_time = "
      "r.create_time, "
      "update_time = r.update_time, recount = r.recount FROM " LEAD_ROWS " AS r WHERE leads.id = r.id",
      leads);
}

absl::Status UpdateEngagement(storage::Transaction& transaction, const std::vector<const LeadState*>& leads) {
  std::vector<storage::Row> rows;
  rows.reserve(leads.size());
  for (const LeadState* lead : leads) {
    const domain::FadingValue& shorter = lead->engagement.engagement.short_half_life;
    const domain::FadingValue& longer = lead->engagement.engagement.long_half_life;
    rows.emplace_back(std::vector<storage::Value>{
        lead->id, lead->seq, shorter.value, ToMicros(shorter.time),
        Key(domain::RankKey(shorter, domain::kShortHalfLife)), longer.value, ToMicros(longer.time),
        Key(domain::RankKey(longer, domain::kLongHalfLife)), storage::Bytes{lead->engagement.limits.Encode()},
        lead->readiness.grade, OptionalMicros(lead->due_time)});
  }
  return transaction
      .DeferMany(
          "UPDATE leads SET seq = r.seq, short_value = r.short_value, short_time = r.short_time, short_key = "
          "r.short_key, long_value = r.long_value, long_time = r.long_time, long_key = r.long_key, limits = "
          "r.limits, grade = r.grade, due_time = r.due_time FROM {rows: id TEXT, seq BIGINT, short_value "
          "DOUBLE, short_time BIGINT, short_key DOUBLE, long_value DOUBLE, long_time BIGINT, long_key "
          "DOUBLE, "
          "limits BYTES, grade TEXT, due_time BIGINT} AS r WHERE leads.id = r.id",
          rows)
      .status();
}

absl::Status SetRecount(storage::Transaction& transaction, std::string_view id, absl::Time recount) {
  return transaction
      .Defer("UPDATE leads SET recount = CAST($2 AS BIGINT) WHERE id = $1",
             {std::string(id), OptionalMicros(recount)})
      .status();
}

absl::StatusOr<std::optional<std::string>> LeadToRecount(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(
      auto ids,
      Ids(transaction.Execute("SELECT id FROM leads WHERE recount IS NOT NULL ORDER BY id LIMIT 1")));
  if (ids.empty()) return std::nullopt;
  return std::move(ids.front());
}

absl::StatusOr<std::vector<std::string>> AllLeads(storage::Transaction& transaction, std::string_view after,
                                                  int limit) {
  return Ids(transaction.Execute("SELECT id FROM leads WHERE id > $1 ORDER BY id LIMIT $2",
                                 {std::string(after), int64_t{limit}}));
}

absl::StatusOr<std::vector<std::string>> DueLeads(storage::Transaction& transaction, absl::Time now,
                                                  int limit) {
  return Ids(transaction.Execute(
      "SELECT id FROM leads WHERE due_time IS NOT NULL AND due_time <= $1 ORDER BY due_time LIMIT $2",
      {ToMicros(now), int64_t{limit}}));
}

absl::StatusOr<std::vector<std::string>> LeadsNotUnderPolicy(storage::Transaction& transaction,
                                                             int64_t policy, int limit) {
  // Two ranges rather than <>, so that the index is read only where such leads are.
  return Ids(
      transaction.Execute("SELECT id FROM (SELECT id FROM (SELECT id FROM leads WHERE created AND policy < "
                          "$1 AND recount IS NULL ORDER BY policy, id LIMIT $2) AS below "
                          "UNION ALL SELECT id FROM (SELECT id FROM leads WHERE created AND policy > $1 "
                          "AND recount IS NULL ORDER BY policy, id LIMIT $2) AS above) AS "
                          "other ORDER BY id LIMIT $2",
                          {policy, int64_t{limit}}));
}

absl::StatusOr<absl::Time> NextDueTime(storage::Transaction& transaction) {
  ASSIGN_OR_RETURN(storage::Result result,
                   transaction.Execute("SELECT MIN(due_time) FROM leads WHERE due_time IS NOT NULL"));
  return TimeOr(result.rows.front(), 0, absl::InfiniteFuture());
}

}  // namespace finalmile::leads::store
