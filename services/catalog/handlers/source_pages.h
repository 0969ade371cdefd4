#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/catalog/domain/asset_id.h"

namespace finalmile::catalog::handlers {

inline constexpr int kMaxListed = 1'000;
inline constexpr size_t kMaxListing = 200'000;

// Which asset a page of a source is: the one that was made of the page at its path, else one whose page is no
// longer listed and had the same digest, which was renamed, else a new one. Not thread-safe.
class SourcePages {
 public:
  struct Asset {
    domain::AssetId id;
    // The path that its page had until now; empty: it was not renamed.
    std::string renamed_from;
  };

  // Reads where the assets of `source` were found; once. Memory grows with them. `deadline` is a steady time.
  absl::Status Load(storage::Database& database, std::string_view source, absl::Duration deadline);
  // The path of a page that the folder has now. INVALID_ARGUMENT above kMaxListing.
  absl::Status List(std::string path);
  // The asset of the page at `path`, which may have any of `digests`; each path once.
  Asset Find(const std::string& path, const std::vector<std::string>& digests);

 private:
  std::string source_;
  // path → id
  std::map<std::string, domain::AssetId, std::less<>> by_path_;
  absl::flat_hash_set<domain::AssetId> ids_;
  // digest → paths
  std::multimap<std::string, std::string> by_digest_;
  std::set<std::string, std::less<>> listed_;
};

}  // namespace finalmile::catalog::handlers
