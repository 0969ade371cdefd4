#include "services/leads/handlers/load_leads.h"

#include <algorithm>
#include <map>

#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/resource_name.h"
#include "libs/storage/transact.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/store/opportunity_store.h"
#include "services/leads/store/profile_store.h"

namespace finalmile::leads::handlers {
namespace {

v1::Opportunity ToProto(const store::OpportunityRow& row) {
  v1::Opportunity opportunity;
  opportunity.set_id(row.id);
  opportunity.set_state(static_cast<v1::OpportunityState>(row.state));
  if (row.amount) opportunity.set_amount(*row.amount);
  opportunity.set_currency(row.currency);
  *opportunity.mutable_update_time() = scoring::ToProto(row.update_time);
  return opportunity;
}

// Leads are made of these.
struct Parts {
  std::vector<store::LeadState> states;
  std::map<domain::LeadId, domain::Lead> profiles;
  std::map<domain::LeadId, std::vector<store::ExternalId>> external_ids;
  std::map<domain::LeadId, std::vector<store::OpportunityRow>> opportunities;
};

// In one round trip. Leads may be large, so the rows are gone when this returns.
absl::StatusOr<Parts> ReadParts(storage::Transaction& transaction, const std::vector<domain::LeadId>& ids) {
  ASSIGN_OR_RETURN(const storage::Deferred states, store::kLeads.DeferRead(transaction, ids));
  ASSIGN_OR_RETURN(const storage::Deferred profiles, store::DeferProfiles(transaction, ids));
  ASSIGN_OR_RETURN(const storage::Deferred external_ids, store::DeferExternalIds(transaction, ids));
  ASSIGN_OR_RETURN(const storage::Deferred opportunities, store::DeferOpportunities(transaction, ids));
  RETURN_IF_ERROR(transaction.Settle());
  Parts parts;
  ASSIGN_OR_RETURN(parts.states, store::kLeads.Records(*states));
  ASSIGN_OR_RETURN(parts.profiles, store::ProfilesOf(*profiles));
  parts.external_ids = store::ExternalIdsOf(*external_ids);
  ASSIGN_OR_RETURN(parts.opportunities, store::OpportunitiesOf(*opportunities));
  return parts;
}

}  // namespace

absl::StatusOr<domain::LeadId> LeadBy(storage::Transaction& transaction, const v1::LeadIdentity& identity) {
  if (identity.has_external_id()) {
    const store::ExternalId id{identity.external_id().source(), identity.external_id().id()};
    ASSIGN_OR_RETURN(const auto found, store::FindExternalIds(transaction, {id}));
    if (found.empty())
      return rpc::Error(absl::StatusCode::kNotFound, "LEAD_NOT_FOUND", "no lead has this external id");
    return found.begin()->second;
  }
  const auto email = domain::NormaliseEmail(identity.email());
  if (!email.ok()) return rpc::InvalidField("identity.email", std::string(email.status().message()));
  ASSIGN_OR_RETURN(const auto leads, store::LeadsWithEmail(transaction, *email, 2));
  if (leads.empty())
    return rpc::Error(absl::StatusCode::kNotFound, "LEAD_NOT_FOUND", "no lead has this e-mail");
  if (leads.size() > 1) {
    return rpc::Error(absl::StatusCode::kFailedPrecondition, "LEAD_AMBIGUOUS",
                      "several leads have this e-mail; say which by its name or an external id");
  }
  return leads.front();
}

absl::StatusOr<domain::LeadId> LeadOf(rpc::CallContext& context, storage::Database& database,
                                      const std::string& name, const v1::LeadIdentity& identity) {
  if (name != domain::kSomeLead) {
    return storage::Read(database, context.deadline(), [&](storage::Transaction& transaction) {
      return store::FollowMerges(transaction, domain::LeadId(rpc::IdIn(name)));
    });
  }
  if (identity.kind_case() == v1::LeadIdentity::KIND_NOT_SET)
    return rpc::InvalidField("identity", "is required with leads/-");
  return storage::Read(database, context.deadline(),
                       [&](storage::Transaction& transaction) { return LeadBy(transaction, identity); });
}

absl::StatusOr<std::vector<v1::Lead>> LoadLeads(storage::Transaction& transaction,
                                                scoring::Policies& policies,
                                                const std::vector<domain::LeadId>& ids, absl::Time now) {
  ASSIGN_OR_RETURN(Parts parts, ReadParts(transaction, ids));
  const std::vector<store::LeadState>& states = parts.states;
  std::map<domain::LeadId, const store::LeadState*> by_id;
  for (const store::LeadState& state : states) {
    if (state.created) by_id[state.id] = &state;
  }
  if (by_id.size() < ids.size() && std::any_of(states.begin(), states.end(), [](const auto& state) {
        return !state.merged_into.empty();
      })) {
    std::vector<domain::LeadId> followed;
    for (const domain::LeadId& id : ids) {
      ASSIGN_OR_RETURN(followed.emplace_back(), store::FollowMerges(transaction, id));
    }
    if (followed != ids) return LoadLeads(transaction, policies, followed, now);
  }
  std::vector<v1::Lead> leads;
  leads.reserve(ids.size());
  for (const domain::LeadId& id : ids) {
    const auto found = by_id.find(id);
    if (found == by_id.end()) return rpc::NotFound(domain::LeadName(id), "lead");
    const store::LeadState& state = *found->second;
    domain::Lead& profile = parts.profiles[id];
    profile.external_ids.clear();
    for (const store::ExternalId& external : parts.external_ids[id]) {
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
    lead.set_cycle(static_cast<int32_t>(state.cycle));
    if (state.quiet_until > now) *lead.mutable_quiet_until() = scoring::ToProto(state.quiet_until);
    for (const store::OpportunityRow& opportunity : parts.opportunities[id])
      *lead.add_opportunities() = ToProto(opportunity);
  }
  return leads;
}

}  // namespace finalmile::leads::handlers
