#include "services/leads/handlers/import_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "libs/base/status.h"
#include "libs/outbox/ledger.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "services/leads/handlers/changes.h"
#include "services/leads/scoring/convert.h"

namespace finalmile::leads::handlers {
namespace {

using storage::Transaction;

constexpr int kMaxRows = 2000;
constexpr absl::Duration kChunkTimeout = absl::Seconds(30);

v1::ImportLeadsResponse ToResponse(const store::ImportProgress& progress) {
  v1::ImportLeadsResponse response;
  response.set_acknowledged_line(progress.acknowledged_line);
  response.set_created(progress.created);
  response.set_updated(progress.updated);
  response.set_unchanged(progress.unchanged);
  response.set_activities(progress.activities);
  response.set_rejected(progress.rejected);
  return response;
}

store::ExternalId IdOf(const domain::ImportedLead& row) {
  return {row.lead.external_ids.front().source, row.lead.external_ids.front().id};
}

// What stands, with what the import says of it.
domain::Lead Overlay(domain::Lead lead, const domain::Lead& imported) {
  auto take = [](std::string& to, const std::string& from) {
    if (!from.empty()) to = from;
  };
  take(lead.given_name, imported.given_name);
  take(lead.family_name, imported.family_name);
  take(lead.email, imported.email);
  take(lead.phone, imported.phone);
  take(lead.company, imported.company);
  take(lead.company_domain, imported.company_domain);
  take(lead.owner, imported.owner);
  take(lead.lead_source, imported.lead_source);
  take(lead.campaign, imported.campaign);
  for (const auto& [name, value] : imported.attributes) lead.attributes[name] = value;
  if (imported.outcome != domain::Outcome::kUnspecified) lead.outcome = imported.outcome;
  for (const domain::Permission& permission : imported.permissions) {
    auto same =
        std::find_if(lead.permissions.begin(), lead.permissions.end(), [&](const domain::Permission& p) {
          return p.channel == permission.channel && p.purpose == permission.purpose;
        });
    if (same == lead.permissions.end()) {
      lead.permissions.push_back(permission);
    } else if (same->state != permission.state) {
      *same = permission;
    }
  }
  return lead;
}

}  // namespace

absl::StatusOr<std::vector<v1::ImportLeadsResponse>> ImportSession::OnMessage(
    rpc::CallContext& context, const v1::ImportLeadsRequest& request) {
  absl::StatusOr<v1::ImportLeadsResponse> response;
  if (request.has_header()) {
    if (plan_) return rpc::InvalidField("header", "comes once, as the first message");
    response = Open(context, request.header());
  } else if (!plan_) {
    return rpc::InvalidField("header", "must be the first message");
  } else {
    response = TakeRows(context, request.rows());
  }
  if (!response.ok()) return response.status();
  return std::vector<v1::ImportLeadsResponse>{*std::move(response)};
}

absl::StatusOr<std::vector<v1::ImportLeadsResponse>> ImportSession::Finish(rpc::CallContext&) {
  return std::vector<v1::ImportLeadsResponse>();
}

absl::StatusOr<v1::ImportLeadsResponse> ImportSession::Open(rpc::CallContext& context,
                                                            const v1::ImportHeader& header) {
  if (header.request_id().empty()) return rpc::InvalidField("header.request_id", "is required");
  RETURN_IF_ERROR(outbox::CheckRequestId(header.request_id()));
  const std::vector<std::string> columns(header.columns().begin(), header.columns().end());
  domain::ImportMapping mapping = scoring::FromProto(header.mapping());
  std::vector<domain::Violation> violations = domain::Validate(mapping, columns);
  RETURN_IF_ERROR(ToStatus(violations, "header.mapping"));

  v1::ImportHeader content = header;
  content.clear_request_id();
  content.clear_dry_run();
  content.clear_start_time();
  progress_.caller = context.principal().name();
  progress_.request_id = header.request_id();
  progress_.fingerprint = outbox::Fingerprint(context.method(), outbox::DeterministicBytes(content));
  progress_.start_time = header.has_start_time() ? scoring::FromProto(header.start_time())
                                                 : FromMicros(ToMicros(d_.clock.Now()));
  dry_run_ = header.dry_run();
  if (!dry_run_) {
    const store::ImportProgress fresh = progress_;
    RETURN_IF_ERROR(d_.database.Transact(
        {.deadline = context.deadline(), .repeatable = true}, [&](Transaction& transaction) -> absl::Status {
          ASSIGN_OR_RETURN(auto known, store::ReadImport(transaction, fresh.caller, fresh.request_id));
          progress_ = known ? *known : fresh;
          if (known) return absl::OkStatus();
          absl::Status inserted = store::InsertImport(transaction, fresh);
          return absl::IsAlreadyExists(inserted) ? storage::Conflict("the import was begun meanwhile")
                                                 : inserted;
        }));
    if (progress_.fingerprint != fresh.fingerprint) {
      return rpc::Error(
          absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED",
          "header.request_id was used for an import with another mapping or header; use a new one");
    }
  }
  plan_.emplace(std::move(mapping), columns);
  return ToResponse(progress_);
}

absl::StatusOr<v1::ImportLeadsResponse> ImportSession::TakeRows(rpc::CallContext& context,
                                                                const v1::ImportRows& rows) {
  if (rows.rows_size() > kMaxRows) {
    return rpc::InvalidField(
        "rows", fmt::format("has {} rows; at most {} are taken at once", rows.rows_size(), kMaxRows));
  }
  v1::ImportLeadsResponse rejects;
  std::vector<std::vector<domain::ImportedLead>> groups(1);
  std::set<store::ExternalId> ids;
  store::ImportProgress next = progress_;
  for (const v1::ImportRow& row : rows.rows()) {
    if (row.line() <= progress_.acknowledged_line) continue;
    if (row.line() <= next.acknowledged_line)
      return rpc::InvalidField("rows", "lines must rise from row to row");
    next.acknowledged_line = row.line();
    const std::vector<std::string> cells(row.cells().begin(), row.cells().end());
    auto mapped = plan_->MapRow(cells, row.line(), progress_.start_time);
    if (const auto* reject = std::get_if<domain::Reject>(&mapped)) {
      ++next.rejected;
      v1::ImportReject& to = *rejects.add_rejects();
      to.set_line(row.line());
      to.set_column(reject->column);
      to.set_reason(reject->reason);
      continue;
    }
    auto& lead = std::get<domain::ImportedLead>(mapped);
    // A row that repeats an id changes the lead of the earlier row, so it is written after it.
    if (!ids.insert(IdOf(lead)).second) {
      groups.emplace_back();
      ids = {IdOf(lead)};
    }
    groups.back().push_back(std::move(lead));
  }

  if (dry_run_) {
    for (const auto& group : groups) RETURN_IF_ERROR(CountOnly(context, group, next));
  } else if (next.acknowledged_line > progress_.acknowledged_line) {
    const store::ImportProgress begun = next;
    const absl::Duration deadline = std::min(context.deadline(), context.clock().Steady() + kChunkTimeout);
    RETURN_IF_ERROR(
        d_.database.Transact({.deadline = deadline}, [&](Transaction& transaction) -> absl::Status {
          next = begun;
          for (auto& group : groups)
            RETURN_IF_ERROR(Store(context, transaction, d_.clock.Now(), group, next));
          ASSIGN_OR_RETURN(bool moved, store::AdvanceImport(transaction, next, progress_.acknowledged_line));
          if (moved) return absl::OkStatus();
          return rpc::Error(absl::StatusCode::kFailedPrecondition, "IMPORT_RUNS_ELSEWHERE",
                            "another client goes on with this import; start again to go on where it stops");
        }));
  }
  progress_ = next;
  v1::ImportLeadsResponse response = ToResponse(progress_);
  response.mutable_rejects()->Swap(rejects.mutable_rejects());
  return response;
}

absl::Status ImportSession::CountOnly(rpc::CallContext& context,
                                      const std::vector<domain::ImportedLead>& rows,
                                      store::ImportProgress& progress) {
  std::vector<store::ExternalId> ids;
  for (const domain::ImportedLead& row : rows) ids.push_back(IdOf(row));
  return d_.database.Transact({.deadline = context.deadline(), .read_only = true},
                              [&](Transaction& transaction) -> absl::Status {
                                ASSIGN_OR_RETURN(auto found, store::FindExternalIds(transaction, ids));
                                progress.updated += static_cast<int64_t>(found.size());
                                progress.created += static_cast<int64_t>(ids.size() - found.size());
                                for (const domain::ImportedLead& row : rows) {
                                  progress.activities += static_cast<int64_t>(row.activities.size());
                                }
                                return absl::OkStatus();
                              });
}

absl::Status ImportSession::Store(rpc::CallContext& context, Transaction& transaction, absl::Time now,
                                  std::vector<domain::ImportedLead>& rows, store::ImportProgress& progress) {
  std::vector<store::ExternalId> ids;
  for (const domain::ImportedLead& row : rows) ids.push_back(IdOf(row));
  ASSIGN_OR_RETURN(auto known, store::FindExternalIds(transaction, ids));
  std::vector<std::string> existing;
  for (const auto& [external, lead] : known) existing.push_back(lead);

  const scoring::Cause cause = CauseOf(context);
  scoring::LeadBatch batch(transaction, d_.policies, {d_.clock, d_.rng, now, cause});
  RETURN_IF_ERROR(batch.Lock(existing, scoring::LeadBatch::Absent::kLeaveOut));
  ASSIGN_OR_RETURN(auto profiles, store::ReadProfiles(transaction, existing));
  ASSIGN_OR_RETURN(auto external_ids, store::ExternalIdsOf(transaction, existing));

  std::vector<std::pair<store::ExternalId, std::string>> taken;
  std::vector<domain::Activity> activities;
  std::vector<bool> changed(rows.size());
  std::vector<size_t> owners;
  for (size_t i = 0; i < rows.size(); ++i) {
    std::string id;
    if (const auto found = known.find(ids[i]); found == known.end()) {
      id = NewUuid(d_.clock, d_.rng);
      RETURN_IF_ERROR(batch.Create(id, rows[i].lead));
      taken.emplace_back(ids[i], id);
      ++progress.created;
    } else {
      id = found->second;
      domain::Lead current = profiles[id];
      for (const store::ExternalId& external : external_ids[id]) {
        current.external_ids.push_back({external.first, external.second});
      }
      current.gates = scoring::GatesOf(batch.Find(id)->gates);
      domain::Lead next = Overlay(current, rows[i].lead);
      std::vector<std::string> paths = ChangedPaths(scoring::ToProto(current), scoring::ToProto(next));
      changed[i] = !paths.empty();
      if (changed[i]) RETURN_IF_ERROR(batch.Change(id, next, std::move(paths)));
    }
    for (domain::Activity& activity : rows[i].activities) {
      activity.lead = id;
      activities.push_back(activity);
      owners.push_back(i);
    }
  }
  if (absl::Status inserted = store::InsertExternalIds(transaction, taken); !inserted.ok()) {
    return absl::IsAlreadyExists(inserted) ? storage::Conflict("an external id was taken meanwhile")
                                           : inserted;
  }
  ASSIGN_OR_RETURN(std::vector<store::Recorded> recorded, batch.Record(activities));
  for (size_t i = 0; i < recorded.size(); ++i) {
    if (recorded[i] != store::Recorded::kNew) continue;
    ++progress.activities;
    changed[owners[i]] = true;
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!known.contains(ids[i])) continue;
    ++(changed[i] ? progress.updated : progress.unchanged);
  }
  return batch.Write("attributes");
}

}  // namespace finalmile::leads::handlers
