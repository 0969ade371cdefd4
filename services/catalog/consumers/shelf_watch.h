#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/step.h"
#include "libs/events/event_log.h"
#include "libs/storage/database.h"
#include "services/catalog/assets/hot_assets.h"
#include "services/catalog/domain/asset_id.h"
#include "services/catalog/search/indexes.h"

namespace finalmile::catalog::consumers {

// Keeps this process's search indexes, and what it holds of hot assets, in step with the store: first looks
// through all assets, then follows the catalog's events. Events only say which asset to look at: what is
// indexed is read from the store, so their order and repetition do not matter. Tags that an older program
// wrote are written anew on the way.
class ShelfWatch final : public Step {
 public:
  // The references outlive the step.
  ShelfWatch(events::EventLog& events, storage::Database& database, search::Indexes& indexes,
             assets::HotAssets& hot, Clock& clock, Log& log);

  std::string_view name() const override { return "catalog.shelf_watch"; }
  absl::Duration Run() override;
  WaitEvent& wake() override { return *wake_; }

 private:
  absl::StatusOr<absl::Duration> Follow();
  // Looks at the next assets of the first pass; false: there are none left.
  absl::StatusOr<bool> LookThrough(absl::Duration deadline);
  // Brings the indexes in step with the store for these assets, and where they have `changed` what is held of
  // them.
  absl::Status Refresh(const std::vector<domain::AssetId>& ids, bool changed, absl::Duration deadline);

  events::EventLog& events_;
  storage::Database& database_;
  search::Indexes& indexes_;
  assets::HotAssets& hot_;
  Clock& clock_;
  Log& log_;
  const std::unique_ptr<WaitEvent> wake_;
  std::unique_ptr<events::Tail> tail_;
  // Where the first pass is; nullopt: it is over.
  std::optional<domain::AssetId> pass_ = domain::AssetId();
  // Assets that events have named and that were not looked at yet.
  std::set<domain::AssetId> pending_;
  // Published for later, by the time at which reps may use them.
  std::set<std::pair<absl::Time, domain::AssetId>> upcoming_;
};

}  // namespace finalmile::catalog::consumers
