#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "libs/outbox/aggregates.h"
#include "libs/storage/database.h"
#include "services/catalog/domain/asset_id.h"
#include "services/catalog/store/asset_store.h"
#include "services/catalog/usage/domain/lead.h"
#include "services/catalog/usage/store/gap_store.h"

namespace finalmile::catalog::usage {

// Records in one transaction how assets are used, without changing them, and how gaps change: locks their
// rows, counts their events, writes. An asset's revision stays as it was, and so do its hot copies. Lives
// inside one transaction; not thread-safe.
//
// To keep clear of deadlocks, a lead is locked before assets and these before gaps, each once per batch and
// in order of id.
class UsageBatch {
 public:
  // The references outlive the batch.
  UsageBatch(storage::Transaction& transaction, outbox::EventContext context)
      : transaction_(transaction),
        context_(context),
        assets_(transaction, catalog::store::kAssets, "assets/", context),
        gaps_(transaction, store::kGaps, "gaps/", context) {}

  storage::Transaction& transaction() { return transaction_; }
  const outbox::EventContext& context() const { return context_; }

  // Locks the row of a lead, which it inserts where it is absent. Comes before anything is written that names
  // the lead, and before all other locks. What is written names `name`: another than `lead` where that was
  // merged. FAILED_PRECONDITION / LEAD_ERASED.
  struct LockedLead {
    domain::LeadName name;
    domain::Lead lead;
  };
  absl::StatusOr<LockedLead> InsertAndLockLead(const domain::LeadName& lead);
  // Absent ones are left out.
  absl::Status LockAssets(std::vector<catalog::domain::AssetId> ids) { return assets_.Lock(std::move(ids)); }
  // A locked asset; null when it is absent.
  const catalog::store::AssetRow* Asset(const catalog::domain::AssetId& id) const;
  // The next event of a locked asset; `time` is when it happened.
  v1::CatalogEvent& Emit(const catalog::domain::AssetId& asset, absl::Time time);

  // Absent ones are left out.
  absl::Status LockGaps(std::vector<std::string> ids) { return gaps_.Lock(std::move(ids)); }
  // Locks the gaps that a shipped asset has not closed yet.
  absl::Status LockShipped(const catalog::domain::AssetId& asset);
  // Locks the gaps that `drafts` describe (id, need, situation, competitor, persona, kind, origin) and
  // inserts those that are absent. A new one has to be asked for.
  absl::Status InsertAndLockGaps(std::vector<store::GapRow> drafts);
  // The same for one that is not of a search; null where it is absent and kMaxOpenGaps are open.
  absl::StatusOr<store::GapRow*> InsertAndLockGap(const store::GapRow& draft);
  // A locked gap, to be changed by Ask or Answer; null when it is absent.
  store::GapRow* Gap(const std::string& id);
  std::vector<std::string> LockedGaps() const;

  // Somebody asks, `times` times (1 or more); `asker` may be empty. GapOpened where it is new.
  void Ask(store::GapRow& gap, std::string_view asker, int64_t times = 1);
  // A transition of domain/gap.h; its refusal comes as an error with its reason.
  absl::Status Answer(store::GapRow& gap, const std::function<absl::Status(domain::Gap&)>& transition);
  v1::CatalogEvent& EmitOf(store::GapRow& gap, absl::Time time);
  // An asset was used: those of the locked gaps that it was shipped for are closed, with GapClosed.
  void CloseShipped(const catalog::domain::AssetId& asset, absl::Time time);

  // Erases what was typed of a locked, closed gap when it has been closed since `before` or longer. One
  // without a close time is closed now.
  void EraseWords(store::GapRow& gap, absl::Time before);

  // Writes gaps and events.
  absl::Status Write();

 private:
  storage::Transaction& transaction_;
  const outbox::EventContext context_;
  outbox::Aggregates<catalog::store::AssetRow, v1::CatalogEvent> assets_;
  outbox::Aggregates<store::GapRow, v1::CatalogEvent> gaps_;
};

// The name of a gap, and the message that callers are shown.
std::string GapName(std::string_view id);
v1::Gap ToProto(const store::GapRow& gap);

}  // namespace finalmile::catalog::usage
