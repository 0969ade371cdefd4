#include <fmt/format.h>

#include <memory>

#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/timestamps.h"
#include "services/finalmile/commands/commands.h"
#include "services/finalmile/commands/list.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/commands/show_assets.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

using namespace catalog::v1;

absl::StatusOr<ExitCode> List(Session& session, const ListFlags& flags) {
  ListAssetsRequest request;
  request.set_filter(flags.filter);
  ASSIGN_OR_RETURN(const std::vector<Asset> assets,
                   ReadList(session, "catalog.v1.CatalogService/ListAssets", request, flags.limit,
                            &ListAssetsResponse::assets, "No asset matches."));
  if (!session.output.json()) ShowAssets(assets, session.output);
  return ExitCode::kOk;
}

Action DeclareList(Flags& flags) {
  auto given = std::make_shared<ListFlags>();
  given->Declare(
      flags,
      "over kind, state, owner, product, persona, industry, stage, situation, competitor, language, "
      "source, review_time, …");
  return [given](Session& session) { return List(session, *given); };
}

// What the verbs that change an asset have in common.
struct ChangeFlags {
  std::string name;
  std::string etag;

  void Declare(Flags& flags) {
    flags.Argument("ASSET", name, "its name, assets/… or without the prefix");
    flags.Text("--etag", "ETAG", etag, "change it only if it is still as it was when this etag was read");
  }
};

template <class Response, class Request>
absl::StatusOr<ExitCode> Change(Session& session, const ChangeFlags& flags, std::string_view method,
                                Request request) {
  request.set_name(AssetName(flags.name));
  request.set_etag(flags.etag);
  request.set_request_id(session.NewRequestId());
  ASSIGN_OR_RETURN(const Response response,
                   session.Call<Response>(fmt::format("catalog.v1.CatalogService/{}", method), request));
  RETURN_IF_ERROR(session.connector.Settle());
  if (session.output.json()) {
    session.output.Json(response);
  } else {
    ShowAssets({response.asset()}, session.output);
  }
  return ExitCode::kOk;
}

Action DeclareSubmit(Flags& flags) {
  auto given = std::make_shared<ChangeFlags>();
  given->Declare(flags);
  return [given](Session& session) {
    return Change<SubmitForReviewResponse>(session, *given, "SubmitForReview", SubmitForReviewRequest());
  };
}

struct ApproveFlags : ChangeFlags {
  std::string refusal;
};

Action DeclareApprove(Flags& flags) {
  auto given = std::make_shared<ApproveFlags>();
  given->Declare(flags);
  flags.Text("--refuse", "REASON", given->refusal, "back to draft instead, for this reason");
  return [given](Session& session) {
    ApproveAssetRequest request;
    request.set_refusal(given->refusal);
    return Change<ApproveAssetResponse>(session, *given, "ApproveAsset", std::move(request));
  };
}

struct PublishFlags : ChangeFlags {
  std::string reviewer;
  std::string from;
  std::string until;
  std::string review_by;
};

// Leaves the field absent where nothing is given.
absl::Status SetMoment(Session& session, std::string_view flag, const std::string& text,
                       google::protobuf::Timestamp* (PublishAssetRequest::*field)(),
                       PublishAssetRequest& request) {
  if (text.empty()) return absl::OkStatus();
  absl::Time time;
  if (!ParseMoment(text, session.clock.Now(), session.output.zone(), time)) {
    return absl::InvalidArgumentError(
        fmt::format("{} '{}' must be a date (2026-03-01) or an RFC 3339 time", flag, text));
  }
  *(request.*field)() = rpc::ToTimestamp(time);
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Publish(Session& session, const PublishFlags& flags) {
  PublishAssetRequest request;
  request.set_reviewer(flags.reviewer);
  RETURN_IF_ERROR(
      SetMoment(session, "--from", flags.from, &PublishAssetRequest::mutable_publish_time, request));
  RETURN_IF_ERROR(
      SetMoment(session, "--until", flags.until, &PublishAssetRequest::mutable_expire_time, request));
  RETURN_IF_ERROR(
      SetMoment(session, "--review-by", flags.review_by, &PublishAssetRequest::mutable_review_time, request));
  return Change<PublishAssetResponse>(session, flags, "PublishAsset", std::move(request));
}

Action DeclarePublish(Flags& flags) {
  auto given = std::make_shared<PublishFlags>();
  given->Declare(flags);
  flags.Text("--reviewer", "NAME", given->reviewer,
             "the field reviewer, where it was reviewed elsewhere; not the owner");
  flags.Text("--from", "TIME", given->from,
             "when reps may begin to use it: a date or an RFC 3339 time (now)");
  flags.Text("--until", "TIME", given->until, "when it expires (never)");
  flags.Text("--review-by", "TIME", given->review_by,
             "when somebody looks whether it still holds (180 days)");
  return [given](Session& session) { return Publish(session, *given); };
}

struct RetireFlags : ChangeFlags {
  std::string reason;
};

Action DeclareRetire(Flags& flags) {
  auto given = std::make_shared<RetireFlags>();
  given->Declare(flags);
  flags.Text("--reason", "TEXT", given->reason, "why");
  return [given](Session& session) {
    RetireAssetRequest request;
    request.set_reason(given->reason);
    return Change<RetireAssetResponse>(session, *given, "RetireAsset", std::move(request));
  };
}

}  // namespace

void AddAssets(std::vector<Verb>& verbs) {
  verbs.push_back({"assets list", "assets in order of name",
                   "finalmile assets list --filter 'state = ASSET_STATE_DRAFT'", DeclareList});
  verbs.push_back({"assets submit", "ask for the review of a draft",
                   "finalmile assets submit pricing-objections", DeclareSubmit});
  verbs.push_back({"assets approve", "approve it as a field reviewer, or refuse it",
                   "finalmile assets approve pricing-objections", DeclareApprove});
  verbs.push_back({"assets publish", "give the newest version to reps",
                   "finalmile assets publish pricing-objections --reviewer kim --until 2027-01-01",
                   DeclarePublish});
  verbs.push_back({"assets retire", "take it from reps",
                   "finalmile assets retire pricing-objections --reason 'the price list changed'",
                   DeclareRetire});
}

}  // namespace finalmile::cli
