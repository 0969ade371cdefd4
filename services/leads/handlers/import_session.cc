#include "services/leads/handlers/import_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "absl/cleanup/cleanup.h"
#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/outbox/ledger.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/deterministic.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/violations.h"
#include "libs/storage/transact.h"
#include "services/leads/domain/identity.h"
#include "services/leads/domain/lead_rules.h"
#include "services/leads/scoring/convert.h"
#include "services/leads/scoring/import_names.h"

namespace finalmile::leads::handlers {
namespace {

using storage::Transaction;

constexpr int kMaxRows = 2000;
constexpr absl::Duration kChunkTimeout = absl::Seconds(30);

v1::ImportLeadsResponse ToResponse(const store::ImportProgress& progress) {
  v1::ImportLeadsResponse response = scoring::ImportTotals(progress);
  if (progress.number > 0) response.set_import(scoring::ImportName(progress.number));
  return response;
}

// The import begins, or goes on where it stopped.
absl::StatusOr<store::ImportProgress> Begin(Transaction& transaction, store::ImportProgress fresh) {
  ASSIGN_OR_RETURN(auto known, store::ReadImport(transaction, fresh.caller, fresh.request_id));
  if (known && known->number > 0) return *known;
  ASSIGN_OR_RETURN(fresh.number, store::NextImportNumber(transaction));
  if (known) {
    known->number = fresh.number;
    known->source = fresh.source;
    ASSIGN_OR_RETURN(bool moved, store::AdvanceImport(transaction, *known, known->acknowledged_line));
    if (!moved) return storage::Conflict("the import went on meanwhile");
    return *known;
  }
  absl::Status inserted = store::InsertImport(transaction, fresh);
  if (absl::IsAlreadyExists(inserted)) return storage::Conflict("the import was begun meanwhile");
  RETURN_IF_ERROR(inserted);
  return fresh;
}

}  // namespace

absl::StatusOr<std::vector<v1::ImportLeadsResponse>> ImportSession::OnMessage(
    rpc::CallContext& context, const v1::ImportLeadsRequest& request, const rpc::LetNext& let_next) {
  absl::StatusOr<v1::ImportLeadsResponse> response;
  if (request.has_header()) {
    if (plan_) return rpc::InvalidField("header", "comes once, as the first message");
    response = Open(context, request.header());
  } else if (!plan_) {
    return rpc::InvalidField("header", "must be the first message");
  } else {
    response = ImportRows(context, request.rows(), let_next);
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
  if (Characters(header.file_name()) > domain::kMaxFieldCharacters)
    return rpc::InvalidField("header.file_name", "has more than 256 characters");
  if (!header.file_digest().empty() && !IsToken(header.file_digest(), 64, ""))
    return rpc::InvalidField("header.file_digest", "must be at most 64 characters of a-z and 0-9");
  if (mapping.historic && header.file_digest().empty())
    return rpc::InvalidField("header.file_digest", "is required where the mapping is historic");
  const absl::Time now = d_.clock.Now();
  if (header.has_start_time() && scoring::FromProto(header.start_time()) > now + domain::kMaxFuture)
    return rpc::InvalidField("header.start_time", "is more than 30 minutes in the future");

  v1::ImportHeader content = header;
  content.clear_request_id();
  content.clear_dry_run();
  content.clear_start_time();
  content.clear_file_name();
  progress_.caller = context.principal().name();
  progress_.request_id = header.request_id();
  progress_.fingerprint = outbox::Fingerprint(context.method(), rpc::DeterministicBytes(content));
  progress_.start_time =
      header.has_start_time() ? scoring::FromProto(header.start_time()) : FromMicros(ToMicros(now));
  progress_.move_time = now;
  progress_.source = "import:" + mapping.name;
  progress_.file_name = header.file_name();
  file_digest_ = header.file_digest();
  dry_run_ = header.dry_run();
  if (!dry_run_) {
    const store::ImportProgress fresh = progress_;
    const auto begin = [&](Transaction& transaction) { return Begin(transaction, fresh); };
    ASSIGN_OR_RETURN(
        progress_,
        storage::Transact(d_.database, {.deadline = context.deadline(), .repeatable = true}, begin));
    if (progress_.fingerprint != fresh.fingerprint) {
      return rpc::Error(
          absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED",
          "header.request_id was used for an import with another mapping or header; use a new one");
    }
  }
  // No import has the number of a dry run.
  rules_ = {dry_run_ ? -1 : progress_.number, progress_.start_time, header.prefer_source()};
  read_line_ = progress_.acknowledged_line;
  plan_.emplace(std::move(mapping), columns);
  return ToResponse(progress_);
}

absl::StatusOr<v1::ImportLeadsResponse> ImportSession::ImportRows(rpc::CallContext& context,
                                                                  const v1::ImportRows& rows,
                                                                  const rpc::LetNext& let_next) {
  if (rows.rows_size() > kMaxRows) {
    return rpc::InvalidField(
        "rows", fmt::format("has {} rows; at most {} are taken at once", rows.rows_size(), kMaxRows));
  }
  const int64_t from_line = read_line_;
  scoring::RowResults results;
  results.progress.acknowledged_line = from_line;
  ASSIGN_OR_RETURN(const std::vector<scoring::IdentifiedRow> identified, ReadRows(rows, from_line, results));
  read_line_ = results.progress.acknowledged_line;
  store::ImportProgress progress;
  if (dry_run_) {
    ASSIGN_OR_RETURN(results, Count(context, identified, results));
    progress = progress_ = Total(results.progress);
  } else {
    std::vector<std::string> keys;
    for (const scoring::IdentifiedRow& row : identified) {
      keys.insert(keys.end(), row.keys.begin(), row.keys.end());
    }
    std::sort(keys.begin(), keys.end());
    const absl::Duration deadline = std::min(context.deadline(), context.clock().Steady() + kChunkTimeout);
    turn_ = std::make_shared<scoring::ImportTurn>(d_.clock, std::move(turn_), std::move(keys), let_next,
                                                  deadline);
    const auto turn = turn_;
    // After an exception, too: the next message waits for this one.
    const absl::Cleanup unless_stored = [&turn] { turn->End(false); };
    RETURN_IF_ERROR(read_line_ == from_line ? turn->AwaitBefore()
                                            : Store(context, identified, deadline, *turn, results));
    // Before that, the progress may be that of the message before, which goes on.
    progress = progress_;
    turn->End(true);
    d_.late.by_import.Add(static_cast<double>(results.progress.aged));
  }
  std::sort(results.rejects.begin(), results.rejects.end(),
            [](const v1::ImportReject& a, const v1::ImportReject& b) { return a.line() < b.line(); });
  v1::ImportLeadsResponse response = ToResponse(progress);
  response.mutable_rejects()->Assign(results.rejects.begin(), results.rejects.end());
  response.mutable_conflicts()->Assign(results.conflicts.begin(), results.conflicts.end());
  response.mutable_unread()->Assign(results.unread.begin(), results.unread.end());
  response.set_unread_cells(results.unread_cells);
  return response;
}

store::ImportProgress ImportSession::Total(const store::ImportProgress& counted) const {
  store::ImportProgress total = progress_;
  total.acknowledged_line = counted.acknowledged_line;
  store::AddCounts(counted, total);
  return total;
}

absl::StatusOr<scoring::RowResults> ImportSession::Count(rpc::CallContext& context,
                                                         const std::vector<scoring::IdentifiedRow>& rows,
                                                         const scoring::RowResults& read) {
  const outbox::Cause cause = outbox::CauseOf(context);
  const outbox::EventContext events{d_.clock, d_.rng, d_.clock.Now(), cause};
  std::optional<scoring::DryRun> above;
  const auto count = [&](Transaction& transaction) -> absl::StatusOr<scoring::RowResults> {
    scoring::RowResults counted = read;
    above.emplace(&dry_);
    scoring::RowTaker taker(transaction, d_.policies, d_.erasures, events, *plan_, rules_, nullptr, &*above);
    RETURN_IF_ERROR(taker.Take(rows, counted));
    return counted;
  };
  ASSIGN_OR_RETURN(scoring::RowResults results, storage::Read(d_.database, context.deadline(), count));
  dry_.Merge(*std::move(above));
  return results;
}

absl::Status ImportSession::Store(rpc::CallContext& context, const std::vector<scoring::IdentifiedRow>& rows,
                                  absl::Duration deadline, scoring::ImportTurn& turn,
                                  scoring::RowResults& results) {
  if (turn.MayShareLeads()) RETURN_IF_ERROR(turn.AwaitBefore());
  const absl::Time now = d_.clock.Now();
  const outbox::Cause cause = outbox::CauseOf(context);
  const outbox::EventContext events{d_.clock, d_.rng, now, cause};
  scoring::RowResults stored;
  store::ImportProgress total;
  const auto write = [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(turn.Begin());
    stored = results;
    scoring::RowTaker taker(transaction, d_.policies, d_.erasures, events, *plan_, rules_, &turn, nullptr);
    RETURN_IF_ERROR(taker.Take(rows, stored));
    RETURN_IF_ERROR(turn.AwaitWrite());
    total = Total(stored.progress);
    total.move_time = now;
    ASSIGN_OR_RETURN(bool moved, store::AdvanceImport(transaction, total, progress_.acknowledged_line));
    if (moved) return absl::OkStatus();
    return rpc::Error(absl::StatusCode::kFailedPrecondition, "IMPORT_RUNS_ELSEWHERE",
                      "another client goes on with this import, or takes it back; start again to go on where "
                      "it stops");
  };
  RETURN_IF_ERROR(d_.database.Transact({.deadline = deadline}, write));
  results = std::move(stored);
  progress_ = std::move(total);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<scoring::IdentifiedRow>> ImportSession::ReadRows(
    const v1::ImportRows& rows, int64_t from_line, scoring::RowResults& results) const {
  std::vector<scoring::IdentifiedRow> identified;
  for (const v1::ImportRow& row : rows.rows()) {
    if (row.line() <= from_line) continue;
    if (row.line() <= results.progress.acknowledged_line)
      return rpc::InvalidField("rows", "lines must rise from row to row");
    results.progress.acknowledged_line = row.line();
    const std::vector<std::string> cells(row.cells().begin(), row.cells().end());
    auto read = plan_->MapRow(cells, row.line(), rules_.start_time);
    if (const auto* reject = std::get_if<domain::Reject>(&read)) {
      results.Reject(row.line(), *reject);
      continue;
    }
    scoring::IdentifiedRow& one = identified.emplace_back();
    one.content = std::get<domain::ImportedLead>(std::move(read));
    one.identity = domain::RowIdentity(one.content.lead);
    if (one.identity.empty() && !plan_->historic()) {
      identified.pop_back();
      results.Reject(row.line(),
                     {"", "has no id, no e-mail, and no company domain with a name: nothing says who it is"});
      continue;
    }
    results.Unread(row.line(), one.content.unread);
    if (one.identity.empty()) {
      one.identity = domain::LineIdentity(file_digest_, row.line());
    }
    one.keys = scoring::KeysOf(one);
  }
  return identified;
}

}  // namespace finalmile::leads::handlers
