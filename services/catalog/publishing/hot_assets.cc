#include "services/catalog/publishing/hot_assets.h"

#include <fmt/format.h>

#include "libs/base/status.h"
#include "services/catalog/publishing/reading.h"

namespace finalmile::catalog::publishing {
namespace {

std::string Key(std::string_view id, int64_t version) { return fmt::format("asset/{}/{}", id, version); }

}  // namespace

std::optional<cache::Entry> HotAssets::TryGet(std::string_view id, int64_t version, int64_t min_revision) {
  return cache_.TryGet(Key(id, version), min_revision);
}

absl::StatusOr<cache::Entry> HotAssets::Get(const std::string& id, int64_t version, int64_t min_revision,
                                            absl::Duration deadline) {
  auto load = [&](absl::Duration load_deadline) -> absl::StatusOr<cache::Entry> {
    cache::Entry entry;
    RETURN_IF_ERROR(database_.Transact(
        {.deadline = load_deadline, .read_only = true},
        [&](storage::Transaction& transaction) -> absl::Status {
          ASSIGN_OR_RETURN(std::vector<Read> read, ReadAssets(transaction, {{id, version}}, true));
          entry = {read[0].revision, nullptr};
          if (!read[0].asset) return absl::OkStatus();
          entry.value = std::make_shared<const std::string>(read[0].asset->SerializeAsString());
          return absl::OkStatus();
        }));
    return entry;
  };
  return cache_.Get(Key(id, version), min_revision, load, deadline);
}

// Every version of an asset says which one is published and which is the newest, so all of them have changed.
void HotAssets::Wrote(const std::vector<Changed>& changed) {
  for (const Changed& one : changed) {
    for (int64_t version = 0; version <= one.latest_version; ++version) {
      cache_.Wrote(Key(one.id, version), one.revision);
    }
  }
}

void HotAssets::Invalidate(std::string_view id, int64_t latest_version) {
  for (int64_t version = 0; version <= latest_version; ++version) cache_.Invalidate(Key(id, version));
}

}  // namespace finalmile::catalog::publishing
