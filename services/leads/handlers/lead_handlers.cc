#include "services/leads/handlers/lead_handlers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/masks.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/violations.h"
#include "libs/storage/columns.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/handlers/load_leads.h"
#include "services/leads/handlers/updatable_fields.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/store/lead_store.h"
#include "services/leads/store/profile_store.h"

namespace finalmile::leads::handlers {
namespace {

using storage::Transaction;

constexpr int kMaxBatch = 1000;
// Leads read at once; one has up to 0.8 MB.
constexpr int kPiece = 64;

// Who has the external ids of a lead: other leads, and stubs that a record of the activities topic made.
struct Holders {
  std::map<store::ExternalId, domain::LeadId> by_id;
  std::vector<domain::LeadId> stubs;
};
absl::StatusOr<Holders> FindHolders(Transaction& transaction, const v1::Lead& lead) {
  std::vector<store::ExternalId> wanted;
  for (const v1::ExternalId& id : lead.external_ids()) wanted.emplace_back(id.source(), id.id());
  Holders holders;
  if (wanted.empty()) return holders;
  ASSIGN_OR_RETURN(holders.by_id, store::FindExternalIds(transaction, wanted));
  for (const auto& [id, lead_id] : holders.by_id) holders.stubs.push_back(lead_id);
  holders.stubs = storage::SortedUnique(std::move(holders.stubs));
  ASSIGN_OR_RETURN(const auto states, store::ReadLeads(transaction, holders.stubs));
  for (const store::LeadState& state : states) {
    if (state.created) std::erase(holders.stubs, state.id);
  }
  return holders;
}

// Gives a lead of `batch` its external ids; the stubs that have some, which are locked, become part of it.
absl::Status AssignExternalIds(Transaction& transaction, scoring::LeadBatch& batch,
                               const domain::LeadId& lead, const domain::Lead& profile,
                               const Holders& holders) {
  std::vector<std::pair<store::ExternalId, domain::LeadId>> rows;
  for (const domain::ExternalId& external : profile.external_ids) {
    const store::ExternalId id{external.source, external.id};
    const auto found = holders.by_id.find(id);
    if (found == holders.by_id.end()) {
      rows.emplace_back(id, lead);
    } else if (found->second != lead &&
               std::count(holders.stubs.begin(), holders.stubs.end(), found->second) == 0) {
      const std::string holder = domain::LeadName(found->second);
      return rpc::Error(absl::StatusCode::kAlreadyExists, "EXTERNAL_ID_TAKEN",
                        fmt::format("an external id of source '{}' belongs to {}", id.first, holder),
                        {{"lead", holder}});
    }
  }
  for (const domain::LeadId& stub : holders.stubs) {
    if (stub == lead) continue;
    const store::LeadState* state = batch.Find(stub);
    if (state == nullptr || state->created) return storage::Conflict("an external id was taken meanwhile");
    RETURN_IF_ERROR(batch.Absorb(lead, stub));
  }
  absl::Status inserted = store::InsertExternalIds(transaction, rows);
  // Somebody took it between look-up and insert; the next run finds who.
  return absl::IsAlreadyExists(inserted) ? storage::Conflict("an external id was taken meanwhile") : inserted;
}

// A lead that nothing but its e-mail tells apart from another is the other.
absl::Status CheckEmailFree(Transaction& transaction, const domain::Lead& profile) {
  if (!profile.external_ids.empty() || profile.email.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto leads, store::LeadsWithEmail(transaction, profile.email, 1));
  if (leads.empty()) return absl::OkStatus();
  const std::string holder = domain::LeadName(leads.front());
  return rpc::Error(absl::StatusCode::kAlreadyExists, "EMAIL_TAKEN",
                    fmt::format("the e-mail belongs to {}; change that lead, or give an external id", holder),
                    {{"lead", holder}});
}

// A path names an attribute by a name that one may have.
absl::Status CheckAttributePaths(const google::protobuf::FieldMask& mask) {
  constexpr std::string_view kAttributes = "attributes.";
  rpc::FieldViolations violations;
  for (const std::string& path : mask.paths()) {
    std::string_view name = path;
    if (!name.starts_with(kAttributes)) continue;
    name.remove_prefix(kAttributes.size());
    if (name.size() >= 2 && name.front() == '`' && name.back() == '`') name = name.substr(1, name.size() - 2);
    if (const std::string wrong = domain::WrongAttributeName(name); !wrong.empty())
      violations.Add("update_mask", fmt::format("'{}': {}", path, wrong));
  }
  return violations.ToStatus();
}

}  // namespace

absl::StatusOr<v1::Lead> LeadHandlers::CreateLead(rpc::CallContext& context,
                                                  const v1::CreateLeadRequest& request) {
  domain::Lead profile = scoring::FromProto(request.lead());
  domain::Normalise(profile);
  if (!request.lead_id().empty() && !IsUuid(request.lead_id())) {
    return rpc::InvalidField("lead_id", "must be a lower-case UUID, or empty for the server to choose");
  }
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::Lead>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::Lead> {
        scoring::LeadBatch batch(transaction, d_.policies, {d_.clock, d_.rng, now, cause});
        RETURN_IF_ERROR(CheckEmailFree(transaction, profile));
        ASSIGN_OR_RETURN(const Holders holders, FindHolders(transaction, request.lead()));
        domain::LeadId id(request.lead_id());
        if (id.empty()) {
          id = holders.stubs.empty() ? domain::LeadId(NewUuid(d_.clock, d_.rng)) : holders.stubs.front();
          RETURN_IF_ERROR(batch.Lock(holders.stubs, scoring::LeadBatch::Absent::kLeaveOut));
        } else {
          std::vector<domain::LeadId> locked = holders.stubs;
          locked.push_back(id);
          RETURN_IF_ERROR(batch.Lock(std::move(locked), scoring::LeadBatch::Absent::kStub));
          if (batch.Find(id)->created) {
            return rpc::Error(absl::StatusCode::kAlreadyExists, "LEAD_EXISTS",
                              fmt::format("{} exists", domain::LeadName(id)));
          }
        }
        RETURN_IF_ERROR(batch.Create(id, profile));
        RETURN_IF_ERROR(AssignExternalIds(transaction, batch, id, profile, holders));
        RETURN_IF_ERROR(batch.Write("attributes"));
        ASSIGN_OR_RETURN(std::vector<v1::Lead> leads, LoadLeads(transaction, d_.policies, {id}, now));
        return leads.front();
      });
}

absl::StatusOr<v1::Lead> LeadHandlers::GetLead(rpc::CallContext& context, const v1::GetLeadRequest& request) {
  ASSIGN_OR_RETURN(domain::LeadId id, LeadOf(context, d_.database, request.name(), request.identity()));
  return outbox::Read<v1::Lead>(context, d_.database,
                                [&](Transaction& transaction) -> absl::StatusOr<v1::Lead> {
                                  ASSIGN_OR_RETURN(std::vector<v1::Lead> leads,
                                                   LoadLeads(transaction, d_.policies, {id}, d_.clock.Now()));
                                  return leads.front();
                                });
}

absl::StatusOr<v1::BatchGetLeadsResponse> LeadHandlers::BatchGetLeads(
    rpc::CallContext& context, const v1::BatchGetLeadsRequest& request) {
  if (request.names_size() > kMaxBatch) {
    return rpc::InvalidField(
        "names", fmt::format("has {} entries; at most {} are read at once", request.names_size(), kMaxBatch));
  }
  std::vector<domain::LeadId> ids;
  for (const std::string& name : request.names()) ids.emplace_back(rpc::IdIn(name));
  rpc::Fold(ids);
  return outbox::Read<v1::BatchGetLeadsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::BatchGetLeadsResponse> {
        v1::BatchGetLeadsResponse response;
        const absl::Time now = d_.clock.Now();
        RETURN_IF_ERROR((rpc::FillBatch<domain::LeadId, v1::Lead>(
            ids, kPiece, context.answers().most,
            [&](const std::vector<domain::LeadId>& some) {
              return LoadLeads(transaction, d_.policies, some, now);
            },
            *response.mutable_leads())));
        return response;
      });
}

absl::StatusOr<v1::Lead> LeadHandlers::UpdateLead(rpc::CallContext& context,
                                                  const v1::UpdateLeadRequest& request) {
  ASSIGN_OR_RETURN(domain::LeadId id,
                   LeadOf(context, d_.database, request.lead().name(), request.identity()));
  RETURN_IF_ERROR(CheckAttributePaths(request.update_mask()));
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::Lead>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::Lead> {
        scoring::LeadBatch batch(transaction, d_.policies, {d_.clock, d_.rng, now, cause});
        ASSIGN_OR_RETURN(const Holders holders, FindHolders(transaction, request.lead()));
        std::vector<domain::LeadId> locked = holders.stubs;
        locked.push_back(id);
        RETURN_IF_ERROR(batch.Lock(std::move(locked), scoring::LeadBatch::Absent::kLeaveOut));
        ASSIGN_OR_RETURN(std::vector<v1::Lead> current, LoadLeads(transaction, d_.policies, {id}, now));
        RETURN_IF_ERROR(
            rpc::CheckEtag(request.lead().etag(), batch.Find(id)->version, request.lead().name()));
        const domain::Lead before = scoring::FromProto(current.front());
        v1::Lead merged = current.front();
        RETURN_IF_ERROR(rpc::ApplyMask(request.update_mask(), UpdatableFields(), request.lead(), merged));
        domain::Lead profile = scoring::FromProto(merged);
        domain::Normalise(profile);
        std::vector<std::string> changed = ChangedPaths(current.front(), scoring::ToProto(profile));
        if (changed.empty()) return current.front();
        RETURN_IF_ERROR(rpc::ToStatus(domain::LiftedDenials(before, profile), "lead"));
        // Another outcome has another time.
        if (profile.outcome != before.outcome && profile.outcome_time == before.outcome_time)
          profile.outcome_time = absl::InfinitePast();
        if (std::find(changed.begin(), changed.end(), "external_ids") != changed.end()) {
          std::vector<store::ExternalId> dropped;
          for (const domain::ExternalId& external : before.external_ids) {
            if (std::count(profile.external_ids.begin(), profile.external_ids.end(), external) == 0)
              dropped.emplace_back(external.source, external.id);
          }
          RETURN_IF_ERROR(store::DeleteTheseIds(transaction, dropped));
          RETURN_IF_ERROR(AssignExternalIds(transaction, batch, id, profile, holders));
        }
        RETURN_IF_ERROR(batch.Change(id, before, profile, std::move(changed)));
        RETURN_IF_ERROR(batch.Write("attributes"));
        ASSIGN_OR_RETURN(std::vector<v1::Lead> updated, LoadLeads(transaction, d_.policies, {id}, now));
        return updated.front();
      });
}

}  // namespace finalmile::leads::handlers
