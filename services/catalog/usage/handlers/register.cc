#include "libs/rpc/methods.h"
#include "services/catalog/usage/handlers/usage_handlers.h"

namespace finalmile::catalog::usage::handlers {

std::unique_ptr<rpc::Service> NewUsageService(const Dependencies& dependencies, rpc::Service& catalog) {
  using rpc::Unary;
  auto service = std::make_unique<rpc::Service>(
      v1::RecordUseRequest::descriptor()->file()->FindServiceByName("UsageService"));
  auto handlers = std::make_shared<UsageHandlers>(dependencies);
  Unary(*service, "RecordUse", handlers, &UsageHandlers::RecordUse);
  Unary(*service, "RecordView", handlers, &UsageHandlers::RecordView);
  Unary(*service, "RateAsset", handlers, &UsageHandlers::RateAsset);
  Unary(*service, "ReportGap", handlers, &UsageHandlers::ReportGap);
  Unary(*service, "AnswerGap", handlers, &UsageHandlers::AnswerGap);
  Unary(*service, "ListGaps", handlers, &UsageHandlers::ListGaps);
  Unary(*service, "GetAssetPerformance", handlers, &UsageHandlers::GetAssetPerformance);
  Unary(*service, "ListAssetPerformance", handlers, &UsageHandlers::ListAssetPerformance);
  Unary(*service, "ListUnusedAssets", handlers, &UsageHandlers::ListUnusedAssets);
  Unary(*service, "ListMisuse", handlers, &UsageHandlers::ListMisuse);
  Unary(catalog, "RecommendAssets", handlers, &UsageHandlers::RecommendAssets);
  return service;
}

}  // namespace finalmile::catalog::usage::handlers
