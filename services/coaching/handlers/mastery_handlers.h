#pragma once

#include "absl/status/statusor.h"
#include "finalmile/coaching/v1/practice_service.pb.h"
#include "libs/rpc/context.h"
#include "services/coaching/handlers/dependencies.h"

namespace finalmile::coaching::handlers {

// The methods of PracticeService of mastery and certificates. Thread-safe.
class MasteryHandlers {
 public:
  explicit MasteryHandlers(Dependencies dependencies) : d_(dependencies) {}

  absl::StatusOr<v1::GetMasteryResponse> GetMastery(rpc::CallContext& context,
                                                    const v1::GetMasteryRequest& request);
  absl::StatusOr<v1::ListCertificatesResponse> ListCertificates(rpc::CallContext& context,
                                                                const v1::ListCertificatesRequest& request);
  absl::StatusOr<v1::GetTeamCoachingResponse> GetTeamCoaching(rpc::CallContext& context,
                                                              const v1::GetTeamCoachingRequest& request);

 private:
  const Dependencies d_;
};

}  // namespace finalmile::coaching::handlers
