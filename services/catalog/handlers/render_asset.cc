#include <fmt/format.h>

#include "absl/strings/str_join.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/rpc/resource_name.h"
#include "libs/rpc/violations.h"
#include "services/catalog/assets/asset_proto.h"
#include "services/catalog/domain/merge.h"
#include "services/catalog/handlers/catalog_handlers.h"
#include "services/catalog/handlers/read_access.h"
#include "services/catalog/usage/permission.h"
#include "services/catalog/usage/use_fields.h"
#include "services/catalog/usage/use_token.h"

namespace finalmile::catalog::handlers {
absl::StatusOr<v1::RenderAssetResponse> CatalogHandlers::RenderAsset(rpc::CallContext& context,
                                                                     const v1::RenderAssetRequest& request) {
  const domain::AssetId id(rpc::IdIn(request.name()));
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
  const usage::domain::LeadName lead(request.lead());
  rpc::FieldViolations violations;
  if (!request.channel().empty()) usage::CheckChannel(request.channel(), "channel", violations);
  RETURN_IF_ERROR(violations.ToStatus());
  RETURN_IF_ERROR(usage::CheckPermission(d_.database, lead, request.channel(), now, context.deadline()));
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
    response.set_use_token(usage::EncodeUseToken({id, asset.version(), lead, now}, d_.signing_key));
  }
  return response;
}

}  // namespace finalmile::catalog::handlers
