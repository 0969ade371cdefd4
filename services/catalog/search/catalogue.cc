#include "services/catalog/search/catalogue.h"

#include <algorithm>

#include "libs/text/words.h"

namespace finalmile::catalog::search {
namespace {

constexpr size_t kMaxFacetValues = 20;

Facet Folded(std::string_view field, std::string_view value) {
  return {std::string(field), text::Fold(value)};
}

}  // namespace

void Catalogue::Add(const Document& document) {
  const auto number = static_cast<uint32_t>(entries_.size());
  entries_.push_back({document.asset, document.version, document.language});
  const size_t begin = facets_.size();
  for (const Facet& facet : document.facets) {
    const auto [found, is_new] =
        facet_positions_.emplace(Folded(facet.field, facet.value), static_cast<uint32_t>(all_facets_.size()));
    if (is_new) all_facets_.push_back(facet);
    facets_.push_back(found->second);
  }
  const auto mine = facets_.begin() + static_cast<std::ptrdiff_t>(begin);
  std::sort(mine, facets_.end());
  facets_.erase(std::unique(mine, facets_.end()), facets_.end());
  ends_.push_back(facets_.size());
  numbers_[document.asset] = number;
  ++languages_[document.language];
}

void Catalogue::Remove(uint32_t document) {
  Entry& entry = entries_[document];
  numbers_.erase(entry.asset);
  if (--languages_[entry.language] == 0) languages_.erase(entry.language);
  entry = Entry();
}

void Catalogue::Compact() {
  Catalogue kept;
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.asset.empty()) continue;
    Document document;
    document.asset = entry.asset;
    document.version = entry.version;
    document.language = entry.language;
    for (const uint32_t position : FacetsOf(i)) document.facets.push_back(all_facets_[position]);
    kept.Add(document);
  }
  *this = std::move(kept);
}

std::optional<uint32_t> Catalogue::Find(std::string_view asset) const {
  const auto found = numbers_.find(asset);
  if (found == numbers_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> Catalogue::Languages() const {
  std::vector<std::string> languages;
  for (const auto& [language, count] : languages_) languages.push_back(language);
  return languages;
}

void Catalogue::Filter(std::span<const FacetFilter> filters, std::vector<Scored>& found) const {
  if (filters.empty()) return;
  struct Positions {
    std::vector<uint32_t> wanted;
    bool exclude;
  };
  std::vector<Positions> all;
  for (const FacetFilter& filter : filters) {
    Positions positions = {{}, filter.exclude};
    for (const std::string& value : filter.values) {
      const auto found = facet_positions_.find(Folded(filter.field, value));
      if (found != facet_positions_.end()) positions.wanted.push_back(found->second);
    }
    all.push_back(std::move(positions));
  }
  std::erase_if(found, [&](const Scored& scored) {
    const std::span<const uint32_t> facets = FacetsOf(scored.document);
    return std::any_of(all.begin(), all.end(), [&](const Positions& positions) {
      const bool has = std::any_of(positions.wanted.begin(), positions.wanted.end(), [&](uint32_t position) {
        return std::binary_search(facets.begin(), facets.end(), position);
      });
      return has == positions.exclude;
    });
  });
}

std::vector<FacetCount> Catalogue::CountFacets(std::span<const Scored> found) const {
  std::vector<int64_t> counts(all_facets_.size());
  for (const Scored& scored : found) {
    for (const uint32_t position : FacetsOf(scored.document)) ++counts[position];
  }
  std::vector<FacetCount> facets;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) facets.push_back({all_facets_[i], counts[i]});
  }
  std::sort(facets.begin(), facets.end(), [](const FacetCount& a, const FacetCount& b) {
    if (a.facet.field != b.facet.field) return a.facet.field < b.facet.field;
    return a.count != b.count ? a.count > b.count : a.facet.value < b.facet.value;
  });
  size_t values = 0;
  std::string field;
  std::erase_if(facets, [&](const FacetCount& count) {
    values = count.facet.field == field ? values + 1 : 1;
    field = count.facet.field;
    return values > kMaxFacetValues;
  });
  return facets;
}

void Catalogue::SortBest(size_t count, std::vector<Scored>& found) const {
  count = std::min(count, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count), found.end(),
                    [&](const Scored& a, const Scored& b) {
                      if (a.score != b.score) return a.score > b.score;
                      return at(a.document).asset < at(b.document).asset;
                    });
}

}  // namespace finalmile::catalog::search
