#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "finalmile/leads/v1/activity.pb.h"

namespace finalmile::cli {

// A line of a file of activities.
struct ActivityLine {
  // Without `lead`, where one of the others says it; an external id is in it.
  leads::v1::Activity activity;
  // The e-mail of its lead.
  std::string email;
  // What the line gives as its lead: a name, or what ResolveLead takes.
  std::string lead;
};

// Reads one JSON object. INVALID_ARGUMENT says in the words of the file what is wrong, and for shapes of
// other tools what is meant.
absl::StatusOr<ActivityLine> ReadActivityLine(std::string_view text);

}  // namespace finalmile::cli
