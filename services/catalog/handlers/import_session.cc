#include "services/catalog/handlers/import_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/outbox/ledger.h"
#include "libs/rpc/errors.h"
#include "libs/storage/transact.h"
#include "services/catalog/domain/asset_rules.h"

namespace finalmile::catalog::handlers {
namespace {

using storage::Transaction;

constexpr size_t kMaxWaiting = 50;
constexpr size_t kMaxWaitingBytes = 2 << 20;
constexpr int kRetiredAtOnce = 100;
constexpr absl::Duration kChunkTimeout = absl::Seconds(30);

absl::Duration ChunkDeadline(const rpc::CallContext& context) {
  return std::min(context.deadline(), context.clock().Steady() + kChunkTimeout);
}

// The digest covers all that decides about the asset that a page becomes.
std::string DigestOf(const v1::ImportAssetsRequest::Page& page, const import::Defaults& defaults) {
  return outbox::Fingerprint(fmt::format("{}\n{}", static_cast<int>(defaults.kind), defaults.owner),
                             page.content());
}

void Reject(std::string_view path, const std::vector<import::Problem>& problems,
            v1::ImportAssetsResponse& response) {
  auto& result = *response.add_results();
  result.set_path(std::string(path));
  result.set_outcome(v1::ImportAssetsResponse::OUTCOME_REJECTED);
  result.set_line(problems.front().line);
  for (const import::Problem& problem : problems) {
    result.add_problems(problem.line == 0 ? problem.reason
                                          : fmt::format("line {}: {}", problem.line, problem.reason));
  }
}

}  // namespace

absl::StatusOr<std::vector<v1::ImportAssetsResponse>> ImportSession::OnMessage(
    rpc::CallContext& context, const v1::ImportAssetsRequest& request) {
  Response response;
  if (request.has_header()) {
    RETURN_IF_ERROR(Open(request.header()));
  } else if (!open_) {
    return rpc::InvalidField("header", "must be the first message");
  } else if (ended_) {
    return rpc::InvalidField("end", "must be the last message");
  } else if (request.has_page()) {
    RETURN_IF_ERROR(Take(context, request.page(), response));
  } else {
    ended_ = true;
    RETURN_IF_ERROR(Flush(context, response));
    if (request.end().complete()) RETURN_IF_ERROR(RetireMissing(context, response));
  }
  Count(response);
  if (ended_) *response.mutable_summary() = summary_;
  return std::vector<Response>{std::move(response)};
}

absl::StatusOr<std::vector<v1::ImportAssetsResponse>> ImportSession::Finish(rpc::CallContext& context) {
  std::vector<Response> responses;
  if (!open_ || ended_) return responses;
  Response& response = responses.emplace_back();
  RETURN_IF_ERROR(Flush(context, response));
  Count(response);
  *response.mutable_summary() = summary_;
  return responses;
}

absl::Status ImportSession::Open(const v1::ImportAssetsRequest::Header& header) {
  if (open_) return rpc::InvalidField("header", "comes once, as the first message");
  rpc::FieldViolations violations;
  if (!IsToken(header.source(), 64, "_-")) {
    violations.Add("header.source", "must be 1 to 64 of [a-z0-9_-]");
  }
  if (!domain::IsPersonId(header.default_owner()) && !header.default_owner().empty()) {
    violations.Add("header.default_owner", "must be 1 to 64 characters and no e-mail address");
  }
  if (!v1::AssetKind_IsValid(header.default_kind())) violations.Add("header.default_kind", "is no kind");
  if (header.publish() && !domain::IsPersonId(header.reviewer())) {
    violations.Add("header.reviewer",
                   "must name the field reviewer where pages are published: 1 to 64 characters");
  }
  RETURN_IF_ERROR(violations.ToStatus());
  open_ = true;
  header_ = header;
  defaults_.source = header.source();
  defaults_.owner = header.default_owner();
  if (header.default_kind() != v1::ASSET_KIND_UNSPECIFIED) {
    defaults_.kind = static_cast<domain::AssetKind>(header.default_kind());
  }
  return absl::OkStatus();
}

absl::Status ImportSession::Take(rpc::CallContext& context, const v1::ImportAssetsRequest::Page& page,
                                 Response& response) {
  if (std::string wrong = import::WrongPath(page.path()); !wrong.empty()) {
    Reject(page.path(), {{0, std::move(wrong)}}, response);
    return absl::OkStatus();
  }
  std::string id = import::AssetIdOf(defaults_.source, page.path());
  if (!sent_.insert(id).second) {
    Reject(page.path(), {{0, "was sent twice; the first one stands"}}, response);
    return absl::OkStatus();
  }
  waiting_bytes_ += page.content().size();
  waiting_.push_back({page.path(), std::move(id), DigestOf(page, defaults_), page.content()});
  if (waiting_.size() < kMaxWaiting && waiting_bytes_ < kMaxWaitingBytes) return absl::OkStatus();
  return Flush(context, response);
}

absl::Status ImportSession::ReadChanged(rpc::CallContext& context) {
  std::vector<std::string> ids;
  for (const Waiting& page : waiting_) ids.push_back(page.id);
  ASSIGN_OR_RETURN(std::vector<store::AssetRow> read,
                   storage::Read(d_.database, ChunkDeadline(context), [&](Transaction& transaction) {
                     return store::ReadAssets(transaction, ids);
                   }));
  std::map<std::string, store::AssetRow> rows;
  for (store::AssetRow& row : read) rows[row.id] = std::move(row);
  for (Waiting& page : waiting_) {
    const auto found = rows.find(page.id);
    page.read = found == rows.end() || found->second.digest != page.digest ||
                found->second.life.shelf == domain::AssetState::kRetired;
    if (page.read) page.page = import::ReadPage(page.path, page.content, defaults_);
  }
  return absl::OkStatus();
}

absl::Status ImportSession::Flush(rpc::CallContext& context, Response& response) {
  if (waiting_.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(ReadChanged(context));
  std::vector<std::string> ids;
  for (const Waiting& page : waiting_) ids.push_back(page.id);
  const outbox::Cause cause = outbox::CauseOf(context);
  const Response before = response;
  std::vector<assets::Changed> changed;
  // A trial run locks too, which a snapshot read cannot.
  RETURN_IF_ERROR(d_.database.Transact(
      {.deadline = ChunkDeadline(context)}, [&](Transaction& transaction) -> absl::Status {
        response = before;
        assets::AssetBatch batch(transaction, {d_.clock, d_.rng, d_.clock.Now(), cause});
        RETURN_IF_ERROR(batch.Lock(ids));
        for (const Waiting& page : waiting_) RETURN_IF_ERROR(Store(batch, page, response));
        if (header_.dry_run()) return absl::OkStatus();
        RETURN_IF_ERROR(batch.Write());
        changed = batch.changed();
        return absl::OkStatus();
      }));
  d_.hot.Wrote(changed);
  waiting_.clear();
  waiting_bytes_ = 0;
  return absl::OkStatus();
}

absl::Status ImportSession::Store(assets::AssetBatch& batch, const Waiting& page, Response& response) {
  if (!page.page.problems.empty()) {
    Reject(page.path, page.page.problems, response);
    return absl::OkStatus();
  }
  const store::AssetRow* row = batch.Find(page.id);
  if (row != nullptr && (row->source != defaults_.source || row->path != page.path)) {
    Reject(page.path, {{0, fmt::format("assets/{} exists and is not made of this page", page.id)}}, response);
    return absl::OkStatus();
  }
  Response::Result result;
  result.set_path(page.path);
  result.set_asset("assets/" + page.id);
  result.set_outcome(Response::OUTCOME_UNCHANGED);
  if (row == nullptr) {
    // Nothing that was read as unchanged can be absent: assets are never deleted.
    batch.Create(page.id, page.page.asset, {defaults_.source, page.path, page.digest});
    result.set_outcome(Response::OUTCOME_CREATED);
    row = batch.Find(page.id);
  } else if (page.read) {
    ASSIGN_OR_RETURN(const bool updated, batch.Reimport(page.id, page.page.asset, page.digest));
    if (updated) result.set_outcome(Response::OUTCOME_UPDATED);
  }
  if (row->life.latest != domain::AssetState::kPublished) {
    ASSIGN_OR_RETURN(const domain::Asset latest, batch.Latest(page.id));
    for (const Violation& violation : domain::Missing(latest))
      *result.add_problems() = domain::ToText(violation);
    if (header_.publish() && result.problems().empty()) {
      const absl::Status published = batch.Publish(page.id, {.reviewer = header_.reviewer()});
      if (absl::IsFailedPrecondition(published)) {
        result.add_problems(std::string(published.message()));
      } else {
        RETURN_IF_ERROR(published);
        response.mutable_summary()->set_published(response.summary().published() + 1);
      }
    }
    const bool draft = row->life.latest != domain::AssetState::kPublished;
    response.mutable_summary()->set_drafts(response.summary().drafts() + (draft ? 1 : 0));
  }
  *response.add_results() = std::move(result);
  return absl::OkStatus();
}

absl::Status ImportSession::RetireMissing(rpc::CallContext& context, Response& response) {
  const outbox::Cause cause = outbox::CauseOf(context);
  std::string after;
  for (bool more = true; more;) {
    RETURN_IF_ERROR(context.Check());
    const Response before = response;
    std::vector<assets::Changed> changed;
    std::string last;
    RETURN_IF_ERROR(d_.database.Transact(
        {.deadline = ChunkDeadline(context), .read_only = header_.dry_run()},
        [&](Transaction& transaction) -> absl::Status {
          response = before;
          changed.clear();
          ASSIGN_OR_RETURN(const auto assets,
                           store::AssetsOfSource(transaction, defaults_.source, after, kRetiredAtOnce));
          more = static_cast<int>(assets.size()) == kRetiredAtOnce;
          if (!assets.empty()) last = assets.back().first;
          std::vector<std::string> ids;
          for (const auto& [id, path] : assets) {
            if (sent_.contains(id)) continue;
            ids.push_back(id);
            Response::Result& result = *response.add_results();
            result.set_path(path);
            result.set_asset("assets/" + id);
            result.set_outcome(Response::OUTCOME_RETIRED);
          }
          if (header_.dry_run() || ids.empty()) return absl::OkStatus();
          assets::AssetBatch batch(transaction, {d_.clock, d_.rng, d_.clock.Now(), cause});
          RETURN_IF_ERROR(batch.Lock(ids));
          for (const std::string& id : ids) {
            // Somebody else may have retired it before it was locked.
            if (batch.Find(id)->life.shelf == domain::AssetState::kRetired) continue;
            RETURN_IF_ERROR(batch.Retire(id, "its page is gone"));
          }
          RETURN_IF_ERROR(batch.Write());
          changed = batch.changed();
          return absl::OkStatus();
        }));
    d_.hot.Wrote(changed);
    after = last;
  }
  return absl::OkStatus();
}

void ImportSession::Count(Response& response) {
  for (const Response::Result& result : response.results()) {
    switch (result.outcome()) {
      case Response::OUTCOME_CREATED:
        summary_.set_created(summary_.created() + 1);
        break;
      case Response::OUTCOME_UPDATED:
        summary_.set_updated(summary_.updated() + 1);
        break;
      case Response::OUTCOME_UNCHANGED:
        summary_.set_unchanged(summary_.unchanged() + 1);
        break;
      case Response::OUTCOME_RETIRED:
        summary_.set_retired(summary_.retired() + 1);
        break;
      default:
        summary_.set_rejected(summary_.rejected() + 1);
    }
  }
  summary_.set_published(summary_.published() + response.summary().published());
  summary_.set_drafts(summary_.drafts() + response.summary().drafts());
  response.clear_summary();
}

}  // namespace finalmile::catalog::handlers
