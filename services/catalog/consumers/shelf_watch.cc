#include "services/catalog/consumers/shelf_watch.h"

#include <algorithm>
#include <map>

#include "finalmile/catalog/v1/catalog_event.pb.h"
#include "libs/base/status.h"
#include "libs/outbox/topic.h"
#include "libs/rpc/resource_name.h"
#include "libs/storage/transact.h"
#include "services/catalog/assets/asset_proto.h"
#include "services/catalog/assets/retag.h"
#include "services/catalog/domain/markdown.h"
#include "services/catalog/store/asset_store.h"
#include "services/catalog/store/version_store.h"

namespace finalmile::catalog::consumers {
namespace {

constexpr int kPass = 50;
constexpr int kPoll = 500;
constexpr absl::Duration kTimeout = absl::Seconds(10);
constexpr absl::Duration kPause = absl::Seconds(1);

std::string JoinWithLines(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (!part.empty()) text += part + "\n";
  }
  return text;
}

using Versions = std::map<store::VersionKey, store::VersionRow>;

absl::StatusOr<search::Document> ToDocument(const store::AssetRow& row, int64_t version,
                                            const Versions& versions) {
  const auto found = versions.find({row.id, version});
  if (found == versions.end()) return absl::DataLossError(domain::AssetName(row.id) + " lacks a version");
  ASSIGN_OR_RETURN(const v1::Asset content, assets::ContentOf(found->second));
  const domain::Asset asset = assets::FromProto(content);
  search::Document document;
  document.asset = domain::AssetName(row.id);
  document.version = row.revision;
  document.language = asset.tags.language;
  document.title = asset.title;
  document.summary = asset.summary;
  std::vector<std::string> texts = {domain::ToPlainText(asset.body).text};
  for (const domain::DetailText& detail : domain::DetailTexts(asset)) {
    texts.push_back(domain::ToPlainText(detail.text).text);
  }
  document.body = JoinWithLines(texts);
  std::vector<std::string> tags;
  for (const auto& [field, value] : assets::TagsOf(asset)) {
    document.facets.push_back({field, value});
    tags.push_back(value);
  }
  document.tags = JoinWithLines(tags);
  document.facets.push_back({"kind", v1::AssetKind_Name(content.kind())});
  document.facets.push_back({"language", asset.tags.language});
  return document;
}

}  // namespace

ShelfWatch::ShelfWatch(events::EventLog& events, storage::Database& database, search::Indexes& indexes,
                       assets::HotAssets& hot, Clock& clock, Log& log)
    : events_(events),
      database_(database),
      indexes_(indexes),
      hot_(hot),
      clock_(clock),
      log_(log),
      wake_(clock.NewWaitEvent()) {}

absl::Duration ShelfWatch::Run() {
  const absl::StatusOr<absl::Duration> next = Follow();
  if (next.ok()) return *next;
  log_.Warning("the search index does not follow the catalog now",
               {{"error", std::string(next.status().message())}});
  return clock_.Steady() + kPause;
}

absl::StatusOr<absl::Duration> ShelfWatch::Follow() {
  const absl::Duration deadline = clock_.Steady() + kTimeout;
  // The tail is opened before the first pass, so that its events name whatever changes behind the pass.
  if (tail_ == nullptr) {
    ASSIGN_OR_RETURN(tail_, events_.OpenTail({outbox::TopicName<v1::CatalogEvent>()}, events::TailFrom::kEnd,
                                             deadline, *wake_));
  }
  ASSIGN_OR_RETURN(const std::vector<events::Record> records, tail_->Poll(kPoll));
  for (const events::Record& record : records) {
    v1::CatalogEvent event;
    if (!event.ParseFromString(record.value) || event.revision() == 0) continue;
    if (event.key().starts_with("assets/")) pending_.emplace(rpc::IdIn(event.key()));
  }
  bool more = static_cast<int>(records.size()) == kPoll;
  if (!pending_.empty()) {
    const ptrdiff_t count = std::min<ptrdiff_t>(kPass, std::ssize(pending_));
    const std::vector<domain::AssetId> ids(pending_.begin(), std::next(pending_.begin(), count));
    RETURN_IF_ERROR(Refresh(ids, /*changed=*/true, deadline));
    for (const domain::AssetId& id : ids) pending_.erase(id);
    more = more || !pending_.empty() || pass_.has_value();
  } else if (pass_) {
    ASSIGN_OR_RETURN(const bool left, LookThrough(deadline));
    more = more || left;
  }
  while (!upcoming_.empty() && upcoming_.begin()->first <= clock_.Now()) {
    pending_.insert(upcoming_.begin()->second);
    upcoming_.erase(upcoming_.begin());
    more = true;
  }
  if (more) return absl::ZeroDuration();
  if (upcoming_.empty()) return absl::InfiniteDuration();
  return clock_.Steady() + (upcoming_.begin()->first - clock_.Now());
}

absl::StatusOr<bool> ShelfWatch::LookThrough(absl::Duration deadline) {
  ASSIGN_OR_RETURN(const std::vector<domain::AssetId> ids,
                   storage::Read(database_, deadline, [&](storage::Transaction& transaction) {
                     return store::ListAssets(transaction, {}, *pass_, kPass);
                   }));
  RETURN_IF_ERROR(Refresh(ids, /*changed=*/false, deadline));
  if (ids.empty()) {
    pass_.reset();
    indexes_.filled = true;
  } else {
    pass_ = ids.back();
  }
  return pass_.has_value();
}

absl::Status ShelfWatch::Refresh(const std::vector<domain::AssetId>& ids, bool changed,
                                 absl::Duration deadline) {
  if (ids.empty()) return absl::OkStatus();
  std::vector<store::AssetRow> rows;
  std::vector<search::Change> shelf;
  std::vector<search::Change> newest;
  const absl::Time now = clock_.Now();
  RETURN_IF_ERROR(database_.Transact(
      {.deadline = deadline, .read_only = true}, [&](storage::Transaction& transaction) -> absl::Status {
        shelf.clear();
        newest.clear();
        ASSIGN_OR_RETURN(rows, store::ReadAssets(transaction, ids));
        std::set<store::VersionKey> keys;
        const auto behind = [](const search::Index& index, const store::AssetRow& row) {
          return index.VersionOf(domain::AssetName(row.id)) < row.revision;
        };
        for (const store::AssetRow& row : rows) {
          if (behind(*indexes_.newest, row)) keys.emplace(row.id, row.life.latest_version);
          if (!domain::IsLive(row.life, now)) {
            shelf.emplace_back().document.asset = domain::AssetName(row.id);
            shelf.back().removed = true;
          } else if (behind(*indexes_.shelf, row)) {
            keys.emplace(row.id, row.life.published_version);
          }
        }
        ASSIGN_OR_RETURN(const Versions versions,
                         store::ReadVersions(transaction, {keys.begin(), keys.end()}, /*bodies=*/true));
        for (const store::AssetRow& row : rows) {
          if (behind(*indexes_.newest, row)) {
            ASSIGN_OR_RETURN(newest.emplace_back().document,
                             ToDocument(row, row.life.latest_version, versions));
          }
          if (domain::IsLive(row.life, now) && behind(*indexes_.shelf, row)) {
            ASSIGN_OR_RETURN(shelf.emplace_back().document,
                             ToDocument(row, row.life.published_version, versions));
          }
        }
        return absl::OkStatus();
      }));
  std::vector<domain::AssetId> untagged;
  for (const store::AssetRow& row : rows) {
    if (row.tags_revision != row.revision) untagged.push_back(row.id);
    if (changed) hot_.Invalidate(row.id);
    if (row.life.shelf == domain::AssetState::kPublished && row.life.publish_time > now) {
      upcoming_.emplace(row.life.publish_time, row.id);
    }
  }
  if (!untagged.empty()) {
    RETURN_IF_ERROR(database_.Transact({.deadline = deadline}, [&](storage::Transaction& transaction) {
      return assets::Retag(transaction, untagged);
    }));
  }
  if (!newest.empty()) RETURN_IF_ERROR(indexes_.newest->Apply(newest, deadline));
  return shelf.empty() ? absl::OkStatus() : indexes_.shelf->Apply(shelf, deadline);
}

}  // namespace finalmile::catalog::consumers
