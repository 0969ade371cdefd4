#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/filter.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/resource_name.h"
#include "services/catalog/assets/asset_proto.h"
#include "services/catalog/handlers/catalog_handlers.h"
#include "services/catalog/handlers/filter_fields.h"
#include "services/catalog/handlers/read_access.h"

namespace finalmile::catalog::handlers {
namespace {

using storage::Transaction;

constexpr size_t kMaxQuery = 200;
constexpr int64_t kMaxTotal = 10'000;

void AddFacet(const search::FacetCount& count, v1::SearchAssetsResponse& response) {
  const int size = response.facets_size();
  auto* facet = size > 0 && response.facets(size - 1).field() == count.facet.field
                    ? response.mutable_facets(size - 1)
                    : response.add_facets();
  facet->set_field(count.facet.field);
  auto* value = facet->add_values();
  value->set_value(count.facet.value);
  value->set_count(count.count);
}

}  // namespace

absl::StatusOr<v1::SearchAssetsResponse> CatalogHandlers::SearchAssets(
    rpc::CallContext& context, const v1::SearchAssetsRequest& request) {
  if (Trim(request.query()).empty() || Characters(request.query()) > kMaxQuery) {
    return rpc::InvalidField("query", fmt::format("must have 1 to {} characters", kMaxQuery));
  }
  ASSIGN_OR_RETURN(rpc::Page page,
                   rpc::Page::Of(context.answers(), request, {int64_t{}},
                                 {.standard = 10, .most = 100, .piece = assets::kHeadsAtOnce}));
  ASSIGN_OR_RETURN(const std::vector<rpc::FilterTerm> terms,
                   rpc::ParseFilterTerms(request.filter(), SearchFields()));
  if (request.unpublished() && !ReadsAll(context)) return NotForReps("unpublished");
  search::Query query;
  query.text = request.query();
  for (const rpc::FilterTerm& term : terms) {
    query.filters.push_back({term.field, {std::get<std::string>(term.value)}, term.differs});
  }
  const int64_t offset = page.first() ? 0 : std::get<int64_t>(page.cursor()[0]);
  if (offset < 0 || offset > kMaxTotal)
    return rpc::InvalidField("page_token", "is not one that was given out");
  query.offset = static_cast<size_t>(offset);
  query.limit = static_cast<size_t>(page.size());
  // This is read before the search: an asset that is indexed in between is found.
  const bool filling = !d_.indexes.filled;
  const search::Index& index = request.unpublished() ? *d_.indexes.newest : *d_.indexes.shelf;
  ASSIGN_OR_RETURN(const search::Answer answer, index.Search(query, context.deadline()));
  // A search among drafts says nothing of the shelf, nor does one in an index that is being filled.
  if (answer.total == 0 && query.filters.empty() && !request.unpublished() && !filling)
    d_.missed.Add(request.query());

  using Entries = std::vector<rpc::PageEntry<v1::SearchAssetsResponse::Hit>>;
  return outbox::Read<v1::SearchAssetsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::SearchAssetsResponse> {
        v1::SearchAssetsResponse response;
        size_t shown = 0;
        const auto read = [&](const rpc::Page::Cursor&, int count) -> absl::StatusOr<Entries> {
          const std::span hits = std::span(answer.hits)
                                     .subspan(shown)
                                     .first(std::min(answer.hits.size() - shown, static_cast<size_t>(count)));
          std::vector<assets::Wanted> wanted;
          for (const search::Hit& hit : hits) {
            wanted.push_back(
                {domain::AssetId(rpc::IdIn(hit.asset)), request.unpublished() ? assets::kLatest : 0});
          }
          ASSIGN_OR_RETURN(std::vector<assets::Read> found, d_.heads.ReadAssets(transaction, wanted));
          Entries entries;
          for (size_t i = 0; i < hits.size(); ++i) {
            auto& entry = entries.emplace_back();
            entry.cursor = {offset + static_cast<int64_t>(++shown)};
            if (!found[i].asset) continue;
            // The index may be a moment behind the store.
            if (!request.unpublished() && !assets::IsLive(*found[i].asset, d_.clock.Now())) continue;
            entry.item.emplace();
            *entry.item->mutable_asset() = *std::move(found[i].asset);
            entry.item->set_score(hits[i].score);
            entry.item->set_snippet(hits[i].snippet);
          }
          return entries;
        };
        ASSIGN_OR_RETURN(*response.mutable_next_page_token(), page.Fill(*response.mutable_hits(), read));
        response.set_total(std::min(answer.total, kMaxTotal));
        for (const search::FacetCount& count : answer.facets) AddFacet(count, response);
        response.set_corrected_query(answer.corrected);
        response.set_filling(filling);
        response.set_partial(answer.partial);
        const int64_t next = offset + page.size();
        if (response.next_page_token().empty() && next < response.total())
          response.set_next_page_token(page.NextToken({next}));
        return response;
      });
}

}  // namespace finalmile::catalog::handlers
