#include <fmt/format.h>

#include <algorithm>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/filter.h"
#include "libs/rpc/paging.h"
#include "services/catalog/handlers/catalog_handlers.h"
#include "services/catalog/handlers/fields.h"
#include "services/catalog/handlers/sight.h"
#include "services/catalog/publishing/convert.h"

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
  ASSIGN_OR_RETURN(rpc::Page page, rpc::Page::Of(request, {int64_t{}}, {.standard = 10, .most = 100}));
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
  // Asked first: what is looked at meanwhile is found.
  const bool filling = !d_.indexes.filled;
  const search::Index& index = request.unpublished() ? *d_.indexes.newest : *d_.indexes.shelf;
  ASSIGN_OR_RETURN(const search::Answer answer, index.Search(query, context.deadline()));
  // What is looked for among drafts is no gap of the shelf, nor is what an index does not know yet.
  if (answer.total == 0 && query.filters.empty() && !request.unpublished() && !filling)
    d_.missed.Add(request.query());

  std::vector<publishing::Wanted> wanted;
  for (const search::Hit& hit : answer.hits) {
    wanted.push_back(
        {hit.asset.substr(sizeof("assets/") - 1), request.unpublished() ? publishing::kLatest : 0});
  }
  return outbox::Read<v1::SearchAssetsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::SearchAssetsResponse> {
        v1::SearchAssetsResponse response;
        ASSIGN_OR_RETURN(std::vector<publishing::Read> read,
                         publishing::ReadAssets(transaction, wanted, /*bodies=*/false));
        for (size_t i = 0; i < read.size(); ++i) {
          if (!read[i].asset) continue;
          // The index may be a moment behind the store.
          if (!request.unpublished() && !publishing::IsLive(*read[i].asset, d_.clock.Now())) continue;
          v1::SearchAssetsResponse::Hit& hit = *response.add_hits();
          *hit.mutable_asset() = *std::move(read[i].asset);
          hit.set_score(answer.hits[i].score);
          hit.set_snippet(answer.hits[i].snippet);
        }
        response.set_total(std::min(answer.total, kMaxTotal));
        for (const search::FacetCount& count : answer.facets) AddFacet(count, response);
        response.set_corrected_query(answer.corrected);
        response.set_filling(filling);
        const int64_t next = offset + page.size();
        if (next < response.total()) response.set_next_page_token(page.NextToken({next}));
        return response;
      });
}

}  // namespace finalmile::catalog::handlers
