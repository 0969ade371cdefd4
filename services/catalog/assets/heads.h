#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "libs/storage/database.h"
#include "services/catalog/assets/read_assets.h"
#include "services/catalog/domain/asset_id.h"

namespace finalmile::catalog::assets {

// Assets without their long texts, as hits of searches show them, kept in the memory of this process. The
// store alone says whether one that is kept is current, so that nothing has to be dropped when an asset
// changes. Those read last are kept, up to a number of bytes. Thread-safe.
class Heads {
 public:
  // An asset of which more would be kept for one of its versions is read each time.
  static constexpr size_t kMostBytes = 16 << 10;

  // `bytes`: the most that are kept, in all.
  explicit Heads(size_t bytes) : most_bytes_(bytes) {}

  // As ReadAssets without bodies, and from the same snapshot. The store is asked for the revision of what is
  // kept, and for the whole of what is not kept or has changed.
  absl::StatusOr<std::vector<Read>> ReadAssets(storage::Transaction& transaction,
                                               const std::vector<Wanted>& wanted);

 private:
  // As in Wanted.
  using Key = std::pair<std::string, int64_t>;
  // A serialised v1::Asset.
  using Bytes = std::shared_ptr<const std::string>;
  struct Head {
    Key key;
    Bytes bytes;
  };

  static Key KeyOf(const Wanted& one) { return {one.id.text(), one.version}; }
  static size_t SizeOf(const Head& head);
  // What is kept of each, in order, which may be out of date; null: nothing.
  std::vector<Bytes> Find(const std::vector<Wanted>& wanted);
  void Keep(Head head);
  void Drop(std::list<Head>::iterator head);

  const size_t most_bytes_;
  std::mutex mutex_;
  // The one read last comes first.
  std::list<Head> heads_;
  absl::flat_hash_map<Key, std::list<Head>::iterator> places_;
  size_t bytes_ = 0;
};

}  // namespace finalmile::catalog::assets
