#include "services/leads/store/profile_store.h"

#include <nlohmann/json.hpp>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/storage/table.h"
#include "services/leads/store/encoding.h"

namespace finalmile::leads::store {
namespace {

using nlohmann::json;

std::string EncodePermissions(const std::vector<domain::Permission>& permissions) {
  if (permissions.empty()) return {};
  json list = json::array();
  for (const domain::Permission& p : permissions) {
    list.push_back({static_cast<int>(p.channel), p.purpose, static_cast<int>(p.state), p.basis, p.source,
                    ToMicros(p.time)});
  }
  return list.dump();
}

absl::Status DecodePermissions(const std::string& text, std::vector<domain::Permission>& permissions) {
  if (text.empty()) return absl::OkStatus();
  const json list = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!list.is_array()) return absl::DataLossError("stored permissions are damaged");
  for (const json& p : list) {
    if (!p.is_array() || p.size() != 6) return absl::DataLossError("a stored permission is damaged");
    permissions.push_back({static_cast<domain::Channel>(p[0].get<int>()), p[1].get<std::string>(),
                           static_cast<domain::PermissionState>(p[2].get<int>()), p[3].get<std::string>(),
                           p[4].get<std::string>(), FromMicros(p[5].get<int64_t>())});
  }
  return absl::OkStatus();
}

std::vector<storage::Column<Profile>> Columns() {
  using domain::Lead;
  using storage::In;
  using storage::Row;
  using storage::Value;
  std::vector<storage::Column<Profile>> columns{
      {"lead", &Profile::lead},
      {"outcome", In(&Profile::content, &Lead::outcome)},
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
                                                const std::vector<std::string>& leads) {
  return kProfiles.DeferRead(transaction, leads);
}

absl::StatusOr<std::map<std::string, domain::Lead>> ProfilesOf(const storage::Result& read) {
  ASSIGN_OR_RETURN(std::vector<Profile> rows, kProfiles.Records(read));
  std::map<std::string, domain::Lead> profiles;
  for (Profile& row : rows) profiles.emplace(std::move(row.lead), std::move(row.content));
  return profiles;
}

absl::StatusOr<std::map<std::string, domain::Lead>> ReadProfiles(storage::Transaction& transaction,
                                                                 const std::vector<std::string>& leads) {
  ASSIGN_OR_RETURN(const storage::Deferred read, DeferProfiles(transaction, leads));
  RETURN_IF_ERROR(transaction.Settle());
  return ProfilesOf(*read);
}

absl::Status WriteProfiles(storage::Transaction& transaction, const std::vector<Profile>& profiles) {
  return kProfiles.InsertOrUpdate(transaction, storage::Pointers(profiles));
}

absl::StatusOr<std::map<ExternalId, std::string>> FindExternalIds(
    storage::Transaction& transaction, const std::vector<ExternalId>& external_ids) {
  std::vector<storage::Row> rows;
  rows.reserve(external_ids.size());
  for (const ExternalId& id : external_ids)
    rows.emplace_back(std::vector<storage::Value>{id.first, id.second});
  ASSIGN_OR_RETURN(storage::Result result, transaction.ExecuteMany(R"sql(
SELECT e.source, e.id, e.lead
FROM {rows: source TEXT, id TEXT} AS r
JOIN external_ids AS e ON e.source = r.source AND e.id = r.id)sql",
                                                                   rows));
  std::map<ExternalId, std::string> found;
  for (const storage::Row& row : result.rows) found[{row.Text(0), row.Text(1)}] = row.Text(2);
  return found;
}

absl::StatusOr<std::map<std::string, std::vector<ExternalId>>> ExternalIdsOf(
    storage::Transaction& transaction, const std::vector<std::string>& leads) {
  ASSIGN_OR_RETURN(storage::Result result, transaction.ExecuteMany(
                                               R"sql(
SELECT lead, source, id FROM external_ids
WHERE lead IN (SELECT r.lead FROM {rows: lead TEXT} AS r)
ORDER BY source {sorted}, id {sorted})sql",
                                               storage::IdRows(leads)));
  std::map<std::string, std::vector<ExternalId>> ids;
  for (const storage::Row& row : result.rows) ids[row.Text(0)].emplace_back(row.Text(1), row.Text(2));
  return ids;
}

absl::Status InsertExternalIds(storage::Transaction& transaction,
                               const std::vector<std::pair<ExternalId, std::string>>& external_ids) {
  std::vector<storage::Row> rows;
  rows.reserve(external_ids.size());
  for (const auto& [id, lead] : external_ids) {
    rows.emplace_back(std::vector<storage::Value>{id.first, id.second, lead});
  }
  return transaction
      .ExecuteMany(
          R"sql(
INSERT INTO external_ids (source, id, lead)
SELECT r.* FROM {rows: source TEXT, id TEXT, lead TEXT} AS r)sql",
          rows)
      .status();
}

absl::Status DeleteExternalIds(storage::Transaction& transaction, std::string_view lead) {
  return transaction.Defer("DELETE FROM external_ids WHERE lead = $1", {std::string(lead)}).status();
}

}  // namespace finalmile::leads::store
