#include "services/finalmile/commands/show_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "absl/strings/ascii.h"
#include "services/finalmile/commands/show.h"
#include "services/finalmile/commands/show_assets.h"
#include "services/finalmile/output/format.h"

namespace finalmile::cli {
namespace {

using catalog::v1::SearchAssetsResponse;

constexpr int kShownValues = 4;

// "kind: deck 3, demo 1"; empty when it does not tell the hits apart.
std::string FacetText(const SearchAssetsResponse::Facet& facet, int64_t total) {
  const bool tells = std::any_of(facet.values().begin(), facet.values().end(),
                                 [total](const auto& value) { return value.count() < total; });
  if (facet.values_size() < 2 || !tells) return "";
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

// "phone_script.objections[1].answer" is "Objection 2, answer".
std::string PartLabel(std::string_view path) {
  path.remove_prefix(std::min(path.find('.') + 1, path.size()));
  std::string label;
  for (size_t at = 0; at < path.size(); ++at) {
    if (path[at] == '[') {
      const size_t close = std::min(path.find(']', at), path.size() - 1);
      int number = 0;
      std::from_chars(path.data() + at + 1, path.data() + close, number);
      if (label.ends_with('s')) label.pop_back();
      label += fmt::format(" {}", number + 1);
      at = close;
    } else if (path[at] == '.') {
      label += ", ";
    } else {
      label += path[at] == '_' ? ' ' : path[at];
    }
  }
  if (!label.empty()) label[0] = absl::ascii_toupper(static_cast<unsigned char>(label[0]));
  return label;
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
    const std::string state = states ? StateText(hit.asset(), output) + "  " : "";
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
    if (const std::string text = FacetText(facet, response.total()); !text.empty())
      facets += fmt::format("{}{}", facets.empty() ? "" : "; ", text);
  }
  if (!facets.empty()) output.Line(facets);
}

void ShowRendered(const catalog::v1::RenderAssetResponse& rendered, Output& output) {
  output.Line(rendered.subject().empty() ? rendered.title() : fmt::format("Subject: {}", rendered.subject()));
  output.Line();
  ShowText(rendered.body(), output);
  if (!rendered.parts().empty()) output.Line();
  for (const auto& part : rendered.parts())
    output.Line(fmt::format("{}: {}", PartLabel(part.path()), part.text()));
}

}  // namespace finalmile::cli
