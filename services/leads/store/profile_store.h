#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/storage/database.h"
#include "services/leads/domain/lead.h"

namespace finalmile::leads::store {

// The fields of a lead that callers and imports set, but for external ids, gates and stage, which are kept
// elsewhere.
struct Profile {
  domain::LeadId lead;
  domain::Lead content;
};

// Profiles by lead, in halves, so that several reads share a round trip: Settle, then ProfilesOf.
absl::StatusOr<storage::Deferred> DeferProfiles(storage::Transaction& transaction,
                                                const std::vector<domain::LeadId>& leads);
absl::StatusOr<std::map<domain::LeadId, domain::Lead>> ProfilesOf(const storage::Result& read);
// Both halves.
absl::StatusOr<std::map<domain::LeadId, domain::Lead>> ReadProfiles(storage::Transaction& transaction,
                                                                    const std::vector<domain::LeadId>& leads);
// Inserts or overwrites. Deferred.
absl::Status WriteProfiles(storage::Transaction& transaction, const std::vector<Profile>& profiles);

// (source, id).
using ExternalId = std::pair<std::string, std::string>;

// Which leads have these external ids.
absl::StatusOr<std::map<ExternalId, domain::LeadId>> FindExternalIds(
    storage::Transaction& transaction, const std::vector<ExternalId>& external_ids);
// The same; they stay with their leads until the transaction ends.
absl::StatusOr<std::map<ExternalId, domain::LeadId>> LockExternalIds(
    storage::Transaction& transaction, const std::vector<ExternalId>& external_ids);
// External ids by lead, in halves, as DeferProfiles.
absl::StatusOr<storage::Deferred> DeferExternalIds(storage::Transaction& transaction,
                                                   const std::vector<domain::LeadId>& leads);
std::map<domain::LeadId, std::vector<ExternalId>> ExternalIdsOf(const storage::Result& read);
// Leads with the external id `id` of any source, at most `limit`.
absl::StatusOr<std::vector<domain::LeadId>> LeadsWithExternalId(storage::Transaction& transaction,
                                                                const std::string& id, int limit);
// Leads with this e-mail, at most `limit`.
absl::StatusOr<std::vector<domain::LeadId>> LeadsWithEmail(storage::Transaction& transaction,
                                                           const std::string& email, int limit);
// Gives the external ids of `from` to `to`. Deferred.
absl::Status MoveExternalIds(storage::Transaction& transaction, const domain::LeadId& from,
                             const domain::LeadId& to);
// Gives the external ids, rows of sources, facts of sales and opportunities of `from` to `to`. What sales
// knows of `from` counts in `cycle`. Deferred.
absl::Status MoveAbout(storage::Transaction& transaction, const domain::LeadId& from,
                       const domain::LeadId& to, int64_t cycle);
// Deletes all that is kept about a locked lead or stub but its row and its activities. Deferred.
absl::Status DeleteAbout(storage::Transaction& transaction, const domain::LeadId& lead);
// The same, and its row.
absl::Status DeleteLead(storage::Transaction& transaction, const domain::LeadId& lead);
// ALREADY_EXISTS when another lead has one of them. Awaited.
absl::Status InsertExternalIds(storage::Transaction& transaction,
                               const std::vector<std::pair<ExternalId, domain::LeadId>>& external_ids);
// Stores those that no lead has; Result::affected says how many.
absl::StatusOr<storage::Deferred> DeferFreeExternalIds(
    storage::Transaction& transaction,
    const std::vector<std::pair<ExternalId, domain::LeadId>>& external_ids);
// Deferred.
absl::Status DeleteTheseIds(storage::Transaction& transaction, const std::vector<ExternalId>& external_ids);
// Deferred.
absl::Status DeleteExternalIds(storage::Transaction& transaction, const domain::LeadId& lead);

}  // namespace finalmile::leads::store
