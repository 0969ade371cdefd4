#include "services/catalog/assets/asset_proto.h"

#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/timestamps.h"
#include "services/catalog/assets/kind_details.h"
#include "services/catalog/domain/asset_rules.h"
#include "services/catalog/domain/tags.h"

namespace finalmile::catalog::assets {

domain::Tags FromProto(const v1::Tags& tags) {
  return {Strings(tags.products()),   Strings(tags.personas()),
          Strings(tags.industries()), Strings(tags.stages()),
          Strings(tags.situations()), Strings(tags.competitors()),
          Strings(tags.keywords()),   tags.language()};
}

v1::Tags ToProto(const domain::Tags& tags) {
  v1::Tags result;
  Assign(tags.products, *result.mutable_products());
  Assign(tags.personas, *result.mutable_personas());
  Assign(tags.industries, *result.mutable_industries());
  Assign(tags.stages, *result.mutable_stages());
  Assign(tags.situations, *result.mutable_situations());
  Assign(tags.competitors, *result.mutable_competitors());
  Assign(tags.keywords, *result.mutable_keywords());
  result.set_language(tags.language);
  return result;
}

domain::Asset FromProto(const v1::Asset& asset) {
  domain::Asset result;
  result.kind = static_cast<domain::AssetKind>(asset.kind());
  result.title = asset.title();
  result.owner = asset.owner();
  result.body = asset.body();
  for (const v1::MergeField& field : asset.merge_fields()) {
    auto& to = result.merge_fields.emplace_back();
    to.name = field.name();
    if (field.has_default_value()) to.default_value = field.default_value();
    to.description = field.description();
  }
  result.tags = FromProto(asset.tags());
  result.summary = asset.summary();
  result.details = DetailsFrom(asset);
  return result;
}

v1::Asset ToProto(const domain::Asset& asset) {
  v1::Asset result;
  result.set_kind(static_cast<v1::AssetKind>(asset.kind));
  result.set_title(asset.title);
  result.set_owner(asset.owner);
  result.set_body(asset.body);
  for (const domain::MergeField& field : asset.merge_fields) {
    v1::MergeField& to = *result.add_merge_fields();
    to.set_name(field.name);
    if (field.default_value) to.set_default_value(*field.default_value);
    to.set_description(field.description);
  }
  *result.mutable_tags() = ToProto(asset.tags);
  result.set_summary(asset.summary);
  SetDetails(asset.details, result);
  return result;
}

store::VersionRow ToVersion(const domain::Asset& asset) {
  v1::Asset head = ToProto(asset);
  v1::Asset body;
  body.set_body(head.body());
  SetDetails(asset.details, body);
  head.clear_body();
  head.clear_details();
  for (const Violation& violation : domain::Missing(asset)) head.add_missing(ToText(violation));
  store::VersionRow version;
  version.head = head.SerializeAsString();
  version.body = body.SerializeAsString();
  return version;
}

absl::StatusOr<v1::Asset> ContentOf(const store::VersionRow& version) {
  v1::Asset content;
  // Fields of a message may be cut anywhere: the pieces joined are the message.
  if (content.ParseFromString(version.head + version.body)) return content;
  return absl::DataLossError(
      fmt::format("version {} of assets/{} is damaged", version.version, version.asset));
}

absl::StatusOr<v1::Asset> ToProto(const store::AssetRow& asset, const store::VersionRow& version) {
  const domain::Life& life = asset.life;
  ASSIGN_OR_RETURN(v1::Asset result, ContentOf(version));
  result.set_name(domain::AssetName(asset.id));
  result.set_version(version.version);
  result.set_published_version(life.published_version);
  result.set_latest_version(life.latest_version);
  result.set_state(static_cast<v1::AssetState>(domain::StateOf(life, version.version)));
  result.set_reviewer(version.reviewer);
  if (version.version == life.published_version) {
    using rpc::ToTimestamp;
    *result.mutable_publish_time() = ToTimestamp(life.publish_time);
    if (life.expire_time != absl::InfiniteFuture())
      *result.mutable_expire_time() = ToTimestamp(life.expire_time);
    if (life.review_time != absl::InfiniteFuture())
      *result.mutable_review_time() = ToTimestamp(life.review_time);
  }
  // A published version, which reps read, does not say why a newer one was sent back.
  if (life.shelf == domain::AssetState::kRetired || version.version == life.latest_version)
    result.set_reason(asset.reason);
  if (!asset.source.empty()) result.set_source(fmt::format("{}:{}", asset.source, asset.path));
  result.set_etag(rpc::Etag(asset.revision));
  result.set_revision(asset.revision);
  *result.mutable_create_time() = rpc::ToTimestamp(asset.create_time);
  *result.mutable_update_time() = rpc::ToTimestamp(asset.update_time);
  return result;
}

bool IsLive(const v1::Asset& asset, absl::Time now) {
  return asset.state() == v1::ASSET_STATE_PUBLISHED && rpc::FromTimestamp(asset.publish_time()) <= now &&
         (!asset.has_expire_time() || now < rpc::FromTimestamp(asset.expire_time()));
}

std::vector<store::Tag> TagsOf(const domain::Asset& asset) {
  const domain::Tags all = domain::AllTags(asset);
  std::vector<store::Tag> tags;
  for (const domain::TagList& list : domain::kTagLists) {
    for (const std::string& value : all.*list.values) tags.emplace_back(list.name, value);
  }
  return tags;
}

}  // namespace finalmile::catalog::assets
