#include "services/leads/handlers/lead_handlers.h"

#include <fmt/format.h>

#include <algorithm>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/masks.h"
#include "libs/rpc/resource_name.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/handlers/load_leads.h"
#include "services/leads/handlers/updatable_fields.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/store/profile_store.h"

namespace finalmile::leads::handlers {
namespace {

using storage::Transaction;

constexpr int kMaxBatch = 1000;
// Leads read at once; one has up to 0.8 MB.
constexpr int kPiece = 64;

absl::Status AssignExternalIds(Transaction& transaction, const std::string& lead,
                               const domain::Lead& profile) {
  std::vector<store::ExternalId> wanted;
  for (const domain::ExternalId& id : profile.external_ids) wanted.emplace_back(id.source, id.id);
  if (wanted.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(auto taken, store::FindExternalIds(transaction, wanted));
  std::vector<std::pair<store::ExternalId, std::string>> rows;
  for (const store::ExternalId& id : wanted) {
    if (const auto found = taken.find(id); found != taken.end()) {
      const std::string holder = domain::LeadName(found->second);
      return rpc::Error(absl::StatusCode::kAlreadyExists, "EXTERNAL_ID_TAKEN",
                        fmt::format("an external id of source '{}' belongs to {}", id.first, holder),
                        {{"lead", holder}});
    }
    rows.emplace_back(id, lead);
  }
  absl::Status inserted = store::InsertExternalIds(transaction, rows);
  // Somebody took it between look-up and insert; the next run finds who.
  return absl::IsAlreadyExists(inserted) ? storage::Conflict("an external id was taken meanwhile") : inserted;
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
  if (!request.lead_id().empty() && !domain::LeadIdOf(domain::LeadName(request.lead_id()))) {
    return rpc::InvalidField("lead_id", "must be a lower-case UUID, or empty for the server to choose");
  }
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::Lead>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::Lead> {
        scoring::LeadBatch batch(transaction, d_.policies, {d_.clock, d_.rng, now, cause});
        std::string id = request.lead_id();
        if (id.empty()) {
          id = NewUuid(d_.clock, d_.rng);
          RETURN_IF_ERROR(batch.Lock({}, scoring::LeadBatch::Absent::kLeaveOut));
        } else {
          RETURN_IF_ERROR(batch.Lock({id}, scoring::LeadBatch::Absent::kStub));
          if (batch.Find(id)->created) {
            return rpc::Error(absl::StatusCode::kAlreadyExists, "LEAD_EXISTS",
                              fmt::format("{} exists", domain::LeadName(id)));
          }
        }
        RETURN_IF_ERROR(batch.Create(id, profile));
        RETURN_IF_ERROR(AssignExternalIds(transaction, id, profile));
        RETURN_IF_ERROR(batch.Write("attributes"));
        ASSIGN_OR_RETURN(std::vector<v1::Lead> leads, LoadLeads(transaction, d_.policies, {id}, now));
        return leads.front();
      });
}

absl::StatusOr<v1::Lead> LeadHandlers::GetLead(rpc::CallContext& context, const v1::GetLeadRequest& request) {
  const std::string id = rpc::IdIn(request.name());
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
  std::vector<std::string> ids;
  for (const std::string& name : request.names()) ids.push_back(rpc::IdIn(name));
  rpc::Fold(ids);
  return outbox::Read<v1::BatchGetLeadsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::BatchGetLeadsResponse> {
        v1::BatchGetLeadsResponse response;
        const absl::Time now = d_.clock.Now();
        RETURN_IF_ERROR((rpc::FillBatch<std::string, v1::Lead>(
            ids, kPiece, context.answers().most,
            [&](const std::vector<std::string>& some) {
              return LoadLeads(transaction, d_.policies, some, now);
            },
            *response.mutable_leads())));
        return response;
      });
}

absl::StatusOr<v1::Lead> LeadHandlers::UpdateLead(rpc::CallContext& context,
                                                  const v1::UpdateLeadRequest& request) {
  const std::string id = rpc::IdIn(request.lead().name());
  RETURN_IF_ERROR(CheckAttributePaths(request.update_mask()));
  const outbox::Cause cause = outbox::CauseOf(context);
  return outbox::Mutate<v1::Lead>(
      context, d_.database, request,
      [&](Transaction& transaction, absl::Time now) -> absl::StatusOr<v1::Lead> {
        scoring::LeadBatch batch(transaction, d_.policies, {d_.clock, d_.rng, now, cause});
        RETURN_IF_ERROR(batch.Lock({id}, scoring::LeadBatch::Absent::kLeaveOut));
        ASSIGN_OR_RETURN(std::vector<v1::Lead> current, LoadLeads(transaction, d_.policies, {id}, now));
        RETURN_IF_ERROR(
            rpc::CheckEtag(request.lead().etag(), batch.Find(id)->version, request.lead().name()));
        v1::Lead merged = current.front();
        RETURN_IF_ERROR(rpc::ApplyMask(request.update_mask(), UpdatableFields(), request.lead(), merged));
        domain::Lead profile = scoring::FromProto(merged);
        domain::Normalise(profile);
        std::vector<std::string> changed = ChangedPaths(current.front(), scoring::ToProto(profile));
        if (changed.empty()) return current.front();
        if (std::find(changed.begin(), changed.end(), "external_ids") != changed.end()) {
          RETURN_IF_ERROR(store::DeleteExternalIds(transaction, id));
          RETURN_IF_ERROR(AssignExternalIds(transaction, id, profile));
        }
        RETURN_IF_ERROR(batch.Change(id, profile, std::move(changed)));
        RETURN_IF_ERROR(batch.Write("attributes"));
        ASSIGN_OR_RETURN(std::vector<v1::Lead> updated, LoadLeads(transaction, d_.policies, {id}, now));
        return updated.front();
      });
}

}  // namespace finalmile::leads::handlers
