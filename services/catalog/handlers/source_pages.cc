#include "services/catalog/handlers/source_pages.h"

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/storage/transact.h"
#include "services/catalog/import/page.h"
#include "services/catalog/store/asset_store.h"

namespace finalmile::catalog::handlers {
namespace {

constexpr int kReadAtOnce = 2'000;

}  // namespace

absl::Status SourcePages::Load(storage::Database& database, std::string_view source,
                               absl::Duration deadline) {
  source_ = std::string(source);
  domain::AssetId after;
  for (bool more = true; more;) {
    ASSIGN_OR_RETURN(const std::vector<store::SourcePage> pages,
                     storage::Read(database, deadline, [&](storage::Transaction& transaction) {
                       return store::PagesOfSource(transaction, source, after, kReadAtOnce);
                     }));
    for (const store::SourcePage& page : pages) {
      by_path_.emplace(page.path, page.id);
      by_digest_.emplace(page.digest, page.path);
      ids_.insert(page.id);
    }
    more = static_cast<int>(pages.size()) == kReadAtOnce;
    if (more) after = pages.back().id;
  }
  return absl::OkStatus();
}

absl::Status SourcePages::List(std::string path) {
  if (listed_.size() >= kMaxListing)
    return rpc::InvalidField("listing", fmt::format("a folder has at most {} pages", kMaxListing));
  listed_.insert(std::move(path));
  return absl::OkStatus();
}

SourcePages::Asset SourcePages::Find(const std::string& path, const std::vector<std::string>& digests) {
  if (const auto known = by_path_.find(path); known != by_path_.end()) return {known->second, ""};
  for (const std::string& digest : digests) {
    if (listed_.empty()) break;
    const auto [begin, end] = by_digest_.equal_range(digest);
    for (auto same = begin; same != end; ++same) {
      const auto before = by_path_.find(same->second);
      // Another page took it over.
      if (before == by_path_.end() || listed_.contains(before->first)) continue;
      Asset asset{before->second, before->first};
      by_path_.erase(before);
      return asset;
    }
  }
  int attempt = 0;
  domain::AssetId id = import::AssetIdOf(source_, path);
  while (ids_.contains(id)) id = import::AssetIdOf(source_, path, ++attempt);
  ids_.insert(id);
  return {std::move(id), ""};
}

}  // namespace finalmile::catalog::handlers
