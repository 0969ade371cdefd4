#pragma once

#include <string>

#include "absl/status/status.h"
#include "finalmile/appointments/v1/host.pb.h"
#include "services/finalmile/output/output.h"

namespace finalmile::cli {

using WeeklyHours = google::protobuf::RepeatedPtrField<appointments::v1::WeeklyInterval>;

// Adds "Mon-Fri 09:00-12:00" as one interval for each day. INVALID_ARGUMENT names --hours.
absl::Status ParseHours(const std::string& text, WeeklyHours& weekly);

// A line for each interval.
void ShowHours(const WeeklyHours& weekly, Output& output);

}  // namespace finalmile::cli
