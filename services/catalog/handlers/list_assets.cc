#include <fmt/format.h>

#include <limits>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/resource_name.h"
#include "services/catalog/assets/asset_proto.h"
#include "services/catalog/domain/asset.h"
#include "services/catalog/domain/tags.h"
#include "services/catalog/handlers/catalog_handlers.h"
#include "services/catalog/handlers/filter_fields.h"
#include "services/catalog/handlers/read_access.h"
#include "services/catalog/store/version_store.h"

namespace finalmile::catalog::handlers {
namespace {

using rpc::FilterType;
using storage::Transaction;

// Versions with their long texts that a list reads at once at first; each has up to 4 MiB.
constexpr int kWholeAtOnce = 8;

rpc::FilterSchema Tagged(std::vector<rpc::FilterField> fields) {
  for (const domain::TagList& list : domain::kTagLists) {
    fields.push_back(
        {std::string(list.name),
         FilterType::kTextList,
         fmt::format("SELECT t.folded FROM asset_tags AS t WHERE t.asset = a.id AND t.field = '{}'",
                     list.name),
         {},
         domain::FoldTag});
  }
  return {std::move(fields)};
}

}  // namespace

const rpc::FilterSchema& ListFields() {
  static const auto& schema = *new rpc::FilterSchema(Tagged({
      {"kind", FilterType::kEnum, "a.kind",
       rpc::EnumWords(*v1::AssetKind_descriptor(), rpc::StoredAs::kNumber)},
      {"state", FilterType::kEnum, "a.state",
       rpc::EnumWords(*v1::AssetState_descriptor(), rpc::StoredAs::kNumber)},
      {"owner", FilterType::kText, "a.owner"},
      {"language", FilterType::kText, "a.language"},
      {"source", FilterType::kText, "a.source"},
      {"create_time", FilterType::kTimestamp, "a.create_time"},
      {"update_time", FilterType::kTimestamp, "a.update_time"},
      {"review_time", FilterType::kTimestamp, "a.review_time"},
  }));
  return schema;
}

const rpc::FilterSchema& SearchFields() {
  static const auto& schema = *new rpc::FilterSchema(Tagged({
      {"kind", FilterType::kEnum, "", rpc::EnumWords(*v1::AssetKind_descriptor(), rpc::StoredAs::kName)},
      {"language", FilterType::kText, ""},
  }));
  return schema;
}

absl::StatusOr<v1::ListAssetsResponse> CatalogHandlers::ListAssets(rpc::CallContext& context,
                                                                   const v1::ListAssetsRequest& request) {
  ASSIGN_OR_RETURN(rpc::Page page, rpc::Page::Of(context.answers(), request, {std::string()},
                                                 {.piece = assets::kHeadsAtOnce}));
  ASSIGN_OR_RETURN(store::Condition condition, rpc::CompileFilter(request.filter(), ListFields()));
  if (!ReadsAll(context)) condition = store::ReadByReps(std::move(condition), d_.clock.Now());
  using Entries = std::vector<rpc::PageEntry<v1::Asset>>;
  return outbox::Read<v1::ListAssetsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListAssetsResponse> {
        v1::ListAssetsResponse response;
        const auto read = [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
          const domain::AssetId after(cursor.empty() ? "" : std::get<std::string>(cursor[0]));
          ASSIGN_OR_RETURN(const std::vector<domain::AssetId> ids,
                           store::ListAssets(transaction, condition, after, count));
          std::vector<assets::Wanted> wanted;
          for (const domain::AssetId& id : ids) wanted.push_back({id});
          ASSIGN_OR_RETURN(std::vector<assets::Read> found,
                           assets::ReadAssets(transaction, wanted, /*bodies=*/false));
          Entries entries;
          for (size_t i = 0; i < ids.size(); ++i)
            entries.push_back({std::move(found[i].asset), {ids[i].text()}});
          return entries;
        };
        ASSIGN_OR_RETURN(*response.mutable_next_page_token(), page.Fill(*response.mutable_assets(), read));
        return response;
      });
}

absl::StatusOr<v1::ListAssetVersionsResponse> CatalogHandlers::ListAssetVersions(
    rpc::CallContext& context, const v1::ListAssetVersionsRequest& request) {
  const domain::AssetId id(rpc::IdIn(request.parent()));
  ASSIGN_OR_RETURN(rpc::Page page,
                   rpc::Page::Of(context.answers(), request, {int64_t{}}, {.piece = kWholeAtOnce}));
  using Entries = std::vector<rpc::PageEntry<v1::Asset>>;
  return outbox::Read<v1::ListAssetVersionsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListAssetVersionsResponse> {
        v1::ListAssetVersionsResponse response;
        ASSIGN_OR_RETURN(const std::vector<store::AssetRow> rows, store::ReadAssets(transaction, {id}));
        if (rows.empty()) return rpc::NotFound(request.parent(), "asset");
        const auto read = [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
          const int64_t before =
              cursor.empty() ? std::numeric_limits<int64_t>::max() : std::get<int64_t>(cursor[0]);
          ASSIGN_OR_RETURN(const std::vector<store::VersionRow> versions,
                           store::ListVersions(transaction, id, before, count));
          Entries entries;
          for (const store::VersionRow& version : versions) {
            ASSIGN_OR_RETURN(v1::Asset asset, assets::ToProto(rows[0], version));
            entries.push_back({std::move(asset), {version.version}});
          }
          return entries;
        };
        ASSIGN_OR_RETURN(*response.mutable_next_page_token(), page.Fill(*response.mutable_versions(), read));
        return response;
      });
}

}  // namespace finalmile::catalog::handlers
