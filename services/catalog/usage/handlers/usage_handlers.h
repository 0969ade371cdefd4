#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "finalmile/catalog/v1/catalog_service.pb.h"
#include "finalmile/catalog/v1/usage_service.pb.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/context.h"
#include "libs/rpc/service.h"
#include "libs/storage/database.h"
#include "services/catalog/usage/usage_batch.h"

namespace finalmile::catalog::usage::handlers {

// The handlers of usage work on these, which outlive them.
struct Dependencies {
  Clock& clock;
  Rng& rng;
  storage::Database& database;
  // Signs use_tokens.
  std::string signing_key;
};

// The methods of UsageService, and RecommendAssets of CatalogService, which records what it offers; as the
// contracts say. Thread-safe.
class UsageHandlers {
 public:
  explicit UsageHandlers(Dependencies dependencies) : d_(std::move(dependencies)) {}

  absl::StatusOr<v1::RecordUseResponse> RecordUse(rpc::CallContext& context,
                                                  const v1::RecordUseRequest& request);
  absl::StatusOr<v1::RecordViewResponse> RecordView(rpc::CallContext& context,
                                                    const v1::RecordViewRequest& request);
  absl::StatusOr<v1::RateAssetResponse> RateAsset(rpc::CallContext& context,
                                                  const v1::RateAssetRequest& request);

  absl::StatusOr<v1::Gap> ReportGap(rpc::CallContext& context, const v1::ReportGapRequest& request);
  absl::StatusOr<v1::Gap> AnswerGap(rpc::CallContext& context, const v1::AnswerGapRequest& request);
  absl::StatusOr<v1::ListGapsResponse> ListGaps(rpc::CallContext& context,
                                                const v1::ListGapsRequest& request);

  absl::StatusOr<v1::GetAssetPerformanceResponse> GetAssetPerformance(
      rpc::CallContext& context, const v1::GetAssetPerformanceRequest& request);
  absl::StatusOr<v1::ListAssetPerformanceResponse> ListAssetPerformance(
      rpc::CallContext& context, const v1::ListAssetPerformanceRequest& request);
  absl::StatusOr<v1::ListUnusedAssetsResponse> ListUnusedAssets(rpc::CallContext& context,
                                                                const v1::ListUnusedAssetsRequest& request);
  absl::StatusOr<v1::ListMisuseResponse> ListMisuse(rpc::CallContext& context,
                                                    const v1::ListMisuseRequest& request);

  absl::StatusOr<v1::RecommendAssetsResponse> RecommendAssets(rpc::CallContext& context,
                                                              const v1::RecommendAssetsRequest& request);

 private:
  // Serves a mutation that records through the batch, which is written before it answers.
  template <class Response, class Request>
  absl::StatusOr<Response> Mutate(rpc::CallContext& context, const Request& request,
                                  const std::function<absl::StatusOr<Response>(UsageBatch&)>& record) {
    const outbox::Cause cause = outbox::CauseOf(context);
    return outbox::Mutate<Response>(
        context, d_.database, request,
        [&](storage::Transaction& transaction, absl::Time now) -> absl::StatusOr<Response> {
          UsageBatch batch(transaction, {d_.clock, d_.rng, now, cause});
          ASSIGN_OR_RETURN(Response response, record(batch));
          RETURN_IF_ERROR(batch.Write());
          return response;
        });
  }
  const Dependencies d_;
};

// UsageService with its handlers. Adds RecommendAssets to `catalog`, the CatalogService.
std::unique_ptr<rpc::Service> NewUsageService(const Dependencies& dependencies, rpc::Service& catalog);

}  // namespace finalmile::catalog::usage::handlers
