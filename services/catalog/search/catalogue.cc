#include "services/catalog/search/catalogue.h"

#include <algorithm>

#include "libs/base/text.h"

namespace finalmile::catalog::search {
namespace {

constexpr size_t kMaxFacetValues = 20;

}  // namespace

uint64_t Searches::Enter() {
  const std::lock_guard lock(mutex_);
  return *running_.insert(epoch_);
}

void Searches::Leave(uint64_t epoch) {
  const std::lock_guard lock(mutex_);
  running_.erase(running_.find(epoch));
}

uint64_t Searches::Advance() {
  const std::lock_guard lock(mutex_);
  return ++epoch_;
}

uint64_t Searches::Oldest() const {
  const std::lock_guard lock(mutex_);
  return running_.empty() ? epoch_ : *running_.begin();
}

void Catalogue::Add(int64_t id, const Document& document) {
  Entry entry = {document.asset, document.version, document.language, {}, 0};
  for (const Facet& facet : document.facets) {
    const auto [found, is_new] = facet_positions_.emplace(facet, static_cast<uint32_t>(facets_.size()));
    if (is_new) facets_.push_back(&found->first);
    entry.facets.push_back(found->second);
  }
  std::sort(entry.facets.begin(), entry.facets.end());
  entry.facets.erase(std::unique(entry.facets.begin(), entry.facets.end()), entry.facets.end());
  entries_.emplace(id, std::move(entry));
  highest_id_ = std::max(highest_id_, id);
}

void Catalogue::Withdraw(int64_t id) { entries_.erase(id); }

void Catalogue::Commit(std::span<const int64_t> added, std::span<const int64_t> removed, Searches& searches) {
  const uint64_t epoch = searches.Advance();
  for (const int64_t id : removed) {
    Entry& entry = entries_.at(id);
    entry.replaced = epoch;
    replaced_.push_back(id);
    if (const auto current = current_.find(entry.asset); current != current_.end() && current->second == id) {
      current_.erase(current);
      if (--languages_[entry.language] == 0) languages_.erase(entry.language);
    }
  }
  for (const int64_t id : added) {
    const Entry& entry = entries_.at(id);
    if (entry.replaced != 0) continue;
    current_[entry.asset] = id;
    ++languages_[entry.language];
  }
  const uint64_t oldest = searches.Oldest();
  std::erase_if(replaced_, [&](int64_t id) {
    const auto found = entries_.find(id);
    if (found->second.replaced > oldest) return false;
    entries_.erase(found);
    return true;
  });
}

int64_t Catalogue::IdOf(std::string_view asset) const {
  const auto found = current_.find(asset);
  return found == current_.end() ? 0 : found->second;
}

const Catalogue::Entry* Catalogue::Find(int64_t id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

std::vector<std::string> Catalogue::Languages() const {
  std::vector<std::string> languages;
  for (const auto& [language, count] : languages_) languages.push_back(language);
  return languages;
}

void Catalogue::Filter(std::span<const FacetFilter> filters, std::vector<Scored>& rows) const {
  struct Positions {
    std::vector<uint32_t> wanted;
    bool exclude;
  };
  std::vector<Positions> all;
  for (const FacetFilter& filter : filters) {
    Positions positions = {{}, filter.exclude};
    for (const Facet* facet : facets_) {
      if (facet->field != filter.field) continue;
      if (std::any_of(filter.values.begin(), filter.values.end(),
                      [&](const std::string& value) { return EqualsIgnoringCase(value, facet->value); })) {
        positions.wanted.push_back(facet_positions_.at(*facet));
      }
    }
    all.push_back(std::move(positions));
  }
  std::erase_if(rows, [&](const Scored& row) {
    const Entry* entry = Find(row.id);
    if (entry == nullptr) return true;
    return std::any_of(all.begin(), all.end(), [&](const Positions& positions) {
      const bool has = std::any_of(positions.wanted.begin(), positions.wanted.end(), [&](uint32_t position) {
        return std::binary_search(entry->facets.begin(), entry->facets.end(), position);
      });
      return has == positions.exclude;
    });
  });
}

std::vector<FacetCount> Catalogue::CountFacets(std::span<const Scored> rows) const {
  std::vector<int64_t> counts(facets_.size());
  for (const Scored& row : rows) {
    for (const uint32_t position : Find(row.id)->facets) ++counts[position];
  }
  std::vector<FacetCount> found;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) found.push_back({*facets_[i], counts[i]});
  }
  std::sort(found.begin(), found.end(), [](const FacetCount& a, const FacetCount& b) {
    if (a.facet.field != b.facet.field) return a.facet.field < b.facet.field;
    return a.count != b.count ? a.count > b.count : a.facet.value < b.facet.value;
  });
  size_t values = 0;
  std::string_view field;
  std::erase_if(found, [&](const FacetCount& count) {
    values = count.facet.field == field ? values + 1 : 1;
    field = facet_positions_.find(count.facet)->first.field;
    return values > kMaxFacetValues;
  });
  return found;
}

void Catalogue::SortBest(size_t count, std::vector<Scored>& rows) const {
  count = std::min(count, rows.size());
  std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count), rows.end(),
                    [&](const Scored& a, const Scored& b) {
                      if (a.score != b.score) return a.score > b.score;
                      return Find(a.id)->asset < Find(b.id)->asset;
                    });
}

}  // namespace finalmile::catalog::search
