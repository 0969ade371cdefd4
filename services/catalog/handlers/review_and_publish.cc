#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "services/catalog/domain/asset_rules.h"
#include "services/catalog/handlers/catalog_handlers.h"

namespace finalmile::catalog::handlers {
namespace {

constexpr size_t kMaxReason = 500;

absl::Status CheckReason(std::string_view reason, std::string_view field) {
  if (Characters(reason) <= kMaxReason) return absl::OkStatus();
  return rpc::InvalidField(field, fmt::format("must have at most {} characters", kMaxReason));
}

std::optional<absl::Time> Given(bool has, const google::protobuf::Timestamp& time) {
  if (!has) return std::nullopt;
  return rpc::FromTimestamp(time);
}

}  // namespace

template <class Response, class Request>
absl::StatusOr<Response> CatalogHandlers::ChangeOne(
    rpc::CallContext& context, const Request& request, int64_t answered,
    const std::function<absl::Status(assets::AssetBatch&, const domain::AssetId& id)>& change) {
  const domain::AssetId id(rpc::IdIn(request.name()));
  return Mutate<Response>(
      context, request,
      [&](assets::AssetBatch& batch, absl::Time) -> absl::Status {
        RETURN_IF_ERROR(batch.Lock({id}));
        const store::AssetRow* asset = batch.Find(id);
        if (asset == nullptr) return rpc::NotFound(request.name(), "asset");
        RETURN_IF_ERROR(rpc::CheckEtag(request.etag(), asset->revision, request.name()));
        return change(batch, id);
      },
      [&](storage::Transaction& transaction) -> absl::StatusOr<Response> {
        Response response;
        ASSIGN_OR_RETURN(*response.mutable_asset(), assets::ReadAsset(transaction, {id, answered}));
        return response;
      });
}

absl::StatusOr<v1::SubmitForReviewResponse> CatalogHandlers::SubmitForReview(
    rpc::CallContext& context, const v1::SubmitForReviewRequest& request) {
  return ChangeOne<v1::SubmitForReviewResponse>(
      context, request, assets::kLatest,
      [](assets::AssetBatch& batch, const domain::AssetId& id) { return batch.Submit(id); });
}

absl::StatusOr<v1::ApproveAssetResponse> CatalogHandlers::ApproveAsset(
    rpc::CallContext& context, const v1::ApproveAssetRequest& request) {
  RETURN_IF_ERROR(CheckReason(request.refusal(), "refusal"));
  return ChangeOne<v1::ApproveAssetResponse>(
      context, request, assets::kLatest, [&](assets::AssetBatch& batch, const domain::AssetId& id) {
        return request.refusal().empty() ? batch.Approve(id, context.principal().name())
                                         : batch.SendBack(id, request.refusal());
      });
}

absl::StatusOr<v1::PublishAssetResponse> CatalogHandlers::PublishAsset(
    rpc::CallContext& context, const v1::PublishAssetRequest& request) {
  if (!request.reviewer().empty() && !domain::IsPersonId(request.reviewer())) {
    return rpc::InvalidField("reviewer", "must be 1 to 64 characters and no e-mail address");
  }
  domain::Publication publication{.reviewer = request.reviewer()};
  publication.publish_time = Given(request.has_publish_time(), request.publish_time());
  publication.expire_time = Given(request.has_expire_time(), request.expire_time());
  publication.review_time = Given(request.has_review_time(), request.review_time());
  return ChangeOne<v1::PublishAssetResponse>(
      context, request, 0,
      [&](assets::AssetBatch& batch, const domain::AssetId& id) { return batch.Publish(id, publication); });
}

absl::StatusOr<v1::RetireAssetResponse> CatalogHandlers::RetireAsset(rpc::CallContext& context,
                                                                     const v1::RetireAssetRequest& request) {
  RETURN_IF_ERROR(CheckReason(request.reason(), "reason"));
  return ChangeOne<v1::RetireAssetResponse>(context, request, 0,
                                            [&](assets::AssetBatch& batch, const domain::AssetId& id) {
                                              return batch.Retire(id, request.reason());
                                            });
}

}  // namespace finalmile::catalog::handlers
