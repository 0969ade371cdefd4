#include <fmt/format.h>

#include <limits>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/paging.h"
#include "services/catalog/domain/asset.h"
#include "services/catalog/handlers/catalog_handlers.h"
#include "services/catalog/handlers/fields.h"
#include "services/catalog/handlers/sight.h"
#include "services/catalog/publishing/convert.h"

namespace finalmile::catalog::handlers {
namespace {

using rpc::FilterType;
using storage::Transaction;

rpc::FilterSchema Tagged(std::vector<rpc::FilterField> fields) {
  for (const domain::TagList& list : domain::kTagLists) {
    fields.push_back(
        {std::string(list.name), FilterType::kTextList,
         fmt::format("SELECT t.value FROM asset_tags AS t WHERE t.asset = a.id AND t.field = '{}'",
                     list.name)});
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
  ASSIGN_OR_RETURN(rpc::Page page, rpc::Page::Of(request, {std::string()}));
  ASSIGN_OR_RETURN(store::Condition condition, rpc::CompileFilter(request.filter(), ListFields()));
  if (!ReadsAll(context)) condition = store::ReadByReps(std::move(condition), d_.clock.Now());
  const std::string after = page.first() ? std::string() : std::get<std::string>(page.cursor()[0]);
  return outbox::Read<v1::ListAssetsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListAssetsResponse> {
        v1::ListAssetsResponse response;
        ASSIGN_OR_RETURN(std::vector<std::string> ids,
                         store::ListAssets(transaction, condition, after, page.size() + 1));
        const bool more = page.Cut(ids);
        std::vector<publishing::Wanted> wanted;
        for (const std::string& id : ids) wanted.push_back({id});
        ASSIGN_OR_RETURN(std::vector<publishing::Read> read,
                         publishing::ReadAssets(transaction, wanted, /*bodies=*/false));
        for (publishing::Read& one : read) {
          if (one.asset) *response.add_assets() = *std::move(one.asset);
        }
        if (more) response.set_next_page_token(page.NextToken({ids.back()}));
        return response;
      });
}

absl::StatusOr<v1::ListAssetVersionsResponse> CatalogHandlers::ListAssetVersions(
    rpc::CallContext& context, const v1::ListAssetVersionsRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, AssetId(request.parent(), "parent"));
  ASSIGN_OR_RETURN(rpc::Page page, rpc::Page::Of(request, {int64_t{}}));
  const int64_t before =
      page.first() ? std::numeric_limits<int64_t>::max() : std::get<int64_t>(page.cursor()[0]);
  return outbox::Read<v1::ListAssetVersionsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListAssetVersionsResponse> {
        v1::ListAssetVersionsResponse response;
        ASSIGN_OR_RETURN(const std::vector<store::AssetRow> rows, store::ReadAssets(transaction, {id}));
        if (rows.empty()) return rpc::NotFound(request.parent(), "asset");
        ASSIGN_OR_RETURN(std::vector<store::VersionRow> versions,
                         store::ListVersions(transaction, id, before, page.size() + 1));
        const bool more = page.Cut(versions);
        for (const store::VersionRow& version : versions) {
          ASSIGN_OR_RETURN(*response.add_versions(), publishing::ToProto(rows[0], version));
        }
        if (more) response.set_next_page_token(page.NextToken({versions.back().version}));
        return response;
      });
}

}  // namespace finalmile::catalog::handlers
