#include "services/catalog/usage/usage_batch.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/etag.h"
#include "libs/storage/columns.h"
#include "services/catalog/assets/asset_batch.h"
#include "services/catalog/assets/kind_details.h"
#include "services/catalog/domain/refusal.h"
#include "services/catalog/usage/retention.h"
#include "services/catalog/usage/store/lead_store.h"
#include "services/catalog/usage/store/use_store.h"

namespace finalmile::catalog::usage {

absl::StatusOr<UsageBatch::LockedLead> UsageBatch::InsertAndLockLead(const domain::LeadName& lead) {
  ASSIGN_OR_RETURN(store::Leads leads, store::InsertAndLockLeads(transaction_, {lead}, context_.now));
  const domain::LeadName& name = store::CurrentName(leads, lead);
  if (!leads.at(name).erased) return LockedLead{name, leads.at(name)};
  return rpc::Error(absl::StatusCode::kFailedPrecondition, "LEAD_ERASED", "the lead was erased");
}

const catalog::store::AssetRow* UsageBatch::Asset(const catalog::domain::AssetId& id) const {
  const auto* found = assets_.Find(id);
  return found == nullptr ? nullptr : &found->row;
}

v1::CatalogEvent& UsageBatch::Emit(const catalog::domain::AssetId& asset, absl::Time time) {
  v1::CatalogEvent& event = assets_.Emit(*assets_.Find(asset));
  *event.mutable_time() = rpc::ToTimestamp(time);
  return event;
}

absl::Status UsageBatch::LockShipped(const catalog::domain::AssetId& asset) {
  ASSIGN_OR_RETURN(const storage::Deferred locked, store::DeferLockShipped(transaction_, asset));
  RETURN_IF_ERROR(transaction_.Settle());
  return gaps_.Take(*locked);
}

absl::Status UsageBatch::InsertAndLockGaps(std::vector<store::GapRow> drafts) {
  std::sort(drafts.begin(), drafts.end(),
            [](const store::GapRow& a, const store::GapRow& b) { return a.id < b.id; });
  std::vector<const store::GapRow*> rows;
  std::vector<std::string> ids;
  for (store::GapRow& draft : drafts) {
    draft.create_time = context_.now;
    draft.ask_time = context_.now;
    rows.push_back(&draft);
    ids.push_back(draft.id);
  }
  RETURN_IF_ERROR(store::kGaps.InsertAbsent(transaction_, rows));
  return LockGaps(std::move(ids));
}

absl::StatusOr<store::GapRow*> UsageBatch::InsertAndLockGap(const store::GapRow& draft) {
  RETURN_IF_ERROR(LockGaps({draft.id}));
  if (store::GapRow* gap = Gap(draft.id)) return gap;
  ASSIGN_OR_RETURN(const int64_t open, store::CountOpenGaps(transaction_));
  if (open >= kMaxOpenGaps) return nullptr;
  RETURN_IF_ERROR(InsertAndLockGaps({draft}));
  return Gap(draft.id);
}

store::GapRow* UsageBatch::Gap(const std::string& id) {
  auto* found = gaps_.Find(id);
  return found == nullptr ? nullptr : &found->row;
}

std::vector<std::string> UsageBatch::LockedGaps() const {
  std::vector<std::string> ids;
  for (const auto& [id, entry] : gaps_.entries()) ids.push_back(id);
  return ids;
}

v1::CatalogEvent& UsageBatch::EmitOf(store::GapRow& gap, absl::Time time) {
  v1::CatalogEvent& event = gaps_.Emit(*gaps_.Find(gap.id));
  *event.mutable_time() = rpc::ToTimestamp(time);
  return event;
}

void UsageBatch::Ask(store::GapRow& gap, std::string_view asker, int64_t times) {
  gaps_.Find(gap.id)->changed = true;
  const bool is_new = domain::Ask(gap.gap, asker);
  gap.gap.count += times - 1;
  gap.ask_time = context_.now;
  if (!is_new) return;
  gap.revision = 1;
  v1::GapOpened& opened = *EmitOf(gap, context_.now).mutable_gap_opened();
  opened.set_origin(static_cast<v1::Gap::Origin>(gap.origin));
  opened.set_situation(gap.situation);
  opened.set_competitor(gap.competitor);
  opened.set_persona(gap.persona);
  opened.set_kind(static_cast<v1::AssetKind>(gap.kind));
}

absl::Status UsageBatch::Answer(store::GapRow& gap,
                                const std::function<absl::Status(domain::Gap&)>& transition) {
  const absl::Status status = transition(gap.gap);
  const std::string reason = catalog::domain::RefusalReason(status);
  if (!status.ok() && !reason.empty()) {
    return rpc::Error(status.code(), reason, {status.message().data(), status.message().size()});
  }
  RETURN_IF_ERROR(status);
  ++gap.revision;
  v1::CatalogEvent& event = EmitOf(gap, context_.now);
  switch (gap.gap.state) {
    case domain::GapState::kAccepted:
      assets::Assign(gap.gap.askers, *event.mutable_gap_accepted()->mutable_askers());
      break;
    case domain::GapState::kShipped:
      event.mutable_gap_shipped()->set_asset(catalog::domain::AssetName(gap.gap.asset));
      assets::Assign(gap.gap.askers, *event.mutable_gap_shipped()->mutable_askers());
      break;
    default:
      gap.close_time = context_.now;
      assets::Assign(gap.gap.askers, *event.mutable_gap_closed()->mutable_askers());
      break;
  }
  return absl::OkStatus();
}

void UsageBatch::CloseShipped(const catalog::domain::AssetId& asset, absl::Time time) {
  for (auto& [id, entry] : gaps_.entries()) {
    store::GapRow& gap = entry.row;
    if (gap.gap.asset != asset || !domain::Use(gap.gap, time)) continue;
    ++gap.revision;
    gap.close_time = context_.now;
    v1::GapClosed& closed = *EmitOf(gap, time).mutable_gap_closed();
    closed.set_asset(catalog::domain::AssetName(asset));
    assets::Assign(gap.gap.askers, *closed.mutable_askers());
  }
}

void UsageBatch::EraseWords(store::GapRow& gap, absl::Time before) {
  if (gap.close_time == absl::InfiniteFuture()) {
    gap.close_time = context_.now;
  } else if (gap.close_time <= before) {
    gap.need.clear();
    gap.gap.reason.clear();
  }
  gaps_.Find(gap.id)->changed = true;
}

absl::Status UsageBatch::Write() {
  // An asset is not changed by being used: only its events are counted.
  static const storage::Table<catalog::store::AssetRow> kSeqOfAsset = catalog::store::kAssets.Part({"seq"});
  RETURN_IF_ERROR(assets_.Write([](const auto&) -> const auto& { return kSeqOfAsset; }));
  return gaps_.Write();
}

std::string GapName(std::string_view id) { return "gaps/" + std::string(id); }

v1::Gap ToProto(const store::GapRow& gap) {
  v1::Gap result;
  result.set_name(GapName(gap.id));
  result.set_need(gap.need);
  result.set_situation(gap.situation);
  result.set_competitor(gap.competitor);
  result.set_persona(gap.persona);
  result.set_kind(static_cast<v1::AssetKind>(gap.kind));
  result.set_state(static_cast<v1::Gap::GapState>(gap.gap.state));
  result.set_origin(static_cast<v1::Gap::Origin>(gap.origin));
  result.set_count(gap.gap.count);
  assets::Assign(gap.gap.askers, *result.mutable_askers());
  if (!gap.gap.asset.empty()) result.set_asset(catalog::domain::AssetName(gap.gap.asset));
  result.set_reason(gap.gap.reason);
  *result.mutable_create_time() = rpc::ToTimestamp(gap.create_time);
  if (gap.gap.ship_time != absl::InfiniteFuture()) {
    *result.mutable_ship_time() = rpc::ToTimestamp(gap.gap.ship_time);
  }
  if (gap.gap.first_use_time != absl::InfiniteFuture()) {
    *result.mutable_first_use_time() = rpc::ToTimestamp(gap.gap.first_use_time);
  }
  if (gap.close_time != absl::InfiniteFuture()) {
    *result.mutable_close_time() = rpc::ToTimestamp(gap.close_time);
  }
  result.set_etag(rpc::Etag(gap.revision));
  return result;
}

}  // namespace finalmile::catalog::usage
