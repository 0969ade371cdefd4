#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <span>
#include <tuple>

#include "libs/base/status.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/filter.h"
#include "libs/rpc/paging.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/timestamps.h"
#include "services/catalog/assets/read_assets.h"
#include "services/catalog/store/publication_store.h"
#include "services/catalog/usage/domain/shelf.h"
#include "services/catalog/usage/handlers/usage_handlers.h"
#include "services/catalog/usage/performance.h"
#include "services/catalog/usage/record_use.h"
#include "services/catalog/usage/store/use_store.h"

namespace finalmile::catalog::usage::handlers {
namespace {

using catalog::domain::AssetId;
using storage::Transaction;

constexpr int kMaxVersions = 100;
// A list has the figures of so many assets at most.
constexpr int kMostAssets = 10'000;
constexpr char kNote[] =
    "lift and expected are association, not effect: better leads may be given better assets. Only the effect "
    "of a "
    "kind, from trials in which chance decided what was offered, tells what offering brings.";

const rpc::FilterSchema& MisuseFields() {
  using rpc::FilterType;
  static const auto& schema = *new rpc::FilterSchema{{
      {"asset", FilterType::kText, "('assets/' || u.asset)"},
      {"rep", FilterType::kText, "u.rep"},
      {"channel", FilterType::kText, "u.channel"},
      {"use_time", FilterType::kTimestamp, "u.use_time"},
  }};
  return schema;
}

// An asset on the shelf.
struct Shelved {
  AssetId id;
  domain::ShelfItem item;
  // 0: never.
  int64_t last_use = 0;
};

absl::StatusOr<std::vector<Shelved>> ReadShelf(Transaction& transaction, absl::Time now) {
  ASSIGN_OR_RETURN(const std::vector<catalog::store::PeriodRow> periods,
                   catalog::store::PeriodsWithin(transaction, now - domain::kShelfWindow, now));
  std::map<AssetId, std::vector<catalog::domain::Period>> live;
  for (const catalog::store::PeriodRow& row : periods) live[row.asset].push_back(row.period);
  std::vector<AssetId> ids;
  for (const auto& [id, of] : live) {
    if (domain::OnShelf(of, now)) ids.push_back(id);
  }
  ASSIGN_OR_RETURN(auto counts, store::CountUses(transaction, ids, now - domain::kShelfWindow, now));
  ASSIGN_OR_RETURN(const auto last_uses, store::LastUses(transaction, ids));
  std::vector<Shelved> shelf;
  for (const AssetId& id : ids) {
    const auto last = last_uses.find(id);
    shelf.push_back({id, counts[id], last == last_uses.end() ? 0 : ToMicros(last->second)});
  }
  std::sort(shelf.begin(), shelf.end(), [](const Shelved& a, const Shelved& b) {
    return std::tie(a.last_use, a.id) < std::tie(b.last_use, b.id);
  });
  return shelf;
}

void SetRate(const std::vector<Shelved>& shelf, bool recorded, v1::ListUnusedAssetsResponse& response) {
  std::vector<domain::ShelfItem> items;
  for (const Shelved& one : shelf) items.push_back(one.item);
  const domain::ShelfRate rate = domain::RateOf(items, recorded);
  response.set_shelf(rate.shelf);
  response.set_unused(rate.unused);
  response.set_misused(rate.misused);
  if (rate.rate) response.set_rate(*rate.rate);
  response.mutable_window()->set_seconds(absl::ToInt64Seconds(domain::kShelfWindow));
}

}  // namespace

absl::StatusOr<v1::GetAssetPerformanceResponse> UsageHandlers::GetAssetPerformance(
    rpc::CallContext& context, const v1::GetAssetPerformanceRequest& request) {
  const AssetId id(rpc::IdIn(request.name()));
  return outbox::Read<v1::GetAssetPerformanceResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::GetAssetPerformanceResponse> {
        v1::GetAssetPerformanceResponse response;
        ASSIGN_OR_RETURN(const std::vector<catalog::store::AssetRow> assets,
                         catalog::store::ReadAssets(transaction, {id}));
        if (assets.empty()) return rpc::NotFound(request.name(), "asset");
        std::vector<store::VersionKey> keys;
        const int64_t latest = assets[0].life.latest_version;
        for (int64_t version = latest; version > std::max<int64_t>(0, latest - kMaxVersions); --version) {
          keys.emplace_back(id, version);
        }
        ASSIGN_OR_RETURN(auto performances, Performances(transaction, keys));
        for (const store::VersionKey& key : keys) {
          *response.add_versions() = std::move(performances[key].figures);
        }
        response.set_note(kNote);
        ASSIGN_OR_RETURN(std::vector<v1::Effect> effects, Effects(transaction));
        for (v1::Effect& effect : effects) {
          if (effect.kind() == assets[0].kind) *response.mutable_effect() = std::move(effect);
        }
        return response;
      });
}

absl::StatusOr<v1::ListAssetPerformanceResponse> UsageHandlers::ListAssetPerformance(
    rpc::CallContext& context, const v1::ListAssetPerformanceRequest& request) {
  // The cursor: how many were shown.
  ASSIGN_OR_RETURN(rpc::Page page,
                   rpc::Page::Of(context.answers(), request, {int64_t{}}, {.piece = assets::kHeadsAtOnce}));
  const int64_t offset = page.first() ? 0 : std::get<int64_t>(page.cursor()[0]);
  using Item = v1::ListAssetPerformanceResponse::Item;
  return outbox::Read<v1::ListAssetPerformanceResponse>(
      context, d_.database,
      [&](Transaction& transaction) -> absl::StatusOr<v1::ListAssetPerformanceResponse> {
        v1::ListAssetPerformanceResponse response;
        response.set_note(kNote);
        ASSIGN_OR_RETURN(const std::vector<v1::Effect> effects, Effects(transaction));
        for (const v1::Effect& effect : effects) *response.add_effects() = effect;
        ASSIGN_OR_RETURN(const std::vector<v1::AssetPerformance> all,
                         AssetPerformances(transaction, kMostAssets));
        size_t shown = std::min(all.size(), static_cast<size_t>(offset));
        const auto read = [&](const rpc::Page::Cursor&,
                              int count) -> absl::StatusOr<std::vector<rpc::PageEntry<Item>>> {
          const std::span some =
              std::span(all).subspan(shown).first(std::min(all.size() - shown, static_cast<size_t>(count)));
          std::vector<assets::Wanted> keys;
          for (const v1::AssetPerformance& one : some) keys.push_back({AssetId(rpc::IdIn(one.asset()))});
          ASSIGN_OR_RETURN(std::vector<assets::Read> found,
                           assets::ReadAssets(transaction, keys, /*bodies=*/false));
          std::vector<rpc::PageEntry<Item>> entries;
          for (size_t i = 0; i < some.size(); ++i) {
            auto& entry = entries.emplace_back();
            entry.cursor = {static_cast<int64_t>(++shown)};
            if (!found[i].asset) continue;
            entry.item.emplace();
            *entry.item->mutable_asset() = *std::move(found[i].asset);
            *entry.item->mutable_performance() = some[i];
          }
          return entries;
        };
        ASSIGN_OR_RETURN(*response.mutable_next_page_token(), page.Fill(*response.mutable_items(), read));
        return response;
      });
}

absl::StatusOr<v1::ListUnusedAssetsResponse> UsageHandlers::ListUnusedAssets(
    rpc::CallContext& context, const v1::ListUnusedAssetsRequest& request) {
  // The cursor: the moment all pages hold for, and the last asset of the page before.
  ASSIGN_OR_RETURN(rpc::Page page,
                   rpc::Page::Of(context.answers(), request, {int64_t{}, int64_t{}, std::string()},
                                 {.piece = assets::kHeadsAtOnce}));
  absl::Time now = FromMicros(ToMicros(d_.clock.Now()));
  std::pair<int64_t, AssetId> after = {-1, AssetId()};
  if (!page.first()) {
    now = FromMicros(std::get<int64_t>(page.cursor()[0]));
    after = {std::get<int64_t>(page.cursor()[1]), AssetId(std::get<std::string>(page.cursor()[2]))};
  }
  using Entries = std::vector<rpc::PageEntry<v1::ListUnusedAssetsResponse::Item>>;
  return outbox::Read<v1::ListUnusedAssetsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListUnusedAssetsResponse> {
        v1::ListUnusedAssetsResponse response;
        ASSIGN_OR_RETURN(const std::vector<Shelved> shelf, ReadShelf(transaction, now));
        ASSIGN_OR_RETURN(const bool recorded, store::AnyUse(transaction, now - domain::kShelfWindow, now));
        SetRate(shelf, recorded, response);
        std::vector<const Shelved*> wanted;
        for (const Shelved& one : shelf) {
          const bool unused =
              domain::IsUnused(one.item) || (request.include_misused() && domain::IsMisused(one.item));
          // An asset that was used since the first page has another place now.
          if (!unused || one.last_use > ToMicros(now)) continue;
          if (std::tie(one.last_use, one.id) <= std::tie(after.first, after.second)) continue;
          wanted.push_back(&one);
          if (static_cast<int>(wanted.size()) > page.size()) break;
        }
        size_t shown = 0;
        const auto read = [&](const rpc::Page::Cursor&, int count) -> absl::StatusOr<Entries> {
          const std::span some = std::span(wanted).subspan(shown).first(
              std::min(wanted.size() - shown, static_cast<size_t>(count)));
          shown += some.size();
          std::vector<assets::Wanted> keys;
          for (const Shelved* one : some) keys.push_back({one->id});
          ASSIGN_OR_RETURN(std::vector<assets::Read> found,
                           assets::ReadAssets(transaction, keys, /*bodies=*/false));
          Entries entries;
          for (size_t i = 0; i < some.size(); ++i) {
            auto& entry = entries.emplace_back();
            entry.cursor = {ToMicros(now), some[i]->last_use, some[i]->id.text()};
            if (!found[i].asset) continue;
            entry.item.emplace();
            *entry.item->mutable_asset() = *std::move(found[i].asset);
            if (some[i]->last_use != 0) {
              *entry.item->mutable_last_use_time() = rpc::ToTimestamp(FromMicros(some[i]->last_use));
            }
            entry.item->set_misuses(some[i]->item.misuses);
          }
          return entries;
        };
        ASSIGN_OR_RETURN(*response.mutable_next_page_token(), page.Fill(*response.mutable_items(), read));
        return response;
      });
}

absl::StatusOr<v1::ListMisuseResponse> UsageHandlers::ListMisuse(rpc::CallContext& context,
                                                                 const v1::ListMisuseRequest& request) {
  ASSIGN_OR_RETURN(rpc::Page page, rpc::Page::Of(context.answers(), request, {int64_t{}, std::string()}));
  ASSIGN_OR_RETURN(const catalog::store::Condition condition,
                   rpc::CompileFilter(request.filter(), MisuseFields()));
  using Entries = std::vector<rpc::PageEntry<v1::Use>>;
  return outbox::Read<v1::ListMisuseResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::ListMisuseResponse> {
        v1::ListMisuseResponse response;
        const auto read = [&](const rpc::Page::Cursor& cursor, int count) -> absl::StatusOr<Entries> {
          store::UsePosition before;
          if (!cursor.empty())
            before = {FromMicros(std::get<int64_t>(cursor[0])), std::get<std::string>(cursor[1])};
          ASSIGN_OR_RETURN(const std::vector<store::UseRow> uses,
                           store::ListMisuses(transaction, condition, before, count));
          Entries entries;
          for (const store::UseRow& use : uses)
            entries.push_back({ToProto(use), {ToMicros(use.use_time), use.id}});
          return entries;
        };
        ASSIGN_OR_RETURN(*response.mutable_next_page_token(), page.Fill(*response.mutable_uses(), read));
        return response;
      });
}

}  // namespace finalmile::catalog::usage::handlers
