#include <fmt/format.h>

#include <cmath>

#include "libs/base/status.h"
#include "libs/base/text.h"
#include "libs/rpc/resource_name.h"
#include "services/catalog/assets/read_assets.h"
#include "services/catalog/usage/domain/sent_text.h"
#include "services/catalog/usage/handlers/usage_handlers.h"
#include "services/catalog/usage/record_use.h"
#include "services/catalog/usage/use_fields.h"
#include "services/catalog/usage/use_token.h"

namespace finalmile::catalog::usage::handlers {
namespace {

constexpr size_t kMaxFinalText = 256 << 10;
// RFC 5322 allows no longer line.
constexpr size_t kMaxMessageId = 998;
constexpr double kMaxViewSeconds = 86'400;

// What is kept of a message's id, which may name a person: it only has to be the same for the same message.
// Mail programs write it with angle brackets or without.
std::string MessageKey(std::string_view id) {
  id = Trim(id);
  if (id.starts_with('<') && id.ends_with('>')) id = id.substr(1, id.size() - 2);
  if (id.empty()) return {};
  return fmt::format("{:016x}{:016x}", StableHash(id, 1), StableHash(id, 2));
}

// Checks the request; ReadToken adds what its token says.
absl::StatusOr<ReportedUse> CheckUse(const v1::RecordUseRequest& request, absl::Time now) {
  rpc::FieldViolations violations;
  CheckPerson(request.rep(), "rep", violations);
  if (request.lead().empty() && request.use_token().empty()) violations.Add("lead", "is required");
  CheckChannel(request.channel(), "channel", violations);
  CheckTag(request.situation(), "situation", violations);
  CheckTag(request.persona(), "persona", violations);
  CheckTag(request.industry(), "industry", violations);
  const absl::Time use_time =
      HappenedAt(request.has_use_time(), request.use_time(), now, "use_time", violations);
  if (request.use_token().empty() && request.final_text().empty()) {
    violations.Add("use_token", "give the token of the asset, or final_text");
  }
  if (request.final_text().size() > kMaxFinalText) {
    violations.Add("final_text", fmt::format("must have at most {} bytes", kMaxFinalText));
  }
  if (request.message_id().size() > kMaxMessageId) {
    violations.Add("message_id", fmt::format("must have at most {} bytes", kMaxMessageId));
  }
  RETURN_IF_ERROR(violations.ToStatus());
  return ReportedUse{request.rep(),     domain::LeadName(request.lead()),
                     request.channel(), request.situation(),
                     request.persona(), request.industry(),
                     use_time};
}

absl::Status ReadToken(const v1::RecordUseRequest& request, std::string_view key, absl::Time now,
                       ReportedUse& reported) {
  const absl::StatusOr<RenderedUse> rendered = DecodeUseToken(request.use_token(), key, now);
  if (!rendered.ok()) {
    const std::string_view why{rendered.status().message().data(), rendered.status().message().size()};
    return rpc::InvalidField("use_token", why);
  }
  reported.asset = rendered->asset;
  reported.version = rendered->version;
  reported.token_lead = rendered->lead;
  if (reported.lead.empty()) reported.lead = rendered->lead;
  if (reported.lead.empty()) return rpc::InvalidField("lead", "the use_token is for no lead: name one");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::RecordUseResponse> UsageHandlers::RecordUse(rpc::CallContext& context,
                                                               const v1::RecordUseRequest& request) {
  // Before the transaction: it takes its time over a long text.
  const domain::SentText sent =
      domain::ReadSent(std::string_view(request.final_text()).substr(0, kMaxFinalText));
  const catalog::domain::Sketch sketch = catalog::domain::WholeSketchOf(sent.written);
  const catalog::domain::Sketch body = catalog::domain::WholeSketchOf(sent.body);
  return Mutate<v1::RecordUseResponse>(
      context, request, [&](UsageBatch& batch) -> absl::StatusOr<v1::RecordUseResponse> {
        // Inside it: a repeat is answered by what was recorded, also when the token is too old by now.
        const absl::Time now = batch.context().now;
        ASSIGN_OR_RETURN(ReportedUse reported, CheckUse(request, now));
        if (!request.use_token().empty()) {
          RETURN_IF_ERROR(ReadToken(request, d_.signing_key, now, reported));
        }
        reported.message = MessageKey(request.message_id());
        reported.written = sent.written;
        reported.sketch = sketch;
        reported.body = body;
        v1::RecordUseResponse response;
        ASSIGN_OR_RETURN(*response.mutable_use(), usage::RecordUse(batch, std::move(reported)));
        return response;
      });
}

absl::StatusOr<v1::RecordViewResponse> UsageHandlers::RecordView(rpc::CallContext& context,
                                                                 const v1::RecordViewRequest& request) {
  if (request.asset().empty()) return rpc::InvalidField("asset", "is required");
  const catalog::domain::AssetId id(rpc::IdIn(request.asset()));
  return Mutate<v1::RecordViewResponse>(
      context, request, [&](UsageBatch& batch) -> absl::StatusOr<v1::RecordViewResponse> {
        rpc::FieldViolations violations;
        if (request.version() < 0) violations.Add("version", "must be 0 or more");
        if (request.lead().empty()) violations.Add("lead", "is required");
        if (!(request.seconds() >= 0 && request.seconds() <= kMaxViewSeconds)) {
          violations.Add("seconds", fmt::format("must be 0 to {:.0f}", kMaxViewSeconds));
        }
        const absl::Time view_time = HappenedAt(request.has_view_time(), request.view_time(),
                                                batch.context().now, "view_time", violations);
        RETURN_IF_ERROR(violations.ToStatus());
        ASSIGN_OR_RETURN(const UsageBatch::LockedLead lead,
                         batch.InsertAndLockLead(domain::LeadName(request.lead())));
        RETURN_IF_ERROR(batch.LockAssets({id}));
        ASSIGN_OR_RETURN(const int64_t version, VersionOf(batch, id, request.version()));
        RETURN_IF_ERROR(store::AddFigures(
            batch.transaction(), {{{id, version}, {.viewed = 1, .viewed_seconds = request.seconds()}}}));
        v1::AssetViewed& viewed = *batch.Emit(id, view_time).mutable_asset_viewed();
        viewed.set_version(version);
        viewed.set_lead(lead.name.text());
        viewed.set_seconds(request.seconds());
        viewed.set_kind(static_cast<v1::AssetKind>(batch.Asset(id)->kind));
        return v1::RecordViewResponse();
      });
}

absl::StatusOr<v1::RateAssetResponse> UsageHandlers::RateAsset(rpc::CallContext& context,
                                                               const v1::RateAssetRequest& request) {
  if (request.asset().empty()) return rpc::InvalidField("asset", "is required");
  const catalog::domain::AssetId id(rpc::IdIn(request.asset()));
  if (request.version() < 0) return rpc::InvalidField("version", "must be 0 or more");
  if (request.rating() < 1 || request.rating() > 5) return rpc::InvalidField("rating", "must be 1 to 5");
  return Mutate<v1::RateAssetResponse>(
      context, request, [&](UsageBatch& batch) -> absl::StatusOr<v1::RateAssetResponse> {
        RETURN_IF_ERROR(batch.LockAssets({id}));
        ASSIGN_OR_RETURN(const int64_t version, VersionOf(batch, id, request.version()));
        ASSIGN_OR_RETURN(const bool changed,
                         store::Rate(batch.transaction(), {id, version}, context.principal().name(),
                                     request.rating(), batch.context().now));
        if (changed) {
          v1::AssetRated& rated = *batch.Emit(id, batch.context().now).mutable_asset_rated();
          rated.set_version(version);
          rated.set_rating(request.rating());
        }
        return v1::RateAssetResponse();
      });
}

}  // namespace finalmile::catalog::usage::handlers
