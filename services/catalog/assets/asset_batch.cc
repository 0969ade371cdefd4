#include "services/catalog/assets/asset_batch.h"

#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/storage/columns.h"
#include "services/catalog/assets/asset_proto.h"
#include "services/catalog/domain/asset_rules.h"
#include "services/catalog/domain/markdown.h"
#include "services/catalog/domain/refusal.h"
#include "services/catalog/domain/tags.h"
#include "services/catalog/store/publication_store.h"
#include "services/catalog/store/version_store.h"

namespace finalmile::catalog::assets {
namespace {

// A refusal of the domain as the caller sees it.
absl::Status ToError(const absl::Status& status) {
  const std::string reason = domain::RefusalReason(status);
  if (status.ok() || reason.empty()) return status;
  return rpc::Error(status.code(), reason, {status.message().data(), status.message().size()});
}

}  // namespace

const store::AssetRow* AssetBatch::Find(const domain::AssetId& id) const {
  const Entry* found = assets_.Find(id);
  return found == nullptr ? nullptr : &found->row;
}

absl::StatusOr<AssetBatch::Entry*> AssetBatch::At(const domain::AssetId& id) {
  if (Entry* found = assets_.Find(id)) return found;
  return rpc::NotFound(domain::AssetName(id), "asset");
}

absl::Status AssetBatch::Load(Entry& entry) {
  if (entry.latest) return absl::OkStatus();
  const store::VersionKey key{entry.row.id, entry.row.life.latest_version};
  ASSIGN_OR_RETURN(auto versions, store::ReadVersions(transaction_, {key}, /*bodies=*/true));
  const auto found = versions.find(key);
  if (found == versions.end())
    return absl::DataLossError(assets_.NameOf(entry) + " lacks its newest version");
  ASSIGN_OR_RETURN(const v1::Asset content, ContentOf(found->second));
  entry.latest = FromProto(content);
  return absl::OkStatus();
}

absl::StatusOr<domain::Asset> AssetBatch::Latest(const domain::AssetId& id) {
  ASSIGN_OR_RETURN(Entry * entry, At(id));
  RETURN_IF_ERROR(Load(*entry));
  return *entry->latest;
}

void AssetBatch::Touch(Entry& entry) {
  entry.changed = true;
  ++entry.row.revision;
  entry.row.update_time = context_.now;
}

v1::CatalogEvent& AssetBatch::Emit(Entry& entry) {
  v1::CatalogEvent& event = assets_.Emit(entry);
  event.set_revision(entry.row.revision);
  return event;
}

void AssetBatch::Show(Entry& entry) {
  store::AssetRow& asset = entry.row;
  if (store::ShownVersion(asset.life) != asset.life.latest_version) return;
  entry.shown_changed = true;
  asset.kind = static_cast<int64_t>(entry.latest->kind);
  asset.title = entry.latest->title;
  asset.owner = entry.latest->owner;
  asset.language = entry.latest->tags.language;
}

void AssetBatch::WriteVersion(Entry& entry, domain::Asset content) {
  domain::Write(entry.row.life);
  entry.row.reason.clear();
  Touch(entry);
  entry.latest = std::move(content);
  entry.version = ToVersion(*entry.latest);
  entry.version->asset = entry.row.id;
  entry.version->version = entry.row.life.latest_version;
  entry.version->create_time = context_.now;
  Show(entry);
  v1::AssetVersioned& versioned = *Emit(entry).mutable_asset_versioned();
  versioned.set_version(entry.row.life.latest_version);
  versioned.set_kind(static_cast<v1::AssetKind>(entry.latest->kind));
  *versioned.mutable_tags() = ToProto(domain::AllTags(*entry.latest));
}

void AssetBatch::Create(const domain::AssetId& id, domain::Asset content, Origin origin) {
  Entry& entry = assets_.Add(id, Assets::Id::kChosen);
  entry.row.source = std::move(origin.source);
  entry.row.path = std::move(origin.path);
  entry.row.digest = std::move(origin.digest);
  entry.row.create_time = context_.now;
  WriteVersion(entry, std::move(content));
}

absl::Status AssetBatch::Change(const domain::AssetId& id, domain::Asset content) {
  ASSIGN_OR_RETURN(Entry * entry, At(id));
  RETURN_IF_ERROR(Load(*entry));
  if (content != *entry->latest) WriteVersion(*entry, std::move(content));
  return absl::OkStatus();
}

absl::StatusOr<bool> AssetBatch::Reimport(const domain::AssetId& id, domain::Asset content, Origin origin,
                                          bool revive) {
  ASSIGN_OR_RETURN(Entry * entry, At(id));
  RETURN_IF_ERROR(Load(*entry));
  const bool moved = entry->row.path != origin.path;
  entry->row.path = std::move(origin.path);
  entry->row.digest = std::move(origin.digest);
  entry->changed = true;
  revive = revive && entry->row.life.shelf == domain::AssetState::kRetired;
  const bool written = content != *entry->latest || revive;
  if (written) {
    WriteVersion(*entry, std::move(content));
  } else if (moved) {
    Touch(*entry);
  }
  return written;
}

absl::Status AssetBatch::Submit(const domain::AssetId& id) {
  ASSIGN_OR_RETURN(Entry * entry, At(id));
  RETURN_IF_ERROR(Load(*entry));
  RETURN_IF_ERROR(ToError(domain::Submit(entry->row.life, domain::Missing(*entry->latest))));
  entry->row.reason.clear();
  Touch(*entry);
  return absl::OkStatus();
}

absl::Status AssetBatch::Approve(const domain::AssetId& id, std::string_view reviewer) {
  ASSIGN_OR_RETURN(Entry * entry, At(id));
  RETURN_IF_ERROR(Load(*entry));
  RETURN_IF_ERROR(ToError(domain::Approve(entry->row.life, reviewer, entry->latest->owner)));
  entry->reviewer_changed = true;
  Touch(*entry);
  return absl::OkStatus();
}

absl::Status AssetBatch::SendBack(const domain::AssetId& id, std::string_view reason) {
  ASSIGN_OR_RETURN(Entry * entry, At(id));
  RETURN_IF_ERROR(ToError(domain::SendBack(entry->row.life)));
  entry->reviewer_changed = true;
  entry->row.reason = std::string(reason);
  Touch(*entry);
  return absl::OkStatus();
}

absl::Status AssetBatch::Publish(const domain::AssetId& id, const domain::Publication& publication) {
  ASSIGN_OR_RETURN(Entry * entry, At(id));
  RETURN_IF_ERROR(Load(*entry));
  domain::Life& life = entry->row.life;
  const int64_t previous = life.published_version;
  RETURN_IF_ERROR(ToError(domain::Publish(life, publication, entry->latest->owner,
                                          domain::Missing(*entry->latest), context_.now)));
  entry->reviewer_changed = true;
  entry->published = true;
  entry->retired = false;
  entry->row.reason.clear();
  Touch(*entry);
  Show(*entry);
  v1::AssetPublished& published = *Emit(*entry).mutable_asset_published();
  published.set_version(life.published_version);
  published.set_previous_version(previous);
  published.set_kind(static_cast<v1::AssetKind>(entry->latest->kind));
  *published.mutable_tags() = ToProto(domain::AllTags(*entry->latest));
  published.set_owner(entry->latest->owner);
  published.set_reviewer(life.reviewer);
  *published.mutable_publish_time() = rpc::ToTimestamp(life.publish_time);
  if (life.expire_time != absl::InfiniteFuture()) {
    *published.mutable_expire_time() = rpc::ToTimestamp(life.expire_time);
  }
  return absl::OkStatus();
}

absl::Status AssetBatch::Retire(const domain::AssetId& id, std::string_view reason) {
  ASSIGN_OR_RETURN(Entry * entry, At(id));
  domain::Life& life = entry->row.life;
  RETURN_IF_ERROR(ToError(domain::Retire(life)));
  entry->published = false;
  entry->retired = true;
  entry->row.reason = std::string(reason);
  Touch(*entry);
  Emit(*entry).mutable_asset_retired()->set_version(store::ShownVersion(life));
  return absl::OkStatus();
}

absl::Status AssetBatch::Visit(const domain::AssetId& id) {
  ASSIGN_OR_RETURN(Entry * entry, At(id));
  domain::Life& life = entry->row.life;
  const std::vector<domain::Due> due = domain::Visit(life, context_.now);
  if (!due.empty()) Touch(*entry);
  for (const domain::Due what : due) {
    v1::CatalogEvent& event = Emit(*entry);
    switch (what) {
      case domain::Due::kExpired:
        event.mutable_asset_expired()->set_version(life.published_version);
        break;
      case domain::Due::kReviewDue:
        event.mutable_asset_review_due()->set_version(life.published_version);
        event.mutable_asset_review_due()->set_owner(entry->row.owner);
        break;
      case domain::Due::kReviewOverdue:
        event.mutable_review_overdue()->set_version(life.published_version);
        event.mutable_review_overdue()->set_owner(entry->row.owner);
        break;
    }
  }
  return absl::OkStatus();
}

absl::Status AssetBatch::WriteLive() {
  std::vector<domain::AssetId> ended;
  std::vector<store::PeriodRow> periods;
  std::vector<domain::SketchCandidate> sketches;
  for (const auto& [id, entry] : assets_.entries()) {
    if (entry.published || entry.retired) ended.push_back(id);
    if (!entry.published) continue;
    const domain::Life& life = entry.row.life;
    periods.push_back(
        {id, life.published_version, {std::max(life.publish_time, context_.now), life.expire_time}});
    sketches.push_back(
        {id, life.published_version, domain::SketchOf(domain::ToPlainText(entry.latest->body).text)});
  }
  if (ended.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(store::EndPeriods(transaction_, ended, context_.now));
  RETURN_IF_ERROR(store::InsertPeriods(transaction_, periods));
  return store::InsertSketches(transaction_, sketches);
}

absl::Status AssetBatch::Write() {
  std::vector<store::VersionRow> versions;
  std::vector<store::VersionRow> reviewed;
  std::map<domain::AssetId, std::vector<store::Tag>> tags;
  bool due_changed = false;
  for (auto& [id, entry] : assets_.entries()) {
    if (!entry.changed) continue;
    const bool tagged = entry.shown_changed || entry.before.tags_revision == entry.before.revision;
    if (tagged) entry.row.tags_revision = entry.row.revision;
    const domain::Life& life = entry.row.life;
    if (entry.version) versions.push_back(*entry.version);
    if (entry.reviewer_changed) {
      store::VersionRow& version = reviewed.emplace_back();
      version.asset = id;
      version.version = life.latest_version;
      version.reviewer = life.reviewer;
    }
    if (entry.shown_changed) tags[id] = TagsOf(*entry.latest);
    due_changed = due_changed || domain::NextDue(life) != domain::NextDue(entry.before.life);
    changed_.push_back({id, entry.row.revision});
  }
  RETURN_IF_ERROR(assets_.Write());
  RETURN_IF_ERROR(store::InsertVersions(transaction_, versions));
  RETURN_IF_ERROR(store::SetReviewers(transaction_, reviewed));
  if (!tags.empty()) RETURN_IF_ERROR(store::WriteTags(transaction_, tags));
  RETURN_IF_ERROR(WriteLive());
  return due_changed ? transaction_.Notify(kDueChannel) : absl::OkStatus();
}

}  // namespace finalmile::catalog::assets
