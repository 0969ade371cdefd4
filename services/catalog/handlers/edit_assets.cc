#include <fmt/format.h>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/masks.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/violations.h"
#include "services/catalog/assets/asset_proto.h"
#include "services/catalog/domain/asset_rules.h"
#include "services/catalog/handlers/catalog_handlers.h"

namespace finalmile::catalog::handlers {
namespace {

// The fields of Asset that callers set; the kind is set once, at creation.
constexpr std::string_view kUpdatable[] = {"title",
                                           "owner",
                                           "body",
                                           "merge_fields",
                                           "tags",
                                           "summary",
                                           "battle_card",
                                           "email_template",
                                           "phone_script",
                                           "voicemail_script",
                                           "vito_letter",
                                           "collateral",
                                           "case_study",
                                           "testimonial",
                                           "attack_pack",
                                           "message_training",
                                           "talk_track_source"};

}  // namespace

absl::StatusOr<v1::Asset> CatalogHandlers::CreateAsset(rpc::CallContext& context,
                                                       const v1::CreateAssetRequest& request) {
  domain::Asset content = assets::FromProto(request.asset());
  domain::Normalise(content);
  RETURN_IF_ERROR(rpc::ToStatus(domain::Validate(content), "asset"));
  domain::AssetId id(request.asset_id());
  domain::AssetId other;
  if (!id.empty()) {
    if (!domain::IsAssetName(domain::AssetName(id))) {
      return rpc::InvalidField("asset_id", "must be 1 to 100 characters of [a-z0-9_-]");
    }
  } else {
    const std::string words = IdFromTitle(content.title, kMaxIdFromTitle);
    other = domain::AssetId(
        fmt::format("{}-{:08x}", words.empty() ? "asset" : words, static_cast<uint32_t>(d_.rng.Next())));
    id = words.empty() ? other : domain::AssetId(words);
  }
  domain::AssetId made;
  return Mutate<v1::Asset>(
      context, request,
      [&](assets::AssetBatch& batch, absl::Time) -> absl::Status {
        RETURN_IF_ERROR(batch.Lock(other.empty() ? std::vector{id} : std::vector{id, other}));
        made = batch.Find(id) == nullptr || other.empty() ? id : other;
        if (batch.Find(made) != nullptr) {
          return rpc::Error(absl::StatusCode::kAlreadyExists, "ASSET_EXISTS",
                            fmt::format("{} exists", domain::AssetName(made)),
                            {{"asset", domain::AssetName(made)}});
        }
        batch.Create(made, content);
        return absl::OkStatus();
      },
      [&](storage::Transaction& transaction) {
        return assets::ReadAsset(transaction, {made, assets::kLatest});
      });
}

absl::StatusOr<v1::Asset> CatalogHandlers::UpdateAsset(rpc::CallContext& context,
                                                       const v1::UpdateAssetRequest& request) {
  const domain::AssetId id(rpc::IdIn(request.asset().name()));
  return Mutate<v1::Asset>(
      context, request,
      [&](assets::AssetBatch& batch, absl::Time) -> absl::Status {
        RETURN_IF_ERROR(batch.Lock({id}));
        ASSIGN_OR_RETURN(const domain::Asset latest, batch.Latest(id));
        RETURN_IF_ERROR(
            rpc::CheckEtag(request.asset().etag(), batch.Find(id)->revision, request.asset().name()));
        v1::Asset merged = assets::ToProto(latest);
        RETURN_IF_ERROR(rpc::ApplyMask(request.update_mask(), kUpdatable, request.asset(), merged));
        domain::Asset content = assets::FromProto(merged);
        domain::Normalise(content);
        RETURN_IF_ERROR(rpc::ToStatus(domain::Validate(content), "asset"));
        return batch.Change(id, std::move(content));
      },
      [&](storage::Transaction& transaction) {
        return assets::ReadAsset(transaction, {id, assets::kLatest});
      });
}

}  // namespace finalmile::catalog::handlers
