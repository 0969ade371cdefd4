#include <fmt/format.h>

#include <algorithm>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/outbox/mutation.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/etag.h"
#include "libs/rpc/masks.h"
#include "libs/rpc/violations.h"
#include "services/catalog/domain/asset_rules.h"
#include "services/catalog/handlers/catalog_handlers.h"
#include "services/catalog/handlers/sight.h"
#include "services/catalog/publishing/convert.h"
#include "services/catalog/publishing/sight.h"

namespace finalmile::catalog::handlers {
namespace {

using storage::Transaction;

constexpr int kMaxBatch = 100;
// Assets read at once; one has up to 4 MiB.
constexpr int kPiece = 8;
constexpr size_t kMaxIdFromTitle = 80;

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

// "Pricing objections!" → "pricing-objections"; empty where no letter or digit of ASCII is.
std::string IdFromTitle(std::string_view title) {
  std::string id;
  for (const char c : Lower(title)) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (kept) {
      id.push_back(c);
    } else if (!id.empty() && id.back() != '-') {
      id.push_back('-');
    }
    if (id.size() == kMaxIdFromTitle) break;
  }
  while (!id.empty() && id.back() == '-') id.pop_back();
  return id;
}

absl::Status NoSuchAsset(const std::string& id, int64_t version) {
  return rpc::NotFound(
      version == 0 ? fmt::format("assets/{}", id) : fmt::format("assets/{}/versions/{}", id, version),
      "asset");
}

}  // namespace

absl::StatusOr<std::string> AssetId(const std::string& name, std::string_view field) {
  if (!domain::IsAssetName(name)) {
    return rpc::InvalidField(field, "must be assets/{asset}, where {asset} is 1 to 100 of [a-z0-9_-]");
  }
  return name.substr(sizeof("assets/") - 1);
}

absl::StatusOr<v1::Asset> ReadOne(Transaction& transaction, const std::string& id, int64_t version) {
  ASSIGN_OR_RETURN(std::vector<publishing::Read> read,
                   publishing::ReadAssets(transaction, {{id, version}}, /*bodies=*/true));
  if (!read[0].asset) return NoSuchAsset(id, std::max<int64_t>(version, 0));
  return *std::move(read[0].asset);
}

absl::StatusOr<v1::Asset> CatalogHandlers::CreateAsset(rpc::CallContext& context,
                                                       const v1::CreateAssetRequest& request) {
  domain::Asset content = publishing::FromProto(request.asset());
  domain::Normalise(content);
  RETURN_IF_ERROR(rpc::ToStatus(domain::Validate(content), "asset"));
  std::string id = request.asset_id();
  std::string other;
  if (!id.empty()) {
    RETURN_IF_ERROR(AssetId("assets/" + id, "asset_id").status());
  } else {
    id = IdFromTitle(content.title);
    const std::string suffix = fmt::format("{:08x}", static_cast<uint32_t>(d_.rng.Next()));
    other = id.empty() ? "asset-" + suffix : fmt::format("{}-{}", id, suffix);
    if (id.empty()) id = other;
  }
  std::string made;
  return Mutate<v1::Asset>(
      context, request,
      [&](publishing::AssetBatch& batch, absl::Time) -> absl::Status {
        RETURN_IF_ERROR(batch.Lock(other.empty() ? std::vector{id} : std::vector{id, other}));
        made = batch.Find(id) == nullptr || other.empty() ? id : other;
        if (batch.Find(made) != nullptr) {
          return rpc::Error(absl::StatusCode::kAlreadyExists, "ASSET_EXISTS",
                            fmt::format("assets/{} exists", made), {{"asset", "assets/" + made}});
        }
        batch.Create(made, content);
        return absl::OkStatus();
      },
      [&](Transaction& transaction) { return ReadOne(transaction, made, publishing::kLatest); });
}

absl::StatusOr<v1::Asset> CatalogHandlers::GetAsset(rpc::CallContext& context,
                                                    const v1::GetAssetRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, AssetId(request.name(), "name"));
  if (request.version() < 0) return rpc::InvalidField("version", "must be 0 or more");
  if (request.min_revision() < 0) return rpc::InvalidField("min_revision", "must be 0 or more");
  ASSIGN_OR_RETURN(const cache::Entry entry,
                   d_.hot.Get(id, request.version(), request.min_revision(), context.deadline()));
  if (entry.value == nullptr) return NoSuchAsset(id, request.version());
  v1::Asset asset;
  if (!asset.ParseFromString(*entry.value)) return absl::DataLossError("a cached asset is damaged");
  RETURN_IF_ERROR(CheckMayRead(context, asset, d_.clock.Now()));
  return asset;
}

std::optional<absl::StatusOr<rpc::SharedBytes>> CatalogHandlers::TryGetAsset(
    rpc::CallContext& context, const v1::GetAssetRequest& request) {
  const auto id = AssetId(request.name(), "name");
  if (!id.ok() || request.version() < 0 || request.min_revision() < 0) return std::nullopt;
  std::optional<cache::Entry> entry = d_.hot.TryGet(*id, request.version(), request.min_revision());
  if (!entry) return std::nullopt;
  if (entry->value == nullptr) return NoSuchAsset(*id, request.version());
  if (!ReadsAll(context) && !publishing::RepsMayRead(*entry->value, d_.clock.Now())) {
    return NotForReps(request.name());
  }
  return std::move(entry->value);
}

absl::StatusOr<v1::BatchGetAssetsResponse> CatalogHandlers::BatchGetAssets(
    rpc::CallContext& context, const v1::BatchGetAssetsRequest& request) {
  if (request.names_size() > kMaxBatch) {
    return rpc::InvalidField(
        "names", fmt::format("has {} entries; at most {} are read at once", request.names_size(), kMaxBatch));
  }
  std::vector<std::string> ids;
  for (int i = 0; i < request.names_size(); ++i) {
    ASSIGN_OR_RETURN(ids.emplace_back(), AssetId(request.names(i), fmt::format("names[{}]", i)));
  }
  rpc::Fold(ids);
  return outbox::Read<v1::BatchGetAssetsResponse>(
      context, d_.database, [&](Transaction& transaction) -> absl::StatusOr<v1::BatchGetAssetsResponse> {
        v1::BatchGetAssetsResponse response;
        const absl::Time now = d_.clock.Now();
        const auto read =
            [&](const std::vector<std::string>& some) -> absl::StatusOr<std::vector<v1::Asset>> {
          std::vector<publishing::Wanted> wanted;
          for (const std::string& id : some) wanted.push_back({id});
          ASSIGN_OR_RETURN(std::vector<publishing::Read> found,
                           publishing::ReadAssets(transaction, wanted, /*bodies=*/true));
          std::vector<v1::Asset> assets;
          for (size_t i = 0; i < found.size(); ++i) {
            if (!found[i].asset) return NoSuchAsset(some[i], 0);
            RETURN_IF_ERROR(CheckMayRead(context, *found[i].asset, now));
            assets.push_back(*std::move(found[i].asset));
          }
          return assets;
        };
        RETURN_IF_ERROR((rpc::FillBatch<std::string, v1::Asset>(ids, kPiece, context.answers().most, read,
                                                                *response.mutable_assets())));
        return response;
      });
}

absl::StatusOr<v1::Asset> CatalogHandlers::UpdateAsset(rpc::CallContext& context,
                                                       const v1::UpdateAssetRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, AssetId(request.asset().name(), "asset.name"));
  return Mutate<v1::Asset>(
      context, request,
      [&](publishing::AssetBatch& batch, absl::Time) -> absl::Status {
        RETURN_IF_ERROR(batch.Lock({id}));
        ASSIGN_OR_RETURN(const domain::Asset latest, batch.Latest(id));
        RETURN_IF_ERROR(
            rpc::CheckEtag(request.asset().etag(), batch.Find(id)->revision, request.asset().name()));
        v1::Asset merged = publishing::ToProto(latest);
        RETURN_IF_ERROR(rpc::ApplyMask(request.update_mask(), kUpdatable, request.asset(), merged));
        domain::Asset content = publishing::FromProto(merged);
        domain::Normalise(content);
        RETURN_IF_ERROR(rpc::ToStatus(domain::Validate(content), "asset"));
        return batch.Change(id, std::move(content));
      },
      [&](Transaction& transaction) { return ReadOne(transaction, id, publishing::kLatest); });
}

}  // namespace finalmile::catalog::handlers
