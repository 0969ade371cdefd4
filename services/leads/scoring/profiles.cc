#include "services/leads/scoring/profiles.h"

#include <utility>

#include "libs/base/status.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/store/profile_store.h"

namespace finalmile::leads::scoring {

absl::StatusOr<std::map<domain::LeadId, domain::Lead>> ProfilesWithIds(
    storage::Transaction& transaction, const std::vector<domain::LeadId>& ids) {
  ASSIGN_OR_RETURN(const storage::Deferred read_profiles, store::DeferProfiles(transaction, ids));
  ASSIGN_OR_RETURN(const storage::Deferred read_ids, store::DeferExternalIds(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  ASSIGN_OR_RETURN(auto profiles, store::ProfilesOf(*read_profiles));
  auto external_ids = store::ExternalIdsOf(*read_ids);
  for (auto& [id, profile] : profiles) {
    for (auto& [source, external] : external_ids[id])
      profile.external_ids.push_back({std::move(source), std::move(external)});
  }
  return profiles;
}

absl::StatusOr<std::map<domain::LeadId, domain::Lead>> WholeProfiles(storage::Transaction& transaction,
                                                                     const LeadBatch& batch,
                                                                     const std::vector<domain::LeadId>& ids) {
  ASSIGN_OR_RETURN(auto profiles, ProfilesWithIds(transaction, ids));
  for (auto& [id, profile] : profiles) profile.gates = GatesOf(batch.Find(id)->gates);
  return profiles;
}

}  // namespace finalmile::leads::scoring
