#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/storage/database.h"
#include "services/catalog/usage/domain/lead.h"

// Whether leads permit sales to reach them.
namespace finalmile::catalog::usage {

// The finalmile.leads.v1.Channel by which leads permit a use by `channel`; 0: they are not asked.
int64_t PermissionChannel(std::string_view channel);

// Reads in a transaction of its own, until `deadline`, a steady time. FAILED_PRECONDITION /
// CONTACT_NOT_PERMITTED where `lead` denies `channel` at `now`. What it has not said is no refusal; without a
// lead or a channel nothing is read.
absl::Status CheckPermission(storage::Database& database, const domain::LeadName& lead,
                             std::string_view channel, absl::Time now, absl::Duration deadline);

}  // namespace finalmile::catalog::usage
