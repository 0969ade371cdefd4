#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/resource_name.h"
#include "services/catalog/assets/reps_may_read.h"
#include "services/catalog/handlers/catalog_handlers.h"
#include "services/catalog/handlers/read_access.h"

namespace finalmile::catalog::handlers {
namespace {

using storage::Transaction;

constexpr int kMaxBatch = 100;
// Assets read at once; one has up to 4 MiB.
constexpr int kPiece = 8;

}  // namespace

absl::StatusOr<v1::Asset> CatalogHandlers::GetAsset(rpc::CallContext& context,
                                                    const v1::GetAssetRequest& request) {
  const domain::AssetId id(rpc::IdIn(request.name()));
  if (request.version() < 0) return rpc::InvalidField("version", "must be 0 or more");
  if (request.min_revision() < 0) return rpc::InvalidField("min_revision", "must be 0 or more");
  ASSIGN_OR_RETURN(const cache::Entry entry,
                   d_.hot.Get(id, request.version(), request.min_revision(), context.deadline()));
  if (entry.value == nullptr) return assets::NoSuchAsset(id, request.version());
  v1::Asset asset;
  if (!asset.ParseFromString(*entry.value)) return absl::DataLossError("a cached asset is damaged");
  RETURN_IF_ERROR(CheckMayRead(context, asset, d_.clock.Now()));
  return asset;
}

std::optional<absl::StatusOr<rpc::SharedBytes>> CatalogHandlers::TryGetAsset(
    rpc::CallContext& context, const v1::GetAssetRequest& request) {
  if (request.version() < 0 || request.min_revision() < 0) return std::nullopt;
  const domain::AssetId id(rpc::IdIn(request.name()));
  std::optional<cache::Entry> entry = d_.hot.TryGet(id, request.version(), request.min_revision());
  if (!entry) return std::nullopt;
  if (entry->value == nullptr) return assets::NoSuchAsset(id, request.version());
  if (!ReadsAll(context) && !assets::RepsMayRead(*entry->value, d_.clock.Now())) {
    return NotForReps(request.name());
  }
  return std::move(entry->value);
}

absl::StatusOr<v1::BatchGetAssetsResponse> CatalogHandlers::BatchGetAssets(
    rpc::CallContext& context, const v1::BatchGetAssetsRequest& request) {
  if (request.names_size() > kMaxBatch) {
    return rpc::InvalidField(
        "names", fmt::format("has {} entries; at most {} are read at once", request.names_size(), kMaxBatch));
  }
  std::vector<domain::AssetId> ids;
  for (const std::string& name : request.names()) ids.emplace_back(rpc::IdIn(name));
  rpc::Fold(ids);
  return outbox::Read<v1::BatchGetAssetsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::BatchGetAssetsResponse> {
        v1::BatchGetAssetsResponse response;
        const absl::Time now = d_.clock.Now();
        const auto read =
            [&](const std::vector<domain::AssetId>& some) -> absl::StatusOr<std::vector<v1::Asset>> {
          std::vector<assets::Wanted> wanted;
          for (const domain::AssetId& id : some) wanted.push_back({id});
          ASSIGN_OR_RETURN(std::vector<assets::Read> found,
                           assets::ReadAssets(transaction, wanted, /*bodies=*/true));
          std::vector<v1::Asset> assets;
          for (size_t i = 0; i < found.size(); ++i) {
            if (!found[i].asset) return assets::NoSuchAsset(some[i], 0);
            RETURN_IF_ERROR(CheckMayRead(context, *found[i].asset, now));
            assets.push_back(*std::move(found[i].asset));
          }
          return assets;
        };
        RETURN_IF_ERROR((rpc::FillBatch<domain::AssetId, v1::Asset>(ids, kPiece, context.answers().most, read,
                                                                    *response.mutable_assets())));
        return response;
      });
}

}  // namespace finalmile::catalog::handlers
