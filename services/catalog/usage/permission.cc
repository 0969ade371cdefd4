#include "services/catalog/usage/permission.h"

#include <fmt/format.h>

#include "finalmile/leads/v1/lead.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/errors.h"
#include "libs/storage/transact.h"
#include "services/catalog/usage/store/lead_store.h"

namespace finalmile::catalog::usage {

int64_t PermissionChannel(std::string_view channel) {
  if (channel == "email") return leads::v1::CHANNEL_EMAIL;
  if (channel == "phone" || channel == "voicemail") return leads::v1::CHANNEL_PHONE;
  if (channel == "letter") return leads::v1::CHANNEL_POST;
  return leads::v1::CHANNEL_UNSPECIFIED;
}

absl::Status CheckPermission(storage::Database& database, const domain::LeadName& lead,
                             std::string_view channel, absl::Time now, absl::Duration deadline) {
  const int64_t by = PermissionChannel(channel);
  if (lead.empty() || by == leads::v1::CHANNEL_UNSPECIFIED) return absl::OkStatus();
  const auto read = [&](storage::Transaction& transaction) -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(const domain::LeadName current, store::CurrentName(transaction, lead));
    return store::Denied(transaction, current, by, now);
  };
  ASSIGN_OR_RETURN(const bool denied, storage::Read(database, deadline, read));
  if (!denied) return absl::OkStatus();
  return rpc::Error(absl::StatusCode::kFailedPrecondition, "CONTACT_NOT_PERMITTED",
                    fmt::format("{} does not permit sales to contact it by {}", lead, channel));
}

}  // namespace finalmile::catalog::usage
