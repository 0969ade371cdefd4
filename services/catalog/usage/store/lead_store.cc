#include "services/catalog/usage/store/lead_store.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "services/catalog/usage/store/use_store.h"

namespace finalmile::catalog::usage::store {
namespace {

using nlohmann::json;

int64_t DayOf(absl::Time time) {
  constexpr int64_t kMicrosPerDay = int64_t{24} * 3'600 * 1'000'000;
  return ToMicros(time) / kMicrosPerDay * kMicrosPerDay;
}

json ToJson(const domain::Changes& changes) {
  json list = json::array();
  for (const auto& [since, value] : changes.kept()) list.push_back({ToMicros(since), value});
  return list;
}

absl::StatusOr<domain::Changes> ChangesFrom(const json& list) {
  domain::Changes changes;
  for (const json& change : list) {
    if (!change.is_array() || change.size() != 2 || !change[0].is_number_integer() || !change[1].is_string())
      return absl::DataLossError("the history of a lead cannot be read");
    changes.Set(FromMicros(change[0].get<int64_t>()), change[1].get_ref<const std::string&>());
  }
  return changes;
}

// {"grades": [[microseconds, "A1"], …], "stages": …}; empty where nothing is known.
std::string EncodeHistory(const domain::Lead& lead) {
  if (lead.grades.kept().empty() && lead.stages.kept().empty()) return {};
  return json({{"grades", ToJson(lead.grades)}, {"stages", ToJson(lead.stages)}}).dump();
}

absl::Status DecodeHistory(const std::string& text, domain::Lead& lead) {
  if (text.empty()) return absl::OkStatus();
  const json history = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!history.is_object()) return absl::DataLossError("the history of a lead cannot be read");
  ASSIGN_OR_RETURN(lead.grades, ChangesFrom(history.value("grades", json::array())));
  ASSIGN_OR_RETURN(lead.stages, ChangesFrom(history.value("stages", json::array())));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Leads> InsertAndLockLeads(storage::Transaction& transaction,
                                         const std::vector<domain::LeadName>& leads, absl::Time now) {
  Leads locked;
  std::vector<domain::LeadName> names = leads;
  while (!names.empty()) {
    // Mostly the update changes nothing, so that no index is written; it locks the row, in the order of the
    // rows given.
    std::vector<storage::Row> rows;
    rows.reserve(names.size());
    for (const domain::LeadName& lead : names) rows.push_back(storage::Row({lead.text(), DayOf(now)}));
    ASSIGN_OR_RETURN(const storage::Result result, transaction.ExecuteMany(R"sql(
INSERT INTO leads (lead, erased, named_time)
SELECT lead, FALSE, named_time FROM {rows: lead TEXT, named_time BIGINT} AS r
WHERE TRUE
ON CONFLICT (lead) DO UPDATE SET named_time = excluded.named_time
RETURNING lead, erased, merged_into, cycle, cycle_ended, history)sql",
                                                                           rows));
    std::vector<domain::LeadName> merged;
    for (const storage::Row& row : result.rows) {
      domain::Lead& lead = locked[domain::LeadName(row.Text(0))];
      lead.erased = row.Bool(1);
      lead.merged_into = domain::LeadName(row.Text(2));
      lead.cycle = row.Int(3);
      lead.cycle_ended = row.Bool(4);
      RETURN_IF_ERROR(DecodeHistory(row.Text(5), lead));
      if (!lead.merged_into.empty()) merged.push_back(lead.merged_into);
    }
    // Behind the others, and so out of order: seldom, and a deadlock runs the transaction again.
    std::erase_if(merged, [&](const domain::LeadName& lead) { return locked.contains(lead); });
    names = storage::SortedUnique(std::move(merged));
  }
  return locked;
}

const domain::LeadName& CurrentName(const Leads& leads, const domain::LeadName& lead) {
  const domain::LeadName* name = &lead;
  for (auto found = leads.find(lead); !found->second.merged_into.empty(); found = leads.find(*name)) {
    name = &found->second.merged_into;
  }
  return *name;
}

absl::Status WriteLeads(storage::Transaction& transaction, const Leads& leads) {
  std::vector<storage::Row> rows;
  rows.reserve(leads.size());
  for (const auto& [name, lead] : leads) {
    rows.push_back(storage::Row({name.text(), lead.erased, lead.merged_into.text(), lead.cycle,
                                 lead.cycle_ended, EncodeHistory(lead)}));
  }
  return transaction
      .DeferMany(R"sql(
UPDATE leads SET erased = r.erased, merged_into = r.merged_into, cycle = r.cycle, cycle_ended = r.cycle_ended,
                 history = r.history
FROM {rows: lead TEXT, erased BOOLEAN, merged_into TEXT, cycle BIGINT, cycle_ended BOOLEAN, history TEXT} AS r
WHERE leads.lead = r.lead)sql",
                 rows)
      .status();
}

absl::Status LockLeads(storage::Transaction& transaction, const std::vector<domain::LeadName>& leads) {
  return transaction
      .ExecuteMany(R"sql(
SELECT l.lead FROM leads AS l
WHERE l.lead IN (SELECT r.id FROM {rows: id TEXT} AS r)
ORDER BY l.lead
{for_update})sql",
                   storage::IdRows(leads))
      .status();
}

absl::StatusOr<int64_t> DeleteIdleLeads(storage::Transaction& transaction, absl::Time time, int limit) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(R"sql(
DELETE FROM leads
WHERE NOT erased AND merged_into = '' AND lead IN (
  SELECT lead FROM leads
  WHERE NOT erased AND merged_into = '' AND named_time < $1
  ORDER BY named_time
  LIMIT $2 {skip_locked}))sql",
                                                                     {DayOf(time), int64_t{limit}}));
  return result.affected;
}

absl::Status DeleteAllOf(storage::Transaction& transaction, const domain::LeadName& lead) {
  for (const char* sql :
       {"DELETE FROM uses WHERE lead = $1",
        "DELETE FROM own_text_hashes WHERE id IN (SELECT id FROM own_texts WHERE lead = $1)",
        "DELETE FROM own_texts WHERE lead = $1", "DELETE FROM offers WHERE lead = $1",
        "DELETE FROM meeting_touches WHERE chain IN (SELECT chain FROM meetings WHERE lead = $1)",
        "DELETE FROM meetings WHERE lead = $1", "DELETE FROM permissions WHERE lead = $1"}) {
    RETURN_IF_ERROR(transaction.Defer(sql, {lead.text()}).status());
  }
  return absl::OkStatus();
}

absl::Status MoveAllOf(storage::Transaction& transaction, const domain::LeadName& from,
                       const domain::LeadName& into, absl::Time time) {
  ASSIGN_OR_RETURN(const storage::Result twice, transaction.Execute(R"sql(
DELETE FROM uses
WHERE lead = $1 AND message <> '' AND message IN (SELECT message FROM uses WHERE lead = $2 AND message <> '')
RETURNING asset, version)sql",
                                                                    {from.text(), into.text()}));
  std::map<VersionKey, Figures> figures;
  for (const storage::Row& row : twice.rows) {
    if (!row.Text(0).empty()) --figures[{catalog::domain::AssetId(row.Text(0)), row.Int(1)}].used;
  }
  RETURN_IF_ERROR(AddFigures(transaction, figures));
  for (const char* sql :
       {"UPDATE uses SET lead = $2 WHERE lead = $1", "UPDATE own_texts SET lead = $2 WHERE lead = $1",
        "UPDATE offers SET lead = $2 WHERE lead = $1", "UPDATE meetings SET lead = $2 WHERE lead = $1"}) {
    RETURN_IF_ERROR(transaction.Defer(sql, {from.text(), into.text()}).status());
  }
  RETURN_IF_ERROR(transaction
                      .Defer(R"sql(
INSERT INTO permissions AS p (lead, channel, allowed, since, inherited)
SELECT CAST($2 AS TEXT), channel, FALSE, CAST($3 AS BIGINT), TRUE FROM permissions WHERE lead = $1 AND NOT allowed
ON CONFLICT (lead, channel) DO UPDATE SET allowed = FALSE, since = excluded.since, inherited = TRUE
WHERE p.since < excluded.since)sql",
                             {from.text(), into.text(), ToMicros(time)})
                      .status());
  return transaction.Defer("DELETE FROM permissions WHERE lead = $1", {from.text()}).status();
}

absl::Status SetPermission(storage::Transaction& transaction, const PermissionRow& permission) {
  return transaction
      .Defer(R"sql(
INSERT INTO permissions AS p (lead, channel, allowed, since, inherited)
VALUES ($1, $2, $3, $4, FALSE)
ON CONFLICT (lead, channel) DO UPDATE SET
  allowed = excluded.allowed, since = excluded.since, inherited = FALSE
WHERE NOT p.inherited OR p.since <= excluded.since)sql",
             {permission.lead.text(), permission.channel, !permission.denied, ToMicros(permission.since)})
      .status();
}

absl::StatusOr<domain::LeadName> CurrentName(storage::Transaction& transaction,
                                             const domain::LeadName& lead) {
  domain::LeadName name = lead;
  while (true) {
    ASSIGN_OR_RETURN(const storage::Result result,
                     transaction.Execute("SELECT merged_into FROM leads WHERE lead = $1", {name.text()}));
    if (result.rows.empty() || result.rows[0].Text(0).empty()) return name;
    name = domain::LeadName(result.rows[0].Text(0));
  }
}

absl::StatusOr<bool> Denied(storage::Transaction& transaction, const domain::LeadName& lead, int64_t channel,
                            absl::Time time) {
  ASSIGN_OR_RETURN(const storage::Result result, transaction.Execute(R"sql(
SELECT channel FROM permissions WHERE lead = $1 AND channel = $2 AND since <= $3 AND NOT allowed)sql",
                                                                     {lead.text(), channel, ToMicros(time)}));
  return !result.rows.empty();
}

}  // namespace finalmile::catalog::usage::store
