#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "services/catalog/search/index.h"

namespace finalmile::catalog::search {

// A matching row of the index.
struct Scored {
  int64_t id = 0;
  double score = 0;
};

// Which searches are running, since which commit. Thread-safe.
class Searches {
 public:
  // Around a search; pass to Leave what Enter gave.
  uint64_t Enter();
  void Leave(uint64_t epoch);

  // A commit: begins the next epoch, which it returns.
  uint64_t Advance();
  // Of the oldest search running; the present one where none is.
  uint64_t Oldest() const;

 private:
  mutable std::mutex mutex_;
  uint64_t epoch_ = 1;
  std::multiset<uint64_t> running_;
};

// What of the index is in memory: which row is which version of which asset, and its facets. Not thread-safe.
//
// A search reads rows of a snapshot of the database while this moves on. So a row is known here before it is
// committed, and stays known after it was replaced until no search that began before is running.
class Catalogue {
 public:
  struct Entry {
    std::string asset;
    int64_t version = 0;
    std::string language;
    // Positions in the list of all facets.
    std::vector<uint32_t> facets;
    // The epoch that began when it was replaced; 0: it is current.
    uint64_t replaced = 0;
  };

  // Makes a row known that is about to be committed.
  void Add(int64_t id, const Document& document);
  // The row was not committed after all.
  void Withdraw(int64_t id);
  // Committed: `added` are the rows of their assets from now on, `removed` no longer.
  void Commit(std::span<const int64_t> added, std::span<const int64_t> removed, Searches& searches);

  // The current row of an asset; 0: none.
  int64_t IdOf(std::string_view asset) const;
  // Null: not known.
  const Entry* Find(int64_t id) const;
  size_t size() const { return current_.size(); }
  int64_t highest_id() const { return highest_id_; }
  // Of the current rows, in order.
  std::vector<std::string> Languages() const;

  // Keeps the known rows that pass the filters.
  void Filter(std::span<const FacetFilter> filters, std::vector<Scored>& rows) const;
  std::vector<FacetCount> CountFacets(std::span<const Scored> rows) const;
  // Puts the best `count` rows first, in order: by score, then by name.
  void SortBest(size_t count, std::vector<Scored>& rows) const;

 private:
  std::unordered_map<int64_t, Entry> entries_;
  std::map<std::string, int64_t, std::less<>> current_;
  std::map<std::string, int64_t, std::less<>> languages_;
  std::map<Facet, uint32_t> facet_positions_;
  std::vector<const Facet*> facets_;
  int64_t highest_id_ = 0;

  std::vector<int64_t> replaced_;
};

}  // namespace finalmile::catalog::search
