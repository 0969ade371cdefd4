#include "services/catalog/handlers/import_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

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
constexpr size_t kMaxAudience = 200;
constexpr int kRetiredAtOnce = 100;
constexpr absl::Duration kChunkTimeout = absl::Seconds(30);

absl::Duration ChunkDeadline(const rpc::CallContext& context) {
  return std::min(context.deadline(), context.clock().Steady() + kChunkTimeout);
}

// The digest covers all that decides about the asset that a page becomes, and the audience where that does.
// The first one is the page's; a page that was moved into a folder, or out of one, had the other.
std::vector<std::string> DigestsOf(const v1::ImportAssetsRequest::Page& page,
                                   const import::Defaults& defaults) {
  const std::string decides = fmt::format("{}\n{}", static_cast<int>(defaults.kind), defaults.owner);
  std::vector<std::string> digests = {
      outbox::Fingerprint(decides, page.content()),
      outbox::Fingerprint(fmt::format("{}\n{}", decides, defaults.audience), page.content())};
  if (!import::SaysAudience(page.path()) && !defaults.audience.empty()) std::swap(digests[0], digests[1]);
  return digests;
}

// Why the page is not to be published; empty: nothing speaks against it.
std::string WithheldBy(const import::Publication& publication, absl::Time now) {
  if (!publication.withheld.empty()) return publication.withheld;
  return publication.until && *publication.until <= now ? publication.until_word + " has passed" : "";
}

// When reps are to be given it; absent: at once.
std::optional<absl::Time> LaterTime(const import::Publication& publication, absl::Time now) {
  return publication.from && *publication.from > now ? publication.from : std::nullopt;
}

std::string Located(const import::Problem& problem) {
  return problem.line == 0 ? problem.reason : fmt::format("line {}: {}", problem.line, problem.reason);
}

void Reject(std::string_view path, const std::vector<import::Problem>& problems,
            v1::ImportAssetsResponse& response) {
  auto& result = *response.add_results();
  result.set_path(std::string(path));
  result.set_outcome(v1::ImportAssetsResponse::OUTCOME_REJECTED);
  result.set_line(problems.front().line);
  for (const import::Problem& problem : problems) result.add_problems(Located(problem));
}

}  // namespace

absl::StatusOr<std::vector<v1::ImportAssetsResponse>> ImportSession::OnMessage(
    rpc::CallContext& context, const v1::ImportAssetsRequest& request, const rpc::LetNext&) {
  Response response;
  if (request.has_header()) {
    RETURN_IF_ERROR(Open(request.header()));
    RETURN_IF_ERROR(pages_.Load(d_.database, defaults_.source, ChunkDeadline(context)));
  } else if (!open_) {
    return rpc::InvalidField("header", "must be the first message");
  } else if (ended_) {
    return rpc::InvalidField("end", "must be the last message");
  } else if (request.has_listing()) {
    if (request.listing().paths_size() > kMaxListed || !sent_.empty())
      return rpc::InvalidField("listing",
                               "must come before the pages, with at most 1,000 paths in a message");
    for (const std::string& path : request.listing().paths()) RETURN_IF_ERROR(pages_.List(path));
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
  if (Characters(header.default_audience()) > kMaxAudience) {
    violations.Add("header.default_audience", fmt::format("at most {} characters", kMaxAudience));
  }
  RETURN_IF_ERROR(violations.ToStatus());
  open_ = true;
  header_ = header;
  defaults_.source = header.source();
  defaults_.owner = header.default_owner();
  defaults_.audience = std::string(Trim(header.default_audience()));
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
  if (!sent_.insert(page.path()).second) {
    Reject(page.path(), {{0, "was sent twice; the first one stands"}}, response);
    return absl::OkStatus();
  }
  waiting_bytes_ += page.content().size();
  std::vector<std::string> digests = DigestsOf(page, defaults_);
  SourcePages::Asset asset = pages_.Find(page.path(), digests);
  waiting_.push_back({page.path(), std::move(asset), std::move(digests[0]), page.content()});
  if (waiting_.size() < kMaxWaiting && waiting_bytes_ < kMaxWaitingBytes) return absl::OkStatus();
  return Flush(context, response);
}

absl::Status ImportSession::ReadChanged(rpc::CallContext& context) {
  std::vector<domain::AssetId> ids;
  for (const Waiting& page : waiting_) ids.push_back(page.asset.id);
  ASSIGN_OR_RETURN(std::vector<store::AssetRow> read,
                   storage::Read(d_.database, ChunkDeadline(context), [&](Transaction& transaction) {
                     return store::ReadAssets(transaction, ids);
                   }));
  std::map<domain::AssetId, store::AssetRow> rows;
  for (store::AssetRow& row : read) rows[row.id] = std::move(row);
  for (Waiting& page : waiting_) {
    const auto found = rows.find(page.asset.id);
    page.changed =
        found == rows.end() || found->second.digest != page.digest || !page.asset.renamed_from.empty();
    const bool decides =
        !page.changed && (found->second.life.shelf == domain::AssetState::kRetired ||
                          (header_.publish() && found->second.life.latest != domain::AssetState::kPublished));
    if (page.changed || decides) page.page = import::ReadPage(page.path, page.content, defaults_);
    if (!page.page.left_out) kept_.insert(page.asset.id);
  }
  return absl::OkStatus();
}

absl::Status ImportSession::Flush(rpc::CallContext& context, Response& response) {
  if (waiting_.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(ReadChanged(context));
  std::vector<domain::AssetId> ids;
  for (const Waiting& page : waiting_) ids.push_back(page.asset.id);
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
  Response::Result result;
  result.set_path(page.path);
  if (page.page.left_out) {
    result.set_outcome(Response::OUTCOME_LEFT_OUT);
    *response.add_results() = std::move(result);
    return absl::OkStatus();
  }
  for (const import::Problem& warning : page.page.warnings) result.add_warnings(Located(warning));
  result.mutable_ignored_keys()->Assign(page.page.ignored.begin(), page.page.ignored.end());
  const auto& [id, renamed_from] = page.asset;
  const store::AssetRow* row = batch.Find(id);
  if (row != nullptr && (row->source != defaults_.source ||
                         (row->path != page.path && (renamed_from.empty() || row->path != renamed_from)))) {
    Reject(page.path, {{0, domain::AssetName(id) + " exists and is not made of this page"}}, response);
    return absl::OkStatus();
  }
  result.set_asset(domain::AssetName(id));
  result.set_renamed_from(renamed_from);
  RETURN_IF_ERROR(Apply(batch, page, result));
  RETURN_IF_ERROR(Publish(batch, page, result, *response.mutable_summary()));
  *response.add_results() = std::move(result);
  return absl::OkStatus();
}

absl::StatusOr<domain::Asset> ImportSession::ContentOf(assets::AssetBatch& batch, const Waiting& page) const {
  const std::string& before = page.asset.renamed_from;
  if (before.empty()) return page.page.asset;
  // The bytes are the same. What somebody made of them since stays.
  ASSIGN_OR_RETURN(domain::Asset latest, batch.Latest(page.asset.id));
  const bool edited = latest != import::ReadPage(before, page.content, defaults_).asset;
  if (edited) return latest;
  return page.page.asset;
}

absl::Status ImportSession::Apply(assets::AssetBatch& batch, const Waiting& page, Response::Result& result) {
  const domain::AssetId& id = page.asset.id;
  const assets::AssetBatch::Origin origin{defaults_.source, page.path, page.digest};
  const std::string withheld = WithheldBy(page.page.publication, d_.clock.Now());
  result.set_withheld(withheld);
  result.set_outcome(Response::OUTCOME_UNCHANGED);
  if (batch.Find(id) == nullptr) {
    // Nothing that was read as unchanged can be absent: assets are never deleted.
    batch.Create(id, page.page.asset, origin);
    result.set_outcome(Response::OUTCOME_CREATED);
    return absl::OkStatus();
  }
  const bool revive = withheld.empty() && batch.Find(id)->life.shelf == domain::AssetState::kRetired;
  if (!page.changed && !revive) return absl::OkStatus();
  ASSIGN_OR_RETURN(domain::Asset content, ContentOf(batch, page));
  ASSIGN_OR_RETURN(const bool updated, batch.Reimport(id, std::move(content), origin, revive));
  if (updated) result.set_outcome(Response::OUTCOME_UPDATED);
  if (withheld.empty() || batch.Find(id)->life.shelf != domain::AssetState::kPublished)
    return absl::OkStatus();
  result.set_outcome(Response::OUTCOME_RETIRED);
  return batch.Retire(id, "its page says " + withheld);
}

absl::Status ImportSession::Publish(assets::AssetBatch& batch, const Waiting& page, Response::Result& result,
                                    Response::Summary& summary) {
  const domain::AssetId& id = page.asset.id;
  const domain::Life& life = batch.Find(id)->life;
  const std::optional<absl::Time> from = LaterTime(page.page.publication, d_.clock.Now());
  const std::optional<absl::Time> until = page.page.publication.until;
  const bool published = life.latest == domain::AssetState::kPublished;
  // What its page says anew of its window.
  const bool other_window = (from && life.publish_time != *from) || (until && life.expire_time != *until);
  if (!published) {
    ASSIGN_OR_RETURN(const domain::Asset latest, batch.Latest(id));
    for (const Violation& violation : domain::Missing(latest)) *result.add_problems() = ToText(violation);
  }
  const bool wanted = header_.publish() && result.withheld().empty() && result.problems().empty();
  if (wanted && (!published || other_window)) {
    const absl::Status done =
        batch.Publish(id, {.reviewer = header_.reviewer(), .publish_time = from, .expire_time = until});
    if (absl::IsFailedPrecondition(done)) {
      result.add_problems(std::string(done.message()));
    } else {
      RETURN_IF_ERROR(done);
      if (published && result.outcome() == Response::OUTCOME_UNCHANGED)
        result.set_outcome(Response::OUTCOME_UPDATED);
      summary.set_published(summary.published() + 1);
      if (from) summary.set_scheduled(summary.scheduled() + 1);
    }
  }
  if (life.latest != domain::AssetState::kPublished) summary.set_drafts(summary.drafts() + 1);
  return absl::OkStatus();
}

absl::Status ImportSession::RetireMissing(rpc::CallContext& context, Response& response) {
  const outbox::Cause cause = outbox::CauseOf(context);
  domain::AssetId after;
  for (bool more = true; more;) {
    RETURN_IF_ERROR(context.Check());
    const Response before = response;
    std::vector<assets::Changed> changed;
    domain::AssetId last;
    RETURN_IF_ERROR(d_.database.Transact(
        {.deadline = ChunkDeadline(context), .read_only = header_.dry_run()},
        [&](Transaction& transaction) -> absl::Status {
          response = before;
          changed.clear();
          ASSIGN_OR_RETURN(const auto assets,
                           store::AssetsOfSource(transaction, defaults_.source, after, kRetiredAtOnce));
          more = static_cast<int>(assets.size()) == kRetiredAtOnce;
          if (!assets.empty()) last = assets.back().first;
          std::vector<domain::AssetId> ids;
          for (const auto& [id, path] : assets) {
            if (kept_.contains(id)) continue;
            ids.push_back(id);
            Response::Result& result = *response.add_results();
            result.set_path(path);
            result.set_asset(domain::AssetName(id));
            result.set_outcome(Response::OUTCOME_RETIRED);
          }
          if (header_.dry_run() || ids.empty()) return absl::OkStatus();
          assets::AssetBatch batch(transaction, {d_.clock, d_.rng, d_.clock.Now(), cause});
          RETURN_IF_ERROR(batch.Lock(ids));
          for (const domain::AssetId& id : ids) {
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
    summary_.set_warnings(summary_.warnings() + result.warnings_size());
    if (!result.withheld().empty()) summary_.set_withheld(summary_.withheld() + 1);
    if (!result.renamed_from().empty()) summary_.set_renamed(summary_.renamed() + 1);
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
      case Response::OUTCOME_LEFT_OUT:
        summary_.set_left_out(summary_.left_out() + 1);
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
  summary_.set_scheduled(summary_.scheduled() + response.summary().scheduled());
  response.clear_summary();
}

}  // namespace finalmile::catalog::handlers
