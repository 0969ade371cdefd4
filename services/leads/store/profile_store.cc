#include "services/leads/store/profile_store.h"

#include "libs/base/status.h"
#include "libs/storage/columns.h"
#include "libs/storage/table.h"
#include "services/leads/domain/identity.h"
#include "services/leads/store/encoding.h"

namespace finalmile::leads::store {
namespace {

std::vector<storage::Column<Profile>> Columns() {
  using domain::Lead;
  using storage::In;
  using storage::Row;
  using storage::Value;
  std::vector<storage::Column<Profile>> columns{
      {"lead", &Profile::lead},
      {"outcome", In(&Profile::content, &Lead::outcome)},
      {"arrival_time", In(&Profile::content, &Lead::arrival_time), absl::InfinitePast()},
      {"outcome_time", In(&Profile::content, &Lead::outcome_time), absl::InfinitePast()},
      // Leads without an external id or e-mail are found by it.
      {"name_key", "TEXT", [](const Profile& profile) -> Value { return domain::NameKey(profile.content); }},
      {"attributes", "TEXT",
       [](const Profile& profile) -> Value { return EncodeAttributes(profile.content.attributes); },
       [](const Row& row, size_t column, Profile& profile) -> absl::Status {
         ASSIGN_OR_RETURN(profile.content.attributes, DecodeAttributes(row.Text(column)));
         return absl::OkStatus();
       }},
      {"permissions", "TEXT",
       [](const Profile& profile) -> Value { return EncodePermissions(profile.content.permissions); },
       [](const Row& row, size_t column, Profile& profile) {
         return DecodePermissions(row.Text(column), profile.content.permissions);
       }}};
  for (const domain::TextField& field : domain::kTextFields)
    columns.emplace_back(field.name, In(&Profile::content, field.member));
  return columns;
}

const storage::Table<Profile> kProfiles("profiles", {"lead"}, Columns());

}  // namespace

absl::StatusOr<storage::Deferred> DeferProfiles(storage::Transaction& transaction,
                                                const std::vector<domain::LeadId>& leads) {
  return kProfiles.DeferRead(transaction, leads);
}

absl::StatusOr<std::map<domain::LeadId, domain::Lead>> ProfilesOf(const storage::Result& read) {
  ASSIGN_OR_RETURN(std::vector<Profile> rows, kProfiles.Records(read));
  std::map<domain::LeadId, domain::Lead> profiles;
  for (Profile& row : rows) profiles.emplace(std::move(row.lead), std::move(row.content));
  return profiles;
}

absl::StatusOr<std::map<domain::LeadId, domain::Lead>> ReadProfiles(
    storage::Transaction& transaction, const std::vector<domain::LeadId>& leads) {
  ASSIGN_OR_RETURN(const storage::Deferred read, DeferProfiles(transaction, leads));
  RETURN_IF_ERROR(transaction.Settle());
  return ProfilesOf(*read);
}

absl::Status WriteProfiles(storage::Transaction& transaction, const std::vector<Profile>& profiles) {
  return kProfiles.InsertOrUpdate(transaction, storage::Pointers(profiles));
}

namespace {

absl::StatusOr<std::map<ExternalId, domain::LeadId>> ReadExternalIds(
    storage::Transaction& transaction, std::string_view sql, const std::vector<ExternalId>& external_ids) {
  std::vector<storage::Row> rows;
  rows.reserve(external_ids.size());
  for (const ExternalId& id : external_ids)
    rows.emplace_back(std::vector<storage::Value>{id.first, id.second});
  ASSIGN_OR_RETURN(storage::Result result, transaction.ExecuteMany(sql, rows));
  std::map<ExternalId, domain::LeadId> found;
  for (const storage::Row& row : result.rows) found[{row.Text(0), row.Text(1)}] = domain::LeadId(row.Text(2));
  return found;
}

}  // namespace

absl::StatusOr<std::map<ExternalId, domain::LeadId>> FindExternalIds(
    storage::Transaction& transaction, const std::vector<ExternalId>& external_ids) {
  return ReadExternalIds(transaction, R"sql(
SELECT e.source, e.id, e.lead
FROM {rows: source TEXT, id TEXT} AS r
JOIN external_ids AS e ON e.source = r.source AND e.id = r.id)sql",
                         external_ids);
}

absl::StatusOr<std::map<ExternalId, domain::LeadId>> LockExternalIds(
    storage::Transaction& transaction, const std::vector<ExternalId>& external_ids) {
  return ReadExternalIds(transaction, R"sql(
SELECT source, id, lead FROM external_ids
WHERE (source, id) IN (
  SELECT r.wanted_source, r.wanted FROM {rows: wanted_source TEXT, wanted TEXT} AS r)
ORDER BY source {sorted}, id {sorted}
{for_update})sql",
                         external_ids);
}

absl::StatusOr<storage::Deferred> DeferExternalIds(storage::Transaction& transaction,
                                                   const std::vector<domain::LeadId>& leads) {
  return transaction.DeferMany(R"sql(
SELECT lead, source, id FROM external_ids
WHERE lead IN (SELECT r.lead FROM {rows: lead TEXT} AS r)
ORDER BY source {sorted}, id {sorted})sql",
                               storage::IdRows(leads));
}

std::map<domain::LeadId, std::vector<ExternalId>> ExternalIdsOf(const storage::Result& read) {
  std::map<domain::LeadId, std::vector<ExternalId>> ids;
  for (const storage::Row& row : read.rows)
    ids[domain::LeadId(row.Text(0))].emplace_back(row.Text(1), row.Text(2));
  return ids;
}

namespace {

std::vector<storage::Row> RowsOf(const std::vector<std::pair<ExternalId, domain::LeadId>>& external_ids) {
  std::vector<storage::Row> rows;
  rows.reserve(external_ids.size());
  for (const auto& [id, lead] : external_ids) {
    rows.emplace_back(std::vector<storage::Value>{id.first, id.second, lead.text()});
  }
  return rows;
}

}  // namespace

absl::Status InsertExternalIds(storage::Transaction& transaction,
                               const std::vector<std::pair<ExternalId, domain::LeadId>>& external_ids) {
  return transaction
      .ExecuteMany(
          R"sql(
INSERT INTO external_ids (source, id, lead)
SELECT r.* FROM {rows: source TEXT, id TEXT, lead TEXT} AS r)sql",
          RowsOf(external_ids))
      .status();
}

absl::StatusOr<storage::Deferred> DeferFreeExternalIds(
    storage::Transaction& transaction,
    const std::vector<std::pair<ExternalId, domain::LeadId>>& external_ids) {
  return transaction.DeferMany(
      R"sql(
INSERT INTO external_ids (source, id, lead)
SELECT r.* FROM {rows: source TEXT, id TEXT, lead TEXT} AS r
WHERE TRUE
ON CONFLICT (source, id) DO NOTHING)sql",
      RowsOf(external_ids));
}

absl::StatusOr<std::vector<domain::LeadId>> LeadsWithExternalId(storage::Transaction& transaction,
                                                                const std::string& id, int limit) {
  return storage::FirstTexts<domain::LeadId>(transaction.Execute(
      "SELECT DISTINCT lead FROM external_ids WHERE id = $1 ORDER BY lead LIMIT $2", {id, int64_t{limit}}));
}

absl::StatusOr<std::vector<domain::LeadId>> LeadsWithEmail(storage::Transaction& transaction,
                                                           const std::string& email, int limit) {
  return storage::FirstTexts<domain::LeadId>(
      transaction.Execute("SELECT lead FROM profiles WHERE email = $1 AND email <> '' ORDER BY lead LIMIT $2",
                          {email, int64_t{limit}}));
}

absl::Status MoveExternalIds(storage::Transaction& transaction, const domain::LeadId& from,
                             const domain::LeadId& to) {
  return transaction.Defer("UPDATE external_ids SET lead = $2 WHERE lead = $1", {from.text(), to.text()})
      .status();
}

absl::Status MoveAbout(storage::Transaction& transaction, const domain::LeadId& from,
                       const domain::LeadId& to, int64_t cycle) {
  RETURN_IF_ERROR(MoveExternalIds(transaction, from, to));
  for (const std::string_view sql : {"UPDATE source_rows SET lead = $2 WHERE lead = $1",
                                     "UPDATE import_changes SET lead = $2 WHERE lead = $1",
                                     "UPDATE deleted_activities SET lead = $2 WHERE lead = $1",
                                     "UPDATE opportunities SET lead = $2 WHERE lead = $1 AND id NOT IN "
                                     "(SELECT o.id FROM opportunities AS o WHERE "
                                     "o.lead = $2)"}) {
    RETURN_IF_ERROR(transaction.Defer(sql, {from.text(), to.text()}).status());
  }
  return transaction
      .Defer("UPDATE sales_facts SET lead = $2, ready_seq = 0, cycle = $3 WHERE lead = $1",
             {from.text(), to.text(), cycle})
      .status();
}

absl::Status DeleteAbout(storage::Transaction& transaction, const domain::LeadId& lead) {
  for (const std::string_view sql :
       {"DELETE FROM external_ids WHERE lead = $1", "DELETE FROM profiles WHERE lead = $1",
        "DELETE FROM fact_history WHERE lead = $1", "DELETE FROM source_rows WHERE lead = $1",
        "DELETE FROM crossings WHERE lead = $1", "DELETE FROM sales_facts WHERE lead = $1",
        "DELETE FROM opportunities WHERE lead = $1", "DELETE FROM import_changes WHERE lead = $1",
        "DELETE FROM deleted_activities WHERE lead = $1"}) {
    RETURN_IF_ERROR(transaction.Defer(sql, {lead.text()}).status());
  }
  return absl::OkStatus();
}

absl::Status DeleteLead(storage::Transaction& transaction, const domain::LeadId& lead) {
  RETURN_IF_ERROR(DeleteAbout(transaction, lead));
  return transaction.Defer("DELETE FROM leads WHERE id = $1", {lead.text()}).status();
}

absl::Status DeleteTheseIds(storage::Transaction& transaction, const std::vector<ExternalId>& external_ids) {
  std::vector<storage::Row> rows;
  for (const ExternalId& id : external_ids)
    rows.emplace_back(std::vector<storage::Value>{id.first, id.second});
  return transaction
      .DeferMany(R"sql(
DELETE FROM external_ids
WHERE (source, id) IN (SELECT r.wanted_source, r.wanted FROM {rows: wanted_source TEXT, wanted TEXT} AS r))sql",
                 rows)
      .status();
}

absl::Status DeleteExternalIds(storage::Transaction& transaction, const domain::LeadId& lead) {
  return transaction.Defer("DELETE FROM external_ids WHERE lead = $1", {lead.text()}).status();
}

}  // namespace finalmile::leads::store
