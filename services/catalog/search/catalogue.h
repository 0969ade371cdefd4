#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "services/catalog/search/index.h"
#include "services/catalog/search/postings.h"

namespace finalmile::catalog::search {

// Names and facets of the documents, in memory beside their terms, under the numbers of Postings. Not
// thread-safe; const members may run beside each other.
class Catalogue {
 public:
  struct Entry {
    std::string asset;
    int64_t version = 0;
    std::string language;
  };

  // Under the next number, from 0, as Postings gives them.
  void Add(const Document& document);
  void Remove(uint32_t document);
  // As Postings::Compact.
  void Compact();

  std::optional<uint32_t> Find(std::string_view asset) const;
  const Entry& at(uint32_t document) const { return entries_[document]; }
  size_t size() const { return numbers_.size(); }
  // The languages of the documents, in order.
  std::vector<std::string> Languages() const;

  // Keeps what passes the filters.
  void Filter(std::span<const FacetFilter> filters, std::vector<Scored>& found) const;
  std::vector<FacetCount> CountFacets(std::span<const Scored> found) const;
  // Puts the best `count` first, in order: by score, then by name.
  void SortBest(size_t count, std::vector<Scored>& found) const;

 private:
  // Positions in the list of all facets, in order.
  std::span<const uint32_t> FacetsOf(uint32_t document) const {
    return {facets_.data() + ends_[document], facets_.data() + ends_[document + 1]};
  }

  std::vector<Entry> entries_;
  std::map<std::string, uint32_t, std::less<>> numbers_;
  std::map<std::string, int64_t, std::less<>> languages_;
  // Each facet once, as it was first written; by field and folded value, where it is.
  std::vector<Facet> all_facets_;
  std::map<Facet, uint32_t> facet_positions_;
  // Those of all documents, one after the other, and where each document's end, after a 0.
  std::vector<uint32_t> facets_;
  std::vector<size_t> ends_ = {0};
};

}  // namespace finalmile::catalog::search
