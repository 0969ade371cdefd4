#include "libs/rpc/methods.h"
#include "services/catalog/handlers/catalog_handlers.h"
#include "services/catalog/handlers/import_session.h"

namespace finalmile::catalog::handlers {

std::unique_ptr<rpc::Service> NewCatalogService(const Dependencies& dependencies) {
  using rpc::Unary;
  auto service = std::make_unique<rpc::Service>(
      v1::GetAssetRequest::descriptor()->file()->FindServiceByName("CatalogService"));
  auto handlers = std::make_shared<CatalogHandlers>(dependencies);
  Unary(*service, "CreateAsset", handlers, &CatalogHandlers::CreateAsset);
  Unary(*service, "GetAsset", handlers, &CatalogHandlers::GetAsset);
  service->Inline<v1::GetAssetRequest>(
      "GetAsset", [handlers](rpc::CallContext& context, const v1::GetAssetRequest& request) {
        return handlers->TryGetAsset(context, request);
      });
  Unary(*service, "BatchGetAssets", handlers, &CatalogHandlers::BatchGetAssets);
  Unary(*service, "UpdateAsset", handlers, &CatalogHandlers::UpdateAsset);
  Unary(*service, "ListAssets", handlers, &CatalogHandlers::ListAssets);
  Unary(*service, "ListAssetVersions", handlers, &CatalogHandlers::ListAssetVersions);
  Unary(*service, "SubmitForReview", handlers, &CatalogHandlers::SubmitForReview);
  Unary(*service, "ApproveAsset", handlers, &CatalogHandlers::ApproveAsset);
  Unary(*service, "PublishAsset", handlers, &CatalogHandlers::PublishAsset);
  Unary(*service, "RetireAsset", handlers, &CatalogHandlers::RetireAsset);
  Unary(*service, "SearchAssets", handlers, &CatalogHandlers::SearchAssets);
  Unary(*service, "RenderAsset", handlers, &CatalogHandlers::RenderAsset);
  using Session = rpc::BidiSession<v1::ImportAssetsRequest, v1::ImportAssetsResponse>;
  service->BidiStream<v1::ImportAssetsRequest, v1::ImportAssetsResponse>(
      "ImportAssets", [dependencies](rpc::CallContext&) -> absl::StatusOr<std::unique_ptr<Session>> {
        return std::make_unique<ImportSession>(dependencies);
      });
  return service;
}

}  // namespace finalmile::catalog::handlers
