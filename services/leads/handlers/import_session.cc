#include "services/leads/handlers/import_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "libs/base/status.h"
#include "libs/outbox/ledger.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/deterministic.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/violations.h"
#include "libs/storage/transact.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/handlers/updatable_fields.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/lead_batch.h"
#include "services/leads/store/profile_store.h"

namespace finalmile::leads::handlers {
namespace {

using storage::Transaction;

constexpr int kMaxRows = 2000;
// Of one message, which would otherwise be answered with more than it is.
constexpr size_t kMaxUnread = 1000;
constexpr absl::Duration kChunkTimeout = absl::Seconds(30);

v1::ImportLeadsResponse ToResponse(const store::ImportProgress& progress) {
  v1::ImportLeadsResponse response;
  response.set_acknowledged_line(progress.acknowledged_line);
  response.set_created(progress.created);
  response.set_updated(progress.updated);
  response.set_unchanged(progress.unchanged);
  response.set_activities(progress.activities);
  response.set_rejected(progress.rejected);
  response.set_aged_activities(progress.aged);
  return response;
}

store::ExternalId IdOf(const domain::ImportedLead& row) {
  return {row.lead.external_ids.front().source, row.lead.external_ids.front().id};
}

// Profiles with external ids, by lead.
absl::StatusOr<std::map<std::string, domain::Lead>> ReadCurrent(Transaction& transaction,
                                                                const std::vector<std::string>& ids) {
  ASSIGN_OR_RETURN(auto profiles, store::ReadProfiles(transaction, ids));
  ASSIGN_OR_RETURN(auto external_ids, store::ExternalIdsOf(transaction, ids));
  for (auto& [id, profile] : profiles) {
    for (store::ExternalId& external : external_ids[id])
      profile.external_ids.push_back({std::move(external.first), std::move(external.second)});
  }
  return profiles;
}

std::vector<std::string> LeadsOf(const std::map<store::ExternalId, std::string>& known) {
  std::vector<std::string> leads;
  for (const auto& [external, lead] : known) leads.push_back(lead);
  return leads;
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
    response = ImportRows(context, request.rows());
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
  RETURN_IF_ERROR(rpc::ToStatus(violations, "header.mapping"));

  v1::ImportHeader content = header;
  content.clear_request_id();
  content.clear_dry_run();
  content.clear_start_time();
  progress_.caller = context.principal().name();
  progress_.request_id = header.request_id();
  progress_.fingerprint = outbox::Fingerprint(context.method(), rpc::DeterministicBytes(content));
  progress_.start_time = header.has_start_time() ? scoring::FromProto(header.start_time())
                                                 : FromMicros(ToMicros(d_.clock.Now()));
  progress_.move_time = d_.clock.Now();
  dry_run_ = header.dry_run();
  if (!dry_run_) {
    const store::ImportProgress fresh = progress_;
    const auto begin = [&](Transaction& transaction) -> absl::StatusOr<store::ImportProgress> {
      ASSIGN_OR_RETURN(auto known, store::ReadImport(transaction, fresh.caller, fresh.request_id));
      if (known) return *known;
      absl::Status inserted = store::InsertImport(transaction, fresh);
      if (absl::IsAlreadyExists(inserted)) return storage::Conflict("the import was begun meanwhile");
      RETURN_IF_ERROR(inserted);
      return fresh;
    };
    ASSIGN_OR_RETURN(
        progress_,
        storage::Transact(d_.database, {.deadline = context.deadline(), .repeatable = true}, begin));
    if (progress_.fingerprint != fresh.fingerprint) {
      return rpc::Error(
          absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED",
          "header.request_id was used for an import with another mapping or header; use a new one");
    }
  }
  plan_.emplace(std::move(mapping), columns);
  return ToResponse(progress_);
}

absl::StatusOr<v1::ImportLeadsResponse> ImportSession::ImportRows(rpc::CallContext& context,
                                                                  const v1::ImportRows& rows) {
  if (rows.rows_size() > kMaxRows) {
    return rpc::InvalidField(
        "rows", fmt::format("has {} rows; at most {} are taken at once", rows.rows_size(), kMaxRows));
  }
  std::vector<std::vector<domain::ImportedLead>> groups(1);
  std::set<store::ExternalId> ids;
  RowResults mapped{.progress = progress_, .rejects = {}};
  const absl::Time now = d_.clock.Now();
  for (const v1::ImportRow& row : rows.rows()) {
    if (row.line() <= progress_.acknowledged_line) continue;
    if (row.line() <= mapped.progress.acknowledged_line)
      return rpc::InvalidField("rows", "lines must rise from row to row");
    mapped.progress.acknowledged_line = row.line();
    const std::vector<std::string> cells(row.cells().begin(), row.cells().end());
    auto read = plan_->MapRow(cells, row.line(), progress_.start_time);
    if (const auto* reject = std::get_if<domain::Reject>(&read)) {
      mapped.Reject(row.line(), *reject);
      continue;
    }
    auto& lead = std::get<domain::ImportedLead>(read);
    mapped.Unread(row.line(), lead.unread);
    mapped.progress.aged += static_cast<int64_t>(std::erase_if(
        lead.activities, [&](const domain::Activity& activity) { return domain::IsAgedOut(activity, now); }));
    // A row that repeats an id changes the lead of the earlier row, so it is written after it.
    if (!ids.insert(IdOf(lead)).second) {
      groups.emplace_back();
      ids = {IdOf(lead)};
    }
    groups.back().push_back(std::move(lead));
  }

  RowResults results = mapped;
  if (dry_run_) {
    const auto count = [&](Transaction& transaction) -> absl::StatusOr<RowResults> {
      RowResults counted = mapped;
      for (const auto& group : groups) RETURN_IF_ERROR(CountOnly(transaction, group, counted));
      return counted;
    };
    ASSIGN_OR_RETURN(results, storage::Read(d_.database, context.deadline(), count));
  } else if (mapped.progress.acknowledged_line > progress_.acknowledged_line) {
    const absl::Duration deadline = std::min(context.deadline(), context.clock().Steady() + kChunkTimeout);
    const auto write = [&](Transaction& transaction) -> absl::StatusOr<RowResults> {
      RowResults stored = mapped;
      stored.progress.move_time = now;
      for (const auto& group : groups) RETURN_IF_ERROR(Store(context, transaction, now, group, stored));
      ASSIGN_OR_RETURN(bool moved,
                       store::AdvanceImport(transaction, stored.progress, progress_.acknowledged_line));
      if (moved) return stored;
      return rpc::Error(absl::StatusCode::kFailedPrecondition, "IMPORT_RUNS_ELSEWHERE",
                        "another client goes on with this import; start again to go on where it stops");
    };
    ASSIGN_OR_RETURN(results, storage::Transact(d_.database, {.deadline = deadline}, write));
  }
  if (!dry_run_) d_.late.by_import.Add(static_cast<double>(results.progress.aged - progress_.aged));
  progress_ = results.progress;
  std::sort(results.rejects.begin(), results.rejects.end(),
            [](const v1::ImportReject& a, const v1::ImportReject& b) { return a.line() < b.line(); });
  v1::ImportLeadsResponse response = ToResponse(progress_);
  response.mutable_rejects()->Assign(results.rejects.begin(), results.rejects.end());
  response.mutable_unread()->Assign(results.unread.begin(), results.unread.end());
  response.set_unread_cells(results.unread_cells);
  return response;
}

void ImportSession::RowResults::Unread(int64_t line, const std::vector<domain::Reject>& cells) {
  unread_cells += static_cast<int64_t>(cells.size());
  for (const domain::Reject& cell : cells) {
    if (unread.size() == kMaxUnread) return;
    v1::ImportReject& to = unread.emplace_back();
    to.set_line(line);
    to.set_column(cell.column);
    to.set_reason(cell.reason);
  }
}

void ImportSession::RowResults::Reject(int64_t line, const domain::Reject& reject) {
  ++progress.rejected;
  v1::ImportReject& to = rejects.emplace_back();
  to.set_line(line);
  to.set_column(reject.column);
  to.set_reason(reject.reason);
}

absl::Status ImportSession::CountOnly(Transaction& transaction, const std::vector<domain::ImportedLead>& rows,
                                      RowResults& results) {
  std::vector<store::ExternalId> ids;
  for (const domain::ImportedLead& row : rows) ids.push_back(IdOf(row));
  ASSIGN_OR_RETURN(const auto known, store::FindExternalIds(transaction, ids));
  ASSIGN_OR_RETURN(auto current, ReadCurrent(transaction, LeadsOf(known)));
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto found = known.find(ids[i]);
    if (found != known.end()) {
      const auto violations = domain::Validate(domain::Merged(current[found->second], rows[i].lead));
      if (!violations.empty()) {
        results.Reject(rows[i].line, plan_->RejectFor(violations.front()));
        continue;
      }
    }
    ++(found == known.end() ? results.progress.created : results.progress.updated);
    results.progress.activities += static_cast<int64_t>(rows[i].activities.size());
  }
  return absl::OkStatus();
}

absl::Status ImportSession::Store(rpc::CallContext& context, Transaction& transaction, absl::Time now,
                                  const std::vector<domain::ImportedLead>& rows, RowResults& results) {
  std::vector<store::ExternalId> ids;
  for (const domain::ImportedLead& row : rows) ids.push_back(IdOf(row));
  ASSIGN_OR_RETURN(const auto known, store::FindExternalIds(transaction, ids));
  const std::vector<std::string> existing = LeadsOf(known);

  const outbox::Cause cause = outbox::CauseOf(context);
  scoring::LeadBatch batch(transaction, d_.policies, {d_.clock, d_.rng, now, cause});
  RETURN_IF_ERROR(batch.Lock(existing, scoring::LeadBatch::Absent::kLeaveOut));
  ASSIGN_OR_RETURN(auto current, ReadCurrent(transaction, existing));

  std::vector<std::pair<store::ExternalId, std::string>> fresh;
  std::vector<domain::Activity> activities;
  std::vector<size_t> owners;
  // Per row; a rejected one counts as nothing else.
  enum class Became { kRejected, kCreated, kUnchanged, kUpdated };
  std::vector<Became> became(rows.size(), Became::kRejected);
  for (size_t i = 0; i < rows.size(); ++i) {
    std::string id;
    absl::Status applied;
    if (const auto found = known.find(ids[i]); found == known.end()) {
      id = NewUuid(d_.clock, d_.rng);
      applied = batch.Create(id, rows[i].lead);
      became[i] = Became::kCreated;
    } else {
      id = found->second;
      domain::Lead& profile = current[id];
      // The id was looked up before the lead was locked; somebody may have given it away since.
      if (std::count(profile.external_ids.begin(), profile.external_ids.end(),
                     rows[i].lead.external_ids.front()) == 0) {
        return storage::Conflict("an external id was given to another lead meanwhile");
      }
      profile.gates = scoring::GatesOf(batch.Find(id)->gates);
      const domain::Lead next = domain::Merged(profile, rows[i].lead);
      std::vector<std::string> paths = ChangedPaths(scoring::ToProto(profile), scoring::ToProto(next));
      became[i] = paths.empty() ? Became::kUnchanged : Became::kUpdated;
      if (!paths.empty()) applied = batch.Change(id, next, std::move(paths));
    }
    if (const auto wrong = rpc::ViolationsOf(applied); !wrong.empty()) {
      constexpr std::string_view kBelow = "lead.";
      results.Reject(rows[i].line, plan_->RejectFor({wrong.front().field().substr(kBelow.size()),
                                                     wrong.front().description()}));
      became[i] = Became::kRejected;
      continue;
    }
    RETURN_IF_ERROR(applied);
    if (became[i] == Became::kCreated) fresh.emplace_back(ids[i], id);
    for (const domain::Activity& activity : rows[i].activities) {
      activities.push_back(activity);
      activities.back().lead = id;
      owners.push_back(i);
    }
  }
  if (absl::Status inserted = store::InsertExternalIds(transaction, fresh); !inserted.ok()) {
    return absl::IsAlreadyExists(inserted) ? storage::Conflict("an external id was taken meanwhile")
                                           : inserted;
  }
  ASSIGN_OR_RETURN(std::vector<store::Recorded> recorded, batch.Record(activities));
  for (size_t i = 0; i < recorded.size(); ++i) {
    if (recorded[i] != store::Recorded::kNew) continue;
    ++results.progress.activities;
    if (became[owners[i]] == Became::kUnchanged) became[owners[i]] = Became::kUpdated;
  }
  for (const Became one : became) {
    results.progress.created += one == Became::kCreated;
    results.progress.unchanged += one == Became::kUnchanged;
    results.progress.updated += one == Became::kUpdated;
  }
  return batch.Write("attributes");
}

}  // namespace finalmile::leads::handlers
