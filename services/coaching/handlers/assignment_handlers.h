#pragma once

#include "absl/status/statusor.h"
#include "finalmile/coaching/v1/practice_service.pb.h"
#include "libs/rpc/context.h"
#include "services/coaching/handlers/dependencies.h"

namespace finalmile::coaching::handlers {

// Reps of one request.
inline constexpr int kMostAssigned = 200;

// The methods of PracticeService that say what is to be practised. Thread-safe.
class AssignmentHandlers {
 public:
  explicit AssignmentHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::AssignPracticeResponse> AssignPractice(rpc::CallContext& context,
                                                            const v1::AssignPracticeRequest& request);
  absl::StatusOr<v1::ListDuePracticeResponse> ListDuePractice(rpc::CallContext& context,
                                                              const v1::ListDuePracticeRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::coaching::handlers
