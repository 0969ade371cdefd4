#include "services/finalmile/commands/show_search.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/finalmile/commands/show.h"
#include "services/finalmile/commands/show_assets.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

using catalog::v1::SearchAssetsResponse;

constexpr int kShownValues = 4;

// "kind: deck 3, demo 1"; empty when it does not tell the hits apart.
std::string FacetText(const SearchAssetsResponse::Facet& facet) {
  if (facet.values_size() < 2) return "";
  std::string text;
  for (int i = 0; i < std::min(kShownValues, facet.values_size()); ++i) {
    const auto& value = facet.values(i);
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ",
                        facet.field() == "kind" ? EnumText(value.value(), "ASSET_KIND_") : value.value(),
                        FormatCount(value.count()));
  }
  if (facet.values_size() > kShownValues) text += ", …";
  return fmt::format("{}: {}", facet.field(), text);
}

}  // namespace

void ShowHits(const SearchAssetsResponse& response, bool states, Output& output) {
  if (!response.corrected_query().empty()) {
    output.Line(
        fmt::format("Did you mean \"{}\"? That is what was searched for.", response.corrected_query()));
    output.Line();
  }
  if (response.partial()) {
    output.Line("Nothing has all of these words; what has most of them comes first.");
    output.Line();
  }
  for (const SearchAssetsResponse::Hit& hit : response.hits()) {
    const std::string state = states ? StateText(hit.asset()) + "  " : "";
    output.Marked(fmt::format("\x02{}\x03  {}  {}{}", hit.asset().title(), KindText(hit.asset().kind()),
                              state, hit.asset().name()));
    if (!hit.snippet().empty()) output.Marked(fmt::format("  {}", hit.snippet()));
    output.Line();
  }
  if (response.hits().empty()) return;
  output.Line(fmt::format("{} of {}", FormatCount(response.hits_size()),
                          FormatCount(std::max<int64_t>(response.total(), response.hits_size()))));
  std::string facets;
  for (const SearchAssetsResponse::Facet& facet : response.facets()) {
    if (const std::string text = FacetText(facet); !text.empty())
      facets += fmt::format("{}{}", facets.empty() ? "" : "; ", text);
  }
  if (!facets.empty()) output.Line(facets);
}

void ShowRendered(const catalog::v1::RenderAssetResponse& rendered, Output& output) {
  output.Line(rendered.subject().empty() ? rendered.title() : fmt::format("Subject: {}", rendered.subject()));
  output.Line();
  ShowText(rendered.body(), output);
}

}  // namespace finalmile::cli
