#include <nlohmann/json.hpp>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "services/leads/store/encoding.h"
#include "services/leads/store/lead_store.h"

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

absl::StatusOr<std::vector<domain::Permission>> DecodePermissions(const std::string& text) {
  std::vector<domain::Permission> permissions;
  if (text.empty()) return permissions;
  const json list = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!list.is_array()) return absl::DataLossError("stored permissions are damaged");
  for (const json& p : list) {
    if (!p.is_array() || p.size() != 6) return absl::DataLossError("a stored permission is damaged");
    permissions.push_back({static_cast<domain::Channel>(p[0].get<int>()), p[1].get<std::string>(),
                           static_cast<domain::PermissionState>(p[2].get<int>()), p[3].get<std::string>(),
                           p[4].get<std::string>(), FromMicros(p[5].get<int64_t>())});
  }
  return permissions;
}

}  // namespace

absl::StatusOr<storage::Deferred> DeferProfiles(storage::Transaction& transaction,
                                                const std::vector<std::string>& ids) {
  return transaction.DeferMany(
      "SELECT lead, given_name, family_name, email, phone, company, company_domain, owner, lead_source, "
      "campaign, outcome, attributes, permissions FROM profiles WHERE lead IN (SELECT r.id FROM {rows: id "
      "TEXT} AS r)",
      IdRows(ids));
}

absl::StatusOr<std::map<std::string, domain::Lead>> ReadProfiles(storage::Transaction& transaction,
                                                                 const std::vector<std::string>& ids) {
  ASSIGN_OR_RETURN(const storage::Deferred read, DeferProfiles(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  return ProfilesOf(*read);
}

absl::StatusOr<std::map<std::string, domain::Lead>> ProfilesOf(const storage::Result& read) {
  std::map<std::string, domain::Lead> profiles;
  for (const storage::Row& row : read.rows) {
    domain::Lead& profile = profiles[row.Text(0)];
    profile.given_name = row.Text(1);
    profile.family_name = row.Text(2);
    profile.email = row.Text(3);
    profile.phone = row.Text(4);
    profile.company = row.Text(5);
    profile.company_domain = row.Text(6);
    profile.owner = row.Text(7);
    profile.lead_source = row.Text(8);
    profile.campaign = row.Text(9);
    profile.outcome = static_cast<domain::Outcome>(row.Int(10));
    ASSIGN_OR_RETURN(profile.attributes, DecodeAttributes(row.Text(11)));
    ASSIGN_OR_RETURN(profile.permissions, DecodePermissions(row.Text(12)));
  }
  return profiles;
}

absl::Status WriteProfiles(storage::Transaction& transaction,
                           const std::map<std::string, const domain::Lead*>& profiles) {
  std::vector<storage::Row> rows;
  rows.reserve(profiles.size());
  for (const auto& [id, profile] : profiles) {
    rows.emplace_back(std::vector<storage::Value>{
        id, profile->given_name, profile->family_name, profile->email, profile->phone, profile->company,
        profile->company_domain, profile->owner, profile->lead_source, profile->campaign,
        static_cast<int64_t>(profile->outcome), EncodeAttributes(profile->attributes),
        EncodePermissions(profile->permissions)});
  }
  return transaction
      .DeferMany(
          "INSERT INTO profiles (lead, given_name, family_name, email, phone, company, company_domain, "
          "owner, lead_source, "
          "campaign, outcome, attributes, permissions) SELECT r.* FROM {rows: lead TEXT, given_name TEXT, "
          "family_name TEXT, "
          "email TEXT, phone TEXT, company TEXT, company_domain TEXT, owner TEXT, lead_source TEXT, campaign "
          "TEXT, outcome "
          "BIGINT, attributes TEXT, permissions TEXT} AS r WHERE TRUE ON CONFLICT (lead) DO UPDATE SET "
          "given_name = "
          "excluded.given_name, family_name = excluded.family_name, email = excluded.email, phone = "
          "excluded.phone, company "
          "= excluded.company, company_domain = excluded.company_domain, owner = excluded.owner, lead_source "
          "= "
          "excluded.lead_source, campaign = excluded.campaign, outcome = excluded.outcome, attributes = "
          "excluded.attributes, permissions = excluded.permissions",
          rows)
      .status();
}

absl::StatusOr<std::map<ExternalId, std::string>> FindExternalIds(
    storage::Transaction& transaction, const std::vector<ExternalId>& external_ids) {
  std::vector<storage::Row> rows;
  rows.reserve(external_ids.size());
  for (const ExternalId& id : external_ids)
    rows.emplace_back(std::vector<storage::Value>{id.first, id.second});
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.ExecuteMany(
          "SELECT e.source, e.id, e.lead FROM {rows: source TEXT, id TEXT} AS r JOIN external_ids "
          "AS e ON e.source = r.source AND e.id = r.id",
          rows));
  std::map<ExternalId, std::string> found;
  for (const storage::Row& row : result.rows) found[{row.Text(0), row.Text(1)}] = row.Text(2);
  return found;
}

absl::StatusOr<std::map<std::string, std::vector<ExternalId>>> ExternalIdsOf(
    storage::Transaction& transaction, const std::vector<std::string>& leads) {
  ASSIGN_OR_RETURN(
      storage::Result result,
      transaction.ExecuteMany(
          "SELECT lead, source, id FROM external_ids WHERE lead IN (SELECT r.lead FROM {rows: lead "
          "TEXT} AS r) ORDER BY source {sorted}, id {sorted}",
          IdRows(leads)));
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
          "INSERT INTO external_ids (source, id, lead) SELECT r.source, r.id, r.lead FROM {rows: source "
          "TEXT, id TEXT, lead "
          "TEXT} AS r",
          rows)
      .status();
}

absl::Status DeleteExternalIds(storage::Transaction& transaction, std::string_view lead) {
  return transaction.Defer("DELETE FROM external_ids WHERE lead = $1", {std::string(lead)}).status();
}

}  // namespace finalmile::leads::store
