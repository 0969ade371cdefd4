#include <fmt/format.h>

#include "absl/strings/str_join.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/violations.h"
#include "libs/storage/transact.h"
#include "services/catalog/assets/asset_proto.h"
#include "services/catalog/domain/merge.h"
#include "services/catalog/handlers/catalog_handlers.h"
#include "services/catalog/handlers/read_access.h"
#include "services/catalog/usage/store/lead_store.h"
#include "services/catalog/usage/use_fields.h"
#include "services/catalog/usage/use_token.h"

namespace finalmile::catalog::handlers {
namespace {

// What the lead has not said is no refusal.
absl::Status CheckMayContact(storage::Database& database, rpc::CallContext& context,
                             const v1::RenderAssetRequest& request, absl::Time now) {
  if (request.channel().empty()) return absl::OkStatus();
  rpc::FieldViolations violations;
  usage::CheckChannel(request.channel(), "channel", violations);
  RETURN_IF_ERROR(violations.ToStatus());
  const int64_t channel = usage::PermissionChannel(request.channel());
  if (request.lead().empty() || channel == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const bool denied,
                   storage::Read(database, context.deadline(),
                                 [&](storage::Transaction& transaction) -> absl::StatusOr<bool> {
                                   ASSIGN_OR_RETURN(const std::string lead,
                                                    usage::store::CurrentName(transaction, request.lead()));
                                   return usage::store::Denied(transaction, lead, channel, now);
                                 }));
  if (!denied) return absl::OkStatus();
  return rpc::Error(
      absl::StatusCode::kFailedPrecondition, "CONTACT_NOT_PERMITTED",
      fmt::format("{} does not permit sales to contact it by {}", request.lead(), request.channel()));
}

}  // namespace

absl::StatusOr<v1::RenderAssetResponse> CatalogHandlers::RenderAsset(rpc::CallContext& context,
                                                                     const v1::RenderAssetRequest& request) {
  const std::string id = rpc::IdIn(request.name());
  if (request.version() < 0) return rpc::InvalidField("version", "must be 0 or more");
  domain::MergeValues values;
  for (const auto& [field, value] : request.values()) values[field] = value;
  RETURN_IF_ERROR(rpc::ToStatus(domain::CheckMergeValues(values), ""));
  ASSIGN_OR_RETURN(const cache::Entry entry, d_.hot.Get(id, request.version(), 0, context.deadline()));
  if (entry.value == nullptr) return rpc::NotFound(request.name(), "asset");
  v1::Asset asset;
  if (!asset.ParseFromString(*entry.value)) return absl::DataLossError("a cached asset is damaged");
  const absl::Time now = d_.clock.Now();
  if (request.version() == 0 && !assets::IsLive(asset, now)) {
    return rpc::Error(absl::StatusCode::kFailedPrecondition, "ASSET_NOT_PUBLISHED",
                      fmt::format("{} is not given to reps now; name a version to preview it", asset.name()));
  }

  RETURN_IF_ERROR(CheckMayRead(context, asset, now));
  RETURN_IF_ERROR(CheckMayContact(d_.database, context, request, now));
  const size_t most = context.answers().most;
  domain::Rendered rendered = domain::Render(assets::FromProto(asset), values, most);
  if (!rendered.unfilled.empty()) {
    const std::string fields = absl::StrJoin(rendered.unfilled, ", ");
    std::string message = fmt::format("give values for these merge fields: {}", fields);
    if (!rendered.unknown.empty()) {
      message += fmt::format(" (no fields of it: {})", absl::StrJoin(rendered.unknown, ", "));
    }
    return rpc::Error(absl::StatusCode::kInvalidArgument, "MERGE_FIELDS_MISSING", message,
                      {{"fields", fields}});
  }
  if (rendered.too_large) return rpc::AnswerTooLarge(asset.name(), most, most);
  v1::RenderAssetResponse response;
  response.set_title(std::move(rendered.title));
  response.set_body(std::move(rendered.body));
  response.set_subject(std::move(rendered.subject));
  for (domain::Rendered::Part& part : rendered.parts) {
    v1::RenderAssetResponse::Part& to = *response.add_parts();
    to.set_path(std::move(part.path));
    to.set_text(std::move(part.text));
  }
  response.set_version(asset.version());
  if (request.version() == 0) {
    response.set_use_token(
        usage::EncodeUseToken({asset.name(), asset.version(), request.lead(), now}, d_.signing_key));
  }
  return response;
}

}  // namespace finalmile::catalog::handlers
