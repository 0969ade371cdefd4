#pragma once

#include "absl/status/statusor.h"
#include "finalmile/appointments/v1/meeting_request.pb.h"
#include "services/appointments/domain/working_hours.h"
#include "services/appointments/store/attempt_store.h"
#include "services/appointments/store/lead_store.h"
#include "services/appointments/store/request_store.h"

namespace finalmile::appointments::handlers {

// A request as callers see it. `lead`: what is kept of its lead; null: nothing.
v1::MeetingRequest ToProto(const store::RequestRow& row, const store::LeadRow* lead,
                           const domain::WorkingHours& hours);
v1::Attempt ToProto(const store::AttemptRow& row);

// The requests of these rows, in their order. Reads their leads and the team's hours.
absl::StatusOr<std::vector<v1::MeetingRequest>> ToProtos(storage::Transaction& transaction,
                                                         const std::vector<store::RequestRow>& rows);

}  // namespace finalmile::appointments::handlers
