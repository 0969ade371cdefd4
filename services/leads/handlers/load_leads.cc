#include "services/leads/handlers/load_leads.h"

#include <map>

#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/etag.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/store/profile_store.h"

namespace finalmile::leads::handlers {

absl::StatusOr<std::vector<v1::Lead>> LoadLeads(storage::Transaction& transaction,
                                                scoring::Policies& policies,
                                                const std::vector<std::string>& ids, absl::Time now) {
  ASSIGN_OR_RETURN(std::vector<store::LeadState> states, store::ReadLeads(transaction, ids));
  ASSIGN_OR_RETURN(auto profiles, store::ReadProfiles(transaction, ids));
  ASSIGN_OR_RETURN(auto external_ids, store::ExternalIdsOf(transaction, ids));
  std::map<std::string, const store::LeadState*> by_id;
  for (const store::LeadState& state : states) {
    if (state.created) by_id[state.id] = &state;
  }
  std::vector<v1::Lead> leads;
  leads.reserve(ids.size());
  for (const std::string& id : ids) {
    const auto found = by_id.find(id);
    if (found == by_id.end()) return rpc::NotFound(domain::LeadName(id), "lead");
    const store::LeadState& state = *found->second;
    domain::Lead profile = profiles[id];
    for (const store::ExternalId& external : external_ids[id]) {
      profile.external_ids.push_back({external.first, external.second});
    }
    profile.gates = scoring::GatesOf(state.gates);
    profile.stage = static_cast<domain::Stage>(state.stage);
    v1::Lead& lead = leads.emplace_back(scoring::ToProto(profile));
    lead.set_name(domain::LeadName(id));
    lead.set_etag(rpc::Etag(state.version));
    *lead.mutable_create_time() = scoring::ToProto(state.create_time);
    *lead.mutable_update_time() = scoring::ToProto(state.update_time);
    ASSIGN_OR_RETURN(scoring::PolicyPointer policy, policies.ByNumber(transaction, state.policy));
    *lead.mutable_score() = scoring::ToScore(state, *policy, now);
  }
  return leads;
}

}  // namespace finalmile::leads::handlers
