#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/context.h"
#include "libs/rpc/service.h"
#include "libs/storage/database.h"
#include "services/catalog/assets/asset_batch.h"
#include "services/catalog/assets/heads.h"
#include "services/catalog/assets/hot_assets.h"
#include "services/catalog/assets/read_assets.h"
#include "services/catalog/domain/asset_id.h"
#include "services/catalog/search/indexes.h"
#include "services/catalog/usage/missed_searches.h"

namespace finalmile::catalog::handlers {

// The handlers of this service work on these, which outlive them.
struct Dependencies {
  Clock& clock;
  Rng& rng;
  storage::Database& database;
  assets::HotAssets& hot;
  assets::Heads& heads;
  search::Indexes& indexes;
  usage::MissedSearches& missed;
  // Signs use_tokens.
  std::string signing_key;
};

// The methods of CatalogService, as catalog_service.proto says, but for RecommendAssets, which is with usage.
// Thread-safe.
class CatalogHandlers {
 public:
  explicit CatalogHandlers(Dependencies dependencies) : d_(std::move(dependencies)) {}

  absl::StatusOr<v1::Asset> CreateAsset(rpc::CallContext& context, const v1::CreateAssetRequest& request);
  absl::StatusOr<v1::Asset> GetAsset(rpc::CallContext& context, const v1::GetAssetRequest& request);
  // The inline answer of GetAsset.
  std::optional<absl::StatusOr<rpc::SharedBytes>> TryGetAsset(rpc::CallContext& context,
                                                              const v1::GetAssetRequest& request);
  absl::StatusOr<v1::BatchGetAssetsResponse> BatchGetAssets(rpc::CallContext& context,
                                                            const v1::BatchGetAssetsRequest& request);
  absl::StatusOr<v1::Asset> UpdateAsset(rpc::CallContext& context, const v1::UpdateAssetRequest& request);
  absl::StatusOr<v1::ListAssetsResponse> ListAssets(rpc::CallContext& context,
                                                    const v1::ListAssetsRequest& request);
  absl::StatusOr<v1::ListAssetVersionsResponse> ListAssetVersions(
      rpc::CallContext& context, const v1::ListAssetVersionsRequest& request);

  absl::StatusOr<v1::SubmitForReviewResponse> SubmitForReview(rpc::CallContext& context,
                                                              const v1::SubmitForReviewRequest& request);
  absl::StatusOr<v1::ApproveAssetResponse> ApproveAsset(rpc::CallContext& context,
                                                        const v1::ApproveAssetRequest& request);
  absl::StatusOr<v1::PublishAssetResponse> PublishAsset(rpc::CallContext& context,
                                                        const v1::PublishAssetRequest& request);
  absl::StatusOr<v1::RetireAssetResponse> RetireAsset(rpc::CallContext& context,
                                                      const v1::RetireAssetRequest& request);

  absl::StatusOr<v1::SearchAssetsResponse> SearchAssets(rpc::CallContext& context,
                                                        const v1::SearchAssetsRequest& request);
  absl::StatusOr<v1::RenderAssetResponse> RenderAsset(rpc::CallContext& context,
                                                      const v1::RenderAssetRequest& request);

 private:
  using Change = std::function<absl::Status(assets::AssetBatch&, absl::Time now)>;
  // Serves a mutation whose `change` changes assets through the batch. The batch is written before the answer
  // is made; the hot copies are dropped after the commit.
  template <class Response, class Request>
  absl::StatusOr<Response> Mutate(
      rpc::CallContext& context, const Request& request, const Change& change,
      const std::function<absl::StatusOr<Response>(storage::Transaction&)>& answer);
  // A mutation of the asset `name`, at `etag`, that answers a Response with `answered` of its versions.
  template <class Response, class Request>
  absl::StatusOr<Response> ChangeOne(
      rpc::CallContext& context, const Request& request, int64_t answered,
      const std::function<absl::Status(assets::AssetBatch&, const domain::AssetId& id)>& change);

  const Dependencies d_;
};

// CatalogService with its handlers, the inline answer and the import's sessions, but without RecommendAssets.
std::unique_ptr<rpc::Service> NewCatalogService(const Dependencies& dependencies);

template <class Response, class Request>
absl::StatusOr<Response> CatalogHandlers::Mutate(
    rpc::CallContext& context, const Request& request, const Change& change,
    const std::function<absl::StatusOr<Response>(storage::Transaction&)>& answer) {
  const outbox::Cause cause = outbox::CauseOf(context);
  std::vector<assets::Changed> changed;
  absl::StatusOr<Response> response = outbox::Mutate<Response>(
      context, d_.database, request,
      [&](storage::Transaction& transaction, absl::Time now) -> absl::StatusOr<Response> {
        assets::AssetBatch batch(transaction, {d_.clock, d_.rng, now, cause});
        RETURN_IF_ERROR(change(batch, now));
        RETURN_IF_ERROR(batch.Write());
        changed = batch.changed();
        return answer(transaction);
      });
  if (response.ok()) {
    d_.hot.Wrote(changed);
  } else if (absl::IsUnknown(response.status())) {
    for (const assets::Changed& one : changed) d_.hot.Invalidate(one.id);
  }
  return response;
}

}  // namespace finalmile::catalog::handlers
